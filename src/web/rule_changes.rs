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
use crate::domain::rule_change::{ChangeState, FileChange, Listed, RuleChange, Trial};
use crate::domain::user::User;
use crate::pipeline::rule_changes::{self as changes, Checked, Edit, Step};
use crate::pipeline::{Pipeline, rule_changes};
use crate::rules::edit::{self, TermDraft};
use crate::rules::{Axis, Diagnostic, PackSource, Severity, Status};
use crate::store::rule_changes::{self as rows, TrialPost};

#[derive(Deserialize)]
pub(super) struct BeginForm {
    title: String,
    /// Where to go on: `term:ID`, `rule:ID`, `new-term:WORDS`, `new-rule`, or nothing.
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
    let id = changes::begin(&pipeline, &user, &pack, &form.title).await?;
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
}

impl ChangePage {
    /// How far a trial is, per cent.
    fn progress(&self) -> i64 {
        (self.change.trial_posts * 100 / self.all.max(1)).clamp(0, 100)
    }

    fn is_open(&self) -> bool {
        is_open(&self.change)
    }

    /// Moves on by itself while a trial runs.
    fn waits(&self) -> bool {
        self.change.is_being_tried()
    }
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
    let Checked { problems, rules } = check(&pipeline, changes::candidate(&change, &files)).await?;
    let trial = changes::trial(&pipeline, &change).await?;
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
                posts.extend(rows::trial_post(&pipeline.store, *post, &change.pack).await?);
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
        terms: rules.iter().flat_map(|rules| &rules.terms).map(|term| term.id.clone()).collect(),
        errors: problems.iter().filter(|problem| problem.severity == Severity::Error).count(),
        problems,
        lists,
        trial,
        all: crate::store::posts::count(&pipeline.store).await?,
        behind,
        mine: change.author_id == user.id,
        may: user.role.edits_rules(),
        change,
        f: Frame::new(user, "rules", query.done),
    })
}

/// Compiling a pack takes a while: not on a thread that answers others.
async fn check(pipeline: &Pipeline, source: PackSource) -> Result<Checked, PageError> {
    let day = pipeline.clock().now().in_jakarta().date();
    let checked = tokio::task::spawn_blocking(move || changes::check(&source, day)).await;
    checked.map_err(|error| PageError::Internal(error.to_string()))
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
    may_edit(&user)?;
    let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
    let source = changes::candidate(&change, &files);
    let draft = if query.id.is_empty() {
        let forms = Some(query.form.clone()).filter(|form| !form.is_empty()).into_iter().collect();
        let slug =
            query.form.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        TermDraft { id: slug.to_lowercase(), forms, affixes: true, fuzzy: true, ..TermDraft::default() }
    } else {
        edit::term(&source.files, &query.id).ok_or(PageError::NotFound)?.1
    };
    let axes = axes(&source, &user, &draft);
    html(&TermPage { change, before: query.id, draft, axes, problem: String::new(), f: Frame::new(user, "rules", None) })
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
    fn draft(&self) -> TermDraft {
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
    let draft = form.draft();
    let before = Some(form.before.clone()).filter(|before| !before.is_empty());
    let what = match (form.what.as_str(), before) {
        ("remove", Some(term)) => Edit::RemoveTerm(term),
        (_, before) => Edit::Term { before, draft: draft.clone() },
    };
    match changes::edit(&pipeline, &user, ChangeId(id), &form.seen, what).await {
        Ok(()) => Ok(Redirect::to(&format!("/changes/{id}?done=saved")).into_response()),
        Err(crate::pipeline::PipelineError::Refused(problem)) if user.role.edits_rules() => {
            let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
            let axes = axes(&changes::candidate(&change, &files), &user, &draft);
            let page = TermPage { change, before: form.before, draft, axes, problem, f: Frame::new(user, "rules", None) };
            Ok((StatusCode::CONFLICT, html(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
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
    may_edit(&user)?;
    let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
    let source = changes::candidate(&change, &files);
    let text = source.files.get(&query.path).cloned().ok_or(PageError::NotFound)?;
    let problems = check(&pipeline, source).await?.problems;
    html(&FilePage {
        rule: rule_of(&query.path, &text),
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
    /// `remove`, `rule` (status and priority), `new-rule`, or nothing: the text.
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
    let what = match (form.what.as_str(), form.status, form.priority) {
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
        Err(crate::pipeline::PipelineError::Refused(problem)) if user.role.edits_rules() && form.what.is_empty() => {
            let (change, _) = changes::get(&pipeline, ChangeId(id)).await?;
            let rule = rule_of(&form.path, &form.text);
            let page = FilePage {
                change,
                path: form.path,
                text: form.text,
                problem,
                problems: Vec::new(),
                rule,
                f: Frame::new(user, "rules", None),
            };
            Ok((StatusCode::CONFLICT, html(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
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
    may_edit(&user)?;
    let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
    let mut source = changes::candidate(&change, &files);
    if edit::is_path(&form.path) {
        source.files.insert(form.path, form.text.replace("\r\n", "\n"));
    }
    html(&ProblemsPart { t: super::i18n::Text::new(user.language), problems: check(&pipeline, source).await?.problems })
}

/// The same for the form of a term.
pub(super) async fn try_term(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<TermForm>,
) -> Page {
    may_edit(&user)?;
    let (change, files) = changes::get(&pipeline, ChangeId(id)).await?;
    let mut source = changes::candidate(&change, &files);
    let before = Some(form.before.as_str()).filter(|before| !before.is_empty());
    let problems = match edit::write_term(&source.files, before, &form.draft()) {
        Ok((path, text)) => {
            source.files.insert(path, text);
            check(&pipeline, source).await?.problems
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
        "merge" => match changes::merge(&pipeline, &user, change).await?.is_empty() {
            true => "merged",
            false => "merged-clash",
        },
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
    rule_changes::activate(&pipeline, &user, ChangeId(id), &form.hash).await?;
    Ok(Redirect::to(&format!("/changes/{id}?done=rules-used")).into_response())
}
