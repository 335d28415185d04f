//! Operations on resources.

use super::table::Way::{Call, None as No};
use super::table::{Door, ITS_OWNER, MANAGERS, door};
use super::world::Needs::*;

/// Who writes the organization's own things of a kind that is open to members.
const WRITERS: &str = "ddfdfnnns";

const BY_CALL: &str = "the host product tells of its things; there is no page for it";

pub const RESOURCE_DOORS: &[Door] = &[
    door(
        "resources::add_kind",
        "resource_kind.added",
        MANAGERS,
        Nothing,
        No(BY_CALL),
        Call(
            "PUT",
            "/organizations/{org_id}/resource-kinds/{kind}",
            r#"{"label": "K", "plural": "Ks", "level": "organization", "writers": "member"}"#,
        ),
    ),
    door(
        "resources::upsert",
        "resource.created",
        WRITERS,
        Nothing,
        No(BY_CALL),
        Call(
            "POST",
            "/organizations/{org_id}/resources",
            r#"{"resources": [{"kind": "dashboard", "external_id": "d{n}", "name": "Dashboard {n}"}]}"#,
        ),
    ),
    door(
        "resources::change",
        "resource.changed",
        WRITERS,
        OrganizationsResource,
        No(BY_CALL),
        Call("PUT", "/organizations/{org_id}/resources/{resource_id}", r#"{"name": "Other {n}"}"#),
    ),
    door(
        "resources::archive",
        "resource.archived",
        WRITERS,
        OrganizationsResource,
        No(BY_CALL),
        Call("POST", "/organizations/{org_id}/resources/{resource_id}/archive", ""),
    ),
    door(
        "resources::restore",
        "resource.restored",
        WRITERS,
        ArchivedResource,
        No(BY_CALL),
        Call("POST", "/organizations/{org_id}/resources/{resource_id}/restore", ""),
    ),
    door(
        "resources::upsert in a workspace",
        "resource.created",
        ITS_OWNER,
        WorkspaceOfOwner,
        No(BY_CALL),
        Call(
            "POST",
            "/workspaces/{workspace_id}/resources",
            r#"{"resources": [{"kind": "monitor", "external_id": "m{n}", "name": "Monitor {n}"}]}"#,
        ),
    ),
    door(
        "resources::change in a workspace",
        "resource.changed",
        ITS_OWNER,
        WorkspacesResource,
        No(BY_CALL),
        Call("PUT", "/workspaces/{workspace_id}/resources/{resource_id}", r#"{"name": "Other {n}"}"#),
    ),
    door(
        "resources::archive in a workspace",
        "resource.archived",
        ITS_OWNER,
        WorkspacesResource,
        No(BY_CALL),
        Call("POST", "/workspaces/{workspace_id}/resources/{resource_id}/archive", ""),
    ),
    door(
        "resources::restore in a workspace",
        "resource.restored",
        ITS_OWNER,
        WorkspacesArchivedResource,
        No(BY_CALL),
        Call("POST", "/workspaces/{workspace_id}/resources/{resource_id}/restore", ""),
    ),
];
