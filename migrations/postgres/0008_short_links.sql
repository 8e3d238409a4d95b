-- Where short links lead, so that each is asked once. Deleted with the items that could not be read.
CREATE TABLE short_links (
    link     TEXT   PRIMARY KEY,
    outcome  TEXT   NOT NULL CHECK (outcome IN ('post', 'elsewhere', 'gone')),
    target   TEXT   NOT NULL,
    asked_at BIGINT NOT NULL
);
