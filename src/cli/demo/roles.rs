//! The demo's custom roles: two in use, one that has no effect yet.

use super::people::{ALICE, BOB, actor};
use super::queries;
use super::story::{ACME, Story};
use crate::access::{Action, Actions};
use crate::error::Result;
use crate::roles::{self, CustomRole, NewLine, Scope};
use crate::workspaces::{self, Given};

fn line(kind: &str, actions: &[Action]) -> NewLine {
    let actions = actions
        .iter()
        .fold(Actions::none(), |all, action| all.with(*action, true));
    NewLine {
        scope: Scope::Kind(kind.to_owned()),
        actions,
    }
}

/// Alice makes two roles and says what they allow; Bob makes one that nobody has yet.
pub(super) async fn are_made(story: &Story<'_>) -> Result<()> {
    story.day(70, 12);
    let alice = actor(story.app, ALICE.email, ACME).await?;
    let editor = roles::create(
        story.app,
        &alice,
        None,
        "Report editor",
        "Writes reports and looks at what they are made of",
    )
    .await?;
    let lines = [
        line(
            "report",
            &[Action::View, Action::Run, Action::Create, Action::Edit],
        ),
        line("model", &[Action::View]),
        line("table", &[Action::View]),
    ];
    roles::set_permissions(story.app, &alice, &editor.id, &lines).await?;
    let operator = roles::create(
        story.app,
        &alice,
        None,
        "Sync operator",
        "Starts syncs, and changes nothing about them",
    )
    .await?;
    let lines = [
        line("sync", &[Action::View, Action::Run]),
        line("destination", &[Action::View]),
    ];
    roles::set_permissions(story.app, &alice, &operator.id, &lines).await?;
    story.day(70, 14);
    give(story, &editor, "EMEA", &[61, 62, 64]).await?;
    give(story, &operator, "US", &[89, 91]).await?;
    story.day(70, 16);
    let bob = actor(story.app, BOB.email, ACME).await?;
    roles::create(
        story.app,
        &bob,
        None,
        "Contractor",
        "For people of other companies; what they may do is still discussed",
    )
    .await
    .map(drop)
}

async fn give(story: &Story<'_>, role: &CustomRole, workspace: &str, to: &[usize]) -> Result<()> {
    let alice = actor(story.app, ALICE.email, ACME).await?;
    let (listed, _) = workspaces::list(story.app, &alice, "", 100).await?;
    for place in listed
        .into_iter()
        .filter(|place| place.workspace.name == workspace)
    {
        for who in to {
            let email = &story.people[*who].1;
            let mut tx = story.app.db.read().await?;
            let person = queries::place(&mut tx, &alice.org.id, email).await?;
            drop(tx);
            let given = Some(Given::Custom(role.id.clone()));
            workspaces::set_access(
                story.app,
                &alice.person,
                &place.workspace.id,
                &person.user_id,
                given,
            )
            .await?;
        }
    }
    Ok(())
}
