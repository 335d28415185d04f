//! What a decision costs. Run by `script/bench checks`, which installs wrk.
//!
//! One run measures
//! - `access::decide` by itself, without I/O, in nanoseconds;
//! - `POST /access/check` at 16 connections, beside the cheapest page of the server that knows who is asking;
//! - a batch of 1,000 questions about one person.

mod common;

use clap::Parser;
use common::{client, median, owner, wrk};
use roster::access::{
    Action, Actions, Held, Limit, Link, Membership, OrgRole, Permitted, Target, Thing, Who,
    WorkspaceRole, decide, known_kind,
};
use roster::accounts::{TokenScope, create_token_for};
use roster::actor::Actor;
use roster::app::App;
use roster::clock::Clock;
use roster::config::Config;
use roster::workspaces;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;
use tokio::net::TcpListener;

/// Measures decisions.
#[derive(Parser)]
struct Bench {
    /// Seconds of one measurement
    #[arg(long, default_value = "3")]
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
    decisions();
    let folder = tempfile::tempdir()?;
    bench.config.data_dir = folder.path().to_owned();
    bench.config.api_calls = u32::MAX;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    bench.config.public_url = Some(url.parse()?);
    let app = App::open(bench.config.clone(), Clock::default()).await?;
    let serving = app.clone();
    tokio::spawn(
        async move { roster::app::serve(listener, serving, std::future::pending()).await },
    );
    let cookie = owner(&app, &url).await?;
    let token = create_token_for(&app, "alice@acme.test", "bench", TokenScope::Write, None)
        .await?
        .secret;
    let org = roster::organizations::find_by_any_slug(&app, "acme-corp").await?;
    let workspace = workspaces::create_in(&app, &Actor::system(org), "Production", "").await?;
    let client = client()?;
    let me: Value = client
        .get(format!("{url}/api/v1/me"))
        .bearer_auth(&token)
        .send()
        .await?
        .json()
        .await?;
    let set = format!(
        "{url}/api/v1/workspaces/{}/members/{}",
        workspace.id,
        me["id"].as_str().unwrap_or_default()
    );
    client
        .put(set)
        .bearer_auth(&token)
        .json(&json!({ "role": "admin" }))
        .send()
        .await?
        .error_for_status()?;

    let question = json!({ "action": "edit", "kind": "monitor", "workspace_id": workspace.id });
    let batch = json!({ "questions": vec![json!({ "action": "edit", "workspace_id": workspace.id }); 1_000] });
    let one = script(folder.path(), "one.lua", &token, &question)?;
    let thousand = script(folder.path(), "thousand.lua", &token, &batch)?;
    println!("a question: {question}");
    let (mut pages, mut checks, mut batches) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        pages.push(wrk(
            &format!("{url}/account/appearance"),
            &["-H", &format!("Cookie: {cookie}")],
            bench.seconds,
        )?);
        checks.push(wrk(
            &format!("{url}/api/v1/access/check"),
            &["-s", &one],
            bench.seconds,
        )?);
        batches.push(wrk(
            &format!("{url}/api/v1/access/check"),
            &["-s", &thousand],
            bench.seconds,
        )?);
    }
    let (page, check, batch) = (
        median(&mut pages),
        median(&mut checks),
        median(&mut batches),
    );
    println!("the cheapest page                    {page:>9.0} requests/s   ({pages:.0?})");
    println!("POST /access/check                   {check:>9.0} requests/s   ({checks:.0?})");
    println!("POST /access/check, 1,000 questions  {batch:>9.0} requests/s   ({batches:.0?})");
    println!(
        "check / cheapest page: {:.2}   questions a second in batches: {:.0}",
        check / page,
        batch * 1_000.0
    );
    Ok(())
}

/// The pure decision about a field deep in a tree, for a person with a custom role and grants.
fn decisions() {
    let chain = [
        Link {
            kind: "field",
            id: "res_f",
        },
        Link {
            kind: "table",
            id: "res_t",
        },
        Link {
            kind: "app",
            id: "res_a",
        },
    ];
    let lines: Vec<Permitted<'_>> = [
        "app", "table", "report", "sync", "model", "link", "view", "field",
    ]
    .into_iter()
    .map(|kind| Permitted {
        kind,
        resource: None,
        actions: Actions::none()
            .with(Action::Edit, true)
            .with(Action::View, true),
    })
    .collect();
    let rows = [Held {
        role: WorkspaceRole::Custom,
        permissions: &lines,
    }];
    let limits = [Limit {
        kind: "app",
        granted: &["res_x", "res_y", "res_a"],
    }];
    let who = Who {
        user: "usr_1",
        membership: Membership::Active(OrgRole::Member),
        rows: &rows,
        admins_enter: false,
        limits: &limits,
    };
    let Some(kind) = known_kind("field") else {
        return;
    };
    let target = Target::Resource(Thing {
        kind,
        owner: None,
        chain: &chain,
        entitled: true,
    });
    const TIMES: u32 = 1_000_000;
    let started = Instant::now();
    for _ in 0..TIMES {
        black_box(decide(
            black_box(&who),
            black_box(Action::Edit),
            black_box(&target),
        ));
    }
    println!(
        "access::decide                       {:>9.0} ns",
        started.elapsed().as_nanos() as f64 / f64::from(TIMES)
    );
}

/// A request that wrk sends again and again.
fn script(
    folder: &std::path::Path,
    name: &str,
    token: &str,
    body: &Value,
) -> anyhow::Result<String> {
    let path = folder.join(name);
    let body = body.to_string();
    std::fs::write(
        &path,
        format!(
            "wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = 'application/json'\n\
             wrk.headers['Authorization'] = 'Bearer {token}'\n"
        ),
    )?;
    Ok(path.display().to_string())
}
