//! `/orgs/new` and an organization's own pages: policies, settings.

use super::error::PageError;
use super::input::Form;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{SignedIn, see_other};
use crate::app::App;
use crate::error::Refusal;
use crate::organizations;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewForm {
    name: String,
    #[serde(default)]
    slug: String,
}

#[derive(Template)]
#[template(path = "organizations/new.html")]
struct New {
    shell: Shell,
    form: NewForm,
    name_error: String,
    slug_error: String,
}

/// `GET /orgs/new`
pub async fn new(SignedIn { person, visitor }: SignedIn) -> Response {
    page::ok(&New {
        shell: Shell::account(&visitor, &person, "Create organization"),
        form: NewForm::default(),
        name_error: String::new(),
        slug_error: String::new(),
    })
}

/// `POST /orgs/new`
pub async fn create(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(mut form): Form<NewForm>,
) -> Result<Response, PageError> {
    let refusal = match organizations::create(&app, &person, &form.name, &form.slug).await {
        Ok(org) => {
            let notice = Notice::good(format!("{} is ready.", org.name), "You are its owner. Invite the people who belong to it.");
            return Ok(see_other(format!("/orgs/{}/members", org.slug), Some(notice)));
        }
        Err(refusal) => refusal,
    };
    let slug_error = match &refusal {
        Refusal::Invalid(_) => refusal.message_for("slug").to_owned(),
        Refusal::Conflict(conflict) if conflict.code == "slug_taken" => {
            form.slug = conflict.existing_id.clone().unwrap_or_default();
            conflict.message.to_string()
        }
        _ => return Err(refusal.into()),
    };
    let shell = Shell::account(&visitor, &person, "Create organization");
    Ok(page::invalid(&New { shell, name_error: refusal.message_for("name").to_owned(), slug_error, form }))
}
