//! Signing in by e-mail: the link, the code, what both refuse.

use crate::support::database::Database;
use crate::support::{Browser, House, Page, Settings};
use roster::clock::{HOUR, MINUTE};

/// Asks for a mail and reads it: link and code.
pub async fn asked(house: &House, browser: &mut Browser, email: &str) -> (String, String) {
    browser
        .submit("/sign-in", &[("email", email)])
        .await
        .assert_status(200)
        .assert_says("Look in your mailbox");
    let address = email.trim().to_ascii_lowercase();
    let mail = house.mailbox.wait_for(&address, "Sign in to Roster").await;
    let link = mail.link("/sign-in/");
    (
        link.strip_prefix(&house.url)
            .expect("the link leads here")
            .to_owned(),
        mail.code(),
    )
}

/// Whether somebody is signed in with this browser.
pub async fn is_in(browser: &mut Browser) -> bool {
    let page = browser.get("/orgs/new").await;
    assert!(
        page.status == 200 || page.location().starts_with("/sign-in?next="),
        "{} {}",
        page.status,
        page.text()
    );
    page.status == 200
}

fn wrong(code: &str) -> String {
    format!(
        "{:06}",
        (code.parse::<u32>().expect("six digits") + 1) % 1_000_000
    )
}

#[tokio::test]
async fn a_code_signs_in_and_leads_where_the_person_wanted_to_go() {
    let house = House::start().await;
    let mut browser = house.browser();
    let refused = browser.get("/orgs/new").await;
    assert_eq!(refused.location(), "/sign-in?next=%2Forgs%2Fnew");
    let page = browser.open("/orgs/new").await.assert_status(200);
    assert_eq!(
        page.attribute("input[name=next]", "value").as_deref(),
        Some("/orgs/new")
    );
    browser
        .submit(
            "/sign-in",
            &[("email", " Nina@X.test "), ("next", "/orgs/new")],
        )
        .await
        .assert_says("nina@x.test");
    let mail = house
        .mailbox
        .wait_for("nina@x.test", "Sign in to Roster")
        .await;
    let done = browser
        .post("/sign-in/code", &[("code", &mail.code())])
        .await
        .assert_status(303);
    assert_eq!(done.location(), "/orgs/new");
    assert!(is_in(&mut browser).await);
}

#[tokio::test]
async fn sec_a5_opening_a_link_changes_nothing_and_the_click_signs_in() {
    let house = House::start().await;
    let mut browser = house.browser();
    let (link, _) = asked(&house, &mut browser, "nina@x.test").await;
    let mut scanner = house.browser();
    for _ in 0..3 {
        scanner
            .get(&link)
            .await
            .assert_status(200)
            .assert_says("Go back to where you asked");
        browser
            .get(&link)
            .await
            .assert_status(200)
            .assert_says("sign in as nina@x.test");
    }
    scanner
        .post(&link, &[])
        .await
        .assert_status(403)
        .assert_says("only in the browser where it was asked for");
    assert!(!is_in(&mut scanner).await);
    browser.post(&link, &[]).await.assert_status(303);
    assert!(is_in(&mut browser).await);
    browser
        .get(&link)
        .await
        .assert_says("This link no longer works");
}

#[tokio::test]
async fn sec_a6_link_and_code_work_once_between_them() {
    let house = House::start().await;
    let mut browser = house.browser();
    let (link, code) = asked(&house, &mut browser, "nina@x.test").await;
    let mut tab = browser.another_tab();
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    tab.post(&link, &[]).await.assert_status(410);
    tab.post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(410);
}

#[tokio::test]
async fn sec_a6_a_newer_request_ends_the_older_one() {
    let house = House::start().await;
    let (mut first, mut second) = (house.browser(), house.browser());
    let (old_link, old_code) = asked(&house, &mut first, "nina@x.test").await;
    let (_, code) = asked(&house, &mut second, "NINA@x.test").await;
    first.post(&old_link, &[]).await.assert_status(410);
    first
        .post("/sign-in/code", &[("code", &old_code)])
        .await
        .assert_status(410);
    second
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn sec_a6_after_ten_minutes_both_are_dead() {
    let house = House::start().await;
    let mut browser = house.browser();
    let (link, code) = asked(&house, &mut browser, "nina@x.test").await;
    house.clock.advance(10 * MINUTE);
    browser
        .get(&link)
        .await
        .assert_says("This link no longer works");
    browser.post(&link, &[]).await.assert_status(410);
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(410);
    assert!(!is_in(&mut browser).await);
}

async fn at_once(
    count: usize,
    browser: &Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> Vec<(Browser, Page)> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        let mut tab = browser.another_tab();
        let path = path.to_owned();
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        tasks.spawn(async move {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            let page = tab.post(&path, &fields).await;
            (tab, page)
        });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn sec_a6_of_fifty_uses_at_once_one_signs_in() {
    for by_code in [true, false] {
        let house = House::start().await;
        let mut browser = house.browser();
        let (link, code) = asked(&house, &mut browser, "nina@x.test").await;
        let done = match by_code {
            true => at_once(50, &browser, "/sign-in/code", &[("code", &code)]).await,
            false => at_once(50, &browser, &link, &[]).await,
        };
        let mut signed_in = 0;
        for (mut tab, page) in done {
            assert!(
                matches!(page.status, 303 | 410),
                "{} {}",
                page.status,
                page.text()
            );
            signed_in += usize::from(page.status == 303 && is_in(&mut tab).await);
        }
        assert_eq!(signed_in, 1, "by code: {by_code}");
    }
}

#[tokio::test]
async fn sec_a7_five_wrong_codes_end_the_request_however_the_address_is_spelt() {
    let house = House::start().await;
    let mut browser = house.browser();
    let (link, code) = asked(&house, &mut browser, "Nina@x.test").await;
    for left in [
        "4 tries are left",
        "3 tries are left",
        "2 tries are left",
        "One try is left",
    ] {
        let page = browser
            .post("/sign-in/code", &[("code", &wrong(&code))])
            .await
            .assert_status(422);
        page.assert_says(left);
    }
    browser
        .post("/sign-in/code", &[("code", "12 34")])
        .await
        .assert_status(422)
        .assert_says("six digits");
    browser
        .post("/sign-in/code", &[("code", &wrong(&code))])
        .await
        .assert_status(410);
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(410);
    browser.post(&link, &[]).await.assert_status(410);
    // The account itself is not locked.
    let (_, code) = asked(&house, &mut browser, "nina@X.TEST").await;
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn sec_a7_who_goes_on_guessing_is_left_with_the_link() {
    let house = House::start().await;
    let mut browser = house.browser();
    for round in 0..4 {
        let (_, code) = asked(&house, &mut browser, "nina@x.test").await;
        for _ in 0..5 {
            browser
                .post("/sign-in/code", &[("code", &wrong(&code))])
                .await;
        }
        if round == 2 {
            house.clock.advance(HOUR);
        }
    }
    let (link, code) = asked(&house, &mut browser, "nina@x.test").await;
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(429)
        .assert_says("The link in the mail still works.");
    browser.post(&link, &[]).await.assert_status(303);
}

#[tokio::test]
async fn sec_a7_a_code_is_good_only_in_the_browser_that_asked() {
    let house = House::start().await;
    let (mut nina, mut mallory) = (house.browser(), house.browser());
    let (_, code) = asked(&house, &mut nina, "nina@x.test").await;
    asked(&house, &mut mallory, "mallory@x.test").await;
    mallory
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(422);
    house
        .browser()
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(410);
    nina.post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn sec_a8_an_address_gets_three_mails_an_hour_from_one_network() {
    let house = House::start().await;
    let mut browser = house.browser();
    for spelling in ["nina@x.test", "NINA@x.test", " nina@X.test"] {
        asked(&house, &mut browser, spelling).await;
    }
    let refused = browser
        .post("/sign-in", &[("email", "niNa@x.test")])
        .await
        .assert_status(429);
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .expect("text")
        .parse()
        .expect("seconds");
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    refused.assert_says("Use the newest one, or ask again in");
    asked(&house, &mut browser, "other@x.test").await;
    house.clock.advance(HOUR);
    asked(&house, &mut browser, "nina@x.test").await;
}

#[tokio::test]
async fn sec_a8_a_network_is_limited_whatever_it_says_in_x_forwarded_for() {
    let house = House::start().await;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(crate::support::tls::tls())
        .build()
        .expect("a client");
    let mut refused = 0;
    for n in 0..40 {
        let answer = client
            .post(format!("{}/sign-in", house.url))
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", format!("::ffff:10.0.0.{n}, 192.0.2.{n}"))
            .form(&[("email", format!("person{n}@x.test"))])
            .send()
            .await
            .expect("an answer");
        refused +=
            usize::from(answer.status() == 429 && answer.headers().contains_key("retry-after"));
    }
    assert!(refused >= 15, "{refused}");
}

#[tokio::test]
async fn sec_a9_known_and_unknown_addresses_get_the_same_answer() {
    let house = House::start().await;
    house.sign_in("known@x.test").await;
    let mut bodies = Vec::new();
    for email in ["known@x.test", "fresh@x.test"] {
        let mut browser = house.browser();
        let page = browser
            .post("/sign-in", &[("email", email)])
            .await
            .assert_status(303);
        assert_eq!(page.location(), "/sign-in/code");
        bodies.push(browser.get("/sign-in/code").await.body.replace(email, "…"));
    }
    assert_eq!(bodies[0], bodies[1]);
    let mails = [
        house.mailbox.wait_for("known@x.test", "").await,
        house.mailbox.wait_for("fresh@x.test", "").await,
    ];
    assert_eq!(mails[0].subject, mails[1].subject);
}

/// Medians of times would be judged on a busy machine; that the same is written for both is judged exactly.
#[tokio::test]
async fn sec_a9_known_and_unknown_addresses_cost_the_same_work() {
    let house = House::start().await;
    house.sign_in("known@x.test").await;
    let mut database = Database::open(&house.database_url).await;
    let mut written = Vec::new();
    for email in ["known@x.test", "fresh@x.test"] {
        let mut browser = house.browser();
        let before = database.fingerprint().await;
        browser
            .post("/sign-in", &[("email", email)])
            .await
            .assert_status(303);
        house.mailbox.wait_for(email, "").await;
        house
            .wait_until("SELECT COUNT(*) FROM outbox WHERE state = 'queued'", 0)
            .await;
        let after = database.fingerprint().await;
        written.push(
            before
                .into_iter()
                .zip(after)
                .map(|((table, was), (_, is))| (table, is - was))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn sec_a4_addresses_that_only_look_alike_are_refused_or_different_people() {
    let house = House::start().await;
    let mut browser = house.browser();
    for bad in [
        "nin\u{131}@x.test",
        "nina@x.test,eve@y.test",
        "nina@x.test eve@y.test",
        "\u{212a}im@x.test",
        "a@b@c.test",
        "nina",
        "",
        "nina@x.test\n",
    ] {
        let page = browser.post("/sign-in", &[("email", bad)]).await;
        assert!(
            page.status == 422 || bad.trim() != bad,
            "{bad:?} {}",
            page.status
        );
    }
    let page = browser
        .post("/sign-in", &[("email", "no address")])
        .await
        .assert_status(422);
    assert_eq!(
        page.attribute("#email", "value").as_deref(),
        Some("no address")
    );
    assert_eq!(
        page.attribute("#email", "aria-invalid").as_deref(),
        Some("true")
    );
}

#[tokio::test]
async fn sec_w3_next_leads_to_our_own_pages_only() {
    let house = House::start().await;
    for evil in [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test",
        "/x/..//evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        let mut browser = house.browser();
        let page = browser
            .get(&format!("/sign-in?next={encoded}"))
            .await
            .assert_status(200);
        assert_eq!(
            page.attribute("input[name=next]", "value").as_deref(),
            Some(""),
            "{evil}"
        );
        let out = browser
            .post("/sign-out", &[("next", evil)])
            .await
            .assert_status(303);
        assert_eq!(out.location(), "/sign-in", "{evil}");
    }
    let mut browser = house.browser();
    browser
        .submit(
            "/sign-in",
            &[("email", "nina@x.test"), ("next", "//evil.test/")],
        )
        .await
        .assert_status(200);
    let code = house
        .mailbox
        .wait_for("nina@x.test", "Sign in")
        .await
        .code();
    let page = browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    assert_eq!(page.location(), "/");
}

#[tokio::test]
async fn sec_w4_links_in_mails_begin_with_the_configured_address() {
    let house =
        House::start_with(Settings::new().set("--public-url", "https://roster.example.com")).await;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::support::tls::tls())
        .build()
        .expect("a client");
    let answer = client
        .post(format!("{}/sign-in", house.url))
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-host", "evil.test")
        .header("forwarded", "host=evil.test;proto=http")
        .form(&[("email", "nina@x.test")])
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success() || answer.status().is_redirection());
    let mail = house.mailbox.wait_for("nina@x.test", "Sign in").await;
    assert!(
        mail.link("/sign-in/")
            .starts_with("https://roster.example.com/sign-in/")
    );
    assert!(!mail.raw.contains("evil.test"));
}

#[tokio::test]
async fn sec_a14_fields_that_nobody_may_set_are_refused() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    for (path, known) in [
        ("/sign-in", "email"),
        ("/account/security/addresses", "email"),
        ("/account/security/addresses/primary", "address"),
    ] {
        for field in [
            "verified_at",
            "email_verified",
            "role",
            "id",
            "user_id",
            "status",
        ] {
            browser
                .post(path, &[(known, "nina@x.test"), (field, "1")])
                .await
                .assert_status(400);
        }
    }
}

#[tokio::test]
async fn who_is_signed_in_can_sign_in_again_or_as_somebody_else() {
    let house = House::start().await;
    let mut browser = house.sign_in("nina@x.test").await;
    let page = browser.get("/sign-in").await.assert_status(200);
    assert_eq!(
        page.attribute("#email", "value").as_deref(),
        Some("nina@x.test")
    );
    page.assert_says("You are signed in as nina@x.test");
    let mut before = browser.another_tab();
    let (_, code) = asked(&house, &mut browser, "omar@x.test").await;
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    browser
        .get("/account/security")
        .await
        .assert_says("omar@x.test Primary");
    assert!(!is_in(&mut before).await, "the session before has ended");
}
