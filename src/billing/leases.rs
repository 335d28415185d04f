//! Leases: slots of a pool that the whole organization shares, such as runs at a time (S2-4, S2-45). A host product asks
//! for one before it starts, asks again while it runs, and gives it back; one that nobody asks for again ends by itself.
//!
//! A pool is a limit of the plan. Everything happens under the organization's lock, so there are never more than the limit.

use super::plans::{BYTES_PER_MONTH, ROWS_PER_MONTH, WORKSPACES};
use super::{RUNS_AT_ONCE, limits, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{self, Micros, SECOND};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{LeaseId, UserId, WorkspaceId};
use crate::{organizations, text, workspaces};
use std::ops::RangeInclusive;

/// Seconds a lease may last until it is asked for again.
pub const LEASE_SECONDS: RangeInclusive<i64> = 10..=86_400;

/// What a lease lasts where nothing is said.
pub const LEASE_SECONDS_UNSAID: i64 = 300;

/// As many leases as one list names.
const LISTED: i64 = 500;

/// As many as a refusal reads.
const NAMED: i64 = 10;

/// A slot that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub id: LeaseId,
    /// The limit that it counts against.
    pub pool: String,
    /// The host product's name for who or what holds it.
    pub holder: String,
    pub workspace: Option<WorkspaceId>,
    /// "" for none.
    pub workspace_name: String,
    /// Who acquired it.
    pub user: UserId,
    pub by: String,
    pub acquired_at: Micros,
    pub expires_at: Micros,
}

/// What somebody asks a pool for.
#[derive(Clone, Debug)]
pub struct NewLease {
    /// The limit to count against, such as `runs_at_once`.
    pub pool: String,
    pub holder: String,
    pub workspace: Option<WorkspaceId>,
    pub seconds: i64,
}

/// A lease, with whether it began just now, and how full its pool is.
#[derive(Clone, Debug)]
pub struct Acquired {
    pub lease: Lease,
    /// `false`: this holder had it already, and has it for longer now.
    pub new: bool,
    pub in_use: i64,
    /// `None`: the plan has no such limit.
    pub most: Option<i64>,
}

/// A pool with what is held of it, oldest first.
#[derive(Clone, Debug)]
pub struct Pool {
    pub name: String,
    /// `None`: the plan has no such limit.
    pub most: Option<i64>,
    pub leases: Vec<Lease>,
}

/// Takes a slot of a pool for a holder until it is asked for again, at most so many seconds from now. The same holder
/// asking again gets the lease it has, for longer, and takes no second slot.
///
/// Refuses (409, `pool_in_use`) when the plan's limit is reached, naming who holds the slots; a month whose rows or bytes are
/// used up (402, `month_limit`); who starts no work: viewers, and
/// the billing role without a role in the workspace (E7); a workspace out of reach; and a pool that no plan knows.
pub async fn acquire(app: &App, actor: &Actor, new: &NewLease) -> Result<Acquired> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let role = match &new.workspace {
        Some(id) => Some(workspaces::role_of(&mut tx, &actor, id).await?),
        None => None,
    };
    access::may_run(actor.role, role)?;
    let (holder, until) = checked(app, new, now)?;
    let org = &actor.org.id;
    queries::drop_expired_leases(&mut tx, org, now).await?;
    let organization = organizations::find(&mut tx, org).await?;
    let most = app.plans.of(&organization, now).limit(&new.pool);
    let in_use = queries::count_leases(&mut tx, org, &new.pool, now).await?;
    if let Some(mut lease) = queries::lease_of(&mut tx, org, &new.pool, &holder, now).await? {
        require_own(&actor, &lease)?;
        lease.expires_at = lease.expires_at.max(until);
        queries::renew_lease(&mut tx, org, &lease.id, lease.expires_at).await?;
        tx.commit().await?;
        return Ok(Acquired {
            lease,
            new: false,
            in_use,
            most,
        });
    }
    if most.is_some_and(|most| in_use >= most) {
        let held = queries::leases(&mut tx, org, Some(&new.pool), now, NAMED).await?;
        return Err(in_use_by(
            &actor,
            new,
            &held,
            in_use,
            most.unwrap_or_default(),
        ));
    }
    limits::require_month(app, &mut tx, &organization, now).await?;
    let id = LeaseId::new();
    let lease = queries::NewLease {
        id: &id,
        workspace: new.workspace.as_ref(),
        pool: &new.pool,
        holder: &holder,
        by: &actor.person,
        acquired_at: now,
        expires_at: until,
    };
    queries::insert_lease(&mut tx, org, &lease).await?;
    audit::record(
        &mut tx,
        &actor,
        now,
        event(
            &id,
            "lease.acquired",
            &holder,
            &new.pool,
            new.workspace.as_ref(),
        ),
    )
    .await?;
    let lease = queries::lease(&mut tx, org, &id, now)
        .await?
        .ok_or(Refusal::NotFound)?;
    tx.commit().await?;
    Ok(Acquired {
        lease,
        new: true,
        in_use: in_use + 1,
        most,
    })
}

/// Keeps a lease for so many seconds from now. It is no event of its own. Refuses one that has ended ("not found": another
/// may have its slot by now), and another's, but for owners and admins.
pub async fn renew(app: &App, actor: &Actor, id: &LeaseId, seconds: i64) -> Result<Lease> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let mut lease = queries::lease(&mut tx, &actor.org.id, id, now)
        .await?
        .ok_or(Refusal::NotFound)?;
    require_own(&actor, &lease)?;
    let mut checks = Checks::default();
    check_seconds(&mut checks, seconds);
    checks.done()?;
    lease.expires_at = now + seconds * SECOND;
    queries::renew_lease(&mut tx, &actor.org.id, id, lease.expires_at).await?;
    tx.commit().await?;
    Ok(lease)
}

/// Gives a slot back. Refuses one that has ended ("not found"), and another's, but for owners and admins of the
/// organization, who may release any.
pub async fn release(app: &App, actor: &Actor, id: &LeaseId) -> Result<Lease> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let lease = queries::lease(&mut tx, &actor.org.id, id, now)
        .await?
        .ok_or(Refusal::NotFound)?;
    require_own(&actor, &lease)?;
    queries::delete_lease(&mut tx, &actor.org.id, id).await?;
    let event = event(
        id,
        "lease.released",
        &lease.holder,
        &lease.pool,
        lease.workspace.as_ref(),
    );
    audit::record(&mut tx, &actor, now, event.with("held_by", &*lease.by)).await?;
    tx.commit().await?;
    Ok(lease)
}

/// What is held of each pool that the plans know, and of others that are in use. Refuses who doesn't see usage.
pub async fn leases_in_use(app: &App, actor: &Actor) -> Result<Vec<Pool>> {
    access::require(actor.role, Permission::ViewUsage)?;
    let now = app.now();
    let mut tx = app.db.read().await?;
    let plan = app.plans.of(&actor.org, now);
    let names = app
        .plans
        .limit_names()
        .into_iter()
        .filter(|name| is_pool(name));
    let mut pools: Vec<Pool> = names
        .map(|name| Pool {
            name: name.to_owned(),
            most: plan.limit(name),
            leases: Vec::new(),
        })
        .collect();
    for lease in queries::leases(&mut tx, &actor.org.id, None, now, LISTED).await? {
        match pools.iter_mut().find(|pool| pool.name == lease.pool) {
            Some(pool) => pool.leases.push(lease),
            None => pools.push(Pool {
                name: lease.pool.clone(),
                most: None,
                leases: vec![lease],
            }),
        }
    }
    Ok(pools)
}

/// May release and renew leases of others too.
pub fn may_manage_leases(actor: &Actor) -> bool {
    access::allows(actor.role, Permission::ManageIntegrations)
}

/// Ends every lease of an organization that is deleted.
pub(crate) async fn end_leases(tx: &mut Tx, org: &crate::ids::OrgId) -> Result<()> {
    queries::delete_leases(tx, org).await
}

fn is_pool(name: &str) -> bool {
    ![WORKSPACES, ROWS_PER_MONTH, BYTES_PER_MONTH].contains(&name)
}

/// The holder's name as it is kept, and when the lease ends.
fn checked(app: &App, new: &NewLease, now: Micros) -> Result<(String, Micros)> {
    let mut checks = Checks::default();
    let holder = checks
        .take("holder", text::optional_line(&new.holder, 120))
        .unwrap_or_default();
    if holder.is_empty() {
        checks.fail(
            "holder",
            "Say who or what holds it, by a name that you use again to keep it.",
        );
    }
    let pools: Vec<&str> = app
        .plans
        .limit_names()
        .into_iter()
        .filter(|name| is_pool(name))
        .collect();
    if new.pool != RUNS_AT_ONCE && !pools.contains(&new.pool.as_str()) {
        checks.fail(
            "pool",
            format!("There is no such pool. Pools are {}.", pools.join(", ")),
        );
    }
    check_seconds(&mut checks, new.seconds);
    checks.done()?;
    Ok((holder, now + new.seconds * SECOND))
}

fn check_seconds(checks: &mut Checks, seconds: i64) {
    if !LEASE_SECONDS.contains(&seconds) {
        checks.fail(
            "seconds",
            format!(
                "A lease lasts {} to {} seconds.",
                LEASE_SECONDS.start(),
                text::thousands(*LEASE_SECONDS.end())
            ),
        );
    }
}

fn require_own(actor: &Actor, lease: &Lease) -> Result<()> {
    if lease.user == *actor.user() || may_manage_leases(actor) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "lease_of_another",
        format!(
            "{} holds it. They, owners and admins can change it.",
            lease.by
        ),
    ))
}

/// "1 of 1 in use by NAME since …": who, not what for, which may be in a workspace that isn't theirs to know.
fn in_use_by(actor: &Actor, new: &NewLease, held: &[Lease], in_use: i64, most: i64) -> Refusal {
    let shows = access::allows(actor.role, Permission::ViewUsage);
    let named = |lease: &Lease| {
        let what = if shows {
            format!(" ({})", lease.holder)
        } else {
            String::new()
        };
        format!(
            "{}{what} since {}",
            lease.by,
            clock::minute(lease.acquired_at)
        )
    };
    let names: Vec<String> = held.iter().map(named).collect();
    let by = if names.is_empty() {
        String::new()
    } else {
        format!(" by {}", text::some_of(&names, 3))
    };
    let pool = new.pool.replace('_', " ");
    Refusal::conflict(
        "pool_in_use",
        format!(
            "{pool}: {in_use} of {most} in use{by}. It is free when one ends. {}",
            limits::who_changes_plans()
        ),
    )
}

fn event(
    id: &LeaseId,
    action: &'static str,
    holder: &str,
    pool: &str,
    workspace: Option<&WorkspaceId>,
) -> Event {
    let event =
        Event::new(Category::Run, action, "lease", id.to_string(), holder).with("pool", pool);
    match workspace {
        Some(workspace) => event.workspace(workspace),
        None => event,
    }
}
