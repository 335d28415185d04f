//! Heads of chains, and which of them were written elsewhere.

use crate::db::{Tx, on, row, run};
use crate::error::Result;

row! {
    pub(in crate::audit) struct HeadRow {
        pub stream: String,
        pub seq: i64,
        pub hash: String,
    }
}

/// Heads of chains that have grown since one was written.
pub(in crate::audit) async fn grown(tx: &mut Tx, limit: i64) -> Result<Vec<HeadRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT stream, seq, hash FROM audit_heads WHERE seq > noted_seq ORDER BY stream LIMIT $1")
        .bind(limit).fetch_all(c))?,
    )
}

pub(in crate::audit) async fn note(tx: &mut Tx, stream: &str, seq: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE audit_heads SET noted_seq = $2 WHERE stream = $1")
            .bind(stream)
            .bind(seq)
    )?;
    Ok(())
}
