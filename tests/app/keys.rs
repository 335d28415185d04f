//! Keys of organizations and workspaces: made, shown once, used, and what they can't do.

use crate::resources::Scene;
use crate::runs::{ended, of, with};
use crate::support::client::Client;
use crate::support::{House, acme};
use roster::clock::DAY;
use serde_json::{Value, json};

/// A key of Acme, made over the API by its owner.
async fn key(scene: &Scene, body: Value) -> Client {
    let made = scene
        .alice
        .post(&format!("/organizations/{}/keys", scene.org), body)
        .await
        .assert_status(201);
    Client::new(
        &scene.house.url,
        made.json["secret"].as_str().expect("a secret"),
    )
}

async fn on_team() -> Scene {
    let scene = Scene::new().await;
    scene.house.set_plan("acme-corp", "team").await;
    scene
}

fn crawler() -> Value {
    json!({ "name": "nightly", "scope": "write", "org_role": "member", "workspace_role": "member" })
}

#[tokio::test]
async fn s2_43_runs_that_a_key_of_the_organization_reports_appear_under_its_name() {
    let mut scene = on_team().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let ci = key(&scene, crawler()).await;
    let runs = json!({ "runs": [with(ended("ci-1", "succeeded", 3), of("sync", "Orders"))] });
    ci.post(&scene.at_runs(), runs).await.assert_status(200);
    let listed = scene.alice.get(&scene.at_runs()).await.assert_status(200);
    let run = &listed.json["data"][0];
    assert_eq!(
        (&run["trigger"], &run["person_name"]),
        (&json!("CI key nightly"), &json!("CI key nightly")),
        "{run}"
    );
    let alice = &mut scene.acme.alice;
    alice
        .get(&format!("/workspaces/{}/runs", scene.workspace))
        .await
        .assert_says("CI key nightly");
    alice
        .get("/orgs/acme-corp/audit?category=run")
        .await
        .assert_says("CI key nightly ran Orders")
        .assert_says("and it succeeded");
    // It is nobody who is active, and no member.
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM usage_people WHERE user_id LIKE 'key%'")
            .await,
        0
    );
    assert!(
        !alice
            .get("/orgs/acme-corp/members")
            .await
            .assert_status(200)
            .body
            .contains("nightly")
    );
    // A member's key reports for nobody else.
    let other = json!({ "runs": [with(with(ended("ci-2", "failed", 1), of("sync", "Orders")), json!({ "person": "carol@acme.test" }))] });
    ci.post(&scene.at_runs(), other)
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn s2_43_s2_50_sec_z13_a_plan_without_keys_explains_them_and_those_there_rest_until_it_has_them()
 {
    let mut scene = Scene::new().await;
    let path = format!("/organizations/{}/keys", scene.org);
    let why = "Keys of the organization are not in the plan Free. Team and Enterprise have it. Owners and billing members can change the plan.";
    let refused = scene
        .alice
        .post(&path, crawler())
        .await
        .assert_problem(403, "plan_lacks_entitlement");
    assert_eq!(refused.json["detail"], why);
    let acme = &mut scene.acme;
    acme.alice
        .get("/orgs/acme-corp/keys")
        .await
        .assert_status(200)
        .assert_says(why)
        .assert_says("No keys yet");
    acme.alice
        .get("/orgs/acme-corp/keys/new")
        .await
        .assert_status(403)
        .assert_says(why);

    scene.house.set_plan("acme-corp", "team").await;
    let made = scene.alice.post(&path, crawler()).await.assert_status(201);
    let ci = Client::new(
        &scene.house.url,
        made.json["secret"].as_str().expect("a secret"),
    );
    ci.get("/me").await.assert_status(200);
    scene.house.set_plan("acme-corp", "free").await;
    ci.get("/me")
        .await
        .assert_problem(403, "plan_lacks_entitlement");
    acme.alice
        .get("/orgs/acme-corp/keys")
        .await
        .assert_says("nightly")
        .assert_says("Those below rest until then");
    scene.house.set_plan("acme-corp", "team").await;
    ci.get("/me").await.assert_status(200);
}

#[tokio::test]
async fn sec_h6_a_key_is_shown_once_then_listed_with_who_made_it_outlives_them_and_is_revoked() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    let fields = [
        ("name", "Deploys"),
        ("scope", "write"),
        ("org_role", "admin"),
        ("workspace_role", ""),
        ("days", "30"),
    ];
    let page = acme
        .bob
        .post("/orgs/acme-corp/keys/new", &fields)
        .await
        .assert_status(200)
        .assert_says("This is the only time it is shown.");
    let secret = page
        .attribute("#secret", "value")
        .expect("the secret is on the page");
    assert!(secret.starts_with("rsk_") && secret.len() == 47, "{secret}");
    let key = Client::new(&house.url, &secret);
    let me = key.get("/me").await.assert_status(200);
    assert_eq!(
        (&me.json["name"], &me.json["token"]["scope"]),
        (&json!("CI key Deploys"), &json!("write"))
    );
    assert_eq!(
        house
            .count(&format!(
                "SELECT COUNT(*) FROM keys WHERE hash LIKE '%{}%'",
                &secret[4..20]
            ))
            .await,
        0,
        "only a hash is kept"
    );

    // Who made it is removed; it goes on, and says so.
    let bob = acme.member_id("bob@acme.test").await;
    let asked = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{bob}/remove"))
        .await
        .assert_status(200);
    asked
        .assert_says("1 API key they made goes on working")
        .assert_says("Deploys. Whoever knows its secret can use it");
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{bob}/remove"), &[])
        .await;
    key.get("/me").await.assert_status(200);
    let list = acme
        .alice
        .get("/orgs/acme-corp/keys")
        .await
        .assert_status(200);
    let list = list
        .assert_says("Deploys")
        .assert_says("Admin of the organization")
        .assert_says("by Bob Tanaka")
        .assert_says("in 30 days");
    assert!(!list.body.contains(&secret));

    // What it does is in the log under its name; what it invited ends with it.
    let org = house.system("acme-corp").await.org.id.to_string();
    let invite = json!({ "email": "nina@acme.test", "org_role": "member", "workspace_access": [] });
    key.post(&format!("/organizations/{org}/members/invite"), invite)
        .await
        .assert_status(201);
    acme.alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_says("CI key Deploys invited nina@acme.test as member");
    acme.alice
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_says("nina@acme.test");
    let id = list.attribute("tbody tr", "id").expect("a row");
    let path = format!("/orgs/acme-corp/keys/{id}/revoke");
    acme.alice
        .get(&path)
        .await
        .assert_status(200)
        .assert_says("Revoke “Deploys”?");
    acme.alice
        .submit(&path, &[])
        .await
        .assert_says("“Deploys” is revoked.");
    key.get("/me").await.assert_problem(401, "unauthenticated");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM invitations WHERE status = 'pending'")
            .await,
        0
    );
    acme.alice.post(&path, &[]).await.assert_status(404);
}

#[tokio::test]
async fn s5_6_s5_13_a_workspaces_key_gives_the_same_answers_before_and_after_linking_and_reaches_nothing_else()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let alice = house.client("alice@acme.test").await;
    let org = house.system("acme-corp").await.org.id.to_string();
    let own = alice
        .post("/workspaces", json!({ "name": "Lab" }))
        .await
        .assert_status(201)
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let other = alice
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "name": "Other" }),
        )
        .await
        .assert_status(201);
    let other = other.json["id"].as_str().expect("an id").to_owned();

    let fields = [
        ("name", "Agent"),
        ("scope", "write"),
        ("workspace_role", "admin"),
        ("days", "90"),
    ];
    let page = acme
        .alice
        .post(&format!("/workspaces/{own}/keys/new"), &fields)
        .await
        .assert_status(200);
    let key = Client::new(
        &house.url,
        &page.attribute("#secret", "value").expect("a secret"),
    );
    let resources = format!("/workspaces/{own}/resources");
    let tell =
        |id: &str| json!({ "resources": [{ "kind": "monitor", "external_id": id, "name": id }] });
    key.post(&resources, tell("m1")).await.assert_status(200);
    let seen = |answer: &crate::support::client::Answer| crate::resources::names(answer);
    let before = seen(&key.get(&resources).await.assert_status(200));
    assert_eq!(before, ["m1"]);
    let runs = json!({ "runs": [with(ended("r1", "succeeded", 1), of("monitor", "m1"))] });
    key.post(&format!("/workspaces/{own}/runs"), runs)
        .await
        .assert_status(200);

    let invite = json!({ "email": "nina@acme.test", "role": "viewer" });
    key.post(&format!("/workspaces/{own}/members/invite"), invite)
        .await
        .assert_problem(403, "key_has_no_account");

    alice
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "workspace_id": own }),
        )
        .await
        .assert_status(201);
    assert_eq!(
        seen(&key.get(&resources).await.assert_status(200)),
        before,
        "the same answer after linking"
    );
    key.post(&resources, tell("m2")).await.assert_status(200);
    acme.alice
        .get("/orgs/acme-corp/audit?category=resource")
        .await
        .assert_says("Key Agent added the monitor m2");

    // Nothing of the organization, and no other workspace, is there for it.
    for path in [
        format!("/organizations/{org}"),
        format!("/organizations/{org}/members"),
        format!("/workspaces/{other}/resources"),
    ] {
        key.get(&path).await.assert_problem(404, "not_found");
    }
    assert_eq!(key.get("/organizations").await.json["data"], json!([]));
    assert_eq!(
        key.get("/workspaces").await.assert_status(200).json["data"],
        json!([])
    );
    key.post(&format!("/workspaces/{other}/resources"), tell("x"))
        .await
        .assert_problem(404, "not_found");
    let asks =
        |place: &str| json!({ "action": "create", "kind": "monitor", "workspace_id": place });
    assert_eq!(
        key.post("/access/check", asks(&own))
            .await
            .assert_status(200)
            .json["allowed"],
        true
    );
    assert_eq!(
        key.post("/access/check", asks(&other))
            .await
            .assert_status(200)
            .json["allowed"],
        false
    );

    // And after unlinking; until the workspace goes.
    alice
        .delete(&format!("/organizations/{org}/workspaces/{own}"))
        .await
        .assert_status(204);
    assert_eq!(
        seen(&key.get(&resources).await.assert_status(200)),
        ["m1", "m2"]
    );
    acme.alice
        .submit(
            &format!("/workspaces/{own}/settings/delete"),
            &[("confirm", "Lab")],
        )
        .await;
    key.get("/me").await.assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn sec_z4_sec_z8_nobody_gets_further_by_a_key_than_by_themselves() {
    let scene = on_team().await;
    let path = format!("/organizations/{}/keys", scene.org);
    // An admin has no role in the workspace, and makes no key that has one.
    scene
        .bob
        .post(&path, crawler())
        .await
        .assert_problem(403, "own_role_upward");
    let new = json!({ "name": "x", "scope": "write", "workspace_role": "viewer" });
    scene
        .bob
        .post(&format!("/workspaces/{}/keys", scene.workspace), new)
        .await
        .assert_problem(403, "own_role_upward");
    let manages = json!({ "name": "manages", "scope": "write", "org_role": "admin" });
    let made = scene
        .bob
        .post(&path, manages.clone())
        .await
        .assert_status(201);
    let bobs = Client::new(
        &scene.house.url,
        made.json["secret"].as_str().expect("a secret"),
    );
    bobs.get(&scene.at_workspace())
        .await
        .assert_problem(404, "not_found");

    // Nor does the key give its maker what they may not give themselves.
    let user = |who: &Client| {
        let who = who.clone();
        async move {
            who.get("/me").await.json["id"]
                .as_str()
                .expect("an id")
                .to_owned()
        }
    };
    let (bob, carol) = (user(&scene.bob).await, user(&scene.carol).await);
    let access = |user: &str| format!("/workspaces/{}/members/{user}", scene.workspace);
    bobs.put(&access(&bob), json!({ "role": "viewer" }))
        .await
        .assert_problem(403, "own_role_upward");
    bobs.put(&access(&carol), json!({ "role": "viewer" }))
        .await
        .assert_status(200);

    // Owner and billing are no roles of a key; a viewer's writes nowhere; no key makes or raises keys.
    for role in ["owner", "billing"] {
        scene
            .alice
            .post(
                &path,
                json!({ "name": "x", "scope": "write", "org_role": role }),
            )
            .await
            .assert_problem(422, "invalid");
    }
    let capped =
        json!({ "name": "x", "scope": "write", "org_role": "viewer", "workspace_role": "member" });
    let refused = scene
        .alice
        .post(&path, capped)
        .await
        .assert_problem(422, "invalid");
    assert_eq!(refused.json["errors"][0]["field"], "workspace_role");
    bobs.post(&path, manages)
        .await
        .assert_problem(403, "key_has_no_account");
    for (call, body) in [
        ("/tokens", json!({ "name": "x", "scope": "read" })),
        ("/organizations", json!({ "name": "Mine" })),
    ] {
        bobs.post(call, body)
            .await
            .assert_problem(403, "key_has_no_account");
    }
    // A reading key changes nothing, and asks.
    let reader = key(
        &scene,
        json!({ "name": "reads", "scope": "read", "org_role": "admin", "workspace_role": "admin" }),
    )
    .await;
    let thing = json!({ "resources": [{ "kind": "monitor", "external_id": "m", "name": "m" }] });
    reader
        .post(&scene.at_workspace(), thing)
        .await
        .assert_problem(403, "token_read_only");
    let question =
        json!({ "action": "view", "workspace_id": scene.workspace, "user": "carol@acme.test" });
    reader
        .post("/access/check", question)
        .await
        .assert_status(200);
}

#[tokio::test]
async fn sec_z8_a_key_lives_no_longer_than_the_policy_or_the_token_that_made_it() {
    let scene = on_team().await;
    let path = format!("/organizations/{}/keys", scene.org);
    let lives =
        |days: i64| json!({ "name": "x", "scope": "read", "org_role": "viewer", "days": days });
    for days in [0, -1, 366, i64::MAX] {
        let refused = scene
            .alice
            .post(&path, lives(days))
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"][0]["field"], "days");
    }
    scene.house.clock.advance(DAY);
    let refused = scene
        .alice
        .post(&path, lives(90))
        .await
        .assert_problem(422, "invalid");
    assert!(
        refused.json["errors"][0]["message"]
            .as_str()
            .is_some_and(|m| m.contains("outlives")),
        "{}",
        refused.json
    );
    let made = scene.alice.post(&path, lives(5)).await.assert_status(201);
    let key = Client::new(
        &scene.house.url,
        made.json["secret"].as_str().expect("a secret"),
    );
    key.get("/me").await.assert_status(200);
    scene.house.clock.advance(5 * DAY);
    key.get("/me").await.assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn s4_11_a_key_has_nothing_private_and_sees_nothing_that_is() {
    let scene = on_team().await;
    let chat =
        json!({ "resources": [{ "kind": "chat", "external_id": "c1", "name": "Secret plans" }] });
    scene
        .carol
        .post(&scene.at_organization(), chat.clone())
        .await
        .assert_status(200);
    let all = key(
        &scene,
        json!({ "name": "all", "scope": "write", "org_role": "admin", "workspace_role": "admin" }),
    )
    .await;
    assert_eq!(
        crate::resources::names(&all.get(&scene.at_organization()).await.assert_status(200)),
        Vec::<String>::new()
    );
    all.post(&scene.at_organization(), chat)
        .await
        .assert_problem(403, "key_has_no_account");
}
