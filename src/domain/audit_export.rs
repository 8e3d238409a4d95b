//! The audit log as a file, one event a line, that anybody can verify without the database. Parts of events can be left
//! out: what stands for them in the chain stays.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::audit::{AuditRow, Part, open_hash, seal, sealed_hash};

/// A line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When, milliseconds UTC since 1970.
    pub at: i64,
    /// What.
    pub action: String,
    /// Who.
    pub actor: Shown,
    /// To what.
    pub subject: Shown,
    /// More.
    pub detail: Shown,
    /// Hash of the event before.
    pub prev_hash: String,
    /// Hash of this event.
    pub hash: String,
}

/// A part of an event as an export shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Shown {
    /// In full, with what it is sealed with.
    Open {
        /// The words.
        value: String,
        /// Their salt; none on events of before there were salts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        salt: Option<String>,
    },
    /// Left out.
    Redacted {
        /// What stands for it in the chain.
        redacted: String,
    },
}

impl Shown {
    /// The words, unless they were left out.
    pub fn open(&self) -> Option<&str> {
        match self {
            Self::Open { value, .. } => Some(value),
            Self::Redacted { .. } => None,
        }
    }
}

/// An event of before there were salts cannot be shown in part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {0} was written by an earlier version and cannot be redacted; export without --redact")]
pub struct Unsealed(pub i64);

impl Line {
    /// The line of an event, without these parts.
    pub fn of(row: &AuditRow, redact: &[Part]) -> Result<Self, Unsealed> {
        let shown = |part: Part| match (&row.salt, redact.contains(&part)) {
            (None, true) => Err(Unsealed(row.seq)),
            (None, false) => Ok(Shown::Open { value: row.part(part).to_owned(), salt: None }),
            (Some(salt), false) => Ok(Shown::Open { value: row.part(part).to_owned(), salt: Some(part.salt(salt)) }),
            (Some(salt), true) => Ok(Shown::Redacted { redacted: seal(&part.salt(salt), row.part(part)) }),
        };
        Ok(Self {
            seq: row.seq,
            at: row.at.0,
            action: row.action.as_str().to_owned(),
            actor: shown(Part::Actor)?,
            subject: shown(Part::Subject)?,
            detail: shown(Part::Detail)?,
            prev_hash: row.prev_hash.clone(),
            hash: row.hash.clone(),
        })
    }

    const fn part(&self, part: Part) -> &Shown {
        match part {
            Part::Actor => &self.actor,
            Part::Subject => &self.subject,
            Part::Detail => &self.detail,
        }
    }

    /// The hash that this event must have. None when its parts do not go together.
    fn chain_hash(&self) -> Option<String> {
        let open = Part::ALL.map(|part| match self.part(part) {
            Shown::Open { value, salt: None } => Some(value.as_str()),
            _ => None,
        });
        if let [Some(actor), Some(subject), Some(detail)] = open {
            return Some(open_hash(&self.prev_hash, self.seq, Millis(self.at), &self.action, [actor, subject, detail]));
        }
        let mut seals = [const { String::new() }; 3];
        for (place, part) in seals.iter_mut().zip(Part::ALL) {
            *place = match self.part(part) {
                Shown::Open { value, salt: Some(salt) } => seal(salt, value),
                Shown::Open { salt: None, .. } => return None,
                Shown::Redacted { redacted } => redacted.clone(),
            };
        }
        Some(sealed_hash(&self.prev_hash, self.seq, Millis(self.at), &self.action, &seals))
    }
}

/// Where a log does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Break {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// A log that holds together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sound {
    /// Events.
    pub events: usize,
    /// Parts that were left out.
    pub redacted: usize,
    /// Hash of the last event: noted elsewhere, it shows later that nothing was cut off.
    pub head: String,
    /// Time of the last event.
    pub last: Option<Millis>,
}

/// Verifies an export from its first event on. Whatever was changed, dropped, put in or moved breaks the chain; only a cut
/// at the end does not, unless `head` names the last event that there has to be.
pub fn verify(text: &str, head: Option<&str>) -> Result<Sound, Break> {
    let mut sound = Sound::default();
    let mut passed_head = head.is_none();
    for (at, text) in text.lines().enumerate() {
        let broken = |why: String| Break { line: at + 1, why };
        let line: Line = serde_json::from_str(text).map_err(|error| broken(format!("no event: {error}")))?;
        let expected = i64::try_from(at + 1).unwrap_or(i64::MAX);
        if line.seq != expected {
            return Err(broken(format!("this is event {}, and event {expected} has to stand here", line.seq)));
        }
        if line.prev_hash != sound.head {
            return Err(broken(format!("event {} does not follow from the one before", line.seq)));
        }
        if line.chain_hash().as_deref() != Some(line.hash.as_str()) {
            return Err(broken(format!("event {} was changed", line.seq)));
        }
        sound.redacted += Part::ALL.iter().filter(|part| matches!(line.part(**part), Shown::Redacted { .. })).count();
        sound.events += 1;
        sound.last = Some(Millis(line.at));
        sound.head = line.hash;
        passed_head |= head == Some(sound.head.as_str());
    }
    if passed_head {
        Ok(sound)
    } else {
        Err(Break {
            line: sound.events + 1,
            why: "the event with the hash that has to be there is missing: the end was cut off".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::audit::{Action, Actor, AuditEvent};
    use crate::domain::ids::UserId;

    /// A log of `count` events, the first `old` of them without salts.
    fn log(count: usize, old: usize) -> Vec<AuditRow> {
        let mut previous = String::new();
        (1..=count)
            .map(|n| {
                let event =
                    AuditEvent::new(Actor::User(UserId(i64::try_from(n % 3).unwrap())), Action::FlagDecided, format!("flag:{n}"));
                let seq = i64::try_from(n).unwrap();
                let mut row = event.detail("verdict=uphold").row(&previous, seq, Millis(seq * 1000), format!("{n:032x}"));
                if n <= old {
                    row.salt = None;
                    row.hash = row.chain_hash();
                }
                previous.clone_from(&row.hash);
                row
            })
            .collect()
    }

    fn text(rows: &[AuditRow], redact: &[Part]) -> Vec<String> {
        rows.iter().map(|row| serde_json::to_string(&Line::of(row, redact).unwrap()).unwrap()).collect()
    }

    #[test]
    fn a_log_verifies_whole_and_redacted() {
        let rows = log(20, 0);
        for redact in [vec![], vec![Part::Detail], Part::ALL.to_vec()] {
            let lines = text(&rows, &redact);
            let sound = verify(&lines.join("\n"), Some(&rows[19].hash)).unwrap();
            assert_eq!((sound.events, sound.redacted), (20, 20 * redact.len()));
            assert_eq!(sound.head, rows[19].hash);
        }
        let lines = text(&rows, &[Part::Actor]);
        assert!(!lines.concat().contains("user:"));
        assert_eq!(Line::of(&log(3, 3)[1], &[Part::Actor]), Err(Unsealed(2)));
        // Events of before and after the change of the hash stand in one chain.
        assert_eq!(verify(&text(&log(9, 4), &[]).join("\n"), None).unwrap().events, 9);
        assert_eq!(verify("", None).unwrap(), Sound::default());
    }

    #[test]
    fn a_cut_end_is_seen_by_whoever_noted_the_head() {
        let rows = log(8, 0);
        let lines = text(&rows, &[]);
        assert!(verify(&lines[..7].join("\n"), None).is_ok());
        assert_eq!(verify(&lines[..7].join("\n"), Some(&rows[7].hash)).unwrap_err().line, 8);
        assert!(verify(&lines.join("\n"), Some(&rows[4].hash)).is_ok(), "more came after the head was noted");
    }

    proptest! {
        /// Whatever is done to an export, short of cutting its end, is found.
        #[test]
        fn every_tampering_is_found(
            count in 3_usize..30, old in 0_usize..5, at in 0_usize..1_000, other in 0_usize..1_000, kind in 0..6,
            byte in 0_usize..10_000, redacted in 0_usize..4,
        ) {
            let old = if redacted > 0 { 0 } else { old };
            let rows = log(count, old);
            let lines = text(&rows, &Part::ALL[..redacted.min(3)]);
            let mut changed = lines.clone();
            let (at, other) = (at % (count - 1), other % count);
            match kind {
                // One character of one line.
                0 => {
                    let at = at % count;
                    let place = byte % changed[at].len();
                    let mut bytes = changed[at].clone().into_bytes();
                    bytes[place] = if bytes[place] == b'7' { b'8' } else { b'7' };
                    changed[at] = String::from_utf8(bytes).unwrap();
                }
                1 => drop(changed.remove(at)),
                2 => changed.swap(at, other),
                3 => changed.insert(at, lines[other].clone()),
                // A forged event with a hash that fits it.
                4 => {
                    let mut row = rows[at].clone();
                    row.detail = "verdict=dismiss".into();
                    row.hash = row.chain_hash();
                    changed[at] = serde_json::to_string(&Line::of(&row, &[]).unwrap()).unwrap();
                }
                // The same event without one of its parts, sealed with something else.
                _ => {
                    let mut line: Line = serde_json::from_str(&lines[at]).unwrap();
                    line.actor = Shown::Redacted { redacted: "0".repeat(64) };
                    changed[at] = serde_json::to_string(&line).unwrap();
                }
            }
            if changed != lines {
                prop_assert!(verify(&changed.join("\n"), None).is_err(), "kind {kind}");
            }
        }
    }
}
