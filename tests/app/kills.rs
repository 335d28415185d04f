//! The program is killed at one write to the disk after another, in the middle of the write: what it had answered is kept,
//! and nothing is half done.

use crate::disk::shim;
use crate::support::browser::form;
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::{Browser, Program, people};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Once a file is there, the `KILL_AT`th write to a file gets half of its bytes, and is the last thing that happens.
const KILLING: &str = r#"
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static atomic_long seen;
static int last(int fd) {
    const char *armed = getenv("ARMED_BY"), *at = getenv("KILL_AT");
    struct stat file;
    if (!armed || !at || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || access(armed, F_OK) != 0) return 0;
    return atomic_fetch_add(&seen, 1) + 1 == atol(at);
}
static void end(void) { kill(getpid(), SIGKILL); for (;;) pause(); }
ssize_t write(int fd, const void *bytes, size_t size) {
    if (last(fd)) { syscall(SYS_write, fd, bytes, size / 2); end(); }
    return syscall(SYS_write, fd, bytes, size);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
    if (last(fd)) { syscall(SYS_pwrite64, fd, bytes, size / 2, at); end(); }
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }
int fdatasync(int fd) { if (last(fd)) end(); return syscall(SYS_fdatasync, fd); }
int fsync(int fd) { if (last(fd)) end(); return syscall(SYS_fsync, fd); }
"#;

/// What Alice does, one form after another.
struct Story {
    cookies: Vec<(String, String)>,
    forms: Vec<(String, Vec<(&'static str, &'static str)>)>,
}

/// An organization with a colleague in a workspace, and what is done to it next.
async fn prepared(data: &Path) -> Story {
    let program = Program::new(data).set("ROSTER_PUBLIC_URL", "http://127.0.0.1");
    let link = program
        .run(&["sign-in-link", "alice@acme.test"])
        .await
        .assert_code(0)
        .out;
    let file = data.join("members.csv");
    fs::write(
        &file,
        "email,name,org_role,workspaces\nbob@acme.test,Bob,member,apollo:member\n",
    )
    .expect("a file");
    let roster = Process::serve(data, &[]).await;
    let mut alice = Browser::new(&roster.url);
    alice
        .post(link.trim().trim_start_matches("http://127.0.0.1"), &[])
        .await
        .assert_status(303);
    alice
        .post("/orgs/new", &[("name", "Acme")])
        .await
        .assert_status(303);
    let file = file.display().to_string();
    program
        .run(&[
            "import",
            &file,
            "--organization",
            "acme",
            "--create-workspaces",
        ])
        .await
        .assert_code(0);
    let bob = people::member_id(&mut alice, "acme", "bob@acme.test").await;
    let forms = vec![
        (
            "/orgs/acme/members/invite".into(),
            vec![("email", "carol@acme.test"), ("role", "viewer")],
        ),
        (
            format!("/orgs/acme/members/{bob}/role"),
            vec![("role", "admin")],
        ),
        ("/orgs/acme/workspaces/new".into(), vec![("name", "Gemini")]),
        (format!("/orgs/acme/members/{bob}/remove"), vec![]),
        (
            "/orgs/acme/settings".into(),
            vec![("name", "Acme Corporation"), ("slug", "acme-corp")],
        ),
    ];
    roster.signal("TERM");
    Story {
        cookies: alice.cookies.clone().into_iter().collect(),
        forms,
    }
}

/// What a story changes, in one text.
async fn state(data: &Path) -> String {
    let mut database =
        Database::open(&format!("sqlite://{}", data.join("roster.db").display())).await;
    assert_eq!(database.texts("PRAGMA integrity_check").await, ["ok"]);
    assert_eq!(
        database
            .texts("SELECT \"table\" FROM pragma_foreign_key_check")
            .await,
        [""; 0]
    );
    let counts = "SELECT 'members ' || (SELECT GROUP_CONCAT(email || role || status || workspaces, ' ' ORDER BY email) FROM members)
        || ' invitations ' || (SELECT COUNT(*) FROM invitations) || ' access ' || (SELECT COUNT(*) FROM access)
        || ' workspaces ' || (SELECT COUNT(*) FROM workspaces) || ' counted ' || (SELECT members || '+' || invited || '+' || workspaces FROM organizations)
        || ' named ' || (SELECT name FROM organizations) || ' events ' || (SELECT COUNT(*) FROM audit_events)";
    database.texts(counts).await.remove(0)
}

/// Plays the story on a copy of the data; the state after each form that was answered, until the program was killed.
async fn play(
    story: &Story,
    made: &Path,
    data: &Path,
    environment: &[(&str, String)],
    folder: &Path,
    note: bool,
) -> Vec<String> {
    fs::create_dir(data).expect("a folder");
    for file in fs::read_dir(made)
        .expect("the data")
        .flatten()
        .filter(|file| file.path().is_file())
    {
        fs::copy(file.path(), data.join(file.file_name())).expect("a copy");
    }
    let armed = data.join("armed");
    let environment: Vec<_> = environment
        .iter()
        .cloned()
        .chain([("ARMED_BY", armed.display().to_string())])
        .collect();
    let roster = Process::serve_within(&[], &environment, folder, data).await;
    let mut alice = Browser::new(&roster.url);
    alice.cookies = story.cookies.iter().cloned().collect();
    fs::write(&armed, "").expect("a file");
    let mut answered = Vec::new();
    for (path, fields) in &story.forms {
        let Ok(page) = alice
            .ask(reqwest::Method::POST, path, Some(form(fields)))
            .await
        else {
            break;
        };
        page.assert_status(303);
        answered.push(if note {
            state(data).await
        } else {
            String::new()
        });
    }
    roster.signal("KILL");
    answered
}

#[tokio::test]
async fn sec_r1_killed_at_any_write_it_keeps_what_it_answered_and_leaves_nothing_half_done() {
    if std::env::var("ROSTER_TEST_DATABASE_URL").is_ok() {
        return; // PostgreSQL is another program, which isn't killed here.
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(shim) = shim(folder.path(), KILLING) else {
        return;
    };
    let made: PathBuf = folder.path().join("made");
    fs::create_dir(&made).expect("a folder");
    let story = prepared(&made).await;
    let mut states = vec![state(&made).await];
    states.extend(
        play(
            &story,
            &made,
            &folder.path().join("whole"),
            &[],
            folder.path(),
            true,
        )
        .await,
    );
    assert_eq!(states.len(), story.forms.len() + 1);
    for (place, one) in states.iter().enumerate() {
        assert!(
            !states[..place].contains(one),
            "each form changes something: {one}"
        );
    }
    let mut runs = 0;
    for at in (1..).step_by(5) {
        let data = folder.path().join(format!("at-{at}"));
        let environment = [
            ("LD_PRELOAD", shim.display().to_string()),
            ("KILL_AT", at.to_string()),
        ];
        let answered = play(&story, &made, &data, &environment, folder.path(), false)
            .await
            .len();
        let found = state(&data).await;
        let place = states.iter().position(|one| *one == found);
        let place = place
            .unwrap_or_else(|| panic!("killed at write {at}, half done: {found}\nof {states:#?}"));
        assert!(
            place == answered || place == answered + 1,
            "killed at write {at}: {answered} forms answered, {place} done"
        );
        let verified = Command::new(env!("CARGO_BIN_EXE_roster"))
            .args(["audit", "verify", "--data-dir"])
            .arg(&data)
            .output()
            .expect("roster runs");
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stderr)
        );
        fs::remove_dir_all(&data).expect("removed");
        if answered == story.forms.len() {
            break;
        }
        runs += 1;
    }
    assert!(
        runs >= 20,
        "only {runs} places were tried: the writes go past what counts them"
    );
}
