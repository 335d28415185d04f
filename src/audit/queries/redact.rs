//! What redacting somebody's personal data asks and writes. It goes through every chain, of organizations that are deleted and
//! of accounts too.

use super::EventRow;
use crate::db::{Tx, on, places, run};
use crate::error::Result;
use crate::ids::UserId;

/// The events of a chain that say what was redacted, the oldest first.
pub(in crate::audit) async fn redactions(tx: &mut Tx, stream: &str) -> Result<Vec<EventRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM audit_events WHERE stream = $1 AND action = 'audit.redacted' ORDER BY seq")
        .bind(stream).fetch_all(c))?,
    )
}

/// How many events of a chain up to one of them were redacted.
pub(in crate::audit) async fn count(tx: &mut Tx, stream: &str, through: i64) -> Result<i64> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM audit_events WHERE stream = $1 AND redacted <> '' AND seq <= $2")
        .bind(stream).bind(through).fetch_one(c))?,
    )
}

/// Some events of a chain, by their places.
pub(in crate::audit) async fn some(
    tx: &mut Tx,
    stream: &str,
    seqs: &[i64],
) -> Result<Vec<EventRow>> {
    let sql = format!(
        "SELECT * FROM audit_events WHERE stream = $1 AND seq IN ({}) ORDER BY seq",
        places(2, seqs.len())
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(stream);
        seqs.iter().fold(query, |query, seq| query.bind(*seq)).fetch_all(c)
    })?)
}

/// Writes an event's personal columns and what stands for them, and no other.
pub(in crate::audit) async fn set(tx: &mut Tx, event: &EventRow) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE audit_events SET actor_name = $3, ip = $4, client = $5, target_id = $6, target_name = $7, changes = $8, salt = $9,
                redacted = $10 WHERE stream = $1 AND seq = $2"
        )
        .bind(&event.stream)
        .bind(event.seq)
        .bind(&event.actor_name)
        .bind(&event.ip)
        .bind(&event.client)
        .bind(&event.target_id)
        .bind(&event.target_name)
        .bind(&event.changes)
        .bind(&event.salt)
        .bind(&event.redacted)
    )?;
    Ok(())
}

/// What a person was called when they did something or had something done: names, addresses, GitHub logins.
pub(in crate::audit) async fn names(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT actor_name FROM audit_events WHERE actor_id = $1
         UNION SELECT target_name FROM audit_events WHERE subject_id = $1 AND target_kind IN ('member', 'user', 'account', 'address', 'identity')
         UNION SELECT target_id FROM audit_events WHERE subject_id = $1 AND target_kind IN ('address', 'identity')
         UNION SELECT target_name FROM audit_events WHERE target_kind = 'invitation' AND target_id IN (
            SELECT target_id FROM audit_events WHERE subject_id = $1 AND target_kind = 'invitation')")
        .bind(user.as_str()).fetch_all(c))?)
}

/// The invitations that a person answered.
pub(in crate::audit) async fn invitations(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT DISTINCT target_id FROM audit_events WHERE subject_id = $1 AND target_kind = 'invitation'")
        .bind(user.as_str()).fetch_all(c))?,
    )
}

/// What the two names of a change of name were, as they stand in the event.
pub(in crate::audit) async fn renamings(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT changes FROM audit_events WHERE stream = $1 AND action = 'account.renamed'")
        .bind(user.as_str()).fetch_all(c))?,
    )
}

/// Whose address this was, as far as the log tells: who added it, or answered an invitation to it.
pub(in crate::audit) async fn holders(tx: &mut Tx, address: &str) -> Result<Vec<UserId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT subject_id FROM audit_events WHERE subject_id IS NOT NULL AND target_kind = 'address' AND target_name = $1
         UNION SELECT subject_id FROM audit_events WHERE subject_id IS NOT NULL AND target_kind = 'invitation' AND target_id IN (
            SELECT target_id FROM audit_events WHERE target_kind = 'invitation' AND target_name = $1)")
        .bind(address).fetch_all(c))?
    .into_iter()
    .map(|id: String| id.into())
    .collect())
}

/// Whether a person ever did anything or had anything done.
pub(in crate::audit) async fn knows(tx: &mut Tx, user: &UserId) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM audit_events WHERE actor_id = $1) OR EXISTS (SELECT 1 FROM audit_events WHERE subject_id = $1)")
        .bind(user.as_str()).fetch_one(c))?)
}
