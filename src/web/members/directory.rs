//! The directory's list: filters, sort and pages in the address, live by htmx, whole without it.

use super::PageResult;
use super::row::Row;
use crate::access::{self, OrgRole, ROLES};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::members::{self, Filter, Listed, Page, Sort, StatusFilter};
use crate::web::error::PageError;
use crate::web::input::Query;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::roles::Tabs;
use crate::web::session::{Member, Visitor, see_other};
use crate::{text, workspaces};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Rows on a page.
const ROWS: i64 = 50;
/// Workspaces that the filter offers.
const WORKSPACES: i64 = 200;

/// What the address of the directory says.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    q: String,
    status: String,
    role: String,
    workspace: String,
    sort: String,
    dir: String,
    after: String,
    before: String,
    page: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            status: StatusFilter::parse(&self.status).unwrap_or_default(),
            role: OrgRole::parse(&self.role),
            workspace: (!self.workspace.is_empty())
                .then(|| WorkspaceId::from(self.workspace.as_str())),
            sort: Sort::parse(&self.sort).unwrap_or_default(),
            descending: self.dir == "desc",
            page: match () {
                () if !self.after.is_empty() => Page::After(self.after.clone()),
                () if !self.before.is_empty() => Page::Before(self.before.clone()),
                () if self.page == "last" => Page::Last,
                () => Page::First,
            },
            limit: ROWS,
        }
    }

    /// The query of this list with some parts replaced, other pages' cursors left out.
    fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        let kept = [
            ("q", &self.q),
            ("status", &self.status),
            ("role", &self.role),
            ("workspace", &self.workspace),
            ("sort", &self.sort),
            ("dir", &self.dir),
        ];
        for (key, value) in kept {
            let value = changes
                .iter()
                .find(|(k, _)| *k == key)
                .map_or(value.as_str(), |(_, v)| v);
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        for (key, value) in changes
            .iter()
            .filter(|(k, v)| matches!(*k, "after" | "before" | "page") && !v.is_empty())
        {
            query.append_pair(key, value);
        }
        query.finish()
    }

    /// Whether it was refused for a workspace or a page that is gone, as in a bookmark.
    fn is_stale(&self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::NotFound => !self.workspace.is_empty(),
            refusal => !refusal.message_for("cursor").is_empty(),
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.q, &self.status, &self.role, &self.workspace]
            .iter()
            .any(|part| !part.is_empty())
    }
}

/// One column's head: what clicking it sorts by. The first column holds name and address, and sorts by either.
struct Head {
    links: Vec<(&'static str, String, bool)>,
    /// "ascending", "descending" or "none".
    order: &'static str,
}

#[derive(Template)]
#[template(path = "members/index.html")]
struct Index {
    shell: Shell,
    tabs: Tabs,
    base: String,
    org_name: String,
    asked: Asked,
    rows: Vec<Row>,
    heads: Vec<Head>,
    role_options: Vec<(&'static str, &'static str)>,
    status_options: [(&'static str, &'static str); 5],
    workspace_options: Vec<(String, String)>,
    /// This list's own query, for forms to come back to.
    back: String,
    may_invite: bool,
    filtered: bool,
    alone: bool,
    range: String,
    previous: Option<String>,
    next: Option<String>,
    first: String,
    last: String,
}

/// `GET /orgs/{org}/members`
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let listed = match members::list(&app, &actor, &asked.filter()).await {
        Err(refusal) if asked.is_stale(&refusal) => {
            let notice = Notice::bad(
                "That list isn't there any more.",
                "A workspace or a page that the address named is gone. This is everybody.",
            );
            return Ok(see_other(
                format!("/orgs/{}/members", actor.org.slug),
                Some(notice),
            ));
        }
        listed => listed?,
    };
    let workspaces = workspaces_to_filter(&app, &actor).await?;
    Ok(page::ok(&draw_index(
        &app,
        Shell::org(&visitor, &actor, "Members", "Members"),
        &actor,
        asked,
        listed,
        workspaces,
        visitor.now,
    )))
}

/// The workspaces that the actor knows of, for the filter.
async fn workspaces_to_filter(
    app: &App,
    actor: &Actor,
) -> Result<Vec<(WorkspaceId, String)>, Refusal> {
    if actor.org.workspaces == 0 {
        return Ok(Vec::new());
    }
    let (listed, _) = workspaces::list(app, actor, "", WORKSPACES).await?;
    Ok(workspaces::told_apart(listed))
}

fn draw_index(
    app: &App,
    shell: Shell,
    actor: &Actor,
    asked: Asked,
    listed: Listed,
    workspaces: Vec<(WorkspaceId, String)>,
    now: i64,
) -> Index {
    let rows: Vec<Row> = listed
        .entries
        .iter()
        .map(|entry| Row::new(app, actor, entry, now))
        .collect();
    let to = listed.from + rows.len() as i64 - 1;
    let range = match (rows.is_empty(), listed.total) {
        (true, _) => "Nobody".to_owned(),
        (false, None) if listed.previous.is_none() && listed.next.is_none() => {
            text::count(to, "person", "people")
        }
        // A filtered list walked from its end: nobody counted what comes before.
        (false, None) if listed.from == 0 => format!("{} shown", rows.len()),
        (false, Some(total)) => format!(
            "{} to {} of {}",
            text::thousands(listed.from),
            text::thousands(to),
            text::thousands(total)
        ),
        (false, None) => format!(
            "{} to {}",
            text::thousands(listed.from),
            text::thousands(to)
        ),
    };
    let policies = &actor.org.policies;
    Index {
        tabs: Tabs::new(actor, "members"),
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        heads: heads(&asked),
        role_options: ROLES
            .into_iter()
            .map(|r| (r.as_str(), policies.label(r)))
            .collect(),
        status_options: [
            ("", "Any status"),
            ("active", "Active"),
            ("invited", "Invited"),
            ("expired", "Expired"),
            ("suspended", "Suspended"),
        ],
        workspace_options: workspaces
            .into_iter()
            .map(|(id, name)| (id.into(), name))
            .collect(),
        back: asked.with(&[
            ("after", asked.after.as_str()),
            ("before", asked.before.as_str()),
            ("page", asked.page.as_str()),
        ]),
        may_invite: access::may_invite(actor.role, policies.owners_only_invite(), OrgRole::Member)
            .is_ok(),
        filtered: asked.is_filtered(),
        alone: actor.org.members + actor.org.invited <= 1,
        range,
        previous: listed
            .previous
            .map(|cursor| asked.with(&[("before", &cursor)])),
        next: listed.next.map(|cursor| asked.with(&[("after", &cursor)])),
        first: asked.with(&[]),
        last: asked.with(&[("page", "last")]),
        rows,
        asked,
        shell,
    }
}

fn heads(asked: &Asked) -> Vec<Head> {
    let sort = Sort::parse(&asked.sort).unwrap_or_default();
    let down = asked.dir == "desc";
    let head = |columns: &[(&'static str, Sort)]| Head {
        links: columns
            .iter()
            .map(|(label, by)| {
                // Of dates the newest is looked for first.
                let turn = if sort == *by {
                    !down
                } else {
                    matches!(by, Sort::LastActive | Sort::Since)
                };
                (
                    *label,
                    asked.with(&[
                        ("sort", by.as_str()),
                        ("dir", if turn { "desc" } else { "" }),
                    ]),
                    sort == *by,
                )
            })
            .collect(),
        order: match columns.iter().any(|(_, by)| *by == sort) {
            false => "none",
            true if down => "descending",
            true => "ascending",
        },
    };
    vec![
        head(&[("Name", Sort::Name), ("E-mail", Sort::Email)]),
        head(&[("Organization role", Sort::Role)]),
        head(&[("Workspaces", Sort::Workspaces)]),
        head(&[("Last active", Sort::LastActive)]),
        head(&[("Joined", Sort::Since)]),
    ]
}

/// The directory's first page with nothing around it: the list's statement and the template. For `benches/pages.rs`.
#[doc(hidden)]
pub async fn bare_members_page(app: App, actor: Actor) -> Response {
    let asked = Asked::default();
    let visitor = Visitor::nobody(app.now());
    match members::list(&app, &actor, &asked.filter()).await {
        Ok(listed) => page::ok(&draw_index(
            &app,
            Shell::org(&visitor, &actor, "Members", "Members"),
            &actor,
            asked,
            listed,
            Vec::new(),
            visitor.now,
        )),
        Err(refusal) => PageError::from(refusal).into_response(),
    }
}
