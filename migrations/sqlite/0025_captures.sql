-- What each flagged post came as, byte for byte: the item of an API's answer, or the row of a file. Kept from the crawl until the
-- rules have read the post; of posts that no rule flags it goes then, of others with the post.
CREATE TABLE captures (
    id          INTEGER PRIMARY KEY,
    post_id     BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    -- The caption in it; a decision names the same hash.
    text_sha256 TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    query       TEXT   NOT NULL,
    tool        TEXT   NOT NULL,
    sha256      TEXT   NOT NULL,
    bytes       BLOB   NOT NULL,
    captured_at BIGINT NOT NULL,
    UNIQUE (post_id, text_sha256)
);
CREATE TRIGGER captures_no_update BEFORE UPDATE ON captures
BEGIN SELECT RAISE(ABORT, 'captures are never changed'); END;
CREATE TRIGGER captures_no_replace BEFORE INSERT ON captures
WHEN EXISTS (SELECT 1 FROM captures o WHERE o.id = NEW.id OR (o.post_id = NEW.post_id AND o.text_sha256 = NEW.text_sha256))
BEGIN SELECT RAISE(ABORT, 'captures are never changed'); END;
