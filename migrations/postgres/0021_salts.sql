-- Audit events whose parts are sealed one by one: an export can leave parts out and still be verified.

-- NULL on events of before, whose hash is over their fields as they stand.
ALTER TABLE audit_events ADD COLUMN salt TEXT;
