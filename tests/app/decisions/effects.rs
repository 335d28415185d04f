//! What every kind of change says before, against what each person can do before and after it, asked one by one.

use super::world::{PEOPLE, Role, World, world};
use super::{Place, place, questions};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::access::{Action, Actions, OrgRole, WorkspaceRole};
use roster::actor::Actor;
use roster::error::Result;
use roster::impact::{Effect, Impact};
use roster::roles::{NewLine, Scope};
use roster::workspaces::Given;
use roster::{members, organizations, roles, workspaces};
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Change {
    Role(usize, OrgRole),
    Suspend(usize),
    Remove(usize),
    Unlink(usize, Option<WorkspaceRole>),
    EditRole(usize, Vec<(&'static str, Vec<&'static str>)>),
    DeleteRole(usize, Option<WorkspaceRole>),
    Policy(bool),
}

fn change() -> impl Strategy<Value = Change> {
    let role = prop::sample::select(roster::access::ROLES.to_vec());
    let fixed = || {
        prop::option::of(prop::sample::select(vec![
            WorkspaceRole::Viewer,
            WorkspaceRole::Member,
            WorkspaceRole::Admin,
        ]))
    };
    let kind = prop::sample::select(vec!["app", "table", "field", "monitor"]);
    let line = (
        kind,
        prop::sample::subsequence(super::ACTIONS.to_vec(), 1..=5),
    );
    prop_oneof![
        (0..PEOPLE, role).prop_map(|(person, role)| Change::Role(person, role)),
        (0..PEOPLE).prop_map(Change::Suspend),
        (0..PEOPLE).prop_map(Change::Remove),
        (0..2_usize, fixed()).prop_map(|(workspace, to)| Change::Unlink(workspace, to)),
        (0..2_usize, prop::collection::vec(line, 0..3))
            .prop_map(|(role, lines)| Change::EditRole(role, lines)),
        (0..2_usize, fixed()).prop_map(|(role, to)| Change::DeleteRole(role, to)),
        any::<bool>().prop_map(Change::Policy),
    ]
}

/// Asks what a change would do, then does it.
async fn ask_then_do(place: &Place, actor: &Actor, change: &Change) -> Result<Impact> {
    let app = &place.house.app;
    let member = |person: usize| members_id(place, person);
    Ok(match change {
        Change::Role(person, role) => {
            let id = member(*person).await;
            let said = members::change_role_impact(app, actor, &id, *role)
                .await?
                .impact;
            members::change_role(app, actor, &id, *role).await?;
            said
        }
        Change::Suspend(person) => {
            let id = member(*person).await;
            let said = members::suspend_impact(app, actor, &id).await?.1;
            members::suspend(app, actor, &id).await?;
            said
        }
        Change::Remove(person) => {
            let id = member(*person).await;
            let said = members::removal_impact(app, actor, &id).await?;
            let done = members::remove(app, actor, &id).await?;
            assert_eq!(
                (&said.impact, &said.workspaces),
                (&done.impact, &done.workspaces)
            );
            said.impact
        }
        Change::Unlink(workspace, to) => {
            let id = format!("ws_{workspace}").as_str().into();
            let said = workspaces::unlinking_impact(app, actor, &id, *to)
                .await?
                .impact;
            let done = workspaces::unlink(app, actor, &id, *to).await?.impact;
            assert_eq!(said, done);
            said
        }
        Change::EditRole(role, lines) => {
            let id = format!("rol_{role}").as_str().into();
            let lines: Vec<NewLine> = lines
                .iter()
                .map(|(kind, actions)| new_line(kind, actions))
                .collect();
            let said = roles::permissions_impact(app, actor, &id, &lines)
                .await?
                .impact;
            assert_eq!(
                said,
                roles::set_permissions(app, actor, &id, &lines)
                    .await?
                    .impact
            );
            said
        }
        Change::DeleteRole(role, to) => {
            let id = format!("rol_{role}").as_str().into();
            let to = to.map(Given::Fixed);
            let said = roles::deletion_impact(app, actor, &id, to.as_ref())
                .await?
                .impact;
            assert_eq!(
                said,
                roles::delete(app, actor, &id, &format!("R{role}"), to.as_ref())
                    .await?
                    .impact
            );
            said
        }
        Change::Policy(enter) => {
            let wanted = organizations::Policies {
                admins_enter: *enter,
                ..actor.org.policies.clone()
            };
            let said = organizations::change_policies_impact(app, actor, &wanted).await?;
            organizations::change_policies(app, actor, &wanted).await?;
            said
        }
    })
}

fn new_line(kind: &str, actions: &[&str]) -> NewLine {
    let actions = actions.iter().fold(Actions::none(), |all, name| {
        all.with(Action::parse(name).expect("an action"), true)
    });
    NewLine {
        scope: Scope::Kind(kind.to_owned()),
        actions,
    }
}

async fn members_id(place: &Place, person: usize) -> roster::ids::MemberId {
    let mut database = crate::support::database::Database::open(&place.house.database_url).await;
    let sql = format!(
        "SELECT id FROM members WHERE user_id = '{}' AND org_id = '{}'",
        place.users[person], place.org
    );
    database
        .texts(&sql)
        .await
        .pop()
        .unwrap_or_default()
        .as_str()
        .into()
}

/// Which workspaces each person opens, and everything that they may do with the things in them.
async fn can(
    place: &Place,
    world: &World,
) -> (BTreeSet<(usize, usize)>, BTreeSet<(usize, usize, String)>) {
    let (mut opens, mut does) = (BTreeSet::new(), BTreeSet::new());
    let things = questions(world, &place.org);
    for (person, client) in place.clients.iter().enumerate() {
        let mut asked: Vec<_> = (0..2)
            .map(|workspace| {
                (
                    workspace,
                    None,
                    json!({ "action": "view", "workspace_id": format!("ws_{workspace}") }),
                )
            })
            .collect();
        for (thing, action, question) in things
            .iter()
            .filter(|(_, _, question)| question["resource_id"].is_string())
        {
            if let Some(workspace) = world.things[*thing].workspace {
                asked.push((
                    workspace,
                    Some(format!("{action} {thing}")),
                    question.clone(),
                ));
            }
        }
        let list: Vec<_> = asked.iter().map(|(_, _, question)| question).collect();
        let said = client
            .post("/access/check", json!({ "questions": list }))
            .await
            .assert_status(200)
            .json;
        for ((workspace, what, _), answer) in asked
            .iter()
            .zip(said["answers"].as_array().expect("answers"))
        {
            match what {
                _ if answer["allowed"] != true => {}
                None => drop(opens.insert((person, *workspace))),
                Some(what) => drop(does.insert((person, *workspace, what.clone()))),
            }
        }
    }
    (opens, does)
}

/// The workspaces that an impact says somebody loses, or gains; one without a name is every one without a row of theirs.
fn said_of(
    impact: &Impact,
    effect: Effect,
    place: &Place,
    world: &World,
    differ: &BTreeSet<(usize, usize)>,
) -> BTreeSet<(usize, usize)> {
    let mut all = BTreeSet::new();
    for change in impact
        .changes
        .iter()
        .filter(|change| change.effect == effect)
    {
        let person = place
            .users
            .iter()
            .position(|user| *user == change.user.to_string())
            .expect("one of the people");
        match &change.workspace {
            Some(id) => drop(
                all.insert((
                    person,
                    id.as_str()
                        .trim_start_matches("ws_")
                        .parse()
                        .expect("a number"),
                )),
            ),
            None => {
                let without = (0..2).filter(|ws| {
                    world.in_organization[*ws]
                        && world
                            .rows
                            .iter()
                            .all(|r| (r.person, r.workspace) != (person, *ws))
                });
                all.extend(
                    without
                        .map(|workspace| (person, workspace))
                        .filter(|one| differ.contains(one)),
                );
            }
        }
    }
    all
}

#[tokio::test]
async fn s1_23_s3_37_what_each_kind_of_change_says_before_is_what_people_lose_and_gain() {
    let place = place().await;
    let mut runner = TestRunner::deterministic();
    let mut done = std::collections::HashSet::new();
    for round in 0..90 {
        let mut world = world().new_tree(&mut runner).expect("a world").current();
        // Everybody is a member here; those of nothing would only be suspended.
        world
            .roles
            .iter_mut()
            .for_each(|role| *role = role.or(Some("member")));
        world.rows.retain(|row| {
            world.in_organization[row.workspace] || matches!(row.role, Role::Fixed(_))
        });
        place.revive().await;
        place.turn_into(&world).await;
        place.recount().await;
        let change = change().new_tree(&mut runner).expect("a change").current();
        let actor = place.house.system("acme-corp").await;
        let (opened, did) = can(&place, &world).await;
        let Ok(impact) = ask_then_do(&place, &actor, &change).await else {
            assert_eq!(
                can(&place, &world).await,
                (opened, did),
                "what is refused changes nothing: {change:?}"
            );
            continue;
        };
        done.insert(std::mem::discriminant(&change));
        let (opens, does) = can(&place, &world).await;
        let lost: BTreeSet<_> = opened.difference(&opens).copied().collect();
        let gained: BTreeSet<_> = opens.difference(&opened).copied().collect();
        let context = format!("round {round}: {change:?} in {world:?}");
        assert_eq!(
            said_of(&impact, Effect::Loses, &place, &world, &lost),
            lost,
            "{impact:?} {context}"
        );
        assert_eq!(
            said_of(&impact, Effect::Gains, &place, &world, &gained),
            gained,
            "{impact:?} {context}"
        );
        // Whoever can do more or less inside is named too.
        let changed = did
            .symmetric_difference(&does)
            .map(|(person, workspace, _)| (*person, *workspace));
        for (person, workspace) in changed.collect::<BTreeSet<_>>() {
            let named = impact.changes.iter().any(|change| {
                change.user.to_string() == place.users[person]
                    && change
                        .workspace
                        .as_ref()
                        .is_none_or(|id| id.as_str() == format!("ws_{workspace}"))
            });
            assert!(
                named,
                "{person} in {workspace} isn't named: {impact:?} {context}"
            );
        }
    }
    assert_eq!(done.len(), 7, "each kind of change was done");
}
