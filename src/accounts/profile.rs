//! What people change about their own account: their name and how pages look.

use super::{queries, users};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::{Refusal, Result};
use crate::text;

/// How pages look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the device says.
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }
}

/// Changes the person's name, at once in every directory they stand in. Events that happened keep the name of their
/// time. Refuses a name that isn't one; the same name again changes nothing.
pub async fn change_name(app: &App, person: &Person, name: &str) -> Result<String> {
    let now = app.now();
    let name = text::name(name).map_err(|message| Refusal::field("name", message))?;
    let mut tx = app.db.write_account(person).await?;
    let before = queries::user(&mut tx, &person.user).await?.ok_or(Refusal::NotFound)?.name;
    if before == name {
        return Ok(name);
    }
    queries::set_name(&mut tx, &person.user, &name).await?;
    users::refresh_memberships(&mut tx, &person.user).await?;
    let event = account_event("account.renamed", person, &name).change(before, &*name);
    audit::record_account(&mut tx, person, now, event).await?;
    tx.commit().await?;
    Ok(name)
}

/// Changes how pages look for the person. The same again changes nothing.
pub async fn change_theme(app: &App, person: &Person, theme: Theme) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write_account(person).await?;
    if person.theme == theme.as_str() {
        return Ok(());
    }
    queries::set_theme(&mut tx, &person.user, theme.as_str()).await?;
    let event = account_event("account.theme_changed", person, &person.name).change(&*person.theme, theme.as_str());
    audit::record_account(&mut tx, person, now, event).await?;
    tx.commit().await
}

fn account_event(action: &'static str, person: &Person, name: &str) -> Event {
    Event::new(Category::Governance, action, "account", person.user.to_string(), name).subject(Some(&person.user))
}
