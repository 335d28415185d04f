//! `/workspaces/{ws}/settings`: name and label, what the organization sets, leaving the organization, deleting.

use super::{PageResult, of_one_name};
use crate::access::{self, Permission};
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::organizations::Organization;
use crate::text;
use crate::web::input::Form;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{SignedIn, Visitor, see_other};
use crate::workspaces::{self, Changes, Managed, WorkspaceDeletion};
use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailsForm {
    name: String,
    #[serde(default)]
    label: String,
}

/// A policy of the organization that acts in the workspace, with what it does there.
struct Policy {
    name: &'static str,
    effect: String,
}

#[derive(Template)]
#[template(path = "workspaces/settings.html")]
struct Settings {
    shell: Shell,
    base: String,
    managed: Managed,
    /// Name and slug; `None`: it stands alone.
    org: Option<(String, String)>,
    policies: Vec<Policy>,
    /// Organizations that the person could link it to: name and slug.
    links: Vec<(String, String)>,
    form: DetailsForm,
    name_error: String,
    label_error: String,
    may_change: bool,
    may_delete: bool,
}

fn settings_page(
    visitor: &Visitor,
    person: &Person,
    managed: Managed,
    form: DetailsForm,
) -> Settings {
    let org = managed.actor.as_ref().map(|actor| actor.org.clone());
    let links = person
        .seats
        .iter()
        .filter(|seat| access::allows(seat.role, Permission::LinkWorkspaces));
    Settings {
        shell: Shell::managed(visitor, person, &managed, "Settings"),
        base: format!("/workspaces/{}/settings", managed.workspace.id),
        policies: org.as_deref().map(policies).unwrap_or_default(),
        links: links
            .map(|seat| (seat.org.name.clone(), seat.org.slug.clone()))
            .collect(),
        org: org.map(|org| (org.name.clone(), org.slug.clone())),
        form,
        name_error: String::new(),
        label_error: String::new(),
        may_change: managed.may_change().is_ok(),
        may_delete: managed.may_delete().is_ok(),
        managed,
    }
}

/// What an organization sets for each of its workspaces (S1-7). None of it can be changed here.
fn policies(org: &Organization) -> Vec<Policy> {
    let set = &org.policies;
    let methods = match (set.allow_email, set.allow_github) {
        (true, true) => "by e-mail or with GitHub",
        (true, false) => "by e-mail only",
        _ => "with GitHub only",
    };
    let entering = if set.admins_enter {
        "Owners and admins of the organization come in as admin, without a role of their own."
    } else {
        "Owners and admins of the organization come in only with a role of their own."
    };
    let who = if set.owners_only_invite() {
        "Owners of the organization invite."
    } else {
        "Owners and admins of the organization invite."
    };
    let addresses = if set.invite_domains.is_empty() {
        String::new()
    } else {
        format!(
            " Only addresses at {} are invited.",
            text::some_of(&set.invite_domains, 5)
        )
    };
    let policy = |name, effect: String| Policy { name, effect };
    vec![
        policy("Inviting", format!("{who}{addresses}")),
        policy("Coming in by organization role", entering.to_owned()),
        policy("Signing in", format!("People sign in {methods}.")),
        policy(
            "Sessions",
            format!(
                "They end after {} unused, and after {} in any case.",
                text::count(set.session_idle_hours, "hour", "hours"),
                text::count(set.session_absolute_days, "day", "days")
            ),
        ),
        policy(
            "API tokens",
            format!(
                "They work for {}.",
                text::count(set.token_days, "day", "days")
            ),
        ),
    ]
}

/// `GET /workspaces/{ws}/settings`
pub async fn settings(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let form = DetailsForm {
        name: managed.workspace.name.clone(),
        label: managed.workspace.label.clone(),
    };
    Ok(page::ok(&settings_page(&visitor, &person, managed, form)))
}

/// `POST /workspaces/{ws}/settings`
pub async fn change(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
    Form(form): Form<DetailsForm>,
) -> PageResult {
    let changes = Changes {
        name: Some(form.name.clone()),
        label: Some(form.label.clone()),
    };
    let before = workspaces::find_managed(&app, &person, &id)
        .await?
        .workspace
        .name;
    let refusal = match workspaces::change_details(&app, &person, &id, &changes).await {
        Ok(managed) => {
            let further = match &managed.actor {
                Some(actor) if managed.workspace.name != before => {
                    of_one_name(&app, actor, &managed.workspace).await?
                }
                _ => String::new(),
            };
            let notice = Notice::good("Saved.", further.trim());
            return Ok(see_other(
                format!("/workspaces/{}/settings", managed.workspace.id),
                Some(notice),
            ));
        }
        Err(refusal) => refusal,
    };
    let (name_error, label_error) = (
        refusal.message_for("name").to_owned(),
        refusal.message_for("label").to_owned(),
    );
    if name_error.is_empty() && label_error.is_empty() {
        return Err(refusal.into());
    }
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    Ok(page::invalid(&Settings {
        name_error,
        label_error,
        ..settings_page(&visitor, &person, managed, form)
    }))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct DeleteForm {
    confirm: String,
}

#[derive(Template)]
#[template(path = "workspaces/delete.html")]
struct Delete {
    shell: Shell,
    base: String,
    deletion: WorkspaceDeletion,
    names: String,
    confirm: String,
    error: String,
}

fn delete_page(
    visitor: &Visitor,
    person: &Person,
    deletion: WorkspaceDeletion,
    confirm: String,
    error: String,
) -> Delete {
    Delete {
        shell: Shell::managed(visitor, person, &deletion.managed, "Settings"),
        base: format!("/workspaces/{}/settings", deletion.managed.workspace.id),
        names: text::few_of(&deletion.losing_names, deletion.losing),
        deletion,
        confirm,
        error,
    }
}

/// `GET /workspaces/{ws}/settings/delete`: what goes, before it is done.
pub async fn confirm_delete(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    let deletion = workspaces::workspace_deletion_impact(&app, &person, &id).await?;
    Ok(page::ok(&delete_page(
        &visitor,
        &person,
        deletion,
        String::new(),
        String::new(),
    )))
}

/// `POST /workspaces/{ws}/settings/delete`
pub async fn delete(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
    Form(form): Form<DeleteForm>,
) -> PageResult {
    let refusal = match workspaces::delete(&app, &person, &id, &form.confirm).await {
        Ok(done) => {
            let title = format!("{} is deleted.", done.managed.workspace.name);
            let to = match &done.managed.actor {
                Some(actor) => format!("/orgs/{}/workspaces", actor.org.slug),
                None => "/account/organizations".to_owned(),
            };
            return Ok(see_other(
                to,
                Some(Notice::good(title, "Nobody has it any more.")),
            ));
        }
        Err(refusal @ Refusal::Invalid(_)) => refusal,
        Err(refusal) => return Err(refusal.into()),
    };
    let error = refusal.message_for("confirm").to_owned();
    let deletion = workspaces::workspace_deletion_impact(&app, &person, &id).await?;
    Ok(page::invalid(&delete_page(
        &visitor,
        &person,
        deletion,
        form.confirm,
        error,
    )))
}
