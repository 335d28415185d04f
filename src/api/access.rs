//! `/workspaces/{workspace_id}/members`: who is in a workspace, and as what.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Listed};
use super::shape::{answer, body, query};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{UserId, WorkspaceId};
use crate::impact::Impact;
use crate::workspaces::{self, Given, Holding, PersonHere, Set};
use axum::extract::{OriginalUri, State};
use axum::response::Response;

query! {
    /// What the list's address says.
    pub struct AskedPeople {
        /// Part of a name or address, in any letter case.
        pub search: Option<String>,
        /// People on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

answer! {
    /// Somebody with a role in a workspace.
    pub struct PersonInWorkspace {
        pub user_id: String,
        pub name: String,
        pub email: String,
        /// Their place in the workspace's organization; `null` where it stands alone.
        pub member_id: Option<String>,
        /// Their role in that organization, which says nothing about the workspace but for a viewer, who changes nothing.
        pub org_role: Option<&'static str>,
        /// They can do nothing until they are reinstated.
        pub suspended: bool,
        pub roles: Vec<RoleInWorkspace>,
    }
}

answer! {
    /// One role of a person in a workspace: they may have one of each source.
    pub struct RoleInWorkspace {
        /// `owner`, `admin`, `member`, `viewer` or `custom`
        pub role: &'static str,
        /// The custom role's id and name.
        pub custom_role_id: Option<String>,
        pub custom_role: Option<String>,
        /// `direct` or `organization`
        pub source: &'static str,
    }
}

impl From<PersonHere> for PersonInWorkspace {
    fn from(here: PersonHere) -> Self {
        Self {
            user_id: here.user.into(),
            name: here.name,
            email: here.email,
            member_id: here.member.map(String::from),
            org_role: here.organization_role.map(|role| role.as_str()),
            suspended: here.suspended,
            roles: here
                .standing
                .0
                .into_iter()
                .map(RoleInWorkspace::from)
                .collect(),
        }
    }
}

impl From<Holding> for RoleInWorkspace {
    fn from(held: Holding) -> Self {
        let (custom_role_id, custom_role) = held.custom.map(|(id, name)| (id.into(), name)).unzip();
        Self {
            role: held.role.as_str(),
            custom_role_id,
            custom_role,
            source: held.source.as_str(),
        }
    }
}

/// `GET /workspaces/{workspace_id}/members`
pub async fn list(
    State(app): State<App>,
    Caller(person): Caller,
    Path(workspace): Path<WorkspaceId>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedPeople>,
) -> ApiResult<Response> {
    let limit = paging::limit(asked.limit.as_deref())?;
    let (search, cursor) = (
        asked.search.unwrap_or_default(),
        asked.cursor.unwrap_or_default(),
    );
    let page = workspaces::people_here(&app, &person, &workspace, &search, &cursor, limit).await?;
    let data = page
        .people
        .into_iter()
        .map(PersonInWorkspace::from)
        .collect();
    paging::answer(
        &app,
        &uri,
        Listed {
            data,
            next_cursor: page.next,
        },
    )
}

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
            changes: impact
                .changes
                .iter()
                .take(100)
                .map(|change| change.sentence())
                .collect(),
        }
    }
}

impl From<Set> for AccessChanged {
    fn from(set: Set) -> Self {
        Self {
            person: set.person,
            workspace: set.workspace,
            before: set.before,
            after: set.after,
            impact: set.impact.into(),
        }
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
    let given = Given::parse(&asked.role)
        .ok_or_else(|| Refusal::field("role", "There is no such role."))?;
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
