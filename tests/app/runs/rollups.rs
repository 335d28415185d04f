//! What is counted equals a recount from the runs, in whatever order they came.

use super::with;
use crate::resources::Scene;
use crate::support::House;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Days on which the counts differ from a recount, in either direction; 0 where they are right.
const WRONG_DAYS: &str = "SELECT COUNT(*) FROM (
    SELECT workspace_id, at / 86400000000 AS day, COUNT(*) AS runs,
        CAST(SUM(CASE WHEN status = 'succeeded' THEN 1 ELSE 0 END) AS BIGINT) AS succeeded,
        CAST(SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
        CAST(SUM(row_count) AS BIGINT) AS row_count, CAST(SUM(byte_count) AS BIGINT) AS byte_count
    FROM runs GROUP BY workspace_id, at / 86400000000) r
    FULL JOIN (SELECT * FROM usage_days WHERE runs <> 0 OR succeeded <> 0 OR failed <> 0 OR row_count <> 0 OR byte_count <> 0) u
        ON u.workspace_id = r.workspace_id AND u.day = r.day
    WHERE u.runs IS NULL OR r.runs IS NULL OR u.runs <> r.runs OR u.succeeded <> r.succeeded OR u.failed <> r.failed
        OR u.row_count <> r.row_count OR u.byte_count <> r.byte_count";

/// Reports of some runs: starts, ends, and both at once, over midnight too.
fn reports() -> impl Strategy<Value = Vec<Value>> {
    let one = (0..12_u32, 0..3_usize, 0..3_u32, 0..40_u32, 0..5_i64).prop_map(|(run, what, status, hours, rows)| {
        let at = |hours: u32| format!("2026-03-{:02}T{:02}:00:00Z", 1 + hours / 24, hours % 24);
        let id = json!({ "external_id": format!("run-{run}") });
        let start = json!({ "started_at": at(hours) });
        let status = ["succeeded", "failed", "canceled"][status as usize];
        let end = json!({ "status": status, "finished_at": at(hours + rows as u32), "rows": rows, "bytes": rows * 1_000 });
        match what {
            0 => with(with(id, start), json!({ "status": "running" })),
            1 => with(id, end),
            _ => with(with(id, start), end),
        }
    });
    prop::collection::vec(one, 1..40)
}

async fn counted(house: &House) -> i64 {
    house
        .count(
            "SELECT CAST(COALESCE(SUM((day % 1000) * 7919 * (runs + 3 * succeeded + 11 * failed + 101 * row_count + byte_count)), 0) AS BIGINT)
             FROM usage_days",
        )
        .await
}

#[tokio::test]
async fn s1_73_s1_74_counts_equal_a_recount_whatever_order_runs_came_in() {
    let scene = Scene::new().await;
    let mut runner = TestRunner::deterministic();
    for round in 0..12 {
        let tree = (reports(), any::<u64>(), 1..9_usize)
            .new_tree(&mut runner)
            .expect("a case");
        let (reports, mut seed, batch) = tree.current();
        let mut shuffled = reports.clone();
        for n in (1..shuffled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(n, (seed >> 33) as usize % (n + 1));
        }
        let mut sums = Vec::new();
        for order in [reports, shuffled] {
            scene
                .house
                .execute("DELETE FROM runs; DELETE FROM usage_days")
                .await;
            for part in order.chunks(batch) {
                scene.report(part).await;
                assert_eq!(
                    scene.house.count(WRONG_DAYS).await,
                    0,
                    "round {round}: {order:?}"
                );
            }
            sums.push(counted(&scene.house).await);
        }
        assert_eq!(
            sums[0], sums[1],
            "round {round}: another order, other counts"
        );
    }
}

#[tokio::test]
async fn what_a_product_can_say_of_a_day_has_an_end_and_nothing_grows_out_of_its_type() {
    let scene = Scene::new().await;
    let huge = |id: u32| {
        with(
            super::ended(&format!("r{id}"), "succeeded", 1),
            json!({ "bytes": 1_000_000_000_000_000_i64 }),
        )
    };
    let ten: Vec<Value> = (0..10).map(huge).collect();
    scene.report(&ten).await;
    scene
        .alice
        .post(&scene.at_runs(), json!({ "runs": [huge(10)] }))
        .await
        .assert_problem(409, "too_much_in_a_day");
    assert_eq!(
        scene.house.count("SELECT byte_count FROM usage_days").await,
        10_000_000_000_000_000
    );
}
