//! Organizations: the container of workspaces, members and policies.

mod change_policies;
mod create;
mod delete;
mod details;
mod personal;
mod policies;
mod queries;
mod transfer;

pub use change_policies::{change_policies, change_policies_impact};
pub(crate) use change_policies::{differing_policies, policies_with};
pub(crate) use create::{Wanted, create_personal, create_with};
pub use create::{create, suggest_slug};
pub use delete::{Deletion, delete, deletion_impact};
pub use details::{Details, change_details};
pub(crate) use personal::{close_personal, is_alone_in};
pub use policies::{Policies, RolesOffered, WhoInvites};
pub(crate) use queries::{OrgRow, add_to_counts, set_plan};
pub use transfer::{may_receive, transfer, transfer_impact};

use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId};

#[derive(Clone, Debug)]
pub struct Organization {
    pub id: OrgId,
    pub name: String,
    pub slug: String,
    /// The account whose personal organization this is.
    pub personal_user: Option<UserId>,
    pub created_at: Micros,
    /// Members, active and suspended.
    pub members: i64,
    /// Pending invitations.
    pub invited: i64,
    pub workspaces: i64,
    pub policies: Policies,
    /// The plan in force, by its id; "" for the default one. [`crate::billing::Plans::of`] reads it.
    pub plan: String,
    /// When the default plan takes over by itself.
    pub plan_until: Option<Micros>,
    /// What is wrong with its payments that somebody must see to: `past_due`, `disputed`, or "" for nothing.
    pub billing_alert: String,
}

/// The organization as it is now, inside a write. Refuses a deleted one with "not found".
pub(crate) async fn find(tx: &mut Tx, id: &OrgId) -> Result<Organization> {
    queries::find(tx, id)
        .await?
        .map(Organization::from)
        .ok_or(Refusal::NotFound)
}

/// The organization that has or had this slug.
pub(crate) async fn find_by_slug(tx: &mut Tx, slug: &str) -> Result<Organization> {
    queries::find_by_slug(tx, slug)
        .await?
        .map(Organization::from)
        .ok_or(Refusal::NotFound)
}

/// The organization that has or had this slug. For leading old links to the new address; says nothing about who may see it.
pub async fn find_by_any_slug(app: &crate::app::App, slug: &str) -> Result<Organization> {
    let mut tx = app.db.read().await?;
    find_by_slug(&mut tx, slug).await
}

/// Every organization there is. For the operator.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Organization>> {
    Ok(queries::all(tx)
        .await?
        .into_iter()
        .map(Organization::from)
        .collect())
}
