//! Where an account may be in one organization only.

use super::{assert_sound, events, invitation_id, invited, mailed_link, rows};
use crate::support::database::Database;
use crate::support::{House, Settings, acme};
use roster::access::OrgRole;

async fn house(first_sign_in: &str) -> House {
    House::start_with(
        Settings::new()
            .set("--membership", "one")
            .set("--first-sign-in", first_sign_in),
    )
    .await
}

#[tokio::test]
async fn e1_s2_23_s2_24_who_is_elsewhere_is_told_and_the_invitation_stays_valid() {
    let house = house("nothing").await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "otto@globex.test", "member").await;
    acme.otto
        .get("/orgs/globex/members")
        .await
        .assert_status(200);
    let page = acme
        .otto
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("You are already in another organization.");
    assert!(
        !page.text().contains("Globex") && !page.text().contains("Accept and join"),
        "{}",
        page.text()
    );
    page.assert_says("Leave it before you join Acme Corp; this invitation stays valid until");
    let refused = acme
        .otto
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(409)
        .assert_says("already in another organization");
    assert!(!refused.text().contains("Globex"), "{}", refused.text());
    acme.otto
        .post(&format!("{link}/close-and-join"), &[])
        .await
        .assert_status(409);
    assert_eq!(
        rows(&house, "otto@globex.test").await,
        2,
        "a member of Globex, and invited to Acme"
    );

    let mut second = house.sign_in("second@globex.test").await;
    acme.otto
        .post(
            "/orgs/globex/members/invite",
            &[("email", "second@globex.test"), ("role", "owner")],
        )
        .await
        .assert_status(303);
    let other = mailed_link(&house, "second@globex.test").await;
    second
        .submit(&format!("{other}/accept"), &[])
        .await
        .assert_says("You joined Globex");
    let otto = crate::support::people::member_id(&mut second, "globex", "otto@globex.test").await;
    second
        .post(&format!("/orgs/globex/members/{otto}/remove"), &[])
        .await
        .assert_status(303);
    acme.otto
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_23_two_invitations_accepted_at_once_give_one_organization() {
    let house = house("nothing").await;
    let mut acme = acme(&house).await;
    let first = invited(&house, &mut acme.alice, "xenia@nowhere.test", "member").await;
    acme.otto
        .post(
            "/orgs/globex/members/invite",
            &[("email", "xenia@nowhere.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    let second = mailed_link(&house, "xenia@nowhere.test").await;
    let (mut one, mut two) = (acme.xenia.another_tab(), acme.xenia.another_tab());
    let (first, second) = (format!("{first}/accept"), format!("{second}/accept"));
    let (a, b) = tokio::join!(one.post(&first, &[]), two.post(&second, &[]));
    let mut answers = [a.status, b.status];
    answers.sort();
    assert_eq!(answers, [303, 409]);
    let mut database = Database::open(&house.database_url).await;
    let joined = database
        .number(
            "SELECT COUNT(*) FROM members WHERE email = 'xenia@nowhere.test' AND status = 'active'",
        )
        .await;
    assert_eq!(joined, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn e1_somebody_alone_in_their_personal_organization_closes_it_and_joins_in_one_step() {
    let house = house("organization").await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let mut database = Database::open(&house.database_url).await;
    database.run("UPDATE organizations SET personal_user_id = NULL, name = 'Acme Corp', slug = 'acme-corp'").await;
    database
        .run("UPDATE organization_slugs SET slug = 'acme-corp'")
        .await;
    let mut nina = house.sign_in("nina@x.test").await;
    let home = nina.get("/").await.location();
    assert!(
        home.ends_with("/members"),
        "she has an organization of her own: {home}"
    );
    let own = home
        .trim_start_matches("/orgs/")
        .trim_end_matches("/members")
        .to_owned();
    nina.post(
        &format!("/orgs/{own}/members/invite"),
        &[("email", "friend@x.test"), ("role", "member")],
    )
    .await
    .assert_status(303);
    let friend = mailed_link(&house, "friend@x.test").await;
    let link = invited(&house, &mut alice, "nina@x.test", "member").await;
    let page = nina
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("Close my personal organization and join");
    page.assert_says("1 invitation to it is revoked")
        .assert_says("is closed");
    nina.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(409);
    nina.submit(&format!("{link}/close-and-join"), &[])
        .await
        .assert_says("You joined Acme Corp");
    nina.get(&home).await.assert_status(404);
    house.browser().get(&friend).await.assert_status(404);
    assert_eq!(
        (
            events(&house, "organization.deleted").await,
            events(&house, "invitation.accepted").await
        ),
        (1, 1)
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn e1_a_personal_organization_with_somebody_else_in_it_is_not_closed() {
    let house = house("organization").await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let mut database = Database::open(&house.database_url).await;
    database.run("UPDATE organizations SET personal_user_id = NULL, name = 'Acme Corp', slug = 'acme-corp'").await;
    database
        .run("UPDATE organization_slugs SET slug = 'acme-corp'")
        .await;
    let mut nina = house.sign_in("nina@x.test").await;
    let home = nina.get("/").await.location();
    let own = home
        .trim_start_matches("/orgs/")
        .trim_end_matches("/members")
        .to_owned();
    nina.post(
        &format!("/orgs/{own}/members/invite"),
        &[("email", "friend@x.test"), ("role", "member")],
    )
    .await
    .assert_status(303);
    let friend = mailed_link(&house, "friend@x.test").await;
    house
        .browser()
        .submit(&format!("{friend}/accept"), &[])
        .await
        .assert_says("You joined");
    let link = invited(&house, &mut alice, "nina@x.test", "member").await;
    let page = nina
        .get(&link)
        .await
        .assert_says("You are already in another organization.");
    assert!(
        !page.text().contains("Close my personal"),
        "{}",
        page.text()
    );
    nina.post(&format!("{link}/close-and-join"), &[])
        .await
        .assert_status(409);
    nina.get(&home).await.assert_status(200);
    let _ = invitation_id(&mut alice, "nina@x.test").await;
}

#[tokio::test]
async fn s2_1_who_arrives_by_an_invitation_gets_no_organization_of_their_own() {
    let house = house("organization").await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let home = alice.get("/").await.location();
    let own = home
        .trim_start_matches("/orgs/")
        .trim_end_matches("/members")
        .to_owned();
    alice
        .post(
            &format!("/orgs/{own}/members/invite"),
            &[("email", "nina@x.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    let link = mailed_link(&house, "nina@x.test").await;
    let mut nina = house.browser();
    nina.submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined");
    let mut database = Database::open(&house.database_url).await;
    assert_eq!(
        database.number("SELECT COUNT(*) FROM organizations").await,
        1
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_23_who_is_suspended_can_leave_and_join_elsewhere() {
    let house = house("nothing").await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "otto@globex.test", "member").await;
    house
        .add_member("globex", "greta@globex.test", "Greta", OrgRole::Owner)
        .await;
    let mut greta = house.sign_in("greta@globex.test").await;
    let otto = crate::support::people::member_id(&mut greta, "globex", "otto@globex.test").await;
    greta
        .post(&format!("/orgs/globex/members/{otto}/suspend"), &[])
        .await
        .assert_status(303);
    acme.otto
        .get("/orgs/globex/members")
        .await
        .assert_status(404);
    acme.otto
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(409);
    acme.otto
        .post("/orgs/globex/settings/leave", &[])
        .await
        .assert_status(303);
    acme.otto
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    assert_sound(&house).await;
}
