-- Mail that comes back: replies of platforms, and notices of mail servers that a message did not arrive (RFC 3464).

CREATE TABLE mails (
    id          INTEGER PRIMARY KEY,
    -- SHA-256 of the bytes: the same mail counts once.
    sha256      TEXT   NOT NULL UNIQUE,
    kind        TEXT   NOT NULL CHECK (kind IN ('reply', 'bounce', 'delay')),
    -- NULL until somebody files what could not be told.
    batch_id    BIGINT REFERENCES batches (id),
    sender      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    -- The beginning of the text, or what the mail server said; contacts masked.
    excerpt     TEXT   NOT NULL,
    -- Name of an attachment that looks like an answer sheet; empty for none.
    sheet       TEXT   NOT NULL,
    bytes       BLOB   NOT NULL,
    received_at BIGINT NOT NULL,
    filed_by    BIGINT REFERENCES users (id)
);
CREATE INDEX mails_batch ON mails (batch_id);
CREATE TRIGGER mails_stay BEFORE UPDATE OF sha256, kind, bytes, received_at ON mails
BEGIN SELECT RAISE(ABORT, 'mail that came in is never changed'); END;
CREATE TRIGGER mails_filed_once BEFORE UPDATE OF batch_id ON mails
WHEN OLD.batch_id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'this mail is filed already'); END;

-- What was sent stays sent, unless a mail server said afterwards that it did not arrive: then a person has to look.
DROP TRIGGER deliveries_sent_stays;
CREATE TRIGGER deliveries_sent_stays BEFORE UPDATE OF state ON deliveries
WHEN OLD.state IN ('sent', 'cancelled') AND NEW.state <> OLD.state AND NOT (OLD.state = 'sent' AND NEW.state = 'failed'
    AND EXISTS (SELECT 1 FROM mails m WHERE m.batch_id = NEW.batch_id AND m.kind = 'bounce' AND m.received_at >= OLD.sent_at))
BEGIN SELECT RAISE(ABORT, 'what was sent stays sent'); END;
DROP TRIGGER deliveries_cancelled_untried;
CREATE TRIGGER deliveries_cancelled_untried BEFORE UPDATE OF state ON deliveries
WHEN NEW.state = 'cancelled' AND (OLD.state NOT IN ('queued', 'failed', 'unknown')
    OR EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = NEW.id AND (a.outcome = 'started' OR (a.outcome = 'accepted'
        AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.batch_id = NEW.batch_id AND m.kind = 'bounce' AND m.received_at >= a.finished_at)))))
BEGIN SELECT RAISE(ABORT, 'the message may have left already'); END;
DROP TRIGGER batches_forward_only;
CREATE TRIGGER batches_forward_only BEFORE UPDATE OF state ON batches
WHEN NOT (OLD.state = NEW.state
    OR (OLD.state = 'draft' AND NEW.state IN ('rendered', 'cancelled'))
    OR (OLD.state = 'rendered' AND NEW.state IN ('signed', 'cancelled'))
    OR (OLD.state = 'signed' AND NEW.state IN ('sent', 'cancelled'))
    OR (OLD.state = 'sent' AND NEW.state = 'signed' AND EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = NEW.id AND d.state = 'failed')))
BEGIN SELECT RAISE(ABORT, 'a batch cannot take this step'); END;
