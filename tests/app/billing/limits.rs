//! Limits: every way to a further workspace stops at the same number, and says which.

use super::house;
use crate::support::{House, Program, acme};
use serde_json::json;

const FULL: &str = "Acme Corp has 2 workspaces and its plan, Free, allows 2. Owners and billing members can change the plan.";

async fn count(house: &House) -> i64 {
    house
        .count("SELECT COUNT(*) FROM workspaces WHERE org_id IS NOT NULL AND deleted_at IS NULL")
        .await
}

#[tokio::test]
async fn s5_4_sec_z13_a_workspace_above_the_limit_is_refused_by_page_call_link_and_import_alike() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let (alice, bob) = (
        house.client("alice@acme.test").await,
        house.client("bob@acme.test").await,
    );
    let id = house.system("acme-corp").await.org.id.to_string();
    let own = alice
        .post("/workspaces", json!({ "name": "Alone" }))
        .await
        .assert_status(201)
        .json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for name in ["One", "Two"] {
        acme.alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", name)])
            .await
            .assert_status(303);
    }
    let path = format!("/organizations/{id}/workspaces");
    for client in [&alice, &bob] {
        let refused = client
            .post(&path, json!({ "name": "Three" }))
            .await
            .assert_problem(402, "workspace_limit");
        assert_eq!(
            refused.json["detail"],
            format!("{FULL} Nothing was changed.")
        );
        assert_eq!(refused.json["next"]["path"], "/orgs/acme-corp/billing");
    }
    alice
        .post(&path, json!({ "workspace_id": own }))
        .await
        .assert_problem(402, "workspace_limit");
    for form in [
        "/orgs/acme-corp/workspaces/new",
        "/orgs/acme-corp/workspaces/link",
    ] {
        let fields: &[(&str, &str)] = if form.ends_with("new") {
            &[("name", "Three")]
        } else {
            &[("workspace", "new"), ("name", "Three")]
        };
        let page = acme
            .bob
            .post(form, fields)
            .await
            .assert_status(402)
            .assert_says(FULL);
        assert!(page.has("a[href='/orgs/acme-corp/billing']"), "the way out");
    }
    acme.alice
        .post("/orgs/acme-corp/workspaces/link", &[("workspace", &own)])
        .await
        .assert_status(402)
        .assert_says(FULL);
    assert_eq!(count(&house).await, 2);

    // Of an import, nothing is made, and nobody is lost: the same file goes on when there is room.
    let program = Program::beside(&house).set(
        "ROSTER_PLANS",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/app/billing/plans.toml"),
    );
    program.file(
        "m.csv",
        "email,workspaces\nann@acme.test,one:member;three:member\n",
    );
    let import = [
        "import",
        "m.csv",
        "--organization",
        "acme-corp",
        "--create-workspaces",
    ];
    program.run(&import).await.assert_code(1).assert_says(FULL);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email = 'ann@acme.test'")
            .await,
        0
    );
    house.set_plan("acme-corp", "team").await;
    program.run(&import).await.assert_code(0);
    assert_eq!(count(&house).await, 3);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE source = 'organization'")
            .await,
        2
    );
}

#[tokio::test]
async fn sec_z13_s2_26_going_down_a_plan_takes_nothing_away_and_people_come_and_go_as_before() {
    let house = house().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "team").await;
    for name in ["One", "Two", "Three"] {
        acme.alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", name)])
            .await
            .assert_status(303);
    }
    house.set_plan("acme-corp", "free").await;
    assert_eq!(count(&house).await, 3);
    let says = "Acme Corp has 3 workspaces and its plan, Free, allows 2.";
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Four")])
        .await
        .assert_status(402)
        .assert_says(says);
    // Nobody is counted: fifty more members change nothing that a plan limits.
    for n in 0..50 {
        house
            .add_member(
                "acme-corp",
                &format!("p{n}@acme.test"),
                "Somebody",
                roster::access::OrgRole::Member,
            )
            .await;
    }
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(303);
    // What is there works on, and can be given up.
    let list = acme.alice.get("/orgs/acme-corp/workspaces").await;
    let one = list
        .attribute("tbody a[href^='/workspaces/']", "href")
        .expect("a workspace")
        .replace("/overview", "");
    acme.alice
        .post(
            &format!("{one}/settings"),
            &[("name", "One more"), ("label", "")],
        )
        .await
        .assert_status(303);
    let id = one.trim_start_matches("/workspaces/").to_owned();
    acme.alice
        .post(
            &format!("/orgs/acme-corp/workspaces/{id}/unlink"),
            &[("custom_to", "")],
        )
        .await
        .assert_status(303);
    acme.alice
        .post(&format!("/orgs/acme-corp/workspaces/{id}/unlink"), &[])
        .await
        .assert_status(404);
    assert_eq!(count(&house).await, 2);
}

#[tokio::test]
async fn s5_4_many_at_once_stop_at_the_limit() {
    let house = house().await;
    acme(&house).await;
    let alice = house.client("alice@acme.test").await;
    let path = format!(
        "/organizations/{}/workspaces",
        house.system("acme-corp").await.org.id
    );
    let create = async |n: i32| {
        alice
            .post(&path, json!({ "name": format!("W{n}") }))
            .await
            .status
    };
    let tries = (0..20).map(create);
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [201, 201]);
    assert!(
        statuses[2..].iter().all(|status| *status == 402),
        "{statuses:?}"
    );
    assert_eq!(count(&house).await, 2);
}
