//! The impact of a change: who loses what and who gains what, counted and named (product.md, 4).
//!
//! A change isn't predicted, it is done: the operation looks at who can do what, makes its change, looks again, and gives
//! the difference. A preview is the same operation whose transaction is dropped instead of committed, so that what is shown
//! before is what happens after.
//!
//! ```text
//! let before = impact::look(tx, &scope).await?;
//! …the change…
//! let impact = before.compare(&impact::look(tx, &scope).await?);
//! ```

mod queries;

use crate::access::{Action, OrgRole, WorkspaceRole, capped, enters_by_role};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use queries::{EnteringRow, ManagerRow, RowOfAccess};
use std::collections::{BTreeMap, BTreeSet};

/// Whose access a change can touch.
#[derive(Clone, Debug)]
pub enum Scope {
    /// One person's, in every workspace of the organization.
    Person(OrgId, UserId),
    /// Everybody's in these workspaces.
    Workspaces(Vec<WorkspaceId>),
    /// Owners' and admins' in every workspace of the organization: what the policy on entering touches.
    Managers(OrgId),
}

/// What somebody is who comes in without a role of their own.
const BY_ROLE: &str = "Admin, by organization role";

/// Who can do what, at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    places: BTreeMap<(UserId, WorkspaceId), Place>,
    /// Who enters the workspaces in which they have no role, and how many those are, where they aren't named.
    entering: BTreeMap<UserId, (String, usize)>,
}

/// What one person can do in one workspace.
#[derive(Debug, Clone)]
struct Place {
    person: String,
    workspace: String,
    /// As people say it: "Admin", or the custom role's name.
    role: String,
    /// Each thing it allows, so that two can be compared.
    allows: BTreeSet<String>,
}

/// One person's difference in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub user: UserId,
    pub person: String,
    /// `None`: every workspace in which they have no role of their own, entered by organization role.
    pub workspace: Option<WorkspaceId>,
    pub workspace_name: String,
    /// The role before; `None`: they had none.
    pub before: Option<String>,
    pub after: Option<String>,
    pub effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The workspace, wholly.
    Loses,
    Gains,
    /// Can do less in it than before.
    Less,
    More,
    /// Can do something they couldn't, and no longer something they could.
    Other,
}

/// What a change does, by person and workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    pub changes: Vec<Change>,
}

impl Impact {
    /// Whether somebody loses something by it, whatever else they gain.
    pub fn takes(&self) -> bool {
        self.changes
            .iter()
            .any(|change| matches!(change.effect, Effect::Loses | Effect::Less | Effect::Other))
    }
}

/// Who can do what in the scope, inside the write that is about to change it, or has just changed it.
pub(crate) async fn look(tx: &mut Tx, scope: &Scope) -> Result<Snapshot> {
    let rows = match scope {
        Scope::Person(org, user) => queries::of_person(tx, org, user).await?,
        Scope::Workspaces(ids) => queries::of_workspaces(tx, ids).await?,
        Scope::Managers(org) => queries::of_managers(tx, org).await?,
    };
    let mut snapshot = Snapshot::default();
    for row in rows {
        snapshot.add(row);
    }
    let entering = match scope {
        Scope::Person(org, user) => queries::entered_by(tx, org, user).await?,
        Scope::Workspaces(ids) => queries::entering(tx, ids).await?,
        Scope::Managers(org) => {
            snapshot.count_entering(queries::managers(tx, org).await?);
            Vec::new()
        }
    };
    for row in entering {
        snapshot.add_entering(row);
    }
    Ok(snapshot)
}

impl Snapshot {
    fn add(&mut self, row: RowOfAccess) {
        let active = row.org_id.is_none() || row.status.as_deref() == Some("active");
        if !active {
            return;
        }
        let role = capped(row.role, row.org_role.unwrap_or(OrgRole::Member));
        let place = self
            .places
            .entry((row.user_id, row.workspace_id))
            .or_insert_with(|| Place {
                person: row.person,
                workspace: row.workspace,
                role: String::new(),
                allows: BTreeSet::from(["open".to_owned()]),
            });
        let label = row.custom_role.unwrap_or_else(|| role.label().to_owned());
        if place.role.is_empty() || !place.role.contains(&label) {
            place.role = if place.role.is_empty() {
                label
            } else {
                format!("{} and {label}", place.role)
            };
        }
        for below in [
            WorkspaceRole::Viewer,
            WorkspaceRole::Member,
            WorkspaceRole::Admin,
            WorkspaceRole::Owner,
        ] {
            if below <= role {
                place.allows.insert(below.as_str().to_owned());
            }
        }
        if let Some(kind) = row.kind {
            let on = row.resource_id.unwrap_or_default();
            let listed = [
                row.may_view,
                row.may_run,
                row.may_create,
                row.may_edit,
                row.may_delete,
            ];
            let viewer = row.org_role == Some(OrgRole::Viewer);
            for (action, may) in crate::access::ACTIONS.into_iter().zip(listed) {
                if may == Some(true) && (action == Action::View || !viewer) {
                    place
                        .allows
                        .insert(format!("{kind} {on} {}", action.as_str()));
                }
            }
        }
    }

    /// Somebody who may come in by their organization role, which counts where they have no row.
    fn add_entering(&mut self, row: EnteringRow) {
        let allows = ["open", "viewer", "member", "admin"].map(str::to_owned);
        self.places
            .entry((row.user_id, row.workspace_id))
            .or_insert_with(|| Place {
                person: row.person,
                workspace: row.workspace,
                role: BY_ROLE.to_owned(),
                allows: BTreeSet::from(allows),
            });
    }

    /// Owners and admins with how many workspaces they come into: all of them in all workspaces would be too many to name.
    fn count_entering(&mut self, managers: Vec<ManagerRow>) {
        for manager in managers {
            let others = manager.workspaces - manager.own;
            if enters_by_role(manager.role, manager.admins_enter) && others > 0 {
                self.entering
                    .insert(manager.user_id, (manager.name, others as usize));
            }
        }
    }

    /// What became of each person and workspace from this moment to a later one.
    pub fn compare(&self, after: &Self) -> Impact {
        let mut changes: Vec<Change> = Vec::new();
        let keys: BTreeSet<_> = self.places.keys().chain(after.places.keys()).collect();
        for key in keys {
            changes.extend(difference(key, self.places.get(key), after.places.get(key)));
        }
        let users: BTreeSet<_> = self.entering.keys().chain(after.entering.keys()).collect();
        for user in users {
            changes.extend(entry_difference(
                user,
                self.entering.get(user),
                after.entering.get(user),
            ));
        }
        changes.sort_by(|a, b| {
            (&a.workspace_name, &a.person, &a.user).cmp(&(&b.workspace_name, &b.person, &b.user))
        });
        Impact { changes }
    }
}

fn difference(
    key: &(UserId, WorkspaceId),
    before: Option<&Place>,
    after: Option<&Place>,
) -> Option<Change> {
    let effect = match (before, after) {
        (Some(_), None) => Effect::Loses,
        (None, Some(_)) => Effect::Gains,
        (Some(before), Some(after)) if before.allows == after.allows => return None,
        (Some(before), Some(after)) if before.allows.is_superset(&after.allows) => Effect::Less,
        (Some(before), Some(after)) if before.allows.is_subset(&after.allows) => Effect::More,
        (Some(_), Some(_)) => Effect::Other,
        (None, None) => return None,
    };
    let named = before.or(after)?;
    Some(Change {
        user: key.0.clone(),
        person: named.person.clone(),
        workspace: Some(key.1.clone()),
        workspace_name: named.workspace.clone(),
        before: before.map(|place| place.role.clone()),
        after: after.map(|place| place.role.clone()),
        effect,
    })
}

fn entry_difference(
    user: &UserId,
    before: Option<&(String, usize)>,
    after: Option<&(String, usize)>,
) -> Option<Change> {
    let (effect, (person, workspaces)) = match (before, after) {
        (Some(entry), None) => (Effect::Loses, entry),
        (None, Some(entry)) => (Effect::Gains, entry),
        _ => return None,
    };
    let by_role = Some(BY_ROLE.to_owned());
    Some(Change {
        user: user.clone(),
        person: person.clone(),
        workspace: None,
        workspace_name: format!(
            "{workspaces} {}",
            if *workspaces == 1 {
                "other workspace"
            } else {
                "other workspaces"
            }
        ),
        before: by_role.clone().filter(|_| effect == Effect::Loses),
        after: by_role.filter(|_| effect == Effect::Gains),
        effect,
    })
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loses => "loses",
            Self::Gains => "gains",
            Self::Less => "less",
            Self::More => "more",
            Self::Other => "other",
        }
    }

    /// Whether the person can do more than before, and nothing less.
    pub fn widens(self) -> bool {
        matches!(self, Self::Gains | Self::More)
    }
}

/// Changes that a page names; the rest are counted.
const NAMED: usize = 20;

impl Impact {
    /// The first changes as a page shows them: the class of the line, its sign, and the sentence.
    pub fn lines(&self) -> Vec<(&'static str, &'static str, String)> {
        let line = |change: &Change| match change.effect {
            Effect::Loses | Effect::Less => ("minus", "−", change.sentence()),
            Effect::Gains | Effect::More => ("plus", "+", change.sentence()),
            Effect::Other => ("same", "=", change.sentence()),
        };
        self.changes.iter().take(NAMED).map(line).collect()
    }

    /// How many changes [`Self::lines`] leaves out.
    pub fn beyond(&self) -> usize {
        self.changes.len().saturating_sub(NAMED)
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// People who lose a workspace, or something in one.
    pub fn losing(&self) -> usize {
        self.people(|effect| matches!(effect, Effect::Loses | Effect::Less | Effect::Other))
    }

    /// People who gain a workspace, or something in one.
    pub fn gaining(&self) -> usize {
        self.people(|effect| matches!(effect, Effect::Gains | Effect::More | Effect::Other))
    }

    fn people(&self, counts: impl Fn(Effect) -> bool) -> usize {
        self.changes
            .iter()
            .filter(|change| counts(change.effect))
            .map(|change| &change.user)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// The counts, for the audit event of the change.
    pub fn counts(&self) -> serde_json::Value {
        serde_json::json!({ "people_losing": self.losing(), "people_gaining": self.gaining(), "changes": self.changes.len() })
    }
}

impl Change {
    /// "Carol Mbeki loses Staging (Admin)", to be read after a count.
    pub fn sentence(&self) -> String {
        let (person, place) = (&self.person, &self.workspace_name);
        let role = |role: &Option<String>| role.clone().unwrap_or_default();
        match self.effect {
            Effect::Loses => format!("{person} loses {place} ({})", role(&self.before)),
            Effect::Gains => format!("{person} gains {place} ({})", role(&self.after)),
            _ if self.before == self.after => match self.effect {
                Effect::Less => format!("{person} can do less in {place} ({})", role(&self.after)),
                Effect::More => format!("{person} can do more in {place} ({})", role(&self.after)),
                _ => format!(
                    "{person} can do other things in {place} ({})",
                    role(&self.after)
                ),
            },
            _ => format!(
                "{person} changes from {} to {} in {place}",
                role(&self.before),
                role(&self.after)
            ),
        }
    }
}
