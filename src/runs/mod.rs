//! Runs: executions that a host product reports, with who started them, how they ended and what they moved; and events
//! that it writes into the log (product.md, 1, 8 and 9).

mod events;
mod list;
mod merge;
mod queries;
mod report;
mod retention;

pub use events::{NewEvent, Noted, report_events};
pub use list::{Filter, Listed, Row, explain, list};
pub use report::{NewRun, Reported, Verdict, report};
pub use retention::delete_old;

use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{ResourceId, RunId, UserId, WorkspaceId};
use crate::usage::Counts;
use std::collections::HashMap;

/// Runs, or events, that one call may tell of.
const MOST: usize = 1_000;

/// What each of these runs of a workspace was a run of, as far as they are there; `None`: of the workspace as a whole.
pub(crate) async fn resources_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    runs: &[RunId],
) -> Result<HashMap<RunId, Option<ResourceId>>> {
    if runs.is_empty() {
        Ok(HashMap::new())
    } else {
        queries::resources_of(tx, workspace, runs).await
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    Canceled,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Running, Self::Succeeded, Self::Failed, Self::Canceled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    /// The host product's own id.
    pub external_id: String,
    /// What was run; `None`: the workspace as a whole.
    pub resource: Option<ResourceId>,
    pub status: Status,
    /// By what it was started, where nobody did: a schedule, a key; "" where that wasn't said.
    pub cause: String,
    /// The account that started it, or the key.
    pub person: Option<UserId>,
    /// Their name as it was when the run was reported: it stays when they leave (S2-46).
    pub person_name: String,
    pub started_at: Option<Micros>,
    pub finished_at: Option<Micros>,
    pub rows: i64,
    pub bytes: i64,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Run {
    /// The start where it is known, else the end: when it stands in lists.
    pub fn at(&self) -> Micros {
        self.started_at
            .or(self.finished_at)
            .unwrap_or(self.created_at)
    }

    /// The UTC day that it counts on, as days since 1970-01-01.
    pub fn day(&self) -> i64 {
        self.at().div_euclid(DAY)
    }

    /// What it adds to its day.
    pub fn counts(&self) -> Counts {
        Counts {
            runs: 1,
            succeeded: i64::from(self.status == Status::Succeeded),
            failed: i64::from(self.status == Status::Failed),
            rows: self.rows,
            bytes: self.bytes,
        }
    }
}
