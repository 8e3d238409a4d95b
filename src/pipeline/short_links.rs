//! Follows short links that imports could not use, and stores the posts they lead to. Started by a person.

use std::collections::BTreeSet;

use super::meter::StoreMeter;
use super::{Pipeline, PipelineError, Result};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::platforms::Class;
use crate::platforms::address::{self, NotAPost};
use crate::platforms::short_links::{ShortLinks, Target};
use crate::store::{posts, short_links, yields};

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Short links found in the text.
    pub links: usize,
    /// Posts they lead to that were not known.
    pub new: u64,
    /// Posts they lead to that were known.
    pub known: u64,
    /// Links that lead to no post: link and why.
    pub nowhere: Vec<(String, String)>,
    /// Why the rest was left for another day, if it was.
    pub left: Option<String>,
}

/// Every short link in a text, once.
pub fn find(text: &str) -> BTreeSet<String> {
    let clean = |word: &str| word.trim_matches(|c: char| "\"'<>(),;.[]".contains(c)).to_owned();
    let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').map(clean);
    words.filter(|word| matches!(address::parse(word), Err(NotAPost::Short))).collect()
}

/// Whether no more can be asked for now.
const fn ends(class: Class) -> bool {
    matches!(class, Class::Budget | Class::DailyQuota | Class::ShortThrottle(_) | Class::WindowThrottle(_))
}

/// Follows every short link in `text`. Interrupted, it goes on with the next run: each link is asked once.
pub async fn resolve(pipeline: &Pipeline, client: &ShortLinks, text: &str, mut progress: impl FnMut(usize)) -> Result<Resolved> {
    let meter = StoreMeter::of(pipeline, &ShortLinks::INFO);
    let links = find(text);
    let mut report = Resolved { links: links.len(), ..Resolved::default() };
    for (number, link) in links.iter().enumerate() {
        progress(number);
        if let Some((outcome, target)) = short_links::known(&pipeline.store, link).await? {
            if outcome == "post" {
                report.known += 1;
            } else {
                report.nowhere.push((link.clone(), target));
            }
            continue;
        }
        let target = match client.resolve(link, &meter).await {
            Ok(target) => target,
            Err(error) if ends(error.class) => {
                report.left = Some(error.to_string());
                return Ok(report);
            }
            // It may answer another day: it is not remembered.
            Err(error) if error.class == Class::Transient => {
                report.nowhere.push((link.clone(), format!("no answer today: {}", error.message)));
                continue;
            }
            Err(_) => Target::Elsewhere("refused by the platform"),
        };
        let mut tx = pipeline.store.write_tx().await?;
        let (outcome, told) = match target {
            Target::Post(found) => {
                let url = found.url.clone();
                let seen = found.without_text();
                let stored = posts::upsert(&mut tx, posts::IMPORT, std::slice::from_ref(&seen)).await?;
                yields::saw(&mut tx, posts::IMPORT, "", std::slice::from_ref(&seen)).await?;
                report.new += stored.new;
                report.known += stored.known;
                ("post", url)
            }
            Target::Elsewhere(why) => ("elsewhere", why.to_owned()),
            Target::Gone => ("gone", "nothing stands there any more".to_owned()),
        };
        short_links::remember(&mut tx, link, outcome, &told).await?;
        let event = AuditEvent::new(Actor::System, Action::PostsImported, "short_link").detail(outcome);
        tx.commit(event).await?;
        if outcome != "post" {
            report.nowhere.push((link.clone(), told));
        }
    }
    Ok(report)
}

/// Builds the client, if the operator decided for it.
pub fn client(pipeline: &Pipeline) -> Result<ShortLinks> {
    if pipeline.config.short_links.mode == crate::config::Mode::Disabled {
        let why = format!("following short links is off; switch on with {}", ShortLinks::INFO.key);
        return Err(PipelineError::Refused(why));
    }
    let entropy = std::sync::Arc::clone(&pipeline.entropy);
    Ok(ShortLinks::new(&pipeline.config.short_links, &pipeline.config.retry, entropy)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_links_are_found_in_any_text() {
        let text = "1;https://vm.tiktok.com/ZMabc12De/;x\nlihat (https://t.co/AbC123xyz). dan vt.tiktok.com/ZSabc12De,\n\
            https://www.tiktok.com/@toko/video/7412345678901234567 https://vm.tiktok.com/ZMabc12De/";
        let found: Vec<String> = find(text).into_iter().collect();
        assert_eq!(found, ["https://t.co/AbC123xyz", "https://vm.tiktok.com/ZMabc12De/", "vt.tiktok.com/ZSabc12De"]);
    }
}
