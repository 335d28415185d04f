//! `/orgs/{org}/usage`: what an organization's workspaces hold and do, with charts, tables and files.

mod chart;

use super::billing::limits::Meter;
use super::download;
use super::error::PageError;
use super::input::Query;
use super::live::{self, Live};
use super::page::{self, Shell};
use super::session::{Member, see_other};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::billing::{self, Used};
use crate::clock::{self, DAY};
use crate::error::Refusal;
use crate::text;
use crate::usage::{self, Counts, Dashboard, Table, Window, WorkspaceUsage};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chart::{Days, Lines, Value};
use serde::Deserialize;

/// Workspaces that a chart shows, and that a table does.
const IN_CHART: usize = 12;
const IN_TABLE: usize = 100;

/// The command that reports a first run.
pub(super) fn example(app: &App, workspace: &str, now: i64) -> String {
    format!(
        "curl {}/api/v1/workspaces/{workspace}/runs \\\n  -H \"Authorization: Bearer $API_TOKEN\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  -d '{{\"runs\": [{{\"external_id\": \"run-1\", \"status\": \"succeeded\",\n    \
         \"started_at\": \"{}\", \"finished_at\": \"{}\", \"rows\": 1200, \"bytes\": 48000}}]}}'",
        app.config.base_url(),
        clock::rfc3339(now - clock::MINUTE),
        clock::rfc3339(now)
    )
}

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    days: String,
    /// The table to give as a file; "" for the page.
    csv: String,
}

/// One of the choices of days.
struct Choice {
    days: i64,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "usage/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_base: String,
    org_name: String,
    plan: String,
    limits: Limits,
    /// They may open the billing page.
    pays: bool,
    choices: Vec<Choice>,
    days: i64,
    /// `24 Oct 2026 to 22 Nov 2026`
    period: String,
    usage: Dashboard,
    by_day: Days,
    by_workspace: Lines,
    data: Lines,
    /// By number of runs, the most first.
    workspaces: Vec<WorkspaceUsage>,
    /// Workspaces that the page leaves out.
    further: i64,
    /// Resources of all kinds.
    resources: i64,
    example: String,
}

/// The limits of the plan with what is used of them now, and who has the slots: the part of the page that keeps itself fresh.
struct Limits {
    meters: Vec<Meter>,
    /// When this was so.
    at: (String, String),
    live: Live,
}

impl Limits {
    async fn new(
        app: &App,
        actor: &Actor,
        now: i64,
        asked: Option<&live::Asked>,
    ) -> Result<Self, Refusal> {
        // Which workspace has how much of it stands in the tables below.
        let used = billing::used(app, actor)
            .await?
            .into_iter()
            .map(|one| Used {
                shares: Vec::new(),
                ..one
            })
            .collect();
        let pools = billing::leases_in_use(app, actor).await?;
        let base = format!("/orgs/{}/usage", actor.org.slug);
        let part = format!("{base}/now");
        Ok(Self {
            meters: Meter::all(used, &pools, now),
            at: (clock::rfc3339(now), clock::second(now)),
            live: match asked {
                None => Live::new(base, &part),
                Some(asked) => Live::again(base, &part, asked),
            },
        })
    }
}

#[derive(Template)]
#[template(path = "usage/_limits.html")]
struct LimitsPart {
    limits: Limits,
}

/// `GET /orgs/{org}/usage/now`: the limits alone, for a page that is open. Leads to the whole page where it isn't htmx that asks.
pub async fn now(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<live::Asked>,
) -> Result<Response, PageError> {
    let limits = Limits::new(&app, &actor, visitor.now, Some(&asked)).await?;
    if !visitor.partial {
        return Ok(see_other(format!("/orgs/{}/usage", actor.org.slug), None));
    }
    Ok(page::ok(&LimitsPart { limits }))
}

impl Index {
    fn rate(&self, counts: &Counts) -> String {
        rate(counts)
    }

    fn day(&self, day: &i64) -> String {
        clock::day(day * DAY)
    }

    fn date(&self, day: &i64) -> String {
        clock::date(day * DAY)
    }

    fn file(&self, table: &str) -> String {
        format!("{}?days={}&csv={table}", self.base, self.days)
    }
}

/// `98.3 %`, or "—" where nothing ended (S1-73).
fn rate(counts: &Counts) -> String {
    counts
        .success_rate()
        .map_or_else(|| "—".to_owned(), text::percent)
}

/// What runs are drawn as.
fn parts(counts: &Counts) -> Value {
    vec![
        ("ok", counts.succeeded),
        ("fail", counts.failed),
        ("rest", counts.others()),
    ]
}

/// `GET /orgs/{org}/usage`: the page, or one of its tables as a CSV file.
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let window = match asked.days.as_str() {
        "" => Window::default(),
        days => Window::parse(days).ok_or(Refusal::NotFound)?,
    };
    let usage = usage::dashboard(&app, &actor, window).await?;
    if !asked.csv.is_empty() {
        let table = Table::parse(&asked.csv).ok_or(Refusal::NotFound)?;
        let name = format!(
            "{}-usage-{}-{}-days-{}.csv",
            actor.org.slug,
            table.as_str(),
            window.days(),
            clock::date(visitor.now)
        );
        return Ok(download::csv(
            usage.file(table).map_err(Refusal::Internal)?,
            &name,
        ));
    }
    let base = format!("/orgs/{}/usage", actor.org.slug);
    let choice = |one: Window| Choice {
        days: one.days(),
        href: format!("{base}?days={}", one.days()),
        current: one == window,
    };
    let mut workspaces = usage.workspaces.clone();
    workspaces.sort_by_key(|one| std::cmp::Reverse((one.counts.runs, one.counts.bytes)));
    let further = workspaces.len().saturating_sub(IN_TABLE) as i64;
    let period = format!(
        "{} to {}",
        clock::day(usage.first_day * DAY),
        clock::day(usage.last_day * DAY)
    );
    Ok(page::ok(&Index {
        shell: Shell::org(&visitor, &actor, "Usage", "Usage"),
        org_base: format!("/orgs/{}", actor.org.slug),
        org_name: actor.org.name.clone(),
        plan: app.plans.of(&actor.org, app.now()).name.clone(),
        limits: Limits::new(&app, &actor, visitor.now, None).await?,
        pays: access::allows(actor.role, Permission::ManageBilling),
        choices: Window::ALL.into_iter().map(choice).collect(),
        days: window.days(),
        by_day: by_day(&usage, &period),
        by_workspace: by_workspace(&workspaces),
        data: data(&workspaces),
        resources: usage.kinds.iter().map(|kind| kind.resources).sum(),
        example: example(
            &app,
            usage
                .workspaces
                .first()
                .map_or("{workspace_id}", |one| one.id.as_str()),
            visitor.now,
        ),
        workspaces: workspaces.into_iter().take(IN_TABLE).collect(),
        further,
        period,
        usage,
        base,
    }))
}

fn by_day(usage: &Dashboard, period: &str) -> Days {
    let busiest = usage
        .days
        .iter()
        .max_by_key(|(_, counts)| counts.runs)
        .filter(|(_, counts)| counts.runs > 0);
    let busiest = busiest.map_or_else(String::new, |(day, counts)| {
        format!(
            " Most on {}: {}.",
            clock::day(day * DAY),
            text::thousands(counts.runs)
        )
    });
    let about = format!(
        "Runs of each day from {period}: {} in all.{busiest} The table below has every number.",
        text::thousands(usage.total.runs)
    );
    let days: Vec<(String, Value)> = usage
        .days
        .iter()
        .map(|(day, counts)| (clock::day_of_year(day * DAY), parts(counts)))
        .collect();
    Days::new(about, &days, chart::short)
}

fn said(lines: &[(String, String, Value)]) -> String {
    lines
        .iter()
        .map(|(name, value, _)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join("; ")
}

fn by_workspace(workspaces: &[WorkspaceUsage]) -> Lines {
    let some = workspaces
        .iter()
        .filter(|one| one.counts.runs > 0)
        .take(IN_CHART);
    let value = |counts: &Counts| format!("{} · {}", text::thousands(counts.runs), rate(counts));
    let lines: Vec<(String, String, Value)> = some
        .map(|one| (one.name.clone(), value(&one.counts), parts(&one.counts)))
        .collect();
    Lines::new(
        format!(
            "Runs of each workspace, and how many of those that ended succeeded: {}.",
            said(&lines)
        ),
        lines,
        chart::short,
    )
}

fn data(workspaces: &[WorkspaceUsage]) -> Lines {
    let mut most: Vec<&WorkspaceUsage> = workspaces
        .iter()
        .filter(|one| one.counts.bytes > 0)
        .collect();
    most.sort_by_key(|one| std::cmp::Reverse(one.counts.bytes));
    let some = most.into_iter().take(IN_CHART);
    let lines: Vec<(String, String, Value)> = some
        .map(|one| {
            (
                one.name.clone(),
                text::bytes(one.counts.bytes),
                vec![("ok", one.counts.bytes)],
            )
        })
        .collect();
    Lines::new(
        format!(
            "Data that the runs of each workspace moved: {}.",
            said(&lines)
        ),
        lines,
        text::bytes,
    )
}
