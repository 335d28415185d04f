//! What a decision is asked about, and what it answers.

use super::{Kind, OrgRole, WorkspaceRole};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    View,
    Run,
    Create,
    Edit,
    Delete,
    /// Of a workspace only: its people and their roles.
    ManageMembers,
}

pub const ACTIONS: [Action; 5] = [
    Action::View,
    Action::Run,
    Action::Create,
    Action::Edit,
    Action::Delete,
];

/// Actions, as a custom role lists them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions(u8);

/// A person, as far as a decision about one workspace, or about the organization's own things, needs to know.
#[derive(Clone, Debug)]
pub struct Who<'a> {
    pub user: &'a str,
    pub membership: Membership,
    /// Their access rows in the workspace.
    pub rows: &'a [Held<'a>],
    /// The organization's policy *organization admins enter workspaces*.
    pub admins_enter: bool,
    /// The kinds in which they are limited to named resources of this workspace, with the ids of those.
    pub limits: &'a [Limit<'a>],
}

/// What somebody is in the organization that the thing stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The workspace is in no organization.
    Standalone,
    Active(OrgRole),
    Suspended,
    None,
}

/// One access row.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    pub role: WorkspaceRole,
    /// What the custom role lists, where it is one.
    pub permissions: &'a [Permitted<'a>],
}

/// One line of a custom role.
#[derive(Clone, Debug)]
pub struct Permitted<'a> {
    pub kind: &'a str,
    /// `None`: the whole kind. Else one resource with everything below it.
    pub resource: Option<&'a str>,
    pub actions: Actions,
}

/// The named resources of one kind that somebody is limited to.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    pub kind: &'a str,
    pub granted: &'a [&'a str],
}

/// What it is done to.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// The workspace itself.
    Workspace,
    Resource(Thing<'a>),
}

/// A resource, or the place where one is to be created.
#[derive(Clone, Debug)]
pub struct Thing<'a> {
    pub kind: &'a Kind,
    /// Whose it is, where it is private.
    pub owner: Option<&'a str>,
    /// Itself and what it lies in, from the inside out. Of one to be created: what it will lie in.
    pub chain: &'a [Link<'a>],
    /// Whether the organization's plan has the entitlement that the kind needs.
    pub entitled: bool,
}

/// One resource of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    pub kind: &'a str,
    pub id: &'a str,
}

/// The answer, with every step up to the one that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// A refusal that must look as if the thing weren't there (product.md, 2, rule 7; E13).
    pub hidden: bool,
    /// In order. The last one decided, unless the answer is yes: then `decided_by` names the one that allowed.
    pub steps: Vec<Step>,
    /// The place in `steps` of the one that decided.
    pub decided_by: usize,
}

/// One step of a decision: the rule that was asked, and what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Private(Private),
    Membership(Membership),
    /// The viewer cap; `true`: it stands in the way.
    ViewerCap(bool),
    Role(RoleFound),
    Permission(PermissionFound),
    Grants(GrantsFound),
    /// `None`: the kind needs none. `Some(false)`: the plan lacks it.
    Entitlement(Option<bool>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    /// The thing isn't private.
    No,
    Own,
    SomebodyElses,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleFound {
    /// The organization's own thing: the organization role decides.
    OfOrganization(OrgRole),
    /// By their rows; the highest, and whether one of them is a custom role.
    Rows {
        highest: WorkspaceRole,
        custom: bool,
    },
    /// Without a row, by their organization role and the policy: as admin.
    Entered,
    /// Neither row nor policy.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionFound {
    ByRole,
    /// A custom role lists the kind.
    ByKind,
    /// A custom role lists the resource, or one that it lies in.
    ByResource,
    Lacking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantsFound {
    /// The target is not a resource of the workspace, or its kind takes no grants.
    NotApplicable,
    /// Owners and admins of a workspace are not limited (S2-13).
    Unlimited,
    /// No grants of the kinds in question: they see all (S2-32).
    NoneSet,
    Granted,
    /// They are limited to others (S2-33).
    NotGranted,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Run => "run",
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::ManageMembers => "manage_members",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Run => "Run",
            Self::Create => "Create",
            Self::Edit => "Edit",
            Self::Delete => "Delete",
            Self::ManageMembers => "Manage members",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        ACTIONS
            .into_iter()
            .chain([Self::ManageMembers])
            .find(|action| action.as_str() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Actions {
    pub fn none() -> Self {
        Self(0)
    }

    pub fn with(self, action: Action, allowed: bool) -> Self {
        if allowed {
            Self(self.0 | action.bit())
        } else {
            self
        }
    }

    pub fn allow(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}
