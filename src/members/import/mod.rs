//! Moving in: a line of a file becomes a member at once, to be claimed at the first sign-in (product.md, 5).
//!
//! A line is done whole or not at all, and one that was done before is found and left alone, so that an import that
//! was stopped half way is simply run again.

mod file;
mod queries;
mod resolve;

pub use file::{Line, MovingFile, Problem, read_file};
pub use resolve::{Resolved, resolve_usernames};

use super::{NewMember, add_member};
use crate::access::OrgRole;
use crate::accounts;
use crate::accounts::unclaimed::{self, Named};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing;
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MemberId, UserId};
use crate::workspaces::{self, Imported, Joiner};

/// One person to move in, checked: `email` is an address in canonical form, or "".
#[derive(Debug, Clone)]
pub struct Mover {
    pub email: String,
    pub name: String,
    pub role: OrgRole,
}

/// How a file is moved in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moving {
    /// A GitHub username alone may claim a member.
    pub trust_usernames: bool,
    /// Find out what would happen, and change nothing.
    pub dry_run: bool,
    /// Workspaces that are missing were made, or, in a dry run, would be.
    pub workspaces_made: bool,
}

/// What became of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Added(Placed),
    AlreadyThere(Placed),
    /// Why not; nothing of the line was done.
    Refused(String),
}

/// What a line that was done left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// The member can be claimed by GitHub username from now on.
    pub claimable_by_username: bool,
    /// Nothing in the file lets anybody claim this member yet.
    pub unclaimable: bool,
    /// Roles in workspaces that were given.
    pub access_given: usize,
    /// Those that they had already.
    pub access_there: usize,
    /// Those whose workspace isn't there, kept until it is.
    pub access_kept: usize,
}

/// Makes somebody a member at once, or finds that they are one. `true`: they were added. Refuses what [`move_in_lines`]
/// refuses.
pub async fn move_in(app: &App, actor: &Actor, mover: &Mover) -> Result<bool> {
    let line = Line {
        number: 1,
        mover: mover.clone(),
        github: String::new(),
        github_id: None,
        access: Vec::new(),
    };
    match move_in_lines(app, actor, &[line], Moving::default())
        .await?
        .pop()
    {
        Some(Outcome::Added(_)) => Ok(true),
        Some(Outcome::Refused(reason)) => {
            Err(crate::error::Refusal::conflict("not_moved_in", reason))
        }
        _ => Ok(false),
    }
}

/// Moves lines in, in one transaction, and says for each what became of it. Changes nothing for a line it refuses: one
/// whose address and GitHub account belong to two people, who is invited already, or who is in another organization
/// where an account may be in one only (S2-23).
pub async fn move_in_lines(
    app: &App,
    actor: &Actor,
    lines: &[Line],
    how: Moving,
) -> Result<Vec<Outcome>> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        outcomes.push(move_in_line(app, &mut tx, &actor, line, how, now).await?);
    }
    if !how.dry_run {
        tx.commit().await?;
    }
    Ok(outcomes)
}

async fn move_in_line(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    line: &Line,
    how: Moving,
    now: Micros,
) -> Result<Outcome> {
    let found = match find(tx, actor, line, how).await? {
        Ok(found) => found,
        Err(reason) => return Ok(Outcome::Refused(reason)),
    };
    if let Some(user) = &found
        && super::queries::is_member(tx, &actor.org.id, user).await?
    {
        let placed = place(tx, actor, user, line, how, now).await?;
        return Ok(Outcome::AlreadyThere(placed));
    }
    if let Some(reason) = billing::lacks_role(app, &actor.org, line.mover.role) {
        return Ok(Outcome::Refused(reason));
    }
    if let Some(reason) = refused(app, tx, actor, line, found.as_ref()).await? {
        return Ok(Outcome::Refused(reason));
    }
    let (user, person) = match found {
        Some(user) => (user.clone(), accounts::as_member(tx, &user).await?),
        None => make(tx, line, now).await?,
    };
    add(app, tx, actor, &user, line.mover.role, &person, now).await?;
    let placed = place(tx, actor, &user, line, how, now).await?;
    Ok(Outcome::Added(placed))
}

/// The account a line means, by address, by GitHub account id, by being in this organization under that username, or,
/// where usernames are trusted, by username. The inner error says why none can be meant.
async fn find(
    tx: &mut Tx,
    actor: &Actor,
    line: &Line,
    how: Moving,
) -> Result<Result<Option<UserId>, String>> {
    let by_address = match line.mover.email.as_str() {
        "" => None,
        email => accounts::find_by_address(tx, email)
            .await?
            .map(|user| user.id),
    };
    let by_id = match &line.github_id {
        Some(id) => unclaimed::linked_to(tx, id).await?,
        None => None,
    };
    if let (Some(a), Some(b)) = (&by_address, &by_id)
        && a != b
    {
        return Ok(Err(format!(
            "the address {} and the GitHub account {} belong to two different accounts",
            line.mover.email, line.github
        )));
    }
    if let Some(user) = by_address.or(by_id) {
        return Ok(Ok(Some(user)));
    }
    if line.github.is_empty() {
        return Ok(Ok(None));
    }
    for user in unclaimed::known_as(tx, &line.github).await? {
        if super::queries::is_member(tx, &actor.org.id, &user).await? {
            return Ok(Ok(Some(user)));
        }
    }
    if how.trust_usernames && line.mover.email.is_empty() {
        let claimable = unclaimed::claimable_by(tx, &line.github).await?;
        return Ok(Ok(match claimable {
            Some(user) => Some(user),
            None => unclaimed::linked_as(tx, &line.github).await?,
        }));
    }
    Ok(Ok(None))
}

async fn refused(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    line: &Line,
    user: Option<&UserId>,
) -> Result<Option<String>> {
    let email = line.mover.email.as_str();
    let by_address = !email.is_empty() && queries::is_invited(tx, &actor.org.id, email).await?;
    let by_github = match &line.github_id {
        Some(id) => queries::is_invited_by_github(tx, &actor.org.id, id).await?,
        None => false,
    };
    if by_address || by_github {
        return Ok(Some(
            "is invited already; revoke the invitation, then run the import again".into(),
        ));
    }
    if let Some(user) = user
        && app.config.membership == Membership::One
        && queries::is_elsewhere(tx, &actor.org.id, user).await?
    {
        return Ok(Some(
            "is in another organization, and here an account may be in one only".into(),
        ));
    }
    Ok(None)
}

async fn make(tx: &mut Tx, line: &Line, now: Micros) -> Result<(UserId, NewMember)> {
    let Mover { email, name, .. } = &line.mover;
    let user = unclaimed::create(
        tx,
        Named {
            name,
            email,
            github_login: &line.github,
        },
        now,
    )
    .await?;
    let person = NewMember {
        name: name.clone(),
        email: email.clone(),
        github_login: line.github.clone(),
        verified: false,
        claimed: false,
    };
    Ok((user, person))
}

/// Writes down by what the member may be claimed, and what they are to get in workspaces. Does nothing the second time.
async fn place(
    tx: &mut Tx,
    actor: &Actor,
    user: &UserId,
    line: &Line,
    how: Moving,
    now: Micros,
) -> Result<Placed> {
    let mut placed = Placed::default();
    if let Some(id) = &line.github_id {
        unclaimed::link(tx, user, id, &line.github, now).await?;
    } else if how.trust_usernames
        && !line.github.is_empty()
        && unclaimed::claimable_by(tx, &line.github).await?.is_none()
    {
        placed.claimable_by_username = unclaimed::let_claim(tx, user, &line.github).await?;
    }
    placed.unclaimable = queries::is_unclaimable(tx, user).await?;
    let Some(member) = super::find_by_user(tx, &actor.org.id, user).await? else {
        return Ok(placed);
    };
    let entry = super::entry(tx, &actor.org.id, &member, now).await?;
    let joiner = Joiner {
        user,
        name: &entry.name,
        role: entry.role,
    };
    for later in &line.access {
        match workspaces::give_imported(tx, actor, &joiner, later, now).await? {
            Imported::Given => placed.access_given += 1,
            Imported::Kept if how.workspaces_made && how.dry_run => placed.access_given += 1,
            Imported::There => placed.access_there += 1,
            Imported::Kept => placed.access_kept += 1,
        }
    }
    placed.access_given += workspaces::give_kept(tx, actor, &joiner, now).await?;
    Ok(placed)
}

async fn add(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    user: &UserId,
    role: OrgRole,
    person: &NewMember,
    now: Micros,
) -> Result<MemberId> {
    let member = add_member(app, tx, &actor.org.id, user, role, person, now).await?;
    let event = Event::new(
        Category::Access,
        "member.added",
        "member",
        member.to_string(),
        &*person.name,
    )
    .subject(Some(user))
    .with("role", role.as_str())
    .with("by", "import");
    audit::record(tx, actor, now, event).await?;
    Ok(member)
}
