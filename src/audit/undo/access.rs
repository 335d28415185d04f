//! Undoing what was given and taken: roles in workspaces, grants, links, memberships. What it needs to know stands in the
//! event since the day that it could be undone.

use super::{Undo, Way, cannot, changed_since, gone, one, with_article};
use crate::access::may_invite;
use crate::actor::Actor;
use crate::app::App;
use crate::audit::EventRow;
use crate::error::{Refusal, Result};
use crate::grants::{self, Chosen, WhenEmpty};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::invitations::{NewInvitation, OnPending, Wanted};
use crate::members;
use crate::text;
use crate::workspaces::{self, Given};
use serde_json::Value;
use std::collections::BTreeSet;

/// The role that somebody had before.
pub(super) async fn role(app: &App, actor: &Actor, event: &EventRow, kept: &Value) -> Result<Way> {
    let (workspace, user) = place(event)?;
    if kept["limited"] == true {
        return Err(limited());
    }
    let (managed, here) = workspaces::person_here(app, &actor.person, &workspace, &user)
        .await
        .map_err(or_gone)?;
    if managed.workspace.org.as_ref() != Some(&actor.org.id) {
        return Err(gone());
    }
    if here.standing.0.len() > 1
        || here.standing.value() != kept["after"].as_str().unwrap_or_default()
    {
        return Err(changed_since());
    }
    let to = match kept["before"].as_str() {
        None => None,
        Some(value) => Some(Given::parse(value).ok_or_else(cannot)?),
    };
    Ok(Way::Access {
        workspace,
        user,
        to,
    })
}

/// What somebody was limited to before.
pub(super) async fn grants(
    app: &App,
    actor: &Actor,
    event: &EventRow,
    kept: &Value,
    changes: &Value,
) -> Result<Way> {
    let (workspace, user) = place(event)?;
    let name = kept["kind"].as_str().ok_or_else(cannot)?;
    let overview = grants::overview(app, &actor.person, &workspace, &user)
        .await
        .map_err(or_gone)?;
    if overview.managed.workspace.org.as_ref() != Some(&actor.org.id) {
        return Err(gone());
    }
    let now = overview
        .kinds
        .into_iter()
        .find(|one| one.kind.name == name)
        .ok_or_else(gone)?;
    let ids = |side: &str| -> BTreeSet<ResourceId> {
        kept[side]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .map(ResourceId::from)
            .collect()
    };
    let (added, removed) = (ids("added"), ids("removed"));
    let granted: BTreeSet<ResourceId> = now.granted.iter().cloned().collect();
    let then = &changes["after"];
    let as_then = then["limited"].as_bool() == Some(now.limited)
        && then["granted"].as_u64() == Some(granted.len() as u64);
    if !as_then || !added.is_subset(&granted) || !removed.is_disjoint(&granted) {
        return Err(changed_since());
    }
    let chosen = match changes["before"]["limited"].as_bool() {
        Some(true) => Chosen::Only(
            granted
                .difference(&added)
                .chain(&removed)
                .cloned()
                .collect(),
        ),
        _ => Chosen::All,
    };
    Ok(Way::Grants {
        workspace,
        user,
        kind: name.to_owned(),
        chosen,
    })
}

/// The workspace that was unlinked, where the actor can link it still.
pub(super) async fn link(app: &App, actor: &Actor, event: &EventRow) -> Result<Way> {
    let workspace = WorkspaceId::from(event.target_id.as_str());
    let managed = workspaces::find_managed(app, &actor.person, &workspace).await.map_err(|refusal| match refusal {
        Refusal::NotFound => Refusal::conflict(
            "undo_gone",
            "You have no role in this workspace now, so you can't link it again. Ask somebody who administers it.",
        ),
        other => other,
    })?;
    if managed.workspace.org.is_some() {
        Err(changed_since())
    } else {
        Ok(Way::Link(workspace))
    }
}

/// An invitation of what somebody who was removed had.
pub(super) async fn membership(
    app: &App,
    actor: &Actor,
    kept: &Value,
    changes: &Value,
) -> Result<Way> {
    if kept["limited"] == true {
        return Err(limited());
    }
    let email = kept["email"].as_str().ok_or_else(cannot)?.to_owned();
    let role = changes["role"]
        .as_str()
        .and_then(crate::access::OrgRole::parse)
        .ok_or_else(cannot)?;
    let mut tx = app.db.read().await?;
    if members::find_by_address(&mut tx, &actor.org.id, &email)
        .await?
        .is_some()
    {
        return Err(changed_since());
    }
    let mut access = Vec::new();
    for line in kept["access"].as_array().into_iter().flatten() {
        let (Some(id), Some(role)) = (line[0].as_str(), line[1].as_str().and_then(Given::parse))
        else {
            return Err(cannot());
        };
        let workspace = WorkspaceId::from(id);
        // What is no more isn't offered again.
        let is_there = workspaces::require_known(&mut tx, actor, &workspace)
            .await
            .is_ok();
        if is_there
            && workspaces::name_of(&mut tx, Some(&actor.org.id), &role)
                .await
                .is_ok()
        {
            access.push(Wanted { workspace, role });
        }
    }
    let name = kept["name"]
        .as_str()
        .filter(|name| *name != email)
        .unwrap_or_default()
        .to_owned();
    Ok(Way::Invite(Box::new(NewInvitation {
        email,
        github: String::new(),
        name,
        role,
        access,
        on_pending: OnPending::Refuse,
    })))
}

/// Asks the operation that would do it what it would do.
pub(super) async fn shown(app: &App, actor: &Actor, way: Way, undo: &mut Undo) -> Result<()> {
    let policies = &actor.org.policies;
    match way {
        Way::Access {
            workspace,
            user,
            to,
        } => {
            let set =
                workspaces::set_access_impact(app, &actor.person, &workspace, &user, to).await?;
            undo.does = match &set.after {
                Some(role) => format!("Make {} {role} of {} again", set.person, set.workspace),
                None => format!("Take {} out of {} again", set.person, set.workspace),
            };
            undo.changes = one(&format!("Role in {}", set.workspace), set.before, set.after);
            undo.impact = set.impact;
        }
        Way::Grants {
            workspace,
            user,
            kind,
            chosen,
        } => {
            let when_empty = Some(WhenEmpty::None);
            let done = grants::set_impact(
                app,
                &actor.person,
                &workspace,
                &user,
                &kind,
                &chosen,
                when_empty,
            )
            .await?;
            let sees = |seen: &grants::Seen| match seen.limited {
                true => format!(
                    "{} of {}",
                    text::thousands(seen.sees),
                    text::thousands(done.total)
                ),
                false => format!("all {}", text::thousands(done.total)),
            };
            undo.does = format!(
                "Let {} see {} of {} again",
                done.person,
                sees(&done.after),
                done.workspace
            );
            undo.changes = one(&done.kind.plural, sees(&done.before), sees(&done.after));
        }
        Way::Link(workspace) => {
            let linked = workspaces::linking_impact(app, actor, &workspace).await?;
            undo.does = format!("Link {} again", linked.workspace.name);
            undo.changes = one("Organization", Value::Null, actor.org.name.clone());
            undo.note = after_link(&linked);
            undo.impact = linked.impact;
        }
        Way::Invite(new) => {
            may_invite(actor.role, policies.owners_only_invite(), new.role)?;
            let name = if new.name.is_empty() {
                &new.email
            } else {
                &new.name
            };
            undo.does = format!(
                "Invite {name} again, as {}",
                with_article(policies.label(new.role))
            );
            let workspaces = text::count(new.access.len() as i64, "workspace", "workspaces");
            undo.changes = one(
                "Invitation",
                Value::Null,
                format!("{}, {workspaces}", policies.label(new.role)),
            );
            undo.note = "A membership can't be given back without asking them: they get an invitation to what they had, and have it once \
                         they accept."
                .into();
        }
        // Said where the organization's own is.
        Way::Role { .. } | Way::Reinstate(_) | Way::Suspend(_) | Way::Policies { .. } => {}
    }
    Ok(())
}

/// What linking again doesn't bring back, and whom it brings in.
fn after_link(linked: &workspaces::Linked) -> String {
    let lost = "Who lost it when it was unlinked doesn't get it back by this.";
    match linked.joined.as_slice() {
        [] => lost.to_owned(),
        joined => format!(
            "{lost} {} would become members of the organization.",
            text::some_of(joined, 3)
        ),
    }
}

fn place(event: &EventRow) -> Result<(WorkspaceId, UserId)> {
    match (event.workspace_id.as_deref(), event.target_kind.as_str()) {
        (Some(workspace), "user") => Ok((workspace.into(), event.target_id.as_str().into())),
        _ => Err(cannot()),
    }
}

fn or_gone(refusal: Refusal) -> Refusal {
    if matches!(refusal, Refusal::NotFound) {
        gone()
    } else {
        refusal
    }
}

/// Undoing would give more than there was.
fn limited() -> Refusal {
    Refusal::conflict(
        "undo_limited",
        "They were limited to named resources, which undoing would not bring back: they would see all. Give them the role anew, and \
         limit it first.",
    )
}
