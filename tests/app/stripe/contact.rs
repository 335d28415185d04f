//! The billing address: it reaches Stripe with the customer that is made, and whenever it is changed.

use super::*;
use crate::support::stripe::Mode;
use roster::clock::MINUTE;
use serde_json::{Value, json};

const DONE: &str = "SELECT count(*) FROM outbox WHERE kind = 'stripe_contact' AND state = 'done'";

/// Name, e-mail address and address, as Stripe has them.
fn said(stripe: &Stripe) -> [Value; 3] {
    let customer = stripe.said_of(&stripe.customer());
    ["name", "email", "address"].map(|field| customer[field].clone())
}

async fn save(person: &mut Browser, email: &str, name: &str, address: &str) {
    let form = [("email", email), ("name", name), ("address", address)];
    person
        .submit("/orgs/acme-corp/billing", &form)
        .await
        .assert_status(200)
        .assert_says("Billing address saved.");
}

#[tokio::test]
async fn s1_91_the_billing_address_stands_at_stripe_from_the_first_payment_on_and_follows_every_change()
 {
    let (stripe, house, mut cast) = shop().await;
    save(
        &mut cast.bill,
        "pay@acme.test",
        "Acme Corp Ltd",
        "1 Long Street\n10115 Berlin",
    )
    .await;
    assert_eq!(
        house
            .count("SELECT count(*) FROM outbox WHERE kind = 'stripe_contact'")
            .await,
        0,
        "nobody is a customer yet"
    );
    pay(&stripe, &mut cast.alice, "team", "month").await;
    let address = json!({ "line1": "1 Long Street", "line2": "10115 Berlin" });
    assert_eq!(
        said(&stripe),
        [json!("Acme Corp Ltd"), json!("pay@acme.test"), address]
    );

    save(
        &mut cast.alice,
        "accounts@acme.test",
        "Acme Group",
        "2 Short Street",
    )
    .await;
    house.wait_until(DONE, 1).await;
    let address = json!({ "line1": "2 Short Street", "line2": null });
    assert_eq!(
        said(&stripe),
        [json!("Acme Group"), json!("accounts@acme.test"), address]
    );
    save(
        &mut cast.alice,
        "accounts@acme.test",
        "Acme Group",
        "2 Short Street",
    )
    .await;
    assert_eq!(
        stripe.seen("POST /v1/customers/").len(),
        1,
        "the same again changes nothing"
    );

    // Over the API, and taken away again.
    let bill = house.client("bill@acme.test").await;
    let path = format!(
        "/organizations/{}/billing",
        house.system("acme-corp").await.org.id
    );
    bill.put(&path, json!({ "email": "", "name": "", "address": "" }))
        .await
        .assert_status(200);
    house.wait_until(DONE, 2).await;
    assert_eq!(
        said(&stripe),
        [json!("Acme Corp"), Value::Null, Value::Null]
    );
    stripe.deliver(&house).await;
    assert_eq!(stored(&house).await, "team/team/active/");
}

#[tokio::test]
async fn s1_91_a_stripe_that_is_down_delays_a_changed_billing_address_and_loses_none() {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    for (n, mode) in [Mode::Refuse500, Mode::RateLimited, Mode::KeyRevoked]
        .into_iter()
        .enumerate()
    {
        stripe.fail(mode);
        let email = format!("pay{n}@acme.test");
        save(&mut cast.bill, &email, "", "").await;
        house.wait_until("SELECT count(*) FROM outbox WHERE kind = 'stripe_contact' AND state = 'queued' AND last_error <> ''", 1).await;
        assert_ne!(said(&stripe)[1], email.as_str());
        stripe.fail(Mode::Ok);
        house.clock.advance(MINUTE);
        house.wait_until(DONE, n as i64 + 1).await;
        assert_eq!(said(&stripe)[1], email.as_str(), "{mode:?}");
    }
    // Two changes while it was down: the newest is what arrives, whichever is sent last.
    stripe.fail(Mode::Refuse500);
    for email in ["first@acme.test", "last@acme.test"] {
        save(&mut cast.bill, email, "", "").await;
    }
    house.wait_until("SELECT count(*) FROM outbox WHERE kind = 'stripe_contact' AND state = 'queued' AND last_error <> ''", 2).await;
    stripe.fail(Mode::Ok);
    house.clock.advance(MINUTE);
    house.wait_until(DONE, 5).await;
    assert_eq!(said(&stripe)[1], "last@acme.test");
}
