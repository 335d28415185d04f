//! Reporting, and what others see of it.

use super::{ended, ids, of, verdicts, with};
use crate::resources::Scene;
use roster::accounts;
use roster::resources::Place;
use roster::runs::{self, Filter, Status};
use serde_json::{Value, json};

#[tokio::test]
async fn s1_79_a_finish_may_come_before_its_start_and_the_same_again_changes_nothing() {
    let scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let finish = json!({ "external_id": "a", "status": "failed", "finished_at": "2026-03-02T00:10:00Z", "rows": 7, "bytes": 70 });
    let start = with(
        json!({ "external_id": "a", "status": "running", "started_at": "2026-03-01T23:50:00Z", "person": "carol@acme.test" }),
        of("sync", "Orders"),
    );
    assert_eq!(
        scene.report(std::slice::from_ref(&finish)).await,
        ["created"]
    );
    assert_eq!(
        scene.report(std::slice::from_ref(&start)).await,
        ["changed"]
    );
    assert_eq!(
        scene.report(&[finish.clone(), start.clone(), finish]).await,
        ["unchanged", "unchanged", "unchanged"]
    );
    let listed = scene.alice.get(&scene.at_runs()).await.assert_status(200);
    let run = &listed.json["data"][0];
    assert_eq!(
        (&run["status"], &run["started_at"]),
        (&json!("failed"), &json!("2026-03-01T23:50:00Z"))
    );
    assert_eq!(
        (&run["rows"], &run["bytes"], &run["resource"]["name"]),
        (&json!(7), &json!(70), &json!("Orders"))
    );
    assert_eq!(run["person_name"], "Carol Reyes");
    assert_eq!(listed.json["data"].as_array().map(Vec::len), Some(1));
    // It counts once, on the day of its start.
    let of_day = "SELECT runs * 1000 + failed * 100 + row_count FROM usage_days WHERE runs > 0";
    assert_eq!(scene.house.count(of_day).await, 1_107);
    assert_eq!(
        scene
            .house
            .count("SELECT CAST(SUM(runs) AS BIGINT) FROM usage_days")
            .await,
        1
    );
    let log = scene
        .alice
        .get(&format!("/organizations/{}/audit?category=run", scene.org))
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
        [
            "alice reported more of a run of Orders",
            "a ran, and it failed"
        ]
    );
    assert_eq!(
        log.json["data"][0]["workspace_id"],
        scene.workspace.as_str()
    );
}

#[tokio::test]
async fn s1_79_both_outcomes_stand_in_the_log_with_workspace_and_actor() {
    let scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let carol = |run: Value| {
        with(
            with(run, of("sync", "Orders")),
            json!({ "person": "carol@acme.test" }),
        )
    };
    let start = json!({ "external_id": "b", "status": "running", "started_at": "2026-03-02T10:00:00Z", "trigger": "CI key nightly" });
    let runs = [
        carol(ended("a", "succeeded", 1)),
        carol(ended("c", "failed", 3)),
        start,
    ];
    assert_eq!(scene.report(&runs).await, ["created"; 3]);
    let log = scene
        .alice
        .get(&format!("/organizations/{}/audit?category=run", scene.org))
        .await
        .assert_status(200);
    let events = log.json["data"].as_array().expect("a list");
    let said: Vec<&str> = events
        .iter()
        .filter_map(|e| e["sentence"].as_str())
        .collect();
    assert_eq!(
        said,
        [
            "CI key nightly started b",
            "Carol Reyes ran Orders, and it failed",
            "Carol Reyes ran Orders, and it succeeded"
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event["workspace_id"] == scene.workspace.as_str())
    );
}

#[tokio::test]
async fn every_run_that_is_wrong_is_named_by_its_place_and_nothing_is_written() {
    let scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let wrong = [
        (json!({ "status": "done" }), "status"),
        (json!({ "external_id": " " }), "external_id"),
        (json!({ "status": "running" }), "finished_at"),
        (json!({ "finished_at": null }), "finished_at"),
        (
            json!({ "finished_at": "2026-03-01T08:00:00Z" }),
            "finished_at",
        ),
        (
            json!({ "finished_at": "2999-03-01T08:00:00Z" }),
            "finished_at",
        ),
        (json!({ "started_at": "yesterday" }), "started_at"),
        (json!({ "rows": -1 }), "rows"),
        (json!({ "bytes": 1_000_000_000_000_001_i64 }), "bytes"),
        (of("sync", "Nothing"), "resource"),
        (of("chat", "Nothing"), "resource"),
        (of("nothing", "Orders"), "resource"),
    ];
    for (more, field) in wrong {
        let runs = [
            ended("ok", "succeeded", 1),
            with(ended("bad", "succeeded", 1), more.clone()),
        ];
        let answer = scene
            .alice
            .post(&scene.at_runs(), json!({ "runs": runs }))
            .await
            .assert_problem(422, "invalid");
        let fields: Vec<&str> = answer.json["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .filter_map(|e| e["field"].as_str())
            .collect();
        assert!(
            fields.contains(&format!("runs[1].{field}").as_str())
                && fields.iter().all(|f| f.starts_with("runs[1]")),
            "{more}: {fields:?}"
        );
    }
    for many in [0, 1_001] {
        let runs: Vec<Value> = (0..many)
            .map(|n| ended(&n.to_string(), "failed", 1))
            .collect();
        scene
            .alice
            .post(&scene.at_runs(), json!({ "runs": runs }))
            .await
            .assert_problem(422, "invalid");
    }
    for table in ["runs", "usage_days", "audit_events WHERE category = 'run'"] {
        assert_eq!(
            scene
                .house
                .count(&format!("SELECT COUNT(*) FROM {table}"))
                .await,
            0,
            "{table}"
        );
    }
}

#[tokio::test]
async fn a_thousand_runs_at_once_are_written_once_each() {
    let scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let runs: Vec<Value> = (0..1_000)
        .map(|n| {
            with(
                ended(&format!("r{n}"), "succeeded", 1 + n % 28),
                of("sync", "Orders"),
            )
        })
        .collect();
    assert_eq!(scene.report(&runs).await, vec!["created"; 1_000]);
    assert_eq!(scene.report(&runs).await, vec!["unchanged"; 1_000]);
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM runs").await, 1_000);
    assert_eq!(
        scene
            .house
            .count("SELECT CAST(SUM(row_count) AS BIGINT) FROM usage_days")
            .await,
        10_000
    );
}

#[tokio::test]
async fn sec_z1_a_member_reports_their_own_runs_of_what_they_may_run_and_nobody_elses() {
    let scene = Scene::new().await;
    scene
        .tell(&[("sync", "Orders", None), ("sync", "Customers", None)])
        .await;
    scene
        .report(&[with(ended("alices", "succeeded", 1), of("sync", "Orders"))])
        .await;
    let orders = |id: &str| with(ended(id, "succeeded", 2), of("sync", "Orders"));
    // Without a role the workspace isn't there.
    scene
        .carol
        .post(&scene.at_runs(), json!({ "runs": [orders("x")] }))
        .await
        .assert_status(404);
    scene.give("carol@acme.test", "member").await;
    scene.give("vera@acme.test", "viewer").await;
    let done = scene
        .carol
        .post(&scene.at_runs(), json!({ "runs": [orders("carols")] }))
        .await
        .assert_status(200);
    assert_eq!(verdicts(&done.json), ["created"]);
    let run = &scene.alice.get(&scene.at_runs()).await.json["data"][0];
    assert_eq!(
        run["person_name"], "Carol Reyes",
        "who reports without a name reports their own"
    );
    for (run, field) in [
        (
            with(orders("y"), json!({ "person": "bob@acme.test" })),
            "runs[0].person",
        ),
        (with(orders("alices"), json!({})), "runs[0].external_id"),
    ] {
        let answer = scene
            .carol
            .post(&scene.at_runs(), json!({ "runs": [run] }))
            .await
            .assert_problem(422, "invalid");
        assert_eq!(answer.json["errors"][0]["field"], field);
    }
    let whole = json!({ "runs": [orders("w"), ended("whole", "succeeded", 2)] });
    let answer = scene
        .carol
        .post(&scene.at_runs(), whole)
        .await
        .assert_problem(403, "role_lacks_permission");
    assert!(
        answer.json["detail"]
            .as_str()
            .is_some_and(|said| said.starts_with("runs[1]: ")),
        "{}",
        answer.json
    );
    // A viewer runs nothing.
    scene
        .vera
        .post(&scene.at_runs(), json!({ "runs": [orders("z")] }))
        .await
        .assert_problem(403, "viewer_caps");
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM runs").await, 2);
}

#[tokio::test]
async fn s2_46_s1_64_a_run_keeps_the_name_of_who_started_it_and_they_were_active_then() {
    let mut scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    scene.give("vera@acme.test", "viewer").await;
    let runs = [with(
        with(ended("a", "succeeded", 1), of("sync", "Orders")),
        json!({ "person": "Carol@acme.test" }),
    )];
    scene
        .house
        .execute("UPDATE members SET last_active_at = 0")
        .await;
    scene.report(&runs).await;
    let seen =
        "SELECT last_active_at FROM members WHERE email = 'carol@acme.test' AND org_id <> ''";
    assert_eq!(scene.house.count(seen).await, 1_772_359_200_000_000);
    let carol = scene.acme.member_id("carol@acme.test").await;
    scene
        .acme
        .alice
        .post(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(303);
    let listed = scene.vera.get(&scene.at_runs()).await.assert_status(200);
    assert_eq!(
        (ids(&listed.json), &listed.json["data"][0]["person_name"]),
        (vec!["a"], &json!("Carol Reyes"))
    );
    let page = scene
        .acme
        .vera
        .get(&scene.at_runs())
        .await
        .assert_status(200);
    page.assert_says("Carol Reyes")
        .assert_says("Orders")
        .assert_says("Succeeded");
    // Somebody who is nobody here keeps the name that they were told of by.
    scene
        .report(&[with(
            ended("b", "failed", 2),
            json!({ "person": "CI key nightly" }),
        )])
        .await;
    let listed = scene.alice.get(&scene.at_runs()).await.assert_status(200);
    assert_eq!(
        (
            &listed.json["data"][0]["person_name"],
            &listed.json["data"][0]["person_id"]
        ),
        (&json!("CI key nightly"), &Value::Null)
    );
}

#[tokio::test]
async fn s2_35_runs_are_listed_as_far_as_somebody_sees_what_was_run() {
    let mut scene = Scene::new().await;
    scene
        .tell(&[
            ("monitor", "home", None),
            ("monitor", "shop", None),
            ("sync", "Orders", None),
        ])
        .await;
    let runs = [
        with(ended("home", "succeeded", 1), of("monitor", "home")),
        with(ended("shop", "failed", 2), of("monitor", "shop")),
        with(ended("orders", "succeeded", 3), of("sync", "Orders")),
        ended("whole", "canceled", 4),
    ];
    scene.report(&runs).await;
    scene.give("carol@acme.test", "member").await;
    let carol = scene.carol.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let monitor = scene
        .alice
        .get(&format!("{}?search=home", scene.at_workspace()))
        .await
        .json["data"][0]["id"]
        .clone();
    let grants = format!("/workspaces/{}/members/{carol}/grants", scene.workspace);
    scene
        .alice
        .put(&grants, json!({ "kind": "monitor", "only": [monitor] }))
        .await
        .assert_status(200);
    let all = ["whole", "orders", "shop", "home"];
    assert_eq!(ids(&scene.alice.get(&scene.at_runs()).await.json), all);
    let seen = scene.carol.get(&scene.at_runs()).await.assert_status(200);
    assert_eq!(ids(&seen.json), ["whole", "orders", "home"]);
    let page = scene
        .acme
        .carol
        .get(&scene.at_runs())
        .await
        .assert_status(200);
    assert_eq!(
        page.all("tbody td:first-child b"),
        ["The workspace", "Orders", "home"]
    );
    let failed = scene
        .acme
        .carol
        .get(&format!("{}?status=failed", scene.at_runs()))
        .await
        .assert_status(200);
    failed.assert_says("Nothing matches");
    let of_one = scene
        .acme
        .carol
        .get(&format!(
            "{}?resource={}",
            scene.at_runs(),
            monitor.as_str().expect("an id")
        ))
        .await;
    assert_eq!(
        of_one
            .assert_says("Only of home")
            .all("tbody td:first-child b"),
        ["home"]
    );
    // Each filter alone, together, and page by page.
    for (query, found) in [
        ("?status=succeeded", vec!["orders", "home"]),
        (
            &format!("?resource_id={}", monitor.as_str().expect("an id")),
            vec!["home"],
        ),
        ("?status=failed", vec![]),
        (&format!("?user_id={carol}"), vec![]),
    ] {
        assert_eq!(
            ids(&scene
                .carol
                .get(&format!("{}{query}", scene.at_runs()))
                .await
                .json),
            found,
            "{query}"
        );
    }
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = scene
            .carol
            .get(&format!("{}?limit=1{cursor}", scene.at_runs()))
            .await
            .assert_status(200);
        walked.extend(ids(&page.json).into_iter().map(str::to_owned));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, ["whole", "orders", "home"]);
    // Who isn't in the workspace finds no list.
    scene.bob.get(&scene.at_runs()).await.assert_status(404);
}

#[tokio::test]
async fn every_filter_of_runs_walks_an_index_of_its_own() {
    let scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    scene
        .report(&[with(ended("a", "succeeded", 1), of("sync", "Orders"))])
        .await;
    let app = &scene.house.app;
    let cookie = &scene.acme.alice.cookies[roster::web::COOKIE];
    let person = accounts::identify_session(app, cookie, Default::default())
        .await
        .expect("it is read")
        .expect("Alice");
    let place = Place::of_workspace(app, &person, &scene.workspace.as_str().into())
        .await
        .expect("it opens");
    let one = Filter {
        limit: 50,
        ..Filter::default()
    };
    for (filter, index) in [
        (one.clone(), "runs_by_time"),
        (
            Filter {
                status: Some(Status::Failed),
                ..one.clone()
            },
            "runs_by_status",
        ),
        (
            Filter {
                resource: Some("res_x".into()),
                ..one.clone()
            },
            "runs_by_resource",
        ),
        (
            Filter {
                person: Some("usr_x".into()),
                ..one
            },
            "runs_by_person",
        ),
    ] {
        let plan = runs::explain(app, &place, &filter)
            .await
            .expect("a plan")
            .join("\n");
        if scene.house.database_url.starts_with("sqlite") {
            assert!(
                plan.contains(index) && !plan.contains("TEMP B-TREE"),
                "{index}: {plan}"
            );
        } else {
            assert!(!plan.contains("Seq Scan on runs"), "{plan}");
        }
    }
}

#[tokio::test]
async fn s2_40_everybody_with_access_to_a_monitor_sees_its_runs_whoever_started_them() {
    let scene = Scene::new().await;
    scene
        .tell(&[("monitor", "home", None), ("monitor", "shop", None)])
        .await;
    for (email, role) in [
        ("bob@acme.test", "admin"),
        ("carol@acme.test", "member"),
        ("vera@acme.test", "viewer"),
    ] {
        scene.give(email, role).await;
    }
    let by = |person: &str, more: Value| {
        with(
            with(ended(person, "succeeded", 1), more),
            json!({ "person": format!("{person}@acme.test") }),
        )
    };
    scene
        .report(&[
            by("bob", of("monitor", "home")),
            by("carol", of("monitor", "home")),
            by("vera", of("monitor", "shop")),
        ])
        .await;
    let home = scene
        .alice
        .get(&format!("{}?search=home", scene.at_workspace()))
        .await
        .json["data"][0]["id"]
        .clone();
    let of_home = format!(
        "{}?resource_id={}",
        scene.at_runs(),
        home.as_str().expect("an id")
    );
    for client in [&scene.alice, &scene.bob, &scene.carol, &scene.vera] {
        let listed = client.get(&of_home).await.assert_status(200);
        let mut seen = ids(&listed.json);
        seen.sort_unstable();
        assert_eq!(seen, ["bob", "carol"]);
    }
}
