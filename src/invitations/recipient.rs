//! Whom an invitation is to.

use super::queries::RecipientRow;
use crate::access::{self, OrgRole};
use crate::accounts;
use crate::actor::Person;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId};
use crate::members::{self, NewMember};
use std::fmt;

/// An e-mail address, or an account at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// In canonical form.
    Address(String),
    GitHub(GitHubUser),
}

/// An account at GitHub, as it was when it was invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubUser {
    /// The number that never changes, and that alone decides who accepts (SEC-I12).
    pub id: String,
    /// A label: logins are renamed, and given to others.
    pub login: String,
}

impl From<RecipientRow> for Recipient {
    fn from(row: RecipientRow) -> Self {
        match row.github_id {
            Some(id) => Self::GitHub(GitHubUser {
                id,
                login: row.github_login,
            }),
            None => Self::Address(row.email),
        }
    }
}

/// As a sentence names them: "nina@x.test", "octocat on GitHub".
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(email) => f.write_str(email),
            Self::GitHub(user) => write!(f, "{} on GitHub", user.login),
        }
    }
}

impl Recipient {
    /// As a list names them.
    pub fn label(&self) -> String {
        match self {
            Self::Address(email) => email.clone(),
            Self::GitHub(user) => format!("GitHub: {}", user.login),
        }
    }

    /// The address that mail goes to.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Address(email) => Some(email),
            Self::GitHub(_) => None,
        }
    }

    pub fn github(&self) -> Option<&GitHubUser> {
        match self {
            Self::Address(_) => None,
            Self::GitHub(user) => Some(user),
        }
    }

    /// Whether an invitation to them offers this role at all (S2-21). The page asks it for its choices.
    pub fn takes_role(&self, role: OrgRole) -> bool {
        self.address().is_some() || access::is_given_by_username(role)
    }

    /// Refuses a role that [`Recipient::takes_role`] doesn't allow.
    pub(super) fn require_role(&self, role: OrgRole) -> Result<()> {
        if self.takes_role(role) {
            Ok(())
        } else {
            Err(Refusal::field("role", ROLE_BY_USERNAME))
        }
    }

    /// Whether the account of a person is the one that is meant: they have proved the address, or are linked with that
    /// very account at GitHub (SEC-I3, SEC-I4, SEC-I12).
    pub(super) async fn is_of(&self, tx: &mut Tx, person: Option<&Person>) -> Result<bool> {
        match (person, self) {
            (None, _) => Ok(false),
            (Some(person), Self::Address(email)) => {
                accounts::has_proved(tx, &person.user, email).await
            }
            (Some(person), Self::GitHub(user)) => {
                accounts::is_linked_with(tx, &person.user, &user.id).await
            }
        }
    }

    /// The member that is meant, suspended ones too.
    pub(super) async fn find_member(&self, tx: &mut Tx, org: &OrgId) -> Result<Option<MemberId>> {
        match self {
            Self::Address(email) => members::find_by_address(tx, org, email).await,
            Self::GitHub(user) => members::find_by_github(tx, org, &user.id).await,
        }
    }

    /// What the directory shows of them: the name they were given, or what they were invited by.
    pub(super) fn as_member(&self, name: &str) -> NewMember {
        let (email, github_login) = match self {
            Self::Address(email) => (email.clone(), String::new()),
            Self::GitHub(user) => (String::new(), user.login.clone()),
        };
        let called = if self.github().is_some() {
            &github_login
        } else {
            &email
        };
        let name = if name.is_empty() {
            called.clone()
        } else {
            name.to_owned()
        };
        NewMember {
            name,
            email,
            github_login,
            claimed: true,
            ..NewMember::default()
        }
    }

    /// Refuses whoever accepts or declines what is meant for somebody else.
    pub(super) fn not_theirs(&self) -> Refusal {
        match self {
            Self::Address(email) => Refusal::forbidden(
                "other_address",
                format!(
                    "This invitation is for {email}. Sign in with that address, or add it to your account."
                ),
            ),
            Self::GitHub(user) => Refusal::forbidden(
                "other_github_account",
                format!(
                    "This invitation is for account number {} at GitHub, which was called {} when it was invited. Sign in with that account, or \
                     link it with yours.",
                    user.id, user.login
                ),
            ),
        }
    }
}

pub(super) const ROLE_BY_USERNAME: &str = "An invitation by GitHub username gives Member or Viewer. Give them another role once they have joined.";
