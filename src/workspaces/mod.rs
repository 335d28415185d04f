//! Workspaces: where the work happens; in one organization, or standalone (product.md, 4).

mod access;
mod create;
mod custom;
mod entry;
mod holdings;
mod joining;
mod linking;
mod managing;
mod queries;
mod release;
mod set;
mod write;

pub(crate) use access::{
    give_access, leave_standalone, lock_standalone_of, move_access, nobody_elses, only_owner_of,
    roles_in, take_all_access,
};
pub(crate) use create::insert_standalone;
pub use create::{create_in, create_standalone};
pub(crate) use custom::replace_custom_role;
pub use entry::note_entry;
pub use holdings::{
    Found, Holding, PEOPLE_AT_ONCE, Pages, PeoplePage, PersonHere, Standing, WORKSPACES_AT_ONCE,
    choices, custom_roles, explain_matrix, explain_people, people_here, person_here, search_in,
    standings,
};
pub(crate) use joining::{Imported, Joiner, give_imported, give_kept, give_on_joining};
pub use joining::{create_missing, missing};
pub use linking::{
    Candidate, Linked, Unlinking, candidates, create_organization_from, creating_impact, link,
    linking_impact, unlink, unlinking_impact,
};
pub use managing::{
    Changes, Managed, WorkspaceDeletion, change_details, delete, find_managed,
    workspace_deletion_impact,
};
pub use release::Keeping;
pub(crate) use release::{custom_holders, keeping, release_all};
pub(crate) use set::name_of;
pub use set::{Given, Set, set_access, set_access_impact};
pub(crate) use write::{Writing, standing_alone, write};

use crate::access::{self as rules, OrgRole, Permission, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Workspace {
    pub id: WorkspaceId,
    /// `None`: standalone.
    pub org: Option<OrgId>,
    pub name: String,
    /// Its own among the organization's workspaces.
    pub slug: String,
    /// What it stands for, such as Production or EMEA (S1-6); "" for nothing.
    pub label: String,
    /// Users with access.
    pub people: i64,
    pub created_at: Micros,
}

/// Where a role in a workspace comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The person's own: it stays when the workspace leaves the organization.
    Direct,
    /// The organization's: it goes with the organization.
    Organization,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Organization => "organization",
        }
    }
}

/// A workspace that somebody has opened, with what they are in it.
#[derive(Clone, Debug)]
pub struct Open {
    pub workspace: Workspace,
    /// The person in the workspace's organization; `None` for a standalone workspace.
    pub actor: Option<Actor>,
    pub role: WorkspaceRole,
    /// They have no role of their own here and came in by their organization role, under the policy that says so.
    pub by_organization_role: bool,
}

/// A workspace in a list, with the role that the one who asks has in it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub workspace: Workspace,
    /// `None`: they can't open it.
    pub role: Option<WorkspaceRole>,
}

/// Somebody with access to a workspace.
#[derive(Clone, Debug)]
pub struct PersonWithAccess {
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub role: WorkspaceRole,
    /// The role as people say it: a custom one by its name.
    pub role_name: String,
}

/// Opens a workspace. "Not found" for who has no role there, is no active member of its organization, or is an owner or
/// admin of it where the policy doesn't let them in (S1-3, SEC-Z1).
pub async fn open(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Open> {
    let mut tx = app.db.read().await?;
    let (workspace, own) = queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let actor = match &workspace.org {
        Some(org) => Some(person.in_org(org)?),
        None => None,
    };
    let role = role_in(own, actor.as_ref()).ok_or(Refusal::NotFound)?;
    Ok(Open {
        by_organization_role: own.is_none(),
        workspace,
        actor,
        role,
    })
}

/// The person in the organization that a workspace is in. "Not found" for who isn't a member of it, and for a standalone one.
pub async fn organization_of(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Actor> {
    let mut tx = app.db.read().await?;
    let (workspace, _) = queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    person.in_org(&workspace.org.ok_or(Refusal::NotFound)?)
}

/// The role somebody has in a workspace: their own, capped by the organization's; or by their organization role.
fn role_in(own: Option<WorkspaceRole>, actor: Option<&Actor>) -> Option<WorkspaceRole> {
    match (own, actor) {
        (Some(own), None) => Some(own),
        (Some(own), Some(actor)) => Some(rules::capped(own, actor.role)),
        (None, Some(actor)) => rules::enters_by_role(actor.role, actor.org.policies.admins_enter)
            .then_some(WorkspaceRole::Admin),
        (None, None) => None,
    }
}

/// The people with access to an opened workspace, by name: the first `limit` of them.
pub async fn people(app: &App, open: &Open, limit: i64) -> Result<Vec<PersonWithAccess>> {
    let mut tx = app.db.read().await?;
    queries::people(&mut tx, &open.workspace.id, limit).await
}

/// The role that somebody has in an opened workspace, as people say it.
pub async fn role_name(app: &App, open: &Open, user: &UserId) -> Result<String> {
    if open.role != WorkspaceRole::Custom {
        return Ok(open.role.label().to_owned());
    }
    let mut tx = app.db.read().await?;
    let held = queries::held(&mut tx, &open.workspace.id, user).await?;
    Ok(held.iter().find(|row| row.role == open.role).map_or_else(
        || open.role.label().to_owned(),
        queries::HeldAccessRow::label,
    ))
}

/// One page of an organization's workspaces by name, after the cursor that an earlier page gave, and the cursor of the
/// next. Who administers workspaces sees all of them, everybody else those they have a role in.
pub async fn list(
    app: &App,
    actor: &Actor,
    after: &str,
    limit: i64,
) -> Result<(Vec<Listed>, Option<String>)> {
    rules::require(actor.role, Permission::ViewDirectory)?;
    let (name, id) = if after.is_empty() {
        Default::default()
    } else {
        decode_cursor(after)?
    };
    let all = sees_all(actor.role) || actor.enters();
    let mut tx = app.db.read().await?;
    let mut rows = queries::list(
        &mut tx,
        &actor.org.id,
        actor.user(),
        all,
        (&name, &id),
        limit + 1,
    )
    .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|(last, _)| encode_cursor(&crate::text::sort_key(&last.name), last.id.as_str()));
    let listed = rows
        .into_iter()
        .map(|(workspace, own)| Listed {
            role: role_in(own, Some(actor)),
            workspace,
        })
        .collect();
    Ok((listed, next))
}

/// Id and name of each, for lists to choose from; where a name repeats, with the slug behind it.
pub fn told_apart(listed: Vec<Listed>) -> Vec<(WorkspaceId, String)> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for one in &listed {
        *times.entry(one.workspace.name.clone()).or_default() += 1;
    }
    let name = |w: &Workspace| {
        if times[&w.name] > 1 {
            format!("{} ({})", w.name, w.slug)
        } else {
            w.name.clone()
        }
    };
    listed
        .iter()
        .map(|one| (one.workspace.id.clone(), name(&one.workspace)))
        .collect()
}

/// The slug of another workspace of the same organization and name, if there is one that the actor knows of.
pub async fn namesake(app: &App, actor: &Actor, workspace: &Workspace) -> Result<Option<String>> {
    let all = sees_all(actor.role) || actor.enters();
    let mut tx = app.db.read().await?;
    queries::namesake(&mut tx, &actor.org.id, actor.user(), all, workspace).await
}

/// The workspace of the actor's organization that has this slug, among those that they see.
pub async fn find_by_slug(app: &App, actor: &Actor, slug: &str) -> Result<Option<WorkspaceId>> {
    let mut tx = app.db.read().await?;
    let Some(id) = queries::by_slug(&mut tx, &actor.org.id, slug).await? else {
        return Ok(None);
    };
    Ok(queries::is_known(
        &mut tx,
        &actor.org.id,
        actor.user(),
        sees_all(actor.role) || actor.enters(),
        &id,
    )
    .await?
    .then_some(id))
}

/// Whether a role sees workspaces that it can't open.
pub fn sees_all(role: OrgRole) -> bool {
    rules::allows(role, Permission::LinkWorkspaces)
}

fn encode_cursor(name: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_string(&(name, id)).unwrap_or_default())
}

fn decode_cursor(text: &str) -> Result<(String, String)> {
    let wrong = || {
        Refusal::field(
            "cursor",
            "This page belongs to another list. Start from the first page.",
        )
    };
    let raw = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let (name, id): (String, String) = serde_json::from_slice(&raw).map_err(|_| wrong())?;
    if name.contains('\0') || id.contains('\0') {
        Err(wrong())
    } else {
        Ok((name, id))
    }
}

/// The standalone workspaces that a person has a role in: at most a hundred.
pub async fn standalone(app: &App, person: &Person) -> Result<Vec<Listed>> {
    let mut tx = app.db.read().await?;
    let rows = queries::standalone(&mut tx, &person.user, 100).await?;
    Ok(rows
        .into_iter()
        .map(|(workspace, role)| Listed { workspace, role })
        .collect())
}

/// A role that an import brings, in a workspace named by its slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterAccess {
    pub workspace: String,
    pub role: WorkspaceRole,
}

/// A workspace that somebody has a role in, with the role as people say it.
#[derive(Clone, Debug)]
pub struct HeldWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    pub role: String,
}

/// The workspaces of an organization that a member with this role has a role in, by name; of two roles in one, both.
pub(crate) async fn held_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    role: OrgRole,
) -> Result<Vec<HeldWorkspace>> {
    let mut all: Vec<HeldWorkspace> = Vec::new();
    for row in queries::held_by(tx, org, user).await? {
        let role = row
            .custom_role
            .unwrap_or_else(|| rules::capped(row.role, role).label().to_owned());
        match all.last_mut().filter(|last| last.id == row.id) {
            Some(last) if last.role == role => {}
            Some(last) => last.role = format!("{} and {role}", last.role),
            None => all.push(HeldWorkspace {
                id: row.id,
                name: row.name,
                role,
            }),
        }
    }
    Ok(all)
}

/// The names of an organization's workspaces that a user has access to.
pub(crate) async fn names_with_access(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<String>> {
    queries::names_with_access(tx, org, user).await
}

/// The actor's role in a workspace of their organization, as [`open`] would give it; `None` where they have none. "Not
/// found" for a workspace that isn't of the organization, or that they don't know of.
pub(crate) async fn role_of(
    tx: &mut Tx,
    actor: &Actor,
    id: &WorkspaceId,
) -> Result<Option<WorkspaceRole>> {
    let (workspace, own) = queries::find(tx, actor.user(), id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let role = role_in(own, Some(actor));
    let known =
        workspace.org.as_ref() == Some(&actor.org.id) && (role.is_some() || sees_all(actor.role));
    if known {
        Ok(role)
    } else {
        Err(Refusal::NotFound)
    }
}

/// Refuses, with "not found", a workspace that isn't one of the actor's organization or that they don't know of.
pub(crate) async fn require_known(tx: &mut Tx, actor: &Actor, id: &WorkspaceId) -> Result<()> {
    let all = sees_all(actor.role) || actor.enters();
    if queries::is_known(tx, &actor.org.id, actor.user(), all, id).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}
