//! `/orgs/{org}/keys` and `/workspaces/{ws}/keys`: the keys by which services ask.

mod new;

pub use new::{create, create_in_workspace, new, new_in_workspace};

use super::error::PageError;
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, SignedIn, see_other};
use crate::access::{self, WorkspaceRole};
use crate::accounts::TokenScope;
use crate::app::App;
use crate::ids::{KeyId, WorkspaceId};
use crate::keys::{self, Key};
use crate::workspaces::{self, Managed};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

type PageResult = Result<Response, PageError>;

/// The navigation's line for these pages.
const NAV: &str = "API keys";

/// A key as the list shows it.
struct Row {
    id: String,
    name: String,
    prefix: String,
    scope: &'static str,
    /// What it is where, in words.
    is: String,
    maker: String,
    created: When,
    expires: When,
    used: Option<When>,
    expired: bool,
}

impl Row {
    /// `whole`: it is the organization's.
    fn new(key: Key, whole: bool, now: i64) -> Self {
        Self {
            expired: key.has_expired(now),
            is: described(&key, whole),
            id: key.id.into(),
            name: key.name,
            prefix: key.prefix,
            scope: if key.scope == TokenScope::Write {
                "Read and write"
            } else {
                "Read"
            },
            maker: key.maker_name,
            created: When::day(key.created_at),
            expires: When::relative(key.expires_at, now),
            used: key.last_used_at.map(|at| When::relative(at, now)),
        }
    }
}

/// What a key is: "Admin of the organization, Member of every workspace".
fn described(key: &Key, whole: bool) -> String {
    let here = key.workspace_role.map(WorkspaceRole::label);
    match (whole, here) {
        (false, role) => role.unwrap_or("Nothing").to_owned(),
        (true, Some(role)) => format!(
            "{} of the organization, {role} of every workspace",
            key.org_role.label()
        ),
        (true, None) => format!("{} of the organization", key.org_role.label()),
    }
}

#[derive(Template)]
#[template(path = "keys/index.html")]
struct Index {
    shell: Shell,
    base: String,
    /// The organization's or workspace's name.
    of: String,
    whole: bool,
    rows: Vec<Row>,
    /// Why none can be made now, and by whom that changes; "": one can be made.
    refused: String,
    /// Why the ones that are there don't work; "": they do.
    lacking: String,
}

/// `GET /orgs/{org}/keys`
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let rows = keys::list_keys(&app, &actor)
        .await?
        .into_iter()
        .map(|key| Row::new(key, true, visitor.now))
        .collect();
    Ok(page::ok(&Index {
        shell: Shell::org(&visitor, &actor, NAV, NAV),
        base: format!("/orgs/{}/keys", actor.org.slug),
        of: actor.org.name.clone(),
        whole: true,
        rows,
        refused: String::new(),
        lacking: keys::lacks_keys(&app, &actor.org).unwrap_or_default(),
    }))
}

/// `GET /workspaces/{ws}/keys`
pub async fn index_of_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let rows = keys::list_workspace_keys(&app, &managed)
        .await?
        .into_iter()
        .map(|key| Row::new(key, false, visitor.now))
        .collect();
    Ok(page::ok(&Index {
        shell: Shell::managed(&visitor, &person, &managed, NAV),
        base: format!("/workspaces/{id}/keys"),
        refused: refused(&managed),
        of: managed.workspace.name,
        whole: false,
        rows,
        lacking: String::new(),
    }))
}

/// Why somebody who sees a workspace's keys makes none.
fn refused(managed: &Managed) -> String {
    match access::may_make_workspace_key(managed.organization_role(), managed.role) {
        Ok(()) => String::new(),
        Err(refusal) => refusal.to_string(),
    }
}

#[derive(Template)]
#[template(path = "keys/revoke.html")]
struct ConfirmRevoke {
    shell: Shell,
    base: String,
    row: Row,
}

/// `GET /orgs/{org}/keys/{key}/revoke`
pub async fn confirm_revoke(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Path((_, id)): Path<(String, KeyId)>,
) -> PageResult {
    let key = keys::find_key(&app, &actor, &id).await?;
    let base = format!("/orgs/{}/keys", actor.org.slug);
    Ok(page::ok(&ConfirmRevoke {
        shell: Shell::org(&visitor, &actor, NAV, NAV),
        base,
        row: Row::new(key, true, visitor.now),
    }))
}

/// `POST /orgs/{org}/keys/{key}/revoke`
pub async fn revoke(
    State(app): State<App>,
    Member { actor, .. }: Member,
    Path((_, id)): Path<(String, KeyId)>,
) -> PageResult {
    let key = keys::revoke_key(&app, &actor, &id).await?;
    Ok(see_other(
        format!("/orgs/{}/keys", actor.org.slug),
        Some(revoked(&key)),
    ))
}

/// `GET /workspaces/{ws}/keys/{key}/revoke`
pub async fn confirm_revoke_in_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, key)): Path<(WorkspaceId, KeyId)>,
) -> PageResult {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let key = keys::find_workspace_key(&app, &managed, &key).await?;
    let shell = Shell::managed(&visitor, &person, &managed, NAV);
    Ok(page::ok(&ConfirmRevoke {
        shell,
        base: format!("/workspaces/{id}/keys"),
        row: Row::new(key, false, visitor.now),
    }))
}

/// `POST /workspaces/{ws}/keys/{key}/revoke`
pub async fn revoke_in_workspace(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path((id, key)): Path<(WorkspaceId, KeyId)>,
) -> PageResult {
    let key = keys::revoke_workspace_key(&app, &person, &id, &key).await?;
    Ok(see_other(
        format!("/workspaces/{id}/keys"),
        Some(revoked(&key)),
    ))
}

fn revoked(key: &Key) -> Notice {
    Notice::good(
        format!("“{}” is revoked.", key.name),
        "Whatever uses it is refused from its next request on.",
    )
}
