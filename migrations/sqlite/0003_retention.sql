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

-- One more kind of work. SQLite changes a CHECK only with the table.
ALTER TABLE jobs RENAME TO jobs_before_0003;
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('crawl', 'screen', 'deliver', 'follow_up', 'purge')),
    dedupe_key  TEXT    NOT NULL UNIQUE,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
    run_at      BIGINT  NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    lease_until BIGINT,
    worker      TEXT,
    last_error  TEXT
);
INSERT INTO jobs (id, kind, dedupe_key, state, run_at, attempt, lease_until, worker, last_error)
    SELECT id, kind, dedupe_key, state, run_at, attempt, lease_until, worker, last_error FROM jobs_before_0003;
DROP TABLE jobs_before_0003;
CREATE INDEX jobs_due ON jobs (state, run_at);
