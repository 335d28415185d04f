//! Policies: rules of an organization that everything below it inherits and nothing can loosen (product.md, 4).

use crate::access::{OrgRole, ROLES};
use crate::actor::SignInMethod;
use crate::clock::{DAY, HOUR, Micros};
use crate::error::{Refusal, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    pub who_invites: WhoInvites,
    /// Domains that may be invited; empty: any.
    pub invite_domains: Vec<String>,
    pub invitation_days: i64,
    pub roles_offered: RolesOffered,
    /// Organization owners and admins enter workspaces without a row of their own.
    pub admins_enter: bool,
    pub admins_create: bool,
    pub allow_email: bool,
    pub allow_github: bool,
    pub session_idle_hours: i64,
    pub session_absolute_days: i64,
    /// Longest life of personal tokens that act here, and of keys.
    pub token_days: i64,
    /// Days that runs are kept; 0: for ever.
    pub run_days: i64,
    pub support_contact: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoInvites {
    Owners,
    OwnersAndAdmins,
}

/// Which roles pickers offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolesOffered {
    /// Owner, shown as "Admin", and member (S4-6).
    Simple,
    /// Owner, admin, member.
    Standard,
    Full,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            who_invites: WhoInvites::OwnersAndAdmins,
            invite_domains: Vec::new(),
            invitation_days: 7,
            roles_offered: RolesOffered::Full,
            admins_enter: false,
            admins_create: true,
            allow_email: true,
            allow_github: true,
            session_idle_hours: 24,
            session_absolute_days: 14,
            token_days: 365,
            run_days: 0,
            support_contact: String::new(),
        }
    }
}

impl Policies {
    pub fn session_idle(&self) -> Micros {
        self.session_idle_hours * HOUR
    }

    pub fn session_absolute(&self) -> Micros {
        self.session_absolute_days * DAY
    }

    pub fn owners_only_invite(&self) -> bool {
        self.who_invites == WhoInvites::Owners
    }

    /// Refuses a session that was signed in by a way this organization doesn't allow.
    pub fn require_method(&self, method: SignInMethod, org_name: &str) -> Result<()> {
        let (allowed, other) = match method {
            SignInMethod::Email => (self.allow_email, "GitHub"),
            SignInMethod::GitHub => (self.allow_github, "your e-mail address"),
            SignInMethod::Operator => (true, ""),
        };
        if allowed {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "sign_in_method",
            format!(
                "{org_name} asks you to sign in with {other}. Sign out, then sign in that way."
            ),
        ))
    }

    /// Refuses a token that has lived longer than this organization allows: the policy holds for tokens made before it too.
    pub fn require_token_age(&self, days: i64, org_name: &str) -> Result<()> {
        if days < self.token_days {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "token_too_old",
            format!(
                "{org_name} takes tokens for {} days, and this one is older. Make a new one under Personal > API tokens.",
                self.token_days
            ),
        ))
    }

    /// Whether an address may be invited.
    pub fn allows_address(&self, address: &str) -> bool {
        let domain = address.rsplit('@').next().unwrap_or("");
        self.invite_domains.is_empty() || self.invite_domains.iter().any(|d| d == domain)
    }

    /// Whether pickers show a role.
    pub fn offers(&self, role: OrgRole) -> bool {
        self.roles_offered.offers(role)
    }

    /// The name a role goes by here.
    pub fn label(&self, role: OrgRole) -> &'static str {
        match (self.roles_offered, role) {
            (RolesOffered::Simple, OrgRole::Owner) => OrgRole::Admin.label(),
            _ => role.label(),
        }
    }

    /// Reads a role by the name it goes by here. Where only two are offered, the owner is called admin, on pages and by products
    /// whose admin pays too (S3-4, S4-6); the role that is otherwise called so isn't offered there.
    pub fn read_role(&self, name: &str) -> Option<OrgRole> {
        let is_admin = name.trim().eq_ignore_ascii_case("admin");
        if is_admin && self.roles_offered == RolesOffered::Simple {
            Some(OrgRole::Owner)
        } else {
            OrgRole::parse(name)
        }
    }

    /// The roles that somebody with `actor` may hand out here, highest first; `keep` is shown too, whatever is offered.
    pub fn roles_to_give(&self, actor: OrgRole, keep: Option<OrgRole>) -> Vec<OrgRole> {
        ROLES
            .into_iter()
            .filter(|r| crate::access::covers(actor, *r) && (self.offers(*r) || keep == Some(*r)))
            .collect()
    }
}

impl WhoInvites {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::OwnersAndAdmins => "owners_and_admins",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "owners" => Some(Self::Owners),
            "owners_and_admins" => Some(Self::OwnersAndAdmins),
            _ => None,
        }
    }
}

impl RolesOffered {
    pub fn offers(self, role: OrgRole) -> bool {
        match self {
            Self::Simple => matches!(role, OrgRole::Owner | OrgRole::Member),
            Self::Standard => matches!(role, OrgRole::Owner | OrgRole::Admin | OrgRole::Member),
            Self::Full => true,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "simple" => Some(Self::Simple),
            "standard" => Some(Self::Standard),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}
