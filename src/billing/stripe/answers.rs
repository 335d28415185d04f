//! What is read of Stripe's answers. What else they hold is not looked at.

use super::client::{Client, Failure};
use super::standing::Payment;
use crate::clock::{Micros, SECOND};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Reverse;

/// Invoices that are kept to be shown, and payments that are looked at.
const KEPT: &str = "24";

/// Everything that is read of one customer, as of one moment.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub subscriptions: Vec<Subscription>,
    pub invoices: Vec<Invoice>,
    pub payment: Payment,
    /// A dispute is open about one of the last payments.
    pub disputed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subscription {
    pub id: String,
    /// Stripe's word.
    pub status: String,
    pub price: Option<String>,
    pub period_end: Option<Micros>,
    /// When it ends by itself.
    pub cancel_at: Option<Micros>,
    pub trial_end: Option<Micros>,
    pub ended_at: Option<Micros>,
    pub created: Micros,
}

/// An invoice, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub id: String,
    /// Its number on paper; "" before it has one.
    pub number: String,
    pub created_at: Micros,
    /// In the currency's smallest unit.
    pub total: i64,
    /// Three letters, small.
    pub currency: String,
    /// Stripe's word: draft, open, paid, uncollectible, void.
    pub status: String,
    /// Where it can be seen and paid: always an https address, or on this machine's own stand-in; "" for nowhere.
    pub url: String,
}

fn time(value: &Value) -> Option<Micros> {
    value.as_i64()?.checked_mul(SECOND)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(500)
        .collect()
}

/// An object's id, where Stripe gives it alone or with the whole object.
pub(super) fn id_of(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value["id"].as_str())
        .filter(|id| !id.is_empty())
}

impl Subscription {
    fn new(value: &Value) -> Option<Self> {
        let item = &value["items"]["data"][0];
        // Each item has its own period since 2025-03-31; before, the subscription had it.
        let period_end =
            time(&item["current_period_end"]).or_else(|| time(&value["current_period_end"]));
        let at_period_end = value["cancel_at_period_end"] == Value::Bool(true);
        Some(Self {
            id: value["id"].as_str()?.to_owned(),
            status: value["status"].as_str()?.to_owned(),
            price: id_of(&item["price"])
                .or_else(|| id_of(&item["plan"]))
                .map(str::to_owned),
            period_end,
            cancel_at: time(&value["cancel_at"]).or(period_end.filter(|_| at_period_end)),
            trial_end: time(&value["trial_end"]),
            ended_at: time(&value["ended_at"]).or_else(|| time(&value["canceled_at"])),
            created: time(&value["created"])?,
        })
    }
}

impl Invoice {
    fn new(value: &Value, shows: impl Fn(&str) -> bool) -> Option<Self> {
        let url = text(&value["hosted_invoice_url"]);
        Some(Self {
            id: value["id"].as_str()?.to_owned(),
            number: text(&value["number"]),
            created_at: time(&value["created"])?,
            total: value["total"].as_i64()?,
            currency: text(&value["currency"]),
            status: text(&value["status"]),
            url: if shows(&url) { url } else { String::new() },
        })
    }

    /// `EUR 49.00`. A few currencies have no smaller unit, as Stripe's list says.
    pub fn amount(&self) -> String {
        const WHOLE: [&str; 16] = [
            "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
            "vuv", "xaf", "xof", "xpf",
        ];
        let currency = self.currency.to_uppercase();
        if WHOLE.contains(&self.currency.as_str()) {
            return format!("{currency} {}", self.total);
        }
        let sign = if self.total < 0 { "−" } else { "" };
        let total = self.total.unsigned_abs();
        format!("{currency} {sign}{}.{:02}", total / 100, total % 100)
    }
}

/// Reads everything about a customer as it is now. A customer who is gone at Stripe has nothing there.
pub(super) async fn read(
    stripe: &Client<'_>,
    customer: &str,
    shows: impl Fn(&str) -> bool,
) -> Result<Read, Failure> {
    let of = [("customer", customer), ("limit", KEPT)];
    let every = [("customer", customer), ("status", "all"), ("limit", "100")];
    let asked = futures::try_join!(
        stripe.list("/v1/subscriptions", &every),
        stripe.list("/v1/invoices", &of),
        stripe.list("/v1/charges", &of)
    );
    let (subscriptions, invoices, charges) = match asked {
        Err(Failure::Missing) => return Ok(Read::default()),
        asked => asked?,
    };
    let mut read = Read {
        subscriptions: subscriptions.iter().filter_map(Subscription::new).collect(),
        invoices: invoices
            .iter()
            .filter_map(|invoice| Invoice::new(invoice, &shows))
            .collect(),
        ..Read::default()
    };
    let paid = charges
        .iter()
        .filter(|charge| charge["status"] == "succeeded");
    let newest = paid.min_by_key(|charge| Reverse(charge["created"].as_i64()));
    if newest.is_some_and(|charge| charge["refunded"] == Value::Bool(true)) {
        read.payment = Payment::Refunded;
    }
    for charge in charges
        .iter()
        .filter(|charge| charge["disputed"] == Value::Bool(true))
    {
        let Some(id) = charge["id"].as_str() else {
            continue;
        };
        for dispute in stripe.list("/v1/disputes", &[("charge", id)]).await? {
            match dispute["status"].as_str() {
                Some(
                    "needs_response"
                    | "under_review"
                    | "warning_needs_response"
                    | "warning_under_review",
                ) => read.disputed = true,
                Some("lost") if newest.is_some_and(|newest| newest["id"] == charge["id"]) => {
                    read.payment = Payment::TakenBack
                }
                _ => {}
            }
        }
    }
    Ok(read)
}
