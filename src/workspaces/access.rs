//! Giving and taking roles in workspaces. Every change goes through here, because two counts stand beside the rows: the
//! people of a workspace, and the workspaces of a member (S1-63).

use super::{Source, Workspace, queries};
use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId};
use crate::members;

/// Gives a user a role in a workspace from one source, or changes the role they have from it. The caller holds the lock
/// of the workspace's organization, has checked who may, and records the event.
pub(crate) async fn give_access(
    tx: &mut Tx,
    workspace: &Workspace,
    user: &UserId,
    source: Source,
    role: WorkspaceRole,
    now: Micros,
) -> Result<()> {
    let had = queries::has_access(tx, &workspace.id, user).await?;
    queries::set_access(tx, &workspace.id, user, source, role, now).await?;
    if had {
        return Ok(());
    }
    queries::add_to_people(tx, &workspace.id, 1).await?;
    match &workspace.org {
        Some(org) => members::add_to_workspaces(tx, org, user, 1).await,
        None => Ok(()),
    }
}

/// Takes every access a user has to an organization's workspaces, from whatever source (S1-48).
pub(crate) async fn take_all_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<u64> {
    let taken = queries::take_all_access(tx, org, user).await?;
    members::clear_workspaces(tx, org, user).await?;
    Ok(taken)
}
