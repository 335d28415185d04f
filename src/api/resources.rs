//! `/organizations/{org_id}/resources`, `/workspaces/{workspace_id}/resources`, and the kinds of resources.

use super::bearer::{Caller, Member};
use super::error::{ApiError, ApiResult, FieldProblem};
use super::input::{Json, Path, Query};
use super::paging::{self, Listed};
use super::shape::{answer, body, query};
use crate::access::{Kind, Level};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::{ResourceId, WorkspaceId};
use crate::resources::{
    self, Details, Filter, Mode, NewKind, NewResource, Place, Row, Upserted, Verdict,
};
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use std::collections::HashMap;

answer! {
    /// A thing of the host product.
    pub struct Resource {
        pub id: String,
        pub kind: String,
        /// The host product's own id.
        pub external_id: String,
        pub name: String,
        /// The workspace it stands in; `null`: the organization.
        pub workspace_id: Option<String>,
        /// The id of what it lies in.
        pub parent_id: Option<String>,
        /// It is the caller's own, and nobody else learns of it.
        pub is_private: bool,
        pub created_at: String,
        pub updated_at: String,
        pub archived_at: Option<String>,
        /// What the caller may do with it: `view`, `run`, `create`, `edit`, `delete`. Not in lists.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub your_actions: Option<Vec<&'static str>>,
        /// What it lies in, from the outermost in, as far as the caller may see. Not in lists.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub lies_in: Option<Vec<ResourceName>>,
    }
}

answer! {
    /// A resource by name.
    pub struct ResourceName {
        pub id: String,
        pub kind: String,
        pub external_id: String,
        pub name: String,
    }
}

impl From<resources::Resource> for Resource {
    fn from(resource: resources::Resource) -> Self {
        Self {
            id: resource.id.into(),
            kind: resource.kind,
            external_id: resource.external_id,
            name: resource.name,
            workspace_id: resource.workspace.map(String::from),
            parent_id: resource.parent.map(String::from),
            is_private: resource.owner.is_some(),
            created_at: rfc3339(resource.created_at),
            updated_at: rfc3339(resource.updated_at),
            archived_at: resource.archived_at.map(rfc3339),
            your_actions: None,
            lies_in: None,
        }
    }
}

impl From<Row> for Resource {
    fn from(row: Row) -> Self {
        row.resource.into()
    }
}

impl From<Details> for Resource {
    fn from(details: Details) -> Self {
        let around = details.around.into_iter();
        let name = |one: resources::Ancestor| ResourceName {
            id: one.id.into(),
            kind: one.kind,
            external_id: one.external_id,
            name: one.name,
        };
        Self {
            your_actions: Some(
                details
                    .actions
                    .into_iter()
                    .map(|action| action.as_str())
                    .collect(),
            ),
            lies_in: Some(around.map(name).collect()),
            ..details.resource.into()
        }
    }
}

/// The place in the call's address: an organization, or a workspace.
pub struct At(pub(super) Place);

impl FromRequestParts<App> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(ids) = Path::<HashMap<String, String>>::from_request_parts(parts, app).await?;
        match ids.get("workspace_id") {
            Some(id) => {
                let Caller(person) = Caller::from_request_parts(parts, app).await?;
                Ok(Self(
                    Place::of_workspace(app, &person, &WorkspaceId::from(id.as_str())).await?,
                ))
            }
            None => {
                let Member(actor) = Member::from_request_parts(parts, app).await?;
                Ok(Self(Place::of_organization(&actor)))
            }
        }
    }
}

query! {
    /// What a list of resources is asked for.
    pub struct AskedResources {
        /// Part of a name, or a whole external id.
        pub search: Option<String>,
        /// Of this kind only.
        pub kind: Option<String>,
        /// Only what lies directly in this resource, by its id.
        pub parent_id: Option<String>,
        /// `true`: what is archived, instead of what isn't.
        pub archived: Option<String>,
        /// Things on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

/// `GET …/resources`: what the caller sees there.
pub async fn list(
    State(app): State<App>,
    At(place): At,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedResources>,
) -> ApiResult<Response> {
    let archived = match asked.archived.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Refusal::field("archived", "Say true or false.").into()),
    };
    let filter = Filter {
        search: asked.search.unwrap_or_default(),
        kind: asked.kind.unwrap_or_default(),
        parent: asked.parent_id.map(ResourceId::from),
        archived,
        after: asked.cursor.unwrap_or_default(),
        limit: paging::limit(asked.limit.as_deref())?,
    };
    let listed = resources::list(&app, &place, &filter).await?;
    let data = listed.rows.into_iter().map(Resource::from).collect();
    paging::answer(
        &app,
        &uri,
        Listed {
            data,
            next_cursor: listed.next,
        },
    )
}

/// `GET …/resources/{resource_id}`
pub async fn show(
    State(app): State<App>,
    At(place): At,
    Path(ids): Path<HashMap<String, String>>,
) -> ApiResult<axum::Json<Resource>> {
    Ok(axum::Json(
        resources::details(&app, &place, &resource_id(&ids))
            .await?
            .into(),
    ))
}

fn resource_id(ids: &HashMap<String, String>) -> ResourceId {
    ResourceId::from(ids.get("resource_id").map_or("", String::as_str))
}

body! {
    /// What something lies in, by the host product's own id; in the same place.
    pub struct ParentResource {
        pub kind: String,
        pub external_id: String,
    }
}

impl From<ParentResource> for resources::Parent {
    fn from(parent: ParentResource) -> Self {
        Self {
            kind: parent.kind,
            external_id: parent.external_id,
        }
    }
}

body! {
    /// A resource as it is to be.
    pub struct UpsertedResource {
        pub kind: String,
        /// The host product's own id, unique among the kind's in its place.
        pub external_id: String,
        pub name: String,
        /// What it lies in; left out: in nothing.
        pub parent: Option<ParentResource>,
        /// The workspace it stands in; left out: the one in the address, or the organization.
        pub workspace_id: Option<String>,
        /// Of a private thing, its owner by id or e-mail address: the caller.
        pub owner: Option<String>,
    }
}

body! {
    /// Resources to make or to bring up to date, up to 1,000. The same again changes nothing.
    pub struct UpsertedResources {
        pub resources: Vec<UpsertedResource>,
        /// `refuse`: where one can't be accepted, none is written (unless said); `skip`: the others are.
        pub on_error: Option<String>,
    }
}

answer! {
    /// What became of one of the resources.
    pub struct ResourceVerdict {
        /// `created`, `changed`, `unchanged` or `refused`.
        pub verdict: &'static str,
        pub resource: Option<Resource>,
        /// Why it was refused.
        pub reason: Option<String>,
    }
}

answer! {
    /// What was done, a verdict for each resource in their order.
    pub struct ResourceVerdicts {
        pub data: Vec<ResourceVerdict>,
    }
}

impl From<Verdict> for ResourceVerdict {
    fn from(verdict: Verdict) -> Self {
        let done = |verdict, resource: resources::Resource| Self {
            verdict,
            resource: Some(resource.into()),
            reason: None,
        };
        match verdict {
            Verdict::Created(resource) => done("created", resource),
            Verdict::Changed(resource) => done("changed", resource),
            Verdict::Unchanged(resource) => done("unchanged", resource),
            Verdict::Refused(refusal) => Self {
                verdict: "refused",
                resource: None,
                reason: Some(reason(&refusal)),
            },
        }
    }
}

fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(fields) => fields
            .iter()
            .map(|f| format!("{}: {}", f.field, f.message))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}

/// `POST …/resources`
pub async fn upsert(
    State(app): State<App>,
    At(place): At,
    Json(sent): Json<UpsertedResources>,
) -> ApiResult<Response> {
    let mode = match sent.on_error.as_deref() {
        None | Some("refuse") => Mode::AllOrNothing,
        Some("skip") => Mode::Each,
        Some(_) => return Err(Refusal::field("on_error", "Say refuse or skip.").into()),
    };
    let new = |one: UpsertedResource| NewResource {
        kind: one.kind,
        external_id: one.external_id,
        name: one.name,
        parent: one.parent.map(Into::into),
        workspace: one.workspace_id.map(WorkspaceId::from),
        owner: one.owner.unwrap_or_default(),
    };
    let all: Vec<NewResource> = sent.resources.into_iter().map(new).collect();
    let done = resources::upsert(&app, &place, &all, mode).await?;
    if !done.written {
        return Err(nothing_written(done));
    }
    Ok(axum::Json(ResourceVerdicts {
        data: done.verdicts.into_iter().map(Into::into).collect(),
    })
    .into_response())
}

/// Every field that is wrong, by the place of its resource in what was sent; or, where all is well formed, the first
/// refusal of who asked.
fn nothing_written(done: Upserted) -> ApiError {
    let mut problems = Vec::new();
    let mut first = None;
    for (n, verdict) in done.verdicts.into_iter().enumerate() {
        match verdict {
            Verdict::Refused(Refusal::Invalid(fields)) => {
                problems.extend(fields.into_iter().map(|f| FieldProblem {
                    field: format!("resources[{n}].{}", f.field),
                    message: f.message.into(),
                }));
            }
            Verdict::Refused(refusal) => first = first.or(Some(refusal)),
            _ => {}
        }
    }
    match first {
        Some(refusal) if problems.is_empty() => refusal.into(),
        _ => ApiError::Fields(problems),
    }
}

body! {
    /// A resource's name, and what it lies in.
    pub struct ChangedResource {
        pub name: String,
        /// What it lies in; left out: in nothing.
        pub parent: Option<ParentResource>,
    }
}

/// `PUT …/resources/{resource_id}`
pub async fn update(
    State(app): State<App>,
    At(place): At,
    Path(ids): Path<HashMap<String, String>>,
    Json(changed): Json<ChangedResource>,
) -> ApiResult<axum::Json<Resource>> {
    let resource = resources::change(
        &app,
        &place,
        &resource_id(&ids),
        &changed.name,
        changed.parent.map(Into::into),
    )
    .await?;
    Ok(axum::Json(resource.into()))
}

/// `POST …/resources/{resource_id}/archive`
pub async fn archive(
    State(app): State<App>,
    At(place): At,
    Path(ids): Path<HashMap<String, String>>,
) -> ApiResult<axum::Json<Resource>> {
    Ok(axum::Json(
        resources::archive(&app, &place, &resource_id(&ids))
            .await?
            .into(),
    ))
}

/// `POST …/resources/{resource_id}/restore`
pub async fn restore(
    State(app): State<App>,
    At(place): At,
    Path(ids): Path<HashMap<String, String>>,
) -> ApiResult<axum::Json<Resource>> {
    Ok(axum::Json(
        resources::restore(&app, &place, &resource_id(&ids))
            .await?
            .into(),
    ))
}

answer! {
    /// A kind of resource.
    pub struct ResourceKind {
        pub kind: String,
        pub label: String,
        pub plural: String,
        /// Where things of it stand: `workspace`, `organization`, or `private` to their owners.
        pub level: &'static str,
        /// The lowest workspace role that creates, edits and deletes it: `member` or `admin`.
        pub writers: &'static str,
        /// Whether people can be limited to named ones.
        pub takes_grants: bool,
        /// What the plan must have for it to be used; `null`: nothing.
        pub entitlement: Option<String>,
    }
}

impl From<&Kind> for ResourceKind {
    fn from(kind: &Kind) -> Self {
        Self {
            kind: kind.name.to_string(),
            label: kind.label.to_string(),
            plural: kind.plural.to_string(),
            level: kind.level.as_str(),
            writers: kind.writers.as_str(),
            takes_grants: kind.takes_grants,
            entitlement: kind.entitlement.as_ref().map(ToString::to_string),
        }
    }
}

body! {
    /// A kind of resource to add, or how one that was added is to be.
    pub struct ChangedKind {
        pub label: String,
        pub plural: String,
        /// `workspace`, `organization` or `private`
        pub level: String,
        /// `member` or `admin`
        pub writers: String,
        pub takes_grants: Option<bool>,
        pub entitlement: Option<String>,
    }
}

/// `GET /organizations/{org_id}/resource-kinds`
pub async fn kinds(
    State(app): State<App>,
    Member(actor): Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<paging::Asked>,
) -> ApiResult<Response> {
    let kinds = resources::kinds(&app, &actor).await?;
    let all = kinds.iter().map(ResourceKind::from).collect();
    paging::answer(
        &app,
        &uri,
        paging::page(all, &asked, |kind: &ResourceKind| &kind.kind)?,
    )
}

/// `PUT /organizations/{org_id}/resource-kinds/{kind}`
pub async fn add_kind(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, kind)): Path<(String, String)>,
    Json(changed): Json<ChangedKind>,
) -> ApiResult<(StatusCode, axum::Json<ResourceKind>)> {
    let level = Level::parse(&changed.level)
        .ok_or_else(|| Refusal::field("level", "Say workspace, organization or private."))?;
    let members_write = match changed.writers.as_str() {
        "member" => true,
        "admin" => false,
        _ => return Err(Refusal::field("writers", "Say member or admin.").into()),
    };
    let new = NewKind {
        label: changed.label,
        plural: changed.plural,
        level,
        members_write,
        takes_grants: changed.takes_grants.unwrap_or(level == Level::Workspace),
        entitlement: changed.entitlement.unwrap_or_default(),
    };
    let kind = resources::add_kind(&app, &actor, &kind, &new).await?;
    Ok((StatusCode::OK, axum::Json(ResourceKind::from(&kind))))
}
