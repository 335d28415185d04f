use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{JobId, OrgId};

row! {
    #[derive(Debug, Clone)]
    pub struct JobRow {
        pub id: String,
        pub kind: String,
        pub payload: String,
        pub attempts: i64,
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: &JobId,
    kind: &str,
    payload: &str,
    org: Option<&OrgId>,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO outbox (id, kind, payload, org_id, state, due_at, created_at) VALUES ($1, $2, $3, $4, 'queued', $5, $5)")
            .bind(id.as_str())
            .bind(kind)
            .bind(payload)
            .bind(org.map(OrgId::as_str))
            .bind(now)
    )?;
    Ok(())
}

/// Takes the row that is due first and moves it to the end of the lease. The outer condition lets only one of two workers have it.
pub(super) async fn take(tx: &mut Tx, now: Micros, lease_ends: Micros) -> Result<Option<JobRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "UPDATE outbox SET due_at = $2, attempts = attempts + 1
         WHERE id = (SELECT id FROM outbox WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, id LIMIT 1) AND state = 'queued' AND due_at <= $1
         RETURNING id, kind, payload, attempts")
        .bind(now).bind(lease_ends).fetch_optional(c))?)
}

pub(super) async fn put_off(tx: &mut Tx, id: &str, due_at: Micros, reason: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE outbox SET due_at = $2, last_error = $3 WHERE id = $1")
            .bind(id)
            .bind(due_at)
            .bind(reason)
    )?;
    Ok(())
}

pub(super) async fn finish(
    tx: &mut Tx,
    id: &str,
    state: &str,
    reason: &str,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE outbox SET state = $2, last_error = $3, ended_at = $4 WHERE id = $1")
            .bind(id)
            .bind(state)
            .bind(reason)
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn take_queued(tx: &mut Tx, limit: i64) -> Result<Vec<JobRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT id, kind, payload, attempts FROM outbox WHERE state = 'queued' ORDER BY due_at, id LIMIT $1")
        .bind(limit).fetch_all(c))?,
    )
}

/// Deletes rows that ended: they were due last when they were taken.
pub(super) async fn delete_before(
    tx: &mut Tx,
    state: &str,
    time: Micros,
    limit: i64,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = $1 AND due_at < $2 ORDER BY due_at LIMIT $3)")
            .bind(state)
            .bind(time)
            .bind(limit)
    )?)
}

/// How many rows are in a state, and when the first of them was due.
pub(super) async fn count(tx: &mut Tx, state: &str) -> Result<(i64, Option<Micros>)> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT COUNT(*), MIN(due_at) FROM outbox WHERE state = $1").bind(state).fetch_one(c))?,
    )
}
