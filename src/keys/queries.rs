use super::{Found, Home, Key};
use crate::access::{OrgRole, WorkspaceRole};
use crate::accounts::TokenScope;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{KeyId, OrgId, UserId, WorkspaceId};

row! {
    struct KeyRow {
        id: KeyId,
        name: String,
        prefix: String,
        scope: String,
        org_role: OrgRole,
        workspace_role: String,
        maker_id: UserId,
        maker_name: String,
        created_at: i64,
        expires_at: i64,
        last_used_at: Option<i64>,
    }
}

impl From<KeyRow> for Key {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scope: TokenScope::parse(&row.scope).unwrap_or(TokenScope::Read),
            org_role: row.org_role,
            workspace_role: WorkspaceRole::parse(&row.workspace_role),
            maker: row.maker_id,
            maker_name: row.maker_name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The keys of an organization, or of a workspace: `$1` is one's id, `$2` the other's, '' for the one that it isn't.
macro_rules! keys {
    ($and:literal) => {
        concat!(
            "SELECT id, name, prefix, scope, org_role, workspace_role, maker_id, maker_name, created_at, expires_at, last_used_at
             FROM keys WHERE (org_id = $1 OR workspace_id = $2) AND revoked_at IS NULL ",
            $and
        )
    };
}

impl Home {
    fn ids(&self) -> (&str, &str) {
        match self {
            Self::Organization(org) => (org.as_str(), ""),
            Self::Workspace(workspace) => ("", workspace.as_str()),
        }
    }
}

/// Those that aren't revoked, newest first.
pub(super) async fn list(tx: &mut Tx, home: &Home) -> Result<Vec<Key>> {
    let (org, workspace) = home.ids();
    let rows: Vec<KeyRow> = on!(tx, c => sqlx::query_as(keys!("ORDER BY id DESC")).bind(org).bind(workspace).fetch_all(c))?;
    Ok(rows.into_iter().map(Key::from).collect())
}

pub(super) async fn find(tx: &mut Tx, home: &Home, id: &KeyId) -> Result<Option<Key>> {
    let (org, workspace) = home.ids();
    let row: Option<KeyRow> = on!(tx, c => sqlx::query_as(keys!("AND id = $3")).bind(org).bind(workspace).bind(id.as_str()).fetch_optional(c))?;
    Ok(row.map(Key::from))
}

pub(super) async fn count_live(tx: &mut Tx, home: &Home, now: Micros) -> Result<i64> {
    let (org, workspace) = home.ids();
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(*) FROM keys WHERE (org_id = $1 OR workspace_id = $2) AND revoked_at IS NULL AND expires_at > $3")
        .bind(org).bind(workspace).bind(now).fetch_one(c))?)
}

pub(super) async fn made_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    now: Micros,
) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT name FROM keys WHERE maker_id = $2 AND revoked_at IS NULL AND expires_at > $3
            AND (org_id = $1 OR workspace_id IN (SELECT id FROM workspaces WHERE org_id = $1)) ORDER BY id")
        .bind(org.as_str()).bind(user.as_str()).bind(now).fetch_all(c))?)
}

pub(super) async fn insert(tx: &mut Tx, home: &Home, key: &Key, hash: &str) -> Result<()> {
    let (org, workspace) = match home {
        Home::Organization(org) => (Some(org.as_str()), None),
        Home::Workspace(workspace) => (None, Some(workspace.as_str())),
    };
    run!(
        tx,
        sqlx::query(
            "INSERT INTO keys (id, org_id, workspace_id, name, hash, prefix, scope, org_role, workspace_role, maker_id, maker_name,
                created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        )
        .bind(key.id.as_str())
        .bind(org)
        .bind(workspace)
        .bind(key.name.as_str())
        .bind(hash)
        .bind(key.prefix.as_str())
        .bind(key.scope.as_str())
        .bind(key.org_role.as_str())
        .bind(key.workspace_role.map_or("", WorkspaceRole::as_str))
        .bind(key.maker.as_str())
        .bind(key.maker_name.as_str())
        .bind(key.created_at)
        .bind(key.expires_at)
    )?;
    Ok(())
}

pub(super) async fn revoke(tx: &mut Tx, home: &Home, id: &KeyId, now: Micros) -> Result<()> {
    let (org, workspace) = home.ids();
    run!(
        tx,
        sqlx::query("UPDATE keys SET revoked_at = $4 WHERE (org_id = $1 OR workspace_id = $2) AND id = $3 AND revoked_at IS NULL")
            .bind(org)
            .bind(workspace)
            .bind(id.as_str())
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn revoke_all(tx: &mut Tx, home: &Home, now: Micros) -> Result<u64> {
    let (org, workspace) = home.ids();
    Ok(run!(
        tx,
        sqlx::query("UPDATE keys SET revoked_at = $3 WHERE (org_id = $1 OR workspace_id = $2) AND revoked_at IS NULL")
            .bind(org)
            .bind(workspace)
            .bind(now)
    )?)
}

/// Of every organization and workspace.
pub(super) async fn revoke_everywhere(tx: &mut Tx, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE keys SET revoked_at = $1 WHERE revoked_at IS NULL").bind(now)
    )?)
}

row! {
    struct FoundRow {
        ..key: KeyRow,
        only: Option<String>,
        in_org: Option<String>,
    }
}

/// The key with this hash that is neither revoked nor past its end, with the organization it acts in. One of a workspace that
/// is gone acts nowhere.
pub(super) async fn by_hash(tx: &mut Tx, hash: &str, now: Micros) -> Result<Option<Found>> {
    let row: Option<FoundRow> = on!(tx, c => sqlx::query_as(
        "SELECT k.id, k.name, k.prefix, k.scope, k.org_role, k.workspace_role, k.maker_id, k.maker_name, k.created_at, k.expires_at,
            k.last_used_at, k.workspace_id AS only, COALESCE(k.org_id, w.org_id) AS in_org
         FROM keys k LEFT JOIN workspaces w ON w.id = k.workspace_id AND w.deleted_at IS NULL
         WHERE k.hash = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND (k.workspace_id IS NULL OR w.id IS NOT NULL)")
        .bind(hash).bind(now).fetch_optional(c))?;
    Ok(row.map(|row| Found {
        key: row.key.into(),
        only: row.only.map(WorkspaceId::from),
        org: row.in_org.map(OrgId::from),
    }))
}

pub(super) async fn touch(tx: &mut Tx, id: &str, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE keys SET last_used_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
    )?;
    Ok(())
}
