//! Undoing what an event tells of: by the operation that people would use, with its checks, as a new event.

use super::queries::EventRow;
use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::ids::{EventId, MemberId};
use crate::members::{self, Entry, Status};
use crate::organizations::{self, Policies};
use serde_json::Value;

/// What undoing an event would do, shown before it is done.
#[derive(Debug, Clone)]
pub struct Undo {
    pub event: EventRow,
    /// What it does, as the question on the page: "Make Carol Reyes a member again".
    pub does: String,
    /// Each thing that becomes other: its name, how it is, how it will be.
    pub changes: Vec<(String, Value, Value)>,
}

enum Way {
    Role { member: Entry, to: OrgRole },
    Reinstate(Entry),
    Suspend(Entry),
    Policies { wanted: Box<Policies>, names: Vec<String> },
}

/// Whether an event is of a kind that can be undone; whether it still can be, [`undo_impact`] says.
pub fn can_undo(event: &EventRow) -> bool {
    matches!(event.action.as_str(), "member.role_changed" | "member.suspended" | "member.reinstated" | "organization.policies_changed")
}

/// What undoing an event would do. Refuses what can't be undone, what has changed again since, and who may not do it.
pub async fn undo_impact(app: &App, actor: &Actor, event: &EventId) -> Result<Undo> {
    let event = super::find(app, actor, event).await?;
    let way = way(app, actor, &event).await?;
    let policies = &actor.org.policies;
    let word = |status: Status| Value::from(status.as_str().replace('_', " "));
    let (does, changes): (_, Vec<(String, Value, Value)>) = match way {
        Way::Role { member, to } => {
            let own = member.user.as_ref() == Some(actor.user());
            access::may_change_role(actor.role, member.role, to, own)?;
            let (is, will) = (policies.label(member.role), policies.label(to));
            (format!("Make {} {} again", member.name, with_article(will)), vec![("Organization role".into(), is.into(), will.into())])
        }
        Way::Reinstate(member) => {
            access::may_touch(actor.role, member.role)?;
            (format!("Reinstate {}", member.name), vec![("Status".into(), word(member.status), "active".into())])
        }
        Way::Suspend(member) => {
            access::may_touch(actor.role, member.role)?;
            (format!("Suspend {} again", member.name), vec![("Status".into(), word(member.status), "suspended".into())])
        }
        Way::Policies { wanted, names } => {
            access::require(actor.role, Permission::ManageSettings)?;
            let sides = organizations::differing_policies(policies, &wanted);
            let changes = names.iter().filter_map(|name| sides.iter().find(|(n, _, _)| n == name));
            ("Set these policies back".into(), changes.map(|(n, is, will)| (n.replace('_', " "), is.clone(), will.clone())).collect())
        }
    };
    Ok(Undo { event, does, changes })
}

/// Undoes what an event tells of: a change of role, a suspension, a reinstatement, a change of policies. It is done by the
/// same operation, which records it as a new event; the old one stays.
///
/// Refuses what that operation refuses, what can't be undone, and what has been changed again since.
pub async fn undo(app: &App, actor: &Actor, event: &EventId) -> Result<EventRow> {
    let event = super::find(app, actor, event).await?;
    match way(app, actor, &event).await? {
        Way::Role { member, to } => drop(members::change_role(app, actor, &member.id, to).await?),
        Way::Reinstate(member) => drop(members::reinstate(app, actor, &member.id).await?),
        Way::Suspend(member) => drop(members::suspend(app, actor, &member.id).await?),
        Way::Policies { wanted, .. } => drop(organizations::change_policies(app, actor, &wanted).await?),
    }
    Ok(event)
}

async fn way(app: &App, actor: &Actor, event: &EventRow) -> Result<Way> {
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let role = |side: &str| changes[side].as_str().and_then(OrgRole::parse).ok_or_else(cannot);
    let member = || async {
        let found = members::find(app, actor, &MemberId::from(event.target_id.as_str())).await;
        found.map_err(|_| Refusal::conflict("undo_gone", "They are no longer in this organization, so there is nothing to undo."))
    };
    match event.action.as_str() {
        "member.role_changed" => {
            let member = member().await?;
            if member.role != role("after")? {
                return Err(changed_since());
            }
            Ok(Way::Role { member, to: role("before")? })
        }
        "member.suspended" => {
            let member = member().await?;
            if member.status == Status::Suspended { Ok(Way::Reinstate(member)) } else { Err(changed_since()) }
        }
        "member.reinstated" => {
            let member = member().await?;
            if member.status == Status::Suspended { Err(changed_since()) } else { Ok(Way::Suspend(member)) }
        }
        "organization.policies_changed" => {
            let (Value::Object(before), Value::Object(after)) = (&changes["before"], &changes["after"]) else { return Err(cannot()) };
            let now = &actor.org.policies;
            let wanted = organizations::policies_with(now, before).ok_or_else(cannot)?;
            let then = organizations::policies_with(now, after).ok_or_else(cannot)?;
            if !organizations::differing_policies(now, &then).is_empty() {
                return Err(changed_since());
            }
            Ok(Way::Policies { wanted: Box::new(wanted), names: before.keys().cloned().collect() })
        }
        _ => Err(cannot()),
    }
}

fn with_article(role: &str) -> String {
    let role = role.to_lowercase();
    match role.as_str() {
        "billing" => "a billing member".into(),
        _ if role.starts_with(['a', 'o']) => format!("an {role}"),
        _ => format!("a {role}"),
    }
}

fn cannot() -> Refusal {
    Refusal::conflict("undo_impossible", "This can't be undone from here.")
}

fn changed_since() -> Refusal {
    Refusal::conflict("undo_changed_since", "It was changed again since, so undoing it would undo that too. Set it as you want it instead.")
}
