use super::standing::Standing;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::OrgId;

row! {
    #[derive(Default)]
    pub(super) struct StandingRow {
        pub status: String,
        pub stripe_customer_id: Option<String>,
        pub stripe_subscription_id: Option<String>,
        pub paid_plan: String,
        pub billed_every: String,
        pub period_end: Option<i64>,
        pub grace_end: Option<i64>,
        pub trial_end: Option<i64>,
        pub payment: String,
        pub stripe_plan: String,
        pub stripe_plan_until: Option<i64>,
        pub stripe_invoices: String,
        pub stripe_read_at: Option<i64>,
        pub stripe_failed_at: Option<i64>,
    }
}

pub(super) async fn standing(tx: &mut Tx, org: &OrgId) -> Result<Option<StandingRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT status, stripe_customer_id, stripe_subscription_id, paid_plan, billed_every, period_end, grace_end, trial_end, payment,
            stripe_plan, stripe_plan_until, stripe_invoices, stripe_read_at, stripe_failed_at
         FROM billing_accounts WHERE org_id = $1")
        .bind(org.as_str()).fetch_optional(c))?)
}

/// The organization that a customer at Stripe stands for.
pub(super) async fn org_of(tx: &mut Tx, customer: &str) -> Result<Option<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT b.org_id FROM billing_accounts b JOIN organizations o ON o.id = b.org_id
         WHERE b.stripe_customer_id = $1 AND o.deleted_at IS NULL")
        .bind(customer).fetch_optional(c))?)
}

row! {
    pub(super) struct Turn {
        pub stripe_customer_id: String,
        pub stripe_asked: i64,
    }
}

/// The next number of a read, and whom to ask about.
pub(super) async fn take_turn(tx: &mut Tx, org: &OrgId) -> Result<Option<Turn>> {
    Ok(on!(tx, c => sqlx::query_as(
        "UPDATE billing_accounts SET stripe_asked = stripe_asked + 1 WHERE org_id = $1 AND stripe_customer_id IS NOT NULL
         RETURNING stripe_customer_id, stripe_asked")
        .bind(org.as_str()).fetch_optional(c))?)
}

/// Keeps what was read, unless a later read was kept before. `false`: it was.
pub(super) async fn store(
    tx: &mut Tx,
    org: &OrgId,
    turn: i64,
    now: &Standing,
    invoices: &str,
    at: Micros,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "UPDATE billing_accounts SET status = $3, stripe_subscription_id = $4, paid_plan = $5, billed_every = $6, period_end = $7,
                grace_end = $8, trial_end = $9, payment = $10, stripe_plan = $11, stripe_plan_until = $12, stripe_invoices = $13,
                stripe_read_at = $14, stripe_failed_at = NULL, stripe_stored = $2
             WHERE org_id = $1 AND stripe_stored < $2"
        )
        .bind(org.as_str())
        .bind(turn)
        .bind(now.status.as_str())
        .bind(&now.subscription)
        .bind(&now.paid_plan)
        .bind(&now.billed_every)
        .bind(now.period_end)
        .bind(now.grace_end)
        .bind(now.trial_end)
        .bind(now.payment.as_str())
        .bind(&now.plan)
        .bind(now.plan_until)
        .bind(invoices)
        .bind(at)
    )?;
    Ok(done == 1)
}

/// Notes that Stripe could not be asked, unless a later read worked.
pub(super) async fn note_failure(tx: &mut Tx, org: &OrgId, turn: i64, at: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE billing_accounts SET stripe_failed_at = $3 WHERE org_id = $1 AND stripe_stored < $2")
            .bind(org.as_str())
            .bind(turn)
            .bind(at)
    )?;
    Ok(())
}

/// What was told last by mail.
pub(super) async fn told(tx: &mut Tx, org: &OrgId) -> Result<String> {
    let told: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT told FROM billing_accounts WHERE org_id = $1").bind(org.as_str()).fetch_optional(c))?;
    Ok(told.unwrap_or_default())
}

pub(super) async fn set_told(tx: &mut Tx, org: &OrgId, news: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE billing_accounts SET told = $2 WHERE org_id = $1")
            .bind(org.as_str())
            .bind(news)
    )?;
    Ok(())
}

/// Organizations, by id, whose plan ended by itself and that were not told.
pub(super) async fn untold(
    tx: &mut Tx,
    now: Micros,
    after: &str,
    limit: i64,
) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT b.org_id FROM billing_accounts b JOIN organizations o ON o.id = b.org_id
         WHERE b.stripe_plan_until <= $1 AND b.told <> 'ended' AND b.org_id > $2 AND o.deleted_at IS NULL ORDER BY b.org_id LIMIT $3")
        .bind(now).bind(after).bind(limit).fetch_all(c))?)
}

pub(super) async fn set_alert(tx: &mut Tx, org: &OrgId, alert: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE organizations SET billing_alert = $2 WHERE id = $1")
            .bind(org.as_str())
            .bind(alert)
    )?;
    Ok(())
}

/// Names the organization's customer, if it has none. Gives the one it has then.
pub(super) async fn keep_customer(tx: &mut Tx, org: &OrgId, customer: &str) -> Result<String> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "INSERT INTO billing_accounts (org_id, stripe_customer_id) VALUES ($1, $2)
         ON CONFLICT (org_id) DO UPDATE SET stripe_customer_id = COALESCE(billing_accounts.stripe_customer_id, excluded.stripe_customer_id)
         RETURNING stripe_customer_id")
        .bind(org.as_str()).bind(customer).fetch_one(c))?)
}

pub(super) async fn has_event(tx: &mut Tx, event: &str) -> Result<bool> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar("SELECT received_at FROM stripe_events WHERE id = $1").bind(event).fetch_optional(c))?;
    Ok(found.is_some())
}

/// `false`: it is there already.
pub(super) async fn insert_event(
    tx: &mut Tx,
    org: &OrgId,
    event: &str,
    kind: &str,
    at: Micros,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query("INSERT INTO stripe_events (id, org_id, kind, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING")
            .bind(event)
            .bind(org.as_str())
            .bind(kind)
            .bind(at)
    )?;
    Ok(done == 1)
}

pub(super) async fn delete_events(tx: &mut Tx, before: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM stripe_events WHERE received_at < $1").bind(before)
    )?;
    Ok(())
}

row! {
    pub(super) struct DueRow {
        pub org_id: String,
        pub slug: String,
    }
}

/// Organizations with a customer, by id, whose state was last read before a moment, or never.
pub(super) async fn due(
    tx: &mut Tx,
    read_before: Micros,
    after: &str,
    limit: i64,
) -> Result<Vec<DueRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT b.org_id, o.slug FROM billing_accounts b JOIN organizations o ON o.id = b.org_id
         WHERE b.stripe_customer_id IS NOT NULL AND COALESCE(b.stripe_read_at, 0) < $1 AND b.org_id > $2 AND o.deleted_at IS NULL
         ORDER BY b.org_id LIMIT $3")
        .bind(read_before).bind(after).bind(limit).fetch_all(c))?)
}

row! {
    pub(super) struct LeftRow {
        pub org_id: String,
        pub stripe_customer_id: String,
    }
}

/// Deleted organizations whose customer may still pay.
pub(super) async fn left_behind(tx: &mut Tx, limit: i64) -> Result<Vec<LeftRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT b.org_id, b.stripe_customer_id FROM billing_accounts b JOIN organizations o ON o.id = b.org_id
         WHERE b.stripe_customer_id IS NOT NULL AND b.status <> 'cancelled' AND o.deleted_at IS NOT NULL ORDER BY b.org_id LIMIT $1")
        .bind(limit).fetch_all(c))?)
}

pub(super) async fn set_ended(tx: &mut Tx, org: &OrgId) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE billing_accounts SET status = 'cancelled', paid_plan = '' WHERE org_id = $1"
        )
        .bind(org.as_str())
    )?;
    Ok(())
}

row! {
    pub(super) struct CheckoutRow {
        pub attempt: i64,
        pub price_id: String,
        pub session_id: Option<String>,
        pub begun_at: i64,
    }
}

pub(super) async fn checkout(tx: &mut Tx, org: &OrgId) -> Result<Option<CheckoutRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT attempt, price_id, session_id, begun_at FROM stripe_checkouts WHERE org_id = $1")
        .bind(org.as_str()).fetch_optional(c))?,
    )
}

/// Begins the organization's next attempt at a checkout.
pub(super) async fn begin_checkout(
    tx: &mut Tx,
    org: &OrgId,
    attempt: i64,
    price: &str,
    at: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO stripe_checkouts (org_id, attempt, price_id, begun_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id) DO UPDATE SET attempt = excluded.attempt, price_id = excluded.price_id, session_id = NULL,
                begun_at = excluded.begun_at"
        )
        .bind(org.as_str())
        .bind(attempt)
        .bind(price)
        .bind(at)
    )?;
    Ok(())
}

/// Names the session of an attempt. `false`: another attempt has begun since.
pub(super) async fn keep_session(
    tx: &mut Tx,
    org: &OrgId,
    attempt: i64,
    session: &str,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "UPDATE stripe_checkouts SET session_id = $3 WHERE org_id = $1 AND attempt = $2"
        )
        .bind(org.as_str())
        .bind(attempt)
        .bind(session)
    )?;
    Ok(done == 1)
}
