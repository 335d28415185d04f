//! `/orgs/{org}/resources` and `/workspaces/{ws}/resources`: lists, and single resources.

use super::error::PageError;
use super::input::Query;
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, SignedIn, Visitor, see_other};
use crate::access::{Action, Kind};
use crate::accounts;
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::grants::{self, Holder};
use crate::ids::{ResourceId, WorkspaceId};
use crate::resources::{self, Ancestor, Filter, Place, Row as Listed, WorkspaceCount};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

type PageResult = Result<Response, PageError>;

/// Rows on a page.
const ROWS: i64 = 50;
/// Workspaces that the organization's page counts.
const WORKSPACES: i64 = 50;

/// What the address of a list says.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    q: String,
    kind: String,
    /// "yes": what is archived.
    archived: String,
    after: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            kind: self.kind.clone(),
            parent: None,
            archived: self.archived == "yes",
            after: self.after.clone(),
            limit: ROWS,
        }
    }

    fn with(&self, base: &str, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(format!("{base}?"));
        let kept = [
            ("q", self.q.as_str()),
            ("kind", &self.kind),
            ("archived", &self.archived),
            ("after", after),
        ];
        query.extend_pairs(kept.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

/// A row as it is shown.
struct Row {
    href: String,
    name: String,
    /// What it lies in; "" for nothing that the person sees.
    parent: String,
    kind: String,
    external_id: String,
    private: bool,
    changed: When,
}

impl Row {
    fn new(base: &str, kinds: &[Kind], row: Listed, now: i64) -> Self {
        let resource = row.resource;
        let label = kinds
            .iter()
            .find(|kind| kind.name == resource.kind)
            .map(|kind| kind.label.to_string());
        Self {
            href: format!("{base}/{}", resource.id),
            name: resource.name,
            parent: row.parent_name.unwrap_or_default(),
            kind: label.unwrap_or(resource.kind),
            external_id: resource.external_id,
            private: resource.owner.is_some(),
            changed: When::relative(resource.updated_at.min(now), now),
        }
    }
}

#[derive(Template)]
#[template(path = "resources/index.html")]
struct Index {
    shell: Shell,
    base: String,
    /// The organization's or the workspace's.
    of: String,
    of_organization: bool,
    asked: Asked,
    rows: Vec<Row>,
    kind_options: Vec<(String, String)>,
    /// "" where fewer were counted than are shown: the rest comes after the first thousand by name.
    total: String,
    next: Option<String>,
    first: Option<String>,
    filtered: bool,
    /// The workspaces of the organization with what the person sees in each.
    counts: Vec<WorkspaceCount>,
}

async fn draw_index(
    app: &App,
    visitor: &Visitor,
    shell: Shell,
    place: &Place,
    base: String,
    asked: Asked,
) -> PageResult {
    let listed = resources::list(app, place, &asked.filter()).await?;
    let total = resources::total(app, place, &asked.filter(), &listed).await?;
    let rows = listed.rows.len() as i64;
    let kinds = resources::kinds_there(app, place).await?;
    let counts = match (&place.actor, place.workspace.is_none()) {
        (Some(actor), true) => resources::counts(app, actor, WORKSPACES).await?,
        _ => Vec::new(),
    };
    let of = match (&place.workspace, &place.actor) {
        (Some(open), _) => open.workspace.name.clone(),
        (None, Some(actor)) => actor.org.name.clone(),
        (None, None) => String::new(),
    };
    Ok(page::ok(&Index {
        shell,
        of,
        of_organization: place.workspace.is_none(),
        rows: listed
            .rows
            .into_iter()
            .map(|row| Row::new(&base, &kinds, row, visitor.now))
            .collect(),
        kind_options: kinds
            .iter()
            .map(|kind| (kind.name.to_string(), kind.plural.to_string()))
            .collect(),
        total: if total.n < rows {
            String::new()
        } else {
            total.words("resource", "resources")
        },
        next: listed.next.map(|after| asked.with(&base, &after)),
        first: (!asked.after.is_empty()).then(|| asked.with(&base, "")),
        filtered: [&asked.q, &asked.kind, &asked.archived]
            .iter()
            .any(|part| !part.is_empty()),
        counts,
        asked,
        base,
    }))
}

/// `GET /orgs/{org}/resources`
pub async fn of_organization(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let place = Place::of_organization(&actor);
    let shell = Shell::org(&visitor, &actor, "Resources", "Resources");
    draw_index(
        &app,
        &visitor,
        shell,
        &place,
        format!("/orgs/{}/resources", actor.org.slug),
        asked,
    )
    .await
}

/// `GET /workspaces/{ws}/resources`
pub async fn of_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(ws): Path<WorkspaceId>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let (place, shell) = at_workspace(&app, &person, &visitor, &ws, "Resources").await?;
    draw_index(
        &app,
        &visitor,
        shell,
        &place,
        format!("/workspaces/{ws}/resources"),
        asked,
    )
    .await
}

/// A workspace that the person opened, with the frame of a page of it.
pub(super) async fn at_workspace(
    app: &App,
    person: &Arc<Person>,
    visitor: &Visitor,
    ws: &WorkspaceId,
    current: &'static str,
) -> Result<(Place, Shell), Refusal> {
    let place = Place::of_workspace(app, person, ws).await?;
    if let Some(actor) = &place.actor {
        accounts::note_activity(app, person, &actor.org.id);
    }
    let open = place.workspace.as_ref().ok_or(Refusal::NotFound)?;
    let shell = Shell::workspace(visitor, person, open, current);
    Ok((place, shell))
}

#[derive(Template)]
#[template(path = "resources/show.html")]
struct Show {
    shell: Shell,
    base: String,
    /// The organization's or the workspace's name.
    of: String,
    name: String,
    id: String,
    external_id: String,
    kind: Kind,
    private: bool,
    archived: Option<When>,
    changed: When,
    around: Vec<Ancestor>,
    actions: String,
    may_archive: bool,
    /// Why the plan keeps it from being used.
    lacking: Option<String>,
    below: Vec<Row>,
    more_below: Option<String>,
    holders: Vec<Holder>,
    /// The start of the address of somebody's grants.
    members: String,
    fresh: bool,
}

async fn draw(
    app: &App,
    visitor: &Visitor,
    shell: Shell,
    place: &Place,
    base: String,
    id: &ResourceId,
    after: String,
) -> PageResult {
    let details = resources::details(app, place, id).await?;
    if place.workspace.is_none()
        && let Some(workspace) = &details.resource.workspace
    {
        return Ok(see_other(
            format!("/workspaces/{workspace}/resources/{id}"),
            None,
        ));
    }
    let filter = Filter {
        parent: Some(id.clone()),
        after: after.clone(),
        limit: ROWS,
        ..Filter::default()
    };
    let below = resources::list(app, place, &filter).await?;
    let kinds: Vec<Kind> = resources::kinds_there(app, place).await?;
    let holders = grants::holders(app, &place.person, &details.resource).await?;
    let now = visitor.now;
    let resource = details.resource;
    let labels: Vec<String> = details
        .actions
        .iter()
        .map(|action| action.label().to_lowercase())
        .collect();
    Ok(page::ok(&Show {
        shell: Shell {
            title: format!("{} · {}", resource.name, shell.title),
            ..shell
        },
        of: place
            .workspace
            .as_ref()
            .map(|open| open.workspace.name.clone())
            .or(place.actor.as_ref().map(|a| a.org.name.clone()))
            .unwrap_or_default(),
        name: resource.name,
        external_id: resource.external_id,
        private: resource.owner.is_some(),
        archived: resource
            .archived_at
            .map(|at| When::relative(at.min(now), now)),
        changed: When::relative(resource.updated_at.min(now), now),
        around: details.around,
        actions: text::some_of(&labels, labels.len()),
        may_archive: details.actions.contains(&Action::Delete),
        lacking: details.lacking,
        below: below
            .rows
            .into_iter()
            .map(|row| Row::new(&base, &kinds, row, now))
            .collect(),
        more_below: below.next.map(|after| format!("{base}/{id}?after={after}")),
        holders,
        members: place
            .workspace_id()
            .map(|ws| format!("/workspaces/{ws}/members"))
            .unwrap_or_default(),
        fresh: after.is_empty(),
        id: resource.id.to_string(),
        kind: details.kind,
        base,
    }))
}

/// `GET /orgs/{org}/resources/{resource}`
pub async fn show_of_organization(
    State(app): State<App>,
    Path((_, id)): Path<(String, ResourceId)>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let shell = Shell::org(&visitor, &actor, "Resources", "Resources");
    let base = format!("/orgs/{}/resources", actor.org.slug);
    draw(
        &app,
        &visitor,
        shell,
        &Place::of_organization(&actor),
        base,
        &id,
        asked.after,
    )
    .await
}

/// `GET /workspaces/{ws}/resources/{resource}`
pub async fn show_of_workspace(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((ws, id)): Path<(WorkspaceId, ResourceId)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let (place, shell) = at_workspace(&app, &person, &visitor, &ws, "Resources").await?;
    draw(
        &app,
        &visitor,
        shell,
        &place,
        format!("/workspaces/{ws}/resources"),
        &id,
        asked.after,
    )
    .await
}

async fn put_away(app: &App, place: &Place, base: &str, id: &ResourceId) -> PageResult {
    let resource = resources::archive(app, place, id).await?;
    let notice = Notice::good(
        format!("{} is archived.", resource.name),
        "It left the lists, with everything in it. Nothing is lost.",
    )
    .with_button("Undo", format!("{base}/{id}/restore"));
    Ok(see_other(format!("{base}/{id}"), Some(notice)))
}

async fn bring_back(app: &App, place: &Place, base: &str, id: &ResourceId) -> PageResult {
    let resource = resources::restore(app, place, id).await?;
    let notice = Notice::good(
        format!("{} is back.", resource.name),
        "With everything that was archived with it.",
    );
    Ok(see_other(format!("{base}/{id}"), Some(notice)))
}

/// `POST /orgs/{org}/resources/{resource}/archive`
pub async fn archive_of_organization(
    State(app): State<App>,
    Path((_, id)): Path<(String, ResourceId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    put_away(
        &app,
        &Place::of_organization(&actor),
        &format!("/orgs/{}/resources", actor.org.slug),
        &id,
    )
    .await
}

/// `POST /orgs/{org}/resources/{resource}/restore`
pub async fn restore_of_organization(
    State(app): State<App>,
    Path((_, id)): Path<(String, ResourceId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    bring_back(
        &app,
        &Place::of_organization(&actor),
        &format!("/orgs/{}/resources", actor.org.slug),
        &id,
    )
    .await
}

/// `POST /workspaces/{ws}/resources/{resource}/archive`
pub async fn archive_of_workspace(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path((ws, id)): Path<(WorkspaceId, ResourceId)>,
) -> PageResult {
    put_away(
        &app,
        &Place::of_workspace(&app, &person, &ws).await?,
        &format!("/workspaces/{ws}/resources"),
        &id,
    )
    .await
}

/// `POST /workspaces/{ws}/resources/{resource}/restore`
pub async fn restore_of_workspace(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path((ws, id)): Path<(WorkspaceId, ResourceId)>,
) -> PageResult {
    bring_back(
        &app,
        &Place::of_workspace(&app, &person, &ws).await?,
        &format!("/workspaces/{ws}/resources"),
        &id,
    )
    .await
}
