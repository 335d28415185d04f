//! `roster token create`: an API token for somebody, printed once.

use crate::accounts::{self, TokenScope};
use crate::clock::day;
use crate::config::Config;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Token {
    /// Make a personal API token for somebody who has signed in before, and print it
    Create(Create),
}

#[derive(Args)]
pub(super) struct Create {
    /// Address of the person that the token acts as
    email: String,

    /// What the token is for
    #[arg(long)]
    name: String,

    /// A token that reads and changes nothing
    #[arg(long)]
    read_only: bool,

    /// Days it lives [default: 90, or fewer where an organization of theirs says so]
    #[arg(long, allow_negative_numbers = true)]
    days: Option<i64>,
}

/// Prints the token alone on standard output, so that a script can keep it, and the rest beside it.
pub(super) async fn run(config: Config, command: Token) -> anyhow::Result<()> {
    let Token::Create(wish) = command;
    let app = super::open_existing(config).await?;
    let scope = if wish.read_only {
        TokenScope::Read
    } else {
        TokenScope::Write
    };
    let made = accounts::create_token_for(&app, &wish.email, &wish.name, scope, wish.days)
        .await
        .map_err(super::in_words)?;
    let ends = made.token.expires_at.map(day).unwrap_or_default();
    eprintln!(
        "A token “{}” for {}, until {ends}. It is not shown again:",
        made.token.name, wish.email
    );
    println!("{}", made.secret);
    app.db.close().await;
    Ok(())
}
