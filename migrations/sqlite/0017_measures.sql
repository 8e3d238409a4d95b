-- How a post's views grew, and what a random sample says of what the rules miss.

-- Only from the second number on: a post that was seen once has none. Days are UTC, since 1970.
CREATE TABLE post_views (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    day     BIGINT NOT NULL,
    views   BIGINT NOT NULL,
    PRIMARY KEY (post_id, day)
);
CREATE TRIGGER post_views_grown AFTER UPDATE OF views ON posts
WHEN NEW.views IS NOT NULL AND OLD.views IS NOT NULL AND NEW.views <> OLD.views
BEGIN
    INSERT INTO post_views (post_id, day, views) VALUES (NEW.id, COALESCE(OLD.refreshed_at, OLD.first_seen_at) / 86400000, OLD.views)
        ON CONFLICT (post_id, day) DO NOTHING;
    INSERT INTO post_views (post_id, day, views) VALUES (NEW.id, COALESCE(NEW.refreshed_at, NEW.first_seen_at) / 86400000, NEW.views)
        ON CONFLICT (post_id, day) DO UPDATE SET views = excluded.views;
END;

-- A draw of posts that a pack did not flag: how many there were, how many were looked at by the program, and how many of
-- these have words of the pack.
CREATE TABLE recall_draws (
    id         INTEGER PRIMARY KEY,
    pack       TEXT    NOT NULL,
    drawn_by   BIGINT  NOT NULL REFERENCES users (id),
    drawn_at   BIGINT  NOT NULL,
    unflagged  BIGINT  NOT NULL,
    looked     BIGINT  NOT NULL,
    with_words BIGINT  NOT NULL
);
CREATE INDEX recall_draws_pack ON recall_draws (pack, drawn_at);

-- Posts of a draw that a person labels. The label stays when retention deletes the post.
CREATE TABLE recall_samples (
    id          INTEGER PRIMARY KEY,
    draw_id     BIGINT  NOT NULL REFERENCES recall_draws (id),
    post_id     BIGINT  REFERENCES posts (id) ON DELETE SET NULL,
    stratum     TEXT    NOT NULL CHECK (stratum IN ('words', 'none')),
    labeller_id BIGINT  REFERENCES users (id),
    relevant    BOOLEAN,
    labelled_at BIGINT,
    UNIQUE (draw_id, post_id),
    CHECK ((labelled_at IS NULL) = (labeller_id IS NULL) AND (labelled_at IS NULL) = (relevant IS NULL))
);
CREATE INDEX recall_samples_waiting ON recall_samples (draw_id) WHERE labelled_at IS NULL;
CREATE INDEX recall_samples_post ON recall_samples (post_id);
CREATE TRIGGER recall_samples_stay BEFORE UPDATE ON recall_samples
WHEN OLD.labelled_at IS NOT NULL AND (NEW.labelled_at IS NOT OLD.labelled_at OR NEW.relevant IS NOT OLD.relevant OR NEW.labeller_id IS NOT OLD.labeller_id)
BEGIN SELECT RAISE(ABORT, 'labels are never changed'); END;
