//! Limits: numbers that an organization may not pass (product.md, 10). Whatever adds to one asks here first, inside its
//! write, while the organization is locked; so page, call, import and invitation stop at the same number.

use super::{BYTES_PER_MONTH, ROWS_PER_MONTH, WORKSPACES};
use crate::access::{self, OrgRole, Permission};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::organizations::Organization;
use crate::{text, usage};

/// Refuses (402) to add workspaces beyond the plan's limit (S5-4). The refusal names limit and count, and who may change the
/// plan. What is there already stays, also above the limit. `org` is as read inside the write.
pub(crate) fn require_room_for_workspaces(app: &App, org: &Organization, more: i64) -> Result<()> {
    let plan = app.plans.of(org, app.now());
    let Some(most) = plan
        .limit(WORKSPACES)
        .filter(|most| more > 0 && org.workspaces + more > *most)
    else {
        return Ok(());
    };
    let too_many = if more == 1 {
        String::new()
    } else {
        format!(" {} more don't fit.", text::thousands(more))
    };
    Err(Refusal::over_limit(
        "workspace_limit",
        format!(
            "{} has {} and its plan, {}, allows {}.{too_many} {}",
            org.name,
            text::count(org.workspaces, "workspace", "workspaces"),
            plan.name,
            text::thousands(most),
            who_changes_plans(),
        ),
    )
    .with_next("See the plan", format!("/orgs/{}/billing", org.slug)))
}

/// Refuses (402) to start more work in a month whose rows or bytes are used up. What was already done is still reported and
/// counted: facts are never refused (S1-92).
pub(super) async fn require_month(
    app: &App,
    tx: &mut Tx,
    org: &Organization,
    now: Micros,
) -> Result<()> {
    let plan = app.plans.of(org, now);
    let (rows, bytes) = (plan.limit(ROWS_PER_MONTH), plan.limit(BYTES_PER_MONTH));
    if rows.is_none() && bytes.is_none() {
        return Ok(());
    }
    let used = usage::month(tx, &org.id, now).await?;
    for (what, used, most) in [("rows", used.rows, rows), ("bytes", used.bytes, bytes)] {
        let Some(most) = most.filter(|most| used >= *most) else {
            continue;
        };
        let message = format!(
            "{} has used {} {what} this month, and its plan, {}, allows {}. {}",
            org.name,
            text::thousands(used),
            plan.name,
            text::thousands(most),
            who_changes_plans(),
        );
        return Err(Refusal::over_limit("month_limit", message)
            .with_next("See the plan", format!("/orgs/{}/billing", org.slug)));
    }
    Ok(())
}

/// Why an organization's plan keeps a role from being given (S5-3, E15); `None`: it doesn't. Who has the role keeps it.
pub fn lacks_role(app: &App, org: &Organization, role: OrgRole) -> Option<String> {
    let plan = app.plans.of(org, app.now());
    (!plan.has_role(role)).then(|| {
        format!(
            "The role {} is {}",
            role.label(),
            app.plans.lacking(plan, |plan| plan.has_role(role))
        )
    })
}

/// Refuses to give a role that the plan doesn't have.
pub(crate) fn require_role(app: &App, org: &Organization, role: OrgRole) -> Result<()> {
    lacks_role(app, org, role).map_or(Ok(()), |why| Err(Refusal::field("role", why)))
}

/// "Owners and billing members can change the plan."
pub(super) fn who_changes_plans() -> String {
    format!(
        "{} can change the plan.",
        access::who_holds(Permission::ManageBilling)
    )
}

/// Refuses what the organization's plan doesn't have; `what` begins the sentence, "Projects". What is there already stays and
/// rests until the plan has it (SEC-Z13).
pub(crate) fn require_entitlement(
    app: &App,
    org: &Organization,
    name: &str,
    what: &str,
) -> Result<()> {
    let plan = app.plans.of(org, app.now());
    if plan.entitles(name) {
        return Ok(());
    }
    let lacking = app.plans.lacking(plan, |plan| plan.entitles(name));
    Err(Refusal::forbidden(
        "plan_lacks_entitlement",
        format!("{what} are {lacking}"),
    ))
}
