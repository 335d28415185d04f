//! The statements about runs. Those that take many things at once are one statement, whatever their number.

mod lists;

pub(super) use lists::{Asked, explain, list};

use super::{Run, Status};
use crate::clock::Micros;
use crate::db::{Tx, on, places, row, rows, rows_alone, run};
use crate::error::Result;
use crate::ids::{OrgId, ResourceId, RunId, UserId, WorkspaceId};
use std::collections::{HashMap, HashSet};

row! {
    struct RunRow {
        id: RunId,
        external_id: String,
        resource_id: Option<String>,
        status: String,
        cause: String,
        person_id: Option<String>,
        person_name: String,
        started_at: Option<i64>,
        finished_at: Option<i64>,
        row_count: i64,
        byte_count: i64,
        created_at: i64,
        updated_at: i64,
    }
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            external_id: row.external_id,
            resource: row.resource_id.map(ResourceId::from),
            status: Status::parse(&row.status).unwrap_or(Status::Running),
            cause: row.cause,
            person: row.person_id.map(UserId::from),
            person_name: row.person_name,
            started_at: row.started_at,
            finished_at: row.finished_at,
            rows: row.row_count,
            bytes: row.byte_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What these runs of a workspace were runs of.
pub(super) async fn resources_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    runs: &[RunId],
) -> Result<HashMap<RunId, Option<ResourceId>>> {
    let sql = format!(
        "SELECT id, resource_id FROM runs WHERE workspace_id = $1 AND id IN ({})",
        places(2, runs.len())
    );
    let rows: Vec<(RunId, Option<String>)> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(workspace.as_str());
        runs.iter().fold(query, |query, id| query.bind(id.as_str())).fetch_all(c)
    })?;
    Ok(rows
        .into_iter()
        .map(|(run, resource)| (run, resource.map(ResourceId::from)))
        .collect())
}

/// The runs of a workspace that have these ids of the host product, by them.
pub(super) async fn by_external_ids(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    ids: &[&str],
) -> Result<HashMap<String, Run>> {
    let sql = format!(
        "SELECT * FROM runs WHERE workspace_id = $1 AND external_id IN ({})",
        places(2, ids.len())
    );
    let rows: Vec<RunRow> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(workspace.as_str());
        ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(c)
    })?;
    Ok(rows
        .into_iter()
        .map(|row| (row.external_id.clone(), row.into()))
        .collect())
}

/// Writes runs, new ones and those that are there.
pub(super) async fn write(tx: &mut Tx, workspace: &WorkspaceId, runs: &[Run]) -> Result<()> {
    let sql = format!(
        "INSERT INTO runs (workspace_id, id, external_id, resource_id, status, cause, person_id, person_name, started_at, finished_at, at,
            row_count, byte_count, created_at, updated_at) VALUES {}
         ON CONFLICT (workspace_id, external_id) DO UPDATE SET resource_id = excluded.resource_id, status = excluded.status,
            cause = excluded.cause, person_id = excluded.person_id, person_name = excluded.person_name, started_at = excluded.started_at,
            finished_at = excluded.finished_at, at = excluded.at, row_count = excluded.row_count, byte_count = excluded.byte_count,
            updated_at = excluded.updated_at",
        rows_alone(tx.dialect(), runs.len(), 15)
    );
    run!(tx, {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
        runs.iter().fold(query, |query, run| {
            query
                .bind(workspace.as_str())
                .bind(run.id.as_str())
                .bind(&run.external_id)
                .bind(run.resource.as_ref().map(ResourceId::as_str))
                .bind(run.status.as_str())
                .bind(&run.cause)
                .bind(run.person.as_ref().map(UserId::as_str))
                .bind(&run.person_name)
                .bind(run.started_at)
                .bind(run.finished_at)
                .bind(run.at())
                .bind(run.rows)
                .bind(run.bytes)
                .bind(run.created_at)
                .bind(run.updated_at)
        })
    })?;
    Ok(())
}

/// Who of these is a member, by id or lower-case address: the account, its address and its name.
pub(super) async fn people(
    tx: &mut Tx,
    org: &OrgId,
    named: &[String],
) -> Result<Vec<(UserId, String, String)>> {
    let places = places(2, named.len());
    let sql = format!(
        "SELECT user_id, email, name FROM members WHERE org_id = $1 AND user_id IN ({places})
         UNION SELECT user_id, email, name FROM members WHERE org_id = $1 AND status <> 'invited' AND email IN ({places})"
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(org.as_str());
        named.iter().fold(query, |query, name| query.bind(name.as_str())).fetch_all(c)
    })?)
}

/// Notes in the directory when people were last active (S1-64).
pub(super) async fn note_members(
    tx: &mut Tx,
    org: &OrgId,
    people: &[(UserId, Micros)],
) -> Result<()> {
    let sql = format!(
        "WITH seen (user_id, at) AS (VALUES {})
         UPDATE members SET last_active_at = (SELECT s.at FROM seen s WHERE s.user_id = members.user_id)
         WHERE org_id = $1 AND user_id IN (SELECT s.user_id FROM seen s)
            AND last_active_at < (SELECT s.at FROM seen s WHERE s.user_id = members.user_id)",
        rows(2, people.len(), 2)
    );
    run!(tx, {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(org.as_str());
        people.iter().fold(query, |query, (user, at)| {
            query.bind(user.as_str()).bind(*at)
        })
    })?;
    Ok(())
}

/// The moment before which runs of a workspace may have been deleted.
pub(super) async fn kept_from(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Micros> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT runs_from FROM workspaces WHERE id = $1")
        .bind(workspace.as_str()).fetch_optional(c))?;
    Ok(found.unwrap_or_default())
}

pub(super) async fn set_kept_from(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    from: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE workspaces SET runs_from = $2 WHERE id = $1 AND runs_from < $2")
            .bind(workspace.as_str())
            .bind(from)
    )?;
    Ok(())
}

/// Deletes up to so many runs of a workspace of the organization from before a moment. Those that go on stay.
pub(super) async fn delete_before(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
    before: Micros,
    most: i64,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query(
            "DELETE FROM runs WHERE id IN (
                SELECT r.id FROM workspaces w JOIN runs r ON r.workspace_id = w.id
                WHERE w.id = $1 AND w.org_id = $4 AND r.at < $2 AND r.status <> 'running' ORDER BY r.at, r.id LIMIT $3)"
        )
        .bind(workspace.as_str())
        .bind(before)
        .bind(most)
        .bind(org.as_str())
    )?)
}

/// Workspaces whose organization has its runs deleted after some days: organization, workspace, its name, days.
pub(super) async fn with_policy(tx: &mut Tx) -> Result<Vec<(OrgId, WorkspaceId, String, i64)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT o.id, w.id, w.name, o.run_days FROM organizations o JOIN workspaces w ON w.org_id = o.id
         WHERE o.run_days > 0 AND o.deleted_at IS NULL ORDER BY o.id, w.id").fetch_all(c))?)
}

/// Which of these events a place has in its log.
pub(super) async fn reported(tx: &mut Tx, place: &str, ids: &[&str]) -> Result<HashSet<String>> {
    let sql = format!(
        "SELECT external_id FROM reported_events WHERE place = $1 AND external_id IN ({})",
        places(2, ids.len())
    );
    let rows: Vec<String> = on!(tx, c => {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(place);
        ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(c)
    })?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn note_reported(
    tx: &mut Tx,
    place: &str,
    ids: &[&str],
    now: Micros,
) -> Result<()> {
    let rows = rows_alone(tx.dialect(), ids.len(), 3);
    let sql = format!("INSERT INTO reported_events (place, external_id, created_at) VALUES {rows}");
    run!(tx, {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
        ids.iter()
            .fold(query, |query, id| query.bind(place).bind(*id).bind(now))
    })?;
    Ok(())
}
