//! The link, who may accept by it, and what they have then.

use super::{assert_sound, copied_link, events, invitation_id, invite, invited, mailed_link, rows};
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::program::Program;
use crate::support::{Browser, House, Page, acme};
use mail_parser::MessageParser;
use roster::clock::{DAY, SECOND};

#[tokio::test]
async fn s1_44_s1_65_s4_8_s5_30_e4_a_newcomer_accepts_by_the_mailed_link_and_reads_what_they_have()
{
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "admin").await;
    house.clock.advance(DAY);
    let mut nina = house.browser();
    nina.get(&link)
        .await
        .assert_status(200)
        .assert_says("invited you to Acme Corp")
        .assert_says("Accept and join Acme Corp");
    nina.get("/orgs/acme-corp/members").await.assert_status(303);
    let receipt = nina
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_status(200);
    for words in [
        "You joined Acme Corp",
        "organization only",
        "Your role: Admin",
        "No workspace yet",
        "An admin must add you to a workspace.",
    ] {
        assert!(
            receipt.text().contains(words),
            "{words}: {}",
            receipt.text()
        );
    }
    nina.get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(200);
    let mut alice = house.sign_in("alice@acme.test").await;
    let id = crate::support::people::member_id(&mut alice, "acme-corp", "nina@x.test").await;
    let page = alice
        .get(&format!("/orgs/acme-corp/members/{id}"))
        .await
        .assert_says("verified");
    let joined = roster::clock::day(house.app.now());
    let joined_row = format!("Joined {joined}");
    assert!(
        page.text().contains(&joined_row),
        "joined when accepted, not when invited: {}",
        page.text()
    );
    let mail = house
        .mailbox
        .wait_for("alice@acme.test", "accepted your invitation")
        .await;
    assert!(mail.text.contains("nina@x.test"), "{}", mail.text);
    assert_eq!(mail.subject, "nina accepted your invitation to Acme Corp");
    assert_eq!(events(&house, "invitation.accepted").await, 1);
    assert_sound(&house).await;
}

#[tokio::test]
async fn an_invitation_says_what_the_role_is_to_who_gets_it() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let page = house
        .browser()
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("open the workspaces you are given");
    assert!(!page.text().contains("they are given"), "{}", page.text());
}

#[tokio::test]
async fn sec_i1_opening_the_link_changes_nothing_and_it_goes_no_further() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let mut database = Database::open(&house.database_url).await;
    let before = database.fingerprint().await;
    for _ in 0..3 {
        let page = house.browser().get(&link).await.assert_status(200);
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    for action in ["accept", "decline", "switch", "close-and-join"] {
        house
            .browser()
            .get(&format!("{link}/{action}"))
            .await
            .assert_status(405);
    }
    assert_eq!(database.fingerprint().await, before);
    let page = house
        .browser()
        .get(&format!("{link}x"))
        .await
        .assert_status(404);
    assert!(
        !page.body.contains(link.trim_start_matches("/invitations/")),
        "the block to copy has no token"
    );
    let mut foreign = house.browser();
    foreign.fetch_site = Some("cross-site".into());
    foreign
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403);
}

#[tokio::test]
async fn sec_i1_no_token_stands_in_the_log_however_much_is_logged() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let process = Process::serve(folder.path(), &["--log", "debug"]).await;
    let program = Program::new(folder.path()).set("ROSTER_PUBLIC_URL", &process.url);
    let printed = program
        .run(&["sign-in-link", "alice@acme.test"])
        .await
        .assert_code(0)
        .out;
    let sign_in = printed
        .split_whitespace()
        .find(|word| word.contains("/sign-in/"))
        .expect("a link")
        .to_owned();
    let mut alice = Browser::new(&process.url);
    alice.post(&sign_in, &[]).await.assert_status(303);
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    invite(&mut alice, "nina@x.test", "member")
        .await
        .assert_status(303);
    let link = written_link(folder.path()).await;
    let mut nina = Browser::new(&process.url);
    nina.get(&link).await.assert_status(200);
    nina.get(&format!("{link}?utm=1")).await.assert_status(200);
    nina.get(&format!("{link}/nowhere"))
        .await
        .assert_status(404);
    nina.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    nina.post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    Browser::new(&process.url)
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410);
    let log = process.errors();
    assert!(
        log.contains("/invitations") && log.contains("/sign-in"),
        "requests are logged: {log}"
    );
    for secret in [&link, &sign_in] {
        let token = secret.rsplit('/').next().expect("a token");
        assert!(!log.contains(token), "a token is in the log");
    }
}

/// The link in the first invitation that was written to a file, because no mail server is set.
async fn written_link(folder: &std::path::Path) -> String {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let files = std::fs::read_dir(folder.join("mail"))
            .expect("the folder for mails")
            .filter_map(Result::ok);
        let mails = files.filter_map(|file| std::fs::read(file.path()).ok());
        let texts = mails.filter_map(|raw| {
            MessageParser::default()
                .parse(&raw)?
                .body_text(0)
                .map(|text| text.into_owned())
        });
        let link = texts
            .filter_map(|text| {
                text.split_whitespace()
                    .find(|word| word.contains("/invitations/"))
                    .map(str::to_owned)
            })
            .next();
        if let Some(link) = link {
            return link;
        }
        assert!(std::time::Instant::now() < deadline, "no mail was written");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sec_i2_twenty_clicks_at_once_make_one_member_and_one_event() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "xenia@nowhere.test", "member").await;
    let accept = format!("{link}/accept");
    let clicks = (0..20).map(|_| {
        let (mut tab, accept) = (acme.xenia.another_tab(), accept.clone());
        tokio::spawn(async move { tab.post(&accept, &[]).await })
    });
    for click in futures::future::join_all(clicks).await {
        let page = click.expect("a click ends").assert_status(303);
        assert_eq!(
            page.location(),
            "/orgs/acme-corp/joined",
            "the same person's other clicks find that they have joined"
        );
    }
    assert_eq!(rows(&house, "xenia@nowhere.test").await, 1);
    assert_eq!(events(&house, "invitation.accepted").await, 1);

    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let clicks = (0..20).map(|_| {
        let (mut browser, accept) = (house.browser(), format!("{link}/accept"));
        tokio::spawn(async move { browser.post(&accept, &[]).await.status })
    });
    let mut answers: Vec<u16> = futures::future::join_all(clicks)
        .await
        .into_iter()
        .map(|c| c.expect("a click ends"))
        .collect();
    answers.sort();
    assert_eq!(answers[0], 303);
    assert!(
        answers[1..].iter().all(|status| *status == 410),
        "{answers:?}"
    );
    assert_eq!(rows(&house, "nina@x.test").await, 1);
    assert_eq!(events(&house, "invitation.accepted").await, 2);
    acme.carol
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410)
        .assert_says("was accepted on");
    assert_sound(&house).await;
}

#[tokio::test]
async fn sec_i3_sec_i4_another_account_does_not_accept_and_a_match_at_sign_in_does_not_join() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let page = acme.xenia.get(&link).await.assert_status(200);
    assert!(!page.text().contains("Accept and join"), "{}", page.text());
    page.assert_says("You are signed in as xenia@nowhere.test")
        .assert_says("This invitation is for nina@x.test");
    acme.xenia
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403);
    let mut database = Database::open(&house.database_url).await;
    database
        .run("INSERT INTO addresses (address, user_id, created_at) SELECT 'nina@x.test', id, 0 FROM users WHERE email = 'xenia@nowhere.test'")
        .await;
    acme.xenia
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(403);
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    acme.xenia
        .get(&format!("/invitations/{id}"))
        .await
        .assert_status(404);
    acme.xenia
        .post(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_status(404);
    acme.xenia
        .post(&format!("/invitations/{id}/decline"), &[])
        .await
        .assert_status(404);
    acme.xenia.cookies.remove("invitation");
    acme.xenia
        .get("/invitations")
        .await
        .assert_says("No invitation waits");
    database
        .run("DELETE FROM addresses WHERE address = 'nina@x.test'")
        .await;
    let mut nina = house.sign_in("nina@x.test").await;
    nina.get("/orgs/acme-corp/members").await.assert_status(404);
    nina.open("/").await.assert_says("You are invited");
    nina.get("/invitations").await.assert_says("Acme Corp");
    nina.get(&format!("/invitations/{id}"))
        .await
        .assert_says("Accept and join Acme Corp");
    nina.submit(&format!("/invitations/{id}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
}

#[tokio::test]
async fn sec_i5_a_forged_cut_or_altered_token_opens_nothing() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let token = link.strip_prefix("/invitations/").expect("a token");
    assert!(token.len() >= 43, "256 bits");
    let mut forged = vec![
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{token}="),
        format!(" {token}"),
        "eyJhbGciOiJub25lIn0.e30.".into(),
    ];
    for at in 0..token.len() {
        forged.push(token[..at].to_owned() + &token[at + 1..]);
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        forged.push(token[..at].to_owned() + other + &token[at + 1..]);
    }
    let clean = |body: &str| {
        body.lines()
            .filter(|l| !l.starts_with("Time: ") && !l.starts_with("Id: "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut browser = house.browser();
    let nothing = clean(
        &browser
            .get("/invitations/nothing")
            .await
            .assert_status(404)
            .body,
    );
    for token in forged.iter().filter(|t| *t != token && !t.is_empty()) {
        let path = format!("/invitations/{}", token.replace(' ', "%20"));
        assert_eq!(
            clean(&browser.get(&path).await.assert_status(404).body),
            nothing,
            "{token}"
        );
        browser
            .post(&format!("{path}/accept"), &[])
            .await
            .assert_status(404);
    }
    browser.get(&link).await.assert_status(200);
    // An id is no secret: whoever comes with one is asked who they are, whether or not there is such an invitation.
    for id in [
        invitation_id(&mut acme.alice, "nina@x.test").await,
        format!("inv_{}", "0".repeat(32)),
    ] {
        let page = browser
            .get(&format!("/invitations/{id}"))
            .await
            .assert_status(303);
        assert!(
            page.location().starts_with("/sign-in?next="),
            "{}",
            page.location()
        );
        browser
            .post(&format!("/invitations/{id}/accept"), &[])
            .await
            .assert_status(303);
        acme.otto
            .get(&format!("/invitations/{id}"))
            .await
            .assert_status(404);
    }
}

#[tokio::test]
async fn sec_i6_an_account_that_exists_signs_in_first_and_is_left_as_it_is() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    let account = "SELECT u.id || u.name || u.email || u.status || a.address FROM users u JOIN addresses a ON a.user_id = u.id WHERE u.email = 'xenia@nowhere.test'";
    let before = database.texts(account).await;
    acme.otto
        .post(
            "/orgs/globex/members/invite",
            &[("email", "xenia@nowhere.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    let link = mailed_link(&house, "xenia@nowhere.test").await;
    let mut somebody = house.browser();
    let page = somebody
        .get(&link)
        .await
        .assert_status(200)
        .assert_says("To accept, sign in as xenia@nowhere.test");
    assert!(!page.text().contains("Accept and join"));
    let answer = somebody
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(303);
    assert_eq!(answer.location(), "/sign-in?next=/invitations");
    assert_eq!(database.texts(account).await, before);
    let page = somebody
        .submit(
            "/sign-in",
            &[("email", "xenia@nowhere.test"), ("next", "/invitations")],
        )
        .await
        .assert_status(200);
    assert!(
        page.text().contains("Look in your mailbox"),
        "{}",
        page.text()
    );
    let code = house
        .mailbox
        .wait_for("xenia@nowhere.test", "Sign in to Roster")
        .await
        .code();
    let back = somebody.submit("/sign-in/code", &[("code", &code)]).await;
    let back = back
        .assert_status(200)
        .assert_says("Accept and join Globex");
    assert!(
        back.has(&format!("button[formaction='{link}/accept']")),
        "back at the link that was opened"
    );
    somebody
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Globex");
    assert_eq!(database.texts(account).await, before);
}

/// Adds an address to the account that is signed in, by the mail that proves it, and goes where that leads.
async fn add_address(house: &House, browser: &mut Browser, email: &str) -> Page {
    let form = [("email", email), ("next", "/invitations")];
    browser
        .submit("/account/security/addresses", &form)
        .await
        .assert_status(200)
        .assert_says("Look in your mailbox");
    let code = house
        .mailbox
        .wait_for(email, "Confirm this address")
        .await
        .code();
    browser.submit("/sign-in/code", &[("code", &code)]).await
}

#[tokio::test]
async fn somebody_else_switches_accounts_or_adds_the_address_by_a_mail_of_its_own() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let mut other = acme.xenia.another_tab();
    let page = other
        .submit(&format!("{link}/switch"), &[])
        .await
        .assert_says("Accept and join Acme Corp");
    assert!(!page.text().contains("Signed in as"));
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    let page = xenia
        .get(&link)
        .await
        .assert_says("Add nina@x.test to my account");
    assert!(page.has("a[href='/account/security?email=nina%40x.test&next=%2Finvitations']"));
    let page = xenia
        .get("/account/security?email=nina%40x.test&next=%2Finvitations")
        .await
        .assert_status(200);
    assert_eq!(
        page.attribute("input[name=email]", "value").as_deref(),
        Some("nina@x.test")
    );
    add_address(&house, &mut xenia, "nina@x.test")
        .await
        .assert_says("nina@x.test")
        .assert_says("Accept and join");
    xenia
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    assert_eq!(events(&house, "account.address_added").await, 1);
    assert_eq!(
        rows(&house, "xenia@nowhere.test").await,
        1,
        "the member is Xenia, by her primary address"
    );

    let link = invited(&house, &mut acme.alice, "otto@globex.test", "member").await;
    let mut nobody = house.sign_in("third@x.test").await;
    let page = nobody
        .get(&link)
        .await
        .assert_says("This invitation is for otto@globex.test");
    assert!(
        !page.text().contains("Add otto@globex.test"),
        "an address that an account has is not added to another"
    );
    assert_sound(&house).await;
}

#[tokio::test]
async fn a_copied_link_works_without_mail_and_proves_no_address() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mailed = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let copied = copied_link(&house, &mut acme.alice, "nina@x.test").await;
    assert_ne!(mailed, copied);
    assert_eq!(events(&house, "invitation.link_copied").await, 1);
    house
        .browser()
        .get(&mailed)
        .await
        .assert_status(200)
        .assert_says("Accept and join");
    let mut admin = house.browser();
    let unknown = admin
        .get(&copied)
        .await
        .assert_status(200)
        .assert_says("To accept, sign in as nina@x.test");
    assert!(!unknown.text().contains("Decline"));
    assert_eq!(
        admin
            .post(&format!("{copied}/accept"), &[])
            .await
            .assert_status(303)
            .location(),
        "/sign-in?next=/invitations"
    );
    assert_eq!(
        admin
            .post(&format!("{copied}/decline"), &[])
            .await
            .assert_status(303)
            .location(),
        "/sign-in?next=/invitations"
    );
    let page = acme
        .xenia
        .get(&copied)
        .await
        .assert_says("This invitation is for nina@x.test");
    page.assert_says("Add nina@x.test to my account");
    acme.xenia
        .post(&format!("{copied}/decline"), &[])
        .await
        .assert_status(403);
    let _account = house.sign_in("nina@x.test").await;
    let known = house.browser().get(&copied).await.assert_status(200);
    assert_eq!(
        known.text(),
        unknown.text(),
        "it doesn't tell whether there is an account"
    );
    let mut nina = house.sign_in("nina@x.test").await;
    nina.submit(&format!("{copied}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
}

#[tokio::test]
async fn sec_i11_it_expires_to_the_second_and_says_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "xenia@nowhere.test", "member").await;
    house.clock.advance(7 * DAY + SECOND);
    let mut xenia = house.sign_in("xenia@nowhere.test").await;
    xenia
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(410)
        .assert_says("expired on")
        .assert_says("send it again");
    xenia.get(&link).await.assert_status(410);
    xenia
        .get("/invitations")
        .await
        .assert_says("No invitation waits");
    assert_eq!(events(&house, "invitation.accepted").await, 0);
    let mut alice = house.sign_in("alice@acme.test").await;
    let id = invitation_id(&mut alice, "xenia@nowhere.test").await;
    alice
        .post(&format!("/orgs/acme-corp/invitations/{id}/link"), &[])
        .await
        .assert_status(409);
    alice
        .submit(&format!("/orgs/acme-corp/invitations/{id}/resend"), &[])
        .await
        .assert_says("Another mail to xenia@nowhere.test");
    let link = mailed_link(&house, "xenia@nowhere.test").await;
    xenia
        .submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    assert_sound(&house).await;
}

#[tokio::test]
async fn s3_22_the_role_set_last_is_the_one_they_join_with() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.bob, "nina@x.test", "member").await;
    let id = invitation_id(&mut acme.alice, "nina@x.test").await;
    acme.alice
        .submit(
            &format!("/orgs/acme-corp/invitations/{id}/role"),
            &[("role", "billing")],
        )
        .await
        .assert_says("nina@x.test joins as billing.")
        .assert_says("It applies when they accept.");
    let mut nina = house.browser();
    nina.get(&link)
        .await
        .assert_says("Billing")
        .assert_says("alice invited you");
    nina.submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("Your role: Billing");
    invite(&mut nina, "y@x.test", "viewer")
        .await
        .assert_status(403);
}

#[tokio::test]
async fn sec_z5_somebody_invited_counts_for_nothing_before_they_accept() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let _ = invited(&house, &mut acme.alice, "xenia@nowhere.test", "owner").await;
    for path in [
        "/orgs/acme-corp/members",
        "/orgs/acme-corp/invitations",
        "/orgs/acme-corp/members/invite",
        "/orgs/acme-corp/joined",
    ] {
        acme.xenia.get(path).await.assert_status(404);
    }
    invite(&mut acme.xenia, "y@x.test", "owner")
        .await
        .assert_status(404);
    let alice = acme.member_id("alice@acme.test").await;
    let page = acme
        .alice
        .submit(
            &format!("/orgs/acme-corp/members/{alice}/role"),
            &[("role", "member")],
        )
        .await
        .assert_status(409);
    page.assert_says("You are the only owner");
}

#[tokio::test]
async fn an_account_that_an_import_made_is_claimed_by_the_mailed_link() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    house
        .add_member(
            "globex",
            "nina@x.test",
            "Nina Berg",
            roster::access::OrgRole::Viewer,
        )
        .await;
    let link = invited(&house, &mut acme.alice, "nina@x.test", "member").await;
    let mut nina = house.browser();
    nina.submit(&format!("{link}/accept"), &[])
        .await
        .assert_says("You joined Acme Corp");
    nina.get("/orgs/globex/members").await.assert_status(200);
    acme.member_id("nina@x.test").await;
    assert_sound(&house).await;
}

#[tokio::test]
async fn who_is_a_member_by_another_address_is_told_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let link = invited(&house, &mut acme.alice, "carol@home.test", "admin").await;
    acme.carol.get(&link).await.assert_status(200);
    add_address(&house, &mut acme.carol, "carol@home.test")
        .await
        .assert_says("You are a member of Acme Corp already");
    acme.carol
        .post(&format!("{link}/accept"), &[])
        .await
        .assert_status(409)
        .assert_says("This invitation changes nothing");
    acme.carol
        .get("/orgs/acme-corp/members/invite")
        .await
        .assert_status(403);
}
