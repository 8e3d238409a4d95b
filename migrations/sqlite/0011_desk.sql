-- The review desk: what a person may do, named queues, what a decision says, corrections within minutes, decisions about many posts, search.

-- Roles by what a person does. `signer` is called `approver`. SQLite changes a CHECK only with the column.
DROP TRIGGER signatures_signer_role;
ALTER TABLE users RENAME COLUMN role TO former_role;
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'viewer' CHECK (role IN ('viewer', 'analyst', 'approver', 'supervisor', 'rule_editor', 'admin', 'auditor'));
UPDATE users SET role = CASE former_role WHEN 'signer' THEN 'approver' ELSE former_role END;
ALTER TABLE users DROP COLUMN former_role;
CREATE TRIGGER signatures_signer_role BEFORE INSERT ON signatures
WHEN (SELECT u.role FROM users u WHERE u.id = NEW.signer_id) <> 'approver'
BEGIN SELECT RAISE(ABORT, 'only an approver signs'); END;

-- Named queues. A flag goes to the first one, by position, whose conditions it meets; empty conditions are met by all.
CREATE TABLE queues (
    id       INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    position INTEGER NOT NULL,
    pack     TEXT    NOT NULL DEFAULT '',
    platform TEXT    NOT NULL DEFAULT '',
    priority TEXT    NOT NULL DEFAULT '',
    actor    TEXT    NOT NULL DEFAULT '',
    region   TEXT    NOT NULL DEFAULT '',
    -- The first one takes what no other takes.
    CHECK (id <> 1 OR (pack = '' AND platform = '' AND priority = '' AND actor = '' AND region = ''))
);
INSERT INTO queues (id, name, position, priority) VALUES (1, 'Umum', 1000, ''), (2, 'Pasokan bal', 10, 'P1');
CREATE TRIGGER queues_first_stays BEFORE DELETE ON queues WHEN OLD.id = 1
BEGIN SELECT RAISE(ABORT, 'the first queue takes what no other takes; it stays'); END;

-- Who may see a queue. A queue without rows is open to everyone who reviews.
CREATE TABLE queue_members (
    queue_id BIGINT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    user_id  BIGINT NOT NULL REFERENCES users (id),
    PRIMARY KEY (queue_id, user_id)
);

-- Searches that someone keeps. `query` is the query string of the address.
CREATE TABLE saved_filters (
    id         INTEGER PRIMARY KEY,
    owner_id   BIGINT  NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL CHECK (name <> ''),
    query      TEXT    NOT NULL,
    shared     BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT  NOT NULL,
    UNIQUE (owner_id, name)
);

-- What the queue sorts and narrows by stands on the flag itself: a million of them are read in order of an index.
ALTER TABLE flags ADD COLUMN platform TEXT NOT NULL DEFAULT '';
UPDATE flags SET platform = (SELECT p.platform FROM posts p WHERE p.id = flags.post_id);
-- The author's part in the trade and the regions of the words, as far as the rules see them. `regions`: `|medan|batam|`.
ALTER TABLE flags ADD COLUMN actor TEXT CHECK (actor IN ('supplier', 'wholesaler', 'live_seller', 'retailer', 'reviewer'));
ALTER TABLE flags ADD COLUMN regions TEXT NOT NULL DEFAULT '';
-- NULL until it is routed.
ALTER TABLE flags ADD COLUMN queue_id BIGINT REFERENCES queues (id);
ALTER TABLE flags ADD COLUMN rank BIGINT GENERATED ALWAYS AS (CASE priority WHEN 'P1' THEN 100 WHEN 'P2' THEN 1100 ELSE 2100 END - score) VIRTUAL;
-- Who looks at it next: anyone, another person than the one who asked, or a supervisor.
ALTER TABLE flags ADD COLUMN lane TEXT NOT NULL DEFAULT 'first' CHECK (lane IN ('first', 'second_look', 'escalated'));
ALTER TABLE flags ADD COLUMN referred_by BIGINT REFERENCES users (id);
-- Sketch of the folded text in four quarters of 16 bits: near-duplicates have one in common. NULL for a few words.
ALTER TABLE flags ADD COLUMN fingerprint BIGINT;
UPDATE flags SET queue_id = CASE priority WHEN 'P1' THEN 2 ELSE 1 END;
DROP INDEX flags_queue;
CREATE INDEX flags_rank ON flags (state, rank, id);
CREATE INDEX flags_newest ON flags (state, id);
CREATE INDEX flags_queue ON flags (state, queue_id, rank, id);
CREATE INDEX flags_platform ON flags (state, platform, rank, id);
CREATE INDEX flags_age ON flags (state, opened_at);
CREATE INDEX flags_lane ON flags (lane, state, rank, id);
CREATE INDEX flags_unrouted ON flags (id) WHERE queue_id IS NULL;
-- Texts that are alike have one of four quarters in common.
CREATE INDEX flags_quarter_1 ON flags ((fingerprint & 65535));
CREATE INDEX flags_quarter_2 ON flags (((fingerprint >> 16) & 65535));
CREATE INDEX flags_quarter_3 ON flags (((fingerprint >> 32) & 65535));
CREATE INDEX flags_quarter_4 ON flags (((fingerprint >> 48) & 65535));

-- Handed on instead of decided.
CREATE TABLE referrals (
    id          INTEGER PRIMARY KEY,
    flag_id     BIGINT  NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    lane        TEXT    NOT NULL CHECK (lane IN ('second_look', 'escalated')),
    note        TEXT    NOT NULL,
    referred_by BIGINT  NOT NULL REFERENCES users (id),
    referred_at BIGINT  NOT NULL
);
CREATE INDEX referrals_flag ON referrals (flag_id);

-- One judgement for many posts. The members are what its maker was shown; a random sample of them was looked at one by one.
CREATE TABLE bulks (
    id         INTEGER PRIMARY KEY,
    -- Where the members came from: `like:17` or the query string of a list.
    origin     TEXT    NOT NULL,
    made_by    BIGINT  NOT NULL REFERENCES users (id),
    made_at    BIGINT  NOT NULL,
    members    BIGINT  NOT NULL CHECK (members >= 0),
    decided_at BIGINT,
    undone_at  BIGINT
);
CREATE TABLE bulk_members (
    bulk_id     BIGINT  NOT NULL REFERENCES bulks (id),
    flag_id     BIGINT  NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    text_sha256 TEXT    NOT NULL,
    sampled     BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (bulk_id, flag_id)
);
CREATE INDEX bulk_members_flag ON bulk_members (flag_id);

-- Elements found by the person who decides: A used clothing, B import, C offer. NULL on decisions of before.
ALTER TABLE decisions ADD COLUMN elements TEXT CHECK (elements IN ('', 'A', 'B', 'C', 'AB', 'AC', 'BC', 'ABC'));
ALTER TABLE decisions ADD COLUMN actor TEXT CHECK (actor IN ('supplier', 'wholesaler', 'live_seller', 'retailer', 'reviewer'));
-- What is to follow. NULL on decisions of before: a request after `uphold`, nothing after `dismiss`.
ALTER TABLE decisions ADD COLUMN action TEXT CHECK (action IN ('none', 'education', 'request', 'customs_lead'));
ALTER TABLE decisions ADD COLUMN bulk_id BIGINT REFERENCES bulks (id);
CREATE INDEX decisions_flag ON decisions (flag_id);
CREATE INDEX decisions_person ON decisions (decided_by, decided_at);
CREATE INDEX decisions_at ON decisions (decided_at);
CREATE INDEX decisions_bulk ON decisions (bulk_id, flag_id);
CREATE INDEX decisions_second ON decisions (id) WHERE needs_second;
CREATE INDEX requests_flag ON requests (flag_id);
CREATE TRIGGER decisions_complete BEFORE INSERT ON decisions
WHEN NEW.elements IS NULL OR NEW.action IS NULL
    OR (NEW.verdict = 'uphold' AND NEW.action = 'none')
    OR (NEW.verdict = 'uphold' AND NEW.elements <> 'ABC'
        AND COALESCE((SELECT o.output FROM pack_outputs o JOIN flags f ON f.pack = o.pack WHERE f.id = NEW.flag_id), 'takedown') = 'takedown')
    OR (NEW.action = 'request' AND COALESCE((SELECT o.output FROM pack_outputs o JOIN flags f ON f.pack = o.pack WHERE f.id = NEW.flag_id), 'takedown') <> 'takedown')
    OR (NEW.verdict = 'dismiss' AND NEW.action NOT IN ('none', 'education'))
BEGIN SELECT RAISE(ABORT, 'a post is upheld with all three elements and an action that its rule pack allows; whoever dismisses asks for nothing more than education'); END;
CREATE TRIGGER requests_action BEFORE INSERT ON requests
WHEN NEW.kind = 'request' AND COALESCE((SELECT d.action FROM decisions d WHERE d.id = NEW.decision_id), 'request') <> 'request'
BEGIN SELECT RAISE(ABORT, 'the decision asks for something else than a request'); END;

-- Decisions that their maker took back within minutes. They stay on record.
CREATE TABLE undone_decisions (
    decision_id BIGINT PRIMARY KEY REFERENCES decisions (id),
    undone_at   BIGINT NOT NULL
);
CREATE TRIGGER undone_decisions_no_update BEFORE UPDATE ON undone_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never changed; decide again'); END;
CREATE TRIGGER undone_decisions_no_delete BEFORE DELETE ON undone_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE TRIGGER undone_decisions_before_requests BEFORE INSERT ON undone_decisions
WHEN EXISTS (SELECT 1 FROM requests r WHERE r.decision_id = NEW.decision_id AND r.released = FALSE)
BEGIN SELECT RAISE(ABORT, 'the post stands in a package; decide again'); END;

-- Full-text search over captions, handles and notes of flagged posts. `rowid` is the flag.
CREATE VIRTUAL TABLE flag_search USING fts5 (body, tokenize = 'unicode61 remove_diacritics 0');
-- What is deleted leaves no words behind in the index.
INSERT INTO flag_search (flag_search, rank) VALUES ('secure-delete', 1);
INSERT INTO flag_search (rowid, body) SELECT f.id, p.author || ' ' || p.text || COALESCE((SELECT ' ' || group_concat(d.note, ' ') FROM decisions d WHERE d.flag_id = f.id), '')
    FROM flags f JOIN posts p ON p.id = f.post_id;
CREATE TRIGGER search_flag_added AFTER INSERT ON flags
BEGIN INSERT INTO flag_search (rowid, body) SELECT NEW.id, p.author || ' ' || p.text FROM posts p WHERE p.id = NEW.post_id; END;
CREATE TRIGGER search_flag_deleted AFTER DELETE ON flags
BEGIN DELETE FROM flag_search WHERE rowid = OLD.id; END;
-- Notes of bulks are left out: one note about ten thousand posts is not worth ten thousand entries.
CREATE TRIGGER search_post_changed AFTER UPDATE OF text, author ON posts
WHEN NEW.text <> OLD.text OR NEW.author <> OLD.author
BEGIN UPDATE flag_search SET body = NEW.author || ' ' || NEW.text
    || COALESCE((SELECT ' ' || group_concat(d.note, ' ') FROM decisions d WHERE d.flag_id = flag_search.rowid AND d.bulk_id IS NULL), '')
    || COALESCE((SELECT ' ' || group_concat(r.note, ' ') FROM referrals r WHERE r.flag_id = flag_search.rowid), '')
    WHERE rowid IN (SELECT f.id FROM flags f WHERE f.post_id = NEW.id); END;
CREATE TRIGGER search_decision_added AFTER INSERT ON decisions WHEN NEW.note <> '' AND NEW.bulk_id IS NULL
BEGIN UPDATE flag_search SET body = body || ' ' || NEW.note WHERE rowid = NEW.flag_id; END;
CREATE TRIGGER search_referral_added AFTER INSERT ON referrals WHEN NEW.note <> ''
BEGIN UPDATE flag_search SET body = body || ' ' || NEW.note WHERE rowid = NEW.flag_id; END;
