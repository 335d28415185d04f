//! Billing without Stripe: plans, limits, entitlements, leases, and the page about them.

mod entitlements;
mod leases;
mod limits;
mod live;
mod page;
mod plans;
mod roles;

use crate::support::{House, Settings};

/// A house with the plans of `tests/app/billing/plans.toml`, whose numbers are small.
pub async fn house() -> House {
    let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/app/billing/plans.toml");
    House::start_with(Settings::new().set("--plans", plans)).await
}
