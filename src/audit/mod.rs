//! The audit log: one event for every change, written in the change's own transaction (product.md, 9).
//!
//! The events of one organization, or of one account, form a chain: each carries the hash of itself and of the event
//! before it, so that an event changed or taken away later shows.

mod activity;
mod chain;
mod export;
mod file;
mod heads;
mod index;
mod list;
mod offline;
mod queries;
mod redact;
mod redacted;
mod reported;
mod sentence;
mod tags;
mod undo;
mod verify;

use crate::actor::{Actor, Person};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use serde_json::{Value, json};
use std::borrow::Cow;

pub(crate) use activity::recent_activity;
pub use activity::{Activity, OwnActivity, Place, own_activity};
pub use chain::first_broken;
pub use export::{Export, Exports, Progress, export};
pub use file::Format;
pub(crate) use file::safe as csv_safe;
pub(crate) use heads::run as write_heads_from_time_to_time;
pub use heads::write_heads;
pub(crate) use index::catch_up;
pub use list::{
    Around, Filter, Kind, Listed, Page, Thing, actions, around, explain, find, former_members,
    length, list, newer,
};
pub use offline::{FileCheck, Heads, verify_file};
pub use queries::EventRow;
pub use redact::{Redacting, Redaction, redact, redact_impact};
pub use redacted::{MARK, PLACES, redacted_columns};
pub use reported::{happened_at, named};
pub use sentence::sentence;
pub use undo::{TO_UNDO, Undo, can_undo, undo, undo_impact};
pub use verify::{Chain, Looked, compare_heads, look, verify};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Access,
    Resource,
    Governance,
    Run,
    Billing,
    SignIn,
}

impl Category {
    pub const ALL: [Self; 6] = [
        Self::Access,
        Self::Resource,
        Self::Governance,
        Self::Run,
        Self::Billing,
        Self::SignIn,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Resource => "resource",
            Self::Governance => "governance",
            Self::Run => "run",
            Self::Billing => "billing",
            Self::SignIn => "sign-in",
        }
    }
}

/// How the actions begin that host products write into the log, so that none is taken for one of Roster's own.
pub const REPORTED: &str = "product.";

/// What happened, to what.
#[derive(Debug)]
pub struct Event {
    pub category: Category,
    /// Thing and verb, such as `member.role_changed`.
    pub action: Cow<'static, str>,
    pub target_kind: &'static str,
    pub target_id: String,
    pub target_name: String,
    pub workspace: Option<WorkspaceId>,
    /// The user concerned, where the target is one.
    pub subject: Option<UserId>,
    /// `{"before": …, "after": …}`, counts, and nothing secret.
    pub changes: Value,
}

impl Event {
    pub fn new(
        category: Category,
        action: impl Into<Cow<'static, str>>,
        target_kind: &'static str,
        id: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            category,
            action: action.into(),
            target_kind,
            target_id: id.into(),
            target_name: name.into(),
            workspace: None,
            subject: None,
            changes: json!({}),
        }
    }

    pub fn subject(mut self, user: Option<&UserId>) -> Self {
        self.subject = user.cloned();
        self
    }

    /// The workspace it happened in.
    pub fn workspace(mut self, id: &WorkspaceId) -> Self {
        self.workspace = Some(id.clone());
        self
    }

    pub fn change(mut self, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.changes = json!({ "before": before.into(), "after": after.into() });
        self
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.changes[key] = value.into();
        self
    }
}

/// Records an event in the chain of the actor's organization.
pub(crate) async fn record(tx: &mut Tx, actor: &Actor, at: Micros, event: Event) -> Result<()> {
    chain::append(
        tx,
        &actor.person,
        Some(&actor.org.id),
        actor.org.id.as_str(),
        [(at, event)],
    )
    .await
}

/// Records several events in the chain of the actor's organization, in their order: what is too much to be recorded one by
/// one. `at` is when Roster learnt of it; a time that somebody else reports belongs into the changes.
pub async fn record_many(tx: &mut Tx, actor: &Actor, events: Vec<(Micros, Event)>) -> Result<()> {
    chain::append(
        tx,
        &actor.person,
        Some(&actor.org.id),
        actor.org.id.as_str(),
        events,
    )
    .await
}

/// The rows that [`record_many`] would write behind the end of the organization's chain, which moves on, each with the tags it
/// is found by; it writes nothing. For the benchmark, which makes millions of them.
pub fn rows_of(
    end: &mut (i64, String),
    actor: &Actor,
    events: Vec<(Micros, Event)>,
) -> Vec<(EventRow, Vec<i64>)> {
    let org = &actor.org.id;
    let rows = chain::rows_behind(end, &actor.person, Some(org), org.as_str(), events);
    rows.into_iter()
        .map(|row| (tags::of(&row, org.as_str()), row))
        .map(|(tags, row)| (row, tags))
        .collect()
}

/// Records an event in the chain of an organization by somebody who may not be its member yet.
pub(crate) async fn record_in(
    tx: &mut Tx,
    person: &Person,
    org: &OrgId,
    at: Micros,
    event: Event,
) -> Result<()> {
    chain::append(tx, person, Some(org), org.as_str(), [(at, event)]).await
}

/// Records an event in the chain of a person's own account.
pub(crate) async fn record_account(
    tx: &mut Tx,
    person: &Person,
    at: Micros,
    event: Event,
) -> Result<()> {
    chain::append(tx, person, None, person.user.as_str(), [(at, event)]).await
}

/// Records several events in the chain of a person's own account.
pub(crate) async fn record_account_many(
    tx: &mut Tx,
    person: &Person,
    events: Vec<(Micros, Event)>,
) -> Result<()> {
    chain::append(tx, person, None, person.user.as_str(), events).await
}

/// Records an event in the chain of an account by somebody else: the operator.
pub(crate) async fn record_on_account(
    tx: &mut Tx,
    by: &Person,
    account: &UserId,
    at: Micros,
    event: Event,
) -> Result<()> {
    chain::append(tx, by, None, account.as_str(), [(at, event)]).await
}

/// Whether the actor came into a workspace by their organization role in this session before (S5-12).
pub(crate) async fn has_entered(
    tx: &mut Tx,
    actor: &Actor,
    workspace: &WorkspaceId,
) -> Result<bool> {
    let credential = actor.person.credential.id();
    queries::has_entered(
        tx,
        actor.org.id.as_str(),
        actor.user().as_str(),
        workspace.as_str(),
        credential,
    )
    .await
}
