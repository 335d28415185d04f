//! Invitations that carry roles in workspaces: the form, editing, accepting.

use super::{assert_sound, events, invitation_id};
use crate::support::client::Client;
use crate::support::{Acme, Browser, House, Page, acme};
use serde_json::{Value, json};

/// Acme with these workspaces, in which nobody but Alice has a role: the ids, in their order.
pub async fn acme_with(house: &House, names: &[&str]) -> (Acme, Client, String, Vec<String>) {
    let acme = acme(house).await;
    let alice = house.client("alice@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut ids = Vec::new();
    for name in names {
        let made = alice
            .post(
                &format!("/organizations/{org}/workspaces"),
                json!({"name": name}),
            )
            .await
            .assert_status(201);
        ids.push(made.json["id"].as_str().expect("an id").to_owned());
    }
    (acme, alice, format!("/organizations/{org}"), ids)
}

/// What a person has in workspaces: name and role, as the API lists them.
pub async fn held(client: &Client, base: &str) -> Vec<(String, String)> {
    let listed = client
        .get(&format!("{base}/workspaces"))
        .await
        .assert_status(200)
        .json;
    let text = |v: &Value| v.as_str().unwrap_or("none").to_owned();
    listed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|w| (text(&w["name"]), text(&w["your_role"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

async fn send(browser: &mut Browser, fields: &[(&str, &str)]) -> Page {
    browser.post("/orgs/acme-corp/members/invite", fields).await
}

#[tokio::test]
async fn s3_12_enter_in_the_name_of_a_new_role_sends_nothing() {
    let house = House::start().await;
    let (mut acme, ..) = acme_with(&house, &["Production"]).await;
    let typed = [
        ("email", "nina@x.test"),
        ("role", "member"),
        ("new_role", "Reporter"),
    ];
    let page = send(&mut acme.alice, &typed).await.assert_status(422);
    let page = page.assert_says("Make this role with the button beside it, or clear the field. Nothing was changed or sent.");
    assert_eq!(
        page.attribute("#email", "value").as_deref(),
        Some("nina@x.test")
    );
    assert_eq!(
        page.attribute("#new_role", "value").as_deref(),
        Some("Reporter")
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM invitations").await, 0);
}

#[tokio::test]
async fn s1_43_s1_44_e4_the_form_gives_exactly_the_chosen_workspaces_in_one_step_and_the_receipt_says_so()
 {
    let house = House::start().await;
    let (mut acme, _, base, _) = acme_with(&house, &["Production", "Staging", "EMEA"]).await;
    let page = acme
        .bob
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    assert_eq!(
        page.all("select[name='access[]'] option"),
        ["Viewer", "Member", "Admin"],
        "an admin makes no workspace's owner"
    );
    let fields = [
        ("email", "nina@x.test"),
        ("role", "member"),
        ("workspace[]", "production"),
        ("access[]", "admin"),
        ("workspace[]", ""),
        ("access[]", "viewer"),
        ("workspace[]", "emea"),
        ("access[]", "viewer"),
    ];
    let page = acme
        .bob
        .submit("/orgs/acme-corp/members/invite", &fields)
        .await;
    let row = page
        .assert_says("nina@x.test is invited as member, with EMEA and Production.")
        .all("tbody tr")
        .remove(0);
    assert!(
        row.contains("Production : Admin") && row.contains("EMEA : Viewer"),
        "{row}"
    );
    let mail = house
        .mailbox
        .wait_for("nina@x.test", "Organization invite")
        .await;
    assert!(
        mail.text.contains("EMEA, as Viewer") && mail.html.contains("Production"),
        "{}",
        mail.text
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE source = 'organization'")
            .await,
        0,
        "before: nothing anywhere"
    );
    let link = mail
        .link("/invitations/")
        .strip_prefix(&house.url)
        .expect("the link leads here")
        .to_owned();
    let mut nina = house.browser();
    nina.get(&link)
        .await
        .assert_status(200)
        .assert_says("Organization invite")
        .assert_says("Production , as Admin");
    let receipt = nina
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp")
        .assert_says("2 workspaces");
    receipt
        .assert_says("A workspace that you can open, as Admin.")
        .assert_says("Not the other workspaces of Acme Corp");
    let nina = house.client("nina@x.test").await;
    assert_eq!(
        held(&nina, &base).await,
        pairs(&[("EMEA", "viewer"), ("Production", "admin")])
    );
    assert_eq!(
        (
            events(&house, "access.given").await,
            events(&house, "invitation.accepted").await
        ),
        (2, 1)
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn s5_30_e4_without_a_workspace_the_receipt_says_who_adds_them() {
    let house = House::start().await;
    let (mut acme, _, _, _) = acme_with(&house, &["Production"]).await;
    send(
        &mut acme.alice,
        &[("email", "nina@x.test"), ("role", "member")],
    )
    .await
    .assert_status(303);
    house.sign_in("nina@x.test").await;
    let nina = house.client("nina@x.test").await;
    let key = nina.get("/invitations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let joined = nina
        .post(&format!("/invitations/{key}/accept"), json!({}))
        .await
        .assert_status(200)
        .json;
    assert_eq!(joined["workspaces"], json!([]));
    assert!(
        joined["note"]
            .as_str()
            .is_some_and(|note| note.contains("An admin must add you to a workspace.")),
        "{joined}"
    );
    let mut browser = house.sign_in("nina@x.test").await;
    let page = browser
        .get("/orgs/acme-corp/joined")
        .await
        .assert_says("organization only");
    page.assert_says("An admin must add you to a workspace. Ask");
}

#[tokio::test]
async fn e12_s4_2_add_another_workspace_keeps_what_was_typed_and_sends_nothing() {
    let house = House::start().await;
    let (mut acme, _, _, _) = acme_with(&house, &["Production", "Staging"]).await;
    let fields = [
        ("email", "nina@x.te"),
        ("name", "Nina"),
        ("role", "viewer"),
        ("workspace[]", "staging"),
        ("access[]", "viewer"),
        ("more", "yes"),
    ];
    let page = send(&mut acme.alice, &fields).await.assert_status(200);
    assert_eq!(
        page.attribute("input[name=email]", "value").as_deref(),
        Some("nina@x.te")
    );
    assert_eq!(
        page.attribute("input[name=role][checked]", "value")
            .as_deref(),
        Some("viewer")
    );
    assert_eq!(page.all("select[name='workspace[]']").len(), 2);
    assert_eq!(
        page.all("select[name='workspace[]'] option[selected]"),
        ["Staging"]
    );
    assert_eq!(
        (
            events(&house, "invitation.created").await,
            house.count("SELECT COUNT(*) FROM invitations").await
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn s1_45_sec_i8_sec_i9_what_could_not_be_given_directly_is_not_offered() {
    let house = House::start().await;
    let (mut acme, alice, base, ids) = acme_with(&house, &["Production"]).await;
    let bob = house.client("bob@acme.test").await;
    let otto = house.client("otto@globex.test").await;
    let globex = otto.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let foreign = otto
        .post(
            &format!("/organizations/{globex}/workspaces"),
            json!({"name": "Theirs"}),
        )
        .await
        .json["id"]
        .clone();
    let path = format!("{base}/members/invite");
    let ask = |org_role: &str, access: Value| json!({"email": "nina@x.test", "org_role": org_role, "workspace_access": access});
    let line = |id: &Value, role: &str| json!({"workspace_id": id, "role": role});
    let own = json!(ids[0]);
    for (access, role, field) in [
        (
            json!([line(&own, "member"), line(&foreign, "member")]),
            "member",
            "workspace_access[1].workspace_id",
        ),
        (
            json!([line(&json!("ws_none"), "member")]),
            "member",
            "workspace_access[0].workspace_id",
        ),
        (
            json!([line(&own, "member"), line(&own, "viewer")]),
            "member",
            "workspace_access[1].workspace_id",
        ),
        (
            json!([line(&own, "king")]),
            "member",
            "workspace_access[0].role",
        ),
        (
            json!([line(&own, "rol_0")]),
            "member",
            "workspace_access[0].role",
        ),
        (
            json!([line(&own, "member")]),
            "viewer",
            "workspace_access[0].role",
        ),
    ] {
        let refused = bob
            .post(&path, ask(role, access.clone()))
            .await
            .assert_problem(422, "invalid");
        assert_eq!(refused.json["errors"][0]["field"], field, "{access}");
    }
    bob.post(&path, ask("member", json!([line(&own, "owner")])))
        .await
        .assert_problem(403, "role_above_own");
    assert_eq!(
        house.count("SELECT COUNT(*) FROM invitations").await,
        0,
        "what is refused leaves nothing"
    );
    let made = alice
        .post(&path, ask("member", json!([line(&own, "owner")])))
        .await
        .assert_status(201);
    let put = format!(
        "{base}/invitations/{}",
        made.json["id"].as_str().expect("an id")
    );
    bob.put(&put, json!({"workspace_access": []}))
        .await
        .assert_problem(403, "role_above_own");
    bob.post(&format!("{put}/resend"), json!({}))
        .await
        .assert_problem(403, "role_above_own");
    let page = send(
        &mut acme.bob,
        &[
            ("email", "o@x.test"),
            ("role", "member"),
            ("workspace[]", "theirs"),
            ("access[]", "member"),
        ],
    )
    .await;
    page.assert_status(422)
        .assert_says("Acme Corp has no workspace called theirs.");
}

#[tokio::test]
async fn s1_43_an_open_invitation_is_changed_over_the_api_and_on_its_page() {
    let house = House::start().await;
    let (mut acme, alice, base, ids) = acme_with(&house, &["Production", "Staging"]).await;
    let access = json!([{"workspace_id": ids[0], "role": "admin"}]);
    let body = json!({"email": "nina@x.test", "org_role": "member", "workspace_access": access});
    let made = alice
        .post(&format!("{base}/members/invite"), body.clone())
        .await
        .assert_status(201);
    let id = made.json["id"].as_str().expect("an id").to_owned();
    let path = format!("{base}/invitations/{id}");
    let again = json!({"email": "nina@x.test", "org_role": "member", "on_pending": "update",
        "workspace_access": [{"workspace_id": ids[1], "role": "viewer"}]});
    alice
        .post(&format!("{base}/members/invite"), again)
        .await
        .assert_status(201);
    let shown = alice.get(&path).await.assert_status(200).json;
    assert_eq!(
        (
            &shown["workspace_access"][0]["workspace"],
            &shown["workspace_access"][1]
        ),
        (&json!("Staging"), &Value::Null)
    );
    let changed = alice
        .put(
            &path,
            json!({"workspace_access": access, "org_role": "admin"}),
        )
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (
            &changed["org_role"],
            &changed["workspace_access"][0]["role"]
        ),
        (&json!("admin"), &json!("admin"))
    );
    let before = events(&house, "invitation.changed").await;
    alice
        .put(
            &path,
            json!({"workspace_access": access, "org_role": "admin"}),
        )
        .await
        .assert_status(200);
    assert_eq!(
        events(&house, "invitation.changed").await,
        before,
        "the same again is no change"
    );
    alice
        .put(&path, json!({"org_role": "viewer"}))
        .await
        .assert_problem(409, "viewer_caps");
    alice
        .put(&path, json!({}))
        .await
        .assert_problem(422, "invalid");
    assert_eq!(invitation_id(&mut acme.bob, "nina@x.test").await, id);
    let page = format!("/orgs/acme-corp/invitations/{id}");
    let shown = acme
        .bob
        .get(&page)
        .await
        .assert_status(200)
        .assert_says("What nina@x.test is offered");
    assert_eq!(
        shown.all("select[name='workspace[]'] option[selected]"),
        ["Production"]
    );
    let form = [
        ("role", "viewer"),
        ("workspace[]", "production"),
        ("access[]", "member"),
    ];
    acme.bob
        .post(&page, &form)
        .await
        .assert_status(422)
        .assert_says("changes nothing in any workspace");
    let form = [
        ("role", "viewer"),
        ("workspace[]", "staging"),
        ("access[]", "viewer"),
    ];
    acme.bob
        .submit(&page, &form)
        .await
        .assert_says("nina@x.test is offered this from now on.")
        .assert_says("Staging : Viewer");
    acme.carol.get(&page).await.assert_status(403);
    acme.otto.get(&page).await.assert_status(404);
    let mut nina = house.sign_in("nina@x.test").await;
    nina.submit(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_says("Your role: Viewer")
        .assert_says("Staging");
    let nina = house.client("nina@x.test").await;
    assert_eq!(held(&nina, &base).await, pairs(&[("Staging", "viewer")]));
    assert_sound(&house).await;
}
