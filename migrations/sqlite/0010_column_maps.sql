-- What the columns of a table hold, as a person corrected it; used again for tables with the same header.
CREATE TABLE column_maps (
    header_sha256 TEXT PRIMARY KEY,
    columns  TEXT   NOT NULL,
    saved_at BIGINT NOT NULL
);
