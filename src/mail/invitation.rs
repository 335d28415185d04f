//! The mail that invites somebody.

use super::{Letter, plain_name};
use crate::clock::{self, Micros};
use crate::error::Result;
use crate::invitations::Kind;
use crate::text;
use askama::Template;

/// What the mail says. Names are made plain here: other people chose them, and a mail program turns `evil.example` into
/// a link (SEC-E2).
pub(crate) struct InvitationMail<'a> {
    pub kind: Kind,
    /// They are in the organization already.
    pub to_member: bool,
    pub to: &'a str,
    /// "": the workspace is in none.
    pub organization: &'a str,
    pub inviter: &'a str,
    /// The name the role goes by in that organization.
    pub role: &'a str,
    pub role_explained: &'a str,
    /// Each workspace with the role in it.
    pub workspaces: &'a [(&'a str, &'a str)],
    pub expires_at: Micros,
    pub link: &'a str,
}

/// Says first what it is to, because the two kinds give different things (S5-33).
#[derive(Template)]
#[template(path = "email/invitation/subject.txt")]
struct Subject<'a> {
    mail: &'a Words<'a>,
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
    kind: &'static str,
    to_member: bool,
    to: &'a str,
    organization: String,
    inviter: String,
    /// "Acme", "Production in Acme", or "Production".
    what: String,
    role: &'a str,
    role_explained: &'a str,
    workspaces: Vec<(String, String)>,
    expires: String,
    link: &'a str,
}

impl InvitationMail<'_> {
    pub(crate) fn letter(&self) -> Result<Letter> {
        let workspaces: Vec<(String, String)> = self
            .workspaces
            .iter()
            .map(|(name, role)| (plain_name(name), plain_name(role)))
            .collect();
        let organization = plain_name(self.organization);
        let names: Vec<String> = workspaces.iter().map(|(name, _)| name.clone()).collect();
        let words = Words {
            kind: self.kind.label(),
            to_member: self.to_member,
            to: self.to,
            what: match self.kind {
                Kind::Workspace if organization.is_empty() => text::some_of(&names, 3),
                Kind::Workspace => format!("{} in {organization}", text::some_of(&names, 3)),
                Kind::Organization => organization.clone(),
            },
            organization,
            inviter: plain_name(self.inviter),
            role: self.role,
            role_explained: self.role_explained,
            workspaces,
            expires: clock::minute(self.expires_at),
            link: self.link,
        };
        Ok(Letter {
            to: self.to.to_owned(),
            subject: Subject { mail: &words }
                .render()
                .map_err(anyhow::Error::new)?
                .trim()
                .to_owned(),
            text: Text { mail: &words }.render().map_err(anyhow::Error::new)?,
            html: Html { mail: &words }.render().map_err(anyhow::Error::new)?,
        })
    }
}
