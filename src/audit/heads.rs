//! Heads written elsewhere from time to time: the newest hash of each chain, where who can change the database can't change
//! it too. Beside them shows that a chain's end was cut off, or that a chain was made anew (product.md, 9).

use super::queries;
use super::queries::heads::HeadRow;
use crate::app::App;
use crate::clock;
use crate::config::HeadsTo;
use anyhow::Context;
use serde_json::json;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// How often heads are written.
const EVERY: Duration = Duration::from_secs(300);
/// Heads written at a time.
const AT_ONCE: i64 = 500;

/// Writes heads until told to stop, and once more then. Does nothing where no place is set.
pub(crate) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let Some(to) = app.config.audit_heads.clone() else {
        return;
    };
    while !*stop.borrow() {
        note(&app, &to).await;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
    note(&app, &to).await;
}

async fn note(app: &App, to: &HeadsTo) {
    if let Err(error) = write_heads(app, to).await {
        tracing::error!(
            error = format!("{error:#}"),
            "heads of the audit log could not be written; they are tried again"
        );
    }
}

/// Writes the head of every chain that has grown since its last head was written, and gives how many. A head that was
/// written but not noted, because the program died between, is written once more.
pub async fn write_heads(app: &App, to: &HeadsTo) -> anyhow::Result<usize> {
    let mut written = 0;
    loop {
        let mut tx = app.db.read().await?;
        let heads = queries::heads::grown(&mut tx, AT_ONCE).await?;
        drop(tx);
        if heads.is_empty() {
            return Ok(written);
        }
        let time = clock::rfc3339(app.now());
        match to {
            HeadsTo::File(path) => append(path, &time, &heads)?,
            HeadsTo::Url(url) => post(app, url, &time, &heads).await?,
        }
        let mut tx = app.db.begin().await?;
        for head in &heads {
            queries::heads::note(&mut tx, &head.stream, head.seq).await?;
        }
        tx.commit().await?;
        written += heads.len();
    }
}

fn append(path: &Path, time: &str, heads: &[HeadRow]) -> anyhow::Result<()> {
    let lines: String = heads
        .iter()
        .map(|head| format!("{time} {} {} {}\n", head.stream, head.seq, head.hash))
        .collect();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("{}", path.display()))?;
    file.write_all(lines.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{}", path.display()))
}

async fn post(app: &App, url: &url::Url, time: &str, heads: &[HeadRow]) -> anyhow::Result<()> {
    let heads: Vec<_> = heads
        .iter()
        .map(|head| json!({ "stream": head.stream, "seq": head.seq, "hash": head.hash }))
        .collect();
    let answer = app
        .http
        .post(url.clone())
        .json(&json!({ "time": time, "heads": heads }))
        .send()
        .await?;
    // The address may have a secret in it, so it is not named.
    anyhow::ensure!(
        answer.status().is_success(),
        "the place of ROSTER_AUDIT_HEADS answered {}",
        answer.status()
    );
    Ok(())
}
