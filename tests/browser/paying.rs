//! Paying, as people live it: from the free plan to a paid one at Stripe's own pages and back, through a payment that failed, to
//! the end of it; and the slots that an open page follows by itself.

use crate::harness::{Browser, Person};
use crate::house::House;
use crate::pages::complaints;
use crate::stripe::Stripe;
use roster::access::OrgRole;
use std::time::Duration;

const PAYMENTS: &str = "/orgs/acme-corp/billing/payments";
const MEMBERS: &str = "/orgs/acme-corp/members";
const FAILED: &str = "The last payment failed.";

/// Who acts, and what is looked at on the way.
struct Story {
    stripe: Stripe,
    house: House,
    scripts: bool,
}

impl Story {
    /// Somebody of Acme Corp at a browser.
    async fn person(&self, browser: &Browser, email: &str) -> Person {
        let person = browser.context().await;
        person.javascript(self.scripts).await;
        self.house.let_in(&person, email).await;
        person
    }

    /// Opens one of our pages and looks at it as a person may.
    async fn open(&self, person: &Person, path: &str) {
        person.goto(&self.house.at(path)).await;
        self.look(person).await;
    }

    /// The page that is open is one of ours, and nothing on it is in anybody's way.
    async fn look(&self, person: &Person) {
        let url = person.url().await;
        assert!(url.starts_with(&self.house.url), "one of our pages: {url}");
        if self.scripts {
            // What the browser missed at Stripe's pages is nothing of ours.
            let found: Vec<String> = complaints(person, &url)
                .await
                .into_iter()
                .filter(|line| !line.contains(&self.stripe.url()))
                .collect();
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
    }

    async fn tell(&self) {
        self.stripe.deliver_to(&self.house.url).await;
    }
}

async fn from_free_to_paid_to_ended(scripts: bool) {
    let stripe = Stripe::start().await;
    let house = House::start_paid(&stripe).await;
    let story = Story {
        stripe,
        house,
        scripts,
    };
    let browser = Browser::start().await;
    let alice = story.person(&browser, "alice@acme.test").await;
    story.house.create_org(&alice, "Acme Corp").await;
    for (email, name, role) in [
        ("bill@acme.test", "Bill Moreau", OrgRole::Billing),
        ("bob@acme.test", "Bob Tanaka", OrgRole::Admin),
        ("carol@acme.test", "Carol Reyes", OrgRole::Member),
    ] {
        story.house.add_member("acme-corp", email, name, role).await;
    }
    let bill = story.person(&browser, "bill@acme.test").await;
    let (bob, carol) = (
        story.person(&browser, "bob@acme.test").await,
        story.person(&browser, "carol@acme.test").await,
    );

    // Alice reads what the plan is, chooses another, pays at Stripe, and comes back.
    story.open(&alice, "/orgs/acme-corp/billing").await;
    alice.wait_text("Plan Free").await;
    alice
        .click_text("Payments, invoices and changing the plan")
        .await;
    alice.wait_text("Choose a plan").await;
    story.look(&alice).await;
    alice.click_text("Team: Pay monthly").await;
    alice.wait_text("Subscribe to price_team_month").await;
    assert!(
        alice.url().await.starts_with(&story.stripe.url()),
        "at Stripe: {}",
        alice.url().await
    );
    alice.click_text("Pay").await;
    alice.wait_text("Thank you.").await;
    alice.wait_text("State Paid").await;
    story.look(&alice).await;
    story.tell().await;

    fails_and_is_paid(&story, [&alice, &bill], [&bob, &carol]).await;

    // She ends it, and has the free plan when what was paid for is over.
    story.open(&alice, PAYMENTS).await;
    alice.click_text("Manage payment and invoices").await;
    alice.wait_text("Your subscription").await;
    alice.click_text("stop").await;
    alice.wait_text("State Ends soon").await;
    story.look(&alice).await;
    story.stripe.end(&story.stripe.customer());
    story.tell().await;
    story.open(&alice, PAYMENTS).await;
    alice.wait_text("State Ended").await;
    alice.wait_text("Choose a plan").await;
    story.open(&bill, "/orgs/acme-corp/billing").await;
    bill.wait_text("Plan Free").await;
    let mail = story
        .house
        .mailbox
        .wait_for("bill@acme.test", "Acme Corp is on the plan Free now")
        .await;
    assert!(mail.text.contains("Nothing was deleted"), "{}", mail.text);
}

/// A payment fails: who can pay reads it on every page and by mail, follows the mail, and pays; others are left in peace.
async fn fails_and_is_paid(story: &Story, payers: [&Person; 2], others: [&Person; 2]) {
    story.stripe.payment_fails(&story.stripe.customer());
    story.tell().await;
    for person in payers {
        story.open(person, MEMBERS).await;
        person.wait_text(FAILED).await;
        person.wait_text("Acme Corp keeps its plan until").await;
    }
    for person in others {
        story.open(person, MEMBERS).await;
        person.wait_text("Bill Moreau").await;
        assert!(
            !person.shown().await.contains(FAILED),
            "who can't act is not alarmed"
        );
    }
    let [_, bill] = payers;
    let mail = story
        .house
        .mailbox
        .wait_for("bill@acme.test", "A payment of Acme Corp failed")
        .await;
    bill.goto(&mail.link("/billing/")).await;
    bill.wait_text("State Payment failed").await;
    bill.wait_text("Time to pay until").await;
    bill.wait_text("What to do: choose “Manage payment and invoices”")
        .await;
    story.look(bill).await;
    bill.click_text("Manage payment and invoices").await;
    bill.wait_text("Your subscription").await;
    bill.click_text("pay").await;
    bill.wait_text("State Paid").await;
    story.look(bill).await;
    for person in payers {
        story.open(person, MEMBERS).await;
        assert!(!person.shown().await.contains(FAILED), "it is paid");
    }
}

#[tokio::test]
async fn s2_50_s3_50_s1_93_an_organization_goes_from_free_to_paid_to_past_due_to_paid_to_ended() {
    from_free_to_paid_to_ended(true).await;
}

#[tokio::test]
async fn s2_50_s3_50_s1_93_the_same_payments_without_javascript() {
    from_free_to_paid_to_ended(false).await;
}

#[tokio::test]
async fn s2_45_an_open_page_follows_the_slots_by_itself() {
    let (house, browser) = (House::start().await, Browser::start().await);
    let mut alice = browser.context().await;
    house.let_in(&alice, "alice@acme.test").await;
    house.create_org(&alice, "Acme Corp").await;
    let usage = browser.context().await;
    house.let_in(&usage, "alice@acme.test").await;
    usage.goto(&house.at("/orgs/acme-corp/usage")).await;
    usage.wait_text("Nothing runs.").await;
    alice.goto(&house.at("/orgs/acme-corp/leases")).await;
    alice.wait_text("0 of 1 in use").await;
    let _: bool = alice.value("window.stays = true").await;
    house.lease("acme-corp", "alice@acme.test", "crawl 1").await;
    // It asks every fifteen seconds.
    alice.patience = Duration::from_secs(40);
    alice.wait_text("1 of 1 in use").await;
    alice.wait_text("crawl 1").await;
    assert!(
        alice.value::<bool>("window.stays === true").await,
        "the page was never loaded anew"
    );
    let found = complaints(&alice, "slots in use").await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    usage.wait_text("Runs at once 1 of 1 · 100 %").await;
    usage.wait_text("In use by alice since").await;
    let found = complaints(&usage, "usage with a limit that is reached").await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    alice.click_text("Release the slot of crawl 1").await;
    alice.wait_text("The slot of crawl 1 is free.").await;
}
