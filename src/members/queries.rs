use super::NewMember;
use crate::access::OrgRole;
use crate::clock::Micros;
use crate::db::{Tx, explain, on, places, row, run};
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId, WorkspaceId};

row! {
    #[derive(Debug, Clone)]
    pub(super) struct EntryRow {
        pub id: String,
        pub user_id: Option<String>,
        pub role: OrgRole,
        pub status: String,
        pub name: String,
        pub email: String,
        pub github_login: String,
        pub verified: bool,
        pub claimed: bool,
        pub last_active_at: i64,
        pub since: i64,
        pub workspaces: i64,
        pub expires_at: Option<i64>,
        pub sort_name: String,
        pub role_rank: i64,
        pub invitation_id: Option<String>,
        pub inviter_name: Option<String>,
        pub delivery: Option<String>,
        pub delivery_error: Option<String>,
        pub offered: i64,
    }
}

/// The columns of [`EntryRow`], and the join that the last five need.
macro_rules! entry_columns {
    () => {
        "m.id, m.user_id, m.role, m.status, m.name, m.email, m.github_login, m.verified, m.claimed, m.last_active_at, m.since, m.workspaces,
         m.expires_at, m.sort_name, m.role_rank, i.id AS invitation_id, i.inviter_name, i.delivery, i.delivery_error,
         CASE WHEN i.id IS NULL THEN 0 ELSE (SELECT COUNT(*) FROM invitation_access x WHERE x.invitation_id = i.id) END AS offered"
    };
}
macro_rules! invitation_join {
    () => {
        "LEFT JOIN invitations i ON i.member_id = m.id AND i.status = 'pending'"
    };
}
pub(super) const ENTRY_COLUMNS: &str = entry_columns!();
pub(super) const INVITATION_JOIN: &str = invitation_join!();

pub(super) async fn find(tx: &mut Tx, org: &OrgId, member: &MemberId) -> Result<Option<EntryRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", entry_columns!(), " FROM members m ", invitation_join!(), " WHERE m.org_id = $1 AND m.id = $2"))
        .bind(org.as_str()).bind(member.as_str()).fetch_optional(c))?)
}

/// A value for a statement put together from parts.
#[derive(Debug, Clone)]
pub(super) enum Bind {
    Text(String),
    Number(i64),
}

/// Binds the values of a statement that was put together from parts.
macro_rules! bind_all {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in $binds {
            query = match bind {
                Bind::Text(text) => query.bind(text.as_str()),
                Bind::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

/// Runs a statement that [`super::directory`] put together from its own parts; every value is bound.
pub(super) async fn select(tx: &mut Tx, sql: &str, binds: &[Bind]) -> Result<Vec<EntryRow>> {
    Ok(on!(tx, c => bind_all!(sqlx::query_as(sqlx::AssertSqlSafe(sql)), binds).fetch_all(c))?)
}

/// The plan of such a statement.
pub(super) async fn explain(tx: &mut Tx, sql: &str, binds: &[Bind]) -> Result<Vec<String>> {
    explain!(tx, sql, query => bind_all!(query, binds))
}

/// How many rows a filter finds, counted to `limit` and no further.
pub(super) async fn probe(tx: &mut Tx, org: &OrgId, by: &Probe<'_>, limit: i64) -> Result<i64> {
    Ok(match by {
        Probe::Run(run) => on!(tx, c => sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM member_runs WHERE run >= $1 AND run < $2 LIMIT $3) found")
            .bind(*run).bind(after(run)).bind(limit).fetch_one(c))?,
        Probe::Workspace(workspace) => on!(tx, c => sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM access WHERE workspace_id = $1 LIMIT $2) found")
            .bind(workspace.as_str()).bind(limit).fetch_one(c))?,
        Probe::Role(rank) => on!(tx, c => sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM members WHERE org_id = $1 AND role_rank = $2 LIMIT $3) found")
            .bind(org.as_str()).bind(*rank).bind(limit).fetch_one(c))?,
        Probe::Status(status) => on!(tx, c => sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM members WHERE org_id = $1 AND status = $2 LIMIT $3) found")
            .bind(org.as_str()).bind(*status).bind(limit).fetch_one(c))?,
    })
}

pub(super) enum Probe<'a> {
    /// The beginning of a run in `member_runs`.
    Run(&'a str),
    Workspace(&'a WorkspaceId),
    Role(i64),
    Status(&'static str),
}

/// What comes after every text that begins with these letters.
pub(super) fn after(letters: &str) -> String {
    format!("{letters}{}", char::MAX)
}

pub(super) struct NewRow<'a> {
    pub id: &'a MemberId,
    pub n: i64,
    pub org: &'a OrgId,
    pub user: Option<&'a UserId>,
    pub sole_user: Option<&'a UserId>,
    pub role: OrgRole,
    pub status: &'static str,
    pub person: &'a NewMember,
    pub sort_name: String,
    pub search: String,
    pub since: Micros,
    pub expires_at: Option<Micros>,
}

pub(super) async fn insert(tx: &mut Tx, m: &NewRow<'_>) -> Result<()> {
    run!(tx, sqlx::query(
        "INSERT INTO members (id, n, org_id, user_id, sole_user_id, role, status, name, email, github_login, sort_name, search, role_rank, verified,
            claimed, since, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        .bind(m.id.as_str()).bind(m.n).bind(m.org.as_str()).bind(m.user.map(UserId::as_str)).bind(m.sole_user.map(UserId::as_str))
        .bind(m.role.as_str()).bind(m.status).bind(m.person.name.as_str()).bind(m.person.email.as_str()).bind(m.person.github_login.as_str())
        .bind(m.sort_name.as_str()).bind(m.search.as_str()).bind(m.role.rank()).bind(m.person.verified).bind(m.person.claimed)
        .bind(m.since).bind(m.expires_at))?;
    Ok(())
}

pub(super) async fn set_role(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    role: OrgRole,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET role = $3, role_rank = $4 WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(member.as_str())
            .bind(role.as_str())
            .bind(role.rank())
    )?;
    Ok(())
}

pub(super) async fn set_status(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    status: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET status = $3 WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(member.as_str())
            .bind(status)
    )?;
    Ok(())
}

pub(super) async fn accept(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    user: &UserId,
    sole: Option<&UserId>,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE members SET status = 'active', user_id = $3, sole_user_id = $4, since = $5, last_active_at = $5, expires_at = NULL
         WHERE org_id = $1 AND id = $2 AND status = 'invited'"
        )
        .bind(org.as_str())
        .bind(member.as_str())
        .bind(user.as_str())
        .bind(sole.map(UserId::as_str))
        .bind(now)
    )?;
    Ok(())
}

pub(super) async fn set_person(
    tx: &mut Tx,
    user: &UserId,
    person: &NewMember,
    sort_name: &str,
    search: &str,
) -> Result<()> {
    run!(tx, sqlx::query(
        "UPDATE members SET name = $2, email = $3, github_login = $4, sort_name = $5, search = $6, verified = $7, claimed = $8 WHERE user_id = $1")
        .bind(user.as_str()).bind(person.name.as_str()).bind(person.email.as_str()).bind(person.github_login.as_str()).bind(sort_name).bind(search)
        .bind(person.verified).bind(person.claimed))?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, org: &OrgId, member: &MemberId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM members WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(member.as_str())
    )?;
    Ok(())
}

pub(super) async fn delete_all(tx: &mut Tx, org: &OrgId) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM members WHERE org_id = $1").bind(org.as_str())
    )?)
}

/// Whether an owner is left who can sign in.
pub(super) async fn has_owner(tx: &mut Tx, org: &OrgId) -> Result<bool> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(1 AS BIGINT) FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.org_id = $1 AND m.role_rank = 0 AND m.status = 'active' AND u.status = 'active' LIMIT 1")
        .bind(org.as_str()).fetch_optional(c))?;
    Ok(found.is_some())
}

pub(super) async fn is_member(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM members WHERE org_id = $1 AND user_id = $2)")
        .bind(org.as_str()).bind(user.as_str()).fetch_one(c))?,
    )
}

/// Whether an owner who can sign in is left without this one.
pub(super) async fn has_other_owner(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<bool> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(1 AS BIGINT) FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.org_id = $1 AND m.role_rank = 0 AND m.status = 'active' AND u.status = 'active' AND m.user_id <> $2 LIMIT 1")
        .bind(org.as_str()).bind(user.as_str()).fetch_optional(c))?;
    Ok(found.is_some())
}

pub(super) async fn in_an_organization(tx: &mut Tx, user: &UserId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM members WHERE user_id = $1)")
        .bind(user.as_str()).fetch_one(c))?,
    )
}

/// Names and addresses of the owners and admins who can sign in.
pub(super) async fn owners_and_admins(tx: &mut Tx, org: &OrgId) -> Result<Vec<(String, String)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT m.name, m.email FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.org_id = $1 AND m.role_rank <= 1 AND m.status = 'active' AND u.status = 'active' AND m.email <> '' ORDER BY m.sort_name, m.id")
        .bind(org.as_str()).fetch_all(c))?)
}

/// The addresses of members in these roles who can sign in.
pub(super) async fn addresses(tx: &mut Tx, org: &OrgId, roles: &[OrgRole]) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT m.email FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.org_id = $1 AND m.role IN ({}) AND m.status = 'active' AND u.status = 'active' AND m.email <> '' ORDER BY m.sort_name, m.id",
        places(2, roles.len())
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).bind(org.as_str());
        roles.iter().fold(query, |query, role| query.bind(role.as_str())).fetch_all(c)
    })?)
}

row! {
    pub(super) struct MembershipRow {
        pub id: MemberId,
        pub org_id: OrgId,
        pub org_name: String,
        pub org_slug: String,
        pub role: OrgRole,
        pub status: String,
        pub since: i64,
        pub workspaces: i64,
    }
}

/// Every membership of a user, suspended ones too.
pub(super) async fn memberships(tx: &mut Tx, user: &UserId) -> Result<Vec<MembershipRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT m.id, m.org_id, o.name AS org_name, o.slug AS org_slug, m.role, m.status, m.since, m.workspaces
         FROM members m JOIN organizations o ON o.id = m.org_id AND o.deleted_at IS NULL WHERE m.user_id = $1 ORDER BY o.name, o.id")
        .bind(user.as_str()).fetch_all(c))?)
}

pub(super) async fn add_to_workspaces(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    by: i64,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE members SET workspaces = workspaces + $3 WHERE org_id = $1 AND user_id = $2"
        )
        .bind(org.as_str())
        .bind(user.as_str())
        .bind(by)
    )?;
    Ok(())
}

pub(super) async fn add_to_workspaces_of(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
    by: i64,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE members SET workspaces = workspaces + $3 WHERE org_id = $1
             AND user_id IN (SELECT user_id FROM access WHERE workspace_id = $2)"
        )
        .bind(org.as_str())
        .bind(workspace.as_str())
        .bind(by)
    )?;
    Ok(())
}

pub(super) async fn clear_workspaces(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET workspaces = 0 WHERE org_id = $1 AND user_id = $2")
            .bind(org.as_str())
            .bind(user.as_str())
    )?;
    Ok(())
}

/// The row of a user in an organization's directory.
pub(super) async fn member_of(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Option<MemberId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT id FROM members WHERE org_id = $1 AND user_id = $2")
        .bind(org.as_str()).bind(user.as_str()).fetch_optional(c))?,
    )
}

/// The role of somebody who is an active member with an active account.
pub(super) async fn active_role(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Option<OrgRole>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT m.role FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.org_id = $1 AND m.user_id = $2 AND m.status = 'active' AND u.status = 'active'")
        .bind(org.as_str()).bind(user.as_str()).fetch_optional(c))?)
}

/// One statement whether or not the address has an account, so that its time tells nothing (SEC-I7).
pub(super) async fn find_by_address(
    tx: &mut Tx,
    org: &OrgId,
    address: &str,
) -> Result<Option<MemberId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT m.id FROM members m WHERE m.org_id = $1 AND m.user_id = (SELECT a.user_id FROM addresses a WHERE a.address = $2)")
        .bind(org.as_str()).bind(address).fetch_optional(c))?)
}

pub(super) async fn find_by_github(
    tx: &mut Tx,
    org: &OrgId,
    github_id: &str,
) -> Result<Option<MemberId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT m.id FROM members m WHERE m.org_id = $1
            AND m.user_id = (SELECT i.user_id FROM identities i WHERE i.provider = 'github' AND i.subject = $2)")
        .bind(org.as_str()).bind(github_id).fetch_optional(c))?)
}

pub(super) async fn other_organization(
    tx: &mut Tx,
    user: &UserId,
    org: &OrgId,
) -> Result<Option<OrgId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT m.org_id FROM members m JOIN organizations o ON o.id = m.org_id AND o.deleted_at IS NULL
         WHERE m.user_id = $1 AND m.org_id <> $2 ORDER BY m.org_id LIMIT 1")
        .bind(user.as_str()).bind(org.as_str()).fetch_optional(c))?)
}

pub(super) async fn set_invited_name(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    name: &str,
    sort_name: &str,
    search: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET name = $3, sort_name = $4, search = $5 WHERE org_id = $1 AND id = $2 AND status = 'invited'")
            .bind(org.as_str())
            .bind(member.as_str())
            .bind(name)
            .bind(sort_name)
            .bind(search)
    )?;
    Ok(())
}

pub(super) async fn set_invited_end(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    expires_at: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET expires_at = $3 WHERE org_id = $1 AND id = $2 AND status = 'invited'")
            .bind(org.as_str())
            .bind(member.as_str())
            .bind(expires_at)
    )?;
    Ok(())
}
