//! The directory and what is done with members.

use crate::support::database::Database;
use crate::support::{House, acme};
use roster::access::OrgRole;
use roster::members::{self, Filter};

#[tokio::test]
async fn s1_60_s1_61_s1_62_s1_64_s1_65_the_directory_shows_everybody_with_role_and_dates() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 5);
    for words in [
        "Bob Tanaka",
        "bob@acme.test",
        "Admin",
        "Billing",
        "Viewer",
        "Owner",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(!page.has("tbody select"), "a member changes no role");
    assert!(
        acme.alice
            .get("/orgs/acme-corp/members")
            .await
            .has("tbody select")
    );
}

#[tokio::test]
async fn s3_20_s3_21_a_role_is_changed_in_the_list_and_applies_to_the_next_request() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.carol
        .get(&format!("/orgs/acme-corp/members/{carol}/remove"))
        .await
        .assert_status(403);
    acme.alice
        .submit(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_says("Carol Reyes is now an admin.");
    assert!(
        acme.carol
            .get("/orgs/acme-corp/members")
            .await
            .has("tbody select"),
        "her next request is an admin's"
    );
}

#[tokio::test]
async fn e2_s2_15_the_only_owner_is_told_to_make_somebody_else_owner_first() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let alice = acme.member_id("alice@acme.test").await;
    let page = acme
        .alice
        .submit(
            &format!("/orgs/acme-corp/members/{alice}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_status(409);
    page.assert_says("You are the only owner. Make someone else owner first.");
}

#[tokio::test]
async fn s3_41_sec_r14_search_finds_a_part_of_a_name_or_address_in_any_case() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (term, found) in [
        ("BOB@ac", 1),
        ("tanaka", 1),
        ("acme.test", 5),
        ("b_b", 0),
        ("%", 0),
        ("zz", 0),
        ("ar", 1),
        ("\"", 0),
    ] {
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let page = acme
            .alice
            .get(&format!("/orgs/acme-corp/members?q={term}"))
            .await
            .assert_status(200);
        assert_eq!(page.all("tbody tr").len(), found, "{term}");
    }
}

#[tokio::test]
async fn s3_41_every_part_of_a_text_finds_its_member_until_it_is_another_text() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    let before = database.number("SELECT COUNT(*) FROM member_runs").await;
    house
        .add_member(
            "acme-corp",
            "zoe@acme.test",
            "Zoë Ångström-日本語 %_\\'",
            OrgRole::Viewer,
        )
        .await;
    let member = acme.member_id("zoe@acme.test").await;
    let actor = house.system("acme-corp").await;
    let text: Vec<char> = "zoë ångström-日本語 %_\\' zoe@acme.test".chars().collect();
    for from in 0..text.len() {
        for until in from + 1..=text.len() {
            let search: String = text[from..until].iter().collect();
            let filter = Filter {
                search: search.clone(),
                limit: 100,
                ..Filter::default()
            };
            let found = members::list(&house.app, &actor, &filter)
                .await
                .expect("a page")
                .entries;
            assert!(
                found.iter().any(|entry| entry.id.as_str() == member),
                "{search:?}"
            );
        }
    }
    for (name, found) in [("Ida Ek", 0), ("Zoë Quux", 1)] {
        house
            .sign_in("zoe@acme.test")
            .await
            .post("/account/profile", &[("name", name)])
            .await
            .assert_status(303);
        assert_eq!(
            acme.alice
                .get("/orgs/acme-corp/members?q=quux")
                .await
                .all("tbody tr")
                .len(),
            found,
            "after {name}"
        );
        assert_eq!(
            acme.alice
                .get("/orgs/acme-corp/members?q=ida%20e")
                .await
                .all("tbody tr")
                .len(),
            1 - found,
            "after {name}"
        );
    }
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{member}/remove"), &[])
        .await
        .assert_says("Zoë Quux is no longer in Acme Corp.");
    assert_eq!(
        database.number("SELECT COUNT(*) FROM member_runs").await,
        before,
        "nothing of her name stays"
    );
}

#[tokio::test]
async fn s3_41_what_others_are_called_does_not_change_how_an_organization_is_searched() {
    let house = House::start().await;
    let acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    database
        .run(
            "INSERT INTO member_runs (run, n) WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < 3000)
             SELECT SUBSTR(id, LENGTH(id) - 3) || 'tanaka', at FROM organizations, p WHERE slug = 'globex'",
        )
        .await;
    let actor = house.system(acme.slug).await;
    let filter = Filter {
        search: "tanaka".into(),
        limit: 50,
        ..Filter::default()
    };
    let plan = members::explain(&house.app, &actor.org.id, &filter)
        .await
        .expect("a plan")
        .join("\n");
    assert!(
        plan.contains("member_runs"),
        "a frequent name elsewhere is a rare one here: {plan}"
    );
}
