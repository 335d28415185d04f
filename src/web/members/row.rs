//! One row of the directory as it is shown, and times with the words for them.

use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::billing;
use crate::clock;
use crate::members::{Entry, Status};
use crate::organizations;
use crate::text;
use crate::web::page::hue;

/// A row as it is shown.
pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub sub: String,
    pub initials: String,
    pub hue: u16,
    pub role: OrgRole,
    pub role_label: &'static str,
    /// The roles to choose from; empty where the actor may not change it.
    /// Role, name, and whether the plan keeps it from being given.
    pub choices: Vec<(OrgRole, &'static str, bool)>,
    pub on_joining: bool,
    pub workspaces: String,
    pub active: Option<When>,
    pub since: When,
    /// Has signed in, and has proved neither an address nor a GitHub account.
    pub unverified: bool,
    pub tone: &'static str,
    pub status: &'static str,
    pub delivery_error: String,
    pub may_manage: bool,
    pub is_self: bool,
    pub suspended: bool,
    pub joined: bool,
    /// Where the actor may hand the organization over to them; "" where they can't.
    pub transfer: String,
    /// What can be sent to somebody invited.
    pub sending: Option<Sending>,
}

/// The invitation behind a row, where the actor may send it.
pub(super) struct Sending {
    /// Its own address.
    pub base: String,
    /// It goes by mail.
    pub may_send: bool,
    /// It has not expired.
    pub may_copy: bool,
}

/// A time with the words for it.
pub struct When {
    pub exact: String,
    pub words: String,
}

impl When {
    pub fn relative(at: i64, now: i64) -> Self {
        Self {
            exact: clock::rfc3339(at),
            words: clock::relative(at, now),
        }
    }

    pub fn day(at: i64) -> Self {
        Self {
            exact: clock::rfc3339(at),
            words: clock::day(at),
        }
    }
}

impl Row {
    pub(super) fn new(app: &App, actor: &Actor, entry: &Entry, now: i64) -> Self {
        let is_self = entry.user.as_ref() == Some(actor.user());
        let may_manage = access::may_touch(actor.role, entry.role).is_ok();
        let policies = &actor.org.policies;
        let choices = if may_manage && !is_self {
            choices(app, actor, entry)
        } else {
            Vec::new()
        };
        let (tone, status) = match (
            entry.status,
            entry.invitation.as_ref().map(|i| i.delivery.as_str()),
        ) {
            (Status::Invited, Some("failed")) => ("bad", "Not delivered"),
            (Status::Invited, _) => ("wait", "Invited"),
            (Status::Expired, _) => ("", "Expired"),
            (Status::Active, _) => ("good", "Active"),
            (Status::NotSignedIn, _) => ("info", "Not signed in yet"),
            (Status::Suspended, _) => ("", "Suspended"),
        };
        let sub = match &entry.invitation {
            Some(i) if i.inviter.is_empty() => {
                format!("ends {}", clock::relative(i.expires_at, now))
            }
            Some(i) if entry.status == Status::Expired => {
                format!(
                    "invited by {} · expired {}",
                    i.inviter,
                    clock::relative(i.expires_at, now)
                )
            }
            Some(i) => format!(
                "invited by {} · expires {}",
                i.inviter,
                clock::relative(i.expires_at, now)
            ),
            None if entry.email.is_empty() && !entry.github_login.is_empty() => {
                format!("{} on GitHub", entry.github_login)
            }
            None => entry.email.clone(),
        };
        let (name, invited_as) = names(entry);
        Self {
            id: entry.id.to_string(),
            sub: if entry.invitation.is_some() && name != invited_as {
                format!("{invited_as} · {sub}")
            } else {
                sub
            },
            name,
            initials: text::initials(&entry.name),
            hue: hue(&entry.name),
            role: entry.role,
            role_label: policies.label(entry.role),
            choices,
            on_joining: !entry.status.is_member(),
            workspaces: workspaces(actor, entry),
            active: entry
                .last_active_at
                .map(|at| When::relative(at.min(now), now)),
            since: When::day(entry.since),
            unverified: entry.status == Status::Active && !entry.verified,
            tone,
            status,
            delivery_error: entry
                .invitation
                .as_ref()
                .map(|i| i.delivery_error.clone())
                .unwrap_or_default(),
            may_manage,
            is_self,
            suspended: entry.status == Status::Suspended,
            joined: entry.status.is_member(),
            sending: sending(actor, entry),
            transfer: match access::allows(actor.role, Permission::OwnOrganization)
                && organizations::may_receive(actor, entry).is_ok()
            {
                true => format!("/orgs/{}/settings/transfer/{}", actor.org.slug, entry.id),
                false => String::new(),
            },
        }
    }
}

fn workspaces(actor: &Actor, entry: &Entry) -> String {
    match entry
        .invitation
        .as_ref()
        .map_or(0, |invitation| invitation.workspaces)
    {
        _ if entry.status.is_member() => {
            format!("{} of {}", entry.opens(&actor.org), actor.org.workspaces)
        }
        0 => "on joining: none".into(),
        offered => format!("on joining: {offered}"),
    }
}

/// The roles that the actor may give them, and whether the plan keeps each from being given.
fn choices(app: &App, actor: &Actor, entry: &Entry) -> Vec<(OrgRole, &'static str, bool)> {
    let policies = &actor.org.policies;
    let by_username = entry.invitation.is_some() && entry.email.is_empty();
    let lacking = |role| role != entry.role && billing::lacks_role(app, &actor.org, role).is_some();
    policies
        .roles_to_give(actor.role, Some(entry.role))
        .into_iter()
        .filter(|role| !by_username || access::is_given_by_username(*role))
        .map(|role| (role, policies.label(role), lacking(role)))
        .collect()
}

/// What somebody was invited by, and what they are called until they say it themselves.
fn names(entry: &Entry) -> (String, String) {
    let invited_as = match &entry.email {
        email if !email.is_empty() => email.clone(),
        _ => format!("GitHub: {}", entry.github_login),
    };
    let unnamed =
        entry.invitation.is_some() && [&entry.email, &entry.github_login].contains(&&entry.name);
    (
        if unnamed || entry.name.is_empty() {
            invited_as.clone()
        } else {
            entry.name.clone()
        },
        invited_as,
    )
}

fn sending(actor: &Actor, entry: &Entry) -> Option<Sending> {
    let invitation = entry.invitation.as_ref()?;
    access::may_invite(
        actor.role,
        actor.org.policies.owners_only_invite(),
        entry.role,
    )
    .ok()?;
    Some(Sending {
        base: format!("/orgs/{}/invitations/{}", actor.org.slug, invitation.id),
        may_send: !entry.email.is_empty(),
        may_copy: entry.status == Status::Invited,
    })
}
