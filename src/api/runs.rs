//! `/workspaces/{workspace_id}/runs`, and `…/events` of workspaces and organizations: what a host product reports.

use super::call::Call;
use super::error::ApiResult;
use super::input::{Json, Query};
use super::paging::{self, Listed};
use super::resources::At;
use super::shape::{answer, body, query};
use super::usage;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Refusal;
use crate::ids::{ResourceId, UserId};
use crate::runs::{self, Filter, NewEvent, NewRun, Noted, Row, Status, Verdict};
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde_json::Value;

/// The calls of this file, and the one about what is counted.
pub(super) fn calls() -> Vec<Call> {
    vec![
        Call::get("/workspaces/{workspace_id}/runs", list)
            .says("List the runs that you see in a workspace, newest first")
            .asks::<AskedRuns>()
            .gives::<Listed<Run>>(200),
        Call::post("/workspaces/{workspace_id}/runs", report)
            .says(
                "Report up to 1,000 runs by your product's own ids; the same again changes nothing, and a finish may come before its start",
            )
            .takes::<ReportedRuns>()
            .gives::<RunVerdicts>(200),
        Call::post("/workspaces/{workspace_id}/events", report_events)
            .says("Write up to 1,000 of your product's events into the audit log, each once by its own id")
            .takes::<ReportedEvents>()
            .gives::<EventVerdicts>(200),
        Call::get("/organizations/{org_id}/usage", usage::show)
            .says("Get an organization's usage over some days")
            .asks::<usage::AskedUsage>()
            .gives::<usage::Usage>(200),
        Call::post("/organizations/{org_id}/events", report_events)
            .says("Write events that are about no workspace into the audit log, each once by its own id")
            .takes::<ReportedEvents>()
            .gives::<EventVerdicts>(200),
    ]
}

answer! {
    /// One execution that the host product reported.
    pub struct Run {
        pub id: String,
        /// The host product's own id.
        pub external_id: String,
        /// `running`, `succeeded`, `failed` or `canceled`
        pub status: &'static str,
        /// What was run; `null`: the workspace as a whole.
        pub resource: Option<super::resources::ResourceName>,
        /// Who started it, as an account; `null` where that isn't known.
        pub person_id: Option<String>,
        /// Their name as it was when the run was reported.
        pub person_name: String,
        /// What started it, where nobody did, such as a schedule.
        pub trigger: String,
        pub started_at: Option<String>,
        pub finished_at: Option<String>,
        pub rows: i64,
        pub bytes: i64,
    }
}

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        let run = row.run;
        let resource = run.resource.map(|id| super::resources::ResourceName {
            id: id.into(),
            kind: row.resource_kind,
            external_id: row.resource_external_id,
            name: row.resource_name,
        });
        Self {
            id: run.id.into(),
            external_id: run.external_id,
            status: run.status.as_str(),
            resource,
            person_id: run.person.map(String::from),
            person_name: run.person_name,
            trigger: run.cause,
            started_at: run.started_at.map(rfc3339),
            finished_at: run.finished_at.map(rfc3339),
            rows: run.rows,
            bytes: run.bytes,
        }
    }
}

query! {
    /// Which runs: all that is said has to hold.
    pub struct AskedRuns {
        /// `running`, `succeeded`, `failed` or `canceled`
        pub status: Option<String>,
        /// Of this resource only, by its id.
        pub resource_id: Option<String>,
        /// Started by this person, by the account's id.
        pub user_id: Option<String>,
        /// Things on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

/// `GET /workspaces/{workspace_id}/runs`
pub async fn list(
    State(app): State<App>,
    At(place): At,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedRuns>,
) -> ApiResult<Response> {
    let wrong = || Refusal::field("status", "Say running, succeeded, failed or canceled.");
    let filter = Filter {
        status: asked
            .status
            .map(|name| Status::parse(&name).ok_or_else(wrong))
            .transpose()?,
        resource: asked.resource_id.map(ResourceId::from),
        person: asked.user_id.map(UserId::from),
        after: asked.cursor.unwrap_or_default(),
        limit: paging::limit(asked.limit.as_deref())?,
    };
    let listed = runs::list(&app, &place, &filter).await?;
    let data = listed.rows.into_iter().map(Run::from).collect();
    paging::answer(
        &app,
        &uri,
        Listed {
            data,
            next_cursor: listed.next,
        },
    )
}

body! {
    /// A resource by the host product's own id.
    pub struct ToldResource {
        pub kind: String,
        pub external_id: String,
    }
}

impl From<ToldResource> for (String, String) {
    fn from(told: ToldResource) -> Self {
        (told.kind, told.external_id)
    }
}

body! {
    /// A run as far as it is known. Tell of the start, of the end, or of both.
    pub struct ReportedRun {
        /// The host product's own id, one for each run of the workspace.
        pub external_id: String,
        /// `running`, `succeeded`, `failed` or `canceled`
        pub status: String,
        /// What is run; left out: the workspace as a whole.
        pub resource: Option<ToldResource>,
        /// Who started it, by id or e-mail address, or a name where it is nobody here. Others than yourself only where you
        /// administer the workspace.
        pub person: Option<String>,
        /// What started it, where nobody did, such as a schedule.
        pub trigger: Option<String>,
        /// Needed while it goes on.
        pub started_at: Option<String>,
        /// Needed once it has ended.
        pub finished_at: Option<String>,
        pub rows: Option<i64>,
        pub bytes: Option<i64>,
    }
}

body! {
    /// Up to 1,000 runs. Where one can't be accepted, none is written.
    pub struct ReportedRuns {
        pub runs: Vec<ReportedRun>,
    }
}

answer! {
    /// What became of the report of a run.
    pub struct RunVerdict {
        /// `created`, `changed`, `unchanged`, or `too_old` where it is from before what the organization keeps.
        pub verdict: &'static str,
        pub external_id: String,
        pub id: Option<String>,
    }
}

answer! {
    /// A verdict for each run in their order.
    pub struct RunVerdicts {
        pub data: Vec<RunVerdict>,
    }
}

/// `POST /workspaces/{workspace_id}/runs`
pub async fn report(
    State(app): State<App>,
    At(place): At,
    Json(sent): Json<ReportedRuns>,
) -> ApiResult<axum::Json<RunVerdicts>> {
    let new = |run: ReportedRun| NewRun {
        external_id: run.external_id,
        status: run.status,
        resource: run.resource.map(Into::into),
        person: run.person.unwrap_or_default(),
        cause: run.trigger.unwrap_or_default(),
        started_at: run.started_at.unwrap_or_default(),
        finished_at: run.finished_at.unwrap_or_default(),
        rows: run.rows.unwrap_or_default(),
        bytes: run.bytes.unwrap_or_default(),
    };
    let all: Vec<NewRun> = sent.runs.into_iter().map(new).collect();
    let verdict = |done: runs::Reported| RunVerdict {
        verdict: match done.verdict {
            Verdict::Created => "created",
            Verdict::Changed => "changed",
            Verdict::Unchanged => "unchanged",
            Verdict::TooOld => "too_old",
        },
        external_id: done.external_id,
        id: done.id.map(String::from),
    };
    let done = runs::report(&app, &place, &all).await?;
    Ok(axum::Json(RunVerdicts {
        data: done.into_iter().map(verdict).collect(),
    }))
}

body! {
    /// Something that happened in the host product.
    pub struct ReportedEvent {
        /// The host product's own id, one for each event of the place.
        pub external_id: String,
        /// `run` or `resource`
        pub category: String,
        /// Thing and verb, such as `report.exported`; stands in the log as `product.report.exported`.
        pub action: String,
        /// What it happened to.
        pub resource: Option<ToldResource>,
        /// Who did it, by id or e-mail address, or a name where it is nobody here. The event's actor is who reports it.
        pub person: Option<String>,
        pub happened_at: Option<String>,
        /// Up to 2,000 bytes that are kept with it.
        pub details: Option<Value>,
    }
}

body! {
    /// Up to 1,000 events. Where one can't be accepted, none is written.
    pub struct ReportedEvents {
        pub events: Vec<ReportedEvent>,
    }
}

answer! {
    /// A verdict for each event in their order: `recorded`, or `known` where the log has it already.
    pub struct EventVerdicts {
        pub data: Vec<&'static str>,
    }
}

/// `POST …/events`
pub async fn report_events(
    State(app): State<App>,
    At(place): At,
    Json(sent): Json<ReportedEvents>,
) -> ApiResult<axum::Json<EventVerdicts>> {
    let mut all = Vec::with_capacity(sent.events.len());
    for (n, event) in sent.events.into_iter().enumerate() {
        let details = match event.details {
            None | Some(Value::Null) => Default::default(),
            Some(Value::Object(details)) => details,
            Some(_) => {
                return Err(
                    Refusal::field(format!("events[{n}].details"), "Give an object.").into(),
                );
            }
        };
        all.push(NewEvent {
            external_id: event.external_id,
            category: event.category,
            action: event.action,
            resource: event.resource.map(Into::into),
            person: event.person.unwrap_or_default(),
            happened_at: event.happened_at.unwrap_or_default(),
            details,
        });
    }
    let done = runs::report_events(&app, &place, &all).await?;
    let verdict = |noted| {
        if noted == Noted::Recorded {
            "recorded"
        } else {
            "known"
        }
    };
    Ok(axum::Json(EventVerdicts {
        data: done.into_iter().map(verdict).collect(),
    }))
}
