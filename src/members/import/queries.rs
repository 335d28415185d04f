use crate::db::{Tx, on};
use crate::error::Result;
use crate::ids::{OrgId, UserId};

/// Whether the directory has a row of somebody invited with this address.
pub(super) async fn is_invited(tx: &mut Tx, org: &OrgId, email: &str) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM members WHERE org_id = $1 AND email = $2 AND status = 'invited')")
        .bind(org.as_str()).bind(email).fetch_one(c))?,
    )
}

/// Whether an account at GitHub is invited, by its number.
pub(super) async fn is_invited_by_github(
    tx: &mut Tx,
    org: &OrgId,
    github_id: &str,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM invitations WHERE org_id = $1 AND github_id = $2 AND status = 'pending')")
        .bind(org.as_str()).bind(github_id).fetch_one(c))?)
}

/// Whether a user is a member of another organization than this one.
pub(super) async fn is_elsewhere(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM members WHERE user_id = $1 AND org_id <> $2)")
        .bind(user.as_str()).bind(org.as_str()).fetch_one(c))?,
    )
}

/// Whether an account waits for its person and nothing is written down by which they could claim it.
pub(super) async fn is_unclaimable(tx: &mut Tx, user: &UserId) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM users u WHERE u.id = $1 AND u.status = 'unclaimed' AND u.claim_login IS NULL
            AND NOT EXISTS (SELECT 1 FROM addresses a WHERE a.user_id = u.id)
            AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id))")
        .bind(user.as_str()).fetch_one(c))?)
}
