//! The REST API: who is asking, how it reads and refuses, lists, and the calls of document 000.

mod document;
mod invitations;

use crate::support::client::Client;
use crate::support::{Acme, House, Settings, acme};
use serde_json::json;

/// The id of the organization that a client is in.
async fn org_of(client: &Client) -> String {
    client.get("/organizations").await.assert_status(200).json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

async fn started() -> (House, Acme) {
    let house = House::start().await;
    let acme = acme(&house).await;
    (house, acme)
}

#[tokio::test]
async fn s1_15_s1_109_an_organization_is_created_with_name_and_slug() {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let alice = house.client("alice@acme.test").await;
    let made = alice
        .post(
            "/organizations",
            json!({"name": "Acme Corp", "slug": "acme-corp"}),
        )
        .await
        .assert_status(201);
    assert_eq!(
        (
            &made.json["slug"],
            &made.json["your_role"],
            &made.json["members"]
        ),
        (&json!("acme-corp"), &json!("owner"), &json!(1))
    );
    let id = made.json["id"].as_str().expect("an id");
    assert_eq!(
        made.header("location"),
        format!("/api/v1/organizations/{id}")
    );
    let taken = alice
        .post(
            "/organizations",
            json!({"name": "Acme Corp", "slug": "acme-corp"}),
        )
        .await
        .assert_problem(409, "slug_taken");
    assert_eq!(taken.json["existing_id"], "acme-corp-2");
    let wrong = alice
        .post("/organizations", json!({"name": "", "slug": "A b"}))
        .await
        .assert_problem(422, "invalid");
    assert_eq!(
        wrong.json["errors"].as_array().map(Vec::len),
        Some(2),
        "both fields at once: {}",
        wrong.json
    );
    assert_eq!(
        alice
            .post("/organizations", json!({"name": "Müller"}))
            .await
            .assert_status(201)
            .json["slug"],
        "muller"
    );
    Client::new(&house.url, "")
        .post("/organizations", json!({"name": "x"}))
        .await
        .assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn s1_100_s1_105_members_are_listed_filtered_and_paged() {
    let (house, _acme) = started().await;
    let carol = house.client("carol@acme.test").await;
    let org = org_of(&carol).await;
    assert_eq!(
        carol
            .get(&format!("/organizations/{org}"))
            .await
            .assert_status(200)
            .json["members"],
        5
    );
    let all = format!("/organizations/{org}/members");
    let listed = carol.get(&all).await.assert_status(200);
    assert_eq!(listed.json["data"].as_array().map(Vec::len), Some(5));
    assert_eq!(listed.json["next_cursor"], json!(null));
    for (query, found) in [
        ("search=TANAKA", 1),
        ("role=admin", 1),
        ("role=org_billing_admin", 1),
        ("status=active", 5),
        ("status=invited", 0),
        ("search=acme.test&role=viewer&status=active", 1),
    ] {
        let listed = carol
            .get(&format!("{all}?{query}"))
            .await
            .assert_status(200);
        assert_eq!(
            listed.json["data"].as_array().map(Vec::len),
            Some(found),
            "{query}: {}",
            listed.json
        );
    }
    carol
        .get(&format!("{all}?workspace_id=ws_none"))
        .await
        .assert_status(404);
    let (mut names, mut path) = (Vec::new(), format!("{all}?limit=2&sort=email&order=desc"));
    loop {
        let page = carol.get(&path).await.assert_status(200);
        names.extend(
            page.json["data"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|m| m["email"].as_str().unwrap_or_default().to_owned()),
        );
        let Some(cursor) = page.json["next_cursor"].as_str() else {
            break;
        };
        let link = page.header("link").to_owned();
        assert!(
            link.ends_with("; rel=\"next\"") && link.contains(cursor),
            "{link}"
        );
        path = link
            .trim_start_matches(&format!("<{}/api/v1", house.url))
            .split('>')
            .next()
            .expect("an address")
            .to_owned();
    }
    assert_eq!(
        names,
        [
            "vera@acme.test",
            "carol@acme.test",
            "bob@acme.test",
            "bill@acme.test",
            "alice@acme.test"
        ]
    );
}

#[tokio::test]
async fn sec_h8_page_sizes_cursors_and_filters_out_of_range_are_refused() {
    let (house, _acme) = started().await;
    let (alice, otto) = (
        house.client("alice@acme.test").await,
        house.client("otto@globex.test").await,
    );
    let (acme, globex) = (org_of(&alice).await, org_of(&otto).await);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=101", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=abc", "limit"),
        ("cursor=x", "cursor"),
        ("role=king", "role"),
        ("status=gone", "status"),
        ("sort=password", "sort"),
        ("order=up", "order"),
    ] {
        let refused = alice
            .get(&format!("/organizations/{acme}/members?{query}"))
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"][0]["field"], field, "{query}");
    }
    alice
        .get(&format!("/organizations/{acme}/members/%00"))
        .await
        .assert_problem(400, "malformed");
    for query in ["unknown=1", "limit=1&limit=2", "search=%00", "search=%ff"] {
        alice
            .get(&format!("/organizations/{acme}/members?{query}"))
            .await
            .assert_problem(400, "malformed");
    }
    let page = alice
        .get(&format!("/organizations/{acme}/members?limit=1"))
        .await
        .assert_status(200);
    let cursor = page.json["next_cursor"].as_str().expect("a cursor");
    otto.get(&format!("/organizations/{globex}/members?cursor={cursor}"))
        .await
        .assert_problem(422, "invalid");
    alice
        .get(&format!("/organizations?cursor={cursor}"))
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn s1_107_s1_108_a_role_is_changed_by_any_of_its_names_and_a_member_is_removed() {
    let (house, mut acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let org = org_of(&alice).await;
    let carol = acme.member_id("carol@acme.test").await;
    let path = format!("/organizations/{org}/members/{carol}");
    for (field, name, role) in [
        ("org_role", "admin", "admin"),
        ("role", "org_member", "member"),
        ("org_role", "Admin W/O Billing", "admin"),
    ] {
        let changed = alice
            .put(&path, json!({field: name}))
            .await
            .assert_status(200);
        assert_eq!(changed.json["org_role"], role);
        assert_eq!(
            alice.get(&path).await.assert_status(200).json["org_role"],
            role
        );
    }
    let refused = alice
        .put(&path, json!({"org_role": "king"}))
        .await
        .assert_problem(422, "invalid");
    assert_eq!(refused.json["errors"][0]["field"], "org_role");
    alice.delete(&path).await.assert_status(204);
    alice.get(&path).await.assert_problem(404, "not_found");
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);

    let own = acme.member_id("alice@acme.test").await;
    let last = alice
        .put(
            &format!("/organizations/{org}/members/{own}"),
            json!({"org_role": "member"}),
        )
        .await;
    let last = last.assert_problem(409, "last_owner");
    assert_eq!(
        last.json["detail"],
        "You are the only owner. Make someone else owner first."
    );
    assert!(
        last.json["next"]["path"]
            .as_str()
            .is_some_and(|p| p.starts_with("/orgs/acme-corp/members"))
    );
    alice
        .delete(&format!("/organizations/{org}/members/{own}"))
        .await
        .assert_problem(409, "last_owner");
    alice
        .post(&format!("/organizations/{org}/leave"), json!({}))
        .await
        .assert_problem(409, "last_owner");
}

#[tokio::test]
async fn s3_3_sec_a14_sec_w11_two_roles_and_fields_that_are_not_there_are_refused() {
    let (house, mut acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let org = org_of(&alice).await;
    let path = format!(
        "/organizations/{org}/members/{}",
        acme.member_id("carol@acme.test").await
    );
    for (body, status) in [
        (r#"{"org_role": ["admin", "member"]}"#, 422),
        (r#"{"org_role": "admin", "role": "member"}"#, 422),
        (r#"{"org_role": "admin", "org_role": "member"}"#, 400),
        (r#"{"org_role": "admin", "email_verified": true}"#, 422),
        (r#"{"org_role": "admin", "id": "usr_1"}"#, 422),
        (r#"{"org_role": null}"#, 422),
        (r#"{"org_role": 1e999}"#, 400),
        (r#"{"org_role": "\ud800"}"#, 400),
        (r#"{"org_role": "admin\u0000"}"#, 400),
        (r#"{"org_role": "admin""#, 400),
        ("{}", 422),
        ("", 400),
    ] {
        let refused = alice
            .send_text("PUT", &path, "application/json", body)
            .await;
        assert_eq!(refused.status, status, "{body}: {}", refused.json);
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    assert_eq!(
        alice.get(&path).await.json["org_role"],
        "member",
        "nothing was changed"
    );
}

#[tokio::test]
async fn sec_w1_only_json_is_taken_and_not_without_end() {
    let (house, _acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let body = r#"{"name": "Other"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        alice
            .send_text("POST", "/organizations", kind, body)
            .await
            .assert_problem(415, "not_json");
    }
    alice
        .send_text(
            "POST",
            "/organizations",
            "application/json; charset=utf-8",
            body,
        )
        .await
        .assert_status(201);
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
    alice
        .send_text("POST", "/organizations", "application/json", &huge)
        .await
        .assert_problem(413, "too_large");
}

#[tokio::test]
async fn sec_h1_a_token_counts_in_the_bearer_header_alone() {
    let (house, acme) = started().await;
    let secret = roster::accounts::create_token_for(
        &house.app,
        "alice@acme.test",
        "x",
        roster::accounts::TokenScope::Write,
        None,
    );
    let secret = secret.await.expect("a token").secret;
    let nobody = Client::new(&house.url, "");
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("{secret}:")
        )
    );
    let cookie = acme
        .alice
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ");
    for header in [
        ("authorization", basic.as_str()),
        ("authorization", &secret),
        ("cookie", &cookie),
        ("x-api-key", &secret),
    ] {
        let refused = nobody
            .send("GET", "/me", None, &[header])
            .await
            .assert_problem(401, "unauthenticated");
        assert_eq!(
            refused.header("www-authenticate"),
            "Bearer realm=\"roster\""
        );
    }
    for query in ["access_token", "token", "api_key"] {
        nobody
            .get(&format!("/me?{query}={secret}"))
            .await
            .assert_problem(401, "unauthenticated");
    }
    let flipped = secret
        .chars()
        .map(|c| {
            if c.is_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    for wrong in [
        secret[..46].to_owned(),
        format!("{secret}A"),
        flipped,
        secret.trim_start_matches("rst_").to_owned(),
    ] {
        let refused = Client::new(&house.url, &wrong)
            .get("/me")
            .await
            .assert_problem(401, "unauthenticated");
        assert!(refused.header("www-authenticate").contains("invalid_token"));
    }
    Client::new(&house.url, &secret)
        .get("/me")
        .await
        .assert_status(200);
}

#[tokio::test]
async fn sec_z1_another_organizations_things_answer_like_things_that_never_were() {
    let (house, mut acme) = started().await;
    let (alice, otto) = (
        house.client("alice@acme.test").await,
        house.client("otto@globex.test").await,
    );
    let xenia = house.client("xenia@nowhere.test").await;
    let (org, globex) = (org_of(&alice).await, org_of(&otto).await);
    let carol = acme.member_id("carol@acme.test").await;
    for (stranger, there, absent) in [
        (
            &otto,
            format!("/organizations/{org}"),
            "/organizations/org_0".to_owned(),
        ),
        (
            &xenia,
            format!("/organizations/{org}/members"),
            "/organizations/org_0/members".to_owned(),
        ),
        (
            &otto,
            format!("/organizations/{org}/members/{carol}"),
            "/organizations/org_0/members/mem_0".to_owned(),
        ),
        (
            &otto,
            format!("/organizations/{globex}/members/{carol}"),
            format!("/organizations/{globex}/members/mem_0"),
        ),
        (
            &alice,
            format!("/organizations/{org}/members/%ff"),
            format!("/organizations/{org}/members/mem_0"),
        ),
        (
            &alice,
            "/organizations/acme-corp".to_owned(),
            "/organizations/org_0".to_owned(),
        ),
        (
            &alice,
            "/nothing".to_owned(),
            "/organizations/org_0".to_owned(),
        ),
    ] {
        let (mut found, mut missing) = (stranger.get(&there).await, stranger.get(&absent).await);
        for answer in [&mut found, &mut missing] {
            assert_eq!(answer.status, 404, "{there}");
            answer
                .json
                .as_object_mut()
                .expect("a problem")
                .remove("request_id");
        }
        assert_eq!(found.json, missing.json, "{there}");
    }
}

#[tokio::test]
async fn sec_z3_other_methods_and_addresses_do_nothing() {
    let (house, _acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let org = org_of(&alice).await;
    alice
        .get("/nothing/here")
        .await
        .assert_problem(404, "not_found");
    alice
        .get("/organizations/")
        .await
        .assert_problem(404, "not_found");
    for (method, path) in [
        ("PATCH", "/me"),
        ("DELETE", "/organizations"),
        ("POST", "/me"),
        ("TRACE", "/me"),
    ] {
        alice
            .send(method, path, None, &[])
            .await
            .assert_problem(405, "method_not_allowed");
    }
    let head = alice
        .send("HEAD", &format!("/organizations/{org}"), None, &[])
        .await
        .assert_status(200);
    assert_eq!(head.json, json!(""));
    let overridden = [("x-http-method-override", "DELETE")];
    alice
        .send("GET", &format!("/organizations/{org}"), None, &overridden)
        .await
        .assert_status(200);
}

#[tokio::test]
async fn sec_w2_no_other_origin_may_read_an_answer() {
    let (house, _acme) = started().await;
    let alice = house.client("alice@acme.test").await;
    let host = house.url.trim_start_matches("http://").to_owned();
    for origin in [
        "https://evil.test".to_owned(),
        "null".to_owned(),
        format!("https://{host}.evil.test"),
        house.url.clone(),
    ] {
        for (method, path) in [("GET", "/me"), ("OPTIONS", "/me"), ("GET", "/nothing")] {
            let answer = alice
                .send(
                    method,
                    path,
                    None,
                    &[
                        ("origin", &origin),
                        ("access-control-request-method", "GET"),
                    ],
                )
                .await;
            assert!(
                !answer
                    .headers
                    .keys()
                    .any(|name| name.as_str().starts_with("access-control")),
                "{method} {path} {origin}"
            );
        }
    }
}

#[tokio::test]
async fn sec_z9_a_token_has_the_role_its_person_has_at_that_moment() {
    let (house, mut acme) = started().await;
    let bob = house.client("bob@acme.test").await;
    let org = org_of(&bob).await;
    let (bob_id, carol) = (
        acme.member_id("bob@acme.test").await,
        acme.member_id("carol@acme.test").await,
    );
    let suspend = format!("/organizations/{org}/members/{carol}/suspend");
    assert_eq!(
        bob.post(&suspend, json!({})).await.assert_status(200).json["status"],
        "suspended"
    );
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{bob_id}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(303);
    let reinstate = format!("/organizations/{org}/members/{carol}/reinstate");
    bob.post(&reinstate, json!({}))
        .await
        .assert_problem(403, "role_lacks_permission");
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob_id}/suspend"), &[])
        .await
        .assert_status(303);
    bob.get(&format!("/organizations/{org}"))
        .await
        .assert_problem(404, "not_found");
    bob.get("/me").await.assert_status(200);
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{bob_id}/remove"), &[])
        .await
        .assert_status(303);
    assert_eq!(
        bob.get("/organizations").await.assert_status(200).json["data"],
        json!([])
    );
    bob.post(&reinstate, json!({}))
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn answers_say_how_many_calls_are_left_and_too_many_are_told_when_to_come_back() {
    let house = House::start_with(Settings::new().set("--api-calls", "600")).await;
    acme(&house).await;
    let alice = house.client("alice@acme.test").await;
    let first = alice.get("/me").await.assert_status(200);
    assert_eq!(
        first.header("ratelimit-policy"),
        "\"calls\";q=600;w=60, \"changes\";q=120;w=60"
    );
    assert_eq!(first.header("ratelimit"), "\"calls\";r=599;t=1");
    for _ in 0..120 {
        alice.delete("/tokens/tok_0").await.assert_status(404);
    }
    // The limit gives back two a second, so a slow machine needs a few more.
    let mut last = alice.delete("/tokens/tok_0").await;
    while last.status == 404 {
        last = alice.delete("/tokens/tok_0").await;
    }
    let refused = last.assert_problem(429, "too_many_requests");
    assert!(
        refused
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|s| (1..=60).contains(&s)),
        "{}",
        refused.header("retry-after")
    );
    assert!(
        refused.header("ratelimit").contains("\"changes\";r=0"),
        "{}",
        refused.header("ratelimit")
    );
    alice.get("/me").await.assert_status(200);
    house
        .client("alice@acme.test")
        .await
        .delete("/tokens/tok_0")
        .await
        .assert_status(404);
}

#[tokio::test]
async fn sec_a8_an_address_that_tries_bad_tokens_is_told_to_wait_and_good_ones_go_on_working() {
    let house = House::start().await;
    house.sign_in("alice@acme.test").await;
    let alice = house.client("alice@acme.test").await;
    let mut statuses = Vec::new();
    for n in 0..40 {
        let guess = Client::new(&house.url, &format!("rst_{n}"));
        let header = format!("10.0.0.{n}");
        statuses.push(
            guess
                .send("GET", "/me", None, &[("x-forwarded-for", &header)])
                .await
                .status,
        );
    }
    assert!(
        statuses[..20].iter().all(|s| *s == 401) && statuses.contains(&429),
        "{statuses:?}"
    );
    alice.get("/me").await.assert_status(200);
}

#[tokio::test]
async fn the_openapi_document_names_every_call_and_every_part_it_refers_to() {
    let house = House::start().await;
    let document = Client::new(&house.url, "")
        .get("/openapi.json")
        .await
        .assert_status(200)
        .json;
    assert_eq!(document["openapi"], "3.1.0");
    for route in crate::support::routes::calls() {
        for method in &route.methods {
            let call = &document["paths"][&route.path][method.to_ascii_lowercase()];
            assert!(
                call["summary"].as_str().is_some_and(|s| !s.is_empty()),
                "{method} {} is not described",
                route.path
            );
        }
    }
    let text = document.to_string();
    for part in text
        .split("#/components/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default())
    {
        assert!(
            document.pointer(&format!("/components/{part}")).is_some(),
            "{part} is referred to and not there"
        );
    }
}
