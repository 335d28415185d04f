//! What the host product tells of its things.

use super::{Scene, id_of, names, thing};
use serde_json::{Value, json};

fn verdicts(answer: &crate::support::client::Answer) -> Vec<String> {
    let all = answer.json["data"].as_array().expect("a list");
    all.iter()
        .map(|one| one["verdict"].as_str().expect("a verdict").to_owned())
        .collect()
}

#[tokio::test]
async fn s2_10_the_same_told_again_changes_nothing_and_leaves_no_event() {
    let scene = Scene::new().await;
    let app = ("app", "shop", None);
    let all = [
        app,
        ("table", "orders", Some(("app", "shop"))),
        ("field", "total", Some(("table", "orders"))),
    ];
    assert_eq!(
        verdicts(&scene.tell(&all).await),
        ["created", "created", "created"]
    );
    let events = || {
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE category = 'resource'")
    };
    assert_eq!(events().await, 3);
    assert_eq!(
        verdicts(&scene.tell(&all).await),
        ["unchanged", "unchanged", "unchanged"]
    );
    assert_eq!(events().await, 3, "no change, no event");
    // Another name, and another place: out of its table, with what it was before.
    let moved = [
        thing("field", "total", Some(("app", "shop"))),
        json!({ "kind": "app", "external_id": "shop", "name": "The shop" }),
    ];
    let answer = scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": moved }))
        .await
        .assert_status(200);
    assert_eq!(verdicts(&answer), ["changed", "changed"]);
    assert_eq!(events().await, 5);
    let before = scene.house.count("SELECT COUNT(*) FROM audit_events WHERE action = 'resource.changed' AND changes LIKE '%orders%'").await;
    assert_eq!(before, 1, "the event says where it was");
    let field = scene
        .alice
        .get(&format!("{}/{}", scene.at_workspace(), id_of(&answer, 0)))
        .await
        .assert_status(200);
    assert_eq!(field.json["lies_in"][0]["name"], "The shop");
    assert_eq!(
        field.json["your_actions"],
        json!(["view", "run", "create", "edit", "delete"])
    );
    scene
        .acme_log_says(&["added the app shop", "changed the app The shop"])
        .await;
}

impl Scene {
    /// The owner's own activity has these sentences.
    async fn acme_log_says(&self, sentences: &[&str]) {
        let page = self
            .acme
            .alice
            .another_tab()
            .get("/account/activity")
            .await
            .assert_status(200);
        for sentence in sentences {
            assert!(
                page.text().contains(sentence),
                "{sentence}: {}",
                page.text()
            );
        }
    }
}

#[tokio::test]
async fn what_lies_below_moves_along_and_nothing_lies_in_itself() {
    let scene = Scene::new().await;
    let made = scene
        .tell(&[
            ("app", "a", None),
            ("app", "b", None),
            ("table", "t", Some(("app", "a"))),
            ("view", "v", Some(("table", "t"))),
            ("field", "f", Some(("view", "v"))),
        ])
        .await;
    scene.tell(&[("table", "t", Some(("app", "b")))]).await;
    let field = scene
        .alice
        .get(&format!("{}/{}", scene.at_workspace(), id_of(&made, 4)))
        .await
        .assert_status(200);
    let around: Vec<&Value> = field.json["lies_in"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(around, ["b", "t", "v"]);
    let circle = json!({ "resources": [thing("table", "t", Some(("field", "f")))] });
    let answer = scene
        .alice
        .post(&scene.at_workspace(), circle)
        .await
        .assert_problem(422, "invalid");
    assert_eq!(answer.json["errors"][0]["field"], "resources[0].parent");
    // No deeper than eight.
    let mut deep = vec![("app".to_owned(), "d0".to_owned(), None)];
    deep.extend((1..9).map(|n| {
        (
            "app".to_owned(),
            format!("d{n}"),
            Some(("app".to_owned(), format!("d{}", n - 1))),
        )
    }));
    let all: Vec<Value> = deep
        .iter()
        .map(|(kind, id, parent)| {
            thing(
                kind,
                id,
                parent.as_ref().map(|(k, i)| (k.as_str(), i.as_str())),
            )
        })
        .collect();
    let refused = scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": all }))
        .await
        .assert_problem(422, "invalid");
    assert_eq!(refused.json["errors"][0]["field"], "resources[8].parent");
    scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": all[..8] }))
        .await
        .assert_status(200);
    let onto = json!({ "resources": [thing("app", "b", Some(("app", "d4")))] });
    scene
        .alice
        .post(&scene.at_workspace(), onto)
        .await
        .assert_problem(422, "invalid");
    assert_eq!(
        scene
            .names(&scene.alice, &format!("&parent_id={}", id_of(&made, 1)))
            .await,
        ["t"]
    );
}

#[tokio::test]
async fn one_that_is_wrong_stops_all_or_is_left_out_as_the_call_says() {
    let scene = Scene::new().await;
    let all = json!([
        thing("monitor", "m1", None),
        thing("unicorn", "u", None),
        { "kind": "monitor", "external_id": "", "name": " " },
        thing("field", "f", Some(("table", "nowhere"))),
        thing("dashboard", "d", None),
        { "kind": "monitor", "external_id": "m2", "name": "x", "owner": "carol@acme.test" },
        { "kind": "monitor", "external_id": "m3", "name": "x", "workspace_id": "ws_nowhere" },
    ]);
    let answer = scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": all }))
        .await
        .assert_problem(422, "invalid");
    let fields: Vec<&str> = answer.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| e["field"].as_str().expect("a field"))
        .collect();
    assert_eq!(
        fields,
        [
            "resources[1].kind",
            "resources[2].name",
            "resources[2].external_id",
            "resources[3].parent",
            "resources[4].kind",
            "resources[5].owner",
            "resources[6].workspace_id"
        ]
    );
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM resources").await, 0);
    let answer = scene
        .alice
        .post(
            &scene.at_workspace(),
            json!({ "resources": all, "on_error": "skip" }),
        )
        .await
        .assert_status(200);
    assert_eq!(
        verdicts(&answer),
        [
            "created", "refused", "refused", "refused", "refused", "refused", "refused"
        ]
    );
    assert!(
        answer.json["data"][1]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("no such kind"))
    );
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM resources").await, 1);
    for wrong in [
        json!({ "resources": [] }),
        json!({ "resources": vec![thing("monitor", "m", None); 1_001] }),
    ] {
        scene
            .alice
            .post(&scene.at_workspace(), wrong)
            .await
            .assert_problem(422, "invalid");
    }
}

#[tokio::test]
async fn s2_11_s2_12_s2_41_members_write_the_kinds_open_to_them_and_viewers_none() {
    let scene = Scene::new().await;
    scene.give("carol@acme.test", "member").await;
    scene.give("vera@acme.test", "member").await;
    scene.tell(&[("monitor", "site", None)]).await;
    let tell = |kind: &'static str| json!({ "resources": [thing(kind, "new", Some(("monitor", "site")))] });
    for (kind, carol, vera) in [
        ("schedule", 200, 403),
        ("ignore_rule", 200, 403),
        ("monitor", 403, 403),
        ("warehouse", 403, 403),
    ] {
        assert_eq!(
            scene
                .vera
                .post(&scene.at_workspace(), tell(kind))
                .await
                .status,
            vera,
            "{kind} by a viewer of the organization"
        );
        assert_eq!(
            scene
                .carol
                .post(&scene.at_workspace(), tell(kind))
                .await
                .status,
            carol,
            "{kind} by a member"
        );
    }
    // S2-42: what one of them changes, the other sees, and the log says who it was.
    assert!(
        scene
            .names(&scene.vera, "&kind=ignore_rule")
            .await
            .contains(&"new".to_owned())
    );
    // Bob, admin of the organization, has no role in the workspace: it isn't there for him.
    scene
        .bob
        .get(&scene.at_workspace())
        .await
        .assert_problem(404, "not_found");
    scene
        .bob
        .post(&scene.at_workspace(), tell("schedule"))
        .await
        .assert_problem(404, "not_found");
    let by_organization = json!({ "resources": [{ "kind": "schedule", "external_id": "x", "name": "x", "workspace_id": scene.workspace }] });
    let answer = scene
        .bob
        .post(&scene.at_organization(), by_organization)
        .await
        .assert_problem(422, "invalid");
    assert_eq!(
        answer.json["errors"][0]["field"],
        "resources[0].workspace_id"
    );
    // S2-11, S2-44: projects need a plan that has them; nobody is told that they are theirs to make.
    let project = json!({ "resources": [thing("project", "p", None)] });
    scene
        .alice
        .post(&scene.at_organization(), project.clone())
        .await
        .assert_problem(403, "plan_lacks_entitlement");
    scene
        .carol
        .post(&scene.at_organization(), project)
        .await
        .assert_problem(403, "role_lacks_permission");
}

#[tokio::test]
async fn s4_10_s4_12_dashboards_and_connectors_are_open_to_everybody_in_the_organization_and_to_nobody_else()
 {
    let mut scene = Scene::new().await;
    let all = json!({ "resources": [thing("dashboard", "Revenue", None)] });
    let made = scene
        .carol
        .post(&scene.at_organization(), all)
        .await
        .assert_status(200);
    scene
        .alice
        .post(
            &scene.at_organization(),
            json!({ "resources": [thing("connector", "Postgres", None)] }),
        )
        .await
        .assert_status(200);
    // Somebody who joins later opens the older dashboard at once.
    scene
        .house
        .add_member(
            "acme-corp",
            "nina@acme.test",
            "Nina New",
            roster::access::OrgRole::Viewer,
        )
        .await;
    let mut nina = scene.house.sign_in("nina@acme.test").await;
    nina.get("/orgs/acme-corp/members").await.assert_status(200);
    let nina = scene.house.client("nina@acme.test").await;
    assert_eq!(
        names(&nina.get(&scene.at_organization()).await),
        ["Postgres", "Revenue"]
    );
    let path = format!("{}/{}", scene.at_organization(), id_of(&made, 0));
    let seen = nina.get(&path).await.assert_status(200);
    assert_eq!(seen.json["your_actions"], json!(["view"]), "a viewer reads");
    let otto = scene.house.client("otto@globex.test").await;
    otto.get(&path).await.assert_problem(404, "not_found");
    let globex = scene.house.system("globex").await.org.id.to_string();
    otto.get(&path.replace(&scene.org, &globex))
        .await
        .assert_problem(404, "not_found");
    assert!(
        names(
            &otto
                .get(&format!("/organizations/{globex}/resources"))
                .await
        )
        .is_empty()
    );
    scene
        .acme
        .vera
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
}

#[tokio::test]
async fn an_archived_thing_leaves_the_lists_with_all_below_it_and_comes_back_with_it() {
    let scene = Scene::new().await;
    let made = scene
        .tell(&[
            ("app", "a", None),
            ("table", "t", Some(("app", "a"))),
            ("field", "f", Some(("table", "t"))),
        ])
        .await;
    let path =
        |n: usize, verb: &str| format!("{}/{}/{verb}", scene.at_workspace(), id_of(&made, n));
    scene
        .alice
        .post(&path(2, "archive"), json!({}))
        .await
        .assert_status(200);
    scene.house.clock.advance(1_000_000);
    scene
        .alice
        .post(&path(0, "archive"), json!({}))
        .await
        .assert_status(200);
    assert!(scene.names(&scene.alice, "").await.is_empty());
    assert_eq!(
        scene.names(&scene.alice, "&archived=true").await,
        ["a", "f", "t"]
    );
    let events = || {
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action LIKE 'resource.%'")
    };
    let before = events().await;
    scene
        .alice
        .post(&path(0, "archive"), json!({}))
        .await
        .assert_status(200);
    assert_eq!(events().await, before, "it was archived already");
    scene
        .alice
        .post(&path(0, "restore"), json!({}))
        .await
        .assert_status(200);
    assert_eq!(
        scene.names(&scene.alice, "").await,
        ["a", "t"],
        "the field was archived before, by itself"
    );
    scene.give("carol@acme.test", "viewer").await;
    scene
        .carol
        .post(&path(0, "archive"), json!({}))
        .await
        .assert_problem(403, "role_lacks_permission");
}

#[tokio::test]
async fn many_who_tell_of_the_same_thing_at_once_make_one() {
    let scene = Scene::new().await;
    scene.give("carol@acme.test", "member").await;
    let tries = (0..20).map(|n| {
        let who = if n % 2 == 0 {
            scene.alice.clone()
        } else {
            scene.carol.clone()
        };
        let path = scene.at_workspace();
        tokio::spawn(async move {
            who.post(
                &path,
                json!({ "resources": [thing("sync", "nightly", None)] }),
            )
            .await
        })
    });
    let mut created = 0;
    for one in tries.collect::<Vec<_>>() {
        let answer = one.await.expect("an answer").assert_status(200);
        created += usize::from(verdicts(&answer) == ["created"]);
    }
    assert_eq!(created, 1);
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM resources").await, 1);
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'resource.created'")
            .await,
        1
    );
    // In a workspace that stands alone its people share no organization to queue up at.
    let lab = scene
        .alice
        .post("/workspaces", json!({ "name": "Lab" }))
        .await
        .assert_status(201);
    let lab = lab.json["id"].as_str().expect("an id").to_owned();
    scene
        .house
        .execute(&format!(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
             SELECT '{lab}', id, 'direct', 'member', 0 FROM users WHERE email = 'carol@acme.test'"
        ))
        .await;
    let tries = (0..20).map(|n| {
        let who = if n % 2 == 0 {
            scene.alice.clone()
        } else {
            scene.carol.clone()
        };
        let path = format!("/workspaces/{lab}/resources");
        tokio::spawn(async move {
            who.post(
                &path,
                json!({ "resources": [thing("sync", "nightly", None)] }),
            )
            .await
        })
    });
    for one in tries.collect::<Vec<_>>() {
        one.await.expect("an answer").assert_status(200);
    }
    assert_eq!(scene.house.count("SELECT COUNT(*) FROM resources").await, 2);
    let refused = json!({ "resources": [thing("dashboard", "d", None)] });
    scene
        .alice
        .post(&format!("/workspaces/{lab}/resources"), refused)
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn a_thousand_at_once_are_told_listed_in_pages_and_found() {
    let scene = Scene::new().await;
    let all: Vec<Value> = (0..1_000)
        .map(|n| thing("monitor", &format!("site {n:04}"), None))
        .collect();
    let answer = scene
        .alice
        .post(&scene.at_workspace(), json!({ "resources": all }))
        .await
        .assert_status(200);
    assert_eq!(verdicts(&answer).len(), 1_000);
    let mut path = format!("{}?limit=100", scene.at_workspace());
    let mut seen = Vec::new();
    loop {
        let page = scene.alice.get(&path).await.assert_status(200);
        seen.extend(names(&page));
        let Some(cursor) = page.json["next_cursor"].as_str() else {
            break;
        };
        path = format!("{}?limit=100&cursor={cursor}", scene.at_workspace());
    }
    assert_eq!(seen.len(), 1_000);
    assert!(seen.is_sorted());
    assert_eq!(
        scene.names(&scene.alice, "&search=SITE+07").await.len(),
        100
    );
    let mut tx = scene.house.app.db.read().await.expect("a connection");
    assert_eq!(
        roster::audit::first_broken(&mut tx, &scene.org)
            .await
            .expect("it is read"),
        None
    );
    let other = format!(
        "{}?cursor={}",
        scene.at_organization(),
        path.split("cursor=").nth(1).expect("a cursor")
    );
    scene.alice.get(&other).await.assert_problem(422, "invalid");
}

#[tokio::test]
async fn kinds_are_added_by_call_and_keep_the_level_of_what_is_there() {
    let scene = Scene::new().await;
    let path = |kind: &str| format!("/organizations/{}/resource-kinds/{kind}", scene.org);
    let pipeline = json!({ "label": "Pipeline", "plural": "Pipelines", "level": "workspace", "writers": "member" });
    let made = scene
        .alice
        .put(&path("pipeline"), pipeline.clone())
        .await
        .assert_status(200);
    assert_eq!(made.json["takes_grants"], true);
    scene
        .carol
        .put(&path("pipeline"), pipeline.clone())
        .await
        .assert_problem(403, "role_lacks_permission");
    scene
        .alice
        .put(&path("monitor"), pipeline.clone())
        .await
        .assert_problem(409, "kind_is_fixed");
    scene
        .alice
        .put(&path("Pipe-line"), pipeline.clone())
        .await
        .assert_problem(422, "invalid");
    scene.tell(&[("pipeline", "p", None)]).await;
    let mut moved = pipeline.clone();
    moved["level"] = json!("organization");
    moved["takes_grants"] = json!(false);
    scene
        .alice
        .put(&path("pipeline"), moved)
        .await
        .assert_problem(409, "kind_in_use");
    let events = || {
        scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action LIKE 'resource_kind.%'")
    };
    assert_eq!(events().await, 1);
    scene
        .alice
        .put(&path("pipeline"), pipeline.clone())
        .await
        .assert_status(200);
    assert_eq!(events().await, 1, "the same again is no change");
    let mut renamed = pipeline;
    renamed["label"] = json!("Flow");
    scene
        .alice
        .put(&path("pipeline"), renamed)
        .await
        .assert_status(200);
    assert_eq!(events().await, 2);
    let listed = scene
        .vera
        .get(&format!(
            "/organizations/{}/resource-kinds?limit=100",
            scene.org
        ))
        .await
        .assert_status(200);
    let kinds: Vec<&str> = listed.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|k| k["kind"].as_str().expect("a kind"))
        .collect();
    assert!(kinds.contains(&"pipeline") && kinds.contains(&"warehouse") && kinds.is_sorted());
}
