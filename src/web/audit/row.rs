//! One event as it is shown: its sentence with links, what changed, and the same list with only what it is about.

use super::asked::Asked;
use super::facts::{Change, changes};
use crate::accounts;
use crate::actor::Actor;
use crate::audit::{self, Around, EventRow, Thing};
use crate::clock;
use crate::ids::UserId;
use crate::text;
use crate::web::members::When;
use crate::web::page::hue;

/// Changes shown in a row of the list.
const FEW: usize = 3;

/// A row of the log.
pub(super) struct Row {
    pub id: String,
    pub sentence: Vec<Piece>,
    pub initials: String,
    pub hue: u16,
    pub category: String,
    pub changes: Vec<Change>,
    /// Changes left out of the row.
    pub further: usize,
    pub place: Option<Place>,
    pub ip: String,
    /// By what, in plain words.
    pub means: String,
    /// What the browser or program said of itself.
    pub client: String,
    pub when: When,
    pub minute: String,
    pub ago: String,
    pub only: Vec<Only>,
    pub can_undo: bool,
    /// What was taken out of it, in words; "" for nothing.
    pub redacted: String,
}

/// A part of a sentence; `href` is "" where it leads nowhere.
#[derive(Debug, PartialEq)]
pub(super) struct Piece {
    pub text: String,
    pub href: String,
}

/// The workspace an event happened in.
pub(super) struct Place {
    pub name: String,
    /// "" where it is gone.
    pub href: String,
}

/// The list with one more filter.
pub(super) struct Only {
    pub label: String,
    pub query: String,
}

impl Row {
    pub fn new(actor: &Actor, around: &Around, asked: &Asked, event: &EventRow, now: i64) -> Self {
        let place =
            event
                .workspace_id
                .as_deref()
                .map(|id| match around.workspaces.get(&id.into()) {
                    Some(name) => Place {
                        name: name.clone(),
                        href: format!("/workspaces/{id}"),
                    },
                    None => Place {
                        name: "a workspace that is gone".into(),
                        href: String::new(),
                    },
                });
        // What the sentence says already is not said again.
        let sentence = audit::sentence(event);
        let lower = sentence.to_lowercase();
        let said = |change: &Change| {
            [&change.before, &change.after]
                .iter()
                .all(|value| lower.contains(&value.to_lowercase()))
        };
        let mut changes: Vec<Change> = changes(event)
            .into_iter()
            .filter(|change| !said(change))
            .collect();
        let further = changes.len().saturating_sub(FEW);
        changes.truncate(FEW);
        let named = audit::named(event);
        Self {
            id: event.id.clone(),
            sentence: linked(&sentence, &links(actor, around, event)),
            initials: text::initials(&named),
            hue: hue(&named),
            category: category_label(&event.category),
            changes,
            further,
            place,
            ip: event.ip.clone(),
            means: match event.actor_kind.as_str() {
                "token" => "API token".into(),
                "key" => "API key".into(),
                "system" => "command line".into(),
                _ if event.client.is_empty() || event.client == audit::MARK => String::new(),
                _ => device(&event.client),
            },
            client: event.client.clone(),
            when: When::relative(event.at, now),
            minute: clock::minute(event.at).trim_end_matches(" UTC").to_owned(),
            ago: ago(event, now),
            only: only(around, asked, event),
            can_undo: audit::can_undo(event),
            redacted: redacted(event),
        }
    }
}

/// How long ago it was written down. From a month on, those words are the date once more.
fn ago(event: &EventRow, now: i64) -> String {
    let words = Some(clock::relative(event.at, now)).filter(|words| *words != clock::day(event.at));
    match (words, audit::happened_at(event)) {
        (Some(words), Some(_)) => format!("reported {}", words.to_lowercase()),
        (None, Some(_)) => "reported".into(),
        (words, None) => words.unwrap_or_default(),
    }
}

/// What was taken out of an event, in words; "" for nothing.
pub(super) fn redacted(event: &EventRow) -> String {
    let words = |column: &str| match column {
        "actor_name" => "who did it",
        "ip" => "address",
        "client" => "client",
        "target_id" | "target_name" => "to what it was done",
        _ => "what was before and after",
    };
    let mut gone: Vec<&str> = audit::redacted_columns(event)
        .into_iter()
        .map(words)
        .collect();
    gone.dedup();
    gone.join(", ")
}

/// What a browser or program said of itself, in few words.
fn device(client: &str) -> String {
    match accounts::device(client) {
        known if known != accounts::UNKNOWN_DEVICE => known,
        _ => client.chars().take(40).collect(),
    }
}

/// The names in an event's sentence that lead somewhere: people in the directory, workspaces and things that are there.
fn links(actor: &Actor, around: &Around, event: &EventRow) -> Vec<(String, String)> {
    let org = format!("/orgs/{}", actor.org.slug);
    let members = format!("{org}/members");
    let mut links = Vec::new();
    if let Some(member) = around.people.get(&UserId::from(event.actor_id.as_str())) {
        links.push((event.actor_name.clone(), format!("{members}/{member}")));
    }
    let named = audit::named(event);
    let subject = event
        .subject_id
        .as_deref()
        .filter(|_| named != event.actor_name && named != event.target_name);
    if let Some(member) = subject.and_then(|id| around.people.get(&id.into())) {
        links.push((named, format!("{members}/{member}")));
    }
    let target = match event.target_kind.as_str() {
        "member"
            if around
                .members
                .contains_key(&event.target_id.as_str().into()) =>
        {
            Some(format!("{members}/{}", event.target_id))
        }
        "workspace"
            if around
                .workspaces
                .contains_key(&event.target_id.as_str().into()) =>
        {
            Some(format!("/workspaces/{}", event.target_id))
        }
        _ => match around.things.get(&event.target_id) {
            Some(thing) => Some(page_of(thing, &event.target_id, &org)),
            None => event
                .subject_id
                .as_deref()
                .and_then(|id| around.people.get(&id.into()))
                .map(|member| format!("{members}/{member}")),
        },
    };
    links.extend(target.map(|href| (event.target_name.clone(), href)));
    links
}

/// The page of something.
fn page_of(thing: &Thing, id: &str, org: &str) -> String {
    match thing {
        Thing::Resource(Some(workspace)) => format!("/workspaces/{workspace}/resources/{id}"),
        Thing::Resource(None) => format!("{org}/resources/{id}"),
        Thing::Run {
            workspace,
            of: Some(resource),
        } => format!("/workspaces/{workspace}/runs?resource={resource}"),
        Thing::Run {
            workspace,
            of: None,
        } => format!("/workspaces/{workspace}/runs"),
        Thing::CustomRole => format!("{org}/roles/custom/{id}"),
        Thing::Invitation => format!("{org}/invitations/{id}"),
    }
}

/// A sentence cut into pieces, the first place of each name a link.
fn linked(sentence: &str, links: &[(String, String)]) -> Vec<Piece> {
    let mut rest = sentence;
    let mut pieces = Vec::new();
    for (name, href) in links.iter().filter(|(name, _)| !name.is_empty()) {
        let Some(at) = rest.find(name.as_str()) else {
            continue;
        };
        pieces.push(Piece {
            text: rest[..at].to_owned(),
            href: String::new(),
        });
        pieces.push(Piece {
            text: name.clone(),
            href: href.clone(),
        });
        rest = &rest[at + name.len()..];
    }
    pieces.push(Piece {
        text: rest.to_owned(),
        href: String::new(),
    });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// "Member: role changed"
pub(super) fn action_label(action: &str) -> String {
    let (thing, verb) = action.split_once('.').unwrap_or((action, ""));
    let mut letters = thing.chars();
    let thing: String = letters
        .next()
        .map(|c| c.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    format!(
        "{}: {}",
        thing.replace('_', " "),
        verb.replace(['_', '.'], " ")
    )
}

pub(super) fn category_label(category: &str) -> String {
    match category {
        "access" => "Access",
        "resource" => "Resources",
        "governance" => "Governance",
        "run" => "Runs",
        "billing" => "Billing",
        "sign-in" => "Sign-in",
        other => other,
    }
    .to_owned()
}

/// The list with only the same person, action, category, workspace or day.
pub(super) fn only(around: &Around, asked: &Asked, event: &EventRow) -> Vec<Only> {
    let one = |label: String, key: &str, value: &str| Only {
        label,
        query: asked.with(&[(key, value)]),
    };
    let mut all = vec![one(
        format!("Only {}", event.actor_name),
        "member",
        &event.actor_id,
    )];
    let named = audit::named(event);
    let concerned = if named == event.actor_name {
        &event.target_name
    } else {
        &named
    };
    if let Some(subject) = event
        .subject_id
        .as_deref()
        .filter(|subject| *subject != event.actor_id && !concerned.is_empty())
    {
        all.push(one(format!("Only {concerned}"), "member", subject));
    }
    all.push(one(
        format!("Only {}", action_label(&event.action)),
        "what",
        &event.action,
    ));
    all.push(one(
        format!("Only {}", category_label(&event.category)),
        "what",
        &event.category,
    ));
    if let Some(workspace) = event.workspace_id.as_deref() {
        let name = around
            .workspaces
            .get(&workspace.into())
            .map_or("this workspace", String::as_str);
        all.push(one(format!("Only {name}"), "workspace", workspace));
    }
    let day = clock::date(event.at);
    all.push(Only {
        label: format!("Only {}", clock::day(event.at)),
        query: asked.with(&[("from", &day), ("to", &day)]),
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_80_names_in_a_sentence_become_links_and_nothing_of_it_is_lost() {
        let links = [
            ("Al".to_owned(), "/al".to_owned()),
            ("Al".to_owned(), "/other".to_owned()),
            ("Zoe".to_owned(), "/zoe".to_owned()),
        ];
        let pieces = linked("Al changed Al from member to admin", &links);
        let texts: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, "Al changed Al from member to admin");
        let hrefs: Vec<&str> = pieces.iter().map(|piece| piece.href.as_str()).collect();
        assert_eq!(hrefs, ["/al", "", "/other", ""]);
    }
}
