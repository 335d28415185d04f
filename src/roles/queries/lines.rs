//! What roles allow, line by line.

use crate::access::{ACTIONS, Action, Actions};
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{CustomRoleId, OrgId, ResourceId};
use crate::roles::{At, Line, Scope};

row! {
    struct LineRow {
        kind: String,
        resource_id: Option<String>,
        resource_name: Option<String>,
        workspace_id: Option<String>,
        workspace_name: Option<String>,
        archived_at: Option<i64>,
        may_view: bool,
        may_run: bool,
        may_create: bool,
        may_edit: bool,
        may_delete: bool,
    }
}

fn actions(row: [bool; 5]) -> Actions {
    ACTIONS
        .into_iter()
        .zip(row)
        .fold(Actions::none(), |all, (action, may)| all.with(action, may))
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        let at = row.resource_id.as_ref().map(|_| At {
            name: row.resource_name.unwrap_or_default(),
            workspace: row.workspace_id.unwrap_or_default().into(),
            workspace_name: row.workspace_name.unwrap_or_default(),
            archived: row.archived_at.is_some(),
        });
        Self {
            scope: row.resource_id.map_or_else(
                || Scope::Kind(row.kind.clone()),
                |id| Scope::Resource(id.into()),
            ),
            kind: row.kind,
            at,
            actions: actions([
                row.may_view,
                row.may_run,
                row.may_create,
                row.may_edit,
                row.may_delete,
            ]),
        }
    }
}

/// The lines of a role: kinds first, then resources by name.
pub(in crate::roles) async fn lines(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
) -> Result<Vec<Line>> {
    let rows: Vec<LineRow> = on!(tx, c => sqlx::query_as(
        "SELECT p.kind, p.resource_id, r.name AS resource_name, r.workspace_id, w.name AS workspace_name, r.archived_at,
            p.may_view, p.may_run, p.may_create, p.may_edit, p.may_delete
         FROM custom_role_permissions p LEFT JOIN resources r ON r.id = p.resource_id LEFT JOIN workspaces w ON w.id = r.workspace_id
         WHERE p.org_id = $1 AND p.role_id = $2
         ORDER BY CASE WHEN p.resource_id IS NULL THEN 0 ELSE 1 END, p.kind, r.sort_name, p.id")
        .bind(org.as_str()).bind(id.as_str()).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A resource that a line may be about: in a workspace of the organization, nobody's own, not archived.
pub(in crate::roles) async fn resource(
    tx: &mut Tx,
    org: &OrgId,
    id: &ResourceId,
) -> Result<Option<Line>> {
    let found: Option<LineRow> = on!(tx, c => sqlx::query_as(
        "SELECT r.kind, r.id AS resource_id, r.name AS resource_name, r.workspace_id, w.name AS workspace_name, r.archived_at,
            FALSE AS may_view, FALSE AS may_run, FALSE AS may_create, FALSE AS may_edit, FALSE AS may_delete
         FROM resources r JOIN workspaces w ON w.id = r.workspace_id
         WHERE r.org_id = $1 AND r.id = $2 AND w.org_id = $1 AND r.owner_id IS NULL AND r.archived_at IS NULL")
        .bind(org.as_str()).bind(id.as_str()).fetch_optional(c))?;
    Ok(found.map(Into::into))
}

/// The first resources by name that a line may be about.
pub(in crate::roles) async fn resources_like(
    tx: &mut Tx,
    org: &OrgId,
    pattern: &str,
    limit: i64,
) -> Result<Vec<Line>> {
    let rows: Vec<LineRow> = on!(tx, c => sqlx::query_as(
        "SELECT r.kind, r.id AS resource_id, r.name AS resource_name, r.workspace_id, w.name AS workspace_name, r.archived_at,
            FALSE AS may_view, FALSE AS may_run, FALSE AS may_create, FALSE AS may_edit, FALSE AS may_delete
         FROM resources r JOIN workspaces w ON w.id = r.workspace_id
         WHERE r.org_id = $1 AND r.sort_name LIKE $2 ESCAPE '\\' AND w.org_id = $1 AND w.deleted_at IS NULL AND r.owner_id IS NULL
            AND r.archived_at IS NULL
         ORDER BY r.sort_name, r.id LIMIT $3")
        .bind(org.as_str()).bind(pattern).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(in crate::roles) async fn delete_lines(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM custom_role_permissions WHERE org_id = $1 AND role_id = $2")
            .bind(org.as_str())
            .bind(id.as_str())
    )?)
}

pub(in crate::roles) async fn insert_line(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
    line: &Line,
    now: Micros,
) -> Result<()> {
    let resource = match &line.scope {
        Scope::Kind(_) => None,
        Scope::Resource(id) => Some(id.as_str()),
    };
    let may = |action: Action| line.actions.allow(action);
    run!(
        tx,
        sqlx::query(
            "INSERT INTO custom_role_permissions
                (id, org_id, role_id, kind, resource_id, may_view, may_run, may_create, may_edit, may_delete, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        )
        .bind(crate::ids::new_id("per"))
        .bind(org.as_str())
        .bind(id.as_str())
        .bind(&line.kind)
        .bind(resource)
        .bind(may(Action::View))
        .bind(may(Action::Run))
        .bind(may(Action::Create))
        .bind(may(Action::Edit))
        .bind(may(Action::Delete))
        .bind(now)
    )?;
    Ok(())
}
