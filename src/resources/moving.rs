//! What becomes of resources when their organization is deleted.

use super::queries;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::OrgId;

/// Every workspace of an organization goes on by itself, with its resources.
pub(crate) async fn release_all(tx: &mut Tx, org: &OrgId) -> Result<u64> {
    queries::release(tx, org).await
}
