//! The addresses of an account: added by proof, one of them primary, each a way to sign in.

use super::queries::{self, addresses, identities};
use super::security::{require_another_way, require_recent, tell};
use super::{arrival, proofs, users};
use crate::actor::{Origin, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::ProofId;
use crate::{members, text};

/// Asks for a mail that proves an address, to add it to the account. Does the same for an address that another account
/// has: that shows only to whoever proves it (SEC-A9). Refuses one's own, and a sign-in that is older than ten minutes.
pub async fn ask_to_add_address(
    app: &App,
    person: &Person,
    email: &str,
    browser: &str,
    next: &str,
    origin: &Origin,
) -> Result<ProofId> {
    let now = app.now();
    require_recent(person, now)?;
    let address = text::email(email).map_err(|message| Refusal::field("email", message))?;
    let mut tx = app.db.begin().await?;
    if addresses::of_user(&mut tx, &person.user)
        .await?
        .iter()
        .any(|own| own.address == address)
    {
        return Err(Refusal::field("email", "This address is yours already."));
    }
    let proof = proofs::ask(
        &mut tx,
        "add_address",
        Some(&person.user),
        &address,
        browser,
        next,
        origin,
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(proof)
}

/// Adds an address that its owner has just proved, and with it what an import left waiting for it. Refuses one that
/// belongs to somebody else's account.
pub(super) async fn add_proved(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    address: &str,
    now: Micros,
) -> Result<()> {
    match identities::with_address(tx, address).await? {
        Some(found) if found.id == person.user => return Ok(()),
        Some(found) if found.status == "unclaimed" => {
            members::lock_organizations_of(tx, std::slice::from_ref(&found.id)).await?;
            tx.lock_account(&person.user).await?;
            arrival::absorb(app, tx, person, &found.id, now).await?;
        }
        Some(_) => return Err(taken(address)),
        None => {
            tx.lock_account(&person.user).await?;
            queries::insert_address(tx, address, &person.user, Some(now), now).await?;
        }
    }
    arrival::settle_addresses(tx, &person.user, &[address.to_owned()], false, now).await?;
    if !addresses::of_user(tx, &person.user)
        .await?
        .iter()
        .any(|own| own.address == address)
    {
        return Err(taken(address));
    }
    users::refresh_memberships(tx, &person.user).await?;
    let event = Event::new(
        Category::SignIn,
        "account.address_added",
        "address",
        address,
        address,
    )
    .subject(Some(&person.user));
    audit::record_account(tx, person, now, event).await?;
    let line = format!(
        "The address {address} was added to your Roster account. It signs in to your account from now on."
    );
    tell(
        tx,
        person.email.as_deref(),
        "An address was added to your account",
        line,
        now,
    )
    .await
}

fn taken(address: &str) -> Refusal {
    Refusal::conflict(
        "address_taken",
        format!("{address} belongs to another account. Sign in with it and remove it there, or go on with that account."),
    )
    .with_next("Back to Security", "/account/security")
}

/// Makes an address of the account the one that mails go to and that directories show. The address before is told
/// (SEC-A15). The same again changes nothing.
pub async fn make_primary(app: &App, person: &Person, address: &str) -> Result<()> {
    let now = app.now();
    require_recent(person, now)?;
    let mut tx = app.db.write_account(person).await?;
    let address = own(&mut tx, person, address).await?;
    let before = queries::user(&mut tx, &person.user)
        .await?
        .ok_or(Refusal::NotFound)?
        .email;
    if before.as_deref() == Some(&address) {
        return Ok(());
    }
    addresses::set_primary(&mut tx, &person.user, Some(&address)).await?;
    users::refresh_memberships(&mut tx, &person.user).await?;
    let event = Event::new(
        Category::SignIn,
        "account.primary_changed",
        "address",
        &*address,
        &*address,
    )
    .subject(Some(&person.user))
    .change(before.clone(), &*address);
    audit::record_account(&mut tx, person, now, event).await?;
    let line = format!("Mails about your Roster account go to {address} from now on.");
    tell(
        &mut tx,
        before.as_deref(),
        "Your primary address was changed",
        line,
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}

/// Removes an address; where it was the primary one, the oldest that is left takes its place. Ends every other session,
/// and tells the address (SEC-A15). Refuses the last way to sign in.
pub async fn remove_address(app: &App, person: &Person, address: &str) -> Result<()> {
    let now = app.now();
    require_recent(person, now)?;
    let mut tx = app.db.write_account(person).await?;
    let address = own(&mut tx, person, address).await?;
    addresses::delete(&mut tx, &person.user, &address).await?;
    require_another_way(&mut tx, &person.user).await?;
    let primary = queries::user(&mut tx, &person.user)
        .await?
        .ok_or(Refusal::NotFound)?
        .email;
    if primary.as_deref() == Some(&address) {
        let left = addresses::of_user(&mut tx, &person.user).await?;
        addresses::set_primary(
            &mut tx,
            &person.user,
            left.first().map(|a| a.address.as_str()),
        )
        .await?;
    }
    users::refresh_memberships(&mut tx, &person.user).await?;
    queries::security::end_sessions(&mut tx, &person.user, person.credential.id(), now).await?;
    let event = Event::new(
        Category::SignIn,
        "account.address_removed",
        "address",
        &*address,
        &*address,
    )
    .subject(Some(&person.user));
    audit::record_account(&mut tx, person, now, event).await?;
    let line = format!(
        "The address {address} was removed from a Roster account. It no longer signs in to it."
    );
    tell(
        &mut tx,
        Some(&address),
        "Your address was removed from an account",
        line,
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}

/// The address in its canonical form; "not found" where the account doesn't have it.
async fn own(tx: &mut Tx, person: &Person, address: &str) -> Result<String> {
    let address = text::email(address).map_err(|_| Refusal::NotFound)?;
    let all = addresses::of_user(tx, &person.user).await?;
    all.into_iter()
        .find(|a| a.address == address)
        .map(|a| a.address)
        .ok_or(Refusal::NotFound)
}
