//! Accounts that an import made and that wait for their person (product.md, 5, "Moving in").
//!
//! Such an account is claimed by whoever first proves its address or its GitHub account id. A GitHub username alone
//! proves nothing, because it can be given up and taken by somebody else: it claims an account only where the operator
//! said so ([`let_claim`]).

mod queries;

use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::UserId;

/// Somebody as a line of an import's file names them: each part "" where the line has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub name: &'a str,
    /// In canonical form.
    pub email: &'a str,
    pub github_login: &'a str,
}

/// Makes an account that waits for its person.
pub(crate) async fn create(tx: &mut Tx, person: Named<'_>, now: Micros) -> Result<UserId> {
    let id = UserId::new();
    queries::insert(tx, &id, person, now).await?;
    if !person.email.is_empty() {
        super::wait_for_address(tx, person.email, &id, now).await?;
    }
    Ok(id)
}

/// The accounts that go by a GitHub username, as a label: linked, or written down by an import.
pub(crate) async fn known_as(tx: &mut Tx, login: &str) -> Result<Vec<UserId>> {
    queries::known_as(tx, &login.to_lowercase()).await
}

/// The account that a GitHub username may claim.
pub(crate) async fn claimable_by(tx: &mut Tx, login: &str) -> Result<Option<UserId>> {
    queries::claimable_by(tx, &login.to_lowercase()).await
}

/// The account whose linked GitHub account goes by this username.
pub(crate) async fn linked_as(tx: &mut Tx, login: &str) -> Result<Option<UserId>> {
    queries::linked_as(tx, &login.to_lowercase()).await
}

/// The account that a GitHub account is linked to, by its number.
pub(crate) async fn linked_to(tx: &mut Tx, github_id: &str) -> Result<Option<UserId>> {
    queries::linked_to(tx, github_id).await
}

/// Lets a GitHub username claim an account that waits. `false`: nothing changed, because it may already, or because the
/// account is somebody's.
pub(crate) async fn let_claim(tx: &mut Tx, user: &UserId, login: &str) -> Result<bool> {
    queries::set_claim_login(tx, user, login, &login.to_lowercase()).await
}

/// Writes down the GitHub account that may claim an account that waits, by its number. `false`: nothing changed,
/// because one is linked already, or because the account is somebody's.
pub(crate) async fn link(
    tx: &mut Tx,
    user: &UserId,
    github_id: &str,
    login: &str,
    now: Micros,
) -> Result<bool> {
    queries::link(tx, user, github_id, login, now).await
}
