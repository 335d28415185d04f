//! Signing in with GitHub, against a stand-in that answers as GitHub documents.

use crate::sign_in::is_in;
use crate::support::database::Database;
use crate::support::github::{Account, CLIENT_ID, CLIENT_SECRET, GitHub, Mode};
use crate::support::people::member_id;
use crate::support::{Browser, House, Page, Settings};
use roster::access::OrgRole;
use roster::clock::MINUTE;
use serde_json::{Value, json};

pub async fn start() -> (House, GitHub) {
    start_with(&[]).await
}

pub async fn start_with(flags: &[(&str, &str)]) -> (House, GitHub) {
    let github = GitHub::start().await;
    let settings = Settings::new()
        .set("--github-client-id", CLIENT_ID)
        .set("--github-client-secret", CLIENT_SECRET)
        .set("--github-url", github.url())
        .set("--github-api-url", github.api_url());
    let settings = flags.iter().fold(settings, |settings, (flag, value)| {
        settings.set(flag, *value)
    });
    (House::start_with(settings).await, github)
}

/// Goes to GitHub and comes back with where it sends the browser: a path of ours.
pub async fn to_github(house: &House, browser: &mut Browser, start: &str) -> String {
    let page = browser.get(start).await.assert_status(303);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(crate::support::tls::tls())
        .build()
        .expect("a client");
    let answer = client
        .get(page.location())
        .send()
        .await
        .expect("GitHub answers");
    assert_eq!(answer.status(), 302, "{}", page.location());
    let back = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    back.strip_prefix(&house.url)
        .expect("it leads back here")
        .to_owned()
}

pub async fn sign_in(house: &House, browser: &mut Browser) -> Page {
    let back = to_github(house, browser, "/sign-in/github").await;
    browser.get(&back).await
}

/// The name and primary address that the profile of whoever is signed in begins with.
async fn who(house: &House, browser: &Browser) -> String {
    let cookie = &browser.cookies[roster::web::COOKIE];
    let person = roster::accounts::identify_session(&house.app, cookie, Default::default())
        .await
        .expect("an answer")
        .expect("somebody");
    format!(
        "{} <{}>",
        person.name,
        person.email.clone().unwrap_or_default()
    )
}

#[tokio::test]
async fn github_signs_in_a_new_person_with_name_and_address_and_goes_on() {
    let (house, github) = start().await;
    let mut browser = house.browser();
    let page = browser.get("/sign-in?next=/orgs/new").await;
    let href = page
        .attribute("a.btn[href^='/sign-in/github']", "href")
        .expect("a link to GitHub");
    github.sign_in_as(Account {
        name: Some("Nina Park".into()),
        ..Account::new(7, "nina", "Nina@x.test")
    });
    let back = to_github(&house, &mut browser, &href).await;
    let page = browser.get(&back).await.assert_status(303);
    assert_eq!(page.location(), "/orgs/new");
    assert_eq!(who(&house, &browser).await, "Nina Park <nina@x.test>");
    // The same person by e-mail: the address is the same account's.
    let by_mail = house.sign_in("nina@x.test").await;
    assert_eq!(who(&house, &by_mail).await, "Nina Park <nina@x.test>");
    assert!(
        !House::start()
            .await
            .browser()
            .get("/sign-in")
            .await
            .has("a[href^='/sign-in/github']"),
        "only where it is configured"
    );
}

#[tokio::test]
async fn sec_a1_only_addresses_that_github_verified_count() {
    for verified in [
        json!(false),
        json!("false"),
        json!("true"),
        json!(0),
        json!(1),
        Value::Null,
    ] {
        let (house, github) = start().await;
        house.sign_in("victim@x.test").await;
        github.sign_in_as(Account {
            emails: vec![("victim@x.test".into(), verified.clone(), true)],
            ..Account::new(66, "mallory", "")
        });
        let mut browser = house.browser();
        sign_in(&house, &mut browser).await.assert_status(303);
        assert_eq!(who(&house, &browser).await, "mallory <>", "{verified}");
    }
}

#[tokio::test]
async fn sec_a1_an_account_without_a_proper_id_is_refused() {
    let (house, github) = start().await;
    let mut database = Database::open(&house.database_url).await;
    for id in [
        Value::Null,
        json!(""),
        json!(0),
        json!(-1),
        json!("7"),
        json!(1.5),
        json!(true),
    ] {
        github.sign_in_as(Account {
            id: id.clone(),
            ..Account::new(1, "mallory", "mallory@x.test")
        });
        let mut browser = house.browser();
        sign_in(&house, &mut browser).await.assert_status(400);
        assert!(!is_in(&mut browser).await, "{id}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM identities").await, 0);
}

#[tokio::test]
async fn sec_a3_the_number_decides_and_neither_login_nor_address_leads_into_somebody_elses_account()
{
    let (house, github) = start().await;
    let (mut nina, mut omar) = (house.browser(), house.browser());
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    sign_in(&house, &mut nina).await.assert_status(303);
    // Another number with her address: not let in, and told what to do.
    github.sign_in_as(Account::new(2, "omar", "nina@x.test"));
    let refused = sign_in(&house, &mut omar).await.assert_status(409);
    refused.assert_says("linked with another GitHub account");
    assert!(!is_in(&mut omar).await);
    // Logins swapped: everybody stays in their own account.
    github.sign_in_as(Account::new(2, "omar", "omar@x.test"));
    sign_in(&house, &mut omar).await.assert_status(303);
    github.sign_in_as(Account::new(2, "nina", "omar@x.test"));
    sign_in(&house, &mut omar).await.assert_status(303);
    assert_eq!(who(&house, &omar).await, "omar <omar@x.test>");
    github.sign_in_as(Account::new(1, "omar", "nina@x.test"));
    sign_in(&house, &mut nina).await.assert_status(303);
    assert_eq!(who(&house, &nina).await, "nina <nina@x.test>");
}

#[tokio::test]
async fn a_renamed_login_is_a_new_label_in_every_directory() {
    let (house, github) = start().await;
    let mut nina = house.browser();
    github.sign_in_as(Account {
        name: Some("Nina Park".into()),
        ..Account::new(1, "nina-old", "nina@x.test")
    });
    sign_in(&house, &mut nina).await.assert_status(303);
    nina.post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    github.sign_in_as(Account {
        name: Some("Nina Park".into()),
        ..Account::new(1, "nina-new", "nina@x.test")
    });
    sign_in(&house, &mut nina).await.assert_status(303);
    let found = nina
        .get("/orgs/acme-corp/members?q=nina-new")
        .await
        .assert_status(200);
    assert_eq!(found.all("tbody tr").len(), 1);
    assert_eq!(
        nina.get("/orgs/acme-corp/members?q=nina-old")
            .await
            .all("tbody tr")
            .len(),
        0
    );
}

#[tokio::test]
async fn an_account_that_has_proved_the_address_is_linked() {
    let (house, github) = start().await;
    let by_mail = house.sign_in("nina@x.test").await;
    github.sign_in_as(Account {
        emails: vec![
            ("other@x.test".into(), true.into(), true),
            ("nina@x.test".into(), true.into(), false),
        ],
        ..Account::new(1, "nina", "")
    });
    let mut browser = house.browser();
    sign_in(&house, &mut browser).await.assert_status(303);
    assert_eq!(who(&house, &browser).await, who(&house, &by_mail).await);
}

#[tokio::test]
async fn sec_a10_a_state_is_good_once_in_its_own_browser_for_ten_minutes() {
    let (house, github) = start().await;
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    let mut browser = house.browser();
    let back = to_github(&house, &mut browser, "/sign-in/github").await;
    house.browser().get(&back).await.assert_status(400);
    let mut mallory = house.browser();
    to_github(&house, &mut mallory, "/sign-in/github").await;
    mallory
        .get(&back)
        .await
        .assert_status(400)
        .assert_says("was begun in this browser");
    assert!(!is_in(&mut mallory).await);
    let mut tab = browser.another_tab();
    browser
        .get("/sign-in/github/callback?code=x")
        .await
        .assert_status(400);
    tab.get(&back).await.assert_status(400);
    // Begun anew: once, and not after ten minutes.
    let back = to_github(&house, &mut browser, "/sign-in/github").await;
    let mut replayed = browser.another_tab();
    browser.get(&back).await.assert_status(303);
    assert!(is_in(&mut browser).await);
    for again in [&mut replayed, &mut browser] {
        again.get(&back).await.assert_status(400);
    }
    let mut late = house.browser();
    let back = to_github(&house, &mut late, "/sign-in/github").await;
    house.clock.advance(11 * MINUTE);
    late.get(&back).await.assert_status(400);
    assert!(!is_in(&mut late).await);
}

#[tokio::test]
async fn sec_a11_every_round_trip_has_a_challenge_of_its_own() {
    let (house, github) = start().await;
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    for _ in 0..15 {
        let mut browser = house.browser();
        sign_in(&house, &mut browser).await.assert_status(303);
    }
    let challenges = github.challenges();
    let distinct: std::collections::BTreeSet<_> = challenges
        .iter()
        .map(|c| c.as_ref().expect("a challenge"))
        .collect();
    assert_eq!((challenges.len(), distinct.len()), (15, 15));
}

#[tokio::test]
async fn sec_a12_a_code_of_another_round_trip_and_githubs_own_refusal_sign_nobody_in() {
    let (house, github) = start().await;
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    let (mut nina, mut mallory) = (house.browser(), house.browser());
    let hers = to_github(&house, &mut nina, "/sign-in/github").await;
    let code = url::Url::parse(&format!("http://x{hers}"))
        .expect("a URL")
        .query_pairs()
        .find(|(k, _)| k == "code")
        .expect("a code")
        .1
        .into_owned();
    let own = to_github(&house, &mut mallory, "/sign-in/github").await;
    let state = own.split("state=").nth(1).expect("a state").to_owned();
    // Her code with the state of another browser: the verifier doesn't fit, and GitHub says so with status 200.
    mallory
        .get(&format!(
            "/sign-in/github/callback?code={code}&state={state}"
        ))
        .await
        .assert_status(400);
    assert!(!is_in(&mut mallory).await);
    let mut browser = house.browser();
    let back = to_github(&house, &mut browser, "/sign-in/github").await;
    let state = back.split("state=").nth(1).expect("a state");
    browser
        .get(&format!(
            "/sign-in/github/callback?code=never-issued&state={state}"
        ))
        .await
        .assert_status(400);
    assert!(!is_in(&mut browser).await);
}

#[tokio::test]
async fn sec_a13_a_disabled_account_stays_disabled_whatever_the_way_in() {
    let (house, github) = start().await;
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    let mut browser = house.browser();
    sign_in(&house, &mut browser).await.assert_status(303);
    let mut database = Database::open(&house.database_url).await;
    database.run("UPDATE users SET status = 'disabled'").await;
    assert!(!is_in(&mut browser).await, "the session is dead at once");
    let mut again = house.browser();
    sign_in(&house, &mut again)
        .await
        .assert_status(403)
        .assert_says("This account is disabled");
    // Another number with the address doesn't get round it.
    github.sign_in_as(Account::new(2, "nina2", "nina@x.test"));
    sign_in(&house, &mut again).await.assert_status(403);
    let (link, code) = crate::sign_in::asked(&house, &mut again, "nina@x.test").await;
    again
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(403);
    again.post(&link, &[]).await.assert_status(403);
    assert!(!is_in(&mut again).await);
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM users WHERE status = 'disabled'")
            .await,
        1
    );
}

#[tokio::test]
async fn sec_r6_when_github_is_down_a_page_says_so_and_e_mail_still_works() {
    let (house, github) = start().await;
    github.sign_in_as(Account::new(1, "nina", "nina@x.test"));
    let mut browser = house.browser();
    for mode in [Mode::Refuse500, Mode::RateLimited, Mode::Slow] {
        github.fail(Mode::Ok);
        let back = to_github(&house, &mut browser, "/sign-in/github").await;
        github.fail(mode);
        let page = browser.get(&back).await.assert_status(503);
        assert!(page.headers.contains_key("retry-after"));
        page.assert_says("Sign in with your e-mail address, or try again");
    }
    let (_, code) = crate::sign_in::asked(&house, &mut browser, "nina@x.test").await;
    browser
        .post("/sign-in/code", &[("code", &code)])
        .await
        .assert_status(303);
    assert!(is_in(&mut browser).await);
}

#[tokio::test]
async fn who_cancels_at_github_is_back_at_the_sign_in_page() {
    let (house, github) = start().await;
    github.deny();
    let mut browser = house.browser();
    let back = to_github(&house, &mut browser, "/sign-in/github?next=/orgs/new").await;
    let page = browser.open(&back).await.assert_status(200);
    assert_eq!(
        page.attribute("input[name=next]", "value").as_deref(),
        Some("/orgs/new")
    );
    page.assert_says("You cancelled at GitHub.");
}

#[tokio::test]
async fn what_an_import_left_waiting_is_claimed_and_merged_without_lowering_a_role() {
    let (house, github) = start().await;
    house
        .sign_in("alice@acme.test")
        .await
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    house
        .add_member(
            "acme-corp",
            "work@acme.test",
            "Nina at work",
            OrgRole::Admin,
        )
        .await;
    house
        .add_member("acme-corp", "nina@x.test", "Nina", OrgRole::Member)
        .await;
    house
        .add_member("acme-corp", "third@x.test", "Third", OrgRole::Owner)
        .await;
    let mut database = Database::open(&house.database_url).await;
    let before = database.number("SELECT members FROM organizations").await;
    // GitHub has verified both of her addresses; a third is not verified there.
    github.sign_in_as(Account {
        emails: vec![
            ("nina@x.test".into(), true.into(), true),
            ("work@acme.test".into(), true.into(), false),
            ("third@x.test".into(), false.into(), false),
        ],
        ..Account::new(1, "nina", "")
    });
    let mut nina = house.browser();
    sign_in(&house, &mut nina).await.assert_status(303);
    assert_eq!(who(&house, &nina).await, "Nina <nina@x.test>");
    let page = nina.get("/orgs/acme-corp/members").await.assert_status(200);
    assert_eq!(page.all("tbody tr").len() as i64, before - 1);
    let own = member_id(&mut nina, "acme-corp", "nina@x.test").await;
    assert_eq!(
        database
            .texts(&format!("SELECT role FROM members WHERE id = '{own}'"))
            .await,
        ["admin"]
    );
    assert_eq!(
        database.number("SELECT members FROM organizations").await,
        before - 1
    );
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM audit_events WHERE action = 'member.claimed'")
            .await,
        1
    );
    assert_eq!(
        database
            .texts("SELECT address FROM addresses WHERE verified_at IS NULL")
            .await,
        ["third@x.test"]
    );
}

#[tokio::test]
async fn s2_33_who_claims_what_was_limited_to_named_things_is_limited_to_them_too() {
    let (house, github) = start().await;
    house
        .sign_in("alice@acme.test")
        .await
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    let alice = house.client("alice@acme.test").await;
    let org = alice.get("/organizations").await.json["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let made = alice
        .post(
            &format!("/organizations/{org}/workspaces"),
            json!({ "name": "Production" }),
        )
        .await
        .assert_status(201);
    let workspace = made.json["id"].as_str().expect("an id").to_owned();
    let monitor = |id: &str| json!({ "kind": "monitor", "external_id": id, "name": id });
    let monitors = json!({ "resources": [monitor("one"), monitor("two")] });
    alice
        .post(&format!("/workspaces/{workspace}/resources"), monitors)
        .await
        .assert_status(200);
    house
        .add_member(
            "acme-corp",
            "work@acme.test",
            "Nina at work",
            OrgRole::Member,
        )
        .await;
    let mut database = Database::open(&house.database_url).await;
    let waiting = database
        .texts("SELECT id FROM users WHERE email = 'work@acme.test'")
        .await
        .pop()
        .expect("the account that waits");
    let member = format!("/workspaces/{workspace}/members/{waiting}");
    alice
        .put(&member, json!({ "role": "viewer" }))
        .await
        .assert_status(200);
    let one = database
        .texts("SELECT id FROM resources WHERE external_id = 'one'")
        .await;
    alice
        .put(
            &format!("{member}/grants"),
            json!({ "kind": "monitor", "only": one }),
        )
        .await
        .assert_status(200);
    // She has an account of her own already, and proves the other address later.
    house.sign_in("nina@x.test").await;
    let emails = vec![
        ("nina@x.test".into(), true.into(), true),
        ("work@acme.test".into(), true.into(), false),
    ];
    github.sign_in_as(Account {
        emails,
        ..Account::new(1, "nina", "")
    });
    let mut nina = house.browser();
    sign_in(&house, &mut nina).await.assert_status(303);
    let nina = house.client("nina@x.test").await;
    let listed = nina
        .get(&format!("/workspaces/{workspace}/resources?kind=monitor"))
        .await
        .assert_status(200);
    let names: Vec<&str> = listed.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one"]);
}

#[tokio::test]
async fn an_import_that_trusts_usernames_is_claimed_by_login_and_by_nobody_else() {
    let (house, github) = start().await;
    house
        .sign_in("alice@acme.test")
        .await
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    house
        .add_member("acme-corp", "nina@acme.test", "Nina", OrgRole::Member)
        .await;
    let mut browser = house.browser();
    github.sign_in_as(Account::new(9, "Nina-Dev", "private@x.test"));
    sign_in(&house, &mut browser).await.assert_status(303);
    assert_eq!(
        who(&house, &browser).await,
        "Nina-Dev <private@x.test>",
        "a login alone claims nothing"
    );
    let mut database = Database::open(&house.database_url).await;
    database
        .run("UPDATE users SET claim_login = 'nina-dev' WHERE status = 'unclaimed'")
        .await;
    sign_in(&house, &mut browser).await.assert_status(303);
    let page = browser
        .get("/orgs/acme-corp/members?q=private@x.test")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 1, "{}", page.text());
    // The address that the import gave is nobody's until somebody proves it.
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM addresses WHERE address = 'nina@acme.test'")
            .await,
        0
    );
}

#[tokio::test]
async fn sec_a3_where_an_account_may_be_in_one_organization_a_second_one_goes_on_waiting() {
    let github = GitHub::start().await;
    let settings = Settings::new()
        .set("--github-client-id", CLIENT_ID)
        .set("--github-client-secret", CLIENT_SECRET)
        .set("--github-url", github.url())
        .set("--github-api-url", github.api_url())
        .set("--membership", "one");
    let house = House::start_with(settings).await;
    house
        .sign_in("alice@acme.test")
        .await
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    house
        .sign_in("otto@globex.test")
        .await
        .post("/orgs/new", &[("name", "Globex")])
        .await
        .assert_status(303);
    house
        .add_member("acme-corp", "nina@acme.test", "Nina", OrgRole::Member)
        .await;
    house
        .add_member("globex", "nina@globex.test", "Nina", OrgRole::Member)
        .await;
    github.sign_in_as(Account {
        emails: vec![
            ("nina@acme.test".into(), true.into(), true),
            ("nina@globex.test".into(), true.into(), false),
        ],
        ..Account::new(1, "nina", "")
    });
    let mut nina = house.browser();
    sign_in(&house, &mut nina).await.assert_status(303);
    nina.get("/orgs/acme-corp/members").await.assert_status(200);
    nina.get("/orgs/globex/members").await.assert_status(404);
    let mut database = Database::open(&house.database_url).await;
    assert_eq!(
        database
            .number("SELECT COUNT(*) FROM users WHERE status = 'unclaimed'")
            .await,
        1
    );
}

#[tokio::test]
async fn github_is_linked_after_a_question_and_unlinked_again() {
    let (house, github) = start().await;
    let mut nina = house.sign_in("nina@x.test").await;
    github.sign_in_as(Account::new(1, "nina-gh", "elsewhere@x.test"));
    let back = to_github(&house, &mut nina, "/account/security/github").await;
    let page = nina.open(&back).await.assert_status(200);
    assert!(page.text().contains("Link @nina-gh?"));
    assert!(
        !nina
            .get("/account/security")
            .await
            .text()
            .contains("@nina-gh"),
        "nothing is linked before the click"
    );
    nina.submit("/account/security/github/link", &[])
        .await
        .assert_says("@nina-gh signs you in from now on.");
    house
        .mailbox
        .wait_for("nina@x.test", "GitHub was linked")
        .await;
    let mut other = house.browser();
    sign_in(&house, &mut other).await.assert_status(303);
    assert_eq!(who(&house, &other).await, "nina <nina@x.test>");
    // Somebody else can't link the same one.
    let mut omar = house.sign_in("omar@x.test").await;
    let back = to_github(&house, &mut omar, "/account/security/github").await;
    omar.open(&back).await;
    omar.post("/account/security/github/link", &[])
        .await
        .assert_status(409)
        .assert_says("linked with another account here");
    nina.submit("/account/security/github/unlink", &[])
        .await
        .assert_says("GitHub is unlinked.");
    house
        .mailbox
        .wait_for("nina@x.test", "GitHub was unlinked")
        .await;
    assert!(!is_in(&mut other).await, "other sessions end");
}

#[tokio::test]
async fn sec_a15_github_alone_is_the_last_way_to_sign_in_and_stays() {
    let (house, github) = start().await;
    github.sign_in_as(Account {
        emails: Vec::new(),
        ..Account::new(1, "nina", "")
    });
    let mut nina = house.browser();
    sign_in(&house, &mut nina).await.assert_status(303);
    nina.post("/account/security/github/unlink", &[])
        .await
        .assert_status(409)
        .assert_says("only way to sign in");
    let mut again = house.browser();
    sign_in(&house, &mut again).await.assert_status(303);
    assert_eq!(who(&house, &again).await, who(&house, &nina).await);
}
