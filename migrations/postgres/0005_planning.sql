-- What each query brings, so that calls go where they pay; and which queries saw which post, so that coverage can be estimated.

-- Until when a window was read to its end; NULL before the first time.
ALTER TABLE source_cursors ADD COLUMN read_until BIGINT;
UPDATE source_cursors SET read_until = updated_at WHERE done;

-- By UTC day. `covered_ms` is the span of posting time that these calls read for the first time.
CREATE TABLE query_days (
    source     TEXT   NOT NULL,
    query      TEXT   NOT NULL,
    day        BIGINT NOT NULL,
    calls      BIGINT NOT NULL DEFAULT 0,
    posts      BIGINT NOT NULL DEFAULT 0,
    new_posts  BIGINT NOT NULL DEFAULT 0,
    covered_ms BIGINT NOT NULL DEFAULT 0,
    asked_at   BIGINT NOT NULL,
    -- When its last call failed; NULL after one that did not.
    failed_at  BIGINT,
    PRIMARY KEY (source, query, day)
);

-- A post was seen by a query of a source. `brought`: it was the first.
CREATE TABLE sightings (
    post_id BIGINT  NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    source  TEXT    NOT NULL,
    query   TEXT    NOT NULL,
    brought BOOLEAN NOT NULL,
    seen_at BIGINT  NOT NULL,
    PRIMARY KEY (post_id, source, query)
);
CREATE INDEX sightings_query ON sightings (source, query, seen_at);
