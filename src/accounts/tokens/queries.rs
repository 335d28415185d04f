use super::{Token, TokenScope};
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{TokenId, UserId};

row! {
    struct TokenRow {
        id: String,
        name: String,
        prefix: String,
        scope: String,
        created_at: i64,
        expires_at: Option<i64>,
        last_used_at: Option<i64>,
    }
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            prefix: row.prefix,
            scope: TokenScope::parse(&row.scope).unwrap_or(TokenScope::Read),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

pub(super) async fn list(tx: &mut Tx, user: &UserId) -> Result<Vec<Token>> {
    let rows: Vec<TokenRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, prefix, scope, created_at, expires_at, last_used_at FROM tokens
         WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC")
        .bind(user.as_str()).fetch_all(c))?;
    Ok(rows.into_iter().map(Token::from).collect())
}

pub(super) async fn find(tx: &mut Tx, user: &UserId, id: &TokenId) -> Result<Option<Token>> {
    let row: Option<TokenRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, name, prefix, scope, created_at, expires_at, last_used_at FROM tokens
         WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL")
        .bind(user.as_str()).bind(id.as_str()).fetch_optional(c))?;
    Ok(row.map(Token::from))
}

pub(super) async fn count_live(tx: &mut Tx, user: &UserId, now: Micros) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)")
        .bind(user.as_str()).bind(now).fetch_one(c))?)
}

/// The shortest longest life that an organization of the user sets; `None` for somebody in none.
pub(super) async fn strictest_days(tx: &mut Tx, user: &UserId) -> Result<Option<i64>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT MIN(o.token_days) FROM members m JOIN organizations o ON o.id = m.org_id AND o.deleted_at IS NULL WHERE m.user_id = $1")
        .bind(user.as_str()).fetch_one(c))?)
}

pub(super) async fn insert(tx: &mut Tx, user: &UserId, token: &Token, hash: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO tokens (id, user_id, name, hash, prefix, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        )
        .bind(token.id.as_str())
        .bind(user.as_str())
        .bind(token.name.as_str())
        .bind(hash)
        .bind(token.prefix.as_str())
        .bind(token.scope.as_str())
        .bind(token.created_at)
        .bind(token.expires_at)
    )?;
    Ok(())
}

pub(super) async fn revoke(tx: &mut Tx, user: &UserId, id: &TokenId, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE tokens SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL")
            .bind(user.as_str())
            .bind(id.as_str())
            .bind(now)
    )?;
    Ok(())
}
