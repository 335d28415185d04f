//! The command line as the person at the terminal meets it.

use crate::support::browser::Browser;
use crate::support::{House, Program, acme};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// The address in "Roster is on http://…".
fn address(line: &str) -> String {
    line.trim()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned()
}

#[tokio::test]
async fn s1_14_a_first_start_says_where_to_go_and_how_to_get_in() {
    let folder = folder();
    let program = Program::new(folder.path()).set("ROSTER_LISTEN", "127.0.0.1:0");
    let mut running = program.start(&[]);
    let url = address(&running.read_until("Roster is on"));
    running.read_until("Ctrl-C");
    for words in [
        "roster.db",
        "no mail server is set",
        "sign-in-link you@example.com",
    ] {
        assert!(running.said.contains(words), "{words}: {}", running.said);
    }
    let link = program
        .clone()
        .set("ROSTER_PUBLIC_URL", &url)
        .run(&["sign-in-link", "you@example.com"])
        .await
        .assert_code(0);
    let mut browser = Browser::new(&url);
    browser
        .open(link.out.trim())
        .await
        .assert_status(200)
        .assert_says("Sign in");
    browser.post(link.out.trim(), &[]).await.assert_status(303);
    browser
        .submit("/orgs/new", &[("name", "First Try")])
        .await
        .assert_status(200)
        .assert_says("First Try is ready.");
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_with_one_sentence_that_names_it() {
    let folder = folder();
    for (name, value, says) in [
        (
            "ROSTER_LISTEN",
            "nonsense",
            "ROSTER_LISTEN (--listen) must be an address and a port",
        ),
        (
            "ROSTER_PUBLIC_URL",
            "roster",
            "ROSTER_PUBLIC_URL (--public-url) must be a web address",
        ),
        (
            "ROSTER_PUBLIC_URL",
            "https://x.test/path",
            "ROSTER_PUBLIC_URL (--public-url) must be like",
        ),
        (
            "ROSTER_DATABASE_URL",
            "mysql://x",
            "ROSTER_DATABASE_URL (--database-url) must begin with",
        ),
        (
            "ROSTER_SMTP_URL",
            "mail",
            "ROSTER_SMTP_URL (--smtp-url) must be like",
        ),
        (
            "ROSTER_MAIL_FROM",
            "nobody",
            "ROSTER_MAIL_FROM (--mail-from) must be like",
        ),
        (
            "ROSTER_GITHUB_CLIENT_ID",
            "x",
            "ROSTER_GITHUB_CLIENT_ID and ROSTER_GITHUB_CLIENT_SECRET belong together",
        ),
        (
            "ROSTER_INVITE_BY",
            "github",
            "ROSTER_INVITE_BY (--invite-by) lets people be invited by GitHub username, which needs",
        ),
        (
            "ROSTER_INVITE_BY",
            "post",
            "ROSTER_INVITE_BY (--invite-by) must be both, email or github; it is “post”",
        ),
        (
            "ROSTER_GITHUB_INVITATIONS",
            "join",
            "ROSTER_GITHUB_INVITATIONS (--github-invitations) is join, but ROSTER_INVITE_BY",
        ),
        (
            "ROSTER_MEMBERSHIP",
            "some",
            "ROSTER_MEMBERSHIP (--membership) must be many or one; it is “some”",
        ),
        (
            "ROSTER_TRUSTED_PROXIES",
            "10.0.0.0/8,here",
            "ROSTER_TRUSTED_PROXIES (--trusted-proxies) must be addresses or networks",
        ),
        (
            "ROSTER_LOG",
            "a=b=c",
            "ROSTER_LOG (--log) must be like info",
        ),
        (
            "ROSTER_DEVELOPMENT",
            "perhaps",
            "ROSTER_DEVELOPMENT (--development) must be true or false",
        ),
        (
            "ROSTER_DATA_DIR",
            "/dev/null/data",
            "ROSTER_DATA_DIR (--data-dir): the folder /dev/null/data can't be written to",
        ),
    ] {
        let program = Program::new(folder.path())
            .set("ROSTER_LISTEN", "127.0.0.1:0")
            .set(name, value);
        let ran = program
            .run(&["serve"])
            .await
            .assert_code(1)
            .assert_says(says);
        assert_eq!(
            ran.err.trim().lines().count(),
            1,
            "one sentence: {}",
            ran.err
        );
    }
}

#[tokio::test]
async fn what_a_start_makes_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let data = folder.path().join("deep/data");
    let program = Program::new(folder.path())
        .set("ROSTER_DATA_DIR", data.display().to_string())
        .set("ROSTER_LISTEN", "127.0.0.1:0");
    let mut running = program.start(&[]);
    running.read_until("Roster is on");
    let rights = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(rights(&data), 0o700);
    for file in ["roster.db", "roster.db-wal", "roster.db-shm"] {
        assert_eq!(rights(&data.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_setting_that_is_set_to_nothing_is_not_set() {
    let folder = folder();
    let program = Program::new(folder.path())
        .set("ROSTER_PUBLIC_URL", "")
        .set("ROSTER_DATABASE_URL", "")
        .set("ROSTER_LISTEN", "127.0.0.1:0");
    program
        .start(&[])
        .read_until("Roster is on http://127.0.0.1:");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_another_to_try() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let program = Program::new(folder.path()).set("ROSTER_LISTEN", &address);
    program
        .run(&[])
        .await
        .assert_code(1)
        .assert_says(&format!("another program listens on {address} already"));
    assert!(
        !folder.path().join("roster.db").exists(),
        "nothing was made"
    );
}

#[tokio::test]
async fn help_explains_every_command_and_every_setting() {
    let folder = folder();
    let help = Program::new(folder.path())
        .run(&["--help"])
        .await
        .assert_code(0)
        .out;
    for words in [
        "serve",
        "sign-in-link",
        "import",
        "owner",
        "audit",
        "backup",
        "restore",
        "Examples:",
        "ROSTER_TRUSTED_PROXIES",
        "ROSTER_DATA_DIR",
    ] {
        assert!(help.contains(words), "{words} is not in the help");
    }
    for command in [
        &["import", "--help"][..],
        &["owner", "recover", "--help"],
        &["restore", "--help"],
    ] {
        let help = Program::new(folder.path())
            .run(command)
            .await
            .assert_code(0)
            .out;
        assert!(
            help.contains("ROSTER_DATA_DIR") && !help.contains("ROSTER_SMTP_URL"),
            "only what {command:?} is about: {help}"
        );
    }
}

#[tokio::test]
async fn a_command_that_works_on_what_is_there_makes_no_new_database() {
    let folder = folder();
    let program = Program::new(folder.path());
    program.file("m.csv", "email\na@x.test\n");
    for command in [
        &["audit", "verify"][..],
        &["import", "m.csv", "--organization", "x"],
        &["owner", "recover", "--organization", "x", "a@x.test"],
    ] {
        program
            .run(command)
            .await
            .assert_code(1)
            .assert_says("there is no database at");
    }
    assert!(!folder.path().join("roster.db").exists());
}

#[tokio::test]
async fn s2_25_the_operator_makes_somebody_owner_of_a_lost_organization() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    let recover = |who: &'static str| ["owner", "recover", "--organization", "acme-corp", who];
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{carol}/suspend"), &[])
        .await
        .assert_status(200);
    program
        .run(&recover("carol@acme.test"))
        .await
        .assert_code(0)
        .assert_says("carol@acme.test is an owner of Acme Corp now; they were a member before.");
    acme.carol
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    program
        .run(&recover("carol@acme.test"))
        .await
        .assert_code(0)
        .assert_says("is an owner of Acme Corp already");
    program
        .run(&recover("new@acme.test"))
        .await
        .assert_code(0)
        .assert_says("they were no member before");
    let mut newcomer = house.sign_in("new@acme.test").await;
    assert!(
        newcomer
            .get("/orgs/acme-corp/members")
            .await
            .assert_status(200)
            .has("tbody select"),
        "an owner changes roles"
    );
    let page = acme
        .alice
        .get(&format!("/orgs/acme-corp/members/{carol}"))
        .await;
    page.assert_status(200)
        .assert_says("Operator changed Carol Reyes from member to owner");
    program
        .run(&["owner", "recover", "--organization", "nowhere", "a@x.test"])
        .await
        .assert_code(1)
        .assert_says("no organization with the slug “nowhere”");
    program
        .run(&recover("not an address"))
        .await
        .assert_code(1)
        .assert_says("Enter one e-mail address");
}

#[tokio::test]
async fn sec_l2_the_audit_log_is_checked_and_the_first_broken_event_named() {
    let house = House::start().await;
    let _acme = acme(&house).await;
    let program = Program::beside(&house);
    program
        .run(&["audit", "verify"])
        .await
        .assert_code(0)
        .assert_says("Every event is as it was written.")
        .assert_says("2 organizations");
    house.execute("UPDATE audit_events SET target_name = 'Mallory' WHERE action = 'member.added' AND target_name = 'Bob Tanaka'").await;
    let ran = program
        .run(&["audit", "verify", "--organization", "acme-corp"])
        .await
        .assert_code(1);
    ran.assert_says("acme-corp: event 2 is not as it was written: Operator added Mallory as admin")
        .assert_says("1 chain of events is not as written");
    program
        .run(&["audit", "verify", "--organization", "globex"])
        .await
        .assert_code(0);
    house
        .execute(
            "DELETE FROM audit_events WHERE action = 'member.added' AND target_name = 'Mallory'",
        )
        .await;
    program
        .run(&["audit", "verify"])
        .await
        .assert_code(1)
        .assert_says("acme-corp: event 2 is missing");
}

#[tokio::test]
async fn sec_r12_a_copy_made_in_use_comes_back_whole_and_signs_nobody_in() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    if !house.database_url.starts_with("sqlite") {
        program
            .run(&["backup", "copy.db"])
            .await
            .assert_code(1)
            .assert_says("use pg_dump");
        program
            .run(&["restore", "copy.db"])
            .await
            .assert_code(1)
            .assert_says("use pg_restore");
        return;
    }
    program
        .run(&["backup", "copy.db"])
        .await
        .assert_code(0)
        .assert_says("checked that it is whole");
    program
        .run(&["backup", "copy.db"])
        .await
        .assert_code(1)
        .assert_says("copy.db is there already");
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .submit(&format!("/orgs/acme-corp/members/{carol}/remove"), &[])
        .await
        .assert_status(200);

    let elsewhere = folder();
    let other = Program::new(elsewhere.path()).set("ROSTER_LISTEN", "127.0.0.1:0");
    let copy = house.data_dir().join("copy.db").display().to_string();
    other.file("text.db", "not a database");
    other
        .run(&["restore", "text.db"])
        .await
        .assert_code(1)
        .assert_says("text.db is not a SQLite database");
    let ran = other
        .run(&["restore", &copy])
        .await
        .assert_code(0)
        .assert_says("Ended 7 sessions");
    ran.assert_says("revoked 0 API tokens");
    other
        .run(&["restore", &copy])
        .await
        .assert_code(1)
        .assert_says("With --force it is replaced");
    other
        .run(&["audit", "verify"])
        .await
        .assert_code(0)
        .assert_says("Every event is as it was written.");

    let mut running = other.start(&[]);
    let url = address(&running.read_until("Roster is on"));
    other
        .run(&["restore", &copy, "--force"])
        .await
        .assert_code(1)
        .assert_says("Stop it first");
    let mut before = Browser::new(&url);
    before.cookies = acme.alice.cookies.clone();
    assert_eq!(
        before.get("/orgs/acme-corp/members").await.location(),
        "/sign-in?next=%2Forgs%2Facme-corp%2Fmembers",
        "a session of the copy is over"
    );
    let link = other
        .clone()
        .set("ROSTER_PUBLIC_URL", &url)
        .run(&["sign-in-link", "alice@acme.test"])
        .await
        .out;
    before.post(link.trim(), &[]).await.assert_status(303);
    before
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200)
        .assert_says("Carol Reyes");
    running.kill();
    other
        .run(&["restore", &copy, "--force"])
        .await
        .assert_code(0)
        .assert_says("The database that was there is");
}
