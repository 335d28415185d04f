//! Personal data that goes out of the audit log: all of it, for good, with the chain whole and the log saying so.

use crate::support::program::Program;
use crate::support::{Acme, House, Page, acme};
use roster::audit::{self, Category, Event};
use std::path::Path;

const LOG: &str = "/orgs/acme-corp/audit";
const ACMES: &str = "stream = (SELECT org_id FROM organization_slugs WHERE slug = 'acme-corp')";

/// Acme, where Carol was added, changed, did something herself, was invited elsewhere, and has deleted her account; and its id.
async fn started() -> (House, Acme, String) {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let user = house.client("carol@acme.test").await.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for role in ["admin", "viewer"] {
        acme.bob
            .post(
                &format!("/orgs/acme-corp/members/{carol}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    acme.bob
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "not.carol@acme.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    acme.otto
        .post(
            "/orgs/globex/members/invite",
            &[("email", "carol@acme.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    acme.carol
        .post("/account/profile", &[("name", "Caro R.")])
        .await
        .assert_status(303);
    acme.carol
        .post("/orgs/new", &[("name", "Carol Reyes & friends")])
        .await
        .assert_status(303);
    acme.carol
        .post(
            "/orgs/carol-reyes-friends/settings/delete",
            &[("confirm", "Carol Reyes & friends")],
        )
        .await
        .assert_status(303);
    acme.carol
        .post(
            "/account/security/delete",
            &[("confirm", "carol@acme.test")],
        )
        .await
        .assert_status(303);
    (house, acme, user)
}

async fn redact(house: &House, arguments: &[&str]) -> crate::support::program::Ran {
    Program::beside(house)
        .run(&[&["audit", "redact"], arguments].concat())
        .await
}

/// How many events hold a text in any column.
async fn with_text(house: &House, text: &str) -> i64 {
    let columns = [
        "actor_name",
        "ip",
        "client",
        "target_id",
        "target_name",
        "changes",
        "redacted",
    ];
    let any = columns
        .map(|column| format!("LOWER({column}) LIKE '%{text}%'"))
        .join(" OR ");
    house
        .count(&format!("SELECT COUNT(*) FROM audit_events WHERE {any}"))
        .await
}

fn sentences(page: &Page) -> Vec<String> {
    page.all("tbody .said")
}

#[tokio::test]
async fn sec_l2_somebodys_personal_data_goes_out_of_every_log_for_good_and_each_log_says_so() {
    let (house, mut acme, carol) = started().await;
    let redacted = "SELECT COUNT(*) FROM audit_events WHERE redacted <> ''";
    let everything = house.count("SELECT COUNT(*) FROM audit_events").await;
    redact(&house, &[&carol, "carol@acme.test"])
        .await
        .assert_code(0)
        .assert_says(&format!("Account: {carol}"))
        .assert_says("Looked for: carol@acme.test, caro r., caro-r, carol reyes, carol-reyes")
        .assert_says("acme-corp: 4 events")
        .assert_says("globex: 1 event")
        .assert_says("Nothing was changed");
    assert_eq!(house.count(redacted).await, 0);
    assert!(with_text(&house, "carol reyes").await > 4 && with_text(&house, "caro r.").await > 1);
    let done = redact(&house, &[&carol, "carol@acme.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("Each log says so");
    assert!(!done.out.contains("left as"), "{}", done.out);
    for text in ["carol reyes", "caro r.", "carol-reyes"] {
        assert_eq!(with_text(&house, text).await, 0, "{text}");
    }
    // Somebody else's address that has hers in it stays: not.carol@acme.test.
    assert_eq!(with_text(&house, "carol@acme.test").await, 1);
    let logs = house
        .count("SELECT COUNT(*) FROM audit_events WHERE action = 'audit.redacted'")
        .await;
    assert_eq!(
        house.count("SELECT COUNT(*) FROM audit_events").await,
        everything + logs
    );
    assert_eq!(
        logs, 4,
        "Acme, Globex, the organization that is gone, and her account"
    );
    let count = house.count(redacted).await;
    Program::beside(&house)
        .run(&["audit", "verify"])
        .await
        .assert_code(0)
        .assert_says(&format!("Every event is as it was written. {count} of them are redacted, as the log itself says."));
    redact(&house, &[&carol, "carol@acme.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("No event that can be redacted names this person");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'audit.redacted'")
            .await,
        logs
    );
    let said = sentences(&acme.alice.get(LOG).await);
    assert_eq!(
        said[0],
        "Operator redacted personal data of one person in 4 events"
    );
    assert!(
        said.contains(&"Bob Tanaka changed [redacted] from admin to viewer".to_owned()),
        "{said:?}"
    );
    assert!(said.contains(&"[redacted] left".to_owned()), "{said:?}");
}

#[tokio::test]
async fn sec_l2_what_is_redacted_shows_as_such_on_the_page_in_the_api_and_in_exports_which_verify()
{
    let (house, mut acme, carol) = started().await;
    redact(&house, &[&carol, "--yes"]).await.assert_code(0);
    let left = acme
        .alice
        .get(&format!("{LOG}?what=member.left"))
        .await
        .assert_says("Redacted: who did it, address, client, to what it was done");
    let event = left.attribute("tbody tr", "id").expect("an event");
    let page = acme
        .alice
        .get(&format!("{LOG}/{event}"))
        .await
        .assert_status(200);
    page.assert_says("Personal data was taken out of this event")
        .assert_says("[redacted] left");
    let check = acme
        .alice
        .get(&format!("{LOG}?check=0"))
        .await
        .assert_says("The chain is whole");
    check.assert_says("4 of them are redacted, as the log itself says.");
    let org = house.system("acme-corp").await.org.id.clone();
    let client = house.client("alice@acme.test").await;
    let one = client
        .get(&format!("/organizations/{org}/audit/{event}"))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        one["redacted_fields"],
        serde_json::json!(["actor_name", "ip", "client", "target_name"])
    );
    assert_eq!(
        (one["actor_name"].as_str(), one["salt"].as_str()),
        (Some("[redacted]"), Some(""))
    );
    let who = one["actor_id"].as_str().expect("an id");
    let found = client
        .get(&format!("/organizations/{org}/audit?user_id={who}"))
        .await
        .json;
    assert!(
        found["data"].as_array().is_some_and(|list| list.len() == 5),
        "what they did is still found by their id: {found}"
    );
    for format in ["csv", "jsonl"] {
        let text = acme
            .alice
            .post(&format!("{LOG}/export"), &[("format", format)])
            .await
            .assert_status(200)
            .body;
        assert!(
            text.contains("[redacted] left") && !text.contains("Carol Reyes"),
            "{text}"
        );
        let file = house.data_dir().join(format!("all.{format}"));
        std::fs::write(&file, &text).expect("a file");
        verify(&file, &[])
            .await
            .assert_code(0)
            .assert_says("4 of them are redacted, as events in the file say.");
        let part = acme
            .alice
            .post(
                &format!("{LOG}/export"),
                &[("format", format), ("what", "member.left")],
            )
            .await
            .assert_status(200)
            .body;
        std::fs::write(&file, &part).expect("a file");
        verify(&file, &["--filtered"])
            .await
            .assert_code(0)
            .assert_says("1 of them is redacted; the event that says so is not in the file.");
    }
}

async fn verify(file: &Path, more: &[&str]) -> crate::support::program::Ran {
    let folder = file.parent().expect("a folder");
    Program::new(folder)
        .run(&[&["audit", "verify", file.to_str().expect("a path")], more].concat())
        .await
}

async fn first_broken(house: &House) -> Option<i64> {
    let org = house.system("acme-corp").await.org.id.clone();
    let mut tx = house.app.db.read().await.expect("a connection");
    audit::first_broken(&mut tx, org.as_str())
        .await
        .expect("the chain is read")
}

#[tokio::test]
async fn sec_l2_a_redacted_event_changed_by_one_byte_in_any_column_is_found_and_named() {
    let (house, _acme, carol) = started().await;
    redact(&house, &[&carol, "--yes"]).await.assert_code(0);
    assert_eq!(first_broken(&house).await, None);
    let seq = house
        .count(&format!(
            "SELECT seq FROM audit_events WHERE {ACMES} AND action = 'member.left'"
        ))
        .await;
    let columns = [
        "id",
        "action",
        "actor_id",
        "actor_name",
        "credential",
        "ip",
        "client",
        "request_id",
        "target_kind",
        "target_id",
        "target_name",
        "changes",
        "salt",
        "redacted",
        "prev_hash",
        "hash",
    ];
    let at = format!("WHERE {ACMES} AND seq = {seq}");
    for column in columns {
        for (new, old) in [
            (
                format!("{column} || 'x'"),
                format!("SUBSTR({column}, 1, LENGTH({column}) - 1)"),
            ),
            (
                format!("{column} || ' '"),
                format!("SUBSTR({column}, 1, LENGTH({column}) - 1)"),
            ),
        ] {
            house
                .execute(&format!("UPDATE audit_events SET {column} = {new} {at}"))
                .await;
            assert_eq!(first_broken(&house).await, Some(seq), "{column}");
            house
                .execute(&format!("UPDATE audit_events SET {column} = {old} {at}"))
                .await;
            assert_eq!(first_broken(&house).await, None, "{column} is as it was");
        }
    }
    // Each byte of what stands for the texts that are gone.
    let length = house
        .count(&format!(
            "SELECT CAST(LENGTH(redacted) AS BIGINT) FROM audit_events {at}"
        ))
        .await;
    for place in (1..=length).step_by(7) {
        let flip = format!(
            "SUBSTR(redacted, 1, {}) || CASE SUBSTR(redacted, {place}, 1) WHEN '0' THEN '1' ELSE '0' END || SUBSTR(redacted, {})",
            place - 1,
            place + 1
        );
        house
            .execute(&format!(
                "UPDATE audit_events SET client = redacted, redacted = {flip} {at}"
            ))
            .await;
        assert_eq!(first_broken(&house).await, Some(seq), "byte {place}");
        house
            .execute(&format!(
                "UPDATE audit_events SET redacted = client, client = '[redacted]' {at}"
            ))
            .await;
    }
    assert_eq!(first_broken(&house).await, None);
}

#[tokio::test]
async fn sec_l2_a_text_cleared_without_its_mark_and_a_redaction_that_the_log_does_not_tell_of_are_found_and_named()
 {
    let (house, _acme, carol) = started().await;
    let seq = house
        .count(&format!(
            "SELECT seq FROM audit_events WHERE {ACMES} AND action = 'member.left'"
        ))
        .await;
    // Cleared as a redaction would, but without what stands for it.
    let before = house
        .count(&format!(
            "SELECT COUNT(*) FROM audit_events WHERE {ACMES} AND target_name = 'Caro R.'"
        ))
        .await;
    assert_eq!(before, 1);
    house
        .execute(&format!(
            "UPDATE audit_events SET target_name = '[redacted]' WHERE {ACMES} AND seq = {seq}"
        ))
        .await;
    assert_eq!(first_broken(&house).await, Some(seq));
    house
        .execute(&format!(
            "UPDATE audit_events SET target_name = 'Caro R.' WHERE {ACMES} AND seq = {seq}"
        ))
        .await;
    assert_eq!(first_broken(&house).await, None);
    redact(&house, &[&carol, "--yes"]).await.assert_code(0);
    // Whoever redacts and then takes the event away that tells of it, and is careful, sets the head back as well.
    let first = house
        .count(&format!(
            "SELECT CAST(MIN(seq) AS BIGINT) FROM audit_events WHERE {ACMES} AND redacted <> ''"
        ))
        .await;
    let last = house
        .count(&format!(
            "SELECT CAST(MAX(seq) AS BIGINT) FROM audit_events WHERE {ACMES}"
        ))
        .await;
    house
        .execute(&format!(
            "DELETE FROM audit_events WHERE {ACMES} AND seq = {last}"
        ))
        .await;
    house
        .execute(&format!(
            "UPDATE audit_heads SET seq = {0}, hash = (SELECT hash FROM audit_events WHERE {ACMES} AND seq = {0}) WHERE {ACMES}",
            last - 1
        ))
        .await;
    assert_eq!(first_broken(&house).await, Some(first));
    Program::beside(&house)
        .run(&["audit", "verify", "--organization", "acme-corp"])
        .await
        .assert_code(1)
        .assert_says(&format!(
            "acme-corp: event {first} has lost other texts than the log says were redacted"
        ));
}

#[tokio::test]
async fn sec_l2_others_of_the_same_name_and_words_that_are_roles_stay_as_they_are() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .add_member(
            "acme-corp",
            "other@acme.test",
            "Carol Reyes",
            roster::access::OrgRole::Member,
        )
        .await;
    house
        .add_member(
            "acme-corp",
            "admin@acme.test",
            "admin",
            roster::access::OrgRole::Member,
        )
        .await;
    let bob = acme.member_id("vera@acme.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_status(303);
    redact(&house, &["admin@acme.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("acme-corp: 1 event")
        .assert_says("still there");
    redact(&house, &["carol@acme.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("acme-corp: 1 event");
    let said = sentences(&acme.alice.get(LOG).await);
    assert!(
        said.contains(&"alice changed Vera Lind from viewer to admin".to_owned()),
        "{said:?}"
    );
    assert_eq!(
        said.iter()
            .filter(|said| *said == "Operator added Carol Reyes as member")
            .count(),
        1,
        "{said:?}"
    );
    assert_eq!(
        said.iter()
            .filter(|said| *said == "Operator added [redacted] as member")
            .count(),
        2,
        "{said:?}"
    );
    for whom in ["nobody", "usr_nobody"] {
        redact(&house, &[whom, "--yes"]).await.assert_code(1);
    }
    // Somebody who was invited and never came.
    acme.alice
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "new@x.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    redact(&house, &["New@x.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("acme-corp: 1 event");
    let said = sentences(&acme.alice.get(LOG).await);
    assert!(
        said.contains(&"alice invited [redacted] as member".to_owned()),
        "{said:?}"
    );
    assert_eq!(first_broken(&house).await, None);
}

#[tokio::test]
async fn sec_l2_an_event_that_was_changed_is_not_covered_up_by_redacting_it() {
    let (house, _acme, carol) = started().await;
    let seq = house
        .count(&format!(
            "SELECT seq FROM audit_events WHERE {ACMES} AND action = 'member.left'"
        ))
        .await;
    house
        .execute(&format!(
            "UPDATE audit_events SET request_id = 'x' WHERE {ACMES} AND seq = {seq}"
        ))
        .await;
    redact(&house, &[&carol, "--yes"]).await.assert_code(0).assert_says("acme-corp: 3 events").assert_says(&format!(
        "acme-corp: 1 event is left as it is: written before events could be redacted, or not as written (roster audit verify): {seq}"
    ));
    assert_eq!(first_broken(&house).await, Some(seq));
}

/// Whether a file has these bytes anywhere.
fn has_bytes(file: &Path, text: &str) -> bool {
    std::fs::read(file).is_ok_and(|bytes| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn sec_l2_what_is_redacted_is_overwritten_in_the_file_of_the_database_too() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    let actor = house.system("acme-corp").await;
    let mut tx = house.app.db.begin().await.expect("a write");
    let events = (0..500).map(|n| {
        let event = Event::new(
            Category::Resource,
            "model.edited",
            "reported",
            format!("m{n}"),
            "",
        )
        .with("person", "Zaphod@x.test");
        (house.app.now(), event)
    });
    audit::record_many(&mut tx, &actor, events.collect())
        .await
        .expect("they are recorded");
    tx.commit().await.expect("a commit");
    let files = ["roster.db", "roster.db-wal"].map(|name| house.data_dir().join(name));
    let on_sqlite = files[0].exists();
    assert_eq!(
        on_sqlite,
        files.iter().any(|file| has_bytes(file, "Zaphod")),
        "it is there at first"
    );
    redact(&house, &["zaphod@x.test", "--yes"])
        .await
        .assert_code(0)
        .assert_says("acme-corp: 500 events");
    assert_eq!(with_text(&house, "zaphod").await, 0);
    for file in &files {
        assert!(!has_bytes(file, "Zaphod"), "{}", file.display());
    }
    assert_eq!(first_broken(&house).await, None);
    let told = house.count("SELECT COUNT(*) FROM audit_events WHERE action = 'audit.redacted' AND changes LIKE '%2-501%'").await;
    assert_eq!(told, 1, "one event tells of all of them");
}
