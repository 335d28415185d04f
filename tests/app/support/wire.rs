//! Requests as bytes, for what no well-behaved client sends.

use super::routes::Route;
use super::{Acme, Browser, House, Page};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The parts of addresses, filled in with things that exist.
pub async fn values(acme: &mut Acme) -> Vec<(&'static str, String)> {
    let carol = acme.member_id("carol@acme.test").await;
    vec![("org", acme.slug.to_owned()), ("member", carol)]
}

/// A route's address, so filled in.
pub fn fill(route: &Route, values: &[(&'static str, String)]) -> String {
    route.fill(
        &values
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect::<Vec<_>>(),
    )
}

/// Sends bytes as they are and reads until the server closes, or for two seconds.
pub async fn raw(house: &House, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(house.url.trim_start_matches("http://"))
        .await
        .expect("Roster listens");
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    tokio::time::timeout(
        std::time::Duration::from_secs(2),
        stream.read_to_end(&mut answer),
    )
    .await
    .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request that a person's browser would send, but for these headers, and gives the answer.
pub async fn with_headers(
    house: &House,
    browser: &Browser,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Page {
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request += &format!("Host: {}\r\n", house.url.trim_start_matches("http://"));
    }
    if !cookies.is_empty() {
        request += &format!("Cookie: {}\r\n", cookies.join("; "));
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if method != "GET" {
        request += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n";
    }
    let answer = raw(house, (request + "\r\n").as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(name, value)| {
            Some((
                name.to_ascii_lowercase()
                    .parse::<reqwest::header::HeaderName>()
                    .ok()?,
                value.parse::<reqwest::header::HeaderValue>().ok()?,
            ))
        });
    Page {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}
