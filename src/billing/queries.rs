use crate::db::{Tx, on, row};
use crate::error::Result;
use crate::ids::OrgId;

row! {
    #[derive(Debug, Clone, Default)]
    pub(super) struct AccountRow {
        pub status: String,
        pub paid_plan: String,
        pub billed_every: String,
        pub period_end: Option<i64>,
        pub grace_end: Option<i64>,
        pub trial_end: Option<i64>,
        pub email: String,
        pub name: String,
        pub address: String,
        pub stripe_customer_id: Option<String>,
        pub stripe_subscription_id: Option<String>,
        pub stripe_read_at: Option<i64>,
    }
}

pub(super) async fn account(tx: &mut Tx, org: &OrgId) -> Result<Option<AccountRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT status, paid_plan, billed_every, period_end, grace_end, trial_end, email, name, address, stripe_customer_id,
            stripe_subscription_id, stripe_read_at FROM billing_accounts WHERE org_id = $1")
        .bind(org.as_str()).fetch_optional(c))?)
}
