//! Everything over HTTP and the command line, as people meet it. Runs on SQLite, or on the PostgreSQL server named by
//! `ROSTER_TEST_DATABASE_URL`, each test in a database of its own.

mod account;
mod api;
mod audit;
mod audit_log;
mod command_line;
mod content;
mod decisions;
mod demo;
mod directory;
mod docs;
mod doors;
mod faults;
mod http;
mod idempotency;
mod import;
mod invitations;
mod live;
mod mail;
mod members;
mod organizations;
mod policies;
mod races;
mod readme;
mod resources;
mod roles;
mod rules;
mod security;
mod sessions;
mod sign_in;
mod sign_in_github;
mod spaces;
mod structure;
mod support;
mod tokens;
mod workspaces;
