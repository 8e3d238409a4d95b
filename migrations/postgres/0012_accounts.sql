-- Accounts: switched off, a second factor, sessions that people see and end, the time zone of their pages; who read personal data.

ALTER TABLE users ADD COLUMN disabled_at BIGINT;
ALTER TABLE users ADD COLUMN zone TEXT NOT NULL DEFAULT 'WIB' CHECK (zone IN ('WIB', 'WITA', 'WIT'));

-- `pending`: the password was right, the second factor is still to come.
ALTER TABLE sessions ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_user ON sessions (user_id);

-- Time-based one-time codes (RFC 6238). A code is taken once: `last_step` is the newest 30 seconds that were used.
CREATE TABLE second_factors (
    user_id      BIGINT PRIMARY KEY REFERENCES users (id),
    secret       TEXT   NOT NULL,
    confirmed_at BIGINT,
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- Who looked at which post on which day (Asia/Jakarta), and how often.
CREATE TABLE post_reads (
    user_id  BIGINT NOT NULL REFERENCES users (id),
    flag_id  BIGINT NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    day      TEXT   NOT NULL,
    times    BIGINT NOT NULL,
    read_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, flag_id, day)
);
CREATE INDEX post_reads_flag ON post_reads (flag_id, read_at);
CREATE INDEX post_reads_when ON post_reads (read_at);
-- Accounts are asked for by handle alone, too.
CREATE INDEX posts_handle ON posts (author);
CREATE INDEX audit_events_actor ON audit_events (actor, seq);
CREATE INDEX audit_events_action ON audit_events (action, seq);
