//! What an import says at its end.

use super::Options;
use crate::actor::Actor;
use crate::members::{Line, Outcome, Problem};
use crate::text;

/// What an import did.
#[derive(Default)]
pub(super) struct Report {
    pub lines: usize,
    pub added: usize,
    pub there: usize,
    pub left_out: usize,
    pub waiting: usize,
    pub stopped: Option<String>,
    pub unclaimable: usize,
    /// Usernames that may claim a member from now on.
    pub by_username: Vec<String>,
    pub workspaces_made: usize,
    pub access_given: usize,
    pub access_there: usize,
    pub access_kept: usize,
}

impl Report {
    pub fn tell(&mut self, problems: &[Problem]) {
        for problem in problems {
            eprintln!("line {}: {}: {}", problem.number, problem.what, problem.why);
        }
        self.left_out += problems.len();
    }

    pub fn note(&mut self, line: &Line, outcome: Outcome) {
        let placed = match outcome {
            Outcome::Refused(why) => {
                return self.tell(&[Problem {
                    number: line.number,
                    what: line.who().to_owned(),
                    why,
                }]);
            }
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
        self.access_given += placed.access_given;
        self.access_there += placed.access_there;
        self.access_kept += placed.access_kept;
    }

    pub fn summary(&self, actor: &Actor, options: &Options) -> String {
        let (org, dry) = (&actor.org, options.dry_run);
        let number = |n: usize| text::thousands(n as i64);
        let (added, there) = if options.invite {
            ("invited", "invited or members already")
        } else {
            ("added", "already there")
        };
        let mut said = vec![if options.invite {
            format!(
                "Invited the people of {} to {} ({}):",
                options.file.display(),
                org.name,
                org.slug
            )
        } else if dry {
            format!(
                "Nothing was changed. Moving {} in to {} would be:",
                options.file.display(),
                org.name
            )
        } else {
            format!(
                "Moved {} in to {} ({}):",
                options.file.display(),
                org.name,
                org.slug
            )
        }];
        let mut row = |n: usize, words: &str| said.push(format!("{:>9} {words}", number(n)));
        row(self.lines, "lines");
        row(self.added, added);
        row(self.there, there);
        row(self.left_out, "left out, each with its reason above");
        if self.waiting > 0 {
            row(self.waiting, "not asked for yet");
        }
        let given = if options.invite {
            "roles in workspaces offered"
        } else {
            "roles in workspaces given"
        };
        for (n, words) in [
            (
                self.workspaces_made,
                "workspaces made; they have no owner of their own, the organization's owners look after them",
            ),
            (self.access_given, given),
            (self.access_there, "roles in workspaces there already"),
            (
                self.access_kept,
                "roles kept for later: there is no such workspace. Make it and run again, or use --create-workspaces",
            ),
        ] {
            if n > 0 {
                row(n, words);
            }
        }
        said.extend(self.stopped.iter().map(|why| {
            format!("\n{why}. Run the same command again after that; what is done stays done.")
        }));
        if self.unclaimable > 0 {
            said.push(format!("\n{}", self.unclaimable_words()));
        }
        if !self.by_username.is_empty() {
            said.push(format!("\n{}", self.by_username_words(dry)));
        }
        said.join("\n")
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
        format!(
            "{who} {verb} claimed from now on by whoever signs in with these GitHub usernames:\n{names}"
        )
    }

    /// Fails where a line was not done, so that a script notices.
    pub fn verdict(&self) -> anyhow::Result<()> {
        let undone = self.left_out + self.waiting;
        anyhow::ensure!(
            undone == 0,
            "{} of {} not done",
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
        if lines
            .last()
            .is_some_and(|line| line.len() + name.len() + 2 > width)
        {
            lines.push(String::from(" "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&format!(" {name}{comma}"));
        }
    }
    lines.join("\n")
}
