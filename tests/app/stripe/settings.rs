//! Settings, and what must never be read anywhere.

use super::*;
use crate::support::stripe::{KEY, Mode, WEBHOOK_SECRET};
use roster::config::Config;

const GOOD: [(&str, &str); 2] = [
    ("ROSTER_STRIPE_API_KEY", "sk_test_1"),
    ("ROSTER_STRIPE_WEBHOOK_SECRET", "whsec_1"),
];

#[tokio::test]
async fn wrong_settings_for_stripe_stop_the_start_with_one_sentence_that_holds_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&[(&str, &str)], &str); 7] = [
        (
            &GOOD[..1],
            "ROSTER_STRIPE_API_KEY and ROSTER_STRIPE_WEBHOOK_SECRET belong together; one of them is missing",
        ),
        (&GOOD[1..], "belong together; one of them is missing"),
        (
            &[("ROSTER_STRIPE_API_KEY", "pk_live_public"), GOOD[1]],
            "must be a secret or restricted key, which begins with sk_ or rk_",
        ),
        (
            &[("ROSTER_STRIPE_API_KEY", "sk_test_ 1\n"), GOOD[1]],
            "must be a secret or restricted key",
        ),
        (
            &[GOOD[0], ("ROSTER_STRIPE_WEBHOOK_SECRET", "we_1abc")],
            "must be an endpoint's signing secret, which begins with whsec_",
        ),
        (
            &[
                GOOD[0],
                GOOD[1],
                ("ROSTER_STRIPE_API_URL", "http://stripe.example"),
            ],
            "must begin with https://, except on this machine",
        ),
        (
            &[GOOD[0], GOOD[1], ("ROSTER_STRIPE_API_URL", "stripe")],
            "ROSTER_STRIPE_API_URL (--stripe-api-url) must be a web address",
        ),
    ];
    for (settings, says) in cases {
        let program = settings
            .iter()
            .fold(Program::new(folder.path()), |program, (name, value)| {
                program.set(name, *value)
            });
        let ran = program
            .run(&["serve"])
            .await
            .assert_code(1)
            .assert_says(says);
        assert_eq!(
            ran.err.trim().lines().count(),
            1,
            "one sentence: {}",
            ran.err
        );
        for secret in ["sk_test_1", "whsec_1", "pk_live_public", "we_1abc"] {
            assert!(
                !ran.err.contains(secret) && !ran.out.contains(secret),
                "{secret} is said: {}",
                ran.err
            );
        }
    }
    let mut help = Program::new(folder.path());
    for (name, value) in GOOD {
        help = help.set(name, value);
    }
    let help = help
        .run(&["--help"])
        .await
        .assert_code(0)
        .assert_says("ROSTER_STRIPE_API_KEY");
    assert!(
        !help.out.contains("sk_test_1") && !help.out.contains("whsec_1"),
        "the help holds no secret"
    );
}

#[tokio::test]
async fn without_stripe_there_is_nothing_to_pay_and_no_webhook() {
    let house = House::start().await;
    let mut cast = acme(&house).await;
    let page = cast
        .alice
        .submit(
            "/orgs/acme-corp/billing/checkout",
            &[("plan", "team"), ("every", "month")],
        )
        .await;
    assert!(page.status == 200 || page.status == 404, "{}", page.status);
    let stripe = Stripe::start().await;
    assert_eq!(
        stripe
            .send(
                &house,
                r#"{"id": "evt_1", "type": "invoice.paid", "data": {"object": {}}}"#
            )
            .await
            .0,
        404
    );
    let ran = Program::beside(&house)
        .run(&["billing", "reconcile"])
        .await
        .assert_code(1);
    ran.assert_says("Stripe isn't set up");
}

#[tokio::test]
async fn sec_l3_the_secrets_of_stripe_are_never_shown_logged_or_kept() {
    let (stripe, house, mut cast) = shop().await;
    let debug = format!("{:?}", house.app.config);
    assert!(debug.contains("(hidden)"));
    pay(&stripe, &mut cast.alice, "team", "month").await;
    let mut seen = vec![debug];
    for mode in [Mode::KeyRevoked, Mode::Refuse500, Mode::Ok] {
        stripe.fail(mode);
        for path in [
            "/orgs/acme-corp/billing/payments",
            "/orgs/acme-corp/audit",
            "/orgs/acme-corp/billing/managed",
        ] {
            seen.push(cast.alice.open(path).await.body);
        }
        seen.push(
            cast.alice
                .post("/orgs/acme-corp/billing/portal", &[])
                .await
                .body,
        );
        stripe.payment_fails(&stripe.customer());
        for event in stripe.events() {
            seen.push(stripe.send(&house, &event.body).await.1);
        }
    }
    let mut database = Database::open(&house.database_url).await;
    for column in ["changes", "target_name", "actor_name", "client"] {
        seen.extend(
            database
                .texts(&format!("SELECT {column} FROM audit_events"))
                .await,
        );
    }
    seen.extend(
        database
            .texts("SELECT stripe_invoices FROM billing_accounts")
            .await,
    );
    for text in seen {
        assert!(
            !text.contains(KEY) && !text.contains(WEBHOOK_SECRET),
            "a secret in: {text}"
        );
    }
}

/// Settings can be built from their defaults alone, as the test of the README does.
#[test]
fn the_settings_of_stripe_stand_under_billing() {
    use clap::Args;
    let command = Config::augment_args(clap::Command::new("roster"));
    let under: Vec<_> = command
        .get_arguments()
        .filter(|a| a.get_help_heading() == Some("Billing"))
        .map(|a| a.get_id().as_str())
        .collect();
    assert_eq!(
        under,
        [
            "plans",
            "stripe_api_key",
            "stripe_webhook_secret",
            "stripe_api_url"
        ]
    );
}
