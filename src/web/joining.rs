//! `/invitations/…`: what somebody invited sees and does, and what they have after joining.

use super::error::PageError;
use super::input::Query;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{self, Member, SignedIn, Visitor, cookie, see_other};
use crate::actor::SignInMethod;
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::invitations::{
    self, Accepted, GitHubUser, How, Joined, Key, Kind, Offer, Opened, StandaloneOffer, Standing,
};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use tower_sessions::Session;

type PageResult = Result<Response, PageError>;

/// Keeps the link while its holder signs in or proves the address, so that its token stands in no other address and in no table.
const COOKIE: &str = "invitation";

#[derive(Template)]
#[template(path = "invitations/show.html")]
struct Show {
    shell: Shell,
    /// Where the buttons post to.
    base: String,
    add_href: String,
    /// Where who was invited at GitHub signs in.
    sign_in_href: &'static str,
    signed_in_as: String,
    /// A workspace invitation, to these.
    is_workspace: bool,
    workspace_names: String,
    role_label: &'static str,
    expires: String,
    expires_exact: String,
    offer: Offer,
}

/// `GET /invitations/{token}`: what is offered. Opening it changes nothing, as often as it is opened (SEC-I1).
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> PageResult {
    let offer = match invitations::open(&app, visitor.person.as_deref(), &Key::parse(&token))
        .await?
    {
        Opened::Organization(offer) => *offer,
        Opened::Standalone(offer) => return Ok(show_standalone(&app, &visitor, &token, *offer)),
    };
    if matches!(offer.standing, Standing::Joined) {
        return Ok(see_other(
            format!("/orgs/{}/joined", offer.organization.slug),
            None,
        ));
    }
    let keep = matches!(
        offer.standing,
        Standing::SignIn | Standing::OtherAccount { .. } | Standing::OtherGitHub { .. }
    );
    let names: Vec<String> = offer
        .invitation
        .access
        .iter()
        .map(|line| line.workspace_name.clone())
        .collect();
    let mut response = page::ok(&Show {
        shell: Shell::bare(
            &visitor,
            format!(
                "{} to {}",
                offer.invitation.kind.label(),
                offer.organization.name
            ),
        ),
        is_workspace: offer.invitation.kind == Kind::Workspace,
        workspace_names: text::some_of(&names, 3),
        base: format!("/invitations/{token}"),
        add_href: add_href(offer.invitation.to.address().unwrap_or_default()),
        sign_in_href: if app.config.github().is_some() {
            "/sign-in/github?next=/invitations"
        } else {
            "/sign-in?next=/invitations"
        },
        signed_in_as: visitor
            .person
            .as_ref()
            .map(|p| p.email.clone().unwrap_or_else(|| p.name.clone()))
            .unwrap_or_default(),
        role_label: offer.organization.policies.label(offer.invitation.role),
        expires: clock::minute(offer.invitation.expires_at),
        expires_exact: clock::rfc3339(offer.invitation.expires_at),
        offer,
    });
    if keep {
        set_cookie(&app, &mut response, &token, 3600);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "invitations/show_standalone.html")]
struct ShowStandalone {
    shell: Shell,
    base: String,
    add_href: String,
    signed_in_as: String,
    expires: String,
    expires_exact: String,
    offer: StandaloneOffer,
}

fn show_standalone(app: &App, visitor: &Visitor, token: &str, offer: StandaloneOffer) -> Response {
    let invitation = &offer.invitation;
    if matches!(offer.standing, Standing::Joined) {
        return see_other(
            format!("/workspaces/{}/overview", invitation.workspace),
            None,
        );
    }
    let keep = matches!(
        offer.standing,
        Standing::SignIn | Standing::OtherAccount { .. }
    );
    let mut response = page::ok(&ShowStandalone {
        shell: Shell::bare(
            visitor,
            format!(
                "{} to {}",
                Kind::Workspace.label(),
                invitation.workspace_name
            ),
        ),
        base: format!("/invitations/{token}"),
        add_href: add_href(&invitation.email),
        signed_in_as: visitor
            .person
            .as_ref()
            .map(|p| p.email.clone().unwrap_or_else(|| p.name.clone()))
            .unwrap_or_default(),
        expires: clock::minute(invitation.expires_at),
        expires_exact: clock::rfc3339(invitation.expires_at),
        offer,
    });
    if keep {
        set_cookie(app, &mut response, token, 3600);
    }
    response
}

/// Whether somebody's own account at GitHub has the name that the invited one had. Used by the template.
fn is_called(linked: &Option<String>, invited: &GitHubUser) -> bool {
    linked
        .as_ref()
        .is_some_and(|login| login.eq_ignore_ascii_case(&invited.login))
}

/// Where the address is added to the account that is signed in, by a mail of its own, and back here after. The link
/// alone doesn't do: somebody could send on theirs, and sign in to the account of whoever presses the button.
fn add_href(address: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", address)
        .append_pair("next", "/invitations")
        .finish();
    format!("/account/security?{query}")
}

fn set_cookie(app: &App, response: &mut Response, token: &str, seconds: u32) {
    let secure = if app.config.is_https() {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{COOKIE}={token}; Path=/invitations; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    );
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The token in the cookie, if it is shaped like one.
fn kept(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE).filter(|t| {
        t.len() == 43
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

struct Mine {
    href: String,
    /// Or the workspace's, where it stands alone.
    org_name: String,
    inviter: String,
    expires: String,
}

#[derive(Template)]
#[template(path = "invitations/mine.html")]
struct MinePage {
    shell: Shell,
    invitations: Vec<Mine>,
}

/// `GET /invitations`: back to the link that was opened before signing in; else what waits for the person.
pub async fn mine(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    headers: HeaderMap,
) -> PageResult {
    if let Some(token) = kept(&headers) {
        let mut response = see_other(format!("/invitations/{token}"), None);
        set_cookie(&app, &mut response, "", 0);
        return Ok(response);
    }
    let own = invitations::list_own(&app, &person).await?;
    let invitations = own.into_iter().map(|(invitation, org_name)| Mine {
        href: format!("/invitations/{}", invitation.id),
        org_name,
        inviter: invitation.inviter,
        expires: clock::minute(invitation.expires_at),
    });
    let standalone = invitations::list_own_to_standalone(&app, &person)
        .await?
        .into_iter()
        .map(|invitation| Mine {
            href: format!("/invitations/{}", invitation.id),
            org_name: invitation.workspace_name,
            inviter: invitation.inviter,
            expires: clock::minute(invitation.expires_at),
        });
    let invitations = invitations.chain(standalone);
    Ok(page::ok(&MinePage {
        shell: Shell::bare(&visitor, "Your invitations"),
        invitations: invitations.collect(),
    }))
}

/// `POST /invitations/{token}/accept`
pub async fn accept(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    Path(token): Path<String>,
) -> PageResult {
    join(&app, &visitor, &session, &token, How::Accepting).await
}

/// `POST /invitations/{token}/close-and-join`: closes one's own personal organization on the way.
pub async fn close_and_join(
    State(app): State<App>,
    visitor: Visitor,
    session: Session,
    Path(token): Path<String>,
) -> PageResult {
    join(&app, &visitor, &session, &token, How::ClosingPersonal).await
}

async fn join(
    app: &App,
    visitor: &Visitor,
    session: &Session,
    token: &str,
    how: How,
) -> PageResult {
    let key = Key::parse(token);
    match invitations::accept(app, visitor.person.as_ref(), &visitor.origin, &key, how).await {
        Ok(Joined::Standalone(got)) => {
            if got.arrived {
                session::sign_in(session, &got.user, SignInMethod::Email, &visitor.origin).await?;
            }
            let notice = Notice::good(
                format!("You have {} now, as {}.", got.name, got.role.label()),
                "It is in no organization: this workspace is all that the invitation gave you.",
            );
            Ok(see_other(
                format!("/workspaces/{}/overview", got.workspace),
                Some(notice),
            ))
        }
        Ok(Joined::Organization(Accepted {
            org_slug,
            user,
            arrived,
            was_member,
            new,
            ..
        })) => {
            if arrived {
                session::sign_in(session, &user, SignInMethod::Email, &visitor.origin).await?;
            }
            // What was new is in the address, so that the receipt can be opened again.
            let new: Vec<&str> = new
                .iter()
                .filter(|_| was_member)
                .map(WorkspaceId::as_str)
                .collect();
            let query = if new.is_empty() {
                String::new()
            } else {
                format!("?new={}", new.join(","))
            };
            Ok(see_other(format!("/orgs/{org_slug}/joined{query}"), None))
        }
        Err(Refusal::Unauthenticated) => Ok(sign_in_first(app, token)),
        Err(refusal) => Err(refusal.into()),
    }
}

fn sign_in_first(app: &App, token: &str) -> Response {
    let mut response = see_other("/sign-in?next=/invitations", None);
    set_cookie(app, &mut response, token, 3600);
    response
}

#[derive(Template)]
#[template(path = "invitations/declined.html")]
struct Declined {
    shell: Shell,
    org_name: String,
}

/// `POST /invitations/{token}/decline`
pub async fn decline(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> PageResult {
    match invitations::decline(
        &app,
        visitor.person.as_ref(),
        &visitor.origin,
        &Key::parse(&token),
    )
    .await
    {
        Ok(org_name) => Ok(page::ok(&Declined {
            shell: Shell::bare(&visitor, "Invitation declined"),
            org_name,
        })),
        Err(Refusal::Unauthenticated) => Ok(sign_in_first(&app, &token)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /invitations/{token}/switch`: signs out, and comes back here as nobody.
pub async fn switch(
    State(app): State<App>,
    session: Session,
    Path(token): Path<String>,
) -> PageResult {
    Ok(session::sign_out(&app, &session, &format!("/invitations/{token}")).await?)
}

/// What the address of the receipt says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AskedReceipt {
    /// Workspaces that somebody who was a member before has got, with commas between.
    new: String,
}

struct Held {
    id: WorkspaceId,
    name: String,
    role: String,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "invitations/joined.html")]
struct JoinedPage {
    shell: Shell,
    base: String,
    org_name: String,
    role_label: &'static str,
    role_explained: &'static str,
    /// The names of those that are new to somebody who was a member before; "" for who joined.
    new: String,
    new_id: String,
    workspaces: Vec<Held>,
    /// "2 workspaces"
    counted: String,
    /// There are workspaces that they are not in.
    others: bool,
    admins: String,
}

/// `GET /orgs/{org}/joined`: the receipt: what they have now, workspace by workspace, and what not (E4, E5).
pub async fn joined(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<AskedReceipt>,
) -> PageResult {
    let receipt = invitations::receipt(&app, &actor).await?;
    let new: Vec<&str> = asked.new.split(',').collect();
    let workspaces: Vec<Held> = receipt
        .workspaces
        .into_iter()
        .map(|held| Held {
            is_new: asked.new.is_empty() || new.contains(&held.id.as_str()),
            id: held.id,
            name: held.name,
            role: held.role,
        })
        .collect();
    let fresh: Vec<&Held> = workspaces
        .iter()
        .filter(|held| held.is_new && !asked.new.is_empty())
        .collect();
    let names: Vec<String> = fresh.iter().map(|held| held.name.clone()).collect();
    Ok(page::ok(&JoinedPage {
        shell: Shell::org(
            &visitor,
            &actor,
            "Members",
            if names.is_empty() {
                "You joined"
            } else {
                "What you have now"
            },
        ),
        base: format!("/orgs/{}", actor.org.slug),
        org_name: actor.org.name.clone(),
        role_label: actor.org.policies.label(actor.role),
        role_explained: actor.role.explains(),
        new: text::some_of(&names, 3),
        new_id: fresh
            .first()
            .map(|held| held.id.to_string())
            .unwrap_or_default(),
        others: actor.org.workspaces > workspaces.len() as i64,
        counted: text::count(workspaces.len() as i64, "workspace", "workspaces"),
        workspaces,
        admins: text::some_of(&receipt.admins, 3),
    }))
}
