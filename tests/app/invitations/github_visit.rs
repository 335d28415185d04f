//! What the next page does for somebody who was invited by GitHub username: a banner, or joining (S2-22).

use super::github::{LIST, arrive, invite, started, the_id};
use super::{assert_sound, events};
use crate::sign_in_github::{sign_in, start_with};
use crate::support::github::Account;
use crate::support::people::member_id;
use crate::support::{Browser, Page};
use roster::access::OrgRole;

const JOIN: (&str, &str) = ("--github-invitations", "join");

/// Presses a button of the banner, and goes where it leads.
async fn press(browser: &mut Browser, page: &Page, which: &str) -> Page {
    let action = page
        .attribute(
            &format!("aside form button[formaction$='/{which}']"),
            "formaction",
        )
        .expect("a button");
    browser.submit(&action, &[]).await
}

#[tokio::test]
async fn s2_22_unless_said_otherwise_the_next_page_offers_one_click_to_accept_and_one_to_decline() {
    let (house, github, mut acme) = started(&[]).await;
    let mut octocat = arrive(&house).await;
    assert!(!octocat.get("/account/profile").await.has("aside form"));
    invite(&mut acme.alice, "octocat", "viewer")
        .await
        .assert_status(303);
    let page = octocat.get("/account/profile").await.assert_status(200);
    let page = page
        .assert_says("alice invited you to Acme Corp as viewer, by your GitHub account octocat.");
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    assert!(
        !acme.xenia.get("/account/profile").await.has("aside form"),
        "nobody else is told"
    );
    let id = the_id(&mut acme.alice).await;
    assert!(
        !octocat
            .get(&format!("/invitations/{id}"))
            .await
            .assert_status(200)
            .has("aside form"),
        "its own page says it itself"
    );
    octocat.get("/invitations").await.assert_says("Acme Corp");
    press(&mut octocat, &page, "accept")
        .await
        .assert_says("You joined Acme Corp")
        .assert_says("Viewer");
    assert!(!octocat.get("/account/profile").await.has("aside form"));
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200)
        .assert_says("octo@x.test");
    house
        .mailbox
        .wait_for("alice@acme.test", "accepted your invitation to Acme Corp")
        .await;

    github.sign_in_as(Account::new(2, "mona", "mona@x.test"));
    let mut mona = arrive(&house).await;
    invite(&mut acme.alice, "mona", "member")
        .await
        .assert_status(303);
    let page = mona.get("/account/profile").await;
    press(&mut mona, &page, "decline")
        .await
        .assert_says("You declined the invitation");
    assert!(!mona.get("/account/profile").await.has("aside form"));
    acme.alice
        .get(&format!("{LIST}?show=ended"))
        .await
        .assert_says("GitHub: mona")
        .assert_says("Declined");
    house
        .mailbox
        .wait_for("alice@acme.test", "mona on GitHub declined your invitation")
        .await;
    assert_eq!(
        (
            events(&house, "invitation.accepted").await,
            events(&house, "invitation.declined").await
        ),
        (1, 1)
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_22_where_the_installation_says_so_an_account_joins_by_its_next_page_and_leaves_by_one_click()
 {
    let (house, _github, mut acme) = started(&[JOIN]).await;
    let mut octocat = arrive(&house).await;
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    acme.alice.get(LIST).await.assert_says("GitHub: octocat");
    // Neither a fragment nor a form joins.
    octocat.htmx = true;
    octocat.get("/account/profile").await;
    octocat.htmx = false;
    octocat
        .post("/account/appearance", &[("theme", "dark")])
        .await
        .assert_status(303);
    assert_eq!(events(&house, "invitation.accepted").await, 0);
    let page = octocat
        .open("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    let page = page
        .assert_says("alice added you to Acme Corp.")
        .assert_says("octo@x.test")
        .assert_says("carol@acme.test");
    let leave = page
        .attribute("#notice form", "action")
        .expect("a button that leaves");
    house
        .mailbox
        .wait_for("alice@acme.test", "joined Acme Corp, as you invited them")
        .await;
    assert_eq!(events(&house, "invitation.accepted").await, 1);
    octocat.post(&leave, &[]).await.assert_status(303);
    octocat.open("/").await.assert_status(200);
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    assert_eq!(
        (
            events(&house, "member.left").await,
            events(&house, "invitation.accepted").await
        ),
        (1, 1),
        "left for good"
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_22_a_new_account_joins_at_its_first_sign_in_and_gets_no_organization_of_its_own() {
    let (house, github) = start_with(&[
        JOIN,
        ("--first-sign-in", "organization"),
        ("--membership", "one"),
    ])
    .await;
    github.sign_in_as(Account::new(583_231, "octocat", "octo@x.test"));
    let mut alice = house.sign_in("alice@acme.test").await;
    let own = alice.get("/").await.location();
    let form = own.replace("/members", "/members/invite");
    let fields = [("by", "github"), ("github", "octocat"), ("role", "viewer")];
    alice.post(&form, &fields).await.assert_status(303);
    let before = house.count("SELECT COUNT(*) FROM organizations").await;
    let mut octocat = house.browser();
    let to = sign_in(&house, &mut octocat)
        .await
        .assert_status(303)
        .location();
    octocat
        .open(&to)
        .await
        .assert_status(200)
        .assert_says("alice added you to")
        .assert_says("alice@acme.test");
    assert_eq!(
        house.count("SELECT COUNT(*) FROM organizations").await,
        before
    );
    octocat.get(&own).await.assert_status(200);
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_22_two_at_once_are_joined_together_and_both_named() {
    let (house, _github, mut acme) = started(&[JOIN]).await;
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    let globex = [("by", "github"), ("github", "octocat"), ("role", "viewer")];
    acme.otto
        .post("/orgs/globex/members/invite", &globex)
        .await
        .assert_status(303);
    let mut octocat = arrive(&house).await;
    let mut tab = octocat.another_tab();
    let (page, other) = tokio::join!(
        octocat.open("/account/organizations"),
        tab.open("/account/organizations")
    );
    for page in [page, other] {
        page.assert_status(200)
            .assert_says("Acme Corp")
            .assert_says("Globex");
    }
    assert_eq!(
        events(&house, "invitation.accepted").await,
        2,
        "each once, whoever opens how many pages"
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_22_s2_23_who_is_in_another_organization_stays_invited_and_sees_why() {
    let (house, github, mut acme) = started(&[JOIN, ("--membership", "one")]).await;
    let mut octocat = arrive(&house).await;
    octocat
        .post("/orgs/new", &[("name", "Own Place")])
        .await
        .assert_status(303);
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    let page = octocat
        .open("/orgs/own-place/members")
        .await
        .assert_status(200);
    let page = page
        .assert_says("alice invited you to Acme Corp")
        .assert_says("You are already in another organization.");
    assert!(
        !page.has("aside form button[formaction$='/accept']"),
        "{}",
        page.text()
    );
    let id = the_id(&mut acme.alice).await;
    octocat
        .get(&format!("/invitations/{id}"))
        .await
        .assert_says("Leave it before you join Acme Corp");
    octocat
        .post(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_status(409)
        .assert_says("already in another organization");
    let listed = acme.alice.get(LIST).await;
    assert!(
        !listed.text().contains("Own Place") && listed.all("tbody tr").len() == 1,
        "{}",
        listed.text()
    );
    // Once they have left, their next page joins.
    house
        .add_member("own-place", "second@x.test", "Second", OrgRole::Owner)
        .await;
    house.sign_in("second@x.test").await;
    octocat
        .post("/orgs/own-place/settings/leave", &[])
        .await
        .assert_status(303);
    octocat
        .open("/account/organizations")
        .await
        .assert_says("alice added you to Acme Corp.");
    // Two at once: the first is joined, the other says why not.
    github.sign_in_as(Account::new(2, "mona", "mona@x.test"));
    invite(&mut acme.alice, "mona", "member")
        .await
        .assert_status(303);
    let globex = [("by", "github"), ("github", "mona"), ("role", "viewer")];
    acme.otto
        .post("/orgs/globex/members/invite", &globex)
        .await
        .assert_status(303);
    let mut mona = arrive(&house).await;
    mona.open("/account/profile")
        .await
        .assert_says("added you to");
    mona.open("/account/profile")
        .await
        .assert_says("You are already in another organization.");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'mona@x.test'")
            .await,
        1
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_22_who_is_suspended_or_may_not_be_added_is_not_let_in_by_a_page() {
    let (house, _github, mut acme) = started(&[JOIN]).await;
    let mut octocat = arrive(&house).await;
    invite(&mut acme.bob, "octocat", "viewer")
        .await
        .assert_status(303);
    // A member by another way since, and suspended.
    house
        .add_member("acme-corp", "octo@x.test", "Octo", OrgRole::Member)
        .await;
    let member = member_id(&mut acme.alice, "acme-corp", "octo@x.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{member}/suspend"), &[])
        .await
        .assert_status(303);
    let page = octocat.get("/account/profile").await.assert_status(200);
    assert!(!page.has("aside form"), "{}", page.text());
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    // Who is removed isn't brought back by it.
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{member}/remove"), &[])
        .await
        .assert_status(303);
    assert_eq!(events(&house, "invitation.revoked").await, 1);
    octocat.open("/account/profile").await.assert_status(200);
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    invite(&mut acme.bob, "octocat", "viewer")
        .await
        .assert_status(303);
    // Whoever invited is suspended: nobody stands behind it.
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/suspend"), &[])
        .await
        .assert_status(303);
    assert!(
        !octocat
            .get("/account/profile")
            .await
            .assert_status(200)
            .has("aside form")
    );
    octocat
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    // An account that is disabled opens no page.
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/reinstate"), &[])
        .await
        .assert_status(303);
    house
        .execute("UPDATE users SET status = 'disabled' WHERE email = 'octo@x.test'")
        .await;
    octocat.get("/account/profile").await.assert_status(303);
    assert_eq!(events(&house, "invitation.accepted").await, 0);
    house
        .execute("UPDATE users SET status = 'active' WHERE email = 'octo@x.test'")
        .await;
    octocat
        .open("/account/profile")
        .await
        .assert_says("Bob Tanaka added you to Acme Corp.");
    assert_sound(&house).await;
}
