//! Who may do what, as tables, and the decision with its steps. Pure: no database, no clock. Pages ask the same functions
//! that operations ask.

mod decide;
mod kinds;
mod question;
mod roles;

pub use decide::decide;
pub use kinds::{KINDS, Kind, Level, known_kind};
pub use question::{
    ACTIONS, Action, Actions, Decision, GrantsFound, Held, Limit, Link, Membership,
    PermissionFound, Permitted, Private, RoleFound, Step, Target, Thing, Who,
};
pub use roles::{
    OrgRole, PERMISSIONS, Permission, ROLES, WORKSPACE_ROLES, WorkspaceRole, permissions_of,
};

use crate::error::{Refusal, Result};

/// Whether a role holds a permission (product.md, 2).
pub fn allows(role: OrgRole, permission: Permission) -> bool {
    permissions_of(role).contains(&permission)
}

/// Refuses unless the role holds the permission. The words say who can help.
pub fn require(role: OrgRole, permission: Permission) -> Result<()> {
    if allows(role, permission) {
        return Ok(());
    }
    if role == OrgRole::Billing && permission.is_workspace_work() {
        return Err(billing_only());
    }
    let who = who_holds(permission);
    Err(Refusal::forbidden(
        "role_lacks_permission",
        format!(
            "Your role, {}, can't {}. {who} can.",
            role.label(),
            permission.verb()
        ),
    ))
}

/// E7
fn billing_only() -> Refusal {
    Refusal::forbidden(
        "billing_role_no_workspace",
        "Your role manages billing only. Ask an owner for a workspace role.",
    )
}

/// The roles that hold a permission, as the start of a sentence: "Owners and admins".
pub fn who_holds(permission: Permission) -> String {
    let holders: Vec<&str> = ROLES
        .iter()
        .filter(|r| allows(**r, permission))
        .map(|r| r.plural())
        .collect();
    let words = match holders.as_slice() {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    };
    let mut letters = words.chars();
    letters
        .next()
        .map(|c| c.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// No one gives what they don't hold: a role may be given, changed or taken away by somebody whose permissions include
/// all of that role's (product.md, 2, rule 2).
pub fn covers(actor: OrgRole, role: OrgRole) -> bool {
    permissions_of(role).iter().all(|p| allows(actor, *p))
}

/// May somebody with `actor` invite a person as `offered`, under the organization's policy on who invites?
pub fn may_invite(actor: OrgRole, owners_only: bool, offered: OrgRole) -> Result<()> {
    require(actor, Permission::ManageMembers)?;
    if owners_only && actor != OrgRole::Owner {
        return Err(Refusal::forbidden(
            "owners_invite",
            "In this organization only owners invite. Ask an owner, or ask them to change the policy.",
        ));
    }
    may_give(actor, offered)
}

/// Whether an invitation by GitHub username may offer a role: one that reads and writes, or one that reads (S2-21).
pub fn is_given_by_username(role: OrgRole) -> bool {
    matches!(role, OrgRole::Member | OrgRole::Viewer)
}

/// May somebody with `actor` hand out `offered`?
pub fn may_give(actor: OrgRole, offered: OrgRole) -> Result<()> {
    if covers(actor, offered) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "role_above_own",
        format!(
            "You can't give the role {}: it allows things that yours doesn't. Ask an owner.",
            offered.label()
        ),
    ))
}

/// May somebody with `actor` change a member from one role to another? `own` says that the member is the actor.
pub fn may_change_role(actor: OrgRole, from: OrgRole, to: OrgRole, own: bool) -> Result<()> {
    if own {
        // Stepping down is anybody's right; the last owner is held back by the count after the write.
        return if covers(from, to) {
            Ok(())
        } else {
            Err(own_raise())
        };
    }
    require(actor, Permission::ManageMembers)?;
    may_touch(actor, from)?;
    may_give(actor, to)
}

fn own_raise() -> Refusal {
    Refusal::forbidden(
        "own_role_upward",
        "You can't give yourself more than you have. Ask an owner to change your role.",
    )
}

/// May somebody with `actor` suspend, remove or otherwise act on a member who has `role`?
pub fn may_touch(actor: OrgRole, role: OrgRole) -> Result<()> {
    require(actor, Permission::ManageMembers)?;
    if covers(actor, role) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "member_above_own",
        format!(
            "You can't change somebody whose role is {}: that role allows things that yours doesn't. Ask an owner.",
            role.label()
        ),
    ))
}

/// May somebody with `actor` create a workspace in the organization, under its policy on whether admins do (S1-30, S1-31)?
pub fn may_create_workspace(actor: OrgRole, admins_create: bool) -> Result<()> {
    require(actor, Permission::LinkWorkspaces)?;
    if admins_create || actor == OrgRole::Owner {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "owners_create",
        "In this organization only owners create workspaces. Ask an owner, or ask them to change the policy.",
    ))
}

/// May somebody with `actor` change the policies that say what admins may do? Owners only, because an admin who did
/// would raise themselves (product.md, 2, rule 5; S2-14).
pub fn may_bound_admins(actor: OrgRole) -> bool {
    allows(actor, Permission::OwnOrganization)
}

/// May somebody with `actor` enter a workspace of the organization in which they have no row of their own? Owners and
/// admins may where the policy says so; they enter as admins of it (S5-11).
pub fn enters_by_role(actor: OrgRole, admins_enter: bool) -> bool {
    admins_enter && matches!(actor, OrgRole::Owner | OrgRole::Admin)
}

/// How many workspaces a member can open: those they have a role in, or all of them where their organization role lets
/// them in; none while they are suspended (S1-63).
pub fn opens(role: OrgRole, suspended: bool, admins_enter: bool, own: i64, all: i64) -> i64 {
    match suspended {
        true => 0,
        false if enters_by_role(role, admins_enter) => all,
        false => own,
    }
}

/// A workspace role as the organization role leaves it: a viewer writes nowhere (product.md, 2, rule 4).
pub fn capped(role: WorkspaceRole, organization: OrgRole) -> WorkspaceRole {
    if organization == OrgRole::Viewer {
        role.min(WorkspaceRole::Viewer)
    } else {
        role
    }
}

/// The highest workspace role that somebody may give, change or take away there, by their organization role and by their
/// own role in the workspace, entered by policy or not. `None`: they manage nobody's access (product.md, 2 and 3; S3-33).
pub fn gives_up_to(
    organization: Option<OrgRole>,
    workspace: Option<WorkspaceRole>,
) -> Option<WorkspaceRole> {
    let by_organization = match organization {
        Some(OrgRole::Owner) => Some(WorkspaceRole::Owner),
        Some(OrgRole::Admin) => Some(WorkspaceRole::Admin),
        // Reads everywhere and writes nowhere.
        Some(OrgRole::Viewer) => return None,
        _ => None,
    };
    by_organization.max(workspace.filter(|role| *role >= WorkspaceRole::Admin))
}

/// May somebody who gives up to `ceiling` ([`gives_up_to`]) change a person's role in a workspace? `from` and `to` are
/// `None` where there is no role before or after. `own` says that the person is the actor, whose organization role is
/// `organization`: nobody raises themselves, owners excepted (product.md, 2, rules 2 and 5).
pub fn may_set_access(
    ceiling: Option<WorkspaceRole>,
    organization: Option<OrgRole>,
    from: Option<WorkspaceRole>,
    to: Option<WorkspaceRole>,
    own: bool,
) -> Result<()> {
    // A custom role may list what somebody's own role doesn't allow, unless that allows everything.
    let no_more = if to == Some(WorkspaceRole::Custom) {
        from >= Some(WorkspaceRole::Admin)
    } else {
        to <= from
    };
    if own && no_more {
        return Ok(());
    }
    let Some(ceiling) = ceiling else {
        if organization == Some(OrgRole::Billing) {
            return Err(billing_only());
        }
        return Err(Refusal::forbidden(
            "role_lacks_permission",
            "You can't manage access here. Owners and admins of the organization and of the workspace can.",
        ));
    };
    if own && organization != Some(OrgRole::Owner) {
        return Err(Refusal::forbidden(
            "own_role_upward",
            "You can't give yourself more than you have. Ask an owner.",
        ));
    }
    if from > Some(ceiling) || to > Some(ceiling) {
        return Err(Refusal::forbidden(
            "role_above_own",
            "Only owners give, change or take away the role Owner of a workspace: it allows to delete the workspace.",
        ));
    }
    Ok(())
}

/// Refuses more than viewer for a viewer of the organization (product.md, 2, rule 4).
pub fn fits_under_cap(organization: OrgRole, role: WorkspaceRole) -> Result<()> {
    if capped(role, organization) == role {
        return Ok(());
    }
    Err(Refusal::conflict(
        "viewer_caps",
        "They are a viewer of the organization, who changes nothing in any workspace. Give them the role Viewer here, or change their \
         organization role first.",
    ))
}

/// May somebody start work that takes a slot of the organization's pool, in a workspace or, with `None`, in none that is
/// named? Viewers of the organization change nothing; the billing role alone does no work in workspaces (E7, S5-23).
pub fn may_run(organization: OrgRole, workspace: Option<Option<WorkspaceRole>>) -> Result<()> {
    let refused = |code, reason| Err(Refusal::forbidden(code, reason));
    match (organization, workspace) {
        (OrgRole::Viewer, _) => refused(
            "viewer_caps",
            "You are a viewer of the organization, who starts nothing. Ask an owner or admin.",
        ),
        (OrgRole::Billing, None | Some(None)) => Err(billing_only()),
        (_, Some(None)) => refused(
            "role_lacks_permission",
            "You have no role in this workspace. Its owners and admins can give you one.",
        ),
        (_, Some(Some(WorkspaceRole::Viewer))) => refused(
            "role_lacks_permission",
            "You are a viewer in this workspace, who starts nothing. Its owners and admins can change that.",
        ),
        _ => Ok(()),
    }
}

/// The organization roles that a key can have: none that owns, and none that pays.
pub const KEY_ROLES: [OrgRole; 3] = [OrgRole::Admin, OrgRole::Member, OrgRole::Viewer];

/// May somebody with `actor` make a key of the organization that is `role` in it, and `workspace` in each of its workspaces?
/// What a key does its maker can do with it, so it gets no further than they do themselves: into every workspace come owners,
/// who may set their own access, and admins where the policy lets them in (product.md, 2, rules 2 and 5).
pub fn may_make_key(
    actor: OrgRole,
    admins_enter: bool,
    role: OrgRole,
    workspace: Option<WorkspaceRole>,
) -> Result<()> {
    require(actor, Permission::ManageIntegrations)?;
    may_give(actor, role)?;
    if workspace.is_none() || reaches_all_workspaces(actor, admins_enter) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "own_role_upward",
        "This key would get further into workspaces than you do. An owner can make it; or make a key in a workspace that you administer.",
    ))
}

/// Whether somebody may make keys that reach every workspace of the organization.
pub fn reaches_all_workspaces(actor: OrgRole, admins_enter: bool) -> bool {
    actor == OrgRole::Owner || enters_by_role(actor, admins_enter)
}

/// May somebody make a key of a workspace, which is at most admin there? Its admins may, and owners of the organization, who
/// may set their own access.
pub fn may_make_workspace_key(
    organization: Option<OrgRole>,
    workspace: Option<WorkspaceRole>,
) -> Result<()> {
    may_see_workspace_keys(organization, workspace)?;
    if workspace >= Some(WorkspaceRole::Admin) || organization == Some(OrgRole::Owner) {
        return Ok(());
    }
    let reason = "This key would get further in the workspace than you do. Ask one of its admins to make it, or to make you one.";
    Err(Refusal::forbidden("own_role_upward", reason))
}

/// May somebody see and revoke a workspace's keys? Who manages access to it may.
pub fn may_see_workspace_keys(
    organization: Option<OrgRole>,
    workspace: Option<WorkspaceRole>,
) -> Result<()> {
    if gives_up_to(organization, workspace).is_some() {
        return Ok(());
    }
    if organization == Some(OrgRole::Billing) {
        return Err(billing_only());
    }
    let reason = "You can't manage keys here. Owners and admins of the organization and of the workspace can.";
    Err(Refusal::forbidden("role_lacks_permission", reason))
}

/// The roles that `actor` may hand out, highest first.
pub fn roles_to_give(actor: OrgRole) -> impl Iterator<Item = OrgRole> {
    ROLES.into_iter().filter(move |r| covers(actor, *r))
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrgRole::*;

    #[test]
    fn s1_30_s1_31_s1_32_s3_1_s3_5_s4_4_the_permission_table_is_the_one_of_the_product() {
        use Permission::*;
        let table = [
            (ViewDirectory, [true, true, true, true, true]),
            (ManageMembers, [true, true, false, false, false]),
            (LinkWorkspaces, [true, true, false, false, false]),
            (DeleteWorkspaces, [true, false, false, false, false]),
            (ManageIntegrations, [true, true, false, false, false]),
            (ViewUsage, [true, true, true, false, false]),
            (ViewAudit, [true, true, false, false, false]),
            (ManageSettings, [true, true, false, false, false]),
            (ManageBilling, [true, false, true, false, false]),
            (OwnOrganization, [true, false, false, false, false]),
        ];
        for (permission, row) in table {
            for (role, expected) in ROLES.into_iter().zip(row) {
                assert_eq!(
                    allows(role, permission),
                    expected,
                    "{role:?} {permission:?}"
                );
            }
        }
    }

    #[test]
    fn s2_10_nobody_gives_or_touches_what_they_do_not_hold() {
        for (actor, role, expected) in [
            (Owner, Owner, true),
            (Owner, Billing, true),
            (Admin, Owner, false),
            (Admin, Billing, false),
            (Admin, Admin, true),
            (Admin, Member, true),
            (Admin, Viewer, true),
        ] {
            assert_eq!(
                may_give(actor, role).is_ok(),
                expected,
                "{actor:?} gives {role:?}"
            );
            assert_eq!(
                may_touch(actor, role).is_ok(),
                expected,
                "{actor:?} touches {role:?}"
            );
        }
        for powerless in [Billing, Member, Viewer] {
            for role in ROLES {
                assert!(may_touch(powerless, role).is_err());
                assert!(may_change_role(powerless, role, Viewer, false).is_err());
            }
        }
    }

    #[test]
    fn sec_z4_nobody_gives_themselves_another_custom_role() {
        let own = |from, to| may_set_access(None, Some(Member), Some(from), Some(to), true);
        for from in [
            WorkspaceRole::Custom,
            WorkspaceRole::Viewer,
            WorkspaceRole::Member,
        ] {
            assert!(own(from, WorkspaceRole::Custom).is_err(), "{from:?}");
        }
        assert!(own(WorkspaceRole::Admin, WorkspaceRole::Custom).is_ok());
        assert!(own(WorkspaceRole::Member, WorkspaceRole::Viewer).is_ok());
        let admin = Some(WorkspaceRole::Admin);
        assert!(
            may_set_access(
                admin,
                Some(Admin),
                Some(WorkspaceRole::Custom),
                Some(WorkspaceRole::Custom),
                true
            )
            .is_err()
        );
    }

    #[test]
    fn sec_z4_nobody_raises_themselves_and_anybody_may_step_down() {
        assert!(may_change_role(Admin, Admin, Owner, true).is_err());
        assert!(may_change_role(Member, Member, Admin, true).is_err());
        assert!(may_change_role(Viewer, Viewer, Billing, true).is_err());
        assert!(may_change_role(Owner, Owner, Member, true).is_ok());
        assert!(may_change_role(Admin, Admin, Viewer, true).is_ok());
    }
}
