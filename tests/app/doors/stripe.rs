//! Going to Stripe, as everybody through every door.

use super::table::{Door, Way::*, door};
use super::world::Needs::*;

const PAYERS: &str = "dfdffnnns";

pub const STRIPE_DOORS: &[Door] = &[door(
    "billing::begin_checkout",
    "billing.checkout_started",
    PAYERS,
    NoCheckout,
    Page("/orgs/{org}/billing/checkout", "plan=team&every=month"),
    Call(
        "POST",
        "/organizations/{org_id}/billing/checkout",
        r#"{"plan": "team", "every": "month"}"#,
    ),
)];
