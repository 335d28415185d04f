//! Proving an address: a link and a code, each good once, for ten minutes (product.md, 6).

use super::queries::{self, NewProof};
use super::users;
use crate::actor::SignInMethod;
use crate::app::App;
use crate::clock::MINUTE;
use crate::error::{Refusal, Result};
use crate::ids::{ProofId, UserId};
use crate::{secret, text};

/// How long a link and its code live.
pub(crate) const LIFE: i64 = 10 * MINUTE;

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct Arrival {
    pub user: UserId,
    pub method: SignInMethod,
    /// The account was made by this.
    pub is_new: bool,
    /// One of our own paths, or "".
    pub next: String,
}

/// A one-time link that signs somebody in, for an operator whose mail doesn't work. Makes no account: that happens when
/// the link is used.
pub async fn operator_link(app: &App, email: &str) -> Result<String> {
    let address = text::email(email).map_err(|message| Refusal::field("email", message))?;
    let (now, token) = (app.now(), secret::random_token());
    let mut tx = app.db.begin().await?;
    let proof = NewProof {
        id: &ProofId::new(),
        address: &address,
        purpose: "operator",
        user: None,
        browser: "",
        link_hash: Some(&secret::hash(&token)),
        next: "",
        ip: "",
        now,
        expires_at: now + LIFE,
    };
    queries::insert_proof(&mut tx, &proof).await?;
    tx.commit().await?;
    Ok(format!("{}/sign-in/{token}", app.config.base_url()))
}

/// Whether a link could still be used, for the page that asks for the click. Changes nothing: mail scanners open links
/// (SEC-A5).
pub async fn link_is_open(app: &App, token: &str) -> Result<bool> {
    let mut tx = app.db.read().await?;
    Ok(queries::open_proof_by_link(&mut tx, &secret::hash(token), app.now()).await?.is_some())
}

/// Uses a link, once. Of any number of clicks at the same moment one signs in (SEC-A6).
pub async fn use_link(app: &App, token: &str) -> Result<Arrival> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let proof = queries::use_proof_by_link(&mut tx, &secret::hash(token), now).await?.ok_or_else(link_ended)?;
    let (user, is_new) = users::arrive_by_address(app, &mut tx, &proof.address, now).await?;
    tx.commit().await?;
    let method = if proof.purpose == "operator" { SignInMethod::Operator } else { SignInMethod::Email };
    Ok(Arrival { user, method, is_new, next: proof.next })
}

fn link_ended() -> Refusal {
    Refusal::gone("link_ended", "This link was used already, or is older than ten minutes. Ask for a new one on the sign-in page.")
}
