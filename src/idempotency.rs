//! A change asked for twice with the same key is done once, and answered alike both times (SEC-H9).
//!
//! A service that lost an answer asks again with the key it used. Its claim stands in the database before the work
//! begins; the work's own transaction notes that it was done ([`crate::db::Db::write`]); the answer is kept after it.
//! So, even if Roster dies in between, nothing is done twice. Keys are forgotten after a day, and a refusal, which
//! changed nothing, keeps none.

mod queries;

use crate::app::App;
use crate::clock::{DAY, MINUTE, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};

/// How long a key is remembered.
const REMEMBERED: Micros = DAY;

/// No request takes longer than this, so a claim that is older and has nothing to show was never carried out.
const LONGEST: Micros = 2 * MINUTE;

/// A key of one credential.
#[derive(Clone, Debug)]
pub struct Once {
    /// The id of the token that asks: nobody else's key is the same key.
    pub owner: String,
    pub key: String,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub body: String,
}

tokio::task_local! {
    /// The claim that the work under way belongs to. A write that begins beneath it notes that it was done.
    pub static CLAIM: Once;
}

/// Claims a key for a request, told apart by its hash. `Some`: it was answered before, and this is the answer.
///
/// Refuses a key that was used for another request, one that is at work at this moment, and one whose work was done but
/// whose answer was lost.
pub async fn claim(app: &App, once: &Once, request: &str) -> Result<Option<Answer>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    queries::forget(&mut tx, now - REMEMBERED, now - LONGEST).await?;
    let claimed = queries::insert(&mut tx, once, request, now).await?;
    if claimed {
        tx.commit().await?;
        return Ok(None);
    }
    let running = || {
        Refusal::conflict(
            "idempotency_running",
            "A request with this key is at work. Ask again in a moment.",
        )
    };
    // One that was given back just now is gone.
    let kept = queries::find(&mut tx, once).await?.ok_or_else(running)?;
    tx.commit().await?;
    if kept.request_hash != request {
        return Err(Refusal::field(
            "Idempotency-Key",
            "This key was used for another request. Use a new key for each change.",
        ));
    }
    match kept.status {
        None => Err(running()),
        Some(0) if kept.created_at > now - LONGEST => Err(running()),
        Some(0) => Err(Refusal::conflict(
            "idempotency_answer_lost",
            "This was done, but its answer was lost. Look at what is there now before you do it again with a new key.",
        )),
        Some(status) => Ok(Some(Answer {
            status: u16::try_from(status).unwrap_or(200),
            location: kept.location,
            body: kept.body,
        })),
    }
}

/// Keeps the answer of a claim.
pub async fn keep(app: &App, once: &Once, answer: &Answer) -> Result<()> {
    let mut tx = app.db.begin().await?;
    queries::keep(&mut tx, once, answer).await?;
    tx.commit().await
}

/// Gives a claim back that changed nothing, so that the same request can be tried again.
pub async fn release(app: &App, once: &Once) -> Result<()> {
    let mut tx = app.db.begin().await?;
    queries::release(&mut tx, once).await?;
    tx.commit().await
}

/// Notes inside a write that the claim it belongs to, if there is one, is carried out with it.
pub(crate) async fn note_done(tx: &mut Tx) -> Result<()> {
    match CLAIM.try_with(Once::clone) {
        Ok(once) => queries::note_done(tx, &once).await,
        Err(_) => Ok(()),
    }
}
