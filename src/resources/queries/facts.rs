//! What one person is in one workspace: their roles, what custom ones list, and their grants.

use super::super::sight::{HeldRow, LimitRow, PermittedRow};
use crate::access::{Action, Actions, WorkspaceRole};
use crate::db::{Tx, on, row};
use crate::error::Result;
use crate::ids::{UserId, WorkspaceId};

row! {
    struct AccessRow {
        role: WorkspaceRole,
        custom_role_id: Option<String>,
    }
}

row! {
    struct PermissionRow {
        role_id: String,
        kind: String,
        resource_id: Option<String>,
        may_view: bool,
        may_run: bool,
        may_create: bool,
        may_edit: bool,
        may_delete: bool,
    }
}

/// The access rows of a user, each with what its custom role lists: two statements at most.
pub(in super::super) async fn held(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<Vec<HeldRow>> {
    let rows: Vec<AccessRow> = on!(tx, c => sqlx::query_as(
        "SELECT role, custom_role_id FROM access WHERE workspace_id = $1 AND user_id = $2 ORDER BY source")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_all(c))?;
    let mut listed: Vec<PermissionRow> = Vec::new();
    if rows.iter().any(|row| row.custom_role_id.is_some()) {
        listed = on!(tx, c => sqlx::query_as(
            "SELECT p.role_id, p.kind, p.resource_id, p.may_view, p.may_run, p.may_create, p.may_edit, p.may_delete
             FROM custom_role_permissions p WHERE p.role_id IN (
                SELECT custom_role_id FROM access WHERE workspace_id = $1 AND user_id = $2) ORDER BY p.id")
            .bind(workspace.as_str()).bind(user.as_str()).fetch_all(c))?;
    }
    let held = |row: AccessRow| HeldRow {
        role: row.role,
        permissions: listed.iter().filter(|line| Some(&line.role_id) == row.custom_role_id.as_ref()).map(permitted).collect(),
    };
    Ok(rows.into_iter().map(held).collect())
}

fn permitted(row: &PermissionRow) -> PermittedRow {
    let actions = [
        (Action::View, row.may_view),
        (Action::Run, row.may_run),
        (Action::Create, row.may_create),
        (Action::Edit, row.may_edit),
        (Action::Delete, row.may_delete),
    ];
    PermittedRow {
        kind: row.kind.clone(),
        resource: row.resource_id.clone(),
        actions: actions.into_iter().fold(Actions::none(), |all, (action, allowed)| all.with(action, allowed)),
    }
}

row! {
    struct GrantRow {
        kind: String,
        resource_id: Option<String>,
    }
}

/// The kinds in which a user is limited in a workspace, each with what they are limited to.
pub(in super::super) async fn limits(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<Vec<LimitRow>> {
    let rows: Vec<GrantRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.kind, g.resource_id FROM grant_limits l
         LEFT JOIN grants g ON g.workspace_id = l.workspace_id AND g.user_id = l.user_id AND g.kind = l.kind
         WHERE l.workspace_id = $1 AND l.user_id = $2 ORDER BY l.kind")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_all(c))?;
    let mut all: Vec<LimitRow> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|last| last.kind != row.kind) {
            all.push(LimitRow { kind: row.kind, granted: Vec::new() });
        }
        if let (Some(last), Some(id)) = (all.last_mut(), row.resource_id) {
            last.granted.push(id);
        }
    }
    Ok(all)
}
