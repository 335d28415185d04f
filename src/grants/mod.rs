//! Grants: limiting a person in a workspace to named resources of a kind (product.md, 3; S2-30 to S2-37).
//!
//! Without a limit somebody sees all resources of a kind, future ones too. With one they see those that are granted, and
//! what lies in them. Owners and admins of the workspace are not limited, whatever is stored (S2-13). What a grant lets
//! somebody see is decided where all of it is: by [`crate::access::decide`] and, for lists, in `resources`.

mod checklist;
mod queries;
mod set;

pub use checklist::{
    Asked, Checklist, Holder, Limits, Line, Overview, checklist, explain, holders, overview,
};
pub use set::{Chosen, Done, Seen, WhenEmpty, set, set_impact};
