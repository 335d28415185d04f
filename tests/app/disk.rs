//! A disk that is full, and one that fails: the program itself on a small disk of its own, and with a `fsync` that is made
//! to fail below it. Where the machine can't give a test that, it says so aloud.

use crate::support::process::Process;
use crate::support::{Browser, Program};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a database with a link that signs Nina in; gives the link's path.
async fn prepared(data: &Path) -> String {
    let program = Program::new(data).set("ROSTER_PUBLIC_URL", "http://127.0.0.1");
    let ran = program
        .run(&["sign-in-link", "nina@x.test"])
        .await
        .assert_code(0);
    ran.out
        .trim()
        .trim_start_matches("http://127.0.0.1")
        .to_owned()
}

async fn signed_in(roster: &Process, link: &str) -> Browser {
    let mut nina = Browser::new(&roster.url);
    nina.post(link, &[]).await.assert_status(303);
    nina
}

async fn name_of(nina: &mut Browser) -> String {
    nina.get("/account/profile")
        .await
        .assert_status(200)
        .attribute("#name", "value")
        .expect("a name")
}

/// Writes into a file until there is no room left.
fn fill(file: &Path) {
    let mut file = fs::File::create(file).expect("a file");
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

#[tokio::test]
async fn sec_r2_on_a_full_disk_pages_go_on_nothing_is_half_done_and_it_heals_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let (disk, made) = (folder.path().join("disk"), folder.path().join("made"));
    fs::create_dir(&disk)
        .and_then(|()| fs::create_dir(&made))
        .expect("two folders");
    let link = prepared(&made).await;
    // A mount of its own needs no rights where users may make namespaces.
    let small_disk = format!(
        "mount -t tmpfs -o size=8m tmpfs '{0}' && cp '{1}'/* '{0}' && exec \"$@\"",
        disk.display(),
        made.display()
    );
    let wrap = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        &small_disk,
        "sh",
    ];
    if !Command::new(wrap[0])
        .args(&wrap[1..])
        .arg("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!(
            "SKIPPED: this machine lets nobody mount a small disk, so a full one was not tried"
        );
        return;
    }
    let roster = Process::serve_within(&wrap, &[], folder.path(), &disk).await;
    let mut nina = signed_in(&roster, &link).await;
    let filler = roster.sees(&disk).join("filler");
    fill(&filler);
    let mut kept = name_of(&mut nina).await;
    let mut refused = None;
    // What the log of changes has room for already is still taken.
    for n in 0..300 {
        let name = format!("Nina {n}");
        let page = nina.post("/account/profile", &[("name", &name)]).await;
        if page.status != 303 {
            refused = Some(page);
            break;
        }
        kept = name;
    }
    let refused = refused.expect("the disk is full").assert_status(503);
    assert!(
        refused.text().contains("Nothing was changed"),
        "{}",
        refused.text()
    );
    refused.assert_says("has no room left to write to");
    assert_eq!(
        name_of(&mut nina).await,
        kept,
        "what was answered is kept, what was refused is not"
    );
    fs::remove_file(&filler).expect("room is made");
    nina.post("/account/profile", &[("name", "Nina Again")])
        .await
        .assert_status(303);
    assert_eq!(name_of(&mut nina).await, "Nina Again");
}

/// Builds what is to stand between the program and the system, to be named in `LD_PRELOAD`. `None` where that can't be done.
pub fn shim(folder: &Path, code: &str) -> Option<PathBuf> {
    let (source, built) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, code).expect("a file");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&built)
        .arg(&source)
        .status();
    let made = cfg!(target_os = "linux") && made.is_ok_and(|status| status.success());
    if !made {
        eprintln!("SKIPPED: there is no C compiler to make the disk fail with");
    }
    made.then_some(built)
}

/// Stands below the program: while a file is there, nothing can be written to the disk for good.
const FAILING: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int broken(void) { const char *file = getenv("BROKEN_WHILE"); return file && access(file, F_OK) == 0; }
int fsync(int fd) { if (broken()) { errno = EIO; return -1; } return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { if (broken()) { errno = EIO; return -1; } return syscall(SYS_fdatasync, fd); }
"#;

#[tokio::test]
async fn sec_r3_what_the_disk_did_not_take_is_never_called_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(shim) = shim(folder.path(), FAILING) else {
        return;
    };
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let link = prepared(&data).await;
    let broken = folder.path().join("broken");
    let below = [
        ("LD_PRELOAD", shim.display().to_string()),
        ("BROKEN_WHILE", broken.display().to_string()),
    ];
    let roster = Process::serve_within(&[], &below, folder.path(), &data).await;
    let mut nina = signed_in(&roster, &link).await;
    nina.post("/account/profile", &[("name", "Nina Kept")])
        .await
        .assert_status(303);
    fs::write(&broken, "").expect("a file");
    for n in 0..3 {
        let page = nina
            .post("/account/profile", &[("name", &format!("Lost {n}"))])
            .await;
        assert!(page.status >= 500, "called done: {}", page.status);
        assert_eq!(name_of(&mut nina).await, "Nina Kept");
    }
    fs::remove_file(&broken).expect("the disk is whole again");
    nina.post("/account/profile", &[("name", "Nina After")])
        .await
        .assert_status(303);
    roster.signal("KILL");
    drop(roster);
    let roster = Process::serve(&data, &[]).await;
    let mut again = Browser::new(&roster.url);
    again.cookies = nina.cookies.clone();
    assert_eq!(
        name_of(&mut again).await,
        "Nina After",
        "what was answered is there after the machine's end"
    );
}
