//! The log as it is read: filters, pages that cost the same in a log of any length, and what is newer (S1-75, S1-80).

use super::queries::list::Walk;
use super::queries::{self, EventRow};
use super::{Category, MARK, TO_UNDO, tags};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::clock::{DAY, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{EventId, MemberId, OrgId, ResourceId, UserId, WorkspaceId};
use crate::{accounts, text};
use serde_json::Value;
use std::collections::HashMap;

/// Which events: all that is said has to hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub workspace: Option<WorkspaceId>,
    /// The one who acted, or the one concerned.
    pub member: Option<UserId>,
    pub kind: Option<Kind>,
    /// The first moment of a day (UTC): not before it.
    pub from: Option<Micros>,
    /// The first moment of the day after the last one.
    pub until: Option<Micros>,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Category(Category),
    /// Such as `member.role_changed`.
    Action(String),
}

/// Which part of the list; the numbers are those of events in their chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Newest,
    Oldest,
    Before(i64),
    After(i64),
}

/// One page of the log, newest first.
#[derive(Debug, Clone)]
pub struct Listed {
    pub events: Vec<EventRow>,
    /// There are newer ones than the first of the page, as far as this page knows.
    pub has_newer: bool,
    pub has_older: bool,
}

impl Kind {
    fn as_asked(&self) -> tags::Kind<'_> {
        match self {
            Self::Category(category) => tags::Kind::Category(category.as_str()),
            Self::Action(action) => tags::Kind::Action(action),
        }
    }
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        self.workspace.is_none()
            && self.member.is_none()
            && self.kind.is_none()
            && self.from.is_none()
            && self.until.is_none()
    }

    fn tag(&self, org: &OrgId) -> Option<i64> {
        let asked = tags::Asked {
            workspace: self.workspace.as_ref().map(WorkspaceId::as_str),
            person: self.member.as_ref().map(UserId::as_str),
            kind: self.kind.as_ref().map(Kind::as_asked),
        };
        asked.tag(org.as_str())
    }

    /// Asked of each event once more: days meet at midnight in the order things were recorded, which is not quite that of
    /// their times, and a tag is only a hash.
    fn fits(&self, event: &EventRow) -> bool {
        let person = |user: &UserId| {
            event.actor_id == user.as_str() || event.subject_id.as_deref() == Some(user.as_str())
        };
        let kind = |kind: &Kind| match kind {
            Kind::Category(category) => event.category == category.as_str(),
            Kind::Action(action) => event.action == *action,
        };
        self.workspace
            .as_ref()
            .is_none_or(|workspace| event.workspace_id.as_deref() == Some(workspace.as_str()))
            && self.member.as_ref().is_none_or(person)
            && self.kind.as_ref().is_none_or(kind)
            && self.from.is_none_or(|from| event.at >= from)
            && self.until.is_none_or(|until| event.at < until)
    }

    /// The walk for a part of the list; `None` where nothing happened on the days asked for.
    pub(super) async fn walk(&self, tx: &mut Tx, org: &OrgId, page: Page) -> Result<Option<Walk>> {
        let (mut above, mut below) = (0, i64::MAX);
        if self.from.is_some() || self.until.is_some() {
            let day =
                |at: Option<Micros>, without: i64| at.map_or(without, |at| at.div_euclid(DAY));
            let span =
                queries::index::span(tx, org, day(self.from, i64::MIN), day(self.until, i64::MAX))
                    .await?;
            let Some((first, last)) = span else {
                return Ok(None);
            };
            (above, below) = (first - 1, last + 1);
        }
        match page {
            Page::Before(seq) => below = below.min(seq),
            Page::After(seq) => above = above.max(seq),
            Page::Newest | Page::Oldest => {}
        }
        let newest_first = matches!(page, Page::Newest | Page::Before(_));
        Ok(Some(Walk {
            tag: self.tag(org),
            above,
            below,
            newest_first,
        }))
    }

    /// The next `limit` events of a walk, which then stands behind the last of them.
    pub(super) async fn next(
        &self,
        tx: &mut Tx,
        org: &OrgId,
        walk: &mut Walk,
        limit: i64,
    ) -> Result<Vec<EventRow>> {
        let mut found = Vec::new();
        while (found.len() as i64) < limit {
            let wanted = limit - found.len() as i64;
            let events = queries::list::walk(tx, org, walk, wanted).await?;
            let Some(last) = events.last() else { break };
            match walk.newest_first {
                true => walk.below = last.seq,
                false => walk.above = last.seq,
            }
            let ended = (events.len() as i64) < wanted;
            found.extend(events.into_iter().filter(|event| self.fits(event)));
            if ended {
                break;
            }
        }
        Ok(found)
    }
}

/// One page of the organization's log. Refuses whose role doesn't see it (S1-81).
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: Page,
    limit: i64,
) -> Result<Listed> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    let org = &actor.org.id;
    let Some(mut walk) = filter.walk(&mut tx, org, page).await? else {
        return Ok(Listed {
            events: Vec::new(),
            has_newer: false,
            has_older: false,
        });
    };
    let newest_first = walk.newest_first;
    let mut events = filter.next(&mut tx, org, &mut walk, limit + 1).await?;
    let more = events.len() as i64 > limit;
    events.truncate(limit as usize);
    if !newest_first {
        events.reverse();
    }
    let beside = matches!(page, Page::Before(_) | Page::After(_));
    let (has_newer, has_older) = if newest_first {
        (beside, more)
    } else {
        (more, beside)
    };
    Ok(Listed {
        events,
        has_newer,
        has_older,
    })
}

/// One event of the organization's log. "Not found" for one of another chain.
pub async fn find(app: &App, actor: &Actor, event: &EventId) -> Result<EventRow> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    queries::list::find(&mut tx, &actor.org.id, event)
        .await?
        .ok_or(Refusal::NotFound)
}

/// How many events the organization's log has.
pub async fn length(app: &App, actor: &Actor) -> Result<i64> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    Ok(queries::head(&mut tx, actor.org.id.as_str())
        .await?
        .map_or(0, |head| head.0))
}

/// How many events there are after one, counted to `most`.
pub async fn newer(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    after: i64,
    most: i64,
) -> Result<i64> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    let Some(mut walk) = filter
        .walk(&mut tx, &actor.org.id, Page::After(after))
        .await?
    else {
        return Ok(0);
    };
    Ok(filter
        .next(&mut tx, &actor.org.id, &mut walk, most)
        .await?
        .len() as i64)
}

/// The newest events, for who was let in already.
pub(super) async fn newest(
    tx: &mut Tx,
    org: &OrgId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<EventRow>> {
    match filter.walk(tx, org, Page::Newest).await? {
        Some(mut walk) => filter.next(tx, org, &mut walk, limit).await,
        None => Ok(Vec::new()),
    }
}

/// Events of people's leaving in which somebody is looked for, newest first.
const LEAVINGS: i64 = 2_000;

/// People who were members once and whom the log names, by a part of their name or by their address: id and name, those who
/// left last first. Looks through the newest [`LEAVINGS`] of each kind.
pub async fn former_members(
    app: &App,
    actor: &Actor,
    typed: &str,
    limit: usize,
) -> Result<Vec<(UserId, String)>> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    let org = &actor.org.id;
    let sought = text::sort_key(typed.trim());
    let holder = match text::email(typed) {
        Ok(address) => accounts::find_by_address(&mut tx, &address)
            .await?
            .map(|user| user.id.to_string()),
        Err(_) => None,
    };
    let mut found: Vec<(UserId, String)> = Vec::new();
    for action in ["member.removed", "member.left"] {
        let filter = Filter {
            kind: Some(Kind::Action(action.to_owned())),
            ..Filter::default()
        };
        for event in newest(&mut tx, org, &filter, LEAVINGS).await? {
            let Some(user) = event
                .subject_id
                .as_deref()
                .filter(|_| event.target_name != MARK)
            else {
                continue;
            };
            let is_sought = holder.as_deref() == Some(user) || had(&event, &sought);
            if is_sought && !found.iter().any(|(known, _)| known.as_str() == user) {
                found.push((user.into(), event.target_name));
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Whether a member who left had this, folded, in their name or address.
fn had(event: &EventRow, sought: &str) -> bool {
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let address = changes[TO_UNDO]["email"].as_str().unwrap_or_default();
    [event.target_name.as_str(), address]
        .into_iter()
        .any(|text| text::sort_key(text).contains(sought))
}

/// Everything that has ever happened in the organization: category and action.
pub async fn actions(app: &App, actor: &Actor) -> Result<Vec<(String, String)>> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    queries::index::actions(&mut tx, &actor.org.id).await
}

/// The database's plan for a page, line by line: for the tests and the benchmark that watch that none reads the whole log.
pub async fn explain(app: &App, org: &OrgId, filter: &Filter, page: Page) -> Result<Vec<String>> {
    let mut tx = app.db.begin().await?;
    match filter.walk(&mut tx, org, page).await? {
        Some(walk) => queries::list::explain(&mut tx, org, &walk, 51).await,
        None => Ok(Vec::new()),
    }
}

/// What of the things that events name is still there.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Rows of the directory by user.
    pub people: HashMap<UserId, MemberId>,
    /// Rows of the directory, with their names.
    pub members: HashMap<MemberId, String>,
    /// Names of workspaces.
    pub workspaces: HashMap<WorkspaceId, String>,
    /// Other things that events were about and that are there, by their ids.
    pub things: HashMap<String, Thing>,
}

/// Something that has a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// In a workspace, or the organization's own.
    Resource(Option<WorkspaceId>),
    Run {
        workspace: WorkspaceId,
        of: Option<ResourceId>,
    },
    CustomRole,
    /// One that waits for its answer.
    Invitation,
}

/// Looks up what stands around some events, and what the filter names.
pub async fn around(
    app: &App,
    actor: &Actor,
    events: &[EventRow],
    filter: &Filter,
) -> Result<Around> {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut tx = app.db.read().await?;
    let mut people: Vec<&str> = events
        .iter()
        .flat_map(|e| [Some(e.actor_id.as_str()), e.subject_id.as_deref()])
        .flatten()
        .collect();
    people.extend(
        events
            .iter()
            .filter(|e| e.target_kind == "member")
            .map(|e| e.target_id.as_str()),
    );
    people.extend(filter.member.as_ref().map(UserId::as_str));
    let mut workspaces: Vec<&str> = events
        .iter()
        .filter_map(|e| e.workspace_id.as_deref())
        .collect();
    workspaces.extend(
        events
            .iter()
            .filter(|e| e.target_kind == "workspace")
            .map(|e| e.target_id.as_str()),
    );
    workspaces.extend(filter.workspace.as_ref().map(WorkspaceId::as_str));
    for ids in [&mut people, &mut workspaces] {
        ids.sort_unstable();
        ids.dedup();
    }
    let mut around = Around::default();
    if !people.is_empty() {
        for (id, user, name) in queries::list::members(&mut tx, &actor.org.id, &people).await? {
            around
                .people
                .extend(user.map(|user| (UserId::from(user), MemberId::from(id.as_str()))));
            around.members.insert(id.into(), name);
        }
    }
    if !workspaces.is_empty() {
        let found = queries::list::workspaces(&mut tx, &actor.org.id, &workspaces).await?;
        around.workspaces = found
            .into_iter()
            .map(|(id, name)| (id.into(), name))
            .collect();
    }
    around.things = things(&mut tx, &actor.org.id, events).await?;
    Ok(around)
}

/// Those of the things that events were about that are there.
async fn things(tx: &mut Tx, org: &OrgId, events: &[EventRow]) -> Result<HashMap<String, Thing>> {
    let of_kind = |kind: &str| {
        let mut ids: Vec<&str> = events
            .iter()
            .filter(|e| e.target_kind == kind)
            .map(|e| e.target_id.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let mut all = HashMap::new();
    for (id, workspace) in queries::list::resources(tx, org, &of_kind("resource")).await? {
        all.insert(id, Thing::Resource(workspace.map(WorkspaceId::from)));
    }
    for (id, workspace, of) in queries::list::runs(tx, org, &of_kind("run")).await? {
        all.insert(
            id,
            Thing::Run {
                workspace: workspace.into(),
                of: of.map(ResourceId::from),
            },
        );
    }
    for (id,) in queries::list::custom_roles(tx, org, &of_kind("custom_role")).await? {
        all.insert(id, Thing::CustomRole);
    }
    for (id,) in queries::list::invitations(tx, org, &of_kind("invitation")).await? {
        all.insert(id, Thing::Invitation);
    }
    Ok(all)
}
