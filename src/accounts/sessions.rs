//! Sessions in the database, behind tower-sessions.
//!
//! The store that belongs to tower-sessions keeps the cookie's value and writes with an upsert, so that a copy of the
//! table signs in and a request in flight revives a session that was signed out. This one keeps a hash and only updates
//! (security.md, T1, T2).

use super::queries::{self, NewSession};
use crate::app::App;
use crate::clock::{DAY, HOUR, Micros};
use crate::ids::SessionId;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{SessionStore, cookie::time::OffsetDateTime};

/// Sessions that a user may have at once.
const SESSIONS_PER_USER: i64 = 20;

/// The longest that any policy lets a session be idle. The first request that is noted sets the end by the person's own
/// organizations.
const LONGEST_IDLE: Micros = 30 * DAY;

/// What stands in a signed-in session beside what sign-in flows keep there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionData {
    pub user: String,
    pub method: String,
    pub ip: String,
    pub client: String,
}

impl SessionData {
    /// The key it is kept under.
    pub const KEY: &'static str = "person";
}

#[derive(Clone)]
pub struct DbStore(App);

impl DbStore {
    pub fn new(app: App) -> Self {
        Self(app)
    }
}

impl std::fmt::Debug for DbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DbStore")
    }
}

/// The value the cookie carries, hashed.
fn hash(id: &Id) -> String {
    crate::secret::hash(&id.to_string())
}

fn failed(refusal: crate::error::Refusal) -> Error {
    Error::Backend(refusal.to_string())
}

#[async_trait]
impl SessionStore for DbStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let now = self.0.now();
        let person: Option<SessionData> = record
            .data
            .get(SessionData::KEY)
            .and_then(|v| serde_json::from_value(v.clone()).ok());
        let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        let mut tx = self.0.db.begin().await.map_err(failed)?;
        let public_id = SessionId::new();
        loop {
            let new = NewSession {
                id_hash: &hash(&record.id),
                public_id: public_id.as_str(),
                user: person.as_ref().map(|p| p.user.as_str()),
                data: &data,
                method: person.as_ref().map(|p| p.method.as_str()),
                ip: person.as_ref().map_or("", |p| p.ip.as_str()),
                client: person.as_ref().map_or("", |p| p.client.as_str()),
                now,
                expires_at: if person.is_some() {
                    now + LONGEST_IDLE
                } else {
                    now + HOUR
                },
            };
            if queries::insert_session(&mut tx, &new)
                .await
                .map_err(failed)?
            {
                break;
            }
            record.id = Id::default();
        }
        if let Some(person) = &person {
            queries::drop_oldest_sessions(&mut tx, &person.user, SESSIONS_PER_USER, now)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        let mut tx = self.0.db.begin().await.map_err(failed)?;
        queries::update_session(&mut tx, &hash(&record.id), &data)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut tx = self.0.db.read().await.map_err(failed)?;
        let Some(data) = queries::load_session(&mut tx, &hash(id), self.0.now())
            .await
            .map_err(failed)?
        else {
            return Ok(None);
        };
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_str(&data).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date: OffsetDateTime::now_utc() + time::Duration::days(90),
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut tx = self.0.db.begin().await.map_err(failed)?;
        queries::end_session(&mut tx, &hash(id), self.0.now())
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }
}
