//! Tags: each event is listed under everything that it can be asked for by (workspace, member, action, category, and
//! each of these together), so that any filter, and any filters together, are one walk along one index. What a page of
//! the log costs depends on the page, not on how many events there are or how rarely two things meet.
//!
//! A tag is 64 bits of a hash over the organization and what is asked for. Should two ever be the same, the wrong events
//! are left out when they are read ([`super::list`]).

use super::queries::EventRow;
use sha2::{Digest, Sha256};

/// What of an event is asked for; the organization always is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub workspace: Option<&'a str>,
    /// The one who acted, or the one concerned.
    pub person: Option<&'a str>,
    pub kind: Option<Kind<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    Category(&'a str),
    Action(&'a str),
}

impl Asked<'_> {
    /// The tag to walk along; `None` where everything is asked for.
    pub fn tag(&self, org: &str) -> Option<i64> {
        if self.workspace.is_none() && self.person.is_none() && self.kind.is_none() {
            return None;
        }
        let mut hash = Sha256::new();
        let mut part = |mark: &[u8; 1], text: Option<&str>| {
            if let Some(text) = text {
                hash.update(mark);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        };
        part(b"o", Some(org));
        part(b"w", self.workspace);
        part(b"p", self.person);
        match self.kind {
            None => {}
            Some(Kind::Category(category)) => part(b"c", Some(category)),
            Some(Kind::Action(action)) => part(b"a", Some(action)),
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        Some(i64::from_be_bytes(first))
    }
}

/// Every tag of an event: five for what it is and where, six for each person in it, fewer outside of workspaces.
pub(super) fn of(event: &EventRow, org: &str) -> Vec<i64> {
    let subject = event
        .subject_id
        .as_deref()
        .filter(|subject| *subject != event.actor_id);
    let people = [None, Some(event.actor_id.as_str()), subject];
    let kinds = [
        None,
        Some(Kind::Category(&event.category)),
        Some(Kind::Action(&event.action)),
    ];
    let mut tags = Vec::with_capacity(18);
    for workspace in [None, event.workspace_id.as_deref()] {
        for person in people {
            for kind in kinds {
                tags.extend(
                    Asked {
                        workspace,
                        person,
                        kind,
                    }
                    .tag(org),
                );
            }
        }
    }
    tags.sort_unstable();
    tags.dedup();
    tags
}
