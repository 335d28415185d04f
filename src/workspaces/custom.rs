//! What becomes of those who have a custom role when it goes.

use super::access::{give_access, take_access};
use super::{Given, Source, Workspace, queries};
use crate::access::capped;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, OrgId};
use std::collections::HashSet;

/// Gives everybody who has a custom role in one of the organization's workspaces another in its place, a viewer of the
/// organization no more than Viewer; or takes it away, and with it the workspace, unless they have a second role there.
/// Part of the write that deletes the role, which has checked who may and records the event (S3-36).
pub(crate) async fn replace_custom_role(
    tx: &mut Tx,
    org: &OrgId,
    role: &CustomRoleId,
    to: Option<&Given>,
    now: Micros,
) -> Result<()> {
    let mut gone = HashSet::new();
    let mut at: Option<Workspace> = None;
    for row in queries::with_custom_role(tx, org, role).await? {
        let workspace = match at.take().filter(|last| last.id == row.workspace_id) {
            Some(same) => same,
            None => {
                queries::find(tx, &row.user_id, &row.workspace_id)
                    .await?
                    .ok_or(Refusal::NotFound)?
                    .0
            }
        };
        let source = if row.source == Source::Direct.as_str() {
            Source::Direct
        } else {
            Source::Organization
        };
        match to {
            Some(Given::Fixed(to)) => {
                let given = Given::Fixed(capped(*to, row.org_role));
                give_access(tx, &workspace, &row.user_id, source, &given, now).await?;
            }
            Some(given) => give_access(tx, &workspace, &row.user_id, source, given, now).await?,
            None if row.others > 0 => {
                queries::drop_source(tx, &workspace.id, &row.user_id, source).await?
            }
            // Both rows of somebody are of this role: the first takes both.
            None if gone.insert((row.workspace_id.clone(), row.user_id.clone())) => {
                take_access(tx, &workspace, &row.user_id).await?
            }
            None => {}
        }
        at = Some(workspace);
    }
    // Workspaces that were deleted or left keep no role that isn't there.
    queries::forget_custom_role(tx, role).await
}
