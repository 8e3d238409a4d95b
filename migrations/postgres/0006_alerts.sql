-- What goes wrong with sources, and who was told.

-- Failures that waiting did not mend, by UTC day and kind.
CREATE TABLE source_failures (
    source TEXT   NOT NULL,
    day    BIGINT NOT NULL,
    class  TEXT   NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (source, day, class)
);

-- One row for each thing that is wrong, however often it is noticed.
CREATE TABLE alerts (
    kind       TEXT   NOT NULL CHECK (kind IN ('stopped', 'late', 'silent', 'failing', 'unreadable', 'token')),
    source     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    noticed_at BIGINT NOT NULL,
    closed_at  BIGINT,
    PRIMARY KEY (kind, source)
);

-- When the access token of a source ends, as far as its platform says so.
ALTER TABLE source_states ADD COLUMN token_until BIGINT;
-- When that was looked after last.
ALTER TABLE source_states ADD COLUMN token_checked_at BIGINT;
