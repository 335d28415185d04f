//! Moving in: `roster import`.

use crate::sign_in_github;
use crate::support::browser::Browser;
use crate::support::github::Account;
use crate::support::{House, Program, acme};

const HEADER: &str = "email,github,name,org_role,workspaces\n";
const IMPORT: [&str; 4] = ["import", "members.csv", "--organization", "acme-corp"];

/// The call with further flags.
fn with(flags: &[&'static str]) -> Vec<&'static str> {
    IMPORT.into_iter().chain(flags.iter().copied()).collect()
}

/// A file of made people.
fn people(count: usize) -> String {
    let mut file = HEADER.to_owned();
    for n in 0..count {
        file.push_str(&format!(
            "person{n}@import.test,person-{n},Person {n},,production:member;emea:viewer\n"
        ));
    }
    file
}

async fn members(house: &House) -> i64 {
    house
        .count("SELECT members FROM organizations WHERE slug = 'acme-corp'")
        .await
}

#[tokio::test]
async fn s4_7_everybody_in_a_file_is_a_member_at_once_and_claims_it_by_signing_in() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file(
        "members.csv",
        format!("{HEADER}Zoe@Import.test,,Zoë Quist,org_admin,\nyan@import.test,,,,\nbob@acme.test,,Robert,viewer,\n"),
    );
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("3 lines")
        .assert_says("2 added")
        .assert_says("1 already there");
    assert!(ran.err.is_empty(), "{}", ran.err);
    let page = acme
        .alice
        .get("/orgs/acme-corp/members?q=import.test")
        .await
        .assert_status(200);
    assert_eq!(page.all("tbody tr").len(), 2);
    let page = page.assert_says("Not signed in yet");
    assert!(page.text().contains("Zoë Quist"));
    let bob = acme
        .alice
        .get("/orgs/acme-corp/members?q=bob@acme.test")
        .await;
    assert!(
        !bob.text().contains("Robert"),
        "who is there keeps name and role"
    );
    let mut zoe = house.sign_in("zoe@import.test").await;
    let page = zoe
        .get("/orgs/acme-corp/members?q=import.test")
        .await
        .assert_status(200);
    assert!(
        page.has("tbody select"),
        "she is the admin that the file says"
    );
    let zoe_row = page
        .all("tbody tr")
        .into_iter()
        .find(|row| row.contains("Zoë"))
        .expect("her row");
    assert!(!zoe_row.contains("Not signed in yet"), "{zoe_row}");
    let zoe = acme.member_id("zoe@import.test").await;
    acme.alice
        .get(&format!("/orgs/acme-corp/members/{zoe}"))
        .await
        .assert_says("Operator added Zoë Quist as admin");
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", people(40));
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("40 added")
        .assert_says("0 already there");
    ran.assert_says("80 roles kept for later: there is no such workspace.");
    let before = (
        members(&house).await,
        house.count("SELECT COUNT(*) FROM users").await,
        house.count("SELECT COUNT(*) FROM audit_events").await,
    );
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("0 added")
        .assert_says("40 already there");
    ran.assert_says("80 roles kept for later");
    let after = (
        members(&house).await,
        house.count("SELECT COUNT(*) FROM users").await,
        house.count("SELECT COUNT(*) FROM audit_events").await,
    );
    assert_eq!(before, after);
    assert_eq!(before.0, 45);
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_changes_nothing() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", people(10));
    let ran = program
        .run(&with(&["--dry-run"]))
        .await
        .assert_code(0)
        .assert_says("Nothing was changed.");
    ran.assert_says("10 added")
        .assert_says("20 roles kept for later");
    assert_eq!(
        (
            members(&house).await,
            house.count("SELECT COUNT(*) FROM pending_access").await
        ),
        (5, 0)
    );
}

#[tokio::test]
async fn a_line_with_a_problem_is_left_out_whole_and_named_and_the_rest_is_done() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", format!("\u{feff}{HEADER}bad address,,A,,\r\nok@import.test,,Fine,,\r\nx@import.test,,X,emperor,\r\nOK@import.test,,Again,owner,\r\ny@import.test,,Y,,prod:king\r\n"));
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(1)
        .assert_says("1 added")
        .assert_says("4 left out");
    let ran = ran.assert_says("roster: 4 of 5 lines were not done");
    for words in [
        "line 2: bad address: “bad address” is not an e-mail address",
        "line 4: x@import.test: “emperor” is not a role; there are owner, admin, billing, member and viewer",
        "line 5: ok@import.test: stands on line 3 already",
        "line 6: y@import.test: “prod:king” must be like prod:member",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert_eq!(
        (
            members(&house).await,
            house
                .count("SELECT COUNT(*) FROM users WHERE status = 'unclaimed'")
                .await
        ),
        (6, 1)
    );
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused_before_anything_is_done() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    for (content, says) in [
        (
            "Name;E-Mail\nA;a@x.test\n",
            "“E-Mail” is no column of it. Its first line must name the columns: email,github,name,org_role,workspaces",
        ),
        ("", "it is empty"),
    ] {
        program.file("members.csv", content);
        program.run(&IMPORT).await.assert_code(1).assert_says(says);
    }
    program
        .run(&["import", "missing.csv", "--organization", "acme-corp"])
        .await
        .assert_code(1)
        .assert_says("missing.csv can't be read");
    assert_eq!(members(&house).await, 5);
}

#[tokio::test]
async fn a_username_alone_claims_nothing_unless_the_operator_says_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file(
        "members.csv",
        format!("{HEADER},Octo-Cat,,,\n,hubot,,owner,\nmail@import.test,both,,,\n"),
    );
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("3 added");
    ran.assert_says("2 members have a GitHub username alone")
        .assert_says("--resolve-usernames");
    acme.alice
        .get("/orgs/acme-corp/members?q=octo-cat")
        .await
        .assert_says("Octo-Cat");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM users WHERE claim_login IS NOT NULL")
            .await,
        0
    );
    let ran = program
        .run(&with(&["--trust-usernames"]))
        .await
        .assert_code(0)
        .assert_says("0 added")
        .assert_says("3 already there");
    let ran =
        ran.assert_says("3 members can be claimed from now on by whoever signs in with these GitHub usernames: Octo-Cat, hubot, both");
    assert!(!ran.out.contains("username alone"), "{}", ran.out);
    let ran = program
        .run(&with(&["--trust-usernames"]))
        .await
        .assert_code(0)
        .assert_says("3 already there");
    assert!(
        !ran.out.contains("can be claimed"),
        "nothing is new: {}",
        ran.out
    );
    assert_eq!(members(&house).await, 8);
}

/// What the directory says of somebody whom this person sees.
async fn row_of(browser: &mut Browser, login: &str) -> String {
    let page = browser
        .get(&format!("/orgs/acme-corp/members?q={login}"))
        .await
        .assert_status(200);
    page.all("tbody tr").pop().unwrap_or_default()
}

#[tokio::test]
async fn a_username_that_github_was_asked_about_is_claimed_by_that_account_also_after_it_was_renamed()
 {
    let (house, github) = sign_in_github::start().await;
    let mut acme = acme(&house).await;
    for account in [
        Account::new(41, "octo-cat", "cat@x.test"),
        Account::new(42, "hubot", "hubot@x.test"),
    ] {
        github.sign_in_as(account);
    }
    let program = Program::beside(&house).set("ROSTER_GITHUB_API_URL", github.api_url());
    program.file(
        "members.csv",
        format!("{HEADER},Octo-Cat,The Cat,admin,\n,hubot,,,\n,nobody-there,,,\n"),
    );
    let resolve = with(&["--resolve-usernames"]);
    let ran = program
        .run(&resolve)
        .await
        .assert_code(1)
        .assert_says("2 added")
        .assert_says("1 left out");
    let ran = ran
        .assert_says("line 4: nobody-there: GitHub knows no person with the username nobody-there");
    assert!(
        !ran.out.contains("username alone"),
        "everybody added can be claimed: {}",
        ran.out
    );
    program
        .run(&resolve)
        .await
        .assert_code(1)
        .assert_says("0 added")
        .assert_says("2 already there");

    // Somebody else has taken the username since; the account with the number is another name now.
    let mut other = house.browser();
    github.sign_in_as(Account::new(99, "octo-cat", "other@x.test"));
    sign_in_github::sign_in(&house, &mut other).await;
    other
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(404);
    let mut cat = house.browser();
    github.sign_in_as(Account::new(41, "cat-of-old", "cat@x.test"));
    sign_in_github::sign_in(&house, &mut cat).await;
    assert!(
        cat.get("/orgs/acme-corp/members")
            .await
            .assert_status(200)
            .has("tbody select"),
        "the admin that the file says"
    );
    let row = row_of(&mut acme.alice, "cat-of-old").await;
    assert!(
        row.contains("The Cat") && !row.contains("Not signed in yet"),
        "{row}"
    );
}

#[tokio::test]
async fn a_trusted_username_is_claimed_by_whoever_signs_in_with_it() {
    let (house, github) = sign_in_github::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", format!("{HEADER},Octo-Cat,,viewer,\n"));
    program
        .run(&with(&["--trust-usernames"]))
        .await
        .assert_code(0)
        .assert_says("1 added")
        .assert_says("usernames: Octo-Cat");
    assert!(
        row_of(&mut acme.alice, "octo-cat")
            .await
            .contains("Not signed in yet")
    );
    let mut cat = house.browser();
    github.sign_in_as(Account::new(41, "octo-cat", "cat@x.test"));
    sign_in_github::sign_in(&house, &mut cat).await;
    cat.get("/orgs/acme-corp/members").await.assert_status(200);
    assert!(
        !row_of(&mut acme.alice, "octo-cat")
            .await
            .contains("Not signed in yet")
    );
    program
        .run(&with(&["--trust-usernames"]))
        .await
        .assert_code(0)
        .assert_says("0 added")
        .assert_says("1 already there");
}

#[tokio::test]
async fn when_github_takes_no_more_questions_the_rest_waits_and_that_is_said() {
    let (house, github) = sign_in_github::start().await;
    let _acme = acme(&house).await;
    github.fail(crate::support::github::Mode::RateLimited);
    let program = Program::beside(&house).set("ROSTER_GITHUB_API_URL", github.api_url());
    program.file(
        "members.csv",
        format!("{HEADER}mail@import.test,,,,\n,octo,,,\n,hubot,,,\n"),
    );
    let ran = program
        .run(&with(&["--resolve-usernames"]))
        .await
        .assert_code(1)
        .assert_says("1 added")
        .assert_says("2 not asked for yet");
    ran.assert_says("GitHub takes no more questions for now")
        .assert_says("Run the same command again after that");
}

#[tokio::test]
async fn s1_40_with_invite_everybody_gets_an_invitation_and_nobody_is_a_member_yet() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file(
        "members.csv",
        format!("{HEADER}new@import.test,,Nora Quist,admin,\nbob@acme.test,,,,\n,octo,,,\n"),
    );
    let ran = program
        .run(&with(&["--invite"]))
        .await
        .assert_code(1)
        .assert_says("1 invited")
        .assert_says("1 invited or members already");
    ran.assert_says("line 4: octo: has no e-mail address to send an invitation to");
    program
        .run(&with(&["--invite"]))
        .await
        .assert_code(1)
        .assert_says("0 invited")
        .assert_says("2 invited or members already");
    let mail = house
        .mailbox
        .wait_for("new@import.test", "invited you to Acme Corp")
        .await;
    assert!(mail.text.contains("/invitations/"), "{}", mail.text);
    assert_eq!(members(&house).await, 5);
    acme.alice
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_says("new@import.test");
}

#[tokio::test]
async fn two_organizations_that_import_one_username_untrusted_get_two_accounts() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", format!("{HEADER},octo,,,\n"));
    program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("1 added");
    program
        .run(&["import", "members.csv", "--organization", "globex"])
        .await
        .assert_code(0)
        .assert_says("1 added");
    assert_eq!(
        house
            .count("SELECT COUNT(DISTINCT user_id) FROM members WHERE github_login = 'octo'")
            .await,
        2
    );
}

#[tokio::test]
async fn e11_s2_23_where_an_account_may_be_in_one_organization_only_an_import_takes_nobody_from_another()
 {
    let house = House::start_with(crate::support::Settings::new().set("--membership", "one")).await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house).set("ROSTER_MEMBERSHIP", "one");
    program.file(
        "members.csv",
        format!("{HEADER}otto@globex.test,,,,\nnew@import.test,,,,\n"),
    );
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(1)
        .assert_says("1 added");
    ran.assert_says("line 2: otto@globex.test: is in another organization, and here an account may be in one only");
}

#[tokio::test]
async fn sec_r_a_killed_import_is_finished_by_running_it_again_and_adds_nobody_twice() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", people(3_000));
    let mut running = program.start(&IMPORT);
    while members(&house).await < 300 {
        assert!(
            running.child.try_wait().expect("it can be asked").is_none(),
            "the import ended before it could be killed"
        );
        tokio::task::yield_now().await;
    }
    running.kill();
    let done = members(&house).await - 5;
    assert!(
        (250..3_000).contains(&done) && done % 250 == 0,
        "whole batches, not all of them: {done}"
    );
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("3,000 lines");
    ran.assert_says(&format!("{} added", roster::text::thousands(3_000 - done)))
        .assert_says("already there");
    assert_eq!(members(&house).await, 3_005);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE email LIKE '%@import.test'")
            .await,
        3_000
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM audit_events WHERE action = 'member.added' AND changes LIKE '%import%'").await, 3_004);
    program.run(&["audit", "verify"]).await.assert_code(0);
}

#[tokio::test]
async fn s4_7_s1_43_the_1_276_members_of_a_real_organization_move_in() {
    let folder = std::env::var("ROSTER_SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data").into());
    let file = std::path::Path::new(&folder).join("kubernetes-org-members.csv");
    let Ok(content) = std::fs::read_to_string(&file) else {
        eprintln!(
            "LEFT OUT: {} is not here; ROSTER_SHARED_DATA names the folder that has it",
            file.display()
        );
        return;
    };
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file("members.csv", &content);
    let begun = std::time::Instant::now();
    let ran = program
        .run(&with(&["--create-workspaces"]))
        .await
        .assert_code(0)
        .assert_says("1,276 added")
        .assert_says("75 workspaces made");
    eprintln!(
        "1,276 people into 75 workspaces in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let ran = ran.assert_says("737 roles in workspaces given");
    ran.assert_says("1,276 members have a GitHub username alone");
    program
        .run(&IMPORT)
        .await
        .assert_code(0)
        .assert_says("0 added")
        .assert_says("1,276 already there");
    assert_eq!(members(&house).await, 1_281);
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM members WHERE role = 'owner' AND github_login <> ''")
            .await,
        10
    );
    acme.alice
        .get("/orgs/acme-corp/members?q=44past4")
        .await
        .assert_status(200)
        .assert_says("44past4");
    let file: Vec<&str> = content.lines().skip(1).collect();
    for (slug, role) in [
        ("sig-api-machinery", "member"),
        ("sig-docs", "admin"),
        ("sig-node", "member"),
    ] {
        let wanted = format!("{slug}:{role}");
        let expected = file
            .iter()
            .filter(|line| line.split([',', ';', '"']).any(|part| part == wanted))
            .count();
        let given = format!(
            "SELECT COUNT(*) FROM access a JOIN workspaces w ON w.id = a.workspace_id
             WHERE w.slug = '{slug}' AND a.role = '{role}' AND a.source = 'organization'"
        );
        assert_eq!(house.count(&given).await, expected as i64, "{wanted}");
    }
    assert_eq!(
        house.count("SELECT COUNT(*) FROM access").await,
        737,
        "and nobody else anywhere"
    );
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE action = 'access.given'")
            .await,
        737
    );
}

/// What the file's people have, as "slug address role".
async fn given(house: &House) -> Vec<String> {
    let mut database = crate::support::database::Database::open(&house.database_url).await;
    database
        .texts(
            "SELECT w.slug || ' ' || m.email || ' ' || a.role FROM access a JOIN workspaces w ON w.id = a.workspace_id
             JOIN members m ON m.user_id = a.user_id AND m.org_id = w.org_id WHERE a.source = 'organization' ORDER BY 1",
        )
        .await
}

#[tokio::test]
async fn s1_43_workspaces_that_are_there_are_given_at_once_and_the_others_when_they_appear() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    acme.alice
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Production")])
        .await
        .assert_status(303);
    let program = Program::beside(&house);
    program.file("members.csv", format!("{HEADER}ann@import.test,,,,production:admin;emea:viewer\nvic@import.test,,,viewer,emea:member\n"));
    let ran = program
        .run(&IMPORT)
        .await
        .assert_code(1)
        .assert_says("1 added")
        .assert_says("1 roles in workspaces given");
    let ran = ran.assert_says("1 roles kept for later");
    let ran = ran.assert_says(
        "line 3: vic@import.test: a viewer of the organization can be no more than viewer in emea",
    );
    assert!(ran.out.contains("1 left out"), "{}", ran.out);
    assert_eq!(given(&house).await, ["production ann@import.test admin"]);
    program.file(
        "members.csv",
        format!("{HEADER}ann@import.test,,,,production:viewer;emea:viewer\n"),
    );
    let ran = program
        .run(&with(&["--create-workspaces", "--dry-run"]))
        .await
        .assert_code(0)
        .assert_says("1 workspaces made");
    ran.assert_says("Nothing was changed.");
    assert_eq!(given(&house).await.len(), 1);
    let ran = program
        .run(&with(&["--create-workspaces"]))
        .await
        .assert_code(0)
        .assert_says("1 workspaces made");
    ran.assert_says("1 roles in workspaces given")
        .assert_says("1 roles in workspaces there already");
    assert_eq!(
        given(&house).await,
        [
            "emea ann@import.test viewer",
            "production ann@import.test admin"
        ],
        "what is there stays"
    );
    let events = house.count("SELECT COUNT(*) FROM audit_events").await;
    program
        .run(&with(&["--create-workspaces"]))
        .await
        .assert_code(0)
        .assert_says("2 roles in workspaces there already");
    assert_eq!(
        (
            given(&house).await.len(),
            house.count("SELECT COUNT(*) FROM audit_events").await
        ),
        (2, events)
    );
    assert_eq!(house.count("SELECT COUNT(*) FROM pending_access").await, 0);
    let mut ann = house.sign_in("ann@import.test").await;
    ann.get("/orgs/acme-corp/workspaces")
        .await
        .assert_says("Production")
        .assert_says("emea");
}

#[tokio::test]
async fn s1_43_with_invite_the_workspaces_are_offered_and_a_missing_one_stops_its_line() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program.file(
        "members.csv",
        format!("{HEADER}ann@import.test,,,,emea:admin\n"),
    );
    let ran = program
        .run(&with(&["--invite"]))
        .await
        .assert_code(1)
        .assert_says("0 invited");
    ran.assert_says("line 2: ann@import.test: names the workspace emea, which isn't there");
    let ran = program
        .run(&with(&["--invite", "--create-workspaces"]))
        .await
        .assert_code(0)
        .assert_says("1 invited");
    ran.assert_says("1 roles in workspaces offered");
    let mail = house
        .mailbox
        .wait_for("ann@import.test", "invited you to")
        .await;
    assert!(mail.text.contains("emea, as Admin"), "{}", mail.text);
    assert!(given(&house).await.is_empty(), "not before they accept");
}
