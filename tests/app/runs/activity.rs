//! What somebody did and had done to them, with the workspace, for who may see it.

use super::{ended, of, with};
use crate::resources::Scene;
use crate::support::Page;
use serde_json::json;

/// Sentence and workspace of each event of a member's page.
fn told(page: &Page) -> Vec<String> {
    page.all(".log li > .grow")
}

#[tokio::test]
async fn s1_49_a_members_page_tells_what_they_did_with_the_workspace_which_is_a_link_for_who_may_open_it()
 {
    let mut scene = Scene::new().await;
    scene.tell(&[("sync", "Orders", None)]).await;
    scene
        .report(&[with(
            with(ended("a", "succeeded", 1), of("sync", "Orders")),
            json!({ "person": "carol@acme.test" }),
        )])
        .await;
    let carol = scene.acme.member_id("carol@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{carol}");
    let link = format!(".log a[href='/workspaces/{}']", scene.workspace);
    let page = scene.acme.alice.get(&path).await.assert_status(200);
    assert_eq!(
        told(&page),
        [
            "Operator added Carol Reyes as member",
            "Carol Reyes ran Orders, and it succeeded Production"
        ],
        "by when it ran"
    );
    assert!(page.has(&link), "who has a role there can open it");
    let page = scene.acme.bob.get(&path).await.assert_status(200);
    assert_eq!(
        told(&page)[1],
        "Carol Reyes ran Orders, and it succeeded Production"
    );
    assert!(
        !page.has(&link),
        "an admin without a role there reads its name alone"
    );
    // By the policy admins come in, and then it is a link.
    scene
        .alice
        .put(
            &format!("/organizations/{}/policies", scene.org),
            json!({ "admins_enter": true }),
        )
        .await
        .assert_status(200);
    assert!(scene.acme.bob.get(&path).await.has(&link));
    scene
        .acme
        .alice
        .post(
            &format!("/workspaces/{}/settings/delete", scene.workspace),
            &[("confirm", "Production")],
        )
        .await
        .assert_status(303);
    let page = scene.acme.alice.get(&path).await;
    assert_eq!(
        told(&page)[1],
        "Carol Reyes ran Orders, and it succeeded a workspace that is gone"
    );
}

#[tokio::test]
async fn s1_49_s2_35_ones_own_activity_leaves_out_what_grants_or_a_lost_role_keep_from_one() {
    let mut scene = Scene::new().await;
    scene
        .tell(&[("monitor", "home", None), ("monitor", "shop", None)])
        .await;
    scene.give("carol@acme.test", "member").await;
    for (id, monitor) in [("a", "home"), ("b", "shop")] {
        let run = with(
            with(ended(id, "succeeded", 1), of("monitor", monitor)),
            json!({ "person": "carol@acme.test" }),
        );
        scene
            .carol
            .post(&scene.at_runs(), json!({ "runs": [run] }))
            .await
            .assert_status(200);
    }
    let member = scene.acme.member_id("carol@acme.test").await;
    let path = format!("/orgs/acme-corp/members/{member}");
    let ran = |page: &Page| {
        told(page)
            .iter()
            .filter(|told| told.contains(" ran "))
            .cloned()
            .collect::<Vec<_>>()
    };
    let own = |page: &Page| {
        page.all("tbody tr")
            .into_iter()
            .filter(|row| row.contains(" ran "))
            .count()
    };
    let both = [
        "Carol Reyes ran shop, and it succeeded Production",
        "Carol Reyes ran home, and it succeeded Production",
    ];
    assert_eq!(ran(&scene.acme.carol.get(&path).await), both);
    let page = scene
        .acme
        .carol
        .get("/account/activity")
        .await
        .assert_status(200);
    assert_eq!(own(&page), 2);
    assert!(page.has(&format!("tbody a[href='/workspaces/{}']", scene.workspace)));
    let carol = scene.carol.get("/me").await.json["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let home = scene
        .alice
        .get(&format!("{}?search=home", scene.at_workspace()))
        .await
        .json["data"][0]["id"]
        .clone();
    let grants = format!("/workspaces/{}/members/{carol}/grants", scene.workspace);
    scene
        .alice
        .put(&grants, json!({ "kind": "monitor", "only": [home] }))
        .await
        .assert_status(200);
    assert_eq!(ran(&scene.acme.carol.get(&path).await), both[1..]);
    let page = scene.acme.carol.get("/account/activity").await;
    assert_eq!(own(&page), 1);
    assert!(!page.text().contains("shop"), "{}", page.text());
    assert_eq!(
        ran(&scene.acme.alice.get(&path).await),
        both,
        "who reads the log sees all of it"
    );
    let access = format!("/workspaces/{}/members/{carol}/remove", scene.workspace);
    scene.acme.alice.post(&access, &[]).await.assert_status(303);
    let page = scene.acme.carol.get(&path).await.assert_status(200);
    assert_eq!(ran(&page), Vec::<String>::new());
    page.assert_says("a workspace you can't open");
    assert_eq!(own(&scene.acme.carol.get("/account/activity").await), 0);
    scene.carol.get(&scene.at_runs()).await.assert_status(404);
}
