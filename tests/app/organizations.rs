//! Organizations: created, renamed, handed over, left, deleted.

use crate::support::{Acme, Browser, House, acme};

async fn settings(
    browser: &mut Browser,
    slug: &str,
    name: &str,
    new_slug: &str,
) -> crate::support::Page {
    browser
        .post(
            &format!("/orgs/{slug}/settings"),
            &[("name", name), ("slug", new_slug)],
        )
        .await
}

#[tokio::test]
async fn s1_10_s1_14_an_organization_is_created_in_two_clicks_and_its_creator_owns_it() {
    let house = House::start().await;
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    let page = xenia.get("/account/profile").await.assert_status(200);
    assert!(
        page.all("nav[aria-label=Account] a")
            .contains(&"Create organization".to_owned()),
        "it stands in the account menu"
    );
    xenia.get("/orgs/new").await.assert_status(200);
    let page = xenia
        .submit("/orgs/new", &[("name", "Initech"), ("slug", "")])
        .await
        .assert_status(200);
    assert!(page.all("tbody tr")[0].contains("Owner"), "{}", page.text());
    xenia
        .get("/account/activity")
        .await
        .assert_status(200)
        .assert_says("xenia created Initech");
    xenia
        .open("/settings/organization")
        .await
        .assert_status(200)
        .assert_says("Danger zone");
    xenia
        .open("/settings/organization/members?status=active")
        .await
        .assert_status(200)
        .assert_says("Everyone in Initech");
}

#[tokio::test]
async fn s1_11_an_organization_without_a_name_is_refused_beside_the_field() {
    let house = House::start().await;
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    for name in ["", "   ", "a\u{202e}b"] {
        let page = xenia
            .post("/orgs/new", &[("name", name), ("slug", "")])
            .await
            .assert_status(422);
        assert!(page.has("#name-error"), "{name:?}: {}", page.text());
    }
    assert_eq!(
        house.count("SELECT COUNT(*) FROM organizations").await,
        0,
        "nothing is written"
    );
}

#[tokio::test]
async fn s1_12_a_slug_is_made_from_the_name_and_a_taken_one_comes_with_a_free_one() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .xenia
        .post("/orgs/new", &[("name", "Acme Corp"), ("slug", "")])
        .await
        .assert_status(422);
    assert_eq!(
        page.all("#slug-error"),
        ["“acme-corp” is taken. “acme-corp-2” is free."]
    );
    assert_eq!(
        page.attribute("#slug", "value").as_deref(),
        Some("acme-corp-2"),
        "the free one is in the field"
    );
    let page = acme
        .xenia
        .post(
            "/orgs/new",
            &[("name", "Acme Corp"), ("slug", "acme-corp-2")],
        )
        .await
        .assert_status(303);
    assert_eq!(page.location(), "/orgs/acme-corp-2/members");
    let page = acme
        .xenia
        .post("/orgs/new", &[("name", "Acme Corp"), ("slug", "acme-corp")])
        .await
        .assert_status(422);
    assert_eq!(
        page.attribute("#slug", "value").as_deref(),
        Some("acme-corp-3")
    );
    for bad in ["Acme", "a", "-acme", "a--b", "new", "acme_corp", "ac me"] {
        let page = acme
            .xenia
            .post("/orgs/new", &[("name", "X"), ("slug", bad)])
            .await
            .assert_status(422);
        assert!(page.has("#slug-error"), "{bad}");
    }
}

#[tokio::test]
async fn s1_12_of_two_people_who_take_a_slug_at_once_one_gets_it() {
    let house = House::start().await;
    for round in 0..5 {
        let (mut a, mut b) = (
            house.sign_in("a@x.test").await,
            house.sign_in("b@x.test").await,
        );
        let (name, slug) = (format!("Race {round}"), format!("race-{round}"));
        let form = [("name", name.as_str()), ("slug", slug.as_str())];
        let (one, other) = tokio::join!(a.post("/orgs/new", &form), b.post("/orgs/new", &form));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422], "{} {}", one.text(), other.text());
        let loser = if one.status == 422 { one } else { other };
        assert_eq!(loser.attribute("#slug", "value"), Some(format!("{slug}-2")));
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM organizations").await, 5);
}

#[tokio::test]
async fn s1_101_a_new_name_and_slug_hold_at_once_and_old_links_lead_members_to_the_new_place() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = settings(&mut acme.bob, "acme-corp", "Acme", "acme")
        .await
        .assert_status(303);
    assert_eq!(page.location(), "/orgs/acme/settings");
    let old = acme
        .carol
        .get("/orgs/acme-corp/members?status=active")
        .await
        .assert_status(308);
    assert_eq!(old.location(), "/orgs/acme/members?status=active");
    acme.carol
        .get("/orgs/acme/members")
        .await
        .assert_status(200)
        .assert_says("Everyone in Acme,");
    // Who isn't in it learns nothing from the old name, and can't take it.
    for path in [
        "/orgs/acme-corp/members",
        "/orgs/acme/members",
        "/orgs/never-was/members",
    ] {
        acme.otto.get(path).await.assert_status(404);
    }
    let page = acme
        .otto
        .post("/orgs/new", &[("name", "Acme Corp"), ("slug", "acme-corp")])
        .await
        .assert_status(422);
    assert_eq!(
        page.attribute("#slug", "value").as_deref(),
        Some("acme-corp-2")
    );
    let page = settings(&mut acme.otto, "globex", "Globex", "acme")
        .await
        .assert_status(422);
    assert_eq!(
        page.all("#slug-error"),
        ["“acme” is taken. “acme-2” is free."]
    );
    // Back to the slug it had: its own.
    settings(&mut acme.alice, "acme", "Acme Corp", "acme-corp")
        .await
        .assert_status(303);
    acme.carol
        .get("/orgs/acme/members")
        .await
        .assert_status(308);
    let page = acme.bob.get("/account/activity").await.assert_status(200);
    page.assert_says("Bob Tanaka changed the slug from acme-corp to acme")
        .assert_says("renamed the organization from Acme Corp to Acme");
}

#[tokio::test]
async fn s1_31_s1_32_s3_1_settings_are_changed_by_owners_and_admins_and_seen_by_all() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        let page = browser
            .get("/orgs/acme-corp/settings")
            .await
            .assert_status(200);
        assert!(!page.has("input[name=name]"), "no form: {}", page.text());
        settings(browser, "acme-corp", "Mine", "mine")
            .await
            .assert_status(403);
    }
    settings(&mut acme.otto, "acme-corp", "Mine", "mine")
        .await
        .assert_status(404);
    acme.alice
        .get("/orgs/acme-corp/settings")
        .await
        .assert_says("Acme Corp");
    let page = settings(&mut acme.bob, "acme-corp", "", "acme-corp")
        .await
        .assert_status(422);
    assert!(page.has("#name-error"));
}

#[tokio::test]
async fn s2_15_e2_leaving_shows_what_goes_and_the_last_owner_is_told_what_to_do_first() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.carol
        .get("/orgs/acme-corp/settings/leave")
        .await
        .assert_status(200)
        .assert_says("Your role, Member")
        .assert_says("No workspace");
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    acme.carol
        .submit("/orgs/acme-corp/settings/leave", &[])
        .await
        .assert_status(200)
        .assert_says("You left Acme Corp.");
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    let page = acme
        .alice
        .get("/orgs/acme-corp/settings/leave")
        .await
        .assert_status(409);
    assert!(
        page.has("a[href='/orgs/acme-corp/members?status=active']"),
        "the way out is a link"
    );
    let page = acme
        .alice
        .post("/orgs/acme-corp/settings/leave", &[])
        .await
        .assert_status(409);
    page.assert_says("You are the only owner. Make someone else owner first.");
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
}

#[tokio::test]
async fn s2_15_of_two_owners_who_leave_at_once_one_stays() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let mut bob = house.sign_in("bob@acme.test").await;
    for round in 0..5 {
        let slug = format!("acme-{round}");
        alice
            .post("/orgs/new", &[("name", "Acme"), ("slug", &slug)])
            .await
            .assert_status(303);
        house
            .add_member(
                &slug,
                "bob@acme.test",
                "Bob Tanaka",
                roster::access::OrgRole::Owner,
            )
            .await;
        let leave = format!("/orgs/{slug}/settings/leave");
        let (one, other) = tokio::join!(alice.post(&leave, &[]), bob.post(&leave, &[]));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{} {}", one.text(), other.text());
    }
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE role = 'owner'")
            .await,
        5
    );
}

#[tokio::test]
async fn s1_30_s2_25_ownership_goes_over_in_one_step_and_both_are_told() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .get("/orgs/acme-corp/settings/transfer?q=CAROL")
        .await
        .assert_status(200)
        .assert_says("Carol Reyes");
    let confirm = format!("/orgs/acme-corp/settings/transfer/{carol}");
    assert!(
        acme.alice
            .get("/orgs/acme-corp/members")
            .await
            .has(&format!("a[href='{confirm}']")),
        "it stands in the directory's row"
    );
    assert!(
        !acme
            .bob
            .get("/orgs/acme-corp/members")
            .await
            .has("a[href*=transfer]")
    );
    acme.alice
        .get(&confirm)
        .await
        .assert_status(200)
        .assert_says("Carol Reyes becomes owner")
        .assert_says("You become admin");
    for browser in [
        &mut acme.bob,
        &mut acme.bill,
        &mut acme.carol,
        &mut acme.vera,
    ] {
        browser
            .get("/orgs/acme-corp/settings/transfer")
            .await
            .assert_status(403);
        browser.get(&confirm).await.assert_status(403);
        browser.post(&confirm, &[]).await.assert_status(403);
    }
    acme.otto.post(&confirm, &[]).await.assert_status(404);
    acme.alice
        .submit(&confirm, &[])
        .await
        .assert_status(200)
        .assert_says("Carol Reyes is now an owner of Acme Corp.");
    house
        .mailbox
        .wait_for("carol@acme.test", "You are now an owner of Acme Corp")
        .await;
    house
        .mailbox
        .wait_for(
            "alice@acme.test",
            "You transferred the ownership of Acme Corp",
        )
        .await;
    acme.alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(403);
    acme.alice
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(200);
    acme.carol
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200);
    acme.alice
        .get("/account/activity")
        .await
        .assert_says("alice transferred ownership to Carol Reyes");
}

#[tokio::test]
async fn s2_15_ownership_goes_to_nobody_who_could_not_act_as_owner() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .add_member(
            "acme-corp",
            "nora@acme.test",
            "Nora New",
            roster::access::OrgRole::Member,
        )
        .await;
    let (nora, alice, vera) = (
        acme.member_id("nora@acme.test").await,
        acme.member_id("alice@acme.test").await,
        acme.member_id("vera@acme.test").await,
    );
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{vera}/suspend"), &[])
        .await
        .assert_status(303);
    for (member, why) in [
        (nora, "hasn't signed in yet"),
        (alice, "You are an owner already"),
        (vera, "is suspended"),
    ] {
        let path = format!("/orgs/acme-corp/settings/transfer/{member}");
        acme.alice
            .get(&path)
            .await
            .assert_status(409)
            .assert_says(why);
        acme.alice
            .post(&path, &[])
            .await
            .assert_status(409)
            .assert_says(why);
    }
    let otto =
        crate::support::people::member_id(&mut acme.otto, "globex", "otto@globex.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/settings/transfer/{otto}"), &[])
        .await
        .assert_status(404);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE role = 'owner'")
            .await,
        2,
        "Alice and Otto"
    );
}

async fn delete(acme: &mut Acme, confirm: &str) -> crate::support::Page {
    acme.alice
        .post("/orgs/acme-corp/settings/delete", &[("confirm", confirm)])
        .await
}

#[tokio::test]
async fn s1_16_s1_17_only_an_owner_deletes_and_only_with_the_name_typed() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for browser in [
        &mut acme.bob,
        &mut acme.bill,
        &mut acme.carol,
        &mut acme.vera,
    ] {
        assert!(
            !browser
                .get("/orgs/acme-corp/settings")
                .await
                .has("a[href$='/settings/delete']")
        );
        browser
            .get("/orgs/acme-corp/settings/delete")
            .await
            .assert_status(403);
        browser
            .post(
                "/orgs/acme-corp/settings/delete",
                &[("confirm", "Acme Corp")],
            )
            .await
            .assert_status(403);
    }
    acme.otto
        .post(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(404);
    acme.alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200)
        .assert_says("5 people lose Acme Corp");
    acme.alice
        .post("/orgs/acme-corp/settings/delete", &[])
        .await
        .assert_status(422);
    for wrong in ["", "acme corp", "Acme", "Globex"] {
        let page = delete(&mut acme, wrong).await.assert_status(422);
        assert!(page.has("#confirm-error"), "{wrong}");
    }
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    delete(&mut acme, " Acme Corp ").await.assert_status(303);
    for browser in [&mut acme.alice, &mut acme.bob, &mut acme.carol] {
        browser
            .get("/orgs/acme-corp/members")
            .await
            .assert_status(404);
        assert!(
            !browser
                .get("/account/profile")
                .await
                .has("nav[aria-label=Account] a[href^='/orgs/acme']"),
            "gone from the menu"
        );
    }
    house
        .mailbox
        .wait_for("bob@acme.test", "Acme Corp was deleted")
        .await;
    house
        .mailbox
        .wait_for("alice@acme.test", "Acme Corp was deleted")
        .await;
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.deleted'")
            .await,
        1
    );
}

#[tokio::test]
async fn sec_r13_who_takes_the_slug_of_a_deleted_organization_finds_nothing_of_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    settings(&mut acme.alice, "acme-corp", "Acme Corp", "acme-two")
        .await
        .assert_status(303);
    acme.alice
        .post(
            "/orgs/acme-two/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(303);
    for slug in ["acme-corp", "acme-two"] {
        acme.otto
            .post("/orgs/new", &[("name", "Acme Corp"), ("slug", slug)])
            .await
            .assert_status(303);
        let page = acme
            .otto
            .get(&format!("/orgs/{slug}/members"))
            .await
            .assert_status(200);
        assert_eq!(page.all("tbody tr").len(), 1, "{}", page.text());
        assert!(
            acme.otto
                .get(&format!("/orgs/{slug}/workspaces"))
                .await
                .assert_status(200)
                .all("tbody tr")
                .is_empty()
        );
        for browser in [&mut acme.alice, &mut acme.bob, &mut acme.carol] {
            browser
                .get(&format!("/orgs/{slug}/members"))
                .await
                .assert_status(404);
        }
    }
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM organizations WHERE slug = 'acme-two'")
            .await,
        2,
        "the old row keeps its id"
    );
}

#[tokio::test]
async fn e14_without_an_organization_a_page_says_what_one_is_for() {
    let house = House::start().await;
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    assert_eq!(
        xenia.open("/").await.assert_status(200).all("h1"),
        ["Welcome to Roster"]
    );
    for path in [
        "/welcome",
        "/settings/organization",
        "/settings/organization/members",
    ] {
        let page = xenia.get(path).await.assert_status(200);
        assert!(
            page.has("main a[href='/orgs/new']"),
            "a button to create one"
        );
        page.assert_says("What an organization is for")
            .assert_says("You don't need one");
    }
    let page = house
        .browser()
        .get("/settings/organization/members")
        .await
        .assert_status(303);
    assert_eq!(
        page.location(),
        "/sign-in?next=%2Fsettings%2Forganization%2Fmembers"
    );
}

#[tokio::test]
async fn e14_the_page_for_who_has_no_organization_names_the_invitations_that_wait() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post(
            "/orgs/acme-corp/members/invite",
            &[
                ("email", "xenia@nowhere.test"),
                ("name", ""),
                ("role", "member"),
            ],
        )
        .await
        .assert_status(303);
    let page = acme.xenia.open("/welcome").await.assert_status(200);
    let link = page
        .attribute("main a[href^='/invitations/']", "href")
        .expect("a link to the invitation");
    page.assert_says("You are invited").assert_says("Acme Corp");
    acme.xenia
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("Acme Corp");
    // Deleting the organization revokes it.
    acme.alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_says("1 pending invitation is revoked");
    acme.alice
        .post(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(303);
    let page = acme.xenia.open("/welcome").await.assert_status(200);
    assert!(!page.text().contains("Acme Corp"), "{}", page.text());
    let status = acme.xenia.get(&link).await.status;
    assert!([404, 410].contains(&status), "{status}");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM invitations WHERE status = 'pending'")
            .await,
        0
    );
}

#[tokio::test]
async fn s2_2_s2_23_where_an_account_may_be_in_one_organization_a_second_is_refused() {
    let house = House::start_with(crate::support::Settings::new().set("--membership", "one")).await;
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme"), ("slug", "")])
        .await
        .assert_status(303);
    let page = alice
        .post("/orgs/new", &[("name", "Other"), ("slug", "")])
        .await
        .assert_status(409);
    page.assert_says("You are in an organization already. Leave it before you create another.");
    assert_eq!(house.count("SELECT COUNT(*) FROM organizations").await, 1);
}

#[tokio::test]
async fn e8_a_refusal_says_why_and_carries_a_block_for_support() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .carol
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(403);
    let block = page.all("#support").join(" ");
    for part in [
        "Organization: Acme Corp (acme-corp)",
        "Your role: Member",
        "Time: 20",
        "Page: /orgs/acme-corp/policies",
        "Id: ",
    ] {
        assert!(block.contains(part), "{part}: {block}");
    }
    page.assert_says(
        "Your role, Member, can't change the organization's settings. Owners and admins can.",
    );
    // A stranger's block names nothing of what they asked for.
    let block = acme
        .otto
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(404)
        .all("#support")
        .join(" ");
    assert!(!block.contains("Acme") && block.contains("Id: "), "{block}");
}
