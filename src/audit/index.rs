//! What events are found by: their tags, the days they happened on, and the actions there are to choose from.

use super::Category;
use super::queries::{self, EventRow};
use super::tags;
use crate::clock::DAY;
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::{OrgId, UserId};
use crate::usage;
use std::collections::{BTreeMap, BTreeSet};

/// Lists new events of an organization under all that they are asked for by. They come in the order of their chain.
pub(super) async fn add(tx: &mut Tx, org: &OrgId, events: &[EventRow]) -> Result<()> {
    let mut listed: Vec<(i64, i64)> = Vec::with_capacity(events.len() * 12);
    let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let mut actions = BTreeSet::new();
    for event in events {
        listed.extend(
            tags::of(event, org.as_str())
                .into_iter()
                .map(|tag| (tag, event.seq)),
        );
        days.entry(event.at.div_euclid(DAY))
            .or_insert((event.seq, event.seq))
            .1 = event.seq;
        actions.insert((event.action.as_str(), event.category.as_str()));
    }
    listed.sort_unstable();
    queries::index::add_tags(tx, &listed).await?;
    for (day, (first, last)) in days {
        queries::index::add_day(tx, org, day, first, last).await?;
    }
    for (action, category) in actions {
        queries::index::add_action(tx, org, action, category).await?;
    }
    note_people(tx, events).await
}

/// Notes who was active in which workspace. Who reports runs doesn't do them; those are noted with the runs.
async fn note_people(tx: &mut Tx, events: &[EventRow]) -> Result<()> {
    let mut seen: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for event in events
        .iter()
        .filter(|event| event.actor_kind != "system" && event.category != Category::Run.as_str())
    {
        if let Some(workspace) = &event.workspace_id {
            let last = seen
                .entry(workspace)
                .or_default()
                .entry(&event.actor_id)
                .or_insert(event.at);
            *last = event.at.max(*last);
        }
    }
    for (workspace, people) in seen {
        let people: Vec<(UserId, i64)> = people
            .into_iter()
            .map(|(user, at)| (user.into(), at))
            .collect();
        usage::note_people(tx, &workspace.into(), &people).await?;
    }
    Ok(())
}

/// Lists the events of a database that was written before there were tags; all of them or, should it be stopped, none.
pub(crate) async fn catch_up(db: &Db) -> Result<()> {
    if queries::index::has_any(&mut db.read().await?).await? {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    tx.lock_name("audit_tags").await?;
    if queries::index::has_any(&mut tx).await? {
        return Ok(());
    }
    for org in queries::index::organizations(&mut tx).await? {
        let mut seq = 0;
        loop {
            let events = queries::page(&mut tx, org.as_str(), seq, 1_000).await?;
            let Some(last) = events.last() else { break };
            seq = last.seq;
            add(&mut tx, &org, &events).await?;
        }
    }
    tx.commit().await
}
