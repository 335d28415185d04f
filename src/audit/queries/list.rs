//! The log's lists: one walk along a tag, or along the chain itself, and what stands around the events found.

use super::EventRow;
use crate::db::{Tx, explain, on, places};
use crate::error::Result;
use crate::ids::{EventId, OrgId};

/// Where to walk: along a tag or the whole chain, strictly between two numbers.
#[derive(Debug, Clone, Copy)]
pub(in crate::audit) struct Walk {
    pub tag: Option<i64>,
    pub above: i64,
    pub below: i64,
    pub newest_first: bool,
}

macro_rules! along_tag {
    ($order:literal) => {
        concat!(
            "SELECT e.* FROM (SELECT seq FROM audit_tags WHERE tag = $2 AND seq > $3 AND seq < $4 ORDER BY seq ",
            $order,
            " LIMIT $5) t CROSS JOIN audit_events e WHERE e.stream = $1 AND e.seq = t.seq ORDER BY e.seq ",
            $order
        )
    };
}

macro_rules! along_chain {
    ($order:literal) => {
        concat!(
            "SELECT * FROM audit_events WHERE stream = $1 AND seq > $2 AND seq < $3 ORDER BY seq ",
            $order,
            " LIMIT $4"
        )
    };
}

impl Walk {
    fn sql(&self) -> &'static str {
        match (self.tag.is_some(), self.newest_first) {
            (true, true) => along_tag!("DESC"),
            (true, false) => along_tag!("ASC"),
            (false, true) => along_chain!("DESC"),
            (false, false) => along_chain!("ASC"),
        }
    }
}

/// Binds what the statement of a walk asks for.
macro_rules! bound {
    ($query:expr, $org:expr, $walk:expr, $limit:expr) => {{
        let query = $query.bind($org.as_str());
        let query = match $walk.tag {
            Some(tag) => query.bind(tag),
            None => query,
        };
        query.bind($walk.above).bind($walk.below).bind($limit)
    }};
}

/// The next events of a walk. The organization's id is the name of its chain.
pub(in crate::audit) async fn walk(
    tx: &mut Tx,
    org: &OrgId,
    walk: &Walk,
    limit: i64,
) -> Result<Vec<EventRow>> {
    Ok(on!(tx, c => bound!(sqlx::query_as(walk.sql()), org, walk, limit).fetch_all(c))?)
}

pub(in crate::audit) async fn find(
    tx: &mut Tx,
    org: &OrgId,
    event: &EventId,
) -> Result<Option<EventRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM audit_events WHERE id = $1 AND org_id = $2")
        .bind(event.as_str()).bind(org.as_str()).fetch_optional(c))?,
    )
}

/// The database's plan for a walk.
pub(in crate::audit) async fn explain(
    tx: &mut Tx,
    org: &OrgId,
    walk: &Walk,
    limit: i64,
) -> Result<Vec<String>> {
    explain!(tx, walk.sql(), query => bound!(query, org, walk, limit))
}

/// Who of these users, or which of these rows of the directory, is a member: row, user and name.
pub(in crate::audit) async fn members(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String, Option<String>, String)>> {
    let places = places(2, ids.len());
    let sql = format!(
        "SELECT id, user_id, name FROM members WHERE org_id = $1 AND user_id IN ({places})
         UNION SELECT id, user_id, name FROM members WHERE org_id = $1 AND id IN ({places})"
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(org.as_str());
        ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(c)
    })?)
}

/// The names of those of these workspaces that are in the organization.
pub(in crate::audit) async fn workspaces(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String, String)>> {
    let places = places(2, ids.len());
    let sql = format!(
        "SELECT id, name FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND id IN ({places})"
    );
    Ok(on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(org.as_str());
        ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(c)
    })?)
}

/// Runs a statement about some of an organization's things, by their ids; none for none.
macro_rules! those_of {
    ($tx:expr, $org:expr, $ids:expr, $sql:literal) => {{
        if $ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(concat!($sql, " ({})"), places(2, $ids.len()));
        Ok(on!($tx, c => {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind($org.as_str());
            $ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(c)
        })?)
    }};
}

/// Those of these resources that are there, with the workspace each stands in.
pub(in crate::audit) async fn resources(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String, Option<String>)>> {
    those_of!(
        tx,
        org,
        ids,
        "SELECT id, workspace_id FROM resources WHERE org_id = $1 AND id IN"
    )
}

/// Those of these runs that are there, with workspace and what was run.
pub(in crate::audit) async fn runs(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String, String, Option<String>)>> {
    those_of!(
        tx,
        org,
        ids,
        "SELECT r.id, r.workspace_id, r.resource_id FROM runs r JOIN workspaces w ON w.id = r.workspace_id AND w.org_id = $1
         WHERE w.deleted_at IS NULL AND r.id IN"
    )
}

/// Those of these custom roles that are there.
pub(in crate::audit) async fn custom_roles(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String,)>> {
    those_of!(
        tx,
        org,
        ids,
        "SELECT id FROM custom_roles WHERE org_id = $1 AND id IN"
    )
}

/// Those of these invitations that wait for their answer.
pub(in crate::audit) async fn invitations(
    tx: &mut Tx,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<(String,)>> {
    those_of!(
        tx,
        org,
        ids,
        "SELECT id FROM invitations WHERE org_id = $1 AND status = 'pending' AND id IN"
    )
}
