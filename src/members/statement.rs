//! The statement behind the directory's list, put together from parts that stand here; every value is bound.

use super::directory::{Cursor, Filter, StatusFilter};
use super::queries::{self, Bind, ENTRY_COLUMNS, INVITATION_JOIN, Probe};
use crate::clock::Micros;
use crate::db::{Dialect, Tx};
use crate::error::Result;
use crate::ids::OrgId;
use crate::text;
use unicode_normalization::UnicodeNormalization as _;

/// So many rows are fetched and sorted without a second thought.
pub(super) const FEW: i64 = 500;
/// Runs of a search term that are tried before the whole term is.
const RUNS_TRIED: usize = 8;

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
        let mut made = Self { sql: String::new(), binds: vec![Bind::Text(org.to_string())] };
        let mut from = format!("members m {INVITATION_JOIN}");
        if let Few::Text(words) = &few {
            let n = made.bind(Bind::Text(words.clone()));
            from = format!(
                "(SELECT rowid AS n FROM member_search WHERE member_search MATCH ${n}) f CROSS JOIN members m ON m.n = f.n {INVITATION_JOIN}"
            );
        }
        let conditions = made.conditions(filter, &few, &term, now);
        let (column, descending) = (filter.sort.column(), filter.descending != backward);
        let after = match cursor {
            None => String::new(),
            Some(cursor) => {
                let (key, id) = (made.bind(cursor.key.clone().into()), made.bind(Bind::Text(cursor.id.clone())));
                format!(" AND ({column}, m.id) {} (${key}, ${id})", if descending { "<" } else { ">" })
            }
        };
        let direction = if descending { "DESC" } else { "ASC" };
        made.sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM {from} WHERE m.org_id = $1{conditions}{after} ORDER BY {column} {direction}, m.id {direction} LIMIT {limit}"
        );
        Ok(made)
    }

    /// The number of the value in the statement.
    fn bind(&mut self, value: Bind) -> usize {
        self.binds.push(value);
        self.binds.len()
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
        if let Some(workspace) = &filter.workspace {
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
    Role,
    Status,
}

impl Few {
    async fn find(tx: &mut Tx, org: &OrgId, filter: &Filter, term: &str) -> Result<Self> {
        if tx.dialect() == Dialect::Sqlite
            && let Some(words) = rare_words(tx, org, term).await?
        {
            return Ok(Self::Text(words));
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

/// A query for SQLite's text index that finds few rows, all of those with `term` among them.
///
/// The index knows runs of three characters. Matching the whole term reads the list of every run in it, and a run like
/// "per" may be in every row; so the runs are tried one by one from the end, where people differ most, and two that are
/// rare enough are taken together.
async fn rare_words(tx: &mut Tx, org: &OrgId, term: &str) -> Result<Option<String>> {
    let quoted = |words: &str| format!("\"{}\"", words.replace('"', "\"\""));
    let letters: Vec<char> = term.chars().collect();
    let mut rare = Vec::new();
    for run in letters.windows(3).rev().take(RUNS_TRIED) {
        let words = quoted(&run.iter().collect::<String>());
        let found = queries::probe(tx, org, &Probe::Text(&words), 2 * FEW + 1).await?;
        if found <= 2 * FEW {
            rare.push(words);
        }
        if found <= FEW / 5 || rare.len() == 2 {
            return Ok(Some(rare.join(" AND ")));
        }
    }
    if rare.is_empty() && letters.len() > 3 {
        let words = quoted(term);
        return Ok((queries::probe(tx, org, &Probe::Text(&words), FEW + 1).await? <= FEW).then_some(words));
    }
    Ok(rare.pop())
}
