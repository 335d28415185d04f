//! The connections that read from SQLite, lent one at a time.
//!
//! sqlx's own pool asks a connection for a sign of life whenever it comes back: a hand-over to the connection's thread
//! and back, which costs as much as a short statement. A connection to a file needs none.

use crate::error::{Refusal, Result};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that there may be.
const READERS: usize = 4;

#[derive(Clone)]
pub(super) struct Readers(Arc<Home>);

struct Home {
    options: SqliteConnectOptions,
    free: Mutex<Vec<SqliteConnection>>,
    turns: Arc<Semaphore>,
}

/// A connection, until it is dropped.
pub(super) struct Reader {
    connection: Option<SqliteConnection>,
    home: Arc<Home>,
    // Dropped after the connection is back, so that whoever has the next turn finds it.
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    /// Opens the first connection; the others when they are needed.
    pub async fn open(options: SqliteConnectOptions) -> sqlx::Result<Self> {
        let first = options.connect().await?;
        Ok(Self(Arc::new(Home {
            options,
            free: Mutex::new(vec![first]),
            turns: Arc::new(Semaphore::new(READERS)),
        })))
    }

    /// Lends a connection. Refuses who would wait too long.
    pub async fn lend(&self) -> Result<Reader> {
        let busy = || Refusal::Unavailable("The database is busy. Try again in a moment.");
        let turn = tokio::time::timeout(PATIENCE, self.0.turns.clone().acquire_owned())
            .await
            .map_err(|_| busy())?;
        let turn = turn.map_err(|_| Refusal::Unavailable("Roster is stopping."))?;
        let free = self.0.take();
        let connection = match free {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Reader {
            connection: Some(connection),
            home: self.0.clone(),
            _turn: turn,
        })
    }

    /// Lends no more, waits until every connection is back, and closes them.
    pub async fn close(&self) {
        let all = self.0.turns.acquire_many(READERS as u32).await;
        self.0.turns.close();
        drop(all);
        while let Some(connection) = self.0.take() {
            connection.close().await.ok();
        }
    }
}

impl Home {
    fn take(&self) -> Option<SqliteConnection> {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.home
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(self.connection.take());
    }
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection
            .as_ref()
            .expect("it is lent until it is dropped")
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection
            .as_mut()
            .expect("it is lent until it is dropped")
    }
}
