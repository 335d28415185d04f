//! How a person signs in, and where they are signed in (product.md, 7: Personal > Security).

use super::github::GitHubAccount;
use super::identify::lifetimes;
use super::queries::{self, addresses, identities};
use super::{arrival, users};
use crate::actor::{Credential, Person, SignInMethod};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::{DAY, MINUTE, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{SessionId, UserId};
use crate::{mail, members};

/// How fresh a sign-in must be for changing how one signs in (SEC-A15).
pub const RECENT: Micros = 10 * MINUTE;

/// Whether the sign-in is fresh enough to change how one signs in.
pub fn is_recent(person: &Person, now: Micros) -> bool {
    match &person.credential {
        Credential::Session { signed_in_at, .. } => now < signed_in_at + RECENT,
        Credential::Token { .. } | Credential::Key(_) => false,
        Credential::System => true,
    }
}

/// Refuses a sign-in older than ten minutes, and a token whatever its age: one that was lost must not be enough to take
/// the account over (SEC-A15).
pub fn require_recent(person: &Person, now: Micros) -> Result<()> {
    if is_recent(person, now) {
        return Ok(());
    }
    person.require_write()?;
    if let Credential::Token { .. } | Credential::Key(_) = person.credential {
        return Err(Refusal::forbidden(
            "fresh_sign_in_needed",
            "This needs a sign-in of the last ten minutes, which a token never is. Do it in a browser, under Personal > Security \
             (/account/security). Nothing was changed.",
        ));
    }
    Err(Refusal::forbidden(
        "sign_in_again",
        "For this, your sign-in must not be older than ten minutes. Sign in again, then repeat it. Nothing was changed.",
    ))
}

/// Refuses to leave an account without any way to sign in. Asked after the change, inside its write.
pub(super) async fn require_another_way(tx: &mut Tx, user: &UserId) -> Result<()> {
    let left = !addresses::of_user(tx, user).await?.is_empty()
        || identities::of_user(tx, user).await?.is_some();
    if left {
        return Ok(());
    }
    Err(Refusal::conflict(
        "last_sign_in_method",
        "This is your only way to sign in. Add another first.",
    )
    .with_next("Back to Security", "/account/security"))
}

/// Tells the person by mail what was changed about their account.
pub(super) async fn tell(
    tx: &mut Tx,
    to: Option<&str>,
    subject: &str,
    line: String,
    now: Micros,
) -> Result<()> {
    let Some(to) = to else { return Ok(()) };
    let notice = mail::Notice {
        to: to.to_owned(),
        subject: subject.to_owned(),
        lines: vec![line, "If that wasn't you, sign in, remove what isn't yours under Security, and sign out everywhere.".to_owned()],
        link: Some(("Open Security".to_owned(), "/account/security".to_owned())),
    };
    mail::enqueue(tx, now, None, mail::Message::Notice(notice)).await
}

/// The ways an account signs in.
#[derive(Debug, Clone)]
pub struct SignInMethods {
    pub addresses: Vec<OwnAddress>,
    pub github: Option<LinkedGitHub>,
}

#[derive(Debug, Clone)]
pub struct OwnAddress {
    pub address: String,
    pub is_primary: bool,
    pub proved_at: Option<Micros>,
}

#[derive(Debug, Clone)]
pub struct LinkedGitHub {
    pub login: String,
    pub linked_at: Micros,
}

/// A place where somebody is signed in.
#[derive(Debug, Clone)]
pub struct OwnSession {
    pub id: SessionId,
    /// The one that asks.
    pub is_this: bool,
    /// In plain words, such as "Firefox on Windows".
    pub device: String,
    pub ip: String,
    pub method: SignInMethod,
    pub signed_in_at: Micros,
    pub last_seen_at: Micros,
}

/// How the person signs in.
pub async fn sign_in_methods(app: &App, person: &Person) -> Result<SignInMethods> {
    let mut tx = app.db.read().await?;
    let addresses = addresses::of_user(&mut tx, &person.user).await?;
    let github = identities::of_user(&mut tx, &person.user).await?;
    let own = |row: addresses::AddressRow| OwnAddress {
        is_primary: Some(&row.address) == person.email.as_ref(),
        address: row.address,
        proved_at: row.verified_at,
    };
    let mut addresses: Vec<OwnAddress> = addresses.into_iter().map(own).collect();
    addresses.sort_by_key(|own| !own.is_primary);
    Ok(SignInMethods {
        addresses,
        github: github.map(|row| LinkedGitHub {
            login: row.login,
            linked_at: row.created_at,
        }),
    })
}

/// Links a GitHub account that has just said who it is, and takes what an import left waiting for it. Refuses one that
/// somebody else's account is linked with, and a second one.
pub async fn link_github(app: &App, person: &Person, account: &GitHubAccount) -> Result<()> {
    let now = app.now();
    require_recent(person, now)?;
    let mut tx = app.db.begin().await?;
    arrival::lock_names(&mut tx, account).await?;
    let found = arrival::candidates(&mut tx, account).await?;
    if found
        .linked
        .as_ref()
        .is_some_and(|c| c.status != "unclaimed" && c.id != person.user)
    {
        return Err(Refusal::conflict(
            "github_taken",
            format!(
                "@{} is linked with another account here. Sign in with GitHub to use that one.",
                account.login
            ),
        )
        .with_next("Back to Security", "/account/security"));
    }
    let waiting: Vec<UserId> = found.waiting.into_iter().map(|c| c.id).collect();
    members::lock_organizations_of(&mut tx, &waiting).await?;
    tx.lock_account(&person.user).await?;
    let subject = account.id.to_string();
    if identities::of_user(&mut tx, &person.user)
        .await?
        .is_some_and(|own| own.subject != subject)
    {
        return Err(Refusal::conflict(
            "github_linked",
            "Your account is linked with another GitHub account. Unlink that one first.",
        )
        .with_next("Back to Security", "/account/security"));
    }
    identities::link(&mut tx, &subject, &person.user, &account.login, now).await?;
    for from in &waiting {
        arrival::absorb(app, &mut tx, person, from, now).await?;
    }
    arrival::settle_addresses(&mut tx, &person.user, &account.addresses, false, now).await?;
    users::refresh_memberships(&mut tx, &person.user).await?;
    let event = Event::new(
        Category::SignIn,
        "account.github_linked",
        "identity",
        subject,
        &*account.login,
    )
    .subject(Some(&person.user));
    audit::record_account(&mut tx, person, now, event).await?;
    let line = format!(
        "The GitHub account @{} was linked with your Roster account. It signs in to your account from now on.",
        account.login
    );
    tell(
        &mut tx,
        person.email.as_deref(),
        "GitHub was linked with your account",
        line,
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}

/// Unlinks GitHub, and ends every other session. Refuses the last way to sign in.
pub async fn unlink_github(app: &App, person: &Person) -> Result<()> {
    let now = app.now();
    require_recent(person, now)?;
    let mut tx = app.db.write_account(person).await?;
    let linked = identities::of_user(&mut tx, &person.user)
        .await?
        .ok_or(Refusal::NotFound)?;
    identities::unlink(&mut tx, &person.user).await?;
    require_another_way(&mut tx, &person.user).await?;
    users::refresh_memberships(&mut tx, &person.user).await?;
    queries::security::end_sessions(&mut tx, &person.user, person.credential.id(), now).await?;
    let event = Event::new(
        Category::SignIn,
        "account.github_unlinked",
        "identity",
        linked.subject,
        &*linked.login,
    )
    .subject(Some(&person.user));
    audit::record_account(&mut tx, person, now, event).await?;
    let line = format!(
        "The GitHub account @{} was unlinked from your Roster account. It no longer signs in to it.",
        linked.login
    );
    tell(
        &mut tx,
        person.email.as_deref(),
        "GitHub was unlinked from your account",
        line,
        now,
    )
    .await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}

/// Where the person is signed in, the one used last first.
pub async fn list_sessions(app: &App, person: &Person) -> Result<Vec<OwnSession>> {
    let now = app.now();
    let (idle, absolute) = lifetimes(&person.seats);
    let mut tx = app.db.read().await?;
    let rows = queries::security::sessions(&mut tx, &person.user, now).await?;
    let alive = rows
        .into_iter()
        .filter(|row| now < row.last_seen_at + idle && now < row.created_at + absolute);
    Ok(alive
        .map(|row| OwnSession {
            is_this: row.public_id.as_str() == person.credential.id(),
            id: row.public_id,
            device: device(&row.client),
            ip: row.ip,
            method: SignInMethod::parse(row.method.as_deref().unwrap_or("")),
            signed_in_at: row.created_at,
            last_seen_at: row.last_seen_at,
        })
        .collect())
}

/// Ends one session of the person's own; anybody else's is "not found" (SEC-S7).
pub async fn end_session(app: &App, person: &Person, session: &SessionId) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    if !queries::security::end_session(&mut tx, &person.user, session, now).await? {
        return Err(Refusal::NotFound);
    }
    let event = Event::new(
        Category::SignIn,
        "account.session_ended",
        "session",
        session.as_str(),
        "one session",
    )
    .subject(Some(&person.user));
    audit::record_account(&mut tx, person, now, event).await?;
    tx.commit().await
}

/// Ends every session of the person's but this one; gives their number.
pub async fn end_other_sessions(app: &App, person: &Person) -> Result<u64> {
    end_sessions(app, person, person.credential.id(), false).await
}

/// Ends every session of the person's, this one too, and on demand every API token (SEC-S3).
pub async fn end_all_sessions(app: &App, person: &Person, tokens_too: bool) -> Result<u64> {
    end_sessions(app, person, "", tokens_too).await
}

async fn end_sessions(app: &App, person: &Person, but: &str, tokens_too: bool) -> Result<u64> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    let ended = queries::security::end_sessions(&mut tx, &person.user, but, now).await?;
    let tokens = if tokens_too {
        queries::security::revoke_tokens(&mut tx, &person.user, now).await?
    } else {
        0
    };
    let event = Event::new(
        Category::SignIn,
        "account.sessions_ended",
        "account",
        person.user.as_str(),
        &*person.name,
    )
    .subject(Some(&person.user))
    .with("sessions", ended as i64)
    .with("tokens", tokens as i64);
    audit::record_account(&mut tx, person, now, event).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Deletes sessions that ended more than a day ago, and requests too old to count for a limit.
pub async fn clean_up(app: &App) -> Result<u64> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let sessions = queries::security::delete_ended(&mut tx, now - DAY).await?;
    let proofs = queries::proofs::delete_before(&mut tx, now - super::proofs::KEPT).await?;
    tx.commit().await?;
    Ok(sessions + proofs)
}

/// What stands for a browser or program that isn't known.
pub const UNKNOWN_DEVICE: &str = "Unknown device";

/// What a browser says of itself, in words a person knows: enough to tell two devices apart.
pub fn device(client: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(mark, _)| client.contains(mark))
            .map(|(_, word)| *word)
    };
    // Most name others too, so the order matters.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(word), None) | (None, Some(word)) => word.to_owned(),
        (None, None) => UNKNOWN_DEVICE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_in_words_a_person_knows() {
        for (client, words) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on Mac",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/142.0 Mobile Safari/604.1",
                "Chrome on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("<script>", "Unknown device"),
        ] {
            assert_eq!(device(client), words);
        }
    }
}
