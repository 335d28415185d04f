//! Redacting one person's personal data in every chain: the operator's, where somebody asks that it goes.
//!
//! An event loses the columns in which the person is named: who acted, address and client where they did it, and every text
//! that holds one of their names, addresses or logins. What happened, when, by which account (an id) and to what stays. Of a
//! list of changes all goes when a part of it names them, because its digest stands for the whole.
//!
//! Each chain concerned gets an event that says how many events lost which columns, and not what stood there. Nothing of the
//! tables by which events are found has to change: those hold hashes of ids ([`super::tags`]).

mod person;

use super::chain::{self, hash_of};
use super::queries::{self, EventRow};
use super::redacted::{self, Places};
use super::{Category, Event};
use crate::actor::Person;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId};
use person::Sought;

/// Events of one chain that are redacted in one transaction, and of which one event tells: writes of that organization wait for so
/// long.
const AT_ONCE: usize = 1_000;

/// What a redaction does, or would do.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    /// The account, where there is or was one; more than one where the person had several.
    pub users: Vec<UserId>,
    /// Whether one is still there: what is done with it from now on is recorded with its name again.
    pub is_alive: bool,
    /// Names, addresses and logins that were looked for.
    pub texts: Vec<String>,
    /// Chains with events that name the person.
    pub chains: Vec<Redacting>,
}

#[derive(Debug, Clone)]
pub struct Redacting {
    /// The organization's slug, or the account's id.
    pub name: String,
    pub is_organization: bool,
    pub events: usize,
    /// Places of events that name the person and are left as they are: written before events could lose anything, or not as
    /// they were written.
    pub left: Vec<i64>,
}

/// Where a chain names the person.
struct Found {
    stream: String,
    seqs: Vec<i64>,
}

/// What redacting this person would do. Refuses as [`redact`] does.
pub async fn redact_impact(app: &App, by: &Person, whom: &[String]) -> Result<Redaction> {
    Ok(find(app, by, whom).await?.1)
}

/// Takes the personal data of somebody, named by addresses and ids of accounts of theirs, out of every event of every chain,
/// and says so in an event of each. Every chain is as whole afterwards as before. A second time there is nothing left to do.
///
/// For the operator alone; refuses any other person, what is neither address nor id, an id that no account ever had, and an
/// address that several accounts had one after the other.
pub async fn redact(app: &App, by: &Person, whom: &[String]) -> Result<Redaction> {
    let (sought, mut redaction, found) = find(app, by, whom).await?;
    for (chain, found) in redaction.chains.iter_mut().zip(&found) {
        chain.events = 0;
        for seqs in found.seqs.chunks(AT_ONCE) {
            chain.events += redact_some(app, by, &sought, &found.stream, seqs).await?;
        }
    }
    app.db.shorten_log().await;
    Ok(redaction)
}

async fn find(app: &App, by: &Person, whom: &[String]) -> Result<(Sought, Redaction, Vec<Found>)> {
    if !by.is_system() {
        return Err(Refusal::forbidden(
            "operator_only",
            "Only whoever runs this installation can do that.",
        ));
    }
    let mut tx = app.db.read().await?;
    let (sought, is_alive) = Sought::find(&mut tx, whom).await?;
    let mut redaction = Redaction {
        users: sought.users.clone(),
        is_alive,
        texts: sought.texts(),
        chains: Vec::new(),
    };
    let mut found = Vec::new();
    for stream in queries::streams(&mut tx).await? {
        let (seqs, left) = named_in(&mut tx, &stream.stream, &sought).await?;
        if seqs.is_empty() && left.is_empty() {
            continue;
        }
        let is_organization = stream.stream.starts_with(OrgId::PREFIX);
        let name = stream.slug.unwrap_or_else(|| stream.stream.clone());
        redaction.chains.push(Redacting {
            name,
            is_organization,
            events: seqs.len(),
            left,
        });
        found.push(Found {
            stream: stream.stream,
            seqs,
        });
    }
    Ok((sought, redaction, found))
}

/// The events of a chain that name the person: those that can be redacted, and those that can't.
async fn named_in(tx: &mut Tx, stream: &str, sought: &Sought) -> Result<(Vec<i64>, Vec<i64>)> {
    let (mut can, mut left, mut seq) = (Vec::new(), Vec::new(), 0);
    loop {
        let events = queries::page(tx, stream, seq, 1_000).await?;
        let Some(last) = events.last() else {
            return Ok((can, left));
        };
        seq = last.seq;
        for event in events
            .iter()
            .filter(|event| !sought.columns(event).is_empty())
        {
            if redacted_of(sought, event).is_some() {
                can.push(event.seq)
            } else {
                left.push(event.seq)
            }
        }
    }
}

/// The event without what names the person. `None` where nothing does, or where it isn't as it was written: what was changed
/// must not be hidden.
fn redacted_of(sought: &Sought, event: &EventRow) -> Option<EventRow> {
    let columns = sought.columns(event);
    if columns.is_empty() || hash_of(event) != event.hash {
        return None;
    }
    redacted::without(event, &columns)
}

async fn redact_some(
    app: &App,
    by: &Person,
    sought: &Sought,
    stream: &str,
    seqs: &[i64],
) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    tx.overwrite_what_goes().await?;
    let org = stream
        .starts_with(OrgId::PREFIX)
        .then(|| OrgId::from(stream));
    lock(&mut tx, org.as_ref(), stream).await?;
    let mut places = Places::default();
    for event in queries::redact::some(&mut tx, stream, seqs).await? {
        let before = redacted::redacted_columns(&event);
        let Some(redacted) = redacted_of(sought, &event) else {
            continue;
        };
        queries::redact::set(&mut tx, &redacted).await?;
        let went = redacted::redacted_columns(&redacted)
            .into_iter()
            .filter(|column| !before.contains(column));
        places.add(event.seq, went);
    }
    let count = places.events();
    if count > 0 {
        let (kind, id) = sought
            .users
            .first()
            .map_or(("address", ""), |user| ("account", user.as_str()));
        let event = Event::new(Category::Governance, redacted::ACTION, kind, id, "")
            .subject(sought.users.first())
            .with("events", count)
            .with(redacted::PLACES, places.written());
        chain::append(&mut tx, by, org.as_ref(), stream, [(app.now(), event)]).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// Writes to the chain queue up here. Nobody else writes to the chain of what is deleted.
async fn lock(tx: &mut Tx, org: Option<&OrgId>, stream: &str) -> Result<()> {
    let locked = match org {
        Some(org) => tx.lock_organization(org).await,
        None => tx.lock_account(&stream.into()).await,
    };
    match locked {
        Err(Refusal::NotFound) => tx.lock_name(stream).await,
        done => done,
    }
}
