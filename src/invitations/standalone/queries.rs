use crate::access::WorkspaceRole;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{InvitationId, MemberId, OrgId, UserId, WorkspaceId};

row! {
    pub(super) struct InvitationRow {
        pub id: InvitationId,
        pub workspace_id: WorkspaceId,
        pub workspace_name: String,
        pub email: String,
        pub role: WorkspaceRole,
        pub status: String,
        pub invited_by: UserId,
        pub inviter_name: String,
        /// What the inviter is in the workspace at this moment.
        pub inviter_is: Option<WorkspaceRole>,
        pub delivery: String,
        pub delivery_error: String,
        pub delivered_at: Option<i64>,
        pub mail_round: i64,
        pub accepted_by: Option<String>,
        pub created_at: i64,
        pub expires_at: i64,
        pub ended_at: Option<i64>,
    }
}

/// Invitations to workspaces that are there and in no organization.
macro_rules! invitations {
    ($where:literal) => {
        concat!(
            "SELECT i.id, i.workspace_id, w.name AS workspace_name, i.email, i.role, i.status, i.invited_by, i.inviter_name,
                a.role AS inviter_is, i.delivery, i.delivery_error, i.delivered_at, i.mail_round, i.accepted_by, i.created_at,
                i.expires_at, i.ended_at
             FROM standalone_invitations i
             JOIN workspaces w ON w.id = i.workspace_id AND w.org_id IS NULL AND w.deleted_at IS NULL
             LEFT JOIN access a ON a.workspace_id = i.workspace_id AND a.user_id = i.invited_by AND a.source = 'direct'
             WHERE ",
            $where
        )
    };
}

pub(super) async fn find(tx: &mut Tx, id: &InvitationId) -> Result<Option<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(invitations!("i.id = $1")).bind(id.as_str()).fetch_optional(c))?)
}

pub(super) async fn find_pending(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    email: &str,
) -> Result<Option<InvitationRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(invitations!("i.workspace_id = $1 AND i.email = $2 AND i.status = 'pending'"))
        .bind(workspace.as_str()).bind(email).fetch_optional(c))?,
    )
}

/// The newest pending ones of a workspace.
pub(super) async fn pending(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    limit: i64,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(invitations!(
        "i.workspace_id = $1 AND i.status = 'pending' ORDER BY i.created_at DESC, i.id DESC LIMIT $2"))
        .bind(workspace.as_str()).bind(limit).fetch_all(c))?)
}

/// The pending ones to any proved address of a user.
pub(super) async fn pending_to(
    tx: &mut Tx,
    user: &UserId,
    now: Micros,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(invitations!(
        "i.email IN (SELECT address FROM addresses WHERE user_id = $1 AND verified_at IS NOT NULL) AND i.status = 'pending'
            AND i.expires_at > $2 ORDER BY i.created_at DESC, i.id DESC LIMIT 100"))
        .bind(user.as_str()).bind(now).fetch_all(c))?)
}

/// The invitation behind a link: its id, whether the link was mailed, and whether a newer mail replaced it.
pub(super) async fn find_link(
    tx: &mut Tx,
    hash: &str,
) -> Result<Option<(String, bool, Option<i64>)>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT invitation_id, mailed, ended_at FROM standalone_invitation_links WHERE hash = $1")
        .bind(hash).fetch_optional(c))?,
    )
}

/// Whether the account that has an address has a role in a workspace.
pub(super) async fn has_role(tx: &mut Tx, workspace: &WorkspaceId, email: &str) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM addresses d JOIN access a ON a.user_id = d.user_id WHERE d.address = $2 AND a.workspace_id = $1)")
        .bind(workspace.as_str()).bind(email).fetch_one(c))?)
}

pub(super) async fn is_in(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<bool> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM access WHERE workspace_id = $1 AND user_id = $2)")
        .bind(workspace.as_str()).bind(user.as_str()).fetch_one(c))?,
    )
}

pub(super) struct NewRow<'a> {
    pub id: &'a InvitationId,
    pub workspace: &'a WorkspaceId,
    pub email: &'a str,
    pub role: WorkspaceRole,
    pub invited_by: &'a UserId,
    pub inviter_name: &'a str,
    pub now: Micros,
    pub expires_at: Micros,
}

pub(super) async fn insert(tx: &mut Tx, i: &NewRow<'_>) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO standalone_invitations (id, workspace_id, email, role, status, invited_by, inviter_name, delivery, created_at, expires_at)
             VALUES ($1, $2, $3, $4, 'pending', $5, $6, 'queued', $7, $8)"
        )
        .bind(i.id.as_str())
        .bind(i.workspace.as_str())
        .bind(i.email)
        .bind(i.role.as_str())
        .bind(i.invited_by.as_str())
        .bind(i.inviter_name)
        .bind(i.now)
        .bind(i.expires_at)
    )?;
    Ok(())
}

/// Makes a pending one offer this, in this name, with another round of mail and a new end; its links die. Gives the round.
pub(super) async fn offer_again(tx: &mut Tx, i: &NewRow<'_>) -> Result<i64> {
    run!(
        tx,
        sqlx::query("UPDATE standalone_invitation_links SET ended_at = $2 WHERE invitation_id = $1 AND ended_at IS NULL")
            .bind(i.id.as_str())
            .bind(i.now)
    )?;
    Ok(on!(tx, c => sqlx::query_scalar(
        "UPDATE standalone_invitations SET role = $2, invited_by = $3, inviter_name = $4, expires_at = $5, mail_round = mail_round + 1,
            delivery = 'queued', delivery_error = '', delivered_at = NULL
         WHERE id = $1 AND status = 'pending' RETURNING mail_round")
        .bind(i.id.as_str()).bind(i.role.as_str()).bind(i.invited_by.as_str()).bind(i.inviter_name).bind(i.expires_at).fetch_one(c))?)
}

pub(super) async fn insert_link(
    tx: &mut Tx,
    hash: &str,
    id: &InvitationId,
    mailed: bool,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO standalone_invitation_links (hash, invitation_id, mailed, created_at) VALUES ($1, $2, $3, $4)")
            .bind(hash)
            .bind(id.as_str())
            .bind(mailed)
            .bind(now)
    )?;
    Ok(())
}

/// Ends a pending one. `false`: it had ended already.
pub(super) async fn end(tx: &mut Tx, id: &InvitationId, status: &str, at: Micros) -> Result<bool> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE standalone_invitations SET status = $2, ended_at = $3 WHERE id = $1 AND status = 'pending'")
            .bind(id.as_str())
            .bind(status)
            .bind(at)
    )? == 1)
}

/// Accepts a pending one that hasn't expired, both asked in the statement that writes (SEC-I2, SEC-I11).
pub(super) async fn accept(
    tx: &mut Tx,
    id: &InvitationId,
    user: &UserId,
    now: Micros,
) -> Result<bool> {
    Ok(run!(
        tx,
        sqlx::query(
            "UPDATE standalone_invitations SET status = 'accepted', ended_at = $3, accepted_by = $2
             WHERE id = $1 AND status = 'pending' AND expires_at > $3"
        )
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(now)
    )? == 1)
}

/// Revokes all that are pending. Gives how many.
pub(super) async fn revoke_all(tx: &mut Tx, workspace: &WorkspaceId, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE standalone_invitations SET status = 'revoked', ended_at = $2 WHERE workspace_id = $1 AND status = 'pending'")
            .bind(workspace.as_str())
            .bind(now)
    )?)
}

pub(super) async fn set_delivery(
    tx: &mut Tx,
    id: &InvitationId,
    round: i64,
    state: &str,
    reason: &str,
    delivered_at: Option<Micros>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE standalone_invitations SET delivery = $3, delivery_error = $4, delivered_at = $5 WHERE id = $1 AND mail_round = $2"
        )
        .bind(id.as_str())
        .bind(round)
        .bind(state)
        .bind(reason)
        .bind(delivered_at)
    )?;
    Ok(())
}

/// Makes a pending one into an invitation of the organization, with the same id, links and round of mail. `member` is the
/// row that stands for it in the directory; `None`: it is to a member.
pub(super) async fn turn(
    tx: &mut Tx,
    id: &InvitationId,
    org: &OrgId,
    member: Option<&MemberId>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO invitations (id, org_id, member_id, kind, email, name, role, status, invited_by, inviter_name, delivery,
                delivery_error, delivered_at, mail_round, created_at, expires_at)
             SELECT id, $2, $3, 'workspace', email, '', 'member', 'pending', invited_by, inviter_name, delivery, delivery_error,
                delivered_at, mail_round, created_at, expires_at
             FROM standalone_invitations WHERE id = $1"
        )
        .bind(id.as_str())
        .bind(org.as_str())
        .bind(member.map(MemberId::as_str))
    )?;
    run!(
        tx,
        sqlx::query(
            "INSERT INTO invitation_access (invitation_id, org_id, workspace_id, role)
             SELECT id, $2, workspace_id, role FROM standalone_invitations WHERE id = $1"
        )
        .bind(id.as_str())
        .bind(org.as_str())
    )?;
    for sql in [
        "INSERT INTO invitation_links (hash, invitation_id, mailed, created_at, ended_at)
         SELECT hash, invitation_id, mailed, created_at, ended_at FROM standalone_invitation_links WHERE invitation_id = $1",
        "DELETE FROM standalone_invitation_links WHERE invitation_id = $1",
        "DELETE FROM standalone_invitations WHERE id = $1",
    ] {
        run!(tx, sqlx::query(sql).bind(id.as_str()))?;
    }
    Ok(())
}
