//! `/workspaces/{ws}/members/{user}/role`: every role that somebody could have in a workspace, custom ones to search for or
//! to make on the spot (S3-11, S3-12). The lists in place lead here where the role isn't among the first.

use super::PageResult;
use super::people::{come_back, said};
use crate::access::{self, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{UserId, WorkspaceId};
use crate::web::input::{Form, Query};
use crate::web::page::{self, Shell};
use crate::web::roles::picker::{Picker, Place, Typed};
use crate::web::session::{SignedIn, see_other};
use crate::workspaces::{self, Managed, PersonHere, Set};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// The role that is wanted: what it would take away is shown.
    role: String,
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct RoleForm {
    role: String,
    role_search: String,
    role_do: String,
    /// The role whose effect was shown.
    confirmed: String,
    /// The page to come back to.
    next: String,
}

#[derive(Template)]
#[template(path = "workspaces/choose.html")]
struct Choose {
    shell: Shell,
    action: String,
    back: String,
    person: String,
    workspace: String,
    /// What they are now; "" for nothing.
    now: String,
    /// More than viewer would be refused.
    reads_only: bool,
    /// What the chosen role takes away, where it does.
    taken: Vec<String>,
    picker: Picker,
}

/// `GET /workspaces/{ws}/members/{user}/role`
pub async fn choose_role_form(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, user)): Path<(WorkspaceId, UserId)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let (managed, here) = found(&app, &person, &id, &user).await?;
    let role = if asked.role.is_empty() {
        here.standing.value()
    } else {
        asked.role
    };
    let picker = picker(
        &app,
        &managed,
        &here,
        Typed {
            role,
            ..Typed::default()
        },
    )
    .await?;
    let would = workspaces::set_access_impact(&app, &person, &id, &user, picker.chosen()).await;
    let choose = Choose::new(
        Shell::managed(&visitor, &person, &managed, "Members"),
        &managed,
        &here,
        picker,
        &asked.next,
    );
    Ok(page::ok(&match would {
        Ok(set) if set.after.is_some() => choose.asking(&set),
        _ => choose,
    }))
}

/// `POST /workspaces/{ws}/members/{user}/role`
pub async fn choose_role(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, user)): Path<(WorkspaceId, UserId)>,
    Form(form): Form<RoleForm>,
) -> PageResult {
    let (managed, here) = found(&app, &person, &id, &user).await?;
    let mut typed = Typed {
        role: form.role,
        search: form.role_search,
        button: form.role_do,
    };
    // Enter after typing a name, with no other role chosen: they look for it.
    if typed.button.is_empty()
        && !typed.search.trim().is_empty()
        && typed.role == here.standing.value()
    {
        typed.button = "search".into();
    }
    let picker = picker(&app, &managed, &here, typed).await?;
    let shell = || Shell::managed(&visitor, &person, &managed, "Members");
    if picker.wants_redraw() {
        return Ok(page::ok(&Choose::new(
            shell(),
            &managed,
            &here,
            picker,
            &form.next,
        )));
    }
    let (given, confirmed) = (picker.chosen(), picker.selected == form.confirmed);
    if given.is_some()
        && !confirmed
        && let Ok(would) =
            workspaces::set_access_impact(&app, &person, &id, &user, given.clone()).await
        && would.impact.takes()
    {
        return Ok(page::ok(
            &Choose::new(shell(), &managed, &here, picker, &form.next).asking(&would),
        ));
    }
    let done = match given {
        None => Err(Refusal::field(
            "role",
            "Choose one of the roles in the list.",
        )),
        given => workspaces::set_access(&app, &person, &id, &user, given).await,
    };
    match done {
        Ok(set) => Ok(see_other(come_back(&form.next, &id), Some(said(&set)))),
        Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_))) => {
            let message = match refusal.message_for("role") {
                "" => refusal.to_string(),
                message => message.to_owned(),
            };
            let status =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(page::draw(
                &Choose::new(
                    shell(),
                    &managed,
                    &here,
                    picker.refused(message),
                    &form.next,
                ),
                status,
            ))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The person in the workspace, for who may change their role there.
async fn found(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    user: &UserId,
) -> Result<(Managed, PersonHere), Refusal> {
    let (managed, here) = workspaces::person_here(app, person, id, user).await?;
    let organization = managed.actor.as_ref().map(|actor| actor.role);
    let from = here.standing.highest();
    access::may_set_access(
        managed.gives_up_to(),
        organization,
        from,
        from.or(Some(WorkspaceRole::Viewer)),
        *user == person.user,
    )?;
    Ok((managed, here))
}

async fn picker(
    app: &App,
    managed: &Managed,
    here: &PersonHere,
    typed: Typed,
) -> Result<Picker, Refusal> {
    let place = Place {
        action: format!(
            "/workspaces/{}/members/{}/role",
            managed.workspace.id, here.user
        ),
        field: "role",
        legend: format!("Role in {}", managed.workspace.name),
        actor: managed.actor.as_ref(),
        workspace: Some(&managed.workspace.id),
        up_to: managed.gives_up_to().unwrap_or(WorkspaceRole::Viewer),
    };
    Picker::new(app, &place, typed).await
}

impl Choose {
    fn new(shell: Shell, managed: &Managed, here: &PersonHere, picker: Picker, next: &str) -> Self {
        let id = &managed.workspace.id;
        Self {
            shell,
            action: format!("/workspaces/{id}/members/{}/role", here.user),
            back: come_back(next, id),
            person: here.name.clone(),
            workspace: managed.workspace.name.clone(),
            now: here.standing.label(),
            reads_only: here
                .organization_role
                .is_some_and(|role| access::fits_under_cap(role, WorkspaceRole::Member).is_err()),
            taken: Vec::new(),
            picker,
        }
    }

    /// With the question whether to take away what the chosen role takes.
    fn asking(self, would: &Set) -> Self {
        if !would.impact.takes() {
            return self;
        }
        Self {
            taken: would
                .impact
                .changes
                .iter()
                .map(|change| change.sentence())
                .collect(),
            ..self
        }
    }
}
