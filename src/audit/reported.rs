//! What an event tells of somebody else than who wrote it into the log: runs and other things that host products report, and
//! what the program did by itself.

use super::{EventRow, REPORTED};
use crate::clock::{Micros, parse_rfc3339};
use serde_json::Value;

/// The words with which an invitation is revoked by somebody who meant to.
pub(super) const BY_HAND: &str = "revoked by hand";

/// Whom or what a sentence names as doing it: who ran something, or by what it ran, else what ran; otherwise who acted.
pub fn named(event: &EventRow) -> String {
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let text = |key: &str| changes[key].as_str().filter(|text| !text.is_empty());
    let is_run = event.action.starts_with("run.");
    if is_run || event.action.starts_with(REPORTED) {
        let nobody = if is_run && event.action != "run.changed" {
            &event.target_name
        } else {
            &event.actor_name
        };
        return text("person")
            .or(text("cause").filter(|_| is_run))
            .unwrap_or(nobody)
            .to_owned();
    }
    let by_itself =
        event.action == "invitation.revoked" && text("why").is_some_and(|why| why != BY_HAND);
    if by_itself {
        event.target_name.clone()
    } else {
        event.actor_name.clone()
    }
}

/// When what a host product reported happened: a run's end, or else its start. `None`: at the time of the event.
pub fn happened_at(event: &EventRow) -> Option<Micros> {
    if !event.action.starts_with("run.") && !event.action.starts_with(REPORTED) {
        return None;
    }
    let changes: Value = serde_json::from_str(&event.changes).ok()?;
    ["finished_at", "started_at", "happened_at"]
        .into_iter()
        .find_map(|key| parse_rfc3339(changes[key].as_str()?))
}
