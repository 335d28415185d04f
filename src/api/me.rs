//! `/me`: who a token acts as.

use super::bearer::Caller;
use super::shape::answer;
use crate::actor::Credential;
use axum::Json;

answer! {
    /// Who the token acts as.
    pub struct Me {
        pub id: String,
        pub name: String,
        pub email: Option<String>,
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

/// `GET /me`
pub async fn show(Caller(person): Caller) -> Json<Me> {
    let (name, can_write) = match &person.credential {
        Credential::Token { name, can_write, .. } => (name.clone(), *can_write),
        _ => (String::new(), false),
    };
    Json(Me {
        id: person.user.to_string(),
        name: person.name.clone(),
        email: person.email.clone(),
        token: Acting { id: person.credential.id().to_owned(), name, scope: if can_write { "write" } else { "read" } },
    })
}
