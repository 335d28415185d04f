//! Lists of runs: walks along an index, newest first, from where the page before ended.

use super::super::Row;
use super::RunRow;
use crate::clock::Micros;
use crate::db::{Tx, explain, on, row};
use crate::error::Result;
use crate::ids::{UserId, WorkspaceId};
use crate::resources;

/// What a list is asked for.
pub(in super::super) struct Asked {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub enters: bool,
    /// They see all there is.
    pub sees_all: bool,
    /// They see runs of the workspace as a whole.
    pub sees_workspace: bool,
    /// "" for any.
    pub status: &'static str,
    pub resource: String,
    pub person: String,
    /// Where the last row before stood.
    pub before: (Micros, String),
    pub limit: i64,
}

row! {
    struct ListedRow {
        ..run: RunRow,
        resource_kind: Option<String>,
        resource_external_id: Option<String>,
        resource_name: Option<String>,
    }
}

impl From<ListedRow> for Row {
    fn from(row: ListedRow) -> Self {
        Self {
            run: row.run.into(),
            resource_kind: row.resource_kind.unwrap_or_default(),
            resource_external_id: row.resource_external_id.unwrap_or_default(),
            resource_name: row.resource_name.unwrap_or_default(),
        }
    }
}

/// The statement. `$1` the workspace, `$2` the person, `$3` whether they enter by role, `$4` and `$5` where the last row
/// stood, `$6` how many; then one for each filter.
fn statement(asked: &Asked) -> String {
    let mut filters = String::new();
    let mut place = 6;
    for (column, value) in filters_of(asked) {
        if !value.is_empty() {
            place += 1;
            filters += &format!(" AND run.{column} = ${place}");
        }
    }
    if !asked.sees_all {
        let of_things = format!(
            "(run.resource_id IS NOT NULL AND {})",
            resources::sees("r", "$1", "$2", "$3")
        );
        filters += &match asked.sees_workspace {
            true => format!(" AND (run.resource_id IS NULL OR {of_things})"),
            false => format!(" AND {of_things}"),
        };
    }
    format!(
        "SELECT run.id, run.external_id, run.resource_id, run.status, run.cause, run.person_id, run.person_name, run.started_at,
            run.finished_at, run.row_count, run.byte_count, run.created_at, run.updated_at,
            r.kind AS resource_kind, r.external_id AS resource_external_id, r.name AS resource_name
         FROM runs run LEFT JOIN resources r ON r.id = run.resource_id
         WHERE run.workspace_id = $1 AND (run.at, run.id) < ($4, $5){filters} ORDER BY run.at DESC, run.id DESC LIMIT $6"
    )
}

fn filters_of(asked: &Asked) -> [(&'static str, &str); 3] {
    [
        ("resource_id", &asked.resource),
        ("person_id", &asked.person),
        ("status", asked.status),
    ]
}

/// Binds what [`statement`] asks for.
macro_rules! bound {
    ($query:expr, $asked:expr) => {{
        let asked = $asked;
        let query = $query
            .bind(asked.workspace.as_str())
            .bind(asked.user.as_str())
            .bind(asked.enters);
        let query = query
            .bind(asked.before.0)
            .bind(asked.before.1.as_str())
            .bind(asked.limit);
        filters_of(asked)
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .fold(query, |query, (_, value)| query.bind(value))
    }};
}

pub(in super::super) async fn list(tx: &mut Tx, asked: &Asked) -> Result<Vec<Row>> {
    let sql = statement(asked);
    let rows: Vec<ListedRow> = on!(tx, c => bound!(sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())), asked).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The plan of a list.
pub(in super::super) async fn explain(tx: &mut Tx, asked: &Asked) -> Result<Vec<String>> {
    explain!(tx, statement(asked), query => bound!(query, asked))
}
