//! Who asks: a person, by which credential, from where; and, inside an organization, as what.

use crate::access::{OrgRole, WorkspaceRole, enters_by_role};
use crate::clock::Micros;
use crate::error::{Refusal, Result};
use crate::ids::{KeyId, MemberId, OrgId, SessionId, TokenId, UserId, WorkspaceId};
use crate::organizations::Organization;
use std::net::IpAddr;
use std::sync::Arc;

/// Somebody whose identity is proven for this request, with every organization they are an active member of. A key of an
/// organization or of a workspace stands here like a person, under its own id, with the one seat that it has.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub name: String,
    /// The primary address; `None` for an account with GitHub alone.
    pub email: Option<String>,
    pub theme: String,
    pub credential: Credential,
    pub origin: Origin,
    pub seats: Vec<Seat>,
    /// The organization opened last, for paths that name none.
    pub last_org: Option<OrgId>,
    /// An invitation to their account at GitHub waits for an answer; known of sessions alone, which open pages.
    pub is_awaited: bool,
}

/// A person's place in one organization.
#[derive(Clone, Debug)]
pub struct Seat {
    pub org: Arc<Organization>,
    pub member: MemberId,
    pub role: OrgRole,
    /// Workspaces of the organization that they have a role in.
    pub workspaces: i64,
    pub last_active_at: Micros,
}

/// By what somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    Session {
        id: SessionId,
        method: SignInMethod,
        signed_in_at: Micros,
    },
    Token {
        id: TokenId,
        name: String,
        can_write: bool,
        /// Days since it was made, begun ones left out.
        age_days: i64,
    },
    /// A key of an organization, or of a workspace.
    Key(Key),
    /// The operator, on the command line.
    System,
}

/// A key that asks, as `keys` found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    pub can_write: bool,
    /// Days since it was made, begun ones left out.
    pub age_days: i64,
    /// Who made it: what they may not do to themselves, they may not do by a key of theirs either.
    pub maker: UserId,
    /// What it is in the workspaces that it reaches.
    pub workspace_role: Option<WorkspaceRole>,
    /// The one workspace that it is for; `None`: for all of its organization.
    pub only: Option<WorkspaceId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod {
    Email,
    GitHub,
    /// A link that the operator printed.
    Operator,
}

/// Where a request came from, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub ip: String,
    pub client: String,
    pub request_id: String,
}

/// A person acting in one organization.
#[derive(Clone, Debug)]
pub struct Actor {
    pub person: Arc<Person>,
    pub org: Arc<Organization>,
    pub member: MemberId,
    pub role: OrgRole,
}

impl Origin {
    /// What limits count by: an IPv4 address, or the first 64 bits of an IPv6 one, which one household or office has
    /// to itself (SEC-A8). Where no address is known, all such share one.
    pub fn network(&self) -> String {
        match self.ip.parse() {
            Ok(IpAddr::V4(ip)) => ip.to_string(),
            Ok(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Err(_) => "unknown".to_owned(),
        }
    }
}

impl SignInMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::GitHub => "github",
            Self::Operator => "operator",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "github" => Self::GitHub,
            "operator" => Self::Operator,
            _ => Self::Email,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::GitHub => "GitHub",
            Self::Operator => "a link from the operator",
        }
    }
}

impl Credential {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Session { .. } => "user",
            Self::Token { .. } => "token",
            Self::Key(_) => "key",
            Self::System => "system",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Self::Session { id, .. } => id.as_str(),
            Self::Token { id, .. } => id.as_str(),
            Self::Key(key) => key.id.as_str(),
            Self::System => "command line",
        }
    }
}

impl Person {
    /// The operator on the command line.
    pub fn system() -> Self {
        Self {
            user: UserId::from("system"),
            name: "Operator".into(),
            email: None,
            theme: "auto".into(),
            credential: Credential::System,
            origin: Origin {
                ip: String::new(),
                client: "roster command line".into(),
                request_id: String::new(),
            },
            seats: Vec::new(),
            last_org: None,
            is_awaited: false,
        }
    }

    pub fn is_system(&self) -> bool {
        self.credential == Credential::System
    }

    pub fn key(&self) -> Option<&Key> {
        match &self.credential {
            Credential::Key(key) => Some(key),
            _ => None,
        }
    }

    /// The account behind the person; neither the operator nor a key has one.
    pub fn account(&self) -> Option<&UserId> {
        (!self.is_system() && self.key().is_none()).then_some(&self.user)
    }

    /// Refuses a key where somebody's own account is needed.
    pub fn require_account(&self) -> Result<()> {
        match self.key() {
            Some(_) => Err(Refusal::forbidden(
                "key_has_no_account",
                "A key has no account of its own. Ask with a personal token, or on the page.",
            )),
            None => Ok(()),
        }
    }

    /// Whether a change of this user's rights is one of the person's own: of themselves, or, for a key, of who made it
    /// (product.md, 2, rule 5).
    pub fn is_or_acts_for(&self, user: &UserId) -> bool {
        self.user == *user || self.key().is_some_and(|key| key.maker == *user)
    }

    /// Refuses a credential that may only read.
    pub fn require_write(&self) -> Result<()> {
        match &self.credential {
            Credential::Token {
                can_write: false,
                name,
                ..
            } => Err(Refusal::forbidden(
                "token_read_only",
                format!(
                    "The token “{name}” may only read. Make one with write access under Personal > API tokens."
                ),
            )),
            Credential::Key(Key {
                can_write: false,
                name,
                ..
            }) => Err(Refusal::forbidden(
                "token_read_only",
                format!("The key “{name}” may only read. Make one that may write."),
            )),
            _ => Ok(()),
        }
    }

    /// The person in the organization with this id. Refuses with "not found" who isn't an active member there, and a
    /// session whose sign-in method, or a token whose age, that organization doesn't allow.
    pub fn in_org(self: &Arc<Self>, org: &OrgId) -> Result<Actor> {
        let seat = self
            .seats
            .iter()
            .find(|s| s.org.id == *org)
            .ok_or(Refusal::NotFound)?;
        Actor::new(self, seat)
    }

    /// The same, where the whole organization is asked about: a workspace's key has no place there.
    pub fn in_whole_org(self: &Arc<Self>, org: &OrgId) -> Result<Actor> {
        if self.is_of_one_workspace() {
            Err(Refusal::NotFound)
        } else {
            self.in_org(org)
        }
    }

    /// Whether this is a workspace's key, for which there is nothing but that workspace.
    pub fn is_of_one_workspace(&self) -> bool {
        self.key().is_some_and(|key| key.only.is_some())
    }

    pub fn in_org_by_slug(self: &Arc<Self>, slug: &str) -> Result<Actor> {
        let seat = self
            .seats
            .iter()
            .find(|s| s.org.slug == slug)
            .ok_or(Refusal::NotFound)?;
        Actor::new(self, seat)
    }

    /// The organization to show where a path names none: the last one opened, else the first.
    pub fn active_seat(&self) -> Option<&Seat> {
        self.seats
            .iter()
            .find(|s| Some(&s.org.id) == self.last_org.as_ref())
            .or(self.seats.first())
    }
}

impl Actor {
    fn new(person: &Arc<Person>, seat: &Seat) -> Result<Self> {
        match &person.credential {
            Credential::Session { method, .. } => {
                seat.org.policies.require_method(*method, &seat.org.name)?
            }
            Credential::Token { age_days, .. } => seat
                .org
                .policies
                .require_token_age(*age_days, &seat.org.name)?,
            Credential::Key(key) => seat
                .org
                .policies
                .require_token_age(key.age_days, &seat.org.name)?,
            Credential::System => {}
        }
        Ok(Self {
            person: person.clone(),
            org: seat.org.clone(),
            member: seat.member.clone(),
            role: seat.role,
        })
    }

    /// The operator acting on an organization, with an owner's rights.
    pub fn system(org: Organization) -> Self {
        Self {
            person: Arc::new(Person::system()),
            org: Arc::new(org),
            member: MemberId::from("system"),
            role: OrgRole::Owner,
        }
    }

    pub fn user(&self) -> &UserId {
        &self.person.user
    }

    /// Whether they come into the organization's workspaces without a row of their own in `access`: by their organization
    /// role and the policy, or as a key with a role there.
    pub fn enters(&self) -> bool {
        enters_by_role(self.role, self.org.policies.admins_enter)
            || self
                .person
                .key()
                .is_some_and(|key| key.workspace_role.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_a8_limits_count_a_whole_ipv6_network_as_one() {
        let network = |ip: &str| {
            Origin {
                ip: ip.to_owned(),
                ..Origin::default()
            }
            .network()
        };
        assert_eq!(
            network("2001:db8:1:2:3:4:5:6"),
            network("2001:db8:1:2:ffff::1")
        );
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(
            network(""),
            network("nonsense"),
            "limits hold where no address is known"
        );
    }
}
