//! Other shapes of a request that left, for archives: made from its stored `takedown-request/1`, so that they say what was sent.

use serde_json::{Value, json};

use super::takedown_request::{Item, TakedownRequest};
use crate::domain::Millis;

/// Statements in the vocabulary of the DSA transparency database, one a post: who found what, on what ground. They name no
/// account and no address (the database allows no personal data).
/// <https://transparency.dsa.ec.europa.eu/page/api-documentation>
pub fn dsa_statements(request: &TakedownRequest) -> Value {
    let ground: String = joined(&request.legal_basis.iter().map(|basis| basis.cite.as_str()).collect::<Vec<_>>(), "; ", 500);
    let statements: Vec<Value> = request.items.iter().map(|item| statement(request, item, &ground)).collect();
    json!({ "statements": statements })
}

fn statement(request: &TakedownRequest, item: &Item, ground: &str) -> Value {
    let day = |time: &str| time.get(..10).unwrap_or_default().to_owned();
    let content = match item.content_kind.as_str() {
        "video" | "siaran langsung" => "CONTENT_TYPE_VIDEO",
        "foto" => "CONTENT_TYPE_IMAGE",
        _ => "CONTENT_TYPE_OTHER",
    };
    json!({
        "puid": format!("{}-{}", request.request_id, item.item_no),
        "decision_visibility": ["DECISION_VISIBILITY_OTHER"],
        "decision_visibility_other": "removal or restriction requested",
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": ground,
        "illegal_content_explanation": item.explanation,
        "content_type": [content],
        "category": item.category.dsa,
        "category_specification": [item.category.dsa_keyword],
        "territorial_scope": request.territorial_scope,
        "content_language": "ID",
        "content_date": item.posted_at.as_deref().map_or_else(|| day(&item.first_seen_at), day),
        "application_date": day(&request.created_at),
        "decision_facts": "Public post, matched by published rules and read by a person of the authority; another person approved the request. Requested, not ordered; suspected, not established.",
        "source_type": "SOURCE_TYPE_OTHER_NOTIFICATION",
        "source_identity": request.issuer.name,
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
    })
}

/// A notice as the Lumen database takes it (`type` `GovernmentRequest`). Persons are not named; the handle stands in the address only.
/// <https://github.com/berkmancenter/lumendatabase/wiki/Lumen-API-Documentation>
pub fn lumen_notice(request: &TakedownRequest, sent_at: Millis) -> Value {
    let title = "Request to review and remove content suspected of promoting imported used clothing";
    let laws = joined(&request.legal_basis.iter().map(|basis| basis.cite.as_str()).collect::<Vec<_>>(), "; ", usize::MAX);
    let urls: Vec<Value> = request.items.iter().map(|item| json!({"url": item.url})).collect();
    json!({ "notice": {
        "type": "GovernmentRequest",
        "request_type": "Agency",
        "title": format!("{title} ({}, {} URLs)", request.addressee.platform, request.counts.items),
        "subject": request.request_id,
        "body": format!("{title}. {}", request.redress),
        "date_sent": sent_at.utc(),
        "source": "issuer",
        "jurisdiction_list": request.territorial_scope.join(","),
        "regulation_list": laws.replace(',', " "),
        "language": "id",
        "action_taken": "Unspecified",
        "case_id_number": request.request_id,
        "url_count": request.counts.items,
        "works_attributes": [{
            "kind": "goods that may not be imported",
            "description": "Public posts suspected of offering imported used clothing",
            "infringing_urls_attributes": urls,
        }],
        "entity_notice_roles_attributes": [
            {"name": "recipient", "entity_attributes": {"name": entity(request), "kind": "organization"}},
            {"name": "sender", "entity_attributes": {
                "name": request.issuer.name, "kind": "organization", "address_line_1": request.issuer.address,
                "country_code": "ID", "email": request.issuer.email, "phone": request.issuer.phone, "url": request.issuer.website,
            }},
        ],
    }})
}

fn entity(request: &TakedownRequest) -> &str {
    if request.addressee.entity.is_empty() { &request.addressee.platform } else { &request.addressee.entity }
}

/// Parts with a separator, at most `limit` characters, whole parts only.
fn joined(parts: &[&str], separator: &str, limit: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let next = if text.is_empty() { (*part).to_owned() } else { format!("{text}{separator}{part}") };
        if next.chars().count() > limit {
            break;
        }
        text = next;
    }
    text
}
