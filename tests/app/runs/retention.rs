//! How long runs are kept.

use super::{ended, ids};
use crate::resources::Scene;
use roster::clock::{DAY, date, rfc3339};
use serde_json::{Value, json};

/// A run that ended so many days ago.
fn ago(scene: &Scene, id: &str, days: i64) -> Value {
    let at = rfc3339(scene.house.app.now() - days * DAY);
    super::with(
        ended(id, "succeeded", 1),
        json!({ "started_at": at, "finished_at": at }),
    )
}

#[tokio::test]
async fn runs_are_kept_for_ever_unless_a_policy_says_otherwise_and_what_was_counted_stays() {
    let scene = Scene::new().await;
    let old = ago(&scene, "old", 40);
    let going =
        json!({ "external_id": "going", "status": "running", "started_at": old["started_at"] });
    scene
        .report(&[old.clone(), ago(&scene, "new", 5), going])
        .await;
    assert_eq!(
        roster::runs::delete_old(&scene.house.app)
            .await
            .expect("it ends"),
        0
    );
    let policies = format!("/organizations/{}/policies", scene.org);
    scene
        .alice
        .put(&policies, json!({ "run_days": -1 }))
        .await
        .assert_problem(422, "invalid");
    scene
        .carol
        .put(&policies, json!({ "run_days": 30 }))
        .await
        .assert_status(403);
    scene
        .alice
        .put(&policies, json!({ "run_days": 30 }))
        .await
        .assert_status(200);
    let counted = "SELECT CAST(SUM(runs * 1000 + row_count) AS BIGINT) FROM usage_days";
    let before = scene.house.count(counted).await;
    let events = scene.house.count("SELECT COUNT(*) FROM audit_events").await;
    assert_eq!(
        roster::runs::delete_old(&scene.house.app)
            .await
            .expect("it ends"),
        1
    );
    let left = scene.alice.get(&scene.at_runs()).await.assert_status(200);
    assert_eq!(ids(&left.json), ["new", "going"], "what goes on stays");
    assert_eq!(scene.house.count(counted).await, before);
    assert_eq!(
        scene.house.count("SELECT COUNT(*) FROM audit_events").await,
        events + 1,
        "events stay, and there is one more"
    );
    let log = scene
        .alice
        .get(&format!(
            "/organizations/{}/audit?action=runs.deleted",
            scene.org
        ))
        .await
        .assert_status(200);
    assert_eq!(
        log.json["data"][0]["sentence"],
        "Operator deleted 1 runs of Production, older than the policy keeps them"
    );
    assert_eq!(
        log.json["data"][0]["changes"]["before"],
        date(scene.house.app.now() - 30 * DAY)
    );
    // Told of again it would count twice: it is left out, also once the policy is gone.
    assert_eq!(scene.report(std::slice::from_ref(&old)).await, ["too_old"]);
    scene
        .alice
        .put(&policies, json!({ "run_days": 0 }))
        .await
        .assert_status(200);
    assert_eq!(scene.report(&[old]).await, ["too_old"]);
    assert_eq!(scene.house.count(counted).await, before);
}

#[tokio::test]
async fn many_runs_are_deleted_in_parts_and_each_part_is_recorded() {
    let scene = Scene::new().await;
    for part in 0..3 {
        let runs: Vec<Value> = (0..700)
            .map(|n| ago(&scene, &format!("r{part}-{n}"), 90))
            .collect();
        scene.report(&runs).await;
    }
    scene
        .alice
        .put(
            &format!("/organizations/{}/policies", scene.org),
            json!({ "run_days": 7 }),
        )
        .await
        .assert_status(200);
    assert_eq!(
        roster::runs::delete_old(&scene.house.app)
            .await
            .expect("it ends"),
        2_100
    );
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'runs.deleted'")
            .await,
        3
    );
}
