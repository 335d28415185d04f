//! `roster demo`: a filled example on a database of its own, to look around in.

mod invited;
mod names;
mod people;
mod queries;
mod roles;
mod runs;
mod story;
mod things;

use super::{in_words, serve};
use crate::accounts;
use crate::app;
use crate::clock::{Clock, DAY};
use crate::config::{Config, FirstSignIn, Membership};
use crate::mail::Mailer;
use anyhow::Context;
use clap::Args;
use std::path::Path;

/// Start with a filled example organization, and print a link that signs you in
///
/// Acme Corp has some three hundred made people, four workspaces and three months behind it. It stands in a database of
/// its own, in the folder “demo” of the data folder, and is made anew at every start. Mails go nowhere: they are on the
/// page /dev/mailbox, where everybody who reaches it can read them.
#[derive(Args)]
pub(super) struct Options {
    /// Go on with the demo of the last start instead of making it anew
    #[arg(long)]
    keep: bool,
}

/// How far back the story begins.
const BEGINNING: i64 = 90 * DAY;

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let config = settings(config);
    config.check()?;
    let is_new = !options.keep || !config.data_dir.join("roster.db").exists();
    let clock = Clock::default();
    let folder = config.data_dir.clone();
    // The port is asked for before anything is thrown away.
    let (listener, app, _in_use) = serve::start_with(config, clock.clone(), || {
        if is_new { throw_away(&folder) } else { Ok(()) }
    })
    .await?;
    if is_new {
        println!("Making the demo …");
        clock.advance(-BEGINNING);
        story::tell(&app).await?;
    }
    let url = app.config.base_url();
    let link = accounts::operator_link(&app, people::ALICE.email)
        .await
        .map_err(in_words)?;
    println!("Roster's demo is on {url}\n");
    println!("  Open     {link}");
    println!(
        "           signs you in as {}, owner of Acme Corp; once, within ten minutes",
        people::ALICE.name
    );
    println!("  Mailbox  {url}/dev/mailbox has every mail, so anybody else can sign in too:");
    println!(
        "           {url}/sign-in with {} (admin) or {} (member)",
        people::BOB.email,
        people::DAVE.email
    );
    println!(
        "  Data     {}, made anew at every start (--keep goes on with it)",
        app.config.data_dir.display()
    );
    println!("\nCtrl-C stops it.");
    app::serve(listener, app, app::terminated()).await
}

/// A demo has its own database and sends nothing to anybody, whatever is set for the real one.
fn settings(config: Config) -> Config {
    Config {
        data_dir: config.data_dir.join("demo"),
        database_url: None,
        smtp_url: None,
        smtp_ca: None,
        membership: Membership::Many,
        first_sign_in: FirstSignIn::Nothing,
        development: true,
        demo: true,
        ..config
    }
}

/// Removes what an earlier demo made, and nothing else that may lie there.
fn throw_away(folder: &Path) -> anyhow::Result<()> {
    for file in [
        "roster.db",
        "roster.db-wal",
        "roster.db-shm",
        "roster.db.migrating",
    ] {
        match std::fs::remove_file(folder.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("{} can't be removed", folder.join(file).display()));
            }
            _ => {}
        }
    }
    let mails = std::fs::read_dir(Mailer::folder_in(folder))
        .into_iter()
        .flatten()
        .flatten();
    for mail in mails.filter(|m| m.path().extension().is_some_and(|e| e == "eml")) {
        std::fs::remove_file(mail.path()).ok();
    }
    Ok(())
}
