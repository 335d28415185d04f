//! `/sign-in`: by a link or a code in an e-mail, or with GitHub.

use super::error::PageError;
use super::page::{self, Shell};
use super::session::{self, Visitor, see_other};
use crate::accounts;
use crate::app::App;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use tower_sessions::Session;

#[derive(Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage {
    shell: Shell,
    token: String,
    open: bool,
}

/// `GET /`: the organization opened last, or what to do without one.
pub async fn home(visitor: Visitor) -> Redirect {
    match visitor.person.as_ref().map(|p| p.active_seat()) {
        None => Redirect::to("/sign-in"),
        Some(None) => Redirect::to("/welcome"),
        Some(Some(seat)) => Redirect::to(&format!("/orgs/{}/members", seat.org.slug)),
    }
}

/// `GET /sign-in/{token}`: asks for the click. Opening it changes nothing.
pub async fn link_page(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, PageError> {
    let open = accounts::link_is_open(&app, &token).await?;
    Ok(page::ok(&LinkPage { shell: Shell::bare(&visitor, "Sign in"), token, open }))
}

/// `POST /sign-in/{token}`
pub async fn use_link(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let arrival = accounts::use_link(&app, &token).await?;
    session::sign_in(&session, &arrival.user, arrival.method, &visitor.origin).await?;
    let next = if arrival.next.is_empty() { "/" } else { arrival.next.as_str() };
    Ok(see_other(next, None))
}

/// `POST /sign-out`
pub async fn sign_out(State(app): State<App>, session: Session) -> Result<Response, PageError> {
    Ok(session::sign_out(&app, &session, "/sign-in").await?)
}
