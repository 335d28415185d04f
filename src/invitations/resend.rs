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
/// revives one that has expired. Where the inviter couldn't offer it any more, it is the actor's from now on. Refuses who could not make this invitation, one that has ended, one to
/// an account at GitHub, to which no mail goes, and more mail than the limits allow (SEC-I14).
pub async fn resend(app: &App, actor: &Actor, id: &InvitationId) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let (org, invitation) = find_to_offer(&mut tx, &actor, id, now).await?;
    if invitation.to.address().is_none() {
        return Err(no_mail(&org, &invitation));
    }
    renew(&mut tx, &actor, &org, &invitation, now).await?;
    let invitation = find_in(&mut tx, &org.id, id, now).await?;
    tx.commit().await?;
    app.wake();
    Ok(invitation)
}

fn no_mail(org: &Organization, invitation: &Invitation) -> Refusal {
    let reason = format!(
        "No mail goes to {}: they see the invitation here once they sign in with GitHub. Copy a link and pass it on yourself, or invite them \
         again to give them more time.",
        invitation.to
    );
    Refusal::conflict("no_mail", reason).with_next(
        "Invite them again",
        format!("/orgs/{}/members/invite?by=github", org.slug),
    )
}

/// Makes a further link for a pending invitation, which kills none: for when mail doesn't arrive (SEC-R5). It is given
/// once, here. Unlike a mailed link it proves no address, because whoever copied it could use it. Refuses who could not
/// make this invitation, and one that has ended or expired.
pub async fn copy_link(
    app: &App,
    actor: &Actor,
    id: &InvitationId,
) -> Result<(Invitation, String)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let (_, invitation) = find_to_offer(&mut tx, &actor, id, now).await?;
    let link = make_link(app, &mut tx, &actor, &invitation, now).await?;
    tx.commit().await?;
    Ok((invitation, link))
}

/// The further link itself, inside a write whose caller has checked that the actor may.
pub(super) async fn make_link(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    invitation: &Invitation,
    now: Micros,
) -> Result<String> {
    require_unexpired(invitation.status)?;
    let token = secret::random_token();
    queries::insert_link(tx, &secret::hash(&token), &invitation.id, false, now).await?;
    audit::record(
        tx,
        actor,
        now,
        link_copied(&invitation.id, &invitation.to.to_string()),
    )
    .await?;
    Ok(link(app, &token))
}

pub(super) fn require_unexpired(status: Status) -> Result<()> {
    match status {
        Status::Expired => {
            let reason = "This invitation has expired. Send it again first, or invite them again; that gives it more time.";
            Err(Refusal::conflict("invitation_expired", reason))
        }
        _ => Ok(()),
    }
}

pub(super) fn link_copied(id: &InvitationId, to: &str) -> Event {
    Event::new(
        Category::Access,
        "invitation.link_copied",
        "invitation",
        id.to_string(),
        to,
    )
}

/// The address that a token opens.
pub(super) fn link(app: &App, token: &str) -> String {
    format!("{}/invitations/{token}", app.config.base_url())
}

/// An open invitation of the organization that the actor could have made.
async fn find_to_offer(
    tx: &mut Tx,
    actor: &Actor,
    id: &InvitationId,
    now: Micros,
) -> Result<(Organization, Invitation)> {
    access::require(actor.role, access::Permission::ManageMembers)?;
    let org = organizations::find(tx, &actor.org.id).await?;
    let invitation = find_in(tx, &org.id, id, now).await?;
    if !invitation.is_to_member() {
        access::may_invite(
            actor.role,
            org.policies.owners_only_invite(),
            invitation.role,
        )?;
    }
    offer::may_replace(tx, actor, &invitation.access).await?;
    require_open(&invitation)?;
    Ok((org, invitation))
}

/// Gives a pending invitation a new end. Where there is mail it is sent again, and all earlier links die; to an account at
/// GitHub they stay, as they prove nothing.
pub(super) async fn renew(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    invitation: &Invitation,
    now: Micros,
) -> Result<()> {
    limits::count(tx, actor, org, &invitation.to, now).await?;
    let has_mail = invitation.to.address().is_some();
    let expires_at = invite::end_from(org, now);
    if has_mail {
        queries::end_links(tx, &invitation.id, now).await?;
    }
    if !invite::stands_behind(tx, invitation).await? {
        invite::take_over(tx, actor, invitation).await?;
    }
    let round = queries::begin_round(tx, &org.id, &invitation.id, expires_at).await?;
    if let Some(row) = &invitation.member {
        members::extend_invited(tx, &org.id, row, expires_at).await?;
    }
    let action = if has_mail {
        "invitation.resent"
    } else {
        "invitation.extended"
    };
    let event = Event::new(
        Category::Access,
        action,
        "invitation",
        invitation.id.to_string(),
        invitation.to.to_string(),
    )
    .with("expires_at", crate::clock::rfc3339(expires_at));
    audit::record(tx, actor, now, event).await?;
    if has_mail {
        mail::enqueue(
            tx,
            now,
            Some(&org.id),
            mail::Message::Invitation {
                invitation: invitation.id.clone(),
                round,
            },
        )
        .await?;
    }
    Ok(())
}
