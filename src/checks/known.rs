//! What one person has in one workspace: their roles, what custom ones list, and their grants. Read here and nowhere else,
//! for one workspace or for many at once; checks, pages and lists decide by it.

use super::queries::{self, HeldRow};
use crate::access::{
    ACTIONS, Action, Actions, Decision, Held, Limit, Membership, OrgRole, Permitted, Target, Who,
    WorkspaceRole, decide, enters_by_role,
};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, UserId, WorkspaceId};
use std::collections::HashMap;

#[derive(Clone, Debug, Default)]
pub(crate) struct KnownWorkspace {
    pub org: Option<OrgId>,
    pub name: String,
    pub rows: Vec<KnownRow>,
    /// By kind, the resources that they are limited to.
    pub limits: HashMap<String, Vec<String>>,
}

/// One access row with what its custom role lists.
#[derive(Clone, Debug)]
pub(crate) struct KnownRow {
    pub source: String,
    pub role: WorkspaceRole,
    pub custom_role_id: Option<String>,
    pub custom_role: Option<String>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    kind: String,
    resource: Option<String>,
    actions: Actions,
}

/// What somebody is in the organization that a decision is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seated {
    pub membership: Membership,
    /// The organization's policy *organization admins enter workspaces*.
    pub admins_enter: bool,
}

/// Reads what a person has in each of these workspaces, those that are there: two statements at most, however many there are.
pub(crate) async fn read(
    tx: &mut Tx,
    user: &UserId,
    workspaces: &[&str],
) -> Result<HashMap<WorkspaceId, KnownWorkspace>> {
    let mut all: HashMap<WorkspaceId, KnownWorkspace> = HashMap::new();
    for row in queries::held(tx, user, workspaces).await? {
        let known = all
            .entry(row.workspace_id.clone())
            .or_insert_with(|| KnownWorkspace {
                org: row.org_id.clone().map(OrgId::from),
                name: row.workspace.clone(),
                ..KnownWorkspace::default()
            });
        known.add(row);
    }
    // Whoever administers a workspace isn't limited in it.
    let is_limited = |known: &KnownWorkspace| {
        known
            .highest()
            .is_some_and(|role| role < WorkspaceRole::Admin)
    };
    let limited: Vec<&str> = workspaces
        .iter()
        .copied()
        .filter(|id| all.get(&WorkspaceId::from(*id)).is_some_and(is_limited))
        .collect();
    for row in queries::limits(tx, user, &limited).await? {
        if let Some(known) = all.get_mut(&row.workspace_id) {
            known
                .limits
                .entry(row.kind)
                .or_default()
                .extend(row.resource_id);
        }
    }
    Ok(all)
}

impl Seated {
    /// Of a workspace in no organization.
    pub const STANDALONE: Self = Self {
        membership: Membership::Standalone,
        admins_enter: false,
    };

    pub fn active(role: OrgRole, admins_enter: bool) -> Self {
        Self {
            membership: Membership::Active(role),
            admins_enter,
        }
    }

    /// Whether they come into workspaces without a row, by their organization role.
    pub fn enters(self) -> bool {
        matches!(self.membership, Membership::Active(role) if enters_by_role(role, self.admins_enter))
    }
}

impl KnownWorkspace {
    fn add(&mut self, row: HeldRow) {
        let (Some(source), Some(role)) = (row.source, row.role) else {
            return;
        };
        if self.rows.last().is_none_or(|last| last.source != source) {
            let (custom_role_id, custom_role) = (row.custom_role_id, row.custom_role);
            self.rows.push(KnownRow {
                source,
                role,
                custom_role_id,
                custom_role,
                lines: Vec::new(),
            });
        }
        if let (Some(kind), Some(last)) = (row.kind, self.rows.last_mut()) {
            let listed = [
                row.may_view,
                row.may_run,
                row.may_create,
                row.may_edit,
                row.may_delete,
            ];
            let actions = ACTIONS
                .into_iter()
                .zip(listed)
                .fold(Actions::none(), |all, (action, may)| {
                    all.with(action, may == Some(true))
                });
            last.lines.push(Line {
                kind,
                resource: row.resource_id,
                actions,
            });
        }
    }

    pub fn highest(&self) -> Option<WorkspaceRole> {
        self.rows.iter().map(|row| row.role).max()
    }

    /// Asks [`decide`].
    pub fn decide(
        &self,
        user: &str,
        seated: Seated,
        action: Action,
        target: &Target<'_>,
    ) -> Decision {
        let lines: Vec<Vec<Permitted<'_>>> = self.rows.iter().map(KnownRow::permitted).collect();
        let rows: Vec<Held<'_>> = self
            .rows
            .iter()
            .zip(&lines)
            .map(|(row, lines)| Held {
                role: row.role,
                permissions: lines,
            })
            .collect();
        let granted: Vec<(&str, Vec<&str>)> = self
            .limits
            .iter()
            .map(|(kind, ids)| (kind.as_str(), ids.iter().map(String::as_str).collect()))
            .collect();
        let limits: Vec<Limit<'_>> = granted
            .iter()
            .map(|(kind, granted)| Limit { kind, granted })
            .collect();
        let Seated {
            membership,
            admins_enter,
        } = seated;
        decide(
            &Who {
                user,
                membership,
                rows: &rows,
                admins_enter,
                limits: &limits,
            },
            action,
            target,
        )
    }
}

impl KnownRow {
    fn permitted(&self) -> Vec<Permitted<'_>> {
        self.lines
            .iter()
            .map(|line| Permitted {
                kind: &line.kind,
                resource: line.resource.as_deref(),
                actions: line.actions,
            })
            .collect()
    }

    pub fn label(&self) -> String {
        self.custom_role
            .clone()
            .unwrap_or_else(|| self.role.label().to_owned())
    }
}
