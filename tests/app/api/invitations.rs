//! Invitations over the API.

use super::{org_of, started};
use serde_json::json;

/// The secret at the end of the link in the mail to this address.
async fn mailed_secret(house: &crate::support::House, to: &str) -> String {
    house
        .mailbox
        .wait_for(to, "Acme Corp")
        .await
        .link("/invitations/")
        .rsplit('/')
        .next()
        .expect("a secret")
        .to_owned()
}

#[tokio::test]
async fn s1_45_an_address_is_invited_updated_resent_and_revoked() {
    let (house, _acme) = started().await;
    let bob = house.client("bob@acme.test").await;
    let base = format!("/organizations/{}", org_of(&bob).await);
    let path = format!("{base}/members/invite");
    let invite = |body| bob.post(&path, body);
    let made =
        invite(json!({"email": "New@Acme.test", "org_role": "org_member", "name": "Neo"})).await;
    let made = made.assert_status(201);
    assert_eq!(
        (
            &made.json["email"],
            &made.json["org_role"],
            &made.json["status"]
        ),
        (&json!("new@acme.test"), &json!("member"), &json!("pending"))
    );
    let id = made.json["id"].as_str().expect("an id").to_owned();
    let pending = invite(json!({"email": "new@acme.test", "org_role": "viewer"})).await;
    assert_eq!(
        pending.assert_problem(409, "invitation_pending").json["existing_id"],
        json!(id)
    );
    let body = json!({"email": "new@acme.test", "org_role": "viewer", "on_pending": "update"});
    assert_eq!(invite(body).await.assert_status(201).json["id"], json!(id));
    assert_eq!(
        bob.get(&format!("{base}/invitations/{id}"))
            .await
            .assert_status(200)
            .json["org_role"],
        "viewer"
    );
    assert_eq!(
        bob.put(
            &format!("{base}/invitations/{id}"),
            json!({"org_role": "admin"})
        )
        .await
        .assert_status(200)
        .json["org_role"],
        "admin"
    );
    bob.put(
        &format!("{base}/invitations/{id}"),
        json!({"org_role": "owner"}),
    )
    .await
    .assert_problem(403, "role_above_own");
    let listed = bob
        .get(&format!("{base}/members?status=invited"))
        .await
        .assert_status(200);
    assert_eq!(
        (
            &listed.json["data"][0]["invitation"]["id"],
            &listed.json["data"][0]["org_role"]
        ),
        (&json!(id), &json!("admin"))
    );
    bob.post(&format!("{base}/invitations/{id}/resend"), json!({}))
        .await
        .assert_status(200);
    let link = bob
        .post(&format!("{base}/invitations/{id}/link"), json!({}))
        .await
        .assert_status(200)
        .json["link"]
        .clone();
    assert!(
        link.as_str()
            .is_some_and(|link| link.starts_with(&format!("{}/invitations/", house.url))),
        "{link}"
    );
    let secret = link
        .as_str()
        .and_then(|link| link.rsplit('/').next())
        .expect("a secret");
    let lists = bob
        .get(&format!("{base}/invitations"))
        .await
        .json
        .to_string()
        + &bob.get(&format!("{base}/members")).await.json.to_string();
    assert!(
        !lists.contains(secret),
        "the secret is in no list (SEC-I10)"
    );
    bob.delete(&format!("{base}/invitations/{id}"))
        .await
        .assert_status(204);
    bob.delete(&format!("{base}/invitations/{id}"))
        .await
        .assert_problem(409, "invitation_ended");
    assert_eq!(
        bob.get(&format!("{base}/invitations"))
            .await
            .assert_status(200)
            .json["data"],
        json!([])
    );
    assert_eq!(
        bob.get(&format!("{base}/invitations?status=revoked"))
            .await
            .assert_status(200)
            .json["data"][0]["id"],
        json!(id)
    );
    for (body, field) in [
        (json!({"email": "a@b", "org_role": "member"}), "email"),
        (
            json!({"email": "x@acme.test", "org_role": "king"}),
            "org_role",
        ),
        (json!({"email": "x@acme.test"}), "org_role"),
        (
            json!({"email": "x@acme.test", "org_role": "member", "on_pending": "maybe"}),
            "on_pending",
        ),
        (
            json!({"email": "x@acme.test", "org_role": "member", "workspace_access": [{"workspace_id": "ws_1"}]}),
            "workspace_access[0].role",
        ),
        (
            json!({"email": "x@acme.test", "org_role": "member", "status": "accepted"}),
            "status",
        ),
    ] {
        assert_eq!(
            invite(body.clone())
                .await
                .assert_problem(422, "invalid")
                .json["errors"][0]["field"],
            field,
            "{body}"
        );
    }
    let member = json!({"email": "carol@acme.test", "org_role": "member"});
    assert!(
        invite(member)
            .await
            .assert_problem(409, "already_member")
            .json["existing_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("mem_"))
    );
}

#[tokio::test]
async fn s1_44_sec_i3_the_invited_person_accepts_by_the_id_and_nobody_else_does() {
    let (house, _acme) = started().await;
    house.sign_in("neo@acme.test").await;
    let (alice, neo, otto) = (
        house.client("alice@acme.test").await,
        house.client("neo@acme.test").await,
        house.client("otto@globex.test").await,
    );
    let org = org_of(&alice).await;
    let path = format!("/organizations/{org}/members/invite");
    alice
        .post(
            &path,
            json!({"email": "neo@acme.test", "org_role": "admin"}),
        )
        .await
        .assert_status(201);
    let secret = mailed_secret(&house, "neo@acme.test").await;
    let id = neo.get("/invitations").await.assert_status(200).json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(
        neo.get(&format!("/invitations/{id}"))
            .await
            .assert_status(200)
            .json["organization"],
        "Acme Corp"
    );
    assert_eq!(
        otto.get("/invitations").await.assert_status(200).json["data"],
        json!([])
    );
    otto.post(&format!("/invitations/{id}/accept"), json!({}))
        .await
        .assert_problem(404, "not_found");
    otto.post(&format!("/invitations/{secret}/accept"), json!({}))
        .await
        .assert_problem(403, "other_address");
    otto.get(&format!("/organizations/{org}"))
        .await
        .assert_problem(404, "not_found");
    neo.get(&format!("/organizations/{org}"))
        .await
        .assert_problem(404, "not_found");
    assert_eq!(
        neo.post(&format!("/invitations/{id}/accept"), json!({}))
            .await
            .assert_status(200)
            .json["id"],
        json!(org)
    );
    assert_eq!(
        neo.get(&format!("/organizations/{org}"))
            .await
            .assert_status(200)
            .json["your_role"],
        "admin"
    );
    alice
        .post(
            &path,
            json!({"email": "otto@globex.test", "org_role": "member"}),
        )
        .await
        .assert_status(201);
    let id = otto.get("/invitations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    otto.post(&format!("/invitations/{id}/decline"), json!({}))
        .await
        .assert_status(204);
    otto.post(&format!("/invitations/{id}/accept"), json!({}))
        .await
        .assert_problem(410, "invitation_declined");
}
