//! `/orgs/{org}/invitations`: the organization's invitations, and what is done with them.

use super::error::PageError;
use super::input::{Form, Query};
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, see_other};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::billing;
use crate::clock;
use crate::config::GitHubInvitations;
use crate::error::Refusal;
use crate::ids::InvitationId;
use crate::invitations::{self, DeliveryState, Ended, Filter, Invitation, Kind, Status};
use crate::members;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// Rows on a page.
const ROWS: i64 = 50;

/// What the address of the list says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// "ended", or "" for the open ones.
    show: String,
    /// Among those that ended.
    status: String,
    after: String,
}

/// A row as it is shown.
struct Row {
    id: String,
    /// "nina@x.test", "GitHub: octocat"
    who: String,
    name: String,
    member_href: Option<String>,
    role: OrgRole,
    role_label: &'static str,
    /// The roles to choose from; empty where the actor may not change it.
    /// Role, name, and whether the plan keeps it from being offered.
    choices: Vec<(&'static str, &'static str, bool)>,
    /// "Workspace invite"; "" for one to the organization.
    kind: &'static str,
    /// They are a member already; the role is none of this invitation's.
    to_member: bool,
    /// Each workspace with the role in it.
    offers: Vec<(String, String)>,
    inviter: String,
    invited: When,
    ends: When,
    expired: bool,
    tone: &'static str,
    state: &'static str,
    /// Why the mail waits or failed; when it was sent.
    detail: String,
    open: bool,
    may_send: bool,
    may_copy: bool,
    may_revoke: bool,
}

impl Row {
    fn new(app: &App, actor: &Actor, invitation: &Invitation, now: i64) -> Self {
        let policies = &actor.org.policies;
        let open = invitation.is_open();
        let may_revoke = open && access::may_touch(actor.role, invitation.role).is_ok();
        let invites =
            access::may_invite(actor.role, policies.owners_only_invite(), invitation.role).is_ok();
        let may_send = open && (invites || (invitation.is_to_member() && may_revoke));
        let choices = if may_revoke && !invitation.is_to_member() {
            policies.roles_to_give(actor.role, Some(invitation.role))
        } else {
            Vec::new()
        };
        let choices = choices
            .into_iter()
            .filter(|role| invitation.to.takes_role(*role));
        let (tone, state, detail) = state(app, invitation, now);
        Self {
            id: invitation.id.to_string(),
            who: invitation.to.label(),
            name: invitation.name.clone(),
            member_href: invitation
                .member
                .as_ref()
                .filter(|_| open || invitation.status == Status::Accepted)
                .map(|m| format!("/orgs/{}/members/{m}", actor.org.slug)),
            role: invitation.role,
            role_label: policies.label(invitation.role),
            choices: choices
                .map(|r| {
                    (
                        r.as_str(),
                        policies.label(r),
                        r != invitation.role && billing::lacks_role(app, &actor.org, r).is_some(),
                    )
                })
                .collect(),
            kind: if invitation.kind == Kind::Workspace {
                invitation.kind.label()
            } else {
                ""
            },
            to_member: invitation.is_to_member(),
            offers: invitation
                .access
                .iter()
                .map(|line| (line.workspace_name.clone(), line.role_name.clone()))
                .collect(),
            inviter: invitation.inviter.clone(),
            invited: When::relative(invitation.created_at, now),
            ends: When::relative(invitation.ended_at.unwrap_or(invitation.expires_at), now),
            expired: invitation.status == Status::Expired,
            tone,
            state,
            detail,
            open,
            may_send: may_send && invitation.to.address().is_some(),
            may_copy: may_send && invitation.status == Status::Pending,
            may_revoke,
        }
    }
}

/// What became of an invitation and its mail. "Sent" only once the mail server took it.
fn state(app: &App, invitation: &Invitation, now: i64) -> (&'static str, &'static str, String) {
    let file = app.mailer.folder().is_some();
    match (invitation.status, invitation.delivery) {
        (Status::Accepted, _) => ("good", "Accepted", String::new()),
        (Status::Declined, _) => ("", "Declined", String::new()),
        (Status::Revoked, _) => ("", "Revoked", String::new()),
        (Status::Expired, _) => ("", "Expired", String::new()),
        (Status::Pending, DeliveryState::Queued) if invitation.delivery_error.is_empty() => {
            ("wait", "Queued", "The mail leaves in a moment".into())
        }
        (Status::Pending, DeliveryState::Queued) => (
            "wait",
            "Queued",
            format!("{}; it is tried again", capital(&invitation.delivery_error)),
        ),
        (Status::Pending, DeliveryState::Sent) => {
            let when = invitation
                .delivered_at
                .map(|at| clock::relative(at, now))
                .unwrap_or_default();
            if file {
                ("wait", "Written to a file", when)
            } else {
                ("info", "Sent", when)
            }
        }
        (Status::Pending, DeliveryState::None)
            if app.config.github_invitations == GitHubInvitations::Join =>
        {
            (
                "",
                "No mail",
                "They join once they sign in with GitHub".into(),
            )
        }
        (Status::Pending, DeliveryState::None) => (
            "",
            "No mail",
            "They see it here once they sign in with GitHub".into(),
        ),
        (Status::Pending, DeliveryState::Failed) => {
            ("bad", "Not delivered", capital(&invitation.delivery_error))
        }
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[derive(Template)]
#[template(path = "invitations/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_name: String,
    ended: bool,
    status: String,
    rows: Vec<Row>,
    may_invite: bool,
    invite_href: String,
    without_server: bool,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "invitations/_row.html")]
struct RowFragment {
    base: String,
    row: Row,
    icons: &'static str,
    notice: Option<Notice>,
}

/// `GET /orgs/{org}/invitations`
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let ended = asked.show == "ended";
    let filter = Filter {
        ended: ended.then(|| {
            Status::parse(&asked.status)
                .filter(|s| *s != Status::Pending)
                .map_or(Ended::Any, Ended::As)
        }),
        after: (!asked.after.is_empty()).then(|| asked.after.clone()),
        limit: ROWS,
    };
    let listed = invitations::list(&app, &actor, &filter).await?;
    let base = format!("/orgs/{}/invitations", actor.org.slug);
    let query = |after: &str| {
        let mut query = url::form_urlencoded::Serializer::new(format!("{base}?"));
        for (key, value) in [
            ("show", asked.show.as_str()),
            ("status", &asked.status),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        query.finish()
    };
    Ok(page::ok(&Index {
        shell: Shell::org(&visitor, &actor, "Invitations", "Invitations"),
        org_name: actor.org.name.clone(),
        ended,
        rows: listed
            .invitations
            .iter()
            .map(|i| Row::new(&app, &actor, i, visitor.now))
            .collect(),
        may_invite: access::may_invite(
            actor.role,
            actor.org.policies.owners_only_invite(),
            OrgRole::Member,
        )
        .is_ok(),
        invite_href: format!("/orgs/{}/members/invite", actor.org.slug),
        without_server: app.mailer.folder().is_some(),
        first: filter.after.is_some().then(|| query("")),
        next: listed.next.as_deref().map(query),
        status: asked.status,
        base,
    }))
}

/// `POST /orgs/{org}/invitations/{invitation}/resend`
pub async fn resend(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let invitation = invitations::resend(&app, &actor, &id).await?;
    let notice = Notice::good(
        format!("Another mail to {} is on its way out.", invitation.to),
        format!(
            "Earlier links no longer work. They have until {} to accept.",
            clock::minute(invitation.expires_at)
        ),
    );
    Ok(see_other(
        format!("/orgs/{}/invitations", actor.org.slug),
        Some(notice),
    ))
}

#[derive(Template)]
#[template(path = "invitations/link.html")]
pub(super) struct CopyLink {
    pub shell: Shell,
    /// The page to go back to, and its name.
    pub base: String,
    pub back: &'static str,
    /// What the invitation is to.
    pub to: String,
    pub who: String,
    /// They got a mail with a link too.
    pub mailed: bool,
    pub link: String,
    pub expires: String,
}

/// `POST /orgs/{org}/invitations/{invitation}/link`: makes a further link and shows it once.
pub async fn copy_link(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let (invitation, link) = invitations::copy_link(&app, &actor, &id).await?;
    Ok(page::ok(&CopyLink {
        shell: Shell::org(
            &visitor,
            &actor,
            "Invitations",
            format!("Link for {}", invitation.to),
        ),
        base: format!("/orgs/{}/invitations", actor.org.slug),
        back: "Invitations",
        to: actor.org.name.clone(),
        expires: clock::minute(invitation.expires_at),
        mailed: invitation.to.address().is_some(),
        who: invitation.to.to_string(),
        link,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    role: String,
}

/// `POST /orgs/{org}/invitations/{invitation}/role`: the role that applies on joining.
pub async fn change_role(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<RoleForm>,
) -> PageResult {
    let role = OrgRole::parse(&form.role)
        .ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))?;
    let invitation = invitations::find(&app, &actor, &id).await?;
    let member = invitation
        .member
        .as_ref()
        .filter(|_| invitation.is_open())
        .ok_or(Refusal::NotFound)?;
    members::change_role(&app, &actor, member, role).await?;
    let invitation = invitations::find(&app, &actor, &id).await?;
    let label = actor.org.policies.label(invitation.role).to_lowercase();
    let notice = Notice::good(
        format!("{} joins as {label}.", invitation.to),
        "It applies when they accept.",
    );
    let base = format!("/orgs/{}/invitations", actor.org.slug);
    if visitor.partial {
        let row = Row::new(&app, &actor, &invitation, visitor.now);
        let icons = super::assets::assets().icons;
        return Ok(Html(
            RowFragment {
                base,
                row,
                icons,
                notice: Some(notice),
            }
            .render()
            .unwrap_or_default(),
        )
        .into_response());
    }
    Ok(see_other(base, Some(notice)))
}

#[derive(Template)]
#[template(path = "invitations/revoke.html")]
struct ConfirmRevoke {
    shell: Shell,
    base: String,
    org_name: String,
    invitation: Invitation,
}

/// `GET /orgs/{org}/invitations/{invitation}/revoke`
pub async fn confirm_revoke(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let invitation = invitations::revocable(&app, &actor, &id).await?;
    Ok(page::ok(&ConfirmRevoke {
        shell: Shell::org(&visitor, &actor, "Invitations", "Revoke the invitation?"),
        base: format!("/orgs/{}/invitations", actor.org.slug),
        org_name: actor.org.name.clone(),
        invitation,
    }))
}

/// `POST /orgs/{org}/invitations/{invitation}/revoke`
pub async fn revoke(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let invitation = invitations::revoke(&app, &actor, &id).await?;
    let notice = Notice::good(
        format!("The invitation to {} is revoked.", invitation.to),
        "Its links no longer work.",
    );
    Ok(see_other(
        format!("/orgs/{}/invitations", actor.org.slug),
        Some(notice),
    ))
}
