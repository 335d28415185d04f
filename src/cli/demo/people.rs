//! Who is in the demo by name, and how somebody signs in there.

use crate::accounts::{self, DbStore, Prover, SessionData};
use crate::actor::{Actor, Origin, Person};
use crate::app::App;
use crate::error::{Refusal, Result};
use crate::organizations;
use std::sync::Arc;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

pub(super) struct Named {
    pub email: &'static str,
    pub name: &'static str,
}

pub(super) const ALICE: Named = Named {
    email: "alice@acme.test",
    name: "Alice Okafor",
};
pub(super) const BOB: Named = Named {
    email: "bob@acme.test",
    name: "Bob Tanaka",
};
pub(super) const CAROL: Named = Named {
    email: "carol@acme.test",
    name: "Carol Reyes",
};
pub(super) const DAVE: Named = Named {
    email: "dave@acme.test",
    name: "Dave Lindqvist",
};

/// Where everybody of the demo sits.
pub(super) fn origin() -> Origin {
    Origin {
        ip: "203.0.113.24".into(),
        client: "Firefox on a demo's laptop".into(),
        request_id: String::new(),
    }
}

/// Somebody at their own machine, signed in for as long as a session lives.
pub(super) async fn sign_in(app: &App, email: &str) -> Result<Arc<Person>> {
    let origin = origin();
    let link = accounts::operator_link(app, email).await?;
    let token = link.rsplit('/').next().unwrap_or_default();
    let prover = Prover {
        browser: None,
        person: None,
        origin: &origin,
    };
    let accounts::Proved::SignedIn(arrival) = accounts::use_link(app, token, &prover).await? else {
        return Err(Refusal::NotFound);
    };
    let data = SessionData {
        user: arrival.user.to_string(),
        method: arrival.method.as_str().to_owned(),
        ip: origin.ip.clone(),
        client: origin.client.clone(),
    };
    let data = serde_json::to_value(data).map_err(anyhow::Error::new)?;
    let mut record = Record {
        id: Id::default(),
        data: [(SessionData::KEY.to_owned(), data)].into(),
        expiry_date: tower_sessions::cookie::time::OffsetDateTime::now_utc()
            + time::Duration::days(1),
    };
    DbStore::new(app.clone())
        .create(&mut record)
        .await
        .map_err(anyhow::Error::new)?;
    accounts::identify_session(app, &record.id.to_string(), origin)
        .await?
        .ok_or(Refusal::NotFound)
}

/// Somebody signed in, acting in an organization.
pub(super) async fn actor(app: &App, email: &str, slug: &str) -> Result<Actor> {
    sign_in(app, email).await?.in_org_by_slug(slug)
}

/// The operator, acting on an organization.
pub(super) async fn operator(app: &App, slug: &str) -> Result<Actor> {
    Ok(Actor::system(
        organizations::find_by_any_slug(app, slug).await?,
    ))
}
