//! Giving and taking roles in workspaces. Every change goes through here, because two counts stand beside the rows: the
//! people of a workspace, and the workspaces of a member (S1-63).

use super::{Given, Source, Workspace, queries};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::{checks, members};

/// Gives a user a role in a workspace from one source, or changes the role they have from it. The caller holds the lock
/// of the workspace's organization, has checked who may, and records the event.
pub(crate) async fn give_access(
    tx: &mut Tx,
    workspace: &Workspace,
    user: &UserId,
    source: Source,
    given: &Given,
    now: Micros,
) -> Result<()> {
    let had = queries::has_access(tx, &workspace.id, user).await?;
    queries::set_access(tx, &workspace.id, user, source, given, now).await?;
    if had {
        return Ok(());
    }
    queries::add_to_people(tx, &workspace.id, 1).await?;
    match &workspace.org {
        Some(org) => members::add_to_workspaces(tx, org, user, 1).await,
        None => Ok(()),
    }
}

/// Takes every role a user has in one workspace, from whatever source, with their grants there. The same conditions as for
/// [`give_access`].
pub(crate) async fn take_access(tx: &mut Tx, workspace: &Workspace, user: &UserId) -> Result<()> {
    if queries::take_access(tx, &workspace.id, user).await? == 0 {
        return Ok(());
    }
    queries::add_to_people(tx, &workspace.id, -1).await?;
    match &workspace.org {
        Some(org) => members::add_to_workspaces(tx, org, user, -1).await,
        None => Ok(()),
    }
}

/// Takes every access a user has to an organization's workspaces, from whatever source (S1-48).
pub(crate) async fn take_all_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<u64> {
    let taken = queries::take_all_access(tx, org, user).await?;
    members::clear_workspaces(tx, org, user).await?;
    Ok(taken)
}

/// The one role that a user has in each of an organization's workspaces; where they have two, the direct one. And whether
/// they are limited to named resources in any of them.
pub(crate) async fn roles_in(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<(Vec<(WorkspaceId, Given)>, bool)> {
    let mut all: Vec<(WorkspaceId, Given)> = queries::access_in(tx, org, user)
        .await?
        .into_iter()
        .map(|row| (row.workspace_id.clone(), row.given()))
        .collect();
    all.dedup_by(|later, first| later.0 == first.0);
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    let limited = checks::known(tx, user, &ids)
        .await?
        .values()
        .any(|known| !known.limits.is_empty());
    Ok((all, limited))
}

/// Gives one user the access another has to an organization's workspaces, with the higher of two roles, and takes it
/// from the other: both turned out to be the same person.
pub(crate) async fn move_access(
    tx: &mut Tx,
    org: &OrgId,
    from: &UserId,
    to: &UserId,
    now: Micros,
) -> Result<()> {
    let own = queries::access_in(tx, org, to).await?;
    for row in queries::access_in(tx, org, from).await? {
        let mine = own
            .iter()
            .find(|o| o.workspace_id == row.workspace_id && o.source == row.source);
        let given = mine
            .filter(|mine| mine.role >= row.role)
            .unwrap_or(&row)
            .given();
        let source = if row.source == Source::Direct.as_str() {
            Source::Direct
        } else {
            Source::Organization
        };
        let had = queries::has_access(tx, &row.workspace_id, to).await?;
        queries::set_access(tx, &row.workspace_id, to, source, &given, now).await?;
        if !had {
            // Whoever had the workspace before sees there what they saw; who has it by this alone sees no more than it gave.
            queries::copy_limits(tx, &row.workspace_id, from, to).await?;
            queries::add_to_people(tx, &row.workspace_id, 1).await?;
            members::add_to_workspaces(tx, org, to, 1).await?;
        }
    }
    queries::move_pending(tx, org, from, to).await?;
    take_all_access(tx, org, from).await.map(|_| ())
}

/// The names of the workspaces outside any organization that only this user has.
pub(crate) async fn nobody_elses(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    queries::nobody_elses(tx, user).await
}

/// Locks the workspaces outside any organization that a user has a role in, for [`only_owner_of`] and [`leave_standalone`].
pub(crate) async fn lock_standalone_of(tx: &mut Tx, user: &UserId) -> Result<()> {
    queries::lock_standalone_of(tx, user).await
}

/// Name and id of each workspace outside any organization that others are in and that only this user owns.
pub(crate) async fn only_owner_of(
    tx: &mut Tx,
    user: &UserId,
) -> Result<Vec<(String, WorkspaceId)>> {
    queries::only_owner_of(tx, user).await
}

/// Takes somebody who deletes their account out of the workspaces outside any organization. One that nobody else has is
/// deleted.
pub(crate) async fn leave_standalone(tx: &mut Tx, user: &UserId, now: Micros) -> Result<()> {
    queries::leave_standalone(tx, user, now).await
}
