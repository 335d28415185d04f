//! Resources: told of by the host product, listed and found by who may see them, and nobody else.

mod counting;
mod pages;
mod private;
mod same_sight;
mod shared;
mod upsert;

use crate::support::client::{Answer, Client};
use crate::support::{Acme, House, acme};
use serde_json::{Value, json};

/// Acme Corp with one workspace that Alice owns, and the tokens of its people.
pub struct Scene {
    pub house: House,
    pub acme: Acme,
    pub alice: Client,
    pub bob: Client,
    pub carol: Client,
    pub vera: Client,
    pub org: String,
    pub workspace: String,
}

/// Kind, id and name, and what it lies in.
type Told<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>);

impl Scene {
    pub async fn new() -> Self {
        let house = House::start().await;
        let mut acme = acme(&house).await;
        let page = acme
            .alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
            .await
            .assert_status(303);
        let workspace = page.location().split('/').nth(2).expect("an id").to_owned();
        let alice = house.client("alice@acme.test").await;
        let org = house.system("acme-corp").await.org.id.to_string();
        Self {
            bob: house.client("bob@acme.test").await,
            carol: house.client("carol@acme.test").await,
            vera: house.client("vera@acme.test").await,
            alice,
            acme,
            org,
            workspace,
            house,
        }
    }

    /// Gives somebody a role in the workspace.
    pub async fn give(&self, email: &str, role: &str) {
        self.house
            .execute(&format!(
                "INSERT INTO access (workspace_id, user_id, source, role, created_at)
                 SELECT '{}', id, 'direct', '{role}', 0 FROM users WHERE email = '{email}'",
                self.workspace
            ))
            .await;
    }

    pub fn at_workspace(&self) -> String {
        format!("/workspaces/{}/resources", self.workspace)
    }

    pub fn at_organization(&self) -> String {
        format!("/organizations/{}/resources", self.org)
    }

    /// Alice tells of things in the workspace, each `(kind, id and name, what it lies in)`.
    pub async fn tell(&self, things: &[Told<'_>]) -> Answer {
        let all: Vec<Value> = things
            .iter()
            .map(|(kind, id, parent)| thing(kind, id, *parent))
            .collect();
        self.alice
            .post(&self.at_workspace(), json!({ "resources": all }))
            .await
            .assert_status(200)
    }

    pub async fn names(&self, who: &Client, query: &str) -> Vec<String> {
        names(
            &who.get(&format!("{}?limit=100{query}", self.at_workspace()))
                .await
                .assert_status(200),
        )
    }
}

pub fn thing(kind: &str, id: &str, parent: Option<(&str, &str)>) -> Value {
    let parent = parent.map(|(kind, id)| json!({ "kind": kind, "external_id": id }));
    json!({ "kind": kind, "external_id": id, "name": id, "parent": parent })
}

pub fn names(answer: &Answer) -> Vec<String> {
    let all = answer.json["data"].as_array().expect("a list");
    all.iter()
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

pub fn id_of(answer: &Answer, place: usize) -> String {
    answer.json["data"][place]["resource"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}
