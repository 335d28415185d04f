//! How mail leaves: over which wire, and where it waits when there is none.

use crate::support::mailbox::Mode;
use crate::support::{House, Settings, Wire};

async fn mail_arrives_encrypted(wire: Wire) -> bool {
    let house = House::start_with(Settings::new().wire(wire)).await;
    house
        .browser()
        .submit("/sign-in", &[("email", "nina@x.test")])
        .await
        .assert_says("Look in your mailbox");
    house
        .mailbox
        .wait_for("nina@x.test", "Sign in")
        .await
        .encrypted
}

#[tokio::test]
async fn mail_goes_plain_on_loopback_and_encrypted_by_starttls_or_tls() {
    assert!(!mail_arrives_encrypted(Wire::Plain).await);
    assert!(mail_arrives_encrypted(Wire::StartTls).await);
    assert!(mail_arrives_encrypted(Wire::Tls).await);
}

#[tokio::test]
async fn a_mail_has_a_text_and_an_html_part_and_says_that_a_program_sent_it() {
    let house = House::start().await;
    house
        .browser()
        .submit("/sign-in", &[("email", "nina@x.test")])
        .await;
    let mail = house.mailbox.wait_for("nina@x.test", "Sign in").await;
    assert!(
        mail.html.contains(&mail.link("/sign-in/")) && mail.text.contains(&mail.code()),
        "{}",
        mail.raw
    );
    assert_eq!(
        mail.header("Auto-Submitted").map(str::trim),
        Some("auto-generated")
    );
    assert_eq!(mail.to, ["nina@x.test"]);
}

#[tokio::test]
async fn sec_r5_a_mail_server_that_is_down_delays_a_mail_and_loses_none() {
    let house = House::start().await;
    house.mailbox.set_mode(Mode::Down);
    house
        .browser()
        .submit("/sign-in", &[("email", "nina@x.test")])
        .await
        .assert_says("Look in your mailbox");
    house.wait_until("SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND attempts = 1 AND last_error <> ''", 1).await;
    house.mailbox.set_mode(Mode::Ok);
    house.clock.advance(roster::clock::MINUTE);
    house.mailbox.wait_for("nina@x.test", "Sign in").await;
    house
        .wait_until("SELECT COUNT(*) FROM outbox WHERE state = 'done'", 1)
        .await;
    assert_eq!(house.mailbox.all().len(), 1, "once, and only once");
}

#[tokio::test]
async fn without_a_mail_server_mail_lands_as_a_file() {
    let house = House::start_with(Settings::new().no_mail_server()).await;
    house
        .browser()
        .submit("/sign-in", &[("email", "nina@x.test")])
        .await
        .assert_says("Look in your mailbox");
    house
        .wait_until("SELECT COUNT(*) FROM outbox WHERE state = 'done'", 1)
        .await;
    let mails: Vec<_> = std::fs::read_dir(house.data_dir().join("mail"))
        .expect("a folder")
        .filter_map(Result::ok)
        .collect();
    assert_eq!(mails.len(), 1);
    assert!(
        std::fs::read_to_string(mails[0].path())
            .expect("a file")
            .contains("nina@x.test")
    );
}
