//! The runs of a workspace, as far as somebody sees what was run: through [`crate::resources::sees`], like every list (S2-35).

use super::queries::{self, Asked};
use super::{Run, Status};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{ResourceId, UserId};
use crate::resources::Place;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which runs: all that is said has to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub resource: Option<ResourceId>,
    pub person: Option<UserId>,
    /// The cursor that an earlier page gave; "": from the newest.
    pub after: String,
    /// Rows on a page, 1 to 100.
    pub limit: i64,
}

/// A run with what it was a run of; "" where it was the workspace as a whole.
#[derive(Clone, Debug)]
pub struct Row {
    pub run: Run,
    pub resource_kind: String,
    pub resource_external_id: String,
    pub resource_name: String,
}

/// One page, newest first.
#[derive(Clone, Debug)]
pub struct Listed {
    pub rows: Vec<Row>,
    pub next: Option<String>,
}

/// One page of a workspace's runs. Runs of things that the person doesn't see aren't there, and neither are those of the
/// workspace as a whole for who has no more there than a custom role.
pub async fn list(app: &App, place: &Place, filter: &Filter) -> Result<Listed> {
    let mut tx = app.db.read().await?;
    let limit = filter.limit.clamp(1, 100);
    let asked = asked(app, &mut tx, place, filter, limit + 1).await?;
    let mut rows = queries::list(&mut tx, &asked).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| encode_cursor(asked.workspace.as_str(), &last.run));
    Ok(Listed { rows, next })
}

/// The database's plan for [`list`], line by line, for the test that looks at it.
pub async fn explain(app: &App, place: &Place, filter: &Filter) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    let asked = asked(app, &mut tx, place, filter, 50).await?;
    queries::explain(&mut tx, &asked).await
}

async fn asked(
    app: &App,
    tx: &mut Tx,
    place: &Place,
    filter: &Filter,
    limit: i64,
) -> Result<Asked> {
    let workspace = place.workspace_id().ok_or(Refusal::NotFound)?.clone();
    let sight = place.sight(app, tx, Some(&workspace)).await?;
    Ok(Asked {
        user: place.user().clone(),
        enters: place.enters(),
        sees_all: sight.sees_all(),
        sees_workspace: sight.sees_workspace(),
        status: filter.status.map_or("", Status::as_str),
        resource: filter
            .resource
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        person: filter
            .person
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        before: match filter.after.as_str() {
            "" => (i64::MAX, String::new()),
            cursor => decode_cursor(workspace.as_str(), cursor)?,
        },
        workspace,
        limit,
    })
}

fn encode_cursor(workspace: &str, run: &Run) -> String {
    URL_SAFE_NO_PAD
        .encode(serde_json::to_string(&(workspace, run.at(), run.id.as_str())).unwrap_or_default())
}

fn decode_cursor(workspace: &str, text: &str) -> Result<(Micros, String)> {
    let wrong = || {
        Refusal::field(
            "cursor",
            "This page belongs to another list. Start from the first page.",
        )
    };
    let raw = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let (of, at, id): (String, Micros, String) =
        serde_json::from_slice(&raw).map_err(|_| wrong())?;
    if of != workspace || id.contains('\0') {
        Err(wrong())
    } else {
        Ok((at, id))
    }
}
