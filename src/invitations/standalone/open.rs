//! What somebody invited to a standalone workspace sees and does, and the mail that tells them.

use super::{Standalone, find_in, queries};
use crate::access::WorkspaceRole;
use crate::accounts::{self, Holder};
use crate::actor::{Origin, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{self, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, UserId, WorkspaceId};
use crate::invitations::accept::{by_link, prove};
use crate::invitations::{Key, Kind, Recipient, Standing, Status, resend};
use crate::mail::{self, InvitationMail, Letter};
use crate::secret;
use crate::workspaces::{self, Given, Source};

/// An invitation to a standalone workspace as whoever opened it may see it.
#[derive(Debug)]
pub struct StandaloneOffer {
    pub invitation: Standalone,
    pub standing: Standing,
    /// Whoever holds this link may decline: it came to the invited address.
    pub proves: bool,
}

/// What somebody who accepted has.
#[derive(Debug)]
pub struct GotWorkspace {
    pub workspace: WorkspaceId,
    pub name: String,
    pub role: WorkspaceRole,
    pub user: UserId,
    /// The link in the mail proved the address and made or claimed this account: sign it in.
    pub arrived: bool,
}

struct Found {
    invitation: Standalone,
    proves: bool,
    replaced: bool,
}

async fn find(tx: &mut Tx, person: Option<&Person>, key: &Key, now: Micros) -> Result<Found> {
    let (id, proves, replaced) = match key {
        Key::Id(id) => (id.clone(), false, false),
        Key::Token(token) => {
            let (id, mailed, ended) = queries::find_link(tx, &secret::hash(token))
                .await?
                .ok_or(Refusal::NotFound)?;
            (InvitationId::from(id), mailed, ended.is_some())
        }
    };
    let invitation = find_in(tx, &id, now).await?;
    if matches!(key, Key::Id(_)) && !has_address(tx, person, &invitation).await? {
        return Err(Refusal::NotFound);
    }
    Ok(Found {
        invitation,
        proves,
        replaced,
    })
}

async fn has_address(
    tx: &mut Tx,
    person: Option<&Person>,
    invitation: &Standalone,
) -> Result<bool> {
    match person {
        Some(person) => accounts::has_proved(tx, &person.user, &invitation.email).await,
        None => Ok(false),
    }
}

/// Opens one: "not found" for a key that opens none; "gone" where it can't be accepted any more.
pub(in crate::invitations) async fn open(
    app: &App,
    person: Option<&Person>,
    key: &Key,
) -> Result<StandaloneOffer> {
    let mut tx = app.db.read().await?;
    let found = find(&mut tx, person, key, app.now()).await?;
    let standing = if joined_by(&mut tx, &found.invitation, person).await? {
        Standing::Joined
    } else {
        require_pending(&found)?;
        standing(&mut tx, &found, person).await?
    };
    Ok(StandaloneOffer {
        invitation: found.invitation,
        standing,
        proves: found.proves,
    })
}

async fn joined_by(tx: &mut Tx, invitation: &Standalone, person: Option<&Person>) -> Result<bool> {
    match person.filter(|person| invitation.accepted_by.as_ref() == Some(&person.user)) {
        Some(person) => queries::is_in(tx, &invitation.workspace, &person.user).await,
        None => Ok(false),
    }
}

async fn standing(tx: &mut Tx, found: &Found, person: Option<&Person>) -> Result<Standing> {
    let invitation = &found.invitation;
    let Some(person) = person else {
        let newcomer =
            found.proves && accounts::holder(tx, &invitation.email).await? != Holder::Somebody;
        return Ok(if newcomer {
            Standing::Newcomer
        } else {
            Standing::SignIn
        });
    };
    if !has_address(tx, Some(person), invitation).await? {
        let may_add =
            !found.proves || accounts::holder(tx, &invitation.email).await? != Holder::Somebody;
        return Ok(Standing::OtherAccount { may_add });
    }
    let inside = queries::is_in(tx, &invitation.workspace, &person.user).await?;
    Ok(if inside {
        Standing::AlreadyMember
    } else {
        Standing::Ready
    })
}

/// Refuses what can't be accepted any more, with what became of it and what to do (SEC-I8, SEC-I11, SEC-I13).
fn require_pending(found: &Found) -> Result<()> {
    let one = &found.invitation;
    if one.status != Status::Pending {
        return Err(ended(one));
    }
    let name = &one.workspace_name;
    if found.replaced {
        let reason = format!(
            "A newer mail about this invitation to {name} was sent to {}. Only its link works.",
            one.email
        );
        return Err(Refusal::gone("link_replaced", reason));
    }
    if !one.is_stood_behind() {
        let reason = format!(
            "{} can't invite to {name} any more. Ask somebody else who administers it.",
            one.inviter
        );
        return Err(Refusal::gone("inviter_without_right", reason));
    }
    Ok(())
}

fn ended(one: &Standalone) -> Refusal {
    let day = clock::day(one.ended_at.unwrap_or(one.expires_at));
    let (name, inviter) = (&one.workspace_name, &one.inviter);
    let (code, did, next) = match one.status {
        Status::Accepted => (
            "invitation_accepted",
            "was accepted",
            format!("and works once. If it was you, sign in as {}.", one.email),
        ),
        Status::Declined => (
            "invitation_declined",
            "was declined",
            format!("and can't be taken up. Ask {inviter} for a new one."),
        ),
        Status::Revoked => (
            "invitation_revoked",
            "was revoked",
            format!("and doesn't work any more. Ask {inviter}."),
        ),
        Status::Pending | Status::Expired => (
            "invitation_expired",
            "expired",
            format!("and has to be sent again. Ask {inviter}."),
        ),
    };
    Refusal::gone(
        code,
        format!("This invitation to {name} {did} on {day}, {next}"),
    )
}

/// Locks the workspace and looks again.
async fn begin(app: &App, person: Option<&Person>, key: &Key, now: Micros) -> Result<(Tx, Found)> {
    let mut tx = app.db.read().await?;
    let workspace = find(&mut tx, person, key, now).await?.invitation.workspace;
    drop(tx);
    let mut tx = app.db.write_standalone_by_link(&workspace).await?;
    let found = find(&mut tx, person, key, now).await?;
    Ok((tx, found))
}

/// Accepts: the role, the acceptance and its event in one write (S1-9). The invited address must be proved as for every
/// invitation (SEC-I3, SEC-I4, SEC-I6). Who has a role there already keeps it and is refused.
pub(in crate::invitations) async fn accept(
    app: &App,
    person: Option<&Person>,
    origin: &Origin,
    key: &Key,
) -> Result<GotWorkspace> {
    let now = app.now();
    let (mut tx, found) = begin(app, person, key, now).await?;
    let one = &found.invitation;
    let got = |user: &UserId| GotWorkspace {
        workspace: one.workspace.clone(),
        name: one.workspace_name.clone(),
        role: one.role,
        user: user.clone(),
        arrived: person.is_none(),
    };
    if let Some(person) = person
        && joined_by(&mut tx, one, Some(person)).await?
    {
        return Ok(got(&person.user));
    }
    require_pending(&found)?;
    let to = Recipient::Address(one.email.clone());
    let joiner = prove(&mut tx, &to, "", found.proves, person, origin, now).await?;
    if queries::is_in(&mut tx, &one.workspace, &joiner.user).await? {
        let reason = format!(
            "You have a role in {} already. This invitation changes nothing.",
            one.workspace_name
        );
        let to = format!("/workspaces/{}/overview", one.workspace);
        return Err(Refusal::conflict("already_in_workspace", reason)
            .with_next(format!("Open {}", one.workspace_name), to));
    }
    if !queries::accept(&mut tx, &one.id, &joiner.user, now).await? {
        return Err(ended(one));
    }
    let workspace = workspaces::standing_alone(&mut tx, &one.workspace).await?;
    workspaces::give_access(
        &mut tx,
        &workspace,
        &joiner.user,
        Source::Direct,
        &Given::Fixed(one.role),
        now,
    )
    .await?;
    let name = accounts::as_member(&mut tx, &joiner.user).await?.name;
    let event = Event::new(
        Category::Access,
        "invitation.accepted",
        "invitation",
        one.id.to_string(),
        &*name,
    )
    .workspace(&one.workspace)
    .subject(Some(&joiner.user))
    .with("kind", "workspace")
    .with("role", one.role.as_str())
    .with("workspace", &*one.workspace_name);
    audit::record_account(&mut tx, &joiner, now, event).await?;
    tell_inviter(
        &mut tx,
        one,
        &name,
        "accepted",
        "They have the role you chose.",
        now,
    )
    .await?;
    let got = got(&joiner.user);
    tx.commit().await?;
    app.wake();
    Ok(got)
}

/// Declines. Whoever may accept it may, and so may anybody with the link that came to the invited address (SEC-I4); that
/// is recorded in the inviter's account, as whoever declined may have none. Gives the workspace's name.
pub(in crate::invitations) async fn decline(
    app: &App,
    person: Option<&Person>,
    origin: &Origin,
    key: &Key,
) -> Result<String> {
    let now = app.now();
    let (mut tx, found) = begin(app, person, key, now).await?;
    require_pending(&found)?;
    let one = &found.invitation;
    let decliner = match person {
        Some(person) if has_address(&mut tx, Some(person), one).await? => person.clone(),
        _ if found.proves => by_link(UserId::from(""), one.email.clone(), &one.email, origin, now),
        None => return Err(Refusal::Unauthenticated),
        Some(_) => {
            return Err(Refusal::forbidden(
                "other_address",
                format!("This invitation is for {}.", one.email),
            ));
        }
    };
    tx.lock_account(&one.invited_by).await?;
    if !queries::end(&mut tx, &one.id, Status::Declined.as_str(), now).await? {
        return Err(ended(one));
    }
    let event = Event::new(
        Category::Access,
        "invitation.declined",
        "invitation",
        one.id.to_string(),
        &*one.email,
    )
    .workspace(&one.workspace)
    .with("role", one.role.as_str())
    .with("workspace", &*one.workspace_name);
    audit::record_on_account(&mut tx, &decliner, &one.invited_by, now, event).await?;
    tell_inviter(
        &mut tx,
        one,
        &one.email,
        "declined",
        "Nothing changed for anybody. You can invite them again.",
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(one.workspace_name.clone())
}

async fn tell_inviter(
    tx: &mut Tx,
    one: &Standalone,
    who: &str,
    did: &str,
    more: &str,
    now: Micros,
) -> Result<()> {
    let to = accounts::as_member(tx, &one.invited_by).await?;
    if to.email.is_empty() {
        return Ok(());
    }
    let place = mail::plain_name(&one.workspace_name);
    let who = if who == one.email {
        who.to_owned()
    } else {
        format!("{} ({})", mail::plain_name(who), one.email)
    };
    let notice = mail::Notice {
        to: to.email,
        subject: format!(
            "{} {did} your invitation to {place}",
            mail::plain_name(&who)
        ),
        lines: vec![
            format!("Hello {},", mail::plain_name(&to.name)),
            format!("{who} {did} your invitation to {place}."),
            more.to_owned(),
        ],
        link: Some((
            format!("Members of {place}"),
            format!("/workspaces/{}/members", one.workspace),
        )),
    };
    mail::enqueue(tx, now, None, mail::Message::Notice(notice)).await
}

/// The mail, with a link made now of which only the hash is kept (SEC-I10). Nothing where the invitation has ended, where
/// a newer round of mail has begun, or where nobody stands behind it any more (SEC-E3).
pub(in crate::invitations) async fn prepare_letter(
    app: &App,
    id: &InvitationId,
    round: i64,
) -> Result<Option<Letter>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let Some(row) = queries::find(&mut tx, id).await? else {
        return Ok(None);
    };
    let one = Standalone::from_row(row, now);
    if one.status != Status::Pending || one.round != round || !one.is_stood_behind() {
        return Ok(None);
    }
    let token = secret::random_token();
    queries::insert_link(&mut tx, &secret::hash(&token), id, true, now).await?;
    tx.commit().await?;
    let mail = InvitationMail {
        kind: Kind::Workspace,
        to_member: false,
        workspaces: &[(&one.workspace_name, one.role.label())],
        to: &one.email,
        organization: "",
        inviter: &one.inviter,
        role: one.role.label(),
        role_explained: "",
        expires_at: one.expires_at,
        link: &resend::link(app, &token),
    };
    mail.letter().map(Some)
}
