//! Who holds which role where: the people of one workspace, the workspaces of one member, and both at once for the
//! access matrix. Pages of each; nothing loads what it doesn't show.

mod queries;

use super::{
    Given, Listed, Managed, Source, Workspace, decode_cursor, encode_cursor, find_managed, role_in,
};
use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, MemberId, OrgId, UserId, WorkspaceId};
use crate::text;
use std::collections::HashMap;
use std::sync::Arc;

/// Custom roles that a picker lists.
const CUSTOM_ROLES: i64 = 50;

/// One access row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub source: Source,
    pub role: WorkspaceRole,
    pub custom: Option<(CustomRoleId, String)>,
}

/// Everything somebody holds in one workspace by rows: nothing, or one row for each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing(pub Vec<Holding>);

impl Standing {
    /// As people say it: "Admin", or "Admin and Analyst".
    pub fn label(&self) -> String {
        let name = |held: &Holding| {
            held.custom
                .as_ref()
                .map_or_else(|| held.role.label().to_owned(), |(_, name)| name.clone())
        };
        let mut names: Vec<String> = self.0.iter().map(name).collect();
        names.dedup();
        names.join(" and ")
    }

    /// The highest, as a picker's value: a fixed role's name or a custom role's id; "" for nothing.
    pub fn value(&self) -> String {
        match self.0.iter().max_by_key(|held| held.role) {
            None => String::new(),
            Some(Holding {
                custom: Some((id, _)),
                ..
            }) => id.to_string(),
            Some(held) => held.role.as_str().to_owned(),
        }
    }

    pub fn highest(&self) -> Option<WorkspaceRole> {
        self.0.iter().map(|held| held.role).max()
    }

    /// Where it comes from: "direct", "organization", or both.
    pub fn sources(&self) -> String {
        self.0
            .iter()
            .map(|held| held.source.as_str())
            .collect::<Vec<_>>()
            .join(" and ")
    }
}

/// Somebody in a workspace.
#[derive(Clone, Debug)]
pub struct PersonHere {
    pub user: UserId,
    pub name: String,
    pub email: String,
    /// Their place in the workspace's organization; `None` where it stands alone.
    pub member: Option<MemberId>,
    pub organization_role: Option<OrgRole>,
    pub suspended: bool,
    pub standing: Standing,
}

/// One page of a workspace's people.
#[derive(Clone, Debug)]
pub struct PeoplePage {
    pub managed: Managed,
    pub people: Vec<PersonHere>,
    pub next: Option<String>,
    /// Owners and admins of the organization who come in without a role of their own, the first of them. Only on the
    /// first page of the unfiltered list, and only where the policy lets them.
    pub by_organization_role: Vec<PersonHere>,
}

/// A workspace of more people shows them by walking its organization's members; of fewer, all are sorted.
const MANY: i64 = 500;

/// One page of a workspace's people by name, after the cursor of the page before; `search` is part of a name or address.
/// For who can open the workspace or administers its organization.
pub async fn people_here(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    search: &str,
    after: &str,
    limit: i64,
) -> Result<PeoplePage> {
    let managed = find_managed(app, person, id).await?;
    let (name, user) = if after.is_empty() {
        Default::default()
    } else {
        decode_cursor(after)?
    };
    let mut tx = app.db.read().await?;
    let org = managed.workspace.org.as_ref();
    let like = pattern(&search.trim().to_lowercase());
    let mut people = match org {
        Some(org) if like.is_none() && managed.workspace.people > MANY => {
            queries::people_walked(&mut tx, id, org, (&name, &user), limit + 1).await?
        }
        _ => queries::people(&mut tx, id, org, like.as_deref(), (&name, &user), limit + 1).await?,
    };
    let more = people.len() as i64 > limit;
    people.truncate(limit as usize);
    let next = people
        .last()
        .filter(|_| more)
        .map(|(key, last)| encode_cursor(key, last.user.as_str()));
    let entering = match &managed.actor {
        Some(actor) if actor.org.policies.admins_enter && after.is_empty() && like.is_none() => {
            queries::entering(&mut tx, id, &actor.org.id, limit).await?
        }
        _ => Vec::new(),
    };
    let people = people.into_iter().map(|(_, here)| here).collect();
    Ok(PeoplePage {
        managed,
        people,
        next,
        by_organization_role: entering,
    })
}

/// Somebody seen from one workspace, whether or not they have a role in it. "Not found" for who is neither in the
/// workspace nor in its organization.
pub async fn person_here(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    user: &UserId,
) -> Result<(Managed, PersonHere)> {
    let managed = find_managed(app, person, id).await?;
    let mut tx = app.db.read().await?;
    let here = queries::person(&mut tx, id, managed.workspace.org.as_ref(), user)
        .await?
        .ok_or(Refusal::NotFound)?;
    if here.standing.0.is_empty() && here.member.is_none() {
        return Err(Refusal::NotFound);
    }
    Ok((managed, here))
}

/// Which page of an organization's workspaces.
#[derive(Clone, Copy, Debug)]
pub enum Pages<'a> {
    First,
    After(&'a str),
    Before(&'a str),
}

/// One page of an organization's workspaces by name, each with what the actor is in it, and the cursors of the pages beside.
#[derive(Clone, Debug)]
pub struct Found {
    pub listed: Vec<Listed>,
    pub previous: Option<String>,
    pub next: Option<String>,
}

/// One page of an organization's workspaces by name. A page is walked to from either side along the index of names. Refuses
/// who doesn't administer them.
pub async fn search_in(
    app: &App,
    actor: &Actor,
    search: &str,
    page: Pages<'_>,
    limit: i64,
) -> Result<Found> {
    access::require(actor.role, Permission::ManageMembers)?;
    let (place, backward) = match page {
        Pages::First => (Default::default(), false),
        Pages::After(cursor) => (decode_cursor(cursor)?, false),
        Pages::Before(cursor) => (decode_cursor(cursor)?, true),
    };
    let mut tx = app.db.read().await?;
    let like = pattern(&text::sort_key(search));
    let place = (place.0.as_str(), place.1.as_str());
    let mut rows = queries::workspaces(
        &mut tx,
        &actor.org.id,
        actor.user(),
        like.as_deref(),
        place,
        backward,
        limit + 1,
    )
    .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    if backward {
        rows.reverse();
    }
    let cursor = |row: Option<&(Workspace, Option<WorkspaceRole>)>| {
        row.map(|(one, _)| encode_cursor(&text::sort_key(&one.name), one.id.as_str()))
    };
    let (previous, next) = match page {
        Pages::First => (false, more),
        Pages::After(_) => (true, more),
        Pages::Before(_) => (more, true),
    };
    let (previous, next) = (
        cursor(rows.first()).filter(|_| previous),
        cursor(rows.last()).filter(|_| next),
    );
    let listed = rows
        .into_iter()
        .map(|(workspace, own)| Listed {
            role: role_in(own, Some(actor)),
            workspace,
        })
        .collect();
    Ok(Found {
        listed,
        previous,
        next,
    })
}

/// What each of these people holds in each of these workspaces of the organization; whoever isn't in the map holds
/// nothing. Refuses who doesn't manage members.
pub async fn standings(
    app: &App,
    actor: &Actor,
    users: &[&UserId],
    workspaces: &[&WorkspaceId],
) -> Result<HashMap<(UserId, WorkspaceId), Standing>> {
    access::require(actor.role, Permission::ManageMembers)?;
    let mut tx = app.db.read().await?;
    let mut all = HashMap::new();
    for users in users.chunks(PEOPLE_AT_ONCE) {
        for workspaces in workspaces.chunks(WORKSPACES_AT_ONCE) {
            all.extend(queries::standings(&mut tx, &actor.org.id, users, workspaces).await?);
        }
    }
    Ok(all)
}

/// The database's plans for [`search_in`], from the first page or after a cursor, and for [`standings`]: for the test that
/// looks at them.
pub async fn explain_matrix(
    app: &App,
    actor: &Actor,
    search: &str,
    after: &str,
    users: &[&UserId],
    workspaces: &[&WorkspaceId],
) -> Result<(Vec<String>, Vec<String>)> {
    let mut tx = app.db.begin().await?;
    let place = if after.is_empty() {
        Default::default()
    } else {
        decode_cursor(after)?
    };
    let like = pattern(&text::sort_key(search));
    let place = (place.0.as_str(), place.1.as_str());
    let named = queries::explain_workspaces(
        &mut tx,
        &actor.org.id,
        actor.user(),
        like.as_deref(),
        place,
        7,
    )
    .await?;
    Ok((
        named,
        queries::explain_standings(&mut tx, &actor.org.id, users, workspaces).await?,
    ))
}

/// The database's plan for the people of a workspace of many, after somebody by the key they are sorted by: for the test that
/// looks at it.
pub async fn explain_people(
    app: &App,
    org: &OrgId,
    id: &WorkspaceId,
    after: (&str, &str),
) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    queries::explain_people_walked(&mut tx, id, org, after).await
}

pub use queries::{PEOPLE_AT_ONCE, WORKSPACES_AT_ONCE};

/// The organization's custom roles by name, the first of them, for pickers.
pub async fn custom_roles(app: &App, actor: &Actor) -> Result<Vec<(CustomRoleId, String)>> {
    let mut tx = app.db.read().await?;
    queries::custom_roles(&mut tx, &actor.org.id, CUSTOM_ROLES).await
}

/// The fixed and custom roles that somebody who gives up to `ceiling` may set for a person here, with the one they have;
/// none where it isn't theirs to change. "" is no role.
pub fn choices(
    ceiling: Option<WorkspaceRole>,
    organization: Option<OrgRole>,
    here: &PersonHere,
    own: bool,
    custom: &[(CustomRoleId, String)],
) -> Vec<Option<Given>> {
    let from = here.standing.highest();
    let may = |to: Option<WorkspaceRole>| {
        access::may_set_access(ceiling, organization, from, to, own).is_ok()
            && to.is_none_or(|role| {
                here.organization_role
                    .is_none_or(|of| access::fits_under_cap(of, role).is_ok())
            })
    };
    let mut all: Vec<Option<Given>> = Vec::new();
    if may(None) {
        all.push(None);
    }
    let fixed = access::WORKSPACE_ROLES
        .into_iter()
        .rev()
        .filter(|role| may(Some(*role)));
    all.extend(fixed.map(|role| Some(Given::Fixed(role))));
    if may(Some(WorkspaceRole::Custom)) {
        all.extend(custom.iter().map(|(id, _)| Some(Given::Custom(id.clone()))));
    }
    all
}

fn pattern(search: &str) -> Option<String> {
    let term = search.trim();
    (!term.is_empty()).then(|| text::like(term))
}
