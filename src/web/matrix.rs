//! `/orgs/{org}/access`: members by workspaces, each role set in place. Shows one page of each and loads nothing else.

use super::error::PageError;
use super::input::Query;
use super::page::{self, Shell, hue};
use super::session::Member;
use super::workspaces::{Cell, Giver};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::ids::{UserId, WorkspaceId};
use crate::members::{self, Entry, Filter, Page, StatusFilter};
use crate::workspaces::{self, Listed, Pages, PersonHere, Standing};
use crate::{text, workspaces as spaces};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::collections::HashMap;

/// Members on a page.
const ROWS: i64 = spaces::PEOPLE_AT_ONCE as i64;
/// Workspaces beside each other.
const COLUMNS: i64 = 6;

/// What the address says: search and place, for members and for workspaces.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    q: String,
    after: String,
    before: String,
    w: String,
    wafter: String,
    wbefore: String,
}

impl Asked {
    /// The address of this page with some parts replaced.
    fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        let members = [
            ("q", &self.q),
            ("after", &self.after),
            ("before", &self.before),
        ];
        let parts = members.into_iter().chain([
            ("w", &self.w),
            ("wafter", &self.wafter),
            ("wbefore", &self.wbefore),
        ]);
        for (key, value) in parts {
            let value = changes
                .iter()
                .find(|(k, _)| *k == key)
                .map_or(value.as_str(), |(_, v)| v);
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        query.finish()
    }
}

struct Column {
    id: String,
    name: String,
    label: String,
}

struct Row {
    name: String,
    initials: String,
    hue: u16,
    href: String,
    role: &'static str,
    cells: Vec<Cell>,
}

#[derive(Template)]
#[template(path = "matrix/index.html")]
struct Matrix {
    shell: Shell,
    base: String,
    org: String,
    slug: String,
    asked: Asked,
    columns: Vec<Column>,
    rows: Vec<Row>,
    range: String,
    previous: Option<String>,
    next: Option<String>,
    previous_columns: Option<String>,
    next_columns: Option<String>,
    /// The organization has no workspace at all.
    empty: bool,
}

/// `GET /orgs/{org}/access`
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    access::require(actor.role, Permission::ManageMembers)?;
    let columns = match (asked.wafter.as_str(), asked.wbefore.as_str()) {
        ("", "") => Pages::First,
        ("", before) => Pages::Before(before),
        (after, _) => Pages::After(after),
    };
    let columns = workspaces::search_in(&app, &actor, &asked.w, columns, COLUMNS).await?;
    let listed = columns.listed;
    let filter = Filter {
        search: asked.q.clone(),
        status: StatusFilter::Active,
        page: match (asked.after.as_str(), asked.before.as_str()) {
            ("", "") => Page::First,
            ("", before) => Page::Before(before.to_owned()),
            (after, _) => Page::After(after.to_owned()),
        },
        limit: ROWS,
        ..Filter::default()
    };
    let found = members::list(&app, &actor, &filter).await?;
    let users: Vec<&UserId> = found
        .entries
        .iter()
        .filter_map(|entry| entry.user.as_ref())
        .collect();
    let ids: Vec<&WorkspaceId> = listed.iter().map(|one| &one.workspace.id).collect();
    let standings = workspaces::standings(&app, &actor, &users, &ids).await?;
    let base = format!("/orgs/{}/access", actor.org.slug);
    let giver = Giver::of_organization(&app, &actor, format!("{base}{}", asked.with(&[]))).await?;
    let rows: Vec<Row> = found
        .entries
        .iter()
        .filter_map(|entry| row(&actor, &giver, entry, &listed, &standings))
        .collect();
    let to = found.from + rows.len() as i64 - 1;
    Ok(page::ok(&Matrix {
        shell: Shell::org(&visitor, &actor, "Access", "Access"),
        org: actor.org.name.clone(),
        slug: actor.org.slug.clone(),
        range: if rows.is_empty() {
            "Nobody".into()
        } else {
            format!(
                "Members {} to {}",
                text::thousands(found.from.max(1)),
                text::thousands(to.max(1))
            )
        },
        previous: found
            .previous
            .map(|cursor| asked.with(&[("before", &cursor), ("after", "")])),
        next: found
            .next
            .map(|cursor| asked.with(&[("after", &cursor), ("before", "")])),
        previous_columns: columns
            .previous
            .map(|cursor| asked.with(&[("wbefore", &cursor), ("wafter", "")])),
        next_columns: columns
            .next
            .map(|cursor| asked.with(&[("wafter", &cursor), ("wbefore", "")])),
        columns: listed.iter().map(column).collect(),
        empty: actor.org.workspaces == 0,
        rows,
        base,
        asked,
    }))
}

fn column(one: &Listed) -> Column {
    let workspace = &one.workspace;
    Column {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        label: workspace.label.clone(),
    }
}

fn row(
    actor: &Actor,
    giver: &Giver,
    entry: &Entry,
    listed: &[Listed],
    standings: &HashMap<(UserId, WorkspaceId), Standing>,
) -> Option<Row> {
    let cell = |one: &Listed| {
        Some(giver.cell(
            &one.workspace.id,
            &one.workspace.name,
            one.role,
            &here(entry, &one.workspace.id, standings)?,
        ))
    };
    Some(Row {
        name: entry.name.clone(),
        initials: text::initials(&entry.name),
        hue: hue(&entry.name),
        href: format!("/orgs/{}/members/{}", actor.org.slug, entry.id),
        role: actor.org.policies.label(entry.role),
        cells: listed.iter().map(cell).collect::<Option<Vec<_>>>()?,
    })
}

/// A member seen from one of the workspaces; `None` for somebody invited, who holds nothing yet.
pub(super) fn here(
    entry: &Entry,
    workspace: &WorkspaceId,
    standings: &HashMap<(UserId, WorkspaceId), Standing>,
) -> Option<PersonHere> {
    let user = entry.user.clone()?;
    Some(PersonHere {
        standing: standings
            .get(&(user.clone(), workspace.clone()))
            .cloned()
            .unwrap_or_default(),
        user,
        name: entry.name.clone(),
        email: entry.email.clone(),
        member: Some(entry.id.clone()),
        organization_role: Some(entry.role),
        suspended: entry.status == members::Status::Suspended,
    })
}
