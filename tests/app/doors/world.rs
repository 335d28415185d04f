//! Somebody in every role, and the things that operations are done to.

use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::stripe::Stripe;
use crate::support::{Acme, Browser, House, acme};
use roster::access::{OrgRole, WorkspaceRole};
use roster::accounts::{self, TokenScope, create_token_for};
use roster::actor::{Actor, Origin, Person};
use roster::ids::WorkspaceId;
use roster::invitations::{
    self, Changed, NewInvitation, NewWorkspaceInvitation, OnPending, Wanted,
};
use roster::keys::{self, NewKey};
use roster::members;
use roster::resources::{self, Mode, NewResource, Place, Verdict};
use roster::roles;
use roster::workspaces::{self, Given};
use std::sync::Arc;

/// The order of the letters in [`super::table::Door::who`].
pub const CAST: [&str; 9] = [
    "owner",
    "admin",
    "billing",
    "member",
    "viewer",
    "suspended",
    "stranger",
    "nobody",
    "anonymous",
];

const ADDRESSES: [&str; 9] = [
    "alice@acme.test",
    "bob@acme.test",
    "bill@acme.test",
    "carol@acme.test",
    "vera@acme.test",
    "sam@acme.test",
    "otto@globex.test",
    "xenia@nowhere.test",
    "",
];

const KEY: NewKey<'static> = NewKey {
    name: "target",
    scope: TokenScope::Read,
    org_role: OrgRole::Viewer,
    workspace_role: Some(WorkspaceRole::Viewer),
    days: None,
};

/// What has to be there before an operation can be tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needs {
    Nothing,
    /// Nobody in Acme has begun to pay.
    NoCheckout,
    /// A member of Acme: `{member}`.
    Member,
    /// A workspace of Acme and a member who has a role in it: `{workspace}`, `{user}`.
    MemberOfWorkspace,
    /// A workspace in no organization, of whoever tries: `{workspace}`.
    OwnWorkspace,
    /// A workspace of Acme, which the owner has by herself: `{workspace}`.
    OwnersWorkspace,
    /// One who has signed in.
    SignedInMember,
    SuspendedMember,
    /// A member whose role was changed, and the event of it: `{event}`.
    ChangedRole,
    /// Acme's pending invitation to somebody new: `{invitation}`.
    Invitation,
    /// The same, and a workspace of Acme: `{workspace}`, `{slug}`.
    InvitationAndWorkspace,
    /// An invitation that offers a role in `{workspace}`; one that offers nothing else.
    InvitationToWorkspace,
    WorkspaceInvitation,
    /// Another organization's invitation to whoever tries: `{key}`.
    InvitationToSelf,
    /// A token of whoever tries, or of the owner: `{token}`.
    OwnToken,
    OwnersToken,
    /// Another session of whoever tries, or of the owner: `{session}`.
    OwnSession,
    OwnersSession,
    /// A custom role of Acme: `{role}`, called "Target {n}".
    CustomRole,
    /// A further address of whoever tries: `{address}`.
    SecondAddress,
    /// Whoever tries has GitHub linked.
    LinkedGitHub,
    /// So that the owner isn't the only one.
    SecondOwner,
    /// A dashboard of Acme: `{resource}`; an archived one.
    OrganizationsResource,
    ArchivedResource,
    /// A workspace in which the owner alone has a role: `{workspace}`; with a monitor in it; with an archived one.
    WorkspaceOfOwner,
    WorkspacesResource,
    WorkspacesArchivedResource,
    /// A key of Acme, or of a workspace of it: `{key}`.
    OrganizationsKey,
    WorkspacesKey,
    /// A slot of Acme that nobody of the cast holds: `{lease}`.
    Lease,
}

pub struct World {
    pub house: House,
    pub people: Vec<Someone>,
    /// The owner's token that may only read.
    pub reader: Client,
    pub database: Database,
    pub org_id: String,
    pub acme: Actor,
    /// Another organization, which invites people.
    initech: Actor,
    n: usize,
}

pub struct Someone {
    pub browser: Browser,
    pub client: Client,
}

impl World {
    pub async fn new() -> Self {
        let (_, house) = Stripe::with_house().await;
        let Acme {
            alice,
            bob,
            bill,
            carol,
            vera,
            otto,
            xenia,
            ..
        } = acme(&house).await;
        // Each try makes what it needs.
        house.set_plan("acme-corp", "enterprise").await;
        house
            .add_member("acme-corp", "sam@acme.test", "Sam Osei", OrgRole::Admin)
            .await;
        let sam = house.sign_in("sam@acme.test").await;
        let mut ira = house.sign_in("ira@initech.test").await;
        ira.post("/orgs/new", &[("name", "Initech")])
            .await
            .assert_status(303);
        let mut people = Vec::new();
        for (browser, address) in [
            alice,
            bob,
            bill,
            carol,
            vera,
            sam,
            otto,
            xenia,
            house.browser(),
        ]
        .into_iter()
        .zip(ADDRESSES)
        {
            let client = if address.is_empty() {
                Client::new(&house.url, "")
            } else {
                house.client(address).await
            };
            people.push(Someone { browser, client });
        }
        let reader = house
            .client_that_may("alice@acme.test", TokenScope::Read)
            .await;
        let database = Database::open(&house.database_url).await;
        let (acme, initech) = (
            house.system("acme-corp").await,
            house.system("initech").await,
        );
        let org_id = acme.org.id.to_string();
        let mut world = Self {
            house,
            people,
            reader,
            database,
            org_id,
            acme,
            initech,
            n: 0,
        };
        let sam = world.row_of("sam@acme.test").await;
        members::suspend(&world.house.app, &world.acme, &sam.into())
            .await
            .expect("Sam is suspended");
        world
    }

    pub async fn row_of(&mut self, address: &str) -> String {
        let sql = format!(
            "SELECT id FROM members WHERE email = '{address}' AND org_id = '{}'",
            self.org_id
        );
        self.database
            .texts(&sql)
            .await
            .pop()
            .expect("a row of the directory")
    }

    async fn member(&mut self, address: &str, role: OrgRole) -> String {
        self.house
            .add_member("acme-corp", address, "Tess Target", role)
            .await;
        self.row_of(address).await
    }

    async fn invitation(&self, by: &Actor, address: &str) -> String {
        let new = NewInvitation {
            email: address.into(),
            github: String::new(),
            name: String::new(),
            role: OrgRole::Viewer,
            access: Vec::new(),
            on_pending: OnPending::Update,
        };
        invitations::invite(&self.house.app, by, &new)
            .await
            .expect("an invitation")
            .id
            .into()
    }

    /// The owner, as their session has them.
    pub async fn owner(&self) -> Arc<Person> {
        let cookie = &self.people[0].browser.cookies[roster::web::COOKIE];
        accounts::identify_session(&self.house.app, cookie, Origin::default())
            .await
            .expect("it is read")
            .expect("the owner")
    }

    /// A resource that the owner makes, in a workspace or in the organization.
    async fn resource(&self, workspace: Option<&WorkspaceId>, n: usize, archived: bool) -> String {
        let (app, owner) = (&self.house.app, self.owner().await);
        let place = match workspace {
            Some(workspace) => Place::of_workspace(app, &owner, workspace)
                .await
                .expect("it opens"),
            None => Place::of_organization(&owner.in_org(&self.acme.org.id).expect("a member")),
        };
        let kind = if workspace.is_some() {
            "monitor"
        } else {
            "dashboard"
        };
        let new = NewResource {
            kind: kind.into(),
            external_id: format!("x{n}"),
            name: format!("Thing {n}"),
            ..NewResource::default()
        };
        let done = resources::upsert(app, &place, &[new], Mode::AllOrNothing)
            .await
            .expect("it is written");
        let [Verdict::Created(made)] = &done.verdicts[..] else {
            panic!("{done:?}")
        };
        if archived {
            resources::archive(app, &place, &made.id)
                .await
                .expect("it is archived");
        }
        made.id.to_string()
    }

    /// Writes down something of the account that has this address: what else only a mail, or GitHub, could bring.
    async fn own(&mut self, address: &str, columns: &str, values: &str) {
        let user = format!("id = (SELECT user_id FROM addresses WHERE address = '{address}')");
        self.database
            .run(&format!(
                "INSERT INTO {columns} SELECT {values} FROM users WHERE {user}"
            ))
            .await;
    }

    async fn session(&mut self, address: &str) -> String {
        self.house.sign_in(address).await;
        let sql = format!(
            "SELECT s.public_id FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = '{address}' AND s.revoked_at IS NULL ORDER BY s.public_id"
        );
        self.database.texts(&sql).await.pop().expect("a session")
    }

    /// Makes what an operation needs when this one of the cast tries it, and gives the names that stand for it.
    pub async fn prepare(&mut self, needs: Needs, who: usize) -> Vec<(&'static str, String)> {
        self.n += 1;
        let n = self.n;
        let new = format!("t{n}@acme.test");
        // What belongs to whoever tries belongs to the owner where nobody is signed in.
        let own = if ADDRESSES[who].is_empty() {
            ADDRESSES[0]
        } else {
            ADDRESSES[who]
        };
        let mut values = vec![
            ("n", n.to_string()),
            ("kind", format!("kind_{n}")),
            ("org_id", self.org_id.clone()),
            ("org", "acme-corp".to_owned()),
        ];
        match needs {
            Needs::Nothing => {}
            Needs::NoCheckout => self.database.run("DELETE FROM stripe_checkouts").await,
            Needs::Lease => {
                let (lease, org) = (format!("lea_{n}"), &self.org_id);
                let columns = "leases (id, org_id, pool, holder, actor_id, actor_name, acquired_at, expires_at)";
                let values_of = format!(
                    "'{lease}', '{org}', 'runs_at_once', 'held {n}', 'somebody', 'Somebody', 0, 9000000000000000000"
                );
                self.house
                    .execute(&format!("INSERT INTO {columns} VALUES ({values_of})"))
                    .await;
                values.push(("lease", lease));
            }
            Needs::Member => values.push(("member", self.member(&new, OrgRole::Member).await)),
            Needs::MemberOfWorkspace => {
                let member = self.member(&new, OrgRole::Member).await;
                let user = self
                    .database
                    .texts(&format!(
                        "SELECT user_id FROM members WHERE id = '{member}'"
                    ))
                    .await
                    .pop()
                    .expect("a user");
                let app = &self.house.app;
                let workspace = workspaces::create_in(app, &self.acme, &format!("Place {n}"), "")
                    .await
                    .expect("a workspace");
                let given = Some(Given::Fixed(WorkspaceRole::Viewer));
                workspaces::set_access(
                    app,
                    &self.acme.person,
                    &workspace.id,
                    &user.as_str().into(),
                    given,
                )
                .await
                .expect("a role");
                values.extend([
                    ("member", member),
                    ("user", user),
                    ("workspace", workspace.id.into()),
                ]);
            }
            Needs::OwnWorkspace | Needs::OwnersWorkspace => {
                let workspace = format!("ws_place{n}");
                let (org, address) = match needs {
                    Needs::OwnWorkspace => ("NULL".to_owned(), own),
                    _ => (format!("'{}'", self.org_id), ADDRESSES[0]),
                };
                for sql in [
                    format!(
                        "INSERT INTO workspaces (id, org_id, name, sort_name, slug, people, created_at)
                         VALUES ('{workspace}', {org}, 'Place {n}', 'place {n}', 'place-{n}', 1, 0)"
                    ),
                    format!(
                        "INSERT INTO access (workspace_id, user_id, source, role, created_at)
                         SELECT '{workspace}', id, 'direct', 'owner', 0 FROM users WHERE email = '{address}'"
                    ),
                ] {
                    self.house.execute(&sql).await;
                }
                values.push(("workspace", workspace));
            }
            Needs::SignedInMember => {
                let member = self.member(&new, OrgRole::Member).await;
                self.house.sign_in(&new).await;
                values.push(("member", member));
            }
            Needs::ChangedRole => {
                let member = self.member(&new, OrgRole::Member).await;
                members::change_role(
                    &self.house.app,
                    &self.acme,
                    &member.as_str().into(),
                    OrgRole::Viewer,
                )
                .await
                .expect("a role is changed");
                let sql = format!(
                    "SELECT id FROM audit_events WHERE action = 'member.role_changed' AND target_id = '{member}'"
                );
                values.push((
                    "event",
                    self.database.texts(&sql).await.pop().expect("an event"),
                ));
            }
            Needs::SuspendedMember => {
                let member = self.member(&new, OrgRole::Member).await;
                members::suspend(&self.house.app, &self.acme, &member.as_str().into())
                    .await
                    .expect("they are suspended");
                values.push(("member", member));
            }
            Needs::Invitation => {
                values.push(("invitation", self.invitation(&self.acme, &new).await))
            }
            Needs::InvitationAndWorkspace | Needs::InvitationToWorkspace => {
                let (app, id) = (&self.house.app, self.invitation(&self.acme, &new).await);
                let workspace = workspaces::create_in(app, &self.acme, &format!("Offered {n}"), "")
                    .await
                    .expect("a workspace");
                if needs == Needs::InvitationToWorkspace {
                    let wanted = Wanted {
                        workspace: workspace.id.clone(),
                        role: Given::Fixed(WorkspaceRole::Viewer),
                    };
                    let changed = Changed {
                        role: None,
                        access: Some(vec![wanted]),
                    };
                    invitations::change(app, &self.acme, &id.as_str().into(), &changed)
                        .await
                        .expect("it offers the workspace");
                }
                values.extend([
                    ("invitation", id),
                    ("slug", workspace.slug),
                    ("workspace", workspace.id.into()),
                ]);
            }
            Needs::WorkspaceInvitation => {
                let (app, operator) = (&self.house.app, &self.acme);
                let workspace = workspaces::create_in(app, operator, &format!("Alone {n}"), "")
                    .await
                    .expect("a workspace");
                let wanted = NewWorkspaceInvitation {
                    email: new,
                    role: Given::Fixed(WorkspaceRole::Viewer),
                    on_pending: OnPending::Update,
                };
                let made =
                    invitations::invite_to_workspace(app, &operator.person, &workspace.id, &wanted)
                        .await
                        .expect("an invitation");
                values.extend([
                    ("invitation", made.id().to_string()),
                    ("workspace", workspace.id.into()),
                ]);
            }
            Needs::InvitationToSelf => {
                let address = if ADDRESSES[who].is_empty() { &new } else { own };
                values.push(("key", self.invitation(&self.initech, address).await));
            }
            Needs::OwnToken | Needs::OwnersToken => {
                let address = if needs == Needs::OwnToken {
                    own
                } else {
                    ADDRESSES[0]
                };
                let made =
                    create_token_for(&self.house.app, address, "target", TokenScope::Read, None)
                        .await
                        .expect("a token");
                values.push(("token", made.token.id.into()));
            }
            Needs::OrganizationsKey => {
                let actor = self
                    .owner()
                    .await
                    .in_org(&self.acme.org.id)
                    .expect("a member");
                values.push((
                    "key",
                    keys::create_key(&self.house.app, &actor, &KEY)
                        .await
                        .expect("a key")
                        .key
                        .id
                        .into(),
                ));
            }
            Needs::WorkspacesKey => {
                let (app, owner) = (&self.house.app, self.owner().await);
                let actor = owner.in_org(&self.acme.org.id).expect("a member");
                let workspace = workspaces::create_in(app, &actor, &format!("Keys {n}"), "")
                    .await
                    .expect("a workspace");
                let made = keys::create_workspace_key(app, &owner, &workspace.id, &KEY)
                    .await
                    .expect("a key");
                let key = made.key.id.to_string();
                values.extend([
                    ("key", key.clone()),
                    ("workspace_key", key),
                    ("workspace", workspace.id.into()),
                ]);
            }
            Needs::OwnSession => values.push(("session", self.session(own).await)),
            Needs::OwnersSession => values.push(("session", self.session(ADDRESSES[0]).await)),
            Needs::CustomRole => {
                let made = roles::create(
                    &self.house.app,
                    &self.acme,
                    None,
                    &format!("Target {n}"),
                    "",
                )
                .await
                .expect("a role");
                values.push(("role", made.id.into()));
            }
            Needs::OrganizationsResource | Needs::ArchivedResource => {
                values.push((
                    "resource",
                    self.resource(None, n, needs == Needs::ArchivedResource)
                        .await,
                ));
            }
            Needs::WorkspaceOfOwner
            | Needs::WorkspacesResource
            | Needs::WorkspacesArchivedResource => {
                let owner = self
                    .owner()
                    .await
                    .in_org(&self.acme.org.id)
                    .expect("a member");
                let made = workspaces::create_in(&self.house.app, &owner, &format!("W {n}"), "")
                    .await
                    .expect("a workspace");
                if needs != Needs::WorkspaceOfOwner {
                    let archived = needs == Needs::WorkspacesArchivedResource;
                    values.push(("resource", self.resource(Some(&made.id), n, archived).await));
                }
                values.push(("workspace", made.id.into()));
            }
            Needs::SecondAddress => {
                let address = format!("also{n}@x.test");
                self.own(
                    own,
                    "addresses (address, user_id, verified_at, created_at)",
                    &format!("'{address}', id, 1, 1"),
                )
                .await;
                values.push(("address", address));
            }
            Needs::LinkedGitHub => {
                let columns = "identities (provider, subject, user_id, login, created_at)";
                self.own(own, columns, &format!("'github', '{n}', id, 'login{n}', 1"))
                    .await;
            }
            Needs::SecondOwner => {
                self.member(&new, OrgRole::Owner).await;
                self.house.sign_in(&new).await;
            }
        }
        values
    }

    /// Every event there is: its chain, what was done, and by what kind of actor, oldest first.
    pub async fn events(&mut self) -> Vec<String> {
        self.database
            .texts(
                "SELECT stream || ' ' || action || ' ' || actor_kind FROM audit_events ORDER BY id",
            )
            .await
    }

    /// Asserts that the chains of these events are whole.
    pub async fn assert_chains(&self, events: &[String]) {
        let mut tx = self.house.app.db.read().await.expect("a connection");
        for stream in events
            .iter()
            .filter_map(|e| e.split(' ').next())
            .chain([self.org_id.as_str()])
        {
            let broken = roster::audit::first_broken(&mut tx, stream)
                .await
                .expect("the chain is read");
            assert_eq!(broken, None, "the chain of {stream} is broken");
        }
    }
}
