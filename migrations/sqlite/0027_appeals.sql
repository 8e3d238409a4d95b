-- Objections of sellers, holds for investigators, and clocks that ran out.

-- Who objects to a request. Only the SHA-256 of a ticket is kept; who wrote stands apart.
CREATE TABLE appeals (
    id            INTEGER PRIMARY KEY,
    ticket_sha256 TEXT    NOT NULL UNIQUE,
    flag_id       BIGINT  REFERENCES flags (id) ON DELETE SET NULL,
    -- The case number or address as it was written.
    claimed       TEXT    NOT NULL,
    statement     TEXT    NOT NULL,
    received_at   BIGINT  NOT NULL
);
CREATE INDEX appeals_flag ON appeals (flag_id);

-- For questions back. Read by supervisors only.
CREATE TABLE appellants (
    appeal_id BIGINT PRIMARY KEY REFERENCES appeals (id),
    name      TEXT   NOT NULL,
    contact   TEXT   NOT NULL
);

CREATE TABLE appeal_answers (
    appeal_id  BIGINT PRIMARY KEY REFERENCES appeals (id),
    outcome    TEXT   NOT NULL CHECK (outcome IN ('accepted', 'rejected', 'not_ours')),
    answer     TEXT   NOT NULL CHECK (answer <> ''),
    decided_by BIGINT NOT NULL REFERENCES users (id),
    decided_at BIGINT NOT NULL
);
-- Nobody judges an objection to a decision or a letter of their own.
CREATE TRIGGER appeal_answers_other_person BEFORE INSERT ON appeal_answers
WHEN EXISTS (SELECT 1 FROM appeals a JOIN decisions d ON d.flag_id = a.flag_id AND d.verdict = 'uphold'
        WHERE a.id = NEW.appeal_id AND (d.decided_by = NEW.decided_by
            OR EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id AND s.analyst_id = NEW.decided_by)))
    OR EXISTS (SELECT 1 FROM appeals a JOIN package_rows r ON r.flag_id = a.flag_id
        WHERE a.id = NEW.appeal_id AND r.kind NOT IN ('withdrawal', 'correction') AND r.signer_id = NEW.decided_by)
BEGIN SELECT RAISE(ABORT, 'an objection is judged by somebody who had no part in the request'); END;
CREATE TRIGGER appeal_answers_fixed BEFORE UPDATE ON appeal_answers
BEGIN SELECT RAISE(ABORT, 'an answered objection stays answered'); END;
CREATE TRIGGER appeal_answers_no_delete BEFORE DELETE ON appeal_answers
BEGIN SELECT RAISE(ABORT, 'an answered objection stays answered'); END;
CREATE TRIGGER appeal_answers_no_replace BEFORE INSERT ON appeal_answers
WHEN EXISTS (SELECT 1 FROM appeal_answers o WHERE o.appeal_id = NEW.appeal_id)
BEGIN SELECT RAISE(ABORT, 'an answered objection stays answered'); END;

-- Requests that a person leaves at what the platform said.
CREATE TABLE request_ends (
    request_id BIGINT PRIMARY KEY REFERENCES requests (id),
    note       TEXT   NOT NULL CHECK (note <> ''),
    ended_by   BIGINT NOT NULL REFERENCES users (id),
    ended_at   BIGINT NOT NULL
);

CREATE TRIGGER request_ends_fixed BEFORE UPDATE ON request_ends
BEGIN SELECT RAISE(ABORT, 'what was left stays on record'); END;
CREATE TRIGGER request_ends_no_delete BEFORE DELETE ON request_ends
BEGIN SELECT RAISE(ABORT, 'what was left stays on record'); END;
CREATE TRIGGER request_ends_no_replace BEFORE INSERT ON request_ends
WHEN EXISTS (SELECT 1 FROM request_ends o WHERE o.request_id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'what was left stays on record'); END;

-- An account that investigators look at: nothing is asked about it, and nobody is told why.
-- SQLite changes a CHECK only with the table; its own way for changes that leave the stored rows as they are:
-- https://www.sqlite.org/lang_altertable.html, section 7. What it says afterwards:
-- ADD CONSTRAINT account_marks_kind_check CHECK (kind IN ('watch', 'exempt', 'hold'))
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (kind IN (''watch'', ''exempt''))', 'CHECK (kind IN (''watch'', ''exempt'', ''hold''))')
    WHERE type = 'table' AND name = 'account_marks';
PRAGMA writable_schema = RESET;
CREATE TRIGGER account_marks_hold_ends BEFORE INSERT ON account_marks
WHEN NEW.kind = 'hold' AND (NEW.until IS NULL OR NEW.reference = '')
BEGIN SELECT RAISE(ABORT, 'a hold has a reference and a last day'); END;

-- Clocks that ran out: each once.
CREATE TABLE clock_firings (
    kind       TEXT   NOT NULL CHECK (kind IN ('answer', 'confirmation', 'clarification', 'refusal', 'correction', 'appeal')),
    subject    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    fired_at   BIGINT NOT NULL CHECK (fired_at >= due_at),
    PRIMARY KEY (kind, subject, started_at)
);
CREATE TRIGGER clock_firings_fixed BEFORE UPDATE ON clock_firings
BEGIN SELECT RAISE(ABORT, 'a clock runs out once'); END;
CREATE TRIGGER clock_firings_no_delete BEFORE DELETE ON clock_firings
BEGIN SELECT RAISE(ABORT, 'a clock runs out once'); END;
CREATE TRIGGER clock_firings_no_replace BEFORE INSERT ON clock_firings
WHEN EXISTS (SELECT 1 FROM clock_firings o WHERE o.kind = NEW.kind AND o.subject = NEW.subject AND o.started_at = NEW.started_at)
BEGIN SELECT RAISE(ABORT, 'a clock runs out once'); END;
