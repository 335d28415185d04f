//! `/organizations`

use super::bearer::{Caller, Member};
use super::error::ApiResult;
use super::input::{Json, Query};
use super::members;
use super::paging::{self, Asked};
use super::shape::{answer, body, query};
use crate::access::{OrgRole, WorkspaceRole};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::{MemberId, WorkspaceId};
use crate::invitations::{self, Accepted, GotWorkspace};
use crate::organizations::{self, Details};
use crate::workspaces;
use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

answer! {
    pub struct Organization {
        pub id: String,
        pub name: String,
        pub slug: String,
        pub created_at: String,
        /// Members, active and suspended.
        pub members: i64,
        /// Pending invitations.
        pub invited: i64,
        pub workspaces: i64,
        /// The caller's role: `owner`, `admin`, `billing`, `member` or `viewer`.
        pub your_role: &'static str,
    }
}

impl Organization {
    pub(super) fn new(org: &organizations::Organization, role: OrgRole) -> Self {
        Self {
            id: org.id.to_string(),
            name: org.name.clone(),
            slug: org.slug.clone(),
            created_at: rfc3339(org.created_at),
            members: org.members,
            invited: org.invited,
            workspaces: org.workspaces,
            your_role: role.as_str(),
        }
    }
}

body! {
    pub struct NewOrganization {
        pub name: String,
        /// Its part of the address, like `acme-corp`; made from the name unless said.
        pub slug: Option<String>,
        /// A workspace of the caller's that stands alone: it becomes the first of the organization.
        pub workspace_id: Option<String>,
    }
}

/// `GET /organizations`
pub async fn list(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let mine = person
        .seats
        .iter()
        .filter(|_| !person.is_of_one_workspace())
        .map(|seat| Organization::new(&seat.org, seat.role))
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(mine, &asked, |org: &Organization| &org.id)?,
    )
}

/// `POST /organizations`
pub async fn create(
    State(app): State<App>,
    Caller(person): Caller,
    Json(new): Json<NewOrganization>,
) -> ApiResult<Response> {
    let slug = new.slug.as_deref().unwrap_or("");
    let org = match new.workspace_id {
        None => organizations::create(&app, &person, &new.name, slug).await?,
        Some(id) => {
            workspaces::create_organization_from(
                &app,
                &person,
                &WorkspaceId::from(id),
                &new.name,
                slug,
            )
            .await?
        }
    };
    let location = [(
        header::LOCATION,
        format!("/api/v1/organizations/{}", org.id),
    )];
    Ok((
        StatusCode::CREATED,
        location,
        axum::Json(Organization::new(&org, OrgRole::Owner)),
    )
        .into_response())
}

/// `GET /organizations/{org_id}`
pub async fn show(Member(actor): Member) -> axum::Json<Organization> {
    axum::Json(Organization::new(&actor.org, actor.role))
}

body! {
    /// What to change about an organization; what isn't named stays as it is.
    pub struct ChangedOrganization {
        pub name: Option<String>,
        pub slug: Option<String>,
    }
}

/// `PUT /organizations/{org_id}` (S1-101)
pub async fn update(
    State(app): State<App>,
    Member(actor): Member,
    Json(changed): Json<ChangedOrganization>,
) -> ApiResult<axum::Json<Organization>> {
    let details = Details {
        name: changed.name,
        slug: changed.slug,
    };
    let org = organizations::change_details(&app, &actor, &details).await?;
    Ok(axum::Json(Organization::new(&org, actor.role)))
}

query! {
    /// What deleting asks for.
    pub struct Confirmation {
        /// The organization's name: without it nothing is deleted.
        pub confirm: Option<String>,
        /// What people with a custom role are instead: `viewer` unless said, `member`, `admin` or `owner`.
        pub custom_roles_become: Option<String>,
    }
}

/// `DELETE /organizations/{org_id}` (S1-17)
pub async fn delete(
    State(app): State<App>,
    Member(actor): Member,
    Query(asked): Query<Confirmation>,
) -> ApiResult<StatusCode> {
    let custom_to = match asked.custom_roles_become.as_deref() {
        None => WorkspaceRole::Viewer,
        Some(name) => WorkspaceRole::parse(name)
            .ok_or_else(|| Refusal::field("custom_roles_become", "There is no such fixed role."))?,
    };
    organizations::delete(
        &app,
        &actor,
        asked.confirm.as_deref().unwrap_or(""),
        custom_to,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

body! {
    /// Who becomes owner.
    pub struct Transfer {
        pub member_id: MemberId,
    }
}

/// `POST /organizations/{org_id}/transfer`: answers with the new owner.
pub async fn transfer(
    State(app): State<App>,
    Member(actor): Member,
    Json(transfer): Json<Transfer>,
) -> ApiResult<axum::Json<members::Member>> {
    Ok(axum::Json(members::Member::new(
        organizations::transfer(&app, &actor, &transfer.member_id).await?,
        &actor.org,
    )))
}

answer! {
    /// The organization that somebody has joined; its parts are `null` for a workspace that is in none.
    pub struct Joined {
        pub id: Option<String>,
        pub name: Option<String>,
        pub slug: Option<String>,
        pub org_role: Option<&'static str>,
        /// They were a member before, and got workspaces.
        pub already_member: bool,
        /// Every workspace that they can open now.
        pub workspaces: Vec<HeldWorkspace>,
        /// What they don't have, and who helps.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub note: Option<&'static str>,
    }
}

answer! {
    /// A workspace and the role in it, as people say it.
    pub struct HeldWorkspace {
        pub id: String,
        pub name: String,
        pub role: String,
    }
}

impl From<GotWorkspace> for Joined {
    fn from(got: GotWorkspace) -> Self {
        let workspaces = vec![HeldWorkspace {
            id: got.workspace.into(),
            name: got.name,
            role: got.role.label().to_owned(),
        }];
        Self {
            id: None,
            name: None,
            slug: None,
            org_role: None,
            already_member: false,
            workspaces,
            note: None,
        }
    }
}

impl From<invitations::Joined> for Joined {
    fn from(joined: invitations::Joined) -> Self {
        match joined {
            invitations::Joined::Organization(joined) => joined.into(),
            invitations::Joined::Standalone(got) => got.into(),
        }
    }
}

impl From<Accepted> for Joined {
    fn from(joined: Accepted) -> Self {
        let none = joined.workspaces.is_empty();
        let held = |one: crate::workspaces::HeldWorkspace| HeldWorkspace {
            id: one.id.into(),
            name: one.name,
            role: one.role,
        };
        Self {
            id: Some(joined.org.into()),
            name: Some(joined.org_name),
            slug: Some(joined.org_slug),
            org_role: Some(joined.role.as_str()),
            already_member: joined.was_member,
            workspaces: joined.workspaces.into_iter().map(held).collect(),
            note: none.then_some(
                "You are in the organization only. An admin must add you to a workspace.",
            ),
        }
    }
}
