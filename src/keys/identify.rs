//! From a key to who asks by it.

use super::{CI_KEYS, Found, queries};
use crate::accounts::TokenScope;
use crate::actor::{Credential, Key, Origin, Person, Seat};
use crate::app::App;
use crate::billing;
use crate::clock::{DAY, MINUTE, Micros};
use crate::db::{Db, Tx};
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, UserId};
use crate::organizations::{self, Organization};
use crate::secret;
use std::sync::Arc;

/// The key that has this secret, as one who asks. Refuses one that is unknown, revoked or expired, all in the same way; and
/// one of an organization whose plan has no keys: it rests, and works again when the plan has them (SEC-Z13).
pub async fn identify_key(app: &App, text: &str, origin: Origin) -> Result<Arc<Person>> {
    let now = app.now();
    let mut tx = app.db.read().await?;
    let found = queries::by_hash(&mut tx, &secret::hash(text), now)
        .await?
        .ok_or(Refusal::Unauthenticated)?;
    let org = organization(&mut tx, &found).await?;
    drop(tx);
    if let (Some(org), None) = (&org, &found.only) {
        billing::require_entitlement(app, org, CI_KEYS, "Keys of the organization")?;
    }
    if now - found.key.last_used_at.unwrap_or(0) >= MINUTE {
        let (db, id) = (app.db.clone(), found.key.id.to_string());
        tokio::spawn(async move {
            if let Err(refusal) = touch(db, id, now).await {
                tracing::warn!(error = %refusal, "a last-used time could not be written");
            }
        });
    }
    Ok(Arc::new(person(found, org, origin, now)))
}

/// The organization it acts in; `None`: its workspace stands alone.
async fn organization(tx: &mut Tx, found: &Found) -> Result<Option<Organization>> {
    match &found.org {
        Some(org) => match organizations::find(tx, org).await {
            Err(Refusal::NotFound) => Err(Refusal::Unauthenticated),
            other => other.map(Some),
        },
        None => Ok(None),
    }
}

async fn touch(db: Db, id: String, now: Micros) -> Result<()> {
    let mut tx = db.begin().await?;
    queries::touch(&mut tx, &id, now).await?;
    tx.commit().await
}

fn person(found: Found, org: Option<Organization>, origin: Origin, now: Micros) -> Person {
    let Found { key, only, .. } = found;
    let seat = org.map(|org| Seat {
        org: Arc::new(org),
        member: MemberId::from(key.id.as_str()),
        role: key.org_role,
        workspaces: 0,
        // Keys are in no directory that shows when somebody was last here.
        last_active_at: now,
    });
    Person {
        user: UserId::from(key.id.as_str()),
        name: if only.is_some() {
            format!("Key {}", key.name)
        } else {
            format!("CI key {}", key.name)
        },
        email: None,
        theme: "auto".into(),
        credential: Credential::Key(Key {
            id: key.id,
            name: key.name,
            can_write: key.scope == TokenScope::Write,
            age_days: (now - key.created_at) / DAY,
            maker: key.maker,
            workspace_role: key.workspace_role,
            only,
        }),
        origin,
        seats: seat.into_iter().collect(),
        last_org: None,
        is_awaited: false,
    }
}
