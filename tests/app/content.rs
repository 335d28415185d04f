//! What any page must never say or let through: text that is code, unreadable text, the inside of the program.

use crate::support::database::Database;
use crate::support::routes;
use crate::support::wire::{fill, values, with_headers};
use crate::support::{House, Page, acme};
use scraper::{Html, Selector};

/// Names that would be code where a page or a mail forgot to escape them.
const PAYLOADS: [&str; 14] = [
    "<script>pwn()</script>",
    "\"><script>pwn()</script>",
    "'><img src=x onerror=pwn()>",
    "\"><img src=x onerror=pwn()>",
    "<svg/onload=pwn()>",
    "</title><script>pwn()</script>",
    "</textarea><script>pwn()</script>",
    "<a href=javascript:pwn()>x</a>",
    "\" onmouseover=\"pwn()",
    "' autofocus onfocus='pwn()",
    "\" hx-get=\"/pwn\" hx-trigger=\"load",
    "<iframe srcdoc='<script>pwn()</script>'>",
    "{{7*7}}{% raw %}${7*7}",
    "<!--<b id=pwn>",
];

/// Fails if the page holds an element or attribute that only a payload brings.
#[track_caller]
fn assert_harmless(page: &Page, path: &str) {
    let html = Html::parse_document(&page.body);
    let bad = "script:not([src]), [onerror], [onload], [onmouseover], [onfocus], [srcdoc], iframe, img[src=x], a[href^=javascript], [hx-get='/pwn'], #pwn";
    let found: Vec<String> = html
        .select(&Selector::parse(bad).expect("a selector"))
        .map(|e| e.html())
        .collect();
    assert!(found.is_empty(), "{path}: {found:?}");
    assert!(
        !page.body.contains("49$"),
        "{path}: a template in a name was run"
    );
}

#[tokio::test]
async fn sec_w5_names_that_are_code_stay_text_on_every_page() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let form = [("name", PAYLOADS[1]), ("slug", "acme-corp")];
    alice.post("/orgs/new", &form).await.assert_status(303);
    for (n, payload) in PAYLOADS.iter().enumerate() {
        house
            .add_member(
                "acme-corp",
                &format!("p{n}@acme.test"),
                payload,
                roster::access::OrgRole::Member,
            )
            .await;
    }
    let mut member = house.sign_in("p1@acme.test").await;
    for n in 0..PAYLOADS.len() {
        let id =
            crate::support::people::member_id(&mut alice, "acme-corp", &format!("p{n}@acme.test"))
                .await;
        for route in routes::pages()
            .iter()
            .filter(|r| r.has("GET") && !r.path.contains("{token}"))
        {
            // Pages that name no member look the same for each of them.
            if n == 0 || route.path.contains("{member}") {
                let path = route.fill(&[("org", "acme-corp"), ("member", &id)]);
                assert_harmless(&alice.get(&path).await, &path);
                assert_harmless(&member.get(&path).await, &path);
            }
        }
    }
    for payload in PAYLOADS {
        let text: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        for path in [
            format!("/orgs/acme-corp/members?q={text}"),
            format!("/orgs/acme-corp/members?sort={text}&role={text}&status={text}&dir={text}"),
        ] {
            assert_harmless(&alice.get(&path).await.assert_status(200), &path);
        }
        assert_harmless(
            &alice.get(&format!("/{text}")).await.assert_status(404),
            payload,
        );
        assert_harmless(
            &alice
                .post("/orgs/new", &[("name", ""), ("slug", payload)])
                .await
                .assert_status(422),
            payload,
        );
    }
}

#[tokio::test]
async fn sec_w6_names_never_become_headers() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    for (n, name) in ["Acme\r\nSet-Cookie: pwn=1", "Acme\nX-Pwn: 1"]
        .into_iter()
        .enumerate()
    {
        let page = alice
            .post(
                "/orgs/new",
                &[("name", name), ("slug", &format!("acme-{n}"))],
            )
            .await
            .assert_status(422);
        assert!(page.headers.get("x-pwn").is_none());
    }
    let page = alice
        .post(
            "/orgs/new",
            &[("name", "Café \"Über\"; 日本; é"), ("slug", "cafe")],
        )
        .await
        .assert_status(303);
    assert!(page.headers.values().all(|value| {
        value
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    }));
    alice
        .get("/orgs/cafe/members")
        .await
        .assert_status(200)
        .assert_says("Café \"Über\"; 日本; é is ready.");
}

#[tokio::test]
async fn sec_w7_every_answer_carries_the_protective_headers() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let values = values(&mut acme).await;
    let css = acme
        .alice
        .get("/orgs/acme-corp/members")
        .await
        .attribute("link[rel=stylesheet]", "href")
        .expect("a style sheet");
    let mut answers: Vec<(String, Page)> = Vec::new();
    for route in routes::pages().iter().filter(|r| r.has("GET")) {
        let path = fill(route, &values);
        answers.push((path.clone(), acme.alice.get(&path).await));
        answers.push((
            format!("{path} (a stranger)"),
            house.browser().get(&path).await,
        ));
    }
    for path in [
        "/nowhere",
        "/static/none.css",
        "/orgs/acme-corp/members/x.css",
        "/api/v1/nowhere",
        "/healthz",
        "/favicon.ico",
        css.as_str(),
    ] {
        answers.push((path.to_owned(), acme.alice.get(path).await));
    }
    let large = "a".repeat(2_000_000);
    answers.push((
        "too large".into(),
        acme.alice
            .post("/orgs/new", &[("name", &large)])
            .await
            .assert_status(413),
    ));
    answers.push((
        "a refused form".into(),
        acme.alice
            .post("/orgs/new", &[("name", "")])
            .await
            .assert_status(422),
    ));
    answers.push((
        "a wrong method".into(),
        acme.alice
            .send(reqwest::Method::DELETE, "/orgs/new", None)
            .await
            .assert_status(405),
    ));
    answers.push((
        "a wrong method of the API".into(),
        acme.alice
            .send(reqwest::Method::TRACE, "/api/v1/organizations", None)
            .await,
    ));
    answers.push((
        "forged".into(),
        with_headers(
            &house,
            &acme.alice,
            "POST",
            "/orgs/new",
            &[("Origin", "null")],
        )
        .await,
    ));
    for (what, page) in answers {
        let header = |name: &str| {
            page.headers
                .get(name)
                .map_or("", |v| v.to_str().unwrap_or("?"))
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{what}: {part} is not in “{policy}”");
        }
        assert!(!policy.contains("unsafe"), "{what}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
        assert!(
            ["same-origin", "no-referrer"].contains(&header("referrer-policy")),
            "{what}"
        );
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{what}"
        );
        assert_eq!(
            header("cross-origin-resource-policy"),
            "same-origin",
            "{what}"
        );
        assert!(
            !header("permissions-policy").is_empty() && !header("x-request-id").is_empty(),
            "{what}"
        );
        assert!(
            header("server").is_empty() && header("x-powered-by").is_empty(),
            "{what}"
        );
        if what.starts_with("/static/") && page.status == 200 {
            assert!(header("cache-control").contains("immutable"), "{what}");
        } else {
            assert_eq!(header("cache-control"), "no-store", "{what}");
        }
        if !page.body.is_empty() {
            let kind = header("content-type");
            assert!(
                kind.contains("charset=utf-8") || kind.starts_with("application/"),
                "{what}: {kind}"
            );
        }
        if page.status >= 400
            && page.status != 422
            && !what.starts_with("/api")
            && !what.ends_with("API")
        {
            assert!(
                page.text()
                    .contains(&format!("Id: {}", header("x-request-id"))),
                "{what} says its id: {}",
                page.text()
            );
        }
    }
    acme.alice
        .get("/orgs/acme-corp/members.css")
        .await
        .assert_status(404);
}

#[tokio::test]
async fn sec_w10_sec_w11_what_can_t_be_read_is_refused_and_never_a_fault() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let values = values(&mut acme).await;
    let before = Database::open(&house.database_url)
        .await
        .fingerprint()
        .await;
    let bad = [
        "%ff",
        "%00",
        "%c3",
        "%ed%a0%80",
        "%zz",
        "%",
        "%c0%af",
        "1e999",
        "9223372036854775808",
        "-1",
        "%F0%9F",
        "%E2%80%AE",
        "%0d%0a",
    ];
    for value in bad {
        for route in routes::pages().iter().filter(|r| r.has("GET")) {
            let strange = route.fill(&[
                ("org", "acme-corp"),
                ("member", value),
                ("token", value),
                ("id", value),
            ]);
            for path in [
                format!("{}?q={value}&after={value}", fill(route, &values)),
                strange,
            ] {
                let status = acme.alice.get(&path).await.status;
                assert!(status < 500, "GET {path}: {status}");
            }
        }
    }
    let twice = "name=Acme&name=Evil".to_owned();
    acme.alice
        .send(reqwest::Method::POST, "/orgs/new", Some(twice))
        .await
        .assert_status(400);
    acme.alice
        .get("/orgs/acme-corp/members?role=member&role=owner")
        .await
        .assert_status(400);
    let after = Database::open(&house.database_url)
        .await
        .fingerprint()
        .await;
    assert_eq!(after, before, "nothing was written");
    for value in bad {
        for route in routes::pages()
            .iter()
            .filter(|r| r.has("POST") && !r.path.contains("sign-out"))
        {
            let body = ["name", "role", "slug", "email", "back"]
                .map(|field| format!("{field}={value}"))
                .join("&");
            let path = fill(route, &values);
            let status = acme
                .alice
                .send(reqwest::Method::POST, &path, Some(body))
                .await
                .status;
            assert!(status < 500, "POST {path} with {value}: {status}");
        }
    }
}

#[tokio::test]
async fn sec_w12_names_that_deceive_are_refused_or_kept_as_they_look() {
    let house = House::start().await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let many_marks = format!("a{}", "\u{301}".repeat(5000));
    let too_long = "x".repeat(81);
    let refused = [
        "",
        "   ",
        "\u{200b}",
        "\u{202e}gro.live",
        "a\u{202d}b",
        "a\u{2066}b\u{2069}",
        "a\u{200d}b",
        "a\u{feff}b",
        "a\u{0}b",
        "a\u{7f}b",
        "a\u{85}b",
        "a\tb",
        "a\u{2028}b",
        "a\u{ad}b",
        "a\u{e0041}b",
        "a\u{fff9}b",
        "\u{200d}👩",
        "👩\u{200d}",
        "👩\u{200d}\u{200d}💻",
        "می\u{200c}\u{200c}شود",
        "می\u{200c}",
        "а\u{200d}б",
        "می\u{200c}x",
        "1\u{200c}2",
        "🏴\u{e0067}\u{e0062}",
        "🏴\u{e007f}",
        "😀\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "🏴\u{e0020}\u{e0048}\u{e0049}\u{e007f}",
        &many_marks,
        &too_long,
    ];
    for (n, name) in refused.into_iter().enumerate() {
        let page = alice
            .post(
                "/orgs/new",
                &[("name", name), ("slug", &format!("bad-{n}"))],
            )
            .await;
        assert!(
            matches!(page.status, 400 | 422),
            "{name:?}: {}",
            page.status
        );
    }
    let family = "\u{1f468}\u{1f3fd}";
    let kept = [
        ("  Acme  ", "Acme"),
        ("e\u{301}clair", "\u{e9}clair"),
        ("日本語", "日本語"),
        ("שלום", "שלום"),
        (family, family),
        ("O'Neil & Söhne", "O'Neil & Söhne"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("ක්\u{200d}රීඩා", "ක්\u{200d}රීඩා"),
        (
            "👨\u{200d}👩\u{200d}👧\u{200d}👦 Family",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦 Family",
        ),
        ("❤\u{fe0f}\u{200d}🔥", "❤\u{fe0f}\u{200d}🔥"),
        (
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} Office",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} Office",
        ),
    ];
    for (n, (name, shown)) in kept.into_iter().enumerate() {
        alice
            .post(
                "/orgs/new",
                &[("name", name), ("slug", &format!("good-{n}"))],
            )
            .await
            .assert_status(303);
        let page = alice
            .get(&format!("/orgs/good-{n}/members"))
            .await
            .assert_status(200);
        assert!(
            page.all("title")[0].contains(shown),
            "{:?}",
            page.all("title")
        );
    }
}

#[tokio::test]
async fn sec_w14_e8_a_fault_of_ours_shows_an_id_and_nothing_of_the_inside() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let mut database = Database::open(&house.database_url).await;
    database
        .run("ALTER TABLE invitations RENAME COLUMN delivery_error TO delivery_gone")
        .await;
    for path in ["/orgs/acme-corp/members", "/orgs/acme-corp/members?q=bob"] {
        let page = acme.alice.get(path).await.assert_status(500);
        let id = page.headers["x-request-id"]
            .to_str()
            .expect("an id")
            .to_owned();
        for words in [
            "The fault is ours",
            &format!("Id: {id}"),
            "Organization: Acme Corp",
            "Your role: Owner",
            "Time: 20",
        ] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert_nothing_of_the_inside(&page.body);
    }
    database
        .run("ALTER TABLE sessions RENAME TO sessions_gone")
        .await;
    let page = acme
        .alice
        .get("/orgs/acme-corp/members")
        .await
        .assert_status(500);
    assert!(page.text().contains("Id: "), "{}", page.text());
    assert_nothing_of_the_inside(&page.body);
}

#[track_caller]
fn assert_nothing_of_the_inside(body: &str) {
    let lower = body.to_lowercase();
    for word in [
        "sqlx",
        "sqlite",
        "postgres",
        "select ",
        "no such table",
        "no such column",
        "relation",
        "delivery_error",
        ".rs:",
        "/tmp/",
        "panicked",
        "backtrace",
    ] {
        assert!(!lower.contains(word), "“{word}” in {body}");
    }
}

#[tokio::test]
async fn sec_r14_a_huge_search_is_turned_away_and_wildcards_are_letters() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let huge = "a".repeat(50_000);
    let begin = std::time::Instant::now();
    acme.alice
        .get(&format!("/orgs/acme-corp/members?q={huge}"))
        .await
        .assert_status(422);
    assert!(begin.elapsed().as_millis() < 500, "{:?}", begin.elapsed());
    for term in [
        "%25%25%25",
        "___",
        "%5C%25",
        "a%25b",
        "'%20OR%201=1",
        "%22%20OR%20%22",
        "NEAR(a",
        "*",
        "%22%22%22",
    ] {
        let page = acme
            .alice
            .get(&format!("/orgs/acme-corp/members?q={term}"))
            .await
            .assert_status(200);
        assert_eq!(page.all("tbody tr").len(), 0, "{term} finds nobody");
    }
    for sort in ["name;DROP TABLE members", "password", "(SELECT 1)"] {
        let sort: String = url::form_urlencoded::byte_serialize(sort.as_bytes()).collect();
        assert_eq!(
            acme.alice
                .get(&format!("/orgs/acme-corp/members?sort={sort}"))
                .await
                .assert_status(200)
                .all("tbody tr")
                .len(),
            5
        );
    }
}
