//! Counts for pages: of the first so many rows in the order of names, whatever their number.

use crate::text;

/// Rows that a count looks at. So many are counted exactly; where there are more, the count says so.
pub(crate) const LOOKED_AT: i64 = 1_000;
/// The same where many counts stand on one page.
pub(super) const LOOKED_AT_EACH: i64 = 200;

/// How many there are, as far as was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub n: i64,
    /// `false`: there were more rows to look at.
    pub all: bool,
}

impl Counted {
    pub fn exactly(n: i64) -> Self {
        Self { n, all: true }
    }

    /// What was counted among the first rows, of which one more than `limit` was asked for.
    pub(crate) fn among(looked: i64, n: i64, limit: i64) -> Self {
        Self {
            n,
            all: looked <= limit,
        }
    }

    /// "41", "more than 1,000" or, where of the first rows only some count, "at least 12".
    pub fn number(self) -> String {
        match (self.all, self.n % 100) {
            (true, _) => text::thousands(self.n),
            (false, 1) => format!("more than {}", text::thousands(self.n - 1)),
            (false, _) => format!("at least {}", text::thousands(self.n)),
        }
    }

    /// "1 resource", "more than 1,000 resources".
    pub fn words(self, one: &str, many: &str) -> String {
        match self.all {
            true => text::count(self.n, one, many),
            false => format!("{} {many}", self.number()),
        }
    }
}
