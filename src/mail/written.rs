//! Mails that were written to files because no server is set, read back for the mailbox page of development and demo.
//! Whoever reads them can sign in as anybody, so anywhere else there are none.

use crate::app::App;
use crate::clock::Micros;
use crate::error::{Refusal, Result};
use mail_parser::MessageParser;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The newest mails that the mailbox lists.
const LISTED: usize = 200;

/// One mail, as its file has it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The file's name without its ending.
    pub id: String,
    pub at: Micros,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The newest mails first. "Not found" outside of development; nothing where a mail server takes them.
pub async fn list_written(app: &App) -> Result<Vec<Written>> {
    require_development(app)?;
    let Some(folder) = app.mailer.folder().cloned() else {
        return Ok(Vec::new());
    };
    in_background(move || {
        let mut files: Vec<(Micros, String)> = std::fs::read_dir(&folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let id = entry.file_name().to_str()?.strip_suffix(".eml")?.to_owned();
                Some((written_at(&entry.metadata().ok()?), id))
            })
            .collect();
        files.sort();
        Ok(files
            .iter()
            .rev()
            .take(LISTED)
            .filter_map(|(_, id)| read(&folder, id))
            .collect())
    })
    .await
}

/// One mail. "Not found" outside of development.
pub async fn read_written(app: &App, id: &str) -> Result<Written> {
    require_development(app)?;
    // Names that we gave: nothing that leads out of the folder.
    let ours = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let folder = app
        .mailer
        .folder()
        .filter(|_| ours)
        .cloned()
        .ok_or(Refusal::NotFound)?;
    let id = id.to_owned();
    in_background(move || Ok(read(&folder, &id)))
        .await?
        .ok_or(Refusal::NotFound)
}

fn require_development(app: &App) -> Result<()> {
    if app.config.development {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(anyhow::Error::new)?;
    Ok(done.map_err(anyhow::Error::new)?)
}

fn written_at(file: &std::fs::Metadata) -> Micros {
    let since = file
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_micros() as Micros)
}

/// `None`: not there, or half written.
fn read(folder: &Path, id: &str) -> Option<Written> {
    let path = folder.join(format!("{id}.eml"));
    let raw = std::fs::read(&path).ok()?;
    let message = MessageParser::default().parse(&raw)?;
    Some(Written {
        id: id.to_owned(),
        at: written_at(&std::fs::metadata(&path).ok()?),
        to: message
            .to()
            .and_then(|to| to.first())
            .and_then(|to| to.address())
            .unwrap_or_default()
            .to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
    })
}
