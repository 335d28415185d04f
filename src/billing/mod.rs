//! Billing: the plan of an organization, its limits and entitlements, and how it is paid (product.md, 10).
//!
//! The plan in force stands in the organization's own row ([`Organization::plan`](crate::organizations::Organization)),
//! because every request asks for it: `Plans::of` reads it. The billing account beside it holds how it is paid and changes
//! the plan in force with [`put_in_force`]. No plan counts people: nothing here reads members or grants (S2-26, S2-36).

mod account;
mod ahead;
mod contact;
mod leases;
mod limits;
mod plans;
mod queries;
mod set;
pub mod stripe;
mod used;

pub use account::{Account, Status, account};
pub(crate) use ahead::Ahead;
pub use ahead::{Brought, NEAR};
pub use contact::{Contact, change_contact};
pub(crate) use leases::end_leases;
pub use leases::{
    Acquired, LEASE_SECONDS, LEASE_SECONDS_UNSAID, Lease, NewLease, Pool, acquire, leases_in_use,
    may_manage_leases, release, renew,
};
pub use limits::lacks_role;
pub(crate) use limits::{require_entitlement, require_role, require_room_for_workspaces};
pub use plans::{BYTES_PER_MONTH, Plan, Plans, ROWS_PER_MONTH, RUNS_AT_ONCE, WORKSPACES};
pub use set::{PlanSet, set_plan};
pub use used::{Used, limit_label, percent, used};

use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::OrgId;
use crate::organizations;

/// Puts a plan in force from now on; at `until` the default plan takes over by itself. Going down takes nothing away: what
/// is above a limit stays, and nothing is added (SEC-Z13). The caller holds the organization's lock and records it.
pub(crate) async fn put_in_force(
    tx: &mut Tx,
    org: &OrgId,
    plan: &str,
    until: Option<Micros>,
) -> Result<()> {
    organizations::set_plan(tx, org, plan, until).await
}
