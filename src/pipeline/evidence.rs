//! What is kept of flagged posts: what they came as, and screenshots. These are kept as they were uploaded, shown and handed on
//! as copies without what a camera writes.

use super::{Pipeline, PipelineError, Result, allowed, picture};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::ids::FlagId;
use crate::domain::post::Observation;
use crate::domain::sha256_hex;
use crate::domain::user::User;
use crate::store::captures::{self, Origin};
use crate::store::{StoreError, WriteTx, flags, screenshots};

/// Who may.
pub const WHO: &str = "only analysts, approvers and supervisors add screenshots";

/// Screenshots of one post at most.
const MOST: usize = 5;

/// Largest screenshot, bytes.
pub const LARGEST: usize = 4 << 20;

/// Keeps a screenshot of a flagged post. The same one twice is the same as once.
pub async fn add(pipeline: &Pipeline, user: &User, flag: FlagId, bytes: &[u8]) -> Result<()> {
    allowed(user, user.role.reviews(), WHO)?;
    if bytes.len() > LARGEST {
        return Err(PipelineError::Refused("the picture is larger than 4 MiB".into()));
    }
    let media_type = picture::media_type(bytes)?;
    flags::get(&pipeline.store, flag).await?.ok_or_else(|| StoreError::NotFound(format!("flag {flag}")))?;
    let sha256 = sha256_hex(bytes);
    let mut tx = pipeline.store.write_tx().await?;
    if screenshots::of_flag(&mut tx, flag).await?.len() >= MOST {
        return Err(PipelineError::Refused(format!("a post has at most {MOST} screenshots")));
    }
    if screenshots::insert(&mut tx, flag, media_type, &sha256, bytes, user.id).await? {
        let event = AuditEvent::new(Actor::User(user.id), Action::ScreenshotAdded, format!("flag:{flag}"));
        tx.commit(event.detail(format!("sha256={sha256}"))).await?;
    }
    Ok(())
}

/// Keeps what posts came as, where that is wanted.
pub(super) async fn keep<'a>(
    pipeline: &Pipeline,
    tx: &mut WriteTx,
    origin: Origin<'_>,
    came: impl IntoIterator<Item = (&'a Observation, &'a [u8])>,
) -> Result<()> {
    if pipeline.config.retention.captures {
        captures::keep(tx, origin, came).await?;
    }
    Ok(())
}

/// A copy for eyes: media type, flag and the picture alone. None if it is not there.
pub async fn copy(pipeline: &Pipeline, id: i64) -> Result<Option<(FlagId, &'static str, Vec<u8>)>> {
    let Some((flag, bytes)) = screenshots::bytes(&pipeline.store, id).await? else { return Ok(None) };
    Ok(picture::clean(&bytes).map(|(media_type, copy)| (flag, media_type, copy)))
}
