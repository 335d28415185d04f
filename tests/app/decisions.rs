//! Who may do what: the decision, its steps, and the calls that ask for it.

mod asking;
mod effects;
mod limits;
mod previews;
mod world;

use crate::support::client::Client;
use crate::support::{House, acme};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::access::{
    self, Action, Actions, Decision, Held, Limit, Link, Membership, OrgRole, Permitted, Target,
    Who, WorkspaceRole, decide, known_kind,
};
use serde_json::{Value, json};
use world::{ACTIONS, PEOPLE, Role, Verdict, World, world};

/// Asks the decision about a thing of a world.
fn decided(world: &World, person: usize, action: &str, thing: usize) -> Decision {
    let names: Vec<String> = (0..PEOPLE.max(world.things.len()))
        .map(|n| n.to_string())
        .collect();
    let it = &world.things[thing];
    let mut chain = vec![];
    let mut next = Some(thing);
    while let Some(link) = next {
        chain.push(Link {
            kind: world.things[link].kind,
            id: &names[link],
        });
        next = world.things[link].parent;
    }
    let lines: Vec<Vec<Permitted<'_>>> = world
        .custom_roles
        .iter()
        .map(|lines| {
            let permitted = |line: &world::Line| Permitted {
                kind: line.kind,
                resource: line.thing.map(|thing| names[thing].as_str()),
                actions: line.actions.iter().fold(Actions::none(), |all, name| {
                    all.with(Action::parse(name).unwrap(), true)
                }),
            };
            lines.iter().map(permitted).collect()
        })
        .collect();
    let here = |workspace: usize| Some(workspace) == it.workspace;
    let rows: Vec<Held<'_>> = world
        .rows
        .iter()
        .filter(|row| row.person == person && here(row.workspace))
        .map(|row| match row.role {
            Role::Fixed(name) => Held {
                role: WorkspaceRole::parse(name).unwrap(),
                permissions: &[],
            },
            Role::Custom(role) => Held {
                role: WorkspaceRole::Custom,
                permissions: &lines[role],
            },
        })
        .collect();
    let granted: Vec<(&str, Vec<&str>)> = world
        .limits
        .iter()
        .filter(|limit| limit.person == person && here(limit.workspace))
        .map(|limit| {
            (
                limit.kind,
                limit
                    .things
                    .iter()
                    .map(|thing| names[*thing].as_str())
                    .collect(),
            )
        })
        .collect();
    let limits: Vec<Limit<'_>> = granted
        .iter()
        .map(|(kind, granted)| Limit { kind, granted })
        .collect();
    let standalone = it
        .workspace
        .is_some_and(|workspace| !world.in_organization[workspace]);
    let membership = match world.roles[person] {
        _ if standalone => Membership::Standalone,
        None => Membership::None,
        Some(_) if world.suspended[person] => Membership::Suspended,
        Some(role) => Membership::Active(OrgRole::parse(role).unwrap()),
    };
    let who = Who {
        user: &names[person],
        membership,
        rows: &rows,
        admins_enter: world.admins_enter,
        limits: &limits,
    };
    let owner = it.owner.map(|owner| names[owner].as_str());
    let thing = access::Thing {
        kind: known_kind(it.kind).unwrap(),
        owner,
        chain: &chain,
        entitled: true,
    };
    decide(
        &who,
        Action::parse(action).unwrap(),
        &Target::Resource(thing),
    )
}

fn verdict(decision: &Decision) -> Verdict {
    match (decision.allowed, decision.hidden) {
        (true, _) => Verdict::Yes,
        (false, false) => Verdict::No,
        (false, true) => Verdict::Nothing,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s2_10_s2_11_s3_2_s5_11_the_decision_agrees_with_the_rules_as_they_are_told(world in world()) {
        for person in 0..PEOPLE {
            for thing in 0..world.things.len() {
                for action in ACTIONS {
                    let said = decided(&world, person, action, thing);
                    prop_assert_eq!(verdict(&said), world.may(person, action, thing), "{} {} {}: {:?}", person, action, thing, said);
                    prop_assert!(said.decided_by < said.steps.len());
                }
            }
        }
    }
}

/// Acme with a token for each of five people.
struct Place {
    house: House,
    clients: Vec<Client>,
    users: Vec<String>,
    org: String,
}

async fn place() -> Place {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    let mut database = crate::support::database::Database::open(&house.database_url).await;
    let (mut clients, mut users) = (Vec::new(), Vec::new());
    for name in ["alice", "bob", "bill", "carol", "vera"] {
        let email = format!("{name}@acme.test");
        users.push(
            database
                .texts(&format!("SELECT id FROM users WHERE email = '{email}'"))
                .await
                .pop()
                .unwrap(),
        );
        clients.push(house.client(&email).await);
    }
    let org = database
        .texts("SELECT id FROM organizations WHERE slug = 'acme-corp'")
        .await
        .pop()
        .unwrap();
    Place {
        house,
        clients,
        users,
        org,
    }
}

impl Place {
    /// Makes Acme into this world, whatever it was.
    /// Ids of resources have their real length: what somebody sees is read from the ids in a path.
    async fn turn_into(&self, world: &World) {
        let org = &self.org;
        let mut sql = String::new();
        for table in [
            "grants",
            "grant_limits",
            "access",
            "custom_role_permissions",
            "custom_roles",
            "usage_people",
        ] {
            sql += &format!("DELETE FROM {table};");
        }
        // From the leaves up: each names what it lies in.
        for _ in 0..4 {
            sql += "DELETE FROM resources WHERE id NOT IN (SELECT parent_id FROM resources WHERE parent_id IS NOT NULL);";
        }
        sql += "DELETE FROM workspaces;";
        sql += &format!(
            "UPDATE organizations SET admins_enter = {} WHERE id = '{org}';",
            world.admins_enter
        );
        for (person, user) in self.users.iter().enumerate() {
            let role = world.roles[person].unwrap_or("member");
            let status = if world.suspended[person] || world.roles[person].is_none() {
                "suspended"
            } else {
                "active"
            };
            let rank = OrgRole::parse(role).unwrap().rank();
            sql += &format!(
                "UPDATE members SET role = '{role}', role_rank = {rank}, status = '{status}' WHERE user_id = '{user}' AND org_id = '{org}';"
            );
        }
        for (n, inside) in world.in_organization.iter().enumerate() {
            let org = if *inside {
                format!("'{org}'")
            } else {
                "NULL".into()
            };
            sql += &format!(
                "INSERT INTO workspaces (id, org_id, name, sort_name, slug, created_at) VALUES ('ws_{n}', {org}, 'W{n}', 'w{n}', 'w{n}', 0);"
            );
        }
        for (n, thing) in world.things.iter().enumerate() {
            sql += &self.thing_sql(world, n, thing);
        }
        for (n, lines) in world.custom_roles.iter().enumerate() {
            sql += &format!(
                "INSERT INTO custom_roles (id, org_id, name, sort_name, created_at) VALUES ('rol_{n}', '{org}', 'R{n}', 'r{n}', 0);"
            );
            for (m, line) in lines.iter().enumerate() {
                let thing = line
                    .thing
                    .map_or("NULL".into(), |thing| format!("'res_{thing:032}'"));
                let may: Vec<String> = ACTIONS
                    .iter()
                    .map(|action| line.actions.contains(action).to_string())
                    .collect();
                sql += &format!(
                    "INSERT INTO custom_role_permissions VALUES ('p_{n}_{m}', '{org}', 'rol_{n}', '{}', {thing}, {}, 0);",
                    line.kind,
                    may.join(", ")
                );
            }
        }
        for row in &world.rows {
            let (role, custom) = match row.role {
                Role::Fixed(name) => (name, "NULL".into()),
                Role::Custom(role) => ("custom", format!("'rol_{role}'")),
            };
            let source = if row.direct { "direct" } else { "organization" };
            let user = &self.users[row.person];
            sql += &format!(
                "INSERT INTO access VALUES ('ws_{}', '{user}', '{source}', '{role}', {custom}, 0);",
                row.workspace
            );
        }
        for limit in &world.limits {
            let (workspace, user, kind) = (limit.workspace, &self.users[limit.person], limit.kind);
            sql += &format!(
                "INSERT INTO grant_limits VALUES ('ws_{workspace}', '{user}', '{kind}', 0);"
            );
            for thing in &limit.things {
                sql += &format!(
                    "INSERT INTO grants VALUES ('ws_{workspace}', '{user}', '{kind}', 'res_{thing:032}', 0);"
                );
            }
        }
        self.house.execute(&sql).await;
    }

    /// Gives everybody who was removed their place back.
    async fn revive(&self) {
        let (org, users) = (&self.org, &self.users);
        for (n, user) in users.iter().enumerate() {
            self.house
                .execute(&format!(
                    "INSERT INTO members (id, n, org_id, user_id, role, role_rank, status, name, sort_name, email, since, search, verified)
                     SELECT 'mem_back{n}', (SELECT MAX(n) + 1 FROM members), '{org}', id, 'member', 3, 'active', name, LOWER(name), email, 0, LOWER(name), TRUE FROM users
                     WHERE id = '{user}' AND NOT EXISTS (SELECT 1 FROM members m WHERE m.org_id = '{org}' AND m.user_id = '{user}')"
                ))
                .await;
        }
    }

    /// Brings the counts that stand beside the rows up to them.
    async fn recount(&self) {
        for sql in [
            "UPDATE workspaces SET people = (SELECT COUNT(DISTINCT a.user_id) FROM access a WHERE a.workspace_id = workspaces.id)",
            "UPDATE organizations SET workspaces = (SELECT COUNT(*) FROM workspaces w WHERE w.org_id = organizations.id)",
            "UPDATE members SET workspaces = (SELECT COUNT(DISTINCT a.workspace_id) FROM access a JOIN workspaces w
                ON w.id = a.workspace_id WHERE a.user_id = members.user_id AND w.org_id = members.org_id)",
        ] {
            self.house.execute(sql).await;
        }
    }

    fn thing_sql(&self, world: &World, n: usize, thing: &world::Thing) -> String {
        let mut path = format!("res_{n:032}/");
        let mut above = thing.parent;
        while let Some(parent) = above {
            path = format!("res_{parent:032}/{path}");
            above = world.things[parent].parent;
        }
        let quoted =
            |value: Option<String>| value.map_or("NULL".into(), |value| format!("'{value}'"));
        let workspace = quoted(thing.workspace.map(|workspace| format!("ws_{workspace}")));
        let inside = thing
            .workspace
            .is_none_or(|workspace| world.in_organization[workspace]);
        let place = thing
            .workspace
            .map_or(self.org.clone(), |workspace| format!("ws_{workspace}"));
        format!(
            "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, parent_id, path, name, sort_name, owner_id, created_at, updated_at)
             VALUES ('res_{n:032}', {}, {workspace}, '{place}', '{}', 'x{n}', {}, '{path}', 'T{n}', 't{n}', {}, 0, 0);",
            quoted(inside.then(|| self.org.clone())),
            thing.kind,
            quoted(thing.parent.map(|parent| format!("res_{parent:032}"))),
            quoted(thing.owner.map(|owner| self.users[owner].clone())),
        )
    }
}

/// Every question there is about the things of a world; creating is asked about the place, by another test.
fn questions(world: &World, org: &str) -> Vec<(usize, &'static str, Value)> {
    let mut all = Vec::new();
    for (n, thing) in world.things.iter().enumerate() {
        for action in ACTIONS.into_iter().filter(|action| *action != "create") {
            let by_id = json!({ "action": action, "resource_id": format!("res_{n:032}") });
            let mut by_external =
                json!({ "action": action, "kind": thing.kind, "external_id": format!("x{n}") });
            match thing.workspace {
                Some(workspace) => by_external["workspace_id"] = format!("ws_{workspace}").into(),
                None => by_external["organization_id"] = org.into(),
            }
            all.extend([(n, action, by_id), (n, action, by_external)]);
        }
    }
    all
}

#[tokio::test]
async fn s3_34_e13_sec_z1_the_check_call_agrees_with_the_rules_as_they_are_told() {
    let place = place().await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        let world = world().new_tree(&mut runner).expect("a world").current();
        place.turn_into(&world).await;
        let questions = questions(&world, &place.org);
        let list: Vec<&Value> = questions.iter().map(|(_, _, question)| question).collect();
        for (person, client) in place.clients.iter().enumerate() {
            let said = client
                .post("/access/check", json!({ "questions": list }))
                .await
                .assert_status(200);
            for ((thing, action, _), answer) in questions
                .iter()
                .zip(said.json["answers"].as_array().unwrap())
            {
                let expected = world.may(person, action, *thing);
                let given = match (
                    answer["allowed"].as_bool().unwrap(),
                    answer["code"].as_str().unwrap(),
                ) {
                    (true, "allowed") => Verdict::Yes,
                    (false, "not_found") => Verdict::Nothing,
                    (false, _) => Verdict::No,
                    other => panic!("{other:?}"),
                };
                assert_eq!(given, expected, "{person} {action} {thing} in {world:?}");
            }
        }
    }
}
