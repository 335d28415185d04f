//! The form, and what it refuses.

use super::{assert_sound, events, invitation_id, invite, invited, rows};
use crate::support::{House, acme};

#[tokio::test]
async fn s1_40_s1_42_s4_2_s4_9_e12_the_form_names_the_organization_and_offers_what_the_inviter_holds()
 {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    assert_eq!(page.all("h1"), ["Invite to Acme Corp"]);
    assert!(page.all("title")[0].starts_with("Invite to Acme Corp"));
    assert!(
        page.all("form.form button[type=submit]")
            .contains(&"Invite to Acme Corp".to_owned())
    );
    assert_eq!(
        page.all("input[name=role]").len(),
        5,
        "an owner gives every role"
    );
    let page = page
        .assert_says("Invite only people who should see Acme Corp's data.")
        .assert_says("It opens no workspace by itself");
    page.assert_says("doesn't unlock work in workspaces");
    let page = acme
        .bob
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    let roles: Vec<String> = page.all(".choices label");
    assert_eq!(
        roles,
        ["Admin", "Member", "Viewer"],
        "an admin gives what they hold"
    );
    for browser in [&mut acme.carol, &mut acme.vera, &mut acme.bill] {
        browser
            .get("/orgs/acme-corp/members/invite")
            .await
            .assert_status(403);
        invite(browser, "nina@x.test", "member")
            .await
            .assert_status(403);
        browser
            .get("/orgs/acme-corp/invitations")
            .await
            .assert_status(403);
    }
    acme.otto
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(404);
    invite(&mut acme.otto, "nina@x.test", "member")
        .await
        .assert_status(404);
    assert_eq!(rows(&house, "nina@x.test").await, 0);
}

#[tokio::test]
async fn s1_41_s4_7_e11_an_address_is_saved_lower_cased_and_listed_with_the_role_it_will_have() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let page = acme
        .alice
        .submit(
            "/orgs/acme-corp/members/invite",
            &[
                ("email", " Nina@X.Test "),
                ("name", "Nina Berg"),
                ("role", "admin"),
            ],
        )
        .await
        .assert_says("nina@x.test is invited as admin.");
    assert!(
        page.text().contains("Applies when they accept"),
        "{}",
        page.text()
    );
    let row = page.all("tbody tr").remove(0);
    assert!(
        row.contains("nina@x.test")
            && row.contains("Nina Berg")
            && row.contains("invited by alice")
            && row.contains("in 7 days"),
        "{row}"
    );
    let directory = acme
        .carol
        .get("/orgs/acme-corp/members?status=invited")
        .await
        .assert_says("nina@x.test");
    assert!(
        directory.text().contains("Applies when they accept"),
        "{}",
        directory.text()
    );
    assert_eq!(events(&house, "invitation.created").await, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn s1_41_sec_e1_what_is_no_address_is_refused_beside_its_field_with_the_rest_kept() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for bad in [
        "",
        "nina",
        "nina@x",
        "a@x.test,b@y.test",
        "\"a@x\"@y.test",
        "n@x.test\r\nBcc: v@e.test",
        "n@x.test\nBcc: v@e.test",
    ] {
        let page = acme
            .alice
            .post(
                "/orgs/acme-corp/members/invite",
                &[("email", bad), ("name", "Nina"), ("role", "viewer")],
            )
            .await
            .assert_status(422);
        assert!(page.has("#email-error"), "{bad:?}");
        assert_eq!(page.attribute("#name", "value").as_deref(), Some("Nina"));
        assert_eq!(
            page.attribute("input[name=role][checked]", "value")
                .as_deref(),
            Some("viewer")
        );
    }
    let twice = Some("email=a@x.test&email=b@y.test&role=member".to_owned());
    acme.alice
        .send(
            reqwest::Method::POST,
            "/orgs/acme-corp/members/invite",
            twice,
        )
        .await
        .assert_status(400);
    let named = [
        ("email", "nina@x.test"),
        ("name", "Nina\r\nBcc: v@e.test"),
        ("role", "member"),
    ];
    assert!(
        acme.alice
            .post("/orgs/acme-corp/members/invite", &named)
            .await
            .assert_status(422)
            .has("#name-error")
    );
    invite(&mut acme.alice, "nina@x.test", "superuser")
        .await
        .assert_status(422);
    assert_eq!(events(&house, "invitation.created").await, 0);
}

#[tokio::test]
async fn sec_i8_s1_42_nobody_offers_what_they_do_not_hold() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for role in ["owner", "billing"] {
        invite(&mut acme.bob, "nina@x.test", role)
            .await
            .assert_status(403)
            .assert_says("it allows things that yours doesn't");
    }
    let link = invited(&house, &mut acme.alice, "nina@x.test", "owner").await;
    let id = invitation_id(&mut acme.bob, "nina@x.test").await;
    for action in ["resend", "link", "revoke"] {
        acme.bob
            .post(&format!("/orgs/acme-corp/invitations/{id}/{action}"), &[])
            .await
            .assert_status(403);
    }
    acme.bob
        .post(
            &format!("/orgs/acme-corp/invitations/{id}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(403);
    let update = [
        ("email", "nina@x.test"),
        ("role", "member"),
        ("on_pending", "update"),
    ];
    acme.bob
        .post("/orgs/acme-corp/members/invite", &update)
        .await
        .assert_status(403);
    house
        .browser()
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("Owner");
}

#[tokio::test]
async fn s2_14_where_only_owners_invite_an_admin_does_not() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let _ = invited(&house, &mut acme.alice, "early@x.test", "member").await;
    let mut database = crate::support::database::Database::open(&house.database_url).await;
    database
        .run("UPDATE organizations SET who_invites = 'owners' WHERE slug = 'acme-corp'")
        .await;
    acme.bob
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(403)
        .assert_says("only owners invite");
    invite(&mut acme.bob, "nina@x.test", "member")
        .await
        .assert_status(403);
    let id = invitation_id(&mut acme.alice, "early@x.test").await;
    acme.bob
        .post(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_status(403);
    acme.bob
        .post(&format!("/orgs/acme-corp/invitations/{id}/link"), &[])
        .await
        .assert_status(403);
    assert!(
        !acme
            .bob
            .get("/orgs/acme-corp/members")
            .await
            .text()
            .contains("Invite to Acme Corp")
    );
    invite(&mut acme.alice, "nina@x.test", "member")
        .await
        .assert_status(303);
}

#[tokio::test]
async fn the_policies_say_which_addresses_and_roles_and_how_long() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = crate::support::database::Database::open(&house.database_url).await;
    database
        .run("UPDATE organizations SET invite_domains = 'acme.test acme.example', roles_offered = 'simple', invitation_days = 2 WHERE slug = 'acme-corp'")
        .await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_says("Only addresses at acme.test and acme.example");
    assert_eq!(
        page.all(".choices label"),
        ["Admin", "Member"],
        "simple: an owner is called admin"
    );
    page.assert_says("works for 2 days");
    for address in [
        "nina@x.test",
        "nina@evilacme.test",
        "nina@sub.acme.test",
        "nina@acme.test.evil.test",
    ] {
        invite(&mut acme.alice, address, "member")
            .await
            .assert_status(422)
            .assert_says("invites only addresses at acme.test and acme.example");
    }
    invite(&mut acme.alice, "nina@acme.test", "viewer")
        .await
        .assert_status(422)
        .assert_says("doesn't offer the role");
    let link = invited(&house, &mut acme.alice, "nina@acme.test", "member").await;
    house
        .clock
        .advance(2 * roster::clock::DAY - roster::clock::MINUTE);
    house.browser().get(&link).await.assert_status(200);
    house.clock.advance(2 * roster::clock::MINUTE);
    house.browser().get(&link).await.assert_status(410);
}

#[tokio::test]
async fn a_member_is_not_invited_again_and_a_pending_invitation_is_updated_on_request() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let page = invite(&mut acme.alice, "Carol@acme.test", "admin")
        .await
        .assert_status(409)
        .assert_says("is a member of Acme Corp already");
    assert!(page.has(&format!("a[href='/orgs/acme-corp/members/{carol}']")));
    let old = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let page = invite(&mut acme.bob, "nina@x.test", "admin")
        .await
        .assert_status(409)
        .assert_says("has an invitation to Acme Corp already");
    assert!(page.has("button[name=on_pending][value=update]"));
    house.browser().get(&old).await.assert_status(200);
    let update = [
        ("email", "nina@x.test"),
        ("role", "admin"),
        ("on_pending", "update"),
    ];
    acme.bob
        .submit("/orgs/acme-corp/members/invite", &update)
        .await
        .assert_says("nina@x.test is invited as admin.");
    let new = super::mailed_link(&house, "nina@x.test").await;
    house
        .browser()
        .get(&old)
        .await
        .assert_status(410)
        .assert_says("A newer mail");
    house
        .browser()
        .get(&new)
        .await
        .assert_status(200)
        .assert_says("Admin")
        .assert_says("Bob Tanaka invited you");
    assert_eq!(rows(&house, "nina@x.test").await, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn an_expired_invitation_makes_way_for_a_new_one() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let old = invited(&house, &mut acme.alice, "nina@x.test", "admin").await;
    house.clock.advance(8 * roster::clock::DAY);
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_says("Expired");
    let new = invited(&house, &mut alice, "nina@x.test", "viewer").await;
    house
        .browser()
        .get(&old)
        .await
        .assert_status(410)
        .assert_says("expired on");
    house
        .browser()
        .get(&new)
        .await
        .assert_status(200)
        .assert_says("Viewer");
    let ended = alice
        .get("/orgs/acme-corp/invitations?show=ended&status=expired")
        .await
        .assert_status(200);
    assert_eq!(ended.all("tbody tr").len(), 1);
    assert_eq!(rows(&house, "nina@x.test").await, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i7_the_answer_does_not_tell_who_has_an_account_or_another_organization() {
    let house = House::start_with(crate::support::Settings::new().set("--membership", "one")).await;
    let mut acme = acme(&house).await;
    let mut seen = Vec::new();
    for address in [
        "otto@globex.test",
        "xenia@nowhere.test",
        "nobody@never.test",
    ] {
        let page = invite(&mut acme.alice, address, "member")
            .await
            .assert_status(303);
        let id = invitation_id(&mut acme.alice, address).await;
        let list = acme.alice.get("/orgs/acme-corp/invitations").await;
        let row = list
            .all("tbody tr")
            .into_iter()
            .find(|row| row.contains(address))
            .expect("a row");
        let shown = format!("{} {} {row}", page.status, page.location())
            .replace(address, "ADDRESS")
            .replace(&id, "ID");
        seen.push(
            shown
                .replace("The mail leaves in a moment", "")
                .replace("Queued", "Sent")
                .replace("Just now", "")
                .trim()
                .to_owned(),
        );
        super::mailed_link(&house, address).await;
        acme.alice
            .post(&format!("/orgs/acme-corp/invitations/{id}/revoke"), &[])
            .await
            .assert_status(303);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}

#[tokio::test]
async fn sec_i9_another_organizations_invitations_do_not_exist() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    for (action, form) in [
        ("resend", &[][..]),
        ("link", &[]),
        ("revoke", &[]),
        ("role", &[("role", "viewer")]),
    ] {
        for org in ["globex", "acme-corp"] {
            acme.otto
                .post(&format!("/orgs/{org}/invitations/{id}/{action}"), form)
                .await
                .assert_status(404);
        }
    }
    acme.otto
        .get(&format!("/orgs/globex/invitations/{id}/revoke"))
        .await
        .assert_status(404);
    assert_eq!(
        acme.otto
            .get("/orgs/globex/invitations")
            .await
            .assert_status(200)
            .all("tbody tr")
            .len(),
        0
    );
    house
        .browser()
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("Member");
}

#[tokio::test]
async fn sec_i14_a_flood_of_invitations_is_stopped_by_organization_and_by_recipient() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for n in 0..3 {
        let update = [
            ("email", "nina@x.test"),
            ("role", "member"),
            ("on_pending", "update"),
        ];
        acme.alice
            .post("/orgs/acme-corp/members/invite", &update)
            .await
            .assert_status(303);
        assert_eq!(rows(&house, "nina@x.test").await, 1, "{n}");
    }
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    let page = acme
        .alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_status(429);
    assert!(
        page.headers["retry-after"]
            .to_str()
            .expect("a number")
            .parse::<u64>()
            .expect("a number")
            > 0
    );
    let other = [("email", "nina@x.test"), ("role", "member")];
    acme.otto
        .post("/orgs/globex/members/invite", &other)
        .await
        .assert_status(429)
        .assert_says("enough mail for this hour");
    house.clock.advance(roster::clock::HOUR);
    acme.otto
        .post("/orgs/globex/members/invite", &other)
        .await
        .assert_status(303);
    let mut sent = 3;
    let refused = loop {
        let page = invite(&mut acme.alice, &format!("p{sent}@x.test"), "member").await;
        if page.status != 303 {
            break page;
        }
        sent += 1;
        assert!(sent <= 200, "nothing stops it");
    };
    assert_eq!(sent, 100 + 5, "a hundred, and one for each member");
    refused.assert_status(429).assert_says("as many as it may");
    assert_eq!(
        rows(&house, &format!("p{sent}@x.test")).await,
        0,
        "what is refused leaves nothing"
    );
    house.clock.advance(roster::clock::DAY);
    let mut alice = house.sign_in("alice@acme.test").await;
    invite(&mut alice, "later@x.test", "member")
        .await
        .assert_status(303);
}
