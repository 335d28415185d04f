//! Access rows, one person's at a time.

use crate::access::{OrgRole, WorkspaceRole};
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{CustomRoleId, OrgId, UserId, WorkspaceId};
use crate::workspaces::{Given, Source};

row! {
    #[derive(Debug, Clone)]
    pub(in crate::workspaces) struct HeldAccessRow {
        pub workspace_id: WorkspaceId,
        pub source: String,
        pub role: WorkspaceRole,
        pub custom_role_id: Option<String>,
        pub custom_role: Option<String>,
    }
}

impl HeldAccessRow {
    pub(in crate::workspaces) fn given(&self) -> Given {
        match &self.custom_role_id {
            Some(id) => Given::Custom(id.as_str().into()),
            None => Given::Fixed(self.role),
        }
    }

    /// The role as people say it.
    pub(in crate::workspaces) fn label(&self) -> String {
        self.custom_role
            .clone()
            .unwrap_or_else(|| self.role.label().to_owned())
    }
}

/// What a user holds in one workspace: nothing, or a row for each source.
pub(in crate::workspaces) async fn held(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<Vec<HeldAccessRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT a.workspace_id, a.source, a.role, a.custom_role_id, r.name AS custom_role
         FROM access a LEFT JOIN custom_roles r ON r.id = a.custom_role_id
         WHERE a.workspace_id = $1 AND a.user_id = $2 ORDER BY a.source")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_all(c))?)
}

/// Every access a user has to an organization's workspaces.
pub(in crate::workspaces) async fn access_in(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<HeldAccessRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT a.workspace_id, a.source, a.role, a.custom_role_id, r.name AS custom_role
         FROM access a JOIN workspaces w ON w.id = a.workspace_id LEFT JOIN custom_roles r ON r.id = a.custom_role_id
         WHERE w.org_id = $1 AND a.user_id = $2 ORDER BY a.workspace_id, a.source")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

pub(in crate::workspaces) async fn by_slug(
    tx: &mut Tx,
    org: &OrgId,
    slug: &str,
) -> Result<Option<WorkspaceId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT id FROM workspaces WHERE org_id = $1 AND slug = $2 AND deleted_at IS NULL")
        .bind(org.as_str()).bind(slug).fetch_optional(c))?,
    )
}

row! {
    pub(in crate::workspaces) struct HeldWorkspaceRow {
        pub id: WorkspaceId,
        pub name: String,
        pub role: WorkspaceRole,
        pub custom_role: Option<String>,
    }
}

/// Every role a user has in an organization's workspaces, by the workspaces' names.
pub(in crate::workspaces) async fn held_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<HeldWorkspaceRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT w.id, w.name, a.role, r.name AS custom_role
         FROM access a JOIN workspaces w ON w.id = a.workspace_id LEFT JOIN custom_roles r ON r.id = a.custom_role_id
         WHERE w.org_id = $1 AND a.user_id = $2 AND w.deleted_at IS NULL ORDER BY w.sort_name, w.id, a.source")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

pub(in crate::workspaces) async fn has_access(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM access WHERE workspace_id = $1 AND user_id = $2)")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_one(c))?,
    )
}

pub(in crate::workspaces) async fn has_owner(tx: &mut Tx, workspace: &WorkspaceId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM access WHERE workspace_id = $1 AND role = 'owner')")
        .bind(workspace.as_str()).fetch_one(c))?,
    )
}

pub(in crate::workspaces) async fn set_access(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    source: Source,
    given: &Given,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace_id, user_id, source) DO UPDATE SET role = excluded.role, custom_role_id = excluded.custom_role_id"
        )
        .bind(workspace.as_str())
        .bind(user.as_str())
        .bind(source.as_str())
        .bind(given.role().as_str())
        .bind(given.custom().map(CustomRoleId::as_str))
        .bind(now)
    )?;
    Ok(())
}

/// Takes what a user has from one source.
pub(in crate::workspaces) async fn drop_source(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    source: Source,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM access WHERE workspace_id = $1 AND user_id = $2 AND source = $3")
            .bind(workspace.as_str())
            .bind(user.as_str())
            .bind(source.as_str())
    )?;
    Ok(())
}

/// Takes what a user has from every source, with their grants. Gives the number of access rows.
pub(in crate::workspaces) async fn take_access(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<u64> {
    for statement in [
        "DELETE FROM grants WHERE workspace_id = $1 AND user_id = $2",
        "DELETE FROM grant_limits WHERE workspace_id = $1 AND user_id = $2",
    ] {
        run!(
            tx,
            sqlx::query(statement)
                .bind(workspace.as_str())
                .bind(user.as_str())
        )?;
    }
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM access WHERE workspace_id = $1 AND user_id = $2")
            .bind(workspace.as_str())
            .bind(user.as_str())
    )?)
}

/// The same in every workspace of an organization, with what waits for the user there.
pub(in crate::workspaces) async fn take_all_access(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<u64> {
    for statement in [
        "UPDATE workspaces SET people = people - 1 WHERE org_id = $1 AND id IN (SELECT workspace_id FROM access WHERE user_id = $2)",
        "DELETE FROM pending_access WHERE org_id = $1 AND user_id = $2",
        "DELETE FROM grants WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)",
        "DELETE FROM grant_limits WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)",
    ] {
        run!(
            tx,
            sqlx::query(statement)
                .bind(org.as_str())
                .bind(user.as_str())
        )?;
    }
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM access WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)")
            .bind(org.as_str())
            .bind(user.as_str())
    )?)
}

pub(in crate::workspaces) async fn custom_role_name(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRoleId,
) -> Result<Option<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT name FROM custom_roles WHERE org_id = $1 AND id = $2")
        .bind(org.as_str()).bind(role.as_str()).fetch_optional(c))?,
    )
}

pub(in crate::workspaces) async fn name_of_user(
    tx: &mut Tx,
    user: &UserId,
) -> Result<Option<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT name FROM users WHERE id = $1 AND status <> 'deleted'")
        .bind(user.as_str()).fetch_optional(c))?,
    )
}

row! {
    /// An access row with a certain custom role.
    #[derive(Debug)]
    pub(in crate::workspaces) struct CustomHolderRow {
        pub workspace_id: WorkspaceId,
        pub user_id: UserId,
        pub source: String,
        pub org_role: OrgRole,
        /// Rows with another role that the same person has in the workspace.
        pub others: i64,
    }
}

/// Who has a custom role in the organization's workspaces, workspace by workspace.
pub(in crate::workspaces) async fn with_custom_role(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRoleId,
) -> Result<Vec<CustomHolderRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT a.workspace_id, a.user_id, a.source, m.role AS org_role,
            (SELECT COUNT(*) FROM access o WHERE o.workspace_id = a.workspace_id AND o.user_id = a.user_id
                AND (o.custom_role_id IS NULL OR o.custom_role_id <> $2)) AS others
         FROM access a JOIN workspaces w ON w.id = a.workspace_id JOIN members m ON m.org_id = w.org_id AND m.user_id = a.user_id
         WHERE w.org_id = $1 AND w.deleted_at IS NULL AND a.custom_role_id = $2 ORDER BY a.workspace_id, a.user_id, a.source")
        .bind(org.as_str()).bind(role.as_str()).fetch_all(c))?)
}

/// Takes every row that still has a custom role.
pub(in crate::workspaces) async fn forget_custom_role(
    tx: &mut Tx,
    role: &CustomRoleId,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM access WHERE custom_role_id = $1").bind(role.as_str())
    )?;
    Ok(())
}

/// Limits a user to what another is limited to in a workspace.
pub(in crate::workspaces) async fn copy_limits(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    from: &UserId,
    to: &UserId,
) -> Result<()> {
    for statement in [
        "INSERT INTO grant_limits (workspace_id, user_id, kind, created_at)
         SELECT workspace_id, $3, kind, created_at FROM grant_limits WHERE workspace_id = $1 AND user_id = $2",
        "INSERT INTO grants (workspace_id, user_id, kind, resource_id, created_at)
         SELECT workspace_id, $3, kind, resource_id, created_at FROM grants WHERE workspace_id = $1 AND user_id = $2",
    ] {
        run!(tx, sqlx::query(statement).bind(workspace.as_str()).bind(from.as_str()).bind(to.as_str()))?;
    }
    Ok(())
}

/// People who have a custom role in one of the organization's workspaces.
pub(in crate::workspaces) async fn custom_holders(tx: &mut Tx, org: &OrgId) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(DISTINCT a.user_id) FROM workspaces w JOIN access a ON a.workspace_id = w.id AND a.custom_role_id IS NOT NULL
         WHERE w.org_id = $1 AND w.deleted_at IS NULL")
        .bind(org.as_str()).fetch_one(c))?)
}
