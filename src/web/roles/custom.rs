//! `/orgs/{org}/roles/custom`: the organization's custom roles, listed, made and looked at.

use super::permissions::Editor;
use super::{PageResult, Tabs};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::CustomRoleId;
use crate::roles::{self, CustomRole, Found, Holder, Listed, Order};
use crate::text;
use crate::web::input::{Form, Query};
use crate::web::members::When;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell, hue};
use crate::web::session::{Member, Visitor, see_other};
use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

/// Rows on a page.
const ROWS: i64 = 50;
/// Holders on a role's page.
const HOLDERS: i64 = 25;

/// What the list's address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
    sort: String,
    dir: String,
    after: String,
}

impl Asked {
    /// The query of this list with other words in some places.
    fn with(&self, sort: &str, dir: &str, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        for (key, value) in [
            ("q", self.q.as_str()),
            ("sort", sort),
            ("dir", dir),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        query.finish()
    }
}

struct Row {
    id: String,
    name: String,
    description: String,
    made: When,
    /// "12 people in 3 workspaces"
    used: String,
    not_in_effect: &'static str,
}

impl Row {
    fn new(listed: Listed) -> Self {
        let used = listed.used;
        Self {
            id: listed.role.id.into(),
            name: listed.role.name,
            description: listed.role.description,
            made: When::day(listed.role.created_at),
            used: match used.people {
                0 => "Nobody".to_owned(),
                people => in_places(people, used.workspaces),
            },
            not_in_effect: used.status().why(),
        }
    }
}

pub(super) fn in_places(people: i64, workspaces: i64) -> String {
    format!(
        "{} in {}",
        text::count(people, "person", "people"),
        text::count(workspaces, "workspace", "workspaces")
    )
}

struct Head {
    label: &'static str,
    href: String,
    /// "ascending", "descending" or "none".
    order: &'static str,
}

#[derive(Template)]
#[template(path = "roles/custom.html")]
struct List {
    shell: Shell,
    tabs: Tabs,
    base: String,
    org_name: String,
    asked: Asked,
    heads: Vec<Head>,
    rows: Vec<Row>,
    may_create: bool,
    next: Option<String>,
}

/// `GET /orgs/{org}/roles/custom` (S3-31, S3-32)
pub async fn list(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let order = Order::parse(&asked.sort).unwrap_or_default();
    let down = asked.dir == "desc";
    let (listed, next) =
        roles::list(&app, &actor, &asked.q, (order, down), &asked.after, ROWS).await?;
    let head = |label, by: Order| Head {
        label,
        href: asked.with(
            by.as_str(),
            if order == by && !down { "desc" } else { "" },
            "",
        ),
        order: match (order == by, down) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        },
    };
    Ok(page::ok(&List {
        shell: Shell::org(&visitor, &actor, "Roles", "Custom roles"),
        tabs: Tabs {
            custom: true,
            ..Tabs::new(&actor, "custom")
        },
        base: format!("/orgs/{}/roles/custom", actor.org.slug),
        org_name: actor.org.name.clone(),
        heads: vec![head("Name", Order::Name), head("Made", Order::Date)],
        rows: listed.into_iter().map(Row::new).collect(),
        may_create: access::allows(actor.role, Permission::ManageIntegrations),
        next: next.map(|cursor| asked.with(&asked.sort, &asked.dir, &cursor)),
        asked,
    }))
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub struct DetailsForm {
    name: String,
    #[serde(default)]
    description: String,
}

/// What is wrong with a name or a description, and nothing for any other refusal.
fn details_errors(refusal: &Refusal) -> Option<(String, String)> {
    match refusal {
        Refusal::Invalid(_) => Some((
            refusal.message_for("name").to_owned(),
            refusal.message_for("description").to_owned(),
        )),
        Refusal::Conflict(conflict) if conflict.code == "role_name_taken" => {
            Some((conflict.message.to_string(), String::new()))
        }
        _ => None,
    }
}

#[derive(Template)]
#[template(path = "roles/new.html")]
struct New {
    shell: Shell,
    base: String,
    org_name: String,
    form: DetailsForm,
    name_error: String,
    description_error: String,
}

impl New {
    fn filled(
        actor: &Actor,
        visitor: &Visitor,
        form: DetailsForm,
        errors: (String, String),
    ) -> Self {
        Self {
            shell: Shell::org(visitor, actor, "Roles", "Make a custom role"),
            base: format!("/orgs/{}/roles/custom", actor.org.slug),
            org_name: actor.org.name.clone(),
            form,
            name_error: errors.0,
            description_error: errors.1,
        }
    }
}

/// `GET /orgs/{org}/roles/custom/new`
pub async fn new(Member { actor, visitor }: Member) -> PageResult {
    access::require(actor.role, Permission::ManageIntegrations)?;
    Ok(page::ok(&New::filled(
        &actor,
        &visitor,
        DetailsForm::default(),
        Default::default(),
    )))
}

/// `POST /orgs/{org}/roles/custom/new`
pub async fn create(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<DetailsForm>,
) -> PageResult {
    match roles::create(&app, &actor, None, &form.name, &form.description).await {
        Ok(role) => {
            let notice = Notice::good(
                format!("The role {} is made.", role.name),
                "It allows nothing yet: say below what it does.",
            );
            Ok(see_other(
                format!("/orgs/{}/roles/custom/{}", actor.org.slug, role.id),
                Some(notice),
            ))
        }
        Err(refusal) => match details_errors(&refusal) {
            Some(errors) => Ok(page::invalid(&New::filled(&actor, &visitor, form, errors))),
            None => Err(refusal.into()),
        },
    }
}

/// Somebody who has the role, as shown.
struct HolderRow {
    member: String,
    name: String,
    email: String,
    initials: String,
    hue: u16,
    workspace: String,
    workspace_name: String,
}

impl From<Holder> for HolderRow {
    fn from(holder: Holder) -> Self {
        Self {
            member: holder.member.into(),
            initials: text::initials(&holder.name),
            hue: hue(&holder.name),
            name: holder.name,
            email: holder.email,
            workspace: holder.workspace.into(),
            workspace_name: holder.workspace_name,
        }
    }
}

#[derive(Template)]
#[template(path = "roles/show.html")]
struct Show {
    shell: Shell,
    base: String,
    org: String,
    role: CustomRole,
    made: When,
    may_edit: bool,
    not_in_effect: &'static str,
    hidden_lines: i64,
    used: String,
    editor: Editor,
    holders: Vec<HolderRow>,
    is_first: bool,
    next: Option<String>,
    form: DetailsForm,
    name_error: String,
    description_error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AskedHolders {
    after: String,
}

/// `GET /orgs/{org}/roles/custom/{role}`
pub async fn show(
    State(app): State<App>,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Member { actor, visitor }: Member,
    Query(asked): Query<AskedHolders>,
) -> PageResult {
    let found = roles::find(&app, &actor, &role).await?;
    let editor = Editor::saved(&app, &actor, &found).await?;
    Ok(page::ok(
        &draw(&app, &actor, &visitor, found, editor, &asked.after).await?,
    ))
}

/// The role's page with its editor as it stands: saved, or being changed.
pub(super) async fn show_with(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    found: Found,
    editor: Editor,
) -> PageResult {
    let refused = !editor.error.is_empty();
    let show = draw(app, actor, visitor, found, editor, "").await?;
    Ok(if refused {
        page::invalid(&show)
    } else {
        page::ok(&show)
    })
}

async fn draw(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    found: Found,
    editor: Editor,
    after: &str,
) -> Result<Show, Refusal> {
    let (holders, next) = roles::holders(app, actor, &found.role.id, after, HOLDERS).await?;
    let org = format!("/orgs/{}", actor.org.slug);
    Ok(Show {
        shell: Shell::org(visitor, actor, "Roles", &found.role.name),
        base: format!("{org}/roles/custom/{}", found.role.id),
        org,
        made: When::day(found.role.created_at),
        may_edit: found.may_edit,
        not_in_effect: found.used.status().why(),
        hidden_lines: found.hidden_lines,
        used: in_places(found.used.people, found.used.workspaces),
        editor,
        holders: holders.into_iter().map(HolderRow::from).collect(),
        is_first: after.is_empty(),
        next,
        form: DetailsForm {
            name: found.role.name.clone(),
            description: found.role.description.clone(),
        },
        name_error: String::new(),
        description_error: String::new(),
        role: found.role,
    })
}

/// `POST /orgs/{org}/roles/custom/{role}/details`
pub async fn change_details(
    State(app): State<App>,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<DetailsForm>,
) -> PageResult {
    match roles::change_details(
        &app,
        &actor,
        &role,
        Some(&form.name),
        Some(&form.description),
    )
    .await
    {
        Ok(role) => {
            let notice = Notice::good(
                format!("{} is saved.", role.name),
                "Everybody who has the role keeps it.",
            );
            Ok(see_other(
                format!("/orgs/{}/roles/custom/{}", actor.org.slug, role.id),
                Some(notice),
            ))
        }
        Err(refusal) => {
            let Some((name_error, description_error)) = details_errors(&refusal) else {
                return Err(refusal.into());
            };
            let found = roles::find(&app, &actor, &role).await?;
            let editor = Editor::saved(&app, &actor, &found).await?;
            let show = draw(&app, &actor, &visitor, found, editor, "").await?;
            Ok(page::invalid(&Show {
                form,
                name_error,
                description_error,
                ..show
            }))
        }
    }
}

/// Where a role's page is.
pub(super) fn path_of(actor: &Actor, role: &CustomRoleId) -> String {
    format!("/orgs/{}/roles/custom/{role}", actor.org.slug)
}
