//! The operator sets a plan.

use super::{Plan, Status, put_in_force, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::{Refusal, Result};
use crate::organizations;
use std::sync::Arc;

/// What became of a plan that was set.
#[derive(Clone, Debug)]
pub struct PlanSet {
    pub before: Arc<Plan>,
    pub after: Arc<Plan>,
    /// `false`: it was the plan already, and nothing was written.
    pub changed: bool,
}

/// Sets an organization's plan. Nothing is taken away by it, whatever the new plan's limits are (SEC-Z13).
///
/// Refuses a plan that the plans file doesn't have, everybody but the operator on the command line, and an organization
/// that pays for its plan at Stripe, where the plan is changed too.
pub async fn set_plan(app: &App, actor: &Actor, plan: &str) -> Result<PlanSet> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageBilling)?;
    if !actor.person.is_system() {
        return Err(Refusal::forbidden(
            "operator_sets_plans",
            "Whoever runs this server sets plans, with roster plan set.",
        ));
    }
    let Some(after) = app.plans.find(plan) else {
        let known: Vec<&str> = app
            .plans
            .all()
            .iter()
            .map(|plan| plan.id.as_str())
            .collect();
        return Err(Refusal::field(
            "plan",
            format!("There is no plan “{plan}”. Plans are {}.", known.join(", ")),
        ));
    };
    let account = queries::account(&mut tx, &actor.org.id)
        .await?
        .unwrap_or_default();
    let pays = account.stripe_subscription_id.is_some()
        && Status::parse(&account.status) != Status::Cancelled;
    if pays {
        return Err(Refusal::conflict(
            "plan_paid_at_stripe",
            "This organization pays for its plan at Stripe. Change or end it there.",
        ));
    }
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    let before = app.plans.of(&org, now);
    if org.plan == after.id && org.plan_until.is_none() {
        return Ok(PlanSet {
            before: before.clone(),
            after: after.clone(),
            changed: false,
        });
    }
    put_in_force(&mut tx, &org.id, &after.id, None).await?;
    let event = Event::new(
        Category::Billing,
        "billing.plan_changed",
        "organization",
        org.id.to_string(),
        &*org.name,
    )
    .change(&*before.name, &*after.name);
    audit::record(&mut tx, &actor, now, event).await?;
    tx.commit().await?;
    Ok(PlanSet {
        before: before.clone(),
        after: after.clone(),
        changed: true,
    })
}
