//! Configuration: one TOML file, `SISIR__SECTION__KEY` in the environment on top, secrets inline or from `*_file`.
//!
//! Unknown keys are refused, and every problem is reported at once with its place and a mend.

mod read;
mod sections;
mod times;
mod validate;

pub use read::{ConfigProblems, Problem};
pub use sections::{
    Bluesky, Config, Database, Desk, Facebook, Instagram, Jetstream, Jobs, Log, LogFormat, Mail, MailSecurity, Mastodon, Metrics,
    Ministry, MinistryChange, Mode, Oembed, Oidc, Recipient, Retry, Rules, Schedule, ShortLinks, Threads, TiktokResearch, Tips,
    Web, X, Youtube,
};
pub use times::first_time;

use std::path::Path;

/// The file read when no other is named.
pub const DEFAULT_FILE: &str = "config.toml";

/// The documented example, with every key.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Reads `file` (or [`DEFAULT_FILE`] if it exists, or nothing) and the process environment.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn load(file: Option<&Path>) -> Result<Config, ConfigProblems> {
    let default = Path::new(DEFAULT_FILE);
    let path = file.or_else(|| default.exists().then_some(default));
    let text = match path {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            ConfigProblems::one(
                path.display().to_string(),
                format!("cannot be read: {error}"),
                "check the path and its permissions",
            )
        })?,
        None => String::new(),
    };
    let name = path.map_or_else(|| DEFAULT_FILE.to_owned(), |p| p.display().to_string());
    parse(&name, &text, std::env::vars())
}

/// Reads configuration from a text and given environment variables.
///
/// # Errors
/// Every problem found, each with file and line or the variable's name.
pub fn parse(name: &str, text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Config, ConfigProblems> {
    let mut reader = read::Reader::new(name, text, environment)?;
    let config = sections::read(&mut reader);
    validate::check(&config, &mut reader);
    reader.finish(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str, env: &[(&str, &str)]) -> String {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        parse("config.toml", text, env).unwrap_err().to_string()
    }

    #[test]
    fn nothing_at_all_is_a_working_configuration() {
        let config = parse("config.toml", "", []).unwrap();
        assert_eq!(config.database.url, "sqlite:sisir.db");
        assert_eq!(config.tiktok.mode, Mode::Disabled);
    }

    #[test]
    fn the_example_parses_and_names_every_key() {
        let config = parse("config.example.toml", EXAMPLE, []).unwrap();
        let default = parse("config.toml", "", []).unwrap();
        assert_eq!(format!("{config:?}"), format!("{default:?}"), "the example shows the defaults");
        for key in sections::KEYS.iter() {
            let (section, name) = key.rsplit_once('.').unwrap();
            let header = format!("[{section}]");
            let body = EXAMPLE.split_once(&header).unwrap_or_else(|| panic!("{header} is missing")).1;
            let body = body.split("\n[").next().unwrap();
            let named = body.lines().any(|l| l.trim_start_matches("# ").starts_with(&format!("{name} =")));
            assert!(named, "{key} is missing in config.example.toml");
        }
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_place() {
        let text = "[web]\nlisten = 8600\nlissten = \"x\"\n\n[schedule]\ncrawl = \"61 * * * *\"\n[sources.threads]\nmode = \"on\"\n[surprise]\na = 1\n";
        let shown = problems(text, &[("SISIR__MAIL__PORT", "many"), ("SISIR__NOPE__X", "1")]);
        expect_test::expect![[r#"
            7 problems in the configuration:
              config.toml:2: web.listen: invalid type: integer `8600`, expected a string
                mend: see config.example.toml
              config.toml:3: web.lissten: unknown field `lissten`, expected one of `listen`, `session_hours`, `secure_cookies`, `require_second_factor`
                mend: see config.example.toml
              config.toml:6: schedule.crawl: not a schedule: Component error: Number out of bounds.
                mend: five fields: minute hour day month weekday, e.g. "30 7 * * MON-FRI"
              config.toml:8: sources.threads.mode: unknown variant `on`, expected one of `disabled`, `fake`, `live`
                mend: see config.example.toml
              config.toml:10: surprise.a: unknown section
                mend: see config.example.toml for the sections there are
              environment SISIR__MAIL__PORT: mail.port: invalid type: string "many", expected u16
                mend: see config.example.toml
              environment SISIR__NOPE__X: nope.x: unknown section
                mend: see config.example.toml for the sections there are
        "#]]
        .assert_eq(&(shown + "\n"));
    }

    #[test]
    fn a_secret_comes_inline_or_from_a_file_but_not_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "geheim\n").unwrap();
        let file = format!("access_token_file = {:?}", path.to_str().unwrap());
        let config = parse("c", &format!("[sources.threads]\n{file}"), []).unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(config.threads.access_token.as_ref().unwrap()), "geheim");
        assert!(!format!("{config:?}").contains("geheim"), "a secret is never printed");
        let both = problems(&format!("[sources.threads]\naccess_token = \"x\"\n{file}"), &[]);
        assert!(both.contains("access_token and access_token_file are both set"), "{both}");
        let gone = problems("[sources.threads]\naccess_token_file = \"/no/such/file\"", &[]);
        assert!(gone.contains("access_token_file: cannot be read"), "{gone}");
    }

    #[test]
    fn the_date_decides_who_signs() {
        let text = "[ministry]\nsignatory_name = \"A\"\nsignatory_until = \"2026-12-31\"\ncontact_appointment = \"Surat 1\"\n
            [[ministry.changes]]\nfrom = \"2027-02-01\"\ncontact_name = \"C\"\nhelp = \"lain\"\n
            [[ministry.changes]]\nfrom = \"2027-01-01\"\nsignatory_name = \"B\"\n";
        let ministry = parse("c", text, []).unwrap().ministry;
        let on = |month| ministry.on(jiff::civil::date(if month == 12 { 2026 } else { 2027 }, month, 1));
        assert_eq!((on(12).signatory_name.as_str(), on(12).signatory_until.as_str()), ("A", "2026-12-31"));
        assert_eq!((on(1).signatory_name.as_str(), on(1).signatory_until.as_str()), ("B", ""), "another term of office");
        assert_eq!(
            (on(12).contact_until.as_str(), on(2).contact_until.as_str()),
            ("2027-01-31", ""),
            "until the next one begins"
        );
        assert_eq!((on(1).contact_appointment.as_str(), on(2).contact_appointment.as_str()), ("Surat 1", ""));
        assert_eq!((on(2).signatory_name.as_str(), on(2).contact_name.as_str(), on(2).help.as_str()), ("B", "C", "lain"));
        let known = |key: &&&str| **key == "from" || Ministry::FIELDS.contains(*key);
        assert!(MinistryChange::FIELDS.iter().all(|key| known(&key)), "a change of something that is not there");
        let wrong = problems("[[ministry.changes]]\nfrom = \"besok\"\n[[ministry.changes]]\nfrm = \"2027-01-01\"\n", &[]);
        assert!(wrong.contains("unknown field `frm`"), "{wrong}");
        let wrong = problems("[[ministry.changes]]\nfrom = \"besok\"\n", &[]);
        assert!(wrong.contains("`besok` is no day"), "{wrong}");
    }

    #[test]
    fn a_broken_file_is_shown_with_its_line() {
        let shown = problems("[web\nlisten = 1", &[]);
        assert!(shown.contains("config.toml:1"), "{shown}");
    }

    #[test]
    fn the_environment_wins() {
        let env = [("SISIR__WEB__LISTEN".to_owned(), "127.0.0.1:9000".to_owned())];
        let config = parse("c", "[web]\nlisten = \"127.0.0.1:1\"", env).unwrap();
        assert_eq!(config.web.listen, "127.0.0.1:9000");
    }
}
