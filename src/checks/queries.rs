use super::Found;
use crate::access::{OrgRole, WorkspaceRole};
use crate::db::{Tx, on, row};
use crate::error::Result;
use crate::ids::{OrgId, ResourceId, UserId, WorkspaceId};
use sqlx::AssertSqlSafe;

/// "$3, $4, $5": as many as asked for, rounded up so that few statements have to be prepared. The rest are bound to NULL.
fn places(from: usize, wanted: usize) -> (String, usize) {
    let count = [1, 10, 100, 1_000]
        .into_iter()
        .find(|size| *size >= wanted)
        .unwrap_or(wanted);
    (crate::db::places(from, count), count)
}

row! {
    #[derive(Clone, Debug)]
    pub(super) struct ResourceRow {
        pub id: ResourceId,
        pub org_id: Option<String>,
        pub workspace_id: Option<String>,
        pub place: String,
        pub kind: String,
        pub external_id: String,
        pub path: String,
        pub owner_id: Option<String>,
    }
}

const RESOURCE: &str =
    "SELECT id, org_id, workspace_id, place, kind, external_id, path, owner_id FROM resources";

pub(super) async fn resources(tx: &mut Tx, ids: &[&str]) -> Result<Vec<ResourceRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (list, count) = places(1, ids.len());
    let sql = format!("{RESOURCE} WHERE id IN ({list})");
    Ok(on!(tx, c => {
        let query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        (0..count).fold(query, |query, n| query.bind(ids.get(n).copied())).fetch_all(c)
    })?)
}

/// Resources by place, kind and the host product's id.
pub(super) async fn by_external(
    tx: &mut Tx,
    keys: &[(&str, &str, &str)],
) -> Result<Vec<ResourceRow>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (_, count) = places(1, keys.len());
    let list: Vec<String> = (0..count)
        .map(|n| format!("(${}, ${}, ${})", 3 * n + 1, 3 * n + 2, 3 * n + 3))
        .collect();
    let sql = format!(
        "{RESOURCE} WHERE (place, kind, external_id) IN (VALUES {})",
        list.join(", ")
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        (0..count).fold(query, |query, n| {
            let key = keys.get(n);
            query.bind(key.map(|k| k.0)).bind(key.map(|k| k.1)).bind(key.map(|k| k.2))
        }).fetch_all(c)
    })?)
}

row! {
    /// A workspace, with one access row of a user and one line of its custom role where there are.
    #[derive(Clone, Debug)]
    pub(super) struct HeldRow {
        pub workspace_id: WorkspaceId,
        pub org_id: Option<String>,
        pub workspace: String,
        pub source: Option<String>,
        pub role: Option<WorkspaceRole>,
        pub custom_role_id: Option<String>,
        pub custom_role: Option<String>,
        pub kind: Option<String>,
        pub resource_id: Option<String>,
        pub may_view: Option<bool>,
        pub may_run: Option<bool>,
        pub may_create: Option<bool>,
        pub may_edit: Option<bool>,
        pub may_delete: Option<bool>,
    }
}

pub(super) async fn held(tx: &mut Tx, user: &UserId, workspaces: &[&str]) -> Result<Vec<HeldRow>> {
    if workspaces.is_empty() {
        return Ok(Vec::new());
    }
    let (list, count) = places(2, workspaces.len());
    let sql = format!(
        "SELECT w.id AS workspace_id, w.org_id, w.name AS workspace, COALESCE(a.source, CASE WHEN k.id IS NOT NULL THEN 'key' END) AS source, COALESCE(a.role, k.workspace_role) AS role,
            a.custom_role_id, r.name AS custom_role,
            p.kind, p.resource_id, p.may_view, p.may_run, p.may_create, p.may_edit, p.may_delete
         FROM workspaces w
         LEFT JOIN access a ON a.workspace_id = w.id AND a.user_id = $1
         LEFT JOIN keys k ON k.id = $1 AND k.revoked_at IS NULL AND k.workspace_role <> ''
            AND (k.workspace_id = w.id OR k.org_id = w.org_id)
         LEFT JOIN custom_roles r ON r.id = a.custom_role_id AND r.org_id = w.org_id
         LEFT JOIN custom_role_permissions p ON p.role_id = r.id
         WHERE w.id IN ({list}) AND w.deleted_at IS NULL ORDER BY w.id, a.source"
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(user.as_str());
        (0..count).fold(query, |query, n| query.bind(workspaces.get(n).copied())).fetch_all(c)
    })?)
}

row! {
    #[derive(Clone, Debug)]
    pub(super) struct LimitRow {
        pub workspace_id: WorkspaceId,
        pub kind: String,
        pub resource_id: Option<String>,
    }
}

/// In which kinds a user is limited to named resources, and to which.
pub(super) async fn limits(
    tx: &mut Tx,
    user: &UserId,
    workspaces: &[&str],
) -> Result<Vec<LimitRow>> {
    if workspaces.is_empty() {
        return Ok(Vec::new());
    }
    let (list, count) = places(2, workspaces.len());
    let sql = format!(
        "SELECT l.workspace_id, l.kind, g.resource_id FROM grant_limits l
         LEFT JOIN grants g ON g.user_id = l.user_id AND g.workspace_id = l.workspace_id AND g.kind = l.kind
         WHERE l.user_id = $1 AND l.workspace_id IN ({list})"
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(user.as_str());
        (0..count).fold(query, |query, n| query.bind(workspaces.get(n).copied())).fetch_all(c)
    })?)
}

row! {
    #[derive(Clone, Debug)]
    pub(super) struct SeatRow {
        pub org_id: OrgId,
        pub slug: String,
        pub org_name: String,
        pub member_id: String,
        pub role: OrgRole,
        pub status: String,
        pub admins_enter: bool,
        pub plan: String,
        pub plan_until: Option<i64>,
    }
}

/// The memberships of a user, suspended ones too.
pub(super) async fn seats(tx: &mut Tx, user: &UserId) -> Result<Vec<SeatRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT m.org_id, o.slug, o.name AS org_name, m.id AS member_id, m.role, m.status, o.admins_enter, o.plan, o.plan_until
         FROM members m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = $1 AND o.deleted_at IS NULL")
        .bind(user.as_str()).fetch_all(c))?)
}

pub(super) async fn name(tx: &mut Tx, user: &UserId) -> Result<Option<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT name FROM users WHERE id = $1").bind(user.as_str()).fetch_optional(c))?,
    )
}

row! {
    #[derive(Clone, Debug)]
    pub(super) struct KindRow {
        pub org_id: OrgId,
        pub kind: String,
        pub label: String,
        pub plural: String,
        pub level: String,
        pub writers: WorkspaceRole,
        pub takes_grants: bool,
        pub entitlement: String,
    }
}

/// The kinds that an organization's host product added.
pub(super) async fn kinds(tx: &mut Tx, org: &OrgId) -> Result<Vec<KindRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT org_id, kind, label, plural, level, writers, takes_grants, entitlement FROM resource_kinds WHERE org_id = $1")
        .bind(org.as_str()).fetch_all(c))?)
}

/// A member of an organization by user id or address.
pub(super) async fn member(tx: &mut Tx, org: &OrgId, who: &str) -> Result<Option<UserId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT user_id FROM members WHERE org_id = $1 AND user_id IS NOT NULL AND (user_id = $2 OR email = $2)")
        .bind(org.as_str()).bind(who).fetch_optional(c))?,
    )
}

/// Somebody who shares a standalone workspace with a user who administers it, by user id or address.
pub(super) async fn companion(tx: &mut Tx, user: &UserId, who: &str) -> Result<Option<UserId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT u.id FROM access mine JOIN workspaces w ON w.id = mine.workspace_id AND w.org_id IS NULL AND w.deleted_at IS NULL
         JOIN access theirs ON theirs.workspace_id = w.id JOIN users u ON u.id = theirs.user_id
         WHERE mine.user_id = $1 AND mine.role IN ('owner', 'admin') AND (u.id = $2 OR u.email = $2) LIMIT 1")
        .bind(user.as_str()).bind(who).fetch_optional(c))?)
}

row! {
    struct FoundRow {
        id: ResourceId,
        name: String,
        kind: String,
    }
}

pub(super) async fn things(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
    text: &str,
    folded: &str,
) -> Result<Vec<Found>> {
    let rows: Vec<FoundRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, kind FROM resources WHERE place IN ($1, $2) AND org_id = $1 AND owner_id IS NULL
            AND (id = $3 OR external_id = $3 OR sort_name = $4) ORDER BY sort_name, id LIMIT 10")
        .bind(org.as_str()).bind(workspace.as_str()).bind(text).bind(folded).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Found {
            id: row.id,
            name: row.name,
            kind: row.kind,
        })
        .collect())
}
