use super::checklist::{Asked, Holder};
use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::{Tx, explain, on, row, run};
use crate::error::Result;
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::resources::{Counted, LOOKED_AT};
use crate::{resources, text};
use std::collections::BTreeSet;

row! {
    struct HolderRow {
        name: String,
        role: WorkspaceRole,
    }
}

/// The name of somebody with a role in a workspace, and the highest of their roles there.
pub(super) async fn holder(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<Option<(String, WorkspaceRole)>> {
    let rows: Vec<HolderRow> = on!(tx, c => sqlx::query_as(
        "SELECT u.name, a.role FROM access a JOIN users u ON u.id = a.user_id WHERE a.workspace_id = $1 AND a.user_id = $2")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_all(c))?;
    let role = rows.iter().map(|row| row.role).max();
    Ok(rows.into_iter().next().map(|row| row.name).zip(role))
}

row! {
    struct NamedRow {
        id: ResourceId,
        name: String,
        archived_at: Option<i64>,
    }
}

pub(super) struct Named {
    pub id: ResourceId,
    pub name: String,
    pub archived: bool,
}

/// Every resource of a kind in a workspace, archived ones too.
pub(super) async fn all_of_kind(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kind: &str,
) -> Result<Vec<Named>> {
    let rows: Vec<NamedRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, archived_at FROM resources WHERE place = $1 AND kind = $2 ORDER BY sort_name, id")
        .bind(workspace.as_str()).bind(kind).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Named {
            id: row.id,
            name: row.name,
            archived: row.archived_at.is_some(),
        })
        .collect())
}

pub(super) async fn granted(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<BTreeSet<ResourceId>> {
    let ids: Vec<ResourceId> = on!(tx, c => sqlx::query_scalar(
        "SELECT resource_id FROM grants WHERE workspace_id = $1 AND user_id = $2 AND kind = $3")
        .bind(workspace.as_str()).bind(user.as_str()).bind(kind).fetch_all(c))?;
    Ok(ids.into_iter().collect())
}

pub(super) async fn is_limited(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM grant_limits WHERE workspace_id = $1 AND user_id = $2 AND kind = $3)")
        .bind(workspace.as_str()).bind(user.as_str()).bind(kind).fetch_one(c))?)
}

/// Writes what somebody is limited to; `None`: to nothing, they see all.
pub(super) async fn put(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    only: Option<&BTreeSet<ResourceId>>,
    now: Micros,
) -> Result<()> {
    for sql in [
        "DELETE FROM grants WHERE workspace_id = $1 AND user_id = $2 AND kind = $3",
        "DELETE FROM grant_limits WHERE workspace_id = $1 AND user_id = $2 AND kind = $3",
    ] {
        run!(
            tx,
            sqlx::query(sql)
                .bind(workspace.as_str())
                .bind(user.as_str())
                .bind(kind)
        )?;
    }
    let Some(only) = only else { return Ok(()) };
    run!(
        tx,
        sqlx::query("INSERT INTO grant_limits (workspace_id, user_id, kind, created_at) VALUES ($1, $2, $3, $4)")
            .bind(workspace.as_str())
            .bind(user.as_str())
            .bind(kind)
            .bind(now)
    )?;
    for id in only {
        run!(
            tx,
            sqlx::query("INSERT INTO grants (workspace_id, user_id, kind, resource_id, created_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(workspace.as_str())
                .bind(user.as_str())
                .bind(kind)
                .bind(id.as_str())
                .bind(now)
        )?;
    }
    Ok(())
}

/// How many of a kind somebody with a role in the workspace sees.
pub(super) async fn count_seen(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<i64> {
    let sql = format!(
        "SELECT COUNT(*) FROM resources r WHERE r.place = $2 AND r.kind = $3 AND r.archived_at IS NULL AND {}",
        resources::sees("r", "$2", "$1", "$4")
    );
    // By their role here: who has one doesn't enter by another.
    Ok(
        on!(tx, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(user.as_str()).bind(workspace.as_str()).bind(kind).bind(false).fetch_one(c))?,
    )
}

/// How many of a kind there are and how many of them somebody with a role in the workspace sees, for a page.
pub(super) async fn of_kind(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<(Counted, Counted)> {
    let sql = of_kind_sql();
    let (looked, n): (i64, i64) = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(user.as_str()).bind(workspace.as_str()).bind(kind).bind(false).fetch_one(c))?;
    Ok((
        Counted::among(looked, looked, LOOKED_AT),
        Counted::among(looked, n, LOOKED_AT),
    ))
}

/// Counts among the first of a kind by name.
fn of_kind_sql() -> String {
    format!(
        "SELECT COUNT(*), COUNT(CASE WHEN {} THEN 1 END) FROM (SELECT * FROM resources r
            WHERE r.place = $2 AND r.kind = $3 AND r.archived_at IS NULL ORDER BY r.sort_name, r.id LIMIT {}) r",
        resources::sees("r", "$2", "$1", "$4"),
        LOOKED_AT + 1
    )
}

/// The plan of [`of_kind`].
pub(super) async fn explain(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<Vec<String>> {
    explain!(tx, of_kind_sql(), query => query.bind(user.as_str()).bind(workspace.as_str()).bind(kind).bind(false))
}

row! {
    /// One line of a checklist.
    #[derive(Clone, Debug)]
    pub struct Line {
        pub id: ResourceId,
        pub name: String,
        pub(super) sort_name: String,
        /// What it lies in; "" for nothing.
        pub parent: String,
        pub granted: bool,
    }
}

/// The next lines of a checklist, by name.
pub(super) async fn lines(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    asked: &Asked,
    limit: i64,
) -> Result<Vec<Line>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT r.id, r.name, r.sort_name, COALESCE(p.name, '') AS parent,
            EXISTS (SELECT 1 FROM grants g WHERE g.workspace_id = $1 AND g.user_id = $2 AND g.resource_id = r.id) AS granted
         FROM resources r LEFT JOIN resources p ON p.id = r.parent_id
         WHERE r.place = $1 AND r.kind = $3 AND r.archived_at IS NULL AND r.sort_name LIKE $4 ESCAPE '\\' AND (r.sort_name, r.id) > ($5, $6)
         ORDER BY r.sort_name, r.id LIMIT $7")
        .bind(workspace.as_str()).bind(user.as_str()).bind(kind).bind(text::like(&text::sort_key(asked.search.trim())))
        .bind(asked.after.0.as_str()).bind(asked.after.1.as_str()).bind(limit).fetch_all(c))?)
}

row! {
    struct GrantedRow {
        user_id: UserId,
        name: String,
        granted: String,
    }
}

/// Who is granted a resource, or one that it lies in.
pub(super) async fn holders(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    id: &ResourceId,
    limit: i64,
) -> Result<Vec<Holder>> {
    let rows: Vec<GrantedRow> = on!(tx, c => sqlx::query_as(
        "WITH RECURSIVE around (id, parent_id, name) AS (SELECT id, parent_id, name FROM resources WHERE id = $2
            UNION ALL SELECT outer_one.id, outer_one.parent_id, outer_one.name FROM resources outer_one JOIN around a ON outer_one.id = a.parent_id)
         SELECT g.user_id, u.name, a.name AS granted FROM around a JOIN grants g ON g.resource_id = a.id JOIN users u ON u.id = g.user_id
         WHERE g.workspace_id = $1 ORDER BY u.name, u.id LIMIT $3")
        .bind(workspace.as_str()).bind(id.as_str()).bind(limit).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Holder {
            user: row.user_id,
            name: row.name,
            granted: row.granted,
        })
        .collect())
}
