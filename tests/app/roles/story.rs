//! Document 002's story: a role for fields, and what becomes of it.

use super::Story;
use crate::support::client::Client;
use serde_json::{Value, json};

impl Story {
    /// An app with two tables of one field each in A, and a table in B.
    async fn with_app() -> Self {
        let story = Self::begin().await;
        story
            .resource("res_app", "app", "Orders app", &story.a, "res_app/")
            .await;
        story
            .resource(
                "res_orders",
                "table",
                "Orders",
                &story.a,
                "res_app/res_orders/",
            )
            .await;
        story
            .resource(
                "res_total",
                "field",
                "Total",
                &story.a,
                "res_app/res_orders/res_total/",
            )
            .await;
        story
            .resource(
                "res_wages",
                "table",
                "Wages",
                &story.a,
                "res_app/res_wages/",
            )
            .await;
        story
            .resource(
                "res_pay",
                "field",
                "Pay",
                &story.a,
                "res_app/res_wages/res_pay/",
            )
            .await;
        story
            .resource("res_other", "table", "Other", &story.b, "res_other/")
            .await;
        story
    }

    async fn may(&self, who: &Client, action: &str, resource: &str) -> bool {
        let asked = json!({ "action": action, "resource_id": resource });
        who.post("/access/check", asked)
            .await
            .assert_status(200)
            .json["allowed"]
            == true
    }

    async fn rows_about(&self, role: &str) -> i64 {
        let count = |table: &str, column: &str| {
            format!("(SELECT COUNT(*) FROM {table} WHERE {column} = '{role}')")
        };
        let tables = [
            ("access", "custom_role_id"),
            ("custom_role_permissions", "role_id"),
            ("custom_roles", "id"),
        ];
        let sum = tables
            .map(|(table, column)| count(table, column))
            .join(" + ");
        self.house.count(&format!("SELECT {sum} + (SELECT COUNT(*) FROM invitation_access WHERE custom_role_id = '{role}')")).await
    }

    async fn delete(&self, role: &str, query: &str) -> Value {
        self.alice
            .delete(&format!("{}/{role}?{query}", self.roles()))
            .await
            .assert_status(200)
            .json
    }
}

#[tokio::test]
async fn s3_34_s3_35_a_permission_on_one_table_reaches_its_fields_once_the_role_is_assigned() {
    let story = Story::with_app().await;
    let dora = story.house.client("dora@acme.test").await;
    let role = story.role("Orders clerk").await;
    // Assigned only: they may open the workspace and see nothing in it. Used only: nothing changes for anybody.
    assert!(!story.may(&dora, "view", "res_total").await);
    story
        .give(&story.alice, &story.a, "dora@acme.test", &role)
        .await
        .assert_status(200);
    assert!(
        !story.may(&dora, "view", "res_total").await,
        "assigned only"
    );
    let other = story.role("Used only").await;
    story
        .allow(&other, json!([{ "kind": "field", "actions": ["delete"] }]))
        .await;
    assert!(!story.may(&dora, "view", "res_total").await);
    // Both.
    let changed = story
        .allow(
            &role,
            json!([{ "resource_id": "res_orders", "actions": ["edit"] }]),
        )
        .await;
    assert_eq!(
        changed["permissions"][0]["actions"],
        json!(["view", "edit"]),
        "whoever edits sees"
    );
    assert_eq!(changed["impact"]["people_gaining"], 1, "{changed}");
    for (action, resource, expected) in [
        ("view", "res_orders", true),
        ("view", "res_total", true),
        ("edit", "res_total", true),
        ("delete", "res_total", false),
        ("view", "res_app", false),
        ("view", "res_wages", false),
        ("view", "res_pay", false),
        ("view", "res_other", false),
    ] {
        assert_eq!(
            story.may(&dora, action, resource).await,
            expected,
            "{action} {resource}"
        );
    }
    // A whole kind counts in every workspace where the role is assigned, and in no other.
    story
        .allow(&role, json!([{ "kind": "table", "actions": ["view"] }]))
        .await;
    assert!(
        story.may(&dora, "view", "res_wages").await && !story.may(&dora, "view", "res_pay").await
    );
    assert!(!story.may(&dora, "view", "res_other").await);
    story
        .give(&story.alice, &story.b, "dora@acme.test", &role)
        .await
        .assert_status(200);
    assert!(story.may(&dora, "view", "res_other").await);
}

#[tokio::test]
async fn s3_34_what_no_workspace_role_reaches_and_what_is_not_there_is_refused() {
    let story = Story::with_app().await;
    let role = story.role("Orders clerk").await;
    let globex = story.house.system("globex").await.org.id.to_string();
    story
        .house
        .execute(&format!(
            "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, path, name, sort_name, created_at, updated_at)
             VALUES ('res_theirs', '{globex}', NULL, '{globex}', 'connector', 'x', 'res_theirs/', 'Theirs', 'theirs', 0, 0)"
        ))
        .await;
    for line in [
        json!({ "kind": "chat", "actions": ["view"] }),
        json!({ "kind": "connector", "actions": ["view"] }),
        json!({ "kind": "nonsense", "actions": ["view"] }),
        json!({ "resource_id": "res_nowhere", "actions": ["view"] }),
        json!({ "resource_id": "res_theirs", "actions": ["view"] }),
        json!({ "kind": "table", "actions": ["manage_members"] }),
        json!({ "kind": "table", "resource_id": "res_orders", "actions": ["view"] }),
        json!({ "actions": ["view"] }),
    ] {
        let path = format!("{}/{role}/permissions", story.roles());
        let refused = story
            .alice
            .put(&path, json!({ "permissions": [line] }))
            .await
            .assert_status(422);
        assert_eq!(
            refused.json["errors"][0]["field"], "permissions",
            "{}",
            refused.json
        );
    }
    let twice =
        json!([{ "kind": "table", "actions": ["view"] }, { "kind": "table", "actions": ["edit"] }]);
    let path = format!("{}/{role}/permissions", story.roles());
    story
        .alice
        .put(&path, json!({ "permissions": twice }))
        .await
        .assert_status(422);
    assert_eq!(
        story
            .house
            .count("SELECT COUNT(*) FROM custom_role_permissions")
            .await,
        0
    );
}

#[tokio::test]
async fn s3_36_s3_37_deleting_a_role_takes_its_assignments_permissions_and_offers_in_all_workspaces()
 {
    let mut story = Story::with_app().await;
    let role = story.role("Orders clerk").await;
    story.allow(&role, json!([{ "resource_id": "res_app", "actions": ["view"] }, { "kind": "field", "actions": ["edit"] }])).await;
    for (workspace, email) in [
        (&story.a, "dora@acme.test"),
        (&story.a, "carol@acme.test"),
        (&story.b, "dora@acme.test"),
    ] {
        story
            .give(&story.alice, workspace, email, &role)
            .await
            .assert_status(200);
    }
    let offer = json!({ "email": "nina@x.test", "org_role": "member",
        "workspace_access": [{ "workspace_id": story.a, "role": role }, { "workspace_id": story.b, "role": "viewer" }] });
    story
        .alice
        .post(
            &format!("/organizations/{}/members/invite", story.org),
            offer,
        )
        .await
        .assert_status(201);
    let before = story.rows_about(&role).await;
    assert_eq!(before, 3 + 2 + 1 + 1);
    let path = format!("/orgs/acme-corp/roles/custom/{role}/delete");
    let page = story.acme.alice.get(&path).await.assert_status(200);
    let page = page
        .assert_says("It is taken from 2 people in 2 workspaces")
        .assert_says("2 permissions go");
    page.assert_says("1 pending invitation offers one workspace less")
        .assert_says("Dora Vance loses B (Orders clerk)");
    let dry = story.delete(&role, "dry_run=true").await;
    assert_eq!(
        (
            &dry["people"],
            &dry["workspaces"],
            &dry["permissions"],
            &dry["invitations"]
        ),
        (&json!(2), &json!(2), &json!(2), &json!(1))
    );
    // Without the name, or with another, nothing happens.
    for typed in ["", "orders clerk", "Orders"] {
        let page = story
            .acme
            .alice
            .post(&path, &[("confirm", typed)])
            .await
            .assert_status(422);
        assert!(page.has("#confirm-error"));
    }
    assert_eq!(
        story.rows_about(&role).await,
        before,
        "looking changes nothing"
    );
    story
        .acme
        .alice
        .submit(&path, &[("confirm", "Orders clerk")])
        .await
        .assert_status(200)
        .assert_says("The role Orders clerk is deleted.");
    assert_eq!(story.rows_about(&role).await, 0);
    // The holders lost those workspaces, and the counts beside the rows follow.
    let dora = story.house.client("dora@acme.test").await;
    let own = dora
        .get(&format!("/organizations/{}/workspaces", story.org))
        .await
        .assert_status(200)
        .json;
    assert_eq!(own["data"], json!([]), "{own}");
    let wrong = "SELECT COUNT(*) FROM workspaces w WHERE people <> (SELECT COUNT(DISTINCT user_id) FROM access a WHERE a.workspace_id = w.id)";
    assert_eq!(story.house.count(wrong).await, 0);
    assert_eq!(
        story
            .house
            .count("SELECT workspaces FROM members WHERE email = 'dora@acme.test'")
            .await,
        0
    );
    let event = "SELECT COUNT(*) FROM audit_events WHERE action = 'custom_role.deleted' AND changes LIKE '%\"people\":2%'
        AND changes LIKE '%\"workspaces\":2%' AND changes LIKE '%\"permissions\":2%'";
    assert_eq!(
        story.house.count(event).await,
        1,
        "the counts are in the event"
    );
    story
        .alice
        .get(&format!("{}/{role}", story.roles()))
        .await
        .assert_status(404);
}

#[tokio::test]
async fn s3_36_the_holders_get_the_role_that_the_form_named_and_a_viewer_no_more_than_viewer() {
    let mut story = Story::begin().await;
    let [old, new] = [story.role("Old").await, story.role("New").await];
    for email in ["dora@acme.test", "vera@acme.test"] {
        story
            .give(&story.alice, &story.a, email, &old)
            .await
            .assert_status(200);
    }
    let path = format!("/orgs/acme-corp/roles/custom/{old}/delete");
    let page = story
        .acme
        .alice
        .get(&format!("{path}?replacement={new}"))
        .await
        .assert_status(200);
    page.assert_says("New takes its place for 2 people in 1 workspace");
    for wrong in [old.as_str(), "owner", "rol_nowhere", "nonsense"] {
        let page = story
            .acme
            .alice
            .post(&path, &[("confirm", "Old"), ("replacement", wrong)])
            .await
            .assert_status(422);
        assert!(page.has("#replacement-error"), "{wrong}: {}", page.text());
    }
    let done = story
        .delete(&old, &format!("confirm=Old&replacement={new}"))
        .await;
    assert_eq!(done["replacement"], "New");
    assert_eq!(
        story
            .house
            .count(&format!(
                "SELECT COUNT(*) FROM access WHERE custom_role_id = '{new}'"
            ))
            .await,
        2
    );
    let done = story.delete(&new, "confirm=New&replacement=member").await;
    assert_eq!(done["impact"]["people_losing"], 0, "{done}");
    let role = |email: &str| {
        format!(
            "SELECT COUNT(*) FROM access a JOIN users u ON u.id = a.user_id WHERE u.email = '{email}@acme.test' AND a.role = "
        )
    };
    assert_eq!(
        story
            .house
            .count(&format!("{}'member'", role("dora")))
            .await,
        1
    );
    assert_eq!(
        story
            .house
            .count(&format!("{}'viewer'", role("vera")))
            .await,
        1,
        "a viewer of the organization"
    );
}

#[tokio::test]
async fn s3_36_who_has_a_second_role_in_the_workspace_keeps_it() {
    let story = Story::begin().await;
    let role = story.role("Extra").await;
    story
        .give(&story.alice, &story.a, "dora@acme.test", &role)
        .await
        .assert_status(200);
    story
        .house
        .execute(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at) SELECT workspace_id, user_id, 'direct', 'member', 0
             FROM access WHERE custom_role_id IS NOT NULL",
        )
        .await;
    let done = story.delete(&role, "confirm=Extra").await;
    assert_eq!(
        (&done["people"], &done["impact"]["people_losing"]),
        (&json!(1), &json!(0)),
        "{done}"
    );
    let dora = story.house.client("dora@acme.test").await;
    let own = dora
        .get(&format!("/organizations/{}/workspaces", story.org))
        .await
        .assert_status(200)
        .json;
    assert_eq!(own["data"][0]["your_role"], "member", "{own}");
}

#[tokio::test]
async fn sec_z4_nobody_raises_themselves_by_a_custom_role() {
    let story = Story::with_app().await;
    let [role, wide] = [story.role("Mine").await, story.role("Wide").await];
    story
        .allow(&wide, json!([{ "kind": "table", "actions": ["delete"] }]))
        .await;
    let bob = story.house.client("bob@acme.test").await;
    for (email, given) in [("bob@acme.test", &role), ("dora@acme.test", &role)] {
        story
            .give(&story.alice, &story.a, email, given)
            .await
            .assert_status(200);
    }
    story
        .give(&story.alice, &story.a, "carol@acme.test", "viewer")
        .await
        .assert_status(200);
    // An admin of the organization who has the role can't widen it for themselves, nor replace it by more.
    let path = format!("{}/{role}/permissions", story.roles());
    let lines = json!({ "permissions": [{ "kind": "table", "actions": ["edit"] }] });
    bob.put(&path, lines.clone())
        .await
        .assert_problem(403, "own_role_upward");
    bob.delete(&format!(
        "{}/{role}?confirm=Mine&replacement=member",
        story.roles()
    ))
    .await
    .assert_problem(403, "own_role_upward");
    bob.delete(&format!(
        "{}/{role}?confirm=Mine&replacement={wide}",
        story.roles()
    ))
    .await
    .assert_problem(403, "own_role_upward");
    story
        .give(&bob, &story.a, "bob@acme.test", &wide)
        .await
        .assert_problem(403, "own_role_upward");
    // Nor do those who manage nothing take another role than their own.
    for email in ["dora@acme.test", "carol@acme.test"] {
        let client = story.house.client(email).await;
        story
            .give(&client, &story.a, email, &wide)
            .await
            .assert_status(403);
    }
    assert_eq!(
        story
            .house
            .count(&format!(
                "SELECT COUNT(*) FROM access WHERE custom_role_id = '{wide}'"
            ))
            .await,
        0
    );
    // Less is anybody's right; for others, and by an owner, it is done.
    story.alice.put(&path, lines).await.assert_status(200);
    bob.put(&path, json!({ "permissions": [] }))
        .await
        .assert_status(200);
}

#[tokio::test]
async fn s3_34_e10_the_table_of_boxes_keeps_what_was_ticked_and_says_whom_a_change_concerns() {
    let mut story = Story::with_app().await;
    let role = story.role("Orders clerk").await;
    let path = format!("/orgs/acme-corp/roles/custom/{role}");
    let form = format!("{path}/permissions");
    // Searching and adding a row saves nothing and loses nothing.
    let page = story
        .acme
        .alice
        .post(
            &form,
            &[("may[]", "report:run"), ("find", "ORD"), ("do", "find")],
        )
        .await
        .assert_status(200);
    assert_eq!(
        page.all("button[name=add]"),
        ["Add Orders", "Add Orders app"]
    );
    assert!(
        page.has("input[value='report:run'][checked]") && page.text().contains("Not saved yet")
    );
    let page = story
        .acme
        .alice
        .post(
            &form,
            &[
                ("may[]", "report:run"),
                ("find", "ORD"),
                ("add", "res_orders"),
            ],
        )
        .await
        .assert_status(200);
    assert!(
        page.has("input[value='report:run'][checked]")
            && page.has("input[value='res_orders:view'][checked]")
    );
    assert_eq!(story.shown(&role).await["permissions"], 0);
    // Nobody has the role: it is saved at once.
    let ticked = [
        ("may[]", "report:run"),
        ("row[]", "res_orders"),
        ("may[]", "res_orders:edit"),
        ("do", "save"),
    ];
    let page = story
        .acme
        .alice
        .submit(&form, &ticked)
        .await
        .assert_status(200)
        .assert_says("What Orders clerk allows is saved.");
    assert!(
        page.has("input[value='report:view'][checked]")
            && page.has("input[value='res_orders:view'][checked]"),
        "view comes along"
    );
    // Somebody has it: first a page says whom it concerns.
    story
        .give(&story.alice, &story.a, "dora@acme.test", &role)
        .await
        .assert_status(200);
    let less = [("may[]", "report:view"), ("do", "save")];
    let page = story.acme.alice.post(&form, &less).await.assert_status(200);
    let page = page
        .assert_says("The role is held by 1 person in 1 workspace")
        .assert_says("table Orders in A: view, edit");
    let page = page.assert_says("Dora Vance can do less in A (Orders clerk)");
    assert_eq!(
        page.attribute("input[name='may[]']", "value").as_deref(),
        Some("report:view")
    );
    assert_eq!(story.shown(&role).await["permissions"], 2);
    story
        .acme
        .alice
        .submit(&form, &[("may[]", "report:view"), ("do", "confirm")])
        .await
        .assert_says("is saved");
    assert_eq!(story.shown(&role).await["permissions"], 1);
    for wrong in ["report", "report:own", "nonsense:view"] {
        let page = story
            .acme
            .alice
            .post(&form, &[("may[]", wrong), ("do", "save")])
            .await;
        assert!(matches!(page.status, 400 | 422), "{wrong}: {}", page.status);
    }
    // The name changes; those who have it keep it.
    let page = story
        .acme
        .alice
        .submit(
            &format!("{path}/details"),
            &[("name", "Clerk"), ("description", "For orders")],
        )
        .await;
    page.assert_says("Clerk is saved.")
        .assert_says("For orders")
        .assert_says("Dora Vance");
    let page = story
        .acme
        .alice
        .post(&format!("{path}/details"), &[("name", "viewer")])
        .await
        .assert_status(422);
    assert!(page.has("#name-error"));
}

#[tokio::test]
async fn s3_36_a_workspace_that_leaves_takes_its_lines_along_and_a_deleted_organization_leaves_viewers()
 {
    let mut story = Story::with_app().await;
    let role = story.role("Orders clerk").await;
    let lines = json!([{ "kind": "report", "actions": ["view"] }, { "resource_id": "res_orders", "actions": ["view"] },
        { "resource_id": "res_other", "actions": ["view"] }]);
    story.allow(&role, lines).await;
    story
        .give(&story.alice, &story.b, "dora@acme.test", &role)
        .await
        .assert_status(200);
    let unlinked = story
        .acme
        .alice
        .post(
            &format!("/orgs/acme-corp/workspaces/{}/unlink", story.a),
            &[],
        )
        .await;
    unlinked.assert_status(303);
    let left = story
        .alice
        .get(&format!("{}/{role}/permissions", story.roles()))
        .await
        .assert_status(200)
        .json;
    assert!(
        !left.to_string().contains("Orders") && left.to_string().contains("Other"),
        "{left}"
    );
    story
        .acme
        .alice
        .post(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(303);
    assert_eq!(story.rows_about(&role).await, 0);
    let sql = "SELECT COUNT(*) FROM access a JOIN users u ON u.id = a.user_id WHERE u.email = 'dora@acme.test' AND a.role = 'viewer'";
    assert_eq!(story.house.count(sql).await, 1, "nobody loses a workspace");
}
