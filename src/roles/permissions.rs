//! What a custom role allows: its lines, what a change of them takes and gives, and the change.

use super::details::event;
use super::removal::require_no_own_raise;
use super::{CustomRole, find_in, queries};
use crate::access::{self, ACTIONS, Action, Actions, Kind, Level, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, OrgId, ResourceId, WorkspaceId};
use crate::impact::{self, Impact, Scope as Touched};
use crate::resources::Kinds;
use std::collections::HashSet;

/// Lines that a role may have.
const MOST_LINES: usize = 200;

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every resource of a kind, in every workspace where the role is assigned.
    Kind(String),
    /// One resource with everything below it.
    Resource(ResourceId),
}

/// A line as somebody wants it.
#[derive(Clone, Debug)]
pub struct NewLine {
    pub scope: Scope,
    pub actions: Actions,
}

/// A line of a role.
#[derive(Clone, Debug)]
pub struct Line {
    pub scope: Scope,
    pub kind: String,
    /// Where the resource is, of a line about one.
    pub at: Option<At>,
    pub actions: Actions,
}

/// A resource that a line is about.
#[derive(Clone, Debug)]
pub struct At {
    pub name: String,
    pub workspace: WorkspaceId,
    pub workspace_name: String,
    pub archived: bool,
}

/// What an edit of a role's lines takes and gives, and for whom.
#[derive(Clone, Debug)]
pub struct Edit {
    pub role: CustomRole,
    pub gained: Vec<Change>,
    pub lost: Vec<Change>,
    /// People with the role, and the workspaces that they have it in.
    pub people: i64,
    pub workspaces: i64,
    pub after: Vec<Line>,
    pub impact: Impact,
}

/// Actions on what one line is about.
#[derive(Clone, Debug)]
pub struct Change {
    pub line: Line,
    pub actions: Actions,
}

impl Edit {
    pub fn is_nothing(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// The kinds that a role's lines may be about: those whose resources stand in workspaces. The organization's own things
/// are open by the organization role, private ones to their owner alone.
pub async fn kinds(app: &App, actor: &Actor) -> Result<Vec<Kind>> {
    let mut tx = app.db.read().await?;
    workspace_kinds(&mut tx, &actor.org.id).await
}

async fn workspace_kinds(tx: &mut Tx, org: &OrgId) -> Result<Vec<Kind>> {
    let all = Kinds::of(tx, Some(org)).await?;
    let mut kinds: Vec<Kind> = all
        .iter()
        .filter(|kind| kind.level == Level::Workspace)
        .cloned()
        .collect();
    kinds.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(kinds)
}

/// What [`set_permissions`] would take and give: the same, and then nothing of it.
pub async fn permissions_impact(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    lines: &[NewLine],
) -> Result<Edit> {
    let (_, edit) = edit(app, actor, id, lines).await?;
    Ok(edit)
}

/// Says anew what a role allows; it applies from the holders' next request on, in every workspace. Whoever may do
/// something with a thing may see it, so *view* is added where anything else stands. A line with nothing is left out.
/// The same again changes nothing.
///
/// Refuses who isn't an owner or admin of the organization; an admin who has the role and would give themselves more
/// (product.md, 2, rule 5); unknown kinds and resources, and those that no workspace role reaches; a thing named twice.
pub async fn set_permissions(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    lines: &[NewLine],
) -> Result<Edit> {
    let (tx, edit) = edit(app, actor, id, lines).await?;
    tx.commit().await?;
    Ok(edit)
}

async fn edit(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    lines: &[NewLine],
) -> Result<(Tx, Edit)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageIntegrations)?;
    let org = &actor.org.id;
    let role = find_in(&mut tx, org, id).await?;
    let before = queries::lines(&mut tx, org, id).await?;
    let after = read(&mut tx, org, lines, &before).await?;
    let used = queries::used(&mut tx, org, id).await?;
    let (gained, lost) = (beyond(&after, &before), beyond(&before, &after));
    let mut edit = Edit {
        role,
        gained,
        lost,
        people: used.people,
        workspaces: used.workspaces,
        after,
        impact: Impact::default(),
    };
    if edit.is_nothing() {
        return Ok((tx, edit));
    }
    let places = queries::places(&mut tx, org, id).await?;
    let scope = Touched::Workspaces(places.into_iter().map(|place| place.0).collect());
    let seen = impact::look(&mut tx, &scope).await?;
    queries::delete_lines(&mut tx, org, id).await?;
    for line in &edit.after {
        queries::insert_line(&mut tx, org, id, line, now).await?;
    }
    edit.impact = seen.compare(&impact::look(&mut tx, &scope).await?);
    require_no_own_raise(&actor, &edit.impact, &edit.role)?;
    let words = |changes: &[Change]| changes.iter().map(Change::in_words).collect::<Vec<_>>();
    let event = event("custom_role.permissions_changed", &edit.role)
        .with("gained", words(&edit.gained))
        .with("lost", words(&edit.lost))
        .with("impact", edit.impact.counts());
    audit::record(&mut tx, &actor, now, event).await?;
    Ok((tx, edit))
}

/// The lines as they will stand: looked up, with *view* added, empty ones left out.
async fn read(tx: &mut Tx, org: &OrgId, lines: &[NewLine], before: &[Line]) -> Result<Vec<Line>> {
    let wrong = |words: String| Refusal::field("permissions", words);
    if lines.len() > MOST_LINES {
        return Err(wrong(format!(
            "A role has at most {MOST_LINES} lines. Name what stands above them instead."
        )));
    }
    let kinds = workspace_kinds(tx, org).await?;
    let mut seen = HashSet::new();
    let mut read = Vec::new();
    for line in lines.iter().filter(|line| !line.actions.is_empty()) {
        if !seen.insert(&line.scope) {
            return Err(wrong(
                "One thing stands there twice. Say once what may be done with it.".into(),
            ));
        }
        let actions = line.actions.with(Action::View, true);
        read.push(match &line.scope {
            Scope::Kind(name) => {
                let kind = kinds
                    .iter()
                    .find(|kind| kind.name == *name)
                    .ok_or_else(|| not_a_kind(name))?;
                Line {
                    scope: line.scope.clone(),
                    kind: kind.name.to_string(),
                    at: None,
                    actions,
                }
            }
            Scope::Resource(id) => {
                // What was archived since keeps its line, until somebody takes it out.
                let kept = before.iter().find(|old| old.scope == line.scope).cloned();
                let found = match kept {
                    Some(kept) => Some(kept),
                    None => queries::resource(tx, org, id).await?,
                };
                let found = found.ok_or_else(|| {
                    wrong(format!(
                        "There is no resource {id} in a workspace of this organization."
                    ))
                })?;
                Line { actions, ..found }
            }
        });
    }
    Ok(read)
}

fn not_a_kind(name: &str) -> Refusal {
    let words = match access::known_kind(name).map(|kind| kind.level) {
        Some(Level::Organization) => {
            format!("“{name}” stands in the organization, where the organization role decides.")
        }
        Some(Level::Private) => format!("“{name}” is its owner's alone, whatever anybody's role."),
        _ => format!("There is no kind “{name}”."),
    };
    Refusal::field("permissions", words)
}

/// What the first lines allow beyond the second.
fn beyond(these: &[Line], those: &[Line]) -> Vec<Change> {
    let more = |line: &Line| {
        let other = those
            .iter()
            .find(|other| other.scope == line.scope)
            .map_or(Actions::none(), |other| other.actions);
        let actions = ACTIONS
            .into_iter()
            .filter(|a| line.actions.allow(*a) && !other.allow(*a));
        let actions = actions.fold(Actions::none(), |all, action| all.with(action, true));
        (!actions.is_empty()).then(|| Change {
            line: line.clone(),
            actions,
        })
    };
    these.iter().filter_map(more).collect()
}

/// `view, run`
fn names(actions: Actions) -> String {
    ACTIONS
        .into_iter()
        .filter(|action| actions.allow(*action))
        .map(Action::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn in_words(line: &Line, actions: Actions) -> String {
    let kind = line.kind.replace('_', " ");
    let what = match &line.at {
        Some(at) => format!("{kind} {} in {}", at.name, at.workspace_name),
        None => format!("every {kind}"),
    };
    format!("{what}: {}", names(actions))
}

impl Line {
    /// `every table: view, edit`
    pub fn in_words(&self) -> String {
        in_words(self, self.actions)
    }
}

impl Change {
    /// The line with the changed actions alone.
    pub fn into_line(self) -> Line {
        Line {
            actions: self.actions,
            ..self.line
        }
    }

    /// `table Orders: view, edit`
    pub fn in_words(&self) -> String {
        in_words(&self.line, self.actions)
    }
}

/// The first resources by name that a line may be about, for who edits a role.
pub async fn resources_to_add(app: &App, actor: &Actor, text: &str) -> Result<Vec<Line>> {
    access::require(actor.role, Permission::ManageIntegrations)?;
    let pattern = super::list::pattern(text)?;
    let mut tx = app.db.read().await?;
    queries::resources_like(&mut tx, &actor.org.id, &pattern, 20).await
}

/// What an editor shows for scopes that were chosen and not yet saved: the line of each that can be one.
pub async fn lines_to_add(app: &App, actor: &Actor, ids: &[ResourceId]) -> Result<Vec<Line>> {
    access::require(actor.role, Permission::ManageIntegrations)?;
    let mut tx = app.db.read().await?;
    let mut found = Vec::new();
    for id in ids.iter().take(MOST_LINES) {
        found.extend(queries::resource(&mut tx, &actor.org.id, id).await?);
    }
    Ok(found)
}
