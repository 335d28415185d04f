//! What an organization uses of each limit, and which workspace how much of it (S1-92).

use super::plans::{BYTES_PER_MONTH, ROWS_PER_MONTH, WORKSPACES};
use super::queries;
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::usage;

/// A limit with what is used of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The name of the limit in the plans file.
    pub name: String,
    pub used: i64,
    /// `None`: the plan has no such limit.
    pub most: Option<i64>,
    /// Workspaces that use something of it, most first; the name is "" for what is used in none. Empty for the number of
    /// workspaces.
    pub shares: Vec<(String, i64)>,
}

impl Used {
    /// Hundredths of the limit; above 100 when it is passed. `None` where there is no limit; a limit of nothing is full.
    pub fn percent(&self) -> Option<i64> {
        Some(percent(self.used, self.most?))
    }

    /// The limit is passed, which going down a plan, or runs that went on, can do.
    pub fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.used > most)
    }
}

/// Hundredths of a limit, rounded down, so that 100 says that it is reached. A limit of nothing is full, and anything above it
/// twice as much.
pub fn percent(used: i64, most: i64) -> i64 {
    match (most, used) {
        (..=0, ..=0) => 100,
        (..=0, _) => 200,
        _ => (i128::from(used) * 100 / i128::from(most)) as i64,
    }
}

/// What is used of every limit that the plans know, summed over all workspaces. Refuses who doesn't see usage.
pub async fn used(app: &App, actor: &Actor) -> Result<Vec<Used>> {
    access::require(actor.role, Permission::ViewUsage)?;
    let now = app.now();
    let mut tx = app.db.read().await?;
    let org = &actor.org;
    let plan = app.plans.of(org, now);
    let month = usage::month_by_workspace(&mut tx, &org.id, now).await?;
    let leases = queries::leases_by_workspace(&mut tx, &org.id, now).await?;
    let mut all = Vec::new();
    for name in app.plans.limit_names() {
        let mut shares: Vec<(String, i64)> = match name {
            WORKSPACES => Vec::new(),
            ROWS_PER_MONTH => month
                .iter()
                .map(|(_, name, counts)| (name.clone(), counts.rows))
                .collect(),
            BYTES_PER_MONTH => month
                .iter()
                .map(|(_, name, counts)| (name.clone(), counts.bytes))
                .collect(),
            pool => leases
                .iter()
                .filter(|row| row.pool == pool)
                .map(|row| (row.workspace.clone().unwrap_or_default(), row.leases))
                .collect(),
        };
        shares.retain(|(_, amount)| *amount > 0);
        shares.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
        let sum = shares.iter().map(|(_, amount)| *amount).sum();
        let used = if name == WORKSPACES {
            org.workspaces
        } else {
            sum
        };
        all.push(Used {
            name: name.to_owned(),
            used,
            most: plan.limit(name),
            shares,
        });
    }
    Ok(all)
}

/// The name of a limit as people read it: "Runs at once".
pub fn limit_label(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_92_a_hundred_is_reached_only_at_the_limit_and_passed_above_it() {
        let used = |used, most| {
            Used {
                name: String::new(),
                used,
                most,
                shares: Vec::new(),
            }
            .percent()
        };
        assert_eq!(
            [
                used(99_999, Some(100_000)),
                used(110, Some(100)),
                used(5, None)
            ],
            [Some(99), Some(110), None]
        );
        assert_eq!(
            [used(0, Some(0)), used(1, Some(0)), used(i64::MAX, Some(1))]
                .map(Option::unwrap_or_default)[..2],
            [100, 200]
        );
        assert_eq!(limit_label("runs_at_once"), "Runs at once");
    }
}
