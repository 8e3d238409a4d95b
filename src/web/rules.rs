//! The rules in use, for everyone: packs, rules, terms, what they see in a text, new words, what was put to use when.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::view::{Frame, Segment, html, in_language, percent, segments};
use crate::domain::ids::ChangeId;
use crate::domain::rule_change::{Activation, ChangeState, RuleChange};
use crate::domain::trust::wilson;
use crate::domain::user::User;
use crate::pipeline::backtest::RuleReport;
use crate::pipeline::{Pipeline, backtest, radar, rule_changes, rule_packs};
use crate::rules::index::How;
use crate::rules::{Pack, Rule, RuleSet, Status, Term, shipped, shipped_packs};
use crate::scan::{self, Explanation, TermShown};
use crate::store::rule_changes as rows;

/// Text keys of a rule's status.
pub(super) const fn status_key(status: Status) -> &'static str {
    match status {
        Status::Draft => "rule-draft",
        Status::Shadow => "rule-shadow",
        Status::Active => "rule-active",
        Status::Retired => "rule-retired",
    }
}

/// A status as the files have it.
pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Shadow => "shadow",
        Status::Active => "active",
        Status::Retired => "retired",
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DoneQuery {
    done: Option<String>,
}

/// Whether the reader begins changes of rules here.
fn may_change(pipeline: &Pipeline, user: &User) -> bool {
    user.role.edits_rules() && rule_changes::fixed(pipeline).is_none()
}

/// A pack as the overview shows it.
struct PackCard {
    id: String,
    title: String,
    purpose: String,
    output: &'static str,
    rules: usize,
    terms: usize,
    /// Title of the change in force; none for the program's own pack.
    change: Option<(ChangeId, String)>,
    /// The program came with another pack since the change in force began.
    outdated: bool,
}

#[derive(Template)]
#[template(path = "web/rules.html")]
struct RulesPage {
    f: Frame,
    packs: Vec<PackCard>,
    open: Vec<RuleChange>,
    fixed: Option<String>,
}

/// Packs in use, open changes, and a box to try a text.
pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    let rules = pipeline.rules();
    let (in_force, fixed) = (rows::in_force(&pipeline.store).await?, rule_changes::fixed(&pipeline));
    let mut packs = Vec::new();
    for pack in &rules.packs {
        let change = in_force.iter().find(|(known, ..)| *known == pack.id && fixed.is_none()).map(|(_, change, _)| *change);
        let change = match change {
            Some(id) => rows::get(&pipeline.store, id).await?,
            None => None,
        };
        let outdated = match &change {
            Some(change) if shipped_packs().contains(&pack.id) => is_outdated(&pipeline, change).await?,
            _ => false,
        };
        packs.push(PackCard {
            id: pack.id.clone(),
            title: in_language(&pack.title, user.language),
            purpose: in_language(&pack.purpose, user.language),
            output: pack.output.as_str(),
            rules: pack.rules.iter().filter(|rule| rule.status == Status::Active).count(),
            terms: pack.terms.len(),
            change: change.map(|change| (change.id, change.title)),
            outdated,
        });
    }
    let open = rows::open(&pipeline.store).await?;
    html(&RulesPage { packs, open, fixed, f: Frame::new(user, "rules", query.done) })
}

/// True when the first change since the program's own pack was in force began from another pack than the program has now.
async fn is_outdated(pipeline: &Pipeline, change: &RuleChange) -> Result<bool, PageError> {
    let activations = rows::activations(&pipeline.store, &change.pack).await?;
    let Some(first) = activations.iter().map_while(|row| row.change_id).last() else { return Ok(false) };
    let first = rows::get(&pipeline.store, first).await?;
    Ok(first.is_some_and(|first| first.base_hash != shipped(&change.pack).hash()))
}

/// A rule in the table of its pack.
struct RuleLine {
    id: String,
    title: String,
    status: &'static str,
    priority: String,
    report: Option<RuleReport>,
}

impl RuleLine {
    /// Lower end, upper end and share of upheld ÷ decided, per cent; none before a decision.
    fn precision(&self) -> Option<(i64, i64, i64)> {
        let report = self.report.as_ref()?;
        let decided = report.upheld + report.dismissed;
        if decided == 0 {
            return None;
        }
        let interval = wilson(report.upheld, decided);
        Some((percent(interval.low), percent(interval.high), i64::try_from(report.upheld * 100 / decided).unwrap_or(0)))
    }

    fn decided(&self) -> i64 {
        self.report.as_ref().map_or(0, |report| i64::try_from(report.upheld + report.dismissed).unwrap_or(0))
    }

    fn hits(&self) -> i64 {
        self.report.as_ref().map_or(0, |report| report.by_day.values().sum())
    }

    fn is_trusted(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.trusted)
    }
}

/// An axis with its terms.
struct AxisTerms<'a> {
    label: String,
    terms: Vec<(&'a Term, i32)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SearchQuery {
    q: String,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "web/rule_pack.html")]
struct PackPage<'a> {
    f: Frame,
    pack: &'a Pack,
    title: String,
    policy: String,
    lines: Vec<RuleLine>,
    axes: Vec<AxisTerms<'a>>,
    q: String,
    found: usize,
    editable: bool,
}

fn pack<'a>(rules: &'a RuleSet, id: &str) -> Result<&'a Pack, PageError> {
    rules.pack(id).ok_or(PageError::NotFound)
}

/// Rules and terms of a pack.
pub(super) async fn pack_page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<SearchQuery>,
) -> Page {
    let rules = pipeline.rules();
    let pack = pack(&rules, &id)?;
    let mut reports = backtest::report(&pipeline).await?;
    let lines = pack.rules.iter().map(|rule| RuleLine {
        id: rule.id.clone(),
        title: in_language(&rule.title, user.language),
        status: status_key(rule.status),
        priority: rule.priority.to_string(),
        report: reports.iter().position(|report| report.pack == id && report.rule == rule.id).map(|at| reports.swap_remove(at)),
    });
    let lines = lines.collect();
    let wanted = query.q.trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    let fits = |term: &&Term| wanted.is_empty() || has(&term.id) || has(&term.meaning) || term.forms.iter().any(|form| has(form));
    let terms: Vec<&Term> = rules.terms_of(pack).iter().filter(fits).collect();
    let on = |axis: usize| terms.iter().filter_map(move |term| Some((*term, term.points.iter().find(|(at, _)| *at == axis)?.1)));
    let mut axes: Vec<AxisTerms<'_>> = (0..)
        .zip(&pack.axes)
        .map(|(at, axis)| AxisTerms { label: in_language(&axis.label, user.language), terms: on(at).collect() })
        .collect();
    let helpers: Vec<(&Term, i32)> = terms.iter().filter(|term| term.points.is_empty()).map(|term| (*term, 0)).collect();
    axes.push(AxisTerms { label: Text::new(user.language).m("rules-helpers"), terms: helpers });
    axes.retain(|axis| !axis.terms.is_empty());
    html(&PackPage {
        title: in_language(&pack.title, user.language),
        policy: in_language(&pack.policy, user.language),
        lines,
        axes,
        found: terms.len(),
        q: query.q,
        editable: may_change(&pipeline, &user),
        f: Frame::new(user, "rules", query.done),
        pack,
    })
}

/// A column of hits.
struct Day {
    x: usize,
    y: i64,
    height: i64,
    title: String,
}

#[derive(Template)]
#[template(path = "web/rule.html")]
struct RulePage<'a> {
    f: Frame,
    pack: &'a Pack,
    rule: &'a Rule,
    title: String,
    why: String,
    line: RuleLine,
    need: Vec<(String, i32)>,
    veto: Vec<(String, i32)>,
    any_of: Vec<String>,
    days: Vec<Day>,
    ends: (String, String),
    rows: Vec<(String, i64)>,
    source: String,
    editable: bool,
}

/// Height of the drawing of hits.
const HEIGHT: i64 = 60;
/// Days drawn.
const DAYS: usize = 56;

/// One rule: what it asks, how well it does, its file.
pub(super) async fn rule(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path((pack_id, id)): Path<(String, String)>,
) -> Page {
    let rules = pipeline.rules();
    let pack = pack(&rules, &pack_id)?;
    let rule = pack.rule(&id).ok_or(PageError::NotFound)?;
    let report = backtest::report(&pipeline).await?.into_iter().find(|report| report.pack == pack_id && report.rule == id);
    let label = |axis: usize| pack.axes.get(axis).map_or_else(String::new, |axis| in_language(&axis.label, user.language));
    let points = |list: &[(usize, i32)]| list.iter().map(|(axis, points)| (label(*axis), *points)).collect();
    let mut counts: Vec<(String, i64)> = report.iter().flat_map(|report| report.by_day.clone()).collect();
    let older = counts.len().saturating_sub(DAYS);
    counts.drain(..older);
    let largest = counts.iter().map(|(_, posts)| *posts).max().unwrap_or(0).max(1);
    let t = Text::new(user.language);
    let day = |(at, (day, posts)): (usize, &(String, i64))| {
        let height = posts * HEIGHT / largest;
        Day { x: at * 12, y: HEIGHT - height, height, title: format!("{day}: {}", t.number(*posts)) }
    };
    let days = counts.iter().enumerate().map(day).collect();
    let end = |count: Option<&(String, i64)>| count.map_or_else(String::new, |(day, _)| day.clone());
    let source = rule_changes::in_use(&pipeline, &pack_id).await?.files.remove(&format!("rules/{id}.toml")).unwrap_or_default();
    html(&RulePage {
        title: in_language(&rule.title, user.language),
        why: in_language(&rule.why, user.language),
        line: RuleLine {
            id: id.clone(),
            title: String::new(),
            status: status_key(rule.status),
            priority: rule.priority.to_string(),
            report,
        },
        need: points(&rule.need),
        veto: points(&rule.veto),
        any_of: rule.any_of.iter().filter_map(|term| rules.terms.get(*term)).map(|term| term.id.clone()).collect(),
        days,
        ends: (end(counts.first()), end(counts.last())),
        rows: counts,
        source,
        editable: may_change(&pipeline, &user),
        f: Frame::new(user, "rules", None),
        rule,
        pack,
    })
}

#[derive(Template)]
#[template(path = "web/term.html")]
struct TermPage<'a> {
    f: Frame,
    pack: &'a Pack,
    term: &'a Term,
    points: Vec<(String, i32)>,
    needs: Vec<String>,
    used_by: Vec<String>,
    editable: bool,
}

/// One term: its spellings, meaning and points.
pub(super) async fn term(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path((pack_id, id)): Path<(String, String)>,
) -> Page {
    let rules = pipeline.rules();
    let pack = pack(&rules, &pack_id)?;
    let (index, term) =
        pack.terms.clone().zip(rules.terms_of(pack)).find(|(_, term)| term.id == id).ok_or(PageError::NotFound)?;
    let label = |axis: &usize| pack.axes.get(*axis).map_or_else(String::new, |axis| in_language(&axis.label, user.language));
    let asks = |rule: &&Rule| {
        rule.any_of.contains(&index) || rule.need.iter().any(|(axis, _)| term.points.iter().any(|(on, _)| on == axis))
    };
    html(&TermPage {
        points: term.points.iter().map(|(axis, points)| (label(axis), *points)).collect(),
        needs: term.needs.iter().map(label).collect(),
        used_by: pack.rules.iter().filter(asks).map(|rule| rule.id.clone()).collect(),
        editable: may_change(&pipeline, &user),
        f: Frame::new(user, "rules", None),
        pack,
        term,
    })
}

#[derive(Deserialize)]
pub(super) struct ExplainForm {
    text: String,
    /// A change whose rules are tried instead of those in use; 0 for none.
    #[serde(default)]
    change: i64,
}

/// What one pack sees in a text.
pub(super) struct PackSees {
    title: String,
    text: Vec<Segment>,
    seen: Explanation,
    rules: Vec<(String, &'static str, String, String)>,
}

#[derive(Template)]
#[template(path = "web/explain.html")]
struct ExplainPage {
    f: Frame,
    text: String,
    change: Option<RuleChange>,
    packs: Vec<PackSees>,
    /// Problems that kept the rules of a change from loading.
    problem: bool,
}

impl ExplainPage {
    fn quotes(&self, term: &TermShown) -> String {
        let quote = |(quote, how): &(String, How)| match how {
            How::Plain => format!("“{quote}”"),
            how => format!("“{quote}” ({})", self.f.t.v("how", how.name())),
        };
        term.places.iter().map(quote).collect::<Vec<_>>().join(", ")
    }

    fn points(term: &TermShown) -> String {
        term.points.iter().map(|(axis, points)| format!("{axis} {points}")).collect::<Vec<_>>().join(", ")
    }
}

/// Longest text that is explained, bytes.
const LONGEST: usize = 20_000;

/// Shows all that the rules see in a pasted text. Nothing of it is stored.
pub(super) async fn explain(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<ExplainForm>) -> Page {
    if form.text.len() > LONGEST {
        return Err(PageError::Refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the text is too long to explain; paste a part of it".into(),
        ));
    }
    let change = match form.change {
        0 => None,
        id => Some(rule_changes::get(&pipeline, ChangeId(id)).await?),
    };
    let tried = match &change {
        Some((change, files)) => Some(rule_packs::loaded(vec![rule_changes::candidate(change, files)]).await?.rule_set),
        None => None,
    };
    let in_use = pipeline.rules();
    let rules = match &tried {
        Some(rules) => rules.as_ref(),
        None => Some(&*in_use),
    };
    let mut packs = Vec::new();
    for mut seen in rules.map(|rules| scan::explain(rules, &scan::Post::caption(&form.text))).unwrap_or_default() {
        let Some(pack) = rules.and_then(|rules| rules.pack(&seen.pack)) else { continue };
        let text = segments(&form.text, &evidence(&seen));
        let label = |axis: &mut String| {
            if let Some(known) = pack.axis(axis) {
                *axis = in_language(&known.label, user.language);
            }
        };
        seen.points.iter_mut().chain(seen.terms.iter_mut().flat_map(|term| &mut term.points)).for_each(|(axis, _)| label(axis));
        seen.terms.iter_mut().flat_map(|term| &mut term.lacks).for_each(label);
        packs.push(PackSees {
            title: in_language(&pack.title, user.language),
            text,
            rules: seen.rules.iter().map(|shown| said(pack, shown, &user)).collect(),
            seen,
        });
    }
    html(&ExplainPage {
        text: form.text,
        change: change.map(|(change, _)| change),
        problem: tried.is_some_and(|rules| rules.is_none()),
        packs,
        f: Frame::new(user, "rules", None),
    })
}

/// Spans of the terms that count, by axis.
fn evidence(seen: &Explanation) -> Vec<(String, Vec<scan::Span>)> {
    let mut out: Vec<(String, Vec<scan::Span>)> = Vec::new();
    for term in seen.terms.iter().filter(|term| term.lacks.is_empty()) {
        for (axis, _) in &term.points {
            match out.iter_mut().find(|(known, _)| known == axis) {
                Some((_, spans)) => spans.extend(&term.spans),
                None => out.push((axis.clone(), term.spans.clone())),
            }
        }
    }
    out
}

/// Id, status, title and what a rule said.
fn said(pack: &Pack, shown: &scan::RuleShown, user: &User) -> (String, &'static str, String, String) {
    let title = pack.rule(&shown.id).map_or_else(String::new, |rule| in_language(&rule.title, user.language));
    let said = match shown.matched {
        Some(priority) => priority.to_string(),
        None => Text::new(user.language).refusal(&shown.why_not),
    };
    (shown.id.clone(), status_key(shown.status), title, said)
}

#[derive(Template)]
#[template(path = "web/radar.html")]
struct RadarPage {
    f: Frame,
    pack: String,
    title: String,
    radar: radar::Radar,
    editable: bool,
}

impl RadarPage {
    fn percent(&self, word: &radar::NewWord, upheld: bool) -> usize {
        let (part, all) = if upheld { (word.upheld, self.radar.upheld) } else { (word.others, self.radar.others) };
        part * 100 / all.max(1)
    }
}

/// Words of upheld posts that no term covers.
pub(super) async fn radar(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<String>) -> Page {
    let rules = pipeline.rules();
    let pack = pack(&rules, &id)?;
    html(&RadarPage {
        title: in_language(&pack.title, user.language),
        radar: radar::read(&pipeline, &id).await?,
        editable: may_change(&pipeline, &user),
        pack: id,
        f: Frame::new(user, "rules", None),
    })
}

#[derive(Template)]
#[template(path = "web/rule_history.html")]
struct HistoryPage {
    f: Frame,
    pack: String,
    title: String,
    rows: Vec<Activation>,
    /// Changes that can be gone back to, newest first, without the one in force.
    former: Vec<(ChangeId, String)>,
    /// The program's own pack is in force.
    own: bool,
    seen: i64,
    editable: bool,
    /// Rules come from a folder: what was put to use here counts for nothing.
    fixed: bool,
}

/// What was put to use, and the way back.
pub(super) async fn history(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DoneQuery>,
) -> Page {
    let rules = pipeline.rules();
    let pack = pack(&rules, &id)?;
    let rows = rows::activations(&pipeline.store, &id).await?;
    let in_force = rows.first().and_then(|row| row.change_id);
    let mut former: Vec<(ChangeId, String)> = Vec::new();
    for row in &rows {
        if let (Some(change), Some(title)) = (row.change_id, &row.title)
            && Some(change) != in_force
            && former.iter().all(|(known, _)| *known != change)
        {
            former.push((change, title.clone()));
        }
    }
    html(&HistoryPage {
        title: in_language(&pack.title, user.language),
        own: in_force.is_none(),
        seen: rows.first().map_or(0, |row| row.id),
        rows,
        former,
        editable: may_change(&pipeline, &user),
        fixed: rule_changes::fixed(&pipeline).is_some(),
        pack: id,
        f: Frame::new(user, "rules", query.done),
    })
}

#[derive(Deserialize)]
pub(super) struct BackForm {
    /// Change to go back to; 0 for the program's own pack.
    change: i64,
    /// Newest activation that the page showed.
    seen: i64,
}

/// Goes back to what was in use before.
pub(super) async fn roll_back(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    Form(form): Form<BackForm>,
) -> Page {
    let change = Some(form.change).filter(|change| *change != 0).map(ChangeId);
    rule_changes::roll_back(&pipeline, &user, &id, change, form.seen).await?;
    Ok(Redirect::to(&format!("/rules/{id}/history?done=rules-used")).into_response())
}

/// True while someone can still move a change on.
pub(super) fn is_open(change: &RuleChange) -> bool {
    matches!(change.state, ChangeState::Draft | ChangeState::Proposed)
}
