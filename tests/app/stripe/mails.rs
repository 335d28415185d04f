//! Who is told what by mail when a payment fails, is disputed, or a plan ends; and that each is told once.

use super::*;
use crate::support::mailbox::Mail;
use crate::support::paid::PLANS;
use crate::support::stripe::{KEY, WEBHOOK_SECRET};
use roster::clock::{DAY, day};

const FAILED: &str = "A payment of Acme Corp failed";
const ENDED: &str = "Acme Corp is on the plan Free now";
const DISPUTED: &str = "A payment of Acme Corp is disputed";

/// Acme with the plan Team, and everything told.
async fn paid() -> (Stripe, House, Acme, String) {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    stripe.deliver(&house).await;
    let customer = stripe.customer();
    (stripe, house, cast, customer)
}

/// Everybody who was told of this so far, in order of their addresses.
async fn told(house: &House, subject: &str) -> Vec<String> {
    house
        .wait_until("SELECT count(*) FROM outbox WHERE state = 'queued'", 0)
        .await;
    let mut to: Vec<String> = house
        .mailbox
        .all()
        .into_iter()
        .filter(|mail| mail.subject == subject)
        .flat_map(|mail| mail.to)
        .collect();
    to.sort_unstable();
    to
}

/// A mail, read as people read it: the text and the HTML say the same.
async fn read(house: &House, to: &str, subject: &str, words: &[&str]) -> Mail {
    let mail = house.mailbox.wait_for(to, subject).await;
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = scraper::Html::parse_document(&mail.html);
    let html = folded(&html.root_element().text().collect::<Vec<_>>().join(" "));
    for words in words {
        assert!(
            folded(&mail.text).contains(words),
            "“{words}” is not in: {}",
            mail.text
        );
        assert!(html.contains(words), "“{words}” is not in: {html}");
    }
    assert_eq!(
        mail.link("/billing/"),
        format!("{}/orgs/acme-corp/billing/payments", house.url)
    );
    assert!(mail.html.contains(&mail.link("/billing/")));
    mail
}

#[tokio::test]
async fn s1_93_s2_50_a_payment_that_failed_is_told_once_by_mail_to_who_can_pay() {
    let (stripe, house, _cast, customer) = paid().await;
    stripe.payment_fails(&customer);
    let events = stripe.events();
    assert_eq!(events.len(), 2);
    for event in events.iter().chain(&events) {
        assert_eq!(stripe.send(&house, &event.body).await.0, 200);
    }
    let until = day(house.clock.now() + 14 * DAY);
    let words = [
        "A payment of Acme Corp for its plan, Team, failed.",
        &format!("Until {until} (UTC) everything goes on as it is: there are 14 days to pay."),
        "and pay there, or name another way to pay.",
        "goes back to the plan Free. Nothing is deleted then and nobody loses access",
        "You get this mail because you see to the billing of Acme Corp.",
    ];
    read(&house, "alice@acme.test", FAILED, &words).await;
    read(&house, "bill@acme.test", FAILED, &words).await;
    assert_eq!(
        told(&house, FAILED).await,
        ["alice@acme.test", "bill@acme.test"],
        "nobody else, and nobody twice"
    );
    // Further events and looks change nothing that was told.
    house.clock.advance(3 * DAY);
    stripe.payment_fails(&customer);
    stripe.deliver(&house).await;
    assert_eq!(told(&house, FAILED).await.len(), 2);
    // Paid, and failed again later: that is news.
    for status in ["active", "past_due"] {
        stripe.change(&customer, "customer.subscription.updated", |subscription| {
            subscription["status"] = status.into()
        });
        stripe.deliver(&house).await;
    }
    assert_eq!(told(&house, FAILED).await.len(), 4);
}

#[tokio::test]
async fn s1_91_mail_about_payments_goes_to_the_address_that_the_organization_named_alone() {
    let (stripe, house, mut cast, customer) = paid().await;
    cast.bill
        .post(
            "/orgs/acme-corp/billing",
            &[("email", "pay@acme.test"), ("name", ""), ("address", "")],
        )
        .await
        .assert_status(303);
    stripe.payment_fails(&customer);
    stripe.deliver(&house).await;
    read(
        &house,
        "pay@acme.test",
        FAILED,
        &["Acme Corp named this address for mail about billing. Its owners and billing members"],
    )
    .await;
    assert_eq!(told(&house, FAILED).await, ["pay@acme.test"]);
}

#[tokio::test]
async fn s2_50_who_can_pay_is_told_once_when_the_time_to_pay_is_over() {
    let (stripe, house, _cast, customer) = paid().await;
    stripe.payment_fails(&customer);
    stripe.deliver(&house).await;
    assert_eq!(told(&house, FAILED).await.len(), 2);
    // Time passes, and no event comes: what is done every hour is done at a start too.
    house
        .execute("UPDATE billing_accounts SET grace_end = 1, stripe_plan_until = 1")
        .await;
    house
        .execute("UPDATE organizations SET plan_until = 1 WHERE slug = 'acme-corp'")
        .await;
    let program = Program::beside(&house)
        .set("ROSTER_STRIPE_API_KEY", KEY)
        .set("ROSTER_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .set("ROSTER_STRIPE_API_URL", stripe.url())
        .set("ROSTER_SMTP_URL", house.mailbox.url())
        .set("ROSTER_PLANS", PLANS)
        .set("ROSTER_LISTEN", "127.0.0.1:0");
    for _ in 0..2 {
        let mut running = program.start(&["serve"]);
        house
            .wait_until(
                "SELECT count(*) FROM billing_accounts WHERE told = 'ended'",
                1,
            )
            .await;
        // Nothing is in the hands of a program that is killed.
        house
            .wait_until("SELECT count(*) FROM outbox WHERE state = 'queued'", 0)
            .await;
        running.kill();
    }
    let words = [
        "The payment of Acme Corp that failed was not made in time, so its plan, Team, has ended. It is on the plan Free now.",
        "Nothing was deleted and nobody lost access.",
        "What to do to have Team again: pay on the page below.",
    ];
    for to in ["alice@acme.test", "bill@acme.test"] {
        read(&house, to, ENDED, &words).await;
    }
    // Stripe gives up later, and ends the subscription: nothing of that is news.
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "unpaid".into()
    });
    stripe.deliver(&house).await;
    stripe.end(&customer);
    stripe.deliver(&house).await;
    assert_eq!(told(&house, ENDED).await.len(), 2);
    assert_eq!(told(&house, FAILED).await.len(), 2);
}

#[tokio::test]
async fn s2_50_a_plan_that_stripe_gives_up_at_once_and_one_that_was_stopped_are_told_in_their_own_words()
 {
    let (stripe, house, _cast, customer) = paid().await;
    stripe.change(&customer, "customer.subscription.updated", |subscription| {
        subscription["status"] = "unpaid".into()
    });
    stripe.deliver(&house).await;
    read(&house, "alice@acme.test", ENDED, &["was not made in time"]).await;
    assert_eq!(
        told(&house, FAILED).await.len(),
        0,
        "there is no time to pay"
    );

    let (stripe, house, mut cast, customer) = {
        drop((stripe, house));
        paid().await
    };
    manage(&stripe, &mut cast.alice, "stop").await;
    stripe.deliver(&house).await;
    assert_eq!(
        told(&house, ENDED).await.len(),
        0,
        "it goes on until the end of what was paid"
    );
    stripe.end(&customer);
    stripe.deliver(&house).await;
    let words = [
        "The plan of Acme Corp, Team, has ended. It is on the plan Free now.",
        "choose it on the page below.",
    ];
    read(&house, "bill@acme.test", ENDED, &words).await;
    assert_eq!(
        told(&house, ENDED).await,
        ["alice@acme.test", "bill@acme.test"]
    );
}

#[tokio::test]
async fn s1_93_a_dispute_is_told_once_and_its_end_is_no_alarm() {
    let (stripe, house, _cast, customer) = paid().await;
    for status in ["needs_response", "under_review", "won"] {
        stripe.dispute(&customer, status);
        stripe.deliver(&house).await;
    }
    let words = [
        "asked for the money back. Everything goes on as it is while the bank decides. Nothing is deleted",
    ];
    read(&house, "bill@acme.test", DISPUTED, &words).await;
    assert_eq!(
        told(&house, DISPUTED).await,
        ["alice@acme.test", "bill@acme.test"]
    );
}
