//! The directory and what is done with members.

use crate::support::{House, acme};

#[tokio::test]
async fn s1_60_s1_61_s1_62_s1_64_s1_65_the_directory_shows_everybody_with_role_and_dates() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme.carol.get("/orgs/acme-corp/members").await.assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 5);
    for words in ["Bob Tanaka", "bob@acme.test", "Admin", "Billing", "Viewer", "Owner"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(!page.has("tbody select"), "a member changes no role");
    assert!(acme.alice.get("/orgs/acme-corp/members").await.has("tbody select"));
}

#[tokio::test]
async fn s3_20_s3_21_a_role_is_changed_in_the_list_and_applies_to_the_next_request() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.carol.get(&format!("/orgs/acme-corp/members/{carol}/remove")).await.assert_status(403);
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{carol}/role"), &[("role", "admin")])
        .await
        .assert_says("Carol Reyes is now an admin.");
    assert!(acme.carol.get("/orgs/acme-corp/members").await.has("tbody select"), "her next request is an admin's");
}

#[tokio::test]
async fn e2_s2_15_the_only_owner_is_told_to_make_somebody_else_owner_first() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let alice = acme.member_id("alice@acme.test").await;
    let page = acme.alice.submit(&format!("/orgs/acme-corp/members/{alice}/role"), &[("role", "admin")]).await.assert_status(409);
    page.assert_says("You are the only owner. Make someone else owner first.");
}

#[tokio::test]
async fn s3_41_sec_r14_search_finds_a_part_of_a_name_or_address_in_any_case() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (term, found) in [("BOB@ac", 1), ("tanaka", 1), ("acme.test", 5), ("b_b", 0), ("%", 0), ("zz", 0), ("ar", 1), ("\"", 0)] {
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let page = acme.alice.get(&format!("/orgs/acme-corp/members?q={term}")).await.assert_status(200);
        assert_eq!(page.all("tbody tr").len(), found, "{term}");
    }
}
