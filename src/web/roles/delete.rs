//! `/orgs/{org}/roles/custom/{role}/delete`: what goes with a role, and its end.

use super::PageResult;
use super::custom::{in_places, path_of};
use crate::access::WorkspaceRole;
use crate::actor::Actor;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::CustomRoleId;
use crate::roles::{self, Deletion, Order};
use crate::text;
use crate::web::input::{Form, Query};
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, Visitor, see_other};
use crate::workspaces::Given;
use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

/// People that the page names.
const NAMED: usize = 12;
/// Workspaces that it names.
const PLACES: usize = 8;
/// Other custom roles to choose from.
const OTHERS: i64 = 100;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct DeleteForm {
    /// The role's name, typed.
    confirm: String,
    /// A fixed role's name or a custom role's id; "": the holders lose the workspaces.
    replacement: String,
}

impl DeleteForm {
    fn given(&self) -> Result<Option<Given>, Refusal> {
        if self.replacement.is_empty() {
            return Ok(None);
        }
        let unknown = || Refusal::field("replacement", "Choose one of the roles in the list.");
        Given::parse(&self.replacement)
            .map(Some)
            .ok_or_else(unknown)
    }
}

#[derive(Template)]
#[template(path = "roles/delete.html")]
struct Confirm {
    shell: Shell,
    base: String,
    name: String,
    deletion: Deletion,
    used: String,
    places: Vec<String>,
    more_places: usize,
    lines: Vec<String>,
    changes: Vec<String>,
    unnamed: i64,
    /// Pending invitations that offer something else then, and those that are revoked.
    kept: i64,
    revoked: i64,
    /// Value, label, "".
    options: Vec<(String, String, String)>,
    form: DeleteForm,
    confirm_error: String,
    replacement_error: String,
}

/// `GET /orgs/{org}/roles/custom/{role}/delete` (S3-37)
pub async fn confirm_delete(
    State(app): State<App>,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Member { actor, visitor }: Member,
    Query(asked): Query<DeleteForm>,
) -> PageResult {
    Ok(page::ok(
        &confirm_page(&app, &actor, &visitor, &role, asked, None).await?,
    ))
}

/// `POST /orgs/{org}/roles/custom/{role}/delete` (S3-36)
pub async fn delete(
    State(app): State<App>,
    Path((_, role)): Path<(String, CustomRoleId)>,
    Member { actor, visitor }: Member,
    Form(form): Form<DeleteForm>,
) -> PageResult {
    let outcome = match form.given() {
        Ok(given) => roles::delete(&app, &actor, &role, &form.confirm, given.as_ref()).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(deletion) => {
            let text = match (&deletion.replacement, deletion.used.people) {
                (_, 0) => "Nobody had it.".to_owned(),
                (Some(to), _) => format!(
                    "{to} took its place for {}.",
                    in_places(deletion.used.people, deletion.used.workspaces)
                ),
                (None, _) => format!(
                    "It was taken from {}.",
                    in_places(deletion.used.people, deletion.used.workspaces)
                ),
            };
            let notice = Notice::good(format!("The role {} is deleted.", deletion.role.name), text);
            Ok(see_other(
                format!("/orgs/{}/roles/custom", actor.org.slug),
                Some(notice),
            ))
        }
        Err(refusal @ Refusal::Invalid(_)) => Ok(page::invalid(
            &confirm_page(&app, &actor, &visitor, &role, form, Some(&refusal)).await?,
        )),
        Err(refusal) => Err(refusal.into()),
    }
}

async fn confirm_page(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    role: &CustomRoleId,
    mut form: DeleteForm,
    refusal: Option<&Refusal>,
) -> Result<Confirm, Refusal> {
    let message = |field| {
        refusal.map_or(String::new(), |refusal| {
            refusal.message_for(field).to_owned()
        })
    };
    if !message("replacement").is_empty() {
        form.replacement.clear();
    }
    let deletion = roles::deletion_impact(app, actor, role, form.given()?.as_ref()).await?;
    let (others, _) = roles::list(app, actor, "", (Order::Name, false), "", OTHERS).await?;
    let fixed = [
        WorkspaceRole::Viewer,
        WorkspaceRole::Member,
        WorkspaceRole::Admin,
    ];
    let mut options = vec![(
        String::new(),
        "No role: they lose the workspace".to_owned(),
        String::new(),
    )];
    options.extend(fixed.map(|role| {
        (
            role.as_str().to_owned(),
            role.label().to_owned(),
            String::new(),
        )
    }));
    let others = others.into_iter().filter(|other| other.role.id != *role);
    options.extend(others.map(|other| {
        (
            other.role.id.to_string(),
            format!("{} (custom)", other.role.name),
            String::new(),
        )
    }));
    let place = |(name, people): &(String, i64)| {
        format!("{name}: {}", text::count(*people, "person", "people"))
    };
    let changes = &deletion.impact.changes;
    Ok(Confirm {
        shell: Shell::org(
            visitor,
            actor,
            "Roles",
            format!("Delete {}?", deletion.role.name),
        ),
        base: path_of(actor, role),
        name: deletion.role.name.clone(),
        used: in_places(deletion.used.people, deletion.used.workspaces),
        places: deletion.places.iter().take(PLACES).map(place).collect(),
        more_places: deletion.places.len().saturating_sub(PLACES),
        lines: deletion
            .lines
            .iter()
            .take(NAMED)
            .map(roles::Line::in_words)
            .collect(),
        changes: changes
            .iter()
            .take(NAMED)
            .map(|change| change.sentence())
            .collect(),
        unnamed: changes.len().saturating_sub(NAMED) as i64,
        kept: (deletion.invitations - deletion.revoked) as i64,
        revoked: deletion.revoked as i64,
        options,
        confirm_error: message("confirm"),
        replacement_error: message("replacement"),
        deletion,
        form,
    })
}
