//! What the APIs of Meta (Instagram, Threads) share: errors, limits, times, proof of the app.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::client::{Answer, ApiError, Class, class_of_status};
use crate::domain::Millis;

/// Errors by code, whatever the status; a 200 may hold one too. <https://developers.facebook.com/docs/graph-api/guides/error-handling>
pub(super) fn judge(platform: &'static str, answer: &Answer) -> Result<Value, ApiError> {
    let error = answer.json.as_ref().and_then(|json| json.get("error"));
    if let (None, Some(json), 200..=299) = (error, &answer.json, answer.status)
        && (json.get("data").is_some() || json.get("id").is_some())
    {
        return Ok(json.clone());
    }
    let number = |key: &str| error.and_then(|e| e.get(key)).and_then(Value::as_i64);
    let transient = error.and_then(|e| e.get("is_transient")).and_then(Value::as_bool).unwrap_or(false);
    let hour = Duration::from_hours(1);
    let class = match number("code") {
        Some(1 | 2) => Class::Transient,
        Some(4 | 17 | 32 | 341 | 613 | 80_000..=80_014) => Class::WindowThrottle(regain_time(answer).unwrap_or(hour)),
        Some(102 | 104 | 190) => Class::AuthStop,
        Some(3 | 10 | 200..=299) => Class::PermissionStop,
        Some(368) => Class::PolicyStop,
        Some(100) if number("error_subcode") == Some(33) => Class::Gone,
        Some(_) if transient => Class::Transient,
        Some(_) => Class::BadRequest,
        None if answer.status < 400 => Class::Transient,
        None => class_of_status(answer.status),
    };
    // The texts are localised, so only the code is shown.
    let message = match number("code") {
        Some(code) => format!("error {code}/{} (HTTP {})", number("error_subcode").unwrap_or(0), answer.status),
        None => format!("HTTP {} without a readable body", answer.status),
    };
    let request_id = error.and_then(|e| e.get("fbtrace_id")).and_then(Value::as_str).map(str::to_owned);
    Err(ApiError { platform, class, message, request_id })
}

/// Minutes until access is regained, from `X-Business-Use-Case-Usage`.
fn regain_time(answer: &Answer) -> Option<Duration> {
    let header = answer.headers.get("x-business-use-case-usage")?.to_str().ok()?;
    let usage: Value = serde_json::from_str(header).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_f64()).fold(0.0, f64::max);
    (minutes > 0.0).then(|| Duration::from_secs_f64(minutes * 60.0))
}

/// `2026-11-20T03:12:44+0000`: no colon in the offset, which RFC 3339 readers refuse.
pub(super) fn parse_time(text: &str) -> Option<Millis> {
    jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok().map(Millis::from_timestamp)
}

/// `appsecret_proof`: whoever has the token alone cannot use it.
/// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
pub(super) fn app_secret_proof(secret: &str, token: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(token.as_bytes());
    Some(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_judged_by_their_code_first() {
        let cases = [
            (200, r#"{"error":{"code":2}}"#, Class::Transient),
            (403, r#"{"error":{"code":4,"is_transient":true}}"#, Class::WindowThrottle(Duration::from_hours(1))),
            (400, r#"{"error":{"code":190,"error_subcode":463}}"#, Class::AuthStop),
            (400, r#"{"error":{"code":10}}"#, Class::PermissionStop),
            (400, r#"{"error":{"code":368}}"#, Class::PolicyStop),
            (400, r#"{"error":{"code":100,"error_subcode":33}}"#, Class::Gone),
            (400, r#"{"error":{"code":100}}"#, Class::BadRequest),
            (400, r#"{"error":{"code":100,"is_transient":true}}"#, Class::Transient),
            (200, "Service Unavailable", Class::Transient),
            (503, "", Class::Transient),
        ];
        for (status, body, class) in cases {
            assert_eq!(judge("threads", &Answer::of(status, body, &[])).unwrap_err().class, class, "{status} {body}");
        }
    }

    #[test]
    fn times_without_a_colon_are_read() {
        assert_eq!(parse_time("2026-11-20T03:12:44+0000"), Some(Millis::from_secs(1_795_144_364)));
        assert_eq!(parse_time("kemarin"), None);
    }

    #[test]
    fn the_proof_is_a_keyed_hash_of_the_token() {
        let proof = app_secret_proof("0123456789abcdef0123456789abcdef", "EAABfakeTokenForTests").unwrap();
        assert_eq!(proof, "98fb5185b399c4e648dd6ee4bc5cadb40e262ecb1f7b4bec389cee680387bbb6");
    }
}
