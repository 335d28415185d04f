use crate::access::{OrgRole, WorkspaceRole};
use crate::db::{Tx, on, row};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};

row! {
    /// One access row, with what its person is in the organization, and one line of its custom role, if it is one.
    pub(super) struct RowOfAccess {
        pub user_id: UserId,
        pub person: String,
        pub workspace_id: WorkspaceId,
        pub workspace: String,
        pub org_id: Option<String>,
        pub role: WorkspaceRole,
        pub custom_role: Option<String>,
        pub org_role: Option<OrgRole>,
        pub status: Option<String>,
        pub kind: Option<String>,
        pub resource_id: Option<String>,
        pub may_view: Option<bool>,
        pub may_run: Option<bool>,
        pub may_create: Option<bool>,
        pub may_edit: Option<bool>,
        pub may_delete: Option<bool>,
    }
}

macro_rules! rows {
    ($where:literal) => {
        concat!(
            "SELECT a.user_id, u.name AS person, w.id AS workspace_id, w.name AS workspace, w.org_id, a.role, r.name AS custom_role,
                m.role AS org_role, m.status, p.kind, p.resource_id, p.may_view, p.may_run, p.may_create, p.may_edit, p.may_delete
             FROM access a
             JOIN workspaces w ON w.id = a.workspace_id AND w.deleted_at IS NULL
             JOIN users u ON u.id = a.user_id
             LEFT JOIN members m ON m.org_id = w.org_id AND m.user_id = a.user_id
             LEFT JOIN custom_roles r ON r.id = a.custom_role_id AND r.org_id = w.org_id
             LEFT JOIN custom_role_permissions p ON p.role_id = r.id
             WHERE ",
            $where,
            " ORDER BY a.user_id, w.id, a.source"
        )
    };
}

pub(super) async fn of_person(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Vec<RowOfAccess>> {
    Ok(
        on!(tx, c => sqlx::query_as(rows!("w.org_id = $1 AND a.user_id = $2")).bind(org.as_str()).bind(user.as_str()).fetch_all(c))?,
    )
}

pub(super) async fn of_managers(tx: &mut Tx, org: &OrgId) -> Result<Vec<RowOfAccess>> {
    Ok(
        on!(tx, c => sqlx::query_as(rows!("w.org_id = $1 AND m.role IN ('owner', 'admin')")).bind(org.as_str()).fetch_all(c))?,
    )
}

/// Ten workspaces at a time.
pub(super) async fn of_workspaces(tx: &mut Tx, ids: &[WorkspaceId]) -> Result<Vec<RowOfAccess>> {
    let mut all = Vec::new();
    for some in ids.chunks(10) {
        let rows: Vec<RowOfAccess> = on!(tx, c => {
            let mut query = sqlx::query_as(rows!("a.workspace_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"));
            for place in 0..10 {
                query = query.bind(some.get(place).map(WorkspaceId::as_str));
            }
            query.fetch_all(c)
        })?;
        all.extend(rows);
    }
    Ok(all)
}

row! {
    /// An owner or admin, with the workspaces there are and those they have a role in.
    pub(super) struct ManagerRow {
        pub user_id: UserId,
        pub name: String,
        pub role: OrgRole,
        pub admins_enter: bool,
        pub workspaces: i64,
        pub own: i64,
    }
}

/// The active owners and admins.
pub(super) async fn managers(tx: &mut Tx, org: &OrgId) -> Result<Vec<ManagerRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT m.user_id, m.name, m.role, o.admins_enter, o.workspaces, m.workspaces AS own
         FROM members m JOIN organizations o ON o.id = m.org_id
         WHERE m.org_id = $1 AND m.role_rank <= 1 AND m.status = 'active'")
        .bind(org.as_str()).fetch_all(c))?)
}

row! {
    /// A workspace, and an owner or admin who may come in by that role.
    pub(super) struct EnteringRow {
        pub user_id: UserId,
        pub person: String,
        pub workspace_id: WorkspaceId,
        pub workspace: String,
    }
}

/// The workspaces that somebody may come into by their organization role, where the policy lets them.
pub(super) async fn entered_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<EnteringRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT m.user_id, m.name AS person, w.id AS workspace_id, w.name AS workspace
         FROM members m JOIN organizations o ON o.id = m.org_id AND o.admins_enter
         JOIN workspaces w ON w.org_id = o.id AND w.deleted_at IS NULL
         WHERE m.org_id = $1 AND m.user_id = $2 AND m.role_rank <= 1 AND m.status = 'active'")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

/// Who may come into these workspaces by their organization role, where the policy lets them.
pub(super) async fn entering(tx: &mut Tx, ids: &[WorkspaceId]) -> Result<Vec<EnteringRow>> {
    let mut all = Vec::new();
    for some in ids.chunks(10) {
        let rows: Vec<EnteringRow> = on!(tx, c => {
            let mut query = sqlx::query_as(
                "SELECT m.user_id, m.name AS person, w.id AS workspace_id, w.name AS workspace
                 FROM workspaces w JOIN organizations o ON o.id = w.org_id AND o.admins_enter
                 JOIN members m ON m.org_id = o.id AND m.role_rank <= 1 AND m.status = 'active'
                 WHERE w.deleted_at IS NULL AND w.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
            for place in 0..10 {
                query = query.bind(some.get(place).map(WorkspaceId::as_str));
            }
            query.fetch_all(c)
        })?;
        all.extend(rows);
    }
    Ok(all)
}
