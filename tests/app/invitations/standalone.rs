//! Invitations to a workspace that is in no organization.

use super::mailed_link;
use crate::support::client::Client;
use crate::support::{Browser, House};
use roster::clock::{DAY, HOUR};
use serde_json::json;

/// Ann's workspace that stands alone.
struct Story {
    house: House,
    ann: Browser,
    api: Client,
    ws: String,
}

impl Story {
    async fn begin() -> Self {
        let house = House::start().await;
        let mut ann = house.sign_in("ann@home.test").await;
        let made = ann
            .post("/workspaces/new", &[("name", "Garden")])
            .await
            .assert_status(303)
            .location();
        let ws = made.split('/').nth(2).expect("an id").to_owned();
        let api = house.client("ann@home.test").await;
        Self {
            house,
            ann,
            api,
            ws,
        }
    }

    fn form(&self) -> String {
        format!("/workspaces/{}/members/invite", self.ws)
    }

    async fn invite(&mut self, email: &str, role: &str) {
        let form = self.form();
        self.ann
            .submit(&form, &[("email", email), ("role", role)])
            .await
            .assert_says(&format!(
                "{} is invited to the workspace.",
                email.to_lowercase()
            ));
    }

    /// The path of the link in the next mail.
    async fn link(&self, email: &str) -> String {
        mailed_link(&self.house, email).await
    }

    fn overview(&self) -> String {
        format!("/workspaces/{}/overview", self.ws)
    }
}

#[tokio::test]
async fn s1_9_s1_44_a_workspace_without_organization_takes_somebody_new_by_mail() {
    let mut story = Story::begin().await;
    let members = format!("/workspaces/{}/members", story.ws);
    let page = story.ann.get(&members).await.assert_status(200);
    assert_eq!(page.attribute(".head a.btn", "href"), Some(story.form()));
    story.invite("Ben@Home.test", "member").await;
    let mail = story
        .house
        .mailbox
        .wait_for("ben@home.test", "invited you to")
        .await;
    assert_eq!(mail.subject, "Workspace invite: ann invited you to Garden");
    assert!(
        !mail.text.contains("Role in") && mail.text.contains("Garden, as Member"),
        "{}",
        mail.text
    );
    story
        .house
        .wait_until(
            "SELECT COUNT(*) FROM standalone_invitations WHERE delivery = 'sent'",
            1,
        )
        .await;
    story
        .ann
        .get(&story.form())
        .await
        .assert_says("ben@home.test Workspace invite, as Member, from ann ; sent");
    let link = mail
        .link("/invitations/")
        .strip_prefix(&story.house.url)
        .expect("ours")
        .to_owned();
    let mut ben = story.house.browser();
    let shown = ben.get(&link).await.assert_status(200);
    shown
        .assert_says("ann invited you to Garden")
        .assert_says("which is in no organization");
    assert_eq!(
        story.house.count("SELECT COUNT(*) FROM access").await,
        1,
        "opening it changes nothing"
    );
    ben.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    ben.get(&story.overview())
        .await
        .assert_status(200)
        .assert_says("You have Garden now, as Member.");
    assert_eq!(
        story.house.count("SELECT COUNT(*) FROM members").await,
        0,
        "no membership is made"
    );
    assert_eq!(story.house.count("SELECT people FROM workspaces").await, 2);
    story.ann.get(&members).await.assert_says("ben@home.test");
    // A second click shows what they have; for others the link is used up.
    ben.get(&link).await.assert_status(303);
    story
        .house
        .browser()
        .get(&link)
        .await
        .assert_status(410)
        .assert_says("This invitation to Garden was accepted");
    story
        .ann
        .post(
            &story.form(),
            &[("email", "ben@home.test"), ("role", "member")],
        )
        .await
        .assert_status(409)
        .assert_says("already");
    // Ann is told, and each event stands in the account of who did it.
    story
        .house
        .mailbox
        .wait_for("ann@home.test", "accepted your invitation to Garden")
        .await;
    story
        .ann
        .get("/account/activity")
        .await
        .assert_says("invited ben@home.test as member");
    ben.get("/account/activity")
        .await
        .assert_says("accepted the invitation as member");
}

#[tokio::test]
async fn s1_9_sec_i3_sec_i4_only_the_invited_address_accepts_and_may_decline() {
    let mut story = Story::begin().await;
    story.invite("ben@home.test", "viewer").await;
    let link = story.link("ben@home.test").await;
    let mut eve = story.house.sign_in("eve@other.test").await;
    let shown = eve.get(&link).await.assert_status(200);
    shown
        .assert_says("You are signed in as eve@other.test")
        .assert_says("This invitation is for ben@home.test");
    eve.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403);
    assert_eq!(story.house.count("SELECT COUNT(*) FROM access").await, 1);
    // Ben has an account: he signs in, and finds it without the link.
    let mut ben = story.house.sign_in("ben@home.test").await;
    let mine = ben.get("/invitations").await.assert_status(200);
    let own = mine
        .attribute("main a.btn", "href")
        .expect("his invitation");
    eve.get(&own).await.assert_status(404);
    ben.get(&own)
        .await
        .assert_status(200)
        .assert_says("Accept and open Garden");
    let api = story.house.client("ben@home.test").await;
    let listed = api.get("/invitations").await.assert_status(200).json;
    assert_eq!(
        (
            &listed["data"][0]["organization"],
            &listed["data"][0]["workspace_access"][0]["role"]
        ),
        (&json!(null), &json!("viewer"))
    );
    ben.post(&format!("{own}/decline"), &[])
        .await
        .assert_status(200)
        .assert_says("Garden");
    ben.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410)
        .assert_says("was declined");
    assert_eq!(story.house.count("SELECT COUNT(*) FROM access").await, 1);
    story
        .ann
        .get("/account/activity")
        .await
        .assert_says("ben@home.test");
}

#[tokio::test]
async fn s1_9_s1_45_the_api_invites_lists_withdraws_and_accepts_as_the_pages_do() {
    let story = Story::begin().await;
    let path = format!("/workspaces/{}/members/invite", story.ws);
    let body = json!({ "email": "ben@home.test", "role": "admin" });
    let made = story
        .api
        .post(&path, body.clone())
        .await
        .assert_status(201)
        .json;
    assert_eq!(
        (&made["org_role"], &made["kind"], &made["delivery"]),
        (&json!(null), &json!("workspace"), &json!("queued"))
    );
    let refused = story
        .api
        .post(&path, body.clone())
        .await
        .assert_problem(409, "invitation_pending");
    assert_eq!(refused.json["existing_id"], made["id"]);
    for (wrong, field) in [
        (json!({ "email": "no address", "role": "admin" }), "email"),
        (json!({ "email": "x@y.test", "role": "rol_1" }), "role"),
    ] {
        let answer = story
            .api
            .post(&path, wrong)
            .await
            .assert_problem(422, "invalid");
        assert_eq!(answer.json["errors"][0]["field"], field);
    }
    // Once more with another role: the first link dies.
    let first = story.link("ben@home.test").await;
    let again = json!({ "email": "ben@home.test", "role": "viewer", "on_pending": "update" });
    assert_eq!(
        story.api.post(&path, again).await.assert_status(201).json["id"],
        made["id"]
    );
    let second = story.link("ben@home.test").await;
    assert_ne!(first, second);
    story
        .house
        .browser()
        .get(&first)
        .await
        .assert_status(410)
        .assert_says("Only its link works");
    let list = format!("/workspaces/{}/invitations", story.ws);
    assert_eq!(
        story.api.get(&list).await.assert_status(200).json["data"][0]["workspace_access"][0]["role"],
        "viewer"
    );
    story.house.sign_in("ben@home.test").await;
    story.house.sign_in("eve@other.test").await;
    let ben = story.house.client("ben@home.test").await;
    let joined = ben
        .post(
            &format!(
                "/invitations/{}/accept",
                made["id"].as_str().expect("an id")
            ),
            json!({}),
        )
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (&joined["id"], &joined["workspaces"][0]["role"]),
        (&json!(null), &json!("Viewer"))
    );
    // Who doesn't administer it invites nobody; a stranger finds nothing.
    ben.post(&path, json!({ "email": "cy@home.test", "role": "viewer" }))
        .await
        .assert_problem(403, "role_lacks_permission");
    let eve = story.house.client("eve@other.test").await;
    eve.post(&path, json!({ "email": "cy@home.test", "role": "viewer" }))
        .await
        .assert_problem(404, "not_found");
    let gone = story
        .api
        .post(&path, json!({ "email": "cy@home.test", "role": "member" }))
        .await
        .assert_status(201)
        .json;
    let link = story.link("cy@home.test").await;
    let one = format!("{list}/{}", gone["id"].as_str().expect("an id"));
    eve.delete(&one).await.assert_problem(404, "not_found");
    story.api.delete(&one).await.assert_status(204);
    story
        .api
        .delete(&one)
        .await
        .assert_problem(404, "not_found");
    story
        .house
        .browser()
        .get(&link)
        .await
        .assert_status(410)
        .assert_says("was revoked");
}

#[tokio::test]
async fn s1_9_sec_i8_sec_i11_an_offer_ends_with_its_time_with_the_inviters_right_and_with_the_workspace()
 {
    let mut story = Story::begin().await;
    story.invite("ben@home.test", "admin").await;
    let link = story.link("ben@home.test").await;
    let mut ben = story.house.browser();
    ben.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    // Ben, an admin, gives what he holds and no more.
    let form = story.form();
    ben.post(&form, &[("email", "cy@home.test"), ("role", "owner")])
        .await
        .assert_status(422);
    let call = story
        .house
        .client("ben@home.test")
        .await
        .post(&form, json!({ "email": "cy@home.test", "role": "owner" }))
        .await;
    call.assert_problem(403, "role_above_own");
    ben.post(&form, &[("email", "cy@home.test"), ("role", "admin")])
        .await
        .assert_status(303);
    let of_ben = story.link("cy@home.test").await;
    let user = story
        .house
        .client("ben@home.test")
        .await
        .get("/me")
        .await
        .json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    story
        .api
        .put(
            &format!("/workspaces/{}/members/{user}", story.ws),
            json!({ "role": "member" }),
        )
        .await
        .assert_status(200);
    story
        .house
        .browser()
        .get(&of_ben)
        .await
        .assert_status(410)
        .assert_says("was revoked");
    // A week, and not a moment more.
    story.invite("dee@home.test", "viewer").await;
    let link = story.link("dee@home.test").await;
    story.house.clock.advance(7 * DAY - HOUR);
    story.house.browser().get(&link).await.assert_status(200);
    story.house.clock.advance(HOUR);
    story
        .house
        .browser()
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410)
        .assert_says("expired");
    let mut ann = story.house.sign_in("ann@home.test").await;
    ann.submit(&form, &[("email", "dee@home.test"), ("role", "viewer")])
        .await
        .assert_says("dee@home.test is invited");
    let link = story.link("dee@home.test").await;
    let settings = format!("/workspaces/{}/settings/delete", story.ws);
    let page = ann.get(&settings).await.assert_status(200);
    let action = page.attribute("main form", "action").expect("a form");
    ann.post(&action, &[("confirm", "Garden")])
        .await
        .assert_status(303);
    story.house.browser().get(&link).await.assert_status(404);
    assert_eq!(
        story
            .house
            .count("SELECT COUNT(*) FROM standalone_invitations WHERE status = 'pending'")
            .await,
        0
    );
}

#[tokio::test]
async fn s1_13_s3_10_linking_the_workspace_turns_its_invitations_into_the_organizations() {
    let mut story = Story::begin().await;
    story.invite("ben@home.test", "member").await;
    let link = story.link("ben@home.test").await;
    story
        .ann
        .post("/orgs/new", &[("name", "Home"), ("workspace", &story.ws)])
        .await
        .assert_status(303);
    let list = story
        .ann
        .get("/orgs/home/invitations")
        .await
        .assert_status(200);
    list.assert_says("ben@home.test");
    let mut ben = story.house.browser();
    ben.get(&link)
        .await
        .assert_status(200)
        .assert_says("ann invited you to Garden in Home");
    ben.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    ben.get(&story.overview()).await.assert_status(200);
    assert_eq!(
        story.house.count("SELECT COUNT(*) FROM members WHERE email = 'ben@home.test' AND role = 'member' AND user_id IS NOT NULL").await,
        1
    );
    assert_eq!(
        story
            .house
            .count("SELECT COUNT(*) FROM standalone_invitations")
            .await,
        0
    );
    story.ann.get("/orgs/home/audit").await.assert_status(200);
}

#[tokio::test]
async fn sec_i14_a_person_sends_only_so_many_invitations_to_workspaces() {
    let story = Story::begin().await;
    let path = format!("/workspaces/{}/members/invite", story.ws);
    for n in 0..50 {
        story
            .api
            .post(
                &path,
                json!({ "email": format!("p{n}@home.test"), "role": "viewer" }),
            )
            .await
            .assert_status(201);
    }
    story
        .api
        .post(&path, json!({ "email": "one@more.test", "role": "viewer" }))
        .await
        .assert_status(429);
    story.house.clock.advance(DAY);
    story
        .api
        .post(&path, json!({ "email": "one@more.test", "role": "viewer" }))
        .await
        .assert_status(201);
}

#[tokio::test]
async fn sec_r5_sec_i3_a_copied_link_works_without_mail_kills_none_and_proves_no_address() {
    let mut story = Story::begin().await;
    story.invite("ben@home.test", "member").await;
    let mailed = story.link("ben@home.test").await;
    let listed = story
        .api
        .get(&format!("/workspaces/{}/invitations", story.ws))
        .await
        .assert_status(200);
    let id = listed.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/workspaces/{}/invitations/{id}/link", story.ws);
    let page = story
        .ann
        .post(&path, &[])
        .await
        .assert_status(200)
        .assert_says("A link for ben@home.test")
        .assert_says("to join Garden");
    let copied = page
        .attribute("#link", "value")
        .expect("the link is on the page");
    let copied = copied
        .strip_prefix(&story.house.url)
        .expect("our own address")
        .to_owned();
    let called = story.api.post(&path, json!({})).await.assert_status(200);
    assert!(
        called.json["link"]
            .as_str()
            .is_some_and(|link| link.contains("/invitations/")),
        "{}",
        called.json
    );

    // Nobody gets in by it without the address; with it, by either link.
    let mut stranger = story.house.browser();
    stranger
        .post(&format!("{copied}/accept"), &[])
        .await
        .assert_status(303);
    assert_eq!(story.house.count("SELECT COUNT(*) FROM access").await, 1);
    let mut other = story.house.sign_in("carl@home.test").await;
    other
        .post(&format!("{copied}/accept"), &[])
        .await
        .assert_status(403);
    let mut ben = story.house.sign_in("ben@home.test").await;
    ben.get(&copied)
        .await
        .assert_status(200)
        .assert_says("Garden");
    ben.get(&mailed)
        .await
        .assert_status(200)
        .assert_says("Garden");
    ben.post(&format!("{copied}/accept"), &[])
        .await
        .assert_status(303);
    ben.get(&story.overview()).await.assert_status(200);
    story.ann.post(&path, &[]).await.assert_status(404);
}
