//! Events in sentences, for the log's pages, its API and its files.

use super::redacted::{MARK, redacted_columns};
use super::reported::BY_HAND;
use super::{EventRow, REPORTED};
use crate::actor::SignInMethod;
use serde_json::Value;

/// The event as people say it: "Alice Okafor changed Bob Tanaka from member to admin".
pub fn sentence(event: &EventRow) -> String {
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let is_gone = redacted_columns(event).contains(&"changes");
    let text = |key: &str| match &changes[key] {
        _ if is_gone => MARK.to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let (who, what) = (&event.actor_name, &event.target_name);
    match event.action.as_str() {
        "organization.created" => format!("{who} created {what}"),
        "organization.renamed" => format!(
            "{who} renamed the organization from {} to {}",
            text("before"),
            text("after")
        ),
        "organization.slug_changed" => format!(
            "{who} changed the slug from {} to {}",
            text("before"),
            text("after")
        ),
        "organization.policies_changed" => format!("{who} changed the policies of {what}"),
        "organization.ownership_transferred" => format!("{who} transferred ownership to {what}"),
        "organization.deleted" => format!("{who} deleted {what}"),
        "organization.restored" => {
            format!("{who} set {what} back to what a copy of the database held")
        }
        "member.added" => format!("{who} added {what} as {}", text("role")),
        "member.role_changed" => format!(
            "{who} changed {what} from {} to {}",
            text("before"),
            text("after")
        ),
        "member.suspended" => format!("{who} suspended {what}"),
        "member.reinstated" => format!("{who} reinstated {what}"),
        "member.removed" => format!("{who} removed {what}"),
        "member.left" => format!("{what} left"),
        action if action.starts_with("invitation.") => of_invitation(action, who, what, &text),
        "account.signed_in" => format!(
            "{who} signed in with {}",
            SignInMethod::parse(&text("method")).label()
        ),
        "account.address_removed" => format!("{who} removed the address {what}"),
        "account.primary_changed" => format!("{who} made {what} their primary address"),
        "account.github_linked" => format!("{who} linked the GitHub account @{what}"),
        "account.github_unlinked" => format!("{who} unlinked the GitHub account @{what}"),
        "account.session_ended" => format!("{who} signed out one other session"),
        "account.sessions_ended" => format!("{who} signed out {} sessions", text("sessions")),
        "account.deleted" => format!("{who} deleted their account"),
        "member.claimed" => {
            format!("{what} signed in and took the membership that waited for them")
        }
        "account.address_added" => format!("{who} added the address {what}"),
        "account.renamed" => format!(
            "{who} changed their name from {} to {}",
            text("before"),
            text("after")
        ),
        "account.theme_changed" => format!(
            "{who} changed the appearance from {} to {}",
            text("before"),
            text("after")
        ),
        "token.created" | "key.created" => format!(
            "{who} made the API {} {what} ({})",
            event.target_kind,
            text("scope")
        ),
        "token.revoked" | "key.revoked" => {
            format!("{who} revoked the API {} {what}", event.target_kind)
        }
        "access.given" => format!(
            "{who} made {what} {} of {}",
            text("role"),
            text("workspace")
        ),
        "access.changed" => format!(
            "{who} changed {what} from {} to {} in {}",
            text("before"),
            text("after"),
            text("workspace")
        ),
        "access.taken" => format!(
            "{who} took {what} out of {} ({})",
            text("workspace"),
            text("before")
        ),
        action if action.starts_with("workspace.") => of_workspace(action, who, what, &text),
        action if action.starts_with("custom_role.") => of_custom_role(action, who, what),
        "access.grants_changed" if is_gone => format!("{who} changed what {what} sees: {MARK}"),
        "access.grants_changed" => of_grants(who, what, &changes),
        action if action.starts_with("resource") => {
            of_resources(action, who, what, &text("kind").to_lowercase())
        }
        action if action.starts_with("billing.") || action.starts_with("lease.") => {
            of_billing(action, who, what, &text)
        }
        action if action.starts_with("run") || action.starts_with(REPORTED) => {
            of_products(action, who, what, &text)
        }
        "audit.exported" => of_export(who, &changes["filter"]),
        "audit.redacted" => format!(
            "{who} redacted personal data of one person in {} events",
            text("events")
        ),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}

/// What became of an invitation, in words.
fn of_invitation(action: &str, who: &str, what: &str, text: &impl Fn(&str) -> String) -> String {
    match action {
        "invitation.created" => format!("{who} invited {what} as {}", text("role")),
        "invitation.changed" => format!("{who} changed the invitation to {what}"),
        "invitation.resent" => format!("{who} sent the invitation to {what} again"),
        "invitation.extended" => format!("{who} gave {what} more time to accept the invitation"),
        "invitation.link_copied" => format!("{who} copied a link for the invitation to {what}"),
        "invitation.revoked" => match text("why").as_str() {
            "" | BY_HAND | MARK => format!("{who} revoked the invitation to {what}"),
            why => format!("The invitation to {what} was revoked: {why}"),
        },
        "invitation.accepted" => format!("{what} accepted the invitation as {}", text("role")),
        "invitation.declined" => format!("{what} declined the invitation"),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}

/// What happened to a workspace, in words.
fn of_workspace(action: &str, who: &str, what: &str, text: &impl Fn(&str) -> String) -> String {
    match action {
        "workspace.created" => format!("{who} created the workspace {what}"),
        "workspace.linked" => format!("{who} linked the workspace {what}"),
        "workspace.unlinked" => format!("{who} unlinked the workspace {what}"),
        "workspace.renamed" => format!(
            "{who} renamed the workspace {} to {}",
            text("before"),
            text("after")
        ),
        "workspace.label_changed" => format!(
            "{who} changed the label of the workspace {what} to “{}”",
            text("after")
        ),
        "workspace.deleted" => format!("{who} deleted the workspace {what}"),
        "workspace.entered_via_org_role" => format!("{who} came into {what} by organization role"),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}

/// What happened to a custom role, in words.
fn of_custom_role(action: &str, who: &str, what: &str) -> String {
    match action {
        "custom_role.created" => format!("{who} made the role {what}"),
        "custom_role.changed" => {
            format!("{who} changed the name or description of the role {what}")
        }
        "custom_role.permissions_changed" => format!("{who} changed what the role {what} allows"),
        "custom_role.deleted" => format!("{who} deleted the role {what}"),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}

/// What happened to a plan or to a slot of a pool, in words.
fn of_billing(action: &str, who: &str, what: &str, text: &impl Fn(&str) -> String) -> String {
    let pool = || text("pool").replace('_', " ");
    match action {
        "billing.plan_changed" => format!(
            "{who} changed the plan of {what} from {} to {}",
            text("before"),
            text("after")
        ),
        "billing.status_changed" => format!(
            "{who} reported the payments of {what} as {}; before: {}",
            text("after"),
            text("before")
        ),
        "billing.checkout_started" => format!(
            "{who} went to pay for the plan {} by the {}",
            text("plan"),
            text("every")
        ),
        "billing.contact_changed" => {
            format!("{who} changed where mail about billing of {what} goes")
        }
        "lease.acquired" => format!("{who} took a slot of {} for {what}", pool()),
        "lease.released" => format!("{who} gave back the slot of {} that {what} held", pool()),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}

fn of_export(who: &str, filter: &Value) -> String {
    let what = if filter.as_object().is_some_and(|filter| !filter.is_empty()) {
        "a part of the audit log"
    } else {
        "the audit log"
    };
    format!("{who} exported {what}")
}

fn of_grants(who: &str, what: &str, changes: &Value) -> String {
    let kind = changes["kind"]
        .as_str()
        .unwrap_or("resources")
        .to_lowercase();
    let (sees, total) = (
        changes["after"]["sees"].as_i64().unwrap_or(0),
        changes["of"].as_i64().unwrap_or(0),
    );
    match changes["after"]["limited"].as_bool() {
        Some(true) => format!(
            "{who} limited {what} to {sees} of {total} {kind} in {}",
            changes["workspace"].as_str().unwrap_or("")
        ),
        _ => format!(
            "{who} let {what} see all {kind} in {}",
            changes["workspace"].as_str().unwrap_or("")
        ),
    }
}

/// What a host product reported: of a run, who started it, or what did, else who reported it.
fn of_products(action: &str, who: &str, what: &str, text: &impl Fn(&str) -> String) -> String {
    let by = [text("person"), text("cause")]
        .into_iter()
        .find(|by| !by.is_empty())
        .unwrap_or_default();
    let ran = if by.is_empty() {
        format!("{what} ran")
    } else {
        format!("{by} ran {what}")
    };
    match action {
        "run.started" if by.is_empty() => format!("{what} started to run"),
        "run.started" => format!("{by} started {what}"),
        "run.succeeded" => format!("{ran}, and it succeeded"),
        "run.failed" => format!("{ran}, and it failed"),
        "run.canceled" => format!("{ran}, and it was canceled"),
        _ if action.starts_with(REPORTED) => of_reported(action, who, what, text),
        "runs.deleted" => format!(
            "{who} deleted {} runs of {what}, older than the policy keeps them",
            text("runs")
        ),
        _ => format!("{who} reported more of a run of {what}"),
    }
}

/// What a host product wrote into the log.
fn of_reported(action: &str, who: &str, what: &str, text: &impl Fn(&str) -> String) -> String {
    let by = Some(text("person"))
        .filter(|by| !by.is_empty())
        .unwrap_or_else(|| who.to_owned());
    let words = action.trim_start_matches(REPORTED).replace(['.', '_'], " ");
    if what.is_empty() {
        format!("{by}: {words}")
    } else {
        format!("{by}: {words}, {what}")
    }
}

fn of_resources(action: &str, who: &str, what: &str, kind: &str) -> String {
    match action {
        // A private thing has no name here.
        "resource.created" if what.is_empty() => format!("{who} made a private thing"),
        _ if what.is_empty() => format!("{who} changed a private thing"),
        "resource.created" => format!("{who} added the {kind} {what}"),
        "resource.archived" => format!("{who} archived the {kind} {what}"),
        "resource.restored" => format!("{who} brought back the {kind} {what}"),
        "resource_kind.added" => format!("{who} added the kind of resource {what}"),
        "resource_kind.changed" => format!("{who} changed the kind of resource {what}"),
        _ => format!("{who} changed the {kind} {what}"),
    }
}
