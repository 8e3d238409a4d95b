//! What types cannot say: ranges, addresses, schedules, credentials that a mode needs.

use std::str::FromStr;

use super::read::Reader;
use super::sections::{Config, Instagram, Mode, Oidc};
use super::times::first_time;
use crate::domain::calendar::Calendar;
use crate::domain::leads_here;

/// Records every problem of `config` in `reader`.
pub(super) fn check(config: &Config, reader: &mut Reader) {
    database(config, reader);
    for (path, listen) in [("web.listen", &config.web.listen), ("metrics.listen", &config.metrics.listen)] {
        let off = path == "metrics.listen" && listen.is_empty();
        if !off && std::net::SocketAddr::from_str(listen).is_err() {
            reader.problem(path, format!("`{listen}` is not an address with a port"), "e.g. \"127.0.0.1:8600\"");
        }
    }
    if !(0.0..=1.0).contains(&config.desk.blind_share) {
        reader.problem("desk.blind_share", "not a share", "0 to 1, e.g. 0.05");
    }
    if let Some(key) = &config.desk.contact_key
        && secrecy::ExposeSecret::expose_secret(key).len() < 32
    {
        reader.problem(
            "desk.contact_key",
            "too short to keep telephone numbers secret",
            "at least 32 characters, e.g. of `openssl rand -hex 32`",
        );
    }
    if config.desk.bulk_sample == 0 {
        reader.problem("desk.bulk_sample", "no post of a bulk would be looked at", "1 or more");
    }
    oidc(&config.oidc, reader);
    days(config, reader);
    schedules(config, reader);
    retention(config, reader);
    sources(config, reader);
    mail(config, reader);
}

fn database(config: &Config, reader: &mut Reader) {
    let url = &config.database.url;
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
        reader.problem("database.url", "neither SQLite nor PostgreSQL", "\"sqlite:sisir.db\" or \"postgres://user@host/name\"");
    }
    if config.database.pool == 0 {
        reader.problem("database.pool", "no connection at all", "1 or more");
    }
    if config.retry.tries == 0 {
        reader.problem("retry.tries", "no try at all", "1 or more");
    }
}

fn oidc(oidc: &Oidc, reader: &mut Reader) {
    if !oidc.is_on() {
        return;
    }
    if oidc.client_id.is_empty() {
        reader.problem(
            "oidc.client_id",
            "the provider does not know who asks",
            "what it calls this desk; `issuer = \"\"` switches it off",
        );
    }
    let both = [
        ("oidc.issuer", &oidc.issuer, "https://..., exactly as the provider's ID tokens name it"),
        ("oidc.desk_url", &oidc.desk_url, "https://..., what people type to open the desk"),
    ];
    for (path, address, mend) in both {
        // Names and keys of sign-ins travel there; only on one machine may they be open.
        let safe =
            url::Url::parse(address).is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && leads_here(&url)));
        if !safe {
            reader.problem(path, format!("`{address}` is no address for sign-ins"), mend);
        }
    }
}

fn days(config: &Config, reader: &mut Reader) {
    let ministry = &config.ministry;
    let mut all = vec![
        ("ministry.until".to_owned(), &ministry.until),
        ("ministry.signatory_until".to_owned(), &ministry.signatory_until),
        ("ministry.contact_until".to_owned(), &ministry.contact_until),
    ];
    all.extend(config.all_recipients().map(|(name, to)| (format!("recipients.{name}.verified_on"), &to.verified_on)));
    all.extend(config.schedule.holidays.iter().map(|day| ("schedule.holidays".to_owned(), day)));
    for change in &ministry.changes {
        if change.from.is_empty() {
            reader.problem("ministry.changes", "a change without a first day", "from = \"2027-01-01\"");
        }
        let days = [Some(&change.from), change.until.as_ref(), change.signatory_until.as_ref(), change.contact_until.as_ref()];
        all.extend(days.into_iter().flatten().map(|day| ("ministry.changes".to_owned(), day)));
    }
    for (path, day) in all {
        if !day.is_empty() && day.parse::<jiff::civil::Date>().is_err() {
            reader.problem(&path, format!("`{day}` is no day"), "write it as 2027-06-30, or leave it empty");
        }
    }
}

fn schedules(config: &Config, reader: &mut Reader) {
    let schedule = &config.schedule;
    let all = [
        ("schedule.crawl", &schedule.crawl),
        ("schedule.screen", &schedule.screen),
        ("schedule.deliver", &schedule.deliver),
        ("schedule.follow_up", &schedule.follow_up),
        ("schedule.purge", &schedule.purge),
        ("ministry.help_hours", &config.ministry.help_hours),
    ];
    let later = config.ministry.changes.iter().filter_map(|change| change.help_hours.as_ref());
    let later = later.map(|pattern| ("ministry.changes".to_owned(), pattern));
    let own = config.all_recipients().filter(|(_, to)| !to.deliver.is_empty());
    let own = own.map(|(name, to)| (format!("recipients.{name}.deliver"), &to.deliver));
    for (path, pattern) in all.map(|(path, pattern)| (path.to_owned(), pattern)).into_iter().chain(own).chain(later) {
        if let Err(error) = croner::Cron::from_str(pattern) {
            let mend = "five fields: minute hour day month weekday, e.g. \"30 7 * * MON-FRI\"";
            reader.problem(&path, format!("not a schedule: {error}"), mend);
        }
    }
    let leaves = config.all_recipients().filter(|(_, to)| !to.on_holidays).map(|(name, to)| {
        let own = !to.deliver.is_empty();
        let path = if own { format!("recipients.{name}.deliver") } else { "schedule.deliver".to_owned() };
        (path, if own { &to.deliver } else { &config.schedule.deliver })
    });
    for (path, pattern) in leaves.collect::<std::collections::BTreeMap<_, _>>() {
        if croner::Cron::from_str(pattern).is_ok() && !comes_on_working_days(pattern) {
            let mend = "name a time on Monday to Friday, or set on_holidays";
            reader.problem(&path, "mail would never leave: it names no time on a working day", mend);
        }
    }
    // Numbers begin anew each year.
    if !config.ministry.number.contains("{n}") || !config.ministry.number.contains("{year}") {
        let mend = "write {n} where the running number stands, and {year}, e.g. \"B-{n}/SISIR/{month}/{year}\"";
        reader.problem("ministry.number", "two letters would have one number".to_owned(), mend);
    }
    for (name, to) in config.all_recipients().filter(|(_, to)| to.max_rows == 0 || to.max_bytes < 200_000) {
        let path = format!("recipients.{name}.{}", if to.max_rows == 0 { "max_rows" } else { "max_bytes" });
        reader.problem(&path, "no package would fit".to_owned(), "at least one post, and 200000 bytes for the two letters");
    }
}

/// Whether a schedule names a time from Monday to Friday.
fn comes_on_working_days(pattern: &str) -> bool {
    let any_year = Calendar::default();
    let from = jiff::civil::date(2026, 1, 1).to_zoned(jiff::tz::TimeZone::UTC);
    from.is_ok_and(|from| first_time(pattern, &from, |day| any_year.is_working(day)).is_some())
}

fn retention(config: &Config, reader: &mut Reader) {
    let retention = &config.retention;
    let all = [
        ("retention.unflagged_days", retention.unflagged_days),
        ("retention.dismissed_days", retention.dismissed_days),
        ("retention.rejects_days", retention.rejects_days),
        ("retention.reporter_days", retention.reporter_days),
        ("retention.mail_days", retention.mail_days),
        ("retention.hash_days", retention.hash_days),
    ];
    for (path, days) in all {
        if !(1..=3650).contains(&days) {
            reader.problem(path, format!("{days} days"), "1 to 3650; to keep a post, review it");
        }
    }
    if retention.hash_days < retention.unflagged_days {
        reader.problem("retention.hash_days", "shorter than unflagged_days: crawls would bring deleted posts back", "365");
    }
}

fn sources(config: &Config, reader: &mut Reader) {
    let urls = [
        ("sources.tiktok_research.base_url", &config.tiktok.base_url),
        ("sources.tiktok_oembed.base_url", &config.oembed.base_url),
        ("sources.threads.base_url", &config.threads.base_url),
        ("sources.instagram.base_url", &config.instagram.base_url),
        ("sources.facebook.base_url", &config.facebook.base_url),
        ("sources.x.base_url", &config.x.base_url),
        ("sources.youtube.base_url", &config.youtube.base_url),
        ("sources.bluesky.base_url", &config.bluesky.base_url),
    ];
    let instances = config.mastodon.instances.iter().map(|instance| ("sources.mastodon.instances", instance));
    for (path, base) in urls.into_iter().chain(instances) {
        if !base.starts_with("http://") && !base.starts_with("https://") {
            reader.problem(path, format!("`{base}` is not a web address"), "it starts with https://");
        }
    }
    let sizes =
        [("sources.tiktok_research.page_size", config.tiktok.page_size), ("sources.threads.page_size", config.threads.page_size)];
    for (path, size) in sizes {
        if !(1..=100).contains(&size) {
            reader.problem(path, format!("{size} posts a page"), "1 to 100");
        }
    }
    let paces = [
        ("sources.tiktok_research.requests_per_minute", config.tiktok.requests_per_minute),
        ("sources.tiktok_oembed.requests_per_minute", config.oembed.requests_per_minute),
        ("sources.threads.requests_per_minute", config.threads.requests_per_minute),
        ("sources.instagram.requests_per_minute", config.instagram.requests_per_minute),
        ("sources.facebook.requests_per_minute", config.facebook.requests_per_minute),
        ("sources.x.requests_per_minute", config.x.requests_per_minute),
        ("sources.short_links.requests_per_minute", config.short_links.requests_per_minute),
        ("sources.youtube.requests_per_minute", config.youtube.requests_per_minute),
        ("sources.bluesky.requests_per_minute", config.bluesky.requests_per_minute),
        ("sources.mastodon.requests_per_minute", config.mastodon.requests_per_minute),
    ];
    for (path, pace) in paces {
        if pace == 0 {
            reader.problem(path, "no request at all", "1 or more; mode = \"disabled\" switches a source off");
        }
    }
    if config.tiktok.mode == Mode::Live && (config.tiktok.client_key.is_empty() || config.tiktok.client_secret.is_none()) {
        let mend = "set client_key and client_secret (or client_secret_file), or mode = \"disabled\"";
        reader.problem("sources.tiktok_research.mode", "`live` needs the application's credentials", mend);
    }
    if config.threads.mode == Mode::Live && config.threads.access_token.is_none() {
        let mend = "set access_token (or access_token_file), or mode = \"disabled\"";
        reader.problem("sources.threads.mode", "`live` needs an access token", mend);
    }
    instagram(config, reader);
    facebook(config, reader);
    x_and_jetstream(config, reader);
    if config.youtube.mode == Mode::Live && config.youtube.api_key.is_none() {
        let mend = "set api_key (or api_key_file), or mode = \"disabled\"";
        reader.problem("sources.youtube.mode", "`live` needs an API key", mend);
    }
    if config.bluesky.mode == Mode::Live && (config.bluesky.identifier.is_empty() || config.bluesky.app_password.is_none()) {
        let mend = "set identifier and app_password (or app_password_file), or mode = \"disabled\"";
        reader.problem("sources.bluesky.mode", "`live` needs an account", mend);
    }
    if config.mastodon.mode != Mode::Disabled && config.mastodon.instances.is_empty() {
        let mend = "e.g. instances = [\"https://mastodon.social\"], or mode = \"disabled\"";
        reader.problem("sources.mastodon.instances", "no instance to read", mend);
    }
}

fn instagram(config: &Config, reader: &mut Reader) {
    let instagram = &config.instagram;
    if instagram.mode == Mode::Live && (instagram.user_id.is_empty() || instagram.access_token.is_none()) {
        let mend = "set user_id and access_token (or access_token_file), or mode = \"disabled\"";
        reader.problem("sources.instagram.mode", "`live` needs an account and a token", mend);
    }
    if instagram.mode != Mode::Disabled && instagram.tags.is_empty() && instagram.accounts.is_empty() {
        reader.problem("sources.instagram.tags", "no hashtag to read", "e.g. tags = [\"balimpor\", \"thriftimport\"]");
    }
    for name in &instagram.accounts {
        if !(1..=30).contains(&name.len()) || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b)) {
            let mend = "the name in the address of the account, without @";
            reader.problem("sources.instagram.accounts", format!("`{name}` is not a name of an account"), mend);
        }
    }
    if instagram.tags.len() > Instagram::MOST_TAGS {
        let found = format!("{} hashtags", instagram.tags.len());
        reader.problem("sources.instagram.tags", found, "at most 30: the platform counts them over seven days");
    }
    for tag in &instagram.tags {
        if tag.is_empty() || !tag.chars().all(|c| c == '_' || (c.is_alphanumeric() && !c.is_uppercase())) {
            let mend = "without #, spaces and emoji, in small letters: \"balimpor\"";
            reader.problem("sources.instagram.tags", format!("`{tag}` is not a hashtag"), mend);
        }
    }
}

fn facebook(config: &Config, reader: &mut Reader) {
    let facebook = &config.facebook;
    if facebook.mode == Mode::Live && facebook.access_token.is_none() {
        let mend = "set access_token (or access_token_file), or mode = \"disabled\"";
        reader.problem("sources.facebook.mode", "`live` needs a token", mend);
    }
    if facebook.mode == Mode::Live && facebook.pages.is_empty() {
        let mend = "ids of Pages; `sisir sources find-pages WORDS` looks them up";
        reader.problem("sources.facebook.pages", "no Page to watch", mend);
    }
    for page in &facebook.pages {
        if page.is_empty() || !page.bytes().all(|b| b.is_ascii_digit()) {
            let mend = "digits; `sisir sources find-pages WORDS` looks them up";
            reader.problem("sources.facebook.pages", format!("`{page}` is not an id of a Page"), mend);
        }
    }
}

fn x_and_jetstream(config: &Config, reader: &mut Reader) {
    if config.x.mode == Mode::Live && config.x.bearer_token.is_none() {
        let mend = "set bearer_token (or bearer_token_file), or mode = \"disabled\"";
        reader.problem("sources.x.mode", "`live` needs a token", mend);
    }
    let base = &config.jetstream.base_url;
    if !base.starts_with("ws://") && !base.starts_with("wss://") {
        reader.problem("sources.jetstream.base_url", format!("`{base}` is not the address of a stream"), "it starts with wss://");
    }
    if config.jetstream.mode == Mode::Live && !base.starts_with("wss://") {
        reader.problem("sources.jetstream.base_url", "`live` needs an encrypted connection", "it starts with wss://");
    }
}

fn mail(config: &Config, reader: &mut Reader) {
    let mut addresses = vec![("mail.from".to_owned(), config.mail.from.clone())];
    for (name, to) in config.all_recipients() {
        let path = format!("recipients.{name}");
        if to.portal.is_empty() {
            addresses.push((format!("{path}.email"), to.email.clone()));
        } else if !to.email.is_empty() {
            reader.problem(&format!("{path}.portal"), "a platform gets mail or has a form, not both", "leave one of them empty");
        } else if !url::Url::parse(&to.portal).is_ok_and(|url| url.scheme() == "https") {
            reader.problem(&format!("{path}.portal"), format!("`{}` is no address of a form", to.portal), "https://...");
        }
    }
    for (path, address) in addresses {
        if lettre_like(&address).is_none() {
            reader.problem(&path, format!("`{address}` is not a mail address"), "name@domain");
        }
    }
    if config.mail.username.is_some() && config.mail.password.is_none() {
        reader.problem("mail.username", "a name without a password", "set password or password_file");
    }
    // A try has ended before it counts as lost (15 minutes): each server, three commands, the message, the good-bye.
    if !(1..=60).contains(&config.mail.timeout_seconds) || config.mail.other_hosts.len() > 3 {
        let mend = "1 to 60 seconds, and at most three other_hosts";
        reader.problem("mail.timeout_seconds", "a try could take longer than it is waited for", mend);
    }
    if config.jobs.mail_attempts < 1 {
        reader.problem("jobs.mail_attempts", "no try at all", "1 or more");
    }
}

/// A rough look; the mail library judges exactly when the message is built.
fn lettre_like(address: &str) -> Option<()> {
    let (name, domain) = address.split_once('@')?;
    (!name.is_empty() && domain.contains('.') && !address.contains(char::is_whitespace)).then_some(())
}
