//! The same against a stand-in that others wrote and keep: `localstripe`, which holds customers, subscriptions, invoices and
//! charges, and sends signed events itself. `script/test` puts it into `target/localstripe`.
//!
//! It lacks what our own stand-in (`tests/app/support/stripe`) is for: checkout and portal sessions, disputes, API versions,
//! idempotency keys and the codes of errors. It lists charges oldest first, where Stripe lists the newest first.

use super::*;
use crate::support::Settings;
use crate::support::paid::PLANS;
use crate::support::stripe::{KEY, WEBHOOK_SECRET};
use crate::support::tls::tls;
use serde_json::Value;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Serves on loopback alone and keeps nothing on the disk; its own command listens everywhere and writes to /tmp.
const SERVE: &str = "
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, host='127.0.0.1', port=int(sys.argv[1]), print=None)
";

struct Localstripe {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Drop for Localstripe {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Localstripe {
    /// Starts it on a free port. `None`, and a line that no test harness holds back, where it isn't installed.
    async fn start() -> Option<Self> {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/localstripe/bin/python");
        if !std::path::Path::new(python).exists() {
            let skipped =
                "SKIPPED: localstripe isn't in target/localstripe, where script/test installs it";
            writeln!(std::io::stderr(), "\n{skipped}").expect("stderr takes a line");
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .port();
        let mut command = Command::new(python);
        command
            .args(["-c", SERVE, &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("Python starts");
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .build()
            .expect("a client");
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            http,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.http.get(&server.url).send().await.is_err() {
            assert!(
                matches!(server.child.try_wait(), Ok(None)),
                "localstripe ended"
            );
            assert!(Instant::now() < deadline, "localstripe doesn't answer");
            tokio::task::yield_now().await;
        }
        Some(server)
    }

    /// Does something as Stripe's own pages and other programs of the customer's would.
    async fn call(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(KEY);
        let request = if fields.is_empty() {
            request
        } else {
            request.form(fields)
        };
        let answer = request.send().await.expect("localstripe answers");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect("JSON")
        }
    }

    /// The customer pays by this card from now on.
    async fn pay_by(&self, customer: &str, number: &str) {
        let card = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2040"),
            ("card[cvc]", "123"),
        ];
        let card = self.call("POST", "/v1/payment_methods", &card).await["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        self.call(
            "POST",
            &format!("/v1/payment_methods/{card}/attach"),
            &[("customer", customer)],
        )
        .await;
        let fields = [("invoice_settings[default_payment_method]", card.as_str())];
        self.call("POST", &format!("/v1/customers/{customer}"), &fields)
            .await;
    }

    async fn invoices(&self, customer: &str) -> Vec<Value> {
        let list = self
            .call("GET", &format!("/v1/invoices?customer={customer}"), &[])
            .await;
        list["data"].as_array().expect("a list").clone()
    }
}

/// A Roster that is paid there and told of what happens, and everybody of Acme Corp.
async fn shop_at(stripe: &Localstripe) -> (House, Acme) {
    let settings = Settings::new()
        .set("--plans", PLANS)
        .set("--stripe-api-key", KEY)
        .set("--stripe-webhook-secret", WEBHOOK_SECRET);
    let house = House::start_with(settings.set("--stripe-api-url", &stripe.url)).await;
    let hook = format!("{}/stripe/webhook", house.url);
    stripe
        .call(
            "POST",
            "/_config/webhooks/roster",
            &[("url", &hook), ("secret", WEBHOOK_SECRET)],
        )
        .await;
    for (price, amount, every) in [
        ("price_team_month", "4900", "month"),
        ("price_team_year", "49000", "year"),
    ] {
        let plan = [
            ("id", price),
            ("amount", amount),
            ("currency", "eur"),
            ("interval", every),
            ("product[name]", price),
        ];
        stripe.call("POST", "/v1/plans", &plan).await;
    }
    let cast = acme(&house).await;
    (house, cast)
}

async fn becomes(house: &House, status: &str, plan: &str) {
    let found = format!(
        "SELECT count(*) FROM billing_accounts WHERE status = '{status}' AND paid_plan = '{plan}'"
    );
    house.wait_until(&found, 1).await;
}

#[tokio::test]
async fn s2_50_s3_50_s1_91_free_paid_past_due_paid_and_ended_at_a_stripe_that_others_wrote() {
    let Some(stripe) = Localstripe::start().await else {
        return;
    };
    let (house, mut cast) = shop_at(&stripe).await;
    let address = [
        ("email", "pay@acme.test"),
        ("name", "Acme Corp Ltd"),
        ("address", "1 Long Street\nBerlin"),
    ];
    cast.bill
        .post("/orgs/acme-corp/billing", &address)
        .await
        .assert_status(303);
    // It has no Checkout, so the way there ends; the customer is made.
    let wish = [("plan", "team"), ("every", "month")];
    cast.alice
        .submit("/orgs/acme-corp/billing/checkout", &wish)
        .await
        .assert_says("You are still here.");
    let customer = Database::open(&house.database_url)
        .await
        .texts("SELECT stripe_customer_id FROM billing_accounts")
        .await
        .remove(0);
    let made = stripe
        .call("GET", &format!("/v1/customers/{customer}"), &[])
        .await;
    assert_eq!(
        (&made["name"], &made["email"]),
        (&"Acme Corp Ltd".into(), &"pay@acme.test".into())
    );
    assert_eq!(
        made["address"],
        serde_json::json!({ "line1": "1 Long Street", "line2": "Berlin" })
    );
    assert_eq!(
        made["metadata"]["roster_organization"],
        house.system("acme-corp").await.org.id.as_str()
    );

    stripe.pay_by(&customer, "4242424242424242").await;
    let subscription = [
        ("customer", customer.as_str()),
        ("items[0][plan]", "price_team_month"),
    ];
    let subscription = stripe
        .call("POST", "/v1/subscriptions", &subscription)
        .await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    becomes(&house, "active", "team").await;
    assert_eq!(stored(&house).await, "team/team/active/");
    let page = cast
        .alice
        .get("/orgs/acme-corp/billing/payments")
        .await
        .assert_says("Plan Team")
        .assert_says("Next payment");
    page.assert_says("EUR 49.00 Paid")
        .assert_says("by the month");

    // The card is declined when the subscription goes over to the year.
    stripe.pay_by(&customer, "4000000000000341").await;
    stripe
        .call(
            "POST",
            &format!("/v1/subscriptions/{subscription}"),
            &[("items[0][plan]", "price_team_year")],
        )
        .await;
    becomes(&house, "past_due", "team").await;
    house
        .mailbox
        .wait_for("pay@acme.test", "A payment of Acme Corp failed")
        .await;
    cast.bill
        .get("/orgs/acme-corp/billing/payments")
        .await
        .assert_says("Payment failed")
        .assert_says("Time to pay until");

    stripe.pay_by(&customer, "4242424242424242").await;
    let open = stripe
        .invoices(&customer)
        .await
        .into_iter()
        .find(|invoice| invoice["status"] == "open")
        .expect("an open invoice");
    stripe
        .call(
            "POST",
            &format!("/v1/invoices/{}/pay", open["id"].as_str().expect("an id")),
            &[],
        )
        .await;
    becomes(&house, "active", "team").await;
    cast.alice
        .get("/orgs/acme-corp/billing/managed")
        .await
        .assert_status(303);
    cast.alice
        .get("/orgs/acme-corp/billing/payments")
        .await
        .assert_says("by the year")
        .assert_says("State Paid");

    stripe
        .call("DELETE", &format!("/v1/subscriptions/{subscription}"), &[])
        .await;
    becomes(&house, "cancelled", "").await;
    assert_eq!(stored(&house).await, "//cancelled/");
    house
        .mailbox
        .wait_for("pay@acme.test", "Acme Corp is on the plan Free now")
        .await;
    assert!(
        house.count("SELECT count(*) FROM stripe_events").await >= 4,
        "its events were taken, each once"
    );
}

#[tokio::test]
async fn s1_91_a_changed_billing_address_and_a_refund_at_a_stripe_that_others_wrote() {
    let Some(stripe) = Localstripe::start().await else {
        return;
    };
    let (house, mut cast) = shop_at(&stripe).await;
    cast.alice
        .submit(
            "/orgs/acme-corp/billing/checkout",
            &[("plan", "team"), ("every", "month")],
        )
        .await
        .assert_says("You are still here.");
    let customer = Database::open(&house.database_url)
        .await
        .texts("SELECT stripe_customer_id FROM billing_accounts")
        .await
        .remove(0);
    cast.bill
        .post(
            "/orgs/acme-corp/billing",
            &[("email", "pay@acme.test"), ("name", ""), ("address", "")],
        )
        .await
        .assert_status(303);
    house
        .wait_until(
            "SELECT count(*) FROM outbox WHERE kind = 'stripe_contact' AND state = 'done'",
            1,
        )
        .await;
    let said = stripe
        .call("GET", &format!("/v1/customers/{customer}"), &[])
        .await;
    assert_eq!(
        (&said["email"], &said["name"]),
        (&"pay@acme.test".into(), &"Acme Corp".into())
    );

    stripe.pay_by(&customer, "4242424242424242").await;
    stripe
        .call(
            "POST",
            "/v1/subscriptions",
            &[
                ("customer", &customer),
                ("items[0][plan]", "price_team_month"),
            ],
        )
        .await;
    becomes(&house, "active", "team").await;
    let charges = stripe
        .call("GET", &format!("/v1/charges?customer={customer}"), &[])
        .await;
    stripe
        .call(
            "POST",
            "/v1/refunds",
            &[("charge", charges["data"][0]["id"].as_str().expect("an id"))],
        )
        .await;
    // It sends no event of a refund: whoever looks, or the nightly round, finds out.
    cast.alice
        .get("/orgs/acme-corp/billing/managed")
        .await
        .assert_status(303);
    assert_eq!(stored(&house).await, "team/team/active/refunded");
}
