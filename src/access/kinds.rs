//! Kinds of resources: what Roster has to know of each to decide (product.md, 3). Those of the seeds are there from the
//! start; a host product adds others by a call.

use super::WorkspaceRole;
use std::borrow::Cow;

/// A kind of thing of the host product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The name in the API and the database, such as `ignore_rule`.
    pub name: Cow<'static, str>,
    pub label: Cow<'static, str>,
    pub plural: Cow<'static, str>,
    pub level: Level,
    /// The lowest workspace role that creates, edits and deletes it: member or admin.
    pub writers: WorkspaceRole,
    /// Whether grants limit people to named resources of it.
    pub takes_grants: bool,
    /// The entitlement without which nobody uses it.
    pub entitlement: Option<Cow<'static, str>>,
}

/// Where the resources of a kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// In one workspace.
    Workspace,
    /// In the organization, open to every member.
    Organization,
    /// Its owner's alone.
    Private,
}

impl Kind {
    /// The entitlement it needs, as plans name it; "" for none.
    pub fn needs(&self) -> &str {
        self.entitlement.as_deref().unwrap_or("")
    }
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Organization => "organization",
            Self::Private => "private",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "workspace" => Self::Workspace,
            "organization" => Self::Organization,
            "private" => Self::Private,
            _ => return None,
        })
    }
}

const fn kind(
    name: &'static str,
    label: &'static str,
    plural: &'static str,
    level: Level,
    writers: WorkspaceRole,
) -> Kind {
    Kind {
        name: Cow::Borrowed(name),
        label: Cow::Borrowed(label),
        plural: Cow::Borrowed(plural),
        level,
        writers,
        takes_grants: matches!(level, Level::Workspace),
        entitlement: None,
    }
}

use Level::{Organization, Private, Workspace};
use WorkspaceRole::{Admin, Member};

/// The kinds that are there from the start, by name.
pub static KINDS: [Kind; 18] = [
    kind("app", "App", "Apps", Workspace, Member),
    kind("chat", "Chat", "Chats", Private, Member),
    kind("connector", "Connector", "Connectors", Organization, Admin),
    kind("dashboard", "Dashboard", "Dashboards", Organization, Member),
    kind(
        "destination",
        "Destination",
        "Destinations",
        Workspace,
        Admin,
    ),
    kind("domain", "Domain", "Domains", Workspace, Admin),
    kind("field", "Field", "Fields", Workspace, Member),
    kind(
        "ignore_rule",
        "Ignore rule",
        "Ignore rules",
        Workspace,
        Member,
    ),
    kind("link", "Link", "Links", Workspace, Member),
    kind("model", "Model", "Models", Workspace, Member),
    kind("monitor", "Monitor", "Monitors", Workspace, Admin),
    Kind {
        name: Cow::Borrowed("project"),
        label: Cow::Borrowed("Project"),
        plural: Cow::Borrowed("Projects"),
        level: Organization,
        writers: Admin,
        takes_grants: false,
        entitlement: Some(Cow::Borrowed("compare")),
    },
    kind("report", "Report", "Reports", Workspace, Member),
    kind("schedule", "Schedule", "Schedules", Workspace, Member),
    kind("sync", "Sync", "Syncs", Workspace, Member),
    kind("table", "Table", "Tables", Workspace, Member),
    kind("view", "View", "Views", Workspace, Member),
    kind("warehouse", "Warehouse", "Warehouses", Workspace, Admin),
];

/// The kind that is there from the start under this name.
pub fn known_kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_once_and_in_order() {
        assert!(KINDS.windows(2).all(|two| two[0].name < two[1].name));
    }
}
