//! Changing an organization's policies.

use super::{Organization, Policies, RolesOffered, WhoInvites, find, queries};
use crate::access::{self, Permission};
use crate::actor::{Actor, Credential, SignInMethod};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::impact::{self, Impact, Scope};
use crate::text;
use serde_json::{Map, Value, json};

/// Domains that an organization may list.
const MOST_DOMAINS: usize = 50;

/// Sets an organization's policies (product.md, 4); they apply from the next request on. The audit event holds what
/// changed, before and after (S1-78). What is as it was writes nothing.
///
/// Refuses whose role doesn't change policies; an admin who would change what admins may do, which is an owner's to say
/// (nobody raises themselves); a domain that isn't one; a number out of its range; switching every sign-in method off,
/// or the one the actor is signed in with, which would lock them out.
pub async fn change_policies(app: &App, actor: &Actor, wanted: &Policies) -> Result<Organization> {
    let (tx, organization, _) = change(app, actor, wanted).await?;
    tx.commit().await?;
    Ok(organization)
}

/// What [`change_policies`] would do in workspaces: the same, and then nothing of it.
pub async fn change_policies_impact(app: &App, actor: &Actor, wanted: &Policies) -> Result<Impact> {
    Ok(change(app, actor, wanted).await?.2)
}

async fn change(app: &App, actor: &Actor, wanted: &Policies) -> Result<(Tx, Organization, Impact)> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageSettings)?;
    let before = find(&mut tx, &actor.org.id).await?;
    let after = checked(app, &actor, wanted)?;
    if !access::may_bound_admins(actor.role)
        && bounds_admins(&after) != bounds_admins(&before.policies)
    {
        return Err(Refusal::forbidden(
            "owners_bound_admins",
            "Who invites and what admins may do is for owners to say. Ask an owner.",
        ));
    }
    let (old, new) = difference(&before.policies, &after);
    if old.is_empty() {
        return Ok((tx, before, Impact::default()));
    }
    let scope = Scope::Managers(before.id.clone());
    let seen = impact::look(&mut tx, &scope).await?;
    queries::set_policies(&mut tx, &before.id, &after).await?;
    let impact = seen.compare(&impact::look(&mut tx, &scope).await?);
    let event = Event::new(
        Category::Governance,
        "organization.policies_changed",
        "organization",
        before.id.to_string(),
        &*before.name,
    )
    .change(old, new)
    .with("impact", impact.counts());
    audit::record(&mut tx, &actor, now, event).await?;
    let after = find(&mut tx, &before.id).await?;
    Ok((tx, after, impact))
}

/// The policies that say what admins may do. Only an owner changes them.
fn bounds_admins(policies: &Policies) -> (bool, bool, bool) {
    (
        policies.owners_only_invite(),
        policies.admins_enter,
        policies.admins_create,
    )
}

fn checked(app: &App, actor: &Actor, wanted: &Policies) -> Result<Policies> {
    let mut checks = Checks::default();
    let mut policies = wanted.clone();
    let mut in_range = |field, value: i64, most: i64, unit: &str| {
        if !(1..=most).contains(&value) {
            checks.fail(
                field,
                format!(
                    "Enter a whole number of {unit} from 1 to {}.",
                    text::thousands(most)
                ),
            );
        }
    };
    in_range("invitation_days", wanted.invitation_days, 30, "days");
    in_range(
        "session_idle_hours",
        wanted.session_idle_hours,
        720,
        "hours",
    );
    in_range(
        "session_absolute_days",
        wanted.session_absolute_days,
        90,
        "days",
    );
    in_range("token_days", wanted.token_days, 3_650, "days");
    if !(0..=3_650).contains(&wanted.run_days) {
        checks.fail(
            "run_days",
            "Enter a whole number of days up to 3,650, or 0 to keep runs for ever.",
        );
    }
    policies.invite_domains = domains(&mut checks, &wanted.invite_domains);
    policies.support_contact = checks
        .take(
            "support_contact",
            text::optional_line(&wanted.support_contact, 200),
        )
        .unwrap_or_default();
    if let Some(reason) = locks_out(app, actor, wanted) {
        checks.fail("allow_email", reason);
    }
    checks.done()?;
    Ok(policies)
}

fn domains(checks: &mut Checks, typed: &[String]) -> Vec<String> {
    let mut domains: Vec<String> = typed
        .iter()
        .filter_map(|d| checks.take("invite_domains", text::domain(d)))
        .collect();
    domains.sort();
    domains.dedup();
    if domains.len() > MOST_DOMAINS {
        checks.fail(
            "invite_domains",
            format!("List at most {MOST_DOMAINS} domains."),
        );
    }
    domains
}

/// Why these sign-in methods can't be all there is.
fn locks_out(app: &App, actor: &Actor, wanted: &Policies) -> Option<&'static str> {
    match (wanted.allow_email, wanted.allow_github) {
        (false, false) => return Some("Leave at least one way to sign in."),
        (false, true) if app.config.github().is_none() => {
            return Some(
                "GitHub sign-in isn't set up on this installation, so nobody could sign in.",
            );
        }
        _ => {}
    }
    match &actor.person.credential {
        Credential::Session {
            method: SignInMethod::Email,
            ..
        } if !wanted.allow_email => Some(
            "You are signed in by e-mail, so this would lock you out. Sign in with GitHub first.",
        ),
        Credential::Session {
            method: SignInMethod::GitHub,
            ..
        } if !wanted.allow_github => Some(
            "You are signed in with GitHub, so this would lock you out. Sign in by e-mail first.",
        ),
        _ => None,
    }
}

/// The policies that differ, before and after, by name.
fn difference(before: &Policies, after: &Policies) -> (Map<String, Value>, Map<String, Value>) {
    let (mut old, mut new) = (Map::new(), Map::new());
    for ((name, was), (_, is)) in named(before).into_iter().zip(named(after)) {
        if was != is {
            old.insert(name.to_owned(), was);
            new.insert(name.to_owned(), is);
        }
    }
    (old, new)
}

/// The policies that differ between two sets: name, value before, value after.
pub(crate) fn differing_policies(
    before: &Policies,
    after: &Policies,
) -> Vec<(&'static str, Value, Value)> {
    let both = named(before).into_iter().zip(named(after));
    both.filter(|((_, was), (_, is))| was != is)
        .map(|((name, was), (_, is))| (name, was, is))
        .collect()
}

/// These policies with some replaced, given by the names that events hold them by. `None` for what can't be read.
pub(crate) fn policies_with(now: &Policies, some: &Map<String, Value>) -> Option<Policies> {
    let mut p = now.clone();
    for (name, value) in some {
        match name.as_str() {
            "who_invites" => p.who_invites = WhoInvites::parse(value.as_str()?)?,
            "invite_domains" => {
                p.invite_domains = value
                    .as_array()?
                    .iter()
                    .map(|d| d.as_str().map(str::to_owned))
                    .collect::<Option<_>>()?
            }
            "invitation_days" => p.invitation_days = value.as_i64()?,
            "roles_offered" => p.roles_offered = RolesOffered::parse(value.as_str()?)?,
            "admins_enter" => p.admins_enter = value.as_bool()?,
            "admins_create" => p.admins_create = value.as_bool()?,
            "allow_email" => p.allow_email = value.as_bool()?,
            "allow_github" => p.allow_github = value.as_bool()?,
            "session_idle_hours" => p.session_idle_hours = value.as_i64()?,
            "session_absolute_days" => p.session_absolute_days = value.as_i64()?,
            "token_days" => p.token_days = value.as_i64()?,
            "run_days" => p.run_days = value.as_i64()?,
            "support_contact" => value.as_str()?.clone_into(&mut p.support_contact),
            _ => return None,
        }
    }
    Some(p)
}

fn named(p: &Policies) -> [(&'static str, Value); 13] {
    [
        ("who_invites", json!(p.who_invites.as_str())),
        ("invite_domains", json!(p.invite_domains)),
        ("invitation_days", json!(p.invitation_days)),
        ("roles_offered", json!(p.roles_offered.as_str())),
        ("admins_enter", json!(p.admins_enter)),
        ("admins_create", json!(p.admins_create)),
        ("allow_email", json!(p.allow_email)),
        ("allow_github", json!(p.allow_github)),
        ("session_idle_hours", json!(p.session_idle_hours)),
        ("session_absolute_days", json!(p.session_absolute_days)),
        ("token_days", json!(p.token_days)),
        ("run_days", json!(p.run_days)),
        ("support_contact", json!(p.support_contact)),
    ]
}
