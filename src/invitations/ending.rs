//! Revoking: by somebody, because the inviter lost what they offered, or with the organization.

use super::{Invitation, Status, find_in, offer, queries, require_open};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, KeyId, OrgId, UserId};
use crate::members;

/// The invitation that a page asks about before it is revoked. Refuses what [`revoke`] refuses.
pub async fn revocable(app: &App, actor: &Actor, id: &InvitationId) -> Result<Invitation> {
    let mut tx = app.db.read().await?;
    find_to_revoke(&mut tx, actor, id, app.now()).await
}

/// Revokes an invitation: its links die, and its row leaves the directory. Refuses who may not touch its role, and one
/// that has ended.
pub async fn revoke(app: &App, actor: &Actor, id: &InvitationId) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let invitation = find_to_revoke(&mut tx, &actor, id, now).await?;
    take_back(&mut tx, &actor, &invitation, "revoked by hand", now).await?;
    tx.commit().await?;
    Ok(invitation)
}

async fn find_to_revoke(
    tx: &mut Tx,
    actor: &Actor,
    id: &InvitationId,
    now: Micros,
) -> Result<Invitation> {
    access::require(actor.role, access::Permission::ManageMembers)?;
    let invitation = find_in(tx, &actor.org.id, id, now).await?;
    access::may_touch(actor.role, invitation.role)?;
    require_open(&invitation)?;
    Ok(invitation)
}

/// Revokes one invitation inside a write whose caller has checked that the actor may.
pub(crate) async fn revoke_in(
    tx: &mut Tx,
    actor: &Actor,
    id: &InvitationId,
    now: Micros,
) -> Result<()> {
    let invitation = find_in(tx, &actor.org.id, id, now).await?;
    require_open(&invitation)?;
    take_back(tx, actor, &invitation, "revoked by hand", now).await
}

/// Ends a pending invitation and takes its row out of the directory.
pub(super) async fn take_back(
    tx: &mut Tx,
    actor: &Actor,
    invitation: &Invitation,
    why: &str,
    now: Micros,
) -> Result<()> {
    if !queries::end(
        tx,
        &invitation.org,
        &invitation.id,
        Status::Revoked.as_str(),
        now,
    )
    .await?
    {
        return Err(Refusal::conflict(
            "invitation_ended",
            "It ended at this moment. Look at the list again.",
        ));
    }
    if let Some(row) = &invitation.member {
        members::drop_invited(tx, &invitation.org, row).await?;
    }
    let event = Event::new(
        Category::Access,
        "invitation.revoked",
        "invitation",
        invitation.id.to_string(),
        invitation.to.to_string(),
    )
    .with("role", invitation.role.as_str())
    .with("why", why);
    audit::record(tx, actor, now, event).await
}

/// Revokes the pending invitations made by a user that somebody with `role`, and with the workspace roles that the user has
/// at this moment, could not offer, and says to whom they were (product.md, 5; SEC-I8). `None`: the user leaves the
/// organization, which takes all of them, those that would give the user further workspaces, and those to their account at
/// GitHub, by which their next page could bring them back.
pub(crate) async fn revoke_beyond(
    tx: &mut Tx,
    actor: &Actor,
    user: &UserId,
    role: Option<OrgRole>,
    now: Micros,
) -> Result<Vec<String>> {
    let lost = beyond(tx, &actor.org.id, user, role, now).await?;
    for invitation in &lost {
        let to_them = invitation.invited_by.as_ref() != Some(user);
        let why = if to_them {
            "they are no longer a member"
        } else {
            "the inviter can't offer it any more"
        };
        take_back(tx, actor, invitation, why, now).await?;
    }
    Ok(lost.into_iter().map(|i| i.to.to_string()).collect())
}

/// Revokes the pending invitations that a key made, with the key, and says how many.
pub(crate) async fn revoke_of_key(
    tx: &mut Tx,
    actor: &Actor,
    key: &KeyId,
    now: Micros,
) -> Result<usize> {
    let made = queries::pending_of_key(tx, &actor.org.id, key).await?;
    for row in &made {
        take_back(
            tx,
            actor,
            &Invitation::from_row(row.clone(), now),
            "the key that made it was revoked",
            now,
        )
        .await?;
    }
    Ok(made.len())
}

async fn beyond(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    role: Option<OrgRole>,
    now: Micros,
) -> Result<Vec<Invitation>> {
    let mut lost = offer::pending_by(tx, org, user, now).await?;
    match role {
        Some(role) => lost.retain(|i| !offer::could_offer(role, i.kind, i.role, &i.access)),
        None => {
            let mut to = queries::pending_to_member(tx, org, user).await?;
            to.extend(queries::pending_to_github_of(tx, org, user).await?);
            let to = to.into_iter().map(|row| Invitation::from_row(row, now));
            let new: Vec<Invitation> = to
                .filter(|i| lost.iter().all(|other| other.id != i.id))
                .collect();
            lost.extend(new);
        }
    }
    // Not in the statement: for the order it would walk every pending invitation of the organization.
    lost.sort_by_cached_key(|i| i.to.to_string());
    Ok(lost)
}

/// Ends one that expired, so that whom it was to can be invited anew.
pub(super) async fn make_way(tx: &mut Tx, expired: &Invitation) -> Result<()> {
    queries::end(
        tx,
        &expired.org,
        &expired.id,
        Status::Expired.as_str(),
        expired.expires_at,
    )
    .await?;
    match &expired.member {
        Some(row) => members::drop_invited(tx, &expired.org, row).await,
        None => Ok(()),
    }
}

/// Revokes every pending invitation of an organization that is being deleted. Its rows in the directory go with the
/// others'; the deletion's event counts them.
pub(crate) async fn revoke_all(tx: &mut Tx, org: &OrgId, now: Micros) -> Result<u64> {
    queries::revoke_all(tx, org, now).await
}
