//! The tables beside the events by which they are found.

use crate::db::{Tx, on, rows_alone, run};
use crate::error::Result;
use crate::ids::OrgId;

/// So many at once: SQLite takes 32,766 values in a statement.
const AT_ONCE: usize = 4_000;

pub(in crate::audit) async fn add_tags(tx: &mut Tx, tags: &[(i64, i64)]) -> Result<()> {
    for chunk in tags.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO audit_tags (tag, seq) VALUES {}",
            rows_alone(tx.dialect(), chunk.len(), 2)
        );
        run!(
            tx,
            chunk.iter().fold(
                sqlx::query(sqlx::AssertSqlSafe(sql.as_str())),
                |query, (tag, seq)| query.bind(*tag).bind(*seq)
            )
        )?;
    }
    Ok(())
}

pub(in crate::audit) async fn add_day(
    tx: &mut Tx,
    org: &OrgId,
    day: i64,
    first: i64,
    last: i64,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO audit_days (org_id, day, first_seq, last_seq) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id, day) DO UPDATE SET last_seq = excluded.last_seq"
        )
        .bind(org.as_str())
        .bind(day)
        .bind(first)
        .bind(last)
    )?;
    Ok(())
}

pub(in crate::audit) async fn add_action(
    tx: &mut Tx,
    org: &OrgId,
    action: &str,
    category: &str,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO audit_actions (org_id, action, category) VALUES ($1, $2, $3) ON CONFLICT (org_id, action) DO NOTHING")
            .bind(org.as_str())
            .bind(action)
            .bind(category)
    )?;
    Ok(())
}

pub(in crate::audit) async fn has_any(tx: &mut Tx) -> Result<bool> {
    let found: Option<i64> =
        on!(tx, c => sqlx::query_scalar("SELECT seq FROM audit_tags LIMIT 1").fetch_optional(c))?;
    Ok(found.is_some())
}

/// Organizations that have a chain.
pub(in crate::audit) async fn organizations(tx: &mut Tx) -> Result<Vec<OrgId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT h.stream FROM audit_heads h JOIN organizations o ON o.id = h.stream").fetch_all(c))?,
    )
}

/// Everything that has ever happened in an organization: category and action, in this order.
pub(in crate::audit) async fn actions(tx: &mut Tx, org: &OrgId) -> Result<Vec<(String, String)>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT category, action FROM audit_actions WHERE org_id = $1 ORDER BY category, action")
        .bind(org.as_str()).fetch_all(c))?,
    )
}

/// The first and the last event of some days, the last day left out; `None` where nothing happened.
pub(in crate::audit) async fn span(
    tx: &mut Tx,
    org: &OrgId,
    from: i64,
    until: i64,
) -> Result<Option<(i64, i64)>> {
    let (first, last): (Option<i64>, Option<i64>) = on!(tx, c => sqlx::query_as(
        "SELECT MIN(first_seq), MAX(last_seq) FROM audit_days WHERE org_id = $1 AND day >= $2 AND day < $3")
        .bind(org.as_str()).bind(from).bind(until).fetch_one(c))?;
    Ok(first.zip(last))
}
