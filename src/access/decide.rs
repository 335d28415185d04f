//! The decision: may this person do this to that? One function, which pages, calls, imports and host products ask, and
//! which says how it came to its answer (product.md, 3).
//!
//! Pure: the facts come in, the answer and the steps that led there go out. `checks` reads the facts from the database.

use super::question::*;
use super::{Level, OrgRole, WorkspaceRole, enters_by_role};

/// Decides. The steps are those of product.md, 3, in its order; the first that refuses ends the walk.
pub fn decide(who: &Who<'_>, action: Action, target: &Target<'_>) -> Decision {
    let mut steps = Vec::with_capacity(7);
    let thing = match target {
        Target::Resource(thing) => Some(thing),
        Target::Workspace => None,
    };
    match walk(&mut steps, who, action, thing) {
        Ok(decided_by) => Decision {
            allowed: true,
            hidden: false,
            steps,
            decided_by,
        },
        Err(hidden) => {
            // Who may not see it must not learn from "forbidden" that it is there.
            let hidden = hidden
                || (action != Action::View
                    && walk(&mut Vec::new(), who, Action::View, thing) == Err(true));
            Decision {
                allowed: false,
                hidden,
                decided_by: steps.len() - 1,
                steps,
            }
        }
    }
}

/// What a refusing step leaves: whether the thing must look as if it weren't there.
type Hidden = bool;

/// Asks rule after rule. Gives the place of the step that allowed.
fn walk(
    steps: &mut Vec<Step>,
    who: &Who<'_>,
    action: Action,
    thing: Option<&Thing<'_>>,
) -> Result<usize, Hidden> {
    let private = private(who, thing);
    steps.push(Step::Private(private));
    if private == Private::SomebodyElses {
        return Err(true);
    }
    steps.push(Step::Membership(who.membership));
    if matches!(who.membership, Membership::Suspended | Membership::None) {
        return Err(true);
    }
    // A viewer of the organization reads everywhere and writes nowhere (product.md, 2, rule 4).
    let capped = who.membership == Membership::Active(OrgRole::Viewer);
    if private == Private::Own {
        cap(steps, capped, action)?;
        entitlement(steps, thing)?;
        return Ok(0);
    }
    let role = role(who, thing);
    if role == RoleFound::None {
        steps.push(Step::Role(role));
        return Err(true);
    }
    cap(steps, capped, action)?;
    steps.push(Step::Role(role));
    let decided_by = steps.len();
    let found = permission(who, action, thing, role);
    steps.push(Step::Permission(found));
    if found == PermissionFound::Lacking {
        return Err(action == Action::View);
    }
    let grants = grants(who, thing, role);
    steps.push(Step::Grants(grants));
    if grants == GrantsFound::NotGranted {
        return Err(true);
    }
    entitlement(steps, thing)?;
    Ok(decided_by)
}

fn private(who: &Who<'_>, thing: Option<&Thing<'_>>) -> Private {
    match thing {
        Some(thing) if thing.kind.level == Level::Private => {
            if thing.owner == Some(who.user) {
                Private::Own
            } else {
                Private::SomebodyElses
            }
        }
        _ => Private::No,
    }
}

fn cap(steps: &mut Vec<Step>, capped: bool, action: Action) -> Result<(), Hidden> {
    let stands = capped && action != Action::View;
    steps.push(Step::ViewerCap(stands));
    if stands { Err(false) } else { Ok(()) }
}

fn role(who: &Who<'_>, thing: Option<&Thing<'_>>) -> RoleFound {
    if let (Some(thing), Membership::Active(role)) = (thing, who.membership)
        && thing.kind.level == Level::Organization
    {
        return RoleFound::OfOrganization(role);
    }
    if let Some(highest) = who.rows.iter().map(|row| row.role).max() {
        return RoleFound::Rows {
            highest,
            custom: who.rows.iter().any(|row| row.role == WorkspaceRole::Custom),
        };
    }
    match who.membership {
        Membership::Active(role) if enters_by_role(role, who.admins_enter) => RoleFound::Entered,
        _ => RoleFound::None,
    }
}

fn permission(
    who: &Who<'_>,
    action: Action,
    thing: Option<&Thing<'_>>,
    role: RoleFound,
) -> PermissionFound {
    let by_role = match role {
        RoleFound::OfOrganization(role) => organization_allows(role, action, thing),
        RoleFound::Rows { highest, .. } => workspace_allows(highest, action, thing),
        RoleFound::Entered => workspace_allows(WorkspaceRole::Admin, action, thing),
        RoleFound::None => false,
    };
    match (by_role, thing) {
        (true, _) => PermissionFound::ByRole,
        // Whoever has a custom role may open the workspace; what they see in it is what the role lists.
        (false, None) if action == Action::View => PermissionFound::ByRole,
        (false, Some(thing)) if matches!(role, RoleFound::Rows { custom: true, .. }) => {
            listed(who, action, thing)
        }
        (false, _) => PermissionFound::Lacking,
    }
}

/// What a fixed workspace role allows (product.md, 3).
fn workspace_allows(role: WorkspaceRole, action: Action, thing: Option<&Thing<'_>>) -> bool {
    let lowest = match (action, thing) {
        (Action::View, _) => WorkspaceRole::Viewer,
        (Action::Run, Some(_)) => WorkspaceRole::Member,
        (Action::Create | Action::Edit | Action::Delete, Some(thing)) => thing.kind.writers,
        (Action::Delete, None) => WorkspaceRole::Owner,
        (_, None) => WorkspaceRole::Admin,
        (Action::ManageMembers, Some(_)) => return false,
    };
    role >= lowest
}

/// What an organization role allows on the organization's own things: every member opens them; owners and admins manage
/// them, members write the kinds open to members (S4-5, S4-10, S4-12).
fn organization_allows(role: OrgRole, action: Action, thing: Option<&Thing<'_>>) -> bool {
    let Some(thing) = thing else { return false };
    match action {
        Action::View => true,
        Action::Run => matches!(role, OrgRole::Owner | OrgRole::Admin | OrgRole::Member),
        Action::Create | Action::Edit | Action::Delete => {
            matches!(role, OrgRole::Owner | OrgRole::Admin)
                || (role == OrgRole::Member && thing.kind.writers == WorkspaceRole::Member)
        }
        Action::ManageMembers => false,
    }
}

fn listed(who: &Who<'_>, action: Action, thing: &Thing<'_>) -> PermissionFound {
    let mut lines = who
        .rows
        .iter()
        .flat_map(|row| row.permissions)
        .filter(|line| line.actions.allow(action));
    let mut found = PermissionFound::Lacking;
    for line in &mut lines {
        match line.resource {
            None if line.kind == thing.kind.name => return PermissionFound::ByKind,
            Some(id) if thing.chain.iter().any(|link| link.id == id) => {
                found = PermissionFound::ByResource
            }
            _ => {}
        }
    }
    found
}

/// Grants: of every kind that the thing or what it lies in belongs to, and in which the person is limited, one of the
/// chain must be granted.
fn grants(who: &Who<'_>, thing: Option<&Thing<'_>>, role: RoleFound) -> GrantsFound {
    let Some(thing) = thing.filter(|thing| thing.kind.level == Level::Workspace) else {
        return GrantsFound::NotApplicable;
    };
    match role {
        RoleFound::Entered => return GrantsFound::Unlimited,
        RoleFound::Rows { highest, .. } if highest >= WorkspaceRole::Admin => {
            return GrantsFound::Unlimited;
        }
        _ => {}
    }
    let mut found = GrantsFound::NoneSet;
    for limit in who.limits {
        let concerns =
            limit.kind == thing.kind.name || thing.chain.iter().any(|link| link.kind == limit.kind);
        if !concerns {
            continue;
        }
        if !thing
            .chain
            .iter()
            .any(|link| link.kind == limit.kind && limit.granted.contains(&link.id))
        {
            return GrantsFound::NotGranted;
        }
        found = GrantsFound::Granted;
    }
    found
}

fn entitlement(steps: &mut Vec<Step>, thing: Option<&Thing<'_>>) -> Result<(), Hidden> {
    let needed = thing
        .filter(|thing| thing.kind.entitlement.is_some())
        .map(|thing| thing.entitled);
    steps.push(Step::Entitlement(needed));
    if needed == Some(false) {
        Err(false)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::known_kind;

    fn monitor(id: &str) -> [Link<'_>; 1] {
        [Link {
            kind: "monitor",
            id,
        }]
    }

    fn asks(
        who: &Who<'_>,
        action: Action,
        kind: &str,
        chain: &[Link<'_>],
        owner: Option<&str>,
    ) -> Decision {
        let kind = known_kind(kind).expect("a kind");
        decide(
            who,
            action,
            &Target::Resource(Thing {
                kind,
                owner,
                chain,
                entitled: false,
            }),
        )
    }

    fn member<'a>(role: OrgRole, rows: &'a [Held<'a>]) -> Who<'a> {
        Who {
            user: "usr_1",
            membership: Membership::Active(role),
            rows,
            admins_enter: false,
            limits: &[],
        }
    }

    fn held(role: WorkspaceRole) -> [Held<'static>; 1] {
        [Held {
            role,
            permissions: &[],
        }]
    }

    #[test]
    fn s5_24_each_workspace_role_allows_its_own_and_all_below() {
        let table = [
            (
                WorkspaceRole::Viewer,
                "monitor",
                [true, false, false, false, false],
            ),
            (
                WorkspaceRole::Member,
                "monitor",
                [true, true, false, false, false],
            ),
            (
                WorkspaceRole::Member,
                "schedule",
                [true, true, true, true, true],
            ),
            (
                WorkspaceRole::Admin,
                "monitor",
                [true, true, true, true, true],
            ),
            (
                WorkspaceRole::Owner,
                "monitor",
                [true, true, true, true, true],
            ),
        ];
        for (role, kind, row) in table {
            let rows = held(role);
            for (action, expected) in ACTIONS.into_iter().zip(row) {
                let said = asks(
                    &member(OrgRole::Member, &rows),
                    action,
                    kind,
                    &[Link { kind, id: "res_1" }],
                    None,
                );
                assert_eq!(said.allowed, expected, "{role:?} {action:?} {kind}");
                assert!(!said.hidden, "{role:?} sees it");
            }
        }
    }

    #[test]
    fn s2_12_s3_2_the_viewer_cap_lets_read_and_nothing_else() {
        let rows = held(WorkspaceRole::Owner);
        let who = member(OrgRole::Viewer, &rows);
        assert!(asks(&who, Action::View, "monitor", &monitor("res_1"), None).allowed);
        let run = asks(&who, Action::Run, "monitor", &monitor("res_1"), None);
        assert_eq!(
            (run.allowed, run.hidden, run.steps.last()),
            (false, false, Some(&Step::ViewerCap(true)))
        );
    }

    #[test]
    fn s2_33_e13_what_is_not_granted_is_hidden_whatever_is_tried() {
        let rows = held(WorkspaceRole::Viewer);
        let limits = [Limit {
            kind: "monitor",
            granted: &["res_1"],
        }];
        let who = Who {
            limits: &limits,
            ..member(OrgRole::Member, &rows)
        };
        assert!(asks(&who, Action::View, "monitor", &monitor("res_1"), None).allowed);
        for action in ACTIONS {
            let said = asks(&who, action, "monitor", &monitor("res_2"), None);
            assert!(!said.allowed && said.hidden, "{action:?}");
        }
    }

    #[test]
    fn s4_11_a_private_thing_is_its_owners_alone() {
        let rows = held(WorkspaceRole::Owner);
        let who = member(OrgRole::Owner, &rows);
        let chat = [Link {
            kind: "chat",
            id: "res_1",
        }];
        assert!(asks(&who, Action::Edit, "chat", &chat, Some("usr_1")).allowed);
        let other = asks(&who, Action::View, "chat", &chat, Some("usr_2"));
        assert_eq!(
            (other.allowed, other.hidden, other.steps.len()),
            (false, true, 1)
        );
    }

    #[test]
    fn s3_34_a_custom_role_reaches_what_lies_below_and_stops_there() {
        let field = [
            Link {
                kind: "field",
                id: "res_f",
            },
            Link {
                kind: "table",
                id: "res_t",
            },
            Link {
                kind: "app",
                id: "res_a",
            },
        ];
        let lines = [Permitted {
            kind: "table",
            resource: Some("res_t"),
            actions: Actions::none().with(Action::View, true),
        }];
        let rows = [Held {
            role: WorkspaceRole::Custom,
            permissions: &lines,
        }];
        let who = member(OrgRole::Member, &rows);
        assert!(asks(&who, Action::View, "field", &field, None).allowed);
        assert!(asks(&who, Action::View, "app", &field[2..], None).hidden);
        let edit = asks(&who, Action::Edit, "field", &field, None);
        assert_eq!((edit.allowed, edit.hidden), (false, false));
    }

    #[test]
    fn s5_11_an_organization_admin_enters_by_policy_and_an_explicit_row_wins() {
        let who = Who {
            admins_enter: true,
            ..member(OrgRole::Admin, &[])
        };
        assert!(asks(&who, Action::Edit, "monitor", &monitor("res_1"), None).allowed);
        let rows = held(WorkspaceRole::Viewer);
        let limited = Who {
            admins_enter: true,
            ..member(OrgRole::Admin, &rows)
        };
        assert!(!asks(&limited, Action::Edit, "monitor", &monitor("res_1"), None).allowed);
        assert!(
            asks(
                &member(OrgRole::Admin, &[]),
                Action::View,
                "monitor",
                &monitor("res_1"),
                None
            )
            .hidden
        );
    }
}
