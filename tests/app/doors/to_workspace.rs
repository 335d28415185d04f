//! Operations on workspace invitations.

use super::inside::LOOK_AFTER;
use super::table::Way::{Call, Page};
use super::table::{Door, MANAGERS_AND_THE_REST_NOT_FOUND, door, inside};
use super::world::Needs::*;

pub const WORKSPACE_INVITATION_DOORS: &[Door] = &[
    inside(
        LOOK_AFTER,
        door(
            "invitations::invite_to_workspace",
            "invitation.created",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            MemberOfWorkspace,
            Page(
                "/workspaces/{workspace}/members/invite",
                "email=w{n}@x.test&role=member",
            ),
            Call(
                "POST",
                "/workspaces/{workspace}/members/invite",
                r#"{"email": "w{n}@x.test", "role": "member"}"#,
            ),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "invitations::withdraw_from_workspace",
            "invitation.changed",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            InvitationToWorkspace,
            Page(
                "/workspaces/{workspace}/invitations/{invitation}/withdraw",
                "",
            ),
            Call(
                "DELETE",
                "/workspaces/{workspace}/invitations/{invitation}",
                "",
            ),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "invitations::copy_link_to_workspace",
            "invitation.link_copied",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            WorkspaceInvitation,
            Page("/workspaces/{workspace}/invitations/{invitation}/link", ""),
            Call(
                "POST",
                "/workspaces/{workspace}/invitations/{invitation}/link",
                "",
            ),
        ),
    ),
];
