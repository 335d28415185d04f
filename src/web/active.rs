//! The active workspace: the one whose pages were opened last. It is remembered in a cookie with the last few before it, so
//! that every page can name it without asking the database. The cookie decides nothing: what somebody may open is asked
//! of the database on every request, and the address alone says which workspace is meant.

use super::error::PageError;
use super::page::{self, Shell};
use super::session::{Visitor, cookie};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::workspaces::{self, Open};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

const COOKIE: &str = "ws";
/// Workspaces that the account menu offers.
const KEPT: usize = 8;

/// A workspace that was open.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Recent {
    pub id: String,
    pub name: String,
    /// Its organization's id; "" where it stands alone.
    pub org: String,
}

#[derive(Serialize, Deserialize, Default)]
struct Kept {
    user: String,
    recent: Vec<Recent>,
}

/// The workspaces that a person had open, the active one first. Another person's cookie is none.
pub(super) fn recent(headers: &HeaderMap, user: &str) -> Vec<Recent> {
    let decode =
        |value: &str| serde_json::from_slice::<Kept>(&URL_SAFE_NO_PAD.decode(value).ok()?).ok();
    let kept = cookie(headers, COOKIE)
        .and_then(decode)
        .filter(|kept| kept.user == user)
        .unwrap_or_default();
    kept.recent
        .into_iter()
        .take(KEPT)
        .filter(|one| one.name.chars().count() <= 200)
        .collect()
}

fn remember(response: &mut Response, user: &str, mut recent: Vec<Recent>, open: &Open) {
    let workspace = &open.workspace;
    let now = Recent {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        org: workspace
            .org
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    if recent.first() == Some(&now) {
        return;
    }
    recent.retain(|one| one.id != now.id);
    recent.insert(0, now);
    recent.truncate(KEPT);
    let kept = serde_json::to_string(&Kept {
        user: user.to_owned(),
        recent,
    })
    .unwrap_or_default();
    let value = format!(
        "{COOKIE}={}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax",
        URL_SAFE_NO_PAD.encode(kept)
    );
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[derive(Template)]
#[template(path = "active/switch.html")]
struct Switch {
    shell: Shell,
    from: String,
    to: String,
    href: String,
}

/// Stands around every page of a workspace: makes it the active one, records who came in by their organization role, and
/// asks first where a link from elsewhere leads out of the active one (E3, S5-12).
pub(super) async fn follow(State(app): State<App>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let id = request
        .uri()
        .path()
        .strip_prefix("/workspaces/")
        .and_then(|rest| rest.split('/').next())
        .map(WorkspaceId::from);
    let (Some(visitor), Some(id), &Method::GET) = (visitor, id, request.method()) else {
        return next.run(request).await;
    };
    let Some(person) = visitor.person.clone() else {
        return next.run(request).await;
    };
    let open = match workspaces::open(&app, &person, &id).await {
        Ok(open) => open,
        // The page itself says why.
        Err(_) => return next.run(request).await,
    };
    let recent = recent(request.headers(), person.user.as_str());
    let site = request
        .headers()
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("same-origin");
    if let Some(active) = recent
        .first()
        .filter(|active| active.id != id.as_str() && site != "same-origin")
    {
        return page::ok(&Switch {
            shell: Shell::account(&visitor, &person, "Another workspace"),
            from: active.name.clone(),
            to: open.workspace.name.clone(),
            href: visitor.path.clone(),
        });
    }
    if let Err(refusal) = workspaces::note_entry(&app, &open).await {
        return PageError::from(refusal).into_response();
    }
    let mut response = next.run(request).await;
    if response.status().is_success() {
        remember(&mut response, person.user.as_str(), recent, &open);
    }
    response
}

/// One line of the picker.
struct Line {
    id: String,
    name: String,
    label: String,
    role: String,
    active: bool,
}

struct Group {
    heading: String,
    slug: String,
    hint: String,
    lines: Vec<Line>,
    more: bool,
}

#[derive(Template)]
#[template(path = "active/picker.html")]
struct Picker {
    shell: Shell,
    groups: Vec<Group>,
    nothing: bool,
}

/// Workspaces that the picker lists of each organization.
const LISTED: i64 = 100;

/// `GET /workspaces`: every workspace that the person can open, to choose one (S5-5).
pub async fn picker(
    State(app): State<App>,
    super::session::SignedIn { person, visitor }: super::session::SignedIn,
) -> Result<Response, PageError> {
    let active = visitor
        .recent
        .first()
        .map(|one| one.id.clone())
        .unwrap_or_default();
    let line = |one: workspaces::Listed| {
        let role = one.role?;
        Some(Line {
            active: one.workspace.id.as_str() == active,
            id: one.workspace.id.to_string(),
            name: one.workspace.name,
            label: one.workspace.label,
            role: role.label().to_owned(),
        })
    };
    let mut groups = Vec::new();
    for seat in &person.seats {
        let Ok(actor) = person.in_org(&seat.org.id) else {
            continue;
        };
        let (listed, next) = workspaces::list(&app, &actor, "", LISTED).await?;
        let lines: Vec<Line> = listed.into_iter().filter_map(line).collect();
        let hint = match (lines.is_empty(), seat.role) {
            (_, crate::access::OrgRole::Billing) => {
                "Your role manages billing only. Ask an owner for a workspace role."
            }
            (true, _) => {
                "An organization role opens no workspace by itself. Ask an owner or admin to add you to one."
            }
            (false, _) => "",
        };
        groups.push(Group {
            heading: actor.org.name.clone(),
            slug: actor.org.slug.clone(),
            hint: hint.to_owned(),
            lines,
            more: next.is_some(),
        });
    }
    let own: Vec<Line> = workspaces::standalone(&app, &person)
        .await?
        .into_iter()
        .filter_map(line)
        .collect();
    if !own.is_empty() {
        groups.push(Group {
            heading: "In no organization".into(),
            slug: String::new(),
            hint: String::new(),
            lines: own,
            more: false,
        });
    }
    let nothing = groups.iter().all(|group| group.lines.is_empty());
    Ok(page::ok(&Picker {
        shell: Shell::account(&visitor, &person, "Workspaces"),
        groups,
        nothing,
    }))
}

/// `GET /workspaces/active` and everything below it: the same page of the active workspace; without one, the picker, never
/// somebody else's workspace (S5-5).
pub async fn active(
    super::session::SignedIn { visitor, .. }: super::session::SignedIn,
) -> Response {
    let rest = visitor
        .path
        .strip_prefix("/workspaces/active")
        .unwrap_or_default();
    match visitor.recent.first() {
        Some(active) => super::session::see_other(
            format!(
                "/workspaces/{}{}",
                active.id,
                if rest.len() > 1 { rest } else { "/overview" }
            ),
            None,
        ),
        None => super::session::see_other("/workspaces", None),
    }
}

/// `GET /orgs/{org}/switch`: goes to the organization, and to the workspace of it that was open last, else the first that
/// the person can open, and says which (S5-9).
pub async fn switch(
    State(app): State<App>,
    super::session::Member { actor, visitor }: super::session::Member,
) -> Result<Response, PageError> {
    let org = &actor.org;
    let mut chosen = None;
    for one in visitor
        .recent
        .iter()
        .filter(|one| one.org == org.id.as_str())
    {
        match workspaces::open(&app, &actor.person, &WorkspaceId::from(one.id.as_str())).await {
            Ok(open) => {
                chosen = Some((open.workspace, "You had it open last."));
                break;
            }
            Err(Refusal::NotFound) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    if chosen.is_none() {
        let (listed, _) = workspaces::list(&app, &actor, "", LISTED).await?;
        chosen = listed
            .into_iter()
            .find(|one| one.role.is_some())
            .map(|one| (one.workspace, "It is the first that you can open."));
    }
    Ok(match chosen {
        Some((workspace, why)) => {
            let notice = super::Notice::good(
                format!(
                    "You are in {}, in the workspace {}.",
                    org.name, workspace.name
                ),
                why,
            );
            super::session::see_other(
                format!("/workspaces/{}/overview", workspace.id),
                Some(notice),
            )
        }
        None => {
            let notice = super::Notice::good(
                format!("You are in {}.", org.name),
                "None of its workspaces is yours to open yet.",
            );
            super::session::see_other(format!("/orgs/{}/members", org.slug), Some(notice))
        }
    })
}
