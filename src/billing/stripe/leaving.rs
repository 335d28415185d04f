//! What becomes of a subscription whose organization is deleted: nobody is to pay for what isn't there any more.

use super::answers::id_of;
use super::checkout::end_session;
use super::client::{Client, Failure};
use super::queries;
use super::standing::is_live;
use crate::app::App;
use crate::billing::Status;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::OrgId;

/// Organizations that one round sees to.
const AT_ONCE: i64 = 100;

/// Whether a subscription goes on, as was last read: what deleting the organization ends.
pub(crate) async fn is_paying(tx: &mut Tx, org: &OrgId) -> Result<bool> {
    Ok(queries::standing(tx, org)
        .await?
        .is_some_and(|row| is_live(Status::parse(&row.status))))
}

/// Ends what deleted organizations still have at Stripe: checkouts that could be paid, and subscriptions, at once and without
/// giving money back. Asked of Stripe, not of what was known. Where it can't be reached, the next round does it.
pub(super) async fn end_left_behind(app: &App, stripe: &Client<'_>) -> Result<()> {
    let mut tx = app.db.read().await?;
    let left = queries::left_behind(&mut tx, AT_ONCE).await?;
    drop(tx);
    for one in left {
        end(stripe, &one.stripe_customer_id).await?;
        let mut tx = app.db.begin().await?;
        queries::set_ended(&mut tx, &one.org_id.as_str().into()).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn end(stripe: &Client<'_>, customer: &str) -> Result<()> {
    let sessions = stripe
        .list(
            "/v1/checkout/sessions",
            &[("customer", customer), ("status", "open"), ("limit", "100")],
        )
        .await?;
    for session in sessions.iter().filter_map(id_of) {
        end_session(stripe, session).await?;
    }
    let subscriptions = stripe
        .list(
            "/v1/subscriptions",
            &[("customer", customer), ("status", "all"), ("limit", "100")],
        )
        .await?;
    for one in subscriptions.iter().filter(|one| {
        !matches!(
            one["status"].as_str(),
            Some("canceled" | "incomplete_expired")
        )
    }) {
        let Some(id) = id_of(one) else { continue };
        match stripe.delete(&format!("/v1/subscriptions/{id}")).await {
            Ok(_) | Err(Failure::Missing) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(())
}
