//! Undoing from the log: what it does is shown before it is done.

use super::PageResult;
use super::facts::{Change, value};
use crate::app::App;
use crate::audit;
use crate::ids::EventId;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, see_other};
use askama::Template;
use axum::extract::{Path, State};

#[derive(Template)]
#[template(path = "audit/undo.html")]
struct ConfirmUndo {
    shell: Shell,
    base: String,
    id: String,
    does: String,
    sentence: String,
    changes: Vec<Change>,
    /// Who loses and gains: class, sign and sentence of each line.
    lines: Vec<(&'static str, &'static str, String)>,
    beyond: usize,
    note: String,
}

/// `GET /orgs/{org}/audit/{event}/undo`
pub async fn confirm_undo(
    State(app): State<App>,
    Path((_, event)): Path<(String, EventId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let undo = audit::undo_impact(&app, &actor, &event).await?;
    let changes = undo.changes.iter().map(|(name, is, will)| Change {
        name: name.clone(),
        before: value(is),
        after: value(will),
    });
    Ok(page::ok(&ConfirmUndo {
        shell: Shell::org(&visitor, &actor, "Audit log", format!("{}?", undo.does)),
        base: format!("/orgs/{}/audit", actor.org.slug),
        sentence: audit::sentence(&undo.event),
        changes: changes.collect(),
        lines: undo.impact.lines(),
        beyond: undo.impact.beyond(),
        note: undo.note,
        id: undo.event.id,
        does: undo.does,
    }))
}

/// `POST /orgs/{org}/audit/{event}/undo`
pub async fn undo(
    State(app): State<App>,
    Path((_, event)): Path<(String, EventId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let undone = audit::undo(&app, &actor, &event).await?;
    let notice = Notice::good(
        "Undone.",
        format!(
            "It was: {}. Undoing it is an event of its own.",
            audit::sentence(&undone)
        ),
    );
    Ok(see_other(
        format!("/orgs/{}/audit", actor.org.slug),
        Some(notice),
    ))
}
