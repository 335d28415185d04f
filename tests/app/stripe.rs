//! Paying at Stripe, as people live it: against a stand-in that really listens, with its pages and its signed events.

mod checkout;
mod contact;
mod events;
mod mails;
mod page;
mod public;
mod settings;
mod trouble;

use crate::support::database::Database;
use crate::support::stripe::Stripe;
use crate::support::{Acme, Browser, House, Page, Program, acme};

/// Acme Corp in a Roster that is paid at a Stripe, with everybody signed in.
async fn shop() -> (Stripe, House, Acme) {
    let (stripe, house) = Stripe::with_house().await;
    let cast = acme(&house).await;
    (stripe, house, cast)
}

/// Chooses a plan and gives the address at Stripe that the browser is sent to.
async fn choose(person: &mut Browser, plan: &str, every: &str) -> String {
    let sent = person
        .post(
            "/orgs/acme-corp/billing/checkout",
            &[("plan", plan), ("every", every)],
        )
        .await
        .assert_status(303);
    sent.location()
}

/// Presses the one button on a page of Stripe's, and gives where it leads.
async fn press(stripe: &Stripe, address: &str) -> String {
    assert!(address.starts_with(&stripe.url()), "at Stripe: {address}");
    Browser::new(&stripe.url())
        .post(address, &[])
        .await
        .assert_status(303)
        .location()
}

/// Chooses a plan, pays for it at Stripe, and comes back to the billing page.
async fn pay(stripe: &Stripe, person: &mut Browser, plan: &str, every: &str) {
    let address = choose(person, plan, every).await;
    assert!(address.contains("/c/pay/"), "to Checkout: {address}");
    let back = press(stripe, &address).await;
    person.get(&back).await.assert_status(303);
}

/// Opens the portal and presses one of its buttons; gives where that leads.
async fn manage(stripe: &Stripe, person: &mut Browser, change: &str) -> String {
    let address = person
        .post("/orgs/acme-corp/billing/portal", &[])
        .await
        .assert_status(303)
        .location();
    assert!(address.contains("/p/session/"), "to the portal: {address}");
    press(stripe, &format!("{address}/{change}")).await
}

/// What is stored of Acme's payments: plan in force, plan paid for, status, and what became of the last payment.
async fn stored(house: &House) -> String {
    let sql = "SELECT o.plan || '/' || b.paid_plan || '/' || b.status || '/' || b.payment
               FROM billing_accounts b JOIN organizations o ON o.id = b.org_id WHERE o.slug = 'acme-corp'";
    Database::open(&house.database_url)
        .await
        .texts(sql)
        .await
        .pop()
        .unwrap_or_default()
}

/// What the audit log says of billing, newest first.
async fn log(person: &mut Browser) -> Page {
    person
        .get("/orgs/acme-corp/audit?category=billing")
        .await
        .assert_status(200)
}

async fn events_in_log(house: &House) -> i64 {
    house
        .count("SELECT count(*) FROM audit_events WHERE category = 'billing'")
        .await
}

/// What the operator reads about Acme's plan.
async fn plan_shown(house: &House) -> String {
    let plans = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/app/support/stripe/plans.toml"
    );
    Program::beside(house)
        .set("ROSTER_PLANS", plans)
        .run(&["plan", "show", "--organization", "acme-corp"])
        .await
        .assert_code(0)
        .out
}

#[tokio::test]
async fn s2_50_s3_50_s1_91_an_organization_goes_from_free_to_paid_to_past_due_to_ended_and_keeps_all_it_has()
 {
    let (stripe, house, mut cast) = shop().await;
    assert!(
        plan_shown(&house)
            .await
            .starts_with("Acme Corp is on the plan Free")
    );

    pay(&stripe, &mut cast.alice, "team", "month").await;
    assert_eq!(stored(&house).await, "team/team/active/");
    assert!(
        plan_shown(&house)
            .await
            .starts_with("Acme Corp is on the plan Team")
    );
    log(&mut cast.alice)
        .await
        .assert_says("Stripe changed the plan of Acme Corp from Free to Team");
    let known = events_in_log(&house).await;
    stripe.deliver(&house).await;
    assert_eq!(
        events_in_log(&house).await,
        known,
        "the events tell nothing new"
    );

    let customer = stripe.customer();
    stripe.payment_fails(&customer);
    stripe.deliver(&house).await;
    assert_eq!(
        stored(&house).await,
        "team/team/past_due/",
        "the plan goes on while there is time to pay"
    );
    log(&mut cast.alice)
        .await
        .assert_says("Stripe reported the payments of Acme Corp as past due; before: active");
    for page in [
        cast.alice.get("/orgs/acme-corp/members").await,
        cast.bill.get("/orgs/acme-corp/members").await,
    ] {
        page.assert_says("The last payment failed.");
    }
    for page in [
        cast.bob.get("/orgs/acme-corp/members").await,
        cast.carol.get("/orgs/acme-corp/members").await,
    ] {
        assert!(
            !page.body.contains("payment failed"),
            "who can't act is not told"
        );
    }

    let back = manage(&stripe, &mut cast.bill, "pay").await;
    cast.bill.open(&back).await;
    assert_eq!(
        stored(&house).await,
        "team/team/active/",
        "paid in the portal, and seen on the way back"
    );
    assert!(
        !cast
            .alice
            .get("/orgs/acme-corp/members")
            .await
            .body
            .contains("payment failed")
    );

    let back = manage(&stripe, &mut cast.alice, "stop").await;
    cast.alice.open(&back).await;
    assert_eq!(stored(&house).await, "team/team/cancelling/");
    house.clock.advance(31 * roster::clock::DAY);
    assert!(
        plan_shown(&house).await.contains("is on the plan Team"),
        "the operator's own clock has not moved"
    );
    stripe.end(&customer);
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "//cancelled/");
    assert!(
        plan_shown(&house)
            .await
            .starts_with("Acme Corp is on the plan Free")
    );
    assert_eq!(
        house
            .count(
                "SELECT count(*) FROM members WHERE status = 'active' AND org_id = (SELECT id FROM organizations WHERE slug = 'acme-corp')"
            )
            .await,
        5
    );
    assert_eq!(stripe.seen("POST /v1/customers").len(), 1, "one customer");
}

#[tokio::test]
async fn s1_91_who_stopped_and_goes_on_keeps_the_plan_and_who_comes_again_later_pays_as_the_same_customer()
 {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "year").await;
    manage(&stripe, &mut cast.alice, "stop").await;
    manage(&stripe, &mut cast.alice, "go-on").await;
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/active/");
    stripe.end(&stripe.customer());
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "//cancelled/");
    pay(&stripe, &mut cast.bill, "enterprise", "month").await;
    assert_eq!(stored(&house).await, "enterprise/enterprise/active/");
    assert_eq!(stripe.seen("POST /v1/customers").len(), 1);
}
