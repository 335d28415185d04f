//! The stories that people live, in a real Chromium.

mod harness;
mod house;
#[path = "../app/support/mailbox.rs"]
mod mailbox;
mod pages;
#[path = "../app/support/routes.rs"]
mod routes;
mod selftest;
mod stories;
