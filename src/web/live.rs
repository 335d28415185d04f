//! Parts of pages that ask for themselves again, so that they show what is so now.

use serde::Deserialize;

/// So often a part asks before it stops, so that a page left open keeps nobody signed in.
const ASKS: u32 = 40;

/// What a part says of how it keeps itself fresh.
pub(super) struct Live {
    /// Where to ask again; `None` when it is enough.
    pub again: Option<String>,
    /// The whole page, for who wants to see it anew.
    pub page: String,
}

/// How often the part has asked already.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    asks: String,
}

impl Live {
    /// A part of the page `page` that is drawn alone at `part`, for the first time.
    pub(super) fn new(page: String, part: &str) -> Self {
        Self {
            again: Some(format!("{part}?asks=1")),
            page,
        }
    }

    /// The same, asked for again.
    pub(super) fn again(page: String, part: &str, asked: &Asked) -> Self {
        let asks = asked.asks.parse().unwrap_or(ASKS);
        Self {
            again: (asks < ASKS).then(|| format!("{part}?asks={}", asks + 1)),
            page,
        }
    }
}
