//! `/account/tokens`: the person's API tokens.

use super::error::PageError;
use super::input::Form;
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{SignedIn, see_other};
use crate::accounts::{self, NewToken, Token, TokenScope};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::TokenId;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// The navigation's line for these pages.
const NAV: &str = "API tokens";

/// Lifetimes to choose from, in days.
const LIVES: [i64; 5] = [7, 30, 90, 180, 365];

/// A token as the list shows it.
struct Row {
    id: String,
    name: String,
    prefix: String,
    scope: &'static str,
    created: When,
    expires: Option<When>,
    used: Option<When>,
    expired: bool,
}

impl Row {
    fn new(token: Token, now: i64) -> Self {
        Self {
            expired: token.has_expired(now),
            id: token.id.into(),
            name: token.name,
            prefix: token.prefix,
            scope: scope_words(token.scope),
            created: When::day(token.created_at),
            expires: token.expires_at.map(|at| When::relative(at, now)),
            used: token.last_used_at.map(|at| When::relative(at, now)),
        }
    }
}

fn scope_words(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "Read",
        TokenScope::Write => "Read and write",
    }
}

#[derive(Template)]
#[template(path = "tokens/index.html")]
struct Index {
    shell: Shell,
    rows: Vec<Row>,
}

/// `GET /account/tokens`
pub async fn index(State(app): State<App>, SignedIn { person, visitor }: SignedIn) -> PageResult {
    let tokens = accounts::list_tokens(&app, &person).await?;
    let rows = tokens
        .into_iter()
        .map(|token| Row::new(token, visitor.now))
        .collect();
    Ok(page::ok(&Index {
        shell: Shell::account(&visitor, &person, NAV),
        rows,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateForm {
    name: String,
    scope: String,
    days: String,
}

/// Value, label, note, why it can't be chosen: an option of a form.
type Choice = (String, String, String, String);

#[derive(Template)]
#[template(path = "tokens/new.html")]
struct New {
    shell: Shell,
    form: CreateForm,
    scopes: Vec<Choice>,
    lives: Vec<(String, String, String)>,
    days_hint: String,
    name_error: String,
    scope_error: String,
    days_error: String,
}

impl New {
    fn filled(shell: Shell, form: CreateForm, longest: i64, refusal: Option<&Refusal>) -> Self {
        let choice = |scope: TokenScope, note: &str| {
            (
                scope.as_str().to_owned(),
                scope_words(scope).to_owned(),
                note.to_owned(),
                String::new(),
            )
        };
        let mut lives: Vec<i64> = LIVES.into_iter().filter(|days| *days <= longest).collect();
        if !lives.contains(&longest) && longest < LIVES[LIVES.len() - 1] {
            lives.push(longest);
        }
        let error = |field| {
            refusal.map_or_else(String::new, |refusal| refusal.message_for(field).to_owned())
        };
        Self {
            shell,
            form,
            scopes: vec![
                choice(
                    TokenScope::Read,
                    "Sees what you may see, and changes nothing.",
                ),
                choice(
                    TokenScope::Write,
                    "Does what you may do, wherever you are a member.",
                ),
            ],
            lives: lives
                .into_iter()
                .map(|days| {
                    (
                        days.to_string(),
                        crate::text::count(days, "day", "days"),
                        String::new(),
                    )
                })
                .collect(),
            days_hint: if longest < LIVES[LIVES.len() - 1] {
                format!("At most {longest}: the strictest of your organizations says so.")
            } else {
                String::new()
            },
            name_error: error("name"),
            scope_error: error("scope"),
            days_error: error("days"),
        }
    }
}

/// `GET /account/tokens/new`
pub async fn new(State(app): State<App>, SignedIn { person, visitor }: SignedIn) -> PageResult {
    let longest = accounts::longest_token_days(&app, &person).await?;
    let form = CreateForm {
        name: String::new(),
        scope: TokenScope::Read.as_str().into(),
        days: longest.min(90).to_string(),
    };
    Ok(page::ok(&New::filled(
        Shell::account(&visitor, &person, NAV),
        form,
        longest,
        None,
    )))
}

#[derive(Template)]
#[template(path = "tokens/created.html")]
struct Created {
    shell: Shell,
    name: String,
    secret: String,
    ends: When,
    example: String,
}

/// `POST /account/tokens/new`: answers with the page that shows the secret, the only time that it is shown.
pub async fn create(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(form): Form<CreateForm>,
) -> PageResult {
    let shell = Shell::account(&visitor, &person, NAV);
    let outcome = match (TokenScope::parse(&form.scope), form.days.parse()) {
        (Some(scope), Ok(days)) => {
            accounts::create_token(&app, &person, &form.name, scope, Some(days)).await
        }
        (None, _) => Err(Refusal::field("scope", "Choose what the token may do.")),
        (_, Err(_)) => Err(Refusal::field("days", "Choose how long the token lives.")),
    };
    match outcome {
        Ok(NewToken { token, secret }) => {
            let example = format!(
                "curl -H \"Authorization: Bearer $API_TOKEN\" {}/api/v1/me",
                app.config.base_url()
            );
            let ends = When::day(token.expires_at.unwrap_or(visitor.now));
            Ok(page::ok(&Created {
                shell,
                name: token.name,
                secret,
                ends,
                example,
            }))
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            let longest = accounts::longest_token_days(&app, &person).await?;
            Ok(page::invalid(&New::filled(
                shell,
                form,
                longest,
                Some(&refusal),
            )))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

#[derive(Template)]
#[template(path = "tokens/revoke.html")]
struct ConfirmRevoke {
    shell: Shell,
    row: Row,
}

/// `GET /account/tokens/{token}/revoke`
pub async fn confirm_revoke(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(token): Path<TokenId>,
) -> PageResult {
    let token = accounts::find_token(&app, &person, &token).await?;
    Ok(page::ok(&ConfirmRevoke {
        shell: Shell::account(&visitor, &person, NAV),
        row: Row::new(token, visitor.now),
    }))
}

/// `POST /account/tokens/{token}/revoke`
pub async fn revoke(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path(token): Path<TokenId>,
) -> PageResult {
    let token = accounts::revoke_token(&app, &person, &token).await?;
    let notice = Notice::good(
        format!("“{}” is revoked.", token.name),
        "Whatever uses it is refused from its next request on.",
    );
    Ok(see_other("/account/tokens", Some(notice)))
}
