//! What something would bring the limits of the plan to, said before it is done (product.md, 10): "linking this workspace
//! brings you to 112 %".

use super::plans::{BYTES_PER_MONTH, Plan, ROWS_PER_MONTH, WORKSPACES};
use super::used::percent;
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::organizations::Organization;
use crate::usage::{self, Counts};
use std::sync::Arc;

/// From how many hundredths of a limit on people are told that it is near.
pub const NEAR: i64 = 80;

/// A limit as it would stand afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The name of the limit in the plans file.
    pub limit: String,
    pub used: i64,
    pub most: i64,
}

impl Brought {
    /// Hundredths of the limit, at least [`NEAR`].
    pub fn percent(&self) -> i64 {
        percent(self.used, self.most)
    }
}

/// The limits that a workspace adds to, as they stand: read once, however many workspaces are looked at.
pub(crate) struct Ahead {
    plan: Arc<Plan>,
    workspaces: i64,
    month: Counts,
}

impl Ahead {
    pub(crate) async fn look(app: &App, tx: &mut Tx, org: &Organization) -> Result<Self> {
        let now = app.now();
        Ok(Self {
            plan: app.plans.of(org, now).clone(),
            workspaces: org.workspaces,
            month: usage::month(tx, &org.id, now).await?,
        })
    }

    /// The limits that one more workspace, with what it did in this month, adds to and brings near their end or beyond it.
    pub(crate) fn with_workspace(&self, did: Counts) -> Vec<Brought> {
        let added = [
            (WORKSPACES, self.workspaces, 1),
            (ROWS_PER_MONTH, self.month.rows, did.rows),
            (BYTES_PER_MONTH, self.month.bytes, did.bytes),
        ];
        let brought = |(limit, used, more): (&str, i64, i64)| {
            let after = Brought {
                limit: limit.to_owned(),
                used: used.saturating_add(more),
                most: self.plan.limit(limit)?,
            };
            (more > 0 && after.percent() >= NEAR).then_some(after)
        };
        added.into_iter().filter_map(brought).collect()
    }
}
