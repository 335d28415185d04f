//! Who is asking: a token in `Authorization: Bearer`, and nowhere else. Cookies, Basic and tokens in the address are
//! not looked at (SEC-H1).

use super::error::ApiError;
use super::input::Path;
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::OrgId;
use crate::web::client_origin;
use crate::{accounts, keys};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

type Limiter =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// So much in a minute, counted for each key by itself. Kept in memory: a restart forgives.
struct PerMinute {
    name: &'static str,
    quota: u32,
    limiter: Limiter,
}

impl PerMinute {
    fn new(name: &'static str, quota: u32) -> Self {
        let rate = Quota::per_minute(NonZeroU32::new(quota).unwrap_or(NonZeroU32::MIN));
        Self {
            name,
            quota,
            limiter: RateLimiter::keyed(rate).with_middleware(),
        }
    }

    /// Counts one, and says how many are left.
    fn count(&self, key: &str) -> Result<u32, Refusal> {
        // Keys that are full again need no place.
        if self.limiter.len() > 10_000 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&key.to_owned()) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(until) => Err(Refusal::TooMany {
                reason: format!(
                    "More than {} {} in a minute. Wait, then go on more slowly.",
                    self.quota, self.name
                )
                .into(),
                retry_after_seconds: until
                    .wait_time_from(DefaultClock::default().now())
                    .max(Duration::from_secs(1))
                    .as_secs_f64()
                    .ceil() as u64,
            }),
        }
    }

    /// `"calls";r=599;t=1`: what is left, and in how many seconds all of it will be.
    fn left(&self, remaining: u32) -> String {
        let seconds = (f64::from(self.quota - remaining.min(self.quota)) * 60.0
            / f64::from(self.quota))
        .ceil();
        format!("\"{}\";r={remaining};t={seconds}", self.name)
    }
}

/// A POST that asks and changes nothing.
const QUESTION: &str = "/access/check";

/// Stands before every call.
#[derive(Clone)]
pub(super) struct Gate(Arc<Inner>);

struct Inner {
    app: App,
    calls: PerMinute,
    changes: PerMinute,
    refused: PerMinute,
}

impl Gate {
    pub(super) fn new(app: App) -> Self {
        let calls = app.config.api_calls;
        Self(Arc::new(Inner {
            app,
            calls: PerMinute::new("calls", calls),
            changes: PerMinute::new("changes", calls / 5),
            refused: PerMinute::new("refused tokens", 20),
        }))
    }
}

/// Looks up who is asking and counts the call.
///
/// Answers carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). An address that sends one
/// bad token after the other is told to wait; good tokens from there go on working, because many people share it.
pub(super) async fn identify(
    State(gate): State<Gate>,
    mut request: Request,
    next: Next,
) -> Response {
    let gate = gate.0;
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|c| c.0.ip());
    let origin = client_origin(&gate.app, request.headers(), peer);
    let address = network_of(&origin.ip);
    let Some(token) = bearer(request.headers()) else {
        return ApiError::from(Refusal::Unauthenticated).into_response();
    };
    let found = match token.starts_with(keys::KEY_PREFIX) {
        true => keys::identify_key(&gate.app, token, origin).await,
        false => accounts::identify_token(&gate.app, token, origin).await,
    };
    let person = match found {
        Ok(person) => person,
        Err(Refusal::Unauthenticated) => {
            return match gate.refused.count(&address) {
                Ok(_) => invalid_token(),
                Err(refusal) => ApiError::from(refusal).into_response(),
            };
        }
        Err(refusal) => return ApiError::from(refusal).into_response(),
    };
    let key = person.credential.id().to_owned();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.uri().path().ends_with(QUESTION);
    let mut left = Vec::new();
    let mut spent = None;
    for limit in std::iter::once(&gate.calls).chain(changes.then_some(&gate.changes)) {
        match limit.count(&key) {
            Ok(remaining) => left.push(limit.left(remaining)),
            Err(refusal) => {
                left.push(limit.left(0));
                spent = Some(refusal);
            }
        }
    }
    let mut response = match spent {
        Some(refusal) => ApiError::from(refusal).into_response(),
        None => {
            request.extensions_mut().insert(Caller(person));
            next.run(request).await
        }
    };
    let policy = format!(
        "\"calls\";q={};w=60, \"changes\";q={};w=60",
        gate.calls.quota, gate.changes.quota
    );
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left.join(", "))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn invalid_token() -> Response {
    let mut response = ApiError::from(Refusal::Unauthenticated).into_response();
    let value = HeaderValue::from_static("Bearer realm=\"roster\", error=\"invalid_token\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, value);
    response
}

/// The token of the one `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).into_iter();
    let (only, None) = (all.next()?.to_str().ok()?, all.next()) else {
        return None;
    };
    let (scheme, token) = only.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// The address that attempts are counted by: for IPv6 the network, which one customer has to themselves (SEC-A8).
fn network_of(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
        _ => ip.to_owned(),
    }
}

/// The person that the token acts as.
#[derive(Clone)]
pub struct Caller(pub Arc<Person>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(ApiError::Refused(Refusal::Unauthenticated))
    }
}

/// The caller as a member of the organization in the address, `{org_id}`. Anybody else gets the answer for one that
/// doesn't exist (SEC-Z1).
pub struct Member(pub Actor);

impl FromRequestParts<App> for Member {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Caller(person) = Caller::from_request_parts(parts, app).await?;
        let Path(ids) = Path::<HashMap<String, String>>::from_request_parts(parts, app).await?;
        let actor =
            person.in_whole_org(&OrgId::from(ids.get("org_id").map_or("", String::as_str)))?;
        accounts::note_activity(app, &person, &actor.org.id);
        Ok(Self(actor))
    }
}
