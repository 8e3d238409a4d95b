//! Changing rules in the desk: one person writes, tries on stored posts and proposes; another puts to use. Going back to
//! what was in use before takes one person, because two have agreed to it already.

use jiff::civil::Date;

use super::{Pipeline, PipelineError, Result, allowed, backtest, rule_packs};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::flag::Priority;
use crate::domain::ids::ChangeId;
use crate::domain::job::JobKind;
use crate::domain::rule_change::{ChangeState, FileChange, PackFiles, RuleChange, Trial};
use crate::domain::user::User;
use crate::rules::edit::{self, TermDraft};
use crate::rules::{Diagnostic, PackSource, RuleSet, Severity, Status, load, overdue, shipped};
use crate::scan::example_problems;
use crate::store::{WriteTx, jobs, rule_changes as rows};

const EDIT: &str = "only rule editors and supervisors change rules";

/// A pack with everything that is wrong in it.
#[derive(Debug)]
pub struct Checked {
    /// Problems of files and broken examples.
    pub problems: Vec<Diagnostic>,
    /// What could be compiled.
    pub rules: Option<RuleSet>,
}

impl Checked {
    /// Problems that keep something out of the rule set.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// Loads one pack and tries its examples, as `sisir rules check` does. Its id has to be that of `origin`.
pub fn check(source: &PackSource, day: Date) -> Checked {
    let sources = std::slice::from_ref(source);
    let loaded = load(sources);
    let mut problems = loaded.diagnostics;
    if let Some(rules) = &loaded.rule_set {
        problems.extend(example_problems(sources, rules));
    }
    problems.extend(overdue(sources, day));
    // Flags, history and the way back hang on a pack's id.
    problems.iter_mut().filter(|problem| problem.code == "R013").for_each(|problem| problem.severity = Severity::Error);
    Checked { problems, rules: loaded.rule_set }
}

/// The same, not on the threads that answer others.
///
/// # Errors
/// The task ended badly.
pub async fn check_aside(pipeline: &Pipeline, source: PackSource) -> Result<Checked> {
    let day = pipeline.clock().now().in_jakarta().date();
    let checked = tokio::task::spawn_blocking(move || check(&source, day)).await;
    checked.map_err(|error| PipelineError::Task(error.to_string()))
}

/// The pack as it is in use.
///
/// # Errors
/// [`PipelineError::Refused`] when no such pack is in use.
pub async fn in_use(pipeline: &Pipeline, pack: &str) -> Result<PackSource> {
    let sources = rule_packs::configured(&pipeline.config, &pipeline.store).await?;
    let rules = pipeline.rules();
    // An own folder may have any name: its pack is known by the id in it.
    let at = rules.packs.iter().position(|known| known.id == pack);
    let found = at.and_then(|at| sources.into_iter().nth(at));
    found.ok_or_else(|| PipelineError::Refused(format!("no pack `{pack}` is in use")))
}

/// Why rules cannot be changed in the desk here; none if they can.
pub fn fixed(pipeline: &Pipeline) -> Option<String> {
    let dir = pipeline.config.rules.dir.as_ref()?;
    Some(dir.display().to_string())
}

fn may_edit(pipeline: &Pipeline, user: &User) -> Result<()> {
    allowed(user, user.role.edits_rules(), EDIT)?;
    match fixed(pipeline) {
        Some(dir) => {
            Err(PipelineError::Refused(format!("the rules come from the folder {dir} (`rules.dir`); change them there")))
        }
        None => Ok(()),
    }
}

async fn commit(tx: WriteTx, user: &User, action: Action, id: ChangeId, detail: impl Into<String>) -> Result<()> {
    let event = AuditEvent::new(Actor::User(user.id), action, format!("rule_change:{id}"));
    Ok(tx.commit(event.detail(detail)).await?)
}

/// Begins a change from the pack in use.
pub async fn begin(pipeline: &Pipeline, user: &User, pack: &str, title: &str) -> Result<ChangeId> {
    may_edit(pipeline, user)?;
    let title = title.trim();
    if title.is_empty() || title.chars().count() > 120 {
        return Err(PipelineError::Refused("a change needs a title of at most 120 characters".into()));
    }
    let source = in_use(pipeline, pack).await?;
    let mut tx = pipeline.store.write_tx().await?;
    let id = rows::begin(&mut tx, pack, title, user.id, &source.files, &source.hash()).await?;
    commit(tx, user, Action::RuleChangeStarted, id, format!("pack={pack}")).await?;
    Ok(id)
}

/// A change with its files.
///
/// # Errors
/// There is none, as [`crate::store::StoreError::NotFound`].
pub async fn get(pipeline: &Pipeline, id: ChangeId) -> Result<(RuleChange, Vec<FileChange>)> {
    let change = rows::get(&pipeline.store, id).await?;
    let change = change.ok_or_else(|| crate::store::StoreError::NotFound(format!("rule change {id}")))?;
    Ok((change, rows::files(&pipeline.store, id).await?))
}

/// The pack as a change has it.
pub fn candidate(change: &RuleChange, files: &[FileChange]) -> PackSource {
    let files = files.iter().filter_map(|file| Some((file.path.clone(), file.after.clone()?))).collect();
    PackSource { origin: change.pack.clone(), files }
}

/// What is changed.
#[derive(Debug, Clone)]
pub enum Edit {
    /// A term: the one called `before`, or a new one.
    Term {
        /// Its id before; none for a new one.
        before: Option<String>,
        /// The term.
        draft: TermDraft,
    },
    /// A term goes.
    RemoveTerm(String),
    /// A new rule to fill in.
    NewRule(String),
    /// Status and priority of a rule.
    Rule {
        /// Rule.
        id: String,
        /// Where it is in its life.
        status: Status,
        /// Order of work.
        priority: Priority,
    },
    /// A file becomes what it was before the change.
    Restore(String),
    /// A whole file; `None` removes it.
    File {
        /// Path inside the pack.
        path: String,
        /// Its text.
        text: Option<String>,
    },
}

/// Changes a draft that still has the hash `seen`. Problems in the files do not keep a draft from being saved.
pub async fn edit(pipeline: &Pipeline, user: &User, id: ChangeId, seen: &str, what: Edit) -> Result<()> {
    may_edit(pipeline, user)?;
    let (change, files) = get(pipeline, id).await?;
    if change.hash != seen {
        return Err(PipelineError::Refused("this change was edited in another window since; open it again and repeat".into()));
    }
    let mut source = candidate(&change, &files);
    let (path, text) = apply(&source, &files, what).map_err(|error| PipelineError::Refused(error.to_string()))?;
    if !edit::is_path(&path) {
        return Err(PipelineError::Refused(edit::EditError::NoPath(path).to_string()));
    }
    match &text {
        Some(text) => source.files.insert(path.clone(), text.clone()),
        None => source.files.remove(&path),
    };
    let mut tx = pipeline.store.write_tx().await?;
    rows::write(&mut tx, &change, user.id, &[(path.clone(), text)], &source.hash()).await?;
    commit(tx, user, Action::RuleChangeEdited, id, format!("file={path}")).await
}

/// The file that an edit writes: its path and its text, `None` where it goes.
fn apply(
    source: &PackSource,
    files: &[FileChange],
    what: Edit,
) -> std::result::Result<(String, Option<String>), edit::EditError> {
    let rule = |id: &str| format!("rules/{id}.toml");
    Ok(match what {
        Edit::Term { before, draft } => {
            let (path, text) = edit::write_term(&source.files, before.as_deref(), &draft)?;
            (path, Some(text))
        }
        Edit::RemoveTerm(id) => {
            let (path, text) = edit::remove_term(&source.files, &id)?;
            (path, Some(text))
        }
        Edit::NewRule(id) => {
            if source.files.contains_key(&rule(&id)) {
                return Err(edit::EditError::Exists(id));
            }
            let axis = load(std::slice::from_ref(source))
                .rule_set
                .and_then(|rules| Some(rules.packs.first()?.axes.first()?.name.clone()));
            (rule(&id), Some(edit::new_rule(&id, axis.as_deref().unwrap_or("used_clothing"))?))
        }
        Edit::Rule { id, status, priority } => {
            let path = rule(&id);
            let text = source.files.get(&path).ok_or(edit::EditError::Missing(id))?;
            let text = edit::set_rule(&path, text, status, priority)?;
            (path, Some(text))
        }
        // Browsers send lines with a carriage return.
        Edit::File { path, text } => (path, text.map(|text| edit::formatted(&text.replace("\r\n", "\n")))),
        Edit::Restore(path) => {
            let before = files.iter().find(|file| file.path == path).and_then(|file| file.before.clone());
            (path, before)
        }
    })
}

/// Asks a worker to try the change on every stored post.
pub async fn ask_trial(pipeline: &Pipeline, user: &User, id: ChangeId) -> Result<()> {
    may_edit(pipeline, user)?;
    let (change, files) = get(pipeline, id).await?;
    own_draft(user, &change)?;
    sound(pipeline, candidate(&change, &files)).await?;
    let mut tx = pipeline.store.write_tx().await?;
    rows::ask_trial(&mut tx, id, &change.hash).await?;
    let now = tx.now();
    jobs::enqueue(&mut tx, JobKind::Trial, &format!("trial:{id}:{}:{}", change.hash, now.0), now).await?;
    commit(tx, user, Action::RuleChangeMoved, id, "trial asked").await
}

fn own_draft(user: &User, change: &RuleChange) -> Result<()> {
    if change.author_id != user.id || change.state != ChangeState::Draft {
        return Err(PipelineError::Refused("only its author moves a draft on".into()));
    }
    Ok(())
}

/// Refuses a pack with errors.
async fn sound(pipeline: &Pipeline, source: PackSource) -> Result<()> {
    let checked = check_aside(pipeline, source).await?;
    match checked.problems.iter().find(|problem| problem.severity == Severity::Error) {
        Some(first) => Err(PipelineError::Refused(format!("{}: {} ({})", first.file, first.message, first.mend))),
        None => Ok(()),
    }
}

/// Pages of posts between two notes of how far a trial is.
const NOTE_EVERY: u32 = 4;

/// Tries every change for which it was asked. An interrupted trial goes on where it was. Returns how many ended.
pub async fn try_waiting(pipeline: &Pipeline) -> Result<u64> {
    // What a change would do is said against the rules of now.
    rule_packs::refresh(pipeline).await?;
    let mut ended = 0;
    while let Some(change) = rows::next_trial(&pipeline.store).await? {
        let source = candidate(&change, &rows::files(&pipeline.store, change.id).await?);
        let Some(rules) = rule_packs::loaded(vec![source]).await?.rule_set else {
            // It was sound when it was asked for: the program is another one since. The others go on.
            tracing::warn!(change = %change.id, "this rule change cannot be loaded any more; its trial is given up");
            let mut tx = pipeline.store.write_tx().await?;
            rows::give_up_trial(&mut tx, change.id).await?;
            tx.commit_housekeeping().await?;
            continue;
        };
        let mut trial: Trial = serde_json::from_str(&rows::trial(&pipeline.store, change.id).await?).unwrap_or_default();
        let mut pages = 0;
        loop {
            let more = backtest::step(pipeline, &rules, &mut trial).await?;
            pages += 1;
            if more && pages % NOTE_EVERY != 0 {
                continue;
            }
            let mut tx = pipeline.store.write_tx().await?;
            let found = serde_json::to_string(&trial).unwrap_or_default();
            let posts = i64::try_from(trial.posts).unwrap_or(i64::MAX);
            let as_asked = rows::note_trial(&mut tx, change.id, &change.hash, posts, &found, !more).await?;
            if more || !as_asked {
                tx.commit_housekeeping().await?;
            } else {
                let event = AuditEvent::new(Actor::System, Action::RuleChangeTried, format!("rule_change:{}", change.id));
                tx.commit(event.detail(format!("posts={} new={} lost={}", trial.posts, trial.new.count, trial.lost.count)))
                    .await?;
                ended += 1;
            }
            if !more || !as_asked {
                break;
            }
        }
    }
    Ok(ended)
}

/// What the trial of a change found, if it ended for the change as it is.
pub async fn trial(pipeline: &Pipeline, change: &RuleChange) -> Result<Option<Trial>> {
    if !change.is_tried() {
        return Ok(None);
    }
    Ok(serde_json::from_str(&rows::trial(&pipeline.store, change.id).await?).ok())
}

/// Where a person moves a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its author proposes it.
    Propose,
    /// Its author works on it again.
    TakeBack,
    /// Its author, or a supervisor, gives it up.
    Withdraw,
    /// Another person sends it back, with a remark.
    SendBack,
}

/// Moves a change on.
pub async fn advance(pipeline: &Pipeline, user: &User, id: ChangeId, step: Step, remark: &str) -> Result<()> {
    may_edit(pipeline, user)?;
    let (change, files) = get(pipeline, id).await?;
    let refused = |why: &str| Err(PipelineError::Refused(why.to_owned()));
    let own = change.author_id == user.id;
    let may = match step {
        Step::SendBack => !own,
        // Also a draft whose author has left.
        Step::Withdraw => own || user.role.supervises(),
        Step::Propose | Step::TakeBack => own,
    };
    if !may {
        return refused(if step == Step::SendBack { "take your own change back instead" } else { "only its author does this" });
    }
    let to = match (step, change.state) {
        (Step::Propose, ChangeState::Draft) => {
            if !files.iter().any(FileChange::differs) {
                return refused("nothing is changed yet");
            }
            if !change.is_tried() {
                return refused("try it on the stored posts first");
            }
            sound(pipeline, candidate(&change, &files)).await?;
            ChangeState::Proposed
        }
        (Step::SendBack, ChangeState::Proposed) if remark.trim().is_empty() => return refused("say what should be different"),
        (Step::SendBack | Step::TakeBack, ChangeState::Proposed) => ChangeState::Draft,
        (Step::Withdraw, ChangeState::Draft | ChangeState::Proposed) => ChangeState::Withdrawn,
        _ => return refused("this change was moved on meanwhile; open it again"),
    };
    let mut tx = pipeline.store.write_tx().await?;
    let remark: String = remark.trim().chars().take(500).collect();
    rows::advance(&mut tx, id, change.state, to, &remark).await?;
    commit(tx, user, Action::RuleChangeMoved, id, to.as_str()).await
}

/// Puts a proposed change to use: by another person than its author, for exactly the bytes `hash` that this person saw.
pub async fn activate(pipeline: &Pipeline, user: &User, id: ChangeId, hash: &str) -> Result<()> {
    may_edit(pipeline, user)?;
    let (change, files) = get(pipeline, id).await?;
    if change.author_id == user.id {
        return Err(PipelineError::Forbidden("another person than its author puts a change to use"));
    }
    let source = candidate(&change, &files);
    if change.hash != hash || source.hash() != hash || change.state != ChangeState::Proposed {
        return Err(PipelineError::Refused("this change is not what you saw any more; open it again".into()));
    }
    let after = rows::latest(&pipeline.store, &change.pack).await?;
    if in_use(pipeline, &change.pack).await?.hash() != change.base_hash {
        return Err(PipelineError::Refused(
            "other rules came into use since this change began; its author brings it up to date first".into(),
        ));
    }
    sound(pipeline, source.clone()).await?;
    together(pipeline, &change.pack, source).await?;
    let mut tx = pipeline.store.write_tx().await?;
    // Checking took a while: the bytes of now have to be those that were seen.
    let now = rows::lock(&mut tx, id).await?;
    if now.is_none_or(|now| now.hash != hash || now.state != ChangeState::Proposed) {
        return Err(PipelineError::Refused("this change is not what you saw any more; open it again".into()));
    }
    rows::activate(&mut tx, &change.pack, Some(id), user.id, after).await?;
    rows::advance(&mut tx, id, ChangeState::Proposed, ChangeState::Approved, "").await?;
    commit(tx, user, Action::RulesActivated, id, format!("pack={} hash={hash}", change.pack)).await?;
    rule_packs::refresh(pipeline).await
}

/// Refuses a pack that cannot be used together with the others in use.
async fn together(pipeline: &Pipeline, pack: &str, source: PackSource) -> Result<()> {
    let mut sources = rule_packs::configured(&pipeline.config, &pipeline.store).await?;
    let rules = pipeline.rules();
    let at = rules.packs.iter().position(|known| known.id == pack);
    if let Some(place) = at.and_then(|at| sources.get_mut(at)) {
        *place = source;
    }
    let loaded = rule_packs::loaded(sources).await?;
    if loaded.rule_set.is_some() && loaded.errors() == 0 {
        return Ok(());
    }
    Err(PipelineError::Refused("these packs cannot be used together; `sisir doctor` names what is wrong".into()))
}

/// Goes back to what was in use before: a change that was put to use once, or with `None` the program's own pack.
/// `seen` is the newest activation that the person saw.
pub async fn roll_back(pipeline: &Pipeline, user: &User, pack: &str, change: Option<ChangeId>, seen: i64) -> Result<()> {
    may_edit(pipeline, user)?;
    if pipeline.rules().pack(pack).is_none() {
        return Err(PipelineError::Refused(format!("no pack `{pack}` is in use")));
    }
    let source = match change {
        Some(id) => {
            let (change, files) = get(pipeline, id).await?;
            if change.state != ChangeState::Approved || change.pack != pack {
                return Err(PipelineError::Refused("this change was never in use".into()));
            }
            candidate(&change, &files)
        }
        None => shipped(pack),
    };
    together(pipeline, pack, source).await?;
    let mut tx = pipeline.store.write_tx().await?;
    rows::activate(&mut tx, pack, change, user.id, seen).await?;
    let to = change.map_or_else(|| "shipped".to_owned(), |id| format!("rule_change:{id}"));
    let event = AuditEvent::new(Actor::User(user.id), Action::RulesActivated, format!("rules:{pack}"));
    tx.commit(event.detail(format!("back to {to}"))).await?;
    rule_packs::refresh(pipeline).await
}

/// Brings a draft up to date with the pack in use: what both changed is put together line by line. Returns the files in
/// which the same lines were changed; there both stand between marks, and the check names the place.
pub async fn merge(pipeline: &Pipeline, user: &User, id: ChangeId) -> Result<Vec<String>> {
    may_edit(pipeline, user)?;
    let (change, files) = get(pipeline, id).await?;
    own_draft(user, &change)?;
    let theirs = in_use(pipeline, &change.pack).await?;
    let (merged, clashes) = put_together(&files, &theirs.files);
    let source = PackSource {
        origin: change.pack.clone(),
        files: merged.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?))).collect(),
    };
    let mut tx = pipeline.store.write_tx().await?;
    rows::write(&mut tx, &change, user.id, &merged, &source.hash()).await?;
    rows::rebase(&mut tx, id, &theirs.files, &theirs.hash()).await?;
    commit(tx, user, Action::RuleChangeEdited, id, format!("merged clashes={}", clashes.len())).await?;
    Ok(clashes)
}

/// Every file of either side, and those with clashes.
fn put_together(files: &[FileChange], theirs: &PackFiles) -> (Vec<(String, Option<String>)>, Vec<String>) {
    let mut clashes = Vec::new();
    let mut merged = Vec::new();
    for file in files {
        let their = theirs.get(&file.path).cloned();
        let text = if file.after == file.before || file.after == their {
            their
        } else if their == file.before {
            file.after.clone()
        } else {
            let text = |side: &Option<String>| side.clone().unwrap_or_default();
            Some(diffy::merge(&text(&file.before), &text(&file.after), &text(&their)).unwrap_or_else(|marked| {
                clashes.push(file.path.clone());
                marked
            }))
        };
        merged.push((file.path.clone(), text));
    }
    let new = theirs.iter().filter(|(path, _)| files.iter().all(|file| file.path != **path));
    merged.extend(new.map(|(path, text)| (path.clone(), Some(text.clone()))));
    (merged, clashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, before: Option<&str>, after: Option<&str>) -> FileChange {
        FileChange { path: path.into(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn both_sides_of_a_merge_are_kept() {
        let base = "a\nb\nc\nd\ne\n";
        let files = [
            file("both", Some(base), Some("A\nb\nc\nd\ne\n")),
            file("mine", Some(base), Some("mine\n")),
            file("theirs", Some(base), Some(base)),
            file("clash", Some("x\n"), Some("y\n")),
            file("new-mine", None, Some("n\n")),
            file("gone-mine", Some(base), None),
        ];
        let theirs = PackFiles::from(
            [
                ("both", "a\nb\nc\nd\nE\n"),
                ("mine", base),
                ("theirs", "t\n"),
                ("clash", "z\n"),
                ("gone-mine", base),
                ("new-theirs", "n\n"),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned())),
        );
        let (merged, clashes) = put_together(&files, &theirs);
        let of = |path: &str| merged.iter().find(|(known, _)| known == path).and_then(|(_, text)| text.clone());
        assert_eq!(of("both").as_deref(), Some("A\nb\nc\nd\nE\n"));
        assert_eq!(of("mine").as_deref(), Some("mine\n"));
        assert_eq!(of("theirs").as_deref(), Some("t\n"));
        assert_eq!(of("new-mine").as_deref(), Some("n\n"));
        assert_eq!(of("new-theirs").as_deref(), Some("n\n"));
        assert_eq!(of("gone-mine"), None);
        assert!(of("clash").unwrap().contains("<<<<<<<"));
        assert_eq!(clashes, ["clash"]);
    }
}
