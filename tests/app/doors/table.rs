//! Every operation that changes something, who may do it, and how it is done through each door.

use super::inside::{BY_ORGANIZATION_ROLE, DELETE, Grid, LINK, LOOK_AFTER};
use super::world::Needs;

pub struct Door {
    /// The operation.
    pub name: &'static str,
    /// What the audit log says of it.
    pub event: &'static str,
    /// A letter for each of the cast: `d` it is done, `f` forbidden, `n` not found, `s` sign in first.
    pub who: &'static str,
    pub needs: Needs,
    pub page: Way,
    pub call: Way,
    /// The letters by call, where a token may less than its person at the browser.
    pub by_call: Option<&'static str>,
    /// It leaves the cast another than before, so each try has a world of its own.
    pub alone: bool,
    /// The letters by organization role and by role in the workspace, where it is done in one ([`super::inside`]).
    pub inside: Option<Grid>,
}

pub enum Way {
    /// `POST` to this page with these fields.
    Page(&'static str, &'static str),
    /// This method, address and body.
    Call(&'static str, &'static str, &'static str),
    /// There is no such way, and why.
    None(&'static str),
}

/// Who may do it, by the letters above: owner, admin, billing, member, viewer, suspended, stranger, nobody, anonymous.
/// Owners and admins; for everybody else the workspace isn't there.
pub const MANAGERS_AND_THE_REST_NOT_FOUND: &str = "ddnnnnnns";
pub const MANAGERS: &str = "ddfffnnns";
const OWNERS: &str = "dffffnnns";
const MEMBERS: &str = "ddddddnns";
pub const ANYBODY: &str = "dddddddds";
pub const ITS_OWNER: &str = "dnnnnnnns";

pub const fn door(
    name: &'static str,
    event: &'static str,
    who: &'static str,
    needs: Needs,
    page: Way,
    call: Way,
) -> Door {
    Door {
        name,
        event,
        who,
        needs,
        page,
        call,
        by_call: None,
        alone: false,
        inside: None,
    }
}

pub const fn alone(door: Door) -> Door {
    Door {
        alone: true,
        ..door
    }
}

/// What is done in a workspace, or with one, says its letters there.
pub const fn inside(grid: Grid, door: Door) -> Door {
    Door {
        inside: Some(grid),
        ..door
    }
}

use Needs::*;
use Way::{Call, Page};

pub const MEMBERS_DOORS: &[Door] = &[
    door(
        "members::change_role",
        "member.role_changed",
        MANAGERS,
        Member,
        Page("/orgs/{org}/members/{member}/role", "role=viewer"),
        Call(
            "PUT",
            "/organizations/{org_id}/members/{member_id}",
            r#"{"org_role": "viewer"}"#,
        ),
    ),
    door(
        "members::suspend",
        "member.suspended",
        MANAGERS,
        Member,
        Page("/orgs/{org}/members/{member}/suspend", ""),
        Call(
            "POST",
            "/organizations/{org_id}/members/{member_id}/suspend",
            "",
        ),
    ),
    door(
        "members::reinstate",
        "member.reinstated",
        MANAGERS,
        SuspendedMember,
        Page("/orgs/{org}/members/{member}/reinstate", ""),
        Call(
            "POST",
            "/organizations/{org_id}/members/{member_id}/reinstate",
            "",
        ),
    ),
    door(
        "members::remove",
        "member.removed",
        MANAGERS,
        Member,
        Page("/orgs/{org}/members/{member}/remove", ""),
        Call("DELETE", "/organizations/{org_id}/members/{member_id}", ""),
    ),
    door(
        "invitations::invite",
        "invitation.created",
        MANAGERS,
        Nothing,
        Page(
            "/orgs/{org}/members/invite",
            "email=i{n}@x.test&role=member",
        ),
        Call(
            "POST",
            "/organizations/{org_id}/members/invite",
            r#"{"email": "i{n}@x.test", "org_role": "member", "workspace_access": []}"#,
        ),
    ),
    door(
        "members::change_role of somebody invited",
        "member.role_changed",
        MANAGERS,
        Invitation,
        Page("/orgs/{org}/invitations/{invitation}/role", "role=member"),
        Call(
            "PUT",
            "/organizations/{org_id}/invitations/{invitation_id}",
            r#"{"org_role": "member"}"#,
        ),
    ),
    inside(
        BY_ORGANIZATION_ROLE,
        door(
            "invitations::change",
            "invitation.changed",
            MANAGERS,
            InvitationAndWorkspace,
            Page(
                "/orgs/{org}/invitations/{invitation}",
                "role=viewer&workspace[]={slug}&access[]=viewer",
            ),
            Call(
                "PUT",
                "/organizations/{org_id}/invitations/{invitation_id}",
                r#"{"workspace_access": [{"workspace_id": "{workspace}", "role": "viewer"}]}"#,
            ),
        ),
    ),
    door(
        "invitations::resend",
        "invitation.resent",
        MANAGERS,
        Invitation,
        Page("/orgs/{org}/invitations/{invitation}/resend", ""),
        Call(
            "POST",
            "/organizations/{org_id}/invitations/{invitation_id}/resend",
            "",
        ),
    ),
    door(
        "invitations::copy_link",
        "invitation.link_copied",
        MANAGERS,
        Invitation,
        Page("/orgs/{org}/invitations/{invitation}/link", ""),
        Call(
            "POST",
            "/organizations/{org_id}/invitations/{invitation_id}/link",
            "",
        ),
    ),
    door(
        "invitations::revoke",
        "invitation.revoked",
        MANAGERS,
        Invitation,
        Page("/orgs/{org}/invitations/{invitation}/revoke", ""),
        Call(
            "DELETE",
            "/organizations/{org_id}/invitations/{invitation_id}",
            "",
        ),
    ),
];

pub const ORGANIZATION_DOORS: &[Door] = &[
    door(
        "organizations::create",
        "organization.created",
        ANYBODY,
        Nothing,
        Page("/orgs/new", "name=New+{n}"),
        Call("POST", "/organizations", r#"{"name": "New {n}"}"#),
    ),
    door(
        "organizations::change_details",
        "organization.renamed",
        MANAGERS,
        Nothing,
        Page("/orgs/{org}/settings", "name=Acme+{n}&slug=acme-corp"),
        Call("PUT", "/organizations/{org_id}", r#"{"name": "Acme {n}"}"#),
    ),
    door(
        "organizations::change_policies",
        "organization.policies_changed",
        MANAGERS,
        Nothing,
        Page(
            "/orgs/{org}/policies",
            "who_invites=owners_and_admins&admins_create=yes&invite_domains=&invitation_days=7&roles_offered=full&allow_email=yes\
             &allow_github=yes&session_idle_hours=24&session_absolute_days=14&token_days=365&support_contact=desk+{n}",
        ),
        Call(
            "PUT",
            "/organizations/{org_id}/policies",
            r#"{"support_contact": "desk {n}"}"#,
        ),
    ),
    door(
        "workspaces::create_in",
        "workspace.created",
        MANAGERS,
        Nothing,
        Page("/orgs/{org}/workspaces/new", "name=Work+{n}"),
        Call(
            "POST",
            "/organizations/{org_id}/workspaces",
            r#"{"name": "Work {n}"}"#,
        ),
    ),
    inside(
        LINK,
        door(
            "workspaces::link",
            "workspace.linked",
            MANAGERS,
            OwnWorkspace,
            Page("/orgs/{org}/workspaces/link", "workspace={workspace}"),
            Call(
                "POST",
                "/organizations/{org_id}/workspaces",
                r#"{"workspace_id": "{workspace}"}"#,
            ),
        ),
    ),
    inside(
        BY_ORGANIZATION_ROLE,
        door(
            "workspaces::unlink",
            "workspace.unlinked",
            MANAGERS,
            OwnersWorkspace,
            Page("/orgs/{org}/workspaces/{workspace}/unlink", ""),
            Call(
                "DELETE",
                "/organizations/{org_id}/workspaces/{workspace_id}",
                "",
            ),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "workspaces::change_details",
            "workspace.renamed",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            OwnersWorkspace,
            Page("/workspaces/{workspace}/settings", "name=Else+{n}"),
            Call(
                "PUT",
                "/workspaces/{workspace_id}",
                r#"{"name": "Else {n}"}"#,
            ),
        ),
    ),
    inside(
        DELETE,
        door(
            "workspaces::delete",
            "workspace.deleted",
            "dfnnnnnns",
            OwnersWorkspace,
            Page(
                "/workspaces/{workspace}/settings/delete",
                "confirm=Place+{n}",
            ),
            Call(
                "DELETE",
                "/workspaces/{workspace_id}?confirm=Place%20{n}",
                "",
            ),
        ),
    ),
    door(
        "audit::export",
        "audit.exported",
        MANAGERS,
        Nothing,
        Page("/orgs/{org}/audit/export", "format=csv"),
        Call(
            "POST",
            "/organizations/{org_id}/audit/export",
            r#"{"format": "jsonl"}"#,
        ),
    ),
    door(
        "audit::undo",
        "member.role_changed",
        MANAGERS,
        ChangedRole,
        Page("/orgs/{org}/audit/{event}/undo", ""),
        Call("POST", "/organizations/{org_id}/audit/{event_id}/undo", ""),
    ),
    alone(door(
        "organizations::transfer",
        "organization.ownership_transferred",
        OWNERS,
        SignedInMember,
        Page("/orgs/{org}/settings/transfer/{member}", ""),
        Call(
            "POST",
            "/organizations/{org_id}/transfer",
            r#"{"member_id": "{member}"}"#,
        ),
    )),
    alone(door(
        "members::leave",
        "member.left",
        MEMBERS,
        SecondOwner,
        Page("/orgs/{org}/settings/leave", ""),
        Call("POST", "/organizations/{org_id}/leave", ""),
    )),
    alone(door(
        "organizations::delete",
        "organization.deleted",
        OWNERS,
        Nothing,
        Page("/orgs/{org}/settings/delete", "confirm=Acme+Corp"),
        Call("DELETE", "/organizations/{org_id}?confirm=Acme%20Corp", ""),
    )),
];

pub const ROLE_DOORS: &[Door] = &[
    door(
        "roles::create",
        "custom_role.created",
        MANAGERS,
        Nothing,
        Page("/orgs/{org}/roles/custom/new", "name=Role+{n}"),
        Call(
            "POST",
            "/organizations/{org_id}/roles",
            r#"{"name": "Role {n}"}"#,
        ),
    ),
    door(
        "roles::change_details",
        "custom_role.changed",
        MANAGERS,
        CustomRole,
        Page(
            "/orgs/{org}/roles/custom/{role}/details",
            "name=Changed+{n}",
        ),
        Call(
            "PUT",
            "/organizations/{org_id}/roles/{role_id}",
            r#"{"name": "Changed {n}"}"#,
        ),
    ),
    door(
        "roles::set_permissions",
        "custom_role.permissions_changed",
        MANAGERS,
        CustomRole,
        Page(
            "/orgs/{org}/roles/custom/{role}/permissions",
            "may[]=table:edit&do=confirm",
        ),
        Call(
            "PUT",
            "/organizations/{org_id}/roles/{role_id}/permissions",
            r#"{"permissions": [{"kind": "table", "actions": ["edit"]}]}"#,
        ),
    ),
    door(
        "roles::delete",
        "custom_role.deleted",
        MANAGERS,
        CustomRole,
        Page(
            "/orgs/{org}/roles/custom/{role}/delete",
            "confirm=Target+{n}",
        ),
        Call(
            "DELETE",
            "/organizations/{org_id}/roles/{role_id}?confirm=Target%20{n}",
            "",
        ),
    ),
];

pub const OWN_DOORS: &[Door] = &[
    inside(
        LOOK_AFTER,
        door(
            "workspaces::set_access",
            "access.changed",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            MemberOfWorkspace,
            Page("/workspaces/{workspace}/members/{user}", "role=member"),
            Call(
                "PUT",
                "/workspaces/{workspace}/members/{user}",
                r#"{"role": "member"}"#,
            ),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "workspaces::set_access by the page with every role",
            "access.changed",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            MemberOfWorkspace,
            Page("/workspaces/{workspace}/members/{user}/role", "role=member"),
            Way::None("a call names any role itself"),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "workspaces::set_access to nothing",
            "access.taken",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            MemberOfWorkspace,
            Page("/workspaces/{workspace}/members/{user}/remove", ""),
            Call("DELETE", "/workspaces/{workspace}/members/{user}", ""),
        ),
    ),
    door(
        "workspaces::create_standalone",
        "workspace.created",
        ANYBODY,
        Nothing,
        Page("/workspaces/new", "name=Own+{n}"),
        Call("POST", "/workspaces", r#"{"name": "Own {n}"}"#),
    ),
    door(
        "invitations::decline",
        "invitation.declined",
        ANYBODY,
        InvitationToSelf,
        Page("/invitations/{key}/decline", ""),
        Call("POST", "/invitations/{key}/decline", ""),
    ),
    alone(door(
        "invitations::accept",
        "invitation.accepted",
        ANYBODY,
        InvitationToSelf,
        Page("/invitations/{key}/accept", ""),
        Call("POST", "/invitations/{key}/accept", ""),
    )),
];

/// Routes that change something and are shown elsewhere, or have no actor yet, and why.
pub const ELSEWHERE: &[(&str, &str)] = &[
    (
        "/orgs/{org}/billing/portal",
        "changes nothing here: tests/app/stripe/checkout.rs",
    ),
    (
        "/organizations/{org_id}/billing/portal",
        "changes nothing here: tests/app/stripe/checkout.rs",
    ),
    (
        "/access/check",
        "asks, and changes nothing: tests/app/decisions",
    ),
    (
        "/organizations/{org_id}/leases/{lease_id}",
        "keeping a lease for longer is no event: tests/app/billing/leases.rs",
    ),
    ("/sign-in", "nobody is signed in yet: tests/app/sign_in.rs"),
    (
        "/sign-in/code",
        "nobody is signed in yet: tests/app/sign_in.rs",
    ),
    (
        "/sign-in/{token}",
        "nobody is signed in yet: tests/app/sign_in.rs",
    ),
    (
        "/sign-out",
        "ends the browser's own session and nothing else: tests/app/sign_in.rs",
    ),
    (
        "/invitations/{token}/switch",
        "signs out: tests/app/invitations",
    ),
    (
        "/invitations/{token}/close-and-join",
        "needs one organization for each account: tests/app/invitations/one_organization.rs",
    ),
    ("/invitations/{key}/close-and-join", "the same over the API"),
    (
        "/account/security/addresses",
        "asks for a mail, and changes nothing by itself: tests/app/security.rs",
    ),
    (
        "/account/security/github/link",
        "needs GitHub: tests/app/sign_in_github.rs",
    ),
    (
        "/account/security/delete",
        "leaves the organizations too, each with its own event: tests/app/security.rs",
    ),
];
