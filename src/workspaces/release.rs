//! What becomes of an organization's workspaces when it is deleted: each goes on by itself, and nobody loses one
//! (product.md, 4; S1-18, S1-19).

use super::queries;
use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId};
use crate::{resources, roles};

/// A workspace that will be standalone, and who keeps it.
#[derive(Clone, Debug)]
pub struct Keeping {
    pub name: String,
    pub people: i64,
    /// Somebody is its owner. Where nobody is, who deletes the organization becomes it.
    pub has_owner: bool,
    /// Up to three of the people.
    pub names: Vec<String>,
}

/// What was let go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Released {
    pub workspaces: u64,
    /// Workspaces nobody owned, which have an owner now.
    pub adopted: u64,
}

/// The first `limit` workspaces by name, with who keeps each.
pub(crate) async fn keeping(tx: &mut Tx, org: &OrgId, limit: i64) -> Result<Vec<Keeping>> {
    queries::keeping(tx, org, limit).await
}

/// People who have one of the organization's custom roles in a workspace.
pub(crate) async fn custom_holders(tx: &mut Tx, org: &OrgId) -> Result<i64> {
    queries::custom_holders(tx, org).await
}

/// Unlinks every workspace of an organization. Its custom roles end, and who has one is `custom_to` instead. What people had
/// through the organization becomes their own; a workspace that nobody owns gets `owner`, because otherwise nobody could
/// look after it any more.
pub(crate) async fn release_all(
    tx: &mut Tx,
    org: &OrgId,
    owner: Option<&UserId>,
    custom_to: WorkspaceRole,
    now: Micros,
) -> Result<Released> {
    roles::end_all(tx, org, custom_to).await?;
    queries::make_access_direct(tx, org).await?;
    let adopted = match owner {
        Some(owner) => queries::adopt(tx, org, owner, now).await?,
        None => 0,
    };
    resources::release_all(tx, org).await?;
    let workspaces = queries::unlink_all(tx, org).await?;
    Ok(Released {
        workspaces,
        adopted,
    })
}
