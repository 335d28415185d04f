//! Workspace invitations: from one workspace, by whoever manages its access. They make the membership that the workspace
//! needs, as member, or add to the one that is there (S3-10, S5-31..33).

use super::invite::{self, Draft};
use super::offer::{self, Wanted};
use super::{
    Invitation, Kind, OnPending, Recipient, ToWorkspace, ending, find_in, queries, resend,
    standalone,
};
use crate::access::{self, OrgRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::clock::Micros;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, MemberId, WorkspaceId};
use crate::organizations::{self, Organization};
use crate::workspaces::{self, Given, Workspace, Writing};
use crate::{members, text};
use std::sync::Arc;

/// Whom to invite to a workspace, as what there.
#[derive(Debug, Clone)]
pub struct NewWorkspaceInvitation {
    pub email: String,
    pub role: Given,
    pub on_pending: OnPending,
}

/// Invites an address to one workspace. Somebody new becomes a member of the organization by accepting; a member keeps the
/// role they have there and gets the workspace. Where something else is pending for the address, `update` adds this
/// workspace to it.
///
/// Refuses who doesn't manage the workspace's access or offers more than they may give there; somebody new, where only
/// owners invite and the actor isn't one, or whose domain the policy doesn't allow; a member who has the workspace already
/// or is suspended; and what [`super::invite`] refuses of mail. A standalone workspace offers its roles by itself
/// ([`super::standalone`]; S1-9).
pub async fn invite_to_workspace(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    new: &NewWorkspaceInvitation,
) -> Result<ToWorkspace> {
    let now = app.now();
    let mut writing = workspaces::write(app, person, id).await?;
    let Some(actor) = writing.actor.clone() else {
        return standalone::invite(app, writing, new)
            .await
            .map(ToWorkspace::Standalone);
    };
    access::may_set_access(
        writing.ceiling(),
        Some(actor.role),
        None,
        Some(new.role.role()),
        false,
    )?;
    let org = organizations::find(&mut writing.tx, &actor.org.id).await?;
    let email = text::email(&new.email).map_err(|message| Refusal::field("email", message))?;
    workspaces::name_of(&mut writing.tx, Some(&org.id), &new.role).await?;
    let member = members::find_by_address(&mut writing.tx, &org.id, &email).await?;
    match &member {
        Some(member) => check_member(&mut writing, &actor, member, &email, &new.role, now).await?,
        None => check_newcomer(app, &org, &actor, &email)?,
    }
    let wanted = Wanted {
        workspace: id.clone(),
        role: new.role.clone(),
    };
    let to = Recipient::Address(email);
    let invitation = match invite::find_pending(&mut writing.tx, &org, &to, now).await? {
        None => {
            let access = [wanted];
            let to_member = member.is_some();
            let drawn = Draft {
                kind: Kind::Workspace,
                to: &to,
                name: "",
                role: OrgRole::Member,
                access: &access,
                to_member,
            };
            invite::create(&mut writing.tx, &actor, &org, &drawn, now).await?
        }
        Some(pending) if new.on_pending == OnPending::Refuse => {
            let list = format!("/workspaces/{id}/members/invite");
            return Err(invite::already_pending(&org, &pending)
                .with_next("See the invitations to this workspace", list));
        }
        Some(pending) => {
            add(&mut writing, &actor, &org, &pending, &wanted, now).await?;
            pending.id
        }
    };
    let invitation = find_in(&mut writing.tx, &org.id, &invitation, now).await?;
    writing.tx.commit().await?;
    app.wake();
    Ok(ToWorkspace::Organization(invitation))
}

fn check_newcomer(app: &App, org: &Organization, actor: &Actor, email: &str) -> Result<()> {
    if !app.config.invites_by_email() {
        let reason = format!(
            "{email} isn't a member of {0}, and here new people are invited to the organization, by GitHub username. Ask an owner or admin \
             of {0}; the workspace can be part of that invitation.",
            org.name
        );
        return Err(Refusal::field("email", reason));
    }
    if org.policies.owners_only_invite() && actor.role != OrgRole::Owner {
        return Err(Refusal::forbidden(
            "owners_invite",
            format!(
                "{email} isn't a member of {0}, and there only owners invite new people. You can give the workspace to members; ask an \
                 owner of {0} to invite others.",
                org.name
            ),
        ));
    }
    if !org.policies.allows_address(email) {
        let domains = text::some_of(&org.policies.invite_domains, 5);
        return Err(Refusal::field(
            "email",
            format!("{} invites only addresses at {domains}.", org.name),
        ));
    }
    Ok(())
}

async fn check_member(
    writing: &mut Writing,
    actor: &Actor,
    id: &MemberId,
    email: &str,
    role: &Given,
    now: Micros,
) -> Result<()> {
    let member = members::entry(&mut writing.tx, &actor.org.id, id, now).await?;
    if member.status == members::Status::Suspended {
        return Err(Refusal::conflict(
            "suspended",
            format!(
                "{email} is suspended in {}. Reinstate them first.",
                actor.org.name
            ),
        ));
    }
    access::fits_under_cap(member.role, role.role())?;
    let user = member.user.ok_or(Refusal::NotFound)?;
    let place = queries::offer::place(&mut writing.tx, &actor.org.id, &user, &writing.workspace.id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if place.direct.or(place.organization).is_none() {
        return Ok(());
    }
    Err(Refusal::conflict(
        "already_in_workspace",
        format!("{email} has a role in {} already.", writing.workspace.name),
    )
    .with_next(
        "See who is in it",
        format!("/workspaces/{}/members", writing.workspace.id),
    )
    .with_existing(id.clone()))
}

/// Adds a workspace to what is pending for the address, and sends that again. Refuses to stand behind what the actor
/// couldn't offer.
async fn add(
    writing: &mut Writing,
    actor: &Actor,
    org: &Organization,
    pending: &Invitation,
    wanted: &Wanted,
    now: Micros,
) -> Result<()> {
    access::fits_under_cap(pending.role, wanted.role.role())?;
    if let Some(line) = pending
        .access
        .iter()
        .find(|line| line.workspace == wanted.workspace)
    {
        access::may_set_access(
            writing.ceiling(),
            Some(actor.role),
            Some(line.role.role()),
            None,
            false,
        )?;
    }
    let tx = &mut writing.tx;
    offer::set(tx, &org.id, &pending.id, wanted).await?;
    let mut changed = find_in(tx, &org.id, &pending.id, now).await?;
    if !invite::stands_behind(tx, &changed).await? {
        invite::take_over(tx, actor, &changed).await?;
        changed = find_in(tx, &org.id, &pending.id, now).await?;
        if !invite::stands_behind(tx, &changed).await? {
            let reason = format!(
                "{} has an invitation that offers more than you may give. Ask an admin of {}.",
                pending.to, org.name
            );
            return Err(Refusal::forbidden("role_above_own", reason));
        }
    }
    invite::note_change(tx, actor, pending, now).await?;
    resend::renew(tx, actor, org, &changed, now).await
}

/// The pending invitations that offer a role in a workspace, each with that role alone. Refuses who doesn't manage the
/// workspace's access.
pub async fn list_to_workspace(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
) -> Result<(Workspace, Vec<ToWorkspace>)> {
    let managed = workspaces::find_managed(app, person, id).await?;
    let role = managed.actor.as_ref().map(|actor| actor.role);
    access::may_set_access(managed.gives_up_to(), role, None, None, false)?;
    let now = app.now();
    let mut tx = app.db.read().await?;
    let Some(actor) = &managed.actor else {
        let found = standalone::list(&mut tx, id, now)
            .await?
            .into_iter()
            .map(ToWorkspace::Standalone)
            .collect();
        return Ok((managed.workspace, found));
    };
    let rows = queries::pending_to_workspace(&mut tx, &actor.org.id, id, LISTED).await?;
    let mut found: Vec<Invitation> = rows
        .into_iter()
        .map(|row| Invitation::from_row(row, now))
        .collect();
    offer::fill(
        &mut found,
        queries::offer::of_workspace(&mut tx, &actor.org.id, id).await?,
    );
    Ok((
        managed.workspace,
        found.into_iter().map(ToWorkspace::Organization).collect(),
    ))
}

/// Invitations that a workspace's page lists.
const LISTED: i64 = 100;

/// Takes a workspace out of a pending invitation; one that offers nothing else is revoked. Refuses who couldn't take that
/// role away directly, and an invitation that doesn't offer this workspace.
pub async fn withdraw_from_workspace(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    invitation: &InvitationId,
) -> Result<ToWorkspace> {
    let now = app.now();
    let mut writing = workspaces::write(app, person, id).await?;
    let Some(actor) = writing.actor.clone() else {
        return standalone::withdraw(writing, invitation, now)
            .await
            .map(ToWorkspace::Standalone);
    };
    access::may_set_access(writing.ceiling(), Some(actor.role), None, None, false)?;
    let before = find_in(&mut writing.tx, &actor.org.id, invitation, now).await?;
    let line = before
        .access
        .iter()
        .find(|line| line.workspace == *id)
        .filter(|_| before.is_open())
        .ok_or(Refusal::NotFound)?;
    access::may_set_access(
        writing.ceiling(),
        Some(actor.role),
        Some(line.role.role()),
        None,
        false,
    )?;
    if before.is_to_workspace_alone() {
        ending::take_back(&mut writing.tx, &actor, &before, "revoked by hand", now).await?;
    } else {
        queries::offer::drop_line(&mut writing.tx, &actor.org.id, invitation, id).await?;
        invite::note_change(&mut writing.tx, &actor, &before, now).await?;
    }
    writing.tx.commit().await?;
    Ok(ToWorkspace::Organization(before))
}

/// Makes a further link for a pending invitation to this workspace, which kills none: for when mail doesn't arrive (SEC-R5). It
/// is given once, here, and proves no address. Refuses who couldn't take that role away directly, an invitation that doesn't
/// offer this workspace or offers more than it, and one that has ended or expired.
pub async fn copy_link_to_workspace(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    invitation: &InvitationId,
) -> Result<(ToWorkspace, String)> {
    let now = app.now();
    let mut writing = workspaces::write(app, person, id).await?;
    let Some(actor) = writing.actor.clone() else {
        let (one, link) = standalone::copy_link(app, writing, invitation, now).await?;
        return Ok((ToWorkspace::Standalone(one), link));
    };
    access::may_set_access(writing.ceiling(), Some(actor.role), None, None, false)?;
    let found = find_in(&mut writing.tx, &actor.org.id, invitation, now).await?;
    let line = found
        .access
        .iter()
        .find(|line| line.workspace == *id)
        .filter(|_| found.is_open())
        .ok_or(Refusal::NotFound)?;
    access::may_set_access(
        writing.ceiling(),
        Some(actor.role),
        Some(line.role.role()),
        None,
        false,
    )?;
    if !found.is_to_workspace_alone() {
        let reason = "This invitation offers more than this workspace. Whoever may invite to the organization copies its link, on the \
            page Invitations.";
        return Err(Refusal::forbidden("role_lacks_permission", reason));
    }
    let link = resend::make_link(app, &mut writing.tx, &actor, &found, now).await?;
    writing.tx.commit().await?;
    Ok((ToWorkspace::Organization(found), link))
}
