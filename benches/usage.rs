//! What it costs to take runs from a host product. Run by `script/bench usage`.
//!
//! Runs are reported over HTTP, a thousand at a time, as a product does it: each is checked, written, counted and recorded
//! in the log. Then the very rows that came of it (runs, events, tags) are written into an empty database of the same schema
//! by plain inserts of many rows, in the same parts, through the same driver, with the same settings. The first is to take
//! at most twice as long as the second.

mod common;

use anyhow::Context;
use clap::Parser;
use common::{client, median};
use roster::accounts::{TokenScope, create_token_for};
use roster::app::App;
use roster::clock::Clock;
use roster::config::Config;
use serde_json::{Value, json};
use sqlx::{Column, Connection, Row, SqliteConnection, TypeInfo, ValueRef};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Measures the taking of runs.
#[derive(Parser)]
struct Bench {
    /// Runs to report
    #[arg(long, default_value = "20000")]
    runs: usize,
    /// Measurements of each, in turn
    #[arg(long, default_value = "3")]
    rounds: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(flatten)]
    config: Config,
}

/// Runs in one call.
const PART: usize = 1_000;

/// The tables that get a row for each run, and what they are read by.
const TABLES: [(&str, &str); 3] = [
    ("runs", "SELECT * FROM runs ORDER BY rowid"),
    ("audit_events", "SELECT * FROM audit_events WHERE category = 'run' ORDER BY seq"),
    (
        "audit_tags",
        // In the order that is cheapest to insert in: that of the table, within each part.
        "SELECT t.* FROM audit_tags t WHERE t.seq IN (SELECT seq FROM audit_events WHERE category = 'run')
         ORDER BY (t.seq - (SELECT MIN(seq) FROM audit_events WHERE category = 'run')) / 1000, t.tag, t.seq",
    ),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bench = Bench::parse();
    let (mut taken, mut plain) = (Vec::new(), Vec::new());
    for round in 1..=bench.rounds {
        let folder = tempfile::tempdir()?;
        let reported = report(&bench, folder.path()).await?;
        let inserted = insert(&bench, folder.path()).await?;
        let rate = |time: Duration| bench.runs as f64 / time.as_secs_f64();
        println!(
            "round {round}: reported {:>8.0}/s   plain inserts {:>8.0}/s",
            rate(reported),
            rate(inserted)
        );
        taken.push(rate(reported));
        plain.push(rate(inserted));
    }
    let (taken, plain) = (median(&mut taken), median(&mut plain));
    println!("runs reported over HTTP           {taken:>9.0} a second");
    println!("the same rows by plain inserts    {plain:>9.0} a second");
    println!("reported / plain: {:.2}", taken / plain);
    Ok(())
}

async fn open(bench: &Bench, folder: &Path) -> anyhow::Result<App> {
    let mut config = bench.config.clone();
    config.data_dir = folder.to_owned();
    config.database_url = None;
    config.api_calls = u32::MAX;
    App::open(config, Clock::default()).await
}

/// Reports all runs and gives how long that took.
async fn report(bench: &Bench, folder: &Path) -> anyhow::Result<Duration> {
    let folder = folder.join("reported");
    std::fs::create_dir(&folder)?;
    let app = open(bench, &folder).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let api = format!("http://{}/api/v1", listener.local_addr()?);
    let serving = app.clone();
    tokio::spawn(
        async move { roster::app::serve(listener, serving, std::future::pending()).await },
    );
    let link = roster::accounts::operator_link(&app, "alice@acme.test").await?;
    let client = client()?;
    let path = link
        .find("/sign-in/")
        .map(|at| &link[at..])
        .context("a link")?;
    client
        .post(format!("{}{path}", api.trim_end_matches("/api/v1")))
        .header("sec-fetch-site", "same-origin")
        .send()
        .await?;
    let token = create_token_for(&app, "alice@acme.test", "bench", TokenScope::Write, None)
        .await?
        .secret;
    let call = |path: String, body: Value| {
        let request = client
            .post(format!("{api}{path}"))
            .bearer_auth(&token)
            .json(&body);
        async move {
            Ok::<Value, anyhow::Error>(request.send().await?.error_for_status()?.json().await?)
        }
    };
    let org = call("/organizations".into(), json!({ "name": "Acme Corp" })).await?;
    let org = org["id"].as_str().context("an id")?.to_owned();
    let workspace = call(
        format!("/organizations/{org}/workspaces"),
        json!({ "name": "Production" }),
    )
    .await?;
    let workspace = workspace["id"].as_str().context("an id")?.to_owned();
    let things: Vec<Value> =
        (0..50).map(|n| json!({ "kind": "sync", "external_id": format!("sync-{n}"), "name": format!("Sync {n}") })).collect();
    call(
        format!("/workspaces/{workspace}/resources"),
        json!({ "resources": things }),
    )
    .await?;
    let parts: Vec<Value> = (0..bench.runs)
        .step_by(PART)
        .map(|from| part(from, PART.min(bench.runs - from)))
        .collect();
    let started = Instant::now();
    for part in parts {
        call(format!("/workspaces/{workspace}/runs"), part).await?;
    }
    let time = started.elapsed();
    app.db.close().await;
    Ok(time)
}

fn part(from: usize, count: usize) -> Value {
    let run = |n: usize| {
        let minute = n % 1_440;
        let at = |second: u32| {
            format!(
                "2026-03-{:02}T{:02}:{:02}:{second:02}Z",
                1 + n / 1_440 % 28,
                minute / 60,
                minute % 60
            )
        };
        json!({
            "external_id": format!("run-{n}"), "status": if n.is_multiple_of(20) { "failed" } else { "succeeded" },
            "resource": { "kind": "sync", "external_id": format!("sync-{}", n % 50) }, "person": "alice@acme.test",
            "started_at": at(1), "finished_at": at(42), "rows": n % 5_000, "bytes": n % 5_000 * 214,
        })
    };
    json!({ "runs": (from..from + count).map(run).collect::<Vec<_>>() })
}

/// One value of a row.
enum Cell {
    Number(i64),
    Text(String),
    Nothing,
}

/// Writes the same rows into an empty database and gives how long that took.
async fn insert(bench: &Bench, folder: &Path) -> anyhow::Result<Duration> {
    let empty = folder.join("plain");
    std::fs::create_dir(&empty)?;
    open(bench, &empty).await?.db.close().await;
    let mut source = SqliteConnection::connect(&format!(
        "sqlite://{}",
        folder.join("reported/roster.db").display()
    ))
    .await?;
    let mut tables = Vec::new();
    for (table, sql) in TABLES {
        let mut columns = Vec::new();
        let mut rows = Vec::new();
        for row in sqlx::query(sql).fetch_all(&mut source).await? {
            columns = row
                .columns()
                .iter()
                .map(|column| column.name().to_owned())
                .collect();
            rows.push(row);
        }
        let rows = rows
            .iter()
            .map(|row| (0..columns.len()).map(|n| cell(row, n)).collect())
            .collect::<anyhow::Result<Vec<Vec<Cell>>>>()?;
        tables.push((table, columns, rows));
    }
    let mut target =
        SqliteConnection::connect(&format!("sqlite://{}", empty.join("roster.db").display()))
            .await?;
    // As the program sets it, but for foreign keys: the rows around are not there.
    for pragma in [
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = OFF",
        "cache_size = -32768",
        "secure_delete = FAST",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA {pragma}")))
            .execute(&mut target)
            .await?;
    }
    let parts = bench.runs.div_ceil(PART);
    let started = Instant::now();
    for part in 0..parts {
        let mut tx = target.begin().await?;
        for (table, columns, rows) in &tables {
            let each = rows.len().div_ceil(parts);
            let rows = &rows[(part * each).min(rows.len())..((part + 1) * each).min(rows.len())];
            for some in rows.chunks(30_000 / columns.len()) {
                insert_rows(&mut tx, table, columns, some).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(started.elapsed())
}

fn cell(row: &sqlx::sqlite::SqliteRow, n: usize) -> anyhow::Result<Cell> {
    let value = row.try_get_raw(n)?;
    Ok(match value.type_info().name() {
        _ if value.is_null() => Cell::Nothing,
        "TEXT" => Cell::Text(row.try_get(n)?),
        _ => Cell::Number(row.try_get(n)?),
    })
}

async fn insert_rows(
    tx: &mut SqliteConnection,
    table: &str,
    columns: &[String],
    rows: &[Vec<Cell>],
) -> anyhow::Result<()> {
    let width = columns.len();
    // SQLite looks places that have numbers up among all before them.
    let places = vec![format!("({})", vec!["?"; width].join(", ")); rows.len()].join(", ");
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES {places}",
        columns.join(", ")
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql));
    let query = rows.iter().flatten().fold(query, |query, cell| match cell {
        Cell::Number(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.as_str()),
        Cell::Nothing => query.bind(None::<String>),
    });
    query.execute(tx).await?;
    Ok(())
}
