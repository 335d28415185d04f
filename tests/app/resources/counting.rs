//! Counts of what somebody sees: of the first thousand rows and no more, however many there are.

use super::{Scene, id_of};
use crate::support::database::Database;
use roster::accounts;
use roster::grants;
use roster::resources::{self, Filter, Place};
use serde_json::json;

/// Monitors as rows of the database, by name after what is there; every tenth is archived, and every fifth of this kind.
async fn plant(scene: &Scene, count: usize, fifth: &str) {
    let (org, ws) = (&scene.org, &scene.workspace);
    let rows: Vec<String> = (0..count)
        .map(|n| {
            let archived = if n % 10 == 9 { "0" } else { "NULL" };
            let kind = if n % 5 == 0 { fifth } else { "monitor" };
            let id = format!("res_{n:032}");
            format!("('{id}', '{org}', '{ws}', '{ws}', '{kind}', 'm{n}', '{id}/', 'site {n:05}', 'site {n:05}', 0, 0, {archived})")
        })
        .collect();
    let mut database = Database::open(&scene.house.database_url).await;
    for some in rows.chunks(500) {
        let sql = "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, path, name, sort_name, created_at, updated_at, archived_at)";
        database
            .run(&format!("{sql} VALUES {}", some.join(", ")))
            .await;
    }
    if !database.is_sqlite() {
        database.run("ANALYZE resources").await;
    }
}

#[tokio::test]
async fn s2_35_sec_r15_a_page_counts_up_to_a_thousand_and_says_that_there_are_more() {
    let mut scene = Scene::new().await;
    let (here, of_all) = (scene.at_workspace(), "/orgs/acme-corp/resources");
    scene.give("carol@acme.test", "member").await;
    plant(&scene, 120, "monitor").await;
    scene
        .acme
        .alice
        .get(&here)
        .await
        .assert_says("108 resources");
    scene
        .acme
        .alice
        .get(of_all)
        .await
        .assert_says("Production 108");
    scene
        .acme
        .alice
        .get(&format!("{here}?archived=yes"))
        .await
        .assert_says("12 resources");
    scene.house.execute("DELETE FROM resources").await;
    plant(&scene, 1_300, "monitor").await;
    scene
        .acme
        .alice
        .get(&here)
        .await
        .assert_says("more than 1,000 resources");
    scene
        .acme
        .alice
        .get(&format!("{here}?kind=monitor"))
        .await
        .assert_says("more than 1,000 resources");
    scene
        .acme
        .alice
        .get(of_all)
        .await
        .assert_says("Production more than 200");
    // One page holds all that is found: that number is exact wherever it stands.
    scene
        .acme
        .alice
        .get(&format!("{here}?q=site+0128"))
        .await
        .assert_says("9 resources");
    let carol = scene.carol.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let grants = format!("/workspaces/{}/members/{carol}/grants", scene.workspace);
    scene
        .acme
        .alice
        .get(&format!("{grants}?kind=monitor"))
        .await
        .assert_says("sees all more than 1,000 monitors now");
    // Somebody who sees few of them, and some only after the first thousand.
    let only: Vec<String> = (0..12)
        .chain(1_200..1_260)
        .map(|n| format!("res_{n:032}"))
        .collect();
    let done = scene
        .alice
        .put(&grants, json!({ "kind": "monitor", "only": only }))
        .await
        .assert_status(200);
    assert_eq!(
        (&done.json["saw"], &done.json["sees"], &done.json["total"]),
        (&json!(1_170), &json!(65), &json!(1_170)),
        "a change counts all"
    );
    let told = scene.alice.get(&grants).await.assert_status(200).json["data"][0].clone();
    assert_eq!(
        (
            &told["more"],
            &told["limited"],
            told["only"].as_array().map(Vec::len)
        ),
        (&json!(true), &json!(true), Some(72))
    );
    scene
        .acme
        .alice
        .get(&format!("{grants}?kind=monitor"))
        .await
        .assert_says("sees 72 named of more than 1,000 monitors now");
    let page = scene.acme.carol.get(&here).await.assert_status(200);
    assert_eq!(
        (page.all("tbody tr").len(), page.all("nav.foot .num")),
        (50, vec![String::new()]),
        "the first thousand say nothing of them"
    );
    scene
        .acme
        .carol
        .get(of_all)
        .await
        .assert_says("Production at least 11");
    let made = scene
        .tell(&[("schedule", "nightly", Some(("monitor", "m1")))])
        .await;
    assert!(!id_of(&made, 0).is_empty());
    scene
        .acme
        .carol
        .get(&format!("{here}?kind=schedule"))
        .await
        .assert_says("1 resource");
}

#[tokio::test]
async fn sec_r15_a_count_walks_the_beginning_of_an_index() {
    let scene = Scene::new().await;
    plant(&scene, 1_300, "schedule").await;
    let app = &scene.house.app;
    let cookie = &scene.acme.alice.cookies[roster::web::COOKIE];
    let person = accounts::identify_session(app, cookie, Default::default())
        .await
        .expect("it is read")
        .expect("Alice");
    let workspace = scene.workspace.as_str().into();
    let place = Place::of_workspace(app, &person, &workspace)
        .await
        .expect("it opens");
    let one = Filter {
        limit: 50,
        ..Filter::default()
    };
    let mut plans = Vec::new();
    for (filter, index) in [
        (one.clone(), "resources_by_name"),
        (
            Filter {
                search: "site 012".into(),
                ..one.clone()
            },
            "resources_by_name",
        ),
        (
            Filter {
                kind: "schedule".into(),
                ..one.clone()
            },
            "resources_by_kind",
        ),
        (
            Filter {
                archived: true,
                ..one.clone()
            },
            "resources_archived_by_name",
        ),
        (
            Filter {
                kind: "schedule".into(),
                archived: true,
                ..one
            },
            "resources_archived_by_kind",
        ),
    ] {
        plans.push((
            resources::explain_count(app, &place, &filter)
                .await
                .expect("a plan"),
            index,
        ));
        plans.push((
            resources::explain(app, &place, &filter)
                .await
                .expect("a plan"),
            index,
        ));
    }
    plans.push((
        grants::explain(app, &workspace, &person.user, "schedule")
            .await
            .expect("a plan"),
        "resources_by_kind",
    ));
    for (plan, index) in plans {
        let text = plan.join("\n");
        if scene.house.database_url.starts_with("sqlite") {
            let walks = text.contains(&format!("SEARCH r USING INDEX {index} (place=?"));
            let sorts = plan
                .windows(2)
                .any(|two| two[0].starts_with("SEARCH r ") && two[1].contains("ORDER BY"));
            assert!(walks && !sorts, "{index}: {text}");
        } else {
            // Its planner takes another index where few rows are of a kind.
            assert!(
                text.contains("resources_") && !text.contains("Seq Scan on resources"),
                "{index}: {text}"
            );
        }
    }
}
