//! Unlinking: a workspace goes on by itself, with its data and the people who have it by themselves (S1-23..26).

use super::{find_in, queries};
use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::WorkspaceId;
use crate::impact::{self, Impact, Scope};
use crate::workspaces::{Given, Source, Workspace, give_access};
use crate::{invitations, members, organizations, roles};

/// What unlinking does.
#[derive(Clone, Debug)]
pub struct Unlinking {
    pub workspace: Workspace,
    /// Who loses it; and who can do more in it, because the organization holds them back no longer.
    pub impact: Impact,
    /// People who keep it, by a role of their own.
    pub keeping: i64,
    /// People who hold one of the organization's custom roles by themselves. It ends here.
    pub custom: i64,
    /// Who unlinks becomes its owner, because nobody else would be.
    pub adopted: bool,
    /// Pending invitations that offered it, and no longer do.
    pub invitations: i64,
    /// Owners and admins came in by their organization role. They no longer do.
    pub entered_by_role: bool,
}

/// What unlinking would do: it is done, looked at, and undone. Refuses what [`unlink`] refuses.
pub async fn unlinking_impact(
    app: &App,
    actor: &Actor,
    id: &WorkspaceId,
    custom_to: Option<WorkspaceRole>,
) -> Result<Unlinking> {
    let (mut tx, actor) = app.db.write(actor).await?;
    unlink_in(&mut tx, &actor, id, custom_to, app.now()).await
}

/// Takes a workspace out of the actor's organization. Its id, its data and the roles that people have by themselves stay;
/// what the organization gave goes, with the grants of who loses it. A custom role is the organization's: who holds one
/// by themselves gets `custom_to` for it, or loses the workspace. Nobody's workspace becomes that of who unlinks it.
///
/// Refuses who may not (S1-21), a workspace of another organization, and, for somebody who couldn't give it, the role of
/// owner: an owner of the organization has to unlink a workspace that nobody owns by themselves.
pub async fn unlink(
    app: &App,
    actor: &Actor,
    id: &WorkspaceId,
    custom_to: Option<WorkspaceRole>,
) -> Result<Unlinking> {
    let (mut tx, actor) = app.db.write(actor).await?;
    let done = unlink_in(&mut tx, &actor, id, custom_to, app.now()).await?;
    tx.commit().await?;
    Ok(done)
}

async fn unlink_in(
    tx: &mut Tx,
    actor: &Actor,
    id: &WorkspaceId,
    custom_to: Option<WorkspaceRole>,
    now: Micros,
) -> Result<Unlinking> {
    let org = organizations::find(tx, &actor.org.id).await?;
    access::require(actor.role, Permission::LinkWorkspaces)?;
    tx.lock_workspace(id).await?;
    let (workspace, _) = find_in(tx, &org.id, actor.user(), id).await?;
    let scope = Scope::Workspaces(vec![id.clone()]);
    let before = impact::look(tx, &scope).await?;
    let offers = invitations::drop_workspace(tx, actor, id, now).await?;
    let invitations = (offers.changed.len() + offers.revoked.len()) as i64;
    let custom = queries::end_custom_roles(tx, id, custom_to).await?;
    roles::forget_workspace(tx, &org.id, id).await?;
    let adopted = !queries::has_direct_owner(tx, id).await?;
    if adopted {
        adopt(tx, actor, &workspace, now).await?;
    }
    members::add_to_workspaces_of(tx, &org.id, id, -1).await?;
    queries::drop_organization_access(tx, id).await?;
    let keeping = queries::set_standalone(tx, &org.id, id).await?;
    organizations::add_to_counts(tx, &org.id, 0, 0, -1).await?;
    let impact = before.compare(&impact::look(tx, &scope).await?);
    let event = Event::new(
        Category::Governance,
        "workspace.unlinked",
        "workspace",
        id.to_string(),
        &*workspace.name,
    )
    .workspace(id)
    .with("slug", &*workspace.slug)
    .with("impact", impact.counts())
    .with("people_kept", keeping)
    .with("custom_roles_ended", custom)
    .with("custom_roles_became", custom_to.map(WorkspaceRole::as_str))
    .with("invitations_changed", offers.changed.len())
    .with("invitations_revoked", offers.revoked.len())
    .with("adopted", adopted);
    audit::record(tx, actor, now, event).await?;
    let workspace = Workspace {
        org: None,
        people: keeping,
        ..workspace
    };
    Ok(Unlinking {
        workspace,
        impact,
        keeping,
        custom,
        adopted,
        invitations,
        entered_by_role: org.policies.admins_enter,
    })
}

/// Makes who unlinks the owner of a workspace that nobody owns by themselves.
async fn adopt(tx: &mut Tx, actor: &Actor, workspace: &Workspace, now: Micros) -> Result<()> {
    if actor.role != OrgRole::Owner || actor.person.is_system() {
        return Err(Refusal::conflict(
            "nobody_would_own_it",
            format!(
                "Nobody is owner of {} by themselves, so nobody would own it afterwards. Ask an owner of {} to unlink it; it then becomes theirs.",
                workspace.name, actor.org.name
            ),
        )
        .with_next("See who is owner", format!("/orgs/{}/members?role=owner", actor.org.slug)));
    }
    give_access(
        tx,
        workspace,
        actor.user(),
        Source::Direct,
        &Given::Fixed(WorkspaceRole::Owner),
        now,
    )
    .await
}
