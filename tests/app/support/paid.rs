//! A Roster that is paid at a stand-in for Stripe.

use super::house::{House, Settings};
use super::stripe::{Stripe, WEBHOOK_SECRET, signature};

/// The plans of a Roster that is paid: `plans.toml` beside the stand-in.
pub const PLANS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/app/support/stripe/plans.toml"
);

impl Stripe {
    /// A Roster that is paid here, with the plans of the tests.
    pub async fn with_house() -> (Stripe, House) {
        let stripe = Self::start().await;
        let house = House::start_with(stripe.settings()).await;
        stripe.follow(&house);
        (stripe, house)
    }

    /// Settings that lead here.
    pub fn settings(&self) -> Settings {
        self.flags().into_iter().fold(
            Settings::new().set("--plans", PLANS),
            |settings, (flag, value)| settings.set(flag, value),
        )
    }

    /// Has the same time as this Roster from now on.
    pub fn follow(&self, house: &House) {
        self.keep_time(&house.clock);
    }

    /// Sends everything that happened, in its order. Each must be taken.
    pub async fn deliver(&self, house: &House) {
        self.deliver_to(&house.url).await;
    }

    /// Sends an event, signed now. Gives status and answer.
    pub async fn send(&self, house: &House, body: &str) -> (u16, String) {
        self.send_signed(
            house,
            body,
            &signature(self.seconds(), body, WEBHOOK_SECRET),
        )
        .await
    }

    pub async fn send_signed(&self, house: &House, body: &str, signature: &str) -> (u16, String) {
        self.post(&house.url, body, signature)
            .await
            .expect("Roster answers")
    }
}
