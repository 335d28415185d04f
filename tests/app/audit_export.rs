//! Exports of the audit log: exactly what is filtered, safe in a spreadsheet, recorded, and checked without the database.

use crate::support::program::{Program, Ran};
use crate::support::{Acme, Browser, House, acme};
use roster::audit;
use std::path::{Path, PathBuf};

const EXPORT: &str = "/orgs/acme-corp/audit/export";

async fn started() -> (House, Acme) {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let carol = acme.member_id("carol@acme.test").await;
    for role in ["admin", "viewer", "member"] {
        acme.bob
            .post(
                &format!("/orgs/acme-corp/members/{carol}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    (house, acme)
}

/// An export as a browser gets it.
async fn export(browser: &mut Browser, format: &str, filter: &[(&str, &str)]) -> String {
    let mut fields = vec![("format", format)];
    fields.extend(filter);
    let file = browser.post(EXPORT, &fields).await.assert_status(200);
    let disposition = file.headers["content-disposition"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        disposition.starts_with("attachment; filename=\"acme-corp-audit-")
            && disposition.ends_with(&format!(".{format}\"")),
        "{disposition}"
    );
    file.body
}

fn saved(house: &House, name: &str, text: &str) -> PathBuf {
    let path = house.data_dir().join(name);
    std::fs::write(&path, text).expect("the file is written");
    path
}

/// Checks a file with the program alone: no database is named.
async fn verify(house: &House, file: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["audit", "verify", file.to_str().expect("a path")];
    arguments.extend(more);
    Program::new(house.data_dir()).run(&arguments).await
}

fn rows(csv: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .expect("CSV")
}

#[tokio::test]
async fn s1_80_an_export_holds_exactly_what_the_filter_finds_and_is_itself_in_the_log() {
    let (house, mut acme) = started().await;
    let all = rows(&export(&mut acme.alice, "csv", &[]).await);
    let length =
        house.count("SELECT seq FROM audit_heads WHERE stream = (SELECT org_id FROM organization_slugs WHERE slug = 'acme-corp')").await;
    assert_eq!(
        all.len() as i64,
        length - 1,
        "everything before the export itself"
    );
    let changed = rows(&export(&mut acme.alice, "csv", &[("what", "member.role_changed")]).await);
    assert_eq!(changed.len(), 3);
    assert_eq!(
        &changed[0][2],
        "Bob Tanaka changed Carol Reyes from member to admin"
    );
    let lines = export(&mut acme.alice, "jsonl", &[("what", "member.role_changed")]).await;
    let line: serde_json::Value =
        serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&line["changes"]["before"], &line["changes"]["after"]),
        (&"viewer".into(), &"member".into())
    );
    let empty = export(
        &mut acme.alice,
        "csv",
        &[("from", "2020-01-01"), ("to", "2020-01-02")],
    )
    .await;
    assert!(
        empty.starts_with("seq,at,sentence") && empty.lines().count() == 1,
        "{empty}"
    );
    let page = acme
        .alice
        .get("/orgs/acme-corp/audit?what=audit.exported")
        .await;
    let said = page.all("tbody .said");
    assert_eq!(
        said,
        [
            "alice exported a part of the audit log",
            "alice exported a part of the audit log",
            "alice exported a part of the audit log",
            "alice exported the audit log"
        ]
    );
    page.assert_says("action: member.role_changed");
    let org = house.system("acme-corp").await.org.id.clone();
    let client = house.client("alice@acme.test").await;
    let path = format!("/organizations/{org}/audit/export");
    let by_api = client
        .post(
            &path,
            serde_json::json!({"format": "jsonl", "action": "member.role_changed"}),
        )
        .await
        .assert_status(200);
    assert_eq!(
        by_api
            .json
            .as_str()
            .expect("lines")
            .lines()
            .collect::<Vec<_>>(),
        lines.lines().collect::<Vec<_>>()
    );
    client
        .post(&path, serde_json::json!({"format": "xlsx"}))
        .await
        .assert_problem(422, "invalid");
    let body = Some(serde_json::json!({"format": "csv"}));
    let once = client
        .send("POST", &path, body.clone(), &[("idempotency-key", "k1")])
        .await
        .assert_status(200);
    assert!(
        once.json
            .as_str()
            .is_some_and(|text| text.starts_with("seq,"))
    );
    let again = client
        .send("POST", &path, body, &[("idempotency-key", "k1")])
        .await
        .assert_status(200);
    assert!(
        again.json["detail"]
            .as_str()
            .is_some_and(|text| text.contains("not kept")),
        "{}",
        again.json
    );
}

#[tokio::test]
async fn sec_w8_no_name_becomes_a_formula_and_the_export_still_verifies() {
    let (house, mut acme) = started().await;
    for (n, name) in [
        "=1+1",
        "+44 20",
        "-cmd",
        "@SUM(A1)",
        "'=quoted",
        "plain, \"quoted\"",
    ]
    .into_iter()
    .enumerate()
    {
        acme.carol
            .post("/account/profile", &[("name", name)])
            .await
            .assert_status(303);
        let mut carol = house.sign_in("carol@acme.test").await;
        carol
            .post("/orgs/new", &[("name", &format!("Org {n}"))])
            .await
            .assert_status(303);
        let id = acme.member_id("carol@acme.test").await;
        let role = ["viewer", "member"][n % 2];
        acme.bob
            .post(
                &format!("/orgs/acme-corp/members/{id}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    let text = export(&mut acme.alice, "csv", &[]).await;
    let mut formulas = 0;
    for row in rows(&text) {
        for cell in row.iter() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell}"
            );
            formulas += usize::from(cell.starts_with("'="));
        }
    }
    assert!(formulas >= 1, "the names are there, made safe");
    verify(&house, &saved(&house, "all.csv", &text), &[])
        .await
        .assert_code(0)
        .assert_says("Every event in the file is as it was written");
}

#[tokio::test]
async fn sec_l2_an_export_changed_in_any_column_of_any_event_is_found_and_the_event_named() {
    let (house, mut acme) = started().await;
    let text = export(&mut acme.alice, "csv", &[]).await;
    verify(&house, &saved(&house, "all.csv", &text), &[])
        .await
        .assert_code(0)
        .assert_says("none is missing");
    let head: Vec<String> = text
        .lines()
        .next()
        .expect("a head")
        .split(',')
        .map(str::to_owned)
        .collect();
    let whole = rows(&text);
    for (n, column) in head
        .iter()
        .enumerate()
        .filter(|(_, column)| *column != "sentence")
    {
        let row = n % whole.len();
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(&head).expect("a head");
        for (at, record) in whole.iter().enumerate() {
            let cells = record.iter().enumerate().map(|(c, cell)| {
                match (at == row && c == n, column.as_str()) {
                    (false, _) => cell.to_owned(),
                    (true, "at") => cell.replacen("20", "21", 1),
                    (true, "seq" | "v") => (cell.parse::<i64>().expect("a number") + 1).to_string(),
                    (true, _) => format!("{cell}x"),
                }
            });
            file.write_record(cells).expect("a row");
        }
        let changed = String::from_utf8(file.into_inner().expect("a file")).expect("text");
        let said = verify(&house, &saved(&house, "changed.csv", &changed), &[])
            .await
            .assert_code(1);
        let seq = &whole[row][0];
        let named = said.err.contains(&format!("event {seq} "))
            || column == "seq" && said.err.contains("event ")
            || said.err.contains(&format!("line {}", row + 2));
        assert!(named, "{column} of event {seq}: {}", said.err);
    }
}

#[tokio::test]
async fn sec_l2_lines_taken_out_or_swapped_and_a_tail_that_was_cut_are_found() {
    let (house, mut acme) = started().await;
    let text = export(&mut acme.alice, "jsonl", &[]).await;
    let lines: Vec<&str> = text.lines().collect();
    let file = |name: &str, lines: &[&str]| saved(&house, name, &(lines.join("\n") + "\n"));
    verify(&house, &file("whole.jsonl", &lines), &[])
        .await
        .assert_code(0);
    let without = [&lines[..3], &lines[4..]].concat();
    verify(&house, &file("without.jsonl", &without), &[])
        .await
        .assert_code(1)
        .assert_says("event 4 is missing");
    verify(&house, &file("without.jsonl", &without), &["--filtered"])
        .await
        .assert_code(0)
        .assert_says("1 event between them can't be checked");
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    verify(&house, &file("swapped.jsonl", &swapped), &["--filtered"])
        .await
        .assert_code(1)
        .assert_says("event 4 (line 5");
    let edited = text.replace("Carol Reyes", "Carol Royes");
    verify(&house, &saved(&house, "edited.jsonl", &edited), &[])
        .await
        .assert_code(1)
        .assert_says("is not as it was written");
    let last: serde_json::Value = serde_json::from_str(lines[lines.len() - 1]).expect("JSON");
    let head = format!(
        "2026-01-01T00:00:00Z {} {} {}\n",
        last["stream"].as_str().unwrap_or(""),
        last["seq"],
        last["hash"].as_str().unwrap_or("")
    );
    let heads = saved(&house, "heads", &head);
    let heads = heads.to_str().expect("a path");
    verify(&house, &file("whole.jsonl", &lines), &["--heads", heads])
        .await
        .assert_code(0)
        .assert_says("1 head that was written fits");
    let cut = &lines[..lines.len() - 1];
    verify(&house, &file("cut.jsonl", cut), &[])
        .await
        .assert_code(0)
        .assert_says("can't be told from the file");
    verify(&house, &file("cut.jsonl", cut), &["--heads", heads])
        .await
        .assert_code(1)
        .assert_says(&format!("event {} is missing", last["seq"]));
    verify(&house, &saved(&house, "no.csv", "a,b\n1,2\n"), &[])
        .await
        .assert_code(1)
        .assert_says("no export of the audit log");
}

#[tokio::test]
async fn sec_l2_heads_written_elsewhere_show_that_the_end_was_cut_off_or_the_log_made_anew() {
    let (house, mut acme) = started().await;
    let heads = house.data_dir().join("heads.txt");
    let to = roster::config::HeadsTo::File(heads.clone());
    assert!(
        audit::write_heads(&house.app, &to)
            .await
            .expect("they are written")
            >= 1
    );
    assert_eq!(
        audit::write_heads(&house.app, &to)
            .await
            .expect("nothing is new"),
        0
    );
    acme.bob
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "new@x.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    assert_eq!(
        audit::write_heads(&house.app, &to)
            .await
            .expect("one has grown"),
        1
    );
    let text = std::fs::read_to_string(&heads).expect("a file");
    let last: Vec<&str> = text.lines().last().expect("a line").split(' ').collect();
    assert_eq!((last.len(), last[3].len()), (4, 64), "{text}");
    let program = Program::beside(&house);
    let arguments = [
        "audit",
        "verify",
        "--heads",
        heads.to_str().expect("a path"),
    ];
    program
        .run(&arguments)
        .await
        .assert_code(0)
        .assert_says("and the heads fit");
    // Whoever cuts the end off, and is careful, sets the head back as well.
    let seq: i64 = last[2].parse().expect("a number");
    house
        .execute(&format!(
            "DELETE FROM audit_events WHERE stream = '{}' AND seq = {seq}",
            last[1]
        ))
        .await;
    house
        .execute(&format!(
            "UPDATE audit_heads SET seq = {0}, hash = (SELECT hash FROM audit_events WHERE stream = '{1}' AND seq = {0}) WHERE stream = '{1}'",
            seq - 1,
            last[1]
        ))
        .await;
    program.run(&["audit", "verify"]).await.assert_code(0);
    program
        .run(&arguments)
        .await
        .assert_code(1)
        .assert_says(&format!(
            "event {seq} is missing; a head was written for it"
        ));
}

#[tokio::test]
async fn sec_l2_heads_are_sent_to_an_address_and_again_until_it_takes_them() {
    let (house, _acme) = started().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!(
        "http://{}/heads",
        listener.local_addr().expect("an address")
    );
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let refuse = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let refusing = refuse.clone();
    let take = move |axum::Json(heads): axum::Json<serde_json::Value>| async move {
        if refusing.load(std::sync::atomic::Ordering::Relaxed) {
            return axum::http::StatusCode::SERVICE_UNAVAILABLE;
        }
        sender.send(heads).ok();
        axum::http::StatusCode::OK
    };
    tokio::spawn(async move {
        axum::serve(
            listener,
            axum::Router::new().route("/heads", axum::routing::post(take)),
        )
        .await
    });
    let to = roster::config::HeadsTo::Url(url.parse().expect("a URL"));
    assert!(audit::write_heads(&house.app, &to).await.is_err());
    refuse.store(false, std::sync::atomic::Ordering::Relaxed);
    let written = audit::write_heads(&house.app, &to)
        .await
        .expect("they are taken");
    let heads = taken.recv().await.expect("heads came");
    assert_eq!(heads["heads"].as_array().map(Vec::len), Some(written));
    assert!(
        heads["heads"][0]["hash"]
            .as_str()
            .is_some_and(|hash| hash.len() == 64)
            && heads["time"].is_string()
    );
}

#[tokio::test]
async fn sec_l2_a_server_writes_heads_when_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = folder.path().join("heads.txt");
    let program = Program::new(folder.path())
        .set("ROSTER_LISTEN", "127.0.0.1:0")
        .set("ROSTER_AUDIT_HEADS", heads.display().to_string());
    let mut running = program.start(&[]);
    running.read_until("Ctrl-C stops it");
    program
        .run(&["sign-in-link", "nina@x.test"])
        .await
        .assert_code(0);
    let stopped = std::process::Command::new("kill")
        .arg(running.child.id().to_string())
        .status()
        .expect("kill runs");
    assert!(stopped.success());
    running.child.wait().expect("it stops");
    let database = format!("sqlite://{}", folder.path().join("roster.db").display());
    let chains = crate::support::database::Database::open(&database)
        .await
        .number("SELECT COUNT(*) FROM audit_heads")
        .await;
    let text = std::fs::read_to_string(&heads).unwrap_or_default();
    assert_eq!(text.lines().count() as i64, chains, "{text}");
}

#[tokio::test]
async fn s1_80_the_page_shows_how_far_an_export_is() {
    let (_house, mut acme) = started().await;
    let page = acme.alice.get("/orgs/acme-corp/audit").await;
    let key = page
        .attribute("#export input[name=key]", "value")
        .expect("a key");
    let ask = page.attribute("#progress", "hx-get").expect("it asks");
    export(&mut acme.alice, "csv", &[("key", &key)]).await;
    acme.alice.htmx = true;
    let shown = acme.alice.get(&ask).await.assert_status(200);
    assert!(
        shown.text().contains("Exported 8 events."),
        "{}",
        shown.text()
    );
    acme.bob.htmx = true;
    assert!(
        !acme.bob.get(&ask).await.text().contains("Exported"),
        "an export is its asker's own"
    );
}

#[tokio::test]
async fn sec_l2_the_page_says_when_asked_whether_the_chain_is_whole_and_names_the_first_broken_event()
 {
    let (house, mut acme) = started().await;
    acme.alice
        .get("/orgs/acme-corp/audit?check=0")
        .await
        .assert_says("The chain is whole: events 1 to 8 are as they were written.");
    let acmes = "stream = (SELECT org_id FROM organization_slugs WHERE slug = 'acme-corp')";
    house
        .execute(&format!(
            "UPDATE audit_events SET actor_name = 'Mallory' WHERE {acmes} AND seq = 5"
        ))
        .await;
    let page = acme.alice.get("/orgs/acme-corp/audit?check=0").await;
    assert!(page.has(".notice.bad a[href^='/orgs/acme-corp/audit/evt_']"));
    page.assert_says("The chain is broken: event 5 is not as it was written");
    acme.carol
        .get("/orgs/acme-corp/audit?check=0")
        .await
        .assert_status(403);
}
