//! Archiving: a thing and what lies below it leave the lists; nothing is lost, and it can be brought back.

use super::chain::Chain;
use super::place::{Place, write_at};
use super::upsert::{event, private_event};
use super::{Resource, list, queries};
use crate::access::{Action, Kind};
use crate::app::App;
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::ResourceId;

/// Archives a resource with everything below it. Refuses, like deleting, who may not delete its kind there. One that is
/// archived already stays as it is.
pub async fn archive(app: &App, place: &Place, id: &ResourceId) -> Result<Resource> {
    let now = app.now();
    let (mut tx, place) = write_at(app, place).await?;
    let (resource, kind) = deletable(app, &mut tx, &place, id).await?;
    if resource.archived_at.is_some() {
        return Ok(resource);
    }
    let count = queries::archive(&mut tx, &resource.id, now).await?;
    record(
        &mut tx,
        &place,
        &resource,
        &kind,
        ("resource.archived", count),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(Resource {
        archived_at: Some(now),
        updated_at: now,
        ..resource
    })
}

/// Brings back an archived resource with what was archived together with it. Who may archive it may.
pub async fn restore(app: &App, place: &Place, id: &ResourceId) -> Result<Resource> {
    let now = app.now();
    let (mut tx, place) = write_at(app, place).await?;
    let (resource, kind) = deletable(app, &mut tx, &place, id).await?;
    let Some(archived_at) = resource.archived_at else {
        return Ok(resource);
    };
    let count = queries::restore(&mut tx, &resource.id, archived_at, now).await?;
    record(
        &mut tx,
        &place,
        &resource,
        &kind,
        ("resource.restored", count),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(Resource {
        archived_at: None,
        updated_at: now,
        ..resource
    })
}

async fn deletable(
    app: &App,
    tx: &mut Tx,
    place: &Place,
    id: &ResourceId,
) -> Result<(Resource, Kind)> {
    let resource = list::seen(app, tx, place, id).await?;
    let kind = place
        .kinds(tx)
        .await?
        .of_resource(&resource.kind)
        .into_owned();
    let sight = place.sight(app, tx, resource.workspace.as_ref()).await?;
    let chain = Chain::of(tx, &resource).await?;
    sight.require(Action::Delete, &kind, resource.owner.as_ref(), &chain)?;
    Ok((resource, kind))
}

async fn record(
    tx: &mut Tx,
    place: &Place,
    resource: &Resource,
    kind: &Kind,
    what: (&'static str, u64),
    now: Micros,
) -> Result<()> {
    let (action, count) = what;
    match resource.owner {
        Some(_) => {
            place
                .record_privately(tx, now, vec![private_event(resource, action)])
                .await
        }
        None => {
            place
                .record(
                    tx,
                    now,
                    vec![event(resource, kind, action).with("resources", count)],
                )
                .await
        }
    }
}
