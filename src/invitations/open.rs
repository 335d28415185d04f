//! What the holder of a link, or the person it is meant for, sees of an invitation. Nothing here changes anything.

use super::{Invitation, Kind, Status, invite, queries, with_access};
use crate::accounts::{self, Holder};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::clock::{self, Micros};
use crate::config::Membership;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::InvitationId;
use crate::organizations::{self, Organization};
use crate::workspaces::{self, HeldWorkspace};
use crate::{members, secret};

/// What an invitation is opened by.
#[derive(Debug, Clone)]
pub enum Key {
    /// The secret in a link.
    Token(String),
    /// Its id: opens for the person it is to, and for nobody else.
    Id(InvitationId),
}

impl Key {
    /// Reads the last part of `/invitations/…`. Whatever is no id is a token; one that is none finds nothing.
    pub fn parse(text: &str) -> Self {
        let id = text
            .strip_prefix("inv_")
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
        if id {
            Self::Id(text.into())
        } else {
            Self::Token(text.to_owned())
        }
    }
}

/// An invitation that can be accepted or declined, and how the one who opened it stands to it.
#[derive(Debug)]
pub struct Offer {
    pub invitation: Invitation,
    pub organization: Organization,
    pub standing: Standing,
    /// Whoever holds this link may decline: it came to the invited address.
    pub proves: bool,
}

#[derive(Debug)]
pub enum Standing {
    /// Signed in, and the invited address is proved theirs, or the invited account at GitHub linked with theirs.
    Ready,
    /// They accepted it, and are a member.
    Joined,
    /// They are a member already, by another way, and this offers them nothing.
    AlreadyMember,
    /// They are a member already, and accepting gives them workspaces (E5).
    ReadyMember,
    /// In another organization, where an account may be in one only. It is never named (E1).
    Elsewhere,
    /// Alone in their own personal organization, which can be closed to join.
    Personal(Personal),
    /// Signed in with an account that hasn't the invited address. `may_add`: no account is known to have it.
    OtherAccount { may_add: bool },
    /// Signed in with an account that isn't linked with the invited one at GitHub. `linked`: what theirs there is called.
    OtherGitHub { linked: Option<String> },
    /// Nobody is signed in and nobody has an account with the address: this link, which came to it, proves it.
    Newcomer,
    /// Sign in with the invited address, or the invited account at GitHub, first.
    SignIn,
}

/// What closing one's personal organization takes along.
#[derive(Debug)]
pub struct Personal {
    pub name: String,
    pub workspaces: i64,
    pub invitations: i64,
}

/// An invitation as whoever opened it may see it.
pub(super) struct Found {
    pub invitation: Invitation,
    pub organization: Organization,
    /// The link came to the invited address, and so proves it.
    pub proves: bool,
    replaced: bool,
}

impl Found {
    /// As its recipient finds it without any link.
    pub(super) fn by_id(invitation: Invitation, organization: Organization) -> Self {
        Self {
            invitation,
            organization,
            proves: false,
            replaced: false,
        }
    }
}

/// Opens an invitation. "Not found" for a key that opens none, whatever is wrong with it (SEC-I5); "gone" where it
/// can't be accepted any more, with the reason.
pub async fn open(app: &App, person: Option<&Person>, key: &Key) -> Result<Offer> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let found = find(&mut tx, person, key, now).await?;
    let standing = if joined_by(&mut tx, &found, person).await? {
        Standing::Joined
    } else {
        require_pending(&mut tx, &found).await?;
        standing(app, &mut tx, &found, person).await?
    };
    Ok(Offer {
        invitation: found.invitation,
        organization: found.organization,
        standing,
        proves: found.proves,
    })
}

pub(super) async fn find(
    tx: &mut Tx,
    person: Option<&Person>,
    key: &Key,
    now: Micros,
) -> Result<Found> {
    let (id, proves, replaced) = match key {
        // An id proves nothing, so whoever comes with one is asked who they are first, whether or not it is one.
        Key::Id(_) if person.is_none() => return Err(Refusal::Unauthenticated),
        Key::Id(id) => (id.clone(), false, false),
        Key::Token(token) => {
            let link = queries::find_link(tx, &secret::hash(token))
                .await?
                .ok_or(Refusal::NotFound)?;
            (
                link.invitation_id.into(),
                link.mailed,
                link.ended_at.is_some(),
            )
        }
    };
    let row = queries::find_anywhere(tx, &id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let invitation = with_access(tx, Invitation::from_row(row, now)).await?;
    if matches!(key, Key::Id(_)) && !invitation.to.is_of(tx, person).await? {
        return Err(Refusal::NotFound);
    }
    let organization = organizations::find(tx, &invitation.org).await?;
    Ok(Found {
        invitation,
        organization,
        proves,
        replaced,
    })
}

/// Whether this very person accepted it and is a member still: a second click shows what they have.
pub(super) async fn joined_by(tx: &mut Tx, found: &Found, person: Option<&Person>) -> Result<bool> {
    let Some(person) = person.filter(|p| found.invitation.accepted_by.as_ref() == Some(&p.user))
    else {
        return Ok(false);
    };
    Ok(
        members::active_role(tx, &found.organization.id, &person.user)
            .await?
            .is_some(),
    )
}

/// Refuses what can't be accepted any more, with what became of it and what to do (SEC-I8, SEC-I11, SEC-I13).
pub(super) async fn require_pending(tx: &mut Tx, found: &Found) -> Result<()> {
    let (invitation, org) = (&found.invitation, &found.organization.name);
    if invitation.status != Status::Pending {
        return Err(ended(invitation, org));
    }
    if found.replaced {
        let reason = format!(
            "A newer mail about this invitation to {org} was sent to {}. Only its link works.",
            invitation.to
        );
        return Err(Refusal::gone("link_replaced", reason));
    }
    if !invite::stands_behind(tx, invitation).await? {
        let reason = format!(
            "{} can't invite to {org} at the moment. Ask another admin of {org} for an invitation.",
            invitation.inviter
        );
        return Err(Refusal::gone("inviter_without_right", reason));
    }
    Ok(())
}

pub(super) fn ended(invitation: &Invitation, org: &str) -> Refusal {
    let day = clock::day(invitation.ended_at.unwrap_or(invitation.expires_at));
    let inviter = &invitation.inviter;
    match invitation.status {
        Status::Accepted => Refusal::gone(
            "invitation_accepted",
            format!(
                "This invitation to {org} was accepted on {day}, and works once. If it was you, sign in as {}.",
                invitation.to
            ),
        ),
        Status::Declined => Refusal::gone(
            "invitation_declined",
            format!(
                "This invitation to {org} was declined on {day}. If that was a mistake, ask {inviter} for a new one."
            ),
        ),
        Status::Revoked => Refusal::gone(
            "invitation_revoked",
            format!(
                "This invitation to {org} was revoked on {day}. If you should still join, ask {inviter} or another admin of {org}."
            ),
        ),
        Status::Pending | Status::Expired => {
            let again = if invitation.to.address().is_some() {
                "to send it again"
            } else {
                "to invite you again"
            };
            Refusal::gone(
                "invitation_expired",
                format!("This invitation to {org} expired on {day}. Ask {inviter} {again}."),
            )
        }
    }
}

pub(super) async fn standing(
    app: &App,
    tx: &mut Tx,
    found: &Found,
    person: Option<&Person>,
) -> Result<Standing> {
    let Some(person) = person else {
        // A copied link gives the same answer whether or not there is an account: who copied it could ask (SEC-I7).
        let newcomer = match found.invitation.to.address() {
            Some(email) => found.proves && accounts::holder(tx, email).await? != Holder::Somebody,
            None => false,
        };
        return Ok(if newcomer {
            Standing::Newcomer
        } else {
            Standing::SignIn
        });
    };
    if !found.invitation.to.is_of(tx, Some(person)).await? {
        let Some(email) = found.invitation.to.address() else {
            return Ok(Standing::OtherGitHub {
                linked: accounts::github_login_of(tx, &person.user).await?,
            });
        };
        let may_add = !found.proves || accounts::holder(tx, email).await? != Holder::Somebody;
        return Ok(Standing::OtherAccount { may_add });
    }
    if members::find_by_user(tx, &found.organization.id, &person.user)
        .await?
        .is_some()
    {
        let more = found.invitation.kind == Kind::Workspace;
        return Ok(if more {
            Standing::ReadyMember
        } else {
            Standing::AlreadyMember
        });
    }
    if app.config.membership == Membership::Many {
        return Ok(Standing::Ready);
    }
    let Some(other) = members::other_organization(tx, &person.user, &found.organization.id).await?
    else {
        return Ok(Standing::Ready);
    };
    let other = organizations::find(tx, &other).await?;
    Ok(if organizations::is_alone_in(&other, &person.user) {
        Standing::Personal(Personal {
            name: other.name,
            workspaces: other.workspaces,
            invitations: other.invited,
        })
    } else {
        Standing::Elsewhere
    })
}

/// What a member has of the organization.
#[derive(Debug)]
pub struct Receipt {
    /// Workspaces they can open, by name, with their role in each.
    pub workspaces: Vec<HeldWorkspace>,
    /// Who can add them to one.
    pub admins: Vec<String>,
}

/// What the actor has now, for the page after joining (E4).
pub async fn receipt(app: &App, actor: &Actor) -> Result<Receipt> {
    let mut tx = app.db.read().await?;
    let workspaces = workspaces::held_by(&mut tx, &actor.org.id, actor.user(), actor.role).await?;
    let admins = members::owners_and_admins(&mut tx, &actor.org.id)
        .await?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    Ok(Receipt { workspaces, admins })
}
