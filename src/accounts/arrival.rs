//! Somebody has proved who they are: which account is theirs (product.md, 6).

use super::github::GitHubAccount;
use super::proofs::Arrival;
use super::queries::{self, addresses, identities, identities::CandidateRow};
use super::{first_sign_in, users};
use crate::actor::{Origin, Person, SignInMethod};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::UserId;
use crate::{invitations, members};

fn disabled() -> Refusal {
    Refusal::forbidden(
        "account_disabled",
        "This account is disabled. Ask whoever runs this installation.",
    )
}

/// The account of somebody who has just proved this address: theirs already, one that waited for them (an import's), or
/// a new one. `true`: it is new. Refuses a disabled account, last of all, whatever the way in (SEC-A13).
pub(crate) async fn arrive_by_address(
    app: &App,
    tx: &mut Tx,
    address: &str,
    now: Micros,
) -> Result<(UserId, bool)> {
    tx.lock_name(address).await?;
    let Some(user) = users::find_by_address(tx, address).await? else {
        let name = address.split('@').next().unwrap_or(address).to_owned();
        let id = users::create(tx, &name, Some(address), "active", now).await?;
        tx.lock_account(&id).await?;
        queries::insert_address(tx, address, &id, Some(now), now).await?;
        first_sign_in(app, tx, &id, &name, address, now).await?;
        return Ok((id, true));
    };
    if user.disabled {
        return Err(disabled());
    }
    tx.lock_account(&user.id).await?;
    queries::verify_address(tx, address, &user.id, now).await?;
    if user.unclaimed {
        queries::set_status(tx, &user.id, "active").await?;
        settle_addresses(tx, &user.id, &[address.to_owned()], true, now).await?;
    }
    users::refresh_memberships(tx, &user.id).await?;
    Ok((user.id, false))
}

/// Signs in whoever GitHub said is there: the account linked with that number; else one with an address that is verified
/// there and proved here; else an imported one that waits for them; else a new one. What else waits for them is theirs
/// too. Refuses a disabled account, and an address whose account is linked with somebody else at GitHub (SEC-A3).
pub async fn arrive_by_github(
    app: &App,
    account: &GitHubAccount,
    next: &str,
    origin: &Origin,
) -> Result<Arrival> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    lock_names(&mut tx, account).await?;
    let found = candidates(&mut tx, account).await?;
    let waiting: Vec<UserId> = found.waiting.iter().map(|c| c.id.clone()).collect();
    let known = target(&mut tx, found).await?;
    members::lock_organizations_of(&mut tx, &waiting).await?;
    let (user, is_new) = match known {
        Some(user) => (user, false),
        None => (
            users::create(&mut tx, &account.name, None, "active", now).await?,
            true,
        ),
    };
    tx.lock_account(&user).await?;
    identities::link(&mut tx, &account.id.to_string(), &user, &account.login, now).await?;
    let claimed = queries::user(&mut tx, &user)
        .await?
        .is_some_and(|u| u.unclaimed);
    if claimed {
        queries::set_status(&mut tx, &user, "active").await?;
    }
    let person = users::arriving(&mut tx, &user, SignInMethod::GitHub, origin, now).await?;
    for from in waiting.iter().filter(|from| **from != user) {
        absorb(app, &mut tx, &person, from, now).await?;
    }
    settle_addresses(&mut tx, &user, &account.addresses, is_new || claimed, now).await?;
    // Who joins by their first page arrives with an organization, as by a link in a mail.
    if is_new && !invitations::joins_on_visit(app, &mut tx, &account.id.to_string(), now).await? {
        let address = account.addresses.first().map_or("", String::as_str);
        first_sign_in(app, &mut tx, &user, &account.name, address, now).await?;
    }
    users::refresh_memberships(&mut tx, &user).await?;
    users::record_sign_in(&mut tx, &person, now).await?;
    tx.commit().await?;
    Ok(Arrival {
        user,
        method: SignInMethod::GitHub,
        is_new,
        next: next.to_owned(),
    })
}

/// What GitHub has verified is proved here too, for addresses the account holds; what an import only wrote down goes, so
/// that every address of an account in use is proved (SEC-A2). An account that begins gets GitHub's primary address,
/// unless somebody has it.
pub(super) async fn settle_addresses(
    tx: &mut Tx,
    user: &UserId,
    verified: &[String],
    begins: bool,
    now: Micros,
) -> Result<()> {
    for address in verified {
        queries::verify_address(tx, address, user, now).await?;
    }
    addresses::drop_unproved(tx, user).await?;
    let mut own = addresses::of_user(tx, user).await?;
    if let (true, true, Some(first)) = (begins, own.is_empty(), verified.first())
        && identities::with_address(tx, first).await?.is_none()
    {
        queries::insert_address(tx, first, user, Some(now), now).await?;
        own = addresses::of_user(tx, user).await?;
    }
    let found = queries::user(tx, user).await?.ok_or(Refusal::NotFound)?;
    if !own.iter().any(|o| Some(&o.address) == found.email.as_ref()) {
        let primary = verified
            .iter()
            .find(|v| own.iter().any(|o| o.address == **v))
            .or(own.first().map(|o| &o.address));
        addresses::set_primary(tx, user, primary.map(String::as_str)).await?;
    }
    Ok(())
}

/// Two sign-ins of one person at the same moment must not make two accounts.
pub(super) async fn lock_names(tx: &mut Tx, account: &GitHubAccount) -> Result<()> {
    let mut names: Vec<String> = account.addresses.clone();
    names.push(format!("github {}", account.id));
    names.sort();
    for name in names {
        tx.lock_name(&name).await?;
    }
    Ok(())
}

pub(super) struct Found {
    pub linked: Option<CandidateRow>,
    /// Accounts in use that have proved one of the addresses.
    proved: Vec<CandidateRow>,
    /// Imported accounts nobody has signed in to.
    pub waiting: Vec<CandidateRow>,
}

pub(super) async fn candidates(tx: &mut Tx, account: &GitHubAccount) -> Result<Found> {
    let linked = identities::linked_to(tx, &account.id.to_string()).await?;
    let mut others = Vec::new();
    for address in &account.addresses {
        others.extend(identities::with_address(tx, address).await?);
    }
    others.extend(identities::claimable_by(tx, &account.login.to_lowercase()).await?);
    let mut waiting: Vec<CandidateRow> = Vec::new();
    let unclaimed = linked
        .iter()
        .chain(&others)
        .filter(|c| c.status == "unclaimed");
    for candidate in unclaimed {
        if !waiting.iter().any(|w| w.id == candidate.id) {
            waiting.push(candidate.clone());
        }
    }
    let proved = others
        .into_iter()
        .filter(|c| c.status != "unclaimed" && c.proved)
        .collect();
    Ok(Found {
        linked,
        proved,
        waiting,
    })
}

async fn target(tx: &mut Tx, found: Found) -> Result<Option<UserId>> {
    if let Some(linked) = found.linked.filter(|c| c.status != "unclaimed") {
        return if linked.status == "disabled" {
            Err(disabled())
        } else {
            Ok(Some(linked.id))
        };
    }
    let mut somebody_elses = false;
    for candidate in found.proved {
        if candidate.status == "disabled" {
            return Err(disabled());
        }
        if identities::of_user(tx, &candidate.id).await?.is_none() {
            return Ok(Some(candidate.id));
        }
        somebody_elses = true;
    }
    match found.waiting.into_iter().next() {
        Some(waiting) => Ok(Some(waiting.id)),
        None if somebody_elses => Err(Refusal::conflict(
            "linked_with_another",
            "Your address belongs to an account that is linked with another GitHub account. Sign in with your e-mail address; under Security \
             you can then link this GitHub account instead.",
        )
        .with_next("Sign in by e-mail", "/sign-in")),
        None => Ok(None),
    }
}

/// Makes what an imported account holds the person's, where that is allowed; the organizations are locked.
pub(super) async fn absorb(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    from: &UserId,
    now: Micros,
) -> Result<()> {
    if members::may_take_over(app, tx, &person.user, from).await?
        && identities::absorb(tx, from, &person.user).await?
    {
        members::take_over(tx, person, from, now).await?;
    }
    Ok(())
}
