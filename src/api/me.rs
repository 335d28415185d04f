//! `/me`: who a token acts as.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::Json;
use super::shape::{answer, body};
use crate::accounts::{self, Changes, Theme};
use crate::actor::{Credential, Person};
use crate::app::App;
use crate::error::Refusal;
use axum::extract::State;

answer! {
    /// Who the token acts as: its person, or, for a key of an organization or a workspace, the key itself.
    pub struct Me {
        pub id: String,
        pub name: String,
        pub email: Option<String>,
        /// How pages look: `auto`, `light` or `dark`
        pub theme: String,
        /// The token that asks.
        pub token: Acting,
    }
}

answer! {
    /// The token that asks.
    pub struct Acting {
        pub id: String,
        pub name: String,
        /// `read` or `write`
        pub scope: &'static str,
    }
}

impl Me {
    fn new(person: &Person) -> Self {
        let (name, can_write) = match &person.credential {
            Credential::Token {
                name, can_write, ..
            } => (name.clone(), *can_write),
            Credential::Key(key) => (key.name.clone(), key.can_write),
            _ => (String::new(), false),
        };
        Self {
            id: person.user.to_string(),
            name: person.name.clone(),
            email: person.email.clone(),
            theme: person.theme.clone(),
            token: Acting {
                id: person.credential.id().to_owned(),
                name,
                scope: if can_write { "write" } else { "read" },
            },
        }
    }
}

/// `GET /me`
pub async fn show(Caller(person): Caller) -> axum::Json<Me> {
    axum::Json(Me::new(&person))
}

body! {
    /// What to change about oneself; what isn't named stays as it is.
    pub struct ChangedMe {
        pub name: Option<String>,
        /// `auto`, `light` or `dark`
        pub theme: Option<String>,
    }
}

/// `PUT /me`
pub async fn update(
    State(app): State<App>,
    Caller(person): Caller,
    Json(changed): Json<ChangedMe>,
) -> ApiResult<axum::Json<Me>> {
    let theme = match changed.theme.as_deref() {
        Some(text) => Some(
            Theme::parse(text)
                .ok_or_else(|| Refusal::field("theme", "Say auto, light or dark."))?,
        ),
        None => None,
    };
    let (name, theme) = accounts::change_self(
        &app,
        &person,
        &Changes {
            name: changed.name.as_deref(),
            theme,
        },
    )
    .await?;
    Ok(axum::Json(Me {
        name,
        theme: theme.as_str().to_owned(),
        ..Me::new(&person)
    }))
}
