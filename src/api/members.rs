//! `/organizations/{org_id}/members`: the directory, and what is done with members.

use super::bearer;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Listed};
use super::shape::{answer, body, query};
use crate::access::OrgRole;
use crate::actor::Actor;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Checks, Refusal};
use crate::ids::{MemberId, OrgId, WorkspaceId};
use crate::members::{self, Entry, Filter, Page, Sort, StatusFilter};
use crate::organizations::Organization;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;

answer! {
    /// A member, or somebody who is invited.
    pub struct Member {
        pub id: String,
        /// `null` for somebody invited.
        pub user_id: Option<String>,
        pub name: String,
        pub email: Option<String>,
        pub github_login: Option<String>,
        /// `owner`, `admin`, `billing`, `member` or `viewer`; for somebody invited the role that applies when they join.
        pub org_role: &'static str,
        /// `active`, `not_signed_in`, `suspended`, `invited` or `expired`
        pub status: &'static str,
        /// The address is proved, or a GitHub account is linked.
        pub verified: bool,
        /// How many workspaces they can open.
        pub workspaces: i64,
        pub last_active_at: Option<String>,
        pub joined_at: Option<String>,
        pub invited_at: Option<String>,
        pub invitation: Option<Pending>,
    }
}

answer! {
    /// The invitation of somebody invited.
    pub struct Pending {
        pub id: String,
        pub invited_by: String,
        pub expires_at: String,
        /// `queued`, `sent` or `failed`
        pub delivery: String,
        pub delivery_error: Option<String>,
    }
}

/// "" is nothing.
pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl Member {
    /// A member as the directory of their organization shows them.
    pub(super) fn new(entry: Entry, org: &Organization) -> Self {
        let opens = if entry.status.is_member() {
            entry.opens(org)
        } else {
            entry.workspaces
        };
        let since = rfc3339(entry.since);
        let (joined_at, invited_at) = if entry.status.is_member() {
            (Some(since), None)
        } else {
            (None, Some(since))
        };
        Self {
            id: entry.id.into(),
            user_id: entry.user.map(String::from),
            name: entry.name,
            email: some(entry.email),
            github_login: some(entry.github_login),
            org_role: entry.role.as_str(),
            status: entry.status.as_str(),
            verified: entry.verified,
            workspaces: opens,
            last_active_at: entry.last_active_at.map(rfc3339),
            joined_at,
            invited_at,
            invitation: entry.invitation.map(|invitation| Pending {
                id: invitation.id.into(),
                invited_by: invitation.inviter,
                expires_at: rfc3339(invitation.expires_at),
                delivery: invitation.delivery,
                delivery_error: some(invitation.delivery_error),
            }),
        }
    }
}

query! {
    /// What the list's address says.
    pub struct Asked {
        /// Part of a name, address or GitHub username, in any letter case.
        pub search: Option<String>,
        /// `all`, `active`, `invited`, `expired` or `suspended`
        pub status: Option<String>,
        /// Only this role.
        #[serde(alias = "org_role")]
        pub role: Option<String>,
        /// Only people with access to this workspace.
        pub workspace_id: Option<String>,
        /// `name`, `email`, `role`, `workspaces`, `last_active` or `joined`
        pub sort: Option<String>,
        /// `asc` or `desc`
        pub order: Option<String>,
        /// Members on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

impl Asked {
    fn filter(&self) -> Result<Filter, Refusal> {
        let mut checks = Checks::default();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let status = StatusFilter::parse(&text(&self.status))
            .ok_or("Say all, active, invited, expired or suspended.");
        let sort = Sort::parse(&text(&self.sort))
            .ok_or("Say name, email, role, workspaces, last_active or joined.");
        let role = self
            .role
            .as_deref()
            .map(|name| OrgRole::parse(name).ok_or(NO_ROLE))
            .transpose();
        let order = match text(&self.order).as_str() {
            "" | "asc" => Ok(false),
            "desc" => Ok(true),
            _ => Err("Say asc or desc."),
        };
        let (status, sort) = (checks.take("status", status), checks.take("sort", sort));
        let (role, descending) = (checks.take("role", role), checks.take("order", order));
        checks.done()?;
        Ok(Filter {
            search: text(&self.search),
            status: status.unwrap_or_default(),
            role: role.flatten(),
            workspace: self.workspace_id.clone().map(WorkspaceId::from),
            sort: sort.unwrap_or_default(),
            descending: descending.unwrap_or_default(),
            page: self.cursor.clone().map_or(Page::First, Page::After),
            limit: paging::limit(self.limit.as_deref())?,
        })
    }
}

/// What is said where a role's name is none.
const NO_ROLE: &str = "Say owner, admin, billing, member or viewer.";

/// Reads a role that somebody is to have, by Roster's name or one that other products use (product.md, 2), as it goes by in
/// the organization.
pub(super) fn read_role(actor: &Actor, name: &str) -> Result<OrgRole, Refusal> {
    actor
        .org
        .policies
        .read_role(name)
        .ok_or_else(|| Refusal::field("org_role", NO_ROLE))
}

/// `GET /organizations/{org_id}/members` (S1-105)
pub async fn list(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let listed = members::list(&app, &actor, &asked.filter()?).await?;
    let data = listed
        .entries
        .into_iter()
        .map(|entry| Member::new(entry, &actor.org))
        .collect();
    paging::answer(
        &app,
        &uri,
        Listed {
            data,
            next_cursor: listed.next,
        },
    )
}

/// `GET /organizations/{org_id}/members/{member_id}`
pub async fn show(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, member)): Path<(String, MemberId)>,
) -> ApiResult<axum::Json<Member>> {
    Ok(axum::Json(Member::new(
        members::find(&app, &actor, &member).await?,
        &actor.org,
    )))
}

body! {
    /// What to change about a member.
    pub struct Update {
        /// `owner`, `admin`, `billing`, `member` or `viewer`. Where only owner and member are offered, `admin` is the owner.
        #[serde(alias = "role")]
        pub org_role: String,
    }
}

/// `PUT /organizations/{org_id}/members/{member_id}` (S1-107)
pub async fn update_member(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, member)): Path<(String, MemberId)>,
    Json(update): Json<Update>,
) -> ApiResult<axum::Json<Member>> {
    let role = read_role(&actor, &update.org_role)?;
    Ok(axum::Json(Member::new(
        members::change_role(&app, &actor, &member, role)
            .await?
            .after,
        &actor.org,
    )))
}

/// `DELETE /organizations/{org_id}/members/{member_id}` (S1-108)
pub async fn remove(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, member)): Path<(String, MemberId)>,
) -> ApiResult<StatusCode> {
    members::remove(&app, &actor, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /organizations/{org_id}/members/{member_id}/suspend`
pub async fn suspend(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, member)): Path<(String, MemberId)>,
) -> ApiResult<axum::Json<Member>> {
    Ok(axum::Json(Member::new(
        members::suspend(&app, &actor, &member).await?,
        &actor.org,
    )))
}

/// `POST /organizations/{org_id}/members/{member_id}/reinstate`
pub async fn reinstate(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, member)): Path<(String, MemberId)>,
) -> ApiResult<axum::Json<Member>> {
    Ok(axum::Json(Member::new(
        members::reinstate(&app, &actor, &member).await?,
        &actor.org,
    )))
}

/// `POST /organizations/{org_id}/leave`: for somebody suspended too.
pub async fn leave(
    State(app): State<App>,
    bearer::Caller(person): bearer::Caller,
    Path(org): Path<OrgId>,
) -> ApiResult<StatusCode> {
    members::leave(&app, &person, &org).await?;
    Ok(StatusCode::NO_CONTENT)
}
