//! What stands on the security page beside addresses: sessions; and the end of an account.

use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{SessionId, UserId};

row! {
    #[derive(Debug, Clone)]
    pub(in crate::accounts) struct SessionRow {
        pub public_id: SessionId,
        pub method: Option<String>,
        pub ip: String,
        pub client: String,
        pub created_at: i64,
        pub last_seen_at: i64,
    }
}

/// The sessions of a user that have not ended, the one used last first.
pub(in crate::accounts) async fn sessions(
    tx: &mut Tx,
    user: &UserId,
    now: Micros,
) -> Result<Vec<SessionRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT public_id, method, ip, client, created_at, last_seen_at FROM sessions
         WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY last_seen_at DESC, public_id DESC")
        .bind(user.as_str()).bind(now).fetch_all(c))?)
}

/// Ends one session of a user. `false`: theirs has no such session.
pub(in crate::accounts) async fn end_session(
    tx: &mut Tx,
    user: &UserId,
    session: &SessionId,
    now: Micros,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query("UPDATE sessions SET revoked_at = $3, data = '{}' WHERE user_id = $1 AND public_id = $2 AND revoked_at IS NULL")
            .bind(user.as_str())
            .bind(session.as_str())
            .bind(now)
    )?;
    Ok(done == 1)
}

/// Ends every session of a user but one; `but` may be "".
pub(in crate::accounts) async fn end_sessions(
    tx: &mut Tx,
    user: &UserId,
    but: &str,
    now: Micros,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE sessions SET revoked_at = $3, data = '{}' WHERE user_id = $1 AND public_id <> $2 AND revoked_at IS NULL")
            .bind(user.as_str())
            .bind(but)
            .bind(now)
    )?)
}

/// Ends a session that was found too old, so that a clock set back doesn't revive it (security.md, T18).
pub(in crate::accounts) async fn end_expired(
    tx: &mut Tx,
    public_id: &str,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE sessions SET revoked_at = $2, data = '{}' WHERE public_id = $1 AND revoked_at IS NULL")
            .bind(public_id)
            .bind(now)
    )?;
    Ok(())
}

/// Deletes sessions that ended before a time.
pub(in crate::accounts) async fn delete_ended(tx: &mut Tx, before: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1").bind(before)
    )?)
}

pub(in crate::accounts) async fn revoke_tokens(
    tx: &mut Tx,
    user: &UserId,
    now: Micros,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")
            .bind(user.as_str())
            .bind(now)
    )?)
}

/// Keeps the row, because events and offers name it, and nothing that says who it was.
pub(in crate::accounts) async fn erase_user(tx: &mut Tx, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET status = 'deleted', name = 'Deleted account', email = NULL, claim_login = NULL, last_org_id = NULL WHERE id = $1")
            .bind(user.as_str())
    )?;
    Ok(())
}
