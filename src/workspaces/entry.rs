//! Coming into a workspace by organization role: explicit, and written down (S5-12).

use super::Open;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::Result;

/// Records that somebody came into a workspace by their organization role, once for each session and workspace. Makes no
/// access row. Nothing for who has a role of their own.
pub async fn note_entry(app: &App, open: &Open) -> Result<()> {
    let (Some(actor), true) = (&open.actor, open.by_organization_role) else {
        return Ok(());
    };
    let mut tx = app.db.read().await?;
    if audit::has_entered(&mut tx, actor, &open.workspace.id).await? {
        return Ok(());
    }
    drop(tx);
    let (mut tx, actor) = app.db.write(actor).await?;
    // Another tab may have been as fast.
    if audit::has_entered(&mut tx, &actor, &open.workspace.id).await? {
        return Ok(());
    }
    let workspace = &open.workspace;
    let event = Event::new(
        Category::Access,
        "workspace.entered_via_org_role",
        "workspace",
        workspace.id.to_string(),
        &*workspace.name,
    )
    .workspace(&workspace.id)
    .with("as", open.role.as_str())
    .with("organization_role", actor.role.as_str());
    audit::record(&mut tx, &actor, app.now(), event).await?;
    tx.commit().await
}
