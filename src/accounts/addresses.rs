//! The addresses of an account: added by proof, one of them primary, each a way to sign in.

use super::{queries, users};
use crate::actor::Person;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};

/// Adds an address that its owner has just proved. Refuses one that belongs to somebody else's account.
pub(super) async fn add_proved(tx: &mut Tx, person: &Person, address: &str, now: Micros) -> Result<()> {
    tx.lock_account(&person.user).await?;
    match queries::user_by_address(tx, address).await? {
        Some(user) if user.id == person.user => return Ok(()),
        Some(_) => {
            return Err(Refusal::conflict(
                "address_taken",
                format!("{address} belongs to another account. Sign in with it, and remove it there first."),
            ));
        }
        None => queries::insert_address(tx, address, &person.user, Some(now), now).await?,
    }
    users::refresh_memberships(tx, &person.user).await?;
    let event = Event::new(Category::SignIn, "account.address_added", "address", address, address);
    audit::record_account(tx, person, now, event).await
}
