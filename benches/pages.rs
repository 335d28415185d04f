//! What the members page costs beside what it can't cost less than. Run by `script/bench`, which installs wrk.
//!
//! One run measures, in turn and several times over, requests a second at 16 connections of
//! - the signed-in members page of a large organization: session, person, organization, list, frame;
//! - (a) an empty handler that serves the same bytes;
//! - (b) the page's one list statement through the same driver, drawn with the same template, and nothing else.
//!
//! A ratio is the median of the rounds' own ratios: what disturbs the machine for a while disturbs both sides of it.

mod common;

use axum::Router;
use axum::routing::get;
use clap::Parser;
use common::{client, median, owner, wrk};
use roster::access::OrgRole;
use roster::actor::Actor;
use roster::app::App;
use roster::clock::Clock;
use roster::config::Config;
use roster::members::{self, Mover};
use tokio::net::TcpListener;

/// Measures pages.
#[derive(Parser)]
struct Bench {
    /// Members of the organization
    #[arg(long, default_value = "10000")]
    members: usize,
    /// Seconds of one measurement
    #[arg(long, default_value = "5")]
    seconds: u32,
    /// Measurements of each, in turn
    #[arg(long, default_value = "3")]
    rounds: usize,
    /// Print the addresses and go on serving, for a profiler
    #[arg(long)]
    hold: bool,
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
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    bench.config.public_url = Some(url.parse()?);
    let app = App::open(bench.config.clone(), Clock::default()).await?;
    let serving = app.clone();
    tokio::spawn(
        async move { roster::app::serve(listener, serving, std::future::pending()).await },
    );
    let cookie = owner(&app, &url).await?;
    fill(&app, bench.members).await?;

    let page = format!("{url}/orgs/acme-corp/members");
    let sample = ask(&page, &cookie).await?;
    println!(
        "{} members, {} bytes a page, wrk with 2 threads and 16 connections, {} s each",
        bench.members,
        sample.len(),
        bench.seconds
    );
    let bare = bare_server(app.clone(), sample).await?;
    if bench.hold {
        println!("PAGE={page}\nBARE={bare}\nCOOKIE={cookie}");
        std::future::pending::<()>().await;
    }
    let full = [
        ("members page, first", page.clone()),
        ("members page, last", format!("{page}?page=last")),
        ("members page, search", format!("{page}?q=person%20000042")),
    ];
    let rivals = [
        (
            "(a) the same bytes, empty handler",
            format!("{bare}/same-bytes"),
        ),
        (
            "(b) the list statement and the template",
            format!("{bare}/list"),
        ),
    ];
    let all: Vec<(&str, String)> = full.into_iter().chain(rivals).collect();
    let mut figures = vec![Vec::new(); all.len()];
    for _ in 0..bench.rounds {
        for (figures, (_, url)) in figures.iter_mut().zip(&all) {
            figures.push(wrk(
                url,
                &["-H", &format!("Cookie: {cookie}")],
                bench.seconds,
            )?);
        }
    }
    for ((name, _), figures) in all.iter().zip(&figures) {
        println!(
            "{name:<42} {:>9.0} requests/s   ({figures:.0?})",
            median(&mut figures.clone())
        );
    }
    let ratio = |one: usize, other: usize| {
        median(
            &mut figures[one]
                .iter()
                .zip(&figures[other])
                .map(|(a, b)| a / b)
                .collect::<Vec<_>>(),
        )
    };
    println!("members page / (b): {:.2}", ratio(0, 4));
    println!(
        "last page / first page: {:.2}   search / first page: {:.2}",
        ratio(1, 0),
        ratio(2, 0)
    );
    Ok(())
}

async fn fill(app: &App, count: usize) -> anyhow::Result<()> {
    let system = Actor::system(roster::organizations::find_by_any_slug(app, "acme-corp").await?);
    for n in 0..count {
        let role = [
            OrgRole::Member,
            OrgRole::Member,
            OrgRole::Viewer,
            OrgRole::Admin,
        ][n % 4];
        let mover = Mover {
            email: format!("person{n:06}@acme.test"),
            name: format!("Person {:06}", (n * 7919) % count),
            role,
        };
        members::move_in(app, &system, &mover).await?;
    }
    Ok(())
}

async fn ask(url: &str, cookie: &str) -> anyhow::Result<String> {
    let client = client()?;
    Ok(client
        .get(url)
        .header("cookie", cookie)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?)
}

/// (a) and (b), on a server with none of Roster's layers.
async fn bare_server(app: App, bytes: String) -> anyhow::Result<String> {
    let org = roster::organizations::find_by_any_slug(&app, "acme-corp").await?;
    let actor = Actor::system(org);
    let bytes: &'static str = bytes.leak();
    let router = Router::new()
        .route(
            "/same-bytes",
            get(move || async move { axum::response::Html(bytes) }),
        )
        .route(
            "/list",
            get(move || roster::web::bare_members_page(app.clone(), actor.clone())),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}
