//! `/orgs/{org}/billing`: the plan, what is used of it, and where mail about it goes; and the slots of shared pools.

use super::error::PageError;
use super::input::Form;
use super::members::When;
use super::notice::Notice;
use super::page::{self, Shell};
use super::session::{Member, Visitor, see_other};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::billing::{self, Account, BYTES_PER_MONTH, Contact, Plan, Pool, Status, Used, limit_label};
use crate::error::Refusal;
use crate::ids::LeaseId;
use crate::{clock, text};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

type PageResult = Result<Response, PageError>;

/// A limit as it is shown.
struct Meter {
    label: String,
    used: String,
    /// "of 10", or "no limit".
    of: String,
    percent: Option<i64>,
    /// `bad`, `wait` or "": how near the limit is.
    tone: &'static str,
    shares: Vec<ShareLine>,
}

struct ShareLine {
    name: String,
    used: String,
    /// Of all that is used.
    percent: i64,
}

impl Meter {
    fn new(used: Used) -> Self {
        let percent = used.percent();
        let share = |(name, amount): &(String, i64)| ShareLine {
            name: if name.is_empty() { "In no workspace".to_owned() } else { name.clone() },
            used: number(&used.name, *amount),
            percent: billing::percent(*amount, used.used),
        };
        Self {
            label: limit_label(&used.name),
            used: number(&used.name, used.used),
            of: used.most.map_or_else(|| "no limit".to_owned(), |most| format!("of {}", number(&used.name, most))),
            percent,
            tone: match percent {
                Some(100..) => "bad",
                Some(80..) => "wait",
                _ => "",
            },
            shares: used.shares.iter().map(share).collect(),
        }
    }

    /// What the bar shows: it can't be fuller than full.
    fn bar(&self) -> i64 {
        self.percent.unwrap_or(0).min(100)
    }
}

/// A number of a limit: bytes as people read them.
fn number(limit: &str, value: i64) -> String {
    if limit == BYTES_PER_MONTH { text::bytes(value) } else { text::thousands(value) }
}

/// A plan beside the others.
struct Offer {
    id: String,
    name: String,
    about: String,
    current: bool,
    /// One for each limit that some plan names.
    limits: Vec<String>,
    /// One for each entitlement that some plan has.
    entitlements: Vec<bool>,
    roles: &'static str,
    /// What taking it would change.
    changes: Vec<Change>,
}

/// A line of the list of what would change.
struct Change {
    /// `plus`, `minus` or `same`.
    tone: &'static str,
    text: String,
}

fn offer(app: &App, plan: &Plan, now: &Plan, used: &[Used]) -> Offer {
    let limits = app.plans.limit_names();
    let named = |name: &str| plan.limit(name).map_or_else(|| "no limit".to_owned(), |most| number(name, most));
    let mut changes = Vec::new();
    for name in plan.entitlements.difference(&now.entitlements) {
        changes.push(Change { tone: "plus", text: format!("Adds {}.", entitlement_label(name)) });
    }
    for name in now.entitlements.difference(&plan.entitlements) {
        changes
            .push(Change { tone: "minus", text: format!("Without {}: what is there stays, and can't be used.", entitlement_label(name)) });
    }
    for one in used {
        let Some(most) = plan.limit(&one.name) else { continue };
        let percent = billing::percent(one.used, most);
        let (label, over) = (limit_label(&one.name), one.used > most);
        if Some(most) != one.most || over {
            let stays = if over { " What is there stays; more can't be added." } else { "" };
            let tone = if over { "minus" } else { "same" };
            let text =
                format!("{label}: you would be at {percent} % ({} of {}).{stays}", number(&one.name, one.used), number(&one.name, most));
            changes.push(Change { tone, text });
        }
    }
    Offer {
        id: plan.id.clone(),
        name: plan.name.clone(),
        about: plan.about.clone(),
        current: plan.id == now.id,
        limits: limits.iter().map(|name| named(name)).collect(),
        entitlements: entitlements(app).iter().map(|name| plan.entitles(name)).collect(),
        roles: match plan.roles.as_str() {
            "simple" => "Owner, Member",
            "standard" => "Owner, Admin, Member",
            _ => "all five",
        },
        changes: if plan.id == now.id { Vec::new() } else { changes },
    }
}

/// Every entitlement that some plan has, by name.
fn entitlements(app: &App) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = app.plans.all().iter().flat_map(|plan| &plan.entitlements).collect();
    all.into_iter().cloned().collect()
}

/// An entitlement as people read it, with what it is for where Roster knows it.
fn entitlement_label(name: &str) -> String {
    match name {
        "ci_keys" => "API keys of the organization, for CI".to_owned(),
        "compare" => "projects, which compare environments".to_owned(),
        "agents" => "agents of your own".to_owned(),
        other => other.replace(['_', '-'], " "),
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ContactForm {
    email: String,
    name: String,
    address: String,
}

#[derive(Template)]
#[template(path = "billing/index.html")]
struct Index {
    shell: Shell,
    org_name: String,
    slug: String,
    base: String,
    account: Account,
    /// Plans are paid at Stripe here.
    pays_here: bool,
    /// Of what the account stands for: `good`, `wait`, `bad` or "".
    tone: &'static str,
    /// What happens next, and when.
    ahead: Vec<(&'static str, When)>,
    meters: Vec<Meter>,
    pools: Vec<PoolView>,
    may_release: bool,
    limit_labels: Vec<String>,
    entitlement_labels: Vec<String>,
    offers: Vec<Offer>,
    form: ContactForm,
    email_error: String,
    name_error: String,
    address_error: String,
}

/// A pool with its leases, as shown.
struct PoolView {
    label: String,
    /// "1 of 1 in use"
    count: String,
    full: bool,
    leases: Vec<LeaseView>,
}

struct LeaseView {
    id: String,
    holder: String,
    by: String,
    workspace: String,
    since: When,
    until: When,
}

fn pools(pools: Vec<Pool>, now: i64) -> Vec<PoolView> {
    let view = |pool: Pool| {
        let in_use = pool.leases.len() as i64;
        let lease = |lease: billing::Lease| LeaseView {
            id: lease.id.to_string(),
            holder: lease.holder,
            by: lease.by,
            workspace: lease.workspace_name,
            since: When::relative(lease.acquired_at.min(now), now),
            until: When { exact: clock::rfc3339(lease.expires_at), words: clock::minute(lease.expires_at) },
        };
        PoolView {
            label: limit_label(&pool.name),
            count: match pool.most {
                Some(most) => format!("{} of {} in use", text::thousands(in_use), text::thousands(most)),
                None => format!("{} in use, no limit", text::thousands(in_use)),
            },
            full: pool.most.is_some_and(|most| in_use >= most),
            leases: pool.leases.into_iter().map(lease).collect(),
        }
    };
    pools.into_iter().map(view).collect()
}

async fn draw(app: &App, actor: &Actor, visitor: &Visitor, form: Option<ContactForm>, refusal: Option<&Refusal>) -> Result<Index, Refusal> {
    let account = billing::account(app, actor).await?;
    let used = billing::used(app, actor).await?;
    let said = |field| refusal.map(|r| r.message_for(field).to_owned()).unwrap_or_default();
    let offers = app.plans.all().iter().map(|plan| offer(app, plan, &account.plan, &used)).collect();
    let form =
        form.unwrap_or_else(|| ContactForm { email: account.email.clone(), name: account.name.clone(), address: account.address.clone() });
    Ok(Index {
        shell: Shell::org(visitor, actor, "Billing", "Billing"),
        org_name: actor.org.name.clone(),
        slug: actor.org.slug.clone(),
        base: format!("/orgs/{}", actor.org.slug),
        tone: match account.status {
            Status::Active | Status::Trial => "good",
            Status::PastDue | Status::Disputed => "bad",
            Status::Cancelling => "wait",
            Status::None | Status::Cancelled => "",
        },
        ahead: ahead(&account, app.now()),
        pays_here: app.config.stripe_api_key.is_some(),
        account,
        meters: used.into_iter().map(Meter::new).collect(),
        pools: pools(billing::leases_in_use(app, actor).await?, visitor.now),
        may_release: billing::may_manage_leases(actor),
        limit_labels: app.plans.limit_names().into_iter().map(limit_label).collect(),
        entitlement_labels: entitlements(app).iter().map(|name| entitlement_label(name)).collect(),
        offers,
        form,
        email_error: said("email"),
        name_error: said("name"),
        address_error: said("address"),
    })
}

/// The days that matter, each with what happens on it.
fn ahead(account: &Account, now: i64) -> Vec<(&'static str, When)> {
    let renewal = match account.status {
        Status::Active | Status::Trial => "Renews",
        Status::Cancelling => "Ends",
        _ => "Paid until",
    };
    let days = [
        ("Trial ends", account.trial_end.filter(|_| account.status == Status::Trial)),
        (renewal, account.period_end.filter(|_| account.status != Status::None)),
        ("Payment possible until", account.grace_end.filter(|_| account.status == Status::PastDue)),
        ("Plan changes back", account.plan_until.filter(|until| *until > now)),
    ];
    days.into_iter().filter_map(|(label, at)| Some((label, When::day(at?)))).collect()
}

/// `GET /orgs/{org}/billing`: for owners and the billing role; everybody else reads who can (S1-93, S3-5).
pub async fn index(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    Ok(page::ok(&draw(&app, &actor, &visitor, None, None).await?))
}

/// `POST /orgs/{org}/billing`
pub async fn change(State(app): State<App>, Member { actor, visitor }: Member, Form(form): Form<ContactForm>) -> PageResult {
    let wanted = Contact { email: form.email.clone(), name: form.name.clone(), address: form.address.clone() };
    match billing::change_contact(&app, &actor, &wanted).await {
        Ok(_) => Ok(see_other(format!("/orgs/{}/billing", actor.org.slug), Some(Notice::good("Billing address saved.", "")))),
        Err(refusal @ Refusal::Invalid(_)) => Ok(page::invalid(&draw(&app, &actor, &visitor, Some(form), Some(&refusal)).await?)),
        Err(refusal) => Err(refusal.into()),
    }
}

#[derive(Template)]
#[template(path = "billing/leases.html")]
struct Leases {
    shell: Shell,
    base: String,
    plan: String,
    pools: Vec<PoolView>,
    may_release: bool,
    pays: bool,
}

/// `GET /orgs/{org}/leases`: what is held of each pool now, for who sees usage.
pub async fn leases(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let found = billing::leases_in_use(&app, &actor).await?;
    Ok(page::ok(&Leases {
        shell: Shell::org(&visitor, &actor, "Usage", "Slots in use"),
        base: format!("/orgs/{}", actor.org.slug),
        plan: app.plans.of(&actor.org, app.now()).name.clone(),
        pools: pools(found, visitor.now),
        may_release: billing::may_manage_leases(&actor),
        pays: access::allows(actor.role, Permission::ManageBilling),
    }))
}

/// `POST /orgs/{org}/leases/{lease}/release`: by owners and admins.
pub async fn release(State(app): State<App>, Path((_, id)): Path<(String, LeaseId)>, Member { actor, .. }: Member) -> PageResult {
    let notice = match billing::release(&app, &actor, &id).await {
        Ok(lease) => Notice::good(
            format!("The slot of {} is free.", lease.holder),
            "What held it isn't stopped by this; it can't keep the slot, and may ask for another.",
        ),
        Err(Refusal::NotFound) if billing::may_manage_leases(&actor) => {
            Notice::good("That slot is free already.", "It ended by itself, or somebody released it.")
        }
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(see_other(format!("/orgs/{}/leases", actor.org.slug), Some(notice)))
}
