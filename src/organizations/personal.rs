//! A person's own organization, made at their first sign-in.

use super::{Organization, find, queries};
use crate::access::WorkspaceRole;
use crate::actor::Person;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId};
use crate::{invitations, members, workspaces};

/// Whether an organization is this user's personal one, with nobody else in it.
pub(crate) fn is_alone_in(org: &Organization, user: &UserId) -> bool {
    org.personal_user.as_ref() == Some(user) && org.members == 1
}

/// Closes a person's own organization inside the write by which they join another: its workspaces stay theirs, each by
/// itself. Refuses any other organization, and one with more people in it, without naming it (E1).
pub(crate) async fn close_personal(
    tx: &mut Tx,
    person: &Person,
    id: &OrgId,
    now: Micros,
) -> Result<()> {
    tx.lock_organization(id).await?;
    let org = find(tx, id).await?;
    if !is_alone_in(&org, &person.user) {
        return Err(Refusal::conflict(
            "already_in_another_org",
            "You are already in another organization. Leave it before you join this one.",
        )
        .with_next("Your organizations", "/account/organizations"));
    }
    let released =
        workspaces::release_all(tx, id, Some(&person.user), WorkspaceRole::Viewer, now).await?;
    invitations::revoke_all(tx, id, now).await?;
    members::remove_all(tx, id).await?;
    queries::delete(tx, id, now).await?;
    let event = Event::new(
        Category::Governance,
        "organization.deleted",
        "organization",
        id.to_string(),
        &*org.name,
    )
    .with("why", "closed to join another organization")
    .with("slug", &*org.slug)
    .with("invitations_revoked", org.invited)
    .with("workspaces", released.workspaces);
    audit::record_in(tx, person, id, now, event).await
}
