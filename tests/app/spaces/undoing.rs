//! Undoing from the audit log what was given and taken: by the same operations and checks, with the effect first, as a new
//! event.

use super::{assert_counts, in_acme};
use crate::support::client::Client;
use crate::support::{Acme, House, acme};
use serde_json::{Value, json};

const LOG: &str = "/orgs/acme-corp/audit";

struct Scene {
    house: House,
    acme: Acme,
    alice: Client,
    org: String,
    production: String,
}

impl Scene {
    async fn new() -> Self {
        let house = House::start().await;
        let mut acme = acme(&house).await;
        let production = in_acme(&mut acme.alice, "Production").await;
        let alice = house.client("alice@acme.test").await;
        let org = house.system("acme-corp").await.org.id.to_string();
        Self {
            house,
            acme,
            alice,
            org,
            production,
        }
    }

    async fn user(&self, search: &str) -> String {
        let found = self
            .alice
            .get(&format!(
                "/organizations/{}/members?search={search}",
                self.org
            ))
            .await
            .assert_status(200);
        found.json["data"][0]["user_id"]
            .as_str()
            .expect("a user")
            .to_owned()
    }

    async fn set(&self, user: &str, role: &str) {
        let path = format!("/workspaces/{}/members/{user}", self.production);
        self.alice
            .put(&path, json!({ "role": role }))
            .await
            .assert_status(200);
    }

    async fn role(&self, search: &str) -> Value {
        let all = self
            .alice
            .get(&format!(
                "/workspaces/{}/members?search={search}",
                self.production
            ))
            .await
            .assert_status(200);
        all.json["data"][0]["roles"][0]["role"].clone()
    }

    async fn newest(&self, action: &str) -> String {
        let log = self
            .alice
            .get(&format!(
                "/organizations/{}/audit?action={action}",
                self.org
            ))
            .await
            .assert_status(200);
        log.json["data"][0]["id"]
            .as_str()
            .expect("an event")
            .to_owned()
    }

    /// Reads what undoing the newest event of this action would do, and does it.
    async fn undo(&mut self, action: &str, says: &[&str]) {
        let undo = format!("{LOG}/{}/undo", self.newest(action).await);
        let row = self.acme.alice.get(LOG).await.assert_status(200);
        assert!(row.has(&format!("a[href='{undo}']")), "the log leads there");
        let mut page = self.acme.alice.get(&undo).await.assert_status(200);
        for words in says {
            page = page.assert_says(words);
        }
        let events = self.house.count("SELECT COUNT(*) FROM audit_events").await;
        self.acme
            .alice
            .submit(&undo, &[])
            .await
            .assert_status(200)
            .assert_says("Undone.");
        assert_eq!(
            self.house.count("SELECT COUNT(*) FROM audit_events").await,
            events + 1,
            "one event of its own"
        );
        assert_counts(&self.house).await;
    }

    /// Asserts that the newest event of this action can't be undone, for this reason, and that trying changes nothing.
    async fn refuses(&mut self, action: &str, code: &str) {
        let event = self.newest(action).await;
        let before = self.house.count("SELECT COUNT(*) FROM audit_events").await;
        self.acme
            .alice
            .get(&format!("{LOG}/{event}/undo"))
            .await
            .assert_status(409);
        let path = format!("/organizations/{}/audit/{event}/undo", self.org);
        self.alice
            .post(&path, json!({}))
            .await
            .assert_problem(409, code);
        assert_eq!(
            self.house.count("SELECT COUNT(*) FROM audit_events").await,
            before
        );
    }
}

#[tokio::test]
async fn s1_47_s1_77_access_that_was_given_changed_or_taken_is_undone_with_who_loses_and_gains_first()
 {
    let mut scene = Scene::new().await;
    let carol = scene.user("carol").await;
    scene.set(&carol, "member").await;
    scene
        .undo(
            "access.given",
            &[
                "Take Carol Reyes out of Production again?",
                "Carol Reyes loses Production (Member)",
            ],
        )
        .await;
    assert_eq!(scene.role("carol").await, Value::Null);
    scene
        .undo(
            "access.taken",
            &[
                "Make Carol Reyes Member of Production again?",
                "Carol Reyes gains Production (Member)",
            ],
        )
        .await;
    assert_eq!(scene.role("carol").await, "member");
    scene.set(&carol, "admin").await;
    scene
        .undo(
            "access.changed",
            &[
                "Make Carol Reyes Member of Production again?",
                "changes from Admin to Member",
            ],
        )
        .await;
    assert_eq!(scene.role("carol").await, "member");
    // The same once more is what was undone already.
    scene.set(&carol, "viewer").await;
    scene.refuses("access.given", "undo_changed_since").await;
    // Who may not set it may not undo it.
    let event = scene.newest("access.changed").await;
    scene
        .acme
        .carol
        .get(&format!("{LOG}/{event}/undo"))
        .await
        .assert_status(403);
    scene
        .acme
        .carol
        .post(&format!("{LOG}/{event}/undo"), &[])
        .await
        .assert_status(403);
    // Nothing that was limited comes back as all.
    let limit = json!({ "kind": "monitor", "only": [], "when_empty": "none" });
    scene
        .alice
        .put(
            &format!("/workspaces/{}/members/{carol}/grants", scene.production),
            limit,
        )
        .await
        .assert_status(200);
    scene
        .alice
        .delete(&format!("/workspaces/{}/members/{carol}", scene.production))
        .await
        .assert_status(200);
    scene.refuses("access.taken", "undo_limited").await;
}

#[tokio::test]
async fn s2_37_s1_77_grants_are_undone_with_how_many_they_saw_and_will_see() {
    let mut scene = Scene::new().await;
    let carol = scene.user("carol").await;
    scene.set(&carol, "viewer").await;
    let things: Vec<Value> =
        (1..=4).map(|n| json!({ "kind": "monitor", "external_id": format!("m{n}"), "name": format!("site {n}") })).collect();
    let told = scene
        .alice
        .post(
            &format!("/workspaces/{}/resources", scene.production),
            json!({ "resources": things }),
        )
        .await;
    let told = told.assert_status(200).json;
    let ids: Vec<String> = (0..4)
        .map(|n| {
            told["data"][n]["resource"]["id"]
                .as_str()
                .unwrap_or_else(|| panic!("{told}"))
                .to_owned()
        })
        .collect();
    let path = format!("/workspaces/{}/members/{carol}/grants", scene.production);
    let carols = scene.house.client("carol@acme.test").await;
    let sees = format!("/workspaces/{}/resources?kind=monitor", scene.production);
    for (only, count) in [(&ids[..2], 2), (&ids[..1], 1)] {
        scene
            .alice
            .put(&path, json!({ "kind": "monitor", "only": only }))
            .await
            .assert_status(200);
        assert_eq!(
            carols.get(&sees).await.json["data"]
                .as_array()
                .map(Vec::len),
            Some(count)
        );
    }
    scene
        .undo(
            "access.grants_changed",
            &["Let Carol Reyes see 2 of 4 of Production again?", "1 of 4"],
        )
        .await;
    assert_eq!(
        carols.get(&sees).await.json["data"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    scene.undo("access.grants_changed", &["see 1 of 4"]).await;
    let first = scene
        .alice
        .get(&format!(
            "/organizations/{}/audit?action=access.grants_changed",
            scene.org
        ))
        .await;
    let oldest = first.json["data"]
        .as_array()
        .expect("events")
        .last()
        .expect("one")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/organizations/{}/audit/{oldest}/undo", scene.org);
    scene
        .alice
        .post(&path, json!({}))
        .await
        .assert_problem(409, "undo_changed_since");
    scene.undo("access.grants_changed", &["see 2 of 4"]).await;
    scene.alice.post(&path, json!({})).await.assert_status(204);
    assert_eq!(
        carols.get(&sees).await.json["data"]
            .as_array()
            .map(Vec::len),
        Some(4),
        "as before the first"
    );
}

#[tokio::test]
async fn s1_23_s1_77_an_unlinked_workspace_is_linked_again_by_who_administers_it() {
    let mut scene = Scene::new().await;
    let path = format!(
        "/organizations/{}/workspaces/{}",
        scene.org, scene.production
    );
    scene.alice.delete(&path).await.assert_status(204);
    let event = scene.newest("workspace.unlinked").await;
    scene
        .acme
        .bob
        .get(&format!("{LOG}/{event}/undo"))
        .await
        .assert_status(409)
        .assert_says("so you can't link it again");
    scene
        .undo(
            "workspace.unlinked",
            &["Link Production again?", "doesn't get it back by this"],
        )
        .await;
    scene
        .alice
        .get(&path.replace(&format!("/organizations/{}", scene.org), ""))
        .await
        .assert_status(200);
    assert_eq!(
        scene
            .house
            .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NOT NULL")
            .await,
        1
    );
    scene
        .refuses("workspace.unlinked", "undo_changed_since")
        .await;
}

#[tokio::test]
async fn s1_48_s1_77_who_was_removed_is_invited_to_what_they_had() {
    let mut scene = Scene::new().await;
    let carol = scene.user("carol").await;
    scene.set(&carol, "admin").await;
    let page = scene.acme.member_id("carol@acme.test").await;
    scene
        .acme
        .alice
        .post(&format!("/orgs/acme-corp/members/{page}/remove"), &[])
        .await
        .assert_status(303);
    scene
        .acme
        .carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    scene
        .undo(
            "member.removed",
            &[
                "Invite Carol Reyes again, as a member?",
                "Member, 1 workspace",
                "once they accept",
            ],
        )
        .await;
    scene
        .house
        .mailbox
        .wait_for("carol@acme.test", "invit")
        .await;
    let offers = scene.house.client("carol@acme.test").await;
    let offer = offers.get("/invitations").await.assert_status(200).json["data"][0]["id"]
        .as_str()
        .expect("an offer")
        .to_owned();
    offers
        .post(&format!("/invitations/{offer}/accept"), json!({}))
        .await
        .assert_status(200);
    assert_eq!(scene.role("carol").await, "admin");
    scene.refuses("member.removed", "undo_changed_since").await;
    assert_counts(&scene.house).await;
}
