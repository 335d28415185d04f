//! What people of one organization build and use together, and what stays where it was made.

use super::{Scene, id_of, names, thing};
use crate::support::client::Client;
use serde_json::{Value, json};

#[tokio::test]
async fn s2_42_a_change_of_an_ignore_rule_concerns_everybody_on_the_site_and_the_log_names_who_made_it()
 {
    let mut scene = Scene::new().await;
    scene.give("carol@acme.test", "member").await;
    scene.give("bob@acme.test", "viewer").await;
    scene
        .tell(&[
            ("monitor", "site", None),
            ("ignore_rule", "cookie banner", Some(("monitor", "site"))),
        ])
        .await;
    let rule = scene
        .carol
        .get(&format!("{}?kind=ignore_rule", scene.at_workspace()))
        .await
        .assert_status(200);
    let id = rule.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("{}/{id}", scene.at_workspace());
    scene
        .carol
        .put(&path, json!({ "name": "cookie banner and chat" }))
        .await
        .assert_status(200);
    assert_eq!(
        scene.names(&scene.bob, "&kind=ignore_rule").await,
        ["cookie banner and chat"],
        "the other sees it at once"
    );
    scene
        .bob
        .put(&path, json!({ "name": "nothing" }))
        .await
        .assert_problem(403, "role_lacks_permission");
    let log = scene
        .acme
        .alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_status(200);
    log.assert_says("Carol Reyes changed the ignore rule cookie banner and chat");
}

#[tokio::test]
async fn s4_13_people_build_on_one_connection_and_there_is_no_secret_to_see() {
    let scene = Scene::new().await;
    let mut connector = thing("connector", "Postgres", None);
    // Roster keeps no more of a thing than its name: a secret has no place to go.
    for field in ["secret", "password", "config"] {
        let mut with_secret = connector.clone();
        with_secret[field] = json!("hunter2");
        scene
            .alice
            .post(
                &scene.at_organization(),
                json!({ "resources": [with_secret] }),
            )
            .await
            .assert_status(422);
    }
    connector["name"] = json!("Postgres of the shop");
    let made = scene
        .alice
        .post(
            &scene.at_organization(),
            json!({ "resources": [connector] }),
        )
        .await
        .assert_status(200);
    let path = format!("{}/{}", scene.at_organization(), id_of(&made, 0));
    let dashboard =
        json!({ "resources": [thing("dashboard", "Orders", Some(("connector", "Postgres")))] });
    let built = scene
        .carol
        .post(&scene.at_organization(), dashboard)
        .await
        .assert_status(200);
    assert_eq!(
        built.json["data"][0]["resource"]["parent_id"],
        id_of(&made, 0),
        "Carol's dashboard stands on Alice's connector"
    );
    let seen = scene.carol.get(&path).await.assert_status(200);
    assert!(
        !seen.json.to_string().contains("hunter2") && !seen.json.to_string().contains("secret"),
        "{}",
        seen.json
    );
    assert_eq!(
        names(&scene.vera.get(&scene.at_organization()).await),
        ["Orders", "Postgres of the shop"]
    );
    scene
        .carol
        .put(&path, json!({ "name": "Mine" }))
        .await
        .assert_problem(403, "role_lacks_permission");
}

#[tokio::test]
async fn s4_14_finer_permissions_are_added_later_and_what_is_shared_stays_shared() {
    let scene = Scene::new().await;
    scene.give("carol@acme.test", "viewer").await;
    scene
        .alice
        .post(
            &scene.at_organization(),
            json!({ "resources": [thing("dashboard", "Revenue", None)] }),
        )
        .await
        .assert_status(200);
    let kind =
        json!({ "label": "Metric", "plural": "Metrics", "level": "workspace", "writers": "admin" });
    scene
        .alice
        .put(
            &format!("/organizations/{}/resource-kinds/metric", scene.org),
            kind,
        )
        .await
        .assert_status(200);
    let made = scene
        .tell(&[("metric", "churn", None), ("metric", "revenue", None)])
        .await;
    assert_eq!(
        scene.names(&scene.carol, "&kind=metric").await,
        ["churn", "revenue"],
        "nothing is limited by itself"
    );
    let carol = scene.carol.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let grants = format!("/workspaces/{}/members/{carol}/grants", scene.workspace);
    scene
        .alice
        .put(
            &grants,
            json!({ "kind": "metric", "only": [id_of(&made, 0)] }),
        )
        .await
        .assert_status(200);
    assert_eq!(scene.names(&scene.carol, "&kind=metric").await, ["churn"]);
    assert_eq!(
        names(&scene.carol.get(&scene.at_organization()).await),
        ["Revenue"],
        "the organization's own are everybody's still"
    );
}

#[tokio::test]
async fn s5_7_s1_2_the_same_form_posted_in_one_workspace_and_then_in_another_writes_in_each() {
    let mut scene = Scene::new().await;
    let other = scene
        .acme
        .alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Staging")])
        .await
        .assert_status(303);
    let other = other
        .location()
        .split('/')
        .nth(2)
        .expect("an id")
        .to_owned();
    let body = json!({ "resources": [thing("link", "summer sale", None)] });
    async fn links(client: &Client, workspace: &str) -> Vec<Value> {
        let listed = client
            .get(&format!("/workspaces/{workspace}/resources?kind=link"))
            .await
            .assert_status(200);
        listed.json["data"].as_array().expect("a list").clone()
    }
    let production = scene.workspace.clone();
    for (workspace, expected) in [(&production, [1, 0]), (&other, [1, 1])] {
        scene
            .alice
            .post(&format!("/workspaces/{workspace}/resources"), body.clone())
            .await
            .assert_status(200);
        let found = [
            links(&scene.alice, &production).await,
            links(&scene.alice, &other).await,
        ];
        assert_eq!([found[0].len(), found[1].len()], expected);
    }
    for (workspace, name) in [(&production, "One"), (&other, "Two")] {
        let form = [("name", name), ("label", "EMEA")];
        scene
            .acme
            .alice
            .post(&format!("/workspaces/{workspace}/settings"), &form)
            .await
            .assert_status(303);
    }
    let names = scene
        .house
        .count("SELECT COUNT(*) FROM workspaces WHERE name IN ('One', 'Two') AND label = 'EMEA'")
        .await;
    assert_eq!(names, 2, "each has its own");
}
