//! The mail that invites somebody.

use super::{Letter, plain_name};
use crate::clock::{self, Micros};
use crate::error::Result;
use askama::Template;

/// What the mail says. Names are made plain here: other people chose them, and a mail program turns `evil.example` into
/// a link (SEC-E2).
pub(crate) struct InvitationMail<'a> {
    pub to: &'a str,
    pub organization: &'a str,
    pub inviter: &'a str,
    /// The name the role goes by in that organization.
    pub role: &'a str,
    pub role_explained: &'a str,
    pub expires_at: Micros,
    pub link: &'a str,
}

#[derive(Template)]
#[template(path = "email/invitation/subject.txt")]
struct Subject<'a> {
    organization: &'a str,
    inviter: &'a str,
}

#[derive(Template)]
#[template(path = "email/invitation/body.txt")]
struct Text<'a> {
    mail: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "email/invitation/body.html")]
struct Html<'a> {
    mail: &'a Words<'a>,
}

struct Words<'a> {
    to: &'a str,
    organization: String,
    inviter: String,
    role: &'a str,
    role_explained: &'a str,
    expires: String,
    link: &'a str,
}

impl InvitationMail<'_> {
    pub(crate) fn letter(&self) -> Result<Letter> {
        let words = Words {
            to: self.to,
            organization: plain_name(self.organization),
            inviter: plain_name(self.inviter),
            role: self.role,
            role_explained: self.role_explained,
            expires: clock::minute(self.expires_at),
            link: self.link,
        };
        let subject = Subject { organization: &words.organization, inviter: &words.inviter };
        Ok(Letter {
            to: self.to.to_owned(),
            subject: subject.render().map_err(anyhow::Error::new)?.trim().to_owned(),
            text: Text { mail: &words }.render().map_err(anyhow::Error::new)?,
            html: Html { mail: &words }.render().map_err(anyhow::Error::new)?,
        })
    }
}
