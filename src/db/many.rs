//! The places for values in a statement about many things at once.

use super::Dialect;

/// `$2, $3`: so many places from a number on.
pub(crate) fn places(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `($2, $3), ($4, $5)`: rows of so many values each, from a number on.
pub(crate) fn rows(first: usize, count: usize, values: usize) -> String {
    (0..count)
        .map(|n| format!("({})", places(first + n * values, values)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// All the places of a statement: rows of so many values each, as the database reads them fastest. SQLite looks each place that
/// has a number up among all before it, which for ten thousand of them costs more than the statement.
pub(crate) fn rows_alone(dialect: Dialect, count: usize, values: usize) -> String {
    match dialect {
        Dialect::Sqlite => vec![format!("({})", vec!["?"; values].join(", ")); count].join(", "),
        Dialect::Postgres => rows(1, count, values),
    }
}
