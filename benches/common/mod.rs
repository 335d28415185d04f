//! What the benchmarks share.

#![allow(dead_code, reason = "each takes a part of it")]

pub mod fill;

use roster::app::App;
use std::process::Command;
use std::sync::Arc;

/// A client that follows no redirect, for this machine only: it trusts no certificate.
pub fn client() -> anyhow::Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let no_tls = builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls)
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

/// Signs Alice in, makes Acme Corp, and gives her cookie.
pub async fn owner(app: &App, url: &str) -> anyhow::Result<String> {
    let link = roster::accounts::operator_link(app, "alice@acme.test").await?;
    let client = client()?;
    let signed_in = client
        .post(link)
        .header("sec-fetch-site", "same-origin")
        .send()
        .await?;
    let cookie = signed_in.headers()["set-cookie"]
        .to_str()?
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let created = client
        .post(format!("{url}/orgs/new"))
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &cookie);
    created.form(&[("name", "Acme Corp")]).send().await?;
    Ok(cookie)
}

/// Requests a second of one address, at 16 connections.
pub fn wrk(url: &str, arguments: &[&str], seconds: u32) -> anyhow::Result<f64> {
    let output = Command::new("wrk")
        .args(["-t2", "-c16", &format!("-d{seconds}s")])
        .args(arguments)
        .arg(url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(!text.contains("Non-2xx"), "{url} was refused: {text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(line
        .ok_or_else(|| anyhow::anyhow!("wrk said: {text}"))?
        .trim()
        .parse()?)
}

pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
