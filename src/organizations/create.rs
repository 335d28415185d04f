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
/// Refuses a name or slug that isn't one, a slug that another organization has or had (with one that is free), and,
/// where an account may be in one organization only, somebody who is in one (S2-23).
pub async fn create(app: &App, person: &Person, name: &str, slug: &str) -> Result<Organization> {
    let wanted = Wanted::read(name, slug)?;
    let mut tx = app.db.write_account(person).await?;
    let org = create_with(app, &mut tx, person, &wanted, app.now()).await?;
    tx.commit().await?;
    Ok(org)
}

/// Name and slug of an organization to be made.
pub(crate) struct Wanted {
    name: String,
    slug: String,
}

impl Wanted {
    /// Refuses a name or slug that isn't one. An empty slug is made from the name.
    pub(crate) fn read(name: &str, slug: &str) -> Result<Self> {
        let mut checks = Checks::default();
        let name = checks.take("name", text::name(name));
        let slug = match (&name, slug.trim()) {
            (Some(name), "") => Some(text::slug_from(name)),
            (None, "") => None,
            (_, slug) => checks.take("slug", text::slug(slug)),
        };
        checks.done()?;
        let (Some(name), Some(slug)) = (name, slug) else {
            return Err(Refusal::NotFound);
        };
        Ok(Self { name, slug })
    }
}

/// [`create`] inside a write that has locked the person's account.
pub(crate) async fn create_with(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    wanted: &Wanted,
    now: Micros,
) -> Result<Organization> {
    let Wanted { name, slug } = wanted;
    if app.config.membership == Membership::One
        && members::in_an_organization(tx, &person.user).await?
    {
        return Err(Refusal::conflict(
            "already_in_another_org",
            "You are in an organization already. Leave it before you create another.",
        )
        .with_next("Your organizations", "/account/organizations"));
    }
    let id = OrgId::new();
    queries::insert(tx, &id, name, slug, None, now).await?;
    if !queries::take_slug(tx, &id, slug).await? {
        return Err(slug_taken(tx, slug).await?);
    }
    begin(app, tx, person, &id, now).await
}

/// Makes the personal organization of somebody who signs in for the first time (S2-1), inside the write that makes the
/// account. Where the slug of its name is taken, it gets the next free one.
pub(crate) async fn create_personal(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    name: &str,
    now: Micros,
) -> Result<Organization> {
    let id = OrgId::new();
    let mut slug = free_slug(tx, &text::slug_from(&person.name)).await?;
    queries::insert(tx, &id, name, &slug, Some(&person.user), now).await?;
    // Somebody else may take the slug between the look and the write.
    while !queries::take_slug(tx, &id, &slug).await? {
        slug = free_slug(tx, &slug).await?;
        queries::set_details(tx, &id, name, &slug).await?;
    }
    begin(app, tx, person, &id, now).await
}

/// The first owner and the first event.
async fn begin(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    id: &OrgId,
    now: Micros,
) -> Result<Organization> {
    let owner = accounts::as_member(tx, &person.user).await?;
    members::add_owner(app, tx, id, &person.user, &owner, now).await?;
    let org = find(tx, id).await?;
    let event = Event::new(
        Category::Governance,
        "organization.created",
        "organization",
        id.to_string(),
        &*org.name,
    )
    .with("slug", &*org.slug)
    .with("personal", org.personal_user.is_some());
    audit::record_in(tx, person, id, now, event).await?;
    Ok(org)
}

/// The refusal of a slug that another organization has or had, with one that is free (S1-12).
pub(super) async fn slug_taken(tx: &mut Tx, slug: &str) -> Result<Refusal> {
    let free = free_slug(tx, slug).await?;
    Ok(Refusal::conflict(
        "slug_taken",
        format!("“{slug}” is taken. “{free}” is free."),
    )
    .with_existing(free))
}

/// A free slug made from a name (S1-12): its own, or with the first number that makes it free.
pub async fn suggest_slug(app: &App, name: &str) -> Result<String> {
    let mut tx = app.db.read().await?;
    free_slug(&mut tx, &text::slug_from(name)).await
}

async fn free_slug(tx: &mut Tx, slug: &str) -> Result<String> {
    let mut candidates = text::numbered_slugs(slug);
    loop {
        let batch: Vec<String> = candidates.by_ref().take(10).collect();
        let taken = queries::taken_slugs(tx, &batch).await?;
        if let Some(free) = batch.into_iter().find(|slug| !taken.contains(slug)) {
            return Ok(free);
        }
    }
}
