//! Every operation × everybody × both doors: the same verdict, and exactly one audit event where it was done.
//!
//! Shows rows S1-30, S1-31, S1-32, S3-1, S3-5, S3-7, S4-4, S5-20, S5-22, S5-23 and SEC-Z1, Z3, Z4, Z5, Z8, Z11, L1.

mod account;
mod billing;
mod inside;
mod keys;
mod leaving;
mod resources;
mod stripe;
mod table;
mod to_workspace;
mod world;

use crate::support::routes::{self, Route};
use account::ACCOUNT_DOORS;
use billing::BILLING_DOORS;
use keys::KEY_DOORS;
use resources::RESOURCE_DOORS;
use stripe::STRIPE_DOORS;
use table::{Door, ELSEWHERE, MEMBERS_DOORS, ORGANIZATION_DOORS, OWN_DOORS, ROLE_DOORS, Way};
use to_workspace::WORKSPACE_INVITATION_DOORS;
use world::{CAST, World};

fn fill(text: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
            .replace(&format!("{{{name}_id}}"), value)
    })
}

/// What somebody heard, as a letter of the table; the status where it is none of these.
fn verdict(status: u16, location: &str) -> String {
    match status {
        303 | 204 if location.starts_with("/sign-in?next=") => "s".into(),
        200..=399 => "d".into(),
        401 => "s".into(),
        403 => "f".into(),
        404 => "n".into(),
        other => other.to_string(),
    }
}

/// The ways to try an operation: its page as a form sends it and as htmx does, and its call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    Form,
    Htmx,
    Call,
}

async fn attempt(
    world: &mut World,
    door: &Door,
    carrier: Carrier,
    who: usize,
    values: &[(&str, String)],
) -> String {
    let someone = &mut world.people[who];
    match (carrier, &door.page, &door.call) {
        (Carrier::Call, _, Way::Call(method, path, body)) => {
            let kind = if body.is_empty() {
                ""
            } else {
                "application/json"
            };
            let answer = someone
                .client
                .send_text(method, &fill(path, values), kind, &fill(body, values))
                .await;
            if answer.status >= 400 {
                assert_eq!(
                    answer.header("content-type"),
                    "application/problem+json",
                    "{}",
                    answer.json
                );
            }
            verdict(answer.status, "")
        }
        (Carrier::Form | Carrier::Htmx, Way::Page(path, fields), _) => {
            someone.browser.htmx = carrier == Carrier::Htmx;
            let page = someone
                .browser
                .send(
                    reqwest::Method::POST,
                    &fill(path, values),
                    Some(fill(fields, values)),
                )
                .await;
            let heard = verdict(page.status, &page.location());
            assert!(
                page.status < 400 || heard.len() == 1,
                "{}: {} {}",
                door.name,
                page.status,
                page.text()
            );
            heard
        }
        _ => unreachable!("only ways that are there are tried"),
    }
}

/// Tries one operation in one way as everybody, those who may not first.
async fn try_as_everybody(world: &mut World, door: &Door, carrier: Carrier) {
    if carrier == Carrier::Call {
        refuse_the_reader(world, door).await;
    }
    for who in (0..CAST.len()).rev() {
        let expected = match door.by_call {
            Some(letters) if carrier == Carrier::Call => &letters[who..=who],
            _ => &door.who[who..=who],
        };
        let context = format!("{} by {} ({carrier:?})", door.name, CAST[who]);
        let values = world.prepare(door.needs, who).await;
        let marker = world.events().await.len();
        let heard = attempt(world, door, carrier, who, &values).await;
        assert_eq!(heard, expected, "{context}");
        let new = world.events().await.split_off(marker);
        let kind = if carrier == Carrier::Call {
            "token"
        } else {
            "user"
        };
        let said: Vec<&str> = new
            .iter()
            .filter_map(|event| event.split_once(' '))
            .map(|(_, said)| said)
            .collect();
        let wanted = format!("{} {kind}", door.event);
        let wanted = if expected == "d" {
            vec![wanted.as_str()]
        } else {
            Vec::new()
        };
        assert_eq!(
            said, wanted,
            "{context}: one event where it was done, none where it was not"
        );
        world.assert_chains(&new).await;
    }
}

/// The owner's own token that may only read does nothing that the owner may do.
async fn refuse_the_reader(world: &mut World, door: &Door) {
    let values = &world.prepare(door.needs, 0).await;
    let before = world.events().await.len();
    let Way::Call(method, path, body) = &door.call else {
        return;
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "application/json"
    };
    let answer = world
        .reader
        .send_text(method, &fill(path, values), kind, &fill(body, values))
        .await;
    assert_eq!(
        answer.json["code"], "token_read_only",
        "{}: {}",
        door.name, answer.json
    );
    assert_eq!(
        world.events().await.len(),
        before,
        "{} with a token that may only read",
        door.name
    );
}

/// Every line of the table.
fn all() -> Vec<&'static Door> {
    MEMBERS_DOORS
        .iter()
        .chain(ORGANIZATION_DOORS)
        .chain(ACCOUNT_DOORS)
        .chain(OWN_DOORS)
        .chain(ROLE_DOORS)
        .chain(RESOURCE_DOORS)
        .chain(WORKSPACE_INVITATION_DOORS)
        .chain(STRIPE_DOORS)
        .chain(BILLING_DOORS)
        .chain(KEY_DOORS)
        .collect()
}

fn carriers(door: &Door) -> Vec<Carrier> {
    let mut carriers = Vec::new();
    if matches!(door.page, Way::Page(..)) {
        carriers.extend([Carrier::Form, Carrier::Htmx]);
    }
    if matches!(door.call, Way::Call(..)) {
        carriers.push(Carrier::Call);
    }
    carriers
}

async fn walk(doors: &[Door], only: Carrier) {
    let mut shared = None;
    for door in doors.iter().filter(|door| carriers(door).contains(&only)) {
        if door.alone {
            if only != Carrier::Htmx {
                try_as_everybody(&mut World::new().await, door, only).await;
            }
            continue;
        }
        if shared.is_none() {
            shared = Some(World::new().await);
        }
        if let Some(world) = &mut shared {
            try_as_everybody(world, door, only).await;
        }
    }
}

#[tokio::test]
async fn s1_30_s1_31_s1_32_sec_z1_sec_l1_members_and_invitations_by_form() {
    walk(MEMBERS_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z3_members_and_invitations_by_htmx() {
    walk(MEMBERS_DOORS, Carrier::Htmx).await;
}

#[tokio::test]
async fn s1_30_s1_31_s1_32_sec_z1_sec_z8_sec_l1_members_and_invitations_by_call() {
    walk(MEMBERS_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s1_30_s3_1_s3_5_s3_7_s4_4_s5_22_s5_23_sec_z11_organizations_by_form() {
    walk(ORGANIZATION_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z3_organizations_by_htmx() {
    walk(ORGANIZATION_DOORS, Carrier::Htmx).await;
}

#[tokio::test]
async fn s1_30_s3_1_s3_5_s3_7_s4_4_s5_22_s5_23_sec_z11_organizations_by_call() {
    walk(ORGANIZATION_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn sec_z1_sec_z4_custom_roles_by_form() {
    walk(ROLE_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z3_custom_roles_by_htmx() {
    walk(ROLE_DOORS, Carrier::Htmx).await;
}

#[tokio::test]
async fn sec_z1_sec_z8_custom_roles_by_call() {
    walk(ROLE_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s4_5_s4_10_s4_12_sec_z1_resources_by_form() {
    walk(RESOURCE_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z3_resources_by_htmx() {
    walk(RESOURCE_DOORS, Carrier::Htmx).await;
}

#[tokio::test]
async fn s4_5_s4_10_s4_12_sec_z1_resources_by_call() {
    walk(RESOURCE_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s5_20_sec_s7_what_is_ones_own_by_form() {
    walk(ACCOUNT_DOORS, Carrier::Form).await;
    walk(OWN_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z3_what_is_ones_own_by_htmx() {
    walk(ACCOUNT_DOORS, Carrier::Htmx).await;
    walk(OWN_DOORS, Carrier::Htmx).await;
}

#[tokio::test]
async fn s5_20_sec_s7_sec_z8_what_is_ones_own_by_call() {
    walk(ACCOUNT_DOORS, Carrier::Call).await;
    walk(OWN_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn sec_z1_sec_z4_workspace_invitations_by_form() {
    walk(WORKSPACE_INVITATION_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn sec_z1_sec_z8_workspace_invitations_by_call() {
    walk(WORKSPACE_INVITATION_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s1_93_s3_50_sec_z1_going_to_stripe_by_form() {
    walk(STRIPE_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn s1_93_s3_50_sec_z1_sec_z8_going_to_stripe_by_call() {
    walk(STRIPE_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s1_93_s3_1_s3_6_sec_z1_billing_by_form() {
    walk(BILLING_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn s1_93_s3_1_s3_6_s5_23_sec_z1_sec_z8_billing_by_call() {
    walk(BILLING_DOORS, Carrier::Call).await;
}

#[tokio::test]
async fn s2_43_s5_6_sec_z1_keys_by_form() {
    walk(KEY_DOORS, Carrier::Form).await;
}

#[tokio::test]
async fn s2_43_s5_6_sec_z1_sec_z8_keys_by_call() {
    walk(KEY_DOORS, Carrier::Call).await;
}

/// Fails with the routes that change something and stand neither in the table nor among those with a reason.
#[test]
fn sec_z1_sec_l1_every_route_that_changes_something_has_its_line() {
    let doors = all();
    let mut missing = Vec::new();
    let excused = |path: &str| {
        ELSEWHERE
            .iter()
            .any(|(route, reason)| *route == path && !reason.is_empty())
    };
    let changes = |route: &Route| {
        route
            .methods
            .iter()
            .filter(|m| **m != "GET")
            .map(|m| m.to_string())
            .collect::<Vec<_>>()
    };
    for route in routes::pages() {
        for method in changes(&route) {
            let listed = method == "POST"
                && doors.iter().any(
                    |door| matches!(door.page, Way::Page(path, _) if path_matches(path, &route)),
                );
            if !listed && !excused(&route.path) {
                missing.push(format!("{method} {}", route.path));
            }
        }
    }
    for route in routes::calls() {
        for method in changes(&route) {
            let same = |m: &str, path: &str| m == method && path_matches(path, &route);
            let listed = doors
                .iter()
                .any(|door| matches!(door.call, Way::Call(m, path, _) if same(m, path)));
            if !listed && !excused(&route.path) {
                missing.push(format!("{method} /api/v1{}", route.path));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "give each its line in tests/app/doors/table.rs, with both ways or the reason for one:\n  {}",
        missing.join("\n  ")
    );
    for (route, _) in ELSEWHERE {
        let there = routes::pages()
            .iter()
            .chain(&routes::calls())
            .any(|r| r.path == *route);
        assert!(there, "{route} is excused and not there");
    }
    for door in doors {
        if let Way::Page(path, _) = door.page {
            assert!(
                routes::pages()
                    .iter()
                    .any(|r| r.has("POST") && path_matches(path, r)),
                "{}: there is no page {path}",
                door.name
            );
        }
        if let Way::Call(method, path, _) = door.call {
            assert!(
                routes::calls()
                    .iter()
                    .any(|r| r.has(method) && path_matches(path, r)),
                "{}: no call {method} {path}",
                door.name
            );
        }
        assert_eq!(door.who.len(), CAST.len(), "{}", door.name);
        for way in [&door.page, &door.call] {
            assert!(
                !matches!(way, Way::None("")),
                "{} says no reason",
                door.name
            );
        }
    }
}

/// Whether an address of the table is this route: the names of its parts may differ.
fn path_matches(path: &str, route: &Route) -> bool {
    let parts = |path: &str| -> Vec<String> {
        let path = path.split('?').next().unwrap_or_default();
        path.split('/')
            .map(|part| {
                if part.starts_with('{') {
                    "{}".to_owned()
                } else {
                    part.to_owned()
                }
            })
            .collect()
    };
    parts(path) == parts(&route.path)
}
