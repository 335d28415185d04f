use super::Newcomer;
use crate::access::WorkspaceRole;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::workspaces::Workspace;
use crate::workspaces::queries::{SeenRow, seen};

/// The workspaces a user has a role in and that are not this organization's, by name.
pub(super) async fn outside(
    tx: &mut Tx,
    user: &UserId,
    org: &OrgId,
    limit: i64,
) -> Result<Vec<(Workspace, Option<WorkspaceRole>)>> {
    let rows: Vec<SeenRow> = on!(tx, c => sqlx::query_as(seen!(
        "w.id IN (SELECT workspace_id FROM access WHERE user_id = $1) AND (w.org_id IS NULL OR w.org_id <> $2)
         ORDER BY w.sort_name, w.id LIMIT $3"))
        .bind(user.as_str()).bind(org.as_str()).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

row! {
    struct NewcomerRow {
        workspace_id: WorkspaceId,
        user_id: UserId,
        name: String,
        email: Option<String>,
        elsewhere: bool,
    }
}

impl From<NewcomerRow> for (WorkspaceId, Newcomer) {
    fn from(row: NewcomerRow) -> Self {
        let newcomer = Newcomer {
            user: row.user_id,
            name: row.name,
            email: row.email.unwrap_or_default(),
            elsewhere: row.elsewhere,
        };
        (row.workspace_id, newcomer)
    }
}

/// People with access to workspaces who are not in organization `$1`.
macro_rules! newcomers {
    ($where:literal) => {
        concat!(
            "SELECT DISTINCT a.workspace_id, u.id AS user_id, u.name, u.email,
                EXISTS (SELECT 1 FROM members e WHERE e.user_id = u.id AND e.org_id <> $1) AS elsewhere
             FROM access a JOIN users u ON u.id = a.user_id
             WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = u.id AND m.org_id = $1) AND ",
            $where,
            " ORDER BY a.workspace_id, u.name, u.id"
        )
    };
}

pub(super) async fn newcomers(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
) -> Result<Vec<Newcomer>> {
    let rows: Vec<NewcomerRow> = on!(tx, c => sqlx::query_as(newcomers!("a.workspace_id = $2"))
        .bind(org.as_str()).bind(workspace.as_str()).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| <(WorkspaceId, Newcomer)>::from(row).1)
        .collect())
}

/// The same for every workspace outside any organization that a user administers.
pub(super) async fn newcomers_of_all(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<(WorkspaceId, Newcomer)>> {
    let rows: Vec<NewcomerRow> = on!(tx, c => sqlx::query_as(newcomers!(
        "a.workspace_id IN (SELECT w.id FROM workspaces w JOIN access mine ON mine.workspace_id = w.id
            WHERE mine.user_id = $2 AND mine.role IN ('admin', 'owner') AND w.org_id IS NULL AND w.deleted_at IS NULL)"))
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn set_organization(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: &OrgId,
    slug: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE workspaces SET org_id = $2, slug = $3 WHERE id = $1 AND org_id IS NULL"
        )
        .bind(workspace.as_str())
        .bind(org.as_str())
        .bind(slug)
    )?;
    run!(
        tx,
        sqlx::query("UPDATE resources SET org_id = $2 WHERE workspace_id = $1")
            .bind(workspace.as_str())
            .bind(org.as_str())
    )?;
    Ok(())
}

/// Ends the organization's custom roles of who holds one by themselves: for a fixed role, or with everything they have
/// there. Says how many.
pub(super) async fn end_custom_roles(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    to: Option<WorkspaceRole>,
) -> Result<i64> {
    let Some(role) = to else {
        return Ok(run!(
            tx,
            sqlx::query("DELETE FROM access WHERE workspace_id = $1 AND source = 'direct' AND role = 'custom'").bind(workspace.as_str())
        )? as i64);
    };
    Ok(run!(
        tx,
        sqlx::query("UPDATE access SET role = $2, custom_role_id = NULL WHERE workspace_id = $1 AND source = 'direct' AND role = 'custom'")
            .bind(workspace.as_str())
            .bind(role.as_str())
    )? as i64)
}

pub(super) async fn has_direct_owner(tx: &mut Tx, workspace: &WorkspaceId) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM access WHERE workspace_id = $1 AND source = 'direct' AND role = 'owner')")
        .bind(workspace.as_str()).fetch_one(c))?)
}

/// Takes what the organization gave, and the grants of who has nothing left.
pub(super) async fn drop_organization_access(tx: &mut Tx, workspace: &WorkspaceId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM access WHERE workspace_id = $1 AND source = 'organization'")
            .bind(workspace.as_str())
    )?;
    for sql in [
        "DELETE FROM grants WHERE workspace_id = $1 AND user_id NOT IN (SELECT user_id FROM access WHERE workspace_id = $1)",
        "DELETE FROM grant_limits WHERE workspace_id = $1 AND user_id NOT IN (SELECT user_id FROM access WHERE workspace_id = $1)",
    ] {
        run!(tx, sqlx::query(sql).bind(workspace.as_str()))?;
    }
    Ok(())
}

/// Takes the workspace and its resources out of the organization, counts its people anew, and says how many they are.
pub(super) async fn set_standalone(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
) -> Result<i64> {
    run!(
        tx,
        sqlx::query("UPDATE resources SET org_id = NULL WHERE workspace_id = $1 AND org_id = $2")
            .bind(workspace.as_str())
            .bind(org.as_str())
    )?;
    Ok(on!(tx, c => sqlx::query_scalar(
        "UPDATE workspaces SET org_id = NULL, people = (SELECT COUNT(DISTINCT user_id) FROM access WHERE workspace_id = $1)
         WHERE id = $1 AND org_id = $2 RETURNING people")
        .bind(workspace.as_str()).bind(org.as_str()).fetch_one(c))?)
}

row! {
    pub(super) struct HeldBackRow {
        pub workspace_id: WorkspaceId,
        pub suspended: i64,
        pub capped: i64,
    }
}

/// For every workspace outside any organization that a user administers: how many of its people are suspended in the
/// organization, and how many are viewers of it with a higher role there.
pub(super) async fn held_back(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Vec<HeldBackRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT a.workspace_id, COUNT(CASE WHEN m.status = 'suspended' THEN 1 END) AS suspended,
            COUNT(CASE WHEN m.status = 'active' AND m.role = 'viewer' AND a.role <> 'viewer' THEN 1 END) AS capped
         FROM access a JOIN members m ON m.user_id = a.user_id AND m.org_id = $1
         WHERE a.workspace_id IN (SELECT w.id FROM workspaces w JOIN access mine ON mine.workspace_id = w.id
            WHERE mine.user_id = $2 AND mine.role IN ('admin', 'owner') AND w.org_id IS NULL AND w.deleted_at IS NULL)
            AND (m.status = 'suspended' OR m.role = 'viewer')
         GROUP BY a.workspace_id")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}
