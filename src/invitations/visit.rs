//! Invitations to an account at GitHub, as whoever is signed in with it meets them: no mail told them, so their next page does.
//! Where the installation says so, opening that page joins (S2-22).

use super::accept::{Accepted, How, accept};
use super::open::{Found, Key, Standing, standing};
use super::{Invitation, invite, queries, with_access};
use crate::actor::Person;
use crate::app::App;
use crate::clock::Micros;
use crate::config::GitHubInvitations;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::organizations::{self, Organization};
use std::sync::Arc;

/// One that waits for the person who opens a page.
#[derive(Debug)]
pub struct Waiting {
    pub invitation: Invitation,
    pub organization: Organization,
    pub standing: Standing,
}

/// What opening a page comes to.
#[derive(Debug, Default)]
pub struct Visit {
    /// They joined these just now, each with the name of who had invited them.
    pub joined: Vec<(Accepted, String)>,
    pub waiting: Vec<Waiting>,
}

/// What waits for the person at GitHub, the newest first. Where opening a page joins, they are in what they can be in now;
/// what they can't accept goes on waiting: an account may be in one organization only, and theirs is in another (S2-23).
///
/// Leaves out what nobody could accept at this moment, and what gives nothing to who is a member, suspended ones too.
pub async fn visit(app: &App, person: &Arc<Person>) -> Result<Visit> {
    let mut visit = Visit::default();
    let joins = app.config.github_invitations == GitHubInvitations::Join;
    for waiting in list(app, person).await? {
        if !joins || !matches!(waiting.standing, Standing::Ready) {
            visit.waiting.push(waiting);
            continue;
        }
        let key = Key::Id(waiting.invitation.id.clone());
        match accept(app, Some(person), &person.origin, &key, How::Visiting).await {
            Ok(accepted) => visit.joined.push((accepted, waiting.invitation.inviter)),
            Err(refusal @ (Refusal::Internal(_) | Refusal::Unavailable(_))) => return Err(refusal),
            // Something came between, or the plan doesn't give the role now: they see it on the invitation's page.
            Err(_) => visit.waiting.push(waiting),
        }
    }
    Ok(visit)
}

async fn list(app: &App, person: &Person) -> Result<Vec<Waiting>> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let mut list = Vec::new();
    for row in queries::pending_to_github(&mut tx, &person.user, now).await? {
        let invitation = with_access(&mut tx, Invitation::from_row(row, now)).await?;
        if !invite::stands_behind(&mut tx, &invitation).await? {
            continue;
        }
        let organization = organizations::find(&mut tx, &invitation.org).await?;
        let found = Found::by_id(invitation, organization);
        let standing = standing(app, &mut tx, &found, Some(person)).await?;
        if !matches!(standing, Standing::AlreadyMember) {
            list.push(Waiting {
                invitation: found.invitation,
                organization: found.organization,
                standing,
            });
        }
    }
    Ok(list)
}

/// Whether somebody at GitHub joins an organization by opening their first page, so that they need nothing else to begin with.
pub(crate) async fn joins_on_visit(
    app: &App,
    tx: &mut Tx,
    github_id: &str,
    now: Micros,
) -> Result<bool> {
    match app.config.github_invitations {
        GitHubInvitations::Accept => Ok(false),
        GitHubInvitations::Join => queries::awaits(tx, github_id, now).await,
    }
}
