//! Finding and making the account behind a proven address.

use super::queries;
use crate::actor::{Credential, Origin, Person, SignInMethod};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{SessionId, UserId};
use crate::members::{self, NewMember};

/// An account, as sign-in sees it.
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
    pub github_login: Option<String>,
    /// Nobody has signed in to it yet: it was made by an import.
    pub unclaimed: bool,
    pub disabled: bool,
}

/// The account that an address belongs to, proved or waiting to be claimed.
pub(crate) async fn find_by_address(tx: &mut Tx, address: &str) -> Result<Option<User>> {
    queries::user_by_address(tx, address).await
}

/// The account of somebody who has just proved this address: theirs already, one that waited for them (an import's), or
/// a new one. `true`: it is new. Refuses a disabled account, last of all, whatever the way in (SEC-A13).
pub(crate) async fn arrive_by_address(app: &App, tx: &mut Tx, address: &str, now: Micros) -> Result<(UserId, bool)> {
    let Some(user) = find_by_address(tx, address).await? else {
        let name = address.split('@').next().unwrap_or(address).to_owned();
        let id = create(tx, &name, Some(address), "active", now).await?;
        tx.lock_account(&id).await?;
        queries::insert_address(tx, address, &id, Some(now), now).await?;
        super::first_sign_in(app, tx, &id, &name, address, now).await?;
        return Ok((id, true));
    };
    if user.disabled {
        return Err(Refusal::forbidden("account_disabled", "This account is disabled. Ask whoever runs this installation."));
    }
    tx.lock_account(&user.id).await?;
    queries::verify_address(tx, address, &user.id, now).await?;
    if user.unclaimed {
        queries::set_status(tx, &user.id, "active").await?;
    }
    refresh_memberships(tx, &user.id).await?;
    Ok((user.id, false))
}

/// Records a sign-in in the account's own chain.
pub(super) async fn record_sign_in(tx: &mut Tx, user: &UserId, method: SignInMethod, origin: &Origin, now: Micros) -> Result<()> {
    let found = queries::user(tx, user).await?.ok_or(Refusal::NotFound)?;
    let person = Person {
        user: user.clone(),
        name: found.name.clone(),
        email: found.email,
        theme: String::new(),
        // The session is made after this, so the event names none.
        credential: Credential::Session { id: SessionId::from(""), method, signed_in_at: now },
        origin: origin.clone(),
        seats: Vec::new(),
        last_org: None,
    };
    let event = Event::new(Category::SignIn, "account.signed_in", "user", user.as_str(), found.name)
        .subject(Some(user))
        .with("method", method.as_str());
    audit::record_account(tx, &person, now, event).await
}

/// Makes an account. With status `unclaimed` it waits for its person.
pub(crate) async fn create(tx: &mut Tx, name: &str, email: Option<&str>, status: &str, now: Micros) -> Result<UserId> {
    let id = UserId::new();
    queries::insert_user(tx, &id, name, email, status, now).await?;
    Ok(id)
}

/// What the directory shows of an account.
pub(crate) async fn as_member(tx: &mut Tx, user: &UserId) -> Result<NewMember> {
    let found = queries::user(tx, user).await?.ok_or(Refusal::NotFound)?;
    // An address or a GitHub account that an import wrote down is proved by the first sign-in, not before.
    let verified = !found.unclaimed && queries::is_verified(tx, user).await?;
    Ok(NewMember {
        name: found.name,
        email: found.email.unwrap_or_default(),
        github_login: found.github_login.unwrap_or_default(),
        verified,
        claimed: !found.unclaimed,
    })
}

/// Writes what the account is now into its rows of every directory.
pub(crate) async fn refresh_memberships(tx: &mut Tx, user: &UserId) -> Result<()> {
    let person = as_member(tx, user).await?;
    members::refresh_person(tx, user, &person).await
}

/// Keeps an address for an account that waits to be claimed by whoever proves it.
pub(crate) async fn wait_for_address(tx: &mut Tx, address: &str, user: &UserId, now: Micros) -> Result<()> {
    queries::insert_address(tx, address, user, None, now).await
}
