//! `roster owner recover`

use super::{OrganizationOption, in_words, open_existing};
use crate::config::Config;
use crate::members::{self, Recovery};
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Command {
    Recover(Options),
}

/// Make somebody owner of an organization whose owners are gone
///
/// A member is raised to owner and, where suspended, let back in. It stands in the audit log as done by the operator.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    organization: OrganizationOption,

    /// Who becomes owner. Somebody who is no member is added, and signs in with this address
    #[arg(value_name = "EMAIL")]
    email: String,
}

pub(super) async fn run(config: Config, command: Command) -> anyhow::Result<()> {
    let Command::Recover(options) = command;
    let app = open_existing(config).await?;
    let actor = options.organization.actor(&app).await?;
    let (entry, recovery) = members::recover_owner(&app, &actor, &options.email)
        .await
        .map_err(in_words)?;
    let (who, org) = (&entry.email, &actor.org.name);
    match recovery {
        Recovery::Promoted(before) => println!(
            "{who} is an owner of {org} now; they were {} before.",
            before.with_article()
        ),
        Recovery::Added => println!("{who} is an owner of {org} now; they were no member before."),
        Recovery::AlreadyOwner => {
            println!("{who} is an owner of {org} already. Nothing was changed.")
        }
    }
    app.db.close().await;
    Ok(())
}
