use super::{Holding, PersonHere, Standing};
use crate::access::{OrgRole, WorkspaceRole};
use crate::db::{Tx, explain, on, row};
use crate::error::Result;
use crate::ids::{CustomRoleId, OrgId, UserId, WorkspaceId};
use crate::workspaces::queries::{SeenRow, seen};
use crate::workspaces::{Source, Workspace};
use std::collections::HashMap;

/// People that [`standings`] asks about at once.
pub const PEOPLE_AT_ONCE: usize = 25;
/// Workspaces that [`standings`] asks about at once.
pub const WORKSPACES_AT_ONCE: usize = 8;

row! {
    /// A person beside one of their access rows.
    struct PersonRow {
        user_id: UserId,
        sort_name: String,
        name: String,
        email: Option<String>,
        member_id: Option<String>,
        org_role: Option<OrgRole>,
        status: Option<String>,
        source: Option<String>,
        role: Option<WorkspaceRole>,
        custom_role_id: Option<String>,
        custom_role: Option<String>,
    }
}

fn holding(
    source: Option<String>,
    role: Option<WorkspaceRole>,
    id: Option<String>,
    name: Option<String>,
) -> Option<Holding> {
    let source = if source? == Source::Direct.as_str() {
        Source::Direct
    } else {
        Source::Organization
    };
    let custom = id.map(|id| (CustomRoleId::from(id), name.unwrap_or_default()));
    Some(Holding {
        source,
        role: role?,
        custom,
    })
}

/// People with the key they are sorted by. The rows of one person stand together.
fn gather(rows: Vec<PersonRow>) -> Vec<(String, PersonHere)> {
    let mut all: Vec<(String, PersonHere)> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|(_, last)| last.user != row.user_id) {
            let here = PersonHere {
                user: row.user_id,
                name: row.name,
                email: row.email.unwrap_or_default(),
                member: row.member_id.map(Into::into),
                organization_role: row.org_role,
                suspended: row.status.as_deref() == Some("suspended"),
                standing: Standing::default(),
            };
            all.push((row.sort_name, here));
        }
        if let (Some((_, last)), Some(held)) = (
            all.last_mut(),
            holding(row.source, row.role, row.custom_role_id, row.custom_role),
        ) {
            last.standing.0.push(held);
        }
    }
    all
}

/// People of a list that gives `m` and `u`, picked by a condition, at most `$5` of them after a place in the order of a key, each
/// with their rows in workspace `$1`. `$2` is its organization.
macro_rules! people {
    ($where:literal) => {
        people!("COALESCE(m.sort_name, LOWER(u.name))", "users u LEFT JOIN members m ON m.user_id = u.id AND m.org_id = $2", $where)
    };
    ($key:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT p.user_id, p.sort_name, p.name, p.email, p.member_id, p.org_role, p.status, a.source, a.role, a.custom_role_id,
                r.name AS custom_role
             FROM (SELECT u.id AS user_id, ",
            $key,
            " AS sort_name, u.name, u.email, m.id AS member_id, m.role AS org_role, m.status FROM ",
            $from,
            " WHERE ",
            $where,
            " AND (",
            $key,
            ", u.id) > ($3, $4) ORDER BY ",
            $key,
            ", u.id LIMIT $5) p
             LEFT JOIN access a ON a.workspace_id = $1 AND a.user_id = p.user_id
             LEFT JOIN custom_roles r ON r.id = a.custom_role_id
             ORDER BY p.sort_name, p.user_id, a.source"
        )
    };
}

/// The same people as [`people`] gives, met by walking the organization's members by name: for a workspace of many.
const WALKED: &str = people!(
    "m.sort_name",
    "members m CROSS JOIN users u",
    "m.org_id = $2 AND u.id = m.user_id AND EXISTS (SELECT 1 FROM access x WHERE x.workspace_id = $1 AND x.user_id = m.user_id)"
);

pub(super) async fn people_walked(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: &OrgId,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(String, PersonHere)>> {
    let rows: Vec<PersonRow> = on!(tx, c => sqlx::query_as(WALKED)
        .bind(workspace.as_str()).bind(org.as_str()).bind(after.0).bind(after.1).bind(limit).fetch_all(c))?;
    Ok(gather(rows))
}

/// The plan of [`people_walked`].
pub(super) async fn explain_people_walked(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: &OrgId,
    after: (&str, &str),
) -> Result<Vec<String>> {
    explain!(tx, WALKED, query => query.bind(workspace.as_str()).bind(org.as_str()).bind(after.0).bind(after.1).bind(51_i64))
}

/// The people with access to a workspace.
pub(super) async fn people(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: Option<&OrgId>,
    like: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(String, PersonHere)>> {
    let rows: Vec<PersonRow> = on!(tx, c => sqlx::query_as(people!(
        "u.id IN (SELECT user_id FROM access WHERE workspace_id = $1)
            AND COALESCE(m.search, LOWER(u.name || ' ' || COALESCE(u.email, ''))) LIKE $6 ESCAPE '\\'"))
        .bind(workspace.as_str()).bind(org.map(OrgId::as_str)).bind(after.0).bind(after.1).bind(limit).bind(like.unwrap_or("%"))
        .fetch_all(c))?;
    Ok(gather(rows))
}

/// One person, whether or not they have access.
pub(super) async fn person(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: Option<&OrgId>,
    user: &UserId,
) -> Result<Option<PersonHere>> {
    let rows: Vec<PersonRow> = on!(tx, c => sqlx::query_as(people!("u.id = $6"))
        .bind(workspace.as_str()).bind(org.map(OrgId::as_str)).bind("").bind("").bind(1_i64).bind(user.as_str()).fetch_all(c))?;
    Ok(gather(rows).pop().map(|(_, here)| here))
}

/// The first owners and admins of the organization who have no role of their own in the workspace.
pub(super) async fn entering(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    org: &OrgId,
    limit: i64,
) -> Result<Vec<PersonHere>> {
    let rows: Vec<PersonRow> = on!(tx, c => sqlx::query_as(people!(
        "m.role_rank <= 1 AND m.status = 'active' AND u.id NOT IN (SELECT user_id FROM access WHERE workspace_id = $1)"))
        .bind(workspace.as_str()).bind(org.as_str()).bind("").bind("").bind(limit).fetch_all(c))?;
    Ok(gather(rows).into_iter().map(|(_, here)| here).collect())
}

const WORKSPACES: &str = seen!(
    "w.org_id = $2 AND (w.sort_name, w.id) > ($3, $4) AND w.sort_name LIKE $6 ESCAPE '\\' ORDER BY w.sort_name, w.id LIMIT $5"
);
const WORKSPACES_BACK: &str = seen!(
    "w.org_id = $2 AND (w.sort_name, w.id) < ($3, $4) AND w.sort_name LIKE $6 ESCAPE '\\' ORDER BY w.sort_name DESC, w.id DESC LIMIT $5"
);

/// Workspaces of an organization after a place in the order of names, or before it from there back, beside what user `$1` is
/// in each.
pub(super) async fn workspaces(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    like: Option<&str>,
    place: (&str, &str),
    backward: bool,
    limit: i64,
) -> Result<Vec<(Workspace, Option<WorkspaceRole>)>> {
    let rows: Vec<SeenRow> = on!(tx, c => sqlx::query_as(if backward { WORKSPACES_BACK } else { WORKSPACES })
        .bind(user.as_str()).bind(org.as_str()).bind(place.0).bind(place.1).bind(limit).bind(like.unwrap_or("%")).fetch_all(c))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

row! {
    struct HeldRow {
        user_id: UserId,
        workspace_id: WorkspaceId,
        source: Option<String>,
        role: Option<WorkspaceRole>,
        custom_role_id: Option<String>,
        custom_role: Option<String>,
    }
}

const STANDINGS: &str = "SELECT a.user_id, a.workspace_id, a.source, a.role, a.custom_role_id, r.name AS custom_role
     FROM access a JOIN workspaces w ON w.id = a.workspace_id AND w.org_id = $1
     LEFT JOIN custom_roles r ON r.id = a.custom_role_id
     WHERE a.workspace_id IN ($2, $3, $4, $5, $6, $7, $8, $9) AND a.user_id IN ($10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
     ORDER BY a.user_id, a.workspace_id, a.source";

macro_rules! bind_standings {
    ($query:expr, $org:expr, $users:expr, $workspaces:expr) => {{
        let mut query = $query.bind($org.as_str());
        for place in 0..WORKSPACES_AT_ONCE {
            query = query.bind($workspaces.get(place).map(|id| id.as_str()));
        }
        for place in 0..PEOPLE_AT_ONCE {
            query = query.bind($users.get(place).map(|id| id.as_str()));
        }
        query
    }};
}

/// The plan of a page of workspaces, walking forward.
pub(super) async fn explain_workspaces(
    tx: &mut Tx,
    org: &OrgId,
    user: &UserId,
    like: Option<&str>,
    place: (&str, &str),
    limit: i64,
) -> Result<Vec<String>> {
    explain!(tx, WORKSPACES, query => query
        .bind(user.as_str()).bind(org.as_str()).bind(place.0).bind(place.1).bind(limit).bind(like.unwrap_or("%")))
}

/// The plan of [`standings`].
pub(super) async fn explain_standings(
    tx: &mut Tx,
    org: &OrgId,
    users: &[&UserId],
    workspaces: &[&WorkspaceId],
) -> Result<Vec<String>> {
    explain!(tx, STANDINGS, query => bind_standings!(query, org, users, workspaces))
}

/// What some people hold in some workspaces of an organization. The places in the statement that nobody fills are NULL.
pub(super) async fn standings(
    tx: &mut Tx,
    org: &OrgId,
    users: &[&UserId],
    workspaces: &[&WorkspaceId],
) -> Result<HashMap<(UserId, WorkspaceId), Standing>> {
    let rows: Vec<HeldRow> = on!(tx, c => bind_standings!(sqlx::query_as(STANDINGS), org, users, workspaces).fetch_all(c))?;
    let mut all: HashMap<(UserId, WorkspaceId), Standing> = HashMap::new();
    for row in rows {
        if let Some(held) = holding(row.source, row.role, row.custom_role_id, row.custom_role) {
            all.entry((row.user_id, row.workspace_id))
                .or_default()
                .0
                .push(held);
        }
    }
    Ok(all)
}

pub(super) async fn custom_roles(
    tx: &mut Tx,
    org: &OrgId,
    limit: i64,
) -> Result<Vec<(CustomRoleId, String)>> {
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(
        "SELECT id, name FROM custom_roles WHERE org_id = $1 ORDER BY sort_name, id LIMIT $2")
        .bind(org.as_str()).bind(limit).fetch_all(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (id.into(), name))
        .collect())
}
