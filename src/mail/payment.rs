//! The mail that tells of a payment that failed or is disputed, and of a plan that ended.

use super::{Letter, plain_name};
use crate::clock::{self, DAY, Micros};
use crate::error::Result;
use askama::Template;
use serde::{Deserialize, Serialize};

/// What the mail says. Everything is known when it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentNotice {
    pub to: String,
    /// The address is the one that the organization named, and not a member's own.
    pub to_address: bool,
    pub organization: String,
    pub slug: String,
    /// `past_due`, `disputed` or `ended`
    pub news: String,
    /// The name of the plan that is, or was, paid for.
    pub plan: String,
    /// The name of the plan in force when this is written.
    pub plan_now: String,
    /// The name of the plan that an organization has which pays nothing.
    pub fallback: String,
    /// When it is written, and until when a payment that failed can be made without anything changing.
    pub at: Micros,
    pub until: Option<Micros>,
    /// The plan ended because a payment is missing.
    pub failed: bool,
}

#[derive(Template)]
#[template(path = "email/payment/subject.txt")]
struct Subject<'a> {
    mail: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "email/payment/body.txt")]
struct Text<'a> {
    mail: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "email/payment/body.html")]
struct Html<'a> {
    mail: &'a Words<'a>,
}

struct Words<'a> {
    news: &'a str,
    to_address: bool,
    organization: String,
    plan: &'a str,
    plan_now: &'a str,
    fallback: &'a str,
    until: String,
    /// Whole days that are left; 0 for none.
    days: i64,
    failed: bool,
    link: String,
}

impl PaymentNotice {
    pub(super) fn letter(&self, base_url: &str) -> Result<Letter> {
        let words = Words {
            news: &self.news,
            to_address: self.to_address,
            // The organization's name was chosen by people (SEC-E2).
            organization: plain_name(&self.organization),
            plan: &self.plan,
            plan_now: &self.plan_now,
            fallback: &self.fallback,
            until: self.until.map(clock::day).unwrap_or_default(),
            days: self.until.map_or(0, |until| (until - self.at).max(0) / DAY),
            failed: self.failed,
            link: format!("{base_url}/orgs/{}/billing/payments", self.slug),
        };
        Ok(Letter {
            to: self.to.clone(),
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
