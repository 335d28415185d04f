//! What any page must withstand, whichever it is: forged requests, strange addresses, strange bytes.

use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::routes;
use crate::support::wire::{fill, raw, values, with_headers};
use crate::support::{House, acme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn sec_w1_no_page_changes_anything_for_a_request_from_elsewhere() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let values = values(&mut acme).await;
    let mut database = Database::open(&house.database_url).await;
    let before = database.fingerprint().await;
    let forged: [&[(&str, &str)]; 6] = [
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "null")],
        &[("Origin", "https://evil.example")],
        &[],
    ];
    let mut asked = 0;
    for route in routes::pages().iter().filter(|r| r.has("POST")) {
        let path = fill(route, &values);
        for headers in forged {
            let page = with_headers(&house, &acme.alice, "POST", &path, headers).await;
            assert_eq!(page.status, 403, "POST {path} with {headers:?}");
            assert!(
                page.text().contains("Nothing was changed")
                    || page.text().contains("nothing was changed"),
                "{}",
                page.text()
            );
            asked += 1;
        }
    }
    assert!(asked >= 30, "{asked} forged requests");
    assert_eq!(database.fingerprint().await, before, "nothing was written");
    // A page that sends no referrer makes its own forms carry `Origin: null` (security.md, T22).
    let own: [&[(&str, &str)]; 2] = [
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")],
        &[("Origin", &house.url)],
    ];
    for headers in own {
        let page = with_headers(&house, &acme.alice, "POST", "/orgs/new", headers).await;
        assert_eq!(
            page.status,
            400,
            "an empty form reaches the page: {}",
            page.text()
        );
    }
}

#[tokio::test]
async fn sec_w1_opening_a_page_changes_nothing() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let values = values(&mut acme).await;
    let mut database = Database::open(&house.database_url).await;
    let mut walked = Vec::new();
    // The first round may note when somebody was active; the second finds nothing left to write.
    for round in 0..2 {
        let before = database.fingerprint().await;
        for route in routes::pages().iter().filter(|r| r.has("GET")) {
            for method in ["GET", "HEAD"] {
                let page = acme
                    .alice
                    .send(
                        method.parse().expect("a method"),
                        &fill(route, &values),
                        None,
                    )
                    .await;
                assert!(
                    page.status < 500,
                    "{method} {}: {}",
                    route.path,
                    page.status
                );
            }
            walked.push(route.path.clone());
        }
        if round == 1 {
            let mut after = database.fingerprint().await;
            // A flow that starts at a page (signing in with GitHub) keeps its state in a session of its own.
            let sessions =
                |rows: &mut Vec<(String, i64)>| rows.retain(|(table, _)| table != "sessions");
            let mut before = before;
            sessions(&mut before);
            sessions(&mut after);
            assert_eq!(after, before, "after {walked:?}");
        }
    }
}

#[tokio::test]
async fn sec_w2_no_other_site_may_read_an_answer() {
    let house = House::start().await;
    let acme = acme(&house).await;
    for origin in [
        "https://evil.example",
        "null",
        &format!("{}.evil.example", house.url),
    ] {
        for path in [
            "/orgs/acme-corp/members",
            "/api/v1/organizations",
            "/healthz",
            "/sign-in",
            "/nowhere",
        ] {
            for method in ["GET", "OPTIONS"] {
                let headers = [("Origin", origin), ("Access-Control-Request-Method", "PUT")];
                let page = with_headers(&house, &acme.alice, method, path, &headers).await;
                assert!(
                    !page
                        .headers
                        .keys()
                        .any(|name| name.as_str().starts_with("access-control")),
                    "{method} {path} for {origin}"
                );
            }
        }
    }
}

#[tokio::test]
async fn sec_w4_a_forged_host_is_turned_away_and_never_stands_in_a_mail() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for (host, status) in [
        ("evil.example", 421),
        ("evil.example:3000", 421),
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:3000", 200),
    ] {
        let page = with_headers(
            &house,
            &acme.alice,
            "GET",
            "/orgs/acme-corp/members",
            &[("Host", host)],
        )
        .await;
        assert_eq!(page.status, status, "Host: {host}");
    }
    assert_eq!(
        with_headers(
            &house,
            &acme.alice,
            "GET",
            "/healthz",
            &[("Host", "evil.example")]
        )
        .await
        .status,
        200
    );
    let carol = acme.member_id("carol@acme.test").await;
    let headers = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Original-URL", "/evil"),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    let path = format!("/orgs/acme-corp/members/{carol}/remove");
    assert_eq!(
        with_headers(&house, &acme.alice, "POST", &path, &headers)
            .await
            .status,
        303
    );
    let mail = house.mailbox.wait_for("carol@acme.test", "removed").await;
    assert!(!mail.raw.contains("evil"), "{}", mail.raw);
}

#[tokio::test]
async fn sec_w4_another_name_is_served_where_no_address_is_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let roster = Process::serve(folder.path(), &[]).await;
    let mut stream = TcpStream::connect(roster.url.trim_start_matches("http://"))
        .await
        .expect("Roster listens");
    let request = b"GET /healthz HTTP/1.1\r\nHost: roster.lan\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn sec_w9_no_address_leads_to_a_file() {
    let house = House::start().await;
    let attempts = [
        "/static/../Cargo.toml",
        "/static/..%2fCargo.toml",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..\\..\\etc\\passwd",
        "/static/....//etc/passwd",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/.",
        "/static/",
        "/static/%00",
        "/static/app.css%00.js",
        "/static/app.css/..",
        "/..",
        "/../",
        "/%2e%2e",
        "/.git/config",
        "/.env",
        "//evil.example",
        "/orgs/../../etc/passwd",
        "/orgs/%2e%2e%2fmembers",
        "/orgs/acme-corp/members/..%2f..",
        "/;/x",
        "/%c0%ae%c0%ae/",
        "/static/%252e%252e/x",
        "/roster.db",
    ];
    for path in attempts {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(&house, request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let turned_away = ["400", "404"].contains(&status)
            || (status == "303" && answer.contains("location: /sign-in"));
        assert!(turned_away && !answer.contains("root:"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn sec_w13_requests_of_a_strange_shape_are_refused_and_the_connection_closed() {
    let house = House::start().await;
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let closed = [
        (
            "no host",
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        ),
        (
            "two hosts",
            "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                .to_owned(),
        ),
        (
            "a host that is none",
            "GET / HTTP/1.1\r\nHost: a b/c\r\nConnection: close\r\n\r\n".to_owned(),
        ),
        (
            "two lengths",
            format!(
                "POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n{smuggled}"
            ),
        ),
        (
            "a length that is none",
            format!(
                "POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\n{smuggled}"
            ),
        ),
        (
            "an unknown coding",
            format!(
                "POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n{smuggled}"
            ),
        ),
        ("no version", "GET /\r\n\r\n".to_owned()),
        (
            "a method that is none",
            "G\u{1}T / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        ),
        (
            "a header with a gap",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX Y: 1\r\n\r\n".to_owned(),
        ),
        (
            "200 headers",
            format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
                "X: 1\r\n".repeat(200)
            ),
        ),
        (
            "a head of 600 KB",
            format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
                "x".repeat(600_000)
            ),
        ),
    ];
    for (what, request) in closed {
        let answer = raw(&house, request.as_bytes()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{what}: {answer}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            usize::from(!answer.is_empty()),
            "{what}: what follows is no request of its own"
        );
    }
    for method in ["TRACE", "CONNECT", "PROPFIND", "FROB"] {
        let answer = raw(
            &house,
            format!("{method} /orgs/new HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{method}: {answer}");
    }
    // With a length and chunks the chunks count and the connection ends there (RFC 9112, 6.3).
    let both = format!(
        "POST /orgs/new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    );
    assert_eq!(
        raw(&house, both.as_bytes())
            .await
            .matches("HTTP/1.1")
            .count(),
        1
    );
}
