//! What whoever watches the program can read, and who can't.

use crate::support::database::Database;
use crate::support::house::Settings;
use crate::support::tls::tls;
use crate::support::{House, acme};
use roster::clock::{DAY, HOUR};
use roster::outbox;

async fn read(house: &House, authorization: Option<&str>) -> (u16, String) {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls())
        .build()
        .expect("a client");
    let mut request = client.get(format!("{}/metrics", house.url));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn the_numbers_are_for_who_has_the_token_and_name_nobody() {
    let house = House::start_with(Settings::new().set("--metrics-token", "watch-me")).await;
    let mut acme = acme(&house).await;
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    acme.otto
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    assert_eq!(
        house
            .client("alice@acme.test")
            .await
            .get("/organizations")
            .await
            .status,
        200
    );
    for wrong in [
        None,
        Some("Bearer watch-m"),
        Some("Bearer watch-me2"),
        Some("Basic watch-me"),
        Some("watch-me"),
    ] {
        assert_eq!(read(&house, wrong).await.0, 401, "{wrong:?}");
    }
    let (status, text) = read(&house, Some("Bearer watch-me")).await;
    assert_eq!(status, 200, "{text}");
    let value = |line: &str| -> f64 {
        let found = text
            .lines()
            .find_map(|one| one.strip_prefix(line))
            .unwrap_or_else(|| panic!("{line} in {text}"));
        found.trim().parse().expect("a number")
    };
    assert!(
        value("roster_http_request_duration_seconds_count{door=\"page\",status=\"200\"}") >= 1.0
    );
    assert!(
        value("roster_http_request_duration_seconds_count{door=\"page\",status=\"404\"}") >= 1.0
    );
    assert_eq!(
        value("roster_http_request_duration_seconds_count{door=\"api\",status=\"200\"}"),
        1.0
    );
    assert!(text.ends_with("# EOF\n"));
    for name in ["acme", "Acme", "alice"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert_eq!(
        read(&House::start().await, Some("Bearer ")).await.0,
        404,
        "without the setting there is nothing"
    );
}

#[tokio::test]
async fn mail_that_waits_or_was_given_up_is_counted_and_forgotten_after_thirty_days() {
    let house = House::start_with(Settings::new().set("--metrics-token", "watch-me")).await;
    let mut database = Database::open(&house.database_url).await;
    house
        .browser()
        .post("/sign-in", &[("email", "dora@acme.test")])
        .await
        .assert_status(303);
    while database
        .number("SELECT COUNT(*) FROM outbox WHERE state = 'done'")
        .await
        == 0
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let job = |id: &str, state: &str, due: i64| {
        format!(
            "INSERT INTO outbox (id, kind, payload, state, due_at, created_at) VALUES ('{id}', 'mail', '{{', '{state}', {due}, 0)"
        )
    };
    let now = house.app.now();
    // A worker has the first on a lease.
    database
        .run(&job("job_leased", "queued", now + 60 * DAY))
        .await;
    database.run(&job("job_failed", "failed", now - HOUR)).await;
    let (_, text) = read(&house, Some("Bearer watch-me")).await;
    assert!(
        text.contains("roster_outbox_jobs{state=\"queued\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("roster_outbox_jobs{state=\"failed\"} 1\n"),
        "{text}"
    );
    assert_eq!(outbox::forget_old(&house.app).await.expect("it is done"), 0);
    house.clock.advance(29 * DAY);
    assert_eq!(
        outbox::forget_old(&house.app).await.expect("it is done"),
        0,
        "kept for thirty days"
    );
    house.clock.advance(2 * DAY);
    assert_eq!(
        outbox::forget_old(&house.app).await.expect("it is done"),
        2,
        "the sent one and the failed one"
    );
    assert_eq!(
        database
            .texts("SELECT id FROM outbox WHERE id = 'job_leased'")
            .await
            .len(),
        1,
        "what waits is not forgotten"
    );
}
