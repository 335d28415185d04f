//! The part of the table that is about billing.

use super::table::Way::{Call, None as No, Page};
use super::table::{Door, MANAGERS, door};
use super::world::Needs::*;

pub const BILLING_DOORS: &[Door] = &[
    door(
        "billing::change_contact",
        "billing.contact_changed",
        "dfdffnnns",
        Nothing,
        Page("/orgs/{org}/billing", "email=pay{n}@acme.test"),
        Call(
            "PUT",
            "/organizations/{org_id}/billing",
            r#"{"email": "pay{n}@acme.test"}"#,
        ),
    ),
    door(
        "billing::acquire",
        "lease.acquired",
        "ddfdfnnns",
        Nothing,
        No("a host product asks before it starts something"),
        Call(
            "POST",
            "/organizations/{org_id}/leases",
            r#"{"holder": "run {n}"}"#,
        ),
    ),
    door(
        "billing::release",
        "lease.released",
        MANAGERS,
        Lease,
        Page("/orgs/{org}/leases/{lease}/release", ""),
        Call("DELETE", "/organizations/{org_id}/leases/{lease_id}", ""),
    ),
];
