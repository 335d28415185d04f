//! Handing an organization over.

use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::MemberId;
use crate::mail;
use crate::members::{self, Entry, Status};

/// Makes a member owner and the actor admin, in one step (S1-30). Both are told by mail.
///
/// Refuses who isn't an owner, oneself, and somebody who couldn't act as owner: invited, suspended, or not signed in
/// yet. What the giver invited others to and no longer holds is revoked.
pub async fn transfer(app: &App, actor: &Actor, member: &MemberId) -> Result<Entry> {
    let (tx, transferred) = hand_over(app, actor, member).await?;
    tx.commit().await?;
    app.wake();
    Ok(transferred.owner)
}

/// What a transfer does.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// Who is owner after it.
    pub owner: Entry,
    /// Addresses whose invitation from the giver is revoked.
    pub invitations: Vec<String>,
}

/// What [`transfer`] would do: the same, and then nothing of it.
pub async fn transfer_impact(app: &App, actor: &Actor, member: &MemberId) -> Result<Transferred> {
    Ok(hand_over(app, actor, member).await?.1)
}

async fn hand_over(app: &App, actor: &Actor, member: &MemberId) -> Result<(Tx, Transferred)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::OwnOrganization)?;
    let org = &actor.org.id;
    let receiver = members::entry(&mut tx, org, member, now).await?;
    may_receive(&actor, &receiver)?;
    let giver = members::entry(&mut tx, org, &actor.member, now).await?;
    members::set_role_in(&mut tx, &actor, &receiver, OrgRole::Owner, now).await?;
    let revoked = members::set_role_in(&mut tx, &actor, &giver, OrgRole::Admin, now).await?;
    members::require_owner(&mut tx, &actor).await?;
    let event = Event::new(
        Category::Governance,
        "organization.ownership_transferred",
        "member",
        member.to_string(),
        &*receiver.name,
    )
    .subject(receiver.user.as_ref())
    .change(receiver.role.as_str(), OrgRole::Owner.as_str())
    .with("giver", giver.id.as_str())
    .with("giver_after", OrgRole::Admin.as_str())
    .with("invitations_revoked", revoked.len());
    audit::record(&mut tx, &actor, now, event).await?;
    tell(&mut tx, &actor, &giver, &receiver, now).await?;
    let owner = members::entry(&mut tx, org, member, now).await?;
    Ok((
        tx,
        Transferred {
            owner,
            invitations: revoked,
        },
    ))
}

/// Whether ownership could go to this member: what [`transfer`] refuses for them, said before.
pub fn may_receive(actor: &Actor, receiver: &Entry) -> Result<()> {
    if receiver.id == actor.member {
        return Err(Refusal::conflict(
            "own_transfer",
            "You are an owner already. Choose somebody else.",
        ));
    }
    match receiver.status {
        Status::Active => Ok(()),
        Status::NotSignedIn => Err(Refusal::conflict(
            "not_signed_in",
            format!(
                "{} hasn't signed in yet, so nobody could act as owner. Choose somebody who has.",
                receiver.name
            ),
        )),
        Status::Suspended => Err(Refusal::conflict(
            "suspended",
            format!("{} is suspended. Reinstate them first.", receiver.name),
        )),
        Status::Invited | Status::Expired => Err(Refusal::conflict(
            "still_invited",
            format!("{} hasn't joined yet. Choose a member.", receiver.name),
        )),
    }
}

async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    giver: &Entry,
    receiver: &Entry,
    now: Micros,
) -> Result<()> {
    let org = &actor.org;
    let link = Some((
        format!("Open {}", org.name),
        format!("/orgs/{}/members", org.slug),
    ));
    let plain = mail::plain_name(&org.name);
    let notices = [
        (
            receiver,
            format!("You are now an owner of {plain}"),
            vec![
                format!("Hello {},", receiver.name),
                format!("{} transferred the ownership of {} to you.", giver.name, org.name),
                format!("What you can do from now on: {}", OrgRole::Owner.explains()),
            ],
        ),
        (
            giver,
            format!("You transferred the ownership of {plain}"),
            vec![
                format!("Hello {},", giver.name),
                format!("{} is now an owner of {}, and you are an admin.", receiver.name, org.name),
                "If this wasn't you, tell an owner at once, and sign out everywhere under Personal > Security.".to_owned(),
            ],
        ),
    ];
    for (to, subject, lines) in notices {
        if !to.email.is_empty() {
            let notice = mail::Notice {
                to: to.email.clone(),
                subject,
                lines,
                link: link.clone(),
            };
            mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await?;
        }
    }
    Ok(())
}
