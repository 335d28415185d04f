//! The part of a form that chooses a role in a workspace: the fixed roles, and custom ones to search for or to make on
//! the spot, with the rest of the form kept (S3-11, S3-12).
//!
//! For a form with the fields `role`, `role_search` and `role_do` (or any other name in place of `role`):
//!
//! 1. Give the form's struct the three fields, each `#[serde(default)] String`, and make a [`Typed`] of them.
//! 2. In `GET` and `POST`, make the picker: `Picker::new(&app, &place, typed).await?`. It looks up what was searched, and
//!    makes the role where “Create …” was pressed.
//! 3. In `POST`: if [`Picker::wants_redraw`], draw the form again (`page::ok`) with everything that was typed, and do
//!    nothing else. Otherwise [`Picker::chosen`] says which role it is; a choice that isn't one is a field error.
//! 4. In the template, put `{% include "roles/_enter.html" %}` right behind the `<form …>` tag, so that the Enter key
//!    sends the form and doesn't search, and `{% include "roles/_picker.html" %}` where the role is chosen. The template's
//!    struct has the field `picker`.

use crate::access::{WORKSPACE_ROLES, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{CustomRoleId, WorkspaceId};
use crate::roles::{self, CustomRole, Status};
use crate::workspaces::Given;

/// Where a role is chosen.
pub struct Place<'a> {
    /// Where the form is sent.
    pub action: String,
    /// The name of the field, such as `role`.
    pub field: &'static str,
    pub legend: String,
    /// Who chooses; `None` in a workspace without organization, where there are no custom roles.
    pub actor: Option<&'a Actor>,
    /// The workspace, where it is one.
    pub workspace: Option<&'a WorkspaceId>,
    /// The highest fixed role that may be chosen ([`crate::access::gives_up_to`]).
    pub up_to: WorkspaceRole,
}

/// What came in the three fields.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// A fixed role's name, a custom role's id, or nothing yet.
    pub role: String,
    pub search: String,
    /// Which of the picker's own buttons was pressed: "search", "create", or none.
    pub button: String,
}

/// The form's part, as `roles/_picker.html` draws it.
pub struct Picker {
    pub action: String,
    pub field: &'static str,
    pub legend: String,
    /// Value, label, what it is for.
    pub fixed: Vec<(String, String, String)>,
    pub custom: Vec<(String, String, String)>,
    pub selected: String,
    pub search: String,
    /// There are custom roles here.
    pub searches: bool,
    /// Nothing is called what was searched: its name, to make it.
    pub create: String,
    /// The role that was just made.
    pub made: String,
    pub error: String,
    redraw: bool,
}

impl Picker {
    /// Looks up what was typed; makes the role that was asked for. A name that can't be one becomes the part's error.
    /// Refuses who may not give access there.
    pub async fn new(app: &App, place: &Place<'_>, typed: Typed) -> Result<Self, Refusal> {
        let fixed = WORKSPACE_ROLES
            .into_iter()
            .rev()
            .filter(|role| *role <= place.up_to);
        let mut picker = Self {
            action: place.action.clone(),
            field: place.field,
            legend: place.legend.clone(),
            fixed: fixed
                .map(|role| {
                    (
                        role.as_str().into(),
                        role.label().into(),
                        role.explains().into(),
                    )
                })
                .collect(),
            custom: Vec::new(),
            selected: typed.role,
            search: typed.search.trim().to_owned(),
            searches: place.actor.is_some(),
            create: String::new(),
            made: String::new(),
            error: String::new(),
            redraw: !typed.button.is_empty(),
        };
        if let Some(actor) = place.actor {
            if typed.button == "create" {
                picker.create(app, actor, place.workspace).await?;
            }
            picker.look_up(app, actor, place.workspace).await?;
        }
        Ok(picker)
    }

    async fn create(
        &mut self,
        app: &App,
        actor: &Actor,
        workspace: Option<&WorkspaceId>,
    ) -> Result<(), Refusal> {
        match roles::create(app, actor, workspace, &self.search, "").await {
            Ok(role) => {
                self.selected = role.id.into();
                self.made = role.name;
                self.search.clear();
            }
            Err(Refusal::Invalid(fields)) => {
                self.error = fields
                    .into_iter()
                    .map(|f| f.message)
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            Err(Refusal::Conflict(conflict)) => {
                // Somebody was faster: theirs is the one that was meant.
                if let Some(id) = conflict.existing_id {
                    self.selected = id;
                }
                self.error = conflict.message.into();
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(())
    }

    async fn look_up(
        &mut self,
        app: &App,
        actor: &Actor,
        workspace: Option<&WorkspaceId>,
    ) -> Result<(), Refusal> {
        let found = match roles::search(app, actor, workspace, &self.search).await {
            Err(Refusal::Invalid(fields)) => {
                self.error = fields
                    .into_iter()
                    .map(|f| f.message)
                    .collect::<Vec<_>>()
                    .join(" ");
                Vec::new()
            }
            found => found?,
        };
        let same = |(role, _): &(CustomRole, bool)| {
            crate::text::sort_key(&role.name) == crate::text::sort_key(&self.search)
        };
        if !self.search.is_empty() && !found.iter().any(same) && self.error.is_empty() {
            self.create = self.search.clone();
        }
        self.custom = found.iter().map(option).collect();
        let listed = self
            .custom
            .iter()
            .chain(&self.fixed)
            .any(|(value, ..)| *value == self.selected);
        if !listed && !self.selected.is_empty() {
            match roles::offered(
                app,
                actor,
                workspace,
                &CustomRoleId::from(self.selected.as_str()),
            )
            .await
            {
                Ok(role) => self.custom.insert(0, option(&role)),
                Err(Refusal::NotFound) => self.selected.clear(),
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// One of the picker's own buttons was pressed: the form is drawn again and nothing is done.
    pub fn wants_redraw(&self) -> bool {
        self.redraw
    }

    /// The role that was chosen, one of those offered; `None` where none was.
    pub fn chosen(&self) -> Option<Given> {
        let offered = self
            .fixed
            .iter()
            .chain(&self.custom)
            .any(|(value, ..)| *value == self.selected);
        Given::parse(&self.selected).filter(|_| offered)
    }

    /// Says that a role must be chosen.
    pub fn refused(mut self, message: impl Into<String>) -> Self {
        self.error = message.into();
        self
    }
}

/// A custom role with what it is for, and why it does nothing yet where it does (E10).
fn option((role, allows): &(CustomRole, bool)) -> (String, String, String) {
    let yet = if *allows {
        String::new()
    } else {
        format!("Not in effect yet: {}.", Status::NotUsed.why())
    };
    let about = [role.description.trim_end_matches('.'), yet.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>();
    (role.id.to_string(), role.name.clone(), about.join(". "))
}
