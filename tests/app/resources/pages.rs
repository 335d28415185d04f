//! Resources as people see them.

use super::{Scene, id_of, thing};
use roster::accounts;
use roster::resources::{self, Filter, Place};
use serde_json::json;

#[tokio::test]
async fn a_workspace_lists_its_resources_and_each_says_where_it_lies() {
    let mut scene = Scene::new().await;
    let here = scene.at_workspace();
    scene
        .acme
        .alice
        .get(&here)
        .await
        .assert_status(200)
        .assert_says("No resources yet");
    let made = scene
        .tell(&[
            ("app", "Shop", None),
            ("table", "orders", Some(("app", "Shop"))),
            ("monitor", "home page", None),
        ])
        .await;
    let list = scene.acme.alice.get(&here).await.assert_status(200);
    assert_eq!(
        list.all("tbody td:first-child"),
        ["home page", "orders in Shop", "Shop"]
    );
    assert_eq!(list.all(".navs a[aria-current=page]"), ["Resources"]);
    let found = scene
        .acme
        .alice
        .get(&format!("{here}?kind=table"))
        .await
        .assert_status(200);
    assert_eq!(found.all("tbody td:first-child"), ["orders in Shop"]);
    assert_eq!(
        scene
            .acme
            .alice
            .get(&format!("{here}?q=HOME"))
            .await
            .all("tbody td:first-child"),
        ["home page"]
    );
    scene
        .acme
        .alice
        .get(&format!("{here}?q=nothing"))
        .await
        .assert_status(200)
        .assert_says("Nothing matches");
    let table = scene
        .acme
        .alice
        .get(&format!("{here}/{}", id_of(&made, 1)))
        .await
        .assert_status(200);
    table
        .assert_says("Table in Shop")
        .assert_says("view, run, create, edit and delete");
    let app = scene
        .acme
        .alice
        .get(&format!("{here}/{}", id_of(&made, 0)))
        .await
        .assert_status(200);
    assert_eq!(app.all("section tbody td:first-child"), ["orders in Shop"]);
    // Archived by a form, and back.
    let done = scene
        .acme
        .alice
        .submit(&format!("{here}/{}/archive", id_of(&made, 0)), &[])
        .await;
    done.assert_says("Shop is archived.");
    assert_eq!(
        scene
            .acme
            .alice
            .get(&here)
            .await
            .all("tbody td:first-child"),
        ["home page"]
    );
    scene
        .acme
        .alice
        .submit(&format!("{here}/{}/restore", id_of(&made, 0)), &[])
        .await
        .assert_says("Shop is back.");
    // By the organization's address it leads to the workspace's.
    let led = scene
        .acme
        .alice
        .get(&format!("/orgs/acme-corp/resources/{}", id_of(&made, 0)))
        .await
        .assert_status(303);
    assert_eq!(led.location(), format!("{here}/{}", id_of(&made, 0)));
    scene
        .acme
        .alice
        .get("/orgs/acme-corp/resources")
        .await
        .assert_says("Production 3");
    // Somebody without a role there: as if it weren't.
    scene.acme.carol.get(&here).await.assert_status(404);
    let page = scene
        .acme
        .carol
        .get("/orgs/acme-corp/resources")
        .await
        .assert_status(200);
    assert!(!page.text().contains("Production"), "{}", page.text());
}

#[tokio::test]
async fn s4_11_a_chat_is_on_its_owners_pages_and_on_nobody_elses() {
    let mut scene = Scene::new().await;
    let made = scene
        .carol
        .post(
            &scene.at_organization(),
            json!({ "resources": [thing("chat", "Quiet words", None)] }),
        )
        .await;
    let path = format!("/orgs/acme-corp/resources/{}", id_of(&made, 0));
    scene
        .acme
        .carol
        .get("/orgs/acme-corp/resources")
        .await
        .assert_says("Quiet words only you");
    scene
        .acme
        .carol
        .get(&path)
        .await
        .assert_status(200)
        .assert_says("only you");
    for browser in [
        &mut scene.acme.alice,
        &mut scene.acme.bob,
        &mut scene.acme.vera,
    ] {
        browser.get(&path).await.assert_status(404);
        let list = browser
            .get("/orgs/acme-corp/resources")
            .await
            .assert_status(200);
        assert!(
            !list.text().contains("Quiet") && !list.has("option[value=chat]"),
            "{}",
            list.text()
        );
        browser
            .post(&format!("{path}/archive"), &[])
            .await
            .assert_status(404);
    }
    let log = scene
        .acme
        .alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_status(200);
    assert!(
        !log.text().contains("Quiet") && !log.text().contains("private thing"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn what_a_thing_lies_in_is_named_only_to_who_sees_that_too() {
    let mut scene = Scene::new().await;
    let made = scene
        .tell(&[
            ("app", "Secret app", None),
            ("table", "orders", Some(("app", "Secret app"))),
        ])
        .await;
    let sql = format!(
        "INSERT INTO custom_roles (id, org_id, name, sort_name, created_at) VALUES ('rol_1', '{org}', 'Orders', 'orders', 0);
         INSERT INTO custom_role_permissions (id, org_id, role_id, kind, resource_id, may_view, may_run, may_create, may_edit, may_delete, created_at)
            VALUES ('p_1', '{org}', 'rol_1', 'table', '{table}', TRUE, FALSE, FALSE, FALSE, FALSE, 0);
         INSERT INTO access (workspace_id, user_id, source, role, custom_role_id, created_at)
            SELECT '{ws}', id, 'direct', 'custom', 'rol_1', 0 FROM users WHERE email = 'carol@acme.test'",
        org = scene.org,
        table = id_of(&made, 1),
        ws = scene.workspace,
    );
    scene.house.execute(&sql).await;
    let here = scene.at_workspace();
    let list = scene.acme.carol.get(&here).await.assert_status(200);
    assert_eq!(
        list.all("tbody td:first-child"),
        ["orders"],
        "{}",
        list.text()
    );
    let table = scene
        .acme
        .carol
        .get(&format!("{here}/{}", id_of(&made, 1)))
        .await
        .assert_status(200);
    assert!(!table.text().contains("Secret"), "{}", table.text());
    scene
        .acme
        .carol
        .get(&format!("{here}/{}", id_of(&made, 0)))
        .await
        .assert_status(404);
}

#[tokio::test]
async fn lists_walk_an_index_in_the_order_of_names() {
    let scene = Scene::new().await;
    let made = scene
        .tell(&[("app", "a", None), ("table", "t", Some(("app", "a")))])
        .await;
    let app = &scene.house.app;
    let cookie = &scene.acme.alice.cookies[roster::web::COOKIE];
    let person = accounts::identify_session(app, cookie, Default::default())
        .await
        .expect("it is read")
        .expect("Alice");
    let place = Place::of_workspace(app, &person, &scene.workspace.as_str().into())
        .await
        .expect("it opens");
    let one = Filter {
        limit: 50,
        ..Filter::default()
    };
    let all = [
        (one.clone(), "resources_by_name"),
        (
            Filter {
                kind: "table".into(),
                ..one.clone()
            },
            "resources_by_kind",
        ),
        (
            Filter {
                parent: Some(id_of(&made, 0).as_str().into()),
                kind: "table".into(),
                ..one
            },
            "resources_by_parent",
        ),
    ];
    for (filter, index) in all {
        let plan = resources::explain(app, &place, &filter)
            .await
            .expect("a plan")
            .join("\n");
        if scene.house.database_url.starts_with("sqlite") {
            assert!(plan.contains(index), "{index}: {plan}");
            assert!(!plan.contains("SCAN r "), "{plan}");
        } else {
            assert!(!plan.contains("Seq Scan on resources r "), "{plan}");
        }
    }
}
