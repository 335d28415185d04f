//! The schema, brought up to date when the database is opened.

use anyhow::Context;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr, SqlitePool};

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
    let file: String = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'").fetch_one(writer).await?;
    let _lock = if file.is_empty() { None } else { Some(lock_beside(file).await?) };
    let all = all!(
        "../../migrations/sqlite/0005_search.sql",
        "../../migrations/sqlite/0008_audit.sql",
        "../../migrations/sqlite/0013_short_search.sql",
        "../../migrations/sqlite/0016_look_ups.sql",
        "../../migrations/sqlite/0019_search_runs.sql"
    );
    all.run(writer).await.context(FAILED)
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

async fn lock_beside(file: String) -> anyhow::Result<std::fs::File> {
    let path = format!("{file}.migrating");
    tokio::task::spawn_blocking(move || {
        let lock = std::fs::File::create(&path).with_context(|| format!("{path} could not be written"))?;
        lock.lock()?;
        Ok(lock)
    })
    .await?
}
