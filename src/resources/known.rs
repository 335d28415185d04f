//! Things that a host product names by its own ids, many at once, with what the person may do with each. It takes the same
//! few statements for one thing and for a thousand.

use super::chain::{Chain, ids_in};
use super::{Kinds, Place, Resource, Sight, queries};
use crate::access::{Action, Level};
use crate::app::App;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::ResourceId;
use std::collections::HashMap;

pub(crate) struct Known {
    pub sight: Sight,
    kinds: Kinds,
    /// By kind and external id.
    found: HashMap<(String, String), Resource>,
    /// Those and what they lie in.
    by_id: HashMap<ResourceId, Resource>,
}

impl Known {
    /// Looks for things of the place, each by kind and external id: in the workspace, or in its organization where the
    /// kind stands there.
    pub async fn load(
        app: &App,
        tx: &mut Tx,
        place: &Place,
        names: &[(&str, &str)],
    ) -> Result<Self> {
        let kinds = place.kinds(tx).await?;
        let workspace = place.workspace_id().map(|id| id.as_str());
        let organization = place.org_id().map(|id| id.as_str());
        let mut wanted: Vec<(&str, &str, &str)> = Vec::new();
        for (kind, external_id) in names {
            let stands = match kinds.find(kind).map(|kind| kind.level) {
                Some(Level::Workspace) => workspace,
                Some(Level::Organization) => organization,
                Some(Level::Private) | None => None,
            };
            wanted.extend(stands.map(|stands| (stands, *kind, *external_id)));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let found = if wanted.is_empty() {
            Vec::new()
        } else {
            queries::by_external_ids(tx, &wanted).await?
        };
        let mut by_id: HashMap<ResourceId, Resource> = found
            .iter()
            .map(|one| (one.id.clone(), one.clone()))
            .collect();
        let mut around: Vec<ResourceId> = found
            .iter()
            .flat_map(|one| ids_in(&one.path))
            .filter(|id| !by_id.contains_key(id))
            .collect();
        around.sort_unstable();
        around.dedup();
        if !around.is_empty() {
            by_id.extend(
                queries::all_by_ids(tx, &around)
                    .await?
                    .into_iter()
                    .map(|one| (one.id.clone(), one)),
            );
        }
        let sight = place.sight(app, tx, place.workspace_id()).await?;
        let found = found
            .into_iter()
            .map(|one| ((one.kind.clone(), one.external_id.clone()), one))
            .collect();
        Ok(Self {
            sight,
            kinds,
            found,
            by_id,
        })
    }

    /// The thing of this name. Refuses one that there isn't or that the person doesn't see, the same way; a private one,
    /// of which nobody but its owner is told (S4-11); and what [`crate::access::decide`] refuses.
    pub fn require(&self, action: Action, kind: &str, external_id: &str) -> Result<&Resource> {
        let unknown = || {
            Refusal::field(
                "resource",
                "There is no such thing here. Tell of it first, under resources.",
            )
        };
        let known = self.kinds.find(kind).ok_or_else(unknown)?;
        if known.level == Level::Private {
            return Err(Refusal::field(
                "resource",
                format!(
                    "{} are private to their owners, so nothing is told of them.",
                    known.plural
                ),
            ));
        }
        let found = self
            .found
            .get(&(kind.to_owned(), external_id.to_owned()))
            .ok_or_else(unknown)?;
        match self
            .sight
            .require(action, known, None, &Chain::among(found, &self.by_id))
        {
            Err(Refusal::NotFound) => Err(unknown()),
            Err(refusal) => Err(refusal),
            Ok(()) => Ok(found),
        }
    }
}
