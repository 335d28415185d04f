//! The calls of document 000 (SignalSmith's organizations), to the letter.

use super::{org_of, started};
use crate::support::{Acme, House};
use roster::accounts::{TokenScope, create_token_for};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Document 000, lines 26 to 33.
const CREATE: &str = r#"curl -X POST https://your-workspace.signalsmith.dev/api/v1/organizations \
-H "Authorization: Bearer $API_TOKEN" \
-H "Content-Type: application/json" \
-d '{
"name": "Acme Corp",
"slug": "acme-corp"
}'"#;

/// Lines 76 to 92.
const INVITE: &str = r#"curl -X POST https://your-workspace.signalsmith.dev/api/v1/organizations/{org_id}/members/invite \
-H "Authorization: Bearer $API_TOKEN" \
-H "Content-Type: application/json" \
-d '{
"email": "newmember@acmecorp.com",
"org_role": "member",
"workspace_access": [
{
"workspace_id": "ws_abc123",
"role": "admin"
},
{
"workspace_id": "ws_def456",
"role": "member"
}
]
}'"#;

/// Runs a command line as it stands in the document, with the host changed, the token in its variable, and the status
/// written after the answer. `None` where there is no curl.
async fn run(house: &House, line: String, token: &str) -> Option<(u16, Value)> {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: there is no curl on this machine, so the document's command lines were not run");
        return None;
    }
    let line = line.replace("https://your-workspace.signalsmith.dev", &house.url) + " -s -w '\n%{http_code}'";
    let token = token.to_owned();
    let done = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(line).env("API_TOKEN", token).output());
    let out = String::from_utf8(done.await.expect("it ends").expect("a shell").stdout).expect("text");
    let (body, status) = out.rsplit_once('\n').expect("a body and a status");
    Some((status.parse().expect("a status"), serde_json::from_str(body).expect("JSON")))
}

async fn token(house: &House, email: &str) -> String {
    create_token_for(&house.app, email, "curl", TokenScope::Write, None).await.expect("a token").secret
}

#[tokio::test]
async fn s1_15_s1_109_the_documents_curl_line_creates_an_organization() {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let token = token(&house, "alice@acme.test").await;
    let Some((status, org)) = run(&house, CREATE.into(), &token).await else { return };
    assert_eq!((status, &org["name"], &org["slug"]), (201, &json!("Acme Corp"), &json!("acme-corp")));
    assert!(org["id"].as_str().is_some_and(|id| id.starts_with("org_")));
    let (status, again) = run(&house, CREATE.into(), &token).await.expect("curl is there");
    assert_eq!((status, &again["code"]), (409, &json!("slug_taken")));
    let (status, _) = run(&house, CREATE.into(), "").await.expect("curl is there");
    assert_eq!(status, 401);
}

#[tokio::test]
async fn s1_45_s1_106_the_documents_curl_line_invites_once_its_workspaces_are_left_out() {
    let (house, _acme) = started().await;
    let token = token(&house, "alice@acme.test").await;
    let org = org_of(&house.client("alice@acme.test").await).await;
    let line = INVITE.replace("{org_id}", &org);
    let Some((status, refused)) = run(&house, line.clone(), &token).await else { return };
    assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("workspace_access")), "no such workspaces: {refused}");
    let (before, rest) = line.split_once("[\n").expect("a list");
    let empty = format!("{before}[{}", &rest[rest.find(']').expect("its end")..]);
    let (status, invitation) = run(&house, empty.clone(), &token).await.expect("curl is there");
    assert_eq!((status, &invitation["email"], &invitation["org_role"]), (201, &json!("newmember@acmecorp.com"), &json!("member")));
    house.mailbox.wait_for("newmember@acmecorp.com", "Acme Corp").await;
    let (status, pending) = run(&house, empty, &token).await.expect("curl is there");
    assert_eq!((status, &pending["code"], &pending["existing_id"]), (409, &json!("invitation_pending"), &invitation["id"]));
}

#[tokio::test]
async fn s1_100_to_s1_109_the_documents_nine_calls_are_there() {
    let (house, mut acme): (House, Acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let org = org_of(&alice).await;
    let carol = acme.member_id("carol@acme.test").await;
    let base = format!("/organizations/{org}");
    alice.get(&base).await.assert_status(200);
    assert_eq!(alice.put(&base, json!({"name": "Acme", "slug": "acme"})).await.assert_status(200).json["slug"], "acme");
    alice.get(&format!("{base}/workspaces")).await.assert_status(200);
    alice.post(&format!("{base}/workspaces"), json!({"name": "Production"})).await.assert_status(201);
    alice.get(&format!("{base}/members")).await.assert_status(200);
    let invite = json!({"email": "new@acme.test", "org_role": "member", "workspace_access": []});
    alice.post(&format!("{base}/members/invite"), invite).await.assert_status(201);
    alice.put(&format!("{base}/members/{carol}"), json!({"org_role": "admin"})).await.assert_status(200);
    alice.delete(&format!("{base}/members/{carol}")).await.assert_status(204);
    // Not built yet: unlinking, `DELETE …/workspaces/{workspace_id}`.
    alice.delete(&format!("{base}/workspaces/ws_0")).await.assert_problem(404, "not_found");
}
