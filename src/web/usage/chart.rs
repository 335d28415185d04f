//! Charts as SVG that is part of the page. They are drawn by hand: the Content-Security-Policy allows no style attribute,
//! which libraries of charts write into what they draw, and a drawing of fixed size can't be read on a narrow page. Places
//! along the width are parts of a hundred, so that a chart grows and shrinks and its words don't.

use crate::text;

/// A chart of bars that stand beside each other, a day each.
pub struct Days {
    /// What it shows, for who doesn't see it.
    pub about: String,
    pub ticks: Vec<Tick>,
    pub bars: Vec<Part>,
    pub labels: Vec<Label>,
}

/// A chart of bars that lie below each other, a workspace each.
pub struct Lines {
    pub about: String,
    pub height: usize,
    pub ticks: Vec<Tick>,
    pub lines: Vec<Line>,
    /// Where the words of the axis stand.
    pub foot: usize,
}

/// A line across the chart, with what it stands for.
pub struct Tick {
    pub at: String,
    pub words: String,
    pub base: bool,
}

/// A rectangle; `kind` is its class: `ok`, `fail` or `rest`.
pub struct Part {
    pub kind: &'static str,
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

pub struct Label {
    pub x: String,
    pub words: String,
}

/// One bar with its name above and its value at its end.
pub struct Line {
    pub name: String,
    pub value: String,
    pub parts: Vec<Part>,
    pub name_y: usize,
    pub value_x: String,
    pub value_y: usize,
}

/// What one bar is made of, by class.
pub type Value = Vec<(&'static str, i64)>;

/// Where bars begin, and how high they grow, in pixels.
const TOP: f64 = 14.0;
const HIGH: f64 = 150.0;
/// Parts of a hundred that the words of the axis take on the left.
const LEFT: f64 = 9.0;
/// Where the last day ends, so that its name has room.
const RIGHT: f64 = 97.0;
/// Parts of a hundred that the longest lying bar takes; its value stands behind it.
const LONG: f64 = 62.0;
/// Pixels from one lying bar to the next.
const STEP: usize = 38;

/// A step between lines so that there are three to five of them, and the number of steps.
fn steps(most: i64) -> (i64, i64) {
    let mut step = 1_i64;
    for round in 0.. {
        if most <= step.saturating_mul(4) {
            break;
        }
        // 1, 2, 5, 10, 20 …
        step = if round % 3 == 1 {
            step / 2 * 5
        } else {
            step.saturating_mul(2)
        };
    }
    (step, ((most + step - 1) / step).max(1))
}

fn percent(part: f64) -> String {
    format!("{part:.2}%")
}

fn sum(value: &Value) -> i64 {
    value
        .iter()
        .map(|(_, part)| part)
        .fold(0, |sum, part| sum.saturating_add(*part))
}

impl Days {
    /// `days` are the labels with what they stand for; `words` says a number.
    pub fn new(about: String, days: &[(String, Value)], words: fn(i64) -> String) -> Self {
        let (step, count) = steps(
            days.iter()
                .map(|(_, value)| sum(value))
                .max()
                .unwrap_or_default(),
        );
        let top = (step * count) as f64;
        let slot = (RIGHT - LEFT) / days.len().max(1) as f64;
        let mut bars = Vec::new();
        for (n, (_, value)) in days.iter().enumerate() {
            let mut floor = TOP + HIGH;
            for (kind, part) in value.iter().filter(|(_, part)| *part > 0) {
                // One that is there is seen.
                let height = (*part as f64 / top * HIGH).max(1.0);
                floor -= height;
                bars.push(Part {
                    kind,
                    x: percent(LEFT + slot * (n as f64 + 0.12)),
                    y: format!("{floor:.1}"),
                    width: percent(slot * 0.76),
                    height: format!("{height:.1}"),
                });
            }
        }
        let tick = |n: i64| Tick {
            at: format!("{:.1}", TOP + HIGH - (n * step) as f64 / top * HIGH),
            words: words(n * step),
            base: n == 0,
        };
        let every = days.len().div_ceil(6).max(1);
        let label = |(n, (words, _)): (usize, &(String, Value))| Label {
            x: percent(LEFT + slot * (n as f64 + 0.5)),
            words: words.clone(),
        };
        // From the last day backwards, so that today has its name.
        let named = days
            .iter()
            .enumerate()
            .filter(|(n, _)| (days.len() - 1 - n).is_multiple_of(every));
        Self {
            about,
            ticks: (0..=count).map(tick).collect(),
            bars,
            labels: named.map(label).collect(),
        }
    }
}

impl Lines {
    /// Each with its name, its value in words, and what its bar is made of.
    pub fn new(about: String, all: Vec<(String, String, Value)>, words: fn(i64) -> String) -> Self {
        let (step, count) = steps(
            all.iter()
                .map(|(_, _, value)| sum(value))
                .max()
                .unwrap_or_default(),
        );
        let top = (step * count) as f64;
        let foot = all.len() * STEP + 14;
        let line = |(n, (name, said, value)): (usize, (String, String, Value))| {
            let y = n * STEP;
            let mut from = 0.0;
            let mut parts = Vec::new();
            for (kind, part) in value.into_iter().filter(|(_, part)| *part > 0) {
                let width = (part as f64 / top * LONG).max(0.3);
                parts.push(Part {
                    kind,
                    x: percent(from),
                    y: (y + 18).to_string(),
                    width: percent(width),
                    height: "12".into(),
                });
                from += width;
            }
            let name = if name.chars().count() > 30 {
                name.chars().take(29).chain(['…']).collect()
            } else {
                name
            };
            Line {
                name,
                value: said,
                parts,
                name_y: y + 12,
                value_x: percent(from + 1.0),
                value_y: y + 28,
            }
        };
        let tick = |n: i64| Tick {
            at: percent((n * step) as f64 / top * LONG),
            words: words(n * step),
            base: n == 0,
        };
        // Few, so that their words don't meet on a narrow page.
        let half = (count % 2 == 0).then_some(count / 2);
        Self {
            about,
            height: foot + 6,
            ticks: [Some(0), half, Some(count)]
                .into_iter()
                .flatten()
                .map(tick)
                .collect(),
            lines: all.into_iter().enumerate().map(line).collect(),
            foot,
        }
    }
}

/// `1,204` below a hundred thousand, then `120k`: what stands beside an axis.
pub fn short(number: i64) -> String {
    match number {
        ..10_000 => text::thousands(number),
        10_000..10_000_000 => format!("{}k", text::thousands(number / 1_000)),
        _ => format!("{}M", text::thousands(number / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_numbers_and_no_bar_grows_over_the_last() {
        for (most, expected) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (4, (1, 4)),
            (5, (2, 3)),
            (9, (5, 2)),
            (21, (10, 3)),
            (96, (50, 2)),
            (1_204, (500, 3)),
        ] {
            let (step, count) = steps(most);
            assert_eq!((step, count), expected, "{most}");
            assert!(step * count >= most);
        }
        assert!(steps(i64::MAX / 2).0 > 0);
    }
}
