//! The people of one workspace, and what one member is in each: looked at, and set in place.

use super::{assert_counts, give, in_acme, standalone};
use crate::support::database::Database;
use crate::support::{Browser, House, acme};
use serde_json::json;

pub async fn user_id(house: &House, email: &str) -> String {
    let mut database = Database::open(&house.database_url).await;
    database
        .texts(&format!("SELECT id FROM users WHERE email = '{email}'"))
        .await
        .pop()
        .expect("somebody with that address")
}

/// The role that a page's list shows as chosen, or its text.
async fn role_on(browser: &mut Browser, path: &str, name: &str, place: &str) -> String {
    let page = browser.get(path).await.assert_status(200);
    let chosen = page.all(&format!(
        "select[aria-label='Role of {name} in {place}'] option[selected]"
    ));
    chosen.into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn s1_47_a_workspaces_admin_sets_roles_in_place_and_takes_people_out_with_the_impact_first() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    give(
        &house,
        &production,
        "carol@acme.test",
        "organization",
        "admin",
    )
    .await;
    give(
        &house,
        &production,
        "bill@acme.test",
        "organization",
        "member",
    )
    .await;
    let path = format!("/workspaces/{production}/members");
    let page = acme.carol.get(&path).await.assert_status(200);
    assert_eq!(
        page.all("tbody td:first-child b, tbody td:first-child a")
            .len(),
        3
    );
    let page = page
        .assert_says("direct")
        .assert_says("organization")
        .assert_says("3 people have a role here");
    let bill = user_id(&house, "bill@acme.test").await;
    let alice = user_id(&house, "alice@acme.test").await;
    assert!(
        !page.has(&format!("form[action$='/{alice}']")),
        "an admin doesn't change an owner"
    );
    assert_eq!(
        page.all("select[aria-label='Role of Bill Moreau in Production'] option"),
        ["No access", "Viewer", "Member", "Admin", "Another role…"],
        "nobody gives more than they have"
    );
    // What takes something away says so first.
    let asked = acme
        .carol
        .post(
            &format!("{path}/{bill}"),
            &[("role", "viewer"), ("back", &path)],
        )
        .await
        .assert_status(303);
    let page = acme.carol.get(&asked.location()).await.assert_status(200);
    let page = page.assert_says(
        "This takes something away: − Bill Moreau changes from Member to Viewer in Production",
    );
    assert!(
        page.has("input[type=radio][name=role][value=viewer][checked]")
            && page.has("input[name=confirmed][value=viewer]")
    );
    let choose = format!("{path}/{bill}/role");
    let other = [("role", "viewer"), ("confirmed", "member"), ("next", &path)];
    acme.carol
        .post(&choose, &other)
        .await
        .assert_status(200)
        .assert_says("This takes something away");
    assert_eq!(
        role_on(&mut acme.carol, &path, "Bill Moreau", "Production").await,
        "Member",
        "asking changes nothing"
    );
    let sure = [("role", "viewer"), ("confirmed", "viewer"), ("next", &path)];
    acme.carol
        .submit(&choose, &sure)
        .await
        .assert_says("Bill Moreau is Viewer of Production now.");
    assert_eq!(
        role_on(&mut acme.carol, &path, "Bill Moreau", "Production").await,
        "Viewer"
    );
    acme.bill.get("/account/activity").await.assert_status(200);
    // By htmx, only the role comes back.
    acme.carol.htmx = true;
    let part = acme
        .carol
        .post(&format!("{path}/{bill}"), &[("role", "member")])
        .await
        .assert_status(200);
    assert!(
        part.has("select") && !part.has("html > body > .shell"),
        "{}",
        part.text()
    );
    let gone = acme
        .carol
        .post(&format!("{path}/{bill}"), &[("role", "")])
        .await
        .assert_status(204);
    assert_eq!(gone.status, 204);
    acme.carol.htmx = false;
    let asked = acme
        .carol
        .post(&format!("{path}/{bill}"), &[("role", ""), ("back", &path)])
        .await
        .assert_status(303);
    let page = acme.carol.get(&asked.location()).await.assert_status(200);
    page.assert_says("Take Bill Moreau out of Production?")
        .assert_says("Bill Moreau loses Production (Member)");
    assert_eq!(
        house.count("SELECT COUNT(*) FROM access").await,
        3,
        "asking changes nothing"
    );
    acme.carol
        .submit(&format!("{path}/{bill}/remove"), &[])
        .await
        .assert_says("Bill Moreau no longer has Production.");
    acme.bill
        .get(&format!("/workspaces/{production}/overview"))
        .await
        .assert_status(404);
    assert_counts(&house).await;
    // What she may not: an owner's role, her own upward, somebody who isn't there.
    acme.carol
        .post(&format!("{path}/{alice}"), &[("role", "viewer")])
        .await
        .assert_status(403);
    let carol = user_id(&house, "carol@acme.test").await;
    acme.carol
        .post(&format!("{path}/{carol}"), &[("role", "owner")])
        .await
        .assert_status(403);
    let otto = user_id(&house, "otto@globex.test").await;
    acme.carol
        .post(&format!("{path}/{otto}"), &[("role", "viewer")])
        .await
        .assert_status(404);
    acme.vera.get(&path).await.assert_status(404);
    // She leaves by herself, to a page that she can still see.
    let left = acme
        .carol
        .post(&format!("{path}/{carol}/remove"), &[("back", &path)])
        .await
        .assert_status(303);
    assert_eq!(left.location(), "/");
}

#[tokio::test]
async fn s1_9_a_workspace_that_stands_alone_has_a_page_of_its_people() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let lab = standalone(&mut acme.xenia, "Lab").await;
    give(&house, &lab, "otto@globex.test", "direct", "member").await;
    let path = format!("/workspaces/{lab}/members");
    let page = acme.xenia.get(&path).await.assert_status(200);
    page.assert_says("its people are managed here")
        .assert_says("create an organization from this workspace");
    let otto = user_id(&house, "otto@globex.test").await;
    acme.xenia
        .submit(&format!("{path}/{otto}"), &[("role", "admin")])
        .await
        .assert_says("otto is Admin of Lab now.");
    let xenia = user_id(&house, "xenia@nowhere.test").await;
    acme.xenia
        .post(&format!("{path}/{xenia}"), &[("role", "viewer")])
        .await
        .assert_status(409)
        .assert_says("only owner");
    acme.otto
        .post(&format!("{path}/{xenia}"), &[("role", "viewer")])
        .await
        .assert_status(403);
    acme.xenia
        .submit(&format!("{path}/{otto}/remove"), &[])
        .await
        .assert_says("otto no longer has Lab.");
    acme.otto.get(&path).await.assert_status(404);
    // Nobody is put into it who never agreed to be.
    acme.xenia
        .post(&format!("{path}/{otto}"), &[("role", "viewer")])
        .await
        .assert_status(404);
    assert_counts(&house).await;
}

#[tokio::test]
async fn e6_s1_47_s1_63_the_member_page_lists_every_workspace_with_no_membership_and_sets_roles() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    in_acme(&mut acme.alice, "Staging").await;
    give(
        &house,
        &production,
        "carol@acme.test",
        "organization",
        "member",
    )
    .await;
    let carol = acme.member_id("carol@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{carol}");
    let page = acme.bob.get(&path).await.assert_status(200);
    assert_eq!(
        page.all("#access-list tbody td:first-child"),
        ["Production", "Staging"]
    );
    assert_eq!(
        page.all("#access-list option[selected]"),
        ["Member", "No access"]
    );
    assert!(
        page.text().contains("1 of 2"),
        "the number that she can open"
    );
    let user = user_id(&house, "carol@acme.test").await;
    let staging = page
        .attribute("#access-list tr:last-child form", "action")
        .expect("a form");
    assert!(staging.ends_with(&user));
    let back = page
        .attribute("#access-list tr:last-child input[name=back]", "value")
        .expect("the way back");
    assert_eq!(back, path);
    let page = acme
        .bob
        .submit(&staging, &[("role", "viewer"), ("back", &back)])
        .await
        .assert_status(200);
    assert_eq!(
        page.all("#access-list option[selected]"),
        ["Member", "Viewer"]
    );
    assert!(page.text().contains("2 of 2"));
    acme.carol
        .get("/orgs/acme-corp/workspaces")
        .await
        .assert_says("Staging");
    // Others see no such section, not even of themselves: their own list is under Workspaces.
    assert!(!acme.carol.get(&path).await.has("#access"));
    // With the policy, an admin can open all of them, and the count says so.
    let bob = acme.member_id("bob@acme.test").await;
    assert!(
        acme.alice
            .get(&format!("/orgs/acme-corp/members/{bob}"))
            .await
            .text()
            .contains("0 of 2")
    );
    house
        .execute("UPDATE organizations SET admins_enter = TRUE")
        .await;
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{bob}"))
        .await;
    let page = page
        .assert_says("2 of 2")
        .assert_says("admin by organization role");
    assert_eq!(
        page.all("#access-list option[selected]"),
        ["No access", "No access"],
        "there is no row"
    );
    // Suspended, she opens none.
    acme.alice
        .post(&format!("{path}/suspend"), &[])
        .await
        .assert_status(303);
    acme.alice
        .get(&path)
        .await
        .assert_says("0 of 2")
        .assert_says("suspended: can't open it");
    assert_counts(&house).await;
}

#[tokio::test]
async fn e6_the_member_page_finds_a_workspace_among_a_hundred() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "enterprise").await;
    for n in 0..60 {
        in_acme(&mut acme.alice, &format!("Place {n:02}")).await;
    }
    let carol = acme.member_id("carol@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{carol}");
    let page = acme.alice.get(&path).await.assert_status(200);
    assert_eq!(
        page.all("#access-list tbody tr").len(),
        24,
        "one page of them"
    );
    let next = page
        .attribute("#access-list a[rel=next]", "href")
        .expect("more");
    assert_eq!(
        acme.alice
            .get(&next)
            .await
            .all("#access-list tbody td:first-child")[0],
        "Place 24"
    );
    let found = acme.alice.get(&format!("{path}?w=place+4")).await;
    assert_eq!(found.all("#access-list tbody tr").len(), 10);
    let none = acme.alice.get(&format!("{path}?w=%25")).await;
    assert_eq!(
        none.all("#access-list tbody tr").len(),
        0,
        "a percent sign is only a percent sign"
    );
}

#[tokio::test]
async fn s1_33_a_viewer_of_the_organization_is_offered_no_more_than_viewer() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    let vera = acme.member_id("vera@acme.test").await;
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{vera}"))
        .await
        .assert_status(200);
    assert_eq!(
        page.all("#access-list option"),
        ["No access", "Viewer", "Another role…"]
    );
    let user = user_id(&house, "vera@acme.test").await;
    acme.alice
        .post(
            &format!("/workspaces/{production}/members/{user}"),
            &[("role", "admin")],
        )
        .await
        .assert_status(409);
    assert_eq!(
        role_on(
            &mut acme.alice,
            &format!("/orgs/acme-corp/members/{vera}"),
            "Vera Lind",
            "Production"
        )
        .await,
        "No access"
    );
}

#[tokio::test]
async fn s5_12_who_comes_in_by_organization_role_stands_apart_in_the_workspaces_people() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    house
        .execute("UPDATE organizations SET admins_enter = TRUE")
        .await;
    let page = acme
        .alice
        .get(&format!("/workspaces/{production}/members"))
        .await
        .assert_status(200);
    page.assert_says("By organization role")
        .assert_says("Bob Tanaka")
        .assert_says("1 person has a role here");
    let found = acme
        .alice
        .get(&format!("/workspaces/{production}/members?q=nobody"))
        .await
        .assert_says("Nobody matches");
    assert!(!found.text().contains("Bob Tanaka"));
    let found = acme
        .alice
        .get(&format!("/workspaces/{production}/members?q=ALICE"))
        .await;
    assert_eq!(found.all("tbody tr").len(), 1);
    for bad in ["x", "%00"] {
        let status = acme
            .alice
            .get(&format!("/workspaces/{production}/members?after={bad}"))
            .await
            .status;
        assert!((400..500).contains(&status), "{bad}: {status}");
    }
}

#[tokio::test]
async fn s1_47_the_api_lists_a_workspaces_people_with_their_roles_page_by_page() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let production = in_acme(&mut acme.alice, "Production").await;
    give(
        &house,
        &production,
        "carol@acme.test",
        "organization",
        "viewer",
    )
    .await;
    give(&house, &production, "carol@acme.test", "direct", "member").await;
    let carol = house.client("carol@acme.test").await;
    let path = format!("/workspaces/{production}/members");
    let all = carol.get(&path).await.assert_status(200).json;
    assert_eq!(all["data"][0]["email"], "alice@acme.test");
    let hers = &all["data"][1];
    assert_eq!(
        (&hers["name"], &hers["org_role"], &hers["suspended"]),
        (&json!("Carol Reyes"), &json!("member"), &json!(false))
    );
    let role = |role: &str, source: &str| json!({ "role": role, "custom_role_id": null, "custom_role": null, "source": source });
    assert_eq!(
        hers["roles"],
        json!([role("member", "direct"), role("viewer", "organization")])
    );
    let first = carol
        .get(&format!("{path}?limit=1"))
        .await
        .assert_status(200)
        .json;
    let cursor = first["next_cursor"].as_str().expect("a second page");
    let second = carol
        .get(&format!("{path}?limit=1&cursor={cursor}"))
        .await
        .assert_status(200)
        .json;
    assert_eq!(
        (
            second["data"].as_array().map(Vec::len),
            &second["data"][0]["user_id"]
        ),
        (Some(1), &hers["user_id"])
    );
    assert_eq!(
        carol.get(&format!("{path}?search=CAROL")).await.json["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    house
        .client("bill@acme.test")
        .await
        .get(&path)
        .await
        .assert_status(404);
    // The member's page leads to what she is limited to, and not where that says nothing.
    let alice = user_id(&house, "alice@acme.test").await;
    let page = acme.member_id("carol@acme.test").await;
    let page = acme
        .alice
        .get(&format!(
            "/orgs/acme-corp/members/{}",
            page.trim_start_matches("row-")
        ))
        .await
        .assert_status(200);
    let grants = page
        .attribute("#access a[href$='/grants']", "href")
        .expect("a link to what she sees");
    acme.alice.get(&grants).await.assert_status(200);
    let own = acme.member_id("alice@acme.test").await;
    let page = acme
        .alice
        .get(&format!(
            "/orgs/acme-corp/members/{}",
            own.trim_start_matches("row-")
        ))
        .await
        .assert_status(200);
    assert!(
        !page.has(&format!("a[href$='/{alice}/grants']")),
        "an owner of it sees all"
    );
}
