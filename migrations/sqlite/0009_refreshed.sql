-- When a post was read from its platform last: some want what is kept to be read again or deleted.
ALTER TABLE posts ADD COLUMN refreshed_at BIGINT;
