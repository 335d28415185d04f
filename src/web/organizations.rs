//! `/orgs/new`, `/welcome`, and the paths that lead to the active organization.

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{SignedIn, see_other, suspended_in};
use crate::actor::Person;
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::{invitations, organizations, workspaces};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewForm {
    name: String,
    #[serde(default)]
    slug: String,
    /// The workspace that it is created from; "" for none.
    #[serde(default)]
    workspace: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct From {
    workspace: String,
}

#[derive(Template)]
#[template(path = "organizations/new.html")]
struct New {
    shell: Shell,
    form: NewForm,
    name_error: String,
    slug_error: String,
}

/// `GET /orgs/new`
pub async fn new(SignedIn { person, visitor }: SignedIn, Query(from): Query<From>) -> Response {
    page::ok(&New {
        shell: Shell::account(&visitor, &person, "Create organization"),
        form: NewForm {
            workspace: from.workspace,
            ..NewForm::default()
        },
        name_error: String::new(),
        slug_error: String::new(),
    })
}

/// `POST /orgs/new`
pub async fn create(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(mut form): Form<NewForm>,
) -> Result<Response, PageError> {
    let created = match form.workspace.as_str() {
        "" => organizations::create(&app, &person, &form.name, &form.slug).await,
        id => {
            workspaces::create_organization_from(
                &app,
                &person,
                &WorkspaceId::from(id),
                &form.name,
                &form.slug,
            )
            .await
        }
    };
    let refusal = match created {
        Ok(org) => {
            let notice = Notice::good(
                format!("{} is ready.", org.name),
                "You are its owner. Invite the people who belong to it.",
            );
            return Ok(see_other(
                format!("/orgs/{}/members", org.slug),
                Some(notice),
            ));
        }
        Err(refusal) => refusal,
    };
    let slug_error = slug_error(&refusal, &mut form.slug);
    let name_error = refusal.message_for("name").to_owned();
    if slug_error.is_empty() && name_error.is_empty() {
        return Err(refusal.into());
    }
    let shell = Shell::account(&visitor, &person, "Create organization");
    Ok(page::invalid(&New {
        shell,
        name_error,
        slug_error,
        form,
    }))
}

/// What is wrong with a slug; where it is taken, the free one goes into the field (S1-12).
pub(super) fn slug_error(refusal: &Refusal, field: &mut String) -> String {
    match refusal {
        Refusal::Conflict(conflict) if conflict.code == "slug_taken" => {
            if let Some(free) = &conflict.existing_id {
                field.clone_from(free);
            }
            conflict.message.to_string()
        }
        refusal => refusal.message_for("slug").to_owned(),
    }
}

#[derive(Template)]
#[template(path = "organizations/none.html")]
struct Without {
    shell: Shell,
    heading: &'static str,
    waiting: Vec<Waiting>,
    /// Organizations in which they are suspended, as words; "" for none.
    suspended: String,
}

/// An invitation that waits for the person.
struct Waiting {
    href: String,
    org_name: String,
    inviter: String,
    expires: String,
}

async fn without(
    app: &App,
    person: &Person,
    shell: Shell,
    heading: &'static str,
) -> Result<Response, PageError> {
    let own = invitations::list_own(app, person).await?;
    // Those to an account at GitHub stand above every page.
    let own = own
        .into_iter()
        .filter(|(invitation, _)| invitation.to.address().is_some());
    let waiting = own.map(|(invitation, org_name)| Waiting {
        href: format!("/invitations/{}", invitation.id),
        org_name,
        inviter: invitation.inviter,
        expires: clock::minute(invitation.expires_at),
    });
    let suspended: Vec<String> = suspended_in(app, person)
        .await?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    Ok(page::ok(&Without {
        shell,
        heading,
        waiting: waiting.collect(),
        suspended: crate::text::some_of(&suspended, 3),
    }))
}

/// `GET /welcome`: what to do without an organization and without a workspace (E14), and the invitations that wait. Who
/// has one is led there.
pub async fn welcome(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
) -> Result<Response, PageError> {
    if let Some(seat) = person.active_seat() {
        return Ok(see_other(
            format!("/orgs/{}/members", seat.org.slug),
            visitor.notice,
        ));
    }
    if let Some(first) = workspaces::standalone(&app, &person).await?.first() {
        return Ok(see_other(
            format!("/workspaces/{}/overview", first.workspace.id),
            visitor.notice,
        ));
    }
    without(
        &app,
        &person,
        Shell::account(&visitor, &person, "Welcome"),
        "Welcome to Roster",
    )
    .await
}

/// `GET /settings/organization` and everything below it: the same page of the active organization. Without one, the
/// page that says what an organization is for (E14).
pub async fn active(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
) -> Result<Response, PageError> {
    let rest = visitor
        .path
        .strip_prefix("/settings/organization")
        .unwrap_or_default();
    match person.active_seat() {
        Some(seat) => {
            let page = if rest.starts_with('/') && rest.len() > 1 {
                rest
            } else {
                "/settings"
            };
            Ok(see_other(format!("/orgs/{}{page}", seat.org.slug), None))
        }
        None => {
            without(
                &app,
                &person,
                Shell::account(&visitor, &person, "Organization"),
                "You are in no organization",
            )
            .await
        }
    }
}
