//! Rules that hold in every feature: who stands where, and whose things are whose.

use crate::support::database::Database;
use crate::support::routes;
use crate::support::wire::fill;
use crate::support::{Browser, House, acme};

/// The addresses of Acme's pages, each with whether it takes a GET and a POST.
async fn pages_of_acme(browser: &mut Browser) -> Vec<(String, bool, bool)> {
    let carol = crate::support::people::member_id(browser, "acme-corp", "carol@acme.test").await;
    let values = vec![("org", "acme-corp".to_owned()), ("member", carol)];
    let own = routes::pages()
        .into_iter()
        .filter(|r| r.path.starts_with("/orgs/{org}/"));
    own.map(|r| (fill(&r, &values), r.has("GET"), r.has("POST")))
        .collect()
}

#[tokio::test]
async fn s4_1_sec_z1_nothing_of_an_organization_is_there_for_somebody_outside_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let pages = pages_of_acme(&mut acme.alice).await;
    let before = Database::open(&house.database_url)
        .await
        .fingerprint()
        .await;
    for mut stranger in [acme.otto, acme.xenia] {
        // Whatever notice waits for them is shown before.
        stranger.open("/").await;
        for (path, get, post) in &pages {
            let nowhere = path.replace("acme-corp", "no-such-org");
            if *get {
                let (theirs, none) = (stranger.get(path).await, stranger.get(&nowhere).await);
                assert_eq!((theirs.status, none.status), (404, 404), "GET {path}");
                let without = |page: &crate::support::Page| {
                    let changing = |word: &&str| {
                        word.contains("acme-corp")
                            || word.contains("no-such-org")
                            || word.contains("20")
                            || word.len() == 36
                    };
                    page.text()
                        .split(' ')
                        .filter(|word| !changing(word))
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                assert_eq!(
                    without(&theirs),
                    without(&none),
                    "GET {path} says nothing else than for one that isn't"
                );
            }
            if *post {
                let page = stranger
                    .post(
                        path,
                        &[("role", "owner"), ("name", "Mine"), ("email", "a@x.test")],
                    )
                    .await;
                assert!(
                    matches!(page.status, 400 | 404 | 422),
                    "POST {path}: {}",
                    page.status
                );
            }
        }
    }
    assert_eq!(
        Database::open(&house.database_url)
            .await
            .fingerprint()
            .await,
        before,
        "nothing was written"
    );
}

#[tokio::test]
async fn sec_z2_a_member_of_another_organization_is_nobody_here() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let otto =
        crate::support::people::member_id(&mut acme.otto, "globex", "otto@globex.test").await;
    let globex = house.system("globex").await.org.id.to_string();
    let pages = routes::pages();
    let of_members = pages
        .iter()
        .filter(|r| r.path.starts_with("/orgs/{org}/") && r.path.contains("{member}"));
    for route in of_members {
        let path = route.fill(&[("org", "acme-corp"), ("member", &otto)]);
        if route.has("GET") {
            acme.alice.get(&path).await.assert_status(404);
        }
        if route.has("POST") {
            acme.alice
                .post(&path, &[("role", "viewer")])
                .await
                .assert_status(404);
        }
    }
    let client = house.client("alice@acme.test").await;
    let org = house.system("acme-corp").await.org.id.to_string();
    for (method, path) in [("GET", "members"), ("DELETE", "members")] {
        client
            .send(
                method,
                &format!("/organizations/{org}/{path}/{otto}"),
                None,
                &[],
            )
            .await
            .assert_status(404);
        client
            .send(
                method,
                &format!("/organizations/{globex}/{path}/{otto}"),
                None,
                &[],
            )
            .await
            .assert_status(404);
    }
    client
        .post(
            &format!("/organizations/{org}/transfer"),
            serde_json::json!({"member_id": otto}),
        )
        .await
        .assert_status(404);
}

#[tokio::test]
async fn sec_z6_s2_15_the_only_owner_can_t_go_by_any_way() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let alice = acme.member_id("alice@acme.test").await;
    let (client, org) = (
        house.client("alice@acme.test").await,
        house.system("acme-corp").await.org.id.to_string(),
    );
    for (path, fields) in [
        (
            format!("/orgs/acme-corp/members/{alice}/role"),
            vec![("role", "admin")],
        ),
        (format!("/orgs/acme-corp/members/{alice}/remove"), vec![]),
        ("/orgs/acme-corp/settings/leave".to_owned(), vec![]),
    ] {
        let page = acme.alice.post(&path, &fields).await.assert_status(409);
        assert!(
            page.text().contains("Make someone else owner first"),
            "{path}: {}",
            page.text()
        );
    }
    assert_ne!(
        acme.alice
            .post(&format!("/orgs/acme-corp/members/{alice}/suspend"), &[])
            .await
            .status,
        303
    );
    let own = format!("/organizations/{org}/members/{alice}");
    client
        .put(&own, serde_json::json!({"org_role": "member"}))
        .await
        .assert_problem(409, "last_owner");
    client.delete(&own).await.assert_problem(409, "last_owner");
    acme.alice
        .get("/orgs/acme-corp/settings")
        .await
        .assert_status(200)
        .assert_says("Delete Acme Corp");
}

#[tokio::test]
async fn sec_z10_verdicts_are_never_mixed_between_people() {
    let house = House::start().await;
    let acme = acme(&house).await;
    let people = [
        (acme.alice, "Alice", true),
        (acme.carol, "Carol", false),
        (acme.bob, "Bob", true),
        (acme.vera, "Vera", false),
    ];
    let walks = people.map(|(mut browser, name, manages)| async move {
        for n in 0..40 {
            let page = browser
                .get("/orgs/acme-corp/members")
                .await
                .assert_status(200);
            assert_eq!(page.has("tbody select"), manages, "{name}, round {n}");
            assert_eq!(
                browser.get("/orgs/acme-corp/invitations").await.status == 200,
                manages,
                "{name}, round {n}"
            );
        }
    });
    futures::future::join_all(walks).await;
}

#[tokio::test]
async fn sec_z11_s3_1_s5_20_billing_members_and_viewers_manage_nobody() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let pages = pages_of_acme(&mut acme.alice).await;
    let before = Database::open(&house.database_url)
        .await
        .fingerprint()
        .await;
    for (mut person, who) in [
        (acme.bill, "billing"),
        (acme.carol, "member"),
        (acme.vera, "viewer"),
    ] {
        for (path, _, post) in pages
            .iter()
            .filter(|(path, ..)| !path.contains("leave") && !path.contains("/billing"))
        {
            if *post {
                let fields = [
                    ("role", "admin"),
                    ("email", "a@x.test"),
                    ("name", "Mine"),
                    ("slug", "mine"),
                    ("confirm", "Acme Corp"),
                ];
                let status = person.post(path, &fields).await.status;
                assert!(
                    matches!(status, 400 | 403 | 404 | 422),
                    "{who}: POST {path}: {status}"
                );
            }
        }
    }
    let rows = |all: Vec<(String, i64)>| {
        all.into_iter()
            .filter(|(table, _)| table != "writes to users")
            .collect::<Vec<_>>()
    };
    assert_eq!(
        rows(
            Database::open(&house.database_url)
                .await
                .fingerprint()
                .await
        ),
        rows(before),
        "nothing was written"
    );
}

#[tokio::test]
async fn s3_23_s1_33_an_organization_role_changes_no_access_to_workspaces() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(303);
    let mut database = Database::open(&house.database_url).await;
    let access = "SELECT workspace_id || user_id || source || role FROM access ORDER BY 1";
    let before = database.texts(access).await;
    assert!(!before.is_empty());
    for (email, role) in [
        ("carol@acme.test", "admin"),
        ("bob@acme.test", "member"),
        ("carol@acme.test", "viewer"),
    ] {
        let id = acme.member_id(email).await;
        acme.alice
            .post(
                &format!("/orgs/acme-corp/members/{id}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    assert_eq!(database.texts(access).await, before);
}

#[tokio::test]
async fn s3_43_s3_44_the_list_shows_five_columns_and_acts_in_its_rows() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "dora@acme.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    let page = acme
        .alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    let heads = page.all("thead th").join(" | ");
    for words in ["Name", "role", "Workspaces", "Joined", "Status"] {
        assert!(heads.contains(words), "{words} in {heads}");
    }
    let bob = acme.member_id("bob@acme.test").await;
    let row = |what: &str| format!("tr[id='{bob}'] {what}");
    for control in [
        "select[name=role]",
        "a[href$='/suspend']",
        "a[href$='/remove']",
        "time",
    ] {
        assert!(page.has(&row(control)), "{control} in {}", page.body);
    }
    let invited = acme
        .alice
        .get("/orgs/acme-corp/members?status=invited")
        .await
        .all("tbody tr")
        .join(" ");
    assert!(
        invited.contains("dora@acme.test") && invited.contains("Invited"),
        "{invited}"
    );
}

#[tokio::test]
async fn sec_r11_a_clock_that_is_set_back_revives_nothing_that_has_ended() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house.clock.advance(40 * roster::clock::DAY);
    assert_eq!(
        acme.alice.get("/orgs/acme-corp/members").await.status,
        303,
        "the session has ended"
    );
    house.clock.advance(-40 * roster::clock::DAY);
    assert_eq!(
        acme.alice.get("/orgs/acme-corp/members").await.status,
        303,
        "and stays ended"
    );
}
