//! Events that a host product writes into the log: what people did in it that no run tells of.

use super::report::{People, each, line, people};
use super::{MOST, queries};
use crate::access::{self, Action, Permission};
use crate::app::App;
use crate::audit::{Category, Event, REPORTED};
use crate::clock::{parse_rfc3339, rfc3339};
use crate::error::{Checks, Refusal, Result};
use crate::resources::{self, Known, Place};
use crate::text;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Bytes of details that an event may carry.
const MOST_DETAILS: usize = 2_000;

/// An event as it is told of. What is "" wasn't said.
#[derive(Clone, Debug, Default)]
pub struct NewEvent {
    pub external_id: String,
    /// `run` or `resource`
    pub category: String,
    /// Thing and verb, such as `report.exported`.
    pub action: String,
    /// Kind and external id of what it happened to.
    pub resource: Option<(String, String)>,
    /// Who did it, by id or e-mail address; a name where it is nobody here.
    pub person: String,
    /// When it happened; the log's own time is when Roster learnt of it.
    pub happened_at: String,
    pub details: Map<String, Value>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    Recorded,
    /// It stands in the log already.
    Known,
}

/// Writes events of the host product into the log, each once, by the product's own ids. Their actions begin with
/// [`REPORTED`]; the actor is who reports them, and the person stands beside that.
///
/// Who administers the workspace may, or, for those of an organization as a whole, its owners and admins. Refuses, all of
/// it: what can't be read, and things that there aren't or that are private to somebody (S4-11).
pub async fn report_events(app: &App, place: &Place, all: &[NewEvent]) -> Result<Vec<Noted>> {
    if all.is_empty() || all.len() > MOST {
        return Err(Refusal::field(
            "events",
            "Send 1 to 1,000 events at a time.",
        ));
    }
    let now = app.now();
    let mut events = each("events", all.iter(), read)?;
    let (mut tx, place) = resources::write_at(app, place).await?;
    let names: Vec<(&str, &str)> = all
        .iter()
        .filter_map(|new| new.resource.as_ref())
        .map(|(kind, id)| (&**kind, &**id))
        .collect();
    let known = Known::load(app, &mut tx, &place, &names).await?;
    match (&place.workspace, &place.actor) {
        (Some(_), _) if known.sight.administers() => {}
        (None, Some(actor)) => access::require(actor.role, Permission::ManageIntegrations)?,
        _ => {
            let reason = "Who administers the workspace writes into the log for its product. Ask one of them.";
            return Err(Refusal::forbidden("role_lacks_permission", reason));
        }
    }
    let people = people(&mut tx, &place, all.iter().map(|new| new.person.as_str())).await?;
    each("events", all.iter().zip(&mut events), |(new, event)| {
        complete(event, new, &known, &people, &place)
    })?;
    let scope = place
        .workspace_id()
        .map(ToString::to_string)
        .or(place.org_id().map(ToString::to_string))
        .unwrap_or_default();
    let ids: Vec<&str> = all.iter().map(|new| new.external_id.trim()).collect();
    let mut there: HashSet<String> = queries::reported(&mut tx, &scope, &ids).await?;
    let (mut noted, mut fresh, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (id, event) in ids.into_iter().zip(events) {
        if there.insert(id.to_owned()) {
            wanted.push(event);
            fresh.push(id);
            noted.push(Noted::Recorded);
        } else {
            noted.push(Noted::Known);
        }
    }
    if !fresh.is_empty() {
        queries::note_reported(&mut tx, &scope, &fresh, now).await?;
        place.record(&mut tx, now, wanted).await?;
        tx.commit().await?;
    }
    Ok(noted)
}

fn read(new: &NewEvent) -> Result<Event> {
    let mut checks = Checks::default();
    let id = checks.take(
        "external_id",
        line(&new.external_id, "Give the id that it has in your product."),
    );
    checks.take("person", text::optional_line(&new.person, 254));
    let category = match new.category.as_str() {
        "run" => Some(Category::Run),
        "resource" => Some(Category::Resource),
        _ => None,
    };
    let category = checks.take("category", category.ok_or("Say run or resource."));
    if !is_action(&new.action) {
        checks.fail("action", "Use a thing and a verb of lower-case letters, digits and underscores, like report.exported.");
    }
    let at = match new.happened_at.as_str() {
        "" => None,
        said => checks.take(
            "happened_at",
            parse_rfc3339(said).ok_or("Write a time like 2026-11-22T09:41:07Z."),
        ),
    };
    if Value::from(new.details.clone()).to_string().len() > MOST_DETAILS {
        checks.fail("details", "Keep the details below 2,000 bytes.");
    }
    checks.done()?;
    let (Some(id), Some(category)) = (id, category) else {
        return Err(Refusal::NotFound);
    };
    let mut event = Event::new(
        category,
        format!("{REPORTED}{}", new.action),
        "reported",
        id.as_str(),
        "",
    )
    .with("external_id", id);
    if let Some(at) = at {
        event = event.with("happened_at", rfc3339(at));
    }
    Ok(if new.details.is_empty() {
        event
    } else {
        event.with("details", new.details.clone())
    })
}

fn is_action(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.len() <= 60 && text.contains('.') && text.split('.').all(word)
}

/// Puts what it happened to, and who did it, into an event.
fn complete(
    event: &mut Event,
    new: &NewEvent,
    known: &Known,
    people: &People,
    place: &Place,
) -> Result<()> {
    event.workspace = place.workspace_id().cloned();
    if let Some((kind, id)) = &new.resource {
        let resource = known.require(Action::View, kind, id)?;
        event.target_kind = "resource";
        event.target_id = resource.id.to_string();
        event.target_name.clone_from(&resource.name);
    }
    let named = new.person.trim();
    if let Some((user, name)) = people.get(&named.to_lowercase()) {
        event.subject = Some(user.clone());
        event.changes["person"] = name.as_str().into();
    } else if !named.is_empty() {
        event.changes["person"] = named.into();
    }
    Ok(())
}
