//! Whom a redaction is about, and which columns of an event name them.

use super::super::queries::{self, EventRow};
use super::super::redacted::{self, MARK, blank, personal};
use crate::accounts;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::UserId;
use crate::text;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words of Roster's own, which are not taken for somebody's name in events about others.
const OWN_WORDS: [&str; 23] = [
    "access",
    "active",
    "address",
    "admin",
    "api",
    "billing",
    "disabled",
    "email",
    "github",
    "governance",
    "import",
    "invited",
    "member",
    "operator",
    "owner",
    "read",
    "resource",
    "run",
    "session",
    "suspended",
    "system",
    "viewer",
    "write",
];

/// Somebody by everything the log may know them by, in lower case.
pub(super) struct Sought {
    /// Their account; more than one where they had several.
    pub users: Vec<UserId>,
    /// Nobody else has these.
    addresses: BTreeSet<String>,
    /// Others may have these too: names, logins, and the slugs that are made of names.
    names: BTreeSet<String>,
    /// Invitations that they answered.
    invitations: BTreeSet<String>,
}

impl Sought {
    /// Finds what the logs, and the accounts while they are there, know somebody by; and whether an account is there.
    pub async fn find(tx: &mut Tx, whom: &[String]) -> Result<(Self, bool)> {
        let mut sought = Self {
            users: Vec::new(),
            addresses: BTreeSet::new(),
            names: BTreeSet::new(),
            invitations: BTreeSet::new(),
        };
        for whom in whom {
            let user = sought.one(tx, whom.trim()).await?;
            sought.users.extend(user);
        }
        sought.users.sort_unstable();
        sought.users.dedup();
        let mut is_alive = false;
        for user in sought.users.clone() {
            is_alive |= sought.know(tx, &user).await?;
        }
        Ok((sought, is_alive))
    }

    /// Takes one address or id, and gives the account that it leads to.
    async fn one(&mut self, tx: &mut Tx, whom: &str) -> Result<Option<UserId>> {
        if whom.starts_with(&format!("{}_", UserId::PREFIX)) {
            return Ok(Some(whom.into()));
        }
        let address = text::email(whom).map_err(|message| {
            Refusal::field("whom", format!("{message} Or write the id of an account."))
        })?;
        let user = holder(tx, &address).await?;
        self.addresses.insert(address);
        Ok(user)
    }

    /// Adds what is known of an account, and says whether it is there. Refuses an id that none ever had.
    async fn know(&mut self, tx: &mut Tx, user: &UserId) -> Result<bool> {
        let known = accounts::known_by(tx, user).await?;
        if known.is_none() && !queries::redact::knows(tx, user).await? {
            return Err(Refusal::field(
                "whom",
                format!("No account ever had the id {user}."),
            ));
        }
        let is_alive = known.is_some();
        known.into_iter().flatten().for_each(|text| self.add(&text));
        queries::redact::names(tx, user)
            .await?
            .iter()
            .for_each(|text| self.add(text));
        for changes in queries::redact::renamings(tx, user).await? {
            let changes: Value = serde_json::from_str(&changes).unwrap_or_default();
            [&changes["before"], &changes["after"]]
                .into_iter()
                .filter_map(Value::as_str)
                .for_each(|text| self.add(text));
        }
        self.invitations
            .extend(queries::redact::invitations(tx, user).await?);
        Ok(is_alive)
    }

    fn is(&self, id: &str) -> bool {
        self.users.iter().any(|user| user.as_str() == id)
    }

    fn add(&mut self, text: &str) {
        let text = text.trim().to_lowercase();
        if text.is_empty() || text == MARK || self.is(&text) {
            return;
        }
        if text.contains('@') {
            self.addresses.insert(text);
            return;
        }
        if text.contains(' ') {
            self.names.insert(text::slug_from(&text));
        }
        self.names.insert(text);
    }

    /// What is looked for, for the operator to see.
    pub fn texts(&self) -> Vec<String> {
        self.addresses.iter().chain(&self.names).cloned().collect()
    }

    /// The columns of an event that name the person.
    pub fn columns(&self, event: &EventRow) -> BTreeSet<&'static str> {
        if event.action == redacted::ACTION {
            return BTreeSet::new();
        }
        let acted = self.is(&event.actor_id);
        let concerned = event.subject_id.as_deref().is_some_and(|id| self.is(id))
            || self.invitations.contains(&event.target_id);
        let theirs = acted || concerned || self.is(&event.stream);
        let others = event.subject_id.is_some() && !concerned;
        let named = |(column, text): &(&'static str, &str)| match *column {
            _ if text.is_empty() || *text == blank(column) => false,
            "actor_name" | "ip" | "client" => acted,
            "target_id" => {
                self.addresses.contains(&text.to_lowercase())
                    || theirs && self.names.contains(&text.to_lowercase())
            }
            // Somebody else of the same name keeps it.
            "target_name" => self.has_address(text) || !others && self.has_name(text, theirs),
            _ => leaves(&serde_json::from_str(text).unwrap_or_default(), &|leaf| {
                self.has_address(leaf) || self.has_name(leaf, theirs)
            }),
        };
        personal(event)
            .into_iter()
            .filter(named)
            .map(|(column, _)| column)
            .collect()
    }

    fn has_address(&self, text: &str) -> bool {
        text.contains('@') && self.addresses.iter().any(|address| mentions(text, address))
    }

    /// A part of somebody's address is no name.
    fn has_name(&self, text: &str, theirs: bool) -> bool {
        let words: Vec<&str> = text
            .split_whitespace()
            .filter(|word| !word.contains('@'))
            .collect();
        let text = words.join(" ");
        self.names
            .iter()
            .any(|name| (theirs || !OWN_WORDS.contains(&name.as_str())) && mentions(&text, name))
    }
}

/// The account of an address: the one that has it, or the one that had it as far as the log tells.
async fn holder(tx: &mut Tx, address: &str) -> Result<Option<UserId>> {
    if let Some(user) = accounts::find_by_address(tx, address).await? {
        return Ok(Some(user.id));
    }
    let mut held = queries::redact::holders(tx, address).await?;
    if held.len() > 1 {
        let ids: Vec<String> = held.iter().map(UserId::to_string).collect();
        return Err(Refusal::field(
            "whom",
            format!(
                "Several accounts had the address {address}: {}. Name one of them.",
                ids.join(", ")
            ),
        ));
    }
    Ok(held.pop())
}

/// Whether any text in a value is of this kind.
fn leaves(value: &Value, found: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => found(text),
        Value::Array(list) => list.iter().any(|value| leaves(value, found)),
        Value::Object(map) => map.values().any(|value| leaves(value, found)),
        _ => false,
    }
}

/// Whether a text has a name or an address in it as a word of its own, in any letter case.
fn mentions(text: &str, lower: &str) -> bool {
    let text = text.to_lowercase();
    let of_address = lower.contains('@');
    text.match_indices(lower).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + found.len()..].chars();
        let next = after.next();
        let goes_on = match next {
            Some('.') => of_address && after.next().is_some_and(char::is_alphanumeric),
            Some('-' | '_') => of_address,
            next => next.is_some_and(char::is_alphanumeric),
        };
        !goes_on
            && !before.is_some_and(|c| {
                c.is_alphanumeric() || of_address && "!#$%&'*+-/=?^_`{|}~.".contains(c)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_l2_somebody_is_named_by_whole_words_alone() {
        for (text, lower, named) in [
            ("Al's organization", "al", true),
            ("Alice", "al", false),
            ("Portal al", "al", true),
            ("carol@acme.test", "carol@acme.test", true),
            ("Mail to Carol@Acme.test.", "carol@acme.test", true),
            ("not.carol@acme.test", "carol@acme.test", false),
            ("carol@acme.test.example", "carol@acme.test", false),
            ("carol runs", "carol", true),
            ("Zoë Ångström", "zoë ångström", true),
        ] {
            assert_eq!(mentions(text, lower), named, "{lower} in {text}");
        }
    }
}
