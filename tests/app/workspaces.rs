//! Workspaces: made, listed, opened, and kept when their organization goes.

use crate::support::{Acme, Browser, House, Page, acme};

/// Makes a workspace in Acme Corp and gives its path.
async fn create(browser: &mut Browser, name: &str, label: &str) -> String {
    let page = browser
        .post(
            "/orgs/acme-corp/workspaces/new",
            &[("name", name), ("label", label)],
        )
        .await
        .assert_status(303);
    page.location()
}

fn names(page: &Page) -> Vec<String> {
    page.all("tbody td:first-child")
}

/// Gives Carol and Bob what an admin gives: Carol a role of her own and one by the organization in Production, Bob one by
/// the organization in EMEA.
async fn give_access(house: &House) {
    house
        .execute(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
             SELECT w.id, u.id, s.source, s.role, 0 FROM workspaces w, users u,
                (SELECT 'Production' AS w, 'carol@acme.test' AS u, 'direct' AS source, 'viewer' AS role
                 UNION ALL SELECT 'Production', 'carol@acme.test', 'organization', 'admin'
                 UNION ALL SELECT 'EMEA', 'bob@acme.test', 'organization', 'member') s
             WHERE w.name = s.w AND u.email = s.u",
        )
        .await;
    house
        .execute("UPDATE workspaces SET people = (SELECT COUNT(DISTINCT a.user_id) FROM access a WHERE a.workspace_id = workspaces.id)")
        .await;
}

#[tokio::test]
async fn s1_1_s1_6_an_organization_lists_its_workspaces_with_their_labels() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200)
        .assert_says("No workspace yet");
    for (name, label) in [
        ("production", "Production"),
        ("EMEA", ""),
        ("Staging", "Test"),
    ] {
        create(&mut acme.alice, name, label).await;
    }
    let page = acme
        .alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    assert_eq!(
        names(&page),
        ["EMEA", "production", "Staging"],
        "by name, whatever its case"
    );
    assert_eq!(page.all("tbody .tag"), ["Production", "Test"]);
    page.assert_says("3 workspaces in all");
    // The counts beside the rows follow.
    let members = acme.alice.get("/orgs/acme-corp/members?q=alice").await;
    assert!(members.text().contains("3 of 3"), "{}", members.text());
    let wrong = acme
        .alice
        .post(
            "/orgs/acme-corp/workspaces/new",
            &[("name", " "), ("label", &"x".repeat(41))],
        )
        .await
        .assert_status(422);
    assert!(wrong.has("#name-error") && wrong.has("#label-error"));
    assert_eq!(house.count("SELECT COUNT(*) FROM workspaces").await, 3);
}

#[tokio::test]
async fn s1_110_workspace_roles_and_people_are_reached_from_the_organization_and_groups_are_not_built()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    create(&mut acme.alice, "Production", "").await;
    let list = acme
        .alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    let overview = list
        .attribute("tbody a[href^='/workspaces/']", "href")
        .expect("the row leads to the workspace");
    let page = acme.alice.get(&overview).await.assert_status(200);
    assert!(
        page.text().contains("alice") && page.text().contains("Owner"),
        "who is in it, as what: {}",
        page.text()
    );
    for later in ["groups", "filters"] {
        acme.alice
            .get(&format!("/orgs/acme-corp/{later}"))
            .await
            .assert_status(404);
    }
}

#[tokio::test]
async fn s1_12_two_workspaces_of_one_name_get_slugs_of_their_own() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    for _ in 0..12 {
        create(&mut acme.alice, "Production", "").await;
    }
    assert_eq!(
        house
            .count("SELECT COUNT(DISTINCT slug) FROM workspaces")
            .await,
        12
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM workspaces WHERE slug IN ('production', 'production-2', 'production-12')").await, 3);
}

#[tokio::test]
async fn s1_30_s1_31_s3_7_workspaces_are_created_by_owners_and_admins_only() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    create(&mut acme.bob, "By an admin", "").await;
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        assert!(
            !browser
                .get("/orgs/acme-corp/workspaces")
                .await
                .has("a[href$='/workspaces/new']")
        );
        browser
            .get("/orgs/acme-corp/workspaces/new")
            .await
            .assert_status(403);
        browser
            .post("/orgs/acme-corp/workspaces/new", &[("name", "Mine")])
            .await
            .assert_status(403);
    }
    let page = acme
        .bill
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Mine")])
        .await
        .assert_status(403);
    page.assert_says("Your role manages billing only. Ask an owner for a workspace role.");
    acme.otto
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Mine")])
        .await
        .assert_status(404);
    assert_eq!(house.count("SELECT COUNT(*) FROM workspaces").await, 1);
}

#[tokio::test]
async fn s1_3_sec_z1_a_workspace_opens_for_those_with_a_role_and_is_nowhere_for_others() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.alice, "Production", "Live").await;
    let emea = create(&mut acme.alice, "EMEA", "").await;
    give_access(&house).await;
    let page = acme.carol.get(&production).await.assert_status(200);
    assert_eq!(page.all("main h1"), ["Production Live"]);
    page.assert_says("A workspace of Acme Corp")
        .assert_says("2 people in all")
        .assert_says("Carol Reyes");
    let strangers = [
        &mut acme.carol,
        &mut acme.vera,
        &mut acme.bill,
        &mut acme.otto,
        &mut acme.xenia,
    ];
    for browser in strangers {
        let missing = browser
            .open("/workspaces/ws_nowhere")
            .await
            .assert_status(404);
        let page = browser.get(&emea).await.assert_status(404);
        assert_eq!(
            page.all(".sheet h1, .sheet p"),
            missing.all(".sheet h1, .sheet p"),
            "the same answer as for one that was never there"
        );
    }
    assert_eq!(
        names(&acme.carol.get("/orgs/acme-corp/workspaces").await),
        ["Production"]
    );
    acme.vera
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200)
        .assert_says("None is yours yet");
    // Bob administers the organization: he sees both, and opens the one he has a role in.
    let page = acme
        .bob
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    assert_eq!(names(&page), ["EMEA", "Production"]);
    assert!(page.text().contains("no access"));
    acme.bob.get(&emea).await.assert_status(200);
    acme.bob.get(&production).await.assert_status(404);
    // A suspended member keeps their row and opens nothing.
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/suspend"), &[])
        .await
        .assert_status(303);
    acme.carol.get(&production).await.assert_status(404);
}

#[tokio::test]
async fn s5_11_s5_12_with_the_policy_an_admin_enters_without_a_row_and_the_page_says_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.alice, "Production", "").await;
    acme.bob.get(&production).await.assert_status(404);
    house
        .execute("UPDATE organizations SET admins_enter = TRUE")
        .await;
    let page = acme.bob.get(&production).await.assert_status(200);
    page.assert_says("via your organization role");
    for browser in [
        &mut acme.carol,
        &mut acme.bill,
        &mut acme.vera,
        &mut acme.otto,
    ] {
        browser.get(&production).await.assert_status(404);
    }
    assert_eq!(
        house.count("SELECT COUNT(*) FROM access").await,
        1,
        "entering makes no row"
    );
}

#[tokio::test]
async fn s1_33_a_viewer_of_the_organization_is_no_more_than_viewer_in_a_workspace() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.alice, "Production", "").await;
    give_access(&house).await;
    let role = |page: &Page| page.all("main dl dd")[0].clone();
    assert_eq!(
        role(&acme.carol.get(&production).await),
        "Admin",
        "the higher of her two rows"
    );
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "viewer"), ("confirmed", "yes")],
        )
        .await
        .assert_status(303);
    assert_eq!(role(&acme.carol.get(&production).await), "Viewer");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE role = 'admin'")
            .await,
        1,
        "her row is as it was"
    );
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "member"), ("confirmed", "yes")],
        )
        .await
        .assert_status(303);
    assert_eq!(role(&acme.carol.get(&production).await), "Admin");
}

#[tokio::test]
async fn s5_2_settings_have_three_scopes_and_each_page_stands_under_its_own() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.alice, "Production", "").await;
    let page = acme.alice.get(&production).await.assert_status(200);
    assert_eq!(
        page.all(".navs nav h2"),
        ["Organization", "Workspace", "Personal"]
    );
    assert_eq!(
        page.all(".navs nav[aria-label=Workspace] a[aria-current=page]"),
        ["Overview"]
    );
    for item in ["Roles", "Workspaces", "Policies", "Settings"] {
        assert!(
            page.all(".navs nav[aria-label=Organization] a")
                .iter()
                .any(|a| a.starts_with(item)),
            "{item}"
        );
    }
    for item in ["Profile", "Appearance", "Security"] {
        assert!(
            page.all(".navs nav[aria-label=Personal] a")
                .contains(&item.to_owned()),
            "{item}"
        );
    }
    assert!(
        page.all("summary.who")[0].contains("in Production"),
        "the active workspace is named: {:?}",
        page.all("summary.who")
    );
    let page = acme.alice.get("/orgs/acme-corp/members").await;
    assert_eq!(
        page.all(".navs nav h2"),
        ["Organization", "Personal"],
        "no workspace is active on an organization's page"
    );
}

#[tokio::test]
async fn s1_9_a_workspace_works_without_an_organization() {
    let house = House::start().await;
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    let page = xenia
        .submit("/workspaces/new", &[("name", "Lab"), ("label", "EMEA")])
        .await
        .assert_status(200);
    assert_eq!(page.all(".navs nav h2"), ["Workspace", "Personal"]);
    page.assert_says("Not part of an organization.")
        .assert_says("xenia@nowhere.test");
    let opened = xenia.open("/").await.assert_status(200);
    assert_eq!(
        opened.all("main h1"),
        ["Lab EMEA"],
        "signing in leads to the workspace"
    );
    xenia
        .get("/account/activity")
        .await
        .assert_says("xenia created the workspace Lab");
    let path = xenia
        .get("/account/organizations")
        .await
        .attribute("main a[href^='/workspaces/ws']", "href")
        .expect("a link");
    house
        .sign_in("otto@globex.test")
        .await
        .get(&path)
        .await
        .assert_status(404);
}

/// Each person's workspaces, as their pages list them.
async fn seen(acme: &mut Acme, paths: &[String]) -> Vec<Vec<u16>> {
    let mut all = Vec::new();
    for browser in [
        &mut acme.alice,
        &mut acme.bob,
        &mut acme.carol,
        &mut acme.vera,
        &mut acme.otto,
    ] {
        let mut opens = Vec::new();
        for path in paths {
            opens.push(browser.get(path).await.status);
        }
        all.push(opens);
    }
    all
}

#[tokio::test]
async fn s1_18_s1_19_when_an_organization_is_deleted_nobody_loses_a_workspace() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let paths = [
        create(&mut acme.alice, "Production", "").await,
        create(&mut acme.alice, "EMEA", "").await,
    ];
    give_access(&house).await;
    let before = seen(&mut acme, &paths).await;
    assert_eq!(
        before,
        [
            vec![200, 200],
            vec![404, 200],
            vec![200, 404],
            vec![404, 404],
            vec![404, 404]
        ]
    );
    let page = acme
        .alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200);
    page.assert_says("2 workspaces go on, each by itself")
        .assert_says("2 people keep it: Bob Tanaka and alice");
    acme.alice
        .submit(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_says("Acme Corp is deleted.");
    assert_eq!(
        seen(&mut acme, &paths).await,
        before,
        "everybody opens what they opened before"
    );
    let page = acme.carol.get(&paths[0]).await;
    assert_eq!(
        page.all("main dl dd")[0],
        "Admin",
        "and is there what they were"
    );
    page.assert_says("Not part of an organization.");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NULL AND deleted_at IS NULL")
            .await,
        2
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE source = 'organization'")
            .await,
        0
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM access").await, 4);
}

#[tokio::test]
async fn s1_18_a_workspace_that_nobody_owns_goes_to_who_deletes_the_organization() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let by_bob = create(&mut acme.bob, "By Bob", "").await;
    let empty = create(&mut acme.bob, "Empty", "").await;
    house.execute("DELETE FROM access WHERE workspace_id IN (SELECT id FROM workspaces WHERE name = 'Empty')").await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200);
    assert!(
        page.text().contains("You become owner of Empty")
            && !page.text().contains("owner of By Bob"),
        "{}",
        page.text()
    );
    acme.alice
        .post(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(303);
    acme.alice.get(&empty).await.assert_status(200);
    acme.alice.get(&by_bob).await.assert_status(404);
    acme.bob.get(&by_bob).await.assert_status(200);
    acme.bob.get(&empty).await.assert_status(404);
}

#[tokio::test]
async fn s1_48_s1_63_removal_takes_every_workspace_and_the_counts_follow() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.bob, "Production", "").await;
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .get(&format!("/orgs/acme-corp/members/{bob}/remove"))
        .await
        .assert_says("Production");
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/remove"), &[])
        .await
        .assert_status(303);
    acme.bob.get(&production).await.assert_status(404);
    assert_eq!(house.count("SELECT people FROM workspaces").await, 0);
    assert_eq!(house.count("SELECT COUNT(*) FROM access").await, 0);
}

#[tokio::test]
async fn the_list_of_workspaces_is_paged_and_no_cursor_breaks_it() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    house.set_plan("acme-corp", "enterprise").await;
    for n in 0..52 {
        alice
            .post(
                "/orgs/acme-corp/workspaces/new",
                &[("name", &format!("W {n:02}"))],
            )
            .await
            .assert_status(303);
    }
    let first = alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    assert_eq!(names(&first).len(), 50);
    let next = first.attribute("a[rel=next]", "href").expect("a next page");
    let second = alice.get(&next).await.assert_status(200);
    assert_eq!(names(&second), ["W 50", "W 51"]);
    assert!(!second.has("a[rel=next]"));
    for bad in ["x", "%00", "W10", "WyJhXHUwMDAwIiwiYiJd"] {
        let status = alice
            .get(&format!("/orgs/acme-corp/workspaces?after={bad}"))
            .await
            .status;
        assert!((400..500).contains(&status), "{bad}: {status}");
    }
}

#[tokio::test]
async fn s1_19_who_has_a_custom_role_gets_the_one_that_the_form_names_when_the_organization_goes() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    create(&mut acme.alice, "Production", "").await;
    house
        .execute(
            "INSERT INTO custom_roles (id, org_id, name, sort_name, created_at)
             SELECT 'rol_1', id, 'Reporter', 'reporter', 0 FROM organizations WHERE slug = 'acme-corp'",
        )
        .await;
    house
        .execute(
            "INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at)
             SELECT w.id, u.id, 'organization', 'custom', 'rol_1', 0 FROM workspaces w, users u WHERE u.email = 'carol@acme.test'",
        )
        .await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200);
    assert_eq!(
        page.all("select[name=custom_to] option"),
        ["Viewer", "Member", "Admin", "Owner"]
    );
    let confirm = [("confirm", "Acme Corp"), ("custom_to", "member")];
    acme.alice
        .post("/orgs/acme-corp/settings/delete", &confirm)
        .await
        .assert_status(303);
    let carols = "SELECT COUNT(*) FROM access a JOIN users u ON u.id = a.user_id
         WHERE u.email = 'carol@acme.test' AND a.role = 'member' AND a.source = 'direct'";
    assert_eq!(house.count(carols).await, 1);
}

#[tokio::test]
async fn s1_12_workspaces_of_one_name_are_told_apart_by_their_slugs_where_one_is_chosen_and_when_made()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    create(&mut acme.alice, "EMEA", "").await;
    let first = acme
        .alice
        .submit("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(200);
    assert!(
        !first.text().contains("slug"),
        "nothing to say: {}",
        first.text()
    );
    let second = acme
        .alice
        .submit("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(200);
    second.assert_says("Acme Corp has another workspace of this name. Its slug is production; this one's is production-2.");
    for path in ["/orgs/acme-corp/audit", "/orgs/acme-corp/access/why"] {
        let options = acme
            .alice
            .get(path)
            .await
            .assert_status(200)
            .all("select[name=workspace] option");
        assert_eq!(
            options[1..],
            [
                "EMEA",
                "Production (production)",
                "Production (production-2)"
            ],
            "{path}"
        );
    }
    let third = create(&mut acme.alice, "Other", "").await;
    let settings = third.replace("/overview", "/settings");
    acme.alice
        .submit(&settings, &[("name", "EMEA")])
        .await
        .assert_says("Its slug is emea; this one's is other.");
    let again = acme
        .alice
        .submit(&settings, &[("name", "EMEA"), ("label", "Live")])
        .await
        .assert_status(200);
    assert!(
        !again.text().contains("Its slug is"),
        "only a new name is worth a word: {}",
        again.text()
    );
}

#[tokio::test]
async fn s1_3_the_navigation_counts_the_workspaces_that_one_finds() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = create(&mut acme.alice, "Production", "").await;
    create(&mut acme.alice, "EMEA", "").await;
    let carol = house.client("carol@acme.test").await.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let member = production.replace("overview", &format!("members/{carol}"));
    house
        .client("alice@acme.test")
        .await
        .put(&member, serde_json::json!({ "role": "viewer" }))
        .await
        .assert_status(200);
    let counted = async |browser: &mut Browser| {
        let page = browser
            .get("/orgs/acme-corp/workspaces")
            .await
            .assert_status(200);
        let lines = page
            .all("nav a")
            .into_iter()
            .filter(|line| line.starts_with("Workspaces"));
        (lines.collect::<Vec<_>>().remove(0), names(&page).len())
    };
    assert_eq!(
        counted(&mut acme.alice).await,
        ("Workspaces 2".to_owned(), 2)
    );
    assert_eq!(counted(&mut acme.bob).await, ("Workspaces 2".to_owned(), 2));
    assert_eq!(
        counted(&mut acme.carol).await,
        ("Workspaces 1".to_owned(), 1)
    );
    assert_eq!(
        counted(&mut acme.vera).await,
        ("Workspaces 0".to_owned(), 0)
    );
}
