//! `roster audit redact`

use super::super::{in_words, open_existing};
use crate::actor::Person;
use crate::audit::{self, Redaction};
use crate::config::Config;
use crate::text;
use clap::Args;

/// Take somebody's personal data out of the audit log, for good
///
/// Their names, addresses and logins, and where they acted from, go out of every event of every organization and account, and
/// a mark stands in their place. What happened, when, and by the account of which id stays, and so does the chain: `roster
/// audit verify` finds every event as it was written, and says how many are redacted. Each log concerned gets an event that
/// says so.
///
/// Without --yes it only says what it would do. Delete the account first, or what is done with it later is recorded with
/// its name again. Copies and exports from before still hold what goes; so may unused space in the file of a SQLite database,
/// of which `roster backup` writes a copy without any, and PostgreSQL until its next VACUUM.
#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The person, by their address or the id of their account (usr_…); by both, if the account was deleted
    #[arg(value_name = "WHOM", required = true)]
    whom: Vec<String>,

    /// Do it: it can't be undone
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let app = open_existing(config).await?;
    let operator = Person::system();
    let redaction = match options.yes {
        true => audit::redact(&app, &operator, &options.whom).await,
        false => audit::redact_impact(&app, &operator, &options.whom).await,
    };
    app.db.close().await;
    print(&redaction.map_err(in_words)?, options.yes);
    Ok(())
}

fn print(redaction: &Redaction, done: bool) {
    for user in &redaction.users {
        println!("Account: {user}");
    }
    if redaction.users.is_empty() {
        println!(
            "No account has this address, and no log tells of one that had it. If theirs was deleted, name its id too: their events show it."
        );
    }
    println!("Looked for: {}", redaction.texts.join(", "));
    for chain in redaction.chains.iter().filter(|chain| chain.events > 0) {
        let of = if chain.is_organization {
            ""
        } else {
            "account "
        };
        println!(
            "{of}{}: {}",
            chain.name,
            text::count(chain.events as i64, "event", "events")
        );
    }
    let events = text::count(
        redaction
            .chains
            .iter()
            .map(|chain| chain.events as i64)
            .sum(),
        "event",
        "events",
    );
    let logs = redaction
        .chains
        .iter()
        .filter(|chain| chain.events > 0)
        .count() as i64;
    let organizations = text::count(logs, "log", "logs");
    match (logs, done) {
        (0, _) => println!("No event that can be redacted names this person."),
        (_, true) => println!(
            "Redacted {events} in {organizations}. Each log says so in an event of its own."
        ),
        (_, false) => {
            println!(
                "This would redact {events} in {organizations}. Nothing was changed: to do it, add --yes. It can't be undone."
            )
        }
    }
    for chain in redaction
        .chains
        .iter()
        .filter(|chain| !chain.left.is_empty())
    {
        let places: Vec<String> = chain.left.iter().map(i64::to_string).collect();
        println!(
            "{}: {} left as {}: written before events could be redacted, or not as written (roster audit verify): {}",
            chain.name,
            text::count(places.len() as i64, "event is", "events are"),
            if places.len() == 1 {
                "it is"
            } else {
                "they are"
            },
            text::some_of(&places, 20)
        );
    }
    if redaction.is_alive && logs > 0 {
        println!(
            "The account is still there: what is done with it from now on is recorded with its name. Delete it first."
        );
    }
}
