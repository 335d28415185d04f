//! `roster sign-in-link EMAIL`

use super::in_words;
use crate::accounts;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use clap::Args;

/// Print a one-time link that signs somebody in, for when mail doesn't work
#[derive(Args)]
pub(super) struct Options {
    /// Whom the link signs in; somebody new gets an account
    #[arg(value_name = "EMAIL")]
    email: String,
}

/// Prints the link alone to the standard output, so that a script can take it, and what to know about it beside.
pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let app = App::open(config, Clock::default()).await?;
    let link = accounts::operator_link(&app, &options.email)
        .await
        .map_err(in_words)?;
    eprintln!(
        "This link signs whoever opens it in as {}, once, within ten minutes:",
        options.email.trim()
    );
    println!("{link}");
    app.db.close().await;
    Ok(())
}
