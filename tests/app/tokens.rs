//! Personal API tokens: made, shown once, used, revoked.

use crate::support::client::Client;
use crate::support::{House, acme};
use roster::accounts::TokenScope;
use roster::clock::DAY;
use serde_json::json;
use std::process::Command;

#[tokio::test]
async fn sec_h6_a_token_is_shown_once_then_listed_and_revoked() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .get("/account/tokens")
        .await
        .assert_status(200)
        .assert_says("No tokens yet");
    let fields = [
        ("name", "Nightly export"),
        ("scope", "read"),
        ("days", "30"),
    ];
    let page = alice
        .post("/account/tokens/new", &fields)
        .await
        .assert_status(200)
        .assert_says("This is the only time it is shown.");
    let secret = page
        .attribute("#secret", "value")
        .expect("the secret is on the page");
    assert!(secret.starts_with("rst_") && secret.len() == 47, "{secret}");
    assert_eq!(page.headers["cache-control"], "no-store");

    let client = Client::new(&house.url, &secret);
    let me = client.get("/me").await.assert_status(200);
    assert_eq!(
        (&me.json["email"], &me.json["token"]["scope"]),
        (&json!("alice@acme.test"), &json!("read"))
    );

    let list = alice
        .get("/account/tokens")
        .await
        .assert_status(200)
        .assert_says("Nightly export")
        .assert_says("in 30 days");
    assert!(
        list.body.contains(&secret[..10]) && !list.body.contains(&secret),
        "the list has the first characters alone"
    );
    let id = list.attribute("tbody tr", "id").expect("a row");
    alice
        .get(&format!("/account/tokens/{id}/revoke"))
        .await
        .assert_status(200)
        .assert_says("Revoke “Nightly export”?");
    alice
        .submit(&format!("/account/tokens/{id}/revoke"), &[])
        .await
        .assert_says("“Nightly export” is revoked.");
    client
        .get("/me")
        .await
        .assert_problem(401, "unauthenticated");
    alice
        .post(&format!("/account/tokens/{id}/revoke"), &[])
        .await
        .assert_status(404);
}

#[tokio::test]
async fn sec_s7_somebody_elses_token_does_not_exist() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let token = house
        .client("alice@acme.test")
        .await
        .get("/tokens")
        .await
        .json["data"][0]["id"]
        .clone();
    let token = token.as_str().expect("an id");
    acme.otto
        .get(&format!("/account/tokens/{token}/revoke"))
        .await
        .assert_status(404);
    acme.otto
        .post(&format!("/account/tokens/{token}/revoke"), &[])
        .await
        .assert_status(404);
    house
        .client("otto@globex.test")
        .await
        .delete(&format!("/tokens/{token}"))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn a_token_lives_no_longer_than_it_was_made_for_nor_than_the_strictest_organization_says() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .alice
        .post(
            "/account/tokens/new",
            &[("name", "x"), ("scope", "write"), ("days", "366")],
        )
        .await
        .assert_status(422);
    page.assert_says("A token may live for 1 to 365 days");
    acme.alice
        .post(
            "/account/tokens/new",
            &[("name", " "), ("scope", "all"), ("days", "9")],
        )
        .await
        .assert_status(422);

    let client = house.client("alice@acme.test").await;
    for days in [0, -1, 366, i64::MAX] {
        let refused = client
            .post(
                "/tokens",
                json!({"name": "x", "scope": "read", "days": days}),
            )
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"][0]["field"], "days");
    }
    house.clock.advance(91 * DAY);
    client
        .get("/me")
        .await
        .assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn sec_z8_a_read_only_token_changes_nothing_and_no_token_makes_one_that_outlives_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let reader = house
        .client_that_may("alice@acme.test", TokenScope::Read)
        .await;
    let org = reader.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    reader
        .get(&format!("/organizations/{org}/members"))
        .await
        .assert_status(200);
    let path = format!("/organizations/{org}/members/{carol}");
    let refused = reader
        .put(&path, json!({"org_role": "admin"}))
        .await
        .assert_problem(403, "token_read_only");
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    reader
        .delete(&path)
        .await
        .assert_problem(403, "token_read_only");
    reader
        .post("/organizations", json!({"name": "Mine"}))
        .await
        .assert_problem(403, "token_read_only");
    reader
        .post("/tokens", json!({"name": "wider", "scope": "write"}))
        .await
        .assert_problem(403, "token_read_only");

    let writer = house.client("alice@acme.test").await;
    house.clock.advance(DAY);
    let refused = writer
        .post(
            "/tokens",
            json!({"name": "longer", "scope": "read", "days": 90}),
        )
        .await
        .assert_problem(422, "invalid");
    assert!(
        refused.json["errors"][0]["message"]
            .as_str()
            .is_some_and(|m| m.contains("outlives")),
        "{}",
        refused.json
    );
    let made = writer
        .post(
            "/tokens",
            json!({"name": "shorter", "scope": "read", "days": 88}),
        )
        .await
        .assert_status(201);
    let secret = made.json["secret"].as_str().expect("a secret");
    Client::new(&house.url, secret)
        .get("/me")
        .await
        .assert_status(200);
    let listed = writer.get("/tokens").await.assert_status(200);
    assert!(
        !listed.json.to_string().contains(secret),
        "the secret is in no list"
    );
    writer
        .delete(&format!(
            "/tokens/{}",
            made.json["id"].as_str().expect("an id")
        ))
        .await
        .assert_status(204);
    Client::new(&house.url, secret)
        .get("/me")
        .await
        .assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn sec_s6_a_copy_of_the_table_has_no_token_in_it() {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let made = roster::accounts::create_token_for(
        &house.app,
        "alice@acme.test",
        "x",
        TokenScope::Write,
        None,
    )
    .await
    .expect("a token");
    Client::new(&house.url, &made.secret)
        .get("/me")
        .await
        .assert_status(200);
    if house.database_url.starts_with("sqlite://") {
        let files = std::fs::read_dir(house.data_dir()).expect("the data folder");
        let bytes: Vec<u8> = files
            .flat_map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default())
            .collect();
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(has(&made.token.prefix), "the files are the right ones");
        assert!(
            !has(&made.secret[..20]),
            "the secret stands in the data folder"
        );
    }
}

#[tokio::test]
async fn the_operator_makes_a_token_on_the_command_line() {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let run = |args: Vec<&'static str>| {
        let (url, folder) = (house.database_url.clone(), house.data_dir().to_owned());
        tokio::task::spawn_blocking(move || {
            let program = Command::new(env!("CARGO_BIN_EXE_roster"))
                .args(["token", "create"])
                .args(args)
                .arg("--data-dir")
                .arg(folder)
                .args(["--database-url", &url])
                .output();
            program.expect("roster runs")
        })
    };
    let done = run(vec![
        "Alice@acme.test",
        "--name",
        "CI",
        "--read-only",
        "--days",
        "7",
    ])
    .await
    .expect("it ends");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let secret = String::from_utf8(done.stdout).expect("text");
    let client = Client::new(&house.url, secret.trim());
    assert_eq!(
        client.get("/me").await.assert_status(200).json["token"]["scope"],
        "read"
    );
    let expires = client.get("/tokens").await.json["data"][0]["expires_at"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert_eq!(
        expires,
        roster::clock::rfc3339(house.clock.now() + 7 * DAY)[..10].to_owned() + &expires[10..]
    );

    for (args, words) in [
        (
            vec!["nobody@acme.test", "--name", "CI"],
            "Nobody signs in as nobody@acme.test.",
        ),
        (
            vec!["alice@acme.test", "--name", "CI", "--days", "0"],
            "A token may live for 1 to 365 days",
        ),
    ] {
        let done = run(args).await.expect("it ends");
        assert!(!done.status.success() && done.stdout.is_empty());
        assert!(
            String::from_utf8_lossy(&done.stderr).contains(words),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}
