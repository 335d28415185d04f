use super::{Answer, Once};
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;

row! {
    pub(super) struct KeptRow {
        pub request_hash: String,
        /// `NULL`: at work; 0: done, and the answer isn't kept yet.
        pub status: Option<i64>,
        pub location: String,
        pub body: String,
        pub created_at: i64,
    }
}

/// Forgets keys made before `old`, and claims made before `dead` that nothing came of.
pub(super) async fn forget(tx: &mut Tx, old: Micros, dead: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM idempotency_keys WHERE created_at < $1 OR (created_at < $2 AND status IS NULL)").bind(old).bind(dead)
    )?;
    Ok(())
}

/// `false`: the key is taken.
pub(super) async fn insert(tx: &mut Tx, once: &Once, request: &str, now: Micros) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "INSERT INTO idempotency_keys (owner, key, request_hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (owner, key) DO NOTHING"
        )
        .bind(once.owner.as_str())
        .bind(once.key.as_str())
        .bind(request)
        .bind(now)
    )?;
    Ok(done == 1)
}

pub(super) async fn find(tx: &mut Tx, once: &Once) -> Result<Option<KeptRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT request_hash, status, location, body, created_at FROM idempotency_keys WHERE owner = $1 AND key = $2")
        .bind(once.owner.as_str()).bind(once.key.as_str()).fetch_optional(c))?,
    )
}

pub(super) async fn note_done(tx: &mut Tx, once: &Once) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE idempotency_keys SET status = 0 WHERE owner = $1 AND key = $2 AND status IS NULL")
            .bind(once.owner.as_str())
            .bind(once.key.as_str())
    )?;
    Ok(())
}

pub(super) async fn keep(tx: &mut Tx, once: &Once, answer: &Answer) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE idempotency_keys SET status = $3, location = $4, body = $5 WHERE owner = $1 AND key = $2")
            .bind(once.owner.as_str())
            .bind(once.key.as_str())
            .bind(i64::from(answer.status))
            .bind(answer.location.as_str())
            .bind(answer.body.as_str())
    )?;
    Ok(())
}

pub(super) async fn release(tx: &mut Tx, once: &Once) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE owner = $1 AND key = $2 AND status IS NULL"
        )
        .bind(once.owner.as_str())
        .bind(once.key.as_str())
    )?;
    Ok(())
}
