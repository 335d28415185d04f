//! `/orgs/{org}/roles`: what each organization role can do, drawn from the one table; and custom roles.

pub mod picker;

mod custom;
mod delete;
mod permissions;

pub use custom::{change_details, create, list, new, show};
pub use delete::{confirm_delete, delete};
pub use permissions::set_permissions;

use super::error::PageError;
use super::page::{self, Shell};
use super::session::Member;
use crate::access::{self, PERMISSIONS, ROLES};
use crate::actor::Actor;
use crate::app::App;
use crate::billing;
use crate::roles;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

type PageResult = Result<Response, PageError>;

/// The pages beside each other under *users and roles* (S3-31).
pub struct Tabs {
    pub base: String,
    /// "members", "roles" or "custom".
    pub current: &'static str,
    /// Custom roles are for them to see.
    pub custom: bool,
}

impl Tabs {
    /// For somebody of whom only the organization role is known.
    pub fn new(actor: &Actor, current: &'static str) -> Self {
        let custom = access::allows(actor.role, access::Permission::ManageIntegrations);
        Self {
            base: format!("/orgs/{}", actor.org.slug),
            current,
            custom,
        }
    }
}

struct Column {
    label: &'static str,
    /// Its name in the API.
    name: &'static str,
    offered: bool,
    /// Why the plan keeps it from being given.
    lacking: Option<String>,
    explains: &'static str,
    yours: bool,
}

struct Line {
    label: &'static str,
    /// One for each column.
    allowed: Vec<bool>,
}

#[derive(Template)]
#[template(path = "roles/index.html")]
struct Index {
    shell: Shell,
    tabs: Tabs,
    base: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

/// `GET /orgs/{org}/roles`
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let policies = &actor.org.policies;
    let columns = ROLES.into_iter().map(|role| Column {
        label: policies.label(role),
        name: role.as_str(),
        offered: policies.offers(role),
        lacking: billing::lacks_role(&app, &actor.org, role),
        explains: role.explains(),
        yours: role == actor.role,
    });
    let lines = PERMISSIONS.into_iter().map(|permission| Line {
        label: permission.label(),
        allowed: ROLES
            .into_iter()
            .map(|role| access::allows(role, permission))
            .collect(),
    });
    Ok(page::ok(&Index {
        shell: Shell::org(&visitor, &actor, "Roles", "Roles"),
        tabs: Tabs {
            custom: roles::may_see(&app, &actor).await?,
            ..Tabs::new(&actor, "roles")
        },
        base: format!("/orgs/{}", actor.org.slug),
        columns: columns.collect(),
        lines: lines.collect(),
    }))
}
