//! Deleting a custom role: what goes with it, seen before and done after by the same code (S3-36, S3-37).

use super::details::event;
use super::{CustomRole, Line, Use, find_in, queries};
use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, OrgId, WorkspaceId};
use crate::impact::{self, Effect, Impact, Scope};
use crate::workspaces::{self, Given};
use crate::{invitations, text};

/// What the deletion of a role takes, and what it leaves.
#[derive(Clone, Debug)]
pub struct Deletion {
    pub role: CustomRole,
    pub used: Use,
    /// The workspaces where it is assigned, with the people who have it there.
    pub places: Vec<(String, i64)>,
    /// What it allowed.
    pub lines: Vec<Line>,
    /// The name of the role that its holders get; `None`: they lose the workspaces.
    pub replacement: Option<String>,
    /// Pending invitations that offered it: they offer the replacement, or one workspace less.
    pub invitations: usize,
    /// Of these, the ones that offered nothing else, and are revoked.
    pub revoked: usize,
    pub impact: Impact,
}

/// What [`delete`] would do: the same, and then nothing of it. Refuses what it refuses, but for the typed name.
pub async fn deletion_impact(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    replacement: Option<&Given>,
) -> Result<Deletion> {
    let (_, deletion) = end(app, actor, id, None, replacement).await?;
    Ok(deletion)
}

/// Deletes a role with its lines and all of its assignments, in every workspace, at once; that can't be undone. Its
/// holders get the replacement, a viewer of the organization no more than Viewer; without one they lose the workspace,
/// unless they have another role in it.
///
/// Refuses who isn't an owner or admin of the organization; unless `typed` is the role's name; a replacement that isn't
/// one of the organization's roles, that the actor couldn't give (product.md, 2, rule 2) or that would raise themselves
/// (rule 5). Nobody becomes owner of a workspace in this way.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    typed: &str,
    replacement: Option<&Given>,
) -> Result<Deletion> {
    let (tx, deletion) = end(app, actor, id, Some(typed), replacement).await?;
    tx.commit().await?;
    Ok(deletion)
}

async fn end(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    typed: Option<&str>,
    replacement: Option<&Given>,
) -> Result<(Tx, Deletion)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageIntegrations)?;
    let org = &actor.org.id;
    let role = find_in(&mut tx, org, id).await?;
    if typed.is_some_and(|typed| text::name(typed).ok().as_deref() != Some(role.name.as_str())) {
        return Err(Refusal::field(
            "confirm",
            format!("Type the role's name, {}, to delete it.", role.name),
        ));
    }
    let replaced_by = match replacement {
        Some(given) => Some(check(&mut tx, &actor, id, given).await?),
        None => None,
    };
    let used = queries::used(&mut tx, org, id).await?;
    let lines = queries::lines(&mut tx, org, id).await?;
    let places = queries::places(&mut tx, org, id).await?;
    let scope = Scope::Workspaces(places.iter().map(|place| place.0.clone()).collect());
    let before = impact::look(&mut tx, &scope).await?;
    workspaces::replace_custom_role(&mut tx, org, id, replacement, now).await?;
    let cut = invitations::drop_custom_role(&mut tx, &actor, id, replacement, now).await?;
    queries::delete_lines(&mut tx, org, id).await?;
    queries::delete(&mut tx, org, id).await?;
    let impact = before.compare(&impact::look(&mut tx, &scope).await?);
    require_no_own_raise(&actor, &impact, &role)?;
    let places = places
        .into_iter()
        .map(|(_, name, people)| (name, people))
        .collect();
    let (invitations, revoked) = (cut.changed.len() + cut.revoked.len(), cut.revoked.len());
    let deletion = Deletion {
        role,
        used,
        places,
        lines,
        replacement: replaced_by,
        invitations,
        revoked,
        impact,
    };
    record(&mut tx, &actor, &deletion, now).await?;
    Ok((tx, deletion))
}

/// The replacement's name. Refuses what can't be one.
async fn check(tx: &mut Tx, actor: &Actor, id: &CustomRoleId, given: &Given) -> Result<String> {
    if given.custom() == Some(id) {
        return Err(Refusal::field(
            "replacement",
            "Choose a role other than the one that goes.",
        ));
    }
    if *given == Given::Fixed(WorkspaceRole::Owner) {
        return Err(Refusal::field(
            "replacement",
            "Make people owners of a workspace one by one, on its members page.",
        ));
    }
    access::may_set_access(
        access::gives_up_to(Some(actor.role), None),
        Some(actor.role),
        None,
        Some(given.role()),
        false,
    )?;
    match given {
        Given::Fixed(role) => Ok(role.label().to_owned()),
        Given::Custom(other) => match find_in(tx, &actor.org.id, other).await {
            Err(Refusal::NotFound) => Err(Refusal::field(
                "replacement",
                "There is no such role in this organization.",
            )),
            found => Ok(found?.name),
        },
    }
}

/// Refuses a change of a role that lets the one who makes it do more in some workspace, owners excepted (product.md, 2,
/// rule 5).
pub(super) fn require_no_own_raise(
    actor: &Actor,
    impact: &Impact,
    role: &CustomRole,
) -> Result<()> {
    let more = |effect: Effect| matches!(effect, Effect::Gains | Effect::More | Effect::Other);
    if actor.role == OrgRole::Owner
        || !impact
            .changes
            .iter()
            .any(|change| actor.person.is_or_acts_for(&change.user) && more(change.effect))
    {
        return Ok(());
    }
    let words = format!(
        "You have the role {} yourself, and this would let you do more. Ask an owner.",
        role.name
    );
    Err(Refusal::forbidden("own_role_upward", words))
}

async fn record(tx: &mut Tx, actor: &Actor, deletion: &Deletion, now: Micros) -> Result<()> {
    let used = deletion.used;
    let event = event("custom_role.deleted", &deletion.role)
        .with("people", used.people)
        .with("workspaces", used.workspaces)
        .with("permissions", used.permissions)
        .with("replacement", deletion.replacement.as_deref())
        .with("invitations", deletion.invitations)
        .with("invitations_revoked", deletion.revoked)
        .with("impact", deletion.impact.counts());
    audit::record(tx, actor, now, event).await
}

/// Takes out of every role what it allows on the resources of a workspace that leaves the organization. Part of the write
/// that unlinks it.
pub(crate) async fn forget_workspace(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
) -> Result<u64> {
    queries::forget_workspace(tx, org, workspace).await
}

/// Ends every role of an organization that is deleted: who has one keeps the workspace with `to` instead (product.md, 4).
/// Part of the write that deletes it.
pub(crate) async fn end_all(tx: &mut Tx, org: &OrgId, to: WorkspaceRole) -> Result<()> {
    queries::end_all(tx, org, to).await
}
