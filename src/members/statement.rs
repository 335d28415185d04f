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
/// So many rows of a list are walked in the hope that one or two letters fill a page, where they can't be counted.
const NEAR: i64 = 2_000;
/// Runs of a search term that are looked up together.
const RUNS: usize = 3;

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
        let few = match Self::fills(tx, org, filter, cursor, backward, limit, &term).await? {
            Some(false) => Few::Runs(format!("{org} {term}")),
            _ => Few::find(tx, org, filter, &term).await?,
        };
        let mut made = Self { sql: String::new(), binds: vec![Bind::Text(org.to_string())] };
        let from = match made.those_few(&few) {
            Some(those) => format!("{those} {INVITATION_JOIN}"),
            None => format!("members m {INVITATION_JOIN}"),
        };
        let conditions = made.conditions(filter, &few, &term, now);
        let (after, order) = made.walk(filter, cursor, backward);
        made.sql = format!("SELECT {ENTRY_COLUMNS} FROM {from} WHERE m.org_id = $1{conditions}{after} {order} LIMIT {limit}");
        Ok(made)
    }

    /// Where the list goes on, and its order.
    fn walk(&mut self, filter: &Filter, cursor: Option<&Cursor>, backward: bool) -> (String, String) {
        let (column, descending) = (filter.sort.column(), filter.descending != backward);
        let after = match cursor {
            None => String::new(),
            Some(cursor) => {
                let (key, id) = (self.bind(cursor.key.clone().into()), self.bind(Bind::Text(cursor.id.clone())));
                format!(" AND ({column}, m.id) {} (${key}, ${id})", if descending { "<" } else { ">" })
            }
        };
        let direction = if descending { "DESC" } else { "ASC" };
        (after, format!("ORDER BY {column} {direction}, m.id {direction}"))
    }

    /// Whether the next rows of the list fill a page with those that have one or two letters; `None` where the database can
    /// count the letters instead. PostgreSQL's index of letters can only be asked for all rows at once, which is little where
    /// the letters are rare; where they are frequent, a page is full soon.
    async fn fills(
        tx: &mut Tx,
        org: &OrgId,
        filter: &Filter,
        cursor: Option<&Cursor>,
        backward: bool,
        limit: i64,
        term: &str,
    ) -> Result<Option<bool>> {
        if tx.dialect() == Dialect::Sqlite || term.is_empty() || term.chars().nth(2).is_some() {
            return Ok(None);
        }
        let mut made = Self { sql: String::new(), binds: vec![Bind::Text(org.to_string())] };
        let like = made.bind(Bind::Text(text::like(term)));
        let (after, order) = made.walk(filter, cursor, backward);
        made.sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT m.search FROM members m WHERE m.org_id = $1{after} {order} LIMIT {NEAR}) near
             WHERE search LIKE ${like} ESCAPE '\\' LIMIT {limit}) found"
        );
        Ok(Some(queries::count(tx, &made.sql, &made.binds).await? == limit))
    }

    /// The number of the value in the statement.
    fn bind(&mut self, value: Bind) -> usize {
        self.binds.push(value);
        self.binds.len()
    }

    /// The rows that a filter finds, looked up first.
    fn those_few(&mut self, few: &Few) -> Option<String> {
        Some(match few {
            Few::Text(words) => {
                let n = self.bind(Bind::Text(words.clone()));
                format!("(SELECT rowid AS n FROM member_search WHERE member_search MATCH ${n}) f CROSS JOIN members m ON m.n = f.n")
            }
            Few::Letters(letters) => {
                let (from, until) = (self.bind(Bind::Text(letters.clone())), self.bind(Bind::Text(queries::after(letters))));
                format!(
                    "(SELECT DISTINCT doc AS n FROM member_search_runs WHERE term >= ${from} AND term < ${until}) f CROSS JOIN members m ON m.n = f.n"
                )
            }
            Few::Runs(run) => {
                let n = self.bind(Bind::Text(run.clone()));
                // OFFSET keeps PostgreSQL from walking the list all the same.
                format!("(SELECT * FROM members WHERE member_letters(org_id, search) @> ARRAY[${n}] OFFSET 0) m")
            }
            Few::Workspace(workspace) => {
                let n = self.bind(Bind::Text(workspace.to_string()));
                format!("(SELECT DISTINCT user_id FROM access WHERE workspace_id = ${n}) f CROSS JOIN members m")
            }
            Few::None | Few::Role | Few::Status => return None,
        })
    }

    fn conditions(&mut self, filter: &Filter, few: &Few, term: &str, now: Micros) -> String {
        let mut all = String::new();
        if !term.is_empty() {
            all += &format!(" AND m.search LIKE ${} ESCAPE '\\'", self.bind(Bind::Text(text::like(term))));
        }
        // `|| ''` and `+ 0` keep SQLite from walking a filter's index where the order's index is the better one.
        if let Some(status) = filter.status.column() {
            let column = if matches!(few, Few::Status) { "m.status" } else { "(m.status || '')" };
            all += &format!(" AND {column} = ${}", self.bind(Bind::Text(status.into())));
        }
        match filter.status {
            StatusFilter::Invited => all += &format!(" AND m.expires_at > ${}", self.bind(Bind::Number(now))),
            StatusFilter::Expired => all += &format!(" AND m.expires_at <= ${}", self.bind(Bind::Number(now))),
            _ => {}
        }
        if let Some(role) = filter.role {
            let column = if matches!(few, Few::Role) { "m.role_rank" } else { "(m.role_rank + 0)" };
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
    filter.search.trim().nfc().collect::<String>().to_lowercase()
}

/// The filter that finds few rows, if one does.
enum Few {
    None,
    /// The phrase for SQLite's text index. PostgreSQL's planner decides by itself.
    Text(String),
    /// One or two letters, for SQLite's text index.
    Letters(String),
    /// The organization and one or two letters, for PostgreSQL's index of those.
    Runs(String),
    Workspace(WorkspaceId),
    Role,
    Status,
}

impl Few {
    async fn find(tx: &mut Tx, org: &OrgId, filter: &Filter, term: &str) -> Result<Self> {
        if tx.dialect() == Dialect::Sqlite
            && !term.is_empty()
            && let Some(few) = Self::by_text(tx, org, term).await?
        {
            return Ok(few);
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

    async fn by_text(tx: &mut Tx, org: &OrgId, term: &str) -> Result<Option<Self>> {
        if term.chars().nth(2).is_some() {
            return Ok(rare_words(tx, org, term).await?.map(Self::Text));
        }
        let found = queries::probe(tx, org, &Probe::Letters(term), 2 * FEW + 1).await?;
        Ok((found <= 2 * FEW).then(|| Self::Letters(term.to_owned())))
    }
}

/// A query for SQLite's text index that finds few rows, all of those with `term` among them.
///
/// The index knows runs of three characters. Matching the whole term reads the list of every run in it, and a run like
/// "per" may be in every row; so only the last ones are asked for, where people differ most.
async fn rare_words(tx: &mut Tx, org: &OrgId, term: &str) -> Result<Option<String>> {
    let letters: Vec<char> = term.chars().collect();
    let quoted = |run: &[char]| format!("\"{}\"", run.iter().collect::<String>().replace('"', "\"\""));
    let words = letters.windows(3).rev().take(RUNS).map(quoted).collect::<Vec<_>>().join(" AND ");
    let found = queries::probe(tx, org, &Probe::Text(&words), FEW + 1).await?;
    Ok((found <= FEW).then_some(words))
}
