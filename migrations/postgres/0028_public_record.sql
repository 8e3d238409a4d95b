-- Reports to the public, byte for byte as they were published.
CREATE TABLE public_reports (
    month        TEXT   PRIMARY KEY,
    json         TEXT   NOT NULL,
    sha256       TEXT   NOT NULL,
    published_by BIGINT NOT NULL REFERENCES users (id),
    published_at BIGINT NOT NULL
);
CREATE FUNCTION public_reports_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published report stays as it is';
END $$;
CREATE TRIGGER public_reports_fixed BEFORE UPDATE ON public_reports FOR EACH ROW EXECUTE FUNCTION public_reports_fixed();
CREATE FUNCTION public_reports_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published report stays as it is';
END $$;
CREATE TRIGGER public_reports_no_delete BEFORE DELETE ON public_reports FOR EACH ROW EXECUTE FUNCTION public_reports_no_delete();
CREATE FUNCTION public_reports_no_replace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published report stays as it is';
END $$;
CREATE TRIGGER public_reports_no_replace BEFORE TRUNCATE ON public_reports FOR EACH STATEMENT EXECUTE FUNCTION public_reports_no_replace();
