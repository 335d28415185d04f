//! What a custom role allows, as a table with a box for each action. Everything that was ticked and not yet saved is
//! kept while a resource is searched for and added; before a change that concerns people, a page says whom.

use super::PageResult;
use super::custom::{path_of, show_with};
use crate::access::{ACTIONS, Actions};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{CustomRoleId, ResourceId};
use crate::roles::{self, Edit, Found, Line, NewLine, Scope};
use crate::text;
use crate::web::input::Form;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, see_other};
use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

/// People that the page before a change names.
const NAMED: usize = 12;

/// One box of the table.
pub struct Cell {
    pub label: &'static str,
    /// What it sends: `table:edit`.
    pub value: String,
    pub checked: bool,
}

/// One row of the table: a kind, or a resource.
pub struct Entry {
    pub name: String,
    /// Where a resource is, and of what kind.
    pub place: String,
    /// Its id, of a resource.
    pub resource: String,
    pub archived: bool,
    pub cells: Vec<Cell>,
}

/// A resource that the search found.
pub struct Match {
    pub id: String,
    pub name: String,
    pub place: String,
}

/// The table, with the search for resources below it.
#[derive(Default)]
pub struct Editor {
    pub kinds: Vec<Entry>,
    pub resources: Vec<Entry>,
    pub find: String,
    pub matches: Vec<Match>,
    pub error: String,
    /// Something stands there that isn't saved.
    pub changed: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct PermissionForm {
    /// Each box that is ticked: a kind or a resource's id, a colon, an action.
    #[serde(default, rename = "may[]")]
    may: Vec<String>,
    /// The resources that have a row.
    #[serde(default, rename = "row[]")]
    rows: Vec<String>,
    #[serde(default)]
    find: String,
    /// A resource to add a row for.
    #[serde(default)]
    add: String,
    /// Which button was pressed: "find", "save" or "confirm".
    #[serde(default, rename = "do")]
    button: String,
}

impl PermissionForm {
    fn lines(&self) -> Result<Vec<NewLine>, Refusal> {
        let mut lines: Vec<NewLine> = Vec::new();
        for ticked in &self.may {
            let read = ticked.rsplit_once(':').and_then(|(what, action)| {
                let action = ACTIONS.into_iter().find(|one| one.as_str() == action)?;
                Some((scope(what), action))
            });
            let (scope, action) =
                read.ok_or_else(|| Refusal::Malformed("A box of the table can't be read.".into()))?;
            match lines.iter_mut().find(|line| line.scope == scope) {
                Some(line) => line.actions = line.actions.with(action, true),
                None => lines.push(NewLine {
                    scope,
                    actions: Actions::none().with(action, true),
                }),
            }
        }
        Ok(lines)
    }
}

fn scope(what: &str) -> Scope {
    let is_id = what
        .strip_prefix(ResourceId::PREFIX)
        .is_some_and(|rest| rest.starts_with('_'));
    if is_id {
        Scope::Resource(what.into())
    } else {
        Scope::Kind(what.to_owned())
    }
}

fn cells(what: &str, actions: Actions) -> Vec<Cell> {
    let cell = |action: crate::access::Action| Cell {
        label: action.label(),
        value: format!("{what}:{}", action.as_str()),
        checked: actions.allow(action),
    };
    ACTIONS.into_iter().map(cell).collect()
}

impl Editor {
    /// The role as it is saved.
    pub async fn saved(app: &App, actor: &Actor, found: &Found) -> Result<Self, Refusal> {
        Self::new(app, actor, &found.lines, None).await
    }

    /// A row for each kind, and for each resource among the lines. `form` is what stands there instead, unsaved.
    async fn new(
        app: &App,
        actor: &Actor,
        lines: &[Line],
        form: Option<&PermissionForm>,
    ) -> Result<Self, Refusal> {
        let draft = form.map(PermissionForm::lines).transpose()?;
        let actions = |scope: &Scope| match &draft {
            Some(draft) => draft
                .iter()
                .find(|line| line.scope == *scope)
                .map(|line| line.actions),
            None => lines
                .iter()
                .find(|line| line.scope == *scope)
                .map(|line| line.actions),
        };
        let kinds = roles::kinds(app, actor).await?;
        let label = |kind: &str| {
            kinds
                .iter()
                .find(|known| known.name == kind)
                .map_or_else(|| kind.to_owned(), |k| k.label.to_string())
        };
        let resource = |line: &Line| {
            let at = line.at.as_ref()?;
            let Scope::Resource(id) = &line.scope else {
                return None;
            };
            Some(Entry {
                name: at.name.clone(),
                place: format!("{} in {}", label(&line.kind), at.workspace_name),
                resource: id.to_string(),
                archived: at.archived,
                cells: cells(id.as_str(), actions(&line.scope).unwrap_or_default()),
            })
        };
        Ok(Self {
            kinds: kinds
                .iter()
                .map(|kind| Entry {
                    name: kind.plural.to_string(),
                    place: String::new(),
                    resource: String::new(),
                    archived: false,
                    cells: cells(
                        &kind.name,
                        actions(&Scope::Kind(kind.name.to_string())).unwrap_or_default(),
                    ),
                })
                .collect(),
            resources: lines.iter().filter_map(resource).collect(),
            changed: form.is_some(),
            ..Self::default()
        })
    }

    /// The table as it was typed, with the row that was asked for, and what the search found.
    async fn typed(
        app: &App,
        actor: &Actor,
        found: &Found,
        form: &PermissionForm,
    ) -> Result<Self, Refusal> {
        let mut lines = found.lines.clone();
        let known: Vec<&str> = form
            .rows
            .iter()
            .map(String::as_str)
            .chain([form.add.as_str()])
            .filter(|id| !id.is_empty())
            .collect();
        let missing = |id: &&str| {
            !lines
                .iter()
                .any(|line| line.scope == Scope::Resource((**id).into()))
        };
        let new: Vec<ResourceId> = known
            .iter()
            .copied()
            .filter(missing)
            .map(ResourceId::from)
            .collect();
        lines.extend(roles::lines_to_add(app, actor, &new).await?);
        let mut editor = Self::new(app, actor, &lines, Some(form)).await?;
        // A row that was just added lets see: nobody adds one for nothing.
        for entry in editor
            .resources
            .iter_mut()
            .filter(|entry| !form.add.is_empty() && entry.resource == form.add)
        {
            entry.cells[0].checked = true;
        }
        editor.find = form.find.trim().to_owned();
        if form.button == "find" {
            let label = |line: &Line| editor.kinds_label(&line.kind);
            let found = roles::resources_to_add(app, actor, &editor.find).await?;
            let matches = found.into_iter().filter_map(|line| {
                let place = label(&line);
                let Scope::Resource(id) = line.scope else {
                    return None;
                };
                let at = line.at?;
                let there = editor
                    .resources
                    .iter()
                    .any(|entry| entry.resource == id.as_str());
                (!there).then(|| Match {
                    id: id.into(),
                    name: at.name,
                    place: format!("{place} in {}", at.workspace_name),
                })
            });
            editor.matches = matches.collect();
        }
        Ok(editor)
    }

    /// A kind as its boxes name it.
    fn kinds_label(&self, kind: &str) -> String {
        let mut words = kind.replace('_', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }
}

#[derive(Template)]
#[template(path = "roles/permissions.html")]
struct Confirm {
    shell: Shell,
    base: String,
    name: String,
    gained: Vec<String>,
    lost: Vec<String>,
    people: String,
    changes: Vec<String>,
    unnamed: i64,
    form: PermissionForm,
}

/// `POST /orgs/{org}/roles/custom/{role}/permissions`
pub async fn set_permissions(
    State(app): State<App>,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<PermissionForm>,
) -> PageResult {
    if form.button == "find" || !form.add.is_empty() {
        let found = roles::find(&app, &actor, &role).await?;
        let editor = Editor::typed(&app, &actor, &found, &form).await?;
        return show_with(&app, &actor, &visitor, found, editor).await;
    }
    let lines = form.lines()?;
    let outcome = match form.button.as_str() {
        "confirm" => roles::set_permissions(&app, &actor, &role, &lines)
            .await
            .map(Ok),
        _ => match roles::permissions_impact(&app, &actor, &role, &lines).await {
            Ok(edit) if !edit.impact.is_empty() => Ok(Err(edit)),
            Ok(_) => roles::set_permissions(&app, &actor, &role, &lines)
                .await
                .map(Ok),
            Err(refusal) => Err(refusal),
        },
    };
    match outcome {
        Ok(Ok(edit)) => Ok(see_other(path_of(&actor, &role), Some(saved(&edit)))),
        Ok(Err(edit)) => Ok(page::ok(&Confirm {
            shell: Shell::org(
                &visitor,
                &actor,
                "Roles",
                format!("Change what {} allows?", edit.role.name),
            ),
            base: path_of(&actor, &role),
            people: super::custom::in_places(edit.people, edit.workspaces),
            gained: edit.gained.iter().map(roles::Change::in_words).collect(),
            lost: edit.lost.iter().map(roles::Change::in_words).collect(),
            changes: edit
                .impact
                .changes
                .iter()
                .take(NAMED)
                .map(|change| change.sentence())
                .collect(),
            unnamed: edit.impact.changes.len().saturating_sub(NAMED) as i64,
            name: edit.role.name,
            form,
        })),
        Err(refusal @ Refusal::Invalid(_)) => {
            let found = roles::find(&app, &actor, &role).await?;
            let mut editor = Editor::typed(&app, &actor, &found, &form).await?;
            editor.error = refusal.message_for("permissions").to_owned();
            show_with(&app, &actor, &visitor, found, editor).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn saved(edit: &Edit) -> Notice {
    if edit.is_nothing() {
        return Notice::good(
            "Nothing was different.",
            format!("{} allows what it did before.", edit.role.name),
        );
    }
    let who = match edit.people {
        0 => "Nobody has the role yet.".to_owned(),
        people => format!(
            "It applies from the next click of {}.",
            text::count(people, "person", "people")
        ),
    };
    Notice::good(format!("What {} allows is saved.", edit.role.name), who)
}
