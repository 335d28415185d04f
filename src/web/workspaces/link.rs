//! `/orgs/{org}/workspaces/link` and `/orgs/{org}/workspaces/{ws}/unlink`.

use super::PageResult;
use crate::access::{self, Permission, WORKSPACE_ROLES, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::WorkspaceId;
use crate::text;
use crate::web::billing::limits::brought;
use crate::web::input::{Form, Query};
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, Visitor, see_other};
use crate::workspaces::{self, Candidate, Unlinking};
use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

/// The choice that makes a workspace instead of linking one.
const NEW: &str = "new";

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct LinkForm {
    /// A workspace's id, or [`NEW`].
    workspace: String,
    name: String,
    label: String,
}

#[derive(Template)]
#[template(path = "workspaces/link.html")]
struct Link {
    shell: Shell,
    base: String,
    org_name: String,
    /// Value, name, what linking does, why it can't be chosen.
    choices: Vec<(String, String, String, String)>,
    /// Nothing of theirs stands outside the organization.
    nothing: bool,
    may_create: bool,
    form: LinkForm,
    workspace_error: String,
    name_error: String,
    label_error: String,
}

async fn link_page(
    app: &App,
    visitor: &Visitor,
    actor: &Actor,
    mut form: LinkForm,
) -> Result<Link, Refusal> {
    let candidates = workspaces::candidates(app, actor).await?;
    let creating = match access::may_create_workspace(actor.role, actor.org.policies.admins_create)
    {
        Ok(()) => workspaces::creating_impact(app, actor).await,
        Err(refusal) => Err(refusal),
    };
    if form.workspace.is_empty()
        && creating.is_ok()
        && candidates.iter().all(|c| c.refused.is_some())
    {
        form.workspace = NEW.to_owned();
    }
    let nothing = candidates.is_empty();
    let may_create = creating.is_ok();
    let mut choices: Vec<_> = candidates
        .into_iter()
        .map(|candidate| choice(actor, candidate))
        .collect();
    let (limits, refused) = match creating {
        Ok(limits) => (brought(&actor.org.name, &limits), String::new()),
        Err(refusal) => (String::new(), refusal.to_string()),
    };
    let says = ["With the name below. You become its owner.", &limits]
        .join(" ")
        .trim_end()
        .to_owned();
    choices.push((NEW.into(), "Create a new one".into(), says, refused));
    Ok(Link {
        shell: Shell::org(visitor, actor, "Workspaces", "Link workspace"),
        base: format!("/orgs/{}/workspaces", actor.org.slug),
        org_name: actor.org.name.clone(),
        choices,
        nothing,
        may_create,
        form,
        workspace_error: String::new(),
        name_error: String::new(),
        label_error: String::new(),
    })
}

/// One line of the list: the workspace, and in words what linking it does to people and to the limits of the plan.
fn choice(actor: &Actor, candidate: Candidate) -> (String, String, String, String) {
    let org = &actor.org.name;
    let workspace = &candidate.workspace;
    let mut says = vec![format!(
        "{}.",
        text::count(workspace.people, "person has it", "people have it")
    )];
    let joining = candidate.joining.len() as i64;
    if joining > 0 {
        says.push(format!(
            "{} of {org}: {}. They are told by mail.",
            text::count(
                joining,
                "of them becomes a member",
                "of them become members"
            ),
            text::some_of(&candidate.joining, 3)
        ));
    } else {
        says.push(format!("All of them are members of {org}."));
    }
    if candidate.suspended > 0 {
        says.push(format!(
            "{} there and can't open it any more.",
            text::count(
                candidate.suspended,
                "person is suspended",
                "people are suspended"
            )
        ));
    }
    if candidate.capped > 0 {
        says.push(format!(
            "{} of {org} and can only read from then on.",
            text::count(candidate.capped, "person is a viewer", "people are viewers")
        ));
    }
    let limits = brought(org, &candidate.limits);
    if !limits.is_empty() {
        says.push(limits);
    }
    let label = if workspace.label.is_empty() {
        workspace.name.clone()
    } else {
        format!("{} ({})", workspace.name, workspace.label)
    };
    (
        workspace.id.to_string(),
        label,
        says.join(" "),
        candidate.refused.unwrap_or_default(),
    )
}

/// `GET /orgs/{org}/workspaces/link`: choose one, or make one in the same form (S1-20).
pub async fn link_form(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<LinkForm>,
) -> PageResult {
    Ok(page::ok(&link_page(&app, &visitor, &actor, asked).await?))
}

/// `POST /orgs/{org}/workspaces/link`
pub async fn link(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Form(form): Form<LinkForm>,
) -> PageResult {
    let base = format!("/orgs/{}/workspaces", actor.org.slug);
    let refusal = match form.workspace.as_str() {
        "" => {
            access::require(actor.role, Permission::LinkWorkspaces)?;
            Refusal::field("workspace", "Choose a workspace, or create a new one.")
        }
        NEW => match workspaces::create_in(&app, &actor, &form.name, &form.label).await {
            Ok(workspace) => {
                let notice = Notice::good(
                    format!("{} is ready.", workspace.name),
                    format!("It belongs to {}. You are its owner.", actor.org.name),
                );
                return Ok(see_other(base, Some(notice)));
            }
            Err(refusal) => refusal,
        },
        id => {
            let linked = workspaces::link(&app, &actor, &WorkspaceId::from(id)).await?;
            let joined = linked.joined.len() as i64;
            let text = match joined {
                0 => "Roles in it are what they were.".to_owned(),
                _ => format!(
                    "{}. Roles in it are what they were.",
                    text::count(joined, "person became a member", "people became members")
                ),
            };
            let title = format!("{} is linked to {}.", linked.workspace.name, actor.org.name);
            return Ok(see_other(base, Some(Notice::good(title, text))));
        }
    };
    let said = |field| refusal.message_for(field).to_owned();
    let (workspace_error, name_error, label_error) =
        (said("workspace"), said("name"), said("label"));
    if workspace_error.is_empty() && name_error.is_empty() && label_error.is_empty() {
        return Err(refusal.into());
    }
    let page = link_page(&app, &visitor, &actor, form).await?;
    Ok(page::invalid(&Link {
        workspace_error,
        name_error,
        label_error,
        ..page
    }))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct UnlinkForm {
    /// What people get who hold one of the organization's custom roles by themselves; "" for nothing.
    custom_to: String,
}

impl UnlinkForm {
    fn role(&self) -> Result<Option<WorkspaceRole>, Refusal> {
        if self.custom_to.is_empty() {
            return Ok(None);
        }
        let role = WorkspaceRole::parse(&self.custom_to);
        role.map(Some)
            .ok_or_else(|| Refusal::field("custom_to", "Choose one of the roles in the list."))
    }
}

#[derive(Template)]
#[template(path = "workspaces/unlink.html")]
struct Unlink {
    shell: Shell,
    base: String,
    org_name: String,
    unlinking: Unlinking,
    /// People who lose it, or something in it.
    losers: i64,
    /// The impact in sentences, the first of them.
    losing: Vec<String>,
    gaining: Vec<String>,
    more: i64,
    custom_choices: Vec<(String, String, String)>,
    custom_to: String,
}

/// Sentences that the impact shows on each side.
const SENTENCES: usize = 20;

/// `GET /orgs/{org}/workspaces/{ws}/unlink`: who loses it, before it is done (S1-23).
pub async fn confirm_unlink(
    State(app): State<App>,
    Path((_, id)): Path<(String, WorkspaceId)>,
    Member { actor, visitor }: Member,
    Query(form): Query<UnlinkForm>,
) -> PageResult {
    let unlinking = workspaces::unlinking_impact(&app, &actor, &id, form.role()?).await?;
    let (up, down): (Vec<_>, Vec<_>) = unlinking
        .impact
        .changes
        .iter()
        .partition(|change| change.effect.widens());
    let some = |changes: &[&crate::impact::Change]| {
        changes
            .iter()
            .take(SENTENCES)
            .map(|c| c.sentence())
            .collect::<Vec<_>>()
    };
    let (losing, gaining) = (some(&down), some(&up));
    let roles = WORKSPACE_ROLES.into_iter().rev().map(|role| {
        (
            role.as_str().to_owned(),
            format!("They become {}", role.label()),
            String::new(),
        )
    });
    Ok(page::ok(&Unlink {
        shell: Shell::org(
            &visitor,
            &actor,
            "Workspaces",
            format!("Unlink {}?", unlinking.workspace.name),
        ),
        base: format!("/orgs/{}/workspaces", actor.org.slug),
        org_name: actor.org.name.clone(),
        more: (unlinking.impact.changes.len() - losing.len() - gaining.len()) as i64,
        losing,
        gaining,
        losers: unlinking.impact.losing() as i64,
        unlinking,
        custom_choices: [(
            String::new(),
            "They lose the workspace".to_owned(),
            String::new(),
        )]
        .into_iter()
        .chain(roles)
        .collect(),
        custom_to: form.custom_to,
    }))
}

/// `POST /orgs/{org}/workspaces/{ws}/unlink`
pub async fn unlink(
    State(app): State<App>,
    Path((_, id)): Path<(String, WorkspaceId)>,
    Member { actor, .. }: Member,
    Form(form): Form<UnlinkForm>,
) -> PageResult {
    let done = workspaces::unlink(&app, &actor, &id, form.role()?).await?;
    let name = &done.workspace.name;
    let text = format!(
        "{} and {}.{}",
        text::count(
            done.impact.losing() as i64,
            "person lost it",
            "people lost it"
        ),
        text::count(done.keeping, "person keeps it", "people keep it"),
        if done.adopted {
            " You are its owner now."
        } else {
            ""
        }
    );
    let notice = Notice::good(format!("{name} stands alone now."), text);
    Ok(see_other(
        format!("/orgs/{}/workspaces", actor.org.slug),
        Some(notice),
    ))
}
