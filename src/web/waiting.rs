//! What a page says of invitations to the account at GitHub of whoever opens it (S2-22).

use super::next::own_path;
use super::notice::Notice;
use super::session::{Visitor, see_other};
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::invitations::{self, Standing, Waiting};
use crate::text;
use axum::http::Method;
use axum::response::Response;
use std::sync::Arc;

/// Banners on one page; what more there is stands on the page of all of them.
const SHOWN: usize = 2;

/// An invitation, above the page's content.
#[derive(Debug, Clone)]
pub struct Banner {
    /// The invitation's own page; its answers are posted below it.
    pub href: String,
    pub org_name: String,
    pub inviter: String,
    pub role_label: &'static str,
    pub login: String,
    /// Why one click doesn't do; "" where it does.
    pub why: String,
}

/// The banners of a page, and "2 more invitations" for those that have none.
#[derive(Debug, Clone, Default)]
pub struct Banners {
    pub shown: Vec<Banner>,
    pub more: String,
}

/// Looks for invitations where one waits for the person, and gives the page its banners. The answer, where there is one, is
/// the same page again: by asking for it they joined. Fragments and forms have no banner.
pub(super) async fn look(
    app: &App,
    visitor: &mut Visitor,
    person: &Arc<Person>,
    method: &Method,
) -> Result<Option<Response>, Refusal> {
    if !person.is_awaited || visitor.partial || method != Method::GET {
        return Ok(None);
    }
    let visit = invitations::visit(app, person).await?;
    if let Some(notice) = joined(&visit.joined) {
        let here = own_path(&visitor.path);
        return Ok(Some(see_other(
            if here.is_empty() { "/" } else { &here },
            Some(notice),
        )));
    }
    // These pages are about invitations themselves.
    if !visitor.path.starts_with("/invitations") {
        let shown = visit.waiting.iter().take(SHOWN).map(Banner::from).collect();
        let more = match visit.waiting.len().saturating_sub(SHOWN) {
            0 => String::new(),
            n => text::count(n as i64, "more invitation", "more invitations"),
        };
        visitor.waiting = Banners { shown, more };
    }
    Ok(None)
}

/// Who added them to what, with the way out.
fn joined(joined: &[(invitations::Accepted, String)]) -> Option<Notice> {
    match joined {
        [] => None,
        [(one, inviter)] => {
            let text = format!(
                "You joined by opening this page, with the role {}.",
                one.role.label()
            );
            let leave = format!("/orgs/{}/settings/leave", one.org_slug);
            Some(
                Notice::good(format!("{inviter} added you to {}.", one.org_name), text)
                    .with_button(format!("Leave {}", one.org_name), leave),
            )
        }
        several => {
            let added: Vec<String> = several
                .iter()
                .map(|(one, inviter)| format!("{} by {inviter}", one.org_name))
                .collect();
            let title = format!("You were added to {}.", text::some_of(&added, 3));
            Some(
                Notice::good(title, "You joined by opening this page.")
                    .with_link("Your organizations", "/account/organizations"),
            )
        }
    }
}

impl From<&Waiting> for Banner {
    fn from(waiting: &Waiting) -> Self {
        let Waiting {
            invitation,
            organization,
            standing,
        } = waiting;
        Self {
            href: format!("/invitations/{}", invitation.id),
            org_name: organization.name.clone(),
            inviter: invitation.inviter.clone(),
            role_label: organization.policies.label(invitation.role),
            login: invitation.to.github().map(|user| user.login.clone()).unwrap_or_default(),
            why: match standing {
                Standing::Elsewhere => "You are already in another organization. Here an account is in one at a time.".into(),
                Standing::Personal(_) => "You are already in another organization: your own, which you can close to join.".into(),
                _ => String::new(),
            },
        }
    }
}
