//! Going to Stripe: who may, and that nobody pays twice.

use super::*;
use crate::support::stripe::Mode;
use serde_json::json;

#[tokio::test]
async fn s1_93_s5_40_only_owner_and_billing_go_to_stripe_and_others_read_who_could() {
    let (stripe, house, mut cast) = shop().await;
    let wish = [("plan", "team"), ("every", "month")];
    for person in [&mut cast.bob, &mut cast.carol, &mut cast.vera] {
        for path in ["checkout", "portal"] {
            let fields = if path == "checkout" { &wish[..] } else { &[] };
            let page = person
                .post(&format!("/orgs/acme-corp/billing/{path}"), fields)
                .await
                .assert_status(403);
            page.assert_says("see or manage billing");
        }
        for path in ["paid", "not-paid", "managed"] {
            person
                .get(&format!("/orgs/acme-corp/billing/{path}"))
                .await
                .assert_status(403);
        }
    }
    for stranger in [&mut cast.otto, &mut cast.xenia] {
        stranger
            .post("/orgs/acme-corp/billing/checkout", &wish)
            .await
            .assert_status(404);
        stranger
            .post("/orgs/acme-corp/billing/portal", &[])
            .await
            .assert_status(404);
    }
    assert!(
        stripe.seen("").is_empty(),
        "nobody who may not makes Roster ask Stripe"
    );
    assert_eq!(events_in_log(&house).await, 0);
    assert_eq!(
        house.count("SELECT count(*) FROM workspaces").await,
        0,
        "and it needs no workspace"
    );
    let address = choose(&mut cast.bill, "team", "month").await;
    assert!(address.contains("/c/pay/"));
    log(&mut cast.alice)
        .await
        .assert_says("Bill Moreau went to pay for the plan Team by the month");
}

#[tokio::test]
async fn s1_91_who_begins_the_same_checkout_twice_or_at_once_gets_the_same_page() {
    let (stripe, house, mut cast) = shop().await;
    let first = choose(&mut cast.alice, "team", "month").await;
    assert_eq!(
        choose(&mut cast.bill, "team", "month").await,
        first,
        "one page for both"
    );
    assert_eq!(events_in_log(&house).await, 1, "begun once");

    let (stripe, house, mut cast) = {
        drop((stripe, house, cast));
        shop().await
    };
    let (mut tab, mut other) = (cast.alice.another_tab(), cast.alice.another_tab());
    let (one, two, three) = tokio::join!(
        choose(&mut cast.alice, "team", "month"),
        choose(&mut tab, "team", "month"),
        choose(&mut other, "team", "month")
    );
    assert_eq!((&one, &two), (&two, &three));
    assert_eq!(stripe.of("checkout.session", &stripe.customer()).len(), 1);
    assert_eq!(events_in_log(&house).await, 1);
}

#[tokio::test]
async fn s1_91_another_choice_ends_the_first_checkout_so_that_only_one_can_be_paid() {
    let (stripe, house, mut cast) = shop().await;
    let first = choose(&mut cast.alice, "team", "month").await;
    let mut tab = cast.alice.another_tab();
    let second = choose(&mut tab, "team", "year").await;
    assert_ne!(first, second);
    Browser::new(&stripe.url())
        .post(&first, &[])
        .await
        .assert_status(404)
        .assert_says("This page has expired.");
    let back = press(&stripe, &second).await;
    tab.get(&back).await.assert_status(303);
    // The first tab is still open; its person chooses again, and is led to what is paid already.
    let third = choose(&mut cast.alice, "enterprise", "month").await;
    assert!(third.contains("/p/session/"), "to the portal: {third}");
    assert_eq!(stripe.of("subscription", &stripe.customer()).len(), 1);
    assert_eq!(stored(&house).await, "team/team/active/");
}

#[tokio::test]
async fn s1_91_two_who_choose_different_plans_at_once_leave_one_checkout_open() {
    let (stripe, _house, mut cast) = shop().await;
    let mut tab = cast.alice.another_tab();
    let (team, enterprise) = (
        [("plan", "team"), ("every", "month")],
        [("plan", "enterprise"), ("every", "month")],
    );
    let path = "/orgs/acme-corp/billing/checkout";
    let (one, two) = tokio::join!(cast.alice.post(path, &team), tab.post(path, &enterprise));
    let to_stripe = [one, two]
        .iter()
        .filter(|page| page.location().starts_with(&stripe.url()))
        .count();
    assert!(to_stripe >= 1, "at least one goes on");
    let open = stripe
        .of("checkout.session", &stripe.customer())
        .iter()
        .filter(|one| one["status"] == "open")
        .count();
    assert_eq!(open, 1);
}

#[tokio::test]
async fn s1_91_who_paid_in_the_other_tab_is_led_to_the_portal_even_if_no_event_came() {
    let (stripe, house, mut cast) = shop().await;
    let address = choose(&mut cast.alice, "team", "month").await;
    press(&stripe, &address).await;
    stripe.events();
    assert_eq!(stored(&house).await, "//none/", "nobody has told Roster");
    let next = choose(&mut cast.bill, "team", "month").await;
    assert!(next.contains("/p/session/"), "to the portal: {next}");
    assert_eq!(
        stored(&house).await,
        "team/team/active/",
        "it looked before it began another"
    );
}

#[tokio::test]
async fn a_plan_without_a_price_or_that_is_not_there_can_not_be_paid() {
    let (stripe, house, mut cast) = shop().await;
    for (plan, every) in [
        ("free", "month"),
        ("enterprise", "year"),
        ("gold", "month"),
        ("team", "week"),
        ("team", ""),
    ] {
        cast.alice
            .post(
                "/orgs/acme-corp/billing/checkout",
                &[("plan", plan), ("every", every)],
            )
            .await
            .assert_status(422);
    }
    cast.alice
        .post("/orgs/acme-corp/billing/checkout", &[("plan", "team")])
        .await
        .assert_status(400);
    assert!(stripe.seen("").is_empty());
    assert_eq!(events_in_log(&house).await, 0);
}

#[tokio::test]
async fn who_leaves_checkout_comes_back_to_the_page_and_nothing_is_changed() {
    let (stripe, house, mut cast) = shop().await;
    let address = choose(&mut cast.alice, "team", "month").await;
    let page = Browser::new(&stripe.url())
        .get(&address)
        .await
        .assert_status(200);
    let back = page.attribute("a", "href").expect("a way back");
    cast.alice.get(&back).await.assert_status(303);
    assert_eq!(stored(&house).await, "//none/");
    assert_eq!(
        choose(&mut cast.alice, "team", "month").await,
        address,
        "and may go on with the same page"
    );
}

#[tokio::test]
async fn every_call_to_stripe_that_changes_something_has_a_key_and_the_fields_say_whose_it_is() {
    let (stripe, house, mut cast) = shop().await;
    pay(&stripe, &mut cast.alice, "team", "month").await;
    let org = house.system("acme-corp").await.org.id.to_string();
    let customer = stripe.seen("POST /v1/customers").remove(0);
    assert!(
        customer
            .fields
            .contains(&("metadata[roster_organization]".into(), org.clone()))
    );
    assert!(
        !customer.fields.iter().any(|(_, value)| value.contains('@')),
        "no person's address goes to Stripe by itself"
    );
    let session = stripe.seen("POST /v1/checkout/sessions").remove(0);
    assert!(
        session
            .fields
            .contains(&("client_reference_id".into(), org))
    );
    assert!(
        stripe
            .seen("POST")
            .iter()
            .all(|call| call.idempotency_key.starts_with("roster-"))
    );
}

#[tokio::test]
async fn a_stripe_that_is_down_or_refuses_leaves_people_on_the_page_with_plain_words() {
    let (stripe, house, mut cast) = shop().await;
    for mode in [Mode::Refuse500, Mode::RateLimited, Mode::KeyRevoked] {
        stripe.fail(mode);
        let page = cast
            .alice
            .post(
                "/orgs/acme-corp/billing/checkout",
                &[("plan", "team"), ("every", "month")],
            )
            .await
            .assert_status(303);
        assert_eq!(
            page.location(),
            "/orgs/acme-corp/billing/payments",
            "{mode:?}"
        );
    }
    stripe.fail(Mode::Ok);
    pay(&stripe, &mut cast.alice, "team", "month").await;
    stripe.fail(Mode::Refuse500);
    let page = cast
        .bill
        .post("/orgs/acme-corp/billing/portal", &[])
        .await
        .assert_status(303);
    assert_eq!(page.location(), "/orgs/acme-corp/billing/payments");
    cast.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    assert_eq!(
        stored(&house).await,
        "team/team/active/",
        "what is known stays"
    );
}

#[tokio::test]
async fn s3_4_s4_6_the_admin_of_two_roles_is_the_owner_with_settings_people_roles_and_billing_in_hand()
 {
    let (stripe, house, mut cast) = shop().await;
    let alice = house.client("alice@acme.test").await;
    let org = format!("/organizations/{}", house.system("acme-corp").await.org.id);
    let carol = cast.member_id("carol@acme.test").await;
    // Among five roles, admin is the one that doesn't pay.
    let answer = alice
        .put(
            &format!("{org}/members/{carol}"),
            json!({ "org_role": "admin" }),
        )
        .await
        .assert_status(200);
    assert_eq!(answer.json["org_role"], "admin");
    cast.carol
        .get("/orgs/acme-corp/billing")
        .await
        .assert_status(403);

    // Of two, it is the owner, who is called so on pages too.
    alice
        .put(
            &format!("{org}/policies"),
            json!({ "roles_offered": "simple" }),
        )
        .await
        .assert_status(200);
    let answer = alice
        .put(
            &format!("{org}/members/{carol}"),
            json!({ "org_role": "admin" }),
        )
        .await
        .assert_status(200);
    assert_eq!(answer.json["org_role"], "owner");
    let invited = json!({ "email": "nina@acme.test", "org_role": "Admin" });
    let invited = alice
        .post(&format!("{org}/members/invite"), invited)
        .await
        .assert_status(201)
        .json;
    assert_eq!(invited["org_role"], "owner");
    let bob = house.client("bob@acme.test").await;
    bob.put(
        &format!("{org}/members/{carol}"),
        json!({ "org_role": "member" }),
    )
    .await
    .assert_status(403);

    let carol = &mut cast.carol;
    carol
        .get("/orgs/acme-corp/roles")
        .await
        .assert_status(200)
        .assert_says("Admin you");
    let settings = [("name", "Acme Group"), ("slug", "acme-corp")];
    carol
        .submit("/orgs/acme-corp/settings", &settings)
        .await
        .assert_status(200)
        .assert_says("Acme Group");
    let vera = crate::support::people::member_id(carol, "acme-corp", "vera@acme.test").await;
    carol
        .post(
            &format!("/orgs/acme-corp/members/{vera}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(303);
    let invite = [("email", "mia@acme.test"), ("role", "member")];
    carol
        .post("/orgs/acme-corp/members/invite", &invite)
        .await
        .assert_status(303);
    let role = [("name", "Reader"), ("description", "")];
    carol
        .post("/orgs/acme-corp/roles/custom/new", &role)
        .await
        .assert_status(303);
    carol
        .post(
            "/orgs/acme-corp/billing",
            &[("email", "pay@acme.test"), ("name", ""), ("address", "")],
        )
        .await
        .assert_status(303);
    pay(&stripe, carol, "team", "month").await;
    assert_eq!(stored(&house).await, "team/team/active/");
    manage(&stripe, carol, "stop").await;
    carol
        .get("/orgs/acme-corp/billing/managed")
        .await
        .assert_status(303);
    assert_eq!(stored(&house).await, "team/team/cancelling/");
    carol.get("/orgs/acme-corp/audit").await.assert_status(200);
    carol
        .get("/orgs/acme-corp/settings/delete")
        .await
        .assert_status(200);
}
