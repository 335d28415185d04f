//! Checking chains of events, all of them or one (product.md, 9).

use super::{chain::first_broken, queries, sentence};
use crate::app::App;
use crate::clock;
use crate::error::Result;
use crate::ids::OrgId;

/// One chain, checked.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The organization's slug, or the account's id.
    pub name: String,
    pub is_organization: bool,
    pub events: i64,
    /// The first event that is not as it was written, in words.
    pub broken: Option<String>,
}

/// Checks every chain there is, or that of one organization.
pub async fn verify(app: &App, only: Option<&OrgId>) -> Result<Vec<Chain>> {
    let mut tx = app.db.read().await?;
    let streams = match only {
        Some(org) => queries::stream(&mut tx, org.as_str()).await?,
        None => queries::streams(&mut tx).await?,
    };
    let mut chains = Vec::with_capacity(streams.len());
    for stream in streams {
        let broken = match first_broken(&mut tx, &stream.stream).await? {
            None => None,
            Some(seq) => Some(match queries::at(&mut tx, &stream.stream, seq).await? {
                Some(event) => {
                    format!("event {seq} is not as it was written: {} at {} ({})", sentence(&event), clock::rfc3339(event.at), event.id)
                }
                None => format!("event {seq} is missing"),
            }),
        };
        let name = stream.slug.clone().unwrap_or_else(|| stream.stream.clone());
        chains.push(Chain { name, is_organization: stream.slug.is_some(), events: stream.events, broken });
    }
    Ok(chains)
}
