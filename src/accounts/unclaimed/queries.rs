use super::Named;
use crate::clock::Micros;
use crate::db::{Tx, on, run};
use crate::error::Result;
use crate::ids::UserId;

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) async fn insert(tx: &mut Tx, id: &UserId, person: Named<'_>, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO users (id, name, email, github_login, status, created_at) VALUES ($1, $2, $3, $4, 'unclaimed', $5)")
            .bind(id.as_str())
            .bind(person.name)
            .bind(some(person.email))
            .bind(some(person.github_login))
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn known_as(tx: &mut Tx, login: &str) -> Result<Vec<UserId>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT user_id FROM identities WHERE LOWER(login) = $1
         UNION SELECT id FROM users WHERE LOWER(github_login) = $1 AND status <> 'deleted'")
        .bind(login).fetch_all(c))?)
}

pub(super) async fn claimable_by(tx: &mut Tx, login: &str) -> Result<Option<UserId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT id FROM users WHERE claim_login = $1 AND status = 'unclaimed'")
        .bind(login).fetch_optional(c))?,
    )
}

pub(super) async fn linked_as(tx: &mut Tx, login: &str) -> Result<Option<UserId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT user_id FROM identities WHERE LOWER(login) = $1 ORDER BY created_at DESC LIMIT 1")
        .bind(login).fetch_optional(c))?,
    )
}

pub(super) async fn linked_to(tx: &mut Tx, github_id: &str) -> Result<Option<UserId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT user_id FROM identities WHERE provider = 'github' AND subject = $1")
        .bind(github_id).fetch_optional(c))?,
    )
}

pub(super) async fn set_claim_login(
    tx: &mut Tx,
    user: &UserId,
    login: &str,
    folded: &str,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "UPDATE users SET claim_login = $3, github_login = COALESCE(github_login, $2)
             WHERE id = $1 AND status = 'unclaimed' AND (claim_login IS NULL OR claim_login <> $3)"
        )
        .bind(user.as_str())
        .bind(login)
        .bind(folded)
    )?;
    Ok(done == 1)
}

pub(super) async fn link(
    tx: &mut Tx,
    user: &UserId,
    github_id: &str,
    login: &str,
    now: Micros,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "INSERT INTO identities (provider, subject, user_id, login, created_at)
             SELECT 'github', $2, id, $3, $4 FROM users
             WHERE id = $1 AND status = 'unclaimed' AND NOT EXISTS (SELECT 1 FROM identities WHERE user_id = $1)
             ON CONFLICT (provider, subject) DO NOTHING"
        )
        .bind(user.as_str())
        .bind(github_id)
        .bind(login)
        .bind(now)
    )?;
    Ok(done == 1)
}
