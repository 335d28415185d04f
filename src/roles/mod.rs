//! Custom roles: workspace roles that an organization makes once and uses in any of its workspaces (product.md, 3).
//!
//! A custom role holds lines: a kind of things, or one resource with everything below it, and what may be done with it.
//! It has an effect where it is assigned in a workspace *and* has a line (E10). Anybody who manages a workspace's access
//! makes and assigns custom roles; what they allow is for owners and admins of the organization to say, because one edit
//! changes every workspace that uses the role, and a workspace's admin could otherwise raise themselves in another.

mod details;
mod list;
mod permissions;
mod queries;
mod removal;

pub use details::{change_details, create};
pub use list::{Found, Holder, Listed, Order, find, holders, list, may_see, offered, search};
pub use permissions::{
    At, Change, Edit, Line, NewLine, Scope, kinds, lines_to_add, permissions_impact,
    resources_to_add, set_permissions,
};
pub use removal::{Deletion, delete, deletion_impact};
pub(crate) use removal::{end_all, forget_workspace};

use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, OrgId};

/// Roles that an organization may have.
const MOST_ROLES: i64 = 500;

/// A workspace role that an organization made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    pub id: CustomRoleId,
    pub name: String,
    /// What it is for; "" for nothing said.
    pub description: String,
    pub created_at: Micros,
}

/// How much a role is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    pub people: i64,
    pub workspaces: i64,
    /// Lines of what it allows.
    pub permissions: i64,
}

/// Whether a role changes anything for anybody (E10, S3-35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    InEffect,
    NotAssigned,
    NotUsed,
    Neither,
}

impl Use {
    pub fn status(self) -> Status {
        match (self.people > 0, self.permissions > 0) {
            (true, true) => Status::InEffect,
            (false, true) => Status::NotAssigned,
            (true, false) => Status::NotUsed,
            (false, false) => Status::Neither,
        }
    }
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InEffect => "in_effect",
            Self::NotAssigned => "not_assigned",
            Self::NotUsed => "not_used",
            Self::Neither => "not_assigned_and_not_used",
        }
    }

    /// Why it has no effect, to be read behind "Not in effect:"; "" where it has one.
    pub fn why(self) -> &'static str {
        match self {
            Self::InEffect => "",
            Self::NotAssigned => "not assigned in any workspace",
            Self::NotUsed => "not used in any permission",
            Self::Neither => "not assigned in any workspace, not used in any permission",
        }
    }
}

/// A custom role of the organization; "not found" for another's, or none.
pub(crate) async fn find_in(tx: &mut Tx, org: &OrgId, id: &CustomRoleId) -> Result<CustomRole> {
    queries::find(tx, org, id).await?.ok_or(Refusal::NotFound)
}
