//! The statement behind the directory's list, put together from parts that stand here; every value is bound.

use super::directory::{Cursor, Filter, StatusFilter};
use super::queries::{self, Bind, ENTRY_COLUMNS, INVITATION_JOIN, Probe};
use crate::clock::Micros;
use crate::db::{Dialect, Tx};
use crate::error::Result;
use crate::ids::{OrgId, WorkspaceId};
use crate::text;
use unicode_normalization::UnicodeNormalization as _;

/// So many rows are fetched and sorted without a second thought.
pub(super) const FEW: i64 = 500;
/// Characters of a run in `member_runs`.
const RUN: usize = 6;
/// A long term is divided into so many parts, to look up the runs between them.
const RUNS: usize = 4;

pub(super) struct Statement {
    pub sql: String,
    pub binds: Vec<Bind>,
}

impl Statement {
    pub async fn build(
        tx: &mut Tx,
        org: &OrgId,
        filter: &Filter,
        cursor: Option<&Cursor>,
        backward: bool,
        limit: i64,
        now: Micros,
    ) -> Result<Self> {
        let term = search_term(filter);
        let few = Few::find(tx, org, filter, &term).await?;
        let mut made = Self {
            sql: String::new(),
            binds: vec![Bind::Text(org.to_string())],
        };
        let from = match made.those_few(&few, tx.dialect()) {
            Some(those) => format!("{those} {INVITATION_JOIN}"),
            None => format!("members m {INVITATION_JOIN}"),
        };
        let conditions = made.conditions(filter, &few, &term, now);
        let (after, order) = made.walk(filter, cursor, backward);
        made.sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM {from} WHERE m.org_id = $1{conditions}{after} {order} LIMIT {limit}"
        );
        Ok(made)
    }

    /// Where the list goes on, and its order.
    fn walk(
        &mut self,
        filter: &Filter,
        cursor: Option<&Cursor>,
        backward: bool,
    ) -> (String, String) {
        let (column, descending) = (filter.sort.column(), filter.descending != backward);
        let after = match cursor {
            None => String::new(),
            Some(cursor) => {
                let (key, id) = (
                    self.bind(cursor.key.clone().into()),
                    self.bind(Bind::Text(cursor.id.clone())),
                );
                format!(
                    " AND ({column}, m.id) {} (${key}, ${id})",
                    if descending { "<" } else { ">" }
                )
            }
        };
        let direction = if descending { "DESC" } else { "ASC" };
        (
            after,
            format!("ORDER BY {column} {direction}, m.id {direction}"),
        )
    }

    /// The number of the value in the statement.
    fn bind(&mut self, value: Bind) -> usize {
        self.binds.push(value);
        self.binds.len()
    }

    /// The rows that a filter finds, looked up first.
    fn those_few(&mut self, few: &Few, dialect: Dialect) -> Option<String> {
        Some(match few {
            Few::Run(run) => {
                let (from, until) = (
                    self.bind(Bind::Text(run.clone())),
                    self.bind(Bind::Text(queries::after(run))),
                );
                let numbers =
                    format!("SELECT n FROM member_runs WHERE run >= ${from} AND run < ${until}");
                match dialect {
                    Dialect::Sqlite => format!(
                        "(SELECT DISTINCT n FROM ({numbers})) f CROSS JOIN members m ON m.n = f.n"
                    ),
                    // An array is taken to be short, and OFFSET keeps PostgreSQL from walking the list all the same.
                    Dialect::Postgres => format!(
                        "(SELECT * FROM members WHERE n = ANY (ARRAY({numbers})) OFFSET 0) m"
                    ),
                }
            }
            Few::Workspace(workspace) => {
                let n = self.bind(Bind::Text(workspace.to_string()));
                format!(
                    "(SELECT DISTINCT user_id FROM access WHERE workspace_id = ${n}) f CROSS JOIN members m"
                )
            }
            Few::None | Few::Role | Few::Status => return None,
        })
    }

    fn conditions(&mut self, filter: &Filter, few: &Few, term: &str, now: Micros) -> String {
        let mut all = String::new();
        if !term.is_empty() {
            // The cast keeps PostgreSQL from guessing that few rows have it, and from sorting all to find them.
            all += &format!(
                " AND CAST(m.search LIKE ${} ESCAPE '\\' AS INTEGER) > 0",
                self.bind(Bind::Text(text::like(term)))
            );
        }
        // `|| ''` and `+ 0` keep SQLite from walking a filter's index where the order's index is the better one.
        if let Some(status) = filter.status.column() {
            let column = if matches!(few, Few::Status) {
                "m.status"
            } else {
                "(m.status || '')"
            };
            all += &format!(" AND {column} = ${}", self.bind(Bind::Text(status.into())));
        }
        match filter.status {
            StatusFilter::Invited => {
                all += &format!(" AND m.expires_at > ${}", self.bind(Bind::Number(now)))
            }
            StatusFilter::Expired => {
                all += &format!(" AND m.expires_at <= ${}", self.bind(Bind::Number(now)))
            }
            _ => {}
        }
        if let Some(role) = filter.role {
            let column = if matches!(few, Few::Role) {
                "m.role_rank"
            } else {
                "(m.role_rank + 0)"
            };
            all += &format!(" AND {column} = ${}", self.bind(Bind::Number(role.rank())));
        }
        if matches!(few, Few::Workspace(_)) {
            all += " AND m.user_id = f.user_id";
        } else if let Some(workspace) = &filter.workspace {
            let n = self.bind(Bind::Text(workspace.to_string()));
            all += &format!(
                " AND m.user_id IN (SELECT a.user_id FROM access a JOIN workspaces w ON w.id = a.workspace_id WHERE a.workspace_id = ${n} AND w.org_id = $1)"
            );
        }
        all
    }
}

/// What is searched for, in the form in which [`text::search_key`] keeps it.
fn search_term(filter: &Filter) -> String {
    filter
        .search
        .trim()
        .nfc()
        .collect::<String>()
        .to_lowercase()
}

/// The filter that finds few rows, if one does.
enum Few {
    None,
    /// The organization's mark and letters of the term, as they stand in `member_runs`.
    Run(String),
    Workspace(WorkspaceId),
    Role,
    Status,
}

impl Few {
    async fn find(tx: &mut Tx, org: &OrgId, filter: &Filter, term: &str) -> Result<Self> {
        for run in runs(term) {
            let run = format!("{}{run}", mark(org));
            if queries::probe(tx, org, &Probe::Run(&run), 2 * FEW + 1).await? <= 2 * FEW {
                return Ok(Self::Run(run));
            }
        }
        if let Some(workspace) = &filter.workspace
            && queries::probe(tx, org, &Probe::Workspace(workspace), FEW + 1).await? <= FEW
        {
            return Ok(Self::Workspace(workspace.clone()));
        }
        if let Some(status) = filter.status.column().filter(|s| *s != "active")
            && queries::probe(tx, org, &Probe::Status(status), FEW + 1).await? <= FEW
        {
            return Ok(Self::Status);
        }
        if let Some(role) = filter.role
            && queries::probe(tx, org, &Probe::Role(role.rank()), FEW + 1).await? <= FEW
        {
            return Ok(Self::Role);
        }
        Ok(Self::None)
    }
}

/// What stands before every run of an organization's members.
fn mark(org: &OrgId) -> &str {
    let id = org.as_str();
    id.get(id.len().saturating_sub(4)..).unwrap_or(id)
}

/// What to look for in `member_runs`: a short term itself, or some runs spread over a longer one, from its end. One of them
/// is as rare as the term, mostly: "anna.smith@example.com" ends as every address does, and "person 0042" begins as all do.
fn runs(term: &str) -> Vec<String> {
    let letters: Vec<char> = term.chars().collect();
    if letters.len() <= RUN {
        return (!term.is_empty())
            .then(|| term.to_owned())
            .into_iter()
            .collect();
    }
    let last = letters.len() - RUN;
    let mut places: Vec<usize> = (0..=RUNS).map(|part| last - last * part / RUNS).collect();
    places.dedup();
    places
        .into_iter()
        .map(|at| letters[at..at + RUN].iter().collect())
        .collect()
}
