//! Answers that are only a status (a wrong method, a panic, a timeout), as problem details (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Gives an error without a document of its own one. Everything else stays as it is.
pub fn draw_bare(response: Response, request_id: Option<&HeaderValue>) -> Response {
    let status = response.status();
    let drawn = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if drawn || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "request_id": request_id.and_then(|id| id.to_str().ok()),
    });
    let mut answer = (status, Json(problem)).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}
