use super::{Contact, Lease};
use crate::actor::Person;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{LeaseId, OrgId, WorkspaceId};

row! {
    #[derive(Debug, Clone, Default)]
    pub(super) struct AccountRow {
        pub status: String,
        pub paid_plan: String,
        pub billed_every: String,
        pub period_end: Option<i64>,
        pub grace_end: Option<i64>,
        pub trial_end: Option<i64>,
        pub email: String,
        pub name: String,
        pub address: String,
        pub stripe_customer_id: Option<String>,
        pub stripe_subscription_id: Option<String>,
        pub stripe_read_at: Option<i64>,
    }
}

pub(super) async fn account(tx: &mut Tx, org: &OrgId) -> Result<Option<AccountRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT status, paid_plan, billed_every, period_end, grace_end, trial_end, email, name, address, stripe_customer_id,
            stripe_subscription_id, stripe_read_at FROM billing_accounts WHERE org_id = $1")
        .bind(org.as_str()).fetch_optional(c))?)
}

row! {
    struct LeaseRow {
        id: String,
        pool: String,
        holder: String,
        workspace_id: Option<String>,
        workspace_name: Option<String>,
        actor_id: String,
        actor_name: String,
        acquired_at: i64,
        expires_at: i64,
    }
}

impl From<LeaseRow> for Lease {
    fn from(row: LeaseRow) -> Self {
        Self {
            id: row.id.into(),
            pool: row.pool,
            holder: row.holder,
            workspace: row.workspace_id.map(Into::into),
            workspace_name: row.workspace_name.unwrap_or_default(),
            user: row.actor_id.into(),
            by: row.actor_name,
            acquired_at: row.acquired_at,
            expires_at: row.expires_at,
        }
    }
}

/// The leases of an organization that have not ended, of one pool or of all, oldest first.
pub(super) async fn leases(
    tx: &mut Tx,
    org: &OrgId,
    pool: Option<&str>,
    now: i64,
    limit: i64,
) -> Result<Vec<Lease>> {
    let rows: Vec<LeaseRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.id, l.pool, l.holder, l.workspace_id, w.name AS workspace_name, l.actor_id, l.actor_name, l.acquired_at, l.expires_at
         FROM leases l LEFT JOIN workspaces w ON w.id = l.workspace_id
         WHERE l.org_id = $1 AND l.expires_at > $2 AND ($3 = '' OR l.pool = $3) ORDER BY l.acquired_at, l.id LIMIT $4")
        .bind(org.as_str()).bind(now).bind(pool.unwrap_or_default()).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Lease::from).collect())
}

pub(super) async fn lease(
    tx: &mut Tx,
    org: &OrgId,
    id: &LeaseId,
    now: i64,
) -> Result<Option<Lease>> {
    let row: Option<LeaseRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.id, l.pool, l.holder, l.workspace_id, w.name AS workspace_name, l.actor_id, l.actor_name, l.acquired_at, l.expires_at
         FROM leases l LEFT JOIN workspaces w ON w.id = l.workspace_id WHERE l.org_id = $1 AND l.id = $2 AND l.expires_at > $3")
        .bind(org.as_str()).bind(id.as_str()).bind(now).fetch_optional(c))?;
    Ok(row.map(Lease::from))
}

/// The lease that a holder has of a pool.
pub(super) async fn lease_of(
    tx: &mut Tx,
    org: &OrgId,
    pool: &str,
    holder: &str,
    now: i64,
) -> Result<Option<Lease>> {
    let id: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT id FROM leases WHERE org_id = $1 AND pool = $2 AND holder = $3")
        .bind(org.as_str()).bind(pool).bind(holder).fetch_optional(c))?;
    match id {
        Some(id) => lease(tx, org, &id.into(), now).await,
        None => Ok(None),
    }
}

pub(super) async fn count_leases(tx: &mut Tx, org: &OrgId, pool: &str, now: i64) -> Result<i64> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM leases WHERE org_id = $1 AND pool = $2 AND expires_at > $3")
        .bind(org.as_str()).bind(pool).bind(now).fetch_one(c))?,
    )
}

pub(super) struct NewLease<'a> {
    pub id: &'a LeaseId,
    pub workspace: Option<&'a WorkspaceId>,
    pub pool: &'a str,
    pub holder: &'a str,
    pub by: &'a Person,
    pub acquired_at: i64,
    pub expires_at: i64,
}

pub(super) async fn insert_lease(tx: &mut Tx, org: &OrgId, lease: &NewLease<'_>) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO leases (id, org_id, workspace_id, pool, holder, actor_id, actor_name, acquired_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        )
        .bind(lease.id.as_str())
        .bind(org.as_str())
        .bind(lease.workspace.map(WorkspaceId::as_str))
        .bind(lease.pool)
        .bind(lease.holder)
        .bind(lease.by.user.as_str())
        .bind(&lease.by.name)
        .bind(lease.acquired_at)
        .bind(lease.expires_at)
    )?;
    Ok(())
}

pub(super) async fn renew_lease(tx: &mut Tx, org: &OrgId, id: &LeaseId, until: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE leases SET expires_at = $3 WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(id.as_str())
            .bind(until)
    )?;
    Ok(())
}

pub(super) async fn delete_lease(tx: &mut Tx, org: &OrgId, id: &LeaseId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM leases WHERE org_id = $1 AND id = $2")
            .bind(org.as_str())
            .bind(id.as_str())
    )?;
    Ok(())
}

pub(super) async fn delete_leases(tx: &mut Tx, org: &OrgId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM leases WHERE org_id = $1").bind(org.as_str())
    )?;
    Ok(())
}

pub(super) async fn drop_expired_leases(tx: &mut Tx, org: &OrgId, now: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM leases WHERE org_id = $1 AND expires_at <= $2")
            .bind(org.as_str())
            .bind(now)
    )?;
    Ok(())
}

row! {
    pub(super) struct PoolShareRow {
        pub pool: String,
        pub workspace: Option<String>,
        pub leases: i64,
    }
}

/// How many leases that have not ended each workspace has of each pool; those of no workspace together.
pub(super) async fn leases_by_workspace(
    tx: &mut Tx,
    org: &OrgId,
    now: i64,
) -> Result<Vec<PoolShareRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT l.pool, w.name AS workspace, COUNT(*) AS leases FROM leases l LEFT JOIN workspaces w ON w.id = l.workspace_id
         WHERE l.org_id = $1 AND l.expires_at > $2 GROUP BY l.pool, w.id, w.name")
        .bind(org.as_str()).bind(now).fetch_all(c))?)
}

/// Writes who is asked about billing, into a new row where there is none.
pub(super) async fn set_contact(tx: &mut Tx, org: &OrgId, contact: &Contact) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO billing_accounts (org_id, email, name, address) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id) DO UPDATE SET email = excluded.email, name = excluded.name, address = excluded.address"
        )
        .bind(org.as_str())
        .bind(&contact.email)
        .bind(&contact.name)
        .bind(&contact.address)
    )?;
    Ok(())
}
