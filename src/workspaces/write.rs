//! How a change in a workspace begins: as somebody, with what they are there at that moment.

use super::{Workspace, queries, role_in, sees_all};
use crate::access::{self, OrgRole, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{UserId, WorkspaceId};
use crate::organizations;
use std::sync::Arc;

/// A workspace that is locked for a change, with who changes it.
pub(crate) struct Writing {
    pub tx: Tx,
    pub workspace: Workspace,
    pub person: Arc<Person>,
    /// The person in the workspace's organization, as of this moment; `None` for a standalone workspace.
    pub actor: Option<Actor>,
    /// Their role in the workspace; `None`: they administer it from the organization only.
    pub role: Option<WorkspaceRole>,
    /// By their own rows alone; `None`: they have none.
    pub own: Option<WorkspaceRole>,
}

/// Locks a workspace, or its organization where it has one, and finds what the person is there. "Not found" for who
/// neither has a role in it nor administers the organization's workspaces.
pub(crate) async fn write(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Writing> {
    let mut tx = app.db.read().await?;
    let (seen, _) = queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    drop(tx);
    let (mut tx, actor) = match &seen.org {
        Some(org) if person.is_system() => {
            let mut tx = app.db.write_org(org).await?;
            let org = organizations::find(&mut tx, org).await?;
            (tx, Some(Actor::system(org)))
        }
        Some(org) => {
            let (tx, actor) = app.db.write(&person.in_org(org)?).await?;
            (tx, Some(actor))
        }
        None => (app.db.write_standalone(person, id).await?, None),
    };
    // It may have been linked, unlinked or deleted before the lock was ours.
    let (workspace, own) = queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if workspace.org != seen.org {
        return Err(Refusal::conflict(
            "workspace_moved",
            "The workspace was just linked or unlinked. Look again, then try again.",
        ));
    }
    let actor = match actor {
        // The policies of this moment, too.
        Some(actor) => Some(Actor {
            org: Arc::new(organizations::find(&mut tx, &actor.org.id).await?),
            ..actor
        }),
        None => None,
    };
    let role = role_in(own, actor.as_ref());
    if role.is_none() && !actor.as_ref().is_some_and(|actor| sees_all(actor.role)) {
        return Err(Refusal::NotFound);
    }
    Ok(Writing {
        tx,
        workspace,
        person: person.clone(),
        actor,
        role,
        own,
    })
}

/// A workspace that is in no organization, inside a write that has locked it; "not found" for any other.
pub(crate) async fn standing_alone(tx: &mut Tx, id: &WorkspaceId) -> Result<Workspace> {
    let nobody = UserId::from("");
    let found = queries::find(tx, &nobody, id)
        .await?
        .map(|(workspace, _)| workspace);
    found
        .filter(|workspace| workspace.org.is_none())
        .ok_or(Refusal::NotFound)
}

impl Writing {
    pub fn organization_role(&self) -> Option<OrgRole> {
        self.actor.as_ref().map(|actor| actor.role)
    }

    /// The highest role this person may give here ([`access::gives_up_to`]).
    pub fn ceiling(&self) -> Option<WorkspaceRole> {
        access::gives_up_to(self.organization_role(), self.role)
    }

    /// Records an event about the workspace: in the organization's chain, or in the person's own for a standalone one.
    pub async fn record(&mut self, at: Micros, event: Event) -> Result<()> {
        let event = event.workspace(&self.workspace.id);
        match &self.actor {
            Some(actor) => audit::record(&mut self.tx, actor, at, event).await,
            None => audit::record_account(&mut self.tx, &self.person, at, event).await,
        }
    }
}
