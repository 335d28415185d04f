//! What waited for somebody becomes theirs: the memberships of an imported account that turns out to be a person who
//! has an account already (product.md, 5).

mod queries;

use super::{count, of_person, queries as members};
use crate::access::OrgRole;
use crate::actor::Person;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId};
use crate::workspaces;

/// One membership, as far as taking it over needs it.
pub(crate) struct Held {
    pub member: MemberId,
    pub org: OrgId,
    pub role: OrgRole,
    pub name: String,
}

/// Every membership of an account, suspended ones too.
pub(super) async fn held_by(tx: &mut Tx, user: &UserId) -> Result<Vec<Held>> {
    queries::held_by(tx, user).await
}

/// Locks every organization these accounts are in, in one order, so that no two writes wait for each other. Comes
/// before any account is locked.
pub(crate) async fn lock_organizations_of(tx: &mut Tx, users: &[UserId]) -> Result<()> {
    let mut orgs = Vec::new();
    for user in users {
        orgs.extend(
            queries::held_by(tx, user)
                .await?
                .into_iter()
                .map(|held| held.org),
        );
    }
    orgs.sort();
    orgs.dedup();
    for org in orgs {
        tx.lock_organization(&org).await?;
    }
    Ok(())
}

/// Whether a person may have what waits on this account: not where an account may be in one organization only and
/// that would make two (S2-23).
pub(crate) async fn may_take_over(
    app: &App,
    tx: &mut Tx,
    to: &UserId,
    from: &UserId,
) -> Result<bool> {
    if app.config.membership == Membership::Many || !of_person::in_an_organization(tx, to).await? {
        return Ok(true);
    }
    let own = queries::held_by(tx, to).await?;
    Ok(queries::held_by(tx, from)
        .await?
        .iter()
        .all(|held| own.iter().any(|o| o.org == held.org)))
}

/// Gives the person the memberships of `from`: one row in each organization, with the higher of two roles, and the
/// access to its workspaces. The organizations are locked.
pub(crate) async fn take_over(
    tx: &mut Tx,
    person: &Person,
    from: &UserId,
    now: Micros,
) -> Result<()> {
    let to = &person.user;
    let own = queries::held_by(tx, to).await?;
    for held in queries::held_by(tx, from).await? {
        let (member, before) = match own.iter().find(|o| o.org == held.org) {
            None => {
                queries::move_to(tx, &held.org, &held.member, to).await?;
                (held.member, None)
            }
            Some(mine) => {
                members::delete(tx, &held.org, &held.member).await?;
                count(tx, &held.org, -1, 0).await?;
                if held.role.rank() < mine.role.rank() {
                    members::set_role(tx, &held.org, &mine.member, held.role).await?;
                }
                (mine.member.clone(), Some(mine.role))
            }
        };
        workspaces::move_access(tx, &held.org, from, to, now).await?;
        let mut event = Event::new(
            Category::Access,
            "member.claimed",
            "member",
            member.to_string(),
            held.name,
        )
        .subject(Some(to))
        .with("role", held.role.as_str());
        if let Some(before) = before {
            event = event.with("role_before", before.as_str());
        }
        audit::record_in(tx, person, &held.org, now, event).await?;
    }
    Ok(())
}

/// The names of the organizations somebody is a member of.
pub(crate) async fn organizations_of(tx: &mut Tx, user: &UserId) -> Result<Vec<String>> {
    Ok(members::memberships(tx, user)
        .await?
        .into_iter()
        .map(|m| m.org_name)
        .collect())
}

/// Name and slug of each organization that has no owner but this user.
pub(crate) async fn only_owner_of(tx: &mut Tx, user: &UserId) -> Result<Vec<(String, String)>> {
    queries::only_owner_of(tx, user).await
}
