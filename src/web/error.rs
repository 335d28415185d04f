//! A refusal as a page: what happened, why, what next, and a block to copy for whoever helps (E8).

use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Visitor, lead};
use crate::access::{self, Permission};
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// What a page's handler may end with instead of a page.
pub enum PageError {
    Refused(Refusal),
    /// What was sent is no form, or too large for one.
    Status(StatusCode),
    Moved(String),
    /// Their membership there is suspended: the organization's name. Everything else about it is as if it weren't there.
    Suspended(String),
}

/// Stands in a response that says in which organization somebody is suspended.
#[derive(Clone)]
struct SuspendedIn(String);

/// Stands in a response until [`super::session::identify`] draws it for the person who asked.
#[derive(Clone)]
pub(super) struct Refused(pub Arc<Refusal>);

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Moved(path) => Redirect::permanent(&path).into_response(),
            Self::Status(status) => status.into_response(),
            Self::Suspended(org) => {
                let mut response = StatusCode::NOT_FOUND.into_response();
                response.extensions_mut().insert(SuspendedIn(org));
                response
            }
            Self::Refused(refusal) => {
                let mut response = status(&refusal).into_response();
                response.extensions_mut().insert(Refused(Arc::new(refusal)));
                response
            }
        }
    }
}

pub(super) async fn no_such_page() -> PageError {
    Refusal::NotFound.into()
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) struct Link {
    pub label: String,
    pub href: String,
}

#[derive(Template)]
#[template(path = "layout/error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    heading: &'static str,
    text: String,
    next: Option<Link>,
    /// Where the steps that led to a refusal are read, for who may.
    why: Option<String>,
    support: String,
}

/// A notice that stays in view wherever the page is scrolled to.
#[derive(Template)]
#[template(path = "layout/_toast.html")]
struct Toast {
    notice: Notice,
}

/// Draws an answer that is only a status, or a refusal that nobody drew yet. Everything else stays as it is.
pub fn draw_bare(app: &App, visitor: &Visitor, mut response: Response) -> Response {
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        return draw(app, visitor, &refused.0);
    }
    if let Some(SuspendedIn(org)) = response.extensions_mut().remove() {
        let text = format!(
            "Your membership in {org} is suspended, so nothing of it opens. Ask one of its owners or admins to reinstate you."
        );
        let next = Some(Link {
            label: "Your organizations".into(),
            href: "/account/organizations".into(),
        });
        return draw_page(
            app,
            visitor,
            StatusCode::NOT_FOUND,
            "You are suspended",
            text,
            next,
        );
    }
    let drawn = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    let status = response.status();
    let machine = matches!(visitor.path.as_str(), "/healthz" | "/readyz" | "/metrics");
    if drawn || machine || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (heading, text) = words_for_status(status);
    let next = visitor.person.as_ref().map(|_| Link {
        label: "Go to your organization".into(),
        href: "/".into(),
    });
    let mut answer = draw_page(app, visitor, status, heading, text.into(), next);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allow.clone());
    }
    answer
}

/// For answers that no operation gave: the framework's own, a panic, a timeout.
fn words_for_status(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => (
            "Nothing here",
            "There is no such page, or it isn't yours to see.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "Not in this way",
            "This address can't be used like that. Nothing was changed.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "Too much at once",
            "What was sent is larger than this page takes. Nothing was changed.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "Not a form",
            "This page takes forms, sent as application/x-www-form-urlencoded.",
        ),
        StatusCode::MISDIRECTED_REQUEST => (
            "Not this server's name",
            "This server answers for another address. Whoever runs it sets it in ROSTER_PUBLIC_URL.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "Busy for a moment",
            "This took too long. Look whether it was done before you try again.",
        ),
        status if status.is_client_error() => (
            "That could not be read",
            "The request is not one that this page understands.",
        ),
        _ => (
            "That went wrong",
            "The fault is ours. It is in the log under the id below.",
        ),
    }
}

/// Draws a refusal for who asked. A stranger who needs to sign in is sent there, and back after.
pub(super) fn draw(app: &App, visitor: &Visitor, refusal: &Refusal) -> Response {
    if matches!(refusal, Refusal::Unauthenticated) {
        let sign_in = super::next::with_next("/sign-in", &visitor.page);
        return lead(visitor, &sign_in)
            .unwrap_or_else(|_| Redirect::to("/sign-in").into_response());
    }
    if let Refusal::Internal(error) = refusal {
        tracing::error!(
            request = visitor.origin.request_id,
            error = format!("{error:#}"),
            "internal error"
        );
    }
    let (heading, text) = words(refusal);
    let next = match refusal {
        Refusal::Conflict(conflict) | Refusal::OverLimit(conflict) => {
            conflict.next.as_ref().map(|(label, href)| Link {
                label: label.to_string(),
                href: href.clone(),
            })
        }
        Refusal::Forbidden {
            code: "sign_in_again",
            ..
        } => {
            // A form's own address shows nothing when it is opened, so the way back is the page it stands on.
            let page = match visitor
                .path
                .strip_prefix("/invitations/")
                .and_then(|rest| rest.split(['/', '?']).next())
            {
                Some(key) => format!("/invitations/{key}"),
                None if visitor.path.starts_with("/account/") => "/account/security".to_owned(),
                None => "/".to_owned(),
            };
            Some(Link {
                label: "Sign in again".into(),
                href: super::next::with_next("/sign-in", &page),
            })
        }
        _ => None,
    }
    .or_else(|| {
        visitor.person.as_ref().map(|_| Link {
            label: "Go to your organization".into(),
            href: "/".into(),
        })
    })
    .or_else(|| {
        Some(Link {
            label: "Sign in".into(),
            href: "/sign-in".into(),
        })
    });
    let mut response = draw_page(app, visitor, status(refusal), heading, text, next);
    if let Refusal::TooMany {
        retry_after_seconds,
        ..
    } = refusal
    {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, (*retry_after_seconds).into());
    }
    response
}

fn draw_page(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    heading: &'static str,
    text: String,
    next: Option<Link>,
) -> Response {
    if visitor.scripted {
        return draw_for_htmx(visitor, status, heading, text, next);
    }
    let support = support(app, visitor, status);
    let why = if status == StatusCode::FORBIDDEN {
        why(visitor)
    } else {
        None
    };
    let error_page = ErrorPage {
        shell: Shell::bare(visitor, heading),
        status: status.as_u16(),
        heading,
        text,
        next,
        why,
        support,
    };
    let mut response = page::draw(&error_page, status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, 5.into());
    }
    response
}

/// What a form in a page hears: a notice above it, so that the page stays as it is. Who asked for a part of another page is
/// led to that page, which says it whole.
fn draw_for_htmx(
    visitor: &Visitor,
    status: StatusCode,
    heading: &'static str,
    text: String,
    next: Option<Link>,
) -> Response {
    if !visitor.partial {
        return lead(visitor, &visitor.path).unwrap_or_else(|_| status.into_response());
    }
    let text = if status.is_server_error() {
        format!("{text} Id: {}", visitor.origin.request_id)
    } else {
        text
    };
    let notice = Notice::bad(format!("{heading}."), text);
    let notice = match next.filter(|next| next.href != "/") {
        Some(next) => notice.with_link(next.label, next.href),
        None => notice,
    };
    let mut response = page::draw(&Toast { notice }, status);
    response
        .headers_mut()
        .insert("hx-retarget", HeaderValue::from_static("#notice"));
    response
        .headers_mut()
        .insert("hx-reswap", HeaderValue::from_static("innerHTML"));
    response
}

/// The explanation of what the person may do where they were refused, if they may read explanations there.
fn why(visitor: &Visitor) -> Option<String> {
    let person = visitor.person.as_ref()?;
    let mut parts = visitor.path.trim_start_matches('/').split(['/', '?']);
    let (scope, key) = (parts.next()?, parts.next()?);
    let mut readers = person
        .seats
        .iter()
        .filter(|seat| access::allows(seat.role, Permission::ViewAudit));
    match scope {
        "orgs" => readers
            .any(|seat| seat.org.slug == key)
            .then(|| format!("/orgs/{key}/access/why?person={}", person.user)),
        "workspaces" => readers.next().map(|_| format!("/workspaces/{key}/why")),
        _ => None,
    }
}

fn words(refusal: &Refusal) -> (&'static str, String) {
    match refusal {
        Refusal::NotFound => {
            ("Nothing here", "There is no such page, or it isn't yours to see. Check the address, or the organization you are in.".into())
        }
        Refusal::Unauthenticated => ("Sign in first", String::new()),
        Refusal::Forbidden { reason, .. } => ("Not allowed", reason.to_string()),
        Refusal::Malformed(reason) => ("That could not be read", format!("{reason} Nothing was changed.")),
        Refusal::Invalid(fields) => {
            ("Something needs another look", fields.iter().map(|f| f.message.as_ref()).collect::<Vec<_>>().join(" "))
        }
        Refusal::Conflict(conflict) => ("That can't be done now", conflict.message.to_string()),
        Refusal::OverLimit(limit) => ("The plan allows no more", format!("{} Nothing was changed.", limit.message)),
        Refusal::Gone { reason, .. } => ("No longer valid", reason.to_string()),
        Refusal::TooMany { reason, .. } => ("Too many tries", reason.to_string()),
        Refusal::Unavailable(reason) => ("Busy for a moment", format!("{reason} Nothing was changed.")),
        Refusal::Internal(_) => {
            ("That went wrong", "The fault is ours, and nothing was changed. It is in the log under the id below.".into())
        }
    }
}

/// What support needs: organization, roles, time, error id (E8). Nothing that the person doesn't know.
fn support(app: &App, visitor: &Visitor, status: StatusCode) -> String {
    let mut lines = Vec::new();
    if let Some(person) = &visitor.person {
        let slug = visitor
            .path
            .strip_prefix("/orgs/")
            .and_then(|p| p.split(['/', '?']).next());
        if let Some(seat) = person
            .seats
            .iter()
            .find(|s| Some(s.org.slug.as_str()) == slug)
        {
            lines.push(format!(
                "Organization: {} ({})",
                seat.org.name, seat.org.slug
            ));
            lines.push(format!("Your role: {}", seat.org.policies.label(seat.role)));
            if !seat.org.policies.support_contact.is_empty() {
                lines.push(format!("Help: {}", seat.org.policies.support_contact));
            }
        }
    }
    // By its id, which stands in the address anyhow: its name may not be theirs to know.
    if let Some(id) = visitor
        .path
        .strip_prefix("/workspaces/")
        .and_then(|p| p.split(['/', '?']).next())
    {
        lines.push(format!("Workspace: {id}"));
    }
    lines.push(format!(
        "Page: {}",
        super::without_secret(visitor.path.split('?').next().unwrap_or("/"))
    ));
    lines.push(format!("Time: {}", clock::rfc3339(app.now())));
    lines.push(format!("Answer: {}", status.as_u16()));
    lines.push(format!("Id: {}", visitor.origin.request_id));
    lines.join("\n")
}
