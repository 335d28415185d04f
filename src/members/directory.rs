//! The directory's list: search, filters, sort and pages that cost the same in an organization of any size.
//!
//! A page is either walked in the order it is shown in, from where the last page ended, or, where a filter finds few
//! rows (as many as [`super::statement::FEW`]), made of those rows and then sorted. Which of the two is found out by counting the
//! filter's rows up to that number. No list counts all rows, and none skips rows.

use super::Entry;
use super::queries::{self, Bind, EntryRow};
use super::statement::Statement;
use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, WorkspaceId};
use crate::workspaces;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

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
    /// The place of the first row in the whole list, from 1; 0 where it isn't known: a filtered list walked from its end.
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

    pub(super) fn column(self) -> Option<&'static str> {
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

    pub(super) fn column(self) -> &'static str {
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
pub(super) enum Key {
    Number(i64),
    Text(String),
}

/// Where a page ends. Carries the sort and the organization, so that it is refused for another list.
#[derive(Serialize, Deserialize)]
pub(super) struct Cursor {
    list: String,
    pub(super) key: Key,
    pub(super) id: String,
    /// The row's place in the whole list, from 1; 0 where it isn't known.
    at: i64,
}

impl From<Key> for Bind {
    fn from(key: Key) -> Self {
        match key {
            Key::Number(number) => Self::Number(number),
            Key::Text(text) => Self::Text(text),
        }
    }
}

impl Cursor {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    /// Refuses what no page of this list has given: another list's cursor, and one that somebody wrote by hand with
    /// values the database can't compare.
    fn decode(text: &str, list: &str, sort: Sort) -> Result<Self> {
        let cursor = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|raw| serde_json::from_slice::<Self>(&raw).ok());
        let plain = |text: &str| text.len() <= 4096 && !text.contains('\0');
        let fits = |key: &Key| match key {
            Key::Text(text) => matches!(sort, Sort::Name | Sort::Email) && plain(text),
            Key::Number(_) => !matches!(sort, Sort::Name | Sort::Email),
        };
        cursor
            .filter(|c| {
                c.list == list && fits(&c.key) && plain(&c.id) && (0..1 << 40).contains(&c.at)
            })
            .ok_or_else(|| {
                Refusal::field(
                    "cursor",
                    "This page belongs to another list. Start from the first page.",
                )
            })
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
    check_search(&filter.search)?;
    let mut tx = app.db.read().await?;
    if let Some(workspace) = &filter.workspace {
        workspaces::require_known(&mut tx, actor, workspace).await?;
    }
    let unfiltered = filter.search.trim().is_empty()
        && filter.status == StatusFilter::All
        && filter.role.is_none()
        && filter.workspace.is_none();
    let total = unfiltered.then_some(actor.org.members + actor.org.invited);
    page(&mut tx, &actor.org.id, filter, total, app.now()).await
}

/// Longer than any name, address and login that could be found by it.
const LONGEST_SEARCH: usize = 400;

fn check_search(search: &str) -> Result<()> {
    if search.contains('\0') {
        return Err(Refusal::field("search", "Remove the control characters."));
    }
    if search.chars().count() > LONGEST_SEARCH {
        return Err(Refusal::field(
            "search",
            "Search for less: no name or address is that long.",
        ));
    }
    Ok(())
}

/// The database's plan for the statement behind [`list`], line by line: for the tests and the benchmark that watch that no
/// list reads the whole table.
pub async fn explain(app: &App, org: &OrgId, filter: &Filter) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    let list = list_name(org, filter);
    let (cursor, backward) = starting_point(filter, &list)?;
    let statement = Statement::build(
        &mut tx,
        org,
        filter,
        cursor.as_ref(),
        backward,
        filter.limit + 1,
        app.now(),
    )
    .await?;
    queries::explain(&mut tx, &statement.sql, &statement.binds).await
}

/// The row to start beside, and whether to walk back from it.
fn starting_point(filter: &Filter, list: &str) -> Result<(Option<Cursor>, bool)> {
    Ok(match &filter.page {
        Page::First => (None, false),
        Page::Last => (None, true),
        Page::After(text) => (Some(Cursor::decode(text, list, filter.sort)?), false),
        Page::Before(text) => (Some(Cursor::decode(text, list, filter.sort)?), true),
    })
}

async fn page(
    tx: &mut Tx,
    org: &OrgId,
    filter: &Filter,
    total: Option<i64>,
    now: Micros,
) -> Result<Listed> {
    let list = list_name(org, filter);
    let limit = filter.limit.clamp(1, 100);
    let (cursor, backward) = starting_point(filter, &list)?;
    let statement =
        Statement::build(tx, org, filter, cursor.as_ref(), backward, limit + 1, now).await?;
    let mut rows = queries::select(tx, &statement.sql, &statement.binds).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    if backward {
        rows.reverse();
    }
    let from = match (&cursor, backward) {
        (None, false) => 1,
        (None, true) => total.map_or(0, |total| (total - rows.len() as i64 + 1).max(1)),
        (Some(c), _) if c.at == 0 => 0,
        (Some(c), false) => c.at + 1,
        (Some(c), true) => (c.at - rows.len() as i64).max(1),
    };
    let place = |row: usize| if from == 0 { 0 } else { from + row as i64 };
    let mark = |row: &EntryRow, at: i64| {
        Cursor {
            list: list.clone(),
            key: filter.sort.value(row),
            id: row.id.clone(),
            at,
        }
        .encode()
    };
    let has_previous = if backward { more } else { cursor.is_some() };
    let has_next = if backward { cursor.is_some() } else { more };
    let previous = rows
        .first()
        .filter(|_| has_previous)
        .map(|row| mark(row, place(0)));
    let next = rows
        .last()
        .filter(|_| has_next)
        .map(|row| mark(row, place(rows.len() - 1)));
    let entries = rows
        .into_iter()
        .map(|row| Entry::from_row(row, now))
        .collect();
    Ok(Listed {
        entries,
        previous,
        next,
        from,
        total,
    })
}
