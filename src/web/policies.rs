//! `/orgs/{org}/policies`: every policy, each with what it does in a sentence.

use super::error::PageError;
use super::input::Form;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::impact::Impact;
use crate::organizations::{self, Policies, RolesOffered, WhoInvites};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// The fields as they were typed. A box that isn't ticked is absent.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct PoliciesForm {
    who_invites: String,
    admins_enter: Option<String>,
    admins_create: Option<String>,
    invite_domains: String,
    invitation_days: String,
    roles_offered: String,
    allow_email: Option<String>,
    allow_github: Option<String>,
    session_idle_hours: String,
    session_absolute_days: String,
    token_days: String,
    run_days: String,
    support_contact: String,
    /// They have seen what it does.
    confirmed: String,
}

impl PoliciesForm {
    /// The form again, for the page that asks whether to go on.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let typed = [
            ("who_invites", &self.who_invites),
            ("invite_domains", &self.invite_domains),
            ("invitation_days", &self.invitation_days),
            ("roles_offered", &self.roles_offered),
            ("session_idle_hours", &self.session_idle_hours),
            ("session_absolute_days", &self.session_absolute_days),
            ("token_days", &self.token_days),
            ("run_days", &self.run_days),
            ("support_contact", &self.support_contact),
        ];
        let ticked = [
            ("admins_enter", &self.admins_enter),
            ("admins_create", &self.admins_create),
            ("allow_email", &self.allow_email),
            ("allow_github", &self.allow_github),
        ];
        let ticked = ticked
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        typed
            .into_iter()
            .map(|(name, value)| (name, value.clone()))
            .chain(ticked)
            .collect()
    }

    fn of(policies: &Policies) -> Self {
        let ticked = |on: bool| on.then(|| "yes".to_owned());
        Self {
            who_invites: policies.who_invites.as_str().into(),
            admins_enter: ticked(policies.admins_enter),
            admins_create: ticked(policies.admins_create),
            invite_domains: policies.invite_domains.join("\n"),
            invitation_days: policies.invitation_days.to_string(),
            roles_offered: policies.roles_offered.as_str().into(),
            allow_email: ticked(policies.allow_email),
            allow_github: ticked(policies.allow_github),
            session_idle_hours: policies.session_idle_hours.to_string(),
            session_absolute_days: policies.session_absolute_days.to_string(),
            token_days: policies.token_days.to_string(),
            run_days: policies.run_days.to_string(),
            support_contact: policies.support_contact.clone(),
            confirmed: String::new(),
        }
    }

    /// What the form asks for. Who isn't shown the fields about admins leaves them as they are. A number that isn't one
    /// becomes 0, which is in no range.
    fn wanted(&self, actor: &Actor) -> Result<Policies, Refusal> {
        let before = &actor.org.policies;
        let bounds = access::may_bound_admins(actor.role);
        let number = |typed: &str| typed.trim().parse().unwrap_or(0);
        let who_invites = match self.who_invites.as_str() {
            "" if !bounds => before.who_invites,
            typed => WhoInvites::parse(typed)
                .ok_or_else(|| Refusal::field("who_invites", "Choose one of the two."))?,
        };
        let ticked = |field: &Option<String>, was: bool| field.is_some() || (!bounds && was);
        Ok(Policies {
            who_invites,
            admins_enter: ticked(&self.admins_enter, before.admins_enter),
            admins_create: ticked(&self.admins_create, before.admins_create),
            invite_domains: self
                .invite_domains
                .split([' ', ',', ';', '\n', '\r', '\t'])
                .filter(|d| !d.is_empty())
                .map(str::to_owned)
                .collect(),
            invitation_days: number(&self.invitation_days),
            roles_offered: RolesOffered::parse(&self.roles_offered)
                .ok_or_else(|| Refusal::field("roles_offered", "Choose one of the three."))?,
            allow_email: self.allow_email.is_some(),
            allow_github: self.allow_github.is_some(),
            session_idle_hours: number(&self.session_idle_hours),
            session_absolute_days: number(&self.session_absolute_days),
            token_days: number(&self.token_days),
            // Left empty: for ever, like 0. What isn't a number is in no range.
            run_days: if self.run_days.trim().is_empty() {
                0
            } else {
                self.run_days.trim().parse().unwrap_or(-1)
            },
            support_contact: self.support_contact.clone(),
        })
    }
}

/// What is wrong, by field.
#[derive(Default)]
struct Wrong {
    who_invites: String,
    invite_domains: String,
    invitation_days: String,
    roles_offered: String,
    sign_in: String,
    session_idle_hours: String,
    session_absolute_days: String,
    token_days: String,
    run_days: String,
    support_contact: String,
}

impl Wrong {
    fn of(refusal: &Refusal) -> Self {
        let says = |field| refusal.message_for(field).to_owned();
        Self {
            who_invites: says("who_invites"),
            invite_domains: says("invite_domains"),
            invitation_days: says("invitation_days"),
            roles_offered: says("roles_offered"),
            sign_in: says("allow_email"),
            session_idle_hours: says("session_idle_hours"),
            session_absolute_days: says("session_absolute_days"),
            token_days: says("token_days"),
            run_days: says("run_days"),
            support_contact: says("support_contact"),
        }
    }
}

#[derive(Template)]
#[template(path = "policies/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_name: String,
    form: PoliciesForm,
    wrong: Wrong,
    /// The actor may say what admins do.
    bounds: bool,
    who_invites: Vec<(String, String, String, String)>,
    roles_offered: Vec<(String, String, String, String)>,
    github_is_set_up: bool,
    in_force: Policies,
}

fn draw(app: &App, visitor: &Visitor, actor: &Actor, form: PoliciesForm, wrong: Wrong) -> Index {
    let choice = |value: &str, label: &str, note: &str| {
        (
            value.to_owned(),
            label.to_owned(),
            note.to_owned(),
            String::new(),
        )
    };
    Index {
        shell: Shell::org(visitor, actor, "Policies", "Policies"),
        base: format!("/orgs/{}/policies", actor.org.slug),
        org_name: actor.org.name.clone(),
        form,
        wrong,
        bounds: access::may_bound_admins(actor.role),
        who_invites: vec![
            choice(
                WhoInvites::OwnersAndAdmins.as_str(),
                "Owners and admins",
                "Each gives only roles that they could give directly.",
            ),
            choice(
                WhoInvites::Owners.as_str(),
                "Owners only",
                "Admins still see invitations, and can't make or send them.",
            ),
        ],
        roles_offered: vec![
            choice(
                RolesOffered::Simple.as_str(),
                "Simple",
                "Admin and Member. Admin is the owner's role under a plainer name.",
            ),
            choice(
                RolesOffered::Standard.as_str(),
                "Standard",
                "Owner, Admin and Member.",
            ),
            choice(
                RolesOffered::Full.as_str(),
                "Full",
                "Also Billing, for who pays, and Viewer, for who only reads.",
            ),
        ],
        github_is_set_up: app.config.github().is_some(),
        in_force: actor.org.policies.clone(),
    }
}

/// `GET /orgs/{org}/policies`
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    access::require(actor.role, Permission::ManageSettings)?;
    let form = PoliciesForm::of(&actor.org.policies);
    Ok(page::ok(&draw(
        &app,
        &visitor,
        &actor,
        form,
        Wrong::default(),
    )))
}

#[derive(Template)]
#[template(path = "policies/confirm.html")]
struct Confirm {
    shell: Shell,
    base: String,
    org_name: String,
    /// Owners and admins will enter every workspace.
    turned_on: bool,
    impact: Impact,
    fields: Vec<(&'static str, String)>,
}

/// Saves the policies, or says first what they would give or take.
async fn save(app: &App, actor: &Actor, form: &PoliciesForm) -> Result<Option<Impact>, Refusal> {
    let wanted = form.wanted(actor)?;
    if form.confirmed.is_empty() {
        let impact = organizations::change_policies_impact(app, actor, &wanted).await?;
        if !impact.is_empty() {
            return Ok(Some(impact));
        }
    }
    organizations::change_policies(app, actor, &wanted)
        .await
        .map(|_| None)
}

/// `POST /orgs/{org}/policies`
pub async fn change(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<PoliciesForm>,
) -> PageResult {
    access::require(actor.role, Permission::ManageSettings)?;
    match save(&app, &actor, &form).await {
        Ok(Some(impact)) => Ok(page::ok(&Confirm {
            shell: Shell::org(&visitor, &actor, "Policies", "Save these policies?"),
            base: format!("/orgs/{}/policies", actor.org.slug),
            org_name: actor.org.name.clone(),
            turned_on: form.admins_enter.is_some(),
            impact,
            fields: form.fields(),
        })),
        Ok(None) => {
            let notice = Notice::good("Policies saved.", "They apply from everybody's next click.");
            Ok(see_other(
                format!("/orgs/{}/policies", actor.org.slug),
                Some(notice),
            ))
        }
        Err(refusal @ Refusal::Invalid(_)) => Ok(page::invalid(&draw(
            &app,
            &visitor,
            &actor,
            form,
            Wrong::of(&refusal),
        ))),
        Err(refusal) => Err(refusal.into()),
    }
}
