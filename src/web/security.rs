//! `/account/security`: how a person signs in, where they are signed in, and the end of an account.

use super::error::PageError;
use super::input::{Form, Query};
use super::limit::SignInLimits;
use super::next::{own_path, with_next};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{self, SignedIn, see_other};
use super::{github, sign_in};
use crate::accounts::{self, AccountDeletion, GitHubAccount, OwnSession, SignInMethods};
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::text;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use tower_sessions::Session;

const HERE: &str = "/account/security";

/// An address that somebody was sent here to add, and where to go on after.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(default)]
    email: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressForm {
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EverywhereForm {
    #[serde(default)]
    tokens: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmForm {
    confirm: String,
}

#[derive(Template)]
#[template(path = "security/index.html")]
struct SecurityPage {
    shell: Shell,
    methods: SignInMethods,
    sessions: Vec<OwnSession>,
    /// The sign-in is fresh enough to change how one signs in.
    is_recent: bool,
    sign_in_again: String,
    has_github: bool,
    /// More than one way to sign in: one of them may go.
    may_remove: bool,
    email: String,
    email_error: String,
    next: String,
    now: i64,
}

#[derive(Template)]
#[template(path = "security/link_github.html")]
struct LinkGitHubPage {
    shell: Shell,
    account: GitHubAccount,
}

#[derive(Template)]
#[template(path = "security/delete.html")]
struct DeletePage {
    shell: Shell,
    impact: AccountDeletion,
    is_recent: bool,
    sign_in_again: String,
    confirm_error: String,
}

async fn security_page(
    app: &App,
    who: &SignedIn,
    email: String,
    email_error: String,
    next: String,
) -> Result<SecurityPage, Refusal> {
    let SignedIn { person, visitor } = who;
    let methods = accounts::sign_in_methods(app, person).await?;
    let ways = methods.addresses.len() + usize::from(methods.github.is_some());
    Ok(SecurityPage {
        shell: Shell::account(visitor, person, "Security"),
        may_remove: ways > 1,
        methods,
        sessions: accounts::list_sessions(app, person).await?,
        is_recent: accounts::is_recent(person, app.now()),
        sign_in_again: sign_in_again(&visitor.path),
        has_github: app.config.github().is_some(),
        email,
        email_error,
        next,
        now: visitor.now,
    })
}

/// Where a fresh sign-in is had, and back to the page that asks for it.
fn sign_in_again(path: &str) -> String {
    with_next("/sign-in", &own_path(path))
}

/// `GET /account/security`. With `email` and `next`, to add that address and go on there: an invitation leads here.
pub async fn show(
    State(app): State<App>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let next = own_path(&asked.next);
    Ok(page::ok(
        &security_page(&app, &who, asked.email, String::new(), next).await?,
    ))
}

/// `POST /account/security/addresses`: asks for the mail that proves the address.
pub async fn add_address(
    State(app): State<App>,
    Extension(limits): Extension<SignInLimits>,
    who: SignedIn,
    session: Session,
    Form(form): Form<Asked>,
) -> Result<Response, PageError> {
    let SignedIn { person, visitor } = &who;
    limits.asking(&visitor.origin)?;
    let next = own_path(&form.next);
    let browser = sign_in::own_browser(&session).await?;
    match accounts::ask_to_add_address(&app, person, &form.email, &browser, &next, &visitor.origin)
        .await
    {
        Ok(proof) => {
            sign_in::remember(&session, &proof).await?;
            Ok(see_other("/sign-in/code", None))
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            let error = refusal.message_for("email").to_owned();
            Ok(page::invalid(
                &security_page(&app, &who, form.email, error, next).await?,
            ))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /account/security/addresses/primary`
pub async fn make_primary(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Form(form): Form<AddressForm>,
) -> Result<Response, PageError> {
    accounts::make_primary(&app, &person, &form.address).await?;
    Ok(done(
        "The primary address is changed.",
        format!("Mails go to {} from now on.", form.address),
    ))
}

/// `POST /account/security/addresses/remove`
pub async fn remove_address(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Form(form): Form<AddressForm>,
) -> Result<Response, PageError> {
    accounts::remove_address(&app, &person, &form.address).await?;
    Ok(done(
        "The address is removed.",
        format!(
            "{} no longer signs you in. Your other sessions were signed out.",
            form.address
        ),
    ))
}

/// `GET /account/security/github/link`: asks before what came back from GitHub is linked.
pub async fn confirm_github(who: SignedIn, session: Session) -> Result<Response, PageError> {
    match github::came_back(&session).await? {
        Some(account) => Ok(page::ok(&LinkGitHubPage {
            shell: Shell::account(&who.visitor, &who.person, "Security"),
            account,
        })),
        None => Ok(see_other(HERE, None)),
    }
}

/// `POST /account/security/github/link`
pub async fn link_github(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    session: Session,
) -> Result<Response, PageError> {
    let Some(account) = github::came_back(&session).await? else {
        return Ok(see_other(HERE, None));
    };
    github::forget(&session).await?;
    accounts::link_github(&app, &person, &account).await?;
    Ok(done(
        "GitHub is linked.",
        format!("@{} signs you in from now on.", account.login),
    ))
}

/// `POST /account/security/github/unlink`
pub async fn unlink_github(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
) -> Result<Response, PageError> {
    accounts::unlink_github(&app, &person).await?;
    Ok(done(
        "GitHub is unlinked.",
        "It no longer signs you in. Your other sessions were signed out.".into(),
    ))
}

/// `POST /account/security/sessions/{session}/end`
pub async fn end_session(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    if session::current_session(&person).is_some_and(|own| own.as_str() == id) {
        return signed_out(
            &app,
            &session,
            "You are signed out.",
            "This session has ended.",
        )
        .await;
    }
    accounts::end_session(&app, &person, &id.into()).await?;
    Ok(done("Signed out.", "That session has ended.".into()))
}

/// `POST /account/security/sessions/end-others`
pub async fn end_others(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
) -> Result<Response, PageError> {
    let ended = accounts::end_other_sessions(&app, &person).await?;
    Ok(done(
        "Signed out everywhere else.",
        format!(
            "{} ended.",
            text::count(ended as i64, "session", "sessions")
        ),
    ))
}

/// `POST /account/security/sessions/end-all`
pub async fn end_all(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    session: Session,
    Form(form): Form<EverywhereForm>,
) -> Result<Response, PageError> {
    let tokens = form.tokens == "yes";
    accounts::end_all_sessions(&app, &person, tokens).await?;
    let what = if tokens {
        "All your sessions have ended, and your API tokens no longer work."
    } else {
        "All your sessions have ended."
    };
    signed_out(&app, &session, "You are signed out everywhere.", what).await
}

/// Ends this session, and says on the page for signing in what was done.
async fn signed_out(
    app: &App,
    session: &Session,
    title: &str,
    what: &str,
) -> Result<Response, PageError> {
    Ok(session::saying(
        session::sign_out(app, session, "/sign-in").await?,
        Some(Notice::good(title, what)),
    ))
}

fn done(title: &str, what: String) -> Response {
    see_other(HERE, Some(Notice::good(title, what)))
}

async fn delete_page(
    app: &App,
    who: &SignedIn,
    confirm_error: String,
) -> Result<DeletePage, Refusal> {
    let SignedIn { person, visitor } = who;
    Ok(DeletePage {
        shell: Shell::account(visitor, person, "Security"),
        impact: accounts::account_deletion_impact(app, person).await?,
        is_recent: accounts::is_recent(person, app.now()),
        sign_in_again: sign_in_again("/account/security/delete"),
        confirm_error,
    })
}

/// `GET /account/security/delete`: what deleting the account takes away.
pub async fn confirm_delete(State(app): State<App>, who: SignedIn) -> Result<Response, PageError> {
    Ok(page::ok(&delete_page(&app, &who, String::new()).await?))
}

/// `POST /account/security/delete`
pub async fn delete(
    State(app): State<App>,
    who: SignedIn,
    session: Session,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, PageError> {
    match accounts::delete_account(&app, &who.person, &form.confirm).await {
        Ok(()) => {
            signed_out(
                &app,
                &session,
                "Your account is deleted.",
                "You have left all organizations and are signed out.",
            )
            .await
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            let error = refusal.message_for("confirm").to_owned();
            Ok(page::invalid(&delete_page(&app, &who, error).await?))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

impl SecurityPage {
    fn others(&self) -> usize {
        self.sessions.iter().filter(|s| !s.is_this).count()
    }

    fn ago(&self, at: &i64) -> String {
        clock::relative(*at, self.now)
    }
}

/// Used by the template for the exact value beside a time in words.
fn exact(at: &i64) -> String {
    clock::rfc3339(*at)
}
