//! Deleting an account: what goes, shown before and done after.

use super::queries::{self, addresses, identities};
use super::security::{require_recent, tell};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::{Refusal, Result};
use crate::ids::WorkspaceId;
use crate::{members, text, workspaces};
use std::sync::Arc;

/// What deleting an account takes away.
#[derive(Debug, Clone)]
pub struct AccountDeletion {
    /// Organizations that the person leaves, by name.
    pub leaves: Vec<String>,
    /// Name and slug of each organization that would be left without an owner: these forbid it (SEC-Z6).
    pub only_owner_of: Vec<(String, String)>,
    /// Name and id of each workspace outside any organization that would be left to others without an owner: these
    /// forbid it too.
    pub only_owner_in: Vec<(String, WorkspaceId)>,
    /// Workspaces outside any organization that nobody else has, by name: they are deleted.
    pub workspaces: Vec<String>,
    /// What has to be typed.
    pub confirm: String,
}

/// What deleting the person's account would take away.
pub async fn account_deletion_impact(app: &App, person: &Person) -> Result<AccountDeletion> {
    let mut tx = app.db.read().await?;
    impact(&mut tx, person).await
}

async fn impact(tx: &mut crate::db::Tx, person: &Person) -> Result<AccountDeletion> {
    Ok(AccountDeletion {
        leaves: members::organizations_of(tx, &person.user).await?,
        only_owner_of: members::only_owner_of(tx, &person.user).await?,
        only_owner_in: workspaces::only_owner_of(tx, &person.user).await?,
        workspaces: workspaces::nobody_elses(tx, &person.user).await?,
        confirm: person.email.clone().unwrap_or_else(|| person.name.clone()),
    })
}

/// Deletes the person's account: they leave every organization, sessions and API tokens end, addresses and GitHub are
/// free for another account. Events that happened keep the name of their time.
///
/// Refuses the last owner of any organization (SEC-Z6), or of a workspace that others are in, naming them; a sign-in older than ten minutes; and unless
/// `typed` is the primary address.
pub async fn delete_account(app: &App, person: &Arc<Person>, typed: &str) -> Result<()> {
    let now = app.now();
    require_recent(person, now)?;
    person.require_write()?;
    let mut tx = app.db.begin().await?;
    members::lock_organizations_of(&mut tx, std::slice::from_ref(&person.user)).await?;
    tx.lock_account(&person.user).await?;
    workspaces::lock_standalone_of(&mut tx, &person.user).await?;
    let impact = impact(&mut tx, person).await?;
    require_heirs(&impact)?;
    if !typed.trim().eq_ignore_ascii_case(&impact.confirm) {
        return Err(Refusal::field(
            "confirm",
            format!("Type {} to delete your account.", impact.confirm),
        ));
    }
    members::leave_everywhere(&mut tx, person, now).await?;
    workspaces::leave_standalone(&mut tx, &person.user, now).await?;
    let sessions = queries::security::end_sessions(&mut tx, &person.user, "", now).await?;
    let tokens = queries::security::revoke_tokens(&mut tx, &person.user, now).await?;
    let event = Event::new(
        Category::SignIn,
        "account.deleted",
        "account",
        person.user.as_str(),
        &*person.name,
    )
    .subject(Some(&person.user))
    .with("organizations", impact.leaves.len())
    .with("sessions", sessions as i64)
    .with("tokens", tokens as i64);
    audit::record_account(&mut tx, person, now, event).await?;
    let line = format!(
        "Your Roster account was deleted, as you asked. Whoever signs in with this address begins anew. Logs keep the name you had; \
         whoever runs this installation can take it out of them, by the account's id: {}",
        person.user
    );
    tell(
        &mut tx,
        person.email.as_deref(),
        "Your account was deleted",
        line,
        now,
    )
    .await?;
    addresses::delete_all(&mut tx, &person.user).await?;
    identities::unlink(&mut tx, &person.user).await?;
    queries::security::erase_user(&mut tx, &person.user).await?;
    tx.commit().await?;
    app.wake();
    Ok(())
}

/// Nothing that others are in is left without an owner: who leaves says first who comes after them.
fn require_heirs(impact: &AccountDeletion) -> Result<()> {
    let (names, path): (Vec<&String>, String) = match (
        impact.only_owner_of.as_slice(),
        impact.only_owner_in.as_slice(),
    ) {
        ([], []) => return Ok(()),
        (orgs @ [(_, slug), ..], _) => (
            orgs.iter().map(|(name, _)| name).collect(),
            format!("/orgs/{slug}/members?status=active"),
        ),
        ([], workspaces @ [(_, id), ..]) => (
            workspaces.iter().map(|(name, _)| name).collect(),
            format!("/workspaces/{id}/members"),
        ),
    };
    let names: Vec<String> = names.into_iter().cloned().collect();
    let message = format!(
        "You are the only owner of {}. Make someone else owner there first, or delete what nobody needs.",
        text::some_of(&names, 10)
    );
    Err(Refusal::conflict("last_owner", message).with_next("Choose a new owner", path))
}
