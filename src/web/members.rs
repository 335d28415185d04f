//! `/orgs/{org}/members`: the directory, a member's page, and what is done with members.

use super::assets::assets;
use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, lead, see_other};
use crate::access::{self as rules, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::Activity;
use crate::error::Refusal;
use crate::ids::MemberId;
use crate::impact::Impact;
use crate::members::{self, Entry, Removal, RoleChange};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

mod access;
mod directory;
mod row;

pub use directory::{bare_members_page, index};
use row::Row;
pub use row::When;

type PageResult = Result<Response, PageError>;

#[derive(Template)]
#[template(path = "members/changed.html")]
struct Changed {
    base: String,
    /// The directory's filters and place, for who comes back to it.
    back: String,
    icons: &'static str,
    row: Row,
    notice: Notice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    role: String,
    /// The directory's address to come back to.
    #[serde(default)]
    back: String,
    /// They have seen what it does.
    #[serde(default)]
    confirmed: String,
}

#[derive(Template)]
#[template(path = "members/role.html")]
struct ConfirmRole {
    shell: Shell,
    base: String,
    /// The list, or the page, that they came from.
    list: String,
    role: &'static str,
    back: String,
    old_role: String,
    new_role: String,
    change: RoleChange,
    invitations: String,
}

#[derive(Deserialize)]
pub struct AskedRole {
    #[serde(default)]
    role: String,
    #[serde(default)]
    back: String,
}

fn parse_role(role: &str) -> Result<OrgRole, Refusal> {
    OrgRole::parse(role)
        .ok_or_else(|| Refusal::field("role", "Choose one of the roles in the list."))
}

/// `GET /orgs/{org}/members/{member}/role?role=`: what another role does, before it is given.
pub async fn confirm_role(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
    Query(asked): Query<AskedRole>,
) -> PageResult {
    members::find(&app, &actor, &member).await?;
    if asked.role.is_empty() {
        return Ok(see_other(
            format!("/orgs/{}/members/{member}", actor.org.slug),
            None,
        ));
    }
    let role = parse_role(&asked.role)?;
    let change = members::change_role_impact(&app, &actor, &member, role).await?;
    let (policies, base) = (
        &actor.org.policies,
        format!("/orgs/{}/members", actor.org.slug),
    );
    Ok(page::ok(&ConfirmRole {
        shell: Shell::org(
            &visitor,
            &actor,
            "Members",
            format!("Change the role of {}?", change.after.name),
        ),
        list: own_list(&base, &asked.back),
        base,
        role: role.as_str(),
        back: asked.back,
        old_role: sentence_role(policies.label(change.before)),
        new_role: sentence_role(policies.label(role)),
        invitations: text::some_of(&change.invitations, 3),
        change,
    }))
}

/// `POST /orgs/{org}/members/{member}/role`: sets a role. One that does more than it says is asked about first.
pub async fn change_role(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<RoleForm>,
) -> PageResult {
    let role = parse_role(&form.role)?;
    let base = format!("/orgs/{}/members", actor.org.slug);
    if form.confirmed.is_empty()
        && members::change_role_impact(&app, &actor, &member, role)
            .await?
            .is_grave()
    {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("role", role.as_str())
            .append_pair("back", &form.back);
        return Ok(lead(
            &visitor,
            &format!("{base}/{member}/role?{}", query.finish()),
        )?);
    }
    let change = members::change_role(&app, &actor, &member, role).await?;
    let notice = said(&actor, &change, &form.back);
    if visitor.partial {
        let row = Row::new(&app, &actor, &change.after, visitor.now);
        return Ok(fragment(&Changed {
            base,
            back: form.back,
            icons: assets().icons,
            row,
            notice,
        }));
    }
    Ok(see_other(own_list(&base, &form.back), Some(notice)))
}

/// What a change of role did, and the way back.
fn said(actor: &Actor, change: &RoleChange, back: &str) -> Notice {
    let (entry, policies) = (&change.after, &actor.org.policies);
    let new = sentence_role(policies.label(entry.role));
    if !entry.status.is_member() {
        return Notice::good(
            format!("{} joins as {new}.", entry.name),
            "It applies when they accept.",
        );
    }
    let mut text = "It applies from their next click.".to_owned();
    if !change.invitations.is_empty() {
        let invitations = text::count_of(
            &change.invitations,
            "invitation they sent is revoked",
            "invitations they sent are revoked",
        );
        text = format!(
            "{text} {invitations}: {}.",
            text::some_of(&change.invitations, 3)
        );
    }
    let notice = Notice::good(format!("{} is now {new}.", entry.name), text);
    if change.before == entry.role || entry.user.as_ref() == Some(actor.user()) {
        return notice;
    }
    let path = format!("/orgs/{}/members/{}/role", actor.org.slug, entry.id);
    notice
        .with_button("Undo", path)
        .sending(&[("role", change.before.as_str()), ("back", back)])
}

fn sentence_role(label: &str) -> String {
    let article = if label.starts_with(['A', 'O']) {
        "an"
    } else {
        "a"
    };
    let label = label.to_lowercase();
    if label == "billing" {
        "a billing member".into()
    } else {
        format!("{article} {label}")
    }
}

/// The list with the filters it had, or the member's page, if `back` is one of those.
fn own_list(base: &str, back: &str) -> String {
    let plain = back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let ours = back.starts_with('?') || (back.starts_with("/mem_") && !back[1..].contains('/'));
    if plain && ours {
        format!("{base}{back}")
    } else {
        base.to_owned()
    }
}

fn fragment(template: &impl Template) -> Response {
    Html(template.render().unwrap_or_default()).into_response()
}

#[derive(Template)]
#[template(path = "members/show.html")]
struct Show {
    shell: Shell,
    base: String,
    row: Row,
    entry: Entry,
    since_label: &'static str,
    activity: Option<Vec<(When, Activity)>>,
    section: Option<access::Section>,
}

/// `GET /orgs/{org}/members/{member}`
pub async fn show(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
    Query(asked): Query<access::Asked>,
) -> PageResult {
    let entry = members::find(&app, &actor, &member).await?;
    let seen = entry.user.as_ref() == Some(actor.user())
        || rules::allows(actor.role, Permission::ManageMembers);
    let activity = match seen {
        false => None,
        true => Some(
            members::recent_activity(&app, &actor, &entry)
                .await?
                .into_iter()
                .map(|activity| (When::relative(activity.at, visitor.now), activity))
                .collect(),
        ),
    };
    let base = format!("/orgs/{}/members", actor.org.slug);
    let section = access::section(&app, &actor, &entry, &base, &asked).await?;
    Ok(page::ok(&Show {
        shell: Shell::org(&visitor, &actor, "Members", &entry.name),
        section,
        base,
        row: Row::new(&app, &actor, &entry, visitor.now),
        since_label: if entry.status.is_member() {
            "Joined"
        } else {
            "Invited"
        },
        entry,
        activity,
    }))
}

#[derive(Template)]
#[template(path = "members/remove.html")]
struct ConfirmRemove {
    shell: Shell,
    base: String,
    org_name: String,
    removal: Removal,
    /// The workspaces that go, and the first of them as words.
    lost: Vec<String>,
    workspaces: String,
    invitations: String,
    keys: String,
}

/// `GET /orgs/{org}/members/{member}/remove`: what it takes away, before it is done.
pub async fn confirm_remove(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let removal = members::removal_impact(&app, &actor, &member).await?;
    let lost = removal.loses();
    Ok(page::ok(&ConfirmRemove {
        shell: Shell::org(
            &visitor,
            &actor,
            "Members",
            format!("Remove {}?", removal.entry.name),
        ),
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        workspaces: text::some_of(&lost, 20),
        lost,
        invitations: text::some_of(&removal.invitations, 3),
        keys: text::some_of(&removal.keys, 3),
        removal,
    }))
}

/// `POST /orgs/{org}/members/{member}/remove`
pub async fn remove(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let removal = members::remove(&app, &actor, &member).await?;
    let notice = if removal.entry.status.is_member() {
        Notice::good(
            format!("{} is no longer in {}.", removal.entry.name, actor.org.name),
            "If that was a mistake, the audit log can undo it.",
        )
        .with_link(
            "Open the audit log",
            format!("/orgs/{}/audit", actor.org.slug),
        )
    } else {
        Notice::good(
            format!("The invitation to {} is revoked.", removal.entry.name),
            "Its links no longer work.",
        )
    };
    Ok(see_other(
        format!("/orgs/{}/members", actor.org.slug),
        Some(notice),
    ))
}

#[derive(Template)]
#[template(path = "members/suspend.html")]
struct ConfirmSuspend {
    shell: Shell,
    base: String,
    org_name: String,
    entry: Entry,
    impact: Impact,
}

/// `GET /orgs/{org}/members/{member}/suspend`
pub async fn confirm_suspend(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let (entry, impact) = members::suspend_impact(&app, &actor, &member).await?;
    Ok(page::ok(&ConfirmSuspend {
        shell: Shell::org(
            &visitor,
            &actor,
            "Members",
            format!("Suspend {}?", entry.name),
        ),
        base: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        entry,
        impact,
    }))
}

/// `POST /orgs/{org}/members/{member}/suspend`
pub async fn suspend(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let entry = members::suspend(&app, &actor, &member).await?;
    let back = format!("/orgs/{}/members/{}", actor.org.slug, entry.id);
    let notice = Notice::good(
        format!("{} is suspended.", entry.name),
        "They can do nothing here until you reinstate them.",
    )
    .with_button("Undo", format!("{back}/reinstate"));
    Ok(see_other(back, Some(notice)))
}

/// `POST /orgs/{org}/members/{member}/reinstate`
pub async fn reinstate(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let entry = members::reinstate(&app, &actor, &member).await?;
    let notice = Notice::good(
        format!("{} is back.", entry.name),
        format!(
            "As {}, with what they had before.",
            entry.role.with_article()
        ),
    );
    Ok(see_other(
        format!("/orgs/{}/members/{}", actor.org.slug, entry.id),
        Some(notice),
    ))
}
