-- Times are UTC milliseconds since 1970. The same tables stand in ../postgres; a test compares them.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    role          TEXT    NOT NULL CHECK (role IN ('analyst', 'signer', 'admin')),
    scripted      BOOLEAN NOT NULL DEFAULT FALSE,
    language      TEXT    NOT NULL DEFAULT 'id' CHECK (language IN ('id', 'en')),
    password_hash TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL
);

-- Only the SHA-256 of a session token is kept.
CREATE TABLE sessions (
    token_sha256 TEXT   PRIMARY KEY,
    user_id      BIGINT NOT NULL REFERENCES users (id),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE TABLE posts (
    id            INTEGER PRIMARY KEY,
    platform      TEXT    NOT NULL CHECK (platform IN ('tiktok', 'instagram', 'facebook', 'threads', 'youtube', 'x', 'bluesky', 'mastodon', 'other')),
    native_id     TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    author        TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    -- A decision is about this text and no other.
    text_sha256   TEXT    NOT NULL,
    posted_at     BIGINT,
    first_seen_at BIGINT  NOT NULL,
    views         BIGINT,
    source        TEXT    NOT NULL,
    -- Hash of the rule set that last read this text; NULL when it was never read or the text changed.
    screened_by   TEXT,
    -- Tries to fill in the text of an imported address.
    lookups       INTEGER NOT NULL DEFAULT 0,
    looked_up_at  BIGINT,
    UNIQUE (platform, native_id)
);
CREATE INDEX posts_screened_by ON posts (screened_by);

CREATE TABLE rule_sets (
    hash          TEXT   PRIMARY KEY,
    pack          TEXT   NOT NULL,
    first_used_at BIGINT NOT NULL
);

CREATE TABLE flags (
    id            INTEGER PRIMARY KEY,
    post_id       BIGINT  NOT NULL REFERENCES posts (id),
    pack          TEXT    NOT NULL,
    rule_set      TEXT    NOT NULL REFERENCES rule_sets (hash),
    priority      TEXT    NOT NULL CHECK (priority IN ('P1', 'P2', 'P3')),
    score         INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
    state         TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'dismissed')),
    findings      TEXT    NOT NULL,
    opened_at     BIGINT  NOT NULL,
    decision_id   BIGINT,
    claimed_by    BIGINT  REFERENCES users (id),
    claimed_until BIGINT,
    UNIQUE (post_id, pack),
    -- The decision in force must be one about this flag, and must say what the state says.
    CHECK ((state = 'open') = (decision_id IS NULL)),
    FOREIGN KEY (decision_id, id, state) REFERENCES decisions (id, flag_id, flag_state) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX flags_queue ON flags (state, priority, score);

CREATE TABLE decisions (
    id         INTEGER PRIMARY KEY,
    flag_id    BIGINT  NOT NULL REFERENCES flags (id),
    verdict    TEXT    NOT NULL CHECK (verdict IN ('uphold', 'dismiss')),
    flag_state TEXT    NOT NULL CHECK (flag_state IN ('upheld', 'dismissed')),
    reason     TEXT    NOT NULL CHECK (reason IN ('bale_offer', 'retail_offer', 'local_preloved', 'news_opinion', 'charity', 'unrelated', 'element_missing', 'mistake')),
    note       TEXT    NOT NULL,
    -- SHA-256 of the text that was read.
    text_sha256 TEXT   NOT NULL,
    decided_by BIGINT  NOT NULL REFERENCES users (id),
    decided_at BIGINT  NOT NULL,
    CHECK ((verdict = 'uphold') = (reason IN ('bale_offer', 'retail_offer'))),
    CHECK ((verdict = 'uphold') = (flag_state = 'upheld')),
    -- For the foreign keys that carry facts about a decision along.
    UNIQUE (id, flag_id, flag_state),
    UNIQUE (id, flag_id, verdict, decided_by)
);

CREATE TABLE batches (
    id             INTEGER PRIMARY KEY,
    code           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL CHECK (kind IN ('request', 'withdrawal')),
    platform       TEXT    NOT NULL CHECK (platform IN ('tiktok', 'instagram', 'facebook', 'threads', 'youtube', 'x', 'bluesky', 'mastodon', 'other')),
    state          TEXT    NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'rendered', 'signed', 'sent', 'cancelled')),
    package_sha256 TEXT,
    recipient      TEXT,
    message_id     TEXT    UNIQUE,
    created_by     BIGINT  NOT NULL REFERENCES users (id),
    created_at     BIGINT  NOT NULL,
    rendered_at    BIGINT,
    CHECK (state IN ('draft', 'cancelled') OR (package_sha256 IS NOT NULL AND recipient IS NOT NULL AND message_id IS NOT NULL)),
    UNIQUE (id, kind),
    UNIQUE (id, package_sha256, recipient, message_id)
);

CREATE TABLE requests (
    id          INTEGER PRIMARY KEY,
    batch_id    BIGINT  NOT NULL,
    kind        TEXT    NOT NULL,
    item_no     INTEGER NOT NULL CHECK (item_no >= 1),
    flag_id     BIGINT  NOT NULL REFERENCES flags (id),
    decision_id BIGINT  NOT NULL,
    verdict     TEXT    NOT NULL,
    reviewer_id BIGINT  NOT NULL,
    signer_id   BIGINT  REFERENCES users (id),
    -- Set when the package was cancelled; the decision may then be used again.
    released    BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (batch_id, item_no),
    UNIQUE (batch_id, flag_id),
    FOREIGN KEY (batch_id, kind) REFERENCES batches (id, kind),
    -- The row rests on a real decision about this flag, by this person.
    FOREIGN KEY (decision_id, flag_id, verdict, reviewer_id) REFERENCES decisions (id, flag_id, verdict, decided_by),
    CHECK ((kind = 'request' AND verdict = 'uphold') OR (kind = 'withdrawal' AND verdict = 'dismiss')),
    -- Two persons: whoever reviewed a row cannot sign it.
    CHECK (signer_id IS NULL OR signer_id <> reviewer_id)
);
-- A decision is used in one live package only.
CREATE UNIQUE INDEX requests_one_live ON requests (decision_id) WHERE released = FALSE;

CREATE TABLE package_files (
    batch_id   BIGINT NOT NULL REFERENCES batches (id),
    name       TEXT   NOT NULL,
    media_type TEXT   NOT NULL,
    sha256     TEXT   NOT NULL,
    bytes      BLOB   NOT NULL,
    PRIMARY KEY (batch_id, name)
);

CREATE TABLE signatures (
    batch_id       BIGINT PRIMARY KEY,
    signer_id      BIGINT NOT NULL REFERENCES users (id),
    package_sha256 TEXT   NOT NULL,
    recipient      TEXT   NOT NULL,
    message_id     TEXT   NOT NULL,
    signed_at      BIGINT NOT NULL,
    -- These very bytes to this very address.
    FOREIGN KEY (batch_id, package_sha256, recipient, message_id) REFERENCES batches (id, package_sha256, recipient, message_id),
    UNIQUE (batch_id, package_sha256, recipient, message_id)
);

CREATE TABLE deliveries (
    id             INTEGER PRIMARY KEY,
    batch_id       BIGINT  NOT NULL UNIQUE,
    package_sha256 TEXT    NOT NULL,
    recipient      TEXT    NOT NULL,
    message_id     TEXT    NOT NULL UNIQUE,
    state          TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'failed', 'cancelled')),
    due_at         BIGINT  NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    sent_at        BIGINT,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    -- Nothing is in the outbox without a signature on it.
    FOREIGN KEY (batch_id, package_sha256, recipient, message_id) REFERENCES signatures (batch_id, package_sha256, recipient, message_id)
);

CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    delivery_id BIGINT  NOT NULL REFERENCES deliveries (id),
    attempt_no  INTEGER NOT NULL,
    started_at  BIGINT  NOT NULL,
    finished_at BIGINT,
    lease_until BIGINT  NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('started', 'accepted', 'deferred', 'rejected', 'unknown')),
    detail      TEXT    NOT NULL,
    UNIQUE (delivery_id, attempt_no)
);

CREATE TABLE checks (
    id         INTEGER PRIMARY KEY,
    post_id    BIGINT  NOT NULL REFERENCES posts (id),
    checked_at BIGINT  NOT NULL,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('up', 'gone', 'unknown'))
);
CREATE INDEX checks_post ON checks (post_id, checked_at);

-- How far a crawl window has been read. A window is the durable unit; cursors die, windows are read again.
CREATE TABLE source_cursors (
    source     TEXT   NOT NULL,
    window_key TEXT   NOT NULL,
    cursor     TEXT,
    done       BOOLEAN NOT NULL DEFAULT FALSE,
    pages      INTEGER NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (source, window_key)
);

-- Requests used, by UTC day. Attempts count, not successes.
CREATE TABLE quota_used (
    source TEXT    NOT NULL,
    day    TEXT    NOT NULL,
    used   BIGINT  NOT NULL,
    PRIMARY KEY (source, day)
);

-- Why a source rests, and until when.
CREATE TABLE source_states (
    source       TEXT   PRIMARY KEY,
    state        TEXT   NOT NULL CHECK (state IN ('ok', 'parked', 'stopped')),
    reason       TEXT   NOT NULL,
    parked_until BIGINT,
    last_ok_at   BIGINT,
    updated_at   BIGINT NOT NULL
);

-- Items of an API answer that could not be read. Only the reason and the id are kept.
CREATE TABLE rejects (
    id        INTEGER PRIMARY KEY,
    source    TEXT    NOT NULL,
    native_id TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    seen_at   BIGINT  NOT NULL
);

CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('crawl', 'screen', 'deliver', 'follow_up')),
    dedupe_key  TEXT    NOT NULL UNIQUE,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
    run_at      BIGINT  NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    lease_until BIGINT,
    worker      TEXT,
    last_error  TEXT
);
CREATE INDEX jobs_due ON jobs (state, run_at);

CREATE TABLE workers (
    name    TEXT   PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE audit_events (
    seq       BIGINT PRIMARY KEY,
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    action    TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    detail    TEXT   NOT NULL,
    prev_hash TEXT   NOT NULL UNIQUE,
    hash      TEXT   NOT NULL UNIQUE
);
CREATE INDEX audit_events_subject ON audit_events (subject);

-- Triggers: what keys and checks cannot say. ------------------------------------------------------------------

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END;

CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never changed; decide again'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;

CREATE TRIGGER flags_not_while_in_batch BEFORE UPDATE OF decision_id ON flags
WHEN EXISTS (SELECT 1 FROM requests r JOIN batches b ON b.id = r.batch_id
    WHERE r.flag_id = NEW.id AND b.state IN ('draft', 'rendered', 'signed'))
BEGIN SELECT RAISE(ABORT, 'the post stands in a batch that was not sent; cancel that batch first'); END;

CREATE TRIGGER batches_forward_only BEFORE UPDATE OF state ON batches
WHEN NOT (OLD.state = NEW.state
    OR (OLD.state = 'draft' AND NEW.state IN ('rendered', 'cancelled'))
    OR (OLD.state = 'rendered' AND NEW.state IN ('signed', 'cancelled'))
    OR (OLD.state = 'signed' AND NEW.state IN ('sent', 'cancelled')))
BEGIN SELECT RAISE(ABORT, 'a batch cannot take this step'); END;
CREATE TRIGGER batches_signed_needs_signature BEFORE UPDATE OF state ON batches
WHEN NEW.state IN ('signed', 'sent') AND NOT EXISTS (SELECT 1 FROM signatures s WHERE s.batch_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a batch is signed by its signature only'); END;
CREATE TRIGGER batches_cancelled_before_sending BEFORE UPDATE OF state ON batches
WHEN OLD.state = 'signed' AND NEW.state = 'cancelled'
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = NEW.id AND d.state <> 'cancelled')
BEGIN SELECT RAISE(ABORT, 'the message may have left already'); END;
CREATE TRIGGER batches_sent_by_delivery BEFORE UPDATE OF state ON batches
WHEN NEW.state = 'sent' AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = NEW.id AND d.state = 'sent')
BEGIN SELECT RAISE(ABORT, 'a batch is sent by its delivery only'); END;
CREATE TRIGGER batches_bytes_fixed BEFORE UPDATE OF package_sha256, recipient, message_id, kind, platform, code ON batches
WHEN OLD.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a rendered batch is fixed'); END;
CREATE TRIGGER batches_start_as_draft BEFORE INSERT ON batches
WHEN NEW.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a batch starts as a draft'); END;
CREATE TRIGGER batches_no_delete BEFORE DELETE ON batches
BEGIN SELECT RAISE(ABORT, 'batches are never deleted'); END;

CREATE TRIGGER requests_only_into_drafts BEFORE INSERT ON requests
WHEN (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'rows are added to drafts only'); END;
CREATE TRIGGER requests_start_unsigned BEFORE INSERT ON requests
WHEN NEW.signer_id IS NOT NULL OR NEW.released
BEGIN SELECT RAISE(ABORT, 'a row starts unsigned'); END;
CREATE TRIGGER requests_in_force BEFORE INSERT ON requests
WHEN NEW.decision_id IS NOT (SELECT f.decision_id FROM flags f WHERE f.id = NEW.flag_id)
BEGIN SELECT RAISE(ABORT, 'the decision is not in force'); END;
CREATE TRIGGER requests_alternate BEFORE INSERT ON requests
WHEN NEW.kind = COALESCE((SELECT r.kind FROM requests r WHERE r.flag_id = NEW.flag_id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1), 'withdrawal')
BEGIN SELECT RAISE(ABORT, 'this was asked already, or there is nothing to withdraw'); END;
CREATE TRIGGER requests_signer_signed BEFORE UPDATE OF signer_id ON requests
WHEN NEW.signer_id IS NOT (SELECT s.signer_id FROM signatures s WHERE s.batch_id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the signer of a row is who signed its package'); END;
CREATE TRIGGER requests_platform BEFORE INSERT ON requests
WHEN (SELECT p.platform FROM posts p JOIN flags f ON f.post_id = p.id WHERE f.id = NEW.flag_id)
    <> (SELECT b.platform FROM batches b WHERE b.id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the post is on another platform'); END;
CREATE TRIGGER requests_fixed BEFORE UPDATE OF batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id ON requests
BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;
CREATE TRIGGER requests_released_when_cancelled BEFORE UPDATE OF released ON requests
WHEN NEW.released AND (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'cancelled'
BEGIN SELECT RAISE(ABORT, 'only a cancelled batch releases its rows'); END;
CREATE TRIGGER requests_no_delete BEFORE DELETE ON requests
BEGIN SELECT RAISE(ABORT, 'rows are never deleted'); END;

CREATE TRIGGER package_files_only_drafts BEFORE INSERT ON package_files
WHEN (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a rendered package is fixed'); END;
CREATE TRIGGER package_files_no_update BEFORE UPDATE ON package_files
BEGIN SELECT RAISE(ABORT, 'a rendered package is fixed'); END;
CREATE TRIGGER package_files_no_delete BEFORE DELETE ON package_files
BEGIN SELECT RAISE(ABORT, 'a rendered package is fixed'); END;

CREATE TRIGGER signatures_rendered_only BEFORE INSERT ON signatures
WHEN (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'rendered'
BEGIN SELECT RAISE(ABORT, 'only a rendered batch is signed'); END;
CREATE TRIGGER signatures_second_person BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM requests r WHERE r.batch_id = NEW.batch_id AND r.reviewer_id = NEW.signer_id)
BEGIN SELECT RAISE(ABORT, 'the signer reviewed a row'); END;
CREATE TRIGGER signatures_signer_role BEFORE INSERT ON signatures
WHEN (SELECT u.role FROM users u WHERE u.id = NEW.signer_id) <> 'signer'
BEGIN SELECT RAISE(ABORT, 'only a signer signs'); END;
CREATE TRIGGER signatures_need_rows BEFORE INSERT ON signatures
WHEN NOT EXISTS (SELECT 1 FROM requests r WHERE r.batch_id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'an empty batch is not signed'); END;
CREATE TRIGGER signatures_in_force BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM requests r JOIN flags f ON f.id = r.flag_id WHERE r.batch_id = NEW.batch_id AND f.decision_id IS NOT r.decision_id)
BEGIN SELECT RAISE(ABORT, 'a decision in this batch is not in force any more'); END;
CREATE TRIGGER signatures_no_update BEFORE UPDATE ON signatures
BEGIN SELECT RAISE(ABORT, 'signatures are never changed'); END;
CREATE TRIGGER signatures_no_delete BEFORE DELETE ON signatures
BEGIN SELECT RAISE(ABORT, 'signatures are never deleted'); END;

CREATE TRIGGER deliveries_sent_stays BEFORE UPDATE OF state ON deliveries
WHEN OLD.state IN ('sent', 'cancelled') AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'what was sent stays sent'); END;
CREATE TRIGGER deliveries_cancelled_untried BEFORE UPDATE OF state ON deliveries
WHEN NEW.state = 'cancelled' AND (OLD.state NOT IN ('queued', 'failed', 'unknown')
    OR EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = NEW.id AND a.outcome IN ('started', 'accepted')))
BEGIN SELECT RAISE(ABORT, 'the message may have left already'); END;
CREATE TRIGGER deliveries_need_signed_batch BEFORE INSERT ON deliveries
WHEN (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'signed' OR NEW.state <> 'queued'
BEGIN SELECT RAISE(ABORT, 'only a signed batch enters the outbox'); END;
CREATE TRIGGER deliveries_fixed BEFORE UPDATE OF batch_id, package_sha256, recipient, message_id ON deliveries
BEGIN SELECT RAISE(ABORT, 'an outbox entry is fixed'); END;
CREATE TRIGGER deliveries_no_delete BEFORE DELETE ON deliveries
BEGIN SELECT RAISE(ABORT, 'outbox entries are never deleted'); END;

-- REPLACE deletes a row without its delete trigger, so a key that is taken is refused before.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events t WHERE t.seq = NEW.seq OR t.hash = NEW.hash OR t.prev_hash = NEW.prev_hash)
BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END;
CREATE TRIGGER decisions_no_replace BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions t WHERE t.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'decisions are never changed; decide again'); END;
CREATE TRIGGER batches_no_replace BEFORE INSERT ON batches
WHEN EXISTS (SELECT 1 FROM batches t WHERE t.id = NEW.id OR t.code = NEW.code OR t.message_id = NEW.message_id)
BEGIN SELECT RAISE(ABORT, 'a batch is never replaced'); END;
CREATE TRIGGER requests_no_replace BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests t WHERE t.id = NEW.id OR (t.batch_id = NEW.batch_id AND (t.item_no = NEW.item_no OR t.flag_id = NEW.flag_id)))
BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;
CREATE TRIGGER package_files_no_replace BEFORE INSERT ON package_files
WHEN EXISTS (SELECT 1 FROM package_files t WHERE t.batch_id = NEW.batch_id AND t.name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a rendered package is fixed'); END;
CREATE TRIGGER signatures_no_replace BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM signatures t WHERE t.batch_id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'signatures are never changed'); END;
CREATE TRIGGER deliveries_no_replace BEFORE INSERT ON deliveries
WHEN EXISTS (SELECT 1 FROM deliveries t WHERE t.id = NEW.id OR t.batch_id = NEW.batch_id OR t.message_id = NEW.message_id)
BEGIN SELECT RAISE(ABORT, 'an outbox entry is fixed'); END;
CREATE TRIGGER attempts_no_replace BEFORE INSERT ON attempts
WHEN EXISTS (SELECT 1 FROM attempts t WHERE t.id = NEW.id OR (t.delivery_id = NEW.delivery_id AND t.attempt_no = NEW.attempt_no))
BEGIN SELECT RAISE(ABORT, 'tries are never replaced'); END;
