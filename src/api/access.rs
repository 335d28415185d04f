//! `/workspaces/{workspace_id}/members/{user_id}`: what somebody is in a workspace.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::shape::{answer, body, query};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{UserId, WorkspaceId};
use crate::impact::Impact;
use crate::workspaces::{self, Given, Set};
use axum::extract::State;

body! {
    /// The role to give.
    pub struct AccessToSet {
        /// `owner`, `admin`, `member`, `viewer`, or the id of a custom role of the organization
        pub role: String,
    }
}

query! {
    /// How to do it.
    pub struct HowToSet {
        /// `true`: nothing is changed, and the answer says what would be.
        pub dry_run: Option<String>,
    }
}

answer! {
    /// What a change of access did, or would do.
    pub struct AccessChanged {
        pub person: String,
        pub workspace: String,
        /// The role before, as people say it; `null` for none.
        pub before: Option<String>,
        pub after: Option<String>,
        pub impact: ImpactOnPeople,
    }
}

answer! {
    /// Who loses and who gains by a change.
    pub struct ImpactOnPeople {
        pub people_losing: i64,
        pub people_gaining: i64,
        /// A sentence for each person and workspace, a hundred at most.
        pub changes: Vec<String>,
    }
}

impl From<Impact> for ImpactOnPeople {
    fn from(impact: Impact) -> Self {
        Self {
            people_losing: impact.losing() as i64,
            people_gaining: impact.gaining() as i64,
            changes: impact.changes.iter().take(100).map(|change| change.sentence()).collect(),
        }
    }
}

impl From<Set> for AccessChanged {
    fn from(set: Set) -> Self {
        Self { person: set.person, workspace: set.workspace, before: set.before, after: set.after, impact: set.impact.into() }
    }
}

/// `PUT /workspaces/{workspace_id}/members/{user_id}` (S1-47)
pub async fn set(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, user)): Path<(WorkspaceId, UserId)>,
    Query(how): Query<HowToSet>,
    Json(asked): Json<AccessToSet>,
) -> ApiResult<axum::Json<AccessChanged>> {
    let given = Given::parse(&asked.role).ok_or_else(|| Refusal::field("role", "There is no such role."))?;
    change(&app, &person, &workspace, &user, Some(given), &how).await
}

/// `DELETE /workspaces/{workspace_id}/members/{user_id}` (S1-47)
pub async fn take(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, user)): Path<(WorkspaceId, UserId)>,
    Query(how): Query<HowToSet>,
) -> ApiResult<axum::Json<AccessChanged>> {
    change(&app, &person, &workspace, &user, None, &how).await
}

async fn change(
    app: &App,
    person: &std::sync::Arc<crate::actor::Person>,
    workspace: &WorkspaceId,
    user: &UserId,
    given: Option<Given>,
    how: &HowToSet,
) -> ApiResult<axum::Json<AccessChanged>> {
    let set = match is_dry(how)? {
        true => workspaces::set_access_impact(app, person, workspace, user, given).await?,
        false => workspaces::set_access(app, person, workspace, user, given).await?,
    };
    Ok(axum::Json(set.into()))
}

/// Whether nothing is to be changed, and only the impact told.
pub(super) fn is_dry(how: &HowToSet) -> Result<bool, Refusal> {
    match how.dry_run.as_deref() {
        Some("true") => Ok(true),
        None | Some("" | "false") => Ok(false),
        Some(_) => Err(Refusal::field("dry_run", "true or false")),
    }
}
