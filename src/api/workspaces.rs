//! `/organizations/{org_id}/workspaces`, and `/workspaces`: standalone ones, and every workspace by its id.

use super::bearer::{Caller, Member};
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Asked, Listed};
use super::shape::{answer, body, query};
use crate::access::WorkspaceRole;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::workspaces::{self, Changes};
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;

answer! {
    /// A workspace.
    pub struct Workspace {
        pub id: String,
        /// `null` for one that stands alone.
        pub organization_id: Option<String>,
        pub name: String,
        pub slug: String,
        /// What it stands for, such as Production or EMEA; `""` for nothing.
        pub label: String,
        /// How many people can open it.
        pub people: i64,
        pub created_at: String,
        /// The caller's role in it: `owner`, `admin`, `member`, `viewer`, `custom`, or `null` where they can't open it.
        pub your_role: Option<&'static str>,
    }
}

impl Workspace {
    fn new(workspace: workspaces::Workspace, role: Option<WorkspaceRole>) -> Self {
        Self {
            id: workspace.id.into(),
            organization_id: workspace.org.map(String::from),
            name: workspace.name,
            slug: workspace.slug,
            label: workspace.label,
            people: workspace.people,
            created_at: rfc3339(workspace.created_at),
            your_role: role.map(WorkspaceRole::as_str),
        }
    }
}

body! {
    /// A workspace to create.
    pub struct NewWorkspace {
        pub name: String,
        /// What it stands for, such as Production or EMEA.
        pub label: Option<String>,
    }
}

/// `GET /organizations/{org_id}/workspaces` (S1-102)
pub async fn list(
    State(app): State<App>,
    Member(actor): Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let limit = paging::limit(asked.limit.as_deref())?;
    let (listed, next_cursor) =
        workspaces::list(&app, &actor, asked.cursor.as_deref().unwrap_or(""), limit).await?;
    let data = listed
        .into_iter()
        .map(|one| Workspace::new(one.workspace, one.role))
        .collect();
    paging::answer(&app, &uri, Listed { data, next_cursor })
}

body! {
    /// A workspace to link, by its id; or one to create, by its name.
    pub struct LinkedWorkspace {
        /// One that stands alone, and that the caller administers.
        pub workspace_id: Option<String>,
        pub name: Option<String>,
        /// Of a new one: what it stands for, such as Production or EMEA.
        pub label: Option<String>,
    }
}

/// `POST /organizations/{org_id}/workspaces` (S1-103)
pub async fn link(
    State(app): State<App>,
    Member(actor): Member,
    Json(new): Json<LinkedWorkspace>,
) -> ApiResult<(StatusCode, axum::Json<Workspace>)> {
    let workspace = match (new.workspace_id, new.name) {
        (Some(id), None) if new.label.is_none() => {
            let id = workspaces::link(&app, &actor, &WorkspaceId::from(id))
                .await?
                .workspace
                .id;
            return Ok((
                StatusCode::CREATED,
                axum::Json(shown(&app, &actor.person, &id).await?),
            ));
        }
        (None, Some(name)) => {
            workspaces::create_in(&app, &actor, &name, new.label.as_deref().unwrap_or("")).await?
        }
        (None, None) => {
            return Err(Refusal::field(
                "name",
                "Say workspace_id to link a workspace, or name to create one.",
            )
            .into());
        }
        (Some(_), _) => {
            return Err(Refusal::field(
                "workspace_id",
                "A linked workspace keeps its name and label: give workspace_id alone.",
            )
            .into());
        }
    };
    let role = crate::access::capped(WorkspaceRole::Owner, actor.role);
    Ok((
        StatusCode::CREATED,
        axum::Json(Workspace::new(workspace, Some(role))),
    ))
}

/// A workspace as whoever asks sees it.
async fn shown(
    app: &App,
    person: &std::sync::Arc<crate::actor::Person>,
    id: &WorkspaceId,
) -> Result<Workspace, Refusal> {
    let managed = workspaces::find_managed(app, person, id).await?;
    Ok(Workspace::new(managed.workspace, managed.role))
}

query! {
    /// What becomes of who holds one of the organization's custom roles.
    pub struct Unlinking {
        /// `viewer`, `member`, `admin` or `owner`: what people get who hold a custom role by themselves. Left out, they
        /// lose the workspace.
        pub custom_role_to: Option<String>,
    }
}

/// `DELETE /organizations/{org_id}/workspaces/{workspace_id}` (S1-104)
pub async fn unlink(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): Path<(String, WorkspaceId)>,
    Query(asked): Query<Unlinking>,
) -> ApiResult<StatusCode> {
    let custom_to = asked
        .custom_role_to
        .as_deref()
        .map(parse_role)
        .transpose()?;
    workspaces::unlink(&app, &actor, &id, custom_to).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse_role(name: &str) -> Result<WorkspaceRole, Refusal> {
    WorkspaceRole::parse(name)
        .ok_or_else(|| Refusal::field("custom_role_to", "Say viewer, member, admin or owner."))
}

/// `GET /workspaces/{workspace_id}`
pub async fn show(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
) -> ApiResult<axum::Json<Workspace>> {
    Ok(axum::Json(shown(&app, &person, &id).await?))
}

body! {
    /// What to change of a workspace.
    pub struct ChangedWorkspace {
        pub name: Option<String>,
        /// `""` takes the label away.
        pub label: Option<String>,
    }
}

/// `PUT /workspaces/{workspace_id}`
pub async fn update(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    Json(new): Json<ChangedWorkspace>,
) -> ApiResult<axum::Json<Workspace>> {
    let changes = Changes {
        name: new.name,
        label: new.label,
    };
    let managed = workspaces::change_details(&app, &person, &id, &changes).await?;
    Ok(axum::Json(Workspace::new(managed.workspace, managed.role)))
}

query! {
    /// What deleting asks for.
    pub struct WorkspaceConfirmation {
        /// The workspace's name: without it nothing is deleted.
        pub confirm: Option<String>,
    }
}

/// `DELETE /workspaces/{workspace_id}` (S1-27)
pub async fn delete(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    Query(asked): Query<WorkspaceConfirmation>,
) -> ApiResult<StatusCode> {
    workspaces::delete(&app, &person, &id, asked.confirm.as_deref().unwrap_or("")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /workspaces`: standalone ones that the caller has a role in, at most a hundred.
pub async fn standalone(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let own = workspaces::standalone(&app, &person).await?;
    let own = own
        .into_iter()
        .map(|one| Workspace::new(one.workspace, one.role))
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(own, &asked, |workspace: &Workspace| &workspace.id)?,
    )
}

/// `POST /workspaces`: a standalone one.
pub async fn create_standalone(
    State(app): State<App>,
    Caller(person): Caller,
    Json(new): Json<NewWorkspace>,
) -> ApiResult<(StatusCode, axum::Json<Workspace>)> {
    let workspace =
        workspaces::create_standalone(&app, &person, &new.name, new.label.as_deref().unwrap_or(""))
            .await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(Workspace::new(workspace, Some(WorkspaceRole::Owner))),
    ))
}
