//! `roster import FILE --organization SLUG`: moving in.

mod report;

use super::{OrganizationOption, in_words, open_existing};
use crate::actor::Actor;
use crate::app::App;
use crate::config::Config;
use crate::error::Refusal;
use crate::invitations::{self, NewInvitation, OnPending, Wanted};
use crate::members::{self, Line, Mover, Moving, MovingFile, Outcome, Placed};
use crate::workspaces::{self, Given};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use report::Report;
use std::path::PathBuf;

/// Lines in one transaction: what a stop can undo at most.
const BATCH: usize = 250;

/// Make members of the people in a CSV file, at once and without invitations
///
/// The first line names the columns: email,github,name,org_role,workspaces. A line needs an e-mail address or a GitHub
/// username. org_role is owner, admin, billing, member or viewer (member where it is empty). workspaces is like
/// production:admin;emea:member, by the workspaces' slugs; what names a workspace that isn't there is kept, and given by
/// the next import that finds it.
///
/// Members are listed as “not signed in yet” until they sign in with that address or that GitHub account. A line is done
/// whole or not at all; running the same file again changes nothing that is done.
#[derive(Args)]
pub(super) struct Options {
    /// The CSV file
    file: PathBuf,

    #[command(flatten)]
    organization: OrganizationOption,

    /// Ask GitHub for the account behind each username, so that exactly that account may claim the member
    #[arg(long, conflicts_with = "trust_usernames")]
    resolve_usernames: bool,

    /// Let whoever signs in with a GitHub username claim its member. A username can be given up and taken by somebody else
    #[arg(long)]
    trust_usernames: bool,

    /// Send everybody with an address an invitation instead; the mails leave when Roster runs
    #[arg(long, conflicts_with_all = ["resolve_usernames", "trust_usernames", "dry_run"])]
    invite: bool,

    /// Make the workspaces that the file names and that aren't there. Nobody but the organization's owners owns them
    #[arg(long)]
    create_workspaces: bool,

    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let name = options.file.display().to_string();
    let bytes = std::fs::read(&options.file).with_context(|| format!("{name} can't be read"))?;
    let file = members::read_file(&bytes)
        .map_err(|why| anyhow::anyhow!("{name} can't be imported: {why}"))?;
    let app = open_existing(config).await?;
    let actor = options.organization.actor(&app).await?;
    let report = import(&app, &actor, file, &options).await?;
    println!("{}", report.summary(&actor, &options));
    app.db.close().await;
    report.verdict()
}

async fn import(
    app: &App,
    actor: &Actor,
    file: MovingFile,
    options: &Options,
) -> anyhow::Result<Report> {
    let MovingFile {
        mut lines,
        problems,
    } = file;
    let mut report = Report {
        lines: lines.len() + problems.len(),
        ..Report::default()
    };
    report.tell(&problems);
    if options.create_workspaces {
        report.workspaces_made = make_workspaces(app, actor, &lines, options.dry_run)
            .await
            .map_err(in_words)?;
    }
    if options.invite {
        invite_all(app, actor, &lines, &mut report).await;
        return Ok(report);
    }
    if options.resolve_usernames {
        let before = lines.len();
        let bar = bar(before, "Asking GitHub");
        let resolved = members::resolve_usernames(app, actor, &mut lines, || bar.inc(1))
            .await
            .map_err(in_words)?;
        bar.finish_and_clear();
        report.waiting = before - lines.len() - resolved.problems.len();
        report.stopped = resolved.stopped;
        report.tell(&resolved.problems);
    }
    let how = Moving {
        trust_usernames: options.trust_usernames,
        dry_run: options.dry_run,
        workspaces_made: options.create_workspaces,
    };
    let bar = bar(lines.len(), "Moving in");
    for batch in lines.chunks(BATCH) {
        let outcomes = members::move_in_lines(app, actor, batch, how)
            .await
            .map_err(in_words)?;
        for (line, outcome) in batch.iter().zip(outcomes) {
            bar.suspend(|| report.note(line, outcome));
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(report)
}

/// Makes what is missing of the workspaces that lines name, or only counts it.
async fn make_workspaces(
    app: &App,
    actor: &Actor,
    lines: &[Line],
    dry_run: bool,
) -> Result<usize, Refusal> {
    let named = lines
        .iter()
        .flat_map(|line| &line.access)
        .map(|access| access.workspace.clone())
        .collect();
    match dry_run {
        true => Ok(workspaces::missing(app, actor, &named).await?.len()),
        false => workspaces::create_missing(app, actor, &named).await,
    }
}

/// Invites line by line, each in a write of its own as the page does it. Who was invited or is a member stays as they are.
async fn invite_all(app: &App, actor: &Actor, lines: &[Line], report: &mut Report) {
    let bar = bar(lines.len(), "Inviting");
    for line in lines {
        let outcome = invite(app, actor, line).await;
        bar.suspend(|| report.note(line, outcome));
        bar.inc(1);
    }
    bar.finish_and_clear();
}

async fn invite(app: &App, actor: &Actor, line: &Line) -> Outcome {
    let Mover { email, name, role } = line.mover.clone();
    if email.is_empty() {
        return Outcome::Refused("has no e-mail address to send an invitation to".into());
    }
    let access = match wanted(app, actor, line).await {
        Ok(Ok(access)) => access,
        Ok(Err(slug)) => {
            return Outcome::Refused(format!(
                "names the workspace {slug}, which isn't there; see --create-workspaces"
            ));
        }
        Err(refusal) => return Outcome::Refused(in_words(refusal).to_string()),
    };
    let access_given = access.len();
    let new = NewInvitation {
        email,
        github: String::new(),
        name,
        role,
        access,
        on_pending: OnPending::Refuse,
    };
    match invitations::invite(app, actor, &new).await {
        Ok(_) => Outcome::Added(Placed {
            access_given,
            ..Placed::default()
        }),
        Err(Refusal::Conflict(conflict))
            if matches!(conflict.code, "already_member" | "invitation_pending") =>
        {
            Outcome::AlreadyThere(Placed::default())
        }
        Err(refusal) => Outcome::Refused(in_words(refusal).to_string()),
    }
}

/// The roles that a line names; the inner error is a slug that no workspace has.
async fn wanted(
    app: &App,
    actor: &Actor,
    line: &Line,
) -> Result<Result<Vec<Wanted>, String>, Refusal> {
    let mut wanted = Vec::with_capacity(line.access.len());
    for named in &line.access {
        match workspaces::find_by_slug(app, actor, &named.workspace).await? {
            Some(workspace) => wanted.push(Wanted {
                workspace,
                role: Given::Fixed(named.role),
            }),
            None => return Ok(Err(named.workspace.clone())),
        }
    }
    Ok(Ok(wanted))
}

/// A bar on a terminal, nothing elsewhere.
fn bar(length: usize, label: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:40}] {pos} of {len} ({eta} left)");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_prefix(label)
}
