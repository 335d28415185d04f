//! The directory's list: search, filters, sort and pages that cost the same in an organization of any size.
//!
//! A page is either walked in the order it is shown in, from where the last page ended, or, where a filter finds few
//! rows (as many as [`FEW`]), made of those rows and then sorted. Which of the two is found out by counting the
//! filter's rows up to that number. No list counts all rows, and none skips rows.

use super::Entry;
use super::queries::{self, Bind, ENTRY_COLUMNS, EntryRow, INVITATION_JOIN, Probe};
use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::Micros;
use crate::db::{Dialect, Tx};
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, WorkspaceId};
use crate::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// So many rows are fetched and sorted without a second thought.
const FEW: i64 = 500;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a name, address or GitHub login; letter case doesn't matter.
    pub search: String,
    pub status: StatusFilter,
    pub role: Option<OrgRole>,
    pub workspace: Option<WorkspaceId>,
    pub sort: Sort,
    pub descending: bool,
    pub page: Page,
    /// Rows on a page, 1 to 100.
    pub limit: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StatusFilter {
    #[default]
    All,
    Active,
    Invited,
    Expired,
    Suspended,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Name,
    Email,
    Role,
    Workspaces,
    LastActive,
    Since,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    First,
    Last,
    /// A cursor that an earlier page gave.
    After(String),
    Before(String),
}

/// One page of the directory.
#[derive(Debug, Clone)]
pub struct Listed {
    pub entries: Vec<Entry>,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// The place of the first row in the whole list, from 1.
    pub from: i64,
    /// Rows in all, where nothing is filtered.
    pub total: Option<i64>,
}

impl StatusFilter {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "all" => Self::All,
            "active" => Self::Active,
            "invited" => Self::Invited,
            "expired" => Self::Expired,
            "suspended" => Self::Suspended,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }

    fn column(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Active => Some("active"),
            Self::Invited | Self::Expired => Some("invited"),
            Self::Suspended => Some("suspended"),
        }
    }
}

impl Sort {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "name" => Self::Name,
            "email" => Self::Email,
            "role" => Self::Role,
            "workspaces" => Self::Workspaces,
            "last_active" => Self::LastActive,
            "since" | "joined" => Self::Since,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Role => "role",
            Self::Workspaces => "workspaces",
            Self::LastActive => "last_active",
            Self::Since => "since",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Name => "m.sort_name",
            Self::Email => "m.email",
            Self::Role => "m.role_rank",
            Self::Workspaces => "m.workspaces",
            Self::LastActive => "m.last_active_at",
            Self::Since => "m.since",
        }
    }

    fn value(self, row: &EntryRow) -> Key {
        match self {
            Self::Name => Key::Text(row.sort_name.clone()),
            Self::Email => Key::Text(row.email.clone()),
            Self::Role => Key::Number(row.role_rank),
            Self::Workspaces => Key::Number(row.workspaces),
            Self::LastActive => Key::Number(row.last_active_at),
            Self::Since => Key::Number(row.since),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

/// Where a page ends. Carries the sort and the organization, so that it is refused for another list.
#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    key: Key,
    id: String,
    at: i64,
}

impl Cursor {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    fn decode(text: &str, list: &str) -> Result<Self> {
        let cursor = URL_SAFE_NO_PAD.decode(text).ok().and_then(|raw| serde_json::from_slice::<Self>(&raw).ok());
        cursor
            .filter(|c| c.list == list)
            .ok_or_else(|| Refusal::field("cursor", "This page belongs to another list. Start from the first page."))
    }
}

fn list_name(org: &OrgId, filter: &Filter) -> String {
    let mut name = org.as_str().chars().rev().take(12).collect::<String>();
    name.push_str(filter.sort.as_str());
    name.push(if filter.descending { '-' } else { '+' });
    name
}

/// One page of the directory. Everybody in the organization may see it (S1-32).
pub async fn list(app: &App, actor: &Actor, filter: &Filter) -> Result<Listed> {
    access::require(actor.role, Permission::ViewDirectory)?;
    if filter.search.contains('\0') {
        return Err(Refusal::field("search", "Remove the control characters."));
    }
    let mut tx = app.db.read().await?;
    let unfiltered =
        filter.search.trim().is_empty() && filter.status == StatusFilter::All && filter.role.is_none() && filter.workspace.is_none();
    let total = unfiltered.then_some(actor.org.members + actor.org.invited);
    page(&mut tx, &actor.org.id, filter, total, app.now()).await
}

/// Exposes the bare statement behind [`list`] to the benchmark: the rows, and nothing around them.
pub async fn list_row(app: &App, org: &OrgId, filter: &Filter) -> Result<Vec<Entry>> {
    let mut tx = app.db.read().await?;
    Ok(page(&mut tx, org, filter, None, app.now()).await?.entries)
}

async fn page(tx: &mut Tx, org: &OrgId, filter: &Filter, total: Option<i64>, now: Micros) -> Result<Listed> {
    let list = list_name(org, filter);
    let limit = filter.limit.clamp(1, 100);
    let (cursor, backward) = match &filter.page {
        Page::First => (None, false),
        Page::Last => (None, true),
        Page::After(text) => (Some(Cursor::decode(text, &list)?), false),
        Page::Before(text) => (Some(Cursor::decode(text, &list)?), true),
    };
    let statement = Statement::build(tx, org, filter, cursor.as_ref(), backward, limit + 1, now).await?;
    let mut rows = queries::select(tx, &statement.sql, &statement.binds).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    if backward {
        rows.reverse();
    }
    let from = match (&cursor, backward) {
        (None, false) => 1,
        (None, true) => (total.unwrap_or(rows.len() as i64) - rows.len() as i64 + 1).max(1),
        (Some(c), false) => c.at + 1,
        (Some(c), true) => (c.at - rows.len() as i64).max(1),
    };
    let mark = |row: &EntryRow, at: i64| Cursor { list: list.clone(), key: filter.sort.value(row), id: row.id.clone(), at }.encode();
    let has_previous = if backward { more } else { cursor.is_some() };
    let has_next = if backward { cursor.is_some() } else { more };
    let previous = rows.first().filter(|_| has_previous).map(|row| mark(row, from));
    let next = rows.last().filter(|_| has_next).map(|row| mark(row, from + rows.len() as i64 - 1));
    let entries = rows.into_iter().map(|row| Entry::from_row(row, now)).collect();
    Ok(Listed { entries, previous, next, from, total })
}

/// A statement put together from the parts below, with every value bound.
struct Statement {
    sql: String,
    binds: Vec<Bind>,
}

impl Statement {
    async fn build(
        tx: &mut Tx,
        org: &OrgId,
        filter: &Filter,
        cursor: Option<&Cursor>,
        backward: bool,
        limit: i64,
        now: Micros,
    ) -> Result<Self> {
        let mut binds = vec![Bind::Text(org.to_string())];
        let mut conditions = String::from("m.org_id = $1");
        let mut bind = |value: Bind| {
            binds.push(value);
            binds.len()
        };
        let term = filter.search.trim().to_lowercase();
        let few = Few::find(tx, org, filter, &term).await?;
        let mut from = format!("members m {INVITATION_JOIN}");
        if let Few::Text(words) = &few {
            let n = bind(Bind::Text(words.clone()));
            from = format!(
                "(SELECT rowid AS n FROM member_search WHERE member_search MATCH ${n}) f CROSS JOIN members m ON m.n = f.n {INVITATION_JOIN}"
            );
        }
        if !term.is_empty() {
            let n = bind(Bind::Text(text::like(&term)));
            conditions += &format!(" AND m.search LIKE ${n} ESCAPE '\\'");
        }
        if let Some(status) = filter.status.column() {
            let n = bind(Bind::Text(status.into()));
            // `|| ''` keeps SQLite from walking this filter's index where the order's index is the better one.
            conditions +=
                &if matches!(few, Few::Status) { format!(" AND m.status = ${n}") } else { format!(" AND (m.status || '') = ${n}") };
        }
        match filter.status {
            StatusFilter::Invited => conditions += &format!(" AND m.expires_at > ${}", bind(Bind::Number(now))),
            StatusFilter::Expired => conditions += &format!(" AND m.expires_at <= ${}", bind(Bind::Number(now))),
            _ => {}
        }
        if let Some(role) = filter.role {
            let n = bind(Bind::Number(role.rank()));
            conditions +=
                &if matches!(few, Few::Role) { format!(" AND m.role_rank = ${n}") } else { format!(" AND (m.role_rank + 0) = ${n}") };
        }
        if let Some(workspace) = &filter.workspace {
            let n = bind(Bind::Text(workspace.to_string()));
            conditions += &format!(
                " AND m.user_id IN (SELECT a.user_id FROM access a JOIN workspaces w ON w.id = a.workspace_id WHERE a.workspace_id = ${n} AND w.org_id = $1)"
            );
        }
        let (column, descending) = (filter.sort.column(), filter.descending != backward);
        if let Some(cursor) = cursor {
            let key = match &cursor.key {
                Key::Number(number) => Bind::Number(*number),
                Key::Text(text) => Bind::Text(text.clone()),
            };
            let (key, id) = (bind(key), bind(Bind::Text(cursor.id.clone())));
            conditions += &format!(" AND ({column}, m.id) {} (${key}, ${id})", if descending { "<" } else { ">" });
        }
        let direction = if descending { "DESC" } else { "ASC" };
        let sql =
            format!("SELECT {ENTRY_COLUMNS} FROM {from} WHERE {conditions} ORDER BY {column} {direction}, m.id {direction} LIMIT {limit}");
        Ok(Self { sql, binds })
    }
}

/// The filter that finds few rows, if one does.
enum Few {
    None,
    /// The phrase for SQLite's text index. PostgreSQL's planner decides by itself.
    Text(String),
    Role,
    Status,
}

impl Few {
    async fn find(tx: &mut Tx, org: &OrgId, filter: &Filter, term: &str) -> Result<Self> {
        // The text index knows runs of three characters and more.
        if tx.dialect() == Dialect::Sqlite && term.chars().count() >= 3 {
            let words = format!("\"{}\"", term.replace('"', "\"\""));
            if queries::probe(tx, org, &Probe::Text(&words), FEW + 1).await? <= FEW {
                return Ok(Self::Text(words));
            }
        }
        if let Some(status) = filter.status.column().filter(|s| *s != "active")
            && queries::probe(tx, org, &Probe::Status(status), FEW + 1).await? <= FEW
        {
            return Ok(Self::Status);
        }
        if let Some(role) = filter.role
            && queries::probe(tx, org, &Probe::Role(role.rank()), FEW + 1).await? <= FEW
        {
            return Ok(Self::Role);
        }
        Ok(Self::None)
    }
}
