//! `/organizations/{org_id}/audit`: the audit log.

use super::bearer;
use super::call::Call;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::members::some;
use super::paging::{self, Listed};
use super::repeat::Streamed;
use super::shape::{answer, body, query};
use crate::app::App;
use crate::audit::{self, Category, EventRow, Filter, Format, Kind, Page};
use crate::clock::{self, DAY, rfc3339_exact};
use crate::error::{Checks, Refusal};
use crate::ids::{EventId, UserId, WorkspaceId};
use crate::web::download;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

/// Every call about the audit log.
pub(super) fn calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/audit", list)
            .says("List audit events, newest first")
            .asks::<AskedEvents>()
            .gives::<paging::Listed<AuditEvent>>(200),
        Call::post("/organizations/{org_id}/audit/export", export)
            .says("Export audit events as a file, CSV or JSON Lines, oldest first; the export is an event itself")
            .takes::<AuditExport>()
            .gives::<String>(200),
        Call::post("/organizations/{org_id}/audit/{event_id}/undo", undo)
            .says("Undo what an event tells of: a change of role or policies, a suspension, a reinstatement; as a new event"),
        Call::get("/organizations/{org_id}/audit/{event_id}", show).says("Get an audit event").gives::<AuditEvent>(200),
    ]
}

answer! {
    /// One fact that somebody did something.
    pub struct AuditEvent {
        pub id: String,
        /// Its place in the organization's chain, from 1.
        pub seq: i64,
        /// When Roster recorded it.
        pub at: String,
        /// The event as people say it.
        pub sentence: String,
        /// `access`, `resource`, `governance`, `run`, `billing` or `sign-in`
        pub category: String,
        /// Such as `member.role_changed`.
        pub action: String,
        pub workspace_id: Option<String>,
        /// `user`, `token`, `key` or `system`
        pub actor_kind: String,
        pub actor_id: String,
        /// As it was then.
        pub actor_name: String,
        /// The session, token or key by which the actor acted.
        pub credential: String,
        pub ip: Option<String>,
        pub client: Option<String>,
        pub request_id: Option<String>,
        pub target_kind: String,
        pub target_id: String,
        /// As it was then.
        pub target_name: String,
        /// The user concerned, where there is one.
        pub subject_id: Option<String>,
        /// What was before and after, and counts.
        pub changes: Value,
        /// Hash of the event before; empty for the first.
        pub prev_hash: String,
        pub hash: String,
        /// How it is hashed.
        pub v: i64,
        pub salt: String,
        /// The fields whose text was redacted; they hold `[redacted]`, and `changes` nothing.
        pub redacted_fields: Vec<String>,
        /// The digests that stand for them, and the keys of the others: what the hash is made of, to the letter.
        pub redacted: Option<String>,
    }
}

impl From<EventRow> for AuditEvent {
    fn from(event: EventRow) -> Self {
        Self {
            sentence: audit::sentence(&event),
            redacted_fields: audit::redacted_columns(&event)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            id: event.id,
            seq: event.seq,
            at: rfc3339_exact(event.at),
            category: event.category,
            action: event.action,
            workspace_id: event.workspace_id,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            actor_name: event.actor_name,
            credential: event.credential,
            ip: some(event.ip),
            client: some(event.client),
            request_id: some(event.request_id),
            target_kind: event.target_kind,
            target_id: event.target_id,
            target_name: event.target_name,
            subject_id: event.subject_id,
            changes: serde_json::from_str(&event.changes).unwrap_or_default(),
            prev_hash: event.prev_hash,
            hash: event.hash,
            v: event.v,
            salt: event.salt,
            redacted: some(event.redacted),
        }
    }
}

query! {
    /// What the log's address says; all that is said has to hold.
    pub struct AskedEvents {
        /// Only in this workspace.
        pub workspace_id: Option<String>,
        /// Only what this user did or what concerned them.
        pub user_id: Option<String>,
        /// Only this action, such as `member.role_changed`.
        pub action: Option<String>,
        /// Only `access`, `resource`, `governance`, `run`, `billing` or `sign-in`; not beside an action, which has one.
        pub category: Option<String>,
        /// The first day, such as `2026-11-01` (UTC).
        pub from: Option<String>,
        /// The last day.
        pub to: Option<String>,
        /// Events on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

impl AskedEvents {
    fn filter(&self) -> Result<Filter, Refusal> {
        let mut checks = Checks::default();
        let mut day = |field, text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty())?;
            checks.take(
                field,
                clock::parse_date(text).ok_or("Write the day like 2026-11-22."),
            )
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let kind = match (&self.category, &self.action) {
            (Some(_), Some(_)) => Err("An action has a category already: ask for one of the two."),
            (Some(category), None) => {
                let known = Category::parse(category)
                    .ok_or("Say access, resource, governance, run, billing or sign-in.");
                known.map(|category| Some(Kind::Category(category)))
            }
            (None, action) => Ok(action.clone().map(Kind::Action)),
        };
        let kind = checks.take("category", kind);
        checks.done()?;
        Ok(Filter {
            workspace: self.workspace_id.clone().map(WorkspaceId::from),
            member: self.user_id.clone().map(UserId::from),
            kind: kind.flatten(),
            from,
            until: to.map(|to| to + DAY),
        })
    }
}

body! {
    /// What to export.
    pub struct AuditExport {
        /// `csv` or `jsonl`
        pub format: String,
        /// Only in this workspace.
        pub workspace_id: Option<String>,
        /// Only what this user did or what concerned them.
        pub user_id: Option<String>,
        /// Only this action, such as `member.role_changed`.
        pub action: Option<String>,
        /// Only `access`, `resource`, `governance`, `run`, `billing` or `sign-in`; not beside an action, which has one.
        pub category: Option<String>,
        /// The first day, such as `2026-11-01` (UTC).
        pub from: Option<String>,
        /// The last day.
        pub to: Option<String>,
    }
}

/// `POST /organizations/{org_id}/audit/export`: the file, made while it is sent.
pub async fn export(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Json(wanted): Json<AuditExport>,
) -> ApiResult<Response> {
    let format = Format::parse(&wanted.format)
        .ok_or_else(|| Refusal::field("format", "Say csv or jsonl."))?;
    let AuditExport {
        workspace_id,
        user_id,
        action,
        category,
        from,
        to,
        ..
    } = wanted;
    let asked = AskedEvents {
        workspace_id,
        user_id,
        action,
        category,
        from,
        to,
        ..AskedEvents::default()
    };
    let export = audit::export(&app, &actor, &asked.filter()?, format, "").await?;
    let mut response = download::audit(export, &actor.org.slug);
    response.extensions_mut().insert(Streamed);
    Ok(response)
}

/// `GET /organizations/{org_id}/audit`
pub async fn list(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedEvents>,
) -> ApiResult<Response> {
    let page = match &asked.cursor {
        None => Page::Newest,
        Some(cursor) => Page::Before(cursor.parse().map_err(|_| {
            Refusal::field(
                "cursor",
                "This page belongs to another list. Start from the first page.",
            )
        })?),
    };
    let limit = paging::limit(asked.limit.as_deref())?;
    let listed = audit::list(&app, &actor, &asked.filter()?, page, limit).await?;
    let next_cursor = listed
        .events
        .last()
        .filter(|_| listed.has_older)
        .map(|event| event.seq.to_string());
    let data: Vec<AuditEvent> = listed.events.into_iter().map(AuditEvent::from).collect();
    paging::answer(&app, &uri, Listed { data, next_cursor })
}

/// `GET /organizations/{org_id}/audit/{event_id}`
pub async fn show(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, event)): Path<(String, EventId)>,
) -> ApiResult<axum::Json<AuditEvent>> {
    Ok(axum::Json(audit::find(&app, &actor, &event).await?.into()))
}

/// `POST /organizations/{org_id}/audit/{event_id}/undo`
pub async fn undo(
    State(app): State<App>,
    bearer::Member(actor): bearer::Member,
    Path((_, event)): Path<(String, EventId)>,
) -> ApiResult<StatusCode> {
    audit::undo(&app, &actor, &event).await?;
    Ok(StatusCode::NO_CONTENT)
}
