//! Who comes into a workspace by organization role is written down over the API as on pages, once for each token and
//! workspace (S5-12).

use super::bearer::Caller;
use super::error::ApiError;
use crate::access::enters_by_role;
use crate::app::App;
use crate::ids::WorkspaceId;
use crate::workspaces;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Stands around every call. Asks the database only for who could come in without a role of their own.
pub(super) async fn note(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(id) = workspace_in(request.uri().path()) else {
        return next.run(request).await;
    };
    if let Some(Caller(person)) = request.extensions().get::<Caller>().cloned()
        && person
            .seats
            .iter()
            .any(|seat| enters_by_role(seat.role, seat.org.policies.admins_enter))
        && let Ok(open) = workspaces::open(&app, &person, &id).await
        && let Err(refusal) = workspaces::note_entry(&app, &open).await
    {
        return ApiError::from(refusal).into_response();
    }
    next.run(request).await
}

/// The workspace that an address says.
fn workspace_in(path: &str) -> Option<WorkspaceId> {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    path.strip_prefix("/workspaces/")?
        .split('/')
        .next()
        .filter(|id| !id.is_empty())
        .map(WorkspaceId::from)
}
