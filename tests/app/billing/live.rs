//! What is used of the plan's limits, kept fresh on a page that is open; and what linking would bring them to.

use super::house;
use crate::support::{Page, acme};
use roster::clock::{DAY, minute};
use serde_json::json;

const LIMITS: &str = "/orgs/acme-corp/usage/now";
const SLOTS: &str = "/orgs/acme-corp/leases/now";

/// The line about one limit, without what stands inside the bar.
fn meter(page: &Page, limit: &str) -> (String, String) {
    let at = page
        .all("#limits .progress label span:first-child")
        .iter()
        .position(|label| label == limit)
        .expect("the limit");
    let line = page.all("#limits .progress label")[at].clone();
    (line, page.all("#limits .progress p")[at].clone())
}

#[tokio::test]
async fn s1_92_s2_45_the_usage_page_says_what_is_used_of_each_limit_and_who_has_the_slots() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let carol = house.client("carol@acme.test").await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "North")])
        .await
        .assert_status(303);
    let page = acme
        .bob
        .get("/orgs/acme-corp/usage")
        .await
        .assert_status(200)
        .assert_says("Limits of the plan Free");
    assert_eq!(
        meter(&page, "Workspaces"),
        (
            "Workspaces 1 of 2 · 50 %".into(),
            "1 more can be added.".into()
        )
    );
    assert_eq!(
        meter(&page, "Runs at once"),
        ("Runs at once 0 of 1 · 0 %".into(), "Nothing runs.".into())
    );
    assert!(
        meter(&page, "Rows per month")
            .1
            .starts_with("Counts anew on 1 "),
        "{}",
        page.text()
    );
    assert!(
        page.has("a[href='/orgs/acme-corp/leases']")
            && !page.has("#main a[href='/orgs/acme-corp/billing']"),
        "Bob doesn't pay"
    );
    assert!(
        acme.alice
            .get("/orgs/acme-corp/usage")
            .await
            .has("#main a[href='/orgs/acme-corp/billing']")
    );

    // The part asks for itself, and so shows what happens meanwhile.
    assert_eq!(
        page.attribute("#limits", "hx-get"),
        Some(format!("{LIMITS}?asks=1"))
    );
    assert_eq!(
        page.attribute("#limits", "hx-trigger").as_deref(),
        Some("load delay:15s")
    );
    let path = format!(
        "/organizations/{}/leases",
        house.system("acme-corp").await.org.id
    );
    let since = minute(house.app.now());
    carol
        .post(&path, json!({ "holder": "crawl 1" }))
        .await
        .assert_status(201);
    let today = house.app.now() / DAY;
    let columns = "usage_days (workspace_id, day, runs, succeeded, failed, row_count, byte_count)";
    house
        .execute(&format!(
            "INSERT INTO {columns} SELECT id, {today}, 1, 1, 0, 110, 7 FROM workspaces"
        ))
        .await;
    acme.bob.htmx = true;
    let part = acme
        .bob
        .get(&format!("{LIMITS}?asks=1"))
        .await
        .assert_status(200);
    assert!(
        !part.body.contains("<html") && part.body.trim_start().starts_with("<div id=\"limits\""),
        "the part alone: {}",
        part.body
    );
    let says =
        format!("In use by Carol Reyes since {since}. The next one waits until one of them ends.");
    assert_eq!(
        meter(&part, "Runs at once"),
        ("Runs at once 1 of 1 · 100 %".into(), says)
    );
    let (line, says) = meter(&part, "Rows per month");
    assert_eq!(line, "Rows per month 110 of 100 · 110 %");
    assert!(
        says.starts_with(
            "At the limit. What runs goes on and is counted; nothing more starts until 1 "
        ),
        "{says}"
    );
    assert_eq!(
        part.attribute("#limits progress.bad", "value").as_deref(),
        Some("100")
    );
}

#[tokio::test]
async fn s2_45_pages_about_slots_keep_themselves_fresh_and_stop_after_a_while() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let carol = house.client("carol@acme.test").await;
    let path = format!(
        "/organizations/{}/leases",
        house.system("acme-corp").await.org.id
    );
    for page in ["/orgs/acme-corp/leases", "/orgs/acme-corp/billing"] {
        let page = acme
            .alice
            .get(page)
            .await
            .assert_status(200)
            .assert_says("0 of 1 in use");
        assert_eq!(
            page.attribute("#slots", "hx-get"),
            Some(format!("{SLOTS}?asks=1"))
        );
        assert!(
            page.has("#slots a.no-js[href='/orgs/acme-corp/leases']"),
            "without JavaScript there is a link"
        );
    }
    let lease = carol
        .post(&path, json!({ "holder": "crawl 1" }))
        .await
        .assert_status(201)
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    acme.bob.htmx = true;
    let part = acme
        .bob
        .get(&format!("{SLOTS}?asks=1"))
        .await
        .assert_status(200)
        .assert_says("1 of 1 in use");
    assert_eq!(
        part.all("tbody tr"),
        ["crawl 1 none Carol Reyes Just now ".to_owned()
            + &part.all("tbody tr td")[4]
            + " Release"]
    );
    assert_eq!(
        part.attribute("#slots", "hx-get"),
        Some(format!("{SLOTS}?asks=2"))
    );
    assert_eq!(
        part.attribute("#slots button", "id"),
        Some(format!("release-{lease}")),
        "so that it keeps the focus"
    );
    carol
        .delete(&format!("{path}/{lease}"))
        .await
        .assert_status(204);
    acme.bob
        .get(&format!("{SLOTS}?asks=2"))
        .await
        .assert_says("0 of 1 in use")
        .assert_says("Nothing runs.");

    for (part, page, id) in [
        (SLOTS, "/orgs/acme-corp/leases", "#slots"),
        (LIMITS, "/orgs/acme-corp/usage", "#limits"),
    ] {
        acme.bob.htmx = true;
        assert!(
            acme.bob
                .get(&format!("{part}?asks=39"))
                .await
                .attribute(id, "hx-get")
                .is_some()
        );
        for asks in ["40", "41", "x", ""] {
            let last = acme
                .bob
                .get(&format!("{part}?asks={asks}"))
                .await
                .assert_status(200);
            assert_eq!(
                last.attribute(id, "hx-get"),
                None,
                "{asks}: it asked often enough"
            );
            assert!(
                last.has(&format!("{id} a[href='{page}']:not(.no-js)")),
                "and shows the way to go on"
            );
        }
        acme.bob.htmx = false;
        assert_eq!(
            acme.bob.get(part).await.assert_status(303).location(),
            page,
            "as an address it leads to the page"
        );
        for person in [&mut acme.carol, &mut acme.vera] {
            person.htmx = true;
            person.get(part).await.assert_status(403);
        }
        acme.otto.get(part).await.assert_status(404);
    }
    // Who is demoted while the page is open sees nothing more of it.
    acme.bob.htmx = true;
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "member")],
        )
        .await;
    for part in [SLOTS, LIMITS] {
        acme.bob
            .get(&format!("{part}?asks=2"))
            .await
            .assert_status(403);
    }
}

#[tokio::test]
async fn s1_92_s5_4_the_form_that_links_says_what_each_workspace_would_bring_the_limits_to() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let today = house.app.now() / DAY;
    let columns = "usage_days (workspace_id, day, runs, succeeded, failed, row_count, byte_count)";
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "North")])
        .await
        .assert_status(303);
    for name in ["Busy", "Calm"] {
        acme.alice
            .post("/workspaces/new", &[("name", name)])
            .await
            .assert_status(303);
    }
    for (name, day, rows) in [
        ("North", today, 60),
        ("Busy", today, 52),
        ("Busy", today - 62, 1_000),
    ] {
        house.execute(&format!("INSERT INTO {columns} SELECT id, {day}, 1, 1, 0, {rows}, 7 FROM workspaces WHERE name = '{name}'")).await;
    }
    const FORM: &str = "/orgs/acme-corp/workspaces/link";
    let room = "It would bring Acme Corp to 100 % of its workspaces (2 of 2)";
    let people = "1 person has it. All of them are members of Acme Corp.";
    let page = acme.alice.get(FORM).await.assert_status(200);
    assert_eq!(
        page.all(".choices .check"),
        [
            format!(
                "Busy {people} {room} and 112 % of its rows per month (112 of 100). Nothing more starts then until the month is over or the \
                 plan is changed."
            ),
            format!("Calm {people} {room}."),
            format!("Create a new one With the name below. You become its owner. {room}."),
        ]
    );
    // A plan with more room has nothing to say.
    house.set_plan("acme-corp", "team").await;
    let page = acme.alice.get(FORM).await;
    assert!(!page.text().contains("It would bring"), "{}", page.text());
    assert_eq!(page.all(".choices .check").len(), 3);
    // What was said is what comes of it.
    house.set_plan("acme-corp", "free").await;
    let busy = page.attribute(".choices input", "value").expect("Busy");
    acme.alice
        .submit(FORM, &[("workspace", &busy)])
        .await
        .assert_says("Busy is linked to Acme Corp.");
    let usage = acme.alice.get("/orgs/acme-corp/usage").await;
    assert_eq!(meter(&usage, "Workspaces").0, "Workspaces 2 of 2 · 100 %");
    assert_eq!(
        meter(&usage, "Rows per month").0,
        "Rows per month 112 of 100 · 112 %"
    );
    // With no room left, the form says so before anything is chosen.
    let page = acme.alice.get(FORM).await.assert_status(200);
    let full = "Acme Corp has 2 workspaces and its plan, Free, allows 2. Owners and billing members can change the plan.";
    assert_eq!(
        page.all(".choices .check"),
        [format!("Calm {full}"), format!("Create a new one {full}")]
    );
    assert_eq!(page.all(".choices input:not([disabled])").len(), 0);
}
