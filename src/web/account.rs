//! `/account/…`: a person's own name, organizations, appearance and activity. Security and API tokens have files of
//! their own.

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{SignedIn, see_other};
use crate::accounts::{self, Changes, Theme};
use crate::app::App;
use crate::audit;
use crate::clock;
use crate::error::Refusal;
use crate::ids::EventId;
use crate::members;
use crate::workspaces::{self, Listed};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// Events on a page of one's own activity.
const EVENTS: i64 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileForm {
    name: String,
}

#[derive(Template)]
#[template(path = "account/profile.html")]
struct Profile {
    shell: Shell,
    form: ProfileForm,
    name_error: String,
    email: String,
    user_id: String,
}

/// `GET /account/profile`
pub async fn profile(SignedIn { person, visitor }: SignedIn) -> Response {
    page::ok(&Profile {
        shell: Shell::account(&visitor, &person, "Profile"),
        form: ProfileForm {
            name: person.name.clone(),
        },
        name_error: String::new(),
        email: person.email.clone().unwrap_or_default(),
        user_id: person.user.to_string(),
    })
}

/// `POST /account/profile`
pub async fn change_profile(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(form): Form<ProfileForm>,
) -> PageResult {
    match accounts::change_name(&app, &person, &form.name).await {
        Ok(name) => {
            let notice = Notice::good(
                format!("You are {name} now."),
                "In every organization and workspace you are in.",
            );
            Ok(see_other("/account/profile", Some(notice)))
        }
        Err(refusal @ Refusal::Invalid(_)) => Ok(page::invalid(&Profile {
            shell: Shell::account(&visitor, &person, "Profile"),
            form,
            name_error: refusal.message_for("name").to_owned(),
            email: person.email.clone().unwrap_or_default(),
            user_id: person.user.to_string(),
        })),
        Err(refusal) => Err(refusal.into()),
    }
}

/// One of the person's organizations, as shown.
struct Organization {
    name: String,
    /// "" for one they can't open now.
    slug: String,
    role: String,
    joined: String,
    joined_at: String,
    workspaces: i64,
    personal: bool,
    /// Why they can't open it, or can't leave it; "" where they can.
    why_not: String,
    /// Where they leave it; "" where they can't.
    leave: String,
    /// They are its only owner: leaving needs a new one first.
    last_owner: bool,
}

#[derive(Template)]
#[template(path = "account/organizations.html")]
struct Organizations {
    shell: Shell,
    organizations: Vec<Organization>,
    standalone: Vec<Listed>,
}

/// `GET /account/organizations`
pub async fn organizations(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
) -> PageResult {
    let mut organizations = Vec::new();
    for membership in members::memberships(&app, &person).await? {
        let seat = person
            .seats
            .iter()
            .find(|seat| seat.org.id == membership.org);
        let suspended =
            "You are suspended there: until somebody reinstates you, all you can do is leave.";
        let (why_not, last_owner) = match person.in_org(&membership.org) {
            _ if membership.suspended => (suspended.to_owned(), false),
            Ok(actor) => match members::may_leave(&app, &actor).await {
                Ok(()) => (String::new(), false),
                Err(refusal) => (refusal.to_string(), true),
            },
            Err(refusal) => (refusal.to_string(), false),
        };
        organizations.push(Organization {
            name: membership.org_name,
            slug: seat.map(|seat| seat.org.slug.clone()).unwrap_or_default(),
            role: seat
                .map_or(membership.role.label(), |seat| {
                    seat.org.policies.label(membership.role)
                })
                .to_owned(),
            joined: clock::day(membership.joined_at),
            joined_at: clock::rfc3339(membership.joined_at),
            workspaces: membership.workspaces,
            personal: seat
                .is_some_and(|seat| seat.org.personal_user.as_ref() == Some(&person.user)),
            leave: match why_not.is_empty() || membership.suspended {
                true => format!("/orgs/{}/settings/leave", membership.org_slug),
                false => String::new(),
            },
            why_not,
            last_owner,
        });
    }
    let standalone = workspaces::standalone(&app, &person).await?;
    Ok(page::ok(&Organizations {
        shell: Shell::account(&visitor, &person, "Organizations"),
        organizations,
        standalone,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppearanceForm {
    theme: String,
}

#[derive(Template)]
#[template(path = "account/appearance.html")]
struct Appearance {
    shell: Shell,
    themes: Vec<(String, String, String, String)>,
    theme: String,
    theme_error: String,
}

fn appearance_page(shell: Shell, theme: &str, error: String) -> Appearance {
    let choice = |theme: Theme, label: &str, note: &str| {
        (
            theme.as_str().to_owned(),
            label.to_owned(),
            note.to_owned(),
            String::new(),
        )
    };
    Appearance {
        shell,
        themes: vec![
            choice(
                Theme::Auto,
                "As the device says",
                "Light by day and dark by night, where your device does that.",
            ),
            choice(Theme::Light, "Light", ""),
            choice(Theme::Dark, "Dark", ""),
        ],
        theme: theme.to_owned(),
        theme_error: error,
    }
}

/// `GET /account/appearance`
pub async fn appearance(SignedIn { person, visitor }: SignedIn) -> Response {
    page::ok(&appearance_page(
        Shell::account(&visitor, &person, "Appearance"),
        &person.theme,
        String::new(),
    ))
}

/// `POST /account/appearance`
pub async fn change_appearance(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(form): Form<AppearanceForm>,
) -> PageResult {
    let Some(theme) = Theme::parse(&form.theme) else {
        let shell = Shell::account(&visitor, &person, "Appearance");
        return Ok(page::invalid(&appearance_page(
            shell,
            &person.theme,
            "Choose one of the three.".into(),
        )));
    };
    accounts::change_self(
        &app,
        &person,
        &Changes {
            theme: Some(theme),
            ..Changes::default()
        },
    )
    .await?;
    Ok(see_other(
        "/account/appearance",
        Some(Notice::good(
            "Saved.",
            "It holds on every device you sign in with.",
        )),
    ))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ActivityAsked {
    before: String,
}

/// An event of one's own, as shown.
struct Happened {
    sentence: String,
    at: String,
    words: String,
    /// The organization's name; "" for one's own account.
    org: String,
    place: Option<audit::Place>,
}

#[derive(Template)]
#[template(path = "account/activity.html")]
struct Activity {
    shell: Shell,
    events: Vec<Happened>,
    is_first: bool,
    older: Option<String>,
}

/// `GET /account/activity`
pub async fn activity(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Query(asked): Query<ActivityAsked>,
) -> PageResult {
    let before = (!asked.before.is_empty()).then(|| EventId::from(asked.before.as_str()));
    let audit::OwnActivity { events, older } =
        audit::own_activity(&app, &person, before.as_ref(), EVENTS).await?;
    let name = |org: &crate::ids::OrgId| {
        person
            .seats
            .iter()
            .find(|seat| seat.org.id == *org)
            .map(|seat| seat.org.name.clone())
    };
    let events = events.into_iter().map(|event| Happened {
        sentence: event.sentence,
        at: clock::rfc3339(event.at),
        words: clock::relative(event.at, visitor.now),
        org: event.org.as_ref().and_then(name).unwrap_or_default(),
        place: event.place,
    });
    Ok(page::ok(&Activity {
        shell: Shell::account(&visitor, &person, "Activity"),
        events: events.collect(),
        is_first: before.is_none(),
        older: older.map(String::from),
    }))
}
