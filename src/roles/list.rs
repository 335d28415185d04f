//! Custom roles listed and looked up: for the organization, and for whoever manages access in one of its workspaces.

use super::{CustomRole, Line, Use, find_in, queries};
use crate::access::{self, OrgRole, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{CustomRoleId, MemberId, WorkspaceId};
use crate::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Roles that a picker offers at once.
const OFFERED: i64 = 12;

/// Longer than any name.
const LONGEST_SEARCH: usize = 200;

#[derive(Clone, Debug)]
pub struct Listed {
    pub role: CustomRole,
    pub used: Use,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Name,
    Date,
}

/// A role with what it allows, as far as the one who asks may see.
#[derive(Clone, Debug)]
pub struct Found {
    pub role: CustomRole,
    pub used: Use,
    pub lines: Vec<Line>,
    /// Lines about resources of workspaces that the one who asks doesn't manage.
    pub hidden_lines: i64,
    /// They may change it.
    pub may_edit: bool,
}

/// Somebody who has a role in one workspace.
#[derive(Clone, Debug)]
pub struct Holder {
    pub workspace: WorkspaceId,
    pub workspace_name: String,
    pub member: MemberId,
    pub name: String,
    pub email: String,
    pub(super) order: (String, String),
}

impl Order {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "name" => Self::Name,
            "date" | "created" => Self::Date,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Date => "date",
        }
    }
}

/// Whether somebody sees the organization's custom roles: its owners and admins all of each, who administers one of its
/// workspaces what concerns theirs.
pub async fn may_see(app: &App, actor: &Actor) -> Result<bool> {
    let mut tx = app.db.read().await?;
    match sees_all(&mut tx, actor).await {
        Ok(_) => Ok(true),
        Err(Refusal::Forbidden { .. }) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// `true`: everything; `false`: what concerns the workspaces that they administer. Refuses everybody else.
async fn sees_all(tx: &mut Tx, actor: &Actor) -> Result<bool> {
    if access::allows(actor.role, Permission::ManageIntegrations) {
        return Ok(true);
    }
    if actor.role != OrgRole::Viewer
        && queries::administers_one(tx, &actor.org.id, actor.user()).await?
    {
        return Ok(false);
    }
    access::require(actor.role, Permission::ManageIntegrations).map(|()| true)
}

/// One page of the organization's custom roles by name or date, after the cursor that an earlier page gave, and the
/// cursor of the next (S3-32). Refuses who may not see them ([`may_see`]).
pub async fn list(
    app: &App,
    actor: &Actor,
    search: &str,
    (order, descending): (Order, bool),
    after: &str,
    limit: i64,
) -> Result<(Vec<Listed>, Option<String>)> {
    let pattern = pattern(search)?;
    let mut tx = app.db.read().await?;
    let all = sees_all(&mut tx, actor).await?;
    let place = if after.is_empty() {
        None
    } else {
        Some(decode::<(String, i64, String)>(after)?)
    };
    let asked = queries::Asked {
        org: &actor.org.id,
        pattern: &pattern,
        order,
        descending,
        place: place.as_ref(),
        limit: limit + 1,
    };
    let mut rows = queries::list(&mut tx, &asked, (!all).then(|| actor.user())).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let mark = |last: &Listed| {
        encode(&(
            text::sort_key(&last.role.name),
            last.role.created_at,
            last.role.id.as_str(),
        ))
    };
    let next = rows.last().filter(|_| more).map(mark);
    Ok((rows, next))
}

/// The first custom roles by name that have this text in their name, for somebody who chooses one in a workspace, or
/// anywhere in the organization (S3-11), each with whether it allows anything yet. Refuses who gives no access there.
pub async fn search(
    app: &App,
    actor: &Actor,
    workspace: Option<&WorkspaceId>,
    text: &str,
) -> Result<Vec<(CustomRole, bool)>> {
    let pattern = pattern(text)?;
    let mut tx = app.db.read().await?;
    super::details::may_create(&mut tx, actor, workspace).await?;
    queries::search(&mut tx, &actor.org.id, &pattern, OFFERED).await
}

/// A custom role for somebody who chooses one; "not found" for another organization's. Refuses like [`search`].
pub async fn offered(
    app: &App,
    actor: &Actor,
    workspace: Option<&WorkspaceId>,
    id: &CustomRoleId,
) -> Result<(CustomRole, bool)> {
    let mut tx = app.db.read().await?;
    super::details::may_create(&mut tx, actor, workspace).await?;
    let role = find_in(&mut tx, &actor.org.id, id).await?;
    let used = queries::used(&mut tx, &actor.org.id, id).await?;
    Ok((role, used.permissions > 0))
}

/// A role with its lines. Refuses like [`list`]; "not found" for another organization's role.
pub async fn find(app: &App, actor: &Actor, id: &CustomRoleId) -> Result<Found> {
    let mut tx = app.db.read().await?;
    let all = sees_all(&mut tx, actor).await?;
    let org = &actor.org.id;
    let role = find_in(&mut tx, org, id).await?;
    let mut lines = queries::lines(&mut tx, org, id).await?;
    let every = lines.len();
    if !all {
        let own = queries::administered(&mut tx, org, actor.user()).await?;
        lines.retain(|line| {
            line.at
                .as_ref()
                .is_none_or(|at| own.contains(&at.workspace))
        });
    }
    let mut used = queries::used(&mut tx, org, id).await?;
    if !all {
        let within = queries::used_within(&mut tx, org, id, actor.user()).await?;
        used = Use {
            permissions: used.permissions,
            ..within
        };
    }
    Ok(Found {
        role,
        used,
        hidden_lines: (every - lines.len()) as i64,
        lines,
        may_edit: all,
    })
}

/// One page of who has the role where, by workspace and name, and the cursor of the next page. Refuses like [`list`].
pub async fn holders(
    app: &App,
    actor: &Actor,
    id: &CustomRoleId,
    after: &str,
    limit: i64,
) -> Result<(Vec<Holder>, Option<String>)> {
    let mut tx = app.db.read().await?;
    let all = sees_all(&mut tx, actor).await?;
    let org = &actor.org.id;
    find_in(&mut tx, org, id).await?;
    let place: (String, String, String, String) = if after.is_empty() {
        Default::default()
    } else {
        decode(after)?
    };
    let mut rows = queries::holders(
        &mut tx,
        org,
        id,
        (!all).then(|| actor.user()),
        &place,
        limit + 1,
    )
    .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let mark = |last: &Holder| {
        encode(&(
            &last.order.0,
            last.workspace.as_str(),
            &last.order.1,
            last.member.as_str(),
        ))
    };
    let next = rows.last().filter(|_| more).map(mark);
    Ok((rows, next))
}

pub(super) fn pattern(search: &str) -> Result<String> {
    if search.contains('\0') || search.chars().count() > LONGEST_SEARCH {
        return Err(Refusal::field(
            "search",
            "Search for less: no name is that long.",
        ));
    }
    let words = search.trim();
    Ok(if words.is_empty() {
        "%".to_owned()
    } else {
        text::like(&text::sort_key(words))
    })
}

fn encode(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_string(place).unwrap_or_default())
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    let place = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .filter(|raw| raw.len() <= 4096);
    // PostgreSQL takes no NUL, which JSON writes as an escape.
    let plain = place.filter(|raw| !raw.windows(6).any(|six| six == b"\\u0000"));
    let read = plain.and_then(|raw| serde_json::from_slice(&raw).ok());
    read.ok_or_else(|| {
        Refusal::field(
            "cursor",
            "This page belongs to another list. Start from the first page.",
        )
    })
}
