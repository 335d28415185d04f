//! What one person did and had done to them, for their page and for themselves, with the workspace it was in (S1-49).
//!
//! Who reads the organization's log sees all of it here too. Anybody else sees of their own past only what is about things that
//! they still see: an event about something that grants or a lost role keep from them is left out (S2-35).

use super::queries::{self, EventRow};
use super::{Filter, happened_at, list, sentence};
use crate::access::{self, Permission};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::checks::{self, KnownWorkspace};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{EventId, OrgId, ResourceId, RunId, UserId, WorkspaceId};
use crate::{resources, runs};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Activity {
    /// When it happened, where that was said; else when it was written down.
    pub at: Micros,
    pub sentence: String,
    /// `None`: in the person's own account.
    pub org: Option<OrgId>,
    /// The workspace it happened in.
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    /// Where who looks may open it.
    pub workspace: Option<WorkspaceId>,
}

/// One page of what a person did.
#[derive(Debug, Clone)]
pub struct OwnActivity {
    pub events: Vec<Activity>,
    /// The event to go on before; `None` at the end.
    pub older: Option<EventId>,
}

/// What a member did or had done to them lately, newest first, as the actor may see it.
pub(crate) async fn recent_activity(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    user: &UserId,
    limit: i64,
) -> Result<Vec<Activity>> {
    let filter = Filter {
        member: Some(user.clone()),
        ..Filter::default()
    };
    let events = list::newest(tx, &actor.org.id, &filter, limit).await?;
    Looker {
        app,
        user: actor.user(),
        actors: vec![actor.clone()],
    }
    .see(tx, events)
    .await
}

/// What a person did in the organizations they are in, and what was done in their account, newest first; older than the
/// event `before`, if one is given. Reads nothing of organizations they are no longer in.
pub async fn own_activity(
    app: &App,
    person: &Arc<Person>,
    before: Option<&EventId>,
    limit: i64,
) -> Result<OwnActivity> {
    let mut tx = app.db.read().await?;
    let mut events = queries::of_person(
        &mut tx,
        &person.user,
        before.map_or("evt_z", |id| id.as_str()),
        limit + 1,
    )
    .await?;
    let more = events.len() as i64 > limit;
    events.truncate(limit as usize);
    let older = events
        .last()
        .filter(|_| more)
        .map(|event| EventId::from(event.id.as_str()));
    let actors = person
        .seats
        .iter()
        .filter_map(|seat| person.in_org(&seat.org.id).ok())
        .collect();
    let events = Looker {
        app,
        user: &person.user,
        actors,
    }
    .see(&mut tx, events)
    .await?;
    Ok(OwnActivity { events, older })
}

/// Who looks at events, as what in each organization.
struct Looker<'a> {
    app: &'a App,
    user: &'a UserId,
    actors: Vec<Actor>,
}

impl Looker<'_> {
    fn actor(&self, event: &EventRow) -> Option<&Actor> {
        self.actors
            .iter()
            .find(|actor| event.org_id.as_deref() == Some(actor.org.id.as_str()))
    }

    fn reads_log(&self, event: &EventRow) -> bool {
        // Their own account's chain is theirs.
        event.org_id.is_none()
            || self
                .actor(event)
                .is_some_and(|actor| access::allows(actor.role, Permission::ViewAudit))
    }

    async fn see(&self, tx: &mut Tx, events: Vec<EventRow>) -> Result<Vec<Activity>> {
        let mut ids: Vec<&str> = events
            .iter()
            .filter_map(|event| event.workspace_id.as_deref())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let known = if ids.is_empty() {
            HashMap::new()
        } else {
            checks::known(tx, self.user, &ids).await?
        };
        let mut seen = Vec::new();
        for event in &events {
            if self.reads_log(event) || !is_about_a_thing(event) {
                seen.push(event.id.clone());
            }
        }
        for id in ids {
            seen.extend(self.see_things(tx, &id.into(), &events).await?);
        }
        let seen: HashSet<String> = seen.into_iter().collect();
        let shown = events.into_iter().filter(|event| seen.contains(&event.id));
        let mut activities: Vec<Activity> =
            shown.map(|event| self.activity(event, &known)).collect();
        // Runs are often told of later than what people did meanwhile.
        activities.sort_by_key(|activity| std::cmp::Reverse(activity.at));
        Ok(activities)
    }

    /// The events of a workspace about things that whoever looks still sees there.
    async fn see_things(
        &self,
        tx: &mut Tx,
        workspace: &WorkspaceId,
        events: &[EventRow],
    ) -> Result<Vec<String>> {
        let here: Vec<&EventRow> = events
            .iter()
            .filter(|event| event.workspace_id.as_deref() == Some(workspace.as_str()))
            .filter(|event| is_about_a_thing(event) && !self.reads_log(event))
            .collect();
        let Some(actor) = here.first().and_then(|event| self.actor(event)) else {
            return Ok(Vec::new());
        };
        let of_kind = |kind: &'static str| {
            here.iter()
                .filter(move |event| event.target_kind == kind)
                .map(|event| event.target_id.as_str())
        };
        let reported: Vec<RunId> = of_kind("run").map(RunId::from).collect();
        let ran = runs::resources_of(tx, workspace, &reported).await?;
        let mut things: Vec<ResourceId> = of_kind("resource").map(ResourceId::from).collect();
        things.extend(ran.values().flatten().cloned());
        let seen = resources::seen_among(self.app, tx, actor, workspace, &things).await?;
        let fits = |event: &&&EventRow| match (
            event.target_kind.as_str(),
            ran.get(&RunId::from(event.target_id.as_str())),
        ) {
            ("resource", _) => seen
                .things
                .contains(&ResourceId::from(event.target_id.as_str())),
            ("run", Some(Some(thing))) => seen.things.contains(thing),
            // Of a run that was deleted nobody knows any more what was run.
            ("run", None) => seen.all,
            _ => seen.whole,
        };
        Ok(here
            .iter()
            .filter(fits)
            .map(|event| event.id.clone())
            .collect())
    }

    fn activity(&self, event: EventRow, known: &HashMap<WorkspaceId, KnownWorkspace>) -> Activity {
        let place = event
            .workspace_id
            .as_deref()
            .map(WorkspaceId::from)
            .map(|id| match known.get(&id) {
                Some(known) => {
                    let same = known.org.as_ref().map(OrgId::as_str) == event.org_id.as_deref();
                    let enters = |actor: &Actor| {
                        access::enters_by_role(actor.role, actor.org.policies.admins_enter)
                    };
                    let opens =
                        !known.rows.is_empty() || same && self.actor(&event).is_some_and(enters);
                    let knows = opens || same && self.reads_log(&event);
                    Place {
                        name: if knows {
                            known.name.clone()
                        } else {
                            "a workspace you can't open".to_owned()
                        },
                        workspace: opens.then_some(id),
                    }
                }
                None => Place {
                    name: "a workspace that is gone".to_owned(),
                    workspace: None,
                },
            });
        let at = happened_at(&event).unwrap_or(event.at);
        Activity {
            at,
            sentence: sentence(&event),
            org: event.org_id.map(OrgId::from),
            place,
        }
    }
}

/// Whether an event tells of a thing of a workspace, or of a run, and so names what not everybody sees.
fn is_about_a_thing(event: &EventRow) -> bool {
    event.workspace_id.is_some()
        && matches!(event.target_kind.as_str(), "resource" | "run" | "reported")
}
