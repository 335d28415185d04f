//! Memberships seen from the person: every organization of somebody, and the numbers beside their rows.

use super::queries;
use crate::access::{self, OrgRole, Permission};
use crate::actor::Person;
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MemberId, OrgId, UserId, WorkspaceId};

/// A person's place in one organization, for their own list.
#[derive(Clone, Debug)]
pub struct Membership {
    pub member: MemberId,
    pub org: OrgId,
    pub org_name: String,
    pub org_slug: String,
    pub role: OrgRole,
    /// They can do nothing there until somebody reinstates them.
    pub suspended: bool,
    pub joined_at: Micros,
    /// Workspaces of the organization they have access to.
    pub workspaces: i64,
}

/// Every organization a person is a member of, by name.
pub async fn memberships(app: &App, person: &Person) -> Result<Vec<Membership>> {
    let mut tx = app.db.read().await?;
    let rows = queries::memberships(&mut tx, &person.user).await?;
    let seen = |row: queries::MembershipRow| Membership {
        member: row.id,
        org: row.org_id,
        org_name: row.org_name,
        org_slug: row.org_slug,
        role: row.role,
        suspended: row.status == "suspended",
        joined_at: row.since,
        workspaces: row.workspaces,
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// Whether a user is a member anywhere, suspended or not.
pub(crate) async fn in_an_organization(tx: &mut Tx, user: &UserId) -> Result<bool> {
    queries::in_an_organization(tx, user).await
}

/// Name and address of each owner and admin who can sign in, for what they have to be told.
pub(crate) async fn owners_and_admins(tx: &mut Tx, org: &OrgId) -> Result<Vec<(String, String)>> {
    queries::owners_and_admins(tx, org).await
}

/// The address of each member who can sign in, has one, and may do this.
pub(crate) async fn addresses_of(
    tx: &mut Tx,
    org: &OrgId,
    permission: Permission,
) -> Result<Vec<String>> {
    let roles: Vec<OrgRole> = access::ROLES
        .into_iter()
        .filter(|role| access::allows(*role, permission))
        .collect();
    queries::addresses(tx, org, &roles).await
}

/// Keeps the number of workspaces beside a member's row (S1-63). Part of the write that gives or takes the access.
pub(crate) async fn add_to_workspaces(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    by: i64,
) -> Result<()> {
    queries::add_to_workspaces(tx, org, user, by).await
}

/// The same for everybody who has a workspace, where it comes to the organization or leaves it.
pub(crate) async fn add_to_workspaces_of(
    tx: &mut Tx,
    org: &OrgId,
    workspace: &WorkspaceId,
    by: i64,
) -> Result<()> {
    queries::add_to_workspaces_of(tx, org, workspace, by).await
}

/// The same where every access to the organization's workspaces goes.
pub(crate) async fn clear_workspaces(tx: &mut Tx, org: &OrgId, user: &UserId) -> Result<()> {
    queries::clear_workspaces(tx, org, user).await
}

/// The role of a user who is an active member at this moment.
pub(crate) async fn active_role(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Option<OrgRole>> {
    queries::active_role(tx, org, user).await
}

/// The member's row, suspended ones too, of whoever has proved this address or waits for it.
pub(crate) async fn find_by_address(
    tx: &mut Tx,
    org: &OrgId,
    address: &str,
) -> Result<Option<MemberId>> {
    queries::find_by_address(tx, org, address).await
}

/// The same of whoever is linked with this account at GitHub, by its number.
pub(crate) async fn find_by_github(
    tx: &mut Tx,
    org: &OrgId,
    github_id: &str,
) -> Result<Option<MemberId>> {
    queries::find_by_github(tx, org, github_id).await
}

/// The row of a user in an organization, suspended ones too.
pub(crate) async fn find_by_user(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
) -> Result<Option<MemberId>> {
    queries::member_of(tx, org, user).await
}

/// Another organization that a user is in, suspended ones too: what stands in the way where an account may be in one only.
pub(crate) async fn other_organization(
    tx: &mut Tx,
    user: &UserId,
    org: &OrgId,
) -> Result<Option<OrgId>> {
    queries::other_organization(tx, user, org).await
}
