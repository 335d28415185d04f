//! Organization roles and their permissions, workspace roles and their order.

use Permission::*;

/// A person's one role in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrgRole {
    Owner,
    Admin,
    Billing,
    Member,
    Viewer,
}

/// Every organization role, highest first: the order of pickers and of sorting by role.
pub const ROLES: [OrgRole; 5] = [
    OrgRole::Owner,
    OrgRole::Admin,
    OrgRole::Billing,
    OrgRole::Member,
    OrgRole::Viewer,
];

/// What an organization role can allow (product.md, 2; one row of the table each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    ViewDirectory,
    ManageMembers,
    LinkWorkspaces,
    DeleteWorkspaces,
    ManageIntegrations,
    ViewUsage,
    ViewAudit,
    ManageSettings,
    ManageBilling,
    OwnOrganization,
}

/// Every permission, in the order of the table people read.
pub const PERMISSIONS: [Permission; 10] = [
    ViewDirectory,
    ManageMembers,
    LinkWorkspaces,
    DeleteWorkspaces,
    ManageIntegrations,
    ViewUsage,
    ViewAudit,
    ManageSettings,
    ManageBilling,
    OwnOrganization,
];

/// The table: what each role allows.
pub fn permissions_of(role: OrgRole) -> &'static [Permission] {
    match role {
        OrgRole::Owner => &[
            ViewDirectory,
            ManageMembers,
            LinkWorkspaces,
            DeleteWorkspaces,
            ManageIntegrations,
            ViewUsage,
            ViewAudit,
            ManageSettings,
            ManageBilling,
            OwnOrganization,
        ],
        OrgRole::Admin => &[
            ViewDirectory,
            ManageMembers,
            LinkWorkspaces,
            ManageIntegrations,
            ViewUsage,
            ViewAudit,
            ManageSettings,
        ],
        OrgRole::Billing => &[ViewDirectory, ViewUsage, ManageBilling],
        OrgRole::Member | OrgRole::Viewer => &[ViewDirectory],
    }
}

impl Permission {
    /// Completes "can't …".
    pub fn verb(self) -> &'static str {
        match self {
            ViewDirectory => "see this organization",
            ManageMembers => "manage members",
            LinkWorkspaces => "link, unlink or create workspaces",
            DeleteWorkspaces => "delete workspaces",
            ManageIntegrations => "manage roles and keys",
            ViewUsage => "see usage",
            ViewAudit => "see the audit log",
            ManageSettings => "change the organization's settings",
            ManageBilling => "see or manage billing",
            OwnOrganization => "transfer or delete the organization",
        }
    }

    /// The line of the table that people read.
    pub fn label(self) -> &'static str {
        match self {
            ViewDirectory => "See the organization and its member directory",
            ManageMembers => "Invite, change, suspend and remove members, and set their access",
            LinkWorkspaces => "Link, unlink and create workspaces",
            DeleteWorkspaces => "Delete workspaces",
            ManageIntegrations => "Manage custom roles and API keys",
            ViewUsage => "See the usage dashboard",
            ViewAudit => "See the audit log, access explanations and exports",
            ManageSettings => "Change policies, name and slug",
            ManageBilling => "See and manage billing",
            OwnOrganization => "Transfer ownership and delete the organization",
        }
    }

    /// Work on workspaces, which a billing role is told apart for (E7).
    pub fn is_workspace_work(self) -> bool {
        matches!(self, LinkWorkspaces | DeleteWorkspaces)
    }
}

impl OrgRole {
    /// The name in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Billing => "billing",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Billing => "Billing",
            Self::Member => "Member",
            Self::Viewer => "Viewer",
        }
    }

    pub fn plural(self) -> &'static str {
        match self {
            Self::Owner => "owners",
            Self::Admin => "admins",
            Self::Billing => "billing members",
            Self::Member => "members",
            Self::Viewer => "viewers",
        }
    }

    /// "an admin", "a member": for sentences.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Owner => "an owner",
            Self::Admin => "an admin",
            Self::Billing => "a billing member",
            Self::Member => "a member",
            Self::Viewer => "a viewer",
        }
    }

    /// What the role is for, in one sentence, for pickers and mails.
    pub fn explains(self) -> &'static str {
        match self {
            Self::Owner => {
                "Everything, including billing, ownership and deleting the organization."
            }
            Self::Admin => {
                "Members, workspaces, settings and the audit log; not billing, not ownership."
            }
            Self::Billing => "Plan, payments and usage only; no work in workspaces by itself.",
            Self::Member => "Sees the directory, and opens the workspaces they are given.",
            Self::Viewer => "Reads what they are given and changes nothing.",
        }
    }

    /// The same, said to who gets it.
    pub fn explains_to_you(self) -> &'static str {
        match self {
            Self::Member => "You see the directory, and open the workspaces you are given.",
            Self::Viewer => "You read what you are given and change nothing.",
            role => role.explains(),
        }
    }

    /// 0 for owner to 4 for viewer: the order in lists.
    pub fn rank(self) -> i64 {
        ROLES.iter().position(|r| *r == self).unwrap_or(0) as i64
    }

    /// Reads a role's name, also by the names other products use for it (product.md, 2).
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "owner" | "org_owner" => Self::Owner,
            "admin" | "org_admin" | "admin w/o billing" | "admin_without_billing" => Self::Admin,
            "billing" | "org_billing_admin" => Self::Billing,
            "member" | "org_member" => Self::Member,
            "viewer" | "org_viewer" => Self::Viewer,
            _ => return None,
        })
    }
}

/// A person's role in one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkspaceRole {
    /// What a custom role lists and no more: nothing by itself.
    Custom,
    Viewer,
    Member,
    Admin,
    Owner,
}

/// The fixed workspace roles, highest first: the order of pickers.
pub const WORKSPACE_ROLES: [WorkspaceRole; 4] = [
    WorkspaceRole::Owner,
    WorkspaceRole::Admin,
    WorkspaceRole::Member,
    WorkspaceRole::Viewer,
];

impl WorkspaceRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Custom => "Custom role",
            Self::Viewer => "Viewer",
            Self::Member => "Member",
            Self::Admin => "Admin",
            Self::Owner => "Owner",
        }
    }

    /// What the role is for, in one sentence, for pickers and mails.
    pub fn explains(self) -> &'static str {
        match self {
            Self::Custom => "What the custom role lists, and nothing else.",
            Self::Viewer => "Sees everything in the workspace and changes nothing.",
            Self::Member => {
                "Also runs things, and creates, edits and deletes what is open to members."
            }
            Self::Admin => {
                "Also changes everything, and manages the workspace's members, settings and keys."
            }
            Self::Owner => "Also deletes the workspace.",
        }
    }

    /// Reads a role's name as the database keeps it.
    pub fn stored(name: &str) -> Option<Self> {
        if name == "custom" {
            Some(Self::Custom)
        } else {
            Self::parse(name)
        }
    }

    /// Reads the name of a fixed role.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "viewer" => Self::Viewer,
            "member" => Self::Member,
            "admin" => Self::Admin,
            "owner" => Self::Owner,
            _ => return None,
        })
    }
}
