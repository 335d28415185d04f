//! `/organizations/{org_id}/usage`: the dashboard's numbers, exact.

use super::bearer::Member;
use super::error::ApiResult;
use super::input::Query;
use super::shape::{answer, query};
use crate::app::App;
use crate::clock::{DAY, date};
use crate::error::Refusal;
use crate::usage::{self, Counts, Window};
use axum::extract::State;

answer! {
    /// Runs, and what they moved.
    pub struct UsageCounts {
        /// All of them, those that go on included.
        pub runs: i64,
        pub succeeded: i64,
        pub failed: i64,
        /// Those that were canceled or go on.
        pub others: i64,
        /// Of those that succeeded or failed, the part that succeeded, from 0 to 1 with six places; `null` where there were none.
        pub success_rate: Option<String>,
        pub rows: i64,
        pub bytes: i64,
    }
}

impl From<Counts> for UsageCounts {
    fn from(counts: Counts) -> Self {
        Self {
            runs: counts.runs,
            succeeded: counts.succeeded,
            failed: counts.failed,
            others: counts.others(),
            success_rate: counts.success_rate().map(|rate| format!("{rate:.6}")),
            rows: counts.rows,
            bytes: counts.bytes,
        }
    }
}

answer! {
    /// One UTC day over all workspaces.
    pub struct UsageDay {
        pub day: String,
        pub counts: UsageCounts,
    }
}

answer! {
    /// One workspace.
    pub struct UsageWorkspace {
        pub workspace_id: String,
        pub name: String,
        /// Members who did something in it in these days.
        pub active_members: i64,
        /// Resources in use, without those that are private to somebody.
        pub resources: i64,
        pub counts: UsageCounts,
    }
}

answer! {
    /// Resources in use of one kind.
    pub struct UsageKind {
        pub kind: String,
        pub name: String,
        pub resources: i64,
    }
}

answer! {
    /// An organization's usage over some days, today included.
    pub struct Usage {
        pub days: i64,
        pub first_day: String,
        pub last_day: String,
        /// Members who did something in any workspace in these days.
        pub active_members: i64,
        pub total: UsageCounts,
        pub by_kind: Vec<UsageKind>,
        pub by_workspace: Vec<UsageWorkspace>,
        pub by_day: Vec<UsageDay>,
    }
}

query! {
    /// Over how many days.
    pub struct AskedUsage {
        /// 7, 30 or 90; 30 unless said.
        pub days: Option<String>,
    }
}

/// `GET /organizations/{org_id}/usage`
pub async fn show(
    State(app): State<App>,
    Member(actor): Member,
    Query(asked): Query<AskedUsage>,
) -> ApiResult<axum::Json<Usage>> {
    let window = match asked.days.as_deref() {
        None => Window::default(),
        Some(days) => {
            Window::parse(days).ok_or_else(|| Refusal::field("days", "Say 7, 30 or 90."))?
        }
    };
    let found = usage::dashboard(&app, &actor, window).await?;
    let kind = |kind: usage::KindCount| UsageKind {
        kind: kind.kind,
        name: kind.plural,
        resources: kind.resources,
    };
    let workspace = |one: usage::WorkspaceUsage| UsageWorkspace {
        workspace_id: one.id.into(),
        name: one.name,
        active_members: one.active,
        resources: one.resources,
        counts: one.counts.into(),
    };
    Ok(axum::Json(Usage {
        days: window.days(),
        first_day: date(found.first_day * DAY),
        last_day: date(found.last_day * DAY),
        active_members: found.active,
        total: found.total.into(),
        by_kind: found.kinds.into_iter().map(kind).collect(),
        by_workspace: found.workspaces.into_iter().map(workspace).collect(),
        by_day: found
            .days
            .into_iter()
            .map(|(day, counts)| UsageDay {
                day: date(day * DAY),
                counts: counts.into(),
            })
            .collect(),
    }))
}
