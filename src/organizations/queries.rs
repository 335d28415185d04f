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
        pub support_contact: String,
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
            policies: Policies {
                who_invites: WhoInvites::parse(&row.who_invites).unwrap_or(WhoInvites::Owners),
                invite_domains: row.invite_domains.split_whitespace().map(str::to_owned).collect(),
                invitation_days: row.invitation_days,
                roles_offered: RolesOffered::parse(&row.roles_offered).unwrap_or(RolesOffered::Full),
                admins_enter: row.admins_enter,
                admins_create: row.admins_create,
                allow_email: row.allow_email,
                allow_github: row.allow_github,
                session_idle_hours: row.session_idle_hours,
                session_absolute_days: row.session_absolute_days,
                token_days: row.token_days,
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
pub(crate) async fn add_to_counts(tx: &mut Tx, org: &OrgId, members: i64, invited: i64, workspaces: i64) -> Result<()> {
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

/// `false`: the slug is taken, and nothing was written.
pub(super) async fn insert(tx: &mut Tx, id: &OrgId, name: &str, slug: &str, personal: Option<&UserId>, now: i64) -> Result<bool> {
    if !slugs_like(tx, slug).await?.is_empty() && find_by_slug(tx, slug).await?.is_some() {
        return Ok(false);
    }
    run!(
        tx,
        sqlx::query("INSERT INTO organizations (id, name, slug, personal_user_id, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(id.as_str())
            .bind(name)
            .bind(slug)
            .bind(personal.map(UserId::as_str))
            .bind(now)
    )?;
    take_slug(tx, id, slug).await
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

/// Slugs that are this one, or it with a hyphen and more.
pub(super) async fn slugs_like(tx: &mut Tx, slug: &str) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT slug FROM organization_slugs WHERE slug = $1 OR (slug >= $2 AND slug < $3)")
        .bind(slug).bind(format!("{slug}-")).bind(format!("{slug}."))
        .fetch_all(c))?)
}
