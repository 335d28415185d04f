//! A standalone workspace comes to an organization: what was offered in it goes on, as the organization's.

use super::{Standalone, list, queries};
use crate::access::OrgRole;
use crate::actor::Actor;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::invitations::{Status, queries as invitations};
use crate::members::{self, NewMember};
use crate::organizations::Organization;

/// Turns the pending invitations of a workspace that is about to be linked into workspace invitations of the organization,
/// inside that write: the links in the mails go on working, and accepting makes a member. Revokes those that the
/// organization couldn't have beside what it has: to an address that is invited there, or of a domain that its policy
/// doesn't allow; and those whose inviter can't offer them. Gives how many went on, and how many ended.
pub(crate) async fn turn_into_organizations(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    workspace: &WorkspaceId,
    now: Micros,
) -> Result<(usize, usize)> {
    let (mut turned, mut revoked) = (0, 0);
    for one in list(tx, workspace, now).await? {
        if one.status == Status::Expired {
            queries::end(tx, &one.id, Status::Expired.as_str(), one.expires_at).await?;
        } else if fits(tx, org, &one).await? {
            turn(tx, actor, org, &one, now).await?;
            turned += 1;
        } else {
            queries::end(tx, &one.id, Status::Revoked.as_str(), now).await?;
            record(tx, actor, "invitation.revoked", &one, now).await?;
            revoked += 1;
        }
    }
    Ok((turned, revoked))
}

async fn fits(tx: &mut Tx, org: &Organization, one: &Standalone) -> Result<bool> {
    let free = invitations::find_pending_address(tx, &org.id, &one.email)
        .await?
        .is_none();
    let is_member = members::find_by_address(tx, &org.id, &one.email)
        .await?
        .is_some();
    Ok(free && one.is_stood_behind() && (is_member || org.policies.allows_address(&one.email)))
}

async fn turn(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    one: &Standalone,
    now: Micros,
) -> Result<()> {
    let member = match members::find_by_address(tx, &org.id, &one.email).await? {
        Some(_) => None,
        None => {
            let row = NewMember {
                name: one.email.clone(),
                email: one.email.clone(),
                claimed: true,
                ..NewMember::default()
            };
            Some(
                members::add_invited(tx, &org.id, OrgRole::Member, &row, now, one.expires_at)
                    .await?,
            )
        }
    };
    queries::turn(tx, &one.id, &org.id, member.as_ref()).await?;
    record(tx, actor, "invitation.created", one, now).await
}

async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: &'static str,
    one: &Standalone,
    now: Micros,
) -> Result<()> {
    let event = Event::new(
        Category::Access,
        action,
        "invitation",
        one.id.to_string(),
        &*one.email,
    )
    .workspace(&one.workspace)
    .with("kind", "workspace")
    .with("role", OrgRole::Member.as_str())
    .with("why", "the workspace came to the organization");
    audit::record(tx, actor, now, event).await
}
