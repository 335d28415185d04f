//! Custom roles: made once in the organization, assigned in its workspaces, and gone with everything that hung on them.

use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::{Acme, House, Page, acme};
use roster::access::OrgRole;
use serde_json::{Value, json};

mod story;

/// Acme with workspaces A and B, an admin of A who is only a member of the organization, and a member with nothing.
struct Story {
    house: House,
    acme: Acme,
    alice: Client,
    org: String,
    a: String,
    b: String,
}

impl Story {
    async fn begin() -> Self {
        let house = House::start().await;
        let acme = acme(&house).await;
        let alice = house.client("alice@acme.test").await;
        let org = house.system("acme-corp").await.org.id.to_string();
        let mut workspaces = Vec::new();
        for name in ["A", "B"] {
            let made = alice
                .post(
                    &format!("/organizations/{org}/workspaces"),
                    json!({ "name": name }),
                )
                .await
                .assert_status(201);
            workspaces.push(made.json["id"].as_str().expect("an id").to_owned());
        }
        for (email, name) in [
            ("wanda@acme.test", "Wanda Abt"),
            ("dora@acme.test", "Dora Vance"),
        ] {
            house
                .add_member("acme-corp", email, name, OrgRole::Member)
                .await;
            house.sign_in(email).await;
        }
        let [b, a] = [workspaces.pop(), workspaces.pop()].map(Option::unwrap_or_default);
        let story = Self {
            house,
            acme,
            alice,
            org,
            a,
            b,
        };
        story
            .give(&story.alice, &story.a, "wanda@acme.test", "admin")
            .await
            .assert_status(200);
        story
    }

    fn roles(&self) -> String {
        format!("/organizations/{}/roles", self.org)
    }

    async fn user(&self, email: &str) -> String {
        let mut database = Database::open(&self.house.database_url).await;
        database
            .texts(&format!("SELECT id FROM users WHERE email = '{email}'"))
            .await
            .pop()
            .expect("a user")
    }

    async fn give(
        &self,
        who: &Client,
        workspace: &str,
        email: &str,
        role: &str,
    ) -> crate::support::client::Answer {
        let user = self.user(email).await;
        who.put(
            &format!("/workspaces/{workspace}/members/{user}"),
            json!({ "role": role }),
        )
        .await
    }

    async fn role(&self, name: &str) -> String {
        let made = self
            .alice
            .post(&self.roles(), json!({ "name": name }))
            .await
            .assert_status(201);
        made.json["id"].as_str().expect("an id").to_owned()
    }

    async fn allow(&self, role: &str, lines: Value) -> Value {
        let path = format!("{}/{role}/permissions", self.roles());
        self.alice
            .put(&path, json!({ "permissions": lines }))
            .await
            .assert_status(200)
            .json
    }

    async fn shown(&self, role: &str) -> Value {
        self.alice
            .get(&format!("{}/{role}", self.roles()))
            .await
            .assert_status(200)
            .json
    }

    /// A resource in a workspace, below another or none.
    async fn resource(&self, id: &str, kind: &str, name: &str, workspace: &str, path: &str) {
        let sort = name.to_lowercase();
        let parent = path
            .rsplit('/')
            .nth(2)
            .map_or("NULL".to_owned(), |parent| format!("'{parent}'"));
        self.house
            .execute(&format!(
                "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, parent_id, path, name, sort_name, created_at, updated_at)
                 VALUES ('{id}', '{}', '{workspace}', '{workspace}', '{kind}', '{id}', {parent}, '{path}', '{name}', '{sort}', 0, 0)",
                self.org
            ))
            .await;
    }
}

#[tokio::test]
async fn s3_30_s3_33_a_role_is_made_once_and_assigned_in_every_workspace_of_the_organization_and_nowhere_else()
 {
    let mut story = Story::begin().await;
    let role = story.role("Sales editor").await;
    for workspace in [&story.a, &story.b] {
        let given = story
            .give(&story.alice, workspace, "dora@acme.test", &role)
            .await
            .assert_status(200);
        assert_eq!(given.json["after"], "Sales editor");
    }
    // The admin of A, a member of the organization, assigns it in A and not in B.
    let wanda = story.house.client("wanda@acme.test").await;
    story
        .give(&wanda, &story.a, "carol@acme.test", &role)
        .await
        .assert_status(200);
    story
        .give(&wanda, &story.b, "carol@acme.test", &role)
        .await
        .assert_status(404);
    // A member who manages nothing can't, and neither can whoever has the role.
    let carol = story.house.client("carol@acme.test").await;
    story
        .give(&carol, &story.a, "dora@acme.test", "viewer")
        .await
        .assert_status(403);
    // Another organization has no such role.
    let otto = story.house.client("otto@globex.test").await;
    let globex = story.house.system("globex").await.org.id.to_string();
    let theirs = otto
        .post(
            &format!("/organizations/{globex}/workspaces"),
            json!({ "name": "G" }),
        )
        .await
        .json["id"]
        .clone();
    let theirs = theirs.as_str().expect("an id");
    story
        .house
        .add_member("globex", "gina@globex.test", "Gina", OrgRole::Member)
        .await;
    let refused = story
        .give(&otto, theirs, "gina@globex.test", &role)
        .await
        .assert_status(422);
    assert!(
        refused.json.to_string().contains("no such role"),
        "{}",
        refused.json
    );
    for path in ["", "/permissions", "/holders"] {
        otto.get(&format!("/organizations/{globex}/roles/{role}{path}"))
            .await
            .assert_status(404);
        otto.get(&format!("{}/{role}{path}", story.roles()))
            .await
            .assert_status(404);
    }
    otto.delete(&format!(
        "/organizations/{globex}/roles/{role}?confirm=Sales%20editor"
    ))
    .await
    .assert_status(404);
    story
        .acme
        .otto
        .get(&format!("/orgs/globex/roles/custom/{role}"))
        .await
        .assert_status(404);
    let holders = story
        .alice
        .get(&format!("{}/{role}/holders?limit=2", story.roles()))
        .await
        .assert_status(200)
        .json;
    let rest = holders["next_cursor"].as_str().expect("a cursor");
    let more = story
        .alice
        .get(&format!(
            "{}/{role}/holders?limit=2&cursor={rest}",
            story.roles()
        ))
        .await
        .assert_status(200)
        .json;
    let named = |page: &Value| -> Vec<String> {
        let one = |h: &Value| {
            format!(
                "{} {}",
                h["workspace"].as_str().unwrap_or(""),
                h["name"].as_str().unwrap_or("")
            )
        };
        page["data"]
            .as_array()
            .expect("a page")
            .iter()
            .map(one)
            .collect()
    };
    assert_eq!(
        [named(&holders), named(&more)].concat(),
        ["A Carol Reyes", "A Dora Vance", "B Dora Vance"]
    );
}

#[tokio::test]
async fn s3_38_s3_12_the_admin_of_a_workspace_makes_a_role_there_and_it_shows_in_the_organizations_list()
 {
    let story = Story::begin().await;
    let wanda = story.house.client("wanda@acme.test").await;
    wanda
        .post(&story.roles(), json!({ "name": "Field reader" }))
        .await
        .assert_status(403);
    let made = wanda
        .post(
            &story.roles(),
            json!({ "name": "Field reader", "workspace_id": story.a }),
        )
        .await
        .assert_status(201);
    wanda
        .post(
            &story.roles(),
            json!({ "name": "Other", "workspace_id": story.b }),
        )
        .await
        .assert_status(404);
    let list = story
        .alice
        .get(&story.roles())
        .await
        .assert_status(200)
        .json;
    assert_eq!(list["data"][0]["id"], made.json["id"]);
    // What it allows is not for them to say, nor its name, nor its end: that would reach into other workspaces.
    let role = made.json["id"].as_str().expect("an id");
    let lines = json!({ "permissions": [{ "kind": "table", "actions": ["edit"] }] });
    wanda
        .put(&format!("{}/{role}/permissions", story.roles()), lines)
        .await
        .assert_status(403);
    wanda
        .put(
            &format!("{}/{role}", story.roles()),
            json!({ "name": "Mine" }),
        )
        .await
        .assert_status(403);
    wanda
        .delete(&format!("{}/{role}?confirm=Field%20reader", story.roles()))
        .await
        .assert_status(403);
    // Dora, a member with nothing, neither makes nor sees roles.
    let dora = story.house.client("dora@acme.test").await;
    dora.post(
        &story.roles(),
        json!({ "name": "D", "workspace_id": story.a }),
    )
    .await
    .assert_status(404);
    for path in [
        "",
        &format!("/{role}"),
        &format!("/{role}/holders"),
        &format!("/{role}/permissions"),
    ] {
        dora.get(&format!("{}{path}", story.roles()))
            .await
            .assert_status(403);
        wanda
            .get(&format!("{}{path}", story.roles()))
            .await
            .assert_status(200);
    }
    // As a viewer of the organization Wanda writes nowhere, whatever she is in A.
    story
        .house
        .execute(
            "UPDATE members SET role = 'viewer', role_rank = 4 WHERE email = 'wanda@acme.test'",
        )
        .await;
    wanda
        .post(
            &story.roles(),
            json!({ "name": "Late", "workspace_id": story.a }),
        )
        .await
        .assert_status(403);
    wanda.get(&story.roles()).await.assert_status(403);
}

#[tokio::test]
async fn s3_33_the_admin_of_one_workspace_sees_of_a_role_what_concerns_that_one() {
    let story = Story::begin().await;
    story
        .resource("res_a", "table", "Orders", &story.a, "res_a/")
        .await;
    story
        .resource("res_b", "table", "Payroll", &story.b, "res_b/")
        .await;
    let role = story.role("Analyst").await;
    let lines = [json!({ "kind": "report", "actions": ["view"] })];
    let lines = lines
        .into_iter()
        .chain(["res_a", "res_b"].map(|id| json!({ "resource_id": id, "actions": ["view"] })));
    story.allow(&role, lines.collect()).await;
    for workspace in [&story.a, &story.b] {
        story
            .give(&story.alice, workspace, "dora@acme.test", &role)
            .await
            .assert_status(200);
    }
    let wanda = story.house.client("wanda@acme.test").await;
    let seen = wanda
        .get(&format!("{}/{role}/permissions", story.roles()))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (
            seen["permissions"].as_array().map(Vec::len),
            &seen["hidden"]
        ),
        (Some(2), &json!(1)),
        "{seen}"
    );
    assert!(!seen.to_string().contains("Payroll"));
    let holders = wanda
        .get(&format!("{}/{role}/holders", story.roles()))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        holders["data"].as_array().map(Vec::len),
        Some(1),
        "{holders}"
    );
    let shown = wanda
        .get(&format!("{}/{role}", story.roles()))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (&shown["people"], &shown["workspaces"]),
        (&json!(1), &json!(1))
    );
    let mut browser = story.house.sign_in("wanda@acme.test").await;
    let page = browser
        .get(&format!("/orgs/acme-corp/roles/custom/{role}"))
        .await
        .assert_status(200);
    assert!(
        page.text().contains("Orders")
            && !page.text().contains("Payroll")
            && !page.has("input[type=checkbox]")
    );
}

#[tokio::test]
async fn s3_32_the_list_shows_name_description_and_date_sorted_by_either() {
    let mut story = Story::begin().await;
    for (name, description) in [
        ("Zebra keeper", "Feeds them"),
        ("analyst", ""),
        ("Émigré", ""),
    ] {
        story
            .alice
            .post(
                &story.roles(),
                json!({ "name": name, "description": description }),
            )
            .await
            .assert_status(201);
        story.house.clock.advance(roster::clock::HOUR);
    }
    let names = |page: &Page| page.all("tbody td:first-child");
    let page = story
        .acme
        .alice
        .get("/orgs/acme-corp/roles/custom")
        .await
        .assert_status(200);
    assert_eq!(
        names(&page),
        ["analyst", "Émigré", "Zebra keeper"],
        "by name, letter case and accents aside"
    );
    assert_eq!(page.all("thead th")[..3], ["Name", "Description", "Made"]);
    assert_eq!(page.all("tbody tr:last-child td")[1], "Feeds them");
    assert!(page.has("tbody tr time[datetime]"));
    let by_date = page
        .attribute("thead th:nth-child(3) a", "href")
        .expect("a link");
    let page = story.acme.alice.get(&by_date).await.assert_status(200);
    assert_eq!(names(&page), ["Zebra keeper", "analyst", "Émigré"]);
    let page = story
        .acme
        .alice
        .get("/orgs/acme-corp/roles/custom?sort=date&dir=desc")
        .await;
    assert_eq!(names(&page), ["Émigré", "analyst", "Zebra keeper"]);
    assert_eq!(
        names(
            &story
                .acme
                .alice
                .get("/orgs/acme-corp/roles/custom?q=EMIG")
                .await
        ),
        ["Émigré"]
    );
    // Page by page, each once, both ways.
    for (sort, order) in [
        ("name", "asc"),
        ("name", "desc"),
        ("created", "asc"),
        ("created", "desc"),
    ] {
        let mut path = format!("{}?sort={sort}&order={order}&limit=1", story.roles());
        let mut seen = Vec::new();
        loop {
            let page = story.alice.get(&path).await.assert_status(200).json;
            seen.push(
                page["data"][0]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            );
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!(
                "{}?sort={sort}&order={order}&limit=1&cursor={cursor}",
                story.roles()
            );
        }
        seen.sort();
        assert_eq!(
            seen,
            ["Zebra keeper", "analyst", "Émigré"],
            "{sort} {order}"
        );
    }
    story
        .alice
        .get(&format!("{}?cursor=x", story.roles()))
        .await
        .assert_status(422);
}

#[tokio::test]
async fn s3_31_users_and_roles_stand_beside_each_other_with_addresses_of_their_own() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for path in [
        "/orgs/acme-corp/members",
        "/orgs/acme-corp/roles",
        "/orgs/acme-corp/roles/custom",
    ] {
        let page = acme.bob.get(path).await.assert_status(200);
        assert_eq!(
            page.attribute(".tabs a[aria-current=page]", "href")
                .as_deref(),
            Some(path)
        );
        assert_eq!(page.all(".tabs a").len(), 3);
    }
    // Somebody who neither manages roles nor a workspace isn't led to what they may not open.
    assert!(
        !acme
            .carol
            .get("/orgs/acme-corp/members")
            .await
            .has(".tabs a[href$='/roles/custom']")
    );
    assert!(
        !acme
            .carol
            .get("/orgs/acme-corp/roles")
            .await
            .has(".tabs a[href$='/roles/custom']")
    );
    acme.carol
        .get("/orgs/acme-corp/roles/custom")
        .await
        .assert_status(403);
}

#[tokio::test]
async fn s3_30_a_name_is_taken_once_however_it_is_written_and_never_a_fixed_roles() {
    let mut story = Story::begin().await;
    let role = story.role("Sales Editor").await;
    for name in ["sales editor", "Sales Éditor", " SALES EDITOR "] {
        let refused = story
            .alice
            .post(&story.roles(), json!({ "name": name }))
            .await
            .assert_problem(409, "role_name_taken");
        assert_eq!(refused.json["existing_id"], role, "{}", refused.json);
    }
    for name in [
        "Owner",
        "ADMIN",
        "mémber",
        "viewer",
        "Custom",
        "",
        "a\u{202e}b",
        &"x".repeat(81),
    ] {
        story
            .alice
            .post(&story.roles(), json!({ "name": name }))
            .await
            .assert_status(422);
    }
    let form = [("name", "sales editor"), ("description", "kept")];
    let page = story
        .acme
        .alice
        .post("/orgs/acme-corp/roles/custom/new", &form)
        .await
        .assert_status(422);
    assert!(page.has("#name-error"));
    assert_eq!(
        page.attribute("#description", "value").as_deref(),
        Some("kept")
    );
    let other = story.role("Other").await;
    let taken = story
        .alice
        .put(
            &format!("{}/{other}", story.roles()),
            json!({ "name": "sales editor" }),
        )
        .await;
    taken.assert_problem(409, "role_name_taken");
    // Its own name in other letters is its own.
    story
        .alice
        .put(
            &format!("{}/{role}", story.roles()),
            json!({ "name": "sales editor" }),
        )
        .await
        .assert_status(200);
    // The same name is free in another organization.
    let globex = story.house.system("globex").await.org.id.to_string();
    let otto = story.house.client("otto@globex.test").await;
    otto.post(
        &format!("/organizations/{globex}/roles"),
        json!({ "name": "Sales Editor" }),
    )
    .await
    .assert_status(201);
}

#[tokio::test]
async fn s3_35_e10_a_role_that_is_not_assigned_or_allows_nothing_says_that_it_is_not_in_effect() {
    let mut story = Story::begin().await;
    let role = story.role("Sales editor").await;
    let path = format!("/orgs/acme-corp/roles/custom/{role}");
    assert_eq!(
        story.shown(&role).await["status"],
        "not_assigned_and_not_used"
    );
    let page = story.acme.alice.get(&path).await.assert_status(200);
    page.assert_says("Not in effect: not assigned in any workspace, not used in any permission.");
    story
        .allow(&role, json!([{ "kind": "table", "actions": ["edit"] }]))
        .await;
    assert_eq!(story.shown(&role).await["status"], "not_assigned");
    story
        .acme
        .alice
        .get(&path)
        .await
        .assert_status(200)
        .assert_says("Not in effect: not assigned in any workspace.");
    story
        .give(&story.alice, &story.a, "dora@acme.test", &role)
        .await
        .assert_status(200);
    assert_eq!(story.shown(&role).await["status"], "in_effect");
    assert!(
        !story
            .acme
            .alice
            .get(&path)
            .await
            .assert_status(200)
            .text()
            .contains("Not in effect")
    );
    story.allow(&role, json!([])).await;
    assert_eq!(story.shown(&role).await["status"], "not_used");
    let list = story
        .acme
        .alice
        .get("/orgs/acme-corp/roles/custom")
        .await
        .assert_status(200);
    list.assert_says("not used in any permission");
}

#[tokio::test]
async fn a_workspaces_page_says_a_custom_role_by_its_name() {
    let story = Story::begin().await;
    let role = story.role("Report editor").await;
    story
        .give(&story.alice, &story.a, "dora@acme.test", &role)
        .await
        .assert_status(200);
    let path = format!("/workspaces/{}/overview", story.a);
    let mut dora = story.house.sign_in("dora@acme.test").await;
    let page = dora.get(&path).await.assert_status(200);
    assert_eq!(page.all(".kv dd")[0], "Report editor");
    assert_eq!(
        page.all("td[data-label='Role here']"),
        ["Report editor", "Admin", "Owner"]
    );
}

#[tokio::test]
async fn no_page_speaks_of_what_is_not_there() {
    let mut story = Story::begin().await;
    for path in ["/orgs/acme-corp/roles", "/orgs/acme-corp/keys"] {
        for browser in [&mut story.acme.alice, &mut story.acme.carol] {
            let page = browser.get(path).await;
            assert!(!page.text().contains("webhook"), "{path}: {}", page.text());
        }
    }
}
