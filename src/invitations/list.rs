//! The organization's invitations, and a person's own.

use super::{Invitation, Standalone, Status, offer, queries, standalone, with_access};
use crate::access::{self, Permission};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::organizations;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What to list: the open ones, newest first; or those that ended, the latest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `None`: the open ones, pending or expired.
    pub ended: Option<Ended>,
    /// A cursor that an earlier page of the same list gave.
    pub after: Option<String>,
    /// Rows on a page, 1 to 100.
    pub limit: i64,
}

/// Which of those that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Any,
    As(Status),
}

#[derive(Debug, Clone)]
pub struct Listed {
    pub invitations: Vec<Invitation>,
    pub next: Option<String>,
}

/// One page of the organization's invitations. Refuses who may not manage members. No answer holds a token (SEC-I10).
pub async fn list(app: &App, actor: &Actor, filter: &Filter) -> Result<Listed> {
    access::require(actor.role, Permission::ManageMembers)?;
    let (org, limit) = (&actor.org.id, filter.limit.clamp(1, 100));
    let kind = match filter.ended {
        None => "open",
        Some(Ended::Any) => "",
        Some(Ended::As(status)) => status.as_str(),
    };
    let list = format!("{org} {kind}");
    let after = filter
        .after
        .as_deref()
        .map(|cursor| decode(cursor, &list))
        .transpose()?;
    let after = after.as_ref().map(|(at, id)| (*at, id.as_str()));
    let mut tx = app.db.read().await?;
    let mut rows = match filter.ended {
        None => queries::list_pending(&mut tx, org, after, limit + 1).await?,
        Some(_) => queries::list_ended(&mut tx, org, kind, after, limit + 1).await?,
    };
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| encode(&list, row.ended_at.unwrap_or(row.created_at), &row.id));
    let times: Vec<i64> = rows
        .iter()
        .map(|row| row.ended_at.unwrap_or(row.created_at))
        .collect();
    let (from, to) = (
        times.iter().copied().min().unwrap_or_default(),
        times.iter().copied().max().unwrap_or_default(),
    );
    let lines = match filter.ended {
        None => queries::offer::of_pending(&mut tx, org, from, to).await?,
        Some(_) => queries::offer::of_ended(&mut tx, org, from, to).await?,
    };
    let now = app.now();
    let mut invitations: Vec<Invitation> = rows
        .into_iter()
        .map(|row| Invitation::from_row(row, now))
        .collect();
    offer::fill(&mut invitations, lines);
    Ok(Listed { invitations, next })
}

fn encode(list: &str, at: i64, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{at}\n{id}"))
}

fn decode(cursor: &str, list: &str) -> Result<(i64, String)> {
    let foreign = || {
        Refusal::field(
            "cursor",
            "This page belongs to another list. Start from the first page.",
        )
    };
    let raw = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|raw| String::from_utf8(raw).ok())
        .ok_or_else(foreign)?;
    let mut parts = raw.split('\n');
    match (
        parts.next(),
        parts.next().and_then(|at| at.parse().ok()),
        parts.next(),
    ) {
        (Some(name), Some(at), Some(id)) if name == list => Ok((at, id.to_owned())),
        _ => Err(foreign()),
    }
}

/// The pending invitations to standalone workspaces, to the person's own proved addresses.
pub async fn list_own_to_standalone(app: &App, person: &Person) -> Result<Vec<Standalone>> {
    standalone::list_own(&mut app.db.read().await?, person, app.now()).await
}

/// The pending invitations to the person's own proved addresses and to the account at GitHub that is linked with theirs,
/// each with its organization's name; an address that wasn't proved gives none (SEC-I4).
pub async fn list_own(app: &App, person: &Person) -> Result<Vec<(Invitation, String)>> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let mut own = Vec::new();
    let mut rows = queries::pending_to(&mut tx, &person.user, now).await?;
    rows.extend(queries::pending_to_github(&mut tx, &person.user, now).await?);
    for row in rows {
        let invitation = with_access(&mut tx, Invitation::from_row(row, now)).await?;
        let org = organizations::find(&mut tx, &invitation.org).await?;
        own.push((invitation, org.name));
    }
    Ok(own)
}
