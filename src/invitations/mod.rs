//! Invitations: offers of an organization role (product.md, 5).

use crate::access::OrgRole;
use crate::actor::Actor;
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{InvitationId, OrgId, UserId};
use crate::mail::{Delivery, Letter};

/// Changes the role that applies on joining.
pub(crate) async fn set_role(_tx: &mut Tx, _org: &OrgId, _invitation: &InvitationId, _role: OrgRole) -> Result<()> {
    Ok(())
}

/// Revokes the pending invitations made by a user that offer more than `role` holds (`None`: all of them), and gives
/// the addresses.
pub(crate) async fn revoke_beyond(
    _tx: &mut Tx,
    _actor: &Actor,
    _user: &UserId,
    _role: Option<OrgRole>,
    _now: Micros,
) -> Result<Vec<String>> {
    Ok(Vec::new())
}

/// The addresses that [`revoke_beyond`] would revoke.
pub(crate) async fn addresses_beyond(_tx: &mut Tx, _org: &OrgId, _user: &UserId, _role: Option<OrgRole>) -> Result<Vec<String>> {
    Ok(Vec::new())
}

/// Revokes one invitation inside a write.
pub(crate) async fn revoke_in(_tx: &mut Tx, _actor: &Actor, _invitation: &InvitationId, _now: Micros) -> Result<()> {
    Ok(())
}

/// Revokes every pending invitation of an organization that is being deleted. The deletion's own event says how many.
pub(crate) async fn revoke_all(_tx: &mut Tx, _org: &OrgId, _now: Micros) -> Result<()> {
    Ok(())
}

/// The mail for an invitation, with a link made now; nothing where it has ended.
pub(crate) async fn prepare_letter(_app: &App, _invitation: &InvitationId) -> Result<Option<Letter>> {
    Ok(None)
}

/// Notes what became of the mail.
pub(crate) async fn note_delivery(_tx: &mut Tx, _invitation: &InvitationId, _delivery: Delivery<'_>, _now: Micros) -> Result<()> {
    Ok(())
}
