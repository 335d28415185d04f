//! `/orgs/{org}/billing`: the plan, what is used of it, and where mail about it goes; and the slots of shared pools.

pub(in crate::web) mod limits;
mod slots;

pub use slots::{leases, leases_now, release};

use super::error::PageError;
use super::input::Form;
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::actor::Actor;
use crate::app::App;
use crate::billing::{self, Account, Contact, Status, limit_label};
use crate::error::Refusal;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use limits::{Meter, Offer, entitlement_label, entitlements, offer};
use serde::Deserialize;
use slots::Slots;

type PageResult = Result<Response, PageError>;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ContactForm {
    email: String,
    name: String,
    address: String,
}

#[derive(Template)]
#[template(path = "billing/index.html")]
struct Index {
    shell: Shell,
    org_name: String,
    slug: String,
    base: String,
    account: Account,
    /// Plans are paid at Stripe here.
    pays_here: bool,
    /// Of what the account stands for: `good`, `wait`, `bad` or "".
    tone: &'static str,
    /// What happens next, and when.
    ahead: Vec<(&'static str, When)>,
    meters: Vec<Meter>,
    slots: Slots,
    limit_labels: Vec<String>,
    entitlement_labels: Vec<String>,
    offers: Vec<Offer>,
    form: ContactForm,
    email_error: String,
    name_error: String,
    address_error: String,
}

async fn draw(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    form: Option<ContactForm>,
    refusal: Option<&Refusal>,
) -> Result<Index, Refusal> {
    let account = billing::account(app, actor).await?;
    let used = billing::used(app, actor).await?;
    let pools = billing::leases_in_use(app, actor).await?;
    let said = |field| {
        refusal
            .map(|r| r.message_for(field).to_owned())
            .unwrap_or_default()
    };
    let offers = app
        .plans
        .all()
        .iter()
        .map(|plan| offer(app, plan, &account.plan, &used))
        .collect();
    let form = form.unwrap_or_else(|| ContactForm {
        email: account.email.clone(),
        name: account.name.clone(),
        address: account.address.clone(),
    });
    Ok(Index {
        shell: Shell::org(visitor, actor, "Billing", "Billing"),
        org_name: actor.org.name.clone(),
        slug: actor.org.slug.clone(),
        base: format!("/orgs/{}", actor.org.slug),
        tone: match account.status {
            Status::Active | Status::Trial => "good",
            Status::PastDue | Status::Disputed => "bad",
            Status::Cancelling => "wait",
            Status::None | Status::Cancelled => "",
        },
        ahead: ahead(&account, app.now()),
        pays_here: app.config.stripe_api_key.is_some(),
        account,
        meters: Meter::all(used, &pools, visitor.now),
        slots: Slots::new(actor, pools, visitor.now, None),
        limit_labels: app
            .plans
            .limit_names()
            .into_iter()
            .map(limit_label)
            .collect(),
        entitlement_labels: entitlements(app)
            .iter()
            .map(|name| entitlement_label(name))
            .collect(),
        offers,
        form,
        email_error: said("email"),
        name_error: said("name"),
        address_error: said("address"),
    })
}

/// The days that matter, each with what happens on it.
fn ahead(account: &Account, now: i64) -> Vec<(&'static str, When)> {
    let renewal = match account.status {
        Status::Active | Status::Trial => "Renews",
        Status::Cancelling => "Ends",
        _ => "Paid until",
    };
    let days = [
        (
            "Trial ends",
            account
                .trial_end
                .filter(|_| account.status == Status::Trial),
        ),
        (
            renewal,
            account
                .period_end
                .filter(|_| account.status != Status::None),
        ),
        (
            "Payment possible until",
            account
                .grace_end
                .filter(|_| account.status == Status::PastDue),
        ),
        (
            "Plan changes back",
            account.plan_until.filter(|until| *until > now),
        ),
    ];
    days.into_iter()
        .filter_map(|(label, at)| Some((label, When::day(at?))))
        .collect()
}

/// `GET /orgs/{org}/billing`: for owners and the billing role; everybody else reads who can (S1-93, S3-5).
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    Ok(page::ok(&draw(&app, &actor, &visitor, None, None).await?))
}

/// `POST /orgs/{org}/billing`
pub async fn change(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<ContactForm>,
) -> PageResult {
    let wanted = Contact {
        email: form.email.clone(),
        name: form.name.clone(),
        address: form.address.clone(),
    };
    match billing::change_contact(&app, &actor, &wanted).await {
        Ok(_) => Ok(see_other(
            format!("/orgs/{}/billing", actor.org.slug),
            Some(Notice::good("Billing address saved.", "")),
        )),
        Err(refusal @ Refusal::Invalid(_)) => Ok(page::invalid(
            &draw(&app, &actor, &visitor, Some(form), Some(&refusal)).await?,
        )),
        Err(refusal) => Err(refusal.into()),
    }
}
