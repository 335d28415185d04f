//! What is shown before a change is what happens after.

use super::world::{PEOPLE, Role, World, world};
use super::{Place, place};
use crate::support::database::Database;
use crate::support::{House, acme};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

/// Who sets whom to what, where.
type Change = (usize, usize, usize, Option<Role>);

fn change() -> impl Strategy<Value = Change> {
    let role = prop_oneof![
        3 => prop::sample::select(vec!["viewer", "member", "admin", "owner"]).prop_map(Role::Fixed),
        1 => (0..2_usize).prop_map(Role::Custom),
    ];
    (
        0..PEOPLE,
        0..PEOPLE,
        0..2_usize,
        prop::option::weighted(0.8, role),
    )
}

/// Asks first, then does it. Gives the world after, where it was done.
async fn ask_then_do(
    place: &Place,
    database: &mut Database,
    world: &World,
    change: Change,
) -> Option<World> {
    let (actor, person, workspace, role) = change;
    let path = format!("/workspaces/ws_{workspace}/members/{}", place.users[person]);
    let body = role.map(|role| match role {
        Role::Fixed(name) => json!({ "role": name }),
        Role::Custom(role) => json!({ "role": format!("rol_{role}") }),
    });
    let method = if body.is_some() { "PUT" } else { "DELETE" };
    let client = &place.clients[actor];
    // Coming in by organization role is written down, once.
    client.get(&format!("/workspaces/ws_{workspace}")).await;
    let before = database.fingerprint().await;
    let preview = client
        .send(method, &format!("{path}?dry_run=true"), body.clone(), &[])
        .await;
    assert_eq!(
        database.fingerprint().await,
        before,
        "a preview changes nothing"
    );
    let done = client.send(method, &path, body, &[]).await;
    assert_eq!(done.status, preview.status, "{}", done.json);
    if done.status != 200 {
        assert_eq!(done.json["code"], preview.json["code"]);
        assert_eq!(
            database.fingerprint().await,
            before,
            "a refusal changes nothing"
        );
        return None;
    }
    assert_eq!(done.json, preview.json);
    let after = world.after_setting(person, workspace, role);
    let sentences = done.json["impact"]["changes"]
        .as_array()
        .expect("changes")
        .clone();
    let says = |verb: &str| {
        sentences
            .iter()
            .filter(|s| s.as_str().is_some_and(|s| s.contains(verb)))
            .count()
    };
    let opens = |p: usize| (world.opens(p, workspace), after.opens(p, workspace));
    let people = |was_and_is: (bool, bool)| (0..PEOPLE).filter(|p| opens(*p) == was_and_is).count();
    assert_eq!(
        says(" loses "),
        people((true, false)),
        "{sentences:?} in {world:?}"
    );
    assert_eq!(
        says(" gains "),
        people((false, true)),
        "{sentences:?} in {world:?}"
    );
    Some(after)
}

#[tokio::test]
async fn s1_23_what_a_preview_shows_is_what_the_change_does() {
    let place = place().await;
    let mut database = Database::open(&place.house.database_url).await;
    let mut runner = TestRunner::deterministic();
    let mut done = 0;
    for _ in 0..20 {
        let mut current = world().new_tree(&mut runner).expect("a world").current();
        place.turn_into(&current).await;
        for _ in 0..8 {
            let change = change().new_tree(&mut runner).expect("a change").current();
            if let Some(after) = ask_then_do(&place, &mut database, &current, change).await {
                current = after;
                done += 1;
            }
        }
    }
    assert!(done > 20, "{done} changes were done");
}

#[tokio::test]
async fn s1_47_s1_48_s5_11_entering_by_role_is_named_before_it_is_given_or_taken() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(303);
    let form = [
        ("who_invites", "owners_and_admins"),
        ("invitation_days", "7"),
        ("roles_offered", "full"),
        ("allow_email", "yes"),
        ("allow_github", "yes"),
        ("session_idle_hours", "24"),
        ("session_absolute_days", "14"),
        ("token_days", "365"),
        ("admins_create", "yes"),
    ];
    let on = |confirmed: &'static str| {
        [
            form.as_slice(),
            &[("admins_enter", "yes"), ("confirmed", confirmed)],
        ]
        .concat()
    };
    let asked = acme
        .alice
        .post("/orgs/acme-corp/policies", &on(""))
        .await
        .assert_status(200);
    let asked =
        asked.assert_says("Bob Tanaka gains 1 other workspace (Admin, by organization role)");
    assert!(
        asked.has("input[name=admins_enter][value=yes]")
            && asked.has("input[name=confirmed][value=yes]")
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM organizations WHERE admins_enter")
            .await,
        0
    );
    acme.alice
        .post("/orgs/acme-corp/policies", &on("yes"))
        .await
        .assert_status(303);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM organizations WHERE admins_enter")
            .await,
        1
    );

    // Taking the organization role takes the entry: said first, in the same words.
    let bob = acme.member_id("bob@acme.test").await;
    let role = format!(
        "/orgs/acme-corp/members/{}/role",
        bob.trim_start_matches("row-")
    );
    let asked = acme
        .alice
        .submit(&role, &[("role", "member")])
        .await
        .assert_status(200);
    asked.assert_says("Bob Tanaka loses Production (Admin, by organization role)");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'bob@acme.test' AND role = 'admin'")
            .await,
        1
    );
    let suspend = role.replace("/role", "/suspend");
    acme.alice
        .get(&suspend)
        .await
        .assert_status(200)
        .assert_says("Bob Tanaka loses Production (Admin, by organization role)");
    // Removing names it too, and leaving.
    let remove = role.replace("/role", "/remove");
    acme.alice
        .get(&remove)
        .await
        .assert_status(200)
        .assert_says("1 workspace Production (Admin, by organization role)");
    let leave = acme
        .bob
        .get("/orgs/acme-corp/settings/leave")
        .await
        .assert_status(200);
    leave.assert_says("1 workspace Production (Admin, by organization role)");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'bob@acme.test'")
            .await,
        1
    );
    acme.alice
        .post(&role, &[("role", "member"), ("confirmed", "yes")])
        .await
        .assert_status(303);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'bob@acme.test' AND role = 'member'")
            .await,
        1
    );
}
