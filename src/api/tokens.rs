//! `/tokens`: the caller's own.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Asked};
use super::repeat::Kept;
use super::shape::{answer, body};
use crate::accounts::{self, TokenScope};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::TokenId;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

answer! {
    /// A personal token.
    pub struct Token {
        pub id: String,
        pub name: String,
        /// The first characters of the secret.
        pub prefix: String,
        /// `read` or `write`
        pub scope: &'static str,
        pub created_at: String,
        pub expires_at: Option<String>,
        pub last_used_at: Option<String>,
        /// What to send as `Authorization: Bearer …`: in the answer to making the token, and never again.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
    }
}

impl From<accounts::Token> for Token {
    fn from(token: accounts::Token) -> Self {
        Self {
            id: token.id.into(),
            name: token.name,
            prefix: token.prefix,
            scope: token.scope.as_str(),
            created_at: rfc3339(token.created_at),
            expires_at: token.expires_at.map(rfc3339),
            last_used_at: token.last_used_at.map(rfc3339),
            secret: None,
        }
    }
}

body! {
    /// What a new token shall be.
    pub struct NewToken {
        pub name: String,
        /// `read` or `write`
        pub scope: String,
        /// Days it lives; 90 unless said, or fewer where an organization of yours says so.
        pub days: Option<i64>,
    }
}

/// `GET /tokens`
pub async fn list(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let tokens = accounts::list_tokens(&app, &person)
        .await?
        .into_iter()
        .map(Token::from)
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(tokens, &asked, |token: &Token| &token.id)?,
    )
}

/// `POST /tokens`
pub async fn create(
    State(app): State<App>,
    Caller(person): Caller,
    Json(new): Json<NewToken>,
) -> ApiResult<Response> {
    let scope = TokenScope::parse(&new.scope)
        .ok_or_else(|| Refusal::field("scope", "Say “read” or “write”."))?;
    let made = accounts::create_token(&app, &person, &new.name, scope, new.days).await?;
    let token = Token::from(made.token);
    let kept = Kept(serde_json::to_value(&token).unwrap_or_default());
    let mut response = (
        StatusCode::CREATED,
        axum::Json(Token {
            secret: Some(made.secret),
            ..token
        }),
    )
        .into_response();
    response.extensions_mut().insert(kept);
    Ok(response)
}

/// `DELETE /tokens/{token_id}`
pub async fn revoke(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<TokenId>,
) -> ApiResult<StatusCode> {
    accounts::revoke_token(&app, &person, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
