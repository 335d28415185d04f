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

/// What to change about oneself; what is `None` stays as it is.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// At once in every directory they stand in. Events that happened keep the name of their time.
    pub name: Option<&'a str>,
    pub theme: Option<Theme>,
}

/// Changes the person's name alone.
pub async fn change_name(app: &App, person: &Person, name: &str) -> Result<String> {
    Ok(change_self(
        app,
        person,
        &Changes {
            name: Some(name),
            theme: None,
        },
    )
    .await?
    .0)
}

/// Changes the person's name and how pages look for them, both or neither; gives both as they are now. Refuses a name
/// that isn't one. What is the same already changes nothing.
pub async fn change_self(
    app: &App,
    person: &Person,
    changes: &Changes<'_>,
) -> Result<(String, Theme)> {
    let now = app.now();
    let name = changes
        .name
        .map(text::name)
        .transpose()
        .map_err(|message| Refusal::field("name", message))?;
    let mut tx = app.db.write_account(person).await?;
    let before = queries::user(&mut tx, &person.user)
        .await?
        .ok_or(Refusal::NotFound)?
        .name;
    let name = name.unwrap_or_else(|| before.clone());
    if before != name {
        queries::set_name(&mut tx, &person.user, &name).await?;
        users::refresh_memberships(&mut tx, &person.user).await?;
        let event = account_event("account.renamed", person, &name).change(before, &*name);
        audit::record_account(&mut tx, person, now, event).await?;
    }
    let old = Theme::parse(&person.theme).unwrap_or(Theme::Auto);
    let theme = changes.theme.unwrap_or(old);
    if theme != old {
        queries::set_theme(&mut tx, &person.user, theme.as_str()).await?;
        let event = account_event("account.theme_changed", person, &name)
            .change(old.as_str(), theme.as_str());
        audit::record_account(&mut tx, person, now, event).await?;
    }
    tx.commit().await?;
    Ok((name, theme))
}

fn account_event(action: &'static str, person: &Person, name: &str) -> Event {
    Event::new(
        Category::Governance,
        action,
        "account",
        person.user.to_string(),
        name,
    )
    .subject(Some(&person.user))
}
