-- Letters besides requests and withdrawals: reminders, applications to the ministry of communication, leads to customs,
-- notices to sellers, and corrections of these. Their rows ask no platform for anything new, so they are no `requests`.

-- SQLite changes a CHECK only with the table, and half of the schema refers to this one. Its own way for changes that
-- leave the stored rows as they are: https://www.sqlite.org/lang_altertable.html, section 7. What it says afterwards:
-- ADD CONSTRAINT batches_kind_check CHECK (kind IN ('request', 'withdrawal', 'reminder', 'application', 'lead', 'notice', 'correction'))
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (kind IN (''request'', ''withdrawal''))',
    'CHECK (kind IN (''request'', ''withdrawal'', ''reminder'', ''application'', ''lead'', ''notice'', ''correction''))')
    WHERE type = 'table' AND name = 'batches';
PRAGMA writable_schema = RESET;

-- The package that a further letter is about: the request it reminds of, the letter it corrects.
ALTER TABLE batches ADD COLUMN about_id BIGINT REFERENCES batches (id)
    CHECK ((kind IN ('reminder', 'application', 'correction')) = (about_id IS NOT NULL));
CREATE INDEX batches_about ON batches (about_id);
CREATE TRIGGER batches_about_fixed BEFORE UPDATE OF about_id ON batches
BEGIN SELECT RAISE(ABORT, 'a letter stays about the same package'); END;
CREATE TRIGGER batches_about_sent BEFORE INSERT ON batches
WHEN NEW.about_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batches o WHERE o.id = NEW.about_id AND o.platform = NEW.platform AND o.state = 'sent'
    AND CASE NEW.kind WHEN 'correction' THEN o.kind IN ('application', 'lead', 'notice') ELSE o.kind = 'request' END)
BEGIN SELECT RAISE(ABORT, 'a further letter is about one that was sent'); END;

CREATE TABLE mentions (
    id          INTEGER PRIMARY KEY,
    batch_id    BIGINT  NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('reminder', 'application', 'lead', 'notice', 'correction')),
    item_no     INTEGER NOT NULL CHECK (item_no >= 1),
    flag_id     BIGINT  NOT NULL REFERENCES flags (id),
    decision_id BIGINT  NOT NULL,
    verdict     TEXT    NOT NULL,
    reviewer_id BIGINT  NOT NULL,
    -- The row of the request that a reminder or an application follows.
    request_id  BIGINT  REFERENCES requests (id),
    -- The row that a correction takes back.
    corrects_id BIGINT  REFERENCES mentions (id),
    -- Said once; reminded twice at most, then a person decides.
    time_no     INTEGER NOT NULL DEFAULT 1 CHECK (time_no = 1 OR (kind = 'reminder' AND time_no = 2)),
    signer_id   BIGINT  REFERENCES users (id),
    released    BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (batch_id, item_no),
    UNIQUE (batch_id, flag_id),
    FOREIGN KEY (batch_id, kind) REFERENCES batches (id, kind),
    FOREIGN KEY (decision_id, flag_id, verdict, reviewer_id) REFERENCES decisions (id, flag_id, verdict, decided_by),
    CHECK (kind = 'notice' OR (kind = 'correction') = (verdict = 'dismiss')),
    CHECK ((kind IN ('reminder', 'application')) = (request_id IS NOT NULL)),
    CHECK ((kind = 'correction') = (corrects_id IS NOT NULL)),
    -- Two persons here too.
    CHECK (signer_id IS NULL OR signer_id <> reviewer_id)
);
CREATE UNIQUE INDEX mentions_once ON mentions (kind, flag_id, decision_id, COALESCE(corrects_id, 0), time_no) WHERE released = FALSE;
CREATE INDEX mentions_flag ON mentions (flag_id);
CREATE INDEX mentions_request ON mentions (request_id);
CREATE INDEX mentions_decision ON mentions (decision_id);

CREATE TRIGGER mentions_only_into_drafts BEFORE INSERT ON mentions
WHEN (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'rows are added to drafts only'); END;
CREATE TRIGGER mentions_start_unsigned BEFORE INSERT ON mentions
WHEN NEW.signer_id IS NOT NULL OR NEW.released
BEGIN SELECT RAISE(ABORT, 'a row starts unsigned'); END;
CREATE TRIGGER mentions_in_force BEFORE INSERT ON mentions
WHEN NEW.decision_id IS NOT (SELECT f.decision_id FROM flags f WHERE f.id = NEW.flag_id)
BEGIN SELECT RAISE(ABORT, 'the decision is not in force'); END;
CREATE TRIGGER mentions_platform BEFORE INSERT ON mentions
WHEN (SELECT p.platform FROM posts p JOIN flags f ON f.post_id = p.id WHERE f.id = NEW.flag_id)
    <> (SELECT b.platform FROM batches b WHERE b.id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the post is on another platform'); END;
-- A lead or a notice is what its decision asks for, and what a second person agreed to where one is asked.
CREATE TRIGGER mentions_action BEFORE INSERT ON mentions
WHEN NEW.kind IN ('lead', 'notice')
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.id = NEW.decision_id
        AND d.action = CASE NEW.kind WHEN 'lead' THEN 'customs_lead' ELSE 'education' END
        AND (d.needs_second = FALSE OR d.verdict = 'dismiss' OR EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id))
        -- The words of these letters are about used clothing.
        AND 'takedown' = COALESCE((SELECT o.output FROM pack_outputs o JOIN flags f ON f.pack = o.pack WHERE f.id = NEW.flag_id), 'takedown'))
BEGIN SELECT RAISE(ABORT, 'the decision does not ask for this letter, or waits for a second analyst'); END;
-- A request is followed while it stands: sent, on the same decision, and not withdrawn.
CREATE TRIGGER mentions_request_stands BEFORE INSERT ON mentions
WHEN NEW.request_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM requests r JOIN batches b ON b.id = r.batch_id
    WHERE r.id = NEW.request_id AND r.kind = 'request' AND b.state = 'sent' AND r.flag_id = NEW.flag_id AND r.decision_id = NEW.decision_id
    AND r.batch_id = (SELECT a.about_id FROM batches a WHERE a.id = NEW.batch_id)
    AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE))
BEGIN SELECT RAISE(ABORT, 'only a request that was sent and stands is followed'); END;
CREATE TRIGGER mentions_corrects BEFORE INSERT ON mentions
WHEN NEW.corrects_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batches a JOIN mentions m ON m.batch_id = a.about_id
    WHERE a.id = NEW.batch_id AND m.id = NEW.corrects_id AND m.flag_id = NEW.flag_id)
BEGIN SELECT RAISE(ABORT, 'a correction takes back what was said'); END;
CREATE TRIGGER mentions_written BEFORE INSERT ON mentions
WHEN EXISTS (SELECT 1 FROM mentions m WHERE m.kind = NEW.kind AND m.flag_id = NEW.flag_id AND m.decision_id = NEW.decision_id
    AND COALESCE(m.corrects_id, 0) = COALESCE(NEW.corrects_id, 0) AND m.time_no = NEW.time_no AND m.released = FALSE)
    -- Whoever was told once is told again only after a correction.
    OR (NEW.kind IN ('lead', 'notice') AND EXISTS (SELECT 1 FROM mentions m WHERE m.kind = NEW.kind AND m.flag_id = NEW.flag_id AND m.released = FALSE
        AND NOT EXISTS (SELECT 1 FROM mentions c JOIN batches b ON b.id = c.batch_id WHERE c.corrects_id = m.id AND b.state = 'sent')))
BEGIN SELECT RAISE(ABORT, 'this letter was written already'); END;
CREATE TRIGGER mentions_signer_signed BEFORE UPDATE OF signer_id ON mentions
WHEN NEW.signer_id IS NOT (SELECT s.signer_id FROM signatures s WHERE s.batch_id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the signer of a row is who signed its package'); END;
CREATE TRIGGER mentions_fixed BEFORE UPDATE OF batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id, request_id, corrects_id, time_no ON mentions
BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;
CREATE TRIGGER mentions_released_when_cancelled BEFORE UPDATE OF released ON mentions
WHEN NEW.released AND (SELECT b.state FROM batches b WHERE b.id = NEW.batch_id) <> 'cancelled'
BEGIN SELECT RAISE(ABORT, 'only a cancelled batch releases its rows'); END;
CREATE TRIGGER mentions_no_delete BEFORE DELETE ON mentions
BEGIN SELECT RAISE(ABORT, 'rows are never deleted'); END;
CREATE TRIGGER mentions_no_replace BEFORE INSERT ON mentions
WHEN EXISTS (SELECT 1 FROM mentions t WHERE t.id = NEW.id OR (t.batch_id = NEW.batch_id AND (t.item_no = NEW.item_no OR t.flag_id = NEW.flag_id)))
BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;

-- The rows of every package, of whatever kind. `request_id` is the request that an answer would be about.
CREATE VIEW package_rows AS
    SELECT id, batch_id, kind, item_no, flag_id, decision_id, reviewer_id, signer_id, released, id AS request_id, NULL AS corrects_id, 1 AS time_no FROM requests
    UNION ALL
    SELECT id, batch_id, kind, item_no, flag_id, decision_id, reviewer_id, signer_id, released, request_id, corrects_id, time_no FROM mentions;

DROP TRIGGER signatures_second_person;
CREATE TRIGGER signatures_second_person BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM package_rows r WHERE r.batch_id = NEW.batch_id AND r.reviewer_id = NEW.signer_id)
BEGIN SELECT RAISE(ABORT, 'the signer reviewed a row'); END;
-- The decision may be old: whoever chose to follow it up is the first of the two.
CREATE TRIGGER signatures_other_than_writer BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM batches b WHERE b.id = NEW.batch_id AND b.about_id IS NOT NULL AND b.created_by = NEW.signer_id)
BEGIN SELECT RAISE(ABORT, 'the signer wrote this letter'); END;
-- While a letter leaves, nothing is decided about its posts.
CREATE TRIGGER flags_not_while_leaving BEFORE UPDATE OF decision_id ON flags
WHEN EXISTS (SELECT 1 FROM mentions m JOIN deliveries d ON d.batch_id = m.batch_id WHERE m.flag_id = NEW.id AND d.state = 'sending')
BEGIN SELECT RAISE(ABORT, 'a letter about this post is leaving just now; try again in a minute'); END;
DROP TRIGGER signatures_need_rows;
CREATE TRIGGER signatures_need_rows BEFORE INSERT ON signatures
WHEN NOT EXISTS (SELECT 1 FROM package_rows r WHERE r.batch_id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'an empty batch is not signed'); END;
DROP TRIGGER signatures_in_force;
CREATE TRIGGER signatures_in_force BEFORE INSERT ON signatures
WHEN EXISTS (SELECT 1 FROM package_rows r JOIN flags f ON f.id = r.flag_id WHERE r.batch_id = NEW.batch_id AND f.decision_id IS NOT r.decision_id)
BEGIN SELECT RAISE(ABORT, 'a decision in this batch is not in force any more'); END;
DROP TRIGGER undone_decisions_before_requests;
CREATE TRIGGER undone_decisions_before_requests BEFORE INSERT ON undone_decisions
WHEN EXISTS (SELECT 1 FROM package_rows r WHERE r.decision_id = NEW.decision_id AND r.released = FALSE)
BEGIN SELECT RAISE(ABORT, 'the post stands in a package; decide again'); END;
