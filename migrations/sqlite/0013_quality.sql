-- How well people agree: blind second labels on a random sample of decisions, and reference posts that everyone is asked about.

CREATE TABLE golden_posts (
    flag_id BIGINT PRIMARY KEY REFERENCES flags (id),
    verdict TEXT   NOT NULL CHECK (verdict IN ('uphold', 'dismiss')),
    reason  TEXT   NOT NULL,
    set_by  BIGINT NOT NULL REFERENCES users (id),
    set_at  BIGINT NOT NULL
);

-- Drawn when a decision is made; labelled later by another person, who does not see the decision. Labels change no decision.
CREATE TABLE blind_labels (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('second', 'golden')),
    flag_id     BIGINT  NOT NULL REFERENCES flags (id),
    -- The decision that a second label is compared with.
    decision_id BIGINT  REFERENCES decisions (id),
    drawn_at    BIGINT  NOT NULL,
    labeller_id BIGINT  REFERENCES users (id),
    verdict     TEXT    CHECK (verdict IN ('uphold', 'dismiss')),
    reason      TEXT,
    labelled_at BIGINT,
    CHECK ((kind = 'second') = (decision_id IS NOT NULL)),
    CHECK ((labelled_at IS NULL) = (labeller_id IS NULL) AND (labelled_at IS NULL) = (verdict IS NULL) AND (labelled_at IS NULL) = (reason IS NULL)),
    UNIQUE (decision_id)
);
CREATE UNIQUE INDEX blind_labels_golden ON blind_labels (flag_id, labeller_id) WHERE kind = 'golden';
CREATE INDEX blind_labels_waiting ON blind_labels (drawn_at) WHERE labelled_at IS NULL;

CREATE TRIGGER blind_labels_stay BEFORE UPDATE ON blind_labels
WHEN OLD.labelled_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'labels are never changed'); END;
CREATE TRIGGER blind_labels_other_person BEFORE UPDATE ON blind_labels
WHEN NEW.labeller_id IS NOT NULL AND NEW.labeller_id IS (SELECT d.decided_by FROM decisions d WHERE d.id = NEW.decision_id)
BEGIN SELECT RAISE(ABORT, 'a second label is of another person'); END;
