//! Going to Stripe to pay: to Checkout for an organization that pays nothing yet, to the portal for one that does.

use super::client::{Client, Failure};
use super::reading::{may_lead_to, read_now};
use super::{contact, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing::{Plan, Status};
use crate::clock::{HOUR, MINUTE};
use crate::error::{Refusal, Result};
use crate::secret;
use serde_json::Value;

/// How long two people who begin the same checkout get the same page. Stripe's pages end after a day.
const SHARED: i64 = 23 * HOUR;
/// How long somebody who is just beginning keeps others from beginning another.
const BEGINNING: i64 = MINUTE;

/// How often a plan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Monthly,
    Yearly,
}

impl Period {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "month" => Some(Self::Monthly),
            "year" => Some(Self::Yearly),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Monthly => "month",
            Self::Yearly => "year",
        }
    }

    fn price(self, plan: &Plan) -> Option<&str> {
        match self {
            Self::Monthly => plan.monthly.as_deref(),
            Self::Yearly => plan.yearly.as_deref(),
        }
    }
}

/// Where to send the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Going {
    /// To pay for a plan.
    Checkout(String),
    /// To what is paid for already.
    Portal(String),
}

impl Going {
    pub fn url(&self) -> &str {
        match self {
            Self::Checkout(url) | Self::Portal(url) => url,
        }
    }
}

/// Begins paying for a plan at Stripe, and says where to go. An organization has one subscription: where one goes on, the
/// way leads to the portal; and whoever begins the same checkout while one is open gets that one (S1-91).
///
/// Refuses who neither owns the organization nor has the billing role (S1-93); a plan without such a price; an
/// installation without Stripe; and the beginning of another checkout in the minute in which one is being begun.
pub async fn begin_checkout(
    app: &App,
    actor: &Actor,
    plan: &str,
    period: Option<Period>,
) -> Result<Going> {
    access::require(actor.role, Permission::ManageBilling)?;
    actor.person.require_write()?;
    let stripe = Client::new(app).ok_or_else(super::not_set_up)?;
    let period = period.ok_or_else(|| {
        Refusal::field(
            "every",
            "Choose whether to pay by the month or by the year.",
        )
    })?;
    let plan = app
        .plans
        .find(plan)
        .ok_or_else(|| Refusal::field("plan", "There is no such plan."))?;
    let Some(price) = period.price(plan) else {
        return Err(Refusal::field(
            "plan",
            format!(
                "{} can't be paid for by the {}.",
                plan.name,
                period.as_str()
            ),
        ));
    };
    let customer = customer(app, actor, &stripe).await?;
    if read_now(app, &actor.org.id, None).await?.is_live() {
        return portal(app, actor, &stripe, &customer).await;
    }
    let mut claim = claim(app, actor, plan, period, price).await?;
    while let Claim::Shared {
        attempt,
        session: Some(session),
    } = &claim
    {
        if let Some(url) = still_open(app, &stripe, session).await? {
            return Ok(Going::Checkout(url));
        }
        // It was paid a moment ago, or its time is over.
        if read_now(app, &actor.org.id, None).await?.is_live() {
            return portal(app, actor, &stripe, &customer).await;
        }
        claim = begin_next(app, actor, plan, period, price, Some(*attempt)).await?;
    }
    let (Claim::Shared { attempt, .. } | Claim::New { attempt }) = claim;
    if !close_others(app, actor, &stripe, &customer, attempt).await? {
        return portal(app, actor, &stripe, &customer).await;
    }
    let (session, url) = create_session(app, actor, &stripe, (&customer, price), attempt).await?;
    let mut tx = app.db.begin().await?;
    let is_last = queries::keep_session(&mut tx, &actor.org.id, attempt, &session).await?;
    tx.commit().await?;
    if is_last {
        return Ok(Going::Checkout(url));
    }
    end_session(&stripe, &session).await?;
    Err(another_begins())
}

fn another_begins() -> Refusal {
    Refusal::conflict(
        "checkout_begins",
        "Somebody is just going to Stripe for this organization, for another plan. Wait a minute, then choose again.",
    )
}

/// The organization's customer at Stripe: one, made when it is needed first (S1-91), with what stands on invoices.
async fn customer(app: &App, actor: &Actor, stripe: &Client<'_>) -> Result<String> {
    let mut tx = app.db.read().await?;
    let (known, fields) = contact::wanted(&mut tx, &actor.org.id).await?;
    drop(tx);
    if let Some(customer) = known {
        return Ok(customer);
    }
    let said: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let mut all = said.clone();
    all.push(("metadata[roster_organization]", actor.org.id.as_str()));
    // The same for all who come at once; Stripe refuses the same key with other fields, so they are part of it.
    let once = format!(
        "roster-customer-{}-{}",
        actor.org.id,
        &secret::hash(&format!("{said:?}"))[..16]
    );
    let made = stripe.post("/v1/customers", &all, &once).await?;
    let id = made["id"].as_str().ok_or(Failure::Refused)?;
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageBilling)?;
    let kept = queries::keep_customer(&mut tx, &actor.org.id, id).await?;
    if contact::wanted(&mut tx, &actor.org.id).await?.1 != fields {
        // Changed while the customer was made.
        contact::enqueue_contact(&mut tx, app.now(), &actor.org.id).await?;
    }
    tx.commit().await?;
    Ok(kept)
}

enum Claim {
    /// Somebody began the same: its number, and its page where it has one.
    Shared {
        attempt: i64,
        session: Option<String>,
    },
    New {
        attempt: i64,
    },
}

/// Finds the checkout that goes on, or begins one.
async fn claim(
    app: &App,
    actor: &Actor,
    plan: &Plan,
    period: Period,
    price: &str,
) -> Result<Claim> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let last = queries::checkout(&mut tx, &actor.org.id).await?;
    drop(tx);
    match last {
        Some(last) if last.price_id == price && now - last.begun_at < SHARED => Ok(Claim::Shared {
            attempt: last.attempt,
            session: last.session_id,
        }),
        other => {
            begin_next(
                app,
                actor,
                plan,
                period,
                price,
                other.map(|last| last.attempt),
            )
            .await
        }
    }
}

/// Begins the next attempt after the one that was `seen`, or joins one that somebody else has begun for the same price since.
async fn begin_next(
    app: &App,
    actor: &Actor,
    plan: &Plan,
    period: Period,
    price: &str,
    seen: Option<i64>,
) -> Result<Claim> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageBilling)?;
    let last = queries::checkout(&mut tx, &actor.org.id).await?;
    if let Some(last) = &last {
        let is_beginning = last.session_id.is_none() && now - last.begun_at < BEGINNING;
        if last.price_id == price && (is_beginning || Some(last.attempt) != seen) {
            return Ok(Claim::Shared {
                attempt: last.attempt,
                session: last.session_id.clone(),
            });
        }
        if is_beginning {
            return Err(another_begins());
        }
    }
    let attempt = last.map_or(1, |last| last.attempt + 1);
    queries::begin_checkout(&mut tx, &actor.org.id, attempt, price, now).await?;
    let event = Event::new(
        Category::Billing,
        "billing.checkout_started",
        "organization",
        actor.org.id.to_string(),
        &*actor.org.name,
    )
    .with("plan", &*plan.name)
    .with("every", period.as_str());
    audit::record(&mut tx, &actor, now, event).await?;
    tx.commit().await?;
    Ok(Claim::New { attempt })
}

/// The address of a checkout that can still be paid.
async fn still_open(app: &App, stripe: &Client<'_>, session: &str) -> Result<Option<String>> {
    let session = match stripe
        .get(&format!("/v1/checkout/sessions/{session}"), &[])
        .await
    {
        Ok(session) => session,
        Err(Failure::Missing) => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    if session["status"] != "open" {
        Ok(None)
    } else {
        leads(app, &session).map(Some)
    }
}

/// Ends every other checkout that is still open, so that nobody pays in two. `false`: one was just paid.
async fn close_others(
    app: &App,
    actor: &Actor,
    stripe: &Client<'_>,
    customer: &str,
    attempt: i64,
) -> Result<bool> {
    let attempt = attempt.to_string();
    let open = stripe
        .list(
            "/v1/checkout/sessions",
            &[("customer", customer), ("status", "open"), ("limit", "100")],
        )
        .await?;
    let mut was_paid = false;
    for session in open
        .iter()
        .filter(|session| session["metadata"]["roster_attempt"] != attempt)
    {
        was_paid |= !end_session(stripe, session["id"].as_str().ok_or(Failure::Refused)?).await?;
    }
    Ok(!was_paid || !read_now(app, &actor.org.id, None).await?.is_live())
}

/// Ends a checkout. `false`: it was over, and so may have been paid.
pub(super) async fn end_session(stripe: &Client<'_>, session: &str) -> Result<bool> {
    match stripe
        .post(
            &format!("/v1/checkout/sessions/{session}/expire"),
            &[],
            &format!("roster-expire-{session}"),
        )
        .await
    {
        Ok(_) => Ok(true),
        Err(Failure::Refused) => Ok(false),
        Err(failure) => Err(failure.into()),
    }
}

async fn create_session(
    app: &App,
    actor: &Actor,
    stripe: &Client<'_>,
    (customer, price): (&str, &str),
    attempt: i64,
) -> Result<(String, String)> {
    let org = &actor.org.id;
    let back = format!("{}/orgs/{}/billing", app.config.base_url(), actor.org.slug);
    let number = attempt.to_string();
    let (done, cancelled) = (format!("{back}/paid"), format!("{back}/not-paid"));
    let fields = [
        ("mode", "subscription"),
        ("customer", customer),
        ("line_items[0][price]", price),
        ("line_items[0][quantity]", "1"),
        ("client_reference_id", org.as_str()),
        ("metadata[roster_attempt]", &number),
        (
            "subscription_data[metadata][roster_organization]",
            org.as_str(),
        ),
        ("success_url", &done),
        ("cancel_url", &cancelled),
    ];
    // Stripe refuses the same key with other fields, and a slug may change.
    let once = format!(
        "roster-checkout-{org}-{attempt}-{}",
        &secret::hash(&back)[..8]
    );
    let session = stripe.post("/v1/checkout/sessions", &fields, &once).await?;
    let id = session["id"].as_str().ok_or(Failure::Refused)?;
    Ok((id.to_owned(), leads(app, &session)?))
}

/// Opens Stripe's portal: payment methods, invoices, changing and ending the subscription. Refuses who neither owns the
/// organization nor has the billing role (S1-93), and where nothing was ever begun at Stripe. Changes nothing by itself.
pub async fn open_portal(app: &App, actor: &Actor) -> Result<Going> {
    access::require(actor.role, Permission::ManageBilling)?;
    actor.person.require_write()?;
    let stripe = Client::new(app).ok_or_else(super::not_set_up)?;
    let mut tx = app.db.read().await?;
    let row = queries::standing(&mut tx, &actor.org.id)
        .await?
        .unwrap_or_default();
    drop(tx);
    let customer = row.stripe_customer_id.ok_or_else(|| {
        Refusal::conflict("nothing_at_stripe", "There is nothing to manage yet: this organization never began to pay. Choose a plan first.")
    })?;
    portal(app, actor, &stripe, &customer).await
}

async fn portal(app: &App, actor: &Actor, stripe: &Client<'_>, customer: &str) -> Result<Going> {
    let back = format!(
        "{}/orgs/{}/billing/managed",
        app.config.base_url(),
        actor.org.slug
    );
    // Each visit has its own page, which works once.
    let once = format!("roster-portal-{}", secret::random_token());
    let session = stripe
        .post(
            "/v1/billing_portal/sessions",
            &[("customer", customer), ("return_url", &back)],
            &once,
        )
        .await?;
    Ok(Going::Portal(leads(app, &session)?))
}

/// The address in an answer of Stripe's, if a browser may be sent there.
fn leads(app: &App, session: &Value) -> Result<String> {
    let url = session["url"].as_str().unwrap_or_default();
    if may_lead_to(app, url) {
        return Ok(url.to_owned());
    }
    tracing::error!("Stripe gave an address that no browser should be sent to");
    Err(Failure::Refused.into())
}

/// Somebody came back from Stripe: reads at once what is true. Refuses who may not see billing.
pub async fn come_back(app: &App, actor: &Actor) -> Result<Status> {
    access::require(actor.role, Permission::ManageBilling)?;
    Ok(read_now(app, &actor.org.id, None).await?.status)
}
