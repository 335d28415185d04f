//! What limiting somebody to named resources says before, against which resources each person sees before and after it.

use super::world::{LIMITABLE, PEOPLE, Role, World, limitable, world};
use super::{Place, place};
use crate::support::client::{Answer, Client};
use crate::support::database::Database;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whose limit, where, in which kind, and to which of the two; `None`: it ends.
#[derive(Clone, Debug)]
struct Change {
    person: usize,
    workspace: usize,
    kind: usize,
    only: Option<Vec<usize>>,
}

/// Mostly of somebody whose role there can be limited.
fn change(world: &World) -> impl Strategy<Value = Change> + use<> {
    let only = prop::option::weighted(0.8, prop::sample::subsequence(vec![0, 1], 0..=2));
    let limited = world
        .rows
        .iter()
        .filter(|row| !matches!(row.role, Role::Fixed("admin" | "owner")));
    let mut whose: Vec<(usize, usize)> = limited
        .map(|row| (row.person, row.workspace))
        .cycle()
        .take(20)
        .collect();
    whose.extend((0..PEOPLE).flat_map(|person| (0..2).map(move |workspace| (person, workspace))));
    (prop::sample::select(whose), 0..LIMITABLE.len(), only).prop_map(
        |((person, workspace), kind, only)| Change {
            person,
            workspace,
            kind,
            only,
        },
    )
}

/// The names of what each person sees in each workspace, with its kind.
async fn sight(place: &Place) -> Vec<BTreeSet<(String, String)>> {
    let mut all = Vec::new();
    for client in &place.clients {
        for workspace in 0..2 {
            let list = client
                .get(&format!("/workspaces/ws_{workspace}/resources?limit=100"))
                .await;
            let rows = list.json["data"].as_array().cloned().unwrap_or_default();
            let text = |row: &Value, key: &str| row[key].as_str().expect("text").to_owned();
            all.push(
                rows.iter()
                    .map(|row| (text(row, "kind"), text(row, "name")))
                    .collect(),
            );
        }
    }
    all
}

/// What was done, for the count at the end.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Did {
    Set,
    Narrowed,
    Widened,
    Ended,
    AllAfterTheLast,
    NoneAfterTheLast,
}

/// Asks what it does, then does it: the same answer to both, and nothing changed by asking.
async fn ask_then_do(database: &mut Database, client: &Client, path: &str, body: &Value) -> Answer {
    let before = database.fingerprint().await;
    let asked = client
        .put(&format!("{path}?dry_run=true"), body.clone())
        .await;
    assert_eq!(
        database.fingerprint().await,
        before,
        "a preview changes nothing"
    );
    let done = client.put(path, body.clone()).await;
    assert_eq!(
        (done.status, &done.json["code"]),
        (asked.status, &asked.json["code"]),
        "{}",
        done.json
    );
    match done.status {
        200 => assert_eq!(done.json, asked.json),
        _ => assert_eq!(
            database.fingerprint().await,
            before,
            "a refusal changes nothing"
        ),
    }
    done
}

/// Makes the change as the first person who may; answers the last-grant question with `when_empty` where it is asked.
async fn make(
    place: &Place,
    database: &mut Database,
    change: &Change,
    when_empty: &str,
) -> Option<(Answer, Option<String>)> {
    let path = format!(
        "/workspaces/ws_{}/members/{}/grants",
        change.workspace, place.users[change.person]
    );
    let named = |nth: &usize| format!("res_{:032}", limitable(change.workspace, change.kind, *nth));
    let only: Option<Vec<String>> = change
        .only
        .as_ref()
        .map(|only| only.iter().map(named).collect());
    let mut body = json!({ "kind": LIMITABLE[change.kind], "only": only });
    for client in &place.clients {
        let done = ask_then_do(database, client, &path, &body).await;
        match done.status {
            200 => return Some((done, None)),
            409 => {
                assert_eq!(done.json["code"], "last_grant");
                body["when_empty"] = when_empty.into();
                let question = done.json["detail"].as_str().expect("a question").to_owned();
                return Some((
                    ask_then_do(database, client, &path, &body)
                        .await
                        .assert_status(200),
                    Some(question),
                ));
            }
            status => assert!([403, 404].contains(&status), "{}", done.json),
        }
    }
    None
}

/// What the answer says beside what became of everybody's sight.
fn compare(
    world: &World,
    change: &Change,
    said: &Value,
    before: &[BTreeSet<(String, String)>],
    after: &[BTreeSet<(String, String)>],
) -> String {
    let context = format!("{change:?}: {said} in {world:?}");
    let place = change.person * 2 + change.workspace;
    for (n, (before, after)) in before
        .iter()
        .zip(after)
        .enumerate()
        .filter(|(n, _)| *n != place)
    {
        assert_eq!(before, after, "sight {n} changed, {context}");
    }
    let (before, after) = (&before[place], &after[place]);
    let of_kind = |all: &BTreeSet<(String, String)>| {
        all.iter()
            .filter(|(kind, _)| kind == LIMITABLE[change.kind])
            .count()
    };
    // Who is suspended sees nothing until they are let back in.
    if world.opens(change.person, change.workspace) {
        assert_eq!(
            (said["saw"].as_u64(), said["sees"].as_u64()),
            (Some(of_kind(before) as u64), Some(of_kind(after) as u64)),
            "{context}"
        );
    }
    assert_eq!(said["total"], 2);
    if said["has_no_effect"] == true {
        assert_eq!(before, after, "{context}");
    }
    // What lies in a thing goes and comes with it; what the limit isn't about, and doesn't hold, stays.
    let holds = &LIMITABLE[if change.kind == 0 {
        0..1
    } else {
        change.kind..4
    }];
    for (kind, name) in before.symmetric_difference(after) {
        assert!(
            holds.contains(&kind.as_str()),
            "{kind} {name} isn't under the limit, {context}"
        );
    }
    context
}

#[tokio::test]
async fn s2_32_s2_33_s2_37_what_a_limit_says_before_is_what_each_person_sees_after() {
    let place = place().await;
    let mut database = Database::open(&place.house.database_url).await;
    let mut runner = TestRunner::deterministic();
    let mut done = std::collections::HashMap::new();
    for _ in 0..14 {
        let mut world = world().new_tree(&mut runner).expect("a world").current();
        world
            .roles
            .iter_mut()
            .for_each(|role| *role = role.or(Some("member")));
        world.rows.retain(|row| {
            world.in_organization[row.workspace] || matches!(row.role, Role::Fixed(_))
        });
        place.turn_into(&world).await;
        let mut before = sight(&place).await;
        for _ in 0..8 {
            let change = change(&world)
                .new_tree(&mut runner)
                .expect("a change")
                .current();
            let when_empty = if any::<bool>()
                .new_tree(&mut runner)
                .expect("an answer")
                .current()
            {
                "all"
            } else {
                "none"
            };
            let Some((answer, question)) = make(&place, &mut database, &change, when_empty).await
            else {
                continue;
            };
            let said = &answer.json;
            let after = sight(&place).await;
            let context = compare(&world, &change, said, &before, &after);
            let did = match (&question, &change.only) {
                (Some(_), _) if when_empty == "none" => Did::NoneAfterTheLast,
                (Some(question), _) => {
                    // The question's number is what "all" then shows.
                    let sees = said["sees"].as_i64().expect("a number");
                    let number = if sees == 2 {
                        "all 2 ".to_owned()
                    } else {
                        format!("{sees} of 2 ")
                    };
                    assert!(question.contains(&number), "{question}, {context}");
                    Did::AllAfterTheLast
                }
                (None, None) => Did::Ended,
                _ if said["sees"].as_i64() < said["saw"].as_i64() => Did::Narrowed,
                _ if said["sees"].as_i64() > said["saw"].as_i64() => Did::Widened,
                _ => Did::Set,
            };
            *done.entry(did).or_insert(0) += 1;
            before = after;
        }
    }
    assert_eq!(done.len(), 6, "{done:?}");
}
