//! The demo's invitations: some were accepted, some ended in other ways, some wait.

use super::people::{self, ALICE, BOB, actor};
use super::story::{ACME, Story};
use crate::access::OrgRole;
use crate::accounts;
use crate::actor::Actor;
use crate::error::Result;
use crate::invitations::{self, How, Invitation, Key, NewInvitation, OnPending};
use crate::mail::Delivery;

async fn invite(
    story: &Story<'_>,
    actor: &Actor,
    email: &str,
    name: &str,
    role: OrgRole,
) -> Result<Invitation> {
    let (email, name, github) = (email.to_owned(), name.to_owned(), String::new());
    let new = NewInvitation {
        email,
        github,
        name,
        role,
        access: Vec::new(),
        on_pending: OnPending::Refuse,
    };
    invitations::invite(story.app, actor, &new).await
}

/// Two people accept, one declines, one invitation is revoked, and two are left lying until they expire.
pub(super) async fn people_join(story: &Story<'_>) -> Result<()> {
    story.day(66, 9);
    let bob = actor(story.app, BOB.email, ACME).await?;
    let mira = invite(
        story,
        &bob,
        "mira.castellanos@contractor.test",
        "Mira Castellanos",
        OrgRole::Member,
    )
    .await?;
    let tobias = invite(
        story,
        &bob,
        "tobias.falk@contractor.test",
        "Tobias Falk",
        OrgRole::Viewer,
    )
    .await?;
    let lena = invite(
        story,
        &bob,
        "lena.wirth@contractor.test",
        "Lena Wirth",
        OrgRole::Member,
    )
    .await?;
    let wrong = invite(
        story,
        &bob,
        "mira.castelanos@contractor.test",
        "",
        OrgRole::Member,
    )
    .await?;
    invitations::revoke(story.app, &bob, &wrong.id).await?;
    story.send_mails().await?;
    story.day(67, 13);
    for (invitation, accepts) in [(mira, true), (tobias, true), (lena, false)] {
        let person =
            people::sign_in(story.app, invitation.to.address().unwrap_or_default()).await?;
        accounts::change_name(story.app, &person, &invitation.name).await?;
        let person =
            people::sign_in(story.app, invitation.to.address().unwrap_or_default()).await?;
        let key = Key::Id(invitation.id.clone());
        if accepts {
            invitations::accept(
                story.app,
                Some(&person),
                &people::origin(),
                &key,
                How::Accepting,
            )
            .await?;
        } else {
            invitations::decline(story.app, Some(&person), &people::origin(), &key).await?;
        }
    }
    story.day(70, 9);
    let bob = actor(story.app, BOB.email, ACME).await?;
    invite(
        story,
        &bob,
        "karim.benali@contractor.test",
        "Karim Benali",
        OrgRole::Member,
    )
    .await?;
    invite(
        story,
        &bob,
        "grace.oduya@contractor.test",
        "",
        OrgRole::Viewer,
    )
    .await?;
    story.send_mails().await
}

/// Invitations of the last days: sent, and one whose mail the server didn't take.
pub(super) async fn some_wait(story: &Story<'_>) -> Result<()> {
    story.day(87, 10);
    let alice = actor(story.app, ALICE.email, ACME).await?;
    invite(
        story,
        &alice,
        "hannah.weiss@partner.test",
        "Hannah Weiss",
        OrgRole::Admin,
    )
    .await?;
    invite(
        story,
        &alice,
        "finance@partner.test",
        "Partner's finance team",
        OrgRole::Billing,
    )
    .await?;
    let bob = actor(story.app, BOB.email, ACME).await?;
    invite(
        story,
        &bob,
        "ravi.menon@partner.test",
        "Ravi Menon",
        OrgRole::Member,
    )
    .await?;
    invite(
        story,
        &bob,
        "chloe.martin@partner.test",
        "",
        OrgRole::Member,
    )
    .await?;
    let gone = invite(story, &bob, "old.address@partner.test", "", OrgRole::Member).await?;
    story.send_mails().await?;
    // A file takes every mail; the answer of a mail server that doesn't is noted as the outbox notes it.
    let mut tx = story.app.db.begin().await?;
    let said = Delivery::Failed("the mail server said 550 5.1.1 no such mailbox here");
    invitations::note_delivery(&mut tx, &gone.id, FIRST_ROUND, said, story.app.now()).await?;
    tx.commit().await
}

/// An invitation's first mail.
const FIRST_ROUND: i64 = 1;
