//! Finding resources: single ones with what lies around them, and lists by name, all through [`super::sees`].

use super::chain::Chain;
use super::counted::Counted;
use super::place::Place;
use super::{Kinds, Resource, queries};
use crate::access::{self, ACTIONS, Action, Kind, Level, Permission};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::checks::{self, About, Question};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::workspaces;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

pub use super::queries::{Row, WorkspaceCount};

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a name, or a whole external id; letter case doesn't matter.
    pub search: String,
    pub kind: String,
    /// What they lie in, directly.
    pub parent: Option<ResourceId>,
    /// Those that are archived, instead of those that aren't.
    pub archived: bool,
    /// The cursor that an earlier page gave; "": from the first.
    pub after: String,
    /// Rows on a page, 1 to 100.
    pub limit: i64,
}

/// One page, by name.
#[derive(Clone, Debug)]
pub struct Listed {
    pub rows: Vec<Row>,
    pub next: Option<String>,
}

/// One resource with what somebody may know around it.
#[derive(Clone, Debug)]
pub struct Details {
    pub resource: Resource,
    pub kind: Kind,
    /// What it lies in and they may see, from the outermost in.
    pub around: Vec<Ancestor>,
    /// What they may do with it.
    pub actions: Vec<Action>,
    /// The plan lacks what the kind needs: it is shown, and not used (S2-44).
    pub lacking: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Ancestor {
    pub id: ResourceId,
    pub kind: String,
    pub external_id: String,
    pub name: String,
}

/// One page of what the person sees at this place, by name: of a workspace, or of the organization apart from its
/// workspaces; in both cases with what is private to them.
pub async fn list(app: &App, place: &Place, filter: &Filter) -> Result<Listed> {
    let mut tx = app.db.read().await?;
    let statement = statement(&mut tx, place, filter).await?;
    page(&mut tx, &scope(place), &statement).await
}

/// One page of what a person may open in a workspace, by name: the answer to "what may X open in W". About others it is
/// for who may ask [`checks::check`] about them, and tells nothing that is private to somebody. "Not found" for a person
/// or workspace outside of that; nothing for who can't open the workspace.
pub async fn list_of(
    app: &App,
    person: &Arc<Person>,
    subject: &UserId,
    workspace: &WorkspaceId,
    filter: &Filter,
) -> Result<Listed> {
    let question = Question {
        action: Action::View,
        about: About::Workspace(workspace.clone()),
    };
    let answers = checks::check(app, person, subject, std::slice::from_ref(&question)).await?;
    let answer = answers
        .first()
        .filter(|answer| !answer.steps.is_empty())
        .ok_or(Refusal::NotFound)?;
    if !answer.allowed {
        return Ok(Listed {
            rows: Vec::new(),
            next: None,
        });
    }
    let org = match workspaces::organization_of(app, person, workspace).await {
        Ok(actor) => Some(actor.org.id.clone()),
        Err(Refusal::NotFound) => None,
        Err(refusal) => return Err(refusal),
    };
    let mut tx = app.db.read().await?;
    let kinds = Kinds::of(&mut tx, org.as_ref()).await?;
    let scope = workspace.to_string();
    // Who may open it without a row there comes in by the organization role.
    let statement = asked(&kinds, &scope, vec![scope.clone()], subject, true, filter)?;
    page(&mut tx, &scope, &statement).await
}

async fn page(tx: &mut Tx, scope: &str, asked: &queries::Asked) -> Result<Listed> {
    let limit = asked.filter.limit;
    let mut rows = queries::list(tx, asked).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| encode_cursor(scope, last));
    Ok(Listed { rows, next })
}

/// How many [`list`] gives over all its pages, of which one is at hand: counted among the first rows, so that it costs no
/// more in a large place.
pub async fn total(app: &App, place: &Place, filter: &Filter, page: &Listed) -> Result<Counted> {
    if filter.after.is_empty() && page.next.is_none() {
        return Ok(Counted::exactly(page.rows.len() as i64));
    }
    let mut tx = app.db.read().await?;
    let statement = statement(&mut tx, place, filter).await?;
    queries::count(&mut tx, &statement).await
}

/// The database's plan for [`list`], line by line, for the test that looks at it.
pub async fn explain(app: &App, place: &Place, filter: &Filter) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    let statement = statement(&mut tx, place, filter).await?;
    queries::explain(&mut tx, &statement).await
}

/// The same for [`total`], and for [`counts`] of an organization.
pub async fn explain_count(app: &App, place: &Place, filter: &Filter) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    let statement = statement(&mut tx, place, filter).await?;
    let mut plan = queries::explain_count(&mut tx, &statement).await?;
    if let Some(org) = place.org_id() {
        plan.extend(queries::explain_counts(&mut tx, org, place.user()).await?);
    }
    Ok(plan)
}

async fn statement(tx: &mut Tx, place: &Place, filter: &Filter) -> Result<queries::Asked> {
    let (scope, kinds) = (scope(place), place.kinds(tx).await?);
    let own = format!("{scope}/{}", place.user());
    let places = match kinds.find(&filter.kind).map(|kind| kind.level) {
        Some(Level::Private) => vec![own],
        Some(_) => vec![scope.clone()],
        None => vec![scope.clone(), own],
    };
    asked(&kinds, &scope, places, place.user(), place.enters(), filter)
}

/// Refuses a search that is too long, a kind that there isn't, and another list's cursor.
fn asked(
    kinds: &Kinds,
    scope: &str,
    places: Vec<String>,
    user: &UserId,
    enters: bool,
    filter: &Filter,
) -> Result<queries::Asked> {
    if filter.search.contains('\0') || filter.search.chars().count() > 200 {
        return Err(Refusal::field(
            "search",
            "Search for less: no name is that long.",
        ));
    }
    if !filter.kind.is_empty() && kinds.find(&filter.kind).is_none() {
        return Err(Refusal::field("kind", "There is no such kind."));
    }
    let after = if filter.after.is_empty() {
        Default::default()
    } else {
        decode_cursor(scope, &filter.after)?
    };
    let filter = Filter {
        limit: filter.limit.clamp(1, 100),
        ..filter.clone()
    };
    Ok(queries::Asked {
        places,
        user: user.clone(),
        enters,
        filter,
        after,
    })
}

/// What external ids are unique in at this place.
fn scope(place: &Place) -> String {
    place
        .workspace_id()
        .map(ToString::to_string)
        .or(place.org_id().map(ToString::to_string))
        .unwrap_or_default()
}

fn encode_cursor(scope: &str, row: &Row) -> String {
    URL_SAFE_NO_PAD.encode(
        serde_json::to_string(&(scope, &row.sort_name, row.resource.id.as_str()))
            .unwrap_or_default(),
    )
}

fn decode_cursor(scope: &str, text: &str) -> Result<(String, String)> {
    let wrong = || {
        Refusal::field(
            "cursor",
            "This page belongs to another list. Start from the first page.",
        )
    };
    let raw = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let (of, name, id): (String, String, String) =
        serde_json::from_slice(&raw).map_err(|_| wrong())?;
    if of != scope || name.contains('\0') || id.contains('\0') {
        Err(wrong())
    } else {
        Ok((name, id))
    }
}

/// The kinds of which the person sees something at this place, by name.
pub async fn kinds_there(app: &App, place: &Place) -> Result<Vec<Kind>> {
    let mut tx = app.db.read().await?;
    let asked = statement(
        &mut tx,
        place,
        &Filter {
            limit: 1,
            ..Filter::default()
        },
    )
    .await?;
    let kinds = place.kinds(&mut tx).await?;
    let scope = scope(place);
    let mut looks = Vec::new();
    for kind in kinds.iter() {
        match kind.level {
            Level::Private => looks.push((kind.name.as_ref(), format!("{scope}/{}", place.user()))),
            level if (level == Level::Workspace) == place.workspace.is_some() => {
                looks.push((kind.name.as_ref(), scope.clone()))
            }
            _ => {}
        }
    }
    let there = queries::kinds_there(&mut tx, &asked, &looks).await?;
    Ok(kinds
        .iter()
        .filter(|kind| there.iter().any(|name| kind.name == *name))
        .cloned()
        .collect())
}

/// The resource with this id, as far as the place and the person's sight reach: else "not found" (E13).
pub(super) async fn seen(
    app: &App,
    tx: &mut Tx,
    place: &Place,
    id: &ResourceId,
) -> Result<Resource> {
    let resource = queries::by_id(tx, place.org_id(), id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if place.workspace.is_some() && resource.workspace.as_ref() != place.workspace_id() {
        return Err(Refusal::NotFound);
    }
    let kind = place
        .kinds(tx)
        .await?
        .of_resource(&resource.kind)
        .into_owned();
    let chain = Chain::of(tx, &resource).await?;
    let sight = place.sight(app, tx, resource.workspace.as_ref()).await?;
    if sight.sees(&kind, &resource, &chain) {
        Ok(resource)
    } else {
        Err(Refusal::NotFound)
    }
}

/// One resource with what it lies in and what the person may do with it. "Not found" for what they may not see.
pub async fn details(app: &App, place: &Place, id: &ResourceId) -> Result<Details> {
    let mut tx = app.db.read().await?;
    let resource = seen(app, &mut tx, place, id).await?;
    let kinds = place.kinds(&mut tx).await?;
    let kind = kinds.of_resource(&resource.kind).into_owned();
    let chain = Chain::of(&mut tx, &resource).await?;
    let sight = place
        .sight(app, &mut tx, resource.workspace.as_ref())
        .await?;
    let may = |action: &Action| {
        sight
            .decide(*action, &kind, resource.owner.as_ref(), &chain)
            .allowed
    };
    let mut around = Vec::new();
    for (n, one) in chain.around().iter().enumerate() {
        if sight.sees(&kinds.of_resource(&one.kind), one, &chain.from(n + 1)) {
            let Resource {
                id,
                kind,
                external_id,
                name,
                ..
            } = one.clone();
            around.insert(
                0,
                Ancestor {
                    id,
                    kind,
                    external_id,
                    name,
                },
            );
        }
    }
    let actions: Vec<Action> = ACTIONS.into_iter().filter(may).collect();
    let lacking = (!actions.contains(&Action::View)).then(|| sight.lacking(&kind));
    Ok(Details {
        lacking,
        actions,
        around,
        kind,
        resource,
    })
}

/// The workspaces of the organization that the person opens, by name, the first `limit`, each with how many resources
/// they see in it. What is private to somebody counts nowhere.
pub async fn counts(app: &App, actor: &Actor, limit: i64) -> Result<Vec<WorkspaceCount>> {
    access::require(actor.role, Permission::ViewDirectory)?;
    let mut tx = app.db.read().await?;
    queries::counts(&mut tx, &actor.org.id, actor.user(), actor.enters(), limit).await
}

/// The place that a resource of the organization stands at, by its id alone: for links that name no workspace.
pub async fn place_of(app: &App, actor: &Actor, id: &ResourceId) -> Result<Option<WorkspaceId>> {
    let mut tx = app.db.read().await?;
    let place = Place::of_organization(actor);
    Ok(seen(app, &mut tx, &place, id).await?.workspace)
}
