//! Near-duplicates of a post: found by the sketch of its words, shown with the share of words in common.

use super::{Pipeline, Result};
use crate::domain::flag::Flag;
use crate::domain::user::User;
use crate::store::alike::{self, Candidate};
use crate::store::named_queues;
use crate::text::{Folded, Words, quarters};

/// Least share of words in common.
pub const LEAST: f64 = 0.7;
/// Candidates that are compared for a page.
const COMPARED: i64 = 300;

/// A post that is alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// The post.
    pub post: Candidate,
    /// Share of all words of the two texts that both have, 0 to 1.
    pub likeness: f64,
}

impl Alike {
    /// Share of words in common, per cent, rounded down.
    pub fn percent(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
        let percent = (self.likeness * 100.0) as i64;
        percent
    }
}

/// Flags whose texts are alike, the likest first; of the newest that have a part of the sketch in common.
pub async fn of(pipeline: &Pipeline, user: &User, flag: &Flag, text: &str) -> Result<Vec<Alike>> {
    compare(pipeline, user, flag, text, false, COMPARED).await
}

/// Open flags whose texts are alike and that nobody has on the screen, at most `limit`.
pub async fn open(pipeline: &Pipeline, user: &User, flag: &Flag, text: &str, limit: i64) -> Result<Vec<Alike>> {
    compare(pipeline, user, flag, text, true, limit).await
}

async fn compare(pipeline: &Pipeline, user: &User, flag: &Flag, text: &str, open: bool, limit: i64) -> Result<Vec<Alike>> {
    let words = Words::of(&Folded::new(text));
    let Some(sketch) = words.sketch() else { return Ok(Vec::new()) };
    let closed = named_queues::closed_to(&pipeline.store, user).await?;
    let found =
        alike::candidates(&pipeline.store, flag.id, &flag.pack, quarters(sketch), open.then(|| pipeline.clock().now()), limit)
            .await?;
    let mut folded = Folded::default();
    let mut alike: Vec<Alike> = found
        .into_iter()
        .filter(|post| !named_queues::keeps_out(&closed, post.queue_id))
        .filter_map(|post| {
            folded.refill(&post.text);
            let likeness = words.likeness(&Words::of(&folded));
            (likeness >= LEAST).then_some(Alike { post, likeness })
        })
        .collect();
    alike.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(b.post.id.cmp(&a.post.id)));
    Ok(alike)
}
