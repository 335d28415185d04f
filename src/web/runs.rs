//! `/workspaces/{ws}/runs`: what ran in a workspace, as far as the person sees what was run.

use super::error::PageError;
use super::input::Query;
use super::members::When;
use super::page::{self, Shell};
use super::resources::at_workspace;
use super::session::SignedIn;
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::runs::{self, Filter, Row as Listed, Status};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

/// Rows on a page.
const ROWS: i64 = 50;

/// What the address of the list says.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    status: String,
    resource: String,
    person: String,
    after: String,
}

impl Asked {
    fn filter(&self) -> Result<Filter, Refusal> {
        let wrong = || Refusal::field("status", "There is no such state of a run.");
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(Filter {
            status: some(&self.status)
                .map(|name| Status::parse(&name).ok_or_else(wrong))
                .transpose()?,
            resource: some(&self.resource).map(ResourceId::from),
            person: some(&self.person).map(UserId::from),
            after: self.after.clone(),
            limit: ROWS,
        })
    }

    fn address(&self, base: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(format!("{base}?"));
        let kept = [
            ("status", &self.status),
            ("resource", &self.resource),
            ("person", &self.person),
            ("after", &self.after),
        ];
        query.extend_pairs(kept.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    /// The list from its beginning, with something else asked for.
    fn with(&self, base: &str, change: impl FnOnce(&mut Self)) -> String {
        let mut asked = Self {
            after: String::new(),
            ..self.clone()
        };
        change(&mut asked);
        asked.address(base)
    }
}

/// A run as it is shown.
struct Row {
    /// What was run, and its page; "" for the workspace as a whole.
    resource: String,
    href: String,
    external_id: String,
    status: Status,
    /// Who started it, or what did; "" where nobody said.
    by: String,
    /// The list of what they started; "" where it isn't an account.
    by_href: String,
    /// The list of what ran of the same thing.
    of_href: String,
    when: When,
    took: String,
    rows: i64,
    bytes: i64,
    ended: bool,
}

impl Row {
    fn new(workspace: &WorkspaceId, base: &str, asked: &Asked, listed: Listed, now: i64) -> Self {
        let run = listed.run;
        let resource = run
            .resource
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let person = run
            .person
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let took = run
            .started_at
            .zip(run.finished_at)
            .filter(|(started, finished)| started <= finished);
        Self {
            href: if resource.is_empty() {
                String::new()
            } else {
                format!("/workspaces/{workspace}/resources/{resource}")
            },
            of_href: asked.with(base, |asked| asked.resource.clone_from(&resource)),
            by_href: if person.is_empty() {
                String::new()
            } else {
                asked.with(base, |asked| asked.person.clone_from(&person))
            },
            by: if run.person_name.is_empty() {
                run.cause.clone()
            } else {
                run.person_name.clone()
            },
            when: When::relative(run.at().min(now), now),
            took: took.map_or_else(
                || "—".to_owned(),
                |(started, finished)| text::duration(finished - started),
            ),
            rows: run.rows,
            bytes: run.bytes,
            ended: run.status != Status::Running,
            resource: listed.resource_name,
            external_id: run.external_id,
            status: run.status,
        }
    }

    fn tone(&self) -> &'static str {
        match self.status {
            Status::Running => "wait",
            Status::Succeeded => "good",
            Status::Failed => "bad",
            Status::Canceled => "",
        }
    }
}

#[derive(Template)]
#[template(path = "runs/index.html")]
struct Index {
    shell: Shell,
    base: String,
    of: String,
    asked: Asked,
    statuses: [Status; 4],
    rows: Vec<Row>,
    next: Option<String>,
    first: Option<String>,
    filtered: bool,
    /// Filters beside the state, each with its words and the list without it.
    narrowed: Vec<(String, String)>,
    /// The command that reports a run, for who may.
    example: String,
}

/// `GET /workspaces/{ws}/runs`
pub async fn index(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path(ws): Path<WorkspaceId>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (place, shell) = at_workspace(&app, &person, &visitor, &ws, "Runs").await?;
    let listed = runs::list(&app, &place, &asked.filter()?).await?;
    let base = format!("/workspaces/{ws}/runs");
    let mut narrowed = Vec::new();
    let first = listed.rows.first();
    if !asked.resource.is_empty() {
        let name = first.map_or("one resource", |row| row.resource_name.as_str());
        narrowed.push((
            format!("Only of {name}"),
            asked.with(&base, |asked| asked.resource.clear()),
        ));
    }
    if !asked.person.is_empty() {
        let name = first.map_or("one person", |row| row.run.person_name.as_str());
        narrowed.push((
            format!("Only by {name}"),
            asked.with(&base, |asked| asked.person.clear()),
        ));
    }
    let next = listed.next.map(|after| {
        Asked {
            after,
            ..asked.clone()
        }
        .address(&base)
    });
    Ok(page::ok(&Index {
        of: place
            .workspace
            .as_ref()
            .map(|open| open.workspace.name.clone())
            .unwrap_or_default(),
        rows: listed
            .rows
            .into_iter()
            .map(|row| Row::new(&ws, &base, &asked, row, visitor.now))
            .collect(),
        first: (!asked.after.is_empty()).then(|| asked.with(&base, |_| ())),
        filtered: ![&asked.status, &asked.resource, &asked.person]
            .iter()
            .all(|part| part.is_empty()),
        example: super::usage::example(&app, ws.as_str(), visitor.now),
        statuses: Status::ALL,
        next,
        narrowed,
        shell,
        asked,
        base,
    }))
}
