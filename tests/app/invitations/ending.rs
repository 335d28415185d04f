//! Declining, revoking, and losing what one offered.

use super::{assert_sound, events, invitation_id, invited, mailed_link, rows};
use crate::support::{House, acme};

#[tokio::test]
async fn declining_ends_it_and_tells_the_inviter() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let mut nina = house.browser();
    nina.post(&format!("{link}/decline"), &[])
        .await
        .assert_status(200)
        .assert_says("You declined the invitation");
    nina.get(&link)
        .await
        .assert_status(410)
        .assert_says("was declined on");
    nina.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410);
    nina.post(&format!("{link}/decline"), &[])
        .await
        .assert_status(410);
    house
        .mailbox
        .wait_for("alice@acme.test", "declined your invitation")
        .await;
    assert_eq!(rows(&house, "nina@x.test").await, 0);
    assert_eq!(events(&house, "invitation.declined").await, 1);
    acme.alice
        .get("/orgs/acme-corp/invitations?show=ended&status=declined")
        .await
        .assert_says("nina@x.test");
    invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i13_resending_kills_the_old_links_and_revoking_all_of_them() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let old = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let id = invitation_id(&mut acme.bob, "nina@x.test").await;
    let copied = super::copied_link(&house, &mut acme.bob, "nina@x.test").await;
    acme.bob
        .submit(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_says("Earlier links no longer work.");
    for dead in [&old, &copied] {
        house
            .browser()
            .get(dead)
            .await
            .assert_status(410)
            .assert_says("A newer mail");
        house
            .browser()
            .post(&format!("{dead}/accept"), &[])
            .await
            .assert_status(410);
        house
            .browser()
            .post(&format!("{dead}/decline"), &[])
            .await
            .assert_status(410);
    }
    let new = mailed_link(&house, "nina@x.test").await;
    house.browser().get(&new).await.assert_status(200);
    acme.bob
        .get(&format!("/orgs/acme-corp/invitations/{id}/revoke"))
        .await
        .assert_says("Revoke the invitation to nina@x.test?");
    acme.bob
        .submit(&format!("/orgs/acme-corp/invitations/{id}/revoke"), &[])
        .await
        .assert_says("Its links no longer work.");
    for dead in [&old, &copied, &new] {
        house
            .browser()
            .get(dead)
            .await
            .assert_status(410)
            .assert_says("was revoked on");
        house
            .browser()
            .post(&format!("{dead}/accept"), &[])
            .await
            .assert_status(410);
    }
    for action in ["resend", "link", "revoke"] {
        acme.bob
            .post(&format!("/orgs/acme-corp/invitations/{id}/{action}"), &[])
            .await
            .assert_status(409)
            .assert_says("It was revoked");
    }
    assert_eq!(
        (
            rows(&house, "nina@x.test").await,
            events(&house, "invitation.revoked").await
        ),
        (0, 1)
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i13_revoking_and_accepting_at_once_never_both_succeed() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for n in 0..6 {
        let address = format!("p{n}@x.test");
        let link = invited(&house, &mut acme.alice, &address, "member").await;
        let id = invitation_id(&mut acme.alice, &address).await;
        let (mut guest, mut alice) = (house.browser(), acme.alice.another_tab());
        let revoke = format!("/orgs/acme-corp/invitations/{id}/revoke");
        let accept = format!("{link}/accept");
        let (accepted, revoked) = if n % 2 == 0 {
            tokio::join!(guest.post(&accept, &[]), alice.post(&revoke, &[]))
        } else {
            let (revoked, accepted) =
                tokio::join!(alice.post(&revoke, &[]), guest.post(&accept, &[]));
            (accepted, revoked)
        };
        let outcome = (accepted.status, revoked.status);
        assert!(matches!(outcome, (303, 409) | (410, 303)), "{outcome:?}");
        assert_eq!(
            rows(&house, &address).await,
            i64::from(accepted.status == 303)
        );
    }
    assert_eq!(
        events(&house, "invitation.revoked").await + events(&house, "invitation.accepted").await,
        6
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i8_who_is_removed_or_demoted_loses_what_they_offered_and_the_impact_says_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let admin = invited(&house, &mut acme.bob, "nina@x.test", "admin").await;
    let viewer = invited(&house, &mut acme.bob, "vic@x.test", "viewer").await;
    let kept = invited(&house, &mut acme.alice, "kept@x.test", "admin").await;
    let bob = acme.member_id("bob@acme.test").await;
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{bob}/remove"))
        .await
        .assert_says("2 invitations they sent are revoked");
    page.assert_says("nina@x.test and vic@x.test");
    let demoted = [("role", "member"), ("confirmed", "yes")];
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{bob}/role"), &demoted)
        .await
        .assert_status(200);
    for link in [&admin, &viewer] {
        house
            .browser()
            .get(link)
            .await
            .assert_status(410)
            .assert_says("was revoked");
        house
            .browser()
            .post(&format!("{link}/accept"), &[])
            .await
            .assert_status(410);
    }
    assert_eq!(events(&house, "invitation.revoked").await, 2);
    house.browser().get(&kept).await.assert_status(200);

    acme.alice
        .submit(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_status(200);
    let link = invited(&house, &mut acme.bob, "again@x.test", "viewer").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/remove"), &[])
        .await
        .assert_status(303);
    house
        .browser()
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410);
    assert_eq!(rows(&house, "again@x.test").await, 0);
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i8_what_a_suspended_admin_offered_waits_and_somebody_else_can_take_it_over() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.bob, "nina@x.test", "member").await;
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/suspend"), &[])
        .await
        .assert_status(303);
    house
        .browser()
        .get(&link)
        .await
        .assert_status(410)
        .assert_says("can't invite to Acme Corp at the moment");
    house
        .browser()
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410);
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/reinstate"), &[])
        .await
        .assert_status(303);
    house.browser().get(&link).await.assert_status(200);
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/suspend"), &[])
        .await
        .assert_status(303);
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_status(303);
    let link = mailed_link(&house, "nina@x.test").await;
    house
        .browser()
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
}

#[tokio::test]
async fn an_invitation_is_resent_copied_and_revoked_from_the_directory_too() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let _ = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/members?status=invited")
        .await;
    for action in ["resend", "link"] {
        assert!(
            page.has(&format!(
                "form[action='/orgs/acme-corp/invitations/{id}/{action}']"
            )),
            "{action}"
        );
    }
    let row = page.attribute("tbody tr", "id").expect("a row");
    assert!(
        acme.alice
            .get(&format!("/orgs/acme-corp/members/{row}"))
            .await
            .has(&format!(
                "form[action='/orgs/acme-corp/invitations/{id}/resend']"
            ))
    );
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{row}/remove"), &[])
        .await
        .assert_says("The invitation to nina@x.test is revoked.");
    assert_eq!(events(&house, "invitation.revoked").await, 1);
    assert_sound(&house).await;
}
