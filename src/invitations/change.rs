//! Changing what a pending invitation offers.

use super::offer::{self, Wanted};
use super::{Invitation, Kind, find_in, invite, require_open};
use crate::access::{self, OrgRole};
use crate::actor::Actor;
use crate::app::App;
use crate::billing;
use crate::error::{Refusal, Result};
use crate::ids::InvitationId;
use crate::{members, organizations};

/// What an invitation shall offer. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    pub role: Option<OrgRole>,
    pub access: Option<Vec<Wanted>>,
}

/// Changes what will apply on joining: the role, and exactly which workspaces (S1-43, S3-22). Where the inviter couldn't
/// offer it, it is from now on the invitation of the one who changed it. Nothing is sent.
///
/// Refuses who may not touch what it offers now or give what it shall offer, what [`super::invite`] refuses of an offer, and
/// one that has ended. The same again changes nothing.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: &InvitationId,
    changed: &Changed,
) -> Result<Invitation> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, access::Permission::ManageMembers)?;
    let before = find_in(&mut tx, &actor.org.id, id, now).await?;
    let role = changed.role.unwrap_or(before.role);
    access::may_change_role(actor.role, before.role, role, false)?;
    require_open(&before)?;
    before.to.require_role(role)?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    if role != before.role && !org.policies.offers(role) {
        let message = format!(
            "{} doesn't offer the role {}. Choose one of the others.",
            org.name,
            role.label()
        );
        return Err(Refusal::field("role", message));
    }
    if role != before.role {
        billing::require_role(app, &org, role)?;
    }
    if let Some(wanted) = &changed.access {
        offer::may_replace(&mut tx, &actor, &before.access).await?;
        offer::check(&mut tx, &actor, role, wanted).await?;
        if wanted.is_empty() && before.is_to_member() {
            let message = "They are a member already: an invitation without a workspace gives them nothing. Revoke it instead.";
            return Err(Refusal::field("workspace_access", message));
        }
        offer::replace(&mut tx, &org.id, id, wanted).await?;
    }
    if role != before.role {
        let Some(row) = &before.member else {
            return Err(Refusal::conflict(
                "already_member",
                "They are a member already. Change their role on their own page.",
            ));
        };
        let entry = members::entry(&mut tx, &org.id, row, now).await?;
        members::set_role_in(&mut tx, &actor, &entry, role, now).await?;
    }
    let mut after = find_in(&mut tx, &org.id, id, now).await?;
    if after.access.is_empty() {
        after.kind = Kind::Organization;
    }
    if after.kind != before.kind || !invite::stands_behind(&mut tx, &after).await? {
        invite::take_over(&mut tx, &actor, &after).await?;
    }
    invite::note_change(&mut tx, &actor, &before, now).await?;
    let after = find_in(&mut tx, &org.id, id, now).await?;
    tx.commit().await?;
    Ok(after)
}
