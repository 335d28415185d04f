//! Asking the audit log for somebody or for some days, where the answer is not plain.

use crate::support::{House, acme};
use roster::access::OrgRole;

const LOG: &str = "/orgs/acme-corp/audit";

#[tokio::test]
async fn s1_80_somebody_who_is_no_longer_a_member_is_found_by_name_and_by_address() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (email, name) in [
        ("yulia@acme.test", "Yulia Marković"),
        ("yul@acme.test", "Yul Brand"),
        ("olga@acme.test", "Olga Lind"),
    ] {
        house
            .add_member("acme-corp", email, name, OrgRole::Member)
            .await;
        let member = acme.member_id(email).await;
        acme.alice
            .post(
                &format!("/orgs/acme-corp/members/{member}/role"),
                &[("role", "viewer")],
            )
            .await
            .assert_status(303);
        acme.alice
            .post(&format!("/orgs/acme-corp/members/{member}/remove"), &[])
            .await
            .assert_status(303);
    }
    acme.carol
        .post("/orgs/acme-corp/settings/leave", &[])
        .await
        .assert_status(303);
    for typed in [
        "Yulia",
        "markovic",
        "yulia@acme.test",
        "YULIA%20MARKOVI%C4%87",
    ] {
        let page = acme
            .alice
            .get(&format!("{LOG}?member={typed}&what=member.role_changed"))
            .await
            .assert_status(200);
        assert_eq!(
            page.all("tbody .said"),
            ["alice changed Yulia Marković from member to viewer"],
            "{typed}"
        );
        assert_eq!(page.all(".chosen bdi"), ["Yulia Marković"]);
    }
    let page = acme
        .alice
        .get(&format!("{LOG}?member=yul"))
        .await
        .assert_says("Which one?")
        .assert_says("no longer a member");
    assert_eq!(page.all(".empty li bdi"), ["Yul Brand", "Yulia Marković"]);
    // A name in the directory means who has it there.
    assert_eq!(
        acme.alice
            .get(&format!("{LOG}?member=Vera%20Lind"))
            .await
            .all(".chosen bdi"),
        ["Vera Lind"]
    );
    acme.alice
        .get(&format!("{LOG}?member=otto@globex.test"))
        .await
        .assert_says("Nobody here is or was called");
    acme.otto
        .get("/orgs/globex/audit?member=Yulia")
        .await
        .assert_says("Nobody here is or was called");
}

#[tokio::test]
async fn s1_80_days_in_the_wrong_order_are_said_to_be_and_turned_round_by_a_link() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .alice
        .get(&format!("{LOG}?from=2026-11-28&to=2020-11-01"))
        .await
        .assert_status(200);
    let page = page.assert_says("The first day is after the last");
    assert!(
        !page.text().contains("Nothing like that happened"),
        "{}",
        page.text()
    );
    let turned = page.attribute(".empty a.btn", "href").expect("a link");
    let page = acme.alice.get(&turned).await.assert_status(200);
    assert_eq!(
        page.attribute("input[name=from]", "value").as_deref(),
        Some("2020-11-01")
    );
    assert_eq!(
        page.attribute("input[name=to]", "value").as_deref(),
        Some("2026-11-28")
    );
    assert!(!page.text().contains("The first day is after the last"));
}
