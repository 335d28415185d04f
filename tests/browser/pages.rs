//! Every page of the program, looked at as a person may: wide and narrow, light and dark, through a screen reader's eyes.

use roster::access::OrgRole;
use std::time::{Duration, Instant};

use crate::harness::{Browser, Person};
use crate::house::House;
use crate::routes::{self, Route};

/// Addresses that are no pages: they lead on at once, and to where, other tests say.
const LEAD_ON: [&str; 11] = [
    "/",
    "/settings/organization",
    "/sign-in/github",
    "/sign-in/github/callback",
    "/account/security/github",
    "/orgs/{org}/audit/new",
    "/orgs/{org}/leases/now",
    "/orgs/{org}/usage/now",
    "/orgs/{org}/billing/paid",
    "/orgs/{org}/billing/not-paid",
    "/orgs/{org}/billing/managed",
];

/// What is in the way of a person on the page that is open.
pub async fn complaints(person: &Person, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
        person.view(width, dark).await;
        let view = format!("{what} at {width}{}", if dark { ", dark" } else { "" });
        if width == 360 {
            let wide: i64 = person
                .value("document.documentElement.scrollWidth - window.innerWidth")
                .await;
            if wide > 0 {
                found.push(format!("{view}: {wide} pixels stand out to the right"));
            }
        }
        // The narrow page in light colours has nothing that the other three views haven't shown.
        if (width, dark) != (360, false) {
            found.extend(
                person
                    .axe()
                    .await
                    .into_iter()
                    .map(|violation| format!("{view}: {violation}")),
            );
        }
    }
    person.view(1280, false).await;
    found.extend(
        person
            .console_errors()
            .await
            .into_iter()
            .map(|error| format!("{what}: {error}")),
    );
    found
}

async fn status(person: &Person) -> u16 {
    person
        .value("performance.getEntriesByType('navigation')[0].responseStatus")
        .await
}

/// Acme Corp with its owner in front of it, and what fills the parts of its pages' addresses.
async fn furnished(house: &House, alice: &Person, guest: &Person) -> Vec<(&'static str, String)> {
    house.let_in(alice, "alice@acme.test").await;
    house.create_org(alice, "Acme Corp").await;
    for (email, name, role) in [
        ("bob@acme.test", "Bob Tanaka", OrgRole::Admin),
        ("bill@acme.test", "Bill Moreau", OrgRole::Billing),
        (
            "carol@acme.test",
            "Carol Reyes-Montgomery of the Northern Branch",
            OrgRole::Member,
        ),
        (
            "vera.with.a.very.long.address.indeed@subsidiary.acme.test",
            "Vera Lind",
            OrgRole::Viewer,
        ),
    ] {
        house.add_member("acme-corp", email, name, role).await;
    }
    alice
        .goto(&house.at("/orgs/acme-corp/members?q=carol"))
        .await;
    let carol: String = alice.value("document.querySelector('tbody tr').id").await;
    // A second owner, so that Alice may leave; and Carol has signed in, so that she may own.
    house
        .add_member("acme-corp", "olga@acme.test", "Olga Owner", OrgRole::Owner)
        .await;
    for email in ["olga@acme.test", "carol@acme.test"] {
        house.let_in(guest, email).await;
    }
    alice
        .goto(&house.at("/orgs/acme-corp/workspaces/new"))
        .await;
    alice.fill("#name", "Production in Europe").await;
    alice.click("main form button[type=submit]").await;
    let workspace: String = alice
        .value("(location.pathname.match(/workspaces\\/([^/]+)/) || ['', ''])[1]")
        .await;
    alice
        .goto(&house.at("/orgs/acme-corp/members/invite"))
        .await;
    alice.fill("#email", "dora@acme.test").await;
    alice.click("main form button.primary").await;
    alice.goto(&house.at("/orgs/acme-corp/invitations")).await;
    let invitation: String = alice.value("document.querySelector('tbody tr').id").await;
    // The newest event is one that can be undone.
    house
        .change_role("acme-corp", &carol, OrgRole::Viewer)
        .await;
    alice.goto(&house.at("/orgs/acme-corp/audit")).await;
    let event: String = alice.value("document.querySelector('tbody tr').id").await;
    alice
        .goto(&house.at("/orgs/acme-corp/roles/custom/new"))
        .await;
    alice.fill("#name", "Reader of Orders").await;
    alice.click("main form button.primary").await;
    let role: String = alice.value("location.pathname.split('/')[5]").await;
    let workspace = if workspace.is_empty() {
        first_workspace(house, alice).await
    } else {
        workspace
    };
    alice
        .goto(&house.at(&format!("/workspaces/{workspace}/members")))
        .await;
    let user: String = alice
        .value("document.querySelector('main a[href$=\"/remove\"]').pathname.split('/')[4]")
        .await;
    let resource = house.resource("alice@acme.test", &workspace).await;
    house.put_on_plan("acme-corp", "team").await;
    let key = make_key(house, alice, "/orgs/acme-corp/keys").await;
    let workspace_key = make_key(house, alice, &format!("/workspaces/{workspace}/keys")).await;
    let pairs = [
        ("org", "acme-corp"),
        ("key", &key),
        ("workspace_key", &workspace_key),
        ("resource", &resource),
        ("member", &carol),
        ("ws", &workspace),
        ("user", &user),
        ("invitation", &invitation),
        ("event", &event),
        ("page", "members"),
        ("role", &role),
    ];
    pairs.map(|(key, value)| (key, value.to_owned())).into()
}

/// Makes a key as people do, and gives its id.
async fn make_key(house: &House, person: &Person, list: &str) -> String {
    person.goto(&house.at(&format!("{list}/new"))).await;
    person
        .fill("#name", "Nightly crawl of everything there is")
        .await;
    person.click("main form button.primary").await;
    person.goto(&house.at(list)).await;
    person.value("document.querySelector('tbody tr').id").await
}

async fn first_workspace(house: &House, alice: &Person) -> String {
    alice.goto(&house.at("/orgs/acme-corp/workspaces")).await;
    alice
        .value("document.querySelector('main a[href^=\"/workspaces/\"]').pathname.split('/')[2]")
        .await
}

fn fill(route: &Route, values: &[(&str, String)]) -> String {
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let filled = route.fill(&values);
    assert!(
        !filled.contains("none"),
        "nothing is known for a part of {}: furnish it",
        route.path
    );
    filled
}

#[tokio::test]
async fn every_page_is_clean_in_both_colours_and_fits_a_narrow_window() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    let mut values = furnished(&house, &alice, &browser.context().await).await;
    let mut found = Vec::new();
    let mut visited = 0;
    for route in routes::pages().iter().filter(|r| {
        r.has("GET") && !LEAD_ON.contains(&r.path.as_str()) && !r.path.starts_with("/dev/mailbox/")
    }) {
        let token = token_for(&house, &alice, route).await;
        values.retain(|(key, _)| *key != "token");
        values.extend(token.map(|token| ("token", token)));
        let path = fill(route, &values);
        alice.goto(&house.at(&path)).await;
        let status = status(&alice).await;
        if status >= 400 {
            found.push(format!("{path} answers {status}: {}", alice.shown().await));
        }
        found.extend(complaints(&alice, &path).await);
        visited += 1;
    }
    assert!(visited > 5, "{visited} pages");
    assert!(
        found.is_empty(),
        "{} of {visited} pages:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[tokio::test]
async fn a_written_mail_is_read_on_a_page_that_is_clean_too() {
    let (house, browser) = (
        House::start_without_mail_server().await,
        Browser::start().await,
    );
    let person = browser.context().await;
    person.goto(&house.at("/sign-in")).await;
    person.fill("#email", "nina@x.test").await;
    person.click("main form button[type=submit]").await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let written = "main a[href^='/dev/mailbox/']";
    person.goto(&house.at("/dev/mailbox")).await;
    while person.count(written).await == 0 {
        assert!(Instant::now() < deadline, "no mail was written");
        person.goto(&house.at("/dev/mailbox")).await;
    }
    person.click(written).await;
    person.wait_text("/sign-in/").await;
    let found = complaints(&person, "a written mail").await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The secret, or the token's id, that stands in a page's address.
async fn token_for(house: &House, alice: &Person, route: &Route) -> Option<String> {
    if !route.path.contains("{token}") {
        return None;
    }
    if route.path.starts_with("/invitations/") {
        alice.goto(&house.at("/orgs/acme-corp/invitations")).await;
        alice.click("tbody details summary").await;
        alice.click_text("Copy a link…").await;
        let link: String = alice.value("document.querySelector('#link').value").await;
        return link.rsplit('/').next().map(str::to_owned);
    }
    if route.path.starts_with("/account/tokens/") {
        alice.goto(&house.at("/account/tokens/new")).await;
        alice.fill("#name", "Deployment").await;
        alice.click("main form button[type=submit]").await;
        alice.goto(&house.at("/account/tokens")).await;
        return Some(
            alice
                .value("document.querySelector('main a[href*=\"/revoke\"]').pathname.split('/')[3]")
                .await,
        );
    }
    let link = roster::accounts::operator_link(&house.app, "alice@acme.test")
        .await
        .expect("a link is made");
    link.rsplit('/').next().map(str::to_owned)
}

#[tokio::test]
async fn e8_refusals_and_what_others_see_are_clean_too() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let alice = browser.context().await;
    let carol = browser.context().await;
    furnished(&house, &alice, &carol).await;
    let mut found = Vec::new();
    for path in [
        "/orgs/acme-corp/members",
        "/orgs/globex/members",
        "/nowhere",
        "/orgs/acme-corp/members?after=x",
        "/orgs/new",
    ] {
        carol.goto(&house.at(path)).await;
        let shown: Vec<String> = complaints(&carol, path).await;
        // Chromium reports a page's own 404 and 422 as an error of its console; that is no fault of the page.
        found.extend(
            shown
                .into_iter()
                .filter(|line| !line.contains("the server responded with a status of 4")),
        );
    }
    let stranger = browser.context().await;
    for path in ["/", "/sign-in", "/sign-in?next=/orgs/new", "/nowhere"] {
        stranger.goto(&house.at(path)).await;
        let shown: Vec<String> = complaints(&stranger, path).await;
        found.extend(
            shown
                .into_iter()
                .filter(|line| !line.contains("the server responded with a status of 4")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
