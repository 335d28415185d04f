//! Personal pages, and what somebody gets at the first sign-in.

use crate::support::{House, Settings, acme};
use serde_json::json;

#[tokio::test]
async fn s5_2_a_new_name_shows_everywhere_at_once() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme.carol.get("/account/profile").await.assert_status(200);
    assert_eq!(
        page.attribute("#name", "value").as_deref(),
        Some("Carol Reyes")
    );
    let page = acme
        .carol
        .submit("/account/profile", &[("name", "  Carol Reyes-Lind ")])
        .await
        .assert_status(200);
    page.assert_says("You are Carol Reyes-Lind now.");
    let page = acme
        .alice
        .get("/orgs/acme-corp/members?q=reyes-lind")
        .await
        .assert_status(200);
    assert_eq!(
        page.all("tbody tr").len(),
        1,
        "the directory finds her by the new name"
    );
    acme.carol
        .get("/account/activity")
        .await
        .assert_says("Carol Reyes changed their name from Carol Reyes to Carol Reyes-Lind");
    for bad in ["", "\u{200b}", &"x".repeat(81)] {
        let page = acme
            .carol
            .post("/account/profile", &[("name", bad)])
            .await
            .assert_status(422);
        assert!(page.has("#name-error"));
    }
    acme.carol
        .post("/account/profile", &[("name", "Carol Reyes-Lind")])
        .await
        .assert_status(303);
    let events = house
        .count("SELECT COUNT(*) FROM audit_events WHERE action = 'account.renamed'")
        .await;
    assert_eq!(events, 1, "the same name again is no change");
}

#[tokio::test]
async fn sec_w5_a_name_with_markup_stays_text_on_every_page() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let name = "<img src=x onerror=alert(1)>\"'";
    acme.alice
        .post("/account/profile", &[("name", name)])
        .await
        .assert_status(303);
    acme.alice
        .post(
            "/orgs/acme-corp/settings",
            &[("name", name), ("slug", "acme-corp")],
        )
        .await
        .assert_status(303);
    let page = acme
        .alice
        .post(
            "/orgs/acme-corp/workspaces/new",
            &[("name", name), ("label", "<b>")],
        )
        .await
        .assert_status(303);
    let carol = acme.member_id("carol@acme.test").await;
    let transfer = format!("/orgs/acme-corp/settings/transfer/{carol}");
    for path in [
        page.location().as_str(),
        "/account/profile",
        "/account/organizations",
        "/account/activity",
        "/orgs/acme-corp/workspaces",
        "/orgs/acme-corp/settings",
        "/orgs/acme-corp/settings/delete",
        "/orgs/acme-corp/settings/transfer",
        transfer.as_str(),
        "/orgs/acme-corp/policies",
        "/orgs/acme-corp/roles",
    ] {
        let page = acme.alice.get(path).await.assert_status(200);
        assert!(
            !page.body.contains("<img") && !page.has("main b b"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn s2_15_a_persons_organizations_are_listed_and_left_from_there_but_for_the_last_owner() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .carol
        .get("/account/organizations")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody td[data-label='Your role']"), ["Member"]);
    assert!(page.has("a[href='/orgs/acme-corp/settings/leave']"));
    let page = acme
        .alice
        .get("/account/organizations")
        .await
        .assert_status(200);
    assert!(!page.has("a[href$='/settings/leave']"));
    assert!(
        page.has("a[href='/orgs/acme-corp/settings/transfer']"),
        "the way out"
    );
    page.assert_says("You are the only owner. Make someone else owner first.");
    acme.xenia
        .get("/account/organizations")
        .await
        .assert_status(200)
        .assert_says("You are in no organization");
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/suspend"), &[])
        .await
        .assert_status(303);
    let page = acme
        .carol
        .get("/account/organizations")
        .await
        .assert_status(200);
    assert!(
        !page.has("main a[href='/orgs/acme-corp/members']"),
        "nothing there opens"
    );
    let page = page.assert_says("You are suspended there");
    acme.carol
        .get("/orgs/acme-corp/settings")
        .await
        .assert_status(404);
    // All that is left to them is to go.
    let leave = page.attribute("main td.acts a", "href").expect("a way out");
    acme.carol
        .get(&leave)
        .await
        .assert_status(200)
        .assert_says("Your role, Member")
        .assert_says("Stay");
    acme.carol
        .submit(&leave, &[])
        .await
        .assert_status(200)
        .assert_says("You left Acme Corp.");
    acme.carol.get(&leave).await.assert_status(404);
    acme.alice
        .get("/orgs/acme-corp/members?q=carol")
        .await
        .assert_says("Nobody matches");
}

#[tokio::test]
async fn the_name_and_the_appearance_are_changed_by_call_together_or_not_at_all() {
    let house = House::start().await;
    house.sign_in("xenia@nowhere.test").await;
    let client = house.client("xenia@nowhere.test").await;
    client
        .put("/me", json!({ "name": "\u{200b}", "theme": "dark" }))
        .await
        .assert_problem(422, "invalid");
    client
        .put("/me", json!({ "name": "Xenia Vale", "theme": "sepia" }))
        .await
        .assert_problem(422, "invalid");
    let before = client.get("/me").await.assert_status(200).json;
    assert_eq!(
        (&before["name"], &before["theme"]),
        (&json!("xenia"), &json!("auto"))
    );
    let after = client
        .put("/me", json!({ "name": "Xenia Vale", "theme": "dark" }))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (&after["name"], &after["theme"]),
        (&json!("Xenia Vale"), &json!("dark"))
    );
    let events = house.count("SELECT COUNT(*) FROM audit_events WHERE action IN ('account.renamed', 'account.theme_changed')").await;
    assert_eq!(events, 2);
}

#[tokio::test]
async fn s5_2_the_appearance_holds_on_every_page_and_device() {
    let house = House::start().await;
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    for (theme, drawn) in [("dark", "dark"), ("light", "light"), ("auto", "light dark")] {
        xenia
            .submit("/account/appearance", &[("theme", theme)])
            .await
            .assert_status(200);
        let mut phone = house.sign_in("xenia@nowhere.test").await;
        let page = phone.get("/account/appearance").await;
        assert_eq!(page.attribute("html", "data-theme").as_deref(), Some(drawn));
        assert_eq!(
            page.attribute("input[name=theme][checked]", "value")
                .as_deref(),
            Some(theme)
        );
    }
    xenia
        .post("/account/appearance", &[("theme", "pink")])
        .await
        .assert_status(422);
}

#[tokio::test]
async fn s1_49_ones_own_activity_is_paged_and_ends_where_the_membership_ends() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for n in 0..52 {
        acme.carol
            .post("/account/profile", &[("name", &format!("Carol {n:02}"))])
            .await
            .assert_status(303);
    }
    let page = acme.carol.get("/account/activity").await.assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 50);
    assert!(page.all("tbody tr")[0].contains("to Carol 51"));
    let older = page.attribute("a[rel=next]", "href").expect("older events");
    let page = acme.carol.get(&older).await.assert_status(200);
    assert!(
        page.all("tbody tr").len() >= 2 && !page.has("a[rel=next]"),
        "{}",
        page.text()
    );
    let bob = acme.member_id("bob@acme.test").await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.bob
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "viewer")],
        )
        .await
        .assert_status(303);
    acme.bob
        .get("/account/activity")
        .await
        .assert_says("from member to viewer");
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/remove"), &[])
        .await
        .assert_status(303);
    let page = acme.bob.get("/account/activity").await.assert_status(200);
    assert!(
        !page.text().contains("from member to viewer"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn s2_1_the_first_sign_in_gives_a_personal_organization_with_its_owner() {
    let house = House::start_with(Settings::new().set("--first-sign-in", "organization")).await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let page = alice.open("/").await.assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 1);
    assert!(page.all("tbody tr")[0].contains("Owner"), "{}", page.text());
    let mut again = house.sign_in("alice@acme.test").await;
    assert_eq!(
        again
            .get("/account/organizations")
            .await
            .all("tbody td[data-label='Your role']"),
        ["Owner"],
        "once"
    );
    // Another Alice gets the next slug.
    let mut other = house.sign_in("alice@globex.test").await;
    other.open("/").await.assert_status(200);
    assert_eq!(
        house.count("SELECT COUNT(*) FROM organizations WHERE slug IN ('alice', 'alice-2') AND personal_user_id IS NOT NULL").await,
        2
    );
    let events = house.count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.created' AND actor_kind = 'user'").await;
    assert_eq!(events, 2);
}

#[tokio::test]
async fn s2_1_at_the_same_moment_two_people_of_one_name_get_an_organization_each() {
    let house = House::start_with(Settings::new().set("--first-sign-in", "organization")).await;
    let names: Vec<String> = (0..6).map(|n| format!("sam@x{n}.test")).collect();
    let signing_in = names.iter().map(|email| house.sign_in(email));
    futures::future::join_all(signing_in).await;
    assert_eq!(
        house
            .count("SELECT COUNT(DISTINCT slug) FROM organizations")
            .await,
        6
    );
}

#[tokio::test]
async fn s1_9_the_first_sign_in_gives_a_workspace_of_ones_own() {
    let house = House::start_with(Settings::new().set("--first-sign-in", "workspace")).await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let page = alice.open("/").await.assert_status(200);
    assert_eq!(page.all("main h1"), ["alice's workspace"]);
    assert_eq!(page.all("main dl dd")[0], "Owner");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE source = 'direct' AND role = 'owner'")
            .await,
        1
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.created'")
            .await,
        1
    );
}
