//! `/orgs/{org}/invitations/{invitation}`: what a pending invitation offers, and changing it.

use super::error::PageError;
use super::input::Form;
use super::invite::{RoleChoice, role_choices};
use super::notice::Notice;
use super::offer::WorkspaceRows;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::access::OrgRole;
use crate::actor::Actor;
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::InvitationId;
use crate::invitations::{self, Changed, Invitation};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct OfferForm {
    /// "" for somebody who is a member already.
    #[serde(default)]
    role: String,
    #[serde(default, rename = "workspace[]")]
    workspaces: Vec<String>,
    #[serde(default, rename = "access[]")]
    access: Vec<String>,
    /// The name of a custom role to make.
    #[serde(default)]
    new_role: String,
    /// "yes" from the button that adds a row, "role" from the one that makes a custom role.
    #[serde(default)]
    more: String,
}

#[derive(Template)]
#[template(path = "invitations/edit.html")]
struct Edit {
    shell: Shell,
    base: String,
    action: String,
    org_name: String,
    who: String,
    inviter: String,
    kind_label: &'static str,
    expires: String,
    to_member: bool,
    problem: String,
    /// Value, label, explanation, "".
    roles: Vec<RoleChoice>,
    role: String,
    role_error: String,
    places: WorkspaceRows,
}

/// `GET /orgs/{org}/invitations/{invitation}`
pub async fn show(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let invitation = invitations::revocable(&app, &actor, &id).await?;
    let places = rows(&app, &actor, &invitation)
        .await?
        .offered(&invitation.access)
        .with_empty_row();
    Ok(page::ok(&edit_page(
        &app,
        &actor,
        &visitor,
        &invitation,
        places,
        invitation.role.as_str(),
        None,
    )))
}

/// `POST /orgs/{org}/invitations/{invitation}`
pub async fn change(
    State(app): State<App>,
    Path((_, id)): Path<(String, InvitationId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<OfferForm>,
) -> PageResult {
    let invitation = invitations::revocable(&app, &actor, &id).await?;
    // Custom roles that it offers stay to be chosen.
    let places = rows(&app, &actor, &invitation)
        .await?
        .with_roles_of(&invitation.access)
        .sent(&form.workspaces, &form.access);
    if form.more == "role" {
        let places = places.with_new_role(&app, &actor, &form.new_role).await?;
        return Ok(page::ok(&edit_page(
            &app,
            &actor,
            &visitor,
            &invitation,
            places,
            &form.role,
            None,
        )));
    }
    if form.more == "yes" {
        return Ok(page::ok(&edit_page(
            &app,
            &actor,
            &visitor,
            &invitation,
            places.with_empty_row(),
            &form.role,
            None,
        )));
    }
    if !form.new_role.trim().is_empty() {
        let places = places.with_unmade_role(&form.new_role);
        return Ok(page::invalid(&edit_page(
            &app,
            &actor,
            &visitor,
            &invitation,
            places,
            &form.role,
            None,
        )));
    }
    match save(&app, &actor, &invitation, &form.role, &places).await {
        Ok(changed) => {
            let notice = Notice::good(
                format!("{} is offered this from now on.", changed.to),
                "It applies when they accept.",
            );
            Ok(see_other(
                format!("/orgs/{}/invitations", actor.org.slug),
                Some(notice),
            ))
        }
        Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_))) => {
            let status =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let places = places.with_errors(&refusal);
            Ok(page::draw(
                &edit_page(
                    &app,
                    &actor,
                    &visitor,
                    &invitation,
                    places,
                    &form.role,
                    Some(&refusal),
                ),
                status,
            ))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn save(
    app: &App,
    actor: &Actor,
    invitation: &Invitation,
    role: &str,
    places: &WorkspaceRows,
) -> Result<Invitation, Refusal> {
    let role = match role {
        "" => None,
        role => Some(
            OrgRole::parse(role)
                .ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))?,
        ),
    };
    let access = Some(places.wanted(app, actor).await?);
    invitations::change(app, actor, &invitation.id, &Changed { role, access }).await
}

async fn rows(app: &App, actor: &Actor, invitation: &Invitation) -> Result<WorkspaceRows, Refusal> {
    WorkspaceRows::load(
        app,
        actor,
        format!("/orgs/{}/invitations/{}", actor.org.slug, invitation.id),
    )
    .await
}

fn edit_page(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    invitation: &Invitation,
    places: WorkspaceRows,
    role: &str,
    refusal: Option<&Refusal>,
) -> Edit {
    Edit {
        shell: Shell::org(
            visitor,
            actor,
            "Invitations",
            format!("Invitation to {}", invitation.to),
        ),
        base: format!("/orgs/{}/invitations", actor.org.slug),
        action: places.action.clone(),
        org_name: actor.org.name.clone(),
        who: invitation.to.to_string(),
        inviter: invitation.inviter.clone(),
        kind_label: invitation.kind.label(),
        expires: clock::minute(invitation.expires_at),
        to_member: invitation.is_to_member(),
        problem: match refusal {
            Some(Refusal::Conflict(conflict)) => conflict.message.to_string(),
            _ => String::new(),
        },
        roles: role_choices(app, actor, Some(invitation.role), |role| {
            invitation.to.takes_role(role)
        }),
        role: role.to_owned(),
        role_error: refusal
            .map(|r| r.message_for("role").to_owned())
            .unwrap_or_default(),
        places,
    }
}
