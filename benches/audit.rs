//! What a filtered page of the audit log costs in logs of different lengths. Run by `script/bench audit`.
//!
//! For each length a database is made, and each filter alone and all together are asked for, the first page and one from
//! the middle: the list by itself, and the whole page over HTTP. In turn, several times; the medians and their ratios are
//! printed, and the plan of each list.

mod common;

use clap::Parser;
use common::{client, owner};
use roster::access::OrgRole;
use roster::actor::{Actor, Person};
use roster::app::App;
use roster::audit::{self, Category, Event, Filter, Kind, Page};
use roster::clock::{Clock, DAY};
use roster::config::Config;
use roster::ids::{UserId, WorkspaceId};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Measures the audit log.
#[derive(Parser)]
struct Bench {
    /// Lengths of the logs, shortest first
    #[arg(long, value_delimiter = ',', default_value = "10000,200000")]
    sizes: Vec<usize>,
    /// Measurements of each
    #[arg(long, default_value = "300")]
    rounds: usize,
    /// Keep the databases here, and use those that are here already [default: a folder that goes]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Print the plans of the longest log
    #[arg(long)]
    plans: bool,
    /// Check the chain of each log first
    #[arg(long)]
    verify: bool,
    /// Make the databases and measure nothing
    #[arg(long)]
    only_make: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(flatten)]
    config: Config,
}

struct Log {
    size: usize,
    app: App,
    actor: Actor,
    url: String,
    cookie: String,
}

const PEOPLE: usize = 200;
const WORKSPACES: usize = 20;
const YEARS: i64 = 2;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bench = Bench::parse();
    let gone = tempfile::tempdir()?;
    let folder = bench
        .folder
        .clone()
        .unwrap_or_else(|| gone.path().to_owned());
    let mut logs = Vec::new();
    for size in &bench.sizes {
        logs.push(open(&bench.config, &folder, *size).await?);
    }
    if bench.verify {
        for log in &logs {
            verify(log).await?;
        }
    }
    if bench.only_make {
        return Ok(());
    }
    let client = client()?;
    println!(
        "{:<26} {:<6} {}   longest / shortest",
        "microseconds, median of",
        "",
        heads(&logs)
    );
    println!("{:<26}", format!("{} each", bench.rounds));
    for (name, filter, query) in filters(&logs) {
        for deep in [false, true] {
            let (mut lists, mut pages) =
                (vec![Vec::new(); logs.len()], vec![Vec::new(); logs.len()]);
            for _ in 0..bench.rounds {
                for (n, log) in logs.iter().enumerate() {
                    let (page, cursor) = part(log, deep);
                    let start = Instant::now();
                    audit::list(&log.app, &log.actor, &filter, page, 50).await?;
                    lists[n].push(start.elapsed());
                    let url = format!("{}/orgs/acme-corp/audit?{query}{cursor}", log.url);
                    let start = Instant::now();
                    client
                        .get(url)
                        .header("cookie", &log.cookie)
                        .send()
                        .await?
                        .error_for_status()?
                        .bytes()
                        .await?;
                    pages[n].push(start.elapsed());
                }
            }
            let place = if deep { "middle" } else { "first" };
            println!("{name:<26} {place:<6} list {}", figures(&mut lists));
            println!("{:<26} {:<6} page {}", "", "", figures(&mut pages));
        }
    }
    if bench.plans {
        plans(logs.last().expect("a log")).await?;
    }
    Ok(())
}

fn heads(logs: &[Log]) -> String {
    logs.iter()
        .map(|log| format!("{:>10}", log.size))
        .collect::<String>()
        + "  events"
}

fn part(log: &Log, deep: bool) -> (Page, String) {
    let middle = log.size as i64 / 2;
    if deep {
        (Page::Before(middle), format!("&before={middle}"))
    } else {
        (Page::Newest, String::new())
    }
}

fn figures(of: &mut [Vec<Duration>]) -> String {
    let medians: Vec<f64> = of
        .iter_mut()
        .map(|figures| {
            figures.sort();
            figures[figures.len() / 2].as_secs_f64() * 1e6
        })
        .collect();
    let ratio = medians[medians.len() - 1] / medians[0];
    medians
        .iter()
        .map(|m| format!("{m:>10.0}"))
        .collect::<String>()
        + &format!("  {ratio:>6.2}")
}

/// Each filter with the query of its page.
fn filters(logs: &[Log]) -> Vec<(&'static str, Filter, String)> {
    let now = logs[0].app.now();
    let midnight = now - now.rem_euclid(DAY);
    let (from, until) = (midnight - 500 * DAY, midnight - 100 * DAY);
    let dates = format!(
        "&from={}&to={}",
        roster::clock::date(from),
        roster::clock::date(until - DAY)
    );
    let workspace = Some(WorkspaceId::from("ws_3"));
    let member = Some(UserId::from("usr_7"));
    let kind = Some(Kind::Action("resource.edited".into()));
    let none = Filter::default;
    vec![
        ("no filter", none(), String::new()),
        (
            "workspace",
            Filter {
                workspace: workspace.clone(),
                ..none()
            },
            "workspace=ws_3".into(),
        ),
        (
            "member",
            Filter {
                member: member.clone(),
                ..none()
            },
            "member=usr_7".into(),
        ),
        (
            "action",
            Filter {
                kind: kind.clone(),
                ..none()
            },
            "what=resource.edited".into(),
        ),
        (
            "category",
            Filter {
                kind: Some(Kind::Category(Category::Access)),
                ..none()
            },
            "what=access".into(),
        ),
        (
            "dates",
            Filter {
                from: Some(from),
                until: Some(until),
                ..none()
            },
            dates.clone(),
        ),
        (
            "all together",
            Filter {
                workspace: workspace.clone(),
                member,
                kind,
                from: Some(from),
                until: Some(until),
            },
            format!("workspace=ws_3&member=usr_7&what=resource.edited{dates}"),
        ),
        (
            "two that never meet",
            Filter {
                workspace,
                kind: Some(Kind::Action("only.elsewhere".into())),
                ..none()
            },
            "workspace=ws_3&what=only.elsewhere".into(),
        ),
    ]
}

async fn plans(log: &Log) -> anyhow::Result<()> {
    for (name, filter, _) in filters(std::slice::from_ref(log)) {
        println!("\n{name}");
        for line in audit::explain(&log.app, &log.actor.org.id, &filter, part(log, true).0).await? {
            println!("    {line}");
        }
    }
    Ok(())
}

async fn verify(log: &Log) -> anyhow::Result<()> {
    let start = Instant::now();
    for chain in audit::verify(&log.app, Some(&log.actor.org.id)).await? {
        anyhow::ensure!(
            chain.broken.is_none(),
            "{}",
            chain.broken.unwrap_or_default()
        );
        eprintln!(
            "{} events are as they were written, checked in {:.0} s",
            chain.events,
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// Serves a log of so many events, made if it isn't there.
async fn open(config: &Config, folder: &Path, size: usize) -> anyhow::Result<Log> {
    let mut config = config.clone();
    config.data_dir = folder.join(size.to_string());
    if let Some(server) = &config.database_url {
        config.database_url = Some(database_on(server, size).await?);
    }
    let (app, url) = serve(&mut config).await?;
    let cookie = owner(&app, &url).await?;
    let actor = Actor::system(roster::organizations::find_by_any_slug(&app, "acme-corp").await?);
    let there = audit::length(&app, &actor).await? as usize;
    if there >= size {
        return Ok(Log {
            size,
            app,
            actor,
            url,
            cookie,
        });
    }
    let start = Instant::now();
    match config.database_file() {
        None => record(&app, &actor, size - there).await?,
        Some(file) => {
            app.db.close().await;
            common::fill::fill(&file, events(app.now(), actor.clone(), size - there)).await?;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    eprintln!(
        "{size} events made in {seconds:.0} s, {:.0} a second",
        (size - there) as f64 / seconds
    );
    let (app, url) = serve(&mut config).await?;
    Ok(Log {
        size,
        app,
        actor,
        url,
        cookie,
    })
}

async fn serve(config: &mut Config) -> anyhow::Result<(App, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    config.public_url = Some(url.parse()?);
    let app = App::open(config.clone(), Clock::default()).await?;
    let serving = app.clone();
    tokio::spawn(
        async move { roster::app::serve(listener, serving, std::future::pending()).await },
    );
    Ok((app, url))
}

/// A database on a PostgreSQL server, one for each length.
async fn database_on(server: &str, size: usize) -> anyhow::Result<String> {
    use sqlx::{Connection, Executor};
    let name = format!("roster_bench_{size}");
    let mut connection = sqlx::PgConnection::connect(server).await?;
    connection
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .ok();
    let mut url = url::Url::parse(server)?;
    url.set_path(&name);
    Ok(url.to_string())
}

/// Events of [`PEOPLE`] people, a hundred by each in turn, in [`WORKSPACES`] workspaces, over [`YEARS`] years.
fn events(
    now: i64,
    system: Actor,
    count: usize,
) -> impl Iterator<Item = (Actor, Vec<(i64, Event)>)> + Send {
    let beginning = now - YEARS * 365 * DAY;
    let step = YEARS * 365 * DAY / count as i64;
    (0..count).step_by(100).map(move |n| {
        let person = Person {
            user: UserId::from(format!("usr_{}", n / 100 % PEOPLE).as_str()),
            ..Person::system()
        };
        let actor = Actor {
            person: Arc::new(person),
            role: OrgRole::Owner,
            ..system.clone()
        };
        (
            actor,
            (n..count.min(n + 100))
                .map(|n| (beginning + n as i64 * step, event(n)))
                .collect(),
        )
    })
}

/// Records them as the program does.
async fn record(app: &App, system: &Actor, count: usize) -> anyhow::Result<()> {
    let mut all = events(app.now(), system.clone(), count).peekable();
    while all.peek().is_some() {
        let mut tx = app.db.begin().await?;
        for (actor, events) in all.by_ref().take(200) {
            audit::record_many(&mut tx, &actor, events).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

fn event(n: usize) -> Event {
    const ACTIONS: [(Category, &str); 8] = [
        (Category::Access, "member.role_changed"),
        (Category::Access, "access.given"),
        (Category::Resource, "resource.created"),
        (Category::Resource, "resource.edited"),
        (Category::Run, "run.finished"),
        (Category::Run, "run.failed"),
        (Category::Governance, "organization.policies_changed"),
        (Category::Billing, "plan.changed"),
    ];
    // Numbers that look random and are the same in every run.
    let dice = (n as u64)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
        >> 33;
    let workspace = (dice >> 3) as usize % (WORKSPACES + 5);
    let (category, action) = if workspace == 1 && dice & 7 == 0 {
        (Category::Resource, "only.elsewhere")
    } else {
        ACTIONS[dice as usize & 7]
    };
    if (dice >> 20).is_multiple_of(25) {
        // What every filter finds, alone and together with the others, so that each fills a page of the shortest log too.
        let busy = Event::new(
            Category::Resource,
            "resource.edited",
            "resource",
            format!("res_{}", n % 500),
            "A busy one",
        );
        return busy
            .subject(Some(&UserId::from("usr_7")))
            .workspace(&WorkspaceId::from("ws_3"))
            .change("before it", "after it");
    }
    let subject = (dice >> 8)
        .is_multiple_of(3)
        .then(|| UserId::from(format!("usr_{}", (dice >> 10) as usize % PEOPLE).as_str()));
    let event = Event::new(
        category,
        action,
        "member",
        format!("mem_{}", n % 5_000),
        format!("Person {}", n % 5_000),
    );
    let event = event
        .subject(subject.as_ref())
        .change("before it", "after it");
    if workspace < WORKSPACES {
        event.workspace(&WorkspaceId::from(format!("ws_{workspace}").as_str()))
    } else {
        event
    }
}
