//! Copies of a SQLite database. The file itself is never copied: what was written last stands beside it (security.md, T16).

use anyhow::Context;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use std::time::Duration;

async fn open(file: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(Duration::from_secs(30));
    options
        .connect()
        .await
        .with_context(|| format!("{} can't be opened", file.display()))
}

/// Writes a copy of a database, whole as of one moment, also while it is in use. The target must not exist. Brings no
/// schema up to date, so that a copy can be made before a new version is started.
pub async fn copy_sqlite(database: &Path, target: &Path) -> anyhow::Result<()> {
    let mut connection = open(database).await?;
    let path = target.to_str().context("the target's name is not UTF-8")?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(path)
        .execute(&mut connection)
        .await;
    connection.close().await.ok();
    copied.with_context(|| format!("{} could not be written", target.display()))?;
    // VACUUM INTO leaves the copy to the system's cache.
    std::fs::File::open(target)?.sync_all()?;
    Ok(())
}

/// Refuses a file that is not a whole database of Roster's.
pub async fn check_copy(file: &Path) -> anyhow::Result<()> {
    let mut connection = open(file).await?;
    let verdict = verdict(&mut connection).await;
    connection.close().await.ok();
    match verdict {
        Ok(None) => Ok(()),
        Ok(Some(wrong)) => anyhow::bail!("{} {wrong}", file.display()),
        Err(_) => anyhow::bail!("{} is not a SQLite database", file.display()),
    }
}

async fn verdict(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    let ok: String =
        sqlx::query_scalar("SELECT integrity_check FROM pragma_integrity_check LIMIT 1")
            .fetch_one(&mut *connection)
            .await?;
    if ok != "ok" {
        return Ok(Some(format!("is damaged: {ok}")));
    }
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('_sqlx_migrations', 'organizations', 'audit_heads')")
            .fetch_one(connection)
            .await?;
    Ok((tables != 3).then(|| "is a database, but not one of Roster's".to_owned()))
}
