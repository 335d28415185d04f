//! Linking: an existing workspace, or a new one in the same form.

use super::{assert_counts, give, in_acme, standalone};
use crate::support::house::Settings;
use crate::support::{House, acme};
use serde_json::json;

#[tokio::test]
async fn s1_20_s1_103_an_existing_workspace_is_linked_or_a_new_one_created_in_the_same_form() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.alice, "Lab").await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    assert!(page.has("a[href='/orgs/acme-corp/workspaces/link']"));
    let page = acme
        .alice
        .get("/orgs/acme-corp/workspaces/link")
        .await
        .assert_status(200);
    page.assert_says("Lab")
        .assert_says("All of them are members of Acme Corp.")
        .assert_says("Create a new one");
    let page = acme
        .alice
        .submit("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(200);
    page.assert_says("Lab is linked to Acme Corp.");
    let page = acme
        .alice
        .submit(
            "/orgs/acme-corp/workspaces/link",
            &[
                ("workspace", "new"),
                ("name", "Production"),
                ("label", "Live"),
            ],
        )
        .await;
    assert_eq!(page.all("tbody td:first-child"), ["Lab", "Production"]);
    acme.alice
        .get(&format!("/workspaces/{lab}/overview"))
        .await
        .assert_says("A workspace of Acme Corp");
    let wrong = acme
        .alice
        .post(
            "/orgs/acme-corp/workspaces/link",
            &[("workspace", "new"), ("name", " ")],
        )
        .await
        .assert_status(422);
    assert!(wrong.has("#name-error"));
    let wrong = acme
        .alice
        .post("/orgs/acme-corp/workspaces/link", &[])
        .await
        .assert_status(422);
    assert!(wrong.has("#workspace-error"));
    // Over the API, to the letter.
    let client = house.client("alice@acme.test").await;
    let org = client.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let other = standalone(&mut acme.alice, "Lab").await;
    let answer = client
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "workspace_id": other }),
        )
        .await
        .assert_status(201);
    assert_eq!(answer.json["id"], other.as_str());
    assert_eq!(
        answer.json["slug"], "lab-2",
        "the first one has the slug already"
    );
    assert_eq!(answer.json["organization_id"], org.as_str());
    for wrong in [json!({}), json!({ "workspace_id": other, "name": "Lab" })] {
        client
            .post(&format!("/organizations/{org}/workspaces"), wrong)
            .await
            .assert_status(422);
    }
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_22_e9_a_workspace_of_another_organization_is_listed_disabled_and_refused() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    // Otto has Globex and is an admin of Acme too.
    house
        .add_member(
            "acme-corp",
            "otto@globex.test",
            "Otto Lang",
            roster::access::OrgRole::Admin,
        )
        .await;
    let created = acme
        .otto
        .post("/orgs/globex/workspaces/new", &[("name", "Reactor")])
        .await
        .assert_status(303);
    let reactor = super::id_of(&created.location());
    let guest = standalone(&mut acme.alice, "Alice's own").await;
    give(&house, &guest, "otto@globex.test", "direct", "member").await;
    let page = acme
        .otto
        .get("/orgs/acme-corp/workspaces/link")
        .await
        .assert_status(200);
    assert!(
        page.has(&format!("input[value='{reactor}'][disabled]"))
            && page.has(&format!("input[value='{guest}'][disabled]"))
    );
    page.assert_says("Reactor already belongs to another organization, Globex.")
        .assert_says("Only owners and admins of Alice's own may link it.");
    let refused = acme
        .otto
        .post(
            "/orgs/acme-corp/workspaces/link",
            &[("workspace", &reactor)],
        )
        .await
        .assert_status(409);
    refused.assert_says("already belongs to another organization");
    acme.otto
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &guest)])
        .await
        .assert_status(403);
    // Who has nothing to do with it learns nothing of it.
    for unknown in [reactor.as_str(), "ws_nowhere"] {
        acme.alice
            .post("/orgs/acme-corp/workspaces/link", &[("workspace", unknown)])
            .await
            .assert_status(404);
    }
    let client = house.client("otto@globex.test").await;
    let orgs = client.get("/organizations").await.json;
    let acme_id = orgs["data"]
        .as_array()
        .expect("organizations")
        .iter()
        .find(|o| o["slug"] == "acme-corp")
        .expect("Acme")["id"]
        .clone();
    let path = format!(
        "/organizations/{}/workspaces",
        acme_id.as_str().expect("an id")
    );
    client
        .post(&path, json!({ "workspace_id": reactor }))
        .await
        .assert_problem(409, "workspace_in_other_organization");
    let own = in_acme(&mut acme.alice, "Production").await;
    let client = house.client("alice@acme.test").await;
    client
        .post(&path, json!({ "workspace_id": own }))
        .await
        .assert_problem(409, "workspace_linked_already");
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_21_e7_only_owners_and_admins_link() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        assert!(
            !browser
                .get("/orgs/acme-corp/workspaces")
                .await
                .has("a[href$='/workspaces/link']")
        );
        browser
            .get("/orgs/acme-corp/workspaces/link")
            .await
            .assert_status(403);
        browser
            .post("/orgs/acme-corp/workspaces/link", &[])
            .await
            .assert_status(403);
    }
    let page = acme.bill.get("/orgs/acme-corp/workspaces/link").await;
    page.assert_says("Your role manages billing only. Ask an owner for a workspace role.");
    acme.otto
        .get("/orgs/acme-corp/workspaces/link")
        .await
        .assert_status(404);
    let lab = standalone(&mut acme.bob, "Lab").await;
    acme.bob
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn s1_3_people_of_a_linked_workspace_become_members_and_the_form_says_so_before() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.alice, "Lab").await;
    give(&house, &lab, "xenia@nowhere.test", "direct", "admin").await;
    give(&house, &lab, "vera@acme.test", "direct", "member").await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/workspaces/link")
        .await
        .assert_status(200);
    page.assert_says("3 people have it. 1 of them becomes a member of Acme Corp: xenia.")
        .assert_says("1 person is a viewer of Acme Corp and can only read from then on.");
    acme.xenia
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    acme.alice
        .submit("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_says("1 person became a member.");
    let mail = house
        .mailbox
        .wait_for("xenia@nowhere.test", "You are now a member of Acme Corp")
        .await;
    assert!(
        mail.text.contains("linked the workspace Lab"),
        "{}",
        mail.text
    );
    acme.xenia
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    assert_eq!(
        acme.xenia
            .get(&format!("/workspaces/{lab}/overview"))
            .await
            .all("main dl dd")[0],
        "Admin",
        "her role is what it was"
    );
    assert_eq!(
        acme.vera
            .get(&format!("/workspaces/{lab}/overview"))
            .await
            .all("main dl dd")[0],
        "Viewer"
    );
    assert_counts(&house).await;
}

#[tokio::test]
async fn s2_14_whom_the_linker_could_not_invite_is_not_brought_in() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.bob, "Lab").await;
    give(&house, &lab, "xenia@nowhere.test", "direct", "member").await;
    house
        .execute("UPDATE organizations SET invite_domains = 'acme.test' WHERE slug = 'acme-corp'")
        .await;
    let page = acme
        .bob
        .get("/orgs/acme-corp/workspaces/link")
        .await
        .assert_status(200);
    page.assert_says(
        "xenia would become members of Acme Corp, which takes only addresses at acme.test.",
    );
    acme.bob
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(409);
    house.execute("UPDATE organizations SET invite_domains = '', who_invites = 'owners' WHERE slug = 'acme-corp'").await;
    acme.bob
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(403);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NOT NULL")
            .await,
        0
    );
    // With nobody to bring in, it is only about the workspace.
    house
        .execute("DELETE FROM access WHERE role = 'member'")
        .await;
    acme.bob
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn s2_23_with_one_organization_for_each_account_nobody_is_pulled_out_of_theirs() {
    let house = House::start_with(Settings::new().set("--membership", "one")).await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.alice, "Lab").await;
    give(&house, &lab, "otto@globex.test", "direct", "member").await;
    let page = acme
        .alice
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &lab)])
        .await
        .assert_status(409);
    let page = page.assert_says("1 person of the workspace is in another organization already");
    assert!(
        !page.text().contains("Globex"),
        "which organization is nobody's business"
    );
    acme.otto
        .get("/orgs/globex/members")
        .await
        .assert_status(200);
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_22_two_organizations_that_link_one_workspace_at_once_do_not_both_get_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .add_member(
            "acme-corp",
            "otto@globex.test",
            "Otto Lang",
            roster::access::OrgRole::Admin,
        )
        .await;
    for org in ["acme-corp", "globex"] {
        house.set_plan(org, "enterprise").await;
    }
    for round in 0..20 {
        let lab = standalone(&mut acme.otto, "Lab").await;
        let mut tab = acme.otto.another_tab();
        let fields = [("workspace", lab.as_str())];
        let (first, second) = tokio::join!(
            acme.otto.post("/orgs/acme-corp/workspaces/link", &fields),
            tab.post("/orgs/globex/workspaces/link", &fields)
        );
        let mut said = [first.status, second.status];
        said.sort();
        assert_eq!(said, [303, 409], "round {round}");
    }
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NOT NULL")
            .await,
        20
    );
    assert_counts(&house).await;
}
