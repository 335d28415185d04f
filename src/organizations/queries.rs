use super::{Organization, Policies, RolesOffered, WhoInvites};
use crate::db::{Tx, on, row, run};
use crate::error::Result;
use crate::ids::{OrgId, UserId};

row! {
    /// The columns of an organization, as any statement that selects `o.*` gives them.
    #[derive(Debug, Clone)]
    pub(crate) struct OrgRow {
        pub id: String,
        pub name: String,
        pub slug: String,
        pub personal_user_id: Option<String>,
        pub created_at: i64,
        pub members: i64,
        pub invited: i64,
        pub workspaces: i64,
        pub who_invites: String,
        pub invite_domains: String,
        pub invitation_days: i64,
        pub roles_offered: String,
        pub admins_enter: bool,
        pub admins_create: bool,
        pub allow_email: bool,
        pub allow_github: bool,
        pub session_idle_hours: i64,
        pub session_absolute_days: i64,
        pub token_days: i64,
        pub run_days: i64,
        pub support_contact: String,
        pub plan: String,
        pub plan_until: Option<i64>,
        pub billing_alert: String,
    }
}

impl From<OrgRow> for Organization {
    fn from(row: OrgRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            slug: row.slug,
            personal_user: row.personal_user_id.map(Into::into),
            created_at: row.created_at,
            members: row.members,
            invited: row.invited,
            workspaces: row.workspaces,
            plan: row.plan,
            plan_until: row.plan_until,
            billing_alert: row.billing_alert,
            policies: Policies {
                who_invites: WhoInvites::parse(&row.who_invites).unwrap_or(WhoInvites::Owners),
                invite_domains: row
                    .invite_domains
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect(),
                invitation_days: row.invitation_days,
                roles_offered: RolesOffered::parse(&row.roles_offered)
                    .unwrap_or(RolesOffered::Full),
                admins_enter: row.admins_enter,
                admins_create: row.admins_create,
                allow_email: row.allow_email,
                allow_github: row.allow_github,
                session_idle_hours: row.session_idle_hours,
                session_absolute_days: row.session_absolute_days,
                token_days: row.token_days,
                run_days: row.run_days,
                support_contact: row.support_contact,
            },
        }
    }
}

pub(super) async fn find(tx: &mut Tx, id: &OrgId) -> Result<Option<OrgRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM organizations WHERE id = $1 AND deleted_at IS NULL").bind(id.as_str()).fetch_optional(c))?,
    )
}

pub(super) async fn find_by_slug(tx: &mut Tx, slug: &str) -> Result<Option<OrgRow>> {
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT o.* FROM organization_slugs s JOIN organizations o ON o.id = s.org_id WHERE s.slug = $1 AND o.deleted_at IS NULL")
        .bind(slug).fetch_optional(c))?)
}

/// Keeps the counts that pages show. Part of the write that adds or takes the rows.
pub(crate) async fn add_to_counts(
    tx: &mut Tx,
    org: &OrgId,
    members: i64,
    invited: i64,
    workspaces: i64,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE organizations SET members = members + $2, invited = invited + $3, workspaces = workspaces + $4 WHERE id = $1")
            .bind(org.as_str())
            .bind(members)
            .bind(invited)
            .bind(workspaces)
    )?;
    Ok(())
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: &OrgId,
    name: &str,
    slug: &str,
    personal: Option<&UserId>,
    now: i64,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("INSERT INTO organizations (id, name, slug, personal_user_id, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(id.as_str())
            .bind(name)
            .bind(slug)
            .bind(personal.map(UserId::as_str))
            .bind(now)
    )?;
    Ok(())
}

/// `false`: another organization has or had this slug.
pub(super) async fn take_slug(tx: &mut Tx, id: &OrgId, slug: &str) -> Result<bool> {
    let done = run!(
        tx,
        sqlx::query(
            "INSERT INTO organization_slugs (slug, org_id) VALUES ($1, $2) ON CONFLICT (slug) DO UPDATE SET org_id = excluded.org_id
         WHERE organization_slugs.org_id = excluded.org_id"
        )
        .bind(slug)
        .bind(id.as_str())
    )?;
    Ok(done == 1)
}

/// Which of ten slugs some organization has or had.
pub(super) async fn taken_slugs(tx: &mut Tx, slugs: &[String]) -> Result<Vec<String>> {
    Ok(on!(tx, c => {
        let mut query = sqlx::query_scalar("SELECT slug FROM organization_slugs WHERE slug IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        for slug in slugs {
            query = query.bind(slug.as_str());
        }
        query.fetch_all(c)
    })?)
}

pub(super) async fn set_details(tx: &mut Tx, id: &OrgId, name: &str, slug: &str) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE organizations SET name = $2, slug = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(name)
            .bind(slug)
    )?;
    Ok(())
}

pub(super) async fn set_policies(tx: &mut Tx, id: &OrgId, p: &Policies) -> Result<()> {
    run!(
        tx,
        sqlx::query(
            "UPDATE organizations SET who_invites = $2, invite_domains = $3, invitation_days = $4, roles_offered = $5, admins_enter = $6,
            admins_create = $7, allow_email = $8, allow_github = $9, session_idle_hours = $10, session_absolute_days = $11,
            token_days = $12, support_contact = $13, run_days = $14 WHERE id = $1"
        )
        .bind(id.as_str())
        .bind(p.who_invites.as_str())
        .bind(p.invite_domains.join(" "))
        .bind(p.invitation_days)
        .bind(p.roles_offered.as_str())
        .bind(p.admins_enter)
        .bind(p.admins_create)
        .bind(p.allow_email)
        .bind(p.allow_github)
        .bind(p.session_idle_hours)
        .bind(p.session_absolute_days)
        .bind(p.token_days)
        .bind(&p.support_contact)
        .bind(p.run_days)
    )?;
    Ok(())
}

/// Puts a plan in force. What may do so stands in [`crate::billing`].
pub(crate) async fn set_plan(
    tx: &mut Tx,
    id: &OrgId,
    plan: &str,
    until: Option<i64>,
) -> Result<()> {
    run!(
        tx,
        sqlx::query("UPDATE organizations SET plan = $2, plan_until = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(plan)
            .bind(until)
    )?;
    Ok(())
}

/// Marks an organization deleted and frees every slug it had. Its row stays, so that its id is never used again.
pub(super) async fn delete(tx: &mut Tx, id: &OrgId, now: i64) -> Result<()> {
    run!(
        tx,
        sqlx::query("DELETE FROM organization_slugs WHERE org_id = $1").bind(id.as_str())
    )?;
    run!(
        tx,
        sqlx::query("UPDATE organizations SET deleted_at = $2, members = 0, invited = 0, workspaces = 0 WHERE id = $1")
            .bind(id.as_str())
            .bind(now)
    )?;
    Ok(())
}

/// Every organization that is not deleted.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<OrgRow>> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT * FROM organizations WHERE deleted_at IS NULL ORDER BY id").fetch_all(c))?,
    )
}
