//! An organization's name and slug.

use super::create::slug_taken;
use super::{Organization, find, queries};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::{Checks, Result};
use crate::text;

/// What to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub name: Option<String>,
    pub slug: Option<String>,
}

/// Changes an organization's name and slug (S1-101). Links with an old slug go on leading here, for its members.
///
/// Refuses whose role doesn't change settings, a name or slug that isn't one, and a slug that another organization has
/// or had, with one that is free (S1-12). What is as it was writes nothing.
pub async fn change_details(app: &App, actor: &Actor, details: &Details) -> Result<Organization> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageSettings)?;
    let before = find(&mut tx, &actor.org.id).await?;
    let mut checks = Checks::default();
    let name = details
        .name
        .as_deref()
        .and_then(|name| checks.take("name", text::name(name)))
        .unwrap_or_else(|| before.name.clone());
    let slug = match details.slug.as_deref().map(str::trim) {
        Some(slug) if slug != before.slug => checks.take("slug", text::slug(slug)),
        _ => None,
    }
    .unwrap_or_else(|| before.slug.clone());
    checks.done()?;
    if slug != before.slug && !queries::take_slug(&mut tx, &before.id, &slug).await? {
        return Err(slug_taken(&mut tx, &slug).await?);
    }
    queries::set_details(&mut tx, &before.id, &name, &slug).await?;
    let event = |action| {
        Event::new(
            Category::Governance,
            action,
            "organization",
            before.id.to_string(),
            &*name,
        )
    };
    if name != before.name {
        audit::record(
            &mut tx,
            &actor,
            now,
            event("organization.renamed").change(&*before.name, &*name),
        )
        .await?;
    }
    if slug != before.slug {
        audit::record(
            &mut tx,
            &actor,
            now,
            event("organization.slug_changed").change(&*before.slug, &*slug),
        )
        .await?;
    }
    let after = find(&mut tx, &before.id).await?;
    tx.commit().await?;
    Ok(after)
}
