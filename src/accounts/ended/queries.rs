use crate::clock::Micros;
use crate::db::{Tx, run};
use crate::error::Result;

/// Ends every session, and says how many were somebody's: the rest hold sign-ins that were under way.
pub(super) async fn end_all_sessions(tx: &mut Tx, now: Micros) -> Result<u64> {
    run!(tx, sqlx::query("UPDATE sessions SET revoked_at = $1, data = '{}' WHERE user_id IS NULL AND revoked_at IS NULL").bind(now))?;
    Ok(run!(
        tx,
        sqlx::query("UPDATE sessions SET revoked_at = $1, data = '{}' WHERE revoked_at IS NULL")
            .bind(now)
    )?)
}

pub(super) async fn end_all_proofs(tx: &mut Tx, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE email_proofs SET used_at = $1 WHERE used_at IS NULL").bind(now)
    )?)
}

pub(super) async fn revoke_all_tokens(tx: &mut Tx, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE tokens SET revoked_at = $1 WHERE revoked_at IS NULL").bind(now)
    )?)
}
