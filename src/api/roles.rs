//! `/organizations/{org_id}/roles`: custom roles.

use super::access::{HowToSet, ImpactOnPeople, is_dry};
use super::bearer::Member;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::members::some;
use super::paging::{self, Asked, Listed};
use super::shape::{answer, body, query};
use crate::access::{ACTIONS, Action, Actions};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::{CustomRoleId, WorkspaceId};
use crate::roles::{self, Deletion, Edit, Line, NewLine, Order, Scope, Use};
use crate::workspaces::Given;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;

answer! {
    /// A custom role: made once in the organization, assigned in any of its workspaces.
    pub struct CustomRole {
        pub id: String,
        pub name: String,
        pub description: String,
        pub created_at: String,
        /// `in_effect`, `not_assigned`, `not_used` or `not_assigned_and_not_used`
        pub status: &'static str,
        /// Why it has no effect; `null` where it has one.
        pub not_in_effect: Option<String>,
        /// People who have it, as far as the caller sees them.
        pub people: i64,
        /// Workspaces where it is assigned, likewise.
        pub workspaces: i64,
        /// Lines of what it allows.
        pub permissions: i64,
    }
}

impl CustomRole {
    fn new(role: roles::CustomRole, used: Use) -> Self {
        Self {
            id: role.id.into(),
            name: role.name,
            description: role.description,
            created_at: rfc3339(role.created_at),
            status: used.status().as_str(),
            not_in_effect: some(used.status().why().to_owned()),
            people: used.people,
            workspaces: used.workspaces,
            permissions: used.permissions,
        }
    }
}

query! {
    /// What the list's address says.
    pub struct AskedRoles {
        /// Part of a name, in any letter case.
        pub search: Option<String>,
        /// `name` or `created`
        pub sort: Option<String>,
        /// `asc` or `desc`
        pub order: Option<String>,
        /// Roles on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

/// `GET /organizations/{org_id}/roles` (S3-32)
pub async fn list(
    State(app): State<App>,
    Member(actor): Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedRoles>,
) -> ApiResult<Response> {
    let sort = Order::parse(asked.sort.as_deref().unwrap_or(""))
        .ok_or_else(|| Refusal::field("sort", "Say name or created."))?;
    let descending = match asked.order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Refusal::field("order", "Say asc or desc.").into()),
    };
    let (search, cursor) = (
        asked.search.as_deref().unwrap_or(""),
        asked.cursor.as_deref().unwrap_or(""),
    );
    let limit = paging::limit(asked.limit.as_deref())?;
    let (listed, next_cursor) =
        roles::list(&app, &actor, search, (sort, descending), cursor, limit).await?;
    let data = listed
        .into_iter()
        .map(|one| CustomRole::new(one.role, one.used))
        .collect();
    paging::answer(&app, &uri, Listed { data, next_cursor })
}

body! {
    /// A custom role to make.
    pub struct NewRole {
        pub name: String,
        pub description: Option<String>,
        /// The workspace by whose access the caller makes it, where they manage that and not the organization.
        pub workspace_id: Option<String>,
    }
}

/// `POST /organizations/{org_id}/roles` (S3-30)
pub async fn create(
    State(app): State<App>,
    Member(actor): Member,
    Json(new): Json<NewRole>,
) -> ApiResult<(StatusCode, axum::Json<CustomRole>)> {
    let workspace = new.workspace_id.map(WorkspaceId::from);
    let role = roles::create(
        &app,
        &actor,
        workspace.as_ref(),
        &new.name,
        new.description.as_deref().unwrap_or(""),
    )
    .await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(CustomRole::new(role, Use::default())),
    ))
}

/// `GET /organizations/{org_id}/roles/{role_id}`
pub async fn show(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
) -> ApiResult<axum::Json<CustomRole>> {
    let found = roles::find(&app, &actor, &role).await?;
    Ok(axum::Json(CustomRole::new(found.role, found.used)))
}

body! {
    /// What to change about a custom role.
    pub struct ChangedRole {
        pub name: Option<String>,
        pub description: Option<String>,
    }
}

/// `PUT /organizations/{org_id}/roles/{role_id}`
pub async fn update(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Json(change): Json<ChangedRole>,
) -> ApiResult<axum::Json<CustomRole>> {
    roles::change_details(
        &app,
        &actor,
        &role,
        change.name.as_deref(),
        change.description.as_deref(),
    )
    .await?;
    let found = roles::find(&app, &actor, &role).await?;
    Ok(axum::Json(CustomRole::new(found.role, found.used)))
}

answer! {
    /// What a role allows: the whole of a kind, or one resource with everything below it.
    pub struct RolePermission {
        pub kind: String,
        /// `null`: the whole kind.
        pub resource_id: Option<String>,
        pub resource_name: Option<String>,
        pub workspace_id: Option<String>,
        /// `view`, `run`, `create`, `edit`, `delete`
        pub actions: Vec<&'static str>,
    }
}

impl From<Line> for RolePermission {
    fn from(line: Line) -> Self {
        let (resource_name, workspace_id) =
            line.at.map(|at| (at.name, at.workspace.into())).unzip();
        Self {
            kind: line.kind,
            resource_id: match line.scope {
                Scope::Kind(_) => None,
                Scope::Resource(id) => Some(id.into()),
            },
            resource_name,
            workspace_id,
            actions: ACTIONS
                .into_iter()
                .filter(|action| line.actions.allow(*action))
                .map(Action::as_str)
                .collect(),
        }
    }
}

answer! {
    /// Everything that a role allows, as far as the caller sees it.
    pub struct RolePermissions {
        pub permissions: Vec<RolePermission>,
        /// Lines about resources of workspaces that the caller doesn't manage.
        pub hidden: i64,
    }
}

/// `GET /organizations/{org_id}/roles/{role_id}/permissions`
pub async fn permissions(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
) -> ApiResult<axum::Json<RolePermissions>> {
    let found = roles::find(&app, &actor, &role).await?;
    let permissions = found.lines.into_iter().map(RolePermission::from).collect();
    Ok(axum::Json(RolePermissions {
        permissions,
        hidden: found.hidden_lines,
    }))
}

body! {
    /// Everything that a role is to allow.
    pub struct PermissionsToSet {
        pub permissions: Vec<PermissionToSet>,
    }
}

body! {
    /// One line: a kind or a resource, and what may be done with it.
    pub struct PermissionToSet {
        pub kind: Option<String>,
        pub resource_id: Option<String>,
        /// `view`, `run`, `create`, `edit`, `delete`; `view` is added where anything else stands.
        pub actions: Vec<String>,
    }
}

impl PermissionToSet {
    fn read(self) -> Result<NewLine, Refusal> {
        let scope = match (self.kind, self.resource_id) {
            (Some(kind), None) => Scope::Kind(kind),
            (None, Some(id)) => Scope::Resource(id.into()),
            _ => {
                return Err(Refusal::field(
                    "permissions",
                    "Each line names either a kind or a resource_id.",
                ));
            }
        };
        let mut actions = Actions::none();
        for name in &self.actions {
            let action = ACTIONS.into_iter().find(|action| action.as_str() == name);
            let unknown = || {
                Refusal::field(
                    "permissions",
                    format!("“{name}” is not one of view, run, create, edit and delete."),
                )
            };
            actions = actions.with(action.ok_or_else(unknown)?, true);
        }
        Ok(NewLine { scope, actions })
    }
}

answer! {
    /// What a change of a role's permissions did, or would do.
    pub struct PermissionsChanged {
        pub permissions: Vec<RolePermission>,
        /// What it allows that it didn't.
        pub gained: Vec<RolePermission>,
        pub lost: Vec<RolePermission>,
        pub impact: ImpactOnPeople,
    }
}

impl From<Edit> for PermissionsChanged {
    fn from(edit: Edit) -> Self {
        let lines = |lines: Vec<Line>| lines.into_iter().map(RolePermission::from).collect();
        let changes = |changes: Vec<roles::Change>| {
            lines(changes.into_iter().map(roles::Change::into_line).collect())
        };
        Self {
            permissions: lines(edit.after),
            gained: changes(edit.gained),
            lost: changes(edit.lost),
            impact: edit.impact.into(),
        }
    }
}

/// `PUT /organizations/{org_id}/roles/{role_id}/permissions` (S3-34)
pub async fn set_permissions(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Query(how): Query<HowToSet>,
    Json(asked): Json<PermissionsToSet>,
) -> ApiResult<axum::Json<PermissionsChanged>> {
    let lines = asked
        .permissions
        .into_iter()
        .map(PermissionToSet::read)
        .collect::<Result<Vec<_>, _>>()?;
    let edit = match is_dry(&how)? {
        true => roles::permissions_impact(&app, &actor, &role, &lines).await?,
        false => roles::set_permissions(&app, &actor, &role, &lines).await?,
    };
    Ok(axum::Json(edit.into()))
}

answer! {
    /// Somebody who has a role in a workspace.
    pub struct RoleHolder {
        pub workspace_id: String,
        pub workspace: String,
        pub member_id: String,
        pub name: String,
        pub email: Option<String>,
    }
}

/// `GET /organizations/{org_id}/roles/{role_id}/holders`
pub async fn holders(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
) -> ApiResult<Response> {
    let limit = paging::limit(asked.limit.as_deref())?;
    let (holders, next_cursor) = roles::holders(
        &app,
        &actor,
        &role,
        asked.cursor.as_deref().unwrap_or(""),
        limit,
    )
    .await?;
    let data = holders.into_iter().map(|holder| RoleHolder {
        workspace_id: holder.workspace.into(),
        workspace: holder.workspace_name,
        member_id: holder.member.into(),
        name: holder.name,
        email: some(holder.email),
    });
    paging::answer(
        &app,
        &uri,
        Listed {
            data: data.collect(),
            next_cursor,
        },
    )
}

query! {
    /// How to delete a role.
    pub struct HowToDelete {
        /// The role's name, to confirm; not needed for a dry run.
        pub confirm: Option<String>,
        /// What its holders get instead: `viewer`, `member`, `admin`, or the id of another custom role. Without it they lose the workspaces.
        pub replacement: Option<String>,
        /// `true`: nothing is changed, and the answer says what would be.
        pub dry_run: Option<String>,
    }
}

answer! {
    /// What the deletion of a role took, or would take.
    pub struct RoleDeletion {
        pub name: String,
        /// People who have it.
        pub people: i64,
        /// Workspaces where it is assigned.
        pub workspaces: i64,
        /// Lines of what it allows.
        pub permissions: i64,
        /// The role that its holders get; `null`: they lose the workspaces.
        pub replacement: Option<String>,
        /// Pending invitations that offered it.
        pub invitations: i64,
        /// Of these, the ones that offered nothing else and are revoked.
        pub invitations_revoked: i64,
        pub impact: ImpactOnPeople,
    }
}

impl From<Deletion> for RoleDeletion {
    fn from(deletion: Deletion) -> Self {
        Self {
            name: deletion.role.name,
            people: deletion.used.people,
            workspaces: deletion.used.workspaces,
            permissions: deletion.used.permissions,
            replacement: deletion.replacement,
            invitations: deletion.invitations as i64,
            invitations_revoked: deletion.revoked as i64,
            impact: deletion.impact.into(),
        }
    }
}

/// `DELETE /organizations/{org_id}/roles/{role_id}` (S3-36, S3-37)
pub async fn delete(
    State(app): State<App>,
    Member(actor): Member,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Query(asked): Query<HowToDelete>,
) -> ApiResult<axum::Json<RoleDeletion>> {
    let unknown = || Refusal::field("replacement", "There is no such role.");
    let replacement = asked
        .replacement
        .as_deref()
        .map(|text| Given::parse(text).ok_or_else(unknown))
        .transpose()?;
    let how = HowToSet {
        dry_run: asked.dry_run,
    };
    let deletion = match is_dry(&how)? {
        true => roles::deletion_impact(&app, &actor, &role, replacement.as_ref()).await?,
        false => {
            roles::delete(
                &app,
                &actor,
                &role,
                asked.confirm.as_deref().unwrap_or(""),
                replacement.as_ref(),
            )
            .await?
        }
    };
    Ok(axum::Json(deletion.into()))
}
