//! `/organizations/{org_id}/policies`

use super::bearer::Member;
use super::error::ApiResult;
use super::input::Json;
use super::shape::{answer, body};
use crate::app::App;
use crate::error::{Checks, Refusal};
use crate::organizations::{self, RolesOffered, WhoInvites};
use axum::extract::State;

answer! {
    /// The rules of an organization, which every workspace inherits.
    pub struct Policies {
        /// `owners` or `owners_and_admins`
        pub who_invites: &'static str,
        /// Domains that may be invited; empty: any.
        pub invite_domains: Vec<String>,
        /// Days an invitation lives.
        pub invitation_days: i64,
        /// `simple`, `standard` or `full`
        pub roles_offered: &'static str,
        /// Owners and admins of the organization enter its workspaces without a role of their own.
        pub admins_enter: bool,
        /// Admins create workspaces.
        pub admins_create: bool,
        /// People may sign in by e-mail.
        pub allow_email: bool,
        /// People may sign in with GitHub.
        pub allow_github: bool,
        /// A session ends after so many hours without a click.
        pub session_idle_hours: i64,
        /// A session ends after so many days.
        pub session_absolute_days: i64,
        /// The longest life of tokens that act here.
        pub token_days: i64,
        /// Days that runs are kept; 0: for ever. What was counted of them, and the audit log, stay.
        pub run_days: i64,
        /// Whom to ask for help.
        pub support_contact: String,
    }
}

impl From<&organizations::Policies> for Policies {
    fn from(policies: &organizations::Policies) -> Self {
        Self {
            who_invites: policies.who_invites.as_str(),
            invite_domains: policies.invite_domains.clone(),
            invitation_days: policies.invitation_days,
            roles_offered: policies.roles_offered.as_str(),
            admins_enter: policies.admins_enter,
            admins_create: policies.admins_create,
            allow_email: policies.allow_email,
            allow_github: policies.allow_github,
            session_idle_hours: policies.session_idle_hours,
            session_absolute_days: policies.session_absolute_days,
            token_days: policies.token_days,
            run_days: policies.run_days,
            support_contact: policies.support_contact.clone(),
        }
    }
}

body! {
    /// The rules to change; what isn't named stays as it is.
    pub struct ChangedPolicies {
        /// `owners` or `owners_and_admins`
        pub who_invites: Option<String>,
        /// Domains that may be invited; empty: any.
        pub invite_domains: Option<Vec<String>>,
        /// 1 to 30
        pub invitation_days: Option<i64>,
        /// `simple`, `standard` or `full`
        pub roles_offered: Option<String>,
        pub admins_enter: Option<bool>,
        pub admins_create: Option<bool>,
        pub allow_email: Option<bool>,
        pub allow_github: Option<bool>,
        /// 1 to 720
        pub session_idle_hours: Option<i64>,
        /// 1 to 90
        pub session_absolute_days: Option<i64>,
        /// 1 to 3650
        pub token_days: Option<i64>,
        /// 0 to 3650; 0: for ever
        pub run_days: Option<i64>,
        pub support_contact: Option<String>,
    }
}

impl ChangedPolicies {
    fn over(self, now: &organizations::Policies) -> Result<organizations::Policies, Refusal> {
        let mut checks = Checks::default();
        let who_invites = self
            .who_invites
            .map(|text| WhoInvites::parse(&text).ok_or("Say owners or owners_and_admins."));
        let roles_offered = self
            .roles_offered
            .map(|text| RolesOffered::parse(&text).ok_or("Say simple, standard or full."));
        let who_invites = who_invites.and_then(|said| checks.take("who_invites", said));
        let roles_offered = roles_offered.and_then(|said| checks.take("roles_offered", said));
        checks.done()?;
        Ok(organizations::Policies {
            who_invites: who_invites.unwrap_or(now.who_invites),
            invite_domains: self
                .invite_domains
                .unwrap_or_else(|| now.invite_domains.clone()),
            invitation_days: self.invitation_days.unwrap_or(now.invitation_days),
            roles_offered: roles_offered.unwrap_or(now.roles_offered),
            admins_enter: self.admins_enter.unwrap_or(now.admins_enter),
            admins_create: self.admins_create.unwrap_or(now.admins_create),
            allow_email: self.allow_email.unwrap_or(now.allow_email),
            allow_github: self.allow_github.unwrap_or(now.allow_github),
            session_idle_hours: self.session_idle_hours.unwrap_or(now.session_idle_hours),
            session_absolute_days: self
                .session_absolute_days
                .unwrap_or(now.session_absolute_days),
            token_days: self.token_days.unwrap_or(now.token_days),
            run_days: self.run_days.unwrap_or(now.run_days),
            support_contact: self
                .support_contact
                .unwrap_or_else(|| now.support_contact.clone()),
        })
    }
}

/// `GET /organizations/{org_id}/policies`. Every member may know the rules they live by.
pub async fn show(Member(actor): Member) -> axum::Json<Policies> {
    axum::Json((&actor.org.policies).into())
}

/// `PUT /organizations/{org_id}/policies`
pub async fn update(
    State(app): State<App>,
    Member(actor): Member,
    Json(changed): Json<ChangedPolicies>,
) -> ApiResult<axum::Json<Policies>> {
    let wanted = changed.over(&actor.org.policies)?;
    let org = organizations::change_policies(&app, &actor, &wanted).await?;
    Ok(axum::Json((&org.policies).into()))
}
