//! JSON, schema `takedown-request/1`: what the union of DSA Art. 9 orders and Art. 16 notices asks for.

use serde_json::{Value, json};

use super::{BatchReport, ReportError};
use crate::domain::Millis;

fn utc(at: Millis) -> String {
    at.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn json(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let items: Vec<Value> = report
        .rows
        .iter()
        .map(|row| {
            json!({
                "item_no": row.item_no, "item_id": row.case_id, "platform": report.platform, "native_id": row.native_id, "url": row.url,
                "account": {"handle": row.author}, "posted_at": row.posted_at.map(utc), "first_seen_at": utc(row.seen_at),
                "excerpt": row.excerpt, "elements": {"used_clothing": row.elements[0], "import_nexus": row.elements[1], "offer": row.elements[2]},
                "rules": row.rules, "reason": row.reason, "review": {"reviewer": row.reviewer, "decided_at": utc(row.decided_at)},
            })
        })
        .collect();
    let document = json!({
        "schema": "takedown-request/1", "request_id": report.code, "revision": 1, "kind": report.kind, "created_at": utc(report.dated),
        "language": ["id"], "issuer": report.from, "addressee": report.to, "legal_basis": report.basis, "refers_to": report.refers_to,
        "territorial_scope": ["ID"], "requested_action": if report.refers_to.is_empty() { "review" } else { "restore" },
        "rule_set_sha256": report.rule_set, "items": items, "counts": {"items": report.rows.len()}, "good_faith_statement": true,
    });
    let mut bytes =
        serde_json::to_vec_pretty(&document).map_err(|e| ReportError { file: "lampiran.json", reason: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}
