//! Leases: slots of a pool that the whole organization shares.

use super::house;
use crate::support::client::Client;
use crate::support::{House, acme};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use roster::billing::{self, NewLease, RUNS_AT_ONCE};
use roster::clock::{MINUTE, SECOND};
use roster::error::Refusal;
use serde_json::json;
use std::collections::BTreeMap;

async fn path(house: &House) -> String {
    format!(
        "/organizations/{}/leases",
        house.system("acme-corp").await.org.id
    )
}

#[tokio::test]
async fn s2_4_s2_45_one_pool_for_all_of_an_organization_says_who_has_it() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let (alice, bob, carol) = (
        house.client("alice@acme.test").await,
        house.client("bob@acme.test").await,
        house.client("carol@acme.test").await,
    );
    let path = path(&house).await;
    let taken = carol
        .post(&path, json!({ "holder": "crawl 1" }))
        .await
        .assert_status(201)
        .json;
    let again = carol
        .post(&path, json!({ "holder": "crawl 1" }))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        again["id"], taken["id"],
        "the same holder takes no second slot"
    );
    // The limit that Carol reached is Bob's too, and he reads whose slot it is.
    let refused = bob
        .post(&path, json!({ "holder": "crawl 2" }))
        .await
        .assert_problem(409, "pool_in_use");
    let says = refused.json["detail"].as_str().expect("words").to_owned();
    assert!(
        says.starts_with("runs at once: 1 of 1 in use by Carol Reyes (crawl 1) since "),
        "{says}"
    );
    assert!(
        says.contains("Owners and billing members can change the plan."),
        "{says}"
    );
    // A further member reads who, and not what for: that may be in a workspace which isn't theirs.
    house
        .add_member(
            "acme-corp",
            "mia@acme.test",
            "Mia Sato",
            roster::access::OrgRole::Member,
        )
        .await;
    house.sign_in("mia@acme.test").await;
    let mia = house.client("mia@acme.test").await;
    let refused = mia
        .post(&path, json!({ "holder": "x" }))
        .await
        .assert_problem(409, "pool_in_use");
    let says = refused.json["detail"].as_str().expect("words").to_owned();
    assert!(
        says.contains("in use by Carol Reyes since") && !says.contains("crawl 1"),
        "{says}"
    );
    // Paying benefits everybody: three at once.
    house.set_plan("acme-corp", "team").await;
    for holder in ["crawl 2", "crawl 3"] {
        bob.post(&path, json!({ "holder": holder }))
            .await
            .assert_status(201);
    }
    alice
        .post(&path, json!({ "holder": "crawl 4" }))
        .await
        .assert_problem(409, "pool_in_use");
    let page = acme
        .alice
        .get("/orgs/acme-corp/leases")
        .await
        .assert_status(200)
        .assert_says("3 of 3 in use");
    assert_eq!(
        page.all("tbody tr td:first-child"),
        ["crawl 1", "crawl 2", "crawl 3"]
    );
    // An admin gives one back from the page; who held it can't keep it.
    let lease = taken["id"].as_str().expect("an id");
    acme.bob
        .submit(&format!("/orgs/acme-corp/leases/{lease}/release"), &[])
        .await
        .assert_says("The slot of crawl 1 is free.");
    acme.bob
        .submit(&format!("/orgs/acme-corp/leases/{lease}/release"), &[])
        .await
        .assert_says("That slot is free already.");
    carol
        .put(&format!("{path}/{lease}"), json!({}))
        .await
        .assert_problem(404, "not_found");
    alice
        .post(&path, json!({ "holder": "crawl 4" }))
        .await
        .assert_status(201);
    acme.alice
        .get("/orgs/acme-corp/audit?category=run")
        .await
        .assert_says("gave back the slot of runs at once that crawl 1 held");
}

#[tokio::test]
async fn s2_45_a_lease_that_nobody_asks_for_again_ends_by_itself() {
    let house = house().await;
    acme(&house).await;
    let (carol, bob) = (
        house.client("carol@acme.test").await,
        house.client("bob@acme.test").await,
    );
    let path = path(&house).await;
    let lease = carol
        .post(&path, json!({ "holder": "one", "seconds": 60 }))
        .await
        .assert_status(201)
        .json;
    let lease = format!("{path}/{}", lease["id"].as_str().expect("an id"));
    for _ in 0..5 {
        house.clock.advance(50 * SECOND);
        carol
            .put(&lease, json!({ "seconds": 60 }))
            .await
            .assert_status(200);
        bob.post(&path, json!({ "holder": "two" }))
            .await
            .assert_problem(409, "pool_in_use");
    }
    house.clock.advance(61 * SECOND);
    bob.post(&path, json!({ "holder": "two" }))
        .await
        .assert_status(201);
    carol
        .put(&lease, json!({ "seconds": 60 }))
        .await
        .assert_problem(404, "not_found");
    carol.delete(&lease).await.assert_problem(404, "not_found");
    assert_eq!(
        bob.get(&path).await.json["data"].as_array().map(Vec::len),
        Some(1)
    );
    for (body, field) in [
        (json!({ "holder": " " }), "holder"),
        (json!({ "holder": "x", "seconds": 9 }), "seconds"),
        (json!({ "holder": "x", "pool": "workspaces" }), "pool"),
        (json!({ "holder": "x", "pool": "nothing" }), "pool"),
    ] {
        assert_eq!(
            carol
                .post(&path, body)
                .await
                .assert_problem(422, "invalid")
                .json["errors"][0]["field"],
            field
        );
    }
}

#[tokio::test]
async fn s5_23_e7_viewers_and_the_billing_role_start_nothing() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let path = path(&house).await;
    let (bill, vera, bob, otto) = (
        house.client("bill@acme.test").await,
        house.client("vera@acme.test").await,
        house.client("bob@acme.test").await,
        house.client("otto@globex.test").await,
    );
    let made = acme
        .alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(303);
    let workspace = made.location().split('/').nth(2).expect("an id").to_owned();
    let there = json!({ "holder": "x", "workspace_id": workspace });
    for body in [json!({ "holder": "x" }), there.clone()] {
        let code = if body.get("workspace_id").is_some() {
            (404, "not_found")
        } else {
            (403, "billing_role_no_workspace")
        };
        bill.post(&path, body).await.assert_problem(code.0, code.1);
    }
    vera.post(&path, json!({ "holder": "x" }))
        .await
        .assert_problem(403, "viewer_caps");
    // An admin of the organization knows of the workspace and has no role in it.
    bob.post(&path, there.clone())
        .await
        .assert_problem(403, "role_lacks_permission");
    otto.post(&path, there.clone())
        .await
        .assert_problem(404, "not_found");
    let alice = house.client("alice@acme.test").await;
    let lease = alice.post(&path, there).await.assert_status(201).json;
    assert_eq!(lease["workspace_id"], json!(workspace));
    // The pool is the organization's alone, and so is what is in it.
    let elsewhere = format!(
        "/organizations/{}/leases",
        house.system("globex").await.org.id
    );
    otto.post(&elsewhere, json!({ "holder": "x" }))
        .await
        .assert_status(201);
    assert_eq!(
        otto.get(&elsewhere).await.json["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    otto.delete(&format!(
        "{elsewhere}/{}",
        lease["id"].as_str().expect("an id")
    ))
    .await
    .assert_problem(404, "not_found");
    for (mut someone, status) in [
        (acme.alice, 200),
        (acme.bob, 200),
        (acme.bill, 200),
        (acme.carol, 403),
        (acme.vera, 403),
        (acme.otto, 404),
    ] {
        someone
            .get("/orgs/acme-corp/leases")
            .await
            .assert_status(status);
    }
}

#[tokio::test]
async fn s2_4_a_thousand_tries_at_once_never_get_more_than_the_limit() {
    let house = house().await;
    acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    let path = path(&house).await;
    // Each may make a fifth of its calls a minute as changes, so the tries are spread over several tokens.
    let mut clients: Vec<Client> = Vec::new();
    for address in ["alice@acme.test", "bob@acme.test", "carol@acme.test"] {
        clients.push(house.client(address).await);
    }
    let ask = async |n: usize| {
        let client = &clients[n % clients.len()];
        // A server with its hands full says so; whoever runs a host product asks again.
        loop {
            let answer = client
                .post(&path, json!({ "holder": format!("run {n}") }))
                .await;
            match answer.status {
                503 => tokio::task::yield_now().await,
                status => return status,
            }
        }
    };
    let statuses = futures::future::join_all((0..1_000).map(ask)).await;
    let got = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(got, 3, "the limit, and not one more");
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 409)),
        "{statuses:?}"
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM leases").await, 3);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'lease.acquired'")
            .await,
        3
    );
}

/// A pool as anybody would write it down: who holds a slot, and until when.
#[derive(Default)]
struct Model(BTreeMap<String, i64>);

impl Model {
    fn acquire(&mut self, holder: &str, until: i64, now: i64, most: usize) -> bool {
        self.0.retain(|_, ends| *ends > now);
        if let Some(ends) = self.0.get_mut(holder) {
            *ends = until.max(*ends);
            return true;
        }
        if self.0.len() >= most {
            return false;
        }
        self.0.insert(holder.to_owned(), until);
        true
    }
}

#[tokio::test]
async fn s2_45_leases_do_what_a_simple_model_of_them_does_whatever_is_asked() {
    let house = house().await;
    acme(&house).await;
    let (app, actor) = (&house.app, house.system("acme-corp").await);
    for (seed, (plan, most)) in
        (0..4).zip([("free", 1), ("team", 3), ("team", 3), ("open", usize::MAX)])
    {
        house.set_plan("acme-corp", plan).await;
        house.clock.advance(100_000 * MINUTE);
        let (mut dice, mut model, mut ids) = (
            StdRng::seed_from_u64(seed),
            Model::default(),
            BTreeMap::new(),
        );
        for step in 0..120 {
            let context = format!("seed {seed}, step {step}");
            let (holder, seconds) = (
                format!("h{}", dice.random_range(0..6)),
                dice.random_range(10..200),
            );
            match dice.random_range(0..10) {
                0..5 => {
                    let new = NewLease {
                        pool: RUNS_AT_ONCE.into(),
                        holder: holder.clone(),
                        workspace: None,
                        seconds,
                    };
                    let before = app.now();
                    let got = billing::acquire(app, &actor, &new).await;
                    let until = got.as_ref().map_or(before, |got| got.lease.expires_at);
                    let expected = model.acquire(&holder, until, before, most);
                    match got {
                        Ok(got) => {
                            assert!(expected, "{context}: it was given and there was no room");
                            ids.insert(holder, got.lease.id);
                        }
                        Err(Refusal::Conflict(conflict)) => {
                            assert!(!expected && conflict.code == "pool_in_use", "{context}")
                        }
                        Err(other) => panic!("{context}: {other}"),
                    }
                }
                5..7 => {
                    let Some(id) = ids.get(&holder) else { continue };
                    let alive = model.0.get(&holder).is_some_and(|ends| *ends > app.now());
                    match billing::renew(app, &actor, id, seconds).await {
                        Ok(lease) => {
                            assert!(alive, "{context}: kept what had ended");
                            model.0.insert(holder, lease.expires_at);
                        }
                        Err(refusal) => assert!(
                            !alive && matches!(refusal, Refusal::NotFound),
                            "{context}: {refusal}"
                        ),
                    }
                }
                7..9 => {
                    let Some(id) = ids.remove(&holder) else {
                        continue;
                    };
                    let alive = model.0.remove(&holder).is_some_and(|ends| ends > app.now());
                    assert_eq!(
                        billing::release(app, &actor, &id).await.is_ok(),
                        alive,
                        "{context}"
                    );
                }
                _ => house.clock.advance(dice.random_range(1..120) * SECOND),
            }
            let now = app.now();
            let held: Vec<String> = {
                let mut held: Vec<String> = billing::leases_in_use(app, &actor)
                    .await
                    .expect("they are read")
                    .into_iter()
                    .flat_map(|pool| pool.leases)
                    .filter(|lease| lease.expires_at > now)
                    .map(|lease| lease.holder)
                    .collect();
                held.sort();
                held
            };
            model.0.retain(|_, ends| *ends > now);
            assert_eq!(
                held,
                model.0.keys().cloned().collect::<Vec<_>>(),
                "{context}"
            );
            assert!(held.len() <= most, "{context}");
        }
        house.execute("DELETE FROM leases").await;
    }
}
