//! After a backup was put back: what was ended, revoked or sent since the copy was made must not come back with it
//! (SEC-R12).

use crate::accounts::{self, Ended};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::Result;
use crate::{organizations, outbox};

/// What was ended in a restored database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub ended: Ended,
    /// Mails that were waiting, and are not sent.
    pub held_back: usize,
}

/// Ends every session, sign-in link and, unless `keep_tokens`, API token; gives up the mails that were waiting; and
/// writes into each organization's audit log that it was set back.
pub(crate) async fn settle(app: &App, keep_tokens: bool) -> Result<Settled> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let ended = accounts::end_everything(&mut tx, keep_tokens, now).await?;
    let held_back = outbox::give_up_all(
        app,
        &mut tx,
        "held back: the database was restored from a backup",
    )
    .await?;
    let operator = Person::system();
    for org in organizations::all(&mut tx).await? {
        let event = Event::new(
            Category::Governance,
            "organization.restored",
            "organization",
            org.id.to_string(),
            org.name,
        );
        audit::record_in(&mut tx, &operator, &org.id, now, event).await?;
    }
    tx.commit().await?;
    Ok(Settled { ended, held_back })
}
