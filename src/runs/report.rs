//! Reporting runs: up to a thousand at a time, in one transaction, by the host product's own ids. The number of statements
//! doesn't depend on how many runs there are.

use super::merge::merge;
use super::{MOST, Run, Status, queries};
use crate::access::Action;
use crate::app::App;
use crate::audit::{Category, Event};
use crate::clock::{DAY, Micros, parse_rfc3339, rfc3339};
use crate::db::Tx;
use crate::error::{Checks, FieldError, Refusal, Result};
use crate::ids::{ResourceId, RunId, UserId, WorkspaceId};
use crate::resources::{self, Known, Place};
use crate::{text, usage};
use std::collections::{BTreeMap, HashMap};

/// Rows, or bytes, of one run.
const MOST_MOVED: i64 = 1_000_000_000_000_000;

/// A run as it is told of. What is "" wasn't said.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    pub external_id: String,
    /// `running`, `succeeded`, `failed` or `canceled`
    pub status: String,
    /// Kind and external id of what is run; `None`: the workspace as a whole.
    pub resource: Option<(String, String)>,
    /// Who started it, by id or e-mail address; a name where it is nobody here.
    pub person: String,
    /// What started it, where nobody did.
    pub cause: String,
    pub started_at: String,
    pub finished_at: String,
    pub rows: i64,
    pub bytes: i64,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Created,
    Changed,
    /// All of it was known: nothing was written, and no event.
    Unchanged,
    /// It is from before what the organization keeps, so that it may have been counted already: nothing was written.
    TooOld,
}

#[derive(Clone, Debug)]
pub struct Reported {
    pub verdict: Verdict,
    pub external_id: String,
    /// `None` where nothing is kept of it.
    pub id: Option<RunId>,
}

/// Takes reports of runs in a workspace: several of one run, a finish before its start, and the same again are all right.
/// Each run counts once, in the transaction that writes it, and stands in the log when it starts and when it ends (S1-79).
///
/// Who may run a thing reports their own runs of it; who administers the workspace reports anybody's, and those of the
/// workspace as a whole. Refuses, all of it and with the place of each that is wrong: what can't be read, what there isn't,
/// and what the person may not run.
pub async fn report(app: &App, place: &Place, all: &[NewRun]) -> Result<Vec<Reported>> {
    if all.is_empty() || all.len() > MOST {
        return Err(Refusal::field("runs", "Send 1 to 1,000 runs at a time."));
    }
    let now = app.now();
    let told = each("runs", all.iter(), |new| read(new, now))?;
    let (mut tx, place) = resources::write_at(app, place).await?;
    let workspace = place.workspace_id().ok_or(Refusal::NotFound)?.clone();
    let names: Vec<(&str, &str)> = all
        .iter()
        .filter_map(|new| new.resource.as_ref())
        .map(|(kind, id)| (&**kind, &**id))
        .collect();
    let known = Known::load(app, &mut tx, &place, &names).await?;
    let people = people(&mut tx, &place, all.iter().map(|new| new.person.as_str())).await?;
    let ids: Vec<&str> = told.iter().map(|run| run.external_id.as_str()).collect();
    let mut batch = Batch {
        kept_from: queries::kept_from(&mut tx, &workspace).await?,
        before: queries::by_external_ids(&mut tx, &workspace, &ids).await?,
        after: HashMap::new(),
        names: HashMap::new(),
        order: Vec::new(),
        known,
        people,
        place,
        now,
    };
    let done = each("runs", all.iter().zip(told), |(new, told)| {
        batch.take(new, told)
    })?;
    batch.write(&mut tx, &workspace).await?;
    tx.commit().await?;
    Ok(done)
}

/// Does something with each; where some can't be accepted, says which and why, by their places. Where all can be read and
/// some may not be done, says the first.
pub(super) fn each<T, O>(
    name: &str,
    all: impl Iterator<Item = T>,
    mut one: impl FnMut(T) -> Result<O>,
) -> Result<Vec<O>> {
    let (mut done, mut wrong, mut refused) = (Vec::new(), Vec::new(), None);
    for (n, new) in all.enumerate() {
        match one(new) {
            Ok(out) => done.push(out),
            Err(Refusal::Invalid(fields)) => {
                let placed = |f: FieldError| FieldError {
                    field: format!("{name}[{n}].{}", f.field).into(),
                    ..f
                };
                wrong.extend(fields.into_iter().map(placed));
            }
            Err(Refusal::Forbidden { code, reason }) => {
                refused.get_or_insert_with(|| {
                    Refusal::forbidden(code, format!("{name}[{n}]: {reason}"))
                });
            }
            Err(refusal) => return Err(refusal),
        }
    }
    match refused {
        _ if !wrong.is_empty() => Err(Refusal::Invalid(wrong)),
        Some(refusal) => Err(refusal),
        None => Ok(done),
    }
}

/// One line of text that has to be there.
pub(super) fn line(
    input: &str,
    empty: &'static str,
) -> Result<String, std::borrow::Cow<'static, str>> {
    match text::optional_line(input, 200) {
        Ok(text) if text.is_empty() => Err(empty.into()),
        other => other,
    }
}

/// The run that a report tells of, as far as it can be read by itself.
fn read(new: &NewRun, now: Micros) -> Result<Run> {
    let mut checks = Checks::default();
    let external_id = checks.take(
        "external_id",
        line(&new.external_id, "Give the id that it has in your product."),
    );
    let status = checks.take(
        "status",
        Status::parse(&new.status).ok_or("Say running, succeeded, failed or canceled."),
    );
    let cause = checks.take("trigger", text::optional_line(&new.cause, 200));
    checks.take("person", text::optional_line(&new.person, 254));
    let started_at = checks
        .take("started_at", moment(&new.started_at, now))
        .flatten();
    let finished_at = checks
        .take("finished_at", moment(&new.finished_at, now))
        .flatten();
    for (field, moved) in [("rows", new.rows), ("bytes", new.bytes)] {
        if !(0..=MOST_MOVED).contains(&moved) {
            checks.fail(field, "Give a whole number from 0 to 10^15.");
        } else if moved > 0 && status == Some(Status::Running) {
            checks.fail(field, "Say this when the run has ended.");
        }
    }
    match status {
        Some(Status::Running) if finished_at.is_some() => {
            checks.fail("finished_at", "A run that goes on has no end.")
        }
        Some(Status::Running) if new.started_at.is_empty() => {
            checks.fail("started_at", "Say when it started.")
        }
        Some(Status::Succeeded | Status::Failed | Status::Canceled)
            if new.finished_at.is_empty() =>
        {
            checks.fail("finished_at", "Say when it ended.");
        }
        _ => {}
    }
    if finished_at.is_some() && started_at > finished_at {
        checks.fail("finished_at", "It can't have ended before it started.");
    }
    checks.done()?;
    let (Some(external_id), Some(status), Some(cause)) = (external_id, status, cause) else {
        return Err(Refusal::NotFound);
    };
    Ok(Run {
        id: RunId::new(),
        external_id,
        resource: None,
        status,
        cause,
        person: None,
        person_name: String::new(),
        started_at,
        finished_at,
        rows: new.rows,
        bytes: new.bytes,
        created_at: now,
        updated_at: now,
    })
}

/// A time as the API takes it; `None` where it wasn't said. Clocks may differ by a day.
fn moment(said: &str, now: Micros) -> Result<Option<Micros>, &'static str> {
    if said.is_empty() {
        return Ok(None);
    }
    let at = parse_rfc3339(said).ok_or("Write a time like 2026-11-22T09:41:07Z.")?;
    if (0..=now + DAY).contains(&at) {
        Ok(Some(at))
    } else {
        Err("That time is not between 1970 and tomorrow.")
    }
}

/// Accounts with their names, by id and by address.
pub(super) type People = HashMap<String, (UserId, String)>;

/// Who the reports name: by what they are named, the account and its name now.
pub(super) async fn people<'a>(
    tx: &mut Tx,
    place: &Place,
    named: impl Iterator<Item = &'a str>,
) -> Result<People> {
    let mut named: Vec<String> = named
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    named.sort_unstable();
    named.dedup();
    let own = (place.user().clone(), place.person.name.clone());
    let mut people = HashMap::from([(place.user().to_string(), own.clone())]);
    people.extend(place.person.email.clone().map(|email| (email, own)));
    if let (Some(org), false) = (place.org_id(), named.is_empty()) {
        for (user, email, name) in queries::people(tx, org, &named).await? {
            people.insert(user.to_string(), (user.clone(), name.clone()));
            people.insert(email, (user, name));
        }
    }
    Ok(people)
}

/// Runs while they are written: as they were, and as they become.
struct Batch {
    place: Place,
    now: Micros,
    known: Known,
    people: People,
    kept_from: Micros,
    before: HashMap<String, Run>,
    after: HashMap<String, Run>,
    /// Names of what they run.
    names: HashMap<ResourceId, String>,
    /// In the order in which they were told of first.
    order: Vec<String>,
}

impl Batch {
    fn take(&mut self, new: &NewRun, mut told: Run) -> Result<Reported> {
        let administers = self.known.sight.administers();
        if let Some((kind, id)) = &new.resource {
            let resource = self.known.require(Action::Run, kind, id)?;
            told.resource = Some(resource.id.clone());
            self.names
                .insert(resource.id.clone(), resource.name.clone());
        } else if !administers {
            let reason =
                "Only who administers the workspace reports runs of all of it. Say what was run.";
            return Err(Refusal::forbidden("role_lacks_permission", reason));
        }
        self.attribute(new, &mut told, administers)?;
        let id = told.external_id.clone();
        let current = self.after.get(&id).or(self.before.get(&id)).cloned();
        let (run, verdict) = match current {
            None if told.at() < self.kept_from => {
                return Ok(Reported {
                    verdict: Verdict::TooOld,
                    external_id: id,
                    id: None,
                });
            }
            None => (told, Verdict::Created),
            Some(current) => {
                if !administers && current.person.as_ref() != Some(self.place.user()) {
                    return Err(Refusal::field(
                        "external_id",
                        "You can't report a run by this id: it isn't one of yours.",
                    ));
                }
                if current.resource.is_some()
                    && told.resource.is_some()
                    && current.resource != told.resource
                {
                    return Err(Refusal::field(
                        "resource",
                        "This run was reported as one of something else.",
                    ));
                }
                let mut run = current.clone();
                merge(&mut run, &told);
                let verdict = if run == current {
                    Verdict::Unchanged
                } else {
                    Verdict::Changed
                };
                (run, verdict)
            }
        };
        let reported = Reported {
            verdict,
            external_id: id.clone(),
            id: Some(run.id.clone()),
        };
        if verdict != Verdict::Unchanged && self.after.insert(id.clone(), run).is_none() {
            self.order.push(id);
        }
        Ok(reported)
    }

    /// Who started it. Only who administers the workspace says that of somebody else. What a key reports and names nobody for,
    /// the key started (S2-43).
    fn attribute(&self, new: &NewRun, told: &mut Run, administers: bool) -> Result<()> {
        let named = new.person.trim();
        let by_key = self.place.person.key().is_some();
        if by_key && named.is_empty() && told.cause.is_empty() {
            told.cause.clone_from(&self.place.person.name);
        }
        let found = match named {
            "" if administers && !by_key => return Ok(()),
            "" => self.people.get(self.place.user().as_str()),
            named => self.people.get(&named.to_lowercase()),
        };
        if !administers && found.is_none_or(|(user, _)| user != self.place.user()) {
            return Err(Refusal::field(
                "person",
                "You report your own runs. Only who administers the workspace reports those of others.",
            ));
        }
        match found {
            Some((user, name)) => {
                (told.person, told.person_name) = (Some(user.clone()), name.clone())
            }
            None => named.clone_into(&mut told.person_name),
        }
        Ok(())
    }

    async fn write(mut self, tx: &mut Tx, workspace: &WorkspaceId) -> Result<()> {
        let mut days: BTreeMap<i64, usage::Counts> = BTreeMap::new();
        let mut seen: BTreeMap<UserId, Micros> = BTreeMap::new();
        let (mut runs, mut events) = (Vec::new(), Vec::new());
        for id in std::mem::take(&mut self.order) {
            let Some(run) = self.after.remove(&id) else {
                continue;
            };
            let run = Run {
                updated_at: self.now,
                ..run
            };
            let before = self.before.get(&id);
            if let Some(before) = before {
                let day = days.entry(before.day()).or_default();
                *day = day.minus(before.counts());
            }
            let day = days.entry(run.day()).or_default();
            *day = day.plus(run.counts());
            // A key is nobody who is active.
            if let Some(user) = run
                .person
                .as_ref()
                .filter(|user| user.as_str().starts_with(UserId::PREFIX))
            {
                let at = run
                    .finished_at
                    .max(run.started_at)
                    .unwrap_or(self.now)
                    .min(self.now);
                let last = seen.entry(user.clone()).or_insert(at);
                *last = at.max(*last);
            }
            events.push(self.event(before, &run, workspace));
            runs.push(run);
        }
        if runs.is_empty() {
            return Ok(());
        }
        queries::write(tx, workspace, &runs).await?;
        usage::add(tx, workspace, &days).await?;
        let seen: Vec<(UserId, Micros)> = seen.into_iter().collect();
        usage::note_people(tx, workspace, &seen).await?;
        if let (Some(org), false) = (self.place.org_id(), seen.is_empty()) {
            queries::note_members(tx, org, &seen).await?;
        }
        self.place.record(tx, self.now, events).await
    }

    /// What the log says of it.
    fn event(&self, before: Option<&Run>, run: &Run, workspace: &WorkspaceId) -> Event {
        let action = match run.status {
            status if before.is_some_and(|before| before.status == status) => "run.changed",
            Status::Running => "run.started",
            Status::Succeeded => "run.succeeded",
            Status::Failed => "run.failed",
            Status::Canceled => "run.canceled",
        };
        let name = run
            .resource
            .as_ref()
            .and_then(|id| self.names.get(id))
            .unwrap_or(&run.external_id);
        let mut event = Event::new(
            Category::Run,
            action,
            "run",
            run.id.to_string(),
            name.as_str(),
        )
        .workspace(workspace)
        .subject(run.person.as_ref())
        .with("external_id", &*run.external_id);
        for (key, text) in [("person", &run.person_name), ("cause", &run.cause)] {
            if !text.is_empty() {
                event = event.with(key, text.as_str());
            }
        }
        for (key, at) in [
            ("started_at", run.started_at),
            ("finished_at", run.finished_at),
        ] {
            if let Some(at) = at {
                event = event.with(key, rfc3339(at));
            }
        }
        if run.status == Status::Running {
            event
        } else {
            event.with("rows", run.rows).with("bytes", run.bytes)
        }
    }
}
