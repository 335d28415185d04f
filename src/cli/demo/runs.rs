//! What Acme's product ran in these three months, and reported.

use super::people::{ALICE, BOB, CAROL, DAVE, actor};
use super::story::{ACME, Story};
use crate::clock::{DAY, HOUR, MINUTE, Micros, SECOND, rfc3339};
use crate::error::Result;
use crate::resources::{self, Filter, Place};
use crate::runs::{self, NewRun};
use crate::workspaces;

/// What runs in a workspace: a name, from which day on, failures in a thousand, and rows of a middling run.
const WORKSPACES: [(&str, i64, u32, u32); 4] = [
    ("Production", 0, 12, 42_000),
    ("Staging", 0, 85, 2_500),
    ("EMEA", 32, 24, 14_000),
    ("US", 32, 40, 19_000),
];

/// The day on which the warehouse was away.
const OUTAGE: i64 = 77;

/// Reports what ran on the days since `from` (counted from the story's beginning), the present one only if `today`; gives
/// the day that comes next.
pub(super) async fn report(story: &mut Story<'_>, from: i64, today: bool) -> Result<i64> {
    let app = story.app;
    let alice = actor(app, ALICE.email, ACME).await?;
    let (listed, _) = workspaces::list(app, &alice, "", 10).await?;
    let now = app.now();
    let until = story.days_since_beginning(now) + i64::from(today);
    for (name, first, failures, rows) in WORKSPACES {
        let Some(one) = listed.iter().find(|one| one.workspace.name == name) else {
            continue;
        };
        let place = Place::of_workspace(app, &alice.person, &one.workspace.id).await?;
        let things = what_runs(story, &place).await?;
        let mut all = Vec::new();
        for day in from.max(first)..until {
            for (kind, external_id) in &things {
                let crawl = kind == "monitor";
                for turn in 0..if crawl { 1 } else { 3 } {
                    // Little on weekends, more as time goes on.
                    let start = story.midnight(day)
                        + (2 + turn * 7) * HOUR
                        + i64::from(story.dice.roll(90)) * MINUTE;
                    let quiet = matches!(day % 7, 5 | 6) && story.dice.roll(3) > 0;
                    let spared = i64::from(story.dice.roll(140)) > 70 + day;
                    if quiet || spared || start >= now {
                        continue;
                    }
                    let id = format!("{external_id}-{day}-{turn}");
                    let ended = start
                        + i64::from(20 + story.dice.roll(if crawl { 1_500 } else { 280 })) * SECOND;
                    let moved = if crawl {
                        0
                    } else {
                        rows / 2 + story.dice.roll(rows)
                    };
                    let failed = story.dice.roll(1_000)
                        < if day == OUTAGE && !crawl {
                            700
                        } else {
                            failures
                        };
                    all.push(run(
                        story,
                        (kind, external_id),
                        id,
                        (start, ended),
                        moved,
                        failed,
                        now,
                    ));
                }
            }
        }
        for part in all.chunks(1_000) {
            runs::report(app, &place, part).await?;
        }
    }
    Ok(until)
}

/// Kind and external id of what runs there.
async fn what_runs(story: &Story<'_>, place: &Place) -> Result<Vec<(String, String)>> {
    let mut things = Vec::new();
    for (kind, most) in [("sync", 10), ("monitor", 9)] {
        let filter = Filter {
            kind: kind.into(),
            limit: most,
            ..Filter::default()
        };
        let listed = resources::list(story.app, place, &filter).await?;
        things.extend(
            listed
                .rows
                .into_iter()
                .map(|row| (row.resource.kind, row.resource.external_id)),
        );
    }
    Ok(things)
}

fn run(
    story: &mut Story<'_>,
    of: (&str, &str),
    external_id: String,
    (start, end): (Micros, Micros),
    rows: u32,
    failed: bool,
    now: Micros,
) -> NewRun {
    let ended = end < now;
    let by_hand = story.dice.roll(5) == 0;
    let people = [ALICE, BOB, CAROL, DAVE].map(|who| who.email.to_owned());
    let who = story.dice.roll(16) as usize;
    let who = people
        .get(who)
        .cloned()
        .unwrap_or_else(|| story.people[who * 3].1.clone());
    let rows = if failed { rows / 9 } else { rows };
    NewRun {
        external_id,
        status: match (ended, failed) {
            (false, _) => "running",
            (true, true) => "failed",
            (true, false) => "succeeded",
        }
        .into(),
        resource: Some((of.0.to_owned(), of.1.to_owned())),
        person: if by_hand { who } else { String::new() },
        cause: if by_hand {
            String::new()
        } else {
            "Schedule".into()
        },
        started_at: rfc3339(start),
        finished_at: if ended { rfc3339(end) } else { String::new() },
        rows: if ended { rows.into() } else { 0 },
        bytes: if ended {
            i64::from(rows) * 214
                + if of.0 == "monitor" {
                    (end - start) / 6
                } else {
                    0
                }
        } else {
            0
        },
    }
}

impl Story<'_> {
    /// The first moment of a day of the story.
    fn midnight(&self, day: i64) -> Micros {
        self.beginning - self.beginning % DAY + day * DAY
    }

    fn days_since_beginning(&self, at: Micros) -> i64 {
        (at - self.midnight(0)).div_euclid(DAY)
    }
}
