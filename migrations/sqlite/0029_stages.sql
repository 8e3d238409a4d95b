-- How far applications got at the ministry of communication, as that ministry says: mirrored only.
CREATE TABLE mirrored_stages (
    id          INTEGER PRIMARY KEY,
    batch_id    BIGINT NOT NULL REFERENCES batches (id),
    stage       TEXT   NOT NULL CHECK (stage IN ('received', 'order', 'st1', 'st2', 'st3', 'blocked', 'closed')),
    said_on     TEXT   NOT NULL,
    recorded_by BIGINT NOT NULL REFERENCES users (id),
    recorded_at BIGINT NOT NULL
);
CREATE INDEX mirrored_stages_batch ON mirrored_stages (batch_id);
CREATE TRIGGER mirrored_stages_of_application BEFORE INSERT ON mirrored_stages
WHEN NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = NEW.batch_id AND b.kind = 'application' AND b.state = 'sent')
BEGIN SELECT RAISE(ABORT, 'only an application that was sent has stages'); END;
CREATE TRIGGER mirrored_stages_fixed BEFORE UPDATE ON mirrored_stages
BEGIN SELECT RAISE(ABORT, 'a stage that was told stays on record'); END;
CREATE TRIGGER mirrored_stages_no_delete BEFORE DELETE ON mirrored_stages
BEGIN SELECT RAISE(ABORT, 'a stage that was told stays on record'); END;
CREATE TRIGGER mirrored_stages_no_replace BEFORE INSERT ON mirrored_stages
WHEN EXISTS (SELECT 1 FROM mirrored_stages o WHERE o.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a stage that was told stays on record'); END;
