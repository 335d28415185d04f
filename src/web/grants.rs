//! `/workspaces/{ws}/members/{user}/grants`: which resources a person sees, one kind at a time.

use super::error::PageError;
use super::input::{Form, Query};
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{SignedIn, Visitor, see_other};
use crate::access::Kind;
use crate::actor::Person;
use crate::app::App;
use crate::error::Refusal;
use crate::grants::{self, Chosen, Done, Limits, Line, Overview, WhenEmpty};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use crate::text;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

type PageResult = Result<Response, PageError>;

/// Lines of a checklist on a page.
const LINES: i64 = 100;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    kind: String,
    q: String,
    /// The name and id after which the page begins.
    after: String,
    after_id: String,
}

/// A kind in the list on the left.
struct Tab {
    label: String,
    href: String,
    current: bool,
    says: String,
}

#[derive(Template)]
#[template(path = "grants/index.html")]
struct Index {
    shell: Shell,
    base: String,
    back: String,
    person: String,
    workspace: String,
    role: &'static str,
    no_effect: bool,
    is_self: bool,
    tabs: Vec<Tab>,
    list: Option<List>,
}

/// The checklist of one kind.
struct List {
    kind: Kind,
    plural: String,
    limited: bool,
    says: String,
    q: String,
    lines: Vec<Line>,
    next: Option<String>,
    first: Option<String>,
}

fn says(limits: &Limits) -> String {
    let total = limits.total.number();
    match (limits.total.all, limits.limited) {
        (_, false) if limits.sees == limits.total => format!("all {total}"),
        (true, _) => format!("{} of {total}", limits.sees.number()),
        (false, true) => format!(
            "{} named of {total}",
            text::thousands(limits.granted.len() as i64)
        ),
        (false, false) => format!("some of {total}"),
    }
}

/// `GET /workspaces/{ws}/members/{user}/grants` (S2-31)
pub async fn index(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((ws, user)): Path<(WorkspaceId, UserId)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let overview = grants::overview(&app, &person, &ws, &user).await?;
    let base = format!("/workspaces/{ws}/members/{user}/grants");
    let kind = if asked.kind.is_empty() {
        overview.kinds.first().map(|one| one.kind.name.to_string())
    } else {
        Some(asked.kind.clone())
    };
    let tabs = overview.kinds.iter().map(|one| Tab {
        label: one.kind.plural.to_string(),
        href: format!("{base}?kind={}", one.kind.name),
        current: kind.as_deref() == Some(one.kind.name.as_ref()),
        says: says(one),
    });
    let tabs = tabs.collect();
    let list = match &kind {
        None => None,
        Some(kind) => {
            let wanted = grants::Asked {
                search: asked.q.clone(),
                after: (asked.after.clone(), asked.after_id.clone()),
                limit: LINES,
            };
            let page = grants::checklist(&app, &person, &ws, &user, kind, &wanted).await?;
            let query = |after: &[(&str, &str)]| {
                let mut query = url::form_urlencoded::Serializer::new(format!("{base}?"));
                query.append_pair("kind", kind);
                query.extend_pairs(
                    [("q", asked.q.as_str())]
                        .iter()
                        .chain(after)
                        .filter(|(_, value)| !value.is_empty()),
                );
                query.finish()
            };
            Some(List {
                plural: page.limits.kind.plural.to_lowercase(),
                limited: page.limits.limited,
                says: says(&page.limits),
                next: page
                    .next
                    .as_ref()
                    .map(|(name, id)| query(&[("after", name), ("after_id", id)])),
                first: (!asked.after.is_empty()).then(|| query(&[])),
                q: asked.q,
                lines: page.lines,
                kind: page.limits.kind,
            })
        }
    };
    let shell = Shell::managed(&visitor, &person, &overview.managed, "Resources");
    Ok(page::ok(&draw(shell, &person, base, overview, tabs, list)))
}

fn draw(
    shell: Shell,
    person: &Person,
    base: String,
    overview: Overview,
    tabs: Vec<Tab>,
    list: Option<List>,
) -> Index {
    let workspace = overview.managed.workspace;
    Index {
        shell,
        back: format!("/workspaces/{}/members", workspace.id),
        base,
        person: overview.person,
        workspace: workspace.name,
        role: overview.role.label(),
        no_effect: overview.no_effect,
        is_self: overview.user == person.user,
        tabs,
        list,
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct GrantsForm {
    kind: String,
    /// `all`, or `only` those checked.
    mode: String,
    #[serde(rename = "shown[]")]
    shown: Vec<String>,
    #[serde(rename = "only[]")]
    only: Vec<String>,
    /// `all` or `none`: the answer where none would be left.
    when_empty: String,
    /// What it does was shown, and is wanted.
    confirmed: String,
}

impl GrantsForm {
    fn chosen(&self) -> Result<Chosen, Refusal> {
        let ids = |ids: &[String]| ids.iter().map(|id| ResourceId::from(id.as_str())).collect();
        match self.mode.as_str() {
            "all" => Ok(Chosen::All),
            "only" => Ok(Chosen::Among {
                shown: ids(&self.shown),
                granted: ids(&self.only),
            }),
            _ => Err(Refusal::field(
                "mode",
                "Choose all of them, or only those checked.",
            )),
        }
    }

    fn when_empty(&self) -> Option<WhenEmpty> {
        match self.when_empty.as_str() {
            "all" => Some(WhenEmpty::All),
            "none" => Some(WhenEmpty::None),
            _ => None,
        }
    }
}

/// Whether somebody sees only named ones of a kind now. Where they don't, nothing is checked for them.
async fn is_limited(
    app: &App,
    person: &Arc<Person>,
    ws: &WorkspaceId,
    user: &UserId,
    kind: &str,
) -> Result<bool, Refusal> {
    let overview = grants::overview(app, person, ws, user).await?;
    Ok(overview
        .kinds
        .iter()
        .any(|one| one.kind.name == kind && one.limited))
}

#[derive(Template)]
#[template(path = "grants/confirm.html")]
struct Confirm {
    shell: Shell,
    base: String,
    form: GrantsForm,
    person: String,
    workspace: String,
    kind: Kind,
    things: String,
    saw: i64,
    sees: i64,
    total: i64,
    /// None would be left: what that is to mean is asked (S2-37).
    asks: bool,
    no_effect: bool,
}

/// `POST /workspaces/{ws}/members/{user}/grants`: shows what it does, and does it once that is confirmed.
pub async fn set(
    State(app): State<App>,
    SignedIn { person, visitor }: SignedIn,
    Path((ws, user)): Path<(WorkspaceId, UserId)>,
    Form(form): Form<GrantsForm>,
) -> PageResult {
    let chosen = form.chosen()?;
    if chosen == Chosen::All
        && !form.only.is_empty()
        && !is_limited(&app, &person, &ws, &user, &form.kind).await?
    {
        let message = "You checked some and left “All” chosen. Go back and choose “Only those checked”, or uncheck them.";
        return Err(Refusal::field("mode", message).into());
    }
    let base = format!("/workspaces/{ws}/members/{user}/grants");
    let shell = |visitor: &Visitor, overview: &Overview| {
        Shell::managed(visitor, &person, &overview.managed, "Resources")
    };
    if form.confirmed != "yes" {
        let asked = grants::set_impact(
            &app,
            &person,
            &ws,
            &user,
            &form.kind,
            &chosen,
            form.when_empty(),
        )
        .await;
        let (done, asks) = match asked {
            Ok(done) => (done, false),
            Err(Refusal::Conflict(conflict)) if conflict.code == "last_grant" => (
                grants::set_impact(
                    &app,
                    &person,
                    &ws,
                    &user,
                    &form.kind,
                    &chosen,
                    Some(WhenEmpty::All),
                )
                .await?,
                true,
            ),
            Err(refusal) => return Err(refusal.into()),
        };
        if asks || done.before != done.after {
            let overview = grants::overview(&app, &person, &ws, &user).await?;
            return Ok(page::ok(&confirm(
                shell(&visitor, &overview),
                base,
                form,
                done,
                asks,
            )));
        }
    }
    let done = grants::set(
        &app,
        &person,
        &ws,
        &user,
        &form.kind,
        &chosen,
        form.when_empty(),
    )
    .await?;
    let things = done.kind.plural.to_lowercase();
    let notice = match done.after.limited {
        true => Notice::good(
            format!(
                "{} sees {} of {} {things}.",
                done.person, done.after.sees, done.total
            ),
            "It applies from their next click, and new ones don't appear by themselves.",
        ),
        false if done.after.sees < done.total => Notice::good(
            format!("{} isn't limited to named {things} any more.", done.person),
            format!(
                "They see {} of {}: their role and other limits say which.",
                done.after.sees, done.total
            ),
        ),
        false => Notice::good(
            format!(
                "{} sees all {} {things}, future ones too.",
                done.person, done.total
            ),
            "It applies from their next click.",
        ),
    };
    Ok(see_other(
        format!("{base}?kind={}", done.kind.name),
        Some(notice),
    ))
}

fn confirm(shell: Shell, base: String, form: GrantsForm, done: Done, asks: bool) -> Confirm {
    Confirm {
        shell,
        base,
        form,
        person: done.person,
        workspace: done.workspace,
        things: done.kind.plural.to_lowercase(),
        kind: done.kind,
        saw: done.before.sees,
        sees: done.after.sees,
        total: done.total,
        asks,
        no_effect: done.no_effect,
    }
}
