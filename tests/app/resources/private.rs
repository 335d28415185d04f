//! Chats: private to their owner, for whom alone they are there.

use super::{Scene, id_of, names, thing};
use serde_json::json;

#[tokio::test]
async fn s4_11_a_chat_is_nowhere_for_anybody_but_its_owner() {
    let mut scene = Scene::new().await;
    let secret = "Salaries of the board";
    let made = scene
        .carol
        .post(
            &scene.at_organization(),
            json!({ "resources": [{ "kind": "chat", "external_id": "c-77", "name": secret }] }),
        )
        .await
        .assert_status(200);
    let id = id_of(&made, 0);
    let path = format!("{}/{id}", scene.at_organization());
    assert_eq!(
        names(&scene.carol.get(&scene.at_organization()).await),
        [secret]
    );
    assert_eq!(
        scene.carol.get(&path).await.assert_status(200).json["is_private"],
        true
    );
    scene
        .carol
        .put(&path, json!({ "name": "Salaries of the whole board" }))
        .await
        .assert_status(200);
    scene
        .carol
        .post(&format!("{path}/archive"), json!({}))
        .await
        .assert_status(200);
    scene
        .carol
        .post(&format!("{path}/restore"), json!({}))
        .await
        .assert_status(200);
    let missing = scene
        .alice
        .get(&format!("{}/res_nowhere", scene.at_organization()))
        .await
        .assert_problem(404, "not_found");
    for who in [&scene.alice, &scene.bob, &scene.vera] {
        let hidden = who.get(&path).await.assert_problem(404, "not_found");
        assert_eq!(hidden.json["detail"], missing.json["detail"]);
        for query in [
            "",
            "?kind=chat",
            "?search=salaries",
            "?search=c-77",
            "?archived=true",
        ] {
            let listed = who
                .get(&format!("{}{query}", scene.at_organization()))
                .await
                .assert_status(200);
            assert!(names(&listed).is_empty(), "{query}");
        }
        who.put(&path, json!({ "name": "Mine" }))
            .await
            .assert_problem(404, "not_found");
        who.post(&format!("{path}/archive"), json!({}))
            .await
            .assert_problem(404, "not_found");
        // The same external id, told by somebody else, is a chat of their own: it says nothing of hers.
        let own = who
            .post(
                &scene.at_organization(),
                json!({ "resources": [thing("chat", "c-77", None)] }),
            )
            .await;
        let verdict = if who.get("/me").await.json["email"] == "vera@acme.test" {
            403
        } else {
            200
        };
        assert_eq!(own.status, verdict, "{}", own.json);
        let hers = json!({ "resources": [{ "kind": "chat", "external_id": "x", "name": "x", "owner": "carol@acme.test" }] });
        let nobodys = json!({ "resources": [{ "kind": "chat", "external_id": "x", "name": "x", "owner": "nobody@x.test" }] });
        let refused = who
            .post(&scene.at_organization(), hers)
            .await
            .assert_problem(422, "invalid");
        let same = who
            .post(&scene.at_organization(), nobodys)
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"], same.json["errors"]);
    }
    // No event of the organization, and no name or outer id anywhere in the log.
    let in_org =
        "SELECT COUNT(*) FROM audit_events WHERE org_id IS NOT NULL AND category = 'resource'";
    assert_eq!(scene.house.count(in_org).await, 0);
    for word in ["alaries", "c-77"] {
        let said = format!(
            "SELECT COUNT(*) FROM audit_events WHERE target_name LIKE '%{word}%' OR changes LIKE '%{word}%'"
        );
        assert_eq!(scene.house.count(&said).await, 0, "{word}");
    }
    // Carol's page in the directory shows what she did; not this.
    let carol = scene.acme.member_id("carol@acme.test").await;
    let page = scene
        .acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{carol}"))
        .await
        .assert_status(200);
    assert!(!page.text().contains("private thing"), "{}", page.text());
    scene
        .acme
        .carol
        .get("/account/activity")
        .await
        .assert_says("made a private thing");
}
