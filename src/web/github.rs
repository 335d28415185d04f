//! The round trip to GitHub: begun by a link, because a form may not lead to another site (security.md, T21).

use super::error::PageError;
use super::input::Query;
use super::limit::SignInLimits;
use super::next::{own_path, with_next};
use super::notice::Notice;
use super::session::{self, SignedIn, Visitor, see_other};
use crate::accounts::{self, GitHubAccount, GitHubFlow};
use crate::app::App;
use crate::error::Refusal;
use axum::Extension;
use axum::extract::State;
use axum::response::{Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

/// The round trip under way, in the session.
const FLOW: &str = "github";
/// Who came back from it, until the person says that it is to be linked.
const CAME_BACK: &str = "github_account";

#[derive(Deserialize)]
pub struct Begin {
    #[serde(default)]
    next: String,
}

/// What GitHub sends along. What else it may add is not read.
#[derive(Deserialize)]
pub struct Answer {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

/// `GET /sign-in/github`
pub async fn begin(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    visitor: Visitor,
    session: Session,
    Query(query): Query<Begin>,
) -> Result<Redirect, PageError> {
    limits.asking(&visitor.origin)?;
    let (url, flow) = accounts::begin_github(&app, &own_path(&query.next), None)?;
    session.insert(FLOW, flow).await.map_err(session::failed)?;
    Ok(Redirect::to(&url))
}

/// `GET /account/security/github`: the same round trip, to link what comes back.
pub async fn begin_link(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    SignedIn { person, visitor }: SignedIn,
    session: Session,
) -> Result<Redirect, PageError> {
    limits.asking(&visitor.origin)?;
    accounts::require_recent(&person, app.now())?;
    let (url, flow) = accounts::begin_github(&app, "", Some(person.user.clone()))?;
    session.insert(FLOW, flow).await.map_err(session::failed)?;
    Ok(Redirect::to(&url))
}

/// `GET /sign-in/github/callback`. The round trip is used up before anything else happens (SEC-A10, SEC-A12).
pub async fn come_back(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    visitor: Visitor,
    session: Session,
    Query(answer): Query<Answer>,
) -> Result<Response, PageError> {
    limits.trying(&visitor.origin)?;
    let flow: Option<GitHubFlow> = session.remove(FLOW).await.map_err(session::failed)?;
    if flow.is_some() {
        session.save().await.map_err(session::failed)?;
    }
    let flow = GitHubFlow::check(flow, &answer.state, app.now())?;
    let (next, link_to) = (flow.next.clone(), flow.link_to.clone());
    if answer.error == "access_denied" {
        let back = if link_to.is_some() {
            "/account/security".to_owned()
        } else {
            with_next("/sign-in", &next)
        };
        return Ok(see_other(
            back,
            Some(Notice::bad(
                "You cancelled at GitHub.",
                "Nothing was changed.",
            )),
        ));
    }
    let account = accounts::github_account(&app, flow, &answer.code).await?;
    if let Some(user) = link_to {
        if visitor.person.as_ref().is_none_or(|p| p.user != user) {
            return Err(Refusal::Unauthenticated.into());
        }
        session
            .insert(CAME_BACK, account)
            .await
            .map_err(session::failed)?;
        return Ok(see_other("/account/security/github/link", None));
    }
    let arrival = accounts::arrive_by_github(&app, &account, &next, &visitor.origin).await?;
    session::sign_in(&session, &arrival.user, arrival.method, &visitor.origin).await?;
    Ok(see_other(if next.is_empty() { "/" } else { &next }, None))
}

/// Who came back from GitHub to be linked, and has not been linked yet.
pub(super) async fn came_back(session: &Session) -> Result<Option<GitHubAccount>, Refusal> {
    session.get(CAME_BACK).await.map_err(session::failed)
}

/// Forgets who came back.
pub(super) async fn forget(session: &Session) -> Result<(), Refusal> {
    session
        .remove::<GitHubAccount>(CAME_BACK)
        .await
        .map(|_| ())
        .map_err(session::failed)
}
