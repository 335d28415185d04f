//! `/organizations/{org_id}/billing/…`: the ways to Stripe, and what it asked to be paid.

use super::bearer::Member;
use super::call::Call;
use super::error::ApiResult;
use super::input::Json;
use super::members::some;
use super::paging::Listed;
use super::shape::{answer, body};
use crate::app::App;
use crate::billing::stripe::{self, Going, Period};
use crate::clock::rfc3339;
use axum::extract::State;

/// Paying for a plan.
pub(super) fn calls() -> Vec<Call> {
    vec![
        Call::post("/organizations/{org_id}/billing/checkout", checkout)
            .says("Begin paying for a plan at Stripe: gives the address to open in a browser")
            .takes::<NewCheckout>()
            .gives::<WayToStripe>(200),
        Call::post("/organizations/{org_id}/billing/portal", portal)
            .says("Open Stripe's portal, for payment methods, invoices, changing and ending: gives the address to open in a browser")
            .gives::<WayToStripe>(200),
        Call::get("/organizations/{org_id}/billing/invoices", invoices).says("List the last invoices").gives::<Listed<StripeInvoice>>(200),
    ]
}

body! {
    /// A plan to pay for.
    pub struct NewCheckout {
        /// The plan's id.
        pub plan: String,
        /// `month` or `year`
        pub every: String,
    }
}

answer! {
    /// Where to go on at Stripe, in a browser.
    pub struct WayToStripe {
        /// `checkout`, or `portal` where something is paid for already
        pub leads_to: &'static str,
        /// An address at Stripe, for whoever pays: it needs no further sign-in, and ends by itself.
        pub url: String,
    }
}

impl From<Going> for WayToStripe {
    fn from(going: Going) -> Self {
        let leads_to = if matches!(going, Going::Checkout(_)) {
            "checkout"
        } else {
            "portal"
        };
        Self {
            leads_to,
            url: going.url().to_owned(),
        }
    }
}

/// `POST /organizations/{org_id}/billing/checkout` (S3-50)
pub async fn checkout(
    State(app): State<App>,
    Member(actor): Member,
    Json(new): Json<NewCheckout>,
) -> ApiResult<axum::Json<WayToStripe>> {
    Ok(axum::Json(
        stripe::begin_checkout(&app, &actor, &new.plan, Period::parse(&new.every))
            .await?
            .into(),
    ))
}

/// `POST /organizations/{org_id}/billing/portal` (S1-93)
pub async fn portal(
    State(app): State<App>,
    Member(actor): Member,
) -> ApiResult<axum::Json<WayToStripe>> {
    Ok(axum::Json(stripe::open_portal(&app, &actor).await?.into()))
}

answer! {
    /// An invoice of Stripe's.
    pub struct StripeInvoice {
        pub id: String,
        /// `null` before it has one.
        pub number: Option<String>,
        pub created_at: String,
        /// In the currency's smallest unit.
        pub total: i64,
        /// Three letters, small.
        pub currency: String,
        /// `draft`, `open`, `paid`, `uncollectible` or `void`
        pub status: String,
        /// Where it is shown, and paid while it is open.
        pub url: Option<String>,
    }
}

/// `GET /organizations/{org_id}/billing/invoices`: the last 24, as Roster read them last.
pub async fn invoices(
    State(app): State<App>,
    Member(actor): Member,
) -> ApiResult<axum::Json<Listed<StripeInvoice>>> {
    let view = stripe::look(&app, &actor).await?;
    let shown = |one: stripe::Invoice| StripeInvoice {
        id: one.id,
        number: some(one.number),
        created_at: rfc3339(one.created_at),
        total: one.total,
        currency: one.currency,
        status: one.status,
        url: some(one.url),
    };
    Ok(axum::Json(Listed {
        data: view.invoices.into_iter().map(shown).collect(),
        next_cursor: None,
    }))
}
