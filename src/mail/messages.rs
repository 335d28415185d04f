//! Every message Roster sends. The words stand in `templates/email/<message>/`.

use super::{Letter, PaymentNotice};
use crate::accounts::Pending;
use crate::error::Result;
use crate::ids::{InvitationId, ProofId};
use askama::Template;
use serde::{Deserialize, Serialize};

/// A message as it waits in the outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A link and a code that prove an address.
    Proof {
        proof: ProofId,
    },
    /// Only the newest round of an invitation's mails is sent.
    Invitation {
        invitation: InvitationId,
        round: i64,
    },
    Notice(Notice),
    /// What became of a payment, or of the plan that it was for.
    Payment(PaymentNotice),
}

/// Tells somebody what was changed about them. Everything it says is known when it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    pub to: String,
    pub subject: String,
    /// Paragraphs, in order.
    pub lines: Vec<String>,
    /// One of our own paths to go to, with the words for it.
    pub link: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "email/notice/body.txt")]
struct NoticeText<'a> {
    lines: &'a [String],
    link: Option<(&'a str, String)>,
}

#[derive(Template)]
#[template(path = "email/notice/body.html")]
struct NoticeHtml<'a> {
    subject: &'a str,
    lines: &'a [String],
    link: Option<(&'a str, String)>,
}

impl Notice {
    pub(super) fn letter(&self, base_url: &str) -> Result<Letter> {
        let link = self
            .link
            .as_ref()
            .map(|(label, path)| (label.as_str(), format!("{base_url}{path}")));
        Ok(Letter {
            to: self.to.clone(),
            subject: self.subject.clone(),
            text: NoticeText {
                lines: &self.lines,
                link: link.clone(),
            }
            .render()
            .map_err(anyhow::Error::new)?,
            html: NoticeHtml {
                subject: &self.subject,
                lines: &self.lines,
                link,
            }
            .render()
            .map_err(anyhow::Error::new)?,
        })
    }
}

#[derive(Template)]
#[template(path = "email/proof/body.txt")]
struct ProofText<'a> {
    host: &'a str,
    request: &'a Pending,
    link: &'a str,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "email/proof/body.html")]
struct ProofHtml<'a> {
    host: &'a str,
    request: &'a Pending,
    link: &'a str,
    code: &'a str,
}

/// The mail that proves an address. Nothing in it was typed by anybody but the address itself (SEC-E2).
pub(crate) fn proof_letter(
    base_url: &str,
    request: &Pending,
    link: &str,
    code: &str,
) -> Result<Letter> {
    let host = base_url
        .split_once("://")
        .map_or(base_url, |(_, host)| host);
    let subject = if request.adds_address {
        "Confirm this address for Roster"
    } else {
        "Sign in to Roster"
    };
    Ok(Letter {
        to: request.address.clone(),
        subject: subject.into(),
        text: ProofText {
            host,
            request,
            link,
            code,
        }
        .render()
        .map_err(anyhow::Error::new)?,
        html: ProofHtml {
            host,
            request,
            link,
            code,
        }
        .render()
        .map_err(anyhow::Error::new)?,
    })
}
