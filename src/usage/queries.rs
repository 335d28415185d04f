use super::Counts;
use crate::clock::Micros;
use crate::db::{Tx, on, places, row, rows, rows_alone, run};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};

row! {
    struct DayRow {
        day: i64,
        runs: i64,
        succeeded: i64,
        failed: i64,
        row_count: i64,
        byte_count: i64,
    }
}

impl DayRow {
    fn counted(self) -> (i64, Counts) {
        let Self {
            day,
            runs,
            succeeded,
            failed,
            row_count,
            byte_count,
        } = self;
        (
            day,
            Counts {
                runs,
                succeeded,
                failed,
                rows: row_count,
                bytes: byte_count,
            },
        )
    }
}

/// What sums are made of, each in the type of its column.
macro_rules! sums {
    () => {
        "CAST(COALESCE(SUM(d.runs), 0) AS BIGINT) AS runs, CAST(COALESCE(SUM(d.succeeded), 0) AS BIGINT) AS succeeded,
         CAST(COALESCE(SUM(d.failed), 0) AS BIGINT) AS failed, CAST(COALESCE(SUM(d.row_count), 0) AS BIGINT) AS row_count,
         CAST(COALESCE(SUM(d.byte_count), 0) AS BIGINT) AS byte_count"
    };
}

/// What is counted of a workspace on these days.
pub(super) async fn days(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    days: &[i64],
) -> Result<Vec<(i64, Counts)>> {
    let sql = format!(
        "SELECT day, runs, succeeded, failed, row_count, byte_count FROM usage_days WHERE workspace_id = $1 AND day IN ({})",
        places(2, days.len())
    );
    let rows: Vec<DayRow> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(workspace.as_str());
        days.iter().fold(query, |query, day| query.bind(*day)).fetch_all(c)
    })?;
    Ok(rows.into_iter().map(DayRow::counted).collect())
}

pub(super) async fn add(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    changes: &[(i64, Counts)],
) -> Result<()> {
    let sql = format!(
        "INSERT INTO usage_days (workspace_id, day, runs, succeeded, failed, row_count, byte_count) VALUES {}
         ON CONFLICT (workspace_id, day) DO UPDATE SET runs = usage_days.runs + excluded.runs,
            succeeded = usage_days.succeeded + excluded.succeeded, failed = usage_days.failed + excluded.failed,
            row_count = usage_days.row_count + excluded.row_count, byte_count = usage_days.byte_count + excluded.byte_count",
        rows_alone(tx.dialect(), changes.len(), 7)
    );
    run!(tx, {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
        changes.iter().fold(query, |query, (day, counts)| {
            let query = query.bind(workspace.as_str());
            query
                .bind(*day)
                .bind(counts.runs)
                .bind(counts.succeeded)
                .bind(counts.failed)
                .bind(counts.rows)
                .bind(counts.bytes)
        })
    })?;
    Ok(())
}

pub(super) async fn note_people(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    people: &[(UserId, Micros)],
) -> Result<()> {
    let sql = format!(
        "INSERT INTO usage_people (workspace_id, user_id, last_at)
         WITH seen (user_id, at) AS (VALUES {})
         SELECT $1, s.user_id, s.at FROM seen s WHERE EXISTS (SELECT 1 FROM workspaces w WHERE w.id = $1)
         ON CONFLICT (workspace_id, user_id) DO UPDATE SET last_at = excluded.last_at WHERE usage_people.last_at < excluded.last_at",
        rows(2, people.len(), 2)
    );
    run!(tx, {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).bind(workspace.as_str());
        people.iter().fold(query, |query, (user, at)| {
            query.bind(user.as_str()).bind(*at)
        })
    })?;
    Ok(())
}

/// All of an organization's workspaces together, also those that were deleted, from one day to another.
pub(super) async fn total(tx: &mut Tx, org: &OrgId, first: i64, last: i64) -> Result<Counts> {
    let rows: Vec<DayRow> = on!(tx, c => sqlx::query_as(concat!(
        "SELECT CAST(0 AS BIGINT) AS day, ", sums!(), " FROM workspaces w JOIN usage_days d ON d.workspace_id = w.id
         WHERE w.org_id = $1 AND d.day BETWEEN $2 AND $3 GROUP BY w.id"))
        .bind(org.as_str()).bind(first).bind(last).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .fold(Counts::default(), |sum, row| sum.plus(row.counted().1)))
}

row! {
    struct ShareRow {
        id: WorkspaceId,
        name: String,
        row_count: i64,
        byte_count: i64,
    }
}

/// The rows and bytes of each workspace that has any, also of those that were deleted, from one day to another.
pub(super) async fn shares(
    tx: &mut Tx,
    org: &OrgId,
    first: i64,
    last: i64,
) -> Result<Vec<(WorkspaceId, String, Counts)>> {
    let rows: Vec<ShareRow> = on!(tx, c => sqlx::query_as(
        "SELECT w.id, w.name, CAST(SUM(d.row_count) AS BIGINT) AS row_count, CAST(SUM(d.byte_count) AS BIGINT) AS byte_count
         FROM workspaces w JOIN usage_days d ON d.workspace_id = w.id
         WHERE w.org_id = $1 AND d.day BETWEEN $2 AND $3 GROUP BY w.id, w.name, w.sort_name ORDER BY w.sort_name, w.id")
        .bind(org.as_str()).bind(first).bind(last).fetch_all(c))?;
    let counted = |row: ShareRow| {
        (
            row.id,
            row.name,
            Counts {
                rows: row.row_count,
                bytes: row.byte_count,
                ..Counts::default()
            },
        )
    };
    Ok(rows.into_iter().map(counted).collect())
}

row! {
    struct SumRow {
        id: WorkspaceId,
        row_count: i64,
        byte_count: i64,
    }
}

/// The rows and bytes of each of these workspaces that has any, from one day to another.
pub(super) async fn sums(
    tx: &mut Tx,
    workspaces: &[WorkspaceId],
    first: i64,
    last: i64,
) -> Result<Vec<(WorkspaceId, Counts)>> {
    let sql = format!(
        "SELECT workspace_id AS id, CAST(SUM(row_count) AS BIGINT) AS row_count, CAST(SUM(byte_count) AS BIGINT) AS byte_count
         FROM usage_days WHERE day BETWEEN $1 AND $2 AND workspace_id IN ({}) GROUP BY workspace_id",
        places(3, workspaces.len())
    );
    let rows: Vec<SumRow> = on!(tx, c => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(first).bind(last);
        workspaces.iter().fold(query, |query, id| query.bind(id.as_str())).fetch_all(c)
    })?;
    let counted = |row: SumRow| {
        (
            row.id,
            Counts {
                rows: row.row_count,
                bytes: row.byte_count,
                ..Counts::default()
            },
        )
    };
    Ok(rows.into_iter().map(counted).collect())
}

/// The days on which something was counted, over all workspaces.
pub(super) async fn by_day(
    tx: &mut Tx,
    org: &OrgId,
    first: i64,
    last: i64,
) -> Result<Vec<(i64, Counts)>> {
    let rows: Vec<DayRow> = on!(tx, c => sqlx::query_as(concat!(
        "SELECT d.day, ", sums!(), " FROM workspaces w JOIN usage_days d ON d.workspace_id = w.id
         WHERE w.org_id = $1 AND w.deleted_at IS NULL AND d.day BETWEEN $2 AND $3 GROUP BY d.day ORDER BY d.day"))
        .bind(org.as_str()).bind(first).bind(last).fetch_all(c))?;
    Ok(rows.into_iter().map(DayRow::counted).collect())
}

row! {
    pub(super) struct WorkspaceRow {
        pub id: WorkspaceId,
        pub name: String,
        pub active: i64,
        pub resources: i64,
        pub runs: i64,
        pub succeeded: i64,
        pub failed: i64,
        pub row_count: i64,
        pub byte_count: i64,
    }
}

/// Every workspace by name: its counts from one day to another, and how many of the organization's members did something
/// there since a moment.
pub(super) async fn by_workspace(
    tx: &mut Tx,
    org: &OrgId,
    first: i64,
    last: i64,
    since: Micros,
) -> Result<Vec<WorkspaceRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "SELECT w.id, w.name, ", sums!(), ",
            (SELECT COUNT(*) FROM usage_people p JOIN members m ON m.user_id = p.user_id AND m.org_id = $1 AND m.status = 'active'
                WHERE p.workspace_id = w.id AND p.last_at >= $4) AS active,
            (SELECT COUNT(*) FROM resources r WHERE r.place = w.id AND r.archived_at IS NULL) AS resources
         FROM workspaces w LEFT JOIN usage_days d ON d.workspace_id = w.id AND d.day BETWEEN $2 AND $3
         WHERE w.org_id = $1 AND w.deleted_at IS NULL GROUP BY w.id, w.name, w.sort_name ORDER BY w.sort_name, w.id"))
        .bind(org.as_str()).bind(first).bind(last).bind(since).fetch_all(c))?)
}

/// How many of the organization's members did something in any of its workspaces since a moment.
pub(super) async fn active_anywhere(tx: &mut Tx, org: &OrgId, since: Micros) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(*) FROM members m WHERE m.org_id = $1 AND m.status = 'active' AND m.user_id IN (
            SELECT p.user_id FROM workspaces w JOIN usage_people p ON p.workspace_id = w.id
            WHERE w.org_id = $1 AND w.deleted_at IS NULL AND p.last_at >= $2)")
        .bind(org.as_str()).bind(since).fetch_one(c))?)
}

/// How many resources of each kind there are, in all workspaces and in the organization itself, private ones too: as
/// numbers they say nothing of anybody (product.md, 3).
pub(super) async fn by_kind(tx: &mut Tx, org: &OrgId) -> Result<Vec<(String, i64)>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT r.kind, COUNT(*) FROM resources r LEFT JOIN workspaces w ON w.id = r.workspace_id
         WHERE r.org_id = $1 AND r.archived_at IS NULL AND w.deleted_at IS NULL GROUP BY r.kind ORDER BY r.kind")
        .bind(org.as_str()).fetch_all(c))?)
}
