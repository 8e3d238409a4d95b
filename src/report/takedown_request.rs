//! JSON, schema `takedown-request/1`: the union of what orders under Regulation (EU) 2022/2065, article 9, and notices under
//! article 16 name. The types below are the schema; `docs/takedown-request-1.schema.json` is made from them.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BatchReport, ReportError};
use crate::domain::batch::BatchKind;
use crate::domain::legal::BasisKind;
use crate::domain::{Millis, sha256_hex};

/// Name of the schema.
pub const SCHEMA: &str = "takedown-request/1";

/// One package: what is asked of a platform, by whom, on what basis, about which posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakedownRequest {
    /// Always `takedown-request/1`.
    pub schema: Cow<'static, str>,
    /// Reference of the package, e.g. `TR-2026-000001`; stays in the subject of every mail about it.
    pub request_id: String,
    /// Number of the letter in the issuer's register.
    pub letter_number: String,
    /// 1; what is corrected is asked in a new package or taken back by a withdrawal.
    pub revision: u32,
    /// Whether it asks, reminds, or takes back what was asked.
    pub kind: Kind,
    /// When it was made, UTC.
    pub created_at: String,
    /// Languages of the letters that go with it.
    pub language: Vec<String>,
    /// Who asks.
    pub issuer: Issuer,
    /// Who is asked.
    pub addressee: Addressee,
    /// Legal bases in force on that day.
    pub legal_basis: Vec<LegalBasis>,
    /// Requests that a withdrawal takes back, or that it reminds of.
    pub refers_to: Vec<String>,
    /// Countries it is limited to (ISO 3166-1).
    pub territorial_scope: Vec<String>,
    /// What is asked for every item.
    pub requested_action: RequestedAction,
    /// How soon an answer is hoped for.
    pub deadline: Deadline,
    /// How uploader and platform can object.
    pub redress: String,
    /// Mailbox for the answer.
    pub effect_report_to: String,
    /// The issuer believes in good faith that this is accurate and complete.
    pub good_faith_statement: bool,
    /// SHA-256 of the rules by which the elements are shown.
    pub rule_set_sha256: String,
    /// Posts.
    pub items: Vec<Item>,
    /// How many.
    pub counts: Counts,
    /// Hash over the items.
    pub integrity: Integrity,
}

/// What a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It asks for a review.
    Request,
    /// It takes back what was asked.
    Withdrawal,
    /// It asks again about what was not answered.
    Reminder,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestedAction {
    /// Review, and remove or restrict in the named countries what the review finds to be against terms or law.
    ReviewAndRestrict,
    /// Show again, and tell the uploader.
    Restore,
}

/// The authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "names of letter parts")]
pub struct Issuer {
    pub name: String,
    pub unit: String,
    pub officer: String,
    pub officer_title: String,
    pub contact: String,
    pub contact_title: String,
    pub email: String,
    pub phone: String,
    pub address: String,
    pub website: String,
}

/// The platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Addressee {
    /// Platform, e.g. `tiktok`.
    pub platform: String,
    /// Legal entity.
    pub entity: String,
    /// Office or role.
    pub office: String,
    /// `mail` or `portal`: how it is handed over.
    pub channel: String,
    /// Mail addresses, or the address of the form.
    pub to: Vec<String>,
}

/// A provision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Short id used in the list of posts.
    pub id: String,
    /// What it says: `import_ban`, `content`, …
    pub kind: BasisKind,
    /// Citation in Bahasa Indonesia.
    pub cite: String,
    /// First day in force.
    pub effective_from: String,
}

/// How soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Day, `YYYY-MM-DD`.
    pub date: String,
    /// Working days that the date was counted with.
    pub working_days: u32,
    /// A hope, not an order.
    pub basis: String,
}

/// One post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Position, from 1.
    pub item_no: u32,
    /// Case id, stable over letters.
    pub item_id: String,
    /// Platform.
    pub platform: String,
    /// What the address leads to: `video`, `foto`, `siaran langsung` or `unggahan`.
    pub content_kind: String,
    /// The platform's own id.
    pub native_id: String,
    /// Canonical address.
    pub url: String,
    /// Public handle.
    pub account: Account,
    /// When it was posted, UTC.
    pub posted_at: Option<String>,
    /// When it was first seen, UTC.
    pub first_seen_at: String,
    /// When a look last found it, UTC; none where no look is possible.
    pub last_verified_online_at: Option<String>,
    /// At most 200 characters of the caption; telephone numbers and mail addresses masked.
    pub excerpt: String,
    /// SHA-256 of the caption that was read.
    pub text_sha256: String,
    /// Why this item, in words.
    pub explanation: String,
    /// Words that show each element.
    pub elements: Elements,
    /// Categories.
    pub category: Category,
    /// Rules that found it.
    pub rules: Vec<String>,
    /// What was kept as evidence; shown on request.
    pub evidence: Vec<Evidence>,
    /// Who decided.
    pub review: Review,
}

/// Who posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Public handle.
    pub handle: String,
}

/// The three elements that every item has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Elements {
    /// A: it shows or names used clothing.
    pub used_clothing: String,
    /// B: signs that the goods were imported.
    pub import_nexus: String,
    /// C: it offers, sells or invites to buy.
    pub offer: String,
}

/// Where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Ours: the reason that the reviewer chose.
    pub ours: String,
    /// Vocabulary of the DSA transparency database.
    pub dsa: String,
    /// The same, finer.
    pub dsa_keyword: String,
}

/// A file that is kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `screenshot`, or `capture`: the item of an API's answer as it came.
    pub kind: String,
    /// SHA-256 of the file as it is kept.
    pub sha256: String,
}

/// Who decided, as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The first reviewer.
    pub reviewer: String,
    /// A second one, where one was asked.
    pub second: Option<String>,
    /// When, UTC.
    pub decided_at: String,
}

/// How many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Posts.
    pub items: usize,
}

/// Hash over the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integrity {
    /// SHA-256 of `items` as compact JSON.
    pub sha256_items: String,
}

/// Category of the goods in the vocabulary of the DSA transparency database.
pub(super) const DSA_CATEGORY: &str = "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS";
/// The same, finer.
pub(super) const DSA_KEYWORD: &str = "KEYWORD_PROHIBITED_PRODUCTS";

impl TakedownRequest {
    /// What `report` says, for machines.
    pub fn of(report: &BatchReport) -> Self {
        let from = &report.from;
        let items: Vec<Item> = report.rows.iter().map(|row| item(report, row)).collect();
        // Types without maps and floats always become JSON.
        let sha256_items = sha256_hex(&serde_json::to_vec(&items).unwrap_or_default());
        Self {
            schema: Cow::Borrowed(SCHEMA),
            request_id: report.code.clone(),
            letter_number: report.number.clone(),
            revision: 1,
            kind: match report.kind {
                BatchKind::Withdrawal => Kind::Withdrawal,
                BatchKind::Reminder => Kind::Reminder,
                _ => Kind::Request,
            },
            created_at: report.dated.utc(),
            language: vec!["id".into(), "en".into()],
            issuer: Issuer {
                name: from.name.clone(),
                unit: from.unit.clone(),
                officer: from.signatory_name.clone(),
                officer_title: from.signatory_title.clone(),
                contact: from.contact_name.clone(),
                contact_title: from.contact_title.clone(),
                email: from.email.clone(),
                phone: from.phone.clone(),
                address: from.address.clone(),
                website: from.website.clone(),
            },
            addressee: Addressee {
                platform: report.platform.to_string(),
                entity: report.to.entity.clone(),
                office: report.to.office.clone(),
                channel: if report.to.portal.is_empty() { "mail" } else { "portal" }.into(),
                to: vec![report.to.channel().to_owned()],
            },
            legal_basis: report
                .basis
                .iter()
                .map(|basis| LegalBasis {
                    id: basis.id.clone(),
                    kind: basis.kind,
                    cite: basis.cite.clone(),
                    effective_from: basis.effective_from.clone(),
                })
                .collect(),
            refers_to: report.refers_to.iter().map(|letter| letter.code.clone()).collect(),
            territorial_scope: vec!["ID".into()],
            requested_action: match report.kind {
                BatchKind::Withdrawal => RequestedAction::Restore,
                _ => RequestedAction::ReviewAndRestrict,
            },
            deadline: Deadline {
                date: report.answer_by.to_string(),
                working_days: from.answer_days,
                basis: "hoped for; no order".into(),
            },
            redress: format!(
                "Uploaders object under the platform's own procedure, or write to {}{} and name the item_id; a mistake is taken back by a withdrawal that names this request.",
                from.email,
                if from.appeals.is_empty() { String::new() } else { format!(" or at {}", from.appeals) },
            ),
            effect_report_to: from.email.clone(),
            good_faith_statement: true,
            rule_set_sha256: report.rule_set.clone(),
            counts: Counts { items: items.len() },
            items,
            integrity: Integrity { sha256_items },
        }
    }
}

fn item(report: &BatchReport, row: &super::ReportRow) -> Item {
    let explanation = match report.kind {
        BatchKind::Withdrawal => "Read again: the post does not meet the criteria of our request.".into(),
        _ => format!(
            "A person read the post and suspects all three elements: used clothing ({}), signs of import ({}), an offer or invitation to buy ({}).",
            row.elements[0], row.elements[1], row.elements[2]
        ),
    };
    let [used_clothing, import_nexus, offer] = row.elements.clone();
    Item {
        item_no: u32::try_from(row.item_no).unwrap_or(0),
        item_id: row.case_id.clone(),
        platform: report.platform.to_string(),
        content_kind: row.content_kind().to_owned(),
        native_id: row.native_id.clone(),
        url: row.url.clone(),
        account: Account { handle: row.author.clone() },
        posted_at: row.posted_at.map(Millis::utc),
        first_seen_at: row.seen_at.utc(),
        last_verified_online_at: row.looked_at.map(Millis::utc),
        excerpt: row.excerpt.clone(),
        text_sha256: row.text_sha256.clone(),
        explanation,
        elements: Elements { used_clothing, import_nexus, offer },
        category: Category { ours: row.reason.clone(), dsa: DSA_CATEGORY.into(), dsa_keyword: DSA_KEYWORD.into() },
        rules: row.rules.clone(),
        evidence: {
            let shots = row.screenshots.iter().map(|sha256| ("screenshot", sha256));
            let all = row.capture.iter().map(|sha256| ("capture", sha256)).chain(shots);
            all.map(|(kind, sha256)| Evidence { kind: kind.into(), sha256: sha256.clone() }).collect()
        },
        review: Review { reviewer: row.reviewer.clone(), second: row.second_reviewer.clone(), decided_at: row.decided_at.utc() },
    }
}

/// The JSON Schema (2020-12) of [`TakedownRequest`].
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(TakedownRequest)).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn json(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let fail = |error: serde_json::Error| ReportError { file: "lampiran.json", reason: error.to_string() };
    let mut bytes = serde_json::to_vec_pretty(&TakedownRequest::of(report)).map_err(fail)?;
    bytes.push(b'\n');
    Ok(bytes)
}
