//! Usage: how much is done in workspaces, read from what is counted when a run is reported (product.md, 9).
//!
//! Nothing here reads runs: what a page or a month costs depends on workspaces and days, not on how many runs there were.

mod dashboard;
mod file;
mod queries;

pub use dashboard::{Dashboard, KindCount, Window, WorkspaceUsage, dashboard};
pub use file::Table;

use crate::clock::{self, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};
use std::collections::{BTreeMap, HashMap};

/// Rows, or bytes, that a workspace can have on one day, so that no sum over days and workspaces grows out of its type.
const MOST_A_DAY: i64 = 10_000_000_000_000_000;

/// Runs and what they moved, over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them, however they ended, those that go on included.
    pub runs: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub rows: i64,
    pub bytes: i64,
}

impl Counts {
    /// Those that were canceled or go on.
    pub fn others(&self) -> i64 {
        self.runs - self.succeeded - self.failed
    }

    /// The part that succeeded of those that succeeded or failed; `None` where there were none (S1-73).
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.succeeded + self.failed;
        (ended > 0).then(|| self.succeeded as f64 / ended as f64)
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            runs: self.runs.saturating_add(other.runs),
            succeeded: self.succeeded.saturating_add(other.succeeded),
            failed: self.failed.saturating_add(other.failed),
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    pub fn minus(self, other: Self) -> Self {
        let negated = Self {
            runs: -other.runs,
            succeeded: -other.succeeded,
            failed: -other.failed,
            rows: -other.rows,
            bytes: -other.bytes,
        };
        self.plus(negated)
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Adds to what is counted of a workspace on some days, in the transaction of the runs. Refuses more rows or bytes on a
/// day than can be counted.
pub(crate) async fn add(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    changes: &BTreeMap<i64, Counts>,
) -> Result<()> {
    let changes: Vec<(i64, Counts)> = changes
        .iter()
        .filter(|(_, counts)| !counts.is_zero())
        .map(|(day, counts)| (*day, *counts))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let days: Vec<i64> = changes.iter().map(|(day, _)| *day).collect();
    let before: BTreeMap<i64, Counts> = queries::days(tx, workspace, &days)
        .await?
        .into_iter()
        .collect();
    for (day, change) in &changes {
        let after = change.plus(before.get(day).copied().unwrap_or_default());
        if after.rows > MOST_A_DAY || after.bytes > MOST_A_DAY {
            return Err(Refusal::conflict(
                "too_much_in_a_day",
                "That is more rows or bytes on one day than can be counted. Nothing was written.",
            ));
        }
    }
    queries::add(tx, workspace, &changes).await
}

/// Notes that people did something in a workspace.
pub(crate) async fn note_people(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    people: &[(UserId, Micros)],
) -> Result<()> {
    if people.is_empty() {
        Ok(())
    } else {
        queries::note_people(tx, workspace, people).await
    }
}

/// What an organization's workspaces did in the UTC month of this moment: what plans limit. Workspaces that were deleted
/// count on; one that was unlinked took its runs along.
pub async fn month(tx: &mut Tx, org: &OrgId, at: Micros) -> Result<Counts> {
    let (first, next) = clock::month(at);
    queries::total(tx, org, first, next - 1).await
}

/// What each of these workspaces did in the UTC month of this moment; those that did nothing are left out.
pub(crate) async fn month_of(
    tx: &mut Tx,
    workspaces: &[WorkspaceId],
    at: Micros,
) -> Result<HashMap<WorkspaceId, Counts>> {
    if workspaces.is_empty() {
        return Ok(HashMap::new());
    }
    let (first, next) = clock::month(at);
    Ok(queries::sums(tx, workspaces, first, next - 1)
        .await?
        .into_iter()
        .collect())
}

/// What each of an organization's workspaces did in the UTC month of this moment, by name; those without rows left out.
pub(crate) async fn month_by_workspace(
    tx: &mut Tx,
    org: &OrgId,
    at: Micros,
) -> Result<Vec<(WorkspaceId, String, Counts)>> {
    let (first, next) = clock::month(at);
    queries::shares(tx, org, first, next - 1).await
}
