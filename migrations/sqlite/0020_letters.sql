-- Numbers of outgoing letters, what platforms answered, recipients to whom nothing is sent for now.

-- The register of outgoing letters. A number is reserved when a package is rendered for signing, once; it is never given
-- again, and a package that was given up explains its gap.
CREATE TABLE letter_numbers (
    id          INTEGER PRIMARY KEY,
    year        BIGINT NOT NULL,
    seq         BIGINT NOT NULL CHECK (seq >= 1),
    number      TEXT   NOT NULL UNIQUE,
    batch_id    BIGINT NOT NULL UNIQUE REFERENCES batches (id),
    reserved_at BIGINT NOT NULL,
    UNIQUE (year, seq)
);
CREATE TRIGGER letter_numbers_no_update BEFORE UPDATE ON letter_numbers
BEGIN SELECT RAISE(ABORT, 'numbers of letters are never changed'); END;
CREATE TRIGGER letter_numbers_no_delete BEFORE DELETE ON letter_numbers
BEGIN SELECT RAISE(ABORT, 'numbers of letters are never given again'); END;
CREATE TRIGGER letter_numbers_no_replace BEFORE INSERT ON letter_numbers
WHEN EXISTS (SELECT 1 FROM letter_numbers o WHERE o.id = NEW.id OR o.number = NEW.number OR o.batch_id = NEW.batch_id OR (o.year = NEW.year AND o.seq = NEW.seq))
BEGIN SELECT RAISE(ABORT, 'numbers of letters are never changed'); END;

-- Rows of answer sheets (Annex V). The newest answer about a row counts; none is changed. The same sheet counts once.
CREATE TABLE answers (
    id           INTEGER PRIMARY KEY,
    request_id   BIGINT NOT NULL REFERENCES requests (id),
    outcome      TEXT   NOT NULL CHECK (outcome IN ('removed', 'restricted', 'already_gone', 'restored', 'refused', 'needs_information')),
    answered_on  TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    reference    TEXT   NOT NULL,
    sheet_sha256 TEXT   NOT NULL,
    recorded_by  BIGINT NOT NULL REFERENCES users (id),
    recorded_at  BIGINT NOT NULL,
    UNIQUE (request_id, sheet_sha256)
);
CREATE TRIGGER answers_sent BEFORE INSERT ON answers
WHEN (SELECT b.state FROM requests r JOIN batches b ON b.id = r.batch_id WHERE r.id = NEW.request_id) <> 'sent'
BEGIN SELECT RAISE(ABORT, 'only what was sent is answered'); END;
CREATE TRIGGER answers_no_update BEFORE UPDATE ON answers
BEGIN SELECT RAISE(ABORT, 'answers are never changed; enter the next one'); END;
CREATE TRIGGER answers_no_delete BEFORE DELETE ON answers
BEGIN SELECT RAISE(ABORT, 'answers are never deleted'); END;
CREATE TRIGGER answers_no_replace BEFORE INSERT ON answers
WHEN EXISTS (SELECT 1 FROM answers o WHERE o.id = NEW.id OR (o.request_id = NEW.request_id AND o.sheet_sha256 = NEW.sheet_sha256))
BEGIN SELECT RAISE(ABORT, 'answers are never changed; enter the next one'); END;

-- Nothing leaves for a platform while a row of it has no end.
CREATE TABLE pauses (
    id        INTEGER PRIMARY KEY,
    platform  TEXT    NOT NULL CHECK (platform IN ('tiktok', 'instagram', 'facebook', 'threads', 'youtube', 'x', 'bluesky', 'mastodon', 'other')),
    reason    TEXT    NOT NULL CHECK (reason <> ''),
    paused_by BIGINT  NOT NULL REFERENCES users (id),
    paused_at BIGINT  NOT NULL,
    ended_by  BIGINT  REFERENCES users (id),
    ended_at  BIGINT,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX pauses_one ON pauses (platform) WHERE ended_at IS NULL;
