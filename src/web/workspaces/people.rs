//! `/workspaces/{ws}/members`: who is in a workspace, with roles set in place; and one person's role, from wherever it
//! is set.

use super::PageResult;
use super::cell::{ANOTHER, Cell, Giver};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{UserId, WorkspaceId};
use crate::text;
use crate::web::input::{Form, Query};
use crate::web::next::{own_path, with_next};
use crate::web::notice::Notice;
use crate::web::page::{self, Shell, hue};
use crate::web::session::{SignedIn, lead, see_other};
use crate::workspaces::{self, Given, Managed, PersonHere, Set};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;

/// Rows on a page.
const ROWS: i64 = 50;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
    after: String,
}

/// Somebody as shown.
struct Row {
    here: PersonHere,
    initials: String,
    hue: u16,
    cell: Cell,
    /// Their page in the organization; "" where there is none.
    href: String,
    /// Where their role is taken away; "" where that isn't for the one who looks.
    remove: String,
    is_self: bool,
}

#[derive(Template)]
#[template(path = "workspaces/people.html")]
struct People {
    shell: Shell,
    base: String,
    managed: Managed,
    /// Name and slug; `None`: it stands alone.
    org: Option<(String, String)>,
    asked: Asked,
    rows: Vec<Row>,
    entering: Vec<Row>,
    next: Option<String>,
    /// Where people of the organization are given roles here; "" where that isn't for the one who looks.
    add: String,
    may_change: bool,
}

/// `GET /workspaces/{ws}/members`
pub async fn people(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let page = workspaces::people_here(&app, &person, &id, &asked.q, &asked.after, ROWS).await?;
    let managed = page.managed;
    let base = format!("/workspaces/{id}/members");
    let giver = Giver::of_workspace(&app, &person.user, &managed, visitor.path.clone()).await?;
    let org = managed
        .actor
        .as_ref()
        .map(|actor| (actor.org.name.clone(), actor.org.slug.clone()));
    let row = |here: PersonHere| {
        let cell = giver.cell(&id, &managed.workspace.name, managed.role, &here);
        let takes = cell.options.iter().any(|(value, _, _)| value.is_empty())
            && !here.standing.0.is_empty();
        Row {
            initials: text::initials(&here.name),
            hue: hue(&here.name),
            href: match (&org, &here.member) {
                (Some((_, slug)), Some(member)) => format!("/orgs/{slug}/members/{member}"),
                _ => String::new(),
            },
            remove: if takes {
                format!("{base}/{}/remove", here.user)
            } else {
                String::new()
            },
            is_self: here.user == person.user,
            cell,
            here,
        }
    };
    let next = page.next.map(|after| {
        let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        query
            .append_pair("q", &asked.q)
            .append_pair("after", &after);
        query.finish()
    });
    let may_change = managed.gives_up_to().is_some();
    let add = match &managed.actor {
        Some(actor)
            if crate::access::allows(actor.role, crate::access::Permission::ManageMembers) =>
        {
            format!(
                "/orgs/{}/access?w={}",
                actor.org.slug,
                url::form_urlencoded::byte_serialize(managed.workspace.name.as_bytes())
                    .collect::<String>()
            )
        }
        _ => String::new(),
    };
    Ok(page::ok(&People {
        shell: Shell::managed(&visitor, &person, &managed, "Members"),
        rows: page.people.into_iter().map(row).collect(),
        entering: page.by_organization_role.into_iter().map(row).collect(),
        base: base.clone(),
        org: org.clone(),
        managed: managed.clone(),
        asked,
        next,
        add,
        may_change,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    /// A fixed role's name or a custom role's id; "" to take it away.
    role: String,
    #[serde(default)]
    back: String,
}

#[derive(Template)]
#[template(path = "workspaces/cell_changed.html")]
struct CellChanged {
    cell: Cell,
    notice: Notice,
}

/// `POST /workspaces/{ws}/members/{user}`: sets a role. Where somebody loses something by it, that is said and asked about
/// first.
pub async fn set_role(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, user)): Path<(WorkspaceId, UserId)>,
    Form(form): Form<RoleForm>,
) -> PageResult {
    let back = Some(own_path(&form.back))
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| format!("/workspaces/{id}/members"));
    if form.role.is_empty() {
        // Refuses what taking it away would refuse.
        workspaces::set_access_impact(&app, &person, &id, &user, None).await?;
        return Ok(lead(
            &visitor,
            &with_next(&format!("/workspaces/{id}/members/{user}/remove"), &back),
        )?);
    }
    if form.role == ANOTHER {
        return Ok(lead(
            &visitor,
            &with_next(&format!("/workspaces/{id}/members/{user}/role"), &back),
        )?);
    }
    let given = Given::parse(&form.role)
        .ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))?;
    if workspaces::set_access_impact(&app, &person, &id, &user, Some(given.clone()))
        .await?
        .impact
        .takes()
    {
        let question = format!(
            "/workspaces/{id}/members/{user}/role?role={}",
            given.value()
        );
        return Ok(lead(&visitor, &with_next(&question, &back))?);
    }
    let set = workspaces::set_access(&app, &person, &id, &user, Some(given)).await?;
    let notice = said(&set);
    if !visitor.partial {
        return Ok(see_other(back, Some(notice)));
    }
    let (managed, here) = workspaces::person_here(&app, &person, &id, &user).await?;
    let giver = Giver::of_workspace(&app, &person.user, &managed, back).await?;
    let cell = giver.cell(&id, &managed.workspace.name, managed.role, &here);
    Ok(Html(CellChanged { cell, notice }.render().unwrap_or_default()).into_response())
}

/// What was done, in words.
pub(super) fn said(set: &Set) -> Notice {
    let now = match &set.after {
        Some(after) => format!("{} is {after} of {} now.", set.person, set.workspace),
        None => format!("{} no longer has {}.", set.person, set.workspace),
    };
    let before = match (&set.before, set.before == set.after) {
        (_, true) => "Nothing changed.".to_owned(),
        (Some(before), _) => format!("Before: {before}."),
        (None, _) => "Before: no access.".to_owned(),
    };
    Notice::good(now, before)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Next {
    next: String,
}

#[derive(Template)]
#[template(path = "workspaces/take.html")]
struct Take {
    shell: Shell,
    action: String,
    back: String,
    set: Set,
    sentences: Vec<String>,
    own: bool,
}

pub(super) fn come_back(next: &str, id: &WorkspaceId) -> String {
    Some(own_path(next))
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| format!("/workspaces/{id}/members"))
}

/// `GET /workspaces/{ws}/members/{user}/remove`: what taking the role away does.
pub async fn confirm_take(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, user)): Path<(WorkspaceId, UserId)>,
    Query(asked): Query<Next>,
) -> PageResult {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let set = workspaces::set_access_impact(&app, &person, &id, &user, None).await?;
    Ok(page::ok(&Take {
        shell: Shell::managed(&visitor, &person, &managed, "Members"),
        action: format!("/workspaces/{id}/members/{user}/remove"),
        back: come_back(&asked.next, &id),
        sentences: set
            .impact
            .changes
            .iter()
            .take(20)
            .map(|change| change.sentence())
            .collect(),
        set,
        own: user == person.user,
    }))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct TakeForm {
    back: String,
}

/// `POST /workspaces/{ws}/members/{user}/remove`
pub async fn take(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path((id, user)): Path<(WorkspaceId, UserId)>,
    Form(form): Form<TakeForm>,
) -> PageResult {
    let set = workspaces::set_access(&app, &person, &id, &user, None).await?;
    // Who takes the role from themselves may have lost the page they came from.
    let back = match workspaces::find_managed(&app, &person, &id).await {
        Ok(_) => come_back(&form.back, &id),
        Err(_) => "/".to_owned(),
    };
    Ok(see_other(back, Some(said(&set))))
}
