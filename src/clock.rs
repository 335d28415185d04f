//! Time: microseconds since 1970-01-01 UTC, everywhere. Days and words are made from it where people read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since 1970-01-01 UTC.
pub type Micros = i64;

pub const SECOND: Micros = 1_000_000;
pub const MINUTE: Micros = 60 * SECOND;
pub const HOUR: Micros = 60 * MINUTE;
pub const DAY: Micros = 24 * HOUR;

/// The system's clock, which a test may move forward.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn now(&self) -> Micros {
        jiff::Timestamp::now().as_microsecond() + self.0.load(Ordering::Relaxed)
    }

    /// Moves this clock; every holder of a clone sees it.
    pub fn advance(&self, by: Micros) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

fn zoned(at: Micros) -> jiff::Zoned {
    jiff::Timestamp::from_microsecond(at)
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
}

/// `2026-11-22T09:41:07Z`, the exact value a `<time>` carries.
pub fn rfc3339(at: Micros) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-22T09:41:07.123456Z`: the whole value, for exports.
pub fn rfc3339_exact(at: Micros) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Reads a time as [`rfc3339_exact`] writes it.
pub fn parse_rfc3339(text: &str) -> Option<Micros> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(|at| at.as_microsecond())
}

/// `2026-11-22`, the value of a date field.
pub fn date(at: Micros) -> String {
    zoned(at).strftime("%Y-%m-%d").to_string()
}

/// The first moment of a day written `2026-11-22` (UTC).
pub fn parse_date(text: &str) -> Option<Micros> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_microsecond(),
    )
}

/// The UTC month of a moment: its first day and the first of the next month, as days since 1970-01-01.
pub fn month(at: Micros) -> (i64, i64) {
    let first = zoned(at).date().first_of_month();
    let day = |date: jiff::civil::Date| {
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(0, |z| z.timestamp().as_microsecond() / DAY)
    };
    (
        day(first),
        day(first.saturating_add(jiff::Span::new().months(1))),
    )
}

/// `22 Nov`
pub fn day_of_year(at: Micros) -> String {
    zoned(at).strftime("%-d %b").to_string()
}

/// `22 Nov 2026`
pub fn day(at: Micros) -> String {
    zoned(at).strftime("%-d %b %Y").to_string()
}

/// `22 Nov 2026, 09:41:07 UTC`
pub fn second(at: Micros) -> String {
    zoned(at).strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// `22 Nov 2026, 09:41 UTC`
pub fn minute(at: Micros) -> String {
    zoned(at).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// `2 minutes ago`, `Yesterday`, `in 5 days`, and a date from a month on.
pub fn relative(at: Micros, now: Micros) -> String {
    let (gap, past) = if at <= now {
        (now - at, true)
    } else {
        (at - now, false)
    };
    let say = |count: i64, unit: &str| {
        let s = if count == 1 { "" } else { "s" };
        if past {
            format!("{count} {unit}{s} ago")
        } else {
            format!("in {count} {unit}{s}")
        }
    };
    // What is left of a time to come is rounded up: an offer of seven days reads "in 7 days", not "in 6".
    let count = |unit: Micros| {
        if past {
            gap / unit
        } else {
            (gap + unit - 1) / unit
        }
    };
    match gap {
        _ if gap < MINUTE => {
            if past {
                "Just now".into()
            } else {
                "in a moment".into()
            }
        }
        _ if gap < HOUR => say(count(MINUTE), "minute"),
        _ if gap < DAY => say(count(HOUR), "hour"),
        _ if gap < 2 * DAY && past => "Yesterday".into(),
        _ if gap < 31 * DAY => say(count(DAY), "day"),
        _ => day(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let now = 1_763_805_600 * SECOND;
        let cases = [
            (now, "Just now"),
            (now - 2 * MINUTE, "2 minutes ago"),
            (now - HOUR, "1 hour ago"),
            (now - 30 * HOUR, "Yesterday"),
            (now - 5 * DAY, "5 days ago"),
            (now + 5 * DAY, "in 5 days"),
            (now + 7 * DAY - MINUTE, "in 7 days"),
            (now + 90 * MINUTE, "in 2 hours"),
            (now - 400 * DAY, "18 Oct 2024"),
        ];
        for (at, words) in cases {
            assert_eq!(relative(at, now), words);
        }
        assert_eq!(rfc3339(now), "2025-11-22T10:00:00Z");
        assert_eq!(parse_rfc3339(&rfc3339_exact(now + 42)), Some(now + 42));
        assert_eq!(parse_date(&date(now)), Some(now - 10 * HOUR));
        let (first, next) = month(now);
        assert_eq!(
            (day(first * DAY), day(next * DAY)),
            ("1 Nov 2025".to_owned(), "1 Dec 2025".to_owned())
        );
    }
}
