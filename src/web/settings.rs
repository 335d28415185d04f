//! `/orgs/{org}/settings`: name and slug, leaving, handing over, deleting.

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::organizations::slug_error;
use super::page::{self, Shell, hue};
use super::session::{Member, SignedIn, see_other};
use crate::access::{self, OrgRole, Permission, WORKSPACE_ROLES, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::MemberId;
use crate::members::{self, Entry, Filter, Membership, Removal, StatusFilter};
use crate::organizations::{self, Deletion, Details};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailsForm {
    name: String,
    slug: String,
    /// What stood in the form when it was shown: what nobody touched in it is not sent, whatever others made of it since.
    #[serde(default)]
    shown_name: Option<String>,
    #[serde(default)]
    shown_slug: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_id: String,
    org_name: String,
    form: DetailsForm,
    name_error: String,
    slug_error: String,
    may_change: bool,
    may_own: bool,
    /// Why the actor can't leave; "" where they can.
    stays: String,
    workspaces: i64,
    personal: bool,
}

async fn index_of(
    app: &App,
    shell: Shell,
    actor: &Actor,
    form: DetailsForm,
) -> Result<Index, Refusal> {
    let stays = match members::may_leave(app, actor).await {
        Err(Refusal::Conflict(conflict)) => conflict.message.to_string(),
        other => other.map(|()| String::new())?,
    };
    let org = &actor.org;
    Ok(Index {
        shell,
        base: format!("/orgs/{}/settings", org.slug),
        org_id: org.id.to_string(),
        org_name: org.name.clone(),
        form,
        name_error: String::new(),
        slug_error: String::new(),
        may_change: access::allows(actor.role, Permission::ManageSettings),
        may_own: access::allows(actor.role, Permission::OwnOrganization),
        stays,
        workspaces: org.workspaces,
        personal: org.personal_user.is_some(),
    })
}

/// `GET /orgs/{org}/settings`
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let (name, slug) = (actor.org.name.clone(), actor.org.slug.clone());
    let form = DetailsForm {
        shown_name: Some(name.clone()),
        shown_slug: Some(slug.clone()),
        name,
        slug,
    };
    Ok(page::ok(
        &index_of(
            &app,
            Shell::org(&visitor, &actor, "Settings", "Settings"),
            &actor,
            form,
        )
        .await?,
    ))
}

/// `POST /orgs/{org}/settings`
pub async fn change(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(mut form): Form<DetailsForm>,
) -> PageResult {
    let touched = |value: &String, shown: &Option<String>| {
        (shown.as_ref() != Some(value)).then(|| value.clone())
    };
    let details = Details {
        name: touched(&form.name, &form.shown_name),
        slug: touched(&form.slug, &form.shown_slug),
    };
    let refusal = match organizations::change_details(&app, &actor, &details).await {
        Ok(org) => {
            let renamed = org.slug != actor.org.slug;
            let text = if renamed {
                format!(
                    "It is at /orgs/{} now. Links with the old address lead here.",
                    org.slug
                )
            } else {
                String::new()
            };
            return Ok(see_other(
                format!("/orgs/{}/settings", org.slug),
                Some(Notice::good("Saved.", text)),
            ));
        }
        Err(refusal) => refusal,
    };
    let slug_error = slug_error(&refusal, &mut form.slug);
    let name_error = refusal.message_for("name").to_owned();
    if slug_error.is_empty() && name_error.is_empty() {
        return Err(refusal.into());
    }
    let index = index_of(
        &app,
        Shell::org(&visitor, &actor, "Settings", "Settings"),
        &actor,
        form,
    )
    .await?;
    Ok(page::invalid(&Index {
        name_error,
        slug_error,
        ..index
    }))
}

#[derive(Template)]
#[template(path = "settings/leave.html")]
struct Leave {
    shell: Shell,
    base: String,
    /// Where who doesn't leave goes.
    stay: String,
    org_name: String,
    role: String,
    removal: Removal,
    /// The workspaces that go, and the first of them as words.
    lost: Vec<String>,
    workspaces: String,
    invitations: String,
}

/// The organization in the path as one that the person is in, suspended or not; and them in it, where they are active.
async fn leaving(
    app: &App,
    person: &Person,
    slug: &str,
    member: Result<Member, PageError>,
) -> Result<(Membership, Option<Actor>), PageError> {
    let (slug, actor) = match member {
        Ok(Member { actor, .. }) => (actor.org.slug.clone(), Some(actor)),
        Err(PageError::Refused(Refusal::NotFound) | PageError::Suspended(_)) => {
            (slug.to_owned(), None)
        }
        Err(refused) => return Err(refused),
    };
    let membership = members::memberships(app, person)
        .await?
        .into_iter()
        .find(|m| m.org_slug == slug)
        .ok_or(Refusal::NotFound)?;
    Ok((membership, actor))
}

/// `GET /orgs/{org}/settings/leave`: what leaving takes away. The last owner is told what to do first (S2-15).
pub async fn confirm_leave(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(slug): Path<String>,
    member: Result<Member, PageError>,
) -> PageResult {
    let (membership, actor) = leaving(&app, &person, &slug, member).await?;
    let title = format!("Leave {}?", membership.org_name);
    let (shell, role) = match &actor {
        Some(actor) => {
            members::may_leave(&app, actor).await?;
            (
                Shell::org(&visitor, actor, "Settings", title),
                actor.org.policies.label(actor.role),
            )
        }
        None => (
            Shell::account(&visitor, &person, "Organizations"),
            membership.role.label(),
        ),
    };
    let removal = members::leaving_impact(&app, &person, &membership.org).await?;
    let lost = removal.loses();
    let base = format!("/orgs/{}/settings", membership.org_slug);
    Ok(page::ok(&Leave {
        shell,
        stay: if actor.is_some() {
            base.clone()
        } else {
            "/account/organizations".to_owned()
        },
        base,
        org_name: membership.org_name,
        role: role.to_owned(),
        workspaces: text::some_of(&lost, 20),
        lost,
        invitations: text::some_of(&removal.invitations, 3),
        removal,
    }))
}

/// `POST /orgs/{org}/settings/leave`
pub async fn leave(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path(slug): Path<String>,
    member: Result<Member, PageError>,
) -> PageResult {
    let (membership, _) = leaving(&app, &person, &slug, member).await?;
    members::leave(&app, &person, &membership.org).await?;
    let notice = Notice::good(
        format!("You left {}.", membership.org_name),
        "Somebody there can invite you again.",
    );
    Ok(see_other("/account/organizations", Some(notice)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Search {
    q: String,
}

/// Somebody who could become owner.
struct Candidate {
    id: String,
    name: String,
    email: String,
    initials: String,
    hue: u16,
    role: &'static str,
    /// They could act as owner at once.
    ready: bool,
}

impl Candidate {
    fn new(actor: &Actor, entry: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            name: entry.name.clone(),
            email: entry.email.clone(),
            initials: text::initials(&entry.name),
            hue: hue(&entry.name),
            role: actor.org.policies.label(entry.role),
            ready: organizations::may_receive(actor, entry).is_ok(),
        }
    }
}

#[derive(Template)]
#[template(path = "settings/transfer.html")]
struct Transfer {
    shell: Shell,
    base: String,
    members: String,
    org_name: String,
    q: String,
    candidates: Vec<Candidate>,
    more: bool,
}

/// `GET /orgs/{org}/settings/transfer`: choose who.
pub async fn choose_owner(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(search): Query<Search>,
) -> PageResult {
    access::require(actor.role, Permission::OwnOrganization)?;
    let filter = Filter {
        search: search.q.clone(),
        status: StatusFilter::Active,
        limit: 20,
        ..Filter::default()
    };
    let listed = members::list(&app, &actor, &filter).await?;
    let others = listed
        .entries
        .iter()
        .filter(|entry| entry.id != actor.member);
    Ok(page::ok(&Transfer {
        shell: Shell::org(&visitor, &actor, "Settings", "Transfer ownership"),
        base: format!("/orgs/{}/settings", actor.org.slug),
        members: format!("/orgs/{}/members", actor.org.slug),
        org_name: actor.org.name.clone(),
        q: search.q,
        candidates: others.map(|entry| Candidate::new(&actor, entry)).collect(),
        more: listed.next.is_some(),
    }))
}

#[derive(Template)]
#[template(path = "settings/transfer_confirm.html")]
struct ConfirmTransfer {
    shell: Shell,
    base: String,
    org_name: String,
    entry: Entry,
    owner: OrgRole,
    admin: OrgRole,
    was_owner: bool,
    /// The giver's invitations that are revoked, and the first of them as words.
    revoked: Vec<String>,
    invitations: String,
}

/// `GET /orgs/{org}/settings/transfer/{member}`
pub async fn confirm_transfer(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    access::require(actor.role, Permission::OwnOrganization)?;
    let entry = members::find(&app, &actor, &member).await?;
    let transferred = organizations::transfer_impact(&app, &actor, &member).await?;
    Ok(page::ok(&ConfirmTransfer {
        invitations: text::some_of(&transferred.invitations, 3),
        revoked: transferred.invitations,
        shell: Shell::org(&visitor, &actor, "Settings", "Transfer ownership"),
        base: format!("/orgs/{}/settings", actor.org.slug),
        org_name: actor.org.name.clone(),
        was_owner: entry.role == OrgRole::Owner,
        entry,
        owner: OrgRole::Owner,
        admin: OrgRole::Admin,
    }))
}

/// `POST /orgs/{org}/settings/transfer/{member}`
pub async fn transfer(
    State(app): State<App>,
    Path((_, member)): Path<(String, MemberId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let entry = organizations::transfer(&app, &actor, &member).await?;
    let notice = Notice::good(
        format!("{} is now an owner of {}.", entry.name, actor.org.name),
        "You are an admin. Both of you get a mail.",
    );
    Ok(see_other(
        format!("/orgs/{}/settings", actor.org.slug),
        Some(notice),
    ))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct DeleteForm {
    confirm: String,
    /// What people get who have a custom role; "": Viewer.
    custom_to: String,
}

/// A workspace that goes on by itself, with who keeps it in words.
struct Kept {
    name: String,
    people: String,
    names: String,
    /// Who deletes the organization becomes its owner.
    adopted: bool,
}

#[derive(Template)]
#[template(path = "settings/delete.html")]
struct Delete {
    shell: Shell,
    base: String,
    org_name: String,
    slug: String,
    deletion: Deletion,
    kept: Vec<Kept>,
    unnamed: i64,
    confirm: String,
    custom_choices: Vec<(String, String, String)>,
    custom_to: String,
    error: String,
}

async fn delete_page(
    app: &App,
    shell: Shell,
    actor: &Actor,
    form: DeleteForm,
    error: String,
) -> Result<Delete, Refusal> {
    let deletion = organizations::deletion_impact(app, actor).await?;
    let kept: Vec<Kept> = deletion
        .keeping
        .iter()
        .map(|w| Kept {
            name: w.name.clone(),
            people: text::count(w.people, "person keeps it", "people keep it"),
            names: text::few_of(&w.names, w.people),
            adopted: !w.has_owner,
        })
        .collect();
    Ok(Delete {
        shell,
        base: format!("/orgs/{}/settings", actor.org.slug),
        org_name: actor.org.name.clone(),
        slug: actor.org.slug.clone(),
        unnamed: deletion.workspaces - kept.len() as i64,
        deletion,
        kept,
        confirm: form.confirm,
        custom_choices: WORKSPACE_ROLES
            .into_iter()
            .rev()
            .map(|role| (role.as_str().into(), role.label().into(), String::new()))
            .collect(),
        custom_to: form.custom_to,
        error,
    })
}

fn delete_shell(visitor: &super::Visitor, actor: &Actor) -> Shell {
    Shell::org(
        visitor,
        actor,
        "Settings",
        format!("Delete {}?", actor.org.name),
    )
}

/// `GET /orgs/{org}/settings/delete`: what goes and what stays.
pub async fn confirm_delete(
    State(app): State<App>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let shell = delete_shell(&visitor, &actor);
    Ok(page::ok(
        &delete_page(&app, shell, &actor, DeleteForm::default(), String::new()).await?,
    ))
}

/// `POST /orgs/{org}/settings/delete`
pub async fn delete(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<DeleteForm>,
) -> PageResult {
    let custom_to = match form.custom_to.as_str() {
        "" => WorkspaceRole::Viewer,
        typed => WorkspaceRole::parse(typed)
            .ok_or_else(|| Refusal::field("custom_to", "Choose one of the roles in the list."))?,
    };
    let refusal = match organizations::delete(&app, &actor, &form.confirm, custom_to).await {
        Ok(deletion) => {
            let text = match deletion.workspaces {
                0 => String::new(),
                n => format!(
                    "{} by itself now.",
                    text::count(n, "workspace goes on", "workspaces go on, each")
                ),
            };
            return Ok(see_other(
                "/account/organizations",
                Some(Notice::good(
                    format!("{} is deleted.", actor.org.name),
                    text,
                )),
            ));
        }
        Err(refusal) => refusal,
    };
    let error = refusal.message_for("confirm").to_owned();
    if error.is_empty() {
        return Err(refusal.into());
    }
    let shell = delete_shell(&visitor, &actor);
    Ok(page::draw(
        &delete_page(&app, shell, &actor, form, error).await?,
        StatusCode::UNPROCESSABLE_ENTITY,
    ))
}
