//! Stripe's webhook: forged, late, twice, at once, out of order, about somebody else.

use super::*;
use crate::support::stripe::{Event, Mode, WEBHOOK_SECRET, hmac, signature};

/// Acme with the plan Team, the events of it not yet sent.
async fn paid() -> (Stripe, House, Acme, Vec<Event>) {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    let events = stripe.events();
    (stripe, house, cast, events)
}

async fn noted(house: &House) -> i64 {
    house.count("SELECT count(*) FROM stripe_events").await
}

#[tokio::test]
async fn sec_b1_a_forged_late_or_changed_event_is_refused_and_does_nothing() {
    let (stripe, house, _cast, events) = paid().await;
    let (body, now) = (events[0].body.as_str(), stripe.seconds());
    let good = hmac(now, body, WEBHOOK_SECRET);
    let wrong = "0".repeat(64);
    let before = stripe.seen("").len();
    for (what, header) in [
        ("none", String::new()),
        ("another secret", signature(now, body, "whsec_other")),
        ("too old", signature(now - 301, body, WEBHOOK_SECRET)),
        ("in the future", signature(now + 310, body, WEBHOOK_SECRET)),
        (
            "a time that wasn't signed",
            format!("t={},v1={good}", now - 10),
        ),
        ("another scheme", format!("t={now},v0={good}")),
        ("cut", format!("t={now},v1={}", &good[..40])),
        ("no time", format!("v1={good}")),
        ("two wrong ones", format!("t={now},v1={wrong},v1={wrong}")),
    ] {
        assert_eq!(
            stripe.send_signed(&house, body, &header).await.0,
            400,
            "{what}"
        );
    }
    let anew = serde_json::to_string_pretty(
        &serde_json::from_str::<serde_json::Value>(body).expect("JSON"),
    )
    .expect("JSON");
    assert_eq!(
        stripe
            .send_signed(&house, &anew, &format!("t={now},v1={good}"))
            .await
            .0,
        400,
        "the same, written anew"
    );
    assert_eq!(
        (noted(&house).await, stripe.seen("").len()),
        (0, before),
        "nothing noted, nobody asked"
    );
    let two = format!("t={now},v1={wrong},v1={good}");
    assert_eq!(
        stripe.send_signed(&house, body, &two).await.0,
        200,
        "one good one of two, as while a secret is changed"
    );
    assert_eq!(noted(&house).await, 1);
}

#[tokio::test]
async fn sec_b1_what_is_signed_and_still_no_event_is_refused_and_so_is_too_much() {
    let (stripe, house, _cast, _) = paid().await;
    for body in [
        "",
        "{",
        "[]",
        r#"{"id": 7, "type": "invoice.paid"}"#,
        r#"{"type": "invoice.paid"}"#,
    ] {
        assert_eq!(stripe.send(&house, body).await.0, 400, "{body}");
    }
    let large = format!(
        r#"{{"id": "evt_1", "type": "invoice.paid", "x": "{}"}}"#,
        "x".repeat(600 * 1024)
    );
    assert_eq!(stripe.send(&house, &large).await.0, 413);
    let other = house.browser().get("/stripe/webhook").await;
    assert_eq!(other.status, 405);
}

#[tokio::test]
async fn sec_b2_the_same_event_twenty_times_at_once_and_again_later_has_one_effect() {
    let (stripe, house, _cast, _) = paid().await;
    stripe.payment_fails(&stripe.customer());
    let event = stripe.events().remove(0);
    let known = events_in_log(&house).await;
    let all = futures::future::join_all((0..20).map(|_| stripe.send(&house, &event.body))).await;
    assert!(all.iter().all(|(status, _)| *status == 200), "{all:?}");
    assert_eq!(
        (noted(&house).await, events_in_log(&house).await),
        (1, known + 1)
    );
    let calls = stripe.seen("").len();
    let (status, answer) = stripe.send(&house, &event.body).await;
    assert_eq!((status, answer.contains("again")), (200, true), "{answer}");
    assert_eq!(
        stripe.seen("").len(),
        calls,
        "a repeated one asks Stripe nothing"
    );
}

#[tokio::test]
async fn sec_b3_every_order_of_four_events_ends_in_the_same_state() {
    let (stripe, house, _cast, _) = paid().await;
    let customer = stripe.customer();
    stripe.payment_fails(&customer);
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "active".into()
    });
    stripe.end(&customer);
    let events = stripe.events();
    assert_eq!(events.len(), 4);
    let mut orders = Vec::new();
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                orders.push([a, b, c, 6 - a - b - c]);
            }
        }
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        house.execute("DELETE FROM stripe_events").await;
        house.execute("UPDATE billing_accounts SET status = 'active', paid_plan = 'team', stripe_plan = 'team'").await;
        house
            .execute("UPDATE organizations SET plan = 'team' WHERE slug = 'acme-corp'")
            .await;
        for event in order {
            assert_eq!(stripe.send(&house, &events[event].body).await.0, 200);
        }
        assert_eq!(stored(&house).await, "//cancelled/", "{order:?}");
    }
}

#[tokio::test]
async fn sec_b3_a_read_that_was_overtaken_keeps_nothing() {
    let (stripe, house, _cast, events) = paid().await;
    // The first event's read hangs at Stripe while the subscription ends and the second event comes.
    stripe.fail(Mode::Slow);
    let first = {
        let (stripe, body, url) = (stripe.clone(), events[0].body.clone(), house.url.clone());
        tokio::spawn(async move { stripe.send_to(&url, &body).await })
    };
    house
        .wait_until(
            "SELECT stripe_asked - stripe_stored FROM billing_accounts",
            1,
        )
        .await;
    stripe.end(&stripe.customer());
    let last = stripe.events().remove(0);
    let second = {
        let (stripe, body, url) = (stripe.clone(), last.body.clone(), house.url.clone());
        tokio::spawn(async move { stripe.send_to(&url, &body).await })
    };
    house
        .wait_until(
            "SELECT stripe_asked - stripe_stored FROM billing_accounts",
            2,
        )
        .await;
    stripe.fail(Mode::Ok);
    let (first, second) = (first.await.expect("sent"), second.await.expect("sent"));
    assert_eq!((first.0, second.0), (200, 200), "{first:?} {second:?}");
    assert_eq!(stored(&house).await, "//cancelled/");
}

#[tokio::test]
async fn sec_b4_an_event_counts_for_the_customer_that_roster_made_whatever_else_it_says() {
    let (stripe, house, _cast, _) = paid().await;
    let globex = house.system("globex").await.org.id.to_string();
    let customer = stripe.customer();
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["metadata"] =
            serde_json::json!({ "roster_organization": globex, "org_id": globex });
        subscription["status"] = "past_due".into();
    });
    stripe.deliver(&house).await;
    assert_eq!(
        stored(&house).await,
        "team/team/past_due/",
        "Acme's customer, so Acme"
    );
    assert_eq!(
        house.count("SELECT count(*) FROM billing_accounts").await,
        1,
        "Globex has nothing of it"
    );

    let calls = stripe.seen("").len();
    for (kind, object) in [
        (
            "customer.subscription.deleted",
            serde_json::json!({ "object": "subscription", "id": "sub_x", "customer": "cus_of_nobody" }),
        ),
        (
            "customer.created",
            serde_json::json!({ "object": "customer", "id": "cus_of_nobody" }),
        ),
        (
            "account.updated",
            serde_json::json!({ "object": "account", "id": "acct_1" }),
        ),
        ("something.new", serde_json::json!(null)),
        (
            "charge.dispute.created",
            serde_json::json!({ "object": "dispute", "id": "du_1", "charge": "../customers" }),
        ),
    ] {
        let body = serde_json::json!({ "id": format!("evt_{kind}"), "type": kind, "data": { "object": object } }).to_string();
        let (status, answer) = stripe.send(&house, &body).await;
        assert_eq!(
            (status, answer.contains("not ours")),
            (200, true),
            "{kind}: {answer}"
        );
    }
    assert_eq!(
        stripe.seen("").len(),
        calls,
        "nobody is asked about what isn't ours"
    );
    assert_eq!(
        house.count("SELECT count(*) FROM billing_accounts").await,
        1
    );
}

#[tokio::test]
async fn sec_b5_an_event_that_can_not_be_worked_on_is_answered_with_503_and_counts_when_it_comes_again()
 {
    let (stripe, house, _cast, _) = paid().await;
    stripe.end(&stripe.customer());
    let event = stripe.events().remove(0);
    stripe.fail(Mode::Refuse500);
    assert_eq!(stripe.send(&house, &event.body).await.0, 503);
    assert_eq!(
        (noted(&house).await, stored(&house).await.as_str()),
        (0, "team/team/active/")
    );
    stripe.fail(Mode::Ok);
    assert_eq!(stripe.send(&house, &event.body).await.0, 200);
    assert_eq!(
        (noted(&house).await, stored(&house).await.as_str()),
        (1, "//cancelled/")
    );
}

#[tokio::test]
async fn sec_b5_an_event_counts_once_also_when_the_program_is_killed_at_any_moment_of_it() {
    let (stripe, house, _cast, _) = paid().await;
    let events_before = events_in_log(&house).await;
    stripe.end(&stripe.customer());
    let event = stripe.events().remove(0);
    let plans = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/app/support/stripe/plans.toml"
    );
    let program = Program::beside(&house)
        .set("ROSTER_STRIPE_API_KEY", crate::support::stripe::KEY)
        .set("ROSTER_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .set("ROSTER_STRIPE_API_URL", stripe.url())
        .set("ROSTER_PLANS", plans)
        .set("ROSTER_LISTEN", "127.0.0.1:0");
    // While Stripe is being asked, and, with an answer, somewhere after.
    for answers in [false, true, true, true] {
        let mut running = program.start(&["serve"]);
        let line = running.read_until("http://127.0.0.1:");
        let url = line.split("http://").nth(1).map(|rest| {
            format!(
                "http://{}",
                rest.split(['/', ' ', '\n']).next().unwrap_or("")
            )
        });
        let url = url.expect("an address");
        let asked = house
            .count("SELECT stripe_asked FROM billing_accounts")
            .await;
        stripe.fail(Mode::Slow);
        let sending = {
            let (stripe, body) = (stripe.clone(), event.body.clone());
            tokio::spawn(async move { stripe.try_to(&url, &body).await })
        };
        if noted(&house).await == 0 {
            house
                .wait_until("SELECT stripe_asked FROM billing_accounts", asked + 1)
                .await;
        }
        if answers {
            stripe.fail(Mode::Ok);
            tokio::task::yield_now().await;
        }
        running.kill();
        stripe.fail(Mode::Ok);
        sending.await.expect("it ends");
    }
    assert_eq!(stripe.send(&house, &event.body).await.0, 200);
    assert_eq!(
        (noted(&house).await, stored(&house).await.as_str()),
        (1, "//cancelled/")
    );
    assert_eq!(events_in_log(&house).await, events_before + 1, "one effect");
}
