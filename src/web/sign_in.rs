//! `/sign-in`: by a link or a code in an e-mail, or with GitHub.

use super::error::PageError;
use super::input::{Form, Query};
use super::limit::SignInLimits;
use super::next::{own_path, with_next};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{self, Visitor, see_other};
use crate::accounts::{self, LinkState, Pending, Proved, Prover};
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::ProofId;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

/// The random value that ties a mail to the browser that asked for it, in the session.
const BROWSER: &str = "browser";
/// The request it made last.
const PROOF: &str = "proof";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskForm {
    email: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeForm {
    code: String,
}

#[derive(Template)]
#[template(path = "sign_in/index.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    email_error: String,
    next: String,
    has_github: bool,
    github_href: String,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    shell: Shell,
    pending: Pending,
    asked: String,
    code_error: String,
    again: String,
}

#[derive(Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage {
    shell: Shell,
    token: String,
    state: LinkState,
}

/// `GET /`: the organization opened last, or what to do without one.
pub async fn home(visitor: Visitor) -> Redirect {
    match visitor.person.as_ref().map(|p| p.active_seat()) {
        None => Redirect::to("/sign-in"),
        Some(None) => Redirect::to("/welcome"),
        Some(Some(seat)) => Redirect::to(&format!("/orgs/{}/members", seat.org.slug)),
    }
}

fn sign_in_page(
    app: &App,
    visitor: &Visitor,
    email: String,
    email_error: String,
    next: String,
) -> SignInPage {
    SignInPage {
        shell: Shell::bare(visitor, "Sign in"),
        email,
        email_error,
        has_github: app.config.github().is_some(),
        github_href: with_next("/sign-in/github", &next),
        next,
    }
}

/// `GET /sign-in`. Somebody who is signed in may do so again: to go on with what asks for it, or as somebody else.
pub async fn form(State(app): State<App>, visitor: Visitor, Query(query): Query<Next>) -> Response {
    let email = visitor
        .person
        .as_ref()
        .and_then(|p| p.email.clone())
        .unwrap_or_default();
    page::ok(&sign_in_page(
        &app,
        &visitor,
        email,
        String::new(),
        own_path(&query.next),
    ))
}

/// `POST /sign-in`: asks for a mail. The answer is the same for every address (SEC-A9).
pub async fn ask(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<AskForm>,
) -> Result<Response, PageError> {
    limits.asking(&visitor.origin)?;
    let next = own_path(&form.next);
    let browser = own_browser(&session).await?;
    match accounts::ask_to_sign_in(&app, &form.email, &browser, &next, &visitor.origin).await {
        Ok(proof) => {
            remember(&session, &proof).await?;
            Ok(see_other("/sign-in/code", None))
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            let error = refusal.message_for("email").to_owned();
            Ok(page::invalid(&sign_in_page(
                &app, &visitor, form.email, error, next,
            )))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn code_page(visitor: &Visitor, pending: Pending, code_error: String) -> CodePage {
    CodePage {
        shell: Shell::bare(visitor, "Look in your mailbox"),
        asked: clock::relative(pending.asked_at, visitor.now).to_lowercase(),
        again: if pending.adds_address {
            pending.next.clone()
        } else {
            with_next("/sign-in", &pending.next)
        },
        pending,
        code_error,
    }
}

/// `GET /sign-in/code`: where the code is typed. Without an open request there is nothing to type.
pub async fn code_form(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
) -> Result<Response, PageError> {
    match pending(&app, &session).await? {
        Some((_, pending)) => Ok(page::ok(&code_page(&visitor, pending, String::new()))),
        None => Ok(see_other("/sign-in", None)),
    }
}

/// `POST /sign-in/code`
pub async fn use_code(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<CodeForm>,
) -> Result<Response, PageError> {
    limits.trying(&visitor.origin)?;
    let browser = kept(&session, BROWSER).await?;
    let proof = ProofId::from(kept(&session, PROOF).await?.unwrap_or_default());
    let prover = Prover {
        browser: browser.as_deref(),
        person: visitor.person.as_deref(),
        origin: &visitor.origin,
    };
    match accounts::use_code(&app, &proof, &form.code, &prover).await {
        Ok(proved) => go_on(&visitor, &session, proved).await,
        Err(refusal @ Refusal::Invalid(_)) => match pending(&app, &session).await? {
            Some((_, pending)) => Ok(page::invalid(&code_page(
                &visitor,
                pending,
                refusal.message_for("code").to_owned(),
            ))),
            None => Err(refusal.into()),
        },
        Err(refusal) => Err(refusal.into()),
    }
}

/// `GET /sign-in/{token}`: asks for the click. Opening it changes nothing (SEC-A5).
pub async fn link_page(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let browser = kept(&session, BROWSER).await?;
    let state = accounts::link_state(&app, &token, browser.as_deref()).await?;
    Ok(page::ok(&LinkPage {
        shell: Shell::bare(&visitor, "Sign in"),
        token,
        state,
    }))
}

/// `POST /sign-in/{token}`
pub async fn use_link(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    visitor: Visitor,
    session: Session,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    limits.trying(&visitor.origin)?;
    let browser = kept(&session, BROWSER).await?;
    let prover = Prover {
        browser: browser.as_deref(),
        person: visitor.person.as_deref(),
        origin: &visitor.origin,
    };
    let proved = accounts::use_link(&app, &token, &prover).await?;
    go_on(&visitor, &session, proved).await
}

async fn go_on(
    visitor: &Visitor,
    session: &Session,
    proved: Proved,
) -> Result<Response, PageError> {
    match proved {
        Proved::SignedIn(arrival) => {
            session::sign_in(session, &arrival.user, arrival.method, &visitor.origin).await?;
            Ok(see_other(or_home(&arrival.next), None))
        }
        Proved::AddressAdded { address, next } => {
            let notice = Notice::good(
                "The address is yours.",
                format!("{address} is part of your account now, and signs you in."),
            );
            Ok(see_other(
                if next.is_empty() {
                    "/account/security"
                } else {
                    &next
                },
                Some(notice),
            ))
        }
    }
}

fn or_home(next: &str) -> &str {
    if next.is_empty() { "/" } else { next }
}

/// `POST /sign-out`, and on to `next`.
pub async fn sign_out(
    State(app): State<App>,
    session: Session,
    Form(form): Form<Next>,
) -> Result<Response, PageError> {
    let next = own_path(&form.next);
    Ok(session::sign_out(
        &app,
        &session,
        if next.is_empty() { "/sign-in" } else { &next },
    )
    .await?)
}

async fn kept(session: &Session, key: &str) -> Result<Option<String>, Refusal> {
    session.get(key).await.map_err(session::failed)
}

/// The value of this browser's session, made where there is none.
pub(super) async fn own_browser(session: &Session) -> Result<String, Refusal> {
    if let Some(browser) = kept(session, BROWSER).await? {
        return Ok(browser);
    }
    let made = crate::secret::random_token();
    session
        .insert(BROWSER, &made)
        .await
        .map_err(session::failed)?;
    Ok(made)
}

/// Keeps the request whose code this browser may type.
pub(super) async fn remember(session: &Session, proof: &ProofId) -> Result<(), Refusal> {
    session
        .insert(PROOF, proof.as_str())
        .await
        .map_err(session::failed)
}

async fn pending(app: &App, session: &Session) -> Result<Option<(ProofId, Pending)>, Refusal> {
    let (Some(browser), Some(proof)) = (kept(session, BROWSER).await?, kept(session, PROOF).await?)
    else {
        return Ok(None);
    };
    let proof = ProofId::from(proof);
    Ok(accounts::pending_request(app, &proof, &browser)
        .await?
        .map(|pending| (proof, pending)))
}
