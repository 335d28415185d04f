//! Changing what somebody is limited to.

use super::queries;
use crate::access::{self, Kind, OrgRole, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::audit::{Category, Event};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::resources::Kinds;
use crate::text;
use crate::workspaces::{self, Writing};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Grants given and taken that an event keeps by their ids.
const KEPT_TO_UNDO: usize = 200;

/// What somebody is to see of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All of them, future ones too.
    All,
    Only(Vec<ResourceId>),
    /// Of those shown, these; of the others, what they had: one page of a long list.
    Among {
        shown: Vec<ResourceId>,
        granted: Vec<ResourceId>,
    },
}

/// What none granted is to mean. Nobody's access is widened by taking something away (S2-37).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenEmpty {
    All,
    None,
}

/// What somebody sees of a kind in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// They are limited to named ones.
    pub limited: bool,
    pub granted: usize,
    /// How many they see.
    pub sees: i64,
}

/// What was set, and what it did.
#[derive(Clone, Debug)]
pub struct Done {
    pub person: String,
    pub workspace: String,
    pub kind: Kind,
    pub before: Seen,
    pub after: Seen,
    /// How many there are.
    pub total: i64,
    /// Their role isn't limited: it is stored, and works once they have a lower one (S2-13).
    pub no_effect: bool,
}

/// Limits a person to named resources of a kind, or to none, or ends the limit. Owners and admins of the organization
/// may, and those of the workspace ([`access::gives_up_to`]), for people up to their own role; nobody for themselves,
/// the organization's owners excepted.
///
/// Refuses kinds that take no grants, resources that aren't of that kind in that workspace, people without a role there
/// ("not found"), and, unless `when_empty` says what it means, taking the last grant (`last_grant`; S2-37). The same
/// again changes nothing.
pub async fn set(
    app: &App,
    person: &Arc<Person>,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    chosen: &Chosen,
    when_empty: Option<WhenEmpty>,
) -> Result<Done> {
    let (writing, done) = change(app, person, workspace, user, kind, chosen, when_empty).await?;
    writing.tx.commit().await?;
    Ok(done)
}

/// What [`set`] would do: the same, and then nothing of it.
pub async fn set_impact(
    app: &App,
    person: &Arc<Person>,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    chosen: &Chosen,
    when_empty: Option<WhenEmpty>,
) -> Result<Done> {
    Ok(
        change(app, person, workspace, user, kind, chosen, when_empty)
            .await?
            .1,
    )
}

async fn change(
    app: &App,
    person: &Arc<Person>,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    chosen: &Chosen,
    when_empty: Option<WhenEmpty>,
) -> Result<(Writing, Done)> {
    let now = app.now();
    let mut writing = workspaces::write(app, person, workspace).await?;
    let (name, role) = queries::holder(&mut writing.tx, workspace, user)
        .await?
        .ok_or(Refusal::NotFound)?;
    require(
        writing.ceiling(),
        writing.organization_role(),
        role,
        person.is_or_acts_for(user),
    )?;
    let kind = limitable(
        &Kinds::of(&mut writing.tx, writing.workspace.org.as_ref()).await?,
        kind,
    )?;
    let there = queries::all_of_kind(&mut writing.tx, workspace, &kind.name).await?;
    let had = queries::granted(&mut writing.tx, workspace, user, &kind.name).await?;
    let limited = queries::is_limited(&mut writing.tx, workspace, user, &kind.name).await?;
    let total = there.iter().filter(|one| !one.archived).count() as i64;
    let wanted = wanted(chosen, &had, &there, &kind)?;
    let before = seen(
        &mut writing.tx,
        workspace,
        user,
        &kind.name,
        limited,
        had.len(),
    )
    .await?;
    let after = match wanted {
        Some(only) if only.is_empty() => match when_empty {
            Some(WhenEmpty::All) => None,
            Some(WhenEmpty::None) => Some(only),
            None if limited && had.is_empty() => Some(only),
            None => {
                // Counted by doing it: the refusal drops the write.
                queries::put(&mut writing.tx, workspace, user, &kind.name, None, now).await?;
                let sees =
                    queries::count_seen(&mut writing.tx, workspace, user, &kind.name).await?;
                return Err(last_grant(&name, &kind, sees, total));
            }
        },
        other => other,
    };
    let changed = limited != after.is_some() || after.as_ref().is_some_and(|only| *only != had);
    if changed {
        queries::put(
            &mut writing.tx,
            workspace,
            user,
            &kind.name,
            after.as_ref(),
            now,
        )
        .await?;
    }
    let granted = after.as_ref().map_or(0, BTreeSet::len);
    let after_seen = seen(
        &mut writing.tx,
        workspace,
        user,
        &kind.name,
        after.is_some(),
        granted,
    )
    .await?;
    if changed {
        let names = |ids: &mut dyn Iterator<Item = &ResourceId>| -> Vec<String> {
            ids.take(20)
                .filter_map(|id| there.iter().find(|one| one.id == *id))
                .map(|one| one.name.clone())
                .collect()
        };
        let now_granted = after.clone().unwrap_or_default();
        let event = Event::new(
            Category::Access,
            "access.grants_changed",
            "user",
            user.to_string(),
            &*name,
        )
        .subject(Some(user))
        .change(described(&before), described(&after_seen))
        .with("kind", &*kind.plural)
        .with("of", total)
        .with("workspace", &*writing.workspace.name)
        .with("added", names(&mut now_granted.difference(&had)))
        .with("removed", names(&mut had.difference(&now_granted)))
        .with("undo", to_undo(&kind, &had, &now_granted));
        writing.record(now, event).await?;
    }
    let no_effect = role >= WorkspaceRole::Admin;
    let workspace = writing.workspace.name.clone();
    Ok((
        writing,
        Done {
            person: name,
            workspace,
            kind,
            before,
            after: after_seen,
            total,
            no_effect,
        },
    ))
}

/// What undoing needs to know, unless that is more than an event should hold.
fn to_undo(
    kind: &Kind,
    had: &BTreeSet<ResourceId>,
    has: &BTreeSet<ResourceId>,
) -> serde_json::Value {
    let ids = |all: &mut dyn Iterator<Item = &ResourceId>| {
        all.map(ResourceId::as_str).collect::<Vec<_>>().join(" ")
    };
    if had.symmetric_difference(has).count() > KEPT_TO_UNDO {
        return serde_json::Value::Null;
    }
    json!({ "kind": kind.name, "added": ids(&mut has.difference(had)), "removed": ids(&mut had.difference(has)) })
}

/// Refuses who doesn't manage people there, whose role is below the person's, and one's own limits.
pub(super) fn require(
    ceiling: Option<WorkspaceRole>,
    organization: Option<OrgRole>,
    role: WorkspaceRole,
    own: bool,
) -> Result<()> {
    if own && ceiling.is_some() && organization != Some(OrgRole::Owner) {
        return Err(Refusal::forbidden(
            "own_role_upward",
            "Nobody sets what they see themselves. Ask another admin or an owner.",
        ));
    }
    access::may_set_access(ceiling, organization, Some(role), Some(role), false)
}

/// The kind, where people can be limited in it.
pub(super) fn limitable(kinds: &Kinds, name: &str) -> Result<Kind> {
    let kind = kinds
        .find(name)
        .ok_or_else(|| Refusal::field("kind", "There is no such kind."))?;
    if kind.takes_grants {
        return Ok(kind.clone());
    }
    Err(Refusal::field(
        "kind",
        format!(
            "{} take no grants: nobody is limited to some of them.",
            kind.plural
        ),
    ))
}

/// What is to be granted; `None`: no limit.
fn wanted(
    chosen: &Chosen,
    had: &BTreeSet<ResourceId>,
    there: &[queries::Named],
    kind: &Kind,
) -> Result<Option<BTreeSet<ResourceId>>> {
    let wanted: BTreeSet<ResourceId> = match chosen {
        Chosen::All => return Ok(None),
        Chosen::Only(ids) => ids.iter().cloned().collect(),
        Chosen::Among { shown, granted } => {
            let others = had.iter().filter(|id| !shown.contains(id));
            others.chain(granted).cloned().collect()
        }
    };
    let known: BTreeSet<&ResourceId> = there.iter().map(|one| &one.id).collect();
    match wanted.iter().find(|id| !known.contains(id)) {
        Some(id) => {
            let what = kind.label.to_lowercase();
            Err(Refusal::field(
                "resources",
                format!("There is no {what} {id} in this workspace."),
            ))
        }
        None => Ok(Some(wanted)),
    }
}

async fn seen(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    limited: bool,
    granted: usize,
) -> Result<Seen> {
    Ok(Seen {
        limited,
        granted,
        sees: queries::count_seen(tx, workspace, user, kind).await?,
    })
}

fn last_grant(name: &str, kind: &Kind, sees: i64, total: i64) -> Refusal {
    let things = text::count(
        total,
        &kind.label.to_lowercase(),
        &kind.plural.to_lowercase(),
    );
    let what = match sees == total {
        true => format!("all {things}, future ones too"),
        false => format!(
            "{} of {things}, what their role and other limits leave",
            text::thousands(sees)
        ),
    };
    Refusal::conflict(
        "last_grant",
        format!(
            "With none left, {name} would see {what}. Say whether they are to see all or none."
        ),
    )
}

fn described(seen: &Seen) -> serde_json::Value {
    json!({ "limited": seen.limited, "granted": seen.granted, "sees": seen.sees })
}
