//! Asking GitHub for the numbers behind usernames: the number never changes hands, the username may.

use super::{Line, Problem};
use crate::accounts::unclaimed;
use crate::actor::Actor;
use crate::app::App;
use crate::clock::{self, SECOND};
use crate::error::{Refusal, Result};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

/// What came of asking.
#[derive(Debug, Default)]
pub struct Resolved {
    pub problems: Vec<Problem>,
    /// GitHub takes no more questions for now: why, and until when.
    pub stopped: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    id: i64,
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

enum Answer {
    Account(Account),
    None,
    Stop(String),
}

/// Fills in the GitHub account id of every line that has a username, one question each; a member who is linked already
/// needs none. A username that GitHub doesn't know becomes a problem and its line is taken out. When GitHub
/// takes no more questions, the lines not asked for yet are taken out as well: running again goes on there.
pub async fn resolve_usernames(app: &App, actor: &Actor, lines: &mut Vec<Line>, mut asked: impl FnMut()) -> Result<Resolved> {
    let mut resolved = Resolved::default();
    let mut kept = Vec::with_capacity(lines.len());
    for mut line in lines.drain(..) {
        asked();
        if line.github.is_empty() || is_linked_member(app, actor, &line.github).await? {
            kept.push(line);
            continue;
        }
        if resolved.stopped.is_some() {
            continue;
        }
        match ask(app, &line.github).await? {
            Answer::Account(account) => {
                line.github_id = Some(account.id.to_string());
                line.github = account.login;
                kept.push(line);
            }
            Answer::None => resolved.problems.push(Problem {
                number: line.number,
                what: line.who().to_owned(),
                why: format!("GitHub knows no person with the username {}", line.github),
            }),
            Answer::Stop(why) => resolved.stopped = Some(why),
        }
    }
    *lines = kept;
    Ok(resolved)
}

async fn is_linked_member(app: &App, actor: &Actor, login: &str) -> Result<bool> {
    let mut tx = app.db.read().await?;
    match unclaimed::linked_as(&mut tx, login).await? {
        Some(user) => crate::members::queries::is_member(&mut tx, &actor.org.id, &user).await,
        None => Ok(false),
    }
}

async fn ask(app: &App, login: &str) -> Result<Answer> {
    let url = format!("{}/users/{login}", app.config.github_api_url.as_str().trim_end_matches('/'));
    let mut request = app.http.get(&url).header("accept", "application/vnd.github+json").header("user-agent", "roster");
    if let Some((id, secret)) = app.config.github() {
        // As the OAuth app, 5,000 questions an hour instead of 60.
        request = request.basic_auth(id, Some(secret));
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(Answer::Stop(format!("{url} could not be reached: {}", error.without_url()))),
    };
    match answer.status() {
        StatusCode::OK => {
            let account: Account = answer.json().await.map_err(|e| Refusal::Internal(anyhow::Error::new(e)))?;
            // An organization can't sign in.
            Ok(if matches!(account.kind.as_str(), "" | "User") { Answer::Account(account) } else { Answer::None })
        }
        StatusCode::NOT_FOUND => Ok(Answer::None),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Ok(Answer::Stop(limited(app, answer.headers()))),
        status => Ok(Answer::Stop(format!("{url} answered {status}"))),
    }
}

/// When GitHub takes questions again, from its own headers.
fn limited(app: &App, headers: &HeaderMap) -> String {
    let number = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<i64>().ok());
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
