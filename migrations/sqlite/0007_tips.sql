-- What the public and associations report. Who reported stands apart from what was reported.

-- Associations that report in bulk. Only the SHA-256 of their key is kept.
CREATE TABLE partners (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    key_sha256  TEXT    NOT NULL UNIQUE,
    created_at  BIGINT  NOT NULL,
    disabled_at BIGINT
);

-- Several tips about one post are merged by its row. Only the SHA-256 of a ticket is kept.
CREATE TABLE tips (
    id            INTEGER PRIMARY KEY,
    post_id       BIGINT  NOT NULL REFERENCES posts (id),
    partner_id    BIGINT  REFERENCES partners (id),
    ticket_sha256 TEXT    NOT NULL UNIQUE,
    reason        TEXT    NOT NULL CHECK (reason IN ('bale', 'retail', 'other')),
    note          TEXT    NOT NULL,
    -- What the reporter says stands in the post; never taken for the post itself.
    quoted        TEXT    NOT NULL,
    received_at   BIGINT  NOT NULL
);
CREATE INDEX tips_post ON tips (post_id);
CREATE INDEX tips_partner ON tips (partner_id, received_at);

-- Who reported, for questions back. Read by administrators only.
CREATE TABLE tip_reporters (
    tip_id  BIGINT PRIMARY KEY REFERENCES tips (id),
    name    TEXT   NOT NULL,
    contact TEXT   NOT NULL
);

CREATE TABLE tip_screenshots (
    tip_id     BIGINT PRIMARY KEY REFERENCES tips (id),
    media_type TEXT   NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
    sha256     TEXT   NOT NULL,
    bytes      BLOB   NOT NULL
);
