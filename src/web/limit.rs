//! How often one network may ask for what costs something: mails, tries, round trips to GitHub (SEC-A8). What must
//! survive a restart, the guessing of codes, is counted in the database instead.

use crate::actor::Origin;
use crate::error::Refusal;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Networks remembered before those that are quiet are forgotten.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
pub struct SignInLimits(Arc<Buckets>);

struct Buckets {
    asking: DefaultKeyedRateLimiter<String>,
    trying: DefaultKeyedRateLimiter<String>,
}

fn bucket(burst: u32, every: Duration) -> DefaultKeyedRateLimiter<String> {
    let quota = Quota::with_period(every).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
    DefaultKeyedRateLimiter::keyed(
        quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)),
    )
}

impl SignInLimits {
    /// An office may share one address, so each begins with some to spare.
    pub fn new() -> Self {
        Self(Arc::new(Buckets {
            asking: bucket(20, Duration::from_secs(10)),
            trying: bucket(60, Duration::from_secs(2)),
        }))
    }

    /// Refuses a network that asks for a mail, or starts at GitHub, too often.
    pub fn asking(&self, origin: &Origin) -> Result<(), Refusal> {
        check(&self.0.asking, origin)
    }

    /// Refuses a network that shows links and codes too often.
    pub fn trying(&self, origin: &Origin) -> Result<(), Refusal> {
        check(&self.0.trying, origin)
    }
}

fn check(bucket: &DefaultKeyedRateLimiter<String>, origin: &Origin) -> Result<(), Refusal> {
    if bucket.len() > REMEMBERED {
        bucket.retain_recent();
    }
    bucket.check_key(&origin.network()).map_err(|early| {
        let wait = early
            .wait_time_from(DefaultClock::default().now())
            .as_secs()
            + 1;
        Refusal::TooMany {
            reason: format!(
                "Too many requests came from your network. Wait {wait} seconds, then try again."
            )
            .into(),
            retry_after_seconds: wait,
        }
    })
}
