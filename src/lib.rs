//! Roster: the organization settings of a product that has workspaces, as one self-hosted program.
//!
//! Features stand at the core; pages (`web`), JSON (`api`) and the command line (`cli`) are three doors to the same
//! operations. docs/architecture.md says how the house is kept.

pub mod access; // roles and permissions as tables: who may do what, and why
pub mod accounts; // people: sign-in, sessions, addresses, tokens, profile
pub mod actor; // who asks, by what, from where
pub mod api; // the REST API
pub mod app; // everything put together
pub mod audit; // what happened: a chain of events
pub mod billing; // plans, limits, entitlements, leases, and how an organization pays
pub mod checks; // may this person do this, and why
pub mod cli; // the command line
pub mod clock; // time
pub mod config; // every setting
pub mod db; // SQLite or PostgreSQL
pub mod error; // why something was refused
pub mod grants; // which named resources somebody is limited to
pub mod idempotency; // a change asked for twice is done once
pub mod ids; // ids with a prefix that names the kind
pub mod impact; // who loses what and who gains what by a change
pub mod invitations; // offers of membership
pub mod keys; // API keys of organizations and workspaces
pub mod mail; // what Roster writes to people
pub mod members; // the directory, and what is done with members
pub mod metrics; // numbers for whoever watches
pub mod organizations; // organizations and their policies
pub mod outbox; // work done after a change
pub mod resources; // things of the host product, their kinds, and who sees which
pub mod roles; // custom workspace roles
pub mod runs; // what host products report: runs, and events for the log
pub mod text; // names, addresses, slugs
pub mod usage; // how much is done
pub mod web; // pages
pub mod workspaces; // workspaces and who is in them

mod http_client;
mod restore; // what a restored copy must not still allow
mod secret;

/// Pages are made of many small strings: the system's allocator took more than a quarter of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
