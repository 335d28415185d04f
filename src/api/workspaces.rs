//! `/organizations/{org_id}/workspaces`, and standalone ones under `/workspaces`.

use super::bearer::{Caller, Member};
use super::error::ApiResult;
use super::input::{Json, Query};
use super::paging::{self, Asked, Listed};
use super::shape::{answer, body};
use crate::access::WorkspaceRole;
use crate::app::App;
use crate::clock::rfc3339;
use crate::workspaces;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;

answer! {
    /// A workspace.
    pub struct Workspace {
        pub id: String,
        pub name: String,
        pub slug: String,
        /// What it stands for, such as Production or EMEA; `""` for nothing.
        pub label: String,
        /// How many people can open it.
        pub people: i64,
        pub created_at: String,
        /// The caller's role in it: `owner`, `admin`, `member`, `viewer`, or `null` where they can't open it.
        pub your_role: Option<&'static str>,
    }
}

impl Workspace {
    fn new(workspace: workspaces::Workspace, role: Option<WorkspaceRole>) -> Self {
        Self {
            id: workspace.id.into(),
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
    let (listed, next_cursor) = workspaces::list(&app, &actor, asked.cursor.as_deref().unwrap_or(""), limit).await?;
    let data = listed.into_iter().map(|one| Workspace::new(one.workspace, one.role)).collect();
    paging::answer(&app, &uri, Listed { data, next_cursor })
}

/// `POST /organizations/{org_id}/workspaces`
pub async fn create(
    State(app): State<App>,
    Member(actor): Member,
    Json(new): Json<NewWorkspace>,
) -> ApiResult<(StatusCode, axum::Json<Workspace>)> {
    let workspace = workspaces::create_in(&app, &actor, &new.name, new.label.as_deref().unwrap_or("")).await?;
    let role = crate::access::capped(WorkspaceRole::Owner, actor.role);
    Ok((StatusCode::CREATED, axum::Json(Workspace::new(workspace, Some(role)))))
}

/// `GET /workspaces`: standalone ones that the caller has a role in, at most a hundred.
pub async fn standalone(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let own = workspaces::standalone(&app, &person).await?;
    let own = own.into_iter().map(|one| Workspace::new(one.workspace, one.role)).collect();
    paging::answer(&app, &uri, paging::page(own, &asked, |workspace: &Workspace| &workspace.id)?)
}

/// `POST /workspaces`: a standalone one.
pub async fn create_standalone(
    State(app): State<App>,
    Caller(person): Caller,
    Json(new): Json<NewWorkspace>,
) -> ApiResult<(StatusCode, axum::Json<Workspace>)> {
    let workspace = workspaces::create_standalone(&app, &person, &new.name, new.label.as_deref().unwrap_or("")).await?;
    Ok((StatusCode::CREATED, axum::Json(Workspace::new(workspace, Some(WorkspaceRole::Owner)))))
}
