//! Grants: an agency that sees two monitors of forty-one, and everything that must stay hidden from it.

use crate::resources::{Scene, id_of, names, thing};
use crate::support::Browser;
use crate::support::client::Client;
use roster::access::OrgRole;
use serde_json::{Value, json};

/// Acme's workspace with forty-one monitors, and somebody of an agency who is member there.
struct Story {
    scene: Scene,
    agency: Client,
    browser: Browser,
    user: String,
    monitors: Vec<String>,
}

impl Story {
    async fn begin() -> Self {
        let scene = Scene::new().await;
        scene
            .house
            .add_member(
                "acme-corp",
                "ada@agency.test",
                "Ada Agency",
                OrgRole::Member,
            )
            .await;
        let browser = scene.house.sign_in("ada@agency.test").await;
        scene.give("ada@agency.test", "member").await;
        let all: Vec<Value> = (1..=41)
            .map(|n| thing("monitor", &format!("site {n:02}"), None))
            .collect();
        let made = scene
            .alice
            .post(&scene.at_workspace(), json!({ "resources": all }))
            .await
            .assert_status(200);
        let monitors = (0..41).map(|n| id_of(&made, n)).collect();
        let agency = scene.house.client("ada@agency.test").await;
        let user = agency.get("/me").await.json["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        Self {
            scene,
            agency,
            browser,
            user,
            monitors,
        }
    }

    fn page(&self) -> String {
        format!(
            "/workspaces/{}/members/{}/grants",
            self.scene.workspace, self.user
        )
    }

    async fn set(&self, who: &Client, body: Value) -> crate::support::client::Answer {
        who.put(&self.page(), body).await
    }

    async fn sees(&self) -> Vec<String> {
        self.scene.names(&self.agency, "&kind=monitor").await
    }
}

#[tokio::test]
async fn s2_30_s2_31_s2_32_s2_33_e13_an_agency_is_limited_to_two_monitors_by_page() {
    let mut story = Story::begin().await;
    assert_eq!(story.sees().await.len(), 41, "no grants: all");
    story.scene.tell(&[("monitor", "site 42", None)]).await;
    assert_eq!(story.sees().await.len(), 42, "and those that come later");
    let (page, ids) = (story.page(), story.monitors.clone());
    let shown = story
        .scene
        .acme
        .alice
        .get(&format!("{page}?kind=monitor"))
        .await
        .assert_status(200);
    shown.assert_says("Ada Agency sees all 42 monitors now");
    let two = [
        ("shown[]", &*ids[2]),
        ("only[]", &*ids[2]),
        ("shown[]", &*ids[6]),
        ("only[]", &*ids[6]),
    ];
    let unsure = [[("kind", "monitor"), ("mode", "all")].as_slice(), &two].concat();
    let told = story
        .scene
        .acme
        .alice
        .post(&page, &unsure)
        .await
        .assert_status(422);
    told.assert_says("You checked some and left “All” chosen.");
    let fields = [[("kind", "monitor"), ("mode", "only")].as_slice(), &two].concat();
    let asked = story
        .scene
        .acme
        .alice
        .post(&page, &fields)
        .await
        .assert_status(200);
    asked.assert_says("sees 42 of 42 monitors now, 2 after");
    assert_eq!(
        story.sees().await.len(),
        42,
        "nothing is done before it is confirmed"
    );
    let fields = [&fields[..], &[("confirmed", "yes")]].concat();
    story
        .scene
        .acme
        .alice
        .submit(&page, &fields)
        .await
        .assert_says("Ada Agency sees 2 of 42 monitors.");
    story
        .scene
        .tell(&[
            ("monitor", "site 43", None),
            ("schedule", "nightly", Some(("monitor", "site 03"))),
        ])
        .await;
    let hidden = story
        .scene
        .tell(&[("schedule", "hourly", Some(("monitor", "site 04")))])
        .await;
    assert_eq!(
        story.sees().await,
        ["site 03", "site 07"],
        "a new one doesn't appear"
    );
    assert_eq!(
        story.scene.names(&story.agency, "").await,
        ["nightly", "site 03", "site 07"],
        "with what lies in them, and nothing else"
    );
    assert!(
        story
            .scene
            .names(&story.agency, "&search=site+04")
            .await
            .is_empty()
    );
    // The same 404 as for one that was never there, by call and by page, for the monitor and for what lies in it.
    let here = story.scene.at_workspace();
    let nowhere = story
        .agency
        .get(&format!("{here}/res_nowhere"))
        .await
        .assert_problem(404, "not_found");
    let no_page = story
        .browser
        .get(&format!("{here}/res_nowhere"))
        .await
        .assert_status(404);
    for id in [&ids[3], &id_of(&hidden, 0)] {
        let there = story
            .agency
            .get(&format!("{here}/{id}"))
            .await
            .assert_problem(404, "not_found");
        assert_eq!(there.json["detail"], nowhere.json["detail"]);
        let page = story
            .browser
            .get(&format!("{here}/{id}"))
            .await
            .assert_status(404);
        assert_eq!(
            page.all(".sheet h1, .sheet p"),
            no_page.all(".sheet h1, .sheet p")
        );
        story
            .agency
            .put(&format!("{here}/{id}"), json!({ "name": "Mine" }))
            .await
            .assert_problem(404, "not_found");
    }
    let list = story.browser.get(&here).await.assert_status(200);
    assert!(
        !list.text().contains("site 04") && list.text().contains("site 03"),
        "{}",
        list.text()
    );
    list.assert_says("3 resources");
    story
        .browser
        .get("/orgs/acme-corp/resources")
        .await
        .assert_status(200)
        .assert_says("Production 3");
    story
        .scene
        .acme
        .alice
        .get(&format!("{here}/{}", ids[2]))
        .await
        .assert_says("Ada Agency");
    // It stands in the log with its counts.
    story
        .scene
        .acme
        .alice
        .get("/account/activity")
        .await
        .assert_says("limited Ada Agency to 2 of 42 monitors in Production");
    assert_eq!(
        story
            .scene
            .house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'access.grants_changed'")
            .await,
        1
    );
}

#[tokio::test]
async fn s2_37_taking_the_last_grant_asks_all_or_none() {
    let mut story = Story::begin().await;
    let alice = story.scene.alice.clone();
    let one = json!({ "kind": "monitor", "only": [story.monitors[0]] });
    let done = story.set(&alice, one.clone()).await.assert_status(200);
    assert_eq!(
        (&done.json["saw"], &done.json["sees"], &done.json["total"]),
        (&json!(41), &json!(1), &json!(41))
    );
    let empty = json!({ "kind": "monitor", "only": [] });
    let refused = story
        .set(&alice, empty)
        .await
        .assert_problem(409, "last_grant");
    assert!(
        refused.json["detail"]
            .as_str()
            .is_some_and(|said| said.contains("all 41 monitors")),
        "{}",
        refused.json
    );
    assert_eq!(story.sees().await.len(), 1);
    // The page asks with the number, and both answers work.
    let page = story.page();
    let first = story.monitors[0].clone();
    let fields = [
        ("kind", "monitor"),
        ("mode", "only"),
        ("shown[]", first.as_str()),
    ];
    let asked = story
        .scene
        .acme
        .alice
        .post(&page, &fields)
        .await
        .assert_status(200);
    asked.assert_says("will now see all 41");
    assert!(asked_has_both(
        &story.scene.acme.alice.post(&page, &fields).await
    ));
    let none = [&fields[..], &[("confirmed", "yes"), ("when_empty", "none")]].concat();
    story
        .scene
        .acme
        .alice
        .submit(&page, &none)
        .await
        .assert_says("Ada Agency sees 0 of 41 monitors.");
    assert!(story.sees().await.is_empty());
    story.scene.tell(&[("monitor", "new", None)]).await;
    assert!(
        story.sees().await.is_empty(),
        "restricted, none: a new one neither"
    );
    let before = story
        .scene
        .house
        .count("SELECT COUNT(*) FROM audit_events")
        .await;
    story
        .set(&alice, json!({ "kind": "monitor", "only": [] }))
        .await
        .assert_status(200);
    assert_eq!(
        story
            .scene
            .house
            .count("SELECT COUNT(*) FROM audit_events")
            .await,
        before,
        "the same again is no change"
    );
    story
        .set(
            &alice,
            json!({ "kind": "monitor", "only": [], "when_empty": "all" }),
        )
        .await
        .assert_status(200);
    assert_eq!(story.sees().await.len(), 42);
    let shown = story.set(&alice, one).await.assert_status(200);
    assert_eq!(shown.json["limited"], true);
    assert_eq!(
        story
            .set(&alice, json!({ "kind": "monitor" }))
            .await
            .assert_status(200)
            .json["sees"],
        42
    );
}

fn asked_has_both(page: &crate::support::Page) -> bool {
    page.has("button[name=when_empty][value=all]")
        && page.has("button[name=when_empty][value=none]")
}

#[tokio::test]
async fn s2_13_s2_34_owners_and_admins_of_the_workspace_see_all_whatever_is_stored() {
    let story = Story::begin().await;
    let alice = story.scene.alice.clone();
    let own = alice.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/workspaces/{}/members/{own}/grants", story.scene.workspace);
    let done = alice
        .put(
            &path,
            json!({ "kind": "monitor", "only": [story.monitors[0]] }),
        )
        .await
        .assert_status(200);
    assert_eq!(
        (&done.json["has_no_effect"], &done.json["sees"]),
        (&json!(true), &json!(41))
    );
    assert_eq!(story.scene.names(&alice, "&kind=monitor").await.len(), 41);
    story
        .set(
            &alice,
            json!({ "kind": "monitor", "only": [story.monitors[0]] }),
        )
        .await
        .assert_status(200);
    let sql = format!(
        "UPDATE access SET role = 'admin' WHERE user_id = '{}'",
        story.user
    );
    story.scene.house.execute(&sql).await;
    assert_eq!(story.sees().await.len(), 41, "an admin isn't limited");
    story
        .scene
        .house
        .execute(&sql.replace("'admin'", "'viewer'"))
        .await;
    assert_eq!(
        story.sees().await,
        ["site 01"],
        "and is again with a lower role"
    );
}

#[tokio::test]
async fn s2_31_who_may_limit_whom_in_what() {
    let story = Story::begin().await;
    let scene = &story.scene;
    scene.give("carol@acme.test", "member").await;
    let one = json!({ "kind": "monitor", "only": [story.monitors[0]] });
    story
        .set(&scene.carol, one.clone())
        .await
        .assert_problem(403, "role_lacks_permission");
    story
        .set(&story.agency, json!({ "kind": "monitor" }))
        .await
        .assert_problem(403, "role_lacks_permission");
    story
        .set(&scene.vera, one.clone())
        .await
        .assert_problem(404, "not_found");
    // An admin of the organization may, also without a role in the workspace.
    story.set(&scene.bob, one).await.assert_status(200);
    let listed = scene.bob.get(&story.page()).await.assert_status(200);
    assert_eq!(listed.json["data"][0]["only"], json!([story.monitors[0]]));
    // Their own is theirs to read, and nobody else's.
    story.agency.get(&story.page()).await.assert_status(200);
    scene
        .carol
        .get(&story.page())
        .await
        .assert_problem(403, "role_lacks_permission");
    // Nobody sets their own, an owner of the organization excepted.
    scene.give("bob@acme.test", "member").await;
    let bob = scene.bob.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let own = format!("/workspaces/{}/members/{bob}/grants", scene.workspace);
    scene
        .bob
        .put(&own, json!({ "kind": "monitor" }))
        .await
        .assert_problem(403, "own_role_upward");
    let field = |answer: crate::support::client::Answer| {
        answer.json["errors"][0]["field"]
            .as_str()
            .map(str::to_owned)
    };
    for (body, wrong) in [
        (json!({ "kind": "dashboard", "only": [] }), "kind"),
        (json!({ "kind": "unicorn", "only": [] }), "kind"),
        (
            json!({ "kind": "schedule", "only": [story.monitors[0]] }),
            "resources",
        ),
        (
            json!({ "kind": "monitor", "only": ["res_nowhere"] }),
            "resources",
        ),
        (
            json!({ "kind": "monitor", "only": [], "when_empty": "some" }),
            "when_empty",
        ),
    ] {
        let answer = story
            .set(&scene.alice, body.clone())
            .await
            .assert_problem(422, "invalid");
        assert_eq!(field(answer).as_deref(), Some(wrong), "{body}");
    }
    let vera = scene.vera.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let nobody = format!("/workspaces/{}/members/{vera}/grants", scene.workspace);
    scene
        .alice
        .put(&nobody, json!({ "kind": "monitor" }))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn s2_31_a_long_checklist_is_saved_page_by_page_without_javascript() {
    let mut story = Story::begin().await;
    let more: Vec<Value> = (42..=150)
        .map(|n| thing("monitor", &format!("site {n:03}"), None))
        .collect();
    story
        .scene
        .alice
        .post(&story.scene.at_workspace(), json!({ "resources": more }))
        .await
        .assert_status(200);
    let page = story.page();
    let alice = &mut story.scene.acme.alice;
    let first = alice
        .get(&format!("{page}?kind=monitor"))
        .await
        .assert_status(200);
    assert_eq!(first.all("input[type=checkbox]").len(), 100);
    let on_first = first
        .attribute("input[type=checkbox]", "value")
        .expect("a line");
    let save = |shown: String| {
        [("kind", "monitor"), ("mode", "only"), ("confirmed", "yes")]
            .map(|(key, value)| (key, value.to_owned()))
            .into_iter()
            .chain([("shown[]", shown.clone()), ("only[]", shown)])
            .collect::<Vec<_>>()
    };
    let fields = save(on_first);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    alice.post(&page, &fields).await.assert_status(303);
    let next = first.attribute("a[rel=next]", "href").expect("a next page");
    let second = alice.get(&next).await.assert_status(200);
    assert_eq!(second.all("input[type=checkbox]").len(), 50);
    assert!(!second.has("a[rel=next]"));
    let fields = save(
        second
            .attribute("input[type=checkbox]", "value")
            .expect("a line"),
    );
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    alice.post(&page, &fields).await.assert_status(303);
    assert_eq!(
        story.sees().await.len(),
        2,
        "the grant of the first page stays"
    );
    let found = story
        .scene
        .acme
        .alice
        .get(&format!("{page}?kind=monitor&q=site+07"))
        .await
        .assert_status(200);
    assert_eq!(
        found.all("input[type=checkbox]").len(),
        1 + 10,
        "site 07, and 070 to 079: {}",
        found.text()
    );
    let own = story.browser.get(&page).await.assert_status(200);
    assert!(
        !own.has("main form button.primary"),
        "their own they only read"
    );
    assert_eq!(
        names(&story.agency.get(&story.scene.at_workspace()).await).len(),
        2
    );
}
