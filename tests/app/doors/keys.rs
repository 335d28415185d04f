//! Keys through both doors; and every door tried by keys.

use super::inside::{Grid, LOOK_AFTER};
use super::table::{Door, MANAGERS, MANAGERS_AND_THE_REST_NOT_FOUND, Way, door, inside};
use super::world::{Needs, World};
use super::{all, fill, verdict};
use crate::support::client::Client;
use Way::{Call, Page};
use roster::access::{OrgRole, WorkspaceRole};
use roster::accounts::TokenScope;
use roster::keys::{self, NewKey};

/// Who administers the workspace themselves, and owners of the organization: a key gets no further than its maker.
pub const MAKE: Grid = ["dddddd", "ffffdd", "nfffdd", "nfffdd", "nfffff"];

/// The owner; an admin of the organization sees the workspace and has no role in it.
const OWNER_HERE: &str = "dfnnnnnns";

pub const KEY_DOORS: &[Door] = &[
    door(
        "keys::create_key",
        "key.created",
        MANAGERS,
        Needs::Nothing,
        Page(
            "/orgs/{org}/keys/new",
            "name=K+{n}&scope=read&org_role=member&workspace_role=&days=30",
        ),
        Call(
            "POST",
            "/organizations/{org_id}/keys",
            r#"{"name": "K {n}", "scope": "read", "org_role": "member"}"#,
        ),
    ),
    door(
        "keys::revoke_key",
        "key.revoked",
        MANAGERS,
        Needs::OrganizationsKey,
        Page("/orgs/{org}/keys/{key}/revoke", ""),
        Call("DELETE", "/organizations/{org_id}/keys/{key}", ""),
    ),
    inside(
        MAKE,
        door(
            "keys::create_workspace_key",
            "key.created",
            OWNER_HERE,
            Needs::OwnersWorkspace,
            Page(
                "/workspaces/{workspace}/keys/new",
                "name=K+{n}&scope=read&workspace_role=viewer&days=30",
            ),
            Call(
                "POST",
                "/workspaces/{workspace}/keys",
                r#"{"name": "K {n}", "scope": "read", "workspace_role": "viewer"}"#,
            ),
        ),
    ),
    inside(
        LOOK_AFTER,
        door(
            "keys::revoke_workspace_key",
            "key.revoked",
            MANAGERS_AND_THE_REST_NOT_FOUND,
            Needs::WorkspacesKey,
            Page("/workspaces/{workspace}/keys/{key}/revoke", ""),
            Call("DELETE", "/workspaces/{workspace}/keys/{key}", ""),
        ),
    ),
];

/// A key of Acme that is this in it, and in every workspace.
async fn key(world: &World, org_role: OrgRole, workspace_role: Option<WorkspaceRole>) -> Client {
    let owner = world
        .owner()
        .await
        .in_org(&world.acme.org.id)
        .expect("a member");
    let new = NewKey {
        name: "tries",
        scope: TokenScope::Write,
        org_role,
        workspace_role,
        days: None,
    };
    let made = keys::create_key(&world.house.app, &owner, &new)
        .await
        .expect("a key");
    Client::new(&world.house.url, &made.secret)
}

/// A key does at most what a person of its role does, at every door; and what it does stands in the log as a key's.
#[tokio::test]
async fn sec_z8_no_key_does_more_than_its_role_wherever_it_tries() {
    let mut world = World::new().await;
    // The letters of admin, member and viewer.
    for (role, letter) in [
        (OrgRole::Viewer, 4),
        (OrgRole::Member, 3),
        (OrgRole::Admin, 1),
    ] {
        let client = key(&world, role, None).await;
        world.house.execute("DELETE FROM leases").await;
        let mut done = 0;
        for door in all() {
            let Way::Call(method, path, body) = &door.call else {
                continue;
            };
            let values = world.prepare(door.needs, letter).await;
            let marker = world.events().await.len();
            let kind = if body.is_empty() {
                ""
            } else {
                "application/json"
            };
            let answer = client
                .send_text(method, &fill(path, &values), kind, &fill(body, &values))
                .await;
            let context = format!(
                "{} by a key that is {}: {}",
                door.name,
                role.label(),
                answer.json
            );
            let heard = verdict(answer.status, "");
            assert!(["d", "f", "n"].contains(&heard.as_str()), "{context}");
            let new = world.events().await.split_off(marker);
            if heard == "d" {
                let allowed = &door.by_call.unwrap_or(door.who)[letter..=letter];
                assert_eq!(allowed, "d", "{context}");
                let said: Vec<&str> = new
                    .iter()
                    .filter_map(|event| event.split_once(' '))
                    .map(|(_, said)| said)
                    .collect();
                assert_eq!(said, [format!("{} key", door.event)], "{context}");
                done += 1;
            } else {
                assert_eq!(new, Vec::<String>::new(), "{context}");
            }
            world.assert_chains(&new).await;
        }
        match role {
            OrgRole::Admin => assert!(done > 15, "an admin's key manages: {done}"),
            OrgRole::Member => assert!(done > 0, "a member's key writes what members share"),
            _ => assert_eq!(done, 0, "a viewer's key changes nothing"),
        }
    }
}
