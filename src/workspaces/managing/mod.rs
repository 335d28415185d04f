//! One workspace seen by who looks after it: its name and label, and its end. Works alike for workspaces of an
//! organization and for those that stand alone (product.md, 4).

mod queries;

use super::write::{Writing, write};
use super::{Open, Workspace, queries as workspaces, role_in, sees_all};
use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{Category, Event};
use crate::clock::Micros;
use crate::error::{Checks, Refusal, Result};
use crate::ids::WorkspaceId;
use crate::{invitations, keys, members, organizations, text};
use std::sync::Arc;

/// People that an impact names.
const NAMED: i64 = 20;

/// A workspace that somebody may know of: because they can open it, or because they administer its organization.
#[derive(Clone, Debug)]
pub struct Managed {
    pub workspace: Workspace,
    /// The person in the workspace's organization; `None` for one that stands alone.
    pub actor: Option<Actor>,
    /// What they are in it; `None`: they can't open it.
    pub role: Option<WorkspaceRole>,
    /// They have no role of their own and come in by their organization role.
    pub by_organization_role: bool,
}

impl Managed {
    fn new(workspace: Workspace, own: Option<WorkspaceRole>, actor: Option<Actor>) -> Result<Self> {
        let role = role_in(own, actor.as_ref());
        if role.is_none() && !actor.as_ref().is_some_and(|actor| sees_all(actor.role)) {
            return Err(Refusal::NotFound);
        }
        Ok(Self {
            by_organization_role: own.is_none() && role.is_some(),
            workspace,
            actor,
            role,
        })
    }

    /// The same, of a workspace that is being changed.
    fn of(writing: &Writing) -> Self {
        let Writing {
            workspace,
            actor,
            role,
            own,
            ..
        } = writing;
        Self {
            workspace: workspace.clone(),
            actor: actor.clone(),
            role: *role,
            by_organization_role: own.is_none() && role.is_some(),
        }
    }

    /// The workspace as opened; `None` for who can't open it.
    pub fn open(&self) -> Option<Open> {
        let Self {
            workspace,
            actor,
            role,
            by_organization_role,
        } = self.clone();
        role.map(|role| Open {
            workspace,
            actor,
            role,
            by_organization_role,
        })
    }

    /// What they are in the organization; `None`: the workspace stands alone.
    pub fn organization_role(&self) -> Option<OrgRole> {
        self.actor.as_ref().map(|actor| actor.role)
    }

    fn holds(&self, permission: Permission) -> bool {
        self.actor
            .as_ref()
            .is_some_and(|actor| access::allows(actor.role, permission))
    }

    /// May they change its name and label? Its admins may, and the organization's (S5-21).
    pub fn may_change(&self) -> Result<()> {
        if self.role >= Some(WorkspaceRole::Admin) || self.holds(Permission::LinkWorkspaces) {
            return Ok(());
        }
        Err(self.refusal(
            "change this workspace's settings",
            "Its owners and admins can.",
        ))
    }

    /// May they delete it? Its owners may, and the organization's (S1-27).
    pub fn may_delete(&self) -> Result<()> {
        if self.role == Some(WorkspaceRole::Owner) || self.holds(Permission::DeleteWorkspaces) {
            return Ok(());
        }
        let who = if self.actor.is_some() {
            "Its owners and owners of the organization can."
        } else {
            "Its owners can."
        };
        Err(self.refusal("delete this workspace", who))
    }

    /// May they take it out of the organization?
    pub fn may_unlink(&self) -> bool {
        self.holds(Permission::LinkWorkspaces)
    }

    /// The highest role that they may give, change or take away in it; `None`: nobody's.
    pub fn gives_up_to(&self) -> Option<WorkspaceRole> {
        access::gives_up_to(self.organization_role(), self.role)
    }

    fn refusal(&self, what: &str, who: &str) -> Refusal {
        if let Some(actor) = &self.actor
            && let Err(
                refusal @ Refusal::Forbidden {
                    code: "billing_role_no_workspace",
                    ..
                },
            ) = access::require(actor.role, Permission::LinkWorkspaces)
        {
            return refusal;
        }
        let role = self.role.map_or("no role here", WorkspaceRole::label);
        Refusal::forbidden(
            "role_lacks_permission",
            format!("You can't {what}: you have {}. {who}", role.to_lowercase()),
        )
    }
}

/// A workspace as its settings and members pages show it. "Not found" for who can neither open it nor administers its
/// organization (SEC-Z1).
pub async fn find_managed(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Managed> {
    let mut tx = app.db.read().await?;
    let (workspace, own) = workspaces::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let actor = workspace
        .org
        .as_ref()
        .map(|org| person.in_org(org))
        .transpose()?;
    Managed::new(workspace, own, actor)
}

/// What to change of a workspace; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub name: Option<String>,
    /// "" takes the label away.
    pub label: Option<String>,
}

/// Changes a workspace's name and label (S1-6). Its id and slug stay, so no link breaks. Refuses who may not
/// ([`Managed::may_change`]), and a name or label that isn't one. The same again changes nothing.
pub async fn change_details(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    changes: &Changes,
) -> Result<Managed> {
    let now = app.now();
    let mut writing = write(app, person, id).await?;
    let mut managed = Managed::of(&writing);
    managed.may_change()?;
    let before = managed.workspace.clone();
    let mut checks = Checks::default();
    let name = changes
        .name
        .as_deref()
        .and_then(|name| checks.take("name", text::name(name)));
    let label = changes
        .label
        .as_deref()
        .and_then(|label| checks.take("label", text::optional_line(label, 40)));
    checks.done()?;
    let workspace = &mut managed.workspace;
    workspace.name = name.unwrap_or_else(|| before.name.clone());
    workspace.label = label.unwrap_or_else(|| before.label.clone());
    let renamed = workspace.name != before.name;
    if !renamed && workspace.label == before.label {
        return Ok(managed);
    }
    queries::set_details(
        &mut writing.tx,
        id,
        &workspace.name,
        &text::sort_key(&workspace.name),
        &workspace.label,
    )
    .await?;
    let action = if renamed {
        "workspace.renamed"
    } else {
        "workspace.label_changed"
    };
    let (from, to) = if renamed {
        (before.name.as_str(), workspace.name.as_str())
    } else {
        (before.label.as_str(), workspace.label.as_str())
    };
    let event = Event::new(
        Category::Governance,
        action,
        "workspace",
        id.to_string(),
        &*workspace.name,
    )
    .change(from, to)
    .with("label_before", &*before.label)
    .with("label_after", &*workspace.label);
    writing.record(now, event).await?;
    writing.tx.commit().await?;
    Ok(managed)
}

/// What deleting a workspace does.
#[derive(Clone, Debug)]
pub struct WorkspaceDeletion {
    pub managed: Managed,
    /// People who lose it, and the names of the first of them.
    pub losing: i64,
    pub losing_names: Vec<String>,
    /// Resources in it, which go with it.
    pub resources: i64,
    /// Pending invitations that offered it, and no longer do.
    pub invitations: i64,
}

/// What deleting would do: it is done, looked at, and undone. Refuses who may not delete it.
pub async fn workspace_deletion_impact(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
) -> Result<WorkspaceDeletion> {
    let mut writing = write(app, person, id).await?;
    delete_in(&mut writing, app.now()).await
}

/// Deletes a workspace: nobody has it any more, and its resources and grants go. The row is kept, so that its id never
/// means something else, and so are the audit events.
///
/// Refuses who may not ([`Managed::may_delete`]; S1-27), and unless `typed` is the workspace's name.
pub async fn delete(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    typed: &str,
) -> Result<WorkspaceDeletion> {
    let mut writing = write(app, person, id).await?;
    Managed::of(&writing).may_delete()?;
    let name = &writing.workspace.name;
    if text::name(typed).ok().as_deref() != Some(name.as_str()) {
        return Err(Refusal::field(
            "confirm",
            format!("Type the workspace's name, {name}, to delete it."),
        ));
    }
    let done = delete_in(&mut writing, app.now()).await?;
    writing.tx.commit().await?;
    Ok(done)
}

async fn delete_in(writing: &mut Writing, now: Micros) -> Result<WorkspaceDeletion> {
    let managed = Managed::of(writing);
    managed.may_delete()?;
    let (workspace, tx) = (&managed.workspace, &mut writing.tx);
    let losing_names = queries::names(tx, &workspace.id, NAMED).await?;
    let invitations;
    if let (Some(org), Some(actor)) = (&workspace.org, &writing.actor) {
        let offers = invitations::drop_workspace(tx, actor, &workspace.id, now).await?;
        invitations = (offers.changed.len() + offers.revoked.len()) as i64;
        members::add_to_workspaces_of(tx, org, &workspace.id, -1).await?;
        organizations::add_to_counts(tx, org, 0, 0, -1).await?;
    } else {
        invitations = invitations::revoke_all_standalone(tx, &workspace.id, now).await? as i64;
    }
    let keys = keys::end_of_workspace(tx, &workspace.id, now).await?;
    let resources = queries::delete(tx, &workspace.id, now).await?;
    let event = Event::new(
        Category::Governance,
        "workspace.deleted",
        "workspace",
        workspace.id.to_string(),
        &*workspace.name,
    )
    .with("slug", &*workspace.slug)
    .with("people_lost", workspace.people)
    .with("invitations_changed", invitations)
    .with("keys_revoked", keys)
    .with("resources", resources);
    writing.record(now, event).await?;
    Ok(WorkspaceDeletion {
        losing: managed.workspace.people,
        losing_names,
        resources,
        invitations,
        managed,
    })
}
