//! Whether the program lives, whether it can work, and how much it does.

use crate::app::App;
use crate::{metrics, secret};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers too.
pub async fn ready(State(app): State<App>) -> Response {
    match app.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database doesn't answer\n",
        )
            .into_response(),
    }
}

/// `GET /metrics`, for who has the token of `ROSTER_METRICS_TOKEN`; nothing is there without it.
pub async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, StatusCode> {
    let expected = app
        .config
        .metrics_token
        .as_ref()
        .ok_or(StatusCode::NOT_FOUND)?;
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if !given.is_some_and(|given| secret::equal(given, expected.reveal())) {
        return Ok((
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
            "a token is needed\n",
        )
            .into_response());
    }
    let text = metrics::draw(&app)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}
