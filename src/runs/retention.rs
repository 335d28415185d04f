//! How long runs are kept: for ever, unless an organization's policy says for how many days. What was counted of them
//! stays, and so does what stands in the log.

use super::queries;
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{DAY, date};
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, WorkspaceId};
use crate::organizations;

/// Runs deleted in one transaction.
const AT_ONCE: i64 = 1_000;

/// Deletes what is older than the policies of organizations keep, and gives how many runs that were. Each part is recorded
/// in the transaction that deletes it. Runs that go on stay, however long.
pub async fn delete_old(app: &App) -> Result<u64> {
    let mut tx = app.db.read().await?;
    let due = queries::with_policy(&mut tx).await?;
    drop(tx);
    let mut deleted = 0;
    for (org, workspace, name, days) in due {
        loop {
            let done = match delete_some(app, &org, &workspace, &name, days).await {
                // It was deleted, or unlinked, since.
                Err(Refusal::NotFound) => 0,
                other => other?,
            };
            deleted += done;
            if done < AT_ONCE as u64 {
                break;
            }
        }
    }
    Ok(deleted)
}

async fn delete_some(
    app: &App,
    org: &OrgId,
    workspace: &WorkspaceId,
    name: &str,
    days: i64,
) -> Result<u64> {
    let now = app.now();
    // Whole days, so that a day is there or is not.
    let before = (now.div_euclid(DAY) - days) * DAY;
    let mut tx = app.db.write_org(org).await?;
    let operator = Actor::system(organizations::find(&mut tx, org).await?);
    if operator.org.policies.run_days != days {
        return Ok(0);
    }
    let deleted = queries::delete_before(&mut tx, org, workspace, before, AT_ONCE).await?;
    if deleted == 0 {
        return Ok(0);
    }
    queries::set_kept_from(&mut tx, workspace, before).await?;
    let event = Event::new(
        Category::Run,
        "runs.deleted",
        "workspace",
        workspace.to_string(),
        name,
    )
    .workspace(workspace)
    .with("runs", deleted)
    .with("before", date(before))
    .with("days", days);
    audit::record(&mut tx, &operator, now, event).await?;
    tx.commit().await?;
    Ok(deleted)
}
