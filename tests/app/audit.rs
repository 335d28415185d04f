//! The audit log: whole, honest about who and by what, and without secrets.

use crate::support::{Acme, House, acme};

/// The first broken event of Acme's chain.
async fn first_broken(house: &House) -> Option<i64> {
    let org = house.system("acme-corp").await.org.id.clone();
    let mut tx = house.app.db.read().await.expect("a connection");
    roster::audit::first_broken(&mut tx, org.as_str())
        .await
        .expect("the chain is read")
}

async fn started() -> (House, Acme) {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    for role in ["admin", "member", "viewer"] {
        acme.alice
            .post(
                &format!("/orgs/acme-corp/members/{carol}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    (house, acme)
}

const ACMES: &str = "stream = (SELECT org_id FROM organization_slugs WHERE slug = 'acme-corp')";

#[tokio::test]
async fn sec_l2_an_event_changed_in_any_column_is_found_and_named() {
    let (house, _acme) = started().await;
    assert_eq!(first_broken(&house).await, None);
    let texts = [
        "id",
        "category",
        "action",
        "actor_kind",
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
    for column in texts {
        let (new, old) = match column {
            "category" => ("'billing'".to_owned(), "'access'".to_owned()),
            "actor_kind" => ("'key'".to_owned(), "'user'".to_owned()),
            _ => (
                format!("{column} || 'x'"),
                format!("SUBSTR({column}, 1, LENGTH({column}) - 1)"),
            ),
        };
        house
            .execute(&format!(
                "UPDATE audit_events SET {column} = {new} WHERE {ACMES} AND seq = 7"
            ))
            .await;
        assert_eq!(first_broken(&house).await, Some(7), "{column}");
        house
            .execute(&format!(
                "UPDATE audit_events SET {column} = {old} WHERE {ACMES} AND seq = 7"
            ))
            .await;
        assert_eq!(first_broken(&house).await, None, "{column} is as it was");
    }
    for (column, new, old) in [
        ("at", "at + 1", "at - 1"),
        ("v", "v - 1", "v + 1"),
        ("workspace_id", "''", "NULL"),
        ("seq", "seq + 100", "seq - 100"),
    ] {
        house
            .execute(&format!(
                "UPDATE audit_events SET {column} = {new} WHERE {ACMES} AND seq = 7"
            ))
            .await;
        assert_eq!(first_broken(&house).await, Some(7), "{column}");
        let place = if column == "seq" { 107 } else { 7 };
        house
            .execute(&format!(
                "UPDATE audit_events SET {column} = {old} WHERE {ACMES} AND seq = {place}"
            ))
            .await;
        assert_eq!(first_broken(&house).await, None, "{column} is as it was");
    }
}

#[tokio::test]
async fn sec_l2_an_event_taken_from_the_middle_or_the_end_is_found_and_named() {
    let (house, _acme) = started().await;
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
    assert_eq!(first_broken(&house).await, Some(last), "the tail is cut");
    house
        .execute(&format!(
            "DELETE FROM audit_events WHERE {ACMES} AND seq = 3"
        ))
        .await;
    assert_eq!(first_broken(&house).await, Some(3), "the middle is cut");
}

#[tokio::test]
async fn sec_l2_two_events_that_changed_places_are_found() {
    let (house, _acme) = started().await;
    for (from, to) in [(6, 1006), (7, 6), (1006, 7)] {
        house
            .execute(&format!(
                "UPDATE audit_events SET seq = {to} WHERE {ACMES} AND seq = {from}"
            ))
            .await;
    }
    assert_eq!(first_broken(&house).await, Some(6));
}

#[tokio::test]
async fn sec_l4_an_event_says_who_by_what_and_from_where_also_after_the_person_is_gone() {
    let (house, mut acme) = started().await;
    let by_alice = format!(
        "SELECT COUNT(*) FROM audit_events WHERE {ACMES} AND action = 'member.role_changed' AND actor_name = 'alice'
        AND actor_kind = 'user' AND credential LIKE 'ses_%' AND ip = '127.0.0.1' AND client = 'test browser' AND LENGTH(request_id) > 30"
    );
    assert_eq!(house.count(&by_alice).await, 3);
    let imported = format!(
        "SELECT COUNT(*) FROM audit_events WHERE {ACMES} AND action = 'member.added' AND actor_kind = 'system'"
    );
    assert_eq!(house.count(&imported).await, 4);
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(303);
    let about_carol =
        format!("SELECT COUNT(*) FROM audit_events WHERE {ACMES} AND target_name = 'Carol Reyes'");
    assert_eq!(
        house.count(&about_carol).await,
        5,
        "added, three roles, removed"
    );
    assert_eq!(first_broken(&house).await, None);
}

#[tokio::test]
async fn sec_l3_no_secret_stands_in_an_event_and_a_name_forges_no_line() {
    let (house, acme) = started().await;
    for browser in [&acme.alice, &acme.carol] {
        for value in browser.cookies.values() {
            for column in ["changes", "credential", "target_name", "client"] {
                let sql =
                    format!("SELECT COUNT(*) FROM audit_events WHERE {column} LIKE '%{value}%'");
                assert_eq!(
                    house.count(&sql).await,
                    0,
                    "{column} holds a cookie's value"
                );
            }
        }
    }
    let mut alice = acme.alice.another_tab();
    alice
        .post("/account/profile", &[("name", "Al\u{1b}[2Jice")])
        .await
        .assert_status(422);
    alice
        .post("/account/profile", &[("name", "Alice\nroot signed in")])
        .await
        .assert_status(422);
}
