//! What a page of the access matrix costs in a large organization beside a small one. Run by `script/bench matrix`, which
//! installs wrk.
//!
//! One run measures, in turn and several times over,
//! - the page of a large organization in which everybody has a role in every workspace, and that of a small one: requests a
//!   second at 16 connections;
//! - the page's statements alone, one after another on one connection: workspaces, members, roles, custom roles.

mod common;

use clap::Parser;
use common::{client, median, owner, wrk};
use roster::actor::Actor;
use roster::app::App;
use roster::clock::Clock;
use roster::config::Config;
use roster::members::{self, Filter, StatusFilter};
use roster::workspaces::{self, Pages};
use sqlx::{Connection, Executor, SqliteConnection};
use std::time::Instant;
use tokio::net::TcpListener;

/// Measures the access matrix.
#[derive(Parser)]
struct Bench {
    /// Members of the large organization
    #[arg(long, default_value = "10000")]
    members: usize,
    /// Its workspaces
    #[arg(long, default_value = "100")]
    workspaces: usize,
    /// Seconds of one measurement
    #[arg(long, default_value = "5")]
    seconds: u32,
    /// Measurements of each, in turn
    #[arg(long, default_value = "3")]
    rounds: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(flatten)]
    config: Config,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut bench = Bench::parse();
    let folder = tempfile::tempdir()?;
    bench.config.data_dir = folder.path().to_owned();
    bench.config.database_url = None;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    bench.config.public_url = Some(url.parse()?);
    let app = App::open(bench.config.clone(), Clock::default()).await?;
    let serving = app.clone();
    tokio::spawn(
        async move { roster::app::serve(listener, serving, std::future::pending()).await },
    );
    let cookie = owner(&app, &url).await?;
    let client = client()?;
    let created = client
        .post(format!("{url}/orgs/new"))
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &cookie);
    created.form(&[("name", "Small")]).send().await?;
    let mut database = SqliteConnection::connect(&format!(
        "sqlite://{}",
        folder.path().join("roster.db").display()
    ))
    .await?;
    fill(&mut database, "acme-corp", bench.members, bench.workspaces).await?;
    fill(&mut database, "small", 10, 5).await?;
    database.close().await?;

    let (large, small) = (
        format!("{url}/orgs/acme-corp/access"),
        format!("{url}/orgs/small/access"),
    );
    let next = second_page(&client, &large, &cookie).await?;
    println!(
        "{} members × {} workspaces beside 10 × 5, wrk with 2 threads and 16 connections, {} s each",
        bench.members, bench.workspaces, bench.seconds
    );
    let all = [
        ("small, the whole matrix (10 × 5 cells)", small),
        ("large, first page (25 × 6 cells)", large.clone()),
        ("large, next members", next),
        (
            "large, a search for both",
            format!("{large}?q=person%20000042&w=place%20042"),
        ),
    ];
    let mut figures = vec![Vec::new(); all.len()];
    let (mut statements_large, mut statements_small) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        for (figures, (_, url)) in figures.iter_mut().zip(&all) {
            figures.push(wrk(
                url,
                &["-H", &format!("Cookie: {cookie}")],
                bench.seconds,
            )?);
        }
        statements_small.push(statements(&app, "small").await?);
        statements_large.push(statements(&app, "acme-corp").await?);
    }
    let medians: Vec<f64> = figures.iter_mut().map(|f| median(f)).collect();
    for ((name, _), (median, figures)) in all.iter().zip(medians.iter().zip(&figures)) {
        println!("{name:<42} {median:>9.0} requests/s   ({figures:.0?})");
    }
    let (small, large) = (median(&mut statements_small), median(&mut statements_large));
    println!("statements of a page alone: small {small:.0} µs, large {large:.0} µs");
    println!(
        "large page / small page: {:.2}   next / first: {:.2}",
        medians[1] / medians[0],
        medians[2] / medians[1]
    );
    Ok(())
}

/// Members named in another order than they are numbered, workspaces, and a role for everybody everywhere.
async fn fill(
    database: &mut SqliteConnection,
    org: &str,
    members: usize,
    workspaces: usize,
) -> anyhow::Result<()> {
    let statements = [
        format!(
            "INSERT INTO users (id, name, email, status, created_at)
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {members})
             SELECT '{org}-' || n, 'Person ' || printf('%06d', n * 7919 % {members}), '{org}' || n || '@acme.test', 'active', 0 FROM c"
        ),
        format!(
            "INSERT INTO members (id, n, org_id, user_id, role, role_rank, status, name, sort_name, email, since, search, verified, claimed)
             SELECT 'mem_' || u.id, (SELECT MAX(n) FROM members) + ROW_NUMBER() OVER (), o.id, u.id, 'member', 3, 'active', u.name,
                LOWER(u.name), u.email, 0, LOWER(u.name || ' ' || u.email), TRUE, TRUE
             FROM users u JOIN organizations o ON o.slug = '{org}' WHERE u.id LIKE '{org}-%'"
        ),
        format!(
            "INSERT INTO workspaces (id, org_id, name, sort_name, slug, people, created_at)
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {workspaces})
             SELECT 'ws-' || o.slug || n, o.id, 'Place ' || printf('%03d', n), 'place ' || printf('%03d', n), 'place-' || n, {members}, 0
             FROM c JOIN organizations o ON o.slug = '{org}'"
        ),
        format!(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
             SELECT w.id, m.user_id, 'direct', 'member', 0 FROM organizations o JOIN workspaces w ON w.org_id = o.id
             JOIN members m ON m.org_id = o.id WHERE o.slug = '{org}'"
        ),
        format!("UPDATE members SET workspaces = {workspaces} WHERE org_id = (SELECT id FROM organizations WHERE slug = '{org}')"),
        format!("UPDATE organizations SET members = members + {members}, workspaces = {workspaces} WHERE slug = '{org}'"),
    ];
    for sql in statements {
        database
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await?;
    }
    Ok(())
}

/// The address behind "Next members".
async fn second_page(client: &reqwest::Client, page: &str, cookie: &str) -> anyhow::Result<String> {
    let text = client
        .get(page)
        .header("cookie", cookie)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    let after = text
        .split("after=")
        .nth(1)
        .and_then(|rest| rest.split(['"', '&']).next());
    let after = after.ok_or_else(|| anyhow::anyhow!("there is no second page"))?;
    Ok(format!("{page}?after={after}"))
}

/// Microseconds of what a page reads of the database, without session, frame and drawing.
async fn statements(app: &App, org: &str) -> anyhow::Result<f64> {
    const TIMES: u32 = 200;
    let actor = Actor::system(roster::organizations::find_by_any_slug(app, org).await?);
    let filter = Filter {
        status: StatusFilter::Active,
        limit: 25,
        ..Filter::default()
    };
    let started = Instant::now();
    for _ in 0..TIMES {
        let columns = workspaces::search_in(app, &actor, "", Pages::First, 6)
            .await?
            .listed;
        let found = members::list(app, &actor, &filter).await?;
        let users: Vec<_> = found
            .entries
            .iter()
            .filter_map(|entry| entry.user.as_ref())
            .collect();
        let ids: Vec<_> = columns.iter().map(|one| &one.workspace.id).collect();
        workspaces::standings(app, &actor, &users, &ids).await?;
        workspaces::custom_roles(app, &actor).await?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES))
}
