//! Opening the database, and the ways to begin reading and writing.

use super::readers::Readers;
use super::{Inner, Tx, migrate};
use crate::error::Result;
use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool, SqlitePool};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// Pools of connections to the one database.
#[derive(Clone)]
pub struct Db(Pools);

#[derive(Clone)]
enum Pools {
    Sqlite {
        readers: Readers,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// Opens `sqlite:///path/file.db` or `postgres://…`, makes what is missing, and brings the schema up to date.
    /// Refuses a database whose schema is newer than this program.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let pools = if let Some(path) = url.strip_prefix("sqlite://") {
            open_sqlite(path).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url).await?
        } else {
            anyhow::bail!("the database URL begins with neither sqlite:// nor postgres://");
        };
        match &pools {
            Pools::Sqlite { writer, .. } => migrate::sqlite(writer).await?,
            Pools::Postgres(pool) => migrate::postgres(pool).await?,
        }
        Ok(Self(pools))
    }

    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A connection to read with, outside of any transaction.
    pub async fn read(&self) -> Result<Tx> {
        Ok(Tx(match &self.0 {
            Pools::Sqlite { readers, .. } => Inner::SqliteRead(readers.lend().await?),
            Pools::Postgres(pool) => Inner::PostgresRead(pool.acquire().await?),
        }))
    }

    /// Asks the database for an answer.
    pub async fn ping(&self) -> Result<()> {
        let mut tx = self.read().await?;
        let _: i64 =
            super::on!(tx, c => sqlx::query_scalar("SELECT CAST(1 AS BIGINT)").fetch_one(c))?;
        Ok(())
    }

    /// Begins a write that no organization or account has to be locked for: something new, or the outbox.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(Tx(match &self.0 {
            Pools::Sqlite { writer, .. } => {
                Inner::SqliteWrite(match writer.begin_with("BEGIN IMMEDIATE").await {
                    // Where the disk failed a commit, SQLite has ended the transaction and sqlx still counts it: that
                    // connection would never begin another (SEC-R3).
                    Err(sqlx::Error::InvalidSavePointStatement) => {
                        writer.acquire().await?.close().await?;
                        writer.begin_with("BEGIN IMMEDIATE").await?
                    }
                    begun => begun?,
                })
            }
            Pools::Postgres(pool) => Inner::PostgresWrite(pool.begin().await?),
        }))
    }

    /// Puts what SQLite keeps in the log beside its file into the file, as far as nobody reads it, so that the log holds nothing
    /// that was overwritten. PostgreSQL has its own times for that.
    pub async fn shorten_log(&self) {
        if let Pools::Sqlite { writer, .. } = &self.0 {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(writer)
                .await
                .ok();
        }
    }

    /// Waits until every connection is back and closes them.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Turns off SQLite's own count of the memory it uses, which nobody reads: every value of every row would take one lock
/// of the whole process for it, twice. Does nothing once SQLite is in use.
fn count_no_memory() {
    // SAFETY: the option takes one integer, and SQLite refuses it by itself after it was initialized.
    unsafe { libsqlite3_sys::sqlite3_config(libsqlite3_sys::SQLITE_CONFIG_MEMSTATUS, 0_i32) };
}

/// Makes an empty file that only its owner may read, if there is none. SQLite gives the files beside it the same rights.
fn make_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(|_| ())
}

/// One writer, because SQLite has one, and a few readers beside it.
///
/// - WAL lets readers go on while the writer writes.
/// - `synchronous = FULL`: an answered request is on the disk; 2,700 writes a second were measured with it.
/// - `busy_timeout`: another process (an import, a backup) may hold the lock for a moment.
/// - the writer begins with `BEGIN IMMEDIATE`, because a transaction that reads first and writes later fails at once
///   when somebody else wrote in between.
/// - `row_buffer_size`: a page's rows fit in, so that the thread that reads them needn't wait for who takes them.
/// - `secure_delete = FAST`: what is deleted is overwritten wherever its page is written anyway, so that redacting leaves less behind.
/// - `trusted_schema = OFF` (sqlite.org/src/doc/latest/doc/trusted-schema.md).
async fn open_sqlite(path: &str) -> anyhow::Result<Pools> {
    count_no_memory();
    make_private(Path::new(path))
        .with_context(|| format!("the database file {path} could not be made"))?;
    let options = SqliteConnectOptions::from_str("sqlite://")?
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cache_size", "-32768")
        .row_buffer_size(256);
    let writer = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_with(options.clone().pragma("secure_delete", "FAST"))
        .await
        .with_context(|| format!("the database file {path} could not be opened"))?;
    let readers = Readers::open(options.pragma("query_only", "ON")).await?;
    Ok(Pools::Sqlite { readers, writer })
}

async fn open_postgres(url: &str) -> anyhow::Result<Pools> {
    let options = PgConnectOptions::from_str(url)
        .context("ROSTER_DATABASE_URL (--database-url) can't be read")?;
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await;
    match pool {
        Ok(pool) => Ok(Pools::Postgres(pool)),
        // The pool tries for a while and then says only that it did; a single try says why.
        Err(error) => Err(PgConnection::connect_with(&options)
            .await
            .err()
            .unwrap_or(error))
        .context(UNREACHABLE),
    }
}

const UNREACHABLE: &str =
    "the PostgreSQL database of ROSTER_DATABASE_URL (--database-url) could not be reached";
