//! Undoing what an event tells of: by the operation that people would use, with its checks, as a new event.

mod access;

use super::queries::EventRow;
use super::redacted::redacted_columns;
use crate::access::{self as rules, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::grants::{self, Chosen, WhenEmpty};
use crate::ids::{EventId, MemberId, UserId, WorkspaceId};
use crate::impact::Impact;
use crate::invitations::{self, NewInvitation};
use crate::members::{self, Entry, Status};
use crate::organizations::{self, Policies};
use crate::workspaces::{self, Given};
use serde_json::Value;

/// Where an event keeps what undoing it needs to know. Not for people to read.
pub const TO_UNDO: &str = "undo";

/// What undoing an event would do, shown before it is done.
#[derive(Debug, Clone)]
pub struct Undo {
    pub event: EventRow,
    /// What it does, as the question on the page: "Make Carol Reyes a member again".
    pub does: String,
    /// Each thing that becomes other: its name, how it is, how it will be.
    pub changes: Vec<(String, Value, Value)>,
    /// Who loses and gains by it in workspaces.
    pub impact: Impact,
    /// What it doesn't bring back, or what else it does; "" for nothing.
    pub note: String,
}

enum Way {
    Role {
        member: Entry,
        to: OrgRole,
    },
    Reinstate(Entry),
    Suspend(Entry),
    Policies {
        wanted: Box<Policies>,
        names: Vec<String>,
    },
    Access {
        workspace: WorkspaceId,
        user: UserId,
        to: Option<Given>,
    },
    Grants {
        workspace: WorkspaceId,
        user: UserId,
        kind: String,
        chosen: Chosen,
    },
    Link(WorkspaceId),
    Invite(Box<NewInvitation>),
}

/// Whether an event is of a kind that can be undone; whether it still can be, [`undo_impact`] says.
pub fn can_undo(event: &EventRow) -> bool {
    let gone = redacted_columns(event);
    if gone.contains(&"changes") || gone.contains(&"target_id") {
        return false;
    }
    match event.action.as_str() {
        "member.role_changed"
        | "member.suspended"
        | "member.reinstated"
        | "organization.policies_changed"
        | "workspace.unlinked" => true,
        "access.given"
        | "access.changed"
        | "access.taken"
        | "access.grants_changed"
        | "member.removed" => serde_json::from_str::<Value>(&event.changes)
            .is_ok_and(|changes| changes[TO_UNDO].is_object()),
        _ => false,
    }
}

/// What undoing an event would do. Refuses what can't be undone, what has changed again since, and who may not do it.
pub async fn undo_impact(app: &App, actor: &Actor, event: &EventId) -> Result<Undo> {
    let event = super::find(app, actor, event).await?;
    let way = way(app, actor, &event).await?;
    shown(app, actor, event, way).await
}

fn one(name: &str, is: impl Into<Value>, will: impl Into<Value>) -> Vec<(String, Value, Value)> {
    vec![(name.to_owned(), is.into(), will.into())]
}

/// Asks the operation that would do it what it would do.
async fn shown(app: &App, actor: &Actor, event: EventRow, way: Way) -> Result<Undo> {
    let policies = &actor.org.policies;
    let word = |status: Status| Value::from(status.as_str().replace('_', " "));
    let mut undo = Undo {
        event,
        does: String::new(),
        changes: Vec::new(),
        impact: Impact::default(),
        note: String::new(),
    };
    match way {
        Way::Role { member, to } => {
            undo.impact = members::change_role_impact(app, actor, &member.id, to)
                .await?
                .impact;
            let (is, will) = (policies.label(member.role), policies.label(to));
            undo.does = format!("Make {} {} again", member.name, with_article(will));
            undo.changes = one("Organization role", is, will);
        }
        Way::Reinstate(member) => {
            rules::may_touch(actor.role, member.role)?;
            undo.does = format!("Reinstate {}", member.name);
            undo.changes = one("Status", word(member.status), "active");
        }
        Way::Suspend(member) => {
            undo.impact = members::suspend_impact(app, actor, &member.id).await?.1;
            undo.does = format!("Suspend {} again", member.name);
            undo.changes = one("Status", word(member.status), "suspended");
        }
        Way::Policies { wanted, names } => {
            undo.impact = organizations::change_policies_impact(app, actor, &wanted).await?;
            let sides = organizations::differing_policies(policies, &wanted);
            let changes = names
                .iter()
                .filter_map(|name| sides.iter().find(|(n, _, _)| n == name));
            undo.does = "Set these policies back".into();
            undo.changes = changes
                .map(|(n, is, will)| (n.replace('_', " "), is.clone(), will.clone()))
                .collect();
        }
        way => access::shown(app, actor, way, &mut undo).await?,
    }
    Ok(undo)
}

/// Undoes what an event tells of: a change of role, access, grants or policies, a suspension, a reinstatement, an unlinking,
/// and a removal by an invitation. It is done by the same operation, which records it as a new event; the old one stays.
///
/// Refuses what that operation refuses, what can't be undone, and what has been changed again since.
pub async fn undo(app: &App, actor: &Actor, event: &EventId) -> Result<EventRow> {
    let event = super::find(app, actor, event).await?;
    match way(app, actor, &event).await? {
        Way::Role { member, to } => drop(members::change_role(app, actor, &member.id, to).await?),
        Way::Reinstate(member) => drop(members::reinstate(app, actor, &member.id).await?),
        Way::Suspend(member) => drop(members::suspend(app, actor, &member.id).await?),
        Way::Policies { wanted, .. } => {
            drop(organizations::change_policies(app, actor, &wanted).await?)
        }
        Way::Access {
            workspace,
            user,
            to,
        } => drop(workspaces::set_access(app, &actor.person, &workspace, &user, to).await?),
        Way::Grants {
            workspace,
            user,
            kind,
            chosen,
        } => {
            drop(
                grants::set(
                    app,
                    &actor.person,
                    &workspace,
                    &user,
                    &kind,
                    &chosen,
                    Some(WhenEmpty::None),
                )
                .await?,
            );
        }
        Way::Link(workspace) => drop(workspaces::link(app, actor, &workspace).await?),
        Way::Invite(new) => drop(invitations::invite(app, actor, &new).await?),
    }
    Ok(event)
}

async fn way(app: &App, actor: &Actor, event: &EventRow) -> Result<Way> {
    if !event.redacted.is_empty() && !can_undo(event) {
        return Err(cannot());
    }
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let kept = &changes[TO_UNDO];
    let role = |side: &str| {
        changes[side]
            .as_str()
            .and_then(OrgRole::parse)
            .ok_or_else(cannot)
    };
    let member = || async {
        let found = members::find(app, actor, &MemberId::from(event.target_id.as_str())).await;
        found.map_err(|_| gone())
    };
    match event.action.as_str() {
        "member.role_changed" => {
            let member = member().await?;
            if member.role != role("after")? {
                return Err(changed_since());
            }
            Ok(Way::Role {
                member,
                to: role("before")?,
            })
        }
        "member.suspended" => {
            let member = member().await?;
            if member.status == Status::Suspended {
                Ok(Way::Reinstate(member))
            } else {
                Err(changed_since())
            }
        }
        "member.reinstated" => {
            let member = member().await?;
            if member.status == Status::Suspended {
                Err(changed_since())
            } else {
                Ok(Way::Suspend(member))
            }
        }
        "organization.policies_changed" => {
            let (Value::Object(before), Value::Object(after)) =
                (&changes["before"], &changes["after"])
            else {
                return Err(cannot());
            };
            let now = &actor.org.policies;
            let wanted = organizations::policies_with(now, before).ok_or_else(cannot)?;
            let then = organizations::policies_with(now, after).ok_or_else(cannot)?;
            if !organizations::differing_policies(now, &then).is_empty() {
                return Err(changed_since());
            }
            Ok(Way::Policies {
                wanted: Box::new(wanted),
                names: before.keys().cloned().collect(),
            })
        }
        "access.given" | "access.changed" | "access.taken" if kept.is_object() => {
            access::role(app, actor, event, kept).await
        }
        "access.grants_changed" if kept.is_object() => {
            access::grants(app, actor, event, kept, &changes).await
        }
        "workspace.unlinked" => access::link(app, actor, event).await,
        "member.removed" if kept.is_object() => {
            access::membership(app, actor, kept, &changes).await
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

fn gone() -> Refusal {
    Refusal::conflict(
        "undo_gone",
        "What it is about is no longer in this organization, so there is nothing to undo.",
    )
}

fn cannot() -> Refusal {
    Refusal::conflict(
        "undo_impossible",
        "The log can't undo this event: it is of a kind that has no undo, or it doesn't hold what was before, or no longer. Change it where it is set.",
    )
}

fn changed_since() -> Refusal {
    Refusal::conflict(
        "undo_changed_since",
        "It was changed again since, so undoing it would undo that too. Set it as you want it instead.",
    )
}
