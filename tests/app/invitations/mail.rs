//! The mail itself, and what becomes of it.

use super::{assert_sound, copied_link, events, invitation_id, invite, invited, mailed_link};
use crate::support::database::Database;
use crate::support::mailbox::Mode;
use crate::support::{Browser, House, acme};
use roster::clock::{DAY, MINUTE};

/// Reloads the list until it says this: the worker writes on its own time.
async fn until_list_says(browser: &mut Browser, words: &str) -> String {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let page = browser
            .get("/orgs/acme-corp/invitations")
            .await
            .assert_status(200);
        if page.text().contains(words) {
            return page.text();
        }
        assert!(
            std::time::Instant::now() < deadline,
            "“{words}” never came: {}",
            page.text()
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_mail_says_who_what_until_when_and_what_they_will_see() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    invite(&mut acme.bob, "nina@x.test", "viewer")
        .await
        .assert_status(303);
    let mail = house.mailbox.wait_for("nina@x.test", "").await;
    assert_eq!(
        mail.subject,
        "Organization invite: Bob Tanaka invited you to Acme Corp"
    );
    let until = roster::clock::day(house.app.now() + 7 * DAY);
    for words in [
        "Bob Tanaka",
        "Acme Corp",
        "Viewer",
        "Reads what they are given",
        "UTC",
        &until,
        "You will see",
        "They will see",
        "nina@x.test",
    ] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
        assert!(mail.html.contains(words), "{words}: {}", mail.html);
    }
    let link = mail.link("/invitations/");
    assert_eq!(
        mail.text.matches("http").count(),
        1,
        "one link: {}",
        mail.text
    );
    assert_eq!(
        mail.html.matches("http").count(),
        1,
        "one link: {}",
        mail.html
    );
    assert!(mail.html.contains(&link));
    assert!(mail.raw.contains("multipart/alternative"));
    until_list_says(&mut acme.alice, "Sent").await;
}

#[tokio::test]
async fn sec_e2_names_in_the_mail_are_neither_code_nor_links() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let name = "<a href='https://evil.example'>Win</a> at evil.example/pay";
    alice
        .post("/orgs/new", &[("name", name), ("slug", "acme-corp")])
        .await
        .assert_status(303);
    let mut database = Database::open(&house.database_url).await;
    database.run("UPDATE users SET name = 'http://evil.example pay now <b>' WHERE email = 'alice@acme.test'").await;
    invite(&mut alice, "nina@x.test", "member")
        .await
        .assert_status(303);
    let mail = house.mailbox.wait_for("nina@x.test", "").await;
    for part in [&mail.subject, &mail.text, &mail.html] {
        assert!(!part.contains("evil.example"), "{part}");
        assert!(
            !part.contains("<a href='https") && !part.contains("<b>h"),
            "{part}"
        );
    }
    assert_eq!(
        mail.text.matches("://").count(),
        1,
        "one link: {}",
        mail.text
    );
    assert_eq!(mail.html.matches("href=\"").count(), 1, "{}", mail.html);
    let page = house
        .browser()
        .get(
            mail.link("/invitations/")
                .strip_prefix(&house.url)
                .expect("ours"),
        )
        .await
        .assert_status(200);
    assert!(!page.has("main a[href*=evil]"));
}

#[tokio::test]
async fn sec_i10_the_token_is_in_the_mail_and_nowhere_else() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let copied = copied_link(&house, &mut acme.alice, "nina@x.test").await;
    let secrets: Vec<&str> = [&link, &copied]
        .iter()
        .filter_map(|l| l.strip_prefix("/invitations/"))
        .collect();
    let mut browser = house.browser();
    browser.get(&copied).await.assert_status(200);
    browser
        .post(&format!("{copied}/accept"), &[])
        .await
        .assert_status(303);
    browser
        .submit(
            "/sign-in",
            &[("email", "nina@x.test"), ("next", "/invitations")],
        )
        .await
        .assert_status(200);
    house
        .mailbox
        .wait_for("nina@x.test", "Sign in to Roster")
        .await;
    for browser in [&mut acme.alice, &mut acme.carol] {
        for path in [
            "/orgs/acme-corp/invitations",
            "/orgs/acme-corp/members",
            "/orgs/acme-corp/members?status=invited",
        ] {
            let body = browser.get(path).await.body;
            assert!(
                secrets.iter().all(|secret| !body.contains(secret)),
                "{path}"
            );
        }
    }
    let mut database = Database::open(&house.database_url).await;
    for (table, columns) in [
        ("outbox", "payload || last_error"),
        ("invitations", "id || email || name || delivery_error"),
        ("invitation_links", "hash || invitation_id"),
        ("email_proofs", "address || next"),
        ("sessions", "data"),
        (
            "audit_events",
            "changes || target_id || target_name || credential",
        ),
    ] {
        for row in database
            .texts(&format!("SELECT {columns} FROM {table}"))
            .await
        {
            assert!(
                secrets.iter().all(|secret| !row.contains(secret)),
                "{table}: {row}"
            );
        }
    }
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM invitation_links")
            .await,
        2
    );
}

#[tokio::test]
async fn sec_r5_a_server_that_is_down_or_busy_delays_the_mail_and_one_comes_when_it_is_well() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (n, (mode, reason)) in [
        (Mode::Down, "it is tried again"),
        (Mode::Reject451, "451"),
        (Mode::DropDuringData, "it is tried again"),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("p{n}@x.test");
        house.mailbox.set_mode(mode);
        let begin = std::time::Instant::now();
        invite(&mut acme.alice, &address, "member")
            .await
            .assert_status(303);
        assert!(
            begin.elapsed().as_millis() < 1000,
            "the request waits for no mail server: {:?}",
            begin.elapsed()
        );
        let text = until_list_says(&mut acme.alice, reason).await;
        assert!(
            text.contains("Queued") && !text.contains("Not delivered"),
            "{mode:?}: {text}"
        );
        let link = copied_link(&house, &mut acme.alice, &address).await;
        house.browser().get(&link).await.assert_status(200);
        house.mailbox.set_mode(Mode::Ok);
        house.clock.advance(10 * MINUTE);
        let mailed = mailed_link(&house, &address).await;
        house.browser().get(&mailed).await.assert_status(200);
        house.browser().get(&link).await.assert_status(200);
        until_list_says(&mut acme.alice, "Sent").await;
        let mails: Vec<_> = house
            .mailbox
            .all()
            .into_iter()
            .filter(|m| m.to.contains(&address))
            .collect();
        assert_eq!(mails.len(), 1, "{mode:?}: exactly one");
        let id = invitation_id(&mut acme.alice, &address).await;
        acme.alice
            .post(&format!("/orgs/acme-corp/invitations/{id}/revoke"), &[])
            .await
            .assert_status(303);
    }
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_r5_a_repeated_mail_carries_the_same_message_id_and_both_links_work() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let first = {
        invite(&mut acme.alice, "nina@x.test", "member")
            .await
            .assert_status(303);
        let mail = house.mailbox.wait_for("nina@x.test", "invited you").await;
        until_list_says(&mut acme.alice, "Sent").await;
        mail
    };
    // As if the program had died after the server took the mail and before that was written down.
    let mut database = Database::open(&house.database_url).await;
    database
        .run("UPDATE outbox SET state = 'queued', due_at = 0 WHERE payload LIKE '%\"invitation\"%'")
        .await;
    house.app.wake();
    let second = house.mailbox.wait_for("nina@x.test", "invited you").await;
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert!(first.header("Message-ID").is_some());
    for mail in [&first, &second] {
        house
            .browser()
            .get(&mail.link("/invitations/"))
            .await
            .assert_status(200);
    }
}

#[tokio::test]
async fn sec_r5_a_refused_address_is_shown_with_the_reason_and_never_as_sent() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.mailbox.set_mode(Mode::Reject550);
    invite(&mut acme.alice, "gone@x.test", "member")
        .await
        .assert_status(303);
    let text = until_list_says(&mut acme.alice, "Not delivered").await;
    assert!(
        text.contains("550") && text.contains("No such person here") && !text.contains("Sent"),
        "{text}"
    );
    acme.alice
        .get("/orgs/acme-corp/members?status=invited")
        .await
        .assert_says("Not delivered")
        .assert_says("550");
    house.mailbox.set_mode(Mode::Ok);
    let id = invitation_id(&mut acme.alice, "gone@x.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_status(303);
    house
        .browser()
        .get(&mailed_link(&house, "gone@x.test").await)
        .await
        .assert_status(200);
    until_list_says(&mut acme.alice, "Sent").await;
}

#[tokio::test]
async fn it_is_not_called_sent_before_the_server_took_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.mailbox.set_mode(Mode::Slow);
    invite(&mut acme.alice, "nina@x.test", "member")
        .await
        .assert_status(303);
    let mut database = Database::open(&house.database_url).await;
    // The worker is on its way once it has made the link.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while database
        .number("SELECT COUNT(*) FROM invitation_links")
        .await
        == 0
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the worker never came"
        );
    }
    let page = acme
        .alice
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_says("Queued");
    assert!(!page.text().contains("Sent"), "{}", page.text());
    house.mailbox.set_mode(Mode::Ok);
    mailed_link(&house, "nina@x.test").await;
    until_list_says(&mut acme.alice, "Sent").await;
}

#[tokio::test]
async fn sec_e3_nothing_is_sent_for_an_invitation_that_ended_and_once_for_one_resent_meanwhile() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.mailbox.set_mode(Mode::Down);
    for address in ["revoked@x.test", "removed@x.test"] {
        let browser = if address == "removed@x.test" {
            &mut acme.bob
        } else {
            &mut acme.alice
        };
        invite(browser, address, "member").await.assert_status(303);
        until_list_says(&mut acme.alice, "it is tried again").await;
    }
    let id = invitation_id(&mut acme.alice, "revoked@x.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/revoke"), &[])
        .await
        .assert_status(303);
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob}/remove"), &[])
        .await
        .assert_status(303);
    invite(&mut acme.alice, "twice@x.test", "member")
        .await
        .assert_status(303);
    until_list_says(&mut acme.alice, "it is tried again").await;
    let id = invitation_id(&mut acme.alice, "twice@x.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_status(303);
    // A try that is under way would be put off from the later time.
    let mut database = Database::open(&house.database_url).await;
    while database
        .number("SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND last_error = ''")
        .await
        > 0
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    house.mailbox.set_mode(Mode::Ok);
    house.clock.advance(30 * MINUTE);
    let link = mailed_link(&house, "twice@x.test").await;
    house.browser().get(&link).await.assert_status(200);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while database
        .number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'")
        .await
        > 0
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the outbox is never empty"
        );
    }
    let to = |address: &str| {
        house
            .mailbox
            .all()
            .iter()
            .filter(|m| m.to.iter().any(|t| t == address))
            .count()
    };
    assert_eq!(
        (
            to("revoked@x.test"),
            to("removed@x.test"),
            to("twice@x.test")
        ),
        (0, 0, 1)
    );
    assert_eq!(events(&house, "invitation.revoked").await, 2);
}
