//! The dashboard's tables as CSV files: exact numbers, and no cell that a spreadsheet takes for a formula (SEC-W8).

use super::{Counts, Dashboard};
use crate::audit::csv_safe;
use crate::clock::{DAY, date};

/// The tables that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Days,
    /// Active members, and runs with their success.
    Workspaces,
    /// Rows and bytes.
    Data,
    Resources,
}

impl Table {
    pub const ALL: [Self; 4] = [Self::Days, Self::Workspaces, Self::Data, Self::Resources];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Workspaces => "workspaces",
            Self::Data => "data",
            Self::Resources => "resources",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == name)
    }
}

/// Exact to six places, as the API gives it; empty where nothing ended.
fn rate(counts: &Counts) -> String {
    counts
        .success_rate()
        .map_or_else(String::new, |rate| format!("{rate:.6}"))
}

impl Dashboard {
    /// One of the tables as a file, with a head of columns. All workspaces stand in it, however many the page shows.
    pub fn file(&self, table: Table) -> anyhow::Result<Vec<u8>> {
        let mut file = csv::Writer::from_writer(Vec::new());
        match table {
            Table::Days => {
                file.write_record([
                    "day",
                    "runs",
                    "succeeded",
                    "failed",
                    "others",
                    "success_rate",
                    "rows",
                    "bytes",
                ])?;
                for (day, c) in &self.days {
                    let numbers =
                        [c.runs, c.succeeded, c.failed, c.others()].map(|n| n.to_string());
                    let moved = [c.rows, c.bytes].map(|n| n.to_string());
                    file.write_record(
                        [
                            vec![date(day * DAY)],
                            numbers.into(),
                            vec![rate(c)],
                            moved.into(),
                        ]
                        .concat(),
                    )?;
                }
            }
            Table::Workspaces => {
                file.write_record([
                    "workspace_id",
                    "workspace",
                    "active_members",
                    "runs",
                    "succeeded",
                    "failed",
                    "others",
                    "success_rate",
                ])?;
                for one in &self.workspaces {
                    let c = &one.counts;
                    let numbers = [one.active, c.runs, c.succeeded, c.failed, c.others()]
                        .map(|n| n.to_string());
                    file.write_record(
                        [
                            vec![one.id.to_string(), csv_safe(&one.name)],
                            numbers.into(),
                            vec![rate(c)],
                        ]
                        .concat(),
                    )?;
                }
            }
            Table::Data => {
                file.write_record(["workspace_id", "workspace", "rows", "bytes"])?;
                for one in &self.workspaces {
                    let moved = [one.counts.rows, one.counts.bytes].map(|n| n.to_string());
                    file.write_record(
                        [vec![one.id.to_string(), csv_safe(&one.name)], moved.into()].concat(),
                    )?;
                }
            }
            Table::Resources => {
                file.write_record(["kind", "name", "resources"])?;
                for kind in &self.kinds {
                    file.write_record([
                        kind.kind.clone(),
                        csv_safe(&kind.plural),
                        kind.resources.to_string(),
                    ])?;
                }
            }
        }
        Ok(file.into_inner()?)
    }
}
