//! Workspaces come to an organization and leave it, and what that does to people.

mod everyday;
mod large;
mod linking;
mod matrix;
mod people;
mod switching;
mod undoing;
mod unlinking;

use crate::support::database::Database;
use crate::support::{Browser, House};

/// Makes a workspace that stands alone and gives its id.
async fn standalone(browser: &mut Browser, name: &str) -> String {
    id_of(
        &browser
            .post("/workspaces/new", &[("name", name)])
            .await
            .assert_status(303)
            .location(),
    )
}

/// Makes a workspace in Acme Corp and gives its id.
async fn in_acme(browser: &mut Browser, name: &str) -> String {
    id_of(
        &browser
            .post("/orgs/acme-corp/workspaces/new", &[("name", name)])
            .await
            .assert_status(303)
            .location(),
    )
}

/// The id in a workspace's path.
fn id_of(path: &str) -> String {
    path.split('/')
        .nth(2)
        .expect("a workspace's path")
        .to_owned()
}

/// Gives somebody a role in a workspace as a row of the database, whoever may.
async fn give(house: &House, workspace: &str, email: &str, source: &str, role: &str) {
    house
        .execute(&format!(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
             SELECT '{workspace}', id, '{source}', '{role}', 0 FROM users WHERE email = '{email}'"
        ))
        .await;
    house
        .execute("UPDATE workspaces SET people = (SELECT COUNT(DISTINCT a.user_id) FROM access a WHERE a.workspace_id = workspaces.id)")
        .await;
    house
        .execute(
            "UPDATE members SET workspaces = (SELECT COUNT(DISTINCT a.workspace_id) FROM access a JOIN workspaces w ON w.id = a.workspace_id
             WHERE a.user_id = members.user_id AND w.org_id = members.org_id)",
        )
        .await;
}

/// The counts beside the rows are what the rows say.
async fn assert_counts(house: &House) {
    let mut database = Database::open(&house.database_url).await;
    for (what, sql) in [
        (
            "people of workspaces",
            "SELECT COUNT(*) FROM workspaces WHERE deleted_at IS NULL
             AND people <> (SELECT COUNT(DISTINCT a.user_id) FROM access a WHERE a.workspace_id = workspaces.id)",
        ),
        (
            "workspaces of members",
            "SELECT COUNT(*) FROM members WHERE user_id IS NOT NULL AND workspaces <> (SELECT COUNT(DISTINCT a.workspace_id) FROM access a
             JOIN workspaces w ON w.id = a.workspace_id WHERE a.user_id = members.user_id AND w.org_id = members.org_id)",
        ),
        (
            "workspaces of organizations",
            "SELECT COUNT(*) FROM organizations WHERE deleted_at IS NULL AND workspaces <> (SELECT COUNT(*) FROM workspaces w
             WHERE w.org_id = organizations.id AND w.deleted_at IS NULL)",
        ),
        (
            "members of organizations",
            "SELECT COUNT(*) FROM organizations WHERE deleted_at IS NULL AND members <> (SELECT COUNT(*) FROM members m
             WHERE m.org_id = organizations.id AND m.user_id IS NOT NULL)",
        ),
        (
            "owners of standalone workspaces",
            "SELECT COUNT(*) FROM workspaces w WHERE w.org_id IS NULL AND w.deleted_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM access a WHERE a.workspace_id = w.id AND a.role = 'owner')",
        ),
    ] {
        assert_eq!(database.number(sql).await, 0, "{what}");
    }
}
