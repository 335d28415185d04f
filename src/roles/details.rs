//! Making a custom role, and changing its name and description.

use super::{CustomRole, MOST_ROLES, find_in, queries};
use crate::access::{self, Permission, WORKSPACE_ROLES, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{CustomRoleId, WorkspaceId};
use crate::{text, workspaces};
use std::borrow::Cow;

/// Makes a role that allows nothing yet. By owners and admins of the organization; or, naming a workspace of it, by
/// whoever manages the access there (S3-12, S3-33, S3-38).
///
/// Refuses everybody else, a name that isn't one, that reads like a fixed role, or that another role of the organization
/// has, and more roles than an organization may have.
pub async fn create(
    app: &App,
    actor: &Actor,
    workspace: Option<&WorkspaceId>,
    name: &str,
    description: &str,
) -> Result<CustomRole> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    may_create(&mut tx, &actor, workspace).await?;
    let mut checks = Checks::default();
    let name = checks.take("name", role_name(name));
    let description = checks.take("description", text::optional_line(description, 300));
    checks.done()?;
    let (Some(name), Some(description)) = (name, description) else {
        return Err(Refusal::NotFound);
    };
    let role = CustomRole {
        id: CustomRoleId::new(),
        name,
        description,
        created_at: now,
    };
    require_free(&mut tx, &actor, &role).await?;
    if queries::count(&mut tx, &actor.org.id).await? >= MOST_ROLES {
        return Err(Refusal::conflict(
            "too_many_roles",
            format!("An organization has at most {MOST_ROLES} custom roles. Delete one first."),
        ));
    }
    queries::insert(&mut tx, &actor.org.id, &role, &text::sort_key(&role.name)).await?;
    let mut event = event("custom_role.created", &role);
    if let Some(workspace) = workspace {
        event = event.workspace(workspace);
    }
    audit::record(&mut tx, &actor, now, event).await?;
    tx.commit().await?;
    Ok(role)
}

/// Refuses who may neither make roles in the organization nor give access in the workspace.
pub(super) async fn may_create(
    tx: &mut Tx,
    actor: &Actor,
    workspace: Option<&WorkspaceId>,
) -> Result<()> {
    let Some(workspace) = workspace else {
        return access::require(actor.role, Permission::ManageIntegrations);
    };
    let own = workspaces::role_of(tx, actor, workspace).await?;
    match access::gives_up_to(Some(actor.role), own) {
        Some(_) => Ok(()),
        None => access::require(actor.role, Permission::ManageIntegrations),
    }
}

/// Changes a role's name, its description, or both. The same again changes nothing. Refuses who isn't an owner or admin
/// of the organization, and what [`create`] refuses of names.
pub async fn change_details(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<CustomRole> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageIntegrations)?;
    let before = find_in(&mut tx, &actor.org.id, id).await?;
    let mut checks = Checks::default();
    let name = name.map(|name| checks.take("name", role_name(name)));
    let description =
        description.map(|text| checks.take("description", text::optional_line(text, 300)));
    checks.done()?;
    let after = CustomRole {
        name: name.flatten().unwrap_or_else(|| before.name.clone()),
        description: description
            .flatten()
            .unwrap_or_else(|| before.description.clone()),
        ..before.clone()
    };
    if after == before {
        return Ok(before);
    }
    require_free(&mut tx, &actor, &after).await?;
    queries::update(&mut tx, &actor.org.id, &after, &text::sort_key(&after.name)).await?;
    let words = |role: &CustomRole| serde_json::json!({ "name": role.name, "description": role.description });
    audit::record(
        &mut tx,
        &actor,
        now,
        event("custom_role.changed", &after).change(words(&before), words(&after)),
    )
    .await?;
    tx.commit().await?;
    Ok(after)
}

pub(super) fn event(action: &'static str, role: &CustomRole) -> Event {
    Event::new(
        Category::Access,
        action,
        "custom_role",
        role.id.to_string(),
        &*role.name,
    )
}

/// A name, as [`text::name`] takes it, that nobody could take for a fixed role.
fn role_name(input: &str) -> Result<String, Cow<'static, str>> {
    let name = text::name(input)?;
    let folded = text::sort_key(&name);
    let fixed = WORKSPACE_ROLES
        .into_iter()
        .chain([WorkspaceRole::Custom])
        .find(|role| role.as_str() == folded.trim());
    match fixed {
        Some(_) => {
            Err(format!("“{name}” reads like one of the fixed roles. Choose another name.").into())
        }
        None => Ok(name),
    }
}

/// Refuses a name that reads like another role's of the organization.
async fn require_free(tx: &mut Tx, actor: &Actor, role: &CustomRole) -> Result<()> {
    match queries::find_by_name(tx, &actor.org.id, &text::sort_key(&role.name)).await? {
        Some(other) if other.id != role.id => {
            let path = format!("/orgs/{}/roles/custom/{}", actor.org.slug, other.id);
            let words = format!("There is a custom role “{}” already.", other.name);
            Err(Refusal::conflict("role_name_taken", words)
                .with_next("Open it", path)
                .with_existing(other.id))
        }
        _ => Ok(()),
    }
}
