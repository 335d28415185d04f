//! Failed, refunded and disputed payments; a Stripe that can't be reached; and what no event told of.

use super::*;
use crate::support::stripe::{KEY, Mode, WEBHOOK_SECRET};
use roster::clock::DAY;

/// Acme with the plan Team, and everything told.
async fn paid() -> (Stripe, House, Acme, String) {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    stripe.deliver(&house).await;
    let customer = stripe.customer();
    (stripe, house, cast, customer)
}

/// The plan that Roster itself goes by, at its own time.
async fn plan_in_force(house: &House) -> String {
    let org = house.system("acme-corp").await.org;
    house.app.plans.of(&org, house.clock.now()).id.clone()
}

#[tokio::test]
async fn s2_50_a_payment_that_failed_leaves_fourteen_days_and_then_the_default_plan() {
    let (stripe, house, _cast, customer) = paid().await;
    stripe.payment_fails(&customer);
    stripe.deliver(&house).await;
    assert_eq!(plan_in_force(&house).await, "team");
    house.clock.advance(13 * DAY);
    stripe.change(&customer, "customer.subscription.updated", |_| {});
    stripe.deliver(&house).await;
    assert_eq!(
        plan_in_force(&house).await,
        "team",
        "further events don't make it longer or shorter"
    );
    house.clock.advance(DAY);
    assert_eq!(
        plan_in_force(&house).await,
        "free",
        "by itself, without an event"
    );
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_says("The last payment failed.");
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "unpaid".into()
    });
    stripe.deliver(&house).await;
    assert_eq!(
        (
            plan_in_force(&house).await.as_str(),
            stored(&house).await.as_str()
        ),
        ("free", "team/team/past_due/")
    );
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "active".into()
    });
    stripe.deliver(&house).await;
    assert_eq!(plan_in_force(&house).await, "team", "paid after all");
}

#[tokio::test]
async fn a_stripe_that_gave_up_ends_the_plan_at_once_and_says_so_once() {
    let (stripe, house, _cast, customer) = paid().await;
    let known = events_in_log(&house).await;
    for _ in 0..3 {
        stripe.change(&customer, "customer.subscription.updated", |subscription| {
            subscription["status"] = "unpaid".into()
        });
        stripe.deliver(&house).await;
    }
    assert_eq!(plan_in_force(&house).await, "free");
    assert_eq!(
        events_in_log(&house).await,
        known + 1,
        "one change, one event"
    );
}

#[tokio::test]
async fn a_subscription_that_was_stopped_ends_with_what_was_paid_for_even_if_no_event_comes() {
    let (stripe, house, mut cast, _) = paid().await;
    manage(&stripe, &mut cast.alice, "stop").await;
    stripe.deliver(&house).await;
    house.clock.advance(29 * DAY);
    assert_eq!(plan_in_force(&house).await, "team");
    house.clock.advance(2 * DAY);
    assert_eq!(plan_in_force(&house).await, "free");
}

#[tokio::test]
async fn a_trial_is_told_as_one_and_a_first_payment_that_never_worked_as_nothing() {
    let (stripe, house, _cast, customer) = paid().await;
    let ends = stripe.seconds() + 7 * 86_400;
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "trialing".into();
        subscription["trial_end"] = ends.into();
    });
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/trial/");
    assert_eq!(
        house
            .count("SELECT trial_end / 1000000 FROM billing_accounts")
            .await,
        ends
    );
    house.execute("UPDATE billing_accounts SET status = 'none', stripe_plan = '', paid_plan = '', stripe_subscription_id = NULL").await;
    for status in ["incomplete", "incomplete_expired"] {
        stripe.change(&customer, "customer.subscription.updated", |subscription| {
            subscription["status"] = status.into()
        });
        stripe.deliver(&house).await;
        assert!(
            stored(&house).await.ends_with("/none/"),
            "{status}: {}",
            stored(&house).await
        );
    }
}

#[tokio::test]
async fn a_refund_and_a_dispute_are_told_and_take_no_plan_away() {
    let (stripe, house, mut cast, customer) = paid().await;
    stripe.refund(&customer);
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/active/refunded");
    log(&mut cast.alice)
        .await
        .assert_says("active, last payment refunded");
    let (stripe, house, mut cast, customer) = {
        drop((stripe, house, cast));
        paid().await
    };
    stripe.dispute(&customer, "needs_response");
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/disputed/");
    cast.bill
        .get("/orgs/acme-corp/members")
        .await
        .assert_says("disputed at the bank");
    assert!(
        !cast
            .bob
            .get("/orgs/acme-corp/members")
            .await
            .body
            .contains("disputed")
    );
    stripe.dispute(&customer, "won");
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/active/");
    stripe.dispute(&customer, "lost");
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/active/taken_back");
}

#[tokio::test]
async fn a_price_that_no_plan_names_changes_no_plan() {
    let (stripe, house, _cast, customer) = paid().await;
    let known = events_in_log(&house).await;
    let price = |id: &str| {
        let id = id.to_owned();
        stripe.change(&customer, "customer.subscription.updated", |one| {
            one["items"]["data"][0]["price"]["id"] = id.into()
        });
    };
    price("price_of_no_plan");
    stripe.deliver(&house).await;
    assert_eq!(
        (stored(&house).await.as_str(), events_in_log(&house).await),
        ("team/team/active/", known)
    );
    price("price_enterprise_month");
    stripe.deliver(&house).await;
    assert_eq!(
        stored(&house).await,
        "enterprise/enterprise/active/",
        "one that a plan names does"
    );
}

#[tokio::test]
async fn what_events_missed_is_repaired_by_the_operators_command_and_by_the_nightly_round() {
    let (stripe, house, mut cast, customer) = paid().await;
    let plans = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/app/support/stripe/plans.toml"
    );
    let program = Program::beside(&house)
        .set("ROSTER_STRIPE_API_KEY", KEY)
        .set("ROSTER_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .set("ROSTER_STRIPE_API_URL", stripe.url())
        .set("ROSTER_PLANS", plans);
    let reconcile = ["billing", "reconcile"];
    program
        .run(&reconcile)
        .await
        .assert_code(0)
        .assert_says("Read 1 customer at Stripe. Nothing was other than known.");
    stripe.end(&customer);
    stripe.events();
    program
        .run(&reconcile)
        .await
        .assert_code(0)
        .assert_says("Repaired: acme-corp.");
    assert_eq!(stored(&house).await, "//cancelled/");
    log(&mut cast.alice)
        .await
        .assert_says("Stripe changed the plan of Acme Corp from Team to Free");
    stripe.fail(Mode::Refuse500);
    program
        .run(&reconcile)
        .await
        .assert_code(1)
        .assert_says("Stripe couldn't be asked about: acme-corp.");
    stripe.fail(Mode::Ok);
    // Another Roster on the same data reads at its start what was not read for a day.
    house.execute("UPDATE billing_accounts SET stripe_read_at = 1, status = 'active', paid_plan = 'team', stripe_plan = 'team'").await;
    let running = program
        .set("ROSTER_LISTEN", "127.0.0.1:0")
        .start(&["serve"]);
    house
        .wait_until(
            "SELECT count(*) FROM billing_accounts WHERE status = 'cancelled'",
            1,
        )
        .await;
    drop(running);
}

#[tokio::test]
async fn what_a_deleted_organization_paid_ends_at_stripe_and_deleting_says_so() {
    let (stripe, house, mut cast, customer) = paid().await;
    cast.alice
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_says("Its subscription at Stripe ends within the hour");
    cast.otto
        .get("/orgs/globex/settings/delete")
        .await
        .assert_status(200);
    cast.alice
        .post(
            "/orgs/acme-corp/settings/delete",
            &[("confirm", "Acme Corp")],
        )
        .await
        .assert_status(303);
    let plans = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/app/support/stripe/plans.toml"
    );
    let program = Program::beside(&house)
        .set("ROSTER_STRIPE_API_KEY", KEY)
        .set("ROSTER_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .set("ROSTER_STRIPE_API_URL", stripe.url())
        .set("ROSTER_PLANS", plans)
        .set("ROSTER_LISTEN", "127.0.0.1:0");
    // What is done every hour is done at a start too.
    let running = program.start(&["serve"]);
    house
        .wait_until(
            "SELECT count(*) FROM billing_accounts WHERE status = 'cancelled'",
            1,
        )
        .await;
    drop(running);
    assert_eq!(
        stripe.of("subscription", &customer)[0]["status"],
        "canceled"
    );
    let events = stripe.events();
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(
            stripe.send(&house, &event.body).await.0,
            200,
            "about a customer of nobody's"
        );
    }
}

#[tokio::test]
async fn a_plan_that_the_operator_set_stays_when_nothing_at_stripe_changed() {
    let (stripe, house, mut cast, customer) = paid().await;
    stripe.end(&customer);
    stripe.deliver(&house).await;
    Program::beside(&house)
        .run(&["plan", "set", "enterprise", "--organization", "acme-corp"])
        .await
        .assert_code(0);
    cast.alice.get("/orgs/acme-corp/billing/managed").await;
    assert_eq!(stored(&house).await, "enterprise//cancelled/");
}
