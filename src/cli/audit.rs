//! `roster audit verify` and `roster audit redact`

mod redact;

use super::{OrganizationOption, in_words, open_existing};
use crate::audit::{self, FileCheck, Heads};
use crate::config::Config;
use crate::text;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum Command {
    Verify(Options),
    Redact(redact::Options),
}

/// Check that every event is as it was written, and name the first that isn't
#[derive(Args)]
pub(super) struct Options {
    /// An export of the log, CSV or JSON Lines, to check without the database
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The export was filtered: what lies between its events is not in it
    #[arg(long, requires = "file")]
    filtered: bool,

    /// Compare with the heads that ROSTER_AUDIT_HEADS wrote to this file
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,

    /// One organization, by its slug [default: all of them, and every account]
    #[arg(long, value_name = "SLUG", conflicts_with = "file")]
    organization: Option<String>,
}

/// Ends with an error where something is not as it was written, so that a script notices.
pub(super) async fn run(config: Config, command: Command) -> anyhow::Result<()> {
    let options = match command {
        Command::Verify(options) => options,
        Command::Redact(options) => return redact::run(config, options).await,
    };
    let heads = options.heads.as_deref().map(Heads::read).transpose()?;
    match &options.file {
        Some(file) => verify_file(file, options.filtered, &heads.unwrap_or_default()),
        None => verify_database(config, options.organization, heads).await,
    }
}

async fn verify_database(
    config: Config,
    organization: Option<String>,
    heads: Option<Heads>,
) -> anyhow::Result<()> {
    let app = open_existing(config).await?;
    let only = match organization {
        Some(organization) => Some(
            OrganizationOption { organization }
                .actor(&app)
                .await?
                .org
                .id
                .clone(),
        ),
        None => None,
    };
    let chains = audit::verify(&app, only.as_ref()).await.map_err(in_words)?;
    let mut broken = 0;
    for chain in &chains {
        if let Some(first) = &chain.broken {
            broken += 1;
            println!("{}: {first}", chain.name);
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
    let unlike = match &heads {
        Some(heads) => audit::compare_heads(&app, heads).await.map_err(in_words)?,
        None => Vec::new(),
    };
    unlike.iter().for_each(|wrong| println!("{wrong}"));
    app.db.close().await;
    anyhow::ensure!(
        broken == 0,
        "{} not as written",
        text::count(broken, "chain of events is", "chains of events are")
    );
    anyhow::ensure!(
        unlike.is_empty(),
        "{}",
        "the log doesn't fit the heads that were written"
    );
    let fit = if heads.is_some() {
        ", and the heads fit"
    } else {
        ""
    };
    let redacted = match chains.iter().map(|c| c.redacted).sum() {
        0 => String::new(),
        n => format!(
            " {} redacted, as the log itself says.",
            text::count(n, "of them is", "of them are")
        ),
    };
    println!("Every event is as it was written{fit}.{redacted}");
    Ok(())
}

fn verify_file(file: &Path, filtered: bool, heads: &Heads) -> anyhow::Result<()> {
    let found = audit::verify_file(file, filtered, heads)?;
    if let Some(wrong) = &found.broken {
        let hint = if wrong.contains("missing") && !filtered {
            ". If this export was filtered, say --filtered"
        } else {
            ""
        };
        anyhow::bail!("{}: {wrong}{hint}", file.display());
    }
    println!("{}", said(&found, filtered));
    Ok(())
}

fn said(found: &FileCheck, filtered: bool) -> String {
    if found.events == 0 {
        return "The file has no events.".into();
    }
    let mut said = format!(
        "Checked {} of {}, from {} to {}. Every event in the file is as it was written",
        text::count(found.events, "event", "events"),
        found.stream,
        text::thousands(found.first),
        text::thousands(found.last)
    );
    said += match (filtered, found.between) {
        (false, _) => ", and none is missing between them.",
        (true, 0) => ", and each follows the one before.",
        (true, _) => ".",
    };
    if found.between > 0 {
        said += &format!(
            " {} between them can't be checked: not in the file.",
            text::count(found.between, "event", "events")
        );
    }
    if found.redacted > 0 {
        let unsaid = match found.unsaid as i64 {
            0 => ", as events in the file say.".to_owned(),
            n if found.unsaid == found.redacted => {
                format!(
                    "; {} not in the file.",
                    if n == 1 {
                        "the event that says so is"
                    } else {
                        "the events that say so are"
                    }
                )
            }
            n => format!(
                "; for {} the event that says so is not in the file.",
                text::thousands(n)
            ),
        };
        said += &format!(
            " {} redacted{unsaid}",
            text::count(found.redacted as i64, "of them is", "of them are")
        );
    }
    said += &match found.heads {
        0 => " Whether the end was cut off can't be told from the file: compare with written heads (--heads).".to_owned(),
        heads => format!(" {}.", text::count(heads as i64, "head that was written fits", "heads that were written fit")),
    };
    said
}
