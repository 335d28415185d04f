//! Plans, the billing account, and leases.

use super::bearer::Member;
use super::call::Call;
use super::error::ApiResult;
use super::input::{Json, Path};
use super::paging::Listed;
use super::shape::{answer, body};
use crate::app::App;
use crate::billing::{self, Account, Contact, LEASE_SECONDS_UNSAID, RUNS_AT_ONCE};
use crate::clock::rfc3339;
use crate::ids::{LeaseId, OrgId, WorkspaceId};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The calls about billing.
pub(super) fn calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/plan", plan)
            .says("Get the plan in force: its limits, and the features it switches on")
            .gives::<Plan>(200),
        Call::get("/organizations/{org_id}/plans", plans).says("List the plans there are").gives::<Listed<Plan>>(200),
        Call::get("/organizations/{org_id}/billing", show)
            .says("Get an organization's billing account, with what is used of each limit")
            .gives::<BillingAccount>(200),
        Call::put("/organizations/{org_id}/billing", update)
            .says("Change where mail about billing goes, and what stands on invoices")
            .takes::<ChangedBilling>()
            .gives::<BillingAccount>(200),
        Call::get("/organizations/{org_id}/leases", leases).says("List the leases of shared pools").gives::<Listed<Lease>>(200),
        Call::post("/organizations/{org_id}/leases", acquire)
            .says("Take a slot of a pool, such as runs at once; the same holder asking again keeps theirs for longer (200)")
            .takes::<WantedLease>()
            .gives::<Lease>(201),
        Call::put("/organizations/{org_id}/leases/{lease_id}", renew)
            .says("Keep a lease for longer")
            .takes::<RenewedLease>()
            .gives::<Lease>(200),
        Call::delete("/organizations/{org_id}/leases/{lease_id}", release).says("Give a slot back"),
    ]
}

answer! {
    /// What an organization may use.
    pub struct Plan {
        pub id: String,
        pub name: String,
        pub about: String,
        /// Features it switches on, such as `ci_keys`, `compare` and `agents`.
        pub entitlements: Vec<String>,
        /// The organization roles it has: `simple`, `standard` or `full`.
        pub roles: &'static str,
        /// Numbers that may not be passed; what isn't named has no limit.
        pub limits: Vec<Limit>,
    }
}

answer! {
    /// A number that may not be passed.
    pub struct Limit {
        pub name: String,
        pub most: i64,
    }
}

impl From<&billing::Plan> for Plan {
    fn from(plan: &billing::Plan) -> Self {
        Self {
            id: plan.id.clone(),
            name: plan.name.clone(),
            about: plan.about.clone(),
            entitlements: plan.entitlements.iter().cloned().collect(),
            roles: plan.roles.as_str(),
            limits: plan
                .limits
                .iter()
                .map(|(name, most)| Limit {
                    name: name.clone(),
                    most: *most,
                })
                .collect(),
        }
    }
}

answer! {
    /// How an organization pays, and what it uses.
    pub struct BillingAccount {
        pub plan: Plan,
        /// When the default plan takes over by itself.
        pub plan_until: Option<String>,
        /// `none`, `trial`, `active`, `past_due`, `cancelling`, `cancelled` or `disputed`
        pub status: &'static str,
        /// `month` or `year`; `null` where nothing is paid.
        pub billed_every: Option<String>,
        pub period_end: Option<String>,
        pub grace_end: Option<String>,
        pub trial_end: Option<String>,
        /// Where mail about billing goes.
        pub email: String,
        /// The name and the address on invoices.
        pub name: String,
        pub address: String,
        pub limits: Vec<UsedLimit>,
    }
}

answer! {
    /// What is used of a limit, over all workspaces.
    pub struct UsedLimit {
        pub name: String,
        pub used: i64,
        /// `null`: no limit.
        pub most: Option<i64>,
        pub percent: Option<i64>,
        pub shares: Vec<Share>,
    }
}

answer! {
    /// What one workspace uses of a limit.
    pub struct Share {
        /// `null`: in no workspace.
        pub workspace: Option<String>,
        pub used: i64,
    }
}

fn account(account: Account, used: Vec<billing::Used>) -> BillingAccount {
    let share = |(workspace, used): (String, i64)| Share {
        workspace: some(workspace),
        used,
    };
    let limit = |one: billing::Used| UsedLimit {
        percent: one.percent(),
        name: one.name,
        used: one.used,
        most: one.most,
        shares: one.shares.into_iter().map(share).collect(),
    };
    BillingAccount {
        plan: (&*account.plan).into(),
        plan_until: account.plan_until.map(rfc3339),
        status: account.status.as_str(),
        billed_every: some(account.billed_every),
        period_end: account.period_end.map(rfc3339),
        grace_end: account.grace_end.map(rfc3339),
        trial_end: account.trial_end.map(rfc3339),
        email: account.email,
        name: account.name,
        address: account.address,
        limits: used.into_iter().map(limit).collect(),
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// `GET /organizations/{org_id}/plan`. Every member may know what their organization may use.
pub async fn plan(State(app): State<App>, Member(actor): Member) -> axum::Json<Plan> {
    axum::Json((&**app.plans.of(&actor.org, app.now())).into())
}

/// `GET /organizations/{org_id}/plans`
pub async fn plans(State(app): State<App>, Member(_): Member) -> axum::Json<Listed<Plan>> {
    axum::Json(Listed {
        data: app
            .plans
            .all()
            .iter()
            .map(|plan| (&**plan).into())
            .collect(),
        next_cursor: None,
    })
}

/// `GET /organizations/{org_id}/billing`
pub async fn show(
    State(app): State<App>,
    Member(actor): Member,
) -> ApiResult<axum::Json<BillingAccount>> {
    let found = billing::account(&app, &actor).await?;
    Ok(axum::Json(account(
        found,
        billing::used(&app, &actor).await?,
    )))
}

body! {
    /// What to change; what isn't named stays as it is.
    pub struct ChangedBilling {
        pub email: Option<String>,
        pub name: Option<String>,
        pub address: Option<String>,
    }
}

/// `PUT /organizations/{org_id}/billing`
pub async fn update(
    State(app): State<App>,
    Member(actor): Member,
    Json(changed): Json<ChangedBilling>,
) -> ApiResult<axum::Json<BillingAccount>> {
    let now = billing::account(&app, &actor).await?;
    let wanted = Contact {
        email: changed.email.unwrap_or(now.email),
        name: changed.name.unwrap_or(now.name),
        address: changed.address.unwrap_or(now.address),
    };
    let after = billing::change_contact(&app, &actor, &wanted).await?;
    Ok(axum::Json(account(
        after,
        billing::used(&app, &actor).await?,
    )))
}

answer! {
    /// A slot of a pool that somebody holds.
    pub struct Lease {
        pub id: String,
        /// The limit of the plan that it counts against.
        pub pool: String,
        /// Your product's name for who or what holds it.
        pub holder: String,
        pub workspace_id: Option<String>,
        pub acquired_by: String,
        pub acquired_at: String,
        /// It is free then, unless it is kept for longer.
        pub expires_at: String,
    }
}

impl From<billing::Lease> for Lease {
    fn from(lease: billing::Lease) -> Self {
        Self {
            id: lease.id.into(),
            pool: lease.pool,
            holder: lease.holder,
            workspace_id: lease.workspace.map(Into::into),
            acquired_by: lease.by,
            acquired_at: rfc3339(lease.acquired_at),
            expires_at: rfc3339(lease.expires_at),
        }
    }
}

/// `GET /organizations/{org_id}/leases`
pub async fn leases(
    State(app): State<App>,
    Member(actor): Member,
) -> ApiResult<axum::Json<Listed<Lease>>> {
    let pools = billing::leases_in_use(&app, &actor).await?;
    let data = pools
        .into_iter()
        .flat_map(|pool| pool.leases)
        .map(Lease::from)
        .collect();
    Ok(axum::Json(Listed {
        data,
        next_cursor: None,
    }))
}

body! {
    /// The slot to take.
    pub struct WantedLease {
        /// A limit of the plans; `runs_at_once` unless said.
        pub pool: Option<String>,
        /// Who or what holds it, by a name of your product's. The same again is the same lease.
        pub holder: String,
        /// The workspace it is for. Whoever may start work there may take it.
        pub workspace_id: Option<String>,
        /// How long to hold it until you ask again: 10 to 86,400; 300 unless said.
        pub seconds: Option<i64>,
    }
}

/// `POST /organizations/{org_id}/leases`
pub async fn acquire(
    State(app): State<App>,
    Member(actor): Member,
    Json(wanted): Json<WantedLease>,
) -> ApiResult<Response> {
    let new = billing::NewLease {
        pool: wanted.pool.unwrap_or_else(|| RUNS_AT_ONCE.to_owned()),
        holder: wanted.holder,
        workspace: wanted.workspace_id.map(WorkspaceId::from),
        seconds: wanted.seconds.unwrap_or(LEASE_SECONDS_UNSAID),
    };
    let acquired = billing::acquire(&app, &actor, &new).await?;
    let status = if acquired.new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, axum::Json(Lease::from(acquired.lease))).into_response())
}

body! {
    /// How long to keep it.
    pub struct RenewedLease {
        /// From now on: 10 to 86,400; 300 unless said.
        pub seconds: Option<i64>,
    }
}

/// `PUT /organizations/{org_id}/leases/{lease_id}`
pub async fn renew(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): Path<(OrgId, LeaseId)>,
    Json(wanted): Json<RenewedLease>,
) -> ApiResult<axum::Json<Lease>> {
    let lease = billing::renew(
        &app,
        &actor,
        &id,
        wanted.seconds.unwrap_or(LEASE_SECONDS_UNSAID),
    )
    .await?;
    Ok(axum::Json(lease.into()))
}

/// `DELETE /organizations/{org_id}/leases/{lease_id}`
pub async fn release(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): Path<(OrgId, LeaseId)>,
) -> ApiResult<StatusCode> {
    billing::release(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
