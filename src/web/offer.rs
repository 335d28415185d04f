//! The part of a form that chooses workspaces and a role in each: rows, as many as are asked for. Works by plain form
//! posts; "Add another workspace" draws the form again with what was typed.

use crate::access::{self, WORKSPACE_ROLES, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::invitations::{Offered, Wanted};
use crate::roles;
use crate::workspaces::{self, Given, Workspace};

/// Workspaces that a list shows to choose from; beyond that they are found by what is typed.
const SHOWN: i64 = 1000;
/// So many are chosen from a list that opens; of more one types the beginning.
const LISTED: usize = 25;

/// One row as it is shown.
pub(super) struct Row {
    /// The workspace's slug, or whatever was typed.
    pub workspace: String,
    /// A fixed role's name or a custom role's id.
    pub role: String,
    pub workspace_error: String,
    pub role_error: String,
}

/// The rows with what can be chosen in them.
pub(super) struct WorkspaceRows {
    pub rows: Vec<Row>,
    /// Slug and name.
    pub places: Vec<(String, String)>,
    /// One types instead of choosing from a list.
    pub typed: bool,
    /// Value and name.
    pub roles: Vec<(String, String)>,
    /// Where "Add another workspace" posts the form to.
    pub action: String,
    /// About all of them.
    pub error: String,
    /// The name of a custom role to make, as typed, what is wrong with it, and the one that was just made.
    pub new_role: String,
    pub new_role_error: String,
    pub made: String,
    workspaces: Vec<Workspace>,
}

impl WorkspaceRows {
    /// No row yet, with the workspaces of the actor's organization and the roles that they give to choose from.
    pub async fn load(app: &App, actor: &Actor, action: String) -> Result<Self> {
        let (listed, _) = workspaces::list(app, actor, "", SHOWN).await?;
        let workspaces: Vec<Workspace> = listed.into_iter().map(|one| one.workspace).collect();
        let ceiling = access::gives_up_to(Some(actor.role), None);
        let fixed = WORKSPACE_ROLES
            .into_iter()
            .rev()
            .filter(|role| Some(*role) <= ceiling);
        let custom = roles::search(app, actor, None, "")
            .await?
            .into_iter()
            .map(|(role, _)| (role.id.to_string(), role.name));
        Ok(Self {
            rows: Vec::new(),
            places: workspaces
                .iter()
                .map(|w| (w.slug.clone(), name_of(w)))
                .collect(),
            typed: workspaces.len() > LISTED,
            roles: fixed
                .map(|role| (role.as_str().to_owned(), role.label().to_owned()))
                .chain(custom)
                .collect(),
            action,
            error: String::new(),
            new_role: String::new(),
            new_role_error: String::new(),
            made: String::new(),
            workspaces,
        })
    }

    /// The rows as they were sent. One that names no workspace is left out.
    pub fn sent(mut self, workspaces: &[String], roles: &[String]) -> Self {
        for (n, workspace) in workspaces.iter().enumerate() {
            let role = roles.get(n).map_or("", String::as_str);
            if !workspace.trim().is_empty() {
                self.add(workspace.trim(), role);
            }
        }
        self
    }

    /// The rows of what an invitation offers.
    pub fn offered(self, access: &[Offered]) -> Self {
        let mut with = self.with_roles_of(access);
        for line in access {
            with.add(&line.workspace_slug, &value_of(&line.role));
        }
        with
    }

    /// Lets the roles that an invitation offers be chosen, also where the actor gives no such roles.
    pub fn with_roles_of(mut self, access: &[Offered]) -> Self {
        for line in access {
            let role = value_of(&line.role);
            if !self.roles.iter().any(|(value, _)| *value == role) {
                self.roles.push((role, line.role_name.clone()));
            }
        }
        self
    }

    fn add(&mut self, workspace: &str, role: &str) {
        let (workspace, role) = (workspace.to_owned(), role.to_owned());
        self.rows.push(Row {
            workspace,
            role,
            workspace_error: String::new(),
            role_error: String::new(),
        });
    }

    /// Another empty row, with the role that is mostly meant.
    pub fn with_empty_row(mut self) -> Self {
        if !self.workspaces.is_empty() {
            self.add("", WorkspaceRole::Member.as_str());
        }
        self
    }

    /// Makes a custom role of this name and chooses it in the last row (S3-12). A name that can't be one, or that is taken,
    /// is said beside it. Refuses who may make none.
    pub async fn with_new_role(mut self, app: &App, actor: &Actor, name: &str) -> Result<Self> {
        match roles::create(app, actor, None, name, "").await {
            Ok(role) => {
                self.roles.push((role.id.to_string(), role.name.clone()));
                self = self.with_empty_row_unless_any();
                if let Some(row) = self.rows.last_mut() {
                    row.role = role.id.into();
                }
                self.made = role.name;
            }
            Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_))) => {
                self.new_role = name.to_owned();
                self.new_role_error = match refusal {
                    Refusal::Conflict(conflict) => conflict.message.to_string(),
                    refusal => refusal.message_for("name").to_owned(),
                };
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(self)
    }

    /// A name for a custom role that was typed and not made: Enter was pressed in its field, or the button forgotten.
    pub fn with_unmade_role(mut self, name: &str) -> Self {
        self.new_role = name.to_owned();
        self.new_role_error = "Make this role with the button beside it, or clear the field. Nothing was changed or sent.".into();
        self
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Another empty row where there is none yet.
    pub fn with_empty_row_unless_any(self) -> Self {
        if self.rows.is_empty() {
            self.with_empty_row()
        } else {
            self
        }
    }

    /// What the rows want; the organization's workspaces by slug or name. Refuses what names none, beside its row.
    pub async fn wanted(&self, app: &App, actor: &Actor) -> Result<Vec<Wanted>> {
        let mut wanted = Vec::with_capacity(self.rows.len());
        for (n, row) in self.rows.iter().enumerate() {
            let role = Given::parse(&row.role).ok_or_else(|| {
                Refusal::field(format!("workspace_access[{n}].role"), "Choose a role.")
            })?;
            let workspace = match self
                .workspaces
                .iter()
                .find(|w| is_called(w, &row.workspace))
            {
                Some(workspace) => Some(workspace.id.clone()),
                None => workspaces::find_by_slug(app, actor, &row.workspace).await?,
            };
            let message = || {
                format!(
                    "{} has no workspace called {}.",
                    actor.org.name, row.workspace
                )
            };
            let workspace = workspace.ok_or_else(|| {
                Refusal::field(format!("workspace_access[{n}].workspace_id"), message())
            })?;
            wanted.push(Wanted { workspace, role });
        }
        Ok(wanted)
    }

    /// Puts what was refused beside the rows it is about.
    pub fn with_errors(mut self, refusal: &Refusal) -> Self {
        self.error = refusal.message_for("workspace_access").to_owned();
        for (n, row) in self.rows.iter_mut().enumerate() {
            row.workspace_error = refusal
                .message_for(&format!("workspace_access[{n}].workspace_id"))
                .to_owned();
            row.role_error = refusal
                .message_for(&format!("workspace_access[{n}].role"))
                .to_owned();
        }
        self
    }
}

fn is_called(workspace: &Workspace, typed: &str) -> bool {
    workspace.slug == typed
        || name_of(workspace) == typed
        || workspace.name.eq_ignore_ascii_case(typed)
}

fn name_of(workspace: &Workspace) -> String {
    if workspace.label.is_empty() {
        workspace.name.clone()
    } else {
        format!("{} ({})", workspace.name, workspace.label)
    }
}

fn value_of(role: &Given) -> String {
    role.custom()
        .map_or_else(|| role.role().as_str().to_owned(), |id| id.to_string())
}
