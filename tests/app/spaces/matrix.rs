//! The access matrix: members by workspaces.

use super::people::user_id;
use super::{assert_counts, give, in_acme};
use crate::support::{House, Page, acme};

fn cells(page: &Page, member: &str) -> Vec<String> {
    let names = page.all("tbody th a");
    let row = names
        .iter()
        .position(|name| name == member)
        .unwrap_or_else(|| panic!("{member} in {names:?}"))
        + 1;
    page.all(&format!("tbody tr:nth-child({row}) .role-cell"))
        .into_iter()
        .enumerate()
        .map(|(n, text)| {
            let chosen = page.all(&format!(
                "tbody tr:nth-child({row}) td:nth-child({}) option[selected]",
                n + 2
            ));
            chosen.into_iter().next().unwrap_or(text)
        })
        .collect()
}

#[tokio::test]
async fn s1_35_s1_47_the_matrix_shows_who_is_what_where_and_sets_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .get("/orgs/acme-corp/access")
        .await
        .assert_status(200)
        .assert_says("No workspace yet");
    let a = in_acme(&mut acme.alice, "Workspace A").await;
    let b = in_acme(&mut acme.alice, "Workspace B").await;
    for (email, place, role) in [
        ("bob@acme.test", &a, "admin"),
        ("bob@acme.test", &b, "member"),
        ("carol@acme.test", &b, "admin"),
        ("bill@acme.test", &a, "member"),
        ("bill@acme.test", &b, "member"),
    ] {
        give(&house, place, email, "organization", role).await;
    }
    let page = acme
        .alice
        .get("/orgs/acme-corp/access")
        .await
        .assert_status(200);
    assert_eq!(
        page.all("thead th"),
        ["Member", "Workspace A", "Workspace B"]
    );
    assert_eq!(cells(&page, "Bob Tanaka"), ["Admin", "Member"]);
    assert_eq!(cells(&page, "Carol Reyes"), ["No access", "Admin"]);
    assert_eq!(cells(&page, "Bill Moreau"), ["Member", "Member"]);
    assert_eq!(cells(&page, "alice"), ["Owner", "Owner"]);
    // Each of them meets what the table says.
    let role = |page: &Page| {
        if page.status == 200 {
            page.all("main dl dd")[0].clone()
        } else {
            page.status.to_string()
        }
    };
    for (browser, expected) in [
        (&mut acme.alice, ["Owner", "Owner"]),
        (&mut acme.bob, ["Admin", "Member"]),
        (&mut acme.carol, ["404", "Admin"]),
        (&mut acme.bill, ["Member", "Member"]),
    ] {
        let mut met = Vec::new();
        for place in [&a, &b] {
            met.push(role(
                &browser.get(&format!("/workspaces/{place}/overview")).await,
            ));
        }
        assert_eq!(met, expected);
    }
    // Set without JavaScript: the same page comes back, with its search.
    let page = acme
        .alice
        .get("/orgs/acme-corp/access?q=carol&w=workspace")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody th a"), ["Carol Reyes"]);
    let form = page
        .attribute("tbody td:nth-child(2) form", "action")
        .expect("a form");
    let back = page
        .attribute("tbody td:nth-child(2) input[name=back]", "value")
        .expect("the way back");
    let page = acme
        .alice
        .submit(&form, &[("role", "viewer"), ("back", &back)])
        .await
        .assert_status(200);
    assert_eq!(cells(&page, "Carol Reyes"), ["Viewer", "Admin"]);
    assert_eq!(page.attribute("#q", "value").as_deref(), Some("carol"));
    // An admin of the organization doesn't touch owners of a workspace, and makes none.
    let page = acme
        .bob
        .get("/orgs/acme-corp/access")
        .await
        .assert_status(200);
    assert_eq!(cells(&page, "alice"), ["Owner", "Owner"]);
    assert!(!page.has("option[value=owner]"));
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        browser
            .get("/orgs/acme-corp/access")
            .await
            .assert_status(403);
    }
    acme.otto
        .get("/orgs/acme-corp/access")
        .await
        .assert_status(404);
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_47_the_matrix_pages_members_and_workspaces_and_loads_only_what_it_shows() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.set_plan("acme-corp", "enterprise").await;
    for n in 0..14 {
        in_acme(&mut acme.alice, &format!("Place {n:02}")).await;
    }
    for n in 0..40 {
        house
            .add_member(
                "acme-corp",
                &format!("p{n:02}@acme.test"),
                &format!("Person {n:02}"),
                roster::access::OrgRole::Member,
            )
            .await;
    }
    let page = acme
        .alice
        .get("/orgs/acme-corp/access")
        .await
        .assert_status(200);
    assert_eq!(
        (page.all("tbody tr").len(), page.all("thead th").len()),
        (25, 7)
    );
    let more = page.all("nav.foot a");
    assert_eq!(more, ["Next members", "Next workspaces"]);
    let next = page
        .attribute("nav.foot a[rel=next]", "href")
        .expect("more members");
    let page = acme.alice.get(&next).await.assert_status(200);
    assert_eq!(page.all("thead th").len(), 7);
    assert!(page.all("tbody th a").iter().all(|name| name != "alice"));
    let columns = page
        .attribute("nav.foot a:last-child", "href")
        .expect("more workspaces");
    let page = acme.alice.get(&columns).await.assert_status(200);
    assert_eq!(page.all("thead th")[1], "Place 06");
    // And back, from the last page too, which is short.
    let link = |page: &Page, text: &str| {
        let at = page
            .all("nav.foot a")
            .iter()
            .position(|one| one == text)
            .unwrap_or_else(|| panic!("no {text}"))
            + 1;
        page.attribute(&format!("nav.foot a:nth-of-type({at})"), "href")
            .expect("a link")
    };
    let last = acme
        .alice
        .get(&link(&page, "Next workspaces"))
        .await
        .assert_status(200);
    assert_eq!(last.all("thead th")[1..], ["Place 12", "Place 13"]);
    let back = acme
        .alice
        .get(&link(&last, "Previous workspaces"))
        .await
        .assert_status(200);
    assert_eq!(
        (back.all("thead th")[1].as_str(), back.all("thead th").len()),
        ("Place 06", 7)
    );
    let first = acme
        .alice
        .get(&link(&back, "Previous workspaces"))
        .await
        .assert_status(200);
    assert_eq!(
        (
            first.all("thead th")[1].as_str(),
            first.all("thead th").len()
        ),
        ("Place 00", 7)
    );
    assert!(
        !first
            .all("nav.foot a")
            .contains(&"Previous workspaces".to_owned())
    );
    assert!(
        page.all("tbody th a").iter().all(|name| name != "alice"),
        "the members stay where they were"
    );
    let found = acme.alice.get("/orgs/acme-corp/access?w=13").await;
    assert_eq!(found.all("thead th"), ["Member", "Place 13"]);
    for bad in ["after=x", "wafter=x", "wafter=%00"] {
        let status = acme
            .alice
            .get(&format!("/orgs/acme-corp/access?{bad}"))
            .await
            .status;
        assert!((400..500).contains(&status), "{bad}: {status}");
    }
}

#[tokio::test]
async fn s3_11_s3_12_e10_a_role_is_searched_or_made_from_the_matrix_and_the_place_in_it_is_kept() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    in_acme(&mut acme.alice, "Workspace A").await;
    let here = "/orgs/acme-corp/access?q=carol&w=workspace";
    let page = acme.alice.get(here).await.assert_status(200);
    assert_eq!(
        page.all("tbody td option").last().map(String::as_str),
        Some("Another role…")
    );
    let form = page.attribute("tbody td form", "action").expect("a form");
    let back = page
        .attribute("tbody td input[name=back]", "value")
        .expect("the way back");
    // It leads to a page with every role; by htmx too.
    let leads = acme
        .alice
        .post(&form, &[("role", "another"), ("back", &back)])
        .await
        .assert_status(303)
        .location();
    acme.alice.htmx = true;
    let led = acme
        .alice
        .post(&form, &[("role", "another"), ("back", &back)])
        .await
        .assert_status(204);
    assert_eq!(led.headers["hx-redirect"], leads.as_str());
    acme.alice.htmx = false;
    let asked = acme
        .alice
        .get(&leads)
        .await
        .assert_status(200)
        .assert_says("They have no role here now");
    let action = asked.attribute("main form", "action").expect("a form");
    let next = asked
        .attribute("input[name=next]", "value")
        .expect("the way back");
    assert_eq!(next, here);
    // Searched for and not there: to be made, with nothing set yet and the way back kept.
    let typed = |button: &'static str| {
        [
            ("role_search", "Orders clerk"),
            ("role_do", button),
            ("next", here),
        ]
    };
    let found = acme
        .alice
        .post(&action, &typed("search"))
        .await
        .assert_status(200);
    let found = found.assert_says("Create “Orders clerk” as custom role");
    assert_eq!(
        found.attribute("input[name=next]", "value").as_deref(),
        Some(here)
    );
    let made = acme
        .alice
        .post(&action, &typed("create"))
        .await
        .assert_status(200);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM access WHERE role = 'custom'")
            .await,
        0
    );
    let role = made
        .attribute("input[name=role][checked]", "value")
        .expect("the new role is chosen");
    made.assert_says("Not in effect yet: not used in any permission.");
    let page = acme
        .alice
        .submit(&action, &[("role", &role), ("next", here)])
        .await
        .assert_status(200);
    let page = page.assert_says("Carol Reyes is Orders clerk of Workspace A now.");
    assert_eq!(cells(&page, "Carol Reyes"), ["Orders clerk"]);
    assert_eq!(
        page.attribute("#q", "value").as_deref(),
        Some("carol"),
        "the matrix is where it was"
    );
    // A choice that isn't one, and somebody who may not.
    acme.alice
        .post(&action, &[("role", "emperor")])
        .await
        .assert_status(422)
        .assert_says("Choose one of the roles in the list.");
    acme.carol.get(&leads).await.assert_status(403);
    let vera = action.replace(
        action.split('/').nth(4).expect("a user"),
        &user_id(&house, "vera@acme.test").await,
    );
    acme.alice
        .post(&vera, &[("role", "admin")])
        .await
        .assert_status(409)
        .assert_says("who changes nothing in any workspace");
    acme.otto.get(&leads).await.assert_status(404);
    assert_counts(&house).await;
}
