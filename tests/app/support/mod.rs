//! What the tests stand on: a running Roster, people with browsers, services with tokens, a mailbox, a stand-in GitHub.

// Each kind of test uses some of it.
#![allow(dead_code)]

pub mod browser;
pub mod client;
pub mod database;
pub mod github;
pub mod house;
pub mod mailbox;
pub mod paid;
pub mod people;
pub mod process;
pub mod program;
pub mod routes;
mod selftest;
pub mod stripe;
pub mod tls;
pub mod wire;

pub use browser::{Browser, Page};
pub use house::{House, Settings, Wire};
pub use people::{Acme, acme};
pub use program::Program;
