//! Where resources are asked for, by whom, and how a write there begins.

use super::{Kinds, Sight, queries};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::workspaces::{self, Open};
use std::sync::Arc;

/// A person at an organization's own resources, or at those of one workspace.
#[derive(Clone, Debug)]
pub struct Place {
    pub person: Arc<Person>,
    /// As what, in the organization; `None` in a standalone workspace.
    pub actor: Option<Actor>,
    /// `None`: apart from the organization's workspaces.
    pub workspace: Option<Open>,
}

impl Place {
    pub fn of_organization(actor: &Actor) -> Self {
        Self {
            person: actor.person.clone(),
            actor: Some(actor.clone()),
            workspace: None,
        }
    }

    /// A workspace as [`workspaces::open`] gives it: "not found" for who has no role there (S1-3).
    pub async fn of_workspace(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Self> {
        let open = workspaces::open(app, person, id).await?;
        Ok(Self {
            person: person.clone(),
            actor: open.actor.clone(),
            workspace: Some(open),
        })
    }

    pub fn workspace_id(&self) -> Option<&WorkspaceId> {
        self.workspace.as_ref().map(|open| &open.workspace.id)
    }

    pub fn org_id(&self) -> Option<&OrgId> {
        self.actor.as_ref().map(|actor| &actor.org.id)
    }

    pub fn user(&self) -> &UserId {
        &self.person.user
    }

    /// Whether they come in without a row of their own ([`Actor::enters`]).
    pub fn enters(&self) -> bool {
        self.actor
            .as_ref()
            .map_or(self.person.key().is_some(), Actor::enters)
    }

    /// What the person sees and may do here, or in another workspace of the organization.
    pub(crate) async fn sight(
        &self,
        app: &App,
        tx: &mut Tx,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Sight> {
        Sight::load(app, tx, self.user(), self.actor.as_ref(), workspace).await
    }

    pub(crate) async fn kinds(&self, tx: &mut Tx) -> Result<Kinds> {
        Kinds::of(tx, self.org_id()).await
    }

    /// Records events in the organization's chain, or, in a standalone workspace, in the person's own.
    pub(crate) async fn record(&self, tx: &mut Tx, at: Micros, events: Vec<Event>) -> Result<()> {
        match &self.actor {
            Some(_) if events.is_empty() => Ok(()),
            Some(actor) => {
                audit::record_many(
                    tx,
                    actor,
                    events.into_iter().map(|event| (at, event)).collect(),
                )
                .await
            }
            None => self.record_privately(tx, at, events).await,
        }
    }

    /// Records events where nobody but the person reads them: in the chain of their account (S4-11).
    pub(crate) async fn record_privately(
        &self,
        tx: &mut Tx,
        at: Micros,
        events: Vec<Event>,
    ) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        if self.actor.is_some() {
            tx.lock_account(self.user()).await?;
        }
        audit::record_account_many(
            tx,
            &self.person,
            events.into_iter().map(|event| (at, event)).collect(),
        )
        .await
    }
}

/// Begins a write at a place: locks the organization, or the standalone workspace, and takes the person's role as of now.
pub(crate) async fn write_at(app: &App, place: &Place) -> Result<(Tx, Place)> {
    match &place.actor {
        Some(actor) => {
            let (mut tx, actor) = app.db.write(actor).await?;
            if let Some(id) = place.workspace_id()
                && !queries::stands_in(&mut tx, id, Some(&actor.org.id)).await?
            {
                return Err(Refusal::NotFound);
            }
            Ok((
                tx,
                Place {
                    actor: Some(actor),
                    ..place.clone()
                },
            ))
        }
        None => {
            let id = place.workspace_id().ok_or(Refusal::NotFound)?;
            Ok((
                app.db.write_standalone(&place.person, id).await?,
                place.clone(),
            ))
        }
    }
}
