//! `roster demo`, and the mailbox that only demo and development have.

use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::{House, Program};
use serde_json::json;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// Asks for a page until it says something.
async fn until_says(browser: &mut Browser, path: &str, words: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !browser
        .get(path)
        .await
        .assert_status(200)
        .text()
        .contains(words)
    {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{path} never says “{words}”"
        );
    }
}

#[tokio::test]
async fn the_demo_starts_filled_and_its_link_signs_in_as_alice() {
    let folder = folder();
    let program = Program::new(folder.path())
        .set("ROSTER_LISTEN", "127.0.0.1:0")
        .set("ROSTER_DATABASE_URL", "postgres://not/for-demos");
    let mut running = program.start(&["demo"]);
    let url = running
        .read_until("Roster's demo is on")
        .trim()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    let link = running
        .read_until("/sign-in/")
        .split_whitespace()
        .last()
        .expect("a link")
        .to_owned();
    running.read_until("Ctrl-C");
    let mut alice = Browser::new(&url);
    alice.post(&link, &[]).await.assert_status(303);
    let page = alice
        .open("/")
        .await
        .assert_status(200)
        .assert_says("Members");
    assert_eq!(
        page.all(".banner").len(),
        1,
        "every page says that this is a demo"
    );
    assert!(
        page.body.contains("Northwind Labs"),
        "there is something to switch to"
    );
    for (query, says) in [
        ("q=bob@acme.test", "Bob Tanaka"),
        ("role=billing", "Billing"),
        ("role=viewer", "Viewer"),
        ("status=suspended", "Suspended"),
        ("status=invited", "no such mailbox here"),
        ("status=expired", "karim.benali@contractor.test"),
        ("q=mira", "Mira Castellanos"),
    ] {
        alice
            .get(&format!("/orgs/acme-corp/members?{query}"))
            .await
            .assert_status(200)
            .assert_says(says);
    }
    alice
        .get("/orgs/acme-corp/resources")
        .await
        .assert_status(200)
        .assert_says("Revenue by region")
        .assert_says("Board numbers, draft only you");
    alice
        .get("/orgs/acme-corp/members?q=ada@brightman.test")
        .await
        .assert_says("Ada Brightman (agency)");
    let verify = Program::new(&folder.path().join("demo"))
        .run(&["audit", "verify"])
        .await;
    verify
        .assert_code(0)
        .assert_says("Every event is as it was written.");
    program
        .run(&["demo", "--listen", "127.0.0.1:0"])
        .await
        .assert_code(1)
        .assert_says("another demo runs on");

    let mut bob = Browser::new(&url);
    bob.submit("/sign-in", &[("email", "bob@acme.test"), ("next", "")])
        .await
        .assert_status(200);
    until_says(&mut bob, "/dev/mailbox", "Sign in to Roster").await;
    let mails = bob.get("/dev/mailbox").await;
    let mail = mails
        .attribute("tbody tr a", "href")
        .expect("the newest mail");
    let sign_in = bob
        .get(&mail)
        .await
        .assert_status(200)
        .attribute("pre a", "href")
        .expect("a link in it");
    bob.post(&sign_in, &[]).await.assert_status(303);
    bob.open("/")
        .await
        .assert_status(200)
        .assert_says("Everyone in Acme Corp");
    let html = bob.get(&format!("{mail}/html")).await.assert_status(200);
    assert!(
        html.headers["content-security-policy"]
            .to_str()
            .expect("text")
            .contains("sandbox")
    );
}

/// Document 000's example: who is what in the organization, in workspace A (here Production) and B (here Staging).
const EXAMPLE: [(&str, &str, [Option<&str>; 2]); 4] = [
    ("alice", "Owner", [Some("Owner"), Some("Owner")]),
    ("bob", "Admin", [Some("Admin"), Some("Member")]),
    ("carol", "Member", [None, Some("Admin")]),
    ("dave", "Member", [Some("Member"), Some("Member")]),
];

/// What a role allows: to open, to run a sync, to write a model, to write a monitor, to manage people, to delete it.
fn allowed_to(role: Option<&str>) -> [bool; 6] {
    let rank = role.map_or(0, |role| {
        1 + ["Viewer", "Member", "Admin", "Owner"]
            .iter()
            .position(|one| *one == role)
            .expect("a role")
    });
    [
        rank >= 1,
        rank >= 2,
        rank >= 2,
        rank >= 3,
        rank >= 3,
        rank >= 4,
    ]
}

/// One cell, seen through the pages, the calls and the checks of the person it is about.
async fn walk_cell(
    browser: &mut Browser,
    client: &Client,
    workspace: &str,
    who: &str,
    role: Option<&str>,
) {
    let context = format!("{who} is {role:?} in {workspace}");
    let opens = if role.is_some() { 200 } else { 404 };
    for page in ["overview", "members", "resources", "settings"] {
        assert_eq!(
            browser
                .get(&format!("/workspaces/{workspace}/{page}"))
                .await
                .status,
            opens,
            "{context}: {page}"
        );
    }
    let deletes = browser
        .get(&format!("/workspaces/{workspace}/settings/delete"))
        .await
        .status;
    assert_eq!(
        deletes == 200,
        role == Some("Owner"),
        "{context}: {deletes}"
    );
    let answer = client.get(&format!("/workspaces/{workspace}")).await;
    assert_eq!(answer.status, opens, "{context}");
    if let Some(role) = role {
        assert_eq!(answer.json["your_role"], role.to_lowercase(), "{context}");
    }
    let asked = json!([
        { "action": "view", "workspace_id": workspace },
        { "action": "run", "workspace_id": workspace, "kind": "sync", "external_id": "sync-customers-to-hubspot" },
        { "action": "edit", "workspace_id": workspace, "kind": "model", "external_id": "model-customers" },
        { "action": "create", "workspace_id": workspace, "kind": "monitor" },
        { "action": "manage_members", "workspace_id": workspace },
        { "action": "delete", "workspace_id": workspace },
    ]);
    let said = client
        .post("/access/check", json!({ "questions": asked }))
        .await
        .assert_status(200)
        .json;
    let said: Vec<bool> = said["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|answer| answer["allowed"] == true)
        .collect();
    assert_eq!(said, allowed_to(role), "{context}");
}

#[tokio::test]
async fn s1_35_every_cell_of_the_documents_example_is_in_the_demo_and_true_on_pages_calls_and_checks()
 {
    let folder = folder();
    let program = Program::new(folder.path()).set("ROSTER_LISTEN", "127.0.0.1:0");
    let mut running = program.start(&["demo"]);
    let url = running
        .read_until("Roster's demo is on")
        .trim()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    running.read_until("Ctrl-C");
    let beside = Program::new(&folder.path().join("demo")).set("ROSTER_PUBLIC_URL", &url);
    let mut people = Vec::new();
    for (name, ..) in EXAMPLE {
        let email = format!("{name}@acme.test");
        let link = beside
            .run(&["sign-in-link", &email])
            .await
            .assert_code(0)
            .out;
        let mut browser = Browser::new(&url);
        browser.post(link.trim(), &[]).await.assert_status(303);
        let token = beside
            .run(&["token", "create", &email, "--name", "test"])
            .await
            .assert_code(0)
            .out;
        people.push((browser, Client::new(&url, token.trim())));
    }
    let org = people[0].1.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("Acme")
        .to_owned();
    let listed = people[0]
        .1
        .get(&format!("/organizations/{org}/workspaces?limit=100"))
        .await
        .assert_status(200)
        .json;
    let id = |name: &str| {
        let all = listed["data"].as_array().expect("workspaces");
        all.iter()
            .find(|one| one["name"] == name)
            .expect("it is there")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let places = [("Production", id("Production")), ("Staging", id("Staging"))];
    for (who, (name, org_role, roles)) in EXAMPLE.into_iter().enumerate() {
        let page = people[0]
            .0
            .get(&format!("/orgs/acme-corp/access?q={name}@acme.test"))
            .await
            .assert_status(200);
        assert_eq!(page.all("th[scope=row] .sub"), [org_role], "{name}");
        for ((place, id), role) in places.iter().zip(roles) {
            let shown = page.all(&format!(
                "select[aria-label$=' in {place}'] option[selected]"
            ));
            assert_eq!(
                shown.first().map(String::as_str),
                Some(role.unwrap_or("No access")),
                "{name} in {place}"
            );
            let (browser, client) = &mut people[who];
            walk_cell(browser, client, id, name, role).await;
        }
        let me = people[who]
            .1
            .get(&format!(
                "/organizations/{org}/members?search={name}@acme.test"
            ))
            .await
            .assert_status(200)
            .json;
        assert_eq!(me["data"][0]["org_role"], org_role.to_lowercase(), "{name}");
        // The organization role alone decides what is the organization's: members, and nothing more.
        let manages = people[who].0.get("/orgs/acme-corp/access").await.status;
        assert_eq!(
            manages == 200,
            matches!(org_role, "Owner" | "Admin"),
            "{name}: {manages}"
        );
    }
}

#[tokio::test]
async fn sec_there_is_no_mailbox_outside_of_development() {
    let house = House::start().await;
    for path in ["/dev/mailbox", "/dev/mailbox/x", "/dev/mailbox/x/html"] {
        house.browser().get(path).await.assert_status(404);
    }
}

#[tokio::test]
async fn the_mailbox_shows_nothing_but_mails_of_ours() {
    let folder = folder();
    std::fs::write(folder.path().join("secret.eml"), "Subject: x\r\n\r\nsecret").expect("a file");
    let program = Program::new(folder.path())
        .set("ROSTER_LISTEN", "127.0.0.1:0")
        .set("ROSTER_DEVELOPMENT", "1");
    let mut running = program.start(&[]);
    let url = running
        .read_until("Roster is on")
        .trim()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    let mut browser = Browser::new(&url);
    browser
        .get("/dev/mailbox")
        .await
        .assert_status(200)
        .assert_says("No mail was written yet.");
    for id in ["..%2Fsecret", "%2e%2e%2fsecret", "none"] {
        browser
            .get(&format!("/dev/mailbox/{id}"))
            .await
            .assert_status(404);
    }
}
