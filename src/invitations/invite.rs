//! Inviting somebody, and changing what a pending invitation offers.

use super::offer::{self, Wanted};
use super::recipient::ROLE_BY_USERNAME;
use super::{
    GitHubUser, Invitation, Kind, Recipient, Status, ending, find_in, limits, queries, resend,
    with_access,
};
use crate::access::{self, OrgRole};
use crate::accounts::{self, Named};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing;
use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{InvitationId, UserId};
use crate::members;
use crate::organizations::{self, Organization};
use crate::{mail, text};
use serde_json::json;
use std::borrow::Cow;

/// Whom to invite, as what.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// "" where a GitHub username is given.
    pub email: String,
    /// "" where an address is given.
    pub github: String,
    /// For the directory until they join; may be "".
    pub name: String,
    pub role: OrgRole,
    /// Roles in the organization's workspaces that they get on joining (S1-43).
    pub access: Vec<Wanted>,
    pub on_pending: OnPending,
}

/// What to do where they have a pending invitation already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnPending {
    /// Refuse, naming it.
    #[default]
    Refuse,
    /// Let it offer this instead, with a new end; where there is mail, it is sent again.
    Update,
}

/// Invites an address, or an account at GitHub (S2-20), to the organization and to any number of its workspaces (S1-40..45,
/// S4-7, S5-30). The mail leaves afterwards. A GitHub username is turned into the account's number first, which decides
/// from then on who that is (SEC-I12); GitHub doesn't have to answer later.
///
/// Refuses who may not invite here (S2-14) or offers more than they hold (SEC-I8), what is no address or of a domain
/// that the policy doesn't allow, a username that GitHub doesn't know or that isn't invited by here, a role that isn't offered
/// here or not by username (S2-21), workspaces that aren't the organization's (SEC-I9), a
/// member, a pending invitation unless told to update it, and more mail than the limits allow (SEC-I14). The answer is the same whether or not the address has an account
/// or another organization (SEC-I7). One that expired makes way.
pub async fn invite(app: &App, actor: &Actor, new: &NewInvitation) -> Result<Invitation> {
    let now = app.now();
    let found = match new.github.trim() {
        "" => None,
        _ => Some(find_at_github(app, actor, new).await?),
    };
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::may_invite(actor.role, org.policies.owners_only_invite(), new.role)?;
    let (to, name) = check(app, &org, new, found)?;
    offer::check(&mut tx, &actor, new.role, &new.access).await?;
    refuse_member(&mut tx, &org, &to).await?;
    billing::require_role(app, &org, new.role)?;
    let drawn = Draft {
        kind: Kind::Organization,
        to: &to,
        name: &name,
        role: new.role,
        access: &new.access,
        to_member: false,
    };
    let id = match find_pending(&mut tx, &org, &to, now).await? {
        None => create(&mut tx, &actor, &org, &drawn, now).await?,
        Some(pending) if new.on_pending == OnPending::Refuse => {
            return Err(already_pending(&org, &pending));
        }
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

/// The account behind a username, asked of GitHub before anything is locked, and only for who may invite.
async fn find_at_github(app: &App, actor: &Actor, new: &NewInvitation) -> Result<GitHubUser> {
    actor.person.require_write()?;
    access::may_invite(
        actor.role,
        actor.org.policies.owners_only_invite(),
        new.role,
    )?;
    check(
        app,
        &actor.org,
        new,
        Some(GitHubUser {
            id: String::new(),
            login: String::new(),
        }),
    )?;
    let login =
        text::github_login(&new.github).map_err(|message| Refusal::field("github", message))?;
    match accounts::find_by_username(app, &login).await {
        Named::Account { id, login } => Ok(GitHubUser { id, login }),
        Named::Nobody => Err(Refusal::field(
            "github",
            format!("GitHub knows no person with the username {login}."),
        )),
        Named::Stopped(why) => {
            tracing::warn!(
                why,
                "GitHub could not be asked for the number of an account"
            );
            Err(Refusal::Unavailable(
                "GitHub doesn't say at the moment whose username that is, so nobody was invited. Try again in a few minutes.",
            ))
        }
    }
}

/// Whom it is to and the name they are given, with all that is wrong said at once.
fn check(
    app: &App,
    org: &Organization,
    new: &NewInvitation,
    found: Option<GitHubUser>,
) -> Result<(Recipient, String)> {
    let mut checks = Checks::default();
    let to = match found {
        Some(user) => {
            if let Err(message) = check_username(app, org, new) {
                checks.fail("github", message);
            }
            Recipient::GitHub(user)
        }
        None => Recipient::Address(
            checks
                .take("email", check_address(app, org, &new.email))
                .unwrap_or_default(),
        ),
    };
    let name = checks
        .take("name", text::optional_line(&new.name, 80))
        .unwrap_or_default();
    if !to.takes_role(new.role) {
        checks.fail("role", ROLE_BY_USERNAME);
    } else if !org.policies.offers(new.role) {
        checks.fail(
            "role",
            format!(
                "{} doesn't offer the role {}. Choose one of the others.",
                org.name,
                new.role.label()
            ),
        );
    }
    checks.done()?;
    Ok((to, name))
}

fn check_address(app: &App, org: &Organization, email: &str) -> Result<String, Cow<'static, str>> {
    if !app.config.invites_by_email() {
        return Err("Here people are invited by GitHub username. Name one.".into());
    }
    if email.trim().is_empty() && app.config.invites_by_github() {
        return Err("Enter an e-mail address, or name a GitHub username instead.".into());
    }
    let email = text::email(email)?;
    if !org.policies.allows_address(&email) {
        return Err(format!(
            "{} invites only addresses at {}.",
            org.name,
            text::some_of(&org.policies.invite_domains, 5)
        )
        .into());
    }
    Ok(email)
}

fn check_username(
    app: &App,
    org: &Organization,
    new: &NewInvitation,
) -> Result<(), Cow<'static, str>> {
    let typed = new.github.trim();
    if !app.config.invites_by_github() {
        return Err("Here people are invited by e-mail address. Name one.".into());
    }
    if !new.email.trim().is_empty() {
        return Err("Name an e-mail address or a GitHub username, one of the two.".into());
    }
    if text::email(typed).is_ok() {
        let instead = if app.config.invites_by_email() {
            "Use the field for e-mail addresses."
        } else {
            "Here only usernames are invited."
        };
        return Err(
            format!("{typed} is an e-mail address, not a GitHub username. {instead}").into(),
        );
    }
    text::github_login(typed)?;
    if !org.policies.invite_domains.is_empty() {
        let domains = text::some_of(&org.policies.invite_domains, 5);
        return Err(format!("{} invites only addresses at {domains}, and a username has none. Invite their address.", org.name).into());
    }
    if !org.policies.allow_github {
        return Err(format!(
            "{} doesn't let people in who sign in with GitHub. Invite their address.",
            org.name
        )
        .into());
    }
    Ok(())
}

/// The pending invitation of an address or an account at GitHub. One that expired makes way.
pub(super) async fn find_pending(
    tx: &mut Tx,
    org: &Organization,
    to: &Recipient,
    now: Micros,
) -> Result<Option<Invitation>> {
    let row = match to {
        Recipient::Address(email) => queries::find_pending_address(tx, &org.id, email).await?,
        Recipient::GitHub(user) => queries::find_pending_github(tx, &org.id, &user.id).await?,
    };
    let Some(row) = row else { return Ok(None) };
    let found = Invitation::from_row(row, now);
    if found.status == Status::Pending {
        return with_access(tx, found).await.map(Some);
    }
    ending::make_way(tx, &found).await?;
    Ok(None)
}

async fn refuse_member(tx: &mut Tx, org: &Organization, to: &Recipient) -> Result<()> {
    match to.find_member(tx, &org.id).await? {
        None => Ok(()),
        Some(member) => Err(Refusal::conflict(
            "already_member",
            format!("{to} is a member of {} already.", org.name),
        )
        .with_next(
            "Open their page",
            format!("/orgs/{}/members/{member}", org.slug),
        )
        .with_existing(member)),
    }
}

pub(super) fn already_pending(org: &Organization, pending: &Invitation) -> Refusal {
    Refusal::conflict(
        "invitation_pending",
        format!(
            "{} has an invitation to {} already, from {}.",
            pending.to, org.name, pending.inviter
        ),
    )
    .with_next(
        "See the pending invitations",
        format!("/orgs/{}/invitations", org.slug),
    )
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
    pub to: &'a Recipient,
    pub name: &'a str,
    pub role: OrgRole,
    pub access: &'a [Wanted],
    /// To somebody who is a member already, and so has a row in the directory.
    pub to_member: bool,
}

pub(super) async fn create(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    new: &Draft<'_>,
    now: Micros,
) -> Result<InvitationId> {
    limits::count(tx, actor, org, new.to, now).await?;
    let (id, expires_at) = (InvitationId::new(), end_from(org, now));
    let member = match new.to_member {
        true => None,
        false => Some(
            members::add_invited(
                tx,
                &org.id,
                new.role,
                &new.to.as_member(new.name),
                now,
                expires_at,
            )
            .await?,
        ),
    };
    let row = queries::NewRow {
        id: &id,
        org: &org.id,
        member: member.as_ref(),
        kind: new.kind,
        to: new.to,
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
    let event = Event::new(
        Category::Access,
        "invitation.created",
        "invitation",
        id.to_string(),
        new.to.to_string(),
    )
    .with("kind", new.kind.as_str())
    .with("role", new.role.as_str())
    .with(
        "access",
        offer::in_words(&offer::of(tx, &org.id, &id).await?),
    )
    .with("expires_at", crate::clock::rfc3339(expires_at));
    audit::record(tx, actor, now, event).await?;
    if new.to.address().is_some() {
        mail::enqueue(
            tx,
            now,
            Some(&org.id),
            mail::Message::Invitation {
                invitation: id.clone(),
                round: 1,
            },
        )
        .await?;
    }
    Ok(id)
}

/// Makes a pending invitation the actor's own offer, with a new end. Refuses one that offers more than they hold.
async fn update(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    pending: &Invitation,
    new: &Draft<'_>,
    now: Micros,
) -> Result<()> {
    access::may_touch(actor.role, pending.role)?;
    offer::may_replace(tx, actor, &pending.access).await?;
    let name = if new.name.is_empty() {
        pending.name.as_str()
    } else {
        new.name
    };
    let offer = queries::OfferRow {
        kind: new.kind,
        name,
        role: new.role,
        by: from(actor),
        inviter_name: &actor.person.name,
    };
    queries::set_offer(tx, &org.id, &pending.id, &offer).await?;
    offer::replace(tx, &org.id, &pending.id, new.access).await?;
    if let Some(row) = &pending.member {
        members::change_invited(tx, &org.id, row, new.role, &pending.to.as_member(name)).await?;
    }
    note_change(tx, actor, pending, now).await?;
    let changed = find_in(tx, &org.id, &pending.id, now).await?;
    resend::renew(tx, actor, org, &changed, now).await
}

/// Records what an invitation offered before and offers now, where that is another thing.
pub(super) async fn note_change(
    tx: &mut Tx,
    actor: &Actor,
    before: &Invitation,
    now: Micros,
) -> Result<()> {
    let after = find_in(tx, &before.org, &before.id, now).await?;
    let told = |i: &Invitation| json!({ "kind": i.kind.as_str(), "role": i.role.as_str(), "access": offer::in_words(&i.access) });
    let (was, is) = (told(before), told(&after));
    if was == is {
        return Ok(());
    }
    let event = Event::new(
        Category::Access,
        "invitation.changed",
        "invitation",
        before.id.to_string(),
        before.to.to_string(),
    )
    .change(was, is);
    audit::record(tx, actor, now, event).await
}

/// Changes the role that applies on joining (S3-22), in step with the directory's row. Where the inviter couldn't offer
/// it, the invitation is from now on that of the one who changed it, because somebody must stand behind it (SEC-I8). More
/// than member makes a workspace invitation one to the organization. Refuses viewer beside more than viewer in a workspace, and a role that isn't given by username
/// (S2-21).
pub(crate) async fn set_role(
    tx: &mut Tx,
    actor: &Actor,
    id: &InvitationId,
    role: OrgRole,
    now: Micros,
) -> Result<()> {
    let mut invitation = find_in(tx, &actor.org.id, id, now).await?;
    invitation.to.require_role(role)?;
    if let Some(line) = invitation
        .access
        .iter()
        .find(|line| access::fits_under_cap(role, line.role.role()).is_err())
    {
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
        true => {
            set_offer(
                tx,
                &invitation,
                invitation.invited_by.as_ref(),
                &invitation.inviter,
            )
            .await
        }
        false => take_over(tx, actor, &invitation).await,
    }
}

/// Makes an invitation the actor's own.
pub(super) async fn take_over(tx: &mut Tx, actor: &Actor, invitation: &Invitation) -> Result<()> {
    queries::set_key(tx, &invitation.id, actor.person.key().map(|key| &key.id)).await?;
    set_offer(tx, invitation, from(actor), &actor.person.name).await
}

async fn set_offer(
    tx: &mut Tx,
    i: &Invitation,
    by: Option<&UserId>,
    inviter_name: &str,
) -> Result<()> {
    let offer = queries::OfferRow {
        kind: i.kind,
        name: &i.name,
        role: i.role,
        by,
        inviter_name,
    };
    queries::set_offer(tx, &i.org, &i.id, &offer).await
}

/// Whether the inviter could offer all of this at this moment. The operator always could.
pub(super) async fn stands_behind(tx: &mut Tx, invitation: &Invitation) -> Result<bool> {
    let Some(inviter) = &invitation.invited_by else {
        return Ok(true);
    };
    let held = members::active_role(tx, &invitation.org, inviter).await?;
    Ok(held.is_some_and(|held| {
        offer::could_offer(held, invitation.kind, invitation.role, &invitation.access)
    }))
}
