//! How rows come into the directory: invited, joined, or both at once by import.

use super::{count, queries};
use crate::access::OrgRole;
use crate::app::App;
use crate::clock::Micros;
use crate::config::Membership;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId};
use crate::text;
use std::sync::atomic::{AtomicI64, Ordering};

/// What is known of somebody who gets a row.
#[derive(Debug, Clone, Default)]
pub struct NewMember {
    pub name: String,
    pub email: String,
    pub github_login: String,
    pub verified: bool,
    /// Has signed in before, so the account is theirs.
    pub claimed: bool,
}

/// A number for the runs that search looks up, greater than any before it, so that new ones stand beside each other. From the
/// clock, with random low bits in case another process takes one in the same microsecond.
pub(super) fn next_number() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = jiff::Timestamp::now().as_microsecond();
    let last = LAST
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            Some(now.max(last + 1))
        })
        .unwrap_or_default();
    (now.max(last + 1) << 8) | i64::from(rand::random::<u8>())
}

/// Makes the creator of a new organization its owner.
pub async fn add_owner(
    app: &App,
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    person: &NewMember,
    now: Micros,
) -> Result<MemberId> {
    add_member(app, tx, org, user, OrgRole::Owner, person, now).await
}

/// Adds a user as a member. Refused by the database where they are one already, or, where an account may be in one
/// organization only, are in another (S2-23): the caller has looked before and says it in words.
pub(crate) async fn add_member(
    app: &App,
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    role: OrgRole,
    person: &NewMember,
    now: Micros,
) -> Result<MemberId> {
    let id = MemberId::new();
    let new = queries::NewRow {
        user: Some(user),
        sole_user: (app.config.membership == Membership::One).then_some(user),
        status: "active",
        expires_at: None,
        ..row(&id, org, role, person, now)
    };
    queries::insert(tx, &new).await?;
    count(tx, org, 1, 0).await?;
    Ok(id)
}

/// Adds the row of somebody invited.
pub(crate) async fn add_invited(
    tx: &mut Tx,
    org: &OrgId,
    role: OrgRole,
    person: &NewMember,
    now: Micros,
    expires_at: Micros,
) -> Result<MemberId> {
    let id = MemberId::new();
    let new = queries::NewRow {
        expires_at: Some(expires_at),
        ..row(&id, org, role, person, now)
    };
    queries::insert(tx, &new).await?;
    count(tx, org, 0, 1).await?;
    Ok(id)
}

fn row<'a>(
    id: &'a MemberId,
    org: &'a OrgId,
    role: OrgRole,
    person: &'a NewMember,
    now: Micros,
) -> queries::NewRow<'a> {
    queries::NewRow {
        id,
        n: next_number(),
        org,
        user: None,
        sole_user: None,
        role,
        status: "invited",
        person,
        sort_name: text::sort_key(&person.name),
        search: text::search_key(&[&person.name, &person.email, &person.github_login]),
        since: now,
        expires_at: None,
    }
}

/// Turns the row of somebody invited into that of a member, with the role it has at this moment (S3-22).
pub(crate) async fn accept_invited(
    app: &App,
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    user: &UserId,
    person: &NewMember,
    now: Micros,
) -> Result<()> {
    let sole = (app.config.membership == Membership::One).then_some(user);
    queries::accept(tx, org, member, user, sole, now).await?;
    queries::set_person(
        tx,
        user,
        person,
        &text::sort_key(&person.name),
        &search_of(person),
    )
    .await?;
    count(tx, org, 1, -1).await
}

/// Gives the row of somebody invited another name and role.
pub(crate) async fn change_invited(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    role: OrgRole,
    person: &NewMember,
) -> Result<()> {
    queries::set_role(tx, org, member, role).await?;
    queries::set_invited_name(
        tx,
        org,
        member,
        &person.name,
        &text::sort_key(&person.name),
        &search_of(person),
    )
    .await
}

/// Gives the row of somebody invited another end.
pub(crate) async fn extend_invited(
    tx: &mut Tx,
    org: &OrgId,
    member: &MemberId,
    expires_at: Micros,
) -> Result<()> {
    queries::set_invited_end(tx, org, member, expires_at).await
}

/// Takes away the row of somebody whose invitation ended.
pub(crate) async fn drop_invited(tx: &mut Tx, org: &OrgId, member: &MemberId) -> Result<()> {
    queries::delete(tx, org, member).await?;
    count(tx, org, 0, -1).await
}

/// Writes a user's name, address and login into their rows of every organization.
pub(crate) async fn refresh_person(tx: &mut Tx, user: &UserId, person: &NewMember) -> Result<()> {
    queries::set_person(
        tx,
        user,
        person,
        &text::sort_key(&person.name),
        &search_of(person),
    )
    .await
}

fn search_of(person: &NewMember) -> String {
    text::search_key(&[&person.name, &person.email, &person.github_login])
}
