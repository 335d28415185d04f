use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId, UserId};

row! {
    /// Somebody's row in the directory.
    #[derive(Debug, Clone)]
    pub(super) struct Place {
        pub id: MemberId,
        pub user_id: UserId,
        pub name: String,
    }
}

pub(super) async fn place(tx: &mut Tx, org: &OrgId, email: &str) -> Result<Place> {
    let found: Option<Place> = on!(tx, c => sqlx::query_as("SELECT id, user_id, name FROM members WHERE org_id = $1 AND email = $2")
        .bind(org.as_str()).bind(email).fetch_optional(c))?;
    found.ok_or(Refusal::NotFound)
}

/// Notes when somebody was last there: nobody opens pages while the story is told.
pub(super) async fn was_here(tx: &mut Tx, org: &OrgId, email: &str, at: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE members SET last_active_at = $3 WHERE org_id = $1 AND email = $2 AND status = 'active' AND claimed")
            .bind(org.as_str())
            .bind(email)
            .bind(at)
    )?;
    Ok(())
}
