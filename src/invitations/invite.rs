//! Inviting somebody, and changing what a pending invitation offers.

use super::{Invitation, Status, could_offer, ending, find_in, limits, queries, resend};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{InvitationId, UserId};
use crate::members::{self, NewMember};
use crate::organizations::{self, Organization};
use crate::{mail, text};

/// Whom to invite, as what.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    pub email: String,
    /// For the directory until they join; may be "".
    pub name: String,
    pub role: OrgRole,
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

/// Invites an address (S1-40..42, S4-7). The mail leaves afterwards.
///
/// Refuses who may not invite here (S2-14) or offers more than they hold (SEC-I8), what is no address or of a domain
/// that the policy doesn't allow, a role that isn't offered here, a member, a pending invitation unless told to update
/// it, and more mail than the limits allow (SEC-I14). The answer is the same whether or not the address has an account
/// or another organization (SEC-I7). One that expired makes way.
pub async fn invite(app: &App, actor: &Actor, new: &NewInvitation) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::may_invite(actor.role, org.policies.owners_only_invite(), new.role)?;
    let (email, name) = check(&org, new)?;
    refuse_member(&mut tx, &org, &email).await?;
    let pending = queries::find_pending(&mut tx, &org.id, &email).await?.map(|row| Invitation::from_row(row, now));
    let id = match pending {
        Some(pending) if pending.status == Status::Pending => {
            if new.on_pending == OnPending::Refuse {
                return Err(already_pending(&org, &pending));
            }
            update(&mut tx, &actor, &org, &pending, &name, new.role, now).await?;
            pending.id
        }
        expired => {
            if let Some(expired) = expired {
                ending::make_way(&mut tx, &expired).await?;
            }
            create(&mut tx, &actor, &org, &email, &name, new.role, now).await?
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

async fn refuse_member(tx: &mut Tx, org: &Organization, email: &str) -> Result<()> {
    match members::find_by_address(tx, &org.id, email).await? {
        None => Ok(()),
        Some(member) => Err(Refusal::conflict("already_member", format!("{email} is a member of {} already.", org.name))
            .with_next("Open their page", format!("/orgs/{}/members/{member}", org.slug))
            .with_existing(member)),
    }
}

fn already_pending(org: &Organization, pending: &Invitation) -> Refusal {
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

/// Who an invitation is from: nobody's account where the operator makes it.
fn from(actor: &Actor) -> Option<&UserId> {
    (!actor.person.is_system()).then(|| actor.user())
}

async fn create(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    email: &str,
    name: &str,
    role: OrgRole,
    now: Micros,
) -> Result<InvitationId> {
    limits::count(tx, actor, org, email, now).await?;
    let (id, expires_at) = (InvitationId::new(), end_from(org, now));
    let person = row_of(email, name);
    let member = members::add_invited(tx, &org.id, role, &person, now, expires_at).await?;
    let new = queries::NewRow {
        id: &id,
        org: &org.id,
        member: &member,
        email,
        name,
        role,
        invited_by: from(actor),
        inviter_name: &actor.person.name,
        now,
        expires_at,
    };
    queries::insert(tx, &new).await?;
    let event = Event::new(Category::Access, "invitation.created", "invitation", id.to_string(), email)
        .with("role", role.as_str())
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
async fn update(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    pending: &Invitation,
    name: &str,
    role: OrgRole,
    now: Micros,
) -> Result<()> {
    access::may_touch(actor.role, pending.role)?;
    let name = if name.is_empty() { pending.name.as_str() } else { name };
    queries::set_offer(tx, &org.id, &pending.id, name, role, from(actor), &actor.person.name).await?;
    members::change_invited(tx, &org.id, pending.row_id()?, role, &row_of(&pending.email, name)).await?;
    if role != pending.role {
        let event = Event::new(Category::Access, "invitation.changed", "invitation", pending.id.to_string(), &*pending.email)
            .change(pending.role.as_str(), role.as_str());
        audit::record(tx, actor, now, event).await?;
    }
    resend::send_again(tx, actor, org, pending, now).await
}

/// Changes the role that applies on joining (S3-22), in step with the directory's row. Where the inviter couldn't offer
/// it, the invitation is from now on that of the one who changed it, because somebody must stand behind it (SEC-I8).
pub(crate) async fn set_role(tx: &mut Tx, actor: &Actor, id: &InvitationId, role: OrgRole, now: Micros) -> Result<()> {
    let invitation = find_in(tx, &actor.org.id, id, now).await?;
    let (by, name) = if stands_behind(tx, &invitation, role).await? {
        (invitation.invited_by.as_ref(), invitation.inviter.as_str())
    } else {
        (from(actor), actor.person.name.as_str())
    };
    queries::set_offer(tx, &actor.org.id, id, &invitation.name, role, by, name).await
}

/// Makes an invitation the actor's own.
pub(super) async fn take_over(tx: &mut Tx, actor: &Actor, invitation: &Invitation) -> Result<()> {
    queries::set_offer(tx, &invitation.org, &invitation.id, &invitation.name, invitation.role, from(actor), &actor.person.name).await
}

/// Whether the inviter could offer this role at this moment. The operator always could.
pub(super) async fn stands_behind(tx: &mut Tx, invitation: &Invitation, role: OrgRole) -> Result<bool> {
    let Some(inviter) = &invitation.invited_by else { return Ok(true) };
    Ok(members::active_role(tx, &invitation.org, inviter).await?.is_some_and(|held| could_offer(held, role)))
}
