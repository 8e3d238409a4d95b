-- Which flag belongs to which region, one row each: lists of a region are read by it. `flags.regions` stays what is written;
-- triggers follow it.
CREATE TABLE flag_regions (
    region  TEXT   NOT NULL,
    flag_id BIGINT NOT NULL REFERENCES flags (id) ON DELETE CASCADE,
    PRIMARY KEY (region, flag_id)
) WITHOUT ROWID;
CREATE INDEX flag_regions_flag ON flag_regions (flag_id);
INSERT INTO flag_regions (region, flag_id)
    SELECT DISTINCT e.value, f.id FROM flags f, json_each('["' || replace(trim(f.regions, '|'), '|', '","') || '"]') e WHERE f.regions <> '';
CREATE TRIGGER flag_regions_added AFTER INSERT ON flags WHEN NEW.regions <> ''
BEGIN INSERT INTO flag_regions (region, flag_id)
    SELECT DISTINCT e.value, NEW.id FROM json_each('["' || replace(trim(NEW.regions, '|'), '|', '","') || '"]') e; END;
CREATE TRIGGER flag_regions_changed AFTER UPDATE OF regions ON flags WHEN NEW.regions <> OLD.regions
BEGIN
    DELETE FROM flag_regions WHERE flag_id = NEW.id;
    INSERT INTO flag_regions (region, flag_id)
        SELECT DISTINCT e.value, NEW.id FROM json_each('["' || replace(trim(NEW.regions, '|'), '|', '","') || '"]') e WHERE NEW.regions <> '';
END;
