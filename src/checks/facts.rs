//! What is known of one person and of the things a batch of questions is about, read at once.

use super::known::{self, KnownWorkspace, Seated};
use super::queries::{self, ResourceRow};
use super::{About, Place, Question};
use crate::access::{
    Decision, Kind, Level, Link, Membership, OrgRole, Target, Thing, gives_up_to, known_kind,
};
use crate::actor::Seat;
use crate::app::App;
use crate::billing::{Plan, Plans};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrgId, ResourceId, UserId, WorkspaceId};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub(super) struct Facts {
    plans: Plans,
    user: String,
    pub name: String,
    seats: HashMap<OrgId, KnownSeat>,
    workspaces: HashMap<WorkspaceId, KnownWorkspace>,
    resources: HashMap<ResourceId, ResourceRow>,
    external: HashMap<(String, String, String), ResourceId>,
    kinds: HashMap<(OrgId, String), Kind>,
}

pub(super) struct KnownSeat {
    pub role: OrgRole,
    pub active: bool,
    pub admins_enter: bool,
    pub slug: String,
    pub org_name: String,
    pub member: String,
    pub plan: Arc<Plan>,
}

/// What a question comes down to.
struct Found<'a> {
    kind: Option<Cow<'a, Kind>>,
    org: Option<&'a OrgId>,
    workspace: Option<&'a KnownWorkspace>,
    chain: Vec<Link<'a>>,
    owner: Option<&'a str>,
}

impl Facts {
    fn new(app: &App, user: &UserId) -> Self {
        Self {
            plans: app.plans.clone(),
            user: user.to_string(),
            name: String::new(),
            seats: HashMap::new(),
            workspaces: HashMap::new(),
            resources: HashMap::new(),
            external: HashMap::new(),
            kinds: HashMap::new(),
        }
    }

    /// The plan in force where somebody has this seat; without one, the default.
    fn plan<'a>(&'a self, seat: Option<&'a KnownSeat>) -> &'a Plan {
        seat.map_or(self.plans.default_plan(), |seat| &seat.plan)
    }

    /// Why the plan keeps what a question is about from being used, and who can change that.
    pub fn lacking(&self, question: &Question) -> String {
        let needed = self.entitlement(question).unwrap_or_default();
        self.plans.lacking(self.plan(self.seat(question)), |plan| {
            plan.entitles(&needed)
        })
    }

    /// Reads what the questions need. `seats`: the person's memberships where they are known already.
    pub async fn read(
        app: &App,
        tx: &mut Tx,
        user: &UserId,
        seats: Option<&[Seat]>,
        questions: &[Question],
    ) -> Result<Self> {
        let mut facts = Self::new(app, user);
        facts.read_resources(tx, questions).await?;
        facts.read_workspaces(tx, user, questions).await?;
        match seats {
            Some(seats) => {
                facts.seats = seats
                    .iter()
                    .map(|seat| (seat.org.id.clone(), KnownSeat::own(app, seat)))
                    .collect()
            }
            None => facts.read_seats(app, tx, user).await?,
        }
        facts.read_kinds(tx, questions).await?;
        Ok(facts)
    }

    async fn read_resources(&mut self, tx: &mut Tx, questions: &[Question]) -> Result<()> {
        let ids: BTreeSet<&str> = questions
            .iter()
            .filter_map(|q| {
                if let About::Resource(id) = &q.about {
                    Some(id.as_str())
                } else {
                    None
                }
            })
            .collect();
        let keys: BTreeSet<(&str, &str, &str)> = questions
            .iter()
            .filter_map(|q| match &q.about {
                About::External { place, kind, id } => {
                    Some((place.as_str(), kind.as_str(), id.as_str()))
                }
                _ => None,
            })
            .collect();
        let mut rows = queries::resources(tx, &Vec::from_iter(ids)).await?;
        rows.extend(queries::by_external(tx, &Vec::from_iter(keys)).await?);
        let above: BTreeSet<String> = rows
            .iter()
            .flat_map(|row| {
                row.path
                    .split('/')
                    .filter(|id| !id.is_empty() && *id != row.id.as_str())
            })
            .map(str::to_owned)
            .collect();
        self.keep(rows);
        let missing: Vec<&str> = above
            .iter()
            .map(String::as_str)
            .filter(|id| !self.resources.contains_key(&ResourceId::from(*id)))
            .collect();
        for some in missing.chunks(1_000) {
            let rows = queries::resources(tx, some).await?;
            self.keep(rows);
        }
        Ok(())
    }

    fn keep(&mut self, rows: Vec<ResourceRow>) {
        for row in rows {
            self.external.insert(
                (row.place.clone(), row.kind.clone(), row.external_id.clone()),
                row.id.clone(),
            );
            self.resources.insert(row.id.clone(), row);
        }
    }

    async fn read_workspaces(
        &mut self,
        tx: &mut Tx,
        user: &UserId,
        questions: &[Question],
    ) -> Result<()> {
        let asked = questions.iter().filter_map(|q| match &q.about {
            About::Workspace(id) => Some(id.to_string()),
            About::External {
                place: Place::Workspace(id),
                ..
            }
            | About::New {
                place: Place::Workspace(id),
                ..
            } => Some(id.to_string()),
            _ => None,
        });
        let of_resources = self
            .resources
            .values()
            .filter_map(|row| row.workspace_id.clone());
        let ids: BTreeSet<String> = asked.chain(of_resources).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.workspaces = known::read(tx, user, &ids).await?;
        Ok(())
    }

    async fn read_seats(&mut self, app: &App, tx: &mut Tx, user: &UserId) -> Result<()> {
        self.name = queries::name(tx, user).await?.unwrap_or_default();
        let now = app.now();
        for row in queries::seats(tx, user).await? {
            let seat = KnownSeat {
                role: row.role,
                active: row.status == "active",
                admins_enter: row.admins_enter,
                slug: row.slug,
                org_name: row.org_name,
                member: row.member_id,
                plan: app.plans.in_force(&row.plan, row.plan_until, now).clone(),
            };
            self.seats.insert(row.org_id, seat);
        }
        Ok(())
    }

    /// The kinds that aren't there from the start, of the organizations concerned.
    async fn read_kinds(&mut self, tx: &mut Tx, questions: &[Question]) -> Result<()> {
        let unknown: BTreeSet<OrgId> = questions
            .iter()
            .filter_map(|q| {
                let (kind, org) = self.kind_and_org(&q.about)?;
                known_kind(kind).is_none().then(|| org.cloned()).flatten()
            })
            .collect();
        for org in unknown {
            for row in queries::kinds(tx, &org).await? {
                let kind = Kind {
                    name: row.kind.clone().into(),
                    label: row.label.into(),
                    plural: row.plural.into(),
                    level: Level::parse(&row.level).unwrap_or(Level::Workspace),
                    writers: row.writers,
                    takes_grants: row.takes_grants,
                    entitlement: Some(row.entitlement)
                        .filter(|name| !name.is_empty())
                        .map(Cow::Owned),
                };
                self.kinds.insert((row.org_id, row.kind), kind);
            }
        }
        Ok(())
    }

    fn row(&self, about: &About) -> Option<&ResourceRow> {
        match about {
            About::Resource(id) => self.resources.get(id),
            About::External { place, kind, id } => {
                let id =
                    self.external
                        .get(&(place.as_str().to_owned(), kind.clone(), id.clone()))?;
                self.resources.get(id)
            }
            _ => None,
        }
    }

    fn kind_and_org<'a>(&'a self, about: &'a About) -> Option<(&'a str, Option<&'a OrgId>)> {
        match about {
            About::Workspace(_) => None,
            About::New { place, kind } => Some((kind, self.org_of_place(place)?)),
            About::Resource(_) | About::External { .. } => {
                let row = self.row(about)?;
                Some((&row.kind, self.org_of_row(row)))
            }
        }
    }

    fn org_of_place<'a>(&'a self, place: &'a Place) -> Option<Option<&'a OrgId>> {
        match place {
            Place::Organization(org) => Some(Some(org)),
            Place::Workspace(id) => self.workspaces.get(id).map(|known| known.org.as_ref()),
        }
    }

    /// The organization a resource stands in: of its workspace, or its own.
    fn org_of_row(&self, row: &ResourceRow) -> Option<&OrgId> {
        match &row.workspace_id {
            Some(id) => self
                .workspaces
                .get(&WorkspaceId::from(id.as_str()))?
                .org
                .as_ref(),
            None => self
                .seats
                .keys()
                .find(|org| Some(org.as_str()) == row.org_id.as_deref()),
        }
    }

    /// What the question is about; `None`: there is no such thing, for nobody.
    fn find<'a>(&'a self, about: &'a About) -> Option<Found<'a>> {
        let mut found = match about {
            About::Workspace(id) => {
                let workspace = self.workspaces.get(id)?;
                return Some(Found {
                    kind: None,
                    org: workspace.org.as_ref(),
                    workspace: Some(workspace),
                    chain: Vec::new(),
                    owner: None,
                });
            }
            About::New { place, .. } => {
                let workspace = if let Place::Workspace(id) = place {
                    Some(self.workspaces.get(id)?)
                } else {
                    None
                };
                // What is created as private is the creator's.
                Found {
                    kind: None,
                    org: self.org_of_place(place)?,
                    workspace,
                    chain: Vec::new(),
                    owner: Some(&self.user),
                }
            }
            About::Resource(_) | About::External { .. } => {
                let row = self.row(about)?;
                let workspace = match &row.workspace_id {
                    Some(id) => Some(self.workspaces.get(&WorkspaceId::from(id.as_str()))?),
                    None => None,
                };
                let chain = row
                    .path
                    .split('/')
                    .rev()
                    .filter_map(|id| self.resources.get(&ResourceId::from(id)));
                let chain = chain
                    .map(|link| Link {
                        kind: &link.kind,
                        id: link.id.as_str(),
                    })
                    .collect();
                Found {
                    kind: None,
                    org: self.org_of_row(row),
                    workspace,
                    chain,
                    owner: row.owner_id.as_deref(),
                }
            }
        };
        let (name, org) = self.kind_and_org(about)?;
        found.kind = Some(match known_kind(name) {
            Some(kind) => Cow::Borrowed(kind),
            None => Cow::Borrowed(self.kinds.get(&(org?.clone(), name.to_owned()))?),
        });
        Some(found)
    }

    /// Decides one of the questions; `None`: what it is about isn't there.
    pub fn decide(&self, question: &Question) -> Option<Decision> {
        let found = self.find(&question.about)?;
        let nothing = KnownWorkspace::default();
        let seat = found.org.and_then(|org| self.seats.get(org));
        let standalone = found
            .workspace
            .is_some_and(|workspace| workspace.org.is_none());
        let seated = match seat {
            _ if standalone => Seated::STANDALONE,
            Some(seat) if seat.active => Seated::active(seat.role, seat.admins_enter),
            Some(_) => Seated {
                membership: Membership::Suspended,
                admins_enter: false,
            },
            None => Seated {
                membership: Membership::None,
                admins_enter: false,
            },
        };
        let target = match &found.kind {
            None => Target::Workspace,
            Some(kind) => {
                let entitled = self.plan(seat).entitles(kind.needs());
                Target::Resource(Thing {
                    kind,
                    owner: found.owner,
                    chain: &found.chain,
                    entitled,
                })
            }
        };
        Some(found.workspace.unwrap_or(&nothing).decide(
            &self.user,
            seated,
            question.action,
            &target,
        ))
    }

    /// The organization a question is about: `Some(None)` for a standalone workspace, `None` where there is no such thing.
    pub fn organization<'a>(&'a self, question: &'a Question) -> Option<Option<&'a OrgId>> {
        let found = self.find(&question.about)?;
        if found.workspace.is_none() && found.org.is_none() {
            None
        } else {
            Some(found.org)
        }
    }

    /// Whether the thing is private to somebody.
    pub fn is_private(&self, question: &Question) -> bool {
        self.find(&question.about)
            .and_then(|found| found.kind)
            .is_some_and(|kind| kind.level == Level::Private)
    }

    /// Whether this person administers the workspace that a question is about.
    pub fn administers(&self, question: &Question) -> bool {
        let workspace = self.find(&question.about).and_then(|found| found.workspace);
        workspace.is_some_and(|known| gives_up_to(None, known.highest()).is_some())
    }

    pub fn seat(&self, question: &Question) -> Option<&KnownSeat> {
        self.find(&question.about)?
            .org
            .and_then(|org| self.seats.get(org))
    }

    pub fn workspace<'a>(&'a self, question: &'a Question) -> Option<&'a KnownWorkspace> {
        self.find(&question.about)?.workspace
    }

    pub fn workspace_id<'a>(&'a self, question: &'a Question) -> Option<&'a str> {
        match &question.about {
            About::Workspace(id) => Some(id.as_str()),
            About::External {
                place: Place::Workspace(id),
                ..
            }
            | About::New {
                place: Place::Workspace(id),
                ..
            } => Some(id.as_str()),
            about => self.row(about)?.workspace_id.as_deref(),
        }
    }

    /// The kind a question is about, as people say it: "monitors".
    pub fn plural(&self, question: &Question) -> Option<String> {
        Some(self.find(&question.about)?.kind?.plural.to_lowercase())
    }

    pub fn entitlement(&self, question: &Question) -> Option<String> {
        Some(
            self.find(&question.about)?
                .kind?
                .entitlement
                .clone()?
                .into_owned(),
        )
    }

    pub fn user(&self) -> &str {
        &self.user
    }
}

impl KnownSeat {
    fn own(app: &App, seat: &Seat) -> Self {
        Self {
            role: seat.role,
            active: true,
            admins_enter: seat.org.policies.admins_enter,
            slug: seat.org.slug.clone(),
            org_name: seat.org.name.clone(),
            member: seat.member.to_string(),
            plan: app.plans.of(&seat.org, app.now()).clone(),
        }
    }
}
