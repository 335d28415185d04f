//! Invitations: the organization's under `/organizations/{org_id}`, and the caller's own under `/invitations`.

mod shown;

use super::bearer::{Caller, Member};
use super::error::{ApiError, ApiResult, FieldProblem};
use super::input::{Json, Path, Query};
use super::members::read_role;
use super::organizations;
use super::paging::{self, Asked, Listed};
use super::repeat::Kept;
use super::shape::{body, query};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{InvitationId, WorkspaceId};
use crate::invitations::{
    self, Changed, Ended, Filter, How, Key, NewInvitation, NewWorkspaceInvitation, OnPending,
    Opened, Status, Wanted,
};
use crate::members;
use crate::workspaces::Given;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub use shown::{Invitation, Offer};

body! {
    /// Whom to invite, as what.
    pub struct Invite {
        /// Their address; or else `github`.
        pub email: Option<String>,
        /// Their GitHub username. Whoever has that account then is invited, also under another name later; as `member` or
        /// `viewer`.
        pub github: Option<String>,
        /// For the directory until they join.
        pub name: Option<String>,
        /// `owner`, `admin`, `billing`, `member` or `viewer`
        #[serde(alias = "role")]
        pub org_role: String,
        /// Roles in workspaces of the organization that they get on joining.
        pub workspace_access: Option<Vec<WorkspaceAccess>>,
        /// What to do where they have a pending invitation: `refuse` (409 with its id), which is meant unless said, or `update`
        /// it and send it again.
        pub on_pending: Option<String>,
    }
}

body! {
    /// A workspace and the role in it.
    pub struct WorkspaceAccess {
        pub workspace_id: String,
        /// `owner`, `admin`, `member`, `viewer`, or the id of a custom role of the organization
        pub role: String,
    }
}

/// `POST /organizations/{org_id}/members/invite` (S1-45)
pub async fn invite(
    State(app): State<App>,
    Member(actor): Member,
    Json(wish): Json<Invite>,
) -> ApiResult<Response> {
    let role = read_role(&actor, &wish.org_role)?;
    let on_pending = parse_on_pending(wish.on_pending.as_deref())?;
    let access = wanted(wish.workspace_access.unwrap_or_default())?;
    let new = NewInvitation {
        email: wish.email.unwrap_or_default(),
        github: wish.github.unwrap_or_default(),
        name: wish.name.unwrap_or_default(),
        role,
        access,
        on_pending,
    };
    let invitation = invitations::invite(&app, &actor, &new)
        .await
        .map_err(by_our_names)?;
    Ok((
        StatusCode::CREATED,
        axum::Json(Invitation::from(invitation)),
    )
        .into_response())
}

fn parse_on_pending(text: Option<&str>) -> Result<OnPending, Refusal> {
    match text {
        None | Some("refuse") => Ok(OnPending::Refuse),
        Some("update") => Ok(OnPending::Update),
        Some(_) => Err(Refusal::field("on_pending", "Say refuse or update.")),
    }
}

fn wanted(asked: Vec<WorkspaceAccess>) -> Result<Vec<Wanted>, Refusal> {
    let mut wanted = Vec::with_capacity(asked.len());
    for (n, line) in asked.into_iter().enumerate() {
        let unknown = || {
            Refusal::field(
                format!("workspace_access[{n}].role"),
                "There is no such role. Say owner, admin, member or viewer.",
            )
        };
        wanted.push(Wanted {
            workspace: line.workspace_id.into(),
            role: Given::parse(&line.role).ok_or_else(unknown)?,
        });
    }
    Ok(wanted)
}

/// The page's form calls the role `role`.
fn by_our_names(refusal: Refusal) -> ApiError {
    let Refusal::Invalid(fields) = refusal else {
        return refusal.into();
    };
    let name = |field: &str| {
        if field == "role" {
            "org_role".to_owned()
        } else {
            field.to_owned()
        }
    };
    ApiError::Fields(
        fields
            .into_iter()
            .map(|f| FieldProblem {
                field: name(&f.field),
                message: f.message.into_owned(),
            })
            .collect(),
    )
}

query! {
    /// What the list's address says.
    pub struct AskedInvitations {
        /// `open` (pending or expired), which is meant unless said; `ended`, or one of `accepted`, `declined`, `revoked`
        pub status: Option<String>,
        /// Invitations on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

/// `GET /organizations/{org_id}/invitations`
pub async fn list(
    State(app): State<App>,
    Member(actor): Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedInvitations>,
) -> ApiResult<Response> {
    let ended = match asked.status.as_deref() {
        None | Some("open") => None,
        Some("ended") => Some(Ended::Any),
        Some(status) => match Status::parse(status) {
            Some(status @ (Status::Accepted | Status::Declined | Status::Revoked)) => {
                Some(Ended::As(status))
            }
            _ => {
                return Err(Refusal::field(
                    "status",
                    "Say open, ended, accepted, declined or revoked.",
                )
                .into());
            }
        },
    };
    let filter = Filter {
        ended,
        after: asked.cursor,
        limit: paging::limit(asked.limit.as_deref())?,
    };
    let listed = invitations::list(&app, &actor, &filter).await?;
    let data = listed
        .invitations
        .into_iter()
        .map(Invitation::from)
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

type InPath = Path<(String, InvitationId)>;

/// `GET /organizations/{org_id}/invitations/{invitation_id}`
pub async fn show(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): InPath,
) -> ApiResult<axum::Json<Invitation>> {
    Ok(axum::Json(
        invitations::find(&app, &actor, &id).await?.into(),
    ))
}

body! {
    /// What an invitation shall offer. What is left out stays.
    pub struct ChangedInvitation {
        /// `owner`, `admin`, `billing`, `member` or `viewer`
        #[serde(alias = "role")]
        pub org_role: Option<String>,
        /// Every role in workspaces that it gives from now on; `[]` for none.
        pub workspace_access: Option<Vec<WorkspaceAccess>>,
    }
}

/// `PUT /organizations/{org_id}/invitations/{invitation_id}`: changes what will apply on joining.
pub async fn update(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): InPath,
    Json(changed): Json<ChangedInvitation>,
) -> ApiResult<axum::Json<Invitation>> {
    let role = changed
        .org_role
        .as_deref()
        .map(|name| read_role(&actor, name))
        .transpose()?;
    if let Some(asked) = changed.workspace_access {
        let changed = Changed {
            role,
            access: Some(wanted(asked)?),
        };
        return Ok(axum::Json(
            invitations::change(&app, &actor, &id, &changed)
                .await
                .map_err(by_our_names)?
                .into(),
        ));
    }
    let role =
        role.ok_or_else(|| Refusal::field("org_role", "Say org_role, workspace_access, or both."))?;
    let invitation = invitations::find(&app, &actor, &id).await?;
    let row = invitation
        .member
        .as_ref()
        .filter(|_| invitation.is_open())
        .ok_or(Refusal::NotFound)?;
    members::change_role(&app, &actor, row, role).await?;
    Ok(axum::Json(
        invitations::find(&app, &actor, &id).await?.into(),
    ))
}

body! {
    /// Whom to invite to a workspace, as what there.
    pub struct InviteToWorkspace {
        pub email: String,
        /// `owner`, `admin`, `member`, `viewer`, or the id of a custom role of the organization
        pub role: String,
        /// What to do where the address has a pending invitation: `refuse` (409 with its id), which is meant unless said,
        /// or `update`: add the workspace to it and send it again.
        pub on_pending: Option<String>,
    }
}

/// `POST /workspaces/{workspace_id}/members/invite` (S5-31)
pub async fn invite_to_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    Json(wish): Json<InviteToWorkspace>,
) -> ApiResult<Response> {
    let role =
        Given::parse(&wish.role).ok_or_else(|| Refusal::field("role", "There is no such role."))?;
    let new = NewWorkspaceInvitation {
        email: wish.email,
        role,
        on_pending: parse_on_pending(wish.on_pending.as_deref())?,
    };
    let invitation = invitations::invite_to_workspace(&app, &person, &id, &new).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(Invitation::from(invitation)),
    )
        .into_response())
}

/// `GET /workspaces/{workspace_id}/invitations`
pub async fn list_to_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let (_, found) = invitations::list_to_workspace(&app, &person, &id).await?;
    let found = found.into_iter().map(Invitation::from).collect();
    paging::answer(
        &app,
        &uri,
        paging::page(found, &asked, |one: &Invitation| &one.id)?,
    )
}

/// `DELETE /workspaces/{workspace_id}/invitations/{invitation_id}`
pub async fn withdraw(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, id)): Path<(WorkspaceId, InvitationId)>,
) -> ApiResult<StatusCode> {
    invitations::withdraw_from_workspace(&app, &person, &workspace, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /organizations/{org_id}/invitations/{invitation_id}/resend`
pub async fn resend(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): InPath,
) -> ApiResult<axum::Json<Invitation>> {
    Ok(axum::Json(
        invitations::resend(&app, &actor, &id).await?.into(),
    ))
}

/// `POST /organizations/{org_id}/invitations/{invitation_id}/link`
pub async fn copy_link(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): InPath,
) -> ApiResult<Response> {
    let (invitation, link) = invitations::copy_link(&app, &actor, &id).await?;
    Ok(with_link(Invitation::from(invitation), link))
}

/// `POST /workspaces/{workspace_id}/invitations/{invitation_id}/link`
pub async fn copy_link_to_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, id)): Path<(WorkspaceId, InvitationId)>,
) -> ApiResult<Response> {
    let (invitation, link) =
        invitations::copy_link_to_workspace(&app, &person, &workspace, &id).await?;
    Ok(with_link(Invitation::from(invitation), link))
}

/// The invitation with its link, which a repeated request doesn't get again.
fn with_link(invitation: Invitation, link: String) -> Response {
    let kept = Kept(serde_json::to_value(&invitation).unwrap_or_default());
    let mut response = axum::Json(Invitation {
        link: Some(link),
        ..invitation
    })
    .into_response();
    response.extensions_mut().insert(kept);
    response
}

/// `DELETE /organizations/{org_id}/invitations/{invitation_id}`
pub async fn revoke(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): InPath,
) -> ApiResult<StatusCode> {
    invitations::revoke(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /invitations`: the pending ones to the caller's proved addresses and linked account at GitHub.
pub async fn mine(
    State(app): State<App>,
    Caller(person): Caller,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let own = invitations::list_own(&app, &person).await?;
    let standalone = invitations::list_own_to_standalone(&app, &person)
        .await?
        .into_iter()
        .map(Offer::from);
    let offers = own
        .into_iter()
        .map(|(invitation, organization)| Offer::new(invitation, organization))
        .chain(standalone)
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(offers, &asked, |offer: &Offer| &offer.id)?,
    )
}

/// `GET /invitations/{key}`: by its id, or by the secret at the end of its link.
pub async fn open(
    State(app): State<App>,
    Caller(person): Caller,
    Path(key): Path<String>,
) -> ApiResult<axum::Json<Offer>> {
    Ok(axum::Json(
        match invitations::open(&app, Some(&person), &Key::parse(&key)).await? {
            Opened::Organization(offer) => {
                let invitations::Offer {
                    invitation,
                    organization,
                    ..
                } = *offer;
                Offer::new(invitation, organization.name)
            }
            Opened::Standalone(offer) => offer.invitation.into(),
        },
    ))
}

/// `POST /invitations/{key}/accept`
pub async fn accept(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> ApiResult<axum::Json<organizations::Joined>> {
    join(&app, caller, &key, How::Accepting).await
}

/// `POST /invitations/{key}/close-and-join`: closes the caller's own personal organization on the way.
pub async fn close_and_join(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> ApiResult<axum::Json<organizations::Joined>> {
    join(&app, caller, &key, How::ClosingPersonal).await
}

async fn join(
    app: &App,
    Caller(person): Caller,
    key: &str,
    how: How,
) -> ApiResult<axum::Json<organizations::Joined>> {
    let joined =
        invitations::accept(app, Some(&person), &person.origin, &Key::parse(key), how).await?;
    Ok(axum::Json(joined.into()))
}

/// `POST /invitations/{key}/decline`
pub async fn decline(
    State(app): State<App>,
    Caller(person): Caller,
    Path(key): Path<String>,
) -> ApiResult<StatusCode> {
    invitations::decline(&app, Some(&person), &person.origin, &Key::parse(&key)).await?;
    Ok(StatusCode::NO_CONTENT)
}
