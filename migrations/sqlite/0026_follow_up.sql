-- What looks can tell of requested posts, and the looks of people where no program can look.

-- SQLite changes a CHECK only with the table; its own way for changes that leave the stored rows as they are:
-- https://www.sqlite.org/lang_altertable.html, section 7. What it says afterwards:
-- ADD CONSTRAINT checks_outcome_check CHECK (outcome IN ('up', 'edited', 'gone', 'restricted', 'private', 'unknown'))
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (outcome IN (''up'', ''gone'', ''unknown''))',
    'CHECK (outcome IN (''up'', ''edited'', ''gone'', ''restricted'', ''private'', ''unknown''))')
    WHERE type = 'table' AND name = 'checks';
PRAGMA writable_schema = RESET;

-- Who looked; none for a program.
ALTER TABLE checks ADD COLUMN checked_by BIGINT REFERENCES users (id);
