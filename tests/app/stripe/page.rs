//! The page of payments: what it shows, and what it shows when Stripe can't be reached.

use super::*;
use crate::support::stripe::Mode;
use roster::clock::MINUTE;

const PAGE: &str = "/orgs/acme-corp/billing/payments";

#[tokio::test]
async fn s3_50_s5_40_the_page_leads_from_a_plan_to_pay_for_to_its_state_portal_and_invoices() {
    let (stripe, house, mut cast) = shop().await;
    let page = cast
        .bill
        .get(PAGE)
        .await
        .assert_status(200)
        .assert_says("Plan Free")
        .assert_says("There are none yet.");
    assert_eq!(
        page.all("button.btn.small"),
        [
            "Team: Pay monthly",
            "Team: Pay yearly",
            "Enterprise: Pay monthly"
        ]
    );
    assert!(
        !page.body.contains("/billing/portal"),
        "nothing to manage yet"
    );
    pay(&stripe, &mut cast.bill, "team", "year").await;
    let page = cast
        .bill
        .get(PAGE)
        .await
        .assert_status(200)
        .assert_says("Thank you.")
        .assert_says("Plan Team")
        .assert_says("State Paid");
    let page = page
        .assert_says("by the year")
        .assert_says("Next payment")
        .assert_says("EUR 490.00 Paid");
    assert_eq!(
        page.attribute("tbody a", "href")
            .map(|url| url.starts_with(&stripe.url())),
        Some(true)
    );
    assert!(
        !page.body.contains("/billing/checkout") && page.body.contains("/billing/portal"),
        "one subscription"
    );
    manage(&stripe, &mut cast.bill, "stop").await;
    stripe.deliver(&house).await;
    cast.alice
        .get(PAGE)
        .await
        .assert_says("Ends soon")
        .assert_says("Ends on");
    stripe.refund(&stripe.customer());
    stripe.deliver(&house).await;
    cast.alice
        .get(PAGE)
        .await
        .assert_says("Last payment refunded");
}

#[tokio::test]
async fn s1_93_admins_members_and_viewers_read_who_sees_payments_and_strangers_find_nothing() {
    let (_stripe, _house, mut cast) = shop().await;
    for person in [&mut cast.bob, &mut cast.carol, &mut cast.vera] {
        let page = person
            .get(PAGE)
            .await
            .assert_status(403)
            .assert_says("see or manage billing");
        assert!(
            page.text().contains("owner") || page.text().contains("Owner"),
            "who could: {}",
            page.text()
        );
    }
    cast.otto.get(PAGE).await.assert_status(404);
    cast.xenia.get(PAGE).await.assert_status(404);
}

#[tokio::test]
async fn while_stripe_can_not_be_reached_the_page_works_and_says_how_old_the_state_is() {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    let fresh = cast
        .alice
        .get(PAGE)
        .await
        .assert_says("Read from Stripe at");
    let read = fresh.attribute("#read time", "datetime").expect("a time");
    for mode in [Mode::Refuse500, Mode::RateLimited, Mode::KeyRevoked] {
        house.clock.advance(6 * MINUTE);
        stripe.fail(mode);
        let page = cast
            .alice
            .get(PAGE)
            .await
            .assert_status(200)
            .assert_says("Stripe can't be reached now. This is what was known as of");
        assert_eq!(
            page.attribute(".notice time", "datetime"),
            Some(read.clone()),
            "{mode:?}"
        );
        page.assert_says("Plan Team").assert_says("EUR 49.00 Paid");
    }
    house.clock.advance(6 * MINUTE);
    stripe.fail(Mode::Slow);
    let began = std::time::Instant::now();
    cast.alice
        .get(PAGE)
        .await
        .assert_status(200)
        .assert_says("Stripe can't be reached now.");
    assert!(
        began.elapsed().as_secs() < 6,
        "it doesn't wait longer than a person would"
    );
    cast.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    stripe.fail(Mode::Ok);
    house.clock.advance(6 * MINUTE);
    cast.alice
        .get(PAGE)
        .await
        .assert_says("Read from Stripe at");
}

#[tokio::test]
async fn the_page_looks_itself_when_no_event_came_for_some_minutes() {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    stripe.end(&stripe.customer());
    stripe.events();
    let calls = stripe.seen("").len();
    cast.alice.get(PAGE).await.assert_says("State Paid");
    assert_eq!(
        stripe.seen("").len(),
        calls,
        "what was read a moment ago is shown as it is"
    );
    house.clock.advance(6 * MINUTE);
    cast.alice
        .get(PAGE)
        .await
        .assert_says("State Ended")
        .assert_says("Choose a plan");
}

#[tokio::test]
async fn only_the_page_that_leads_to_stripe_lets_forms_lead_elsewhere() {
    let (stripe, _house, mut cast) = shop().await;
    let policy = |page: &Page| {
        page.headers["content-security-policy"]
            .to_str()
            .expect("text")
            .to_owned()
    };
    let page = cast.alice.get(PAGE).await;
    assert!(
        policy(&page).contains(&format!("form-action 'self' https: {};", stripe.url())),
        "{}",
        policy(&page)
    );
    assert!(
        policy(&page).contains("script-src 'self';")
            && policy(&page).contains("frame-ancestors 'none'")
    );
    assert!(
        policy(&cast.alice.get("/orgs/acme-corp/members").await).contains("form-action 'self';")
    );
}

#[tokio::test]
async fn s3_50_the_api_gives_the_same_ways_and_invoices() {
    let (stripe, house, mut cast) = shop().await;
    let org = house.system("acme-corp").await.org.id.to_string();
    let (bill, bob) = (
        house.client("bill@acme.test").await,
        house.client("bob@acme.test").await,
    );
    let path = |end: &str| format!("/organizations/{org}/billing/{end}");
    let wish = serde_json::json!({ "plan": "team", "every": "month" });
    for (method, end) in [
        ("POST", "checkout"),
        ("POST", "portal"),
        ("GET", "invoices"),
    ] {
        let body = (end == "checkout").then(|| wish.clone());
        assert_eq!(
            bob.send(method, &path(end), body, &[]).await.status,
            403,
            "{end}"
        );
    }
    bill.send("POST", &path("portal"), None, &[])
        .await
        .assert_problem(409, "nothing_at_stripe");
    bill.post(
        &path("checkout"),
        serde_json::json!({ "plan": "free", "every": "month" }),
    )
    .await
    .assert_status(422);
    let way = bill
        .post(&path("checkout"), wish.clone())
        .await
        .assert_status(200)
        .json;
    assert_eq!(way["leads_to"], "checkout");
    let back = press(&stripe, way["url"].as_str().expect("an address")).await;
    cast.bill.get(&back).await.assert_status(303);
    assert_eq!(
        bill.post(&path("checkout"), wish).await.json["leads_to"],
        "portal"
    );
    let invoices = bill.get(&path("invoices")).await.assert_status(200).json;
    assert_eq!(
        (
            &invoices["data"][0]["total"],
            &invoices["data"][0]["status"]
        ),
        (&4900.into(), &"paid".into())
    );
    stripe.fail(Mode::Refuse500);
    assert_eq!(
        bill.send("POST", &path("portal"), None, &[]).await.status,
        503
    );
}
