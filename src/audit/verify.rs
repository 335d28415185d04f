//! Checking chains of events, all of them or one (product.md, 9).

use super::chain::{Broken, check};
use super::{Heads, queries, sentence};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::OrgId;
use std::time::{Duration, Instant};

/// One chain, checked.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The organization's slug, or the account's id.
    pub name: String,
    pub is_organization: bool,
    pub events: i64,
    /// Events that lost personal data, as the log itself says.
    pub redacted: i64,
    /// The first event that is not as it was written, in words.
    pub broken: Option<String>,
}

/// Compares heads that were written elsewhere with the log: what no longer fits, in words. That the end of a chain was cut
/// off, or that a chain was made anew from its beginning, shows here alone.
pub async fn compare_heads(app: &App, heads: &Heads) -> Result<Vec<String>> {
    let mut tx = app.db.read().await?;
    let mut wrong = Vec::new();
    let mut streams: Vec<_> = heads.0.iter().collect();
    streams.sort();
    for (stream, places) in streams {
        for (seq, hash) in places {
            match queries::at(&mut tx, stream, *seq).await? {
                Some(event) if event.hash == *hash => continue,
                Some(event) => wrong.push(format!(
                    "{stream}: event {seq} has another hash than the head that was written: {}",
                    sentence(&event)
                )),
                None => wrong.push(format!(
                    "{stream}: event {seq} is missing; a head was written for it"
                )),
            }
            break;
        }
    }
    Ok(wrong)
}

/// How far the organization's chain is as it was written, looked at for a while: the page asks again from where it came to.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Events up to this one are as they were written.
    pub through: i64,
    /// So many of those lost personal data, as the log itself says.
    pub redacted: i64,
    /// The first that isn't, in words, and its id where it is there.
    pub broken: Option<(String, Option<String>)>,
    /// There are more to look at.
    pub goes_on: bool,
}

/// Checks the organization's chain behind an event that was checked already, 0 for none. Refuses whose role doesn't see the log.
pub async fn look(app: &App, actor: &Actor, from: i64) -> Result<Looked> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    let stream = actor.org.id.as_str();
    let checked = check(&mut tx, stream, from, Some(Instant::now() + PATIENCE)).await?;
    let broken = match checked.broken {
        None => None,
        Some(broken) => {
            let id = queries::at(&mut tx, stream, broken.seq)
                .await?
                .map(|event| event.id);
            Some((describe(&mut tx, stream, broken).await?, id))
        }
    };
    let redacted = queries::redact::count(&mut tx, stream, checked.through).await?;
    Ok(Looked {
        through: checked.through,
        redacted,
        goes_on: broken.is_none() && !checked.ended,
        broken,
    })
}

/// How long a page looks at a time.
const PATIENCE: Duration = Duration::from_secs(10);

async fn describe(tx: &mut Tx, stream: &str, Broken { seq, unsaid }: Broken) -> Result<String> {
    let wrong = match unsaid {
        true => "has lost other texts than the log says were redacted",
        false => "is not as it was written",
    };
    Ok(match queries::at(tx, stream, seq).await? {
        Some(event) => format!(
            "event {seq} {wrong}: {} at {} ({})",
            sentence(&event),
            clock::rfc3339(event.at),
            event.id
        ),
        None => format!("event {seq} is missing"),
    })
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
        let checked = check(&mut tx, &stream.stream, 0, None).await?;
        let broken = match checked.broken {
            None => None,
            Some(broken) => Some(describe(&mut tx, &stream.stream, broken).await?),
        };
        let name = stream.slug.clone().unwrap_or_else(|| stream.stream.clone());
        chains.push(Chain {
            name,
            is_organization: stream.slug.is_some(),
            events: stream.events,
            redacted: checked.redacted,
            broken,
        });
    }
    Ok(chains)
}
