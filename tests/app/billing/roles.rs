//! Organization roles that the plan doesn't have: shown, disabled, with the reason; and refused wherever they are given.

use super::house;
use crate::support::{Program, acme};
use serde_json::json;

const WHY: &str = "The role Viewer is not in the plan Small. Free, Team and Open have it. Owners and billing members can change the plan.";

#[tokio::test]
async fn s5_3_e15_a_role_that_the_plan_lacks_is_shown_with_the_reason_and_given_nowhere() {
    let house = house().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    let alice = house.client("alice@acme.test").await;
    let id = house.system("acme-corp").await.org.id.to_string();
    let invite = |email: &str| json!({ "email": email, "org_role": "viewer" });
    let path = format!("/organizations/{id}/members/invite");
    let before = alice
        .post(&path, invite("early@acme.test"))
        .await
        .assert_status(201)
        .json;
    house.set_plan("acme-corp", "small").await;

    let form = acme
        .alice
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    assert!(
        form.has("input[name=role][value=viewer][disabled]")
            && form.has("input[name=role][value=admin]:not([disabled])")
    );
    form.assert_says(WHY);
    acme.alice
        .get("/orgs/acme-corp/roles")
        .await
        .assert_status(200)
        .assert_says("not in the plan")
        .assert_says(WHY);
    let carol = acme.member_id("carol@acme.test").await;
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{carol}"))
        .await;
    assert!(
        page.has("select[name=role] option[value=viewer][disabled]"),
        "{}",
        page.body
    );

    let refused = alice
        .post(&path, invite("late@acme.test"))
        .await
        .assert_problem(422, "invalid");
    assert_eq!(
        refused.json["errors"][0],
        json!({ "field": "org_role", "message": WHY })
    );
    let fields = [("email", "late@acme.test"), ("role", "viewer")];
    acme.alice
        .post("/orgs/acme-corp/members/invite", &fields)
        .await
        .assert_status(422)
        .assert_says(WHY);
    let member = format!("/organizations/{id}/members/{carol}");
    alice
        .put(&member, json!({ "org_role": "viewer" }))
        .await
        .assert_problem(422, "invalid");
    let program = Program::beside(&house).set(
        "ROSTER_PLANS",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/app/billing/plans.toml"),
    );
    program.file("m.csv", "email,org_role\nvic@acme.test,viewer\n");
    program
        .run(&["import", "m.csv", "--organization", "acme-corp"])
        .await
        .assert_says(WHY);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'vic@acme.test'")
            .await,
        0
    );

    // Whoever has it keeps it, and an invitation from before waits until the plan has the role again.
    acme.vera
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    let early = house.sign_in("early@acme.test").await;
    drop(early);
    let early = house.client("early@acme.test").await;
    let accept = format!(
        "/invitations/{}/accept",
        before["id"].as_str().expect("an id")
    );
    let refused = early
        .post(&accept, json!({}))
        .await
        .assert_problem(402, "plan_lacks_role");
    assert!(
        refused.json["detail"]
            .as_str()
            .expect("words")
            .contains("This invitation stays valid."),
        "{}",
        refused.json
    );
    house.set_plan("acme-corp", "team").await;
    early.post(&accept, json!({})).await.assert_status(200);
}
