//! Exports: exactly the events that a filter finds, as a file that is made while it is sent (S1-80, SEC-R15).
//!
//! An export is recorded before its first byte leaves, and holds the events before its own. It is asked for by POST,
//! because it writes into the log: a link that is opened by chance, or by a page elsewhere, exports nothing. The answer is
//! the file itself, so it works as a plain form and needs no place to lie. A thousand events at a time are read and sent,
//! each in a read of its own, so that neither memory grows nor the database is held, whatever the log's length.

use super::file::{self, Format};
use super::queries::list::Walk;
use super::{Category, Event, Filter, Kind, Page, queries, record};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::{self, DAY};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Events read and sent at a time.
const AT_ONCE: i64 = 1_000;

/// A file on its way.
pub struct Export {
    app: App,
    org: OrgId,
    filter: Filter,
    format: Format,
    /// Where it stands; `None` when all is sent.
    walk: Option<Walk>,
    /// Its first event's place in the chain, and the place behind its last.
    span: (i64, i64),
    is_first: bool,
    note: Option<Note>,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Events sent.
    pub events: i64,
    /// Parts of a hundred of the log that it has gone through.
    pub percent: i64,
    pub done: bool,
    /// It ended before its end.
    pub failed: bool,
}

/// Exports under way in this process and those that ended lately, by who asked and the key they gave.
#[derive(Default)]
pub struct Exports(Mutex<HashMap<(UserId, String), Progress>>);

/// Exports remembered at most.
const REMEMBERED: usize = 1_000;

impl Exports {
    fn set(&self, key: &(UserId, String), progress: Progress) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, progress| !progress.done && !progress.failed);
        }
        all.insert(key.clone(), progress);
    }

    /// How far an export of this person is; `None` where none is known by that key.
    pub fn progress(&self, user: &UserId, key: &str) -> Option<Progress> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(user.clone(), key.to_owned()))
            .copied()
    }
}

/// Notes how far an export is, also when nobody takes the rest of it.
struct Note {
    app: App,
    key: (UserId, String),
    progress: Progress,
}

impl Drop for Note {
    fn drop(&mut self) {
        self.progress.failed = !self.progress.done;
        self.app.exports.set(&self.key, self.progress);
    }
}

/// Begins an export and records it, with its filter. Refuses whose role doesn't see the log. `key` is what its progress can
/// be asked by; "" for nothing.
pub async fn export(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    format: Format,
    key: &str,
) -> Result<Export> {
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ViewAudit)?;
    let org = &actor.org.id;
    let event = Event::new(
        Category::Governance,
        "audit.exported",
        "organization",
        org.to_string(),
        &*actor.org.name,
    )
    .with("format", format.as_str())
    .with("filter", filter.in_words());
    let event = Event {
        workspace: filter.workspace.clone(),
        ..event
    };
    record(&mut tx, &actor, app.now(), event).await?;
    let own = queries::head(&mut tx, org.as_str())
        .await?
        .map_or(1, |head| head.0);
    let walk = filter.walk(&mut tx, org, Page::Oldest).await?;
    tx.commit().await?;
    let walk = walk.map(|walk| Walk {
        below: walk.below.min(own),
        ..walk
    });
    let key = (actor.user().clone(), key.to_owned());
    let note = (!key.1.is_empty()).then(|| Note {
        app: app.clone(),
        key,
        progress: Progress::default(),
    });
    let span = walk
        .as_ref()
        .map_or((0, 0), |walk| (walk.above, walk.below));
    Ok(Export {
        app: app.clone(),
        org: org.clone(),
        filter: filter.clone(),
        format,
        walk,
        span,
        is_first: true,
        note,
    })
}

impl Filter {
    /// What is said of a filter in the log: only what it asks for.
    fn in_words(&self) -> Map<String, Value> {
        let kind = self.kind.as_ref().map(|kind| match kind {
            Kind::Category(category) => ("category", category.as_str().to_owned()),
            Kind::Action(action) => ("action", action.clone()),
        });
        let asked = [
            self.workspace
                .as_ref()
                .map(|id| ("workspace", WorkspaceId::to_string(id))),
            self.member
                .as_ref()
                .map(|id| ("member", UserId::to_string(id))),
            kind,
            self.from.map(|from| ("from", clock::date(from))),
            self.until.map(|until| ("to", clock::date(until - DAY))),
        ];
        asked
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    }
}

impl Export {
    pub fn format(&self) -> Format {
        self.format
    }

    /// The next part of the file; `None` when it is whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let is_first = std::mem::take(&mut self.is_first);
        let Some(mut walk) = self.walk else {
            return self.end(is_first);
        };
        let mut tx = self.app.db.read().await?;
        let events = self
            .filter
            .next(&mut tx, &self.org, &mut walk, AT_ONCE)
            .await?;
        drop(tx);
        self.walk = (events.len() as i64 == AT_ONCE).then_some(walk);
        if events.is_empty() {
            return self.end(is_first);
        }
        let (first, last) = self.span;
        if let Some(note) = &mut self.note {
            note.progress.events += events.len() as i64;
            note.progress.percent =
                (walk.above - first).saturating_mul(100) / (last - first).max(1);
            note.app.exports.set(&note.key, note.progress);
        }
        Ok(Some(file::write(&events, self.format, is_first)?))
    }

    fn end(&mut self, is_first: bool) -> Result<Option<Vec<u8>>> {
        self.walk = None;
        if let Some(mut note) = self.note.take() {
            note.progress = Progress {
                percent: 100,
                done: true,
                ..note.progress
            };
        }
        // A file without events still has its head.
        let rest = if is_first {
            file::write(&[], self.format, true)?
        } else {
            Vec::new()
        };
        Ok((!rest.is_empty()).then_some(rest))
    }

    /// What people save it as: the organization, the day, the kind.
    pub fn file_name(&self, slug: &str) -> String {
        format!(
            "{slug}-audit-{}.{}",
            clock::date(self.app.now()),
            self.format.as_str()
        )
    }
}
