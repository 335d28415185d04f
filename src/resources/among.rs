//! Which of some things somebody sees in a workspace.

use super::chain::{Chain, ids_in};
use super::{Kinds, Resource, Sight, queries};
use crate::actor::Actor;
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{ResourceId, WorkspaceId};
use std::collections::{HashMap, HashSet};

/// What somebody sees of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Those of the things asked for.
    pub things: HashSet<ResourceId>,
    /// What happens in the workspace as a whole.
    pub whole: bool,
    /// All there is in it.
    pub all: bool,
}

/// Which of these things of a workspace, with what they lie in, the actor sees: by the rule of every list (S2-35).
pub(crate) async fn seen_among(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    workspace: &WorkspaceId,
    ids: &[ResourceId],
) -> Result<Seen> {
    let sight = Sight::load(app, tx, actor.user(), Some(actor), Some(workspace)).await?;
    if !sight.may_open() {
        return Ok(Seen::default());
    }
    let mut seen = Seen {
        whole: sight.sees_workspace(),
        all: sight.sees_all(),
        ..Seen::default()
    };
    if ids.is_empty() {
        return Ok(seen);
    }
    let mut wanted: Vec<ResourceId> = ids.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let found = queries::all_by_ids(tx, &wanted).await?;
    let mut known: HashMap<ResourceId, Resource> = found
        .iter()
        .map(|one| (one.id.clone(), one.clone()))
        .collect();
    let mut around: Vec<ResourceId> = found
        .iter()
        .flat_map(|one| ids_in(&one.path))
        .filter(|id| !known.contains_key(id))
        .collect();
    around.sort_unstable();
    around.dedup();
    if !around.is_empty() {
        known.extend(
            queries::all_by_ids(tx, &around)
                .await?
                .into_iter()
                .map(|one| (one.id.clone(), one)),
        );
    }
    let kinds = Kinds::of(tx, Some(&actor.org.id)).await?;
    let here = found
        .iter()
        .filter(|one| one.workspace.as_ref().is_none_or(|at| at == workspace));
    let sees = |one: &&Resource| {
        sight.sees(
            &kinds.of_resource(&one.kind),
            one,
            &Chain::among(one, &known),
        )
    };
    seen.things = here.filter(sees).map(|one| one.id.clone()).collect();
    Ok(seen)
}
