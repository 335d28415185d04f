//! Work written in the same transaction as a change, and done after it: mail, what Stripe is told, and later webhooks and imports.
//!
//! A worker takes one row at a time on a lease. What fails for now is tried again, later each time; what can't work is
//! parked with its reason. A worker that dies loses its lease, and the row is taken again.

mod queries;

use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE, Micros, SECOND};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{JobId, OrgId};
use crate::{billing, mail};
use std::time::Duration;

pub use queries::JobRow;

/// How long a worker may take for one row.
const LEASE: Micros = 2 * MINUTE;

/// Waits between tries: over a day in all, so that a mail server may be down for a night.
const BACKOFF: [Micros; 12] = [
    10 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
];

/// How long work that was done or given up is kept, with the addresses and texts that stand in it.
const KEPT: Micros = 30 * DAY;

/// How a piece of work failed.
#[derive(Debug)]
pub enum Failure {
    /// It may work later.
    ForNow(String),
    /// It will never work.
    ForGood(String),
}

/// A [`mail::Message`].
const MAIL: &str = "mail";
/// The organization whose customer at Stripe is told what stands on invoices.
const CONTACT: &str = "stripe_contact";

/// Writes a piece of work beside the change it follows from.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    now: Micros,
    org: Option<&OrgId>,
    message: &mail::Message,
) -> Result<()> {
    let payload = serde_json::to_string(message).map_err(anyhow::Error::new)?;
    queries::insert(tx, &JobId::new(), MAIL, &payload, org, now).await
}

/// Has Stripe told of an organization's billing address, as it is when that is done.
pub(crate) async fn enqueue_contact(tx: &mut Tx, now: Micros, org: &OrgId) -> Result<()> {
    queries::insert(tx, &JobId::new(), CONTACT, org.as_str(), Some(org), now).await
}

/// How much work there is.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub queued: i64,
    /// Given up in the last thirty days, after which it is forgotten.
    pub failed: i64,
    /// How long ago the oldest of it was due, in microseconds.
    pub overdue: Micros,
}

/// Deletes what was done or given up thirty days ago, a part at a time so that nobody waits long. Gives how much it was.
pub async fn forget_old(app: &App) -> Result<u64> {
    let mut forgotten = 0;
    for state in ["done", "failed"] {
        loop {
            let mut tx = app.db.begin().await?;
            let deleted = queries::delete_before(&mut tx, state, app.now() - KEPT, 500).await?;
            tx.commit().await?;
            forgotten += deleted;
            if deleted == 0 {
                break;
            }
        }
    }
    Ok(forgotten)
}

/// How much work waits, and how much was given up.
pub async fn standing(app: &App) -> Result<Standing> {
    let mut tx = app.db.read().await?;
    let (queued, due) = queries::count(&mut tx, "queued").await?;
    let (failed, _) = queries::count(&mut tx, "failed").await?;
    Ok(Standing {
        queued,
        failed,
        overdue: due.map_or(0, |due| (app.now() - due).max(0)),
    })
}

/// Works until told to stop.
pub async fn run(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    while !*stop.borrow() {
        match work_once(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(refusal) => tracing::warn!(error = %refusal, "the outbox could not be read"),
        }
        tokio::select! {
            () = app.wait_for_work() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Does one due piece of work. `false`: nothing is due.
pub async fn work_once(app: &App) -> Result<bool> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let job = queries::take(&mut tx, now, now + LEASE).await?;
    tx.commit().await?;
    let Some(job) = job else { return Ok(false) };
    // A panic in one piece of work must not stop the others (SEC-R16).
    let done = tokio::spawn(perform(app.clone(), job.clone())).await;
    let outcome =
        done.unwrap_or_else(|_| Err(Failure::ForGood("it crashed; the log says more".into())));
    settle(app, &job, outcome).await?;
    Ok(true)
}

async fn perform(app: App, job: JobRow) -> Result<(), Failure> {
    match job.kind.as_str() {
        CONTACT => billing::stripe::send_contact(&app, &job.payload.as_str().into()).await,
        _ => {
            let message: mail::Message = serde_json::from_str(&job.payload)
                .map_err(|e| Failure::ForGood(format!("unreadable: {e}")))?;
            mail::deliver(&app, &job.id, &message).await
        }
    }
}

async fn settle(app: &App, job: &JobRow, outcome: Result<(), Failure>) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    match outcome {
        Ok(()) => queries::finish(&mut tx, &job.id, "done", "", now).await?,
        Err(Failure::ForNow(reason)) if (job.attempts as usize) <= BACKOFF.len() => {
            let wait = BACKOFF[(job.attempts as usize)
                .saturating_sub(1)
                .min(BACKOFF.len() - 1)];
            tracing::warn!(job = job.id, attempts = job.attempts, reason, "put off");
            queries::put_off(&mut tx, &job.id, now + wait, &reason).await?;
            note_delivery(app, &mut tx, job, mail::Delivery::Waiting(&reason)).await?;
        }
        Err(Failure::ForNow(reason) | Failure::ForGood(reason)) => {
            tracing::error!(job = job.id, attempts = job.attempts, reason, "given up");
            queries::finish(&mut tx, &job.id, "failed", &reason, now).await?;
            note_delivery(app, &mut tx, job, mail::Delivery::Failed(&reason)).await?;
        }
    }
    tx.commit().await
}

/// Gives up all work that is waiting, with a reason that is shown where its delivery is: after a restore, because it may
/// have been done since the copy was made (SEC-R12). Gives how much it was.
pub(crate) async fn give_up_all(app: &App, tx: &mut Tx, reason: &str) -> Result<usize> {
    let mut given_up = 0;
    loop {
        let jobs = queries::take_queued(tx, 500).await?;
        if jobs.is_empty() {
            return Ok(given_up);
        }
        for job in &jobs {
            queries::finish(tx, &job.id, "failed", reason, app.now()).await?;
            note_delivery(app, tx, job, mail::Delivery::Failed(reason)).await?;
        }
        given_up += jobs.len();
    }
}

/// Tells whoever shows it what became of a mail; other work is shown nowhere.
async fn note_delivery(
    app: &App,
    tx: &mut Tx,
    job: &JobRow,
    delivery: mail::Delivery<'_>,
) -> Result<()> {
    match serde_json::from_str::<mail::Message>(&job.payload) {
        Ok(message) => mail::note_delivery(app, tx, &message, delivery).await,
        Err(_) => Ok(()),
    }
}
