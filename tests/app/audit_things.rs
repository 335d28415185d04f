//! What the log's sentences say and where they lead.

use crate::resources::Scene;
use crate::runs::{ended, of, with};
use crate::structure::tree;
use crate::support::{House, acme};
use roster::audit::{EventRow, sentence};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn s1_75_a_sentence_leads_to_the_thing_that_it_is_about_as_long_as_that_is_there() {
    let mut scene = Scene::new().await;
    let told = scene.tell(&[("sync", "Orders", None)]).await;
    let thing = crate::resources::id_of(&told, 0);
    scene
        .report(&[
            with(ended("a", "succeeded", 1), of("sync", "Orders")),
            ended("b", "failed", 2),
        ])
        .await;
    let role = scene
        .alice
        .post(
            &format!("/organizations/{}/roles", scene.org),
            json!({ "name": "Reporter" }),
        )
        .await
        .assert_status(201);
    let role = role.json["id"].as_str().expect("an id").to_owned();
    let invite = json!({ "email": "new@x.test", "org_role": "member" });
    let invited = scene
        .alice
        .post(
            &format!("/organizations/{}/members/invite", scene.org),
            invite,
        )
        .await
        .assert_status(201);
    let invitation = invited.json["id"].as_str().expect("an id").to_owned();
    let workspace = format!("/workspaces/{}", scene.workspace);
    let links = [
        (
            "resource.created",
            format!("{workspace}/resources/{thing}"),
            "alice added the sync Orders",
        ),
        (
            "run.succeeded",
            format!("{workspace}/runs?resource={thing}"),
            "Orders ran, and it succeeded",
        ),
        (
            "run.failed",
            format!("{workspace}/runs"),
            "b ran, and it failed",
        ),
        (
            "custom_role.created",
            format!("/orgs/acme-corp/roles/custom/{role}"),
            "alice made the role Reporter",
        ),
        (
            "invitation.created",
            format!("/orgs/acme-corp/invitations/{invitation}"),
            "alice invited new@x.test as member",
        ),
    ];
    for (action, href, said) in &links {
        let page = scene
            .acme
            .alice
            .get(&format!("/orgs/acme-corp/audit?what={action}"))
            .await
            .assert_status(200);
        assert_eq!(page.all("tbody .said"), [*said]);
        assert!(
            page.has(&format!("tbody .said a[href='{href}']")),
            "{action} leads to {href}: {}",
            page.body
        );
        scene.acme.alice.get(href).await.assert_status(200);
        let event = page.attribute("tbody tr", "id").expect("an event");
        assert!(
            scene
                .acme
                .alice
                .get(&format!("/orgs/acme-corp/audit/{event}"))
                .await
                .has(&format!("h1 a[href='{href}']"))
        );
    }
    scene
        .acme
        .alice
        .post(
            &format!("/orgs/acme-corp/invitations/{invitation}/revoke"),
            &[],
        )
        .await
        .assert_status(303);
    scene
        .acme
        .alice
        .post(
            &format!("/orgs/acme-corp/roles/custom/{role}/delete"),
            &[("confirm", "Reporter")],
        )
        .await
        .assert_status(303);
    for (action, href, _) in &links[3..] {
        let page = scene
            .acme
            .alice
            .get(&format!("/orgs/acme-corp/audit?what={action}"))
            .await;
        assert!(
            !page.has(&format!("a[href='{href}']")),
            "{action} leads nowhere now"
        );
    }
}

#[tokio::test]
async fn s1_78_the_log_leaves_out_what_did_not_change_and_says_the_rest_as_the_pages_do() {
    let mut scene = Scene::new().await;
    let org = format!("/organizations/{}", scene.org);
    let carol = scene.acme.member_id("carol@acme.test").await;
    scene
        .acme
        .alice
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "viewer")],
        )
        .await
        .assert_status(303);
    scene
        .alice
        .put(
            &format!("{org}/policies"),
            json!({ "admins_enter": true, "who_invites": "owners" }),
        )
        .await
        .assert_status(200);
    let access = json!([{ "workspace_id": scene.workspace, "role": "member" }]);
    let invite = json!({ "email": "new@x.test", "org_role": "member", "workspace_access": access });
    let invited = scene
        .alice
        .post(&format!("{org}/members/invite"), invite)
        .await
        .assert_status(201);
    let invitation = invited.json["id"].as_str().expect("an id").to_owned();
    scene
        .alice
        .put(
            &format!("{org}/invitations/{invitation}"),
            json!({ "workspace_access": [] }),
        )
        .await
        .assert_status(200);
    scene
        .alice
        .post(&format!("{org}/leases"), json!({ "holder": "crawl 1" }))
        .await
        .assert_status(201);
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("member.role_changed", &[], &["impact", "people", "effect"]),
        (
            "organization.policies_changed",
            &[
                "Owners and admins enter every workspace: no → yes",
                "Who may invite: owners and admins → owners",
                "effect: 1 person can do more",
            ],
            &["admins_enter", "impact", "token"],
        ),
        (
            "invitation.created",
            &["access: Production as Member"],
            &["ws_", "name:", "kind"],
        ),
        (
            "invitation.changed",
            &["access: Production as Member → nothing"],
            &["organization → organization", "member → member", "ws_"],
        ),
        (
            "lease.acquired",
            &["took a slot of runs at once for crawl 1"],
            &["runs_at_once"],
        ),
    ];
    for (action, says, leaves_out) in cases {
        let row = scene
            .acme
            .alice
            .get(&format!("/orgs/acme-corp/audit?what={action}"))
            .await
            .assert_status(200)
            .all("tbody td .person")
            .remove(0);
        for words in says {
            assert!(row.contains(words), "{action}: {row}");
        }
        for words in leaves_out {
            assert!(!row.contains(words), "{action} says “{words}”: {row}");
        }
    }
}

#[tokio::test]
async fn s1_79_a_runs_row_shows_the_picture_of_who_is_named_and_says_that_its_time_is_that_of_the_report()
 {
    let mut scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    let orders = |id: &str, day, more| {
        with(
            with(ended(id, "succeeded", day), of("sync", "Orders")),
            more,
        )
    };
    scene
        .report(&[orders("a", 1, json!({ "person": "carol@acme.test" }))])
        .await;
    scene
        .report(&[orders("b", 2, json!({ "trigger": "Schedule" }))])
        .await;
    scene.report(&[orders("c", 3, json!({}))]).await;
    let carol = scene.acme.member_id("carol@acme.test").await;
    let page = scene
        .acme
        .alice
        .get("/orgs/acme-corp/audit?what=run.succeeded")
        .await
        .assert_status(200);
    let said = [
        "Orders ran, and it succeeded",
        "Schedule ran Orders , and it succeeded",
        "Carol Reyes ran Orders , and it succeeded",
    ];
    assert_eq!(page.all("tbody .said"), said);
    assert_eq!(page.all("tbody .ava"), ["O", "S", "CR"]);
    assert!(
        page.has(&format!(
            "tbody .said a[href='/orgs/acme-corp/members/{carol}']"
        )),
        "who ran it is linked"
    );
    assert!(
        page.all("tbody td[data-label=When]")
            .iter()
            .all(|when| when.contains("reported just now")),
        "{}",
        page.text()
    );
    // On the page of who ran it the time is the run's.
    let page = scene
        .acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{carol}"))
        .await
        .assert_status(200);
    assert!(
        page.attributes(".log time", "datetime")
            .contains(&"2026-03-01T10:00:00Z".to_owned()),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn sec_i8_an_invitation_that_ended_with_its_inviters_right_is_not_said_to_be_revoked_by_somebody()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.bob
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "new@x.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    let bob = acme.member_id("bob@acme.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob}/role"),
            &[("role", "member"), ("confirmed", "yes")],
        )
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-corp/audit?what=invitation.revoked")
        .await
        .assert_status(200);
    assert_eq!(
        page.all("tbody .said"),
        ["The invitation to new@x.test was revoked: the inviter can't offer it any more"]
    );
    assert_eq!(page.all("tbody .ava"), ["NT"]);
}

/// Every action that the program writes, as it stands in its source.
fn actions() -> BTreeSet<String> {
    let things = [
        "access",
        "account",
        "audit",
        "billing",
        "custom_role",
        "invitation",
        "lease",
        "member",
        "organization",
        "resource",
        "resource_kind",
        "run",
        "runs",
        "token",
        "workspace",
    ];
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut found = BTreeSet::new();
    for file in tree("src", &[".rs"]) {
        for text in file.text.split('"') {
            if let Some((thing, verb)) = text.split_once('.')
                && things.contains(&thing)
                && word(verb)
            {
                found.insert(text.to_owned());
            }
        }
    }
    found
}

#[test]
fn s1_75_every_action_of_the_program_has_a_sentence_of_its_own() {
    let actions = actions();
    assert!(actions.len() > 60, "{actions:?}");
    let text = |text: &str| text.to_owned();
    let lists: Vec<String> = actions
        .into_iter()
        .filter(|action| {
            let event = EventRow {
                id: text("evt_1"),
                stream: text("org_1"),
                seq: 1,
                prev_hash: text(""),
                hash: text(""),
                at: 0,
                org_id: Some(text("org_1")),
                workspace_id: None,
                category: text("access"),
                action: action.clone(),
                actor_kind: text("user"),
                actor_id: text("usr_1"),
                actor_name: text("Alice"),
                credential: text(""),
                ip: text(""),
                client: text(""),
                request_id: text(""),
                target_kind: text("thing"),
                target_id: text("thing_1"),
                target_name: text("Orders"),
                subject_id: None,
                changes: text("{}"),
                v: 2,
                salt: text(""),
                redacted: text(""),
            };
            sentence(&event) == format!("Alice: {} Orders", action.replace(['.', '_'], " "))
        })
        .collect();
    assert!(lists.is_empty(), "these read as no sentence: {lists:?}");
}
