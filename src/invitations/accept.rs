//! Accepting and declining.

use super::open::{Found, Key, ended, find, has_address, joined_by, require_pending};
use super::{Status, queries};
use crate::accounts;
use crate::actor::{Credential, Origin, Person, SignInMethod};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, SessionId, UserId};
use crate::organizations;
use crate::{mail, members};
use std::sync::Arc;

/// Somebody who has joined.
#[derive(Debug)]
pub struct Accepted {
    pub org: OrgId,
    pub org_name: String,
    pub org_slug: String,
    pub user: UserId,
    /// The link in the mail proved the address and made or claimed this account: sign it in.
    pub arrived: bool,
}

/// Accepts an invitation: membership, acceptance and audit event in one write to the organization (S1-44, S4-8). Of any
/// number of clicks one joins; the same person's others find that they have joined (SEC-I2).
///
/// The invited address must be proved: by the account that is signed in (SEC-I3, SEC-I4), or, where nobody is signed in
/// and nobody has an account with it, by the link that came to it. An account that exists is never changed by a link
/// (SEC-I6). Refuses what can't be accepted any more, a member, and, where an account may be in one organization only,
/// who is in another (S2-23, E1); with `close_personal`, their own personal organization is closed on the way.
pub async fn accept(app: &App, person: Option<&Arc<Person>>, origin: &Origin, key: &Key, close_personal: bool) -> Result<Accepted> {
    let now = app.now();
    let who = person.map(|p| p.as_ref());
    if let Some(person) = who {
        person.require_write()?;
    }
    let (mut tx, found) = begin(app, who, key, now).await?;
    if let Some(person) = who
        && joined_by(&mut tx, &found, who).await?
    {
        return Ok(joined(&found, person.user.clone(), false));
    }
    require_pending(&mut tx, &found).await?;
    if let Some(person) = who.filter(|_| close_personal) {
        close_personal_of(app, &mut tx, &found, person, now).await?;
    }
    let joiner = prove(&mut tx, &found, who, origin, now).await?;
    refuse_member(app, &mut tx, &found, &joiner).await?;
    join(app, &mut tx, &found, &joiner, now).await?;
    tx.commit().await?;
    app.wake();
    Ok(joined(&found, joiner.user, person.is_none()))
}

fn joined(found: &Found, user: UserId, arrived: bool) -> Accepted {
    let org = &found.organization;
    Accepted { org: org.id.clone(), org_name: org.name.clone(), org_slug: org.slug.clone(), user, arrived }
}

/// Begins the write: finds which organization to lock, locks it, and looks again.
async fn begin(app: &App, person: Option<&Person>, key: &Key, now: Micros) -> Result<(Tx, Found)> {
    let mut tx = app.db.read().await?;
    let org = find(&mut tx, person, key, now).await?.organization.id;
    drop(tx);
    let mut tx = app.db.write_org(&org).await?;
    let found = find(&mut tx, person, key, now).await?;
    Ok((tx, found))
}

/// The one who accepts, with their account locked.
async fn prove(tx: &mut Tx, found: &Found, person: Option<&Person>, origin: &Origin, now: Micros) -> Result<Person> {
    let invitation = &found.invitation;
    if let Some(person) = person {
        tx.lock_account(&person.user).await?;
        if has_address(tx, Some(person), invitation).await? {
            return Ok(person.clone());
        }
        return Err(Refusal::forbidden(
            "other_address",
            format!("This invitation is for {}. Sign in with that address, or add it to your account.", invitation.email),
        ));
    }
    if !found.proves {
        return Err(Refusal::Unauthenticated);
    }
    let user = accounts::arrive_invited(tx, &invitation.email, &invitation.name, origin, now).await?;
    let name = accounts::as_member(tx, &user).await?.name;
    Ok(by_link(user, name, &invitation.email, origin, now))
}

/// Somebody who acts by the link in the mail, before there is a session.
fn by_link(user: UserId, name: String, email: &str, origin: &Origin, now: Micros) -> Person {
    Person {
        user,
        name,
        email: Some(email.to_owned()),
        theme: String::new(),
        credential: Credential::Session { id: SessionId::from("invitation link"), method: SignInMethod::Email, signed_in_at: now },
        origin: origin.clone(),
        seats: Vec::new(),
        last_org: None,
    }
}

async fn refuse_member(app: &App, tx: &mut Tx, found: &Found, joiner: &Person) -> Result<()> {
    let org = &found.organization;
    if members::find_by_user(tx, &org.id, &joiner.user).await?.is_some() {
        return Err(Refusal::conflict(
            "already_member",
            format!("You are a member of {} already. This invitation changes nothing.", org.name),
        )
        .with_next(format!("Open {}", org.name), format!("/orgs/{}/members", org.slug)));
    }
    if app.config.membership == Membership::One && members::other_organization(tx, &joiner.user, &org.id).await?.is_some() {
        return Err(Refusal::conflict(
            "already_in_another_org",
            format!(
                "You are already in another organization. Leave it before you join {}. This invitation stays valid until {}.",
                org.name,
                crate::clock::minute(found.invitation.expires_at)
            ),
        )
        .with_next("Your organizations", "/account/organizations"));
    }
    Ok(())
}

/// Locked after the organization that is joined and before the account, like every organization.
async fn close_personal_of(app: &App, tx: &mut Tx, found: &Found, person: &Person, now: Micros) -> Result<()> {
    if app.config.membership == Membership::Many || !has_address(tx, Some(person), &found.invitation).await? {
        return Ok(());
    }
    match members::other_organization(tx, &person.user, &found.organization.id).await? {
        Some(other) => organizations::close_personal(tx, person, &other, now).await,
        None => Ok(()),
    }
}

async fn join(app: &App, tx: &mut Tx, found: &Found, joiner: &Person, now: Micros) -> Result<()> {
    let (invitation, org) = (&found.invitation, &found.organization);
    if !queries::accept(tx, &org.id, &invitation.id, &joiner.user, now).await? {
        return Err(ended(invitation, &org.name));
    }
    let person = accounts::as_member(tx, &joiner.user).await?;
    let member = invitation.row_id()?;
    members::accept_invited(app, tx, &org.id, member, &joiner.user, &person, now).await?;
    let event = Event::new(Category::Access, "invitation.accepted", "invitation", invitation.id.to_string(), &*person.name)
        .subject(Some(&joiner.user))
        .with("role", invitation.role.as_str())
        .with("member", member.as_str());
    audit::record_in(tx, joiner, &org.id, now, event).await?;
    let words = format!("accepted your invitation to {}", mail::plain_name(&org.name));
    tell_inviter(
        tx,
        found,
        &person.name,
        &words,
        "They joined with the role you chose. Workspaces are theirs once somebody adds them.",
        now,
    )
    .await
}

/// Declines an invitation. Whoever may accept it may decline it, and so may anybody with the link that came to the
/// invited address (SEC-I4).
pub async fn decline(app: &App, person: Option<&Arc<Person>>, origin: &Origin, key: &Key) -> Result<String> {
    let now = app.now();
    let who = person.map(|p| p.as_ref());
    if let Some(person) = who {
        person.require_write()?;
    }
    let (mut tx, found) = begin(app, who, key, now).await?;
    require_pending(&mut tx, &found).await?;
    let (invitation, org) = (&found.invitation, &found.organization);
    let decliner = match who {
        Some(person) if has_address(&mut tx, who, invitation).await? => person.clone(),
        _ if found.proves => by_link(UserId::from(""), invitation.email.clone(), &invitation.email, origin, now),
        None => return Err(Refusal::Unauthenticated),
        Some(_) => return Err(Refusal::forbidden("other_address", format!("This invitation is for {}.", invitation.email))),
    };
    if !queries::end(&mut tx, &org.id, &invitation.id, Status::Declined.as_str(), now).await? {
        return Err(ended(invitation, &org.name));
    }
    members::drop_invited(&mut tx, &org.id, invitation.row_id()?).await?;
    let event = Event::new(Category::Access, "invitation.declined", "invitation", invitation.id.to_string(), &*invitation.email)
        .with("role", invitation.role.as_str());
    audit::record_in(&mut tx, &decliner, &org.id, now, event).await?;
    let words = format!("declined your invitation to {}", mail::plain_name(&org.name));
    tell_inviter(&mut tx, &found, &invitation.email, &words, "Nothing changed for anybody. You can invite them again.", now).await?;
    tx.commit().await?;
    app.wake();
    Ok(org.name.clone())
}

async fn tell_inviter(tx: &mut Tx, found: &Found, who: &str, did: &str, more: &str, now: Micros) -> Result<()> {
    let (invitation, org) = (&found.invitation, &found.organization);
    let Some(inviter) = &invitation.invited_by else { return Ok(()) };
    if members::active_role(tx, &org.id, inviter).await?.is_none() {
        return Ok(());
    }
    let to = accounts::as_member(tx, inviter).await?;
    if to.email.is_empty() {
        return Ok(());
    }
    let who = if who == invitation.email { who.to_owned() } else { format!("{} ({})", mail::plain_name(who), invitation.email) };
    let notice = mail::Notice {
        to: to.email,
        subject: format!("{} {did}", mail::plain_name(&who)),
        lines: vec![format!("Hello {},", mail::plain_name(&to.name)), format!("{who} {did}."), more.to_owned()],
        link: Some((format!("Members of {}", mail::plain_name(&org.name)), format!("/orgs/{}/members", org.slug))),
    };
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await
}
