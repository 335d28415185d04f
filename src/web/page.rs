//! The frame around every page: title, navigation, account menu, notice.

use super::active::Recent;
use super::assets::{Assets, assets};
use super::notice::Notice;
use super::session::Visitor;
use super::waiting::Banners;
use crate::access::{self, OrgRole, Permission};
use crate::actor::{Actor, Person};
use crate::clock::{self, Micros};
use crate::config::Config;
use crate::organizations::Organization;
use crate::text;
use crate::workspaces::{self, Managed, Open};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What `templates/layout` needs of every page.
#[derive(Debug, Clone)]
pub struct Shell {
    pub title: String,
    pub theme: &'static str,
    pub person: Option<ShellPerson>,
    pub org: Option<ShellOrg>,
    pub workspace: Option<ShellWorkspace>,
    pub switcher: Vec<SwitchOrg>,
    /// Workspaces that were open last, in the organization around the page; the active one first.
    pub recent: Vec<Recent>,
    pub nav: Vec<NavGroup>,
    pub notice: Option<Notice>,
    /// Invitations that wait for the person.
    pub waiting: Banners,
    pub assets: Assets,
    pub banner: Option<&'static str>,
    /// What is wrong with the organization's payments, for those who can see to it.
    pub alert: Option<ShellAlert>,
}

#[derive(Debug, Clone)]
pub struct ShellAlert {
    pub title: &'static str,
    pub text: String,
    pub href: String,
}

#[derive(Debug, Clone)]
pub struct ShellPerson {
    pub name: String,
    pub email: String,
    pub initials: String,
    pub hue: u16,
}

#[derive(Debug, Clone)]
pub struct ShellOrg {
    pub name: String,
    pub slug: String,
    pub initial: String,
    pub role: String,
}

#[derive(Debug, Clone)]
pub struct ShellWorkspace {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct SwitchOrg {
    pub name: String,
    pub slug: String,
    pub initial: String,
    pub role: String,
    pub current: bool,
}

#[derive(Debug, Clone)]
pub struct NavGroup {
    pub heading: String,
    pub items: Vec<NavItem>,
}

#[derive(Debug, Clone)]
pub struct NavItem {
    pub label: &'static str,
    pub href: String,
    pub current: bool,
    pub count: Option<String>,
}

/// What stands above every page where mails can be read by anybody who reaches them.
pub(super) fn banner(config: &Config) -> Option<&'static str> {
    match (config.demo, config.development) {
        (true, _) => Some(
            "Demo: made people, made data, made anew at every start. Mails go nowhere; they are in the",
        ),
        (false, true) => {
            Some("Development: mails can be read by anybody who reaches this page. They are in the")
        }
        (false, false) => None,
    }
}

/// One of twelve colours for a name's picture, always the same for the same name.
pub fn hue(name: &str) -> u16 {
    (name.bytes().fold(5381_u32, |hash, byte| {
        hash.wrapping_mul(33) ^ u32::from(byte)
    }) % 12) as u16
}

fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "·".into(), |c| c.to_uppercase().to_string())
}

impl Shell {
    /// The frame of a page outside the navigation: sign-in, invitations, confirmations.
    pub fn bare(visitor: &Visitor, title: impl Into<String>) -> Self {
        let person = visitor.person.as_deref();
        Self {
            title: title.into(),
            theme: match person.map(|p| p.theme.as_str()) {
                Some("light") => "light",
                Some("dark") => "dark",
                _ => "light dark",
            },
            person: person.map(|p| ShellPerson {
                name: p.name.clone(),
                email: p.email.clone().unwrap_or_else(|| p.name.clone()),
                initials: text::initials(&p.name),
                hue: hue(&p.name),
            }),
            org: None,
            workspace: None,
            switcher: Vec::new(),
            recent: visitor.recent.clone(),
            nav: Vec::new(),
            notice: visitor.notice.clone(),
            waiting: visitor.waiting.clone(),
            assets: assets(),
            banner: visitor.banner,
            alert: None,
        }
    }

    /// The frame of a page of an organization. `current` is the label of its line in the navigation.
    pub fn org(
        visitor: &Visitor,
        actor: &Actor,
        current: &'static str,
        title: impl AsRef<str>,
    ) -> Self {
        let title = format!("{} · {}", title.as_ref(), actor.org.name);
        let shell =
            Self::bare(visitor, title).in_org(&actor.person, &actor.org, actor.role, current, "");
        Self {
            alert: alert(&actor.org, actor.role, visitor.now),
            ..shell
        }
    }

    /// Adds what stands around every page while an organization is active. `current` and `own` are the labels of the
    /// page's line in the organization's and in the personal group.
    fn in_org(
        mut self,
        person: &Person,
        org: &Organization,
        role: OrgRole,
        current: &'static str,
        own: &'static str,
    ) -> Self {
        self.org = Some(ShellOrg {
            name: org.name.clone(),
            slug: org.slug.clone(),
            initial: initial(&org.name),
            role: org.policies.label(role).to_owned(),
        });
        self.switcher = switcher(person, Some(&org.slug));
        // Still the active one on pages about the organization, so it stays named there.
        let active = self.recent.first().filter(|one| one.org == org.id.as_str());
        self.workspace = active.map(|one| ShellWorkspace {
            id: one.id.clone(),
            name: one.name.clone(),
        });
        self.recent.retain(|one| one.org == org.id.as_str());
        let seat = person.seats.iter().find(|seat| seat.org.id == org.id);
        let everywhere =
            workspaces::sees_all(role) || access::enters_by_role(role, org.policies.admins_enter);
        let found = seat
            .filter(|_| !everywhere)
            .map_or(org.workspaces, |seat| seat.workspaces);
        self.nav = vec![org_nav(org, role, found, current), personal_nav(own)];
        self
    }

    /// The frame of a page of a workspace: the active one, named in the account menu, with its own group of pages.
    pub fn workspace(
        visitor: &Visitor,
        person: &Person,
        open: &Open,
        current: &'static str,
    ) -> Self {
        let title = format!("{current} · {}", open.workspace.name);
        let mut shell = match &open.actor {
            Some(actor) => Self::org(visitor, actor, "", title),
            None => Self {
                switcher: switcher(person, None),
                nav: vec![personal_nav("")],
                ..Self::bare(visitor, title)
            },
        };
        if open.actor.is_none() {
            shell.recent.retain(|one| one.org.is_empty());
        }
        shell.workspace = Some(ShellWorkspace {
            id: open.workspace.id.to_string(),
            name: open.workspace.name.clone(),
        });
        let last = shell.nav.len() - 1;
        shell.nav.insert(last, workspace_nav(open, current));
        shell
    }

    /// The frame of a page about a workspace, for who may know of it. Who can't open it sees it as the organization's.
    pub fn managed(
        visitor: &Visitor,
        person: &Person,
        managed: &Managed,
        current: &'static str,
    ) -> Self {
        let title = format!("{current} · {}", managed.workspace.name);
        match (managed.open(), &managed.actor) {
            (Some(open), _) => Self::workspace(visitor, person, &open, current),
            (None, Some(actor)) => Self::org(visitor, actor, "Workspaces", title),
            (None, None) => Self::account(visitor, person, ""),
        }
    }

    /// The frame of a page of the person's own account. The organization opened last stays at hand.
    pub fn account(visitor: &Visitor, person: &Person, current: &'static str) -> Self {
        let shell = Self::bare(visitor, current);
        match person.active_seat() {
            Some(seat) => shell.in_org(person, &seat.org, seat.role, "", current),
            None => Self {
                nav: vec![personal_nav(current)],
                ..shell
            },
        }
    }
}

fn switcher(person: &Person, current: Option<&str>) -> Vec<SwitchOrg> {
    let seats = person.seats.iter();
    seats
        .map(|seat| SwitchOrg {
            name: seat.org.name.clone(),
            slug: seat.org.slug.clone(),
            initial: initial(&seat.org.name),
            role: seat.org.policies.label(seat.role).to_owned(),
            current: current == Some(seat.org.slug.as_str()),
        })
        .collect()
}

/// What is wrong with the payments, for who may see to it.
fn alert(org: &Organization, role: OrgRole, now: Micros) -> Option<ShellAlert> {
    if !access::allows(role, Permission::ManageBilling) {
        return None;
    }
    let (title, text) = match (org.billing_alert.as_str(), org.plan_until) {
        ("past_due", Some(until)) if until > now => (
            "The last payment failed.",
            format!(
                "{} keeps its plan until {}. Pay before then, and nothing changes.",
                org.name,
                clock::day(until)
            ),
        ),
        ("past_due", _) => (
            "The last payment failed.",
            format!(
                "{} has no paid plan until it is made. Nothing was taken away.",
                org.name
            ),
        ),
        ("disputed", _) => (
            "A payment is disputed at the bank.",
            "The plan goes on meanwhile.".to_owned(),
        ),
        _ => return None,
    };
    Some(ShellAlert {
        title,
        text,
        href: format!("/orgs/{}/billing/payments", org.slug),
    })
}

/// The organization's pages that somebody with the role may open: asked of the same table that the operations ask.
/// `workspaces` is how many of them they find.
fn org_nav(org: &Organization, role: OrgRole, workspaces: i64, current: &'static str) -> NavGroup {
    let may = |permission| access::allows(role, permission);
    let base = format!("/orgs/{}", org.slug);
    let item = |label: &'static str, page: &str, count: Option<i64>| NavItem {
        label,
        href: format!("{base}/{page}"),
        current: label == current,
        count: count.map(text::thousands),
    };
    let mut items = vec![item("Members", "members", Some(org.members))];
    if may(Permission::ManageMembers) {
        items.push(item(
            "Invitations",
            "invitations",
            (org.invited > 0).then_some(org.invited),
        ));
    }
    if may(Permission::ManageMembers) && org.workspaces > 0 {
        items.push(item("Access", "access", None));
    }
    items.push(item("Roles", "roles", None));
    items.push(item("Workspaces", "workspaces", Some(workspaces)));
    items.push(item("Resources", "resources", None));
    if may(Permission::ViewUsage) {
        items.push(item("Usage", "usage", None));
    }
    if may(Permission::ViewAudit) {
        items.push(item("Audit log", "audit", None));
        items.push(item("Why", "access/why", None));
    }
    if may(Permission::ManageIntegrations) {
        items.push(item("API keys", "keys", None));
    }
    if may(Permission::ManageSettings) {
        items.push(item("Policies", "policies", None));
    }
    if may(Permission::ManageBilling) {
        items.push(item("Billing", "billing", None));
    }
    items.push(item("Settings", "settings", None));
    NavGroup {
        heading: "Organization".into(),
        items,
    }
}

/// The pages of the active workspace.
fn workspace_nav(open: &Open, current: &'static str) -> NavGroup {
    let item = |label: &'static str, page: &str| NavItem {
        label,
        href: format!("/workspaces/{}/{page}", open.workspace.id),
        current: label == current,
        count: None,
    };
    let mut items = vec![
        item("Overview", "overview"),
        item("Resources", "resources"),
        item("Runs", "runs"),
        item("Members", "members"),
    ];
    if access::may_see_workspace_keys(open.actor.as_ref().map(|actor| actor.role), Some(open.role))
        .is_ok()
    {
        items.push(item("API keys", "keys"));
    }
    items.push(item("Settings", "settings"));
    NavGroup {
        heading: "Workspace".into(),
        items,
    }
}

fn personal_nav(current: &'static str) -> NavGroup {
    let item = |label: &'static str, href: &str| NavItem {
        label,
        href: href.to_owned(),
        current: label == current,
        count: None,
    };
    NavGroup {
        heading: "Personal".into(),
        items: vec![
            item("Profile", "/account/profile"),
            item("Organizations", "/account/organizations"),
            item("Security", "/account/security"),
            item("Appearance", "/account/appearance"),
            item("API tokens", "/account/tokens"),
            item("Activity", "/account/activity"),
        ],
    }
}

/// Draws a template. What a template can't draw is a fault of ours.
pub fn draw(template: &impl Template, status: StatusCode) -> Response {
    match template.render() {
        Ok(html) => (
            status,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page could not be drawn.",
            )
                .into_response()
        }
    }
}

/// Draws a page: `200`.
pub fn ok(template: &impl Template) -> Response {
    draw(template, StatusCode::OK)
}

/// Draws a form again with what is wrong in it: `422`.
pub fn invalid(template: &impl Template) -> Response {
    draw(template, StatusCode::UNPROCESSABLE_ENTITY)
}
