//! Personal > Security: addresses, and the end of an account.

use crate::sign_in::is_in;
use crate::support::database::Database;
use crate::support::{Browser, House, acme};
use roster::access::OrgRole;
use roster::clock::MINUTE;
use serde_json::json;

async fn add(
    house: &House,
    browser: &mut Browser,
    email: &str,
    next: &str,
) -> crate::support::Page {
    browser
        .submit(
            "/account/security/addresses",
            &[("email", email), ("next", next)],
        )
        .await
        .assert_says("Look in your mailbox");
    let mail = house.mailbox.wait_for(email, "Confirm this address").await;
    browser
        .post("/sign-in/code", &[("code", &mail.code())])
        .await
}

#[tokio::test]
async fn an_address_is_added_by_proof_and_signs_in() {
    let house = House::start().await;
    let mut nina = house.sign_in("nina@x.test").await;
    add(&house, &mut nina, "work@x.test", "")
        .await
        .assert_status(303);
    nina.get("/account/security")
        .await
        .assert_says("work@x.test");
    let told = house
        .mailbox
        .wait_for("nina@x.test", "An address was added")
        .await;
    assert!(told.text.contains("work@x.test"));
    let mut other = house.sign_in("work@x.test").await;
    other
        .get("/account/security")
        .await
        .assert_says("nina@x.test Primary");
}

#[tokio::test]
async fn an_invitation_can_send_somebody_here_to_add_its_address_and_get_them_back() {
    let house = House::start().await;
    let mut nina = house.sign_in("nina@x.test").await;
    let page = nina
        .get("/account/security?email=work@x.test&next=/orgs/new")
        .await
        .assert_status(200);
    assert_eq!(
        page.attribute("#email", "value").as_deref(),
        Some("work@x.test")
    );
    assert_eq!(
        page.attribute("input[name=next]", "value").as_deref(),
        Some("/orgs/new")
    );
    let done = add(&house, &mut nina, "work@x.test", "/orgs/new")
        .await
        .assert_status(303);
    assert_eq!(done.location(), "/orgs/new");
    let out = nina
        .post("/sign-out", &[("next", "/orgs/new")])
        .await
        .assert_status(303);
    assert_eq!(out.location(), "/orgs/new");
}

#[tokio::test]
async fn sec_a5_the_link_of_an_address_works_by_click_and_only_for_the_account_that_asked() {
    let house = House::start().await;
    let mut nina = house.sign_in("nina@x.test").await;
    nina.post("/account/security/addresses", &[("email", "work@x.test")])
        .await
        .assert_status(303);
    let mail = house
        .mailbox
        .wait_for("work@x.test", "Confirm this address")
        .await;
    let link = mail
        .link("/sign-in/")
        .strip_prefix(&house.url)
        .expect("ours")
        .to_owned();
    nina.get(&link)
        .await
        .assert_says("add work@x.test to your account");
    let mut omar = house.sign_in("omar@x.test").await;
    omar.post(&link, &[]).await.assert_status(403);
    nina.submit(&link, &[])
        .await
        .assert_says("work@x.test is part of your account now");
}

#[tokio::test]
async fn sec_a2_sec_a9_an_address_of_another_account_is_refused_only_after_its_proof() {
    let house = House::start().await;
    let mut victim = house.sign_in("victim@x.test").await;
    let mut mallory = house.sign_in("mallory@x.test").await;
    // Asked for and never proved: nothing is kept from its owner.
    mallory
        .post("/account/security/addresses", &[("email", "new@x.test")])
        .await
        .assert_status(303);
    let mut fresh = house.sign_in("new@x.test").await;
    fresh
        .get("/account/security")
        .await
        .assert_says("new@x.test Primary");
    add(&house, &mut mallory, "victim@x.test", "")
        .await
        .assert_status(409)
        .assert_says("belongs to another account");
    assert!(is_in(&mut victim).await);
    let mut database = Database::open(&house.database_url).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM addresses").await, 3);
}

#[tokio::test]
async fn sec_a15_an_old_sign_in_is_asked_to_sign_in_again_and_the_last_way_stays() {
    let house = House::start().await;
    let mut nina = house.sign_in("nina@x.test").await;
    nina.post(
        "/account/security/addresses/remove",
        &[("address", "nina@x.test")],
    )
    .await
    .assert_status(409)
    .assert_says("only way to sign in");
    add(&house, &mut nina, "work@x.test", "")
        .await
        .assert_status(303);
    house.clock.advance(10 * MINUTE);
    nina.get("/account/security")
        .await
        .assert_says("You signed in more than ten minutes ago.");
    for (path, field) in [
        ("/account/security/addresses", "email"),
        ("/account/security/addresses/primary", "address"),
        ("/account/security/addresses/remove", "address"),
        ("/account/security/delete", "confirm"),
    ] {
        let page = nina
            .post(path, &[(field, "work@x.test")])
            .await
            .assert_status(403);
        assert_eq!(
            page.attribute(".ends a", "href").as_deref(),
            Some("/sign-in?next=%2Faccount%2Fsecurity"),
            "{path}"
        );
        page.assert_says("Sign in again, then repeat it.");
    }
    nina.get("/account/security/github")
        .await
        .assert_status(403);
    let mut again = house.sign_in("nina@x.test").await;
    again
        .submit(
            "/account/security/addresses/primary",
            &[("address", "Work@x.test")],
        )
        .await
        .assert_says("The primary address is changed.");
    let told = house
        .mailbox
        .wait_for("nina@x.test", "Your primary address was changed")
        .await;
    assert!(told.text.contains("work@x.test"));
    again
        .submit(
            "/account/security/addresses/remove",
            &[("address", "nina@x.test")],
        )
        .await
        .assert_says("The address is removed.");
    house
        .mailbox
        .wait_for("nina@x.test", "Your address was removed")
        .await;
    assert!(!is_in(&mut nina).await, "other sessions end");
    again
        .post(
            "/account/security/addresses/remove",
            &[("address", "work@x.test")],
        )
        .await
        .assert_status(409);
    again
        .post(
            "/account/security/addresses/remove",
            &[("address", "nina@x.test")],
        )
        .await
        .assert_status(404);
}

#[tokio::test]
async fn an_address_that_an_import_waits_for_brings_its_membership_along() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .add_member("acme-corp", "xenia@acme.test", "X at work", OrgRole::Admin)
        .await;
    add(&house, &mut acme.xenia, "xenia@acme.test", "")
        .await
        .assert_status(303);
    let page = acme
        .xenia
        .get("/orgs/acme-corp/members?q=xenia")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 1);
    page.assert_says("xenia@nowhere.test");
}

#[tokio::test]
async fn sec_z6_sec_s3_the_only_owner_cannot_delete_the_account_and_others_can() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .get("/account/security/delete")
        .await
        .assert_says("You can't delete your account yet");
    let refused = acme
        .alice
        .post(
            "/account/security/delete",
            &[("confirm", "alice@acme.test")],
        )
        .await
        .assert_status(409);
    refused.assert_says("You are the only owner of Acme Corp.");
    let mut phone = house.sign_in("carol@acme.test").await;
    acme.carol
        .get("/account/security/delete")
        .await
        .assert_says("You leave Acme Corp");
    acme.carol
        .post("/account/security/delete", &[("confirm", "no")])
        .await
        .assert_status(422)
        .assert_says("Type carol@acme.test");
    let after = acme
        .carol
        .submit(
            "/account/security/delete",
            &[("confirm", "carol@acme.test")],
        )
        .await
        .assert_status(200);
    after
        .assert_says("Your account is deleted.")
        .assert_says("Send the link");
    assert!(!is_in(&mut acme.carol).await && !is_in(&mut phone).await);
    house
        .mailbox
        .wait_for("carol@acme.test", "Your account was deleted")
        .await;
    assert_eq!(
        acme.alice
            .get("/orgs/acme-corp/members")
            .await
            .all("tbody tr")
            .len(),
        4
    );
    let mut again = house.sign_in("carol@acme.test").await;
    again
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
}

#[tokio::test]
async fn the_only_owner_of_a_workspace_that_others_use_cannot_delete_the_account() {
    let house = House::start().await;
    let (mut nina, mut omar) = (
        house.sign_in("nina@x.test").await,
        house.sign_in("omar@x.test").await,
    );
    nina.post("/workspaces/new", &[("name", "Shared Place")])
        .await
        .assert_status(303);
    nina.post("/workspaces/new", &[("name", "Own Place")])
        .await
        .assert_status(303);
    let mut database = Database::open(&house.database_url).await;
    let share = "INSERT INTO access (workspace_id, user_id, source, role, created_at)
        SELECT w.id, u.id, 'direct', 'member', 1 FROM workspaces w, users u WHERE w.name = 'Shared Place' AND u.email = 'omar@x.test';
        UPDATE workspaces SET people = 2 WHERE name = 'Shared Place'";
    database.run(share).await;
    nina.get("/account/security/delete")
        .await
        .assert_says("You can't delete your account yet")
        .assert_says("the workspace Shared Place");
    let refused = nina
        .post("/account/security/delete", &[("confirm", "nina@x.test")])
        .await
        .assert_status(409);
    refused.assert_says("You are the only owner of Shared Place.");
    // Omar, who owns nothing there, may go; and once nobody else is there, so may Nina, and both places with her.
    omar.post("/account/security/delete", &[("confirm", "omar@x.test")])
        .await
        .assert_status(303);
    nina.get("/account/security/delete")
        .await
        .assert_says("The workspace Shared Place is deleted");
    nina.post("/account/security/delete", &[("confirm", "nina@x.test")])
        .await
        .assert_status(303);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE deleted_at IS NULL")
            .await,
        0
    );
}

#[tokio::test]
async fn sec_a15_a_token_shows_how_its_person_signs_in_and_never_changes_it() {
    let house = House::start().await;
    house.sign_in("nina@x.test").await;
    let client = house.client("nina@x.test").await;
    let methods = client
        .get("/me/sign-in-methods")
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (
            &methods["addresses"][0]["email"],
            &methods["addresses"][0]["primary"]
        ),
        (&json!("nina@x.test"), &json!(true))
    );
    assert_eq!(methods["github"], json!(null));
    let refused = client
        .post("/me/addresses", json!({ "email": "mallory@x.test" }))
        .await
        .assert_problem(403, "fresh_sign_in_needed");
    assert!(
        refused.json["detail"]
            .as_str()
            .is_some_and(|words| words.contains("/account/security")),
        "{}",
        refused.json
    );
    client
        .delete("/me?confirm=nina@x.test")
        .await
        .assert_problem(403, "fresh_sign_in_needed");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM email_proofs WHERE purpose = 'add_address'")
            .await,
        0,
        "no mail is sent either"
    );
}
