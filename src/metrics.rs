//! Numbers for whoever watches the program, in the text format of OpenMetrics, which Prometheus reads.

use crate::app::App;
use crate::clock::SECOND;
use crate::error::Result;
use crate::outbox;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// The media type that [`Metrics::draw`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the times that are counted, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    door: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waiting {
    state: &'static str,
}

type Requests = Family<Answered, Histogram, fn() -> Histogram>;

/// What is counted, and the numbers so far. Nothing in it names a person or an organization.
pub struct Metrics {
    registry: Registry,
    requests: Requests,
    jobs: Family<Waiting, Gauge>,
    oldest: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("roster");
        let requests: Requests = Family::new_with_constructor(|| Histogram::new(BOUNDS));
        let (jobs, oldest) = (Family::default(), Gauge::default());
        registry.register(
            "build",
            "The version that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long answers took",
            Unit::Seconds,
            requests.clone(),
        );
        registry.register(
            "outbox_jobs",
            "Mails and other work that wait, or were given up",
            jobs.clone(),
        );
        registry.register_with_unit(
            "outbox_oldest_age",
            "How long the oldest work has waited past its time",
            Unit::Seconds,
            oldest.clone(),
        );
        Self {
            registry,
            requests,
            jobs,
            oldest,
        }
    }
}

impl Metrics {
    /// Notes that a request was answered that came through a door: `page` or `api`.
    pub fn answered(&self, door: &'static str, status: u16, took: Duration) {
        self.requests
            .get_or_create(&Answered { door, status })
            .observe(took.as_secs_f64());
    }
}

/// Every number as of now.
pub async fn draw(app: &App) -> Result<String> {
    let standing = outbox::standing(app).await?;
    let metrics = &app.metrics;
    metrics
        .jobs
        .get_or_create(&Waiting { state: "queued" })
        .set(standing.queued);
    metrics
        .jobs
        .get_or_create(&Waiting { state: "failed" })
        .set(standing.failed);
    metrics.oldest.set(standing.overdue / SECOND);
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(anyhow::Error::new)?;
    Ok(text)
}
