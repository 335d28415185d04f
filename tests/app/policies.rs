//! Policies and the roles page.

use crate::support::{Browser, House, Page, acme};

const AS_THEY_ARE: [(&str, &str); 11] = [
    ("who_invites", "owners_and_admins"),
    ("admins_create", "yes"),
    ("invite_domains", ""),
    ("invitation_days", "7"),
    ("roles_offered", "full"),
    ("allow_email", "yes"),
    ("allow_github", "yes"),
    ("session_idle_hours", "24"),
    ("session_absolute_days", "14"),
    ("token_days", "365"),
    ("support_contact", ""),
];

/// Posts the policies as they are, with some changed; "-" leaves a field out.
async fn change(browser: &mut Browser, changes: &[(&str, &str)]) -> Page {
    let mut form: Vec<(&str, &str)> = Vec::new();
    for (name, value) in AS_THEY_ARE {
        form.push((
            name,
            changes
                .iter()
                .find(|(n, _)| *n == name)
                .map_or(value, |(_, v)| v),
        ));
    }
    form.extend(
        changes
            .iter()
            .filter(|(name, _)| !AS_THEY_ARE.iter().any(|(n, _)| n == name)),
    );
    form.retain(|(_, value)| *value != "-");
    browser.post("/orgs/acme-corp/policies", &form).await
}

#[tokio::test]
async fn s1_78_a_policy_change_is_recorded_with_before_and_after_and_holds_at_once() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = change(
        &mut acme.alice,
        &[
            ("invite_domains", "@Acme.com, acme.de\nacme.com"),
            ("support_contact", "#help on chat"),
            ("invitation_days", "14"),
        ],
    );
    page.await.assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(200);
    assert_eq!(page.all("#invite_domains"), ["acme.com acme.de"]);
    assert_eq!(
        page.attribute("#invitation_days", "value").as_deref(),
        Some("14")
    );
    let found = house
        .count(
            "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.policies_changed'
             AND changes LIKE '%\"invitation_days\":7%' AND changes LIKE '%\"invitation_days\":14%' AND changes LIKE '%acme.de%'
             AND changes NOT LIKE '%token_days%'",
        )
        .await;
    assert_eq!(found, 1, "before and after, and only what changed");
    // The support contact stands on error pages (product.md, 4).
    acme.carol
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(403)
        .assert_says("Help: #help on chat");
    change(
        &mut acme.alice,
        &[
            ("invite_domains", "acme.com acme.de"),
            ("support_contact", "#help on chat"),
            ("invitation_days", "14"),
        ],
    )
    .await
    .assert_status(303);
    let events = house
        .count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.policies_changed'")
        .await;
    assert_eq!(events, 1, "what stays the same is no change");
}

#[tokio::test]
async fn s1_31_s3_5_s3_7_policies_are_for_owners_and_admins() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        assert!(
            !browser
                .get("/orgs/acme-corp/members")
                .await
                .all("nav[aria-label=Organization] a")
                .contains(&"Policies".to_owned())
        );
        browser
            .get("/orgs/acme-corp/policies")
            .await
            .assert_status(403);
        change(browser, &[("token_days", "1")])
            .await
            .assert_status(403);
    }
    acme.otto
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(404);
    acme.xenia
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(404);
    let own = [
        ("who_invites", "-"),
        ("admins_create", "-"),
        ("token_days", "90"),
    ];
    change(&mut acme.bob, &own).await.assert_status(303);
    assert_eq!(
        house
            .count("SELECT token_days FROM organizations WHERE slug = 'acme-corp'")
            .await,
        90
    );
}

#[tokio::test]
async fn s2_14_what_admins_may_do_is_for_owners_to_say() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    change(
        &mut acme.alice,
        &[("who_invites", "owners"), ("admins_create", "-")],
    )
    .await
    .assert_status(303);
    let page = acme
        .bob
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(200);
    assert!(
        !page.has("input[name=who_invites], input[name=admins_enter], input[name=admins_create]")
    );
    for raise in [
        ("who_invites", "owners_and_admins"),
        ("admins_enter", "yes"),
        ("admins_create", "yes"),
    ] {
        let changes = [("who_invites", "owners"), ("admins_create", "-")]
            .map(|own| if own.0 == raise.0 { raise } else { own });
        let mut changes = changes.to_vec();
        changes.push(raise);
        changes.dedup();
        change(&mut acme.bob, &changes).await.assert_status(403);
    }
    change(
        &mut acme.bob,
        &[
            ("who_invites", "-"),
            ("admins_create", "-"),
            ("token_days", "30"),
        ],
    )
    .await
    .assert_status(303);
    let kept = house
        .count("SELECT COUNT(*) FROM organizations WHERE who_invites = 'owners' AND NOT admins_create AND NOT admins_enter AND token_days = 30")
        .await;
    assert_eq!(kept, 1, "an admin's other changes leave these as they were");
    acme.bob
        .get("/orgs/acme-corp/workspaces/new")
        .await
        .assert_status(403);
    acme.bob
        .post("/orgs/acme-corp/workspaces/new", &[("name", "W")])
        .await
        .assert_status(403);
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "W")])
        .await
        .assert_status(303);
}

#[tokio::test]
async fn a_wrong_policy_is_refused_beside_its_field_and_nothing_is_written() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (field, bad, error) in [
        ("invite_domains", "acme", "#invite_domains-error"),
        ("invite_domains", "a b@c.de", "#invite_domains-error"),
        ("invitation_days", "0", "#invitation_days-error"),
        ("invitation_days", "31", "#invitation_days-error"),
        (
            "invitation_days",
            "9999999999999999999999",
            "#invitation_days-error",
        ),
        ("session_idle_hours", "x", "#session_idle_hours-error"),
        (
            "session_absolute_days",
            "91",
            "#session_absolute_days-error",
        ),
        ("token_days", "-1", "#token_days-error"),
        ("roles_offered", "none", "#roles_offered-error"),
        ("who_invites", "members", "#who_invites-error"),
        ("support_contact", "a\u{202e}b", "#support_contact-error"),
    ] {
        let page = change(&mut acme.alice, &[(field, bad)])
            .await
            .assert_status(422);
        assert!(page.has(error), "{field}: {}", page.text());
    }
    let many: Vec<String> = (0..51).map(|n| format!("d{n}.test")).collect();
    change(&mut acme.alice, &[("invite_domains", &many.join("\n"))])
        .await
        .assert_status(422);
    assert_eq!(
        house
            .count(
                "SELECT COUNT(*) FROM audit_events WHERE action = 'organization.policies_changed'"
            )
            .await,
        0
    );
}

#[tokio::test]
async fn nobody_locks_everybody_or_themselves_out_by_the_ways_to_sign_in() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = change(
        &mut acme.alice,
        &[("allow_email", "-"), ("allow_github", "-")],
    )
    .await
    .assert_status(422);
    assert_eq!(
        page.all("#sign-in-error"),
        ["Leave at least one way to sign in."]
    );
    let page = change(&mut acme.alice, &[("allow_email", "-")])
        .await
        .assert_status(422);
    page.assert_says("GitHub sign-in isn't set up on this installation");

    let github = crate::support::github::GitHub::start().await;
    let settings = crate::support::Settings::new()
        .set("--github-client-id", crate::support::github::CLIENT_ID)
        .set(
            "--github-client-secret",
            crate::support::github::CLIENT_SECRET,
        )
        .set("--github-url", github.url())
        .set("--github-api-url", github.api_url());
    let house = House::start_with(settings).await;
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    change(&mut alice, &[("allow_email", "-")])
        .await
        .assert_status(303);
    change(&mut alice, &[]).await.assert_status(303);
    house.execute("UPDATE sessions SET method = 'email'").await;
    let page = change(&mut alice, &[("allow_email", "-")])
        .await
        .assert_status(422);
    page.assert_says("You are signed in by e-mail, so this would lock you out.");
    change(&mut alice, &[("allow_github", "-")])
        .await
        .assert_status(303);
    house.execute("UPDATE sessions SET method = 'github'").await;
    alice
        .get("/orgs/acme-corp/policies")
        .await
        .assert_status(403)
        .assert_says("asks you to sign in with your e-mail address");
    alice.get("/account/organizations").await.assert_status(200);
}

#[tokio::test]
async fn s1_30_s1_31_s1_32_s5_20_s5_22_the_roles_page_draws_the_one_table() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for browser in [&mut acme.alice, &mut acme.vera] {
        let page = browser
            .get("/orgs/acme-corp/roles")
            .await
            .assert_status(200);
        assert_eq!(
            page.all("table.matrix tbody tr").len(),
            roster::access::PERMISSIONS.len()
        );
        for (line, permission) in page
            .all("table.matrix tbody tr")
            .iter()
            .zip(roster::access::PERMISSIONS)
        {
            let cells: Vec<&str> = line
                .strip_prefix(permission.label())
                .expect("the lines are in the table's order")
                .split_whitespace()
                .collect();
            let drawn: Vec<bool> = cells.iter().map(|sign| *sign == "✓").collect();
            let table: Vec<bool> = roster::access::ROLES
                .into_iter()
                .map(|role| roster::access::allows(role, permission))
                .collect();
            assert_eq!(drawn, table, "{line}");
        }
    }
    change(&mut acme.alice, &[("roles_offered", "simple")])
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-corp/roles")
        .await
        .assert_status(200);
    let heads = page.all("table.matrix thead th");
    assert_eq!(
        heads[1], "Admin you",
        "the owner's role under its plainer name (S4-6)"
    );
    assert!(heads[5].contains("not offered"), "{heads:?}");
    acme.otto
        .get("/orgs/acme-corp/roles")
        .await
        .assert_status(404);
}
