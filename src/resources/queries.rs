//! The statements about resources and kinds.

mod lists;

pub(super) use lists::{
    Asked, count, counts, explain, explain_count, explain_counts, kinds_there, list,
};
pub use lists::{Row, WorkspaceCount};

use super::{Resource, chain::ids_in};
use crate::access::{Kind, Level, WorkspaceRole};
use crate::clock::Micros;
use crate::db::{Tx, on, places, row, rows, run};
use crate::error::Result;
use crate::ids::{OrgId, ResourceId, UserId, WorkspaceId};

/// How many things lie in each other at most, so that a chain is a few rows found by their ids.
pub(super) const MAX_DEPTH: usize = 8;

row! {
    pub(super) struct ResourceRow {
        id: ResourceId,
        org_id: Option<String>,
        workspace_id: Option<String>,
        place: String,
        kind: String,
        external_id: String,
        parent_id: Option<String>,
        path: String,
        name: String,
        owner_id: Option<String>,
        created_at: i64,
        updated_at: i64,
        archived_at: Option<i64>,
    }
}

impl From<ResourceRow> for Resource {
    fn from(row: ResourceRow) -> Self {
        Self {
            id: row.id,
            org: row.org_id.map(OrgId::from),
            workspace: row.workspace_id.map(WorkspaceId::from),
            kind: row.kind,
            external_id: row.external_id,
            parent: row.parent_id.map(ResourceId::from),
            name: row.name,
            owner: row.owner_id.map(UserId::from),
            created_at: row.created_at,
            updated_at: row.updated_at,
            archived_at: row.archived_at,
            path: row.path,
            place: row.place,
        }
    }
}

macro_rules! columns {
    () => {
        "r.id, r.org_id, r.workspace_id, r.place, r.kind, r.external_id, r.parent_id, r.path, r.name, r.owner_id, r.created_at,
         r.updated_at, r.archived_at"
    };
}
use columns;

/// The ids in a row's path, itself the last, as SQL: all ids have one length, and a path no more than [`MAX_DEPTH`].
fn chain_of(r: &str) -> String {
    let length = ResourceId::new().as_str().len();
    let cut = |n: usize| format!("substr({r}.path, {}, {length})", n * (length + 1) + 1);
    (0..MAX_DEPTH).map(cut).collect::<Vec<_>>().join(", ")
}

/// What a person sees of resources, as SQL: the one condition of every list, with the same answers as
/// [`crate::access::decide`] about viewing gives, the plan left out (S2-35).
///
/// `r` is the alias of a row of `resources`, and begins with no `s`, as those in here do; `workspace` says where the row's workspace is (a parameter, where there is
/// one workspace, so that what doesn't depend on the row is asked once); `user` and `enters` are parameters: the person,
/// and whether they enter workspaces by their organization role ([`crate::access::enters_by_role`]). That they are an
/// active member of the organization is for the caller to know.
pub(crate) fn sees(r: &str, workspace: &str, user: &str, enters: &str) -> String {
    let chain = chain_of(r);
    let rows = format!(
        "SELECT 1 FROM access sa WHERE sa.workspace_id = {workspace} AND sa.user_id = {user}"
    );
    format!(
        "({r}.owner_id = {user} OR ({r}.owner_id IS NULL AND ({r}.workspace_id IS NULL
            OR EXISTS ({rows} AND sa.role IN ('admin', 'owner'))
            OR ({enters} AND NOT EXISTS ({rows}))
            OR ((EXISTS ({rows} AND sa.role IN ('viewer', 'member'))
                    OR EXISTS (SELECT 1 FROM access sa JOIN custom_role_permissions sp ON sp.role_id = sa.custom_role_id
                        WHERE sa.workspace_id = {workspace} AND sa.user_id = {user} AND sp.may_view
                            AND ((sp.resource_id IS NULL AND sp.kind = {r}.kind) OR sp.resource_id IN ({chain}))))
                AND NOT EXISTS (SELECT 1 FROM grant_limits sl WHERE sl.workspace_id = {workspace} AND sl.user_id = {user}
                    AND EXISTS (SELECT 1 FROM resources sk WHERE sk.id IN ({chain}) AND sk.kind = sl.kind)
                    AND NOT EXISTS (SELECT 1 FROM grants sg WHERE sg.workspace_id = {workspace} AND sg.user_id = {user}
                        AND sg.kind = sl.kind AND sg.resource_id IN ({chain})))))))"
    )
}

/// Whether a workspace is there, and in this organization, or in none.
pub(super) async fn stands_in(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: Option<&OrgId>,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM workspaces WHERE id = $1 AND COALESCE(org_id, '') = $2 AND deleted_at IS NULL)")
        .bind(workspace.as_str()).bind(org.map_or("", OrgId::as_str)).fetch_one(c))?)
}

/// A resource of an organization, or of a standalone workspace, by its id.
pub(super) async fn by_id(
    tx: &mut Tx,
    org: Option<&OrgId>,
    id: &ResourceId,
) -> Result<Option<Resource>> {
    let found: Option<ResourceRow> = on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM resources r LEFT JOIN workspaces w ON w.id = r.workspace_id
         WHERE r.id = $1 AND COALESCE(r.org_id, '') = $2 AND w.deleted_at IS NULL"))
        .bind(id.as_str()).bind(org.map_or("", OrgId::as_str)).fetch_optional(c))?;
    Ok(found.map(Into::into))
}

/// Up to [`MAX_DEPTH`] resources by their ids, in no order.
pub(super) async fn by_ids(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<Resource>> {
    let rows: Vec<ResourceRow> = on!(tx, c => {
        let mut query = sqlx::query_as(concat!("SELECT ", columns!(), " FROM resources r WHERE r.id IN ($1, $2, $3, $4, $5, $6, $7, $8)"));
        for n in 0..MAX_DEPTH {
            query = query.bind(ids.get(n).map_or("", |id| id.as_str()));
        }
        query.fetch_all(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn by_external_id(
    tx: &mut Tx,
    place: &str,
    kind: &str,
    external_id: &str,
) -> Result<Option<Resource>> {
    let found: Option<ResourceRow> = on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM resources r WHERE r.place = $1 AND r.kind = $2 AND r.external_id = $3"))
        .bind(place).bind(kind).bind(external_id).fetch_optional(c))?;
    Ok(found.map(Into::into))
}

/// Resources by place, kind and external id, many at once.
pub(super) async fn by_external_ids(
    tx: &mut Tx,
    wanted: &[(&str, &str, &str)],
) -> Result<Vec<Resource>> {
    let sql = format!(
        "WITH wanted (place, kind, external_id) AS (VALUES {}) SELECT {} FROM wanted v CROSS JOIN resources r
         WHERE r.place = v.place AND r.kind = v.kind AND r.external_id = v.external_id",
        rows(1, wanted.len(), 3),
        columns!()
    );
    let rows: Vec<ResourceRow> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        wanted.iter().fold(query, |query, (place, kind, id)| query.bind(*place).bind(*kind).bind(*id)).fetch_all(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Any number of resources by their ids, in no order.
pub(super) async fn all_by_ids(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<Resource>> {
    let sql = format!(
        "SELECT {} FROM resources r WHERE r.id IN ({})",
        columns!(),
        places(1, ids.len())
    );
    let rows: Vec<ResourceRow> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
        ids.iter().fold(query, |query, id| query.bind(id.as_str())).fetch_all(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn insert(tx: &mut Tx, r: &Resource, sort_name: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, parent_id, path, name, sort_name, owner_id,
                created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)"
        )
        .bind(r.id.as_str())
        .bind(r.org.as_ref().map(OrgId::as_str))
        .bind(r.workspace.as_ref().map(WorkspaceId::as_str))
        .bind(&r.place)
        .bind(&r.kind)
        .bind(&r.external_id)
        .bind(r.parent.as_ref().map(ResourceId::as_str))
        .bind(&r.path)
        .bind(&r.name)
        .bind(sort_name)
        .bind(r.owner.as_ref().map(UserId::as_str))
        .bind(r.created_at)
    )?;
    Ok(())
}

/// Writes a resource's name and what it lies in.
pub(super) async fn update(tx: &mut Tx, r: &Resource, sort_name: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE resources SET name = $2, sort_name = $3, parent_id = $4, updated_at = $5 WHERE id = $1")
            .bind(r.id.as_str())
            .bind(&r.name)
            .bind(sort_name)
            .bind(r.parent.as_ref().map(ResourceId::as_str))
            .bind(r.updated_at)
    )?;
    Ok(())
}

/// The resource `$1` and everything below it, by the index of parents.
macro_rules! with_all_below {
    () => {
        "WITH RECURSIVE below (id) AS (SELECT id FROM resources WHERE id = $1
            UNION ALL SELECT child.id FROM resources child JOIN below b ON child.parent_id = b.id) SELECT id FROM below"
    };
}

/// How many levels lie below a resource.
pub(super) async fn depth_below(tx: &mut Tx, r: &Resource) -> Result<usize> {
    let longest: Option<String> = on!(tx, c => sqlx::query_scalar(concat!(
        "SELECT path FROM resources WHERE id IN (", with_all_below!(), ") ORDER BY LENGTH(path) DESC LIMIT 1"))
        .bind(r.id.as_str()).fetch_optional(c))?;
    Ok(longest
        .map_or(0, |path| ids_in(&path).len())
        .saturating_sub(ids_in(&r.path).len()))
}

/// Puts another beginning before the paths of a resource and of everything below it.
pub(super) async fn move_paths(tx: &mut Tx, r: &Resource, path: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query(concat!(
            "UPDATE resources SET path = $2 || substr(path, CAST($3 AS INTEGER)) WHERE id IN (",
            with_all_below!(),
            ")"
        ))
        .bind(r.id.as_str())
        .bind(path)
        .bind(r.path.len() as i64 + 1)
    )?;
    Ok(())
}

/// Archives a resource and what lies below it, and says how many those were.
pub(super) async fn archive(tx: &mut Tx, id: &ResourceId, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query(concat!(
            "UPDATE resources SET archived_at = $2, updated_at = $2 WHERE archived_at IS NULL AND id IN (",
            with_all_below!(),
            ")"
        ))
        .bind(id.as_str())
        .bind(now)
    )?)
}

/// Brings back a resource and what was archived with it.
pub(super) async fn restore(
    tx: &mut Tx,
    id: &ResourceId,
    archived_at: Micros,
    now: Micros,
) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query(concat!(
            "UPDATE resources SET archived_at = NULL, updated_at = $3 WHERE archived_at = $2 AND id IN (",
            with_all_below!(),
            ")"
        ))
        .bind(id.as_str())
        .bind(archived_at)
        .bind(now)
    )?)
}

/// Takes the resources that stand in workspaces out of an organization.
pub(super) async fn release(tx: &mut Tx, org: &OrgId) -> Result<u64> {
    let sql = "UPDATE resources SET org_id = NULL WHERE org_id = $1 AND workspace_id IS NOT NULL";
    Ok(run!(tx, sqlx::query(sql).bind(org.as_str()))?)
}

row! {
    struct KindRow {
        kind: String,
        label: String,
        plural: String,
        level: String,
        writers: WorkspaceRole,
        takes_grants: bool,
        entitlement: String,
    }
}

/// The kinds that an organization added.
pub(super) async fn kinds(tx: &mut Tx, org: &OrgId) -> Result<Vec<Kind>> {
    let rows: Vec<KindRow> = on!(tx, c => sqlx::query_as(
        "SELECT kind, label, plural, level, writers, takes_grants, entitlement FROM resource_kinds WHERE org_id = $1 ORDER BY kind")
        .bind(org.as_str()).fetch_all(c))?;
    let kind = |row: KindRow| Kind {
        name: row.kind.into(),
        label: row.label.into(),
        plural: row.plural.into(),
        level: Level::parse(&row.level).unwrap_or(Level::Workspace),
        writers: row.writers,
        takes_grants: row.takes_grants,
        entitlement: (!row.entitlement.is_empty()).then(|| row.entitlement.into()),
    };
    Ok(rows.into_iter().map(kind).collect())
}

pub(super) async fn set_kind(tx: &mut Tx, org: &OrgId, kind: &Kind, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO resource_kinds (org_id, kind, label, plural, level, writers, takes_grants, entitlement, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (org_id, kind) DO UPDATE SET label = excluded.label, plural = excluded.plural, level = excluded.level,
                writers = excluded.writers, takes_grants = excluded.takes_grants, entitlement = excluded.entitlement"
        )
        .bind(org.as_str())
        .bind(kind.name.as_ref())
        .bind(kind.label.as_ref())
        .bind(kind.plural.as_ref())
        .bind(kind.level.as_str())
        .bind(kind.writers.as_str())
        .bind(kind.takes_grants)
        .bind(kind.entitlement.as_deref().unwrap_or(""))
        .bind(now)
    )?;
    Ok(())
}

pub(super) async fn kind_is_used(tx: &mut Tx, org: &OrgId, kind: &str) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM resources WHERE org_id = $1 AND kind = $2)")
        .bind(org.as_str()).bind(kind).fetch_one(c))?,
    )
}

pub(super) async fn kind_has_limits(tx: &mut Tx, org: &OrgId, kind: &str) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM grant_limits l JOIN workspaces w ON w.id = l.workspace_id WHERE w.org_id = $1 AND l.kind = $2)")
        .bind(org.as_str()).bind(kind).fetch_one(c))?)
}
