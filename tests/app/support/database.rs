//! The database behind a running Roster, for what no door shows: to break it, to hold it, to count in it.

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

pub enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// A connection of its own to the database at this URL. SQLite's file is made where it is missing.
    pub async fn open(url: &str) -> Self {
        if url.starts_with("sqlite://") {
            Self::Sqlite(
                SqliteConnection::connect(&format!("{url}?mode=rwc"))
                    .await
                    .expect("the database file opens"),
            )
        } else {
            Self::Postgres(
                PgConnection::connect(url)
                    .await
                    .expect("the database server answers"),
            )
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Runs one statement, or several.
    pub async fn run(&mut self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql);
        let done = match self {
            Self::Sqlite(c) => c.execute(sqlx::raw_sql(sql)).await.map(|_| ()),
            Self::Postgres(c) => c.execute(sqlx::raw_sql(sql)).await.map(|_| ()),
        };
        done.expect("the statement runs");
    }

    /// The one number that a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await,
            Self::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await,
        }
        .expect("the query gives a number")
    }

    /// The texts that a query gives.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(sql).fetch_all(c).await,
            Self::Postgres(c) => sqlx::query_scalar(sql).fetch_all(c).await,
        }
        .expect("the query gives texts")
    }

    /// Every table of ours.
    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            }
            Self::Postgres(_) => {
                "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let mut tables = self.texts(sql).await;
        tables.sort();
        tables
    }

    /// How many rows each table has, and how often an organization or account was written to: equal before and after
    /// where nothing was changed.
    pub async fn fingerprint(&mut self) -> Vec<(String, i64)> {
        let mut found = Vec::new();
        for table in self.tables().await {
            let rows = self.number(&format!("SELECT COUNT(*) FROM {table}")).await;
            found.push((table, rows));
        }
        for table in ["organizations", "users"] {
            let writes = self
                .number(&format!(
                    "SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM {table}"
                ))
                .await;
            found.push((format!("writes to {table}"), writes));
        }
        found
    }
}
