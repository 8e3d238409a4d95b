-- Which flag belongs to which region, one row each: lists of a region are read by it. `flags.regions` stays what is written;
-- triggers follow it.
CREATE TABLE flag_regions (
    region  TEXT   NOT NULL,
    flag_id BIGINT NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    PRIMARY KEY (region, flag_id)
);
CREATE INDEX flag_regions_flag ON flag_regions (flag_id);
INSERT INTO flag_regions (region, flag_id)
    SELECT DISTINCT e.region, f.id FROM flags f, unnest(string_to_array(trim(both '|' from f.regions), '|')) AS e (region) WHERE f.regions <> '';
CREATE FUNCTION flag_regions_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO flag_regions (region, flag_id)
        SELECT DISTINCT e.region, NEW.id FROM unnest(string_to_array(trim(both '|' from NEW.regions), '|')) AS e (region);
    RETURN NULL;
END $$;
CREATE TRIGGER flag_regions_added AFTER INSERT ON flags FOR EACH ROW WHEN (NEW.regions <> '') EXECUTE FUNCTION flag_regions_added();
CREATE FUNCTION flag_regions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM flag_regions WHERE flag_id = NEW.id;
    INSERT INTO flag_regions (region, flag_id)
        SELECT DISTINCT e.region, NEW.id FROM unnest(string_to_array(trim(both '|' from NEW.regions), '|')) AS e (region) WHERE NEW.regions <> '';
    RETURN NULL;
END $$;
CREATE TRIGGER flag_regions_changed AFTER UPDATE OF regions ON flags FOR EACH ROW WHEN (NEW.regions <> OLD.regions) EXECUTE FUNCTION flag_regions_changed();
