//! `roster plan set`, `roster plan show` and `roster plan list`

use super::{OrganizationOption, in_words, open_existing};
use crate::billing::{self, Plan, Plans, Status};
use crate::clock;
use crate::config::Config;
use crate::text;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Command {
    Set(SetOptions),
    Show(ShowOptions),
    /// List the plans there are, with their limits
    List,
}

/// Set an organization's plan
///
/// Nothing is taken away: what is above a limit of the new plan stays, and nothing is added above it. It stands in the
/// audit log as done by the operator.
#[derive(Args)]
pub(super) struct SetOptions {
    #[command(flatten)]
    organization: OrganizationOption,

    /// The plan's id, as `roster plan list` gives it
    #[arg(value_name = "PLAN")]
    plan: String,
}

/// Print an organization's plan
#[derive(Args)]
pub(super) struct ShowOptions {
    #[command(flatten)]
    organization: OrganizationOption,
}

pub(super) async fn run(config: Config, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List => list(&Plans::load(config.plans.as_deref())?),
        Command::Set(options) => set(config, options).await?,
        Command::Show(options) => show(config, options).await?,
    }
    Ok(())
}

async fn set(config: Config, options: SetOptions) -> anyhow::Result<()> {
    let app = open_existing(config).await?;
    let actor = options.organization.actor(&app).await?;
    let set = billing::set_plan(&app, &actor, &options.plan)
        .await
        .map_err(in_words)?;
    let org = &actor.org.name;
    match set.changed {
        true => println!(
            "{org} is on the plan {} now; it was on {}.",
            set.after.name, set.before.name
        ),
        false => println!(
            "{org} is on the plan {} already. Nothing was changed.",
            set.after.name
        ),
    }
    app.db.close().await;
    Ok(())
}

async fn show(config: Config, options: ShowOptions) -> anyhow::Result<()> {
    let app = open_existing(config).await?;
    let actor = options.organization.actor(&app).await?;
    let account = billing::account(&app, &actor).await.map_err(in_words)?;
    println!(
        "{} is on the plan {} ({}).",
        actor.org.name, account.plan.name, account.plan.id
    );
    if account.status != Status::None {
        println!("Payment: {}.", account.status.label().to_lowercase());
    }
    if let Some(until) = account.plan_until.filter(|until| *until > app.now()) {
        println!("Until {}.", clock::day(until));
    }
    println!("{}", limits(&account.plan));
    app.db.close().await;
    Ok(())
}

fn list(plans: &Plans) {
    for (n, plan) in plans.all().iter().enumerate() {
        let default = if n == 0 {
            "; what an organization has that was given no other"
        } else {
            ""
        };
        println!("{}  {}{default}", plan.id, plan.name);
        println!("    {}", limits(plan));
        if !plan.entitlements.is_empty() {
            let names: Vec<&str> = plan.entitlements.iter().map(String::as_str).collect();
            println!("    with {}", names.join(", "));
        }
    }
}

fn limits(plan: &Plan) -> String {
    if plan.limits.is_empty() {
        return "no limits".to_owned();
    }
    let each = plan
        .limits
        .iter()
        .map(|(name, most)| format!("{} {}", name.replace('_', " "), text::thousands(*most)));
    each.collect::<Vec<_>>().join(" · ")
}
