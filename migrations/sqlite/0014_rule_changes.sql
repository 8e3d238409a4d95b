-- Rules in the desk: changes of packs that one person writes, tries on stored posts and proposes, and another puts to use.

-- Every text that a file of a pack ever had, once.
CREATE TABLE rule_texts (
    sha256 TEXT PRIMARY KEY,
    text   TEXT NOT NULL
);

CREATE TABLE rule_changes (
    id          INTEGER PRIMARY KEY,
    pack        TEXT    NOT NULL,
    title       TEXT    NOT NULL CHECK (title <> ''),
    author_id   BIGINT  NOT NULL REFERENCES users (id),
    state       TEXT    NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'proposed', 'approved', 'withdrawn')),
    -- SHA-256 of the pack that the change began from, and of the pack as changed.
    base_hash   TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    changed_at  BIGINT  NOT NULL,
    proposed_at BIGINT,
    -- What the person who sent it back said.
    remark      TEXT    NOT NULL DEFAULT '',
    -- The trial on stored posts: asked for these bytes, how far it is, what it found (JSON), ended for these bytes.
    trial_asked TEXT    NOT NULL DEFAULT '',
    trial_posts BIGINT  NOT NULL DEFAULT 0,
    trial       TEXT    NOT NULL DEFAULT '',
    trial_hash  TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX rule_changes_pack ON rule_changes (pack, id);

-- A file as it was and as it is; none where it was not there, or is no longer.
CREATE TABLE rule_change_files (
    change_id   BIGINT NOT NULL REFERENCES rule_changes (id),
    path        TEXT   NOT NULL,
    base_sha256 TEXT   REFERENCES rule_texts (sha256),
    sha256      TEXT   REFERENCES rule_texts (sha256),
    PRIMARY KEY (change_id, path),
    CHECK (base_sha256 IS NOT NULL OR sha256 IS NOT NULL)
);

-- What was put to use, when, by whom. The newest row of a pack is in force; none, or one without a change: the program's own pack.
CREATE TABLE rule_activations (
    id           INTEGER PRIMARY KEY,
    pack         TEXT    NOT NULL,
    change_id    BIGINT  REFERENCES rule_changes (id),
    person_id    BIGINT  NOT NULL REFERENCES users (id),
    activated_at BIGINT  NOT NULL,
    -- The row that was in force before, 0 for none: of two people at the same moment, one is refused.
    after_id     BIGINT  NOT NULL,
    UNIQUE (pack, after_id)
);
CREATE INDEX rule_activations_pack ON rule_activations (pack, id);

CREATE TRIGGER rule_changes_begin BEFORE INSERT ON rule_changes
WHEN NEW.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'a change begins as a draft'); END;
CREATE TRIGGER rule_changes_settled BEFORE UPDATE ON rule_changes
WHEN NEW.author_id <> OLD.author_id OR NEW.pack <> OLD.pack OR OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn'
    OR OLD.state = 'approved' AND NEW.state <> 'approved'
    OR OLD.state <> 'draft' AND (NEW.hash <> OLD.hash OR NEW.base_hash <> OLD.base_hash)
    OR NEW.state = 'proposed' AND NEW.trial_hash <> NEW.hash
    OR NEW.state = 'approved' AND OLD.state NOT IN ('proposed', 'approved')
    OR NEW.state = 'approved' AND NOT EXISTS (SELECT 1 FROM rule_activations a WHERE a.change_id = NEW.id AND a.person_id <> NEW.author_id)
BEGIN SELECT RAISE(ABORT, 'a proposed change stays as it is, and is tried on stored posts before'); END;
CREATE TRIGGER rule_change_files_added BEFORE INSERT ON rule_change_files
WHEN 'draft' <> (SELECT c.state FROM rule_changes c WHERE c.id = NEW.change_id)
BEGIN SELECT RAISE(ABORT, 'the files of a proposed change stay as they are'); END;
CREATE TRIGGER rule_change_files_changed BEFORE UPDATE ON rule_change_files
WHEN NEW.change_id <> OLD.change_id OR NEW.path <> OLD.path OR 'draft' <> (SELECT c.state FROM rule_changes c WHERE c.id = OLD.change_id)
BEGIN SELECT RAISE(ABORT, 'the files of a proposed change stay as they are'); END;
CREATE TRIGGER rule_change_files_kept BEFORE DELETE ON rule_change_files
WHEN 'draft' <> (SELECT c.state FROM rule_changes c WHERE c.id = OLD.change_id)
BEGIN SELECT RAISE(ABORT, 'the files of a proposed change stay as they are'); END;
CREATE TRIGGER rule_texts_stay BEFORE UPDATE ON rule_texts
BEGIN SELECT RAISE(ABORT, 'texts of rules are never changed'); END;
-- The second person. What was put to use once has two names already: going back to it needs one.
CREATE TRIGGER rule_activations_other_person BEFORE INSERT ON rule_activations
WHEN NEW.change_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM rule_changes c WHERE c.id = NEW.change_id AND c.pack = NEW.pack
    AND (c.state = 'proposed' AND c.author_id <> NEW.person_id OR c.state = 'approved'))
BEGIN SELECT RAISE(ABORT, 'another person than the one who wrote a change puts it to use'); END;
CREATE TRIGGER rule_activations_change BEFORE UPDATE ON rule_activations
BEGIN SELECT RAISE(ABORT, 'what was put to use stays on record'); END;
CREATE TRIGGER rule_activations_kept BEFORE DELETE ON rule_activations
BEGIN SELECT RAISE(ABORT, 'what was put to use stays on record'); END;

-- Jobs: one more kind.
ALTER TABLE jobs RENAME TO jobs_before_0014;
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('crawl', 'screen', 'deliver', 'follow_up', 'purge', 'trial')),
    dedupe_key  TEXT    NOT NULL UNIQUE,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
    run_at      BIGINT  NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    lease_until BIGINT,
    worker      TEXT,
    last_error  TEXT
);
INSERT INTO jobs (id, kind, dedupe_key, state, run_at, attempt, lease_until, worker, last_error)
    SELECT id, kind, dedupe_key, state, run_at, attempt, lease_until, worker, last_error FROM jobs_before_0014;
DROP TABLE jobs_before_0014;
CREATE INDEX jobs_due ON jobs (state, run_at);
