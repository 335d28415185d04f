//! Invitations as they are answered with.

use super::super::members::some;
use super::super::shape::answer;
use crate::clock::rfc3339;
use crate::invitations::{self, Kind, Offered, ToWorkspace};

answer! {
    /// An invitation of an organization.
    pub struct Invitation {
        pub id: String,
        /// `organization`, or `workspace`: that one makes or reuses the membership, as member.
        pub kind: &'static str,
        /// The row of the directory that stands for it; `null` where it is to somebody who is a member already.
        pub member_id: Option<String>,
        /// Where it is to an address.
        pub email: Option<String>,
        /// Where it is to an account at GitHub: its username when it was invited, and its number, which decides.
        pub github: Option<String>,
        pub github_id: Option<String>,
        pub name: Option<String>,
        /// Applies on joining; `null` where the workspace is in no organization.
        pub org_role: Option<&'static str>,
        /// Roles in workspaces that it gives on joining.
        pub workspace_access: Vec<OfferedAccess>,
        /// `pending`, `accepted`, `declined`, `revoked` or `expired`
        pub status: &'static str,
        pub invited_by: String,
        /// `queued`, `sent` or `failed`; `none` to an account at GitHub, where no mail goes
        pub delivery: &'static str,
        /// Why the mail waits or failed, in the mail server's words.
        pub delivery_error: Option<String>,
        pub delivered_at: Option<String>,
        pub created_at: String,
        pub expires_at: String,
        pub ended_at: Option<String>,
        /// A link that opens it: in the answer to asking for one, and never again.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub link: Option<String>,
    }
}

answer! {
    /// A workspace and the role that is offered in it.
    pub struct OfferedAccess {
        pub workspace_id: String,
        pub workspace: String,
        /// `owner`, `admin`, `member`, `viewer`, or the id of a custom role
        pub role: String,
        /// As people say it: the custom role's name.
        pub role_name: String,
    }
}

impl From<Offered> for OfferedAccess {
    fn from(line: Offered) -> Self {
        let role = line
            .role
            .custom()
            .map_or_else(|| line.role.role().as_str().to_owned(), |id| id.to_string());
        Self {
            workspace_id: line.workspace.into(),
            workspace: line.workspace_name,
            role,
            role_name: line.role_name,
        }
    }
}

impl From<invitations::Invitation> for Invitation {
    fn from(invitation: invitations::Invitation) -> Self {
        Self {
            id: invitation.id.into(),
            kind: invitation.kind.as_str(),
            member_id: invitation.member.map(String::from),
            email: invitation.to.address().map(str::to_owned),
            github: invitation.to.github().map(|user| user.login.clone()),
            github_id: invitation.to.github().map(|user| user.id.clone()),
            name: some(invitation.name),
            org_role: Some(invitation.role.as_str()),
            workspace_access: invitation
                .access
                .into_iter()
                .map(OfferedAccess::from)
                .collect(),
            status: invitation.status.as_str(),
            invited_by: invitation.inviter,
            delivery: invitation.delivery.as_str(),
            delivery_error: some(invitation.delivery_error),
            delivered_at: invitation.delivered_at.map(rfc3339),
            created_at: rfc3339(invitation.created_at),
            expires_at: rfc3339(invitation.expires_at),
            ended_at: invitation.ended_at.map(rfc3339),
            link: None,
        }
    }
}

fn offered(one: &invitations::Standalone) -> Vec<OfferedAccess> {
    vec![OfferedAccess {
        workspace_id: one.workspace.to_string(),
        workspace: one.workspace_name.clone(),
        role: one.role.as_str().to_owned(),
        role_name: one.role.label().to_owned(),
    }]
}

impl From<ToWorkspace> for Invitation {
    fn from(invitation: ToWorkspace) -> Self {
        let one = match invitation {
            ToWorkspace::Organization(one) => return one.into(),
            ToWorkspace::Standalone(one) => one,
        };
        Self {
            workspace_access: offered(&one),
            id: one.id.into(),
            kind: Kind::Workspace.as_str(),
            member_id: None,
            email: Some(one.email),
            github: None,
            github_id: None,
            name: None,
            org_role: None,
            status: one.status.as_str(),
            invited_by: one.inviter,
            delivery: one.delivery.as_str(),
            delivery_error: some(one.delivery_error),
            delivered_at: one.delivered_at.map(rfc3339),
            created_at: rfc3339(one.created_at),
            expires_at: rfc3339(one.expires_at),
            ended_at: one.ended_at.map(rfc3339),
            link: None,
        }
    }
}

answer! {
    /// An invitation to the caller.
    pub struct Offer {
        pub id: String,
        /// `null`: to a workspace that is in none.
        pub organization: Option<String>,
        /// Where it is to an address.
        pub email: Option<String>,
        /// Where it is to an account at GitHub: its username when it was invited.
        pub github: Option<String>,
        pub org_role: Option<&'static str>,
        /// `organization` or `workspace`
        pub kind: &'static str,
        pub workspace_access: Vec<OfferedAccess>,
        pub invited_by: String,
        pub expires_at: String,
    }
}

impl Offer {
    pub fn new(invitation: invitations::Invitation, organization: String) -> Self {
        Self {
            id: invitation.id.into(),
            organization: Some(organization),
            email: invitation.to.address().map(str::to_owned),
            github: invitation.to.github().map(|user| user.login.clone()),
            org_role: Some(invitation.role.as_str()),
            kind: invitation.kind.as_str(),
            workspace_access: invitation
                .access
                .into_iter()
                .map(OfferedAccess::from)
                .collect(),
            invited_by: invitation.inviter,
            expires_at: rfc3339(invitation.expires_at),
        }
    }
}

impl From<invitations::Standalone> for Offer {
    fn from(one: invitations::Standalone) -> Self {
        Self {
            workspace_access: offered(&one),
            id: one.id.into(),
            organization: None,
            email: Some(one.email),
            github: None,
            org_role: None,
            kind: Kind::Workspace.as_str(),
            invited_by: one.inviter,
            expires_at: rfc3339(one.expires_at),
        }
    }
}
