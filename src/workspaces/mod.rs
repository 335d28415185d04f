//! Workspaces: where the work happens; in one organization, or standalone.

mod queries;

use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId};

/// The names of an organization's workspaces that a user has access to.
pub(crate) async fn names_with_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<Vec<String>> {
    queries::names_with_access(tx, org, user).await
}

/// Takes every access a user has to an organization's workspaces, from whatever source (S1-48).
pub(crate) async fn take_all_access(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<u64> {
    queries::take_all_access(tx, org, user).await
}

/// The name of one of the organization's workspaces. Every member may know it.
pub async fn name_in_org(app: &crate::app::App, actor: &crate::actor::Actor, id: &crate::ids::WorkspaceId) -> Result<String> {
    let mut tx = app.db.read().await?;
    queries::name_in_org(&mut tx, &actor.org.id, id).await?.ok_or(crate::error::Refusal::NotFound)
}
