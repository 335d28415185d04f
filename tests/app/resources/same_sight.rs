//! The lists' condition in SQL and the decision in Rust, on random data: what a list shows is what the decision doesn't
//! hide, for everybody.

use super::{Scene, thing};
use crate::support::client::Client;
use crate::support::database::Database;
use roster::error::Refusal;
use roster::resources::{self, Place};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

const KINDS: [&str; 4] = ["app", "table", "field", "monitor"];

/// A forest of things of a few kinds, made by Alice.
async fn plant(scene: &Scene, dice: &mut Dice) -> Vec<(String, &'static str)> {
    let mut all: Vec<(Value, &'static str, String)> = Vec::new();
    for n in 0..40 {
        let kind = KINDS[dice.roll(KINDS.len())];
        let parent = (dice.roll(3) > 0 && !all.is_empty()).then(|| dice.roll(all.len()));
        let depth = |mut at: Option<usize>| {
            let mut depth = 0;
            while let Some(place) = at {
                depth += 1;
                at = all[place].0["parent"]["external_id"]
                    .as_str()
                    .and_then(|id| id.strip_prefix('r'))
                    .and_then(|n| n.parse().ok());
            }
            depth
        };
        let parent = parent.filter(|place| depth(Some(*place)) < 6);
        let lies_in = parent.map(|place| (all[place].1, all[place].2.clone()));
        let id = format!("r{n}");
        all.push((
            thing(
                kind,
                &id,
                lies_in.as_ref().map(|(kind, id)| (*kind, id.as_str())),
            ),
            kind,
            id,
        ));
    }
    let resources: Vec<&Value> = all.iter().map(|one| &one.0).collect();
    let made = scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": resources }))
        .await
        .assert_status(200);
    let ids = made.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["resource"]["id"].as_str().expect("an id").to_owned());
    ids.zip(all.iter().map(|one| one.1)).collect()
}

/// Gives somebody roles, permissions and grants by chance, written straight into the database.
async fn deal(
    database: &mut Database,
    scene: &Scene,
    user: &str,
    things: &[(String, &'static str)],
    dice: &mut Dice,
    round: usize,
) {
    let ws = &scene.workspace;
    for table in ["access", "grants", "grant_limits"] {
        database
            .run(&format!(
                "DELETE FROM {table} WHERE user_id = '{user}' AND workspace_id = '{ws}'"
            ))
            .await;
    }
    for source in ["direct", "organization"] {
        let role = ["viewer", "member", "admin", "custom", "custom", "", ""][dice.roll(7)];
        if role.is_empty() {
            continue;
        }
        let custom = if role == "custom" {
            format!("'rol_{round}_{source}'")
        } else {
            "NULL".to_owned()
        };
        if role == "custom" {
            let org = &scene.org;
            database
                .run(&format!(
                    "INSERT INTO custom_roles (id, org_id, name, sort_name, created_at)
                     VALUES ({custom}, '{org}', 'R {round} {source}', 'r {round} {source}', 0)"
                ))
                .await;
            let mut listed = BTreeSet::new();
            for n in 0..dice.roll(4) {
                let (resource, kind) = &things[dice.roll(things.len())];
                let whole = dice.roll(2) == 0;
                let (resource, key) = if whole {
                    ("NULL".to_owned(), *kind)
                } else {
                    (format!("'{resource}'"), resource.as_str())
                };
                if !listed.insert(key.to_owned()) {
                    continue;
                }
                let view = dice.roll(4) > 0;
                database
                    .run(&format!(
                        "INSERT INTO custom_role_permissions
                            (id, org_id, role_id, kind, resource_id, may_view, may_run, may_create, may_edit, may_delete, created_at)
                         VALUES ('p_{round}_{source}_{n}', '{org}', {custom}, '{kind}', {resource}, {view}, FALSE, FALSE, TRUE, FALSE, 0)"
                    ))
                    .await;
            }
        }
        database
            .run(&format!(
                "INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at)
                 VALUES ('{ws}', '{user}', '{source}', '{role}', {custom}, 0)"
            ))
            .await;
    }
    for kind in KINDS {
        if dice.roll(4) > 0 {
            continue;
        }
        database
            .run(&format!("INSERT INTO grant_limits (workspace_id, user_id, kind, created_at) VALUES ('{ws}', '{user}', '{kind}', 0)"))
            .await;
        let of_kind: Vec<&String> = things
            .iter()
            .filter(|(_, k)| *k == kind)
            .map(|(id, _)| id)
            .collect();
        for id in of_kind {
            if dice.roll(3) == 0 {
                database
                    .run(&format!(
                        "INSERT INTO grants (workspace_id, user_id, kind, resource_id, created_at) VALUES ('{ws}', '{user}', '{kind}', '{id}', 0)"
                    ))
                    .await;
            }
        }
    }
}

/// What the list shows; `None` where the workspace isn't there for them.
async fn listed(scene: &Scene, who: &Client) -> Option<BTreeSet<String>> {
    let answer = who
        .get(&format!("{}?limit=100", scene.at_workspace()))
        .await;
    if answer.status == 404 {
        return None;
    }
    let data = answer.assert_status(200).json["data"]
        .as_array()
        .expect("a list")
        .clone();
    Some(
        data.iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect(),
    )
}

#[tokio::test]
async fn s2_35_e13_lists_show_exactly_what_the_decision_does_not_hide() {
    let scene = Scene::new().await;
    let mut dice = Dice(20_261_122);
    let things = plant(&scene, &mut dice).await;
    let mut database = Database::open(&scene.house.database_url).await;
    let carol = database
        .texts("SELECT id FROM users WHERE email = 'carol@acme.test'")
        .await
        .remove(0);
    let mut sizes = BTreeMap::new();
    for round in 0..60 {
        deal(&mut database, &scene, &carol, &things, &mut dice, round).await;
        let role = ["member", "viewer", "admin"][dice.roll(3)];
        database
            .run(&format!(
                "UPDATE members SET role = '{role}' WHERE user_id = '{carol}'"
            ))
            .await;
        database
            .run(&format!(
                "UPDATE organizations SET admins_enter = {}",
                dice.roll(2) == 0
            ))
            .await;
        let list = listed(&scene, &scene.carol).await;
        let one_by_one = sees_one_by_one(&scene, &things).await;
        assert_eq!(
            list.clone().unwrap_or_default(),
            one_by_one,
            "round {round}"
        );
        *sizes.entry(list.map(|list| list.len())).or_insert(0) += 1;
        // A thing that the list hides is not there under its own address either.
        let (id, _) = &things[dice.roll(things.len())];
        let status = scene
            .carol
            .get(&format!("{}/{id}", scene.at_workspace()))
            .await
            .status;
        assert_eq!(
            status == 200,
            one_by_one.contains(id),
            "round {round}: {status}"
        );
    }
    assert!(sizes.len() > 10, "the rounds differ: {sizes:?}");
}

/// The decision, asked about every single thing.
async fn sees_one_by_one(scene: &Scene, things: &[(String, &'static str)]) -> BTreeSet<String> {
    let app = &scene.house.app;
    let cookie = &scene.acme.carol.cookies[roster::web::COOKIE];
    let person = roster::accounts::identify_session(app, cookie, Default::default())
        .await
        .expect("it is read")
        .expect("Carol");
    let Ok(place) = Place::of_workspace(app, &person, &scene.workspace.as_str().into()).await
    else {
        return BTreeSet::new();
    };
    let mut seen = BTreeSet::new();
    for (id, _) in things {
        match resources::details(app, &place, &id.as_str().into()).await {
            Ok(_) => seen.insert(id.clone()),
            Err(Refusal::NotFound) => continue,
            Err(other) => panic!("{other:?}"),
        };
    }
    seen
}
