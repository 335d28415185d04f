//! `/orgs/{org}/leases`: the slots of shared pools, who has them now, and giving them back.

use super::PageResult;
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::billing::{self, Pool, limit_label};
use crate::error::Refusal;
use crate::ids::LeaseId;
use crate::web::input::Query;
use crate::web::live::{Asked, Live};
use crate::web::members::When;
use crate::web::notice::Notice;
use crate::web::page::{self, Shell};
use crate::web::session::{Member, see_other};
use crate::{clock, text};
use askama::Template;
use axum::extract::{Path, State};

/// The part of a page that shows the slots and keeps itself fresh.
pub(super) struct Slots {
    pub base: String,
    pub pools: Vec<PoolView>,
    pub may_release: bool,
    /// When this was so.
    pub at: (String, String),
    pub live: Live,
}

impl Slots {
    pub(super) fn new(actor: &Actor, pools: Vec<Pool>, now: i64, asked: Option<&Asked>) -> Self {
        let base = format!("/orgs/{}", actor.org.slug);
        let (page, part) = (format!("{base}/leases"), format!("{base}/leases/now"));
        Self {
            pools: pools
                .into_iter()
                .map(|pool| PoolView::new(pool, now))
                .collect(),
            may_release: billing::may_manage_leases(actor),
            at: (clock::rfc3339(now), clock::second(now)),
            live: match asked {
                None => Live::new(page, &part),
                Some(asked) => Live::again(page, &part, asked),
            },
            base,
        }
    }
}

/// A pool with its leases, as shown.
pub(super) struct PoolView {
    pub label: String,
    /// "1 of 1 in use"
    pub count: String,
    pub full: bool,
    pub leases: Vec<LeaseView>,
}

pub(super) struct LeaseView {
    pub id: String,
    pub holder: String,
    pub by: String,
    pub workspace: String,
    pub since: When,
    pub until: When,
}

impl PoolView {
    fn new(pool: Pool, now: i64) -> Self {
        let in_use = pool.leases.len() as i64;
        let lease = |lease: billing::Lease| LeaseView {
            id: lease.id.to_string(),
            holder: lease.holder,
            by: lease.by,
            workspace: lease.workspace_name,
            since: When::relative(lease.acquired_at.min(now), now),
            until: When {
                exact: clock::rfc3339(lease.expires_at),
                words: clock::minute(lease.expires_at),
            },
        };
        Self {
            label: limit_label(&pool.name),
            count: match pool.most {
                Some(most) => format!(
                    "{} of {} in use",
                    text::thousands(in_use),
                    text::thousands(most)
                ),
                None => format!("{} in use, no limit", text::thousands(in_use)),
            },
            full: pool.most.is_some_and(|most| in_use >= most),
            leases: pool.leases.into_iter().map(lease).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "billing/leases.html")]
struct Leases {
    shell: Shell,
    base: String,
    plan: String,
    slots: Slots,
    pays: bool,
}

/// `GET /orgs/{org}/leases`: what is held of each pool now, for who sees usage.
pub async fn leases(State(app): State<App>, Member { actor, visitor }: Member) -> PageResult {
    let found = billing::leases_in_use(&app, &actor).await?;
    Ok(page::ok(&Leases {
        shell: Shell::org(&visitor, &actor, "Usage", "Slots in use"),
        base: format!("/orgs/{}", actor.org.slug),
        plan: app.plans.of(&actor.org, app.now()).name.clone(),
        slots: Slots::new(&actor, found, visitor.now, None),
        pays: access::allows(actor.role, Permission::ManageBilling),
    }))
}

#[derive(Template)]
#[template(path = "billing/_slots.html")]
struct SlotsPart {
    slots: Slots,
}

/// `GET /orgs/{org}/leases/now`: the slots alone, for a page that is open. Leads to the whole page where it isn't htmx that asks.
pub async fn leases_now(
    State(app): State<App>,
    Member { actor, visitor }: Member,
    Query(asked): Query<Asked>,
) -> PageResult {
    let found = billing::leases_in_use(&app, &actor).await?;
    if !visitor.partial {
        return Ok(see_other(format!("/orgs/{}/leases", actor.org.slug), None));
    }
    Ok(page::ok(&SlotsPart {
        slots: Slots::new(&actor, found, visitor.now, Some(&asked)),
    }))
}

/// `POST /orgs/{org}/leases/{lease}/release`: by owners and admins.
pub async fn release(
    State(app): State<App>,
    Path((_, id)): Path<(String, LeaseId)>,
    Member { actor, .. }: Member,
) -> PageResult {
    let notice = match billing::release(&app, &actor, &id).await {
        Ok(lease) => Notice::good(
            format!("The slot of {} is free.", lease.holder),
            "What held it isn't stopped by this; it can't keep the slot, and may ask for another.",
        ),
        Err(Refusal::NotFound) if billing::may_manage_leases(&actor) => Notice::good(
            "That slot is free already.",
            "It ended by itself, or somebody released it.",
        ),
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(see_other(
        format!("/orgs/{}/leases", actor.org.slug),
        Some(notice),
    ))
}
