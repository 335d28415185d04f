//! Requests to prove an address.

use crate::clock::Micros;
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{ProofId, UserId};

pub(in crate::accounts) struct NewProof<'a> {
    pub id: &'a ProofId,
    pub address: &'a str,
    pub purpose: &'a str,
    pub user: Option<&'a UserId>,
    pub browser: &'a str,
    pub link_hash: Option<&'a str>,
    pub next: &'a str,
    pub network: &'a str,
    pub now: Micros,
    pub expires_at: Micros,
}

pub(in crate::accounts) async fn insert(tx: &mut Tx, p: &NewProof<'_>) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "INSERT INTO email_proofs (id, address, purpose, user_id, browser, link_hash, next, network, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        )
        .bind(p.id.as_str())
        .bind(p.address)
        .bind(p.purpose)
        .bind(p.user.map(UserId::as_str))
        .bind(p.browser)
        .bind(p.link_hash)
        .bind(p.next)
        .bind(p.network)
        .bind(p.now)
        .bind(p.expires_at)
    )?;
    Ok(())
}

row! {
    #[derive(Debug, Clone)]
    pub(in crate::accounts) struct ProofRow {
        pub id: String,
        pub address: String,
        pub purpose: String,
        pub user_id: Option<String>,
        pub browser: String,
        pub next: String,
        pub code_hash: Option<String>,
        pub attempts: i64,
        pub created_at: i64,
        pub expires_at: i64,
    }
}

macro_rules! columns {
    () => {
        "id, address, purpose, user_id, browser, next, code_hash, attempts, created_at, expires_at"
    };
}
macro_rules! open {
    () => {
        "used_at IS NULL AND attempts < 5 AND expires_at > $2"
    };
}

/// The request behind a link, where it can still be used.
pub(in crate::accounts) async fn open_by_link(
    tx: &mut Tx,
    link_hash: &str,
    now: Micros,
) -> Result<Option<ProofRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(concat!("SELECT ", columns!(), " FROM email_proofs WHERE link_hash = $1 AND ", open!()))
        .bind(link_hash).bind(now).fetch_optional(c))?,
    )
}

pub(in crate::accounts) async fn open_by_id(
    tx: &mut Tx,
    id: &ProofId,
    now: Micros,
) -> Result<Option<ProofRow>> {
    Ok(
        on!(tx, c => sqlx::query_as(concat!("SELECT ", columns!(), " FROM email_proofs WHERE id = $1 AND ", open!()))
        .bind(id.as_str()).bind(now).fetch_optional(c))?,
    )
}

/// Counts a try before the code is looked at. Nothing where the request has ended or five tries are gone.
pub(in crate::accounts) async fn count_try(
    tx: &mut Tx,
    id: &ProofId,
    now: Micros,
    browser: &str,
) -> Result<Option<ProofRow>> {
    Ok(on!(tx, c => sqlx::query_as(concat!(
        "UPDATE email_proofs SET attempts = attempts + 1 WHERE id = $1 AND browser = $3 AND ", open!(), " RETURNING ", columns!()))
        .bind(id.as_str()).bind(now).bind(browser).fetch_optional(c))?)
}

/// Uses a request up. Of any number at once one gets the row (SEC-A6). A try that was right may have been the fifth.
pub(in crate::accounts) async fn take(
    tx: &mut Tx,
    id: &str,
    now: Micros,
    most_tries: i64,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query("UPDATE email_proofs SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND attempts <= $3")
            .bind(id)
            .bind(now)
            .bind(most_tries)
    )?;
    Ok(done == 1)
}

/// Ends the requests before a newer one. An operator's link is not among them: nobody else can end that.
pub(in crate::accounts) async fn end_older(
    tx: &mut Tx,
    address: &str,
    purpose: &str,
    now: Micros,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE email_proofs SET expires_at = $3 WHERE address = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3")
            .bind(address)
            .bind(purpose)
            .bind(now)
    )?;
    Ok(())
}

/// Keeps what the letter will carry, as hashes. `false`: the request has ended.
pub(in crate::accounts) async fn set_secrets(
    tx: &mut Tx,
    id: &ProofId,
    now: Micros,
    link_hash: &str,
    code_hash: &str,
) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(concat!(
            "UPDATE email_proofs SET link_hash = $3, code_hash = $4 WHERE id = $1 AND ",
            open!()
        ))
        .bind(id.as_str())
        .bind(now)
        .bind(link_hash)
        .bind(code_hash)
    )?;
    Ok(done == 1)
}

row! {
    pub(in crate::accounts) struct AskedRow {
        pub network: String,
        pub created_at: i64,
    }
}

/// The mails that were asked for and led to nothing, oldest first.
pub(in crate::accounts) async fn unused_since(
    tx: &mut Tx,
    address: &str,
    since: Micros,
) -> Result<Vec<AskedRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT network, created_at FROM email_proofs
         WHERE address = $1 AND created_at > $2 AND used_at IS NULL AND purpose <> 'operator' ORDER BY created_at")
        .bind(address).bind(since).fetch_all(c))?)
}

/// Wrong codes for an address since a time.
pub(in crate::accounts) async fn wrong_for_address(
    tx: &mut Tx,
    address: &str,
    since: Micros,
) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(attempts), 0) AS BIGINT) FROM email_proofs WHERE address = $1 AND created_at > $2 AND used_at IS NULL")
        .bind(address).bind(since).fetch_one(c))?)
}

/// Wrong codes from a network since a time.
pub(in crate::accounts) async fn wrong_from_network(
    tx: &mut Tx,
    network: &str,
    since: Micros,
) -> Result<i64> {
    Ok(on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(attempts), 0) AS BIGINT) FROM email_proofs WHERE network = $1 AND created_at > $2 AND used_at IS NULL")
        .bind(network).bind(since).fetch_one(c))?)
}

/// Deletes what is too old to count for any limit.
pub(in crate::accounts) async fn delete_before(tx: &mut Tx, before: Micros) -> Result<u64> {
    Ok(run!(
        tx,
        sqlx::query("DELETE FROM email_proofs WHERE created_at < $1").bind(before)
    )?)
}
