//! What somebody is in a workspace, as a form that sets it in place: one partial for the workspace's people, the member's
//! page and the access matrix.

use crate::access::{self, OrgRole, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::ids::{CustomRoleId, UserId, WorkspaceId};
use crate::workspaces::{self, Given, Managed, PersonHere};

/// The value of the list's last line, which leads to the page with every role.
pub(super) const ANOTHER: &str = "another";

/// Who sets roles, and what they can choose from.
pub(crate) struct Giver {
    user: UserId,
    organization: Option<OrgRole>,
    custom: Vec<(CustomRoleId, String)>,
    admins_enter: bool,
    /// The page to come back to, where there is no htmx.
    pub back: String,
}

/// The form, or the role as text where it isn't theirs to change.
pub(crate) struct Cell {
    pub id: String,
    pub action: String,
    pub back: String,
    /// What the list is for, read aloud.
    pub label: String,
    /// Value, name, chosen.
    pub options: Vec<(String, String, bool)>,
    pub text: String,
    /// Where the role comes from.
    pub note: String,
}

impl Giver {
    /// Somebody in an organization, with its custom roles to choose from.
    pub(crate) async fn of_organization(app: &App, actor: &Actor, back: String) -> Result<Self> {
        Ok(Self {
            user: actor.user().clone(),
            organization: Some(actor.role),
            custom: workspaces::custom_roles(app, actor).await?,
            admins_enter: actor.org.policies.admins_enter,
            back: back.trim_end_matches('?').to_owned(),
        })
    }

    /// Somebody in one workspace.
    pub(crate) async fn of_workspace(
        app: &App,
        user: &UserId,
        managed: &Managed,
        back: String,
    ) -> Result<Self> {
        match &managed.actor {
            Some(actor) => Self::of_organization(app, actor, back).await,
            None => Ok(Self {
                user: user.clone(),
                organization: None,
                custom: Vec::new(),
                admins_enter: false,
                back,
            }),
        }
    }

    /// The form for one person in one workspace, in which the giver is `role`.
    pub(crate) fn cell(
        &self,
        id: &WorkspaceId,
        workspace: &str,
        role: Option<WorkspaceRole>,
        here: &PersonHere,
    ) -> Cell {
        let ceiling = access::gives_up_to(self.organization, role);
        let own = here.user == self.user;
        let mut choices = workspaces::choices(ceiling, self.organization, here, own, &self.custom);
        let held = here.standing.value();
        let value = |choice: &Option<Given>| match choice {
            None => String::new(),
            Some(Given::Fixed(role)) => role.as_str().to_owned(),
            Some(Given::Custom(id)) => id.to_string(),
        };
        if choices.iter().all(|choice| value(choice) == held) {
            choices.clear();
        }
        let mut options: Vec<(String, String, bool)> = choices
            .iter()
            .map(|choice| {
                (
                    value(choice),
                    self.name(choice.as_ref()),
                    value(choice) == held,
                )
            })
            .collect();
        if !options.is_empty() && self.may_give_custom(ceiling, here, own) {
            options.push((ANOTHER.to_owned(), "Another role…".to_owned(), false));
        }
        if !options.is_empty() && !options.iter().any(|(_, _, chosen)| *chosen) {
            options.insert(0, (held, here.standing.label(), true));
        }
        let entering = here.standing.0.is_empty()
            && !here.suspended
            && here
                .organization_role
                .is_some_and(|role| access::enters_by_role(role, self.admins_enter));
        Cell {
            id: format!("a-{id}-{}", here.user),
            action: format!("/workspaces/{id}/members/{}", here.user),
            back: self.back.clone(),
            label: format!("Role of {} in {workspace}", here.name),
            options,
            text: match (here.standing.0.is_empty(), entering) {
                (false, _) => here.standing.label(),
                (true, true) => "Admin".to_owned(),
                (true, false) => "No access".to_owned(),
            },
            note: note(here, entering),
        }
    }

    /// Whether there are custom roles beyond those of the list to search for, or to make (S3-11, S3-12).
    fn may_give_custom(
        &self,
        ceiling: Option<WorkspaceRole>,
        here: &PersonHere,
        own: bool,
    ) -> bool {
        let custom = WorkspaceRole::Custom;
        self.organization.is_some()
            && access::may_set_access(
                ceiling,
                self.organization,
                here.standing.highest(),
                Some(custom),
                own,
            )
            .is_ok()
    }

    fn name(&self, given: Option<&Given>) -> String {
        match given {
            None => "No access".to_owned(),
            Some(Given::Fixed(role)) => role.label().to_owned(),
            Some(Given::Custom(id)) => self
                .custom
                .iter()
                .find(|(known, _)| known == id)
                .map(|(_, name)| name.clone())
                .unwrap_or_default(),
        }
    }
}

/// What a person has to know beside the role.
fn note(here: &PersonHere, entering: bool) -> String {
    let mut notes = Vec::new();
    if entering {
        notes.push("admin by organization role".to_owned());
    }
    if here.suspended && !here.standing.0.is_empty() {
        notes.push("suspended: can't open it".to_owned());
    }
    if here.organization_role == Some(OrgRole::Viewer)
        && here.standing.highest() > Some(WorkspaceRole::Viewer)
    {
        notes.push("reads only: viewer of the organization".to_owned());
    }
    if here.standing.0.len() > 1 {
        notes.push(format!(
            "{}: direct and organization",
            here.standing.label()
        ));
    }
    notes.join(" · ")
}
