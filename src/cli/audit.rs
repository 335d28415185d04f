//! `roster audit verify`

use super::{OrganizationOption, in_words, open_existing};
use crate::audit;
use crate::config::Config;
use crate::text;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Command {
    Verify(Options),
}

/// Check that every event is as it was written, and name the first that isn't
#[derive(Args)]
pub(super) struct Options {
    /// One organization, by its slug [default: all of them, and every account]
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
}

/// Ends with an error where a chain is broken, so that a script notices.
pub(super) async fn run(config: Config, command: Command) -> anyhow::Result<()> {
    let Command::Verify(options) = command;
    let app = open_existing(config).await?;
    let only = match options.organization {
        Some(organization) => Some(OrganizationOption { organization }.actor(&app).await?.org.id.clone()),
        None => None,
    };
    let chains = audit::verify(&app, only.as_ref()).await.map_err(in_words)?;
    let mut broken = 0;
    for chain in &chains {
        match &chain.broken {
            None => {}
            Some(first) => {
                broken += 1;
                println!("{}: {first}", chain.name);
            }
        }
    }
    let events = text::count(chains.iter().map(|c| c.events).sum(), "event", "events");
    let organizations = chains.iter().filter(|c| c.is_organization).count();
    let accounts = chains.len() - organizations;
    println!(
        "Checked {events} of {} and {}.",
        text::count(organizations as i64, "organization", "organizations"),
        text::count(accounts as i64, "account", "accounts")
    );
    app.db.close().await;
    anyhow::ensure!(broken == 0, "{} not as written", text::count(broken, "chain of events is", "chains of events are"));
    println!("Every event is as it was written.");
    Ok(())
}
