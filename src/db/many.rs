//! The places for values in a statement about many things at once.

/// `$2, $3`: so many places from a number on.
pub(crate) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// `($2, $3), ($4, $5)`: rows of so many values each, from a number on.
pub(crate) fn rows(first: usize, count: usize, values: usize) -> String {
    (0..count).map(|n| format!("({})", places(first + n * values, values))).collect::<Vec<_>>().join(", ")
}

/// `($1, $2, $3), ($1, $4, $5)`: rows that all begin with the first place, and have so many values of their own.
pub(crate) fn rows_of_first(count: usize, values: usize) -> String {
    (0..count).map(|n| format!("($1, {})", places(2 + n * values, values))).collect::<Vec<_>>().join(", ")
}
