//! The billing page and its call.

use super::house;
use crate::support::{acme, routes};
use roster::clock::DAY;
use serde_json::json;

#[tokio::test]
async fn s1_90_s1_93_s3_5_s3_6_s5_40_billing_is_for_owners_and_the_billing_role() {
    let house = house().await;
    let mut acme = acme(&house).await;
    for (browser, email) in [
        (&mut acme.alice, "alice@acme.test"),
        (&mut acme.bill, "bill@acme.test"),
    ] {
        let page = browser
            .get("/orgs/acme-corp/billing")
            .await
            .assert_status(200)
            .assert_says("Plan Free");
        assert!(
            page.has("nav a[href='/orgs/acme-corp/billing']"),
            "in the navigation"
        );
        page.assert_says("roster plan set --organization acme-corp PLAN");
        let client = house.client(email).await;
        let path = format!(
            "/organizations/{}/billing",
            house.system("acme-corp").await.org.id
        );
        assert_eq!(
            client.get(&path).await.assert_status(200).json["plan"]["id"],
            "free"
        );
    }
    for (browser, role) in [
        (&mut acme.bob, "Admin"),
        (&mut acme.carol, "Member"),
        (&mut acme.vera, "Viewer"),
    ] {
        let page = browser
            .get("/orgs/acme-corp/billing")
            .await
            .assert_status(403);
        let page = page.assert_says(&format!(
            "Your role, {role}, can't see or manage billing. Owners and billing members can."
        ));
        assert!(
            !page.has("nav a[href='/orgs/acme-corp/billing']"),
            "and not in the navigation"
        );
    }
    acme.otto
        .get("/orgs/acme-corp/billing")
        .await
        .assert_status(404);
    // Every member may know what the organization may use.
    let carol = house.client("carol@acme.test").await;
    let path = format!(
        "/organizations/{}/plan",
        house.system("acme-corp").await.org.id
    );
    assert_eq!(
        carol.get(&path).await.assert_status(200).json["limits"][1],
        json!({ "name": "runs_at_once", "most": 1 })
    );
}

#[tokio::test]
async fn s4_20_two_organizations_of_one_person_show_two_plans() {
    let house = house().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    for name in ["Acme Corp", "Globex"] {
        alice
            .post("/orgs/new", &[("name", name)])
            .await
            .assert_status(303);
    }
    house.set_plan("globex", "team").await;
    alice
        .get("/orgs/acme-corp/billing")
        .await
        .assert_says("Plan Free");
    alice
        .get("/orgs/globex/billing")
        .await
        .assert_says("Plan Team");
}

#[tokio::test]
async fn s1_92_usage_is_summed_over_workspaces_and_shown_by_workspace_and_above_the_limit_nothing_more_starts()
 {
    let house = house().await;
    let mut acme = acme(&house).await;
    let alice = house.client("alice@acme.test").await;
    let id = house.system("acme-corp").await.org.id.to_string();
    let today = house.app.now() / DAY;
    for (name, rows) in [("North", 60), ("South", 50)] {
        acme.alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", name)])
            .await
            .assert_status(303);
        let columns =
            "usage_days (workspace_id, day, runs, succeeded, failed, row_count, byte_count)";
        house.execute(&format!("INSERT INTO {columns} SELECT id, {today}, 1, 1, 0, {rows}, 7 FROM workspaces WHERE name = '{name}'")).await;
    }
    let page = acme
        .alice
        .get("/orgs/acme-corp/billing")
        .await
        .assert_status(200)
        .assert_says("Rows per month 110 of 100 · 110 %");
    let shares = page.all("details table tbody tr");
    assert_eq!(shares, ["North 60 54 %", "South 50 45 %"]);
    let account = alice
        .get(&format!("/organizations/{id}/billing"))
        .await
        .assert_status(200)
        .json;
    let rows = account["limits"]
        .as_array()
        .expect("limits")
        .iter()
        .find(|limit| limit["name"] == "rows_per_month")
        .expect("rows")
        .clone();
    assert_eq!(
        (&rows["used"], &rows["most"], &rows["percent"]),
        (&json!(110), &json!(100), &json!(110))
    );
    let refused = alice
        .post(
            &format!("/organizations/{id}/leases"),
            json!({ "holder": "x" }),
        )
        .await
        .assert_problem(402, "month_limit");
    let says = refused.json["detail"].as_str().expect("words").to_owned();
    assert!(says.starts_with("Acme Corp has used 110 rows this month, and its plan, Free, allows 100. Owners and billing"), "{says}");
    // Plans beside each other say what would change.
    page.assert_says("What Team would change")
        .assert_says("Adds projects, which compare environments.");
    house.set_plan("acme-corp", "team").await;
    alice
        .post(
            &format!("/organizations/{id}/leases"),
            json!({ "holder": "x" }),
        )
        .await
        .assert_status(201);
    let page = acme.alice.get("/orgs/acme-corp/billing").await;
    page.assert_says("What Free would change")
        .assert_says("Rows per month: you would be at 110 % (110 of 100). What is there stays; more can't be added.");
}

#[tokio::test]
async fn s1_91_mail_about_billing_goes_where_the_organization_says() {
    let house = house().await;
    let mut acme = acme(&house).await;
    let form = [
        ("email", "Pay@Acme.test"),
        ("name", "Acme Corp Ltd"),
        ("address", "1 Long Street\nBerlin\n"),
    ];
    acme.bill
        .submit("/orgs/acme-corp/billing", &form)
        .await
        .assert_status(200)
        .assert_says("Billing address saved.");
    let page = acme.alice.get("/orgs/acme-corp/billing").await;
    assert_eq!(
        page.attribute("input[name=email]", "value").as_deref(),
        Some("pay@acme.test")
    );
    let wrong = acme
        .bill
        .post(
            "/orgs/acme-corp/billing",
            &[("email", "nobody"), ("name", "Kept")],
        )
        .await
        .assert_status(422);
    assert!(
        wrong.has("#email-error")
            && wrong.attribute("input[name=name]", "value").as_deref() == Some("Kept")
    );
    acme.bob
        .post("/orgs/acme-corp/billing", &form)
        .await
        .assert_status(403);
    assert_eq!(
        house.count("SELECT COUNT(*) FROM billing_accounts").await,
        1
    );
    let page = acme
        .alice
        .get("/orgs/acme-corp/audit?category=billing")
        .await
        .assert_says("changed where mail about billing of Acme Corp goes");
    assert!(
        !page.text().contains("Long Street"),
        "the log doesn't keep addresses"
    );
}

#[test]
fn s5_1_governance_and_billing_stand_above_the_workspaces_and_only_there() {
    let all: Vec<String> = routes::pages()
        .into_iter()
        .chain(routes::calls())
        .map(|route| route.path)
        .collect();
    for word in [
        "audit", "billing", "leases", "plan", "plans", "policies", "usage",
    ] {
        let named = all
            .iter()
            .filter(|path| path.split('/').any(|part| part == word));
        let (above, elsewhere): (Vec<_>, Vec<_>) = named.partition(|path| {
            path.starts_with("/orgs/{org}/") || path.starts_with("/organizations/{org_id}/")
        });
        assert!(
            !above.is_empty() && elsewhere.is_empty(),
            "{word}: {above:?} and {elsewhere:?}"
        );
    }
}
