mod lines;

pub(super) use lines::*;

use super::{CustomRole, Holder, Listed, Order, Use};
use crate::access::WorkspaceRole;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{CustomRoleId, MemberId, OrgId, UserId, WorkspaceId};

row! {
    struct RoleRow {
        id: CustomRoleId,
        name: String,
        description: String,
        created_at: i64,
    }
}

impl From<RoleRow> for CustomRole {
    fn from(row: RoleRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            created_at: row.created_at,
        }
    }
}

pub(super) async fn find(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
) -> Result<Option<CustomRole>> {
    let found: Option<RoleRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, description, created_at FROM custom_roles WHERE org_id = $1 AND id = $2")
        .bind(org.as_str()).bind(id.as_str()).fetch_optional(c))?;
    Ok(found.map(Into::into))
}

pub(super) async fn find_by_name(
    tx: &mut Tx,
    org: &OrgId,
    sort_name: &str,
) -> Result<Option<CustomRole>> {
    let found: Option<RoleRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, description, created_at FROM custom_roles WHERE org_id = $1 AND sort_name = $2")
        .bind(org.as_str()).bind(sort_name).fetch_optional(c))?;
    Ok(found.map(Into::into))
}

pub(super) async fn count(tx: &mut Tx, org: &OrgId) -> Result<i64> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM custom_roles WHERE org_id = $1").bind(org.as_str()).fetch_one(c))?,
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRole,
    sort_name: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO custom_roles (id, org_id, name, sort_name, description, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(role.id.as_str())
            .bind(org.as_str())
            .bind(&role.name)
            .bind(sort_name)
            .bind(&role.description)
            .bind(role.created_at)
    )?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRole,
    sort_name: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE custom_roles SET name = $3, sort_name = $4, description = $5 WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(role.id.as_str())
            .bind(&role.name)
            .bind(sort_name)
            .bind(&role.description)
    )?;
    Ok(())
}

/// The workspaces of organization `$1` that user `$2` administers.
macro_rules! administered {
    () => {
        "SELECT w.id FROM workspaces w JOIN access a ON a.workspace_id = w.id
         WHERE w.org_id = $1 AND w.deleted_at IS NULL AND a.user_id = $2 AND a.role IN ('admin', 'owner')"
    };
}

pub(super) async fn administers_one(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar(concat!("SELECT EXISTS (", administered!(), ")"))
        .bind(org.as_str()).bind(user.as_str()).fetch_one(c))?,
    )
}

pub(super) async fn administered(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<WorkspaceId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar(administered!()).bind(org.as_str()).bind(user.as_str()).fetch_all(c))?,
    )
}

row! {
    struct ListedRow {
        id: CustomRoleId,
        name: String,
        description: String,
        created_at: i64,
        people: i64,
        workspaces: i64,
        permissions: i64,
    }
}

impl From<ListedRow> for Listed {
    fn from(row: ListedRow) -> Self {
        let used = Use {
            people: row.people,
            workspaces: row.workspaces,
            permissions: row.permissions,
        };
        let ListedRow {
            id,
            name,
            description,
            created_at,
            ..
        } = row;
        Self {
            role: CustomRole {
                id,
                name,
                description,
                created_at,
            },
            used,
        }
    }
}

/// What a page of the list shows.
pub(super) struct Asked<'a> {
    pub org: &'a OrgId,
    pub pattern: &'a str,
    pub order: Order,
    pub descending: bool,
    /// Folded name, date and id of the row to go on after.
    pub place: Option<&'a (String, i64, String)>,
    pub limit: i64,
}

/// One page of roles with how much each is used; where `within` is somebody, in the workspaces that they administer.
pub(super) async fn list(
    tx: &mut Tx,
    asked: &Asked<'_>,
    within: Option<&UserId>,
) -> Result<Vec<Listed>> {
    let (column, than) = (
        if asked.order == Order::Name {
            "r.sort_name"
        } else {
            "r.created_at"
        },
        if asked.descending { "<" } else { ">" },
    );
    let direction = if asked.descending { "DESC" } else { "ASC" };
    let value = if asked.order == Order::Name {
        "$5"
    } else {
        "$6"
    };
    let sql = format!(
        "SELECT r.id, r.name, r.description, r.created_at,
            (SELECT COUNT(DISTINCT a.user_id) FROM access a WHERE a.custom_role_id = r.id AND {WITHIN}) AS people,
            (SELECT COUNT(DISTINCT a.workspace_id) FROM access a WHERE a.custom_role_id = r.id AND {WITHIN}) AS workspaces,
            (SELECT COUNT(*) FROM custom_role_permissions p WHERE p.role_id = r.id) AS permissions
         FROM custom_roles r WHERE r.org_id = $1 AND r.sort_name LIKE $4 ESCAPE '\\'
            AND ($8 OR ({column}, r.id) {than} ({value}, $7))
         ORDER BY {column} {direction}, r.id {direction} LIMIT $9"
    );
    let first = (String::new(), 0, String::new());
    let place = asked.place.unwrap_or(&first);
    let rows: Vec<ListedRow> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(asked.org.as_str()).bind(within.map_or("", |user| user.as_str())).bind(within.is_none()).bind(asked.pattern)
        .bind(place.0.as_str()).bind(place.1).bind(place.2.as_str()).bind(asked.place.is_none()).bind(asked.limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// An access row in a workspace of organization `$1`; unless `$3`, in one that user `$2` administers.
const WITHIN: &str = "a.workspace_id IN (SELECT w.id FROM workspaces w WHERE w.org_id = $1 AND w.deleted_at IS NULL AND ($3 OR w.id IN (
    SELECT own.workspace_id FROM access own WHERE own.user_id = $2 AND own.role IN ('admin', 'owner'))))";

row! {
    struct OfferedRow {
        id: CustomRoleId,
        name: String,
        description: String,
        created_at: i64,
        permissions: i64,
    }
}

/// Roles with this in their name, each with whether it lists anything.
pub(super) async fn search(
    tx: &mut Tx,
    org: &OrgId,
    pattern: &str,
    limit: i64,
) -> Result<Vec<(CustomRole, bool)>> {
    let rows: Vec<OfferedRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, description, created_at,
            (SELECT COUNT(*) FROM custom_role_permissions p WHERE p.role_id = custom_roles.id) AS permissions
         FROM custom_roles WHERE org_id = $1 AND sort_name LIKE $2 ESCAPE '\\' ORDER BY sort_name, id LIMIT $3")
        .bind(org.as_str()).bind(pattern).bind(limit).fetch_all(c))?;
    let role = |row: OfferedRow| {
        let OfferedRow {
            id,
            name,
            description,
            created_at,
            permissions,
        } = row;
        (
            RoleRow {
                id,
                name,
                description,
                created_at,
            }
            .into(),
            permissions > 0,
        )
    };
    Ok(rows.into_iter().map(role).collect())
}

row! {
    struct UseRow {
        people: i64,
        workspaces: i64,
        permissions: i64,
    }
}

pub(super) async fn used(tx: &mut Tx, org: &OrgId, id: &CustomRoleId) -> Result<Use> {
    count_use(tx, org, id, None).await
}

/// How much it is used in the workspaces that somebody administers.
pub(super) async fn used_within(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
    user: &UserId,
) -> Result<Use> {
    count_use(tx, org, id, Some(user)).await
}

async fn count_use(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
    within: Option<&UserId>,
) -> Result<Use> {
    let sql = format!(
        "SELECT COUNT(DISTINCT a.user_id) AS people, COUNT(DISTINCT a.workspace_id) AS workspaces,
            (SELECT COUNT(*) FROM custom_role_permissions p WHERE p.org_id = $1 AND p.role_id = $4) AS permissions
         FROM access a WHERE a.custom_role_id = $4 AND {WITHIN}"
    );
    let row: UseRow = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(org.as_str()).bind(within.map_or("", |user| user.as_str())).bind(within.is_none()).bind(id.as_str()).fetch_one(c))?;
    Ok(Use {
        people: row.people,
        workspaces: row.workspaces,
        permissions: row.permissions,
    })
}

row! {
    struct HolderRow {
        workspace_id: WorkspaceId,
        workspace_name: String,
        workspace_order: String,
        member_id: MemberId,
        name: String,
        email: String,
        member_order: String,
    }
}

/// One page of who has the role where, after a place in the order; where `within` is somebody, in the workspaces that
/// they administer.
pub(super) async fn holders(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
    within: Option<&UserId>,
    after: &(String, String, String, String),
    limit: i64,
) -> Result<Vec<Holder>> {
    let sql = format!(
        "SELECT DISTINCT w.id AS workspace_id, w.name AS workspace_name, w.sort_name AS workspace_order,
            m.id AS member_id, m.name, m.email, m.sort_name AS member_order
         FROM access a JOIN workspaces w ON w.id = a.workspace_id JOIN members m ON m.org_id = $1 AND m.user_id = a.user_id
         WHERE a.custom_role_id = $4 AND {WITHIN} AND (w.sort_name, w.id, m.sort_name, m.id) > ($5, $6, $7, $8)
         ORDER BY w.sort_name, w.id, m.sort_name, m.id LIMIT $9"
    );
    let rows: Vec<HolderRow> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(org.as_str()).bind(within.map_or("", |user| user.as_str())).bind(within.is_none()).bind(id.as_str())
        .bind(after.0.as_str()).bind(after.1.as_str()).bind(after.2.as_str()).bind(after.3.as_str()).bind(limit).fetch_all(c))?;
    let holder = |row: HolderRow| Holder {
        workspace: row.workspace_id,
        workspace_name: row.workspace_name,
        member: row.member_id,
        name: row.name,
        email: row.email,
        order: (row.workspace_order, row.member_order),
    };
    Ok(rows.into_iter().map(holder).collect())
}

/// The workspaces where a role is assigned, each with how many people have it there.
pub(super) async fn places(
    tx: &mut Tx,
    org: &OrgId,
    id: &CustomRoleId,
) -> Result<Vec<(WorkspaceId, String, i64)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT w.id, w.name, COUNT(DISTINCT a.user_id) FROM access a JOIN workspaces w ON w.id = a.workspace_id
         WHERE w.org_id = $1 AND w.deleted_at IS NULL AND a.custom_role_id = $2 GROUP BY w.id, w.name, w.sort_name ORDER BY w.sort_name, w.id")
        .bind(org.as_str()).bind(id.as_str()).fetch_all(c))?)
}

pub(super) async fn delete(tx: &mut Tx, org: &OrgId, id: &CustomRoleId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM custom_roles WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(id.as_str())
    )?;
    Ok(())
}

pub(super) async fn forget_workspace(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query(
            "DELETE FROM custom_role_permissions WHERE org_id = $1 AND resource_id IN (SELECT id FROM resources WHERE workspace_id = $2)"
        )
        .bind(org.as_str())
        .bind(workspace.as_str())
    )?)
}

pub(super) async fn end_all(tx: &mut Tx, org: &OrgId, to: WorkspaceRole) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE access SET role = $2, custom_role_id = NULL WHERE custom_role_id IN (SELECT id FROM custom_roles WHERE org_id = $1)"
        )
        .bind(org.as_str())
        .bind(to.as_str())
    )?;
    for statement in [
        "DELETE FROM custom_role_permissions WHERE org_id = $1",
        "DELETE FROM custom_roles WHERE org_id = $1",
    ] {
        run!(tx, sqlx::query(statement).bind(org.as_str()))?;
    }
    Ok(())
}
