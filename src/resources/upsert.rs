//! Resources as the host product tells of them: one or many at a time, by its own ids, and again and again.

use super::chain::{Chain, ids_in};
use super::place::{Place, write_at};
use super::{Kinds, MAX_DEPTH, Resource, Sight, queries};
use crate::access::{Action, Kind, Level};
use crate::app::App;
use crate::audit::{Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{ResourceId, WorkspaceId};
use crate::text;
use serde_json::json;
use std::collections::HashMap;

/// Resources that one call may tell of.
const MOST: usize = 1_000;

/// A resource as it is to be.
#[derive(Clone, Debug, Default)]
pub struct NewResource {
    pub kind: String,
    /// The host product's own id.
    pub external_id: String,
    pub name: String,
    /// What it lies in; `None`: in nothing.
    pub parent: Option<Parent>,
    /// The workspace it stands in; `None`: the one asked, or the organization.
    pub workspace: Option<WorkspaceId>,
    /// Whose private thing it is, by id or e-mail address; "": the one's who asks.
    pub owner: String,
}

/// What something lies in, in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub kind: String,
    pub external_id: String,
}

/// What becomes of the others where one can't be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written.
    AllOrNothing,
    Each,
}

#[derive(Debug)]
pub enum Verdict {
    Created(Resource),
    Changed(Resource),
    /// It was like this already: nothing was written, and no event.
    Unchanged(Resource),
    Refused(Refusal),
}

/// What was done, a verdict for each in their order.
#[derive(Debug)]
pub struct Upserted {
    pub verdicts: Vec<Verdict>,
    /// `false`: one was refused, and so nothing was written.
    pub written: bool,
}

/// Makes resources, or brings those that are there up to date; what is as told already stays untouched. Refuses more
/// than a thousand at a time. Of each: what [`crate::access::decide`] refuses, kinds and workspaces that the person
/// doesn't know, a parent that isn't in the same place, circles, and things that are private to somebody else (S4-11).
pub async fn upsert(app: &App, place: &Place, all: &[NewResource], mode: Mode) -> Result<Upserted> {
    if all.is_empty() || all.len() > MOST {
        return Err(Refusal::field(
            "resources",
            "Send 1 to 1,000 resources at a time.",
        ));
    }
    let now = app.now();
    let (mut tx, place) = write_at(app, place).await?;
    let mut writing = Writing::begin(app, &mut tx, place, now).await?;
    let mut verdicts = Vec::with_capacity(all.len());
    for new in all {
        verdicts.push(match writing.one(&mut tx, new).await {
            Err(error @ (Refusal::Internal(_) | Refusal::Unavailable(_))) => return Err(error),
            Err(refusal) => Verdict::Refused(refusal),
            Ok(verdict) => verdict,
        });
    }
    let written = mode == Mode::Each || !verdicts.iter().any(|v| matches!(v, Verdict::Refused(_)));
    if written {
        writing.end(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(Upserted { verdicts, written })
}

/// Gives a resource this name and puts it into this parent; refuses as [`upsert`] does.
pub async fn change(
    app: &App,
    place: &Place,
    id: &ResourceId,
    name: &str,
    parent: Option<Parent>,
) -> Result<Resource> {
    let now = app.now();
    let (mut tx, place) = write_at(app, place).await?;
    let found = super::list::seen(app, &mut tx, &place, id).await?;
    let mut writing = Writing::begin(app, &mut tx, place, now).await?;
    let new = NewResource {
        kind: found.kind,
        external_id: found.external_id,
        name: name.to_owned(),
        parent,
        workspace: found.workspace,
        owner: String::new(),
    };
    let changed = match writing.one(&mut tx, &new).await? {
        Verdict::Created(resource) | Verdict::Changed(resource) | Verdict::Unchanged(resource) => {
            resource
        }
        Verdict::Refused(refusal) => return Err(refusal),
    };
    writing.end(&mut tx).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Where one of them goes.
struct Spot {
    workspace: Option<WorkspaceId>,
    /// What external ids are unique in.
    place: String,
    private: bool,
}

/// One write, with what it learnt on the way.
struct Writing {
    app: App,
    place: Place,
    kinds: Kinds,
    sights: HashMap<Option<WorkspaceId>, Option<Sight>>,
    now: Micros,
    events: Vec<Event>,
    private_events: Vec<Event>,
}

impl Writing {
    async fn begin(app: &App, tx: &mut Tx, place: Place, now: Micros) -> Result<Self> {
        let kinds = place.kinds(tx).await?;
        Ok(Self {
            app: app.clone(),
            place,
            kinds,
            sights: HashMap::new(),
            now,
            events: Vec::new(),
            private_events: Vec::new(),
        })
    }

    async fn end(self, tx: &mut Tx) -> Result<()> {
        self.place.record(tx, self.now, self.events).await?;
        self.place
            .record_privately(tx, self.now, self.private_events)
            .await
    }

    async fn one(&mut self, tx: &mut Tx, new: &NewResource) -> Result<Verdict> {
        let mut checks = Checks::default();
        let known = self.kinds.find(&new.kind).cloned();
        let kind = checks.take(
            "kind",
            known.ok_or("There is no such kind. An owner or admin can add it."),
        );
        let name = checks.take("name", line(&new.name, "Enter a name."));
        let external_id = checks.take(
            "external_id",
            line(&new.external_id, "Give the id that it has in your product."),
        );
        checks.done()?;
        let (Some(kind), Some(name), Some(external_id)) = (kind, name, external_id) else {
            return Err(Refusal::NotFound);
        };
        let spot = self.spot(tx, new, &kind).await?;
        let existing = queries::by_external_id(tx, &spot.place, &kind.name, &external_id).await?;
        let parent = self.parent(tx, new, &spot).await?;
        let sight = self.sight(tx, spot.workspace.as_ref()).await?;
        let owner = spot.private.then(|| self.place.user().clone());
        let around = match &parent {
            Some(parent) => Chain::of(tx, parent).await?,
            None => Chain::default(),
        };
        let may = |action, chain: &Chain| {
            sight
                .require(action, &kind, owner.as_ref(), chain)
                .map_err(|refusal| unwritable(refusal, &kind))
        };
        match existing {
            None => {
                may(Action::Create, &around)?;
                require_depth(parent.as_ref(), 0)?;
                let id = ResourceId::new();
                let resource = Resource {
                    org: self.place.org_id().cloned(),
                    workspace: spot.workspace,
                    kind: new.kind.clone(),
                    external_id,
                    parent: parent.as_ref().map(|parent| parent.id.clone()),
                    path: format!("{}{id}/", parent.as_ref().map_or("", |parent| &parent.path)),
                    place: spot.place,
                    name,
                    owner,
                    created_at: self.now,
                    updated_at: self.now,
                    archived_at: None,
                    id,
                };
                queries::insert(tx, &resource, &text::sort_key(&resource.name)).await?;
                self.note(&resource, &kind, "resource.created", parent.as_ref(), None);
                Ok(Verdict::Created(resource))
            }
            Some(before) => {
                let chain = Chain::of(tx, &before).await?;
                may(Action::Edit, &chain)?;
                let moved = before.parent.as_ref() != parent.as_ref().map(|parent| &parent.id);
                if !moved && before.name == name {
                    return Ok(Verdict::Unchanged(before));
                }
                let mut after = Resource {
                    name,
                    updated_at: self.now,
                    ..before.clone()
                };
                if moved {
                    may(Action::Create, &around)?;
                    move_below(tx, &mut after, parent.as_ref()).await?;
                }
                queries::update(tx, &after, &text::sort_key(&after.name)).await?;
                self.note(
                    &after,
                    &kind,
                    "resource.changed",
                    parent.as_ref(),
                    Some((&before, &chain)),
                );
                Ok(Verdict::Changed(after))
            }
        }
    }

    /// Where it goes, by its kind's level.
    async fn spot(&mut self, tx: &mut Tx, new: &NewResource, kind: &Kind) -> Result<Spot> {
        let workspace = match (self.place.workspace_id(), &new.workspace) {
            (Some(here), Some(said)) if here != said => {
                return Err(Refusal::field(
                    "workspace_id",
                    "This call is about another workspace.",
                ));
            }
            (here, said) => said.as_ref().or(here).cloned(),
        };
        if workspace.is_some() && self.sight_of(tx, workspace.as_ref()).await?.is_none() {
            return Err(Refusal::field(
                "workspace_id",
                "There is no such workspace, or you have no role in it.",
            ));
        }
        let of_organization = || {
            format!(
                "{} belong to an organization: leave the workspace out.",
                kind.plural
            )
        };
        match (kind.level, &workspace, self.place.org_id()) {
            (Level::Workspace, None, _) => {
                return Err(Refusal::field(
                    "workspace_id",
                    format!("{} stand in a workspace. Say which.", kind.plural),
                ));
            }
            (Level::Organization, Some(_), _) | (Level::Organization, None, None) => {
                return Err(Refusal::field("kind", of_organization()));
            }
            _ => {}
        }
        let scope = workspace
            .as_ref()
            .map(|id| id.as_str())
            .or(self.place.org_id().map(|id| id.as_str()))
            .unwrap_or_default();
        let private = kind.level == Level::Private;
        if private {
            self.place.person.require_account()?;
        }
        if private && !self.is_own(&new.owner) {
            return Err(Refusal::field(
                "owner",
                format!(
                    "{} are private: only their owner tells of them.",
                    kind.plural
                ),
            ));
        }
        if !private && !new.owner.is_empty() {
            return Err(Refusal::field(
                "owner",
                format!("{} are nobody's own. Leave the owner out.", kind.plural),
            ));
        }
        let place = if private {
            format!("{scope}/{}", self.place.user())
        } else {
            scope.to_owned()
        };
        Ok(Spot {
            workspace,
            place,
            private,
        })
    }

    /// Whether an owner that was named is the one who asks. Says nothing about anybody else.
    fn is_own(&self, owner: &str) -> bool {
        let (owner, person) = (owner.trim(), &self.place.person);
        owner.is_empty()
            || owner == person.user.as_str()
            || person
                .email
                .as_deref()
                .is_some_and(|email| email.eq_ignore_ascii_case(owner))
    }

    /// What somebody is in a workspace that an item names; `None` where it isn't theirs to know.
    async fn sight_of(
        &mut self,
        tx: &mut Tx,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Option<&Sight>> {
        let key = workspace.cloned();
        if !self.sights.contains_key(&key) {
            let there = match workspace {
                Some(id) => queries::stands_in(tx, id, self.place.org_id()).await?,
                None => true,
            };
            let sight = if there {
                Some(self.place.sight(&self.app, tx, workspace).await?)
            } else {
                None
            };
            let sight = sight.filter(|sight| workspace.is_none() || sight.may_open());
            self.sights.insert(key.clone(), sight);
        }
        Ok(self.sights.get(&key).and_then(Option::as_ref))
    }

    async fn sight(&mut self, tx: &mut Tx, workspace: Option<&WorkspaceId>) -> Result<Sight> {
        self.sight_of(tx, workspace)
            .await?
            .cloned()
            .ok_or(Refusal::NotFound)
    }

    async fn parent(
        &mut self,
        tx: &mut Tx,
        new: &NewResource,
        spot: &Spot,
    ) -> Result<Option<Resource>> {
        let Some(parent) = &new.parent else {
            return Ok(None);
        };
        let unknown = || {
            let text = "There is no such thing in the same place. Tell of it first, or earlier in the same call.";
            Refusal::field("parent", text)
        };
        let found = queries::by_external_id(tx, &spot.place, &parent.kind, &parent.external_id)
            .await?
            .ok_or_else(unknown)?;
        let chain = Chain::of(tx, &found).await?;
        let kind = self.kinds.of_resource(&found.kind).into_owned();
        let sight = self.sight(tx, spot.workspace.as_ref()).await?;
        if sight.sees(&kind, &found, &chain) {
            Ok(Some(found))
        } else {
            Err(unknown())
        }
    }

    /// Notes the event. Of a private thing it says nothing that could be read, and stands where only its owner reads.
    fn note(
        &mut self,
        after: &Resource,
        kind: &Kind,
        action: &'static str,
        parent: Option<&Resource>,
        before: Option<(&Resource, &Chain)>,
    ) {
        let described = |name: &str, parent: Option<&Resource>| json!({ "name": name, "parent": parent.map(|p| &p.name) });
        let event = match before {
            _ if after.owner.is_some() => {
                return self.private_events.push(private_event(after, action));
            }
            None => event(after, kind, action)
                .with("parent", parent.map(|p| &*p.name))
                .with("external_id", &*after.external_id),
            Some((before, chain)) => event(after, kind, action)
                .change(
                    described(&before.name, chain.around().first()),
                    described(&after.name, parent),
                )
                .with("kind", &*kind.label),
        };
        self.events.push(event);
    }
}

/// The event of something that everybody who may read the log may read.
pub(super) fn event(resource: &Resource, kind: &Kind, action: &'static str) -> Event {
    let event = Event::new(
        Category::Resource,
        action,
        "resource",
        resource.id.to_string(),
        &*resource.name,
    )
    .with("kind", &*kind.label);
    match &resource.workspace {
        Some(workspace) => event.workspace(workspace),
        None => event,
    }
}

/// The event of a private thing.
pub(super) fn private_event(resource: &Resource, action: &'static str) -> Event {
    Event::new(
        Category::Resource,
        action,
        "resource",
        resource.id.to_string(),
        "",
    )
    .with("kind", "private thing")
}

/// The same answer for what somebody may not make and for what is there and not theirs to know, so that neither tells of
/// the other.
fn unwritable(refusal: Refusal, kind: &Kind) -> Refusal {
    match refusal {
        Refusal::NotFound => Refusal::forbidden(
            "role_lacks_permission",
            format!(
                "You can't write {} here, or not this one. Owners and admins of the workspace can.",
                kind.plural.to_lowercase()
            ),
        ),
        refusal => refusal,
    }
}

fn line(input: &str, empty: &'static str) -> Result<String, std::borrow::Cow<'static, str>> {
    match text::optional_line(input, 200) {
        Ok(text) if text.is_empty() => Err(empty.into()),
        other => other,
    }
}

fn require_depth(parent: Option<&Resource>, below: usize) -> Result<()> {
    if parent.map_or(0, |parent| ids_in(&parent.path).len()) + 1 + below > MAX_DEPTH {
        return Err(Refusal::field(
            "parent",
            format!("Things lie at most {MAX_DEPTH} deep in each other."),
        ));
    }
    Ok(())
}

/// Puts a thing with everything below it into another, or into nothing.
async fn move_below(tx: &mut Tx, resource: &mut Resource, parent: Option<&Resource>) -> Result<()> {
    if parent.is_some_and(|parent| parent.path.starts_with(&resource.path)) {
        return Err(Refusal::field("parent", "It would lie in itself."));
    }
    require_depth(parent, queries::depth_below(tx, resource).await?)?;
    let path = format!(
        "{}{}/",
        parent.map_or("", |parent| &parent.path),
        resource.id
    );
    queries::move_paths(tx, resource, &path).await?;
    resource.parent = parent.map(|parent| parent.id.clone());
    resource.path = path;
    Ok(())
}
