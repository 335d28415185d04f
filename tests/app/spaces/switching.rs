//! The active workspace: named, chosen, switched, and never changed behind anybody's back.

use super::{assert_counts, give, id_of, in_acme, standalone};
use crate::support::database::Database;
use crate::support::wire::with_headers;
use crate::support::{House, Settings, acme};

#[tokio::test]
async fn s1_13_an_organization_created_from_a_workspace_has_it_as_its_first() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.xenia, "Lab").await;
    give(&house, &lab, "carol@acme.test", "direct", "member").await;
    let settings = acme.xenia.get(&format!("/workspaces/{lab}/settings")).await;
    let create = settings
        .attribute("main a[href^='/orgs/new']", "href")
        .expect("a way to create one");
    let form = acme.xenia.get(&create).await.assert_status(200);
    assert_eq!(
        form.attribute("input[name=workspace]", "value").as_deref(),
        Some(lab.as_str())
    );
    acme.xenia
        .post("/orgs/new", &[("name", "Xenia Corp"), ("workspace", &lab)])
        .await
        .assert_status(303);
    let page = acme
        .xenia
        .get("/orgs/xenia-corp/workspaces")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody td:first-child"), ["Lab"]);
    acme.carol
        .get("/orgs/xenia-corp/members")
        .await
        .assert_status(200);
    // Somebody else's workspace, or one in an organization, makes none.
    let other = standalone(&mut acme.otto, "Reactor").await;
    acme.xenia
        .post("/orgs/new", &[("name", "Second"), ("workspace", &other)])
        .await
        .assert_status(404);
    acme.xenia
        .post("/orgs/new", &[("name", "Second"), ("workspace", &lab)])
        .await
        .assert_status(409);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM organizations WHERE slug = 'second'")
            .await,
        0
    );
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_13_an_organization_whose_first_workspace_can_not_be_linked_is_not_made_at_all() {
    let house = House::start_with(Settings::new().set("--membership", "one")).await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.xenia, "Lab").await;
    give(&house, &lab, "carol@acme.test", "direct", "member").await;
    let mut database = Database::open(&house.database_url).await;
    let before = database.fingerprint().await;
    let refused = acme
        .xenia
        .post("/orgs/new", &[("name", "Xenia Corp"), ("workspace", &lab)])
        .await
        .assert_status(409);
    refused.assert_says("1 person of the workspace is in another organization already");
    assert_eq!(
        database.fingerprint().await,
        before,
        "neither organization nor link"
    );
    acme.xenia
        .get(&format!("/workspaces/{lab}/overview"))
        .await
        .assert_status(200);
}

#[tokio::test]
async fn s5_5_e12_without_an_active_workspace_there_is_a_picker_with_what_can_be_opened() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    in_acme(&mut acme.alice, "Staging").await;
    give(
        &house,
        &production,
        "carol@acme.test",
        "organization",
        "member",
    )
    .await;
    assert_eq!(
        acme.carol
            .get("/workspaces/active/members")
            .await
            .assert_status(303)
            .location(),
        "/workspaces"
    );
    let page = acme.carol.get("/workspaces").await.assert_status(200);
    assert_eq!(
        page.all("tbody td:first-child a"),
        ["Production"],
        "nothing that she can't open"
    );
    acme.carol
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(200);
    assert_eq!(
        acme.carol
            .get("/workspaces/active/members")
            .await
            .location(),
        format!("/workspaces/{production}/members")
    );
    acme.carol.get("/workspaces").await.assert_says("open now");
    acme.vera
        .get("/workspaces")
        .await
        .assert_status(200)
        .assert_says("An organization role opens no workspace by itself.");
    acme.bill
        .get("/workspaces")
        .await
        .assert_says("Your role manages billing only. Ask an owner for a workspace role.");
    acme.xenia
        .get("/workspaces")
        .await
        .assert_says("No workspace is yours to open yet");
}

#[tokio::test]
async fn s5_8_s5_9_s5_10_s5_14_the_menu_switches_organization_and_workspace_and_role_changes_move_nothing()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (a, b) = (
        in_acme(&mut acme.alice, "A").await,
        in_acme(&mut acme.alice, "B").await,
    );
    house
        .add_member(
            "acme-corp",
            "otto@globex.test",
            "Otto Lang",
            roster::access::OrgRole::Member,
        )
        .await;
    give(&house, &a, "otto@globex.test", "organization", "member").await;
    give(&house, &b, "otto@globex.test", "organization", "member").await;
    let reactor = id_of(
        &acme
            .otto
            .post("/orgs/globex/workspaces/new", &[("name", "Reactor")])
            .await
            .location(),
    );
    // The first that he can open, then the one he had open last; each time it says which.
    acme.otto
        .open("/orgs/acme-corp/switch")
        .await
        .assert_status(200)
        .assert_says("You are in Acme Corp, in the workspace A.");
    acme.otto
        .get(&format!("/workspaces/{b}/overview"))
        .await
        .assert_status(200);
    let page = acme
        .otto
        .open("/orgs/globex/switch")
        .await
        .assert_says("You are in Globex, in the workspace Reactor.");
    assert!(
        page.all("summary.who")[0].contains("Globex")
            && page.all("summary.who")[0].contains("in Reactor")
    );
    let page = acme
        .otto
        .open("/orgs/acme-corp/switch")
        .await
        .assert_says("You are in Acme Corp, in the workspace B.");
    // The menu offers the organizations first, then the workspaces of this one, last used first.
    assert!(page.has("nav.panel a[href='/orgs/globex/switch']"));
    assert_eq!(
        page.all("nav.panel a[href^='/workspaces/ws'] .grow"),
        ["B", "A"]
    );
    assert!(!page.has(&format!("nav.panel a[href*='{reactor}']")));
    // The active workspace stays named on pages about the organization, and a change of role moves nothing.
    let named = |page: &crate::support::Page| page.all("summary.who")[0].contains("in B");
    assert!(named(&acme.otto.get("/orgs/acme-corp/members").await));
    let otto = acme.member_id("otto@globex.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{otto}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_status(303);
    assert!(named(&acme.otto.get("/orgs/acme-corp/members").await));
    assert!(!named(&acme.otto.get("/orgs/globex/members").await));
    // What he loses is not switched to.
    house
        .execute(&format!("DELETE FROM access WHERE workspace_id = '{b}'"))
        .await;
    acme.otto
        .open("/orgs/acme-corp/switch")
        .await
        .assert_says("You are in Acme Corp, in the workspace A.");
    acme.vera
        .open("/orgs/acme-corp/switch")
        .await
        .assert_says("None of its workspaces is yours to open yet.");
}

#[tokio::test]
async fn e3_a_link_into_another_of_ones_workspaces_asks_before_it_switches() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (a, b) = (
        in_acme(&mut acme.alice, "Workspace A").await,
        in_acme(&mut acme.alice, "Workspace B").await,
    );
    let hidden = in_acme(&mut acme.bob, "Bob's own").await;
    acme.alice
        .get(&format!("/workspaces/{a}/overview"))
        .await
        .assert_status(200);
    let from_mail = [("sec-fetch-site", "cross-site")];
    let page = with_headers(
        &house,
        &acme.alice,
        "GET",
        &format!("/workspaces/{b}/members"),
        &from_mail,
    )
    .await;
    let page = page
        .assert_status(200)
        .assert_says("You are in Workspace A. This is in Workspace B.")
        .assert_says("Switch and continue");
    assert_eq!(
        page.attribute(".sheet a.primary", "href"),
        Some(format!("/workspaces/{b}/members"))
    );
    let page = with_headers(
        &house,
        &acme.alice,
        "GET",
        &format!("/workspaces/{a}/members"),
        &from_mail,
    )
    .await;
    page.assert_says("Members of Workspace A");
    let page = with_headers(
        &house,
        &acme.alice,
        "GET",
        &format!("/workspaces/{hidden}/overview"),
        &from_mail,
    )
    .await;
    page.assert_status(404);
    // From our own pages it is meant.
    acme.alice
        .get(&format!("/workspaces/{b}/members"))
        .await
        .assert_says("Members of Workspace B");
}

/// Document 004: an organization admin enters a child workspace without a row.
#[tokio::test]
async fn s5_11_s5_12_an_organization_admin_enters_a_child_workspace_and_the_log_says_so_once() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let links = in_acme(&mut acme.alice, "Links").await;
    let path = format!("/workspaces/{links}/overview");
    acme.bob.get(&path).await.assert_status(404);
    house
        .execute("UPDATE organizations SET admins_enter = TRUE")
        .await;
    let before = house.count("SELECT COUNT(*) FROM access").await;
    for _ in 0..3 {
        acme.bob
            .get(&path)
            .await
            .assert_status(200)
            .assert_says("via your organization role");
    }
    let page = acme.bob.get("/orgs/acme-corp/members").await;
    assert!(
        page.all("summary.who")[0].contains("in Links"),
        "it is the active one"
    );
    assert_eq!(
        house.count("SELECT COUNT(*) FROM access").await,
        before,
        "entering makes no row"
    );
    let entered =
        "SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.entered_via_org_role'";
    assert_eq!(house.count(entered).await, 1, "once for this session");
    house
        .sign_in("bob@acme.test")
        .await
        .get(&path)
        .await
        .assert_status(200);
    assert_eq!(house.count(entered).await, 2, "and once for the next");
    // Who has a role of their own is not said to have come in by another.
    acme.alice.get(&path).await.assert_status(200);
    assert_eq!(house.count(entered).await, 2);
    for browser in [
        &mut acme.carol,
        &mut acme.bill,
        &mut acme.vera,
        &mut acme.otto,
    ] {
        browser.get(&path).await.assert_status(404);
    }
    // He administers it: its settings and its people.
    acme.bob
        .post(
            &format!("/workspaces/{links}/settings"),
            &[("name", "Short links")],
        )
        .await
        .assert_status(303);
    house
        .execute("UPDATE organizations SET admins_enter = FALSE")
        .await;
    acme.bob.get(&path).await.assert_status(404);
}

#[tokio::test]
async fn s5_11_s5_12_entering_over_the_api_is_written_down_once_for_each_token_and_workspace() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (links, domains) = (
        in_acme(&mut acme.alice, "Links").await,
        in_acme(&mut acme.alice, "Domains").await,
    );
    let bob = house.client("bob@acme.test").await;
    bob.get(&format!("/workspaces/{links}/resources"))
        .await
        .assert_status(404);
    house
        .execute("UPDATE organizations SET admins_enter = TRUE")
        .await;
    let entered = "SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.entered_via_org_role' AND actor_kind = 'token'";
    for _ in 0..2 {
        bob.get(&format!("/workspaces/{links}/resources"))
            .await
            .assert_status(200);
        bob.put(
            &format!("/workspaces/{links}"),
            serde_json::json!({ "label": "EMEA" }),
        )
        .await
        .assert_status(200);
    }
    assert_eq!(house.count(entered).await, 1, "once for this token");
    bob.get(&format!("/workspaces/{domains}"))
        .await
        .assert_status(200);
    assert_eq!(
        house.count(entered).await,
        2,
        "and once for the other workspace"
    );
    house
        .client("bob@acme.test")
        .await
        .get(&format!("/workspaces/{links}"))
        .await
        .assert_status(200);
    assert_eq!(house.count(entered).await, 3, "and once for the next token");
    // Neither who has a role of their own, nor who can't come in.
    house
        .client("alice@acme.test")
        .await
        .get(&format!("/workspaces/{links}"))
        .await
        .assert_status(200);
    house
        .client("carol@acme.test")
        .await
        .get(&format!("/workspaces/{links}"))
        .await
        .assert_status(404);
    assert_eq!(house.count(entered).await, 3);
    acme.alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_says("Bob Tanaka came into Links by organization role");
}
