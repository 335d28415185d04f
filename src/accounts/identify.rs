//! From a credential to the person behind it and every organization they are in: one statement for each request.

use super::queries::{self, IdentityRow};
use crate::actor::{Credential, Origin, Person, Seat, SignInMethod};
use crate::app::App;
use crate::clock::{DAY, MINUTE, Micros};
use crate::db::Db;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, OrgId, UserId};
use crate::organizations::{Organization, Policies};
use std::sync::Arc;

/// The person whose session has this cookie value; `None` where it has ended or never was.
///
/// A session ends after its idle and its absolute lifetime, of the strictest organization its person is in (SEC-S4).
pub async fn identify_session(
    app: &App,
    cookie: &str,
    origin: Origin,
) -> Result<Option<Arc<Person>>> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let rows = queries::identity_by_session(&mut tx, &crate::secret::hash(cookie), now).await?;
    drop(tx);
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let (started, seen) = (first.created_at, first.last_seen_at);
    let credential = Credential::Session {
        id: first.credential_id.clone().into(),
        method: SignInMethod::parse(&first.detail),
        signed_in_at: started,
    };
    let person = person(rows, credential, origin);
    let (idle, absolute) = lifetimes(&person.seats);
    if now >= seen + idle || now >= started + absolute {
        let mut tx = app.db.begin().await?;
        queries::security::end_expired(&mut tx, person.credential.id(), now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if now - seen >= MINUTE {
        let ends = (now + idle).min(started + absolute);
        let (db, id) = (app.db.clone(), person.credential.id().to_owned());
        tokio::spawn(async move { note(touch_session(db, id, now, ends).await) });
    }
    Ok(Some(Arc::new(person)))
}

/// The person whose API token this is. Refuses one that is unknown, revoked or expired, all in the same way.
pub async fn identify_token(app: &App, token: &str, origin: Origin) -> Result<Arc<Person>> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let rows = queries::identity_by_token(&mut tx, &crate::secret::hash(token), now).await?;
    drop(tx);
    let first = rows.first().ok_or(Refusal::Unauthenticated)?;
    let credential = Credential::Token {
        id: first.credential_id.clone().into(),
        name: first.credential_name.clone(),
        can_write: first.detail == "write",
        age_days: (now - first.created_at) / DAY,
    };
    if now - first.last_seen_at >= MINUTE {
        let (db, id) = (app.db.clone(), first.credential_id.clone());
        tokio::spawn(async move { note(touch_token(db, id, now).await) });
    }
    Ok(Arc::new(person(rows, credential, origin)))
}

/// Notes that a member was here, at most once a minute, beside the request.
pub fn note_activity(app: &App, person: &Person, org: &OrgId) {
    let now = app.now();
    let Some(seat) = person.seats.iter().find(|s| s.org.id == *org) else {
        return;
    };
    if now - seat.last_active_at < MINUTE {
        return;
    }
    let (db, member, org) = (app.db.clone(), seat.member.clone(), org.clone());
    let moved_here = (person.last_org.as_ref() != Some(&org)).then(|| person.user.clone());
    tokio::spawn(async move {
        note(touch_member(&db, &member, &org, now).await);
        if let Some(user) = moved_here {
            note(set_last_org(&db, &user, &org).await);
        }
    });
}

/// A transaction each for the member and the account: one that held both would wait for a sign-in, which locks the account
/// first, while that waits for it.
async fn touch_member(db: &Db, member: &MemberId, org: &OrgId, now: Micros) -> Result<()> {
    let mut tx = db.begin().await?;
    queries::touch_member(&mut tx, member, org, now).await?;
    tx.commit().await
}

async fn set_last_org(db: &Db, user: &UserId, org: &OrgId) -> Result<()> {
    let mut tx = db.begin().await?;
    queries::set_last_org(&mut tx, user, org).await?;
    tx.commit().await
}

async fn touch_session(db: Db, id: String, now: Micros, ends: Micros) -> Result<()> {
    let mut tx = db.begin().await?;
    queries::touch_session(&mut tx, &id, now, ends).await?;
    tx.commit().await
}

async fn touch_token(db: Db, id: String, now: Micros) -> Result<()> {
    let mut tx = db.begin().await?;
    queries::touch_token(&mut tx, &id, now).await?;
    tx.commit().await
}

fn note(outcome: Result<()>) {
    if let Err(refusal) = outcome {
        tracing::warn!(error = %refusal, "a last-seen time could not be written");
    }
}

/// Idle and absolute life of a session: of the strictest organization.
pub(super) fn lifetimes(seats: &[Seat]) -> (Micros, Micros) {
    let default = Policies::default();
    let idle = seats
        .iter()
        .map(|s| s.org.policies.session_idle())
        .min()
        .unwrap_or(default.session_idle());
    let absolute = seats
        .iter()
        .map(|s| s.org.policies.session_absolute())
        .min()
        .unwrap_or(default.session_absolute());
    (idle, absolute)
}

fn person(rows: Vec<IdentityRow>, credential: Credential, origin: Origin) -> Person {
    let mut rows = rows;
    let first = rows.first().cloned();
    let seats = rows
        .drain(..)
        .filter_map(|row| {
            let seat = row.seat?;
            Some(Seat {
                org: Arc::new(Organization::from(seat.org)),
                member: seat.member_id.into(),
                role: seat.role,
                workspaces: seat.workspaces,
                last_active_at: seat.last_active_at,
            })
        })
        .collect();
    let first = first.unwrap_or_default();
    Person {
        user: first.user_id.into(),
        name: first.user_name,
        email: first.email,
        theme: first.theme,
        credential,
        origin,
        seats,
        last_org: first.last_org_id.map(OrgId::from),
        is_awaited: first.is_awaited,
    }
}
