//! `/dev/mailbox`: the mails that were written, in development and demo only. Anywhere else there is no such page.

use super::error::PageError;
use super::page::{self, Shell};
use super::session::Visitor;
use crate::app::App;
use crate::clock;
use crate::mail::{self, Written};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

#[derive(Template)]
#[template(path = "dev/mailbox.html")]
struct MailboxPage {
    shell: Shell,
    mails: Vec<MailLine>,
    has_server: bool,
}

struct MailLine {
    id: String,
    to: String,
    subject: String,
    exact: String,
    words: String,
}

#[derive(Template)]
#[template(path = "dev/mail.html")]
struct MailPage {
    shell: Shell,
    mail: MailLine,
    text: Vec<Piece>,
    /// The first address in it.
    link: Option<String>,
    has_html: bool,
}

/// A part of a mail's text: words, or an address to open.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    is_link: bool,
}

fn line(mail: &Written, now: i64) -> MailLine {
    MailLine {
        id: mail.id.clone(),
        to: mail.to.clone(),
        subject: mail.subject.clone(),
        exact: clock::rfc3339(mail.at),
        words: clock::relative(mail.at, now),
    }
}

/// `GET /dev/mailbox`
pub async fn mailbox(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let mails = mail::list_written(&app).await?;
    Ok(page::ok(&MailboxPage {
        shell: Shell::bare(&visitor, "Mailbox"),
        mails: mails.iter().map(|m| line(m, visitor.now)).collect(),
        has_server: app.mailer.folder().is_none(),
    }))
}

/// `GET /dev/mailbox/{mail}`: its text, with addresses to click.
pub async fn mail(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let mail = mail::read_written(&app, &id).await?;
    let text = pieces(mail.text.trim());
    Ok(page::ok(&MailPage {
        shell: Shell::bare(&visitor, mail.subject.clone()),
        link: text
            .iter()
            .find(|piece| piece.is_link)
            .map(|piece| piece.text.clone()),
        text,
        has_html: !mail.html.is_empty(),
        mail: line(&mail, visitor.now),
    }))
}

/// `GET /dev/mailbox/{mail}/html`: the other part, as a mail program shows it: with its own styles, in a sandbox.
pub async fn mail_html(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let mail = mail::read_written(&app, &id).await?;
    let mut response = Html(mail.html).into_response();
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    );
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// Takes a text apart at its web addresses.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = ["http://", "https://"]
        .iter()
        .filter_map(|scheme| rest.find(scheme))
        .min()
    {
        let length = rest[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(rest.len() - start);
        let address = rest[start..start + length].trim_end_matches(['.', ',', ')', ';', ':']);
        pieces.push(Piece {
            text: rest[..start].to_owned(),
            is_link: false,
        });
        pieces.push(Piece {
            text: address.to_owned(),
            is_link: true,
        });
        rest = &rest[start + address.len()..];
    }
    pieces.push(Piece {
        text: rest.to_owned(),
        is_link: false,
    });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_at_its_addresses() {
        let found = pieces("Open https://a.test/x?y=1. Or (http://b.test/): that’s all.");
        let links: Vec<&str> = found
            .iter()
            .filter(|p| p.is_link)
            .map(|p| p.text.as_str())
            .collect();
        assert_eq!(links, ["https://a.test/x?y=1", "http://b.test/"]);
        assert_eq!(
            found.iter().map(|p| p.text.as_str()).collect::<String>(),
            "Open https://a.test/x?y=1. Or (http://b.test/): that’s all."
        );
    }
}
