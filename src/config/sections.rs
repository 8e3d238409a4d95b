//! The sections. Every field has a default, so an empty file works.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use secrecy::SecretString;
use serde::Deserialize;

use super::read::Reader;
use crate::domain::Platform;
use crate::domain::batch::Office;

/// Everything.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is documented by its type")]
pub struct Config {
    pub database: Database,
    pub web: Web,
    pub oidc: Oidc,
    pub desk: Desk,
    pub metrics: Metrics,
    pub log: Log,
    pub rules: Rules,
    pub jobs: Jobs,
    pub schedule: Schedule,
    /// `[retention]`
    pub retention: Retention,
    /// `[tips]`
    pub tips: Tips,
    /// `[appeals]`
    pub appeals: Appeals,
    /// `[record]`
    pub record: Record,
    pub retry: Retry,
    pub tiktok: TiktokResearch,
    pub oembed: Oembed,
    pub threads: Threads,
    pub instagram: Instagram,
    pub facebook: Facebook,
    pub youtube: Youtube,
    pub bluesky: Bluesky,
    pub jetstream: Jetstream,
    pub mastodon: Mastodon,
    pub x: X,
    pub short_links: ShortLinks,
    pub mail: Mail,
    pub ministry: Ministry,
    /// Addressee by platform.
    pub recipients: BTreeMap<Platform, Recipient>,
    /// Addressee by office.
    pub offices: BTreeMap<Office, Recipient>,
}

impl Config {
    /// Every addressee with the name of its section.
    pub(super) fn all_recipients(&self) -> impl Iterator<Item = (String, &Recipient)> {
        let offices = self.offices.iter().map(|(office, to)| (office.to_string(), to));
        self.recipients.iter().map(|(platform, to)| (platform.to_string(), to)).chain(offices)
    }
}

macro_rules! section {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident : $ty:ty = $default:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty),+ }

        impl Default for $name {
            fn default() -> Self { Self { $($field: $default),+ } }
        }

        impl $name {
            #[cfg(test)]
            pub(super) const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

section! {
    /// `[database]`
    Database {
        /// `sqlite:FILE` (made on first use) or `postgres://USER:PASSWORD@HOST/NAME`.
        url: String = "sqlite:sisir.db".into(),
        /// A file that holds the address instead, for addresses with a password.
        url_file: Option<PathBuf> = None,
        /// Connections kept open.
        pool: u32 = 5,
    }
}

section! {
    /// `[web]`
    Web {
        /// Address and port of the desk.
        listen: String = "127.0.0.1:8600".into(),
        /// Hours until a session ends.
        session_hours: u32 = 10,
        /// Send cookies over HTTPS only. Switch on behind a proxy with HTTPS.
        secure_cookies: bool = false,
        /// Whether everyone needs a second factor (one-time codes) to work at the desk.
        require_second_factor: bool = false,
    }
}

section! {
    /// `[oidc]`: sign-in with the accounts of the organisation (OpenID Connect).
    Oidc {
        /// Address of the provider, as its ID tokens name it; empty switches this off.
        issuer: String = String::new(),
        /// What the provider calls this desk.
        client_id: String = String::new(),
        /// Secret of that client; none for a public client.
        client_secret: Option<SecretString> = None,
        /// A file that holds it.
        client_secret_file: Option<PathBuf> = None,
        /// Address at which people open the desk; the provider sends them back there.
        desk_url: String = String::new(),
        /// What people call the account, e.g. `SSO Kementerian`.
        name: String = "SSO".into(),
    }
}

impl Oidc {
    /// Whether people can sign in this way.
    pub const fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }
}

section! {
    /// `[desk]`
    Desk {
        /// Minutes in which a person can take a decision of their own back.
        undo_minutes: u32 = 15,
        /// Hours after which an open post of priority P1 counts as late.
        p1_hours: u32 = 24,
        /// The same for P2.
        p2_hours: u32 = 72,
        /// The same for P3.
        p3_hours: u32 = 168,
        /// Minutes of reviewing without a pause after which the desk offers one; 0 never does.
        break_minutes: u32 = 50,
        /// Share of decisions, 0 to 1, that someone else labels again without seeing them.
        blind_share: f64 = 0.05,
        /// Posts of a bulk that are looked at one by one before it is decided.
        bulk_sample: u32 = 10,
        /// Most posts of one bulk.
        bulk_limit: u32 = 10_000,
        /// Secret with which contacts in flagged posts (numbers, pages) are hashed, so that accounts that print the same
        /// ones can be linked. Without it nothing of them is kept. At least 32 characters.
        contact_key: Option<SecretString> = None,
        /// A file that holds it.
        contact_key_file: Option<PathBuf> = None,
    }
}

section! {
    /// `[metrics]`
    Metrics {
        /// Address and port of `/metrics`; empty switches it off.
        listen: String = "127.0.0.1:8601".into(),
    }
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

section! {
    /// `[log]`
    Log {
        /// `text` or `json`.
        format: LogFormat = LogFormat::Text,
        /// What to log, in the syntax of `RUST_LOG`.
        filter: String = "info,sqlx=warn".into(),
    }
}

section! {
    /// `[rules]`
    Rules {
        /// Shipped packs to use, with commas between.
        pack: String = "pakaian-bekas-impor".into(),
        /// Folder of an own pack instead.
        dir: Option<PathBuf> = None,
    }
}

section! {
    /// `[jobs]`
    Jobs {
        /// Seconds between looks at the queue when it is empty.
        poll_seconds: u64 = 5,
        /// Tries to hand a message over before a person has to look.
        mail_attempts: i32 = 8,
    }
}

section! {
    /// `[schedule]`: minute hour day month weekday, Asia/Jakarta.
    Schedule {
        /// Read the platforms.
        crawl: String = "10 * * * *".into(),
        /// Divide what is left of a day's requests among the crawls of the day that are still to come.
        spread_budget: bool = true,
        /// Match posts against the rules.
        screen: String = "5-59/10 * * * *".into(),
        /// Hand signed packages over.
        deliver: String = "0 9,14 * * MON-FRI".into(),
        /// Look whether requested posts are still there.
        follow_up: String = "20 * * * *".into(),
        /// Delete what is no longer needed.
        purge: String = "40 2 * * *".into(),
        /// Days without mail besides Saturdays, Sundays and the holidays that Sisir knows, `YYYY-MM-DD`.
        holidays: Vec<String> = Vec::new(),
    }
}

section! {
    /// `[retention]`: days until something is deleted.
    Retention {
        /// Whether what flagged posts came as (items of API answers, rows of files) is kept byte for byte as evidence.
        captures: bool = true,
        /// Posts that no rule matched. Platforms may ask for less; then their limit counts.
        unflagged_days: u32 = 30,
        /// Dismissed posts that stood in no package: the decision stays, the post is emptied.
        dismissed_days: u32 = 30,
        /// Reasons and ids of items that could not be read.
        rejects_days: u32 = 30,
        /// Who reported a post, and screenshots of what is not upheld.
        reporter_days: u32 = 90,
        /// Mail that came back from platforms and mail servers.
        mail_days: u32 = 365,
        /// Hashes of deleted posts, which keep a crawl from bringing them back.
        hash_days: u32 = 365,
    }
}

section! {
    /// `[tips]`: reports of the public and of associations.
    Tips {
        /// Whether `/lapor` takes reports.
        open: bool = false,
        /// Reports of the public that are taken in an hour.
        hourly: u32 = 200,
        /// Reports from one network address in an hour; 0 for any number.
        hourly_from_one_address: u32 = 10,
        /// The header in which your proxy names the visitor's address, e.g. `x-real-ip`; empty without a proxy. Behind one and
        /// without this all visitors count as one.
        address_header: String = String::new(),
    }
}

section! {
    /// `[appeals]`: objections of those whose posts were asked down. What counts visitors stands in `[tips]`.
    Appeals {
        /// Whether `/keberatan` takes objections.
        open: bool = false,
        /// Objections that are taken in an hour.
        hourly: u32 = 100,
        /// Address of that page, as sellers reach it; printed in notices to them. Empty for none.
        address: String = String::new(),
    }
}

section! {
    /// `[record]`: the monthly report to the public.
    Record {
        /// Whether `/laporan` shows published reports.
        open: bool = false,
        /// Counts below this are not published, and neither is what they could be worked out from.
        smallest: u32 = 5,
    }
}

section! {
    /// `[retry]`: waits of platform clients after a passing fault.
    Retry {
        /// First wait, milliseconds; doubled each time, with jitter.
        base_ms: u64 = 2000,
        /// Longest wait, milliseconds.
        cap_ms: u64 = 120_000,
        /// Tries in all.
        tries: u32 = 5,
    }
}

/// How a connector runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Not at all.
    Disabled,
    /// Against `sisir fake-platforms`.
    Fake,
    /// Against the platform.
    Live,
}

section! {
    /// `[sources.tiktok_research]`
    TiktokResearch {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the API.
        base_url: String = "https://open.tiktokapis.com".into(),
        /// Client key of the approved application.
        client_key: String = String::new(),
        /// Client secret.
        client_secret: Option<SecretString> = None,
        /// A file that holds the client secret.
        client_secret_file: Option<PathBuf> = None,
        /// Country in which the creator registered.
        region: String = "ID".into(),
        /// Videos a page, 1 to 100.
        page_size: u32 = 100,
        /// Requests a UTC day; the platform allows 1,000.
        daily_requests: i64 = 900,
        /// Requests a minute.
        requests_per_minute: u32 = 30,
        /// Put posts into requests that only this API found. Its terms forbid passing its data on; a post that somebody brings
        /// by its address is not held back.
        in_packages: bool = false,
        /// Days to wait after the end of a day: videos are searchable after up to 48 hours.
        lag_days: i64 = 2,
        /// Days offered at each run; those read to their end are skipped. Covers outages of this length.
        days: i64 = 14,
    }
}

section! {
    /// `[sources.tiktok_oembed]`: is a TikTok post still there?
    Oembed {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address.
        base_url: String = "https://www.tiktok.com".into(),
        /// Requests a UTC day (our own choice; none is published).
        daily_requests: i64 = 2000,
        /// Requests a minute.
        requests_per_minute: u32 = 30,
    }
}

section! {
    /// `[sources.threads]`
    Threads {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the API, with version.
        base_url: String = "https://graph.threads.net/v1.0".into(),
        /// Access token with `threads_keyword_search`.
        access_token: Option<SecretString> = None,
        /// A file that holds the token.
        access_token_file: Option<PathBuf> = None,
        /// Posts a page, 1 to 100.
        page_size: u32 = 100,
        /// Requests a UTC day; the platform allows 2,200 in any 24 hours.
        daily_requests: i64 = 2000,
        /// Requests a minute.
        requests_per_minute: u32 = 20,
        /// Days offered at each run; those read to their end are skipped. Covers outages of this length.
        days: i64 = 7,
    }
}

section! {
    /// `[sources.instagram]`
    Instagram {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the Graph API, with version.
        base_url: String = "https://graph.facebook.com/v26.0".into(),
        /// Id of the ministry's professional account.
        user_id: String = String::new(),
        /// Access token of a person who manages the account's page.
        access_token: Option<SecretString> = None,
        /// A file that holds the token.
        access_token_file: Option<PathBuf> = None,
        /// App secret; proves to Meta that the token is used by the app.
        app_secret: Option<SecretString> = None,
        /// A file that holds the app secret.
        app_secret_file: Option<PathBuf> = None,
        /// Id of the app; with `app_secret` it lets Sisir ask when the token ends.
        app_id: String = String::new(),
        /// Hashtags to read, without `#`; at most 30 in any seven days, so keep some free for new ones.
        tags: Vec<String> = Vec::new(),
        /// Names of professional accounts to watch, without `@`.
        accounts: Vec<String> = Vec::new(),
        /// Days back that the first look at an account reads.
        days: i64 = 7,
        /// Requests a UTC day (our own choice; the platform allows about 200 an hour).
        daily_requests: i64 = 2_000,
        /// Requests a minute.
        requests_per_minute: u32 = 3,
    }
}

section! {
    /// `[sources.facebook]`
    Facebook {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the Graph API, with version.
        base_url: String = "https://graph.facebook.com/v26.0".into(),
        /// Token of a system user with Page Public Content Access.
        access_token: Option<SecretString> = None,
        /// A file that holds the token.
        access_token_file: Option<PathBuf> = None,
        /// App secret; proves to Meta that the token is used by the app.
        app_secret: Option<SecretString> = None,
        /// A file that holds the app secret.
        app_secret_file: Option<PathBuf> = None,
        /// Id of the app; with `app_secret` it lets Sisir ask when the token ends.
        app_id: String = String::new(),
        /// Ids of the Pages to watch; `sisir sources find-pages WORDS` looks them up.
        pages: Vec<String> = Vec::new(),
        /// Requests a UTC day (our own choice; the platform's limit hangs on the Pages).
        daily_requests: i64 = 2_000,
        /// Requests a minute.
        requests_per_minute: u32 = 10,
        /// Days back that the first look at a Page reads.
        days: i64 = 7,
    }
}

impl Instagram {
    /// Hashtags that one account may ask about in any seven days.
    /// <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/hashtag-search>
    pub const MOST_TAGS: usize = 30;
}

section! {
    /// `[sources.youtube]`
    Youtube {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the API.
        base_url: String = "https://www.googleapis.com/youtube/v3".into(),
        /// API key of a Google Cloud project.
        api_key: Option<SecretString> = None,
        /// A file that holds the key.
        api_key_file: Option<PathBuf> = None,
        /// Country whose viewers can see the videos.
        region: String = "ID".into(),
        /// Searches a day of California, where this quota is counted; a new project has 100.
        daily_searches: i64 = 95,
        /// Units of other calls a day; a new project has 10,000.
        daily_units: i64 = 9_000,
        /// Requests a minute.
        requests_per_minute: u32 = 60,
        /// Days offered at each run; those read to their end are skipped.
        days: i64 = 3,
    }
}

section! {
    /// `[sources.bluesky]`
    Bluesky {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// The server of the account: the public mirror refuses searches.
        base_url: String = "https://bsky.social".into(),
        /// Handle of the account.
        identifier: String = String::new(),
        /// App password of the account; never its own password.
        app_password: Option<SecretString> = None,
        /// A file that holds the app password.
        app_password_file: Option<PathBuf> = None,
        /// Requests a UTC day (our own choice; the server allows 3,000 in five minutes).
        daily_requests: i64 = 5_000,
        /// Requests a minute.
        requests_per_minute: u32 = 60,
        /// Days offered at each run; those read to their end are skipped.
        days: i64 = 3,
    }
}

section! {
    /// `[sources.jetstream]`: the stream of all Bluesky posts.
    Jetstream {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of a Jetstream server.
        base_url: String = "wss://jetstream2.us-east.bsky.network".into(),
        /// Seconds without an event after which there is nothing more.
        idle_seconds: u64 = 5,
        /// Connections a UTC day (our own choice).
        daily_requests: i64 = 1_000,
    }
}

section! {
    /// `[sources.x]`: costs money for each post that is read, and has terms to read before.
    X {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the API.
        base_url: String = "https://api.x.com".into(),
        /// Bearer token of the app.
        bearer_token: Option<SecretString> = None,
        /// A file that holds the token.
        bearer_token_file: Option<PathBuf> = None,
        /// Posts a UTC day; each costs 0.005 US dollars, so 200 are a dollar.
        daily_posts: i64 = 200,
        /// Requests a UTC day.
        daily_requests: i64 = 500,
        /// Requests a minute.
        requests_per_minute: u32 = 20,
    }
}

section! {
    /// `[sources.mastodon]`
    Mastodon {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Addresses of the instances to read.
        instances: Vec<String> = Vec::new(),
        /// Requests a UTC day, all instances together (our own choice).
        daily_requests: i64 = 2_000,
        /// Requests a minute; an instance allows 20 that turn pages.
        requests_per_minute: u32 = 15,
        /// Days back that each run reads.
        days: i64 = 2,
    }
}

section! {
    /// `[sources.short_links]`: where short links lead. Each is a request to the platform from your network.
    ShortLinks {
        /// `disabled`, `fake` or `live`.
        mode: Mode = Mode::Disabled,
        /// Address of the fake platforms; for `fake` only.
        base_url: String = String::new(),
        /// Requests a UTC day (our own choice).
        daily_requests: i64 = 500,
        /// Requests a minute.
        requests_per_minute: u32 = 12,
    }
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// Not at all: a relay on this machine.
    None,
    /// STARTTLS, required.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

section! {
    /// `[mail]`
    Mail {
        /// Mail server; empty means that nothing can be sent.
        host: String = String::new(),
        /// Further servers with the same settings, asked in this order when the one before cannot be reached.
        other_hosts: Vec<String> = Vec::new(),
        /// Port.
        port: u16 = 587,
        /// `none`, `starttls` or `tls`.
        security: MailSecurity = MailSecurity::Starttls,
        /// Name to sign in with, if any.
        username: Option<String> = None,
        /// Password.
        password: Option<SecretString> = None,
        /// A file that holds the password.
        password_file: Option<PathBuf> = None,
        /// Sender address.
        from: String = "penurunan@contoh.go.id".into(),
        /// Seconds to wait for the server, 1 to 60; five times that for the answer to a whole message.
        timeout_seconds: u64 = 60,
        /// Folder (maildir) in which the mail server leaves what comes to `ministry.email` and `mail.from`; replies and
        /// bounces are read from it.
        inbox: Option<PathBuf> = None,
    }
}

section! {
    /// `[ministry]`: what stands on the letterhead. Made-up values until you set yours.
    Ministry {
        /// Name on the letterhead.
        name: String = "Kementerian Contoh Usaha Mikro".into(),
        /// Short name, for subjects.
        short_name: String = "KCUM".into(),
        /// Unit.
        unit: String = "Deputi Bidang Usaha Mikro".into(),
        /// Street address.
        address: String = "Jalan Contoh Nomor 1, Jakarta".into(),
        /// Telephone.
        phone: String = "021-0000-0000".into(),
        /// Website.
        website: String = "www.contoh.go.id".into(),
        /// Mailbox for answers.
        email: String = "penurunan@contoh.go.id".into(),
        /// City above the date.
        city: String = "Jakarta".into(),
        /// Office of the signatory.
        signatory_title: String = "Deputi Bidang Usaha Mikro".into(),
        /// Name of the signatory.
        signatory_name: String = "Nama Pejabat Contoh".into(),
        /// By what the signatory may sign, printed below the name.
        signatory_mandate: String = "Keputusan Contoh Nomor 1 Tahun 2026".into(),
        /// Who gets a copy (*tembusan*) of letters to platforms and of applications, as printed. The ministry sends it itself.
        copies: Vec<String> = Vec::new(),
        /// Contact person named in the letter.
        contact_name: String = "Nama Narahubung Contoh".into(),
        /// Office of the contact person.
        contact_title: String = "Narahubung Pengawasan Konten".into(),
        /// Help for traders, printed in every letter.
        help: String = "Layanan pendampingan pedagang: 0800-0000-0000 (hari kerja, 08.00-16.00 WIB)".into(),
        /// Minutes in which someone answers there, as a cron pattern in WIB.
        help_hours: String = "* 8-15 * * MON-FRI".into(),
        /// Working days until an answer is hoped for.
        answer_days: u32 = 5,
        /// Numbers of letters: `{n}` counts within the year, `{month}` is a Roman numeral, `{year}`; the rest stands as it is.
        number: String = "B-{n}/SISIR/{month}/{year}".into(),
        /// Last day of this letterhead, `YYYY-MM-DD`; empty without an end. No letter leaves under an ended one.
        until: String = String::new(),
        /// Last day of the signatory in office.
        signatory_until: String = String::new(),
        /// Last day of the contact person.
        contact_until: String = String::new(),
        /// Letter by which the contact person was named to the ministry of communication; no application leaves without it.
        contact_appointment: String = String::new(),
        /// What is different from a day on: a new signatory, another address, another help line. The letter's date decides.
        changes: Vec<MinistryChange> = Vec::new(),
    }
}

section! {
    /// What of `[ministry]` is different from a day on; what it leaves out stays.
    #[expect(missing_docs, reason = "as in `[ministry]`")]
    MinistryChange {
        /// First day, `YYYY-MM-DD`.
        from: String = String::new(),
        name: Option<String> = None,
        short_name: Option<String> = None,
        unit: Option<String> = None,
        address: Option<String> = None,
        phone: Option<String> = None,
        website: Option<String> = None,
        email: Option<String> = None,
        city: Option<String> = None,
        signatory_title: Option<String> = None,
        signatory_name: Option<String> = None,
        signatory_mandate: Option<String> = None,
        contact_name: Option<String> = None,
        contact_title: Option<String> = None,
        help: Option<String> = None,
        help_hours: Option<String> = None,
        until: Option<String> = None,
        signatory_until: Option<String> = None,
        contact_until: Option<String> = None,
        contact_appointment: Option<String> = None,
    }
}

impl Ministry {
    /// The letterhead, the people and the help line of a day. Whoever follows somebody has neither the last day nor the mandate or the
    /// appointment of the one before, whose last day is the one before the change at the latest.
    pub fn on(&self, day: Date) -> Self {
        let mut now = self.clone();
        let mut changes: Vec<(Date, &MinistryChange)> =
            self.changes.iter().filter_map(|change| Some((change.from.parse().ok()?, change))).collect();
        changes.sort_by_key(|(from, _)| *from);
        let (begun, later): (Vec<_>, Vec<_>) = changes.into_iter().partition(|(from, _)| *from <= day);
        for (_, change) in begun {
            if change.name.is_some() {
                now.until.clear();
            }
            if change.signatory_name.is_some() {
                now.signatory_until.clear();
                now.signatory_mandate.clear();
            }
            if change.contact_name.is_some() {
                now.contact_until.clear();
                now.contact_appointment.clear();
            }
            let fields = [
                (&mut now.name, &change.name),
                (&mut now.short_name, &change.short_name),
                (&mut now.unit, &change.unit),
                (&mut now.address, &change.address),
                (&mut now.phone, &change.phone),
                (&mut now.website, &change.website),
                (&mut now.email, &change.email),
                (&mut now.city, &change.city),
                (&mut now.signatory_title, &change.signatory_title),
                (&mut now.signatory_name, &change.signatory_name),
                (&mut now.signatory_mandate, &change.signatory_mandate),
                (&mut now.contact_name, &change.contact_name),
                (&mut now.contact_title, &change.contact_title),
                (&mut now.help, &change.help),
                (&mut now.help_hours, &change.help_hours),
                (&mut now.until, &change.until),
                (&mut now.signatory_until, &change.signatory_until),
                (&mut now.contact_until, &change.contact_until),
                (&mut now.contact_appointment, &change.contact_appointment),
            ];
            for (field, value) in fields {
                if let Some(value) = value {
                    field.clone_from(value);
                }
            }
        }
        let ends = |until: &mut String, follows: fn(&MinistryChange) -> bool| {
            let next = later.iter().find(|(_, change)| follows(change)).and_then(|(from, _)| from.yesterday().ok());
            if let Some(last) = next.filter(|last| until.parse().map_or(true, |known: Date| known > *last)) {
                *until = last.to_string();
            }
        };
        ends(&mut now.until, |change| change.name.is_some());
        ends(&mut now.signatory_until, |change| change.signatory_name.is_some());
        ends(&mut now.contact_until, |change| change.contact_name.is_some());
        now
    }
}

section! {
    /// `[recipients.tiktok]` and so on: where requests for a platform go; `[recipients.komdigi]` and `[recipients.customs]`:
    /// where applications and leads go.
    Recipient {
        /// Office or role addressed.
        office: String = "Tim Hubungan Pemerintah".into(),
        /// Legal entity addressed.
        entity: String = String::new(),
        /// Mail address; without it and without `portal` no package can be rendered for this platform.
        email: String = String::new(),
        /// Address of the platform's own form, where it takes no mail: a person enters packages there, led by the desk.
        portal: String = String::new(),
        /// Day on which somebody made sure that requests arrive there, `YYYY-MM-DD`. It counts for 90 days.
        verified_on: String = String::new(),
        /// When signed packages leave for it, as a cron pattern in WIB; empty for `schedule.deliver`.
        deliver: String = String::new(),
        /// Whether packages leave on holidays and at weekends too.
        on_holidays: bool = false,
        /// Posts of one package at most: short letters are answered, long lists are not.
        max_rows: u32 = 100,
        /// Bytes of one message at most; what would be more is divided. Many mail servers refuse more than 10 MiB.
        max_bytes: u32 = 10_000_000,
        /// Messages an hour at most; 0 for any number.
        hourly: u32 = 0,
    }
}

/// Takes every section out of `reader`.
pub(super) fn read(reader: &mut Reader) -> Config {
    let mut database: Database = reader.section("database");
    let mut tiktok: TiktokResearch = reader.section("sources.tiktok_research");
    let mut threads: Threads = reader.section("sources.threads");
    let mut instagram: Instagram = reader.section("sources.instagram");
    let mut facebook: Facebook = reader.section("sources.facebook");
    let mut x: X = reader.section("sources.x");
    let mut youtube: Youtube = reader.section("sources.youtube");
    let mut bluesky: Bluesky = reader.section("sources.bluesky");
    let mut mail: Mail = reader.section("mail");
    let mut oidc: Oidc = reader.section("oidc");
    let secret = oidc.client_secret.take();
    oidc.client_secret = reader.secret("oidc.client_secret", secret, oidc.client_secret_file.as_ref());
    let mut desk: Desk = reader.section("desk");
    let key = desk.contact_key.take();
    desk.contact_key = reader.secret("desk.contact_key", key, desk.contact_key_file.as_ref());
    let inline = Some(&database.url).filter(|url| **url != Database::default().url);
    if let Some(url) = reader.secret("database.url", inline.map(|url| url.clone().into()), database.url_file.as_ref()) {
        secrecy::ExposeSecret::expose_secret(&url).clone_into(&mut database.url);
    }
    let secret = tiktok.client_secret.take();
    tiktok.client_secret = reader.secret("sources.tiktok_research.client_secret", secret, tiktok.client_secret_file.as_ref());
    let token = threads.access_token.take();
    threads.access_token = reader.secret("sources.threads.access_token", token, threads.access_token_file.as_ref());
    let token = instagram.access_token.take();
    instagram.access_token = reader.secret("sources.instagram.access_token", token, instagram.access_token_file.as_ref());
    let secret = instagram.app_secret.take();
    instagram.app_secret = reader.secret("sources.instagram.app_secret", secret, instagram.app_secret_file.as_ref());
    let token = facebook.access_token.take();
    facebook.access_token = reader.secret("sources.facebook.access_token", token, facebook.access_token_file.as_ref());
    let secret = facebook.app_secret.take();
    facebook.app_secret = reader.secret("sources.facebook.app_secret", secret, facebook.app_secret_file.as_ref());
    let token = x.bearer_token.take();
    x.bearer_token = reader.secret("sources.x.bearer_token", token, x.bearer_token_file.as_ref());
    let key = youtube.api_key.take();
    youtube.api_key = reader.secret("sources.youtube.api_key", key, youtube.api_key_file.as_ref());
    let password = bluesky.app_password.take();
    bluesky.app_password = reader.secret("sources.bluesky.app_password", password, bluesky.app_password_file.as_ref());
    let password = mail.password.take();
    mail.password = reader.secret("mail.password", password, mail.password_file.as_ref());
    let recipients = Platform::ALL
        .iter()
        .map(|platform| (*platform, reader.section::<Recipient>(&format!("recipients.{platform}"))))
        .filter(|(_, recipient)| !recipient.email.is_empty() || !recipient.portal.is_empty())
        .collect();
    let mut offices: BTreeMap<Office, Recipient> = BTreeMap::new();
    for office in Office::ALL {
        let mut to: Recipient = reader.section(&format!("recipients.{office}"));
        // The usual one is a platform's.
        if to.office == Recipient::default().office {
            to.office.clear();
        }
        if !to.email.is_empty() || !to.portal.is_empty() {
            offices.insert(*office, to);
        }
    }
    Config {
        database,
        web: reader.section("web"),
        oidc,
        desk,
        metrics: reader.section("metrics"),
        log: reader.section("log"),
        rules: reader.section("rules"),
        jobs: reader.section("jobs"),
        schedule: reader.section("schedule"),
        retention: reader.section("retention"),
        tips: reader.section("tips"),
        appeals: reader.section("appeals"),
        record: reader.section("record"),
        retry: reader.section("retry"),
        tiktok,
        oembed: reader.section("sources.tiktok_oembed"),
        threads,
        instagram,
        facebook,
        youtube,
        bluesky,
        jetstream: reader.section("sources.jetstream"),
        x,
        short_links: reader.section("sources.short_links"),
        mastodon: reader.section("sources.mastodon"),
        mail,
        ministry: reader.section("ministry"),
        recipients,
        offices,
    }
}

/// `section.key` of every key, for the test of the example.
#[cfg(test)]
pub(super) static KEYS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
    let all: [(&str, &[&str]); 28] = [
        ("database", Database::FIELDS),
        ("web", Web::FIELDS),
        ("oidc", Oidc::FIELDS),
        ("desk", Desk::FIELDS),
        ("metrics", Metrics::FIELDS),
        ("log", Log::FIELDS),
        ("rules", Rules::FIELDS),
        ("jobs", Jobs::FIELDS),
        ("schedule", Schedule::FIELDS),
        ("retention", Retention::FIELDS),
        ("tips", Tips::FIELDS),
        ("appeals", Appeals::FIELDS),
        ("record", Record::FIELDS),
        ("retry", Retry::FIELDS),
        ("sources.tiktok_research", TiktokResearch::FIELDS),
        ("sources.tiktok_oembed", Oembed::FIELDS),
        ("sources.threads", Threads::FIELDS),
        ("sources.instagram", Instagram::FIELDS),
        ("sources.facebook", Facebook::FIELDS),
        ("sources.jetstream", Jetstream::FIELDS),
        ("sources.x", X::FIELDS),
        ("sources.short_links", ShortLinks::FIELDS),
        ("sources.youtube", Youtube::FIELDS),
        ("sources.bluesky", Bluesky::FIELDS),
        ("sources.mastodon", Mastodon::FIELDS),
        ("mail", Mail::FIELDS),
        ("ministry", Ministry::FIELDS),
        ("recipients.tiktok", Recipient::FIELDS),
    ];
    all.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}"))).collect()
});
