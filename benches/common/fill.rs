//! Millions of events for SQLite, as the program would have written them: the rows are made by the program, and loaded in the
//! order in which the database stores them, without waiting for the disk.
//!
//! One thread makes and hashes events while this one writes them. Tags, a dozen for each event and in no order, are kept in
//! memory, sorted when all are there, and written then. The index of people is made at the end.

use anyhow::Context;
use roster::actor::Actor;
use roster::audit::{self, Event, EventRow};
use roster::clock::DAY;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc;

/// Events in a statement: SQLite takes 32,766 values.
const ROWS: usize = 1_000;
/// Tags in a statement.
const TAGS: usize = 10_000;
/// Events in a transaction.
const AT_ONCE: usize = 100_000;
/// Parts that the tags are sorted in, by their first bits.
const PARTS: usize = 256;

/// What the events are found by, as far as it isn't written yet.
struct Found {
    /// Tag and place, by the tag's first bits.
    tags: Vec<Vec<(i64, u32)>>,
    /// First and last event of each day.
    days: BTreeMap<i64, (i64, i64)>,
    actions: BTreeSet<(String, String)>,
}

impl Found {
    fn add(&mut self, event: &EventRow, tags: Vec<i64>) {
        for tag in tags {
            let part = (tag as u64 ^ (1 << 63)) >> 56;
            self.tags[part as usize].push((tag, event.seq as u32));
        }
        self.days
            .entry(event.at.div_euclid(DAY))
            .or_insert((event.seq, event.seq))
            .1 = event.seq;
        if !self
            .actions
            .iter()
            .any(|(action, _)| *action == event.action)
        {
            self.actions
                .insert((event.action.clone(), event.category.clone()));
        }
    }
}

/// Writes events by actors into the chain of their organization, which nobody else has open.
pub async fn fill(
    file: &Path,
    events: impl Iterator<Item = (Actor, Vec<(i64, Event)>)> + Send + 'static,
) -> anyhow::Result<()> {
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
    for pragma in [
        "locking_mode = EXCLUSIVE",
        "journal_mode = OFF",
        "synchronous = OFF",
        "foreign_keys = OFF",
        "cache_size = -262144",
    ] {
        run(&mut database, &format!("PRAGMA {pragma}")).await?;
    }
    let person: String =
        sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE name = 'audit_events_by_person'")
            .fetch_one(&mut database)
            .await?;
    run(&mut database, "DROP INDEX audit_events_by_person").await?;
    let mut events = events.peekable();
    let org = events.peek().context("some events")?.0.org.id.to_string();
    let end: (i64, String) = sqlx::query_as("SELECT seq, hash FROM audit_heads WHERE stream = $1")
        .bind(&org)
        .fetch_one(&mut database)
        .await?;
    let (sender, made) = mpsc::sync_channel(4);
    let making = std::thread::spawn(move || make(end, events, &sender));
    let sql = format!("INSERT INTO audit_events VALUES {}", places(ROWS, 25));
    let mut open = 0;
    for rows in made {
        if open == 0 {
            run(&mut database, "BEGIN").await?;
        }
        write_events(&mut database, &sql, &rows).await?;
        open += rows.len();
        if open >= AT_ONCE {
            run(&mut database, "COMMIT").await?;
            open = 0;
        }
    }
    if open > 0 {
        run(&mut database, "COMMIT").await?;
    }
    let (end, found) = making
        .join()
        .map_err(|_| anyhow::anyhow!("the events could not be made"))?;
    run(&mut database, "BEGIN").await?;
    sqlx::query("UPDATE audit_heads SET seq = $2, hash = $3 WHERE stream = $1")
        .bind(&org)
        .bind(end.0)
        .bind(&end.1)
        .execute(&mut database)
        .await?;
    write_found(&mut database, &org, &found).await?;
    run(&mut database, "COMMIT").await?;
    write_tags(&mut database, found.tags).await?;
    run(&mut database, &person).await?;
    database.close().await?;
    Ok(())
}

type Made = ((i64, String), Found);

fn make(
    mut end: (i64, String),
    events: impl Iterator<Item = (Actor, Vec<(i64, Event)>)>,
    sender: &mpsc::SyncSender<Vec<EventRow>>,
) -> Made {
    let mut found = Found {
        tags: vec![Vec::new(); PARTS],
        days: BTreeMap::new(),
        actions: BTreeSet::new(),
    };
    let mut rows = Vec::with_capacity(ROWS);
    for (actor, events) in events {
        for (row, tags) in audit::rows_of(&mut end, &actor, events) {
            found.add(&row, tags);
            rows.push(row);
            if rows.len() == ROWS {
                sender
                    .send(std::mem::replace(&mut rows, Vec::with_capacity(ROWS)))
                    .ok();
            }
        }
    }
    if !rows.is_empty() {
        sender.send(rows).ok();
    }
    (end, found)
}

async fn run(database: &mut SqliteConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await?;
    Ok(())
}

/// `(?,?),(?,?)` …
fn places(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

async fn write_events(
    database: &mut SqliteConnection,
    full: &str,
    rows: &[EventRow],
) -> anyhow::Result<()> {
    let fewer;
    let sql = match rows.len() {
        ROWS => full,
        n => {
            fewer = format!("INSERT INTO audit_events VALUES {}", places(n, 25));
            &fewer
        }
    };
    // In the order of the table's columns: migrations 4 and 8.
    let bound = rows
        .iter()
        .fold(sqlx::query(AssertSqlSafe(sql)), |query, e| {
            query
                .bind(&e.id)
                .bind(&e.stream)
                .bind(e.seq)
                .bind(&e.prev_hash)
                .bind(&e.hash)
                .bind(e.at)
                .bind(&e.org_id)
                .bind(&e.workspace_id)
                .bind(&e.category)
                .bind(&e.action)
                .bind(&e.actor_kind)
                .bind(&e.actor_id)
                .bind(&e.actor_name)
                .bind(&e.credential)
                .bind(&e.ip)
                .bind(&e.client)
                .bind(&e.request_id)
                .bind(&e.target_kind)
                .bind(&e.target_id)
                .bind(&e.target_name)
                .bind(&e.subject_id)
                .bind(&e.changes)
                .bind(e.v)
                .bind(&e.salt)
                .bind(&e.redacted)
        });
    bound.execute(database).await?;
    Ok(())
}

async fn write_found(
    database: &mut SqliteConnection,
    org: &str,
    found: &Found,
) -> anyhow::Result<()> {
    let days = "INSERT INTO audit_days (org_id, day, first_seq, last_seq) VALUES ($1, $2, $3, $4)
        ON CONFLICT (org_id, day) DO UPDATE SET last_seq = excluded.last_seq";
    for (day, (first, last)) in &found.days {
        sqlx::query(days)
            .bind(org)
            .bind(day)
            .bind(first)
            .bind(last)
            .execute(&mut *database)
            .await?;
    }
    let actions = "INSERT INTO audit_actions (org_id, action, category) VALUES ($1, $2, $3) ON CONFLICT (org_id, action) DO NOTHING";
    for (action, category) in &found.actions {
        sqlx::query(actions)
            .bind(org)
            .bind(action)
            .bind(category)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

/// Writes the tags in their order, one part while the next is sorted.
async fn write_tags(
    database: &mut SqliteConnection,
    parts: Vec<Vec<(i64, u32)>>,
) -> anyhow::Result<()> {
    let (sender, sorted) = mpsc::sync_channel(2);
    std::thread::spawn(move || {
        for mut part in parts {
            part.sort_unstable();
            sender.send(part).ok();
        }
    });
    let full = format!(
        "INSERT INTO audit_tags (tag, seq) VALUES {}",
        places(TAGS, 2)
    );
    run(database, "BEGIN").await?;
    for part in sorted {
        for chunk in part.chunks(TAGS) {
            let sql = match chunk.len() {
                TAGS => full.clone(),
                n => format!("INSERT INTO audit_tags (tag, seq) VALUES {}", places(n, 2)),
            };
            let query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == TAGS);
            chunk
                .iter()
                .fold(query, |query, (tag, seq)| {
                    query.bind(*tag).bind(i64::from(*seq))
                })
                .execute(&mut *database)
                .await?;
        }
    }
    run(database, "COMMIT").await
}
