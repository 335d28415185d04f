//! The stories that people live, in a real Chromium.

mod harness;
mod house;
#[path = "../app/support/mailbox.rs"]
mod mailbox;
mod pages;
mod paying;
#[path = "../app/support/routes.rs"]
mod routes;
mod selftest;
mod stories;
#[path = "../app/support/stripe/mod.rs"]
mod stripe;
#[path = "../app/support/tls.rs"]
mod tls;
