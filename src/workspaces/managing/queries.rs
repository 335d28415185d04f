use crate::clock::Micros;
use crate::db::{Tx, on, run};
use crate::error::Result;
use crate::ids::WorkspaceId;

pub(super) async fn set_details(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    name: &str,
    sort_name: &str,
    label: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE workspaces SET name = $2, sort_name = $3, label = $4 WHERE id = $1")
            .bind(workspace.as_str())
            .bind(name)
            .bind(sort_name)
            .bind(label)
    )?;
    Ok(())
}

/// The names of the first people with access.
pub(super) async fn names(tx: &mut Tx, workspace: &WorkspaceId, limit: i64) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT u.name FROM users u WHERE u.id IN (SELECT user_id FROM access WHERE workspace_id = $1) ORDER BY u.name, u.id LIMIT $2")
        .bind(workspace.as_str()).bind(limit).fetch_all(c))?)
}

/// Takes everybody's access and grants, puts the resources away, and marks the workspace as deleted. Says how many
/// resources those were.
pub(super) async fn delete(tx: &mut Tx, workspace: &WorkspaceId, now: Micros) -> Result<i64> {
    for sql in [
        "DELETE FROM grants WHERE workspace_id = $1",
        "DELETE FROM grant_limits WHERE workspace_id = $1",
        "DELETE FROM access WHERE workspace_id = $1",
    ] {
        run!(tx, sqlx::query(sql).bind(workspace.as_str()))?;
    }
    let resources = run!(
        tx,
        sqlx::query(
            "UPDATE resources SET archived_at = $2 WHERE workspace_id = $1 AND archived_at IS NULL"
        )
        .bind(workspace.as_str())
        .bind(now)
    )?;
    run!(
        tx,
        sqlx::query("UPDATE workspaces SET deleted_at = $2, people = 0 WHERE id = $1")
            .bind(workspace.as_str())
            .bind(now)
    )?;
    Ok(resources as i64)
}
