//! `/orgs/{org}/audit`: the log, newest first, with its filters in the address; one event whole; what is new.

use super::error::PageError;
use super::input::Query;
use super::members::When;
use super::page::{self, Shell};
use super::session::{Member, see_other};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Around, Filter, Listed, Page};
use crate::error::Refusal;
use crate::ids::{EventId, UserId};
use crate::members;
use crate::{clock, text, workspaces};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

mod asked;
mod export;
mod facts;
mod row;
mod undo;

use asked::Asked;
pub use export::{export, progress};
use facts::Change;
use row::{Only, Row};
pub use undo::{confirm_undo, undo};

type PageResult = Result<Response, PageError>;

/// Events on a page.
const ROWS: i64 = 50;
/// Workspaces that the filter offers.
const WORKSPACES: i64 = 200;
/// People that a name may stand for before it is too vague.
const NAMESAKES: i64 = 8;

/// Whose events are asked for.
enum Who {
    Anybody,
    One(UserId),
    /// Nobody, or several, of these names: id, name and address.
    Unclear(Vec<(String, String, String)>),
}

/// The person that a filter names, by the id of their account, by a name or address in the directory, or else by those of
/// somebody who has left.
async fn who(app: &App, actor: &Actor, typed: &str) -> Result<Who, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(Who::Anybody);
    }
    if typed.starts_with("usr_") || typed == "system" {
        return Ok(Who::One(UserId::from(typed)));
    }
    let filter = members::Filter {
        search: typed.to_owned(),
        limit: NAMESAKES,
        ..members::Filter::default()
    };
    let found = members::list(app, actor, &filter)
        .await?
        .entries
        .into_iter();
    let mut found: Vec<_> = found
        .filter_map(|entry| Some((String::from(entry.user?), entry.name, entry.email)))
        .collect();
    if found.is_empty() {
        let former = audit::former_members(app, actor, typed, NAMESAKES as usize)
            .await?
            .into_iter();
        found = former
            .map(|(user, name)| (user.into(), name, "no longer a member".to_owned()))
            .collect();
    }
    Ok(match found.len() {
        1 => Who::One(found.remove(0).0.into()),
        _ => Who::Unclear(found),
    })
}

#[derive(Template)]
#[template(path = "audit/index.html")]
struct Index {
    shell: Shell,
    base: String,
    org_name: String,
    asked: Asked,
    rows: Vec<Row>,
    workspace_options: Vec<(String, String)>,
    /// Each category with its actions: value, label.
    action_options: Vec<ActionGroup>,
    /// The one person filtered by, and the list without that filter.
    person: Option<(String, String)>,
    /// People of the name that was typed, each with their list.
    namesakes: Option<Vec<(String, String, String)>>,
    /// The list with the days turned round, where the first one asked for is after the last.
    turned: Option<String>,
    filtered: bool,
    range: String,
    newer: Option<String>,
    older: Option<String>,
    newest: String,
    oldest: String,
    /// Where the first page asks for what is new.
    fresh: Option<Fresh>,
    /// Fields of the form that exports this list.
    export: Vec<(&'static str, String)>,
    progress: export::Shown,
    check: String,
    checked: Option<Checked>,
}

/// What a check of the chain came to.
struct Checked {
    words: String,
    is_whole: bool,
    /// The event that is broken, or the rest of the check: label and address.
    next: Option<(&'static str, String)>,
}

/// Looks whether the chain is whole, where that is asked for.
async fn checked(
    app: &App,
    actor: &Actor,
    asked: &Asked,
    base: &str,
) -> Result<Option<Checked>, Refusal> {
    if asked.check.is_empty() {
        return Ok(None);
    }
    let from = asked
        .check
        .parse()
        .ok()
        .filter(|from| *from >= 0)
        .ok_or_else(|| Refusal::field("check", "Start the check anew."))?;
    let looked = audit::look(app, actor, from).await?;
    let through = text::thousands(looked.through);
    let redacted = match looked.redacted {
        0 => String::new(),
        n => format!(
            " {} redacted, as the log itself says.",
            text::count(n, "of them is", "of them are")
        ),
    };
    Ok(Some(match looked.broken {
        Some((words, event)) => Checked {
            words: format!("The chain is broken: {words}."),
            is_whole: false,
            next: event.map(|event| ("Show it", format!("{base}/{event}"))),
        },
        None if looked.goes_on => Checked {
            words: format!(
                "Events 1 to {through} are as they were written.{redacted} There are more."
            ),
            is_whole: true,
            next: Some((
                "Go on",
                format!(
                    "{base}{}",
                    asked.with(&[("check", &looked.through.to_string())])
                ),
            )),
        },
        None if looked.through == 0 => Checked {
            words: "There are no events.".into(),
            is_whole: true,
            next: None,
        },
        None => {
            let words = format!(
                "The chain is whole: events 1 to {through} are as they were written.{redacted}"
            );
            Checked {
                words,
                is_whole: true,
                next: None,
            }
        }
    }))
}

/// `GET /orgs/{org}/audit`
pub async fn index(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let total = audit::length(&app, &actor).await?;
    let who = who(&app, &actor, &asked.member).await?;
    let (user, namesakes) = match who {
        Who::Anybody => (None, None),
        Who::One(user) => (Some(user), None),
        Who::Unclear(found) => (None, Some(found)),
    };
    let filter = asked.filter(user)?;
    let turned = filter
        .from
        .zip(filter.until)
        .is_some_and(|(from, until)| from >= until);
    let listed = match namesakes {
        _ if turned => Listed {
            events: Vec::new(),
            has_newer: false,
            has_older: false,
        },
        Some(_) => Listed {
            events: Vec::new(),
            has_newer: false,
            has_older: false,
        },
        None => audit::list(&app, &actor, &filter, asked.page()?, ROWS).await?,
    };
    let around = audit::around(&app, &actor, &listed.events, &filter).await?;
    let base = format!("/orgs/{}/audit", actor.org.slug);
    let range = match (listed.events.is_empty(), filter.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(
            "{} of {}",
            listed.events.len(),
            text::count(total, "event", "events")
        ),
        (false, false) => text::count(listed.events.len() as i64, "event shown", "events shown"),
    };
    let first = listed.events.first().map_or(total, |event| event.seq);
    let cursor = |key: &str, event: Option<&audit::EventRow>| {
        event.map(|event| asked.with(&[(key, &event.seq.to_string())]))
    };
    Ok(page::ok(&Index {
        org_name: actor.org.name.clone(),
        rows: listed
            .events
            .iter()
            .map(|event| Row::new(&actor, &around, &asked, event, visitor.now))
            .collect(),
        workspace_options: workspace_options(&app, &actor, &asked, &around).await?,
        action_options: action_options(audit::actions(&app, &actor).await?),
        person: filter.member.as_ref().map(|user| {
            (
                name_of(user, &around, &listed),
                asked.with(&[("member", "")]),
            )
        }),
        namesakes: namesakes.map(|found| {
            found
                .into_iter()
                .map(|(id, name, email)| (asked.with(&[("member", &id)]), name, email))
                .collect()
        }),
        turned: turned.then(|| asked.with(&[("from", &asked.to), ("to", &asked.from)])),
        filtered: asked.is_filtered(),
        range,
        newer: cursor("after", listed.events.first().filter(|_| listed.has_newer)),
        older: cursor("before", listed.events.last().filter(|_| listed.has_older)),
        newest: asked.with(&[]),
        oldest: asked.with(&[("page", "oldest")]),
        fresh: (asked.page()? == Page::Newest)
            .then(|| Fresh::new(&base, &asked, &filter, first, 0, 0)),
        export: asked.fields(&filter),
        progress: export::Shown::new(&base),
        check: asked.with(&[("check", "0")]),
        checked: checked(&app, &actor, &asked, &base).await?,
        base,
        asked,
        shell: Shell::org(&visitor, &actor, "Audit log", "Audit log"),
    }))
}

/// The name of somebody who is filtered by: as the directory has it, or as it was when they did something last.
fn name_of(user: &UserId, around: &Around, listed: &Listed) -> String {
    let member = around
        .people
        .get(user)
        .and_then(|member| around.members.get(member));
    let acted = || {
        listed
            .events
            .iter()
            .find(|event| event.actor_id == user.as_str())
            .map(|event| &event.actor_name)
    };
    let is_concerned = |event: &&audit::EventRow| {
        event.target_kind == "member" && event.subject_id.as_deref() == Some(user.as_str())
    };
    let concerned = || {
        listed
            .events
            .iter()
            .find(is_concerned)
            .map(|event| &event.target_name)
    };
    member
        .or_else(acted)
        .or_else(concerned)
        .cloned()
        .unwrap_or_else(|| user.to_string())
}

async fn workspace_options(
    app: &App,
    actor: &Actor,
    asked: &Asked,
    around: &Around,
) -> Result<Vec<(String, String)>, Refusal> {
    let (listed, _) = workspaces::list(app, actor, "", WORKSPACES).await?;
    let mut options: Vec<(String, String)> = workspaces::told_apart(listed)
        .into_iter()
        .map(|(id, name)| (id.into(), name))
        .collect();
    if !asked.workspace.is_empty() && !options.iter().any(|(id, _)| *id == asked.workspace) {
        let name = around
            .workspaces
            .get(&asked.workspace.as_str().into())
            .cloned();
        options.push((
            asked.workspace.clone(),
            name.unwrap_or_else(|| "A workspace that is gone".into()),
        ));
    }
    Ok(options)
}

/// A category, its label, and its actions: value and label.
type ActionGroup = (String, String, Vec<(String, String)>);

fn action_options(actions: Vec<(String, String)>) -> Vec<ActionGroup> {
    let mut options: Vec<ActionGroup> = Vec::new();
    for (category, action) in actions {
        let label = row::action_label(&action);
        match options.last_mut().filter(|(name, _, _)| *name == category) {
            Some((_, _, actions)) => actions.push((action, label)),
            None => options.push((
                category.clone(),
                row::category_label(&category),
                vec![(action, label)],
            )),
        }
    }
    options
}

/// So often a page asks for what is new before it stops, so that a page left open keeps nobody signed in.
const ASKS: u32 = 40;
/// So many new events are counted.
const MOST_NEW: i64 = 100;

#[derive(Template)]
#[template(path = "audit/_fresh.html")]
struct FreshPart {
    fresh: Fresh,
}

struct Fresh {
    /// What shows them; "" while there are none.
    words: String,
    list: String,
    /// Where to ask again; `None` when it is enough.
    again: Option<String>,
}

impl Fresh {
    fn new(base: &str, asked: &Asked, filter: &Filter, after: i64, count: i64, asks: u32) -> Self {
        let member = filter.member.as_ref().map_or("", |user| user.as_str());
        let words = match count {
            0 => String::new(),
            MOST_NEW.. => format!("{MOST_NEW} new events or more"),
            _ => text::count(count, "new event", "new events"),
        };
        let again = asked.with(&[
            ("member", member),
            ("after", &after.to_string()),
            ("asks", &(asks + 1).to_string()),
        ]);
        Self {
            words,
            list: format!("{base}{}", asked.with(&[("member", member)])),
            again: (asks < ASKS && count < MOST_NEW).then(|| format!("{base}/new{again}")),
        }
    }
}

/// `GET /orgs/{org}/audit/new`: how many events came after the first one shown. Leads to the list where it isn't htmx
/// that asks.
pub async fn newer(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let base = format!("/orgs/{}/audit", actor.org.slug);
    let user = (!asked.member.is_empty()).then(|| UserId::from(asked.member.as_str()));
    let filter = asked.filter(user)?;
    if !visitor.partial {
        return Ok(see_other(format!("{base}{}", asked.with(&[])), None));
    }
    let Page::After(after) = asked.page()? else {
        return Err(Refusal::NotFound.into());
    };
    let count = audit::newer(&app, &actor, &filter, after, MOST_NEW).await?;
    let asks = asked.asks.parse().unwrap_or(ASKS);
    Ok(page::ok(&FreshPart {
        fresh: Fresh::new(&base, &asked, &filter, after, count, asks),
    }))
}

#[derive(Template)]
#[template(path = "audit/show.html")]
struct Show {
    shell: Shell,
    base: String,
    row: Row,
    event: audit::EventRow,
    when: When,
    exact: String,
    changes: Vec<Change>,
    category: String,
    action: String,
    /// What was taken out of it, in words; "" for nothing.
    redacted: String,
    only: Vec<Only>,
}

/// `GET /orgs/{org}/audit/{event}`
pub async fn show(
    State(app): State<App>,
    Path((_, event)): Path<(String, EventId)>,
    Member { actor, visitor }: Member,
) -> PageResult {
    let event = audit::find(&app, &actor, &event).await?;
    let around = audit::around(
        &app,
        &actor,
        std::slice::from_ref(&event),
        &Filter::default(),
    )
    .await?;
    let row = Row::new(&actor, &around, &Asked::default(), &event, visitor.now);
    Ok(page::ok(&Show {
        shell: Shell::org(&visitor, &actor, "Audit log", "Event"),
        base: format!("/orgs/{}/audit", actor.org.slug),
        when: When::relative(event.at, visitor.now),
        exact: clock::second(event.at),
        changes: facts::changes(&event),
        category: row::category_label(&event.category),
        action: row::action_label(&event.action),
        redacted: row::redacted(&event),
        only: row::only(&around, &Asked::default(), &event),
        row,
        event,
    }))
}
