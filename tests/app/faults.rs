//! What goes wrong around the program: the database held by another, the machine asking it to stop, clients that dawdle,
//! work that can't be done.

use crate::support::database::Database;
use crate::support::mailbox::Mode;
use crate::support::process::Process;
use crate::support::{House, acme};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .expect("Roster listens")
}

/// Until the server closes; how long that took.
async fn until_closed(mut stream: TcpStream, patience: Duration) -> Duration {
    let begin = Instant::now();
    let mut rest = Vec::new();
    tokio::time::timeout(patience, stream.read_to_end(&mut rest))
        .await
        .ok();
    begin.elapsed()
}

#[tokio::test]
async fn sec_r4_a_database_held_by_another_program_delays_and_then_says_so() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    let mut other = Database::open(&house.database_url).await;
    if !other.is_sqlite() {
        return; // On PostgreSQL nobody can hold the whole database.
    }
    let path = format!("/orgs/acme-corp/members/{carol}/role");
    other.run("BEGIN IMMEDIATE").await;
    let mut waiting = acme.alice.another_tab();
    let waits = tokio::spawn({
        let path = path.clone();
        async move { waiting.post(&path, &[("role", "viewer")]).await.status }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!waits.is_finished(), "it waits for its turn");
    acme.alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(200);
    other.run("COMMIT").await;
    assert_eq!(waits.await.expect("an answer"), 303);

    other.run("BEGIN IMMEDIATE").await;
    let begin = Instant::now();
    let page = acme
        .alice
        .post(&path, &[("role", "admin")])
        .await
        .assert_status(503);
    assert!(
        begin.elapsed() < Duration::from_secs(12),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        page.headers.contains_key("retry-after") && page.text().contains("Nothing was changed"),
        "{}",
        page.text()
    );
    acme.alice
        .get("/orgs/acme-corp/members?role=viewer&q=carol")
        .await
        .assert_status(200)
        .assert_says("Carol Reyes");
    other.run("COMMIT").await;
    acme.alice
        .post(&path, &[("role", "admin")])
        .await
        .assert_status(303);
    let events = other
        .number("SELECT COUNT(*) FROM audit_events WHERE action = 'member.role_changed'")
        .await;
    assert_eq!(events, 2, "the refused change left nothing behind");
}

#[tokio::test]
async fn sec_r7_asked_to_stop_the_program_ends_whatever_its_clients_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut roster = Process::serve(folder.path(), &[]).await;
    let mut half_a_head = connect(&roster.url).await;
    half_a_head
        .write_all(b"GET / HTTP/1.1\r\nHost: loc")
        .await
        .expect("sent");
    let mut half_a_body = connect(&roster.url).await;
    half_a_body
        .write_all(b"POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=")
        .await
        .expect("sent");
    let idle: Vec<TcpStream> =
        futures::future::join_all((0..50).map(|_| connect(&roster.url))).await;
    let url = roster.url.clone();
    let load = tokio::spawn(async move {
        let mut answered = 0;
        while let Ok(mut stream) = TcpStream::connect(url.trim_start_matches("http://")).await {
            let sent = stream
                .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await;
            let mut answer = String::new();
            if sent.is_err()
                || stream.read_to_string(&mut answer).await.is_err()
                || !answer.ends_with("ready\n")
            {
                break;
            }
            answered += 1;
        }
        answered
    });
    // The load has begun once one more request than it is answered.
    let mut probe = connect(&roster.url).await;
    probe
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = String::new();
    probe.read_to_string(&mut answer).await.expect("an answer");
    roster.signal("TERM");
    let status = roster.ended(Duration::from_secs(25)).await;
    assert!(status.success(), "{status}: {}", roster.errors());
    assert!(load.await.expect("the load ends") > 0);
    drop((half_a_head, half_a_body, idle));
}

#[tokio::test]
async fn sec_r8_clients_that_dawdle_are_let_go_and_keep_nobody_waiting() {
    let house = House::start().await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = connect(&house.url).await;
        let begun: &[u8] = match n % 3 {
            0 => b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            1 => b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            _ => b"",
        };
        stream.write_all(begun).await.expect("sent");
        slow.push(stream);
    }
    let begin = Instant::now();
    assert_eq!(house.browser().get("/healthz").await.status, 200);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "others are answered meanwhile: {:?}",
        begin.elapsed()
    );
    let closed = futures::future::join_all(
        slow.into_iter()
            .map(|stream| until_closed(stream, Duration::from_secs(20))),
    )
    .await;
    let longest = closed.into_iter().max().expect("200 connections");
    assert!(
        longest < Duration::from_secs(15),
        "the last one was held for {longest:?}"
    );
}

#[tokio::test]
async fn sec_r8_a_huge_body_is_refused_before_it_is_sent() {
    let house = House::start().await;
    let acme = acme(&house).await;
    let cookie = acme
        .alice
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ");
    let mut stream = connect(&house.url).await;
    let head = format!(
        "POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 104857600\r\n\r\nname="
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let chunk = vec![b'a'; 64 * 1024];
    let mut sent = 0;
    let mut answer = vec![0; 1024];
    let (mut from, mut to) = stream.split();
    let read = loop {
        tokio::select! {
            read = from.read(&mut answer) => break read.expect("an answer"),
            Ok(written) = to.write(&chunk) => sent += written,
        }
    };
    assert!(
        answer[..read].starts_with(b"HTTP/1.1 413"),
        "{}",
        String::from_utf8_lossy(&answer[..read])
    );
    assert!(sent < 20 * 1024 * 1024, "{sent} bytes were taken first");
}

#[tokio::test]
async fn sec_r10_two_programs_may_start_on_one_new_database_and_both_serve() {
    let house_folder = tempfile::tempdir().expect("a folder");
    let url = crate::support::house::new_database(house_folder.path()).await;
    let folders = [
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    ];
    let mut both: Vec<Process> = folders
        .iter()
        .map(|folder| Process::spawn(folder.path(), &["--database-url", &url]))
        .collect();
    for roster in &mut both {
        roster.until_ready().await;
        let mut stream = connect(&roster.url).await;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.ends_with("ready\n"), "{answer}");
    }
}

#[tokio::test]
async fn sec_r10_an_older_program_refuses_a_newer_database_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = crate::support::house::new_database(folder.path()).await;
    let mut roster = Process::serve(folder.path(), &["--database-url", &url]).await;
    roster.signal("TERM");
    roster.ended(Duration::from_secs(25)).await;
    let mut database = Database::open(&url).await;
    let hash = if database.is_sqlite() {
        "x'00'"
    } else {
        r"'\x00'"
    };
    database
        .run(&format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'of the future', TRUE, {hash}, 1)"
        ))
        .await;
    let mut older = Process::spawn(folder.path(), &["--database-url", &url]);
    let status = older.ended(Duration::from_secs(20)).await;
    assert!(!status.success());
    assert!(
        older
            .errors()
            .contains("older than the one that wrote the database"),
        "{}",
        older.errors()
    );
}

#[tokio::test]
async fn sec_r10_a_change_of_the_schema_that_fails_half_way_leaves_the_last_one_and_a_copy_is_kept_before_the_next()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let url = crate::support::house::new_database(folder.path()).await;
    let flags = ["--database-url", &*url];
    let mut database = Database::open(&url).await;
    database
        .run("CREATE TABLE member_runs (in_the_way INTEGER)")
        .await;
    let mut roster = Process::spawn(folder.path(), &flags);
    assert!(!roster.ended(Duration::from_secs(20)).await.success());
    assert!(
        roster
            .errors()
            .contains("could not be brought up to date; it is as it was before"),
        "{}",
        roster.errors()
    );
    let schema = "SELECT MAX(version) FROM _sqlx_migrations";
    assert_eq!(database.number(schema).await, 18);
    let dropped_first = match database.is_sqlite() {
        true => {
            "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('member_search_added', 'member_search')"
        }
        false => {
            "SELECT COUNT(*) FROM pg_indexes WHERE indexname IN ('member_search', 'members_by_letters')"
        }
    };
    assert_eq!(
        database.number(dropped_first).await,
        2,
        "what came before the failing statement is undone"
    );
    database.run("DROP TABLE member_runs").await;
    drop(Process::serve(folder.path(), &flags).await);
    assert_eq!(database.number(dropped_first).await, 0);
    if database.is_sqlite() {
        let copy = folder.path().join("roster.db.schema-18");
        let mut before = Database::open(&format!("sqlite://{}", copy.display())).await;
        assert_eq!(
            before.number(schema).await,
            18,
            "the older program's database is kept"
        );
        drop(Process::serve(folder.path(), &flags).await);
        let copies = std::fs::read_dir(folder.path())
            .expect("the folder")
            .flatten();
        let copies = copies
            .filter(|file| file.file_name().to_string_lossy().contains("schema"))
            .count();
        assert_eq!(copies, 1, "none is made where nothing changes");
    }
}

#[tokio::test]
async fn sec_r16_work_that_can_t_be_done_is_parked_and_holds_nothing_up() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    let insert = |id: &str, payload: &str, attempts: i64, due: i64| {
        format!(
            "INSERT INTO outbox (id, kind, payload, state, attempts, due_at, created_at) VALUES ('{id}', 'mail', '{payload}', 'queued', {attempts}, {due}, 0)"
        )
    };
    let notice = |to: &str| {
        format!(
            r#"{{"notice":{{"to":"{to}","subject":"Held by a worker that died","lines":[],"link":null}}}}"#
        )
    };
    database.run(&insert("job_unreadable", "{", 0, 0)).await;
    database
        .run(&insert(
            "job_nobody",
            &notice("no address").replace("Held", "Bad"),
            0,
            0,
        ))
        .await;
    // Its worker took it and was killed: it becomes due again when the lease ends.
    let lease_ends = house.app.now() + roster::clock::HOUR;
    database
        .run(&insert(
            "job_held",
            &notice("held@acme.test"),
            1,
            lease_ends,
        ))
        .await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(
            &format!("/orgs/acme-corp/members/{carol}/role"),
            &[("role", "admin")],
        )
        .await
        .assert_status(303);
    house.mailbox.wait_for("carol@acme.test", "Admin").await;
    let parked = database
        .texts("SELECT id || ': ' || last_error FROM outbox WHERE state = 'failed' ORDER BY id")
        .await;
    assert_eq!(parked.len(), 2, "{parked:?}");
    assert!(
        parked[0].contains("can't be mailed to") && parked[1].contains("unreadable"),
        "{parked:?}"
    );
    assert!(
        house
            .mailbox
            .all()
            .iter()
            .all(|mail| !mail.to.contains(&"held@acme.test".to_owned())),
        "not before the lease ends"
    );
    house.clock.advance(2 * roster::clock::HOUR);
    house.app.wake();
    house.mailbox.wait_for("held@acme.test", "Held").await;
}

#[tokio::test]
async fn sec_r5_a_dead_mail_server_delays_a_mail_and_loses_none() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    for (n, mode) in [Mode::Down, Mode::Reject451, Mode::DropDuringData]
        .into_iter()
        .enumerate()
    {
        house.mailbox.set_mode(mode);
        let (role, subject) = [
            ("admin", "Admin"),
            ("member", "Member"),
            ("viewer", "Viewer"),
        ][n];
        let begin = Instant::now();
        acme.alice
            .post(
                &format!("/orgs/acme-corp/members/{carol}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "nobody waits for the mail server: {:?}",
            begin.elapsed()
        );
        let mut database = Database::open(&house.database_url).await;
        while database
            .number("SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND last_error <> ''")
            .await
            == 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        house.mailbox.set_mode(Mode::Ok);
        house.clock.advance(roster::clock::HOUR);
        house.app.wake();
        house.mailbox.wait_for("carol@acme.test", subject).await;
    }
    let mails = house
        .mailbox
        .all()
        .iter()
        .filter(|mail| mail.to.contains(&"carol@acme.test".to_owned()))
        .count();
    assert_eq!(mails, 3, "each exactly once");
}
