//! One post with its evidence: judged, seconded, handed on, taken back.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, Segment, html, in_language, segments};
use crate::domain::Millis;
use crate::domain::account::{Mark, MarkKind};
use crate::domain::batch::Batch;
use crate::domain::check::Liveness;
use crate::domain::decision::{Elements, FollowUp, Judgement, Reason, Verdict};
use crate::domain::flag::{Flag, FlagState, Lane, Role};
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::post::Post;
use crate::domain::user::{Language, User};
use crate::pipeline::alike::{self, Alike};
use crate::pipeline::{Pipeline, PipelineError, batch::case_id, corrections, review};
use crate::rules::Pack;
use crate::rules::index::How;
use crate::scan;
use crate::store::accounts;
use crate::store::alike::Account;
use crate::store::captures::{self, Capture};
use crate::store::corrections::Asked;
use crate::store::decisions::{DecisionRow, Referral, Seen};
use crate::store::queue::{self, Filter};
use crate::store::screenshots::{self, Screenshot};
use crate::store::tips::TipCard;
use crate::store::{StoreError, batches, checks, decisions, flags, named_queues, posts, quality, rule_hits, tips};

/// Near-duplicates that a page names.
const ALIKE: usize = 5;

/// A rule that matched, as the page shows it.
struct RuleNote {
    title: String,
    why: String,
    doubts: Vec<String>,
}

/// A reason with the key that chooses it.
struct Choice {
    reason: Reason,
    key: usize,
}

/// An element of a request with its evidence.
struct Element {
    letter: &'static str,
    name: &'static str,
    /// Words that show it.
    words: Vec<String>,
    ticked: bool,
}

/// A word of the caption that means something to the rules.
struct Slang {
    quotes: Vec<String>,
    /// Text keys of how they were read; plain readings are left out.
    how: Vec<String>,
    meaning: String,
    axes: String,
}

/// What a person typed before something was refused: nothing of it is lost.
#[derive(Default)]
struct Draft {
    problem: String,
    note: String,
    letters: Option<String>,
    actor: Option<String>,
    action: String,
}

#[derive(Template)]
#[template(path = "web/flag.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a notice of its own on the page")]
struct FlagPage {
    f: Frame,
    flag: Flag,
    post: Post,
    case_id: String,
    caption: Vec<Segment>,
    legend: Vec<(String, String)>,
    notes: Vec<RuleNote>,
    meanings: Vec<Slang>,
    elements: Vec<Element>,
    uphold: Vec<Choice>,
    dismiss: Vec<Choice>,
    history: Vec<DecisionRow>,
    referrals: Vec<Referral>,
    packages: Vec<Batch>,
    liveness: Liveness,
    account: Account,
    /// Views by day, oldest first; empty unless they grew.
    views: Vec<ViewsDay>,
    /// Marks on the account that hold now.
    marks: Vec<Mark>,
    alike: Vec<Alike>,
    alike_open: usize,
    colleague: bool,
    seen: Seen,
    waiting: i64,
    text_changed: bool,
    waits_for_second: bool,
    second_analyst: Option<String>,
    tips: Vec<TipCard>,
    screenshots: Vec<Screenshot>,
    /// What the post came as.
    captures: Vec<Capture>,
    /// The named queue that the reader works in; empty for all.
    queue: String,
    /// Whether the decision in force is a reference.
    golden: bool,
    /// Whether a pause would do the reader good.
    pause: bool,
    /// What the reader decided just now and may take back.
    undoable: Option<(FlagId, DecisionId)>,
    draft: Draft,
    /// The request about it that was sent and stands.
    standing: Option<Asked>,
    withdraw_reasons: Vec<Reason>,
}

impl FlagPage {
    /// Whether the post was emptied when its time had come.
    fn is_forgotten(&self) -> bool {
        self.seen.text_sha256.is_empty()
    }

    /// The decision in force when the page was made; 0 for none.
    fn seen_decision(&self) -> i64 {
        self.seen.decision.map_or(0, |decision| decision.0)
    }

    fn is_exempt(&self) -> bool {
        self.marks.iter().any(|mark| mark.kind == MarkKind::Exempt)
    }

    /// Whether the reader made the decision in force.
    fn is_own(&self) -> bool {
        self.history.first().is_some_and(|row| row.by == self.f.user.name)
    }

    /// Whether there is an address that leads to the post.
    fn has_url(&self) -> bool {
        self.post.url.starts_with("https://")
    }

    /// Whether the reader may hand it on.
    fn can_refer(&self) -> bool {
        self.flag.state == FlagState::Open
            && (self.flag.lane == Lane::First
                || (self.flag.lane == Lane::SecondLook && self.flag.referred_by != Some(self.f.user.id)))
    }

    /// The part in the trade that is chosen: by the reader, or by the words.
    fn plays(&self) -> &str {
        self.draft.actor.as_deref().or_else(|| self.flag.actor.map(Role::as_str)).unwrap_or_default()
    }

    /// The query string that keeps the reader in a named queue.
    fn kept(&self) -> String {
        if self.queue.is_empty() { String::new() } else { format!("queue={}", self.queue) }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FlagQuery {
    done: Option<String>,
    queue: String,
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<FlagQuery>,
) -> Page {
    show(&pipeline, user, FlagId(id), query, Draft::default()).await
}

async fn show(pipeline: &Pipeline, user: User, id: FlagId, query: FlagQuery, draft: Draft) -> Page {
    let store = &pipeline.store;
    let flag = flags::get(store, id).await?.ok_or(PageError::NotFound)?;
    let closed = named_queues::closed_to(store, &user).await?;
    if named_queues::keeps_out(&closed, flag.queue_id) {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "this post stands in a queue that others work on".into()));
    }
    let post = posts::get(store, flag.post_id).await?.ok_or(PageError::NotFound)?;
    let seen = decisions::seen(store, id).await?;
    let decided_text = decisions::decided_text(store, id).await?;
    let reviews = user.role.reviews();
    let colleague = !review::look(pipeline, &user, id).await? && flag.state == FlagState::Open;
    let second_analyst = match seen.decision {
        Some(decision) => rule_hits::second_analyst(store, decision).await?,
        None => None,
    };
    let rules = pipeline.rules();
    let pack = rules.pack(&flag.pack);
    let read = Read::new(&rules, pack, &flag, &post, user.language);
    let near = alike::of(pipeline, &user, &flag, &post.text).await?;
    let choices = |verdict: Verdict, first: usize| -> Vec<Choice> {
        Reason::for_verdict(verdict).zip(first..).map(|(reason, key)| Choice { reason, key }).collect()
    };
    let uphold = choices(Verdict::Uphold, 1);
    let undoable = if reviews { decisions::newest_by(store, user.id, review::undo_since(pipeline)).await? } else { None };
    let letters = draft.letters.clone();
    let elements = read.elements.into_iter().map(|mut element| {
        if let Some(letters) = &letters {
            element.ticked = letters.contains(element.letter);
        }
        element
    });
    html(&FlagPage {
        case_id: case_id(id),
        caption: read.caption,
        legend: read.legend,
        notes: read.notes,
        meanings: read.meanings,
        elements: elements.collect(),
        dismiss: choices(Verdict::Dismiss, uphold.len() + 1),
        uphold,
        history: decisions::of_flag(store, id).await?,
        referrals: decisions::referrals(store, id).await?,
        packages: batches::sent_with(store, id).await?,
        standing: corrections::standing_row(pipeline, id).await?,
        withdraw_reasons: super::corrections::reasons(),
        liveness: Liveness::from_checks(&checks::of_post(store, flag.post_id).await?),
        views: views(&posts::views(store, flag.post_id).await?),
        marks: accounts::marks(store, post.platform, &post.author)
            .await?
            .into_iter()
            .filter(|mark| mark.holds(pipeline.clock().now()))
            .collect(),
        account: crate::store::alike::account(store, post.platform, &post.author, id).await?,
        alike_open: near.iter().filter(|one| one.post.state == FlagState::Open).count(),
        alike: near.into_iter().take(ALIKE).collect(),
        text_changed: flag.state != FlagState::Open && decided_text.is_some_and(|text| text != seen.text_sha256),
        seen,
        tips: tips::of_post(store, flag.post_id).await?,
        screenshots: screenshots::of_flag(store, id).await?,
        captures: captures::of_post(store, flag.post_id).await?,
        waits_for_second: rule_hits::waits_for_second(store, id).await?.is_some(),
        second_analyst,
        waiting: queue::count(store, &Filter { closed, ..Filter::open() }).await?,
        colleague,
        flag,
        post,
        queue: query.queue,
        golden: user.role.supervises() && quality::is_golden(store, id).await?,
        pause: reviews && review::break_is_due(pipeline, &user).await?,
        undoable,
        draft,
        f: Frame::new(user, "queue", query.done),
    })
}

/// Views on a day.
struct ViewsDay {
    day: String,
    views: i64,
    /// Place in a drawing of 200 by 40.
    x: i64,
    y: i64,
}

/// Days of the drawing of views.
fn views(rows: &[(i64, i64)]) -> Vec<ViewsDay> {
    let most = rows.iter().map(|(_, views)| *views).max().unwrap_or(0).max(1);
    let (first, last) = (rows.first().map_or(0, |row| row.0), rows.last().map_or(0, |row| row.0));
    let place = |(day, views): &(i64, i64)| ViewsDay {
        day: Millis(day * 86_400_000).in_jakarta().date().to_string(),
        views: *views,
        x: (day - first) * 200 / (last - first).max(1),
        y: 39 - views * 38 / most,
    };
    rows.iter().map(place).collect()
}

/// What the rules in use read in a post.
struct Read {
    caption: Vec<Segment>,
    legend: Vec<(String, String)>,
    notes: Vec<RuleNote>,
    meanings: Vec<Slang>,
    elements: Vec<Element>,
}

impl Read {
    fn new(rules: &crate::rules::RuleSet, pack: Option<&Pack>, flag: &Flag, post: &Post, language: Language) -> Self {
        let evidence = ordered(pack, scan::evidence(rules, &flag.pack, &post.text));
        let legend = evidence.iter().filter_map(|(name, _)| {
            let axis = pack?.axis(name)?;
            Some((name.clone(), in_language(&axis.label, language)))
        });
        let notes = flag.findings.iter().map(|finding| {
            let rule = pack.and_then(|pack| pack.rule(&finding.rule));
            RuleNote {
                title: rule.map_or_else(|| finding.rule.clone(), |rule| in_language(&rule.title, language)),
                why: if language == Language::Indonesian {
                    finding.why.clone()
                } else {
                    rule.map_or_else(String::new, |r| r.why.en.clone())
                },
                doubts: rule.map(|rule| rule.falsepositives.clone()).unwrap_or_default(),
            }
        });
        // Requests rest on elements; leads and market watches do not.
        let asks = rules.asks(&flag.pack);
        let names = [("A", "used_clothing"), ("B", "import_nexus"), ("C", "offer")];
        let elements = names.into_iter().filter(|_| asks).map(|(letter, name)| {
            let spans = evidence.iter().find(|(axis, _)| axis == name).map(|(_, spans)| spans.as_slice()).unwrap_or_default();
            let mut words: Vec<String> = Vec::new();
            for quote in spans.iter().filter_map(|(from, to)| post.text.get(*from..*to)) {
                if !words.iter().any(|known| known == quote) {
                    words.push(quote.to_owned());
                }
            }
            Element { letter, name, ticked: !words.is_empty(), words }
        });
        Self {
            caption: segments(&post.text, &evidence),
            legend: legend.collect(),
            notes: notes.collect(),
            meanings: meanings(rules, flag, post, pack, language),
            elements: elements.collect(),
        }
    }
}

/// The words that mean something to the rules, with what they mean and how a disguise was seen through.
fn meanings(rules: &crate::rules::RuleSet, flag: &Flag, post: &Post, pack: Option<&Pack>, language: Language) -> Vec<Slang> {
    let explained = scan::explain(rules, &scan::Post::caption(&post.text)).into_iter().find(|one| one.pack == flag.pack);
    let label = |name: &str| pack.and_then(|pack| pack.axis(name)).map(|axis| in_language(&axis.label, language));
    let terms = explained.map(|explanation| explanation.terms).unwrap_or_default();
    let shown = terms.into_iter().filter(|term| term.lacks.is_empty()).map(|term| {
        let how = term.places.iter().filter(|(_, how)| *how != How::Plain).map(|(_, how)| how.name());
        let quotes: std::collections::BTreeSet<String> = term.places.iter().map(|(quote, _)| quote.trim().to_owned()).collect();
        Slang {
            how: how.map(|how| format!("how-{how}")).collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
            quotes: quotes.into_iter().collect(),
            meaning: term.meaning,
            axes: term.points.iter().filter_map(|(axis, _)| label(axis)).collect::<Vec<_>>().join(", "),
        }
    });
    shown.collect()
}

/// Evidence in the pack's order of axes, without those that only support others.
fn ordered(pack: Option<&Pack>, mut found: BTreeMap<String, Vec<scan::Span>>) -> Vec<(String, Vec<scan::Span>)> {
    let axes = pack.map(|pack| pack.axes.as_slice()).unwrap_or_default().iter().filter(|axis| axis.weight != 0);
    axes.filter_map(|axis| found.remove(&axis.name).map(|spans| (axis.name.clone(), spans))).collect()
}

#[derive(Deserialize)]
pub(super) struct CaptionForm {
    caption: String,
}

/// An analyst writes down what stands at the address.
pub(super) async fn caption(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<CaptionForm>,
) -> Page {
    review::write_caption(&pipeline, &user, FlagId(id), &form.caption).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=captioned")).into_response())
}

#[derive(Deserialize)]
pub(super) struct SecondForm {
    seen: i64,
    text_sha256: String,
}

/// A second analyst agrees.
pub(super) async fn second(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<SecondForm>,
) -> Page {
    let seen = Seen { decision: (form.seen != 0).then_some(DecisionId(form.seen)), text_sha256: form.text_sha256 };
    review::agree(&pipeline, &user, FlagId(id), &seen).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=seconded")).into_response())
}

/// Where a person goes on to.
fn onward(queue: &str, done: &str) -> Redirect {
    let kept = queue.parse::<i64>().map(|queue| format!("&queue={queue}")).unwrap_or_default();
    Redirect::to(&format!("/queue/next?done={done}{kept}"))
}

#[derive(Deserialize)]
pub(super) struct DecisionForm {
    reason: Option<String>,
    #[serde(default)]
    note: String,
    /// Elements found: any of the letters A, B, C. Each is a box of its own.
    #[serde(default)]
    element_a: String,
    #[serde(default)]
    element_b: String,
    #[serde(default)]
    element_c: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    queue: String,
    seen: i64,
    text_sha256: String,
}

impl DecisionForm {
    fn elements(&self) -> Elements {
        Elements {
            used_clothing: !self.element_a.is_empty(),
            import_nexus: !self.element_b.is_empty(),
            offer: !self.element_c.is_empty(),
        }
    }

    /// What was judged; the words say what is missing.
    fn judgement(&self, asks: bool) -> Result<Judgement, String> {
        let reason = self.reason.as_deref().filter(|reason| !reason.is_empty()).ok_or("a decision needs a reason")?;
        let reason: Reason = reason.parse().map_err(|_| "unknown reason")?;
        let actor = match self.actor.as_str() {
            "" => None,
            actor => Some(actor.parse().map_err(|_| "unknown part in the trade")?),
        };
        let judgement = Judgement::new(reason.verdict(), reason, self.note.as_str()).map_err(|error| error.to_string())?;
        let judgement = judgement.with_elements(self.elements()).with_actor(actor);
        let follow_up = match self.action.as_str() {
            "" => FollowUp::usual(reason.verdict(), asks),
            action => action.parse().map_err(|_| "unknown step")?,
        };
        judgement.with_follow_up(follow_up).map_err(|error| error.to_string())
    }
}

pub(super) async fn decide(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<DecisionForm>,
) -> Page {
    let id = FlagId(id);
    let flag = flags::get(&pipeline.store, id).await?.ok_or(PageError::NotFound)?;
    let asks = pipeline.rules().asks(&flag.pack);
    let seen = Seen { decision: (form.seen != 0).then_some(DecisionId(form.seen)), text_sha256: form.text_sha256.clone() };
    let refused = match form.judgement(asks) {
        Ok(judgement) if judgement.verdict() == Verdict::Uphold && asks && judgement.elements() != Elements::ALL => {
            (StatusCode::UNPROCESSABLE_ENTITY, "elements-missing".to_owned())
        }
        Ok(judgement) => match review::decide(&pipeline, &user, id, &seen, &judgement).await {
            Ok(_) => {
                // A first decision goes on to the next post; a correction stays where it was made.
                let stays = Redirect::to(&format!("/flags/{id}?done=decided"));
                return Ok(if seen.decision.is_none() { onward(&form.queue, "decided") } else { stays }.into_response());
            }
            Err(PipelineError::Refused(why) | PipelineError::Store(StoreError::Refused(why))) => (StatusCode::CONFLICT, why),
            Err(error) => return Err(error.into()),
        },
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
    };
    let (status, problem) = refused;
    let draft = Draft {
        problem,
        letters: Some(form.elements().letters().to_owned()),
        actor: Some(form.actor),
        action: form.action,
        note: form.note,
    };
    let query = FlagQuery { done: None, queue: form.queue };
    let page = show(&pipeline, user, id, query, draft).await?;
    Ok((status, page).into_response())
}

#[derive(Deserialize)]
pub(super) struct UndoForm {
    decision: i64,
}

/// Takes a decision of one's own back.
pub(super) async fn undo(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<UndoForm>,
) -> Page {
    review::undo(&pipeline, &user, FlagId(id), DecisionId(form.decision)).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=undone")).into_response())
}

#[derive(Deserialize)]
pub(super) struct ReferForm {
    lane: Lane,
    #[serde(default)]
    note: String,
    #[serde(default)]
    queue: String,
}

/// Hands a post on.
pub(super) async fn refer(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<ReferForm>,
) -> Page {
    let id = FlagId(id);
    match review::refer(&pipeline, &user, id, form.lane, &form.note).await {
        Ok(()) => Ok(onward(&form.queue, "referred").into_response()),
        Err(PipelineError::Refused(why) | PipelineError::Store(StoreError::Refused(why))) => {
            let draft = Draft { problem: why, note: form.note, ..Draft::default() };
            let page = show(&pipeline, user, id, FlagQuery { done: None, queue: form.queue }, draft).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
