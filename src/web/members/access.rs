//! A member's access, workspace by workspace, with those they have none in: what an admin looks at when somebody says that
//! a workspace is missing (E6).

use crate::access::{self, Permission, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::members::Entry;
use crate::web::matrix::here;
use crate::web::workspaces::{Cell, Giver};
use crate::workspaces::{self, Found, Listed, Pages};
use serde::Deserialize;

/// Workspaces on a page.
const ROWS: i64 = 24;
/// From so many workspaces on, there is a field to search them.
const MANY: i64 = 8;

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    /// Part of a workspace's name.
    w: String,
    wafter: String,
}

pub(super) struct Line {
    pub id: String,
    pub name: String,
    pub label: String,
    /// The one who looks can open it.
    pub opens: bool,
    /// Where they are limited to named resources; "" where that says nothing: without a role, and for who administers it.
    pub grants: String,
    pub cell: Cell,
}

pub(super) struct Section {
    pub lines: Vec<Line>,
    pub q: String,
    pub searchable: bool,
    pub is_first: bool,
    pub next: Option<String>,
}

/// The section for who manages members; `None` for everybody else, and for somebody invited, who holds nothing yet.
pub(super) async fn section(
    app: &App,
    actor: &Actor,
    entry: &Entry,
    base: &str,
    asked: &Asked,
) -> Result<Option<Section>> {
    let Some(user) = entry
        .user
        .as_ref()
        .filter(|_| access::allows(actor.role, Permission::ManageMembers))
    else {
        return Ok(None);
    };
    let page = if asked.wafter.is_empty() {
        Pages::First
    } else {
        Pages::After(&asked.wafter)
    };
    let Found { listed, next, .. } =
        workspaces::search_in(app, actor, &asked.w, page, ROWS).await?;
    let ids: Vec<&WorkspaceId> = listed.iter().map(|one| &one.workspace.id).collect();
    let standings = workspaces::standings(app, actor, &[user], &ids).await?;
    let query = |after: &str| {
        let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        for (key, value) in [("w", asked.w.as_str()), ("wafter", after)] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        query.finish()
    };
    let giver = Giver::of_organization(
        app,
        actor,
        format!("{base}/{}{}", entry.id, query(&asked.wafter)),
    )
    .await?;
    let line = |one: &Listed| {
        let workspace = &one.workspace;
        let here = here(entry, &workspace.id, &standings)?;
        let limited = here
            .standing
            .highest()
            .is_some_and(|role| role < WorkspaceRole::Admin);
        Some(Line {
            grants: if limited {
                format!("/workspaces/{}/members/{user}/grants", workspace.id)
            } else {
                String::new()
            },
            id: workspace.id.to_string(),
            name: workspace.name.clone(),
            label: workspace.label.clone(),
            opens: one.role.is_some(),
            cell: giver.cell(&workspace.id, &workspace.name, one.role, &here),
        })
    };
    Ok(Some(Section {
        lines: listed.iter().filter_map(line).collect(),
        searchable: actor.org.workspaces > MANY,
        is_first: asked.wafter.is_empty(),
        next: next.map(|after| query(&after)),
        q: asked.w.clone(),
    }))
}
