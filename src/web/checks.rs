//! `/orgs/{org}/access/why`: why somebody can, or can't.

use super::error::PageError;
use super::input::Query;
use super::page::{self, Shell};
use super::session::{Member, SignedIn, see_other};
use crate::access::{self, ACTIONS, Action, PERMISSIONS, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::checks::{self, About, Answer, Question, Shown};
use crate::clock;
use crate::error::{Refusal, Result};
use crate::ids::WorkspaceId;
use crate::members::{self, Entry, Filter};
use crate::workspaces;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

type PageResult = std::result::Result<Response, PageError>;
/// Value, label, and why it can't be chosen: what a select shows.
type Choice = (String, String, String);

/// People offered where several are meant.
const OFFERED: i64 = 8;
/// Workspaces in the select.
const WORKSPACES: i64 = 500;

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    /// A user id, or part of a name or address.
    person: String,
    workspace: String,
    /// A resource's name or the host product's id.
    thing: String,
    action: String,
}

#[derive(Template)]
#[template(path = "checks/why.html")]
struct Why {
    shell: Shell,
    base: String,
    org_name: String,
    asked: Asked,
    person_error: String,
    thing_error: String,
    workspaces: Vec<Choice>,
    actions: Vec<Choice>,
    /// Who and what may be meant, where several are: a link to each.
    people: Vec<(String, String)>,
    things: Vec<(String, String)>,
    said: Option<Said>,
    /// What the organization role allows, where no workspace was chosen.
    lines: Vec<Line>,
    whom: String,
}

/// An answer in words.
struct Said {
    heading: String,
    place: String,
    allowed: bool,
    steps: Vec<Shown>,
    skipped: Vec<&'static str>,
    at: String,
}

struct Line {
    label: &'static str,
    allowed: bool,
    who: String,
}

/// Every rule, by the title a step has.
const RULES: [(&str, &str); 7] = [
    ("private", "Privacy"),
    ("membership", "Membership"),
    ("viewer_cap", "Organization role Viewer"),
    ("role", "Role"),
    ("permission", "Permission of the role"),
    ("grants", "Grants"),
    ("entitlement", "Plan"),
];

/// `GET /workspaces/{ws}/why`: leads to the explanation of what the person may do there, for who may read it.
pub async fn of_workspace(
    State(app): State<App>,
    SignedIn { person, .. }: SignedIn,
    Path(id): Path<WorkspaceId>,
) -> PageResult {
    // Who can't know of the workspace doesn't learn here that it is there.
    let actor = workspaces::find_managed(&app, &person, &id)
        .await?
        .actor
        .ok_or(Refusal::NotFound)?;
    access::require(actor.role, Permission::ViewAudit)?;
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("person", person.user.as_str())
        .append_pair("workspace", id.as_str())
        .append_pair("action", Action::ManageMembers.as_str())
        .finish();
    Ok(see_other(
        format!("/orgs/{}/access/why?{query}", actor.org.slug),
        None,
    ))
}

/// `GET /orgs/{org}/access/why`
pub async fn why(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    access::require(actor.role, Permission::ViewAudit)?;
    let mut page = Why::new(
        &app,
        &actor,
        Shell::org(&visitor, &actor, "Why", "Why can, why can't"),
        asked,
    )
    .await?;
    if !page.asked.person.is_empty() {
        page.answer(&app, &actor).await?;
    }
    Ok(page::ok(&page))
}

impl Why {
    async fn new(app: &App, actor: &Actor, shell: Shell, asked: Asked) -> Result<Self> {
        let (listed, _) = workspaces::list(app, actor, "", WORKSPACES).await?;
        let none = (
            String::new(),
            format!("{} itself", actor.org.name),
            String::new(),
        );
        let workspaces = workspaces::told_apart(listed)
            .into_iter()
            .map(|(id, name)| (id.into(), name, String::new()));
        let actions = ACTIONS.into_iter().chain([Action::ManageMembers]);
        Ok(Self {
            shell,
            base: format!("/orgs/{}", actor.org.slug),
            org_name: actor.org.name.clone(),
            asked,
            person_error: String::new(),
            thing_error: String::new(),
            workspaces: std::iter::once(none).chain(workspaces).collect(),
            actions: actions
                .map(|action| {
                    (
                        action.as_str().to_owned(),
                        action.label().to_owned(),
                        String::new(),
                    )
                })
                .collect(),
            people: Vec::new(),
            things: Vec::new(),
            said: None,
            lines: Vec::new(),
            whom: String::new(),
        })
    }

    async fn answer(&mut self, app: &App, actor: &Actor) -> Result<()> {
        let Some(entry) = self.person(app, actor).await? else {
            return Ok(());
        };
        let Some(user) = &entry.user else {
            self.person_error = format!(
                "{} hasn't joined yet: until they accept, they can do nothing here.",
                entry.name
            );
            return Ok(());
        };
        self.whom.clone_from(&entry.name);
        self.asked.person = if entry.email.is_empty() {
            user.to_string()
        } else {
            entry.email.clone()
        };
        if self.asked.workspace.is_empty() {
            self.lines = lines(&entry);
            return Ok(());
        }
        let workspace = WorkspaceId::from(self.asked.workspace.as_str());
        let action = Action::parse(&self.asked.action).unwrap_or(Action::View);
        let Some((about, what)) = self.about(app, actor, &workspace).await? else {
            return Ok(());
        };
        let question = Question { action, about };
        let answers =
            checks::check(app, &actor.person, user, std::slice::from_ref(&question)).await?;
        let answer = answers.into_iter().next().ok_or(Refusal::NotFound)?;
        self.said = Some(said(&entry.name, action, &what, answer, app.now()));
        Ok(())
    }

    /// This page with one answer settled.
    fn link(&self, key: &str, value: &str) -> String {
        let Asked {
            person,
            workspace,
            thing,
            action,
        } = &self.asked;
        let fields = [
            ("person", person),
            ("workspace", workspace),
            ("thing", thing),
            ("action", action),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, asked) in fields {
            query.append_pair(name, if name == key { value } else { asked });
        }
        format!("{}/access/why?{}", self.base, query.finish())
    }

    /// The person meant, if it is one; else notes who may be.
    async fn person(&mut self, app: &App, actor: &Actor) -> Result<Option<Entry>> {
        if let Some(entry) = members::find_user(app, actor, &self.asked.person).await? {
            return Ok(Some(entry));
        }
        let filter = Filter {
            search: self.asked.person.clone(),
            limit: OFFERED,
            ..Filter::default()
        };
        let mut found = members::list(app, actor, &filter).await?.entries;
        // A whole address means one person, also where it is part of another's.
        if let Some(exact) = found
            .iter()
            .position(|entry| entry.email.eq_ignore_ascii_case(self.asked.person.trim()))
        {
            return Ok(Some(found.swap_remove(exact)));
        }
        match found.len() {
            0 => {
                self.person_error = format!(
                    "Nobody in {} has this in their name or address.",
                    self.org_name
                )
            }
            1 => return Ok(found.pop()),
            _ => {
                let joined = found
                    .into_iter()
                    .filter_map(|entry| Some((entry.user?, entry.name, entry.email)));
                self.people = joined
                    .map(|(user, name, email)| {
                        (
                            self.link("person", user.as_str()),
                            format!("{name} · {email}"),
                        )
                    })
                    .collect();
            }
        }
        Ok(None)
    }

    /// What the question is about; else notes what may be.
    async fn about(
        &mut self,
        app: &App,
        actor: &Actor,
        workspace: &WorkspaceId,
    ) -> Result<Option<(About, String)>> {
        if self.asked.thing.is_empty() {
            let name = self
                .workspaces
                .iter()
                .find(|choice| choice.0 == workspace.as_str())
                .map(|choice| choice.1.clone());
            return Ok(Some((
                About::Workspace(workspace.clone()),
                name.unwrap_or_else(|| "the workspace".into()),
            )));
        }
        let mut found = checks::things(app, actor, workspace, &self.asked.thing).await?;
        match found.len() {
            0 => self.thing_error = "No resource of this workspace has this name or id.".into(),
            1 => {
                return Ok(found
                    .pop()
                    .map(|thing| (About::Resource(thing.id), format!("“{}”", thing.name))));
            }
            _ => {
                let links = found.iter().map(|thing| {
                    (
                        self.link("thing", thing.id.as_str()),
                        format!("{} · {}", thing.name, thing.kind),
                    )
                });
                self.things = links.collect();
            }
        }
        Ok(None)
    }
}

fn lines(entry: &Entry) -> Vec<Line> {
    let line = |permission: Permission| Line {
        label: permission.label(),
        allowed: entry.status == members::Status::Active && access::allows(entry.role, permission),
        who: access::who_holds(permission),
    };
    PERMISSIONS.into_iter().map(line).collect()
}

fn said(name: &str, action: Action, what: &str, answer: Answer, now: clock::Micros) -> Said {
    let doing = match action {
        Action::ManageMembers => format!("manage the members of {what}"),
        action => format!("{} {what}", action.as_str()),
    };
    let heading = if answer.allowed {
        format!("{name} can {doing}")
    } else {
        format!("{name} can't {doing}")
    };
    let place = answer.steps.len();
    let skipped = RULES
        .iter()
        .filter(|(rule, _)| !answer.steps.iter().any(|step| step.rule == *rule))
        .map(|(_, title)| *title);
    Said {
        heading,
        place: if place == 0 {
            "There is nothing to explain: it isn't there, or it is private to somebody.".into()
        } else {
            String::new()
        },
        allowed: answer.allowed,
        skipped: if place == 0 {
            Vec::new()
        } else {
            skipped.collect()
        },
        steps: answer.steps,
        at: clock::rfc3339(now),
    }
}
