//! Asking GitHub for the number behind a username: the number never changes hands, the username may.

use super::github::PATIENCE;
use crate::app::App;
use crate::clock::{self, SECOND};
use crate::text;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

/// What GitHub says of a username.
pub(crate) enum Named {
    /// A person: the number, and the username as they write it.
    Account { id: String, login: String },
    /// Nobody, or an organization, which can't sign in.
    Nobody,
    /// It says nothing, or takes no more questions for now: why, for the operator.
    Stopped(String),
}

#[derive(Deserialize)]
struct Account {
    id: i64,
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// Asks GitHub once. `login` is shaped like a username ([`text::github_login`]).
pub(crate) async fn find_by_username(app: &App, login: &str) -> Named {
    let url = format!(
        "{}/users/{login}",
        app.config.github_api_url.as_str().trim_end_matches('/')
    );
    let mut request = app
        .http
        .get(&url)
        .header("accept", "application/vnd.github+json")
        .header("user-agent", "roster")
        .timeout(PATIENCE);
    if let Some((id, secret)) = app.config.github() {
        // As the OAuth app, 5,000 questions an hour instead of 60.
        request = request.basic_auth(id, Some(secret));
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            return Named::Stopped(format!(
                "{url} could not be reached: {}",
                error.without_url()
            ));
        }
    };
    match answer.status() {
        StatusCode::OK => match answer.json::<Account>().await {
            Ok(account) if account.id > 0 => person(account, login),
            _ => Named::Stopped(format!(
                "{url} answered with something else than an account"
            )),
        },
        StatusCode::NOT_FOUND => Named::Nobody,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            Named::Stopped(limited(app, answer.headers()))
        }
        status => Named::Stopped(format!("{url} answered {status}")),
    }
}

fn person(account: Account, asked: &str) -> Named {
    if !matches!(account.kind.as_str(), "" | "User") {
        return Named::Nobody;
    }
    let login = text::github_login(&account.login).unwrap_or_else(|_| asked.to_owned());
    Named::Account {
        id: account.id.to_string(),
        login,
    }
}

/// When GitHub takes questions again, from its own headers.
fn limited(app: &App, headers: &HeaderMap) -> String {
    let number = |name: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.parse::<i64>().ok())
    };
    let after = number("retry-after").map(|seconds| app.now() + seconds * SECOND);
    let until = after.or_else(|| number("x-ratelimit-reset").map(|at| at * SECOND));
    let mut words = "GitHub takes no more questions for now".to_owned();
    if let Some(until) = until {
        words.push_str(&format!(", until {}", clock::minute(until)));
    }
    if app.config.github().is_none() {
        words.push_str(" (with ROSTER_GITHUB_CLIENT_ID and ROSTER_GITHUB_CLIENT_SECRET it takes 5,000 an hour instead of 60)");
    }
    words
}
