//! What Stripe answers the server.

use super::{KEY, Mode, PRICES, Seen, Store, Stripe};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

pub(super) fn routes(stripe: &Stripe) -> Router<Stripe> {
    Router::new()
        .route("/v1/customers", post(create_customer))
        .route("/v1/customers/{id}", post(update_customer))
        .route(
            "/v1/checkout/sessions",
            post(create_session).get(list_sessions),
        )
        .route("/v1/checkout/sessions/{id}", get(show_session))
        .route("/v1/checkout/sessions/{id}/expire", post(expire_session))
        .route("/v1/billing_portal/sessions", post(create_portal))
        .route("/v1/subscriptions", get(list_subscriptions))
        .route("/v1/subscriptions/{id}", delete(cancel_subscription))
        .route("/v1/invoices", get(list_invoices))
        .route("/v1/charges", get(list_charges))
        .route("/v1/charges/{id}", get(show_charge))
        .route("/v1/disputes", get(list_disputes))
        .route_layer(from_fn_with_state(stripe.clone(), around))
}

type Fields = Vec<(String, String)>;
type Answer = Result<Value, Refused>;

/// Status, code, parameter.
struct Refused(u16, &'static str, &'static str);

fn pairs(text: &[u8]) -> Fields {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value)
}

/// As Stripe does: refuses parameters that the call doesn't have.
fn known(fields: &Fields, names: &[&str]) -> Result<(), Refused> {
    let fits = |key: &str| {
        names
            .iter()
            .any(|name| key == *name || key.starts_with(&format!("{name}[")))
    };
    if fields.iter().all(|(key, _)| fits(key)) {
        Ok(())
    } else {
        Err(Refused(400, "parameter_unknown", ""))
    }
}

fn refusal(Refused(status, code, param): Refused) -> (u16, Value) {
    let message = format!("Not that way. The key was {KEY}.");
    (
        status,
        json!({ "error": { "code": code, "param": param, "type": "invalid_request_error", "message": message } }),
    )
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// The way to every call: how Stripe feels, the key, the version, and answers that are the same again.
async fn around(State(stripe): State<Stripe>, request: Request, next: Next) -> Response {
    let mut mode = stripe.mode.subscribe();
    let _ = mode.wait_for(|mode| *mode != Mode::Slow).await;
    let now = *mode.borrow();
    let plain = |status: u16, code: &'static str| drawn(refusal(Refused(status, code, "")));
    match now {
        Mode::Refuse500 => {
            return (
                StatusCode::INTERNAL_SERVER_ERROR,
                "<h1>Something is wrong</h1>",
            )
                .into_response();
        }
        Mode::RateLimited => return plain(429, "rate_limit"),
        Mode::KeyRevoked => return plain(401, "api_key_expired"),
        Mode::Ok | Mode::Slow => {}
    }
    let [secret, version, key] = ["authorization", "stripe-version", "idempotency-key"]
        .map(|name| header(request.headers(), name));
    if secret != format!("Bearer {KEY}") {
        return plain(401, "api_key_invalid");
    }
    if version != "2025-03-31.basil" {
        return plain(400, "version_unknown");
    }
    let what = format!("{} {}", request.method(), request.uri().path());
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1024 * 1024).await.expect("a body");
    let fields = if parts.method == Method::POST {
        pairs(&bytes)
    } else {
        pairs(parts.uri.query().unwrap_or("").as_bytes())
    };
    stripe.store().seen.push(Seen {
        what: what.clone(),
        fields,
        idempotency_key: key.clone(),
    });
    if parts.method == Method::POST {
        if key.is_empty() {
            return plain(400, "idempotency_key_missing");
        }
        let asked = format!("{what} {}", String::from_utf8_lossy(&bytes));
        let before = stripe.store().answered.get(&key).cloned();
        return match before {
            Some((same, status, body)) if same == asked => drawn((status, body)),
            Some(_) => plain(400, "idempotency_error"),
            None => {
                let answer = next.run(Request::from_parts(parts, bytes.into())).await;
                let status = answer.status().as_u16();
                let body = to_bytes(answer.into_body(), 1024 * 1024)
                    .await
                    .expect("a body");
                let body: Value = serde_json::from_slice(&body).expect("JSON");
                stripe
                    .store()
                    .answered
                    .insert(key, (asked, status, body.clone()));
                drawn((status, body))
            }
        };
    }
    next.run(Request::from_parts(parts, bytes.into())).await
}

fn drawn((status, body): (u16, Value)) -> Response {
    (
        StatusCode::from_u16(status).expect("a status"),
        axum::Json(body),
    )
        .into_response()
}

fn answer(answer: Answer) -> Response {
    drawn(answer.map_or_else(refusal, |body| (200, body)))
}

fn list(data: Vec<Value>, url: &str) -> Value {
    json!({ "object": "list", "url": url, "has_more": false, "data": data })
}

async fn create_customer(State(stripe): State<Stripe>, body: Bytes) -> Response {
    let fields = pairs(&body);
    let now = stripe.seconds();
    let mut store = stripe.store();
    let made = known(&fields, &["name", "email", "address", "metadata"]).map(|()| {
        let mut customer = json!({
            "id": store.issue("cus"), "object": "customer", "created": now, "name": null, "email": null, "address": null,
            "metadata": { "roster_organization": field(&fields, "metadata[roster_organization]") },
        });
        say(&mut customer, &fields);
        store.objects.push(customer.clone());
        store.happens("customer.created", &customer, now);
        customer
    });
    answer(made)
}

async fn update_customer(
    State(stripe): State<Stripe>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let (fields, now) = (pairs(&body), stripe.seconds());
    let mut store = stripe.store();
    let changed = known(&fields, &["name", "email", "address"]).and_then(|()| {
        let customer = store
            .find("customer", &id)
            .ok_or(Refused(404, "resource_missing", "id"))?;
        say(customer, &fields);
        let customer = customer.clone();
        store.happens("customer.updated", &customer, now);
        Ok(customer)
    });
    answer(changed)
}

/// Writes what is said of a customer; as at Stripe, "" takes it away, and what isn't named stays.
fn say(customer: &mut Value, fields: &Fields) {
    let value = |text: &str| {
        if text.is_empty() {
            Value::Null
        } else {
            text.into()
        }
    };
    for (name, text) in fields {
        match name.as_str() {
            "name" | "email" | "address" => customer[name] = value(text),
            "address[line1]" => customer["address"]["line1"] = value(text),
            "address[line2]" => customer["address"]["line2"] = value(text),
            _ => {}
        }
    }
}

async fn create_session(State(stripe): State<Stripe>, headers: HeaderMap, body: Bytes) -> Response {
    let form = headers
        .get("content-type")
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let (fields, base, now) = (pairs(&body), stripe.url(), stripe.seconds());
    answer(
        session(&mut stripe.store(), &fields, &base, now).and_then(|made| {
            if form {
                Ok(made)
            } else {
                Err(Refused(400, "form", ""))
            }
        }),
    )
}

fn session(store: &mut Store, fields: &Fields, base: &str, now: i64) -> Answer {
    let names = [
        "mode",
        "customer",
        "line_items",
        "client_reference_id",
        "metadata",
        "subscription_data",
        "success_url",
        "cancel_url",
    ];
    known(fields, &names)?;
    let (customer, price) = (
        field(fields, "customer"),
        field(fields, "line_items[0][price]"),
    );
    store
        .find("customer", customer)
        .ok_or(Refused(400, "resource_missing", "customer"))?;
    if !PRICES.iter().any(|(id, _, _)| *id == price) {
        return Err(Refused(400, "resource_missing", "line_items[0][price]"));
    }
    if field(fields, "mode") != "subscription" || field(fields, "line_items[0][quantity]") != "1" {
        return Err(Refused(400, "parameter_invalid", "mode"));
    }
    let id = store.issue("cs_test");
    let session = json!({
        "id": id, "object": "checkout.session", "created": now, "expires_at": now + 86_400, "customer": customer,
        "mode": "subscription", "status": "open", "payment_status": "unpaid", "subscription": null, "url": format!("{base}/c/pay/{id}"),
        "client_reference_id": field(fields, "client_reference_id"), "success_url": field(fields, "success_url"),
        "cancel_url": field(fields, "cancel_url"), "metadata": { "roster_attempt": field(fields, "metadata[roster_attempt]") },
        // Not shown by Stripe, and not read by Roster.
        "price_of_the_tests": price,
    });
    store.objects.push(session.clone());
    Ok(session)
}

async fn list_sessions(State(stripe): State<Stripe>, request: Request) -> Response {
    let fields = pairs(request.uri().query().unwrap_or("").as_bytes());
    let checked = known(&fields, &["customer", "status", "limit"]);
    let all = stripe.of("checkout.session", field(&fields, "customer"));
    let open = all
        .into_iter()
        .filter(|one| one["status"] == field(&fields, "status"))
        .collect();
    answer(checked.map(|()| list(open, "/v1/checkout/sessions")))
}

async fn show_session(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let found = stripe.store().find("checkout.session", &id).cloned();
    answer(found.ok_or(Refused(404, "resource_missing", "session")))
}

async fn expire_session(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let mut store = stripe.store();
    let ended = match store.find("checkout.session", &id) {
        None => Err(Refused(404, "resource_missing", "session")),
        Some(session) if session["status"] != "open" => {
            Err(Refused(400, "checkout_session_not_open", ""))
        }
        Some(session) => {
            session["status"] = "expired".into();
            session["url"] = Value::Null;
            Ok(session.clone())
        }
    };
    answer(ended)
}

async fn create_portal(State(stripe): State<Stripe>, body: Bytes) -> Response {
    let (fields, now, base) = (pairs(&body), stripe.seconds(), stripe.url());
    let mut store = stripe.store();
    let customer = field(&fields, "customer");
    let made = known(&fields, &["customer", "return_url"]).and_then(|()| {
        store.find("customer", customer).ok_or(Refused(400, "resource_missing", "customer"))?;
        let id = store.issue("bps");
        let session = json!({
            "id": id, "object": "billing_portal.session", "created": now, "customer": customer, "livemode": false,
            "return_url": field(&fields, "return_url"), "url": format!("{base}/p/session/{id}"),
        });
        store.objects.push(session.clone());
        Ok(session)
    });
    answer(made)
}

async fn list_subscriptions(State(stripe): State<Stripe>, request: Request) -> Response {
    let fields = pairs(request.uri().query().unwrap_or("").as_bytes());
    let every = field(&fields, "status") == "all";
    let found = stripe.of("subscription", field(&fields, "customer"));
    let found = found
        .into_iter()
        .filter(|one| every || one["status"] != "canceled")
        .collect();
    answer(
        known(&fields, &["customer", "status", "limit"]).map(|()| list(found, "/v1/subscriptions")),
    )
}

async fn cancel_subscription(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let found = stripe.store().find("subscription", &id).cloned();
    let Some(customer) = found.as_ref().and_then(|one| one["customer"].as_str()) else {
        return answer(Err(Refused(404, "resource_missing", "id")));
    };
    stripe.end(customer);
    answer(
        stripe
            .store()
            .find("subscription", &id)
            .cloned()
            .ok_or(Refused(404, "resource_missing", "id")),
    )
}

async fn list_invoices(State(stripe): State<Stripe>, request: Request) -> Response {
    let fields = pairs(request.uri().query().unwrap_or("").as_bytes());
    let found = stripe.of("invoice", field(&fields, "customer"));
    answer(known(&fields, &["customer", "limit"]).map(|()| list(found, "/v1/invoices")))
}

async fn list_charges(State(stripe): State<Stripe>, request: Request) -> Response {
    let fields = pairs(request.uri().query().unwrap_or("").as_bytes());
    let found = stripe.of("charge", field(&fields, "customer"));
    answer(known(&fields, &["customer", "limit"]).map(|()| list(found, "/v1/charges")))
}

async fn show_charge(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let found = stripe.store().find("charge", &id).cloned();
    answer(found.ok_or(Refused(404, "resource_missing", "id")))
}

async fn list_disputes(State(stripe): State<Stripe>, request: Request) -> Response {
    let fields = pairs(request.uri().query().unwrap_or("").as_bytes());
    let about =
        |one: &&Value| one["object"] == "dispute" && one["charge"] == field(&fields, "charge");
    let found = stripe
        .store()
        .objects
        .iter()
        .rev()
        .filter(about)
        .cloned()
        .collect();
    answer(known(&fields, &["charge", "limit"]).map(|()| list(found, "/v1/disputes")))
}
