-- What is kept, and for how long.

-- Posts that were deleted when their time had come: only the SHA-256 of platform and id, so that a crawl does not bring
-- them back.
CREATE TABLE forgotten (
    id_sha256    TEXT   PRIMARY KEY,
    forgotten_at BIGINT NOT NULL
);
CREATE INDEX forgotten_since ON forgotten (forgotten_at);
CREATE INDEX posts_first_seen ON posts (first_seen_at);
CREATE INDEX flags_post ON flags (post_id);

-- One more kind of work.
ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check CHECK (kind IN ('crawl', 'screen', 'deliver', 'follow_up', 'purge'));
