//! What somebody gets in workspaces by joining: from an invitation, or from an import.

use super::{Given, Source, Workspace, give_access, queries};
use crate::access;
use crate::access::OrgRole;
use crate::audit::{Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};

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
    let (workspace, _) = queries::find(tx, joiner.user, id).await?.ok_or(Refusal::NotFound)?;
    if workspace.org.as_ref() != Some(org) {
        return Err(Refusal::NotFound);
    }
    let held = queries::held(tx, id, joiner.user).await?;
    if held.iter().any(|row| row.source == Source::Organization.as_str()) {
        return Ok(None);
    }
    let given = match given {
        Given::Fixed(role) => Given::Fixed(access::capped(*role, joiner.role)),
        custom => custom.clone(),
    };
    let name = super::name_of(tx, Some(org), &given).await?;
    give_access(tx, &workspace, joiner.user, Source::Organization, &given, now).await?;
    Ok(Some(given_event(&workspace, joiner, &name)))
}

fn given_event(workspace: &Workspace, joiner: &Joiner<'_>, role: &str) -> Event {
    Event::new(Category::Access, "access.given", "user", joiner.user.to_string(), joiner.name)
        .subject(Some(joiner.user))
        .workspace(&workspace.id)
        .change(serde_json::Value::Null, role)
        .with("role", role)
        .with("workspace", &*workspace.name)
}
