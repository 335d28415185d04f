//! Proving an address: a link and a code, each good once, for ten minutes (product.md, 6).
//!
//! The letter is made by the outbox's worker, with a link and a code made in that moment, so that neither stands in the
//! outbox. The link works only in the browser that asked; in any other, the page asks to type the code in the first
//! one, so that nobody signs somebody else's browser in by sending them a link.

use super::queries::proofs::{self as queries, NewProof, ProofRow};
use super::{addresses, arrival, users};
use crate::actor::{Origin, Person, SignInMethod};
use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE, Micros, SECOND};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{ProofId, UserId};
use crate::mail;
use crate::{secret, text};

/// How long a link and its code live.
const LIFE: Micros = 10 * MINUTE;
/// Wrong codes after which a request's link and code end (SEC-A7).
const TRIES: i64 = 5;
/// Wrong codes in a day after which an address takes links only: no lockout, and no guessing (SEC-A7).
const WRONG_A_DAY: i64 = 20;
/// The same for one network, in an hour, over all addresses.
const WRONG_AN_HOUR: i64 = 20;
/// Mails to one address that led to no sign-in, in an hour: asked for from one network, and in all. What is used
/// doesn't count, and somebody elsewhere who asks on and on doesn't use up what is left for others.
const MAILS_FROM_A_NETWORK: usize = 3;
const MAILS_IN_ALL: usize = 10;
/// How long requests are kept, for the limits above.
pub(super) const KEPT: Micros = 2 * DAY;

/// Who shows a link or a code.
pub struct Prover<'a> {
    /// The random value in the browser's session, if there is one.
    pub browser: Option<&'a str>,
    /// Who is signed in there.
    pub person: Option<&'a Person>,
    pub origin: &'a Origin,
}

/// What came of a link or a code.
#[derive(Debug)]
pub enum Proved {
    SignedIn(Arrival),
    /// The address is the signed-in person's now.
    AddressAdded {
        address: String,
        next: String,
    },
}

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

/// A request that waits for its link or code, as the page shows it to the browser that asked.
#[derive(Debug, Clone)]
pub struct Pending {
    pub address: String,
    pub asked_at: Micros,
    pub expires_at: Micros,
    /// The address is to be added to the account that is signed in.
    pub adds_address: bool,
    pub next: String,
}

/// What a link's page has to say.
#[derive(Debug, Clone)]
pub enum LinkState {
    Ready(Pending),
    /// It was asked for in another browser.
    OtherBrowser,
    Ended,
}

/// Asks for a mail that signs in. Does the same for every address, known or not, and sends nothing itself (SEC-A9).
/// Ends the request before. Refuses too many for one address.
pub async fn ask_to_sign_in(
    app: &App,
    email: &str,
    browser: &str,
    next: &str,
    origin: &Origin,
) -> Result<ProofId> {
    let address = text::email(email).map_err(|message| Refusal::field("email", message))?;
    let mut tx = app.db.begin().await?;
    let proof = ask(
        &mut tx,
        "sign_in",
        None,
        &address,
        browser,
        next,
        origin,
        app.now(),
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(proof)
}

#[allow(clippy::too_many_arguments, reason = "each stands in the row")]
pub(super) async fn ask(
    tx: &mut Tx,
    purpose: &str,
    user: Option<&UserId>,
    address: &str,
    browser: &str,
    next: &str,
    origin: &Origin,
    now: Micros,
) -> Result<ProofId> {
    let (id, network) = (ProofId::new(), origin.network());
    tx.lock_name(address).await?;
    require_few(tx, address, &network, now).await?;
    queries::end_older(tx, address, purpose, now).await?;
    let proof = NewProof {
        id: &id,
        address,
        purpose,
        user,
        browser: &secret::hash(browser),
        link_hash: None,
        next,
        network: &network,
        now,
        expires_at: now + LIFE,
    };
    queries::insert(tx, &proof).await?;
    mail::enqueue(tx, now, None, mail::Message::Proof { proof: id.clone() }).await?;
    Ok(id)
}

async fn require_few(tx: &mut Tx, address: &str, network: &str, now: Micros) -> Result<()> {
    let asked = queries::unused_since(tx, address, now - HOUR).await?;
    let from_here = asked.iter().filter(|a| a.network == network).count();
    let oldest = if from_here >= MAILS_FROM_A_NETWORK {
        asked.iter().find(|a| a.network == network)
    } else if asked.len() >= MAILS_IN_ALL {
        asked.first()
    } else {
        return Ok(());
    };
    let wait = oldest
        .map_or(HOUR, |a| a.created_at + HOUR - now)
        .max(SECOND);
    Err(Refusal::TooMany {
        reason: format!(
            "Several mails went to this address within an hour. Use the newest one, or ask again {}.",
            crate::clock::relative(now + wait, now)
        )
        .into(),
        retry_after_seconds: (wait / SECOND) as u64,
    })
}

/// A one-time link that signs somebody in, for an operator whose mail doesn't work. Works in any browser. Makes no
/// account: that happens when the link is used.
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
        network: "",
        now,
        expires_at: now + LIFE,
    };
    queries::insert(&mut tx, &proof).await?;
    tx.commit().await?;
    Ok(format!("{}/sign-in/{token}", app.config.base_url()))
}

/// What the page of a link shows. Changes nothing: mail scanners open links (SEC-A5).
pub async fn link_state(app: &App, token: &str, browser: Option<&str>) -> Result<LinkState> {
    let mut tx = app.db.read().await?;
    Ok(
        match queries::open_by_link(&mut tx, &secret::hash(token), app.now()).await? {
            None => LinkState::Ended,
            Some(proof) if !is_from(&proof, browser) => LinkState::OtherBrowser,
            Some(proof) => LinkState::Ready(pending(proof)),
        },
    )
}

/// The request that this browser made last, while it is open.
pub async fn pending_request(app: &App, proof: &ProofId, browser: &str) -> Result<Option<Pending>> {
    let mut tx = app.db.read().await?;
    let found = queries::open_by_id(&mut tx, proof, app.now()).await?;
    Ok(found
        .filter(|p| p.browser == secret::hash(browser))
        .map(pending))
}

fn pending(proof: ProofRow) -> Pending {
    Pending {
        adds_address: proof.purpose == "add_address",
        address: proof.address,
        asked_at: proof.created_at,
        expires_at: proof.expires_at,
        next: proof.next,
    }
}

fn is_from(proof: &ProofRow, browser: Option<&str>) -> bool {
    proof.purpose == "operator"
        || browser.is_some_and(|b| secret::equal(&secret::hash(b), &proof.browser))
}

/// Uses a link, once. Of any number of clicks at the same moment one signs in (SEC-A6). Refuses any browser but the one
/// that asked.
pub async fn use_link(app: &App, token: &str, prover: &Prover<'_>) -> Result<Proved> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let proof = queries::open_by_link(&mut tx, &secret::hash(token), now)
        .await?
        .ok_or_else(link_ended)?;
    if !is_from(&proof, prover.browser) {
        return Err(Refusal::forbidden(
            "other_browser",
            "This link works only in the browser where it was asked for. Type the code from the mail there.",
        ));
    }
    tx.lock_name(&proof.address).await?;
    if !queries::take(&mut tx, &proof.id, now, TRIES - 1).await? {
        return Err(link_ended());
    }
    finish(app, tx, proof, prover, now).await
}

/// Uses the code of the request that this browser made. The try is counted before the code is looked at, in a write of
/// its own, so that nothing that follows takes it back. Refuses a wrong code with what is left, and ends the request
/// after five (SEC-A7).
pub async fn use_code(app: &App, id: &ProofId, code: &str, prover: &Prover<'_>) -> Result<Proved> {
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::field("code", "Type the six digits from the mail."));
    }
    let now = app.now();
    let proof = count_try(app, id, prover, now).await?;
    let right = proof
        .code_hash
        .as_deref()
        .is_some_and(|hash| secret::equal(hash, &code_hash(id, &code)));
    if !right {
        return match TRIES - proof.attempts {
            0 => Err(code_ended()),
            1 => Err(Refusal::field(
                "code",
                "That code is wrong. One try is left.",
            )),
            left => Err(Refusal::field(
                "code",
                format!("That code is wrong. {left} tries are left."),
            )),
        };
    }
    let mut tx = app.db.begin().await?;
    tx.lock_name(&proof.address).await?;
    if !queries::take(&mut tx, &proof.id, now, TRIES).await? {
        return Err(code_ended());
    }
    finish(app, tx, proof, prover, now).await
}

async fn count_try(app: &App, id: &ProofId, prover: &Prover<'_>, now: Micros) -> Result<ProofRow> {
    let browser = prover.browser.ok_or_else(code_ended)?;
    let mut tx = app.db.begin().await?;
    let proof = queries::count_try(&mut tx, id, now, &secret::hash(browser))
        .await?
        .ok_or_else(code_ended)?;
    let for_address = queries::wrong_for_address(&mut tx, &proof.address, now - DAY).await?;
    let from_network =
        queries::wrong_from_network(&mut tx, &prover.origin.network(), now - HOUR).await?;
    if for_address > WRONG_A_DAY || from_network > WRONG_AN_HOUR {
        return Err(Refusal::TooMany {
            reason: "There were too many wrong codes. The link in the mail still works.".into(),
            retry_after_seconds: (HOUR / SECOND) as u64,
        });
    }
    tx.commit().await?;
    Ok(proof)
}

async fn finish(
    app: &App,
    mut tx: Tx,
    proof: ProofRow,
    prover: &Prover<'_>,
    now: Micros,
) -> Result<Proved> {
    if proof.purpose == "add_address" {
        // The account that asked must be the one that is signed in now.
        let person = prover
            .person
            .filter(|p| Some(p.user.as_str()) == proof.user_id.as_deref())
            .ok_or(Refusal::Unauthenticated)?;
        addresses::add_proved(app, &mut tx, person, &proof.address, now).await?;
        tx.commit().await?;
        app.wake();
        return Ok(Proved::AddressAdded {
            address: proof.address,
            next: proof.next,
        });
    }
    let method = if proof.purpose == "operator" {
        SignInMethod::Operator
    } else {
        SignInMethod::Email
    };
    let (user, is_new) = arrival::arrive_by_address(app, &mut tx, &proof.address, now).await?;
    let person = users::arriving(&mut tx, &user, method, prover.origin, now).await?;
    users::record_sign_in(&mut tx, &person, now).await?;
    tx.commit().await?;
    Ok(Proved::SignedIn(Arrival {
        user,
        method,
        is_new,
        next: proof.next,
    }))
}

/// The hash of a code. The request's id stands in it, so that equal codes don't look alike.
fn code_hash(id: &ProofId, code: &str) -> String {
    secret::hash(&format!("{id} {code}"))
}

fn link_ended() -> Refusal {
    Refusal::gone(
        "link_ended",
        "This link was used already, or is older than ten minutes. Ask for a new one on the sign-in page.",
    )
}

fn code_ended() -> Refusal {
    Refusal::gone(
        "code_ended",
        "This code no longer works: it was used, is older than ten minutes, was typed wrong five times, or a newer one was asked for. \
         Ask for a new one on the sign-in page.",
    )
}

/// What the worker needs to write the letter of a request: the address, and secrets made now and kept as hashes.
/// Nothing where the request has ended.
pub(super) async fn arm(app: &App, id: &ProofId) -> Result<Option<Armed>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let Some(proof) = queries::open_by_id(&mut tx, id, now).await? else {
        return Ok(None);
    };
    let (token, code) = (secret::random_token(), secret::random_code());
    if !queries::set_secrets(
        &mut tx,
        id,
        now,
        &secret::hash(&token),
        &code_hash(id, &code),
    )
    .await?
    {
        return Ok(None);
    }
    tx.commit().await?;
    let link = format!("{}/sign-in/{token}", app.config.base_url());
    Ok(Some(Armed {
        link,
        code,
        request: pending(proof),
    }))
}

pub(super) struct Armed {
    pub link: String,
    pub code: String,
    pub request: Pending,
}
