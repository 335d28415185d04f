//! Creating an organization.

use super::{Organization, find, queries};
use crate::accounts;
use crate::actor::Person;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::OrgId;
use crate::{members, text};

/// Creates an organization and makes the person its owner (S1-11..15). An empty slug is made from the name.
///
/// Refuses a name or slug that isn't one, a slug that is taken (with one that isn't), and, where an account may be in
/// one organization only, somebody who is in one.
pub async fn create(app: &App, person: &Person, name: &str, slug: &str) -> Result<Organization> {
    let now = app.now();
    let mut checks = Checks::default();
    let name = checks.take("name", text::name(name));
    let slug = match (&name, slug.trim()) {
        (Some(name), "") => Some(text::slug_from(name)),
        (None, "") => None,
        (_, slug) => checks.take("slug", text::slug(slug)),
    };
    checks.done()?;
    let (Some(name), Some(slug)) = (name, slug) else { return Err(Refusal::NotFound) };
    let mut tx = app.db.write_account(person).await?;
    if app.config.membership == Membership::One && !person.seats.is_empty() {
        return Err(Refusal::conflict(
            "already_in_another_organization",
            "You are in an organization already. Leave it before you create another.",
        ));
    }
    let org = create_in(app, &mut tx, person, &name, &slug, false, now).await?;
    tx.commit().await?;
    Ok(org)
}

/// Creates an organization inside a write to the person's account. `personal`: it is the one made at first sign-in.
pub(crate) async fn create_in(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    name: &str,
    slug: &str,
    personal: bool,
    now: Micros,
) -> Result<Organization> {
    let id = OrgId::new();
    if !queries::insert(tx, &id, name, slug, personal.then_some(&person.user), now).await? {
        let suggestion = free_slug(tx, slug).await?;
        return Err(Refusal::conflict("slug_taken", format!("“{slug}” is taken. “{suggestion}” is free.")).with_existing(suggestion));
    }
    let owner = accounts::as_member(tx, &person.user).await?;
    members::add_owner(app, tx, &id, &person.user, &owner, now).await?;
    let event = Event::new(Category::Governance, "organization.created", "organization", id.to_string(), name).with("slug", slug);
    audit::record_in(tx, person, &id, now, event).await?;
    find(tx, &id).await
}

/// A free slug like this one: itself, or with the first number that makes it free (S1-12).
pub async fn suggest_slug(app: &App, name: &str) -> Result<String> {
    let mut tx = app.db.read().await?;
    free_slug(&mut tx, &text::slug_from(name)).await
}

pub(super) async fn free_slug(tx: &mut Tx, slug: &str) -> Result<String> {
    let stem: String = slug.chars().take(34).collect();
    let stem = stem.trim_end_matches('-');
    let taken = queries::slugs_like(tx, stem).await?;
    let mut candidates = std::iter::once(slug.to_owned()).chain((2..).map(|n| format!("{stem}-{n}")));
    Ok(candidates.find(|c| !taken.contains(c)).unwrap_or_default())
}
