//! Ending every way in at once.

mod queries;

use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::keys;

/// What [`end_everything`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub sessions: u64,
    pub tokens: u64,
}

/// Ends every session and every open sign-in link, and unless `keep_tokens` every API token and key: after a restore, because
/// some of them may have been ended since the copy was made (SEC-R12).
pub(crate) async fn end_everything(tx: &mut Tx, keep_tokens: bool, now: Micros) -> Result<Ended> {
    let sessions = queries::end_all_sessions(tx, now).await?;
    queries::end_all_proofs(tx, now).await?;
    let tokens = if keep_tokens {
        0
    } else {
        queries::revoke_all_tokens(tx, now).await? + keys::end_all(tx, now).await?
    };
    Ok(Ended { sessions, tokens })
}
