//! The check call and the page that explains, as services and admins use them.

use crate::support::client::Client;
use crate::support::{Acme, House, acme};
use serde_json::{Value, json};

/// Acme with Production in which Carol is a viewer, and a monitor there.
struct Place {
    house: House,
    acme: Acme,
    alice: Client,
    bob: Client,
    carol: Client,
    carol_id: String,
    workspace: String,
}

async fn place() -> Place {
    let house = House::start().await;
    let acme = acme(&house).await;
    let (alice, bob) = (
        house.client("alice@acme.test").await,
        house.client("bob@acme.test").await,
    );
    let carol = house.client("carol@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("Acme")
        .to_owned();
    let made = alice
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "name": "Production" }),
        )
        .await
        .assert_status(201);
    let workspace = made.json["id"].as_str().expect("an id").to_owned();
    let carol_id = carol.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    alice
        .put(
            &format!("/workspaces/{workspace}/members/{carol_id}"),
            json!({ "role": "viewer" }),
        )
        .await
        .assert_status(200);
    for (id, kind, owner) in [
        ("orders", "monitor", None),
        ("talk", "chat", Some(&carol_id)),
    ] {
        let (place, inside) = if owner.is_some() {
            (&org, "NULL".to_owned())
        } else {
            (&workspace, format!("'{workspace}'"))
        };
        let owner = owner.map_or("NULL".to_owned(), |id| format!("'{id}'"));
        house
            .execute(&format!(
                "INSERT INTO resources (id, org_id, workspace_id, place, kind, external_id, path, name, sort_name, owner_id, created_at, updated_at)
                 VALUES ('res_{id}', '{org}', {inside}, '{place}', '{kind}', '{id}', 'res_{id}/', 'The {id}', 'the {id}', {owner}, 0, 0)"
            ))
            .await;
    }
    Place {
        house,
        acme,
        alice,
        bob,
        carol,
        carol_id,
        workspace,
    }
}

fn steps(answer: &Value) -> Vec<(&str, &str)> {
    let steps = answer["steps"].as_array().expect("steps");
    steps
        .iter()
        .map(|step| {
            (
                step["rule"].as_str().unwrap(),
                step["verdict"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn s3_34_one_question_is_answered_with_its_steps_and_the_deciding_one_marked() {
    let p = place().await;
    let view = p
        .carol
        .post(
            "/access/check",
            json!({ "action": "view", "resource_id": "res_orders" }),
        )
        .await
        .assert_status(200);
    assert_eq!(
        (&view.json["allowed"], &view.json["code"]),
        (&json!(true), &json!("allowed"))
    );
    let names = [
        "private",
        "membership",
        "viewer_cap",
        "role",
        "permission",
        "grants",
        "entitlement",
    ];
    assert_eq!(
        steps(&view.json)
            .iter()
            .map(|step| step.0)
            .collect::<Vec<_>>(),
        names
    );
    assert_eq!(steps(&view.json)[4], ("permission", "allowed"));
    let run =
        p.carol.post("/access/check", json!({ "action": "run", "kind": "monitor", "external_id": "orders", "workspace_id": p.workspace }));
    let run = run.await.assert_status(200);
    assert_eq!(
        (&run.json["allowed"], &run.json["code"]),
        (&json!(false), &json!("role_lacks_permission"))
    );
    assert_eq!(steps(&run.json).last(), Some(&("permission", "refused")));
    // The organization's viewer writes nowhere, whatever she is in the workspace.
    let vera = p.house.client("vera@acme.test").await;
    let vera_id = vera.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let refused = p
        .alice
        .put(
            &format!("/workspaces/{}/members/{vera_id}", p.workspace),
            json!({ "role": "admin" }),
        )
        .await;
    refused.assert_problem(409, "viewer_caps");
}

#[tokio::test]
async fn e13_sec_z1_what_one_may_not_see_is_answered_like_what_is_not_there() {
    let p = place().await;
    let bills = p.house.client("bill@acme.test").await;
    for client in [&bills, &p.house.client("xenia@nowhere.test").await] {
        let hidden = client
            .post(
                "/access/check",
                json!({ "action": "edit", "resource_id": "res_orders" }),
            )
            .await
            .assert_status(200);
        let absent = client
            .post(
                "/access/check",
                json!({ "action": "edit", "resource_id": "res_nothing" }),
            )
            .await
            .assert_status(200);
        assert_eq!(hidden.json, absent.json);
        assert_eq!(
            hidden.json,
            json!({ "allowed": false, "code": "not_found", "steps": [] })
        );
    }
}

#[tokio::test]
async fn s4_11_s1_81_owners_and_admins_ask_about_others_but_never_about_what_is_private() {
    let p = place().await;
    let about =
        |who: &str, thing: &str| json!({ "user": who, "action": "view", "resource_id": thing });
    for asker in [&p.alice, &p.bob] {
        let said = asker
            .post("/access/check", about("carol@acme.test", "res_orders"))
            .await
            .assert_status(200);
        assert_eq!(said.json["allowed"], true);
        let role = &said.json["steps"][3];
        assert!(
            role["text"]
                .as_str()
                .unwrap()
                .contains("Viewer by the organization"),
            "{role}"
        );
        assert!(
            role["change_at"]
                .as_str()
                .unwrap()
                .starts_with("/orgs/acme-corp/members/mem_"),
            "{role}"
        );
        let private = asker
            .post("/access/check", about(&p.carol_id, "res_talk"))
            .await
            .assert_status(200);
        assert_eq!(private.json["code"], "not_found");
    }
    let own = p
        .carol
        .post("/access/check", about(&p.carol_id, "res_talk"))
        .await
        .assert_status(200);
    assert_eq!(own.json["allowed"], true);
    // Carol administers nothing: whom she asks about isn't known to her.
    p.carol
        .post("/access/check", about("bob@acme.test", "res_orders"))
        .await
        .assert_problem(404, "not_found");
    p.alice
        .post("/access/check", about("otto@globex.test", "res_orders"))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn sec_a14_a_thousand_questions_are_answered_in_order_and_one_more_is_refused() {
    let p = place().await;
    let question = |n: usize| match n % 2 {
        0 => json!({ "action": "view", "workspace_id": p.workspace }),
        _ => json!({ "action": "delete", "workspace_id": p.workspace }),
    };
    let all: Vec<Value> = (0..1_000).map(question).collect();
    let said = p
        .carol
        .post("/access/check", json!({ "questions": all }))
        .await
        .assert_status(200);
    let answers = said.json["answers"].as_array().expect("answers");
    assert_eq!(answers.len(), 1_000);
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(n, answer)| answer["allowed"] == (n % 2 == 0) && answer.get("steps").is_none())
    );
    let explained = p
        .carol
        .post(
            "/access/check",
            json!({ "questions": [question(0)], "explain": true }),
        )
        .await
        .assert_status(200);
    assert!(!steps(&explained.json["answers"][0]).is_empty());
    let many: Vec<Value> = (0..1_001).map(question).collect();
    p.carol
        .post("/access/check", json!({ "questions": many }))
        .await
        .assert_problem(422, "invalid");
    for wrong in [
        json!({ "action": "fly", "workspace_id": p.workspace }),
        json!({ "action": "view" }),
        json!({}),
        json!({ "action": "view", "kind": "monitor", "external_id": "orders" }),
        json!({ "action": "view", "workspace_id": "ws_1", "organization_id": "org_1", "kind": "monitor", "external_id": "x" }),
        json!({ "action": "create", "resource_id": "res_orders" }),
    ] {
        p.carol
            .post("/access/check", wrong)
            .await
            .assert_problem(422, "invalid");
    }
}

#[tokio::test]
async fn s2_35_sec_z1_what_somebody_may_open_in_a_workspace_is_listed_for_who_may_ask() {
    let p = place().await;
    let path = |who: &str| format!("/workspaces/{}/access?user={who}&kind=sync", p.workspace);
    let sync =
        json!({ "resources": [{ "kind": "sync", "external_id": "nightly", "name": "Nightly" }] });
    p.alice
        .post(&format!("/workspaces/{}/resources", p.workspace), sync)
        .await
        .assert_status(200);
    let names = |answer: &Value| -> Vec<String> {
        answer["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(
            &p.alice
                .get(&path("carol@acme.test"))
                .await
                .assert_status(200)
                .json
        ),
        ["Nightly"]
    );
    let grants = format!("/workspaces/{}/members/{}/grants", p.workspace, p.carol_id);
    p.alice
        .put(
            &grants,
            json!({ "kind": "sync", "only": [], "when_empty": "none" }),
        )
        .await
        .assert_status(200);
    for asker in [&p.alice, &p.bob, &p.carol] {
        assert!(
            names(
                &asker
                    .get(&path("carol@acme.test"))
                    .await
                    .assert_status(200)
                    .json
            )
            .is_empty()
        );
    }
    assert!(
        names(
            &p.alice
                .get(&path("vera@acme.test"))
                .await
                .assert_status(200)
                .json
        )
        .is_empty(),
        "she can't open it"
    );
    p.carol
        .get(&path("bob@acme.test"))
        .await
        .assert_problem(404, "not_found");
    p.alice
        .get(&path("otto@globex.test"))
        .await
        .assert_problem(404, "not_found");
    p.alice
        .get("/workspaces/ws_0/access")
        .await
        .assert_problem(404, "not_found");
    p.alice
        .get(&path("carol@acme.test").replace("sync", "unicorn"))
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn s1_34_creating_is_asked_about_the_place() {
    let p = place().await;
    let create =
        |kind: &str| json!({ "action": "create", "kind": kind, "workspace_id": p.workspace });
    assert_eq!(
        p.alice.post("/access/check", create("monitor")).await.json["allowed"],
        true
    );
    assert_eq!(
        p.carol.post("/access/check", create("monitor")).await.json["code"],
        "role_lacks_permission"
    );
    // An admin of the organization without a role in the workspace: it isn't there for him.
    assert_eq!(
        p.bob.post("/access/check", create("monitor")).await.json["code"],
        "not_found"
    );
    assert_eq!(
        p.alice.post("/access/check", create("unicorn")).await.json["code"],
        "not_found"
    );
}

#[tokio::test]
async fn s1_81_the_page_explains_step_by_step_and_says_where_to_change_it() {
    let mut p = place().await;
    let alice = &mut p.acme.alice;
    alice
        .get("/orgs/acme-corp/access/why")
        .await
        .assert_status(200)
        .assert_says("Why can, why can't");
    let page = alice
        .get(&format!(
            "/orgs/acme-corp/access/why?person=carol&workspace={}&action=edit&thing=orders",
            p.workspace
        ))
        .await;
    let page = page
        .assert_status(200)
        .assert_says("Carol Reyes can't edit “The orders”");
    assert_eq!(page.all(".steps > li.deciding .tag"), ["decided"]);
    assert!(
        page.text().contains("The role may not edit monitors."),
        "{}",
        page.text()
    );
    assert!(page.has(".steps a[href^='/orgs/acme-corp/members/mem_']"));
    assert!(
        page.all(".steps > li.skipped")
            .contains(&"Grants: not reached".to_owned())
    );
    // Several could be meant, and nobody.
    alice
        .get("/orgs/acme-corp/access/why?person=acme.test")
        .await
        .assert_status(200)
        .assert_says("Several people could be meant");
    alice
        .get("/orgs/acme-corp/access/why?person=zzz")
        .await
        .assert_status(200)
        .assert_says("Nobody in Acme Corp");
    alice
        .get(&format!(
            "/orgs/acme-corp/access/why?person=carol&workspace={}&thing=talk",
            p.workspace
        ))
        .await
        .assert_status(200)
        .assert_says("No resource of this workspace has this name or id");
    // The organization itself: every permission of the role.
    let page = alice
        .get("/orgs/acme-corp/access/why?person=bob")
        .await
        .assert_status(200);
    page.assert_says("What Bob Tanaka can do in Acme Corp itself");
    p.acme
        .carol
        .get("/orgs/acme-corp/access/why")
        .await
        .assert_status(403);
}

#[tokio::test]
async fn s1_81_a_refusal_leads_to_its_explanation_for_who_may_read_it() {
    let mut p = place().await;
    let refused = p
        .acme
        .bob
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(403);
    let why = refused
        .attribute("a[href^='/orgs/acme-corp/access/why']", "href")
        .expect("a link to the steps");
    p.acme
        .bob
        .get(&why)
        .await
        .assert_status(200)
        .assert_says("What Bob Tanaka can do");
    let refused = p
        .acme
        .carol
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_status(403);
    assert!(!refused.has("a[href*='/why']"));
    let page = p
        .acme
        .bob
        .get(&format!("/workspaces/{}/why", p.workspace))
        .await
        .assert_status(303)
        .location();
    p.acme
        .bob
        .get(&page)
        .await
        .assert_status(200)
        .assert_says("No role in Production");
    p.acme
        .carol
        .get(&format!("/workspaces/{}/why", p.workspace))
        .await
        .assert_status(403);
    p.acme
        .otto
        .get(&format!("/workspaces/{}/why", p.workspace))
        .await
        .assert_status(404);
}
