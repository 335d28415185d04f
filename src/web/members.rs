//! `/orgs/{org}/members`: the directory, a member's page, and what is done with members.

use super::assets::assets;
use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell, hue};
use super::session::{Member, see_other};
use crate::access::{self, OrgRole, Permission, ROLES};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::Activity;
use crate::clock;
use crate::error::Refusal;
use crate::ids::{MemberId, WorkspaceId};
use crate::members::{self, Entry, Filter, Listed, Page, Removal, Sort, Status, StatusFilter};
use crate::{text, workspaces};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

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
            workspace: (!self.workspace.is_empty()).then(|| WorkspaceId::from(self.workspace.as_str())),
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
        let mut query = url::form_urlencoded::Serializer::new(String::from("?"));
        let kept = [
            ("q", &self.q),
            ("status", &self.status),
            ("role", &self.role),
            ("workspace", &self.workspace),
            ("sort", &self.sort),
            ("dir", &self.dir),
        ];
        for (key, value) in kept {
            let value = changes.iter().find(|(k, _)| *k == key).map_or(value.as_str(), |(_, v)| v);
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        for (key, value) in changes.iter().filter(|(k, v)| matches!(*k, "after" | "before" | "page") && !v.is_empty()) {
            query.append_pair(key, value);
        }
        query.finish()
    }

    fn is_filtered(&self) -> bool {
        [&self.q, &self.status, &self.role, &self.workspace].iter().any(|part| !part.is_empty())
    }
}

/// A row as it is shown.
struct Row {
    id: String,
    name: String,
    sub: String,
    initials: String,
    hue: u16,
    role: OrgRole,
    role_label: &'static str,
    /// The roles to choose from; empty where the actor may not change it.
    choices: Vec<(OrgRole, &'static str)>,
    on_joining: bool,
    workspaces: String,
    active: Option<When>,
    since: When,
    verified: bool,
    tone: &'static str,
    status: &'static str,
    delivery_error: String,
    may_manage: bool,
    is_self: bool,
    suspended: bool,
    joined: bool,
}

/// A time with the words for it.
pub struct When {
    pub exact: String,
    pub words: String,
}

impl When {
    pub fn relative(at: i64, now: i64) -> Self {
        Self { exact: clock::rfc3339(at), words: clock::relative(at, now) }
    }

    pub fn day(at: i64) -> Self {
        Self { exact: clock::rfc3339(at), words: clock::day(at) }
    }
}

impl Row {
    fn new(actor: &Actor, entry: &Entry, now: i64) -> Self {
        let is_self = entry.user.as_ref() == Some(actor.user());
        let may_manage = access::may_touch(actor.role, entry.role).is_ok();
        let policies = &actor.org.policies;
        let choices = if may_manage && !is_self {
            policies.roles_to_give(actor.role, Some(entry.role)).into_iter().map(|r| (r, policies.label(r))).collect()
        } else {
            Vec::new()
        };
        let (tone, status) = match (entry.status, entry.invitation.as_ref().map(|i| i.delivery.as_str())) {
            (Status::Invited, Some("failed")) => ("bad", "Not delivered"),
            (Status::Invited, _) => ("wait", "Invited"),
            (Status::Expired, _) => ("", "Expired"),
            (Status::Active, _) => ("good", "Active"),
            (Status::NotSignedIn, _) => ("info", "Not signed in yet"),
            (Status::Suspended, _) => ("", "Suspended"),
        };
        let sub = match &entry.invitation {
            Some(i) if i.inviter.is_empty() => format!("ends {}", clock::relative(i.expires_at, now)),
            Some(i) if entry.status == Status::Expired => {
                format!("invited by {} · expired {}", i.inviter, clock::relative(i.expires_at, now))
            }
            Some(i) => format!("invited by {} · expires {}", i.inviter, clock::relative(i.expires_at, now)),
            None if entry.email.is_empty() && !entry.github_login.is_empty() => format!("{} on GitHub", entry.github_login),
            None => entry.email.clone(),
        };
        Self {
            id: entry.id.to_string(),
            name: if entry.invitation.is_some() && !entry.email.is_empty() { entry.email.clone() } else { entry.name.clone() },
            sub,
            initials: text::initials(&entry.name),
            hue: hue(&entry.name),
            role: entry.role,
            role_label: policies.label(entry.role),
            choices,
            on_joining: !entry.status.is_member(),
            workspaces: if entry.status.is_member() {
                format!("{} of {}", entry.workspaces, actor.org.workspaces)
            } else {
                "on joining: none".into()
            },
            active: entry.last_active_at.map(|at| When::relative(at, now)),
            since: When::day(entry.since),
            verified: entry.verified,
            tone,
            status,
            delivery_error: entry.invitation.as_ref().map(|i| i.delivery_error.clone()).unwrap_or_default(),
            may_manage,
            is_self,
            suspended: entry.status == Status::Suspended,
            joined: entry.status.is_member(),
        }
    }
}

/// One column's head: what clicking it sorts by. The first column holds name and address, and sorts by either.
struct Head {
    links: Vec<(&'static str, String)>,
    /// "ascending", "descending" or "none".
    order: &'static str,
}

#[derive(Template)]
#[template(path = "members/index.html")]
struct Index {
    shell: Shell,
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

#[derive(Template)]
#[template(path = "members/changed.html")]
struct Changed {
    base: String,
    icons: &'static str,
    row: Row,
    notice: Notice,
}

/// `GET /orgs/{org}/members`
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member, Query(asked): Query<Asked>) -> PageResult {
    let listed = members::list(&app, &actor, &asked.filter()).await?;
    let workspaces = workspaces_to_filter(&app, &actor).await?;
    if !asked.workspace.is_empty() && !workspaces.iter().any(|(id, _)| id.as_str() == asked.workspace) {
        return Err(Refusal::NotFound.into());
    }
    Ok(page::ok(&draw_index(Shell::org(&visitor, &actor, "Members", "Members"), &actor, asked, listed, workspaces, visitor.now)))
}

/// The workspaces that the actor knows of, for the filter.
async fn workspaces_to_filter(app: &App, actor: &Actor) -> Result<Vec<(WorkspaceId, String)>, Refusal> {
    if actor.org.workspaces == 0 {
        return Ok(Vec::new());
    }
    let (listed, _) = workspaces::list(app, actor, "", WORKSPACES).await?;
    Ok(listed.into_iter().map(|w| (w.workspace.id, w.workspace.name)).collect())
}

fn draw_index(shell: Shell, actor: &Actor, asked: Asked, listed: Listed, workspaces: Vec<(WorkspaceId, String)>, now: i64) -> Index {
    let rows: Vec<Row> = listed.entries.iter().map(|entry| Row::new(actor, entry, now)).collect();
    let to = listed.from + rows.len() as i64 - 1;
    let range = match (rows.is_empty(), listed.total) {
        (true, _) => "Nobody".to_owned(),
        // A filtered list walked from its end: nobody counted what comes before.
        (false, None) if listed.from == 0 => format!("{} shown", rows.len()),
        (false, Some(total)) => format!("{} to {} of {}", text::thousands(listed.from), text::thousands(to), text::thousands(total)),
        (false, None) => format!("{} to {}", text::thousands(listed.from), text::thousands(to)),
    };
    let policies = &actor.org.policies;
    Index {
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        heads: heads(&asked),
        role_options: ROLES.into_iter().map(|r| (r.as_str(), policies.label(r))).collect(),
        status_options: [
            ("", "Any status"),
            ("active", "Active"),
            ("invited", "Invited"),
            ("expired", "Expired"),
            ("suspended", "Suspended"),
        ],
        workspace_options: workspaces.into_iter().map(|(id, name)| (id.into(), name)).collect(),
        back: asked.with(&[("after", asked.after.as_str()), ("before", asked.before.as_str()), ("page", asked.page.as_str())]),
        may_invite: access::may_invite(actor.role, policies.owners_only_invite(), OrgRole::Member).is_ok(),
        filtered: asked.is_filtered(),
        alone: actor.org.members + actor.org.invited <= 1,
        range,
        previous: listed.previous.map(|cursor| asked.with(&[("before", &cursor)])),
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
                let turn = sort == *by && !down;
                (*label, asked.with(&[("sort", by.as_str()), ("dir", if turn { "desc" } else { "" })]))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    role: String,
    /// The directory's address to come back to.
    #[serde(default)]
    back: String,
}

/// `POST /orgs/{org}/members/{member}/role`
pub async fn change_role(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<RoleForm>,
) -> PageResult {
    let role = OrgRole::parse(&form.role).ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))?;
    let entry = members::change_role(&app, &actor, &member, role).await?;
    let label = actor.org.policies.label(role);
    let notice = if entry.status.is_member() {
        Notice::good(format!("{} is now {}.", entry.name, sentence_role(label)), "It applies from their next click.")
    } else {
        Notice::good(format!("{} joins as {}.", entry.name, sentence_role(label)), "It applies when they accept.")
    };
    let base = format!("/orgs/{}/members", actor.org.slug);
    if visitor.partial {
        let row = Row::new(&actor, &entry, visitor.now);
        return Ok(fragment(&Changed { base, icons: assets().icons, row, notice }));
    }
    Ok(see_other(own_list(&base, &form.back), Some(notice)))
}

fn sentence_role(label: &str) -> String {
    let article = if label.starts_with(['A', 'O']) { "an" } else { "a" };
    let label = label.to_lowercase();
    if label == "billing" { "a billing member".into() } else { format!("{article} {label}") }
}

/// The list with the filters it had, or the member's page, if `back` is one of those.
fn own_list(base: &str, back: &str) -> String {
    let plain = back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let ours = back.starts_with('?') || (back.starts_with("/mem_") && !back[1..].contains('/'));
    if plain && ours { format!("{base}{back}") } else { base.to_owned() }
}

fn fragment(template: &impl Template) -> Response {
    Html(template.render().unwrap_or_default()).into_response()
}

#[derive(Template)]
#[template(path = "members/show.html")]
struct Show {
    shell: Shell,
    base: String,
    row: Row,
    entry: Entry,
    since_label: &'static str,
    activity: Option<Vec<(When, String)>>,
}

/// `GET /orgs/{org}/members/{member}`
pub async fn show(State(app): State<App>, Path((_, member)): Path<(String, MemberId)>, Member { actor, visitor }: Member) -> PageResult {
    let entry = members::find(&app, &actor, &member).await?;
    let seen = entry.user.as_ref() == Some(actor.user()) || access::allows(actor.role, Permission::ManageMembers);
    let activity = match seen {
        false => None,
        true => Some(
            members::recent_activity(&app, &actor, &entry)
                .await?
                .into_iter()
                .map(|Activity { at, sentence }| (When::relative(at, visitor.now), sentence))
                .collect(),
        ),
    };
    Ok(page::ok(&Show {
        shell: Shell::org(&visitor, &actor, "Members", &entry.name),
        base: format!("/orgs/{}/members", actor.org.slug),
        row: Row::new(&actor, &entry, visitor.now),
        since_label: if entry.status.is_member() { "Joined" } else { "Invited" },
        entry,
        activity,
    }))
}

#[derive(Template)]
#[template(path = "members/remove.html")]
struct ConfirmRemove {
    shell: Shell,
    base: String,
    org_name: String,
    removal: Removal,
    workspaces: String,
    invitations: String,
}

/// `GET /orgs/{org}/members/{member}/remove`: what it takes away, before it is done.
pub async fn confirm_remove(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let removal = members::removal_impact(&app, &actor, &member).await?;
    Ok(page::ok(&ConfirmRemove {
        shell: Shell::org(&visitor, &actor, "Members", format!("Remove {}?", removal.entry.name)),
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        workspaces: text::some_of(&removal.workspaces, 3),
        invitations: text::some_of(&removal.invitations, 3),
        removal,
    }))
}

/// `POST /orgs/{org}/members/{member}/remove`
pub async fn remove(State(app): State<App>, Path((_, member)): Path<(String, MemberId)>, Member { actor, .. }: Member) -> PageResult {
    let removal = members::remove(&app, &actor, &member).await?;
    let notice = if removal.entry.status.is_member() {
        Notice::good(format!("{} is no longer in {}.", removal.entry.name, actor.org.name), "Invite them again if that was a mistake.")
    } else {
        Notice::good(format!("The invitation to {} is revoked.", removal.entry.name), "Its links no longer work.")
    };
    Ok(see_other(format!("/orgs/{}/members", actor.org.slug), Some(notice)))
}

#[derive(Template)]
#[template(path = "members/suspend.html")]
struct ConfirmSuspend {
    shell: Shell,
    base: String,
    org_name: String,
    entry: Entry,
}

/// `GET /orgs/{org}/members/{member}/suspend`
pub async fn confirm_suspend(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let entry = members::find(&app, &actor, &member).await?;
    access::may_touch(actor.role, entry.role)?;
    Ok(page::ok(&ConfirmSuspend {
        shell: Shell::org(&visitor, &actor, "Members", format!("Suspend {}?", entry.name)),
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        entry,
    }))
}

/// `POST /orgs/{org}/members/{member}/suspend`
pub async fn suspend(State(app): State<App>, Path((_, member)): Path<(String, MemberId)>, Member { actor, .. }: Member) -> PageResult {
    let entry = members::suspend(&app, &actor, &member).await?;
    let back = format!("/orgs/{}/members/{}", actor.org.slug, entry.id);
    let notice = Notice::good(format!("{} is suspended.", entry.name), "They can do nothing here until you reinstate them.")
        .with_button("Undo", format!("{back}/reinstate"));
    Ok(see_other(back, Some(notice)))
}

/// `POST /orgs/{org}/members/{member}/reinstate`
pub async fn reinstate(State(app): State<App>, Path((_, member)): Path<(String, MemberId)>, Member { actor, .. }: Member) -> PageResult {
    let entry = members::reinstate(&app, &actor, &member).await?;
    let notice = Notice::good(format!("{} is back.", entry.name), format!("As {}, with what they had before.", entry.role.with_article()));
    Ok(see_other(format!("/orgs/{}/members/{}", actor.org.slug, entry.id), Some(notice)))
}

/// The directory's first page with nothing around it: the list's statement and the template. For `benches/pages.rs`.
#[doc(hidden)]
pub async fn bare_members_page(app: App, actor: Actor) -> Response {
    let asked = Asked::default();
    let visitor = super::session::Visitor::nobody(app.now());
    match members::list(&app, &actor, &asked.filter()).await {
        Ok(listed) => {
            page::ok(&draw_index(Shell::org(&visitor, &actor, "Members", "Members"), &actor, asked, listed, Vec::new(), visitor.now))
        }
        Err(refusal) => PageError::from(refusal).into_response(),
    }
}
