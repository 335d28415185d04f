//! The command line: the third door.

mod token;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use clap::{Parser, Subcommand};

/// The organization settings of a product that has workspaces: members, invitations, roles, audit and an API
#[derive(Parser)]
#[command(name = "roster", version)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages and the API (also without a command)
    Serve,
    /// Personal API tokens
    #[command(subcommand)]
    Token(token::Token),
}

/// Runs what the command line asks for. The text of an error is for the person at the terminal.
pub async fn run() -> anyhow::Result<()> {
    let cli = Cli::parse();
    start_log(&cli.config)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(cli.config).await,
        Command::Token(command) => token::run(cli.config, command).await,
    }
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|_| anyhow::anyhow!("ROSTER_LOG must be like info or roster=debug; it is “{}”", config.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json {
        log.json().init()
    } else {
        log.with_target(false).init()
    }
    Ok(())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::open(config, Clock::default()).await?;
    let listener = tokio::net::TcpListener::bind(&app.config.listen)
        .await
        .map_err(|e| anyhow::anyhow!("ROSTER_LISTEN: {} can't be listened on: {e}", app.config.listen))?;
    println!("Roster is on {}", app.config.base_url());
    crate::app::serve(listener, app, crate::app::terminated()).await
}
