//! The dashboard: an organization's usage over all of its workspaces (S1-8, S1-70 to S1-74).

use super::{Counts, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::{DAY, Micros};
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::resources::Kinds;
use std::collections::BTreeMap;

/// How many days are looked at, the present one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    Week,
    #[default]
    Month,
    Quarter,
}

impl Window {
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    pub fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    /// The window of so many days, as an address says it.
    pub fn parse(days: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|window| window.days().to_string() == days)
    }
}

/// What was used in a window of days.
#[derive(Clone, Debug)]
pub struct Dashboard {
    pub window: Window,
    /// Its first day and its last, which is today, as days since 1970-01-01 UTC.
    pub first_day: i64,
    pub last_day: i64,
    /// Resources in use, by kind; kinds without any are left out.
    pub kinds: Vec<KindCount>,
    /// Members who did something in any workspace.
    pub active: i64,
    /// By name.
    pub workspaces: Vec<WorkspaceUsage>,
    /// Every day of the window.
    pub days: Vec<(i64, Counts)>,
    pub total: Counts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCount {
    pub kind: String,
    pub plural: String,
    pub resources: i64,
}

#[derive(Clone, Debug)]
pub struct WorkspaceUsage {
    pub id: WorkspaceId,
    pub name: String,
    /// Members who did something there: ran something, or changed something in it.
    pub active: i64,
    /// Resources in use in it, without those that are private to somebody.
    pub resources: i64,
    pub counts: Counts,
}

impl Dashboard {
    /// From when on somebody counts as active.
    pub fn since(&self) -> Micros {
        self.first_day * DAY
    }
}

/// Reads an organization's usage. For owners, admins and who manages billing (S1-70). A workspace that was unlinked or
/// deleted is left out. What it costs doesn't grow with the number of runs.
pub async fn dashboard(app: &App, actor: &Actor, window: Window) -> Result<Dashboard> {
    access::require(actor.role, Permission::ViewUsage)?;
    let org = &actor.org.id;
    let last_day = app.now().div_euclid(DAY);
    let first_day = last_day - window.days() + 1;
    let mut tx = app.db.read().await?;
    let counted: BTreeMap<i64, Counts> = queries::by_day(&mut tx, org, first_day, last_day)
        .await?
        .into_iter()
        .collect();
    let days: Vec<(i64, Counts)> = (first_day..=last_day)
        .map(|day| (day, counted.get(&day).copied().unwrap_or_default()))
        .collect();
    let workspaces =
        queries::by_workspace(&mut tx, org, first_day, last_day, first_day * DAY).await?;
    let known = Kinds::of(&mut tx, Some(org)).await?;
    let kind = |(kind, resources): (String, i64)| KindCount {
        plural: known
            .find(&kind)
            .map_or_else(|| kind.clone(), |known| known.plural.to_string()),
        kind,
        resources,
    };
    Ok(Dashboard {
        window,
        first_day,
        last_day,
        kinds: queries::by_kind(&mut tx, org)
            .await?
            .into_iter()
            .map(kind)
            .collect(),
        active: queries::active_anywhere(&mut tx, org, first_day * DAY).await?,
        total: days
            .iter()
            .fold(Counts::default(), |sum, (_, counts)| sum.plus(*counts)),
        workspaces: workspaces.into_iter().map(of_row).collect(),
        days,
    })
}

fn of_row(row: queries::WorkspaceRow) -> WorkspaceUsage {
    let counts = Counts {
        runs: row.runs,
        succeeded: row.succeeded,
        failed: row.failed,
        rows: row.row_count,
        bytes: row.byte_count,
    };
    WorkspaceUsage {
        id: row.id,
        name: row.name,
        active: row.active,
        resources: row.resources,
        counts,
    }
}
