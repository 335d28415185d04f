//! The pages that people see at Stripe: Checkout, where the button pays, and the portal, where a subscription is ended, gone on
//! with, and a failed payment made.

use super::{PRICES, Stripe, invoice};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Stripe> {
    Router::new()
        .route("/c/pay/{session}", get(checkout).post(pay))
        .route("/p/session/{session}", get(portal))
        .route("/p/session/{session}/{change}", post(manage))
        .route("/i/{invoice}", get(show_invoice))
}

fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

fn gone() -> Response {
    (
        StatusCode::NOT_FOUND,
        Html("<main>This page has expired.</main>"),
    )
        .into_response()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn open(stripe: &Stripe, kind: &str, id: &str) -> Option<Value> {
    let found = stripe.store().find(kind, id).cloned()?;
    (kind != "checkout.session" || found["status"] == "open").then_some(found)
}

async fn checkout(State(stripe): State<Stripe>, Path(session): Path<String>) -> Response {
    let Some(session) = open(&stripe, "checkout.session", &session) else {
        return gone();
    };
    let (price, back) = (
        text(&session["price_of_the_tests"]),
        text(&session["cancel_url"]),
    );
    Html(format!("<main><h1>Subscribe to {price}</h1><form method=post><button>Pay</button></form><a href=\"{back}\">Back</a></main>"))
        .into_response()
}

/// The card is good: a subscription with its first invoice, paid; and events of all of it.
async fn pay(State(stripe): State<Stripe>, Path(session): Path<String>) -> Response {
    let Some(session) = open(&stripe, "checkout.session", &session) else {
        return gone();
    };
    let (customer, price, now, base) = (
        text(&session["customer"]),
        text(&session["price_of_the_tests"]),
        stripe.seconds(),
        stripe.url(),
    );
    let (_, amount, every) = PRICES
        .into_iter()
        .find(|(id, _, _)| *id == price)
        .expect("a price");
    let days = if every == "year" { 365 } else { 30 };
    let mut store = stripe.store();
    let subscription = json!({
        "id": store.issue("sub"), "object": "subscription", "created": now, "customer": customer, "status": "active", "currency": "eur",
        "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null, "ended_at": null, "trial_end": null,
        "items": { "object": "list", "data": [{
            "id": store.issue("si"), "object": "subscription_item", "quantity": 1,
            "current_period_start": now, "current_period_end": now + days * 86_400,
            "price": { "id": price, "object": "price", "unit_amount": amount, "currency": "eur", "recurring": { "interval": every } },
        }] },
    });
    store.objects.push(subscription.clone());
    let invoice = invoice(&mut store, &base, &customer, amount, "paid", now);
    let charge = json!({
        "id": store.issue("ch"), "object": "charge", "created": now, "customer": customer, "amount": amount, "amount_refunded": 0,
        "currency": "eur", "refunded": false, "disputed": false, "status": "succeeded", "paid": true,
    });
    store.objects.push(charge.clone());
    let paid = store
        .find("checkout.session", session["id"].as_str().expect("an id"))
        .expect("it is there");
    (paid["status"], paid["payment_status"], paid["subscription"]) =
        ("complete".into(), "paid".into(), subscription["id"].clone());
    let paid = paid.clone();
    store.happens("charge.succeeded", &charge, now);
    store.happens("customer.subscription.created", &subscription, now);
    store.happens("invoice.paid", &invoice, now);
    store.happens("checkout.session.completed", &paid, now);
    see(&text(&session["success_url"]))
}

async fn portal(State(stripe): State<Stripe>, Path(session): Path<String>) -> Response {
    let Some(session) = open(&stripe, "billing_portal.session", &session) else {
        return gone();
    };
    let back = text(&session["return_url"]);
    let buttons: String = ["stop", "go-on", "pay"]
        .map(|change| format!("<form method=post action=\"/p/session/{}/{change}\"><button>{change}</button></form>", text(&session["id"])))
        .concat();
    Html(format!(
        "<main><h1>Your subscription</h1>{buttons}<a href=\"{back}\">Back</a></main>"
    ))
    .into_response()
}

async fn manage(
    State(stripe): State<Stripe>,
    Path((session, change)): Path<(String, String)>,
) -> Response {
    let Some(session) = open(&stripe, "billing_portal.session", &session) else {
        return gone();
    };
    let customer = text(&session["customer"]);
    let stops = |subscription: &mut Value, at_end: bool| {
        let end = if at_end {
            subscription["items"]["data"][0]["current_period_end"].clone()
        } else {
            Value::Null
        };
        (
            subscription["cancel_at"],
            subscription["cancel_at_period_end"],
        ) = (end, at_end.into());
    };
    stripe.change(
        &customer,
        "customer.subscription.updated",
        |subscription| match change.as_str() {
            "stop" => stops(subscription, true),
            "go-on" => stops(subscription, false),
            _ => subscription["status"] = "active".into(),
        },
    );
    if change == "pay" {
        for invoice in stripe
            .store()
            .objects
            .iter_mut()
            .filter(|one| one["object"] == "invoice" && one["customer"] == *customer)
        {
            invoice["status"] = "paid".into();
        }
    }
    see(&text(&session["return_url"]))
}

async fn show_invoice(Path(invoice): Path<String>) -> Html<String> {
    Html(format!("<main><h1>Invoice {invoice}</h1></main>"))
}
