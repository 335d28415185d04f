//! A refusal as `application/problem+json` (RFC 9457).

use super::shape::answer;
use crate::error::Refusal;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// What a call may end with instead of an answer.
#[derive(Debug)]
pub enum ApiError {
    Refused(Refusal),
    /// What is wrong with fields whose names came with the request.
    Fields(Vec<FieldProblem>),
    NotJson,
    TooLarge,
    /// An answer that was only a status: a wrong method, a panic, a timeout.
    Bare(StatusCode),
}

pub type ApiResult<T> = Result<T, ApiError>;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

answer! {
    /// Why a call was refused.
    pub struct Problem {
        /// Names the kind of problem: `urn:roster:problem:` and the code.
        pub r#type: String,
        pub title: String,
        pub status: u16,
        /// What happened and what to do, for people.
        pub detail: String,
        /// For programs; never changes its meaning.
        pub code: String,
        /// What is wrong with which field.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub errors: Vec<FieldProblem>,
        /// The thing that stands in the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub existing_id: Option<String>,
        /// The page where the way out is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub next: Option<NextStep>,
        /// Stands in the log too, and in the header `X-Request-Id`.
        pub request_id: String,
    }
}

answer! {
    /// What is wrong with a field.
    pub struct FieldProblem {
        pub field: String,
        pub message: String,
    }
}

answer! {
    /// Where the way out is.
    pub struct NextStep {
        pub label: String,
        pub path: String,
    }
}

/// Stands in a response until [`draw`] writes it out.
#[derive(Clone)]
struct Undrawn(Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Undrawn(Arc::new(self)));
        response
    }
}

pub(super) async fn no_such_call() -> ApiError {
    Refusal::NotFound.into()
}

/// Writes refusals out, with the request's id, and gives an error that is only a status a document too. Everything else
/// stays as it is.
pub fn draw_bare(response: Response, request_id: Option<&HeaderValue>) -> Response {
    let id = request_id
        .and_then(|id| id.to_str().ok())
        .unwrap_or("")
        .to_owned();
    if let Some(Undrawn(error)) = response.extensions().get::<Undrawn>().cloned() {
        return write_out(response, &error, id);
    }
    let status = response.status();
    let drawn = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if drawn || !(status.is_client_error() || status.is_server_error()) {
        response
    } else {
        write_out(response, &ApiError::Bare(status), id)
    }
}

fn write_out(mut response: Response, error: &ApiError, request_id: String) -> Response {
    if let ApiError::Refused(Refusal::Internal(cause)) = error {
        tracing::error!(
            request = request_id,
            error = format!("{cause:#}"),
            "internal error"
        );
    }
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.remove(header::CONTENT_LENGTH);
    match error {
        ApiError::Refused(Refusal::TooMany {
            retry_after_seconds,
            ..
        }) => {
            headers.insert(header::RETRY_AFTER, (*retry_after_seconds).into());
        }
        ApiError::Refused(Refusal::Unavailable(_)) => {
            headers.insert(header::RETRY_AFTER, 5.into());
        }
        ApiError::Refused(Refusal::Unauthenticated)
            if !headers.contains_key(header::WWW_AUTHENTICATE) =>
        {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"roster\""),
            );
        }
        ApiError::Refused(Refusal::Forbidden {
            code: "token_read_only",
            ..
        }) => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"roster\", error=\"insufficient_scope\""),
            );
        }
        _ => {}
    }
    let problem = error.problem(request_id);
    *response.body_mut() = Body::from(serde_json::to_string(&problem).unwrap_or_default());
    response
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => {
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Bare(status) => *status,
        }
    }

    fn problem(&self, request_id: String) -> Problem {
        let (code, title, detail) = self.words();
        let mut problem = Problem {
            r#type: format!("urn:roster:problem:{code}"),
            title: title.to_owned(),
            status: self.status().as_u16(),
            detail,
            code: code.to_owned(),
            errors: Vec::new(),
            existing_id: None,
            next: None,
            request_id,
        };
        match self {
            Self::Fields(fields) => problem.errors.clone_from(fields),
            Self::Refused(Refusal::Invalid(fields)) => {
                let field = |f: &crate::error::FieldError| FieldProblem {
                    field: f.field.to_string(),
                    message: f.message.to_string(),
                };
                problem.errors = fields.iter().map(field).collect();
            }
            Self::Refused(Refusal::Conflict(conflict) | Refusal::OverLimit(conflict)) => {
                problem.existing_id.clone_from(&conflict.existing_id);
                problem.next = conflict.next.as_ref().map(|(label, path)| NextStep {
                    label: label.to_string(),
                    path: path.clone(),
                });
            }
            _ => {}
        }
        problem
    }

    /// Code, title and detail.
    fn words(&self) -> (&'static str, &'static str, String) {
        match self {
            Self::Refused(refusal) => refused_words(refusal),
            Self::Fields(fields) => {
                let all: Vec<String> = fields
                    .iter()
                    .map(|f| format!("{}: {}", f.field, f.message))
                    .collect();
                (
                    "invalid",
                    INVALID,
                    format!("{} Nothing was changed.", all.join(" ")),
                )
            }
            Self::NotJson => (
                "not_json",
                "The body must be JSON",
                "Send the body as application/json. Nothing was changed.".into(),
            ),
            Self::TooLarge => (
                "too_large",
                "The body is too large",
                "The body may have at most 1 MiB. Nothing was changed.".into(),
            ),
            Self::Bare(status) => bare_words(*status),
        }
    }
}

fn bare_words(status: StatusCode) -> (&'static str, &'static str, String) {
    let (code, detail) = match status {
        StatusCode::BAD_REQUEST => (
            "malformed",
            "The request could not be read. Nothing was changed.",
        ),
        StatusCode::NOT_FOUND => (
            "not_found",
            "There is no such thing, or it isn't yours to see.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This address knows other methods; the header Allow names them.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too_large",
            "The body may have at most 1 MiB. Nothing was changed.",
        ),
        StatusCode::MISDIRECTED_REQUEST => (
            "misdirected",
            "This server answers for another address, the one in ROSTER_PUBLIC_URL.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "unavailable",
            "This took too long and was stopped. Ask again in a moment.",
        ),
        _ => (
            "internal",
            "The fault is ours. It is in the log under the request's id.",
        ),
    };
    (
        code,
        status.canonical_reason().unwrap_or("Error"),
        detail.to_owned(),
    )
}

const INVALID: &str = "Something in the request needs another look";

fn refused_words(refusal: &Refusal) -> (&'static str, &'static str, String) {
    match refusal {
        Refusal::NotFound => ("not_found", "Nothing here", "There is no such thing, or it isn't yours to see.".into()),
        Refusal::Unauthenticated => (
            "unauthenticated",
            "A token is needed",
            "Send a valid token as “Authorization: Bearer …”. Tokens are made under Personal > API tokens.".into(),
        ),
        Refusal::Forbidden { code, reason } => (code, "Not allowed", reason.to_string()),
        Refusal::Malformed(reason) => ("malformed", "The request could not be read", format!("{reason} Nothing was changed.")),
        Refusal::Invalid(fields) => {
            let all: Vec<&str> = fields.iter().map(|f| f.message.as_ref()).collect();
            ("invalid", INVALID, format!("{} Nothing was changed.", all.join(" ")))
        }
        Refusal::Conflict(conflict) => (conflict.code, "That can't be done now", conflict.message.to_string()),
        Refusal::OverLimit(limit) => (limit.code, "The plan allows no more", format!("{} Nothing was changed.", limit.message)),
        Refusal::Gone { code, reason } => (code, "No longer valid", reason.to_string()),
        Refusal::TooMany { reason, .. } => ("too_many_requests", "Too many requests", reason.to_string()),
        Refusal::Unavailable(reason) => ("unavailable", "Busy for a moment", format!("{reason} Nothing was changed.")),
        Refusal::Internal(_) => ("internal", "That went wrong", "The fault is ours. It is in the log under the request's id.".into()),
    }
}
