//! The chain: how an event is hashed and put behind the one before it, and how a chain is checked.
//!
//! Columns with personal data go into the hash as digests, each with a key of its own that comes from the event's salt.
//! When such a text has to go, its digest is kept in its place and the key is destroyed: the chain stays whole, the event
//! shows what is gone, and nobody can find the text again by trying ([`super::redacted`]).

use super::queries::{self, EventRow};
use super::redacted::{Places, digests};
use super::{Event, index};
use crate::actor::Person;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{EventId, OrgId};
use crate::secret;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// Kinds of things that are their owner's alone: what is written about them names nothing (S4-11).
const PRIVATE: [&str; 1] = ["chat"];

/// How an event is hashed now.
const VERSION: i64 = 2;

/// Writes events behind the last one of a chain, in their order.
pub(super) async fn append(
    tx: &mut Tx,
    person: &Person,
    org: Option<&OrgId>,
    stream: &str,
    events: impl IntoIterator<Item = (Micros, Event)>,
) -> Result<()> {
    let mut end = queries::head(tx, stream)
        .await?
        .unwrap_or((0, String::new()));
    let rows = rows_behind(&mut end, person, org, stream, events);
    queries::insert(tx, &rows).await?;
    if let Some(org) = org {
        index::add(tx, org, &rows).await?;
    }
    queries::set_head(tx, stream, end.0, &end.1).await
}

/// The rows of events behind the end of a chain, which moves on: the last event's place and hash.
pub(super) fn rows_behind(
    end: &mut (i64, String),
    person: &Person,
    org: Option<&OrgId>,
    stream: &str,
    events: impl IntoIterator<Item = (Micros, Event)>,
) -> Vec<EventRow> {
    let row = |(at, event): (Micros, Event)| {
        let mut row = row_of(person, org, stream, at, event);
        (row.seq, row.prev_hash) = (end.0 + 1, std::mem::take(&mut end.1));
        row.hash = hash_of(&row);
        *end = (row.seq, row.hash.clone());
        row
    };
    events.into_iter().map(row).collect()
}

fn row_of(
    person: &Person,
    org: Option<&OrgId>,
    stream: &str,
    at: Micros,
    event: Event,
) -> EventRow {
    let private = PRIVATE.contains(&event.target_kind);
    EventRow {
        id: EventId::new().into(),
        stream: stream.to_owned(),
        seq: 0,
        prev_hash: String::new(),
        hash: String::new(),
        at,
        org_id: org.map(|o| o.to_string()),
        workspace_id: event.workspace.map(String::from),
        category: event.category.as_str().to_owned(),
        action: event.action.into_owned(),
        actor_kind: person.credential.kind().to_owned(),
        actor_id: person.user.to_string(),
        actor_name: person.name.clone(),
        credential: person.credential.id().to_owned(),
        ip: person.origin.ip.clone(),
        client: person.origin.client.clone(),
        request_id: person.origin.request_id.clone(),
        target_kind: event.target_kind.to_owned(),
        target_id: event.target_id,
        target_name: if private {
            String::new()
        } else {
            event.target_name
        },
        subject_id: event.subject.map(String::from),
        changes: if private {
            "{}".to_owned()
        } else {
            event.changes.to_string()
        },
        v: VERSION,
        salt: secret::hex(&rand::random::<[u8; 16]>()),
        redacted: String::new(),
    }
}

struct Parts(Sha256);

impl Parts {
    /// Each part with its length, so that no two events read alike.
    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn add_all(&mut self, row: &EventRow) {
        for text in [
            &row.prev_hash,
            &row.id,
            &row.stream,
            &row.seq.to_string(),
            &row.at.to_string(),
        ] {
            self.add(text);
        }
        for column in [&row.org_id, &row.workspace_id, &row.subject_id] {
            self.add(if column.is_some() { "1" } else { "0" });
            self.add(column.as_deref().unwrap_or(""));
        }
    }

    fn hex(self) -> String {
        secret::hex(&self.0.finalize())
    }
}

/// SHA-256 over the hash before and every column of the event, personal ones by their digests. "" for an event that can't
/// have been written by any version of this program.
pub(super) fn hash_of(row: &EventRow) -> String {
    match row.v {
        1 => hash_before_digests(row),
        VERSION => {
            let Some(digests) = digests(row) else {
                return String::new();
            };
            let mut hash = Parts(Sha256::new());
            hash.add("2");
            hash.add_all(row);
            for column in [
                &row.category,
                &row.action,
                &row.actor_kind,
                &row.actor_id,
                &row.credential,
                &row.request_id,
                &row.target_kind,
            ] {
                hash.add(column);
            }
            digests.iter().for_each(|digest| hash.add(digest));
            hash.hex()
        }
        _ => String::new(),
    }
}

/// As events were hashed before columns had digests.
fn hash_before_digests(row: &EventRow) -> String {
    if !(row.salt.is_empty() && row.redacted.is_empty()) {
        return String::new();
    }
    let mut hash = Parts(Sha256::new());
    hash.add_all(row);
    for column in [
        &row.category,
        &row.action,
        &row.actor_kind,
        &row.actor_id,
        &row.actor_name,
        &row.credential,
        &row.ip,
        &row.client,
        &row.request_id,
        &row.target_kind,
        &row.target_id,
        &row.target_name,
        &row.changes,
    ] {
        hash.add(column);
    }
    hash.hex()
}

/// How far a check of a chain came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked {
    /// The last event that is as it was written; 0 for none.
    pub through: i64,
    pub broken: Option<Broken>,
    /// The check came to the chain's end.
    pub ended: bool,
    /// Events that lost personal data, and are as they were written otherwise.
    pub redacted: i64,
}

/// The first event that isn't as it was written, or that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub seq: i64,
    /// Its hash is right, but what is gone from it is not what the log's own events of redaction say.
    pub unsaid: bool,
}

/// The first event of a chain that is not as it was written, or `None` for a whole chain. Right also while events are
/// being added: those come with a new head in one transaction.
pub async fn first_broken(tx: &mut Tx, stream: &str) -> Result<Option<i64>> {
    Ok(check(tx, stream, 0, None)
        .await?
        .broken
        .map(|broken| broken.seq))
}

/// Checks a chain behind the event `from`, until it ends, is broken, or the time is over.
pub(super) async fn check(
    tx: &mut Tx,
    stream: &str,
    from: i64,
    deadline: Option<Instant>,
) -> Result<Checked> {
    let (head_seq, head_hash) = queries::head(tx, stream)
        .await?
        .unwrap_or((0, String::new()));
    let mut said = said_in(tx, stream).await?;
    let mut checked = Checked {
        through: from,
        broken: None,
        ended: false,
        redacted: 0,
    };
    // An event that was redacted behind the log's back; named when nothing else is broken that could be the reason.
    let mut unsaid = None;
    let changed = |seq| Some(Broken { seq, unsaid: false });
    let mut hash = match from {
        0 => String::new(),
        _ => match queries::at(tx, stream, from).await? {
            Some(event) => event.hash,
            None => {
                return Ok(Checked {
                    through: 0,
                    broken: changed(from),
                    ..checked
                });
            }
        },
    };
    loop {
        let events = queries::page(tx, stream, checked.through, 1_000).await?;
        for event in &events {
            let beside_head = event.seq == head_seq && event.hash != head_hash;
            if event.seq != checked.through + 1
                || event.prev_hash != hash
                || event.hash != hash_of(event)
                || beside_head
            {
                return Ok(Checked {
                    broken: changed(checked.through + 1),
                    ..checked
                });
            }
            if unsaid.is_none() && !said.fit(event) {
                // Perhaps it was redacted since the check began: then both are there by now.
                let now = queries::at(tx, stream, event.seq).await?;
                said = said_in(tx, stream).await?;
                unsaid = (!now.is_some_and(|event| said.fit(&event))).then_some(Broken {
                    seq: event.seq,
                    unsaid: true,
                });
            }
            checked.redacted += i64::from(!event.redacted.is_empty());
            (checked.through, hash) = (event.seq, event.hash.clone());
        }
        if events.len() < 1_000 {
            break;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(Checked {
                broken: unsaid,
                ..checked
            });
        }
    }
    let head_now = queries::head(tx, stream).await?.map_or(0, |head| head.0);
    let seq = checked.through;
    let cut = (seq < head_seq || head_now < seq).then_some(seq.min(head_now) + 1);
    Ok(Checked {
        broken: cut.and_then(changed).or(unsaid),
        ended: true,
        ..checked
    })
}

/// What the chain's own events say was redacted. One that isn't as it was written says nothing.
async fn said_in(tx: &mut Tx, stream: &str) -> Result<Places> {
    let mut said = Places::default();
    for event in queries::redact::redactions(tx, stream).await? {
        if hash_of(&event) == event.hash {
            said.read(&event);
        }
    }
    Ok(said)
}
