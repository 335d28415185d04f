//! The usage dashboard: its numbers beside a count by hand, on the page, in its files and over the API.

use crate::resources::Scene;
use crate::runs::{of, with};
use roster::clock::{DAY, date, rfc3339};
use serde_json::{Value, json};

const PAGE: &str = "/orgs/acme-corp/usage";

/// A run that ended so many days ago.
fn run(scene: &Scene, id: &str, status: &str, days: i64, bytes: i64) -> Value {
    let at = rfc3339(scene.house.app.now() - days * DAY);
    let end = if status == "running" {
        Value::Null
    } else {
        json!(at)
    };
    json!({ "external_id": id, "status": status, "started_at": at, "finished_at": end, "rows": bytes / 10, "bytes": bytes })
}

impl Scene {
    /// A second workspace of Alice's.
    async fn staging(&mut self) -> String {
        let page = self
            .acme
            .alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", "=Staging")])
            .await
            .assert_status(303);
        page.location().split('/').nth(2).expect("an id").to_owned()
    }
}

#[tokio::test]
async fn s1_8_s1_70_s1_73_s1_74_numbers_over_all_workspaces_match_a_count_by_hand() {
    let mut scene = Scene::new().await;
    let staging = scene.staging().await;
    let mut production = vec![run(&scene, "old", "failed", 45, 90)];
    production.extend((0..3).map(|n| run(&scene, &format!("ok{n}"), "succeeded", n, 1_000)));
    production.extend([
        run(&scene, "bad", "failed", 10, 500),
        run(&scene, "off", "canceled", 2, 0),
        run(&scene, "on", "running", 0, 0),
    ]);
    scene.report(&production).await;
    let one = json!({ "runs": [run(&scene, "one", "running", 20, 0)] });
    scene
        .alice
        .post(&format!("/workspaces/{staging}/runs"), one)
        .await
        .assert_status(200);
    // Thirty days: 6 runs in Production (3 succeeded, 1 failed), 1 in Staging, of which none has ended.
    let page = scene.acme.alice.get(PAGE).await.assert_status(200);
    assert_eq!(page.all(".tile b")[..3], ["7", "75.0 %", "3.5 kB"]);
    let table = |page: &crate::support::browser::Page, heading: &str| {
        page.all(&format!("section[aria-labelledby={heading}] tbody tr"))
    };
    assert_eq!(
        table(&page, "h-workspaces"),
        ["Production 1 6 3 1 2 75.0 %", "=Staging 1 1 0 0 1 —"]
    );
    assert_eq!(
        table(&page, "h-data"),
        ["Production 350 3.5 kB", "=Staging 0 0 B"]
    );
    assert_eq!(
        page.all("nav[aria-label=Organization] a[aria-current=page]"),
        ["Usage"]
    );
    // Charts say the same without being hovered over, and to who doesn't see them.
    let values = page.all("section[aria-labelledby=h-workspaces] svg text.name");
    assert_eq!(values, ["Production", "6 · 75.0 %", "=Staging", "1 · —"]);
    assert!(
        page.attribute("section[aria-labelledby=h-workspaces] svg", "aria-label")
            .is_some_and(|said| said.contains("Production 6 · 75.0 %"))
    );
    // Other windows.
    let week = scene
        .acme
        .alice
        .get(&format!("{PAGE}?days=7"))
        .await
        .assert_status(200);
    assert_eq!(week.all(".tile b")[..3], ["5", "100 %", "3.0 kB"]);
    let quarter = scene
        .acme
        .alice
        .get(&format!("{PAGE}?days=90"))
        .await
        .assert_status(200);
    assert_eq!(quarter.all(".tile b")[..3], ["8", "60.0 %", "3.6 kB"]);
    scene
        .acme
        .alice
        .get(&format!("{PAGE}?days=8"))
        .await
        .assert_status(404);
    // Exact over the API.
    let usage = scene
        .alice
        .get(&format!("/organizations/{}/usage?days=90", scene.org))
        .await
        .assert_status(200)
        .json;
    let expected = json!({ "runs": 8, "succeeded": 3, "failed": 2, "others": 3, "success_rate": "0.600000", "rows": 359, "bytes": 3_590 });
    assert_eq!(usage["total"], expected);
    assert_eq!(
        usage["by_workspace"][0]["counts"]["success_rate"],
        Value::Null
    );
    assert_eq!(usage["by_day"].as_array().map(Vec::len), Some(90));
    assert_eq!(usage["by_day"][89]["counts"]["runs"], 2);
    scene
        .alice
        .get(&format!("/organizations/{}/usage?days=1", scene.org))
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn s1_70_who_may_see_usage() {
    let mut scene = Scene::new().await;
    for browser in [
        &mut scene.acme.alice,
        &mut scene.acme.bob,
        &mut scene.acme.bill,
    ] {
        browser
            .get(PAGE)
            .await
            .assert_status(200)
            .assert_says("No runs in these days")
            .assert_says("curl ");
    }
    for browser in [&mut scene.acme.carol, &mut scene.acme.vera] {
        let page = browser.get(PAGE).await.assert_status(403);
        assert!(
            !page
                .all("nav[aria-label=Organization] a")
                .contains(&"Usage".to_owned())
        );
    }
    scene.acme.otto.get(PAGE).await.assert_status(404);
    scene
        .carol
        .get(&format!("/organizations/{}/usage", scene.org))
        .await
        .assert_problem(403, "role_lacks_permission");
}

#[tokio::test]
async fn s1_71_s4_11_resources_are_counted_by_kind_over_all_workspaces_private_ones_as_a_number() {
    let mut scene = Scene::new().await;
    let staging = scene.staging().await;
    scene
        .tell(&[
            ("warehouse", "W", None),
            ("sync", "S1", None),
            ("sync", "S2", None),
        ])
        .await;
    let more =
        [("sync", "S3"), ("model", "M")].map(|(kind, id)| crate::resources::thing(kind, id, None));
    scene
        .alice
        .post(
            &format!("/workspaces/{staging}/resources"),
            json!({ "resources": more }),
        )
        .await
        .assert_status(200);
    let chat = [crate::resources::thing("chat", "Quiet words", None)];
    scene
        .carol
        .post(&scene.at_organization(), json!({ "resources": chat }))
        .await
        .assert_status(200);
    let page = scene.acme.alice.get(PAGE).await.assert_status(200);
    let kinds = page.all("section[aria-labelledby=h-kinds] tbody tr");
    assert_eq!(kinds, ["Chats 1", "Models 1", "Syncs 3", "Warehouses 1"]);
    assert!(!page.text().contains("Quiet"));
    let usage = scene
        .alice
        .get(&format!("/organizations/{}/usage", scene.org))
        .await
        .json;
    let by_workspace: i64 = usage["by_workspace"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["resources"].as_i64())
        .sum();
    assert_eq!(
        by_workspace, 5,
        "what is private is in no workspace's count"
    );
}

#[tokio::test]
async fn s1_72_members_are_active_who_ran_or_changed_something_in_days_that_the_page_names() {
    let mut scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    scene.house.execute("DELETE FROM usage_people").await;
    let by =
        |run: Value, who: &str| with(with(run, of("sync", "Orders")), json!({ "person": who }));
    let runs = [
        by(run(&scene, "1", "succeeded", 3, 0), "carol@acme.test"),
        by(run(&scene, "2", "succeeded", 4, 0), "carol@acme.test"),
        by(run(&scene, "3", "failed", 20, 0), "vera@acme.test"),
        by(run(&scene, "4", "failed", 20, 0), "somebody@else.test"),
        by(run(&scene, "5", "failed", 60, 0), "bob@acme.test"),
    ];
    scene.report(&runs).await;
    for (days, active) in [("7", "1"), ("30", "2"), ("90", "3")] {
        let page = scene
            .acme
            .alice
            .get(&format!("{PAGE}?days={days}"))
            .await
            .assert_status(200);
        let page = page.assert_says(&format!("in the last {days} days"));
        assert_eq!(
            page.all("section[aria-labelledby=h-workspaces] tbody td:nth-child(2)"),
            [active],
            "{days} days"
        );
    }
    // A change in it counts too; who left doesn't.
    scene.tell(&[("sync", "Customers", None)]).await;
    let carol = scene.acme.member_id("carol@acme.test").await;
    scene
        .acme
        .alice
        .post(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(303);
    let page = scene
        .acme
        .alice
        .get(&format!("{PAGE}?days=7"))
        .await
        .assert_status(200);
    assert_eq!(
        page.all("section[aria-labelledby=h-workspaces] tbody td:nth-child(2)"),
        ["1"],
        "Alice"
    );
}

#[tokio::test]
async fn sec_w8_each_table_is_a_file_with_exact_numbers_and_no_formulas() {
    let mut scene = Scene::new().await;
    let staging = scene.staging().await;
    let runs = json!({ "runs": [run(&scene, "a", "succeeded", 0, 1_234), run(&scene, "b", "failed", 0, 0), run(&scene, "c", "failed", 1, 0)] });
    scene
        .alice
        .post(&format!("/workspaces/{staging}/runs"), runs)
        .await
        .assert_status(200);
    let workspace = scene.workspace.clone();
    let today = date(scene.house.app.now());
    for (table, lines) in [
        (
            "workspaces",
            vec![
                format!("{staging},'=Staging,1,3,1,2,0,0.333333"),
                format!("{workspace},Production,1,0,0,0,0,"),
            ],
        ),
        (
            "data",
            vec![
                format!("{staging},'=Staging,123,1234"),
                format!("{workspace},Production,0,0"),
            ],
        ),
        ("days", vec![format!("{today},2,1,1,0,0.500000,123,1234")]),
    ] {
        let file = scene
            .acme
            .alice
            .get(&format!("{PAGE}?days=7&csv={table}"))
            .await
            .assert_status(200);
        assert!(
            file.headers["content-type"]
                .to_str()
                .is_ok_and(|kind| kind.starts_with("text/csv"))
        );
        assert!(
            file.headers["content-disposition"]
                .to_str()
                .is_ok_and(|name| name.contains(&format!("acme-corp-usage-{table}-7-days")))
        );
        for line in lines {
            assert!(
                file.body.lines().any(|found| found == line),
                "{line}\n{}",
                file.body
            );
        }
    }
    scene
        .acme
        .alice
        .get(&format!("{PAGE}?csv=secrets"))
        .await
        .assert_status(404);
    scene
        .acme
        .carol
        .get(&format!("{PAGE}?csv=data"))
        .await
        .assert_status(403);
}

#[tokio::test]
async fn what_the_dashboard_costs_does_not_depend_on_runs() {
    let scene = Scene::new().await;
    let many: Vec<Value> = (0..500)
        .map(|n| run(&scene, &format!("r{n}"), "succeeded", n % 30, 10))
        .collect();
    scene.report(&many).await;
    let before = scene
        .alice
        .get(&format!("/organizations/{}/usage", scene.org))
        .await
        .assert_status(200)
        .json;
    scene.house.execute("DELETE FROM runs").await;
    let after = scene
        .alice
        .get(&format!("/organizations/{}/usage", scene.org))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (&before["total"]["runs"], &before["total"]),
        (&json!(500), &after["total"]),
        "nothing of it is read from runs"
    );
}

#[tokio::test]
async fn s1_4_one_place_shows_what_was_done_and_used_in_every_workspace() {
    let mut scene = Scene::new().await;
    let staging = scene.staging().await;
    let done = run(&scene, "a", "succeeded", 0, 1_000);
    scene.report(std::slice::from_ref(&done)).await;
    scene
        .alice
        .post(
            &format!("/workspaces/{staging}/runs"),
            json!({ "runs": [done] }),
        )
        .await
        .assert_status(200);
    let usage = scene.acme.alice.get(PAGE).await.assert_status(200);
    let used = usage.all("section[aria-labelledby=h-workspaces] tbody tr");
    let log = scene
        .acme
        .alice
        .get("/orgs/acme-corp/audit?what=run")
        .await
        .assert_status(200);
    let rows = log.all("tbody tr");
    for workspace in ["Production", "=Staging"] {
        assert!(
            used.iter()
                .any(|row| row.starts_with(&format!("{workspace} 1 1 1"))),
            "{workspace}: {used:?}"
        );
        assert!(
            rows.iter().any(|row| row.contains(workspace)),
            "{workspace}: {rows:?}"
        );
    }
}
