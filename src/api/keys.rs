//! Keys of an organization, and of a workspace.

use super::bearer::{Caller, Member};
use super::call::Call;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Asked};
use super::repeat::Kept;
use super::shape::{answer, body};
use crate::access::{OrgRole, WorkspaceRole};
use crate::accounts::TokenScope;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Checks, Refusal};
use crate::ids::{KeyId, WorkspaceId};
use crate::keys::{self, Made, NewKey};
use crate::workspaces;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Every call about keys.
pub(super) fn calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/keys", list)
            .says("List the organization's keys")
            .asks::<Asked>()
            .gives::<paging::Listed<Key>>(200),
        Call::post("/organizations/{org_id}/keys", create)
            .says("Make a key of the organization; its secret is in this answer and never again")
            .takes::<NewOrganizationKey>()
            .gives::<Key>(201),
        Call::delete("/organizations/{org_id}/keys/{key_id}", revoke)
            .says("Revoke a key of the organization"),
        Call::get("/workspaces/{workspace_id}/keys", list_of_workspace)
            .says("List the workspace's keys")
            .asks::<Asked>()
            .gives::<paging::Listed<Key>>(200),
        Call::post("/workspaces/{workspace_id}/keys", create_in_workspace)
            .says("Make a key of the workspace; its secret is in this answer and never again")
            .takes::<NewWorkspaceKey>()
            .gives::<Key>(201),
        Call::delete(
            "/workspaces/{workspace_id}/keys/{key_id}",
            revoke_of_workspace,
        )
        .says("Revoke a key of the workspace"),
    ]
}

answer! {
    /// A key of an organization, or of a workspace.
    pub struct Key {
        pub id: String,
        pub name: String,
        /// The first characters of the secret.
        pub prefix: String,
        /// `read` or `write`
        pub scope: &'static str,
        /// What it is in the organization: `admin`, `member` or `viewer`. A workspace's key is a member.
        pub org_role: &'static str,
        /// What it is in the workspaces that it reaches: `viewer`, `member` or `admin`; null for nothing.
        pub workspace_role: Option<&'static str>,
        pub made_by: MadeBy,
        pub created_at: String,
        pub expires_at: String,
        pub last_used_at: Option<String>,
        /// What to send as `Authorization: Bearer …`: in the answer to making the key, and never again.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
    }
}

answer! {
    /// Who made a key. It outlives them.
    pub struct MadeBy {
        pub user_id: String,
        /// Their name when they made it.
        pub name: String,
    }
}

impl From<keys::Key> for Key {
    fn from(key: keys::Key) -> Self {
        Self {
            id: key.id.into(),
            name: key.name,
            prefix: key.prefix,
            scope: key.scope.as_str(),
            org_role: key.org_role.as_str(),
            workspace_role: key.workspace_role.map(WorkspaceRole::as_str),
            made_by: MadeBy {
                user_id: key.maker.into(),
                name: key.maker_name,
            },
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            last_used_at: key.last_used_at.map(rfc3339),
            secret: None,
        }
    }
}

body! {
    /// What a new key of the organization shall be.
    pub struct NewOrganizationKey {
        pub name: String,
        /// `read` or `write`
        pub scope: String,
        /// What it is in the organization: `admin`, `member` or `viewer`.
        pub org_role: String,
        /// What it is in each of its workspaces: `viewer`, `member` or `admin`; nothing unless said.
        pub workspace_role: Option<String>,
        /// Days it lives; 90 unless said, or fewer where the organization says so.
        pub days: Option<i64>,
    }
}

body! {
    /// What a new key of the workspace shall be.
    pub struct NewWorkspaceKey {
        pub name: String,
        /// `read` or `write`
        pub scope: String,
        /// `viewer`, `member` or `admin`
        pub workspace_role: String,
        /// Days it lives; 90 unless said, or fewer where the organization says so.
        pub days: Option<i64>,
    }
}

/// `GET /organizations/{org_id}/keys`
pub async fn list(
    State(app): State<App>,
    Member(actor): Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let listed = keys::list_keys(&app, &actor)
        .await?
        .into_iter()
        .map(Key::from)
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(listed, &asked, |key: &Key| &key.id)?,
    )
}

/// `POST /organizations/{org_id}/keys`
pub async fn create(
    State(app): State<App>,
    Member(actor): Member,
    Json(new): Json<NewOrganizationKey>,
) -> ApiResult<Response> {
    let mut checks = Checks::default();
    let scope = checks.take("scope", scope(&new.scope));
    let org_role = checks.take(
        "org_role",
        OrgRole::parse(&new.org_role).ok_or("Say admin, member or viewer."),
    );
    let workspace_role = checks
        .take(
            "workspace_role",
            new.workspace_role
                .as_deref()
                .map(workspace_role)
                .transpose(),
        )
        .flatten();
    checks.done()?;
    let (Some(scope), Some(org_role)) = (scope, org_role) else {
        return Err(Refusal::NotFound.into());
    };
    let new = NewKey {
        name: &new.name,
        scope,
        org_role,
        workspace_role,
        days: new.days,
    };
    Ok(made(keys::create_key(&app, &actor, &new).await?))
}

/// `DELETE /organizations/{org_id}/keys/{key_id}`
pub async fn revoke(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, id)): Path<(String, KeyId)>,
) -> ApiResult<StatusCode> {
    keys::revoke_key(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /workspaces/{workspace_id}/keys`
pub async fn list_of_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let managed = workspaces::find_managed(&app, &person, &id).await?;
    let listed = keys::list_workspace_keys(&app, &managed)
        .await?
        .into_iter()
        .map(Key::from)
        .collect();
    paging::answer(
        &app,
        &uri,
        paging::page(listed, &asked, |key: &Key| &key.id)?,
    )
}

/// `POST /workspaces/{workspace_id}/keys`
pub async fn create_in_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path(id): Path<WorkspaceId>,
    Json(new): Json<NewWorkspaceKey>,
) -> ApiResult<Response> {
    let mut checks = Checks::default();
    let scope = checks.take("scope", scope(&new.scope));
    let role = checks.take("workspace_role", workspace_role(&new.workspace_role));
    checks.done()?;
    let Some(scope) = scope else {
        return Err(Refusal::NotFound.into());
    };
    let new = NewKey {
        name: &new.name,
        scope,
        org_role: OrgRole::Member,
        workspace_role: role,
        days: new.days,
    };
    Ok(made(
        keys::create_workspace_key(&app, &person, &id, &new).await?,
    ))
}

/// `DELETE /workspaces/{workspace_id}/keys/{key_id}`
pub async fn revoke_of_workspace(
    State(app): State<App>,
    Caller(person): Caller,
    Path((id, key)): Path<(WorkspaceId, KeyId)>,
) -> ApiResult<StatusCode> {
    keys::revoke_workspace_key(&app, &person, &id, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn scope(text: &str) -> Result<TokenScope, &'static str> {
    TokenScope::parse(text).ok_or("Say “read” or “write”.")
}

fn workspace_role(text: &str) -> Result<WorkspaceRole, &'static str> {
    WorkspaceRole::parse(text).ok_or("Say viewer, member or admin.")
}

/// The key with its secret, which a repeated request doesn't get again.
fn made(made: Made) -> Response {
    let key = Key::from(made.key);
    let kept = Kept(serde_json::to_value(&key).unwrap_or_default());
    let mut response = (
        StatusCode::CREATED,
        axum::Json(Key {
            secret: Some(made.secret),
            ..key
        }),
    )
        .into_response();
    response.extensions_mut().insert(kept);
    response
}
