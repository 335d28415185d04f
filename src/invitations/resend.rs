//! Sending an invitation again, and copying a link to it.

use super::{Invitation, Status, find_in, invite, limits, offer, queries, require_open};
use crate::access;
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::InvitationId;
use crate::organizations::{self, Organization};
use crate::{mail, members, secret};

/// Sends an invitation again, with a new end. Its new mail holds a new link, and all earlier links die (SEC-I13); also
/// revives one that has expired. Where the inviter couldn't offer it any more, it is the actor's from now on. Refuses who could not make this invitation, one that has ended, and more mail than the
/// limits allow (SEC-I14).
pub async fn resend(app: &App, actor: &Actor, id: &InvitationId) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let (org, invitation) = find_to_offer(&mut tx, &actor, id, now).await?;
    send_again(&mut tx, &actor, &org, &invitation, now).await?;
    let invitation = find_in(&mut tx, &org.id, id, now).await?;
    tx.commit().await?;
    app.wake();
    Ok(invitation)
}

/// Makes a further link for a pending invitation, which kills none: for when mail doesn't arrive (SEC-R5). It is given
/// once, here. Unlike a mailed link it proves no address, because whoever copied it could use it. Refuses who could not
/// make this invitation, and one that has ended or expired.
pub async fn copy_link(app: &App, actor: &Actor, id: &InvitationId) -> Result<(Invitation, String)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let (_, invitation) = find_to_offer(&mut tx, &actor, id, now).await?;
    let link = make_link(app, &mut tx, &actor, &invitation, now).await?;
    tx.commit().await?;
    Ok((invitation, link))
}

/// The further link itself, inside a write whose caller has checked that the actor may.
pub(super) async fn make_link(app: &App, tx: &mut Tx, actor: &Actor, invitation: &Invitation, now: Micros) -> Result<String> {
    require_unexpired(invitation.status)?;
    let token = secret::random_token();
    queries::insert_link(tx, &secret::hash(&token), &invitation.id, false, now).await?;
    audit::record(tx, actor, now, link_copied(&invitation.id, &invitation.email)).await?;
    Ok(link(app, &token))
}

pub(super) fn require_unexpired(status: Status) -> Result<()> {
    match status {
        Status::Expired => {
            Err(Refusal::conflict("invitation_expired", "This invitation has expired. Send it again first; that gives it more time."))
        }
        _ => Ok(()),
    }
}

pub(super) fn link_copied(id: &InvitationId, email: &str) -> Event {
    Event::new(Category::Access, "invitation.link_copied", "invitation", id.to_string(), email)
}

/// The address that a token opens.
pub(super) fn link(app: &App, token: &str) -> String {
    format!("{}/invitations/{token}", app.config.base_url())
}

/// An open invitation of the organization that the actor could have made.
async fn find_to_offer(tx: &mut Tx, actor: &Actor, id: &InvitationId, now: Micros) -> Result<(Organization, Invitation)> {
    access::require(actor.role, access::Permission::ManageMembers)?;
    let org = organizations::find(tx, &actor.org.id).await?;
    let invitation = find_in(tx, &org.id, id, now).await?;
    if !invitation.is_to_member() {
        access::may_invite(actor.role, org.policies.owners_only_invite(), invitation.role)?;
    }
    offer::may_replace(tx, actor, &invitation.access).await?;
    require_open(&invitation)?;
    Ok((org, invitation))
}

pub(super) async fn send_again(tx: &mut Tx, actor: &Actor, org: &Organization, invitation: &Invitation, now: Micros) -> Result<()> {
    limits::count(tx, actor, org, &invitation.email, now).await?;
    let expires_at = invite::end_from(org, now);
    queries::end_links(tx, &invitation.id, now).await?;
    if !invite::stands_behind(tx, invitation).await? {
        invite::take_over(tx, actor, invitation).await?;
    }
    let round = queries::begin_round(tx, &org.id, &invitation.id, expires_at).await?;
    if let Some(row) = &invitation.member {
        members::extend_invited(tx, &org.id, row, expires_at).await?;
    }
    let event = Event::new(Category::Access, "invitation.resent", "invitation", invitation.id.to_string(), &*invitation.email)
        .with("expires_at", crate::clock::rfc3339(expires_at));
    audit::record(tx, actor, now, event).await?;
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Invitation { invitation: invitation.id.clone(), round }).await
}
