//! Who asks: a person, by which credential, from where; and, inside an organization, as what.

use crate::access::OrgRole;
use crate::clock::Micros;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId, SessionId, TokenId, UserId};
use crate::organizations::Organization;
use std::net::IpAddr;
use std::sync::Arc;

/// Somebody whose identity is proven for this request, with every organization they are an active member of.
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
}

/// A person's place in one organization.
#[derive(Clone, Debug)]
pub struct Seat {
    pub org: Arc<Organization>,
    pub member: MemberId,
    pub role: OrgRole,
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
    /// The operator, on the command line.
    System,
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
            Self::System => "system",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Self::Session { id, .. } => id.as_str(),
            Self::Token { id, .. } => id.as_str(),
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
            origin: Origin { ip: String::new(), client: "roster command line".into(), request_id: String::new() },
            seats: Vec::new(),
            last_org: None,
        }
    }

    pub fn is_system(&self) -> bool {
        self.credential == Credential::System
    }

    /// Refuses a credential that may only read.
    pub fn require_write(&self) -> Result<()> {
        match &self.credential {
            Credential::Token { can_write: false, name, .. } => Err(Refusal::forbidden(
                "token_read_only",
                format!("The token “{name}” may only read. Make one with write access under Personal > API tokens."),
            )),
            _ => Ok(()),
        }
    }

    /// The person in the organization with this id. Refuses with "not found" who isn't an active member there, and a
    /// session whose sign-in method, or a token whose age, that organization doesn't allow.
    pub fn in_org(self: &Arc<Self>, org: &OrgId) -> Result<Actor> {
        let seat = self.seats.iter().find(|s| s.org.id == *org).ok_or(Refusal::NotFound)?;
        Actor::new(self, seat)
    }

    pub fn in_org_by_slug(self: &Arc<Self>, slug: &str) -> Result<Actor> {
        let seat = self.seats.iter().find(|s| s.org.slug == slug).ok_or(Refusal::NotFound)?;
        Actor::new(self, seat)
    }

    /// The organization to show where a path names none: the last one opened, else the first.
    pub fn active_seat(&self) -> Option<&Seat> {
        self.seats.iter().find(|s| Some(&s.org.id) == self.last_org.as_ref()).or(self.seats.first())
    }
}

impl Actor {
    fn new(person: &Arc<Person>, seat: &Seat) -> Result<Self> {
        match &person.credential {
            Credential::Session { method, .. } => seat.org.policies.require_method(*method, &seat.org.name)?,
            Credential::Token { age_days, .. } => seat.org.policies.require_token_age(*age_days, &seat.org.name)?,
            Credential::System => {}
        }
        Ok(Self { person: person.clone(), org: seat.org.clone(), member: seat.member.clone(), role: seat.role })
    }

    /// The operator acting on an organization, with an owner's rights.
    pub fn system(org: Organization) -> Self {
        Self { person: Arc::new(Person::system()), org: Arc::new(org), member: MemberId::from("system"), role: OrgRole::Owner }
    }

    pub fn user(&self) -> &UserId {
        &self.person.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_a8_limits_count_a_whole_ipv6_network_as_one() {
        let network = |ip: &str| Origin { ip: ip.to_owned(), ..Origin::default() }.network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network(""), network("nonsense"), "limits hold where no address is known");
    }
}
