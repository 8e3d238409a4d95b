//! What rules found, and what people said of it.

use std::collections::BTreeMap;

use super::{Ex, Result, WriteTx};
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::trust::Bar;

/// Adds to the day's counts of a pack. `hits`: (rule, on trial) → posts.
pub async fn count(tx: &mut WriteTx, pack: &str, hits: &BTreeMap<(String, bool), i64>) -> Result<()> {
    const SQL: &str = "INSERT INTO rule_hits (pack, rule, shadow, day, posts) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (pack, rule, shadow, day) DO UPDATE SET posts = rule_hits.posts + excluded.posts";
    let day = tx.now().in_jakarta().date().to_string();
    for ((rule, shadow), posts) in hits {
        exec!(&mut *tx, ex => sqlx::query(SQL).bind(pack).bind(rule).bind(*shadow).bind(&day).bind(*posts).execute(ex))?;
    }
    Ok(())
}

/// What became of what a rule found.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct RuleCard {
    /// Pack.
    pub pack: String,
    /// Rule.
    pub rule: String,
    /// Decisions in force that uphold.
    pub upheld: i64,
    /// Decisions in force that dismiss.
    pub dismissed: i64,
}

impl RuleCard {
    /// True if the decisions about what it found reach `bar`.
    pub fn reaches(&self, bar: Bar) -> bool {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        bar.reached(count(self.upheld), count(self.dismissed))
    }
}

/// Every card.
pub async fn cards(on: impl Into<Ex<'_>>) -> Result<Vec<RuleCard>> {
    const SQL: &str = "SELECT pack, rule, upheld, dismissed FROM rule_cards ORDER BY pack, rule";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Moves one decision on the cards of the rules that raised its flag: `by` is 1 or -1.
pub(super) async fn score(tx: &mut WriteTx, pack: &str, rules: &[String], upheld: bool, by: i64) -> Result<()> {
    const SQL: &str = "INSERT INTO rule_cards (pack, rule, upheld, dismissed) VALUES ($1, $2, $3, $4)
        ON CONFLICT (pack, rule) DO UPDATE SET upheld = rule_cards.upheld + $5, dismissed = rule_cards.dismissed + $6";
    let (up, down) = if upheld { (by, 0) } else { (0, by) };
    for rule in rules {
        exec!(&mut *tx, ex => sqlx::query(SQL).bind(pack).bind(rule).bind(up.max(0)).bind(down.max(0)).bind(up).bind(down).execute(ex))?;
    }
    Ok(())
}

/// Posts a rule matched on a day.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DayHits {
    /// Pack.
    pub pack: String,
    /// Rule.
    pub rule: String,
    /// On trial.
    pub shadow: bool,
    /// `YYYY-MM-DD`, Asia/Jakarta.
    pub day: String,
    /// Posts.
    pub posts: i64,
}

/// All counts, by rule and day.
pub async fn by_day(on: impl Into<Ex<'_>>) -> Result<Vec<DayHits>> {
    run!(on, ex => sqlx::query_as("SELECT pack, rule, shadow, day, posts FROM rule_hits ORDER BY pack, rule, day").fetch_all(ex))
}

/// True if one of `rules` reaches `bar` by the decisions about what it found.
pub(super) async fn any_reaches(tx: &mut WriteTx, pack: &str, rules: &[String], bar: Bar) -> Result<bool> {
    let cards = cards(&mut *tx).await?;
    Ok(cards.iter().any(|card| card.pack == pack && rules.contains(&card.rule) && card.reaches(bar)))
}

/// What may become of a pack's flags: `takedown`, `lead` or `market_watch`.
pub async fn set_output(tx: &mut WriteTx, pack: &str, output: &str) -> Result<()> {
    const SQL: &str =
        "INSERT INTO pack_outputs (pack, output) VALUES ($1, $2) ON CONFLICT (pack) DO UPDATE SET output = excluded.output";
    exec!(tx, ex => sqlx::query(SQL).bind(pack).bind(output).execute(ex))?;
    Ok(())
}

/// Who agreed with a decision, by sign-in name.
pub async fn second_analyst(on: impl Into<Ex<'_>>, decision: DecisionId) -> Result<Option<String>> {
    const SQL: &str = "SELECT u.name FROM second_opinions s JOIN users u ON u.id = s.analyst_id WHERE s.decision_id = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(decision).fetch_optional(ex))
}

/// The decision in force that waits for a second analyst, if this flag has one.
pub async fn waits_for_second(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Option<DecisionId>> {
    const SQL: &str = "SELECT d.id FROM flags f JOIN decisions d ON d.id = f.decision_id
        WHERE f.id = $1 AND d.verdict = 'uphold' AND d.needs_second = TRUE
        AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(flag).fetch_optional(ex))
}
