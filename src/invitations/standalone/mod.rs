//! Invitations to a workspace that is in no organization (S1-9): its admins offer a role in it to an address, by the same
//! rules as everywhere. There is no membership to make, so what is accepted is the role alone. Their events stand in the
//! account of whoever acts, as all of a standalone workspace do.

mod open;
mod queries;
mod turn;

pub use open::{GotWorkspace, StandaloneOffer};
pub(super) use open::{accept, decline, open, prepare_letter};
pub(crate) use turn::turn_into_organizations;

use super::{DeliveryState, NewWorkspaceInvitation, OnPending, Status, limits, resend};
use crate::access::{self, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{Category, Event};
use crate::clock::{self, DAY, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, UserId, WorkspaceId};
use crate::mail::{self, Delivery};
use crate::workspaces::{Given, Writing};
use crate::{secret, text};
use queries::{InvitationRow, NewRow};

/// How long one is valid: no organization's policy says otherwise.
const DAYS: i64 = 7;
/// Pending ones that a list shows.
const LISTED: i64 = 100;

/// An offer of a role in a standalone workspace.
#[derive(Debug, Clone)]
pub struct Standalone {
    pub id: InvitationId,
    pub workspace: WorkspaceId,
    pub workspace_name: String,
    pub email: String,
    pub role: WorkspaceRole,
    pub status: Status,
    pub invited_by: UserId,
    pub inviter: String,
    pub delivery: DeliveryState,
    /// Why the mail waits or failed, in the mail server's words.
    pub delivery_error: String,
    pub delivered_at: Option<Micros>,
    pub created_at: Micros,
    pub expires_at: Micros,
    pub ended_at: Option<Micros>,
    inviter_is: Option<WorkspaceRole>,
    accepted_by: Option<UserId>,
    round: i64,
}

impl Standalone {
    fn from_row(row: InvitationRow, now: Micros) -> Self {
        Self {
            status: Status::at(&row.status, row.expires_at, now),
            id: row.id,
            workspace: row.workspace_id,
            workspace_name: row.workspace_name,
            email: row.email,
            role: row.role,
            invited_by: row.invited_by,
            inviter: row.inviter_name,
            inviter_is: row.inviter_is,
            delivery: DeliveryState::parse(&row.delivery),
            delivery_error: row.delivery_error,
            delivered_at: row.delivered_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            accepted_by: row.accepted_by.map(UserId::from),
            round: row.mail_round,
        }
    }

    /// Whether the inviter could give this role at this moment (SEC-I8).
    fn is_stood_behind(&self) -> bool {
        may_give(
            access::gives_up_to(None, self.inviter_is),
            None,
            Some(self.role),
        )
        .is_ok()
    }
}

fn may_give(
    ceiling: Option<WorkspaceRole>,
    from: Option<WorkspaceRole>,
    to: Option<WorkspaceRole>,
) -> Result<()> {
    access::may_set_access(ceiling, None, from, to, false)
}

async fn find_in(tx: &mut Tx, id: &InvitationId, now: Micros) -> Result<Standalone> {
    queries::find(tx, id)
        .await?
        .map(|row| Standalone::from_row(row, now))
        .ok_or(Refusal::NotFound)
}

/// Invites an address inside a write to a standalone workspace, for [`super::invite_to_workspace`]. Refuses who doesn't
/// manage its access or offers more than they may give, a custom role, who has the workspace already, what is pending
/// unless told to update it, and more mail than the limits allow (SEC-I14).
pub(super) async fn invite(
    app: &App,
    mut writing: Writing,
    new: &NewWorkspaceInvitation,
) -> Result<Standalone> {
    // Whoever is invited joins somebody: a workspace that stands alone has only its people to answer for an offer.
    writing.person.require_account()?;
    let now = app.now();
    let Given::Fixed(role) = new.role else {
        return Err(Refusal::field(
            "role",
            "Custom roles belong to organizations.",
        ));
    };
    may_give(writing.ceiling(), None, Some(role))?;
    let email = text::email(&new.email).map_err(|message| Refusal::field("email", message))?;
    let (id, tx) = (writing.workspace.id.clone(), &mut writing.tx);
    if queries::has_role(tx, &id, &email).await? {
        let reason = format!("{email} has a role in {} already.", writing.workspace.name);
        return Err(Refusal::conflict("already_in_workspace", reason)
            .with_next("See who is in it", format!("/workspaces/{id}/members")));
    }
    let pending = match queries::find_pending(tx, &id, &email)
        .await?
        .map(|row| Standalone::from_row(row, now))
    {
        Some(expired) if expired.status == Status::Expired => {
            queries::end(
                tx,
                &expired.id,
                Status::Expired.as_str(),
                expired.expires_at,
            )
            .await?;
            None
        }
        other => other,
    };
    if let Some(pending) = pending
        .as_ref()
        .filter(|_| new.on_pending == OnPending::Refuse)
    {
        let reason = format!(
            "{email} has an invitation to {} already, from {}.",
            pending.workspace_name, pending.inviter
        );
        return Err(Refusal::conflict("invitation_pending", reason)
            .with_next(
                "See the invitations to this workspace",
                format!("/workspaces/{id}/members/invite"),
            )
            .with_existing(pending.id.clone()));
    }
    limits::count_by_person(tx, &writing.person, &email, now).await?;
    let invitation = send(&mut writing, pending, &email, role, now).await?;
    writing.tx.commit().await?;
    app.wake();
    Ok(invitation)
}

/// Makes the offer, or makes the pending one this, and puts its mail into the outbox.
async fn send(
    writing: &mut Writing,
    pending: Option<Standalone>,
    email: &str,
    role: WorkspaceRole,
    now: Micros,
) -> Result<Standalone> {
    let person = writing.person.clone();
    let id = pending
        .as_ref()
        .map_or_else(InvitationId::new, |pending| pending.id.clone());
    let row = NewRow {
        id: &id,
        workspace: &writing.workspace.id.clone(),
        email,
        role,
        invited_by: &person.user,
        inviter_name: &person.name,
        now,
        expires_at: now + DAYS * DAY,
    };
    let event = |action: &'static str| {
        Event::new(
            Category::Access,
            action,
            "invitation",
            id.to_string(),
            email,
        )
    };
    let (round, event) = match &pending {
        None => {
            queries::insert(&mut writing.tx, &row).await?;
            (
                1,
                event("invitation.created")
                    .with("kind", "workspace")
                    .with("role", role.as_str()),
            )
        }
        Some(pending) => {
            may_give(writing.ceiling(), Some(pending.role), None)?;
            let round = queries::offer_again(&mut writing.tx, &row).await?;
            (
                round,
                event("invitation.resent").change(pending.role.as_str(), role.as_str()),
            )
        }
    };
    let event = event
        .with("workspace", &*writing.workspace.name)
        .with("expires_at", clock::rfc3339(row.expires_at));
    writing.record(now, event).await?;
    mail::enqueue(
        &mut writing.tx,
        now,
        None,
        mail::Message::Invitation {
            invitation: id.clone(),
            round,
        },
    )
    .await?;
    find_in(&mut writing.tx, &id, now).await
}

/// The pending ones of a standalone workspace; expired ones too, which inviting again replaces.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    now: Micros,
) -> Result<Vec<Standalone>> {
    Ok(queries::pending(tx, workspace, LISTED)
        .await?
        .into_iter()
        .map(|row| Standalone::from_row(row, now))
        .collect())
}

/// The pending ones to a person's own proved addresses.
pub(super) async fn list_own(tx: &mut Tx, person: &Person, now: Micros) -> Result<Vec<Standalone>> {
    Ok(queries::pending_to(tx, &person.user, now)
        .await?
        .into_iter()
        .map(|row| Standalone::from_row(row, now))
        .collect())
}

/// Revokes a pending one, for [`super::withdraw_from_workspace`]. Refuses who couldn't take that role away.
pub(super) async fn withdraw(
    mut writing: Writing,
    id: &InvitationId,
    now: Micros,
) -> Result<Standalone> {
    let found = find_in(&mut writing.tx, id, now).await?;
    if found.workspace != writing.workspace.id || found.ended_at.is_some() {
        return Err(Refusal::NotFound);
    }
    may_give(writing.ceiling(), Some(found.role), None)?;
    revoke(&mut writing, &found, "revoked by hand", now).await?;
    writing.tx.commit().await?;
    Ok(found)
}

/// Makes a further link to a pending one, for [`super::copy_link_to_workspace`].
pub(super) async fn copy_link(
    app: &App,
    mut writing: Writing,
    id: &InvitationId,
    now: Micros,
) -> Result<(Standalone, String)> {
    let found = find_in(&mut writing.tx, id, now).await?;
    if found.workspace != writing.workspace.id || found.ended_at.is_some() {
        return Err(Refusal::NotFound);
    }
    may_give(writing.ceiling(), Some(found.role), None)?;
    resend::require_unexpired(found.status)?;
    let token = secret::random_token();
    queries::insert_link(&mut writing.tx, &secret::hash(&token), id, false, now).await?;
    let event = resend::link_copied(id, &found.email).with("workspace", &*found.workspace_name);
    writing.record(now, event).await?;
    writing.tx.commit().await?;
    Ok((found, resend::link(app, &token)))
}

async fn revoke(writing: &mut Writing, found: &Standalone, why: &str, now: Micros) -> Result<()> {
    queries::end(&mut writing.tx, &found.id, Status::Revoked.as_str(), now).await?;
    let event = Event::new(
        Category::Access,
        "invitation.revoked",
        "invitation",
        found.id.to_string(),
        &*found.email,
    )
    .with("role", found.role.as_str())
    .with("workspace", &*found.workspace_name)
    .with("why", why);
    writing.record(now, event).await
}

/// Revokes what a user offered in a standalone workspace and can't give any more, inside the write that took the right
/// (SEC-I8). Gives how many those were.
pub(crate) async fn revoke_standalone_beyond(
    writing: &mut Writing,
    user: &UserId,
    now: Micros,
) -> Result<usize> {
    let workspace = writing.workspace.id.clone();
    let offers = list(&mut writing.tx, &workspace, now).await?;
    let lost: Vec<Standalone> = offers
        .into_iter()
        .filter(|one| one.invited_by == *user && !one.is_stood_behind())
        .collect();
    for one in &lost {
        revoke(writing, one, "the inviter can't offer it any more", now).await?;
    }
    Ok(lost.len())
}

/// Revokes every pending one of a workspace that is being deleted, whose event counts them.
pub(crate) async fn revoke_all_standalone(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    now: Micros,
) -> Result<u64> {
    queries::revoke_all(tx, workspace, now).await
}

pub(super) async fn note_delivery(
    tx: &mut Tx,
    id: &InvitationId,
    round: i64,
    delivery: &Delivery<'_>,
    now: Micros,
) -> Result<()> {
    let (state, reason, at) = match delivery {
        Delivery::Waiting(reason) => ("queued", *reason, None),
        Delivery::Sent => ("sent", "", Some(now)),
        Delivery::Failed(reason) => ("failed", *reason, None),
    };
    queries::set_delivery(tx, id, round, state, reason, at).await
}
