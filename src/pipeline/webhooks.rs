//! Webhooks: events of the log, sent in their order, signed, again until they are taken.
//!
//! The form is that of Standard Webhooks (<https://www.standardwebhooks.com>): headers `webhook-id`, `webhook-timestamp`,
//! `webhook-signature: v1,BASE64`, over `ID.TIMESTAMP.BODY` with HMAC-SHA-256. The id is the number of the event: it comes at
//! least once, and a receiver that keeps the highest number it has seen drops repeats.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::audit::{Action, Actor, AuditEvent, AuditRow};
use crate::domain::leads_here;
use crate::domain::user::User;
use crate::store::audit;
use crate::store::webhooks::{self as rows, Webhook};

/// Events sent to one address before the others have their turn.
const AT_ONCE: i64 = 50;
/// Longest an address may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an address is ours while it is told: longer than all its answers may take.
const LEASE: Duration = Duration::from_mins(15);
/// An address that took nothing for so long is switched off.
const GIVE_UP: Duration = Duration::from_hours(72);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A new address and the key of its signatures, shown once.
#[derive(Debug)]
pub struct Added {
    /// Row id.
    pub id: i64,
    /// `whsec_` and the key in base64.
    pub secret: String,
}

/// Adds an address. `kinds`: names of [`Action::TOLD`]; empty for all.
pub async fn add(pipeline: &Pipeline, user: &User, url: &str, kinds: &[String]) -> Result<Added> {
    allowed(user, user.role.operates(), "only administrators look after webhooks")?;
    let url = checked(url)?;
    if let Some(unknown) = kinds.iter().find(|kind| !Action::TOLD.iter().any(|told| told.as_str() == **kind)) {
        return Err(PipelineError::Refused(format!("`{unknown}` is no kind of event that webhooks send")));
    }
    let secret = BASE64.encode(pipeline.entropy.bytes::<32>());
    let mut tx = pipeline.store.write_tx().await?;
    let last = audit::last_seq(&mut tx).await?;
    let id = rows::insert(&mut tx, &url, &secret, &kinds.join(" "), user.id, last).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::WebhookChanged, format!("webhook:{id}"));
    tx.commit(event.detail("added")).await?;
    Ok(Added { id, secret: format!("whsec_{secret}") })
}

/// The address, if events may go there: over HTTPS, or to this machine.
fn checked(url: &str) -> Result<String> {
    let refuse = |why: &str| Err(PipelineError::Refused(why.to_owned()));
    let Ok(parsed) = url::Url::parse(url.trim()) else {
        return refuse("this is no address; write it as https://contoh.go.id/sisir");
    };
    match parsed.scheme() {
        "https" => {}
        "http" if leads_here(&parsed) => {}
        _ => return refuse("events are sent over https only"),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refuse("no password in the address: what we send is signed");
    }
    Ok(parsed.to_string())
}

/// Switches an address on, told of what happens from now on, or off.
pub async fn switch(pipeline: &Pipeline, user: &User, id: i64, on: bool) -> Result<()> {
    allowed(user, user.role.operates(), "only administrators look after webhooks")?;
    if rows::get(&pipeline.store, id).await?.is_none() {
        return Err(crate::store::StoreError::NotFound(format!("webhook {id}")).into());
    }
    let mut tx = pipeline.store.write_tx().await?;
    let last = audit::last_seq(&mut tx).await?;
    rows::switch(&mut tx, id, on, last).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::WebhookChanged, format!("webhook:{id}"));
    Ok(tx.commit(event.detail(if on { "on" } else { "off" })).await?)
}

/// Sends events until `stop`.
pub async fn run(pipeline: &Pipeline, stop: CancellationToken) {
    let pause = Duration::from_secs(pipeline.config.jobs.poll_seconds.max(1));
    while !stop.is_cancelled() {
        match send_due(pipeline, &stop).await {
            Ok(sent) if sent > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "webhooks cannot be read; trying again"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends what is due to every address once. Returns how many events were taken.
pub async fn send_due(pipeline: &Pipeline, stop: &CancellationToken) -> Result<u64> {
    let mut sent = 0;
    for hook in rows::due(&pipeline.store, pipeline.clock().now()).await? {
        if stop.is_cancelled() {
            break;
        }
        // One address that cannot be told never keeps the others from being told.
        match tell_if_due(pipeline, &hook, stop).await {
            Ok(taken) => sent += taken,
            Err(error) => tracing::warn!(webhook = hook.id, %error, "an address could not be told; trying again"),
        }
    }
    Ok(sent)
}

async fn tell_if_due(pipeline: &Pipeline, hook: &Webhook, stop: &CancellationToken) -> Result<u64> {
    let events = audit::after(&pipeline.store, hook.last_seq, &kinds(hook), AT_ONCE).await?;
    if events.is_empty() {
        return Ok(0);
    }
    let mut tx = pipeline.store.write_tx().await?;
    let until = tx.now().plus(LEASE);
    let taken = rows::take(&mut tx, hook, until).await?;
    tx.commit_housekeeping().await?;
    if taken { tell(pipeline, hook, &events, stop).await } else { Ok(0) }
}

fn kinds(hook: &Webhook) -> Vec<Action> {
    let wanted: Vec<&str> = hook.kinds.split_whitespace().collect();
    Action::TOLD.iter().copied().filter(|kind| wanted.is_empty() || wanted.contains(&kind.as_str())).collect()
}

/// Sends events to one address, in order, until one is not taken or the program stops.
async fn tell(pipeline: &Pipeline, hook: &Webhook, events: &[AuditRow], stop: &CancellationToken) -> Result<u64> {
    let mut builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    if hook.url.starts_with("http:") {
        // To this machine, and not by way of another.
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| PipelineError::Task(error.to_string()))?;
    let (mut taken, mut failures, mut failing_since) = (0, hook.failures, hook.failing_since);
    for event in events {
        let problem = send(pipeline, &client, hook, event).await;
        let mut tx = pipeline.store.write_tx().await?;
        let now = tx.now();
        if let Err((problem, gone)) = problem {
            let off = gone || failing_since.is_some_and(|since| now.since(since) > GIVE_UP);
            tracing::warn!(webhook = hook.id, off, "an event was not taken: {problem}");
            rows::failed(&mut tx, hook.id, &problem, now.plus(wait(failures)), off).await?;
            tx.commit_housekeeping().await?;
            break;
        }
        taken += 1;
        (failures, failing_since) = (0, None);
        let last = taken == events.len() || stop.is_cancelled();
        let until = if last { now } else { now.plus(LEASE) };
        let goes_on = rows::told(&mut tx, hook.id, event.seq, until).await?;
        tx.commit_housekeeping().await?;
        // Switched off meanwhile, or told by another worker: it is not ours any more.
        if last || !goes_on {
            break;
        }
    }
    Ok(u64::try_from(taken).unwrap_or(0))
}

/// Time until the next try: 5 s, doubled each time, at most an hour.
fn wait(failures: i32) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 12)).unwrap_or(0);
    Duration::from_secs(5_u64.saturating_mul(2_u64.saturating_pow(doublings))).min(LONGEST_WAIT)
}

/// What went wrong, without the answer's text, and whether the receiver wants nothing more (410).
async fn send(
    pipeline: &Pipeline,
    client: &reqwest::Client,
    hook: &Webhook,
    event: &AuditRow,
) -> std::result::Result<(), (String, bool)> {
    let body = body(event);
    let id = event.seq.to_string();
    let timestamp = pipeline.clock().now().secs().to_string();
    let request = client
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("Sisir/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &id)
        .header("webhook-timestamp", &timestamp)
        .header("webhook-signature", signature(&hook.secret, &id, &timestamp, &body));
    #[expect(clippy::disallowed_methods, reason = "no platform: an address that an administrator chose")]
    let answer = request.body(body).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err((format!("answered {}", answer.status().as_u16()), answer.status().as_u16() == 410)),
        Err(error) if error.is_timeout() => Err(("no answer within ten seconds".into(), false)),
        Err(error) if error.is_connect() => Err(("no connection".into(), false)),
        Err(_) => Err(("the connection broke".into(), false)),
    }
}

/// The message about an event: numbers of rows and words of the program only, as in the log.
fn body(event: &AuditRow) -> String {
    json!({
        "type": event.action.as_str(),
        "timestamp": event.at.timestamp().to_string(),
        "data": {"seq": event.seq, "actor": event.actor, "subject": event.subject, "detail": event.detail},
    })
    .to_string()
}

/// `v1,` and the signature in base64. `secret`: base64.
pub fn signature(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = BASE64.decode(secret).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let signed =
            signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn events_go_over_https_or_stay_on_this_machine() {
        for good in ["https://contoh.go.id/sisir", "http://127.0.0.1:9000/", "http://localhost/x", "http://[::1]:1/"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in ["http://contoh.go.id/", "ftp://contoh.go.id", "https://a:b@contoh.go.id/", "contoh", "", "file:///etc/passwd"]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn waits_grow_to_an_hour() {
        assert_eq!(wait(0), Duration::from_secs(5));
        assert_eq!(wait(3), Duration::from_secs(40));
        assert_eq!(wait(99), LONGEST_WAIT);
    }
}
