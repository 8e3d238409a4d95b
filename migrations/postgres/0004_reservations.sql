-- Names that a platform counts over a span of time, such as the hashtags one Instagram account asked about in seven days.
CREATE TABLE reservations (
    source        TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    first_used_at BIGINT NOT NULL,
    PRIMARY KEY (source, name)
);
