mod held;
mod leaving;

pub(super) use held::*;
pub(super) use leaving::*;

use super::{Keeping, LaterAccess, PersonWithAccess, Workspace};
use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};

row! {
    struct WorkspaceRow {
        id: WorkspaceId,
        org_id: Option<String>,
        name: String,
        slug: String,
        label: String,
        people: i64,
        created_at: i64,
    }
}

impl From<WorkspaceRow> for Workspace {
    fn from(row: WorkspaceRow) -> Self {
        Self {
            id: row.id,
            org: row.org_id.map(OrgId::from),
            name: row.name,
            slug: row.slug,
            label: row.label,
            people: row.people,
            created_at: row.created_at,
        }
    }
}

row! {
    /// A workspace with the roles that one user has there, by source.
    pub(super) struct SeenRow {
        id: WorkspaceId,
        org_id: Option<String>,
        name: String,
        slug: String,
        label: String,
        people: i64,
        created_at: i64,
        direct_role: Option<WorkspaceRole>,
        organization_role: Option<WorkspaceRole>,
        key_role: Option<WorkspaceRole>,
    }
}

impl From<SeenRow> for (Workspace, Option<WorkspaceRole>) {
    fn from(row: SeenRow) -> Self {
        let role = row.direct_role.max(row.organization_role).max(row.key_role);
        let SeenRow {
            id,
            org_id,
            name,
            slug,
            label,
            people,
            created_at,
            ..
        } = row;
        (
            WorkspaceRow {
                id,
                org_id,
                name,
                slug,
                label,
                people,
                created_at,
            }
            .into(),
            role,
        )
    }
}

/// A workspace beside the roles that user, or key, `$1` has there.
macro_rules! seen {
    ($where:literal) => {
        concat!(
            "SELECT w.id, w.org_id, w.name, w.slug, w.label, w.people, w.created_at, d.role AS direct_role, o.role AS organization_role,
                k.workspace_role AS key_role
             FROM workspaces w
             LEFT JOIN access d ON d.workspace_id = w.id AND d.user_id = $1 AND d.source = 'direct'
             LEFT JOIN access o ON o.workspace_id = w.id AND o.user_id = $1 AND o.source = 'organization'
             LEFT JOIN keys k ON k.id = $1 AND k.revoked_at IS NULL AND k.workspace_role <> ''
                AND (k.workspace_id = w.id OR k.org_id = w.org_id)
             WHERE w.deleted_at IS NULL AND ",
            $where
        )
    };
}

pub(super) async fn find(
    tx: &mut Tx,
    user: &UserId,
    id: &WorkspaceId,
) -> Result<Option<(Workspace, Option<WorkspaceRole>)>> {
    let found: Option<SeenRow> = on!(tx, c => sqlx::query_as(seen!("w.id = $2"))
        .bind(user.as_str()).bind(id.as_str()).fetch_optional(c))?;
    Ok(found.map(Into::into))
}
pub(super) use seen;

/// One page of an organization's workspaces, after a place in the order; with `all` false only those the user has a role in.
pub(super) async fn list(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    all: bool,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(Workspace, Option<WorkspaceRole>)>> {
    let sql = if all {
        seen!(
            "w.org_id = $2 AND (w.sort_name, w.id) > ($3, $4) ORDER BY w.sort_name, w.id LIMIT $5"
        )
    } else {
        seen!(
            "w.org_id = $2 AND (w.sort_name, w.id) > ($3, $4) AND w.id IN (SELECT workspace_id FROM access WHERE user_id = $1)
             ORDER BY w.sort_name, w.id LIMIT $5"
        )
    };
    let rows: Vec<SeenRow> = on!(tx, c => sqlx::query_as(sql)
        .bind(user.as_str()).bind(org.as_str()).bind(after.0).bind(after.1).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The standalone workspaces a user has a role in.
pub(super) async fn standalone(
    tx: &mut Tx,
    user: &UserId,
    limit: i64,
) -> Result<Vec<(Workspace, Option<WorkspaceRole>)>> {
    let rows: Vec<SeenRow> = on!(tx, c => sqlx::query_as(
        seen!("w.org_id IS NULL AND w.id IN (SELECT workspace_id FROM access WHERE user_id = $1) ORDER BY w.sort_name, w.id LIMIT $2"))
        .bind(user.as_str()).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn names_with_access(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT w.name FROM workspaces w WHERE w.org_id = $1 AND w.deleted_at IS NULL
            AND w.id IN (SELECT workspace_id FROM access WHERE user_id = $2) ORDER BY w.sort_name, w.id")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

pub(super) async fn insert(tx: &mut Tx, w: &Workspace, sort_name: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO workspaces (id, org_id, name, sort_name, slug, label, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(w.id.as_str())
            .bind(w.org.as_ref().map(OrgId::as_str))
            .bind(&w.name)
            .bind(sort_name)
            .bind(&w.slug)
            .bind(&w.label)
            .bind(w.created_at)
    )?;
    Ok(())
}

/// Which of ten slugs an organization's workspaces have.
pub(super) async fn taken_slugs(tx: &mut Tx, org: &OrgId, slugs: &[String]) -> Result<Vec<String>> {
    Ok(on!(tx, c => {
        let mut query = sqlx::query_scalar(
            "SELECT slug FROM workspaces WHERE org_id = $1 AND slug IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)").bind(org.as_str());
        for slug in slugs {
            query = query.bind(slug.as_str());
        }
        query.fetch_all(c)
    })?)
}

pub(super) async fn add_to_people(tx: &mut Tx, workspace: &WorkspaceId, by: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE workspaces SET people = people + $2 WHERE id = $1")
            .bind(workspace.as_str())
            .bind(by)
    )?;
    Ok(())
}

row! {
    struct AccessRow {
        user_id: UserId,
        name: String,
        email: Option<String>,
        role: WorkspaceRole,
        custom_role: Option<String>,
    }
}

/// The first people with access, by name; where somebody has two rows, the higher role.
pub(super) async fn people(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    limit: i64,
) -> Result<Vec<PersonWithAccess>> {
    let rows: Vec<AccessRow> = on!(tx, c => sqlx::query_as(
        "SELECT a.user_id, u.name, u.email, a.role, r.name AS custom_role FROM access a JOIN users u ON u.id = a.user_id
         LEFT JOIN custom_roles r ON r.id = a.custom_role_id
         WHERE a.workspace_id = $1 ORDER BY u.name, u.id LIMIT $2")
        .bind(workspace.as_str()).bind(limit * 2).fetch_all(c))?;
    let mut people: Vec<PersonWithAccess> = Vec::new();
    for row in rows {
        let role_name = row
            .custom_role
            .unwrap_or_else(|| row.role.label().to_owned());
        match people.last_mut() {
            Some(last) if last.user == row.user_id && last.role >= row.role => {}
            Some(last) if last.user == row.user_id => {
                (last.role, last.role_name) = (row.role, role_name)
            }
            _ => people.push(PersonWithAccess {
                user: row.user_id,
                name: row.name,
                email: row.email.unwrap_or_default(),
                role: row.role,
                role_name,
            }),
        }
    }
    people.truncate(limit as usize);
    Ok(people)
}

row! {
    struct KeeperRow {
        id: WorkspaceId,
        workspace: String,
        people: i64,
        has_owner: bool,
        keeper: Option<String>,
    }
}

/// The first workspaces of an organization, each with up to three people who have access.
pub(super) async fn keeping(tx: &mut Tx, org: &OrgId, limit: i64) -> Result<Vec<Keeping>> {
    let rows: Vec<KeeperRow> = on!(tx, c => sqlx::query_as(
        "SELECT w.id, w.name AS workspace, w.people, k.name AS keeper,
            EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.role = 'owner') AS has_owner
         FROM (SELECT id, name, sort_name, people FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL ORDER BY sort_name, id LIMIT $2) w
         LEFT JOIN (
            SELECT a.workspace_id, u.name, ROW_NUMBER() OVER (PARTITION BY a.workspace_id ORDER BY u.name, u.id) AS place
            FROM (SELECT DISTINCT workspace_id, user_id FROM access WHERE workspace_id IN (
                SELECT id FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL ORDER BY sort_name, id LIMIT $2)) a
            JOIN users u ON u.id = a.user_id) k ON k.workspace_id = w.id AND k.place <= 3
         ORDER BY w.sort_name, w.id, k.place")
        .bind(org.as_str()).bind(limit).fetch_all(c))?;
    let mut all: Vec<(WorkspaceId, Keeping)> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|(id, _)| *id != row.id) {
            all.push((
                row.id,
                Keeping {
                    name: row.workspace,
                    people: row.people,
                    has_owner: row.has_owner,
                    names: Vec::new(),
                },
            ));
        }
        if let (Some((_, keeping)), Some(name)) = (all.last_mut(), row.keeper) {
            keeping.names.push(name);
        }
    }
    Ok(all.into_iter().map(|(_, keeping)| keeping).collect())
}

/// Turns what the organization gave into what people have by themselves. Where somebody has both, the higher role stays.
pub(super) async fn make_access_direct(tx: &mut Tx, org: &OrgId) -> Result<()> {
    let ranked = [
        WorkspaceRole::Owner,
        WorkspaceRole::Admin,
        WorkspaceRole::Member,
    ];
    for role in ranked {
        // From the highest down: a direct row below the organization's is raised to it once.
        run!(
            tx,
            sqlx::query(
                "UPDATE access SET role = $2 WHERE source = 'direct' AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)
                AND CASE role WHEN 'owner' THEN 3 WHEN 'admin' THEN 2 WHEN 'member' THEN 1 ELSE 0 END < $3
                AND EXISTS (SELECT 1 FROM access o WHERE o.workspace_id = access.workspace_id AND o.user_id = access.user_id
                    AND o.source = 'organization' AND o.role = $2)"
            )
            .bind(org.as_str())
            .bind(role.as_str())
            .bind(role as i64)
        )?;
    }
    run!(
        tx,
        sqlx::query(
            "DELETE FROM access WHERE source = 'organization' AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)
            AND EXISTS (SELECT 1 FROM access d WHERE d.workspace_id = access.workspace_id AND d.user_id = access.user_id
                AND d.source = 'direct')"
        )
        .bind(org.as_str())
    )?;
    run!(
        tx,
        sqlx::query(
            "UPDATE access SET source = 'direct' WHERE source = 'organization'
            AND workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)"
        )
        .bind(org.as_str())
    )?;
    Ok(())
}

/// Makes a user owner of the organization's workspaces that have none, and says how many those were.
pub(super) async fn adopt(tx: &mut Tx, org: &OrgId, user: &UserId, now: Micros) -> Result<u64> {
    const OWNERLESS: &str = "w.org_id = $1 AND w.deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.role = 'owner')";
    run!(
        tx,
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE workspaces AS w SET people = people + 1 WHERE {OWNERLESS}
            AND NOT EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.user_id = $2)"
        )))
        .bind(org.as_str())
        .bind(user.as_str())
    )?;
    Ok(run!(
        tx,
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
            SELECT w.id, $2, 'direct', 'owner', $3 FROM workspaces w WHERE {OWNERLESS}
            ON CONFLICT (workspace_id, user_id, source) DO UPDATE SET role = 'owner'"
        )))
        .bind(org.as_str())
        .bind(user.as_str())
        .bind(now)
    )?)
}

pub(super) async fn unlink_all(tx: &mut Tx, org: &OrgId) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE workspaces SET org_id = NULL, revision = revision + 1 WHERE org_id = $1 AND deleted_at IS NULL")
            .bind(org.as_str())
    )?)
}

pub(super) async fn keep_for_later(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    later: &LaterAccess,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO pending_access (org_id, user_id, workspace_slug, role, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (org_id, user_id, workspace_slug) DO NOTHING"
        )
        .bind(org.as_str())
        .bind(user.as_str())
        .bind(later.workspace.as_str())
        .bind(later.role.as_str())
        .bind(now)
    )?;
    Ok(())
}

pub(super) async fn is_known(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    all: bool,
    id: &WorkspaceId,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM workspaces w WHERE w.org_id = $1 AND w.id = $2 AND w.deleted_at IS NULL
            AND ($3 OR w.id IN (SELECT workspace_id FROM access WHERE user_id = $4)))")
        .bind(org.as_str()).bind(id.as_str()).bind(all).bind(user.as_str()).fetch_one(c))?)
}

pub(super) async fn namesake(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    all: bool,
    workspace: &Workspace,
) -> Result<Option<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT w.slug FROM workspaces w WHERE w.org_id = $1 AND w.sort_name = $2 AND w.name = $3 AND w.id <> $4 AND w.deleted_at IS NULL
            AND ($5 OR w.id IN (SELECT workspace_id FROM access WHERE user_id = $6)) ORDER BY w.id LIMIT 1")
        .bind(org.as_str()).bind(crate::text::sort_key(&workspace.name)).bind(&workspace.name).bind(workspace.id.as_str()).bind(all)
        .bind(user.as_str()).fetch_optional(c))?)
}

pub(super) async fn nobody_elses(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT w.name FROM workspaces w WHERE w.org_id IS NULL AND w.deleted_at IS NULL
            AND w.id IN (SELECT workspace_id FROM access WHERE user_id = $1)
            AND NOT EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.user_id <> $1) ORDER BY w.sort_name, w.id")
        .bind(user.as_str()).fetch_all(c))?)
}

pub(super) async fn leave_standalone(tx: &mut Tx, user: &UserId, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE workspaces SET people = people - 1, deleted_at = CASE WHEN people > 1 THEN deleted_at ELSE $2 END
             WHERE org_id IS NULL AND deleted_at IS NULL AND id IN (SELECT workspace_id FROM access WHERE user_id = $1)"
        )
        .bind(user.as_str())
        .bind(now)
    )?;
    run!(
        tx,
        sqlx::query("DELETE FROM access WHERE user_id = $1").bind(user.as_str())
    )?;
    Ok(())
}

row! {
    struct KeptRow {
        workspace_slug: String,
        role: WorkspaceRole,
    }
}

/// What imports kept for a user.
pub(super) async fn kept(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Vec<LaterAccess>> {
    let rows: Vec<KeptRow> = on!(tx, c => sqlx::query_as(
        "SELECT workspace_slug, role FROM pending_access WHERE org_id = $1 AND user_id = $2 ORDER BY workspace_slug")
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| LaterAccess {
            workspace: row.workspace_slug,
            role: row.role,
        })
        .collect())
}

pub(super) async fn forget_kept(tx: &mut Tx, org: &OrgId, user: &UserId, slug: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "DELETE FROM pending_access WHERE org_id = $1 AND user_id = $2 AND workspace_slug = $3"
        )
        .bind(org.as_str())
        .bind(user.as_str())
        .bind(slug)
    )?;
    Ok(())
}

/// The slugs of an organization's workspaces, also of those that were deleted: they are not given out again.
pub(super) async fn all_slugs(tx: &mut Tx, org: &OrgId) -> Result<Vec<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT slug FROM workspaces WHERE org_id = $1").bind(org.as_str()).fetch_all(c))?,
    )
}

/// Gives what waits for workspaces that are not there yet to another account, unless it waits for the same there.
pub(super) async fn move_pending(
    tx: &mut Tx,
    org: &OrgId,
    from: &UserId,
    to: &UserId,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE pending_access SET user_id = $3 WHERE org_id = $1 AND user_id = $2 AND workspace_slug NOT IN (
                SELECT p.workspace_slug FROM pending_access p WHERE p.org_id = $1 AND p.user_id = $3)"
        )
        .bind(org.as_str())
        .bind(from.as_str())
        .bind(to.as_str())
    )?;
    Ok(())
}
