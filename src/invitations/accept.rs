//! Accepting and declining.

use super::open::{Found, Key, ended, find, joined_by, require_pending};
use super::{Kind, Recipient, Status, queries};
use crate::access::OrgRole;
use crate::accounts;
use crate::actor::{Credential, Origin, Person, SignInMethod};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing;
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId, SessionId, UserId, WorkspaceId};
use crate::workspaces::{self, HeldWorkspace, Joiner};
use crate::{mail, members, organizations};
use std::sync::Arc;

/// Somebody who has joined, or a member who has got workspaces.
#[derive(Debug)]
pub struct Accepted {
    pub org: OrgId,
    pub org_name: String,
    pub org_slug: String,
    pub user: UserId,
    /// They were in the organization before, and got workspaces (E5).
    pub was_member: bool,
    /// Their role in the organization.
    pub role: OrgRole,
    /// The workspaces that the invitation gave.
    pub new: Vec<WorkspaceId>,
    /// Every workspace they can open now.
    pub workspaces: Vec<HeldWorkspace>,
    /// The link in the mail proved the address and made or claimed this account: sign it in.
    pub arrived: bool,
}

/// What accepting an invitation is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Their own click.
    Accepting,
    /// Their own click, which also closes their personal organization.
    ClosingPersonal,
    /// Opening a page, where the installation says that it joins (S2-22).
    Visiting,
}

/// Accepts an invitation: membership, exactly the workspaces it offers, acceptance and audit events in one write to the
/// organization (S1-44, S4-8, S5-30, S5-31). Of any number of clicks one joins; the same person's others find that they
/// have joined (SEC-I2). A workspace invitation makes the membership it needs, as member, or reuses the one that is
/// there, whose role stays (S3-10, S5-32).
///
/// The invited address must be proved: by the account that is signed in (SEC-I3, SEC-I4), or, where nobody is signed in
/// and nobody has an account with it, by the link that came to it. Who was invited at GitHub accepts with an account that
/// is linked with that very one (SEC-I12). An account that exists is never changed by a link (SEC-I6). Refuses what can't be accepted any more, a member, and, where an account may be in one organization only,
/// who is in another (S2-23, E1); with [`How::ClosingPersonal`], their own personal organization is closed on the way.
pub async fn accept(
    app: &App,
    person: Option<&Arc<Person>>,
    origin: &Origin,
    key: &Key,
    how: How,
) -> Result<Accepted> {
    let now = app.now();
    let who = person.map(|p| p.as_ref());
    if let Some(person) = who {
        person.require_write()?;
    }
    let (mut tx, found) = begin(app, who, key, now).await?;
    if let Some(person) = who
        && joined_by(&mut tx, &found, who).await?
    {
        return accepted(&mut tx, &found, &person.user).await;
    }
    require_pending(&mut tx, &found).await?;
    if let Some(person) = who.filter(|_| how == How::ClosingPersonal) {
        close_personal_of(app, &mut tx, &found, person, now).await?;
    }
    let (to, name) = (&found.invitation.to, &found.invitation.name);
    let joiner = prove(&mut tx, to, name, found.proves, who, origin, now).await?;
    let member = membership(app, &mut tx, &found, &joiner).await?;
    let new = join(
        app,
        &mut tx,
        &found,
        Joining {
            joiner: &joiner,
            member: member.as_ref(),
            how,
        },
        now,
    )
    .await?;
    let accepted = accepted(&mut tx, &found, &joiner.user).await?;
    tx.commit().await?;
    app.wake();
    Ok(Accepted {
        arrived: person.is_none(),
        was_member: member.is_some(),
        new,
        ..accepted
    })
}

/// What somebody who has accepted has now.
async fn accepted(tx: &mut Tx, found: &Found, user: &UserId) -> Result<Accepted> {
    let org = &found.organization;
    let role = members::active_role(tx, &org.id, user)
        .await?
        .ok_or(Refusal::NotFound)?;
    Ok(Accepted {
        workspaces: workspaces::held_by(tx, &org.id, user, role).await?,
        org: org.id.clone(),
        org_name: org.name.clone(),
        org_slug: org.slug.clone(),
        user: user.clone(),
        was_member: false,
        role,
        new: Vec::new(),
        arrived: false,
    })
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

/// The one who accepts, with their account locked; `proves`: by a link that came to the invited address.
pub(super) async fn prove(
    tx: &mut Tx,
    to: &Recipient,
    name: &str,
    proves: bool,
    person: Option<&Person>,
    origin: &Origin,
    now: Micros,
) -> Result<Person> {
    if let Some(person) = person {
        tx.lock_account(&person.user).await?;
        return if to.is_of(tx, Some(person)).await? {
            Ok(person.clone())
        } else {
            Err(to.not_theirs())
        };
    }
    let Some(email) = to.address().filter(|_| proves) else {
        return Err(Refusal::Unauthenticated);
    };
    let user = accounts::arrive_invited(tx, email, name, origin, now).await?;
    let name = accounts::as_member(tx, &user).await?.name;
    Ok(by_link(user, name, email, origin, now))
}

/// Somebody who acts by the link in the mail, before there is a session.
pub(super) fn by_link(
    user: UserId,
    name: String,
    email: &str,
    origin: &Origin,
    now: Micros,
) -> Person {
    Person {
        user,
        name,
        email: Some(email.to_owned()),
        theme: String::new(),
        credential: Credential::Session {
            id: SessionId::from("invitation link"),
            method: SignInMethod::Email,
            signed_in_at: now,
        },
        origin: origin.clone(),
        seats: Vec::new(),
        last_org: None,
        is_awaited: false,
    }
}

/// The membership that a workspace invitation reuses; `None`: accepting makes one. Refuses who can't join, or who has
/// nothing to gain by it.
async fn membership(
    app: &App,
    tx: &mut Tx,
    found: &Found,
    joiner: &Person,
) -> Result<Option<MemberId>> {
    let (invitation, org) = (&found.invitation, &found.organization);
    if let Some(member) = members::find_by_user(tx, &org.id, &joiner.user).await? {
        if invitation.kind == Kind::Organization {
            return Err(Refusal::conflict(
                "already_member",
                format!(
                    "You are a member of {} already. This invitation changes nothing.",
                    org.name
                ),
            )
            .with_next(
                format!("Open {}", org.name),
                format!("/orgs/{}/members", org.slug),
            ));
        }
        if members::active_role(tx, &org.id, &joiner.user)
            .await?
            .is_none()
        {
            return Err(Refusal::conflict(
                "suspended",
                format!("You are suspended in {}. Ask one of its admins.", org.name),
            ));
        }
        return Ok(Some(member));
    }
    if invitation.is_to_member() {
        let reason = format!(
            "This invitation was for a member of {0}, and you are none any more. Ask an admin of {0}.",
            org.name
        );
        return Err(Refusal::gone("no_longer_member", reason));
    }
    if let Some(why) = billing::lacks_role(app, org, invitation.role) {
        let text = format!(
            "{} offers you a role that it can't give now. {why} This invitation stays valid.",
            org.name
        );
        return Err(Refusal::over_limit("plan_lacks_role", text));
    }
    if app.config.membership == Membership::One
        && members::other_organization(tx, &joiner.user, &org.id)
            .await?
            .is_some()
    {
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
    Ok(None)
}

/// Locked after the organization that is joined and before the account, like every organization.
async fn close_personal_of(
    app: &App,
    tx: &mut Tx,
    found: &Found,
    person: &Person,
    now: Micros,
) -> Result<()> {
    if app.config.membership == Membership::Many
        || !found.invitation.to.is_of(tx, Some(person)).await?
    {
        return Ok(());
    }
    match members::other_organization(tx, &person.user, &found.organization.id).await? {
        Some(other) => organizations::close_personal(tx, person, &other, now).await,
        None => Ok(()),
    }
}

/// Who joins, by what.
struct Joining<'a> {
    joiner: &'a Person,
    member: Option<&'a MemberId>,
    how: How,
}

/// Accepts, joins unless they are in, and gives the workspaces. Gives those that are new to them.
async fn join(
    app: &App,
    tx: &mut Tx,
    found: &Found,
    joining: Joining<'_>,
    now: Micros,
) -> Result<Vec<WorkspaceId>> {
    let (invitation, org) = (&found.invitation, &found.organization);
    let Joining {
        joiner,
        member,
        how,
    } = joining;
    if !queries::accept(tx, &org.id, &invitation.id, &joiner.user, now).await? {
        return Err(ended(invitation, &org.name));
    }
    let person = accounts::as_member(tx, &joiner.user).await?;
    let new = match (member, &invitation.member) {
        (None, Some(row)) => {
            members::accept_invited(app, tx, &org.id, row, &joiner.user, &person, now).await?;
            row
        }
        // They joined in another way since: the row that stood for the invitation goes.
        (Some(member), Some(row)) => {
            members::drop_invited(tx, &org.id, row).await?;
            member
        }
        (Some(member), None) => member,
        (None, None) => {
            return Err(Refusal::Internal(anyhow::anyhow!(
                "invitation {} has no row in the directory",
                invitation.id
            )));
        }
    };
    let role = members::active_role(tx, &org.id, &joiner.user)
        .await?
        .ok_or(Refusal::NotFound)?;
    let event = Event::new(
        Category::Access,
        "invitation.accepted",
        "invitation",
        invitation.id.to_string(),
        &*person.name,
    )
    .subject(Some(&joiner.user))
    .with("kind", invitation.kind.as_str())
    .with("role", role.as_str())
    .with("was_member", member.is_some())
    .with("member", new.as_str());
    let event = if how == How::Visiting {
        event.with("by", "opening a page")
    } else {
        event
    };
    audit::record_in(tx, joiner, &org.id, now, event).await?;
    let workspaces = give(
        tx,
        found,
        joiner,
        Joiner {
            user: &joiner.user,
            name: &person.name,
            role,
        },
        now,
    )
    .await?;
    tell_accepted(tx, found, &person.name, how, workspaces.len(), now).await?;
    Ok(workspaces)
}

/// Gives the roles that the invitation offers at this moment; a workspace that left the organization is none of them.
async fn give(
    tx: &mut Tx,
    found: &Found,
    by: &Person,
    joiner: Joiner<'_>,
    now: Micros,
) -> Result<Vec<WorkspaceId>> {
    let org = &found.organization.id;
    let mut given = Vec::new();
    for line in &found.invitation.access {
        if let Some(event) =
            workspaces::give_on_joining(tx, org, &line.workspace, &joiner, &line.role, now).await?
        {
            audit::record_in(tx, by, org, now, event).await?;
            given.push(line.workspace.clone());
        }
    }
    Ok(given)
}

async fn tell_accepted(
    tx: &mut Tx,
    found: &Found,
    name: &str,
    how: How,
    workspaces: usize,
    now: Micros,
) -> Result<()> {
    let org = mail::plain_name(&found.organization.name);
    let words = match how {
        How::Visiting => format!("joined {org}, as you invited them"),
        How::Accepting | How::ClosingPersonal => format!("accepted your invitation to {org}"),
    };
    let more = match workspaces {
        0 => "They joined with the role you chose. Workspaces are theirs once somebody adds them."
            .to_owned(),
        n => format!(
            "They have the {} you chose.",
            if n == 1 { "workspace" } else { "workspaces" }
        ),
    };
    tell_inviter(tx, found, name, &words, &more, now).await
}

/// Declines an invitation. Whoever may accept it may decline it, and so may anybody with the link that came to the
/// invited address (SEC-I4).
pub async fn decline(
    app: &App,
    person: Option<&Arc<Person>>,
    origin: &Origin,
    key: &Key,
) -> Result<String> {
    let now = app.now();
    let who = person.map(|p| p.as_ref());
    if let Some(person) = who {
        person.require_write()?;
    }
    let (mut tx, found) = begin(app, who, key, now).await?;
    require_pending(&mut tx, &found).await?;
    let (invitation, org) = (&found.invitation, &found.organization);
    let decliner = match who {
        Some(person) if invitation.to.is_of(&mut tx, who).await? => person.clone(),
        who => match invitation.to.address().filter(|_| found.proves) {
            Some(email) => by_link(UserId::from(""), email.to_owned(), email, origin, now),
            None if who.is_none() => return Err(Refusal::Unauthenticated),
            None => return Err(invitation.to.not_theirs()),
        },
    };
    if !queries::end(
        &mut tx,
        &org.id,
        &invitation.id,
        Status::Declined.as_str(),
        now,
    )
    .await?
    {
        return Err(ended(invitation, &org.name));
    }
    if let Some(row) = &invitation.member {
        members::drop_invited(&mut tx, &org.id, row).await?;
    }
    let event = Event::new(
        Category::Access,
        "invitation.declined",
        "invitation",
        invitation.id.to_string(),
        invitation.to.to_string(),
    )
    .with("role", invitation.role.as_str());
    audit::record_in(&mut tx, &decliner, &org.id, now, event).await?;
    let words = format!(
        "declined your invitation to {}",
        mail::plain_name(&org.name)
    );
    tell_inviter(
        &mut tx,
        &found,
        &invitation.to.to_string(),
        &words,
        "Nothing changed for anybody. You can invite them again.",
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(org.name.clone())
}

async fn tell_inviter(
    tx: &mut Tx,
    found: &Found,
    who: &str,
    did: &str,
    more: &str,
    now: Micros,
) -> Result<()> {
    let (invitation, org) = (&found.invitation, &found.organization);
    let Some(inviter) = &invitation.invited_by else {
        return Ok(());
    };
    if members::active_role(tx, &org.id, inviter).await?.is_none() {
        return Ok(());
    }
    let to = accounts::as_member(tx, inviter).await?;
    if to.email.is_empty() {
        return Ok(());
    }
    let invited = invitation.to.to_string();
    let who = if who == invited {
        invited
    } else {
        format!("{} ({invited})", mail::plain_name(who))
    };
    let notice = mail::Notice {
        to: to.email,
        subject: format!("{} {did}", mail::plain_name(&who)),
        lines: vec![
            format!("Hello {},", mail::plain_name(&to.name)),
            format!("{who} {did}."),
            more.to_owned(),
        ],
        link: Some((
            format!("Members of {}", mail::plain_name(&org.name)),
            format!("/orgs/{}/members", org.slug),
        )),
    };
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await
}
