//! Sessions and the security page.

use crate::sign_in::{asked, is_in};
use crate::support::database::Database;
use crate::support::{Browser, House, acme};
use roster::clock::{DAY, HOUR, MINUTE};

fn cookie(browser: &Browser) -> String {
    browser.cookies[roster::web::COOKIE].clone()
}

#[tokio::test]
async fn sec_s1_a_chosen_session_id_is_never_taken_up_and_signing_in_gives_a_new_one() {
    let house = House::start().await;
    let mut browser = house.browser();
    let chosen = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    browser
        .cookies
        .insert(roster::web::COOKIE.into(), chosen.clone());
    browser
        .post("/sign-in", &[("email", "nina@x.test")])
        .await
        .assert_status(303);
    let before = cookie(&browser);
    assert_ne!(before, chosen);
    let code = house
        .mailbox
        .wait_for("nina@x.test", "Sign in")
        .await
        .code();
    let mut old = browser.another_tab();
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    assert_ne!(cookie(&browser), before);
    assert!(is_in(&mut browser).await);
    assert!(
        !is_in(&mut old).await,
        "the id from before the sign-in is worth nothing"
    );
    let first = cookie(&browser);
    let (link, _) = asked(&house, &mut browser, "nina@x.test").await;
    let mut old = browser.another_tab();
    browser.post(&link, &[]).await.assert_status(303);
    assert_ne!(
        cookie(&browser),
        first,
        "signing in again gives a new id too"
    );
    assert!(!is_in(&mut old).await);
}

#[tokio::test]
async fn sec_s2_a_request_under_way_does_not_revive_a_session_that_was_signed_out() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    let mut database = Database::open(&house.database_url).await;
    // Holds a request that writes to its session after what it has to do.
    let hold = if database.is_sqlite() {
        "BEGIN IMMEDIATE"
    } else {
        "BEGIN; LOCK TABLE email_proofs IN EXCLUSIVE MODE"
    };
    database.run(hold).await;
    let mut slow_tab = browser.another_tab();
    let slow =
        tokio::spawn(async move { slow_tab.post("/sign-in", &[("email", "p@x.test")]).await });
    assert!(still_under_way(&slow).await);
    let mut old = browser.another_tab();
    let out = tokio::spawn(async move { browser.post("/sign-out", &[]).await });
    if database.is_sqlite() {
        assert!(still_under_way(&out).await);
        database.run("COMMIT").await;
    }
    let out = out.await.expect("an answer").assert_status(303);
    if !database.is_sqlite() {
        database.run("COMMIT").await;
    }
    assert_eq!(slow.await.expect("an answer").status, 303);
    assert_eq!(out.headers["clear-site-data"], "\"cache\", \"storage\"");
    let gone = out.headers.get_all("set-cookie").iter().any(|c| {
        c.to_str()
            .is_ok_and(|c| c.starts_with("sid=; Path=/; Max-Age=0"))
    });
    assert!(gone);
    assert!(!is_in(&mut old).await);
    assert_eq!(
        database
            .number(
                "SELECT COUNT(*) FROM sessions WHERE user_id IS NOT NULL AND revoked_at IS NULL"
            )
            .await,
        0
    );
}

#[tokio::test]
async fn noting_a_visit_never_holds_what_a_sign_in_waits_for() {
    let house = House::start().await;
    let mut database = Database::open(&house.database_url).await;
    if database.is_sqlite() {
        return; // Writes come one at a time there.
    }
    let mut acme = acme(&house).await;
    house
        .execute("UPDATE members SET last_active_at = 0; UPDATE users SET last_org_id = NULL")
        .await;
    // A sign-in locks the account first and writes to the memberships then.
    database
        .run("BEGIN; UPDATE users SET revision = revision + 1")
        .await;
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    house.wait_until(waiting, 1).await;
    database
        .run("UPDATE members SET verified = verified; COMMIT")
        .await;
    house
        .wait_until(
            "SELECT COUNT(*) FROM users WHERE last_org_id IS NOT NULL",
            1,
        )
        .await;
}

/// Gives a request the time to arrive, and says whether it waits there.
async fn still_under_way<T>(request: &tokio::task::JoinHandle<T>) -> bool {
    let until = std::time::Instant::now() + std::time::Duration::from_millis(500);
    while std::time::Instant::now() < until && !request.is_finished() {
        tokio::task::yield_now().await;
    }
    !request.is_finished()
}

#[tokio::test]
async fn sec_s2_private_pages_are_not_kept_by_the_browser() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    assert_eq!(
        browser.get("/account/security").await.headers["cache-control"],
        "no-store"
    );
}

#[tokio::test]
async fn sec_s2_over_https_the_removal_cookie_is_secure_and_bound_to_the_host() {
    let house = House::start_with(
        crate::support::Settings::new().set("--public-url", "https://roster.example.com"),
    )
    .await;
    let mut browser = house.browser();
    let page = browser.post("/sign-out", &[]).await.assert_status(303);
    let cookies: Vec<_> = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().expect("text").to_owned())
        .collect();
    assert!(
        cookies
            .iter()
            .any(|c| c == "__Host-sid=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"),
        "{cookies:?}"
    );
    let page = browser
        .post("/sign-in", &[("email", "nina@x.test")])
        .await
        .assert_status(303);
    let cookie = page.headers["set-cookie"].to_str().expect("text");
    for part in [
        "__Host-sid=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Secure",
        "; Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[tokio::test]
async fn sec_s3_signing_out_everywhere_ends_every_session_and_on_demand_every_token() {
    let house = House::start().await;
    let mut one = house.sign_in("nina@x.test").await;
    let (mut two, mut three) = (
        house.sign_in("nina@x.test").await,
        house.sign_in("nina@x.test").await,
    );
    let mut stranger = house.sign_in("omar@x.test").await;
    one.submit("/account/security/sessions/end-others", &[])
        .await
        .assert_says("2 sessions ended.");
    assert!(is_in(&mut one).await && !is_in(&mut two).await && !is_in(&mut three).await);
    let mut four = house.sign_in("nina@x.test").await;
    let mut database = Database::open(&house.database_url).await;
    database
        .run("INSERT INTO tokens (id, user_id, name, hash, prefix, scope, created_at) SELECT 'tok_x', id, 'x', 'x', 'x', 'read', 0 FROM users WHERE email = 'nina@x.test'")
        .await;
    let after = one
        .submit("/account/security/sessions/end-all", &[("tokens", "yes")])
        .await
        .assert_status(200);
    after
        .assert_says("You are signed out everywhere.")
        .assert_says("API tokens");
    assert!(!is_in(&mut one).await && !is_in(&mut four).await);
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM tokens WHERE revoked_at IS NULL")
            .await,
        0
    );
    assert!(is_in(&mut stranger).await);
}

#[tokio::test]
async fn sec_s4_a_session_ends_after_a_day_unused_and_a_clock_set_back_does_not_revive_it() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    house.clock.advance(23 * HOUR);
    assert!(is_in(&mut browser).await);
    wait_until_seen(&house, 22 * HOUR).await;
    house.clock.advance(23 * HOUR);
    assert!(is_in(&mut browser).await, "use keeps it alive");
    wait_until_seen(&house, 45 * HOUR).await;
    house.clock.advance(24 * HOUR);
    assert!(!is_in(&mut browser).await);
    house.clock.advance(-2 * DAY);
    assert!(
        !is_in(&mut browser).await,
        "it was ended when it was found too old"
    );
}

/// Waits for the note of the last use, which is written beside the request.
async fn wait_until_seen(house: &House, after: i64) {
    let mut database = Database::open(&house.database_url).await;
    let since = "SELECT COALESCE(MAX(last_seen_at - created_at), 0) FROM sessions WHERE user_id IS NOT NULL";
    while database.number(since).await < after {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sec_s4_a_session_in_use_ends_after_two_weeks() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    for hours in 1..=16 {
        house.clock.advance(20 * HOUR);
        assert!(is_in(&mut browser).await);
        wait_until_seen(&house, hours * 20 * HOUR).await;
    }
    house.clock.advance(16 * HOUR);
    assert!(!is_in(&mut browser).await);
}

#[tokio::test]
async fn sec_s4_the_strictest_organization_says_how_long_a_session_lives() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    database
        .run("UPDATE organizations SET session_idle_hours = 1 WHERE slug = 'acme-corp'")
        .await;
    house.clock.advance(HOUR);
    assert!(!is_in(&mut acme.carol).await);
    assert!(is_in(&mut acme.otto).await, "Globex allows a day");
}

#[tokio::test]
async fn sec_s5_a_lower_role_applies_to_a_page_that_is_still_open() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let (bob, carol) = (
        acme.member_id("bob@acme.test").await,
        acme.member_id("carol@acme.test").await,
    );
    acme.bob
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "viewer")],
        )
        .await
        .assert_status(303);
    acme.bob.htmx = true;
    acme.bob
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "viewer")],
        )
        .await
        .assert_status(403);
}

#[tokio::test]
async fn sec_s6_no_cookie_value_and_no_mailed_secret_stands_in_the_database() {
    let house = House::start().await;
    let mut browser = house.browser();
    let (link, code) = asked(&house, &mut browser, "nina@x.test").await;
    let anonymous = cookie(&browser);
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    let mut waiting = house.browser();
    let (open_link, open_code) = asked(&house, &mut waiting, "omar@x.test").await;
    let mut database = Database::open(&house.database_url).await;
    let secrets = [
        anonymous,
        cookie(&browser),
        cookie(&waiting),
        link[9..].to_owned(),
        open_link[9..].to_owned(),
        open_code,
    ];
    for (table, columns) in [
        ("sessions", "id_hash || public_id || data || ip || client"),
        (
            "email_proofs",
            "id || browser || COALESCE(link_hash, '') || COALESCE(code_hash, '') || next",
        ),
        ("outbox", "payload"),
        ("audit_events", "credential || changes || target_id"),
    ] {
        let text = database
            .texts(&format!("SELECT {columns} FROM {table}"))
            .await
            .join("\n");
        assert!(!text.is_empty());
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "{secret} stands in {table}"
            );
        }
    }
    if database.is_sqlite() {
        let file = std::fs::read(house.data_dir().join("roster.db")).expect("the file");
        let wal = std::fs::read(house.data_dir().join("roster.db-wal")).unwrap_or_default();
        for secret in &secrets[..5] {
            let found = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found(&file) && !found(&wal), "{secret}");
        }
    }
}

#[tokio::test]
async fn sec_s7_a_person_has_twenty_sessions_at_most_and_the_oldest_go() {
    let house = House::start().await;
    let mut first = house.sign_in("nina@x.test").await;
    let mut last = house.sign_in("nina@x.test").await;
    for _ in 0..23 {
        house.clock.advance(roster::clock::SECOND);
        last = house.sign_in("nina@x.test").await;
    }
    let page = last.get("/account/security").await.assert_status(200);
    assert_eq!(page.all("form[action$='/end']").len(), 20);
    assert!(!is_in(&mut first).await);
}

#[tokio::test]
async fn sec_s7_sessions_are_listed_and_ended_and_somebody_elses_does_not_exist() {
    let house = House::start().await;
    let mut one = house.sign_in("nina@x.test").await;
    house.clock.advance(MINUTE);
    let mut two = house.sign_in("nina@x.test").await;
    let mut omar = house.sign_in("omar@x.test").await;
    let page = one.get("/account/security").await.assert_status(200);
    let rows = page.all("section:nth-of-type(2) tbody tr");
    assert_eq!(
        rows.iter().filter(|row| row.contains("This one")).count(),
        1,
        "{rows:?}"
    );
    assert!(
        rows[0].contains("127.0.0.1") && rows[0].contains("a link from the operator"),
        "{rows:?}"
    );
    let other = page
        .attribute(
            "section:nth-of-type(2) tbody tr:not(:has(.pill)) form",
            "action",
        )
        .expect("a form");
    let unknown = omar
        .post(
            "/account/security/sessions/ses_00000000000000000000000000000000/end",
            &[],
        )
        .await
        .assert_status(404);
    let theirs = omar.post(&other, &[]).await.assert_status(404);
    assert_eq!(
        theirs.text().split("If you ask").next(),
        unknown.text().split("If you ask").next()
    );
    assert!(is_in(&mut two).await);
    one.submit(&other, &[])
        .await
        .assert_says("That session has ended.");
    assert!(!is_in(&mut two).await && is_in(&mut one).await);
}

#[tokio::test]
async fn ended_sessions_and_old_requests_are_deleted() {
    let house = House::start().await;
    let mut browser = house.browser();
    asked(&house, &mut browser, "nina@x.test").await;
    let kept = house.sign_in("omar@x.test").await;
    browser.post("/sign-out", &[]).await.assert_status(303);
    house.clock.advance(2 * DAY + HOUR);
    roster::accounts::clean_up(&house.app)
        .await
        .expect("it runs");
    let mut database = Database::open(&house.database_url).await;
    assert_eq!(
        database.number("SELECT COUNT(*) FROM email_proofs").await,
        0
    );
    assert_eq!(
        database.number("SELECT COUNT(*) FROM sessions").await,
        1,
        "{}",
        cookie(&kept)
    );
}
