//! Finding and making the account behind a proven address.

use super::queries;
use crate::actor::{Credential, Origin, Person, SignInMethod};
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

/// The person as the one who acts, while they sign in: the session is made after, so nothing can name it yet.
pub(super) async fn arriving(
    tx: &mut Tx,
    user: &UserId,
    method: SignInMethod,
    origin: &Origin,
    now: Micros,
) -> Result<Person> {
    let found = queries::user(tx, user).await?.ok_or(Refusal::NotFound)?;
    Ok(Person {
        user: user.clone(),
        name: found.name,
        email: found.email,
        theme: "auto".into(),
        credential: Credential::Session {
            id: SessionId::from(""),
            method,
            signed_in_at: now,
        },
        origin: origin.clone(),
        seats: Vec::new(),
        last_org: None,
        is_awaited: false,
    })
}

/// Everything that an account says who somebody is by: name, addresses, GitHub. `None` where there is no account any more.
pub(crate) async fn known_by(tx: &mut Tx, user: &UserId) -> Result<Option<Vec<String>>> {
    let Some(found) = queries::user(tx, user).await? else {
        return Ok(None);
    };
    let mut known = vec![found.name];
    known.extend(found.email.into_iter().chain(found.github_login));
    known.extend(
        queries::addresses::of_user(tx, user)
            .await?
            .into_iter()
            .map(|row| row.address),
    );
    known.extend(
        queries::identities::of_user(tx, user)
            .await?
            .into_iter()
            .flat_map(|row| [row.subject, row.login]),
    );
    Ok(Some(known))
}

/// Records a sign-in in the account's own chain.
pub(super) async fn record_sign_in(tx: &mut Tx, person: &Person, now: Micros) -> Result<()> {
    let method = match &person.credential {
        Credential::Session { method, .. } => method.as_str(),
        _ => "",
    };
    let event = Event::new(
        Category::SignIn,
        "account.signed_in",
        "account",
        person.user.as_str(),
        &*person.name,
    )
    .subject(Some(&person.user))
    .with("method", method);
    audit::record_account(tx, person, now, event).await
}

/// Makes an account. With status `unclaimed` it waits for its person.
pub(crate) async fn create(
    tx: &mut Tx,
    name: &str,
    email: Option<&str>,
    status: &str,
    now: Micros,
) -> Result<UserId> {
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
pub(crate) async fn wait_for_address(
    tx: &mut Tx,
    address: &str,
    user: &UserId,
    now: Micros,
) -> Result<()> {
    queries::insert_address(tx, address, user, None, now).await
}
