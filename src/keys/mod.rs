//! API keys: by which services ask, instead of people (product.md, 8). A key belongs to an organization, and is something in
//! it and in all of its workspaces; or to one workspace, and is something there alone. It outlives who made it.
//!
//! A key is `rsk_` and 32 random bytes. It is shown once and kept as a hash; its first characters tell it apart in a list.
//! What it may do is decided like for people, by [`crate::access`], from the roles it was given.

mod identify;
mod queries;

pub use identify::identify_key;

use crate::access::{self, OrgRole, Permission, WorkspaceRole};
use crate::accounts::{self, TokenScope};
use crate::actor::{Actor, Person};
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::{KeyId, OrgId, UserId, WorkspaceId};
use crate::organizations::Organization;
use crate::workspaces::{self, Managed, Writing};
use crate::{billing, invitations, organizations, secret, text};
use std::sync::Arc;

/// How every key begins, so that a secret scanner knows one.
pub const KEY_PREFIX: &str = "rsk_";

/// What a plan must have for an organization's keys to work.
pub const CI_KEYS: &str = "ci_keys";

/// Keys that an organization, or a workspace, may have at once.
const MOST: i64 = 100;

/// A key as a list shows it. The secret isn't part of it.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    pub scope: TokenScope,
    /// What it is in the organization.
    pub org_role: OrgRole,
    /// What it is in the workspaces that it reaches; `None`: nothing.
    pub workspace_role: Option<WorkspaceRole>,
    pub maker: UserId,
    /// Their name when they made it.
    pub maker_name: String,
    pub created_at: Micros,
    pub expires_at: Micros,
    pub last_used_at: Option<Micros>,
}

impl Key {
    pub fn has_expired(&self, now: Micros) -> bool {
        self.expires_at <= now
    }
}

/// Whose a key is.
#[derive(Debug, Clone)]
enum Home {
    Organization(OrgId),
    Workspace(WorkspaceId),
}

/// A key that was found by its secret.
struct Found {
    key: Key,
    /// The one workspace that it is for.
    only: Option<WorkspaceId>,
    /// `None`: its workspace stands alone.
    org: Option<OrgId>,
}

/// What a new key shall be.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    pub name: &'a str,
    pub scope: TokenScope,
    /// Of an organization's key. A workspace's is a member of whatever organization its workspace is in.
    pub org_role: OrgRole,
    pub workspace_role: Option<WorkspaceRole>,
    /// Days it lives; `None`: 90, or fewer where the organization says so.
    pub days: Option<i64>,
}

/// A key just made, with the secret that is never shown again.
pub struct Made {
    pub key: Key,
    pub secret: String,
}

/// Why the organization's plan keeps its keys from working, and who can change that; `None`: it doesn't.
pub fn lacks_keys(app: &App, org: &Organization) -> Option<String> {
    let plan = app.plans.of(org, app.now());
    (!plan.entitles(CI_KEYS)).then(|| {
        format!(
            "Keys of the organization are {}",
            app.plans.lacking(plan, |plan| plan.entitles(CI_KEYS))
        )
    })
}

/// Refuses who makes no keys of the organization, and a plan without them: before a form is shown.
pub fn require_keys(app: &App, actor: &Actor) -> Result<()> {
    access::require(actor.role, Permission::ManageIntegrations)?;
    billing::require_entitlement(app, &actor.org, CI_KEYS, "Keys of the organization")
}

/// The organization's keys that aren't revoked, newest first; expired ones too. Refuses who doesn't manage keys.
pub async fn list_keys(app: &App, actor: &Actor) -> Result<Vec<Key>> {
    access::require(actor.role, Permission::ManageIntegrations)?;
    let mut tx = app.db.read().await?;
    queries::list(&mut tx, &Home::Organization(actor.org.id.clone())).await
}

/// One of the organization's keys. Refuses as [`list_keys`] does.
pub async fn find_key(app: &App, actor: &Actor, id: &KeyId) -> Result<Key> {
    access::require(actor.role, Permission::ManageIntegrations)?;
    let mut tx = app.db.read().await?;
    queries::find(&mut tx, &Home::Organization(actor.org.id.clone()), id)
        .await?
        .ok_or(Refusal::NotFound)
}

/// Makes a key of the organization (S2-43).
///
/// Refuses who doesn't manage keys; a key itself; a role that they couldn't give to a person; one in workspaces that would get
/// further than they do themselves ([`access::may_make_key`]); a plan without `ci_keys`; a life longer than the policy's,
/// or than that of the token that asks (SEC-Z8); and one key too many.
pub async fn create_key(app: &App, actor: &Actor, new: &NewKey<'_>) -> Result<Made> {
    actor.person.require_account()?;
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let org = organizations::find(&mut tx, &actor.org.id).await?;
    access::may_make_key(
        actor.role,
        org.policies.admins_enter,
        new.org_role,
        new.workspace_role,
    )?;
    billing::require_entitlement(app, &org, CI_KEYS, "Keys of the organization")?;
    let home = Home::Organization(org.id.clone());
    let made = create_in(
        &mut tx,
        &actor.person,
        &home,
        new,
        org.policies.token_days,
        now,
    )
    .await?;
    audit::record(&mut tx, &actor, now, event("key.created", &made.key)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Revokes one of the organization's keys: it is refused from the next request on, and the invitations that it made end with
/// it. Refuses as [`list_keys`] does; "not found" for one that is revoked already.
pub async fn revoke_key(app: &App, actor: &Actor, id: &KeyId) -> Result<Key> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageIntegrations)?;
    let home = Home::Organization(actor.org.id.clone());
    let key = queries::find(&mut tx, &home, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    queries::revoke(&mut tx, &home, id, now).await?;
    let lost = invitations::revoke_of_key(&mut tx, &actor, id, now).await?;
    audit::record(
        &mut tx,
        &actor,
        now,
        event("key.revoked", &key).with("invitations_revoked", lost),
    )
    .await?;
    tx.commit().await?;
    Ok(key)
}

/// The workspace's keys that aren't revoked, newest first; expired ones too. Refuses who manages nobody's access there.
pub async fn list_workspace_keys(app: &App, managed: &Managed) -> Result<Vec<Key>> {
    access::may_see_workspace_keys(managed.organization_role(), managed.role)?;
    let mut tx = app.db.read().await?;
    queries::list(&mut tx, &Home::Workspace(managed.workspace.id.clone())).await
}

/// One of the workspace's keys. Refuses as [`list_workspace_keys`] does.
pub async fn find_workspace_key(app: &App, managed: &Managed, id: &KeyId) -> Result<Key> {
    access::may_see_workspace_keys(managed.organization_role(), managed.role)?;
    let mut tx = app.db.read().await?;
    queries::find(&mut tx, &Home::Workspace(managed.workspace.id.clone()), id)
        .await?
        .ok_or(Refusal::NotFound)
}

/// Makes a key of a workspace, in an organization or not; it stays the workspace's when that is linked or unlinked (S5-6,
/// S5-13).
///
/// Refuses who doesn't administer the workspace themselves, but for owners of the organization; a key itself; a life longer
/// than the policy's, or than that of the token that asks (SEC-Z8); and one key too many.
pub async fn create_workspace_key(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    new: &NewKey<'_>,
) -> Result<Made> {
    person.require_account()?;
    let now = app.now();
    let mut writing = workspaces::write(app, person, id).await?;
    access::may_make_workspace_key(writing.organization_role(), writing.role)?;
    let longest = writing
        .actor
        .as_ref()
        .map_or(accounts::MOST_DAYS, |actor| actor.org.policies.token_days);
    let home = Home::Workspace(id.clone());
    let new = NewKey {
        org_role: OrgRole::Member,
        workspace_role: new.workspace_role.or(Some(WorkspaceRole::Viewer)),
        ..new.clone()
    };
    let made = create_in(&mut writing.tx, person, &home, &new, longest, now).await?;
    writing.record(now, event("key.created", &made.key)).await?;
    writing.tx.commit().await?;
    Ok(made)
}

/// Revokes one of the workspace's keys. Refuses as [`list_workspace_keys`] does; "not found" for one that is revoked already.
pub async fn revoke_workspace_key(
    app: &App,
    person: &Arc<Person>,
    id: &WorkspaceId,
    key: &KeyId,
) -> Result<Key> {
    let now = app.now();
    let mut writing: Writing = workspaces::write(app, person, id).await?;
    access::may_see_workspace_keys(writing.organization_role(), writing.role)?;
    let home = Home::Workspace(id.clone());
    let key = queries::find(&mut writing.tx, &home, key)
        .await?
        .ok_or(Refusal::NotFound)?;
    queries::revoke(&mut writing.tx, &home, &key.id, now).await?;
    let lost = match &writing.actor {
        Some(actor) => invitations::revoke_of_key(&mut writing.tx, actor, &key.id, now).await?,
        None => 0,
    };
    writing
        .record(
            now,
            event("key.revoked", &key).with("invitations_revoked", lost),
        )
        .await?;
    writing.tx.commit().await?;
    Ok(key)
}

async fn create_in(
    tx: &mut Tx,
    by: &Person,
    home: &Home,
    new: &NewKey<'_>,
    longest: i64,
    now: Micros,
) -> Result<Made> {
    let maker_ends = accounts::token_end(tx, by).await?;
    let mut checks = Checks::default();
    let name = checks.take("name", text::name(new.name));
    let expires_at = checks.take(
        "days",
        accounts::token_expiry(
            ("A key", "the policies say so"),
            new.days,
            longest,
            maker_ends,
            now,
        ),
    );
    checks_roles(&mut checks, new);
    checks.done()?;
    let (Some(name), Some(expires_at)) = (name, expires_at) else {
        return Err(Refusal::NotFound);
    };
    if queries::count_live(tx, home, now).await? >= MOST {
        return Err(Refusal::conflict(
            "too_many_keys",
            format!("There are {MOST} keys. Revoke one that isn't needed."),
        ));
    }
    let secret = format!("{KEY_PREFIX}{}", secret::random_token());
    let key = Key {
        id: KeyId::new(),
        name,
        prefix: secret.chars().take(KEY_PREFIX.len() + 6).collect(),
        scope: new.scope,
        org_role: new.org_role,
        workspace_role: new.workspace_role,
        maker: by.user.clone(),
        maker_name: by.name.clone(),
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    queries::insert(tx, home, &key, &secret::hash(&secret)).await?;
    Ok(Made { key, secret })
}

fn checks_roles(checks: &mut Checks, new: &NewKey<'_>) {
    if !access::KEY_ROLES.contains(&new.org_role) {
        checks.fail("org_role", "A key is an admin, a member or a viewer.");
    }
    match new.workspace_role {
        Some(WorkspaceRole::Custom | WorkspaceRole::Owner) => checks.fail(
            "workspace_role",
            "In workspaces a key is viewer, member or admin.",
        ),
        Some(role) if access::fits_under_cap(new.org_role, role).is_err() => {
            checks.fail("workspace_role", "A viewer of the organization changes nothing in any workspace. Choose viewer here too.");
        }
        _ => {}
    }
}

/// The names of the keys of an organization, and of its workspaces, that a user made and that work still.
pub(crate) async fn made_by(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    now: Micros,
) -> Result<Vec<String>> {
    queries::made_by(tx, org, user, now).await
}

/// Revokes the keys of an organization that is deleted. Those of its workspaces stay, as the workspaces do.
pub(crate) async fn end_of_organization(tx: &mut Tx, org: &OrgId, now: Micros) -> Result<u64> {
    queries::revoke_all(tx, &Home::Organization(org.clone()), now).await
}

/// Revokes the keys of a workspace that is deleted.
pub(crate) async fn end_of_workspace(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    now: Micros,
) -> Result<u64> {
    queries::revoke_all(tx, &Home::Workspace(workspace.clone()), now).await
}

/// Revokes every key: after a restore, because some may have been revoked since the copy was made (SEC-R12).
pub(crate) async fn end_all(tx: &mut Tx, now: Micros) -> Result<u64> {
    queries::revoke_everywhere(tx, now).await
}

fn event(action: &'static str, key: &Key) -> Event {
    Event::new(
        Category::Access,
        action,
        "key",
        key.id.to_string(),
        &*key.name,
    )
    .with("scope", key.scope.as_str())
    .with("org_role", key.org_role.as_str())
    .with(
        "workspace_role",
        key.workspace_role.map(WorkspaceRole::as_str),
    )
    .with("prefix", key.prefix.as_str())
}
