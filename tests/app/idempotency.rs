//! A POST with an `Idempotency-Key` is done once, however often it is sent.

use crate::support::client::{Answer, Client};
use crate::support::database::Database;
use crate::support::{House, acme};
use roster::clock::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};
use std::time::Duration;

async fn post(client: &Client, path: &str, key: &str, body: Value) -> Answer {
    client
        .send("POST", path, Some(body), &[("idempotency-key", key)])
        .await
}

async fn organizations(client: &Client) -> usize {
    client.get("/organizations").await.assert_status(200).json["data"]
        .as_array()
        .map_or(0, Vec::len)
}

async fn started() -> (House, Client) {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let client = house.client("alice@acme.test").await;
    (house, client)
}

#[tokio::test]
async fn sec_h9_twenty_at_once_with_one_key_make_one_thing_and_all_hear_of_the_same() {
    let (_house, client) = started().await;
    let body = json!({"name": "Acme Corp"});
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move { post(&client, "/organizations", "k1", body).await })
        })
        .collect();
    for asked in asking {
        let answer = asked.await.expect("an answer");
        assert!(
            answer.status == 201 || answer.json["code"] == "idempotency_running",
            "{}",
            answer.json
        );
    }
    assert_eq!(organizations(&client).await, 1);
    let first = post(&client, "/organizations", "k1", body.clone())
        .await
        .assert_status(201);
    let second = post(&client, "/organizations", "k1", body)
        .await
        .assert_status(201);
    assert_eq!(
        (&first.json, first.header("location")),
        (&second.json, second.header("location"))
    );
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert!(
        second
            .header("location")
            .ends_with(second.json["id"].as_str().expect("an id"))
    );
}

#[tokio::test]
async fn sec_h9_a_client_that_left_before_the_answer_gets_it_later() {
    let (_house, client) = started().await;
    for n in 0..10 {
        let (client, key, body) = (
            client.clone(),
            format!("left{n}"),
            json!({"name": format!("Acme {n}")}),
        );
        let leaving = tokio::spawn({
            let (client, key, body) = (client.clone(), key.clone(), body.clone());
            async move { post(&client, "/organizations", &key, body).await }
        });
        // Each leaves a little later than the one before.
        tokio::time::sleep(Duration::from_millis(n)).await;
        leaving.abort();
        let mut answer = post(&client, "/organizations", &key, body.clone()).await;
        while answer.status == 409 {
            assert_eq!(
                answer.json["code"], "idempotency_running",
                "{}",
                answer.json
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer = post(&client, "/organizations", &key, body.clone()).await;
        }
        answer.assert_status(201);
        assert_eq!(organizations(&client).await, n as usize + 1);
    }
}

#[tokio::test]
async fn sec_h9_a_key_belongs_to_one_request_of_one_token_for_a_day() {
    let (house, client) = started().await;
    post(&client, "/organizations", "k", json!({"name": "Acme"}))
        .await
        .assert_status(201);
    for (path, body) in [
        ("/organizations", json!({"name": "B"})),
        ("/tokens", json!({"name": "Acme", "scope": "read"})),
    ] {
        let refused = post(&client, path, "k", body)
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"][0]["field"], "Idempotency-Key");
    }
    let other = house.client("alice@acme.test").await;
    post(&other, "/organizations", "k", json!({"name": "B"}))
        .await
        .assert_status(201);
    assert_eq!(organizations(&client).await, 2);
    house.clock.advance(DAY - HOUR);
    assert_eq!(
        post(&client, "/organizations", "k", json!({"name": "Acme"}))
            .await
            .header("idempotent-replayed"),
        "true"
    );
    house.clock.advance(2 * HOUR);
    assert_eq!(
        post(&client, "/organizations", "k", json!({"name": "Acme"}))
            .await
            .assert_problem(409, "slug_taken")
            .json["existing_id"],
        "acme-2"
    );
    for key in ["", &"x".repeat(256)] {
        post(&client, "/organizations", key, json!({"name": "C"}))
            .await
            .assert_problem(400, "malformed");
    }
}

#[tokio::test]
async fn sec_h9_a_refusal_keeps_no_key() {
    let (_house, client) = started().await;
    post(&client, "/organizations", "k", json!({"name": ""}))
        .await
        .assert_problem(422, "invalid");
    post(&client, "/organizations", "k", json!({"name": "Acme"}))
        .await
        .assert_status(201);
    post(
        &client,
        "/organizations",
        "k2",
        json!({"name": "Acme", "slug": "acme"}),
    )
    .await
    .assert_problem(409, "slug_taken");
    post(
        &client,
        "/organizations",
        "k2",
        json!({"name": "Acme", "slug": "acme-2"}),
    )
    .await
    .assert_status(201);
}

#[tokio::test]
async fn sec_h6_a_repeated_answer_has_no_secret_and_none_is_stored() {
    let (house, client) = started().await;
    let body = json!({"name": "CI", "scope": "read"});
    let first = post(&client, "/tokens", "k", body.clone())
        .await
        .assert_status(201);
    let secret = first.json["secret"].as_str().expect("the secret, once");
    let again = post(&client, "/tokens", "k", body).await.assert_status(201);
    assert_eq!(
        (&again.json["id"], &again.json["secret"]),
        (&first.json["id"], &Value::Null)
    );
    let mut database = Database::open(&house.database_url).await;
    let kept = database.texts("SELECT body FROM idempotency_keys").await;
    assert!(kept.len() == 1 && !kept[0].contains(secret), "{kept:?}");
}

#[tokio::test]
async fn sec_z9_an_answer_is_not_repeated_to_somebody_who_may_no_longer_ask() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let bob = house.client("bob@acme.test").await;
    let org = bob.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!(
        "/organizations/{org}/members/{}/suspend",
        acme.member_id("carol@acme.test").await
    );
    post(&bob, &path, "k", json!({})).await.assert_status(200);
    assert_eq!(
        post(&bob, &path, "k", json!({}))
            .await
            .assert_status(200)
            .header("idempotent-replayed"),
        "true"
    );
    let bob_row = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob_row}/remove"), &[])
        .await
        .assert_status(303);
    post(&bob, &path, "k", json!({}))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn sec_r1_a_change_whose_answer_died_with_the_process_is_not_done_again() {
    let (house, client) = started().await;
    let body = json!({"name": "Acme"});
    post(&client, "/organizations", "k", body.clone())
        .await
        .assert_status(201);
    let mut database = Database::open(&house.database_url).await;
    // As it stands when the process ends between the change and the keeping of its answer.
    database
        .run("UPDATE idempotency_keys SET status = 0, body = ''")
        .await;
    post(&client, "/organizations", "k", body.clone())
        .await
        .assert_problem(409, "idempotency_running");
    house.clock.advance(3 * MINUTE);
    post(&client, "/organizations", "k", body.clone())
        .await
        .assert_problem(409, "idempotency_answer_lost");
    assert_eq!(organizations(&client).await, 1);
    // And when it ends before the change.
    database
        .run("UPDATE idempotency_keys SET status = NULL")
        .await;
    post(&client, "/organizations", "k", json!({"name": "Other"}))
        .await
        .assert_status(201);
}

#[tokio::test]
async fn sec_r1_the_change_itself_notes_that_it_was_done() {
    let (house, client) = started().await;
    let mut database = Database::open(&house.database_url).await;
    // The answer can't be kept: the change is there, and the key says so.
    let trigger = if database.is_sqlite() {
        "CREATE TRIGGER broken BEFORE UPDATE ON idempotency_keys WHEN NEW.status > 0 BEGIN SELECT RAISE(ABORT, 'broken'); END"
    } else {
        "CREATE FUNCTION broken() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''broken''; END' LANGUAGE plpgsql;
         CREATE TRIGGER broken BEFORE UPDATE ON idempotency_keys FOR EACH ROW WHEN (NEW.status > 0) EXECUTE FUNCTION broken()"
    };
    database.run(trigger).await;
    post(&client, "/organizations", "k", json!({"name": "Acme"}))
        .await
        .assert_problem(500, "internal");
    house.clock.advance(3 * MINUTE);
    post(&client, "/organizations", "k", json!({"name": "Acme"}))
        .await
        .assert_problem(409, "idempotency_answer_lost");
    assert_eq!(organizations(&client).await, 1);
}
