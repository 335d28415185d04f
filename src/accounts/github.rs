//! Signing in with GitHub, or a GitHub Enterprise server: the authorization code flow with PKCE and state.

use crate::app::App;
use crate::clock::{MINUTE, Micros};
use crate::error::{Refusal, Result};
use crate::ids::UserId;
use crate::{secret, text};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How long somebody may take at GitHub.
const LIFE: Micros = 10 * MINUTE;
/// How long GitHub may take for one answer (SEC-R6).
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A round trip that was begun; kept in the browser's session and good for one answer (SEC-A10).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GitHubFlow {
    state: String,
    verifier: String,
    began_at: Micros,
    /// One of our own paths, or "".
    pub next: String,
    /// The account to link GitHub with; `None` signs in.
    pub link_to: Option<UserId>,
}

/// Somebody at GitHub, as GitHub itself has just said it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GitHubAccount {
    /// The number that never changes.
    pub id: i64,
    /// A label: logins are renamed, and given to others.
    pub login: String,
    pub name: String,
    /// Addresses that GitHub has verified, in canonical form, the primary one first.
    pub addresses: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("{0}")]
    Answer(#[from] http::Error),
    #[error("status {0}")]
    Down(http::StatusCode),
}

fn down() -> Refusal {
    Refusal::Unavailable(
        "GitHub doesn't answer as it should. Sign in with your e-mail address, or try again in a few minutes.",
    )
}

fn not_ours() -> Refusal {
    Refusal::Malformed(
        "This answer doesn't belong to a sign-in that was begun in this browser within the last ten minutes, or was used before. Begin again \
         on the sign-in page."
            .into(),
    )
}

fn refused_by_github() -> Refusal {
    Refusal::Malformed(
        "GitHub didn't confirm this sign-in. Begin again on the sign-in page.".into(),
    )
}

fn client(app: &App) -> Result<Client> {
    let (id, secret) = app.config.github().ok_or(Refusal::NotFound)?;
    let at = |path: &str| {
        format!(
            "{}{path}",
            app.config.github_url.as_str().trim_end_matches('/')
        )
    };
    let back = format!("{}/sign-in/github/callback", app.config.base_url());
    Ok(BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_uri(AuthUrl::new(at("/login/oauth/authorize")).map_err(anyhow::Error::new)?)
        .set_token_uri(TokenUrl::new(at("/login/oauth/access_token")).map_err(anyhow::Error::new)?)
        .set_redirect_uri(RedirectUrl::new(back).map_err(anyhow::Error::new)?)
        // GitHub documents the secret as a field of the form.
        .set_auth_type(AuthType::RequestBody))
}

/// Begins a round trip: where to send the browser, and what to keep until it comes back. Each has a verifier of its own
/// (SEC-A11). "Not found" where GitHub isn't configured.
pub fn begin_github(
    app: &App,
    next: &str,
    link_to: Option<UserId>,
) -> Result<(String, GitHubFlow)> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = client(app)?;
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("user:email".into()))
        .set_pkce_challenge(challenge)
        .url();
    let flow = GitHubFlow {
        state: state.into_secret(),
        verifier: verifier.into_secret(),
        began_at: app.now(),
        next: next.to_owned(),
        link_to,
    };
    Ok((url.into(), flow))
}

impl GitHubFlow {
    /// Refuses an answer that isn't to this round trip, or is late (SEC-A10).
    pub fn check(flow: Option<Self>, state: &str, now: Micros) -> Result<Self> {
        let flow = flow.ok_or_else(not_ours)?;
        let late = now >= flow.began_at + LIFE || now < flow.began_at;
        if late || !secret::equal(&flow.state, state) {
            Err(not_ours())
        } else {
            Ok(flow)
        }
    }
}

/// Exchanges the code and asks GitHub who that is. Refuses an answer without a proper id (SEC-A1); GitHub's own refusal,
/// which comes with status 200 (SEC-A12); and says so when GitHub is down, slow, or asks us to wait (SEC-R6).
pub async fn github_account(app: &App, flow: GitHubFlow, code: &str) -> Result<GitHubAccount> {
    let http = app.http.clone();
    let send = |request: HttpRequest| send(http.clone(), request);
    let token = client(app)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier))
        .request_async(&send)
        .await
        .map_err(|error| match error {
            RequestTokenError::Request(error) => {
                tracing::warn!(%error, "GitHub could not be asked for a token");
                down()
            }
            _ => refused_by_github(),
        })?;
    let token = token.access_token().secret();
    let user: Value = ask(app, "/user", token).await?;
    let id = user["id"]
        .as_i64()
        .filter(|id| *id > 0)
        .ok_or_else(refused_by_github)?;
    let login = user["login"]
        .as_str()
        .and_then(|login| text::name(login).ok())
        .ok_or_else(refused_by_github)?;
    let name = user["name"]
        .as_str()
        .and_then(|name| text::name(name).ok())
        .unwrap_or_else(|| login.clone());
    let addresses = verified(&ask(app, "/user/emails?per_page=100", token).await?);
    Ok(GitHubAccount {
        id,
        login,
        name,
        addresses,
    })
}

/// The addresses that count: `verified` is exactly `true` (SEC-A1). GitHub's own forwarding addresses reach nobody.
fn verified(emails: &Value) -> Vec<String> {
    let all = emails.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut kept: Vec<(bool, String)> = all
        .iter()
        .filter(|line| line["verified"] == Value::Bool(true))
        .filter_map(|line| {
            Some((
                line["primary"] != Value::Bool(true),
                text::email(line["email"].as_str()?).ok()?,
            ))
        })
        .filter(|(_, address)| !address.ends_with("users.noreply.github.com"))
        .collect();
    kept.sort_by_key(|(is_second, _)| *is_second);
    kept.into_iter().map(|(_, address)| address).collect()
}

async fn ask(app: &App, path: &str, token: &str) -> Result<Value> {
    let url = format!(
        "{}{path}",
        app.config.github_api_url.as_str().trim_end_matches('/')
    );
    let request = app
        .http
        .get(url)
        .bearer_auth(token)
        .header("accept", "application/vnd.github+json")
        .timeout(PATIENCE);
    let failed = |error: reqwest::Error| {
        tracing::warn!(%error, "GitHub's API could not be asked");
        down()
    };
    let answer = request.send().await.map_err(failed)?;
    if answer.status() != http::StatusCode::OK {
        tracing::warn!(status = %answer.status(), path, "GitHub's API refused");
        return Err(down());
    }
    answer.json().await.map_err(failed)
}

/// Between the two crates: oauth2 asks, reqwest sends.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let mut request: reqwest::Request = request.try_into()?;
    *request.timeout_mut() = Some(PATIENCE);
    let answer = http.execute(request).await?;
    let status = answer.status();
    if status.is_server_error() || matches!(status.as_u16(), 403 | 429) {
        return Err(HttpError::Down(status));
    }
    let mut response = http::Response::builder().status(status);
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    Ok(response.body(answer.bytes().await?.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sec_a1_an_address_counts_only_if_verified_is_true_itself() {
        let emails = json!([
            { "email": "second@x.test", "verified": true, "primary": false },
            { "email": "First@X.test", "verified": true, "primary": true },
            { "email": "a@x.test", "verified": false },
            { "email": "b@x.test", "verified": "true" },
            { "email": "c@x.test", "verified": 1 },
            { "email": "d@x.test", "verified": null },
            { "email": "e@x.test" },
            { "email": "f@x.test,g@x.test", "verified": true },
            { "verified": true },
            { "email": "1+me@users.noreply.github.com", "verified": true },
        ]);
        assert_eq!(verified(&emails), ["first@x.test", "second@x.test"]);
        assert!(verified(&json!({ "message": "Not Found" })).is_empty());
    }
}
