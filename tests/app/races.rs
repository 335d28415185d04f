//! Two at once, on every database: whoever comes second finds what the first one left, and nothing is half done.

use crate::support::database::Database;
use crate::support::mailbox::{Mailbox, Mode};
use crate::support::process::Process;
use crate::support::{Browser, House, acme, people};
use roster::access::OrgRole;
use roster::ids::MemberId;
use roster::members;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Forms that set a role and need not be asked whether they mean it.
const ADMIN: [(&str, &str); 2] = [("role", "admin"), ("confirmed", "yes")];
const MEMBER: [(&str, &str); 2] = [("role", "member"), ("confirmed", "yes")];

/// Acme Corp with two owners, and the ids of their rows.
async fn two_owners(house: &House) -> (Browser, Browser, String, String) {
    let acme = acme(house).await;
    let mut alice = acme.alice;
    let ids = [
        people::member_id(&mut alice, "acme-corp", "alice@acme.test").await,
        people::member_id(&mut alice, "acme-corp", "bob@acme.test").await,
    ];
    let [alice_id, bob_id] = ids;
    make_owner(house, &bob_id).await;
    (alice, acme.bob, alice_id, bob_id)
}

async fn make_owner(house: &House, member: &str) {
    let operator = house.system("acme-corp").await;
    members::change_role(
        &house.app,
        &operator,
        &MemberId::from(member),
        OrgRole::Owner,
    )
    .await
    .expect("the operator may");
}

async fn owners(database: &mut Database) -> i64 {
    let sql = "SELECT COUNT(*) FROM members m JOIN organizations o ON o.id = m.org_id WHERE o.slug = 'acme-corp' AND m.role = 'owner'";
    database.number(sql).await
}

/// The organization's chain of events is whole, and every event is in it.
async fn assert_chain_is_whole(database: &mut Database) {
    let broken = "SELECT COUNT(*) FROM audit_events e LEFT JOIN audit_events p ON p.stream = e.stream AND p.seq = e.seq - 1
                  WHERE e.seq > 1 AND (p.hash IS NULL OR p.hash <> e.prev_hash)";
    assert_eq!(
        database.number(broken).await,
        0,
        "each event carries the hash of the one before"
    );
}

#[tokio::test]
async fn sec_z7_two_owners_who_demote_each_other_leave_one_owner() {
    let house = House::start().await;
    let (mut alice, mut bob, alice_id, bob_id) = two_owners(&house).await;
    let mut database = Database::open(&house.database_url).await;
    let path = |id: &str| format!("/orgs/acme-corp/members/{id}/role");
    for round in 0..60 {
        let (of_bob, of_alice) = (path(&bob_id), path(&alice_id));
        let (first, second) =
            tokio::join!(alice.post(&of_bob, &ADMIN), bob.post(&of_alice, &ADMIN));
        for page in [&first, &second] {
            assert!(
                page.status < 500,
                "round {round}: {} {}",
                page.status,
                page.text()
            );
        }
        let left = owners(&mut database).await;
        assert!(
            left >= 1,
            "round {round}: nobody is left ({}, {})",
            first.status,
            second.status
        );
        make_owner(&house, &alice_id).await;
        make_owner(&house, &bob_id).await;
    }
    assert_chain_is_whole(&mut database).await;
}

#[tokio::test]
async fn sec_z7_two_owners_who_remove_each_other_or_step_down_leave_one_owner() {
    let house = House::start().await;
    let (mut alice, mut bob, alice_id, bob_id) = two_owners(&house).await;
    let mut database = Database::open(&house.database_url).await;
    for round in 0..20 {
        // Each steps down from their own role.
        let (own_a, own_b) = (
            format!("/orgs/acme-corp/members/{alice_id}/role"),
            format!("/orgs/acme-corp/members/{bob_id}/role"),
        );
        let (first, second) = tokio::join!(alice.post(&own_a, &MEMBER), bob.post(&own_b, &MEMBER));
        assert!(
            first.status < 500 && second.status < 500,
            "round {round}: {} {}",
            first.status,
            second.status
        );
        assert_eq!(owners(&mut database).await, 1, "round {round}");
        make_owner(&house, &alice_id).await;
        make_owner(&house, &bob_id).await;
    }
    let (remove_a, remove_b) = (
        format!("/orgs/acme-corp/members/{alice_id}/remove"),
        format!("/orgs/acme-corp/members/{bob_id}/remove"),
    );
    let (first, second) = tokio::join!(alice.post(&remove_b, &[]), bob.post(&remove_a, &[]));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [303, 404],
        "one removes the other, who then finds nothing here"
    );
    assert_eq!(owners(&mut database).await, 1);
    assert_chain_is_whole(&mut database).await;
}

#[tokio::test]
async fn s1_46_two_changes_of_one_role_at_once_are_both_told_in_order() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let mut database = Database::open(&house.database_url).await;
    let path = format!("/orgs/acme-corp/members/{carol}/role");
    for _ in 0..20 {
        let (a, b) = tokio::join!(
            acme.alice.post(&path, &[("role", "member")]),
            acme.bob.post(&path, &[("role", "viewer")])
        );
        assert_eq!((a.status, b.status), (303, 303));
    }
    let changes = database.texts("SELECT changes FROM audit_events WHERE action = 'member.role_changed' ORDER BY stream, seq").await;
    let word = |json: &str, key: &str| {
        serde_json::from_str::<serde_json::Value>(json).expect("JSON")[key]
            .as_str()
            .expect("a role")
            .to_owned()
    };
    for pair in changes.windows(2) {
        assert_eq!(
            word(&pair[0], "after"),
            word(&pair[1], "before"),
            "each starts from what the one before left"
        );
    }
    let role = database
        .texts(&format!("SELECT role FROM members WHERE id = '{carol}'"))
        .await
        .remove(0);
    assert_eq!(word(changes.last().expect("changes"), "after"), role);
    assert_chain_is_whole(&mut database).await;
}

/// Sends a form and goes away at once, without waiting for the answer.
async fn post_and_leave(house: &House, browser: &Browser, path: &str, form: &str) {
    let host = house.url.trim_start_matches("http://");
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        cookies.join("; "),
        form.len()
    );
    let mut stream = TcpStream::connect(host).await.expect("Roster listens");
    stream.write_all(request.as_bytes()).await.expect("sent");
}

#[tokio::test]
async fn sec_r9_a_client_that_leaves_in_the_middle_leaves_nothing_half_done() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let mut database = Database::open(&house.database_url).await;
    let mails_before = database.number("SELECT COUNT(*) FROM outbox").await;
    for n in 0..100 {
        let role = if n % 2 == 0 { "viewer" } else { "member" };
        post_and_leave(
            &house,
            &acme.alice,
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &format!("role={role}"),
        )
        .await;
        post_and_leave(
            &house,
            &acme.xenia,
            "/orgs/new",
            &format!("name=Left+{n}&slug=left-{n}"),
        )
        .await;
    }
    // Until what they began has ended: nothing is written any more.
    let mut last = database.fingerprint().await;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = database.fingerprint().await;
        if now == last {
            break;
        }
        last = now;
    }
    let events = database
        .number("SELECT COUNT(*) FROM audit_events WHERE action = 'member.role_changed'")
        .await;
    let mails = database.number("SELECT COUNT(*) FROM outbox").await - mails_before;
    assert_eq!(
        events, mails,
        "every change has its event and its mail, or neither"
    );
    let organizations = database
        .number("SELECT COUNT(*) FROM organizations WHERE slug LIKE 'left-%'")
        .await;
    for (what, sql) in [
        (
            "its slug",
            "SELECT COUNT(*) FROM organization_slugs WHERE slug LIKE 'left-%'",
        ),
        (
            "its owner",
            "SELECT COUNT(*) FROM members m JOIN organizations o ON o.id = m.org_id WHERE o.slug LIKE 'left-%' AND m.role = 'owner'",
        ),
        (
            "its first event",
            "SELECT COUNT(*) FROM audit_events e JOIN organizations o ON o.id = e.org_id WHERE o.slug LIKE 'left-%' AND e.seq = 1",
        ),
    ] {
        assert_eq!(
            database.number(sql).await,
            organizations,
            "every organization has {what}"
        );
    }
    assert_chain_is_whole(&mut database).await;
}

#[tokio::test]
async fn sec_r1_sec_r5_a_mail_outlives_the_program_that_was_sending_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = crate::support::house::new_database(folder.path()).await;
    let mailbox = Mailbox::start().await;
    mailbox.set_mode(Mode::Slow);
    let smtp = mailbox.url();
    let flags = ["--database-url", &url, "--smtp-url", &smtp];
    let mut first = Process::serve(folder.path(), &flags).await;
    let mut dora = Browser::new(&first.url);
    dora.post("/sign-in", &[("email", "dora@acme.test")])
        .await
        .assert_status(303);
    let mut database = Database::open(&url).await;
    // It is under way once the worker has taken it.
    while database
        .number("SELECT COUNT(*) FROM outbox WHERE attempts = 1")
        .await
        == 0
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.signal("KILL");
    first.ended(Duration::from_secs(5)).await;
    assert!(mailbox.all().is_empty(), "the server had not taken it");
    let job = database.texts("SELECT id FROM outbox").await.remove(0);
    mailbox.set_mode(Mode::Ok);
    // The dead worker's lease would end in two minutes.
    database.run("UPDATE outbox SET due_at = 0").await;
    let second = Process::serve(folder.path(), &flags).await;
    let mail = mailbox.wait_for("dora@acme.test", "ign in").await;
    assert_eq!(
        mail.header("Message-ID").map(str::trim),
        Some(format!("<{job}@localhost>").as_str()),
        "a mailbox could tell a second copy"
    );
    let cookies = dora.cookies;
    let mut dora = Browser::new(&second.url);
    dora.cookies = cookies;
    dora.post("/sign-in/code", &[("code", &mail.code())])
        .await
        .assert_status(303);
    assert_eq!(mailbox.all().len(), 1);
}
