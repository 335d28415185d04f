pub(super) mod heads;
pub(super) mod index;
pub(super) mod list;
pub(super) mod redact;

use crate::db::{Tx, on, row, rows_alone, run};
use crate::error::Result;
use crate::ids::UserId;

row! {
    /// One event as it stands in the table.
    #[derive(Debug, Clone)]
    pub struct EventRow {
        pub id: String,
        pub stream: String,
        pub seq: i64,
        pub prev_hash: String,
        pub hash: String,
        pub at: i64,
        pub org_id: Option<String>,
        pub workspace_id: Option<String>,
        pub category: String,
        pub action: String,
        pub actor_kind: String,
        pub actor_id: String,
        pub actor_name: String,
        pub credential: String,
        pub ip: String,
        pub client: String,
        pub request_id: String,
        pub target_kind: String,
        pub target_id: String,
        pub target_name: String,
        pub subject_id: Option<String>,
        pub changes: String,
        pub v: i64,
        pub salt: String,
        pub redacted: String,
    }
}

pub(super) async fn head(tx: &mut Tx, stream: &str) -> Result<Option<(i64, String)>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT seq, hash FROM audit_heads WHERE stream = $1").bind(stream).fetch_optional(c))?,
    )
}

pub(super) async fn set_head(tx: &mut Tx, stream: &str, seq: i64, hash: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO audit_heads (stream, seq, hash) VALUES ($1, $2, $3)
         ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash"
        )
        .bind(stream)
        .bind(seq)
        .bind(hash)
    )?;
    Ok(())
}

/// So many at once: SQLite takes 32,766 values in a statement.
const AT_ONCE: usize = 500;

pub(super) async fn insert(tx: &mut Tx, events: &[EventRow]) -> Result<()> {
    for chunk in events.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO audit_events (id, stream, seq, prev_hash, hash, at, org_id, workspace_id, category, action, actor_kind, actor_id,
                actor_name, credential, ip, client, request_id, target_kind, target_id, target_name, subject_id, changes, v, salt, redacted)
             VALUES {}",
            rows_alone(tx.dialect(), chunk.len(), 25)
        );
        run!(tx, {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
            chunk.iter().fold(query, |query, e| {
                query
                    .bind(&e.id)
                    .bind(&e.stream)
                    .bind(e.seq)
                    .bind(&e.prev_hash)
                    .bind(&e.hash)
                    .bind(e.at)
                    .bind(&e.org_id)
                    .bind(&e.workspace_id)
                    .bind(&e.category)
                    .bind(&e.action)
                    .bind(&e.actor_kind)
                    .bind(&e.actor_id)
                    .bind(&e.actor_name)
                    .bind(&e.credential)
                    .bind(&e.ip)
                    .bind(&e.client)
                    .bind(&e.request_id)
                    .bind(&e.target_kind)
                    .bind(&e.target_id)
                    .bind(&e.target_name)
                    .bind(&e.subject_id)
                    .bind(&e.changes)
                    .bind(e.v)
                    .bind(&e.salt)
                    .bind(&e.redacted)
            })
        })?;
    }
    Ok(())
}

pub(super) async fn page(
    tx: &mut Tx,
    stream: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM audit_events WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3")
        .bind(stream).bind(after).bind(limit).fetch_all(c))?,
    )
}

/// The newest events of a person's account and of their own doing in organizations they are in, before an event.
pub(super) async fn of_person(
    tx: &mut Tx,
    user: &UserId,
    before: &str,
    limit: i64,
) -> Result<Vec<EventRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT * FROM audit_events WHERE id IN (
            SELECT id FROM (SELECT id FROM audit_events WHERE actor_id = $1 AND id < $2
                AND (org_id IS NULL OR org_id IN (SELECT org_id FROM members WHERE user_id = $1 AND status = 'active'))
                ORDER BY id DESC LIMIT $3) did
            UNION
            SELECT id FROM (SELECT id FROM audit_events WHERE stream = $1 AND id < $2 ORDER BY seq DESC LIMIT $3) had)
         ORDER BY id DESC LIMIT $3")
        .bind(user.as_str()).bind(before).bind(limit).fetch_all(c))?)
}

row! {
    /// A chain, with the slug of the organization whose it is.
    pub(super) struct StreamRow {
        pub stream: String,
        pub slug: Option<String>,
        pub events: i64,
    }
}

/// Every chain: those that have a head, and those whose head is gone.
pub(super) async fn streams(tx: &mut Tx) -> Result<Vec<StreamRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT s.stream, o.slug, (SELECT COUNT(*) FROM audit_events e WHERE e.stream = s.stream) AS events
         FROM (SELECT stream FROM audit_heads UNION SELECT stream FROM audit_events) s
         LEFT JOIN organizations o ON o.id = s.stream ORDER BY s.stream")
        .fetch_all(c))?)
}

pub(super) async fn stream(tx: &mut Tx, stream: &str) -> Result<Vec<StreamRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT o.id AS stream, o.slug, (SELECT COUNT(*) FROM audit_events e WHERE e.stream = o.id) AS events
         FROM organizations o WHERE o.id = $1")
        .bind(stream).fetch_all(c))?)
}

pub(super) async fn at(tx: &mut Tx, stream: &str, seq: i64) -> Result<Option<EventRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM audit_events WHERE stream = $1 AND seq = $2").bind(stream).bind(seq).fetch_optional(c))?,
    )
}

/// Whether somebody came into a workspace by their organization role in this session, or by this token, before.
pub(super) async fn has_entered(
    tx: &mut Tx,
    org: &str,
    user: &str,
    workspace: &str,
    credential: &str,
) -> Result<bool> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM audit_events WHERE org_id = $1 AND actor_id = $2 AND workspace_id = $3 AND credential = $4
            AND action = 'workspace.entered_via_org_role')")
        .bind(org).bind(user).bind(workspace).bind(credential).fetch_one(c))?)
}
