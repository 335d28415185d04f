//! What an invitation may ask of accounts: whose an address is, and what the link that came to it proves. It never
//! touches how an existing account signs in (SEC-I6).

use super::queries::{self, identities};
use super::{arrival, users};
use crate::actor::{Origin, SignInMethod};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::UserId;

/// Whether there is an account with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    /// An account that waits to be claimed by whoever proves the address.
    Waiting,
    Somebody,
}

pub(crate) async fn holder(tx: &mut Tx, address: &str) -> Result<Holder> {
    Ok(match users::find_by_address(tx, address).await? {
        None => Holder::Nobody,
        Some(user) if user.unclaimed => Holder::Waiting,
        Some(_) => Holder::Somebody,
    })
}

/// Whether a user, whose account is active, has proved an address.
pub(crate) async fn has_proved(tx: &mut Tx, user: &UserId, address: &str) -> Result<bool> {
    queries::has_proved(tx, user, address).await
}

/// Whether a user, whose account is active, is linked with an account at GitHub, by its number.
pub(crate) async fn is_linked_with(tx: &mut Tx, user: &UserId, github_id: &str) -> Result<bool> {
    identities::is_linked_with(tx, user, github_id).await
}

/// What the account at GitHub is called that a user is linked with.
pub(crate) async fn github_login_of(tx: &mut Tx, user: &UserId) -> Result<Option<String>> {
    Ok(identities::of_user(tx, user).await?.map(|row| row.login))
}

/// The account of somebody who shows the link that came to their address: a new one, or one that waited for them.
/// What a first sign-in gives otherwise is left out, because they arrive with an organization. Refuses where somebody
/// has the account already: they sign in, and the link changes nothing of theirs.
pub(crate) async fn arrive_invited(
    tx: &mut Tx,
    address: &str,
    name: &str,
    origin: &Origin,
    now: Micros,
) -> Result<UserId> {
    tx.lock_name(address).await?;
    let user = match users::find_by_address(tx, address).await? {
        None => {
            let name = if name.is_empty() {
                address.split('@').next().unwrap_or(address)
            } else {
                name
            };
            let id = users::create(tx, name, Some(address), "active", now).await?;
            tx.lock_account(&id).await?;
            queries::insert_address(tx, address, &id, Some(now), now).await?;
            id
        }
        Some(user) if user.unclaimed => {
            tx.lock_account(&user.id).await?;
            queries::set_status(tx, &user.id, "active").await?;
            arrival::settle_addresses(tx, &user.id, &[address.to_owned()], true, now).await?;
            users::refresh_memberships(tx, &user.id).await?;
            user.id
        }
        Some(_) => return Err(Refusal::Unauthenticated),
    };
    let person = users::arriving(tx, &user, SignInMethod::Email, origin, now).await?;
    users::record_sign_in(tx, &person, now).await?;
    Ok(user)
}
