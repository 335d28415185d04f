//! Making a key.

use super::{NAV, PageResult};
use crate::access::{self, KEY_ROLES, OrgRole, WorkspaceRole};
use crate::accounts::{self, TokenScope};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Checks, Refusal, Result};
use crate::ids::WorkspaceId;
use crate::keys::{self, Made, NewKey};
use crate::web::input::Form;
use crate::web::members::When;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, SignedIn};
use crate::workspaces::{self, Managed};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

/// Lifetimes to choose from, in days.
const LIVES: [i64; 5] = [7, 30, 90, 180, 365];

/// The roles that a key can have in workspaces.
const WORKSPACE_ROLES: [WorkspaceRole; 3] = [
    WorkspaceRole::Viewer,
    WorkspaceRole::Member,
    WorkspaceRole::Admin,
];

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct KeyForm {
    name: String,
    scope: String,
    /// Of an organization's key only.
    #[serde(default)]
    org_role: String,
    /// "": nothing.
    #[serde(default)]
    workspace_role: String,
    days: String,
}

/// Value, label, note, why it can't be chosen: an option of a form.
type Choice = (String, String, String, String);

#[derive(Template)]
#[template(path = "keys/new.html")]
struct New {
    shell: Shell,
    base: String,
    of: String,
    whole: bool,
    form: KeyForm,
    scopes: Vec<Choice>,
    org_roles: Vec<Choice>,
    workspace_roles: Vec<Choice>,
    lives: Vec<(String, String, String)>,
    name_error: String,
    scope_error: String,
    org_role_error: String,
    workspace_role_error: String,
    days_error: String,
}

#[derive(Template)]
#[template(path = "keys/created.html")]
struct Created {
    shell: Shell,
    base: String,
    name: String,
    secret: String,
    ends: When,
    example: String,
}

/// Where a key is made.
struct Place {
    shell: Shell,
    base: String,
    of: String,
    whole: bool,
    /// Days that one lives at the most.
    longest: i64,
    /// Why roles in workspaces can't be chosen; "": they can.
    refused: &'static str,
    /// An address to try it with.
    example: String,
}

fn of_organization(actor: &Actor, shell: Shell) -> Place {
    let reaches = access::reaches_all_workspaces(actor.role, actor.org.policies.admins_enter);
    Place {
        shell,
        base: format!("/orgs/{}/keys", actor.org.slug),
        of: actor.org.name.clone(),
        whole: true,
        longest: actor.org.policies.token_days,
        refused: if reaches {
            ""
        } else {
            "Further than you get yourself. An owner can make such a key."
        },
        example: format!("organizations/{}", actor.org.id),
    }
}

fn of_workspace(managed: &Managed, shell: Shell) -> Place {
    Place {
        shell,
        base: format!("/workspaces/{}/keys", managed.workspace.id),
        of: managed.workspace.name.clone(),
        whole: false,
        longest: managed
            .actor
            .as_ref()
            .map_or(accounts::MOST_DAYS, |actor| actor.org.policies.token_days),
        refused: "",
        example: format!("workspaces/{}/resources", managed.workspace.id),
    }
}

impl Place {
    fn form(self, form: KeyForm, refusal: Option<&Refusal>) -> New {
        let error = |field| {
            refusal.map_or_else(String::new, |refusal| refusal.message_for(field).to_owned())
        };
        let choice = |value: &str, label: &str, note: &str| {
            (
                value.to_owned(),
                label.to_owned(),
                note.to_owned(),
                String::new(),
            )
        };
        let mut lives: Vec<i64> = LIVES
            .into_iter()
            .filter(|days| *days <= self.longest)
            .collect();
        if !lives.contains(&self.longest) && self.longest < LIVES[LIVES.len() - 1] {
            lives.push(self.longest);
        }
        let mut workspace_roles = Vec::new();
        if self.whole {
            workspace_roles.push(choice("", "Nothing", "It opens no workspace."));
        }
        for role in WORKSPACE_ROLES {
            let refused = self.refused.to_owned();
            workspace_roles.push((
                role.as_str().to_owned(),
                role.label().to_owned(),
                role.explains().to_owned(),
                refused,
            ));
        }
        New {
            scopes: vec![
                choice(
                    "read",
                    "Read",
                    "Sees what its role sees, and changes nothing.",
                ),
                choice("write", "Read and write", "Does what its role may do."),
            ],
            org_roles: KEY_ROLES
                .into_iter()
                .map(|role| choice(role.as_str(), role.label(), role.explains()))
                .collect(),
            lives: lives
                .into_iter()
                .map(|days| {
                    (
                        days.to_string(),
                        crate::text::count(days, "day", "days"),
                        String::new(),
                    )
                })
                .collect(),
            workspace_roles,
            name_error: error("name"),
            scope_error: error("scope"),
            org_role_error: error("org_role"),
            workspace_role_error: error("workspace_role"),
            days_error: error("days"),
            shell: self.shell,
            base: self.base,
            of: self.of,
            whole: self.whole,
            form,
        }
    }

    /// The form before anything was chosen: the least that is of use.
    fn empty(self) -> New {
        let form = KeyForm {
            name: String::new(),
            scope: TokenScope::Read.as_str().into(),
            org_role: OrgRole::Member.as_str().into(),
            workspace_role: if self.whole {
                String::new()
            } else {
                WorkspaceRole::Viewer.as_str().into()
            },
            days: self.longest.min(90).to_string(),
        };
        self.form(form, None)
    }

    /// The page that shows the secret, the only time that it is shown; or the form with what is wrong in it.
    fn answer(self, app: &App, form: KeyForm, outcome: Result<Made>) -> PageResult {
        match outcome {
            Ok(Made { key, secret }) => Ok(page::ok(&Created {
                example: format!(
                    "curl -H \"Authorization: Bearer $API_KEY\" {}/api/v1/{}",
                    app.config.base_url(),
                    self.example
                ),
                ends: When::day(key.expires_at),
                shell: self.shell,
                base: self.base,
                name: key.name,
                secret,
            })),
            Err(refusal @ Refusal::Invalid(_)) => {
                Ok(page::invalid(&self.form(form, Some(&refusal))))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// The form as the operation takes it; `whole`: for a key of the organization.
fn wanted(form: &KeyForm, whole: bool) -> Result<NewKey<'_>> {
    let mut checks = Checks::default();
    let scope = checks.take(
        "scope",
        TokenScope::parse(&form.scope).ok_or("Choose what the key may do."),
    );
    let org_role = match whole {
        true => checks.take(
            "org_role",
            OrgRole::parse(&form.org_role).ok_or("Choose what it is in the organization."),
        ),
        false => Some(OrgRole::Member),
    };
    let workspace_role = match form.workspace_role.as_str() {
        "" if whole => None,
        text => checks.take(
            "workspace_role",
            WorkspaceRole::parse(text).ok_or("Choose what it is in workspaces."),
        ),
    };
    let days = checks.take(
        "days",
        form.days
            .parse()
            .map_err(|_| "Choose how long the key lives."),
    );
    checks.done()?;
    let (Some(scope), Some(org_role)) = (scope, org_role) else {
        return Err(Refusal::NotFound);
    };
    Ok(NewKey {
        name: &form.name,
        scope,
        org_role,
        workspace_role,
        days,
    })
}

/// `GET /orgs/{org}/keys/new`
pub async fn new(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    keys::require_keys(&app, &actor)?;
    let place = of_organization(&actor, Shell::org(&visitor, &actor, NAV, "New key"));
    Ok(page::ok(&place.empty()))
}

/// `POST /orgs/{org}/keys/new`
pub async fn create(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<KeyForm>,
) -> PageResult {
    let place = of_organization(&actor, Shell::org(&visitor, &actor, NAV, "New key"));
    let outcome = match wanted(&form, true) {
        Ok(new) => keys::create_key(&app, &actor, &new).await,
        Err(refusal) => Err(refusal),
    };
    place.answer(&app, form, outcome)
}

/// `GET /workspaces/{ws}/keys/new`
pub async fn new_in_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> Result<Response, crate::web::PageError> {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    access::may_make_workspace_key(managed.organization_role(), managed.role)?;
    let shell = Shell::managed(&visitor, &person, &managed, NAV);
    Ok(page::ok(&of_workspace(&managed, shell).empty()))
}

/// `POST /workspaces/{ws}/keys/new`
pub async fn create_in_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
    Form(form): Form<KeyForm>,
) -> PageResult {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let place = of_workspace(&managed, Shell::managed(&visitor, &person, &managed, NAV));
    let outcome = match wanted(&form, false) {
        Ok(new) => keys::create_workspace_key(&app, &person, &id, &new).await,
        Err(refusal) => Err(refusal),
    };
    place.answer(&app, form, outcome)
}
