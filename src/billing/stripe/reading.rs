//! Reading how a customer stands at Stripe, and keeping it. Whatever made somebody look (an event, a page, a person who
//! comes back from paying, the nightly round), this is what happens, so that all of them end in the same state.

use super::answers::{self, Invoice};
use super::client::Client;
use super::leaving::end_left_behind;
use super::queries::{self, StandingRow};
use super::standing::{Payment, Standing, View, derive, is_live};
use super::telling;
use crate::access::{self, Permission};
use crate::actor::{Actor, Origin, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing::{Status, put_in_force};
use crate::clock::{DAY, MINUTE, Micros, SECOND};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::OrgId;
use crate::organizations;
use serde_json::json;
use std::time::Duration;
use url::Url;

/// How old a state may be that a page shows without asking Stripe first.
const FRESH: Micros = 5 * MINUTE;
/// How long a page waits for Stripe, and how long it doesn't try again after it waited in vain.
const PAGE_WAITS: Duration = Duration::from_secs(3);
const PAGE_RESTS: Micros = 30 * SECOND;
/// How many organizations the nightly round reads at a time.
const BATCH: i64 = 200;

/// An event that made somebody read.
pub(super) struct Cause<'a> {
    pub id: &'a str,
    pub kind: &'a str,
}

/// Stripe, as who did what it reports.
pub(super) fn stripe_itself() -> Person {
    let origin = Origin {
        client: "Stripe".into(),
        ..Origin::default()
    };
    Person {
        name: "Stripe".into(),
        origin,
        ..Person::system()
    }
}

/// Where a browser may be sent, or a link may lead: by https, or to the very place that the settings name as Stripe.
pub(super) fn may_lead_to(app: &App, address: &str) -> bool {
    let base = &app.config.stripe_api_url;
    Url::parse(address).is_ok_and(|url| {
        (url.scheme() == "https" && url.has_host()) || url.origin() == base.origin()
    })
}

/// Asks Stripe how the organization's customer stands and keeps it, with its event in the audit log if anything changed, and
/// mail to those who see to billing if there is something for them to do.
/// The event that caused it counts once, in the same transaction (SEC-B2). Refuses with "not found" where there is no
/// customer, and as "unavailable" where Stripe can't be asked; then nothing but that is noted.
///
/// Each read takes a number before it asks. One that was overtaken keeps nothing: the later one saw at least as much
/// (SEC-B3).
pub(super) async fn read_now(app: &App, org: &OrgId, cause: Option<Cause<'_>>) -> Result<Standing> {
    let stripe = Client::new(app).ok_or(Refusal::NotFound)?;
    let mut tx = app.db.begin().await?;
    let turn = queries::take_turn(&mut tx, org)
        .await?
        .ok_or(Refusal::NotFound)?;
    tx.commit().await?;
    let read = match answers::read(&stripe, &turn.stripe_customer_id, |address| {
        may_lead_to(app, address)
    })
    .await
    {
        Ok(read) => read,
        Err(failure) => {
            let mut tx = app.db.begin().await?;
            queries::note_failure(&mut tx, org, turn.stripe_asked, app.now()).await?;
            tx.commit().await?;
            return Err(failure.into());
        }
    };
    let now = app.now();
    let mut tx = app.db.write_org(org).await?;
    let row = queries::standing(&mut tx, org)
        .await?
        .ok_or(Refusal::NotFound)?;
    let before = Standing::from(&row);
    if let Some(cause) = cause
        && !queries::insert_event(&mut tx, org, cause.id, cause.kind, now).await?
    {
        return Ok(before);
    }
    let after = derive(&read, &before, &app.plans, now);
    let invoices = serde_json::to_string(&read.invoices).map_err(anyhow::Error::new)?;
    if !queries::store(&mut tx, org, turn.stripe_asked, &after, &invoices, now).await? {
        tx.commit().await?;
        return Ok(before);
    }
    if after.differs(&before) {
        follow(app, &mut tx, org, (&before, &after), now).await?;
    }
    let told = telling::tell(app, &mut tx, org, (&before, &after), now).await?;
    tx.commit().await?;
    if told {
        app.wake();
    }
    Ok(after)
}

/// What follows from a change: the plan in force, what pages say above everything, and one event.
///
/// The plan is touched only when Stripe's state asks for another than it did before: what the operator set by hand for an
/// organization that pays nothing stays.
async fn follow(
    app: &App,
    tx: &mut Tx,
    id: &OrgId,
    (before, after): (&Standing, &Standing),
    now: Micros,
) -> Result<()> {
    let org = organizations::find(tx, id).await?;
    let was = app.plans.of(&org, now);
    let moves = (&before.plan, before.plan_until) != (&after.plan, after.plan_until);
    if moves {
        put_in_force(tx, id, &after.plan, after.plan_until).await?;
    }
    if before.alert() != after.alert() {
        queries::set_alert(tx, id, after.alert()).await?;
    }
    let is = if moves {
        app.plans.in_force(&after.plan, after.plan_until, now)
    } else {
        was
    };
    let status = json!({ "before": word(before), "after": word(after) });
    let event = |action| {
        Event::new(
            Category::Billing,
            action,
            "organization",
            id.to_string(),
            &*org.name,
        )
    };
    let event = match was.id == is.id {
        true => event("billing.status_changed").change(word(before), word(after)),
        false => event("billing.plan_changed")
            .change(&*was.name, &*is.name)
            .with("status", status),
    };
    let event = event
        .with("ends_at", after.plan_until.map(crate::clock::rfc3339))
        .with("billed_every", &*after.billed_every);
    audit::record_in(tx, &stripe_itself(), id, now, event).await
}

/// How it stands, as the log says it.
fn word(standing: &Standing) -> String {
    let payment = match standing.payment {
        Payment::Fine => "",
        Payment::Refunded => ", last payment refunded",
        Payment::TakenBack => ", last payment taken back by the bank",
    };
    format!("{}{payment}", standing.status.as_str().replace('_', " "))
}

/// How the actor's organization stands, for its billing page: read anew where it is some minutes old, and as it was where
/// Stripe doesn't answer in three seconds. Refuses who neither owns the organization nor has the billing role (S1-93).
pub async fn look(app: &App, actor: &Actor) -> Result<View> {
    access::require(actor.role, Permission::ManageBilling)?;
    let row = current(app, &actor.org.id).await?;
    let now = app.now();
    let old = row.stripe_read_at.is_none_or(|at| now - at > FRESH);
    let rests = row.stripe_failed_at.is_some_and(|at| now - at < PAGE_RESTS);
    if app.config.stripe_api_key.is_none() || row.stripe_customer_id.is_none() || !old || rests {
        return Ok(view(app, &row));
    }
    // It goes on by itself where the page no longer waits, so that the failure or the state is noted.
    let (reader, org) = (app.clone(), actor.org.id.clone());
    let reading = tokio::spawn(async move { read_now(&reader, &org, None).await });
    match tokio::time::timeout(PAGE_WAITS, reading).await {
        Ok(Ok(Ok(_))) => Ok(view(app, &current(app, &actor.org.id).await?)),
        _ => Ok(View {
            is_stale: true,
            ..view(app, &row)
        }),
    }
}

async fn current(app: &App, org: &OrgId) -> Result<StandingRow> {
    let mut tx = app.db.read().await?;
    Ok(queries::standing(&mut tx, org).await?.unwrap_or_default())
}

fn view(app: &App, row: &StandingRow) -> View {
    let standing = Standing::from(row);
    let invoices: Vec<Invoice> = serde_json::from_str(&row.stripe_invoices).unwrap_or_default();
    View {
        is_set_up: app.config.stripe_api_key.is_some(),
        has_customer: row.stripe_customer_id.is_some(),
        is_live: is_live(standing.status),
        status: standing.status,
        payment: standing.payment,
        invoices,
        read_at: row.stripe_read_at,
        is_stale: row.stripe_failed_at.is_some(),
    }
}

impl From<&StandingRow> for Standing {
    fn from(row: &StandingRow) -> Self {
        Self {
            status: Status::parse(&row.status),
            subscription: row.stripe_subscription_id.clone(),
            paid_plan: row.paid_plan.clone(),
            billed_every: row.billed_every.clone(),
            period_end: row.period_end,
            grace_end: row.grace_end,
            trial_end: row.trial_end,
            payment: Payment::parse(&row.payment),
            plan: row.stripe_plan.clone(),
            plan_until: row.stripe_plan_until,
        }
    }
}

/// What a round over every customer came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Customers that were read.
    pub read: usize,
    /// Slugs of organizations that events had missed something of.
    pub repaired: Vec<String>,
    /// Slugs of those that Stripe could not be asked about.
    pub failed: Vec<String>,
}

/// Reads every customer's state, and so repairs what no event told of. Ends early where Stripe can't be reached at all.
/// The operator's, and the nightly round's. Refuses where Stripe isn't set up.
pub async fn reconcile(app: &App) -> Result<Round> {
    round(app, Micros::MAX).await
}

/// The nightly round: the customers whose state wasn't read for a day, and what deleted organizations left. Does nothing where Stripe isn't set up.
pub(crate) async fn reconcile_due(app: &App) -> Result<Round> {
    let now = app.now();
    let Some(stripe) = Client::new(app) else {
        return Ok(Round::default());
    };
    end_left_behind(app, &stripe).await?;
    let mut tx = app.db.begin().await?;
    queries::delete_events(&mut tx, now - 30 * DAY).await?;
    tx.commit().await?;
    let round = round(app, now - DAY).await?;
    if !round.repaired.is_empty() || !round.failed.is_empty() {
        tracing::warn!(read = round.read, repaired = ?round.repaired, failed = ?round.failed, "the nightly round at Stripe");
    }
    Ok(round)
}

async fn round(app: &App, read_before: Micros) -> Result<Round> {
    if app.config.stripe_api_key.is_none() {
        return Err(super::not_set_up());
    }
    let (mut done, mut after) = (Round::default(), String::new());
    loop {
        let mut tx = app.db.read().await?;
        let due = queries::due(&mut tx, read_before, &after, BATCH).await?;
        drop(tx);
        let Some(last) = due.last() else {
            return Ok(done);
        };
        after = last.org_id.clone();
        for one in &due {
            let org = OrgId::from(one.org_id.as_str());
            let before = Standing::from(&current(app, &org).await?);
            match read_now(app, &org, None).await {
                Ok(now) if now.differs(&before) => done.repaired.push(one.slug.clone()),
                Ok(_) => {}
                // Deleted meanwhile.
                Err(Refusal::NotFound) => continue,
                Err(Refusal::Unavailable(_)) => {
                    done.failed.push(one.slug.clone());
                    // Where nobody answers for three in a row, nobody answers.
                    if done.failed.len() >= 3 && done.read == 0 {
                        return Ok(done);
                    }
                    continue;
                }
                Err(refusal) => return Err(refusal),
            }
            done.read += 1;
        }
    }
}
