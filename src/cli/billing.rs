//! `roster billing reconcile`

use super::{in_words, open_existing};
use crate::billing::stripe;
use crate::config::Config;
use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read every customer's state from Stripe, and repair what its events missed
    ///
    /// Happens every night by itself; this does it now. It ends with an error where Stripe couldn't be asked about somebody.
    Reconcile,
}

pub(super) async fn run(config: Config, command: Command) -> anyhow::Result<()> {
    let Command::Reconcile = command;
    let app = open_existing(config).await?;
    let round = stripe::reconcile(&app).await.map_err(in_words)?;
    let customers = if round.read == 1 {
        "customer"
    } else {
        "customers"
    };
    println!("Read {} {customers} at Stripe.", round.read);
    match round.repaired.as_slice() {
        [] => println!("Nothing was other than known."),
        repaired => println!("Repaired: {}.", repaired.join(", ")),
    }
    app.db.close().await;
    anyhow::ensure!(
        round.failed.is_empty(),
        "Stripe couldn't be asked about: {}. Try again later",
        round.failed.join(", ")
    );
    Ok(())
}
