//! Linking a workspace that stands alone into an organization (product.md, 4; S1-20..22).
//!
//! Who has the workspace and is not in the organization becomes a member of it, because they couldn't open the
//! workspace otherwise. The form says who before the click, and what holds for inviting holds for them too.

mod queries;
mod unlink;

pub use unlink::{Unlinking, unlink, unlinking_impact};

use super::{Workspace, queries as workspaces};
use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing::{self, Ahead, Brought};
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::impact::{self, Impact, Scope};
use crate::organizations::{self, Organization};
use crate::{accounts, invitations, mail, members, text, usage};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Workspaces that the form lists.
const LISTED: i64 = 200;

/// A workspace that somebody could link, or can't and why.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub workspace: Workspace,
    /// What linking would be refused with; `None`: it can be linked.
    pub refused: Option<String>,
    /// Names of the people who would become members.
    pub joining: Vec<String>,
    /// People who are suspended in the organization: they couldn't open it.
    pub suspended: i64,
    /// Limits of the plan that linking it would bring near their end or beyond (product.md, 10).
    pub limits: Vec<Brought>,
    /// People who are viewers of the organization and more than that in the workspace: they could only read.
    pub capped: i64,
}

/// Limits of the plan that a new workspace in the organization would bring near their end. Refuses one that wouldn't fit (S5-4).
pub async fn creating_impact(app: &App, actor: &Actor) -> Result<Vec<Brought>> {
    billing::require_room_for_workspaces(app, &actor.org, 1)?;
    let mut tx = app.db.read().await?;
    Ok(Ahead::look(app, &mut tx, &actor.org)
        .await?
        .with_workspace(usage::Counts::default()))
}

/// What was linked, and what that did.
#[derive(Clone, Debug)]
pub struct Linked {
    pub workspace: Workspace,
    /// Who became a member.
    pub joined: Vec<String>,
    pub impact: Impact,
}

/// Somebody who has a workspace and is not in the organization.
#[derive(Clone, Debug)]
struct Newcomer {
    user: UserId,
    name: String,
    email: String,
    /// They are in another organization.
    elsewhere: bool,
}

/// The workspaces outside the organization that the actor has a role in, those that can be linked first, each with what
/// linking would do, to people and to the plan's limits, or why it is refused (S1-22, S5-4). Refuses who may not link (S1-21).
pub async fn candidates(app: &App, actor: &Actor) -> Result<Vec<Candidate>> {
    access::require(actor.role, Permission::LinkWorkspaces)?;
    let mut tx = app.db.read().await?;
    let rows = queries::outside(&mut tx, actor.user(), &actor.org.id, LISTED).await?;
    let mut newcomers: HashMap<WorkspaceId, Vec<Newcomer>> = HashMap::new();
    for (workspace, newcomer) in
        queries::newcomers_of_all(&mut tx, &actor.org.id, actor.user()).await?
    {
        newcomers.entry(workspace).or_default().push(newcomer);
    }
    let held_back = queries::held_back(&mut tx, &actor.org.id, actor.user()).await?;
    let ids: Vec<WorkspaceId> = rows
        .iter()
        .map(|(workspace, _)| workspace.id.clone())
        .collect();
    let did = usage::month_of(&mut tx, &ids, app.now()).await?;
    let ahead = Ahead::look(app, &mut tx, &actor.org).await?;
    let mut all = Vec::new();
    for (workspace, own) in rows {
        let joining = newcomers.remove(&workspace.id).unwrap_or_default();
        let refusal = match &workspace.org {
            // Of an organization that they are not in any more, or are suspended in, they know nothing.
            Some(other) => match actor.person.seats.iter().find(|seat| seat.org.id == *other) {
                Some(seat) => Err(elsewhere(&workspace, Some(&seat.org))),
                None => continue,
            },
            None => may_link(own, &workspace)
                .and_then(|()| may_bring(app, actor.role, &actor.org, &joining))
                .and_then(|()| billing::require_room_for_workspaces(app, &actor.org, 1)),
        };
        let (suspended, capped) = held_back
            .iter()
            .find(|row| row.workspace_id == workspace.id)
            .map_or((0, 0), |row| (row.suspended, row.capped));
        all.push(Candidate {
            suspended,
            capped,
            limits: ahead.with_workspace(did.get(&workspace.id).copied().unwrap_or_default()),
            workspace,
            refused: refusal.err().map(|refusal| refusal.to_string()),
            joining: joining.into_iter().map(|n| n.name).collect(),
        });
    }
    all.sort_by_key(|candidate| candidate.refused.is_some());
    Ok(all)
}

/// Links a workspace that stands alone into the actor's organization. Roles in it stay as they are. People who have it
/// and are not in the organization become members, and are told by mail. Where the slug is taken, it gets a number.
///
/// Refuses who may not link (S1-21) or doesn't administer the workspace, one that belongs to an organization (S1-22, E9),
/// people whom the actor couldn't invite, by policy or because an account may be in one organization only (S2-23), and one
/// more than the plan allows (S5-4).
pub async fn link(app: &App, actor: &Actor, id: &WorkspaceId) -> Result<Linked> {
    let (tx, linked) = link_in(app, actor, id).await?;
    tx.commit().await?;
    app.wake();
    Ok(linked)
}

/// What [`link`] would do: the same, and then nothing of it.
pub async fn linking_impact(app: &App, actor: &Actor, id: &WorkspaceId) -> Result<Linked> {
    Ok(link_in(app, actor, id).await?.1)
}

async fn link_in(app: &App, actor: &Actor, id: &WorkspaceId) -> Result<(Tx, Linked)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::require(actor.role, Permission::LinkWorkspaces)?;
    // Locked before it is looked at: another organization may be linking it at this moment.
    tx.lock_workspace(id).await?;
    let linked = link_with(app, &mut tx, &actor, org, id, now).await?;
    Ok((tx, linked))
}

/// [`link`] inside a write that has locked the organization, which is as of now, and the workspace.
async fn link_with(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    org: Organization,
    id: &WorkspaceId,
    now: Micros,
) -> Result<Linked> {
    let (workspace, own) = workspaces::find(tx, actor.user(), id)
        .await?
        .ok_or(Refusal::NotFound)?;
    refuse_linked(actor, &org, &workspace, own)?;
    may_link(own, &workspace)?;
    let newcomers = queries::newcomers(tx, &org.id, id).await?;
    may_bring(app, actor.role, &org, &newcomers)?;
    billing::require_room_for_workspaces(app, &org, 1)?;
    let scope = Scope::Workspaces(vec![id.clone()]);
    let before = impact::look(tx, &scope).await?;
    bring(app, tx, actor, &workspace, &newcomers, now).await?;
    let (turned, revoked) = invitations::turn_into_organizations(tx, actor, &org, id, now).await?;
    let slug = super::create::free_slug(tx, &org.id, &workspace.name).await?;
    queries::set_organization(tx, id, &org.id, &slug).await?;
    members::add_to_workspaces_of(tx, &org.id, id, 1).await?;
    organizations::add_to_counts(tx, &org.id, 0, 0, 1).await?;
    let impact = before.compare(&impact::look(tx, &scope).await?);
    let event = Event::new(
        Category::Governance,
        "workspace.linked",
        "workspace",
        id.to_string(),
        &*workspace.name,
    )
    .workspace(id)
    .with("slug", &*slug)
    .with("people", workspace.people)
    .with("joined", newcomers.len())
    .with("invitations", turned)
    .with("invitations_revoked", revoked)
    .with("impact", impact.counts());
    audit::record(tx, actor, now, event).await?;
    let workspace = Workspace {
        org: Some(org.id),
        slug,
        ..workspace
    };
    Ok(Linked {
        workspace,
        joined: newcomers.into_iter().map(|n| n.name).collect(),
        impact,
    })
}

/// Creates an organization and links the workspace it is created from as its first, both or neither (S1-13). Refuses what
/// [`organizations::create`] refuses, a workspace that the person doesn't administer, and one that is in an organization.
pub async fn create_organization_from(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    name: &str,
    slug: &str,
) -> Result<Organization> {
    let wanted = organizations::Wanted::read(name, slug)?;
    let mut tx = app.db.read().await?;
    let (workspace, own) = workspaces::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    drop(tx);
    may_link(own, &workspace)?;
    if workspace.org.is_some() {
        return Err(elsewhere(&workspace, None));
    }
    let now = app.now();
    let mut tx = app.db.write_unlinked(person, id).await?;
    lock_people(&mut tx, person, id).await?;
    let org = organizations::create_with(app, &mut tx, person, &wanted, now).await?;
    let member = members::find_by_user(&mut tx, &org.id, &person.user)
        .await?
        .ok_or(Refusal::NotFound)?;
    let actor = Actor {
        person: person.clone(),
        org: Arc::new(org.clone()),
        member,
        role: OrgRole::Owner,
    };
    link_with(app, &mut tx, &actor, org.clone(), id, now).await?;
    tx.commit().await?;
    app.wake();
    Ok(org)
}

/// Locks the accounts of everybody in a workspace that stands alone, in the order in which every write locks them.
async fn lock_people(tx: &mut Tx, person: &Person, id: &WorkspaceId) -> Result<()> {
    let everybody = queries::newcomers(tx, &OrgId::new(), id).await?;
    let users: BTreeSet<&str> = everybody
        .iter()
        .map(|one| one.user.as_str())
        .chain([person.user.as_str()])
        .collect();
    for user in users {
        tx.lock_account(&UserId::from(user)).await?;
    }
    Ok(())
}

/// Refuses a workspace that is in an organization; with "not found" where the actor doesn't know it.
fn refuse_linked(
    actor: &Actor,
    org: &Organization,
    workspace: &Workspace,
    own: Option<WorkspaceRole>,
) -> Result<()> {
    match &workspace.org {
        None => Ok(()),
        Some(id) if *id == org.id => Err(Refusal::conflict(
            "workspace_linked_already",
            format!("{} belongs to {} already.", workspace.name, org.name),
        )
        .with_next(
            "See its workspaces",
            format!("/orgs/{}/workspaces", org.slug),
        )),
        Some(other) => {
            let seat = actor
                .person
                .seats
                .iter()
                .find(|seat| seat.org.id == *other)
                .ok_or(Refusal::NotFound)?;
            if own.is_none() && !super::sees_all(seat.role) {
                return Err(Refusal::NotFound);
            }
            Err(elsewhere(workspace, Some(&seat.org)))
        }
    }
}

fn elsewhere(workspace: &Workspace, other: Option<&Organization>) -> Refusal {
    let which = other
        .map(|org| format!(", {}", org.name))
        .unwrap_or_default();
    Refusal::conflict(
        "workspace_in_other_organization",
        format!(
            "{} already belongs to another organization{which}. Unlink it there first.",
            workspace.name
        ),
    )
}

/// Whoever links a workspace administers it too.
fn may_link(own: Option<WorkspaceRole>, workspace: &Workspace) -> Result<()> {
    match own {
        None => Err(Refusal::NotFound),
        Some(own) if own >= WorkspaceRole::Admin => Ok(()),
        Some(own) => Err(Refusal::forbidden(
            "not_workspace_admin",
            format!(
                "Only owners and admins of {} may link it. You are {} there.",
                workspace.name,
                own.label().to_lowercase()
            ),
        )),
    }
}

/// Bringing people in is inviting them: the same policies hold.
fn may_bring(app: &App, role: OrgRole, org: &Organization, newcomers: &[Newcomer]) -> Result<()> {
    if newcomers.is_empty() {
        return Ok(());
    }
    access::may_invite(role, org.policies.owners_only_invite(), OrgRole::Member)?;
    let outside: Vec<String> = newcomers
        .iter()
        .filter(|n| !org.policies.allows_address(&n.email))
        .map(|n| n.name.clone())
        .collect();
    if !outside.is_empty() {
        return Err(Refusal::conflict(
            "people_outside_domains",
            format!(
                "{} would become members of {}, which takes only addresses at {}. Take them off the workspace first.",
                text::some_of(&outside, 3),
                org.name,
                text::some_of(&org.policies.invite_domains, 5)
            ),
        ));
    }
    // Which organization, and whose account it is, is nobody's business here: only how many.
    let taken = newcomers.iter().filter(|n| n.elsewhere).count() as i64;
    if app.config.membership == Membership::One && taken > 0 {
        return Err(Refusal::conflict(
            "already_in_another_org",
            format!(
                "{} in another organization already, and an account may be in one only. They must leave it, or the workspace, first.",
                text::count(
                    taken,
                    "person of the workspace is",
                    "people of the workspace are"
                )
            ),
        ));
    }
    Ok(())
}

/// Makes members of the people who have the workspace and are not in the organization.
async fn bring(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    workspace: &Workspace,
    newcomers: &[Newcomer],
    now: Micros,
) -> Result<()> {
    let mut users: Vec<&UserId> = newcomers.iter().map(|n| &n.user).collect();
    // One order for everybody, so that no two writes wait for each other.
    users.sort_by_key(|user| user.as_str());
    for user in users {
        tx.lock_account(user).await?;
        let person = accounts::as_member(tx, user).await?;
        let member =
            members::add_member(app, tx, &actor.org.id, user, OrgRole::Member, &person, now)
                .await?;
        let event = Event::new(
            Category::Access,
            "member.added",
            "member",
            member.to_string(),
            &*person.name,
        )
        .subject(Some(user))
        .with("role", OrgRole::Member.as_str())
        .with("with_workspace", &*workspace.name);
        audit::record(tx, actor, now, event).await?;
        tell(tx, actor, workspace, &person, now).await?;
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    workspace: &Workspace,
    person: &members::NewMember,
    now: Micros,
) -> Result<()> {
    if person.email.is_empty() || !person.verified {
        return Ok(());
    }
    let org = &actor.org;
    let notice = mail::Notice {
        to: person.email.clone(),
        subject: format!("You are now a member of {}", mail::plain_name(&org.name)),
        lines: vec![
            format!("Hello {},", person.name),
            format!("{} linked the workspace {}, which you have, to {}.", actor.person.name, workspace.name, org.name),
            "Your role in the workspace is what it was. Its owners and admins now manage it together with the organization's.".to_owned(),
            "You can leave the organization at any time; you then lose its workspaces.".to_owned(),
        ],
        link: Some((format!("Open {}", mail::plain_name(&org.name)), format!("/orgs/{}/members", org.slug))),
    };
    mail::enqueue(tx, now, Some(&org.id), mail::Message::Notice(notice)).await
}

/// An organization's workspace; "not found" for one of another organization.
async fn find_in(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    id: &WorkspaceId,
) -> Result<(Workspace, Option<WorkspaceRole>)> {
    let (workspace, own) = workspaces::find(tx, user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if workspace.org.as_ref() == Some(org) {
        Ok((workspace, own))
    } else {
        Err(Refusal::NotFound)
    }
}
