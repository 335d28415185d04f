//! Personal API tokens: they act as their person, and never do more than the person may at that moment (product.md, 8).
//!
//! A token is `rst_` and 32 random bytes. It is shown once and kept as a hash; its first characters tell it apart in a
//! list.

mod queries;

use crate::actor::{Credential, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{TokenId, UserId};
use crate::{secret, text};

/// How every token begins, so that a secret scanner knows one.
pub const TOKEN_PREFIX: &str = "rst_";

/// Days a token lives where nobody says how many.
const DEFAULT_DAYS: i64 = 90;

/// Days no token lives longer than, for somebody in no organization.
pub(crate) const MOST_DAYS: i64 = 365;

/// Tokens that a person may have at once.
const TOKENS_PER_PERSON: i64 = 50;

/// A token as its owner sees it in a list. The secret isn't part of it.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    pub scope: TokenScope,
    pub created_at: Micros,
    pub expires_at: Option<Micros>,
    pub last_used_at: Option<Micros>,
}

impl Token {
    pub fn has_expired(&self, now: Micros) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenScope {
    /// Reads what its person may read.
    Read,
    /// Does what its person may do.
    Write,
}

impl TokenScope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// A token just made, with the secret that is never shown again.
pub struct NewToken {
    pub token: Token,
    pub secret: String,
}

/// The person's tokens that aren't revoked, newest first; expired ones too.
pub async fn list_tokens(app: &App, person: &Person) -> Result<Vec<Token>> {
    let mut tx = app.db.read().await?;
    queries::list(&mut tx, &person.user).await
}

/// One of the person's tokens. "Not found" for anybody else's.
pub async fn find_token(app: &App, person: &Person, id: &TokenId) -> Result<Token> {
    let mut tx = app.db.read().await?;
    queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)
}

/// How many days a new token of this person may live: the strictest policy of their organizations.
pub async fn longest_token_days(app: &App, person: &Person) -> Result<i64> {
    let mut tx = app.db.read().await?;
    longest(&mut tx, &person.user).await
}

async fn longest(tx: &mut Tx, user: &UserId) -> Result<i64> {
    Ok(queries::strictest_days(tx, user)
        .await?
        .unwrap_or(MOST_DAYS))
}

/// Makes a token. Without `days` it lives for 90, or as long as the strictest organization of the person allows.
///
/// Refuses a longer life than that, and one token too many. A token may make another, but none that outlives it
/// (SEC-Z8); a read-only one makes none.
pub async fn create_token(
    app: &App,
    person: &Person,
    name: &str,
    scope: TokenScope,
    days: Option<i64>,
) -> Result<NewToken> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    let maker_ends = token_end(&mut tx, person).await?;
    let made = create_in(
        &mut tx,
        person,
        &person.user,
        Wish {
            name,
            scope,
            days,
            maker_ends,
        },
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(made)
}

/// When the token ends by which somebody asks; `None`: they ask by another way. Refuses one that was just revoked.
pub(crate) async fn token_end(tx: &mut Tx, person: &Person) -> Result<Option<Micros>> {
    match &person.credential {
        Credential::Token { id, .. } => Ok(queries::find(tx, &person.user, id)
            .await?
            .ok_or(Refusal::NotFound)?
            .expires_at),
        _ => Ok(None),
    }
}

/// Makes a token for the account with this address, as the operator does. Refuses an address nobody has.
pub async fn create_token_for(
    app: &App,
    address: &str,
    name: &str,
    scope: TokenScope,
    days: Option<i64>,
) -> Result<NewToken> {
    let now = app.now();
    let address = text::email(address).map_err(|message| Refusal::field("email", message))?;
    let mut tx = app.db.begin().await?;
    let user = super::find_by_address(&mut tx, &address)
        .await?
        .filter(|user| !user.unclaimed && !user.disabled);
    let user =
        user.ok_or_else(|| Refusal::field("email", format!("Nobody signs in as {address}.")))?;
    tx.lock_account(&user.id).await?;
    let made = create_in(
        &mut tx,
        &Person::system(),
        &user.id,
        Wish {
            name,
            scope,
            days,
            maker_ends: None,
        },
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(made)
}

/// What somebody wants of a new token.
struct Wish<'a> {
    name: &'a str,
    scope: TokenScope,
    days: Option<i64>,
    /// When the token ends that asks for this one.
    maker_ends: Option<Micros>,
}

async fn create_in(
    tx: &mut Tx,
    by: &Person,
    user: &UserId,
    wish: Wish<'_>,
    now: Micros,
) -> Result<NewToken> {
    let longest = longest(tx, user).await?;
    let mut checks = Checks::default();
    let name = checks.take("name", text::name(wish.name));
    let expires_at = checks.take(
        "days",
        token_expiry(
            ("A token", "the strictest of your organizations says so"),
            wish.days,
            longest,
            wish.maker_ends,
            now,
        ),
    );
    checks.done()?;
    let (Some(name), Some(expires_at)) = (name, expires_at) else {
        return Err(Refusal::NotFound);
    };
    if queries::count_live(tx, user, now).await? >= TOKENS_PER_PERSON {
        return Err(Refusal::conflict(
            "too_many_tokens",
            format!("You have {TOKENS_PER_PERSON} tokens. Revoke one that isn't needed."),
        ));
    }
    let secret = format!("{TOKEN_PREFIX}{}", secret::random_token());
    let token = Token {
        id: TokenId::new(),
        name,
        prefix: secret.chars().take(TOKEN_PREFIX.len() + 6).collect(),
        scope: wish.scope,
        created_at: now,
        expires_at: Some(expires_at),
        last_used_at: None,
    };
    queries::insert(tx, user, &token, &secret::hash(&secret)).await?;
    audit::record_on_account(tx, by, user, now, event("token.created", &token)).await?;
    Ok(NewToken { token, secret })
}

/// When `what`, a token or a key, ends that shall live for so many days, 90 unless said, and none longer than `longest` or than the
/// token that asks for it (SEC-Z8).
pub(crate) fn token_expiry(
    (what, who_says): (&str, &str),
    days: Option<i64>,
    longest: i64,
    maker_ends: Option<Micros>,
    now: Micros,
) -> Result<Micros, String> {
    let latest = maker_ends.unwrap_or(Micros::MAX);
    match days {
        None => Ok((now + DEFAULT_DAYS.min(longest) * DAY).min(latest)),
        Some(days) if !(1..=longest).contains(&days) => Err(format!(
            "{what} may live for 1 to {longest} days: {who_says}."
        )),
        Some(days) if now + days * DAY > latest => {
            Err("A token can't make what outlives it. Ask for fewer days, or use the page.".into())
        }
        Some(days) => Ok(now + days * DAY),
    }
}

/// Revokes one of the person's tokens: it is refused from the next request on. "Not found" for anybody else's, and for
/// one that is revoked already.
pub async fn revoke_token(app: &App, person: &Person, id: &TokenId) -> Result<Token> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    let token = queries::find(&mut tx, &person.user, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    queries::revoke(&mut tx, &person.user, id, now).await?;
    audit::record_account(&mut tx, person, now, event("token.revoked", &token)).await?;
    tx.commit().await?;
    Ok(token)
}

fn event(action: &'static str, token: &Token) -> Event {
    Event::new(
        Category::Access,
        action,
        "token",
        token.id.to_string(),
        &*token.name,
    )
    .with("scope", token.scope.as_str())
    .with("prefix", token.prefix.as_str())
}
