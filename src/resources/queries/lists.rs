//! Lists: walks along an index in the order of names, from where the page before ended.

use super::super::counted::{Counted, LOOKED_AT, LOOKED_AT_EACH};
use super::super::{Filter, Resource};
use super::{ResourceRow, columns, sees};
use crate::db::{Tx, explain, on, row};
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use crate::text;

/// One row of a list.
#[derive(Clone, Debug)]
pub struct Row {
    pub resource: Resource,
    /// What it lies in, where the one who asks sees that.
    pub parent_name: Option<String>,
    pub(in super::super) sort_name: String,
}

/// What a list is asked for.
pub(in super::super) struct Asked {
    /// One or two: the shared one, and what is private to the user there.
    pub places: Vec<String>,
    pub user: UserId,
    pub enters: bool,
    pub filter: Filter,
    /// The name and id of the last row before.
    pub after: (String, String),
}

enum Bind {
    Text(String),
    Flag(bool),
}

/// Binds the values of a statement that was put together from parts.
macro_rules! bind_all {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in $binds {
            query = match bind {
                Bind::Text(text) => query.bind(text.as_str()),
                Bind::Flag(flag) => query.bind(*flag),
            };
        }
        query
    }};
}

struct Statement {
    sql: String,
    binds: Vec<Bind>,
}

impl Statement {
    fn bind(&mut self, text: &str) -> String {
        self.binds.push(Bind::Text(text.to_owned()));
        format!("${}", self.binds.len())
    }

    /// The person, and whether they enter workspaces by their organization role.
    fn new(asked: &Asked) -> Self {
        Self {
            sql: String::new(),
            binds: vec![Bind::Text(asked.user.to_string()), Bind::Flag(asked.enters)],
        }
    }

    /// `FROM … WHERE …` of one place, without the order.
    fn rows_of(&mut self, asked: &Asked, place: &str) -> String {
        let workspace = self.workspace(place);
        let parent = sees("p", &workspace, "$1", "$2");
        let (range, chosen) = (self.range(asked, place), self.chosen(asked, &workspace));
        format!(
            "FROM resources r LEFT JOIN resources p ON p.id = r.parent_id AND {parent} WHERE {range} AND {chosen}"
        )
    }

    /// A private place has the owner's id behind a slash; nobody's role in the workspace has a say there.
    fn workspace(&mut self, place: &str) -> String {
        self.bind(place.split('/').next().unwrap_or_default())
    }

    /// The rows that stand beside each other in an index.
    fn range(&mut self, asked: &Asked, place: &str) -> String {
        let (place, filter) = (self.bind(place), &asked.filter);
        let mut range = match &filter.parent {
            // `|| ''` keeps SQLite on the index of what lies in the parent.
            Some(parent) => format!(
                "r.parent_id = {} AND (r.place || '') = {place}",
                self.bind(parent.as_str())
            ),
            None => format!("r.place = {place}"),
        };
        if !filter.kind.is_empty() {
            range += &format!(" AND r.kind = {}", self.bind(&filter.kind));
        }
        range
            + if filter.archived {
                " AND r.archived_at IS NOT NULL"
            } else {
                " AND r.archived_at IS NULL"
            }
    }

    /// What is asked of each of them.
    fn chosen(&mut self, asked: &Asked, workspace: &str) -> String {
        let sees = sees("r", workspace, "$1", "$2");
        let search = asked.filter.search.trim();
        if search.is_empty() {
            return sees;
        }
        let (like, id) = (
            self.bind(&text::like(&text::sort_key(search))),
            self.bind(search),
        );
        format!("(r.sort_name LIKE {like} ESCAPE '\\' OR r.external_id = {id}) AND {sees}")
    }

    fn list(asked: &Asked) -> Self {
        let mut made = Self::new(asked);
        let limit = asked.filter.limit + 1;
        let mut parts = Vec::new();
        for place in &asked.places {
            let rows = made.rows_of(asked, place);
            let (name, id) = (made.bind(&asked.after.0), made.bind(&asked.after.1));
            parts.push(format!(
                "SELECT {}, r.sort_name, p.name AS parent_name {rows} AND (r.sort_name, r.id) > ({name}, {id})
                 ORDER BY r.sort_name, r.id LIMIT {limit}",
                columns!()
            ));
        }
        made.sql = match parts.as_slice() {
            [only] => only.clone(),
            several => {
                let walks: Vec<String> = several
                    .iter()
                    .enumerate()
                    .map(|(n, part)| format!("SELECT * FROM ({part}) part{n}"))
                    .collect();
                format!(
                    "{} ORDER BY sort_name, id LIMIT {limit}",
                    walks.join(" UNION ALL ")
                )
            }
        };
        made
    }

    /// Counts among the first rows of each place: how many were looked at in the longest, and how many count.
    fn count(asked: &Asked) -> Self {
        let mut made = Self::new(asked);
        let mut parts = Vec::new();
        for place in &asked.places {
            let workspace = made.workspace(place);
            let (range, chosen) = (made.range(asked, place), made.chosen(asked, &workspace));
            parts.push(format!(
                "SELECT COUNT(*) AS looked, COUNT(CASE WHEN {chosen} THEN 1 END) AS n FROM {}",
                first(&range, LOOKED_AT)
            ));
        }
        made.sql = format!(
            "SELECT MAX(looked), CAST(SUM(n) AS BIGINT) FROM ({}) counted",
            parts.join(" UNION ALL ")
        );
        made
    }
}

/// The first rows of a range by name, one more than the limit, as the `r` of [`sees`].
fn first(range: &str, limit: i64) -> String {
    format!(
        "(SELECT r.id, r.external_id, r.kind, r.path, r.sort_name, r.owner_id, r.workspace_id FROM resources r
          WHERE {range} ORDER BY r.sort_name, r.id LIMIT {}) r",
        limit + 1
    )
}

row! {
    struct ListedRow {
        ..resource: ResourceRow,
        sort_name: String,
        parent_name: Option<String>,
    }
}

impl From<ListedRow> for Row {
    fn from(row: ListedRow) -> Self {
        Self {
            resource: row.resource.into(),
            parent_name: row.parent_name,
            sort_name: row.sort_name,
        }
    }
}

pub(in super::super) async fn list(tx: &mut Tx, asked: &Asked) -> Result<Vec<Row>> {
    let Statement { sql, binds } = Statement::list(asked);
    let rows: Vec<ListedRow> = on!(tx, c => bind_all!(sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())), &binds).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(in super::super) async fn count(tx: &mut Tx, asked: &Asked) -> Result<Counted> {
    let Statement { sql, binds } = Statement::count(asked);
    let (looked, n): (i64, i64) = on!(tx, c => bind_all!(sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())), &binds).fetch_one(c))?;
    Ok(Counted::among(looked, n, LOOKED_AT))
}

/// The plan of a count.
pub(in super::super) async fn explain_count(tx: &mut Tx, asked: &Asked) -> Result<Vec<String>> {
    let Statement { sql, binds } = Statement::count(asked);
    explain!(tx, sql, query => bind_all!(query, &binds))
}

/// Which of these kinds somebody sees something of, each looked for in a place: a look into the index of kinds each.
pub(in super::super) async fn kinds_there(
    tx: &mut Tx,
    asked: &Asked,
    looks: &[(&str, String)],
) -> Result<Vec<String>> {
    let mut made = Statement::new(asked);
    let mut parts = Vec::new();
    for (kind, place) in looks {
        let of_kind = Asked {
            places: Vec::new(),
            user: asked.user.clone(),
            enters: asked.enters,
            filter: Filter {
                kind: (*kind).to_owned(),
                ..asked.filter.clone()
            },
            after: Default::default(),
        };
        let rows = made.rows_of(&of_kind, place);
        parts.push(format!(
            "SELECT CAST({} AS TEXT) WHERE EXISTS (SELECT 1 {rows})",
            made.bind(kind)
        ));
    }
    let sql = parts.join(" UNION ALL ");
    Ok(
        on!(tx, c => bind_all!(sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())), &made.binds).fetch_all(c))?,
    )
}

/// The plan of a list.
pub(in super::super) async fn explain(tx: &mut Tx, asked: &Asked) -> Result<Vec<String>> {
    let Statement { sql, binds } = Statement::list(asked);
    explain!(tx, sql, query => bind_all!(query, &binds))
}

row! {
    struct CountRow {
        id: WorkspaceId,
        name: String,
        looked: i64,
        n: i64,
    }
}

/// A workspace with how many resources somebody sees in it.
#[derive(Clone, Debug)]
pub struct WorkspaceCount {
    pub id: WorkspaceId,
    pub name: String,
    pub resources: Counted,
}

impl From<CountRow> for WorkspaceCount {
    fn from(row: CountRow) -> Self {
        Self {
            resources: Counted::among(row.looked, row.n, LOOKED_AT_EACH),
            id: row.id,
            name: row.name,
        }
    }
}

/// The statement of [`counts`].
fn counts_sql() -> String {
    let here = first("r.place = w.id AND r.archived_at IS NULL", LOOKED_AT_EACH);
    format!(
        "SELECT w.id, w.name, (SELECT COUNT(*) FROM {here}) AS looked, (SELECT COUNT(*) FROM {here} WHERE {}) AS n
         FROM workspaces w WHERE w.org_id = $3 AND w.deleted_at IS NULL
            AND (w.id IN (SELECT workspace_id FROM access WHERE user_id = $1)
                OR ($2 AND NOT EXISTS (SELECT 1 FROM access a WHERE a.workspace_id = w.id AND a.user_id = $1)))
         ORDER BY w.sort_name, w.id LIMIT $4",
        sees("r", "w.id", "$1", "$2")
    )
}

pub(in super::super) async fn counts(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    enters: bool,
    limit: i64,
) -> Result<Vec<WorkspaceCount>> {
    let sql = counts_sql();
    let rows: Vec<CountRow> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str()))
        .bind(user.as_str()).bind(enters).bind(org.as_str()).bind(limit).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The plan of [`counts`].
pub(in super::super) async fn explain_counts(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Vec<String>> {
    explain!(tx, counts_sql(), query => query.bind(user.as_str()).bind(true).bind(org.as_str()).bind(50_i64))
}
