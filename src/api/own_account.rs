//! `/me/…`: how the caller signs in, and the end of their account.
//!
//! What changes how somebody signs in asks for a sign-in of the last ten minutes (SEC-A15). A token never is one, because
//! a token that was lost must not be enough to take the account over: these calls answer with a refusal that says where
//! it is done instead. They go through the operations all the same, which decide.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::shape::{answer, body, query};
use crate::accounts;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use axum::extract::State;
use axum::http::StatusCode;

answer! {
    /// How the caller signs in.
    pub struct SignInMethods {
        /// The primary one first.
        pub addresses: Vec<Address>,
        pub github: Option<LinkedGitHub>,
    }
}

answer! {
    /// An address that signs the caller in.
    pub struct Address {
        pub email: String,
        /// Mails go there.
        pub primary: bool,
        pub proved_at: Option<String>,
    }
}

answer! {
    /// A GitHub account that signs the caller in.
    pub struct LinkedGitHub {
        pub login: String,
        pub linked_at: String,
    }
}

/// `GET /me/sign-in-methods`
pub async fn methods(
    State(app): State<App>,
    Caller(person): Caller,
) -> ApiResult<axum::Json<SignInMethods>> {
    let methods = accounts::sign_in_methods(&app, &person).await?;
    let address = |own: accounts::OwnAddress| Address {
        email: own.address,
        primary: own.is_primary,
        proved_at: own.proved_at.map(rfc3339),
    };
    Ok(axum::Json(SignInMethods {
        addresses: methods.addresses.into_iter().map(address).collect(),
        github: methods.github.map(|github| LinkedGitHub {
            login: github.login,
            linked_at: rfc3339(github.linked_at),
        }),
    }))
}

body! {
    /// One of the caller's addresses, or one to add.
    pub struct OneAddress {
        pub email: String,
    }
}

/// `POST /me/addresses`
pub async fn add_address(
    State(app): State<App>,
    Caller(person): Caller,
    Json(new): Json<OneAddress>,
) -> ApiResult<StatusCode> {
    accounts::ask_to_add_address(&app, &person, &new.email, "", "", &person.origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /me/addresses/primary`
pub async fn make_primary(
    State(app): State<App>,
    Caller(person): Caller,
    Json(one): Json<OneAddress>,
) -> ApiResult<StatusCode> {
    accounts::make_primary(&app, &person, &one.email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me/addresses/{email}`
pub async fn remove_address(
    State(app): State<App>,
    Caller(person): Caller,
    Path(email): Path<String>,
) -> ApiResult<StatusCode> {
    accounts::remove_address(&app, &person, &email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /me/github`: GitHub sends its answer to a browser, so this only says where to begin.
pub async fn link_github(State(app): State<App>, Caller(person): Caller) -> ApiResult<StatusCode> {
    accounts::require_recent(&person, app.now())?;
    Err(Refusal::forbidden(
        "browser_needed",
        "GitHub is linked in a browser, under Personal > Security. Nothing was changed.",
    )
    .into())
}

/// `DELETE /me/github`
pub async fn unlink_github(
    State(app): State<App>,
    Caller(person): Caller,
) -> ApiResult<StatusCode> {
    accounts::unlink_github(&app, &person).await?;
    Ok(StatusCode::NO_CONTENT)
}

query! {
    /// What deleting the account asks for.
    pub struct Certainty {
        /// The primary address: without it nothing is deleted.
        pub confirm: Option<String>,
    }
}

/// `DELETE /me`
pub async fn delete(
    State(app): State<App>,
    Caller(person): Caller,
    Query(asked): Query<Certainty>,
) -> ApiResult<StatusCode> {
    accounts::delete_account(&app, &person, asked.confirm.as_deref().unwrap_or("")).await?;
    Ok(StatusCode::NO_CONTENT)
}
