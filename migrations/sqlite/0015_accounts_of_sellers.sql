-- Accounts of sellers: keyed hashes of the contacts they print, and what people marked.

-- Only of posts that a rule flagged. The key is not in the database: without it a hash says nothing.
CREATE TABLE post_contacts (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    kind    TEXT   NOT NULL CHECK (kind IN ('phone', 'email', 'page')),
    hash    TEXT   NOT NULL,
    PRIMARY KEY (post_id, hash)
);
CREATE INDEX post_contacts_hash ON post_contacts (hash);

CREATE TABLE account_marks (
    id        INTEGER PRIMARY KEY,
    platform  TEXT    NOT NULL,
    handle    TEXT    NOT NULL CHECK (handle <> ''),
    kind      TEXT    NOT NULL CHECK (kind IN ('watch', 'exempt')),
    note      TEXT    NOT NULL,
    -- Number under which the account is registered in the help programme: nothing else of that programme is kept here.
    reference TEXT    NOT NULL DEFAULT '',
    set_by    BIGINT  NOT NULL REFERENCES users (id),
    set_at    BIGINT  NOT NULL,
    -- Ends by itself; none for a mark that stays until a person ends it.
    until     BIGINT,
    ended_by  BIGINT  REFERENCES users (id),
    ended_at  BIGINT,
    CHECK (kind <> 'exempt' OR (reference <> '' AND until IS NOT NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX account_marks_one ON account_marks (platform, LOWER(handle), kind) WHERE ended_at IS NULL;

CREATE TRIGGER account_marks_stay BEFORE UPDATE ON account_marks
WHEN OLD.ended_at IS NOT NULL OR NEW.platform <> OLD.platform OR NEW.handle <> OLD.handle OR NEW.kind <> OLD.kind
    OR NEW.note <> OLD.note OR NEW.reference <> OLD.reference OR NEW.set_by <> OLD.set_by OR NEW.set_at <> OLD.set_at OR NEW.until IS NOT OLD.until
BEGIN SELECT RAISE(ABORT, 'a mark is ended, never changed'); END;
