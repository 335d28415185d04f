//! A stand-in for GitHub over real HTTP: the OAuth web flow and the three API calls that sign-in needs, with the
//! answers that GitHub documents. Stricter than GitHub in one thing: the client's secret is taken from the form only,
//! which is the documented place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

pub const CLIENT_ID: &str = "Iv1.roster-tests";
pub const CLIENT_SECRET: &str = "the-secret-of-the-tests";

/// How GitHub answers the server from now on; the page that the person sees always works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Ok,
    /// 500 with GitHub's page for people, which is not JSON.
    Refuse500,
    /// Answers when the mode is changed.
    Slow,
    /// 403 with `x-ratelimit-remaining: 0`.
    RateLimited,
}

/// A person at GitHub.
#[derive(Clone, Debug)]
pub struct Account {
    /// A number at GitHub; any JSON here, so that `null`, `""` and `0` can be tried.
    pub id: Value,
    pub login: String,
    pub name: Option<String>,
    /// Address, `verified` as any JSON, primary.
    pub emails: Vec<(String, Value, bool)>,
}

impl Account {
    /// An account with one verified primary address.
    pub fn new(id: i64, login: &str, email: &str) -> Account {
        Account {
            id: id.into(),
            login: login.to_owned(),
            name: None,
            emails: vec![(email.to_owned(), true.into(), true)],
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "login": self.login,
            "id": self.id,
            "node_id": format!("U_{}", self.login),
            "avatar_url": format!("https://avatars.githubusercontent.com/{}", self.login),
            "url": format!("https://api.github.com/users/{}", self.login),
            "html_url": format!("https://github.com/{}", self.login),
            "type": "User",
            "site_admin": false,
            "name": self.name,
            "company": null,
            "email": null,
            "bio": null,
            "public_repos": 0,
            "created_at": "2011-01-25T18:44:36Z",
            "updated_at": "2026-01-02T03:04:05Z",
        })
    }
}

#[derive(Clone)]
pub struct GitHub {
    port: u16,
    mode: watch::Sender<Mode>,
    state: Arc<Mutex<Store>>,
}

#[derive(Default)]
struct Store {
    /// Who sits in front of the browser; nobody: the person presses Cancel.
    current: Option<Account>,
    known: Vec<Account>,
    codes: HashMap<String, Grant>,
    tokens: HashMap<String, Grant>,
    challenges: Vec<Option<String>>,
    issued: u32,
}

#[derive(Clone)]
struct Grant {
    account: Account,
    challenge: Option<String>,
    redirect_uri: String,
    scope: String,
}

impl GitHub {
    /// Starts the server on a free port; it ends with the test's runtime.
    pub async fn start() -> GitHub {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let github = GitHub {
            port,
            mode: watch::Sender::new(Mode::Ok),
            state: Arc::default(),
        };
        let to_the_server = Router::new()
            .route("/login/oauth/access_token", post(access_token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(emails))
            .route("/api/v3/users/{login}", get(public_user))
            .route_layer(from_fn_with_state(github.clone(), misbehave));
        let router = Router::new()
            .route("/login/oauth/authorize", get(authorize))
            .merge(to_the_server)
            .with_state(github.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        github
    }

    /// Where the person is sent: `{url}/login/oauth/authorize`, and where codes are exchanged.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the API is: `{api_url}/user`. Not under the same path as `url()`, as at GitHub, so that a mix-up shows.
    pub fn api_url(&self) -> String {
        format!("{}/api/v3", self.url())
    }

    /// From now on the browser belongs to this account; earlier accounts stay known to `/users/{login}`.
    pub fn sign_in_as(&self, account: Account) {
        let mut store = self.store();
        store.known.retain(|other| other.login != account.login);
        store.known.push(account.clone());
        store.current = Some(account);
    }

    /// From now on the person presses Cancel.
    pub fn deny(&self) {
        self.store().current = None;
    }

    pub fn fail(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// The `code_challenge` of each visit to the authorize page, oldest first; nothing where it had none.
    pub fn challenges(&self) -> Vec<Option<String>> {
        self.store().challenges.clone()
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.state.lock().expect("no test panicked here")
    }

    /// The grant behind the request's token, or GitHub's refusal.
    fn bearer(&self, headers: &HeaderMap) -> Result<Grant, (StatusCode, &'static str)> {
        if !headers.contains_key(header::USER_AGENT) {
            return Err((
                StatusCode::FORBIDDEN,
                "Please make sure your request has a User-Agent header.",
            ));
        }
        let value = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let token = value.split_once(' ').filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        });
        let grant = token.and_then(|(_, token)| self.store().tokens.get(token).cloned());
        grant.ok_or((StatusCode::UNAUTHORIZED, "Bad credentials"))
    }
}

type Fields = HashMap<String, String>;

async fn authorize(State(github): State<GitHub>, Query(query): Query<Fields>) -> Response {
    let field = |name: &str| query.get(name).filter(|value| !value.is_empty()).cloned();
    if field("client_id").as_deref() != Some(CLIENT_ID) {
        return (
            StatusCode::NOT_FOUND,
            "This is not the web page you are looking for.",
        )
            .into_response();
    }
    let Some(Ok(mut back)) = field("redirect_uri").map(|uri| Url::parse(&uri)) else {
        return (StatusCode::BAD_REQUEST, "The redirect_uri is missing.").into_response();
    };
    let redirect_uri = back.to_string();
    let challenge = field("code_challenge");
    let mut store = github.store();
    store.challenges.push(challenge.clone());
    if challenge.is_some() && field("code_challenge_method").as_deref() != Some("S256") {
        return (
            StatusCode::BAD_REQUEST,
            "The code_challenge_method must be S256.",
        )
            .into_response();
    }
    match store.current.clone() {
        Some(account) => {
            store.issued += 1;
            let code = format!("code{:016}", store.issued);
            let scope = field("scope").unwrap_or_default();
            store.codes.insert(
                code.clone(),
                Grant {
                    account,
                    challenge,
                    redirect_uri,
                    scope,
                },
            );
            back.query_pairs_mut().append_pair("code", &code);
        }
        None => {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair(
                    "error_description",
                    "The user has denied your application access.",
                );
        }
    }
    if let Some(state) = field("state") {
        back.query_pairs_mut().append_pair("state", &state);
    }
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

async fn access_token(
    State(github): State<GitHub>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    let answer = exchange(&mut github.store(), &form).unwrap_or_else(|(error, description)| {
        vec![
            ("error", error.to_owned()),
            ("error_description", description.to_owned()),
        ]
    });
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.contains("application/json") {
        return Json(answer.into_iter().collect::<HashMap<_, _>>()).into_response();
    }
    Form(answer).into_response()
}

/// GitHub answers 200 to a refusal too.
fn exchange(
    store: &mut Store,
    form: &Fields,
) -> Result<Vec<(&'static str, String)>, (&'static str, &'static str)> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != CLIENT_ID || field("client_secret") != CLIENT_SECRET {
        let description = "The client_id and/or client_secret passed are incorrect.";
        return Err(("incorrect_client_credentials", description));
    }
    let bad_code = (
        "bad_verification_code",
        "The code passed is incorrect or expired.",
    );
    let grant = store.codes.remove(field("code")).ok_or(bad_code)?;
    if form
        .get("redirect_uri")
        .is_some_and(|uri| Url::parse(uri).map(String::from).as_ref() != Ok(&grant.redirect_uri))
    {
        let description =
            "The redirect_uri MUST match the registered callback URL for this application.";
        return Err(("redirect_uri_mismatch", description));
    }
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    if grant
        .challenge
        .as_ref()
        .is_some_and(|challenge| *challenge != verifier)
    {
        return Err(bad_code);
    }
    store.issued += 1;
    let token = format!("gho_{:036}", store.issued);
    let scope = grant.scope.replace(' ', ",");
    store.tokens.insert(token.clone(), grant);
    Ok(vec![
        ("access_token", token),
        ("scope", scope),
        ("token_type", "bearer".to_owned()),
    ])
}

async fn user(State(github): State<GitHub>, headers: HeaderMap) -> Response {
    match github.bearer(&headers) {
        Ok(grant) => Json(grant.account.to_json()).into_response(),
        Err((status, text)) => message(status, text),
    }
}

async fn emails(State(github): State<GitHub>, headers: HeaderMap) -> Response {
    let grant = match github.bearer(&headers) {
        Ok(grant) => grant,
        Err((status, text)) => return message(status, text),
    };
    if !grant
        .scope
        .split([' ', ','])
        .any(|scope| scope == "user" || scope == "user:email")
    {
        return message(StatusCode::NOT_FOUND, "Not Found");
    }
    let line = |(email, verified, primary): &(String, Value, bool)| {
        let visibility = if *primary {
            json!("private")
        } else {
            Value::Null
        };
        json!({ "email": email, "verified": verified, "primary": primary, "visibility": visibility })
    };
    Json(grant.account.emails.iter().map(line).collect::<Vec<_>>()).into_response()
}

/// Needs no token, like GitHub's.
async fn public_user(State(github): State<GitHub>, Path(login): Path<String>) -> Response {
    match github
        .store()
        .known
        .iter()
        .find(|account| account.login.eq_ignore_ascii_case(&login))
    {
        Some(account) => Json(account.to_json()).into_response(),
        None => message(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn message(status: StatusCode, text: &str) -> Response {
    let body = json!({ "message": text, "documentation_url": "https://docs.github.com/rest", "status": status.as_str() });
    (status, Json(body)).into_response()
}

async fn misbehave(State(github): State<GitHub>, request: Request, next: Next) -> Response {
    let mut mode = github.mode.subscribe();
    let _ = mode.wait_for(|mode| *mode != Mode::Slow).await;
    let now = *mode.borrow();
    match now {
        Mode::Ok | Mode::Slow => next.run(request).await,
        Mode::Refuse500 => {
            let page = axum::response::Html("<!DOCTYPE html><title>Unicorn! · GitHub</title>");
            (StatusCode::INTERNAL_SERVER_ERROR, page).into_response()
        }
        Mode::RateLimited => {
            let headers = [
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "0"),
                ("retry-after", "60"),
            ];
            (
                headers,
                message(
                    StatusCode::FORBIDDEN,
                    "API rate limit exceeded for 127.0.0.1.",
                ),
            )
                .into_response()
        }
    }
}
