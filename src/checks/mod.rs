//! Checks: may this person do this, and why (product.md, 3). Reads the facts that `access::decide` needs, for one question
//! or for a thousand, in a number of statements that doesn't grow with theirs.
//!
//! Pages, calls and host products get the same answer from here; the pure decision stands in `access`.

mod explain;
mod facts;
mod known;
mod queries;

pub use explain::{Shown, Verdict};
pub(crate) use known::{KnownWorkspace, Seated, read as known};

use crate::access::{self, Action, Decision, Membership, OrgRole, Permission};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::ids::{OrgId, ResourceId, UserId, WorkspaceId};
use facts::Facts;
use std::sync::Arc;

/// As many questions as one call may ask.
pub const MOST: usize = 1_000;

/// May they do this to that?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub action: Action,
    pub about: About,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Workspace(WorkspaceId),
    Resource(ResourceId),
    /// By the host product's own id, in a workspace or in an organization.
    External {
        place: Place,
        kind: String,
        id: String,
    },
    /// One of a kind that isn't there yet, directly in a workspace or in an organization.
    New {
        place: Place,
        kind: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Workspace(WorkspaceId),
    Organization(OrgId),
}

impl Place {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Workspace(id) => id.as_str(),
            Self::Organization(id) => id.as_str(),
        }
    }
}

/// An answer to one question.
#[derive(Clone, Debug)]
pub struct Answer {
    pub allowed: bool,
    /// "allowed", or why not, for programs: `not_found`, `viewer_caps`, `role_lacks_permission`, `billing_role_no_workspace`,
    /// `plan_lacks_entitlement`.
    pub code: &'static str,
    /// Every step, for who may read them: about oneself unless the thing must not show, about others for owners and admins
    /// of the organization.
    pub steps: Vec<Shown>,
}

/// Asks about oneself. What one may not see is answered like what isn't there, but for owners and admins of the
/// organization, who may read anybody's explanation.
pub async fn check_own(
    app: &App,
    person: &Arc<Person>,
    questions: &[Question],
) -> Result<Vec<Answer>> {
    let mut tx = app.db.read().await?;
    let facts = Facts::read(app, &mut tx, &person.user, person.is_own_view(), questions).await?;
    let answer = |question| {
        if may_explain(person, &facts, question) {
            explained(&facts, question)
        } else {
            own_answer(&facts, question)
        }
    };
    Ok(questions.iter().map(answer).collect())
}

/// Asks about somebody else: owners and admins of the organizations that the questions are about may, and, of a standalone
/// workspace, who administers it. "Not found" for a question outside of those; what is private to somebody is never there.
pub async fn check(
    app: &App,
    person: &Arc<Person>,
    subject: &UserId,
    questions: &[Question],
) -> Result<Vec<Answer>> {
    if *subject == person.user {
        return check_own(app, person, questions).await;
    }
    let mut tx = app.db.read().await?;
    let asker = Facts::read(app, &mut tx, &person.user, None, questions).await?;
    let facts = Facts::read(app, &mut tx, subject, None, questions).await?;
    Ok(questions
        .iter()
        .map(|question| answer_about(person, &asker, &facts, question))
        .collect())
}

/// A resource that a question can be about.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: ResourceId,
    pub name: String,
    /// The kind's name.
    pub kind: String,
}

/// The resources of one of the organization's workspaces, and of the organization itself, that have this name, id, or id in
/// the host product: up to ten. For who may read explanations. Nothing that is private to somebody.
pub async fn things(
    app: &App,
    actor: &Actor,
    workspace: &WorkspaceId,
    text: &str,
) -> Result<Vec<Found>> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    queries::things(
        &mut tx,
        &actor.org.id,
        workspace,
        text,
        &crate::text::sort_key(text),
    )
    .await
}

/// The user behind an id or an address, as far as the asker may know of them: a member of an organization that they
/// administer. "Not found" otherwise.
pub async fn subject(app: &App, person: &Person, who: &str) -> Result<UserId> {
    if who == person.user.as_str() || person.email.as_deref() == Some(who) {
        return Ok(person.user.clone());
    }
    let mut tx = app.db.read().await?;
    for seat in person
        .seats
        .iter()
        .filter(|seat| access::allows(seat.role, Permission::ViewAudit))
    {
        if let Some(user) = queries::member(&mut tx, &seat.org.id, who).await? {
            return Ok(user);
        }
    }
    // Of a standalone workspace: whoever is in it is known to who administers it; the question itself is judged later.
    queries::companion(&mut tx, &person.user, who)
        .await?
        .ok_or(Refusal::NotFound)
}

fn own_answer(facts: &Facts, question: &Question) -> Answer {
    let Some(decision) = facts.decide(question) else {
        return not_found();
    };
    if decision.hidden {
        return not_found();
    }
    answer(facts, question, &decision)
}

fn answer_about(asker: &Person, seen: &Facts, facts: &Facts, question: &Question) -> Answer {
    let of_standalone = facts.organization(question) == Some(None) && seen.administers(question);
    if of_standalone || may_explain(asker, facts, question) {
        explained(facts, question)
    } else {
        not_found()
    }
}

/// Whether the asker may read explanations in the organization that the question is about.
fn may_explain(asker: &Person, facts: &Facts, question: &Question) -> bool {
    let Some(Some(org)) = facts.organization(question) else {
        return false;
    };
    let seat = asker.seats.iter().find(|seat| seat.org.id == *org);
    seat.is_some_and(|seat| access::allows(seat.role, Permission::ViewAudit))
        && !facts.is_private(question)
}

fn explained(facts: &Facts, question: &Question) -> Answer {
    match facts.decide(question) {
        Some(decision) if !facts.is_private(question) => answer(facts, question, &decision),
        _ => not_found(),
    }
}

fn not_found() -> Answer {
    Answer {
        allowed: false,
        code: "not_found",
        steps: Vec::new(),
    }
}

fn answer(facts: &Facts, question: &Question, decision: &Decision) -> Answer {
    Answer {
        allowed: decision.allowed,
        code: explain::code(decision),
        steps: explain::steps(facts, question, decision),
    }
}

/// Why somebody can or can't do what an organization role allows: for the pages of the organization itself.
pub fn organization_steps(role: OrgRole, permission: Permission) -> (bool, Vec<Shown>) {
    let allowed = access::allows(role, permission);
    (
        allowed,
        explain::organization_steps(Membership::Active(role), permission, allowed),
    )
}

impl Person {
    /// What is known of one's own memberships already.
    fn is_own_view(&self) -> Option<&[crate::actor::Seat]> {
        (!self.is_system()).then_some(self.seats.as_slice())
    }
}
