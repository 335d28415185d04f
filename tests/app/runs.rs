//! Runs and events that host products report: what counts, who may, and what is seen of them.

mod activity;
mod events;
mod reporting;
mod retention;
mod rollups;

use crate::resources::Scene;
use serde_json::{Value, json};

/// A run that ended at ten o'clock on a day of March 2026.
pub fn ended(id: &str, status: &str, day: u32) -> Value {
    json!({ "external_id": id, "status": status, "started_at": format!("2026-03-{day:02}T09:59:00Z"),
        "finished_at": format!("2026-03-{day:02}T10:00:00Z"), "rows": 10, "bytes": 1_000 })
}

/// The same with more fields, or others.
pub fn with(mut run: Value, more: Value) -> Value {
    for (key, value) in more.as_object().expect("fields") {
        run[key] = value.clone();
    }
    run
}

pub fn of(kind: &str, id: &str) -> Value {
    json!({ "resource": { "kind": kind, "external_id": id } })
}

impl Scene {
    pub fn at_runs(&self) -> String {
        format!("/workspaces/{}/runs", self.workspace)
    }

    /// Alice reports runs; what became of each.
    pub async fn report(&self, runs: &[Value]) -> Vec<String> {
        let answer = self
            .alice
            .post(&self.at_runs(), json!({ "runs": runs }))
            .await
            .assert_status(200);
        verdicts(&answer.json)
    }
}

pub fn verdicts(answer: &Value) -> Vec<String> {
    let all = answer["data"].as_array().expect("a list");
    all.iter()
        .map(|one| {
            one["verdict"]
                .as_str()
                .or(one.as_str())
                .expect("a verdict")
                .to_owned()
        })
        .collect()
}

/// The external ids of a list of runs.
pub fn ids(answer: &Value) -> Vec<&str> {
    answer["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|run| run["external_id"].as_str().expect("an id"))
        .collect()
}
