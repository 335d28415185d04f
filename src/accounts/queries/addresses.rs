//! The addresses of an account.

use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::UserId;

row! {
    #[derive(Debug, Clone)]
    pub(in crate::accounts) struct AddressRow {
        pub address: String,
        pub verified_at: Option<i64>,
    }
}

/// Every address of an account, the oldest first.
pub(in crate::accounts) async fn of_user(tx: &mut Tx, user: &UserId) -> Result<Vec<AddressRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT address, verified_at FROM addresses WHERE user_id = $1 ORDER BY created_at, address")
        .bind(user.as_str()).fetch_all(c))?,
    )
}

pub(in crate::accounts) async fn set_primary(
    tx: &mut Tx,
    user: &UserId,
    address: Option<&str>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE users SET email = $2 WHERE id = $1")
            .bind(user.as_str())
            .bind(address)
    )?;
    Ok(())
}

pub(in crate::accounts) async fn delete(tx: &mut Tx, user: &UserId, address: &str) -> Result<bool> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM addresses WHERE address = $1 AND user_id = $2")
            .bind(address)
            .bind(user.as_str())
    )? == 1)
}

/// Takes what an import wrote down and nobody has proved.
pub(in crate::accounts) async fn drop_unproved(tx: &mut Tx, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM addresses WHERE user_id = $1 AND verified_at IS NULL")
            .bind(user.as_str())
    )?;
    Ok(())
}

/// Takes every address from an account that is being deleted.
pub(in crate::accounts) async fn delete_all(tx: &mut Tx, user: &UserId) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM addresses WHERE user_id = $1").bind(user.as_str())
    )?;
    Ok(())
}
