//! `/workspaces/{ws}/members/invite`: the form that invites somebody to one workspace, and what is pending there.

use super::error::PageError;
use super::input::Form;
use super::invitations::CopyLink;
use super::invite::{InTheWay, in_the_way, waits};
use super::notice::Notice;
use super::page::{self, Shell};
use super::roles::picker::{Picker, Place, Typed};
use super::session::{SignedIn, Visitor, see_other};
use crate::access::{self, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::clock;
use crate::error::Refusal;
use crate::ids::{InvitationId, WorkspaceId};
use crate::invitations::{
    self, DeliveryState, Kind, NewWorkspaceInvitation, OnPending, Status, ToWorkspace,
};
use crate::text;
use crate::workspaces::{self, Managed};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

type PageResult = Result<Response, PageError>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct InviteForm {
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    role_search: String,
    #[serde(default)]
    role_do: String,
    /// "update" from the button that is offered where one is pending already.
    #[serde(default)]
    on_pending: String,
}

#[derive(Template)]
#[template(path = "invitations/to_workspace.html")]
struct New {
    shell: Shell,
    base: String,
    workspace_name: String,
    /// "": the workspace stands alone.
    org_name: String,
    days: String,
    form: InviteForm,
    email_error: String,
    email_hint: String,
    picker: Picker,
    in_the_way: Option<InTheWay>,
    may_update: bool,
    pending: Vec<Waiting>,
}

/// A pending invitation in the list.
struct Waiting {
    id: String,
    who: String,
    /// "Workspace invite, as Admin", or more of it.
    what: String,
    inviter: String,
    /// What became of the mail.
    delivery: String,
    has_link: bool,
}

impl From<ToWorkspace> for Waiting {
    fn from(invitation: ToWorkspace) -> Self {
        let (state, error, expired) = match &invitation {
            ToWorkspace::Organization(one) => (
                one.delivery,
                &one.delivery_error,
                one.status == Status::Expired,
            ),
            ToWorkspace::Standalone(one) => (
                one.delivery,
                &one.delivery_error,
                one.status == Status::Expired,
            ),
        };
        let delivery = match state {
            _ if expired => "expired".to_owned(),
            DeliveryState::Sent => "sent".to_owned(),
            DeliveryState::None => "shown to them once they sign in with GitHub".to_owned(),
            DeliveryState::Failed => format!("not sent: {error}"),
            DeliveryState::Queued if error.is_empty() => "the mail is on its way out".to_owned(),
            DeliveryState::Queued => format!("the mail waits: {error}"),
        };
        let has_link = invitation.has_link_here();
        match invitation {
            ToWorkspace::Organization(one) => Self {
                id: one.id.to_string(),
                what: one
                    .access
                    .iter()
                    .fold(one.kind.label().to_owned(), |text, line| {
                        format!("{text}, as {}", line.role_name)
                    }),
                who: one.to.label(),
                inviter: one.inviter,
                delivery,
                has_link,
            },
            ToWorkspace::Standalone(one) => Self {
                id: one.id.to_string(),
                what: format!("{}, as {}", Kind::Workspace.label(), one.role.label()),
                who: one.email,
                inviter: one.inviter,
                delivery,
                has_link,
            },
        }
    }
}

/// `GET /workspaces/{ws}/members/invite`
pub async fn new(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    let managed = managed(&app, &person, &id).await?;
    let form = InviteForm {
        role: WorkspaceRole::Member.as_str().into(),
        ..InviteForm::default()
    };
    let picker = picker(&app, &managed, &form).await?;
    Ok(page::ok(
        &form_page(&app, &person, &visitor, &managed, form, picker, None).await?,
    ))
}

/// `POST /workspaces/{ws}/members/invite`
pub async fn create(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(id): Path<WorkspaceId>,
    Form(form): Form<InviteForm>,
) -> PageResult {
    let managed = managed(&app, &person, &id).await?;
    let picker = picker(&app, &managed, &form).await?;
    if picker.wants_redraw() {
        return Ok(page::ok(
            &form_page(&app, &person, &visitor, &managed, form, picker, None).await?,
        ));
    }
    let outcome = match picker.chosen() {
        None => Err(Refusal::field(
            "role",
            "Choose one of the roles in the list.",
        )),
        Some(role) => {
            let on_pending = if form.on_pending == "update" {
                OnPending::Update
            } else {
                OnPending::Refuse
            };
            let new = NewWorkspaceInvitation {
                email: form.email.clone(),
                role,
                on_pending,
            };
            invitations::invite_to_workspace(&app, &person, &id, &new).await
        }
    };
    match outcome {
        Ok(invitation) => {
            let notice = Notice::good(
                format!("{} is invited to the workspace.", invitation.recipient()),
                waits(invitation.expires_at()),
            );
            Ok(see_other(
                format!("/workspaces/{id}/members/invite"),
                Some(notice),
            ))
        }
        Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_))) => {
            let status =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let picker = match refusal.message_for("role") {
                "" => picker,
                message => picker.refused(message.to_owned()),
            };
            Ok(page::draw(
                &form_page(
                    &app,
                    &person,
                    &visitor,
                    &managed,
                    form,
                    picker,
                    Some(&refusal),
                )
                .await?,
                status,
            ))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn picker(app: &App, managed: &Managed, form: &InviteForm) -> Result<Picker, Refusal> {
    let place = Place {
        action: format!("/workspaces/{}/members/invite", managed.workspace.id),
        field: "role",
        legend: "Role in the workspace".into(),
        actor: managed.actor.as_ref(),
        workspace: Some(&managed.workspace.id),
        up_to: managed.gives_up_to().unwrap_or(WorkspaceRole::Viewer),
    };
    let typed = Typed {
        role: form.role.clone(),
        search: form.role_search.clone(),
        button: form.role_do.clone(),
    };
    Picker::new(app, &place, typed).await
}

/// The workspace, for who manages its access.
async fn managed(app: &App, person: &Arc<Person>, id: &WorkspaceId) -> Result<Managed, Refusal> {
    let managed = workspaces::find_managed(app, person, id).await?;
    let role = managed.actor.as_ref().map(|actor| actor.role);
    access::may_set_access(managed.gives_up_to(), role, None, None, false)?;
    Ok(managed)
}

/// `POST /workspaces/{ws}/invitations/{invitation}/withdraw`
pub async fn withdraw(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path((id, invitation)): Path<(WorkspaceId, InvitationId)>,
) -> PageResult {
    let invitation = invitations::withdraw_from_workspace(&app, &person, &id, &invitation).await?;
    let notice = Notice::good(
        format!(
            "{} is no longer invited to the workspace.",
            invitation.recipient()
        ),
        "Invite them again if that was a mistake.",
    );
    Ok(see_other(
        format!("/workspaces/{id}/members/invite"),
        Some(notice),
    ))
}

/// `POST /workspaces/{ws}/invitations/{invitation}/link`: answers with the page that shows a further link, once.
pub async fn copy_link(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((id, invitation)): Path<(WorkspaceId, InvitationId)>,
) -> PageResult {
    let (invitation, link) =
        invitations::copy_link_to_workspace(&app, &person, &id, &invitation).await?;
    let managed = managed(&app, &person, &id).await?;
    Ok(page::ok(&CopyLink {
        shell: Shell::managed(&visitor, &person, &managed, "Members"),
        base: format!("/workspaces/{id}/members/invite"),
        back: "Invite to the workspace",
        to: managed.workspace.name.clone(),
        expires: clock::minute(invitation.expires_at()),
        who: invitation.recipient(),
        mailed: true,
        link,
    }))
}

async fn form_page(
    app: &App,
    person: &Arc<Person>,
    visitor: &Visitor,
    managed: &Managed,
    form: InviteForm,
    picker: Picker,
    refusal: Option<&Refusal>,
) -> Result<New, Refusal> {
    let (_, pending) = invitations::list_to_workspace(app, person, &managed.workspace.id).await?;
    let org = managed.actor.as_ref().map(|actor| &actor.org);
    Ok(New {
        shell: Shell::managed(visitor, person, managed, "Members"),
        base: format!("/workspaces/{}", managed.workspace.id),
        workspace_name: managed.workspace.name.clone(),
        org_name: org.map(|org| org.name.clone()).unwrap_or_default(),
        days: text::count(
            org.map_or(7, |org| org.policies.invitation_days),
            "day",
            "days",
        ),
        email_error: refusal.map_or(String::new(), |r| r.message_for("email").to_owned()),
        email_hint: match org.map(|org| org.policies.invite_domains.as_slice()) {
            None | Some([]) => "Only this address can accept.".into(),
            Some(domains) => format!(
                "New people only at {}, as the organization's policy says.",
                text::some_of(domains, 3)
            ),
        },
        picker,
        in_the_way: refusal.and_then(in_the_way),
        may_update: matches!(refusal, Some(Refusal::Conflict(conflict)) if conflict.code == "invitation_pending"),
        pending: pending.into_iter().map(Waiting::from).collect(),
        form,
    })
}
