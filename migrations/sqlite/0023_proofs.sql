-- Proof that a package was entered into a platform's own form, and screenshots that reviewers take.

CREATE TABLE proofs (
    id          INTEGER PRIMARY KEY,
    delivery_id BIGINT NOT NULL UNIQUE REFERENCES deliveries (id),
    -- The number that the form gave.
    reference   TEXT   NOT NULL CHECK (reference <> ''),
    media_type  TEXT   NOT NULL,
    sha256      TEXT   NOT NULL,
    bytes       BLOB   NOT NULL,
    entered_by  BIGINT NOT NULL REFERENCES users (id),
    entered_at  BIGINT NOT NULL
);
CREATE TRIGGER proofs_no_update BEFORE UPDATE ON proofs
BEGIN SELECT RAISE(ABORT, 'proofs are never changed'); END;
CREATE TRIGGER proofs_no_delete BEFORE DELETE ON proofs
BEGIN SELECT RAISE(ABORT, 'proofs are never deleted'); END;

-- The bytes as they were uploaded: what is shown and handed on is a copy without what a camera writes into it.
CREATE TABLE screenshots (
    id         INTEGER PRIMARY KEY,
    flag_id    BIGINT NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    media_type TEXT   NOT NULL,
    sha256     TEXT   NOT NULL,
    bytes      BLOB   NOT NULL,
    added_by   BIGINT NOT NULL REFERENCES users (id),
    added_at   BIGINT NOT NULL,
    UNIQUE (flag_id, sha256)
);
CREATE TRIGGER screenshots_no_update BEFORE UPDATE ON screenshots
BEGIN SELECT RAISE(ABORT, 'screenshots are never changed'); END;
