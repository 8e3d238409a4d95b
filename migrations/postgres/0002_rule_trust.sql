-- How far a rule is trusted: what it found and what people said of it.

-- Posts a rule matched, by day (Asia/Jakarta). Shadow rules are counted here and nowhere else.
CREATE TABLE rule_hits (
    pack   TEXT    NOT NULL,
    rule   TEXT    NOT NULL,
    shadow BOOLEAN NOT NULL,
    day    TEXT    NOT NULL,
    posts  BIGINT  NOT NULL,
    PRIMARY KEY (pack, rule, shadow, day)
);

-- Decisions in force about flags that a rule raised.
CREATE TABLE rule_cards (
    pack      TEXT   NOT NULL,
    rule      TEXT   NOT NULL,
    upheld    BIGINT NOT NULL DEFAULT 0 CHECK (upheld >= 0),
    dismissed BIGINT NOT NULL DEFAULT 0 CHECK (dismissed >= 0),
    PRIMARY KEY (pack, rule)
);

-- What may become of a pack's flags. Leads and market watches never become takedown requests.
CREATE TABLE pack_outputs (
    pack   TEXT PRIMARY KEY,
    output TEXT NOT NULL CHECK (output IN ('takedown', 'lead', 'market_watch'))
);

-- Fixed when the decision is made: a rule that is trusted later does not change what was decided before.
ALTER TABLE decisions ADD COLUMN needs_second BOOLEAN NOT NULL DEFAULT FALSE;
-- Rules that had raised the flag, as JSON: whose cards this decision counts on.
ALTER TABLE decisions ADD COLUMN rules JSONB NOT NULL DEFAULT '[]';
-- One click for several posts: refused for what is not trusted.
ALTER TABLE decisions ADD COLUMN together BOOLEAN NOT NULL DEFAULT FALSE CHECK (NOT (together AND needs_second));

-- A second analyst, who read the same text, agrees.
CREATE TABLE second_opinions (
    decision_id BIGINT PRIMARY KEY,
    flag_id     BIGINT NOT NULL,
    verdict     TEXT   NOT NULL,
    decided_by  BIGINT NOT NULL,
    analyst_id  BIGINT NOT NULL REFERENCES users (id),
    text_sha256 TEXT   NOT NULL,
    given_at    BIGINT NOT NULL,
    FOREIGN KEY (decision_id, flag_id, verdict, decided_by) REFERENCES decisions (id, flag_id, verdict, decided_by),
    CHECK (verdict = 'uphold'),
    CHECK (analyst_id <> decided_by)
);

-- An author's earlier posts are asked for at every screening.
CREATE INDEX posts_author ON posts (platform, author);

CREATE FUNCTION second_opinions_no_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'second opinions are never changed';
END $$;
CREATE TRIGGER second_opinions_no_update BEFORE UPDATE ON second_opinions FOR EACH ROW EXECUTE FUNCTION second_opinions_no_update();

CREATE FUNCTION second_opinions_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'second opinions are never deleted';
END $$;
CREATE TRIGGER second_opinions_no_delete BEFORE DELETE OR TRUNCATE ON second_opinions FOR EACH STATEMENT EXECUTE FUNCTION second_opinions_no_delete();

CREATE FUNCTION second_opinions_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A decision made at the same time waits here: neither side may miss the other.
    PERFORM 1 FROM flags f WHERE f.id = NEW.flag_id FOR UPDATE;
    IF NEW.decision_id IS DISTINCT FROM (SELECT f.decision_id FROM flags f WHERE f.id = NEW.flag_id)
        OR NEW.text_sha256 IS DISTINCT FROM (SELECT d.text_sha256 FROM decisions d WHERE d.id = NEW.decision_id)
    THEN RAISE EXCEPTION 'the decision is not in force, or is about another text'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_opinions_in_force BEFORE INSERT ON second_opinions FOR EACH ROW EXECUTE FUNCTION second_opinions_in_force();

CREATE FUNCTION requests_second_opinion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'uphold' AND (SELECT d.needs_second FROM decisions d WHERE d.id = NEW.decision_id)
        AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = NEW.decision_id)
    THEN RAISE EXCEPTION 'the rule that found this post is not trusted yet: a second analyst has to agree first'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER requests_second_opinion BEFORE INSERT ON requests FOR EACH ROW EXECUTE FUNCTION requests_second_opinion();

CREATE FUNCTION requests_takedown_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 'takedown' <> COALESCE((SELECT o.output FROM pack_outputs o JOIN flags f ON f.pack = o.pack WHERE f.id = NEW.flag_id), 'takedown')
    THEN RAISE EXCEPTION 'this rule pack gives leads, never takedown requests'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER requests_takedown_only BEFORE INSERT ON requests FOR EACH ROW EXECUTE FUNCTION requests_takedown_only();
