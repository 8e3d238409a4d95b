//! Looks through a package before it is rendered and signed: what is missing, and what says too much. The parts of an
//! official letter are those of the guidelines for official correspondence (Peraturan ANRI 5/2021); what a request has
//! to name is the union of what platforms ask for and Regulation (EU) 2022/2065, articles 9 and 16.

use jiff::civil::Date;

use super::letter::copied;
use super::{BatchReport, ReportRow, redact};
use crate::domain::Platform;
use crate::domain::batch::BatchKind;
use crate::domain::legal::BasisKind;

/// Days for which a look at a recipient's channel counts.
pub const CHANNEL_DAYS: i32 = 90;

/// Whether somebody made sure of a channel lately enough for a letter of `day`.
pub fn is_verified(verified_on: Option<Date>, day: Date) -> bool {
    verified_on.is_some_and(|verified| (0..=CHANNEL_DAYS).contains(&(day - verified).get_days()))
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The package is not rendered, signed or handed over.
    Stop,
    /// Worth knowing before one signs.
    Note,
}

/// One thing that is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code, e.g. `L07`; docs/operations.md has the table.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Case id of the row it is about; none for the letter itself.
    pub case_id: Option<String>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub mend: &'static str,
}

/// What the report alone cannot tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Day of the letter, Asia/Jakarta.
    pub day: Date,
    /// Last day of the letterhead, of the signatory and of the contact person; none without an end.
    pub until: [Option<Date>; 3],
    /// When somebody last made sure that requests arrive at this address.
    pub verified_on: Option<Date>,
    /// Whether the letterhead is the made-up one of the example.
    pub made_up: bool,
    /// Of each row, in order.
    pub rows: Vec<RowFacts>,
}

/// What a row alone cannot tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowFacts {
    /// Platform and id that its address leads to; none if it names no post.
    pub address: Option<(Platform, String)>,
    /// Whether the last look missed the post.
    pub gone: bool,
    /// Another package, not given up, that asks for the same post.
    pub asked_in: Option<String>,
}

/// Words that a request never uses: it alleges and does not convict, and it threatens nobody.
const NEVER: [&str; 9] = ["terbukti", "pelaku kejahatan", "oknum", "sanksi pidana", "wajib", "st1", "st2", "st3", "1x24"];

/// Words for how goods came in.
const ROUTES: [&str; 5] = ["kapal", "pelabuhan", "kontainer", "gudang", "jalur"];

/// Everything that is wrong, the worst first.
pub fn lint(report: &BatchReport, facts: &Facts) -> Vec<Finding> {
    let mut lint = Lint { findings: Vec::new(), day: facts.day };
    lint.letterhead(report, facts);
    lint.people(report, facts);
    lint.recipient(report, facts);
    lint.basis(report);
    lint.copies(report);
    lint.wording(report);
    lint.rows(report, facts);
    lint.findings.sort_by_key(|finding| finding.severity);
    lint.findings
}

struct Lint {
    findings: Vec<Finding>,
    day: Date,
}

impl Lint {
    fn say(&mut self, severity: Severity, code: &'static str, message: String, mend: &'static str) {
        self.findings.push(Finding { code, severity, case_id: None, message, mend });
    }

    fn stop(&mut self, code: &'static str, message: impl Into<String>, mend: &'static str) {
        self.say(Severity::Stop, code, message.into(), mend);
    }

    fn stop_row(&mut self, row: &ReportRow, code: &'static str, message: impl Into<String>, mend: &'static str) {
        let case_id = Some(row.case_id.clone());
        self.findings.push(Finding { code, severity: Severity::Stop, case_id, message: message.into(), mend });
    }

    fn empty(&mut self, code: &'static str, parts: &[(&str, &str)]) {
        for (key, _) in parts.iter().filter(|(_, value)| value.trim().is_empty()) {
            self.stop(code, format!("`{key}` is empty"), "fill it in in the configuration");
        }
    }

    fn ended(&mut self, code: &'static str, what: &str, until: Option<Date>) {
        if let Some(until) = until.filter(|until| *until < self.day) {
            self.stop(code, format!("`{what}` ended on {until}"), "put in whoever follows, and until when");
        }
    }

    fn letterhead(&mut self, report: &BatchReport, facts: &Facts) {
        let from = &report.from;
        self.empty(
            "L01",
            &[
                ("ministry.name", &from.name),
                ("ministry.short_name", &from.short_name),
                ("ministry.unit", &from.unit),
                ("ministry.address", &from.address),
                ("ministry.phone", &from.phone),
                ("ministry.website", &from.website),
                ("ministry.city", &from.city),
                ("ministry.help", &from.help),
            ],
        );
        if !is_mail_address(&from.email) {
            self.stop("L01", "`ministry.email` is no mail address", "fill it in in the configuration");
        }
        self.ended("L02", "ministry.until", facts.until[0]);
        if facts.made_up {
            let mend = "fill in [ministry] before anything leaves";
            self.say(Severity::Note, "L03", "the letterhead is the made-up one of the example".into(), mend);
        }
        if report.code.trim().is_empty() || report.number.trim().is_empty() {
            self.stop("L04", "the letter has no number", "draft the package again");
        }
        if !report.kind.is_answered() {
            // Nobody is asked to answer by a day.
        } else if !(1..=60).contains(&from.answer_days) {
            let mend = "`ministry.answer_days` is 1 to 60 working days";
            self.stop("L05", format!("an answer is hoped for in {} working days", from.answer_days), mend);
        } else if report.answer_by <= self.day {
            let message = format!("an answer is hoped for by {}, before the letter leaves", report.answer_by);
            self.stop("L05", message, "mend the schedule of deliveries, and draft the package again");
        }
    }

    fn people(&mut self, report: &BatchReport, facts: &Facts) {
        let from = &report.from;
        self.empty(
            "L06",
            &[
                ("ministry.signatory_title", &from.signatory_title),
                ("ministry.signatory_name", &from.signatory_name),
                ("ministry.signatory_mandate", &from.signatory_mandate),
            ],
        );
        self.ended("L06", "ministry.signatory_until", facts.until[1]);
        self.empty("L07", &[("ministry.contact_title", &from.contact_title), ("ministry.contact_name", &from.contact_name)]);
        self.ended("L07", "ministry.contact_until", facts.until[2]);
        if report.kind == BatchKind::Application && from.contact_appointment.trim().is_empty() {
            let mend = "set `ministry.contact_appointment`; only a named contact person files (Permenkominfo 5/2020, article 17)";
            self.stop("L23", "the contact person was not named to the ministry of communication", mend);
        }
    }

    fn recipient(&mut self, report: &BatchReport, facts: &Facts) {
        self.empty("L08", &[("recipients.*.office", &report.to.office)]);
        let portal = &report.to.portal;
        if portal.is_empty() && !is_mail_address(&report.to.email) {
            self.stop("L08", "`recipients.*.email` is no mail address", "fill it in in the configuration");
        } else if !portal.is_empty() && (!portal.starts_with("https://") || !report.to.email.is_empty()) {
            self.stop(
                "L08",
                "`recipients.*.portal` is no address of a form, or there is a mail address too",
                "fill it in in the configuration",
            );
        }
        if !is_verified(facts.verified_on, self.day) {
            let mend = "ask the platform whether requests arrive there, and set `verified_on` of its [recipients.*]";
            self.stop("L09", format!("nobody made sure within {CHANNEL_DAYS} days that requests arrive at this address"), mend);
        }
    }

    fn basis(&mut self, report: &BatchReport) {
        let alone = matches!(report.kind, BatchKind::Request | BatchKind::Lead | BatchKind::Notice);
        if !alone && report.refers_to.is_empty() {
            self.stop("L10", "the letter names no earlier one that it is about", "draft the package again");
        }
        if report.kind.takes_back() {
            return;
        }
        let tells = matches!(report.kind, BatchKind::Lead | BatchKind::Notice);
        let has = |kinds: &[BasisKind]| report.basis.iter().any(|basis| kinds.contains(&basis.kind));
        if !has(&[BasisKind::ImportBan, BasisKind::ImportControl]) || !(tells || has(&[BasisKind::Content])) {
            let mend = "the rule pack cites one of each that is in force; see `legal` of its pack.toml";
            self.stop("L11", "the letter cites no rule about import, or none about content", mend);
        }
        for basis in &report.basis {
            let day = |text: &str| text.parse::<Date>().ok();
            let begun = day(&basis.effective_from).is_some_and(|from| from <= self.day);
            let ended = basis.effective_to.as_deref().is_some_and(|to| day(to).is_none_or(|to| to < self.day));
            if !begun || ended || basis.cite.trim().is_empty() {
                self.stop(
                    "L12",
                    format!("legal basis `{}` is not in force on the day of the letter", basis.id),
                    "cite its successor",
                );
            }
        }
    }

    /// Customs hears of posts that say how goods came in, not of every used shirt.
    fn copies(&mut self, report: &BatchReport) {
        let customs = |name: &String| name.to_lowercase().contains("bea") && name.to_lowercase().contains("cukai");
        let says_how = |row: &ReportRow| {
            let words = row.elements[1].to_lowercase();
            ROUTES.iter().any(|route| words.contains(route))
        };
        if copied(report.kind) && report.from.copies.iter().any(customs) && !report.rows.iter().any(says_how) {
            let mend = "take customs out of `ministry.copies`, or write an information sheet";
            self.stop("L25", "customs gets a copy, and no post says how its goods came in", mend);
        }
    }

    /// The words of the letter itself are fixed and tested; what the configuration adds to them is not.
    fn wording(&mut self, report: &BatchReport) {
        let (from, to) = (&report.from, &report.to);
        let own = [
            &from.name,
            &from.unit,
            &from.address,
            &from.signatory_title,
            &from.contact_title,
            &from.signatory_mandate,
            &from.help,
            &to.office,
            &to.entity,
        ];
        let words = |text: &str| {
            let split = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            format!(" {} ", split.collect::<Vec<_>>().join(" ").to_lowercase())
        };
        let own: String = own.into_iter().chain(&from.copies).map(|text| words(text)).collect();
        // However it is spaced.
        let own = own.replace(&["1", "x", "24"].join(" "), "1x24");
        for word in NEVER {
            if own.contains(&format!(" {word} ")) {
                self.stop(
                    "L13",
                    format!("the letter says `{word}`"),
                    "a request alleges and asks; take the word out of the configuration",
                );
            }
        }
    }

    fn rows(&mut self, report: &BatchReport, facts: &Facts) {
        if report.rows.is_empty() {
            self.stop("L14", "the package has no rows", "draft the package again");
        }
        if facts.rows.len() != report.rows.len() || !(1..).zip(&report.rows).all(|(no, row)| row.item_no == no) {
            self.stop("L14", "the rows are not numbered one by one", "draft the package again");
        }
        if !report.rule_set.bytes().all(|b| b.is_ascii_hexdigit()) || report.rule_set.len() != 64 {
            self.stop("L15", "the letter does not say which rules found the posts", "draft the package again");
        }
        let nothing = RowFacts { gone: true, ..RowFacts::default() };
        for (at, row) in report.rows.iter().enumerate() {
            let known = facts.rows.get(at).unwrap_or(&nothing);
            let twice = report.rows.iter().take(at).any(|other| other.native_id == row.native_id || other.case_id == row.case_id);
            self.row(report, row, known, twice);
        }
    }

    fn row(&mut self, report: &BatchReport, row: &ReportRow, facts: &RowFacts, twice: bool) {
        let again = "give this package up and draft another";
        let leads_here =
            facts.address.as_ref().is_some_and(|(platform, id)| *platform == report.platform && *id == row.native_id);
        if row.native_id.trim().is_empty() || !leads_here {
            self.stop_row(row, "L16", "its address leads to no post of this platform, or to another", again);
        }
        if twice {
            self.stop_row(row, "L17", "the package asks for this post twice", again);
        }
        if let Some(code) = &facts.asked_in {
            self.stop_row(row, "L17", format!("{code} asks for this post already"), again);
        }
        let named = [&row.reviewer, &row.reason, &row.case_id, &row.text_sha256];
        if named.iter().any(|text| text.trim().is_empty()) || row.second_reviewer.as_ref() == Some(&row.reviewer) {
            self.stop_row(row, "L18", "it does not say who decided, about which text, or why", again);
        }
        if report.kind.takes_back() {
            return;
        }
        if report.kind == BatchKind::Application && row.screenshots.is_empty() {
            let mend = "take one on the page of the post; an application encloses it (Permenkominfo 5/2020, article 16)";
            self.stop_row(row, "L24", "it has no screenshot", mend);
        }
        // A lead is about where goods came in, not about what is to be seen.
        if facts.gone && report.kind != BatchKind::Lead {
            self.stop_row(
                row,
                "L19",
                "the last look did not find this post any more",
                "give this package up; nothing is asked about what is gone",
            );
        }
        if row.elements.iter().any(|words| words.trim().is_empty()) || row.rules.is_empty() {
            self.stop_row(row, "L20", "it does not show used clothing, import and offer, or which rule found it", again);
        }
        if row.decided_at > report.dated || row.seen_at > report.dated || row.decided_at < row.seen_at {
            self.stop_row(row, "L21", "its times do not follow each other", again);
        }
        let printed = std::iter::once(&row.excerpt).chain(&row.elements);
        if printed.into_iter().any(|text| redact(text, usize::MAX) != *text) || row.excerpt.chars().count() > 200 {
            self.stop_row(row, "L22", "its quote shows a contact of a person, or is too long", again);
        }
    }
}

/// Not the whole of RFC 5322: a name, an `@`, a host with a dot.
fn is_mail_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::legal::Basis;
    use crate::domain::{Entropy, Millis};
    use crate::report::{Addressee, Letterhead};

    const DAY: i64 = 86_400_000;
    const NOW: Millis = Millis(1_795_136_644_000);

    fn id(no: usize) -> String {
        format!("77100863364926024{no:02}")
    }

    fn complete(kind: BatchKind, rows: usize) -> (BatchReport, Facts) {
        let basis = |id: &str, kind| Basis {
            id: id.into(),
            kind,
            cite: format!("Peraturan {id}"),
            cite_en: None,
            effective_from: "2020-01-01".into(),
            effective_to: None,
            source: "contoh".into(),
        };
        let row = |no: usize| ReportRow {
            item_no: i32::try_from(no).unwrap(),
            case_id: format!("KS-{no:06}"),
            native_id: id(no),
            url: format!("https://www.tiktok.com/@toko.contoh/video/{}", id(no)),
            author: "toko.contoh".into(),
            posted_at: Some(Millis(NOW.0 - 3 * DAY)),
            seen_at: Millis(NOW.0 - 2 * DAY),
            looked_at: Some(Millis(NOW.0 - DAY)),
            text_sha256: "0".repeat(64),
            screenshots: vec!["1".repeat(64)],
            answer: None,
            capture: Some("2".repeat(64)),
            excerpt: "Buka bal segel, 35k".into(),
            elements: ["buka bal".into(), "korea".into(), "35k".into()],
            rules: vec!["bal-ditawarkan".into()],
            reason: "bale_offer".into(),
            reviewer: "petugas 2".into(),
            second_reviewer: None,
            decided_at: Millis(NOW.0 - DAY),
        };
        let text = |text: &str| text.to_owned();
        let report = BatchReport {
            code: "TR-2026-000001".into(),
            number: "B-1/SISIR/XI/2026".into(),
            answer_by: NOW.in_jakarta().date().saturating_add(jiff::Span::new().days(7)),
            measured: crate::report::Measured::default(),
            kind,
            platform: Platform::Tiktok,
            dated: NOW,
            from: Letterhead {
                name: text("Kementerian Contoh"),
                short_name: text("KC"),
                unit: text("Deputi Contoh"),
                address: text("Jalan Contoh 1"),
                phone: text("021-0000-0000"),
                website: text("www.contoh.go.id"),
                email: text("penurunan@contoh.go.id"),
                city: text("Jakarta"),
                signatory_title: text("Deputi"),
                signatory_name: text("Nama Contoh"),
                signatory_mandate: text("Keputusan Contoh"),
                copies: vec![text("Direktur Jenderal Contoh")],
                contact_name: text("Nama Lain"),
                contact_title: text("Narahubung"),
                contact_appointment: text("Surat Nomor 1/2026"),
                help: text("0800-0000-0000, setiap hari 24 jam"),
                appeals: text("https://sisir.contoh.go.id/keberatan"),
                answer_days: 5,
            },
            to: Addressee {
                office: text("Tim Contoh"),
                entity: text("Contoh"),
                email: text("platform@contoh.id"),
                portal: String::new(),
            },
            basis: if kind.takes_back() {
                Vec::new()
            } else {
                vec![basis("PM47", BasisKind::ImportBan), basis("PP80-22", BasisKind::Content)]
            },
            of_rows: rows,
            pictures: Vec::new(),
            refers_to: if kind.follows().is_some() {
                Vec::new()
            } else {
                vec![crate::report::Reference {
                    code: text("TR-2026-000000"),
                    number: text("B-0/SISIR/XI/2026"),
                    dated: Some(NOW),
                }]
            },
            rows: (1..=rows).map(row).collect(),
            rule_set: "0".repeat(64),
        };
        let known = |no: usize| RowFacts { address: Some((Platform::Tiktok, id(no))), ..RowFacts::default() };
        let day = NOW.in_jakarta().date();
        let facts = Facts {
            day,
            until: [None, Some(day), None],
            verified_on: Some(day.saturating_sub(jiff::Span::new().days(CHANNEL_DAYS))),
            made_up: false,
            rows: (1..=rows).map(known).collect(),
        };
        (report, facts)
    }

    /// Code, kinds of letters that it is about, what goes wrong. `usize`: the row it happens to.
    type Mutation = (&'static str, fn(BatchKind) -> bool, fn(&mut BatchReport, &mut Facts, usize));

    const ANY: fn(BatchKind) -> bool = |_| true;
    const ANSWERED: fn(BatchKind) -> bool = BatchKind::is_answered;
    const ABOUT: fn(BatchKind) -> bool = |kind| kind.follows().is_none();
    const ASKS: fn(BatchKind) -> bool = |kind| !kind.takes_back();
    const ACCUSES: fn(BatchKind) -> bool = |kind| !kind.takes_back() && !matches!(kind, BatchKind::Lead | BatchKind::Notice);
    const SHOWN: fn(BatchKind) -> bool = |kind| !kind.takes_back() && kind != BatchKind::Lead;
    const APPLIES: fn(BatchKind) -> bool = |kind| kind == BatchKind::Application;

    /// Every part of the letter and of a row that can be missing or wrong.
    const MUTATIONS: &[Mutation] = &[
        ("L01", ANY, |r, _, _| r.from.name.clear()),
        ("L01", ANY, |r, _, _| r.from.short_name = "  ".into()),
        ("L01", ANY, |r, _, _| r.from.unit.clear()),
        ("L01", ANY, |r, _, _| r.from.address.clear()),
        ("L01", ANY, |r, _, _| r.from.phone.clear()),
        ("L01", ANY, |r, _, _| r.from.website.clear()),
        ("L01", ANY, |r, _, _| r.from.city.clear()),
        ("L01", ANY, |r, _, _| r.from.help.clear()),
        ("L01", ANY, |r, _, _| r.from.email = "penurunan@contoh".into()),
        ("L02", ANY, |_, f, _| f.until[0] = f.day.yesterday().ok()),
        ("L04", ANY, |r, _, _| r.code.clear()),
        ("L04", ANY, |r, _, _| r.number.clear()),
        ("L05", ANSWERED, |r, f, _| r.answer_by = f.day),
        ("L05", ANSWERED, |r, _, _| r.from.answer_days = 0),
        ("L05", ANSWERED, |r, _, _| r.from.answer_days = 61),
        ("L06", ANY, |r, _, _| r.from.signatory_name.clear()),
        ("L06", ANY, |r, _, _| r.from.signatory_title.clear()),
        ("L06", ANY, |r, _, _| r.from.signatory_mandate.clear()),
        ("L06", ANY, |_, f, _| f.until[1] = f.day.yesterday().ok()),
        ("L07", ANY, |r, _, _| r.from.contact_name.clear()),
        ("L07", ANY, |r, _, _| r.from.contact_title.clear()),
        ("L07", ANY, |_, f, _| f.until[2] = f.day.yesterday().ok()),
        ("L08", ANY, |r, _, _| r.to.office.clear()),
        ("L08", ANY, |r, _, _| r.to.email.clear()),
        ("L08", ANY, |r, _, _| r.to.email = "tim hubungan@contoh.id".into()),
        ("L08", ANY, |r, _, _| r.to.portal = "formulir".into()),
        ("L08", ANY, |r, _, _| (r.to.portal = "http://platform.contoh.id".into(), r.to.email.clear()).1),
        ("L09", ANY, |_, f, _| f.verified_on = None),
        ("L09", ANY, |_, f, _| f.verified_on = f.verified_on.and_then(|day| day.yesterday().ok())),
        ("L09", ANY, |_, f, _| f.verified_on = Some(f.day.saturating_add(jiff::Span::new().days(9)))),
        ("L10", ABOUT, |r, _, _| r.refers_to.clear()),
        ("L11", ASKS, |r, _, _| r.basis.clear()),
        ("L11", ACCUSES, |r, _, _| r.basis.truncate(1)),
        ("L11", ASKS, |r, _, _| drop(r.basis.remove(0))),
        ("L12", ASKS, |r, _, _| r.basis[0].effective_to = Some("2025-12-31".into())),
        ("L12", ASKS, |r, _, _| r.basis[1].effective_from = "2027-01-01".into()),
        ("L12", ASKS, |r, _, _| r.basis[1].cite.clear()),
        ("L13", ANY, |r, _, _| r.to.office = "Oknum, yang terbukti".into()),
        ("L13", ANY, |r, _, _| r.to.entity = "paling lambat 1 x 24 jam".into()),
        ("L13", ANY, |r, _, _| r.from.help = "Platform wajib menjawab".into()),
        ("L13", ANY, |r, _, _| r.from.unit = "Sanksi  pidana menanti".into()),
        ("L14", ANY, |r, _, row| r.rows[row].item_no += 1),
        ("L14", ANY, |r, f, _| (r.rows.clear(), f.rows.clear()).0),
        ("L15", ANY, |r, _, _| r.rule_set.clear()),
        ("L16", ANY, |r, _, row| r.rows[row].native_id.clear()),
        ("L16", ANY, |_, f, row| f.rows[row].address = None),
        ("L16", ANY, |_, f, row| f.rows[row].address = Some((Platform::Instagram, id(row + 1)))),
        ("L16", ANY, |_, f, row| f.rows[row].address = Some((Platform::Tiktok, "1".into()))),
        ("L17", ANY, |_, f, row| f.rows[row].asked_in = Some("TR-2026-000009".into())),
        ("L17", ANY, |r, f, row| {
            let (mut copy, known) = (r.rows[row].clone(), f.rows[row].clone());
            copy.item_no = i32::try_from(r.rows.len()).unwrap() + 1;
            r.rows.push(copy);
            f.rows.push(known);
        }),
        ("L18", ANY, |r, _, row| r.rows[row].reviewer.clear()),
        ("L18", ANY, |r, _, row| r.rows[row].reason.clear()),
        ("L18", ANY, |r, _, row| r.rows[row].case_id.clear()),
        ("L18", ANY, |r, _, row| r.rows[row].text_sha256.clear()),
        ("L18", ANY, |r, _, row| r.rows[row].second_reviewer = Some(r.rows[row].reviewer.clone())),
        ("L19", SHOWN, |_, f, row| f.rows[row].gone = true),
        ("L20", ASKS, |r, _, row| r.rows[row].elements[0].clear()),
        ("L20", ASKS, |r, _, row| r.rows[row].elements[1] = " ".into()),
        ("L20", ASKS, |r, _, row| r.rows[row].elements[2].clear()),
        ("L20", ASKS, |r, _, row| r.rows[row].rules.clear()),
        ("L21", ASKS, |r, _, row| r.rows[row].decided_at = Millis(r.dated.0 + 1)),
        ("L21", ASKS, |r, _, row| r.rows[row].decided_at = Millis(r.rows[row].seen_at.0 - 1)),
        ("L22", ASKS, |r, _, row| r.rows[row].excerpt = "WA 0800-0000-0105".into()),
        ("L22", ASKS, |r, _, row| r.rows[row].elements[2] = "toko@contoh.id".into()),
        ("L22", ASKS, |r, _, row| r.rows[row].excerpt = "bal ".repeat(51).trim().into()),
        ("L25", copied, |r, _, _| r.from.copies.push("Direktur Jenderal Bea dan Cukai".into())),
        ("L23", APPLIES, |r, _, _| r.from.contact_appointment = " ".into()),
        ("L24", APPLIES, |r, _, row| r.rows[row].screenshots.clear()),
    ];

    fn stops(report: &BatchReport, facts: &Facts) -> Vec<&'static str> {
        let found = lint(report, facts);
        found.iter().filter(|finding| finding.severity == Severity::Stop).map(|finding| finding.code).collect()
    }

    #[test]
    fn a_complete_package_passes() {
        for kind in BatchKind::ALL {
            let (report, facts) = complete(*kind, 3);
            assert_eq!(lint(&report, &facts), vec![], "{kind}");
        }
        let (mut report, mut facts) = complete(BatchKind::Request, 1);
        facts.made_up = true;
        assert_eq!(lint(&report, &facts).iter().map(|f| (f.code, f.severity)).collect::<Vec<_>>(), [("L03", Severity::Note)]);
        report.kind = BatchKind::Withdrawal;
        assert_eq!(stops(&report, &facts), ["L10"]);
    }

    #[test]
    fn each_missing_part_has_its_code() {
        for (at, (code, concerns, mutate)) in MUTATIONS.iter().enumerate() {
            for kind in BatchKind::ALL.iter().filter(|kind| concerns(**kind)) {
                let (mut report, mut facts) = complete(*kind, 3);
                mutate(&mut report, &mut facts, 1);
                let found = stops(&report, &facts);
                assert!(found.contains(code), "mutation {at} of a {kind}: {found:?} instead of {code}");
            }
        }
    }

    #[test]
    fn of_ten_thousand_mutated_packages_none_passes() {
        let chance = Entropy::seeded(20_261_127);
        let below = |n: usize| usize::from(u16::from_le_bytes(chance.bytes())) % n;
        let mut passed = Vec::new();
        for round in 0..10_000 {
            // Half of them are requests.
            let kind = if round % 2 == 0 { BatchKind::Request } else { BatchKind::ALL[below(BatchKind::ALL.len())] };
            let rows = 1 + below(8);
            let (mut report, mut facts) = complete(kind, rows);
            let wrong: Vec<usize> = (0..=below(3)).map(|_| below(MUTATIONS.len())).collect();
            let fitting: Vec<usize> = wrong.into_iter().filter(|at| MUTATIONS[*at].1(kind)).collect();
            for at in &fitting {
                // Rows may be gone by an earlier mutation, and bases too.
                if report.rows.len() >= rows && (report.basis.len() == 2 || !["L11", "L12"].contains(&MUTATIONS[*at].0)) {
                    MUTATIONS[*at].2(&mut report, &mut facts, below(rows));
                }
            }
            if !fitting.is_empty() && stops(&report, &facts).is_empty() {
                passed.push((round, fitting));
            }
        }
        println!("10,000 mutated packages, {} passed", passed.len());
        assert!(passed.is_empty(), "{passed:?}");
    }
}
