pub(super) mod offer;

use super::{Kind, Recipient};
use crate::access::OrgRole;
use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{InvitationId, KeyId, MemberId, OrgId, UserId, WorkspaceId};

row! {
    /// `email` is "" where there is a `github_id`.
    #[derive(Debug, Clone)]
    pub(super) struct RecipientRow {
        pub email: String,
        pub github_id: Option<String>,
        pub github_login: String,
    }
}

row! {
    #[derive(Debug, Clone)]
    pub(super) struct InvitationRow {
        ..pub to: RecipientRow,
        pub id: String,
        pub org_id: String,
        pub member_id: Option<String>,
        pub kind: String,
        pub name: String,
        pub role: OrgRole,
        pub status: String,
        pub invited_by: Option<String>,
        pub inviter_name: String,
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

macro_rules! columns {
    () => {
        "i.id, i.org_id, i.member_id, i.kind, i.email, i.github_id, i.github_login, i.name, i.role, i.status, i.invited_by, i.inviter_name, i.delivery,
         i.delivery_error, i.delivered_at, i.mail_round, i.accepted_by, i.created_at, i.expires_at, i.ended_at"
    };
}

pub(super) async fn find(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
) -> Result<Option<InvitationRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(concat!("SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.id = $2"))
        .bind(org.as_str()).bind(id.as_str()).fetch_optional(c))?,
    )
}

/// By its id alone, for its recipient and for the worker, who know no organization yet.
pub(super) async fn find_anywhere(tx: &mut Tx, id: &InvitationId) -> Result<Option<InvitationRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(concat!("SELECT ", columns!(), " FROM invitations i WHERE i.id = $1"))
        .bind(id.as_str()).fetch_optional(c))?,
    )
}

row! {
    #[derive(Debug, Clone)]
    pub(super) struct LinkRow {
        pub invitation_id: String,
        pub mailed: bool,
        pub ended_at: Option<i64>,
    }
}

pub(super) async fn find_link(tx: &mut Tx, hash: &str) -> Result<Option<LinkRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT invitation_id, mailed, ended_at FROM invitation_links WHERE hash = $1")
        .bind(hash).fetch_optional(c))?,
    )
}

pub(super) async fn find_pending_address(
    tx: &mut Tx,
    org: &OrgId,
    email: &str,
) -> Result<Option<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.email = $2 AND i.email <> '' AND i.status = 'pending'"))
        .bind(org.as_str()).bind(email).fetch_optional(c))?)
}

/// The same for an account at GitHub, by its number.
pub(super) async fn find_pending_github(
    tx: &mut Tx,
    org: &OrgId,
    github_id: &str,
) -> Result<Option<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.github_id = $2 AND i.status = 'pending'"))
        .bind(org.as_str()).bind(github_id).fetch_optional(c))?)
}

/// The pending ones that a user made.
pub(super) async fn pending_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.invited_by = $2 AND i.status = 'pending'"))
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

/// The pending ones that a key made.
pub(super) async fn pending_of_key(
    tx: &mut Tx,
    org: &OrgId,
    key: &KeyId,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM key_invitations k JOIN invitations i ON i.id = k.invitation_id AND i.status = 'pending'
         WHERE k.key_id = $2 AND i.org_id = $1"))
        .bind(org.as_str()).bind(key.as_str()).fetch_all(c))?)
}

/// Says which key an invitation is from, if it is from one.
pub(super) async fn set_key(tx: &mut Tx, id: &InvitationId, key: Option<&KeyId>) -> Result<()> {
    match key {
        Some(key) => run!(
            tx,
            sqlx::query(
                "INSERT INTO key_invitations (invitation_id, key_id) VALUES ($1, $2)
                 ON CONFLICT (invitation_id) DO UPDATE SET key_id = excluded.key_id"
            )
            .bind(id.as_str())
            .bind(key.as_str())
        )?,
        None => run!(
            tx,
            sqlx::query("DELETE FROM key_invitations WHERE invitation_id = $1").bind(id.as_str())
        )?,
    };
    Ok(())
}

/// The pending ones to a user who was a member when they were made.
pub(super) async fn pending_to_member(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM addresses a JOIN invitations i ON i.email = a.address AND i.status = 'pending'
         WHERE a.user_id = $2 AND i.org_id = $1 AND i.member_id IS NULL"))
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

/// The newest pending ones that offer a role in a workspace.
pub(super) async fn pending_to_workspace(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
    limit: i64,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.status = 'pending'
            AND i.id IN (SELECT invitation_id FROM invitation_access WHERE org_id = $1 AND workspace_id = $2)
         ORDER BY i.created_at DESC, i.id DESC LIMIT $3"))
        .bind(org.as_str()).bind(workspace.as_str()).bind(limit).fetch_all(c))?)
}

/// The pending ones to any proved address of a user, in organizations that are still there.
pub(super) async fn pending_to(
    tx: &mut Tx,
    user: &UserId,
    now: Micros,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM addresses a JOIN invitations i ON i.email = a.address AND i.status = 'pending'
         JOIN organizations o ON o.id = i.org_id AND o.deleted_at IS NULL
         WHERE a.user_id = $1 AND a.verified_at IS NOT NULL AND i.expires_at > $2 ORDER BY i.created_at DESC, i.id DESC LIMIT 100"))
        .bind(user.as_str()).bind(now).fetch_all(c))?)
}

/// The pending ones to the account at GitHub that a user is linked with, in organizations that are still there.
pub(super) async fn pending_to_github(
    tx: &mut Tx,
    user: &UserId,
    now: Micros,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM identities g JOIN invitations i ON i.github_id = g.subject AND i.status = 'pending'
         JOIN organizations o ON o.id = i.org_id AND o.deleted_at IS NULL
         WHERE g.user_id = $1 AND g.provider = 'github' AND i.expires_at > $2 ORDER BY i.created_at DESC, i.id DESC LIMIT 100"))
        .bind(user.as_str()).bind(now).fetch_all(c))?)
}

/// Those of one organization, expired ones too.
pub(super) async fn pending_to_github_of(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<InvitationRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM identities g JOIN invitations i ON i.github_id = g.subject AND i.status = 'pending'
         WHERE g.user_id = $2 AND g.provider = 'github' AND i.org_id = $1"))
        .bind(org.as_str()).bind(user.as_str()).fetch_all(c))?)
}

/// Whether one waits for an account at GitHub, in any organization that is still there.
pub(super) async fn awaits(tx: &mut Tx, github_id: &str, now: Micros) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM invitations i JOIN organizations o ON o.id = i.org_id AND o.deleted_at IS NULL
         WHERE i.github_id = $1 AND i.status = 'pending' AND i.expires_at > $2)")
        .bind(github_id).bind(now).fetch_one(c))?)
}

/// Where a page of a list ended.
pub(super) type After<'a> = Option<(Micros, &'a str)>;

pub(super) async fn list_pending(
    tx: &mut Tx,
    org: &OrgId,
    after: After<'_>,
    limit: i64,
) -> Result<Vec<InvitationRow>> {
    let (at, id) = after.unwrap_or((Micros::MAX, ""));
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND i.status = 'pending' AND (i.created_at, i.id) < ($2, $3)
         ORDER BY i.created_at DESC, i.id DESC LIMIT $4"))
        .bind(org.as_str()).bind(at).bind(id).bind(limit).fetch_all(c))?)
}

/// `status` "" means any that has ended.
pub(super) async fn list_ended(
    tx: &mut Tx,
    org: &OrgId,
    status: &str,
    after: After<'_>,
    limit: i64,
) -> Result<Vec<InvitationRow>> {
    let (at, id) = after.unwrap_or((Micros::MAX, ""));
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", columns!(), " FROM invitations i WHERE i.org_id = $1 AND (i.ended_at, i.id) < ($2, $3) AND ($4 = '' OR i.status = $4)
         ORDER BY i.ended_at DESC, i.id DESC LIMIT $5"))
        .bind(org.as_str()).bind(at).bind(id).bind(status).bind(limit).fetch_all(c))?)
}

pub(super) struct NewRow<'a> {
    pub id: &'a InvitationId,
    pub org: &'a OrgId,
    /// `None`: somebody who is a member already.
    pub member: Option<&'a MemberId>,
    pub kind: Kind,
    pub to: &'a Recipient,
    pub name: &'a str,
    pub role: OrgRole,
    pub invited_by: Option<&'a UserId>,
    pub inviter_name: &'a str,
    pub now: Micros,
    pub expires_at: Micros,
}

pub(super) async fn insert(tx: &mut Tx, i: &NewRow<'_>) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO invitations
                (id, org_id, member_id, kind, email, name, role, status, invited_by, inviter_name, delivery, created_at, expires_at,
                 github_id, github_login)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, 'queued', $10, $11, $12, $13)"
        )
        .bind(i.id.as_str())
        .bind(i.org.as_str())
        .bind(i.member.map(MemberId::as_str))
        .bind(i.kind.as_str())
        .bind(i.to.address().unwrap_or_default())
        .bind(i.name)
        .bind(i.role.as_str())
        .bind(i.invited_by.map(UserId::as_str))
        .bind(i.inviter_name)
        .bind(i.now)
        .bind(i.expires_at)
        .bind(i.to.github().map(|user| user.id.as_str()))
        .bind(i.to.github().map_or("", |user| user.login.as_str()))
    )?;
    Ok(())
}

/// What a pending invitation is and in whose name.
pub(super) struct OfferRow<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub role: OrgRole,
    pub by: Option<&'a UserId>,
    pub inviter_name: &'a str,
}

/// Makes a pending one offer something else, in somebody's name.
pub(super) async fn set_offer(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    offer: &OfferRow<'_>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE invitations SET kind = $3, name = $4, role = $5, invited_by = $6, inviter_name = $7
             WHERE org_id = $1 AND id = $2 AND status = 'pending'"
        )
        .bind(org.as_str())
        .bind(id.as_str())
        .bind(offer.kind.as_str())
        .bind(offer.name)
        .bind(offer.role.as_str())
        .bind(offer.by.map(UserId::as_str))
        .bind(offer.inviter_name)
    )?;
    Ok(())
}

/// Begins another round of mail with a new end, and gives its number.
pub(super) async fn begin_round(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    expires_at: Micros,
) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "UPDATE invitations SET mail_round = mail_round + 1, expires_at = $3, delivery = 'queued', delivery_error = '', delivered_at = NULL
         WHERE org_id = $1 AND id = $2 AND status = 'pending' RETURNING mail_round")
        .bind(org.as_str()).bind(id.as_str()).bind(expires_at).fetch_one(c))?)
}

/// Ends a pending one. `false`: it had ended already.
pub(super) async fn end(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    status: &str,
    at: Micros,
) -> Result<bool> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE invitations SET status = $3, ended_at = $4 WHERE org_id = $1 AND id = $2 AND status = 'pending'")
            .bind(org.as_str())
            .bind(id.as_str())
            .bind(status)
            .bind(at)
    )? == 1)
}

/// Accepts a pending one that hasn't expired, both asked in the statement that writes (SEC-I2, SEC-I11). `false`: it
/// could not be accepted any more.
pub(super) async fn accept(
    tx: &mut Tx,
    org: &OrgId,
    id: &InvitationId,
    user: &UserId,
    now: Micros,
) -> Result<bool> {
    Ok(run!(
        tx,
        sqlx::query(
            "UPDATE invitations SET status = 'accepted', ended_at = $4, accepted_by = $3
             WHERE org_id = $1 AND id = $2 AND status = 'pending' AND expires_at > $4"
        )
        .bind(org.as_str())
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(now)
    )? == 1)
}

pub(super) async fn revoke_all(tx: &mut Tx, org: &OrgId, now: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("UPDATE invitations SET status = 'revoked', ended_at = $2 WHERE org_id = $1 AND status = 'pending'")
            .bind(org.as_str())
            .bind(now)
    )?)
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
        sqlx::query("INSERT INTO invitation_links (hash, invitation_id, mailed, created_at) VALUES ($1, $2, $3, $4)")
            .bind(hash)
            .bind(id.as_str())
            .bind(mailed)
            .bind(now)
    )?;
    Ok(())
}

pub(super) async fn end_links(tx: &mut Tx, id: &InvitationId, now: Micros) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE invitation_links SET ended_at = $2 WHERE invitation_id = $1 AND ended_at IS NULL").bind(id.as_str()).bind(now)
    )?;
    Ok(())
}

/// Only the round it was sent in may say what became of a mail.
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
        sqlx::query("UPDATE invitations SET delivery = $3, delivery_error = $4, delivered_at = $5 WHERE id = $1 AND mail_round = $2")
            .bind(id.as_str())
            .bind(round)
            .bind(state)
            .bind(reason)
            .bind(delivered_at)
    )?;
    Ok(())
}

/// Counts one more in a window, beginning a new one where the last has ended: how many there are now, and when it ends.
pub(super) async fn count_up(
    tx: &mut Tx,
    key: &str,
    now: Micros,
    ends_at: Micros,
) -> Result<(i64, Micros)> {
    Ok(on!(tx, c => sqlx::query_as(
        "INSERT INTO invitation_limits (key, used, ends_at) VALUES ($1, 1, $3)
         ON CONFLICT (key) DO UPDATE SET
            used = CASE WHEN invitation_limits.ends_at <= $2 THEN 1 ELSE invitation_limits.used + 1 END,
            ends_at = CASE WHEN invitation_limits.ends_at <= $2 THEN excluded.ends_at ELSE invitation_limits.ends_at END
         RETURNING used, ends_at")
        .bind(key).bind(now).bind(ends_at).fetch_one(c))?)
}
