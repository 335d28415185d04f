//! The stories that people live, from the first visit to a colleague's new role.

use roster::access::OrgRole;

use crate::harness::Browser;
use crate::house::House;

/// From nothing to a colleague who joined and was given a role, with every page as it comes. `scripts`: whether the
/// browsers run JavaScript.
async fn a_colleague_joins(scripts: bool) {
    let (house, browser) = (House::start().await, Browser::start().await);
    let (alice, bob) = (browser.context().await, browser.context().await);
    alice.javascript(scripts).await;
    bob.javascript(scripts).await;
    // Alice signs in by mail, reads what an organization is for, and creates one.
    house.sign_in(&alice, "alice@acme.test").await;
    alice.click_text("Create organization").await;
    alice.fill("#name", "Acme Corp").await;
    alice.click("main form button[type=submit]").await;
    alice.wait_text("Acme Corp is ready.").await;
    alice.wait_text("It's just you so far").await;
    // She invites Bob; the directory shows him as invited.
    alice.goto(&house.at("/orgs/acme-corp/members")).await;
    alice.click(".head a.btn.primary").await;
    alice.fill("#email", "Bob@Acme.test").await;
    alice.fill("#name", "Bob Tanaka").await;
    alice.click("main form button.primary").await;
    alice.wait_text("bob@acme.test").await;
    let mail = house.mailbox.wait_for("bob@acme.test", "Acme Corp").await;
    // Bob opens the link of the mail, reads what he is offered, accepts, and gets his receipt.
    bob.goto(&mail.link("/invitations/")).await;
    bob.wait_text("invited you to Acme Corp").await;
    assert_eq!(bob.axe().await, Vec::<String>::new());
    bob.click_text("Accept and join Acme Corp").await;
    bob.wait_text("You joined Acme Corp").await;
    bob.wait_text("No workspace yet").await;
    assert_eq!(bob.axe().await, Vec::<String>::new());
    bob.click_text("See who is here").await;
    assert_eq!(bob.count("tbody tr").await, 2);
    assert_eq!(
        bob.count("tbody select").await,
        0,
        "a member changes no role"
    );
    // Alice makes him an admin in his row; it holds from his next click on.
    alice.goto(&house.at("/orgs/acme-corp/members?q=bob")).await;
    alice.select("tbody select[name=role]", "Admin").await;
    if !scripts {
        alice.click_text("Change").await;
    }
    alice.wait_text("is now an admin.").await;
    assert_eq!(
        alice
            .value::<String>("document.querySelector('tbody select[name=role]').value")
            .await,
        "admin"
    );
    let told = house.mailbox.wait_for("bob@acme.test", "Admin").await;
    assert!(told.text.contains("from Member to Admin"), "{}", told.text);
    bob.goto(&house.at("/orgs/acme-corp/members")).await;
    bob.wait_text("Bob Tanaka").await;
    bob.wait_text("Invite to Acme Corp").await;
    for person in [&alice, &bob] {
        assert_eq!(person.console_errors().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn s1_44_s3_20_s3_21_e14_a_colleague_is_invited_joins_and_gets_a_role() {
    a_colleague_joins(true).await;
}

#[tokio::test]
async fn s1_44_s3_20_s2_3_the_same_story_without_javascript() {
    a_colleague_joins(false).await;
}

#[tokio::test]
async fn s3_41_s3_42_the_directory_is_filtered_as_one_types_and_the_address_follows() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    house.let_in(&alice, "alice@acme.test").await;
    house.create_org(&alice, "Acme Corp").await;
    house
        .add_member("acme-corp", "bob@acme.test", "Bob Tanaka", OrgRole::Admin)
        .await;
    house
        .add_member(
            "acme-corp",
            "carol@acme.test",
            "Carol Reyes",
            OrgRole::Member,
        )
        .await;
    alice.goto(&house.at("/orgs/acme-corp/members")).await;
    assert_eq!(alice.count("tbody tr").await, 3);
    let _: bool = alice.value("window.stays = true").await;
    alice.fill("#q", "tanaka").await;
    alice.wait_no_text("Carol Reyes").await;
    assert_eq!(alice.count("tbody tr").await, 1);
    assert!(
        alice.url().await.contains("q=tanaka"),
        "{}",
        alice.url().await
    );
    alice.fill("#q", "").await;
    alice.wait_text("Carol Reyes").await;
    alice.select("select[name=role]", "Member").await;
    alice.wait_no_text("Bob Tanaka").await;
    assert!(
        alice.url().await.contains("role=member"),
        "{}",
        alice.url().await
    );
    assert!(
        alice.value::<bool>("window.stays === true").await,
        "the page was never loaded anew"
    );
    // The address alone shows the same list, and Back leads through the filters.
    let address = alice.url().await;
    let bob = browser.context().await;
    house.let_in(&bob, "bob@acme.test").await;
    bob.javascript(false).await;
    bob.goto(&address).await;
    bob.wait_text("Carol Reyes").await;
    assert_eq!(bob.count("tbody tr").await, 1);
    bob.fill("#q", "nobody").await;
    bob.click_text("Search").await;
    bob.wait_text("Nobody matches").await;
    alice.back().await;
    alice.wait_text("Bob Tanaka").await;
    assert_eq!(alice.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn sec_s2_back_after_signing_out_shows_nothing_that_was_private() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    house.sign_in(&alice, "alice@acme.test").await;
    house.create_org(&alice, "Acme Corp").await;
    alice.goto(&house.at("/orgs/acme-corp/members")).await;
    alice.click("details.account summary").await;
    alice.click_text("Sign out").await;
    alice.wait_text("E-mail address").await;
    alice.back().await;
    alice.wait_text("E-mail address").await;
    assert!(!alice.shown().await.contains("Acme Corp"));
    assert_eq!(alice.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn sec_w5_a_name_that_is_code_runs_nowhere() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    house.let_in(&alice, "alice@acme.test").await;
    house.create_org(&alice, "Acme Corp").await;
    let names = [
        "<script>window.pwn=1</script>",
        "\"><img src=x onerror=window.pwn=1>",
        "<svg/onload=window.pwn=1>",
        "\" hx-get=\"/pwn\" hx-trigger=\"load",
        "' autofocus onfocus='window.pwn=1",
    ];
    for (n, name) in names.into_iter().enumerate() {
        house
            .add_member(
                "acme-corp",
                &format!("p{n}@acme.test"),
                name,
                OrgRole::Member,
            )
            .await;
    }
    alice.goto(&house.at("/orgs/acme-corp/members")).await;
    assert_eq!(alice.count("tbody tr").await, names.len() + 1);
    for name in names {
        alice.wait_text(name).await;
    }
    for n in 0..names.len() {
        alice
            .goto(&house.at(&format!("/orgs/acme-corp/members?q=p{n}%40acme.test")))
            .await;
        alice.select("tbody select[name=role]", "viewer").await;
        alice.wait_text("is now a viewer.").await;
        alice.click("tbody tr a").await;
        assert!(
            alice.value::<bool>("window.pwn === undefined && !document.querySelector('#main [onerror], #main [hx-get=\"/pwn\"]')").await
        );
    }
    assert_eq!(alice.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn s3_20_a_role_chosen_with_the_keys_waits_for_enter_and_is_taken_back_from_its_notice() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    house.let_in(&alice, "alice@acme.test").await;
    house.create_org(&alice, "Acme Corp").await;
    house
        .add_member(
            "acme-corp",
            "carol@acme.test",
            "Carol Reyes",
            OrgRole::Member,
        )
        .await;
    alice
        .goto(&house.at("/orgs/acme-corp/members?q=carol"))
        .await;
    let select = "document.querySelector('tbody select[name=role]')";
    let _: bool = alice.value(&format!("({select}.focus(), true)")).await;
    alice.press("ArrowDown").await;
    assert_eq!(
        alice.value::<String>(&format!("{select}.value")).await,
        "viewer"
    );
    alice.press("Escape").await;
    assert_eq!(
        alice.value::<String>(&format!("{select}.value")).await,
        "member",
        "Escape leaves it as it was"
    );
    alice.press("ArrowDown").await;
    assert!(
        !alice.shown().await.contains("is now"),
        "nothing is sent while somebody looks through the roles"
    );
    alice.press("Enter").await;
    alice.wait_text("Carol Reyes is now a viewer.").await;
    assert!(
        alice
            .value::<bool>(&format!("document.activeElement === {select}"))
            .await,
        "the keys are where they were"
    );
    alice.click_text("Undo").await;
    alice.wait_text("Carol Reyes is now a member.").await;
    assert!(
        alice.url().await.contains("q=carol"),
        "{}",
        alice.url().await
    );
    // Making an owner is asked about on a page of its own, from which Back leads to the list.
    alice.select("tbody select[name=role]", "Owner").await;
    alice.wait_text("Make Carol Reyes an owner?").await;
    assert_eq!(alice.axe().await, Vec::<String>::new());
    alice.back().await;
    alice.wait_text("1 person").await;
    assert_eq!(alice.console_errors().await, Vec::<String>::new());
}
