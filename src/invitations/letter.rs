//! The mail of an invitation: rendered by the worker at the moment it is sent, with a link made then.

use super::{Invitation, Status, invite, queries, resend, standalone, with_access};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{InvitationId, OrgId};
use crate::mail::{Delivery, InvitationMail, Letter};
use crate::{organizations, secret};

/// The mail for an invitation, with a link made now of which only the hash is kept (SEC-I10). Nothing where the
/// invitation has ended, where a newer round of mail has begun, or where nobody stands behind it any more (SEC-E3).
///
/// A repeated try makes a further link and leaves the earlier one alive: the server may have taken the first mail and
/// only the answer was lost.
pub(crate) async fn prepare_letter(
    app: &App,
    id: &InvitationId,
    round: i64,
) -> Result<Option<Letter>> {
    let now = app.now();
    let Some(org) = organization_of(app, id).await? else {
        return standalone::prepare_letter(app, id, round).await;
    };
    let mut tx = match app.db.write_org(&org).await {
        Err(Refusal::NotFound) => return Ok(None),
        tx => tx?,
    };
    let Some(row) = queries::find_anywhere(&mut tx, id).await? else {
        return Ok(None);
    };
    let invitation = with_access(&mut tx, Invitation::from_row(row, now)).await?;
    let current = invitation.status == Status::Pending && invitation.round == round;
    let Some(address) = invitation.to.address() else {
        return Ok(None);
    };
    if !current || !invite::stands_behind(&mut tx, &invitation).await? {
        return Ok(None);
    }
    let org = organizations::find(&mut tx, &org).await?;
    let token = secret::random_token();
    queries::insert_link(&mut tx, &secret::hash(&token), id, true, now).await?;
    tx.commit().await?;
    let workspaces: Vec<(&str, &str)> = invitation
        .access
        .iter()
        .map(|l| (l.workspace_name.as_str(), l.role_name.as_str()))
        .collect();
    let mail = InvitationMail {
        kind: invitation.kind,
        to_member: invitation.is_to_member(),
        workspaces: &workspaces,
        to: address,
        organization: &org.name,
        inviter: &invitation.inviter,
        role: org.policies.label(invitation.role),
        role_explained: invitation.role.explains(),
        expires_at: invitation.expires_at,
        link: &resend::link(app, &token),
    };
    mail.letter().map(Some)
}

async fn organization_of(app: &App, id: &InvitationId) -> Result<Option<OrgId>> {
    let mut tx = app.db.read().await?;
    Ok(queries::find_anywhere(&mut tx, id)
        .await?
        .map(|row| row.org_id.into()))
}

/// Notes what became of the mail: taken by the server, waiting with the reason, or failed with the reason. "Sent" is
/// never written before the server took it.
pub(crate) async fn note_delivery(
    tx: &mut Tx,
    id: &InvitationId,
    round: i64,
    delivery: Delivery<'_>,
    now: Micros,
) -> Result<()> {
    standalone::note_delivery(tx, id, round, &delivery, now).await?;
    match delivery {
        Delivery::Waiting(reason) => {
            queries::set_delivery(tx, id, round, "queued", reason, None).await
        }
        Delivery::Sent => queries::set_delivery(tx, id, round, "sent", "", Some(now)).await,
        Delivery::Failed(reason) => {
            queries::set_delivery(tx, id, round, "failed", reason, None).await
        }
    }
}
