//! Entitlements: projects need `compare`; without it they are explained, not hidden.

use super::house;
use crate::support::acme;
use serde_json::json;

#[tokio::test]
async fn s2_44_s2_50_s2_51_projects_are_explained_on_a_plan_without_them_and_usable_by_everybody_on_one_with_them()
 {
    let house = house().await;
    let mut acme = acme(&house).await;
    let (alice, carol, vera) = (
        house.client("alice@acme.test").await,
        house.client("carol@acme.test").await,
        house.client("vera@acme.test").await,
    );
    let id = house.system("acme-corp").await.org.id.to_string();
    let place = format!("/organizations/{id}/resources");
    let project = json!({ "resources": [{ "kind": "project", "external_id": "p1", "name": "Staging against production" }] });
    let check =
        json!({ "action": "view", "kind": "project", "external_id": "p1", "organization_id": id });
    let refused = alice
        .post(&place, project.clone())
        .await
        .assert_problem(403, "plan_lacks_entitlement");
    let why = "Projects are not in the plan Free. Team and Open have it. Owners and billing members can change the plan.";
    assert_eq!(refused.json["detail"], why);

    // The owner's plan benefits everybody at once, within their roles.
    house.set_plan("acme-corp", "team").await;
    alice.post(&place, project).await.assert_status(200);
    let listed = alice.get(&place).await.json;
    let resource = listed["data"][0]["id"].as_str().expect("an id").to_owned();
    let page = format!("/orgs/acme-corp/resources/{resource}");
    acme.carol
        .get(&page)
        .await
        .assert_status(200)
        .assert_says("You may view");
    for client in [&carol, &vera] {
        let answer = client
            .post("/access/check", check.clone())
            .await
            .assert_status(200);
        assert_eq!(answer.json["allowed"], true, "{}", answer.json);
    }
    vera.post(
        &place,
        json!({ "resources": [{ "kind": "project", "external_id": "p2", "name": "Mine" }] }),
    )
    .await
    .assert_problem(403, "viewer_caps");

    // Down again: it stays, is shown with the reason, and nobody uses it.
    house.set_plan("acme-corp", "free").await;
    acme.carol
        .get("/orgs/acme-corp/resources")
        .await
        .assert_status(200)
        .assert_says("Staging against production");
    acme.carol
        .get(&page)
        .await
        .assert_status(200)
        .assert_says(why)
        .assert_says("What is here stays, and can't be used.");
    let answer = carol
        .post("/access/check", check.clone())
        .await
        .assert_status(200);
    assert_eq!(
        (&answer.json["allowed"], &answer.json["code"]),
        (&json!(false), &json!("plan_lacks_entitlement")),
        "{}",
        answer.json
    );
    let explained = alice.post("/access/check", check).await.json;
    let last = explained["steps"]
        .as_array()
        .and_then(|steps| steps.last())
        .expect("a step")
        .clone();
    assert_eq!(last["rule"], "entitlement");
    assert!(
        last["text"]
            .as_str()
            .expect("text")
            .contains("It needs compare, which is not in the plan Free. Team and Open have it."),
        "{last}"
    );
}
