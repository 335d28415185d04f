//! By GitHub username: the form, what it refuses, the list, and who may accept. What the next page does stands in
//! `github_visit`.

use super::workspaces::acme_with;
use super::{assert_sound, events};
use crate::sign_in_github::{sign_in, start_with, to_github};
use crate::support::github::{Account, GitHub, Mode};
use crate::support::{Acme, Browser, House, Page, acme};
use roster::access::OrgRole;
use roster::clock::{DAY, MINUTE};
use roster::members::{Line, Mover, Moving, Outcome, move_in_lines};
use serde_json::json;

const FORM: &str = "/orgs/acme-corp/members/invite";
pub const LIST: &str = "/orgs/acme-corp/invitations";

/// Acme, with GitHub set up, and octocat known there.
pub async fn started(flags: &[(&str, &str)]) -> (House, GitHub, Acme) {
    let (house, github) = start_with(flags).await;
    let acme = acme(&house).await;
    github.sign_in_as(Account::new(583_231, "octocat", "octo@x.test"));
    (house, github, acme)
}

/// Submits the form for usernames as an admin does.
pub async fn invite(browser: &mut Browser, login: &str, role: &str) -> Page {
    browser
        .post(FORM, &[("by", "github"), ("github", login), ("role", role)])
        .await
}

/// A browser of whoever sits at GitHub now, signed in.
pub async fn arrive(house: &House) -> Browser {
    let mut browser = house.browser();
    sign_in(house, &mut browser).await.assert_status(303);
    browser
}

/// The id of the one open invitation.
pub async fn the_id(browser: &mut Browser) -> String {
    browser
        .get(LIST)
        .await
        .assert_status(200)
        .attribute("tbody tr", "id")
        .expect("a row")
}

async fn copied_link(house: &House, browser: &mut Browser) -> String {
    let id = the_id(browser).await;
    let page = browser
        .post(&format!("{LIST}/{id}/link"), &[])
        .await
        .assert_status(200);
    let link = page.attribute("#link", "value").expect("the link is shown");
    link.strip_prefix(&house.url)
        .expect("the link leads here")
        .to_owned()
}

#[tokio::test]
async fn s2_20_a_username_is_invited_and_listed_with_the_row_that_stands_for_it_and_no_mail_leaves()
{
    let (house, _github, mut acme) = started(&[]).await;
    let page = acme.alice.get(FORM).await.assert_status(200);
    assert_eq!(page.all("nav.tabs a"), ["By e-mail", "By GitHub username"]);
    let mails = house.count("SELECT COUNT(*) FROM outbox").await;
    let fields = [
        ("by", "github"),
        ("github", " @OctoCat "),
        ("name", ""),
        ("role", "member"),
    ];
    let page = acme
        .alice
        .submit(FORM, &fields)
        .await
        .assert_says("octocat on GitHub is invited as member.");
    let page = page.assert_says("No mail is sent: they see it here once they sign in with GitHub");
    let row = page.all("tbody tr").remove(0);
    for words in [
        "GitHub: octocat",
        "invited by alice",
        "in 7 days",
        "No mail",
        "Copy a link",
    ] {
        assert!(row.contains(words), "{words}: {row}");
    }
    assert!(!row.contains("Send again"), "{row}");
    assert_eq!(
        house.count("SELECT COUNT(*) FROM outbox").await,
        mails,
        "no mail is queued"
    );
    let page = acme
        .carol
        .get("/orgs/acme-corp/members?status=invited&q=octocat")
        .await
        .assert_says("GitHub: octocat");
    page.assert_says("Applies when they accept");
    let id = the_id(&mut acme.alice).await;
    let resent = acme
        .alice
        .post(&format!("{LIST}/{id}/resend"), &[])
        .await
        .assert_status(409);
    resent
        .assert_says("No mail goes to octocat on GitHub")
        .assert_says("Copy a link and pass it on yourself");
    assert_eq!(events(&house, "invitation.created").await, 1);
    acme.alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_says("alice invited octocat on GitHub as member");
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_20_an_address_typed_there_leads_to_the_field_for_addresses() {
    let (house, _github, mut acme) = started(&[]).await;
    let page = invite(&mut acme.alice, "nina@x.test", "viewer")
        .await
        .assert_status(422);
    let page = page.assert_says("nina@x.test is an e-mail address, not a GitHub username. Use the field for e-mail addresses.");
    assert!(
        page.has("button[name=more][value=email]"),
        "{}",
        page.text()
    );
    let over = [
        ("by", "github"),
        ("github", "nina@x.test"),
        ("role", "viewer"),
        ("more", "email"),
    ];
    let page = acme.alice.post(FORM, &over).await.assert_status(200);
    assert_eq!(
        page.attribute("#email", "value").as_deref(),
        Some("nina@x.test")
    );
    assert_eq!(
        page.attribute("input[name=role][checked]", "value")
            .as_deref(),
        Some("viewer")
    );
    for (typed, says) in [
        ("", "name a GitHub username"),
        ("two names", "like octocat"),
        ("../user", "like octocat"),
    ] {
        let page = invite(&mut acme.alice, typed, "viewer")
            .await
            .assert_status(422);
        assert!(
            page.all("#github-error")[0].contains(says),
            "{typed:?}: {}",
            page.text()
        );
    }
    let both = [
        ("by", "github"),
        ("github", "octocat"),
        ("email", "nina@x.test"),
        ("role", "viewer"),
    ];
    acme.alice
        .post(FORM, &both)
        .await
        .assert_status(422)
        .assert_says("one of the two");
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations").await, 0);
}

#[tokio::test]
async fn s2_20_without_an_answer_from_github_nobody_is_invited_and_the_form_keeps_what_was_typed() {
    let (house, github, mut acme) = started(&[]).await;
    let page = invite(&mut acme.alice, "nobody-there", "viewer")
        .await
        .assert_status(422);
    page.assert_says("GitHub knows no person with the username nobody-there.");
    for mode in [Mode::Refuse500, Mode::RateLimited] {
        github.fail(mode);
        let page = invite(&mut acme.alice, "octocat", "viewer")
            .await
            .assert_status(503)
            .assert_says("so nobody was invited");
        assert_eq!(
            page.attribute("#github", "value").as_deref(),
            Some("octocat"),
            "{mode:?}"
        );
        assert_eq!(
            page.attribute("input[name=role][checked]", "value")
                .as_deref(),
            Some("viewer")
        );
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations").await, 0);
    assert_eq!(events(&house, "invitation.created").await, 0);
    // GitHub isn't even asked for who may not invite.
    for browser in [&mut acme.carol, &mut acme.vera, &mut acme.bill] {
        invite(browser, "octocat", "viewer")
            .await
            .assert_status(403);
    }
    invite(&mut acme.otto, "octocat", "viewer")
        .await
        .assert_status(404);
    github.fail(Mode::Ok);
    invite(&mut acme.bob, "octocat", "viewer")
        .await
        .assert_status(303);
}

#[tokio::test]
async fn s2_20_a_member_and_a_pending_one_are_answered_as_for_an_address_by_page_and_call() {
    let (house, github, mut acme) = started(&[]).await;
    let bob = house.client("bob@acme.test").await;
    let org = bob.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/organizations/{org}/members/invite");
    let made = bob
        .post(&path, json!({"github": "octocat", "org_role": "member"}))
        .await
        .assert_status(201);
    assert_eq!(
        (&made.json["github"], &made.json["github_id"]),
        (&json!("octocat"), &json!("583231"))
    );
    assert_eq!(
        (&made.json["email"], &made.json["delivery"]),
        (&json!(null), &json!("none"))
    );
    let again = bob
        .post(&path, json!({"github": "OCTOCAT", "org_role": "viewer"}))
        .await;
    assert_eq!(
        again.assert_problem(409, "invitation_pending").json["existing_id"],
        made.json["id"]
    );
    let page = invite(&mut acme.alice, "octocat", "viewer")
        .await
        .assert_status(409);
    assert!(
        page.has("button[name=on_pending][value=update]"),
        "{}",
        page.text()
    );
    house.clock.advance(DAY);
    let mut alice = house.sign_in("alice@acme.test").await;
    let update = [
        ("by", "github"),
        ("github", "octocat"),
        ("role", "viewer"),
        ("on_pending", "update"),
    ];
    let page = alice
        .submit(FORM, &update)
        .await
        .assert_says("octocat on GitHub is invited as viewer.");
    assert!(
        page.all("tbody tr")[0].contains("in 7 days"),
        "it has a new end: {}",
        page.text()
    );
    assert_eq!(
        (
            events(&house, "invitation.changed").await,
            events(&house, "invitation.extended").await
        ),
        (1, 1)
    );
    let body = json!({"github": "octocat", "org_role": "member", "on_pending": "update"});
    assert_eq!(
        bob.post(&path, body).await.assert_status(201).json["id"],
        made.json["id"]
    );
    for (body, field) in [
        (json!({"org_role": "member"}), "email"),
        (
            json!({"github": "octocat", "email": "o@x.test", "org_role": "member"}),
            "github",
        ),
        (
            json!({"github": "o@x.test", "org_role": "member"}),
            "github",
        ),
    ] {
        assert_eq!(
            bob.post(&path, body)
                .await
                .assert_problem(422, "invalid")
                .json["errors"][0]["field"],
            field
        );
    }
    let mut octocat = arrive(&house).await;
    let id = made.json["id"].as_str().expect("an id");
    octocat
        .submit(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    // Whatever it is called by now.
    github.sign_in_as(Account::new(583_231, "octocat-2", "octo@x.test"));
    let member = bob
        .post(&path, json!({"github": "octocat-2", "org_role": "member"}))
        .await
        .assert_problem(409, "already_member");
    assert!(
        member.json["existing_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("mem_"))
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_21_in_that_form_only_member_and_viewer_are_offered_and_any_other_role_is_refused_everywhere()
 {
    let (house, _github, mut acme) = started(&[]).await;
    let page = acme
        .alice
        .get(&format!("{FORM}?by=github"))
        .await
        .assert_status(200);
    assert_eq!(page.all(".choices label"), ["Member", "Viewer"]);
    for role in ["owner", "admin", "billing"] {
        let page = invite(&mut acme.alice, "octocat", role)
            .await
            .assert_status(422);
        assert!(
            page.all("#role-error")[0].contains("gives Member or Viewer"),
            "{}",
            page.text()
        );
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations").await, 0);
    let alice = house.client("alice@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let refused = alice
        .post(
            &format!("/organizations/{org}/members/invite"),
            json!({"github": "octocat", "org_role": "admin"}),
        )
        .await;
    assert_eq!(
        refused.assert_problem(422, "invalid").json["errors"][0]["field"],
        "org_role"
    );
    invite(&mut acme.alice, "octocat", "viewer")
        .await
        .assert_status(303);
    // Nor does it become more while it waits.
    let id = the_id(&mut acme.alice).await;
    let list = acme.alice.get(LIST).await;
    assert_eq!(
        list.all("tbody select[name=role] option"),
        ["Member", "Viewer"]
    );
    acme.alice
        .post(&format!("{LIST}/{id}/role"), &[("role", "admin")])
        .await
        .assert_status(422);
    acme.alice
        .post(&format!("{LIST}/{id}"), &[("role", "admin")])
        .await
        .assert_status(422);
    let path = format!("/organizations/{org}/invitations/{id}");
    for body in [
        json!({"org_role": "owner"}),
        json!({"org_role": "owner", "workspace_access": []}),
    ] {
        alice.put(&path, body).await.assert_problem(422, "invalid");
    }
    assert_eq!(
        alice
            .put(&path, json!({"org_role": "member"}))
            .await
            .assert_status(200)
            .json["org_role"],
        "member"
    );
}

#[tokio::test]
async fn sec_i12_the_number_accepts_and_not_whoever_took_the_name() {
    let (house, github, mut acme) = started(&[]).await;
    github.sign_in_as(Account::new(1, "alice", "first@x.test"));
    invite(&mut acme.bob, "alice", "member")
        .await
        .assert_status(303);
    let id = the_id(&mut acme.bob).await;
    let link = copied_link(&house, &mut acme.bob).await;
    // Renamed, and the name taken by somebody else.
    github.sign_in_as(Account::new(9, "alice", "ninth@x.test"));
    let mut ninth = arrive(&house).await;
    assert!(
        !ninth.get("/account/profile").await.has("aside form"),
        "nothing waits for who took the name"
    );
    ninth
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("The name is the same and the account isn't");
    ninth
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403)
        .assert_says("account number 1 at GitHub");
    ninth
        .post(&format!("{link}/decline"), &[])
        .await
        .assert_status(403);
    for answer in ["accept", "decline"] {
        ninth
            .post(&format!("/invitations/{id}/{answer}"), &[])
            .await
            .assert_status(404);
    }
    ninth
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    let api = house.client("ninth@x.test").await;
    assert_eq!(
        api.get("/invitations").await.assert_status(200).json["data"],
        json!([])
    );
    github.sign_in_as(Account::new(1, "alice-renamed", "first@x.test"));
    let mut first = arrive(&house).await;
    first
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    acme.bob
        .get("/orgs/acme-corp/members?q=alice-renamed")
        .await
        .assert_says("alice-renamed");
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_20_a_copied_link_leads_by_github_to_the_invitation_and_names_both_to_somebody_else() {
    let (house, github, mut acme) = started(&[]).await;
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    let link = copied_link(&house, &mut acme.alice).await;
    let mut octocat = house.browser();
    let page = octocat
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("sign in with the GitHub account octocat");
    assert!(
        !page.has("button[formaction$='/accept']"),
        "a copied link proves nothing"
    );
    octocat
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    let href = page
        .attribute("a[href^='/sign-in/github']", "href")
        .expect("a way to sign in");
    let back = to_github(&house, &mut octocat, &href).await;
    let page = octocat.open(&back).await.assert_status(200);
    assert!(
        page.has("button[formaction$='/accept']"),
        "back at the invitation: {}",
        page.text()
    );
    let page = acme.xenia.get(&link).await.assert_status(200);
    let page = page
        .assert_says("You are signed in as xenia@nowhere.test .")
        .assert_says("for the GitHub account octocat , number 583231");
    assert!(page.has("button[formaction$='/switch']") && page.has("a[href='/account/security']"));
    acme.xenia
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403)
        .assert_says("link it with yours");
    github.sign_in_as(Account::new(2, "mona", "mona@x.test"));
    arrive(&house)
        .await
        .get(&link)
        .await
        .assert_says("with the GitHub account mona");
    octocat
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    octocat.get(&link).await.assert_status(303);
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_20_who_links_the_invited_github_account_with_theirs_accepts_with_it() {
    let (house, _github, mut acme) = started(&[]).await;
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    let link = copied_link(&house, &mut acme.alice).await;
    acme.xenia.get("/account/profile").await.assert_status(200);
    let back = to_github(&house, &mut acme.xenia, "/account/security/github").await;
    let page = acme.xenia.open(&back).await.assert_status(200);
    assert!(
        !page.has("aside form"),
        "not before they say so: {}",
        page.text()
    );
    let page = acme
        .xenia
        .submit("/account/security/github/link", &[])
        .await
        .assert_status(200);
    page.assert_says("alice invited you to Acme Corp");
    acme.xenia
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    acme.alice
        .get("/orgs/acme-corp/members?q=octocat")
        .await
        .assert_says("xenia@nowhere.test");
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i14_an_account_at_github_is_not_invited_again_and_again() {
    let (house, _github, mut acme) = started(&[]).await;
    let update = [
        ("by", "github"),
        ("github", "octocat"),
        ("role", "viewer"),
        ("on_pending", "update"),
    ];
    for _ in 0..3 {
        acme.alice.post(FORM, &update).await.assert_status(303);
    }
    acme.alice
        .post(FORM, &update)
        .await
        .assert_status(429)
        .assert_says("octocat on GitHub was invited often enough for this hour.");
    // Over all organizations together.
    acme.otto
        .post("/orgs/globex/members/invite", &update)
        .await
        .assert_status(429);
    house.clock.advance(61 * MINUTE);
    acme.otto
        .post("/orgs/globex/members/invite", &update)
        .await
        .assert_status(303);
    assert_eq!(events(&house, "invitation.extended").await, 2);
}

#[tokio::test]
async fn an_import_leaves_alone_who_is_invited_at_github() {
    let (house, _github, mut acme) = started(&[]).await;
    invite(&mut acme.alice, "octocat", "viewer")
        .await
        .assert_status(303);
    let mover = Mover {
        email: String::new(),
        name: "Mona".into(),
        role: OrgRole::Member,
    };
    let line = Line {
        number: 1,
        mover,
        github: "octocat".into(),
        github_id: Some("583231".into()),
        access: Vec::new(),
    };
    let operator = house.system("acme-corp").await;
    let outcomes = move_in_lines(&house.app, &operator, &[line], Moving::default())
        .await
        .expect("an answer");
    assert!(
        matches!(&outcomes[..], [Outcome::Refused(why)] if why.starts_with("is invited already")),
        "{outcomes:?}"
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_20_it_gives_the_workspaces_it_offers_and_ends_as_one_to_an_address_does() {
    let (house, github) = start_with(&[]).await;
    let (mut acme, ..) = acme_with(&house, &["Analytics"]).await;
    github.sign_in_as(Account::new(583_231, "octocat", "octo@x.test"));
    let with = [
        ("by", "github"),
        ("github", "octocat"),
        ("role", "member"),
        ("workspace[]", "analytics"),
        ("access[]", "admin"),
    ];
    acme.bob
        .submit(FORM, &with)
        .await
        .assert_says("octocat on GitHub is invited as member, with Analytics.");
    // Demoting who invited takes it back, and the page says so before.
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .get(&format!("/orgs/acme-corp/members/{bob}/remove"))
        .await
        .assert_says("octocat on GitHub");
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "member"), ("confirmed", "yes")],
        )
        .await
        .assert_status(303);
    assert_eq!(
        (
            events(&house, "invitation.revoked").await,
            house
                .count("SELECT invited FROM organizations WHERE slug = 'acme-corp'")
                .await
        ),
        (1, 0)
    );
    let mut octocat = arrive(&house).await;
    assert!(
        !octocat.get("/account/profile").await.has("aside form"),
        "what was revoked waits for nobody"
    );
    acme.alice
        .submit(FORM, &with)
        .await
        .assert_says("with Analytics.");
    let id = the_id(&mut acme.alice).await;
    house.clock.advance(7 * DAY - MINUTE);
    let mut octocat = arrive(&house).await;
    assert!(octocat.get("/account/profile").await.has("aside form"));
    house.clock.advance(2 * MINUTE);
    assert!(
        !octocat.get("/account/profile").await.has("aside form"),
        "it expires by itself"
    );
    octocat
        .post(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_status(410)
        .assert_says("Ask alice to invite you again");
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .submit(FORM, &with)
        .await
        .assert_says("with Analytics.");
    let id = the_id(&mut alice).await;
    octocat
        .submit(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp")
        .assert_says("Analytics");
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_20_the_installation_and_the_organization_say_by_what_people_are_invited() {
    let (house, github) = start_with(&[("--invite-by", "github")]).await;
    let (mut acme, _, _, ids) = acme_with(&house, &["Analytics"]).await;
    github.sign_in_as(Account::new(583_231, "octocat", "octo@x.test"));
    let page = acme.alice.get(FORM).await.assert_status(200);
    assert!(page.has("#github") && !page.has("#email") && !page.has("nav.tabs"));
    super::invite(&mut acme.alice, "nina@x.test", "member")
        .await
        .assert_status(422)
        .assert_says("invited by GitHub username");
    let workspace = format!("/workspaces/{}/members/invite", ids[0]);
    let page = acme
        .alice
        .post(&workspace, &[("email", "nina@x.test"), ("role", "member")])
        .await
        .assert_status(422);
    page.assert_says("here new people are invited to the organization, by GitHub username");
    acme.alice
        .post(
            &workspace,
            &[("email", "carol@acme.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(303);
    for (policy, says) in [
        (
            "invite_domains = 'acme.test'",
            "invites only addresses at acme.test",
        ),
        ("allow_github = FALSE", "sign in with GitHub"),
    ] {
        house
            .execute(&format!(
                "UPDATE organizations SET {policy} WHERE slug = 'acme-corp'"
            ))
            .await;
        invite(&mut acme.alice, "octocat", "viewer")
            .await
            .assert_status(422)
            .assert_says(says);
        house
            .execute("UPDATE organizations SET invite_domains = '', allow_github = TRUE")
            .await;
    }
    let house = House::start().await;
    let mut acme = crate::support::acme(&house).await;
    let page = acme
        .alice
        .get(&format!("{FORM}?by=github"))
        .await
        .assert_status(200);
    assert!(
        page.has("#email") && !page.has("#github") && !page.has("nav.tabs"),
        "without GitHub, by address alone"
    );
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(422)
        .assert_says("invited by e-mail address");
    let (_house, _github, mut acme) = started(&[("--invite-by", "email")]).await;
    invite(&mut acme.alice, "octocat", "member")
        .await
        .assert_status(422);
}
