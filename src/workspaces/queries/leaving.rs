//! Workspaces outside any organization, seen from somebody who deletes their account.

use crate::db::{Tx, on, run};
use crate::error::Result;
use crate::ids::{UserId, WorkspaceId};

/// Locks each of them that a user has a role in.
pub(in crate::workspaces) async fn lock_standalone_of(tx: &mut Tx, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE workspaces SET revision = revision + 1 WHERE org_id IS NULL AND deleted_at IS NULL
                AND id IN (SELECT workspace_id FROM access WHERE user_id = $1)"
        )
        .bind(user.as_str())
    )?;
    Ok(())
}

/// Those that others are in and that have no owner but this user.
pub(in crate::workspaces) async fn only_owner_of(
    tx: &mut Tx,
    user: &UserId,
) -> Result<Vec<(String, WorkspaceId)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT w.name, w.id FROM workspaces w WHERE w.org_id IS NULL AND w.deleted_at IS NULL
            AND w.id IN (SELECT workspace_id FROM access WHERE user_id = $1 AND role = 'owner')
            AND EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.user_id <> $1)
            AND NOT EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = w.id AND x.user_id <> $1 AND x.role = 'owner')
         ORDER BY w.sort_name, w.id")
        .bind(user.as_str()).fetch_all(c))?)
}
