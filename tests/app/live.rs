//! Every request is judged by the roles of that moment, and by nothing kept from the one before.

use crate::support::{House, acme};
use roster::clock::{DAY, HOUR};

#[tokio::test]
async fn sec_s5_sec_z5_a_suspended_member_can_do_nothing_from_the_next_request_on() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let bob = acme.member_id("bob@acme.test").await;
    acme.bob
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{bob}/suspend"), &[])
        .await
        .assert_says("Bob Tanaka is suspended.");
    acme.bob
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    acme.bob
        .post(&format!("/orgs/acme-corp/members/{bob}/reinstate"), &[])
        .await
        .assert_status(404);
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{bob}/reinstate"), &[])
        .await
        .assert_says("Bob Tanaka is back.");
    acme.bob
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
}

#[tokio::test]
async fn sec_s5_an_open_form_of_somebody_demoted_changes_nothing() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (bob, vera) = (
        acme.member_id("bob@acme.test").await,
        acme.member_id("vera@acme.test").await,
    );
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(303);
    acme.bob.htmx = true;
    acme.bob
        .post(
            &format!("/orgs/acme-corp/members/{vera}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(403);
    assert_eq!(
        house
            .count(
                "SELECT COUNT(*) FROM members WHERE email = 'vera@acme.test' AND role = 'viewer'"
            )
            .await,
        1
    );
}

#[tokio::test]
async fn s3_3_a_member_has_exactly_one_role() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let vera = acme.member_id("vera@acme.test").await;
    acme.alice
        .send(
            reqwest::Method::POST,
            &format!("/orgs/acme-corp/members/{vera}/role"),
            Some("role=owner&role=viewer".into()),
        )
        .await
        .assert_status(400);
    let alice = house.client("alice@acme.test").await;
    let org = house.system("acme-corp").await.org.id.clone();
    let path = format!("/organizations/{org}/members/{vera}");
    for two in [
        serde_json::json!({"org_role": ["owner", "viewer"]}),
        serde_json::json!({"org_role": "owner,viewer"}),
    ] {
        alice.put(&path, two).await.assert_status(422);
    }
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'vera@acme.test'")
            .await,
        1
    );
}

#[tokio::test]
async fn sec_z10_two_people_on_one_connection_are_never_taken_for_each_other() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let (bob, otto) = (
        house.client("bob@acme.test").await,
        house.client("otto@globex.test").await,
    );
    let otto = bob.with_token_of(&otto);
    for _ in 0..100 {
        assert_eq!(
            bob.get("/me").await.assert_status(200).json["email"],
            "bob@acme.test"
        );
        assert_eq!(
            otto.get("/me").await.assert_status(200).json["email"],
            "otto@globex.test"
        );
    }
}

#[tokio::test]
async fn sec_r11_a_clock_that_steps_back_or_far_ahead_breaks_nothing_and_revives_nothing() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.clock.advance(-2 * HOUR);
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    acme.alice
        .submit("/orgs/new", &[("name", "While the clock was wrong")])
        .await
        .assert_status(200);
    house.clock.advance(35 * DAY);
    assert!(
        acme.alice
            .get("/orgs/acme-corp/members")
            .await
            .location()
            .starts_with("/sign-in")
    );
    house.clock.advance(400 * DAY * 12);
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
}

#[tokio::test]
async fn s3_44_s3_40_access_is_updated_from_the_list_of_members_and_invited() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .submit(
            "/orgs/acme-corp/members/invite",
            &[("email", "new@acme.test"), ("role", "member")],
        )
        .await;
    let page = acme.alice.get("/orgs/acme-corp/members").await;
    assert_eq!(
        page.all("tbody tr").len(),
        6,
        "members and invited in one list"
    );
    assert_eq!(
        page.all("tbody tr .acts a[href$='/remove']").len(),
        5,
        "everybody but herself"
    );
    let invited = acme.member_id("new@acme.test").await;
    let changed = acme
        .alice
        .submit(
            &format!("/orgs/acme-corp/members/{invited}/role"),
            &[("role", "viewer")],
        )
        .await;
    changed
        .assert_says("joins as a viewer")
        .assert_says("Applies when they accept");
}

#[tokio::test]
async fn s4_1_sec_z1_another_organizations_things_are_as_if_they_were_never_there() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.otto
        .get("/orgs/globex/members")
        .await
        .assert_says("Globex is ready.");
    for (theirs, nobodys) in [
        (
            "/orgs/acme-corp/members".to_owned(),
            "/orgs/nobody-here/members".to_owned(),
        ),
        (
            format!("/orgs/globex/members/{carol}"),
            "/orgs/globex/members/mem_0000".to_owned(),
        ),
    ] {
        let (there, absent) = (
            acme.otto.get(&theirs).await.assert_status(404),
            acme.otto.get(&nobodys).await.assert_status(404),
        );
        let same = |page: &crate::support::Page| {
            let lines = page.body.lines().filter(|l| {
                !["Page: ", "Time: ", "Id: "]
                    .iter()
                    .any(|start| l.contains(start))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(same(&there), same(&absent), "{theirs}");
    }
}
