//! Setting what somebody is in a workspace (S1-47): from the member's page, the workspace's, the matrix and the API alike.

use super::access::{give_access, take_access};
use super::write::{Writing, write};
use super::{Source, queries};
use crate::access::{self, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{Category, Event};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, OrgId, UserId, WorkspaceId};
use crate::impact::{self, Impact, Scope};
use crate::{checks, invitations, members};
use serde_json::json;
use std::sync::Arc;

/// A role to give in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Fixed(WorkspaceRole),
    Custom(CustomRoleId),
}

impl Given {
    /// Reads the name of a fixed role, or the id of a custom one.
    pub fn parse(text: &str) -> Option<Self> {
        match WorkspaceRole::parse(text) {
            Some(role) => Some(Self::Fixed(role)),
            None => text
                .strip_prefix(CustomRoleId::PREFIX)
                .filter(|rest| rest.starts_with('_'))
                .map(|_| Self::Custom(text.into())),
        }
    }

    /// As far as the fixed roles go.
    pub fn role(&self) -> WorkspaceRole {
        match self {
            Self::Fixed(role) => *role,
            Self::Custom(_) => WorkspaceRole::Custom,
        }
    }

    /// What [`Self::parse`] reads.
    pub fn value(&self) -> &str {
        match self {
            Self::Fixed(role) => role.as_str(),
            Self::Custom(id) => id.as_str(),
        }
    }

    pub fn custom(&self) -> Option<&CustomRoleId> {
        match self {
            Self::Fixed(_) => None,
            Self::Custom(id) => Some(id),
        }
    }
}

/// What was set, and what it did.
#[derive(Clone, Debug)]
pub struct Set {
    pub person: String,
    pub workspace: String,
    /// As people say it; `None`: no role.
    pub before: Option<String>,
    pub after: Option<String>,
    pub impact: Impact,
}

/// Sets the one role that somebody has in a workspace, or takes it away (`None`). In an organization the person must be a
/// member of it; in a standalone workspace they must have a role already.
///
/// Who had a role by themselves (source `direct`) keeps one of that source; others get it from the organization. Refuses
/// what [`access::may_set_access`] refuses, more than viewer for a viewer of the organization, a custom role of another
/// organization, and taking the last owner of a standalone workspace. The same role again changes nothing.
pub async fn set_access(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    user: &UserId,
    given: Option<Given>,
) -> Result<Set> {
    let (writing, set) = set(app, person, id, user, given.as_ref()).await?;
    writing.tx.commit().await?;
    Ok(set)
}

/// What [`set_access`] would do: the same, and then nothing of it.
pub async fn set_access_impact(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    user: &UserId,
    given: Option<Given>,
) -> Result<Set> {
    let (_, set) = set(app, person, id, user, given.as_ref()).await?;
    Ok(set)
}

async fn set(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    user: &UserId,
    given: Option<&Given>,
) -> Result<(Writing, Set)> {
    let now = app.now();
    let mut writing = write(app, person, id).await?;
    let held = queries::held(&mut writing.tx, id, user).await?;
    let target = target(&mut writing, user, !held.is_empty()).await?;
    let from = held.iter().map(|row| row.role).max();
    let own = person.is_or_acts_for(user);
    access::may_set_access(
        writing.ceiling(),
        writing.organization_role(),
        from,
        given.map(Given::role),
        own,
    )?;
    if let (Some(role), Some(given)) = (target.organization_role, given) {
        access::fits_under_cap(role, given.role())?;
    }
    let after = match given {
        Some(given) => Some(name_of(&mut writing.tx, writing.workspace.org.as_ref(), given).await?),
        None => None,
    };
    let before = (!held.is_empty()).then(|| {
        held.iter()
            .map(|row| row.label())
            .collect::<Vec<_>>()
            .join(" and ")
    });
    let scope = Scope::Workspaces(vec![id.clone()]);
    let seen = impact::look(&mut writing.tx, &scope).await?;
    // What undoing needs to know; of two roles at once nothing is kept, because one operation doesn't bring both back.
    let had = held.first().map(|row| row.given());
    let known = checks::known(&mut writing.tx, user, &[id.as_str()]).await?;
    let limited = known.values().any(|known| !known.limits.is_empty());
    let undo = (held.len() <= 1).then(
        || json!({ "before": had.as_ref().map(Given::value), "after": given.map(Given::value), "limited": given.is_none() && limited }),
    );
    let had_direct = held.iter().any(|row| row.source == Source::Direct.as_str());
    let source = if had_direct || writing.workspace.org.is_none() {
        Source::Direct
    } else {
        Source::Organization
    };
    let mut revoked = 0;
    if before != after {
        match given {
            Some(given) => {
                if held.len() > 1 {
                    queries::drop_source(&mut writing.tx, id, user, Source::Organization).await?;
                }
                give_access(
                    &mut writing.tx,
                    &writing.workspace,
                    user,
                    source,
                    given,
                    now,
                )
                .await?;
            }
            None => take_access(&mut writing.tx, &writing.workspace, user).await?,
        }
        require_owner(&mut writing, from == Some(WorkspaceRole::Owner)).await?;
        // Who can't give it any more loses what they offered (SEC-I8).
        if let (Some(actor), Some(role)) = (writing.actor.clone(), target.organization_role) {
            revoked = invitations::revoke_beyond(&mut writing.tx, &actor, user, Some(role), now)
                .await?
                .len();
        } else if writing.actor.is_none() {
            revoked = invitations::revoke_standalone_beyond(&mut writing, user, now).await?;
        }
    }
    let impact = seen.compare(&impact::look(&mut writing.tx, &scope).await?);
    if before != after {
        let event = event(
            &target.name,
            user,
            &writing,
            before.as_deref(),
            after.as_deref(),
        )
        .with("impact", impact.counts())
        .with("invitations_revoked", revoked)
        .with("undo", undo);
        writing.record(now, event).await?;
    }
    let workspace = writing.workspace.name.clone();
    Ok((
        writing,
        Set {
            person: target.name,
            workspace,
            before,
            after,
            impact,
        },
    ))
}

struct Target {
    name: String,
    organization_role: Option<access::OrgRole>,
}

/// The person concerned; "not found" for who is neither a member of the organization nor, standalone, in the workspace.
async fn target(writing: &mut Writing, user: &UserId, has_role: bool) -> Result<Target> {
    match writing.workspace.org.clone() {
        Some(org) => {
            let member = members::find_by_user(&mut writing.tx, &org, user)
                .await?
                .ok_or(Refusal::NotFound)?;
            let entry = members::entry(&mut writing.tx, &org, &member, 0).await?;
            Ok(Target {
                name: entry.name,
                organization_role: Some(entry.role),
            })
        }
        None if has_role => {
            let name = queries::name_of_user(&mut writing.tx, user)
                .await?
                .ok_or(Refusal::NotFound)?;
            Ok(Target {
                name,
                organization_role: None,
            })
        }
        None => Err(Refusal::NotFound),
    }
}

/// The role's name; refuses a custom role that isn't one of the organization's.
pub(crate) async fn name_of(tx: &mut Tx, org: Option<&OrgId>, given: &Given) -> Result<String> {
    let Given::Custom(id) = given else {
        return Ok(given.role().label().to_owned());
    };
    let unknown = || Refusal::field("role", "There is no such role in this organization.");
    let org = org.ok_or_else(unknown)?;
    queries::custom_role_name(tx, org, id)
        .await?
        .ok_or_else(unknown)
}

/// A standalone workspace always has an owner, for nobody else could look after it.
async fn require_owner(writing: &mut Writing, had: bool) -> Result<()> {
    if !had
        || writing.workspace.org.is_some()
        || queries::has_owner(&mut writing.tx, &writing.workspace.id).await?
    {
        return Ok(());
    }
    let members = format!("/workspaces/{}/members", writing.workspace.id);
    Err(Refusal::conflict(
        "last_owner",
        "They are the workspace's only owner. Make someone else owner first.",
    )
    .with_next("Choose a new owner", members))
}

fn event(
    name: &str,
    user: &UserId,
    writing: &Writing,
    before: Option<&str>,
    after: Option<&str>,
) -> Event {
    let action = match (before, after) {
        (None, _) => "access.given",
        (_, None) => "access.taken",
        _ => "access.changed",
    };
    Event::new(Category::Access, action, "user", user.to_string(), name)
        .subject(Some(user))
        .change(before, after)
        .with("role", after)
        .with("workspace", &*writing.workspace.name)
}
