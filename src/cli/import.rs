//! `roster import FILE --organization SLUG`: moving in.

use super::{OrganizationOption, in_words, open_existing};
use crate::actor::Actor;
use crate::app::App;
use crate::config::Config;
use crate::members::{self, Line, Moving, MovingFile, Outcome, Problem};
use crate::text;
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Lines in one transaction: what a stop can undo at most.
const BATCH: usize = 250;

/// Make members of the people in a CSV file, at once and without invitations
///
/// The first line names the columns: email,github,name,org_role,workspaces. A line needs an e-mail address or a GitHub
/// username. org_role is owner, admin, billing, member or viewer (member where it is empty). workspaces is like
/// production:admin;emea:member and is kept until Roster has workspaces.
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

    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let name = options.file.display().to_string();
    let bytes = std::fs::read(&options.file).with_context(|| format!("{name} can't be read"))?;
    let file = members::read_file(&bytes).map_err(|why| anyhow::anyhow!("{name} can't be imported: {why}"))?;
    let app = open_existing(config).await?;
    let actor = options.organization.actor(&app).await?;
    let report = import(&app, &actor, file, &options).await?;
    println!("{}", report.summary(&actor, &options));
    app.db.close().await;
    report.verdict()
}

/// What an import did.
#[derive(Default)]
struct Report {
    lines: usize,
    added: usize,
    there: usize,
    left_out: usize,
    waiting: usize,
    stopped: Option<String>,
    unclaimable: usize,
    /// Usernames that may claim a member from now on.
    by_username: Vec<String>,
    access: usize,
    access_kept: usize,
}

async fn import(app: &App, actor: &Actor, file: MovingFile, options: &Options) -> anyhow::Result<Report> {
    let MovingFile { mut lines, problems } = file;
    let mut report = Report { lines: lines.len() + problems.len(), ..Report::default() };
    report.tell(&problems);
    if options.resolve_usernames {
        let before = lines.len();
        let bar = bar(before, "Asking GitHub");
        let resolved = members::resolve_usernames(app, actor, &mut lines, || bar.inc(1)).await.map_err(in_words)?;
        bar.finish_and_clear();
        report.waiting = before - lines.len() - resolved.problems.len();
        report.stopped = resolved.stopped;
        report.tell(&resolved.problems);
    }
    let how = Moving { trust_usernames: options.trust_usernames, dry_run: options.dry_run };
    let bar = bar(lines.len(), "Moving in");
    for batch in lines.chunks(BATCH) {
        let outcomes = members::move_in_lines(app, actor, batch, how).await.map_err(in_words)?;
        for (line, outcome) in batch.iter().zip(outcomes) {
            bar.suspend(|| report.note(line, outcome));
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(report)
}

/// A bar on a terminal, nothing elsewhere.
fn bar(length: usize, label: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:40}] {pos} of {len} ({eta} left)");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_prefix(label)
}

impl Report {
    fn tell(&mut self, problems: &[Problem]) {
        for problem in problems {
            eprintln!("line {}: {}: {}", problem.number, problem.what, problem.why);
        }
        self.left_out += problems.len();
    }

    fn note(&mut self, line: &Line, outcome: Outcome) {
        let placed = match outcome {
            Outcome::Refused(why) => return self.tell(&[Problem { number: line.number, what: line.who().to_owned(), why }]),
            Outcome::Added(placed) => {
                self.added += 1;
                placed
            }
            Outcome::AlreadyThere(placed) => {
                self.there += 1;
                placed
            }
        };
        self.unclaimable += usize::from(placed.unclaimable);
        if placed.claimable_by_username {
            self.by_username.push(line.github.clone());
        }
        self.access += line.access.len();
        self.access_kept += placed.access_kept;
    }

    fn summary(&self, actor: &Actor, options: &Options) -> String {
        let (org, dry) = (&actor.org, options.dry_run);
        let number = |n: usize| text::thousands(n as i64);
        let mut said = vec![if dry {
            format!("Nothing was changed. Moving {} in to {} would be:", options.file.display(), org.name)
        } else {
            format!("Moved {} in to {} ({}):", options.file.display(), org.name, org.slug)
        }];
        let mut row = |n: usize, words: &str| said.push(format!("{:>9} {words}", number(n)));
        row(self.lines, "lines");
        row(self.added, "added");
        row(self.there, "already there");
        row(self.left_out, "left out, each with its reason above");
        if self.waiting > 0 {
            row(self.waiting, "not asked for yet");
        }
        if self.access > 0 {
            row(self.access, &self.access_words(dry));
        }
        said.extend(self.stopped.iter().map(|why| format!("\n{why}. Run the same command again after that; what is done stays done.")));
        if self.unclaimable > 0 {
            said.push(format!("\n{}", self.unclaimable_words()));
        }
        if !self.by_username.is_empty() {
            said.push(format!("\n{}", self.by_username_words(dry)));
        }
        said.join("\n")
    }

    fn access_words(&self, dry: bool) -> String {
        let new = match self.access_kept {
            kept if kept == self.access => String::new(),
            0 => ", all from before".into(),
            kept => format!(", {} of them new", text::thousands(kept as i64)),
        };
        let verb = if dry { "to keep" } else { "kept" };
        format!("rows of workspace access {verb} for later: their workspaces aren't here yet{new}")
    }

    fn unclaimable_words(&self) -> String {
        let who = text::count(self.unclaimable as i64, "member has", "members have");
        format!(
            "{who} a GitHub username alone, which anybody may take once it is given up, so nobody can sign in as them yet.\n\
             Run again with --resolve-usernames to ask GitHub whose they are, or with --trust-usernames to take them as they are."
        )
    }

    fn by_username_words(&self, dry: bool) -> String {
        let who = text::count_of(&self.by_username, "member", "members");
        let verb = if dry { "would be" } else { "can be" };
        let names = wrap(&self.by_username, 100);
        format!("{who} {verb} claimed from now on by whoever signs in with these GitHub usernames:\n{names}")
    }

    /// Fails where a line was not done, so that a script notices.
    fn verdict(&self) -> anyhow::Result<()> {
        let undone = self.left_out + self.waiting;
        anyhow::ensure!(
            undone == 0,
            "{} of {} not moved in",
            text::thousands(undone as i64),
            text::count(self.lines as i64, "line was", "lines were")
        );
        Ok(())
    }
}

/// Names with commas between, in lines of at most `width`.
fn wrap(names: &[String], width: usize) -> String {
    let mut lines = vec![String::from(" ")];
    for (i, name) in names.iter().enumerate() {
        let comma = if i + 1 < names.len() { "," } else { "" };
        if lines.last().is_some_and(|line| line.len() + name.len() + 2 > width) {
            lines.push(String::from(" "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&format!(" {name}{comma}"));
        }
    }
    lines.join("\n")
}
