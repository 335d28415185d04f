//! The log as a file: CSV for people and their spreadsheets, JSON Lines for programs. Both carry every column that the
//! hashes are made of, and so can be checked without the database ([`super::verify_file`]).

use super::queries::EventRow;
use super::sentence;
use crate::clock::{parse_rfc3339, rfc3339_exact};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

impl Format {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Self::Csv,
            "jsonl" => Self::JsonLines,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// One line of a file: every column, and the sentence for who reads it, which is no part of the hash.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<C> {
    seq: i64,
    at: String,
    #[serde(default)]
    sentence: String,
    category: String,
    action: String,
    workspace_id: Option<String>,
    actor_kind: String,
    actor_id: String,
    actor_name: String,
    credential: String,
    ip: String,
    client: String,
    request_id: String,
    target_kind: String,
    target_id: String,
    target_name: String,
    subject_id: Option<String>,
    changes: C,
    id: String,
    org_id: Option<String>,
    stream: String,
    v: i64,
    salt: String,
    redacted: String,
    prev_hash: String,
    hash: String,
}

/// Columns of a CSV file, in their order.
pub(super) const COLUMNS: [&str; 26] = [
    "seq",
    "at",
    "sentence",
    "category",
    "action",
    "workspace_id",
    "actor_kind",
    "actor_id",
    "actor_name",
    "credential",
    "ip",
    "client",
    "request_id",
    "target_kind",
    "target_id",
    "target_name",
    "subject_id",
    "changes",
    "id",
    "org_id",
    "stream",
    "v",
    "salt",
    "redacted",
    "prev_hash",
    "hash",
];

fn line<C>(e: &EventRow, changes: C, text: fn(&str) -> String) -> Line<C> {
    Line {
        seq: e.seq,
        at: rfc3339_exact(e.at),
        sentence: text(&sentence(e)),
        category: text(&e.category),
        action: text(&e.action),
        workspace_id: e.workspace_id.as_deref().map(text),
        actor_kind: text(&e.actor_kind),
        actor_id: text(&e.actor_id),
        actor_name: text(&e.actor_name),
        credential: text(&e.credential),
        ip: text(&e.ip),
        client: text(&e.client),
        request_id: text(&e.request_id),
        target_kind: text(&e.target_kind),
        target_id: text(&e.target_id),
        target_name: text(&e.target_name),
        subject_id: e.subject_id.as_deref().map(text),
        changes,
        id: text(&e.id),
        org_id: e.org_id.as_deref().map(text),
        stream: text(&e.stream),
        v: e.v,
        salt: text(&e.salt),
        redacted: text(&e.redacted),
        prev_hash: text(&e.prev_hash),
        hash: text(&e.hash),
    }
}

impl<C> Line<C> {
    /// The event of a line; `None` where its time can't be read.
    fn event(
        self,
        changes: impl FnOnce(C) -> String,
        text: fn(String) -> String,
    ) -> Option<EventRow> {
        let some = |column: Option<String>| column.filter(|text| !text.is_empty()).map(text);
        Some(EventRow {
            at: parse_rfc3339(&self.at)?,
            seq: self.seq,
            v: self.v,
            changes: changes(self.changes),
            org_id: some(self.org_id),
            workspace_id: some(self.workspace_id),
            subject_id: some(self.subject_id),
            id: text(self.id),
            stream: text(self.stream),
            prev_hash: text(self.prev_hash),
            hash: text(self.hash),
            category: text(self.category),
            action: text(self.action),
            actor_kind: text(self.actor_kind),
            actor_id: text(self.actor_id),
            actor_name: text(self.actor_name),
            credential: text(self.credential),
            ip: text(self.ip),
            client: text(self.client),
            request_id: text(self.request_id),
            target_kind: text(self.target_kind),
            target_id: text(self.target_id),
            target_name: text(self.target_name),
            salt: text(self.salt),
            redacted: text(self.redacted),
        })
    }
}

/// Text that a spreadsheet would take for a formula gets an apostrophe before it (SEC-W8). Text that looks so already gets
/// one more, so that [`plain`] can tell what it was.
pub(crate) fn safe(text: &str) -> String {
    if is_formula(text.trim_start_matches('\'')) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// The text as it was before [`safe`].
fn plain(text: String) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest.to_owned(),
        _ => text,
    }
}

/// Events as the lines of a file, the first ones with the head of the columns.
pub(super) fn write(events: &[EventRow], format: Format, first: bool) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Csv => {
            let mut file = csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(Vec::new());
            if first {
                file.write_record(COLUMNS)?;
            }
            for event in events {
                file.serialize(line(event, safe(&event.changes), safe))?;
            }
            Ok(file.into_inner()?)
        }
        Format::JsonLines => {
            let mut file = Vec::new();
            for event in events {
                let changes = serde_json::from_str(&event.changes)
                    .unwrap_or_else(|_| Value::from(event.changes.as_str()));
                serde_json::to_writer(&mut file, &line(event, changes, str::to_owned))?;
                file.push(b'\n');
            }
            Ok(file)
        }
    }
}

/// The event of a record of a CSV file; `None` for one that can't be read.
pub(super) fn read_csv(record: &csv::StringRecord, head: &csv::StringRecord) -> Option<EventRow> {
    let line: Line<String> = record.deserialize(Some(head)).ok()?;
    line.event(plain, plain)
}

/// The event of a line of a JSON Lines file; `None` for one that can't be read.
pub(super) fn read_json(text: &str) -> Option<EventRow> {
    let line: Line<Value> = serde_json::from_str(text).ok()?;
    let changes = |changes: Value| match changes {
        Value::String(text) => text,
        other => other.to_string(),
    };
    line.event(changes, std::convert::identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_w8_no_cell_of_a_csv_file_is_a_formula_and_each_reads_back_as_it_was() {
        for start in [
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "'=",
            "''+",
            "'",
            "",
            "'s-Hertogenbosch",
        ] {
            let text = format!("{start}cmd|' /C calc'!A0");
            assert!(!is_formula(&safe(&text)), "{text:?}");
            assert_eq!(plain(safe(&text)), text);
        }
        assert_eq!(safe("'s-Hertogenbosch"), "'s-Hertogenbosch");
    }
}
