//! The whole matrix: everything that is done in a workspace, or looked at there, by every organization role × every role
//! in the workspace × each door. The lists are the table of doors and the lists of routes, so a new one must say its letters.

use super::keys::MAKE;
use super::table::{Door, Way};
use super::world::{CAST, Needs, Someone, World};
use super::{Carrier, all, attempt, carriers, fill, path_matches, verdict};
use crate::support::routes;
use roster::access::{Action, Actions, OrgRole, ROLES};
use roster::ids::CustomRoleId;
use roster::roles::{self, NewLine, Scope};

/// The roles in the workspace, in the order of the letters. The custom role lists to view monitors, and no more.
const HERE: [&str; 6] = ["none", "custom", "viewer", "member", "admin", "owner"];

/// A line for each organization role, owner, admin, billing, member and viewer, with a letter for each of [`HERE`]; a blank
/// where there is no such thing.
pub type Grid = [&'static str; 5];

/// The workspace's people and settings: who is admin or owner of it, and owners and admins of the organization. A viewer
/// of the organization changes nothing, whatever they are here.
pub const LOOK_AFTER: Grid = ["dddddd", "dddddd", "nfffdd", "nfffdd", "nfffff"];
/// Owners of the workspace and of the organization (S1-27).
pub const DELETE: Grid = ["dddddd", "fffffd", "nffffd", "nffffd", "nfffff"];
/// Things of a kind that admins write: the role in the workspace decides alone (S1-34, S3-2).
pub const WRITE_WHAT_ADMINS_WRITE: Grid = ["nfffdd", "nfffdd", "nfffdd", "nfffdd", "nfffff"];
/// The organization's own business, whatever somebody is in the workspace (S1-21).
pub const BY_ORGANIZATION_ROLE: Grid = ["dddddd", "dddddd", "ffffff", "ffffff", "ffffff"];

/// Both sides must agree: who links for the organization, and administers the workspace, which has no custom roles yet
/// (S1-20, S1-21).
pub const LINK: Grid = ["n ffdd", "n ffdd", "f ffff", "f ffff", "f ffff"];

/// Whoever has a role in the workspace.
const OPEN: Grid = ["nddddd"; 5];
/// They, and who administers the organization's workspaces.
const OPEN_OR_ADMINISTERED: Grid = ["dddddd", "dddddd", "nddddd", "nddddd", "nddddd"];

/// The organization's own business, of a workspace that they may know of.
const EXPLAINED: Grid = ["dddddd", "dddddd", "nfffff", "nfffff", "nfffff"];

/// Everything of a workspace that is looked at, and by whom.
const LOOKS: &[(&str, Needs, Grid)] = &[
    // It leads to the next line, also from one that isn't there.
    ("/workspaces/{ws}", Needs::OwnersWorkspace, ["dddddd"; 5]),
    ("/workspaces/{ws}/overview", Needs::OwnersWorkspace, OPEN),
    ("/workspaces/{ws}/why", Needs::OwnersWorkspace, EXPLAINED),
    (
        "/workspaces/{ws}/members",
        Needs::OwnersWorkspace,
        OPEN_OR_ADMINISTERED,
    ),
    (
        "/workspaces/{ws}/members/invite",
        Needs::OwnersWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{ws}/members/{user}/role",
        Needs::MemberOfWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{ws}/members/{user}/remove",
        Needs::MemberOfWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{ws}/members/{user}/grants",
        Needs::MemberOfWorkspace,
        LOOK_AFTER,
    ),
    ("/workspaces/{ws}/keys", Needs::OwnersWorkspace, LOOK_AFTER),
    ("/workspaces/{ws}/keys/new", Needs::OwnersWorkspace, MAKE),
    (
        "/workspaces/{ws}/keys/{workspace_key}/revoke",
        Needs::WorkspacesKey,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{workspace_id}/keys",
        Needs::OwnersWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{ws}/settings",
        Needs::OwnersWorkspace,
        OPEN_OR_ADMINISTERED,
    ),
    (
        "/workspaces/{ws}/settings/delete",
        Needs::OwnersWorkspace,
        DELETE,
    ),
    (
        "/workspaces/{ws}/resources",
        Needs::WorkspacesResource,
        OPEN,
    ),
    ("/workspaces/{ws}/runs", Needs::OwnersWorkspace, OPEN),
    (
        "/workspaces/{ws}/resources/{resource}",
        Needs::WorkspacesResource,
        OPEN,
    ),
    (
        "/orgs/{org}/workspaces/{ws}/unlink",
        Needs::OwnersWorkspace,
        BY_ORGANIZATION_ROLE,
    ),
    (
        "/workspaces/{workspace_id}",
        Needs::OwnersWorkspace,
        OPEN_OR_ADMINISTERED,
    ),
    (
        "/workspaces/{workspace_id}/access",
        Needs::OwnersWorkspace,
        OPEN_OR_ADMINISTERED,
    ),
    (
        "/workspaces/{workspace_id}/invitations",
        Needs::OwnersWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{workspace_id}/members",
        Needs::OwnersWorkspace,
        OPEN_OR_ADMINISTERED,
    ),
    (
        "/workspaces/{workspace_id}/members/{user_id}/grants",
        Needs::MemberOfWorkspace,
        LOOK_AFTER,
    ),
    (
        "/workspaces/{workspace_id}/resources",
        Needs::WorkspacesResource,
        OPEN,
    ),
    (
        "/workspaces/{workspace_id}/runs",
        Needs::OwnersWorkspace,
        OPEN,
    ),
    (
        "/workspaces/{workspace_id}/resources/{resource_id}",
        Needs::WorkspacesResource,
        OPEN,
    ),
];

/// Somebody of each organization role with each role in a workspace, behind the cast.
struct Inside {
    world: World,
    custom: CustomRoleId,
    users: Vec<String>,
    wrong: Vec<String>,
}

/// Whether an address says a workspace.
fn says_workspace(path: &str) -> bool {
    ["{workspace}", "{workspace_id}", "{ws}"]
        .iter()
        .any(|name| path.contains(name))
}

fn in_a_workspace(door: &Door) -> bool {
    let page = matches!(door.page, Way::Page(path, fields) if says_workspace(path) || says_workspace(fields));
    let call = matches!(door.call, Way::Call(_, path, body) if says_workspace(path) || says_workspace(body));
    page || call
}

impl Inside {
    async fn new() -> Self {
        let mut world = World::new().await;
        let custom = roles::create(&world.house.app, &world.acme, None, "Looks at monitors", "")
            .await
            .expect("a role");
        let line = NewLine {
            scope: Scope::Kind("monitor".into()),
            actions: Actions::none().with(Action::View, true),
        };
        roles::set_permissions(&world.house.app, &world.acme, &custom.id, &[line])
            .await
            .expect("it lists something");
        let mut users = Vec::new();
        for role in ROLES {
            let email = format!("{}@inside.test", role.as_str());
            world
                .house
                .add_member("acme-corp", &email, role.label(), OrgRole::Member)
                .await;
            let browser = world.house.sign_in(&email).await;
            let client = world.house.client(&email).await;
            let member = world.row_of(&email).await;
            roster::members::change_role(
                &world.house.app,
                &world.acme,
                &member.as_str().into(),
                role,
            )
            .await
            .expect("a role");
            users.extend(
                world
                    .database
                    .texts(&format!(
                        "SELECT user_id FROM members WHERE id = '{member}'"
                    ))
                    .await,
            );
            world.people.push(Someone { browser, client });
        }
        Self {
            world,
            custom: custom.id,
            users,
            wrong: Vec::new(),
        }
    }

    /// What is needed, with one of them in that role there.
    async fn place(
        &mut self,
        needs: Needs,
        person: usize,
        here: &str,
    ) -> Vec<(&'static str, String)> {
        let mut values = self.world.prepare(needs, 0).await;
        let workspace = values
            .iter()
            .find(|(name, _)| *name == "workspace")
            .expect("a workspace")
            .1
            .clone();
        values.push(("ws", workspace.clone()));
        if here == "none" {
            return values;
        }
        let (user, custom) = (&self.users[person], &self.custom);
        let custom = if here == "custom" {
            format!("'{custom}'")
        } else {
            "NULL".to_owned()
        };
        let sql = format!(
            "INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at)
             SELECT id, '{user}', CASE WHEN org_id IS NULL THEN 'direct' ELSE 'organization' END, '{here}', {custom}, 0
             FROM workspaces WHERE id = '{workspace}';
             UPDATE workspaces SET people = people + 1 WHERE id = '{workspace}';
             UPDATE members SET workspaces = workspaces + 1 WHERE user_id = '{user}'"
        );
        self.world.database.run(&sql).await;
        values
    }

    /// How many rows each table has. Mail of what was prepared may leave meanwhile, which makes links and writes.
    async fn rows(&mut self) -> Vec<(String, i64)> {
        let mut rows = self.world.database.fingerprint().await;
        rows.retain(|(table, _)| {
            !matches!(
                table.as_str(),
                "invitation_links" | "writes to organizations"
            )
        });
        rows
    }

    /// Tries an operation as everybody, one way: the letter, its one event, and nothing left of a refusal.
    async fn try_door(&mut self, door: &Door, grid: Grid, carrier: Carrier) {
        for (person, (role, letters)) in ROLES.into_iter().zip(grid).enumerate() {
            for (at, here) in HERE
                .into_iter()
                .enumerate()
                .filter(|(at, _)| letters[*at..=*at] != *" ")
            {
                let values = self.place(door.needs, person, here).await;
                let marker = self.world.events().await.len();
                let before = self.rows().await;
                let heard =
                    attempt(&mut self.world, door, carrier, CAST.len() + person, &values).await;
                let context = format!(
                    "{} by {} who is {here} here ({carrier:?})",
                    door.name,
                    role.label()
                );
                if heard != letters[at..=at] {
                    self.wrong
                        .push(format!("{context}: {heard}, not {}", &letters[at..=at]));
                    continue;
                }
                let new = self.world.events().await.split_off(marker);
                let kind = if carrier == Carrier::Call {
                    "token"
                } else {
                    "user"
                };
                let said: Vec<&str> = new
                    .iter()
                    .filter_map(|event| event.split_once(' '))
                    .map(|(_, said)| said)
                    .collect();
                if heard == "d" {
                    assert_eq!(said, [format!("{} {kind}", door.event)], "{context}");
                } else {
                    assert_eq!(
                        self.rows().await,
                        before,
                        "{context}: something is left of it"
                    );
                }
            }
        }
    }

    /// Looks at something as everybody; looking leaves no event.
    async fn try_look(&mut self, path: &str, needs: Needs, grid: Grid, is_page: bool) {
        for (person, (role, letters)) in ROLES.into_iter().zip(grid).enumerate() {
            for (at, here) in HERE.into_iter().enumerate() {
                let values = self.place(needs, person, here).await;
                let marker = self.world.events().await.len();
                let someone = &mut self.world.people[CAST.len() + person];
                someone.browser.htmx = false;
                let heard = if is_page {
                    let page = someone.browser.get(&fill(path, &values)).await;
                    verdict(page.status, &page.location())
                } else {
                    verdict(someone.client.get(&fill(path, &values)).await.status, "")
                };
                if heard != letters[at..=at] {
                    let way = if is_page { "page" } else { "call" };
                    self.wrong.push(format!(
                        "{way} {path} by {} who is {here} here: {heard}, not {}",
                        role.label(),
                        &letters[at..=at]
                    ));
                }
                assert_eq!(self.world.events().await.len(), marker, "looking at {path}");
            }
        }
    }

    async fn walk(&mut self, carrier: Carrier) {
        for door in all()
            .into_iter()
            .filter(|door| carriers(door).contains(&carrier))
        {
            if let Some(grid) = door.inside {
                self.try_door(door, grid, carrier).await;
            }
        }
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

#[tokio::test]
async fn s1_34_s2_11_s3_2_s5_23_s5_24_sec_z1_sec_z4_sec_z12_every_operation_by_every_pair_of_roles_by_form()
 {
    Inside::new().await.walk(Carrier::Form).await;
}

#[tokio::test]
async fn s1_34_s2_11_s3_2_s5_23_s5_24_sec_z1_sec_z4_sec_z8_sec_z12_every_operation_by_every_pair_of_roles_by_call()
 {
    Inside::new().await.walk(Carrier::Call).await;
}

#[tokio::test]
async fn s1_34_s2_12_s5_24_sec_z1_everything_of_a_workspace_looked_at_by_every_pair_of_roles() {
    let mut inside = Inside::new().await;
    for (path, needs, grid) in LOOKS {
        let (pages, calls) = (routes::pages(), routes::calls());
        let is_page = pages.iter().any(|route| route.path == *path);
        assert!(
            is_page || calls.iter().any(|route| route.path == *path),
            "{path} isn't there"
        );
        inside.try_look(path, *needs, *grid, is_page).await;
    }
    assert!(inside.wrong.is_empty(), "{}", inside.wrong.join("\n"));
}

/// Fails with what is done or looked at in a workspace and says no letters.
#[test]
fn sec_z1_whatever_is_done_in_a_workspace_says_who_may() {
    for door in all() {
        assert_eq!(
            door.inside.is_some(),
            in_a_workspace(door),
            "{}: say its letters by `inside(…)` in the table",
            door.name
        );
    }
    for route in routes::pages().into_iter().chain(routes::calls()) {
        let listed = LOOKS
            .iter()
            .any(|(path, ..)| *path == route.path && path_matches(path, &route));
        if route.has("GET") && says_workspace(&route.path) {
            assert!(
                listed,
                "GET {}: say its letters in tests/app/doors/inside.rs",
                route.path
            );
        }
    }
}
