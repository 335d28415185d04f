//! Invitations: offers of an organization role, and of roles in its workspaces, to an e-mail address or to an account at GitHub
//! (product.md, 5).
//!
//! While one is pending, a row of the directory stands for it; accepting turns that row into a member's. A workspace
//! invitation to somebody who is a member already needs no such row. The link in the mail holds a random token that is
//! made when the mail is sent and kept as a hash. GitHub sends no mail for us: whoever is invited there is told by the next page
//! that they open here.

mod accept;
mod change;
mod ending;
mod invite;
mod letter;
mod limits;
mod list;
mod offer;
mod open;
mod queries;
mod recipient;
mod resend;
mod standalone;
mod to_workspace;
mod visit;
mod whichever;

pub use accept::{Accepted, How};
pub use change::{Changed, change};
pub use ending::{revocable, revoke};
pub(crate) use ending::{revoke_all, revoke_beyond, revoke_in, revoke_of_key};
pub(crate) use invite::set_role;
pub use invite::{NewInvitation, OnPending, invite};
pub(crate) use letter::{note_delivery, prepare_letter};
pub use list::{Ended, Filter, Listed, list, list_own, list_own_to_standalone};
pub use offer::{MOST as MOST_WORKSPACES, Offered, Wanted};
pub(crate) use offer::{drop_custom_role, drop_workspace};
pub use open::{Key, Offer, Personal, Receipt, Standing, receipt};
pub use recipient::{GitHubUser, Recipient};
pub use resend::{copy_link, resend};
pub use standalone::{GotWorkspace, Standalone, StandaloneOffer};
pub(crate) use standalone::{
    revoke_all_standalone, revoke_standalone_beyond, turn_into_organizations,
};
pub use to_workspace::{
    NewWorkspaceInvitation, copy_link_to_workspace, invite_to_workspace, list_to_workspace,
    withdraw_from_workspace,
};
pub(crate) use visit::joins_on_visit;
pub use visit::{Visit, Waiting, visit};
pub use whichever::{Joined, Opened, ToWorkspace, accept, decline, open};

use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, MemberId, OrgId, UserId};
use queries::InvitationRow;

#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: InvitationId,
    pub org: OrgId,
    /// The row of the directory that stands for it, and that accepting turns into a member's. `None`: it is to somebody
    /// who is a member already.
    pub member: Option<MemberId>,
    pub kind: Kind,
    pub to: Recipient,
    /// As the inviter wrote it, or "".
    pub name: String,
    /// Applies on joining.
    pub role: OrgRole,
    /// Roles in workspaces that it gives on joining, by the workspaces' names.
    pub access: Vec<Offered>,
    pub status: Status,
    /// `None`: the operator.
    pub invited_by: Option<UserId>,
    pub inviter: String,
    pub delivery: DeliveryState,
    /// Why the mail waits or failed, in the mail server's words.
    pub delivery_error: String,
    pub delivered_at: Option<Micros>,
    pub created_at: Micros,
    pub expires_at: Micros,
    /// When it was accepted, declined or revoked, or made way. `None`: it can still be resent, also after it expired.
    pub ended_at: Option<Micros>,
    accepted_by: Option<UserId>,
    round: i64,
}

/// What somebody is invited to (S5-30, S5-31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The organization, with any number of its workspaces.
    Organization,
    /// Workspaces; makes or reuses the membership in the organization, as member.
    Workspace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Accepted,
    Declined,
    Revoked,
    Expired,
}

/// What is known of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Queued,
    /// The mail server took it.
    Sent,
    Failed,
    /// There is none: to an account at GitHub.
    None,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Workspace => "workspace",
        }
    }

    fn parse(text: &str) -> Self {
        if text == "workspace" {
            Self::Workspace
        } else {
            Self::Organization
        }
    }

    /// What a mail and a page call it (S5-33).
    pub fn label(self) -> &'static str {
        match self {
            Self::Organization => "Organization invite",
            Self::Workspace => "Workspace invite",
        }
    }
}

impl Status {
    /// What is stored, at a moment: time decides that one has expired, at once and without anything having to run (SEC-I11).
    fn at(stored: &str, expires_at: Micros, now: Micros) -> Self {
        match Self::parse(stored).unwrap_or(Self::Revoked) {
            Self::Pending if expires_at <= now => Self::Expired,
            status => status,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Accepted,
            Self::Declined,
            Self::Revoked,
            Self::Expired,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
    }
}

impl DeliveryState {
    fn parse(text: &str) -> Self {
        match text {
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            _ => Self::Queued,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::None => "none",
        }
    }
}

impl Invitation {
    fn from_row(row: InvitationRow, now: Micros) -> Self {
        let to = Recipient::from(row.to);
        Self {
            status: Status::at(&row.status, row.expires_at, now),
            id: row.id.into(),
            org: row.org_id.into(),
            member: row.member_id.map(MemberId::from),
            kind: Kind::parse(&row.kind),
            name: row.name,
            role: row.role,
            access: Vec::new(),
            invited_by: row.invited_by.map(UserId::from),
            inviter: row.inviter_name,
            delivery: if to.address().is_some() {
                DeliveryState::parse(&row.delivery)
            } else {
                DeliveryState::None
            },
            to,
            delivery_error: row.delivery_error,
            delivered_at: row.delivered_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            accepted_by: row.accepted_by.map(UserId::from),
            round: row.mail_round,
        }
    }

    /// Whether it can still be changed, resent and revoked. One that expired can, until it makes way for a new one.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether it only gives workspaces to somebody who was a member when it was made (E5).
    pub fn is_to_member(&self) -> bool {
        self.member.is_none()
    }

    /// Whether it offers one workspace and nothing else.
    fn is_to_workspace_alone(&self) -> bool {
        self.kind == Kind::Workspace && self.access.len() == 1
    }
}

/// One invitation of the organization. Refuses who may not manage members; "not found" for another organization's
/// (SEC-I9).
pub async fn find(app: &App, actor: &Actor, id: &InvitationId) -> Result<Invitation> {
    access::require(actor.role, Permission::ManageMembers)?;
    let mut tx = app.db.read().await?;
    find_in(&mut tx, &actor.org.id, id, app.now()).await
}

async fn find_in(tx: &mut Tx, org: &OrgId, id: &InvitationId, now: Micros) -> Result<Invitation> {
    let row = queries::find(tx, org, id).await?.ok_or(Refusal::NotFound)?;
    with_access(tx, Invitation::from_row(row, now)).await
}

/// The invitation with what it offers in workspaces.
async fn with_access(tx: &mut Tx, mut invitation: Invitation) -> Result<Invitation> {
    invitation.access = offer::of(tx, &invitation.org, &invitation.id).await?;
    Ok(invitation)
}

/// Refuses to act on one that has ended.
fn require_open(invitation: &Invitation) -> Result<()> {
    if invitation.is_open() {
        return Ok(());
    }
    let state = match invitation.status {
        Status::Accepted => "It was accepted",
        Status::Declined => "It was declined",
        Status::Revoked => "It was revoked",
        Status::Pending | Status::Expired => "It has expired",
    };
    Err(Refusal::conflict(
        "invitation_ended",
        format!(
            "{state}. Invite {} again if they should still join.",
            invitation.to
        ),
    ))
}
