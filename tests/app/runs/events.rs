//! Events that a host product writes into the log.

use super::{of, verdicts, with};
use crate::resources::{Scene, id_of, thing};
use serde_json::{Value, json};

fn event(id: &str) -> Value {
    json!({ "external_id": id, "category": "resource", "action": "report.exported" })
}

#[tokio::test]
async fn s1_76_a_products_events_stand_in_the_log_once_each_whatever_comes_twice() {
    let scene = Scene::new().await;
    scene.tell(&[("report", "Q3", None)]).await;
    let path = format!("/workspaces/{}/events", scene.workspace);
    let first = with(
        with(event("1"), of("report", "Q3")),
        json!({ "person": "carol@acme.test", "happened_at": "2026-03-01T10:00:00Z", "details": { "format": "pdf" } }),
    );
    let all = json!({ "events": [first, with(event("2"), json!({ "category": "run", "action": "queue.paused", "person": "A robot" })), event("2")] });
    let done = scene
        .alice
        .post(&path, all.clone())
        .await
        .assert_status(200);
    assert_eq!(verdicts(&done.json), ["recorded", "recorded", "known"]);
    assert_eq!(
        verdicts(&scene.alice.post(&path, all).await.json),
        ["known"; 3]
    );
    let log = scene
        .alice
        .get(&format!("/organizations/{}/audit?limit=2", scene.org))
        .await
        .assert_status(200);
    let said: Vec<&str> = log.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|e| e["sentence"].as_str())
        .collect();
    assert_eq!(
        said,
        ["A robot: queue paused", "Carol Reyes: report exported, Q3"]
    );
    assert_eq!(log.json["data"][1]["action"], "product.report.exported");
    // Carol's page tells of it, wherever it was.
    let mut scene = scene;
    let carol = scene.acme.member_id("carol@acme.test").await;
    scene
        .acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{carol}"))
        .await
        .assert_says("Carol Reyes: report exported, Q3");
}

#[tokio::test]
async fn sec_z1_only_who_administers_the_workspace_writes_into_the_log_and_nothing_half() {
    let scene = Scene::new().await;
    scene.tell(&[("report", "Q3", None)]).await;
    let path = format!("/workspaces/{}/events", scene.workspace);
    scene
        .carol
        .post(&path, json!({ "events": [event("1")] }))
        .await
        .assert_status(404);
    scene.give("carol@acme.test", "member").await;
    scene
        .carol
        .post(&path, json!({ "events": [event("1")] }))
        .await
        .assert_problem(403, "role_lacks_permission");
    for (more, field) in [
        (json!({ "action": "member removed" }), "events[1].action"),
        (json!({ "action": "removed" }), "events[1].action"),
        (json!({ "category": "access" }), "events[1].category"),
        (json!({ "external_id": "" }), "events[1].external_id"),
        (json!({ "happened_at": "soon" }), "events[1].happened_at"),
        (
            json!({ "details": { "long": "x".repeat(2_000) } }),
            "events[1].details",
        ),
        (of("report", "Q4"), "events[1].resource"),
    ] {
        let events = [event("1"), with(event("2"), more)];
        let answer = scene
            .alice
            .post(&path, json!({ "events": events }))
            .await
            .assert_problem(422, "invalid");
        assert_eq!(answer.json["errors"][0]["field"], field);
    }
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM reported_events")
            .await,
        0
    );
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action LIKE 'product%'")
            .await,
        0
    );
}

#[tokio::test]
async fn s4_11_nothing_is_told_of_a_chat_neither_as_a_run_nor_as_an_event() {
    let scene = Scene::new().await;
    let made = scene
        .alice
        .post(
            &scene.at_organization(),
            json!({ "resources": [thing("chat", "Quiet words", None)] }),
        )
        .await;
    assert!(!id_of(&made, 0).is_empty());
    let chat = with(event("1"), of("chat", "Quiet words"));
    let answer = scene
        .alice
        .post(
            &format!("/organizations/{}/events", scene.org),
            json!({ "events": [chat] }),
        )
        .await;
    answer.assert_problem(422, "invalid");
    let run = with(super::ended("1", "succeeded", 1), of("chat", "Quiet words"));
    scene
        .alice
        .post(&scene.at_runs(), json!({ "runs": [run] }))
        .await
        .assert_problem(422, "invalid");
}
