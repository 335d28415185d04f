//! Roles in workspaces that invitations give.

use super::RecipientRow;
use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{CustomRoleId, InvitationId, OrgId, UserId, WorkspaceId};

row! {
    /// One role, with the names to show and what the inviter is in that workspace at this moment.
    #[derive(Debug, Clone)]
    pub(in crate::invitations) struct LineRow {
        pub invitation_id: String,
        pub workspace_id: WorkspaceId,
        pub workspace_name: String,
        pub workspace_slug: String,
        pub role: WorkspaceRole,
        pub custom_role_id: Option<String>,
        pub custom_role_name: Option<String>,
        pub inviter_direct: Option<WorkspaceRole>,
        pub inviter_organization: Option<WorkspaceRole>,
    }
}

/// Lines of invitations `i` of organization `$1`. A workspace that has left the organization or was deleted gives nothing.
macro_rules! lines {
    ($where:literal) => {
        concat!(
            "SELECT a.invitation_id, a.workspace_id, w.name AS workspace_name, w.slug AS workspace_slug, a.role, a.custom_role_id,
                r.name AS custom_role_name, d.role AS inviter_direct, o.role AS inviter_organization
             FROM invitations i
             JOIN invitation_access a ON a.invitation_id = i.id
             JOIN workspaces w ON w.id = a.workspace_id AND w.org_id = i.org_id AND w.deleted_at IS NULL
             LEFT JOIN custom_roles r ON r.id = a.custom_role_id
             LEFT JOIN access d ON d.workspace_id = a.workspace_id AND d.user_id = i.invited_by AND d.source = 'direct'
             LEFT JOIN access o ON o.workspace_id = a.workspace_id AND o.user_id = i.invited_by AND o.source = 'organization'
             WHERE i.org_id = $1 AND ",
            $where,
            " ORDER BY a.invitation_id, w.sort_name, w.id"
        )
    };
}

pub(in crate::invitations) async fn of(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
) -> Result<Vec<LineRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(lines!("i.id = $2")).bind(org.as_str()).bind(id.as_str()).fetch_all(c))?,
    )
}

/// Those of the pending ones that a user made.
pub(in crate::invitations) async fn of_pending_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<LineRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(lines!("i.invited_by = $2 AND i.status = 'pending'"))
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?,
    )
}

/// The pending ones' lines about one workspace.
pub(in crate::invitations) async fn of_workspace(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
) -> Result<Vec<LineRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(lines!("a.workspace_id = $2 AND i.status = 'pending'"))
        .bind(org.as_str()).bind(workspace.as_str()).fetch_all(c))?,
    )
}

/// Those of the pending ones made between two moments: a page of the list.
pub(in crate::invitations) async fn of_pending(
    tx: &mut Tx,
    org: &OrgId,
    from: Micros,
    to: Micros,
) -> Result<Vec<LineRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(lines!("i.status = 'pending' AND i.created_at BETWEEN $2 AND $3"))
        .bind(org.as_str()).bind(from).bind(to).fetch_all(c))?,
    )
}

/// Those of the ones that ended between two moments.
pub(in crate::invitations) async fn of_ended(
    tx: &mut Tx,
    org: &OrgId,
    from: Micros,
    to: Micros,
) -> Result<Vec<LineRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(lines!("i.ended_at BETWEEN $2 AND $3"))
        .bind(org.as_str()).bind(from).bind(to).fetch_all(c))?,
    )
}

pub(in crate::invitations) async fn set(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    workspace: &WorkspaceId,
    role: WorkspaceRole,
    custom_role: Option<&CustomRoleId>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO invitation_access (invitation_id, org_id, workspace_id, role, custom_role_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (invitation_id, workspace_id) DO UPDATE SET role = excluded.role, custom_role_id = excluded.custom_role_id"
        )
        .bind(id.as_str())
        .bind(org.as_str())
        .bind(workspace.as_str())
        .bind(role.as_str())
        .bind(custom_role.map(CustomRoleId::as_str))
    )?;
    Ok(())
}

pub(in crate::invitations) async fn clear(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM invitation_access WHERE org_id = $1 AND invitation_id = $2")
            .bind(org.as_str())
            .bind(id.as_str())
    )?;
    Ok(())
}

/// Takes one workspace out of one invitation.
pub(in crate::invitations) async fn drop_line(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    workspace: &WorkspaceId,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM invitation_access WHERE org_id = $1 AND invitation_id = $2 AND workspace_id = $3")
            .bind(org.as_str())
            .bind(id.as_str())
            .bind(workspace.as_str())
    )?;
    Ok(())
}

row! {
    #[derive(Debug, Clone)]
    pub(in crate::invitations) struct OfferingRow {
        ..pub to: RecipientRow,
        pub id: InvitationId,
        pub kind: String,
    }
}

/// The pending ones that offer a role in a workspace, or a custom role: whichever is given.
pub(in crate::invitations) async fn offering(
    tx: &mut Tx,
    org: &OrgId,
    workspace: Option<&WorkspaceId>,
    custom_role: Option<&CustomRoleId>,
) -> Result<Vec<OfferingRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT i.id, i.email, i.github_id, i.github_login, i.kind FROM invitations i WHERE i.org_id = $1 AND i.status = 'pending' AND i.id IN (
            SELECT invitation_id FROM invitation_access WHERE org_id = $1 AND (workspace_id = $2 OR custom_role_id = $3))
         ORDER BY i.email, i.github_login, i.id")
        .bind(org.as_str()).bind(workspace.map(WorkspaceId::as_str)).bind(custom_role.map(CustomRoleId::as_str)).fetch_all(c))?)
}

/// Takes the lines of a workspace, or of a custom role, from the pending ones.
pub(in crate::invitations) async fn drop_lines(
    tx: &mut Tx,
    org: &OrgId,
    workspace: Option<&WorkspaceId>,
    custom_role: Option<&CustomRoleId>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM invitation_access WHERE org_id = $1 AND (workspace_id = $2 OR custom_role_id = $3)
                AND invitation_id IN (SELECT id FROM invitations WHERE org_id = $1 AND status = 'pending')"
        )
        .bind(org.as_str())
        .bind(workspace.map(WorkspaceId::as_str))
        .bind(custom_role.map(CustomRoleId::as_str))
    )?;
    Ok(())
}

/// Makes the lines of one custom role give another role instead, in the pending ones.
pub(in crate::invitations) async fn replace_custom_role(
    tx: &mut Tx,
    org: &OrgId,
    from: &CustomRoleId,
    role: WorkspaceRole,
    to: Option<&CustomRoleId>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE invitation_access SET role = $3, custom_role_id = $4 WHERE org_id = $1 AND custom_role_id = $2
                AND invitation_id IN (SELECT id FROM invitations WHERE org_id = $1 AND status = 'pending')"
        )
        .bind(org.as_str())
        .bind(from.as_str())
        .bind(role.as_str())
        .bind(to.map(CustomRoleId::as_str))
    )?;
    Ok(())
}

/// Whether the organization has this custom role.
pub(in crate::invitations) async fn has_custom_role(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRoleId,
) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM custom_roles WHERE org_id = $1 AND id = $2)")
        .bind(org.as_str()).bind(role.as_str()).fetch_one(c))?,
    )
}

row! {
    /// A workspace of the organization with what somebody is in it.
    #[derive(Debug, Clone)]
    pub(in crate::invitations) struct PlaceRow {
        pub name: String,
        pub direct: Option<WorkspaceRole>,
        pub organization: Option<WorkspaceRole>,
    }
}

pub(in crate::invitations) async fn place(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    workspace: &WorkspaceId,
) -> Result<Option<PlaceRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT w.name, d.role AS direct, o.role AS organization FROM workspaces w
         LEFT JOIN access d ON d.workspace_id = w.id AND d.user_id = $2 AND d.source = 'direct'
         LEFT JOIN access o ON o.workspace_id = w.id AND o.user_id = $2 AND o.source = 'organization'
         WHERE w.org_id = $1 AND w.id = $3 AND w.deleted_at IS NULL")
        .bind(org.as_str()).bind(user.as_str()).bind(workspace.as_str()).fetch_optional(c))?)
}
