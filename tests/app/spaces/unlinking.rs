//! Unlinking, deleting, and what is left.

use super::{assert_counts, give, in_acme};
use crate::support::database::Database;
use crate::support::{House, acme};
use serde_json::json;

#[tokio::test]
async fn s1_23_s1_24_s1_25_s1_26_unlinking_keeps_data_and_direct_roles_and_names_who_loses_it_first()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    give(
        &house,
        &production,
        "carol@acme.test",
        "organization",
        "admin",
    )
    .await;
    give(&house, &production, "bob@acme.test", "direct", "member").await;
    give(
        &house,
        &production,
        "bob@acme.test",
        "organization",
        "admin",
    )
    .await;
    house
        .execute(&format!(
            "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, path, name, sort_name, created_at, updated_at)
             SELECT 'res_1', org_id, id, id, 'monitor', 'm1', 'res_1/', 'Monitor', 'monitor', 0, 0 FROM workspaces WHERE id = '{production}'"
        ))
        .await;
    let list = acme
        .alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_status(200);
    let menu = list
        .attribute("tbody .menu a[href$='/unlink']", "href")
        .expect("the row's menu offers it");
    let page = acme.alice.get(&menu).await.assert_status(200);
    page.assert_says("Carol Reyes loses Production (Admin)")
        .assert_says("Bob Tanaka changes from Member and Admin to Member in Production");
    acme.carol
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(200);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NULL")
            .await,
        0,
        "the page changes nothing"
    );
    acme.alice
        .submit(&menu, &[])
        .await
        .assert_says("Production stands alone now.");
    acme.carol
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(404);
    let page = acme
        .bob
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(200);
    assert_eq!(page.all("main dl dd")[0], "Member");
    page.assert_says("Not part of an organization.");
    assert_eq!(
        acme.alice
            .get(&format!("/workspaces/{production}/overview"))
            .await
            .all("main dl dd")[0],
        "Owner"
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM resources WHERE org_id IS NULL AND archived_at IS NULL")
            .await,
        1
    );
    acme.alice
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_says("No workspace yet");
    assert_counts(&house).await;
    // It can come back.
    acme.alice
        .post(
            "/orgs/acme-corp/workspaces/link",
            &[("workspace", &production)],
        )
        .await
        .assert_status(303);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM resources WHERE org_id IS NOT NULL")
            .await,
        1
    );
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_104_the_api_unlinks_with_204_and_ends_custom_roles() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let client = house.client("alice@acme.test").await;
    let org = client.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    house
        .execute(&format!(
            "INSERT INTO custom_roles (id, org_id, name, sort_name, created_at) VALUES ('role_1', '{org}', 'Analyst', 'analyst', 0)"
        ))
        .await;
    for (to, left) in [("", 1), ("?custom_role_to=viewer", 2)] {
        let production = in_acme(&mut acme.alice, "Production").await;
        let sql = format!(
            "INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at)
             SELECT '{production}', id, 'direct', 'custom', 'role_1', 0 FROM users WHERE email = 'carol@acme.test'"
        );
        house.execute(&sql).await;
        give(
            &house,
            &production,
            "vera@acme.test",
            "organization",
            "viewer",
        )
        .await;
        let page = acme
            .alice
            .get(&format!("/orgs/acme-corp/workspaces/{production}/unlink"))
            .await
            .assert_status(200);
        page.assert_says("Carol Reyes loses Production (Analyst)")
            .assert_says("They lose the workspace");
        client
            .delete(&format!(
                "/organizations/{org}/workspaces/{production}?custom_role_to=king"
            ))
            .await
            .assert_status(422);
        client
            .delete(&format!("/organizations/{org}/workspaces/{production}{to}"))
            .await
            .assert_status(204);
        let people = client
            .get(&format!("/workspaces/{production}"))
            .await
            .assert_status(200)
            .json;
        assert_eq!(
            (
                people["people"].as_i64(),
                people["organization_id"].is_null()
            ),
            (Some(left), true)
        );
        client
            .delete(&format!("/organizations/{org}/workspaces/{production}"))
            .await
            .assert_status(404);
    }
    assert_eq!(
        client
            .get(&format!("/organizations/{org}/workspaces"))
            .await
            .json["data"],
        json!([])
    );
    assert_counts(&house).await;
}

#[tokio::test]
async fn sec_z4_a_workspace_that_nobody_owns_is_unlinked_by_an_owner_and_becomes_theirs() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.bob, "Production").await;
    house
        .execute("UPDATE access SET source = 'organization'")
        .await;
    let path = format!("/orgs/acme-corp/workspaces/{production}/unlink");
    // An admin, who can't give the role of owner, doesn't get it in this way.
    acme.bob
        .post(&path, &[])
        .await
        .assert_status(409)
        .assert_says("Ask an owner of Acme Corp to unlink it");
    acme.alice
        .get(&path)
        .await
        .assert_status(200)
        .assert_says("You become its owner");
    acme.alice
        .submit(&path, &[])
        .await
        .assert_says("You are its owner now.");
    acme.bob
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(404);
    assert_eq!(
        acme.alice
            .get(&format!("/workspaces/{production}/overview"))
            .await
            .all("main dl dd")[0],
        "Owner"
    );
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_26_who_was_held_back_by_the_organization_is_named_as_gaining() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    give(&house, &production, "vera@acme.test", "direct", "member").await;
    give(&house, &production, "carol@acme.test", "direct", "viewer").await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/suspend"), &[])
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/workspaces/{production}/unlink"))
        .await
        .assert_status(200);
    page.assert_says("Nobody loses it")
        .assert_says("Vera Lind changes from Viewer to Member in Production")
        .assert_says("Carol Reyes gains Production (Viewer)");
}

#[tokio::test]
async fn s1_27_owners_delete_a_workspace_with_its_name_typed_and_admins_do_not() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    give(
        &house,
        &production,
        "bob@acme.test",
        "organization",
        "admin",
    )
    .await;
    let path = format!("/workspaces/{production}/settings/delete");
    acme.bob
        .get(&path)
        .await
        .assert_status(403)
        .assert_says("Its owners and owners of the organization can.");
    acme.bob
        .post(&path, &[("confirm", "Production")])
        .await
        .assert_status(403);
    acme.carol.get(&path).await.assert_status(404);
    let page = acme.alice.get(&path).await.assert_status(200);
    page.assert_says("2 people lose it");
    acme.alice
        .post(&path, &[("confirm", "production")])
        .await
        .assert_status(422)
        .assert_says("Type the workspace's name, Production");
    acme.alice
        .submit(&path, &[("confirm", "Production")])
        .await
        .assert_says("Production is deleted.");
    for browser in [&mut acme.alice, &mut acme.bob] {
        browser
            .get(&format!("/workspaces/{production}/overview"))
            .await
            .assert_status(404);
        browser
            .get(&format!("/workspaces/{production}/settings"))
            .await
            .assert_status(404);
    }
    assert_eq!(house.count("SELECT COUNT(*) FROM access").await, 0);
    // One that Bob made himself is his to delete, admin of the organization or not.
    let own = in_acme(&mut acme.bob, "Bob's").await;
    acme.bob
        .post(
            &format!("/workspaces/{own}/settings/delete"),
            &[("confirm", "Bob's")],
        )
        .await
        .assert_status(303);
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_2_s1_6_s5_21_a_workspace_is_renamed_by_its_admins_and_the_organizations_and_no_other_changes()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (a, b) = (
        in_acme(&mut acme.alice, "A").await,
        in_acme(&mut acme.alice, "B").await,
    );
    give(&house, &a, "carol@acme.test", "direct", "admin").await;
    give(&house, &b, "carol@acme.test", "direct", "member").await;
    let mut database = Database::open(&house.database_url).await;
    let row = format!("SELECT name || label || slug || revision FROM workspaces WHERE id = '{b}'");
    let before = database.texts(&row).await;
    acme.carol
        .submit(
            &format!("/workspaces/{a}/settings"),
            &[("name", "Europe"), ("label", "EMEA")],
        )
        .await
        .assert_says("Saved.");
    assert_eq!(database.texts(&row).await, before, "the other is as it was");
    acme.carol
        .get(&format!("/workspaces/{b}/settings"))
        .await
        .assert_status(200);
    acme.carol
        .post(&format!("/workspaces/{b}/settings"), &[("name", "Mine")])
        .await
        .assert_status(403);
    // Bob administers the organization and has no role in it himself.
    let page = acme
        .bob
        .get(&format!("/workspaces/{a}/settings"))
        .await
        .assert_status(200);
    page.assert_says("You manage it from the organization")
        .assert_says("Set by Acme Corp")
        .assert_says("set by organization");
    acme.bob
        .post(
            &format!("/workspaces/{a}/settings"),
            &[("name", "Europe"), ("label", "")],
        )
        .await
        .assert_status(303);
    acme.bob
        .get(&format!("/workspaces/{a}/overview"))
        .await
        .assert_status(404);
    let wrong = acme
        .bob
        .post(&format!("/workspaces/{a}/settings"), &[("name", "")])
        .await
        .assert_status(422);
    assert!(wrong.has("#name-error"));
    // Not of a workspace that is not the organization's.
    let alone = super::standalone(&mut acme.alice, "Alone").await;
    acme.bob
        .get(&format!("/workspaces/{alone}/settings"))
        .await
        .assert_status(404);
    acme.bob
        .post(
            &format!("/workspaces/{alone}/settings"),
            &[("name", "Mine")],
        )
        .await
        .assert_status(404);
    let page = acme
        .alice
        .get(&format!("/workspaces/{alone}/settings"))
        .await
        .assert_status(200);
    page.assert_says("This workspace is not part of an organization.")
        .assert_says("Link it to Acme Corp");
}

#[tokio::test]
async fn s1_26_a_role_set_while_the_workspace_is_unlinked_is_never_left_behind() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let client = house.client("bob@acme.test").await;
    let mut database = Database::open(&house.database_url).await;
    let carol = database
        .texts("SELECT id FROM users WHERE email = 'carol@acme.test'")
        .await
        .pop()
        .expect("Carol");
    for round in 0..15 {
        let production = in_acme(&mut acme.alice, "Production").await;
        let unlink = format!("/orgs/acme-corp/workspaces/{production}/unlink");
        let set = format!("/workspaces/{production}/members/{carol}");
        let (unlinked, given) = tokio::join!(
            acme.alice.post(&unlink, &[]),
            client.put(&set, json!({ "role": "member" }))
        );
        assert_eq!(unlinked.status, 303, "round {round}");
        assert!(
            matches!(given.status, 200 | 404 | 409),
            "round {round}: {}",
            given.json
        );
        assert_eq!(house.count("SELECT COUNT(*) FROM access a JOIN workspaces w ON w.id = a.workspace_id WHERE w.org_id IS NULL AND a.source = 'organization'").await, 0);
    }
    assert_counts(&house).await;
}
