//! What Roster asks of Stripe: thirteen calls of its REST API, form-encoded as its reference documents them.
//!
//! Written over the HTTP client that is here, because the one maintained crate for all of Stripe's API takes 2.8 GB of
//! memory and two minutes to compile, and refuses events of another version than its own.

use crate::app::App;
use crate::error::Refusal;
use serde_json::Value;
use std::time::Duration;

/// The version of the API that every answer has the shape of, whatever version the account is on.
const VERSION: &str = "2025-03-31.basil";
/// How long Stripe may take for one answer. A page or an event waits for three of them, asked at once.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often a call is made whose key another call is using at this moment, and the wait between.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// Stripe, as this installation's settings reach it.
pub(super) struct Client<'a> {
    http: &'a reqwest::Client,
    base: &'a str,
    key: &'a str,
}

/// Why Stripe didn't do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Down, too slow, or asking us to wait: later it may work.
    Unreachable,
    /// It knows no such thing.
    Missing,
    /// It doesn't do that, for the reason that the log has.
    Refused,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable => Self::Unavailable(
                "Stripe, where payments are made, can't be reached now. Try again in a few minutes.",
            ),
            Failure::Missing | Failure::Refused => Self::Unavailable(
                "Stripe, where payments are made, didn't take what Roster asked for. Whoever runs this server \
                 finds the reason in its log.",
            ),
        }
    }
}

impl<'a> Client<'a> {
    /// `None` where the settings name no key.
    pub(super) fn new(app: &'a App) -> Option<Self> {
        let key = app.config.stripe_api_key.as_ref()?.reveal();
        Some(Self {
            http: &app.http,
            base: app.config.stripe_api_url.as_str().trim_end_matches('/'),
            key,
        })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        self.send(path, || self.http.get(self.url(path)).query(query))
            .await
    }

    /// The whole of the first page of a list, newest first.
    pub(super) async fn list(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, Failure> {
        match self.get(path, query).await?["data"].take() {
            Value::Array(data) => Ok(data),
            _ => {
                tracing::warn!(path, "Stripe answered with something that is no list");
                Err(Failure::Unreachable)
            }
        }
    }

    /// Stripe does what has the same `once` a single time, and answers the same again (for a day at least).
    pub(super) async fn post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        once: &str,
    ) -> Result<Value, Failure> {
        self.send(path, || {
            self.http
                .post(self.url(path))
                .header("idempotency-key", once)
                .form(fields)
        })
        .await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(path, || self.http.delete(self.url(path))).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Neither the key nor what is sent or answered goes to the log; Stripe's own code for a refusal does.
    async fn send(
        &self,
        path: &str,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Value, Failure> {
        for _ in 0..TRIES {
            let request = request()
                .bearer_auth(self.key)
                .header("stripe-version", VERSION)
                .timeout(PATIENCE);
            let failed = |error: reqwest::Error| {
                tracing::warn!(error = %error.without_url(), path, "Stripe could not be asked");
                Failure::Unreachable
            };
            let answer = request.send().await.map_err(failed)?;
            let status = answer.status();
            if status == http::StatusCode::CONFLICT {
                tokio::time::sleep(BETWEEN_TRIES).await;
                continue;
            }
            if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
                tracing::warn!(%status, path, "Stripe is not well, or asks us to wait");
                return Err(Failure::Unreachable);
            }
            let body: Value = answer.json().await.map_err(failed)?;
            if status.is_success() {
                return Ok(body);
            }
            let word = |name: &str| {
                body["error"][name]
                    .as_str()
                    .unwrap_or_default()
                    .chars()
                    .take(80)
                    .collect::<String>()
            };
            let (code, field) = (word("code"), word("param"));
            tracing::error!(%status, path, code, field, "Stripe refused");
            return Err(if code == "resource_missing" {
                Failure::Missing
            } else {
                Failure::Refused
            });
        }
        tracing::warn!(path, "Stripe is still busy with the same call");
        Err(Failure::Unreachable)
    }
}
