//! Asking GitHub for the numbers behind usernames: the number never changes hands, the username may.

use super::{Line, Problem};
use crate::accounts::{self, Named, unclaimed};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// What came of asking.
#[derive(Debug, Default)]
pub struct Resolved {
    pub problems: Vec<Problem>,
    /// GitHub takes no more questions for now: why, and until when.
    pub stopped: Option<String>,
}

/// Fills in the GitHub account id of every line that has a username, one question each; a member who is linked already
/// needs none. A username that GitHub doesn't know becomes a problem and its line is taken out. When GitHub
/// takes no more questions, the lines not asked for yet are taken out as well: running again goes on there.
pub async fn resolve_usernames(
    app: &App,
    actor: &Actor,
    lines: &mut Vec<Line>,
    mut asked: impl FnMut(),
) -> Result<Resolved> {
    let mut resolved = Resolved::default();
    let mut kept = Vec::with_capacity(lines.len());
    for mut line in lines.drain(..) {
        asked();
        if line.github.is_empty() || is_linked_member(app, actor, &line.github).await? {
            kept.push(line);
            continue;
        }
        if resolved.stopped.is_some() {
            continue;
        }
        match accounts::find_by_username(app, &line.github).await {
            Named::Account { id, login } => {
                line.github_id = Some(id);
                line.github = login;
                kept.push(line);
            }
            Named::Nobody => resolved.problems.push(Problem {
                number: line.number,
                what: line.who().to_owned(),
                why: format!("GitHub knows no person with the username {}", line.github),
            }),
            Named::Stopped(why) => resolved.stopped = Some(why),
        }
    }
    *lines = kept;
    Ok(resolved)
}

async fn is_linked_member(app: &App, actor: &Actor, login: &str) -> Result<bool> {
    let mut tx = app.db.read().await?;
    match unclaimed::linked_as(&mut tx, login).await? {
        Some(user) => crate::members::queries::is_member(&mut tx, &actor.org.id, &user).await,
        None => Ok(false),
    }
}
