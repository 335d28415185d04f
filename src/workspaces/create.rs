//! Making a workspace: in an organization, or standalone.

use super::{Given, Source, Workspace, give_access, queries};
use crate::access::{self, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{OrgId, WorkspaceId};
use crate::{billing, organizations, text};

/// Creates a workspace in the actor's organization and makes the actor its owner, by themselves (source `direct`), so
/// that it has one when it leaves the organization. The slug is made from the name. Refuses who may not (policy: admins
/// create workspaces), one more than the plan allows
/// (S5-4), and a name or label that isn't one.
pub async fn create_in(app: &App, actor: &Actor, name: &str, label: &str) -> Result<Workspace> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::may_create_workspace(actor.role, org.policies.admins_create)?;
    billing::require_room_for_workspaces(app, &org, 1)?;
    let workspace = insert(&mut tx, &actor.person, Some(&org.id), name, label, now).await?;
    organizations::add_to_counts(&mut tx, &org.id, 0, 0, 1).await?;
    audit::record(&mut tx, &actor, now, created(&workspace)).await?;
    tx.commit().await?;
    Ok(workspace)
}

/// Creates a workspace outside any organization and makes the person its owner (S1-9).
pub async fn create_standalone(
    app: &App,
    person: &Person,
    name: &str,
    label: &str,
) -> Result<Workspace> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    let workspace = insert_standalone(&mut tx, person, name, label, now).await?;
    tx.commit().await?;
    Ok(workspace)
}

/// The same inside a write to the person's account.
pub(crate) async fn insert_standalone(
    tx: &mut Tx,
    person: &Person,
    name: &str,
    label: &str,
    now: Micros,
) -> Result<Workspace> {
    let workspace = insert(tx, person, None, name, label, now).await?;
    audit::record_account(tx, person, now, created(&workspace)).await?;
    Ok(workspace)
}

fn created(workspace: &Workspace) -> Event {
    Event::new(
        Category::Governance,
        "workspace.created",
        "workspace",
        workspace.id.to_string(),
        &*workspace.name,
    )
    .workspace(&workspace.id)
    .with("slug", &*workspace.slug)
    .with("label", &*workspace.label)
}

async fn insert(
    tx: &mut Tx,
    person: &Person,
    org: Option<&OrgId>,
    name: &str,
    label: &str,
    now: Micros,
) -> Result<Workspace> {
    let mut checks = Checks::default();
    let name = checks.take("name", text::name(name));
    let label = checks.take("label", text::optional_line(label, 40));
    checks.done()?;
    let (Some(name), Some(label)) = (name, label) else {
        return Err(Refusal::NotFound);
    };
    let slug = match org {
        Some(org) => free_slug(tx, org, &name).await?,
        None => text::slug_from(&name),
    };
    let mut workspace = Workspace {
        id: WorkspaceId::new(),
        org: org.cloned(),
        name,
        slug,
        label,
        people: 0,
        created_at: now,
    };
    queries::insert(tx, &workspace, &text::sort_key(&workspace.name)).await?;
    if let Some(user) = person.account() {
        give_access(
            tx,
            &workspace,
            user,
            Source::Direct,
            &Given::Fixed(WorkspaceRole::Owner),
            now,
        )
        .await?;
        workspace.people = 1;
    }
    Ok(workspace)
}

/// A slug made from the name that no other workspace of the organization has. The organization is locked by the write.
pub(super) async fn free_slug(tx: &mut Tx, org: &OrgId, name: &str) -> Result<String> {
    let mut candidates = text::numbered_slugs(&text::slug_from(name));
    loop {
        let batch: Vec<String> = candidates.by_ref().take(10).collect();
        let taken = queries::taken_slugs(tx, org, &batch).await?;
        if let Some(free) = batch.into_iter().find(|slug| !taken.contains(slug)) {
            return Ok(free);
        }
    }
}
