//! The harness does what it says; without this a story that passes proves nothing.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::Browser;
use crate::mailbox::Mailbox;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Harness</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="/icon"><link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script></head><body><main><h1>Harness</h1><noscript><p>Without scripts</p></noscript>
<form action="/next"><p><label for="who">Name</label> <input id="who" name="who" value="old">
<label for="role">Role</label> <select id="role" name="role"><option value="m">Member</option><option value="o">Owner</option></select></p>
<p><button>Send it</button> <button type="button" id="count">Count</button> <button hidden>Send it later</button></p></form>
<p id="keys">0 keys</p><p id="log"></p><p><a href="/next?who=link">Go on</a></p><div class="tall"></div>
<p><button type="button" class="below">Below</button></p>BROKEN</main></body></html>"#;

const SCRIPT: &str = "let keys = 0, clicks = 0;
document.getElementById('who').addEventListener('keydown', (e) => {
  if (e.isTrusted) document.getElementById('keys').textContent = ++keys + ' keys';
});
document.getElementById('role').addEventListener('change', (e) => {
  document.getElementById('log').textContent = 'chose ' + e.target.value;
});
document.getElementById('count').addEventListener('click', (e) => {
  const from = e.isTrusted ? 'real' : 'scripted';
  setTimeout(() => { document.getElementById('log').textContent = ++clicks + ' ' + from + ' click'; }, 100);
});
document.querySelector('.below').addEventListener('click', () => {
  try { new Function('document.title = 1')(); } catch { document.getElementById('log').textContent = 'eval is blocked'; }
});";

const STYLE: &str = ":root { color-scheme: light dark; color: light-dark(#222, #eee); background: light-dark(#fff, #111) }
a { color: light-dark(#00c, #9cf) } button { min-height: 32px } .pale { color: #ccc; background: #fff } .tall { height: 2000px }";

/// A page with a form, its script and style, and `/next`, which answers with what was sent. Every answer comes late.
async fn serve(broken: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
                let cookie = request.to_ascii_lowercase().contains("cookie: seen=1");
                let (kind, body) = match path.split('?').next().unwrap_or_default() {
                    "/" => ("text/html", PAGE.replace("BROKEN", broken)),
                    "/script.js" => ("text/javascript", SCRIPT.to_owned()),
                    "/style.css" => ("text/css", STYLE.to_owned()),
                    "/icon" => (
                        "image/svg+xml",
                        "<svg xmlns='http://www.w3.org/2000/svg'/>".to_owned(),
                    ),
                    _ => (
                        "text/html",
                        format!(
                            "<!DOCTYPE html><title>Next</title><p>Sent {path}<p>known: {cookie}"
                        ),
                    ),
                };
                tokio::time::sleep(Duration::from_millis(150)).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
                     Content-Security-Policy: {CSP}\r\nSet-Cookie: seen=1\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn harness_clicks_types_and_finds_axe_violations() {
    let url = serve("<img src='/icon'><p class='pale'>Pale words</p>").await;
    let browser = Browser::start().await;
    let ada = browser.context().await;
    ada.goto(&url).await;
    assert_eq!(ada.text("h1").await, "Harness");
    assert_eq!(ada.count("button").await, 3, "the hidden one is not seen");

    ada.fill("#who", "Zoë L").await;
    ada.wait_text("5 keys").await; // Ctrl+A, then four: ë has no key of its own here
    assert_eq!(
        ada.value::<String>("document.getElementById('who').value")
            .await,
        "Zoë L"
    );
    ada.select("#role", "Owner").await;
    assert_eq!(ada.text("#log").await, "chose o");
    ada.click("#count").await;
    ada.wait_text("1 real click").await;
    ada.click_text("Below").await;
    ada.wait_text("eval is blocked").await;
    let blocked = "Content Security Policy: script-src does not allow kEvalViolation";
    assert_eq!(
        ada.console_errors().await,
        [blocked],
        "even an eval whose error the script caught"
    );
    assert!(
        ada.console_errors().await.is_empty(),
        "each complaint is told once"
    );

    let violations = ada.axe().await;
    for rule in ["color-contrast (serious)", "image-alt (critical)"] {
        assert!(
            violations.iter().any(|line| line.starts_with(rule)),
            "{violations:#?}"
        );
    }
    assert_eq!(violations.len(), 2, "{violations:#?}");
    assert_eq!(
        ada.console_errors().await,
        Vec::<String>::new(),
        "axe-core leaves the page's policy alone"
    );

    ada.click_text("Send it").await;
    assert_eq!(
        ada.url().await,
        format!("{url}/next?who=Zo%C3%AB+L&role=o"),
        "the click waited for the next page"
    );
    ada.wait_text("known: true").await;
    ada.back().await;
    ada.click_text("Go on").await;
    assert_eq!(ada.text("p").await, "Sent /next?who=link");
}

#[tokio::test]
async fn people_share_nothing_and_may_live_without_scripts() {
    let url = serve("").await;
    let browser = Browser::start().await;
    let ada = browser.context().await;
    let bob = browser.context().await;
    ada.goto(&url).await;
    bob.javascript(false).await;
    bob.goto(&format!("{url}/next")).await;
    bob.wait_text("known: false").await;
    bob.goto(&url).await;
    bob.wait_text("Without scripts").await;
    ada.wait_no_text("Without scripts").await;
    bob.fill("#who", "Bob").await;
    bob.select("#role", "o").await;
    assert_eq!(bob.axe().await, Vec::<String>::new());
    assert_eq!(
        bob.text("#keys").await,
        "0 keys",
        "axe-core did not wake the page's scripts"
    );
    bob.press("Enter").await;
    bob.click("#who").await;
    bob.press("Enter").await;
    assert_eq!(bob.url().await, format!("{url}/next?who=Bob&role=o"));
    assert_eq!(bob.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn pictures_are_as_wide_as_asked_and_dark_on_request() {
    let url = serve("").await;
    let browser = Browser::start().await;
    let ada = browser.context().await;
    ada.goto(&url).await;
    let folder = TempDir::new().expect("a temporary folder");
    let mut pictures = Vec::new();
    for (width, dark) in [(360, false), (360, true), (1280, false)] {
        let file = folder.path().join(format!("new/{width}-{dark}.png"));
        ada.screenshot(&file, width, dark).await;
        let png = std::fs::read(&file).expect("a picture");
        assert_eq!(
            u32::from_be_bytes(png[16..20].try_into().expect("a PNG header")),
            width
        );
        assert!(
            u32::from_be_bytes(png[20..24].try_into().expect("a PNG header")) > 2000,
            "the whole page"
        );
        pictures.push(png);
    }
    assert_ne!(pictures[0], pictures[1]);
}

#[tokio::test]
#[should_panic(expected = "a button or link called \"Fly\" is not to be found")]
async fn what_is_not_there_fails_with_its_name() {
    let url = serve("").await;
    let browser = Browser::start().await;
    let mut ada = browser.context().await;
    ada.patience = Duration::from_millis(300);
    ada.goto(&url).await;
    ada.click_text("Fly").await;
}

#[tokio::test]
async fn the_mailbox_is_at_hand() {
    assert!(
        Mailbox::start()
            .await
            .url()
            .starts_with("smtp://127.0.0.1:")
    );
}
