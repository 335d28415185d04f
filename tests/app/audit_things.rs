//! What the log's sentences say and where they lead.

use crate::resources::Scene;
use crate::runs::{ended, of, with};
use crate::structure::tree;
use roster::audit::{EventRow, sentence};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn s1_75_a_sentence_leads_to_the_thing_that_it_is_about_as_long_as_that_is_there() {
    let mut scene = Scene::new().await;
    let told = scene.tell(&[("sync", "Orders", None)]).await;
    let thing = crate::resources::id_of(&told, 0);
    scene.report(&[with(ended("a", "succeeded", 1), of("sync", "Orders")), ended("b", "failed", 2)]).await;
    let role = scene.alice.post(&format!("/organizations/{}/roles", scene.org), json!({ "name": "Reporter" })).await.assert_status(201);
    let role = role.json["id"].as_str().expect("an id").to_owned();
    let invite = json!({ "email": "new@x.test", "org_role": "member" });
    let invited = scene.alice.post(&format!("/organizations/{}/members/invite", scene.org), invite).await.assert_status(201);
    let invitation = invited.json["id"].as_str().expect("an id").to_owned();
    let workspace = format!("/workspaces/{}", scene.workspace);
    let links = [
        ("resource.created", format!("{workspace}/resources/{thing}"), "alice added the sync Orders"),
        ("run.succeeded", format!("{workspace}/runs?resource={thing}"), "Orders ran, and it succeeded"),
        ("run.failed", format!("{workspace}/runs"), "b ran, and it failed"),
        ("custom_role.created", format!("/orgs/acme-corp/roles/custom/{role}"), "alice made the role Reporter"),
        ("invitation.created", format!("/orgs/acme-corp/invitations/{invitation}"), "alice invited new@x.test as member"),
    ];
    for (action, href, said) in &links {
        let page = scene.acme.alice.get(&format!("/orgs/acme-corp/audit?what={action}")).await.assert_status(200);
        assert_eq!(page.all("tbody .said"), [*said]);
        assert!(page.has(&format!("tbody .said a[href='{href}']")), "{action} leads to {href}: {}", page.body);
        scene.acme.alice.get(href).await.assert_status(200);
        let event = page.attribute("tbody tr", "id").expect("an event");
        assert!(scene.acme.alice.get(&format!("/orgs/acme-corp/audit/{event}")).await.has(&format!("h1 a[href='{href}']")));
    }
    scene.acme.alice.post(&format!("/orgs/acme-corp/invitations/{invitation}/revoke"), &[]).await.assert_status(303);
    scene.acme.alice.post(&format!("/orgs/acme-corp/roles/custom/{role}/delete"), &[("confirm", "Reporter")]).await.assert_status(303);
    for (action, href, _) in &links[3..] {
        let page = scene.acme.alice.get(&format!("/orgs/acme-corp/audit?what={action}")).await;
        assert!(!page.has(&format!("a[href='{href}']")), "{action} leads nowhere now");
    }
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
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
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
