//! Stripe's webhook, and the ways to Stripe and back.

use super::error::PageError;
use super::input::Form;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::actor::Actor;
use crate::app::App;
use crate::app::CONTENT_SECURITY_POLICY;
use crate::billing::stripe::{self, Invoice, Payment, Period, Received, View};
use crate::billing::{self, Account, Status};
use crate::clock::{self, Micros};
use crate::error::Refusal;
use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

type PageResult = Result<Response, PageError>;

/// Bytes that an event may have. Stripe names no limit; the largest, of an invoice with many lines, are a tenth of this.
pub const EVENT_LIMIT: usize = 512 * 1024;

/// `POST /stripe/webhook`: no session and no form; the signature says who it is from. The answer is for Stripe, which
/// shows it to the operator: 200 for what needs no repeating, 400 for what will never be right, 503 for later.
pub async fn webhook(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let mut signatures = headers.get_all("stripe-signature").iter();
    let signature = match (
        signatures.next().and_then(|value| value.to_str().ok()),
        signatures.next(),
    ) {
        (Some(signature), None) => signature,
        _ => "",
    };
    match stripe::receive(&app, signature, &body).await {
        Ok(received) => {
            let word = match received {
                Received::Read => "read",
                Received::Again => "again",
                Received::Unknown => "not ours",
            };
            axum::Json(json!({ "received": word })).into_response()
        }
        Err(refusal) => {
            let says = match &refusal {
                Refusal::NotFound => "Stripe isn't set up here.".to_owned(),
                Refusal::Internal(error) => {
                    tracing::error!(error = format!("{error:#}"), "an event of Stripe's failed");
                    "This failed here. The log says why.".to_owned()
                }
                other => other.to_string(),
            };
            let status =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(json!({ "error": says }))).into_response()
        }
    }
}

/// A plan that can be paid for, with how often.
struct Offer {
    id: String,
    label: String,
    about: String,
    /// The form's word, and the button's.
    periods: Vec<(&'static str, &'static str)>,
}

struct Line {
    number: String,
    url: String,
    exact: String,
    day: String,
    amount: String,
    state: String,
    tone: &'static str,
}

impl From<&Invoice> for Line {
    fn from(invoice: &Invoice) -> Self {
        let (tone, state) = match invoice.status.as_str() {
            "paid" => ("good", "Paid".to_owned()),
            "open" => ("wait", "To pay".to_owned()),
            "uncollectible" => ("bad", "Not paid".to_owned()),
            "void" => ("", "Void".to_owned()),
            other => ("", other.to_owned()),
        };
        Self {
            number: if invoice.number.is_empty() {
                "Without a number".to_owned()
            } else {
                invoice.number.clone()
            },
            url: invoice.url.clone(),
            exact: clock::rfc3339(invoice.created_at),
            day: clock::day(invoice.created_at),
            amount: invoice.amount(),
            state,
            tone,
        }
    }
}

#[derive(Template)]
#[template(path = "stripe/payments.html")]
struct Payments {
    shell: Shell,
    base: String,
    org_name: String,
    view: View,
    /// When it was read: exactly, and in words.
    read: Option<(String, String)>,
    plan: String,
    status: &'static str,
    tone: &'static str,
    payment: &'static str,
    /// What somebody who can pay does now; "" for nothing.
    todo: &'static str,
    every: String,
    /// Label, exact value, words.
    dates: Vec<(&'static str, String, String)>,
    offers: Vec<Offer>,
    invoices: Vec<Line>,
}

/// `GET /orgs/{org}/billing/payments` (S3-50): state, ways to Stripe, invoices. It shows what is known, and how old that is,
/// when Stripe can't be reached.
pub async fn payments(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let view = stripe::look(&app, &actor).await?;
    let account = billing::account(&app, &actor).await?;
    let mut response = page::ok(&draw(&app, &visitor, &actor, view, &account));
    // Chromium follows a form to another site only where the policy of the page names it (security.md, T21). Stripe's pages may
    // have an address of the operator's own, so any by https; and where the tests' Stripe is.
    let also = match app.config.stripe_api_url.scheme() {
        "https" => String::new(),
        _ => format!(
            " {}",
            app.config.stripe_api_url.origin().ascii_serialization()
        ),
    };
    let policy = CONTENT_SECURITY_POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' https:{also}"),
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn draw(app: &App, visitor: &Visitor, actor: &Actor, view: View, account: &Account) -> Payments {
    let offers = app
        .plans
        .all()
        .iter()
        .filter(|plan| plan.has_price())
        .map(|plan| Offer {
            id: plan.id.clone(),
            label: plan.name.clone(),
            about: plan.about.clone(),
            periods: [
                ("month", "Pay monthly", plan.monthly.is_some()),
                ("year", "Pay yearly", plan.yearly.is_some()),
            ]
            .into_iter()
            .filter_map(|(period, words, there)| there.then_some((period, words)))
            .collect(),
        });
    let tone = match account.status {
        Status::Trial | Status::Active => "good",
        Status::PastDue | Status::Disputed => "bad",
        Status::Cancelling => "wait",
        Status::None | Status::Cancelled => "",
    };
    Payments {
        shell: Shell::org(visitor, actor, "Billing", "Payments"),
        base: format!("/orgs/{}/billing", actor.org.slug),
        org_name: actor.org.name.clone(),
        read: view
            .read_at
            .map(|at| (clock::rfc3339(at), clock::minute(at))),
        plan: account.plan.name.clone(),
        status: account.status.label(),
        tone,
        payment: match view.payment {
            Payment::Fine => "",
            Payment::Refunded => "Last payment refunded",
            Payment::TakenBack => "Last payment taken back by the bank",
        },
        todo: match account.status {
            Status::PastDue => {
                "What to do: choose “Manage payment and invoices”, and pay there or name another way to pay. Until the time to pay is \
                 over, everything goes on as it is. Nothing is deleted afterwards either."
            }
            Status::Disputed => {
                "What to do: if the dispute is a mistake, ask the bank to take it back. Everything goes on as it is while the bank \
                 decides, and nothing is deleted however it decides."
            }
            _ => "",
        },
        every: account.billed_every.clone(),
        dates: dates(account),
        offers: offers.collect(),
        invoices: view.invoices.iter().map(Line::from).collect(),
        view,
    }
}

/// The days that matter, by what they mean in this state.
fn dates(account: &Account) -> Vec<(&'static str, String, String)> {
    let line = |label: &'static str, at: Option<Micros>| {
        at.map(|at| (label, clock::rfc3339(at), clock::day(at)))
    };
    let period = match account.status {
        Status::Cancelling => "Ends on",
        Status::Cancelled => "Ended on",
        _ => "Next payment",
    };
    // While a payment is missing, what Stripe calls the period is the one that isn't paid.
    let period = line(
        period,
        account
            .period_end
            .filter(|_| account.status != Status::PastDue),
    );
    let lines = [
        line("Trial until", account.trial_end),
        period,
        line("Time to pay until", account.grace_end),
    ];
    lines.into_iter().flatten().collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    plan: String,
    /// `month` or `year`
    every: String,
}

/// `POST /orgs/{org}/billing/checkout` (S2-50, S3-50)
pub async fn checkout(
    State(app): State<App>,
    Member { actor, .. }: Member,
    Form(wish): Form<Wish>,
) -> PageResult {
    match stripe::begin_checkout(&app, &actor, &wish.plan, Period::parse(&wish.every)).await {
        Ok(going) => Ok(Redirect::to(going.url()).into_response()),
        Err(refusal) => not_gone(&actor, refusal),
    }
}

/// `POST /orgs/{org}/billing/portal` (S1-93, S3-50)
pub async fn portal(State(app): State<App>, Member { actor, .. }: Member) -> PageResult {
    match stripe::open_portal(&app, &actor).await {
        Ok(going) => Ok(Redirect::to(going.url()).into_response()),
        Err(refusal) => not_gone(&actor, refusal),
    }
}

/// Who couldn't go to Stripe now stays on the page and reads why; who may not, or asks for what isn't there, is refused.
fn not_gone(actor: &Actor, refusal: Refusal) -> PageResult {
    match &refusal {
        Refusal::Unavailable(_) | Refusal::Conflict(_) => back(
            actor,
            Notice::bad("You are still here.", refusal.to_string()),
        ),
        _ => Err(refusal.into()),
    }
}

fn back(actor: &Actor, notice: Notice) -> PageResult {
    Ok(see_other(
        format!("/orgs/{}/billing/payments", actor.org.slug),
        Some(notice),
    ))
}

/// `GET /orgs/{org}/billing/paid`: back from Checkout. What is so now is asked of Stripe, not of the address.
pub async fn paid(State(app): State<App>, Member { actor, .. }: Member) -> PageResult {
    let notice = match stripe::come_back(&app, &actor).await {
        Ok(Status::Active | Status::Trial | Status::Cancelling) => Notice::good(
            "Thank you.",
            format!(
                "{} has what it pays for from now on, everybody in it alike.",
                actor.org.name
            ),
        ),
        Ok(_) => not_yet(
            "Stripe hasn't confirmed the payment yet. This page changes by itself when it has; that can take some minutes.",
        ),
        Err(Refusal::Unavailable(_)) => not_yet(
            "Stripe can't be asked now whether the payment arrived. Roster asks again by itself.",
        ),
        Err(refusal) => return Err(refusal.into()),
    };
    back(&actor, notice)
}

fn not_yet(text: &str) -> Notice {
    Notice {
        tone: "wait".into(),
        title: "One moment.".into(),
        text: text.into(),
        action: None,
    }
}

/// `GET /orgs/{org}/billing/not-paid`: back from Checkout without paying.
pub async fn not_paid(Member { actor, .. }: Member) -> PageResult {
    crate::access::require(actor.role, crate::access::Permission::ManageBilling)?;
    back(
        &actor,
        Notice::bad("You left Stripe without paying.", "Nothing was changed."),
    )
}

/// `GET /orgs/{org}/billing/managed`: back from the portal, where anything may have been changed.
pub async fn managed(State(app): State<App>, Member { actor, .. }: Member) -> PageResult {
    match stripe::come_back(&app, &actor).await {
        // The page says itself that what it shows is older.
        Ok(_) | Err(Refusal::Unavailable(_)) => Ok(see_other(
            format!("/orgs/{}/billing/payments", actor.org.slug),
            None,
        )),
        Err(refusal) => Err(refusal.into()),
    }
}
