//! The schema, brought up to date when the database is opened.

use super::copy_sqlite;
use anyhow::Context;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr, SqlitePool};
use std::path::Path;

macro_rules! migrations {
    ($dialect:literal; $($number:literal $name:literal $file:expr;)*) => {
        Migrator::with_migrations(vec![$(
            Migration::new($number, $name.into(), MigrationType::Simple, include_str!($file).into_sql_str(), false)
        ),*])
    };
}

/// Portable files lie in `migrations/`, the few that can't be portable in `migrations/sqlite` and `migrations/postgres`.
macro_rules! all {
    ($search:literal, $audit:literal, $short:literal, $look_ups:literal, $runs:literal) => {
        migrations! { "";
            1 "accounts" "../../migrations/0001_accounts.sql";
            2 "organizations" "../../migrations/0002_organizations.sql";
            3 "workspaces" "../../migrations/0003_workspaces.sql";
            4 "work" "../../migrations/0004_work.sql";
            5 "search" $search;
            6 "access" "../../migrations/0006_access.sql";
            7 "invitation_access" "../../migrations/0007_invitation_access.sql";
            8 "audit" $audit;
            9 "plans" "../../migrations/0009_plans.sql";
            10 "usage" "../../migrations/0010_usage.sql";
            11 "stripe" "../../migrations/0011_stripe.sql";
            13 "short_search" $short;
            14 "keys" "../../migrations/0014_keys.sql";
            15 "billing_mail" "../../migrations/0015_billing_mail.sql";
            16 "look_ups" $look_ups;
            17 "resource_lists" "../../migrations/0017_resource_lists.sql";
            18 "standalone_invitations" "../../migrations/0018_standalone_invitations.sql";
            19 "search_runs" $runs;
            20 "github_invitations" "../../migrations/0020_github_invitations.sql";
        }
    };
}

pub(super) async fn sqlite(writer: &SqlitePool) -> anyhow::Result<()> {
    // sqlx takes no lock on SQLite: two programs that start at once would both try (security.md, T14). `file` is "" for
    // a database in memory, which nobody else can open.
    let file: String =
        sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .fetch_one(writer)
            .await?;
    let _lock = if file.is_empty() {
        None
    } else {
        Some(lock_beside(&file).await?)
    };
    let all = all!(
        "../../migrations/sqlite/0005_search.sql",
        "../../migrations/sqlite/0008_audit.sql",
        "../../migrations/sqlite/0013_short_search.sql",
        "../../migrations/sqlite/0016_look_ups.sql",
        "../../migrations/sqlite/0019_search_runs.sql"
    );
    if !file.is_empty() {
        keep_copy(writer, &file, &all).await?;
    }
    all.run(writer).await.context(FAILED)
}

/// Copies a database that is about to get another schema, so that whoever wants the older program back has its database
/// (SEC-R10). One copy for each schema: what was begun and failed is begun again from the same state.
async fn keep_copy(writer: &SqlitePool, file: &str, all: &Migrator) -> anyhow::Result<()> {
    let begun: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')",
    )
    .fetch_one(writer)
    .await?;
    if !begun {
        return Ok(());
    }
    let schema: Option<i64> =
        sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(writer)
            .await?;
    let Some(schema) =
        schema.filter(|schema| all.iter().any(|migration| migration.version > *schema))
    else {
        return Ok(());
    };
    let (copy, part) = (
        format!("{file}.schema-{schema}"),
        format!("{file}.schema-{schema}.part"),
    );
    if std::fs::exists(&copy)? {
        return Ok(());
    }
    if std::fs::exists(&part)? {
        std::fs::remove_file(&part)?;
    }
    copy_sqlite(Path::new(file), Path::new(&part))
        .await
        .context("the schema is not changed without a copy of the database beside it")?;
    std::fs::rename(&part, &copy)?;
    tracing::info!(
        copy,
        "the schema is brought up to date; the database as it was is kept"
    );
    Ok(())
}

pub(super) async fn postgres(pool: &PgPool) -> anyhow::Result<()> {
    let all = all!(
        "../../migrations/postgres/0005_search.sql",
        "../../migrations/postgres/0008_audit.sql",
        "../../migrations/postgres/0013_short_search.sql",
        "../../migrations/postgres/0016_look_ups.sql",
        "../../migrations/postgres/0019_search_runs.sql"
    );
    all.run(pool).await.context(FAILED)
}

const FAILED: &str = "the database's schema could not be brought up to date; it is as it was before. \
    If this program is older than the one that wrote the database, start the newer one";

async fn lock_beside(file: &str) -> anyhow::Result<std::fs::File> {
    let path = format!("{file}.migrating");
    tokio::task::spawn_blocking(move || {
        let lock =
            std::fs::File::create(&path).with_context(|| format!("{path} could not be written"))?;
        lock.lock()?;
        Ok(lock)
    })
    .await?
}
