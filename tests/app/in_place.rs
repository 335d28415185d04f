//! Changes made in a row, a cell or a form that has stood open for a while: what is refused leaves the page as it is, what
//! is grave is asked about, and what was done can be undone.

use crate::support::database::Database;
use crate::support::{Acme, Browser, House, Page, acme};

/// Sends a form as htmx does from a page of ours.
async fn by_htmx(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    browser.htmx = true;
    let page = browser.post(path, fields).await;
    browser.htmx = false;
    page
}

async fn role_of(house: &House, address: &str) -> String {
    let mut database = Database::open(&house.database_url).await;
    database
        .texts(&format!(
            "SELECT role FROM members WHERE email = '{address}'"
        ))
        .await
        .remove(0)
}

fn header<'a>(page: &'a Page, name: &str) -> &'a str {
    page.headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn sec_s2_a_change_in_a_row_after_the_session_ended_leads_the_whole_page_to_sign_in_and_back()
{
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice.cookies.clear();
    acme.alice.page = Some("/orgs/acme-corp/members?q=carol".into());
    let path = format!("/orgs/acme-corp/members/{carol}/role");
    let page = by_htmx(&mut acme.alice, &path, &[("role", "viewer")])
        .await
        .assert_status(204);
    assert_eq!(
        header(&page, "hx-redirect"),
        "/sign-in?next=%2Forgs%2Facme-corp%2Fmembers%3Fq%3Dcarol"
    );
    assert_eq!(page.body, "");
    let page = acme
        .alice
        .post(&path, &[("role", "viewer")])
        .await
        .assert_status(303);
    assert_eq!(
        page.location(),
        "/sign-in?next=%2Forgs%2Facme-corp%2Fmembers%3Fq%3Dcarol",
        "not to an address that only takes forms"
    );
    acme.alice.page = Some("https://evil.example/orgs/acme-corp/members".into());
    let page = acme
        .alice
        .post(&path, &[("role", "viewer")])
        .await
        .assert_status(303);
    assert_eq!(
        page.location(),
        "/sign-in?next=%2F",
        "a page elsewhere is none of ours"
    );
}

#[tokio::test]
async fn e8_what_is_refused_in_a_row_is_said_above_it_and_the_row_stays() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(303);
    let page = by_htmx(
        &mut acme.bob,
        &format!("/orgs/acme-corp/members/{carol}/role"),
        &[("role", "viewer")],
    )
    .await
    .assert_status(404);
    assert_eq!(
        (header(&page, "hx-retarget"), header(&page, "hx-reswap")),
        ("#notice", "innerHTML")
    );
    assert!(
        page.has(".toast .notice.bad") && !page.has("h1"),
        "{}",
        page.body
    );
    page.assert_says("Nothing here.");
}

#[tokio::test]
async fn s3_20_making_an_owner_is_asked_about_and_every_change_of_role_can_be_undone_from_its_notice()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{carol}/role");
    let page = by_htmx(
        &mut acme.alice,
        &path,
        &[("role", "owner"), ("back", "?q=carol")],
    )
    .await
    .assert_status(204);
    assert_eq!(
        role_of(&house, "carol@acme.test").await,
        "member",
        "nothing is done before it is confirmed"
    );
    let question = acme.alice.get(&page.location()).await.assert_status(200);
    assert_eq!(
        question.attribute(".ends a.btn", "href").as_deref(),
        Some("/orgs/acme-corp/members?q=carol")
    );
    acme.alice
        .post(
            &path,
            &[
                ("role", "owner"),
                ("back", "?q=carol"),
                ("confirmed", "yes"),
            ],
        )
        .await
        .assert_status(303);
    assert_eq!(role_of(&house, "carol@acme.test").await, "owner");
    acme.alice
        .post(&path, &[("role", "member"), ("confirmed", "yes")])
        .await
        .assert_status(303);
    let page = acme
        .alice
        .submit(&path, &[("role", "viewer")])
        .await
        .assert_says("Carol Reyes is now a viewer.");
    let undo = page.attribute("#notice form", "action").expect("a button");
    let was = page
        .attribute("#notice input[name=role]", "value")
        .expect("the role before");
    acme.alice
        .submit(&undo, &[("role", &was)])
        .await
        .assert_says("Carol Reyes is now a member.");
    assert_eq!(role_of(&house, "carol@acme.test").await, "member");
}

/// Bob, an admin, has invited two people.
async fn bob_invited(acme: &mut Acme) {
    for address in ["ida@acme.test", "jo@acme.test"] {
        acme.bob
            .post(
                "/orgs/acme-corp/members/invite",
                &[("email", address), ("role", "viewer")],
            )
            .await
            .assert_status(303);
    }
}

#[tokio::test]
async fn sec_i8_a_demotion_and_a_transfer_say_which_invitations_they_revoke_before_they_do() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    bob_invited(&mut acme).await;
    let bob = acme.member_id("bob@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{bob}/role");
    let question = acme
        .alice
        .submit(&path, &[("role", "member")])
        .await
        .assert_says("2 invitations they sent are revoked");
    question.assert_says("ida@acme.test");
    let done = acme
        .alice
        .submit(&path, &[("role", "member"), ("confirmed", "yes")])
        .await
        .assert_says("Bob Tanaka is now a member.");
    done.assert_says("2 invitations they sent are revoked: ida@acme.test");
    acme.alice
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "pay@acme.test"), ("role", "billing")],
        )
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/settings/transfer/{bob}"))
        .await
        .assert_status(200);
    page.assert_says("1 invitation you sent is revoked")
        .assert_says("pay@acme.test");
}

#[tokio::test]
async fn s1_12_a_settings_form_that_stood_open_takes_nothing_back_that_somebody_else_changed() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let form = acme.alice.get("/orgs/acme-corp/settings").await;
    let shown = |name: &str| {
        form.attribute(&format!("input[name={name}]"), "value")
            .expect("what was shown")
    };
    let (name, slug) = (shown("shown_name"), shown("shown_slug"));
    acme.bob
        .post(
            "/orgs/acme-corp/settings",
            &[("name", "Acme Corp"), ("slug", "acme-hq")],
        )
        .await
        .assert_status(303);
    let stale = [
        ("name", "Acme Worldwide"),
        ("slug", "acme-corp"),
        ("shown_name", &*name),
        ("shown_slug", &*slug),
    ];
    acme.alice
        .post("/orgs/acme-hq/settings", &stale)
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-hq/settings")
        .await
        .assert_status(200);
    assert_eq!(
        page.attribute("#name", "value").as_deref(),
        Some("Acme Worldwide")
    );
    assert_eq!(
        page.attribute("#slug", "value").as_deref(),
        Some("acme-hq"),
        "Bob's new address stays"
    );
}

#[tokio::test]
async fn s1_64_who_is_suspended_is_told_so_where_they_look_for_the_organization() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/suspend"), &[])
        .await
        .assert_status(303);
    acme.bob
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404)
        .assert_says("Your membership in Acme Corp is suspended");
    acme.bob
        .open("/")
        .await
        .assert_says("You are suspended in Acme Corp");
    acme.xenia
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404)
        .assert_says("There is no such page");
}

#[tokio::test]
async fn s3_41_a_bookmark_of_a_list_that_is_gone_leads_to_the_whole_list() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for query in ["workspace=ws_gone", "after=bad", "before=bad&sort=role"] {
        let page = acme
            .alice
            .get(&format!("/orgs/acme-corp/members?{query}"))
            .await
            .assert_status(303);
        assert_eq!(page.location(), "/orgs/acme-corp/members", "{query}");
    }
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_says("That list isn't there any more.");
}

#[tokio::test]
async fn s1_40_the_directory_shows_what_is_offered_to_somebody_invited_and_the_name_they_were_given()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Apollo")])
        .await
        .assert_status(303);
    let fields = [
        ("email", "ida@acme.test"),
        ("name", "Ida Ek"),
        ("role", "member"),
        ("workspace[]", "apollo"),
        ("access[]", "viewer"),
    ];
    acme.alice
        .post("/orgs/acme-corp/members/invite", &fields)
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-corp/members?q=ida")
        .await
        .assert_status(200);
    page.assert_says("Ida Ek")
        .assert_says("ida@acme.test")
        .assert_says("on joining: 1");
    let member = acme.member_id("ida@acme.test").await;
    acme.alice
        .get(&format!("/orgs/acme-corp/members/{member}"))
        .await
        .assert_says("Change what it offers");
}

#[tokio::test]
async fn s1_40_inviting_again_shows_what_the_pending_invitation_offers_and_keeps_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Apollo")])
        .await
        .assert_status(303);
    let first = [
        ("email", "ida@acme.test"),
        ("role", "member"),
        ("workspace[]", "apollo"),
        ("access[]", "viewer"),
    ];
    acme.alice
        .post("/orgs/acme-corp/members/invite", &first)
        .await
        .assert_status(303);
    let page = acme
        .alice
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "ida@acme.test"), ("role", "member")],
        )
        .await;
    let page = page
        .assert_status(409)
        .assert_says("It offers: Member, with Apollo as Viewer.");
    assert_eq!(
        page.all("select[name='workspace[]'] option[selected]"),
        ["Apollo"],
        "updating it keeps them"
    );
}
