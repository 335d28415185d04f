//! Mail: what Roster writes to people, and how it leaves. Messages are enqueued with the change they tell of
//! ([`enqueue`]) and rendered and sent by the outbox's worker. Secrets (links, codes) are made at that moment and
//! never stand in the outbox.

mod invitation;
mod messages;
mod payment;
mod transport;
mod written;

pub(crate) use invitation::InvitationMail;
pub(crate) use messages::proof_letter;
pub use messages::{Message, Notice};
pub use payment::PaymentNotice;
pub use transport::{Mailer, check_url};
pub use written::{Written, list_written, read_written};

use crate::accounts;
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::OrgId;
use crate::invitations;
use crate::outbox::Failure;

/// A rendered mail.
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What became of a message, for those who show it.
pub enum Delivery<'a> {
    /// The mail server didn't take it yet.
    Waiting(&'a str),
    /// The mail server took it.
    Sent,
    Failed(&'a str),
}

/// Writes a message into the outbox, in the transaction of the change it tells of.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    now: Micros,
    org: Option<&OrgId>,
    message: Message,
) -> Result<()> {
    crate::outbox::enqueue(tx, now, org, &message).await
}

/// Renders and sends a message. Nothing is sent for an offer that has ended meanwhile (SEC-E3).
pub(crate) async fn deliver(app: &App, job: &str, message: &Message) -> Result<(), Failure> {
    let letter = match message {
        Message::Proof { proof } => accounts::prepare_proof_letter(app, proof).await,
        Message::Invitation { invitation, round } => {
            invitations::prepare_letter(app, invitation, *round).await
        }
        Message::Notice(notice) => notice.letter(&app.config.base_url()).map(Some),
        Message::Payment(notice) => notice.letter(&app.config.base_url()).map(Some),
    };
    let letter = match letter {
        Ok(Some(letter)) => letter,
        Ok(None) => return Ok(()),
        Err(refusal @ Refusal::Unavailable(_)) => return Err(Failure::ForNow(refusal.to_string())),
        Err(refusal) => return Err(Failure::ForGood(refusal.to_string())),
    };
    app.mailer.send(job, letter).await?;
    let mut tx = app
        .db
        .begin()
        .await
        .map_err(|e| Failure::ForNow(e.to_string()))?;
    note_delivery(app, &mut tx, message, Delivery::Sent)
        .await
        .map_err(|e| Failure::ForNow(e.to_string()))?;
    tx.commit()
        .await
        .map_err(|e| Failure::ForNow(e.to_string()))
}

/// Tells the feature that shows it what became of its message.
pub(crate) async fn note_delivery(
    app: &App,
    tx: &mut Tx,
    message: &Message,
    delivery: Delivery<'_>,
) -> Result<()> {
    match message {
        Message::Invitation { invitation, round } => {
            invitations::note_delivery(tx, invitation, *round, delivery, app.now()).await
        }
        Message::Proof { .. } | Message::Notice(_) | Message::Payment(_) => Ok(()),
    }
}

/// A name for a subject line: without the address behind it, without what mail programs turn into links, and not endless
/// (SEC-E2).
pub(crate) fn plain_name(name: &str) -> String {
    let name = match (name.rsplit_once(" ("), name.split_once('@')) {
        (Some((before, address)), _) if address.contains('@') && address.ends_with(')') => before,
        (_, Some((before, _))) if !name.contains(' ') => before,
        _ => name,
    };
    let plain: String = name
        .chars()
        .map(|c| {
            if matches!(c, '.' | '/' | ':' | '@' | '<' | '>') {
                ' '
            } else {
                c
            }
        })
        .collect();
    plain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(60)
        .collect()
}
