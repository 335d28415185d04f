//! What an invitation offers besides the organization: roles in its workspaces. Judged by the rules for giving access
//! directly, when it is made, when it is changed, and once more when it is accepted.

use super::queries::offer::{self as queries, LineRow};
use super::{Invitation, Kind, Recipient};
use crate::access::{self, OrgRole, WorkspaceRole};
use crate::actor::Actor;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Checks, Result};
use crate::ids::{CustomRoleId, InvitationId, OrgId, UserId, WorkspaceId};
use crate::workspaces::Given;
use serde_json::{Value, json};

/// Workspaces that one invitation may name.
pub const MOST: usize = 100;

/// A role to give in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub workspace: WorkspaceId,
    pub role: Given,
}

/// A role in a workspace that an invitation gives on joining, with the names to show.
#[derive(Debug, Clone)]
pub struct Offered {
    pub workspace: WorkspaceId,
    pub workspace_name: String,
    pub workspace_slug: String,
    pub role: Given,
    /// "Admin", or the custom role's name.
    pub role_name: String,
    /// What the inviter is in that workspace at this moment.
    inviter_is: Option<WorkspaceRole>,
}

impl Offered {
    fn from_row(row: LineRow) -> Self {
        let (role, role_name) = match row.custom_role_id {
            Some(id) => (
                Given::Custom(id.into()),
                row.custom_role_name
                    .unwrap_or_else(|| "a custom role that was deleted".into()),
            ),
            None => (Given::Fixed(row.role), row.role.label().to_owned()),
        };
        Self {
            workspace: row.workspace_id,
            workspace_name: row.workspace_name,
            workspace_slug: row.workspace_slug,
            role,
            role_name,
            inviter_is: row.inviter_direct.max(row.inviter_organization),
        }
    }
}

/// Every line of one invitation.
pub(super) async fn of(tx: &mut Tx, org: &OrgId, id: &InvitationId) -> Result<Vec<Offered>> {
    Ok(queries::of(tx, org, id)
        .await?
        .into_iter()
        .map(Offered::from_row)
        .collect())
}

/// Gives each invitation its lines.
pub(super) fn fill(invitations: &mut [Invitation], rows: Vec<LineRow>) {
    for row in rows {
        if let Some(invitation) = invitations
            .iter_mut()
            .find(|i| i.id.as_str() == row.invitation_id)
        {
            invitation.access.push(Offered::from_row(row));
        }
    }
}

/// Whether somebody with this organization role, and with what they are in each workspace, could offer all of this: the
/// one question behind changing an invitation, losing it on demotion, and accepting it (SEC-I8).
pub(super) fn could_offer(inviter: OrgRole, kind: Kind, role: OrgRole, access: &[Offered]) -> bool {
    let organization = match kind {
        Kind::Organization => access::may_invite(inviter, false, role).is_ok(),
        // Being a member is what a workspace invitation needs, and no more.
        Kind::Workspace => !access.is_empty(),
    };
    organization
        && access
            .iter()
            .all(|line| may_give(Some(inviter), line.inviter_is, &line.role).is_ok())
}

fn may_give(
    organization: Option<OrgRole>,
    workspace: Option<WorkspaceRole>,
    role: &Given,
) -> Result<()> {
    let ceiling = access::gives_up_to(organization, workspace);
    access::may_set_access(ceiling, organization, None, Some(role.role()), false)
}

/// Refuses what the actor couldn't give directly (product.md, 2.2 and 5): in a workspace that isn't the organization's or
/// that is named twice, a custom role that isn't there, more than viewer for a viewer of the organization, and a role
/// above the actor's own.
pub(super) async fn check(
    tx: &mut Tx,
    actor: &Actor,
    role: OrgRole,
    wanted: &[Wanted],
) -> Result<()> {
    let mut checks = Checks::default();
    if wanted.len() > MOST {
        checks.fail(
            "workspace_access",
            format!("One invitation names at most {MOST} workspaces."),
        );
        return checks.done();
    }
    let mut refused = Ok(());
    for (n, line) in wanted.iter().enumerate() {
        let field = |name: &str| format!("workspace_access[{n}].{name}");
        let Some(place) = queries::place(tx, &actor.org.id, actor.user(), &line.workspace).await?
        else {
            checks.fail(
                field("workspace_id"),
                format!("{} has no workspace {}.", actor.org.name, line.workspace),
            );
            continue;
        };
        if wanted[..n]
            .iter()
            .any(|earlier| earlier.workspace == line.workspace)
        {
            checks.fail(
                field("workspace_id"),
                format!("{} is named twice. Choose one role for it.", place.name),
            );
        }
        if let Given::Custom(id) = &line.role
            && !queries::has_custom_role(tx, &actor.org.id, id).await?
        {
            checks.fail(
                field("role"),
                format!("{} has no such custom role.", actor.org.name),
            );
        }
        if access::fits_under_cap(role, line.role.role()).is_err() {
            let message = format!(
                "A viewer of the organization changes nothing in any workspace: give Viewer in {}.",
                place.name
            );
            checks.fail(field("role"), message);
        }
        refused = refused.and(may_give(
            Some(actor.role),
            place.direct.max(place.organization),
            &line.role,
        ));
    }
    // What doesn't exist is said first: otherwise the answer to it would tell whether it does.
    checks.done()?;
    refused
}

/// Refuses to replace what the actor couldn't take away directly.
pub(super) async fn may_replace(tx: &mut Tx, actor: &Actor, access: &[Offered]) -> Result<()> {
    for line in access {
        if let Some(place) =
            queries::place(tx, &actor.org.id, actor.user(), &line.workspace).await?
        {
            may_give(
                Some(actor.role),
                place.direct.max(place.organization),
                &line.role,
            )?;
        }
    }
    Ok(())
}

/// Makes an invitation offer exactly this.
pub(super) async fn replace(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    wanted: &[Wanted],
) -> Result<()> {
    queries::clear(tx, org, id).await?;
    for line in wanted {
        set(tx, org, id, line).await?;
    }
    Ok(())
}

/// Makes an invitation offer this role in this workspace, beside what else it offers.
pub(super) async fn set(tx: &mut Tx, org: &OrgId, id: &InvitationId, line: &Wanted) -> Result<()> {
    queries::set(
        tx,
        org,
        id,
        &line.workspace,
        line.role.role(),
        line.role.custom(),
    )
    .await
}

/// What is offered, for the audit log.
pub(super) fn in_words(access: &[Offered]) -> Value {
    access.iter().map(|line| json!({ "workspace": line.workspace, "name": line.workspace_name, "role": line.role_name })).collect()
}

/// What became of pending invitations whose offer was cut.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut {
    /// To whom those were that offer less now.
    pub changed: Vec<String>,
    /// To whom those were that were revoked, because they offered nothing else.
    pub revoked: Vec<String>,
}

/// Takes a workspace that leaves the organization or is deleted out of every pending invitation (SEC-I9). An invitation
/// to nothing but that workspace is revoked. Part of the caller's write, which records its own event with the counts.
pub(crate) async fn drop_workspace(
    tx: &mut Tx,
    actor: &Actor,
    workspace: &WorkspaceId,
    now: Micros,
) -> Result<Cut> {
    let offering = queries::offering(tx, &actor.org.id, Some(workspace), None).await?;
    queries::drop_lines(tx, &actor.org.id, Some(workspace), None).await?;
    cut(tx, actor, offering, now).await
}

/// Takes a custom role that is deleted out of every pending invitation, or puts another role in its place.
pub(crate) async fn drop_custom_role(
    tx: &mut Tx,
    actor: &Actor,
    role: &CustomRoleId,
    replacement: Option<&Given>,
    now: Micros,
) -> Result<Cut> {
    let offering = queries::offering(tx, &actor.org.id, None, Some(role)).await?;
    match replacement {
        Some(to) => {
            queries::replace_custom_role(tx, &actor.org.id, role, to.role(), to.custom()).await?
        }
        None => queries::drop_lines(tx, &actor.org.id, None, Some(role)).await?,
    }
    cut(tx, actor, offering, now).await
}

async fn cut(
    tx: &mut Tx,
    actor: &Actor,
    offering: Vec<queries::OfferingRow>,
    now: Micros,
) -> Result<Cut> {
    let mut cut = Cut::default();
    for row in offering {
        let to = Recipient::from(row.to).to_string();
        if Kind::parse(&row.kind) == Kind::Workspace
            && queries::of(tx, &actor.org.id, &row.id).await?.is_empty()
        {
            let invitation = super::find_in(tx, &actor.org.id, &row.id, now).await?;
            super::ending::take_back(tx, actor, &invitation, "it offered nothing else", now)
                .await?;
            cut.revoked.push(to);
        } else {
            cut.changed.push(to);
        }
    }
    Ok(cut)
}

/// The pending invitations that a user made, with what they offer.
pub(super) async fn pending_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    now: Micros,
) -> Result<Vec<Invitation>> {
    let rows = super::queries::pending_by(tx, org, user).await?;
    let mut made: Vec<Invitation> = rows
        .into_iter()
        .map(|row| Invitation::from_row(row, now))
        .collect();
    fill(&mut made, queries::of_pending_by(tx, org, user).await?);
    Ok(made)
}
