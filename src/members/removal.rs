//! Removing a member, and leaving: what goes, computed once, shown before and done after.

use super::{Entry, entry, queries, require_owner};
use crate::access;
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId, UserId};
use crate::impact::{self, Change, Impact, Scope};
use crate::{invitations, keys, mail, organizations, workspaces};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a removal takes away.
#[derive(Debug, Clone)]
pub struct Removal {
    pub entry: Entry,
    /// What they lose in workspaces: by a role there, or by coming in with their organization role. Nothing of somebody
    /// suspended, who opens none.
    pub impact: Impact,
    /// Workspaces of the organization in which their role goes, by name.
    pub workspaces: Vec<String>,
    /// Addresses whose invitation from them is revoked.
    pub invitations: Vec<String>,
    /// API keys that they made and may know, by name: those belong to the organization and its workspaces, and go on working.
    pub keys: Vec<String>,
}

impl Removal {
    /// The workspaces that go, each with what the person is there; of somebody suspended, who opens none, their names alone.
    pub fn loses(&self) -> Vec<String> {
        let named = |lost: &Change| {
            format!(
                "{} ({})",
                lost.workspace_name,
                lost.before.as_deref().unwrap_or_default()
            )
        };
        let opened: Vec<String> = self.impact.changes.iter().map(named).collect();
        if opened.is_empty() {
            self.workspaces.clone()
        } else {
            opened
        }
    }
}

/// What [`remove`] would take away: the same, and then nothing of it.
pub async fn removal_impact(app: &App, actor: &Actor, member: &MemberId) -> Result<Removal> {
    Ok(remove_in(app, actor, member).await?.1)
}

/// Whether the actor could leave: refuses the last owner (S2-15), as [`leave`] does.
pub async fn may_leave(app: &App, actor: &Actor) -> Result<()> {
    if actor.role != access::OrgRole::Owner {
        return Ok(());
    }
    let mut tx = app.db.read().await?;
    if queries::has_other_owner(&mut tx, &actor.org.id, actor.user()).await? {
        Ok(())
    } else {
        Err(super::last_owner(actor))
    }
}

/// What [`leave`] would take away: the same, and then nothing of it.
pub async fn leaving_impact(app: &App, person: &Arc<Person>, org: &OrgId) -> Result<Removal> {
    let mut tx = app.db.write_org(org).await?;
    let actor = who_leaves(&mut tx, person, org).await?;
    leave_in(&mut tx, &actor, app.now()).await
}

/// The person as the member who leaves, suspended or not. Refuses what the organization refuses its members: a way to
/// sign in that it doesn't allow.
async fn who_leaves(tx: &mut Tx, person: &Arc<Person>, org: &OrgId) -> Result<Actor> {
    if let Err(refusal @ Refusal::Forbidden { .. }) = person.in_org(org) {
        return Err(refusal);
    }
    let held = super::claim::held_by(tx, &person.user).await?;
    let held = held
        .into_iter()
        .find(|held| held.org == *org)
        .ok_or(Refusal::NotFound)?;
    let org = Arc::new(organizations::find(tx, org).await?);
    Ok(Actor {
        person: person.clone(),
        org,
        member: held.member,
        role: held.role,
    })
}

/// Removes a member from the organization and all of its workspaces (S1-48); for somebody invited, revokes the
/// invitation. Sessions and tokens of theirs find nothing here from the next request on. Refuses oneself ([`leave`] is
/// for that), who is above, and the last owner.
pub async fn remove(app: &App, actor: &Actor, member: &MemberId) -> Result<Removal> {
    let (tx, removal) = remove_in(app, actor, member).await?;
    tx.commit().await?;
    app.wake();
    Ok(removal)
}

async fn remove_in(app: &App, actor: &Actor, member: &MemberId) -> Result<(Tx, Removal)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let entry = entry(&mut tx, &actor.org.id, member, now).await?;
    access::may_touch(actor.role, entry.role)?;
    if let Some(invitation) = &entry.invitation {
        invitations::revoke_in(&mut tx, &actor, &invitation.id, now).await?;
        return Ok((
            tx,
            Removal {
                entry,
                impact: Impact::default(),
                workspaces: Vec::new(),
                invitations: Vec::new(),
                keys: Vec::new(),
            },
        ));
    }
    if entry.user.as_ref() == Some(actor.user()) {
        require_owner_without(&mut tx, &actor, &entry).await?;
        return Err(Refusal::forbidden(
            "own_removal",
            "To remove yourself, leave the organization under Settings.",
        ));
    }
    let removal = take_out(&mut tx, &actor, entry, "member.removed", now).await?;
    tell(&mut tx, &actor, &removal.entry, now).await?;
    Ok((tx, removal))
}

/// Leaves the organization. Who is suspended may leave too: where an account may be in one organization only, they could
/// go nowhere else before. Refuses the last owner (S2-15); "not found" who isn't a member there.
pub async fn leave(app: &App, person: &Arc<Person>, org: &OrgId) -> Result<Removal> {
    let now = app.now();
    person.require_write()?;
    let mut tx = app.db.write_org(org).await?;
    let actor = who_leaves(&mut tx, person, org).await?;
    let removal = leave_in(&mut tx, &actor, now).await?;
    tx.commit().await?;
    Ok(removal)
}

/// Leaves every organization, inside the write that deletes the account; the organizations are locked. Refuses the last
/// owner of any.
pub(crate) async fn leave_everywhere(tx: &mut Tx, person: &Arc<Person>, now: Micros) -> Result<()> {
    for held in super::claim::held_by(tx, &person.user).await? {
        let org = Arc::new(organizations::find(tx, &held.org).await?);
        let actor = Actor {
            person: person.clone(),
            org,
            member: held.member,
            role: held.role,
        };
        leave_in(tx, &actor, now).await?;
    }
    Ok(())
}

async fn leave_in(tx: &mut Tx, actor: &Actor, now: Micros) -> Result<Removal> {
    let entry = entry(tx, &actor.org.id, &actor.member, now).await?;
    take_out(tx, actor, entry, "member.left", now).await
}

async fn require_owner_without(tx: &mut Tx, actor: &Actor, entry: &Entry) -> Result<()> {
    queries::delete(tx, &actor.org.id, &entry.id).await?;
    require_owner(tx, actor).await
}

async fn take_out(
    tx: &mut Tx,
    actor: &Actor,
    entry: Entry,
    action: &'static str,
    now: Micros,
) -> Result<Removal> {
    let org = &actor.org.id;
    let user = entry.user.clone().ok_or(Refusal::NotFound)?;
    let workspaces = workspaces::names_with_access(tx, org, &user).await?;
    let scope = Scope::Person(org.clone(), user.clone());
    let seen = impact::look(tx, &scope).await?;
    let undo = to_undo(tx, org, &user, &entry).await?;
    workspaces::take_all_access(tx, org, &user).await?;
    queries::delete(tx, org, &entry.id).await?;
    organizations::add_to_counts(tx, org, -1, 0, 0).await?;
    require_owner(tx, actor).await?;
    let invitations = invitations::revoke_beyond(tx, actor, &user, None, now).await?;
    let impact = seen.compare(&impact::look(tx, &scope).await?);
    let keys = keys::made_by(tx, org, &user, now).await?;
    let event = Event::new(
        Category::Access,
        action,
        "member",
        entry.id.to_string(),
        &*entry.name,
    )
    .subject(Some(&user))
    .with("role", entry.role.as_str())
    .with("workspaces", workspaces.len())
    .with("invitations_revoked", invitations.len())
    .with("impact", impact.counts());
    let event = if action == "member.removed" {
        event.with("undo", undo)
    } else {
        event
    };
    audit::record(tx, actor, now, event).await?;
    Ok(Removal {
        entry,
        impact,
        workspaces,
        invitations,
        keys,
    })
}

/// What inviting them again would need to know. `null` without an address, and of more workspaces than one invitation names.
async fn to_undo(tx: &mut Tx, org: &OrgId, user: &UserId, entry: &Entry) -> Result<Value> {
    let (roles, limited) = workspaces::roles_in(tx, org, user).await?;
    if entry.email.is_empty() || roles.len() > invitations::MOST_WORKSPACES {
        return Ok(Value::Null);
    }
    let access: Vec<Value> = roles
        .iter()
        .map(|(id, role)| json!([id.as_str(), role.value()]))
        .collect();
    Ok(json!({ "email": entry.email, "name": entry.name, "access": access, "limited": limited }))
}

async fn tell(tx: &mut Tx, actor: &Actor, entry: &Entry, now: Micros) -> Result<()> {
    if entry.email.is_empty() || entry.status == super::Status::NotSignedIn {
        return Ok(());
    }
    let org = &actor.org;
    let notice = mail::Notice {
        to: entry.email.clone(),
        subject: format!("You were removed from {}", mail::plain_name(&org.name)),
        lines: vec![
            format!("Hello {},", entry.name),
            format!(
                "{} removed you from {}. You no longer have its workspaces. Your account stays yours.",
                actor.person.name, org.name
            ),
        ],
        link: None,
    };
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await
}

/// Takes every row of an organization that is being deleted, with pending invitations' rows.
pub(crate) async fn remove_all(tx: &mut Tx, org: &OrgId) -> Result<u64> {
    queries::delete_all(tx, org).await
}
