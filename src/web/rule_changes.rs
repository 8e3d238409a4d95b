//! Changing rules: a change with its differences, problems and trial; the form of a term; files as text.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::{Page, PageError};
use super::rules::is_open;
use super::session::SignedIn;
use super::view::{Frame, html, in_language};
use crate::domain::flag::Priority;
use crate::domain::ids::ChangeId;
use crate::domain::job::JobState;
use crate::domain::rule_change::{ChangeState, FileChange, Listed, RuleChange, Trial};
use crate::domain::user::User;
use crate::pipeline::rule_changes::{self as changes, Edit, Step};
use crate::pipeline::{Pipeline, PipelineError};
use crate::rules::edit::{self, TermDraft};
use crate::rules::{Axis, Diagnostic, PackSource, Severity, Status};
use crate::store::rule_changes::{self as rows, TrialPost};
use crate::store::{StoreError, named_queues};

#[derive(Deserialize)]
pub(super) struct BeginForm {
    title: String,
    /// Where to go on: `term:ID`, `rule:ID`, `new-term:WORDS`, or nothing.
    #[serde(default)]
    next: String,
}

/// Begins a change of a pack.
pub(super) async fn begin(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(pack): Path<String>,
    Form(form): Form<BeginForm>,
) -> Page {
    // From a word or a rule one goes on in one's own draft, if there is one: many small changes would wait for each other.
    let draft = if form.next.is_empty() { None } else { rows::draft_of(&pipeline.store, &pack, user.id).await? };
    let id = match draft {
        Some(draft) if user.role.edits_rules() => draft,
        _ => changes::begin(&pipeline, &user, &pack, &form.title).await?,
    };
    let query = |key: &str, value: &str| serde_urlencoded::to_string([(key, value)]).unwrap_or_default();
    let to = match form.next.split_once(':') {
        Some(("term", term)) => format!("/changes/{id}/term?{}", query("id", term)),
        Some(("new-term", words)) => format!("/changes/{id}/term?{}", query("form", words)),
        Some(("rule", rule)) => format!("/changes/{id}/file?{}", query("path", &format!("rules/{rule}.toml"))),
        _ => format!("/changes/{id}"),
    };
    Ok(Redirect::to(&to).into_response())
}

/// A line of a difference.
struct DiffLine {
    class: &'static str,
    text: String,
}

/// A file that differs.
struct FileDiff {
    path: String,
    lines: Vec<DiffLine>,
}

fn diff(file: &FileChange) -> FileDiff {
    let text = |side: &Option<String>| side.clone().unwrap_or_default();
    let (before, after) = (text(&file.before), text(&file.after));
    let patch = diffy::DiffOptions::new().set_context_len(2).create_patch(&before, &after).to_string();
    let lines = patch.lines().skip(2).map(|line| {
        let class = match line.bytes().next() {
            Some(b'+') => "added",
            Some(b'-') => "gone",
            Some(b'@') => "place",
            _ => "",
        };
        DiffLine { class, text: line.to_owned() }
    });
    FileDiff { path: file.path.clone(), lines: lines.collect() }
}

/// A list of a trial with its first posts.
struct TrialList {
    /// Text key.
    title: &'static str,
    bad: bool,
    count: i64,
    width: i64,
    posts: Vec<TrialPost>,
}

/// Posts of a list that the page shows.
const POSTS: usize = 10;

#[derive(Template)]
#[template(path = "web/change.html")]
struct ChangePage {
    f: Frame,
    change: RuleChange,
    diffs: Vec<FileDiff>,
    paths: Vec<String>,
    /// Ids of the terms, for the box that names one.
    terms: Vec<String>,
    problems: Vec<Diagnostic>,
    errors: usize,
    lists: Vec<TrialList>,
    trial: Option<Trial>,
    /// Posts that a trial has to read.
    all: i64,
    /// The rules in use are others than those that the change began from.
    behind: bool,
    mine: bool,
    may: bool,
    /// Why the newest trial ended without a result, where nothing waits or runs any more.
    stuck: Option<String>,
}

impl ChangePage {
    fn is_open(&self) -> bool {
        is_open(&self.change)
    }

    /// Moves on by itself while a trial runs.
    fn waits(&self) -> bool {
        self.change.is_being_tried() && self.stuck.is_none()
    }
}

/// Why a trial that was asked for will not end by itself; none if it will.
async fn stuck(pipeline: &Pipeline, change: &RuleChange) -> Result<Option<String>, PageError> {
    if !change.is_being_tried() {
        return Ok(None);
    }
    Ok(match rows::trial_job(&pipeline.store, change.id).await? {
        Some((JobState::Queued | JobState::Running, _)) => None,
        Some((_, error)) => Some(error.unwrap_or_default()),
        None => Some(String::new()),
    })
}

#[derive(Template)]
#[template(path = "web/trial_progress.html")]
struct ProgressPart {
    t: super::i18n::Text,
    read: i64,
    percent: i64,
}

#[derive(Deserialize)]
pub(super) struct ProgressQuery {
    #[serde(default)]
    all: i64,
}

/// How far a trial is: asked for every two seconds. When it has ended, the whole page is asked for.
pub(super) async fn progress(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<ProgressQuery>,
) -> Page {
    let change = rows::get(&pipeline.store, ChangeId(id)).await?.ok_or(PageError::NotFound)?;
    if !change.is_being_tried() || stuck(&pipeline, &change).await?.is_some() {
        return Ok(([("hx-refresh", "true")], "").into_response());
    }
    let percent = (change.trial_posts * 100 / query.all.max(1)).clamp(0, 100);
    html(&ProgressPart { t: super::i18n::Text::new(user.language), read: change.trial_posts, percent })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ChangeQuery {
    done: Option<String>,
}

/// A change: what differs, what is wrong, what it would do, what can be done with it.
pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<ChangeQuery>,
) -> Page {
    let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
    let checked = changes::check_aside(&pipeline, changes::candidate(&change, &files)).await?;
    let trial = changes::trial(&pipeline, &change).await?;
    let closed = named_queues::closed_to(&pipeline.store, &user).await?;
    let mut lists = Vec::new();
    if let Some(trial) = &trial {
        let kinds: [(&'static str, bool, &Listed); 5] = [
            ("trial-new", false, &trial.new),
            ("trial-lost", false, &trial.lost),
            ("trial-contradicts", true, &trial.contradicts),
            ("trial-forgets", true, &trial.forgets),
            ("trial-abandons", true, &trial.abandons),
        ];
        let count = |listed: &Listed| i64::try_from(listed.count).unwrap_or(i64::MAX);
        let largest = kinds.iter().map(|(_, _, listed)| count(listed)).max().unwrap_or(0).max(1);
        for (title, bad, listed) in kinds {
            let mut posts = Vec::new();
            for post in listed.first.iter().take(POSTS) {
                let post = rows::trial_post(&pipeline.store, *post, &change.pack).await?;
                posts.extend(post.filter(|post| post.flag_id.is_none() || !named_queues::keeps_out(&closed, post.queue_id)));
            }
            let count = count(listed);
            lists.push(TrialList { title, bad: bad && count > 0, count, width: count * 100 / largest, posts });
        }
    }
    let behind =
        is_open(&change) && changes::in_use(&pipeline, &change.pack).await.is_ok_and(|pack| pack.hash() != change.base_hash);
    html(&ChangePage {
        diffs: files.iter().filter(|file| file.differs()).map(diff).collect(),
        paths: files.iter().filter(|file| file.after.is_some()).map(|file| file.path.clone()).collect(),
        terms: checked.rules.iter().flat_map(|rules| &rules.terms).map(|term| term.id.clone()).collect(),
        errors: checked.errors(),
        problems: checked.problems,
        lists,
        trial,
        all: if change.is_being_tried() { crate::store::backtest::count(&pipeline.store).await? } else { 0 },
        stuck: stuck(&pipeline, &change).await?,
        behind,
        mine: change.author_id == user.id,
        may: user.role.edits_rules() && changes::fixed(&pipeline).is_none(),
        change,
        f: Frame::new(user, "rules", query.done),
    })
}

/// Points that the form of a term offers on an axis.
struct AxisChoice {
    axis: Axis,
    label: String,
    points: i64,
    needs: bool,
}

#[derive(Template)]
#[template(path = "web/change_term.html")]
struct TermPage {
    f: Frame,
    change: RuleChange,
    /// Id before; empty for a new term.
    before: String,
    draft: TermDraft,
    axes: Vec<AxisChoice>,
    problem: String,
    /// Hash of the change as the form was opened: what another window saved since is not overwritten.
    seen: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TermQuery {
    id: String,
    form: String,
}

fn may_edit(user: &User) -> Result<(), PageError> {
    if user.role.edits_rules() {
        return Ok(());
    }
    Err(PageError::Refused(StatusCode::FORBIDDEN, "only rule editors and supervisors change rules".into()))
}

/// A change and its files as a pack, for those who may edit it.
async fn to_edit(pipeline: &Pipeline, user: &User, id: i64) -> Result<(RuleChange, PackSource), PageError> {
    may_edit(user)?;
    let (change, files) = changes::get(pipeline, ChangeId(id)).await?;
    let source = changes::candidate(&change, &files);
    Ok((change, source))
}

fn axes(source: &PackSource, user: &User, draft: &TermDraft) -> Vec<AxisChoice> {
    #[derive(Deserialize)]
    struct Axes {
        axes: Vec<Axis>,
    }
    let file = source.files.get("pack.toml").and_then(|text| toml::from_str::<Axes>(text).ok());
    let choice = |axis: Axis| AxisChoice {
        label: in_language(&axis.label, user.language),
        points: draft.points.iter().find(|(name, _)| *name == axis.name).map_or(0, |(_, points)| *points),
        needs: draft.needs.contains(&axis.name),
        axis,
    };
    file.map(|file| file.axes.into_iter().map(choice).collect()).unwrap_or_default()
}

/// The form of a term.
pub(super) async fn term(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<TermQuery>,
) -> Page {
    let (change, source) = to_edit(&pipeline, &user, id).await?;
    let draft = if query.id.is_empty() {
        let forms = Some(query.form.clone()).filter(|form| !form.is_empty()).into_iter().collect();
        let slug =
            query.form.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        TermDraft { id: slug.to_lowercase(), forms, affixes: true, fuzzy: true, ..TermDraft::default() }
    } else {
        match edit::term(&source.files, &query.id) {
            Some((_, draft)) => draft,
            None => return Err(unreadable(&source).unwrap_or(PageError::NotFound)),
        }
    };
    let axes = axes(&source, &user, &draft);
    let seen = change.hash.clone();
    html(&TermPage { change, before: query.id, draft, axes, problem: String::new(), seen, f: Frame::new(user, "rules", None) })
}

/// The first file of terms that is not TOML: its terms cannot be found.
fn unreadable(source: &PackSource) -> Option<PageError> {
    let broken = |(path, text): (&String, &String)| {
        let error = text.parse::<toml::Table>().err().filter(|_| path.starts_with("terms/"))?;
        let why = edit::EditError::Broken { path: path.clone(), why: error.message().to_owned() };
        Some(PageError::Refused(StatusCode::CONFLICT, why.to_string()))
    };
    source.files.iter().find_map(broken)
}

/// The words of a refusal that a form can show above what was typed; every other error goes on.
fn refused(error: PipelineError) -> Result<String, PageError> {
    match error {
        PipelineError::Refused(why) | PipelineError::Store(StoreError::Refused(why)) => Ok(why),
        other => Err(other.into()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TermForm {
    seen: String,
    before: String,
    id: String,
    forms: String,
    /// `AXIS=POINTS`.
    points: Vec<String>,
    needs: Vec<String>,
    except: String,
    affixes: Option<String>,
    fuzzy: Option<String>,
    meaning: String,
    confused_with: String,
    example: String,
    /// `remove` takes the term out.
    what: String,
}

/// Each line that says something.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

impl TermForm {
    /// The term as the form has it. Points and company on groups that the form did not offer stay as they are in `source`.
    fn draft(&self, source: &PackSource) -> TermDraft {
        let mut draft = self.typed();
        let offered: Vec<&str> = self.points.iter().filter_map(|choice| choice.split_once('=')).map(|(axis, _)| axis).collect();
        if let Some((_, old)) = edit::term(&source.files, &self.before) {
            draft.points.extend(old.points.into_iter().filter(|(axis, _)| !offered.contains(&axis.as_str())));
            draft.needs.extend(old.needs.into_iter().filter(|axis| !offered.contains(&axis.as_str())));
        }
        draft
    }

    fn typed(&self) -> TermDraft {
        let points = self.points.iter().filter_map(|choice| {
            let (axis, points) = choice.split_once('=')?;
            Some((axis.to_owned(), points.parse().ok()?))
        });
        TermDraft {
            id: self.id.trim().to_owned(),
            points: points.collect(),
            forms: lines(&self.forms),
            needs: self.needs.clone(),
            except: lines(&self.except),
            affixes: self.affixes.is_some(),
            fuzzy: self.fuzzy.is_some(),
            meaning: self.meaning.trim().to_owned(),
            confused_with: self.confused_with.trim().to_owned(),
            example: self.example.trim().to_owned(),
        }
    }
}

/// Saves a term. What was typed stays on the page when it cannot be saved.
pub(super) async fn save_term(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<TermForm>,
) -> Page {
    let (change, source) = to_edit(&pipeline, &user, id).await?;
    let draft = form.draft(&source);
    let before = Some(form.before.clone()).filter(|before| !before.is_empty());
    let what = match (form.what.as_str(), before) {
        ("remove", Some(term)) => Edit::RemoveTerm(term),
        (_, before) => Edit::Term { before, draft: draft.clone() },
    };
    match changes::edit(&pipeline, &user, ChangeId(id), &form.seen, what).await {
        Ok(()) => Ok(Redirect::to(&format!("/changes/{id}?done=saved")).into_response()),
        Err(error) => {
            let problem = refused(error)?;
            let axes = axes(&source, &user, &draft);
            let f = Frame::new(user, "rules", None);
            let page = TermPage { change, before: form.before, draft, axes, problem, seen: form.seen, f };
            Ok((StatusCode::CONFLICT, html(&page)?).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "web/change_file.html")]
struct FilePage {
    f: Frame,
    change: RuleChange,
    path: String,
    text: String,
    problem: String,
    problems: Vec<Diagnostic>,
    /// Status and priority, for a rule.
    rule: Option<(String, Status, Priority)>,
    /// Hash of the change as the form was opened.
    seen: String,
}

#[derive(Deserialize)]
pub(super) struct FileQuery {
    path: String,
}

/// Status and priority of a rule file.
fn rule_of(path: &str, text: &str) -> Option<(String, Status, Priority)> {
    #[derive(Deserialize)]
    struct Head {
        status: Status,
        priority: Priority,
    }
    let id = path.strip_prefix("rules/")?.strip_suffix(".toml")?;
    let head: Head = toml::from_str(text).ok()?;
    Some((id.to_owned(), head.status, head.priority))
}

/// A file as text.
pub(super) async fn file(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<FileQuery>,
) -> Page {
    let (change, source) = to_edit(&pipeline, &user, id).await?;
    let text = source.files.get(&query.path).cloned().ok_or(PageError::NotFound)?;
    let problems = changes::check_aside(&pipeline, source).await?.problems;
    html(&FilePage {
        rule: rule_of(&query.path, &text),
        seen: change.hash.clone(),
        change,
        path: query.path,
        text,
        problem: String::new(),
        problems,
        f: Frame::new(user, "rules", None),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FileForm {
    seen: String,
    path: String,
    text: String,
    /// `remove`, `restore`, `rule` (status and priority), `new-rule`, or nothing: the text.
    what: String,
    id: String,
    status: Option<Status>,
    priority: Option<Priority>,
}

/// Saves a file, or only a rule's status and priority.
pub(super) async fn save_file(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<FileForm>,
) -> Page {
    may_edit(&user)?;
    let what = match (form.what.as_str(), form.status, form.priority) {
        ("restore", ..) => Edit::Restore(form.path.clone()),
        ("remove", ..) => Edit::File { path: form.path.clone(), text: None },
        ("new-rule", ..) => Edit::NewRule(form.id.trim().to_owned()),
        ("rule", Some(status), Some(priority)) => Edit::Rule { id: form.id.clone(), status, priority },
        _ => Edit::File { path: form.path.clone(), text: Some(form.text.clone()) },
    };
    let goes_on = form.what == "new-rule";
    match changes::edit(&pipeline, &user, ChangeId(id), &form.seen, what).await {
        Ok(()) if goes_on => {
            let path = format!("rules/{}.toml", form.id.trim());
            let query = serde_urlencoded::to_string([("path", path)]).unwrap_or_default();
            Ok(Redirect::to(&format!("/changes/{id}/file?{query}")).into_response())
        }
        Ok(()) => Ok(Redirect::to(&format!("/changes/{id}?done=saved")).into_response()),
        Err(error) if !form.what.is_empty() => Err(error.into()),
        Err(error) => {
            let problem = refused(error)?;
            let (change, mut source) = to_edit(&pipeline, &user, id).await?;
            if edit::is_path(&form.path) {
                source.files.insert(form.path.clone(), form.text.clone());
            }
            let page = FilePage {
                rule: rule_of(&form.path, &form.text),
                problem,
                problems: changes::check_aside(&pipeline, source).await?.problems,
                change,
                path: form.path,
                text: form.text,
                seen: form.seen,
                f: Frame::new(user, "rules", None),
            };
            Ok((StatusCode::CONFLICT, html(&page)?).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "web/problems.html")]
struct ProblemsPart {
    t: super::i18n::Text,
    problems: Vec<Diagnostic>,
}

/// The problems that the pack would have with this text in place of a file: asked for while someone types.
pub(super) async fn try_file(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<FileForm>,
) -> Page {
    let (_, mut source) = to_edit(&pipeline, &user, id).await?;
    if edit::is_path(&form.path) {
        source.files.insert(form.path, form.text.replace("\r\n", "\n"));
    }
    html(&ProblemsPart {
        t: super::i18n::Text::new(user.language),
        problems: changes::check_aside(&pipeline, source).await?.problems,
    })
}

/// The same for the form of a term.
pub(super) async fn try_term(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<TermForm>,
) -> Page {
    let (_, mut source) = to_edit(&pipeline, &user, id).await?;
    let before = Some(form.before.as_str()).filter(|before| !before.is_empty());
    let problems = match edit::write_term(&source.files, before, &form.draft(&source)) {
        Ok((path, text)) => {
            source.files.insert(path, text);
            changes::check_aside(&pipeline, source).await?.problems
        }
        Err(error) => vec![Diagnostic {
            severity: Severity::Error,
            code: "R001",
            file: form.id.clone(),
            source: form.id.clone(),
            span: 0..form.id.len(),
            message: error.to_string(),
            mend: String::new(),
        }],
    };
    html(&ProblemsPart { t: super::i18n::Text::new(user.language), problems })
}

#[derive(Deserialize)]
pub(super) struct StepForm {
    /// `try`, `propose`, `take-back`, `withdraw`, `send-back`, `merge`.
    what: String,
    #[serde(default)]
    remark: String,
}

/// Moves a change on.
pub(super) async fn step(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<StepForm>,
) -> Page {
    let change = ChangeId(id);
    let advance = async |step| changes::advance(&pipeline, &user, change, step, &form.remark).await;
    let done = match form.what.as_str() {
        "try" => changes::ask_trial(&pipeline, &user, change).await.map(|()| "trial-asked")?,
        "merge" if changes::merge(&pipeline, &user, change).await?.is_empty() => "merged",
        "merge" => "merged-clash",
        "propose" => advance(Step::Propose).await.map(|()| "proposed")?,
        "take-back" => advance(Step::TakeBack).await.map(|()| "saved")?,
        "send-back" => advance(Step::SendBack).await.map(|()| "sent-back")?,
        "withdraw" => advance(Step::Withdraw).await.map(|()| "withdrawn")?,
        _ => return Err(PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, "no such step".into())),
    };
    Ok(Redirect::to(&format!("/changes/{id}?done={done}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct UseForm {
    hash: String,
}

/// Puts a change of another person to use.
pub(super) async fn activate(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<UseForm>,
) -> Page {
    changes::activate(&pipeline, &user, ChangeId(id), &form.hash).await?;
    Ok(Redirect::to(&format!("/changes/{id}?done=rules-used")).into_response())
}
