//! Texts in Bahasa Indonesia (first) and English, from `locales/*/*.ftl`, compiled in.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

use crate::domain::Millis;
use crate::domain::user::{Language, Zone};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "id",
        // Isolation marks around values would show up in searches and tests.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ID: LanguageIdentifier = langid!("id");
static EN: LanguageIdentifier = langid!("en");

/// Numbers that pages show: templates have them by reference.
pub trait Count {
    /// The number.
    fn count(&self) -> i64;
}

impl Count for i64 {
    fn count(&self) -> i64 {
        *self
    }
}

impl Count for i32 {
    fn count(&self) -> i64 {
        i64::from(*self)
    }
}

impl Count for u32 {
    fn count(&self) -> i64 {
        i64::from(*self)
    }
}

impl Count for u64 {
    fn count(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl Count for usize {
    fn count(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl<T: Count> Count for &T {
    fn count(&self) -> i64 {
        (**self).count()
    }
}

/// Moments that pages show: templates have them by reference.
pub trait Moment {
    /// The moment.
    fn moment(&self) -> Millis;
}

impl Moment for Millis {
    fn moment(&self) -> Millis {
        *self
    }
}

impl<T: Moment> Moment for &T {
    fn moment(&self) -> Millis {
        (**self).moment()
    }
}

/// Texts in one language, and times in one zone.
#[derive(Debug, Clone, Copy)]
pub struct Text(Language, Zone);

impl Text {
    /// Texts in `language`.
    pub const fn new(language: Language) -> Self {
        Self(language, Zone::Wib)
    }

    /// With times as people in `zone` read them.
    #[must_use]
    pub const fn in_zone(self, zone: Zone) -> Self {
        Self(self.0, zone)
    }

    /// A moment as the reader's clock shows it: `22/11/2026 09:04 WITA`.
    pub fn at(self, moment: impl Moment) -> String {
        moment.moment().local(self.1)
    }

    /// The language.
    pub const fn language(self) -> Language {
        self.0
    }

    /// The text for `key`.
    pub fn m(self, key: &str) -> String {
        LOCALES.lookup(self.id(), key)
    }

    /// The text for `key` with a number in it, in its plural form.
    pub fn n(self, key: &str, number: impl Count) -> String {
        let number = number.count();
        let shown = FluentValue::from(self.number(number));
        let arguments = HashMap::from([(Cow::from("count"), FluentValue::from(number)), (Cow::from("n"), shown)]);
        LOCALES.lookup_with_args(self.id(), key, &arguments)
    }

    /// A refusal, which the program says in English, in the reader's language.
    pub fn refusal(self, english: &str) -> String {
        super::refusals::in_language(english, self.0)
    }

    /// The text for a value of an enum: `{prefix}-{value}` with hyphens.
    pub fn v(self, prefix: &str, value: impl std::fmt::Display) -> String {
        self.m(&format!("{prefix}-{value}").replace('_', "-"))
    }

    /// `1.234` in Indonesian, `1,234` in English.
    pub fn number(self, number: impl Count) -> String {
        let number = number.count();
        let separator = if self.0 == Language::Indonesian { '.' } else { ',' };
        let digits = number.unsigned_abs().to_string();
        let mut out = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(separator);
            }
            out.push(digit);
        }
        if number < 0 { format!("-{out}") } else { out }
    }

    /// `12,3` in Indonesian, `12.3` in English.
    pub fn decimal(self, number: f64) -> String {
        let shown = format!("{number:.1}");
        if self.0 == Language::Indonesian { shown.replace('.', ",") } else { shown }
    }

    /// How long something has waited, in its largest unit: `3 jam`, `2 days`.
    pub fn age(self, age: std::time::Duration) -> String {
        let minutes = i64::try_from(age.as_secs() / 60).unwrap_or(i64::MAX);
        match minutes {
            0..60 => self.n("age-minutes", minutes),
            60..2_880 => self.n("age-hours", minutes / 60),
            _ => self.n("age-days", minutes / 1_440),
        }
    }

    /// `0,42` in Indonesian, `0.42` in English.
    pub fn hundredths(self, number: f64) -> String {
        let shown = format!("{number:.2}");
        if self.0 == Language::Indonesian { shown.replace('.', ",") } else { shown }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self.0 {
            Language::Indonesian => &ID,
            Language::English => &EN,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(ftl: &str) -> BTreeSet<&str> {
        ftl.lines().filter(|l| !l.starts_with([' ', '#'])).filter_map(|l| l.split_once(" =")).map(|(key, _)| key).collect()
    }

    fn texts(language: &str) -> String {
        let files = std::fs::read_dir(format!("locales/{language}")).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn no_key_is_there_twice() {
        for text in [texts("id"), texts("en")] {
            let all = text.lines().filter(|l| !l.starts_with([' ', '#', '}'])).filter(|l| l.contains(" =")).count();
            assert_eq!(all, keys(&text).len());
        }
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let (id, en) = (texts("id"), texts("en"));
        let (id, en) = (keys(&id), keys(&en));
        assert_eq!(id.difference(&en).collect::<Vec<_>>(), Vec::<&&str>::new(), "missing in English");
        assert_eq!(en.difference(&id).collect::<Vec<_>>(), Vec::<&&str>::new(), "missing in Indonesian");
    }

    #[test]
    fn every_key_that_a_template_uses_exists() {
        let known = texts("id");
        let known = keys(&known);
        let call = regex::Regex::new(r#"t\.[mn]\("([a-z0-9-]+)""#).unwrap();
        let mut used = 0;
        for entry in std::fs::read_dir("templates/web").unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for found in call.captures_iter(&text) {
                used += 1;
                assert!(known.contains(&found[1]), "{}: {}", path.display(), &found[1]);
            }
        }
        assert!(used > 50);
    }

    #[test]
    fn every_value_that_a_page_shows_has_a_text() {
        use crate::domain::{batch, check, decision, delivery, flag, user};
        let known = texts("id");
        let known = keys(&known);
        let mut wanted: Vec<String> = Vec::new();
        wanted.extend(decision::Reason::ALL.iter().map(|v| format!("reason-{v}")));
        wanted.extend(decision::Verdict::ALL.iter().map(|v| format!("verdict-{v}")));
        wanted.extend(flag::FlagState::ALL.iter().map(|v| format!("flag-{v}")));
        wanted.extend(flag::Priority::ALL.iter().map(|v| format!("priority-{v}")));
        wanted.extend(batch::BatchState::ALL.iter().map(|v| format!("batch-{v}")));
        wanted.extend(batch::BatchKind::ALL.iter().map(|v| format!("kind-{v}")));
        wanted.extend(delivery::DeliveryState::ALL.iter().map(|v| format!("delivery-{v}")));
        wanted.extend(delivery::AttemptOutcome::ALL.iter().map(|v| format!("outcome-{v}")));
        wanted.extend(check::Liveness::ALL.iter().map(|v| format!("liveness-{v}")));
        wanted.extend(user::Role::ALL.iter().map(|v| format!("role-{v}")));
        wanted.extend(flag::Lane::ALL.iter().map(|v| format!("lane-{v}")));
        wanted.extend(flag::Role::ALL.iter().map(|v| format!("actor-{v}")));
        wanted.extend(decision::FollowUp::ALL.iter().map(|v| format!("action-{v}")));
        wanted.extend(crate::domain::tip::TipReason::ALL.iter().map(|v| format!("tip-reason-{v}")));
        wanted.extend(crate::domain::tip::TipProblem::ALL.iter().map(|v| format!("tip-problem-{v}")));
        for prefix in ["tip-status", "tip-status-why"] {
            wanted.extend(crate::domain::tip::TipStatus::ALL.iter().map(|v| format!("{prefix}-{v}")));
        }
        wanted.extend(crate::domain::rule_change::ChangeState::ALL.iter().map(|v| format!("change-{v}")));
        wanted.extend(crate::domain::account::MarkKind::ALL.iter().map(|v| format!("mark-{v}")));
        wanted.extend(crate::domain::account::ContactKind::ALL.iter().map(|v| format!("contact-{v}")));
        wanted.extend(crate::domain::alert::AlertKind::ALL.iter().map(|v| format!("alert-{v}")));
        for prefix in ["appeal", "appeal-means"] {
            wanted.extend(crate::domain::appeal::AppealOutcome::ALL.iter().map(|v| format!("{prefix}-{v}")));
        }
        wanted.extend(crate::domain::appeal::AppealProblem::ALL.iter().map(|v| format!("appeal-problem-{v}")));
        for prefix in ["clock", "clock-do"] {
            wanted.extend(crate::domain::deadline::ClockKind::ALL.iter().map(|v| format!("{prefix}-{v}")));
        }
        for table in ["judged", "letters", "requested", "answers", "down", "appeals", "late", "received", "rules"] {
            wanted.extend(["table", "note"].map(|part| format!("record-{part}-{table}")));
        }
        wanted.extend(["objections", "reports-public", "reports-associations", "changed"].map(|row| format!("record-row-{row}")));
        wanted.extend(crate::domain::answer::Outcome::ALL.iter().map(|v| format!("answer-{v}")));
        wanted.extend(crate::domain::stage::Stage::ALL.iter().map(|v| format!("stage-{v}")));
        for key in wanted {
            assert!(known.contains(key.replace('_', "-").as_str()), "{key}");
        }
    }

    #[test]
    fn numbers_are_grouped_as_each_language_does() {
        assert_eq!(Text::new(Language::Indonesian).number(1_234_567_i64), "1.234.567");
        assert_eq!(Text::new(Language::English).number(-1234_i64), "-1,234");
    }
}
