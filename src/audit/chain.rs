//! The chain: how an event is hashed and put behind the one before it, and how a chain is checked.
//!
//! Columns with personal data go into the hash as digests, each with a key of its own that comes from the event's salt.
//! When such a text has to go, its digest is kept in its place and the key is destroyed: the chain stays whole, the event
//! shows what is gone, and nobody can find the text again by trying.

use super::queries::{self, EventRow};
use super::{Event, index};
use crate::actor::Person;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{EventId, OrgId};
use crate::secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Instant;

/// Kinds of things that are their owner's alone: what is written about them names nothing (S4-11).
const PRIVATE: [&str; 1] = ["chat"];

/// How an event is hashed now.
const VERSION: i64 = 2;

/// What stands in `redacted` of an event that lost something.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Redacted {
    /// The keys of the columns that are still there, in place of the salt.
    pub kept: BTreeMap<String, String>,
    /// The digests of those that are gone.
    pub gone: BTreeMap<String, String>,
}

/// Writes events behind the last one of a chain, in their order.
pub(super) async fn append(
    tx: &mut Tx,
    person: &Person,
    org: Option<&OrgId>,
    stream: &str,
    events: impl IntoIterator<Item = (Micros, Event)>,
) -> Result<()> {
    let (mut seq, mut hash) = queries::head(tx, stream).await?.unwrap_or((0, String::new()));
    let mut rows = Vec::new();
    for (at, event) in events {
        seq += 1;
        let mut row = row_of(person, org, stream, at, event);
        (row.seq, row.prev_hash) = (seq, hash);
        row.hash = hash_of(&row);
        hash = row.hash.clone();
        rows.push(row);
    }
    queries::insert(tx, &rows).await?;
    if let Some(org) = org {
        index::add(tx, org, &rows).await?;
    }
    queries::set_head(tx, stream, seq, &hash).await
}

fn row_of(person: &Person, org: Option<&OrgId>, stream: &str, at: Micros, event: Event) -> EventRow {
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
        target_name: if private { String::new() } else { event.target_name },
        subject_id: event.subject.map(String::from),
        changes: if private { "{}".to_owned() } else { event.changes.to_string() },
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
        for text in [&row.prev_hash, &row.id, &row.stream, &row.seq.to_string(), &row.at.to_string()] {
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

fn digest(parts: &[&str]) -> String {
    let mut hash = Parts(Sha256::new());
    parts.iter().for_each(|part| hash.add(part));
    hash.hex()
}

/// SHA-256 over the hash before and every column of the event, personal ones by their digests. "" for an event that can't
/// have been written by any version of this program.
pub(super) fn hash_of(row: &EventRow) -> String {
    match row.v {
        1 => hash_before_digests(row),
        VERSION => {
            let Some(digests) = digests(row) else { return String::new() };
            let mut hash = Parts(Sha256::new());
            hash.add("2");
            hash.add_all(row);
            for column in [&row.category, &row.action, &row.actor_kind, &row.actor_id, &row.credential, &row.request_id, &row.target_kind] {
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

/// The columns that may hold personal data.
pub(super) fn personal(row: &EventRow) -> [(&'static str, &str); 6] {
    [
        ("actor_name", &row.actor_name),
        ("ip", &row.ip),
        ("client", &row.client),
        ("target_id", &row.target_id),
        ("target_name", &row.target_name),
        ("changes", &row.changes),
    ]
}

/// The digest of each personal column. `None` where what was redacted doesn't fit together.
fn digests(row: &EventRow) -> Option<Vec<String>> {
    if row.redacted.is_empty() {
        let all = personal(row).map(|(column, text)| digest(&[&key(&row.salt, column), text]));
        return (!row.salt.is_empty()).then_some(all.into());
    }
    let redacted: Redacted = serde_json::from_str(&row.redacted).ok()?;
    if !row.salt.is_empty() || redacted.kept.len() + redacted.gone.len() != personal(row).len() {
        return None;
    }
    let one = |(column, text): (&str, &str)| match (redacted.kept.get(column), redacted.gone.get(column)) {
        (Some(key), None) => Some(digest(&[key, text])),
        (None, Some(kept)) => (text == blank(column)).then(|| kept.clone()),
        _ => None,
    };
    personal(row).into_iter().map(one).collect()
}

/// The key of one column's digest.
pub(super) fn key(salt: &str, column: &str) -> String {
    digest(&[salt, column])
}

/// What stands where a text was.
pub(super) fn blank(column: &str) -> &'static str {
    if column == "changes" { "{}" } else { "" }
}

/// How far a check of a chain came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked {
    /// The last event that is as it was written; 0 for none.
    pub through: i64,
    /// The first that isn't, or that is missing.
    pub broken: Option<i64>,
    /// The check came to the chain's end.
    pub ended: bool,
}

/// The first event of a chain that is not as it was written, or `None` for a whole chain. Right also while events are
/// being added: those come with a new head in one transaction.
pub async fn first_broken(tx: &mut Tx, stream: &str) -> Result<Option<i64>> {
    Ok(check(tx, stream, 0, None).await?.broken)
}

/// Checks a chain behind the event `from`, until it ends, is broken, or the time is over.
pub(super) async fn check(tx: &mut Tx, stream: &str, from: i64, deadline: Option<Instant>) -> Result<Checked> {
    let (head_seq, head_hash) = queries::head(tx, stream).await?.unwrap_or((0, String::new()));
    let (mut seq, mut hash) = match from {
        0 => (0, String::new()),
        _ => match queries::at(tx, stream, from).await? {
            Some(event) => (from, event.hash),
            None => return Ok(Checked { through: 0, broken: Some(from), ended: false }),
        },
    };
    loop {
        let events = queries::page(tx, stream, seq, 1_000).await?;
        for event in &events {
            let beside_head = event.seq == head_seq && event.hash != head_hash;
            if event.seq != seq + 1 || event.prev_hash != hash || event.hash != hash_of(event) || beside_head {
                return Ok(Checked { through: seq, broken: Some(seq + 1), ended: false });
            }
            (seq, hash) = (event.seq, event.hash.clone());
        }
        if events.len() < 1_000 {
            break;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(Checked { through: seq, broken: None, ended: false });
        }
    }
    let head_now = queries::head(tx, stream).await?.map_or(0, |head| head.0);
    let broken = (seq < head_seq || head_now < seq).then_some(seq.min(head_now) + 1);
    Ok(Checked { through: seq, broken, ended: true })
}
