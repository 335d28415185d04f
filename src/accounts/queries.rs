pub(super) mod addresses;
pub(super) mod identities;
pub(super) mod proofs;
pub(super) mod security;

use super::users::User;
use crate::access::OrgRole;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId};
use crate::organizations::OrgRow;

/// A credential, the user behind it, and one of their organizations.
#[derive(Debug, Clone, Default)]
pub(super) struct IdentityRow {
    pub credential_id: String,
    pub credential_name: String,
    /// A session's sign-in method; a token's scope.
    pub detail: String,
    pub created_at: i64,
    pub last_seen_at: i64,
    pub user_id: String,
    pub user_name: String,
    pub email: Option<String>,
    pub theme: String,
    pub last_org_id: Option<String>,
    /// An invitation to their account at GitHub waits.
    pub is_awaited: bool,
    pub seat: Option<SeatRow>,
}

#[derive(Debug, Clone)]
pub(super) struct SeatRow {
    pub member_id: String,
    pub role: OrgRole,
    pub workspaces: i64,
    pub last_active_at: i64,
    pub org: OrgRow,
}

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for IdentityRow
where
    &'static str: sqlx::ColumnIndex<R>,
    OrgRow: sqlx::FromRow<'r, R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    bool: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    OrgRole: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let org: Option<String> = row.try_get("id")?;
        let seat = match org {
            None => None,
            Some(_) => Some(SeatRow {
                member_id: row.try_get("member_id")?,
                role: row.try_get("role")?,
                workspaces: row.try_get("seat_workspaces")?,
                last_active_at: row.try_get("last_active_at")?,
                org: OrgRow::from_row(row)?,
            }),
        };
        Ok(Self {
            credential_id: row.try_get("credential_id")?,
            credential_name: row.try_get("credential_name")?,
            detail: row.try_get("detail")?,
            created_at: row.try_get("credential_created_at")?,
            last_seen_at: row.try_get("credential_seen_at")?,
            user_id: row.try_get("user_id")?,
            user_name: row.try_get("user_name")?,
            email: row.try_get("user_email")?,
            theme: row.try_get("theme")?,
            last_org_id: row.try_get("last_org_id")?,
            is_awaited: row.try_get("is_awaited")?,
            seat,
        })
    }
}

/// The part both credentials share. A join of four tables by their keys; as many rows as the user has organizations.
macro_rules! identity {
    ($columns:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", u.id AS user_id, u.name AS user_name, u.email AS user_email, u.theme, u.last_org_id,
                m.id AS member_id, m.role, m.workspaces AS seat_workspaces, m.last_active_at, o.*
             FROM ",
            $from,
            " JOIN users u ON u.id = k.user_id AND u.status = 'active'
             LEFT JOIN members m ON m.user_id = u.id AND m.status = 'active'
             LEFT JOIN organizations o ON o.id = m.org_id AND o.deleted_at IS NULL
             WHERE ",
            $where,
            " ORDER BY o.name, o.id"
        )
    };
}

/// The caller judges how old it is, and ends it for good where it is too old (security.md, T18). Also says whether an
/// invitation waits for the person at GitHub (S2-22), so that no page asks for that by itself.
pub(super) async fn identity_by_session(
    tx: &mut Tx,
    hash: &str,
    now: Micros,
) -> Result<Vec<IdentityRow>> {
    Ok(on!(tx, c => sqlx::query_as(identity!(
        "k.public_id AS credential_id, '' AS credential_name, k.method AS detail, k.created_at AS credential_created_at, k.last_seen_at AS credential_seen_at,
            EXISTS (SELECT 1 FROM identities g JOIN invitations i ON i.github_id = g.subject AND i.status = 'pending' AND i.expires_at > $2
                JOIN organizations h ON h.id = i.org_id AND h.deleted_at IS NULL
                WHERE g.user_id = k.user_id AND g.provider = 'github') AS is_awaited",
        "sessions k",
        "k.id_hash = $1 AND k.revoked_at IS NULL"))
        .bind(hash).bind(now).fetch_all(c))?)
}

pub(super) async fn identity_by_token(
    tx: &mut Tx,
    hash: &str,
    now: Micros,
) -> Result<Vec<IdentityRow>> {
    Ok(on!(tx, c => sqlx::query_as(identity!(
        "k.id AS credential_id, k.name AS credential_name, k.scope AS detail, k.created_at AS credential_created_at, COALESCE(k.last_used_at, 0) AS credential_seen_at, FALSE AS is_awaited",
        "tokens k",
        "k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)"))
        .bind(hash).bind(now).fetch_all(c))?)
}

/// An update and never an insert: a session that was signed out meanwhile stays so (SEC-S2).
pub(super) async fn touch_session(
    tx: &mut Tx,
    public_id: &str,
    now: Micros,
    ends: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE public_id = $1 AND revoked_at IS NULL")
            .bind(public_id)
            .bind(now)
            .bind(ends)
    )?;
    Ok(())
}

pub(super) async fn touch_token(tx: &mut Tx, id: &str, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn touch_member(
    tx: &mut Tx,
    member: &MemberId,
    org: &OrgId,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET last_active_at = $3 WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(member.as_str())
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn set_last_org(tx: &mut Tx, user: &UserId, org: &OrgId) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET last_org_id = $2 WHERE id = $1 AND (last_org_id IS NULL OR last_org_id <> $2)")
            .bind(user.as_str())
            .bind(org.as_str())
    )?;
    Ok(())
}

pub(super) struct NewSession<'a> {
    pub id_hash: &'a str,
    pub public_id: &'a str,
    pub user: Option<&'a str>,
    pub data: &'a str,
    pub method: Option<&'a str>,
    pub ip: &'a str,
    pub client: &'a str,
    pub now: Micros,
    pub expires_at: Micros,
}

/// `false`: there is a session with that id already.
pub(super) async fn insert_session(tx: &mut Tx, s: &NewSession<'_>) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "INSERT INTO sessions (id_hash, public_id, user_id, data, method, ip, client, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) ON CONFLICT (id_hash) DO NOTHING"
        )
        .bind(s.id_hash)
        .bind(s.public_id)
        .bind(s.user)
        .bind(s.data)
        .bind(s.method)
        .bind(s.ip)
        .bind(s.client)
        .bind(s.now)
        .bind(s.expires_at)
    )?;
    Ok(done == 1)
}

pub(super) async fn update_session(tx: &mut Tx, id_hash: &str, data: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE sessions SET data = $2 WHERE id_hash = $1 AND revoked_at IS NULL")
            .bind(id_hash)
            .bind(data)
    )?;
    Ok(())
}

pub(super) async fn load_session(
    tx: &mut Tx,
    id_hash: &str,
    now: Micros,
) -> Result<Option<String>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT data FROM sessions WHERE id_hash = $1 AND revoked_at IS NULL AND expires_at > $2")
        .bind(id_hash).bind(now).fetch_optional(c))?,
    )
}

pub(super) async fn end_session(tx: &mut Tx, id_hash: &str, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE sessions SET revoked_at = $2, data = '{}' WHERE id_hash = $1 AND revoked_at IS NULL").bind(id_hash).bind(now)
    )?;
    Ok(())
}

/// Keeps the newest `keep` sessions of a user (SEC-S7).
pub(super) async fn drop_oldest_sessions(
    tx: &mut Tx,
    user: &str,
    keep: i64,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE sessions SET revoked_at = $3, data = '{}' WHERE user_id = $1 AND revoked_at IS NULL AND id_hash NOT IN (
            SELECT id_hash FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC LIMIT $2)"
        )
        .bind(user)
        .bind(keep)
        .bind(now)
    )?;
    Ok(())
}

row! {
    struct UserRow {
        id: String,
        name: String,
        email: Option<String>,
        status: String,
        login: Option<String>,
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            email: row.email,
            github_login: row.login,
            unclaimed: row.status == "unclaimed",
            disabled: row.status == "disabled",
        }
    }
}

pub(super) async fn user(tx: &mut Tx, id: &UserId) -> Result<Option<User>> {
    let found: Option<UserRow> = on!(tx, c => sqlx::query_as(
        "SELECT u.id, u.name, u.email, u.status, COALESCE(i.login, u.github_login) AS login
         FROM users u LEFT JOIN identities i ON i.user_id = u.id AND i.provider = 'github' WHERE u.id = $1 AND u.status <> 'deleted'")
        .bind(id.as_str()).fetch_optional(c))?;
    Ok(found.map(User::from))
}

pub(super) async fn user_by_address(tx: &mut Tx, address: &str) -> Result<Option<User>> {
    let found: Option<UserRow> = on!(tx, c => sqlx::query_as(
        "SELECT u.id, u.name, u.email, u.status, COALESCE(i.login, u.github_login) AS login
         FROM addresses a JOIN users u ON u.id = a.user_id LEFT JOIN identities i ON i.user_id = u.id AND i.provider = 'github'
         WHERE a.address = $1 AND u.status <> 'deleted'")
        .bind(address).fetch_optional(c))?;
    Ok(found.map(User::from))
}

pub(super) async fn insert_user(
    tx: &mut Tx,
    id: &UserId,
    name: &str,
    email: Option<&str>,
    status: &str,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO users (id, name, email, status, created_at) VALUES ($1, $2, $3, $4, $5)"
        )
        .bind(id.as_str())
        .bind(name)
        .bind(email)
        .bind(status)
        .bind(now)
    )?;
    Ok(())
}

pub(super) async fn set_status(tx: &mut Tx, id: &UserId, status: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET status = $2, claim_login = NULL WHERE id = $1")
            .bind(id.as_str())
            .bind(status)
    )?;
    Ok(())
}

pub(super) async fn set_name(tx: &mut Tx, id: &UserId, name: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET name = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(name)
    )?;
    Ok(())
}

pub(super) async fn set_theme(tx: &mut Tx, id: &UserId, theme: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET theme = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(theme)
    )?;
    Ok(())
}

pub(super) async fn insert_address(
    tx: &mut Tx,
    address: &str,
    user: &UserId,
    verified_at: Option<Micros>,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO addresses (address, user_id, verified_at, created_at) VALUES ($1, $2, $3, $4)")
            .bind(address)
            .bind(user.as_str())
            .bind(verified_at)
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn verify_address(
    tx: &mut Tx,
    address: &str,
    user: &UserId,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE addresses SET verified_at = $3 WHERE address = $1 AND user_id = $2 AND verified_at IS NULL")
            .bind(address)
            .bind(user.as_str())
            .bind(now)
    )?;
    Ok(())
}

/// Whether a user, whose account is active, has proved an address.
pub(super) async fn has_proved(tx: &mut Tx, user: &UserId, address: &str) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM addresses a JOIN users u ON u.id = a.user_id
         WHERE a.address = $1 AND a.user_id = $2 AND a.verified_at IS NOT NULL AND u.status = 'active')")
        .bind(address).bind(user.as_str()).fetch_one(c))?)
}

/// Whether an account has a proved address or a linked GitHub account (S3-43).
pub(super) async fn is_verified(tx: &mut Tx, user: &UserId) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM addresses WHERE user_id = $1 AND verified_at IS NOT NULL)
             OR EXISTS (SELECT 1 FROM identities WHERE user_id = $1)")
        .bind(user.as_str()).fetch_one(c))?)
}
