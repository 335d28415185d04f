//! An invitation by its key, and those to a workspace, whichever they are: an organization's, or a standalone workspace's.

use super::accept::{Accepted, How};
use super::open::{Key, Offer};
use super::standalone::{self, GotWorkspace, Standalone, StandaloneOffer};
use super::{Invitation, Status, accept as of_organization, open as offers};
use crate::actor::{Origin, Person};
use crate::app::App;
use crate::clock::Micros;
use crate::error::{Refusal, Result};
use crate::ids::InvitationId;
use std::sync::Arc;

/// An invitation that offers a role in a workspace.
#[derive(Debug, Clone)]
pub enum ToWorkspace {
    Organization(Invitation),
    Standalone(Standalone),
}

impl ToWorkspace {
    pub fn id(&self) -> &InvitationId {
        match self {
            Self::Organization(one) => &one.id,
            Self::Standalone(one) => &one.id,
        }
    }

    /// Whom it is to, as a sentence names them.
    pub fn recipient(&self) -> String {
        match self {
            Self::Organization(one) => one.to.to_string(),
            Self::Standalone(one) => one.email.clone(),
        }
    }

    /// Whether who manages the workspace's access copies its link: it offers the workspace and nothing else.
    pub fn has_link_here(&self) -> bool {
        match self {
            Self::Organization(one) => one.is_to_workspace_alone() && one.status == Status::Pending,
            Self::Standalone(one) => one.status == Status::Pending,
        }
    }

    pub fn expires_at(&self) -> Micros {
        match self {
            Self::Organization(one) => one.expires_at,
            Self::Standalone(one) => one.expires_at,
        }
    }
}

/// What a key opens.
#[derive(Debug)]
pub enum Opened {
    Organization(Box<Offer>),
    Standalone(Box<StandaloneOffer>),
}

/// What accepting gave.
#[derive(Debug)]
pub enum Joined {
    Organization(Accepted),
    Standalone(GotWorkspace),
}

/// Opens an invitation. "Not found" for a key that opens none, whatever is wrong with it (SEC-I5); "gone" where it
/// can't be accepted any more, with the reason.
pub async fn open(app: &App, person: Option<&Person>, key: &Key) -> Result<Opened> {
    match offers::open(app, person, key).await {
        Err(Refusal::NotFound) => standalone::open(app, person, key)
            .await
            .map(|offer| Opened::Standalone(Box::new(offer))),
        opened => opened.map(|offer| Opened::Organization(Box::new(offer))),
    }
}

/// Accepts an invitation, by the rules of the one it is: [`super::accept::accept`] for an organization's. A standalone
/// workspace's gives its role, and makes no membership (S1-9).
pub async fn accept(
    app: &App,
    person: Option<&Arc<Person>>,
    origin: &Origin,
    key: &Key,
    how: How,
) -> Result<Joined> {
    match of_organization::accept(app, person, origin, key, how).await {
        Err(Refusal::NotFound) => standalone::accept(app, person.map(|p| p.as_ref()), origin, key)
            .await
            .map(Joined::Standalone),
        joined => joined.map(Joined::Organization),
    }
}

/// Declines an invitation, and gives the name of what it was to. Whoever may accept it may decline it, and so may anybody
/// with the link that came to the invited address (SEC-I4).
pub async fn decline(
    app: &App,
    person: Option<&Arc<Person>>,
    origin: &Origin,
    key: &Key,
) -> Result<String> {
    match of_organization::decline(app, person, origin, key).await {
        Err(Refusal::NotFound) => {
            standalone::decline(app, person.map(|p| p.as_ref()), origin, key).await
        }
        declined => declined,
    }
}
