//! Accounts elsewhere, and the accounts here that wait for somebody.

use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::UserId;

row! {
    /// An account that a sign-in may lead to.
    #[derive(Debug, Clone)]
    pub(in crate::accounts) struct CandidateRow {
        pub id: UserId,
        pub status: String,
        /// The address has been proved here too.
        pub proved: bool,
    }
}

pub(in crate::accounts) async fn linked_to(
    tx: &mut Tx,
    subject: &str,
) -> Result<Option<CandidateRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT u.id, u.status, TRUE AS proved FROM identities i JOIN users u ON u.id = i.user_id
         WHERE i.provider = 'github' AND i.subject = $1 AND u.status <> 'deleted'")
        .bind(subject).fetch_optional(c))?)
}

pub(in crate::accounts) async fn with_address(
    tx: &mut Tx,
    address: &str,
) -> Result<Option<CandidateRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT u.id, u.status, a.verified_at IS NOT NULL AS proved FROM addresses a JOIN users u ON u.id = a.user_id
         WHERE a.address = $1 AND u.status <> 'deleted'")
        .bind(address).fetch_optional(c))?)
}

/// Imported accounts that this username may claim: the operator said so (`--trust-usernames`).
pub(in crate::accounts) async fn claimable_by(
    tx: &mut Tx,
    login: &str,
) -> Result<Vec<CandidateRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT id, status, FALSE AS proved FROM users WHERE claim_login = $1 AND status = 'unclaimed' ORDER BY id")
        .bind(login).fetch_all(c))?)
}

row! {
    #[derive(Debug, Clone)]
    pub(in crate::accounts) struct IdentityRow {
        pub subject: String,
        pub login: String,
        pub created_at: i64,
    }
}

pub(in crate::accounts) async fn of_user(
    tx: &mut Tx,
    user: &UserId,
) -> Result<Option<IdentityRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT subject, login, created_at FROM identities WHERE user_id = $1 AND provider = 'github' ORDER BY created_at LIMIT 1")
        .bind(user.as_str()).fetch_optional(c))?)
}

/// Whether a user, whose account is active, is linked with an account at GitHub.
pub(in crate::accounts) async fn is_linked_with(
    tx: &mut Tx,
    user: &UserId,
    subject: &str,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM identities i JOIN users u ON u.id = i.user_id
         WHERE i.provider = 'github' AND i.subject = $1 AND i.user_id = $2 AND u.status = 'active')")
        .bind(subject).bind(user.as_str()).fetch_one(c))?)
}

/// Links an account elsewhere, or moves the link of one that waited.
pub(in crate::accounts) async fn link(
    tx: &mut Tx,
    subject: &str,
    user: &UserId,
    login: &str,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO identities (provider, subject, user_id, login, created_at) VALUES ('github', $1, $2, $3, $4)
             ON CONFLICT (provider, subject) DO UPDATE SET user_id = excluded.user_id, login = excluded.login"
        )
        .bind(subject)
        .bind(user.as_str())
        .bind(login)
        .bind(now)
    )?;
    Ok(())
}

pub(in crate::accounts) async fn unlink(tx: &mut Tx, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM identities WHERE user_id = $1").bind(user.as_str())
    )?;
    Ok(())
}

/// Gives what an unclaimed account holds to the account of the same person, and ends it. `false`: somebody has claimed it
/// meanwhile.
pub(in crate::accounts) async fn absorb(tx: &mut Tx, from: &UserId, into: &UserId) -> Result<bool> {
    let ended = run!(
        tx,
        sqlx::query("UPDATE users SET status = 'deleted', email = NULL, claim_login = NULL WHERE id = $1 AND status = 'unclaimed'")
            .bind(from.as_str())
    )?;
    if ended == 0 {
        return Ok(false);
    }
    run!(
        tx,
        sqlx::query("UPDATE addresses SET user_id = $2 WHERE user_id = $1")
            .bind(from.as_str())
            .bind(into.as_str())
    )?;
    run!(
        tx,
        sqlx::query(
            "UPDATE identities SET user_id = $2 WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = $2)"
        )
        .bind(from.as_str())
        .bind(into.as_str())
    )?;
    unlink(tx, from).await?;
    Ok(true)
}
