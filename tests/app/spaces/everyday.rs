//! What holds on every day of a workspace: who opens it, what policies act in it, and what goes on when it is linked.

use super::{give, in_acme, standalone};
use crate::support::{House, acme};
use serde_json::json;

#[tokio::test]
async fn s1_5_s5_50_one_sign_in_opens_every_workspace_and_without_one_a_page_says_what_to_do() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme.carol.get("/workspaces").await.assert_status(200);
    page.assert_says("No workspace is yours to open yet")
        .assert_says("Ask an owner or admin");
    for name in ["Production", "Staging"] {
        let workspace = in_acme(&mut acme.alice, name).await;
        give(
            &house,
            &workspace,
            "carol@acme.test",
            "organization",
            "member",
        )
        .await;
        acme.carol
            .get(&format!("/workspaces/{workspace}/overview"))
            .await
            .assert_status(200)
            .assert_says(name);
    }
}

#[tokio::test]
async fn s1_7_a_workspace_says_which_policies_the_organization_set() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let workspace = in_acme(&mut acme.alice, "Production").await;
    let page = acme
        .alice
        .get(&format!("/workspaces/{workspace}/settings"))
        .await
        .assert_status(200);
    assert!(
        page.all(".source")
            .iter()
            .all(|words| words == "set by organization")
            && page.has(".source")
    );
}

#[tokio::test]
async fn s1_102_s4_3_a_list_of_workspaces_holds_the_organizations_own_and_no_others() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    in_acme(&mut acme.alice, "Production").await;
    acme.otto
        .post("/orgs/globex/workspaces/new", &[("name", "Reactor")])
        .await
        .assert_status(303);
    standalone(&mut acme.alice, "Notes").await;
    let alice = house.client("alice@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let listed = alice
        .get(&format!("/organizations/{org}/workspaces"))
        .await
        .assert_status(200);
    let names: Vec<&str> = listed.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Production"]);
    let otto = house.client("otto@globex.test").await;
    otto.get(&format!("/organizations/{org}/workspaces"))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn s5_13_what_a_token_could_do_in_a_workspace_it_can_after_it_is_linked() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let workspace = standalone(&mut acme.alice, "Lab").await;
    let alice = house.client("alice@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let ask = json!({ "questions": [
        { "action": "view", "workspace_id": workspace },
        { "action": "delete", "workspace_id": workspace },
        { "action": "create", "kind": "link", "workspace_id": workspace },
    ] });
    let before = alice
        .post("/access/check", ask.clone())
        .await
        .assert_status(200)
        .json;
    assert_eq!(before["answers"][2]["allowed"], true);
    alice
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "workspace_id": workspace }),
        )
        .await
        .assert_status(201);
    assert_eq!(
        alice
            .post("/access/check", ask)
            .await
            .assert_status(200)
            .json,
        before
    );
}

#[tokio::test]
async fn s4_6_where_two_roles_are_enough_pickers_offer_two() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .execute("UPDATE organizations SET roles_offered = 'simple' WHERE slug = 'acme-corp'")
        .await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    let roles: Vec<String> = ["owner", "admin", "billing", "member", "viewer"]
        .into_iter()
        .filter(|role| page.has(&format!("input[name=role][value={role}]")))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        roles,
        ["owner", "member"],
        "the owner's role under the name Admin, and member"
    );
    page.assert_says("Admin");
}
