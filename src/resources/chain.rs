//! A resource and what it lies in, from the inside out: what decisions look at.

use super::{Resource, queries};
use crate::access::Link;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::ResourceId;
use std::collections::HashMap;

/// The chain of one resource, or of a place where one is to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain(Vec<Resource>);

impl Chain {
    /// Of a resource: itself first, the outermost last.
    pub async fn of(tx: &mut Tx, resource: &Resource) -> Result<Self> {
        let ids = ids_in(&resource.path);
        if ids.len() <= 1 {
            return Ok(Self(vec![resource.clone()]));
        }
        let mut found = queries::by_ids(tx, &ids).await?;
        found.sort_by_key(|one| std::cmp::Reverse(one.path.len()));
        Ok(Self(found))
    }

    /// Of a resource, from what was read before.
    pub fn among(resource: &Resource, known: &HashMap<ResourceId, Resource>) -> Self {
        Self(
            ids_in(&resource.path)
                .iter()
                .rev()
                .filter_map(|id| known.get(id).cloned())
                .collect(),
        )
    }

    pub fn links(&self) -> Vec<Link<'_>> {
        self.0
            .iter()
            .map(|one| Link {
                kind: &one.kind,
                id: one.id.as_str(),
            })
            .collect()
    }

    /// What it lies in, from the inside out.
    pub fn around(&self) -> &[Resource] {
        self.0.get(1..).unwrap_or_default()
    }

    /// The chain of the thing at this place of it.
    pub fn from(&self, place: usize) -> Self {
        Self(self.0.get(place..).unwrap_or_default().to_vec())
    }
}

/// The ids in a path, from the outermost down.
pub(super) fn ids_in(path: &str) -> Vec<ResourceId> {
    path.split('/')
        .filter(|id| !id.is_empty())
        .map(ResourceId::from)
        .collect()
}
