//! Deleting an organization: what goes and what stays, computed once, shown before and done after (S1-16..19).

use super::{find, queries};
use crate::access::{self, Permission, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing::stripe;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::workspaces::{self, Keeping};
use crate::{billing, invitations, keys, mail, members, text};

/// Workspaces that the impact names one by one.
const NAMED: i64 = 20;

/// What deleting an organization does.
#[derive(Clone, Debug)]
pub struct Deletion {
    pub members: i64,
    /// Pending invitations, which are revoked.
    pub invited: i64,
    /// Workspaces that go on by themselves.
    pub workspaces: i64,
    /// The first of them, with who keeps each.
    pub keeping: Vec<Keeping>,
    /// People who have one of its custom roles, which end.
    pub custom: i64,
    /// It pays for its plan, which ends.
    pub pays: bool,
}

/// What deleting would do. Refuses who isn't an owner.
pub async fn deletion_impact(app: &App, actor: &Actor) -> Result<Deletion> {
    access::require(actor.role, Permission::OwnOrganization)?;
    let mut tx = app.db.read().await?;
    impact(&mut tx, actor).await
}

async fn impact(tx: &mut Tx, actor: &Actor) -> Result<Deletion> {
    let org = find(tx, &actor.org.id).await?;
    let keeping = workspaces::keeping(tx, &org.id, NAMED).await?;
    let custom = workspaces::custom_holders(tx, &org.id).await?;
    let pays = stripe::is_paying(tx, &org.id).await?;
    Ok(Deletion {
        members: org.members,
        invited: org.invited,
        workspaces: org.workspaces,
        keeping,
        custom,
        pays,
    })
}

/// Deletes the organization: its members and invitations go, its slug is free again, its workspaces stay, each by
/// itself, with the people they had (S1-18, S1-19); who has one of its custom roles there is `custom_to` instead. Its
/// owners and admins are told by mail. What it pays at Stripe ends with it, within the hour.
///
/// Refuses who isn't an owner (S1-16), and unless `typed` is the organization's name (S1-17). The row and the audit
/// events are kept, so that its id never means something else (SEC-R13).
pub async fn delete(
    app: &App,
    actor: &Actor,
    typed: &str,
    custom_to: WorkspaceRole,
) -> Result<Deletion> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::OwnOrganization)?;
    let org = find(&mut tx, &actor.org.id).await?;
    if text::name(typed).ok().as_deref() != Some(org.name.as_str()) {
        return Err(Refusal::field(
            "confirm",
            format!("Type the organization's name, {}, to delete it.", org.name),
        ));
    }
    let deletion = impact(&mut tx, &actor).await?;
    let told = members::owners_and_admins(&mut tx, &org.id).await?;
    let adopter = actor.person.account();
    let released = workspaces::release_all(&mut tx, &org.id, adopter, custom_to, now).await?;
    invitations::revoke_all(&mut tx, &org.id, now).await?;
    billing::end_leases(&mut tx, &org.id).await?;
    let keys = keys::end_of_organization(&mut tx, &org.id, now).await?;
    members::remove_all(&mut tx, &org.id).await?;
    queries::delete(&mut tx, &org.id, now).await?;
    let event = Event::new(
        Category::Governance,
        "organization.deleted",
        "organization",
        org.id.to_string(),
        &*org.name,
    )
    .with("slug", &*org.slug)
    .with("members", deletion.members)
    .with("invitations_revoked", deletion.invited)
    .with("keys_revoked", keys)
    .with("subscription_ends", deletion.pays.then_some(true))
    .with("workspaces", released.workspaces)
    .with("workspaces_adopted", released.adopted)
    .with(
        "custom_roles_became",
        (deletion.custom > 0).then(|| custom_to.as_str()),
    );
    audit::record(&mut tx, &actor, now, event).await?;
    for (name, email) in told {
        tell(&mut tx, &actor, &name, email, now).await?;
    }
    tx.commit().await?;
    app.wake();
    Ok(deletion)
}

async fn tell(tx: &mut Tx, actor: &Actor, name: &str, to: String, now: Micros) -> Result<()> {
    let org = &actor.org;
    let notice = mail::Notice {
        to,
        subject: format!("{} was deleted", mail::plain_name(&org.name)),
        lines: vec![
            format!("Hello {name},"),
            format!("{} deleted the organization {}.", actor.person.name, org.name),
            "Its workspaces stay, each by itself, with the people who had them. Its members, invitations and policies are gone.".to_owned(),
        ],
        link: None,
    };
    mail::enqueue(tx, now, None, mail::Message::Notice(notice)).await
}
