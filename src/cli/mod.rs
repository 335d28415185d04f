//! The command line: the third door.

mod audit;
mod backup;
mod billing;
mod demo;
mod import;
mod owner;
mod plan;
mod serve;
mod settings;
mod sign_in_link;
mod token;

use crate::actor::Actor;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Refusal;
use crate::organizations;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// The organization settings of a product that has workspaces: members, invitations, roles, audit and an API.
///
/// Without a command, `roster` serves. Every setting is a flag or an environment variable, for every command.
#[derive(Parser)]
#[command(name = "roster", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

const EXAMPLES: &str = "Examples:
  roster
      start with a database in ./data, on http://127.0.0.1:3000
  roster demo
      look around in a made organization first
  roster sign-in-link you@example.com
      a link that signs you in, while no mail server is set
  roster import members.csv --organization acme-corp --dry-run
      what moving these people in would do
  ROSTER_DATABASE_URL=postgres://roster@db/roster roster
      the same on PostgreSQL";

// What a command does stands with its options, in its own file.
#[derive(Subcommand)]
enum Command {
    /// Serve the pages and the API (also without a command)
    Serve,
    Demo(demo::Options),
    SignInLink(sign_in_link::Options),
    Import(import::Options),
    /// Owners of organizations
    #[command(subcommand)]
    Owner(owner::Command),
    /// What is paid at Stripe
    #[command(subcommand)]
    Billing(billing::Command),
    /// Plans of organizations
    #[command(subcommand)]
    Plan(plan::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Personal API tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Print the OpenAPI document of the REST API
    Openapi,
    Backup(backup::BackupOptions),
    Restore(backup::RestoreOptions),
}

/// Runs what the command line asks for. The text of an error is for the person at the terminal.
pub async fn run() -> anyhow::Result<()> {
    let cli = parse()?;
    let config = cli.config;
    start_log(&config)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(config).await,
        Command::Demo(options) => demo::run(config, options).await,
        Command::SignInLink(options) => sign_in_link::run(config, options).await,
        Command::Import(options) => import::run(config, options).await,
        Command::Owner(command) => owner::run(config, command).await,
        Command::Billing(command) => billing::run(config, command).await,
        Command::Plan(command) => plan::run(config, command).await,
        Command::Audit(command) => audit::run(config, command).await,
        Command::Token(command) => token::run(config, command).await,
        Command::Openapi => {
            println!("{:#}", crate::api::document(&config.base_url()));
            Ok(())
        }
        Command::Backup(options) => backup::backup(config, options).await,
        Command::Restore(options) => backup::restore(config, options).await,
    }
}

/// Reads flags and environment. What is wrong with a setting is said in one sentence that names it.
fn parse() -> anyhow::Result<Cli> {
    let mut command = settings::prepare(Cli::command());
    match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => Ok(Cli::from_arg_matches(&matches)?),
        Err(error) => match settings::sentence(&error, &command) {
            Some(sentence) => Err(anyhow::anyhow!(sentence)),
            None => error.exit(),
        },
    }
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(crate::db::log_filter(&config.log))
        .map_err(|_| {
            anyhow::anyhow!(
                "ROSTER_LOG (--log) must be like info or roster=debug; it is “{}”",
                config.log
            )
        })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        log.json().init()
    } else {
        log.with_target(false).init()
    }
    Ok(())
}

/// Which organization a command works on.
#[derive(Args)]
struct OrganizationOption {
    /// The organization, by its slug: the part after /orgs/ in the address of its pages
    #[arg(long, value_name = "SLUG")]
    organization: String,
}

impl OrganizationOption {
    /// The operator, acting on the organization. Refuses one that isn't there, with its name.
    async fn actor(&self, app: &App) -> anyhow::Result<Actor> {
        match organizations::find_by_any_slug(app, &self.organization).await {
            Ok(organization) => Ok(Actor::system(organization)),
            Err(Refusal::NotFound) => anyhow::bail!(
                "there is no organization with the slug “{}”. The slug is the part after /orgs/ in the address of its pages",
                self.organization
            ),
            Err(refusal) => Err(in_words(refusal)),
        }
    }
}

/// Opens the database for a command that works on what is there. Refuses to make a new one.
async fn open_existing(config: Config) -> anyhow::Result<App> {
    config.check()?;
    if let Some(file) = config.database_file() {
        anyhow::ensure!(
            file.exists(),
            "there is no database at {}. Start Roster once to make one, or name the right folder with --data-dir",
            file.display()
        );
    }
    App::open(config, Clock::default()).await
}

/// A refusal for the person at the terminal.
fn in_words(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Invalid(fields) => anyhow::anyhow!(
            fields
                .iter()
                .map(|f| f.message.as_ref())
                .collect::<Vec<_>>()
                .join(" ")
        ),
        Refusal::Internal(error) => error,
        other => anyhow::anyhow!(other.to_string()),
    }
}
