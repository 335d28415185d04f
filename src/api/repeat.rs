//! `Idempotency-Key` on POST: the same key again gives the same answer, and does nothing twice.

use super::bearer::Caller;
use super::error::ApiError;
use super::input::BODY_LIMIT;
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::idempotency::{self, Answer, CLAIM, Once};
use crate::ids::OrgId;
use crate::secret;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;

/// Stands in an answer whose body holds a secret: what to keep of it instead. A secret is shown once, also to those who
/// repeat themselves.
#[derive(Clone)]
pub(super) struct Kept(pub Value);

/// Stands in an answer that is made while it is sent, and too long to be kept: who repeats themselves is told so.
#[derive(Clone)]
pub(super) struct Streamed;

pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request
        .headers()
        .get("idempotency-key")
        .filter(|_| *request.method() == Method::POST)
        .cloned();
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(key), Some(Caller(person))) = (key, caller) else {
        return next.run(request).await;
    };
    run(app, &person, &key, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn run(
    app: App,
    person: &Arc<Person>,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or(Refusal::Malformed(
        "An Idempotency-Key is 1 to 255 plain characters.".into(),
    ))?;
    let once = Once {
        owner: person.credential.id().to_owned(),
        key: key.to_owned(),
    };
    may_still(person, request.uri().path())?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|_| ApiError::TooLarge)?;
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let about = [parts.uri.to_string().as_bytes(), b"\n", kind, b"\n", &body].concat();
    let fingerprint = secret::hash(&String::from_utf8_lossy(&about));
    // In a task of its own, so that a claim comes to its end, and its answer is kept, also when the client has gone.
    let work = async move {
        if let Some(answer) = idempotency::claim(&app, &once, &fingerprint).await? {
            return Ok(replay(answer));
        }
        let response = CLAIM
            .scope(
                once.clone(),
                next.run(Request::from_parts(parts, Body::from(body))),
            )
            .await;
        settle(&app, &once, response).await
    };
    tokio::spawn(work.in_current_span())
        .await
        .map_err(|error| Refusal::Internal(anyhow::Error::new(error)))?
}

/// An answer from before is given only to somebody who could ask for it now.
fn may_still(person: &Arc<Person>, path: &str) -> Result<(), Refusal> {
    person.require_write()?;
    match path
        .strip_prefix("/organizations/")
        .and_then(|rest| rest.split('/').next())
    {
        Some(org) => person.in_org(&OrgId::from(org)).map(|_| ()),
        None => Ok(()),
    }
}

async fn settle(app: &App, once: &Once, response: Response) -> Result<Response, ApiError> {
    if !response.status().is_success() {
        idempotency::release(app, once).await?;
        return Ok(response);
    }
    if response.extensions().get::<Streamed>().is_some() {
        let body = r#"{"detail":"This was answered with a file, which is not kept. Use a new key for another."}"#;
        let answer = Answer {
            status: response.status().as_u16(),
            location: String::new(),
            body: body.to_owned(),
        };
        idempotency::keep(app, once, &answer).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Refusal::Internal(anyhow::Error::new(error)))?;
    let text = match parts.extensions.get::<Kept>() {
        Some(Kept(value)) => value.to_string(),
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    let location = parts
        .headers
        .get(header::LOCATION)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("")
        .to_owned();
    idempotency::keep(
        app,
        once,
        &Answer {
            status: parts.status.as_u16(),
            location,
            body: text,
        },
    )
    .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if status != StatusCode::NO_CONTENT {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    if let Some(location) = HeaderValue::from_str(&answer.location)
        .ok()
        .filter(|location| !location.is_empty())
    {
        headers.insert(header::LOCATION, location);
    }
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}
