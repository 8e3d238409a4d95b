//! What platforms answer: answer sheets (Annex V) that come back filled in, single answers that a person enters, and what
//! the size of packages has to do with them.

use std::collections::BTreeMap;

use super::{Pipeline, PipelineError, Result, allowed, batch::case_id};
use crate::domain::answer::Outcome;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::{Batch, BatchKind, BatchState};
use crate::domain::ids::{BatchId, RequestId};
use crate::domain::post::storable;
use crate::domain::trust::wilson;
use crate::domain::user::User;
use crate::domain::{Platform, sha256_hex};
use crate::platforms::import::table;
use crate::report::redact;
use crate::store::answers::{self, NewAnswer};
use crate::store::{Ex, batches};

/// Longest reason and reference that are kept, characters.
const LONGEST: usize = 500;

/// A row of a sheet that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Line in the sheet, from 1.
    pub line: u64,
    /// What is wrong and how to mend it.
    pub why: String,
}

/// What came of a sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Answers that are new.
    pub new: usize,
    /// Rows that this very sheet has answered before.
    pub known: usize,
    /// Rows without a decision: not answered yet.
    pub open: usize,
    /// Rows that could not be read; nothing of them is kept.
    pub unread: Vec<Unread>,
}

/// Who may.
pub const WHO: &str = "only analysts, approvers and supervisors record answers";

fn may(user: &User) -> Result<()> {
    allowed(user, user.role.reviews(), WHO)
}

/// Takes a sheet: XLSX or CSV, as we sent it or as an office saved it again. The same sheet twice is the same as once.
pub async fn take_sheet(pipeline: &Pipeline, user: &User, id: BatchId, file: Vec<u8>) -> Result<Taken> {
    may(user)?;
    let batch = sent(pipeline, id).await?;
    let sha256 = sha256_hex(&file);
    let read = tokio::task::spawn_blocking(move || table::read(file)).await;
    let rows = read.map_err(|error| PipelineError::Task(error.to_string()))?.map_err(PipelineError::Refused)?;
    let cases = cases(pipeline, id).await?;
    let today = pipeline.clock().now().in_jakarta().date().to_string();
    let mut taken = Taken::default();
    let mut answered = Vec::new();
    let mut rows = rows.into_iter();
    let columns = rows.next().map(|(_, cells)| Columns::find(&cells)).transpose().map_err(PipelineError::Refused)?;
    let columns = columns.ok_or_else(|| PipelineError::Refused("the sheet is empty".into()))?;
    for (line, cells) in rows {
        match columns.read(&cells, &cases, batch.kind, &today) {
            Ok(Some(answer)) => answered.push(answer),
            Ok(None) => taken.open += 1,
            Err(why) => taken.unread.push(Unread { line, why }),
        }
    }
    let mut tx = pipeline.store.write_tx().await?;
    let mut new = Vec::new();
    for answer in &answered {
        if answers::insert(&mut tx, answer, &sha256, user.id).await? {
            taken.new += 1;
            new.push(format!("{}:{}", answer.request, answer.outcome));
        } else {
            taken.known += 1;
        }
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::AnswersRecorded, format!("batch:{id}"));
    tx.commit(event.detail(format!("new={} unread={} sheet={sha256} answers={}", taken.new, taken.unread.len(), new.join(","))))
        .await?;
    Ok(taken)
}

/// A single answer, from a letter or a call.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The case.
    pub case_id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Day, `YYYY-MM-DD`; empty for today.
    pub day: String,
    /// Why.
    pub reason: String,
    /// The platform's reference.
    pub reference: String,
}

/// Records a single answer.
pub async fn enter(pipeline: &Pipeline, user: &User, id: BatchId, entered: &Entered) -> Result<()> {
    may(user)?;
    let batch = sent(pipeline, id).await?;
    let now = pipeline.clock().now();
    let today = now.in_jakarta().date().to_string();
    let cases = cases(pipeline, id).await?;
    let cells =
        [&entered.case_id, entered.outcome.word(), entered.day.as_str(), &entered.reason, &entered.reference].map(str::to_owned);
    let columns = Columns { case: 0, outcome: 1, day: Some(2), reason: Some(3), reference: Some(4) };
    let answer = columns.read(&cells, &cases, batch.kind, &today).map_err(PipelineError::Refused)?;
    let answer = answer.ok_or_else(|| PipelineError::Refused("the answer is empty".into()))?;
    let mut tx = pipeline.store.write_tx().await?;
    // Each entry is one of its own; only sheets are recognised again.
    let new = answers::insert(&mut tx, &answer, &format!("entered:{}:{}", user.id, now.0), user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::AnswersRecorded, format!("batch:{id}"));
    // The same form sent twice in one moment is one answer.
    let detail =
        if new { format!("new=1 entered answers={}:{}", answer.request, answer.outcome) } else { "new=0 entered".to_owned() };
    Ok(tx.commit(event.detail(detail)).await?)
}

async fn sent(pipeline: &Pipeline, id: BatchId) -> Result<Batch> {
    let batch = batches::require(&pipeline.store, id).await?;
    if batch.state == BatchState::Sent && batch.kind.is_answered() {
        Ok(batch)
    } else {
        Err(PipelineError::Refused(format!("batch {} was not sent; nothing of it is answered", batch.code)))
    }
}

/// Case id → row of a package.
async fn cases(pipeline: &Pipeline, id: BatchId) -> Result<BTreeMap<String, RequestId>> {
    let rows = batches::rows(&pipeline.store, id).await?;
    Ok(rows.into_iter().filter_map(|row| Some((case_id(row.flag_id), row.request_id?))).collect())
}

/// Where a sheet has what.
struct Columns {
    case: usize,
    outcome: usize,
    day: Option<usize>,
    reason: Option<usize>,
    reference: Option<usize>,
}

impl Columns {
    /// By the words of our sheet, wherever they stand.
    fn find(header: &[String]) -> std::result::Result<Self, String> {
        let place = |name: &str| {
            let plain = |cell: &str| cell.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
            header.iter().position(|cell| plain(cell) == name)
        };
        let needed = |name: &'static str| {
            place(name).ok_or_else(|| format!("the first line has no column `{name}`; use the answer sheet of the package"))
        };
        Ok(Self {
            case: needed("id_perkara")?,
            outcome: needed("keputusan")?,
            day: place("tanggal"),
            reason: place("alasan"),
            reference: place("nomor_rujukan_platform"),
        })
    }

    /// One row; none when it is not answered yet.
    fn read(
        &self,
        cells: &[String],
        cases: &BTreeMap<String, RequestId>,
        kind: BatchKind,
        today: &str,
    ) -> std::result::Result<Option<NewAnswer>, String> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map(|cell| cell.trim()).unwrap_or_default();
        let word = cell(Some(self.outcome));
        if word.is_empty() {
            return Ok(None);
        }
        let case = cell(Some(self.case)).to_uppercase();
        let request = cases.get(&case).ok_or_else(|| format!("`{case}` is no case of this package"))?;
        let outcome = Outcome::from_word(word).filter(|outcome| outcome.answers(kind)).ok_or_else(|| {
            let words = crate::report::answer_sheet::words(kind).join(", ");
            format!("`{word}` is no answer; one of {words}")
        })?;
        // Excel adds the time of day.
        let day = cell(self.day).split([' ', 'T']).next().unwrap_or_default();
        let day = if day.is_empty() { today } else { day };
        let parsed: jiff::civil::Date = day.parse().map_err(|_| format!("`{day}` is no day; write it as 2027-06-30"))?;
        if parsed.to_string().as_str() > today {
            return Err(format!("`{day}` is still to come"));
        }
        let reason = storable(&redact(cell(self.reason), LONGEST));
        if outcome.needs_reason() && reason.is_empty() {
            return Err(format!("`{word}` without a reason; fill in `alasan`"));
        }
        let reference = storable(&redact(cell(self.reference), LONGEST));
        Ok(Some(NewAnswer { request: *request, outcome, answered_on: parsed.to_string(), reason, reference }))
    }
}

/// How many posts a package takes, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Now.
    pub now: u32,
    /// What the configuration allows.
    pub most: u32,
}

/// No package gets smaller than this by learning.
const LEAST: u32 = 10;

/// The size of packages for a platform: what the configuration allows, halved as long as larger packages are fulfilled
/// clearly less often than smaller ones (their 95 % intervals do not touch).
pub async fn learned(pipeline: &Pipeline, on: impl Into<Ex<'_>>, platform: Platform) -> Result<Size> {
    let most = pipeline.config.recipients.get(&platform).map_or(crate::config::Recipient::default().max_rows, |to| to.max_rows);
    Ok(Size { now: size(most, &answers::by_size(on, platform).await?), most })
}

/// `packages`: rows, answered rows, fulfilled rows of each. Packages without any answer say nothing.
fn size(most: u32, packages: &[(i64, i64, i64)]) -> u32 {
    let mut now = most;
    loop {
        let half = now / 2;
        let share = |large: bool| {
            let of = packages.iter().filter(|(rows, answered, _)| *answered > 0 && (*rows > i64::from(half)) == large);
            let (fulfilled, rows) = of.fold((0, 0), |(f, r), (rows, _, fulfilled)| (f + fulfilled, r + rows));
            wilson(u64::try_from(fulfilled).unwrap_or(0), u64::try_from(rows).unwrap_or(0))
        };
        if half < LEAST || share(true).high >= share(false).low {
            return now;
        }
        now = half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_get_smaller_only_where_small_ones_clearly_do_better() {
        assert_eq!(size(100, &[]), 100, "nothing is known");
        assert_eq!(size(100, &[(100, 0, 0), (40, 40, 40)]), 100, "no answer yet is no answer");
        assert_eq!(size(100, &[(100, 90, 80), (40, 40, 36)]), 100, "about the same");
        assert_eq!(size(100, &[(100, 100, 20), (100, 80, 30), (40, 40, 38), (30, 30, 30)]), 50);
        assert_eq!(size(100, &[(90, 90, 10), (45, 45, 10), (20, 20, 20), (24, 24, 23)]), 25);
        assert_eq!(size(15, &[(15, 15, 0), (7, 7, 7), (7, 7, 7)]), 15, "never below ten");
    }

    #[test]
    fn a_row_is_read_however_an_office_saved_it() {
        let header: Vec<String> =
            ["ID Perkara", "Tautan", "KEPUTUSAN", "tanggal", "Alasan", "nomor rujukan platform"].map(str::to_owned).to_vec();
        let columns = Columns::find(&header).unwrap();
        let cases = BTreeMap::from([("KS-000001".to_owned(), RequestId(7))]);
        let read = |cells: [&str; 6]| columns.read(&cells.map(str::to_owned), &cases, BatchKind::Request, "2026-11-27");
        let fine = read([" ks-000001", "", "Dibatasi wilayah", "2026-11-20 00:00:00", "", "R-1"]).unwrap().unwrap();
        assert_eq!((fine.request, fine.outcome, fine.answered_on.as_str()), (RequestId(7), Outcome::Restricted, "2026-11-20"));
        assert_eq!(read(["KS-000001", "", "diturunkan", "", "", ""]).unwrap().unwrap().answered_on, "2026-11-27");
        assert_eq!(read(["KS-000001", "", " ", "", "", ""]), Ok(None));
        let masked = read(["KS-000001", "", "ditolak", "", "tanya 0800-0000-0105", ""]).unwrap().unwrap();
        assert_eq!(masked.reason, "tanya [kontak disamarkan]");
        for (cells, part) in [
            (["KS-000009", "", "diturunkan", "", "", ""], "no case of this package"),
            (["KS-000001", "", "selesai", "", "", ""], "is no answer; one of diturunkan"),
            (["KS-000001", "", "dipulihkan", "", "", ""], "is no answer"),
            (["KS-000001", "", "ditolak", "", " ", ""], "without a reason"),
            (["KS-000001", "", "diturunkan", "20 November", "", ""], "is no day"),
            (["KS-000001", "", "diturunkan", "2026-11-28", "", ""], "still to come"),
        ] {
            let why = read(cells).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        assert!(Columns::find(&["tautan".to_owned()]).is_err());
    }
}
