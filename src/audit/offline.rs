//! Checking an exported file without the database, and heads that were written elsewhere (product.md, 9).
//!
//! Each event's hash is made anew from its columns, and each that follows another directly must carry that one's hash. In
//! an export of the whole log nothing may be missing between the first and the last; in a filtered one what lies between
//! can't be known, and the check says how much that is. That the end is cut off shows only beside a head that was written
//! elsewhere before.
//!
//! Of an event that lost personal data, the file shows what the log says went only where the event that says so is in the file
//! too: it comes later, so a part of the log may end before it.

use super::chain::hash_of;
use super::queries::EventRow;
use super::redacted::{Places, redacted_columns};
use super::{file, sentence};
use crate::clock;
use anyhow::Context;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The heads of chains, by chain and place.
#[derive(Debug, Default, Clone)]
pub struct Heads(pub(super) HashMap<String, BTreeMap<i64, String>>);

impl Heads {
    /// Reads a file of heads: a line each of time, chain, place and hash. Refuses a line that is none, by its number; a last
    /// line that was cut off while it was written is left out.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} can't be read", path.display()))?;
        let mut heads = Self::default();
        let whole = text.ends_with('\n');
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let head = match parts.as_slice() {
                [_, stream, seq, hash] if hash.len() == 64 => {
                    seq.parse::<i64>().ok().map(|seq| (*stream, seq, *hash))
                }
                _ => None,
            };
            match head {
                Some((stream, seq, hash)) => heads
                    .add(stream, seq, hash)
                    .with_context(|| format!("line {} of {}", n + 1, path.display()))?,
                None if n + 1 == lines.len() && !whole => {}
                None => anyhow::bail!(
                    "line {} of {} is no head: time, chain, place and hash",
                    n + 1,
                    path.display()
                ),
            }
        }
        Ok(heads)
    }

    fn add(&mut self, stream: &str, seq: i64, hash: &str) -> anyhow::Result<()> {
        let before = self
            .0
            .entry(stream.to_owned())
            .or_default()
            .insert(seq, hash.to_owned());
        anyhow::ensure!(
            before.is_none_or(|before| before == hash),
            "event {seq} of {stream} has two heads that differ"
        );
        Ok(())
    }

    fn hash(&self, stream: &str, seq: i64) -> Option<&String> {
        self.0.get(stream)?.get(&seq)
    }
}

/// What a check of a file found.
#[derive(Debug, Clone, Default)]
pub struct FileCheck {
    pub stream: String,
    pub events: i64,
    pub first: i64,
    pub last: i64,
    /// Events between the first and the last that are not in the file.
    pub between: i64,
    /// Events that lost personal data.
    pub redacted: usize,
    /// Those of them of which no event in the file says so.
    pub unsaid: usize,
    /// Heads of this chain that fit.
    pub heads: usize,
    /// The first thing that is not as it was written, in words.
    pub broken: Option<String>,
}

/// Checks a file that was exported as CSV or JSON Lines. `filtered`: events may be left out of it. Refuses what is no export.
pub fn verify_file(path: &Path, filtered: bool, heads: &Heads) -> anyhow::Result<FileCheck> {
    let open = || File::open(path).with_context(|| format!("{} can't be opened", path.display()));
    let mut start = BufReader::new(open()?);
    let is_json = start.fill_buf()?.first() == Some(&b'{');
    drop(start);
    let mut check = Check {
        filtered,
        heads,
        found: FileCheck::default(),
        hash: String::new(),
        gone: Places::default(),
        said: Places::default(),
    };
    let done = if is_json {
        check.json(BufReader::new(open()?))
    } else {
        check.csv(open()?)
    };
    if let Err(wrong) = done? {
        check.found.broken = Some(wrong);
    } else if check.found.events > 0 {
        check.found.broken = check.end();
    }
    Ok(check.found)
}

struct Check<'a> {
    filtered: bool,
    heads: &'a Heads,
    found: FileCheck,
    /// Of the event before.
    hash: String,
    /// What is gone from the file's events, and what its events say was redacted.
    gone: Places,
    said: Places,
}

/// What is wrong with the file, in words; the outer error says that it couldn't be read at all.
type Verdict = anyhow::Result<Result<(), String>>;

impl Check<'_> {
    fn json(&mut self, file: impl BufRead) -> Verdict {
        for (n, text) in file.lines().enumerate() {
            let text = text?;
            if text.is_empty() {
                continue;
            }
            if let Err(wrong) = self.next(file::read_json(&text), n + 1) {
                return Ok(Err(wrong));
            }
        }
        Ok(Ok(()))
    }

    fn csv(&mut self, file: File) -> Verdict {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let head = reader
            .headers()
            .context("the file is no export of the audit log")?
            .clone();
        let missing: Vec<&str> = file::COLUMNS
            .into_iter()
            .filter(|column| !head.iter().any(|h| h == *column))
            .collect();
        anyhow::ensure!(
            missing.is_empty(),
            "the file is no export of the audit log: it has no column {}",
            missing.join(", ")
        );
        for record in reader.records() {
            let record = record.context("the file can't be read to its end")?;
            let line = record
                .position()
                .map_or(0, |position| position.line() as usize);
            let event = (record.len() == head.len())
                .then(|| file::read_csv(&record, &head))
                .flatten();
            if let Err(wrong) = self.next(event, line) {
                return Ok(Err(wrong));
            }
        }
        Ok(Ok(()))
    }

    fn next(&mut self, event: Option<EventRow>, line: usize) -> Result<(), String> {
        let event = event.ok_or_else(|| format!("line {line} can't be read as an event"))?;
        let named = || {
            format!(
                "event {} (line {line}: {} at {})",
                event.seq,
                sentence(&event),
                clock::rfc3339(event.at)
            )
        };
        if hash_of(&event) != event.hash {
            return Err(format!("{} is not as it was written", named()));
        }
        let is_first = self.found.events == 0;
        if is_first {
            self.found.stream = event.stream.clone();
            self.found.first = event.seq;
        }
        if event.stream != self.found.stream {
            return Err(format!("{} belongs to another log", named()));
        }
        if !is_first && event.seq <= self.found.last {
            return Err(format!(
                "{} stands behind event {}: the order was changed",
                named(),
                self.found.last
            ));
        }
        let follows = event.seq == self.found.last + 1;
        if follows && event.prev_hash != self.hash {
            return Err(format!("{} doesn't follow the event before it", named()));
        }
        if !follows && !self.filtered {
            return Err(missing(self.found.last + 1, event.seq - 1));
        }
        if let Some(head) = self.heads.hash(&event.stream, event.seq) {
            if *head != event.hash {
                return Err(format!(
                    "{} has another hash than the head that was written then",
                    named()
                ));
            }
            self.found.heads += 1;
        }
        let gone = redacted_columns(&event);
        if !gone.is_empty() {
            self.gone.add(event.seq, gone);
            self.found.redacted += 1;
        }
        self.said.read(&event);
        self.found.between += if is_first {
            0
        } else {
            event.seq - self.found.last - 1
        };
        self.found.events += 1;
        self.found.last = event.seq;
        self.hash = event.hash;
        Ok(())
    }

    /// What the file's end shows: redacted events beside what the log says of them, and heads of events behind its last one.
    fn end(&mut self) -> Option<String> {
        self.found.unsaid = self.gone.unsaid(&self.said);
        // Of a filtered file only those events can be asked for that are redacted in it.
        let of = |seq: i64| !self.filtered || self.gone.columns(seq).is_some();
        let wrong = self
            .gone
            .still_there(&self.said, self.found.first, self.found.last)
            .filter(|seq| of(*seq));
        if let Some(seq) = wrong {
            return Some(format!(
                "event {seq} still has what the log says was redacted"
            ));
        }
        let last_head = *self.heads.0.get(&self.found.stream)?.keys().next_back()?;
        (!self.filtered && last_head > self.found.last).then(|| {
            format!(
                "{}: a head was written when the log was that long",
                missing(self.found.last + 1, last_head)
            )
        })
    }
}

fn missing(from: i64, to: i64) -> String {
    if from == to {
        format!("event {from} is missing")
    } else {
        format!("events {from} to {to} are missing")
    }
}
