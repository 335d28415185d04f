//! Inviting somebody, and changing what a pending invitation offers.

use super::offer::{self, Wanted};
use super::{Invitation, Kind, Status, ending, find_in, limits, queries, resend, with_access};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing;
use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{InvitationId, UserId};
use crate::members::{self, NewMember};
use crate::organizations::{self, Organization};
use crate::{mail, text};
use serde_json::json;

/// Whom to invite, as what.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    pub email: String,
    /// For the directory until they join; may be "".
    pub name: String,
    pub role: OrgRole,
    /// Roles in the organization's workspaces that they get on joining (S1-43).
    pub access: Vec<Wanted>,
    pub on_pending: OnPending,
}

/// What to do where the address has a pending invitation already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnPending {
    /// Refuse, naming it.
    #[default]
    Refuse,
    /// Let it offer this instead, and send it again.
    Update,
}

/// Invites an address to the organization and to any number of its workspaces (S1-40..45, S4-7, S5-30). The mail leaves
/// afterwards.
///
/// Refuses who may not invite here (S2-14) or offers more than they hold (SEC-I8), what is no address or of a domain
/// that the policy doesn't allow, a role that isn't offered here, workspaces that aren't the organization's (SEC-I9), a
/// member, a pending invitation unless told to update it, and more mail than the limits allow (SEC-I14). The answer is the same whether or not the address has an account
/// or another organization (SEC-I7). One that expired makes way.
pub async fn invite(app: &App, actor: &Actor, new: &NewInvitation) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::may_invite(actor.role, org.policies.owners_only_invite(), new.role)?;
    let (email, name) = check(&org, new)?;
    offer::check(&mut tx, &actor, new.role, &new.access).await?;
    refuse_member(&mut tx, &org, &email).await?;
    billing::require_role(app, &org, new.role)?;
    let drawn = Draft { kind: Kind::Organization, email: &email, name: &name, role: new.role, access: &new.access, to_member: false };
    let id = match find_pending(&mut tx, &org, &email, now).await? {
        None => create(&mut tx, &actor, &org, &drawn, now).await?,
        Some(pending) if new.on_pending == OnPending::Refuse => return Err(already_pending(&org, &pending)),
        Some(pending) => {
            update(&mut tx, &actor, &org, &pending, &drawn, now).await?;
            pending.id
        }
    };
    let invitation = find_in(&mut tx, &org.id, &id, now).await?;
    tx.commit().await?;
    app.wake();
    Ok(invitation)
}

fn check(org: &Organization, new: &NewInvitation) -> Result<(String, String)> {
    let mut checks = Checks::default();
    let email = checks.take("email", text::email(&new.email)).unwrap_or_default();
    let name = checks.take("name", text::optional_line(&new.name, 80)).unwrap_or_default();
    if !email.is_empty() && !org.policies.allows_address(&email) {
        checks.fail("email", format!("{} invites only addresses at {}.", org.name, text::some_of(&org.policies.invite_domains, 5)));
    }
    if !org.policies.offers(new.role) {
        checks.fail("role", format!("{} doesn't offer the role {}. Choose one of the others.", org.name, new.role.label()));
    }
    checks.done()?;
    Ok((email, name))
}

/// The pending invitation of an address. One that expired makes way.
pub(super) async fn find_pending(tx: &mut Tx, org: &Organization, email: &str, now: Micros) -> Result<Option<Invitation>> {
    let Some(row) = queries::find_pending(tx, &org.id, email).await? else { return Ok(None) };
    let found = Invitation::from_row(row, now);
    if found.status == Status::Pending {
        return with_access(tx, found).await.map(Some);
    }
    ending::make_way(tx, &found).await?;
    Ok(None)
}

async fn refuse_member(tx: &mut Tx, org: &Organization, email: &str) -> Result<()> {
    match members::find_by_address(tx, &org.id, email).await? {
        None => Ok(()),
        Some(member) => Err(Refusal::conflict("already_member", format!("{email} is a member of {} already.", org.name))
            .with_next("Open their page", format!("/orgs/{}/members/{member}", org.slug))
            .with_existing(member)),
    }
}

pub(super) fn already_pending(org: &Organization, pending: &Invitation) -> Refusal {
    Refusal::conflict(
        "invitation_pending",
        format!("{} has an invitation to {} already, from {}.", pending.email, org.name, pending.inviter),
    )
    .with_next("See the pending invitations", format!("/orgs/{}/invitations", org.slug))
    .with_existing(pending.id.clone())
}

/// The end of an invitation that begins now.
pub(super) fn end_from(org: &Organization, now: Micros) -> Micros {
    now + org.policies.invitation_days * DAY
}

/// Who an invitation is from: nobody's account where the operator or a key makes it.
fn from(actor: &Actor) -> Option<&UserId> {
    actor.person.account()
}

/// An invitation as it shall be, checked.
pub(super) struct Draft<'a> {
    pub kind: Kind,
    pub email: &'a str,
    pub name: &'a str,
    pub role: OrgRole,
    pub access: &'a [Wanted],
    /// To somebody who is a member already, and so has a row in the directory.
    pub to_member: bool,
}

pub(super) async fn create(tx: &mut Tx, actor: &Actor, org: &Organization, new: &Draft<'_>, now: Micros) -> Result<InvitationId> {
    limits::count(tx, actor, org, new.email, now).await?;
    let (id, expires_at) = (InvitationId::new(), end_from(org, now));
    let member = match new.to_member {
        true => None,
        false => Some(members::add_invited(tx, &org.id, new.role, &row_of(new.email, new.name), now, expires_at).await?),
    };
    let row = queries::NewRow {
        id: &id,
        org: &org.id,
        member: member.as_ref(),
        kind: new.kind,
        email: new.email,
        name: new.name,
        role: new.role,
        invited_by: from(actor),
        inviter_name: &actor.person.name,
        now,
        expires_at,
    };
    queries::insert(tx, &row).await?;
    queries::set_key(tx, &id, actor.person.key().map(|key| &key.id)).await?;
    offer::replace(tx, &org.id, &id, new.access).await?;
    let event = Event::new(Category::Access, "invitation.created", "invitation", id.to_string(), new.email)
        .with("kind", new.kind.as_str())
        .with("role", new.role.as_str())
        .with("access", offer::in_words(&offer::of(tx, &org.id, &id).await?))
        .with("expires_at", crate::clock::rfc3339(expires_at));
    audit::record(tx, actor, now, event).await?;
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Invitation { invitation: id.clone(), round: 1 }).await?;
    Ok(id)
}

/// What the directory shows of somebody invited: the name they were given, or their address.
fn row_of(email: &str, name: &str) -> NewMember {
    let name = if name.is_empty() { email } else { name };
    NewMember { name: name.to_owned(), email: email.to_owned(), claimed: true, ..NewMember::default() }
}

/// Makes a pending invitation the actor's own offer, and sends it again. Refuses one that offers more than they hold.
async fn update(tx: &mut Tx, actor: &Actor, org: &Organization, pending: &Invitation, new: &Draft<'_>, now: Micros) -> Result<()> {
    access::may_touch(actor.role, pending.role)?;
    offer::may_replace(tx, actor, &pending.access).await?;
    let name = if new.name.is_empty() { pending.name.as_str() } else { new.name };
    let offer = queries::OfferRow { kind: new.kind, name, role: new.role, by: from(actor), inviter_name: &actor.person.name };
    queries::set_offer(tx, &org.id, &pending.id, &offer).await?;
    offer::replace(tx, &org.id, &pending.id, new.access).await?;
    if let Some(row) = &pending.member {
        members::change_invited(tx, &org.id, row, new.role, &row_of(&pending.email, name)).await?;
    }
    note_change(tx, actor, pending, now).await?;
    let changed = find_in(tx, &org.id, &pending.id, now).await?;
    resend::send_again(tx, actor, org, &changed, now).await
}

/// Records what an invitation offered before and offers now, where that is another thing.
pub(super) async fn note_change(tx: &mut Tx, actor: &Actor, before: &Invitation, now: Micros) -> Result<()> {
    let after = find_in(tx, &before.org, &before.id, now).await?;
    let told = |i: &Invitation| json!({ "kind": i.kind.as_str(), "role": i.role.as_str(), "access": offer::in_words(&i.access) });
    let (was, is) = (told(before), told(&after));
    if was == is {
        return Ok(());
    }
    let event = Event::new(Category::Access, "invitation.changed", "invitation", before.id.to_string(), &*before.email).change(was, is);
    audit::record(tx, actor, now, event).await
}

/// Changes the role that applies on joining (S3-22), in step with the directory's row. Where the inviter couldn't offer
/// it, the invitation is from now on that of the one who changed it, because somebody must stand behind it (SEC-I8). More
/// than member makes a workspace invitation one to the organization. Refuses viewer beside more than viewer in a workspace.
pub(crate) async fn set_role(tx: &mut Tx, actor: &Actor, id: &InvitationId, role: OrgRole, now: Micros) -> Result<()> {
    let mut invitation = find_in(tx, &actor.org.id, id, now).await?;
    if let Some(line) = invitation.access.iter().find(|line| access::fits_under_cap(role, line.role.role()).is_err()) {
        return Err(Refusal::conflict(
            "viewer_caps",
            format!(
                "The invitation gives {} in {}, and a viewer of the organization changes nothing in any workspace. Change that first.",
                line.role_name, line.workspace_name
            ),
        )
        .with_next("Change what it offers", format!("/orgs/{}/invitations/{id}", actor.org.slug)));
    }
    invitation.role = role;
    if role != OrgRole::Member {
        invitation.kind = Kind::Organization;
    }
    match stands_behind(tx, &invitation).await? {
        true => set_offer(tx, &invitation, invitation.invited_by.as_ref(), &invitation.inviter).await,
        false => take_over(tx, actor, &invitation).await,
    }
}

/// Makes an invitation the actor's own.
pub(super) async fn take_over(tx: &mut Tx, actor: &Actor, invitation: &Invitation) -> Result<()> {
    queries::set_key(tx, &invitation.id, actor.person.key().map(|key| &key.id)).await?;
    set_offer(tx, invitation, from(actor), &actor.person.name).await
}

async fn set_offer(tx: &mut Tx, i: &Invitation, by: Option<&UserId>, inviter_name: &str) -> Result<()> {
    let offer = queries::OfferRow { kind: i.kind, name: &i.name, role: i.role, by, inviter_name };
    queries::set_offer(tx, &i.org, &i.id, &offer).await
}

/// Whether the inviter could offer all of this at this moment. The operator always could.
pub(super) async fn stands_behind(tx: &mut Tx, invitation: &Invitation) -> Result<bool> {
    let Some(inviter) = &invitation.invited_by else { return Ok(true) };
    let held = members::active_role(tx, &invitation.org, inviter).await?;
    Ok(held.is_some_and(|held| offer::could_offer(held, invitation.kind, invitation.role, &invitation.access)))
}
