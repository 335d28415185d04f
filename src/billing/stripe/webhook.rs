//! Stripe's webhook: events say that something happened to a customer, and never what is true.

use super::answers::id_of;
use super::client::Client;
use super::reading::{Cause, read_now};
use super::{queries, signature};
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::ids::OrgId;
use serde_json::Value;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The customer's state was read and kept.
    Read,
    /// It was answered to before.
    Again,
    /// It is about nobody that Roster knows.
    Unknown,
}

/// Takes an event in: finds the organization by the customer that Roster itself made for it, never by what the event
/// says otherwise (SEC-B4), and reads that customer's state from Stripe, so that neither order nor repetition matters
/// (SEC-B2, SEC-B3). Refuses what Stripe didn't sign, or not now (SEC-B1); where Stripe isn't set up, with "not found".
///
/// The work is done before the answer: what can't be done now is answered with 503, and Stripe repeats it for three days
/// (SEC-B5). Were it put into the outbox, a slow Stripe would keep the mail waiting; and what both should miss, the
/// nightly round finds.
pub async fn receive(app: &App, header: &str, body: &[u8]) -> Result<Received> {
    let secret = app
        .config
        .stripe_webhook_secret
        .as_ref()
        .ok_or(Refusal::NotFound)?;
    signature::check(header, body, secret.reveal(), app.now())?;
    let event: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::Malformed("This event is not JSON.".into()))?;
    let (Some(id), Some(kind)) = (event["id"].as_str(), event["type"].as_str()) else {
        return Err(Refusal::Malformed(
            "This event has no id or no type.".into(),
        ));
    };
    let Some(customer) = customer_of(app, &event["data"]["object"]).await? else {
        tracing::debug!(kind, "an event of Stripe's about no customer");
        return Ok(Received::Unknown);
    };
    let mut tx = app.db.read().await?;
    let org = queries::org_of(&mut tx, &customer).await?;
    let again = queries::has_event(&mut tx, id).await?;
    drop(tx);
    let Some(org) = org.map(OrgId::from) else {
        tracing::info!(
            kind,
            id,
            "an event of Stripe's about a customer of somebody else"
        );
        return Ok(Received::Unknown);
    };
    if again {
        return Ok(Received::Again);
    }
    match read_now(app, &org, Some(Cause { id, kind })).await {
        Ok(_) => Ok(Received::Read),
        // The organization was deleted meanwhile.
        Err(Refusal::NotFound) => Ok(Received::Unknown),
        Err(refusal) => Err(refusal),
    }
}

/// Whom an event is about. A dispute names only the payment, so that one is asked for.
async fn customer_of(app: &App, object: &Value) -> Result<Option<String>> {
    let kind = object["object"].as_str().unwrap_or_default();
    let customer = if kind == "customer" {
        &object["id"]
    } else {
        &object["customer"]
    };
    if let Some(customer) = id_of(customer) {
        return Ok(Some(customer.to_owned()));
    }
    let (Some(charge), Some(stripe)) = (
        id_of(&object["charge"]).filter(|_| kind == "dispute"),
        Client::new(app),
    ) else {
        return Ok(None);
    };
    let plain = charge
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !plain {
        return Ok(None);
    }
    match stripe.get(&format!("/v1/charges/{charge}"), &[]).await {
        Ok(charge) => Ok(id_of(&charge["customer"]).map(str::to_owned)),
        Err(super::client::Failure::Missing) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
