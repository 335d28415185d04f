//! `roster backup FILE` and `roster restore FILE`, for SQLite. PostgreSQL has pg_dump and pg_restore.

use super::{in_words, serve};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::{db, restore, text};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Copy the database into a file, also while Roster runs (SQLite)
#[derive(Args)]
pub(super) struct BackupOptions {
    /// Where the copy goes; must not be there yet
    file: PathBuf,
}

/// Put a copy made by `roster backup` in the database's place (SQLite)
///
/// Stop Roster first. Everybody is signed out, API tokens are revoked and waiting mails are not sent: any of it may have been ended, revoked
/// or sent since the copy was made.
#[derive(Args)]
pub(super) struct RestoreOptions {
    /// The copy
    file: PathBuf,

    /// Replace the database that is there. It is kept beside, with the time in its name
    #[arg(long)]
    force: bool,

    /// Leave API tokens as they are in the copy, also those that were revoked since
    #[arg(long)]
    keep_tokens: bool,
}

fn sqlite_file(config: &Config, instead: &str) -> anyhow::Result<PathBuf> {
    config
        .database_file()
        .ok_or_else(|| anyhow::anyhow!("the database is on PostgreSQL; use {instead}"))
}

pub(super) async fn backup(config: Config, options: BackupOptions) -> anyhow::Result<()> {
    config.check()?;
    let database = sqlite_file(&config, "pg_dump")?;
    anyhow::ensure!(
        database.exists(),
        "there is no database at {}",
        database.display()
    );
    let target = options.file;
    anyhow::ensure!(
        !target.exists(),
        "{} is there already. Name a file that isn't",
        target.display()
    );
    let half = beside(&target, "part");
    std::fs::remove_file(&half).ok();
    // The copy holds addresses and hashes: nobody else on the machine reads it. SQLite fills an empty file.
    private_file(&half)?;
    db::copy_sqlite(&database, &half).await?;
    db::check_copy(&half).await?;
    std::fs::rename(&half, &target)
        .with_context(|| format!("{} could not be written", target.display()))?;
    let size = std::fs::metadata(&target)?.len();
    println!(
        "Copied {} to {} ({} KB), and checked that it is whole.",
        database.display(),
        target.display(),
        text::thousands(size as i64 / 1024)
    );
    Ok(())
}

pub(super) async fn restore(config: Config, options: RestoreOptions) -> anyhow::Result<()> {
    config.check()?;
    let database = sqlite_file(&config, "pg_restore")?;
    let copy = options.file;
    anyhow::ensure!(copy.exists(), "there is no file {}", copy.display());
    db::check_copy(&copy).await?;
    anyhow::ensure!(
        options.force || !database.exists(),
        "there is a database at {} already. With --force it is replaced, and kept beside",
        database.display()
    );
    if let Some(folder) = database.parent().filter(|f| !f.as_os_str().is_empty()) {
        crate::app::make_folder(folder)
            .with_context(|| format!("the folder {} could not be made", folder.display()))?;
    }
    let _alone = alone(&database)?;
    // The copy is made ready under another name, so that a stop half way leaves the old database in place.
    let next = beside(&database, "restoring");
    remove_database(&next);
    private_file(&next)?;
    db::copy_sqlite(&copy, &next).await?;
    let settled = settle(config, &next, options.keep_tokens).await?;
    let kept = keep_old(&database)?;
    std::fs::rename(&next, &database)
        .with_context(|| format!("{} could not be put in place", database.display()))?;
    println!("Restored {} from {}.", database.display(), copy.display());
    if let Some(kept) = kept {
        println!("The database that was there is {} now.", kept.display());
    }
    println!(
        "Ended {} and revoked {}; {} waiting and will not be sent.",
        text::count(settled.ended.sessions as i64, "session", "sessions"),
        text::count(settled.ended.tokens as i64, "API token", "API tokens"),
        text::count(settled.held_back as i64, "mail was", "mails were")
    );
    Ok(())
}

/// Brings the copy up to date and ends what must not come back with it.
async fn settle(
    mut config: Config,
    file: &Path,
    keep_tokens: bool,
) -> anyhow::Result<restore::Settled> {
    config.database_url = Some(format!("sqlite://{}", file.display()));
    let app = App::open(config, Clock::default()).await?;
    let settled = restore::settle(&app, keep_tokens).await.map_err(in_words)?;
    app.db.close().await;
    for rest in ["-wal", "-shm", ".migrating"] {
        std::fs::remove_file(with_ending(file, rest)).ok();
    }
    Ok(settled)
}

/// Holds the lock that a server holds shared. Refuses while one runs.
fn alone(database: &Path) -> anyhow::Result<std::fs::File> {
    let path = serve::in_use_file(database);
    let file = std::fs::File::create(&path)
        .with_context(|| format!("{} can't be written", path.display()))?;
    anyhow::ensure!(
        file.try_lock().is_ok(),
        "Roster is running on {}. Stop it first",
        database.display()
    );
    Ok(file)
}

/// Moves the database that is there out of the way, with what belongs to it.
fn keep_old(database: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let kept = beside(
        database,
        &format!("before-{}", jiff::Timestamp::now().as_second()),
    );
    for rest in ["-wal", "-shm", ""] {
        let from = with_ending(database, rest);
        if from.exists() {
            std::fs::rename(&from, with_ending(&kept, rest))
                .with_context(|| format!("{} could not be moved", from.display()))?;
        }
    }
    Ok(Some(kept))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    with_ending(file, &format!(".{ending}"))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove_database(file: &Path) {
    for rest in ["", "-wal", "-shm"] {
        std::fs::remove_file(with_ending(file, rest)).ok();
    }
}

/// An empty file that only this user may read.
fn private_file(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map(drop)
        .with_context(|| format!("{} can't be written", path.display()))
}
