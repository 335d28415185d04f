//! Members: the directory, roles, suspension, removal (product.md, 2).
//!
//! The directory lists members and people who are invited; both are rows of `members`. A row whose status is `invited`
//! has no user, holds a role that applies when they join, and counts for nothing before.

mod add;
mod claim;
mod directory;
mod import;
mod of_person;
mod queries;
mod recover;
mod removal;
mod statement;

pub use add::{NewMember, add_owner};
pub(crate) use add::{
    accept_invited, add_invited, add_member, change_invited, drop_invited, extend_invited,
    refresh_person,
};
pub(crate) use claim::{
    lock_organizations_of, may_take_over, only_owner_of, organizations_of, take_over,
};
pub use directory::{Filter, Listed, Page, Sort, StatusFilter, explain, list};
pub use import::{
    Line, Mover, Moving, MovingFile, Outcome, Placed, Problem, Resolved, move_in, move_in_lines,
    read_file, resolve_usernames,
};
pub use of_person::{Membership, memberships};
pub(crate) use of_person::{
    active_role, add_to_workspaces, add_to_workspaces_of, addresses_of, clear_workspaces,
    find_by_address, find_by_github, find_by_user, in_an_organization, other_organization,
    owners_and_admins,
};
pub use recover::{Recovery, recover_owner};
pub use removal::{Removal, leave, leaving_impact, may_leave, removal_impact, remove};
pub(crate) use removal::{leave_everywhere, remove_all};

use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, MemberId, OrgId, UserId};
use crate::impact::{self, Impact, Scope, Snapshot};
use crate::mail;
use crate::organizations::{self, Organization};
use queries::EntryRow;

/// One row of the directory.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: MemberId,
    /// `None` for somebody who is invited.
    pub user: Option<UserId>,
    pub role: OrgRole,
    pub status: Status,
    pub name: String,
    /// "" where only a GitHub username is known.
    pub email: String,
    pub github_login: String,
    /// Address proved, or GitHub linked.
    pub verified: bool,
    /// `None`: never.
    pub last_active_at: Option<Micros>,
    /// When they joined, or were invited.
    pub since: Micros,
    /// In how many workspaces they have a role of their own; [`Entry::opens`] says how many they can open.
    pub workspaces: i64,
    pub invitation: Option<Pending>,
}

/// The invitation behind a row of somebody invited.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: InvitationId,
    pub inviter: String,
    pub expires_at: Micros,
    /// "queued", "sent" or "failed"; "none" to an account at GitHub.
    pub delivery: String,
    pub delivery_error: String,
    /// Workspaces that come with it.
    pub workspaces: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    /// A member by import who hasn't signed in yet.
    NotSignedIn,
    Suspended,
    Invited,
    Expired,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotSignedIn => "not_signed_in",
            Self::Suspended => "suspended",
            Self::Invited => "invited",
            Self::Expired => "expired",
        }
    }

    pub fn is_member(self) -> bool {
        !matches!(self, Self::Invited | Self::Expired)
    }
}

impl Entry {
    fn from_row(row: EntryRow, now: Micros) -> Self {
        let status = match row.status.as_str() {
            "invited" if row.expires_at.is_some_and(|end| end <= now) => Status::Expired,
            "invited" => Status::Invited,
            "suspended" => Status::Suspended,
            _ if !row.claimed => Status::NotSignedIn,
            _ => Status::Active,
        };
        let invitation = row.invitation_id.map(|id| Pending {
            id: id.into(),
            inviter: row.inviter_name.unwrap_or_default(),
            expires_at: row.expires_at.unwrap_or_default(),
            delivery: if row.email.is_empty() {
                "none".into()
            } else {
                row.delivery.unwrap_or_default()
            },
            delivery_error: row.delivery_error.unwrap_or_default(),
            workspaces: row.offered,
        });
        Self {
            id: row.id.into(),
            user: row.user_id.map(UserId::from),
            role: row.role,
            status,
            name: row.name,
            email: row.email,
            github_login: row.github_login,
            verified: row.verified,
            last_active_at: (row.last_active_at > 0).then_some(row.last_active_at),
            since: row.since,
            workspaces: row.workspaces,
            invitation,
        }
    }
}

impl Entry {
    /// How many workspaces they can open, by a role of their own or by their organization role (S1-63).
    pub fn opens(&self, org: &Organization) -> i64 {
        let suspended = self.status == Status::Suspended;
        access::opens(
            self.role,
            suspended,
            org.policies.admins_enter,
            self.workspaces,
            org.workspaces,
        )
    }
}

/// One row of the directory; "not found" for a row of another organization.
pub async fn find(app: &App, actor: &Actor, member: &MemberId) -> Result<Entry> {
    access::require(actor.role, access::Permission::ViewDirectory)?;
    let mut tx = app.db.read().await?;
    entry(&mut tx, &actor.org.id, member, app.now()).await
}

/// The row of a user; `None` for who isn't a member.
pub async fn find_user(app: &App, actor: &Actor, user: &str) -> Result<Option<Entry>> {
    access::require(actor.role, access::Permission::ViewDirectory)?;
    let mut tx = app.db.read().await?;
    match queries::member_of(&mut tx, &actor.org.id, &user.into()).await? {
        Some(member) => Ok(Some(
            entry(&mut tx, &actor.org.id, &member, app.now()).await?,
        )),
        None => Ok(None),
    }
}

pub(crate) async fn entry(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    now: Micros,
) -> Result<Entry> {
    queries::find(tx, org, member)
        .await?
        .map(|row| Entry::from_row(row, now))
        .ok_or(Refusal::NotFound)
}

/// What a member did or had done to them lately, newest first, with the workspace, as far as the actor sees it (S1-49). Refuses
/// who may not manage members, except for one's own.
pub async fn recent_activity(
    app: &App,
    actor: &Actor,
    entry: &Entry,
) -> Result<Vec<audit::Activity>> {
    let Some(user) = &entry.user else {
        return Ok(Vec::new());
    };
    if user != actor.user() {
        access::require(actor.role, access::Permission::ManageMembers)?;
    }
    let mut tx = app.db.read().await?;
    audit::recent_activity(app, &mut tx, actor, user, 20).await
}

/// A change of somebody's organization role, and what it does in workspaces.
#[derive(Debug, Clone)]
pub struct RoleChange {
    pub before: OrgRole,
    pub after: Entry,
    pub impact: Impact,
    /// Addresses whose invitation from them is revoked.
    pub invitations: Vec<String>,
}

impl RoleChange {
    /// Whether it does more than the word says, or makes or unmakes an owner: asked about first where people do it.
    pub fn is_grave(&self) -> bool {
        let owner = self.after.status.is_member()
            && (self.before == OrgRole::Owner) != (self.after.role == OrgRole::Owner);
        owner || !self.impact.is_empty() || !self.invitations.is_empty()
    }
}

/// Changes a member's role, at once; or, for somebody invited, the role that applies when they join (S1-46, S3-20..22).
///
/// Refuses what the actor doesn't hold (product.md, 2, rules 2 and 5) and taking the last owner away (S2-15). Who is
/// demoted below what their own invitations offer loses those. The same role again changes nothing.
pub async fn change_role(
    app: &App,
    actor: &Actor,
    member: &MemberId,
    role: OrgRole,
) -> Result<RoleChange> {
    let (tx, change) = set_role(app, actor, member, role).await?;
    tx.commit().await?;
    app.wake();
    Ok(change)
}

/// What [`change_role`] would do: the same, and then nothing of it.
pub async fn change_role_impact(
    app: &App,
    actor: &Actor,
    member: &MemberId,
    role: OrgRole,
) -> Result<RoleChange> {
    Ok(set_role(app, actor, member, role).await?.1)
}

async fn set_role(
    app: &App,
    actor: &Actor,
    member: &MemberId,
    role: OrgRole,
) -> Result<(Tx, RoleChange)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = &actor.org.id;
    let before = entry(&mut tx, org, member, now).await?;
    let own = before
        .user
        .as_ref()
        .is_some_and(|user| actor.person.is_or_acts_for(user));
    access::may_change_role(actor.role, before.role, role, own)?;
    if before.role == role {
        return Ok((
            tx,
            RoleChange {
                before: role,
                after: before,
                impact: Impact::default(),
                invitations: Vec::new(),
            },
        ));
    }
    billing::require_role(app, &organizations::find(&mut tx, org).await?, role)?;
    let scope = before
        .user
        .as_ref()
        .map(|user| Scope::Person(org.clone(), user.clone()));
    let seen = look(&mut tx, scope.as_ref()).await?;
    let revoked = set_role_in(&mut tx, &actor, &before, role, now).await?;
    require_owner(&mut tx, &actor).await?;
    let impact = seen.compare(&look(&mut tx, scope.as_ref()).await?);
    let event = Event::new(
        Category::Access,
        "member.role_changed",
        "member",
        member.to_string(),
        &*before.name,
    )
    .subject(before.user.as_ref())
    .change(before.role.as_str(), role.as_str())
    .with("on_joining", before.user.is_none())
    .with("invitations_revoked", revoked.len())
    .with("impact", impact.counts());
    audit::record(&mut tx, &actor, now, event).await?;
    if before.status == Status::Active && !own {
        tell_role(&mut tx, &actor, &before, role, now).await?;
    }
    let after = entry(&mut tx, org, member, now).await?;
    Ok((
        tx,
        RoleChange {
            before: before.role,
            after,
            impact,
            invitations: revoked,
        },
    ))
}

/// Who can do what, where the change is about somebody who has joined.
async fn look(tx: &mut Tx, scope: Option<&Scope>) -> Result<Snapshot> {
    match scope {
        Some(scope) => impact::look(tx, scope).await,
        None => Ok(Snapshot::default()),
    }
}

/// Sets a role inside a write, and revokes the invitations that the new role couldn't offer; gives their addresses. The
/// caller asks [`require_owner`] when all is written.
pub(crate) async fn set_role_in(
    tx: &mut Tx,
    actor: &Actor,
    entry: &Entry,
    role: OrgRole,
    now: Micros,
) -> Result<Vec<String>> {
    let org = &actor.org.id;
    queries::set_role(tx, org, &entry.id, role).await?;
    if let Some(invitation) = &entry.invitation {
        crate::invitations::set_role(tx, actor, &invitation.id, role, now).await?;
    }
    match &entry.user {
        Some(user) => crate::invitations::revoke_beyond(tx, actor, user, Some(role), now).await,
        None => Ok(Vec::new()),
    }
}

async fn tell_role(
    tx: &mut Tx,
    actor: &Actor,
    before: &Entry,
    role: OrgRole,
    now: Micros,
) -> Result<()> {
    if before.email.is_empty() {
        return Ok(());
    }
    let (org, by) = (&actor.org, &actor.person.name);
    let labels = &org.policies;
    let notice = mail::Notice {
        to: before.email.clone(),
        subject: format!(
            "Your role in {} is now {}",
            mail::plain_name(&org.name),
            labels.label(role)
        ),
        lines: vec![
            format!("Hello {},", before.name),
            format!(
                "{by} changed your role in {} from {} to {}. It applies from now on.",
                org.name,
                labels.label(before.role),
                labels.label(role)
            ),
            role.explains().to_owned(),
        ],
        link: Some((
            format!("Open {}", org.name),
            format!("/orgs/{}/members", org.slug),
        )),
    };
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await
}

/// Suspends a member: they keep their place and can do nothing. Refuses oneself, the last owner, and who is above.
/// Somebody suspended already stays so.
pub async fn suspend(app: &App, actor: &Actor, member: &MemberId) -> Result<Entry> {
    let (tx, entry, _) = set_status(app, actor, member, "suspended").await?;
    tx.commit().await?;
    Ok(entry)
}

/// What [`suspend`] would do in workspaces: the same, and then nothing of it.
pub async fn suspend_impact(
    app: &App,
    actor: &Actor,
    member: &MemberId,
) -> Result<(Entry, Impact)> {
    let (_, entry, impact) = set_status(app, actor, member, "suspended").await?;
    Ok((entry, impact))
}

/// Lets a suspended member back in, as what they were.
pub async fn reinstate(app: &App, actor: &Actor, member: &MemberId) -> Result<Entry> {
    let (tx, entry, _) = set_status(app, actor, member, "active").await?;
    tx.commit().await?;
    Ok(entry)
}

async fn set_status(
    app: &App,
    actor: &Actor,
    member: &MemberId,
    status: &str,
) -> Result<(Tx, Entry, Impact)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = &actor.org.id;
    let before = entry(&mut tx, org, member, now).await?;
    access::may_touch(actor.role, before.role)?;
    if before.user.as_ref() == Some(actor.user()) {
        return Err(Refusal::forbidden(
            "own_suspension",
            "You can't suspend yourself. Leave the organization instead, or ask another owner or admin.",
        ));
    }
    if !before.status.is_member() {
        return Err(Refusal::conflict(
            "still_invited",
            "They haven't joined yet. Revoke the invitation instead.",
        ));
    }
    if (before.status == Status::Suspended) == (status == "suspended") {
        return Ok((tx, before, Impact::default()));
    }
    let scope = before
        .user
        .as_ref()
        .map(|user| Scope::Person(org.clone(), user.clone()));
    let seen = look(&mut tx, scope.as_ref()).await?;
    queries::set_status(&mut tx, org, member, status).await?;
    require_owner(&mut tx, &actor).await?;
    let impact = seen.compare(&look(&mut tx, scope.as_ref()).await?);
    let action = if status == "suspended" {
        "member.suspended"
    } else {
        "member.reinstated"
    };
    let event = Event::new(
        Category::Access,
        action,
        "member",
        member.to_string(),
        &*before.name,
    )
    .subject(before.user.as_ref())
    .change(before.status.as_str(), status)
    .with("impact", impact.counts());
    audit::record(&mut tx, &actor, now, event).await?;
    let after = entry(&mut tx, org, member, now).await?;
    Ok((tx, after, impact))
}

/// Refuses a write that left the organization without an owner who can sign in (E2, S2-15, SEC-Z6). Asked after the
/// write, inside its transaction, so that it covers every way to lose one.
pub(crate) async fn require_owner(tx: &mut Tx, actor: &Actor) -> Result<()> {
    if actor.person.is_system() || queries::has_owner(tx, &actor.org.id).await? {
        return Ok(());
    }
    Err(last_owner(actor))
}

fn last_owner(actor: &Actor) -> Refusal {
    let path = format!("/orgs/{}/members?status=active", actor.org.slug);
    Refusal::conflict(
        "last_owner",
        "You are the only owner. Make someone else owner first.",
    )
    .with_next("Choose a new owner", path)
}

/// Keeps the organization's counts beside the rows.
async fn count(tx: &mut Tx, org: &OrgId, members: i64, invited: i64) -> Result<()> {
    organizations::add_to_counts(tx, org, members, invited, 0).await
}
