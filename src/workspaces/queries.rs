use crate::db::{Tx, on, run};
use crate::error::Result;
use crate::ids::{OrgId, UserId};

pub(super) async fn names_with_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT DISTINCT w.name FROM access a JOIN workspaces w ON w.id = a.workspace_id WHERE a.user_id = $2 AND w.org_id = $1 ORDER BY w.name")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

pub(super) async fn take_all_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM access WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)")
            .bind(org.as_str())
            .bind(user.as_str())
    )?)
}

pub(super) async fn name_in_org(tx: &mut Tx, org: &OrgId, id: &crate::ids::WorkspaceId) -> Result<Option<String>> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT name FROM workspaces WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL")
        .bind(org.as_str()).bind(id.as_str()).fetch_optional(c))?)
}
