//! The billing account: one for each organization (S1-91), whatever plan it has.

use super::{Plan, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::Micros;
use crate::error::Result;
use crate::organizations;
use std::sync::Arc;

/// How an organization stands with its payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing is paid: the default plan, or one that the operator set.
    None,
    Trial,
    Active,
    /// A payment failed. The plan goes on until the grace ends.
    PastDue,
    /// Ended by the customer: the plan goes on until the period ends.
    Cancelling,
    Cancelled,
    /// A payment was disputed at the bank.
    Disputed,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Trial,
        Self::Active,
        Self::PastDue,
        Self::Cancelling,
        Self::Cancelled,
        Self::Disputed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Trial => "trial",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Disputed => "disputed",
        }
    }

    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .unwrap_or(Self::None)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::None => "Nothing to pay",
            Self::Trial => "Trial",
            Self::Active => "Paid",
            Self::PastDue => "Payment failed",
            Self::Cancelling => "Ends soon",
            Self::Cancelled => "Ended",
            Self::Disputed => "Payment disputed",
        }
    }
}

/// An organization's billing account with its plan in force.
#[derive(Clone, Debug)]
pub struct Account {
    pub plan: Arc<Plan>,
    /// When the default plan takes over by itself.
    pub plan_until: Option<Micros>,
    pub status: Status,
    /// The id of the plan that is paid for; "" for none.
    pub paid_plan: String,
    /// `month`, `year`, or "" where nothing is paid.
    pub billed_every: String,
    pub period_end: Option<Micros>,
    pub grace_end: Option<Micros>,
    pub trial_end: Option<Micros>,
    /// Where mail about billing goes, and what stands on invoices; "" where nobody said.
    pub email: String,
    pub name: String,
    pub address: String,
    pub stripe_customer: Option<String>,
    pub stripe_subscription: Option<String>,
    /// When the state was last read from Stripe.
    pub stripe_read_at: Option<Micros>,
}

/// The billing account of the actor's organization. Refuses who neither owns it nor has the billing role (S1-93).
pub async fn account(app: &App, actor: &Actor) -> Result<Account> {
    access::require(actor.role, Permission::ManageBilling)?;
    let mut tx = app.db.read().await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    let row = queries::account(&mut tx, &org.id)
        .await?
        .unwrap_or_default();
    Ok(Account {
        plan: app.plans.of(&org, app.now()).clone(),
        plan_until: org.plan_until,
        status: Status::parse(&row.status),
        paid_plan: row.paid_plan,
        billed_every: row.billed_every,
        period_end: row.period_end,
        grace_end: row.grace_end,
        trial_end: row.trial_end,
        email: row.email,
        name: row.name,
        address: row.address,
        stripe_customer: row.stripe_customer_id,
        stripe_subscription: row.stripe_subscription_id,
        stripe_read_at: row.stripe_read_at,
    })
}
