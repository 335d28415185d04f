//! Exporting the log: the form's answer is the file; how far it is, is asked for beside it.

use super::PageResult;
use super::asked::Asked;
use crate::app::App;
use crate::audit::{self, Format, Progress};
use crate::error::Refusal;
use crate::ids::UserId;
use crate::secret;
use crate::text;
use crate::web::download;
use crate::web::input::{Form, Query};
use crate::web::page;
use crate::web::session::{Member, see_other};
use askama::Template;
use axum::extract::State;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ExportForm {
    member: String,
    workspace: String,
    what: String,
    from: String,
    to: String,
    format: String,
    key: String,
}

/// `POST /orgs/{org}/audit/export`: the file.
pub async fn export(
    State(app): State<App>,
    Member { actor, .. }: Member,
    Form(form): Form<ExportForm>,
) -> PageResult {
    let format = Format::parse(&form.format)
        .ok_or_else(|| Refusal::field("format", "Choose CSV or JSON Lines."))?;
    let user = (!form.member.is_empty()).then(|| UserId::from(form.member.as_str()));
    let asked = Asked {
        workspace: form.workspace,
        what: form.what,
        from: form.from,
        to: form.to,
        ..Asked::default()
    };
    let key: String = form.key.chars().take(64).collect();
    let export = audit::export(&app, &actor, &asked.filter(user)?, format, &key).await?;
    Ok(download::audit(export, &actor.org.slug))
}

/// How often a page asks after an export that isn't known yet.
const PATIENCE: u32 = 10;

/// What is shown of an export.
pub(super) struct Shown {
    pub key: String,
    /// Where to ask how far it is.
    pub ask: String,
    pub progress: Option<Progress>,
    pub words: String,
    /// It is under way, so the page asks again.
    pub goes_on: bool,
}

impl Shown {
    /// Nothing yet: it begins when the form is sent.
    pub fn new(base: &str) -> Self {
        let key = secret::random_token();
        Self {
            ask: format!("{base}/export/progress?key={key}"),
            key,
            progress: None,
            words: String::new(),
            goes_on: false,
        }
    }
}

#[derive(Template)]
#[template(path = "audit/_progress.html")]
struct ProgressPart {
    progress: Shown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ProgressAsked {
    key: String,
    asks: u32,
}

/// `GET /orgs/{org}/audit/export/progress`: how far the export is. Leads to the log where it isn't htmx that asks.
pub async fn progress(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<ProgressAsked>,
) -> PageResult {
    let base = format!("/orgs/{}/audit", actor.org.slug);
    if !visitor.partial {
        return Ok(see_other(base, None));
    }
    let key: String = asked
        .key
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(64)
        .collect();
    let progress = app.exports.progress(actor.user(), &key);
    let events = |p: Progress| text::count(p.events, "event", "events");
    let (words, goes_on) = match progress {
        None => ("Preparing …".to_owned(), asked.asks < PATIENCE),
        Some(p) if p.done => (format!("Exported {}.", events(p)), false),
        Some(p) if p.failed => (
            format!(
                "The export stopped after {}: the file isn't whole.",
                events(p)
            ),
            false,
        ),
        Some(p) => (format!("Exporting: {} so far", events(p)), true),
    };
    let asks = if progress.is_none() {
        asked.asks + 1
    } else {
        0
    };
    let again = if goes_on {
        format!("&asks={asks}")
    } else {
        String::new()
    };
    let words = if progress.is_none() && !goes_on {
        String::new()
    } else {
        words
    };
    Ok(page::ok(&ProgressPart {
        progress: Shown {
            ask: format!("{base}/export/progress?key={key}{again}"),
            key,
            progress,
            words,
            goes_on,
        },
    }))
}
