//! `/orgs/{org}/roles`: what each organization role can do, drawn from the one table.

use super::page::{self, Shell};
use super::session::Member;
use crate::access::{self, PERMISSIONS, ROLES};
use askama::Template;
use axum::response::Response;

struct Column {
    label: &'static str,
    /// Its name in the API.
    name: &'static str,
    offered: bool,
    explains: &'static str,
    yours: bool,
}

struct Line {
    label: &'static str,
    /// One for each column.
    allowed: Vec<bool>,
}

#[derive(Template)]
#[template(path = "roles/index.html")]
struct Index {
    shell: Shell,
    base: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

/// `GET /orgs/{org}/roles`
pub async fn index(Member { actor, visitor }: Member) -> Response {
    let policies = &actor.org.policies;
    let columns = ROLES.into_iter().map(|role| Column {
        label: policies.label(role),
        name: role.as_str(),
        offered: policies.offers(role),
        explains: role.explains(),
        yours: role == actor.role,
    });
    let lines = PERMISSIONS.into_iter().map(|permission| Line {
        label: permission.label(),
        allowed: ROLES.into_iter().map(|role| access::allows(role, permission)).collect(),
    });
    page::ok(&Index {
        shell: Shell::org(&visitor, &actor, "Roles", "Roles"),
        base: format!("/orgs/{}", actor.org.slug),
        columns: columns.collect(),
        lines: lines.collect(),
    })
}
