//! Workspace invitations; what becomes of an offer when people and workspaces change; accepting while they do.

use super::workspaces::{acme_with, held};
use super::{assert_sound, events};
use crate::support::client::Client;
use crate::support::{Acme, House};
use serde_json::json;

/// Makes somebody admin of a workspace, as the owner.
async fn make_admin(house: &House, alice: &Client, workspace: &str, email: &str) {
    let user = user_id(house, email).await;
    alice
        .put(
            &format!("/workspaces/{workspace}/members/{user}"),
            json!({"role": "admin"}),
        )
        .await
        .assert_status(200);
}

async fn user_id(house: &House, email: &str) -> String {
    let mut database = crate::support::database::Database::open(&house.database_url).await;
    database
        .texts(&format!("SELECT id FROM users WHERE email = '{email}'"))
        .await
        .pop()
        .expect("a user")
}

/// Acme with Production, Staging and EMEA, where Carol, a member, is admin of Production.
async fn started() -> (House, Acme, Client, String, Vec<String>) {
    let house = House::start().await;
    let (acme, alice, base, ids) = acme_with(&house, &["Production", "Staging", "EMEA"]).await;
    make_admin(&house, &alice, &ids[0], "carol@acme.test").await;
    (house, acme, alice, base, ids)
}

#[tokio::test]
async fn s3_10_s5_31_s5_33_a_workspace_admin_invites_somebody_new_who_joins_as_member_with_that_workspace()
 {
    let (house, mut acme, _, base, ids) = started().await;
    let page = format!("/workspaces/{}/members/invite", ids[0]);
    let shown = acme
        .carol
        .get(&page)
        .await
        .assert_status(200)
        .assert_says("Workspace invite")
        .assert_says("Invite to Production");
    assert_eq!(
        shown.all("input[name=role]").len(),
        3,
        "an admin makes no owner"
    );
    let page = acme
        .carol
        .submit(&page, &[("email", "Nina@x.test"), ("role", "member")])
        .await;
    page.assert_says("nina@x.test is invited to the workspace.")
        .assert_says("Invited to Production")
        .assert_says("as Member, from Carol");
    let mail = house.mailbox.wait_for("nina@x.test", "").await;
    assert_eq!(
        mail.subject,
        "Workspace invite: Carol Reyes invited you to Production in Acme Corp"
    );
    assert!(
        mail.text.contains("Production, as Member") && mail.html.contains("Workspace invite"),
        "{}",
        mail.text
    );
    let link = mail
        .link("/invitations/")
        .strip_prefix(&house.url)
        .expect("ours")
        .to_owned();
    let mut nina = house.browser();
    nina.get(&link)
        .await
        .assert_status(200)
        .assert_says("Workspace invite")
        .assert_says("Production in Acme Corp");
    nina.submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp")
        .assert_says("as Member.");
    assert_eq!(
        held(&house.client("nina@x.test").await, &base).await,
        [("Production".into(), "member".into())]
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'nina@x.test' AND role = 'member'")
            .await,
        1
    );
    let list = acme
        .alice
        .get("/orgs/acme-corp/invitations?show=ended")
        .await
        .assert_status(200);
    assert!(
        list.all("tbody tr")[0].contains("Workspace invite"),
        "{:?}",
        list.all("tbody tr")
    );
    acme.vera
        .get(&format!("/workspaces/{}/members/invite", ids[0]))
        .await
        .assert_status(404);
    assert_sound(&house).await;
}

#[tokio::test]
async fn e5_s5_32_a_member_gets_the_workspace_beside_what_they_have_and_their_role_stays() {
    let (house, mut acme, _, base, ids) = started().await;
    let carol = house.client("carol@acme.test").await;
    let path = format!("/workspaces/{}/members/invite", ids[0]);
    let made = carol
        .post(&path, json!({"email": "bob@acme.test", "role": "viewer"}))
        .await
        .assert_status(201)
        .json;
    assert_eq!(
        (&made["kind"], &made["member_id"]),
        (&json!("workspace"), &json!(null))
    );
    let mail = house
        .mailbox
        .wait_for("bob@acme.test", "Workspace invite")
        .await;
    assert!(
        mail.text.contains("You are a member of Acme Corp already"),
        "{}",
        mail.text
    );
    let id = made["id"].as_str().expect("an id");
    let page = acme
        .bob
        .get(&format!("/invitations/{id}"))
        .await
        .assert_status(200);
    page.assert_says("You are a member of Acme Corp already.")
        .assert_says("Production , as Viewer");
    let page = acme
        .bob
        .submit(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_says("You were already in Acme Corp");
    let page = page
        .assert_says("You now also have Production .")
        .assert_says("Your role: Admin");
    assert_eq!(
        page.attribute("section.sheet p a", "href"),
        Some(format!("/workspaces/{}/overview", ids[0])),
        "Switch now"
    );
    let production = held(&house.client("bob@acme.test").await, &base)
        .await
        .into_iter()
        .find(|(name, _)| name == "Production");
    assert_eq!(production, Some(("Production".into(), "viewer".into())));
    carol
        .post(&path, json!({"email": "bob@acme.test", "role": "admin"}))
        .await
        .assert_problem(409, "already_in_workspace");
    carol
        .post(&path, json!({"email": "vera@acme.test", "role": "member"}))
        .await
        .assert_problem(409, "viewer_caps");
    carol
        .post(&path, json!({"email": "vera@acme.test", "role": "viewer"}))
        .await
        .assert_status(201);
    assert_sound(&house).await;
}

#[tokio::test]
async fn s2_14_where_only_owners_invite_a_workspace_admin_still_adds_members_and_nobody_new() {
    let (house, _acme, alice, base, ids) = started().await;
    alice
        .put(
            &format!("{base}/policies"),
            json!({"who_invites": "owners", "invite_domains": ["acme.test"]}),
        )
        .await
        .assert_status(200);
    let carol = house.client("carol@acme.test").await;
    let path = format!("/workspaces/{}/members/invite", ids[0]);
    let refused = carol
        .post(&path, json!({"email": "new@acme.test", "role": "member"}))
        .await
        .assert_problem(403, "owners_invite");
    assert!(
        refused.json["detail"]
            .as_str()
            .is_some_and(|said| said.contains("ask an owner")),
        "{}",
        refused.json
    );
    carol
        .post(&path, json!({"email": "bill@acme.test", "role": "member"}))
        .await
        .assert_status(201);
    let refused = alice
        .post(
            &path,
            json!({"email": "new@elsewhere.test", "role": "member"}),
        )
        .await
        .assert_problem(422, "invalid");
    assert_eq!(refused.json["errors"][0]["field"], "email");
    for (who, workspace) in [
        ("carol@acme.test", &ids[1]),
        ("vera@acme.test", &ids[0]),
        ("otto@globex.test", &ids[0]),
    ] {
        let client = house.client(who).await;
        let wish = json!({"email": "new@acme.test", "role": "member"});
        client
            .post(&format!("/workspaces/{workspace}/members/invite"), wish)
            .await
            .assert_problem(404, "not_found");
    }
    carol
        .post(&path, json!({"email": "new@acme.test", "role": "owner"}))
        .await
        .assert_problem(403, "role_above_own");
}

#[tokio::test]
async fn a_second_workspace_is_added_to_what_is_pending_and_can_be_withdrawn_again() {
    let (house, _acme, alice, base, ids) = started().await;
    let carol = house.client("carol@acme.test").await;
    let wish = json!({"email": "nina@x.test", "org_role": "member", "workspace_access": [{"workspace_id": ids[1], "role": "viewer"}]});
    let made = alice
        .post(&format!("{base}/members/invite"), wish)
        .await
        .assert_status(201)
        .json;
    let path = format!("/workspaces/{}/members/invite", ids[0]);
    let pending = carol
        .post(&path, json!({"email": "nina@x.test", "role": "admin"}))
        .await
        .assert_problem(409, "invitation_pending");
    assert_eq!(pending.json["existing_id"], made["id"]);
    let wish = json!({"email": "nina@x.test", "role": "admin", "on_pending": "update"});
    let added = carol.post(&path, wish).await.assert_status(201).json;
    assert_eq!(
        (
            &added["id"],
            added["workspace_access"].as_array().map(Vec::len)
        ),
        (&made["id"], Some(2))
    );
    assert_eq!(
        added["invited_by"], "alice",
        "who could offer all of it stands behind it"
    );
    let list = format!("/workspaces/{}/invitations", ids[0]);
    let listed = carol.get(&list).await.assert_status(200).json;
    assert_eq!(
        listed["data"][0]["workspace_access"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "only the role in this one: {listed}"
    );
    let id = made["id"].as_str().expect("an id");
    carol
        .delete(&format!("{list}/{id}"))
        .await
        .assert_status(204);
    carol
        .delete(&format!("{list}/{id}"))
        .await
        .assert_problem(404, "not_found");
    let left = alice.get(&format!("{base}/invitations/{id}")).await.json;
    assert_eq!(
        (&left["status"], &left["workspace_access"][0]["workspace"]),
        (&json!("pending"), &json!("Staging"))
    );
    let own = carol
        .post(&path, json!({"email": "otis@x.test", "role": "viewer"}))
        .await
        .assert_status(201)
        .json;
    carol
        .delete(&format!("{list}/{}", own["id"].as_str().expect("an id")))
        .await
        .assert_status(204);
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations WHERE email = 'otis@x.test' AND status = 'revoked'").await, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i8_who_loses_the_right_to_give_a_workspace_loses_the_invitations_that_offer_it() {
    let (house, mut acme, alice, base, ids) = started().await;
    let carol = house.client("carol@acme.test").await;
    let path = format!("/workspaces/{}/members/invite", ids[0]);
    let id = carol
        .post(&path, json!({"email": "nina@x.test", "role": "member"}))
        .await
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let user = user_id(&house, "carol@acme.test").await;
    alice
        .put(
            &format!("/workspaces/{}/members/{user}", ids[0]),
            json!({"role": "member"}),
        )
        .await
        .assert_status(200);
    assert_eq!(
        alice.get(&format!("{base}/invitations/{id}")).await.json["status"],
        "revoked"
    );
    house.sign_in("nina@x.test").await;
    let nina = house.client("nina@x.test").await;
    nina.post(&format!("/invitations/{id}/accept"), json!({}))
        .await
        .assert_problem(410, "invitation_revoked");
    // An owner's offer of a workspace's ownership is beyond an admin.
    let wish = json!({"email": "olga@x.test", "org_role": "member", "workspace_access": [{"workspace_id": ids[1], "role": "owner"}]});
    house
        .add_member(
            "acme-corp",
            "ines@acme.test",
            "Ines Ott",
            roster::access::OrgRole::Owner,
        )
        .await;
    house.sign_in("ines@acme.test").await;
    let ines = house.client("ines@acme.test").await;
    let id = ines
        .post(&format!("{base}/members/invite"), wish)
        .await
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let member = acme.member_id("ines@acme.test").await;
    alice
        .put(
            &format!("{base}/members/{member}"),
            json!({"org_role": "admin"}),
        )
        .await
        .assert_status(200);
    assert_eq!(
        alice.get(&format!("{base}/invitations/{id}")).await.json["status"],
        "revoked"
    );
    // Who is removed doesn't come back by an invitation that only added a workspace.
    let id = alice
        .post(&path, json!({"email": "ines@acme.test", "role": "viewer"}))
        .await
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    alice
        .delete(&format!("{base}/members/{member}"))
        .await
        .assert_status(204);
    ines.post(&format!("/invitations/{id}/accept"), json!({}))
        .await
        .assert_problem(410, "invitation_revoked");
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i9_a_workspace_that_is_unlinked_or_deleted_leaves_the_invitations_and_the_rest_is_joined()
 {
    let (house, _acme, alice, base, ids) = started().await;
    let access: Vec<_> = ids
        .iter()
        .map(|id| json!({"workspace_id": id, "role": "viewer"}))
        .collect();
    let wish = json!({"email": "nina@x.test", "org_role": "member", "workspace_access": access});
    let id = alice
        .post(&format!("{base}/members/invite"), wish)
        .await
        .assert_status(201)
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let only = json!({"email": "otis@x.test", "role": "viewer"});
    alice
        .post(&format!("/workspaces/{}/members/invite", ids[0]), only)
        .await
        .assert_status(201);
    alice
        .delete(&format!("{base}/workspaces/{}", ids[0]))
        .await
        .assert_status(204);
    alice
        .delete(&format!("/workspaces/{}?confirm=Staging", ids[1]))
        .await;
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM workspaces WHERE deleted_at IS NOT NULL")
            .await,
        1,
        "Staging is deleted"
    );
    let left = alice.get(&format!("{base}/invitations/{id}")).await.json;
    assert_eq!(
        (
            left["workspace_access"].as_array().map(Vec::len),
            &left["workspace_access"][0]["workspace"]
        ),
        (Some(1), &json!("EMEA"))
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations WHERE email = 'otis@x.test' AND status = 'revoked'").await, 1);
    house.sign_in("nina@x.test").await;
    let nina = house.client("nina@x.test").await;
    nina.post(&format!("/invitations/{id}/accept"), json!({}))
        .await
        .assert_status(200);
    assert_eq!(held(&nina, &base).await, [("EMEA".into(), "viewer".into())]);
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i2_sec_i9_accepting_races_with_unlinking_and_with_itself() {
    for _ in 0..6 {
        let (house, _acme, alice, base, ids) = started().await;
        let wish = json!({"email": "nina@x.test", "org_role": "member", "workspace_access": [{"workspace_id": ids[0], "role": "viewer"}]});
        let id = alice
            .post(&format!("{base}/members/invite"), wish)
            .await
            .json["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        house.sign_in("nina@x.test").await;
        let nina = house.client("nina@x.test").await;
        let (path, gone) = (
            format!("/invitations/{id}/accept"),
            format!("{base}/workspaces/{}", ids[0]),
        );
        let (first, second, unlinked) = tokio::join!(
            nina.post(&path, json!({})),
            nina.post(&path, json!({})),
            alice.delete(&gone)
        );
        assert_eq!(
            (first.status, second.status, unlinked.status),
            (200, 200, 204),
            "{} {}",
            first.json,
            second.json
        );
        assert_eq!(
            events(&house, "invitation.accepted").await,
            1,
            "one of them joined"
        );
        let stray = "SELECT COUNT(*) FROM access a JOIN users u ON u.id = a.user_id WHERE u.email = 'nina@x.test'";
        assert_eq!(
            house.count(stray).await,
            0,
            "what the organization gave went with the workspace, or was never given"
        );
        assert_eq!(
            house
                .count("SELECT workspaces FROM members WHERE email = 'nina@x.test'")
                .await,
            0
        );
        assert_sound(&house).await;
    }
}

#[tokio::test]
async fn sec_i8_accepting_races_with_the_inviters_demotion() {
    for _ in 0..6 {
        let (house, mut acme, alice, base, ids) = started().await;
        let bob = house.client("bob@acme.test").await;
        let wish = json!({"email": "nina@x.test", "org_role": "member", "workspace_access": [{"workspace_id": ids[0], "role": "admin"}]});
        let id = bob.post(&format!("{base}/members/invite"), wish).await.json["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        house.sign_in("nina@x.test").await;
        let nina = house.client("nina@x.test").await;
        let member = acme.member_id("bob@acme.test").await;
        let (path, row) = (
            format!("/invitations/{id}/accept"),
            format!("{base}/members/{member}"),
        );
        let (accepted, demoted) = tokio::join!(
            nina.post(&path, json!({})),
            alice.put(&row, json!({"org_role": "member"}))
        );
        assert_eq!(demoted.status, 200);
        let joined = house
            .count("SELECT COUNT(*) FROM members WHERE email = 'nina@x.test' AND status = 'active'")
            .await;
        let has = "SELECT COUNT(*) FROM access a JOIN users u ON u.id = a.user_id WHERE u.email = 'nina@x.test'";
        let expected = if accepted.status == 200 {
            (200, 1, 1)
        } else {
            (410, 0, 0)
        };
        assert_eq!(
            (accepted.status, joined, house.count(has).await),
            expected,
            "whole, or not at all"
        );
    }
}

#[tokio::test]
async fn s3_11_s3_12_s3_38_a_custom_role_is_made_inside_the_invite_forms_and_the_rest_is_kept() {
    let (house, mut acme, _, base, ids) = started().await;
    let page = format!("/workspaces/{}/members/invite", ids[0]);
    let typed = [
        ("email", "nina@x.test"),
        ("role", "member"),
        ("role_search", "Dashboards"),
    ];
    let search: Vec<_> = typed
        .iter()
        .copied()
        .chain([("role_do", "search")])
        .collect();
    acme.carol
        .post(&page, &search)
        .await
        .assert_status(200)
        .assert_says("Create “Dashboards” as custom role");
    let create: Vec<_> = typed
        .iter()
        .copied()
        .chain([("role_do", "create")])
        .collect();
    let shown = acme
        .carol
        .post(&page, &create)
        .await
        .assert_status(200)
        .assert_says("“Dashboards” is made and chosen");
    assert_eq!(
        shown.attribute("input[name=email]", "value").as_deref(),
        Some("nina@x.test")
    );
    let role = shown
        .attribute("input[name=role][checked]", "value")
        .expect("it is chosen");
    assert_eq!(events(&house, "invitation.created").await, 0);
    acme.carol
        .submit(&page, &[("email", "nina@x.test"), ("role", &role)])
        .await
        .assert_says("as Dashboards, from Carol");
    let form = "/orgs/acme-corp/members/invite";
    let fields = [
        ("email", "otis@x.test"),
        ("role", "viewer"),
        ("workspace[]", "emea"),
        ("access[]", "viewer"),
    ];
    let make: Vec<_> = fields
        .iter()
        .copied()
        .chain([("new_role", "Reports"), ("more", "role")])
        .collect();
    let shown = acme
        .alice
        .post(form, &make)
        .await
        .assert_status(200)
        .assert_says("“Reports” is made and chosen");
    assert_eq!(
        shown.all("select[name='access[]'] option[selected]"),
        ["Reports"]
    );
    assert_eq!(
        shown.all("select[name='workspace[]'] option[selected]"),
        ["EMEA"]
    );
    acme.alice
        .post(form, &make)
        .await
        .assert_status(200)
        .assert_says("already");
    let role = shown
        .attribute("select[name='access[]'] option[selected]", "value")
        .expect("a value");
    let fields = [
        ("email", "otis@x.test"),
        ("role", "viewer"),
        ("workspace[]", "emea"),
        ("access[]", &role),
    ];
    acme.alice
        .submit(form, &fields)
        .await
        .assert_says("EMEA : Reports");
    house.sign_in("otis@x.test").await;
    let otis = house.client("otis@x.test").await;
    let key = otis.get("/invitations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let joined = otis
        .post(&format!("/invitations/{key}/accept"), json!({}))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (
            &joined["workspaces"][0]["name"],
            &joined["workspaces"][0]["role"]
        ),
        (&json!("EMEA"), &json!("Reports"))
    );
    assert_eq!(held(&otis, &base).await.len(), 1);
}
