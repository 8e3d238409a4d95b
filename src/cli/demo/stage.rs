//! Fake platforms, mail sink and a configuration that points to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{Options, Watch};
use crate::cli::setup;
use crate::config;
use crate::domain::{Clock, Entropy, ManualClock, Millis, SystemClock};
use crate::mail::MailSink;
use crate::pipeline::Pipeline;
use crate::pipeline::deliver::LEASE;
use crate::platforms::fake::{FakePlatforms, FakePost, PAGES, made_up_everywhere, page_id};
use crate::store::audit;

/// The scripted demo happens on a Friday morning in Jakarta: 2026-11-20 08:00 WIB.
const SCRIPTED_START: Millis = Millis::from_secs(1_795_136_400);

/// Seed of the scripted demo.
const SEED: u64 = 20_261_120;

pub struct Stage {
    pub pipeline: Pipeline,
    pub fake: FakePlatforms,
    pub posts: Vec<FakePost>,
    pub mail_dir: PathBuf,
    pub packages_dir: PathBuf,
    /// The clock of the scripted demo; the interactive one has the system's.
    pub clock: Arc<ManualClock>,
    pub watch: Arc<Watch>,
    stop: CancellationToken,
}

impl Stage {
    pub async fn open(options: &Options) -> anyhow::Result<Self> {
        let dir = &options.dir;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
        let manual = Arc::new(ManualClock::new(SCRIPTED_START));
        let (clock, entropy): (Arc<dyn Clock>, Entropy) = if options.headless {
            (Arc::clone(&manual) as Arc<dyn Clock>, Entropy::seeded(SEED))
        } else {
            (Arc::new(SystemClock), Entropy::from_os())
        };
        let anchor = if options.headless { SCRIPTED_START } else { kept_anchor(dir, clock.now())? };
        let posts = made_up_everywhere(anchor);
        let stop = CancellationToken::new();
        let fake = FakePlatforms::new(posts.clone(), Arc::clone(&clock));
        let platforms = fake.clone().serve(([127, 0, 0, 1], 0).into(), stop.clone()).await?;
        let mail_dir = dir.join("mails");
        let mail = MailSink::new(&mail_dir)?.serve(stop.clone()).await?;
        let text = configuration(dir, options, &platforms.to_string(), mail.port(), clock.now());
        let config = config::parse("demo configuration", &text, [])?;
        let watch = Watch::new(options.crash_at.as_deref());
        let pipeline = setup::pipeline_with(config, clock, Arc::new(entropy), Arc::clone(&watch) as _).await?;
        // Started again after a crash: leases of the dead process have run out by now.
        if let Some(last) = audit::recent(&pipeline.store, "", 1).await?.first() {
            manual.advance(last.at.plus(LEASE).since(manual.now()));
        }
        Ok(Self { pipeline, fake, posts, mail_dir, packages_dir: dir.join("packages"), clock: manual, watch, stop })
    }

    pub async fn close(&self) {
        self.stop.cancel();
        self.pipeline.store.close().await;
    }
}

/// When the interactive demo was first started: posts keep their ids when it is started again.
fn kept_anchor(dir: &Path, now: Millis) -> anyhow::Result<Millis> {
    let path = dir.join("started");
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Ok(millis) = text.trim().parse()
    {
        return Ok(Millis(millis));
    }
    std::fs::write(&path, now.0.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(now)
}

/// Who gets the letters of the demo.
const RECIPIENTS: &str = r#"
[recipients.tiktok]
entity = "TikTok (alamat contoh)"
email = "permintaan@tiktok.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.threads]
entity = "Threads (alamat contoh)"
email = "permintaan@threads.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.instagram]
entity = "Instagram (alamat contoh)"
email = "permintaan@instagram.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.facebook]
entity = "Facebook (alamat contoh)"
email = "permintaan@facebook.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.x]
entity = "X (alamat contoh)"
portal = "https://formulir.contoh.id/pemerintah"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.youtube]
entity = "YouTube (alamat contoh)"
email = "permintaan@youtube.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.bluesky]
entity = "Bluesky (alamat contoh)"
email = "permintaan@bluesky.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.mastodon]
entity = "Mastodon (alamat contoh)"
email = "permintaan@mastodon.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.komdigi]
office = "Menteri Komunikasi dan Digital u.p. Direktur Jenderal (alamat contoh)"
email = "permohonan@komdigi.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[recipients.customs]
office = "Direktur Jenderal Bea dan Cukai (alamat contoh)"
email = "informasi@beacukai.contoh.id"
verified_on = "{day}"
on_holidays = {any_day}
[appeals]
open = true
[record]
open = true
[ministry]
contact_appointment = "Surat Penunjukan Contoh Nomor 1"
"#;

fn configuration(dir: &Path, options: &Options, platforms: &str, mail_port: u16, now: Millis) -> String {
    let database = format!("sqlite:{}", dir.join("sisir.db").display());
    // The made-up addresses are as good as looked at today.
    let recipients = RECIPIENTS.replace("{day}", &now.in_jakarta().date().to_string());
    // The interactive demo does not let anyone wait for a working day.
    let recipients = recipients.replace("{any_day}", if options.headless { "false" } else { "true" });
    let deliver = if options.headless { "0 9,14 * * MON-FRI" } else { "* * * * *" };
    format!(
        r#"
[database]
url = {database:?}
[web]
listen = "{listen}"
[metrics]
listen = ""
[log]
filter = {log:?}
[desk]
contact_key = "bukan-rahasia-hanya-untuk-demo-ini"
[jobs]
poll_seconds = 2
[schedule]
crawl = "*/5 * * * *"
spread_budget = false
screen = "*/5 * * * *"
deliver = "{deliver}"
follow_up = "*/5 * * * *"
[tips]
open = true
[retry]
base_ms = 20
[sources.tiktok_research]
mode = "fake"
base_url = "http://{platforms}"
client_key = "demo"
client_secret = "demo"
page_size = 20
in_packages = true
lag_days = 2
days = 4
requests_per_minute = 60000
[sources.tiktok_oembed]
mode = "fake"
base_url = "http://{platforms}"
requests_per_minute = 60000
[sources.threads]
mode = "fake"
base_url = "http://{platforms}/v1.0"
access_token = "THdemo"
page_size = 10
days = 3
requests_per_minute = 60000
[sources.instagram]
mode = "fake"
base_url = "http://{platforms}/v26.0"
user_id = "17841400000000001"
access_token = "EAABdemo"
tags = ["thrifting", "balimpor", "preloved", "hiddengem"]
requests_per_minute = 60000
[sources.facebook]
mode = "fake"
base_url = "http://{platforms}/v26.0"
access_token = "EAABdemo"
pages = {pages:?}
requests_per_minute = 60000
[sources.jetstream]
mode = "fake"
base_url = "ws://{platforms}"
idle_seconds = 1
[sources.x]
mode = "fake"
base_url = "http://{platforms}"
bearer_token = "XFdemo"
requests_per_minute = 60000
[sources.youtube]
mode = "fake"
base_url = "http://{platforms}/youtube/v3"
api_key = "kunci-uji"
days = 4
requests_per_minute = 60000
[sources.bluesky]
mode = "fake"
base_url = "http://{platforms}"
identifier = "sisir.contoh"
app_password = "sandi-uji"
days = 4
requests_per_minute = 60000
[sources.mastodon]
mode = "fake"
instances = ["http://{platforms}"]
days = 4
requests_per_minute = 60000
[mail]
host = "127.0.0.1"
port = {mail_port}
security = "none"
{recipients}"#,
        listen = options.listen,
        pages = PAGES.map(page_id),
        log = options.log
    )
}
