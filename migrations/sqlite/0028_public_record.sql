-- Reports to the public, byte for byte as they were published.
CREATE TABLE public_reports (
    month        TEXT   PRIMARY KEY,
    json         TEXT   NOT NULL,
    sha256       TEXT   NOT NULL,
    published_by BIGINT NOT NULL REFERENCES users (id),
    published_at BIGINT NOT NULL
);
CREATE TRIGGER public_reports_fixed BEFORE UPDATE ON public_reports
BEGIN SELECT RAISE(ABORT, 'a published report stays as it is'); END;
CREATE TRIGGER public_reports_no_delete BEFORE DELETE ON public_reports
BEGIN SELECT RAISE(ABORT, 'a published report stays as it is'); END;
CREATE TRIGGER public_reports_no_replace BEFORE INSERT ON public_reports
WHEN EXISTS (SELECT 1 FROM public_reports o WHERE o.month = NEW.month)
BEGIN SELECT RAISE(ABORT, 'a report of this month is published already'); END;
