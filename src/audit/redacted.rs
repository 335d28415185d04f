//! What is gone from an event, and what stands in its place.
//!
//! Only the columns of [`personal`] can go. Of each the digest stays, which the event's hash is made of, and its text becomes
//! [`blank`]; the salt goes, so that nobody finds the text again by trying, and the keys of the other columns stay. Nothing
//! else of the event may change: with any other change its hash is no longer that of its columns.
//!
//! The digests alone would let anybody who can write to the database redact as they like. So each redaction is an event of the
//! chain that says of which events which columns went ([`Places`]), and a check compares the two.

use super::queries::EventRow;
use crate::secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// What stands where a text was.
pub const MARK: &str = "[redacted]";
/// The action of the events that say what was redacted.
pub(super) const ACTION: &str = "audit.redacted";
/// Where such an event says it. Not for people to read.
pub const PLACES: &str = "places";

/// What stands in `redacted` of an event that lost something.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redacted {
    /// The keys of the columns that are still there, in place of the salt.
    pub kept: BTreeMap<String, String>,
    /// The digests of those that are gone.
    pub gone: BTreeMap<String, String>,
}

impl Redacted {
    /// Reads it; `None` for what the program doesn't write, to the letter.
    pub fn read(text: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(text).ok()?;
        (read.text() == text).then_some(read)
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The columns that may hold personal data.
pub(super) fn personal(row: &EventRow) -> [(&'static str, &str); 6] {
    [
        ("actor_name", &row.actor_name),
        ("ip", &row.ip),
        ("client", &row.client),
        ("target_id", &row.target_id),
        ("target_name", &row.target_name),
        ("changes", &row.changes),
    ]
}

/// What stands where the text of a column was.
pub(super) fn blank(column: &str) -> &'static str {
    if column == "changes" { "{}" } else { MARK }
}

/// SHA-256 over texts, each with its length, so that no two lists of them read alike.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in parts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    secret::hex(&hash.finalize())
}

/// The key of one column's digest.
pub(super) fn key(salt: &str, column: &str) -> String {
    digest(&[salt, column])
}

/// The digest of each personal column. `None` where what was redacted doesn't fit together.
pub(super) fn digests(row: &EventRow) -> Option<Vec<String>> {
    if row.redacted.is_empty() {
        let all = personal(row).map(|(column, text)| digest(&[&key(&row.salt, column), text]));
        return (!row.salt.is_empty()).then_some(all.into());
    }
    let redacted = Redacted::read(&row.redacted)?;
    if !row.salt.is_empty()
        || redacted.gone.is_empty()
        || redacted.kept.len() + redacted.gone.len() != personal(row).len()
    {
        return None;
    }
    let one =
        |(column, text): (&str, &str)| match (redacted.kept.get(column), redacted.gone.get(column))
        {
            (Some(key), None) => Some(digest(&[key, text])),
            (None, Some(kept)) => (text == blank(column)).then(|| kept.clone()),
            _ => None,
        };
    personal(row).into_iter().map(one).collect()
}

/// The event without the texts of some columns. `None` where it has none of them, or was hashed before columns had digests.
pub(super) fn without(row: &EventRow, columns: &BTreeSet<&str>) -> Option<EventRow> {
    let mut redacted = match row.redacted.as_str() {
        "" if row.salt.is_empty() => return None,
        "" => Redacted {
            kept: personal(row)
                .map(|(column, _)| (column.to_owned(), key(&row.salt, column)))
                .into(),
            gone: BTreeMap::new(),
        },
        text => Redacted::read(text)?,
    };
    let before = redacted.gone.len();
    for (column, text) in personal(row)
        .into_iter()
        .filter(|(column, _)| columns.contains(column))
    {
        if let Some(key) = redacted.kept.remove(column) {
            redacted
                .gone
                .insert(column.to_owned(), digest(&[&key, text]));
        }
    }
    if redacted.gone.len() == before {
        return None;
    }
    let left = |column: &str, text: &str| {
        if redacted.gone.contains_key(column) {
            blank(column).to_owned()
        } else {
            text.to_owned()
        }
    };
    Some(EventRow {
        actor_name: left("actor_name", &row.actor_name),
        ip: left("ip", &row.ip),
        client: left("client", &row.client),
        target_id: left("target_id", &row.target_id),
        target_name: left("target_name", &row.target_name),
        changes: left("changes", &row.changes),
        salt: String::new(),
        redacted: redacted.text(),
        ..row.clone()
    })
}

/// The columns of an event whose text was redacted, in their order.
pub fn redacted_columns(row: &EventRow) -> Vec<&'static str> {
    if row.redacted.is_empty() {
        return Vec::new();
    }
    let gone = Redacted::read(&row.redacted).unwrap_or_default().gone;
    personal(row)
        .into_iter()
        .map(|(column, _)| column)
        .filter(|column| gone.contains_key(*column))
        .collect()
}

/// Which columns of which events of a chain were redacted, by the events' places.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Places(BTreeMap<i64, BTreeSet<String>>);

impl Places {
    pub fn add(&mut self, seq: i64, columns: impl IntoIterator<Item = impl Into<String>>) {
        self.0
            .entry(seq)
            .or_default()
            .extend(columns.into_iter().map(Into::into));
    }

    pub fn columns(&self, seq: i64) -> Option<&BTreeSet<String>> {
        self.0.get(&seq)
    }

    pub fn events(&self) -> usize {
        self.0.len()
    }

    /// Whether it says of this event what is gone from it.
    pub fn fit(&self, row: &EventRow) -> bool {
        let gone: BTreeSet<String> = redacted_columns(row)
            .into_iter()
            .map(str::to_owned)
            .collect();
        match self.columns(row.seq) {
            Some(said) => *said == gone,
            None => gone.is_empty(),
        }
    }

    /// The first event of which the log says that columns went that are still there, among these events' chain from `first` to
    /// `last`. More may have gone since what the log said so far.
    pub fn still_there(&self, said: &Self, first: i64, last: i64) -> Option<i64> {
        let none = BTreeSet::new();
        let said = said.0.range(first..=last);
        said.filter(|(seq, said)| !said.is_subset(self.0.get(seq).unwrap_or(&none)))
            .map(|(seq, _)| *seq)
            .next()
    }

    /// How many of these events lost what nothing is said of.
    pub fn unsaid(&self, said: &Self) -> usize {
        self.0
            .iter()
            .filter(|(seq, gone)| said.columns(**seq) != Some(gone))
            .count()
    }

    /// Adds what an event says was redacted before it. An event of another kind says nothing.
    pub fn read(&mut self, row: &EventRow) {
        if row.action != ACTION {
            return;
        }
        let changes: Value = serde_json::from_str(&row.changes).unwrap_or_default();
        for (columns, places) in changes[PLACES].as_object().into_iter().flatten() {
            for seq in places
                .as_str()
                .into_iter()
                .flat_map(numbers)
                .take_while(|seq| *seq < row.seq)
            {
                self.add(seq, columns.split(' '));
            }
        }
    }

    /// As an event says it: columns, and the events that lost just these, such as `{"actor_name ip": "3-5,9"}`.
    pub fn written(&self) -> Map<String, Value> {
        let mut by_columns: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (seq, columns) in &self.0 {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            by_columns.entry(columns.join(" ")).or_default().push(*seq);
        }
        by_columns
            .into_iter()
            .map(|(columns, seqs)| (columns, ranges(&seqs).into()))
            .collect()
    }
}

/// `3-5,9` for 3, 4, 5 and 9.
fn ranges(ascending: &[i64]) -> String {
    let runs = ascending.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        _ => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

fn numbers(ranges: &str) -> impl Iterator<Item = i64> {
    ranges.split(',').flat_map(|run| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) => first..=last,
            _ => RangeInclusive::new(1, 0),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_l2_places_read_back_as_they_were_written() {
        assert_eq!(ranges(&[3, 4, 5, 9, 11, 12]), "3-5,9,11-12");
        for text in ["", "7", "3-5,9,11-12"] {
            assert_eq!(ranges(&numbers(text).collect::<Vec<_>>()), text);
        }
    }
}
