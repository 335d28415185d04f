//! Resources: things of the host product that Roster knows by kind, name and place, so that it can say who may do what
//! with them (product.md, 3).
//!
//! A resource stands in a workspace, or in the organization, or is private to its owner. Roster keeps no more of it than
//! its name: no content, no secret (S4-13). What somebody sees is decided in one place, [`sight`], for lists, search and
//! single things alike.

mod among;
mod archive;
mod chain;
mod counted;
mod kinds;
mod known;
mod list;
mod moving;
mod place;
mod queries;
mod sight;
mod upsert;

pub(crate) use among::seen_among;
pub use archive::{archive, restore};
pub use counted::Counted;
pub(crate) use counted::LOOKED_AT;
pub use kinds::{Kinds, NewKind, add_kind, kinds};
pub(crate) use known::Known;
pub use list::{
    Ancestor, Details, Filter, Listed, Row, WorkspaceCount, counts, details, explain,
    explain_count, kinds_there, list, list_of, place_of, total,
};
pub(crate) use moving::release_all;
pub use place::Place;
pub(crate) use place::write_at;
use queries::MAX_DEPTH;
pub(crate) use queries::sees;
pub use sight::Sight;
pub use upsert::{Mode, NewResource, Parent, Upserted, Verdict, change, upsert};

use crate::clock::Micros;
use crate::ids::{OrgId, ResourceId, UserId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub id: ResourceId,
    /// `None`: in a standalone workspace.
    pub org: Option<OrgId>,
    /// `None`: the organization's own.
    pub workspace: Option<WorkspaceId>,
    pub kind: String,
    /// The host product's own id, unique among the kind's in its place.
    pub external_id: String,
    /// What it lies in.
    pub parent: Option<ResourceId>,
    pub name: String,
    /// Whose private thing it is.
    pub owner: Option<UserId>,
    pub created_at: Micros,
    pub updated_at: Micros,
    pub archived_at: Option<Micros>,
    /// The ids from the outermost down to itself, each with a slash behind it.
    path: String,
    /// What its external id is unique in.
    place: String,
}
