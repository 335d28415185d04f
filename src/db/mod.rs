//! The database: SQLite in one file, or PostgreSQL by URL. The only place that names a driver.
//!
//! Statements are written once, in SQL that both understand, and run through [`on!`], which checks the Rust around them
//! against each driver. Reads borrow a connection. Writes begin by locking what they write to
//! ([`Db::write`], [`Db::write_account`]), so that two of them can't both see the state before.

mod backup;
mod connect;
mod many;
mod migrate;
mod readers;
mod types;
mod write;

pub use backup::{check_copy, copy_sqlite};
pub use connect::{Db, Dialect};
pub(crate) use many::{places, rows, rows_alone};

use crate::error::Refusal;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection};

/// What is logged. The driver would write out every statement that is slow, and one with a thousand rows is a hundred
/// kilobytes of text: statements are logged only where they are asked for, as with `sqlx::query=debug`.
pub fn log_filter(asked: &str) -> String {
    if asked.contains("sqlx") {
        asked.to_owned()
    } else {
        format!("{asked},sqlx::query=off")
    }
}

/// One connection, in a transaction or not. What a feature's queries run on.
pub struct Tx(Inner);

enum Inner {
    SqliteRead(readers::Reader),
    SqliteWrite(Transaction<'static, Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    PostgresWrite(Transaction<'static, Postgres>),
}

/// The connection under a [`Tx`], by driver. Used by [`on!`].
pub(crate) enum Raw<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Tx {
    pub(crate) fn raw(&mut self) -> Raw<'_> {
        match &mut self.0 {
            Inner::SqliteRead(c) => Raw::Sqlite(c),
            Inner::SqliteWrite(c) => Raw::Sqlite(c),
            Inner::PostgresRead(c) => Raw::Postgres(c),
            Inner::PostgresWrite(c) => Raw::Postgres(c),
        }
    }

    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Inner::SqliteRead(_) | Inner::SqliteWrite(_) => Dialect::Sqlite,
            Inner::PostgresRead(_) | Inner::PostgresWrite(_) => Dialect::Postgres,
        }
    }

    /// Makes everything done since the write began permanent. Dropped without this, nothing happened.
    pub async fn commit(self) -> crate::error::Result<()> {
        match self.0 {
            Inner::SqliteWrite(tx) => tx.commit().await?,
            Inner::PostgresWrite(tx) => tx.commit().await?,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {}
        }
        Ok(())
    }
}

/// Runs one statement on whichever database this is: `on!(tx, c => sqlx::query("…").execute(c))`.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx.raw() {
            $crate::db::Raw::Sqlite($c) => $body.await,
            $crate::db::Raw::Postgres($c) => $body.await,
        }
    };
}
pub(crate) use on;

/// Runs one statement that gives no rows and says how many it touched: `run!(tx, sqlx::query("…").bind(…))`.
macro_rules! run {
    ($tx:expr, $query:expr) => {
        match $tx.raw() {
            $crate::db::Raw::Sqlite(c) => $query.execute(c).await.map(|done| done.rows_affected()),
            $crate::db::Raw::Postgres(c) => {
                $query.execute(c).await.map(|done| done.rows_affected())
            }
        }
    };
}
pub(crate) use run;

/// A struct that a row of either database decodes into, by column name.
macro_rules! row {
    ($(#[$m:meta])* $v:vis struct $n:ident { $($(#[$fm:meta])* $fv:vis $f:ident: $t:ty),* $(,)? }) => {
        $(#[$m])* $v struct $n { $($(#[$fm])* $fv $f: $t),* }
        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $n
        where &'static str: sqlx::ColumnIndex<R>, $($t: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>),*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($f: row.try_get(stringify!($f))?),* })
            }
        }
    };
    // With the columns of another such struct before its own: `struct Listed { ..run: RunRow, resource_name: Option<String> }`.
    ($(#[$m:meta])* $v:vis struct $n:ident { ..$iv:vis $i:ident: $it:ty, $($fv:vis $f:ident: $t:ty),* $(,)? }) => {
        $(#[$m])* $v struct $n { $iv $i: $it, $($fv $f: $t),* }
        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $n
        where $it: sqlx::FromRow<'r, R>, &'static str: sqlx::ColumnIndex<R>, $($t: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>),*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $i: sqlx::FromRow::from_row(row)?, $($f: row.try_get(stringify!($f))?),* })
            }
        }
    };
}
pub(crate) use row;

/// The database's plan for a statement, line by line: `explain!(tx, sql, query => query.bind(…))`. PostgreSQL is told to
/// prefer any index, as it does by itself once a table is large.
macro_rules! explain {
    ($tx:expr, $sql:expr, $query:ident => $bound:expr) => {{
        let tx = $tx;
        match tx.dialect() {
            $crate::db::Dialect::Sqlite => {
                let sql = format!("EXPLAIN QUERY PLAN {}", $sql);
                let rows: Vec<(i64, i64, i64, String)> = $crate::db::on!(tx, c => {
                    let $query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()));
                    $bound.fetch_all(c)
                })?;
                Ok(rows.into_iter().map(|row| row.3).collect())
            }
            $crate::db::Dialect::Postgres => {
                $crate::db::run!(tx, sqlx::query("SET LOCAL enable_seqscan = off"))?;
                let sql = format!("EXPLAIN {}", $sql);
                Ok($crate::db::on!(tx, c => {
                    let $query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str()));
                    $bound.fetch_all(c)
                })?)
            }
        }
    }};
}
pub(crate) use explain;

/// What a failed statement means to the one who asked: the database is busy, or it is a fault of ours.
impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => {
                return Refusal::Unavailable("The database is busy. Try again in a moment.");
            }
            sqlx::Error::Database(e) if is_full(e.as_ref()) => {
                tracing::error!(%error, "the disk is full");
                return Refusal::Unavailable(
                    "The server has no room left to write to. Whoever runs it has to make some.",
                );
            }
            sqlx::Error::Database(e) if is_busy(e.as_ref()) => {
                return Refusal::Unavailable("The database is busy. Try again in a moment.");
            }
            _ => {}
        }
        Refusal::Internal(anyhow::Error::new(error))
    }
}

fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    // SQLITE_BUSY, SQLITE_LOCKED; PostgreSQL: serialization, deadlock, lock not available, shutdown, too many connections.
    matches!(
        error.code().as_deref(),
        Some("5" | "6" | "261" | "517" | "40001" | "40P01" | "55P03" | "57P01" | "53300")
    )
}

fn is_full(error: &dyn sqlx::error::DatabaseError) -> bool {
    // SQLITE_FULL; PostgreSQL's disk full.
    matches!(error.code().as_deref(), Some("13" | "53100"))
}
