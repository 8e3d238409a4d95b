-- The JSON API: tokens, requests that are answered once, what changed since when; and webhooks.

CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY,
    user_id      BIGINT  NOT NULL REFERENCES users (id),
    name         TEXT    NOT NULL CHECK (name <> ''),
    token_sha256 TEXT    NOT NULL UNIQUE,
    -- Reading only, or also deciding. No token signs: that takes a person at a page.
    writes       BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    -- The last day of use (UTC days), not the moment: nobody's working hours are kept.
    used_day     BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);

-- A request that came with an Idempotency-Key: what was asked, and what was answered.
CREATE TABLE api_requests (
    user_id        BIGINT NOT NULL REFERENCES users (id),
    key            TEXT   NOT NULL,
    request_sha256 TEXT   NOT NULL,
    began_at       BIGINT NOT NULL,
    status         INTEGER,
    body           TEXT,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX api_requests_when ON api_requests (began_at);

-- The newest event of the log with which a flag changed; 0 until its transaction ends. Events are numbered in the order of
-- commits, so whoever has read up to a number has missed nothing before it.
CREATE TABLE flag_changes (
    flag_id BIGINT PRIMARY KEY REFERENCES flags (id) ON DELETE CASCADE,
    seq     BIGINT NOT NULL
);
CREATE INDEX flag_changes_seq ON flag_changes (seq, flag_id);
INSERT INTO flag_changes (flag_id, seq) SELECT id, COALESCE((SELECT MAX(seq) FROM audit_events), 1) FROM flags;

CREATE TRIGGER flag_changes_new AFTER INSERT ON flags
BEGIN INSERT INTO flag_changes (flag_id, seq) VALUES (NEW.id, 0) ON CONFLICT (flag_id) DO UPDATE SET seq = 0; END;
CREATE TRIGGER flag_changes_changed AFTER UPDATE OF state, priority, score, lane, decision_id, findings, actor, regions, queue_id ON flags
WHEN NEW.state IS NOT OLD.state OR NEW.priority IS NOT OLD.priority OR NEW.score IS NOT OLD.score OR NEW.lane IS NOT OLD.lane OR NEW.decision_id IS NOT OLD.decision_id
    OR NEW.findings IS NOT OLD.findings OR NEW.actor IS NOT OLD.actor OR NEW.regions IS NOT OLD.regions OR NEW.queue_id <> OLD.queue_id
BEGIN INSERT INTO flag_changes (flag_id, seq) VALUES (NEW.id, 0) ON CONFLICT (flag_id) DO UPDATE SET seq = 0; END;

CREATE TRIGGER flag_changes_post AFTER UPDATE OF text, author, url ON posts
WHEN NEW.text <> OLD.text OR NEW.author <> OLD.author OR NEW.url <> OLD.url
BEGIN UPDATE flag_changes SET seq = 0 WHERE flag_id IN (SELECT id FROM flags WHERE post_id = NEW.id); END;

-- Where events of the log are sent to, signed. `last_seq`: up to which they were taken.
CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY,
    url         TEXT    NOT NULL,
    secret      TEXT    NOT NULL,
    -- Kinds of events, with spaces between; empty for all that webhooks send.
    kinds       TEXT    NOT NULL,
    created_by  BIGINT  NOT NULL REFERENCES users (id),
    created_at  BIGINT  NOT NULL,
    last_seq    BIGINT  NOT NULL,
    next_at     BIGINT  NOT NULL,
    failures    INTEGER NOT NULL DEFAULT 0,
    failing_since BIGINT,
    last_error  TEXT    NOT NULL DEFAULT '',
    off_at      BIGINT
);
