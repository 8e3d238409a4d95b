-- What looks can tell of requested posts, and the looks of people where no program can look.
ALTER TABLE checks DROP CONSTRAINT checks_outcome_check;
ALTER TABLE checks ADD CONSTRAINT checks_outcome_check CHECK (outcome IN ('up', 'edited', 'gone', 'restricted', 'private', 'unknown'));

-- Who looked; none for a program.
ALTER TABLE checks ADD COLUMN checked_by BIGINT REFERENCES users (id);
