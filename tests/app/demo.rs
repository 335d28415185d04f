//! `roster demo`, and the mailbox that only demo and development have.

use crate::support::browser::Browser;
use crate::support::{House, Program};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// Asks for a page until it says something.
async fn until_says(browser: &mut Browser, path: &str, words: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !browser.get(path).await.assert_status(200).text().contains(words) {
        assert!(tokio::time::Instant::now() < deadline, "{path} never says “{words}”");
    }
}

#[tokio::test]
async fn the_demo_starts_filled_and_its_link_signs_in_as_alice() {
    let folder = folder();
    let program = Program::new(folder.path()).set("ROSTER_LISTEN", "127.0.0.1:0").set("ROSTER_DATABASE_URL", "postgres://not/for-demos");
    let mut running = program.start(&["demo"]);
    let url = running.read_until("Roster's demo is on").trim().rsplit(' ').next().expect("an address").to_owned();
    let link = running.read_until("/sign-in/").split_whitespace().last().expect("a link").to_owned();
    running.read_until("Ctrl-C");
    let mut alice = Browser::new(&url);
    alice.post(&link, &[]).await.assert_status(303);
    let page = alice.open("/").await.assert_status(200).assert_says("Members");
    assert_eq!(page.all(".banner").len(), 1, "every page says that this is a demo");
    assert!(page.body.contains("Northwind Labs"), "there is something to switch to");
    for (query, says) in [
        ("q=bob@acme.test", "Bob Tanaka"),
        ("role=billing", "Billing"),
        ("role=viewer", "Viewer"),
        ("status=suspended", "Suspended"),
        ("status=invited", "no such mailbox here"),
        ("status=expired", "karim.benali@contractor.test"),
        ("q=mira", "Mira Castellanos"),
    ] {
        alice.get(&format!("/orgs/acme-corp/members?{query}")).await.assert_status(200).assert_says(says);
    }
    alice
        .get("/orgs/acme-corp/resources")
        .await
        .assert_status(200)
        .assert_says("Revenue by region")
        .assert_says("Board numbers, draft only you");
    alice.get("/orgs/acme-corp/members?q=ada@brightman.test").await.assert_says("Ada Brightman (agency)");
    let verify = Program::new(&folder.path().join("demo")).run(&["audit", "verify"]).await;
    verify.assert_code(0).assert_says("Every event is as it was written.");
    program.run(&["demo", "--listen", "127.0.0.1:0"]).await.assert_code(1).assert_says("another demo runs on");

    let mut bob = Browser::new(&url);
    bob.submit("/sign-in", &[("email", "bob@acme.test"), ("next", "")]).await.assert_status(200);
    until_says(&mut bob, "/dev/mailbox", "Sign in to Roster").await;
    let mails = bob.get("/dev/mailbox").await;
    let mail = mails.attribute("tbody tr a", "href").expect("the newest mail");
    let sign_in = bob.get(&mail).await.assert_status(200).attribute("pre a", "href").expect("a link in it");
    bob.post(&sign_in, &[]).await.assert_status(303);
    bob.open("/").await.assert_status(200).assert_says("Everyone in Acme Corp");
    let html = bob.get(&format!("{mail}/html")).await.assert_status(200);
    assert!(html.headers["content-security-policy"].to_str().expect("text").contains("sandbox"));
}

#[tokio::test]
async fn sec_there_is_no_mailbox_outside_of_development() {
    let house = House::start().await;
    for path in ["/dev/mailbox", "/dev/mailbox/x", "/dev/mailbox/x/html"] {
        house.browser().get(path).await.assert_status(404);
    }
}

#[tokio::test]
async fn the_mailbox_shows_nothing_but_mails_of_ours() {
    let folder = folder();
    std::fs::write(folder.path().join("secret.eml"), "Subject: x\r\n\r\nsecret").expect("a file");
    let program = Program::new(folder.path()).set("ROSTER_LISTEN", "127.0.0.1:0").set("ROSTER_DEVELOPMENT", "1");
    let mut running = program.start(&[]);
    let url = running.read_until("Roster is on").trim().rsplit(' ').next().expect("an address").to_owned();
    let mut browser = Browser::new(&url);
    browser.get("/dev/mailbox").await.assert_status(200).assert_says("No mail was written yet.");
    for id in ["..%2Fsecret", "%2e%2e%2fsecret", "none"] {
        browser.get(&format!("/dev/mailbox/{id}")).await.assert_status(404);
    }
}
