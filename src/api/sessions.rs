//! `/sessions`: where the caller is signed in.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Asked};
use super::shape::{answer, body};
use crate::accounts;
use crate::app::App;
use crate::clock::rfc3339;
use crate::ids::SessionId;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;

answer! {
    /// A place where the caller is signed in.
    pub struct Session {
        pub id: String,
        /// In plain words, such as "Firefox on Windows".
        pub device: String,
        pub ip: String,
        /// `email`, `github` or `operator`
        pub method: &'static str,
        pub signed_in_at: String,
        pub last_seen_at: String,
    }
}

impl From<accounts::OwnSession> for Session {
    fn from(session: accounts::OwnSession) -> Self {
        Self {
            id: session.id.into(),
            device: session.device,
            ip: session.ip,
            method: session.method.as_str(),
            signed_in_at: rfc3339(session.signed_in_at),
            last_seen_at: rfc3339(session.last_seen_at),
        }
    }
}

/// `GET /sessions`
pub async fn list(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let sessions = accounts::list_sessions(&app, &person)
        .await?
        .into_iter()
        .map(Session::from)
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(sessions, &asked, |session: &Session| &session.id)?,
    )
}

/// `DELETE /sessions/{session_id}`
pub async fn end(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<SessionId>,
) -> ApiResult<StatusCode> {
    accounts::end_session(&app, &person, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

body! {
    /// What ends beside the sessions.
    pub struct Everywhere {
        /// API tokens too, the one that asks among them.
        pub tokens: Option<bool>,
    }
}

/// `POST /sessions/end-all`
pub async fn end_all(
    State(app): State<App>,
    Caller(person): Caller,
    Json(wish): Json<Everywhere>,
) -> ApiResult<StatusCode> {
    accounts::end_all_sessions(&app, &person, wish.tokens.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT)
}
