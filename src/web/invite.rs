//! `/orgs/{org}/members/invite`: the form that invites somebody.

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::offer::WorkspaceRows;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::billing;
use crate::clock;
use crate::config::GitHubInvitations;
use crate::error::Refusal;
use crate::invitations::{self, Invitation, NewInvitation, OnPending};
use crate::text;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct InviteForm {
    /// "github" where the form is the one for usernames.
    #[serde(default)]
    by: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    github: String,
    #[serde(default)]
    name: String,
    role: String,
    #[serde(default, rename = "workspace[]")]
    workspaces: Vec<String>,
    #[serde(default, rename = "access[]")]
    access: Vec<String>,
    /// "update" from the button that is offered where one is pending already.
    #[serde(default)]
    on_pending: String,
    /// The name of a custom role to make.
    #[serde(default)]
    new_role: String,
    /// "yes" from the button that adds a row of workspace and role, "role" from the one that makes a custom role, "email" from
    /// the one that takes an address over to the form for addresses.
    #[serde(default)]
    more: String,
}

/// What the form's address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// "github", or "" for an address.
    by: String,
}

/// What stands in the way, with what can be done about it.
pub(super) struct InTheWay {
    pub text: String,
    pub link: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "invitations/new.html")]
struct New {
    shell: Shell,
    base: String,
    org_name: String,
    form: InviteForm,
    /// The form is the one for usernames.
    by_github: bool,
    /// There is the other form too.
    both: bool,
    /// About the address or the username: the form has one of the two.
    who_error: String,
    /// What was typed as a username is an address, which the other form takes.
    is_address: bool,
    name_error: String,
    role_error: String,
    email_hint: String,
    /// Value, label, explanation, "".
    roles: Vec<RoleChoice>,
    days: String,
    /// What happens to who is invited by username.
    on_visit: &'static str,
    places: WorkspaceRows,
    in_the_way: Option<InTheWay>,
    /// What is in the way is a pending invitation.
    may_update: bool,
    /// What that one offers now.
    offers: String,
}

/// `GET /orgs/{org}/members/invite`
pub async fn new(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    access::may_invite(
        actor.role,
        actor.org.policies.owners_only_invite(),
        OrgRole::Member,
    )?;
    let form = InviteForm {
        by: asked.by,
        role: OrgRole::Member.as_str().into(),
        ..InviteForm::default()
    };
    let places = rows(&app, &actor).await?.with_empty_row();
    Ok(page::ok(&form_page(
        &app, &actor, &visitor, form, places, None,
    )))
}

/// `POST /orgs/{org}/members/invite`
pub async fn create(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(mut form): Form<InviteForm>,
) -> Result<Response, PageError> {
    access::may_invite(
        actor.role,
        actor.org.policies.owners_only_invite(),
        OrgRole::Member,
    )?;
    let places = rows(&app, &actor)
        .await?
        .sent(&form.workspaces, &form.access);
    if form.more == "email" {
        (form.by, form.email) = (String::new(), std::mem::take(&mut form.github));
        return Ok(page::ok(&form_page(
            &app,
            &actor,
            &visitor,
            form,
            places.with_empty_row_unless_any(),
            None,
        )));
    }
    if form.more == "role" {
        let places = places.with_new_role(&app, &actor, &form.new_role).await?;
        return Ok(page::ok(&form_page(
            &app, &actor, &visitor, form, places, None,
        )));
    }
    if form.more == "yes" {
        return Ok(page::ok(&form_page(
            &app,
            &actor,
            &visitor,
            form,
            places.with_empty_row(),
            None,
        )));
    }
    if !form.new_role.trim().is_empty() {
        let places = places
            .with_unmade_role(&form.new_role)
            .with_empty_row_unless_any();
        return Ok(page::invalid(&form_page(
            &app, &actor, &visitor, form, places, None,
        )));
    }
    match send(&app, &actor, &form, &places).await {
        Ok(invitation) => {
            let (next, by) = match invitation.to.github() {
                Some(_) => (waits_at_github(&app, invitation.expires_at), "?by=github"),
                None => (waits(invitation.expires_at), ""),
            };
            let notice = Notice::good(said(&actor, &invitation), next).with_link(
                "Invite another",
                format!("/orgs/{}/members/invite{by}", actor.org.slug),
            );
            Ok(see_other(
                format!("/orgs/{}/invitations", actor.org.slug),
                Some(notice),
            ))
        }
        Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_) | Refusal::Unavailable(_))) => {
            let status =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let pending = pending(&app, &actor, &refusal).await?;
            let places = match &pending {
                Some(pending) if places.is_empty() => places.offered(&pending.access),
                _ => places,
            };
            let places = places.with_errors(&refusal).with_empty_row_unless_any();
            let mut page = form_page(&app, &actor, &visitor, form, places, Some(&refusal));
            page.offers = pending
                .map(|pending| offers(&actor, &pending))
                .unwrap_or_default();
            Ok(page::draw(&page, status))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn rows(app: &App, actor: &Actor) -> Result<WorkspaceRows, Refusal> {
    WorkspaceRows::load(
        app,
        actor,
        format!("/orgs/{}/members/invite", actor.org.slug),
    )
    .await
}

async fn send(
    app: &App,
    actor: &Actor,
    form: &InviteForm,
    places: &WorkspaceRows,
) -> Result<Invitation, Refusal> {
    let role = OrgRole::parse(&form.role)
        .ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))?;
    let on_pending = if form.on_pending == "update" {
        OnPending::Update
    } else {
        OnPending::Refuse
    };
    let access = places.wanted(app, actor).await?;
    let (email, github, name) = (form.email.clone(), form.github.clone(), form.name.clone());
    let new = NewInvitation {
        email,
        github,
        name,
        role,
        access,
        on_pending,
    };
    invitations::invite(app, actor, &new).await
}

/// The pending invitation that is in the way.
async fn pending(
    app: &App,
    actor: &Actor,
    refusal: &Refusal,
) -> Result<Option<Invitation>, Refusal> {
    match refusal {
        Refusal::Conflict(conflict) if conflict.code == "invitation_pending" => {
            match &conflict.existing_id {
                Some(id) => invitations::find(app, actor, &id.as_str().into())
                    .await
                    .map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// What an invitation offers, in words.
fn offers(actor: &Actor, invitation: &Invitation) -> String {
    let role = actor.org.policies.label(invitation.role);
    let places: Vec<String> = invitation
        .access
        .iter()
        .map(|line| format!("{} as {}", line.workspace_name, line.role_name))
        .collect();
    if places.is_empty() {
        format!("{role}, with no workspace")
    } else {
        format!("{role}, with {}", text::some_of(&places, 10))
    }
}

fn said(actor: &Actor, invitation: &Invitation) -> String {
    let role = actor.org.policies.label(invitation.role).to_lowercase();
    let names: Vec<String> = invitation
        .access
        .iter()
        .map(|line| line.workspace_name.clone())
        .collect();
    match names.as_slice() {
        [] => format!("{} is invited as {role}.", invitation.to),
        names => format!(
            "{} is invited as {role}, with {}.",
            invitation.to,
            text::some_of(names, 3)
        ),
    }
}

/// What happens next.
pub(super) fn waits(expires_at: clock::Micros) -> String {
    format!(
        "The mail is on its way out. They have until {} to accept.",
        clock::minute(expires_at)
    )
}

/// The same for who was invited at GitHub.
fn waits_at_github(app: &App, expires_at: clock::Micros) -> String {
    let until = clock::minute(expires_at);
    match app.config.github_invitations {
        GitHubInvitations::Accept => {
            format!(
                "No mail is sent: they see it here once they sign in with GitHub, and have until {until} to accept."
            )
        }
        GitHubInvitations::Join => {
            format!("No mail is sent: they join by their next page here, until {until}.")
        }
    }
}

/// Value, name, note, and why it can't be chosen.
pub(super) type RoleChoice = (&'static str, &'static str, &'static str, String);

/// The roles that somebody may offer, for [`forms::radio_field`](../templates/layout/forms.html): those that the plan lacks
/// with the reason, but for `keep`, which is offered already. `takes` says which roles the one who is invited can be offered at all.
pub(super) fn role_choices(
    app: &App,
    actor: &Actor,
    keep: Option<OrgRole>,
    takes: impl Fn(OrgRole) -> bool,
) -> Vec<RoleChoice> {
    let policies = &actor.org.policies;
    let choice = |role: OrgRole| {
        let refused = billing::lacks_role(app, &actor.org, role)
            .filter(|_| keep != Some(role))
            .unwrap_or_default();
        (
            role.as_str(),
            policies.label(role),
            role.explains(),
            refused,
        )
    };
    policies
        .roles_to_give(actor.role, keep)
        .into_iter()
        .filter(|role| takes(*role))
        .map(choice)
        .collect()
}

fn form_page(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    form: InviteForm,
    places: WorkspaceRows,
    refusal: Option<&Refusal>,
) -> New {
    let policies = &actor.org.policies;
    let message = |field| refusal.map_or(String::new(), |r| r.message_for(field).to_owned());
    let both = app.config.invites_by_email() && app.config.invites_by_github();
    let by_github = app.config.invites_by_github() && (form.by == "github" || !both);
    let takes = |role| !by_github || access::is_given_by_username(role);
    New {
        shell: Shell::org(
            visitor,
            actor,
            "Invitations",
            format!("Invite to {}", actor.org.name),
        ),
        base: format!("/orgs/{}", actor.org.slug),
        org_name: actor.org.name.clone(),
        both,
        by_github,
        who_error: ["email", "github"].map(message).concat(),
        is_address: both && text::email(&form.github).is_ok(),
        name_error: message("name"),
        role_error: message("role"),
        email_hint: match policies.invite_domains.as_slice() {
            [] => "Where the invitation goes. Only this address can accept it.".into(),
            domains => format!(
                "Only addresses at {}, as {}'s policy says.",
                text::some_of(domains, 3),
                actor.org.name
            ),
        },
        roles: role_choices(app, actor, None, takes),
        days: text::count(policies.invitation_days, "day", "days"),
        on_visit: match app.config.github_invitations {
            GitHubInvitations::Accept => "accept it by one click",
            GitHubInvitations::Join => "join by that, and can leave by one click",
        },
        places,
        in_the_way: refusal.and_then(in_the_way),
        may_update: matches!(refusal, Some(Refusal::Conflict(conflict)) if conflict.code == "invitation_pending"),
        offers: String::new(),
        form,
    }
}

pub(super) fn in_the_way(refusal: &Refusal) -> Option<InTheWay> {
    match refusal {
        Refusal::Conflict(conflict) => Some(InTheWay {
            text: conflict.message.to_string(),
            link: conflict
                .next
                .as_ref()
                .map(|(label, path)| (label.to_string(), path.clone())),
        }),
        Refusal::Unavailable(message) => Some(InTheWay {
            text: (*message).to_owned(),
            link: None,
        }),
        _ => None,
    }
}
