//! The stories that people live, in a real Chromium.

mod harness;
#[path = "../app/support/mailbox.rs"]
mod mailbox;
mod selftest;
