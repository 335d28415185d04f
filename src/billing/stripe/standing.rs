//! How an organization stands with its payments: made from what Stripe holds at one moment, and from what was known before.
//! Nothing here asks anybody.

use super::answers::{Invoice, Read, Subscription};
use crate::billing::{Plans, Status};
use crate::clock::{DAY, Micros};
use std::cmp::Reverse;

/// How long a plan goes on after a payment failed, whatever Stripe still tries (product.md, 10).
pub(super) const GRACE: Micros = 14 * DAY;

/// What became of the newest payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payment {
    #[default]
    Fine,
    Refunded,
    /// Its bank took it back, and the dispute is lost.
    TakenBack,
}

impl Payment {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "",
            Self::Refunded => "refunded",
            Self::TakenBack => "taken_back",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        [Self::Refunded, Self::TakenBack]
            .into_iter()
            .find(|one| one.as_str() == text)
            .unwrap_or_default()
    }
}

/// How an organization stands, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub status: Status,
    pub subscription: Option<String>,
    /// The id of the plan that is paid for, and whether by the `month` or the `year`; "" for none.
    pub paid_plan: String,
    pub billed_every: String,
    pub period_end: Option<Micros>,
    pub grace_end: Option<Micros>,
    pub trial_end: Option<Micros>,
    pub payment: Payment,
    /// What Stripe last had us put in force: a plan ("" for the default), and when that ends by itself.
    pub plan: String,
    pub plan_until: Option<Micros>,
}

impl Standing {
    /// Whether there is a subscription that a second one must not stand beside.
    pub(super) fn is_live(&self) -> bool {
        is_live(self.status)
    }

    /// Whether anything is other that people would call a change. That the next period has begun is none.
    pub(super) fn differs(&self, other: &Self) -> bool {
        Self {
            period_end: None,
            ..self.clone()
        } != Self {
            period_end: None,
            ..other.clone()
        }
    }

    /// What of this the frame of every page has to tell those who can act; "" for nothing.
    pub(super) fn alert(&self) -> &'static str {
        match (self.status, self.payment) {
            (Status::PastDue, _) => "past_due",
            (Status::Disputed, _) => "disputed",
            _ => "",
        }
    }
}

pub(super) fn is_live(status: Status) -> bool {
    matches!(
        status,
        Status::Trial | Status::Active | Status::PastDue | Status::Cancelling | Status::Disputed
    )
}

/// How the organization stands now. A price that no plan names changes no plan, and is told to the operator by the log.
pub(super) fn derive(read: &Read, before: &Standing, plans: &Plans, now: Micros) -> Standing {
    let Some(chosen) = choose(&read.subscriptions) else {
        return ended(before, read.payment, None);
    };
    let status = match chosen.status.as_str() {
        "trialing" | "active" if chosen.cancel_at.is_some() => Status::Cancelling,
        "trialing" => Status::Trial,
        "active" => Status::Active,
        "past_due" | "unpaid" | "paused" => Status::PastDue,
        "canceled" | "incomplete" | "incomplete_expired" => {
            return ended(before, read.payment, Some(chosen));
        }
        unknown => {
            tracing::error!(
                unknown,
                "Stripe gives a subscription a status that Roster doesn't know; the plan stays"
            );
            return Standing {
                payment: read.payment,
                ..before.clone()
            };
        }
    };
    let status = if read.disputed && status != Status::PastDue {
        Status::Disputed
    } else {
        status
    };
    let grace_end = (status == Status::PastDue).then(|| grace(chosen, before, now));
    let known = chosen
        .price
        .as_deref()
        .and_then(|price| plans.by_price(price));
    if known.is_none() {
        tracing::error!(
            price = chosen.price,
            "a subscription has a price that no plan names; the plan stays"
        );
    }
    let plan = known.map_or_else(|| before.plan.clone(), |(plan, _)| plan.id.clone());
    Standing {
        status,
        subscription: Some(chosen.id.clone()),
        paid_plan: known.map_or_else(|| before.paid_plan.clone(), |(plan, _)| plan.id.clone()),
        billed_every: known.map_or_else(
            || before.billed_every.clone(),
            |(_, by_year)| if by_year { "year" } else { "month" }.to_owned(),
        ),
        period_end: chosen.cancel_at.or(chosen.period_end),
        grace_end,
        trial_end: (chosen.status == "trialing")
            .then_some(chosen.trial_end)
            .flatten(),
        payment: read.payment,
        // The default plan has no end.
        plan_until: (!plan.is_empty())
            .then_some(grace_end.or(chosen.cancel_at))
            .flatten(),
        plan,
    }
}

/// When the plan ends unless somebody pays: some time after the first failure, and at once where Stripe has given up.
fn grace(chosen: &Subscription, before: &Standing, now: Micros) -> Micros {
    let known = before
        .grace_end
        .filter(|_| before.subscription.as_ref() == Some(&chosen.id));
    match chosen.status.as_str() {
        "past_due" => known.unwrap_or(now + GRACE),
        _ => known.filter(|end| *end <= now).unwrap_or(now),
    }
}

/// No subscription, or one that is over: the default plan. One that never began is as if it had never been.
fn ended(before: &Standing, payment: Payment, last: Option<&Subscription>) -> Standing {
    let was_paid =
        before.status != Status::None || last.is_some_and(|last| last.status == "canceled");
    Standing {
        status: if was_paid {
            Status::Cancelled
        } else {
            Status::None
        },
        subscription: last.map(|last| last.id.clone()).filter(|_| was_paid),
        paid_plan: String::new(),
        billed_every: String::new(),
        period_end: last.and_then(|last| last.ended_at),
        grace_end: None,
        trial_end: None,
        payment,
        plan: String::new(),
        plan_until: None,
    }
}

/// The one that counts: one that is paid before one that isn't, and the newest of those.
fn choose(subscriptions: &[Subscription]) -> Option<&Subscription> {
    let rank = |one: &Subscription| match one.status.as_str() {
        "active" | "trialing" => 0,
        "past_due" => 1,
        "unpaid" | "paused" => 2,
        "canceled" => 3,
        _ => 4,
    };
    let live = subscriptions.iter().filter(|one| rank(one) < 3).count();
    if live > 1 {
        tracing::error!(
            live,
            "a customer has several subscriptions at Stripe, and pays for each; the newest counts"
        );
    }
    subscriptions
        .iter()
        .min_by_key(|one| (rank(one), Reverse(one.created)))
}

/// An organization's payments as its billing page shows them.
#[derive(Clone, Debug)]
pub struct View {
    /// The settings name a key.
    pub is_set_up: bool,
    /// Something was begun at Stripe, so that there is something to manage there.
    pub has_customer: bool,
    /// A subscription goes on, which is changed and ended at Stripe.
    pub is_live: bool,
    pub status: Status,
    pub payment: Payment,
    /// What Stripe was to be paid, newest first.
    pub invoices: Vec<Invoice>,
    /// When all this was read.
    pub read_at: Option<Micros>,
    /// It could not be read anew since then.
    pub is_stale: bool,
}
