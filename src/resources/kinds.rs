//! Kinds of resources: those that are there from the start ([`access::KINDS`]), and those that an organization added.

use super::queries;
use crate::access::{self, KINDS, Kind, Level, Permission, WorkspaceRole, known_kind};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::db::Tx;
use crate::error::{Checks, Refusal, Result};
use crate::ids::OrgId;
use crate::text;
use serde_json::json;
use std::borrow::Cow;

/// Every kind that an organization, or a standalone workspace, knows.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<Kind>);

/// A kind to add, or how one that was added is to be.
#[derive(Clone, Debug)]
pub struct NewKind {
    pub label: String,
    pub plural: String,
    pub level: Level,
    /// Members write it too, not admins alone.
    pub members_write: bool,
    pub takes_grants: bool,
    /// The entitlement it needs; "" for none.
    pub entitlement: String,
}

impl Kinds {
    pub(crate) async fn of(tx: &mut Tx, org: Option<&OrgId>) -> Result<Self> {
        let added = match org {
            Some(org) => queries::kinds(tx, org).await?,
            None => Vec::new(),
        };
        let mut all: Vec<Kind> = KINDS.iter().cloned().chain(added).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(all))
    }

    pub fn find(&self, name: &str) -> Option<&Kind> {
        self.0.iter().find(|kind| kind.name == name)
    }

    /// The kind of a resource that is there. One whose kind stayed behind with an organization is an admin's.
    pub(super) fn of_resource(&self, name: &str) -> Cow<'_, Kind> {
        let left_behind = || Kind {
            name: name.to_owned().into(),
            label: name.to_owned().into(),
            plural: name.to_owned().into(),
            level: Level::Workspace,
            writers: WorkspaceRole::Admin,
            takes_grants: true,
            entitlement: None,
        };
        self.find(name)
            .map_or_else(|| Cow::Owned(left_behind()), Cow::Borrowed)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter()
    }
}

/// Every kind that the organization knows, by name. Everybody in it may read them.
pub async fn kinds(app: &App, actor: &Actor) -> Result<Kinds> {
    access::require(actor.role, Permission::ViewDirectory)?;
    let mut tx = app.db.read().await?;
    Kinds::of(&mut tx, Some(&actor.org.id)).await
}

/// Adds a kind, or changes one that was added. Owners and admins may. Refuses a name that isn't one or that is there from
/// the start, another level than that of the resources that are there, and to end grants that somebody has (product.md, 3).
pub async fn add_kind(app: &App, actor: &Actor, name: &str, new: &NewKind) -> Result<Kind> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageIntegrations)?;
    let kind = checked(name, new)?;
    if known_kind(name).is_some() {
        return Err(Refusal::conflict(
            "kind_is_fixed",
            format!("“{name}” is there from the start and stays as it is."),
        ));
    }
    let before = queries::kinds(&mut tx, &actor.org.id)
        .await?
        .into_iter()
        .find(|one| one.name == kind.name);
    if before.as_ref() == Some(&kind) {
        return Ok(kind);
    }
    if let Some(before) = &before {
        require_fitting(&mut tx, &actor.org.id, before, &kind).await?;
    }
    queries::set_kind(&mut tx, &actor.org.id, &kind, now).await?;
    let action = if before.is_some() {
        "resource_kind.changed"
    } else {
        "resource_kind.added"
    };
    let event = Event::new(
        Category::Governance,
        action,
        "resource_kind",
        name,
        &*kind.label,
    )
    .change(before.as_ref().map(described), described(&kind));
    audit::record(&mut tx, &actor, now, event).await?;
    tx.commit().await?;
    Ok(kind)
}

fn checked(name: &str, new: &NewKind) -> Result<Kind> {
    let mut checks = Checks::default();
    let word = |text: &str| {
        (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !word(name) {
        checks.fail(
            "kind",
            "Use 1 to 40 lower-case letters, digits and underscores, like ignore_rule.",
        );
    }
    if !new.entitlement.is_empty() && !word(&new.entitlement) {
        checks.fail(
            "entitlement",
            "Use the name that the plan has for it, like compare.",
        );
    }
    if new.takes_grants && new.level != Level::Workspace {
        checks.fail(
            "takes_grants",
            "Only kinds that stand in workspaces take grants.",
        );
    }
    let label = checks.take("label", text::name(&new.label));
    let plural = checks.take("plural", text::name(&new.plural));
    checks.done()?;
    let (Some(label), Some(plural)) = (label, plural) else {
        return Err(Refusal::NotFound);
    };
    Ok(Kind {
        name: name.to_owned().into(),
        label: label.into(),
        plural: plural.into(),
        level: new.level,
        writers: if new.members_write {
            WorkspaceRole::Member
        } else {
            WorkspaceRole::Admin
        },
        takes_grants: new.takes_grants,
        entitlement: (!new.entitlement.is_empty()).then(|| new.entitlement.clone().into()),
    })
}

/// Refuses a change that what is there doesn't fit.
async fn require_fitting(tx: &mut Tx, org: &OrgId, before: &Kind, after: &Kind) -> Result<()> {
    if before.level != after.level && queries::kind_is_used(tx, org, &before.name).await? {
        return Err(Refusal::conflict(
            "kind_in_use",
            format!(
                "There are {} already, so the level stays “{}”. Add another kind instead.",
                before.plural,
                before.level.as_str()
            ),
        ));
    }
    if before.takes_grants
        && !after.takes_grants
        && queries::kind_has_limits(tx, org, &before.name).await?
    {
        return Err(Refusal::conflict(
            "kind_has_grants",
            format!(
                "People are limited to named {}. Give them all first; then grants can end.",
                before.plural
            ),
        ));
    }
    Ok(())
}

fn described(kind: &Kind) -> serde_json::Value {
    json!({
        "label": kind.label,
        "plural": kind.plural,
        "level": kind.level.as_str(),
        "writers": kind.writers.as_str(),
        "takes_grants": kind.takes_grants,
        "entitlement": kind.entitlement,
    })
}
