//! Operations on resources.

use super::inside::{LOOK_AFTER, WRITE_WHAT_ADMINS_WRITE};
use super::table::Way::{Call, None as No, Page};
use super::table::{Door, ITS_OWNER, MANAGERS, MANAGERS_AND_THE_REST_NOT_FOUND, door, inside};
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
        Call(
            "PUT",
            "/organizations/{org_id}/resources/{resource_id}",
            r#"{"name": "Other {n}"}"#,
        ),
    ),
    door(
        "resources::archive",
        "resource.archived",
        WRITERS,
        OrganizationsResource,
        Page("/orgs/{org}/resources/{resource}/archive", ""),
        Call(
            "POST",
            "/organizations/{org_id}/resources/{resource_id}/archive",
            "",
        ),
    ),
    door(
        "resources::restore",
        "resource.restored",
        WRITERS,
        ArchivedResource,
        Page("/orgs/{org}/resources/{resource}/restore", ""),
        Call(
            "POST",
            "/organizations/{org_id}/resources/{resource_id}/restore",
            "",
        ),
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
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
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
        door(
            "resources::change in a workspace",
            "resource.changed",
            ITS_OWNER,
            WorkspacesResource,
            No(BY_CALL),
            Call(
                "PUT",
                "/workspaces/{workspace_id}/resources/{resource_id}",
                r#"{"name": "Other {n}"}"#,
            ),
        ),
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
        door(
            "resources::archive in a workspace",
            "resource.archived",
            ITS_OWNER,
            WorkspacesResource,
            Page("/workspaces/{workspace}/resources/{resource}/archive", ""),
            Call(
                "POST",
                "/workspaces/{workspace_id}/resources/{resource_id}/archive",
                "",
            ),
        ),
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
        door(
            "resources::restore in a workspace",
            "resource.restored",
            ITS_OWNER,
            WorkspacesArchivedResource,
            Page("/workspaces/{workspace}/resources/{resource}/restore", ""),
            Call(
                "POST",
                "/workspaces/{workspace_id}/resources/{resource_id}/restore",
                "",
            ),
        ),
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
        door(
            "runs::report",
            "run.succeeded",
            ITS_OWNER,
            WorkspaceOfOwner,
            No("the host product reports its runs; there is no page for it"),
            Call(
                "POST",
                "/workspaces/{workspace_id}/runs",
                r#"{"runs": [{"external_id": "r{n}", "status": "succeeded", "finished_at": "2026-03-01T10:00:00Z"}]}"#,
            ),
        ),
    ),
    inside(
        WRITE_WHAT_ADMINS_WRITE,
        door(
            "runs::report_events",
            "product.report.exported",
            ITS_OWNER,
            WorkspaceOfOwner,
            No("the host product writes into the log; there is no page for it"),
            Call(
                "POST",
                "/workspaces/{workspace_id}/events",
                r#"{"events": [{"external_id": "e{n}", "category": "resource", "action": "report.exported"}]}"#,
            ),
        ),
    ),
    door(
        "runs::report_events of the organization",
        "product.report.exported",
        MANAGERS,
        Nothing,
        No("the host product writes into the log; there is no page for it"),
        Call(
            "POST",
            "/organizations/{org_id}/events",
            r#"{"events": [{"external_id": "e{n}", "category": "resource", "action": "report.exported"}]}"#,
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "grants::set",
            "access.grants_changed",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            MemberOfWorkspace,
            Page(
                "/workspaces/{workspace}/members/{user}/grants",
                "kind=monitor&mode=only&when_empty=none&confirmed=yes",
            ),
            Call(
                "PUT",
                "/workspaces/{workspace_id}/members/{user_id}/grants",
                r#"{"kind": "monitor", "only": [], "when_empty": "none"}"#,
            ),
        ),
    ),
];
