//! Telling by mail what becomes of payments: a payment that failed, one that is disputed, a plan that ended. What was told
//! last stands beside the state, so that each turn is told once, whatever made Roster read it, and however often.

use super::queries;
use super::standing::Standing;
use crate::access::Permission;
use crate::app::App;
use crate::billing::{Status, queries as accounts};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::OrgId;
use crate::mail::{self, PaymentNotice};
use crate::{members, organizations};

/// Organizations that one look finds.
const AT_ONCE: i64 = 100;

/// What there is to tell of how an organization stands at a moment: `past_due`, `disputed`, `ended`, or "" for nothing.
fn news(standing: &Standing, now: Micros) -> &'static str {
    let is_over = standing.plan_until.is_some_and(|until| until <= now);
    match standing.status {
        Status::Cancelled => "ended",
        _ if is_over => "ended",
        Status::PastDue => "past_due",
        Status::Disputed => "disputed",
        Status::None | Status::Trial | Status::Active | Status::Cancelling => "",
    }
}

/// Tells what is new since the last time, in the transaction of the change, and to whom: the address that the organization
/// named for mail about billing, or else everybody who may see to it and has an address. `false`: nothing is new.
pub(super) async fn tell(
    app: &App,
    tx: &mut Tx,
    id: &OrgId,
    (before, after): (&Standing, &Standing),
    now: Micros,
) -> Result<bool> {
    let told = queries::told(tx, id).await?;
    let news = news(after, now);
    if news == told {
        return Ok(false);
    }
    queries::set_told(tx, id, news).await?;
    if news.is_empty() {
        return Ok(false);
    }
    let org = organizations::find(tx, id).await?;
    let paid = if after.plan.is_empty() {
        &before.plan
    } else {
        &after.plan
    };
    let notice = PaymentNotice {
        to: String::new(),
        to_address: false,
        organization: org.name.clone(),
        slug: org.slug.clone(),
        news: news.to_owned(),
        plan: app
            .plans
            .find(paid)
            .unwrap_or_else(|| app.plans.default_plan())
            .name
            .clone(),
        plan_now: app.plans.of(&org, now).name.clone(),
        fallback: app.plans.default_plan().name.clone(),
        at: now,
        until: after.grace_end,
        failed: [before.status, after.status].contains(&Status::PastDue),
    };
    let named = accounts::account(tx, id).await?.unwrap_or_default().email;
    let to = match named.is_empty() {
        false => vec![named.clone()],
        true => members::addresses_of(tx, id, Permission::ManageBilling).await?,
    };
    for to in to {
        let notice = PaymentNotice {
            to,
            to_address: !named.is_empty(),
            ..notice.clone()
        };
        mail::enqueue(tx, now, Some(id), mail::Message::Payment(notice)).await?;
    }
    Ok(true)
}

/// Tells of plans whose time was over since the last look: that happens by itself, and no event tells of it.
pub(crate) async fn tell_due(app: &App) -> Result<()> {
    let mut after = String::new();
    loop {
        let mut tx = app.db.read().await?;
        let due = queries::untold(&mut tx, app.now(), &after, AT_ONCE).await?;
        drop(tx);
        let Some(last) = due.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for id in due.iter().map(|id| OrgId::from(id.as_str())) {
            match tell_one(app, &id).await {
                // Deleted meanwhile.
                Ok(()) | Err(Refusal::NotFound) => {}
                Err(refusal) => return Err(refusal),
            }
        }
    }
}

async fn tell_one(app: &App, id: &OrgId) -> Result<()> {
    let mut tx = app.db.write_org(id).await?;
    let standing = Standing::from(
        &queries::standing(&mut tx, id)
            .await?
            .ok_or(Refusal::NotFound)?,
    );
    tell(app, &mut tx, id, (&standing, &standing), app.now()).await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}
