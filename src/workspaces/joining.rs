//! What somebody gets in workspaces by joining: from an invitation, or from an import.

use super::{Given, LaterAccess, Source, Workspace, give_access, queries};
use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::{billing, organizations, text};
use serde_json::json;
use std::collections::BTreeSet;

/// Somebody who gets roles in an organization's workspaces.
pub(crate) struct Joiner<'a> {
    pub user: &'a UserId,
    pub name: &'a str,
    /// Theirs in the organization: a viewer gets no more than Viewer (product.md, 2, rule 4).
    pub role: OrgRole,
}

/// Gives a role in a workspace of the organization, from the organization, and what to record of it. `None`: they have a
/// role from there already, which stays. "Not found" for a workspace that isn't the organization's any more. The caller
/// holds the organization's lock and has checked who may.
pub(crate) async fn give_on_joining(
    tx: &mut Tx,
    org: &OrgId,
    id: &WorkspaceId,
    joiner: &Joiner<'_>,
    given: &Given,
    now: Micros,
) -> Result<Option<Event>> {
    let (workspace, _) = queries::find(tx, joiner.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if workspace.org.as_ref() != Some(org) {
        return Err(Refusal::NotFound);
    }
    let held = queries::held(tx, id, joiner.user).await?;
    if held
        .iter()
        .any(|row| row.source == Source::Organization.as_str())
    {
        return Ok(None);
    }
    let given = match given {
        Given::Fixed(role) => Given::Fixed(access::capped(*role, joiner.role)),
        custom => custom.clone(),
    };
    let name = super::name_of(tx, Some(org), &given).await?;
    give_access(
        tx,
        &workspace,
        joiner.user,
        Source::Organization,
        &given,
        now,
    )
    .await?;
    let undo = held
        .is_empty()
        .then(|| json!({ "before": null, "after": given.value() }));
    Ok(Some(
        given_event(&workspace, joiner, &name).with("undo", undo),
    ))
}

fn given_event(workspace: &Workspace, joiner: &Joiner<'_>, role: &str) -> Event {
    Event::new(
        Category::Access,
        "access.given",
        "user",
        joiner.user.to_string(),
        joiner.name,
    )
    .subject(Some(joiner.user))
    .workspace(&workspace.id)
    .change(serde_json::Value::Null, role)
    .with("role", role)
    .with("workspace", &*workspace.name)
}

/// What became of a role that an import brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Imported {
    Given,
    /// They have a role there already, which stays.
    There,
    /// The organization has no such workspace: kept until it has one.
    Kept,
}

/// Gives a role that an import brings, or keeps it where its workspace isn't there yet. The second time changes nothing.
pub(crate) async fn give_imported(
    tx: &mut Tx,
    actor: &Actor,
    joiner: &Joiner<'_>,
    later: &LaterAccess,
    now: Micros,
) -> Result<Imported> {
    let org = &actor.org.id;
    let Some(id) = queries::by_slug(tx, org, &later.workspace).await? else {
        queries::keep_for_later(tx, org, joiner.user, later, now).await?;
        return Ok(Imported::Kept);
    };
    match give_on_joining(tx, org, &id, joiner, &Given::Fixed(later.role), now).await? {
        None => Ok(Imported::There),
        Some(event) => {
            audit::record(tx, actor, now, event).await?;
            Ok(Imported::Given)
        }
    }
}

/// Gives what earlier imports kept for somebody, where its workspace is there by now. Gives how many roles that were.
pub(crate) async fn give_kept(
    tx: &mut Tx,
    actor: &Actor,
    joiner: &Joiner<'_>,
    now: Micros,
) -> Result<usize> {
    let mut given = 0;
    for later in queries::kept(tx, &actor.org.id, joiner.user).await? {
        let imported = give_imported(tx, actor, joiner, &later, now).await?;
        if imported != Imported::Kept {
            queries::forget_kept(tx, &actor.org.id, joiner.user, &later.workspace).await?;
        }
        given += usize::from(imported == Imported::Given);
    }
    Ok(given)
}

/// Which of these slugs no workspace of the organization has.
pub async fn missing(app: &App, actor: &Actor, slugs: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut tx = app.db.read().await?;
    missing_in(&mut tx, actor, slugs).await
}

async fn missing_in(tx: &mut Tx, actor: &Actor, slugs: &BTreeSet<String>) -> Result<Vec<String>> {
    let taken = queries::all_slugs(tx, &actor.org.id).await?;
    Ok(slugs
        .iter()
        .filter(|slug| !taken.contains(slug))
        .cloned()
        .collect())
}

/// Makes the workspaces that an import names and that aren't there, each called as its slug, all or none. They have no owner
/// of their own: the organization's owners look after them, because the file says who is in them. Gives how many were made.
/// Refuses more than the plan allows (S5-4): then none is made.
pub async fn create_missing(app: &App, actor: &Actor, slugs: &BTreeSet<String>) -> Result<usize> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::LinkWorkspaces)?;
    let missing = missing_in(&mut tx, &actor, slugs).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    billing::require_room_for_workspaces(app, &org, missing.len() as i64)?;
    for slug in &missing {
        let workspace = Workspace {
            id: WorkspaceId::new(),
            org: Some(actor.org.id.clone()),
            name: slug.clone(),
            slug: slug.clone(),
            label: String::new(),
            people: 0,
            created_at: now,
        };
        queries::insert(&mut tx, &workspace, &text::sort_key(slug)).await?;
        let event = Event::new(
            Category::Governance,
            "workspace.created",
            "workspace",
            workspace.id.to_string(),
            slug.as_str(),
        )
        .workspace(&workspace.id)
        .with("slug", slug.as_str())
        .with("by", "import");
        audit::record(&mut tx, &actor, now, event).await?;
    }
    organizations::add_to_counts(&mut tx, &actor.org.id, 0, 0, missing.len() as i64).await?;
    tx.commit().await?;
    Ok(missing.len())
}
