//! Billing without Stripe: plans, limits, entitlements, leases, and the page about them.

mod plans;
