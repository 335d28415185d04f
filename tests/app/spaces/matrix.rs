//! The access matrix: members by workspaces.

use super::{assert_counts, give, in_acme};
use crate::support::{House, Page, acme};

fn cells(page: &Page, member: &str) -> Vec<String> {
    let names = page.all("tbody th a");
    let row = names.iter().position(|name| name == member).unwrap_or_else(|| panic!("{member} in {names:?}")) + 1;
    page.all(&format!("tbody tr:nth-child({row}) .role-cell"))
        .into_iter()
        .enumerate()
        .map(|(n, text)| {
            let chosen = page.all(&format!("tbody tr:nth-child({row}) td:nth-child({}) option[selected]", n + 2));
            chosen.into_iter().next().unwrap_or(text)
        })
        .collect()
}

#[tokio::test]
async fn s1_35_s1_47_the_matrix_shows_who_is_what_where_and_sets_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice.get("/orgs/acme-corp/access").await.assert_status(200).assert_says("No workspace yet");
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
    let page = acme.alice.get("/orgs/acme-corp/access").await.assert_status(200);
    assert_eq!(page.all("thead th"), ["Member", "Workspace A", "Workspace B"]);
    assert_eq!(cells(&page, "Bob Tanaka"), ["Admin", "Member"]);
    assert_eq!(cells(&page, "Carol Reyes"), ["No access", "Admin"]);
    assert_eq!(cells(&page, "Bill Moreau"), ["Member", "Member"]);
    assert_eq!(cells(&page, "alice"), ["Owner", "Owner"]);
    // Each of them meets what the table says.
    let role = |page: &Page| if page.status == 200 { page.all("main dl dd")[0].clone() } else { page.status.to_string() };
    for (browser, expected) in [
        (&mut acme.alice, ["Owner", "Owner"]),
        (&mut acme.bob, ["Admin", "Member"]),
        (&mut acme.carol, ["404", "Admin"]),
        (&mut acme.bill, ["Member", "Member"]),
    ] {
        let mut met = Vec::new();
        for place in [&a, &b] {
            met.push(role(&browser.get(&format!("/workspaces/{place}/overview")).await));
        }
        assert_eq!(met, expected);
    }
    // Set without JavaScript: the same page comes back, with its search.
    let page = acme.alice.get("/orgs/acme-corp/access?q=carol&w=workspace").await.assert_status(200);
    assert_eq!(page.all("tbody th a"), ["Carol Reyes"]);
    let form = page.attribute("tbody td:nth-child(2) form", "action").expect("a form");
    let back = page.attribute("tbody td:nth-child(2) input[name=back]", "value").expect("the way back");
    let page = acme.alice.submit(&form, &[("role", "viewer"), ("back", &back)]).await.assert_status(200);
    assert_eq!(cells(&page, "Carol Reyes"), ["Viewer", "Admin"]);
    assert_eq!(page.attribute("#q", "value").as_deref(), Some("carol"));
    // An admin of the organization doesn't touch owners of a workspace, and makes none.
    let page = acme.bob.get("/orgs/acme-corp/access").await.assert_status(200);
    assert_eq!(cells(&page, "alice"), ["Owner", "Owner"]);
    assert!(!page.has("option[value=owner]"));
    for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
        browser.get("/orgs/acme-corp/access").await.assert_status(403);
    }
    acme.otto.get("/orgs/acme-corp/access").await.assert_status(404);
    assert_counts(&house).await;
}

#[tokio::test]
async fn s1_47_the_matrix_pages_members_and_workspaces_and_loads_only_what_it_shows() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for n in 0..14 {
        in_acme(&mut acme.alice, &format!("Place {n:02}")).await;
    }
    for n in 0..40 {
        house.add_member("acme-corp", &format!("p{n:02}@acme.test"), &format!("Person {n:02}"), roster::access::OrgRole::Member).await;
    }
    let page = acme.alice.get("/orgs/acme-corp/access").await.assert_status(200);
    assert_eq!((page.all("tbody tr").len(), page.all("thead th").len()), (25, 7));
    let more = page.all("nav.foot a");
    assert_eq!(more, ["Next members", "Next workspaces"]);
    let next = page.attribute("nav.foot a[rel=next]", "href").expect("more members");
    let page = acme.alice.get(&next).await.assert_status(200);
    assert_eq!(page.all("thead th").len(), 7);
    assert!(page.all("tbody th a").iter().all(|name| name != "alice"));
    let columns = page.attribute("nav.foot a:last-child", "href").expect("more workspaces");
    let page = acme.alice.get(&columns).await.assert_status(200);
    assert_eq!(page.all("thead th")[1], "Place 06");
    assert!(page.all("tbody th a").iter().all(|name| name != "alice"), "the members stay where they were");
    let found = acme.alice.get("/orgs/acme-corp/access?w=13").await;
    assert_eq!(found.all("thead th"), ["Member", "Place 13"]);
    for bad in ["after=x", "wafter=x", "wafter=%00"] {
        let status = acme.alice.get(&format!("/orgs/acme-corp/access?{bad}")).await.status;
        assert!((400..500).contains(&status), "{bad}: {status}");
    }
}
