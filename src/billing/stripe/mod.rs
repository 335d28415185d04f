//! Stripe: where a plan is paid for. Checkout starts a subscription, Stripe's portal changes and ends it, and Roster learns
//! what is true by reading it there, whenever an event, a page or the nightly round makes it look.

mod answers;
mod checkout;
mod client;
mod contact;
mod leaving;
mod queries;
mod reading;
mod signature;
mod standing;
mod telling;
mod webhook;

pub use answers::Invoice;
pub use checkout::{Going, Period, begin_checkout, come_back, open_portal};
pub(crate) use contact::{enqueue_contact, send_contact};
pub(crate) use leaving::is_paying;
pub(crate) use reading::reconcile_due;
pub use reading::{Round, look, reconcile};
pub use standing::{Payment, View};
pub(crate) use telling::tell_due;
pub use webhook::{Received, receive};

use crate::error::Refusal;

fn not_set_up() -> Refusal {
    Refusal::conflict(
        "stripe_not_set_up",
        "This Roster takes no payments: Stripe isn't set up. Whoever runs the server sets plans.",
    )
}
