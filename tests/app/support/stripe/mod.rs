//! A stand-in for Stripe over real HTTP: the thirteen calls that Roster makes, with the answers that Stripe's reference
//! documents for its API version 2025-03-31.basil; the pages of Checkout and of the portal, where people pay, stop and go on;
//! and events, signed as Stripe signs them, which a test sends when, in which order, and as often as it likes.
//!
//! Stricter than Stripe in one thing: it wants an `Idempotency-Key` with every POST.

#![allow(
    dead_code,
    reason = "two test binaries use it, and neither uses all of it"
)]

mod api;
mod pages;

use super::tls::tls;
use axum::Router;
use hmac::{Hmac, KeyInit, Mac};
use roster::clock::{Clock, SECOND};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const KEY: &str = "sk_test_of_the_tests_0123456789";
pub const WEBHOOK_SECRET: &str = "whsec_of_the_tests_0123456789";

/// The prices that `plans.toml` names, and one that no plan has.
const PRICES: [(&str, i64, &str); 4] = [
    ("price_team_month", 4900, "month"),
    ("price_team_year", 49000, "year"),
    ("price_enterprise_month", 19900, "month"),
    ("price_of_no_plan", 100, "month"),
];

/// How Stripe answers the server from now on; its pages always work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Ok,
    /// 500 with something that is not JSON.
    Refuse500,
    /// Answers when the mode is changed.
    Slow,
    /// 429, as Stripe limits.
    RateLimited,
    /// 401: somebody revoked the key.
    KeyRevoked,
}

/// A call that Roster made.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `POST /v1/customers`
    pub what: String,
    pub fields: Vec<(String, String)>,
    pub idempotency_key: String,
}

#[derive(Clone)]
pub struct Stripe {
    port: u16,
    mode: watch::Sender<Mode>,
    state: Arc<Mutex<Store>>,
    clock: Arc<Mutex<Clock>>,
    http: reqwest::Client,
}

#[derive(Default)]
struct Store {
    /// Everything that has an id, oldest first.
    objects: Vec<Value>,
    /// Answers by idempotency key, with what was asked.
    answered: HashMap<String, (String, u16, Value)>,
    seen: Vec<Seen>,
    events: Vec<Event>,
    issued: u64,
}

/// An event that happened and was not sent yet.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: String,
    pub body: String,
}

impl Store {
    fn issue(&mut self, prefix: &str) -> String {
        self.issued += 1;
        format!("{prefix}_{:016}", self.issued)
    }

    fn find(&mut self, kind: &str, id: &str) -> Option<&mut Value> {
        self.objects
            .iter_mut()
            .find(|one| one["object"] == kind && one["id"] == id)
    }

    /// Those of a customer, newest first.
    fn of(&self, kind: &str, customer: &str) -> Vec<Value> {
        let fits = |one: &&Value| one["object"] == kind && one["customer"] == customer;
        self.objects.iter().rev().filter(fits).cloned().collect()
    }

    fn happens(&mut self, kind: &str, object: &Value, at: i64) {
        let id = self.issue("evt");
        let body = json!({
            "id": id, "object": "event", "api_version": "2025-03-31.basil", "created": at, "livemode": false,
            "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": kind, "data": { "object": object },
        });
        self.events.push(Event {
            kind: kind.to_owned(),
            body: body.to_string(),
        });
    }
}

impl Stripe {
    /// Starts the server on a free port; it ends with the test's runtime.
    pub async fn start() -> Stripe {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .build()
            .expect("a client");
        let stripe = Stripe {
            port,
            mode: watch::Sender::new(Mode::Ok),
            state: Arc::default(),
            clock: Arc::default(),
            http,
        };
        let router = Router::new()
            .merge(api::routes(&stripe))
            .merge(pages::routes())
            .with_state(stripe.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stripe
    }

    /// Flags that lead a Roster here.
    pub fn flags(&self) -> [(&'static str, String); 3] {
        [
            ("--stripe-api-key", KEY.to_owned()),
            ("--stripe-webhook-secret", WEBHOOK_SECRET.to_owned()),
            ("--stripe-api-url", self.url()),
        ]
    }

    /// Has the time of this clock from now on.
    pub fn keep_time(&self, clock: &Clock) {
        *self.clock.lock().expect("no test panicked here") = clock.clone();
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn fail(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// What Roster asked for so far: all of it, or the calls that begin like this.
    pub fn seen(&self, start: &str) -> Vec<Seen> {
        self.store()
            .seen
            .iter()
            .filter(|seen| seen.what.starts_with(start))
            .cloned()
            .collect()
    }

    /// The customer that was made last.
    pub fn customer(&self) -> String {
        let store = self.store();
        let customer = store
            .objects
            .iter()
            .rev()
            .find(|one| one["object"] == "customer")
            .expect("a customer was made");
        customer["id"].as_str().expect("an id").to_owned()
    }

    /// What stands at a customer.
    pub fn said_of(&self, customer: &str) -> Value {
        self.store()
            .find("customer", customer)
            .expect("a customer")
            .clone()
    }

    /// Everything of a kind that a customer has, newest first.
    pub fn of(&self, kind: &str, customer: &str) -> Vec<Value> {
        self.store().of(kind, customer)
    }

    fn now(&self) -> i64 {
        self.clock.lock().expect("no test panicked here").now() / SECOND
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.state.lock().expect("no test panicked here")
    }

    /// Changes the customer's newest subscription, and tells of it.
    pub fn change(&self, customer: &str, kind: &str, change: impl FnOnce(&mut Value)) {
        let now = self.now();
        let mut store = self.store();
        let newest = store
            .objects
            .iter_mut()
            .rev()
            .find(|one| one["object"] == "subscription" && one["customer"] == customer);
        let subscription = newest.expect("a subscription");
        change(subscription);
        let subscription = subscription.clone();
        store.happens(kind, &subscription, now);
    }

    /// The next payment of the customer's subscription fails.
    pub fn payment_fails(&self, customer: &str) {
        self.change(customer, "customer.subscription.updated", |subscription| {
            subscription["status"] = "past_due".into()
        });
        let now = self.now();
        let mut store = self.store();
        let invoice = invoice(&mut store, &self.url(), customer, 4900, "open", now);
        store.happens("invoice.payment_failed", &invoice, now);
    }

    /// The customer's subscription ends at once.
    pub fn end(&self, customer: &str) {
        let now = self.now();
        self.change(customer, "customer.subscription.deleted", |subscription| {
            subscription["status"] = "canceled".into();
            subscription["ended_at"] = now.into();
        });
    }

    /// The customer's newest payment is given back.
    pub fn refund(&self, customer: &str) {
        let now = self.now();
        let mut store = self.store();
        let charge = store.of("charge", customer).remove(0);
        let charge = store
            .find("charge", charge["id"].as_str().expect("an id"))
            .expect("a charge");
        charge["refunded"] = true.into();
        charge["amount_refunded"] = charge["amount"].clone();
        let charge = charge.clone();
        store.happens("charge.refunded", &charge, now);
    }

    /// The bank of the customer disputes the newest payment, or decides about it: `needs_response`, `won`, `lost`.
    pub fn dispute(&self, customer: &str, status: &str) {
        let now = self.now();
        let mut store = self.store();
        let charge = store.of("charge", customer).remove(0);
        let id = charge["id"].as_str().expect("an id").to_owned();
        store.find("charge", &id).expect("a charge")["disputed"] = true.into();
        let known = store
            .objects
            .iter_mut()
            .find(|one| one["object"] == "dispute" && one["charge"] == *id);
        let (kind, dispute) = match known {
            Some(dispute) => {
                dispute["status"] = status.into();
                ("charge.dispute.closed", dispute.clone())
            }
            None => {
                let dispute = json!({
                    "id": store.issue("du"), "object": "dispute", "amount": charge["amount"], "charge": id, "created": now,
                    "currency": "eur", "payment_intent": null, "reason": "general", "status": status,
                });
                store.objects.push(dispute.clone());
                ("charge.dispute.created", dispute)
            }
        };
        store.happens(kind, &dispute, now);
    }

    /// What happened since the last time, oldest first.
    pub fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.store().events)
    }

    /// Sends everything that happened, in its order. Each must be taken.
    pub async fn deliver_to(&self, url: &str) {
        for event in self.events() {
            let (status, answer) = self.send_to(url, &event.body).await;
            assert_eq!(status, 200, "{}: {answer}", event.kind);
        }
    }

    /// Sends an event, signed now, to whatever listens at an address. Gives status and answer.
    pub async fn send_to(&self, url: &str, body: &str) -> (u16, String) {
        self.try_to(url, body).await.expect("Roster answers")
    }

    /// `None`: nobody answered.
    pub async fn try_to(&self, url: &str, body: &str) -> Option<(u16, String)> {
        self.post(url, body, &signature(self.now(), body, WEBHOOK_SECRET))
            .await
            .ok()
    }

    /// Sends an event with any signature; "" for none.
    pub async fn post(
        &self,
        url: &str,
        body: &str,
        signature: &str,
    ) -> reqwest::Result<(u16, String)> {
        let mut request = self
            .http
            .post(format!("{url}/stripe/webhook"))
            .body(body.to_owned());
        request = request
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "Stripe/1.0");
        if !signature.is_empty() {
            request = request.header("stripe-signature", signature);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// The seconds of this moment.
    pub fn seconds(&self) -> i64 {
        self.now()
    }
}

/// `t=…,v1=…`
pub fn signature(at: i64, body: &str, secret: &str) -> String {
    format!("t={at},v1={}", hmac(at, body, secret))
}

/// The signature alone.
pub fn hmac(at: i64, body: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Makes an invoice of a customer's.
fn invoice(
    store: &mut Store,
    base: &str,
    customer: &str,
    total: i64,
    status: &str,
    at: i64,
) -> Value {
    let id = store.issue("in");
    let invoice = json!({
        "id": id, "object": "invoice", "created": at, "currency": "eur", "customer": customer,
        "number": format!("ACME-{:04}", store.issued), "status": status, "subtotal": total, "total": total,
        "hosted_invoice_url": format!("{base}/i/{id}"), "invoice_pdf": format!("{base}/i/{id}/pdf"),
    });
    store.objects.push(invoice.clone());
    invoice
}
