use super::Held;
use crate::access::OrgRole;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId};

row! {
    struct HeldRow {
        id: MemberId,
        org_id: OrgId,
        role: OrgRole,
        name: String,
    }
}

/// Every membership of a user, whatever its state, in the order organizations are locked in.
pub(super) async fn held_by(tx: &mut Tx, user: &UserId) -> Result<Vec<Held>> {
    let rows: Vec<HeldRow> = on!(tx, c => sqlx::query_as("SELECT id, org_id, role, name FROM members WHERE user_id = $1 ORDER BY org_id")
        .bind(user.as_str()).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|row| Held {
            member: row.id,
            org: row.org_id,
            role: row.role,
            name: row.name,
        })
        .collect())
}

/// Gives a row to another account. Its number of workspaces begins anew, as the access is given.
pub(super) async fn move_to(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    user: &UserId,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE members SET user_id = $3, sole_user_id = CASE WHEN sole_user_id IS NULL THEN NULL ELSE $3 END, workspaces = 0
             WHERE org_id = $1 AND id = $2"
        )
        .bind(org.as_str())
        .bind(member.as_str())
        .bind(user.as_str())
    )?;
    Ok(())
}

/// Name and slug of each organization that has no owner but this user.
pub(super) async fn only_owner_of(tx: &mut Tx, user: &UserId) -> Result<Vec<(String, String)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT o.name, o.slug FROM members m JOIN organizations o ON o.id = m.org_id AND o.deleted_at IS NULL
         WHERE m.user_id = $1 AND m.role_rank = 0 AND m.status = 'active' AND NOT EXISTS (
            SELECT 1 FROM members x JOIN users u ON u.id = x.user_id
            WHERE x.org_id = m.org_id AND x.role_rank = 0 AND x.status = 'active' AND u.status = 'active' AND x.user_id <> $1)
         ORDER BY o.name, o.id")
        .bind(user.as_str()).fetch_all(c))?)
}
