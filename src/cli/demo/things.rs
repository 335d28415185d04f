//! What Acme's product keeps in its workspaces, and an agency that sees two of its monitors.

use super::people::{self, ALICE, BOB, CAROL, DAVE, actor};
use super::queries;
use super::story::{ACME, Story};
use crate::access::WorkspaceRole;
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::grants::{self, Chosen};
use crate::resources::{self, Mode, NewResource, Parent, Place, Verdict};
use crate::workspaces::{self, Given};

/// A thing by kind and name; its outer id is made from these.
fn thing(kind: &str, name: &str, parent: Option<(&str, &str)>) -> NewResource {
    let id = |kind: &str, name: &str| format!("{kind}-{}", crate::text::slug_from(name));
    NewResource {
        kind: kind.to_owned(),
        external_id: id(kind, name),
        name: name.to_owned(),
        parent: parent.map(|(kind, name)| Parent {
            kind: kind.to_owned(),
            external_id: id(kind, name),
        }),
        ..NewResource::default()
    }
}

async fn tell(app: &App, place: &Place, all: &[NewResource]) -> Result<Vec<resources::Resource>> {
    let done = resources::upsert(app, place, all, Mode::AllOrNothing).await?;
    let mut made = Vec::new();
    for verdict in done.verdicts {
        match verdict {
            Verdict::Created(resource)
            | Verdict::Changed(resource)
            | Verdict::Unchanged(resource) => made.push(resource),
            Verdict::Refused(refusal) => return Err(refusal),
        }
    }
    Ok(made)
}

/// Tells of everything, on one day of the story.
pub(super) async fn stand(story: &Story<'_>) -> Result<()> {
    story.day(64, 9);
    let app = story.app;
    let alice = actor(app, ALICE.email, ACME).await?;
    let of_all = [
        thing("connector", "Snowflake", None),
        thing("connector", "Salesforce", None),
        thing("connector", "Google Search Console", None),
        thing("dashboard", "Revenue by region", None),
        thing("dashboard", "Crawl health", None),
        thing("dashboard", "Pipeline of the quarter", None),
    ];
    tell(app, &Place::of_organization(&alice), &of_all).await?;
    let (listed, _) = workspaces::list(app, &alice, "", 10).await?;
    for one in listed.into_iter().filter(|one| one.role.is_some()) {
        let place = Place::of_workspace(app, &alice.person, &one.workspace.id).await?;
        let name = one.workspace.name.as_str();
        tell(app, &place, &of_workspace(name)).await?;
        if name == "Production" {
            let sites: Vec<NewResource> = (1..=41)
                .map(|n| thing("monitor", &format!("shop-{n:02}.acme.test"), None))
                .collect();
            let monitors = tell(app, &place, &sites).await?;
            let two = [&monitors[6], &monitors[18]].map(|monitor| monitor.id.clone());
            an_agency(story, &alice, &one.workspace.id, two.to_vec()).await?;
        }
    }
    let chats = [
        (ALICE, "Board numbers, draft"),
        (BOB, "Why is the nightly sync slow"),
        (CAROL, "Names for Q4"),
        (DAVE, "Churn, first look"),
    ];
    for (who, about) in chats {
        let own = actor(app, who.email, ACME).await?;
        tell(
            app,
            &Place::of_organization(&own),
            &[thing("chat", about, None)],
        )
        .await?;
    }
    Ok(())
}

fn of_workspace(name: &str) -> Vec<NewResource> {
    let mut all = vec![
        thing("warehouse", &format!("{name} warehouse"), None),
        thing("destination", "HubSpot", None),
        thing("destination", "Slack", None),
    ];
    for model in ["Customers", "Orders", "Web sessions"] {
        all.push(thing("model", model, None));
        all.push(thing(
            "sync",
            &format!("{model} to HubSpot"),
            Some(("model", model)),
        ));
    }
    let monitor = format!("www.{}.acme.test", name.to_lowercase());
    all.push(thing("monitor", &monitor, None));
    all.push(thing(
        "schedule",
        &format!("{monitor}, every night"),
        Some(("monitor", &monitor)),
    ));
    all.push(thing(
        "ignore_rule",
        &format!("{monitor}: cookie banner"),
        Some(("monitor", &monitor)),
    ));
    all.push(thing("app", "Customer care", None));
    for (table, fields) in [
        ("Tickets", ["Subject", "Priority"]),
        ("Contacts", ["E-mail", "Phone"]),
    ] {
        all.push(thing("table", table, Some(("app", "Customer care"))));
        all.extend(fields.map(|field| thing("field", field, Some(("table", table)))));
    }
    all
}

/// Somebody of an agency, who is to see two monitors of Production and nothing else of them.
async fn an_agency(
    story: &Story<'_>,
    alice: &Actor,
    workspace: &crate::ids::WorkspaceId,
    two: Vec<crate::ids::ResourceId>,
) -> Result<()> {
    const AGENCY: (&str, &str) = ("Ada Brightman (agency)", "ada@brightman.test");
    let app = story.app;
    story
        .move_in(ACME, &[(AGENCY.0.to_owned(), AGENCY.1.to_owned())])
        .await?;
    people::sign_in(app, AGENCY.1).await?;
    let mut tx = app.db.read().await?;
    let ada = queries::place(&mut tx, &alice.org.id, AGENCY.1)
        .await?
        .user_id;
    drop(tx);
    let member = Some(Given::Fixed(WorkspaceRole::Member));
    workspaces::set_access(app, &alice.person, workspace, &ada, member).await?;
    grants::set(
        app,
        &alice.person,
        workspace,
        &ada,
        "monitor",
        &Chosen::Only(two),
        None,
    )
    .await
    .map(drop)
}
