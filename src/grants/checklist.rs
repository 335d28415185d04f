//! What somebody is limited to, as those who manage people see it: all kinds at a glance, one kind as a checklist, and who
//! is granted one thing.

use super::queries;
use super::set::{limitable, require};
use crate::access::{Kind, Level, WorkspaceRole};
use crate::actor::Person;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::resources::{Counted, Kinds, Resource};
use crate::workspaces::{self, Managed};
use std::sync::Arc;

/// A person in a workspace, with every kind that they can be limited in and that is there.
#[derive(Clone, Debug)]
pub struct Overview {
    pub managed: Managed,
    pub user: UserId,
    pub person: String,
    pub role: WorkspaceRole,
    /// Their role isn't limited (S2-13).
    pub no_effect: bool,
    pub kinds: Vec<Limits>,
}

/// What somebody sees of one kind, and what is granted to them.
#[derive(Clone, Debug)]
pub struct Limits {
    pub kind: Kind,
    /// They are limited to named ones.
    pub limited: bool,
    /// How many they see.
    pub sees: Counted,
    /// How many there are.
    pub total: Counted,
    pub granted: Vec<ResourceId>,
}

/// What to show of a checklist.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub search: String,
    /// The name and id after which the page begins; "" for the first.
    pub after: (String, String),
    pub limit: i64,
}

/// One page of a checklist.
#[derive(Clone, Debug)]
pub struct Checklist {
    pub overview: Overview,
    pub limits: Limits,
    pub lines: Vec<Line>,
    /// Where the next page begins.
    pub next: Option<(String, String)>,
}

pub use super::queries::Line;

/// Somebody who is granted a thing, or one that it lies in.
#[derive(Clone, Debug)]
pub struct Holder {
    pub user: UserId,
    pub name: String,
    /// The name of what is granted to them.
    pub granted: String,
}

/// What a person is limited to in a workspace. For who may change it ([`super::set`]), and for the person themselves.
pub async fn overview(
    app: &App,
    person: &Arc<Person>,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<Overview> {
    let managed = workspaces::find_managed(app, person, workspace).await?;
    let mut tx = app.db.read().await?;
    let (name, role) = queries::holder(&mut tx, workspace, user)
        .await?
        .ok_or(Refusal::NotFound)?;
    if *user != person.user {
        require(
            managed.gives_up_to(),
            managed.actor.as_ref().map(|actor| actor.role),
            role,
            false,
        )?;
    }
    let all = Kinds::of(&mut tx, managed.workspace.org.as_ref()).await?;
    let mut kinds = Vec::new();
    for kind in all
        .iter()
        .filter(|kind| kind.takes_grants && kind.level == Level::Workspace)
    {
        let limits = limits(&mut tx, workspace, user, kind).await?;
        if limits.total.n > 0 || limits.limited {
            kinds.push(limits);
        }
    }
    Ok(Overview {
        managed,
        user: user.clone(),
        person: name,
        role,
        no_effect: role >= WorkspaceRole::Admin,
        kinds,
    })
}

async fn limits(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &Kind,
) -> Result<Limits> {
    let limited = queries::is_limited(tx, workspace, user, &kind.name).await?;
    let granted: Vec<ResourceId> = queries::granted(tx, workspace, user, &kind.name)
        .await?
        .into_iter()
        .collect();
    let (total, sees) = queries::of_kind(tx, workspace, user, &kind.name).await?;
    Ok(Limits {
        kind: kind.clone(),
        limited,
        sees,
        total,
        granted,
    })
}

/// The database's plan for what [`overview`] counts of a kind, for the test that looks at it.
pub async fn explain(
    app: &App,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    queries::explain(&mut tx, workspace, user, kind).await
}

/// One kind as a checklist, a page of it. Refuses as [`overview`] does, and kinds that take no grants.
pub async fn checklist(
    app: &App,
    person: &Arc<Person>,
    workspace: &WorkspaceId,
    user: &UserId,
    kind: &str,
    asked: &Asked,
) -> Result<Checklist> {
    if asked.search.contains('\0') || asked.search.chars().count() > 200 {
        return Err(Refusal::field(
            "search",
            "Search for less: no name is that long.",
        ));
    }
    let overview = overview(app, person, workspace, user).await?;
    let mut tx = app.db.read().await?;
    let kind = limitable(
        &Kinds::of(&mut tx, overview.managed.workspace.org.as_ref()).await?,
        kind,
    )?;
    let limit = asked.limit.clamp(1, 100);
    let mut lines = queries::lines(&mut tx, workspace, user, &kind.name, asked, limit + 1).await?;
    let more = lines.len() as i64 > limit;
    lines.truncate(limit as usize);
    let next = lines
        .last()
        .filter(|_| more)
        .map(|last| (last.sort_name.clone(), last.id.to_string()));
    let limits = match overview.kinds.iter().find(|one| one.kind.name == kind.name) {
        Some(known) => known.clone(),
        None => limits(&mut tx, workspace, user, &kind).await?,
    };
    Ok(Checklist {
        limits,
        lines,
        next,
        overview,
    })
}

/// Who is granted a resource or what it lies in, the first fifty by name; nothing for who doesn't manage people there.
pub async fn holders(app: &App, person: &Arc<Person>, resource: &Resource) -> Result<Vec<Holder>> {
    let Some(workspace) = resource
        .workspace
        .as_ref()
        .filter(|_| resource.owner.is_none())
    else {
        return Ok(Vec::new());
    };
    let managed = workspaces::find_managed(app, person, workspace).await?;
    if managed.gives_up_to().is_none() {
        return Ok(Vec::new());
    }
    let mut tx = app.db.read().await?;
    queries::holders(&mut tx, workspace, &resource.id, 50).await
}
