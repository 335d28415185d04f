//! The audit log: one event for every change, written in the change's own transaction (product.md, 9).
//!
//! The events of one organization, or of one account, form a chain: each carries the hash of itself and of the event
//! before it, so that an event changed or taken away later shows.

mod queries;
mod verify;

use crate::actor::{Actor, Person, SignInMethod};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{EventId, OrgId, UserId, WorkspaceId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use queries::EventRow;
pub use verify::{Chain, verify};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Access,
    Resource,
    Governance,
    Run,
    Billing,
    SignIn,
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Resource => "resource",
            Self::Governance => "governance",
            Self::Run => "run",
            Self::Billing => "billing",
            Self::SignIn => "sign-in",
        }
    }
}

/// What happened, to what.
#[derive(Debug)]
pub struct Event {
    pub category: Category,
    /// Thing and verb, such as `member.role_changed`.
    pub action: &'static str,
    pub target_kind: &'static str,
    pub target_id: String,
    pub target_name: String,
    pub workspace: Option<WorkspaceId>,
    /// The user concerned, where the target is one.
    pub subject: Option<UserId>,
    /// `{"before": …, "after": …}`, counts, and nothing secret.
    pub changes: Value,
}

impl Event {
    pub fn new(
        category: Category,
        action: &'static str,
        target_kind: &'static str,
        id: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            category,
            action,
            target_kind,
            target_id: id.into(),
            target_name: name.into(),
            workspace: None,
            subject: None,
            changes: json!({}),
        }
    }

    pub fn subject(mut self, user: Option<&UserId>) -> Self {
        self.subject = user.cloned();
        self
    }

    /// The workspace it happened in.
    pub fn workspace(mut self, id: &WorkspaceId) -> Self {
        self.workspace = Some(id.clone());
        self
    }

    pub fn change(mut self, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.changes = json!({ "before": before.into(), "after": after.into() });
        self
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.changes[key] = value.into();
        self
    }
}

/// Records an event in the chain of the actor's organization.
pub(crate) async fn record(tx: &mut Tx, actor: &Actor, at: Micros, event: Event) -> Result<()> {
    append(tx, &actor.person, Some(&actor.org.id), actor.org.id.as_str(), at, event).await
}

/// Records an event in the chain of an organization by somebody who may not be its member yet.
pub(crate) async fn record_in(tx: &mut Tx, person: &Person, org: &OrgId, at: Micros, event: Event) -> Result<()> {
    append(tx, person, Some(org), org.as_str(), at, event).await
}

/// Records an event in the chain of a person's own account.
pub(crate) async fn record_account(tx: &mut Tx, person: &Person, at: Micros, event: Event) -> Result<()> {
    append(tx, person, None, person.user.as_str(), at, event).await
}

/// Records an event in the chain of an account by somebody else: the operator.
pub(crate) async fn record_on_account(tx: &mut Tx, by: &Person, account: &UserId, at: Micros, event: Event) -> Result<()> {
    append(tx, by, None, account.as_str(), at, event).await
}

async fn append(tx: &mut Tx, person: &Person, org: Option<&OrgId>, stream: &str, at: Micros, event: Event) -> Result<()> {
    let (last, prev_hash) = queries::head(tx, stream).await?.unwrap_or((0, String::new()));
    let mut row = EventRow {
        id: EventId::new().into(),
        stream: stream.to_owned(),
        seq: last + 1,
        prev_hash,
        hash: String::new(),
        at,
        org_id: org.map(|o| o.to_string()),
        workspace_id: event.workspace.map(String::from),
        category: event.category.as_str().to_owned(),
        action: event.action.to_owned(),
        actor_kind: person.credential.kind().to_owned(),
        actor_id: person.user.to_string(),
        actor_name: person.name.clone(),
        credential: person.credential.id().to_owned(),
        ip: person.origin.ip.clone(),
        client: person.origin.client.clone(),
        request_id: person.origin.request_id.clone(),
        target_kind: event.target_kind.to_owned(),
        target_id: event.target_id,
        target_name: event.target_name,
        subject_id: event.subject.map(String::from),
        changes: event.changes.to_string(),
    };
    row.hash = chain_hash(&row);
    queries::insert(tx, &row).await?;
    queries::set_head(tx, stream, row.seq, &row.hash).await
}

/// SHA-256 over the hash before and every column of the event, each with its length, so that no two events read alike.
fn chain_hash(row: &EventRow) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(&row.prev_hash);
    part(&row.id);
    part(&row.stream);
    part(&row.seq.to_string());
    part(&row.at.to_string());
    for column in [&row.org_id, &row.workspace_id, &row.subject_id] {
        part(if column.is_some() { "1" } else { "0" });
        part(column.as_deref().unwrap_or(""));
    }
    for column in [
        &row.category,
        &row.action,
        &row.actor_kind,
        &row.actor_id,
        &row.actor_name,
        &row.credential,
        &row.ip,
        &row.client,
        &row.request_id,
        &row.target_kind,
        &row.target_id,
        &row.target_name,
        &row.changes,
    ] {
        part(column);
    }
    crate::secret::hex(&hash.finalize())
}

/// The first event of a chain that is not as it was written, or `None` for a whole chain. Right also while events are
/// being added: those come with a new head in one transaction.
pub async fn first_broken(tx: &mut Tx, stream: &str) -> Result<Option<i64>> {
    let (head_seq, head_hash) = queries::head(tx, stream).await?.unwrap_or((0, String::new()));
    let (mut seq, mut hash) = (0, String::new());
    loop {
        let events = queries::page(tx, stream, seq, 1_000).await?;
        for event in &events {
            let beside_head = event.seq == head_seq && event.hash != head_hash;
            if event.seq != seq + 1 || event.prev_hash != hash || event.hash != chain_hash(event) || beside_head {
                return Ok(Some(seq + 1));
            }
            (seq, hash) = (event.seq, event.hash.clone());
        }
        if events.len() < 1_000 {
            break;
        }
    }
    let head_now = queries::head(tx, stream).await?.map_or(0, |head| head.0);
    Ok((seq < head_seq || head_now < seq).then_some(seq.min(head_now) + 1))
}

/// One thing a member did or had done to them, for their page.
#[derive(Debug, Clone)]
pub struct Activity {
    pub at: Micros,
    pub sentence: String,
}

/// What a member did or had done to them lately, newest first (S1-49).
pub(crate) async fn recent_activity(tx: &mut Tx, org: &OrgId, user: &UserId, limit: i64) -> Result<Vec<Activity>> {
    let events = queries::about(tx, org, user, limit).await?;
    Ok(events.into_iter().map(|e| Activity { at: e.at, sentence: sentence(&e) }).collect())
}

/// What a person did on their own account, newest first.
pub async fn account_activity(tx: &mut Tx, user: &UserId, limit: i64) -> Result<Vec<Activity>> {
    let events = queries::newest(tx, user.as_str(), limit).await?;
    Ok(events.into_iter().map(|e| Activity { at: e.at, sentence: sentence(&e) }).collect())
}

/// One thing a person did, wherever it was.
#[derive(Debug, Clone)]
pub struct OwnActivity {
    pub id: EventId,
    pub at: Micros,
    pub sentence: String,
    /// `None`: in their own account.
    pub org: Option<OrgId>,
}

/// What a person did in the organizations they are in, and what was done in their account, newest first; older than the
/// event `before`, if one is given. Reads nothing of organizations they are no longer in.
pub async fn own_activity(app: &crate::app::App, person: &Person, before: Option<&EventId>, limit: i64) -> Result<Vec<OwnActivity>> {
    let mut tx = app.db.read().await?;
    let events = queries::of_person(&mut tx, &person.user, before.map_or("evt_z", |id| id.as_str()), limit).await?;
    let own = |e: EventRow| OwnActivity { at: e.at, sentence: sentence(&e), id: e.id.into(), org: e.org_id.map(OrgId::from) };
    Ok(events.into_iter().map(own).collect())
}

/// The event as people say it: "Alice Okafor changed Bob Tanaka from member to admin".
pub fn sentence(event: &EventRow) -> String {
    let changes: Value = serde_json::from_str(&event.changes).unwrap_or_default();
    let text = |key: &str| match &changes[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let (who, what) = (&event.actor_name, &event.target_name);
    match event.action.as_str() {
        "organization.created" => format!("{who} created {what}"),
        "organization.renamed" => format!("{who} renamed the organization from {} to {}", text("before"), text("after")),
        "organization.slug_changed" => format!("{who} changed the slug from {} to {}", text("before"), text("after")),
        "organization.policies_changed" => format!("{who} changed the policies of {what}"),
        "organization.ownership_transferred" => format!("{who} transferred ownership to {what}"),
        "organization.deleted" => format!("{who} deleted {what}"),
        "member.added" => format!("{who} added {what} as {}", text("role")),
        "member.role_changed" => format!("{who} changed {what} from {} to {}", text("before"), text("after")),
        "member.suspended" => format!("{who} suspended {what}"),
        "member.reinstated" => format!("{who} reinstated {what}"),
        "member.removed" => format!("{who} removed {what}"),
        "member.left" => format!("{what} left"),
        "invitation.created" => format!("{who} invited {what} as {}", text("role")),
        "invitation.changed" => format!("{who} changed the invitation to {what}"),
        "invitation.resent" => format!("{who} sent the invitation to {what} again"),
        "invitation.link_copied" => format!("{who} copied a link for the invitation to {what}"),
        "invitation.revoked" => format!("{who} revoked the invitation to {what}"),
        "invitation.accepted" => format!("{what} accepted the invitation as {}", text("role")),
        "invitation.declined" => format!("{what} declined the invitation"),
        "account.signed_in" => format!("{who} signed in with {}", SignInMethod::parse(&text("method")).label()),
        "account.address_removed" => format!("{who} removed the address {what}"),
        "account.primary_changed" => format!("{who} made {what} their primary address"),
        "account.github_linked" => format!("{who} linked the GitHub account @{what}"),
        "account.github_unlinked" => format!("{who} unlinked the GitHub account @{what}"),
        "account.session_ended" => format!("{who} signed out one other session"),
        "account.sessions_ended" => format!("{who} signed out {} sessions", text("sessions")),
        "account.deleted" => format!("{who} deleted their account"),
        "member.claimed" => format!("{what} signed in and took the membership that waited for them"),
        "account.address_added" => format!("{who} added the address {what}"),
        "account.renamed" => format!("{who} changed their name from {} to {}", text("before"), text("after")),
        "account.theme_changed" => format!("{who} changed the appearance from {} to {}", text("before"), text("after")),
        "token.created" => format!("{who} made the API token {what} ({})", text("scope")),
        "token.revoked" => format!("{who} revoked the API token {what}"),
        "access.given" => format!("{who} made {what} {} of {}", text("role"), text("workspace")),
        "workspace.created" => format!("{who} created the workspace {what}"),
        action => format!("{who}: {} {what}", action.replace(['.', '_'], " ")),
    }
}
