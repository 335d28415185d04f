//! `/orgs/{org}/workspaces`, `/workspaces/new` and the pages of one workspace.

mod cell;
mod choose;
mod link;
mod people;
mod settings;

pub(super) use cell::{Cell, Giver};
pub use choose::{choose_role, choose_role_form};
pub use link::{confirm_unlink, link, link_form, unlink};
pub use people::{confirm_take, people, set_role, take};
pub use settings::{change, confirm_delete, delete, settings};

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell, hue};
use super::session::{Member, SignedIn, see_other};
use crate::access::{self, Permission, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::organizations::Organization;
use crate::workspaces::{self, Listed, Open, PersonWithAccess};
use crate::{accounts, text};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// Rows on a page.
const ROWS: i64 = 50;
/// People that the overview names.
const SHOWN: i64 = 20;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    after: String,
}

#[derive(Template)]
#[template(path = "workspaces/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_name: String,
    total: i64,
    sees_all: bool,
    may_create: bool,
    /// Whether they may delete workspaces that aren't theirs.
    may_delete: bool,
    /// Why they may not create one; "" where that needs no word.
    why_not: String,
    listed: Vec<Listed>,
    is_first: bool,
    next: Option<String>,
}

impl Index {
    /// Whether the row's menu offers to delete this one.
    fn deletes(&self, line: &Listed) -> bool {
        self.may_delete || line.role == Some(WorkspaceRole::Owner)
    }
}

/// `GET /orgs/{org}/workspaces`
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let (listed, next) = workspaces::list(&app, &actor, &asked.after, ROWS).await?;
    let may_create = access::may_create_workspace(actor.role, actor.org.policies.admins_create);
    let sees_all = workspaces::sees_all(actor.role);
    let why_not = match &may_create {
        Err(Refusal::Forbidden { reason, .. }) if sees_all => reason.to_string(),
        _ => String::new(),
    };
    Ok(page::ok(&Index {
        shell: Shell::org(&visitor, &actor, "Workspaces", "Workspaces"),
        base: format!("/orgs/{}/workspaces", actor.org.slug),
        org_name: actor.org.name.clone(),
        total: actor.org.workspaces,
        sees_all,
        may_delete: access::allows(actor.role, Permission::DeleteWorkspaces),
        may_create: may_create.is_ok(),
        why_not,
        listed,
        is_first: asked.after.is_empty(),
        next,
    }))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewForm {
    name: String,
    #[serde(default)]
    label: String,
}

#[derive(Template)]
#[template(path = "workspaces/new.html")]
struct New {
    shell: Shell,
    action: String,
    back: String,
    /// "" for a standalone workspace.
    org_name: String,
    form: NewForm,
    name_error: String,
    label_error: String,
}

impl New {
    fn empty(shell: Shell, org: Option<&Organization>) -> Self {
        let action = org.map_or_else(
            || "/workspaces/new".to_owned(),
            |org| format!("/orgs/{}/workspaces/new", org.slug),
        );
        Self {
            back: if org.is_some() {
                action.trim_end_matches("/new").to_owned()
            } else {
                "/account/organizations".to_owned()
            },
            action,
            org_name: org.map(|org| org.name.clone()).unwrap_or_default(),
            shell,
            form: NewForm::default(),
            name_error: String::new(),
            label_error: String::new(),
        }
    }

    /// The form again with what is wrong in it, or the refusal where that isn't about a field.
    fn refused(self, form: NewForm, refusal: Refusal) -> PageResult {
        let (name_error, label_error) = (
            refusal.message_for("name").to_owned(),
            refusal.message_for("label").to_owned(),
        );
        if name_error.is_empty() && label_error.is_empty() {
            return Err(refusal.into());
        }
        Ok(page::invalid(&Self {
            form,
            name_error,
            label_error,
            ..self
        }))
    }
}

/// What to say where another workspace of the organization has the same name; "" where none has.
async fn of_one_name(
    app: &App,
    actor: &Actor,
    workspace: &workspaces::Workspace,
) -> Result<String, Refusal> {
    let Some(other) = workspaces::namesake(app, actor, workspace).await? else {
        return Ok(String::new());
    };
    let (org, own) = (&actor.org.name, &workspace.slug);
    Ok(format!(
        " {org} has another workspace of this name. Its slug is {other}; this one's is {own}."
    ))
}

fn ready(workspace: &workspaces::Workspace, further: &str) -> Response {
    let notice = Notice::good(
        format!("{} is ready.", workspace.name),
        format!("You are its owner.{further}"),
    );
    see_other(
        format!("/workspaces/{}/overview", workspace.id),
        Some(notice),
    )
}

/// `GET /orgs/{org}/workspaces/new`
pub async fn new_in_org(Member { actor, visitor }: Member) -> PageResult {
    access::may_create_workspace(actor.role, actor.org.policies.admins_create)?;
    Ok(page::ok(&New::empty(
        Shell::org(&visitor, &actor, "Workspaces", "Create workspace"),
        Some(&actor.org),
    )))
}

/// `POST /orgs/{org}/workspaces/new`
pub async fn create_in_org(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<NewForm>,
) -> PageResult {
    match workspaces::create_in(&app, &actor, &form.name, &form.label).await {
        Ok(workspace) => Ok(ready(
            &workspace,
            &of_one_name(&app, &actor, &workspace).await?,
        )),
        Err(refusal) => New::empty(
            Shell::org(&visitor, &actor, "Workspaces", "Create workspace"),
            Some(&actor.org),
        )
        .refused(form, refusal),
    }
}

/// `GET /workspaces/new`
pub async fn new(SignedIn { person, visitor }: SignedIn) -> Response {
    page::ok(&New::empty(
        Shell::account(&visitor, &person, "Create workspace"),
        None,
    ))
}

/// `POST /workspaces/new`
pub async fn create(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Form(form): Form<NewForm>,
) -> PageResult {
    match workspaces::create_standalone(&app, &person, &form.name, &form.label).await {
        Ok(workspace) => Ok(ready(&workspace, "")),
        Err(refusal) => New::empty(Shell::account(&visitor, &person, "Create workspace"), None)
            .refused(form, refusal),
    }
}

/// Somebody with access, as shown.
struct Row {
    person: PersonWithAccess,
    initials: String,
    hue: u16,
}

#[derive(Template)]
#[template(path = "workspaces/overview.html")]
struct Overview {
    shell: Shell,
    open: Open,
    role_name: String,
    rows: Vec<Row>,
    made: String,
    made_at: String,
    /// The whole list of people, where there is one.
    everybody: Option<String>,
}

/// `GET /workspaces/{ws}/overview`
pub async fn overview(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    let open = workspaces::open(&app, &person, &id).await?;
    if let Some(actor) = &open.actor {
        accounts::note_activity(&app, &person, &actor.org.id);
    }
    let people = workspaces::people(&app, &open, SHOWN).await?;
    let row = |person: PersonWithAccess| Row {
        initials: text::initials(&person.name),
        hue: hue(&person.name),
        person,
    };
    Ok(page::ok(&Overview {
        shell: Shell::workspace(&visitor, &person, &open, "Overview"),
        role_name: workspaces::role_name(&app, &open, &person.user).await?,
        rows: people.into_iter().map(row).collect(),
        made: clock::day(open.workspace.created_at),
        made_at: clock::rfc3339(open.workspace.created_at),
        everybody: open.actor.as_ref().map(|actor| {
            format!(
                "/orgs/{}/members?workspace={}",
                actor.org.slug, open.workspace.id
            )
        }),
        open,
    }))
}

/// `GET /workspaces/{ws}`
pub async fn workspace(Path(id): Path<WorkspaceId>) -> Response {
    see_other(format!("/workspaces/{id}/overview"), None)
}
