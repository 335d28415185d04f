//! The limits of a plan as pages show them: how much is used of each, in numbers, as a bar and in words.

use crate::app::App;
use crate::billing::{
    self, BYTES_PER_MONTH, Brought, NEAR, Plan, Pool, ROWS_PER_MONTH, Used, WORKSPACES, limit_label,
};
use crate::clock::{self, DAY, Micros};
use crate::text;

/// As many holders of a pool as are named.
const NAMED: usize = 3;

/// A limit as it is shown.
pub(in crate::web) struct Meter {
    pub label: String,
    pub used: String,
    /// "of 10", or "no limit".
    pub of: String,
    pub percent: Option<i64>,
    /// `bad`, `wait` or "": how near the limit is.
    pub tone: &'static str,
    /// What that means, in a sentence; for a pool, who has it.
    pub says: String,
    pub shares: Vec<ShareLine>,
}

pub(in crate::web) struct ShareLine {
    pub name: String,
    pub used: String,
    /// Of all that is used.
    pub percent: i64,
}

impl Meter {
    /// What is used of a limit. `pool`: what is held of it now, where it is one whose slots are held.
    pub(in crate::web) fn new(used: Used, pool: Option<&Pool>, now: Micros) -> Self {
        let percent = used.percent();
        let share = |(name, amount): &(String, i64)| ShareLine {
            name: if name.is_empty() {
                "In no workspace".to_owned()
            } else {
                name.clone()
            },
            used: number(&used.name, *amount),
            percent: billing::percent(*amount, used.used),
        };
        Self {
            label: limit_label(&used.name),
            used: number(&used.name, used.used),
            of: used.most.map_or_else(
                || "no limit".to_owned(),
                |most| format!("of {}", number(&used.name, most)),
            ),
            percent,
            tone: match percent {
                Some(100..) => "bad",
                Some(NEAR..) => "wait",
                _ => "",
            },
            says: says(&used, pool, now),
            shares: used.shares.iter().map(share).collect(),
        }
    }

    /// Every limit of an organization, with what is held of its pools.
    pub(in crate::web) fn all(used: Vec<Used>, pools: &[Pool], now: Micros) -> Vec<Self> {
        let pool = |one: &Used| pools.iter().find(|pool| pool.name == one.name);
        used.into_iter()
            .map(|one| Self::new(one.clone(), pool(&one), now))
            .collect()
    }

    /// What the bar shows: it can't be fuller than full.
    pub(in crate::web) fn bar(&self) -> i64 {
        self.percent.unwrap_or(0).min(100)
    }
}

fn says(used: &Used, pool: Option<&Pool>, now: Micros) -> String {
    let is_full = used.most.is_some_and(|most| used.used >= most);
    let anew = clock::day(clock::month(now).1 * DAY);
    match used.name.as_str() {
        WORKSPACES if is_full => {
            "At the limit. What is there stays; more can't be added until there is room.".to_owned()
        }
        WORKSPACES => used.most.map_or_else(String::new, |most| {
            format!("{} more can be added.", text::thousands(most - used.used))
        }),
        ROWS_PER_MONTH | BYTES_PER_MONTH if is_full => {
            format!(
                "At the limit. What runs goes on and is counted; nothing more starts until {anew} (UTC), when it counts anew."
            )
        }
        ROWS_PER_MONTH | BYTES_PER_MONTH => format!("Counts anew on {anew} (UTC)."),
        _ => pool.map_or_else(String::new, |pool| held(pool, is_full)),
    }
}

/// "In use by NAME since …" (product.md, 8), oldest first.
fn held(pool: &Pool, is_full: bool) -> String {
    let named =
        |lease: &billing::Lease| format!("{} since {}", lease.by, clock::minute(lease.acquired_at));
    let names: Vec<String> = pool.leases.iter().map(named).collect();
    match (names.as_slice(), is_full) {
        ([], _) => "Nothing runs.".to_owned(),
        (names, false) => format!("In use by {}.", text::some_of(names, NAMED)),
        (names, true) => format!(
            "In use by {}. The next one waits until one of them ends.",
            text::some_of(names, NAMED)
        ),
    }
}

/// A number of a limit: bytes as people read them.
pub(in crate::web) fn number(limit: &str, value: i64) -> String {
    if limit == BYTES_PER_MONTH {
        text::bytes(value)
    } else {
        text::thousands(value)
    }
}

/// "It would bring Acme Corp to 112 % of its rows per month (1,120 of 1,000)."; "" where nothing comes near a limit.
pub(in crate::web) fn brought(organization: &str, to: &[Brought]) -> String {
    let part = |one: &Brought| {
        let (used, most) = (number(&one.limit, one.used), number(&one.limit, one.most));
        format!(
            "{} % of its {} ({used} of {most})",
            one.percent(),
            limit_label(&one.limit).to_lowercase()
        )
    };
    let parts: Vec<String> = to.iter().map(part).collect();
    if parts.is_empty() {
        return String::new();
    }
    let stops = to
        .iter()
        .any(|one| one.limit != WORKSPACES && one.used >= one.most);
    let stops = if stops {
        " Nothing more starts then until the month is over or the plan is changed."
    } else {
        ""
    };
    format!(
        "It would bring {organization} to {}.{stops}",
        text::some_of(&parts, parts.len())
    )
}

/// A plan beside the others.
pub(super) struct Offer {
    pub id: String,
    pub name: String,
    pub about: String,
    pub current: bool,
    /// One for each limit that some plan names.
    pub limits: Vec<String>,
    /// One for each entitlement that some plan has.
    pub entitlements: Vec<bool>,
    pub roles: &'static str,
    /// What taking it would change.
    pub changes: Vec<Change>,
}

/// A line of the list of what would change.
pub(super) struct Change {
    /// `plus`, `minus` or `same`.
    pub tone: &'static str,
    pub text: String,
}

/// A plan, and what taking it instead of the one that holds now would change.
pub(super) fn offer(app: &App, plan: &Plan, now: &Plan, used: &[Used]) -> Offer {
    let limits = app.plans.limit_names();
    let named = |name: &str| {
        plan.limit(name)
            .map_or_else(|| "no limit".to_owned(), |most| number(name, most))
    };
    let mut changes = Vec::new();
    for name in plan.entitlements.difference(&now.entitlements) {
        changes.push(Change {
            tone: "plus",
            text: format!("Adds {}.", entitlement_label(name)),
        });
    }
    for name in now.entitlements.difference(&plan.entitlements) {
        changes.push(Change {
            tone: "minus",
            text: format!(
                "Without {}: what is there stays, and can't be used.",
                entitlement_label(name)
            ),
        });
    }
    for one in used {
        let Some(most) = plan.limit(&one.name) else {
            continue;
        };
        let percent = billing::percent(one.used, most);
        let (label, over) = (limit_label(&one.name), one.used > most);
        if Some(most) != one.most || over {
            let stays = if over {
                " What is there stays; more can't be added."
            } else {
                ""
            };
            let tone = if over { "minus" } else { "same" };
            let text = format!(
                "{label}: you would be at {percent} % ({} of {}).{stays}",
                number(&one.name, one.used),
                number(&one.name, most)
            );
            changes.push(Change { tone, text });
        }
    }
    Offer {
        id: plan.id.clone(),
        name: plan.name.clone(),
        about: plan.about.clone(),
        current: plan.id == now.id,
        limits: limits.iter().map(|name| named(name)).collect(),
        entitlements: entitlements(app)
            .iter()
            .map(|name| plan.entitles(name))
            .collect(),
        roles: match plan.roles.as_str() {
            "simple" => "Owner, Member",
            "standard" => "Owner, Admin, Member",
            _ => "all five",
        },
        changes: if plan.id == now.id {
            Vec::new()
        } else {
            changes
        },
    }
}

/// Every entitlement that some plan has, by name.
pub(super) fn entitlements(app: &App) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = app
        .plans
        .all()
        .iter()
        .flat_map(|plan| &plan.entitlements)
        .collect();
    all.into_iter().cloned().collect()
}

/// An entitlement as people read it, with what it is for where Roster knows it.
pub(super) fn entitlement_label(name: &str) -> String {
    match name {
        "ci_keys" => "API keys of the organization, for CI".to_owned(),
        "compare" => "projects, which compare environments".to_owned(),
        "agents" => "agents of your own".to_owned(),
        other => other.replace(['_', '-'], " "),
    }
}
