//! A decision in words: each step as a person reads it, and where to change what it found.

use super::Question;
use super::facts::{Facts, KnownSeat};
use super::known::KnownWorkspace;
use crate::access::{
    Action, Decision, GrantsFound, Membership, OrgRole, Permission, PermissionFound, Private,
    RoleFound, Step, WorkspaceRole, who_holds,
};

/// One step, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// For programs: `private`, `membership`, `viewer_cap`, `role`, `permission`, `grants`, `entitlement`.
    pub rule: &'static str,
    pub title: &'static str,
    pub text: String,
    pub verdict: Verdict,
    /// It decided.
    pub deciding: bool,
    /// Where what it found can be changed: one of our own paths.
    pub change_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Allowed,
    Refused,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// Why, for programs.
pub(super) fn code(decision: &Decision) -> &'static str {
    if decision.allowed {
        return "allowed";
    }
    let billing = decision
        .steps
        .iter()
        .any(|step| matches!(step, Step::Membership(Membership::Active(OrgRole::Billing))));
    match decision.steps.get(decision.decided_by) {
        _ if decision.hidden => "not_found",
        Some(Step::ViewerCap(_)) => "viewer_caps",
        Some(Step::Permission(_)) if billing => "billing_role_no_workspace",
        Some(Step::Entitlement(_)) => "plan_lacks_entitlement",
        _ => "role_lacks_permission",
    }
}

/// Every step of a decision about one question.
pub(super) fn steps(facts: &Facts, question: &Question, decision: &Decision) -> Vec<Shown> {
    let words = Words { facts, question };
    let last = decision.steps.len().saturating_sub(1);
    let shown = decision.steps.iter().enumerate().map(|(place, step)| {
        let verdict = match () {
            () if !decision.allowed && place == last => Verdict::Refused,
            () if decision.allowed && place == decision.decided_by => Verdict::Allowed,
            () => Verdict::Passed,
        };
        let (rule, title, text, change_at) = words.of(*step);
        Shown {
            rule,
            title,
            text,
            verdict,
            deciding: place == decision.decided_by,
            change_at,
        }
    });
    shown.collect()
}

/// The steps to what an organization role allows.
pub(super) fn organization_steps(
    membership: Membership,
    permission: Permission,
    allowed: bool,
) -> Vec<Shown> {
    let role = if let Membership::Active(role) = membership {
        role.label()
    } else {
        "none"
    };
    let verdict = if allowed {
        Verdict::Allowed
    } else {
        Verdict::Refused
    };
    let text = if allowed {
        format!("{role} includes: {}.", permission.label())
    } else {
        format!(
            "{role} doesn't include: {}. {} can.",
            permission.label(),
            who_holds(permission)
        )
    };
    vec![
        Shown {
            rule: "membership",
            title: "Membership",
            text: format!("An active member, as {role}."),
            verdict: Verdict::Passed,
            deciding: false,
            change_at: None,
        },
        Shown {
            rule: "permission",
            title: "Permission of the organization role",
            text,
            verdict,
            deciding: true,
            change_at: None,
        },
    ]
}

type Said = (&'static str, &'static str, String, Option<String>);

struct Words<'a> {
    facts: &'a Facts,
    question: &'a Question,
}

impl<'a> Words<'a> {
    fn of(&self, step: Step) -> Said {
        match step {
            Step::Private(found) => ("private", "Privacy", self.privacy(found), None),
            Step::Membership(found) => (
                "membership",
                "Membership",
                self.membership(found),
                self.member_page(),
            ),
            Step::ViewerCap(stands) => (
                "viewer_cap",
                "Organization role Viewer",
                self.cap(stands),
                self.member_page().filter(|_| stands),
            ),
            Step::Role(found) => ("role", "Role", self.role(found), self.role_page(found)),
            Step::Permission(found) => (
                "permission",
                "Permission of the role",
                self.permission(found),
                self.permission_page(),
            ),
            Step::Grants(found) => (
                "grants",
                "Grants",
                self.grants(found),
                self.grants_page(found),
            ),
            Step::Entitlement(found) => (
                "entitlement",
                "Plan",
                self.entitlement(found),
                self.billing_page(found),
            ),
        }
    }

    fn seat(&self) -> Option<&'a KnownSeat> {
        self.facts.seat(self.question)
    }

    fn workspace(&self) -> Option<&'a KnownWorkspace> {
        self.facts.workspace(self.question)
    }

    fn place(&self) -> String {
        match (self.workspace(), self.seat()) {
            (Some(workspace), _) => workspace.name.clone(),
            (None, Some(seat)) => seat.org_name.clone(),
            (None, None) => "the organization".into(),
        }
    }

    fn member_page(&self) -> Option<String> {
        self.seat()
            .map(|seat| format!("/orgs/{}/members/{}", seat.slug, seat.member))
    }

    /// "run monitors", "manage members".
    fn doing(&self) -> String {
        match (self.question.action, self.facts.plural(self.question)) {
            (Action::ManageMembers, _) => "manage members".into(),
            (action, Some(kind)) => format!("{} {kind}", action.as_str()),
            (Action::View, None) => "open the workspace".into(),
            (Action::Delete, None) => "delete the workspace".into(),
            (action, None) => format!("{} the workspace", action.as_str()),
        }
    }

    fn privacy(&self, found: Private) -> String {
        match found {
            Private::No => "It isn't private.".into(),
            Private::Own => "It is private, and their own.".into(),
            Private::SomebodyElses => "It is private to somebody else.".into(),
        }
    }

    fn membership(&self, found: Membership) -> String {
        let org = self
            .seat()
            .map_or("the organization", |seat| seat.org_name.as_str());
        match found {
            Membership::Standalone => format!(
                "{} is in no organization; roles in the workspace decide alone.",
                self.place()
            ),
            Membership::Active(role) => format!("An active member of {org}, as {}.", role.label()),
            Membership::Suspended => format!("Suspended in {org}: they can do nothing there."),
            Membership::None => "Not a member of the organization.".into(),
        }
    }

    fn cap(&self, stands: bool) -> String {
        if stands {
            "A viewer of the organization reads everywhere and changes nothing, whatever the role in the workspace.".into()
        } else {
            "Doesn't stand in the way.".into()
        }
    }

    fn role(&self, found: RoleFound) -> String {
        let place = self.place();
        match found {
            RoleFound::OfOrganization(role) => format!(
                "It is the organization's own, so the organization role decides: {}.",
                role.label()
            ),
            RoleFound::Rows { .. } => {
                let rows = self
                    .workspace()
                    .map(|known| known.rows.as_slice())
                    .unwrap_or_default();
                let held: Vec<String> = rows
                    .iter()
                    .map(|row| match row.source.as_str() {
                        "direct" => format!("{} by themselves", row.label()),
                        _ => format!("{} by the organization", row.label()),
                    })
                    .collect();
                format!("In {place}: {}.", held.join(", and "))
            }
            RoleFound::Entered => {
                format!(
                    "No role in {place} of their own. The policy lets owners and admins of the organization enter as Admin."
                )
            }
            RoleFound::None => format!("No role in {place}."),
        }
    }

    fn role_page(&self, found: RoleFound) -> Option<String> {
        match (found, self.seat()) {
            (RoleFound::Entered, Some(seat)) => Some(format!("/orgs/{}/policies", seat.slug)),
            (_, Some(_)) => self.member_page(),
            (_, None) => self
                .facts
                .workspace_id(self.question)
                .map(|id| format!("/workspaces/{id}/members")),
        }
    }

    fn permission(&self, found: PermissionFound) -> String {
        let doing = self.doing();
        match found {
            PermissionFound::ByRole => format!("The role may {doing}."),
            PermissionFound::ByKind => format!("The custom role lists it: {doing}."),
            PermissionFound::ByResource => {
                format!("The custom role lists it for this one, or for what it lies in: {doing}.")
            }
            PermissionFound::Lacking => format!("The role may not {doing}."),
        }
    }

    /// The custom role's page, where one of the roles is custom.
    fn permission_page(&self) -> Option<String> {
        let seat = self.seat()?;
        let custom = self
            .workspace()?
            .rows
            .iter()
            .find_map(|row| row.custom_role_id.clone())?;
        Some(format!("/orgs/{}/roles/custom/{custom}", seat.slug))
    }

    fn grants(&self, found: GrantsFound) -> String {
        match found {
            GrantsFound::NotApplicable => "Grants don't limit this.".into(),
            GrantsFound::Unlimited => {
                format!(
                    "{} and {} of a workspace are not limited by grants.",
                    WorkspaceRole::Owner.label(),
                    WorkspaceRole::Admin.label()
                )
            }
            GrantsFound::NoneSet => {
                "Not limited to named ones: all of them, also later ones.".into()
            }
            GrantsFound::Granted => {
                "Limited to named ones, and this is one of them or lies in one.".into()
            }
            GrantsFound::NotGranted => "Limited to named ones, and this isn't one of them.".into(),
        }
    }

    fn grants_page(&self, found: GrantsFound) -> Option<String> {
        if !matches!(
            found,
            GrantsFound::NoneSet | GrantsFound::Granted | GrantsFound::NotGranted
        ) {
            return None;
        }
        let workspace = self.facts.workspace_id(self.question)?;
        Some(format!(
            "/workspaces/{workspace}/members/{}/grants",
            self.facts.user()
        ))
    }

    fn entitlement(&self, found: Option<bool>) -> String {
        let name = self.facts.entitlement(self.question).unwrap_or_default();
        match found {
            None => "No entitlement of the plan is needed.".into(),
            Some(true) => format!("The plan has what this needs: {name}."),
            Some(false) => format!(
                "It needs {name}, which is {}",
                self.facts.lacking(self.question)
            ),
        }
    }

    fn billing_page(&self, found: Option<bool>) -> Option<String> {
        found
            .and(self.seat())
            .map(|seat| format!("/orgs/{}/billing", seat.slug))
    }
}
